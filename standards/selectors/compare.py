"""Reads of the compare pages: a report against everything, and one indicator of many samples over time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import Q, QuerySet

from compostnet.shared.rules import Text
from sites.models import Region, Site
from sites.permissions import Actor, may
from standards.checking import core
from standards.checking.core import BASES, VERDICTS, Column, Reason, State
from standards.checking.evaluation import Evaluation
from standards.checking.plan import Term, plan_of, ways
from standards.checking.tables import Table, evidence, in_terms, table_of
from standards.indicators import find_indicator, indicators, unit_factor
from standards.library import RuleSet
from standards.library_schema import Limit
from standards.models import LabReport, LabResult
from standards.reading.bulk import columns_of
from standards.reading.readings import Line, cells_of
from standards.selectors import visible_report, visible_reports

NEWEST = 100
_CAUSES = {Reason.BASIS_UNKNOWN: "over_time_basis", Reason.MOISTURE_NEEDED: "over_time_moisture"}


def report_to_compare(actor: Actor, pk: uuid.UUID) -> LabReport:
    """A report that ``actor`` may see, or one that is published."""
    published = LabReport.objects.filter(pk=pk, state=LabReport.State.CONFIRMED, published_at__isnull=False)
    found = published.select_related("sample__batch__site", "lab").prefetch_related("results").first()
    return found or visible_report(actor, pk)


def reports_to_choose(actor: Actor) -> list[LabReport]:
    """The newest reports that ``actor`` may compare, withdrawn ones left out."""
    reports = visible_reports(actor).prefetch_related(None).exclude(state=LabReport.State.WITHDRAWN)
    return list(reports.order_by("-created_at")[:NEWEST])


# --- one indicator over time ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measurement:
    """One sample of one report: where and when it was taken, and what of the wanted indicator stands in the report."""

    report: uuid.UUID
    code: str
    taken_on: dt.date
    site: str
    site_name: Text
    reported: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The value of a measurement in a limit's terms: an interval; or why there is none (``reason``: a message code)."""

    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Unit and basis that values are brought to."""

    unit: str
    basis: str


@dataclass(slots=True)
class OverTime:
    """One indicator over time: measurements, their values in each of the terms, their verdicts by each limit."""

    measurements: list[Measurement] = field(default_factory=list)
    values: dict[Terms, list[Seen]] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By rule set and limit id."""


def comparable_reports(actor: Actor) -> QuerySet[LabReport]:
    """The confirmed reports that count for ``actor``: those they may read, and those published to everybody."""
    confirmed = LabReport.objects.filter(state=LabReport.State.CONFIRMED)
    if may(actor, "view_network"):
        return confirmed
    own = visible_reports(actor).order_by().prefetch_related(None).values("pk")
    return confirmed.filter(Q(published_at__isnull=False) | Q(pk__in=own))


def sites_to_choose(actor: Actor) -> list[Site]:
    """The sites that have a report which counts for ``actor``."""
    reports = comparable_reports(actor).order_by().values("sample__batch__site")
    return list(Site.objects.filter(pk__in=reports).select_related("region__parent__parent").order_by("name_zh"))


def regions_of_sites(sites: Iterable[Site]) -> list[Region]:
    """The cities and provinces of some sites, provinces first; a country is no choice where there is only one."""
    regions: dict[str, Region] = {}
    for site in sites:
        region: Region | None = site.region
        while region is not None:
            regions[region.code] = region
            region = region.parent
    countries = [region for region in regions.values() if region.level == 0]
    chosen = [region for region in regions.values() if region.level > 0 or len(countries) > 1]
    return sorted(chosen, key=lambda region: (region.level, region.code))


def limits_of(rule_sets: Iterable[RuleSet], code: str) -> list[tuple[RuleSet, Limit]]:
    """The limits on one indicator that are lines in a chart: comparisons with a number."""
    return [
        (rules, limit)
        for rules in rule_sets
        for limit in rules.limits
        if limit.indicator == code and limit.compare in ("<=", "<", ">=", ">", "range")
    ]


def own_terms(code: str) -> Terms:
    """The terms of an indicator where no limit says others: its usual unit, per dry matter where it has a basis."""
    indicator = indicators().indicators[code]
    return Terms(indicator.unit, "dm" if indicators().quantities[indicator.quantity].basis else "none")


def over_time(
    actor: Actor,
    code: str,
    limits: Sequence[tuple[RuleSet, Limit]],
    *,
    site: Site | None = None,
    region: Region | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> OverTime:
    """One indicator of every sample that counts for ``actor``, through the checker's own reading.

    Three queries, however many samples there are. Only the lines that the indicator can be known from are read.
    """
    reports = comparable_reports(actor)
    if site is not None:
        reports = reports.filter(sample__batch__site=site)
    if region is not None:
        reports = reports.filter(
            Q(sample__batch__site__region=region)
            | Q(sample__batch__site__region__parent=region)
            | Q(sample__batch__site__region__parent__parent=region)
        )
    if first is not None:
        reports = reports.filter(sample__taken_on__gte=first)
    if last is not None:
        reports = reports.filter(sample__taken_on__lte=last)
    wanted = _evidence_codes(code, limits)
    results = LabResult.objects.filter(report__in=reports.order_by().values("pk")).order_by()
    names = [text for text in results.values_list("indicator_text", flat=True).distinct() if _may_be(text, wanted)]
    lines: dict[uuid.UUID, list[tuple[str, ...]]] = {}
    rows = results.filter(Q(indicator__in=sorted(wanted)) | Q(indicator="", indicator_text__in=names))
    fields = ("indicator_text", "value_text", "unit_text", "basis_text", "note_text", "uncertainty_text", "indicator")
    for report, *texts in rows.order_by("report", "line").values_list("report_id", *fields):
        lines.setdefault(report, []).append(tuple(texts))
    found = reports.order_by("sample__taken_on", "created_at").values_list(
        *("pk", "sample__code", "sample__taken_on"),
        *("sample__batch__site__code", "sample__batch__site__name_zh", "sample__batch__site__name_en"),
    )
    return _measured(code, limits, lines, list(found))


def _evidence_codes(code: str, limits: Sequence[tuple[RuleSet, Limit]]) -> set[str]:
    """Every indicator that this one, or its basis, can be known from."""
    bare = {code, "moisture", "dry_matter", *(part for _, limit in limits for part in limit.sum)}
    if any(limit.basis == "om" for _, limit in limits) or code == "organic_matter":
        bare.add("organic_matter")
    conversions = [rules.edition.conversions for rules, _ in limits] or [()]
    wanted = {source for one in bare for factors in conversions for _, source, _ in ways(one, factors)}
    partners = {other for rule in indicators().consistency if wanted & set(rule.of) for other in rule.of}
    return wanted | partners


def _may_be(text: str, wanted: Collection[str]) -> bool:
    return any(code in wanted for code in find_indicator(text))


def _measured(
    code: str,
    limits: Sequence[tuple[RuleSet, Limit]],
    rows: dict[uuid.UUID, list[tuple[str, ...]]],
    reports: Sequence[tuple[uuid.UUID, str, dt.date, str, str, str]],
) -> OverTime:
    own = {code, *(part for _, limit in limits for part in limit.sum)}
    factors = [rules.edition.conversions for rules, _ in limits] or [()]
    sources = {source for one in own for conversions in factors for _, source, _ in ways(one, conversions)}
    lines: list[Line] = []
    which: list[int] = []
    for number, report in enumerate(reports):
        for name, value, unit, basis, note, uncertainty, said in rows.get(report[0], ()):
            lines.append(Line("", name, value, unit, basis, note, 0, uncertainty, said))
            which.append(number)
    answer = OverTime()
    if not lines:
        return answer
    cells = cells_of(lines)
    of_indicator = np.isin(cells.indicator, [place for place, one in enumerate(cells.codes) if one in sources])
    reported: dict[int, list[str]] = {}
    for place in np.flatnonzero(of_indicator).tolist():
        reported.setdefault(which[place], []).append(lines[place].reported)
    kept = sorted(reported)
    for number in kept:
        pk, sample, taken_on, site, zh, en = reports[number]
        name = Text(zh=zh or en, en=en or zh)
        answer.measurements.append(Measurement(pk, sample, taken_on, site, name, "; ".join(reported[number])))
    if not kept:
        return answer
    whole = table_of(len(reports), columns_of(cells, np.array(which, np.int64), len(reports)))
    for rules, limit in limits:
        _judge(answer, whole, kept, rules, limit)
    if not answer.values:
        terms = own_terms(code)
        term = Term(tuple(ways(code, ())), BASES[terms.basis], 1.0 / unit_factor(code, terms.unit))
        found = [in_terms(whole, column, term) for column in evidence(whole, term.ways)]
        answer.values[terms] = _seen(core.mean(found), kept)
    return answer


def _judge(answer: OverTime, whole: Table, kept: Sequence[int], rules: RuleSet, limit: Limit) -> None:
    """The verdicts of one limit, and the values in its terms where no earlier limit had the same."""
    plan = plan_of([RuleSet(rules.standard, rules.product_class, rules.edition, rules.day, (limit,))])
    done = Evaluation(whole, plan, {}, "simple")
    leaf = plan.sets[0].leaves[0]
    verdicts = done.slots[leaf.slot][0]
    answer.verdicts[(rules.code, limit.id)] = [VERDICTS[int(verdicts[number])] for number in kept]
    terms = Terms(limit.unit, limit.basis)
    if terms not in answer.values:
        raw = done.judged[leaf.judgement].raw
        answer.values[terms] = _seen(core.mean(list(raw)) if raw else Column.empty(whole.size), kept)


def _seen(column: Column, kept: Sequence[int]) -> list[Seen]:
    """A column as intervals; what has none says why."""
    seen = []
    for number in kept:
        state = int(column.state[number])
        low, high = float(column.low[number]), float(column.high[number])
        if state == State.ABSENT:
            seen.append(Seen(reason="over_time_nothing"))
        elif state != State.VALUE:
            seen.append(Seen(reason="over_time_unreadable"))
        elif not np.isfinite(high) and int(column.cause[number]) in _CAUSES:
            seen.append(Seen(reason=_CAUSES[int(column.cause[number])]))
        elif low <= 0 and not np.isfinite(high):
            seen.append(Seen(reason="over_time_no_bound"))
        elif not np.isfinite(high):
            seen.append(Seen(low=low))
        elif np.isclose(low, high, rtol=1e-9, atol=0.0):
            seen.append(Seen(low=high, high=high))
        else:
            seen.append(Seen(low=low if low > 0 else None, high=high))
    return seen


def scaled(seen: Seen, code: str, unit: str, to: str) -> Seen:
    """A value in another unit of the same quantity."""
    factor = unit_factor(code, unit) / unit_factor(code, to)
    if factor == 1.0:
        return seen
    return Seen(
        None if seen.low is None else seen.low * factor, None if seen.high is None else seen.high * factor, seen.reason
    )
