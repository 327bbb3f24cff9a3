"""Lab sheets of any usual shape, CSV or XLSX, Chinese or English: bytes in, result lines out, or a `Problem`.

Long, wide, across and form sheets are told apart by evidence (`lab_shapes`); title lines above, footers below
and columns of limits and verdicts are not results. What was left out is told (`LabFile.ignored`), never lost silently.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from batches.sheets import Grid, read_grid
from compostnet.shared.problems import Problem
from standards.reading.lab_shapes import (
    Found,
    Sheet,
    columns_of,
    find_long,
    find_wide,
    label_columns,
    particulars_of,
    read_labels,
    read_long,
    read_wide,
    samples_below,
)
from standards.reading.lab_words import lab_words
from standards.reading.readings import Line

MAX_SHEET_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
"""Limits of what comes over the network, far above any lab's sheet: 5 MiB and 20,000 results."""
MAX_MERGED = 50_000
MAX_SHEETS = 30


@dataclass(frozen=True, slots=True)
class LabFile:
    """What a lab's file holds.

    ``meta``: particulars of the report by kind (``sample``, ``number``, ``sampled_on``, ``reported_on``, ``lab``), as
    written. ``shape``: long, wide, across or form. ``ignored``: lines of the file that are no results, with their text.
    ``columns``: heads of the columns that are none (a standard's limits, the lab's own verdicts).
    """

    lines: list[Line]
    meta: dict[str, str] = field(default_factory=dict)
    shape: str = "long"
    ignored: tuple[tuple[int, str], ...] = ()
    columns: tuple[str, ...] = ()


def read_lab_sheet(
    data: bytes, file_name: str, *, max_bytes: int = MAX_SHEET_BYTES, max_lines: int = MAX_LINES
) -> list[Line]:
    """Every result line of a lab's sheet; see `read_lab_file`."""
    return read_lab_file(data, file_name, max_bytes=max_bytes, max_lines=max_lines).lines


def read_lab_file(
    data: bytes, file_name: str, *, max_bytes: int = MAX_SHEET_BYTES, max_lines: int = MAX_LINES
) -> LabFile:
    """The results of a file, with the particulars of its report.

    Raises the problems of `batches.sheets.read_grid`, ``sheet_ragged``, ``sheet_header_twice``, ``lab_sheet_columns``
    (no shape understood), ``lab_sheet_which_column``, ``lab_sheet_rows`` (no results) and
    ``lab_report_too_many_lines``. A sheet without a sample column is one sample, named by the report's particulars or
    ``1``; an empty sample cell belongs to the sample above it. Of a workbook every sheet with results is read.
    """
    grid = read_grid(data, file_name, max_bytes=max_bytes)
    names = grid.sheets[:MAX_SHEETS] or ("",)
    files: list[LabFile] = []
    refused: list[Problem] = []
    for name in names:
        if name and name != grid.sheet:
            grid = read_grid(data, file_name, sheet=name, max_bytes=max_bytes)
        try:
            files.append(_read_sheet(_sheet(grid), file_name, name if len(names) > 1 else ""))
        except Problem as problem:
            refused.append(problem)
    if not files:
        raise next((one for one in refused if one.code not in ("lab_sheet_columns", "sheet_empty")), refused[0])
    if serious := [one for one in refused if one.code in ("sheet_header_twice", "lab_sheet_which_column")]:
        raise serious[0]
    lines = [line for file in files for line in file.lines]
    if len(lines) > max_lines:
        raise Problem("lab_report_too_many_lines", limit=max_lines, found=len(lines))
    meta = {kind: text for file in reversed(files) for kind, text in file.meta.items()}
    columns = dict.fromkeys(one for file in files for one in file.columns)
    return LabFile(lines, meta, files[0].shape, tuple(one for file in files for one in file.ignored), tuple(columns))


def _sheet(grid: Grid) -> Sheet:
    merged: dict[tuple[int, int], str] = {}
    if grid.merged:
        from openpyxl.utils import range_boundaries  # slow to load, and few files have merged cells
    for _, _, text in grid.merged:
        left, top, right, bottom = (int(one or 1) - 1 for one in range_boundaries(text))
        if top >= len(grid.rows) or left >= len(grid.rows[top]) or (right - left + 1) * (bottom - top + 1) > 5000:
            continue
        value = " ".join(grid.rows[top][left].split())
        merged.update(((row, column), value) for row in range(top, bottom + 1) for column in range(left, right + 1))
        if len(merged) > MAX_MERGED:
            break
    return Sheet(grid.rows, grid.lines, grid.sheet, bool(grid.delimiter), merged)


def _read_sheet(sheet: Sheet, file_name: str, default: str) -> LabFile:
    if not any(sheet.filled(row) for row in range(len(sheet.rows))):
        raise Problem("sheet_empty", name=file_name)
    meta = _particulars(sheet)
    sample = meta.get("sample", "") or default
    found = _understood(sheet, sample)
    if found is None and _is_header_only(sheet):
        raise Problem("lab_sheet_rows", name=file_name)
    if found is None:
        raise _not_understood(sheet)
    if not found.lines:
        raise Problem("lab_sheet_rows", name=file_name)
    first = min(found.used, default=0)
    above = [(sheet.lines[row], _text(sheet, row)) for row in range(first) if sheet.filled(row)]
    return LabFile(found.lines, meta, found.shape, (*above, *found.ignored), _columns_left_out(sheet, found))


def _columns_left_out(sheet: Sheet, found: Found) -> tuple[str, ...]:
    """The heads of a long sheet's columns of limits and verdicts, as written."""
    long = find_long(sheet) if found.shape == "long" else None
    if long is None:
        return ()
    kinds = ("limits", "verdicts")
    return tuple(sheet.under(long.row, column) for column, head in long.heads.items() if head.kind in kinds)


def _understood(sheet: Sheet, sample: str) -> Found | None:
    """The reading of the shape for which there is most evidence; None where there is none."""
    long = find_long(sheet)
    if long is not None and not samples_below(sheet, long):
        return read_long(sheet, long, sample)
    if long is None and (wide := find_wide(sheet)):
        return read_wide(sheet, *wide, sample)
    labels = label_columns(sheet)
    return read_labels(sheet, labels, sample) if labels else None


def _is_header_only(sheet: Sheet) -> bool:
    """Whether all there is are the heads of a long sheet."""
    rows = [row for row in range(len(sheet.rows)) if sheet.filled(row)]
    return len(rows) == 1 and columns_of(sheet, rows[0]).is_long


def _text(sheet: Sheet, row: int) -> str:
    return " | ".join(sheet.cell(row, column) for column in sheet.filled(row))[:300]


def _not_understood(sheet: Sheet) -> Problem:
    first = next((row for row in range(len(sheet.rows)) if sheet.filled(row)), 0)
    best = max(range(first, min(first + 20, len(sheet.rows))), key=lambda row: (len(sheet.filled(row)), -row))
    seen = [sheet.cell(best, column)[:30] for column in sheet.filled(best)[:8]]
    words = lab_words().fields
    missing = [f"{words[kind][zh]} ({words[kind][0]})" for kind, zh in (("indicator", 1), ("value", 1))]
    return Problem("lab_sheet_columns", missing=missing, seen=seen, line=sheet.lines[best])


def _particulars(sheet: Sheet) -> dict[str, str]:
    """Particulars of the report from the first 200 lines; of two labels for one thing the more exact one."""
    best: dict[str, tuple[int, str]] = {}
    for row in range(min(len(sheet.rows), 200)):
        for kind, rank, text in particulars_of(sheet, row):
            if kind != "other" and text and (kind not in best or rank < best[kind][0]):
                best[kind] = (rank, text[:200])
    return {kind: text for kind, (_, text) in best.items()}


def read_pasted(text: str) -> list[Line]:
    """The results of text pasted into a page (commas, semicolons or tabs between the columns)."""
    return read_pasted_file(text).lines


def read_pasted_file(text: str) -> LabFile:
    """Text pasted into a page, with the particulars of its report."""
    return read_lab_file(text.encode("utf-8"), "pasted.csv")
