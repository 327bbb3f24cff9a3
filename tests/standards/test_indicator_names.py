"""Names of indicators as laboratories write them, and names that look like one and are another thing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from standards.indicators import find_indicator, indicators, name_parts, nearest_names, read_unit

TABLE = yaml.safe_load((Path(__file__).parent / "names.yaml").read_text(encoding="utf-8"))


def each(kind):
    return [(name, code) for code, names in TABLE[kind].items() for name in names]


@pytest.mark.parametrize(("name", "code"), each("known"))
def test_a_name_of_a_laboratory_is_known(name, code):
    assert find_indicator(name) == (code,)


@pytest.mark.parametrize(("name", "codes"), each("ambiguous"))
def test_a_name_that_leaves_the_form_open_keeps_both(name, codes):
    assert find_indicator(name) == tuple(codes.split("+"))


@pytest.mark.parametrize("name", TABLE["unknown"])
def test_another_quantity_is_never_guessed(name):
    assert find_indicator(name) == ()


def test_every_name_of_the_file_means_its_own_indicator_and_upper_case_too():
    for code, one in indicators().indicators.items():
        for name in (code, one.name.zh, one.name.en, *one.aliases):
            for written in (name, name.upper(), f"  {name} ", f"*{name}"):
                assert find_indicator(written)[-1:] == (code,), written


@pytest.mark.parametrize(
    ("name", "unit", "basis"),
    [
        ("Pb (mg/kg dm)", "mg/kg dm", ""),
        ("Pb (mg/kg)", "mg/kg", ""),
        ("Pb, mg/kg", "mg/kg", ""),
        ("Pb mg/kg", "mg/kg", ""),
        ("Lead mg/kg dry weight", "mg/kg dry weight", "dry weight"),
        ("镉（以Cd计）(mg/kg)", "mg/kg", ""),
        ("有机质的质量分数（以烘干基计）%", "%", "以烘干基计"),
        ("总氮（干基，%）", "%", "干基"),
        ("水分(%)", "%", ""),
        ("水分（鲜样）/%", "%", "鲜样"),
        ("EC (dS/m)", "dS/m", ""),
        ("EC 1:5", "", ""),
        ("E. coli (CFU/g)", "CFU/g", ""),
        ("Salmonella in 25 g", "/25 g", ""),
        ("沙门氏菌（25g）", "/25 g", ""),
        ("% Moisture", "%", ""),
        ("总养分（N+P2O5+K2O）", "", ""),
        ("Pb", "", ""),
        ("神秘物 (mg/kg)", "mg/kg", ""),
    ],
)
def test_unit_and_basis_in_a_name(name, unit, basis):
    parts = name_parts(name)
    assert (parts.unit, parts.basis) == (unit, basis)


@pytest.mark.parametrize(
    ("quantity", "unit", "factor", "basis"),
    [
        ("mass_fraction", "mg/Kg-dry", 1, "dm"),
        ("mass_fraction", "mg kg⁻¹ DM", 1, "dm"),
        ("mass_fraction", "mg·kg⁻¹", 1, ""),
        ("mass_fraction", "mg kg–1", 1, ""),
        ("mass_fraction", "% of DM", 10000, "dm"),
        ("mass_fraction", "% TS", 10000, "dm"),
        ("mass_fraction", "mg/kg i. d. TS", 1, "dm"),
        ("mass_fraction", "‰", 1000, ""),
        ("mass_fraction", "mg/100 g", 10, ""),
        ("mass_fraction", "ppb", 0.001, ""),
        ("mass_fraction", "g/kg FM", 1000, "ar"),
        ("mass_fraction", "% 风干基", 10000, "ad"),
        ("conductivity", "mS/m", 0.01, ""),
        ("conductivity", "μS·cm⁻¹", 0.001, ""),
        ("conductivity", "mmho/cm", 1, ""),
        ("count", "MPN/10 g", 0.1, ""),
        ("count", "per 4 g", 0.25, ""),
        ("count", "10³ CFU/g", 1000, ""),
        ("count", "×10^3 CFU/g", 1000, ""),
        ("count", "KBE/g FM", 1, "ar"),
        ("count", "CFU g⁻¹", 1, ""),
    ],
)
def test_units_as_laboratories_write_them(quantity, unit, factor, basis):
    found = read_unit(quantity, unit)
    assert found is not None
    assert (found.factor, found.basis) == (pytest.approx(factor), basis)


@pytest.mark.parametrize("unit", ["log10 MPN/g", "lg CFU/g", "lg(CFU/g)", "log₁₀ CFU/g"])
def test_units_of_logarithms(unit):
    assert read_unit("count", unit).log10


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        ("mass_fraction", "mg/L"),
        ("mass_fraction", "mg/kg ash"),
        ("mass_fraction", "mg/kg fat"),
        ("count", "log 10^3 CFU/g"),
        ("conductivity", "dm/m"),
        ("count", "CFU/0 g"),
    ],
)
def test_a_unit_of_another_thing_is_none(quantity, unit):
    assert read_unit(quantity, unit) is None


@given(st.text(max_size=60) | st.text(alphabet="PbCd铅镉()（）,-/ %mgk总全以计><2:15*①dm", max_size=30))
def test_no_name_raises(text):
    for code in find_indicator(text):
        assert code in indicators().indicators
    name_parts(text)
    nearest_names(text)
    for quantity in indicators().quantities:
        read_unit(quantity, text)
