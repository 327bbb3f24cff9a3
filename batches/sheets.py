"""Sheets as people send them: bytes and a file name in, a table of texts out, or a `Problem` that says why not.

CSV in UTF-8, GB18030 or UTF-16, with any of the common delimiters, and XLSX. Every cell stays text exactly as it was
written; dates of workbooks become ``2024-05-31``, their numbers the shortest decimal that means them. No Django, no
database. `read_table` never raises anything but `Problem`, whatever the bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 500_000
MAX_COLUMNS = 500
MAX_CELL = 32_767
HEADER_SEARCH = 20
DELIMITERS = ",;\t|"
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OTHER_KINDS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"SQLite",
)
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts. ``lines[i]`` is the line of the file (1 = first) on which ``rows[i]`` starts."""

    header: tuple[str, ...]
    header_line: int
    rows: list[list[str]]
    lines: list[int]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    notes: tuple[Message, ...] = field(default=())
    sheets: tuple[str, ...] = ()
    """The sheets of the workbook, in their order; empty for a text file."""

    def column(self, index: int) -> list[str]:
        """One column from top to bottom."""
        return [row[index] for row in self.rows]


def header_key(text: str) -> str:
    """The form in which headers are compared: NFKC, lower case, without spaces, underscores and ornaments."""
    return re.sub(r"[\s_*:：·\-]+", "", unicodedata.normalize("NFKC", text)).casefold()


def read_table(
    data: bytes,
    file_name: str,
    *,
    sheet: str | None = None,
    known_headers: Collection[str] = (),
    max_bytes: int = MAX_BYTES,
) -> Table:
    """The table in ``data``.

    ``sheet`` names the sheet of a workbook (default: the first with data). ``known_headers``: with them the header is
    the line among the first twenty that has most of them (titles above it are skipped), else the first line with text.
    Raises `Problem`: ``sheet_too_large``, ``sheet_empty``, ``sheet_only_header``, ``sheet_not_readable``,
    ``sheet_not_a_table``, ``sheet_header_twice``, ``sheet_merged_cells``, ``sheet_unknown_sheet``.
    """
    grid = read_grid(data, file_name, sheet=sheet, max_bytes=max_bytes)
    return _table(grid, file_name, frozenset(header_key(name) for name in known_headers))


def read_grid(data: bytes, file_name: str, *, sheet: str | None = None, max_bytes: int = MAX_BYTES) -> Grid:
    """All lines of a file before anything is known of its header. Raises `Problem` for whatever is no table."""
    if len(data) > max_bytes:
        raise Problem("sheet_too_large", found=_megabytes(len(data)), limit=_megabytes(max_bytes))
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Problem("sheet_empty", name=file_name)
    if data.startswith(_ZIP):
        from batches.sheets_xlsx import read_workbook

        grid = read_workbook(data, file_name, sheet, max_bytes)
    elif data.startswith(_OLE) or data.startswith(_OTHER_KINDS):
        raise Problem("sheet_not_readable", name=file_name)
    else:
        grid = _read_text(data, file_name)
    return grid


@dataclass(slots=True)
class Grid:
    """All lines of a sheet before the header is found. ``merged``: ranges as (first row, last row, A1 text), from 0."""

    rows: list[list[str]]
    lines: list[int]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    merged: Sequence[tuple[int, int, str]] = ()
    sheets: tuple[str, ...] = ()


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"


def _table(grid: Grid, file_name: str, known: frozenset[str]) -> Table:
    filled = [position for position, row in enumerate(grid.rows) if any(cell.strip() for cell in row)]
    if not filled:
        raise Problem("sheet_empty", name=file_name)
    head = filled[0]
    if known:
        scores = {p: sum(1 for cell in grid.rows[p] if header_key(cell) in known) for p in filled[:HEADER_SEARCH]}
        head = max(scores, key=lambda p: (scores[p], -p))
    if merged := [text for first, last, text in grid.merged if last >= head]:
        faults = [Fault(Message("sheet_merged_range", {"range": text}), value=text) for text in merged[:100]]
        raise Problem("sheet_merged_cells", errors=faults, ranges=merged[:10])
    header = [" ".join(cell.split()) for cell in grid.rows[head]]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    if width > MAX_COLUMNS:
        raise Problem("sheet_too_wide", found=width, limit=MAX_COLUMNS)
    _refuse_twice(header)
    rows, lines, overlong = [], [], []
    for position in filled:
        if position <= head:
            continue
        row = grid.rows[position]
        if len(row) != width:
            if any(cell.strip() for cell in row[width:]):
                overlong.append(grid.lines[position])
                continue
            row = row[:width] + [""] * (width - len(row))
        rows.append(row)
        lines.append(grid.lines[position])
    if overlong:
        faults = [Fault(Message("sheet_row_too_long", {"width": width}), row=line) for line in overlong[:100]]
        raise Problem("sheet_ragged", errors=faults, count=len(overlong), line=overlong[0])
    if not rows:
        raise Problem("sheet_only_header", name=file_name)
    return Table(
        tuple(header),
        grid.lines[head],
        rows,
        lines,
        grid.encoding,
        grid.delimiter,
        grid.sheet,
        sheets=grid.sheets,
    )


def _refuse_twice(header: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    twice = []
    for name in header:
        if name and header_key(name) in seen:
            twice.append(name)
        seen.setdefault(header_key(name), name)
    if twice:
        raise Problem("sheet_header_twice", names=twice)


def _read_text(data: bytes, file_name: str) -> Grid:
    text, encoding = decode(data, file_name)
    # A NUL or another invisible control character is no text that a person wrote.
    if found := _UNREADABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Problem("sheet_not_a_table", name=file_name, line=line)
    delimiter = find_delimiter(text)
    del text  # read again from the bytes, line by line: half the memory
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""), delimiter=delimiter)
    csv.field_size_limit(MAX_CELL)
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(start)
            start = reader.line_num + 1
            if len(rows) > MAX_ROWS:
                raise Problem("sheet_too_many_rows", limit=MAX_ROWS)
    except csv.Error:
        # A cell of more than 32,767 characters: nearly always a quotation mark that is never closed.
        raise Problem("sheet_quote_open", line=start) from None
    return Grid(rows, lines, encoding, delimiter)


def decode(data: bytes, file_name: str = "") -> tuple[str, str]:
    """The text of a file and its encoding: byte order mark, else UTF-16 by its zeros, else UTF-8, else GB18030."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif data.startswith(b"\xef\xbb\xbf"):
        candidates = ["utf-8-sig"]
    else:
        candidates = [*_utf16_by_zeros(data), "utf-8", "gb18030"]
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Problem("sheet_encoding", name=file_name)


def _utf16_by_zeros(data: bytes) -> list[str]:
    """UTF-16 without a mark: in the first kilobytes nearly all the zeros stand on one side of the pairs."""
    sample = data[:4096]
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if len(data) % 2 == 0 and even + odd > pairs * (0.1 if pairs > 50 else 0.3):
        if odd > even * 4:
            return ["utf-16-le"]
        if even > odd * 4:
            return ["utf-16-be"]
    return []


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the first lines into the same number of cells, most of them; comma where none does."""
    sample = text[:65536].splitlines(keepends=True)[:50]
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        usual = max(set(widths), key=lambda width: (widths.count(width), width))
        if usual > 1:
            score = (round(widths.count(usual) / len(widths), 1), usual)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def number_text(number: float) -> str:
    """The shortest decimal that means a workbook's number: ``12.5``, ``1000000``, never ``1e+06``."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    text = repr(number)
    return text if "e" not in text else f"{number:.15f}".rstrip("0") if abs(number) < 1 else f"{number:.0f}"


def cell_text(value: object) -> str:
    """A workbook's cell as text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(float(value)) if value == value and abs(value) != float("inf") else ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.timedelta):
        return str(value)
    return str(value)


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV that Excel opens with Chinese intact: UTF-8 with a byte order mark."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")
