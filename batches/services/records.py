"""Storing what a site writes down once a month besides its masses: nothing twice, nothing overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, transaction

from batches.entry_texts import Bad, read_id, read_text, shown
from batches.models import MonthlyRecord
from batches.resources import ReadRecord, read_record, resources
from batches.services.clock import stamp
from batches.services.entries import Outcome, Receipt, today
from batches.services.locks import LEDGER, hold_shared
from batches.services.site_months import reopen_for_late_entries
from compostnet.shared.months import month_of, month_text, parse_month
from compostnet.shared.problems import Fault
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Site
from sites.permissions import Actor, require, sites_where, user_or_none

LONGEST_NOTE = 2000
LONGEST_REASON = 300
CHUNK = 500


@dataclass(frozen=True, slots=True)
class RecordInput:
    """One record as its sender wrote it, all as text: ``id`` a UUID made where it was born, ``month`` ``YYYY-MM``."""

    id: str
    site: str
    month: str
    kind: str
    value: str
    unit: str = ""
    note: str = ""
    supersedes: str = ""
    reason: str = ""


@dataclass(slots=True)
class _Known:
    """What the database knows of the names in the inputs."""

    sites: dict[str, Site]
    allowed: set[int]
    earlier: dict[uuid.UUID, MonthlyRecord]
    """By id: what has the id of an input, and what an input corrects."""
    superseded: dict[uuid.UUID, uuid.UUID]
    """What is corrected already → by which record."""
    taken: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    """What an input of this sending corrects → the id of that input."""


def store_monthly_records(*, actor: Actor, inputs: Sequence[RecordInput]) -> list[Receipt]:
    """Store monthly records; one receipt an input, in their order. Valid ones are stored beside invalid ones.

    A repeat is ``already_stored``, other content under a known id ``differs``. A correction names what it supersedes
    and says why. A verified month that a stored record belongs to is reopened, visibly: its figures change. Raises
    ``not_allowed`` (``sign_in_needed``) where the actor may record at none of the sites named.
    """
    try:
        with transaction.atomic():
            return _store_all(actor, inputs)
    except OperationalError:
        # A lock that did not come or a deadlock: nothing is stored, the same sending will do later.
        if connection.in_atomic_block:
            raise
        return [Receipt(one.id, "retry") for one in inputs]


def _store_all(actor: Actor, inputs: Sequence[RecordInput]) -> list[Receipt]:
    known = _known(actor, inputs)
    # Before the time stamp: see the lock.
    hold_shared(LEDGER)
    now, user = stamp(), user_or_none(actor)
    faults: dict[int, list[Fault]] = {}
    rows: dict[int, MonthlyRecord] = {}
    first: dict[uuid.UUID, int] = {}
    for position, one in enumerate(inputs):
        row, wrong = _read(one, known)
        if row is None:
            faults[position] = wrong
            continue
        row.recorded_at, row.recorded_by = now, user
        rows[position] = row
        first.setdefault(row.pk, position)
    new = [rows[position] for pk, position in first.items() if pk not in known.earlier]
    MonthlyRecord.objects.bulk_create(new, ignore_conflicts=True, batch_size=CHUNK)
    there = MonthlyRecord.objects.in_bulk(list(first))
    receipts: dict[int, Receipt] = {p: Receipt(inputs[p].id, "invalid", tuple(wrong)) for p, wrong in faults.items()}
    stored: list[MonthlyRecord] = []
    for position, row in rows.items():
        found = there.get(row.pk)
        outcome: Outcome
        if found is None:  # another sending corrected the same record at the same moment
            fault = Fault(Message("entry_superseded_meanwhile"), field="supersedes", value=str(row.supersedes_id))
            receipts[position] = Receipt(str(row.pk), "invalid", (fault,))
            continue
        is_new = position == first[row.pk] and row.pk not in known.earlier and found.recorded_at == now
        outcome = "stored" if is_new else "already_stored" if _content(found) == _content(row) else "differs"
        wrong = [_difference(found, row)] if outcome == "differs" else []
        receipts[position] = Receipt(str(row.pk), outcome, tuple(wrong))
        if outcome == "stored":
            stored.append(row)
    if stored:
        _audit_stored(actor, stored, known)
    return [receipts[position] for position in range(len(inputs))]


def _audit_stored(actor: Actor, stored: Sequence[MonthlyRecord], known: _Known) -> None:
    """Reopen the months concerned and write the audit record."""
    touched = {(row.site_id, row.month) for row in stored}
    for row in stored:
        if row.supersedes_id:
            touched.add((row.site_id, known.earlier[row.supersedes_id].month))
    reopen_for_late_entries(touched=touched, actor=actor)
    by_site: dict[int, list[MonthlyRecord]] = {}
    for row in stored:
        by_site.setdefault(row.site_id, []).append(row)
    sites = {site.pk: site for site in known.sites.values()}
    audit.record_many(
        actor,
        "store_monthlyrecord",
        (
            (sites[pk], sites[pk], {"stored": len(rows), "ids": [str(row.pk) for row in rows[:20]]})
            for pk, rows in by_site.items()
        ),
    )


def _known(actor: Actor, inputs: Sequence[RecordInput]) -> _Known:
    if isinstance(actor, AnonymousUser):
        require(actor, "record_entries")
    sites = {site.code: site for site in Site.objects.filter(code__in={one.site.strip() for one in inputs})}
    pks = [site.pk for site in sites.values()]
    allowed = set(sites_where(actor, "record_entries").filter(pk__in=pks).values_list("pk", flat=True))
    if sites and not allowed:
        require(actor, "record_entries", site=min(sites.values(), key=lambda site: site.pk))
    ids = [uuid.UUID(read) for one in inputs for read in (_id(one.id), _id(one.supersedes)) if read]
    earlier = MonthlyRecord.objects.in_bulk(ids)
    later = MonthlyRecord.objects.filter(supersedes_id__in=earlier).values_list("supersedes_id", "pk")
    return _Known(sites, allowed, earlier, dict(later))


def _id(text: str) -> str:
    read = read_id("id", text)
    return "" if isinstance(read, Bad) else read


def _fault(bad: Bad) -> Fault:
    return Fault(bad.message, field=bad.field, value=bad.value, accepted=bad.accepted)


def _read(one: RecordInput, known: _Known) -> tuple[MonthlyRecord | None, list[Fault]]:
    """The row of an input, or everything that is wrong with it."""
    record, faults = read_record(one.kind, one.value, one.unit)
    key = read_id("id", one.id)
    if not key:
        key = Bad("id", Message("entry_id_missing"), Message("accepted_uuid"), one.id)
    texts: list[str | Bad] = [
        key,
        read_text("note", one.note, LONGEST_NOTE),
        read_text("reason", one.reason, LONGEST_REASON),
    ]
    faults += [_fault(text) for text in texts if isinstance(text, Bad)]
    site = known.sites.get(one.site.strip())
    if site is None or site.pk not in known.allowed:
        code = "entry_site_unknown" if site is None else "entry_site_not_yours"
        faults.append(Fault(Message(code, {"value": shown(one.site.strip())}), field="site", value=one.site))
        return None, faults
    month = _month(one.month, site, faults)
    supersedes = _supersedes(one, key, site, known, faults)
    if faults or record is None or month is None or isinstance(key, Bad):
        return None, faults
    if supersedes is not None:
        known.taken[supersedes] = uuid.UUID(key)
    return _row(uuid.UUID(key), site, month, record, texts, supersedes), []


def _row(
    key: uuid.UUID, site: Site, month: int, record: ReadRecord, texts: Sequence[Any], supersedes: uuid.UUID | None
) -> MonthlyRecord:
    return MonthlyRecord(
        id=key,
        site=site,
        month=month,
        kind=record.kind,
        value=record.value,
        entered_value=record.entered_value,
        entered_unit=record.entered_unit,
        note=texts[1],
        supersedes_id=supersedes,
        reason=texts[2],
    )


def _month(text: str, site: Site, faults: list[Fault]) -> int | None:
    """The month, within the site's life and not in the future."""
    try:
        month = parse_month(text.strip())
    except ValueError:
        message = Message("month_not_readable", {"value": shown(text.strip())})
        faults.append(Fault(message, field="month", value=text))
        return None
    values = {"value": month_text(month), "site": site.code, "opened_on": site.opened_on.isoformat()}
    code = ""
    if month > month_of(today()):
        code = "entry_date_in_future"
    elif month < month_of(site.opened_on):
        code = "entry_date_before_opening"
    elif site.closed_on is not None and month > month_of(site.closed_on):
        code, values["closed_on"] = "entry_date_after_closing", site.closed_on.isoformat()
    if code:
        faults.append(Fault(Message(code, values), field="month", value=text))
        return None
    return month


def _supersedes(one: RecordInput, key: str | Bad, site: Site, known: _Known, faults: list[Fault]) -> uuid.UUID | None:
    """The id of the record that this one corrects: of the same site and kind, and not corrected yet; with a reason."""
    if not one.supersedes.strip():
        return None
    target = read_id("supersedes", one.supersedes)
    if isinstance(target, Bad):
        faults.append(_fault(target))
        return None
    pk = uuid.UUID(target)
    found = known.earlier.get(pk)
    by = known.superseded.get(pk) or known.taken.get(pk)
    values = {"value": one.supersedes.strip()}
    if found is None or found.site_id != site.pk or target == key:
        message = Message("entry_supersedes_unknown", values)
        faults.append(Fault(message, field="supersedes", value=one.supersedes, accepted=Message("accepted_record")))
    elif by is not None and by.hex != key:
        message = Message("entry_already_superseded", {**values, "by": str(by)})
        accepted = Message("accepted_latest_entry", {**values, "by": str(by)})
        faults.append(Fault(message, field="supersedes", value=one.supersedes, accepted=accepted))
    elif not one.reason.strip():
        faults.append(Fault(Message("record_reason_missing"), field="reason", accepted=Message("accepted_reason")))
    return pk


def _content(row: MonthlyRecord) -> tuple[Any, ...]:
    """What a record says: two sendings with equal content are repeats of each other."""
    return (row.site_id, row.month, row.kind, row.value, row.note, row.supersedes_id, row.reason)


def _difference(stored: MonthlyRecord, sent: MonthlyRecord) -> Fault:
    values: Mapping[str, str] = {"stored": _says(stored), "sent": _says(sent)}
    message = Message("entry_differs", values)
    return Fault(message, field="id", value=str(sent.pk), accepted=Message("accepted_new_id"))


def _says(row: MonthlyRecord) -> str:
    unit = resources().kinds[row.kind].unit if row.kind in resources().kinds else ""
    return " · ".join((month_text(row.month), row.kind, f"{row.value.normalize():f} {unit}".strip()))


def correct_monthly_record(
    *, actor: Actor, record: MonthlyRecord, value: str, reason: str, unit: str = "", id: uuid.UUID | None = None
) -> Receipt:
    """A new record that supersedes ``record``; ``unit`` as before where none is given. The receipt of the new one."""
    corrected = RecordInput(
        id=str(id or uuid.uuid4()),
        site=record.site.code,
        month=month_text(record.month),
        kind=record.kind,
        value=value,
        unit=unit or record.entered_unit,
        note=record.note,
        supersedes=str(record.pk),
        reason=reason,
    )
    return store_monthly_records(actor=actor, inputs=[corrected])[0]
