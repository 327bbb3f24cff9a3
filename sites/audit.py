"""The audit record: who changed what. Services call `record` inside the transaction of the change."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import models

from sites.models import AuditRecord, Site
from sites.permissions import Actor, user_or_none


def record(actor: Actor, action: str, thing: models.Model, *, site: Site | None = None, **detail: Any) -> None:
    """Write one audit record of ``action`` on ``thing``; ``detail`` must be JSON."""
    context = structlog.contextvars.get_contextvars()
    AuditRecord.objects.create(
        actor=user_or_none(actor),
        action=action,
        object_type=thing._meta.label_lower,
        object_id=str(thing.pk),
        site=site,
        detail=detail,
        request_id=str(context.get("request_id", "")),
    )
