"""Every finding of site-months: what the checks of ``batches/checks.yaml`` say before a month is verified.

Set-based: a handful of queries however many site-months are asked. Checks of what was not recorded (diary, climate,
baseline, records of energy) stand in ``absences.py`` beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from batches.checks import Balance, Level, checks, far_above_habit, months_named, share_percent
from batches.materials import materials
from batches.models import Batch, Explanation, LedgerEntry, MonthlyRecord, SiteMonth, UploadRow
from batches.selectors.site_months import SiteMonthKey, current_entries, this_month
from compostnet.shared.display import format_number
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.models import Site, User
from sites.permissions import Actor

HARVEST = "harvest_above_input"
HARVEST_FAR = "harvest_far_above_input"
HABIT = "mass_far_above_habit"
DUPLICATE = "looks_like_duplicate"
ESTIMATED = "share_estimated_high"
MANY_SITES = 1000
"""From so many sites on all of the network's rows of the months are read instead of naming each site in the query."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found of a site-month, how much it weighs, and what would clear it."""

    message: Message
    clears: Message
    batch: UUID | None = None
    batch_code: str = ""
    explanation: str = ""
    level: Level = "blocks"

    @property
    def code(self) -> str:
        return self.message.code

    @property
    def is_explainable(self) -> bool:
        """Whether a reason in writing clears it."""
        return self.level == "reason"

    @property
    def blocks(self) -> bool:
        """Whether it stands against verification now."""
        return self.level == "blocks" or (self.level == "reason" and not self.explanation)

    @property
    def warns(self) -> bool:
        """Whether a person should have read it before the month is verified."""
        return self.level == "warning"


def found(code: str, level: Level, values: Mapping[str, Any] | None = None, **more: Any) -> Finding:
    """A finding whose sentences are ``code`` and ``clears_code``."""
    return Finding(Message(code, values or {}), Message(f"clears_{code}"), level=level, **more)


Found = dict[SiteMonthKey, list[Finding]]
Explained = Mapping[tuple[int, int, str, UUID | None], tuple[dt.datetime, str]]


@dataclass(slots=True)
class Asked:
    """The site-months asked, and what several checks need of them."""

    keys: Collection[SiteMonthKey]
    sites: list[int]
    months: list[int]
    explained: Explained
    intake: dict[SiteMonthKey, int]
    """Mass taken in (mg) of the asked site-months that reported anything; 0 where something else was reported."""

    def of_sites(self, field: str = "site_id") -> Q:
        """Rows of the asked sites; of all sites where so many are asked (the others are left out by their key)."""
        return Q() if len(self.sites) > MANY_SITES else Q(**{f"{field}__in": self.sites})

    def explanation(self, key: SiteMonthKey, code: str, batch: UUID | None, newest: dt.datetime) -> str:
        """The text that covers a finding whose newest entry was recorded at ``newest``; empty if there is none."""
        at, text = self.explained.get((*key, code, batch), (None, ""))
        return text if at is not None and at >= newest else ""


def findings_for(keys: Collection[SiteMonthKey], *, verifier: Actor) -> Found:
    """Every finding of every asked site-month, in a constant number of queries; what blocks stands first.

    Explained findings are in it too (they do not block). An explanation covers what was known when it was given: an
    entry recorded afterwards makes its finding block again.
    """
    # Here, because that module builds on this one.
    from batches.selectors.absences import absences

    findings: Found = {key: [] for key in keys}
    if not findings:
        return findings
    sites, months = sorted({s for s, _ in keys}), sorted({m for _, m in keys})
    asked = Asked(findings.keys(), sites, months, _explanations(sites, months), {})
    estimated = _masses(asked)
    for checked in (
        _states(asked),
        _own(asked, verifier),
        _balances(asked),
        _outliers(asked),
        _rows_to_mend(asked),
        _duplicates(asked),
        _estimates(asked, estimated),
        absences(asked),
    ):
        for key, finding in checked:
            findings[key].append(finding)
    for listed in findings.values():
        listed.sort(key=lambda finding: (not finding.blocks, LEVELS.index(finding.level)))
    return findings


LEVELS: tuple[Level, ...] = ("blocks", "reason", "warning", "hint")
Checked = Iterator[tuple[SiteMonthKey, Finding]]


def _explanations(sites: Collection[int], months: Collection[int]) -> Explained:
    rows = Explanation.objects.filter(month__in=months)
    if len(sites) <= MANY_SITES:
        rows = rows.filter(site_id__in=sites)
    return {
        (e.site_id, e.month, e.finding, e.batch_id): (e.created_at, e.text) for e in rows.order_by("created_at", "id")
    }


def _masses(asked: Asked) -> dict[SiteMonthKey, int]:
    """Fills in what was taken in; returns how much of it was estimated (mg)."""
    estimated: dict[SiteMonthKey, int] = {}
    rows = current_entries().filter(asked.of_sites(), month__in=asked.months).order_by()
    rows = rows.values_list("site_id", "month", "kind", "measured").annotate(mass=Sum("mass_mg"))
    for site, month, kind, measured, mass in rows:
        key = (site, month)
        if key not in asked.keys:
            continue
        is_intake = kind == LedgerEntry.Kind.INTAKE
        asked.intake[key] = asked.intake.get(key, 0) + (int(mass) if is_intake else 0)
        if is_intake and measured == LedgerEntry.Measured.ESTIMATE:
            estimated[key] = int(mass)
    return estimated


def _states(asked: Asked) -> Checked:
    """Months that are not over, not reported or asked about."""
    queried = SiteMonth.objects.filter(asked.of_sites(), month__in=asked.months, state=SiteMonth.State.QUERIED)
    notes = {(site, month): note for site, month, note in queried.values_list("site_id", "month", "note")}
    now_month = this_month()
    for key in asked.keys:
        if key[1] >= now_month:
            yield key, found("month_not_over", "blocks")
        if key not in asked.intake:
            yield key, found("nothing_reported", "blocks")
        if key in notes:
            yield key, found("queried_unanswered", "blocks", {"note": notes[key]})


def _own(asked: Asked, verifier: Actor) -> Checked:
    """What the verifier recorded: entries of the ledger, and records that the figures rest on."""
    if not isinstance(verifier, User):
        return
    own = set()
    for model in (LedgerEntry, MonthlyRecord):
        rows = model._default_manager.filter(asked.of_sites(), month__in=asked.months, recorded_by=verifier)
        own |= set(rows.values_list("site_id", "month").order_by().distinct())
    for key in sorted(own):
        if key in asked.keys:
            yield key, found("verifier_recorded_entries", "blocks")


def _balances(asked: Asked) -> Checked:
    """Batches out of which more came than had gone in, by the end of a month in which something came out."""
    outgoing = current_entries().filter(asked.of_sites(), month__in=asked.months)
    batches = outgoing.exclude(kind=LedgerEntry.Kind.INTAKE).order_by().values("batch_id")
    flows: dict[UUID, dict[int, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    newest: dict[UUID, dt.datetime] = {}
    places: set[tuple[UUID, int, int]] = set()
    until = current_entries().filter(month__lte=max(asked.months)).order_by()
    leaving = until.filter(batch_id__in=batches).values_list("batch_id", "site_id", "month", "kind")
    for batch, site, month, kind, mass, last in leaving.annotate(mass=Sum("mass_mg"), last=Max("recorded_at")):
        is_intake = kind == LedgerEntry.Kind.INTAKE
        flows[batch][month][0 if is_intake else 1] += int(mass)
        newest[batch] = max(newest.get(batch, last), last)
        if not is_intake and (site, month) in asked.keys:
            places.add((batch, site, month))
    arriving = until.filter(to_batch_id__in=batches).values_list("to_batch_id", "month")
    for batch, month, mass in arriving.annotate(mass=Sum("mass_mg")):
        flows[batch][month][0] += int(mass)
    above = []
    for batch, site, month in places:
        went_in = sum(flow[0] for m, flow in flows[batch].items() if m <= month)
        came_out = sum(flow[1] for m, flow in flows[batch].items() if m <= month)
        balance = Balance(went_in, came_out)
        if balance.is_above:
            above.append((site, month, batch, balance))
    codes = dict(Batch.objects.filter(pk__in={batch for _, _, batch, _ in above}).values_list("pk", "code"))
    rule = checks().harvest_above_input
    for site, month, batch, balance in sorted(above, key=lambda one: (*one[:2], codes[one[2]])):
        values = {
            "batch": codes[batch],
            "went_in": kg_text(balance.went_in),
            "came_out": kg_text(balance.came_out),
            "percent": format_number(balance.excess_percent, 1),
            "most": format_number(rule.reason_percent.value),
        }
        where = {"batch": batch, "batch_code": codes[batch]}
        if balance.is_far_above:
            yield (site, month), found(HARVEST_FAR, "blocks", values, **where)
        else:
            text = asked.explanation((site, month), HARVEST, batch, newest[batch])
            yield (site, month), found(HARVEST, rule.level, values, explanation=text, **where)


def _outliers(asked: Asked) -> Checked:
    """Intakes far above what the site is used to take in of that material.

    Only (site, material) pairs that can hold one are read: something of the asked months must be so many times as much
    as the least ever taken in, for a median is never below the least.
    """
    rule = checks().mass_far_above_habit
    intakes = current_entries().filter(asked.of_sites(), kind=LedgerEntry.Kind.INTAKE, month__lte=max(asked.months))
    spread = (
        intakes.order_by()
        .values_list("site_id", "material")
        .annotate(number=Count("pk"), least=Min("mass_mg"), most=Max("mass_mg", filter=Q(month__in=asked.months)))
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
    for outlier in far_above_habit(site, material.astype(np.int64), month, mass, asked.keys):
        site_id, code, m, mg, recorded_at, day = rows[outlier.index]
        values = {
            "material": material_name(code),
            "day": day.isoformat(),
            "mass": kg_text(mg),
            "median": kg_text(int(outlier.median)),
        }
        text = asked.explanation((site_id, m), HABIT, None, recorded_at)
        yield (site_id, m), found(HABIT, rule.level, values, explanation=text)


def material_name(code: str) -> Any:
    """The name of a material in both languages; the code of one that nobody knows."""
    known = materials().get(code)
    return known.name if known else code


def _duplicates(asked: Asked) -> Checked:
    """Entries that say the same of the same batch and day under different ids; each pair or group is named."""
    same = ("site_id", "month", "batch_id", "kind", "material", "mass_mg", "occurred_on")
    entries = current_entries().filter(asked.of_sites(), month__in=asked.months, mass_mg__gt=0)
    twice = {
        row[:-1]
        for row in entries.order_by().values_list(*same).annotate(number=Count("pk")).filter(number__gt=1)
        if row[:2] in asked.keys
    }
    if not twice:
        return
    groups: dict[tuple[Any, ...], list[UUID]] = defaultdict(list)
    named = entries.filter(batch_id__in={row[2] for row in twice}, mass_mg__in={row[5] for row in twice})
    codes: dict[UUID, str] = {}
    for *row, pk, code in named.order_by("recorded_at", "id").values_list(*same, "id", "batch__code"):
        if tuple(row) in twice:
            groups[tuple(row)].append(pk)
            codes[row[2]] = code
    level = checks().looks_like_duplicate.level
    for (site, month, batch, kind, material, mass, day), ids in groups.items():
        values = {
            "kind": Message(f"ledger_kind_{kind}"),
            "material": material_name(material),
            "mass": kg_text(mass),
            "day": day.isoformat(),
            "batch": codes[batch],
            "number": len(ids),
            "ids": [str(pk) for pk in ids],
        }
        yield (site, month), found(DUPLICATE, level, values, batch=batch, batch_code=codes[batch])


def _estimates(asked: Asked, estimated: Mapping[SiteMonthKey, int]) -> Checked:
    """Months of which more than a share was estimated."""
    rule = checks().share_estimated_high
    for key, mass in estimated.items():
        share = share_percent(mass, asked.intake[key])
        if share is not None and share > rule.percent.value:
            values = {"share": format_number(share, 0), "most": format_number(rule.percent.value)}
            yield key, found(ESTIMATED, rule.level, values)


def _rows_to_mend(asked: Asked) -> Checked:
    """Refused rows of sheets that nobody has mended or dropped.

    A row concerns the site of its upload, or the site whose code stands in it, or (neither known) every site that the
    upload brought entries for; and the months that its texts name, or all where they name none.
    """
    waiting: QuerySet[UploadRow] = UploadRow.objects.filter(state=UploadRow.State.REJECTED).select_related("upload")
    if len(asked.sites) <= MANY_SITES:
        waiting = waiting.filter(Q(upload__site__in=asked.sites) | Q(upload__site__isnull=True))
    rows = list(waiting.only("cells", "upload__site", "upload__file_name"))
    if not rows:
        return
    code_to_id = dict(Site.objects.filter(asked.of_sites("pk")).values_list("code", "pk"))
    brought: dict[UUID, set[int]] = defaultdict(set)
    uploads = {row.upload_id for row in rows if row.upload.site_id is None}
    if uploads:
        pairs = LedgerEntry.objects.filter(upload_id__in=uploads).values_list("upload_id", "site_id").distinct()
        for upload, site in pairs:
            brought[upload].add(site)
    counts: dict[SiteMonthKey, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        named = {code_to_id[text] for text in map(_text, row.cells.values()) if text in code_to_id}
        concerned: Iterable[int] = {row.upload.site_id} if row.upload.site_id else named or brought[row.upload_id]
        for month in months_named(row.cells) or asked.months:
            for site in concerned:
                if (site, month) in asked.keys:
                    counts[site, month][row.upload.file_name] += 1
    for key, files in counts.items():
        for name, number in files.items():
            yield key, found("rows_to_mend", "blocks", {"count": number, "file": name})


def _text(value: Any) -> str:
    return str(value).strip()
