"""What is known of site-months: their state, their masses, their thread, and what waits at the desk."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from batches.models import DiaryEntry, LedgerEntry, Release, Remark, SiteMonth
from compostnet.shared.months import month_of
from compostnet.shared.texts import Message
from sites.models import Site
from sites.selectors import active_sites, sites_in

EntryModel = TypeVar("EntryModel", LedgerEntry, DiaryEntry)
SiteMonthKey = tuple[int, int]
"""Site id and month index."""
LATE_ENTRIES = "reopened_late_entries"
"""The note of a month that new entries reopened: a code of the catalogue, see `note_of`."""
REOPENED = "reopened"
"""In filters: what new entries reopened, whatever its state."""


def standing(model: type[EntryModel]) -> QuerySet[EntryModel]:
    """Entries of ledger or diary that nothing supersedes.

    Told by the list of what is superseded, which is short: joined to itself the table is read in full for each of its
    rows by an SQLite whose statistics say that nearly all of that column is null.
    """
    superseded = model._default_manager.filter(supersedes__isnull=False).order_by().values("supersedes_id")
    return model._default_manager.exclude(pk__in=superseded)


def current_entries() -> QuerySet[LedgerEntry]:
    """Ledger entries that count: not superseded, and not a correction to nothing."""
    return standing(LedgerEntry).exclude(mass_mg=0, supersedes__isnull=False)


def this_month() -> int:
    """The month that it is now."""
    return month_of(timezone.localdate())


@dataclass(frozen=True, slots=True)
class MonthMass:
    """Fresh masses of a site-month straight from the ledger, in mg."""

    intake: int = 0
    removal: int = 0
    harvest: int = 0
    residue: int = 0
    entries: int = 0


MASS_FIELDS = ("intake", "removal", "harvest", "residue", "entries")


def masses_of(keys: Collection[SiteMonthKey]) -> dict[SiteMonthKey, MonthMass]:
    """Masses by kind of the asked site-months (those without entries have zeros)."""
    sites, months = {s for s, _ in keys}, {m for _, m in keys}
    rows = (
        current_entries()
        .filter(site_id__in=sites, month__in=months)
        .values("site_id", "month", "kind")
        .annotate(mass=Sum("mass_mg"), number=Count("id"))
    )
    sums: dict[SiteMonthKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[row["site_id"], row["month"]][row["kind"]] += int(row["mass"])
        sums[row["site_id"], row["month"]]["entries"] += row["number"]
    return {key: MonthMass(*(sums[key][name] if key in sums else 0 for name in MASS_FIELDS)) for key in keys}


def visible_site_months(sites: QuerySet[Site]) -> QuerySet[SiteMonth]:
    """The site-months of some sites with what lists show."""
    found = SiteMonth.objects.select_related("site__region__parent", "submitted_by", "verified_by")
    return found.filter(site__in=sites).defer("site__region__boundary", "site__region__parent__boundary")


def waiting_site_months(
    sites: QuerySet[Site], *, month: int | None = None, region: str = "", state: str = ""
) -> QuerySet[SiteMonth]:
    """What the desk has to act on: all that is not verified, by month, region of any level and state.

    First the months that new entries reopened (a published figure may hang on them), then submitted ones, then those
    that nobody has submitted, then those that wait for the site, last those that are not over; in each the newest
    first. ``rank`` counts these groups from 0.
    """
    waiting = visible_site_months(sites).exclude(state=SiteMonth.State.VERIFIED)
    if month is not None:
        waiting = waiting.filter(month=month)
    if region:
        waiting = waiting.filter(site__in=Site.objects.filter(sites_in(region)))
    if state == REOPENED:
        waiting = waiting.filter(note=LATE_ENTRIES)
    elif state:
        waiting = waiting.filter(state=state)
    rank = Case(
        When(month__gte=this_month(), then=Value(4)),
        When(note=LATE_ENTRIES, then=Value(0)),
        When(state=SiteMonth.State.SUBMITTED, then=Value(1)),
        When(state=SiteMonth.State.QUERIED, then=Value(3)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return waiting.annotate(rank=rank).order_by("rank", "-month", "site__code")


RANKS = (REOPENED, "submitted", "open", "queried", "not_over")


def waiting_counts(waiting: QuerySet[SiteMonth]) -> dict[str, int]:
    """How many site-months of an answer of `waiting_site_months` are in each group."""
    counts = dict.fromkeys(RANKS, 0)
    for rank, number in waiting.order_by().values_list("rank").annotate(number=Count("pk")):
        counts[RANKS[rank]] = number
    return counts


@dataclass(frozen=True, slots=True)
class MonthState:
    """How far a month is: sites expected, site-months by state, the newest release of it and whether it has news."""

    month: int
    expected: int
    verified: int
    submitted: int
    open: int
    queried: int
    silent: int
    release: Release | None
    has_news: bool


def month_states() -> list[MonthState]:
    """Every month that is over and that somebody has reported, the newest first; four queries."""
    rows: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    verified_at: dict[int, dt.datetime] = {}
    counted = SiteMonth.objects.filter(month__lt=this_month()).order_by().values("month", "state")
    for row in counted.annotate(number=Count("pk"), last=Max("verified_at")):
        rows[row["month"]][row["state"]] = row["number"]
        if row["last"]:
            verified_at[row["month"]] = row["last"]
    releases = {release.month: release for release in Release.objects.filter(month__in=rows).order_by("number")}
    spans = [
        (month_of(opened), month_of(closed) if closed else None)
        for opened, closed in Site.objects.order_by().values_list("opened_on", "closed_on")
    ]
    states = []
    for month in sorted(rows, reverse=True):
        expected = sum(first <= month and (last is None or month <= last) for first, last in spans)
        counts = {state: rows[month][state] for state in SiteMonth.State.values}
        release, newest = releases.get(month), verified_at.get(month)
        news = newest is not None and (release is None or newest > release.created_at)
        silent = max(0, expected - sum(counts.values()))
        states.append(MonthState(month, expected, silent=silent, release=release, has_news=news, **counts))
    return states


def threads_of(keys: Collection[SiteMonthKey]) -> dict[SiteMonthKey, list[Remark]]:
    """What was asked, answered and remarked of the asked site-months, oldest first. One query."""
    found: dict[SiteMonthKey, list[Remark]] = {key: [] for key in keys}
    sites, months = {s for s, _ in found}, {m for _, m in found}
    said = Remark.objects.filter(site_id__in=sites, month__in=months).select_related("created_by")
    for remark in said.order_by("created_at", "id"):
        if (remark.site_id, remark.month) in found:
            found[remark.site_id, remark.month].append(remark)
    return found


def silent_sites(month: int, *, region: str = "") -> QuerySet[Site]:
    """Sites that were open in a month and have reported nothing of it; ``last`` is the month of their last report."""
    reported = current_entries().filter(month=month).order_by().values("site_id")
    last = Max("months__month", filter=Q(months__month__lt=month))
    expected = active_sites(month)
    if region:
        expected = expected.filter(sites_in(region))
    return expected.exclude(pk__in=reported).annotate(last=last).order_by("code")


def said(text: str, language: str) -> str:
    """A note or remark in words: a person's own, or those of the catalogue for a code of ours."""
    return Message(text).render(language) if text == LATE_ENTRIES else text


def note_of(site_month: SiteMonth, language: str) -> str:
    """Why a month was queried or reopened, in words."""
    return said(site_month.note, language)


def keys_to_verify(*, month: int | None = None, site: Site | None = None) -> list[SiteMonthKey]:
    """The site-months that verification is asked of: one month's sites expected or reporting, else all."""
    rows = SiteMonth.objects.all()
    chosen = rows if site is None else rows.filter(site=site)
    if month is None:
        return sorted(chosen.values_list("site_id", "month"))
    expected = active_sites(month) if site is None else Site.objects.filter(pk=site.pk)
    found = set(chosen.filter(month=month).values_list("site_id", flat=True)) | set(
        expected.values_list("pk", flat=True)
    )
    return sorted((pk, month) for pk in found)
