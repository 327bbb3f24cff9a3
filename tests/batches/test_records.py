"""Monthly records: read exactly, stored once, corrected with a reason, in force as of a time; a late one reopens."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
import yaml
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from batches.models import MonthlyRecord, Remark, SiteMonth
from batches.resources import FILE, read_record, read_resources, resources, unit_names
from batches.selectors.records import current_records, over_months
from batches.services.records import RecordInput, correct_monthly_record, store_monthly_records
from batches.services.site_months import verify_site_month
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")


def faults(kind, value, unit=""):
    return [fault.message.code for fault in read_record(kind, value, unit)[1]]


@pytest.mark.parametrize(
    ("kind", "value", "unit", "expected"),
    [
        ("electricity_kwh", "120 度", "", "120"),
        ("用电", "1.2", "MWh", "1200"),
        ("electricity", "３６", "MJ", "10"),
        ("diesel", "0.1", "m3", "100"),
        ("柴油", "2", "kg", "2.417"),
        ("库存", "21", "斤", "10.5"),
        ("money_in", "1.25 万元", "", "12500"),
        ("volunteer_hours", "3", "工日", "24"),
        ("households_taking_part", "1,204", "户", "1204"),
    ],
)
def test_values_are_read_as_people_write_them(kind, value, unit, expected):
    read, wrong = read_record(kind, value, unit)
    assert not wrong
    assert read.value == Decimal(expected)


@pytest.mark.parametrize(
    ("kind", "value", "unit", "codes"),
    [
        ("moon phase", "1", "", ["record_kind_unknown"]),
        ("electricity_kwh", "", "", ["entry_value_missing"]),
        ("electricity_kwh", "-3", "", ["entry_negative"]),
        ("electricity_kwh", "=A1", "", ["entry_formula"]),
        ("electricity_kwh", "3", "kg", ["record_unit_unknown"]),
        ("electricity_kwh", "99999999", "", ["record_absurd"]),
        ("electricity_kwh", "1e300", "kWh", ["record_absurd"]),
        ("volunteers", "2.5", "", ["record_not_whole"]),
        ("?", "x", "", ["record_kind_unknown", "entry_not_a_number"]),
    ],
)
def test_what_cannot_be_is_refused_and_everything_at_once(kind, value, unit, codes):
    assert faults(kind, value, unit) == codes


@given(st.sampled_from(sorted(resources().kinds)), st.text(max_size=30), st.text(max_size=12))
def test_any_text_is_a_value_or_a_fault_never_both(kind, value, unit):
    read, wrong = read_record(kind, value, unit)
    assert (read is None) == bool(wrong)
    if read is not None:
        assert 0 <= read.value <= resources().kinds[kind].maximum.value


@given(st.decimals(0, 1000, places=3))
def test_a_value_reads_the_same_in_every_unit_that_says_the_same(number):
    for kind in ("compost_sold_kg", "compost_stored_kg"):
        in_kg = read_record(kind, str(number), "kg")[0].value
        assert read_record(kind, str(number * 2), "斤")[0].value == in_kg


def test_every_kind_offers_its_own_unit_first_and_reads_all_it_offers():
    for code, kind in resources().kinds.items():
        assert unit_names(code)[0] == kind.unit
        assert all(not read_record(code, "0", unit)[1] for unit in unit_names(code))


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("unit", "ampere", "kinds.electricity_kwh.unit"),
        ("maximum", {"value": "1", "source": "hearsay"}, "kinds.electricity_kwh.maximum.source"),
        ("units", {"kWh": {}, "MWh": {"factor": "1000"}}, "kinds.electricity_kwh.units.MWh.source"),
        ("aliases", ["柴油"], "kinds.electricity_kwh"),
        ("colour", "red", "kinds.electricity_kwh.colour"),
    ],
)
def test_a_broken_file_is_refused_with_its_key(tmp_path, key, value, where):
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    raw["kinds"]["electricity_kwh"][key] = value
    path = tmp_path / "resources.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(RuleFileError) as error:
        read_resources(path)
    assert error.value.key == where


def one(site, kind="electricity_kwh", value="100", month="2024-05", **more):
    return RecordInput(
        id=more.pop("id", str(uuid.uuid4())), site=site.code, month=month, kind=kind, value=value, **more
    )


def store(*inputs, actor=CONSOLE):
    return store_monthly_records(actor=actor, inputs=inputs)


@pytest.mark.django_db
class TestStoring:
    def test_twice_is_once_and_other_content_differs(self, site):
        first = one(site)
        assert [r.outcome for r in store(first, first)] == ["stored", "already_stored"]
        assert [r.outcome for r in store(first)] == ["already_stored"]
        other = one(site, value="101", id=first.id)
        [receipt] = store(other)
        assert receipt.outcome == "differs"
        assert "100" in receipt.faults[0].message.render("en") and "101" in receipt.faults[0].message.render("en")
        assert MonthlyRecord.objects.get().value == 100

    def test_valid_ones_are_stored_beside_invalid_ones(self, site):
        receipts = store(one(site), one(site, value="x"), one(site, month="2990-01"), one(site, month="1991-01"))
        assert [r.outcome for r in receipts] == ["stored", "invalid", "invalid", "invalid"]
        codes = [r.faults[0].message.code for r in receipts[1:]]
        assert codes == ["entry_not_a_number", "entry_date_in_future", "entry_date_before_opening"]

    def test_a_correction_needs_a_reason_and_stands_instead(self, site):
        store(first := one(site))
        record = MonthlyRecord.objects.get(pk=first.id)
        refused = correct_monthly_record(actor=CONSOLE, record=record, value="120", reason=" ")
        assert [f.message.code for f in refused.faults] == ["record_reason_missing"]
        before = timezone.now()
        assert correct_monthly_record(actor=CONSOLE, record=record, value="120", reason="misread").outcome == "stored"
        again = correct_monthly_record(actor=CONSOLE, record=record, value="130", reason="misread")
        assert [f.message.code for f in again.faults] == ["entry_already_superseded"]
        key = (site.pk, MAY, "electricity_kwh")
        assert current_records([MAY]) == {key: Decimal(120)}
        assert current_records([MAY], as_of=before) == {key: Decimal(100)}
        assert current_records([MAY], as_of=record.recorded_at - timezone.timedelta(seconds=1)) == {}

    def test_only_who_records_at_the_site_may(self, site, make_user):
        for role in ("verifier", "publisher"):
            with pytest.raises(Problem) as error:
                store(one(site), actor=make_user(role))
            assert error.value.code == "not_allowed"
        assert store(one(site), actor=make_user("operator", site=site))[0].outcome == "stored"

    def test_a_record_of_another_site_cannot_be_corrected_here(self, site, make_user):
        from sites.models import Site

        other = Site.objects.create(
            code="other", name_zh="二", name_en="Other", region=site.region, scenario="school", process="bin",
            opened_on="2024-01-01",
        )  # fmt: skip
        store(theirs := one(other))
        [receipt] = store(one(site, supersedes=theirs.id, reason="mine now"))
        assert [f.message.code for f in receipt.faults] == ["entry_supersedes_unknown"]

    def test_a_late_record_reopens_a_verified_month_visibly(self, site):
        make_entry(site, "2024-05", 10)
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
        store(first := one(site))
        assert SiteMonth.objects.get(site=site, month=MAY).state == "open"
        assert [r.kind for r in Remark.objects.filter(site=site, month=MAY)] == ["reopened"]
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
        store(first)  # a repeat changes nothing
        assert SiteMonth.objects.get(site=site, month=MAY).state == "verified"

    def test_who_recorded_energy_does_not_verify_the_month(self, site, make_user):
        make_entry(site, "2024-05", 10)
        person = make_user("administrator")
        store(one(site), actor=person)
        with pytest.raises(Problem) as error:
            verify_site_month(actor=person, site=site, month=MAY)
        assert [fault.message.code for fault in error.value.errors] == ["verifier_recorded_entries"]
        assert verify_site_month(actor=make_user("verifier"), site=site, month=MAY).state == "verified"

    def test_bills_are_summed_and_heads_are_not(self, site):
        store(one(site), one(site, value="50"), one(site, "volunteers", "12"))
        store(one(site, "volunteers", "9"))
        store(one(site, month="2024-06", value="7"), one(site, "volunteers", "11", month="2024-04"))
        found = current_records()
        assert found[site.pk, MAY, "electricity_kwh"] == 150
        assert found[site.pk, MAY, "volunteers"] == 9
        year = over_months(found, range(MAY - 4, MAY + 8))
        assert year == {(site.pk, "electricity_kwh"): Decimal(157), (site.pk, "volunteers"): Decimal(9)}


@pytest.mark.django_db
class TestPageAndApi:
    @pytest.fixture
    def page(self, client, make_user, site):
        client.force_login(make_user("operator", site=site))
        return client

    def fields(self, html):
        import re

        return dict(re.findall(r'name="((?:id|corrects)_\w+)" value="([^"]*)"', html))

    def test_a_phone_writes_a_month_and_corrects_it_with_a_reason(self, page, site):
        address = f"/sites/{site.code}/months/2024-05/"
        english = {"accept-language": "en"}
        hidden = self.fields(page.get(address, headers=english).content.decode())
        data = {**hidden, "value_electricity_kwh": "120", "unit_electricity_kwh": "kWh", "value_volunteers": "8"}
        assert page.post(address, data).status_code == 302
        assert page.post(address, data).status_code == 302  # pressed twice
        assert MonthlyRecord.objects.count() == 2
        hidden = self.fields(page.get(address, headers=english).content.decode())
        data = {
            **hidden,
            "value_electricity_kwh": "130",
            "unit_electricity_kwh": "kWh",
            "value_volunteers": "8",
            "unit_volunteers": "people",
        }
        answer = page.post(address, data, headers=english)
        assert answer.status_code == 422
        assert "A correction needs a reason" in answer.content.decode()
        assert page.post(address, {**data, "reason": "meter misread"}).status_code == 302
        assert current_records()[site.pk, MAY, "electricity_kwh"] == 130
        assert MonthlyRecord.objects.count() == 3

    def test_a_fault_stores_nothing_and_stands_at_its_field(self, page, site):
        address = f"/sites/{site.code}/months/2024-05/"
        data = {"value_electricity_kwh": "120", "value_volunteers": "many"}
        answer = page.post(address, data, headers={"accept-language": "en"})
        assert answer.status_code == 422
        assert "many" in answer.content.decode() and "is not a number" in answer.content.decode()
        assert not MonthlyRecord.objects.exists()

    def test_months_outside_of_the_sites_life_have_no_page(self, page, site):
        for month in ("1999-01", "2990-01"):
            assert page.get(f"/sites/{site.code}/months/{month}/").status_code == 404
        assert page.get(f"/sites/{site.code}/months/May/").status_code == 422

    def test_the_api_stores_lists_and_tells_the_kinds(self, page, site):
        record = {"id": str(uuid.uuid4()), "site": site.code, "month": "2024-05", "kind": "柴油", "value": 2.5}
        kinds = page.get("/api/v1/resource-kinds").json()
        assert {"electricity_kwh", "money_in", "compost_sold_kg"} <= {kind["code"] for kind in kinds}
        sent = {"records": [record, {**record, "id": "x"}]}
        answer = page.post("/api/v1/monthly-records", sent, content_type="application/json")
        assert [r["outcome"] for r in answer.json()["receipts"]] == ["stored", "invalid"]
        [listed] = page.get("/api/v1/monthly-records?kind=diesel_l&month=2024-05&current=true").json()["items"]
        assert (listed["value"], listed["unit"], listed["entered_unit"]) == ("2.5", "L", "L")
