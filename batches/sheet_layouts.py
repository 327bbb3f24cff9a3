"""From a table of somebody's sheet to columns of entries: the platform's template, and described layouts.

A described layout is one YAML file in ``batches/layouts/`` (schema `Layout`; how to add one: docs/uploads.md). No
Django, no database, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal

from pydantic import Field

from batches.entries import DIARY_FIELDS, LEDGER_FIELDS, Place
from batches.entry_texts import Bad, Memo, read_date
from batches.materials import find_material
from batches.sheets import Table, header_key
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Rule, RuleFileError, Source, Text, load_rule
from compostnet.shared.units import find_unit

FOLDER = Path(__file__).with_name("layouts")
TEMPLATE = "template"
Kind = Literal["ledger", "diary"]
KINDS: tuple[Kind, ...] = ("ledger", "diary")


class TemplateColumn(Rule):
    """One column of the template: headers in both languages, what else people call it, an example, a word of help."""

    header: Text
    aliases: tuple[str, ...] = ()
    example: Text
    help: Text
    required: bool = False


class Template(Rule):
    """The shape of ``layouts/template.yaml``: field of an entry → column."""

    example_note: Text
    ledger: dict[str, TemplateColumn]
    diary: dict[str, TemplateColumn]

    def columns(self, kind: Kind) -> dict[str, TemplateColumn]:
        """The columns of one kind."""
        return self.ledger if kind == "ledger" else self.diary


class LayoutDate(Rule):
    """The column of the date and how it is written (strptime); a pattern without a day means the month only."""

    column: str
    pattern: str = ""


class LayoutEntry(Rule):
    """One entry that a row makes: the column of its mass, and what is constant for that column."""

    value: str
    constants: dict[str, str] = {}


class NewRegion(Rule):
    """The region in which new sites are put, and the one around it (a city within a province within a country)."""

    code: str
    name: Text
    within: NewRegion | None = None

    def line(self) -> tuple[NewRegion, ...]:
        """From the country down to this region."""
        return (*(self.within.line() if self.within else ()), self)


class NewSites(Rule):
    """How sites are made that the sheet names and nobody knows yet (only when asked for). ``name`` is a pattern."""

    name: Text
    region: NewRegion
    scenario: str
    process: str
    time_zone: str


class Layout(Rule):
    """One described layout of ledger sheets.

    Patterns (``site``, ``batch``) hold column names in braces, ``batch`` also ``{year}`` and ``{month}`` (2024-05) of
    the row's date; ``site`` is made into a code (lower case, hyphens). ``constants`` are fields of an entry that every
    row has, ``columns`` fields that stand in columns of their own. ``key`` says what makes a row the same row in
    another file: any of site, date, column (of the mass) and column names; with it a changed value is reported as a
    difference. An empty key means the whole content.
    """

    name: Text
    source: Source
    site: str
    date: LayoutDate
    batch: str
    constants: dict[str, str] = {}
    columns: dict[str, str] = {}
    entries: tuple[LayoutEntry, ...] = Field(min_length=1)
    key: tuple[str, ...] = ()
    new_sites: NewSites | None = None

    def sheet_columns(self) -> tuple[str, ...]:
        """Every column of the sheet that the layout reads, once, in order."""
        names = [*_fields_of(self.site), self.date.column]
        names += [name for name in _fields_of(self.batch) if name not in ("year", "month")]
        names += [*self.columns.values(), *(entry.value for entry in self.entries)]
        names += [name for name in self.key if name not in ("site", "date", "column")]
        return tuple(dict.fromkeys(names))


@dataclass(slots=True)
class Block:
    """Columns of entries made of a table, with where they came from. ``positions``: row of the table of each entry.

    ``keys``: natural key of each entry, None where its content is its key.
    """

    columns: dict[str, list[str]]
    place: Place
    positions: Sequence[int]
    keys: list[str] | None = None


@dataclass(slots=True)
class Reading:
    """What a layout made of a table: blocks of entries, columns it did not use, how many cells were left blank."""

    blocks: list[Block]
    ignored: list[str] = field(default_factory=list)
    blank: int = 0


def _fields_of(pattern: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(pattern) if name]


@cache
def template() -> Template:
    """The template; `RuleFileError` where a column is no field of an entry or two columns share a header."""
    path = FOLDER / "template.yaml"
    loaded = load_rule(path, Template)
    for kind, fields in (("ledger", LEDGER_FIELDS), ("diary", DIARY_FIELDS)):
        for name in loaded.columns(kind):  # type: ignore[arg-type]
            if name not in fields:
                raise RuleFileError(path, f"{kind}.{name}", f"no field of an entry; known are {', '.join(fields)}")
        _headers_of(loaded, kind, path)  # type: ignore[arg-type]
    return loaded


def _headers_of(loaded: Template, kind: Kind, path: Path) -> dict[str, str]:
    known: dict[str, str] = {}
    for name, column in loaded.columns(kind).items():
        for header in {header_key(h) for h in (column.header.zh, column.header.en, *column.aliases)}:
            if known.setdefault(header, name) != name:
                raise RuleFileError(path, f"{kind}.{name}", f"{header!r} already means {known[header]}; drop it in one")
    return known


@cache
def template_headers(kind: Kind) -> dict[str, str]:
    """Header (see `header_key`) → field."""
    return _headers_of(template(), kind, FOLDER / "template.yaml")


def read_layout(path: Path) -> Layout:
    """Read and cross-check one layout; `RuleFileError` with file, key and remedy where it does not hold together."""
    found = load_rule(path, Layout)
    taken = {"site", "batch", "occurred_on", "value"}
    allowed = [name for name in LEDGER_FIELDS if name not in taken]
    for key, fields in (
        ("constants", found.constants),
        ("columns", found.columns),
        *((f"entries.{number}.constants", entry.constants) for number, entry in enumerate(found.entries)),
    ):
        for name, text in fields.items():
            if name not in allowed:
                raise RuleFileError(path, f"{key}.{name}", f"no field that can stand here; use {', '.join(allowed)}")
            if key != "columns" and (
                (name == "unit" and not find_unit(text)) or (name == "material" and not find_material(text))
            ):
                raise RuleFileError(path, f"{key}.{name}", f"{text!r} is not known; see units.yaml and materials.yaml")
    values = [entry.value for entry in found.entries]
    if len(set(values)) != len(values):
        raise RuleFileError(path, "entries", "two entries read the same column; keep one of them")
    for key, pattern in (("site", found.site), ("batch", found.batch)):
        try:
            _fields_of(pattern)
        except ValueError as error:
            raise RuleFileError(path, key, f"braces do not match: {error}") from error
    return found


@cache
def layouts() -> dict[str, Layout]:
    """All described layouts by code (the name of the file)."""
    return {path.stem: read_layout(path) for path in sorted(FOLDER.glob("*.yaml")) if path.stem != TEMPLATE}


def get_layout(code: str) -> Layout:
    """A described layout; problem ``layout_unknown``."""
    if code not in layouts():
        raise Problem("layout_unknown", layout=code, known=[TEMPLATE, *layouts()])
    return layouts()[code]


def known_headers(code: str, kind: Kind) -> list[str]:
    """The headers by which `batches.sheets.read_table` finds the header line."""
    return list(template_headers(kind)) if code == TEMPLATE else list(get_layout(code).sheet_columns())


def site_code(text: str) -> str:
    """A site's code made of other texts: lower case letters and digits with single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def read_sheet(table: Table, code: str, kind: Kind, *, site: str = "") -> Reading:
    """The entries that a table means. ``site`` (a code) fills the site where the template leaves it blank.

    Raises the problem ``sheet_columns_missing`` (or ``layout_unknown``, ``layout_only_ledger``).
    """
    if code == TEMPLATE:
        return _read_template(table, kind, site)
    layout = get_layout(code)
    if kind != "ledger":
        raise Problem("layout_only_ledger", layout=code)
    return _read_described(table, layout)


def _read_template(table: Table, kind: Kind, site: str) -> Reading:
    headers = template_headers(kind)
    where: dict[str, int] = {}
    ignored = []
    for index, header in enumerate(table.header):
        name = headers.get(header_key(header))
        if name is None or name in where:
            ignored += [header] if header else []
        else:
            where[name] = index
    missing = [
        column.header
        for name, column in template().columns(kind).items()
        if name not in where and (column.required or (name == "site" and not site))
    ]
    if missing:
        raise Problem("sheet_columns_missing", missing=missing, found=[name for name in table.header if name])
    examples = {template().example_note.zh, template().example_note.en}
    rows, lines, positions = table.rows, table.lines, list(range(len(table.rows)))
    if "note" in where and any(row[where["note"]].strip() in examples for row in rows):
        positions = [p for p in positions if rows[p][where["note"]].strip() not in examples]
        rows, lines = [rows[p] for p in positions], [lines[p] for p in positions]
    turned = list(zip(*rows, strict=True)) if rows else [()] * len(table.header)
    columns = {name: list(turned[index]) for name, index in where.items()}
    if site:
        given = columns.get("site") or [""] * len(rows)
        columns["site"] = [text if text.strip() else site for text in given]
    place = Place(lines, {name: table.header[index] for name, index in where.items()})
    return Reading([Block(columns, place, positions)], ignored)


def _read_described(table: Table, layout: Layout) -> Reading:
    where = {header_key(name): index for index, name in enumerate(table.header)}
    wanted = layout.sheet_columns()
    missing = [name for name in wanted if header_key(name) not in where]
    if missing:
        raise Problem("sheet_columns_missing", missing=missing, found=[name for name in table.header if name])
    turned = list(zip(*table.rows, strict=True))
    sheet = {name: turned[where[header_key(name)]] for name in wanted}
    used = {where[header_key(name)] for name in wanted}
    reading = Reading([], [name for index, name in enumerate(table.header) if name and index not in used])
    pattern = layout.date.pattern
    dates = Memo[str, str](lambda text: _month_or_day(text, pattern))
    sites = _filled(layout.site, sheet, len(table.rows))
    codes = Memo[str, str](site_code)
    batches = _filled(layout.batch, sheet, len(table.rows), [dates[text] for text in sheet[layout.date.column]])
    for entry in layout.entries:
        kept = [p for p, text in enumerate(sheet[entry.value]) if text.strip()]
        reading.blank += len(table.rows) - len(kept)
        if not kept:
            continue
        columns = {name: [text] * len(kept) for name, text in (layout.constants | entry.constants).items()}
        for name, column in layout.columns.items():
            columns[name] = [sheet[column][p] for p in kept]
        columns["site"] = [codes[sites[p]] for p in kept]
        columns["batch"] = [batches[p] for p in kept]
        columns["occurred_on"] = [sheet[layout.date.column][p] for p in kept]
        columns["value"] = [sheet[entry.value][p] for p in kept]
        headers = dict(layout.columns)
        headers |= {
            "value": entry.value,
            "occurred_on": layout.date.column,
            "site": " + ".join(_fields_of(layout.site)),
        }
        place = Place([table.lines[p] for p in kept], headers, pattern)
        reading.blocks.append(Block(columns, place, kept, _keys(layout, entry, sheet, columns, dates, kept)))
    return reading


def _month_or_day(text: str, pattern: str) -> str:
    date = read_date("occurred_on", text, pattern)
    return "????-??-??" if isinstance(date, Bad) else date[0].isoformat()[: 7 if date[1] else 10]


def _filled(
    pattern: str, sheet: Mapping[str, Sequence[str]], count: int, dates: Sequence[str] | None = None
) -> list[str]:
    """The pattern with the texts of every row in it; each distinct filling is made once."""
    names = _fields_of(pattern)
    sources: list[Iterable[str]] = []
    for name in names:
        if dates is not None and name in ("year", "month"):
            sources.append([text[: 4 if name == "year" else 7] for text in dates])
        else:
            sources.append([text.strip() for text in sheet[name]])
    if not names:
        return [pattern] * count
    memo = Memo[tuple[str, ...], str](lambda texts: _fill(pattern, dict(zip(names, texts, strict=True))))
    return [memo[key] for key in zip(*sources, strict=True)]


def _fill(pattern: str, texts: Mapping[str, str]) -> str:
    return re.sub(r"\{([^{}]+)\}", lambda match: texts[match[1]], pattern)


def _keys(
    layout: Layout,
    entry: LayoutEntry,
    sheet: Mapping[str, Sequence[str]],
    columns: Mapping[str, Sequence[str]],
    dates: Mapping[str, str],
    kept: Sequence[int],
) -> list[str] | None:
    if not layout.key:
        return None
    parts: list[Sequence[str]] = []
    for name in layout.key:
        if name == "site":
            parts.append(columns["site"])
        elif name == "date":
            parts.append([dates[text] for text in columns["occurred_on"]])
        elif name == "column":
            parts.append([entry.value] * len(kept))
        else:
            parts.append([sheet[name][p].strip() for p in kept])
    return ["\x1e".join(key) for key in zip(*parts, strict=True)]


def template_rows(kind: Kind, language: str) -> list[list[str]]:
    """Header and one example row of the template, in a language; the example's note says to delete it."""
    columns = template().columns(kind)
    example = [column.example.in_language(language) for column in columns.values()]
    example[list(columns).index("note")] = template().example_note.in_language(language)
    return [[column.header.in_language(language) for column in columns.values()], example]


@dataclass(frozen=True, slots=True)
class SiteToMake:
    """A site that a sheet names: its code, its names, its first month or day (``2024-05`` or ``2024-05-31``)."""

    code: str
    name: Text
    first: str


def sites_in(table: Table, layout: Layout) -> list[SiteToMake]:
    """The sites that a sheet names, each with the first date at which it reported anything."""
    if layout.new_sites is None:
        return []
    where = {header_key(name): index for index, name in enumerate(table.header)}
    names = {n for text in (layout.site, layout.new_sites.name.zh, layout.new_sites.name.en) for n in _fields_of(text)}
    if missing := [name for name in (*names, *layout.sheet_columns()) if header_key(name) not in where]:
        raise Problem("sheet_columns_missing", missing=missing, found=[name for name in table.header if name])
    values = [where[header_key(entry.value)] for entry in layout.entries]
    first: dict[str, tuple[str, dict[str, str]]] = {}
    for row in table.rows:
        if not any(row[index].strip() for index in values):
            continue
        texts = {name: row[where[header_key(name)]].strip() for name in names}
        code = site_code(_fill(layout.site, texts))
        date = _month_or_day(row[where[header_key(layout.date.column)]], layout.date.pattern)
        if code and not date.startswith("?") and (code not in first or date < first[code][0]):
            first[code] = (date, texts)
    name = layout.new_sites.name
    return [
        SiteToMake(code, Text(zh=_fill(name.zh, texts), en=_fill(name.en, texts)), date)
        for code, (date, texts) in sorted(first.items())
    ]
