"""What the script of the map needs of a release, as short as it can be: one row a site, one track a measure. Pure.

The same for every reader and language, so a browser keeps it for ever. Values are rounded to six significant digits,
enough to draw and to label with three; the page itself and every download have them in full.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sites.mapdata import FIGURE_OF, MEASURES, months_of, positions_of, value_of

DIGITS = 6


def map_data(figures: Mapping[str, Any], places: Mapping[str, Any]) -> bytes:
    """The data as JSON: ``months``, ``dimensions``, ``fields`` and ``sites`` (rows in the order of ``fields``).

    A track is ``[first, value, value, …]``: the place of its first value among the months, then the values with null
    where nothing is known; what follows the last value is not known either. An empty list: nothing is known at all.
    """
    months, positions = months_of(figures), positions_of(places)
    dimensions = [code for code in figures.get("classes") or {} if code not in ("scenario", "process")]
    axis = [str(month) for month in figures.get("series_months", ())]
    own = str(figures["release"]["month"])
    rows = []
    for site in figures.get("sites", ()):
        position = positions.get(site["code"])
        classes = site.get("classes") or {}
        rows.append(
            [
                site["code"],
                site["name_zh"],
                site["name_en"],
                site["scenario"],
                site["process"],
                site.get("province") or "",
                site.get("city") or "",
                None if position is None else [round(position[0], 5), round(position[1], 5)],
                [(classes.get(dimension) or {}).get("code", "") for dimension in dimensions],
                *(
                    _track((site.get("series") or {}).get(FIGURE_OF[measure]) or (), axis, months)
                    if axis
                    else _own(value_of(site.get("month"), measure), months.index(own))
                    for measure in MEASURES
                ),
            ]
        )
    release = figures["release"]
    fields = ["code", "zh", "en", "scenario", "process", "province", "city", "position", "classes", *MEASURES]
    found = {
        "release": {key: release.get(key) for key in ("number", "month", "status", "cut_off", "licence")},
        "months": months,
        "dimensions": dimensions,
        "fields": fields,
        "sites": rows,
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode()


def _own(value: float | None, place: int) -> list[float | int | None]:
    return [] if value is None else [place, _short(value)]


def _track(values: Sequence[float | None], axis: Sequence[str], months: Sequence[str]) -> list[float | int | None]:
    place = {month: number for number, month in enumerate(months)}
    found: list[float | None] = [None] * len(months)
    for month, value in zip(axis, values, strict=False):
        if value is not None and month in place:
            found[place[month]] = _short(value)
    known = [number for number, value in enumerate(found) if value is not None]
    return [known[0], *found[known[0] : known[-1] + 1]] if known else []


def _short(value: float) -> float:
    """Six significant digits; whole where that is all there is."""
    rounded = float(f"{float(value):.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) else rounded
