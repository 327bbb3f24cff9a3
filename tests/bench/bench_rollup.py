"""How long a roll-up of a million ledger entries into site-months takes."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction

from batches.models import SiteMonthMass
from batches.services.site_months import roll_up

ENTRIES = 1_000_000
SITES = 1_000
MONTHS = 24
FIRST_MONTH = 2024 * 12
ROUNDS = 3

# Ids far above any real ones; everything is rolled back at the end.
PLACES = """
    INSERT INTO sites_region (code, level, country, name_zh, name_en, official_code, source)
    VALUES ('BENCH', 0, 'ZZ', 'bench', 'bench', '', '');
    INSERT INTO sites_site (id, code, name_zh, name_en, region_id, scenario, process, public_location, address,
        time_zone, opened_on, climate_zone, climate_source, climate_reason, community_mode, run_by, public_detail,
        is_invented, created_at)
    SELECT 900000000 + n, 'bench-' || n, 'bench', 'bench', 'BENCH', 'village', 'windrow', 'coarse', '',
        'Asia/Shanghai', DATE '2024-01-01', '', '', '', '', '', 'entries', true, now()
    FROM generate_series(1, %(sites)s) n;
    INSERT INTO batches_batch (id, site_id, code, process, state, started_on, note, created_at)
    SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 900000000 + n, 'bench', '', 'open',
        DATE '2024-01-01', '', now()
    FROM generate_series(1, %(sites)s) n;
"""
LEDGER = """
    INSERT INTO batches_ledgerentry (id, digest, site_id, batch_id, kind, material, mass_mg, measured, entered_value,
        entered_unit, occurred_on, month_only, month, note, reason, recorded_at)
    SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
        ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
        900000001 + n %% %(sites)s,
        ('00000000-0000-4000-8000-' || lpad((1 + n %% %(sites)s)::text, 12, '0'))::uuid,
        (ARRAY['intake', 'intake', 'intake', 'removal', 'harvest'])[1 + n %% 5],
        (ARRAY['food_waste', 'leaves', 'sawdust'])[1 + (n / 7) %% 3], 1000000 + n, 'scale', '1', 'kg',
        DATE '2024-01-01' + make_interval(months => (n / %(sites)s) %% %(months)s), false,
        %(first)s + (n / %(sites)s) %% %(months)s, '', '', now()
    FROM generate_series(1, %(entries)s) n;
    UPDATE batches_ledgerentry SET supersedes_id = ('10000000-0000-4000-8000-' ||
        lpad((right(id::text, 12)::bigint - %(sites)s)::text, 12, '0'))::uuid
    WHERE site_id > 900000000 AND right(id::text, 12)::bigint %% 100 = 0
        AND right(id::text, 12)::bigint > %(sites)s * 2;
    ANALYZE batches_ledgerentry;
"""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table: name, value, unit, note."""
    values = {"sites": SITES, "months": MONTHS, "first": FIRST_MONTH, "entries": ENTRIES}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PLACES % values)
            cursor.execute(LEDGER % values)
        seconds = [roll_up().seconds for _ in range(ROUNDS)]
        one_month = roll_up(months=[FIRST_MONTH + 1]).seconds
        rows = SiteMonthMass.objects.count()
        transaction.set_rollback(True)
    note = f"{SITES:,} sites × {MONTHS} months → {rows:,} rows; one statement, best of {ROUNDS}"
    return [
        {"name": "roll-up of 1,000,000 ledger entries", "value": min(seconds), "unit": "s", "note": note},
        {"name": "roll-up of one month of them", "value": one_month, "unit": "s", "note": "as after one upload"},
    ]
