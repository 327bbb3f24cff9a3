"""What sites wrote down once a month besides their masses. Superseded records do not count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from django.db.models import Q, QuerySet

from batches.models import MonthlyRecord
from batches.resources import resources
from sites.permissions import Actor, may, sites_where

RecordKey = tuple[int, int, str]
"""Site id, month index, kind."""


def standing_records(as_of: dt.datetime | None = None) -> QuerySet[MonthlyRecord]:
    """The records that count, now or as they stood at an instant (what was recorded later is not there)."""
    if as_of is None:
        return MonthlyRecord.objects.filter(superseded_by__isnull=True)
    known = MonthlyRecord.objects.filter(recorded_at__lte=as_of)
    return known.exclude(Q(superseded_by__isnull=False) & Q(superseded_by__recorded_at__lte=as_of))


def visible_records(actor: Actor) -> QuerySet[MonthlyRecord]:
    """The records that ``actor`` may read, superseded ones too."""
    rows = MonthlyRecord.objects.select_related("site", "recorded_by")
    return rows if may(actor, "view_network") else rows.filter(site__in=sites_where(actor, "view_site_private"))


def current_records(
    months: Collection[int] | None = None,
    sites: Collection[int] | None = None,
    as_of: dt.datetime | None = None,
) -> dict[RecordKey, Decimal]:
    """Site id, month, kind → value in the kind's unit, exact. None for months or sites means all of them.

    Several records of one kind in a month (two electricity bills) are summed, for kinds that a year is the sum of; of
    the others (people, households, stock, fee) the one recorded last counts. One query.
    """
    rows = standing_records(as_of)
    if months is not None:
        rows = rows.filter(month__in=list(months))
    if sites is not None:
        rows = rows.filter(site__in=list(sites))
    found: dict[RecordKey, Decimal] = {}
    order = ("site_id", "month", "kind", "recorded_at", "id")
    for site, month, kind, value in rows.order_by(*order).values_list("site_id", "month", "kind", "value"):
        key, rule = (site, month, kind), resources().kinds.get(kind)
        if rule is None:  # a kind that the file no longer knows stays readable, but counts nowhere
            continue
        found[key] = found.get(key, Decimal(0)) + value if rule.over_months == "sum" else value
    return found


def over_months(records: Mapping[RecordKey, Decimal], months: Iterable[int]) -> dict[tuple[int, str], Decimal]:
    """Site id, kind → the value of a span of months: summed, or the latest that was written down (see the kind)."""
    span = set(months)
    found: dict[tuple[int, str], Decimal] = {}
    for (site, month, kind), value in sorted(records.items()):
        if month in span:
            is_sum = resources().kinds[kind].over_months == "sum"
            found[site, kind] = found.get((site, kind), Decimal(0)) + value if is_sum else value
    return found
