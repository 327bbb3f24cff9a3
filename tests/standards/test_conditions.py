"""Conditions on facts and on other results, statistics of several results, delegated limits."""

from __future__ import annotations

import pytest

from tests.standards.made_up import all_of, answer, any_of, limit, rules_of, verdicts

FEED = {"fact": "feedstock", "is": ["kitchen_waste", "manure"]}
GARDEN = {"fact": "feedstock", "is_not": ["garden_waste"]}
RICH = {"indicator": "P2O5", "compare": ">=", "value": "5", "unit": "%", "basis": "dm"}
FACTS = {"feedstock": "kitchen_waste"}


@pytest.mark.parametrize(
    ("row", "facts", "expected"),
    [
        ("Cu; 120; mg/kg; dm", {"feedstock": "manure"}, ("fail", "not_met")),
        ("Cu; 120; mg/kg; dm", {"feedstock": "garden_waste"}, ("not_applicable", "condition_not_met")),
        ("Cu; 120; mg/kg; dm", {}, ("cannot_tell", "condition_unknown")),
        ("Cu; 80; mg/kg; dm", {"feedstock": "manure"}, ("pass", "met")),
        ("Cu; 80; mg/kg; dm", {"feedstock": "garden_waste"}, ("not_applicable", "condition_not_met")),
        ("Cu; 80; mg/kg; dm", {}, ("pass", "met")),
        ("Pb; 80; mg/kg; dm", {}, ("not_tested", "not_reported")),
        ("Pb; 80; mg/kg; dm", {"feedstock": "other"}, ("not_applicable", "condition_not_met")),
        ("Cu; <150; mg/kg; dm", {}, ("cannot_tell", "censored")),
    ],
)
def test_a_condition_on_a_fact(row, facts, expected):
    assert verdicts(rules_of(limit("Cu", value="100", when=[FEED])), row, facts=facts)["Cu"] == expected


def test_what_an_unknown_condition_needs_is_named():
    rules = rules_of(limit("Cu", value="100", when=[FEED]))
    failing = answer(rules, "Cu; 120; mg/kg; dm").indicators[0]
    assert "feedstock" in failing.next_step.render("en")
    assert "kitchen and food waste" in failing.reason.render("en")
    assert "原料" in failing.next_step.render("zh-hans")
    untested = answer(rules, "Pb; 1; mg/kg; dm").indicators[0]
    assert untested.verdict == "not_tested"
    assert "kitchen and food waste" in untested.as_json("en")["reason"]
    met = answer(rules, "Cu; 20; mg/kg; dm").indicators[0]
    assert "anyway" in met.as_json("en")["reason"]


@pytest.mark.parametrize(
    ("p2o5", "expected"),
    [
        ("P2O5; 6; %; dm", ("fail", "not_met")),
        ("P2O5; 5; %; dm", ("fail", "not_met")),
        ("P2O5; 4; %; dm", ("not_applicable", "condition_not_met")),
        ("P2O5; <6; %; dm", ("cannot_tell", "condition_unknown")),
        ("P2O5; 4; %; ar", ("cannot_tell", "condition_unknown")),
        ("N; 4; %; dm", ("cannot_tell", "condition_unknown")),
    ],
)
def test_a_condition_on_another_result(p2o5, expected):
    rules = rules_of(limit("Cd", value="2", when=[RICH]))
    assert verdicts(rules, "Cd; 3; mg/kg; dm", p2o5)["Cd"] == expected


def test_every_one_of_several_conditions_must_hold():
    rules = rules_of(limit("Cd", value="2", when=[FEED, RICH]))

    def found(*rows, facts):
        return verdicts(rules, "Cd; 3; mg/kg; dm", *rows, facts=facts)["Cd"][0]

    assert found("P2O5; 6; %; dm", facts=FACTS) == "fail"
    assert found("P2O5; 4; %; dm", facts={}) == "not_applicable"
    assert found(facts={"feedstock": "other"}) == "not_applicable"
    assert found("P2O5; 6; %; dm", facts={}) == "cannot_tell"
    assert found(facts=FACTS) == "cannot_tell"


def test_a_condition_on_a_group_goes_for_all_in_it():
    rules = rules_of(limit("Pb", value="50"), all_of(limit("Cu", value="100"), limit("Zn", value="300"), when=[FEED]))
    rows = ["Pb; 1; mg/kg; dm", "Cu; 500; mg/kg; dm", "Zn; 1; mg/kg; dm"]
    assert verdicts(rules, *rows, facts={"feedstock": "other"}) == {
        "Pb": ("pass", "met"),
        "Cu": ("not_applicable", "condition_not_met"),
        "Zn": ("not_applicable", "condition_not_met"),
        "": ("pass", ""),
    }
    assert verdicts(rules, *rows, facts=FACTS)[""][0] == "fail"
    assert verdicts(rules, *rows)[""][0] == "cannot_tell"
    assert verdicts(rules, *rows)["Cu"] == ("cannot_tell", "condition_unknown")


def test_an_alternative_counts_only_where_it_is_known_to_apply():
    rules = rules_of(any_of(limit("Cu", value="100", when=[FEED]), limit("Zn", value="300")))
    rows = ["Cu; 10; mg/kg; dm", "Zn; 500; mg/kg; dm"]
    assert verdicts(rules, *rows, facts=FACTS)[""][0] == "pass"
    assert verdicts(rules, *rows, facts={"feedstock": "other"})[""][0] == "fail"
    assert verdicts(rules, *rows)[""][0] == "cannot_tell"
    both_fail = ["Cu; 500; mg/kg; dm", "Zn; 500; mg/kg; dm"]
    assert verdicts(rules, *both_fail)[""][0] == "fail"


def test_nothing_that_applies_is_no_pass():
    rules = rules_of(limit("Cu", value="100", when=[FEED]))
    assert verdicts(rules, "Cu; 1; mg/kg; dm", facts={"feedstock": "other"})[""][0] == "cannot_tell"


def test_a_condition_is_judged_sample_by_sample():
    from standards.checking.explain import check_lines
    from tests.standards.support import lines

    rules = rules_of(limit("Cd", value="2", when=[RICH]))
    rows = [*lines("Cd; 3; mg/kg; dm", "P2O5; 6; %; dm", sample="rich"), *lines("Cd; 3; mg/kg; dm", sample="silent")]
    rows += lines("Cd; 3; mg/kg; dm", "P2O5; 1; %; dm", sample="poor")
    found = {one.sample: one.indicators[0].verdict for one in check_lines(rows, [(False, [rules])])}
    assert found == {"rich": "fail", "silent": "cannot_tell", "poor": "not_applicable"}


MOVING = {"statistic": "moving_average", "n": 4, "single_over_percent": "25"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([110], ("cannot_tell", "too_few")),
        ([130], ("fail", "single_over")),
        ([125], ("cannot_tell", "too_few")),
        ([90, 90, 90], ("cannot_tell", "too_few")),
        ([110, 110, 90, 90], ("pass", "met")),
        ([110, 110, 90, 91], ("fail", "not_met")),
        ([126, 80, 80, 80], ("fail", "single_over")),
        ([200, 110, 110, 90, 90], ("pass", "met")),  # only the last four count
        ([90, 90, 110, 110, 120], ("fail", "not_met")),
        (["<20", 110, 110, 110], ("pass", "met")),
        (["<80", 110, 110, 110], ("cannot_tell", "censored")),
        ([90, 90, 90, "about right"], ("cannot_tell", "unreadable")),
    ],
)
def test_moving_average_of_four_with_no_single_one_over(values, expected):
    rules = rules_of(limit("Cu", value="100", **MOVING))
    assert verdicts(rules, *[f"Cu; {value}; mg/kg; dm" for value in values])["Cu"] == expected


def test_how_many_more_a_moving_average_needs():
    rules = rules_of(limit("Cu", value="100", **MOVING))
    step = answer(rules, "Cu; 110; mg/kg; dm").indicators[0].next_step
    assert "3 more samples" in step.render("en")
    assert "3 个样品" in step.render("zh-hans")
    one = answer(rules, *["Cu; 90; mg/kg; dm"] * 3).indicators[0].next_step.render("en")
    assert "1 more sample " in one


COUNT = {"unit": "per g", "basis": "ar", "statistic": "geometric_mean", "n": 5}


def test_geometric_mean_of_the_reference():
    rules = rules_of(limit("faecal_coliforms", "<", "1000", **COUNT))
    rows = [f"faecal coliforms; {value}; MPN/g; ar" for value in (10, 20, 95, 400, 1500)]
    found = answer(rules, *rows).indicators[0]
    assert (found.verdict, found.compared) == ("pass", pytest.approx(102.7, abs=0.1))
    assert "log10" in found.as_json("en")["reason"]
    assert verdicts(rules_of(limit("faecal_coliforms", value="100", **COUNT)), *rows)["faecal_coliforms"][0] == "fail"
    plan = limit(
        "faecal_coliforms", value="1000", unit="per g", basis="ar", plan={"n": 5, "c": 5, "m": "0", "M": "1000"}
    )
    assert verdicts(rules_of(plan), *rows)["faecal_coliforms"][0] == "fail"


def test_geometric_mean_of_too_few_is_open_whichever_way_it_points():
    """Results still to come may be as low, or as high, as they like."""
    rules = rules_of(limit("faecal_coliforms", "<", "1000", **COUNT))
    for value in ("10", "100000"):
        row = f"faecal coliforms; {value}; MPN/g; ar"
        assert verdicts(rules, row)["faecal_coliforms"] == ("cannot_tell", "too_few")


def test_geometric_mean_with_censored_results_holds_both_ends():
    rules = rules_of(limit("faecal_coliforms", "<", "1000", **COUNT))
    low = [f"faecal coliforms; {value}; MPN/g; ar" for value in ("<3", "10", "10", "10", "10")]
    assert verdicts(rules, *low)["faecal_coliforms"][0] == "pass"
    wide = [f"faecal coliforms; {value}; MPN/g; ar" for value in (">2400", "10", "10", "10", "10")]
    assert verdicts(rules, *wide)["faecal_coliforms"][0] == "cannot_tell"


def test_arsenic_by_the_standards_own_factor():
    own = {
        "of": "As2O3",
        "from": "As",
        "divisor": "0.757",
        "clause": {"zh": "一", "en": "1"},
        "source": "s",
        "grade": "B",
    }
    rules = rules_of(limit("As2O3", value="10"), conversions=(own,))
    for value, expected in (("7.5", "pass"), ("7.57", "pass"), ("7.6", "fail")):
        found = answer(rules, f"As; {value}; mg/kg; dm").indicators[0]
        assert found.verdict == expected, value
        assert found.compared == pytest.approx(float(value) / 0.757, rel=1e-4)
    assert verdicts(rules, "As2O3; 9; mg/kg; dm", "As; 9; mg/kg; dm")["As2O3"][0] == "pass"


def test_a_step_names_exactly_what_would_decide():
    def step(rules, *rows):
        return answer(rules, *rows).indicators[0].next_step.render("en")

    lead = rules_of(limit("Pb", value="50"))
    assert "up to 20 %" in step(lead, "Pb; 40; mg/kg; ar")
    either = step(lead, "Pb; 40; mg/kg;", "moisture; 50; %")
    assert "per dry matter, it meets the limit" in either
    assert "as received, it does not meet the limit" in either
    assert "at most 50 mg/kg (dry matter)" in step(lead, "Pb; <80; mg/kg; dm")
    carbon = rules_of(limit("organic_carbon", ">=", "7.5", unit="%", basis="ar"))
    assert "up to 25 %" in step(carbon, "TOC; 10; %; dm")
    as_received = rules_of(limit("Pb", value="50", basis="ar"))
    assert "from 50 % on" in step(as_received, "Pb; 100; mg/kg; dm")


@pytest.mark.parametrize("moisture", ["19.9", "20.1"])
def test_the_moisture_named_is_the_one_that_decides(moisture):
    rules = rules_of(limit("Pb", value="50"))
    expected = "pass" if float(moisture) < 20 else "fail"
    assert verdicts(rules, "Pb; 40; mg/kg; ar", f"moisture; {moisture}; %")["Pb"][0] == expected


def test_an_organic_matter_basis_asks_for_organic_matter():
    rules = rules_of(limit("Cu", value="600", basis="om"))
    found = answer(rules, "Cu; 300; mg/kg; dm").indicators[0]
    assert found.code == "reason_organic_matter_needed"
    assert verdicts(rules, "Cu; 300; mg/kg; dm", "OM; 60; %; dm")["Cu"][0] == "pass"
    assert verdicts(rules, "Cu; 300; mg/kg; dm", "OM; 40; %; dm")["Cu"][0] == "fail"
