"""The stateless calculator: published cases, what people may write, what is wrong and where, command and API."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.impact.calculator.calculate import calculate
from batches.impact.calculator.rules import calculator_rules
from batches.impact.calculator.steps import explained
from compostnet.shared.problems import Problem
from tests.conftest import ROOT

DATA = Path(__file__).parents[2] / "data" / "methane_calculator_cases.json"
PUBLISHED = json.loads(DATA.read_text(encoding="utf-8"))
FOOD = {"food": {"doc": 0.15, "k_per_year": 0.4}}
TOOL04 = {"phi": 0.85, "f": 0, "gwp": 28, "ox": 0.1, "F": 0.5, "docf": 0.5, "mcf": 1, "streams": FOOD}
BARE = {"streams": FOOD, "deposits": [[1, "food", 100]]}


def values(kind: str, inputs: dict[str, Any]) -> dict[str, float]:
    found = calculate({"cases": [{"id": "A", "kind": kind, "inputs": inputs}]}).as_json("en")
    assert found["errors"] == [], found["errors"]
    return found["cases"][0]["values"]


class TestNumbersThatWouldBreakIt:
    """Whatever is sent, the answer is JSON and comes soon."""

    @pytest.mark.parametrize("name", ["horizon_years", "horizon_months", "horizon", "gwp", "phi"])
    def test_a_whole_number_too_long_for_a_float_is_told(self, name):
        assert any(
            name in told and "is no number" in told for told in faults("fod_tool04_yearly", {**BARE, name: 10**400})
        )

    @pytest.mark.parametrize("mass", [10**400, 1e308, -1e308, "1e300"])
    def test_masses_beyond_all_measure_are_told(self, mass):
        told = faults("fod_tool04_yearly", {"streams": FOOD, "deposits": [[1, "food", mass]] * 3})
        assert len(told) == 3 and all("deposits[" in one for one in told)

    def test_many_streams_over_many_periods_are_refused_before_they_fill_the_memory(self):
        streams = {f"s{n}": {"doc": 0.1, "k": 0.1} for n in range(30_000)}
        inputs = {"streams": streams, "deposits": [[1, "s1", 1]], "horizon_years": 19_000}
        (told,) = faults("fod_tool04_yearly", inputs)
        assert "570000000" in told and "30000 streams" in told

    def test_the_cases_of_one_request_share_one_limit(self):
        case = {"kind": "fod_tool04_yearly", "inputs": {**BARE, "horizon_years": 15_000}}
        found = calculate([case] * 40).as_json("en")
        computed = sum(len(one["values"]) - 1 for one in found["cases"])
        assert 0 < computed <= calculator_rules().limits.values
        assert len(found["cases"]) + len(found["errors"]) == 40 and found["errors"]

    def test_of_very_many_faults_the_first_are_told(self):
        told = faults("fod_tool04_yearly", {"streams": FOOD, "deposits": [["x", "food", 1]] * 1000})
        assert len(told) == calculator_rules().limits.faults + 1
        assert "more faults" in told[-1]


def faults(kind: str, inputs: Any) -> list[str]:
    found = calculate({"cases": [{"id": "A", "kind": kind, "inputs": inputs}]}).as_json("en")
    assert found["cases"] == []
    return [fault["detail"] for fault in found["errors"][0]["errors"]]


# --- published cases


@pytest.mark.parametrize("case", PUBLISHED["cases"], ids=lambda case: case["id"])
def test_every_oracle_within_its_tolerance(case: dict[str, Any]) -> None:
    found = values(case["kind"], case["inputs"])
    allowed = case["tolerance"]
    for key, expected in case["expected"].items():
        assert abs(found[key] - expected) <= max(allowed["abs"], allowed["rel"] * abs(expected)), key


def test_expected_values_are_not_read() -> None:
    whole = calculate(PUBLISHED).as_json("en")
    stripped = [{key: case[key] for key in ("id", "kind", "inputs")} for case in PUBLISHED["cases"]]
    assert calculate(stripped).as_json("en")["cases"] == whole["cases"]


def test_the_yearly_equation_overstates_the_first_year_of_a_site_fed_every_month() -> None:
    case = PUBLISHED["derived"]["ANNUAL-VS-MONTHLY"]
    monthly = values("fod_tool04_monthly", case["inputs"])
    yearly = values("fod_tool04_yearly", {**case["inputs"], "deposits": [[1, "food", 1200]]})
    assert yearly["1"] == pytest.approx(case["expected"]["annual"], rel=1e-12)
    assert monthly["sum"] == pytest.approx(case["expected"]["monthly_sum"], rel=1e-12)
    assert monthly["sum"] / yearly["1"] == pytest.approx(case["expected"]["ratio"], rel=1e-12)


def test_the_prefactor_takes_the_gwp_of_the_case_and_not_the_printed_one_of_another_report() -> None:
    """Trap: a registered document prints 6.375 (GWP 25) beside a table made with 28; right is 7.14."""
    trap = next(case for case in PUBLISHED["others"] if case["id"] == "SOCSON-PREFACTOR-TRAP")
    inputs = {key: trap["inputs"][key] for key in ("phi", "f", "gwp", "ox", "F", "docf", "mcf")}
    stream = {"x": {"doc": 1.0, "k_per_year": 50.0}}
    found = values("fod_tool04_yearly", {**inputs, "streams": stream, "deposits": [[1, "x", 1]]})
    assert found["1"] == pytest.approx(7.14, rel=1e-12)
    assert abs(found["1"] - trap["expected"]["prefactor"]) > 0.7


@pytest.mark.parametrize(
    "case", [c for c in PUBLISHED["others"] if c["kind"] == "committed_net_factor"], ids=lambda c: c["id"]
)
def test_committed_factors_of_published_code(case: dict[str, Any]) -> None:
    """Three baselines of one source; where they contradict each other the equation is right (BOLD-food, no flare)."""
    given = case["inputs"]
    shared = {key: given[key] for key in ("phi", "gwp", "ox", "F", "docf", "doc", "k_per_year", "horizon_years")}
    for name, baseline in given["baselines"].items():
        found = values("fod_tool04_yearly", {**shared, **baseline, "deposits": [[1, 1]]})
        net = found["sum"] - given["project_emission_t_per_t"]
        wrong = case["id"] == "BOLD-food" and name == "landfill_no_flare"
        assert (abs(net - case["expected"][name]) > 1e-4) if wrong else (abs(net - case["expected"][name]) <= 2e-6)


# --- what people may write


def test_deposits_unsorted_split_with_gaps_and_as_objects_are_the_same() -> None:
    plain = values("fod_tool04_yearly", {**TOOL04, "deposits": [[1, "food", 30], [4, "food", 70]]})
    for deposits in (
        [[4, "food", 70], [1, "food", 30]],
        [[1, "food", 10], [4, "food", 70.0], [1, "food", 20]],
        [["1", "food", "30"], ["4", "food", 70]],
        [[1, 30], [4, 70]],
        {"1": 30, "4": 70},
        [{"period": 4, "stream": "food", "tonnes": 70}, {"year": 1, "t": 30}],
    ):
        assert values("fod_tool04_yearly", {**TOOL04, "deposits": deposits}) == pytest.approx(plain, rel=1e-14)


def test_periods_before_the_first_deposit_are_zero_and_calendar_years_keep_their_name() -> None:
    late = values("fod_tool04_yearly", {**TOOL04, "deposits": [[3, "food", 10]]})
    assert (late["1"], late["2"]) == (0.0, 0.0)
    calendar = values("fod_tool04_yearly", {**TOOL04, "deposits": [[2024, "food", 10], [2026, "food", 10]]})
    assert list(calendar)[:3] == ["2024", "2025", "2026"]
    assert calendar["2024"] == pytest.approx(late["3"], rel=1e-15)
    assert calendar["sum"] == pytest.approx(calendar["2024"] + calendar["2025"] + calendar["2026"], rel=1e-15)


def test_months_may_be_written_as_months() -> None:
    found = values("fod_tool04_monthly", {**TOOL04, "deposits": [["2024-11", "food", 10], ["2025-01", "food", 5]]})
    plain = values("fod_tool04_monthly", {**TOOL04, "deposits": [[1, "food", 10], [3, "food", 5]]})
    assert list(found)[:3] == ["2024-11", "2024-12", "2025-01"]
    assert found["2025-01"] == plain["3"]
    assert found["sum"] == plain["sum"]


def test_factors_by_period_hold_from_the_period_they_name() -> None:
    deposits = [[1, "food", 100], [2, "food", 100], [3, "food", 100]]
    base = values("fod_tool04_yearly", {**TOOL04, "deposits": deposits})
    listed = values("fod_tool04_yearly", {**TOOL04, "f": [0, 0.5, 0.5], "gwp": [28, 28, 27], "deposits": deposits})
    named = values(
        "fod_tool04_yearly", {**TOOL04, "f": {"1": 0, "2": 0.5}, "gwp": {"1": 28, "3": 27}, "deposits": deposits}
    )
    assert listed == named
    assert listed["1"] == base["1"]
    assert listed["2"] == pytest.approx(base["2"] * 0.5, rel=1e-15)
    assert listed["3"] == pytest.approx(base["3"] * 0.5 * 27 / 28, rel=1e-15)
    assert listed["9"] == pytest.approx(base["9"] * 0.5 * 27 / 28, rel=1e-15)


def test_docf_and_mcf_are_of_the_deposit_and_capture_is_of_the_emission() -> None:
    """A landfill that replaces a dump in year 2 changes what is laid down from then on, not what lies there."""
    deposits = [[1, "food", 100], [2, "food", 100]]
    found = values("fod_tool04_yearly", {**TOOL04, "mcf": {"1": 0.4, "2": 1.0}, "deposits": deposits})
    old = values("fod_tool04_yearly", {**TOOL04, "mcf": 0.4, "deposits": [[1, "food", 100]]})
    new = values("fod_tool04_yearly", {**TOOL04, "deposits": [[2, "food", 100]]})
    assert found["2"] == pytest.approx(old["2"] + new["2"], rel=1e-14)


def test_factors_may_stand_with_the_stream_or_be_told_by_stream() -> None:
    streams = {
        "food": {"doc": 0.15, "k_per_year": 0.4, "docf": 0.7},
        "wood": {"doc": 0.43, "k": 0.035, "docf": 0.1, "mcf": 0.8},
    }
    deposits = [[1, "food", 5], [1, "wood", 7]]
    within = values("fod_tool04_yearly", {**TOOL04, "streams": streams, "deposits": deposits})
    flat = {name: {"share": 1} for name in streams}
    told = {
        "doc": {"food": 0.15, "wood": 0.43},
        "k_per_year": {"food": 0.4, "wood": 0.035},
        "docf": {"food": 0.7, "wood": 0.1},
        "mcf": {"food": 1.0, "wood": 0.8},
    }
    by_stream = values("fod_tool04_yearly", {**TOOL04, **told, "streams": flat, "deposits": deposits})
    assert by_stream == within


def test_a_stream_without_deposits_changes_nothing() -> None:
    with_wood = {**FOOD, "wood": {"doc": 0.43, "k_per_year": 0.03}}
    assert values("fod_tool04_yearly", {**TOOL04, **BARE, "streams": with_wood}) == values(
        "fod_tool04_yearly", {**TOOL04, **BARE}
    )


def test_what_a_case_does_not_say_is_told() -> None:
    found = calculate([{"id": "A", "kind": "fod_tool04_yearly", "inputs": {**BARE, "oxx": 1}}]).as_json("en")["cases"][
        0
    ]
    assert found["assumed"] == {"phi": 1.0, "f": 0.0, "ox": 0.0, "F": 0.5, "docf": 0.5, "mcf": 1.0}
    assert found["ignored"] == ["oxx"]
    assert found["unit"] == "t CH4"
    assert found["values"]["1"] == pytest.approx(100 * 0.15 * 0.5 * 0.5 * 16 / 12 * (1 - math.exp(-0.4)), rel=1e-14)


@pytest.mark.parametrize(
    ("asked", "last"),
    [({"horizon_years": 10}, 10), ({"last_year": 8}, 8), ({"periods": 7}, 7), ({"periods": [1, 2, 3, 4]}, 4)],
)
def test_the_sum_goes_as_far_as_the_case_says(asked: dict[str, Any], last: int) -> None:
    found = calculate([{"id": "A", "kind": "fod_tool04_yearly", "inputs": {**TOOL04, **BARE, **asked}}]).as_json("en")
    case = found["cases"][0]
    assert case["sum_over"] == ["1", str(last)]
    assert case["values"]["sum"] == pytest.approx(sum(case["values"][str(y)] for y in range(1, last + 1)), rel=1e-14)


def test_years_of_a_monthly_case_are_twelve_months() -> None:
    found = calculate([{"id": "A", "kind": "fod_tool04_monthly", "inputs": {**TOOL04, **BARE, "horizon_years": 2}}])
    assert found.as_json("en")["cases"][0]["sum_over"] == ["1", "24"]


def test_a_landfill_of_warm_by_name_of_its_collection_and_by_its_list_is_the_same() -> None:
    case = next(case for case in PUBLISHED["cases"] if case["id"] == "LFGCALC-C3")
    listed = values(case["kind"], case["inputs"])
    named = {key: value for key, value in case["inputs"].items() if not key.startswith("collection_efficiency")}
    assert values(case["kind"], named) == listed
    years = [[2023 + year, mass] for year, mass in case["inputs"]["deposits"]]
    assert values(case["kind"], {**named, "deposits": years}) == pytest.approx(listed, rel=1e-15)
    assert listed["sum"] == listed["emit_sum"]
    assert listed["gen_2026"] == pytest.approx(listed["food_gen_2026"] + listed["yard_gen_2026"], rel=1e-15)
    assert listed["emit_2026"] == pytest.approx((listed["gen_2026"] - listed["capt_2026"]) * 0.9, rel=1e-14)
    assert listed["2026"] == pytest.approx(listed["emit_2026"], rel=1e-15)
    assert {f"{kind}_{year}" for kind in ("food_gen", "yard_capt", "emit") for year in (2023, 2122)} <= set(listed)
    assert "food_gen_2123" not in listed


@pytest.mark.parametrize(
    ("scenario", "shares"),
    [
        ("Worst-case", {0: 0, 4: 0, 5: 0.5, 9: 0.5, 10: 0.75, 15: 0.825}),
        ("aggressive", {0: 0, 1: 0.5, 2: 0.5, 3: 0.75, 14: 0.75, 40: 0.825}),
        ("California", {0: 0, 1: 0.5, 2: 0.8, 7: 0.8, 8: 0.85}),
        (None, {0: 0, 50: 0}),
        (False, {0: 0, 50: 0}),
    ],
)
def test_collection_scenarios(scenario: str | bool | None, shares: dict[int, float]) -> None:
    inputs = {
        "deposits": [[y, 100] for y in range(60)],
        "streams": {"food": {"k_per_year": 0.3}},
        "doc": 0.17,
        "year0": 2000,
    }
    found = values("fod_warm_landfill", inputs | ({} if scenario is None else {"collection_scenario": scenario}))
    for year, share in shares.items():
        assert found[f"capt_{2000 + year}"] == pytest.approx(found[f"gen_{2000 + year}"] * share, rel=1e-14)


# --- properties P1 to P8 through the calculator

factor = st.floats(0.01, 1)
rates = st.floats(0.01, 0.8)
lists = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from(["food", "wood"]), st.floats(0, 1e4)), min_size=1, max_size=15
)


def streams_of(doc: float, k: float) -> dict[str, Any]:
    return {"food": {"doc": doc, "k_per_year": k}, "wood": {"doc": doc / 2, "k_per_year": k / 3}}


@given(factor, factor, rates, st.sampled_from(["fod_tool04_yearly", "fod_tool04_monthly"]))
@settings(max_examples=30, deadline=None)
def test_p1_all_of_time_is_the_potential_whatever_the_rate(doc: float, docf: float, k: float, kind: str) -> None:
    inputs = {"phi": 0.85, "f": 0.2, "ox": 0.1, "docf": docf, "streams": streams_of(doc, k)}
    years = math.ceil(50 / k)
    found = values(kind, {**inputs, "deposits": [[1, "food", 7]], "horizon_years": min(years, 1600)})
    left = math.exp(-k * min(years, 1600))
    potential = 0.85 * 0.8 * 0.9 * 16 / 12 * 0.5 * docf * 7 * doc
    assert found["sum"] == pytest.approx(potential * (1 - left), rel=1e-9)


@given(lists, lists, factor, rates)
@settings(max_examples=40, deadline=None)
def test_p2_p8_lists_add_up_and_a_voided_deposit_was_never_there(first, second, doc: float, k: float) -> None:
    common = {**TOOL04, "streams": streams_of(doc, k), "horizon_years": 30}
    for kind in ("fod_tool04_monthly", "fod_ipcc"):
        one, other, both, voided = (
            values(kind, {**common, "deposits": [list(deposit) for deposit in deposits]})
            for deposits in (first, second, first + second, first + second + [(p, s, -m) for p, s, m in second])
        )
        for key in set(one) & set(other) & set(both) - {"sum"}:
            assert both[key] == pytest.approx(one[key] + other[key], rel=1e-9, abs=1e-9)
            assert voided[key] == pytest.approx(one[key], rel=1e-6, abs=1e-8)


@given(lists, factor, rates)
@settings(max_examples=40, deadline=None)
def test_p3_ipcc_is_tool04_a_year_later(deposits, doc: float, k: float) -> None:
    shared = {"ox": 0.1, "docf": 0.5, "streams": streams_of(doc, k), "deposits": [list(one) for one in deposits]}
    tool04, ipcc = values("fod_tool04_yearly", {**shared, "phi": 1}), values("fod_ipcc", shared)
    assert ipcc["1"] == 0
    for year in range(2, 50):
        assert ipcc[str(year)] == pytest.approx(tool04[str(year - 1)], rel=1e-12, abs=1e-300)


@given(lists, factor, rates, st.floats(0, 100))
@settings(max_examples=40, deadline=None)
def test_p4_nothing_comes_of_nothing_and_more_is_more_in_proportion(
    deposits, doc: float, k: float, times: float
) -> None:
    common = {**TOOL04, "streams": streams_of(doc, k), "deposits": [list(one) for one in deposits]}
    for nothing in ({"f": 1}, {"mcf": 0}, {"docf": 0}, {"phi": 0}, {"ox": 1}, {"gwp": 0}, {"F": 0}):
        assert set(values("fod_tool04_monthly", {**common, **nothing}).values()) == {0.0}
    base = values("fod_tool04_monthly", common)
    scaled = values("fod_tool04_monthly", {**common, "deposits": [[p, s, m * times] for p, s, m in deposits]})
    for key, value in base.items():
        assert scaled[key] == pytest.approx(value * times, rel=1e-9, abs=1e-12)


@given(lists, factor, rates)
@settings(max_examples=30, deadline=None)
def test_p5_the_recursion_is_the_double_sum(deposits, doc: float, k: float) -> None:
    streams = streams_of(doc, k)
    found = values("fod_tool04_monthly", {**TOOL04, "streams": streams, "deposits": [list(one) for one in deposits]})
    prefactor = 0.85 * 28 * 0.9 * 16 / 12 * 0.5 * 0.5
    for month in (1, 6, 12, 100):
        terms = [
            mass
            * streams[s]["doc"]
            * math.exp(-streams[s]["k_per_year"] * (month - at) / 12)
            * -math.expm1(-streams[s]["k_per_year"] / 12)
            for at, s, mass in deposits
            if at <= month
        ]
        assert found[str(month)] == pytest.approx(prefactor * math.fsum(terms), rel=1e-11, abs=1e-300)


@given(factor, rates, st.floats(0.1, 1e5))
@settings(max_examples=40, deadline=None)
def test_p7_twelve_months_of_a_january_are_its_first_year(doc: float, k: float, mass: float) -> None:
    inputs = {**TOOL04, "streams": streams_of(doc, k), "deposits": [[1, "food", mass]]}
    monthly, yearly = values("fod_tool04_monthly", inputs), values("fod_tool04_yearly", inputs)
    assert math.fsum(monthly[str(month)] for month in range(1, 13)) == pytest.approx(yearly["1"], rel=1e-11)


# --- what is wrong, and where


@pytest.mark.parametrize(
    ("inputs", "where", "what"),
    [
        ({**TOOL04}, "cases[0].inputs.deposits", "holds no deposits"),
        ({**TOOL04, "deposits": "many"}, "cases[0].inputs.deposits", "holds no deposits"),
        ({**TOOL04, "deposits": [[1, "straw", 5]]}, "deposits[0]", "straw is not in streams (known: food)"),
        ({**TOOL04, "deposits": [[1, "food", "much"]]}, "deposits[0]", "much is no number"),
        ({**TOOL04, "deposits": [[1, "food", float("nan")]]}, "deposits[0]", "nan is no number"),
        ({**TOOL04, "deposits": [[1.5, "food", 1]]}, "deposits[0]", "1.5 is no period"),
        ({**TOOL04, "deposits": [[True, "food", 1]]}, "deposits[0]", "True is no period"),
        ({**TOOL04, "deposits": [[1, "food", 1, 1]]}, "deposits[0]", "write [period"),
        ({**TOOL04, "deposits": [[1, "food", 1], [10**6, "food", 1]]}, "inputs", "at most 20000"),
        ({**TOOL04, **BARE, "f": 50}, "cases[0].inputs.f", "from 0 to 1"),
        ({**TOOL04, **BARE, "ox": "a tenth"}, "cases[0].inputs.ox", "a tenth is no number"),
        ({**TOOL04, **BARE, "f": [0, 2]}, "cases[0].inputs.f[1]", "from 0 to 1"),
        ({**TOOL04, **BARE, "f": {"2": 0.5}}, "cases[0].inputs.f", "deposits start in 1"),
        ({**TOOL04, **BARE, "streams": {"food": {"doc": 0.15}}}, "streams.food.k_per_year", "k_per_year is missing"),
        ({**TOOL04, **BARE, "streams": {"food": {"k": 0.15}}}, "streams.food.doc", "doc is missing"),
        ({**TOOL04, **BARE, "streams": {"food": 0.15}}, "streams.food", "an object with keys"),
        ({**TOOL04, **BARE, "streams": {"food": {"doc": 0.15, "k": [0.1, 0.2]}}}, "streams.food.k", "cannot change"),
        ({**TOOL04, **BARE, "horizon_years": 0}, "horizon_years", "at least 1"),
        (
            {**TOOL04, "streams": {**FOOD, "wood": FOOD["food"]}, "deposits": [[1, 5]]},
            "streams",
            "give every stream a share",
        ),
        (None, "cases[0].inputs", "is missing"),
    ],
)
def test_a_fault_names_its_place_and_the_remedy(inputs: Any, where: str, what: str) -> None:
    found = faults("fod_tool04_yearly", inputs)
    assert any(where in text and what in text for text in found), found


def test_several_faults_are_told_at_once_and_other_cases_are_computed_all_the_same() -> None:
    document = {
        "cases": [
            {"id": "bad", "kind": "fod_tool04_yearly", "inputs": {**TOOL04, **BARE, "f": 2, "ox": -1}},
            {"id": "other", "kind": "fod_sweet", "inputs": {}},
            {"id": "good", "kind": "fod_tool04_yearly", "inputs": {**TOOL04, **BARE}},
            {"id": "kindless", "inputs": {}},
            7,
        ]
    }
    found = calculate(document).as_json("zh-hans")
    assert [case["id"] for case in found["cases"]] == ["good"]
    assert [one["id"] for one in found["not_computed"]] == ["other"]
    assert "fod_sweet" in found["not_computed"][0]["reason"]
    assert {one["id"]: len(one["errors"]) for one in found["errors"]} == {"bad": 2, "kindless": 1, "#5": 1}


@pytest.mark.parametrize("document", [None, 7, {}, {"cases": {}}, "x"])
def test_a_document_without_cases_is_refused(document: Any) -> None:
    with pytest.raises(Problem, match="holds no cases"):
        calculate(document)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 3000) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["1", "food", "doc", "k", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from(list(calculator_rules().kinds)),
    st.dictionaries(
        st.sampled_from(
            [*TOOL04, "deposits", "r", "doc", "k_per_year", "horizon_years", "collection_scenario", "year0"]
        ),
        anything,
    ),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_sent_is_answered(kind: str, inputs: dict[str, Any], completed: bool) -> None:
    if completed:
        inputs = {**TOOL04, **BARE, **inputs}
    answers = calculate([{"id": "A", "kind": kind, "inputs": inputs}])
    assert len(answers.answers) + len(answers.broken) == 1
    json.dumps(answers.as_json("zh-hans"))
    for answer in answers.answers:
        assert all(math.isfinite(value) for value in answer.values.values())
        assert explained(answer)


# --- command and API


def test_the_command_prints_what_the_api_answers(client, tmp_path: Path, settings) -> None:
    settings.API_CHECK_RATE = None
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(PUBLISHED), encoding="utf-8")
    out = io.StringIO()
    call_command("methane", str(path), "--format", "json", stdout=out, stderr=io.StringIO())
    printed = json.loads(out.getvalue())
    cases = [{key: case[key] for key in ("id", "kind", "inputs")} for case in PUBLISHED["cases"]]
    answered = client.post(
        "/api/v1/impact/methane?explain=true", {"cases": cases}, content_type="application/json"
    ).json()
    assert {c["id"]: c["values"] for c in answered["cases"]} == {c["id"]: c["values"] for c in printed["cases"]}
    assert all(case["explanation"] for case in answered["cases"])


def test_the_api_takes_a_whole_collection_as_it_is_and_a_broken_case_stops_no_other(client, settings) -> None:
    settings.API_CHECK_RATE = None
    broken = [{"id": "no inputs", "kind": "fod_ipcc"}, {"id": 7, "kind": 7, "inputs": {}}, {"inputs": "none"}]
    collection = {"title": "Cases", "conventions": {"mass": "t"}, **PUBLISHED, "cases": [*broken, *PUBLISHED["cases"]]}
    done = client.post("/api/v1/impact/methane", collection, content_type="application/json")
    assert done.status_code == 200
    found = done.json()
    assert [case["id"] for case in found["cases"]] == [case["id"] for case in PUBLISHED["cases"]]
    assert [one["id"] for one in found["errors"]] == ["no inputs", "7", "#3"]


def test_the_command_needs_no_database_and_its_exit_status_tells(tmp_path: Path) -> None:
    """In a process of its own, with a data folder that does not exist."""

    def run(document: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "methane", "-", "--format", "json", "--language", "en"],
            cwd=ROOT,
            input=document,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": "/usr/bin:/bin", "COMPOSTNET_DATA": str(tmp_path / "none")},
        )

    good = {"id": "good", "kind": "fod_ipcc", "inputs": {"deposits": [[1, 1000]], "doc": 0.15, "k": 0.4, "ox": 0.1}}
    done = run(json.dumps([good, {"id": "other", "kind": "fod_landgem", "inputs": {}}]))
    assert done.returncode == 0
    assert json.loads(done.stdout)["cases"][0]["values"]["2"] == pytest.approx(14.835597928, rel=1e-9)
    assert "other: Cases of the kind fod_landgem are not computed here" in done.stderr
    broken = run(json.dumps([good, {"id": "bad", "kind": "fod_ipcc", "inputs": {}}]))
    assert (broken.returncode, len(json.loads(broken.stdout)["cases"])) == (1, 1)
    assert "bad: cases[1].inputs.deposits" in broken.stderr
    assert run("{").returncode == 2
    assert list((tmp_path / "none").rglob("*sqlite*")) == []


def test_the_command_tells_the_arithmetic_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([PUBLISHED["cases"][0]]), encoding="utf-8")
    for language, sign in (("en", "left after one period"), ("zh-hans", "每期剩余")):
        out = io.StringIO()
        call_command("methane", str(path), "--explain", "--language", language, stdout=out)
        assert sign in out.getvalue()
        assert "16/12" in out.getvalue()
        assert "89.6236526218" in out.getvalue()


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("methane", str(tmp_path / "none.json"), "--language", "en")


def test_numbers_and_kinds_of_the_rules_are_cited() -> None:
    rules = calculator_rules()
    assert set(rules.kinds) == {"fod_tool04_yearly", "fod_tool04_monthly", "fod_ipcc", "fod_warm_landfill"}
    for kind in rules.kinds.values():
        assert set(kind.uses) <= set(rules.inputs)


def test_what_the_documentation_shows_is_so(tmp_path: Path) -> None:
    """Its commands run, its case is computed, its tables say what the rules say."""
    text = (ROOT / "docs" / "calculator.md").read_text(encoding="utf-8")
    commands = [line for line in text.split("```sh\n")[1].split("```")[0].splitlines() if line]
    assert len(commands) == 3
    for command in commands:
        name, *arguments = command.removeprefix("./run manage ").split()
        path = str(ROOT / arguments[0])
        call_command(name, path, *arguments[1:], stdout=io.StringIO(), stderr=io.StringIO())
    document = json.loads(text.split("```json\n")[1].split("```")[0])
    found = calculate(document).as_json("en")
    assert found["cases"][0]["sum_over"] == ["1", "4"]
    shown = json.loads(text.split("```json\n")[2].split("```")[0])["cases"][0]["values"]
    assert {key: round(found["cases"][0]["values"][key], 1) for key in shown} == shown
    rules = calculator_rules()
    assert all(f"`{kind}`" in text for kind in rules.kinds)
    assert all(name in text for name in rules.collection_scenarios)
    for name, rule in rules.inputs.items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{rule.names[0]}`")), "")
        assert row or name == "share"
        if rule.silent is not None and name not in ("share", "gwp"):
            assert row.endswith(f"| {rule.silent:g} |")
