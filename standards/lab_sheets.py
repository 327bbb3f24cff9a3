"""Long lab sheets: one result a row (``sample, indicator, value, unit, basis, note``), headers Chinese or English."""

from __future__ import annotations

from batches.sheets import header_key, read_table
from compostnet.shared.problems import Problem
from standards.readings import Line

HEADERS: dict[str, tuple[str, ...]] = {
    "sample": ("sample", "样品", "样品编号", "样品名称", "样号", "编号", "批次", "sample id", "sample name", "batch"),
    "indicator": (
        "indicator",
        "指标",
        "项目",
        "检测项目",
        "检验项目",
        "检测指标",
        "参数",
        "parameter",
        "analyte",
        "test",
    ),
    "value": ("value", "结果", "检测结果", "检验结果", "实测值", "数值", "值", "测定值", "检测值", "result"),
    "unit": ("unit", "units", "单位", "计量单位"),
    "basis": ("basis", "基准", "干湿基", "基", "干基/鲜样", "计算基准", "dry/wet"),
    "note": ("note", "notes", "备注", "说明", "remark", "remarks", "comment", "方法", "method"),
}
NEEDED = ("indicator", "value")
MAX_SHEET_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000
"""Limits of what comes over the network, far above any lab's sheet: 5 MiB and 20,000 results."""
MAX_TEXT = {"sample": 200, "indicator": 200, "value": 200, "unit": 60, "basis": 30, "note": 300}


def read_lab_sheet(
    data: bytes, file_name: str, *, max_bytes: int = MAX_SHEET_BYTES, max_lines: int = MAX_LINES
) -> list[Line]:
    """Every result line of a long sheet; rows without indicator and value are blank and skipped.

    Raises the problems of `batches.sheets.read_table`, ``lab_sheet_columns``, ``lab_sheet_rows`` and
    ``lab_report_too_many_lines``. A sheet without a sample column is one sample; an empty sample cell belongs to the
    sample above it.
    """
    known = {header_key(name): field for field, names in HEADERS.items() for name in names}
    table = read_table(data, file_name, known_headers=tuple(known), max_bytes=max_bytes)
    places: dict[str, int] = {}
    for index, header in enumerate(table.header):
        field = known.get(header_key(header))
        if field and field not in places:
            places[field] = index
    missing = [f"{HEADERS[field][1]} ({field})" for field in NEEDED if field not in places]
    if missing:
        raise Problem("lab_sheet_columns", missing=missing)
    lines: list[Line] = []
    sample = ""
    for row, number in zip(table.rows, table.lines, strict=True):
        cells = {field: row[index].strip()[: MAX_TEXT[field]] for field, index in places.items()}
        sample = cells.get("sample") or sample
        if not cells["indicator"] and not cells["value"]:
            continue
        lines.append(
            Line(
                sample=sample or "1",
                indicator=cells["indicator"],
                value=cells["value"],
                unit=cells.get("unit", ""),
                basis=cells.get("basis", ""),
                note=cells.get("note", ""),
                number=number,
            )
        )
    if not lines:
        raise Problem("lab_sheet_rows", name=file_name)
    if len(lines) > max_lines:
        raise Problem("lab_report_too_many_lines", limit=max_lines, found=len(lines))
    return lines


def read_pasted(text: str) -> list[Line]:
    """The same from text pasted into a page (commas, semicolons or tabs between the columns)."""
    return read_lab_sheet(text.encode("utf-8"), "pasted.csv")
