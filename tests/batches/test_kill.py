"""Pulling the plug: a process that uploads 100,000 rows is killed in the middle, and the sheet sent again."""

from __future__ import annotations

import csv
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
