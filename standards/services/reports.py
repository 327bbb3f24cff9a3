"""Hand in a lab report, attach its PDF, confirm it, withdraw it. Nothing here or elsewhere changes a result."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Organisation
from sites.permissions import Actor, may, require, user_or_none
from standards.codes import LENGTH, read_code
from standards.models import LabReport, LabResult, Sample, TestRequest, Verdict
from standards.reading.lab_sheets import read_lab_sheet
from standards.reading.readings import Line
from standards.selectors.names import meaning_of, remembered_names
from standards.selectors.requests import OPEN
from standards.services.publishing import locked_report
from standards.services.samples import lab_for, labs_of
from standards.services.texts import clean
from standards.services.verdicts import freeze_verdicts

LARGEST_PDF = 20 * 1024 * 1024
PDF = b"%PDF-"
MOST_NAMED = 20
"""So many unknown sample codes are named one by one."""


def hand_in_lab_report(
    *,
    actor: Actor,
    sample: Sample,
    data: bytes,
    file_name: str,
    lab: Organisation | None = None,
    number: str = "",
    reported_on: dt.date | None = None,
) -> LabReport:
    """Keep a lab's sheet and its results exactly as written. The same file for the same sample again changes nothing.

    A sheet with several samples gives the rows whose sample is this sample's code.
    """
    require(actor, "hand_in_lab_report", site=sample.batch.site, organisation=lab)
    if lab is not None and lab in labs_of(actor):
        lab_for(actor, sample)  # refuses a sample that was granted to another lab
    sha256 = hashlib.sha256(data).hexdigest()
    known = LabReport.objects.filter(sample=sample, sha256=sha256).first()
    if known is not None:
        return known
    lines = _lines_of(sample, read_lab_sheet(data, file_name))
    return _keep(actor, sample, lines, data, file_name, lab, number, reported_on)[0]


def _keep(
    actor: Actor,
    sample: Sample,
    lines: Sequence[Line],
    data: bytes,
    file_name: str,
    lab: Organisation | None,
    number: str,
    reported_on: dt.date | None,
) -> tuple[LabReport, bool]:
    """The report of one sample, whole or not at all, and whether it is new; of five parallel sendings one is kept."""
    sha256, site = hashlib.sha256(data).hexdigest(), sample.batch.site
    report = LabReport(
        sample=sample,
        lab=lab,
        by_lab=lab is not None and lab in labs_of(actor),
        number=clean(number)[:100],
        reported_on=reported_on,
        sha256=sha256,
        file_name=clean(file_name)[:200],
        created_by=user_or_none(actor),
    )
    try:
        with transaction.atomic():
            report.file.save(f"{report.pk}{_ending(file_name)}", ContentFile(data), save=False)
            report.save(force_insert=True)
            LabResult.objects.bulk_create(_results(report, lines))
            _request_goes_on(sample, TestRequest.State.REPORTED, *OPEN)
            audit.record(actor, "hand_in_lab_report", report, site=site, sample=sample.code, sha256=sha256)
    except IntegrityError:
        report.file.delete(save=False)
        return LabReport.objects.get(sample=sample, sha256=sha256), False
    return report, True


def _results(report: LabReport, lines: Sequence[Line]) -> list[LabResult]:
    said = remembered_names(report.lab)
    return [
        LabResult(
            report=report,
            line=line.number,
            indicator_text=line.indicator,
            value_text=line.value,
            unit_text=line.unit,
            basis_text=line.basis,
            note_text=line.note,
            uncertainty_text=line.uncertainty,
            indicator=line.code or meaning_of(line, said),
        )
        for line in lines
    ]


def _request_goes_on(sample: Sample, state: str, *before: str) -> None:
    """The request that a sample was taken for, if any, goes on to its next state."""
    TestRequest.objects.filter(sample=sample, state__in=before).update(state=state)


def _ending(file_name: str) -> str:
    return ".xlsx" if file_name.lower().endswith((".xlsx", ".xlsm")) else ".csv"


def same_sample(code: str, written: str) -> bool:
    """Whether a lab wrote a sample's code: as it stands, or a label's code in other case or without its dash."""
    return code == written or (read_code(written) or written.strip()) == code


def _lines_of(sample: Sample, lines: Sequence[Line]) -> list[Line]:
    names = list(dict.fromkeys(line.sample for line in lines))
    if len(names) == 1:
        return list(lines)
    if any(same_sample(sample.code, name) for name in names):
        return [line for line in lines if same_sample(sample.code, line.sample)]
    raise Problem("lab_sheet_samples", count=len(names), names=names[:5], sample=sample.code)


# --- one sheet, several samples --------------------------------------------------------------------------------------


@dataclass(slots=True)
class SheetOutcome:
    """What became of a lab's sheet: reports kept now, those that were there already, and the samples that were not
    taken with the reason of each."""

    stored: list[LabReport] = field(default_factory=list)
    already: list[LabReport] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def reports(self) -> list[LabReport]:
        return [*self.stored, *self.already]


def hand_in_lab_sheet(
    *,
    actor: Actor,
    lab: Organisation,
    data: bytes,
    file_name: str,
    number: str = "",
    reported_on: dt.date | None = None,
) -> SheetOutcome:
    """A lab's own sheet with any number of samples: one report for each label code that is known.

    All or nothing for each sample; codes that are not known come back as faults with their line. Problem
    ``lab_sheet_no_known_sample`` where none is known.
    """
    require(actor, "hand_in_lab_report", organisation=lab)
    parts: OrderedDict[str, list[Line]] = OrderedDict()
    for line in read_lab_sheet(data, file_name):
        parts.setdefault(read_code(line.sample) or " ".join(line.sample.split()), []).append(line)
    samples = {
        one.code: one
        for one in Sample.objects.select_related("batch__site", "request__lab").filter(code__in=list(parts))
    }
    outcome = SheetOutcome()
    for code, lines in parts.items():
        fault = _sample_fault(samples.get(code), code, lines[0], lab)
        if fault is not None:
            outcome.faults.append(fault)
            continue
        report, is_new = _keep(actor, samples[code], lines, data, file_name, lab, number, reported_on)
        (outcome.stored if is_new else outcome.already).append(report)
    if not outcome.reports:
        codes = [line[0].sample.strip() or "—" for line in parts.values()]
        raise Problem("lab_sheet_no_known_sample", errors=outcome.faults, codes=codes[:MOST_NAMED])
    return outcome


def _sample_fault(sample: Sample | None, code: str, first: Line, lab: Organisation) -> Fault | None:
    place = {"row": first.number, "field": "sample", "value": first.sample}
    values = {"code": first.sample.strip(), "row": first.number}
    if sample is None:
        plain = code.replace("-", "")
        looks_like_label = len(plain) == LENGTH and plain.isascii() and plain.isalnum() and read_code(code) is None
        return Fault(
            Message("lab_sheet_code_misread" if looks_like_label else "lab_sheet_code_unknown", values), **place
        )
    request = getattr(sample, "request", None)
    if request is not None and request.lab is not None and request.lab != lab:
        return Fault(Message("lab_sheet_code_elsewhere", {**values, "lab": request.lab.name}), **place)
    return None


# --- the signed PDF --------------------------------------------------------------------------------------------------


def may_attach(actor: Actor, report: LabReport) -> bool:
    """Whether somebody may add a PDF to a report."""
    site = None if report.by_lab else report.sample.batch.site
    return may(actor, "hand_in_lab_report", site=site, organisation=report.lab)


def attach_report_pdf(*, actor: Actor, report: LabReport, data: bytes, file_name: str) -> LabReport:
    """Attach the lab's signed report. The same file again changes nothing; another one never replaces it."""
    # To a lab's own report nobody but that lab (or the desk) adds anything.
    site = None if report.by_lab else report.sample.batch.site
    require(actor, "hand_in_lab_report", site=site, organisation=report.lab)
    name = clean(file_name)[:200] or "report.pdf"
    if len(data) > LARGEST_PDF:
        size = f"{len(data) / 1024 / 1024:.1f}"
        raise Problem("attachment_too_large", name=name, size=size, limit=LARGEST_PDF // 1024 // 1024)
    if not data.startswith(PDF):
        raise Problem("attachment_not_pdf", name=name)
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        found = locked_report(report)
        if found.attachment_sha256 == sha256:
            return found
        if found.attachment_sha256:
            raise Problem("attachment_there", name=found.attachment_name)
        _refuse_withdrawn(found)
        found.attachment.save(f"{found.pk}.pdf", ContentFile(data), save=False)
        found.attachment_name, found.attachment_sha256 = name, sha256
        found.save(update_fields=["attachment", "attachment_name", "attachment_sha256"])
        audit.record(actor, "attach_report_pdf", found, site=found.sample.batch.site, sha256=sha256, name=name)
    return found


def _refuse_withdrawn(report: LabReport) -> None:
    if report.state == LabReport.State.WITHDRAWN:
        day = report.withdrawn_at.date().isoformat() if report.withdrawn_at else ""
        raise Problem("lab_report_is_withdrawn", day=day)


# --- confirming and withdrawing --------------------------------------------------------------------------------------


def confirm_lab_report(*, actor: Actor, report: LabReport) -> list[Verdict]:
    """A second person confirms a report: from now on it counts, with verdicts frozen by edition and version."""
    site = report.sample.batch.site
    require(actor, "confirm_lab_report", site=site)
    user = user_or_none(actor)
    if user is not None and report.created_by_id == user.pk:
        raise Problem("lab_report_same_person")
    with transaction.atomic():
        locked = locked_report(report)
        if locked.state != LabReport.State.RECEIVED:
            raise Problem("lab_report_not_received", state=Message(f"lab_report_{locked.state}"))
        locked.state = LabReport.State.CONFIRMED
        locked.confirmed_at, locked.confirmed_by = timezone.now(), user
        locked.save(update_fields=["state", "confirmed_at", "confirmed_by"])
        verdicts = freeze_verdicts(locked)
        _request_goes_on(locked.sample, TestRequest.State.DONE, TestRequest.State.REPORTED, *OPEN)
        audit.record(actor, "confirm_lab_report", locked, site=site, verdicts={v.standard: v.verdict for v in verdicts})
    return verdicts


def may_withdraw(actor: Actor, report: LabReport) -> bool:
    """Whether somebody may withdraw a report: the lab that it names, a site what it sent itself, the desk every one."""
    if may(actor, "withdraw_lab_report", organisation=report.lab):
        return True
    return not report.by_lab and may(actor, "hand_in_lab_report", site=report.sample.batch.site)


def withdraw_lab_report(*, actor: Actor, report: LabReport, reason: str) -> LabReport:
    """Take a report back, with a reason: it counts nowhere any more and stays readable. Again changes nothing."""
    site = report.sample.batch.site
    if not may_withdraw(actor, report):
        require(actor, "withdraw_lab_report")
    reason = clean(reason)[:300]
    if not reason:
        raise Problem("test_reason_needed")
    with transaction.atomic():
        found = locked_report(report)
        if found.state == LabReport.State.WITHDRAWN:
            return found
        found.state = LabReport.State.WITHDRAWN
        found.withdrawn_at, found.withdrawn_by, found.withdrawn_reason = timezone.now(), user_or_none(actor), reason
        found.save(update_fields=["state", "withdrawn_at", "withdrawn_by", "withdrawn_reason"])
        _request_goes_back(found.sample)
        audit.record(actor, "withdraw_lab_report", found, site=site, reason=reason)
    return found


def _request_goes_back(sample: Sample) -> None:
    """Without a report that counts, the request waits for one again, unless the batch has another open request."""
    request = TestRequest.objects.filter(sample=sample).first()
    if request is None or request.state not in (TestRequest.State.REPORTED, TestRequest.State.DONE):
        return
    left = set(sample.reports.values_list("state", flat=True))
    if LabReport.State.CONFIRMED in left:
        return
    if LabReport.State.RECEIVED in left:
        _request_goes_on(sample, TestRequest.State.REPORTED, request.state)
    elif not TestRequest.objects.filter(batch=request.batch_id, state__in=OPEN).exists():
        state = TestRequest.State.ARRIVED if sample.arrived_at else TestRequest.State.SAMPLED
        _request_goes_on(sample, state, request.state)
