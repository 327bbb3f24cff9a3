"""Testing on request: asked by a site, decided by the desk, sampled by the site."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from batches.selectors.logbook import visible_batch
from compostnet.shared.paging import Page, PageQuery, paginate
from sites.auth import actor, signed_in
from standards.api.reports import lab_with_code
from standards.api.samples import SampleOut, TakenIn, sample_out
from standards.models import TestRequest
from standards.selectors import visible_samples
from standards.selectors.requests import timeline, visible_test_request, visible_test_requests
from standards.services import ask_for_test, cancel_test_request, decide_test_request, take_requested_sample

router = Router()


class TestRequestIn(Schema):
    id: uuid.UUID = Field(description="made by the sender, so that a second send asks for nothing twice")
    batch: uuid.UUID
    standard: str = Field(min_length=1, max_length=40, description="whose limits and sampling protocol are followed")
    note: str = Field("", max_length=300)


class DecisionIn(Schema):
    grant: bool
    lab: str = Field("", max_length=60, description="code of the laboratory that will test; needed to grant")
    note: str = Field("", max_length=300, description="needed to refuse: the reason")


class CancelIn(Schema):
    reason: str = Field("", max_length=300)


class StepOut(Schema):
    step: Literal["asked", "granted", "refused", "sampled", "arrived", "reported", "confirmed", "cancelled"]
    at: dt.datetime | None = Field(description="null: not yet")
    organisation: str | None
    note: str


class TestRequestOut(Schema):
    id: uuid.UUID
    site: str
    batch: uuid.UUID
    batch_code: str
    standard: str
    note: str
    state: Literal["asked", "refused", "granted", "sampled", "arrived", "reported", "done", "cancelled"]
    lab: str | None
    label_code: str | None = Field(description="on the label; what the lab writes into its sheet")
    sample: uuid.UUID | None
    asked_at: dt.datetime


class TestRequestWay(TestRequestOut):
    way: list[StepOut] = Field(description="where the sample is: each step with its time")


def _fields(found: TestRequest) -> dict[str, Any]:
    return {
        "id": found.pk,
        "site": found.batch.site.code,
        "batch": found.batch_id,
        "batch_code": found.batch.code,
        "standard": found.standard,
        "note": found.note,
        "state": found.state,
        "lab": found.lab.code if found.lab else None,
        "label_code": found.label_code,
        "sample": found.sample_id,
        "asked_at": found.asked_at,
    }


def _way(found: TestRequest) -> TestRequestWay:
    steps = [
        StepOut(
            step=step.code,  # type: ignore[arg-type]
            at=step.at,
            organisation=step.organisation.code if step.organisation else None,
            note=step.note,
        )
        for step in timeline(found)
    ]
    return TestRequestWay(**_fields(found), way=steps)


@router.get(
    "/test-requests",
    response=Page[TestRequestOut],
    auth=signed_in("read"),
    operation_id="list_test_requests",
    summary="Own test requests",
)
def list_test_requests(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """The test requests that you may read, newest first: of your sites, or granted to your lab."""
    rows, after = paginate(visible_test_requests(actor(request)), ("-asked_at", "id"), page.cursor, page.limit)
    return {"items": [TestRequestOut(**_fields(row)) for row in rows], "next": after}


@router.post(
    "/test-requests",
    response={201: TestRequestWay},
    auth=signed_in("lab"),
    operation_id="ask_for_test",
    summary="Ask for a test",
)
def post_test_request(request: HttpRequest, body: TestRequestIn) -> Status[TestRequestWay]:
    """An active site asks for a test of a batch. The same id again answers with the request that is there."""
    who = actor(request)
    batch = visible_batch(who, body.batch)
    found = ask_for_test(actor=who, batch=batch, standard=body.standard, note=body.note, id=body.id)
    return Status(201, _way(visible_test_request(who, found.pk)))


@router.get(
    "/test-requests/{uuid:id}",
    response=TestRequestWay,
    auth=signed_in("read"),
    operation_id="read_test_request",
    summary="One test request",
)
def read_test_request(request: HttpRequest, id: uuid.UUID) -> TestRequestWay:
    """A test request with the way of its sample."""
    return _way(visible_test_request(actor(request), id))


@router.post(
    "/test-requests/{uuid:id}/decide",
    response=TestRequestWay,
    auth=signed_in("desk"),
    operation_id="decide_test_request",
    summary="Grant or refuse a test",
)
def post_decision(request: HttpRequest, id: uuid.UUID, body: DecisionIn) -> TestRequestWay:
    """The desk grants a request (and chooses the lab) or refuses it with a reason."""
    who = actor(request)
    found = visible_test_request(who, id)
    lab = lab_with_code(body.lab) if body.grant and body.lab else None
    decide_test_request(actor=who, request=found, grant=body.grant, lab=lab, note=body.note)
    return _way(visible_test_request(who, id))


@router.post(
    "/test-requests/{uuid:id}/sample",
    response={201: SampleOut},
    auth=signed_in("lab"),
    operation_id="take_requested_sample",
    summary="The sample was taken",
)
def post_requested_sample(request: HttpRequest, id: uuid.UUID, body: TakenIn) -> Status[SampleOut]:
    """Register the sample of a granted request under its label's code. The same id again changes nothing."""
    who = actor(request)
    sample = take_requested_sample(
        actor=who,
        request=visible_test_request(who, id),
        taken_on=body.taken_on,
        taken_by=body.taken_by,
        sub_samples=body.sub_samples,
        mass_kg=body.mass_kg,
        facts=body.facts,
        id=body.id,
    )
    return Status(201, sample_out(visible_samples(who).get(pk=sample.pk)))


@router.post(
    "/test-requests/{uuid:id}/cancel",
    response=TestRequestWay,
    auth=signed_in("lab"),
    operation_id="cancel_test_request",
    summary="Call a test off",
)
def post_cancellation(request: HttpRequest, id: uuid.UUID, body: CancelIn) -> TestRequestWay:
    """The site or the desk calls a test off, as long as the sample has not arrived at the lab."""
    who = actor(request)
    cancel_test_request(actor=who, request=visible_test_request(who, id), reason=body.reason)
    return _way(visible_test_request(who, id))
