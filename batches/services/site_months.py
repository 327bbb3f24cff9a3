"""Site-months: the roll-up of masses, and the way of a month from open to verified."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from batches.models import Explanation, Remark, SiteMonth, SiteMonthMass
from batches.selectors.findings import MANY_SITES, Finding, findings_for
from batches.selectors.site_months import LATE_ENTRIES, SiteMonthKey, current_entries
from batches.services.locks import hold
from compostnet.shared.months import month_text
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites.audit import record, record_many
from sites.models import Site
from sites.permissions import CONSOLE, Actor, may, require, user_or_none

LOCK = "site-months"
"""Held by whoever sums up or verifies, always before any row is locked, so that nobody waits in a circle."""
CHUNK = 500
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class RollUp:
    """What a roll-up made: rows of masses, the ledger entries in them, the seconds it took."""

    rows: int
    entries: int
    seconds: float


def roll_up(*, months: Collection[int] | None = None, sites: Collection[int | Site] | None = None) -> RollUp:
    """Sum the current ledger entries into `SiteMonthMass`, of all or of the given months and sites only.

    One set-based statement; running it again changes nothing. Months are month indices, sites are ids or `Site`s.
    A superseded entry does not count, neither does a correction to nothing. Transfers stand as a kind of their own.
    """
    start = perf_counter()
    where, chosen = "", SiteMonthMass.objects.all()
    if months is not None:
        where += f" AND month IN ({_integers(months)})"
        chosen = chosen.filter(month__in=[int(month) for month in months])
    if sites is not None:
        ids = [site.pk if isinstance(site, Site) else int(site) for site in sites]
        where += f" AND site_id IN ({_integers(ids)})"
        chosen = chosen.filter(site_id__in=ids)
    # Only integers are put into these texts; there is nothing of a user in them.
    masses = f"""
        INSERT INTO batches_sitemonthmass (site_id, month, kind, material, measured, mass_mg, entries)
        SELECT site_id, month, kind, material, measured, CAST(SUM(mass_mg) AS bigint), COUNT(*)
        FROM batches_ledgerentry e
        WHERE NOT EXISTS (SELECT 1 FROM batches_ledgerentry c WHERE c.supersedes_id = e.id)
          AND NOT (mass_mg = 0 AND supersedes_id IS NOT NULL) {where}
        GROUP BY site_id, month, kind, material, measured
    """  # noqa: S608
    states = f"""
        INSERT INTO batches_sitemonth (site_id, month, state, note)
        SELECT DISTINCT site_id, month, 'open', '' FROM batches_sitemonthmass WHERE true {where}
        ON CONFLICT (site_id, month) DO NOTHING
    """  # noqa: S608
    with transaction.atomic(), connection.cursor() as cursor:
        hold(LOCK)
        chosen.delete()
        cursor.execute(masses)
        # A month with entries has a state, whichever way the entries came in.
        cursor.execute(states)
        totals = chosen.aggregate(rows=Count("id"), entries=Sum("entries"))
    return RollUp(totals["rows"], totals["entries"] or 0, perf_counter() - start)


def _integers(values: Iterable[Any]) -> str:
    return ", ".join(str(int(value)) for value in values) or "NULL"


def reopen_for_late_entries(*, touched: Collection[SiteMonthKey], actor: Actor = CONSOLE) -> int:
    """Say that entries of these (site id, month) pairs were just stored; verified ones are reopened, visibly.

    Call it in the transaction that stores them. It makes missing site-months and locks the rows to the end of that
    transaction: whoever verifies one of them meanwhile waits and then sees the new entries. Returns how many reopened.
    """
    keys = sorted(set(touched))
    reopened = 0
    with transaction.atomic():
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            SiteMonth.objects.bulk_create(
                [SiteMonth(site_id=site, month=month) for site, month in chunk],
                update_conflicts=True,
                unique_fields=["site", "month"],
                update_fields=["month"],
            )
            verified = SiteMonth.objects.filter(
                state=SiteMonth.State.VERIFIED,
                site_id__in={site for site, _ in chunk},
                month__in={month for _, month in chunk},
            ).select_related("site")
            wanted = set(chunk)
            for row in verified:
                if (row.site_id, row.month) in wanted:
                    _change(
                        actor, row, "reopen_site_month", SiteMonth.State.OPEN, LATE_ENTRIES, verified_at=row.verified_at
                    )
                    _say(actor, row, Remark.Kind.REOPENED, LATE_ENTRIES)
                    reopened += 1
    return reopened


def _change(actor: Actor, row: SiteMonth, action: str, state: str, note: str, **detail: Any) -> None:
    """Put a site-month into a state other than verified, with its times and its audit record."""
    before, now, user = row.state, timezone.now(), user_or_none(actor)
    row.state, row.note = state, note
    if state == SiteMonth.State.SUBMITTED:
        row.submitted_at, row.submitted_by = now, user
    row.verified_at = row.verified_by = None
    row.save()
    told = {key: str(value) for key, value in detail.items()}
    record(actor, action, row, site=row.site, month=month_text(row.month), before=before, after=state, **told)


def _say(actor: Actor, row: SiteMonth, kind: str, text: str) -> Remark:
    """Add a word to the thread of a site-month."""
    return Remark.objects.create(
        site_id=row.site_id, month=row.month, kind=kind, text=text, created_by=user_or_none(actor)
    )


def _locked(site: Site, month: int) -> SiteMonth:
    """The site-month, made if there is none, locked to the end of the transaction."""
    SiteMonth.objects.bulk_create([SiteMonth(site=site, month=month)], ignore_conflicts=True)
    return SiteMonth.objects.select_for_update(of=("self",)).select_related("site").get(site=site, month=month)


def _text(text: str, field: str) -> str:
    """A text that a person must write; the problem names the field where it is empty or too long."""
    text = text.strip()
    if not text:
        raise Problem("invalid_request", errors=[Fault(Message("text_needed"), field=field)])
    if len(text) > LONGEST_TEXT:
        fault = Fault(Message("text_too_long", {"longest": LONGEST_TEXT, "length": len(text)}), field=field)
        raise Problem("invalid_request", errors=[fault])
    return text


@transaction.atomic
def submit_site_month(*, actor: Actor, site: Site, month: int, answer: str = "") -> SiteMonth:
    """The site says that its month is complete. ``answer`` replies to a query, in the thread; doing it twice changes
    nothing."""
    require(actor, "submit_month", site=site)
    answer = _text(answer, "answer") if answer.strip() else ""
    row = _locked(site, month)
    if row.state == SiteMonth.State.VERIFIED:
        raise Problem("month_already_verified", site=site.code, month=month_text(month))
    if not current_entries().filter(site=site, month=month).exists():
        fault = Fault(Message("nothing_reported"), accepted=Message("clears_nothing_reported"))
        raise Problem("month_not_submittable", errors=[fault], site=site.code, month=month_text(month))
    if row.state != SiteMonth.State.SUBMITTED:
        kind = Remark.Kind.ANSWER if row.state == SiteMonth.State.QUERIED else Remark.Kind.REMARK
        _change(actor, row, "submit_site_month", SiteMonth.State.SUBMITTED, row.note, answer=answer)
        if answer:
            _say(actor, row, kind, answer)
    return row


@transaction.atomic
def query_site_month(*, actor: Actor, site: Site, month: int, reason: str) -> SiteMonth:
    """The platform asks the site about its month, with a reason; the month waits until the site submits it again.

    A verified month too: it is open again from then on, and its figure leaves the next release until it is verified.
    """
    require(actor, "verify_month")
    text = _text(reason, "reason")
    row = _locked(site, month)
    _change(actor, row, "query_site_month", SiteMonth.State.QUERIED, text, reason=text)
    _say(actor, row, Remark.Kind.QUERY, text)
    return row


@transaction.atomic
def remark_on_site_month(*, actor: Actor, site: Site, month: int, text: str) -> Remark:
    """A word in the thread that changes no state: an answer where the site speaks and a query stands, else a remark."""
    if not may(actor, "explain_finding", site=site):
        require(actor, "verify_month")
    text = _text(text, "text")
    row = _locked(site, month)
    answers = row.state == SiteMonth.State.QUERIED and not may(actor, "verify_month")
    remark = _say(actor, row, Remark.Kind.ANSWER if answers else Remark.Kind.REMARK, text)
    record(actor, "remark_on_site_month", row, site=site, month=month_text(month), kind=str(remark.kind))
    return remark


def verify_site_month(*, actor: Actor, site: Site, month: int) -> SiteMonth:
    """Sign off a month. Refused with everything that is missing, each with what would clear it."""
    done = verify_site_months(actor=actor, keys=[(site.pk, month)])
    for findings in done.refused.values():
        errors = [Fault(f.message, accepted=f.clears) for f in findings]
        raise Problem("month_not_verifiable", errors=errors, site=site.code, month=month_text(month))
    return SiteMonth.objects.select_related("site").get(site=site, month=month)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bulk verification did: the keys verified now, those that were already, and why others were refused."""

    verified: list[SiteMonthKey]
    already: list[SiteMonthKey]
    refused: dict[SiteMonthKey, list[Finding]]


@transaction.atomic
def verify_site_months(*, actor: Actor, keys: Collection[SiteMonthKey], only_clean: bool = False) -> Verified:
    """Verify what can be verified of the (site id, month) pairs; the rest comes back with what stands against it.

    ``only_clean`` leaves out what a warning stands at too: nobody has looked at each of them.
    """
    require(actor, "verify_month")
    sites, months = {s for s, _ in keys}, {m for _, m in keys}
    there = {site.pk: site for site in _sites(sites)}
    wanted = sorted(key for key in set(keys) if key[0] in there)
    done = Verified([], [], {})
    if not wanted:
        return done
    hold(LOCK)
    chosen = SiteMonth.objects.filter(month__in=months)
    if len(sites) <= MANY_SITES:
        chosen = chosen.filter(site_id__in=sites)
    known = set(chosen.values_list("site_id", "month"))
    missing = [SiteMonth(site_id=s, month=m) for s, m in wanted if (s, m) not in known]
    SiteMonth.objects.bulk_create(missing, ignore_conflicts=True, batch_size=CHUNK)
    locked = chosen.select_for_update(of=("self",)).order_by("site_id", "month")
    rows = {(row.site_id, row.month): row for row in locked}
    findings = findings_for(wanted, verifier=actor)
    ready = []
    for key in wanted:
        against = [finding for finding in findings[key] if finding.blocks or (only_clean and finding.warns)]
        if rows[key].state == SiteMonth.State.VERIFIED:
            done.already.append(key)
        elif against:
            done.refused[key] = against
        else:
            ready.append(key)
    if ready:
        roll_up(months={m for _, m in ready}, sites={s for s, _ in ready})
        _verify_all(actor, [rows[key] for key in ready], there)
    done.verified.extend(ready)
    return done


def _sites(keys: Collection[int]) -> Collection[Site]:
    """The sites with these ids, without what only maps need."""
    found = Site.objects.only("pk", "code")
    return found.filter(pk__in=keys) if len(keys) <= MANY_SITES else [site for site in found if site.pk in keys]


def _verify_all(actor: Actor, rows: list[SiteMonth], sites: Mapping[int, Site]) -> None:
    """Put site-months into the state ``verified``, each with its audit record, in few statements."""
    now, user = timezone.now(), user_or_none(actor)
    for start in range(0, len(rows), CHUNK):
        SiteMonth.objects.filter(pk__in=[row.pk for row in rows[start : start + CHUNK]]).update(
            state=SiteMonth.State.VERIFIED, note="", verified_at=now, verified_by=user
        )
    record_many(
        actor,
        "verify_site_month",
        (
            (
                row,
                sites[row.site_id],
                {"month": month_text(row.month), "before": row.state, "after": SiteMonth.State.VERIFIED},
            )
            for row in rows
        ),
    )


@transaction.atomic
def explain_finding(
    *, actor: Actor, site: Site, month: int, finding: str, text: str, batch: Any | None = None
) -> Explanation:
    """Say why a finding is right as it stands; it no longer blocks, until newer entries change it.

    ``batch`` is the batch (or its id) of the finding where the finding names one.
    """
    require(actor, "explain_finding", site=site)
    text = _text(text, "text")
    batch_id = getattr(batch, "pk", batch)
    standing = [f for f in findings_for([(site.pk, month)], verifier=CONSOLE)[site.pk, month] if f.is_explainable]
    if not any(f.code == finding and str(f.batch) == str(batch_id) for f in standing):
        names = [f"{f.code} ({f.batch_code})" if f.batch_code else f.code for f in standing]
        raise Problem("finding_not_there", finding=finding, month=month_text(month), standing=names or ["—"])
    row = Explanation.objects.create(
        site=site, month=month, finding=finding, batch_id=batch_id, text=text, created_by=user_or_none(actor)
    )
    record(actor, "explain_finding", row, site=site, month=month_text(month), finding=finding, text=text)
    return row
