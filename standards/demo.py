"""The lab's part of the demo job: samples, reports, verdicts, published products and test requests in every state."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from reportlab.pdfgen.canvas import Canvas

from batches.demo.sheets import fixed_id
from batches.models import Batch
from batches.services.demo import MAIL
from batches.services.demo_job import Job
from compostnet.shared.months import last_day, month_text
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Rule, load_rule
from sites.models import Organisation, Role, User
from standards.models import LabReport, Sample
from standards.services import (
    ask_for_test,
    attach_report_pdf,
    cancel_test_request,
    confirm_lab_report,
    decide_test_request,
    hand_in_lab_report,
    hand_in_lab_sheet,
    mark_arrived,
    publish_lab_report,
    register_sample,
    take_requested_sample,
)

REPORT_DAYS = 4
"""Days from sampling to the lab's report."""
HARVESTED = 2
"""The batches begun so many months before the last one have been harvested in it."""


class DemoReport(Rule):
    """One invented report: the sheet's lines, header first."""

    site: int
    number: str
    file: str
    rows: tuple[tuple[str, ...], ...]
    signed: bool = False
    published: bool = False
    facts: dict[str, str] = {}


class SeriesRow(Rule):
    """One indicator over the quarters, oldest first."""

    indicator: str
    unit: str
    basis: str
    values: tuple[str, ...]


class SeriesSite(Rule):
    """A site of the series, by its number in the network."""

    site: int
    rows: tuple[SeriesRow, ...]


class Series(Rule):
    """Earlier reports of some sites, one sheet for every so many months."""

    every_months: int
    file: str
    columns: tuple[str, ...]
    sites: tuple[SeriesSite, ...]

    @property
    def length(self) -> int:
        return len(self.sites[0].rows[0].values)


class DemoRequest(Rule):
    """A test request and how far it has come; ``report`` is the number of its lab report."""

    site: int
    until: Literal["asked", "refused", "cancelled", "granted", "sampled", "arrived", "reported", "done"]
    note: str
    answer: str = ""
    report: str = ""
    facts: dict[str, str] = {}


class DemoReports(Rule):
    """The shape of ``demo_reports.yaml``."""

    standard: str
    reports: tuple[DemoReport, ...]
    series: Series
    requests: tuple[DemoRequest, ...]


@cache
def demo_reports() -> DemoReports:
    """The invented reports and requests."""
    return load_rule(Path(__file__).with_name("demo_reports.yaml"), DemoReports)


def sheet_of(rows: Sequence[Sequence[str]]) -> bytes:
    """A table as the CSV that the lab sends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def signed_pdf(number: str) -> bytes:
    """What stands for the lab's signed report in the demo: one page, the same bytes every time."""
    data = io.BytesIO()
    canvas = Canvas(data, pageCompression=0, invariant=1)
    number = number.encode("ascii", "ignore").decode().strip("-")
    canvas.drawString(72, 760, f"DEMO - invented laboratory report {number}")
    canvas.drawString(72, 740, "Signed: nobody. This document belongs to the demo network.")
    canvas.showPage()
    canvas.save()
    return data.getvalue()


@dataclass(frozen=True, slots=True)
class DemoLab:
    """The demo job and the demo's lab with its chemist."""

    job: Job
    lab: Organisation
    chemist: User

    @classmethod
    def of(cls, job: Job) -> DemoLab:
        """The lab that `load_network` made."""
        lab = Organisation.objects.get(kind=Organisation.Kind.LAB, memberships__user__email=f"lab@{MAIL}")
        return cls(job, lab, User.objects.get(email=f"lab@{MAIL}", memberships__role=Role.LAB))

    def batch(self, site: int, months_back: int) -> Batch | None:
        """The batch that a site began so many months before the last one."""
        if site >= len(self.job.network.sites):
            return None
        code = month_text(self.job.network.last - months_back)
        return Batch.objects.select_related("site").filter(site=self.job.site(site), code=code).first()

    def finish(self, report: LabReport, *, number: str = "", signed: bool = False, published: bool = False) -> None:
        """What follows on a report handed in: its PDF, a second person's confirmation, publication."""
        if signed:
            attach_report_pdf(actor=self.chemist, report=report, data=signed_pdf(number), file_name=f"{number}.pdf")
        if report.state == LabReport.State.RECEIVED:
            confirm_lab_report(actor=self.job.verifier, report=report)
        if published:
            publish_lab_report(actor=self.job.publisher, report=report)


def hand_in_demo_reports(job: Job) -> dict[str, Any]:
    """Samples of harvests, their reports by the lab, confirmed by the verifier; test requests. Safe to run again."""
    demo = DemoLab.of(job)
    verdicts: Counter[str] = Counter()
    for report in demo_reports().reports:
        batch = demo.batch(report.site, HARVESTED)
        if batch is None or batch.finished_on is None:
            continue
        sample = _sample(job, report.site, report.number, batch, report.facts)
        handed_in = hand_in_lab_report(
            actor=demo.chemist,
            sample=sample,
            data=sheet_of(report.rows),
            file_name=report.file,
            lab=demo.lab,
            number=report.number,
            reported_on=sample.taken_on + dt.timedelta(days=REPORT_DAYS),
        )
        demo.finish(handed_in, number=report.number, signed=report.signed, published=report.published)
        kept = handed_in.verdicts.filter(standard=demo_reports().standard).order_by("-id").first()
        verdicts[kept.verdict if kept else "not_judged"] += 1
    for quarter in range(demo_reports().series.length):
        _hand_in_quarter(demo, quarter)
    requests = [_go_through(demo, request) for request in demo_reports().requests]
    return {
        "reports": sum(verdicts.values()),
        "standard": demo_reports().standard,
        "published": LabReport.objects.filter(lab=demo.lab, published_at__isnull=False).count(),
        "requests": sum(requests),
        **{name: verdicts[name] for name in ("pass", "fail", "cannot_tell", "incomplete")},
    }


def _sample(job: Job, site: int, number: str, batch: Batch, facts: dict[str, str] | None = None) -> Sample:
    assert batch.finished_on is not None
    return register_sample(
        actor=job.manager(site),
        batch=batch,
        code=f"S-{number}",
        taken_on=batch.finished_on,
        taken_by="demo",
        sub_samples=5,
        facts=facts,
        id=fixed_id(f"sample:{number}:{batch.pk}"),
    )


def _hand_in_quarter(demo: DemoLab, quarter: int) -> None:
    """The lab's sheet of one quarter (0 is the oldest) with a sample of each site of the series."""
    series = demo_reports().series
    back = HARVESTED + series.every_months * (series.length - quarter)
    rows: list[Sequence[str]] = [series.columns]
    days = []
    for site in series.sites:
        batch = demo.batch(site.site, back)
        if batch is None or batch.finished_on is None:
            continue
        sample = _sample(demo.job, site.site, f"{batch.code}-{site.site}", batch)
        days.append(sample.taken_on)
        rows += [[sample.code, row.indicator, row.values[quarter], row.unit, row.basis, ""] for row in site.rows]
    if not days:
        return
    done = hand_in_lab_sheet(
        actor=demo.chemist,
        lab=demo.lab,
        data=sheet_of(rows),
        file_name=series.file,
        number=f"Q-{month_text(demo.job.network.last - back)}",
        reported_on=max(days) + dt.timedelta(days=REPORT_DAYS),
    )
    for report in done.reports:
        demo.finish(report)


def _go_through(demo: DemoLab, wish: DemoRequest) -> bool:
    """A test request from the site's wish as far as it has come; False where a small network's site may not ask."""
    batch = demo.batch(wish.site, 1)
    if batch is None:
        return False
    manager, desk, last = demo.job.manager(wish.site), demo.job.verifier, last_day(demo.job.network.last)
    key = fixed_id(f"test:{batch.pk}")
    try:
        request = ask_for_test(
            actor=manager,
            batch=batch,
            standard=demo_reports().standard,
            note=wish.note,
            id=key,
            day=last + dt.timedelta(days=1),
        )
    except Problem as problem:
        if problem.code != "test_site_not_active":
            raise
        return False
    if wish.until == "cancelled":
        cancel_test_request(actor=manager, request=request, reason=wish.answer)
    elif wish.until == "refused":
        decide_test_request(actor=desk, request=request, grant=False, note=wish.answer)
    elif wish.until != "asked":
        decide_test_request(actor=desk, request=request, grant=True, lab=demo.lab)
        _test(demo, wish, batch, manager)
    return True


def _test(demo: DemoLab, wish: DemoRequest, batch: Batch, manager: User) -> None:
    """The way of a granted request's sample."""
    request = batch.test_requests.get(pk=fixed_id(f"test:{batch.pk}"))
    if wish.until == "granted":
        return
    day = max(batch.started_on, last_day(demo.job.network.last))
    sample = take_requested_sample(
        actor=manager,
        request=request,
        taken_on=day,
        taken_by="demo",
        sub_samples=12,
        facts=wish.facts,
        id=fixed_id(f"sample:{request.pk}"),
    )
    if wish.until == "sampled":
        return
    mark_arrived(actor=demo.chemist, sample=sample)
    if wish.until == "arrived":
        return
    good = demo_reports().reports[0]
    report = hand_in_lab_report(
        actor=demo.chemist,
        sample=sample,
        data=sheet_of(good.rows),
        file_name=good.file,
        lab=demo.lab,
        number=wish.report,
        reported_on=day,
    )
    if wish.until == "done":
        demo.finish(report, number=wish.report, signed=True, published=True)
