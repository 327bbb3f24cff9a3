"""Figures: what counts, what is null and why, and that the parts sum to the whole."""

from __future__ import annotations

import datetime as dt
import json
import math
from io import StringIO

import pytest
from django.core.management import call_command

from batches.selectors import figures
from batches.selectors.figures import figures_of
from batches.services.site_months import query_site_month, reopen_for_late_entries, verify_site_months
from compostnet.shared.months import parse_month
from sites.climate import climates
from sites.models import Region, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry

pytestmark = pytest.mark.django_db
MAY = parse_month("2024-05")


@pytest.fixture
def place(nanjing):
    """``place("CN-360100")``: an invented site in a city of its own, in a province of the demo baselines."""

    def make(city, *, zone="temperate_wet", invented=True, **more):
        province = Region.objects.get_or_create(
            code=city[:5] + "0000",
            defaults={"parent_id": "CN", "level": 1, "country": "CN", "name_zh": city[:5], "name_en": city[:5]},
        )[0]
        region = Region.objects.get_or_create(
            code=city,
            defaults={"parent": province, "level": 2, "country": "CN", "name_zh": city, "name_en": city},
        )[0]
        number = Site.objects.count() + 1
        return Site.objects.create(
            code=f"site-{number}",
            name_zh=f"{number}号",
            name_en=f"Site {number}",
            region=region,
            scenario=more.pop("scenario", "village"),
            process="windrow",
            opened_on=dt.date(2024, 1, 1),
            climate_zone=zone,
            is_invented=invented,
            **more,
        )

    return make


def verify(*pairs):
    done = verify_site_months(actor=CONSOLE, keys=[(site.pk, parse_month(month)) for site, month in pairs])
    assert not done.refused


def test_one_site_by_hand(place):
    """Jiangxi: 80 % managed landfill with 30 % capture, 20 % incineration; temperate wet; 10 t food in one month."""
    site = place("CN-360100")
    make_entry(site, "2024-05", 10_000)
    make_entry(site, "2024-05", 2_000, material="sawdust", measured="estimate")
    make_entry(site, "2024-05", 500, kind="removal", material="contaminants")
    make_entry(site, "2024-05", 4_000, kind="harvest", material="mixture")
    verify((site, "2024-05"))
    found = figures_of(MAY)["network"]["month"]
    w, k = 9.5, 0.185
    ever = w * 0.8 * 0.15 * 0.5 * 1.0 * 0.5 * 16 / 12
    reaches = 0.85 * (1 - 0.3) * (1 - 0.1)
    burnt_ch4, burnt_n2o = w * 0.2 * 1.21 * 0.2e-6, w * 0.2 * 1.21 * 50e-6
    avoided = ever * reaches * (1 - math.exp(-k / 12)) + burnt_ch4
    assert found["diverted_kg"] == "9500"
    assert found["intake_t"] == 12.0
    assert found["harvest_t"] == 4.0
    assert found["share_weighed"] == pytest.approx(10 / 12)
    assert found["share_estimated"] == pytest.approx(2 / 12)
    assert found["ch4_avoided_t"] == pytest.approx(avoided, rel=1e-7)
    assert found["ch4_forecast_20y_t"] == pytest.approx(ever * reaches * (1 - math.exp(-k * 20)) + burnt_ch4, rel=1e-9)
    # Composting emits on all that was composted, bulking agent included, less what was removed.
    assert found["composting_ch4_t"] == pytest.approx(11.5 * 0.004)
    assert found["composting_co2e_t"] == pytest.approx(11.5 * (0.004 * 28 + 0.00024 * 265))
    net = 28 * (avoided - 11.5 * 0.004) + 265 * (burnt_n2o - 11.5 * 0.00024)
    assert found["net_co2e_t"] == pytest.approx(net, rel=1e-7)
    assert found["net_co2e_t"] < 0
    assert found["reason"] is None
    assert found["share_with_baseline"] == 1


def test_methane_goes_on_in_later_months_and_forecast_is_of_the_month_alone(place):
    site = place("CN-360100")
    make_entry(site, "2024-05", 10_000)
    make_entry(site, "2024-07", 1)
    verify((site, "2024-05"), (site, "2024-07"))
    may, june, july = figures_of(MAY + 2)["months"]
    assert (june["month"], june["sites_verified"], june["diverted_kg"]) == ("2024-06", 0, "0")
    assert june["ch4_avoided_t"] == pytest.approx(may["ch4_avoided_t"] * math.exp(-0.185 / 12), rel=1e-3)
    assert 0 < july["ch4_avoided_t"] < june["ch4_avoided_t"]
    assert june["ch4_forecast_20y_t"] == 0
    assert june["composting_co2e_t"] == 0


def test_only_verified_months_count_and_late_entries_take_them_out(place):
    site = place("CN-360100")
    make_entry(site, "2024-05", 100)
    assert figures_of(MAY)["network"]["month"]["diverted_kg"] == "0"
    verify((site, "2024-05"))
    assert figures_of(MAY)["network"]["month"]["diverted_kg"] == "100"
    make_entry(site, "2024-05", 50)
    reopen_for_late_entries(touched={(site.pk, MAY)})
    found = figures_of(MAY)["network"]["month"]
    assert (found["diverted_kg"], found["sites_reported"], found["sites_verified"]) == ("0", 1, 0)
    verify((site, "2024-05"))
    assert figures_of(MAY)["network"]["month"]["diverted_kg"] == "150"


@pytest.mark.parametrize(
    ("city", "zone", "invented", "words"),
    [
        ("CN-530100", "temperate_wet", True, "基准情景"),
        ("CN-360100", "", True, "气候带"),
        ("CN-360100", "temperate_wet", False, "基准情景"),
    ],
)
def test_unknown_is_null_with_a_reason_and_never_zero(place, monkeypatch, city, zone, invented, words):
    # Normals of a region would tell the zone.
    monkeypatch.setattr(figures, "climates", lambda: climates().model_copy(update={"regions": {}}))
    site = place(city, zone=zone, invented=invented)
    make_entry(site, "2024-05", 1000)
    verify((site, "2024-05"))
    found = figures_of(MAY)
    assert found["sites"][0]["series"]["ch4_avoided_t"] == found["sites"][0]["series"]["net_co2e_t"] == [None]
    for figure in (
        found["network"]["month"],
        found["network"]["total"],
        found["sites"][0]["month"],
        found["months"][0],
    ):
        for name in ("ch4_avoided_t", "ch4_forecast_20y_t", "net_co2e_t"):
            assert figure[name] is None
        assert words in figure["reason"]["zh"]
        assert figure["reason"]["en"]
        assert figure["share_with_baseline"] == 0
        assert figure["diverted_kg"] == "1000"
        assert figure["composting_co2e_t"] > 0


def test_nothing_verified_is_null_too(site):
    found = figures_of(MAY)["network"]["month"]
    assert found["sites_expected"] == 1
    assert found["ch4_avoided_t"] is None
    assert "审核" in found["reason"]["zh"]


def test_where_only_some_sites_have_a_baseline_net_compares_those_alone(place):
    known, unknown = place("CN-360100"), place("CN-530100")
    make_entry(known, "2024-05", 1000)
    make_entry(unknown, "2024-05", 3000)
    verify((known, "2024-05"), (unknown, "2024-05"))
    found = figures_of(MAY)
    whole = found["network"]["month"]
    alone = found["sites"][0]["month"]
    assert whole["share_with_baseline"] == 0.25
    assert "25.0%" in whole["note"]["zh"]
    assert whole["reason"] is None
    assert whole["ch4_avoided_t"] == alone["ch4_avoided_t"]
    assert whole["net_co2e_t"] == alone["net_co2e_t"]
    assert whole["composting_co2e_t"] == pytest.approx(4 * alone["composting_co2e_t"])
    assert whole["composting_co2e_with_baseline_t"] == alone["composting_co2e_t"]


def test_against_incineration_the_net_is_below_zero_and_not_clipped(place):
    site = place("CN-320200")
    make_entry(site, "2025-05", 1000)
    verify((site, "2025-05"))
    found = figures_of(parse_month("2025-05"))["network"]["total"]
    # 16.0 kg CO2e of burning avoided, 175.6 kg of composting: reference, table 6.2.
    assert found["net_co2e_t"] * 1000 == pytest.approx(16.04 - 175.6, abs=0.01)
    assert 0 < found["ch4_avoided_t"] < 1e-6


def test_a_transfer_makes_no_mass(place):
    site = place("CN-360100")
    make_entry(site, "2024-05", 1000, batch=make_batch(site, "a"))
    before = None
    for _ in range(2):
        verify((site, "2024-05"))
        found = figures_of(MAY)["network"]["total"]
        assert before in (None, found)
        before = found
        make_entry(
            site,
            "2024-05",
            700,
            kind="transfer",
            material="mixture",
            batch=make_batch(site, "a"),
            to_batch=make_batch(site, "b"),
        )
        reopen_for_late_entries(touched={(site.pk, MAY)})


def test_removals_lower_the_class_they_came_from(place):
    """Removing food or unclassed contaminants lowers methane; removing bulking agent lowers composting alone."""

    def total(removed):
        site = place("CN-230100")
        make_entry(site, "2024-05", 1000)
        make_entry(site, "2024-05", 1000, material="leaves")
        make_entry(site, "2024-05", 1000, material="sawdust")
        for material, kg in removed.items():
            make_entry(site, "2024-05", kg, kind="removal", material=material)
        verify((site, "2024-05"))
        return next(s for s in figures_of(MAY)["sites"] if s["code"] == site.code)["total"]

    plain, food, mixed = total({}), total({"food_waste": 100}), total({"contaminants": 100})
    bulky, mixture = total({"sawdust": 100}), total({"mixture": 300})
    assert [f["diverted_kg"] for f in (plain, food, mixed, bulky, mixture)] == ["2000", "1900", "1900", "2000", "1800"]
    assert [f["composted_t"] for f in (plain, food, mixed, bulky, mixture)] == [3.0, 2.9, 2.9, 2.9, 2.7]
    assert mixed["ch4_avoided_t"] == pytest.approx(plain["ch4_avoided_t"] * 0.95, rel=1e-6)
    assert mixture["ch4_avoided_t"] == pytest.approx(plain["ch4_avoided_t"] * 0.9, rel=1e-6)
    assert food["ch4_avoided_t"] < mixed["ch4_avoided_t"] < plain["ch4_avoided_t"]
    assert bulky["ch4_avoided_t"] == plain["ch4_avoided_t"]


def test_parts_sum_to_the_whole_to_the_last_digit(place):
    cities = ["CN-360100", "CN-360200", "CN-230100", "CN-320200", "CN-530100"]
    sites = [place(city, scenario=["village", "school"][n % 2]) for n, city in enumerate(cities * 2)]
    pairs = []
    for n, site in enumerate(sites):
        for m in range(1, 6):
            make_entry(site, f"2024-{m:02d}", 10.123457 + n * 3.3 + m, material=["food_waste", "leaves"][m % 2])
            pairs.append((site, f"2024-{m:02d}"))
    verify(*pairs)
    found = figures_of(MAY)
    for span in ("month", "year", "total"):
        for name, scale in (("diverted_kg", 10**6), ("ch4_avoided_t", 10**12), ("ch4_forecast_20y_t", 10**12)):

            def whole(figure, name=name, scale=scale):
                return round(float(figure[name] or 0) * scale)

            network = whole(found["network"][span])
            assert network > 0
            for level in ("sites", "cities", "provinces", "scenarios"):
                assert sum(whole(thing[span]) for thing in found[level]) == network, (level, span, name)
    assert sum(round(float(m["ch4_avoided_t"]) * 10**12) for m in found["months"]) == round(
        found["network"]["total"]["ch4_avoided_t"] * 10**12
    )


def test_coverage_counts_sites_and_site_months(place):
    one, two = place("CN-360100"), place("CN-360100")
    place("CN-360100", closed_on=dt.date(2024, 3, 1))
    make_entry(one, "2024-04", 1)
    make_entry(one, "2024-05", 1)
    make_entry(two, "2024-05", 1)
    verify((one, "2024-04"), (two, "2024-05"))
    from batches.services.site_months import roll_up

    roll_up()
    found = figures_of(MAY)
    assert {k: v for k, v in found["network"]["month"].items() if k.startswith("site")} == {
        "sites_expected": 2,
        "sites_reported": 2,
        "sites_verified": 1,
        "site_months_expected": 2,
        "site_months_reported": 2,
        "site_months_verified": 1,
    }
    total = found["network"]["total"]
    assert (total["sites_verified"], total["site_months_expected"], total["site_months_verified"]) == (2, 4, 2)
    assert [site["state"] for site in found["sites"]] == ["reported", "verified", "closed"]


def test_the_command_prints_what_the_issue_asks_for(place):
    site = place("CN-360100")
    make_entry(site, "2024-05", 1000)
    verify((site, "2024-05"))
    out = StringIO()
    call_command("figures", "--month", "2024-05", "--format", "json", stdout=out)
    found = json.loads(out.getvalue())
    for name in (
        "sites_expected",
        "sites_reported",
        "sites_verified",
        "diverted_t",
        "ch4_avoided_t",
        "ch4_forecast_20y_t",
        "composting_co2e_t",
        "net_co2e_t",
    ):
        assert found["totals"][name] is not None, name
    assert (found["month"], found["method"], found["gwp"]) == ("2024-05", "tool04_b_ar5_v1", "AR5")
    assert found["totals"]["method"] == "tool04_b_ar5_v1"
    assert found["totals"]["gwp"] == "AR5"
    out = StringIO()
    call_command("figures", "--month", "2024-05", "--format", "table", stdout=out)
    assert "diverted_t" in out.getvalue()
    assert "TOOL04" in out.getvalue()


def test_verify_command_verifies_what_it_can_and_says_why_not(place):
    good, silent = place("CN-360100"), place("CN-360100")
    make_entry(good, "2024-04", 5)
    make_entry(good, "2024-05", 5)
    call_command("roll_up", stdout=StringIO())
    out = StringIO()
    call_command("verify_month", "--month", "2024-05", stdout=out)
    assert good.code not in out.getvalue()
    assert silent.code in out.getvalue()
    assert figures_of(MAY)["network"]["total"]["diverted_kg"] == "5"
    call_command("verify_month", "--all-months", "--site", good.code, stdout=out)
    assert figures_of(MAY)["network"]["total"]["diverted_kg"] == "10"


def test_a_month_that_was_asked_about_but_has_no_entry_was_not_reported(place, make_user):
    silent, site = place("CN-360100"), place("CN-360100")
    make_entry(site, "2024-05", 1)
    refused = verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY), (silent.pk, MAY)]).refused
    assert list(refused) == [(silent.pk, MAY)]
    query_site_month(actor=make_user("verifier"), site=silent, month=MAY, reason="Nothing came")
    found = figures_of(MAY)["network"]["month"]
    assert (found["sites_expected"], found["sites_reported"], found["sites_verified"]) == (2, 1, 1)
