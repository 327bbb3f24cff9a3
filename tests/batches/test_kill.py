"""Pulling the plug in the middle of an upload of 100,000 rows, and at every moment of publishing; then once more."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from batches.services.site_months import verify_site_months
from compostnet.shared import releases as published
from compostnet.shared.months import month_text, parse_month
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry
from tests.bench import bench_upload
from tests.conftest import ROOT

KG = {"kg": Decimal(1), "斤": Decimal("0.5")}


def expected_mg(data: bytes) -> int:
    """The sum of a sheet, read without any code of ours."""
    rows = csv.DictReader(io.StringIO(data.decode()))
    return sum(int(Decimal(row["quantity"]) * KG[row["unit"]] * 1_000_000) for row in rows)


class Embedded:
    """A SpatiaLite file made of the test database; it is being written when its write-ahead log grows."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "compostnet.sqlite3"
        with sqlite3.connect(self.path) as copy:
            connection.ensure_connection()
            connection.connection.backup(copy)
        copy.close()
        self.environment = {"COMPOSTNET_DATA": str(folder), "COMPOSTNET_DATABASE": ""}

    def storing(self) -> bool:
        log = self.path.with_name(self.path.name + "-wal")
        return log.exists() and log.stat().st_size > 3_000_000

    def ledger(self) -> tuple[int, int]:
        with sqlite3.connect(self.path) as database:
            return database.execute("SELECT count(*), coalesce(sum(mass_mg), 0) FROM batches_ledgerentry").fetchone()


class Server:
    """The test database on PostGIS; it is being written while another session inserts."""

    def __init__(self, folder: Path) -> None:
        found = connection.settings_dict
        address = f"postgis://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
        self.environment = {"COMPOSTNET_DATA": str(folder), "COMPOSTNET_DATABASE": address}

    def storing(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                " AND pid <> pg_backend_pid() AND query LIKE 'WITH added AS (INSERT INTO%%'"
                " AND clock_timestamp() - query_start > interval '0.2 seconds'"
            )
            return cursor.fetchone()[0] > 0

    def ledger(self) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*), coalesce(sum(mass_mg), 0)::bigint FROM batches_ledgerentry")
            return cursor.fetchone()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.django_db(transaction=True)
def test_a_killed_upload_leaves_nothing_and_sending_again_ends_with_exactly_the_right_entries(tmp_path):
    bench_upload.prepare()
    data = bench_upload.sheet()
    file = tmp_path / "hundred-thousand.csv"
    file.write_bytes(data)
    database = Server(tmp_path) if connection.vendor == "postgresql" else Embedded(tmp_path)
    command = [sys.executable, "manage.py", "import_ledger", str(file), "--format", "json"]
    environment = {**os.environ, **database.environment, "DJANGO_SETTINGS_MODULE": "compostnet.settings"}

    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 100
    while not database.storing():
        assert process.poll() is None, "the upload ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    time.sleep(1)
    assert database.ledger() == (0, 0)

    again = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    counts = json.loads(again.stdout)
    assert (counts["stored"], counts["already_stored"], counts["rejected"]) == (bench_upload.ROWS, 0, 0)
    assert database.ledger() == (bench_upload.ROWS, expected_mg(data))


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.django_db(transaction=True)
def test_a_killed_publisher_leaves_no_release_or_a_whole_one_and_the_month_can_be_published(site, make_user, tmp_path):
    make_user("publisher", email="publisher@example.org")
    site.opened_on = dt.date(2023, 1, 1)
    site.save()
    months = [month_text(parse_month("2023-01") + number) for number in range(2 * 8)]
    for month in months:
        make_entry(site, month, 10)
    keys = [(site.pk, parse_month(month)) for month in months]
    assert not verify_site_months(actor=CONSOLE, keys=keys).refused
    database = Server(tmp_path) if connection.vendor == "postgresql" else Embedded(tmp_path)
    environment = {**os.environ, **database.environment, "DJANGO_SETTINGS_MODULE": "compostnet.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.batches.killed_publisher", *months],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert [one["moment"] for one in told if not one["killed"]] == []
    for number, one in enumerate(told, 1):
        assert one["after"] == one["before"], one
        # A publisher that had committed had done its work: only the index was missing, and the next attempt writes it.
        if one["job"] is None:
            assert one["again"] == ("release_unchanged" if one["committed"] else str(number)), one
        else:
            # The end of a job and its release are one transaction.
            assert one["job"] == ("done" if one["committed"] else "running"), one
            assert one["again"] == f"done {number}", one
        assert one["then"] == list(range(number, 0, -1)), one
    assert {one["committed"] for one in told} == {True, False}
    folder = tmp_path / "releases"
    for release in published.all_releases(folder):
        for name, vouched in release.files.items():
            assert hashlib.sha256(release.file(name).read_bytes()).hexdigest() == vouched["sha256"]
    assert not [path.name for path in folder.iterdir() if path.name.startswith((".writing-", ".putting-"))]
