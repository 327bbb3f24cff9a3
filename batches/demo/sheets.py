"""The demo network's sheets: what its organisations send each month, in the template, as bytes of a file.

Pure. Most sheets are UTF-8 CSV with Chinese headers; some organisations send GB18030, semicolons, English headers or a
workbook, as organisations do.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from openpyxl import Workbook

from batches.demo.network import network_file
from batches.demo.records import SiteRecords
from batches.entries import DiaryInput, LedgerInput
from batches.sheet_layouts import Kind, template
from compostnet.shared.months import month_text

NAMESPACE = uuid.UUID("3b0f0f0e-7a1d-5c54-8f6b-5d0c6f1e2a77")
QUARTER = 3
MONTHLY = 6


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file that an organisation sends."""

    organisation: str
    kind: Kind
    name: str
    data: bytes
    rows: int


def _columns(kind: Kind, language: str) -> dict[str, str]:
    return {name: column.header.in_language(language) for name, column in template().columns(kind).items()}


def write_sheet(rows: Sequence[LedgerInput | DiaryInput], kind: Kind, habit: int) -> tuple[bytes, str]:
    """Bytes and file extension of a sheet; ``habit`` says how its sender writes files."""
    columns = _columns(kind, "en" if habit == 4 else "zh")
    lines = [list(columns.values())]
    lines += [[values.get(name, "") for name in columns] for values in map(asdict, rows)]
    if habit == 6 and len(rows) < 300:
        return _workbook(lines), "xlsx"
    text = io.StringIO()
    csv.writer(text, delimiter=";" if habit == 5 else ",", lineterminator="\r\n").writerows(lines)
    encoding = {3: "gb18030", 5: "utf-8-sig"}.get(habit, "utf-8")
    return text.getvalue().encode(encoding), "csv"


def _workbook(lines: Sequence[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("台账")
    for line in lines:
        sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ledger_sheets(records: Iterable[SiteRecords], months: Sequence[int]) -> Iterator[Sheet]:
    """One sheet an organisation and month, in order of months; what is older than half a year came by quarter."""
    by_site = list(records)
    old = months[:-MONTHLY]
    for start in range(0, len(old), QUARTER):
        part = old[start : start + QUARTER]
        yield from _sheets(by_site, "ledger", part, f"{month_text(part[0])}_{month_text(part[-1])}")
    for month in months[-MONTHLY:]:
        yield from _sheets(by_site, "ledger", [month], month_text(month))


def diary_sheets(records: Iterable[SiteRecords], months: Sequence[int]) -> Iterator[Sheet]:
    """One sheet an organisation and quarter."""
    by_site = list(records)
    for start in range(0, len(months), QUARTER):
        part = list(months[start : start + QUARTER])
        yield from _sheets(by_site, "diary", part, f"{month_text(part[0])}_{month_text(part[-1])}")


def _sheets(records: Sequence[SiteRecords], kind: Kind, months: Sequence[int], when: str) -> Iterator[Sheet]:
    for habit, organisation in enumerate(network_file().organisations):
        own = [one for one in records if one.site.organisation == organisation.code]
        rows: list[LedgerInput | DiaryInput] = []
        for month in months:
            for one in own:
                rows += one.ledger.get(month, []) if kind == "ledger" else one.diary.get(month, [])
        if rows:
            data, extension = write_sheet(rows, kind, habit)
            name = f"{organisation.code}_{kind}_{when}.{extension}"
            yield Sheet(organisation.code, kind, name, data, len(rows))


def faulty_sheet(records: SiteRecords, month: int) -> Sheet:
    """A sheet as it comes in on a bad day: one good row and four that cannot be stored."""
    site, batch, day = records.site.code, month_text(month), f"{month_text(month)}-15"

    def row(number: int, **more: str) -> LedgerInput:
        fields = {
            "id": str(uuid.uuid5(NAMESPACE, f"faulty:{site}:{month}:{number}")),
            "site": site,
            "batch": batch,
            "kind": "进料",
            "material": "落叶",
            "value": "24.5",
            "unit": "kg",
            "measured": "",
            "occurred_on": day,
        }
        return LedgerInput(**{**fields, **more})

    rows: list[LedgerInput | DiaryInput] = [
        row(0),
        row(1, value="36.5kg"),
        row(2, material="厨鱼垃圾"),
        row(3, occurred_on=f"{month_text(month)}-32"),
        row(4, value="-12"),
    ]
    data, extension = write_sheet(rows, "ledger", 0)
    return Sheet(records.site.organisation, "ledger", f"{site}_补记_{batch}.{extension}", data, len(rows))


def fixed_id(purpose: str) -> uuid.UUID:
    """The same id for the same purpose in every run, so that a second run stores nothing twice."""
    return uuid.uuid5(NAMESPACE, purpose)
