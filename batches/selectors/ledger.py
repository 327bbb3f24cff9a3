"""Sums of the ledger, exact to the milligram. Superseded entries do not count; corrections do."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum

from batches.models import LedgerEntry
from compostnet.shared.months import month_text

By = Literal["year", "month", "site", "material"]


def current_entries() -> QuerySet[LedgerEntry]:
    """The entries that count: those that no other supersedes."""
    return LedgerEntry.objects.filter(superseded_by__isnull=True)


def entries_as_of(cut_off: dt.datetime) -> QuerySet[LedgerEntry]:
    """The entries that counted at a time: recorded by then, not superseded by one recorded by then, not to nothing."""
    later = LedgerEntry.objects.filter(supersedes=OuterRef("pk"), recorded_at__lte=cut_off)
    found = LedgerEntry.objects.filter(recorded_at__lte=cut_off).exclude(Exists(later))
    return found.exclude(mass_mg=0, supersedes__isnull=False)


def ledger_totals(*, by: By, kind: str | None = None, sites: QuerySet | None = None) -> list[dict[str, object]]:
    """Sum of mass (``mass_mg``) and number of entries by year, month, site code or material, in their order.

    A transfer moves mass inside of the network, so without ``kind`` each kind has rows of its own.
    """
    entries = current_entries()
    if kind:
        entries = entries.filter(kind=kind)
    if sites is not None:
        entries = entries.filter(site__in=sites)
    field = {"year": "month", "month": "month", "site": "site__code", "material": "material"}[by]
    sums = entries.values("kind", key=F(field)).annotate(mass_mg=Sum("mass_mg"), entries=Count("pk")).order_by()
    totals: dict[tuple[str, str], list[int]] = {}
    for row in sums:
        key = row["key"]
        if by == "year":
            key = f"{row['key'] // 12:04d}"
        elif by == "month":
            key = month_text(row["key"])
        total = totals.setdefault((key, row["kind"]), [0, 0])
        total[0] += row["mass_mg"]
        total[1] += row["entries"]
    return [
        {by: key, "kind": of_kind, "mass_mg": mass_mg, "entries": entries}
        for (key, of_kind), (mass_mg, entries) in sorted(totals.items())
    ]
