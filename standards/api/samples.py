"""Samples and lab reports."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from batches.selectors.logbook import visible_batch
from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor, signed_in
from sites.models import Organisation
from standards.models import LabReport, Sample
from standards.selectors import latest_verdicts, sample_for_report, visible_report, visible_reports, visible_samples
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample

router = Router()


class SampleIn(Schema):
    id: uuid.UUID = Field(description="made by the sender, so that a second send registers nothing twice")
    batch: uuid.UUID
    code: str = Field(max_length=60, description="on the label; unique in the network")
    taken_on: dt.date
    taken_by: str = Field("", max_length=100)
    sub_samples: int | None = Field(None, ge=1, le=1000)


class SampleOut(Schema):
    id: uuid.UUID
    batch: uuid.UUID
    site: str
    code: str
    taken_on: dt.date
    taken_by: str
    sub_samples: int | None
    reports: list[uuid.UUID]


class VerdictOut(Schema):
    standard: str
    edition: str
    checker_version: str
    verdict: str
    provisional: bool


class LabReportIn(Schema):
    sample: str = Field(min_length=1, max_length=60, description="id of the sample, or the code on its label")
    lab: str = Field("", max_length=60, description="code of the laboratory")
    number: str = Field("", max_length=100)
    reported_on: dt.date | None = None


class LabReportOut(Schema):
    id: uuid.UUID
    sample: uuid.UUID
    sample_code: str
    lab: str | None
    number: str
    reported_on: dt.date | None
    state: str
    sha256: str
    lines: int
    verdicts: list[VerdictOut] = Field(description="frozen when the report was confirmed; empty before")


def _sample(sample: Sample) -> SampleOut:
    return SampleOut(
        id=sample.pk,
        batch=sample.batch_id,
        site=sample.batch.site.code,
        code=sample.code,
        taken_on=sample.taken_on,
        taken_by=sample.taken_by,
        sub_samples=sample.sub_samples,
        reports=[report.pk for report in sample.reports.all()],
    )


@router.get(
    "/samples", response=Page[SampleOut], auth=signed_in("read"), operation_id="list_samples", summary="Own samples"
)
def list_samples(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """The samples that you may read, newest first."""
    rows, after = paginate(visible_samples(actor(request)), ("-created_at", "id"), page.cursor, page.limit)
    return {"items": [_sample(row) for row in rows], "next": after}


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
        id=body.id,
    )
    return Status(201, _sample(sample))


def _report(report: LabReport) -> LabReportOut:
    return LabReportOut(
        id=report.pk,
        sample=report.sample_id,
        sample_code=report.sample.code,
        lab=report.lab.code if report.lab else None,
        number=report.number,
        reported_on=report.reported_on,
        state=report.state,
        sha256=report.sha256,
        lines=len(report.results.all()),
        verdicts=[
            VerdictOut(
                standard=one.standard,
                edition=one.edition,
                checker_version=one.checker_version,
                verdict=one.verdict,
                provisional=one.provisional,
            )
            for one in latest_verdicts(report)
        ],
    )


@router.get(
    "/lab-reports",
    response=Page[LabReportOut],
    auth=signed_in("read"),
    operation_id="list_lab_reports",
    summary="Own lab reports",
)
def list_lab_reports(request: HttpRequest, page: Query[PageQuery]) -> dict[str, Any]:
    """The lab reports that you may read, newest first."""
    rows, after = paginate(visible_reports(actor(request)), ("-created_at", "id"), page.cursor, page.limit)
    return {"items": [_report(row) for row in rows], "next": after}


@router.post(
    "/lab-reports",
    response={201: LabReportOut},
    auth=signed_in("lab"),
    operation_id="hand_in_lab_report",
    summary="Hand in a lab report",
)
def post_lab_report(request: HttpRequest, form: Form[LabReportIn], file: File[UploadedFile]) -> Status[LabReportOut]:
    """A lab sheet for one sample. The same file again answers with the report that is there."""
    who = actor(request)
    lab = None
    if form.lab:
        lab = Organisation.objects.filter(code=form.lab, kind=Organisation.Kind.LAB).first()
        if lab is None:
            raise Problem("not_found", what=Message("thing_lab"))
    report = hand_in_lab_report(
        actor=who,
        sample=sample_for_report(form.sample),
        data=file.read(),
        file_name=file.name or "",
        lab=lab,
        number=form.number,
        reported_on=form.reported_on,
    )
    return Status(201, _report(report))


@router.get(
    "/lab-reports/{uuid:id}",
    response=LabReportOut,
    auth=signed_in("read"),
    operation_id="read_lab_report",
    summary="One lab report",
)
def read_lab_report(request: HttpRequest, id: uuid.UUID) -> LabReportOut:
    """A lab report with its frozen verdicts."""
    return _report(visible_report(actor(request), id))


@router.post(
    "/lab-reports/{uuid:id}/confirm",
    response=LabReportOut,
    auth=signed_in("lab"),
    operation_id="confirm_lab_report",
    summary="Confirm a lab report",
)
def post_confirmation(request: HttpRequest, id: uuid.UUID) -> LabReportOut:
    """A second person confirms a report: its verdicts are frozen with edition and checker version."""
    who = actor(request)
    confirm_lab_report(actor=who, report=visible_report(who, id))
    return _report(visible_report(who, id))
