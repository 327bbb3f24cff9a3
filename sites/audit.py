"""The audit record: who changed what. Services call `record` inside the transaction of the change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from django.db import models

from sites.models import AuditRecord, Site
from sites.permissions import Actor, user_or_none


def record(actor: Actor, action: str, thing: models.Model, *, site: Site | None = None, **detail: Any) -> None:
    """Write one audit record of ``action`` on ``thing``; ``detail`` must be JSON."""
    _record(actor, action, thing, site, detail).save(force_insert=True)


def record_many(actor: Actor, action: str, things: Iterable[tuple[models.Model, Site | None, dict[str, Any]]]) -> None:
    """Write an audit record of ``action`` on each (thing, site, detail), in few statements."""
    rows = [_record(actor, action, thing, site, detail) for thing, site, detail in things]
    AuditRecord.objects.bulk_create(rows, batch_size=1000)


def _record(actor: Actor, action: str, thing: models.Model, site: Site | None, detail: dict[str, Any]) -> AuditRecord:
    context = structlog.contextvars.get_contextvars()
    return AuditRecord(
        actor=user_or_none(actor),
        action=action,
        object_type=thing._meta.label_lower,
        object_id=str(thing.pk),
        site=site,
        detail=detail,
        request_id=str(context.get("request_id", "")),
    )
