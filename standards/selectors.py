"""Reads of the room: samples and reports that somebody may see."""

from __future__ import annotations

import uuid

from django.db.models import Prefetch, Q, QuerySet

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.models import Role, User
from sites.permissions import Actor, may, require, sites_where
from standards.models import LabReport, Sample, Verdict


def visible_samples(actor: Actor) -> QuerySet[Sample]:
    """The samples that ``actor`` may read: of their sites, or all for a network role."""
    samples = Sample.objects.select_related("batch__site").prefetch_related(
        Prefetch("reports", LabReport.objects.select_related("lab", "created_by").prefetch_related("verdicts"))
    )
    if may(actor, "view_network"):
        return samples
    return samples.filter(batch__site__in=sites_where(actor, "view_site_private"))


def sample_for_report(pk: uuid.UUID) -> Sample:
    """The sample that a report is handed in for: a lab knows its id from the label and need not see the site."""
    sample = Sample.objects.select_related("batch__site").filter(pk=pk).first()
    if sample is None:
        raise Problem("not_found", what=Message("thing_sample"))
    return sample


def visible_reports(actor: Actor) -> QuerySet[LabReport]:
    """The reports that ``actor`` may read: of their sites, of their lab, or all for a network role."""
    reports = LabReport.objects.select_related(
        "sample__batch__site", "lab", "created_by", "confirmed_by"
    ).prefetch_related("results", "verdicts")
    if may(actor, "view_network"):
        return reports
    allowed = Q(sample__batch__site__in=sites_where(actor, "view_site_private"))
    if isinstance(actor, User):
        labs = actor.memberships.filter(role=Role.LAB).values_list("organisation_id", flat=True)
        allowed |= Q(lab__in=list(labs))
    return reports.filter(allowed)


def visible_report(actor: Actor, pk: uuid.UUID) -> LabReport:
    """One report; not found where ``actor`` may not know that it exists."""
    report = visible_reports(actor).filter(pk=pk).first()
    if report is None:
        hidden = LabReport.objects.select_related("sample__batch__site").filter(pk=pk).first()
        if hidden is not None:
            require(actor, "view_site_private", site=hidden.sample.batch.site, organisation=hidden.lab)
        raise Problem("not_found", what=Message("thing_lab_report"))
    return report


def latest_verdicts(report: LabReport) -> list[Verdict]:
    """Frozen verdicts of a report, one a standard and edition: of the newest checker version."""
    newest: dict[tuple[str, str], Verdict] = {}
    for verdict in sorted(report.verdicts.all(), key=lambda one: one.created_at):
        newest[(verdict.standard, verdict.edition)] = verdict
    return list(newest.values())
