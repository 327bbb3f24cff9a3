"""Result texts as labs write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.checker import check, table
from standards.checking.core import FAIL, PASS
from standards.library import library, rule_sets
from standards.reading.readings import Line, read_line
from standards.reading.results import Parsed, read_result, read_spread, spread_unread
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
        ("1'000", 1000, 1000),
        ("1’000", 1000, 1000),
        ("1 234 567,8", 1234567.8, 1234567.8),
        ("1.234,5", 1234.5, 1234.5),
        ("1,50,000", 150000, 150000),
        ("0. 05", 0.05, 0.05),
        ("0。5", 0.5, 0.5),
        ('="0.5"', 0.5, 0.5),
        ("1,2·10^3", 1200, 1200),
        ("1.2×103", 1200, 1200),
        ("1.0×10-2", 0.01, 0.01),
        ("10^4.5", 31622.7766, 31622.7766),
        ("12.3 (n=3)", 12.3, 12.3),
        ("mean 3.2", 3.2, 3.2),
        ("平均值：3.2", 3.2, 3.2),
        ("12.3 ± 0.4 ab", 12.3, 12.3),
        ("(12.3 ± 0.4) mg/kg", 12.3, 12.3),
        ("3 mg/kg ± 30 %", 3, 3),
        ("24.6 ± 0.4 %", 24.6, 24.6),
        ("3.0 (SD 0.9)", 3, 3),
        ("3.2 ± 0.4 (k=2)", 3.2, 3.2),
        ("15%~25%", 15, 25),
        ("15 mg/kg - 25 mg/kg", 15, 25),
        ("15至25", 15, 25),
        ("between 15 and 25", 15, 25),
        ("10^3-10^4", 1000, 10000),
        ("1.2-1.5×10^3", 1.2, 1500),
        # A mark whose meaning stands elsewhere, a text that may mean two things, a character that is no digit.
        ("12.3 [1]", None, None),
        ("12.3†", None, None),
        ("12.3①", None, None),
        ("12.3¹", None, None),
        ("12₃", None, None),
        ("½", None, None),
        ("12·5", None, None),
        ("5×100", None, None),
        ("10-2", None, None),
        ("3 ± 30 %", None, None),
        ("15 mg/kg - 25 g/kg", None, None),
        ("(12.3)", None, None),
        ("12.3 (0.5)", None, None),
        ("none", None, None),
        ("无", None, None),
        ("n.b.", None, None),
        ("U", None, None),
        ("#VALUE!", None, None),
        ("=A1*2", None, None),
        ("1月5日", None, None),
        ("01:05:00", None, None),
        ("<<5", None, None),
        ("12 34", None, None),
        ("O.05", None, None),
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
        ("﹤3", 0, 3, False, True),
        ("less than 0.5 mg/kg", 0, 0.5, False, True),
        ("LT 0.5", 0, 0.5, False, True),
        ("小于0.5", 0, 0.5, False, True),
        ("<0,05", 0, 0.05, False, True),
        ("<0.01（未检出）", 0, 0.01, False, True),
        ("<20:1", 0, 20, False, True),
        ("3以下", 0, 3, False, False),
        ("不低于100", 100, math.inf, False, False),
        ("100以上", 100, math.inf, False, False),
        ("≥1.0×10⁻²", 0.01, math.inf, False, False),
        (">0.11", 0.11, math.inf, True, False),
    ],
)
def test_bounds(text, low, high, low_open, high_open):
    found = read_result(text)
    assert (found.low, found.high, found.low_open, found.high_open) == (low, high, low_open, high_open)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "—", "n.a.", "N/A", "/", "未检测", "not tested", "nicht bestimmt", "待测", "pending", "...", None],
)
def test_not_tested_is_never_zero(text):
    assert read_result(text).kind == "not_tested"


@pytest.mark.parametrize(
    "text",
    ["ND", "N.D.", "n.d.", "未检出", "not detected", "nil", "<LOQ", "ikke påvist", "阴性", "n.n.", "b.d.l.", "BDL"],
)
def test_not_detected_without_a_limit_is_unbounded(text):
    found = read_result(text)
    assert found.kind == "not_detected"
    assert (found.low, found.high) == (0, math.inf)


@pytest.mark.parametrize(
    ("text", "note", "high"),
    [
        ("ND(<0.05)", "", 0.05),
        ("ND@0.05", "", 0.05),
        ("未检出（检出限为0.05 mg/kg）", "", 0.05),
        ("n.b. (<0.05)", "", 0.05),
        ("n.b.", "BG 0.05", 0.05),
        ("0.05U", "", 0.05),
        ("0.05 U", "", 0.05),
        ("0.05L", "", 0.05),
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
    assert read_result("Absence / 25 g").grams == 25
    assert read_result("not detected (25g)").grams == 25
    assert read_result("未检出/25mL").grams == 0  # a volume of compost is no mass


@pytest.mark.parametrize(
    "text", ["TNTC", "too numerous to count", "confluent growth", "trace", "痕量", "阳性", "多不可计"]
)
def test_something_is_there_and_nobody_says_how_much(text):
    found = read_result(text)
    assert (found.kind, found.low, found.high, found.low_open) == ("detected", 0, math.inf, True)


@pytest.mark.parametrize("text", ["约5", "~5", "ca. 5", "about 5", "0.05 J", "0.05UJ"])
def test_what_is_only_estimated_is_no_number(text):
    assert read_result(text).kind == "approximate"


@pytest.mark.parametrize("text", ["lg 3.2", "log10 3.2 CFU/g", "3.2 lg", "3.2 (log10)", "log 3.2"])
def test_logarithms_are_marked(text):
    found = read_result(text)
    assert (found.kind, found.low, found.log10) == ("number", 3.2, True)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("Rottegrad IV", 4, 4), ("IV级", 4, 4), ("Ⅳ", 4, 4), ("IV-V", 4, 5), ("≥IV", 4, math.inf), ("Rottegrad 4", 4, 4)],
)
def test_grades_of_self_heating(text, low, high):
    found = read_result(text, roman=True)
    assert (found.kind, found.low, found.high) == ("number", low, high)


@pytest.mark.parametrize(
    ("text", "spread"),
    [
        ("0.3", 0.15),
        ("±0.3", 0.15),
        ("0,3", 0.15),
        ("0.3 (k=2)", 0.15),
        ("0.3 (k=1)", 0.3),
        ("0.3 (k = 3)", 0.1),
        ("U=0.3, k=2", 0.15),
        ("U95 = 0.3", 0.15),
        ("u = 0.3", 0.3),
        ("标准不确定度 0.3", 0.3),
        ("扩展不确定度 0.3，k=2", 0.15),
        ("0.3 (95 %)", 0.15),
        ("0.3 mg/kg (k=2; P=95%)", 0.15),
        ("15 %", 0.225),
        ("15% (k=2)", 0.225),
        ("Urel = 15 %, k=2", 0.225),
        ("0.1 (relative)", 0.15),
        ("0.3 g", None),
        ("+0.3/-0.2", None),
        ("<0.3", None),
        ("-0.3", None),
        ("about 0.3", None),
        ("k=2", None),
        ("0.3 (k=0)", None),
        ("see below", None),
        ("", None),
    ],
)
def test_uncertainties(text, spread):
    found = read_spread(text, read_result("3.0"), "mg/kg")
    assert found == (None if spread is None else pytest.approx(spread))
    assert spread_unread(text, read_result("3.0"), "mg/kg") == (spread is None and text != "")


def test_an_uncertainty_needs_a_number_and_says_of_what_it_is_a_share():
    assert read_spread("0.3", read_result("<3.0")) is None
    assert read_spread("0.3", read_result("ND")) is None
    assert read_spread("0.3", read_result("1-3")) is None
    assert read_spread("5 %", read_result("30.0%")) is None
    assert read_spread("5 %", read_result("30.0"), "% dm") is None
    assert read_spread("5 % rel.", read_result("30.0%")) == pytest.approx(0.75)
    assert read_spread("", read_result("3.2 ± 0.4 (k=2)")) == pytest.approx(0.2)
    assert read_spread("", read_result("3.2 ± 0.4")) is None  # a standard deviation, as far as anybody can say


def test_a_comma_that_may_be_two_things_holds_both():
    found = read_result("1,575")
    assert (found.low, found.high, found.ambiguous) == (1.575, 1575, True)


def test_roman_classes_only_where_the_scale_is_roman():
    assert read_result("IV", roman=True).low == 4
    assert read_result("IV").kind == "unreadable"


TEXTS = st.text(max_size=30) | st.text(
    alphabet=st.sampled_from("0123456789.,<>≤≥±-~:%×^eE ()NDnd未检出gkm/LOQ至约＜０⁻²\x00\n"), max_size=20
)


DIGITS = st.decimals(min_value=0, max_value=99_999, places=3, allow_nan=False, allow_infinity=False)
WIDE = str.maketrans("0123456789.,<>%-", "０１２３４５６７８９．，＜＞％－")


@st.composite
def written(draw):
    """A number in one of the ways in which it means one thing, and the number."""
    value = draw(DIGITS)
    plain = format(value.normalize(), "f")
    whole, _, part = plain.partition(".")
    grouped = f"{int(whole):,}"
    forms = [plain, f"+{plain}", f"{value:.9E}", f"{value}×10^0", f"{plain} "]
    if part:
        forms += [f"{grouped.replace(',', ' ')}.{part}", f"{grouped.replace(',', chr(39))}.{part}"]
        if len(part) != 3 or whole == "0":
            forms.append(f"{whole},{part}")
    text = draw(st.sampled_from(forms))
    return (text.translate(WIDE) if draw(st.booleans()) else text), float(value)


@given(written())
def test_every_way_to_write_a_number_means_it(pair):
    text, value = pair
    found = read_result(text)
    assert found.kind == "number", text
    assert (found.low, found.high) == (pytest.approx(value), pytest.approx(value))


@given(
    written(),
    st.sampled_from([("<", "<"), ("≤", "≤"), (">", ">"), ("≥", "≥"), ("＜", "<"), ("小于", "<"), ("at least ", "≥")]),
)
def test_every_bound_keeps_its_side(pair, sign):
    (text, value), (operand, meaning) = pair, sign
    found = read_result(operand + text.lstrip("+＋"))
    if value == 0 and meaning in "<":
        assert found.kind == "unreadable"
        return
    assert found.kind == "number"
    if meaning in "<≤":
        assert (found.low, found.high, found.high_open) == (0, pytest.approx(value), meaning == "<")
    else:
        assert (found.low, found.high, found.low_open) == (pytest.approx(value), math.inf, meaning == ">")


@given(written(), written(), st.sampled_from(["-", "–", "～", "~", "至", " to "]))
def test_every_range_holds_both_ends(first, second, dash):
    (low, below), (high, above) = sorted((first, second), key=lambda pair: pair[1])
    found = read_result(f"{low.strip()}{dash}{high.strip()}")
    if found.kind == "number":
        assert (found.low, found.high) == (pytest.approx(below), pytest.approx(above))
    else:
        assert "+" in high or "＋" in high


@given(st.text(max_size=30), DIGITS)
def test_no_uncertainty_raises_or_is_negative(text, value):
    for parsed in (read_result(str(value)), read_result(f"<{value}"), Parsed("", "unreadable")):
        found = read_spread(text, parsed, "mg/kg")
        assert found is None or (found >= 0 and math.isfinite(found))


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
