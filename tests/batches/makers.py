"""Rows for tests of figures: entries straight into the ledger, as the store would have written them."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from batches.models import Batch, LedgerEntry
from compostnet.shared.months import first_day, parse_month


def make_batch(site, code="A1"):
    """A batch of a site."""
    return Batch.objects.get_or_create(site=site, code=code, defaults={"started_on": site.opened_on})[0]


def make_entry(site, month, kg, *, kind="intake", material="food_waste", measured="scale", batch=None, **more):
    """One ledger entry of ``kg`` kilograms in a month (``YYYY-MM``)."""
    index = parse_month(month)
    return LedgerEntry.objects.create(
        id=uuid.uuid4(),
        digest=uuid.uuid4(),
        site=site,
        batch=batch or make_batch(site),
        kind=kind,
        material=material,
        mass_mg=round(kg * 1_000_000),
        measured=measured,
        entered_value=str(kg),
        entered_unit="kg",
        occurred_on=first_day(index),
        month_only=True,
        month=index,
        recorded_at=more.pop("recorded_at", timezone.now()),
        **more,
    )


def days_ago(days):
    return timezone.now() - dt.timedelta(days=days)
