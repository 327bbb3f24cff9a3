"""Register what was taken from a batch."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction

from batches.models import Batch
from compostnet.shared.problems import Problem
from sites import audit
from sites.permissions import Actor, require, user_or_none
from sites.selectors import today_at
from standards.models import Sample
from standards.services.texts import clean


def register_sample(
    *,
    actor: Actor,
    batch: Batch,
    code: str,
    taken_on: dt.date,
    taken_by: str = "",
    sub_samples: int | None = None,
    id: uuid.UUID | None = None,
) -> Sample:
    """Register what was taken from a batch. The same id again gives the sample that is there."""
    require(actor, "take_sample", site=batch.site)
    code, taken_by = clean(code), clean(taken_by)
    if not batch.started_on <= taken_on <= today_at(batch.site):
        raise Problem(
            "sample_before_batch", day=taken_on.isoformat(), batch=batch.code, start=batch.started_on.isoformat()
        )
    if not code or len(code) > 60:
        raise Problem("sample_code_length", longest=60)
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
        created_by=user_or_none(actor),
    )
    try:
        with transaction.atomic():
            sample.save(force_insert=True)
            audit.record(actor, "register_sample", sample, site=batch.site, code=code, batch=str(batch.pk))
    except IntegrityError as error:
        raise Problem("sample_code_taken", sample=code) from error
    return sample
