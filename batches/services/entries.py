"""Storing entries of ledger and diary: one or 100,000, each with its receipt, nothing twice, nothing overwritten."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, models, transaction

from batches.entries import (
    DIARY_FIELDS,
    LEDGER_FIELDS,
    Checked,
    DiaryInput,
    Known,
    KnownBatch,
    KnownSite,
    LedgerInput,
    LedgerRow,
    check_ledger,
    columns_of,
    digest_of,
    ledger_content,
)
from batches.entries_diary import DiaryRow, check_diary, diary_content
from batches.entry_rules import word_key
from batches.models import Batch, DiaryEntry, LedgerEntry, Photo, Upload
from batches.services.bulk import Inserted, insert_new, moment_text
from batches.services.clock import stamp
from batches.services.locks import LEDGER, hold_shared
from batches.services.site_months import reopen_for_late_entries
from compostnet.shared.problems import Fault
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Site
from sites.permissions import Actor, require, sites_where, user_or_none

Outcome = Literal["stored", "already_stored", "differs", "invalid", "retry"]
LATEST_ZONE = dt.timezone(dt.timedelta(hours=14))
CHUNK = 500
MAX_DIFFERENCES = 200
"""So many stored entries are read back to show both values of a difference; the others are named without."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer for one entry. ``id`` as UUID text; only ``stored`` and ``already_stored`` mean that it is safe."""

    id: str
    outcome: Outcome
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Stored:
    """What storing did. ``outcomes``: position in the rows → outcome of those that were not stored now."""

    stored: int = 0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    faults: dict[int, tuple[Fault, ...]] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        """How many rows had an outcome."""
        if outcome == "stored":
            return self.stored
        return sum(1 for found in self.outcomes.values() if found == outcome)


def today() -> dt.date:
    """The day that it is somewhere on earth, so that no site's own today is refused as the future."""
    return dt.datetime.now(LATEST_ZONE).date()


def store_ledger_entries(
    *, actor: Actor, inputs: Sequence[LedgerInput], upload: Upload | None = None, create_batches: bool = False
) -> list[Receipt]:
    """Store ledger entries; one receipt an input, in their order. Valid ones are stored beside invalid ones.

    ``create_batches`` opens unknown batch codes on the day of their first entry. Raises the problem ``not_allowed``
    (``sign_in_needed``) where the actor may record at none of the sites named.
    """
    columns = columns_of(inputs, LEDGER_FIELDS)
    check = partial(check_ledger, columns, today=today(), id_needed=True, blank_is_fault=True)
    return _receipts(actor, LedgerEntry, columns, check, store_ledger_rows, upload, create_batches)


def store_diary_entries(
    *, actor: Actor, inputs: Sequence[DiaryInput], upload: Upload | None = None, create_batches: bool = False
) -> list[Receipt]:
    """Store diary entries; as `store_ledger_entries`."""
    columns = columns_of(inputs, DIARY_FIELDS)
    check = partial(check_diary, columns, today=today(), id_needed=True)
    return _receipts(actor, DiaryEntry, columns, check, store_diary_rows, upload, create_batches)


def _receipts(
    actor: Actor,
    model: type[LedgerEntry] | type[DiaryEntry],
    columns: Mapping[str, Sequence[str]],
    check: Callable[..., Checked[Any]],
    store: Callable[..., Stored],
    upload: Upload | None,
    create_batches: bool,
) -> list[Receipt]:
    ids = [_id_text(text) for text in columns["id"]]
    try:
        with transaction.atomic():
            known = known_names(actor, model, [columns], "record_entries", new_batches=create_batches)
            checked = check(known)
            done = store(actor=actor, rows=checked.rows, known=known, upload=upload)
    except OperationalError:
        # A lock that did not come or a deadlock: nothing is stored, the same sending will do later.
        if connection.in_atomic_block:
            raise
        return [Receipt(entry_id, "retry") for entry_id in ids]
    receipts = {p: Receipt(ids[p], "invalid", tuple(faults)) for p, faults in checked.faults.items()}
    for row, position in enumerate(checked.positions):
        outcome = done.outcomes.get(row, "stored")
        receipts[position] = Receipt(ids[position], outcome, done.faults.get(row, ()))
    return [receipts[position] for position in range(len(ids))]


def _id_text(text: str) -> str:
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        return text


def known_names(
    actor: Actor,
    model: type[LedgerEntry] | type[DiaryEntry],
    blocks: Sequence[Mapping[str, Sequence[str]]],
    permission: str,
    *,
    new_batches: bool = False,
) -> Known:
    """What the database knows of the names in the columns. Refuses an actor who may write at none of the sites."""
    if isinstance(actor, AnonymousUser):
        require(actor, permission)
    words = {word_key(text) for block in blocks for text in set(block.get("site", ())) if text.strip()}
    known = _known_sites(actor, permission, Site.objects.filter(code__in=words))
    if len(words - set(known)):
        known = _known_sites(actor, permission, Site.objects.all())
    named = {site.pk: site for word in words if (site := known.get(word))}
    if named and not any(site.allowed for site in named.values()):
        require(actor, permission, site=Site.objects.get(pk=min(named)))
    allowed = [pk for pk, site in named.items() if site.allowed]
    batches = Batch.objects.filter(site__in=allowed).values_list("id", "code", "site_id").order_by()
    return Known(
        sites=known,
        batches={(site, code): KnownBatch(pk.hex, code, site) for pk, code, site in batches},
        entries=_known_entries(model, blocks),
        photos={pk.hex: site for pk, site in _by_ids(Photo, _ids_in(blocks, "photo"), "id", "site_id")},
        new_batches=new_batches,
    )


def _known_sites(actor: Actor, permission: str, queryset: models.QuerySet[Site]) -> dict[str, KnownSite]:
    allowed = set(sites_where(actor, permission).filter(pk__in=queryset.values("pk")).values_list("pk", flat=True))
    known: dict[str, KnownSite] = {}
    rows = queryset.order_by("code").values_list(
        "pk", "code", "opened_on", "closed_on", "time_zone", "name_zh", "name_en"
    )
    twice: set[str] = set()
    for pk, code, opened_on, closed_on, time_zone, *names in rows:
        site = KnownSite(pk, code, opened_on, closed_on, time_zone, pk in allowed)
        for word in {word_key(name) for name in names if name}:
            if known.setdefault(word, site).pk != pk:
                twice.add(word)
    for word in twice:  # a name that two sites bear names neither; their codes do
        del known[word]
    for pk, code, opened_on, closed_on, time_zone, *_names in rows:
        known[word_key(code)] = KnownSite(pk, code, opened_on, closed_on, time_zone, pk in allowed)
    return known


def _ids_in(blocks: Iterable[Mapping[str, Sequence[str]]], name: str) -> list[uuid.UUID]:
    found = set()
    for block in blocks:
        for text in set(block.get(name, ())):
            try:
                found.add(uuid.UUID(text.strip()))
            except ValueError:
                continue
    return sorted(found)


def _by_ids(model: type[models.Model], ids: Sequence[uuid.UUID], *names: str) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), CHUNK):
        found += model._default_manager.filter(pk__in=ids[start : start + CHUNK]).values_list(*names)
    return found


def _known_entries(model: type[models.Model], blocks: Sequence[Any]) -> dict[str, tuple[int, str]]:
    rows = _by_ids(model, _ids_in(blocks, "supersedes"), "id", "site_id", "superseded_by__id")
    return {pk.hex: (site, by.hex if by else "") for pk, site, by in rows}


def store_ledger_rows(
    *, actor: Actor, rows: Sequence[LedgerRow], known: Known, upload: Upload | None = None, lines: Sequence[int] = ()
) -> Stored:
    """Store checked rows that have their ids, in the caller's transaction; ``lines`` are their lines in the file."""
    opened = _open_batches(actor, known, [(r.site, b, r.occurred_on) for r in rows for b in (r.batch, r.to_batch) if b])
    batches = {key: batch.id for key, batch in known.batches.items()} | opened

    def specific(kept: Sequence[LedgerRow]) -> dict[str, Sequence[Any]]:
        return {
            "to_batch_id": [batches[r.site, r.to_batch] if r.to_batch else None for r in kept],
            "kind": [r.kind for r in kept],
            "material": [r.material for r in kept],
            "mass_mg": [r.mass_mg for r in kept],
            "measured": [r.measured for r in kept],
            "entered_value": [r.entered_value for r in kept],
            "entered_unit": [r.entered_unit for r in kept],
            "unit_mass_kg": [r.unit_mass_kg or None for r in kept],
            "occurred_on": [r.occurred_on.isoformat() for r in kept],
            "month_only": [r.month_only for r in kept],
            "month": [r.month for r in kept],
        }

    done = _store(actor, LedgerEntry, rows, batches, ledger_content, specific, upload, lines, len(opened))
    if done.stored:
        stored = [row for position, row in enumerate(rows) if position not in done.outcomes]
        touched = {(row.site, row.month) for row in stored}
        corrected = _by_ids(
            LedgerEntry, [uuid.UUID(row.supersedes) for row in stored if row.supersedes], "site_id", "month"
        )
        reopen_for_late_entries(touched=touched | set(corrected), actor=actor)
    return done


def store_diary_rows(
    *, actor: Actor, rows: Sequence[DiaryRow], known: Known, upload: Upload | None = None, lines: Sequence[int] = ()
) -> Stored:
    """Store checked rows of the diary; as `store_ledger_rows`. The diary changes no figure, so no month reopens."""
    opened = _open_batches(actor, known, [(row.site, row.batch, row.observed_at.date()) for row in rows])
    batches = {key: batch.id for key, batch in known.batches.items()} | opened

    def specific(kept: Sequence[DiaryRow]) -> dict[str, Sequence[Any]]:
        return {
            "kind": [r.kind for r in kept],
            "observed_at": [moment_text(r.observed_at) for r in kept],
            "value": [r.value for r in kept],
            "entered_value": [r.entered_value for r in kept],
            "entered_unit": [r.entered_unit for r in kept],
            "point": [r.point for r in kept],
            "depth_cm": [r.depth_cm for r in kept],
            "photo_id": [r.photo or None for r in kept],
        }

    return _store(actor, DiaryEntry, rows, batches, diary_content, specific, upload, lines, len(opened))


def _open_batches(actor: Actor, known: Known, wanted: Iterable[tuple[int, str, dt.date]]) -> dict[tuple[int, str], str]:
    """Open the batches that are not there yet; (site, code) → id as 32 hexadecimal digits."""
    first: dict[tuple[int, str], dt.date] = {}
    for site_pk, code, day in wanted:
        key = (site_pk, code)
        if key not in known.batches and (key not in first or day < first[key]):
            first[key] = day
    if not first:
        return {}
    sites = Site.objects.in_bulk({site for site, _ in first})
    for site in sites.values():
        require(actor, "manage_batches", site=site)
    Batch.objects.bulk_create(
        [
            Batch(
                site=sites[pk],
                code=code,
                process=sites[pk].process,
                started_on=max(day, sites[pk].opened_on),
                created_by=user_or_none(actor),
            )
            for (pk, code), day in sorted(first.items())
        ],
        ignore_conflicts=True,  # another sending may open the same batch at the same time; then it is that one
        batch_size=CHUNK,
    )
    rows = Batch.objects.filter(site__in=sites).values_list("site_id", "code", "id")
    return {(site, code): pk.hex for site, code, pk in rows if (site, code) in first}


def _store(
    actor: Actor,
    model: type[LedgerEntry] | type[DiaryEntry],
    rows: Sequence[Any],
    batches: Mapping[tuple[int, str], str],
    content: Callable[[Any], str],
    specific: Callable[[Sequence[Any]], dict[str, Sequence[Any]]],
    upload: Upload | None,
    lines: Sequence[int],
    opened: int,
) -> Stored:
    done = Stored()
    if not rows:
        return done
    digests = [digest_of(content(row)) for row in rows]
    first: dict[str, int] = {}
    for position, row in enumerate(rows):
        earlier = first.setdefault(row.id, position)
        if earlier != position:  # twice in one sending
            done.outcomes[position] = "already_stored" if digests[earlier] == digests[position] else "differs"
    kept = list(first.values())
    used = rows if len(kept) == len(rows) else [rows[position] for position in kept]
    user = user_or_none(actor)
    size = len(used)
    # Before the time stamp: see the lock.
    hold_shared(LEDGER)
    columns: dict[str, Sequence[Any]] = {
        "id": [row.id for row in used],
        "digest": digests if used is rows else [digests[position] for position in kept],
        "site_id": [row.site for row in used],
        "batch_id": [batches[row.site, row.batch] for row in used],
        "note": [row.note for row in used],
        "upload_id": [upload.pk.hex if upload else None] * size,
        "upload_row": [lines[position] for position in kept] if lines else [None] * size,
        "supersedes_id": [row.supersedes or None for row in used],
        "reason": [row.reason for row in used],
        "recorded_at": [moment_text(stamp())] * size,
        "recorded_by_id": [user.pk if user else None] * size,
        **specific(used),
    }
    inserted = insert_new(model, columns, ("note", "reason", "entered_value", "entered_unit", "point"))
    done.stored = inserted.stored
    if inserted.stored < size:
        for position in kept:
            if outcome := _outcome(inserted, rows[position].id):
                done.outcomes[position] = outcome
    _explain(model, rows, done)
    if done.stored:
        counts = {name: done.count(name) for name in ("stored", "already_stored", "differs", "invalid")}
        sites = {row.site for row in rows}
        site = Site.objects.get(pk=rows[0].site)
        audit.record(
            actor,
            f"store_{model._meta.model_name}",
            upload or site,
            site=site if len(sites) == 1 else None,
            **counts,
            sites=len(sites),
            batches_opened=opened,
            ids=[str(uuid.UUID(row.id)) for row in rows[:20]],
        )
    return done


def _outcome(inserted: Inserted, entry_id: str) -> Outcome | None:
    if entry_id in inserted.same:
        return "already_stored"
    if entry_id in inserted.other:
        return "differs"
    return "invalid" if entry_id in inserted.refused else None


def _explain(model: type[LedgerEntry] | type[DiaryEntry], rows: Sequence[Any], done: Stored) -> None:
    """Faults in words for what differs (with both values) and for what was superseded meanwhile."""
    differing = [position for position, outcome in done.outcomes.items() if outcome == "differs"]
    shown = differing[:MAX_DIFFERENCES]
    stored = {
        entry.pk.hex: entry
        for start in range(0, len(shown), CHUNK)
        for entry in model.objects.filter(pk__in=[rows[p].id for p in shown[start : start + CHUNK]])
    }
    for position in differing:
        row, entry = rows[position], stored.get(rows[position].id)
        values = {"stored": _says(entry) if entry else "…", "sent": _says(row)}
        fault = Fault(
            Message("entry_differs", values),
            field="id",
            value=row.id and str(uuid.UUID(row.id)),
            accepted=Message("accepted_new_id"),
        )
        done.faults[position] = (fault,)
    for position, outcome in done.outcomes.items():
        if outcome == "invalid":
            fault = Fault(Message("entry_superseded_meanwhile"), field="supersedes", value=rows[position].supersedes)
            done.faults[position] = (fault,)


def _says(entry: Any) -> str:
    """An entry in a few words: kind, material, value, unit, date."""
    when = getattr(entry, "occurred_on", None) or entry.observed_at.isoformat(timespec="minutes")
    parts = (entry.kind, getattr(entry, "material", ""), f"{entry.entered_value} {entry.entered_unit}".strip(), when)
    return " · ".join(str(part) for part in parts if part)


def with_lines(fault: Fault, line: int) -> Fault:
    """A fault with the line of the file that it is about."""
    return replace(fault, row=line)
