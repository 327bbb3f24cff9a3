"""A real worker and a real broker: what is sent to the broker is done by the worker, sent twice or not."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from compostnet.shared import releases as published
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


PREPARE = """
import datetime as dt
from sites.models import Membership, Region, Site, User
from batches.services.site_months import verify_site_months
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry
from compostnet.shared.months import parse_month
region = Region.objects.create(code="CN", level=0, country="CN", name_zh="中国", name_en="China")
site = Site.objects.create(code="a", name_zh="甲", name_en="A", region=region, scenario="village",
                           process="windrow", opened_on=dt.date(2024, 1, 1))
user = User.objects.create_user(email="publisher@example.org", password="a-long-password-1")
Membership.objects.create(user=user, role="publisher")
make_entry(site, "2024-05", 100)
assert not verify_site_months(actor=CONSOLE, keys=[(site.pk, parse_month("2024-05"))]).refused
"""
PUBLISH = """
from batches.services.publish_jobs import start_publish_job
from batches.tasks import run_publish_job
from compostnet.shared.months import parse_month
from sites.models import User
job = start_publish_job(actor=User.objects.get(), month=parse_month("2024-05"))
run_publish_job.delay(str(job.pk))
"""


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_publishing_has_its_job_done_by_the_next_one_once(tmp_path):
    """The job is sent twice besides, as a broker may."""
    with contextlib.ExitStack() as stack:
        broker = os.environ.get("COMPOSTNET_TEST_REDIS") or stack.enter_context(redis())
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "compostnet.settings",
            "COMPOSTNET_DATA": str(tmp_path),
            "COMPOSTNET_DATABASE": "",
            "COMPOSTNET_REDIS": broker,
        }

        def manage(*arguments: str) -> None:
            subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=120,
            )  # fmt: skip

        def rows(query: str) -> list[tuple[object, ...]]:
            with contextlib.closing(sqlite3.connect(tmp_path / "compostnet.sqlite3")) as database:
                return database.execute(query).fetchall()

        manage("migrate", "-v0")
        manage("shell", "-v0", "-c", PREPARE)
        mark = tmp_path / "killed"
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.batches.killed_worker", str(mark)],
            cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            manage("shell", "-v0", "-c", PUBLISH)
            deadline = time.monotonic() + 90
            while rows("SELECT state FROM batches_publishjob") != [("done",)] and time.monotonic() < deadline:
                time.sleep(0.2)
            time.sleep(1)
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
        assert mark.exists(), "nobody was killed"
        assert rows("SELECT state, release_id FROM batches_publishjob") == [("done", 1)]
        assert rows("SELECT number, revision FROM batches_release") == [(1, 0)]
        assert [entry["number"] for entry in published.index(tmp_path / "releases")] == [1]
