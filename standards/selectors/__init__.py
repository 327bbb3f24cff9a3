"""Reads of the room: samples and reports that somebody may see, and what the checker says of a report."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db.models import Prefetch, Q, QuerySet

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.models import Role, User
from sites.permissions import Actor, may, require, sites_where
from standards.catalogue.later import later_groups
from standards.checking.explain import SampleVerdict, check_lines
from standards.codes import read_code
from standards.library import RuleSet, selected
from standards.models import LabReport, Sample, Verdict
from standards.reading.readings import Line
from standards.selectors.names import NOT_JUDGED


def _verdicts() -> Prefetch:
    """Verdicts for a list: without their detail, which is the better part of the room's data."""
    return Prefetch("verdicts", Verdict.objects.defer("detail"))


def visible_samples(actor: Actor, *, details: bool = False) -> QuerySet[Sample]:
    """The samples that ``actor`` may read, with their reports: of their sites, or all for a network role.

    ``details``: the verdicts with all that they say, for a page of few samples.
    """
    verdicts = "verdicts" if details else _verdicts()
    samples = Sample.objects.select_related("batch__site", "request").prefetch_related(
        Prefetch("reports", LabReport.objects.select_related("lab", "created_by").prefetch_related(verdicts))
    )
    if may(actor, "view_network"):
        return samples
    return samples.filter(batch__site__in=sites_where(actor, "view_site_private"))


def sample_for_report(key: str | uuid.UUID) -> Sample:
    """The sample that a report is handed in for, by id or by the code on its label: a lab need not see the site."""
    samples = Sample.objects.select_related("batch__site")
    try:
        sample = samples.filter(pk=uuid.UUID(str(key))).first()
    except ValueError:
        sample = samples.filter(code=read_code(str(key)) or str(key).strip()).first()
    if sample is None:
        raise Problem("not_found", what=Message("thing_sample"))
    return sample


def visible_reports(actor: Actor) -> QuerySet[LabReport]:
    """The reports that ``actor`` may read (verdicts without detail): of their sites, of their lab, or all for a
    network role."""
    reports = LabReport.objects.select_related(
        "sample__batch__site", "sample__request", "lab", "created_by", "confirmed_by"
    ).prefetch_related("results", _verdicts())
    if may(actor, "view_network"):
        return reports
    allowed = Q(sample__batch__site__in=sites_where(actor, "view_site_private"))
    if isinstance(actor, User):
        labs = actor.memberships.filter(role=Role.LAB).values_list("organisation_id", flat=True)
        allowed |= Q(lab__in=list(labs))
    return reports.filter(allowed)


def visible_report(actor: Actor, pk: uuid.UUID) -> LabReport:
    """One report; not found where ``actor`` may not know that it exists."""
    reports = visible_reports(actor).prefetch_related(None).prefetch_related("results", "verdicts")
    report = reports.filter(pk=pk).first()
    if report is None:
        hidden = LabReport.objects.select_related("sample__batch__site").filter(pk=pk).first()
        if hidden is not None:
            require(actor, "view_site_private", site=hidden.sample.batch.site, organisation=hidden.lab)
        raise Problem("not_found", what=Message("thing_lab_report"))
    return report


def latest_verdicts(report: LabReport) -> list[Verdict]:
    """Frozen verdicts of a report, one a standard, edition and day: the one that was kept last. (What an edition asks
    from a later day on is a verdict beside that of the report's day.)

    Those of the report's own day come first, then those by later editions. A withdrawn report counts nowhere and has
    none.
    """
    if report.state == LabReport.State.WITHDRAWN:
        return []
    newest: dict[tuple[str, str, dt.date | None], Verdict] = {}
    for verdict in sorted(report.verdicts.all(), key=lambda one: (one.created_at, one.pk)):
        newest[(verdict.standard, verdict.edition, verdict.as_of)] = verdict
    return sorted(newest.values(), key=lambda one: is_later(report, one))


def published_verdicts(report: LabReport) -> list[Verdict]:
    """What the public is shown of a report and its papers say: the verdicts of its own day that had been kept when it
    was published. A judgement that came afterwards never takes their place (`judged_since`)."""
    moment = report.published_at
    kept = [one for one in report.verdicts.all() if moment is None or one.created_at <= moment]
    newest: dict[tuple[str, str], Verdict] = {}
    for verdict in sorted(kept, key=lambda one: (one.created_at, one.pk)):
        if not is_later(report, verdict):
            newest[(verdict.standard, verdict.edition)] = verdict
    return list(newest.values())


def judged_since(report: LabReport) -> list[Verdict]:
    """Verdicts that say something else than the published ones: by a later edition, or by a newer version of checker
    or standard's file, each the newest of its kind."""
    shown = {(one.standard, one.edition): one for one in published_verdicts(report)}
    by_class = {one.standard: one for one in shown.values()}
    found = []
    for verdict in latest_verdicts(report):
        before = shown.get((verdict.standard, verdict.edition)) or by_class.get(verdict.standard)
        if before is not None and verdict.pk != before.pk and verdict.verdict != before.verdict:
            found.append(verdict)
    return found


def is_later(report: LabReport, verdict: Verdict) -> bool:
    """Whether a verdict is by what a standard asked only after the report."""
    return verdict.as_of is not None and verdict.as_of > report_day(report)


def report_lines(report: LabReport) -> list[Line]:
    """The results of a report as the checker reads them."""
    return [
        Line(
            sample=report.sample.code,
            indicator=result.indicator_text,
            value=result.value_text,
            unit=result.unit_text,
            basis=result.basis_text,
            note=result.note_text,
            number=result.line,
            uncertainty=result.uncertainty_text,
            code=result.indicator,
        )
        for result in report.results.all()
        if result.indicator != NOT_JUDGED
    ]


def report_day(report: LabReport) -> dt.date:
    """The day whose editions count for a report: the day it was issued, else the day the sample was taken."""
    return report.reported_on or report.sample.taken_on


def judge_report(report: LabReport) -> list[SampleVerdict]:
    """What the checker says of a report now, without keeping it."""
    return _judge(report, selected(["all"], report_day(report)))


def judge_by_later_editions(report: LabReport, today: dt.date) -> list[SampleVerdict]:
    """What the checker says of a report by what standards ask since then, without keeping it."""
    groups = later_groups(report_day(report), today)
    return _judge(report, groups) if groups else []


def _judge(report: LabReport, groups: Sequence[tuple[bool, Sequence[RuleSet]]]) -> list[SampleVerdict]:
    return check_lines(report_lines(report), groups, facts=report.sample.facts)
