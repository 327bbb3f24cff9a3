"""Work in the background: thin, and safe to run twice. Without a broker it runs in-process at once."""

from __future__ import annotations

from collections.abc import Sequence

from celery import Task, shared_task

from batches.services import publish_jobs, subscribers
from batches.services.releases import mend_index
from batches.services.site_months import roll_up


@shared_task(ignore_result=True)
def roll_up_months(months: Sequence[int] | None = None, sites: Sequence[int] | None = None) -> None:
    """Sum the ledger into site-months anew; of all months and sites where none are named (celery beat, nightly)."""
    roll_up(months=months, sites=sites)


@shared_task(bind=True, ignore_result=True)
def run_publish_job(self: Task, job: str, confirmed: bool = False) -> None:
    """Publish what a job asks for; delivered twice it is done once."""
    redelivered = bool((self.request.delivery_info or {}).get("redelivered"))
    publish_jobs.run_publish_job(job, confirmed=confirmed, redelivered=redelivered)


@shared_task(ignore_result=True)
def ask_subscriber(subscriber: int) -> None:
    """Ask somebody who subscribed to confirm it."""
    subscribers.send_confirmation(subscriber)


@shared_task(ignore_result=True)
def tell_subscribers(number: int | None = None) -> None:
    """Tell of a release by mail, each subscriber once; without a number of the newest one (celery beat, hourly)."""
    if number is None:
        mend_index()
    subscribers.tell_of_release(number)
