"""A celery worker whose first attempt to publish is killed (SIGKILL) in the middle. Run by `test_tasks`.

``python -m tests.batches.killed_worker MARK``: the file MARK is written at the first attempt.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from compostnet.celery import app

mark = Path(sys.argv[1])


def die_once() -> None:
    """Wrap the making of files; in the process that does the work, so after Django is set up."""
    from batches.services import releases

    real = releases.make_files

    def make_files(*arguments):
        if not mark.exists():
            mark.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    releases.make_files = make_files


if __name__ == "__main__":
    import django

    django.setup()
    die_once()
    app.worker_main(["worker", "--pool", "prefork", "--concurrency", "1", "-l", "WARNING"])
