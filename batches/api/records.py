"""The API of monthly records: energy, money, people, and where the compost went."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from batches.api.logbook import MAX_ENTRIES, Number, ReceiptList, Written, receipts_out, texts_of
from batches.api.parts import MONTH
from batches.models import MonthlyRecord
from batches.resources import resources, unit_names
from batches.selectors.records import visible_records
from batches.services.records import RecordInput, store_monthly_records
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.schemas import TextOut
from sites.auth import actor, signed_in

router = Router()


class ResourceKindOut(Schema):
    """A kind of monthly record: what it is called, the unit that it is kept in, the units that are accepted."""

    code: str
    category: str
    name: TextOut
    unit: str
    units: list[str]
    maximum: str = Field(description="more than this in one month of one site is refused")


class RecordIn(Schema):
    """One monthly record as written. The id is made by the sender."""

    id: Written
    site: Written = Field(description="code")
    month: Written = Field(description="YYYY-MM")
    kind: Written = Field(description="code of a kind, or a word for it")
    value: Number
    unit: Written = Field("", description="the unit of the kind where left out")
    note: Written = ""
    supersedes: Written = Field("", description="id of the record that this one corrects")
    reason: Written = Field("", description="why it was corrected")


class RecordList(Schema):
    records: list[RecordIn] = Field(min_length=1, max_length=MAX_ENTRIES)


class RecordOut(Schema):
    id: uuid.UUID
    site: str
    month: str
    kind: str
    value: str = Field(description="exact, in the unit of the kind")
    unit: str
    entered_value: str
    entered_unit: str
    note: str
    supersedes: uuid.UUID | None
    reason: str
    recorded_at: dt.datetime


class RecordFilter(Schema):
    site: str | None = Field(None, max_length=60, pattern=r"^[-\w]*$", description="code")
    month: str | None = Field(None, pattern=MONTH, description="YYYY-MM")
    kind: str | None = Field(None, max_length=40, pattern=r"^\w*$")
    current: bool = Field(False, description="leave out what was superseded")


@router.get(
    "/resource-kinds",
    response=list[ResourceKindOut],
    auth=None,
    operation_id="list_resource_kinds",
    summary="Kinds of monthly records",
)
def list_resource_kinds(request: HttpRequest) -> list[dict[str, Any]]:
    """Every kind of monthly record with the units that are accepted."""
    return [
        {
            "code": code,
            "category": kind.category,
            "name": {"zh": kind.name.zh, "en": kind.name.en},
            "unit": kind.unit,
            "units": unit_names(code),
            "maximum": f"{kind.maximum.value:f}",
        }
        for code, kind in resources().kinds.items()
    ]


@router.get(
    "/monthly-records",
    response=Page[RecordOut],
    auth=signed_in("read"),
    operation_id="list_monthly_records",
    summary="Monthly records",
)
def list_monthly_records(request: HttpRequest, page: Query[PageQuery], only: Query[RecordFilter]) -> dict[str, Any]:
    """The monthly records that you may read, last recorded first; superseded ones included unless `current`."""
    rows = visible_records(actor(request))
    if only.site:
        rows = rows.filter(site__code=only.site)
    if only.month:
        rows = rows.filter(month=parse_month(only.month))
    if only.kind:
        rows = rows.filter(kind=only.kind)
    if only.current:
        rows = rows.filter(superseded_by__isnull=True)
    found, following = paginate(rows, ("-recorded_at", "id"), page.cursor, page.limit)
    return {"items": [_record(row) for row in found], "next": following}


def _record(row: MonthlyRecord) -> RecordOut:
    kind = resources().kinds.get(row.kind)
    return RecordOut(
        id=row.pk,
        site=row.site.code,
        month=month_text(row.month),
        kind=row.kind,
        value=f"{row.value.normalize():f}",
        unit=kind.unit if kind else "",
        entered_value=row.entered_value,
        entered_unit=row.entered_unit,
        note=row.note,
        supersedes=row.supersedes_id,
        reason=row.reason,
        recorded_at=row.recorded_at,
    )


@router.post(
    "/monthly-records",
    response=ReceiptList,
    auth=signed_in("record"),
    operation_id="store_monthly_records",
    summary="Store monthly records",
)
def post_monthly_records(request: HttpRequest, body: RecordList) -> ReceiptList:
    """Store 1 to 1000 records. Each has its own receipt: one that is invalid never holds up the others."""
    inputs = [RecordInput(**texts_of(record)) for record in body.records]
    return receipts_out(store_monthly_records(actor=actor(request), inputs=inputs))
