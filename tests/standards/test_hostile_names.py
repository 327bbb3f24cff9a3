"""Names, units and bases as published reports print them: what is understood, and what must not be taken for it."""

from __future__ import annotations

import pytest

from standards.checking.core import AR, DM, UNKNOWN, State
from standards.indicators import basis_of, find_indicator, read_unit
from standards.reading.readings import Line, read_line


def reading(name, value, unit="", basis="", note=""):
    return read_line(Line("A", name, value, unit, basis, note))


@pytest.mark.parametrize(
    ("name", "basis"),
    [("organic matter (OM)", ""), ("Organic Matter (OM), %", ""), ("organic matter (OM) (dm)", "dm")],
)
def test_a_symbol_in_brackets_is_no_basis(name, basis):
    """OM stands for organic matter, and not for "per organic matter": 45 % would have failed a limit of 30 %."""
    for column, wanted in (("", DM if basis else UNKNOWN), ("dm", DM), ("ar", UNKNOWN if basis else AR)):
        found = reading(name, "45", "%", column)
        assert (found.indicator, found.state, found.basis) == ("organic_matter", State.VALUE, wanted)
        assert found.low == 450_000


@pytest.mark.parametrize(
    ("name", "unit", "indicator"),
    [
        ("P", "% P2O5", "P2O5"),
        ("P total", "g P2O5/kg", "P2O5"),
        ("K", "% (K2O)", "K2O"),
        ("P2O5", "% P", "P"),
        ("TP", "g P kg-1", "P"),
        ("TK", "g K2O kg⁻¹", "K2O"),
        ("TN", "g N kg−1", "N"),
        ("As", "mg As2O3/kg", "As2O3"),
        ("As", "% as received", "As"),
    ],
)
def test_the_form_that_a_unit_names_counts(name, unit, indicator):
    found = reading(name, "1.2", unit)
    assert (found.indicator, found.state) == (indicator, State.VALUE)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("Cd", "mg/kg P2O5"), ("Pb", "mg Cd/kg"), ("moisture", "% N"), ("OM", "g C/kg"), ("Zn", "%P")],
)
def test_a_unit_of_something_else_is_not_read(name, unit):
    assert reading(name, "1.2", unit).state == State.UNIT_UNKNOWN


@pytest.mark.parametrize(
    ("quantity", "unit", "factor", "basis"),
    [
        ("mass_fraction", "mg kg^(-1)", 1, ""),
        ("mass_fraction", "mg∙kg⁻¹", 1, ""),
        ("mass_fraction", "mgkg-1", 1, ""),
        ("mass_fraction", "mg/kg（以干基计）", 1, "dm"),
        ("mass_fraction", "mg/(kg DM)", 1, "dm"),
        ("mass_fraction", "mg (kg DM)⁻¹", 1, "dm"),
        ("mass_fraction", "mg kg DM−1", 1, "dm"),
        ("mass_fraction", "mg/dry kg", 1, "dm"),
        ("mass_fraction", "mg/kg TR", 1, "dm"),
        ("mass_fraction", "mg/kg s.s.", 1, "dm"),
        ("mass_fraction", "% by weight", 1e4, ""),
        ("mass_fraction", "wt. %", 1e4, ""),
        ("mass_fraction", "% wb", 1e4, "ar"),
        ("mass_fraction", "% as rcvd", 1e4, "ar"),
        ("mass_fraction", "g 100 g⁻¹", 1e4, ""),
        ("mass_fraction", "kg/t", 1e3, ""),
        ("mass_fraction", "g N kg-1 dw", 1e3, "dm"),
        ("mass_fraction", "dag kg-1", 1e4, ""),
        ("conductivity", "dS/m at 25 °C", 1, ""),
        ("conductivity", "mS/cm (1:5)", 1, ""),
        ("conductivity", "µmhos/cm", 1e-3, ""),
        ("conductivity", "S/m", 10, ""),
        ("count", "CFU per gram", 1, ""),
        ("count", "NMP/g", 1, ""),
        ("count", "万个/g", 1e4, ""),
        ("count", "organisms/g", 1, ""),
        ("density", "g cm⁻³", 1, ""),
        ("density", "kg m-3", 1e-3, ""),
        ("density", "lb/yd3", 0.45359237 / 0.764554857984 / 1000, ""),
        ("density", "lb/ft3", 0.45359237 / 28.316846592, ""),
        ("ph", "S.U.", 1, ""),
        ("carbon_dioxide_evolution", "mg CO2/g organic matter/day", 0.2729, ""),
        ("carbon_dioxide_evolution", "mg CO2-C/g VS-day", 1, ""),
        ("carbon_dioxide_evolution", "mg CO2-C/(g OM·d)", 1, ""),
        ("oxygen_uptake", "mg O2/g OM/hr", 31.25, ""),
        ("oxygen_uptake", "mmol O2/(kg OM h)", 1, ""),
    ],
)
def test_units_as_reports_print_them(quantity, unit, factor, basis):
    found = read_unit(quantity, unit)
    assert found is not None
    assert (found.factor, found.basis) == (pytest.approx(factor, rel=1e-5), basis)


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        *[("mass_fraction", one) for one in ("mg/L", "% v/v", "vol%", "mmol/kg", "meq/100g", "lb/ton", "g/L")],
        *[("count", one) for one in ("CFU", "MPN/0 mL", "CFU/m2", "g", "log10")],
        *[("conductivity", one) for one in ("mS", "dm/m", "ppm", "mg/L", "S/cm", "g KCl/L", "(1:5)")],
        *[("carbon_dioxide_evolution", one) for one in ("mg CO2-C/g TS/day", "mg CO2-C/g/d", "mg CO2/kg OM/d")],
        ("oxygen_uptake", "mg O2/g DM/h"),
    ],
)  # fmt: skip
def test_units_of_something_else(quantity, unit):
    assert read_unit(quantity, unit) is None


def test_carbon_dioxide_per_dry_matter_is_another_thing_than_per_organic_matter():
    assert reading("CO2 evolution", "1.4", "mg CO2-C/g OM/day").indicator == "carbon_dioxide_evolution"
    assert reading("CO2 evolution", "0.65", "mg CO2-C/g TS/day").indicator == "carbon_dioxide_evolution_dm"


@pytest.mark.parametrize("text", ["n/a", "-", "none", "unknown", "未注明", "NA", "not stated"])
def test_a_basis_that_is_none_is_not_known_and_no_fault(text):
    assert basis_of(text) == ""


@pytest.mark.parametrize(
    ("text", "basis"),
    [("干基（105℃）", "dm"), ("dry (105 °C)", "dm"), ("（干基）", "dm"), ("[ar]", "ar"), ("as rcvd", "ar"),
     ("base seca", "dm"), ("sur sec", "dm"), ("湿", "ar"), ("dm\u200b", "dm"), ("105 °C", "?"), ("whatever", "?")],
)  # fmt: skip
def test_bases(text, basis):
    assert basis_of(text) == basis


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("w(Cd)/(mg·kg-1)", ("Cd",)),
        ("ω(有机质)/%", ("organic_matter",)),
        ("Concentration of total lead", ("Pb",)),
        ("Total Phosphorous", ("P", "P2O5")),
        ("Humidity (%)", ("moisture",)),
        ("TOC/TN", ("C_N",)),
        ("Impurities >2mm (glass, metal, plastic)", ("impurities_2mm",)),
        ("Fecal enterococci", ("Enterococcaceae",)),
        ("Pb\u200b", ("Pb",)),
        ("\ufeffpH", ("pH",)),
        *[(one, ()) for one in ("total viable count", "dry bulk density", "Cu (w)", "available P", "Cd2+", "DTPA-Zn")],
        *[(one, ()) for one in ("Olsen P", "水溶性磷", "发芽率", "Cr III", "pH (KCl)", "faecal streptococci", "C/P")],
        *[(one, ()) for one in ("ECe", "EC (saturated paste)", "E. coli O157:H7", "Pb (TCLP)", "Cu+Zn", "organic N")],
    ],
)
def test_names(name, codes):
    assert find_indicator(name) == codes


@pytest.mark.parametrize("text", ["12\u200b.5", "\u200f12.5\u200e", "\ufeff12.5", "12.5\x00", "\u202a12.5\u202c"])
def test_characters_that_nobody_sees_change_nothing(text):
    found = reading("moisture", text, "%")
    assert (found.state, found.low) == (State.VALUE, 125_000)
