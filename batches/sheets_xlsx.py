"""Workbooks (XLSX) as grids of text, read through python-calamine; openpyxl only where formulas lack their results.

openpyxl takes a tenth of a second to load, so it is loaded where it is used.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook

from batches.sheets import MAX_CELL, MAX_COLUMNS, MAX_ROWS, Grid, cell_text
from compostnet.shared.problems import Problem

MAX_UNPACKED = 12
"""How many times its permitted size a workbook may unpack to; more is a bomb, not a sheet."""
MAX_MEMBERS = 2_000
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_FAR_ROW = re.compile(rb'r="[A-Z]*([0-9]{6,})"')
_FAR_COLUMN = re.compile(rb'r="([A-Z]{2,})([0-9]+)"')
MAX_CELLS = 15_000_000
"""Cells of the rectangle around a sheet; the reader lays them all out, however few of them are filled."""
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_workbook(data: bytes, file_name: str, sheet: str | None, max_bytes: int) -> Grid:
    """The grid of one sheet of a workbook. Raises `Problem` for whatever else the bytes are."""
    try:
        formulas = _look_inside(data, file_name, max_bytes)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = _choose(workbook, sheet, file_name)
        rows = [[cell_text(value) for value in row] for row in found.to_python(skip_empty_area=False)]
        merged = [(first[0], last[0], _range_text(first, last)) for first, last in (found.merged_cell_ranges or ())]
        if formulas:
            _show_formulas(data, found.name, rows)
    except Problem:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | GeneratorExit):
            raise
        raise Problem("sheet_not_readable", name=file_name) from error
    for line, row in enumerate(rows, 1):
        for cell in row:
            if len(cell) > MAX_CELL or (cell and not cell.isprintable() and _UNREADABLE.search(cell)):
                raise Problem("sheet_not_a_table", name=file_name, line=line)
    return Grid(
        rows, list(range(1, len(rows) + 1)), sheet=found.name, merged=merged, sheets=tuple(workbook.sheet_names)
    )


def workbook_sheets(data: bytes) -> tuple[str, ...]:
    """The names of a workbook's sheets, to choose from; nothing for whatever else the bytes are."""
    if not data.startswith(b"PK\x03\x04"):
        return ()
    try:
        return tuple(CalamineWorkbook.from_filelike(io.BytesIO(data)).sheet_names)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | GeneratorExit):
            raise
        return ()


def _look_inside(data: bytes, file_name: str, max_bytes: int) -> bool:
    """Refuse what unpacks beyond measure or is no workbook; say whether any cell is a formula."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        limit = max_bytes * MAX_UNPACKED
        if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > limit:
            raise Problem("sheet_bomb", name=file_name)
        if not any(member.filename.startswith("xl/") for member in members):
            raise Problem("sheet_not_readable", name=file_name)
        unpacked, formulas, far_row, far_column = 0, False, 99_999, 26
        for member in members:
            # The sizes in the directory are the sender's claim; what really comes out is counted.
            with archive.open(member) as stream:
                tail = b""
                while block := stream.read(1 << 20):
                    unpacked += len(block)
                    if unpacked > limit:
                        raise Problem("sheet_bomb", name=file_name)
                    if not member.filename.startswith("xl/worksheets/"):
                        continue
                    text = tail + block
                    formulas = formulas or _FORMULA.search(text) is not None
                    far_row = max(far_row, *(int(row) for row in _FAR_ROW.findall(text)), 0)
                    for letters, row in _FAR_COLUMN.findall(text):
                        far_column = max(far_column, _column_number(letters))
                        far_row = max(far_row, int(row))
                    tail = block[-30:]
        if far_row > MAX_ROWS:
            raise Problem("sheet_too_many_rows", limit=MAX_ROWS)
        if far_column > MAX_COLUMNS or far_row * far_column > MAX_CELLS * (2 if far_column == 26 else 1):
            raise Problem("sheet_too_wide", found=far_column, limit=MAX_COLUMNS)
        return formulas


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:4]:
        number = number * 26 + letter - 64
    return number


def _choose(workbook: CalamineWorkbook, wanted: str | None, file_name: str) -> CalamineSheet:
    names = workbook.sheet_names
    if wanted is not None:
        for name in names:
            if name.strip().casefold() == wanted.strip().casefold():
                return _checked(workbook.get_sheet_by_name(name))
        raise Problem("sheet_unknown_sheet", wanted=wanted, names=names)
    for name in names:
        sheet = _checked(workbook.get_sheet_by_name(name))
        if sheet.height and sheet.width:
            return sheet
    raise Problem("sheet_empty", name=file_name)


def _checked(sheet: CalamineSheet) -> CalamineSheet:
    if (end := sheet.end) is not None:
        last_row, last_column = end
        if last_row >= MAX_ROWS:
            raise Problem("sheet_too_many_rows", limit=MAX_ROWS)
        if last_column >= MAX_COLUMNS:
            raise Problem("sheet_too_wide", found=last_column + 1, limit=MAX_COLUMNS)
    return sheet


def _range_text(first: tuple[int, int], last: tuple[int, int]) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(first[1] + 1)}{first[0] + 1}:{get_column_letter(last[1] + 1)}{last[0] + 1}"


def _show_formulas(data: bytes, sheet: str, rows: list[list[str]]) -> None:
    """Put the formula's text into every cell that has one without its result, so that the checks can refuse it."""
    from openpyxl import load_workbook

    book: Any = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    try:
        for row in book[sheet].iter_rows():
            for cell in row:
                text = cell.value
                text = getattr(text, "text", text)
                if not isinstance(text, str) or cell.data_type != "f":
                    continue
                line, column = cell.row - 1, cell.column - 1
                if line >= MAX_ROWS or column >= MAX_COLUMNS:
                    continue
                while len(rows) <= line:
                    rows.append([])
                rows[line] += [""] * (column + 1 - len(rows[line]))
                if not rows[line][column].strip():
                    rows[line][column] = text if text.startswith("=") else f"={text}"
    finally:
        book.close()


def write_xlsx(rows: Sequence[Sequence[str]], title: str) -> bytes:
    """Rows of text as a workbook of one sheet, all cells formatted as text so that dates stay as written."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Any = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for column in range(1, max(len(row) for row in rows) + 1):
        letter = get_column_letter(column)
        longest = max((len(row[column - 1].encode("gb18030")) for row in rows if len(row) >= column), default=8)
        sheet.column_dimensions[letter].width = min(max(longest + 2, 8), 40)
        for line in range(1, 201):
            sheet.cell(line, column).number_format = "@"
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
