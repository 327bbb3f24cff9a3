"""Decision rules and conformance probabilities, with the worked examples of JCGM 106:2012."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.checking.decision import conformance, normal
from standards.checking.explain import check_lines
from standards.checking.judging import Bounds
from standards.reading.readings import Line
from tests.standards.made_up import limit, rules_of


def found(rules, value, uncertainty, *, decision="simple", unit="mg/kg", basis="dm", name="Pb"):
    line = Line("s", name, value, unit, basis, uncertainty=uncertainty)
    return check_lines([line], [(False, [rules])], decision=decision)[0].indicators[0]


def chance(value, u, **bounds):
    return float(conformance(np.array([value]), np.array([u]), Bounds(**bounds))[0])


def test_worked_examples_of_jcgm_106():
    # 7.3.2 example: burst strength of a container, at least 490 kPa, measured 507 kPa with u = 8.6 kPa
    assert chance(507, 8.6, lower=490) == pytest.approx(0.976, abs=0.0005)
    # 7.3.3 example: breakdown voltage, at most -5.40 V, measured -5.47 V with u = 0.05 V
    assert chance(-5.47, 0.05, upper=-5.40) == pytest.approx(0.919, abs=0.0005)
    # 7.4 example: viscosity of motor oil, 12.5 to 16.3 mm²/s, measured 13.6 with u = 1.8
    assert chance(13.6, 1.8, lower=12.5, upper=16.3) == pytest.approx(0.66, abs=0.005)


def test_a_value_one_guard_band_inside_has_the_risk_of_ilac_g8():
    """ILAC-G8:09/2019: w = U, so at most 2.5 % are accepted falsely; at the limit itself half are."""
    assert 1 - chance(46, 2, upper=50) == pytest.approx(0.0228, abs=1e-4)
    assert chance(50, 2, upper=50) == 0.5


@given(st.floats(-8, 8))
def test_the_normal_distribution_is_exact(z):
    assert float(normal(np.array([z]))[0]) == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)), abs=1e-7)


LEAD = rules_of(limit("Pb", value="50"))


@pytest.mark.parametrize(
    ("value", "simple", "guarded"),
    [
        ("45.9", "pass", "pass"),
        ("46", "pass", "pass"),  # 46 + 4 = 50 is still within
        ("46.1", "pass", "cannot_tell"),
        ("50", "pass", "cannot_tell"),
        ("50.1", "fail", "cannot_tell"),
        ("54", "fail", "cannot_tell"),  # 54 - 4 = 50 does not violate
        ("54.1", "fail", "fail"),
    ],
)
def test_a_maximum(value, simple, guarded):
    assert found(LEAD, value, "U = 4, k = 2").verdict == simple
    one = found(LEAD, value, "U = 4, k = 2", decision="guarded")
    assert one.verdict == guarded
    assert (one.code == "reason_within_uncertainty") == (guarded == "cannot_tell")


@pytest.mark.parametrize(
    ("compare", "value", "guarded"),
    [("<", "46", "cannot_tell"), ("<", "45.9", "pass"), ("<", "54", "fail"), ("<=", "46", "pass")],
)
def test_a_strict_maximum(compare, value, guarded):
    assert found(rules_of(limit("Pb", compare, "50")), value, "4", decision="guarded").verdict == guarded


@pytest.mark.parametrize(
    ("value", "guarded"),
    [("33", "cannot_tell"), ("34", "pass"), ("30", "cannot_tell"), ("26", "cannot_tell"), ("25.9", "fail")],
)
def test_a_minimum(value, guarded):
    rules = rules_of(limit("organic_matter", ">=", "30", unit="%"))
    assert found(rules, value, "4", decision="guarded", unit="%", name="OM").verdict == guarded


@pytest.mark.parametrize(
    ("value", "simple", "guarded"),
    [("5.6", "pass", "cannot_tell"), ("5.7", "pass", "pass"), ("8.3", "pass", "pass"), ("8.6", "fail", "cannot_tell")],
)
def test_a_range(value, simple, guarded):
    rules = rules_of(limit("pH", "range", low="5.5", high="8.5", unit="-", basis="none"))
    assert found(rules, value, "0.2", unit="", basis="", name="pH").verdict == simple
    assert found(rules, value, "0.2", unit="", basis="", name="pH", decision="guarded").verdict == guarded


def test_an_uncertainty_is_converted_with_its_value():
    """0.0048 % and ± 0.0004 % are 48 and 4 mg/kg; as received at half moisture 24 and 2 are."""
    assert found(LEAD, "0.0048", "0.0004", unit="%", decision="guarded").verdict == "cannot_tell"
    assert found(LEAD, "0.0045", "0.0004", unit="%", decision="guarded").verdict == "pass"
    rows = [Line("s", "Pb", "24", "mg/kg", "ar", uncertainty="2"), Line("s", "moisture", "50", "%")]
    both = {how: check_lines(rows, [(False, [LEAD])], decision=how)[0].indicators[0] for how in ("simple", "guarded")}
    assert (both["simple"].verdict, both["guarded"].verdict) == ("pass", "cannot_tell")
    assert both["simple"].probability == pytest.approx(float(normal(np.array([1.0]))[0]))


def test_the_probability_is_told_under_either_rule():
    for decision in ("simple", "guarded"):
        one = found(LEAD, "48", "U = 4 (k = 2)", decision=decision)
        assert one.probability == pytest.approx(0.8413, abs=1e-4)
        assert one.as_json("en")["probability"] == 0.8413
        assert "84.1 %" in one.as_json("en")["reason"]
        assert "84.1 %" in one.as_json("zh-hans")["reason"]
    assert found(LEAD, "48", "").probability is None


def test_mean_and_deviation_in_a_value_is_no_uncertainty():
    one = found(LEAD, "48 ± 4", "", decision="guarded")
    assert (one.verdict, one.probability) == ("pass", None)


def test_the_mean_of_several_is_more_certain_than_one():
    monthly = rules_of(limit("Pb", value="50", statistic="monthly_average"))
    rows = [Line("s", "Pb", "47", "mg/kg", "dm", uncertainty="4")] * 4
    assert check_lines(rows, [(False, [monthly])], decision="guarded")[0].indicators[0].verdict == "pass"
    assert check_lines(rows, [(False, [LEAD])], decision="guarded")[0].indicators[0].verdict == "cannot_tell"


@settings(deadline=None)
@given(st.floats(0, 100), st.floats(0.1, 30))
def test_guarding_never_turns_a_verdict_round(value, expanded):
    plain = found(LEAD, f"{value:.3f}", f"{expanded:.3f}").verdict
    guarded = found(LEAD, f"{value:.3f}", f"{expanded:.3f}", decision="guarded").verdict
    assert guarded in (plain, "cannot_tell")
