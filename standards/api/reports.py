"""Lab reports: handed in one by one or as a sheet, with their PDF; confirmed, withdrawn, published."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from compostnet.shared.schemas import FaultOut
from compostnet.shared.texts import Message
from compostnet.shell.answers import language
from sites.auth import actor, signed_in
from sites.models import Organisation
from sites.permissions import Actor
from standards.models import LabReport
from standards.selectors import is_later, latest_verdicts, sample_for_report, visible_report, visible_reports
from standards.selectors.requests import sample_with_label
from standards.services import (
    attach_report_pdf,
    confirm_lab_report,
    hand_in_lab_report,
    hand_in_lab_sheet,
    publish_lab_report,
    unpublish_lab_report,
    withdraw_lab_report,
)
from standards.services.samples import labs_of

router = Router()


class VerdictOut(Schema):
    standard: str
    edition: str
    as_of: dt.date | None = Field(description="the day whose editions and dated limits counted")
    is_later: bool = Field(description="by what the standard asked only after the report")
    kept_at: dt.datetime
    library_sha256: str = Field(description="of the standard's file that was used")
    checker_version: str
    verdict: str
    provisional: bool


class SheetIn(Schema):
    lab: str = Field("", max_length=60, description="code of the laboratory; your own where it is left out")
    number: str = Field("", max_length=100, description="the lab's number of the report")
    reported_on: dt.date | None = None


class SheetsIn(SheetIn):
    sample: str = Field(
        "", max_length=60, description="code of the label, only where the sheet itself does not name its sample"
    )


class LabReportIn(SheetIn):
    sample: str = Field(min_length=1, max_length=60, description="id of the sample, or the code on its label")
    lab: str = Field("", max_length=60, description="code of the laboratory")


class ReasonIn(Schema):
    reason: str = Field(min_length=1, max_length=300)


class LabReportOut(Schema):
    id: uuid.UUID
    sample: uuid.UUID
    sample_code: str
    lab: str | None
    by_lab: bool = Field(description="handed in by the lab itself, not by the site on its behalf")
    number: str
    reported_on: dt.date | None
    state: str
    sha256: str
    attachment_sha256: str = Field(description="of the signed PDF; empty where none is attached")
    lines: int
    withdrawn_reason: str
    public_code: str | None = Field(description="its code in public; kept for ever once given")
    is_published: bool
    verdicts: list[VerdictOut] = Field(description="frozen when the report was confirmed; empty before")


class SheetOut(Schema):
    reports: list[LabReportOut] = Field(description="one for each sample whose label code is known")
    stored: int
    already_stored: int
    errors: list[FaultOut] = Field(description="the samples that were not taken, each with its line and reason")


def report_out(report: LabReport) -> LabReportOut:
    """A report as the API tells it."""
    return LabReportOut(
        id=report.pk,
        sample=report.sample_id,
        sample_code=report.sample.code,
        lab=report.lab.code if report.lab else None,
        by_lab=report.by_lab,
        number=report.number,
        reported_on=report.reported_on,
        state=report.state,
        sha256=report.sha256,
        attachment_sha256=report.attachment_sha256,
        lines=len(report.results.all()),
        withdrawn_reason=report.withdrawn_reason,
        public_code=report.public_code,
        is_published=report.published_at is not None and report.state == LabReport.State.CONFIRMED,
        verdicts=[
            VerdictOut(
                standard=one.standard,
                edition=one.edition,
                as_of=one.as_of,
                is_later=is_later(report, one),
                kept_at=one.created_at,
                library_sha256=one.library_sha256,
                checker_version=one.checker_version,
                verdict=one.verdict,
                provisional=one.provisional,
            )
            for one in latest_verdicts(report)
        ],
    )


def lab_with_code(code: str) -> Organisation:
    """The laboratory with a code."""
    lab = Organisation.objects.filter(code=code, kind=Organisation.Kind.LAB).first()
    if lab is None:
        raise Problem("not_found", what=Message("thing_lab"))
    return lab


def own_lab(who: Actor, code: str) -> Organisation:
    """The lab that somebody names, or their own."""
    if code:
        return lab_with_code(code)
    labs = labs_of(who)
    if not labs:
        raise Problem("lab_needs_code")
    return labs[0]


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
    return {"items": [report_out(row) for row in rows], "next": after}


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
    report = hand_in_lab_report(
        actor=who,
        sample=sample_for_report(form.sample),
        data=file.read(),
        file_name=file.name or "",
        lab=lab_with_code(form.lab) if form.lab else None,
        number=form.number,
        reported_on=form.reported_on,
    )
    return Status(201, report_out(report))


@router.post(
    "/lab-reports/sheet",
    response={201: SheetOut},
    auth=signed_in("lab"),
    operation_id="hand_in_lab_sheet",
    summary="Hand in a sheet with several samples",
)
def post_lab_sheet(
    request: HttpRequest, form: Form[SheetsIn], file: File[UploadedFile], pdf: File[UploadedFile | None] = None
) -> Status[SheetOut]:
    """One sheet of a lab with any number of samples, told apart by the codes on their labels.

    Every sample is taken whole or not at all. Codes that are not known are listed in ``errors``; the others are stored.
    ``pdf``, the signed report, is attached to each of them; one that is none is an error of the field ``pdf``.
    """
    who = actor(request)
    done = hand_in_lab_sheet(
        actor=who,
        lab=own_lab(who, form.lab),
        data=file.read(),
        file_name=file.name or "",
        number=form.number,
        reported_on=form.reported_on,
        sample=sample_with_label(form.sample) if form.sample else None,
        pdf=(pdf.read(), pdf.name or "") if pdf else None,
    )
    return Status(
        201,
        SheetOut(
            reports=[report_out(one) for one in done.reports],
            stored=len(done.stored),
            already_stored=len(done.already),
            errors=[FaultOut(**fault.as_json(language())) for fault in done.faults],
        ),
    )


@router.get(
    "/lab-reports/{uuid:id}",
    response=LabReportOut,
    auth=signed_in("read"),
    operation_id="read_lab_report",
    summary="One lab report",
)
def read_lab_report(request: HttpRequest, id: uuid.UUID) -> LabReportOut:
    """A lab report with its frozen verdicts."""
    return report_out(visible_report(actor(request), id))


@router.post(
    "/lab-reports/{uuid:id}/attachment",
    response=LabReportOut,
    auth=signed_in("lab"),
    operation_id="attach_report_pdf",
    summary="Attach the signed PDF",
)
def post_attachment(request: HttpRequest, id: uuid.UUID, file: File[UploadedFile]) -> LabReportOut:
    """The lab's signed report as PDF, at most 20 MiB. The same file again changes nothing; none is ever replaced."""
    who = actor(request)
    attach_report_pdf(actor=who, report=visible_report(who, id), data=file.read(), file_name=file.name or "")
    return report_out(visible_report(who, id))


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
    return report_out(visible_report(who, id))


@router.post(
    "/lab-reports/{uuid:id}/withdraw",
    response=LabReportOut,
    auth=signed_in("lab"),
    operation_id="withdraw_lab_report",
    summary="Withdraw a lab report",
)
def post_withdrawal(request: HttpRequest, id: uuid.UUID, body: ReasonIn) -> LabReportOut:
    """Take a report back, with a reason: it counts nowhere any more and stays readable."""
    who = actor(request)
    withdraw_lab_report(actor=who, report=visible_report(who, id), reason=body.reason)
    return report_out(visible_report(who, id))


@router.post(
    "/lab-reports/{uuid:id}/publish",
    response=LabReportOut,
    auth=signed_in("lab"),
    operation_id="publish_lab_report",
    summary="Publish a lab report",
)
def post_publication(request: HttpRequest, id: uuid.UUID) -> LabReportOut:
    """Show a confirmed report in public, under a short code for the bag."""
    who = actor(request)
    publish_lab_report(actor=who, report=visible_report(who, id))
    return report_out(visible_report(who, id))


@router.post(
    "/lab-reports/{uuid:id}/unpublish",
    response=LabReportOut,
    auth=signed_in("lab"),
    operation_id="unpublish_lab_report",
    summary="Show a lab report no longer",
)
def post_end_of_publication(request: HttpRequest, id: uuid.UUID) -> LabReportOut:
    """Show a report in public no longer; its code stays reserved for it."""
    who = actor(request)
    unpublish_lab_report(actor=who, report=visible_report(who, id))
    return report_out(visible_report(who, id))
