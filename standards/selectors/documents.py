"""What the documents of a report need to know of the database. No person's name leaves by these functions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Sum

from batches.materials import materials
from batches.models import Batch, LedgerEntry
from compostnet.shared.rules import Text
from sites.models import Site
from standards.checking.explain import SampleVerdict
from standards.models import LabReport, TestRequest, Verdict
from standards.pdf import LabelFacts, ProductFacts, ReportFacts, ResultLine, Share
from standards.process.rules import ProcessResult
from standards.selectors import is_later, judge_report, latest_verdicts, published_verdicts, report_day
from standards.selectors.process import batch_process, process_rule_sets
from standards.selectors.public import PublishedReport, stated_facts

Answer = SampleVerdict | dict[str, Any]


def report_facts(report: LabReport) -> ReportFacts:
    """A report for its documents; load it by `visible_report`."""
    sample, batch, site = report.sample, report.sample.batch, report.sample.batch.site
    return ReportFacts(
        site=_name(site),
        place=_name(site.region),
        batch=batch.code,
        batch_started_on=batch.started_on,
        batch_finished_on=batch.finished_on,
        sample=sample.code,
        taken_on=sample.taken_on,
        sub_samples=sample.sub_samples,
        mass_kg=f"{sample.mass_kg.normalize():f}" if sample.mass_kg is not None else "",
        arrived_on=sample.arrived_at.date() if sample.arrived_at else None,
        lab=_name(report.lab) if report.lab else None,
        by_lab=report.by_lab,
        number=report.number,
        reported_on=report.reported_on,
        confirmed_on=report.confirmed_at.date() if report.confirmed_at else None,
        withdrawn_on=report.withdrawn_at.date() if report.withdrawn_at else None,
        waiting=report.state == LabReport.State.RECEIVED,
        sha256=report.sha256,
        attachment_sha256=report.attachment_sha256,
        file_name=report.file_name,
        stated=stated_facts(sample.facts),
        lines=tuple(
            ResultLine(
                one.indicator_text,
                one.value_text,
                one.unit_text,
                one.basis_text,
                one.uncertainty_text,
                sample.code,
                one.indicator,
            )
            for one in report.results.all()
        ),
        is_invented=site.is_invented,
    )


def public_facts(found: PublishedReport) -> ReportFacts:
    """A published report for its documents."""
    return ReportFacts(
        site=found.site_name,
        place=found.region_name,
        batch=found.batch_code,
        batch_started_on=found.batch_started_on,
        batch_finished_on=found.batch_finished_on,
        sample=found.sample_code,
        taken_on=found.taken_on,
        sub_samples=found.sub_samples,
        lab=found.lab_name,
        by_lab=found.by_lab,
        number=found.number,
        reported_on=found.reported_on,
        confirmed_on=found.confirmed_on,
        sha256=found.sha256,
        attachment_sha256=found.attachment_sha256,
        stated=found.facts,
        lines=tuple(
            ResultLine(one.indicator, one.value, one.unit, one.basis, one.uncertainty) for one in found.results
        ),
        is_invented=found.is_invented,
    )


def _name(thing: Any) -> Text:
    """A name in both languages; one that is missing is replaced by the other."""
    return Text(zh=thing.name_zh or thing.name_en, en=thing.name_en or thing.name_zh)


def tongue(language: str) -> str:
    """The language in which a frozen verdict was kept."""
    return "zh-hans" if language.startswith("zh") else "en"


def frozen(verdicts: Iterable[Verdict], language: str) -> list[dict[str, Any]]:
    """Frozen verdicts as the JSON that commands and the API print."""
    return [{**one.detail[tongue(language)], "library_sha256": one.library_sha256} for one in verdicts]


def report_answers(report: LabReport, language: str) -> list[Answer]:
    """Verdicts for the documents: frozen ones of the report's own day, else (not confirmed) what the checker says.

    Of a published report those that its public page shows, so that paper and page have one checksum.
    """
    if report.state == LabReport.State.CONFIRMED and report.published_at is not None:
        return list(frozen(published_verdicts(report), language))
    if report.state == LabReport.State.CONFIRMED:
        return list(frozen([one for one in latest_verdicts(report) if not is_later(report, one)], language))
    if report.state == LabReport.State.WITHDRAWN:
        kept = [one for one in report.verdicts.all() if not is_later(report, one)]
        return list(frozen({(one.standard, one.edition): one for one in reversed(kept)}.values(), language))
    return list(judge_report(report))


def report_process(report: LabReport, codes: Iterable[str]) -> list[ProcessResult]:
    """The process rules of some standards held against the report's batch."""
    sets = process_rule_sets(list(codes), report_day(report))
    results = batch_process(report.sample.batch, sets) if sets else []
    return [one for one in results if one.verdict != "not_applicable"]


def country_of(site_code: str) -> str:
    """The country (``CN``) of a site; '' for none."""
    return Site.objects.filter(code=site_code).values_list("region__country", flat=True).first() or ""


def batch_shares(batch: Batch | uuid.UUID) -> tuple[Share, ...]:
    """What a batch was made from: its materials by their part of the wet mass taken in or transferred in."""
    current = LedgerEntry.objects.filter(superseded_by__isnull=True, mass_mg__gt=0)
    masses: dict[str, int] = {}
    for rows in (current.filter(batch=batch, kind="intake"), current.filter(to_batch=batch, kind="transfer")):
        for code, mass in rows.values_list("material").annotate(mass=Sum("mass_mg")).order_by("material"):
            masses[code] = masses.get(code, 0) + mass
    total = sum(masses.values())
    known = materials()
    return tuple(
        Share(known[code].name if code in known else Text(zh=code, en=code), mass / total)
        for code, mass in sorted(masses.items(), key=lambda item: -item[1])
    )


def product_facts(report: LabReport) -> ProductFacts:
    """A confirmed report for the data sheet on the bag."""
    site: Site = report.sample.batch.site
    code = report.public_code if report.published_at and report.public_code else ""
    return ProductFacts(report_facts(report), code, batch_shares(report.sample.batch), site.region.country)


def label_facts(request: TestRequest, url: str) -> LabelFacts:
    """The label of a request's sample."""
    return LabelFacts(
        code=request.label_code or "",
        url=url,
        site=_name(request.batch.site),
        batch=request.batch.code,
        standard=request.standard,
    )
