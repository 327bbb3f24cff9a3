"""Hand in a lab report, confirm it and freeze its verdicts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Organisation
from sites.permissions import Actor, require, user_or_none
from standards.checker import CHECKER_VERSION
from standards.lab_sheets import read_lab_sheet
from standards.models import LabReport, LabResult, Sample, Verdict
from standards.readings import Line
from standards.selectors import judge_report
from standards.services.texts import clean


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
    site = sample.batch.site
    require(actor, "hand_in_lab_report", site=site, organisation=lab)
    sha256 = hashlib.sha256(data).hexdigest()
    known = LabReport.objects.filter(sample=sample, sha256=sha256).first()
    if known is not None:
        return known
    lines = _lines_of(sample, read_lab_sheet(data, file_name))
    report = LabReport(
        sample=sample,
        lab=lab,
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
            LabResult.objects.bulk_create(
                LabResult(
                    report=report,
                    line=line.number,
                    indicator_text=line.indicator,
                    value_text=line.value,
                    unit_text=line.unit,
                    basis_text=line.basis,
                    note_text=line.note,
                )
                for line in lines
            )
            audit.record(actor, "hand_in_lab_report", report, site=site, sample=sample.code, sha256=sha256)
    except IntegrityError:
        report.file.delete(save=False)
        return LabReport.objects.get(sample=sample, sha256=sha256)
    return report


def _ending(file_name: str) -> str:
    return ".xlsx" if file_name.lower().endswith((".xlsx", ".xlsm")) else ".csv"


def _lines_of(sample: Sample, lines: Sequence[Line]) -> list[Line]:
    names = list(dict.fromkeys(line.sample for line in lines))
    if len(names) == 1:
        return list(lines)
    if sample.code in names:
        return [line for line in lines if line.sample == sample.code]
    raise Problem("lab_sheet_samples", count=len(names), names=names[:5], sample=sample.code)


def confirm_lab_report(*, actor: Actor, report: LabReport) -> list[Verdict]:
    """A second person confirms a report: from now on it counts, with verdicts frozen by edition and version."""
    site = report.sample.batch.site
    require(actor, "confirm_lab_report", site=site)
    user = user_or_none(actor)
    if user is not None and report.created_by_id == user.pk:
        raise Problem("lab_report_same_person")
    with transaction.atomic():
        locked = (
            LabReport.objects.select_for_update(of=("self",)).select_related("sample__batch__site").get(pk=report.pk)
        )
        if locked.state != LabReport.State.RECEIVED:
            raise Problem("lab_report_not_received", state=Message(f"lab_report_{locked.state}"))
        locked.state = LabReport.State.CONFIRMED
        locked.confirmed_at = timezone.now()
        locked.confirmed_by = user
        locked.save(update_fields=["state", "confirmed_at", "confirmed_by"])
        verdicts = _freeze_verdicts(locked)
        audit.record(actor, "confirm_lab_report", locked, site=site, verdicts={v.standard: v.verdict for v in verdicts})
    return verdicts


def _freeze_verdicts(report: LabReport) -> list[Verdict]:
    """Keep the verdicts of a report against every class in force; those already kept are never changed."""
    kept = []
    for answer in judge_report(report):
        verdict, _ = Verdict.objects.get_or_create(
            report=report,
            standard=answer.rules.code,
            edition=answer.rules.edition.edition,
            checker_version=CHECKER_VERSION,
            defaults={
                "verdict": answer.verdict,
                "provisional": answer.provisional,
                "detail": {language: answer.as_json(language) for language in ("zh-hans", "en")},
            },
        )
        kept.append(verdict)
    return kept
