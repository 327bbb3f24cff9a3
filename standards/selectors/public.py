"""What the public may know of a published report; nothing else leaves by these functions, least of all a name."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils import timezone

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from sites.models import Site
from standards.codes import read_code
from standards.facts import known_facts
from standards.models import LabReport, Verdict
from standards.selectors import judged_since, published_verdicts


@dataclass(frozen=True, slots=True)
class PublicResult:
    """One line of the report as the lab wrote it."""

    indicator: str
    value: str
    unit: str
    basis: str
    uncertainty: str


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A published report. Of one that is no longer shown only code and state are filled.

    ``facts``: names of what was stated and of its choice (or the number with its unit). ``verdicts``: the frozen ones
    that were there when it was published, one a standard and edition, newest last; ``detail[language]`` of each is
    `SampleVerdict.as_json`. ``since``: those of later editions or checkers that say something else.
    """

    code: str
    state: Literal["shown", "hidden", "withdrawn"]
    report: uuid.UUID | None = None
    site_code: str = ""
    site_name: Text | None = None
    region_name: Text | None = None
    is_invented: bool = False
    batch: uuid.UUID | None = None
    batch_code: str = ""
    batch_started_on: dt.date | None = None
    batch_finished_on: dt.date | None = None
    sample_code: str = ""
    taken_on: dt.date | None = None
    sub_samples: int | None = None
    facts: tuple[tuple[Text, Text], ...] = ()
    lab_name: Text | None = None
    by_lab: bool = False
    number: str = ""
    reported_on: dt.date | None = None
    confirmed_on: dt.date | None = None
    published_on: dt.date | None = None
    sha256: str = ""
    attachment_sha256: str = ""
    results: tuple[PublicResult, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    since: tuple[Verdict, ...] = ()


def published_report(code: str) -> PublishedReport:
    """What the public may know under a code (as typed); problem ``published_unknown`` where it was never given."""
    known = read_code(code)
    reports = LabReport.objects.select_related("sample__batch__site__region", "lab")
    report = reports.prefetch_related("results", "verdicts").filter(public_code=known).first() if known else None
    if report is None or report.public_code is None:
        raise Problem("published_unknown", written=code[:40])
    if report.state == LabReport.State.WITHDRAWN:
        return PublishedReport(code=report.public_code, state="withdrawn")
    if report.published_at is None:
        return PublishedReport(code=report.public_code, state="hidden")
    sample, batch, site = report.sample, report.sample.batch, report.sample.batch.site
    return PublishedReport(
        code=report.public_code,
        state="shown",
        report=report.pk,
        site_code=site.code,
        site_name=Text(zh=site.name_zh, en=site.name_en),
        region_name=Text(zh=site.region.name_zh, en=site.region.name_en),
        is_invented=site.is_invented,
        batch=batch.pk,
        batch_code=batch.code,
        batch_started_on=batch.started_on,
        batch_finished_on=batch.finished_on,
        sample_code=sample.code,
        taken_on=sample.taken_on,
        sub_samples=sample.sub_samples,
        facts=stated_facts(sample.facts),
        lab_name=Text(zh=report.lab.name_zh, en=report.lab.name_en) if report.lab else None,
        by_lab=report.by_lab,
        number=report.number,
        reported_on=report.reported_on,
        confirmed_on=_day(report.confirmed_at, site),
        published_on=_day(report.published_at, site),
        sha256=report.sha256,
        attachment_sha256=report.attachment_sha256,
        results=tuple(
            PublicResult(one.indicator_text, one.value_text, one.unit_text, one.basis_text, one.uncertainty_text)
            for one in report.results.all()
        ),
        verdicts=tuple(published_verdicts(report)),
        since=tuple(judged_since(report)),
    )


def _day(moment: dt.datetime | None, site: Site) -> dt.date | None:
    """The day of a moment by the site's own clock."""
    return timezone.localdate(moment, ZoneInfo(site.time_zone)) if moment else None


def stated_facts(facts: dict[str, str]) -> tuple[tuple[Text, Text], ...]:
    """Names of the facts of a sample with the name of their choice, or the number with its unit."""
    found = []
    for code, value in facts.items():
        fact = known_facts().get(code)
        if fact is not None:
            number = f"{value} {fact.unit}".strip()
            found.append((fact.name, fact.choices.get(value) or Text(zh=number, en=number)))
    return tuple(found)
