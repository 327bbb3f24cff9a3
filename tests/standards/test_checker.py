"""The traps: basis, units, forms, plans, groups, sums, censoring, implausible values, and the sample's verdict."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from compostnet.shared.texts import catalogue
from standards.checker import check, table
from standards.checking.core import REASONS, round_half_even
from standards.checking.explain import check_lines
from standards.library import library, rule_sets, selected
from standards.reading.readings import Line, read_line
from tests.standards.support import DAY, judged, lines, verdict, whole_report

CN, EU3, EU1 = "CN-NYT525", "EU-FPR/PFC3A", "EU-FPR/PFC1AI"


def test_a_whole_report_passes():
    answer = judged(CN, *whole_report())
    assert answer.verdict == "pass"
    assert answer.provisional  # mechanical impurities are grade C
    assert {one.verdict for one in answer.indicators if one.obligatory} == {"pass"}


def test_one_failure_fails_even_where_others_are_missing():
    assert judged(CN, "Pb; 67; mg/kg; dm").verdict == "fail"


def test_nothing_tested_is_incomplete_and_undecidable_is_cannot_tell():
    assert judged(CN, "Pb; 12; mg/kg; dm").verdict == "incomplete"
    rows = [row.replace("21; mg/kg", "<80; mg/kg") for row in whole_report()]
    assert judged(CN, *rows).verdict == "cannot_tell"


def test_smallest_step_to_a_pass():
    step = verdict(CN, "Pb", "Pb; 67; mg/kg; dm").next_step
    assert step.render("en") == "lead 67 mg/kg → at most 50 mg/kg (dry matter)"
    assert "50" in step.render("zh-hans")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["Pb; 60; mg/kg; dm"], "fail"),
        (["Pb; 60; mg/kg; ar"], "fail"),
        (["Pb; 40; mg/kg; ar"], "cannot_tell"),
        (["Pb; 40; mg/kg; ar", "moisture; 50; %"], "fail"),
        (["Pb; 20; mg/kg; ar", "moisture; 50; %"], "pass"),
        (["Pb; 20; mg/kg; 鲜样", "干物质; 50; %"], "pass"),
        (["Pb; 60; mg/kg;"], "fail"),
        (["Pb; 40; mg/kg;"], "cannot_tell"),
        (["Pb; 40; mg/kg;", "moisture; 50; %"], "cannot_tell"),
        (["Pb; 20; mg/kg;", "moisture; 50; %"], "pass"),
        (["Pb; 20; mg/kg DW;"], "pass"),
        (["Pb; 20; mg/kg; somehow"], "cannot_tell"),
    ],
)
def test_basis(rows, expected):
    assert verdict(CN, "Pb", *rows).verdict == expected


def test_a_minimum_met_as_received_is_met_dry():
    assert verdict(CN, "organic_matter", "OM; 33; %;").verdict == "pass"
    assert verdict(CN, "organic_matter", "OM; 20; %;").verdict == "cannot_tell"


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("0.0045", "%", "pass"),
        ("0.0067", "%", "fail"),
        ("45000", "ug/kg", "pass"),
        ("45", "ppm", "pass"),
        ("45", "mg·kg-1", "pass"),
        ("45", "mg kg⁻¹", "pass"),
        ("45 mg/kg", "", "pass"),
        ("45 mg/kg", "g/kg", "cannot_tell"),
        ("45", "", "cannot_tell"),
        ("45", "furlongs", "cannot_tell"),
    ],
)
def test_units(value, unit, expected):
    assert verdict(CN, "Pb", f"Pb; {value}; {unit}; dm").verdict == expected


def test_moisture_on_dry_matter_is_converted():
    assert verdict(CN, "moisture", "moisture; 40; %; dm").compared == pytest.approx(100 * 40 / 140, rel=1e-5)


def test_share_without_unit_is_judged_only_when_every_reading_agrees():
    assert verdict(CN, "germination_index", "GI; 85").verdict == "pass"
    assert verdict(CN, "germination_index", "GI; 0.884").verdict == "cannot_tell"
    assert verdict(CN, "germination_index", "GI; 0.884; fraction").verdict == "pass"


def test_total_phosphorus_without_its_form():
    rows = ["N; 1.0; %; dm", "K2O; 1.0; %; dm"]
    assert verdict(CN, "total_nutrients", *rows, "总磷; 1.5; %; dm").verdict == "cannot_tell"
    assert verdict(CN, "total_nutrients", *rows, "总磷（以P2O5计）; 1.5; %; dm").verdict == "fail"
    assert verdict(CN, "total_nutrients", *rows, "总磷; 1.5; %; dm; elemental").verdict == "pass"
    assert verdict(CN, "total_nutrients", *rows, "总磷; 2.1; %; dm").verdict == "pass"


def test_sum_with_a_part_missing():
    assert verdict(CN, "total_nutrients", "N; 4.5; %; dm").verdict == "pass"
    short = verdict(CN, "total_nutrients", "N; 1.5; %; dm", "P2O5; 1; %; dm")
    assert short.verdict == "not_tested"
    assert "K2O" in short.next_step.render("en") or "potassium" in short.next_step.render("en")


def test_reported_total_and_its_parts_must_agree():
    parts = ["N; 2; %; dm", "P2O5; 1; %; dm", "K2O; 0.5; %; dm"]
    assert verdict(CN, "total_nutrients", "总养分; 5.0; %; dm").verdict == "pass"
    assert verdict(CN, "total_nutrients", "总养分; 5.0; %; dm", *parts).code == "reason_conflict"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ND", "cannot_tell"),
        ("ND (0.5)", "pass"),
        ("<1.9", "pass"),
        ("<2", "pass"),
        ("<2.9", "cannot_tell"),
        ("约1", "cannot_tell"),
        ("合格", "cannot_tell"),
        ("1,575", "cannot_tell"),
        ("0,234", "pass"),
        ("", "not_tested"),
    ],
)
def test_censored_mercury(text, expected):
    assert verdict(CN, "Hg", f"Hg; {text}; mg/kg; dm").verdict == expected


def test_rounding_of_gbt8170():
    assert verdict(CN, "mechanical_impurities", "机械杂质; 0.54; %; dm", "水分; 0; %").verdict == "pass"
    assert verdict(CN, "mechanical_impurities", "机械杂质; 0.55; %; dm", "水分; 0; %").verdict == "fail"
    explained = verdict(CN, "mechanical_impurities", "机械杂质; 0.54; %; dm", "水分; 0; %")
    assert "0.54" in " ".join(note.render("en") for note in explained.notes)
    np.testing.assert_allclose(
        round_half_even(np.array([0.25, 0.35, 2.675, 0.45, 1.005, 0.545]), 1), [0.2, 0.4, 2.7, 0.4, 1.0, 0.5]
    )
    np.testing.assert_allclose(
        round_half_even(np.array([2.675, 2.665, 1.005, 0.5, 1.5]), 2), [2.68, 2.66, 1.0, 0.5, 1.5]
    )


def test_no_rounding_where_the_edition_has_none():
    assert verdict(EU3, "Cd_3A", "Cd; 2.04; mg/kg; dm").verdict == "fail"


def test_equality_after_conversion_is_equality():
    assert verdict(EU1, "Cd_1A", "Cd; 0.00015; %; dm").verdict == "pass"
    assert verdict(EU3, "glass", "glass; 0.3; %; dm").verdict == "pass"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("643 ± 176", "per 10 g", "pass"),
        ("2", "log10 CFU/g", "pass"),
        ("2.4", "log10 CFU/g", "fail"),
        ("<3", "MPN/g", "pass"),
        (">2400", "MPN/g", "fail"),
        ("12000", "MPN/100g", "fail"),
        ("1.1×10²", "个/g", "fail"),
        ("200", "per 100 mL", "cannot_tell"),
    ],
)
def test_coliform_counts(text, unit, expected):
    assert verdict(CN, "faecal_coliforms", f"粪大肠菌群数; {text}; {unit}; ar").verdict == expected


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("0.01", "g", "pass"),
        ("≥0.01", "g", "pass"),
        ("10⁻³", "g", "fail"),
        ("46", "个/g", "pass"),
        ("460", "个/g", "fail"),
    ],
)
def test_coliform_value_is_inverse(text, unit, expected):
    assert verdict(CN, "faecal_coliforms", f"粪大肠菌值; {text}; {unit}; ar").verdict == expected


def test_no_eggs_found_satisfies_the_mortality_but_never_organic_matter():
    assert verdict(CN, "ascarid_mortality", "蛔虫卵死亡率; 未检出; %").verdict == "pass"
    assert verdict(CN, "ascarid_mortality", "蛔虫卵; 未检出; 个/g; ar").verdict == "pass"
    assert verdict(CN, "ascarid_mortality", "蛔虫卵; 3; 个/g; ar").verdict == "not_tested"
    assert verdict(CN, "organic_matter", "有机质; 未检出; %; dm").verdict == "cannot_tell"


def test_total_proves_its_part_only_downwards():
    assert verdict(EU3, "CrVI", "Cr; 1.5; mg/kg; dm").verdict == "pass"
    above = verdict(EU3, "CrVI", "Cr; 40; mg/kg; dm")
    assert (above.verdict, above.code) == ("not_tested", "reason_part_proves_nothing")
    assert "hexavalent" in above.next_step.render("en")
    assert verdict(EU3, "As_inorganic", "As; 12; mg/kg; dm").verdict == "pass"
    assert verdict(EU3, "CrVI", "Cr; 40; mg/kg; dm", "Cr(VI); 0.2; mg/kg; dm").verdict == "pass"


def test_plan_of_five():
    one = verdict(EU3, "E_coli", "E. coli; 10; CFU/g; ar")
    assert (one.verdict, one.code) == ("cannot_tell", "reason_plan_incomplete")
    assert "4" in one.next_step.render("en")
    assert verdict(EU3, "E_coli", "E. coli; 1001; CFU/g; ar").verdict == "fail"
    five = [f"E. coli; {count}; CFU/g; ar" for count in (10, 20, 95, 400, 1000)]
    assert verdict(EU3, "E_coli", *five).verdict == "pass"
    assert verdict(EU3, "E_coli", *five[:4], "E. coli; 1500; CFU/g; ar").verdict == "fail"
    coliforms = [f"faecal coliforms; {count}; CFU/g; ar" for count in (10, 20, 95, 400, 900)]
    assert verdict(EU3, "E_coli", *coliforms).verdict == "pass"


def test_absence_in_a_mass():
    five = ["Salmonella; absent in 25 g"] * 5
    assert verdict(EU3, "Salmonella", *five).verdict == "pass"
    assert verdict(EU3, "Salmonella", *five[:1]).verdict == "cannot_tell"
    assert verdict(EU3, "Salmonella", *["Salmonella; absent in 10 g"] * 5).code == "reason_mass_too_small"
    assert verdict(EU3, "Salmonella", *["Salmonella; ND"] * 5).code == "reason_mass_unknown"
    assert verdict(EU3, "Salmonella", *["Salmonella; 未检出; /25g"] * 5).verdict == "pass"
    assert verdict(EU3, "Salmonella", "Salmonella; present in 25 g").verdict == "fail"
    assert verdict(EU3, "Salmonella", "沙门氏菌; 检出").verdict == "fail"


def test_alternatives():
    rows = ["oxygen uptake rate; 12; mmol O2/kg OM/h"]
    assert verdict(EU3, "oxygen_uptake", *rows).verdict == "pass"
    assert verdict(EU3, "rottegrad", *rows, "Rottegrad; II").verdict == "not_applicable"
    failing = judged(EU3, "oxygen uptake rate; 30; mmol O2/kg OM/h")
    assert failing.verdict == "fail"
    rescued = judged(EU3, "oxygen uptake rate; 30; mmol O2/kg OM/h", "Rottegrad; IV")
    assert rescued.verdict == "incomplete"
    assert verdict(EU3, "oxygen_uptake", "OUR; 800; mg O2/kg OM/h").verdict == "pass"


def test_alternatives_that_nest():
    several = ["N; 1.5; %; ar", "P2O5; 1.4; %; ar", "K2O; 1.2; %; ar"]
    found = {one.limit_id: one.verdict for one in judged(EU1, *several).indicators}
    assert [found[i] for i in ("N_alone", "N_with_others", "nutrient_sum")] == ["not_applicable", "pass", "pass"]
    assert judged(EU1, "N; 1.5; %; ar").verdict == "incomplete"
    assert judged(EU1, "N; 0.5; %; ar", "P2O5; 0.5; %; ar", "K2O; 0.5; %; ar").verdict == "fail"


def test_limit_that_changes_on_a_day():
    row = "plastics; 2.8; g/kg; dm"
    assert verdict(EU3, "plastics", row, day=dt.date(2026, 7, 15)).verdict == "pass"
    assert verdict(EU3, "plastics", row, day=dt.date(2026, 7, 16)).verdict == "fail"


def test_editions_by_day():
    rows = ["OM; 40; %; dm"]
    assert verdict(CN, "organic_matter", *rows, day=dt.date(2021, 5, 31)).verdict == "fail"
    assert verdict(CN, "organic_matter", *rows, day=dt.date(2021, 6, 1)).verdict == "pass"


def test_monthly_average_says_so():
    found = verdict("US-503/T3", "Pb_T3", "Pb; 250; mg/kg; dm", "Pb; 340; mg/kg; dm")
    assert (found.verdict, found.compared) == ("pass", 295.0)
    assert verdict("US-503/T1", "Pb_T1", "Pb; 250; mg/kg; dm", "Pb; 900; mg/kg; dm").verdict == "fail"


@pytest.mark.parametrize(
    ("rows", "limit"),
    [
        (["P; 82.3; %; dm", "N; 3; %; dm", "K; 2; %; dm"], "total_nutrients"),
        (["OM; 20; %; dm", "TOC; 26; %; dm"], "organic_matter"),
        (["moisture; 60; %", "dry matter; 60; %"], "moisture"),
        (["moisture; 130; %"], "moisture"),
        (["pH; 76"], "pH"),
    ],
)
def test_implausible_is_flagged_not_judged(rows, limit):
    found = verdict(CN, limit, *rows)
    assert (found.verdict, found.code) == ("cannot_tell", "reason_implausible")


def test_unknown_names_are_said_and_never_dropped():
    answer = judged(CN, "Unobtainium; 3; mg/kg; dm", "Plumbum; 12; mg/kg; dm")
    unknown = [one for one in answer.indicators if one.code == "reason_name_unknown"]
    assert [one.indicator for one in unknown] == ["Unobtainium", "Plumbum"]
    assert all(one.verdict == "cannot_tell" for one in unknown)


def test_corg_follows_from_om_by_the_regulations_factor_only():
    found = verdict(EU3, "organic_carbon_3A", "OM; 37.9; %; dm", "dry matter; 47.5; %")
    assert found.compared == pytest.approx(37.9 * 0.56 * 0.475)
    assert "0.56" in " ".join(note.render("en") for note in found.notes)


def test_standard_without_class_answers_with_the_best_class_met():
    def best(*rows):
        answers = check_lines(lines(*rows), selected(["ES-RD506"], DAY))
        return [(a.rules.product_class.code, a.verdict) for a in answers]

    metals = ["Cd; 2.5", "Cu; 1", "Ni; 1", "Pb; 1", "Hg; 0.1", "Zn; 1", "Cr; 1"]
    rows = [f"{one}; mg/kg; dm" for one in metals]
    assert best(*rows) == [("C", "pass")]
    assert best(*[row.replace("Cd; 2.5", "Cd; 1.5") for row in rows]) == [("B", "pass")]
    assert best(*[row.replace("Cd; 2.5", "Cd; 0.5") for row in rows]) == [("A", "pass")]
    assert best("Cd; 2.5; mg/kg; dm") == [("C", "incomplete")]


def test_classes_that_stand_on_their_own_all_answer():
    answers = check_lines(lines("Cd; 50; mg/kg; dm"), selected(["US-503"], DAY))
    assert {a.rules.product_class.code: a.verdict for a in answers} == {
        "T3": "fail",
        "T1": "incomplete",
        "CLASSA": "incomplete",
        "CLASSB": "incomplete",
    }


def test_one_sample_and_many_are_judged_alike():
    values = ["<0.5", "12", "49.9", "50", "50.4", "50.6", "51", "<80", "ND", "abc", "-"]
    samples = [[read_line(Line(str(i), "Pb", value, "mg/kg", "dm"))] for i, value in enumerate(values * 500)]
    for standard in library().values():
        for rules in rule_sets(standard, DAY):
            many = check(table(samples), rules)
            for number in range(len(values)):
                alone = check(table([samples[number]]), rules)
                for one, all_ in zip(alone.outcomes, many.outcomes, strict=True):
                    assert one.verdict[0] == all_.verdict[number] == all_.verdict[number + len(values)]
                assert alone.verdict[0] == many.verdict[number]


def test_every_reason_has_its_sentence():
    known = catalogue()
    assert {f"reason_{name}" for name in REASONS[1:]} <= set(known)
