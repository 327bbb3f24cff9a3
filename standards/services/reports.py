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
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Organisation
from sites.permissions import Actor, may, require, user_or_none
from standards.codes import LENGTH, read_code
from standards.models import LabReport, LabResult, Sample, TestRequest, Verdict
from standards.reading.lab_shapes import UNNAMED
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

    A sheet with several samples gives the rows whose sample is this sample's code; one that names no sample, or a
    single one by the lab's own number, is this sample's.
    """
    require(actor, "hand_in_lab_report", site=sample.batch.site, organisation=lab)
    by_lab = _is_by_lab(actor, lab)
    if by_lab:
        lab_for(actor, sample)  # refuses a sample that was granted to another lab
    known = _same_file(sample, hashlib.sha256(data).hexdigest(), by_lab)
    if known is not None:
        _refuse_file_withdrawn(known)
        return known
    theirs = None if by_lab else report_of_lab_itself(sample, lab, number)
    if theirs is not None:
        raise Problem("lab_report_of_lab_itself", **_told(theirs))
    lines = _lines_of(sample, read_lab_sheet(data, file_name))
    report, _ = _keep(actor, sample, lines, data, file_name, lab, number, reported_on)
    _refuse_file_withdrawn(report)
    return report


def _is_by_lab(actor: Actor, lab: Organisation | None) -> bool:
    return lab is not None and lab in labs_of(actor)


def _same_file(sample: Sample, sha256: str, by_lab: bool) -> LabReport | None:
    """The report that a file gave before. What a site sent never stands for what the lab itself sends."""
    same = LabReport.objects.select_related("lab", "sample").filter(sample=sample, sha256=sha256)
    return (same.filter(by_lab=True) if by_lab else same).order_by("-by_lab").first()


def _refuse_file_withdrawn(report: LabReport) -> None:
    if report.state == LabReport.State.WITHDRAWN:
        raise Problem("lab_report_file_withdrawn", **_told(report))


def report_of_lab_itself(sample: Sample, lab: Organisation | None, number: str = "") -> LabReport | None:
    """What a lab itself has handed in for a sample, found by the lab or by the number of its report; else None.

    From then on nobody else hands in for this sample in that lab's name or under that number.
    """
    number = clean(number)[:100]
    reports = LabReport.objects.select_related("lab", "sample").filter(sample=sample, by_lab=True)
    for one in reports.order_by("-created_at"):
        if one.lab_id == (lab.pk if lab else None) or (number and one.number == number):
            return one
    return None


def _told(report: LabReport) -> dict[str, str | Text]:
    """What the sentences about a report need to know of it."""
    lab = report.lab
    return {
        "sample": report.sample.code,
        "lab": Text(zh=lab.name_zh or lab.name_en, en=lab.name_en or lab.name_zh) if lab else "",
        "number": report.number or "—",
        "day": (report.withdrawn_at or report.created_at).date().isoformat(),
        "reason": report.withdrawn_reason,
    }


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
        by_lab=_is_by_lab(actor, lab),
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
    except Exception as error:
        report.file.delete(save=False)
        known = _same_file(sample, sha256, report.by_lab) if isinstance(error, IntegrityError) else None
        if known is None:
            raise
        return known, False
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
        _refuse_other_sample(sample, names[0])
        return list(lines)
    if any(same_sample(sample.code, name) for name in names):
        return [line for line in lines if same_sample(sample.code, line.sample)]
    raise Problem("lab_sheet_samples", count=len(names), names=names[:5], sample=sample.code)


def _refuse_other_sample(sample: Sample, name: str) -> None:
    """A sheet's only sample may have the lab's own number, but not the code of another sample."""
    if same_sample(sample.code, name) or name == UNNAMED:
        return
    others = Sample.objects.filter(code=read_code(name) or name.strip()).exclude(pk=sample.pk)
    if read_code(name) is None:  # other sites' codes may be any lab's numbers
        others = others.filter(batch__site=sample.batch.site)
    if others.exists():
        raise Problem("lab_sheet_other_sample", written=name.strip(), sample=sample.code)


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
    sample: Sample | None = None,
    pdf: tuple[bytes, str] | None = None,
) -> SheetOutcome:
    """A lab's own sheet with any number of samples: one report for each label code that is known.

    All or nothing for each sample; codes that are not known come back as faults with their line. Problem
    ``lab_sheet_no_known_sample`` where none is known. ``sample``: the one that the sheet is handed in for, whatever it
    calls it. ``pdf``: content and name of the signed report, attached to each of its reports; one that cannot be is a
    fault of the field ``pdf``, and the results are kept all the same.
    """
    require(actor, "hand_in_lab_report", organisation=lab)
    parts: OrderedDict[str, list[Line]] = OrderedDict()
    lines = read_lab_sheet(data, file_name)
    if sample is not None:
        parts[sample.code] = _lines_of(sample, lines)
    else:
        for line in lines:
            parts.setdefault(read_code(line.sample) or " ".join(line.sample.split()), []).append(line)
    samples = {
        one.code: one
        for one in Sample.objects.select_related("batch__site", "request__lab").filter(code__in=list(parts))
    }
    outcome = SheetOutcome()
    sha256, by_lab = hashlib.sha256(data).hexdigest(), _is_by_lab(actor, lab)
    for code, lines in parts.items():
        fault = _sample_fault(samples.get(code), code, lines[0], lab, alone=len(parts) == 1 and not sample)
        fault = fault or _report_fault(samples[code], sha256, by_lab, lab, number, lines[0])
        if fault is not None:
            outcome.faults.append(fault)
            continue
        report, is_new = _keep(actor, samples[code], lines, data, file_name, lab, number, reported_on)
        (outcome.stored if is_new else outcome.already).append(report)
    if not outcome.reports:
        if list(parts) == [UNNAMED]:
            raise Problem("lab_sheet_names_no_sample", errors=outcome.faults)
        if any(fault.message.code in REPORT_FAULTS for fault in outcome.faults):
            raise Problem("lab_sheet_nothing_new", errors=outcome.faults)
        codes = [line[0].sample.strip() or "—" for line in parts.values()]
        raise Problem("lab_sheet_no_known_sample", errors=outcome.faults, codes=codes[:MOST_NAMED])
    if pdf is not None:
        outcome.faults += _attach_to_all(actor, outcome.reports, *pdf)
    return outcome


def _attach_to_all(actor: Actor, reports: Sequence[LabReport], data: bytes, file_name: str) -> list[Fault]:
    """Attach one PDF to several reports; what cannot be done comes back, each reason once."""
    faults: dict[str, Fault] = {}
    for report in reports:
        try:
            found = attach_report_pdf(actor=actor, report=report, data=data, file_name=file_name)
        except Problem as problem:
            faults.setdefault(problem.code, Fault(problem.message, field="pdf", value=file_name))
        else:
            report.attachment_sha256 = found.attachment_sha256
    return list(faults.values())


REPORT_FAULTS = ("lab_sheet_withdrawn_before", "lab_sheet_of_lab_itself", "lab_sheet_code_elsewhere")
"""Of these the sample is known: to say that it is not would send people to look for a wrong label."""


def _report_fault(
    sample: Sample, sha256: str, by_lab: bool, lab: Organisation, number: str, first: Line
) -> Fault | None:
    """Why a known sample gets no report of this file: it was withdrawn, or the lab itself has handed one in."""
    place = {"row": first.number, "field": "sample", "value": first.sample}
    known = _same_file(sample, sha256, by_lab)
    if known is not None:
        withdrawn = known.state == LabReport.State.WITHDRAWN
        return Fault(Message("lab_sheet_withdrawn_before", _told(known)), **place) if withdrawn else None
    theirs = None if by_lab else report_of_lab_itself(sample, lab, number)
    return Fault(Message("lab_sheet_of_lab_itself", _told(theirs)), **place) if theirs else None


def _sample_fault(sample: Sample | None, code: str, first: Line, lab: Organisation, *, alone: bool) -> Fault | None:
    place = {"row": first.number, "field": "sample", "value": first.sample}
    values = {"code": first.sample.strip(), "row": first.number}
    if alone and code == UNNAMED:  # even where a site has called a sample so: the sheet does not mean that one
        return Fault(Message("lab_sheet_unnamed"), row=first.number, field="sample")
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
        theirs = None if locked.by_lab or locked.lab is None else report_of_lab_itself(locked.sample, locked.lab)
        if theirs is not None:  # what a site sent in a lab's name gives way to the lab's own
            raise Problem("lab_report_of_lab_itself", **_told(theirs))
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
