"""Findings about what is not there: heat, diary, records of energy, the baseline and the climate of the place."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Func, IntegerField, Max, Q
from django.utils import timezone

from batches.checks import checks, is_never_warm, warm_from, widest_gap
from batches.impact.baselines import find_baseline, shipped_baselines
from batches.impact.method import default_method
from batches.models import Batch, DiaryEntry, LedgerEntry
from batches.resources import resources
from batches.selectors.findings import Asked, Checked, Finding, found
from batches.selectors.records import standing_records
from batches.selectors.site_months import SiteMonthKey, current_entries, standing
from compostnet.shared.display import format_number
from compostnet.shared.months import first_day, last_day, month_of
from sites.climate import SiteClimate, climate_rule, climates, zone_of
from sites.models import Region, Site

NEVER_WARM = "never_warm"
EPOCH = dt.date(1970, 1, 1)
DAY_SECONDS = 86400


class DayNumber(Func):
    """Days since 1970-01-01 of an instant, in a zone that is so many seconds ahead of UTC: grouped in SQL."""

    output_field = IntegerField()

    def __init__(self, expression: Any, ahead: int) -> None:
        super().__init__(expression)
        self.ahead = int(ahead)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # A millionth of a day against what rounding takes from a full hour.
        ahead = self.ahead / DAY_SECONDS + 1e-6
        template = f"CAST(julianday(%(expressions)s) - 2440587.5 + {ahead:.9f} AS integer)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"CAST(floor((extract(epoch FROM %(expressions)s) + {self.ahead}) / {DAY_SECONDS}) AS integer)"
        return self.as_sql(compiler, connection, template=template, **context)


def absences(asked: Asked) -> Checked:
    """All checks of this module; a constant number of queries."""
    facts = {
        row[0]: row[1:]
        for row in Site.objects.filter(asked.of_sites("pk")).values_list(
            "pk", "process", "mean_temperature_c", "region_id", "is_invented", "climate_zone", "precipitation_mm"
        )
    }
    processes = {site: row[0] for site, row in facts.items()}
    ambient = {site: row[1] for site, row in facts.items()}
    yield from _diary(asked, processes, ambient)
    yield from _energy(asked)
    yield from _places(asked, facts)


def _diary(asked: Asked, processes: Mapping[int, str], ambient: Mapping[int, float | None]) -> Checked:
    """Gaps in the diary, and batches being filled that were never warm."""
    days: dict[int, list[int]] = defaultdict(list)
    heat: dict[tuple[UUID, int], tuple[float, int]] = {}
    zone = timezone.get_default_timezone()
    first, last = first_day(asked.months[0]), last_day(asked.months[-1])
    start = dt.datetime.combine(first, dt.time(), zone)
    ahead = int((start.utcoffset() or dt.timedelta()).total_seconds())
    entries = (
        standing(DiaryEntry)
        .filter(
            asked.of_sites("batch__site_id"),
            observed_at__gte=start,
            observed_at__lt=dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone),
        )
        .order_by()
    )
    temperature = Q(kind=DiaryEntry.Kind.TEMPERATURE, value__isnull=False)
    by_day = entries.annotate(day=DayNumber(F("observed_at"), ahead)).values_list("site_id", "batch_id", "day")
    rows = by_day.annotate(
        hottest=Max("value", filter=temperature),
        readings=Count("pk", filter=temperature),
    )
    month_starts = {month: (first_day(month) - EPOCH).days for month in asked.months}
    for site, batch, day, hottest, readings in rows:
        days[site].append(day)
        if not readings:
            continue
        month = month_of(EPOCH + dt.timedelta(days=day))
        known = heat.get((batch, month))
        heat[batch, month] = (hottest, readings) if known is None else (max(known[0], hottest), known[1] + readings)
    rule = checks().diary_gap
    for key, intake in asked.intake.items():
        site, month = key
        if not intake or processes.get(site) in rule.not_for:
            continue
        begins = month_starts[month]
        at, length = widest_gap(days.get(site, ()), begins, begins + (last_day(month) - first_day(month)).days)
        if length >= rule.days.value:
            until = EPOCH + dt.timedelta(days=at + length - 1)
            values = {"days": length, "first": (EPOCH + dt.timedelta(days=at)).isoformat(), "last": until.isoformat()}
            yield key, found("diary_gap", rule.level, values)
    yield from _never_warm(asked, processes, ambient, heat)


def _never_warm(
    asked: Asked,
    processes: Mapping[int, str],
    ambient: Mapping[int, float | None],
    heat: Mapping[tuple[UUID, int], tuple[float, int]],
) -> Checked:
    rule = checks().never_warm
    if not heat:
        return
    filled = current_entries().filter(
        asked.of_sites(), month__in=asked.months, kind=LedgerEntry.Kind.INTAKE, mass_mg__gt=0
    )
    cold = {
        (batch, month, site)
        for site, month, batch in filled.order_by().values_list("site_id", "month", "batch_id").distinct()
        if (site, month) in asked.keys
        and (batch, month) in heat
        and processes.get(site) not in rule.not_for
        and is_never_warm(*heat[batch, month], ambient.get(site))
    }
    if not cold:
        return
    batches = {batch for batch, _, _ in cold}
    codes = dict(Batch.objects.filter(pk__in=batches).values_list("pk", "code"))
    measured = standing(DiaryEntry).filter(batch_id__in=batches, kind=DiaryEntry.Kind.TEMPERATURE).order_by()
    newest = dict(measured.values_list("batch_id").annotate(newest=Max("recorded_at")))
    for batch, month, site in sorted(cold, key=lambda one: (one[2], one[1], codes[one[0]])):
        key: SiteMonthKey = (site, month)
        (hottest, readings), code, least = heat[batch, month], codes[batch], warm_from(ambient.get(site))
        values = {
            "batch": code,
            "hottest": format_number(hottest),
            "readings": readings,
            "least": format_number(least),
        }
        text = asked.explanation(key, NEVER_WARM, batch, newest[batch])
        yield key, found(NEVER_WARM, rule.level, values, batch=batch, batch_code=code, explanation=text)


def _energy(asked: Asked) -> Checked:
    """Energy that a site recorded in the months before and not in this one."""
    rule = checks().record_missing
    kinds = {code: kind for code, kind in resources().kinds.items() if kind.category == "energy"}
    back = int(rule.months_back.value)
    rows = standing_records().filter(
        asked.of_sites(), kind__in=kinds, month__gte=asked.months[0] - back, month__lte=asked.months[-1]
    )
    there = set(rows.order_by().values_list("site_id", "month", "kind").distinct())
    if not there:
        return
    having: dict[tuple[int, str], set[int]] = defaultdict(set)
    for site, month, kind in there:
        having[site, kind].add(month)
    for (site, kind), months in having.items():
        for month in asked.months:
            key = (site, month)
            if key in asked.intake and month not in months and any(month - back <= m < month for m in months):
                yield key, found("record_missing", rule.level, {"kind": kinds[kind].name})


def _places(asked: Asked, facts: Mapping[int, tuple[Any, ...]]) -> Checked:
    """Places of which no methane will be estimated: no baseline for the year, no climate zone."""
    parents = dict(Region.objects.order_by().values_list("code", "parent_id"))

    def chain(code: str | None) -> tuple[str, ...]:
        codes: list[str] = []
        while code is not None and code not in codes:
            codes.append(code)
            code = parents.get(code)
        return tuple(codes)

    @cache
    def has_baseline(region: str, month: int, invented: bool) -> bool:
        try:
            method = default_method(last_day(month))
        except LookupError:  # before the first edition of any method nothing is estimated anyway
            return True
        files = shipped_baselines(method)
        return find_baseline(files, chain(region), month // 12, invented=invented) is not None

    @cache
    def has_climate(region: str) -> bool:
        return bool(zone_of(SiteClimate(), chain(region), climates(), climate_rule()).code)

    rules = checks()
    no_zone = found("zone_missing", rules.zone_missing.level)
    none_for: dict[int, Finding] = {}
    for key in asked.keys:
        if key[0] not in facts:
            continue
        _process, mean, region, invented, zone, rain = facts[key[0]]
        if not has_baseline(region, key[1], invented):
            year = key[1] // 12
            if year not in none_for:
                none_for[year] = found("baseline_missing", rules.baseline_missing.level, {"year": year})
            yield key, none_for[year]
        if not zone and (mean is None or rain is None) and not has_climate(region):
            yield key, no_zone
