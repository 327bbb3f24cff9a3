"""Closing a month: findings, roll-up and bulk verification of 10,000 site-months with their entries, in one go."""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from batches.models import Batch, DiaryEntry, LedgerEntry, SiteMonth
from batches.selectors.findings import findings_for
from batches.services.bulk import insert_new, moment_text
from batches.services.site_months import roll_up, verify_site_months
from compostnet.shared.months import first_day
from sites.models import Region, Site
from sites.permissions import CONSOLE

SITES = 10_000
ENTRIES = 10
READINGS = 8
MONTH = 2024 * 12 + 4
EARLIER = 3
"""Months before the one that is closed, so that habits and balances have something to stand on."""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table: name, value, unit, note."""
    sites = int(os.environ.get("BENCH_CLOSING_SITES", SITES))
    with transaction.atomic():
        keys = _make(sites)
        start = time.perf_counter()
        found = findings_for(keys, verifier=CONSOLE)
        findings = time.perf_counter() - start
        levels = Counter(finding.level for listed in found.values() for finding in listed)
        start = time.perf_counter()
        summed = roll_up(months=[MONTH], sites=[site for site, _ in keys])
        rolled = time.perf_counter() - start
        start = time.perf_counter()
        done = verify_site_months(actor=CONSOLE, keys=keys)
        closed = time.perf_counter() - start
        transaction.set_rollback(True)
    told = ", ".join(f"{number:,} of level {level}" for level, number in levels.items()) or "none"
    note = f"{sites:,} sites × {ENTRIES} entries and {READINGS} readings in the month, {EARLIER} months before it"
    verified = f"{len(done.verified):,} verified, {len(done.refused):,} refused; checks and roll-up included"
    return [
        {"name": f"closing a month, {connection.vendor}", "value": closed, "unit": "s", "note": f"{note}; {verified}"},
        {"name": "of it all checks", "value": findings, "unit": "s", "note": f"findings: {told}"},
        {"name": "of it the roll-up", "value": rolled, "unit": "s", "note": f"{summed.entries:,} entries"},
    ]


def _make(number: int) -> list[tuple[int, int]]:
    """Invented sites with a batch a month, its entries and diary; everything is rolled back at the end."""
    region = Region.objects.create(code="BENCH", level=0, country="ZZ", name_zh="bench", name_en="bench")
    Site.objects.bulk_create(
        [
            Site(
                code=f"bench-{n}",
                name_zh="bench",
                name_en="bench",
                region=region,
                scenario="village",
                process="windrow",
                opened_on=first_day(MONTH - EARLIER),
                is_invented=True,
            )
            for n in range(number)
        ],
        batch_size=1000,
    )
    ids = list(Site.objects.filter(region=region).order_by("pk").values_list("pk", flat=True))
    months = range(MONTH - EARLIER, MONTH + 1)
    batches = [
        Batch(site_id=pk, code=str(month), process="", started_on=first_day(month)) for month in months for pk in ids
    ]
    Batch.objects.bulk_create(batches, batch_size=1000)
    SiteMonth.objects.bulk_create(
        [SiteMonth(site_id=pk, month=month, state="submitted") for month in months for pk in ids], batch_size=1000
    )
    now = moment_text(timezone.now())
    owner = {(batch.site_id, int(batch.code)): batch.pk.hex for batch in batches}
    rows = [(pk, month, n) for month in months for pk in ids for n in range(ENTRIES)]
    made = [uuid.uuid4().hex for _ in rows]
    kinds = ["intake"] * (ENTRIES - 2) + ["removal", "harvest"]
    insert_new(
        LedgerEntry,
        {
            "id": made,
            "digest": made,
            "site_id": [pk for pk, _, _ in rows],
            "batch_id": [owner[pk, month] for pk, month, _ in rows],
            "note": [""] * len(rows),
            "reason": [""] * len(rows),
            "supersedes_id": [None] * len(rows),
            "recorded_at": [now] * len(rows),
            "recorded_by_id": [None] * len(rows),
            "kind": [kinds[n] for _, _, n in rows],
            "material": [("food_waste", "leaves")[n % 2] if n < ENTRIES - 2 else "mixture" for _, _, n in rows],
            "mass_mg": [(40 + (pk + n) % 50) * 1_000_000 for pk, _, n in rows],
            "measured": ["scale" if n else "estimate" for _, _, n in rows],
            "entered_value": ["1"] * len(rows),
            "entered_unit": ["kg"] * len(rows),
            "occurred_on": [first_day(month).replace(day=1 + n * 2).isoformat() for _, month, n in rows],
            "month_only": [False] * len(rows),
            "month": [month for _, month, _ in rows],
        },
        (),
    )
    seen = [(pk, n) for pk in ids for n in range(READINGS)]
    made = [uuid.uuid4().hex for _ in seen]
    insert_new(
        DiaryEntry,
        {
            "id": made,
            "digest": made,
            "site_id": [pk for pk, _ in seen],
            "batch_id": [owner[pk, MONTH] for pk, _ in seen],
            "note": [""] * len(seen),
            "reason": [""] * len(seen),
            "supersedes_id": [None] * len(seen),
            "recorded_at": [now] * len(seen),
            "recorded_by_id": [None] * len(seen),
            "kind": ["temperature"] * len(seen),
            "observed_at": [f"{first_day(MONTH).replace(day=1 + n * 3).isoformat()} 08:00:00+00:00" for _, n in seen]
            if connection.vendor == "postgresql"
            else [f"{first_day(MONTH).replace(day=1 + n * 3).isoformat()} 08:00:00" for _, n in seen],
            "value": [55.0 if pk % 100 else 12.0 for pk, _ in seen],
            "entered_value": [""] * len(seen),
            "entered_unit": [""] * len(seen),
            "point": [""] * len(seen),
        },
        (),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return [(pk, MONTH) for pk in ids]
