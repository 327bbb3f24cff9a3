"""Publishing in the background: asked for once, done once, and begun again where whoever did it was cut off."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from batches.models import PublishJob, Release
from batches.services.locks import hold
from batches.services.releases import Wish, check_wish, mend_index, publish
from compostnet.shared.months import month_text
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from compostnet.shell import background
from sites.audit import record
from sites.permissions import Actor, require, user_or_none

LOCK = "publish-jobs"
STALE = dt.timedelta(minutes=5)
"""Whoever has given no sign of life for so long is taken for dead."""
State = PublishJob.State
ACTIVE = (State.WAITING, State.RUNNING)
log = structlog.get_logger(__name__)


def start_publish_job(
    *, actor: Actor, month: int, final: bool = False, reason: str = "", confirmed: bool = False
) -> PublishJob:
    """Have a month published in the background; the job that is already at it, if there is one.

    What can be refused at once is (see `check_wish`). A revision needs a ``reason``, unless it makes a month final.
    """
    require(actor, "publish_release")
    wish = Wish(month, final, reason.strip(), confirmed)
    with transaction.atomic():
        hold(LOCK)
        _cut_off_stale()
        running = PublishJob.objects.filter(month=month, state__in=ACTIVE).first()
        if running is not None:
            return running
        check_wish(wish)
        _ask_for_reason(wish)
        job = PublishJob.objects.create(
            month=month, final=final, reason=wish.reason, asked_by=user_or_none(actor), step="publish_step_waiting"
        )
        record(actor, "start_publish_job", job, month=month_text(month), final=final, confirmed=confirmed)
        transaction.on_commit(lambda: _start(job, confirmed))
    return job


def _ask_for_reason(wish: Wish) -> None:
    earlier = Release.objects.filter(month=wish.month).order_by("-revision").first()
    if earlier is None or wish.reason or (wish.final and earlier.status != Release.Status.FINAL):
        return
    raise Problem("release_revision_reason_needed", month=month_text(wish.month), number=earlier.number)


def _start(job: PublishJob, confirmed: bool) -> None:
    from batches.tasks import run_publish_job as task  # the tasks know the services

    background.start(task, str(job.pk), confirmed)


def _cut_off_stale() -> None:
    now = timezone.now()
    for job in PublishJob.objects.filter(state__in=ACTIVE):
        if is_stale(job, now):
            job.state, job.ended_at = State.CUT_OFF, now
            job.save(update_fields=["state", "ended_at"])


def is_stale(job: PublishJob, now: dt.datetime | None = None) -> bool:
    """Whether a job that should be under way has given no sign of life for long: it may be started again."""
    return job.state in ACTIVE and (now or timezone.now()) - (job.seen_at or job.asked_at) > STALE


def run_publish_job(job_id: str, *, confirmed: bool = False, redelivered: bool = False) -> None:
    """Do a job, once: whoever comes second finds it taken or done.

    ``redelivered``: the broker says that the worker who had it is gone, so it is taken over. Row, folder and the job's
    end are one transaction, so a worker that was killed has either published and ended the job, or done nothing.
    """
    key, now = uuid.UUID(job_id), timezone.now()
    takes = (State.WAITING, State.RUNNING) if redelivered else (State.WAITING,)
    taken = PublishJob.objects.filter(pk=key, state__in=takes).update(state=State.RUNNING, seen_at=now)
    if not taken:
        mend_index()
        return
    job = PublishJob.objects.select_related("asked_by").get(pk=key)
    wish = Wish(job.month, job.final, job.reason, confirmed)

    def progress(step: str, percent: int) -> None:
        mine = PublishJob.objects.filter(pk=key, state=State.RUNNING)
        mine.update(step=step, progress=min(100, max(0, percent)), seen_at=timezone.now())

    def claim(release: Release) -> None:
        mine = PublishJob.objects.filter(pk=key, state=State.RUNNING)
        done = {"step": "publish_step_done", "progress": 100, "ended_at": timezone.now()}
        if not mine.update(state=State.DONE, release=release, **done):
            raise Problem("publish_job_taken", month=month_text(job.month))

    try:
        if job.asked_by is None:
            raise Problem("publish_job_nobody")
        publish(actor=job.asked_by, wish=wish, progress=progress, claim=claim)
    except Problem as problem:
        _end(key, State.REFUSED, packed(problem.message))
    except Exception as error:
        log.error("publish_job_broke", job=job_id, exc_info=error)
        _end(key, State.CUT_OFF, packed(Message("publish_job_broke")))


def _end(key: uuid.UUID, state: PublishJob.State, problem: dict[str, Any]) -> None:
    mine = PublishJob.objects.filter(pk=key, state=State.RUNNING)
    mine.update(state=state, problem=problem, ended_at=timezone.now())


def packed(message: Message) -> dict[str, Any]:
    """A message as JSON, to be told later in any language."""
    return {"code": message.code, "values": {name: _packed(value) for name, value in message.values.items()}}


def _packed(value: Any) -> Any:
    if isinstance(value, Message):
        return {"message": packed(value)}
    if isinstance(value, list | tuple):
        return [_packed(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def unpacked(document: dict[str, Any]) -> Message:
    """What `packed` packed."""
    return Message(document["code"], {name: _unpacked(value) for name, value in document["values"].items()})


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return unpacked(value["message"])
    return [_unpacked(item) for item in value] if isinstance(value, list) else value
