"""Work that nobody waits for: a celery worker does it where there is a broker, else a thread of this process."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import Task
from django.conf import settings
from django.db import connections

log = structlog.get_logger(__name__)


def start(task: Task, *arguments: Any) -> None:
    """Start a task after the current transaction is committed (call it in `transaction.on_commit`).

    Without a broker it runs in a thread, so that a page answers at once (``BACKGROUND = "thread"``), or before the
    caller goes on (``"inline"``). A thread that works ends before the process does.
    """
    if settings.BACKGROUND == "broker":
        task.delay(*arguments)
    elif settings.BACKGROUND == "thread":
        threading.Thread(target=_run, args=(task, arguments), name=task.name).start()
    else:
        task(*arguments)


def _run(task: Task, arguments: tuple[Any, ...]) -> None:
    try:
        task(*arguments)
    except Exception as error:
        log.error("background_work_broke", task=task.name, exc_info=error)
    finally:
        connections.close_all()
