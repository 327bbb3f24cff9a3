"""The one clock of ledger and releases: what bears a time up to a cut-off is in the release, whatever else is late.

Several machines store and publish, and their clocks differ; so the time is the database's. And a clock may be put back;
so nothing stored after a cut-off bears a time before it, and no cut-off lies before what is stored already.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Max
from django.utils import timezone

from batches.models import LedgerEntry, MonthlyRecord, Release

INSTANT = dt.timedelta(microseconds=1)


def database_now() -> dt.datetime:
    """The time by the clock of the database server; an embedded database has the clock of this machine."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def stamp() -> dt.datetime:
    """The time that entries and records bear. Only for whoever holds the LEDGER shared."""
    now = database_now()
    last = Release.objects.aggregate(last=Max("cut_off"))["last"]
    return now if last is None else max(now, last + INSTANT)


def cut_off_now() -> dt.datetime:
    """The cut-off of a release. Only for whoever holds the LEDGER alone."""
    stored = [model.objects.aggregate(last=Max("recorded_at"))["last"] for model in (LedgerEntry, MonthlyRecord)]
    return max([database_now(), *(last for last in stored if last is not None)])
