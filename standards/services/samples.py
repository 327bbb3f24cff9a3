"""Register what was taken from a batch, and its arrival at the lab."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from batches.models import Batch
from compostnet.shared.problems import Problem
from sites import audit
from sites.models import Organisation, Role, User
from sites.permissions import Actor, require, user_or_none
from sites.selectors import today_at
from standards.facts import read_facts
from standards.models import Sample, TestRequest
from standards.services.texts import clean

MOST_SUB_SAMPLES = 1000
MOST_KG = 10_000


def register_sample(
    *,
    actor: Actor,
    batch: Batch,
    code: str,
    taken_on: dt.date,
    taken_by: str = "",
    sub_samples: int | None = None,
    mass_kg: Decimal | None = None,
    facts: Mapping[str, str] | None = None,
    id: uuid.UUID | None = None,
) -> Sample:
    """Register what was taken from a batch. The same id again gives the sample that is there.

    ``facts``: what is known of the product (feedstock, use …; codes of ``standards/facts.yaml``), for the checker.
    """
    require(actor, "take_sample", site=batch.site)
    code, taken_by = clean(code), clean(taken_by)
    if not batch.started_on <= taken_on <= today_at(batch.site):
        raise Problem(
            "sample_before_batch", day=taken_on.isoformat(), batch=batch.code, start=batch.started_on.isoformat()
        )
    if not code or len(code) > 60:
        raise Problem("sample_code_length", longest=60)
    if sub_samples is not None and not 1 <= sub_samples <= MOST_SUB_SAMPLES:
        raise Problem("sample_sub_samples_impossible", count=sub_samples, most=MOST_SUB_SAMPLES)
    if mass_kg is not None:
        if not (mass_kg.is_finite() and 0 < round(mass_kg, 3) < MOST_KG):
            raise Problem("sample_mass_impossible", mass=str(mass_kg), most=MOST_KG)
        mass_kg = round(mass_kg, 3)
    stated = read_facts(facts or {})
    known = Sample.objects.filter(pk=id, batch=batch, code=code).first() if id else None
    if known is not None:
        return known
    sample = Sample(
        id=id or uuid.uuid4(),
        batch=batch,
        code=code,
        taken_on=taken_on,
        taken_by=taken_by[:100],
        sub_samples=sub_samples,
        mass_kg=mass_kg,
        facts=stated,
        created_by=user_or_none(actor),
    )
    try:
        with transaction.atomic():
            sample.save(force_insert=True)
            audit.record(actor, "register_sample", sample, site=batch.site, code=code, batch=str(batch.pk), **stated)
    except IntegrityError as error:
        raise Problem("sample_code_taken", sample=code) from error
    return sample


def labs_of(actor: Actor) -> list[Organisation]:
    """The labs that somebody works for."""
    if not isinstance(actor, User):
        return []
    return list(Organisation.objects.filter(memberships__user=actor, memberships__role=Role.LAB).order_by("code"))


def lab_for(actor: Actor, sample: Sample) -> Organisation | None:
    """The lab in whose name ``actor`` receives a sample: the one that was asked, else their own (the first by code).

    Problem ``sample_for_another_lab`` for the people of a lab that was not asked.
    """
    request = TestRequest.objects.select_related("lab").filter(sample=sample).first()
    own = labs_of(actor)
    if request is None or request.lab is None:
        return own[0] if own else None
    if own and request.lab not in own:
        raise Problem("sample_for_another_lab", sample=sample.code, lab=request.lab.name)
    return request.lab


def mark_arrived(*, actor: Actor, sample: Sample) -> Sample:
    """The lab has a sample in its hands. A second scan changes nothing and finds the first one's time."""
    lab = lab_for(actor, sample)
    require(actor, "receive_sample", organisation=lab)
    with transaction.atomic():
        locked = Sample.objects.select_for_update(of=("self",)).select_related("batch__site").get(pk=sample.pk)
        if locked.arrived_at is not None:
            return locked
        locked.arrived_at, locked.arrived_by, locked.arrived_lab = timezone.now(), user_or_none(actor), lab
        locked.save(update_fields=["arrived_at", "arrived_by", "arrived_lab"])
        TestRequest.objects.filter(sample=locked, state=TestRequest.State.SAMPLED).update(
            state=TestRequest.State.ARRIVED
        )
        audit.record(actor, "mark_arrived", locked, site=locked.batch.site, lab=lab.code if lab else None)
    return locked
