"""The document out of inputs and rules: sums to the last digit, nulls, intervals, scenarios, explanations, classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.impact.document.canonical import canonical, plain
from batches.impact.document.dictionary import dictionary
from batches.impact.document.figures import make_document
from batches.impact.document.inputs import KINDS, Inputs, Records, RegionFacts, Rows, SiteFacts, flags_of, ranges_of
from batches.impact.document.release_files import TEXTS, figures_csv
from batches.selectors.figures import current_rules, expected_of
from compostnet.shared.months import parse_month

FIRST, MONTHS = parse_month("2023-01"), 17
MONTH = FIRST + MONTHS - 1
MATERIALS = ("cardboard", "contaminants", "food_waste", "leaves", "mixture", "sawdust")
PROVINCES = {"CN-360000": "landfill", "CN-320000": "burnt", "CN-530000": "no baseline"}
REGIONS = {
    "CN": RegionFacts("CN", None, 0, "中国", "China"),
    **{code: RegionFacts(code, "CN", 1, code, code) for code in PROVINCES},
    **{f"{code[:5]}0100": RegionFacts(f"{code[:5]}0100", code, 2, code, code) for code in PROVINCES},
}
ABOUT = {"month": "2024-05", "number": 1, "invented": True}


@pytest.fixture(scope="module")
def rules():
    return current_rules(MONTH)


def a_site(number, region="CN-360100", **more):
    facts = {"scenario": ["village", "school"][number % 2], "zone": "temperate_wet", "zone_because": None}
    names = {"code": f"site-{number}", "name_zh": "站", "name_en": "Site", "region": region, "process": "windrow"}
    return SiteFacts(**{**names, **facts, "opened_on": "2023-01-01", "invented": True, **more})


def make_inputs(sites, rows, records=()):
    """Inputs of rows (site, month index, kind, material, kg); every month with a row is verified."""
    verified = np.zeros((MONTHS, len(sites)), dtype=bool)
    for site, t, *_ in rows:
        verified[t, site] = True
    columns = list(zip(*rows, strict=True)) or [()] * 5
    whole = [np.array(column, dtype=np.intp) for column in columns[:2]]
    kinds = np.array([KINDS.index(kind) for kind in columns[2]], dtype=np.intp)
    materials = np.array([MATERIALS.index(material) for material in columns[3]], dtype=np.intp)
    mass = np.array([round(kg * 1_000_000) for kg in columns[4]], dtype=np.int64)
    names = sorted({kind for _, _, kind, _ in records})
    wrote = Records(
        np.array([r[0] for r in records], dtype=np.intp),
        np.array([r[1] for r in records], dtype=np.intp),
        np.array([names.index(r[2]) for r in records], dtype=np.intp),
        tuple(str(r[3]) for r in records),
        tuple(names),
    )
    made = Rows(whole[0], whole[1], kinds, materials, np.zeros_like(kinds), mass, np.ones_like(mass), MATERIALS)
    expected = expected_of(sites, FIRST, MONTH)
    return Inputs(MONTH, FIRST, sites, REGIONS, expected, verified, verified, made, wrote)


rows_of_network = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, MONTHS - 1),
        st.sampled_from(["intake", "intake", "intake", "removal", "harvest", "residue"]),
        st.sampled_from(MATERIALS),
        st.floats(0.000001, 50_000),
    ),
    max_size=40,
)
SITES = [
    a_site(n, region) for n, region in enumerate(["CN-360100", "CN-360100", "CN-320100", "CN-530100", "CN-320100"])
]


@given(rows_of_network)
@settings(max_examples=15)
def test_the_parts_sum_to_the_whole_and_nothing_unknown_is_zero(rows):
    rules = current_rules(MONTH)
    found = make_document(make_inputs(SITES, rows), rules, ABOUT)
    for span in ("month", "year", "total"):
        for name, unit in (
            ("diverted_t", 10**9),
            ("harvest_t", 10**9),
            ("ch4_avoided_t", 10**12),
            ("residue_t", 10**9),
        ):
            whole = round((found["network"][span][name] or 0) * unit)
            levels = [found[key] for key in ("sites", "cities", "provinces", "scenarios")]
            levels += [dimension["classes"] for dimension in found["classes"].values()]
            for level in levels:
                assert sum(round((one[span][name] or 0) * unit) for one in level) == whole, (span, name)
    for site in found["sites"]:
        total = site["total"]
        if not total["site_months_verified"]:
            assert total["ch4_avoided_t"] is total["net_co2e_t"] is total["interval"] is None
            assert total["reason"]["zh"]
        assert (total["net_co2e_t"] or 0) >= 0 or total["explanation"]["en"]
        assert site["province"] != "CN-530000" or total["ch4_avoided_t"] is None
        assert sum(v or 0 for v in site["series"]["diverted_t"]) == pytest.approx(total["diverted_t"], abs=1e-9)
    content = canonical(found)
    assert content == canonical(make_document(make_inputs(SITES, rows[::-1]), rules, ABOUT))
    assert content == canonical(plain(found))


def test_intervals_scenarios_and_coverage_stand_beside_every_total(rules):
    rows = [(n, t, "intake", "food_waste", 1000.0) for n in range(5) for t in range(MONTHS)]
    found = make_document(make_inputs(SITES, rows), rules, ABOUT)
    for thing in (found["network"], *found["sites"], *found["provinces"]):
        for span in ("month", "year", "total"):
            figure = thing[span]
            low, high = figure["interval"]["diverted_t"]
            assert low < figure["diverted_t"] < high
            if figure["net_co2e_t"] is not None:
                low, high = figure["interval"]["net_co2e_t"]
                assert low < high
            else:
                assert figure["interval"]["net_co2e_t"] is None
            assert figure["site_months_verified"] == figure["site_months_expected"] > 0
            assert figure["share_weighed"] == 1
    # Errors that all sites share do not cancel: the network is hardly better known than its sites.
    network, site = found["network"]["total"], found["sites"][0]["total"]
    low, high = site["interval"]["ch4_avoided_t"]
    assert (high - low) / site["ch4_avoided_t"] > 0.3
    low, high = network["interval"]["ch4_avoided_t"]
    assert (high - low) / network["ch4_avoided_t"] > 0.3


def test_last_year_is_the_same_month_and_part_of_the_year_before(rules):
    rows = [(0, t, "intake", "food_waste", 100.0 + t) for t in range(MONTHS)]
    network = make_document(make_inputs(SITES[:1], rows), rules, ABOUT)["network"]
    assert network["month"]["diverted_kg"] == "116"
    assert network["last_year"]["month"]["diverted_kg"] == "104"
    assert network["year"]["diverted_kg"] == str(sum(100 + t for t in range(12, 17)))
    assert network["last_year"]["year"]["diverted_kg"] == str(sum(100 + t for t in range(5)))


def test_why_a_net_is_below_zero(rules):
    rows = [(0, MONTHS - 1, "intake", "food_waste", 1000.0), (2, MONTHS - 1, "intake", "food_waste", 1000.0)]
    landfill, _, burnt, *_ = make_document(make_inputs(SITES, rows), rules, ABOUT)["sites"]
    assert landfill["month"]["net_co2e_t"] < 0 and burnt["month"]["net_co2e_t"] < 0
    assert "years" in landfill["month"]["explanation"]["en"]
    assert "little methane" in burnt["month"]["explanation"]["en"]


def test_energy_counts_in_why_a_net_is_below_zero(rules):
    """A site that burns more fuel than its waste will ever make good for is told so, and not that time will mend it."""
    rows = [(0, MONTHS - 1, "intake", "food_waste", 1000.0)]
    said = [
        make_document(make_inputs(SITES[:1], rows, records), rules, ABOUT)["sites"][0]["month"]["explanation"]["en"]
        for records in ([], [(0, MONTHS - 1, "diesel_l", 1000)])
    ]
    assert "over the years" in said[0] and "energy used" in said[1]


def test_energy_is_null_where_nobody_wrote_it_down_and_charged_where_somebody_did(rules):
    rows = [(n, MONTHS - 1, "intake", "food_waste", 1000.0) for n in (0, 1)]
    found = make_document(make_inputs(SITES, rows, [(0, MONTHS - 1, "diesel_l", 100)]), rules, ABOUT)
    with_fuel, without, *_ = found["sites"]
    assert without["month"]["energy_co2e_t"] is None
    assert with_fuel["month"]["energy_co2e_t"] > 0.2
    less = without["month"]["net_co2e_t"] - with_fuel["month"]["net_co2e_t"]
    assert less == pytest.approx(with_fuel["month"]["energy_co2e_t"])
    assert with_fuel["resources"]["month"] == {"diesel_l": 100.0}
    assert found["resources"]["total"] == {"diesel_l": 100.0}


def test_people_are_counted_once_and_quantities_summed(rules):
    rows = [(0, t, "intake", "food_waste", 1.0) for t in range(MONTHS)]
    records = [(0, t, "volunteers", 5 + t) for t in range(MONTHS)] + [(0, t, "money_in", 10) for t in range(MONTHS)]
    found = make_document(make_inputs(SITES[:1], rows, sorted(records)), rules, ABOUT)
    assert found["sites"][0]["resources"]["total"] == {"volunteers": 21.0, "money_in": 170.0}
    assert found["sites"][0]["resources"]["year"] == {"volunteers": 21.0, "money_in": 50.0}


def test_other_sets_stand_apart_and_differ(rules):
    rows = [(0, t, "intake", "food_waste", 1000.0) for t in range(MONTHS)]
    found = make_document(make_inputs(SITES[:1], rows), rules, ABOUT)
    names = {(row["method"], row["gwp"]) for row in found["sensitivity"]}
    assert ("tool04_b_ar5_v1", "AR6") in names
    assert ("tool04_b_ar5_v1", "AR5") not in names
    ipcc = next(row for row in found["sensitivity"] if row["method"] == "ipcc_2019_ar5_v1")
    assert ipcc["network"]["total"]["ch4_avoided_t"] != found["network"]["total"]["ch4_avoided_t"]


def test_every_indicator_of_the_table_is_in_the_dictionary(rules):
    rows = [(n, t, "intake", "food_waste", 1000.0) for n in range(5) for t in range(MONTHS)]
    found = make_document(make_inputs(SITES, rows), rules, ABOUT)
    assert set(found["network"]["month"]) - set(TEXTS) == set(dictionary().indicators)
    lines = figures_csv(found).decode("utf-8-sig").splitlines()
    levels = {line.split(",")[0] for line in lines[1:]}
    assert {"network", "province", "city", "scenario", "site", "class:scale"} <= levels
    assert len(lines) > 1000


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=1, max_size=12))
def test_flags_survive_as_ranges(rows):
    flags = np.array(rows, dtype=bool)
    assert (flags_of(ranges_of(flags, 100), 100, flags.shape) == flags).all()
