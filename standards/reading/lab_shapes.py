"""The shapes of lab sheets: how the results of a sheet stand, found by evidence, and read into lines.

*long*: a header that names a column of indicators and one of results. *wide*: a row of indicator names over a row for
every sample. *across*: a column of indicator names beside a column for every sample. *form*: a column of indicator
names (or several side by side) with its results next to it. Columns of limits and verdicts are never results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from compostnet.shared.problems import Problem
from standards.indicators import basis_of, find_indicator, name_parts
from standards.reading.lab_words import NEVER_RESULTS, Head, head_of, is_end, is_spread, is_unit, particular, row_kind
from standards.reading.readings import Line
from standards.reading.results import read_result

HEADER_SEARCH = 60
"""Lines among which a header is looked for."""
WIDEST = 500
LONGEST = {"sample": 200, "indicator": 200, "value": 200, "unit": 60, "basis": 30, "note": 300, "uncertainty": 60}


@dataclass(slots=True)
class Sheet:
    """One sheet: its cells, the line of the file on which each row stands, and what merged cells spread over others."""

    rows: list[list[str]]
    lines: list[int]
    name: str = ""
    delimited: bool = False
    merged: dict[tuple[int, int], str] = field(default_factory=dict)

    def cell(self, row: int, column: int) -> str:
        """The text of a cell in one line; '' beyond the row's end."""
        cells = self.rows[row]
        if column >= len(cells) or column < 0:
            return ""
        text = cells[column]
        return " ".join(text.split()) if text else ""

    def under(self, row: int, column: int) -> str:
        """The text of a cell, or of the merged cell that covers it."""
        return self.cell(row, column) or (self.merged.get((row, column), "") if self.merged else "")

    def width(self, row: int) -> int:
        """How many cells a row has, merged ones counted."""
        extra = max((column + 1 for line, column in self.merged if line == row), default=0) if self.merged else 0
        return min(max(len(self.rows[row]), extra), WIDEST)

    def filled(self, row: int) -> list[int]:
        """The columns of a row in which something stands."""
        return [column for column, text in enumerate(self.rows[row]) if text and not text.isspace()]


@dataclass(slots=True)
class Found:
    """What a reader made of a sheet."""

    shape: str
    lines: list[Line] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    """Rows that are part of the table."""

    def ignore(self, sheet: Sheet, row: int, columns: Sequence[int] | None = None) -> None:
        texts = [sheet.cell(row, column) for column in (sheet.filled(row) if columns is None else columns)]
        self.ignored.append((sheet.lines[row], " | ".join(text for text in texts if text)[:300]))


UNNAMED = "1"
"""The sample of a sheet that names none."""


def cut(kind: str, text: str) -> str:
    """A text in the length that is kept; what is cut off shows, so that a cut result is never read as a whole one."""
    longest = LONGEST[kind]
    return text if len(text) <= longest else text[: longest - 1] + "…"


def line_of(
    sample: str, name: str, value: str, unit: str, basis: str, note: str, number: int, uncertainty: str = ""
) -> Line:
    """A line; unit and basis that stand in the name are taken from there where they stand nowhere else."""
    if not unit or not basis:
        parts = name_parts(name)
        unit, basis = unit or parts.unit, basis or parts.basis
    return Line(
        sample=cut("sample", sample) or UNNAMED,
        indicator=cut("indicator", name),
        value=cut("value", value),
        unit=cut("unit", unit),
        basis=cut("basis", basis),
        note=cut("note", note),
        number=number,
        uncertainty=cut("uncertainty", uncertainty),
    )


def known(text: str) -> bool:
    """Whether a text is the name of an indicator (``% dm`` is a unit, though it might be short for dry matter)."""
    if not text or len(text) > 120 or not find_indicator(text):
        return False
    return not (("%" in text or "/" in text) and is_unit(text))


def result_like(text: str) -> bool:
    """Whether a text is a result that can be read."""
    return bool(text) and len(text) <= 80 and read_result(text, roman=True).kind not in ("unreadable", "not_tested")


def _numeric(text: str) -> bool:
    return bool(text) and len(text) <= 40 and read_result(text).kind in ("number", "approximate")


@dataclass(slots=True)
class Columns:
    """The columns of a header: fields by kind, and the columns of results with unit and basis in their heads."""

    row: int
    places: dict[str, int]
    heads: dict[int, Head]
    values: list[int]
    width: int

    @property
    def is_long(self) -> bool:
        return "indicator" in self.places and bool(self.values)


def columns_of(sheet: Sheet, row: int) -> Columns:
    """What the heads of a row mean; of two for the same field the one whose word stands first in the list."""
    heads = {column: head_of(text) for column in range(sheet.width(row)) if (text := sheet.under(row, column))}
    places: dict[str, int] = {}
    for column, head in heads.items():
        best = places.get(head.kind)
        if head.kind and (best is None or head.rank < heads[best].rank):
            places[head.kind] = column
    by_basis = [column for column, head in heads.items() if head.kind == "value" and head.basis]
    plain = [places["value"]] if "value" in places else []
    values = by_basis if len(by_basis) > 1 else plain
    return Columns(row, places, heads, values, max(heads, default=-1) + 1)


def _twice(sheet: Sheet, columns: Columns) -> None:
    """Two columns with the same head for a thing that is read: nobody can say which one counts."""
    texts = [sheet.cell(columns.row, column).casefold() for column in (*columns.values, columns.places["indicator"])]
    row = [text.strip().casefold() for text in sheet.rows[columns.row]]
    names = [text for text in texts if text and row.count(text) > 1]
    if names:
        raise Problem("sheet_header_twice", names=names)


def find_long(sheet: Sheet) -> Columns | None:
    """The header of a long sheet: of several candidates the one under which most indicators are known."""
    best: tuple[int, Columns] | None = None
    for row in _first_rows(sheet):
        columns = columns_of(sheet, row)
        if not columns.is_long:
            continue
        name = columns.places["indicator"]
        below = [sheet.under(line, name) for line in range(row + 1, min(row + 200, len(sheet.rows)))]
        score = sum(1 for text in below if text) + 10 * sum(1 for text in below if known(text))
        if score and (best is None or score > best[0]):
            best = (score, columns)
    return best[1] if best else None


def _first_rows(sheet: Sheet) -> Iterator[int]:
    count = 0
    for row in range(len(sheet.rows)):
        if len(sheet.filled(row)) > 1 or sheet.merged:
            yield row
            count += 1
            if count >= HEADER_SEARCH:
                return


def samples_below(sheet: Sheet, columns: Columns) -> bool:
    """Whether the results' head spans several columns that the next line names one by one (a column a sample)."""
    row, value, name = columns.row + 1, columns.values[0], columns.places["indicator"]
    if row >= len(sheet.rows) or len(columns.values) > 1 or sheet.cell(row, name):
        return False
    return len([column for column in sheet.filled(row) if column >= value]) > 1


def read_long(sheet: Sheet, columns: Columns, sample: str) -> Found:
    """One result a row. Further tables under the same kind of header, and labels between them, are followed."""
    found = Found("long")
    _twice(sheet, columns)
    current, named = sample, ""
    found.used.add(columns.row)
    for row in range(columns.row + 1, len(sheet.rows)):
        filled = sheet.filled(row)
        if not filled:
            continue
        places = columns.places
        name_at, sample_at = places["indicator"], places.get("sample")
        name = sheet.under(row, name_at)
        values = {column: sheet.cell(row, column) for column in columns.values}
        if head_of(name).kind == "indicator" and (again := columns_of(sheet, row)).is_long:
            columns = again
            found.used.add(row)
            continue
        if sample_at is not None:
            own = sheet.under(row, sample_at)
            if not name and not any(values.values()):
                if own and len(filled) > 1:
                    found.ignore(sheet, row)
                named = own or named
                continue
            named = own or named
        if _is_aside(name, values, filled, sheet.cell(row, filled[0])):
            for key, _, text in particulars_of(sheet, row):
                current = text if key == "sample" else current
            found.ignore(sheet, row)
            continue
        if sheet.delimited and filled[-1] >= columns.width and any(values.values()):
            raise Problem("sheet_ragged", count=1, line=sheet.lines[row])
        found.used.add(row)
        found.lines.append(_long_line(sheet, columns, row, named or current, name, values, found))
    return found


def _is_aside(name: str, values: dict[int, str], filled: list[int], first: str) -> bool:
    """Whether a row of a table is none of its results: a title, a particular of the report, a closing line."""
    if is_end(first):
        return True
    if not name:
        return not any(result_like(text) for text in values.values())
    if any(values.values()):
        return bool(particular(name)[0]) and not known(name)
    return (len(filled) == 1 or bool(particular(name)[0]) or ":" in name or "：" in name) and not known(name)


def _long_line(
    sheet: Sheet, columns: Columns, row: int, sample: str, name: str, values: dict[int, str], found: Found
) -> Line:
    places = columns.places

    def text(kind: str) -> str:
        return sheet.under(row, places[kind]) if kind in places else ""

    chosen = _of_two_bases(columns, values, name)
    head = columns.heads[chosen]
    for column, value in values.items():
        if column != chosen and value:
            found.ignored.append((sheet.lines[row], f"{name} | {value} | {columns.heads[column].basis}"))
    value = values[chosen]
    if value and (operator := text("operator")):
        value = f"{operator}{value}"
    if value and (qualifier := text("qualifier")):
        value = f"{value} {qualifier}"
    uncertainty = text("uncertainty")
    if uncertainty and (extra := columns.heads[places["uncertainty"]].extra):
        uncertainty = beside(uncertainty, extra)
    note = "; ".join(part for part in (text("note"), text("method")) if part)
    limit = text("quantification") or text("detection")
    return line_of(
        sample,
        name,
        value,
        text("unit") or head.unit,
        text("basis") or head.basis,
        with_limit(note, value, limit),
        sheet.lines[row],
        uncertainty,
    )


def beside(uncertainty: str, extra: str) -> str:
    """An uncertainty with what the head of its column says of all of them, where the cell does not say it itself."""
    unit, _, rest = extra.partition(" ") if extra[:2] not in ("k=", "re") else ("", "", extra)
    if unit and uncertainty[-1:].isdigit():
        uncertainty = f"{uncertainty} {unit}"
    return f"{uncertainty} ({rest})" if rest and "k" not in uncertainty.casefold() else uncertainty


def with_limit(note: str, value: str, limit: str) -> str:
    """The note, with the detection limit of its own column where the result needs it."""
    if limit and not value[:1].isdigit() and read_result(value, note).kind == "not_detected":
        return "; ".join(part for part in (note, f"LOQ {limit}") if part)
    return note


def _of_two_bases(columns: Columns, values: dict[int, str], name: str) -> int:
    """Of results given on two bases the dry one (of moisture the one as received): two columns are not two tests."""
    if len(values) == 1:
        return columns.values[0]
    moist = set(find_indicator(name)) & {"moisture", "dry_matter"}
    wanted = "ar" if moist else "dm"
    with_text = [column for column in columns.values if values[column]] or columns.values
    return next((one for one in with_text if basis_of(columns.heads[one].basis) == wanted), with_text[0])


def particulars_of(sheet: Sheet, row: int) -> list[tuple[str, int, str]]:
    """What a line says of the report itself: kind, rank of its word and text, from ``label: text`` or two cells."""
    found = []
    filled = sheet.filled(row)[:40]
    for position, column in enumerate(filled):
        text = sheet.cell(row, column)
        label, colon, rest = text.replace("：", ":").partition(":")
        kind, rank = particular(label)
        if not kind:
            continue
        if colon and rest.strip():
            found.append((kind, rank, rest.strip()))
        elif position + 1 < len(filled):
            following = sheet.cell(row, filled[position + 1])
            if particular(following.rstrip(":："))[0] or known(following) or head_of(following).kind:
                continue
            # A label that heads a column as well (样品) is a label only where nothing but pairs stands in the line.
            after = sheet.cell(row, filled[position + 2]) if position + 2 < len(filled) else ""
            if colon or not head_of(label).kind or len(filled) == 2 or particular(after.rstrip(":："))[0]:
                found.append((kind, rank, following))
    return found


def find_wide(sheet: Sheet) -> tuple[int, dict[int, str]] | None:
    """The row of a wide sheet in which most cells name an indicator, and these cells; no results may stand in it."""
    best: tuple[int, int, dict[int, str]] | None = None
    for row in _first_rows(sheet):
        texts = {column: text for column in range(sheet.width(row)) if (text := sheet.under(row, column))}
        names = {column: text for column, text in texts.items() if known(text)}
        kinds = {head_of(text).kind for text in texts.values()}
        others = [text for column, text in texts.items() if column not in names]
        if sum(1 for text in others if _numeric(text)) > len(texts) // 10 or "indicator" in kinds:
            continue
        enough = len(names) >= 2 or (len(names) == 1 and "sample" in kinds)
        if enough and (best is None or len(names) > best[0]):
            below = range(row + 1, min(row + 12, len(sheet.rows)))
            results = sum(1 for line in below for column in names if result_like(sheet.cell(line, column)))
            if results:
                best = (len(names), row, names)
    return (best[1], best[2]) if best else None


def read_wide(sheet: Sheet, head_row: int, names: dict[int, str], sample: str) -> Found:
    """A row a sample, a column an indicator; units, bases and detection limits in the heads or in rows under them."""
    found = Found("wide")
    width = sheet.width(head_row)
    texts = {column: sheet.under(head_row, column) for column in range(width)}
    written = [text.casefold() for text in (sheet.cell(head_row, column) for column in range(width)) if text]
    if twice := [text for text in names.values() if written.count(text.casefold()) > 1]:
        raise Problem("sheet_header_twice", names=twice)
    fields = columns_of(sheet, head_row).places
    others = [c for c, text in texts.items() if text and c not in names]
    sample_at = fields.get("sample")
    if sample_at is None:
        left = [column for column in range(width) if column not in names]
        headed = [
            c for c in left if c < min(names) and head_row and head_of(sheet.under(head_row - 1, c)).kind == "sample"
        ]
        sample_at = next((c for c in (*headed, *left) if c in headed or _names_rows(sheet, head_row, c)), None)
    rows: dict[str, dict[int, str]] = {"unit": {}, "basis": {}, "detection": {}}
    for row in range(head_row + 1, min(head_row + 2000, len(sheet.rows))):
        filled = sheet.filled(row)
        if filled and row_kind(sheet.cell(row, filled[0] if sample_at is None else sample_at)) == "detection":
            rows["detection"] = {column: sheet.cell(row, column) for column in range(width)}
    start = head_row + 1
    found.used.add(head_row)
    for row in range(start, min(start + 4, len(sheet.rows))):
        kind = _special_row(sheet, row, names, sample_at)
        if kind in rows:
            rows[kind] = {column: sheet.under(row, column) for column in range(width)}
            found.used.add(row)
            start = row + 1
        elif sheet.filled(row):
            break
    columns = dict(names)
    for column in others:
        head = head_of(texts[column])
        if column == sample_at or head.kind or particular(texts[column])[0]:
            continue
        below = [sheet.cell(row, column) for row in range(start, min(start + 50, len(sheet.rows)))]
        below = [text for text in below if text]
        if below and not is_spread(texts[column]) and sum(1 for text in below if result_like(text)) * 2 >= len(below):
            columns[column] = texts[column]  # a name that is not known: asked about, not lost
        else:
            found.ignored.append((sheet.lines[head_row], texts[column][:300]))
    settings = {column: _wide_head(sheet, head_row, column, text, rows) for column, text in columns.items()}
    count = 0
    for row in range(start, len(sheet.rows)):
        filled = sheet.filled(row)
        if not filled:
            continue
        first = sheet.under(row, sample_at) if sample_at is not None else sheet.cell(row, filled[0])
        cells = {column: text for column in columns if (text := sheet.cell(row, column))}
        if not cells or is_end(sheet.cell(row, filled[0])) or row_kind(first):
            found.ignore(sheet, row)
            continue
        if len(cells) == 1 and len(filled) <= 2 and not any(result_like(text) for text in cells.values()):
            found.ignore(sheet, row)
            continue
        if sheet.delimited and filled[-1] >= width:
            raise Problem("sheet_ragged", count=1, line=sheet.lines[row])
        count += 1
        found.used.add(row)
        own = (first if sample_at is not None else "") or (sample if count == 1 else "") or str(count)
        basis = sheet.under(row, fields["basis"]) if "basis" in fields else ""
        note = sheet.under(row, fields["note"]) if "note" in fields else ""
        for column, value in cells.items():
            name, unit, head_basis = settings[column]
            limit = rows["detection"].get(column, "")
            found.lines.append(
                line_of(own, name, value, unit, basis or head_basis, with_limit(note, value, limit), sheet.lines[row])
            )
    return found


def _names_rows(sheet: Sheet, head_row: int, column: int) -> bool:
    """Whether a column without a known head names the samples: texts that are no numbers, each but once."""
    texts = [sheet.cell(row, column) for row in range(head_row + 1, min(head_row + 50, len(sheet.rows)))]
    texts = [text for text in texts if text]
    return bool(texts) and sum(1 for text in texts if not _numeric(text)) * 2 > len(texts) == len(set(texts))


def _special_row(sheet: Sheet, row: int, names: dict[int, str], sample_at: int | None) -> str:
    filled = sheet.filled(row)
    if not filled:
        return ""
    first = sheet.cell(row, sample_at) if sample_at is not None else sheet.cell(row, filled[0])
    kind = row_kind(first) or row_kind(sheet.cell(row, filled[0]))
    if kind in ("unit", "basis", "detection"):
        return kind
    if first and sample_at is not None:
        return ""
    texts = [text for column in names if (text := sheet.under(row, column))]
    if texts and all(basis_of(text) not in ("", "?") for text in texts):
        return "basis"
    if texts and not any(_numeric(text) for text in texts) and sum(map(is_unit, texts)) * 2 > len(texts):
        return "unit"
    return ""


def _wide_head(
    sheet: Sheet, head_row: int, column: int, text: str, rows: dict[str, dict[int, str]]
) -> tuple[str, str, str]:
    """Name, unit and basis of a column: from its head, the rows under it, or the head of its group above it."""
    parts = name_parts(text)
    unit, basis = rows["unit"].get(column, "") or parts.unit, rows["basis"].get(column, "") or parts.basis
    if basis_of(unit) not in ("", "?"):
        unit, basis = "", basis or unit
    if head_row and (not unit or not basis):
        group = name_parts(sheet.under(head_row - 1, column)) if sheet.under(head_row - 1, column) != text else None
        if group is not None:
            unit, basis = unit or group.unit, basis or group.basis
    return text, unit, basis


def label_columns(sheet: Sheet) -> dict[int, list[int]]:
    """The columns in which indicators are named, each with the rows of its names."""
    found: dict[int, list[int]] = {}
    for row in range(min(len(sheet.rows), 2000)):
        for column in sheet.filled(row)[:60]:
            if known(sheet.cell(row, column)):
                found.setdefault(column, []).append(row)
    return {column: rows for column, rows in found.items() if len(rows) * 2 >= max(len(one) for one in found.values())}


def read_labels(sheet: Sheet, labels: dict[int, list[int]], sample: str) -> Found | None:
    """Names in a column (or several) with results beside them: one sample's form, or a column a sample.

    None where nothing beside the names is a result. Problem ``lab_sheet_which_column`` where several columns could be
    the results and no header says which is what: a limit beside a result is never taken for a result.
    """
    found = Found("form")
    order = sorted(labels)
    for position, column in enumerate(order):
        end = order[position + 1] if position + 1 < len(order) else max(sheet.width(row) for row in labels[column])
        _read_block(sheet, column, end, labels[column], sample, found)
    return found if found.lines else None


def _read_block(sheet: Sheet, column: int, end: int, named: list[int], sample: str, found: Found) -> None:
    first = named[0]
    head_row = _head_above(sheet, first, column, end)
    kinds: dict[int, Head] = {}
    titles: dict[int, str] = {}
    for beside in range(column + 1, end):
        titles[beside] = sheet.under(head_row, beside) if head_row is not None else ""
        above = sheet.under(head_row - 1, beside) if head_row else ""
        head = head_of(titles[beside])
        if not titles[beside] and head_row is not None and not head.kind:
            head = head_of(above) if head_of(above).kind != "value" else head
        kinds[beside] = head if head.kind else _by_content(sheet, beside, named)
    results = [one for one, head in kinds.items() if head.kind == "value"]
    places = {head.kind: one for one, head in reversed(kinds.items()) if head.kind not in ("value", "")}
    if not results:
        return
    across = len(results) > 1
    if across and not all(titles[one] and not head_of(titles[one]).kind for one in results):
        bases = [one for one in results if basis_of(kinds[one].basis) not in ("", "?")]
        if len(bases) != len(results):
            raise Problem("lab_sheet_which_column", line=sheet.lines[first], cells=_row_texts(sheet, first))
        across = False
    title = titles[results[0]]
    titled = bool(title) and not head_of(title).kind
    if across:
        found.shape = "across"
    if head_row is not None:
        found.used.add(head_row)
    reader = Columns(head_row or 0, {**places, "indicator": column}, kinds, results, end)
    for row in range(min(named), len(sheet.rows) if len(named) > 1 else first + 1):
        name = sheet.cell(row, column)
        values = {one: sheet.cell(row, one) for one in results}
        if not name or not sheet.filled(row):
            continue
        unit = sheet.cell(row, places["unit"]) if "unit" in places else ""
        plausible = known(name) or any(result_like(text) for text in values.values()) or (unit and any(values.values()))
        if not plausible or (particular(name)[0] and not known(name)) or is_end(name) or ":" in name or "：" in name:
            if row not in found.used:
                found.ignore(sheet, row)
            continue
        found.used.add(row)
        if not across:
            own = title if titled else sample
            found.lines.append(_long_line(sheet, reader, row, own, name, values, found))
            continue
        for one in results:
            if values[one]:
                single = Columns(reader.row, reader.places, kinds, [one], end)
                found.lines.append(_long_line(sheet, single, row, titles[one], name, {one: values[one]}, found))


def _row_texts(sheet: Sheet, row: int) -> str:
    return " | ".join(sheet.cell(row, column) for column in sheet.filled(row))[:200]


def _head_above(sheet: Sheet, first: int, column: int, end: int) -> int | None:
    """The line right above the first name where it is a header: of samples or of columns, not another particular."""
    row = first - 1
    while row >= 0 and not sheet.filled(row):
        row -= 1
    if row < 0 or first - row > 3:
        return None
    corner = sheet.under(row, column)
    beside = [one for one in range(column + 1, end) if sheet.under(row, one)]
    if not beside or known(corner) or any(_ends_like_label(sheet.under(row, one)) for one in beside):
        return None
    kind = head_of(corner).kind
    if corner and kind not in ("indicator", "sample"):
        named = any(head_of(sheet.under(row, one)).kind for one in beside)
        return row if named and not particular(corner)[0] else None
    return row


def _ends_like_label(text: str) -> bool:
    return text.endswith((":", "：")) or bool(particular(text)[0] and not head_of(text).kind)


def _by_content(sheet: Sheet, column: int, named: list[int]) -> Head:
    """What a column without a known head holds: units, bases, results, or something that is not read."""
    texts = [text for row in named[:200] if (text := sheet.cell(row, column))]
    if not texts:
        return Head()
    if sum(1 for text in texts if basis_of(text) not in ("", "?")) * 2 > len(texts):
        return Head("basis")
    if sum(1 for text in texts if result_like(text)) * 2 >= len(texts):
        return Head("value")
    if sum(1 for text in texts if is_unit(text) or re.fullmatch(r"[-/—]", text)) * 2 > len(texts):
        return Head("unit")
    return Head()


__all__ = ["NEVER_RESULTS", "Found", "Sheet", "find_long", "find_wide", "label_columns", "read_labels"]
