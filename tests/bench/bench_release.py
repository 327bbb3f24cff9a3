"""A month's figures from the database to the bytes of ``figures.json``: 10,000 sites × 240 months × 4 streams."""

from __future__ import annotations

import resource
import time
from typing import Any

from django.db import connection, transaction

from batches.impact.document.canonical import canonical
from batches.impact.document.figures import make_book, make_document
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
    """Rows of the benchmark table: name, value, unit, note."""
    values = {"sites": SITES, "months": MONTHS, "first": FIRST}
    month = FIRST + MONTHS - 1
    with transaction.atomic():
        with connection.cursor() as cursor:
            for sql in (PLACES, REGIONS, MASSES):
                cursor.execute(sql % values)
        start = time.perf_counter()
        inputs, rules = load_inputs(month), current_rules(month)
        loaded = time.perf_counter()
        book = make_book(inputs, rules)
        computed = time.perf_counter()
        document = make_document(inputs, rules, {"month": "2024-12", "invented": True}, book)
        made = time.perf_counter()
        content = canonical(document)
        done = time.perf_counter()
        transaction.set_rollback(True)
    note = f"{SITES:,} sites × {MONTHS} months × {len(MATERIALS)} streams: {inputs.rows.mass.size:,} sums"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return [
        {"name": "release: database to arrays", "value": loaded - start, "unit": "s", "note": note},
        {
            "name": "release: accounts (decay engine)",
            "value": computed - loaded,
            "unit": "s",
            "note": "central baseline",
        },
        {
            "name": "release: document",
            "value": made - computed,
            "unit": "s",
            "note": "intervals, sensitivity, classes…",
        },
        {"name": "release: canonical JSON", "value": done - made, "unit": "s", "note": f"{len(content) / 1e6:,.0f} MB"},
        {"name": "release: database to bytes", "value": done - start, "unit": "s", "note": f"peak {peak:.1f} GB"},
    ]
