"""The lab's part of the demo job: samples registered, reports handed in and confirmed, verdicts frozen."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from batches.demo.sheets import fixed_id
from batches.models import Batch
from batches.services.demo import MAIL
from batches.services.demo_job import Job
from compostnet.shared.months import month_text
from compostnet.shared.rules import Rule, load_rule
from sites.models import Organisation, Role, User
from standards.models import LabReport, Sample
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample

REPORT_DAYS = 4
"""Days from sampling to the lab's report."""


class DemoReport(Rule):
    """One invented report: the sheet's lines, header first."""

    site: int
    number: str
    file: str
    rows: tuple[tuple[str, ...], ...]


class DemoReports(Rule):
    """The shape of ``demo_reports.yaml``."""

    standard: str
    reports: tuple[DemoReport, ...]


@cache
def demo_reports() -> DemoReports:
    """The invented reports."""
    return load_rule(Path(__file__).with_name("demo_reports.yaml"), DemoReports)


def sheet_of(report: DemoReport) -> bytes:
    """The report as the CSV that the lab sends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(report.rows)
    return text.getvalue().encode("utf-8-sig")


def hand_in_demo_reports(job: Job) -> dict[str, Any]:
    """Samples of last month's harvests, their reports by the lab, confirmed by the verifier. Safe to run again."""
    lab = Organisation.objects.get(kind=Organisation.Kind.LAB, memberships__user__email=f"lab@{MAIL}")
    chemist = User.objects.get(email=f"lab@{MAIL}", memberships__role=Role.LAB)
    verdicts: Counter[str] = Counter()
    for report in demo_reports().reports:
        if report.site >= len(job.network.sites):
            continue
        code = month_text(job.network.last - 2)
        batch = Batch.objects.select_related("site").filter(site=job.site(report.site), code=code).first()
        if batch is None or batch.finished_on is None:
            continue
        sample = _sample(job, report, batch)
        handed_in = hand_in_lab_report(
            actor=chemist,
            sample=sample,
            data=sheet_of(report),
            file_name=report.file,
            lab=lab,
            number=report.number,
            reported_on=sample.taken_on + dt.timedelta(days=REPORT_DAYS),
        )
        if handed_in.state == LabReport.State.RECEIVED:
            confirm_lab_report(actor=job.verifier, report=handed_in)
        kept = handed_in.verdicts.filter(standard=demo_reports().standard).order_by("-id").first()
        verdicts[kept.verdict if kept else "not_judged"] += 1
    return {
        "reports": sum(verdicts.values()),
        "standard": demo_reports().standard,
        **{name: verdicts[name] for name in ("pass", "fail", "cannot_tell", "incomplete")},
    }


def _sample(job: Job, report: DemoReport, batch: Batch) -> Sample:
    assert batch.finished_on is not None
    return register_sample(
        actor=job.manager(report.site),
        batch=batch,
        code=f"S-{report.number}",
        taken_on=batch.finished_on,
        taken_by="demo",
        sub_samples=5,
        id=fixed_id(f"sample:{report.number}:{batch.pk}"),
    )
