"""Result texts as labs write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.checker import check, table
from standards.core import FAIL, PASS
from standards.library import library, rule_sets
from standards.readings import Line, read_line
from standards.results import read_result
from tests.standards.support import DAY


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("95", 95, 95),
        ("30.0%", 30, 30),
        ("１２．５％", 12.5, 12.5),
        ("1,5", 1.5, 1.5),
        ("0,234", 0.234, 0.234),
        ("1 000", 1000, 1000),
        ("1,234,567.8", 1234567.8, 1234567.8),
        ("3 ± 0.9", 3, 3),
        ("643 +/- 176", 643, 643),
        ("15:1", 15, 15),
        ("1：32", 1 / 32, 1 / 32),
        ("15.0-25.0", 15, 25),
        ("15～25", 15, 25),
        ("1.2×10³", 1200, 1200),
        ("1.2x10^3 CFU/g", 1200, 1200),
        ("10⁻²", 0.01, 0.01),
        ("1.5E-2", 0.015, 0.015),
        ("Rottegrad", None, None),
        ("1.5.2", None, None),
        ("2021-06-01", None, None),
        ("25-15", None, None),
        ("0.05*", None, None),
        ("<", None, None),
        ("3 ± x", None, None),
        ("1e999", None, None),
    ],
)
def test_numbers(text, low, high):
    found = read_result(text)
    assert found.text == text
    if low is None:
        assert found.kind == "unreadable"
    else:
        assert found.kind == "number"
        assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("text", "low", "high", "low_open", "high_open"),
    [
        ("<0.5", 0, 0.5, False, True),
        ("＜0.5", 0, 0.5, False, True),
        ("≤0.5", 0, 0.5, False, False),
        ("不大于0.5", 0, 0.5, False, False),
        (">2400", 2400, math.inf, True, False),
        ("≥100", 100, math.inf, False, False),
        ("<3 MPN/g", 0, 3, False, True),
    ],
)
def test_bounds(text, low, high, low_open, high_open):
    found = read_result(text)
    assert (found.low, found.high, found.low_open, found.high_open) == (low, high, low_open, high_open)


@pytest.mark.parametrize("text", ["", " ", "-", "—", "n.a.", "N/A", "/", "未检测", "not tested", None])
def test_not_tested_is_never_zero(text):
    assert read_result(text).kind == "not_tested"


@pytest.mark.parametrize("text", ["ND", "N.D.", "n.d.", "未检出", "not detected", "nil", "<LOQ", "ikke påvist", "阴性"])
def test_not_detected_without_a_limit_is_unbounded(text):
    found = read_result(text)
    assert found.kind == "not_detected"
    assert (found.low, found.high) == (0, math.inf)


@pytest.mark.parametrize(
    ("text", "note", "high"),
    [
        ("ND(<0.05)", "", 0.05),
        ("<LOQ (0.1)", "", 0.1),
        ("ND", "LOQ 0.05 mg/kg", 0.05),
        ("未检出", "检出限：0.01", 0.01),
    ],
)
def test_not_detected_with_its_limit(text, note, high):
    found = read_result(text, note)
    assert (found.kind, found.high, found.high_open) == ("not_detected", high, True)


def test_mass_examined_is_kept():
    assert read_result("absent in 25 g").grams == 25
    assert read_result("未检出/25g").grams == 25
    assert read_result("present in 50 g").kind == "detected"


def test_a_comma_that_may_be_two_things_holds_both():
    found = read_result("1,575")
    assert (found.low, found.high, found.ambiguous) == (1.575, 1575, True)


def test_roman_classes_only_where_the_scale_is_roman():
    assert read_result("IV", roman=True).low == 4
    assert read_result("IV").kind == "unreadable"


TEXTS = st.text(max_size=30) | st.text(
    alphabet=st.sampled_from("0123456789.,<>≤≥±-~:%×^eE ()NDnd未检出gkm/LOQ至约＜０⁻²\x00\n"), max_size=20
)


@given(TEXTS, TEXTS)
def test_no_text_raises(text, note):
    found = read_result(text, note)
    assert found.text == text
    assert found.low <= found.high
    read_result(text, roman=True)


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_line_raises_or_passes_unread(name, value, unit, basis, note):
    names = (name, "Pb", "GI", "Salmonella", "总磷", "粪大肠菌值", "有机质", "水分")
    readings = [read_line(Line(str(number), one, value, unit, basis, note)) for number, one in enumerate(names)]
    whole = table([[reading] for reading in readings])
    results = [check(whole, rules) for one in library().values() for rules in rule_sets(one, DAY)]
    for number, reading in enumerate(readings):
        if reading.parsed.kind in ("unreadable", "not_tested", "approximate", "lab_verdict"):
            for result in results:
                assert all(outcome.verdict[number] not in (PASS, FAIL) for outcome in result.outcomes)
