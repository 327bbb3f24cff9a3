"""Numbers, masses and months as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.display import (
    format_mass,
    format_month,
    format_number,
    inert,
    mass_ends,
    mass_unit,
    round_half_up,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (float("inf"), "—"),
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (1234.5, "1,235"),
        (1_234_567, "1,234,567"),
        (12.345, "12.3"),
        (1.5, "1.5"),
        (2.0, "2"),
        (0.0456, "0.0456"),
        (-12.3, "−12.3"),
        (Decimal("609501.139"), "609,501"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_three_significant_digits_and_no_cut_before_the_point(value, expected):
    assert format_number(value) == expected


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [(2.675, 2, "2.68"), (1234.5, 0, "1,235"), (0.0004, 2, "0.00"), (-0.004, 2, "0.00"), (5, 1, "5.0")],
)
def test_fixed_decimals_round_halves_up_as_people_do(value, places, expected):
    """2.675 is 2.67499… as a float; people who see 2.675 expect 2.68."""
    assert format_number(value, places) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15))
def test_rounding_is_off_by_half_a_step_at_most(value):
    assert abs(round_half_up(value, 2) - value) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (1_500_000_000, "mg", "1.5\u00a0吨", "1.5\u00a0t"),
        (250_000_000, "mg", "250\u00a0千克", "250\u00a0kg"),
        (999_999_999, "mg", "1,000\u00a0千克", "1,000\u00a0kg"),
        (432.123, "t", "432\u00a0吨", "432\u00a0t"),
        (0.25, "t", "250\u00a0千克", "250\u00a0kg"),
        (-2500, "kg", "−2.5\u00a0吨", "−2.5\u00a0t"),
        (0, "t", "0\u00a0吨", "0\u00a0t"),
        (None, "t", "—", "—"),
    ],
)
def test_masses_in_tonnes_from_one_tonne_on(value, unit, zh, en):
    assert format_mass(value, "zh-hans", unit) == zh
    assert format_mass(value, "en", unit) == en


def test_months():
    assert format_month(24288, "zh-hans") == "2024年1月"
    assert format_month("2024-12", "en") == "December 2024"
    assert format_month("2009-05", "en", short=True) == "May 09"
    assert format_month("2009-05", "zh-hans", short=True) == "09年5月"
    with pytest.raises(ValueError, match="YYYY-MM"):
        format_month("2024-13", "en")


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_made_inert(text):
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "溧水一号", "-12.5", "+3", "a=b", "1-2", "'quoted"])
def test_all_else_stays_as_it_is(text):
    assert inert(text) == text


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "t"), (0.0009, "kg"), (0.9996, "kg"), (-0.5, "kg"), (1, "t"), (-1.2, "t")]
)
def test_the_unit_of_a_mass_is_the_one_it_is_shown_in(value, expected):
    assert mass_unit(value, "t") == expected
    assert format_mass(value, "en", "t").endswith(f"\u00a0{expected}")


def test_a_range_has_one_unit_which_stands_once():
    assert mass_ends(0.512, 1.259, "en", "t", "kg") == ("512", "1,259\u00a0kg")
    assert mass_ends(-128.4, -19.8, "zh-hans", "t", "t") == ("\u2212128", "\u221219.8\u00a0吨")
