"""Storing entries: each with its receipt, nothing twice, nothing overwritten."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, connections
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.entries import (
    DIARY_FIELDS,
    LEDGER_FIELDS,
    DiaryInput,
    Known,
    KnownBatch,
    KnownSite,
    LedgerInput,
    check_ledger,
)
from batches.entries_diary import check_diary
from batches.models import Batch, DiaryEntry, LedgerEntry
from batches.services.entries import store_diary_entries, store_ledger_entries
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Site
from sites.permissions import CONSOLE


@pytest.fixture
def batch(site):
    return Batch.objects.create(site=site, code="A-1", started_on=dt.date(2024, 3, 1))


def intake(**changes) -> LedgerInput:
    entry = LedgerInput(
        id=str(uuid.uuid4()),
        site="lishui-1",
        batch="A-1",
        kind="intake",
        material="food_waste",
        value="12.5",
        unit="kg",
        occurred_on="2024-05-03",
    )
    return replace(entry, **changes)


def store(*inputs, actor=CONSOLE, **options):
    return store_ledger_entries(actor=actor, inputs=inputs, **options)


def codes(receipt):
    return {(fault.field, fault.message.code) for fault in receipt.faults}


def test_one_entry_is_stored_as_entered_and_as_milligrams(batch):
    entry = intake(note="morning\tround\\one\nsecond line")
    [receipt] = store(entry)
    assert (receipt.id, receipt.outcome, receipt.faults) == (entry.id, "stored", ())
    stored = LedgerEntry.objects.get(pk=entry.id)
    assert (stored.mass_mg, stored.entered_value, stored.entered_unit) == (12_500_000, "12.5", "kg")
    assert (stored.batch, stored.kind, stored.material, stored.measured) == (batch, "intake", "food_waste", "scale")
    assert (stored.occurred_on, stored.month_only, stored.month) == (dt.date(2024, 5, 3), False, 2024 * 12 + 4)
    assert stored.note == "morning\tround\\one\nsecond line"
    assert abs((dt.datetime.now(dt.UTC) - stored.recorded_at).total_seconds()) < 60


def test_sending_twice_stores_once_and_another_content_is_not_stored_over_it(batch):
    entry = intake()
    store(entry)
    assert [r.outcome for r in store(entry, replace(entry, value="12.50"))] == ["already_stored", "already_stored"]
    [receipt] = store(replace(entry, value="13"))
    assert receipt.outcome == "differs"
    sentence = receipt.faults[0].message.render("en")
    assert "12.5 kg" in sentence and "13 kg" in sentence
    assert LedgerEntry.objects.get().mass_mg == 12_500_000


def test_the_same_id_twice_in_one_sending(batch):
    entry = intake()
    outcomes = [r.outcome for r in store(entry, entry, replace(entry, value="99"))]
    assert outcomes == ["stored", "already_stored", "differs"]
    assert LedgerEntry.objects.count() == 1


def test_valid_entries_are_stored_beside_invalid_ones_and_all_faults_come_at_once(batch):
    bad = intake(id="", batch="A-l", material="fod waste", value="-3", unit="stone", occurred_on="2031-01-01")
    good = intake()
    receipts = store(bad, good)
    assert [r.outcome for r in receipts] == ["invalid", "stored"]
    assert codes(receipts[0]) == {
        ("id", "entry_id_missing"),
        ("batch", "entry_batch_unknown"),
        ("material", "entry_material_unknown"),
        ("value", "entry_negative"),
        ("unit", "entry_unit_unknown"),
        ("occurred_on", "entry_date_in_future"),
    }
    accepted = {f.field: f.accepted.render("en") for f in receipts[0].faults if f.accepted}
    assert "A-1" in accepted["batch"] and "Food waste" in accepted["material"] and "short_ton" in accepted["unit"]
    for fault in receipts[0].faults:
        for language in ("zh-hans", "en"):
            assert fault.message.render(language)


@pytest.mark.parametrize(
    ("value", "unit", "extra", "milligrams", "measured"),
    [
        ("1", "t", {}, 1_000_000_000, "scale"),
        ("2", "斤", {}, 1_000_000, "scale"),
        ("1", "short_ton", {}, 907_184_740, "scale"),
        ("１２．５", "公斤", {}, 12_500_000, "scale"),
        ("1,234.5", "kg", {}, 1_234_500_000, "scale"),
        ("1,5", "kg", {}, 1_500_000, "scale"),
        ("0.0", "kg", {}, 0, "scale"),
        ("10", "升", {"unit_mass_kg": "0.6"}, 6_000_000, "volume"),
        ("2", "m3", {"unit_mass_kg": "0.6"}, 1_200_000_000, "volume"),
        ("3", "桶", {"unit_mass_kg": "55"}, 165_000_000, "container"),
        ("10", "L", {"material": "food_waste"}, 5_500_000, "volume"),
        ("5", "kg", {"measured": "目测"}, 5_000_000, "estimate"),
    ],
)
def test_units(batch, value, unit, extra, milligrams, measured):
    [receipt] = store(intake(value=value, unit=unit, **extra))
    assert receipt.outcome == "stored", receipt.faults
    entry = LedgerEntry.objects.get()
    assert (entry.mass_mg, entry.measured, entry.entered_value) == (milligrams, measured, value)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"value": ""}, "value", "entry_value_missing"),
        ({"value": "1.234,5,6"}, "value", "entry_not_a_number"),
        ({"value": "12 kg"}, "value", "entry_number_with_unit"),
        ({"value": "=A1+B1"}, "value", "entry_formula"),
        ({"value": "1000000001"}, "value", "entry_mass_absurd"),
        ({"value": "1e300", "unit": "t"}, "value", "entry_mass_absurd"),
        ({"unit": ""}, "unit", "entry_unit_missing"),
        ({"unit": "桶"}, "unit_mass_kg", "entry_container_mass_missing"),
        ({"unit_mass_kg": "5"}, "unit_mass_kg", "entry_unit_mass_needless"),
        ({"unit": "L", "unit_mass_kg": "0"}, "unit_mass_kg", "entry_unit_mass_absurd"),
        ({"unit": "L", "measured": "称重"}, "measured", "entry_measured_not_in_unit"),
        ({"occurred_on": "03/05/2024"}, "occurred_on", "entry_date_unknown"),
        ({"occurred_on": "2024-02-30"}, "occurred_on", "entry_date_unknown"),
        ({"occurred_on": "2023-12-31"}, "occurred_on", "entry_date_before_opening"),
        ({"site": "lishui-l"}, "site", "entry_site_unknown"),
        ({"kind": "eaten"}, "kind", "entry_kind_unknown"),
        ({"kind": "transfer"}, "to_batch", "entry_batch_missing"),
        ({"kind": "transfer", "to_batch": "A-1"}, "to_batch", "entry_to_batch_same"),
        ({"to_batch": "A-1"}, "to_batch", "entry_to_batch_needless"),
        ({"note": "a\x00b"}, "note", "entry_control_characters"),
        ({"note": "\ud800"}, "note", "entry_control_characters"),
        ({"reason": "x" * 301}, "reason", "entry_too_long"),
        ({"id": "7"}, "id", "entry_id_not_uuid"),
        ({"supersedes": str(uuid.uuid4())}, "supersedes", "entry_supersedes_unknown"),
    ],
)
def test_refused_in_words(batch, changes, field, code):
    [receipt] = store(intake(**changes))
    assert (receipt.outcome, codes(receipt)) == ("invalid", {(field, code)})
    assert all(fault.message.render("zh-hans") and fault.message.render("en") for fault in receipt.faults)
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("text", "day", "month_only"),
    [
        ("2024/5/3", dt.date(2024, 5, 3), False),
        ("2024年5月3日", dt.date(2024, 5, 3), False),
        ("20240503", dt.date(2024, 5, 3), False),
        ("45415", dt.date(2024, 5, 3), False),
        ("2024-05-03 00:00:00", dt.date(2024, 5, 3), False),
        ("2024-05", dt.date(2024, 5, 1), True),
        ("2024年5月", dt.date(2024, 5, 1), True),
        ("202405", dt.date(2024, 5, 1), True),
        ("2024-01", dt.date(2024, 1, 1), True),
    ],
)
def test_dates(batch, text, day, month_only):
    [receipt] = store(intake(occurred_on=text))
    assert receipt.outcome == "stored", receipt.faults
    entry = LedgerEntry.objects.get()
    assert (entry.occurred_on, entry.month_only) == (day, month_only)


def test_a_harvest_names_no_material_and_a_transfer_moves_to_another_batch(batch):
    Batch.objects.create(site=batch.site, code="A-2", started_on=dt.date(2024, 3, 1))
    receipts = store(
        intake(kind="出料", material=""), intake(kind="转堆", material="", to_batch="A-2"), intake(batch=str(batch.pk))
    )
    assert {r.outcome for r in receipts} == {"stored"}
    assert LedgerEntry.objects.get(kind="harvest").material == "mature_compost"
    assert LedgerEntry.objects.get(kind="transfer").to_batch.code == "A-2"


def test_a_correction_supersedes_and_only_the_latest_can_be_corrected(batch):
    first = intake()
    second = intake(value="11", supersedes=first.id, reason="misread the scale")
    assert [r.outcome for r in store(first, second)] == ["stored", "stored"]
    [receipt] = store(intake(value="10", supersedes=first.id))
    assert codes(receipt) == {("supersedes", "entry_already_superseded")}
    assert second.id in receipt.faults[0].accepted.render("en")
    assert [r.outcome for r in store(second)] == ["already_stored"]
    [third] = store(intake(value="10", supersedes=second.id))
    assert third.outcome == "stored"


def test_two_corrections_of_one_entry_in_one_sending(batch):
    first = intake()
    store(first)
    receipts = store(intake(value="1", supersedes=first.id), intake(value="2", supersedes=first.id))
    assert [r.outcome for r in receipts] == ["stored", "invalid"]


def test_a_correction_stays_within_its_site(batch, nanjing):
    other = Site.objects.create(
        code="other", name_zh="另一", name_en="Other", region=nanjing, scenario="farm", process="windrow",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    Batch.objects.create(site=other, code="A-1", started_on=dt.date(2024, 3, 1))
    first = intake()
    [_, receipt] = store(first, intake(site="other", supersedes=first.id))
    assert codes(receipt) == {("supersedes", "entry_supersedes_unknown")}


def test_sites_are_found_by_name_and_batches_opened_only_when_asked(site):
    entry = intake(site="溧水一号堆肥点", batch="B 7")
    assert [r.outcome for r in store(entry)] == ["invalid"]
    later = intake(site="LISHUI ONE", batch="B 7", occurred_on="2024-06-01")
    assert {r.outcome for r in store(later, entry, create_batches=True)} == {"stored"}
    batch = Batch.objects.get()
    assert (batch.code, batch.started_on, batch.process) == ("B 7", dt.date(2024, 5, 3), "windrow")


def test_who_may_record(batch, nanjing, make_user):
    other = Site.objects.create(
        code="other", name_zh="另一", name_en="Other", region=nanjing, scenario="farm", process="windrow",
        opened_on=dt.date(2024, 1, 1),
    )  # fmt: skip
    Batch.objects.create(site=other, code="A-1", started_on=dt.date(2024, 3, 1))
    operator = make_user("operator", site=batch.site)
    receipts = store(intake(), intake(site="other"), actor=operator)
    assert [r.outcome for r in receipts] == ["stored", "invalid"]
    assert codes(receipts[1]) == {("site", "entry_site_not_yours")}
    assert LedgerEntry.objects.get().recorded_by == operator
    with pytest.raises(Problem) as refused:
        store(intake(), actor=make_user("verifier"))
    assert refused.value.code == "not_allowed"
    with pytest.raises(Problem) as refused:
        store(intake(), actor=AnonymousUser())
    assert refused.value.code == "sign_in_needed"


def test_one_audit_record_a_call_and_none_for_a_repeat(batch):
    entries = [intake() for _ in range(3)]
    store(*entries)
    record = AuditRecord.objects.get()
    assert (record.action, record.site, record.detail["stored"]) == ("store_ledgerentry", batch.site, 3)
    store(*entries)
    assert AuditRecord.objects.count() == 1


def reading(**changes) -> DiaryInput:
    entry = DiaryInput(
        id=str(uuid.uuid4()),
        site="lishui-1",
        batch="A-1",
        kind="temperature",
        observed_at="2024-05-03 14:30",
        value="61.5",
        unit="°C",
        point="north",
        depth_cm="40",
    )
    return replace(entry, **changes)


def test_diary_entries(batch):
    entries = [
        reading(),
        reading(value="140", unit="°F"),
        reading(kind="翻堆", value="", unit=""),
        reading(kind="moisture", value="55", unit=""),
        reading(observed_at="2024-05-03T14:30:00+00:00"),
        reading(observed_at="2024-05-03"),
    ]
    receipts = store_diary_entries(actor=CONSOLE, inputs=entries)
    assert {r.outcome for r in receipts} == {"stored"}, receipts
    first, fahrenheit, turning, moisture, zoned, day = (DiaryEntry.objects.get(pk=entry.id) for entry in entries)
    assert first.observed_at == dt.datetime(2024, 5, 3, 6, 30, tzinfo=dt.UTC)
    assert (first.value, first.point, first.depth_cm) == (61.5, "north", 40)
    assert fahrenheit.value == pytest.approx(60) and fahrenheit.entered_value == "140"
    assert (turning.kind, turning.value) == ("turning", None)
    assert moisture.value == 55
    assert zoned.observed_at == dt.datetime(2024, 5, 3, 14, 30, tzinfo=dt.UTC)
    assert day.observed_at == dt.datetime(2024, 5, 3, 4, 0, tzinfo=dt.UTC)
    assert {r.outcome for r in store_diary_entries(actor=CONSOLE, inputs=entries)} == {"already_stored"}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"value": ""}, "value", "entry_value_missing"),
        ({"value": "150"}, "value", "entry_value_impossible"),
        ({"value": "5", "kind": "turning"}, "value", "entry_value_needless"),
        ({"unit": "K"}, "unit", "entry_unit_unknown"),
        ({"depth_cm": "1.5"}, "depth_cm", "entry_depth"),
        ({"observed_at": "2024-05"}, "observed_at", "entry_date_unknown"),
        ({"observed_at": "2024-05-03 25:00"}, "observed_at", "entry_date_unknown"),
        ({"kind": "note", "value": "", "note": " "}, "note", "entry_note_missing"),
        ({"kind": "photo", "value": "", "photo": str(uuid.uuid4())}, "photo", "entry_photo_unknown"),
    ],
)
def test_diary_refused_in_words(batch, changes, field, code):
    [receipt] = store_diary_entries(actor=CONSOLE, inputs=[reading(**changes)])
    assert (receipt.outcome, codes(receipt)) == ("invalid", {(field, code)})
    assert all(fault.message.render("zh-hans") for fault in receipt.faults)


@pytest.mark.django_db(transaction=True)
def test_five_parallel_sendings_store_one(transactional_db, site):
    Batch.objects.create(site=site, code="A-1", started_on=dt.date(2024, 3, 1))
    entries = [intake() for _ in range(50)]
    outcomes: list[list[str]] = []
    start = threading.Barrier(5)

    def send():
        try:
            start.wait()
            outcomes.append([r.outcome for r in store(*entries, create_batches=True)])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert LedgerEntry.objects.count() == 50
    stored = [outcome for sending in outcomes for outcome in sending if outcome == "stored"]
    assert len(outcomes) == 5 and len(stored) == 50
    if connection.vendor == "postgresql":
        assert {o for sending in outcomes for o in sending} == {"stored", "already_stored"}


SITE = KnownSite(1, "lishui-1", dt.date(2024, 1, 1))
KNOWN = Known({"lishui-1": SITE}, {(1, "A-1"): KnownBatch("0" * 32, "A-1", 1)}, new_batches=True)
WORDS = [
    "",
    "A-1",
    "lishui-1",
    "intake",
    "转堆",
    "food_waste",
    "12.5",
    "1e999",
    "kg",
    "L",
    "桶",
    "2024-05",
    "45415",
    "=A1",
]
TEXTS = st.one_of(st.sampled_from(["", *WORDS]), st.text(max_size=12))


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(LEDGER_FIELDS, TEXTS)))
def test_any_texts_are_an_entry_or_faults_in_words(texts):
    columns = {name: [text] for name, text in texts.items()}
    checked = check_ledger(columns, KNOWN, today=dt.date(2026, 1, 1), id_needed=True, blank_is_fault=True)
    assert len(checked.rows) + len(checked.faults) == 1
    for row in checked.rows:
        assert (
            0 <= row.mass_mg <= 10**15
            and row.kind
            and row.material
            and row.month == row.occurred_on.year * 12 + (row.occurred_on.month - 1)
        )
    for fault in checked.faults.get(0, ()):
        assert fault.field in LEDGER_FIELDS
        assert all(fault.as_json(language)["detail"] for language in ("zh-hans", "en"))


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(DIARY_FIELDS, TEXTS)))
def test_any_texts_are_a_diary_entry_or_faults_in_words(texts):
    checked = check_diary({name: [text] for name, text in texts.items()}, KNOWN, today=dt.date(2026, 1, 1))
    assert len(checked.rows) + len(checked.faults) == 1
    assert all(fault.as_json("zh-hans")["detail"] for fault in checked.faults.get(0, ()))


@settings(max_examples=200, deadline=None)
@given(
    st.decimals(min_value=0, max_value=999_999, places=6), st.sampled_from(["g", "kg", "t", "斤", "lb", "short_ton"])
)
def test_a_mass_is_kept_exactly_to_the_milligram(value, unit):
    columns = {
        "site": ["lishui-1"], "batch": ["A-1"], "kind": ["intake"], "material": ["leaves"], "value": [f"{value:f}"],
        "unit": [unit], "occurred_on": ["2024-05-03"],
    }  # fmt: skip
    [row] = check_ledger(columns, KNOWN, today=dt.date(2026, 1, 1)).rows
    factors = {"g": "0.001", "kg": "1", "t": "1000", "斤": "0.5", "lb": "0.45359237", "short_ton": "907.18474"}
    assert abs(Decimal(row.mass_mg) - value * Decimal(factors[unit]) * 1_000_000) <= Decimal("0.5")
