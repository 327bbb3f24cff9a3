"""Which site-months' diaries show aerobic operation, for methods that ask for it (TOOL13's composting factors)."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

import numpy as np
from django.db.models import Count, F, Q

from batches.impact.accounts import Flags
from batches.impact.aerobic import DiaryCounts, aerobic
from batches.impact.method import AerobicDiary
from batches.models import DiaryEntry
from batches.selectors.absences import EPOCH, DayNumber
from compostnet.shared.months import first_day, last_day, month_of
from sites.models import Site

Kind = DiaryEntry.Kind


def aerobic_months(when: AerobicDiary, at: Mapping[int, int], first: int, last: int) -> Flags:
    """Flags (T, N) of the months ``first`` to ``last``; ``at`` gives the column of each site's key.

    Superseded entries do not count. One query a time zone: sites and days, with what the diary holds of them.
    """
    shape = (last - first + 1, len(at))
    counts = DiaryCounts(*(np.zeros(shape, dtype=np.int64) for _ in range(4)))
    zones = Site.objects.filter(pk__in=DiaryEntry.objects.values("site")).values_list("time_zone", flat=True)
    for name in sorted(set(zones)):
        for site, day, read, hot, turned, low in _days(when, name, first, last):
            t, n = month_of(EPOCH + dt.timedelta(days=day)) - first, at.get(site, -1)
            if n < 0 or not 0 <= t < shape[0]:
                continue
            counts.temperature_days[t, n] += read > 0
            counts.hot_days[t, n] += hot > 0
            counts.turnings[t, n] += turned
            counts.low_oxygen[t, n] += low
    return aerobic(counts, when)


def _days(when: AerobicDiary, time_zone: str, first: int, last: int) -> list[tuple[int, int, int, int, int, int]]:
    """By site and day of a time zone: temperatures, hot ones, turnings and oxygen readings that are too low."""
    zone = zoneinfo.ZoneInfo(time_zone)
    start = dt.datetime.combine(first_day(first), dt.time(), zone)
    stop = dt.datetime.combine(last_day(last) + dt.timedelta(days=1), dt.time(), zone)
    ahead = int((start.utcoffset() or dt.timedelta()).total_seconds())
    temperature, oxygen = Q(kind=Kind.TEMPERATURE, value__isnull=False), Q(kind=Kind.OXYGEN, value__isnull=False)
    rows = (
        DiaryEntry.objects.filter(
            site__time_zone=time_zone,
            superseded_by__isnull=True,
            kind__in=(Kind.TEMPERATURE, Kind.TURNING, Kind.OXYGEN),
            observed_at__gte=start,
            observed_at__lt=stop,
        )
        .order_by()
        .annotate(day=DayNumber(F("observed_at"), ahead))
        .values_list("site_id", "day")
        .annotate(
            read=Count("pk", filter=temperature),
            hot=Count("pk", filter=temperature & Q(value__gte=when.hot_c.value)),
            turned=Count("pk", filter=Q(kind=Kind.TURNING)),
            low=Count("pk", filter=oxygen & Q(value__lt=when.oxygen_percent.value)),
        )
    )
    return list(rows)
