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
from standards import core
from standards.checker import Table, check, evidence, table, to_terms, ways
from standards.core import VERDICTS, Column, Reason, State
from standards.indicators import find_indicator, indicators, unit_factor
from standards.library import RuleSet
from standards.library_schema import Limit
from standards.models import LabReport, LabResult
from standards.readings import Line, Reading, read_line
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
    return list(Site.objects.filter(pk__in=reports).order_by("name_zh"))


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
    return _measured(code, limits, wanted, lines, list(found))


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
    wanted: set[str],
    lines: dict[uuid.UUID, list[tuple[str, ...]]],
    reports: Sequence[tuple[uuid.UUID, str, dt.date, str, str, str]],
) -> OverTime:
    read: dict[tuple[str, ...], Reading] = {}
    own = {code, *(part for _, limit in limits for part in limit.sum)}
    sources = {
        source for one in own for rules, _ in limits or () for _, source, _ in ways(one, rules.edition.conversions)
    }
    sources |= own | {source for one in own for _, source, _ in ways(one, ())}
    samples: list[list[Reading]] = []
    answer = OverTime()
    for pk, sample, taken_on, site, name_zh, name_en in reports:
        readings = []
        for texts in lines.get(pk, ()):
            reading = read.get(texts)
            if reading is None:
                name, value, unit, basis, note, uncertainty, said = texts
                reading = read_line(Line("", name, value, unit, basis, note, 0, uncertainty, said))
                read[texts] = reading
            if reading.indicator in wanted:
                readings.append(reading)
        reported = [reading.line.reported for reading in readings if reading.indicator in sources]
        if not reported:
            continue
        samples.append(readings)
        name = Text(zh=name_zh, en=name_en or name_zh)
        answer.measurements.append(Measurement(pk, sample, taken_on, site, name, "; ".join(reported)))
    if samples:
        whole = table(samples)
        for rules, limit in limits:
            _judge(answer, whole, rules, limit)
        if not answer.values:
            terms = own_terms(code)
            answer.values[terms] = _seen(_in_terms(whole, code, terms))
    return answer


def _judge(answer: OverTime, whole: Table, rules: RuleSet, limit: Limit) -> None:
    """The verdicts of one limit, and the values in its terms where no earlier limit had the same."""
    outcome = next(one for one in check(whole, rules).outcomes if one.limit.id == limit.id)
    answer.verdicts[(rules.code, limit.id)] = [VERDICTS[int(code)] for code in outcome.verdict]
    terms = Terms(limit.unit, limit.basis)
    if terms not in answer.values:
        answer.values[terms] = _seen(core.mean(list(outcome.raw)))


def _in_terms(whole: Table, code: str, terms: Terms) -> Column:
    """An indicator in its own terms, without any standard's factors."""
    clause = Text(zh="", en="")
    limit = Limit(
        id="own",
        indicator=code,
        compare=">=",
        value="0",  # type: ignore[arg-type]
        unit=terms.unit,
        basis=terms.basis,  # type: ignore[arg-type]
        clause=clause,
        source="own",
        grade="A",
    )
    return core.mean([to_terms(whole, column, limit, code) for column in evidence(whole, code, ())])


def _seen(column: Column) -> list[Seen]:
    """A column as intervals; what has none says why."""
    seen = []
    for number in range(column.size):
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
