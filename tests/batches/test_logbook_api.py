"""The logbook in the API: receipts item by item, paging, who reads what."""

from __future__ import annotations

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test import Client

from batches.models import Batch, DiaryEntry, LedgerEntry
from sites.people import create_token
from tests.batches.test_logbook import batch, operator, picture, record, stranger  # noqa: F401

API = "/api/v1"


@pytest.fixture
def api(operator):  # noqa: F811
    _token, secret = create_token(actor=operator, name="phone", scopes=["read", "record"])
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


def entry(batch, **more):  # noqa: F811
    return {
        "id": str(uuid.uuid4()),
        "site": batch.site.code,
        "batch": batch.code,
        "kind": "intake",
        "material": "food_waste",
        "value": "12.5",
        "unit": "kg",
        "occurred_on": "2024-05-03",
        **more,
    }


def post(client, path, body):
    return client.post(f"{API}/{path}", body, content_type="application/json")


def test_every_item_has_its_own_receipt(api, batch):  # noqa: F811
    first = entry(batch)
    assert post(api, "ledger-entries", {"entries": [first]}).json()["receipts"][0]["outcome"] == "stored"
    rows = [first, {**first, "value": "13"}, entry(batch, material="moon dust", value="x"), entry(batch, value=0.1)]
    answer = post(api, "ledger-entries", {"entries": rows})
    receipts = answer.json()["receipts"]
    assert answer.status_code == 200
    assert [receipt["outcome"] for receipt in receipts] == ["already_stored", "differs", "invalid", "stored"]
    assert {fault["field"] for fault in receipts[2]["faults"]} == {"material", "value"}
    assert LedgerEntry.objects.get(pk=rows[3]["id"]).mass_mg == 100_000
    assert LedgerEntry.objects.get(pk=first["id"]).entered_value == "12.5"


def test_faults_speak_the_readers_language(api, batch):  # noqa: F811
    body = {"entries": [entry(batch, value="x")]}
    path = f"{API}/ledger-entries"
    answer = api.post(path, body, content_type="application/json", headers={"accept-language": "zh-CN"})
    assert "不是数字" in answer.json()["receipts"][0]["faults"][0]["detail"]


@pytest.mark.parametrize("body", [{}, {"entries": []}, {"entries": [{}] * 1001}, {"entries": [{"id": 7}]}, []])
def test_a_list_that_is_none_is_refused(api, body):
    answer = post(api, "ledger-entries", body)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"


def test_ledger_pages_do_not_repeat_or_skip(api, operator, batch):  # noqa: F811
    rows = [entry(batch, value=str(number)) for number in range(25)]
    post(api, "ledger-entries", {"entries": rows})
    seen, cursor = [], ""
    while True:
        page = api.get(f"{API}/ledger-entries?limit=10{'&cursor=' + cursor if cursor else ''}").json()
        seen += [item["id"] for item in page["items"]]
        if not page["next"]:
            break
        cursor = page["next"]
    assert sorted(seen) == sorted(row["id"] for row in rows)
    assert len(api.get(f"{API}/ledger-entries?month=2024-05&kind=intake").json()["items"]) == 25
    assert api.get(f"{API}/ledger-entries?month=2024-06").json()["items"] == []
    assert api.get(f"{API}/ledger-entries?month=2024-13").status_code == 422


def test_superseded_entries_are_listed_unless_current_is_asked(api, operator, batch):  # noqa: F811
    wrong = record(operator, batch, "intake", "100")
    fixed = entry(batch, value="10", supersedes=str(wrong.pk), reason="slip")
    post(api, "ledger-entries", {"entries": [fixed]})
    assert len(api.get(f"{API}/ledger-entries").json()["items"]) == 2
    [item] = api.get(f"{API}/ledger-entries?current=true").json()["items"]
    assert (item["id"], item["mass_kg"], item["supersedes"]) == (fixed["id"], "10", str(wrong.pk))


def test_others_neither_read_nor_write(stranger, operator, batch):  # noqa: F811
    record(operator, batch, "intake", "100")
    _token, secret = create_token(actor=stranger, name="x", scopes=["read", "record"])
    client = Client(headers={"authorization": f"Bearer {secret}"})
    assert client.get(f"{API}/ledger-entries").json()["items"] == []
    assert client.get(f"{API}/batches").json()["items"] == []
    assert client.get(f"{API}/batches/{batch.pk}").status_code == 403
    answer = post(client, "ledger-entries", {"entries": [entry(batch)]})
    assert answer.status_code == 403
    assert (
        post(
            client,
            "batches",
            {"id": str(uuid.uuid4()), "site": batch.site.code, "code": "Z", "started_on": "2024-06-01"},
        ).status_code
        == 403
    )
    assert LedgerEntry.objects.count() == 1
    assert Client().get(f"{API}/batches").status_code == 401


def test_a_token_without_the_scope_may_not(operator, batch):  # noqa: F811
    _token, secret = create_token(actor=operator, name="reader", scopes=["read"])
    client = Client(headers={"authorization": f"Bearer {secret}"})
    assert client.get(f"{API}/batches/{batch.pk}").status_code == 200
    assert post(client, "ledger-entries", {"entries": [entry(batch)]}).status_code == 403


def test_batches_open_once_and_change_state(api, site):
    body = {"id": str(uuid.uuid4()), "site": site.code, "code": "2024-07", "started_on": "2024-07-01"}
    first, again = post(api, "batches", body), post(api, "batches", body)
    assert (first.status_code, again.status_code, Batch.objects.count()) == (201, 201, 1)
    assert first.json() == again.json()
    assert first.json()["process"] == site.process
    assert post(api, "batches", {**body, "code": "other"}).status_code == 409
    path = f"{API}/batches/{body['id']}"
    answer = api.patch(path, {"state": "composting"}, content_type="application/json")
    assert (answer.json()["state"], "curing" in answer.json()["next_states"]) == ("composting", True)
    assert api.patch(path, {"state": "finished"}, content_type="application/json").status_code == 409


def test_mass_balance_of_a_batch(api, operator, batch):  # noqa: F811
    record(operator, batch, "intake", "100.000001")
    record(operator, batch, "removal", "2")
    record(operator, batch, "harvest", "130")
    masses = api.get(f"{API}/batches/{batch.pk}").json()["masses"]
    assert masses["intake_kg"] == "100.000001"
    assert (masses["remaining_kg"], masses["excess_kg"]) == ("-31.999999", "31.999999")


def test_photo_then_diary_entry(api, batch, settings, tmp_path):  # noqa: F811
    settings.MEDIA_ROOT = tmp_path
    from django.core.files.uploadedfile import SimpleUploadedFile

    key, content = str(uuid.uuid4()), picture()
    note = {
        "id": str(uuid.uuid4()),
        "site": batch.site.code,
        "batch": batch.code,
        "kind": "photo",
        "observed_at": "2024-05-04 08:00",
        "photo": key,
    }
    early = post(api, "diary-entries", {"entries": [note]}).json()["receipts"][0]
    assert (early["outcome"], early["faults"][0]["field"]) == ("invalid", "photo")
    form = {"id": key, "site": batch.site.code, "sha256": hashlib.sha256(content).hexdigest()}
    for outcome in ("stored", "already_stored"):
        answer = api.post(f"{API}/photos", {**form, "file": SimpleUploadedFile("a.jpg", content)})
        assert answer.json()["outcome"] == outcome
    assert post(api, "diary-entries", {"entries": [note]}).json()["receipts"][0]["outcome"] == "stored"
    assert str(DiaryEntry.objects.get().photo_id) == key


def test_materials_are_public_and_cite_their_sources():
    answer = Client().get(f"{API}/materials").json()
    leaves = next(item for item in answer if item["code"] == "leaves")
    assert (leaves["waste_class"], leaves["name"]["zh"]) == ("garden", "落叶")
    assert "NRAES-54" in leaves["moisture_percent"]["source"]


@pytest.mark.django_db(transaction=True)
def test_five_parallel_sends_of_one_record_store_one(operator, batch):  # noqa: F811
    _token, secret = create_token(actor=operator, name="phone", scopes=["record"])
    body = {"entries": [entry(batch)]}

    def send(_number):
        try:
            client = Client(headers={"authorization": f"Bearer {secret}"})
            return post(client, "ledger-entries", body).json()["receipts"][0]["outcome"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(send, range(5)))
    connection.close()
    assert LedgerEntry.objects.count() == 1
    assert outcomes.count("stored") == 1
    assert set(outcomes) <= {"stored", "already_stored", "retry"}
