"""Testing on request: a site asks, the desk decides, the site takes the sample; any of them may cancel."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from batches.models import Batch
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.models import Organisation
from sites.permissions import Actor, may, require, user_or_none
from standards.codes import new_code
from standards.library import find
from standards.models import Sample, TestRequest
from standards.selectors.requests import OPEN, site_activity
from standards.services.samples import register_sample
from standards.services.texts import clean
from standards.testing import rules_of_testing

State = TestRequest.State
ATTEMPTS = 20


def ask_for_test(
    *,
    actor: Actor,
    batch: Batch,
    standard: str,
    note: str = "",
    id: uuid.UUID | None = None,
    day: dt.date | None = None,
) -> TestRequest:
    """An active site asks for a test of a batch by a standard. The same id again gives the request that is there.

    ``day``: whose months count (today at the site where it is left out).
    """
    site = batch.site
    require(actor, "ask_for_test", site=site)
    book, wanted = find(standard)
    code = f"{book.code}/{wanted}" if wanted else book.code
    known = TestRequest.objects.filter(pk=id).first() if id else None
    if known is not None:
        if known.batch_id != batch.pk or known.standard != code:
            raise Problem("test_request_differs")
        return known
    active = site_activity(site, day)
    if not active.is_active:
        raise Problem("test_site_not_active", why=rules_of_testing().active_site.why, reason=active.why)
    if batch.state not in rules_of_testing().active_site.batch_states:
        raise Problem("test_batch_state", batch=batch.code)
    request = TestRequest(
        id=id or uuid.uuid4(), batch=batch, standard=code, note=clean(note)[:300], asked_by=user_or_none(actor)
    )
    try:
        with transaction.atomic():
            request.save(force_insert=True)
            audit.record(actor, "ask_for_test", request, site=site, batch=batch.code, standard=code)
    except IntegrityError:
        same = TestRequest.objects.filter(pk=request.pk, batch=batch, standard=code).first()
        if same is not None:
            return same
        under_way = TestRequest.objects.filter(batch=batch, state__in=OPEN).first()
        if under_way is None:
            raise
        raise Problem(
            "test_request_open", batch=batch.code, day=under_way.asked_at.date().isoformat(), state=_word(under_way)
        ) from None
    return request


def _locked(request: TestRequest) -> TestRequest:
    locked = TestRequest.objects.select_for_update(of=("self",))
    return locked.select_related("batch__site", "lab", "sample", "decided_by").get(pk=request.pk)


def _word(request: TestRequest) -> Message:
    return Message(f"test_state_{request.state}")


def decide_test_request(
    *, actor: Actor, request: TestRequest, grant: bool, lab: Organisation | None = None, note: str = ""
) -> TestRequest:
    """The desk grants a request (choosing the lab; the label gets its code) or refuses it with a reason.

    The same decision again changes nothing; another one is refused with who decided before.
    """
    require(actor, "decide_test_request")
    note = clean(note)[:300]
    if grant and (lab is None or lab.kind != Organisation.Kind.LAB):
        raise Problem("test_lab_needed")
    if not grant and not note:
        raise Problem("test_reason_needed")
    with transaction.atomic():
        found = _locked(request)
        if found.state != State.ASKED:
            return _decided_before(found, grant, lab)
        found.state = State.GRANTED if grant else State.REFUSED
        found.lab = lab if grant else None
        found.decided_at, found.decided_by, found.decision_note = timezone.now(), user_or_none(actor), note
        found.save(update_fields=["state", "lab", "decided_at", "decided_by", "decision_note"])
        if grant:
            found.label_code = _own_label(found)
        audit.record(
            actor,
            "grant_test_request" if grant else "refuse_test_request",
            found,
            site=found.batch.site,
            lab=found.lab.code if found.lab else None,
            label=found.label_code,
            note=note,
        )
    return found


def _decided_before(found: TestRequest, grant: bool, lab: Organisation | None) -> TestRequest:
    if found.state == State.CANCELLED or found.decided_at is None:
        raise Problem("test_request_wrong_state", state=_word(found))
    was_granted = found.state != State.REFUSED
    if grant == was_granted and (not grant or found.lab == lab):
        return found
    raise Problem(
        "test_request_decided",
        who=str(found.decided_by or "console"),
        day=found.decided_at.date().isoformat(),
        state=_word(found),
    )


def _own_label(request: TestRequest) -> str:
    """A label code that neither a request nor a sample has; of two that draw the same one the database lets one."""
    for attempt in range(ATTEMPTS):
        code = new_code(secrets.choice)
        if Sample.objects.filter(code=code).exists():
            continue
        try:
            with transaction.atomic():
                TestRequest.objects.filter(pk=request.pk).update(label_code=code)
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return code
    raise AssertionError("no label code was free")


def take_requested_sample(
    *,
    actor: Actor,
    request: TestRequest,
    taken_on: dt.date,
    taken_by: str = "",
    sub_samples: int | None = None,
    mass_kg: Decimal | None = None,
    facts: Mapping[str, str] | None = None,
    id: uuid.UUID | None = None,
) -> Sample:
    """Register the sample of a granted request under its label's code. Again gives the one that is there."""
    require(actor, "take_sample", site=request.batch.site)
    with transaction.atomic():
        found = _locked(request)
        if found.sample is not None and (id is None or found.sample.pk == id):
            return found.sample
        if found.state != State.GRANTED or found.label_code is None:
            raise Problem("test_request_wrong_state", state=_word(found))
        sample = register_sample(
            actor=actor,
            batch=found.batch,
            code=found.label_code,
            taken_on=taken_on,
            taken_by=taken_by,
            sub_samples=sub_samples,
            mass_kg=mass_kg,
            facts=facts,
            id=id,
        )
        found.state, found.sample = State.SAMPLED, sample
        found.save(update_fields=["state", "sample"])
        audit.record(actor, "take_requested_sample", found, site=found.batch.site, sample=sample.code)
    return sample


def cancel_test_request(*, actor: Actor, request: TestRequest, reason: str = "") -> TestRequest:
    """The site (or the desk) calls a test off, as long as the sample has not arrived. Again changes nothing."""
    if not may(actor, "decide_test_request"):
        require(actor, "ask_for_test", site=request.batch.site)
    with transaction.atomic():
        found = _locked(request)
        if found.state == State.CANCELLED:
            return found
        if found.state not in (State.ASKED, State.GRANTED, State.SAMPLED):
            raise Problem("test_request_wrong_state", state=_word(found))
        found.state = State.CANCELLED
        found.cancelled_at, found.cancelled_by = timezone.now(), user_or_none(actor)
        found.cancelled_reason = clean(reason)[:300]
        found.save(update_fields=["state", "cancelled_at", "cancelled_by", "cancelled_reason"])
        audit.record(actor, "cancel_test_request", found, site=found.batch.site, reason=found.cancelled_reason)
    return found
