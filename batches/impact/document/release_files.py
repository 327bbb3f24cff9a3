"""The files of a release, from figures to bytes. Pure: no Django, no database, no clock.

JSON is canonical (RFC 8785), so that the same figures are the same bytes on every machine; tables have a byte order
mark, so that spreadsheet programs read the Chinese names.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batches.impact.document.canonical import canonical
from batches.impact.document.dictionary import COLUMNS as DICTIONARY_COLUMNS
from batches.impact.document.dictionary import dictionary_lines, unit_of
from batches.impact.document.figure_table import SERIES
from compostnet.shared.display import inert

__all__ = ["canonical", "data_dictionary", "figures_csv", "same_figures", "sha256", "table"]
Figure = Mapping[str, Any]
COLUMNS = ("level", "code", "name_zh", "name_en", "month", "indicator", "value", "unit")
TEXTS = ("diverted_kg", "reason", "note", "explanation", "month", "interval", "scenarios")
"""Keys of a figure that are no number of their own (``diverted_kg`` is ``diverted_t`` as exact text)."""
LEVELS = (("province", "provinces"), ("city", "cities"), ("scenario", "scenarios"), ("site", "sites"))
BOUNDS = ("low", "high")


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table in UTF-8 with a byte order mark; a text that a spreadsheet would run is made inert."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def data_dictionary(about: Mapping[str, Any]) -> bytes:
    """``datadictionary.csv``: licence and citation, and what every column and indicator of the tables means."""
    return table(DICTIONARY_COLUMNS, dictionary_lines(about))


def figures_csv(document: Mapping[str, Any]) -> bytes:
    """``figures.json`` as a tidy table: one value a line; a span of months is ``first/last``; blank = not known."""
    return table(COLUMNS, _lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    month = document["release"]["month"]
    first = document["months"][0]["month"] if document["months"] else month
    spans = {"month": month, "year": f"{month[:4]}-01/{month}", "total": f"{first}/{month}"}
    network = {"code": "", "name_zh": "全网", "name_en": "network"}
    yield from _spans("network", {**network, **document["network"]}, spans)
    last = document["network"]["last_year"]
    if last:
        before = f"{int(month[:4]) - 1}{month[4:]}"
        yield from _values("network", network, f"{before[:4]}-01/{before}", last["year"])
    for figure in document["months"]:
        if figure["month"] != month:
            yield from _values("network", network, figure["month"], figure)
    axis = document["series_months"]
    for level, key in LEVELS:
        for thing in document[key]:
            yield from _spans(level, thing, spans)
            yield from _series(level, thing, axis, month)
    for dimension, found in document["classes"].items():
        for one in found["classes"]:
            yield from _spans(f"class:{dimension}", one, spans)


def _spans(level: str, thing: Mapping[str, Any], spans: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    for span, months in spans.items():
        yield from _values(level, thing, months, thing[span])


def _head(level: str, thing: Mapping[str, Any]) -> tuple[str, Any, Any, Any]:
    return level, inert(thing["code"]), inert(thing["name_zh"]), inert(thing["name_en"])


def _values(level: str, thing: Mapping[str, Any], months: str, figure: Figure) -> Iterator[tuple[Any, ...]]:
    head = _head(level, thing)
    for name, value in figure.items():
        if name not in TEXTS:
            yield *head, months, name, "" if value is None else repr(value), unit_of(name)
    for name, ends in (figure["interval"] or {}).items():
        for bound, value in zip(BOUNDS, ends or (None, None), strict=True):
            yield *head, months, f"{name}_95_{bound}", "" if value is None else repr(value), unit_of(name)
    for scenario, values in (figure["scenarios"] or {}).items():
        for name, value in values.items():
            yield *head, months, f"{name}_baseline_{scenario}", "" if value is None else repr(value), unit_of(name)


def _series(level: str, thing: Mapping[str, Any], axis: Sequence[str], month: str) -> Iterator[tuple[Any, ...]]:
    """The months before the one asked; what is not known of a month of a single site is left out."""
    head = _head(level, thing)
    for name in SERIES:
        for at, value in zip(axis, thing["series"][name], strict=True):
            if value is not None and at != month:
                yield *head, at, name, repr(value), unit_of(name)


def same_figures(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two releases say the same: everything but their number, their times and their list of changes."""
    return _substance(one) == _substance(other)


def _substance(document: Mapping[str, Any]) -> bytes:
    release = {key: document["release"][key] for key in ("month", "method", "gwp", "baselines")}
    kept = {key: value for key, value in document.items() if key not in ("release", "changes")}
    return canonical({**kept, "release": release})
