"""What the logbook shows: batches with their masses, the mass balance, the diary's curves. Private reads ask first."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet, Sum
from django.http import Http404

from batches.models import Batch, DiaryEntry, LedgerEntry, Photo, SiteMonth
from batches.selectors.findings import HARVEST, HARVEST_FAR, Finding, findings_for
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.models import Site
from sites.permissions import CONSOLE, Actor, may, require, sites_where

STATE_ORDER = ("open", "composting", "curing", "finished", "abandoned")


@dataclass(frozen=True, slots=True)
class Masses:
    """Masses of a batch in milligrams; what was superseded does not count."""

    intake: int = 0
    removal: int = 0
    transfer_in: int = 0
    transfer_out: int = 0
    harvest: int = 0
    residue: int = 0

    @property
    def put_in(self) -> int:
        """What ever came in: taken in or transferred in."""
        return self.intake + self.transfer_in

    @property
    def taken_out(self) -> int:
        """What ever went out: removed, transferred out, harvested, disposed of as residue."""
        return self.removal + self.transfer_out + self.harvest + self.residue

    @property
    def remaining(self) -> int:
        """In less out. In a batch at work it lies there or has gone as vapour; in a finished one it has gone."""
        return self.put_in - self.taken_out

    @property
    def excess(self) -> int:
        """How much more came out than ever went in; 0 in a sound batch. Blocks the month until it is explained."""
        return max(0, -self.remaining)

    @property
    def yield_share(self) -> float | None:
        """Harvest and transfer out per net input (0 to 1 in a sound batch); None without input."""
        net = self.put_in - self.removal
        return (self.harvest + self.transfer_out) / net if net > 0 else None


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of a batch's ledger; ``arrives`` where it is a transfer into this batch."""

    entry: LedgerEntry
    arrives: bool
    superseded_by: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Temperatures (°C) at one point and depth, in order of time."""

    point: str
    depth_cm: int | None
    values: list[tuple[dt.datetime, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DiarySeries:
    """The curves of a batch's temperatures and the times at which it was turned."""

    curves: list[Curve]
    turnings: list[dt.datetime]

    @property
    def hottest(self) -> float | None:
        return max((value for curve in self.curves for _, value in curve.values), default=None)


@dataclass(slots=True)
class BatchRow:
    """A batch of the logbook's list with its masses and its latest temperature."""

    batch: Batch
    masses: Masses
    latest: DiaryEntry | None = None


def visible_batches(actor: Actor) -> QuerySet[Batch]:
    """The batches that ``actor`` may read: those of their sites, all of them for a network role."""
    batches = Batch.objects.select_related("site", "site__region")
    if may(actor, "view_network"):
        return batches
    return batches.filter(site__in=sites_where(actor, "view_site_private"))


def visible_batch(actor: Actor, pk: uuid.UUID) -> Batch:
    """One batch; ``sign_in_needed`` for strangers, and not found where ``actor`` may not know that it exists."""
    found = visible_batches(actor).filter(pk=pk).first()
    if found is None:
        batch = Batch.objects.select_related("site").filter(pk=pk).first()
        if batch is not None:
            require(actor, "view_site_private", site=batch.site)
        raise Problem("not_found", what=Message("thing_batch"))
    return found


def visible_site(actor: Actor, code: str) -> Site:
    """One site whose logbook ``actor`` may read."""
    site = Site.objects.select_related("region").filter(code=code).first()
    if site is None:
        raise Http404
    require(actor, "view_site_private", site=site)
    return site


def visible_ledger(actor: Actor) -> QuerySet[LedgerEntry]:
    """The ledger entries that ``actor`` may read."""
    entries = LedgerEntry.objects.select_related("site", "batch", "to_batch", "recorded_by")
    return entries if may(actor, "view_network") else entries.filter(site__in=sites_where(actor, "view_site_private"))


def visible_diary(actor: Actor) -> QuerySet[DiaryEntry]:
    """The diary entries that ``actor`` may read."""
    entries = DiaryEntry.objects.select_related("site", "batch", "photo", "recorded_by")
    return entries if may(actor, "view_network") else entries.filter(site__in=sites_where(actor, "view_site_private"))


def visible_photo(actor: Actor, pk: uuid.UUID) -> Photo:
    """One photo, for those who may read its site's records."""
    photo = Photo.objects.select_related("site").filter(pk=pk).first()
    if photo is None:
        raise Problem("not_found", what=Message("thing_photo"))
    require(actor, "view_site_private", site=photo.site)
    return photo


def masses_of(batches: Iterable[Batch]) -> dict[uuid.UUID, Masses]:
    """Masses of many batches in two queries."""
    keys = [batch.pk for batch in batches]
    current = LedgerEntry.objects.filter(superseded_by__isnull=True)
    sums: dict[uuid.UUID, dict[str, int]] = {key: {} for key in keys}
    names = {"transfer": "transfer_out"}
    for key, kind, mass in (
        current.filter(batch__in=keys).order_by().values_list("batch", "kind").annotate(mass=Sum("mass_mg"))
    ):
        sums[key][names.get(kind, kind)] = int(mass)
    for key, mass in current.filter(to_batch__in=keys).order_by().values_list("to_batch").annotate(mass=Sum("mass_mg")):
        sums[key]["transfer_in"] = int(mass)
    return {key: Masses(**found) for key, found in sums.items()}


def batch_masses(batch: Batch) -> Masses:
    """Masses of one batch."""
    return masses_of([batch])[batch.pk]


def ledger_lines(batch: Batch, start: int = 0, size: int | None = None) -> list[LedgerLine]:
    """The lines of the batch's ledger, newest day first; what was superseded stays readable.

    ``size`` of them from ``start`` on, so that a page of a batch with 100,000 entries stays a page.
    """
    entries = (
        LedgerEntry.objects.filter(Q(batch=batch) | Q(to_batch=batch))
        .select_related("batch", "to_batch", "recorded_by", "superseded_by", "site")
        .order_by("-occurred_on", "-recorded_at", "id")
    )
    lines = []
    for entry in entries[start:] if size is None else entries[start : start + size]:
        later = getattr(entry, "superseded_by", None)
        lines.append(LedgerLine(entry, entry.batch_id != batch.pk, later.pk if later else None))
    return lines


def diary_lines(batch: Batch, start: int = 0, size: int | None = None) -> list[tuple[DiaryEntry, bool]]:
    """The lines of the batch's diary, newest first, and whether each is superseded; such ones stay readable.

    ``size`` of them from ``start`` on.
    """
    entries = (
        DiaryEntry.objects.filter(batch=batch)
        .select_related("recorded_by", "photo", "superseded_by")
        .order_by("-observed_at", "-recorded_at", "id")
    )
    chosen = entries[start:] if size is None else entries[start : start + size]
    return [(entry, getattr(entry, "superseded_by", None) is not None) for entry in chosen]


def diary_series(batch: Batch) -> DiarySeries:
    """Temperature curves and turnings of a batch, oldest first."""
    curves: dict[tuple[str, int | None], Curve] = {}
    turnings = []
    rows = (
        DiaryEntry.objects.filter(batch=batch, superseded_by__isnull=True, kind__in=("temperature", "turning"))
        .order_by("observed_at", "id")
        .values_list("kind", "observed_at", "value", "point", "depth_cm")
    )
    for kind, at, value, point, depth in rows:
        if kind == "turning":
            turnings.append(at)
        elif value is not None:
            curves.setdefault((point, depth), Curve(point, depth)).values.append((at, value))
    ordered = sorted(curves.values(), key=lambda curve: -len(curve.values))
    return DiarySeries(ordered, turnings)


def logbook_rows(site: Site, *, states: Iterable[str] = STATE_ORDER, limit: int = 200) -> list[BatchRow]:
    """The batches of a site in the given states, newest first, with masses and latest temperature."""
    batches = list(
        Batch.objects.filter(site=site, state__in=list(states))
        .select_related("site")
        .order_by("-started_on", "code")[:limit]
    )
    masses = masses_of(batches)
    working = [batch.pk for batch in batches if batch.state in ("open", "composting", "curing")]
    latest: dict[uuid.UUID, DiaryEntry] = {}
    for entry in DiaryEntry.objects.filter(batch__in=working, kind="temperature", superseded_by__isnull=True).order_by(
        "observed_at"
    ):
        latest[entry.batch_id] = entry
    return [BatchRow(batch, masses[batch.pk], latest.get(batch.pk)) for batch in batches]


def queried_months(site: Site) -> list[int]:
    """The months of a site about which the platform team has asked, oldest first."""
    asked = SiteMonth.objects.filter(site=site, state=SiteMonth.State.QUERIED)
    return list(asked.order_by("month").values_list("month", flat=True))


def recent_ledger(site: Site, limit: int = 40) -> list[LedgerEntry]:
    """The last entries of a site: what its forms offer first."""
    return list(LedgerEntry.objects.filter(site=site).order_by("-recorded_at", "-occurred_on")[:limit])


def measuring_points(batch: Batch, limit: int = 5) -> list[tuple[str, int | None]]:
    """Point and depth of the last temperatures of the batch, else of the site, in the order of measuring."""
    temperatures = DiaryEntry.objects.filter(kind="temperature", superseded_by__isnull=True)
    for chosen in (temperatures.filter(batch=batch), temperatures.filter(site=batch.site)):
        rows = chosen.order_by("-observed_at")[:12].values_list("point", "depth_cm")
        if found := list(dict.fromkeys(rows)):
            return found[:limit]
    return []


def harvest_findings(batch: Batch) -> list[tuple[int, Finding]]:
    """Month and finding for each month in which more had come out of the batch than ever went in."""
    months = (
        LedgerEntry.objects.filter(batch=batch, superseded_by__isnull=True)
        .exclude(kind=LedgerEntry.Kind.INTAKE)
        .order_by("month")
        .values_list("month", flat=True)
        .distinct()
    )
    found = findings_for([(batch.site_id, month) for month in months], verifier=CONSOLE)
    return [
        (month, finding)
        for (_site, month), findings in found.items()
        for finding in findings
        if finding.code in (HARVEST, HARVEST_FAR) and finding.batch == batch.pk
    ]
