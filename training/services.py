"""Every change in training: cohorts, enrolments, evidence and its review."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal, InvalidOperation

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from compostnet.shared.numbers import parse_number
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites.audit import record
from sites.models import Site, User
from sites.permissions import Actor, require, user_or_none
from training.models import Cohort, Enrolment, Evidence
from training.programmes import Requirement, programmes

MOST_FILE_BYTES = 10 * 1024 * 1024
FILE_STARTS = (b"%PDF-", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@transaction.atomic
def open_cohort(
    *,
    actor: Actor,
    code: str,
    programme: str,
    name_zh: str,
    name_en: str,
    starts_on: dt.date,
    ends_on: dt.date | None = None,
) -> Cohort:
    """A new run of a programme, under the edition in force on its first day."""
    require(actor, "review_evidence")
    known = programmes().get(programme)
    if known is None:
        raise Problem("not_found", what=Message("thing_programme"))
    edition = known.as_of(starts_on)
    if edition is None:
        raise Problem("programme_not_in_force", programme=programme, day=starts_on)
    if Cohort.objects.filter(code=code).exists():
        raise Problem("cohort_exists", code=code)
    cohort = Cohort.objects.create(
        code=code,
        programme=programme,
        edition=edition.edition,
        name_zh=name_zh,
        name_en=name_en,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    record(actor, "open_cohort", cohort)
    return cohort


@transaction.atomic
def enrol(*, actor: Actor, cohort: Cohort, user: User | None = None, today: dt.date | None = None) -> Enrolment:
    """Enrol oneself in a cohort (trainers), or somebody else (who manages people). Twice changes nothing."""
    require(actor, "hand_in_evidence")
    person = user or user_or_none(actor)
    if person is None or person != actor:
        require(actor, "manage_people")
    if person is None:
        raise Problem("sign_in_needed")
    today = today or timezone.localdate()
    existing = Enrolment.objects.filter(cohort=cohort, user=person).first()
    if existing is not None:
        return existing
    if cohort.ends_on is not None and cohort.ends_on < today:
        raise Problem("cohort_has_ended", day=cohort.ends_on)
    enrolment, created = Enrolment.objects.get_or_create(cohort=cohort, user=person, defaults={"enrolled_on": today})
    if created:
        record(actor, "enrol", enrolment)
    return enrolment


@transaction.atomic
def hand_in_evidence(
    *,
    actor: Actor,
    enrolment: Enrolment,
    requirement: str,
    amount: str,
    occurred_on: dt.date,
    description: str,
    site: Site | None = None,
    file: UploadedFile | None = None,
    id: uuid.UUID | None = None,
    today: dt.date | None = None,
) -> Evidence:
    """Hand in what one did. Sending the same again (by ``id``) stores nothing new; all faults come at once."""
    require(actor, "hand_in_evidence")
    if enrolment.user != actor:
        raise Problem("not_found", what=Message("thing_enrolment"))
    edition = programmes()[enrolment.cohort.programme].edition(enrolment.cohort.edition)
    faults: list[Fault] = []
    known = {one.code: one for one in edition.requirements}
    wanted = known.get(requirement)
    if wanted is None:
        message = Message("unknown_requirement", {"requirement": requirement, "known": list(known)})
        faults.append(Fault(message, field="requirement", value=requirement))
    number = _amount(amount, wanted, faults)
    if occurred_on > (today or timezone.localdate()):
        faults.append(Fault(Message("evidence_day_in_future"), field="occurred_on", value=occurred_on))
    if not description.strip():
        faults.append(Fault(Message("evidence_description_needed"), field="description"))
    if wanted is not None and wanted.counts == "sites" and site is None:
        faults.append(Fault(Message("evidence_site_needed"), field="site"))
    if file is not None and not _readable(file):
        limit = filesizeformat(MOST_FILE_BYTES)
        faults.append(Fault(Message("evidence_file_kind", {"limit": limit}), field="file", value=file.name))
    if faults:
        raise Problem("invalid_request", errors=faults)
    content = {
        "enrolment": enrolment,
        "requirement": requirement,
        "amount": number,
        "occurred_on": occurred_on,
        "site": site,
        "description": description.strip(),
    }
    evidence, created = Evidence.objects.get_or_create(id=id or uuid.uuid4(), defaults=content)
    if not created:
        if any(getattr(evidence, name) != value for name, value in content.items()):
            raise Problem("evidence_differs")
        return evidence
    if file is not None:
        evidence.file.save(f"{evidence.pk}.{_ending(file)}", file)
    record(actor, "hand_in_evidence", evidence, requirement=requirement)
    return evidence


def _amount(text: str, requirement: Requirement | None, faults: list[Fault]) -> Decimal:
    most = requirement.most_each if requirement else Decimal("999999.99")
    unit = requirement.unit if requirement else ""
    try:
        number = parse_number(text)
        if 0 < number <= most and number == number.quantize(Decimal("0.01")):
            return number
    except (ValueError, InvalidOperation):
        pass
    faults.append(Fault(Message("evidence_amount_range", {"most": most, "unit": unit}), field="amount", value=text))
    return Decimal(0)


def _readable(file: UploadedFile) -> bool:
    start = file.read(16)
    file.seek(0)
    return file.size <= MOST_FILE_BYTES and start.startswith(FILE_STARTS)


def _ending(file: UploadedFile) -> str:
    start = file.read(4)
    file.seek(0)
    return {b"%": "pdf", b"\xff": "jpg"}.get(start[:1], "png")


@transaction.atomic
def review_evidence(*, actor: Actor, evidence: Evidence, accept: bool, note: str = "") -> Evidence:
    """Accept evidence or send it back with a reason; never one's own, and once only."""
    require(actor, "review_evidence")
    evidence = Evidence.objects.select_for_update(of=("self",)).select_related("enrolment__user").get(pk=evidence.pk)
    if evidence.enrolment.user == actor:
        raise Problem("evidence_is_own")
    if evidence.state != Evidence.State.SUBMITTED:
        raise Problem("evidence_already_reviewed")
    if not accept and not note.strip():
        raise Problem("invalid_request", errors=[Fault(Message("evidence_note_needed"), field="note")])
    evidence.state = Evidence.State.ACCEPTED if accept else Evidence.State.REJECTED
    evidence.review_note = note.strip()
    evidence.reviewed_at = timezone.now()
    evidence.reviewed_by = user_or_none(actor)
    evidence.save(update_fields=["state", "review_note", "reviewed_at", "reviewed_by"])
    record(actor, "review_evidence", evidence, state=evidence.state)
    return evidence
