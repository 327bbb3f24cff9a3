"""What is known of site-months: their state, their masses, and every finding that stands against verifying them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Case, Count, IntegerField, Max, Min, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from batches.checks import Balance, checks, far_above_habit, months_named
from batches.materials import materials
from batches.models import Batch, Explanation, LedgerEntry, Release, SiteMonth, UploadRow
from compostnet.shared.months import month_of
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.models import AuditRecord, Site, User
from sites.permissions import Actor
from sites.selectors import active_sites, sites_in

SiteMonthKey = tuple[int, int]
"""Site id and month index."""
HARVEST = "harvest_above_input"
HABIT = "mass_far_above_habit"
EXPLAINABLE = (HARVEST, HABIT)
LATE_ENTRIES = "reopened_late_entries"
"""The note of a month that new entries reopened: a code of the catalogue, see `note_of`."""
REOPENED = "reopened"
"""In filters: what new entries reopened, whatever its state."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands against verifying a site-month, and what would clear it."""

    message: Message
    clears: Message
    batch: UUID | None = None
    batch_code: str = ""
    explanation: str = ""

    @property
    def code(self) -> str:
        return self.message.code

    @property
    def is_explainable(self) -> bool:
        return self.code in EXPLAINABLE

    @property
    def blocks(self) -> bool:
        """Whether it stands against verification: it does until it is explained or its cause is gone."""
        return not self.explanation


def current_entries() -> QuerySet[LedgerEntry]:
    """Ledger entries that count: not superseded, and not a correction to nothing."""
    return LedgerEntry.objects.filter(superseded_by__isnull=True).exclude(mass_mg=0, supersedes__isnull=False)


def findings_for(keys: Collection[SiteMonthKey], *, verifier: Actor) -> dict[SiteMonthKey, list[Finding]]:
    """Every finding of every asked site-month, in a handful of queries whatever their number.

    Explained findings are in it too (they do not block). An explanation covers what was known when it was given: an
    entry recorded afterwards makes its finding block again.
    """
    found: dict[SiteMonthKey, list[Finding]] = {key: [] for key in keys}
    if not found:
        return found
    sites, months = sorted({s for s, _ in keys}), sorted({m for _, m in keys})
    explained = _explanations(sites, months)
    states = {(row.site_id, row.month): row for row in SiteMonth.objects.filter(site_id__in=sites, month__in=months)}
    reported = {
        (row["site_id"], row["month"])
        for row in current_entries().filter(site_id__in=sites, month__in=months).values("site_id", "month").distinct()
    }
    now_month = _this_month()
    for key, findings in found.items():
        state = states.get(key)
        if key[1] >= now_month:
            findings.append(Finding(Message("month_not_over"), Message("clears_month_not_over")))
        if key not in reported:
            findings.append(Finding(Message("nothing_reported"), Message("clears_nothing_reported")))
        if state is not None and state.state == SiteMonth.State.QUERIED:
            findings.append(
                Finding(Message("queried_unanswered", {"note": state.note}), Message("clears_queried_unanswered"))
            )
    if isinstance(verifier, User):
        own = LedgerEntry.objects.filter(site_id__in=sites, month__in=months, recorded_by=verifier)
        for site, month in own.values_list("site_id", "month").distinct():
            if (site, month) in found:
                found[site, month].append(
                    Finding(Message("verifier_recorded_entries"), Message("clears_verifier_recorded_entries"))
                )
    _add_harvests(found, sites, months, explained)
    _add_outliers(found, sites, months, explained)
    _add_rows_to_mend(found, sites, months)
    return found


def _this_month() -> int:
    return month_of(timezone.localdate())


Explained = Mapping[tuple[int, int, str, UUID | None], tuple[dt.datetime, str]]


def _explanations(sites: Collection[int], months: Collection[int]) -> Explained:
    rows = Explanation.objects.filter(site_id__in=sites, month__in=months).order_by("created_at", "id")
    return {(e.site_id, e.month, e.finding, e.batch_id): (e.created_at, e.text) for e in rows}


def _explanation(explained: Explained, key: SiteMonthKey, code: str, batch: UUID | None, newest: dt.datetime) -> str:
    """The text that covers a finding whose newest entry was recorded at ``newest``; empty if there is none."""
    at, text = explained.get((*key, code, batch), (None, ""))
    return text if at is not None and at >= newest else ""


def _add_harvests(
    found: dict[SiteMonthKey, list[Finding]], sites: Collection[int], months: Collection[int], explained: Explained
) -> None:
    """Batches out of which more came than had gone in, by the end of a month in which something came out."""
    outgoing = Q(kind__in=[LedgerEntry.Kind.HARVEST, LedgerEntry.Kind.REMOVAL, LedgerEntry.Kind.TRANSFER])
    asked = current_entries().filter(outgoing, site_id__in=sites, month__in=months)
    batches = set(asked.values_list("batch_id", flat=True).distinct())
    if not batches:
        return
    codes = dict(Batch.objects.filter(pk__in=batches).values_list("pk", "code"))
    flows: dict[UUID, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    newest: dict[UUID, dt.datetime] = {}
    places: set[tuple[UUID, int, int]] = set()
    until = current_entries().filter(month__lte=max(months))
    leaving = until.filter(batch__in=batches).values("batch_id", "site_id", "month", "kind")
    for row in leaving.annotate(mass=Sum("mass_mg"), last=Max("recorded_at")):
        is_intake = row["kind"] == LedgerEntry.Kind.INTAKE
        flows[row["batch_id"]][row["month"]][0 if is_intake else 1] += int(row["mass"])
        newest[row["batch_id"]] = max(newest.get(row["batch_id"], row["last"]), row["last"])
        if not is_intake:
            places.add((row["batch_id"], row["site_id"], row["month"]))
    arriving = until.filter(to_batch__in=batches).values("to_batch_id", "month")
    for row in arriving.annotate(mass=Sum("mass_mg")):
        flows[row["to_batch_id"]][row["month"]][0] += int(row["mass"])
    for batch, site, month in sorted(places, key=lambda place: (place[1], place[2], codes[place[0]])):
        if (site, month) not in found:
            continue
        went_in = sum(flow[0] for m, flow in flows[batch].items() if m <= month)
        came_out = sum(flow[1] for m, flow in flows[batch].items() if m <= month)
        if not Balance(went_in, came_out).is_above:
            continue
        values = {"batch": codes[batch], "went_in": kg_text(went_in), "came_out": kg_text(came_out)}
        text = _explanation(explained, (site, month), HARVEST, batch, newest[batch])
        found[site, month].append(
            Finding(Message(HARVEST, values), Message("clears_" + HARVEST), batch, codes[batch], text)
        )


def _add_outliers(
    found: dict[SiteMonthKey, list[Finding]], sites: Collection[int], months: Collection[int], explained: Explained
) -> None:
    """Intakes far above what the site is used to take in of that material.

    Only (site, material) pairs that can hold one are read: something of the asked months must be so many times as much
    as the least ever taken in, for a median is never below the least.
    """
    rule = checks().mass_far_above_habit
    intakes = current_entries().filter(kind=LedgerEntry.Kind.INTAKE, site_id__in=sites, month__lte=max(months))
    spread = intakes.values_list("site_id", "material").annotate(
        number=Count("pk"), least=Min("mass_mg"), most=Max("mass_mg", filter=Q(month__in=months))
    )
    pairs = {
        (site, material)
        for site, material, number, least, most in spread
        if most is not None and number > rule.earlier_entries.value and most >= rule.times.value * least
    }
    if not pairs:
        return
    chosen = intakes.filter(site_id__in={s for s, _ in pairs}, material__in={m for _, m in pairs})
    rows = [
        row
        for row in chosen.values_list("site_id", "material", "month", "mass_mg", "recorded_at", "occurred_on")
        if row[:2] in pairs
    ]
    if not rows:
        return
    _names, material = np.unique(np.array([row[1] for row in rows]), return_inverse=True)
    site, month, mass = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 2, 3))
    for outlier in far_above_habit(site, material.astype(np.int64), month, mass, found.keys()):
        site_id, code, m, mg, recorded_at, day = rows[outlier.index]
        known = materials().get(code)
        values = {
            "material": known.name if known else code,
            "day": day.isoformat(),
            "mass": kg_text(mg),
            "median": kg_text(int(outlier.median)),
        }
        text = _explanation(explained, (site_id, m), HABIT, None, recorded_at)
        found[site_id, m].append(Finding(Message(HABIT, values), Message("clears_" + HABIT), explanation=text))


def _add_rows_to_mend(
    found: dict[SiteMonthKey, list[Finding]], sites: Collection[int], months: Collection[int]
) -> None:
    """Refused rows of sheets that nobody has mended or dropped.

    A row concerns the site of its upload, or the site whose code stands in it, or (neither known) every site that the
    upload brought entries for; and the months that its texts name, or all where they name none.
    """
    concerning = Q(upload__site__in=sites) | Q(upload__site__isnull=True)
    waiting = UploadRow.objects.filter(concerning, state=UploadRow.State.REJECTED).select_related("upload")
    rows = list(waiting.only("cells", "upload__site", "upload__file_name"))
    if not rows:
        return
    code_to_id = dict(Site.objects.filter(pk__in=sites).values_list("code", "pk"))
    brought: dict[UUID, set[int]] = defaultdict(set)
    uploads = {row.upload_id for row in rows if row.upload.site_id is None}
    if uploads:
        pairs = LedgerEntry.objects.filter(upload_id__in=uploads).values_list("upload_id", "site_id").distinct()
        for upload, site in pairs:
            brought[upload].add(site)
    counts: dict[SiteMonthKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        named = {code_to_id[text] for text in map(_text, row.cells.values()) if text in code_to_id}
        concerned = {row.upload.site_id} if row.upload.site_id else named or brought[row.upload_id]
        for month in months_named(row.cells) or months:
            for site in concerned:
                if (site, month) in found:
                    counts[site, month][row.upload.file_name] += 1
    for key, files in counts.items():
        for name, number in files.items():
            found[key].append(
                Finding(Message("rows_to_mend", {"count": number, "file": name}), Message("clears_rows_to_mend"))
            )


def _text(value: Any) -> str:
    return str(value).strip()


@dataclass(frozen=True, slots=True)
class MonthMass:
    """Fresh masses of a site-month straight from the ledger, in mg."""

    intake: int = 0
    removal: int = 0
    harvest: int = 0
    entries: int = 0


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
    return {
        key: MonthMass(*(sums[key][name] if key in sums else 0 for name in ("intake", "removal", "harvest", "entries")))
        for key in keys
    }


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
    first.
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
        When(month__gte=_this_month(), then=Value(4)),
        When(note=LATE_ENTRIES, then=Value(0)),
        When(state=SiteMonth.State.SUBMITTED, then=Value(1)),
        When(state=SiteMonth.State.QUERIED, then=Value(3)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return waiting.annotate(rank=rank).order_by("rank", "-month", "site__code")


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
    counted = SiteMonth.objects.filter(month__lt=_this_month()).order_by().values("month", "state")
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


def answers_of(rows: Collection[SiteMonth]) -> dict[int, AuditRecord]:
    """What the sites answered when they last submitted these site-months, by id; those without words are left out."""
    said = AuditRecord.objects.filter(
        site_id__in={row.site_id for row in rows},
        object_type=SiteMonth._meta.label_lower,
        object_id__in=[str(row.pk) for row in rows],
        action="submit_site_month",
    ).select_related("actor")
    answers = {int(record.object_id): record for record in said.order_by("id")}
    return {pk: record for pk, record in answers.items() if record.detail.get("answer")}


def silent_sites(month: int) -> QuerySet[Site]:
    """Sites that were open in a month and have reported nothing of it; ``last`` is the month of their last report."""
    reported = current_entries().filter(month=month).order_by().values("site_id")
    last = Max("months__month", filter=Q(months__month__lt=month))
    return active_sites(month).exclude(pk__in=reported).annotate(last=last).order_by("code")


def note_of(site_month: SiteMonth, language: str) -> str:
    """Why a month was queried or reopened, in words: a person's own, or those of the catalogue for a code of ours."""
    note = site_month.note
    return Message(note).render(language) if note == LATE_ENTRIES else note


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
