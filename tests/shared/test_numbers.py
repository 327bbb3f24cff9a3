"""Numbers and units as people write them: exact, and refused where they could mean two things."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.numbers import parse_number
from compostnet.shared.units import MAX_MASS_KG, MG_PER_KG, find_unit, kg_text, to_mg, units


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("１２．５", "12.5"),
        ("1,234", "1234"),
        ("1,234,567.8", "1234567.8"),
        ("1.234,5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1 234,5", "1234.5"),
        ("1\u202f234.5", "1234.5"),
        ("1'234'567", "1234567"),
        ("1,5", "1.5"),
        ("0,123", "0.123"),
        ("0,5", "0.5"),
        ("1.234", "1.234"),
        (".5", "0.5"),
        ("−3", "-3"),
        ("1e3", "1000"),
    ],
)
def test_what_a_text_means(text, number):
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "-", "abc", "1.234,5,6", "1,23,456", "0.123.456", "0 123", "12kg", "1..2", "NaN", "Infinity", "1e9999"]
)
def test_what_is_no_number_or_could_be_two_is_refused(text):
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


@given(st.integers(0, 10**9).map(lambda n: Decimal(n) / 1000))
def test_the_ways_of_writing_a_number_agree(number):
    english = f"{number:,.3f}"
    assert parse_number(f"{number}") == parse_number(english) == number
    if number >= 1:
        assert parse_number(english.replace(",", " ")) == number
    if number >= 1000:
        assert parse_number(english.translate(str.maketrans(",.", ".,"))) == number


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_refused(text):
    try:
        assert parse_number(text).is_finite()
    except ValueError as error:
        assert "not a number" in str(error)


@given(st.integers(-(10**15), 10**15))
def test_kilograms_in_text_are_the_milligrams(mass_mg):
    text = kg_text(mass_mg)
    assert Decimal(text) * MG_PER_KG == mass_mg
    assert not text.endswith(".")
    assert "." not in text or not text.endswith("0")


@given(st.decimals(0, MAX_MASS_KG, places=6), st.sampled_from(sorted(units().mass)))
def test_a_mass_round_trips_through_every_unit(kg, unit):
    factor = units().mass[unit].factor
    assert abs(to_mg(kg / factor, unit) - kg * MG_PER_KG) <= 1
    assert to_mg(kg, "kg") == kg * MG_PER_KG


@pytest.mark.parametrize(
    ("value", "unit", "mass_mg"),
    [("1", "short_ton", 907_184_740), ("1", "jin", 500_000), ("1", "lb", 453_592), ("0.5", "t", 500_000_000)],
)
def test_exact_factors(value, unit, mass_mg):
    assert to_mg(Decimal(value), unit) == mass_mg


def test_every_name_of_a_unit_finds_it_and_no_two_share_one():
    names = {}
    for kind in ("mass", "volume", "count"):
        for code, unit in getattr(units(), kind).items():
            for name in {code, *unit.aliases, unit.name.zh, unit.name.en}:
                assert find_unit(f" {name.upper()} ") == (kind, code)
                assert names.setdefault(name.casefold(), (kind, code)) == (kind, code)
