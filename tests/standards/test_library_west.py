"""The standards outside of Asia against the reference: a table of values written from it independently of the files."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest

from standards.library import find, library, rule_sets
from standards.library_schema import AllOf, AnyOf, Delegated, leaves
from tests.standards.support import DAY

CODES = (
    *("EU-FPR", "EU-ORGANIC", "EU-JRC-EOW", "ECN-QAS", "DE-BIOABFV", "DE-DUEMV", "DE-RAL251", "AT-KOMPOSTVO"),
    *("UK-PAS100", "FR-U44051", "CH-CHEMRRV", "ES-RD506", "US-503", "US-CA14", "US-NOP", "US-STA", "US-MNSW"),
    *("US-CCQC", "CA-CCME", "CA-ON-AA", "AU-AS4454", "NZ-4454"),
)
MG = "mg/kg dm"
BIO, BIO_C = "DE-BIOABFV", "DE-BIOABFV/20T DE-BIOABFV/30T"
EU_ALL = "EU-FPR/PFC3A EU-FPR/PFC1AI EU-FPR/PFC4"
# codes | sign | unit and basis | grade | limit ids (or indicators) with their values, a plain word for no value
TABLE = f"""
{EU_ALL} | <= | {MG} | A | CrVI 2, Hg 1, Ni 50, Pb 120, As_inorganic 40, PAH16 6
EU-FPR/PFC3A | <= | {MG} | A | Cd_3A 2, Cu 300, Zn 800
EU-FPR/PFC1AI | <= | {MG} | A | Cd_1A 1.5, Cu 300, Zn 800
EU-FPR/PFC4 | <= | {MG} | A | Cd_1A 1.5, Cu_4 200, Zn_4 500
{EU_ALL} | <= | g/kg dm | A | glass 3, metal 3, plastics 3, impurities 5
{EU_ALL} | <= | CFU/g ar | A | E_coli 1000, Enterococcaceae 1000
{EU_ALL} | absent | 25 ar | A | Salmonella
{EU_ALL} | <= | mmol O2/kg OM/h none | A | oxygen_uptake 25
{EU_ALL} | >= | - none | A | rottegrad 3
EU-FPR/PFC3A | >= | % ar | A | dry_matter 20, organic_carbon_3A 7.5
EU-FPR/PFC1AI | >= | % ar | A | organic_carbon_1A 15, N_alone 2.5, P2O5_alone 2, K2O_alone 2
EU-FPR/PFC1AI | >= | % ar | A | N_with_others 1, P2O5_with_others 1, K2O_with_others 1, nutrient_sum 4
EU-FPR/PFC1AI | >= | % ar | A | N_and_P2O5 4, N_and_K2O 4
{BIO}/20T | <= | {MG} | A | Pb 150, Cd 1.5, Cr 100, Cu 100, Ni 50, Hg 1, Zn 400
{BIO}/30T | <= | {MG} | A | Pb 100, Cd 1, Cr 70, Cu 70, Ni 35, Hg 0.7, Zn 300
{BIO_C} | <= | % dm | A | stones 5
{BIO_C} | <= | % dm | C | hard_foreign_matter 0.4, soft_plastics 0.1
{BIO_C} | absent | 50 ar | A | Salmonella
{BIO_C} | <= | /L none | A | weed_seeds 2
DE-DUEMV | <= | {MG} | A | As 40, Pb 150, Cd 1.5, CrVI 2, Ni 80, Hg 1.0, Tl 1.0, PFOA_PFOS 0.1
DE-DUEMV | <= | mg/kg P2O5 none | A | Cd_per_P2O5 50
DE-DUEMV | <= | ng/kg dm | A | dioxins_dlPCB 30
DE-DUEMV | <= | % dm | A | stones 5, hard_foreign_matter 0.4, soft_plastics 0.1
DE-DUEMV | absent | 50 ar | A | Salmonella
DE-RAL251/FRESH | >= | % dm | C | organic_matter 30
DE-RAL251/FINISHED | >= | % dm | C | organic_matter 15
DE-RAL251/FRESH DE-RAL251/FINISHED | <= | % ar | C | moisture_loose 45, moisture_bagged 35
DE-RAL251/FRESH DE-RAL251/FINISHED | <= | cm2/L none | C | foreign_area 15
DE-RAL251/FRESH DE-RAL251/FINISHED | <= | % dm | C | hard_foreign_matter 0.4, soft_plastics 0.1
AT-KOMPOSTVO/A+ | <= | {MG} | B | Pb 45, Cd 0.7, Cr 70, Cu 70, Ni 25, Hg 0.4, Zn 200
AT-KOMPOSTVO/A | <= | {MG} | B | Pb 120, Cd 1, Cr 70, Cu 150, Ni 60, Hg 0.7, Zn 500
AT-KOMPOSTVO/B | <= | {MG} | B | Pb 200, Cd 3, Cr 250, Cu 500, Ni 100, Hg 3, Zn 1800
AT-KOMPOSTVO/A+ AT-KOMPOSTVO/B | <= | % dm | C | impurities 0.5, plastics_2mm 0.2, plastics_20mm 0.02
AT-KOMPOSTVO/A | absent | 50 ar | C | Salmonella
AT-KOMPOSTVO/A | <= | /L none | C | weed_seeds 3
UK-PAS100 | <= | {MG} | C | Cd 1.5, Cr 100, Cu 200, Pb 200, Hg 1.0, Ni 50, Zn 400
UK-PAS100 | <= | % ad | C | contaminants 0.25, plastics 0.12, stones 8
UK-PAS100 | <= | CFU/g ar | C | E_coli 1000
UK-PAS100 | absent | 25 ar | C | Salmonella
UK-PAS100 | <= | mg CO2/g OM/d none | C | stability 16
UK-PAS100 | <= | % none | C | germination_reduction 20, growth_reduction 20
UK-PAS100 | <= | - none | C | plant_abnormalities 0
UK-PAS100 | <= | /L none | C | weed_seeds 0
ECN-QAS | <= | {MG} | C | Pb 130, Cd 1.3, Cr 60, Cu 300, Ni 40, Hg 0.45, Zn 600
ECN-QAS | >= | % dm | C | organic_matter 15
ECN-QAS | <= | % dm | C | impurities 0.5
ECN-QAS | <= | /L none | C | weed_seeds 2
ECN-QAS | absent | 25 dm | C | Salmonella
FR-U44051 | <= | {MG} | B | As 18, Cd 3, Cr 120, Cu_dm 300, Hg 2, Ni 60, Pb 180, Se 12, Zn_dm 600
FR-U44051 | <= | mg/kg om | B | Cu_om 600, Zn_om 1200
FR-U44051 | < | % ar | B | N_field 3, P2O5_field 3, K2O_field 3, nutrients_field 7
FR-U44051 | absent | 1.5 ar | B | helminth_eggs
FR-U44051 | absent | 1 ar | B | Salmonella
FR-U44051 | absent | 25 ar | C | Salmonella_vegetables
FR-U44051 | < | % dm | C | films 0.3, other_plastics 0.8, glass_metals 2.0
FR-U44051 | <= | {MG} | C | fluoranthene 4, benzo_b_fluoranthene 2.5, benzo_a_pyrene 1.5
FR-U44051 | >= | % ar | C | organic_matter 20
CH-CHEMRRV | <= | {MG} | A | Cd 1, Cu 100, Hg 1, Ni 30, Pb 120, Zn 400, PAH16 4
CH-CHEMRRV | <= | % dm | A | foreign_matter 0.4, foil_plastics 0.1
CH-CHEMRRV | <= | ng/kg dm | A | dioxins 20
EU-ORGANIC | <= | {MG} | B | Cd 0.7, Cu 70, Ni 25, Pb 45, Zn 200, Hg 0.4, Cr 70
EU-ORGANIC | absent | - dm | B | CrVI
ES-RD506/A | <= | {MG} | C | Cd 0.7, Cu 70, Ni 25, Pb 45, Zn 200, Hg 0.4, Cr 70
ES-RD506/B | <= | {MG} | C | Cd 2, Cu 300, Ni 90, Pb 150, Zn 500, Hg 1.5, Cr 250
ES-RD506/C | <= | {MG} | C | Cd 3, Cu 400, Ni 100, Pb 200, Zn 1000, Hg 2.5, Cr 300
EU-JRC-EOW | <= | {MG} | C | Zn 600, Cu 200, Ni 50, Cd 1.5, Pb 120, Hg 1, Cr 100, PAH16 6
EU-JRC-EOW | <= | % dm | C | impurities 0.5
EU-JRC-EOW | >= | % dm | C | organic_matter 15
US-503/T1 | <= | {MG} | A | As 75, Cu 4300, Hg 57, Mo 75, Ni 420, Se 100, Zn 7500
US-503/T1 | <= | {MG} | B | Cd 85, Pb 840
US-503/T3 | <= | {MG} | A | As 41, Cd 39, Cu 1500, Pb 300, Hg 17, Ni 420, Se 100, Zn 2800
US-503/CLASSA US-STA | < | MPN/g dm | A | faecal_coliforms 1000
US-503/CLASSA US-STA | < | MPN/4 g dm | A | Salmonella 3
US-CA14 | < | MPN/g dm | B | faecal_coliforms 1000
US-CA14 | < | MPN/4 g dm | B | Salmonella 3
US-503/CLASSA | < | PFU/4 g dm | B | enteric_viruses 1
US-503/CLASSA | < | /4 g dm | B | helminth_ova 1
US-503/CLASSB | < | /g dm | B | faecal_coliforms 2000000
US-CA14 | <= | {MG} | A | As 41, Cd 39, Cu 1500, Pb 300, Hg 17, Ni 420, Se 100, Zn 2800
US-CA14 | <= | % dm | C | contaminants 0.5
US-CA14 | <= | % none | C | film 20
US-STA | <= | {MG} | A | As_ceiling 75, Mo_ceiling 75, As_average 41, Cd_average 39, Pb_average 300, Zn_average 2800
US-NOP | range | - none | B | C_N_initial 25-40
US-NOP | <= | MPN/g unverified | B | faecal_coliforms 1000
US-NOP | <= | MPN/4 g unverified | B | Salmonella 3
US-MNSW | range | - none | B | pH 5.5-8.5
US-MNSW | < | dS/m none | B | EC 10
US-MNSW | range | % dm | B | organic_matter 30-65
US-MNSW | <= | inch none | B | particle_size 1
US-MNSW | < | mg CO2-C/g OM/d none | B | stability 8
US-MNSW | >= | % none | B | emergence 80, vigour 80
US-MNSW | < | % dm | B | inerts 1
US-MNSW | range | % unverified | B | N 0.5-3
US-MNSW | range | % ar | C | moisture 30-60
US-CCQC/VM US-CCQC/M | <= | - none | C | C_N 25
US-CCQC/VM | < | mg CO2-C/g OM/d none | C | CO2_VM 2
US-CCQC/VM | < | mg O2/g OM/h none | C | O2_VM 0.5
US-CCQC/VM | < | °C none | C | dewar_VM 10
US-CCQC/VM | >= | - none | C | solvita_VM 7
US-CCQC/VM | < | - none | C | NH4_NO3_VM 0.5
US-CCQC/VM | < | {MG} | C | NH3_N_VM 75
US-CCQC/VM | > | % none | C | emergence_VM 90
US-CCQC/M | <= | mg CO2-C/g OM/d none | C | CO2_M 8
US-CCQC/M | <= | mg O2/g OM/h none | C | O2_M 1.5
US-CCQC/M | <= | °C none | C | dewar_M 20
US-CCQC/M | >= | - none | C | solvita_M 5
US-CCQC/M | <= | - none | C | NH4_NO3_M 3
US-CCQC/M | <= | {MG} | C | NH3_N_M 500
US-CCQC/M | >= | % none | C | emergence_M 80
CA-CCME/A | <= | {MG} | B | As 13, Cd 3, Cr 210, Co 34, Cu 400, Pb 150, Hg 0.8, Mo 5, Ni 62, Se 2, Zn 700
CA-CCME/B | <= | {MG} | C | As 75, Cd 20, Cr 1060, Co 150, Cu 757, Pb 500, Hg 5, Mo 20, Ni 180, Se 14, Zn 1850
CA-CCME/A | <= | /500 mL none | C | foreign_A 1, sharps_A 0
CA-CCME/B | <= | /500 mL none | C | foreign_B 2, sharps_B 3
CA-CCME/B | <= | mm none | C | sharps_size_B 12.5
CA-CCME/A CA-CCME/B | <= | mg O2/kg OM/h none | C | oxygen_uptake 400
CA-CCME/A CA-CCME/B | <= | mg CO2-C/g OM/d none | C | CO2 4
CA-CCME/A CA-CCME/B | < | °C none | C | self_heating 8
CA-CCME/A CA-CCME/B | < | MPN/g dm | C | faecal_coliforms 1000
CA-CCME/A CA-CCME/B | < | MPN/4 g dm | C | Salmonella 3
CA-ON-AA | <= | {MG} | B | As 13, Cd 3, Cr 210, Co 34, Cu 100, Pb 150, Hg 0.8, Mo 5, Ni 62, Se 2, Zn 500
CA-ON-AA | range | - none | B | pH 5.5-8.5
CA-ON-AA | < | mS/cm none | B | EC 4
AU-AS4454 | <= | {MG} | C | As 20, Cd 1, Cr 100, Cu 150, Pb 150, Hg 1, Ni 60, Se 5, Zn 300
AU-AS4454 | <= | {MG} | C | DDT 0.5, organochlorines 0.02, PCB 0.2
AU-AS4454 | >= | - none | C | pH 5.0
AU-AS4454 | >= | % dm | C | organic_matter 25
AU-AS4454 | >= | % ar | C | moisture 25
AU-AS4454 | <= | % dm | C | glass_metal_rigid 0.5, light_plastics 0.05, stones 5
AU-AS4454 | >= | % none | C | toxicity 60
AU-AS4454 | < | MPN/g dm | C | faecal_coliforms 1000
AU-AS4454 | absent | 50 dm | C | Salmonella
NZ-4454 | <= | {MG} | C | As 20, Cd 3, Cr 600, Cu 300, Pb 250, Hg 2, Ni 60, Zn 600
NZ-4454 | <= | % dm | C | glass_metal_rigid 0.5, light_plastics 0.05
NZ-4454 | < | MPN/g unverified | C | E_coli 100
NZ-4454 | absent | - unverified | C | Salmonella
"""


def rows():
    for line in TABLE.strip().splitlines():
        codes, sign, unit, grade, limits = (part.strip() for part in line.split("|"))
        for code in codes.split():
            for one in limits.split(", "):
                name, _, value = one.partition(" ")
                yield code, name, sign, value, unit, grade


def rules_of(code, day=DAY):
    standard, wanted = find(code)
    return rule_sets(standard, day, wanted)[0]


def limit_of(code, name, day=DAY):
    """A limit by its id, else the only one of that indicator."""
    limits = rules_of(code, day).limits
    found = [one for one in limits if one.id == name] or [one for one in limits if one.indicator == name]
    assert len(found) == 1, (code, name)
    return found[0]


@pytest.mark.parametrize(("code", "name", "sign", "value", "unit", "grade"), list(rows()))
def test_the_values_of_the_reference(code, name, sign, value, unit, grade):
    limit = limit_of(code, name)
    assert (limit.compare, limit.grade) == (sign, grade)
    unit, _, basis = unit.rpartition(" ")
    assert limit.basis == basis
    if sign == "absent":
        assert limit.in_mass_g == (None if unit == "-" else Decimal(unit))
    elif sign == "range":
        assert f"{limit.low}-{limit.high}" == value
    else:
        assert (str(limit.value), limit.unit) == (value, unit)


COUNTS = {
    "EU-FPR/PFC3A": 20,
    "EU-FPR/PFC1AI": 29,
    "EU-FPR/PFC4": 18,
    "EU-ORGANIC": 8,
    "EU-JRC-EOW": 13,
    "ECN-QAS": 11,
    "DE-BIOABFV/20T": 12,
    "DE-BIOABFV/30T": 12,
    "DE-DUEMV": 14,
    "DE-RAL251/FRESH": 17,
    "DE-RAL251/FINISHED": 17,
    "AT-KOMPOSTVO/A+": 12,
    "AT-KOMPOSTVO/A": 12,
    "AT-KOMPOSTVO/B": 12,
    "UK-PAS100": 17,
    "FR-U44051": 25,
    "CH-CHEMRRV": 10,
    "ES-RD506/A": 7,
    "ES-RD506/B": 7,
    "ES-RD506/C": 7,
    "US-503/T1": 9,
    "US-503/T3": 8,
    "US-503/CLASSA": 4,
    "US-503/CLASSB": 1,
    "US-CA14": 12,
    "US-NOP": 3,
    "US-STA": 30,
    "US-MNSW": 10,
    "US-CCQC/VM": 8,
    "US-CCQC/M": 8,
    "CA-CCME/A": 20,
    "CA-CCME/B": 21,
    "CA-ON-AA": 13,
    "AU-AS4454": 24,
    "NZ-4454": 12,
}


def test_no_limit_is_lost_or_added_unseen():
    found = {
        rules.code: len(rules.limits) for code in CODES for rules in rule_sets(library()[code], DAY) if rules.limits
    }
    assert found == COUNTS


PROVISIONAL = {
    *("EU-JRC-EOW", "ECN-QAS", "DE-BIOABFV/20T", "DE-BIOABFV/30T", "DE-RAL251/FRESH", "DE-RAL251/FINISHED"),
    *("AT-KOMPOSTVO/A+", "AT-KOMPOSTVO/A", "AT-KOMPOSTVO/B", "UK-PAS100", "FR-U44051", "ES-RD506/A", "ES-RD506/B"),
    *("ES-RD506/C", "US-CA14", "US-MNSW", "US-CCQC/VM", "US-CCQC/M", "CA-CCME/A", "CA-CCME/B", "AU-AS4454", "NZ-4454"),
}


def test_what_rests_on_memory_is_provisional():
    found = {rules.code for code in CODES for rules in rule_sets(library()[code], DAY) if rules.provisional}
    assert found == PROVISIONAL


def test_classes_and_ranks():
    ranks = {code: {one.code: one.rank for one in library()[code].classes} for code in CODES if library()[code].classes}
    assert ranks == {
        "EU-FPR": {"PFC1AI": None, "PFC3A": None, "PFC4": None},
        "DE-BIOABFV": {"30T": 1, "20T": 2},
        "DE-RAL251": {"FRESH": None, "FINISHED": None},
        "AT-KOMPOSTVO": {"A+": 1, "A": 2, "B": 3},
        "ES-RD506": {"A": 1, "B": 2, "C": 3},
        "US-503": {"T1": None, "T3": None, "CLASSA": None, "CLASSB": None},
        "US-CCQC": {"VM": 1, "M": 2},
        "CA-CCME": {"A": 1, "B": 2},
    }


def test_dated_changes():
    eve, day = dt.date(2026, 7, 15), dt.date(2026, 7, 16)
    assert [str(limit_of("EU-FPR/PFC3A", "plastics", one).value) for one in (eve, day)] == ["3", "2.5"]
    assert str(limit_of("EU-FPR/PFC3A", "glass", day).value) == "3"
    assert rule_sets(library()["EU-FPR"], dt.date(2022, 10, 2)) == []
    old = limit_of("DE-BIOABFV/20T", "foreign_matter", dt.date(2023, 4, 30))
    assert (str(old.value), old.unit, old.grade, old.indicator) == ("0.5", "%", "A", "impurities_2mm")
    new = {one.indicator for one in rules_of("DE-BIOABFV/20T", dt.date(2023, 5, 1)).limits}
    assert "impurities_2mm" not in new
    assert {"hard_foreign_1mm", "soft_plastics_1mm"} <= new


def test_statistics():
    for element in ("Cu", "Zn"):
        for name in ("20T", "30T"):
            limit = limit_of(f"DE-BIOABFV/{name}", element)
            assert (limit.statistic, limit.n, limit.single_over_percent) == ("moving_average", 4, 25)
    assert limit_of("DE-BIOABFV/20T", "Pb").statistic == "sample"
    assert {one.statistic for one in rules_of("US-503/T3").limits} == {"monthly_average"}
    assert {one.statistic for one in rules_of("US-503/T1").limits} == {"sample"}
    classb = limit_of("US-503/CLASSB", "faecal_coliforms")
    assert (classb.statistic, classb.n) == ("geometric_mean", 7)
    for code in ("E_coli", "Enterococcaceae"):
        plan = limit_of("EU-FPR/PFC3A", code).plan
        assert (plan.n, plan.c, plan.m, plan.M) == (5, 5, 0, 1000)
    plan = limit_of("EU-FPR/PFC3A", "Salmonella").plan
    assert (plan.n, plan.c, plan.m, plan.M) == (5, 0, 0, 0)


def test_every_delegation_resolves_to_the_limit_it_names():
    def delegations(nodes):
        for node in nodes:
            if isinstance(node, Delegated):
                yield node
            elif isinstance(node, AnyOf | AllOf):
                yield from delegations(node.any_of if isinstance(node, AnyOf) else node.all_of)

    found = 0
    for code in CODES:
        for rules in rule_sets(library()[code], DAY):
            resolved = {one.id: one for one in rules.limits}
            for node in delegations(rules.edition.limits):
                if node.id not in resolved:
                    continue
                limit = resolved[node.id]
                assert (limit.indicator, limit.compare != "unavailable") == (node.indicator, True)
                assert limit.delegated_from.startswith(node.to)
                assert limit.clause == node.clause
                found += 1
    assert found == 2 * 12 + 10 + 19
    assert limit_of("DE-RAL251/FRESH", "Cu").statistic == "moving_average"


def test_what_is_no_limit_is_not_obligatory():
    optional = {
        (rules.code, name)
        for code in CODES
        for rules in rule_sets(library()[code], DAY)
        for node in rules.nodes
        for name in [node.id]
        if not node.obligatory
    }
    assert optional == {
        ("EU-FPR/PFC1AI", "biuret"),
        ("FR-U44051", "Salmonella_vegetables"),
        *{("CH-CHEMRRV", "PAH16"), ("CH-CHEMRRV", "dioxins")},
        ("US-503/CLASSA", "alternatives_3_4"),
        *{("US-NOP", "faecal_coliforms"), ("US-NOP", "Salmonella")},
        *{("CA-CCME/A", "organisms_garden"), ("CA-CCME/B", "organisms_garden")},
        *{("CA-ON-AA", "pH"), ("CA-ON-AA", "EC")},
        *{("AU-AS4454", "B"), ("AU-AS4454", "toxicity")},
    }


def test_every_text_is_in_both_languages_and_every_limit_says_where_it_stands():
    for code in CODES:
        for edition in library()[code].editions:
            for node in edition.limits:
                for limit in leaves(node):
                    assert limit.source in edition.sources
                    assert limit.clause.zh.strip()
                    assert limit.clause.en.strip()
                    texts = [one for one in (limit.name, limit.note, limit.method) if one]
                    for text in texts:
                        assert text.zh.strip(), (code, limit.id)
                        assert not re.search("[\u4e00-\u9fff]", text.en)


OPTIONS = {
    ("EU-FPR/PFC3A", "temperature"): {("70", "3"), ("65", "5"), ("60", "7"), ("55", "14")},
    ("DE-BIOABFV/20T", "hygiene"): {("55", "14"), ("60", "6"), ("65", "3")},
    ("UK-PAS100", "sanitation"): {("65", "7")},
    ("ECN-QAS", "sanitation"): {("55", "10")},
    ("US-503/CLASSA", "pfrp"): {("55", "3"), ("55", "15")},
    ("US-503/CLASSA", "vector"): {("40", "14")},
    ("US-503/CLASSB", "psrp_40"): {("40", "5")},
    ("US-NOP", "heat"): {("55", "3"), ("55", "15")},
    ("CA-CCME/A", "heat"): {("55", "3"), ("55", "15")},
    ("AU-AS4454", "pasteurisation"): {("55", "3")},
    ("AU-AS4454", "pasteurisation_high_risk"): {("55", "15")},
    ("NZ-4454", "pasteurisation"): {("55", "3")},
    ("NZ-4454", "pasteurisation_high_risk"): {("55", "15")},
}


@pytest.mark.parametrize(("code", "rule_id"), list(OPTIONS))
def test_process_rules(code, rule_id):
    rule = next(one for one in rules_of(code).process if one.id == rule_id)
    assert {(str(one.at_least), str(one.days)) for one in rule.any_of} == OPTIONS[code, rule_id]


def test_details_of_process_rules():
    def rule(code, name):
        return next(one for one in rules_of(code).process if one.id == name)

    assert {one.counting for one in rule("EU-FPR/PFC3A", "temperature").any_of} == {"cumulative"}
    pfrp = {str(one.days): one for one in rule("US-503/CLASSA", "pfrp").any_of}
    assert (pfrp["15"].turnings, pfrp["3"].turnings) == (5, 0)
    assert "windrow" in pfrp["15"].systems
    assert {"in_vessel", "aerated_pile"} <= set(pfrp["3"].systems)
    assert "windrow" not in pfrp["3"].systems
    vector = rule("US-503/CLASSA", "vector").any_of[0]
    assert (vector.strict, vector.average_above) == (True, 45)
    hours = rule("US-503/CLASSB", "psrp_55").any_of[0]
    assert (hours.at_least, hours.strict, hours.hours) == (55, True, 4)
    turned = rule("AU-AS4454", "pasteurisation").any_of[0]
    assert (turned.counting, turned.turnings, turned.days_per_turning) == ("consecutive", 3, 3)
    assert rule("AU-AS4454", "pasteurisation_high_risk").any_of[0].turnings == 5
    assert [rule(code, "sanitation").obligatory for code in ("UK-PAS100", "ECN-QAS")] == [False, False]


def test_sampling():
    def sampling(code):
        return rules_of(code).edition.sampling

    steps = {3000: 1, 3001: 2, 10_000: 2, 20_000: 3, 180_000: 11, 180_001: 12, 5_000_000: 12}
    assert {tonnes: sampling("EU-FPR").samples_a_year(tonnes) for tonnes in steps} == steps
    germany = sampling("DE-BIOABFV")
    assert (germany.sub_samples, germany.laboratory_sample_kg) == (5, 3)
    assert (germany.every_t, germany.every_months) == (2000, 3)
    assert sampling("US-CA14").sub_samples == 12


def test_what_is_known_of_an_outdated_text_only_is_not_judged():
    found = library()["CA-BNQ0413"]
    assert (found.editions, rule_sets(found, DAY)) == ((), [])
    assert "1995" in found.unavailable.en
