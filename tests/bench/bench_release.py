"""A month's figures from the database to the bytes of ``figures.json``: 10,000 sites × 240 months × 4 streams."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from django.db import connection, transaction

from batches.impact.document.canonical import canonical
from batches.impact.document.figures import make_book, make_document
from batches.impact.document.levels import Book, Level
from batches.selectors.figures import current_rules, load_inputs
from tests.bench.bench_rollup import PLACES

SITES, MONTHS = 10_000, 240
FIRST = 2005 * 12
MATERIALS = ("food_waste", "leaves", "cardboard", "branches")
REGIONS = """
    INSERT INTO sites_region (code, parent_id, level, country, name_zh, name_en, official_code, source)
    SELECT 'CN', NULL, 0, 'CN', '中国', 'China', '', '' WHERE NOT EXISTS (SELECT 1 FROM sites_region WHERE code = 'CN');
    INSERT INTO sites_region (code, parent_id, level, country, name_zh, name_en, official_code, source)
    SELECT code, 'CN', 1, 'CN', code, code, '', '' FROM unnest(ARRAY['CN-360000', 'CN-230000', 'CN-130000']) code
    ON CONFLICT DO NOTHING;
    UPDATE sites_site SET region_id = (ARRAY['CN-360000', 'CN-230000', 'CN-130000'])[1 + id %% 3],
        climate_zone = 'temperate_wet', opened_on = DATE '2005-01-01' WHERE id > 900000000;
"""
MASSES = """
    INSERT INTO batches_sitemonth (site_id, month, state, note, verified_at)
    SELECT 900000000 + s, %(first)s + m, 'verified', '', now()
    FROM generate_series(1, %(sites)s) s, generate_series(0, %(months)s - 1) m;
    INSERT INTO batches_sitemonthmass (site_id, month, kind, material, measured, mass_mg, entries)
    SELECT 900000000 + s, %(first)s + m, 'intake', material, 'scale', 1000000 + (s * 7919 + m * 104729) %% 900000000, 9
    FROM generate_series(1, %(sites)s) s, generate_series(0, %(months)s - 1) m,
        unnest(ARRAY['food_waste', 'leaves', 'cardboard', 'branches']) material;
    ANALYZE batches_sitemonthmass; ANALYZE batches_sitemonth;
"""


def run() -> list[dict[str, Any]]:
    """Rows of the table: name, value, unit, note. Seconds are the clock's; CPU in the notes is this process's own."""
    values = {"sites": SITES, "months": MONTHS, "first": FIRST}
    month = FIRST + MONTHS - 1
    taken: dict[str, tuple[float, float]] = {}

    def step(name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        taken[name] = (time.perf_counter() - wall, time.process_time() - cpu)
        return result

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # millions of foreign keys, right by making
            for sql in (PLACES, REGIONS, MASSES):
                cursor.execute(sql % values)
        inputs, rules = step("database to arrays", lambda: (load_inputs(month), current_rules(month)))
        book = step("accounts (decay engine)", lambda: make_book(inputs, rules))
        step("sums of sites and network", lambda: _sums(book))
        document = step("document", lambda: make_document(inputs, rules, {"month": "2024-12", "invented": True}, book))
        content = step("canonical JSON", lambda: canonical(document))
        transaction.set_rollback(True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    what = f"{SITES:,} sites × {MONTHS} months × {len(MATERIALS)} streams: {inputs.rows.mass.size:,} sums"
    engine = tuple(taken)[:3]
    more = {
        "database to arrays": what,
        "accounts (decay engine)": "central baseline",
        "sums of sites and network": "every site and the network, by month and since the start",
        "document": "intervals of 10,000 sites, scenarios, sensitivity, classes, benefits",
        "canonical JSON": f"{len(content) / 1e6:,.0f} MB",
    }
    rows = [_row(name, [name], taken, note) for name, note in more.items()]
    rows.insert(3, _row("database to figures of sites and network", engine, taken, "the three above"))
    whole = [name for name in taken if name != "sums of sites and network"]
    return [*rows, _row("database to the bytes of figures.json", whole, taken, f"peak {peak:.1f} GB")]


def _sums(book: Book) -> list[Any]:
    sites = Level(book, "sites", np.arange(SITES, dtype=np.intp), SITES)
    network = Level(book, "network", np.zeros(SITES, dtype=np.intp), 1)
    return [level.sums(book.site_sums("columns", book.spans["total"]) or {}) for level in (sites, network)] + [
        {name: values.sum(axis=1) for name, values in book.columns.items()}
    ]


def _row(name: str, parts: Iterable[str], taken: dict[str, tuple[float, float]], note: str) -> dict[str, Any]:
    wall, cpu = (sum(taken[part][at] for part in parts) for at in (0, 1))
    return {"name": f"release: {name}", "value": wall, "unit": "s", "note": f"CPU {cpu:.1f} s; {note}"}
