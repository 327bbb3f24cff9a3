"""Which uploads a person may read, and how a preview shows what would be stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from batches.entries import LedgerRow
from batches.materials import materials
from batches.models import Upload
from batches.services.uploads import Examined
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from sites.models import User
from sites.permissions import Actor, may, sites_where

FIRST_ROWS = 10


def visible_uploads(actor: Actor) -> QuerySet[Upload]:
    """The uploads of the sites whose records the actor may read, and those that they sent themselves."""
    uploads = Upload.objects.select_related("site", "created_by")
    if may(actor, "view_site_private"):
        return uploads
    if not isinstance(actor, User):
        return uploads.none()
    return uploads.filter(Q(site__in=sites_where(actor, "view_site_private")) | Q(created_by=actor))


def visible_upload(actor: Actor, pk: uuid.UUID) -> Upload:
    """One upload; problem ``not_found`` also where it is not the actor's to read."""
    found = visible_uploads(actor).filter(pk=pk).first()
    if found is None:
        raise Problem("not_found", what=Message("thing_upload"))
    return found


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One entry as it would be stored."""

    line: int
    site: str
    batch: str
    kind: str
    material: Text | None
    mass_mg: int | None
    value: str
    unit: str
    when: str


def first_rows(examined: Examined) -> list[PreviewRow]:
    """The first entries of a sheet as they would be stored."""
    return [_preview(row, line) for row, line in zip(examined.rows[:FIRST_ROWS], examined.lines, strict=False)]


def _preview(row: Any, line: int) -> PreviewRow:
    if isinstance(row, LedgerRow):
        when = row.occurred_on.isoformat()[: 7 if row.month_only else 10]
        return PreviewRow(
            line,
            row.site_code,
            row.batch,
            row.kind,
            materials()[row.material].name,
            row.mass_mg,
            row.entered_value,
            row.entered_unit,
            when,
        )
    when = row.observed_at.isoformat(sep=" ", timespec="minutes")
    return PreviewRow(line, row.site_code, row.batch, row.kind, None, None, row.entered_value, row.entered_unit, when)
