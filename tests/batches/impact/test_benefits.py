"""Benefits: nutrients, disposal saved, money, people; never a number where a fact is missing."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from batches.impact import benefits
from batches.impact.benefits import benefit_rules, make_benefits, read_benefits
from batches.resources import resources
from compostnet.shared.rules import RuleFileError
from tests.batches.documents import chains_of, make_document

FILE = Path(benefits.__file__).with_name("benefits.yaml")


def made(document, **more):
    return make_benefits(document, chains_of(document), benefit_rules(), **more)


@pytest.fixture(scope="module")
def document():
    return make_document(12, 18)


def site_of(document, number):
    return document["sites"][number]


def test_the_nutrients_are_the_harvest_times_what_the_source_says(document):
    found = made(document)
    site = site_of(document, 0)
    harvest = site["total"]["harvest_t"]
    # 1.2 % to 2.5 % of dry matter with a humidity of 45 % to 25 %, the middle of both
    low, central, high = found["sites"][site["code"]]["total"]["n_kg"]
    assert low == pytest.approx(harvest * 1000 * 0.55 * 0.012)
    assert central == pytest.approx(harvest * 1000 * 0.65 * 0.0185)
    assert high == pytest.approx(harvest * 1000 * 0.75 * 0.025)
    assert found["network"]["total"]["n_kg"][1] == pytest.approx(
        math.fsum(one["total"]["n_kg"][1] for one in found["sites"].values() if one["total"])
    )


def test_an_invented_site_saves_invented_fees_and_a_real_one_the_published_fee(document):
    beijing = site_of(document, 0)
    assert beijing["province"] == "CN-110000"
    invented = made(document)["sites"][beijing["code"]]["month"]
    real = made(document, invented=())["sites"][beijing["code"]]["month"]
    assert invented["disposal_fees"] == ["invented/CN-110000/2015"]
    assert real["disposal_fees"] == ["fee/CN-110000/2022"]
    assert real["disposal_saved"] == pytest.approx(300 * beijing["month"]["diverted_t"])
    assert real["disposal_currency"] == "CNY"
    jiangsu = site_of(document, 1)
    assert jiangsu["province"] == "CN-320000"
    nowhere = made(document, invented=())["sites"][jiangsu["code"]]["month"]
    assert nowhere["disposal_saved"] is None
    assert nowhere["because"]["disposal_saved"] == "benefit_no_fee"


def test_each_year_is_reckoned_with_its_own_fee():
    document = make_document(2, 24)
    jiangsu = site_of(document, 1)
    found = made(document)["sites"][jiangsu["code"]]["total"]
    months = zip(document["series_months"], jiangsu["series"]["diverted_t"], strict=True)
    assert found["disposal_saved"] == pytest.approx(sum((220 if m < "2025" else 240) * t for m, t in months))
    assert found["disposal_fees"] == [f"invented/CN-320000/{first}" for first in (2015, 2025)]


def test_an_unknown_region_is_not_estimated_and_the_share_says_so(document):
    found = made(document)
    yunnan = [site for site in document["sites"] if site["province"] == "CN-530000"]
    assert yunnan
    for site in yunnan:
        one = found["sites"][site["code"]]["month"]
        assert one is None or one["disposal_saved"] is None
    network = found["network"]["month"]
    with_fee = [s for s in document["sites"] if s["province"] != "CN-530000" and s["month"]["diverted_t"]]
    whole = document["network"]["month"]["diverted_t"]
    assert network["disposal_share"] == pytest.approx(sum(s["month"]["diverted_t"] for s in with_fee) / whole)
    assert network["disposal_share"] < 1
    assert network["disposal_sites"] == len(with_fee)


def test_a_fee_that_the_site_wrote_down_goes_before_the_table(document):
    changed = copy.deepcopy(document)
    site = changed["sites"][2]
    assert site["province"] == "CN-530000"
    site["resources"]["month"]["disposal_fee_local"] = 95.0
    one = made(changed)["sites"][site["code"]]["month"]
    assert one["disposal_saved"] == pytest.approx(95 * site["month"]["diverted_t"])
    assert one["disposal_fees"] == ["site"]


def test_money_is_never_added_over_currencies(document, tmp_path):
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    raw["invented_fees"]["US-NY"] = [
        {"years": [2000, None], "value": 100, "currency": "USD", "document": "invented", "confidence": "C",
         "what": {"zh": "费", "en": "fee"}}
    ]  # fmt: skip
    path = tmp_path / "benefits.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    chains = chains_of(document)
    american = document["sites"][2]
    chains[american["code"]] = ("US-NY", "US")
    found = make_benefits(document, chains, read_benefits(path))
    saved = found["network"]["month"]["disposal_saved"]
    assert set(saved) == {"CNY", "USD"}
    assert saved["USD"] == pytest.approx(100 * american["month"]["diverted_t"])


def test_costs_are_of_those_sites_alone_that_wrote_money_down(document):
    changed = copy.deepcopy(document)
    for site in changed["sites"][1:]:
        site["resources"]["month"].pop("money_in", None)
    site = changed["sites"][0]
    found = made(changed)
    network = found["network"]["month"]
    assert network["money_sites"] == 1
    assert network["cost_per_t"] == pytest.approx(1200 / site["month"]["diverted_t"])
    assert network["cost_per_m2"] == pytest.approx(1200 / site["area_m2"])
    other = found["sites"][changed["sites"][1]["code"]]["month"]
    assert other["money_in"] is None and other["because"]["cost_per_t"] == "benefit_no_money"


def test_without_area_there_is_no_cost_per_square_metre(document):
    site = site_of(document, 5)
    assert site["area_m2"] is None
    one = made(document)["sites"][site["code"]]["month"]
    assert one["cost_per_m2"] is None and one["because"]["cost_per_m2"] == "benefit_no_area"
    assert one["cost_per_t"] is not None


def test_a_silent_site_has_nothing_not_zero(document):
    site = site_of(document, 3)
    assert site["state"] == "silent"
    assert made(document)["sites"][site["code"]] == {"month": None, "year": None, "total": None}


def test_an_empty_network_has_reasons_and_no_numbers():
    document = make_document(0, 3)
    network = made(document)["network"]["total"]
    for key in ("n_kg", "disposal_saved", "money_in", "cost_per_t", "cost_per_m2", "disposal_share", "households"):
        assert network[key] is None, key
    assert network["because"]["disposal_saved"] == "benefit_not_verified"
    assert all(value is None for value in (*network["people"].values(), *network["compost_to"].values()))


def test_people_are_summed_over_those_who_wrote_them_down(document):
    people = made(document)["network"]["month"]["people"]
    known = [s["resources"]["month"]["volunteers"] for s in document["sites"] if s["resources"]["month"]]
    assert people["volunteers"] == {"value": sum(known), "sites": len(known)}
    assert people["trainers_active"] is None


def test_every_number_names_its_source_and_grade(document):
    rules = made(document)["rules"]
    for one in rules["nutrients"].values():
        assert one["content"]["source"] in rules["sources"] and one["content"]["confidence"] in "ABC"
    assert rules["fees"] and all(fee["document"]["title"] and fee["invented"] for fee in rules["fees"])


def test_every_record_that_is_read_is_one_that_sites_can_write_down():
    records = benefit_rules().records
    kinds = resources().kinds
    for kind in (records.money, records.own_fee, records.stored, *records.people, *records.destinations):
        assert kind in kinds
    assert kinds[records.money].unit == records.money_currency
    assert kinds[records.own_fee].unit == f"{records.money_currency}/t"


def wrong(change):
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(raw)
    return yaml.safe_dump(raw, allow_unicode=True)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda raw: raw.update(trees=1), "trees"),
        (lambda raw: raw["fertiliser"]["dry_matter"].update(low=0.9), "fertiliser.dry_matter"),
        (lambda raw: raw["fertiliser"]["dry_matter"].update(high=1.5), "fertiliser.dry_matter.high"),
        (lambda raw: raw["fees"]["CN-110000"][1].update(years=[2020, None]), "fees.CN-110000.1.years"),
        (lambda raw: raw["fees"]["CN-110000"][0].update(document="hearsay"), "fees.CN-110000.0.document"),
        (lambda raw: raw["fees"]["CN-110000"][0].update(years=[2014, 2010]), "fees.CN-110000.0.years"),
        (lambda raw: raw["fees"]["CN-110000"][0].update(currency="USD"), "fees.CN-110000.1.currency"),
        (lambda raw: raw["fees"]["CN-110000"][0].pop("confidence"), "fees.CN-110000.0.confidence"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(tmp_path, change, place):
    path = tmp_path / "benefits.yaml"
    path.write_text(wrong(change), encoding="utf-8")
    with pytest.raises(RuleFileError) as error:
        read_benefits(path)
    assert error.value.key == place


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=3, max_size=3))
def test_more_diverted_never_saves_less(masses):
    document = copy.deepcopy(make_document(1, 3))
    site = document["sites"][0]

    def saved(values):
        site["series"]["diverted_t"] = values
        known = [v for v in values if v is not None]
        site["total"] = {**site["total"], "diverted_t": sum(known), "site_months_verified": len(known)}
        one = made(document)["sites"][site["code"]]["total"]
        return 0 if one is None or one["disposal_saved"] is None else one["disposal_saved"]

    assert saved([None if v is None else v + 1 for v in masses]) >= saved(masses)
