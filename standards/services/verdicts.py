"""Freeze what the checker says of a report; judge it again by later editions, beside what was said before."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.permissions import Actor, require
from sites.selectors import today_at
from standards.catalogue.later import library_sha256
from standards.checker import CHECKER_VERSION
from standards.checking.explain import SampleVerdict
from standards.models import LabReport, Verdict
from standards.selectors import judge_by_later_editions, judge_report
from standards.services.publishing import locked_report

LANGUAGES = ("zh-hans", "en")


def freeze_verdicts(report: LabReport) -> list[Verdict]:
    """Keep the verdicts of a report against every class in force on its day; part of its caller's transaction."""
    return _freeze(report, judge_report(report))


def _freeze(report: LabReport, answers: list[SampleVerdict]) -> list[Verdict]:
    """Keep verdicts with edition, limits, day, file and checker version; those that are kept already never change."""
    checksums: dict[str, str] = {}
    wanted = []
    for answer in answers:
        code = answer.rules.standard.code
        if code not in checksums:
            checksums[code] = library_sha256(code)
        wanted.append(
            Verdict(
                report=report,
                standard=answer.rules.code,
                edition=answer.rules.edition.edition,
                as_of=answer.rules.day,
                library_sha256=checksums[code],
                checker_version=CHECKER_VERSION,
                verdict=answer.verdict,
                provisional=answer.provisional,
                detail={language: answer.as_json(language) for language in LANGUAGES},
            )
        )
    before = {_key(one) for one in Verdict.objects.filter(report=report).defer("detail")}
    missing = [one for one in wanted if _key(one) not in before]
    Verdict.objects.bulk_create(missing)
    return missing


def _key(verdict: Verdict) -> tuple[object, ...]:
    """What the constraint ``verdict_once_an_edition`` holds unique."""
    return (verdict.standard, verdict.edition, verdict.as_of, verdict.library_sha256, verdict.checker_version)


def judge_again(*, actor: Actor, report: LabReport) -> list[Verdict]:
    """Judge a confirmed report again: by the library as it is now, and by every edition that came after its day.

    Gives the new verdicts; what was kept stays as it is. Again, as long as library and checker are the same: nothing.
    """
    site = report.sample.batch.site
    require(actor, "confirm_lab_report", site=site)
    with transaction.atomic():
        found = locked_report(report)
        if found.state != LabReport.State.CONFIRMED:
            raise Problem("lab_report_not_confirmed", state=Message(f"lab_report_{found.state}"))
        answers = [*judge_report(found), *judge_by_later_editions(found, today_at(site))]
        verdicts = _freeze(found, answers)
        if verdicts:
            named = [f"{one.standard} {one.edition}: {one.verdict}" for one in verdicts]
            audit.record(actor, "judge_again", found, site=site, verdicts=named)
    return verdicts


@dataclass(frozen=True, slots=True)
class JudgedAgain:
    """How many confirmed reports were looked at, and how many new verdicts came of it."""

    reports: int
    verdicts: int


def judge_reports_again(*, actor: Actor) -> JudgedAgain:
    """`judge_again` for every confirmed report, each in a transaction of its own."""
    reports = LabReport.objects.select_related("sample__batch__site").filter(state=LabReport.State.CONFIRMED)
    done = verdicts = 0
    for report in reports.order_by("created_at").iterator(chunk_size=200):
        try:
            verdicts += len(judge_again(actor=actor, report=report))
        except Problem as problem:  # withdrawn while we were on the way to it
            if problem.code != "lab_report_not_confirmed":
                raise
        else:
            done += 1
    return JudgedAgain(done, verdicts)
