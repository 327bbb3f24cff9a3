"""What a release says otherwise than the one before, and why: revisions apart from corrections. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batches.impact.document.figure_table import SERIES

Json = Mapping[str, Any]
Values = dict[tuple[str, str, str, str], float]
"""(level, code, month, indicator) → value, of what is known."""


def values_of(document: Json, last: str) -> Values:
    """The values of the network and of every site for each month up to ``last``."""
    found: Values = {}
    for figure in document["months"]:
        if figure["month"] <= last:
            _put(found, "network", "", figure["month"], figure)
    for site in document["sites"]:
        if "series" in site:
            axis: Sequence[str] = document["series_months"]
            for name in SERIES:
                for month, value in zip(axis, site["series"][name], strict=True):
                    if value is not None and month <= last:
                        found["site", site["code"], month, name] = value
            continue
        for figure in site["months"]:  # a release of the first schema
            if figure["month"] <= last:
                _put(found, "site", site["code"], figure["month"], figure)
    return found


def _put(found: Values, level: str, code: str, month: str, figure: Json) -> None:
    for name in SERIES:
        value = figure[name]
        of_mass = name in ("diverted_t", "harvest_t")
        if value is not None and (figure["sites_verified"] or not of_mass):
            found[level, code, month, name] = value


def differences(old: Values, new: Values) -> Iterator[dict[str, Any]]:
    """Every value that is not the same, the network first, then by site, month and indicator."""
    order = {name: at for at, name in enumerate(SERIES)}
    keys = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
    for level, code, month, name in sorted(keys, key=lambda k: (k[0], k[1], k[2], order[k[3]])):
        key = (level, code, month, name)
        yield {
            "level": level,
            "code": code,
            "month": month,
            "indicator": name,
            "old": old.get(key),
            "new": new.get(key),
        }
