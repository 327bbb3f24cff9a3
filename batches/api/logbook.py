"""The API of the logbook: materials, batches, ledger and diary entries, photos."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from django.http import HttpRequest
from django.utils.translation import get_language
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field, StrictFloat, StrictInt

from batches.entries import DiaryInput, LedgerInput
from batches.logbook_rules import next_states
from batches.materials import Material, Measured, materials, sources
from batches.models import Batch, DiaryEntry, LedgerEntry
from batches.selectors.logbook import (
    Masses,
    batch_masses,
    masses_of,
    visible_batch,
    visible_batches,
    visible_diary,
    visible_ledger,
)
from batches.services.entries import Receipt, store_diary_entries, store_ledger_entries
from batches.services.logbook import add_photo, change_batch_state, open_batch
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.schemas import FaultOut, TextOut
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.auth import actor, signed_in
from sites.selectors import site_with_code

router = Router()
MAX_ENTRIES = 1000
Written = Annotated[str, Field(max_length=2000)]
Number = Annotated[str, Field(max_length=60)] | StrictInt | StrictFloat


class MeasuredOut(Schema):
    value: str
    source: str = Field(description="title of the source")
    confidence: str = Field(description="A primary text, B secondary, B- weak, C from memory")


class MaterialOut(Schema):
    """One material: what it is called, whether it was waste, and its typical values."""

    code: str
    name: TextOut
    aliases: list[str]
    is_waste: bool
    waste_class: str | None = Field(description="class of the methane method; null claims no methane")
    bulk_density_kg_per_l: MeasuredOut
    moisture_percent: MeasuredOut
    c_to_n: MeasuredOut | None
    note: TextOut | None


class MassesOut(Schema):
    """Kilograms as exact texts."""

    intake_kg: str
    removal_kg: str
    transfer_in_kg: str
    transfer_out_kg: str
    harvest_kg: str
    residue_kg: str = Field(description="left after composting and went to disposal")
    remaining_kg: str = Field(description="in less out; negative where more came out than went in")
    excess_kg: str = Field(description="how much more came out than went in; blocks the month until explained")


class BatchOut(Schema):
    id: uuid.UUID
    site: str
    code: str
    process: str
    state: str
    next_states: list[str]
    started_on: dt.date
    finished_on: dt.date | None
    note: str
    masses: MassesOut


class BatchIn(Schema):
    """A new batch. The id is made by the sender, so that a second send opens nothing twice."""

    id: uuid.UUID
    site: str = Field(max_length=60)
    code: str = Field(max_length=60)
    started_on: dt.date
    process: str = Field("", max_length=40)
    note: str = Field("", max_length=2000)


class BatchChange(Schema):
    state: Literal["open", "composting", "curing", "finished", "abandoned"]
    on: dt.date | None = Field(None, description="day it was finished or given up; today by default")


class LedgerIn(Schema):
    """One ledger entry as written; every text is read as a person would write it."""

    id: Written
    site: Written
    batch: Written = Field(description="code or id")
    kind: Written = Field(description="intake, removal, transfer, harvest, residue, or a word for it")
    material: Written = ""
    value: Number
    unit: Written
    measured: Written = ""
    occurred_on: Written = Field(description="day (2026-03-05) or month (2026-03)")
    to_batch: Written = ""
    unit_mass_kg: Number = Field("", description="kg per litre, or per container")
    note: Written = ""
    supersedes: Written = Field("", description="id of the entry that this one corrects")
    reason: Written = ""


class DiaryIn(Schema):
    """One diary entry as written. A time without a zone is the site's local time."""

    id: Written
    site: Written
    batch: Written
    kind: Written
    observed_at: Written
    value: Number = ""
    unit: Written = ""
    point: Written = ""
    depth_cm: Number = ""
    note: Written = ""
    photo: Written = Field("", description="id of a photo sent before")
    supersedes: Written = ""
    reason: Written = ""


class LedgerList(Schema):
    entries: list[LedgerIn] = Field(min_length=1, max_length=MAX_ENTRIES)


class DiaryList(Schema):
    entries: list[DiaryIn] = Field(min_length=1, max_length=MAX_ENTRIES)


class ReceiptOut(Schema):
    """What became of one entry. `differs`: another content is stored under this id. `retry`: send it again."""

    id: str
    outcome: Literal["stored", "already_stored", "differs", "invalid", "retry"]
    faults: list[FaultOut]


class ReceiptList(Schema):
    receipts: list[ReceiptOut] = Field(description="one for each entry, in the order sent")


class LedgerOut(Schema):
    id: uuid.UUID
    site: str
    batch: uuid.UUID
    to_batch: uuid.UUID | None
    kind: str
    material: str
    mass_kg: str = Field(description="exact")
    measured: str
    entered_value: str
    entered_unit: str
    unit_mass_kg: str | None
    occurred_on: dt.date
    month_only: bool
    month: str
    note: str
    supersedes: uuid.UUID | None
    reason: str
    recorded_at: dt.datetime


class DiaryOut(Schema):
    id: uuid.UUID
    site: str
    batch: uuid.UUID
    kind: str
    observed_at: dt.datetime
    value: float | None
    point: str
    depth_cm: int | None
    photo: uuid.UUID | None
    note: str
    supersedes: uuid.UUID | None
    reason: str
    recorded_at: dt.datetime


class PhotoOut(Schema):
    id: uuid.UUID
    sha256: str
    outcome: Literal["stored", "already_stored"]


class BatchFilter(Schema):
    site: str | None = Field(None, max_length=60)
    state: str | None = Field(None, max_length=20)


class EntryFilter(Schema):
    site: str | None = Field(None, max_length=60)
    batch: uuid.UUID | None = None
    kind: str | None = Field(None, max_length=20)
    month: str | None = Field(None, pattern=r"^\d{4}-\d{2}$", description="YYYY-MM (ledger only)")
    current: bool = Field(False, description="leave out what was superseded")


@router.get("/materials", response=list[MaterialOut], auth=None, operation_id="list_materials", summary="Materials")
def list_materials(request: HttpRequest) -> list[MaterialOut]:
    """Every material that the ledger knows, with the source of each value."""
    return [_material(code, material) for code, material in materials().items()]


@router.get(
    "/batches", response=Page[BatchOut], auth=signed_in("read"), operation_id="list_batches", summary="Own batches"
)
def list_batches(request: HttpRequest, page: Query[PageQuery], only: Query[BatchFilter]) -> dict[str, object]:
    """The batches that you may read, newest first."""
    queryset = visible_batches(actor(request))
    if only.site is not None:
        queryset = queryset.filter(site__code=only.site)
    if only.state is not None:
        queryset = queryset.filter(state=only.state)
    rows, following = paginate(queryset, ("-started_on", "id"), page.cursor, page.limit)
    masses = masses_of(rows)
    return {"items": [_batch(batch, masses[batch.pk]) for batch in rows], "next": following}


@router.post(
    "/batches", response={201: BatchOut}, auth=signed_in("record"), operation_id="open_batch", summary="Open a batch"
)
def create_batch(request: HttpRequest, body: BatchIn) -> Status[BatchOut]:
    """Open a batch at a site. Sending it again under the same id answers with the batch that is there."""
    who = actor(request)
    site = site_with_code(body.site)
    batch = open_batch(
        actor=who,
        site=site,
        code=body.code,
        started_on=body.started_on,
        process=body.process,
        id=body.id,
        note=body.note,
    )
    return Status(201, _batch(batch, batch_masses(batch)))


@router.get(
    "/batches/{uuid:id}", response=BatchOut, auth=signed_in("read"), operation_id="read_batch", summary="One batch"
)
def read_batch(request: HttpRequest, id: uuid.UUID) -> BatchOut:
    """A batch with its mass balance."""
    batch = visible_batch(actor(request), id)
    return _batch(batch, batch_masses(batch))


@router.patch(
    "/batches/{uuid:id}",
    response=BatchOut,
    auth=signed_in("record"),
    operation_id="change_batch_state",
    summary="Change a batch's state",
)
def change_batch(request: HttpRequest, id: uuid.UUID, body: BatchChange) -> BatchOut:
    """Move a batch to one of its `next_states`."""
    who = actor(request)
    batch = change_batch_state(actor=who, batch=visible_batch(who, id), state=body.state, on=body.on)
    return _batch(batch, batch_masses(batch))


@router.get(
    "/ledger-entries",
    response=Page[LedgerOut],
    auth=signed_in("read"),
    operation_id="list_ledger_entries",
    summary="Ledger entries",
)
def list_ledger(request: HttpRequest, page: Query[PageQuery], only: Query[EntryFilter]) -> dict[str, object]:
    """Ledger entries that you may read, last recorded first; superseded ones included unless `current`."""
    queryset = visible_ledger(actor(request))
    if only.month is not None:
        try:
            queryset = queryset.filter(month=parse_month(only.month))
        except ValueError as error:
            raise Problem("invalid_request", errors=[_month_fault(only.month)]) from error
    queryset = _filtered(queryset, only)
    rows, following = paginate(queryset, ("-recorded_at", "id"), page.cursor, page.limit)
    return {"items": [_ledger(entry) for entry in rows], "next": following}


@router.post(
    "/ledger-entries",
    response=ReceiptList,
    auth=signed_in("record"),
    operation_id="store_ledger_entries",
    summary="Store ledger entries",
)
def post_ledger(request: HttpRequest, body: LedgerList) -> ReceiptList:
    """Store 1 to 1000 entries. Each has its own receipt: one that is invalid never holds up the others."""
    inputs = [LedgerInput(**texts_of(entry)) for entry in body.entries]
    return receipts_out(store_ledger_entries(actor=actor(request), inputs=inputs))


@router.get(
    "/diary-entries",
    response=Page[DiaryOut],
    auth=signed_in("read"),
    operation_id="list_diary_entries",
    summary="Diary entries",
)
def list_diary(request: HttpRequest, page: Query[PageQuery], only: Query[EntryFilter]) -> dict[str, object]:
    """Diary entries that you may read, last recorded first."""
    queryset = _filtered(visible_diary(actor(request)), only)
    rows, following = paginate(queryset, ("-recorded_at", "id"), page.cursor, page.limit)
    return {"items": [_diary(entry) for entry in rows], "next": following}


@router.post(
    "/diary-entries",
    response=ReceiptList,
    auth=signed_in("record"),
    operation_id="store_diary_entries",
    summary="Store diary entries",
)
def post_diary(request: HttpRequest, body: DiaryList) -> ReceiptList:
    """Store 1 to 1000 entries of the diary, with a receipt each."""
    inputs = [DiaryInput(**texts_of(entry)) for entry in body.entries]
    return receipts_out(store_diary_entries(actor=actor(request), inputs=inputs))


class PhotoIn(Schema):
    id: uuid.UUID
    site: str = Field(max_length=60)
    sha256: str = Field("", max_length=64, description="of the file; a picture that arrives otherwise is refused")


@router.post("/photos", response=PhotoOut, auth=signed_in("record"), operation_id="add_photo", summary="Send a photo")
def post_photo(request: HttpRequest, form: Form[PhotoIn], file: File[UploadedFile]) -> PhotoOut:
    """Send a picture (JPEG, PNG, WebP). Then name its id as `photo` of a diary entry."""
    who = actor(request)
    photo, new = add_photo(
        actor=who, site=site_with_code(form.site), id=form.id, content=file.read(), checksum=form.sha256 or None
    )
    return PhotoOut(id=photo.pk, sha256=photo.sha256, outcome="stored" if new else "already_stored")


def _month_fault(text: str) -> Fault:
    return Fault(Message("month_unreadable", {"value": text}), field="query.month", value=text)


def _filtered(queryset, only: EntryFilter):  # type: ignore[no-untyped-def]
    if only.site is not None:
        queryset = queryset.filter(site__code=only.site)
    if only.batch is not None:
        queryset = queryset.filter(batch=only.batch)
    if only.kind is not None:
        queryset = queryset.filter(kind=only.kind)
    if only.current:
        queryset = queryset.filter(superseded_by__isnull=True)
    return queryset


def texts_of(entry: Schema) -> dict[str, str]:
    """Every field as the text that was written; a JSON number by its shortest text."""
    return {name: value if isinstance(value, str) else repr(value) for name, value in entry.model_dump().items()}


def receipts_out(receipts: list[Receipt]) -> ReceiptList:
    language = get_language() or "zh-hans"
    return ReceiptList(
        receipts=[
            ReceiptOut(
                id=str(receipt.id),
                outcome=receipt.outcome,
                faults=[FaultOut(**fault.as_json(language)) for fault in receipt.faults],
            )
            for receipt in receipts
        ]
    )


def _measured(measured: Measured) -> MeasuredOut:
    return MeasuredOut(
        value=str(measured.value), source=sources()[measured.source].title, confidence=measured.confidence
    )


def _material(code: str, material: Material) -> MaterialOut:
    return MaterialOut(
        code=code,
        name=TextOut(zh=material.name.zh, en=material.name.en),
        aliases=list(material.aliases),
        is_waste=material.is_waste,
        waste_class=material.waste_class,
        bulk_density_kg_per_l=_measured(material.bulk_density_kg_per_l),
        moisture_percent=_measured(material.moisture_percent),
        c_to_n=_measured(material.c_to_n) if material.c_to_n else None,
        note=TextOut(zh=material.note.zh, en=material.note.en) if material.note else None,
    )


def _batch(batch: Batch, masses: Masses) -> BatchOut:
    return BatchOut(
        id=batch.pk,
        site=batch.site.code,
        code=batch.code,
        process=batch.process,
        state=batch.state,
        next_states=list(next_states(batch.state)),
        started_on=batch.started_on,
        finished_on=batch.finished_on,
        note=batch.note,
        masses=MassesOut(
            intake_kg=kg_text(masses.intake),
            removal_kg=kg_text(masses.removal),
            transfer_in_kg=kg_text(masses.transfer_in),
            transfer_out_kg=kg_text(masses.transfer_out),
            harvest_kg=kg_text(masses.harvest),
            residue_kg=kg_text(masses.residue),
            remaining_kg=kg_text(masses.remaining),
            excess_kg=kg_text(masses.excess),
        ),
    )


def _ledger(entry: LedgerEntry) -> LedgerOut:
    return LedgerOut(
        id=entry.pk,
        site=entry.site.code,
        batch=entry.batch_id,
        to_batch=entry.to_batch_id,
        kind=entry.kind,
        material=entry.material,
        mass_kg=kg_text(entry.mass_mg),
        measured=entry.measured,
        entered_value=entry.entered_value,
        entered_unit=entry.entered_unit,
        unit_mass_kg=None if entry.unit_mass_kg is None else f"{entry.unit_mass_kg.normalize():f}",
        occurred_on=entry.occurred_on,
        month_only=entry.month_only,
        month=month_text(entry.month),
        note=entry.note,
        supersedes=entry.supersedes_id,
        reason=entry.reason,
        recorded_at=entry.recorded_at,
    )


def _diary(entry: DiaryEntry) -> DiaryOut:
    return DiaryOut(
        id=entry.pk,
        site=entry.site.code,
        batch=entry.batch_id,
        kind=entry.kind,
        observed_at=entry.observed_at,
        value=entry.value,
        point=entry.point,
        depth_cm=entry.depth_cm,
        photo=entry.photo_id,
        note=entry.note,
        supersedes=entry.supersedes_id,
        reason=entry.reason,
        recorded_at=entry.recorded_at,
    )
