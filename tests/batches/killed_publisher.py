"""A process whose publishers are killed (SIGKILL) at every moment that matters, each at a month of its own.

``python -m tests.batches.killed_publisher 2024-01 …`` prints a JSON list, one object a moment: how the publisher ended,
what was public before and after it, and what publishing the month again did; by hand and as a job. Run by `test_kill`,
on a database of it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connections  # noqa: E402

from batches.impact.signing.signature import passed  # noqa: E402
from batches.impact.signing.verifying import verify_folder  # noqa: E402
from batches.models import PublishJob, Release  # noqa: E402
from batches.services import publish_jobs, release_folder, releases  # noqa: E402
from compostnet.shared import releases as published  # noqa: E402
from compostnet.shared.months import parse_month  # noqa: E402
from compostnet.shared.problems import Problem  # noqa: E402
from sites.models import User  # noqa: E402
from sites.permissions import CONSOLE  # noqa: E402

MOMENTS = {
    "the cut-off is set, nothing made": ("make_files", 1),
    "all files are made, nothing signed": ("signing_key", 1),
    "the row is written, no file yet": ("write_folder", 1),
    "some files are written": ("_write", 3),
    "the folder is written, not yet in its place": ("_sync_folder", 1),
    "the folder is in its place, the row not committed": ("_sync_folder", 2),
    "the row is committed, the index not begun": ("write_index", 1),
    "the new index is being written": ("put_file", 1),
}
"""Moment → the function of publishing at whose so manieth call the process is killed."""


def die_at(name: str, call: int) -> None:
    """Kill this process at the so manieth call of a function."""
    inner, left = getattr(releases if hasattr(releases, name) else release_folder, name), [call]

    def counted(*arguments):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return inner(*arguments)

    for module in (release_folder, releases):
        if hasattr(module, name):
            setattr(module, name, counted)


def public() -> list[int]:
    """The releases that a reader sees; each read whole."""
    folder = Path(settings.RELEASES_DIR)
    found = published.all_releases(folder)
    assert all(passed(verify_folder(one.path)) for one in found)
    return [one.number for one in found]


def publish(month: int) -> str:
    """What publishing did: the number, or the problem's code."""
    try:
        return str(releases.publish_release(actor=CONSOLE, month=month).number)
    except Problem as problem:
        return problem.code


def again(month: int) -> str:
    """What comes after a publisher was killed: by hand, or by the broker that delivers its job once more."""
    job = PublishJob.objects.filter(month=month).first()
    if job is None:
        return publish(month)
    publish_jobs.run_publish_job(str(job.pk), redelivered=True)
    job.refresh_from_db()
    return f"{job.state} {job.release_id}"


def in_child(work: Callable[[], str]) -> tuple[str, bool]:
    """What ``work`` said in a process of its own, and whether that was killed. This process publishes nothing itself:
    a child of a process with threads (arrays, a job's heartbeat) may inherit a lock that nobody ever lets go."""
    connections.close_all()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        said = work()
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    return said, os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(months: list[int]) -> list[dict[str, object]]:
    told = []
    publisher = User.objects.get(email="publisher@example.org")
    moments = [(*one, is_job) for one in MOMENTS.items() for is_job in (False, True)]
    for (moment, (name, call), is_job), month in zip(moments, months, strict=True):
        before = public()
        job = PublishJob.objects.create(month=month, asked_by=publisher) if is_job else None

        def dying(name: str = name, call: int = call, month: int = month, job: PublishJob | None = job) -> str:
            die_at(name, call)
            return publish(month) if job is None else str(publish_jobs.run_publish_job(str(job.pk)))

        _, killed = in_child(dying)
        told.append(
            {
                "moment": moment,
                "killed": killed,
                "before": before,
                "after": public(),
                "committed": Release.objects.filter(month=month).exists(),
                "job": None if job is None else PublishJob.objects.get(pk=job.pk).state,
                "again": in_child(partial(again, month))[0],
                "then": public(),
            }
        )
    return told


if __name__ == "__main__":
    print(json.dumps(main([parse_month(text) for text in sys.argv[1:]])))
