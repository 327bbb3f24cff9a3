"""Mass is conserved: whatever transfers a site makes, the mass in its batches is what came in less what went out."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batches.entries import LedgerInput
from batches.models import Batch, LedgerEntry
from batches.selectors.logbook import masses_of
from batches.services.entries import store_ledger_entries
from sites.permissions import CONSOLE

CODES = ("A", "B", "C")
kilograms = st.decimals(min_value=0, max_value=5000, places=6).map(str)
intakes = st.lists(st.tuples(st.sampled_from(CODES), kilograms), min_size=1, max_size=4)
transfers = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(CODES), kilograms), max_size=8)


@pytest.fixture
def batches(site):
    return [Batch.objects.create(site=site, code=code, started_on=dt.date(2024, 5, 1)) for code in CODES]


def entry(kind, batch, value, **more):
    return LedgerInput(
        id=str(uuid.uuid4()),
        site="lishui-1",
        batch=batch,
        kind=kind,
        value=value,
        unit="kg",
        occurred_on="2024-05-03",
        **{"material": "mixture", **more},
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(come=intakes, move=transfers)
def test_transfers_never_create_or_destroy_mass(batches, come, move):
    LedgerEntry.objects.all().delete()
    rows = [entry("intake", code, value, material="food_waste") for code, value in come]
    moves = [entry("transfer", source, value, to_batch=target) for source, target, value in move]
    receipts = store_ledger_entries(actor=CONSOLE, inputs=[*rows, *moves])
    to_itself = [source == target for source, target, _value in move]
    assert [r.outcome for r in receipts[len(rows) :]] == ["invalid" if same else "stored" for same in to_itself]
    masses = masses_of(batches).values()
    came_in = sum(int(value.replace(".", "")) for _code, value in come)
    assert sum(mass.remaining for mass in masses) == came_in
    assert sum(mass.transfer_in for mass in masses) == sum(mass.transfer_out for mass in masses)
