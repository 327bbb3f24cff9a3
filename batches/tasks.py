"""Work in the background: thin, and safe to run twice. Without a broker it runs in-process at once."""

from __future__ import annotations

from collections.abc import Sequence

from celery import shared_task

from batches.services.site_months import roll_up


@shared_task(ignore_result=True)
def roll_up_months(months: Sequence[int] | None = None, sites: Sequence[int] | None = None) -> None:
    """Sum the ledger into site-months anew; of all months and sites where none are named (celery beat, nightly)."""
    roll_up(months=months, sites=sites)
