"""Samples: registered by the site, received by the lab."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from batches.selectors.logbook import visible_batch
from compostnet.shared.paging import Page, PageQuery, paginate
from sites.auth import actor, signed_in
from standards.models import Sample
from standards.selectors import visible_samples
from standards.selectors.requests import sample_with_label
from standards.services import mark_arrived, register_sample

router = Router()
Kilograms = Annotated[Decimal, Field(gt=0, lt=10_000)]


class TakenIn(Schema):
    id: uuid.UUID = Field(description="made by the sender, so that a second send registers nothing twice")
    taken_on: dt.date
    taken_by: str = Field("", max_length=100)
    sub_samples: int | None = Field(None, ge=1, le=1000)
    mass_kg: Kilograms | None = None
    facts: dict[str, str] = Field(
        default_factory=dict, description="feedstock, use, packing …: what a standard may ask besides the analysis"
    )


class SampleIn(TakenIn):
    batch: uuid.UUID
    code: str = Field(max_length=60, description="on the label; unique in the network")


class SampleOut(Schema):
    id: uuid.UUID
    batch: uuid.UUID
    site: str
    code: str
    taken_on: dt.date
    taken_by: str
    sub_samples: int | None
    mass_kg: Decimal | None
    facts: dict[str, str]
    arrived_at: dt.datetime | None
    reports: list[uuid.UUID]


class ArrivalOut(Schema):
    code: str
    arrived_at: dt.datetime = Field(description="of the first scan; a later one changes nothing")
    lab: str | None
    before: bool = Field(description="it had arrived already")


def sample_out(sample: Sample) -> SampleOut:
    """A sample as the API tells it."""
    return SampleOut(
        id=sample.pk,
        batch=sample.batch_id,
        site=sample.batch.site.code,
        code=sample.code,
        taken_on=sample.taken_on,
        taken_by=sample.taken_by,
        sub_samples=sample.sub_samples,
        mass_kg=sample.mass_kg,
        facts=sample.facts,
        arrived_at=sample.arrived_at,
        reports=[report.pk for report in sample.reports.all()],
    )


@router.get(
    "/samples", response=Page[SampleOut], auth=signed_in("read"), operation_id="list_samples", summary="Own samples"
)
def list_samples(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """The samples that you may read, newest first."""
    rows, after = paginate(visible_samples(actor(request)), ("-created_at", "id"), page.cursor, page.limit)
    return {"items": [sample_out(row) for row in rows], "next": after}


@router.post(
    "/samples",
    response={201: SampleOut},
    auth=signed_in("lab"),
    operation_id="register_sample",
    summary="Register a sample",
)
def post_sample(request: HttpRequest, body: SampleIn) -> Status[SampleOut]:
    """Register what was taken from a batch. The same id again answers with the sample that is there."""
    who = actor(request)
    sample = register_sample(
        actor=who,
        batch=visible_batch(who, body.batch),
        code=body.code,
        taken_on=body.taken_on,
        taken_by=body.taken_by,
        sub_samples=body.sub_samples,
        mass_kg=body.mass_kg,
        facts=body.facts,
        id=body.id,
    )
    return Status(201, sample_out(sample))


@router.post(
    "/samples/{code}/arrival",
    response=ArrivalOut,
    auth=signed_in("lab"),
    operation_id="mark_arrived",
    summary="A sample has arrived at the lab",
)
def post_arrival(request: HttpRequest, code: str) -> ArrivalOut:
    """The lab has the sample in its hands. Safe to repeat: ``before`` says that it had arrived already."""
    sample = sample_with_label(code)
    before = sample.arrived_at is not None
    found = mark_arrived(actor=actor(request), sample=sample)
    assert found.arrived_at is not None
    lab = found.arrived_lab.code if found.arrived_lab else None
    return ArrivalOut(code=found.code, arrived_at=found.arrived_at, lab=lab, before=before)
