"""Every limit of the standards of China and India against the reference, value by value, and their traps."""

from __future__ import annotations

import datetime as dt

import pytest

from standards.library import library, rule_sets
from tests.standards.support import DAY, judged, verdict, whole_report

FIVE = [("As", "15"), ("Cd", "3"), ("Pb", "50"), ("Cr", "150"), ("Hg", "2")]


def metals(code, grade, basis="dm", day=DAY):
    return [(code, day, name, "<=", value, "mg/kg", basis, grade) for name, value in FIVE]


def rows(code, *lines, day=DAY):
    return [(code, day, *line.split()) for line in lines]


OLD, OF_2012 = dt.date(1995, 1, 1), dt.date(2015, 1, 1)
# code, day, limit, sign, value (or low..high), unit, basis, grade: as in the reference, section by section
REFERENCE = [
    *rows(  # 1
        "CN-NYT525",
        "organic_matter >= 30 % dm B-",
        "total_nutrients >= 4.0 % dm B-",
        "moisture <= 30 % ar B-",
        "pH range 5.5..8.5 - none B-",
        "germination_index >= 70 % none B-",
        "mechanical_impurities <= 0.5 % unverified C",
        "faecal_coliforms <= 100 /g ar B-",
        "ascarid_mortality >= 95 % none B-",
        "chloride declared - % dm C",
        "weed_seeds declared - /kg none C",
    ),
    *metals("CN-NYT525", "B-"),
    *rows("CN-NYT525", "organic_matter >= 45 % dm B-", "total_nutrients >= 5.0 % dm B-", "moisture <= 30 % ar B-",
          day=OF_2012),
    *metals("CN-NYT525", "B", day=OF_2012),
    *rows(  # 3a
        "CN-GB7959",
        "ascarid_mortality >= 95 % none C",
        "faecal_coliform_value >= 0.01 g ar C",
        "Salmonella absent - - ar C",
    ),
    *rows(  # 3c
        "CN-GB8172",
        "mechanical_impurities <= 3 % dm C",
        "max_particle_size <= 12 mm none B",
        "ascarid_mortality >= 95 % none B",
        "faecal_coliform_value >= 0.01 g ar B",
        "Cd <= 3 mg/kg dm C",
        "Hg <= 5 mg/kg dm B",
        "Pb <= 100 mg/kg dm B",
        "Cr <= 300 mg/kg dm B",
        "As <= 30 mg/kg dm B",
        "organic_carbon >= 10 % dm B",
        "N >= 0.5 % dm B",
        "P2O5 >= 0.3 % dm B",
        "K2O >= 1.0 % dm B",
        "pH range 6.5..8.5 - none B",
        "moisture range 25..35 % ar B",
        day=OLD,
    ),
    *metals("CN-GB38400", "C", "unverified"),  # 3e
    *rows(
        "CN-GB38400",
        "Tl <= 2.5 mg/kg unverified C",
        "biuret <= 1.5 % unverified C",
        "ascarid_mortality >= 95 % none C",
        "faecal_coliforms <= 100 /g ar C",
        "Ni <= 600 mg/kg unverified C",
        "Co <= 100 mg/kg unverified C",
        "V <= 325 mg/kg unverified C",
        "Sb <= 25 mg/kg unverified C",
        "benzo_a_pyrene <= 0.55 mg/kg unverified C",
        "petroleum_hydrocarbons <= 0.25 % unverified C",
        "phthalates <= 25 mg/kg unverified C",
        "trichloroacetaldehyde <= 5 mg/kg unverified C",
    ),
    *rows(  # 3f
        "CN-NY884",
        "effective_viable_count >= 0.20 亿/g ar B",
        "organic_matter >= 40.0 % dm B",
        "moisture <= 30.0 % ar B",
        "pH range 5.5..8.5 - none B",
        "faecal_coliforms <= 100 /g ar B",
        "ascarid_mortality >= 95 % none B",
    ),
    *metals("CN-NY884", "B"),
    *rows("CN-NYT1109", "faecal_coliforms <= 100 /g ar C", "ascarid_mortality >= 95 % none C"),
    *metals("CN-NYT1109", "C"),
    *rows(  # 3g
        "CN-NYT3442",
        "organic_matter >= 30 % dm C",
        "moisture <= 45 % ar C",
        "germination_index >= 70 % none C",
        "ascarid_mortality >= 95 % none C",
        "faecal_coliforms <= 100 /g ar C",
    ),
    *metals("CN-NYT3442", "C"),
    *rows(  # 3h
        "CN-DB33-RURAL/MACHINE",
        "organic_matter >= 30 % dm B",
        "moisture <= 30 % ar B",
        "pH range 5.5..8.5 - none B",
        "germination_index >= 60 % none B",
        "As <= 15 mg/kg dm B",
        "Hg unavailable - - dm C",
        "Pb unavailable - - dm C",
        "Cd unavailable - - dm C",
        "Cr unavailable - - dm C",
        "faecal_coliforms <= 100 /g ar B",
        "ascarid_mortality >= 95 % none B",
    ),
    *rows(
        "CN-DB33-RURAL/SOLAR",
        "As <= 15 mg/kg dm B",
        "Hg unavailable - - dm C",
        "Pb unavailable - - dm C",
        "Cd unavailable - - dm C",
        "Cr unavailable - - dm C",
        "faecal_coliforms <= 100 /g ar B",
        "ascarid_mortality >= 95 % none B",
    ),
    *[  # 10a
        row
        for code, name in (("CITY", "CITY"), ("MANURE", "MANURE"))
        for row in rows(
            f"IN-FCO/{code}",
            "passing_4mm >= 90 % none B",
            "bulk_density < 1.0 g/cm3 none B",
            "C_N < 20 - none B",
            "pathogens absent - - ar B",
            "As2O3 <= 10.0 mg/kg dm B",
            "Cd <= 5 mg/kg dm B",
            "Cr <= 50 mg/kg dm B",
            "Cu <= 300 mg/kg dm B",
            "Hg <= 0.15 mg/kg dm B",
            "Ni <= 50 mg/kg dm B",
            "Pb <= 100 mg/kg dm B",
            "Zn <= 1000 mg/kg dm B",
        )
    ],
    *rows(
        "IN-FCO/CITY",
        "moisture_CITY range 15.0..25.0 % ar B",
        "organic_carbon_CITY >= 12.0 % unverified B",
        "N_CITY >= 0.8 % unverified B",
        "P2O5_CITY >= 0.4 % unverified B",
        "K2O_CITY >= 0.4 % unverified B",
        "pH_CITY range 6.5..7.5 - none B",
        "EC_CITY <= 4.0 dS/m none C",
    ),
    *rows(
        "IN-FCO/MANURE",
        "moisture_MANURE <= 25.0 % ar B",
        "organic_carbon_MANURE >= 14.0 % unverified B",
        "N_MANURE >= 0.5 % unverified B",
        "P2O5_MANURE >= 0.5 % unverified B",
        "K2O_MANURE >= 0.5 % unverified B",
        "total_nutrients_MANURE >= 3 % unverified B",
        "pH_MANURE range 6.0..8.5 - none B",
        "EC_MANURE <= 5.0 dS/m none B",
    ),
    *[  # 10b
        row
        for code in ("COMPOST", "PROM")
        for row in rows(
            f"IN-SWM2016/{code}",
            "As <= 10 mg/kg dm C",
            "Cd <= 5 mg/kg dm C",
            "Cr <= 50 mg/kg dm C",
            "Cu <= 300 mg/kg dm B",
            "Pb <= 100 mg/kg dm B",
            "Hg <= 0.15 mg/kg dm B",
            "Ni <= 50 mg/kg dm B",
            "Zn <= 1000 mg/kg dm B",
            "C_N < 20 - none B",
        )
    ],
    *rows(
        "IN-SWM2016/COMPOST",
        "pH_COMPOST range 6.5..7.5 - none B",
        "moisture_COMPOST range 15.0..25.0 % ar B",
        "bulk_density_COMPOST < 1.0 g/cm3 none B",
        "organic_carbon_COMPOST >= 12.0 % unverified C",
        "N_COMPOST >= 0.8 % unverified C",
        "P2O5_COMPOST >= 0.4 % unverified C",
        "K2O_COMPOST >= 0.4 % unverified C",
        "EC_COMPOST <= 4.0 dS/m none C",
    ),
    *rows(
        "IN-SWM2016/PROM",
        "pH_PROM <= 6.7 - none B",
        "moisture_PROM <= 25.0 % ar B",
        "bulk_density_PROM < 1.6 g/cm3 none B",
        "organic_carbon_PROM >= 7.9 % unverified C",
        "N_PROM >= 0.4 % unverified C",
        "P2O5_PROM >= 10.4 % unverified C",
        "EC_PROM <= 8.2 dS/m none C",
    ),
]  # fmt: skip


def rules_of(code, day=DAY):
    standard, _, class_code = code.partition("/")
    return rule_sets(library()[standard], day, class_code or None)[0]


@pytest.mark.parametrize(("code", "day", "limit_id", "sign", "value", "unit", "basis", "grade"), REFERENCE)
def test_the_values_of_the_reference(code, day, limit_id, sign, value, unit, basis, grade):
    limit = next(one for one in rules_of(code, day).limits if one.id == limit_id)
    stated = f"{limit.low}..{limit.high}" if limit.compare == "range" else str(limit.value or "-")
    assert (limit.compare, stated, limit.unit or "-", limit.basis, limit.grade) == (sign, value, unit, basis, grade)


def test_no_limit_is_lost_or_added_unseen():
    for code, day in {(row[0], row[1]) for row in REFERENCE if (row[0], row[1]) != ("CN-NYT525", OF_2012)}:
        wanted = {row[2] for row in REFERENCE if row[:2] == (code, day)}
        assert {limit.id for limit in rules_of(code, day).limits} == wanted, code


def test_only_nyt525_rounds():
    for code, standard in library().items():
        for edition in standard.editions:
            if code.startswith(("CN-", "IN-")):
                assert (edition.rounding == "gbt8170") == (code == "CN-NYT525"), code
    assert verdict("CN-NYT525", "Cd", "总镉; 3.4; mg/kg; 干基").verdict == "pass"
    assert verdict("CN-NY884", "Cd", "总镉; 3.4; mg/kg; 干基").verdict == "fail"
    assert verdict("CN-NYT525", "mechanical_impurities", "机械杂质; 0.54; %; 干基", "水分; 0; %").verdict == "pass"


def test_what_is_optional():
    optional = {limit.id for limit in rules_of("CN-GB38400").limits if not limit.obligatory}
    assert len(optional) == 8
    assert not optional & {name for name, _ in FIVE}
    assert not next(one for one in rules_of("IN-FCO/MANURE").limits if one.id == "EC_MANURE").obligatory


def test_abolished_editions_end():
    assert rule_sets(library()["CN-GB8172"], DAY) == []
    assert [one.edition.edition for one in rule_sets(library()["CN-GB7959"], dt.date(2013, 4, 30))] == ["1987"]
    assert [one.edition.edition for one in rule_sets(library()["CN-GB7959"], dt.date(2013, 5, 1))] == ["2012"]


def test_the_groups_own_standards_say_that_they_are_not_covered():
    for code, title in (("CN-T-CYDFCW", "厨余堆肥产物"), ("CN-T-SQCYDF", "社区厨余堆肥技术规范")):
        standard = library()[code]
        assert not standard.editions
        assert title in standard.name.zh
        assert "没有见到标准文本" in standard.unavailable.zh


def test_nothing_of_a_copper_limit():
    note = rules_of("CN-NYT525").edition.note
    assert "铜" in note.zh
    assert "copper" in note.en
    assert not any(limit.indicator == "Cu" for limit in rules_of("CN-NYT525").limits)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("CN-GB7959", [("50", "10"), ("60", "5"), ("50", "2")]),
        ("CN-CJJ52", [("55", "5")]),
        ("CN-NYT3442", [("55", "15"), ("55", "7"), ("55", "5")]),
    ],
)
def test_process_rules(code, options):
    (rule,) = rules_of(code).process
    assert [(str(one.at_least), str(one.days)) for one in rule.any_of] == options
    assert all(one.points == "every" and not one.strict for one in rule.any_of)
    assert rule.grade == "C"


def test_above_fifty_degrees_for_more_than_a_week():
    (option,) = rules_of("INT-WHO2006").process[0].any_of
    assert (str(option.at_least), option.strict, str(option.days)) == ("50", True, "8")
    assert not rules_of("INT-WHO2006").provisional


def test_process_rules_by_system():
    systems = {one.id: one.systems for one in rules_of("CN-NYT3442").process[0].any_of}
    assert "windrow" in systems["windrow"]
    assert systems["trough"] == ("trough",)
    assert "reactor" in systems["reactor"]
    systems = {one.id: one.systems for one in rules_of("CN-GB7959").process[0].any_of}
    assert "manual_pile" in systems["manual_50"]
    assert "mechanical" in systems["mechanical_50"]
    assert "mechanical" not in systems["manual_60"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("粪大肠菌值; 0.01; g", "pass"),
        ("粪大肠菌值; 10^-2", "pass"),
        ("粪大肠菌值; 10⁻¹", "pass"),
        ("粪大肠菌值; 0.11; g", "pass"),
        ("粪大肠菌值; 10^-3; g", "fail"),
        ("粪大肠菌值; 0.009; g", "fail"),
        ("大肠菌值; 46; 个/g", "pass"),  # a count under the name of a value
        ("大肠菌值; 460; 个/g", "fail"),
        ("粪大肠菌群数; 100; 个/g; 鲜样", "pass"),
        ("粪大肠菌群数; 101; 个/g; 鲜样", "fail"),
        ("粪大肠菌群数; <3; MPN/g; 鲜样", "pass"),
    ],
)
def test_the_coliform_value_is_inverse(row, expected):
    rest = ["水分; 0; %"]  # as received and dry are the same
    assert verdict("CN-GB7959", "faecal_coliform_value", row, *rest).verdict == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("有效活菌数; 0.20; 亿/g; 鲜样", "pass"),
        ("有效活菌数; 0.19; 亿/g; 鲜样", "fail"),
        ("有效活菌数; 2.0×10^7; CFU/g; 鲜样", "pass"),
        ("有效活菌数; 1.9×10^7; CFU/g; 鲜样", "fail"),
        ("有效活菌数; 7.31; log10 CFU/g; 鲜样", "pass"),
    ],
)
def test_the_viable_count_in_its_units(row, expected):
    assert verdict("CN-NY884", "effective_viable_count", row).verdict == expected


def test_organic_matter_as_carbon_is_not_organic_matter():
    assert verdict("CN-GB8172", "organic_carbon", "有机质; 38; %; 干基", day=OLD).verdict == "not_tested"
    assert verdict("CN-GB8172", "organic_carbon", "有机碳; 22; %; 干基", day=OLD).verdict == "pass"


@pytest.mark.parametrize(
    ("limit_id", "row", "expected"),
    [
        ("C_N", "C:N; 20", "fail"),  # < 20
        ("C_N", "C:N; 19.9", "pass"),
        ("bulk_density", "bulk density; 1.0; g/cm3", "fail"),
        ("bulk_density", "bulk density; 990; kg/m3", "pass"),
        ("As2O3", "As; 7.5; mg/kg; dm", "pass"),
        ("As2O3", "As; 7.6; mg/kg; dm", "fail"),  # 10.04 as As2O3
        ("As2O3", "arsenic as As2O3; 10.0; mg/kg; dm", "pass"),
        ("pathogens", "pathogens; nil", "pass"),
        ("pathogens", "pathogens; present", "fail"),
        ("EC_CITY", "EC; 400; mS/m", "pass"),
        ("EC_CITY", "EC; 4100; µS/cm", "fail"),
        ("passing_4mm", "passing 4.0 mm IS sieve; 90; %", "pass"),
        ("moisture_CITY", "moisture; 14.9; %", "fail"),
        ("Hg", "Hg; ND (<0.1 mg/kg); mg/kg; dm", "pass"),
        ("Hg", "Hg; ND; mg/kg; dm", "cannot_tell"),
    ],
)
def test_traps_of_the_indian_order(limit_id, row, expected):
    assert verdict("IN-FCO/CITY", limit_id, row).verdict == expected


def test_a_report_that_meets_nyt525_against_its_relatives():
    assert judged("CN-NYT525", *whole_report()).verdict == "pass"
    assert judged("CN-NYT3442", *whole_report()).verdict == "pass"
    assert judged("CN-NYT1109", *whole_report()).verdict == "pass"
    assert judged("CN-NY884", *whole_report()).verdict == "fail"  # organic matter 38.2 of 40.0
    assert judged("CN-GB38400", *whole_report()).verdict == "incomplete"  # no thallium, no biuret
    assert judged("CN-DB33-RURAL/MACHINE", *whole_report()).verdict == "cannot_tell"  # four values not at hand
