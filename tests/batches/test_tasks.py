"""A real worker and a real broker: what is sent to the broker is done by the worker, sent twice or not."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

from tests.conftest import ROOT
from tests.servers import redis

SEND = "from batches.tasks import roll_up_months as r; r.delay(); r.delay()"


def test_worker_rolls_up(tmp_path):
    with contextlib.ExitStack() as stack:
        broker = os.environ.get("COMPOSTNET_TEST_REDIS") or stack.enter_context(redis())
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "compostnet.settings",
            "COMPOSTNET_DATA": str(tmp_path),
            "COMPOSTNET_DATABASE": "",
            "COMPOSTNET_REDIS": broker,
        }

        def manage(*arguments: str) -> str:
            return subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120,
            ).stdout  # fmt: skip

        def summed() -> int:
            with contextlib.closing(sqlite3.connect(tmp_path / "compostnet.sqlite3")) as database:
                return int(database.execute("SELECT count(*) FROM batches_sitemonthmass").fetchone()[0])

        manage("migrate", "-v0")
        manage("import_ledger", "tests/data/nyc_dsny_2024_2025.csv", "--layout", "nyc_dsny", "--create-sites")
        assert summed() == 0
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "compostnet.celery", "worker", "--pool", "solo", "-l", "WARNING"],
            cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            manage("shell", "-v0", "-c", SEND)
            deadline = time.monotonic() + 60
            while not (found := summed()) and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
        assert found > 0
        manage("roll_up")
        assert summed() == found
