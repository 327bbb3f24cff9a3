"""Upload of 100,000 ledger rows through parse, check and store, beside django-import-export and beside bare COPY.

All three put the same 100,000 rows into the same (empty) table of the same database, in one run. Ours starts from the
CSV bytes as a site sends them (names, units, dates as text) and ends with the committed rows, the kept file, receipts
and the audit record. django-import-export starts from a CSV that already holds the final values and runs with its fast
settings (bulk, no clean, no diff, no look-up of existing rows). COPY starts from the bytes that PostgreSQL wants.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROWS = 100_000
ROUNDS = 3


def sheet(rows: int = ROWS) -> bytes:
    """A sheet in the platform's template: two sites, twelve batches, three materials, every value another."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["site", "batch", "kind", "material", "quantity", "unit", "date", "note"])
    first = dt.date(2024, 1, 1)
    for number in range(rows):
        writer.writerow(
            [
                f"bench-{number % 2}",
                f"B-{number % 12}",
                "intake",
                ("Food waste", "leaves", "厨余垃圾")[number % 3],
                f"{number % 997 + number / rows:.3f}",
                ("kg", "斤")[number % 2],
                (first + dt.timedelta(days=number % 700)).isoformat(),
                "" if number % 10 else f"load {number}",
            ]
        )
    return out.getvalue().encode()


def prepare() -> None:
    """Two sites with twelve batches each, in a region of their own."""
    from batches.models import Batch
    from sites.models import Region, Site

    region, _ = Region.objects.get_or_create(
        code="XB", defaults={"level": 0, "country": "XB", "name_zh": "基准", "name_en": "Bench"}
    )
    for number in range(2):
        site, _ = Site.objects.get_or_create(
            code=f"bench-{number}",
            defaults={
                "name_zh": f"基准 {number}",
                "name_en": f"Bench {number}",
                "region": region,
                "scenario": "park",
                "process": "windrow",
                "opened_on": dt.date(2023, 1, 1),
            },
        )
        for batch in range(12):
            Batch.objects.get_or_create(site=site, code=f"B-{batch}", defaults={"started_on": dt.date(2023, 1, 1)})


def empty() -> None:
    """Empty the ledger and the uploads."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE batches_ledgerentry, batches_upload, batches_uploadrow, batches_diaryentry CASCADE")


def upload(data: bytes) -> float:
    """Seconds of one upload through the services."""
    from batches.services.uploads import receive_upload, store_upload
    from sites.permissions import CONSOLE

    started = time.perf_counter()
    received = receive_upload(actor=CONSOLE, data=data, file_name="bench.csv")
    result = store_upload(actor=CONSOLE, upload=received)
    seconds = time.perf_counter() - started
    assert result.counts["stored"] == ROWS, result.counts
    return seconds


def stored_columns() -> tuple[list[str], list[tuple]]:
    """The rows as they stand in the table after our upload, without the reference to the upload itself."""
    from django.db import connection

    names = ["id", "digest", "site_id", "batch_id", "note", "upload_row", "reason", "recorded_at", "kind", "material"]
    names += ["mass_mg", "measured", "entered_value", "entered_unit", "occurred_on", "month_only", "month"]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM batches_ledgerentry")
        return names, cursor.fetchall()


def bare_copy(names: list[str], rows: list[tuple]) -> float:
    """Seconds of COPY alone, from bytes that are ready, with its commit."""
    from django.db import connection, transaction

    lines = "\n".join("\t".join("\\N" if v is None else str(v) for v in row) for row in rows).encode() + b"\n"
    started = time.perf_counter()
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        cursor.copy(f"COPY batches_ledgerentry ({', '.join(names)}) FROM STDIN") as copy,
    ):
        copy.write(lines)
    return time.perf_counter() - started


def import_export(names: list[str], rows: list[tuple], plain_keys: bool) -> float:
    """Seconds of django-import-export. ``plain_keys``: foreign keys as bare numbers, without its look-ups."""
    import tablib
    from import_export import fields, resources, widgets

    from batches.models import LedgerEntry

    class LedgerResource(resources.ModelResource):
        if plain_keys:
            site = fields.Field("site_id", "site", widget=widgets.IntegerWidget())
            batch = fields.Field("batch_id", "batch", widget=widgets.CharWidget())

        class Meta:
            model = LedgerEntry
            fields = tuple(name.removesuffix("_id") for name in names)
            import_id_fields = ("id",)
            use_bulk = True
            batch_size = 5_000
            force_init_instance = True
            skip_diff = True
            skip_html_diff = True
            clean_model_instances = False
            use_transactions = True

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([name.removesuffix("_id") for name in names])
    moment = names.index("recorded_at")  # in the way that its widget reads
    writer.writerows([*row[:moment], row[moment].strftime("%Y-%m-%d %H:%M:%S"), *row[moment + 1 :]] for row in rows)
    text = out.getvalue()
    started = time.perf_counter()
    dataset = tablib.Dataset().load(text, format="csv")
    LedgerResource().import_data(dataset, dry_run=False, raise_errors=True)
    seconds = time.perf_counter() - started
    assert LedgerEntry.objects.count() == len(rows)
    return seconds


def peak_memory() -> float:
    """Peak resident memory (MB) of a process that does nothing but one upload."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_upload"],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(answer.stdout.splitlines()[-1])["megabytes"])


def run() -> list[dict]:
    prepare()
    data = sheet()
    ours, copies = [], []
    for _ in range(ROUNDS):
        empty()
        ours.append(upload(data))
    names, rows = stored_columns()
    for _ in range(ROUNDS):
        empty()
        copies.append(bare_copy(names, rows))
    empty()
    theirs = import_export(names, rows, plain_keys=False)
    empty()
    theirs_plain = import_export(names, rows, plain_keys=True)
    empty()
    memory = peak_memory()
    empty()
    mine, copy = statistics.median(ours), statistics.median(copies)

    def rate(name: str, seconds: float, note: str = "") -> dict:
        return {
            "name": name,
            "value": round(ROWS / seconds),
            "unit": "rows/s",
            "note": f"{seconds:.2f} s {note}".strip(),
        }

    return [
        rate("upload: parse, check and store", mine, f"median of {ROUNDS}"),
        rate("bare COPY into the same table", copy, f"median of {ROUNDS}"),
        rate("django-import-export, fast settings", theirs),
        rate("django-import-export, and no look-up of foreign keys", theirs_plain),
        {"name": "upload against django-import-export", "value": theirs / mine, "unit": "x", "note": "target ≥ 20"},
        {"name": "upload against it without key look-ups", "value": theirs_plain / mine, "unit": "x"},
        {"name": "upload against bare COPY", "value": copy / mine, "unit": "x", "note": "target ≥ 0.2"},
        {"name": "peak memory of the uploading process", "value": memory, "unit": "MB", "note": "target < 400"},
    ]


def _once() -> None:
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "compostnet.settings")
    import django

    django.setup()
    prepare()
    upload(sheet())
    # Not getrusage: its maximum is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text()
    megabytes = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"megabytes": megabytes}))


if __name__ == "__main__":
    _once()
