"""The files of a release, from figures to bytes. Pure: no Django, no database, no clock.

JSON is canonical (RFC 8785), so that the same figures are the same bytes on every machine.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rfc8785

from compostnet.shared.display import inert

Figure = Mapping[str, Any]
COLUMNS = ("level", "code", "name_zh", "name_en", "month", "indicator", "value", "unit")
COMPARED = ("diverted_kg", "harvest_t", "ch4_avoided_t", "net_co2e_t")
"""Indicators that a restatement is told of."""
NOT_INDICATORS = ("diverted_kg", "reason", "note", "month")


def canonical(document: Any) -> bytes:
    """Canonical JSON of a document."""
    return rfc8785.dumps(document)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def unit_of(indicator: str) -> str:
    """The unit of an indicator of a figure."""
    if indicator.startswith(("sites_", "site_months_")):
        return "1"
    if indicator.startswith("share_"):
        return "1"
    if "co2e" in indicator:
        return "t CO2e"
    if "ch4" in indicator:
        return "t CH4"
    if "n2o" in indicator:
        return "t N2O"
    return "t"


def figures_csv(document: Mapping[str, Any]) -> bytes:
    """``figures.json`` as a tidy table: one value a line; a span of months is ``first/last``; blank = not known.

    With a byte order mark, so that spreadsheet programs read the Chinese names.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_lines(document))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    month = document["release"]["month"]
    first = document["months"][0]["month"] if document["months"] else month
    spans = {"month": month, "year": f"{month[:4]}-01/{month}", "total": f"{first}/{month}"}
    network = {"code": "", "name_zh": "全网", "name_en": "network"}
    yield from _spans("network", {**network, **document["network"]}, spans)
    for figure in document["months"]:
        if figure["month"] != month:
            yield from _values("network", network, figure["month"], figure)
    for level, key in (("province", "provinces"), ("city", "cities"), ("scenario", "scenarios"), ("site", "sites")):
        for thing in document[key]:
            yield from _spans(level, thing, spans)
            for figure in thing.get("months", ()):
                if figure["month"] != month:
                    yield from _values(level, thing, figure["month"], figure)


def _spans(level: str, thing: Mapping[str, Any], spans: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for span, months in spans.items():
        yield from _values(level, thing, months, thing[span])


def _values(level: str, thing: Mapping[str, Any], months: str, figure: Figure) -> Iterator[tuple[Any, ...]]:
    code, zh, en = (inert(thing[key]) for key in ("code", "name_zh", "name_en"))
    for name, value in figure.items():
        if name not in NOT_INDICATORS:
            shown = "" if value is None else repr(value)
            yield level, code, zh, en, months, name, shown, unit_of(name)


def same_figures(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two releases say the same: everything but their number, their times and their list of changes."""
    return _substance(one) == _substance(other)


def _substance(document: Mapping[str, Any]) -> bytes:
    release = {key: document["release"][key] for key in ("month", "method", "gwp", "baselines")}
    kept = {key: value for key, value in document.items() if key not in ("release", "changes")}
    return canonical({**kept, "release": release})


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What ``new`` says otherwise than ``old`` of the months that both cover: of the network and of every site."""
    last = min(old["release"]["month"], new["release"]["month"])

    def months(figures: Iterable[Figure]) -> dict[str, Figure]:
        return {figure["month"]: figure for figure in figures if figure["month"] <= last}

    yield from _differences("network", "", months(old["months"]), months(new["months"]))
    before = {site["code"]: site for site in old["sites"]}
    after = {site["code"]: site for site in new["sites"]}
    for code in sorted(before.keys() | after.keys()):
        pair = [months(sites[code]["months"]) if code in sites else {} for sites in (before, after)]
        yield from _differences("site", code, *pair)


def _differences(
    level: str, code: str, before: Mapping[str, Figure], after: Mapping[str, Figure]
) -> Iterator[dict[str, Any]]:
    for month in sorted(before.keys() | after.keys()):
        for indicator in COMPARED:
            old, new = (figures.get(month, {}).get(indicator) for figures in (before, after))
            if old != new:
                yield {"level": level, "code": code, "month": month, "indicator": indicator, "old": old, "new": new}
