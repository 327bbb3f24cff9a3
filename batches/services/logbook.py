"""Changes of batches, corrections of entries, photos. Entries themselves are stored by ``services.entries``."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from batches.entries import DiaryInput, LedgerInput
from batches.logbook_rules import next_states, not_a_picture, photo_extension, photo_fault, sha256
from batches.models import Batch, DiaryEntry, LedgerEntry, Photo
from batches.photos import without_metadata
from batches.services.entries import Receipt, store_diary_entries, store_ledger_entries
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text, units
from sites import audit
from sites.models import Site
from sites.permissions import Actor, require, user_or_none
from sites.selectors import today_at
from sites.vocabulary import processes

CODE_LENGTH = 60


def open_batch(
    *,
    actor: Actor,
    site: Site,
    code: str,
    started_on: dt.date,
    process: str = "",
    id: uuid.UUID | None = None,
    note: str = "",
) -> Batch:
    """Open a batch. The same id with the same content again gives the batch that is there; nothing is made twice."""
    require(actor, "manage_batches", site=site)
    code, process = " ".join(code.split()), process or site.process
    faults = _batch_faults(site, code, started_on, process)
    if faults:
        raise Problem("batch_refused", errors=faults)
    with transaction.atomic():
        known = Batch.objects.filter(pk=id).first() if id else None
        if known is not None:
            return _same_batch(known, site, code, started_on)
        batch = Batch(
            id=id or uuid.uuid4(),
            site=site,
            code=code,
            process=process,
            started_on=started_on,
            note=note.strip(),
            created_by=user_or_none(actor),
        )
        try:
            with transaction.atomic():
                batch.save(force_insert=True)
        except IntegrityError as error:
            # Two sends at once: the other one made it, or the code is taken.
            if (known := Batch.objects.filter(pk=batch.pk).first()) is not None:
                return _same_batch(known, site, code, started_on)
            message = Message("batch_code_taken", {"code": code, "site": site.code})
            raise Problem(
                "batch_refused", errors=[Fault(message, field="code", value=code, accepted=Message("batch_code_other"))]
            ) from error
        audit.record(actor, "open_batch", batch, site=site, code=code, started_on=started_on.isoformat())
    return batch


def _batch_faults(site: Site, code: str, started_on: dt.date, process: str) -> list[Fault]:
    faults = []
    if not code or len(code) > CODE_LENGTH or any(ord(character) < 32 for character in code):
        faults.append(Fault(Message("batch_code_length", {"longest": CODE_LENGTH}), field="code", value=code))
    if started_on < site.opened_on:
        message = Message("batch_before_site", {"opened_on": site.opened_on.isoformat()})
        faults.append(Fault(message, field="started_on", value=started_on))
    if site.closed_on is not None and started_on > site.closed_on:
        message = Message("batch_after_site", {"closed_on": site.closed_on.isoformat()})
        faults.append(Fault(message, field="started_on", value=started_on))
    if started_on > today_at(site) + dt.timedelta(days=1):
        faults.append(Fault(Message("batch_in_future"), field="started_on", value=started_on))
    known = processes()
    if process != site.process and process not in known:
        names = [one.name for one in known.values()]
        faults.append(Fault(Message("batch_process_unknown", {"known": names}), field="process", value=process))
    return faults


def _same_batch(known: Batch, site: Site, code: str, started_on: dt.date) -> Batch:
    if (known.site_id, known.code, known.started_on) != (site.pk, code, started_on):
        raise Problem("batch_differs", id=str(known.pk))
    return known


def change_batch_state(*, actor: Actor, batch: Batch, state: str, on: dt.date | None = None) -> Batch:
    """Move a batch to another state; ``on`` is the day it finished (or was given up), today by default."""
    require(actor, "manage_batches", site=batch.site)
    with transaction.atomic():
        batch = Batch.objects.select_for_update(of=("self",)).select_related("site").get(pk=batch.pk)
        if state == batch.state:
            return batch
        following = next_states(batch.state)
        if state not in following:
            raise Problem(
                "batch_state_refused",
                now=Message(f"batch_state_{batch.state}"),
                wanted=Message(f"batch_state_{state}") if state in Batch.State.values else state,
                possible=[Message(f"batch_state_{one}") for one in following],
            )
        current = LedgerEntry.objects.filter(superseded_by__isnull=True, mass_mg__gt=0)
        leaving = ("harvest", "transfer", "residue")
        if state == "finished" and not current.filter(batch=batch, kind__in=leaving).exists():
            raise Problem("batch_not_harvested")
        before, batch.state = batch.state, state
        ends = state in ("finished", "abandoned")
        batch.finished_on = max(batch.started_on, on or today_at(batch.site)) if ends else None
        batch.save(update_fields=["state", "finished_on"])
        audit.record(actor, "change_batch_state", batch, site=batch.site, before=before, after=state)
    return batch


def correct_ledger_entry(
    *,
    actor: Actor,
    entry: LedgerEntry,
    value: str,
    reason: str,
    unit: str | None = None,
    material: str | None = None,
    occurred_on: str | None = None,
    unit_mass_kg: str | None = None,
    id: uuid.UUID | None = None,
) -> Receipt:
    """A new entry that supersedes ``entry``; what is not given stays as it was. The receipt is that of the new one."""
    require(actor, "record_entries", site=entry.site)
    day = entry.occurred_on.strftime("%Y-%m" if entry.month_only else "%Y-%m-%d")
    kept = "" if entry.unit_mass_kg is None else f"{entry.unit_mass_kg.normalize():f}"
    corrected = LedgerInput(
        id=str(id or uuid.uuid4()),
        site=entry.site.code,
        batch=entry.batch.code,
        kind=entry.kind,
        material=material or entry.material,
        value=value,
        unit=unit or entry.entered_unit,
        measured=entry.measured,
        occurred_on=occurred_on or day,
        to_batch=entry.to_batch.code if entry.to_batch else "",
        unit_mass_kg=kept if unit_mass_kg is None else unit_mass_kg,
        note=entry.note,
        supersedes=str(entry.pk),
        reason=reason,
    )
    return store_ledger_entries(actor=actor, inputs=[corrected])[0]


def void_ledger_entry(*, actor: Actor, entry: LedgerEntry, reason: str, id: uuid.UUID | None = None) -> Receipt:
    """Correct ``entry`` to nothing: the mass becomes 0, the entry stays readable with the reason."""
    return correct_ledger_entry(actor=actor, entry=entry, value="0", reason=reason, id=id)


def correct_diary_entry(
    *,
    actor: Actor,
    entry: DiaryEntry,
    reason: str,
    value: str | None = None,
    unit: str = "",
    observed_at: str | None = None,
    point: str | None = None,
    depth_cm: str | None = None,
    note: str | None = None,
    id: uuid.UUID | None = None,
) -> Receipt:
    """A new diary entry that supersedes ``entry``; what is not given stays as it was. ``unit`` goes with ``value``."""
    require(actor, "record_entries", site=entry.site)
    if value is None:
        value, unit = _written_value(entry)
    depth = "" if entry.depth_cm is None else str(entry.depth_cm)
    corrected = DiaryInput(
        id=str(id or uuid.uuid4()),
        site=entry.site.code,
        batch=entry.batch.code,
        kind=entry.kind,
        observed_at=entry.observed_at.isoformat() if observed_at is None else observed_at,
        value=value,
        unit=unit,
        point=entry.point if point is None else point,
        depth_cm=depth if depth_cm is None else depth_cm,
        note=entry.note if note is None else note,
        photo=str(entry.photo_id or ""),
        supersedes=str(entry.pk),
        reason=reason,
    )
    return store_diary_entries(actor=actor, inputs=[corrected])[0]


def _written_value(entry: DiaryEntry) -> tuple[str, str]:
    if entry.value is None:
        return "", ""
    return (entry.entered_value, entry.entered_unit) if entry.entered_value else (repr(entry.value), "")


def void_diary_entry(*, actor: Actor, entry: DiaryEntry, reason: str, id: uuid.UUID | None = None) -> Receipt:
    """Strike a diary entry out: a note with the reason stands in its place, the entry itself stays readable."""
    require(actor, "record_entries", site=entry.site)
    note = DiaryInput(
        id=str(id or uuid.uuid4()),
        site=entry.site.code,
        batch=entry.batch.code,
        kind=DiaryEntry.Kind.NOTE,
        observed_at=entry.observed_at.isoformat(),
        note=reason,
        supersedes=str(entry.pk),
        reason=reason,
    )
    return store_diary_entries(actor=actor, inputs=[note])[0]


def add_photo(
    *, actor: Actor, site: Site, id: uuid.UUID, content: bytes, checksum: str | None = None
) -> tuple[Photo, bool]:
    """Keep a photo; the photo and whether it is new.

    ``checksum`` is the sender's SHA-256: a picture that arrives otherwise is refused, so that it can be sent again.
    That of the bytes as they came is kept to know a repeat; the file that is kept no longer tells where it was taken.
    """
    require(actor, "record_entries", site=site)
    if fault := photo_fault(content):
        raise Problem("photo_refused", errors=[Fault(fault, field="photo")])
    digest = sha256(content)
    if checksum and checksum.strip().lower() != digest:
        raise Problem("photo_refused", errors=[Fault(Message("photo_checksum"), field="sha256", value=checksum)])
    try:
        kept = without_metadata(content)
    except ValueError as error:
        raise Problem("photo_refused", errors=[Fault(not_a_picture(), field="photo")]) from error
    with transaction.atomic():
        known = Photo.objects.filter(pk=id).first()
        if known is None:
            photo = Photo(id=id, site=site, sha256=digest, created_by=user_or_none(actor))
            try:
                with transaction.atomic():
                    photo.file.save(f"{id}.{photo_extension(content)}", ContentFile(kept), save=False)
                    photo.save(force_insert=True)
            except IntegrityError:
                photo.file.delete(save=False)
                known = Photo.objects.get(pk=id)
            else:
                audit.record(actor, "add_photo", photo, site=site, sha256=digest)
                return photo, True
        if known.sha256 != digest or known.site_id != site.pk:
            raise Problem("photo_differs", id=str(id))
    return known, False


def record_photo(
    *, actor: Actor, batch: Batch, id: uuid.UUID, content: bytes, observed_at: str, note: str = ""
) -> Receipt:
    """Keep a photo and write it into the diary of ``batch``; both take ``id``, so that sending again is safe."""
    with transaction.atomic():
        photo, _ = add_photo(actor=actor, site=batch.site, id=id, content=content)
        entry = DiaryInput(
            id=str(id),
            site=batch.site.code,
            batch=batch.code,
            kind=DiaryEntry.Kind.PHOTO,
            observed_at=observed_at,
            photo=str(photo.pk),
            note=note,
        )
        receipt = store_diary_entries(actor=actor, inputs=[entry])[0]
        if receipt.outcome not in ("stored", "already_stored"):
            # Without its diary line a photo is nobody's; the sender keeps it and mends the line.
            transaction.set_rollback(True)
    return receipt


def unit_name(written: str) -> Text | str:
    """A unit as people say it; one that the sender wrote in words of their own stays as written."""
    known = {**units().mass, **units().volume, **units().count}.get(written)
    return written if known is None else Text(zh=known.name.zh.partition("（")[0], en=written)


def stored_sentence(entry: LedgerEntry) -> Message:
    """What was stored, in kilograms: for the notice after a form."""
    code = "ledger_stored" if entry.entered_unit.casefold() in ("kg", "千克", "公斤") else "ledger_stored_converted"
    return Message(
        code,
        {
            "kind": Message(f"ledger_kind_{entry.kind}"),
            "kg": f"{Decimal(kg_text(entry.mass_mg)):,f}",
            "value": entry.entered_value,
            "unit": unit_name(entry.entered_unit),
        },
    )
