"""Work in the background: thin, and safe to run twice. Without a broker it runs in-process at once."""

from __future__ import annotations

from celery import shared_task

from sites.permissions import CONSOLE
from standards.services import judge_reports_again


@shared_task(ignore_result=True)
def judge_reports() -> None:
    """Judge every confirmed report by the library as it is now, beside what was kept (celery beat, nightly)."""
    judge_reports_again(actor=CONSOLE)
