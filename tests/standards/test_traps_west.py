"""Published analyses and boundary cases of the reference's section 18 against the standards outside of Asia."""

from __future__ import annotations

import datetime as dt

import pytest

from standards.checking.explain import check_lines
from standards.indicators import indicators
from standards.library import load_library, selected
from tests.standards.support import DAY, lines

T1 = [
    *("pH; 7.657", "EC; 8.883; dS/m", "organic matter; 37.793; %; dm", "C; 26.46; %; dm", "N; 2.50; %; dm"),
    *("P; 0.424; %; dm; elemental", "Na; 0.685; %; dm", "K; 0.67; %; dm; elemental", "As; 0.398; mg/kg; dm"),
    *("Pb; 95; mg/kg; dm", "Cd; 1.575; mg/kg; dm", "Hg; <0.5; mg/kg; dm", "Cr; 40.275; mg/kg; dm"),
]
T2 = [
    *("N; 1.46; %; dm", "P; 0.47; %; dm; elemental", "K; 1.43; %; dm; elemental", "Ca; 1.45; %; dm", "C/N; 15:1"),
    *("Corg; 22; %; dm", "organic matter; 37.9; %; dm", "ash; 62.1; %; dm", "dry matter; 47.5; %"),
]
T3 = [
    *("Moisture; 55.2; % as received", "Organic Matter; 46.8; % dry weight", "pH; 7.90", "EC5; 3.4; dS/m"),
    *("Max size; 0.64; inch", "CO2 evolution; 1.4; mg CO2-C/g OM/day", "Emergence; 100.0; %", "Vigor; 110.6; %"),
    *("Fecal coliform; Pass", "Salmonella; Pass", "Cadmium; Pass; mg/kg; dry weight", "Lead; Pass; mg/kg"),
]
T12 = [
    *("moisture; 59; %", "pH; 6.6; ; ; 1:2.5", "EC; 14.47; dm/m; ; 1:2.5", "N; 0.77; %", "P; 82.3; %"),
    *("K; 3866.7; mg/kg", "OC; 21; %", "OM; 37.87; %", "C/N; 1:32"),
]


def judged(code, *rows, day=DAY, facts=None):
    """The verdicts of one sample: a single one, or of every class that answers."""
    return check_lines(lines(*rows), selected([code], day), facts=facts or {})


def of(code, name, *rows, day=DAY, facts=None):
    """Verdict and compared value of one limit, by its id or the only one of that indicator."""
    found = judged(code, *rows, day=day, facts=facts)[0].indicators
    hits = [one for one in found if one.limit_id == name] or [
        one for one in found if one.limit_id and one.indicator == name
    ]
    assert len(hits) == 1, name
    return hits[0]


def verdicts(code, *rows, **more):
    return {one.limit_id: one.verdict for one in judged(code, *rows, **more)[0].indicators if one.limit_id}


class TestSanandaj:
    """T1: means of a municipal compost; "Hg <0.5" is a reporting limit above some limits."""

    @pytest.mark.parametrize(
        ("code", "name", "verdict"),
        [
            *[("EU-FPR/PFC3A", "Cd", "pass"), ("EU-FPR/PFC3A", "Pb", "pass"), ("EU-FPR/PFC3A", "CrVI", "not_tested")],
            *[("EU-FPR/PFC3A", "As_inorganic", "pass"), ("EU-FPR/PFC3A", "Hg", "pass")],
            *[("EU-FPR/PFC1AI", "Cd", "fail"), ("EU-FPR/PFC4", "Cd", "fail")],
            *[("DE-BIOABFV/20T", "Cd", "fail"), ("DE-BIOABFV/20T", "Pb", "pass"), ("DE-BIOABFV/20T", "Hg", "pass")],
            *[("DE-BIOABFV/30T", "Cd", "fail"), ("DE-BIOABFV/30T", "Hg", "pass")],
            *[("AT-KOMPOSTVO/A+", "Hg", "cannot_tell"), ("AT-KOMPOSTVO/A", "Hg", "pass")],
            *[("AT-KOMPOSTVO/A+", "Pb", "fail"), ("AT-KOMPOSTVO/A", "Pb", "pass"), ("AT-KOMPOSTVO/A", "Cd", "fail")],
            *[("AT-KOMPOSTVO/B", "Cd", "pass"), ("AT-KOMPOSTVO/B", "Cu", "not_tested")],
            *[("FR-U44051", one, "pass") for one in ("As", "Cd", "Cr", "Hg", "Pb")],
            *[("US-503/T3", one, "pass") for one in ("As", "Cd", "Hg", "Pb")],
            *[("US-503/T1", one, "pass") for one in ("As", "Cd", "Hg", "Pb")],
            *[("CA-CCME/A", one, "pass") for one in ("As", "Cd", "Cr", "Hg", "Pb")],
            *[("EU-ORGANIC", "Hg", "cannot_tell"), ("EU-ORGANIC", "Cd", "fail"), ("EU-ORGANIC", "CrVI", "not_tested")],
            *[("CH-CHEMRRV", "Cd", "fail"), ("CH-CHEMRRV", "Pb", "pass"), ("UK-PAS100", "Cd", "fail")],
            *[("ECN-QAS", "Hg", "cannot_tell"), ("ES-RD506/A", "Hg", "cannot_tell"), ("ES-RD506/B", "Cd", "pass")],
            *[("AU-AS4454", "Cd", "fail"), ("NZ-4454", "Cd", "pass"), ("DE-DUEMV", "Cd", "fail")],
        ],
    )
    def test_limits(self, code, name, verdict):
        assert of(code, name, *T1).verdict == verdict

    @pytest.mark.parametrize(
        ("code", "class_", "verdict"),
        [
            ("AT-KOMPOSTVO", "B", "incomplete"),
            ("DE-BIOABFV", "20T", "fail"),
            ("CA-CCME", "A", "incomplete"),
            ("ES-RD506", "B", "incomplete"),
            ("EU-FPR/PFC3A", "PFC3A", "incomplete"),
            ("EU-FPR/PFC1AI", "PFC1AI", "fail"),
        ],
    )
    def test_the_best_class(self, code, class_, verdict):
        answers = judged(code, *T1)
        assert [(one.rules.product_class.code, one.verdict) for one in answers] == [(class_, verdict)]


def test_t2_dry_matter_and_carbon_of_the_product():
    assert of("EU-FPR/PFC3A", "dry_matter", *T2).verdict == "pass"
    carbon = of("EU-FPR/PFC3A", "organic_carbon", *T2)
    assert (carbon.verdict, carbon.compared) == ("pass", pytest.approx(10.45))
    by_factor = of("EU-FPR/PFC3A", "organic_carbon", *[row for row in T2 if not row.startswith("Corg")])
    assert (by_factor.verdict, by_factor.compared) == ("pass", pytest.approx(10.08, abs=0.005))
    assert of("EU-FPR/PFC1AI", "organic_carbon", *T2).verdict == "fail"  # 10.45 is below 15
    sum_ = of("FR-U44051", "nutrients_field", *T2)
    assert (sum_.verdict, sum_.compared) == ("pass", pytest.approx(4.26 * 0.475, abs=0.005))
    assert of("US-CCQC/M", "C_N", *T2).compared == 15


def test_t3_the_minnesota_type_specification_passes_and_a_word_is_no_number():
    found = verdicts("US-MNSW", *T3)
    passed = {"pH", "EC", "organic_matter", "particle_size", "stability", "emergence", "vigour", "moisture"}
    assert {name for name, verdict in found.items() if verdict == "pass"} == passed
    assert {name for name, verdict in found.items() if verdict == "not_tested"} == {"inerts", "N"}
    for name in ("faecal_coliforms", "Salmonella"):
        one = of("US-503/CLASSA", name, *T3)
        assert (one.verdict, one.code) == ("cannot_tell", "reason_lab_verdict")
    assert of("US-503/T3", "Cd", *T3).verdict == "cannot_tell"
    sta = verdicts("US-STA", *T3)
    assert {name for name, verdict in sta.items() if verdict == "declared"} == {
        *("moisture", "organic_matter", "pH", "EC", "particle_size", "CO2", "emergence", "vigour")
    }
    # emergence > 90 % and 1.4 mg: very mature by both groups, once C:N is reported
    assert [(a.rules.code, a.verdict) for a in judged("US-CCQC", *T3, "C/N; 14")] == [("US-CCQC/VM", "pass")]
    assert [(a.rules.code, a.verdict) for a in judged("US-CCQC", *T3)] == [("US-CCQC/VM", "incomplete")]


def test_t9_equality():
    household, animal = ["Cd; 3 ± 0.9; mg/kg; dm", "Pb; 16; mg/kg; dm"], ["Cd; 1.5; mg/kg; dm", "Pb; 11; mg/kg; dm"]
    expected = {"AT-KOMPOSTVO/B": "pass", "CA-CCME/A": "pass", "EU-FPR/PFC3A": "fail", "DE-BIOABFV/20T": "fail"}
    assert {code: of(code, "Cd", *household).verdict for code in expected} == expected
    expected = {"DE-BIOABFV/20T": "pass", "EU-FPR/PFC1AI": "pass", "DE-BIOABFV/30T": "fail", "AT-KOMPOSTVO/A": "fail"}
    assert {code: of(code, "Cd", *animal).verdict for code in expected} == expected


def test_t9_counts_per_ten_grams_and_ova():
    for count, per_gram in (("643 ± 176", 64.3), ("131 ± 52", 13.1)):
        one = of("US-503/CLASSA", "faecal_coliforms", f"faecal coliforms; {count}; per 10 g; dm")
        assert (one.verdict, one.compared) == ("pass", pytest.approx(per_gram))
    ova = "parasite ova; {}; /4 g; dm"
    expected = {"<2": "cannot_tell", "<1": "pass", "0": "pass", "1": "fail", "0.5": "pass"}
    assert {text: of("US-503/CLASSA", "helminth_ova", ova.format(text)).verdict for text in expected} == expected


def test_t12_is_flagged_and_not_judged():
    for code in ("FR-U44051", "US-MNSW", "US-CCQC/M"):
        for one in judged(code, *T12)[0].indicators:
            if one.indicator in ("P", "C_N") and one.reported:
                assert one.verdict in ("cannot_tell", "not_applicable")
                assert "implausible" in " ".join(m.render("en") for m in (one.reason, *one.notes))
    assert of("US-MNSW", "EC", *T12).code == "reason_unit_unknown"
    assert of("FR-U44051", "P2O5_field", *T12).verdict == "cannot_tell"
    assert of("FR-U44051", "K2O_field", *T12).verdict == "pass"  # 0.466 % K2O, on either basis


def coliforms(*counts):
    return [f"faecal coliforms; {count}; MPN/g; dm" for count in counts]


def test_a_geometric_mean_may_pass_where_a_sample_fails(tmp_path):
    counts = ("10", "20", "95", "400", "1500")
    assert of("US-503/CLASSA", "faecal_coliforms", *coliforms(*counts)).verdict == "fail"  # every sample by itself
    mean = made_up(tmp_path, 'compare: "<"\n        value: "1000"\n        statistic: geometric_mean\n        n: 5')
    answer = check_lines(lines(*coliforms(*counts)), selected(["XX-PLAN"], DAY, mean))[0].indicators[0]
    assert (answer.verdict, answer.compared) == ("pass", pytest.approx(102.7, abs=0.05))
    strict = made_up(tmp_path, 'compare: "<="\n        value: "100"\n        statistic: geometric_mean\n        n: 5')
    assert check_lines(lines(*coliforms(*counts)), selected(["XX-PLAN"], DAY, strict))[0].verdict == "fail"
    rows = [f"E. coli; {count}; CFU/g; ar" for count in counts]
    assert of("EU-FPR/PFC3A", "E_coli", *rows).verdict == "fail"  # M = 1 000
    assert of("EU-FPR/PFC3A", "E_coli", *rows[:4], "E. coli; 1000; CFU/g; ar").verdict == "pass"
    assert of("EU-FPR/PFC3A", "E_coli", *rows[:4], "E. coli; 1001; CFU/g; ar").verdict == "fail"
    assert of("EU-FPR/PFC3A", "E_coli", rows[0]).verdict == "cannot_tell"  # one sample of five


def test_class_b_takes_the_geometric_mean_of_seven():
    name = "faecal_coliforms_B"
    assert of("US-503/CLASSB", name, *coliforms(*["1000000"] * 6)).verdict == "cannot_tell"
    assert of("US-503/CLASSB", name, *coliforms(*["1000000"] * 6, "9000000")).verdict == "pass"
    assert of("US-503/CLASSB", name, *coliforms(*["2000000"] * 7)).verdict == "fail"  # "<", not "≤"


MADE_UP = """
code: XX-PLAN
name: {{zh: 方案, en: plan}}
issuer: {{zh: 试, en: test}}
country: XX
scope: {{zh: 试, en: test}}
editions:
  - edition: "1"
    title: {{zh: 试, en: test}}
    valid_from: 2020-01-01
    rounding: none
    sources:
      text: {{title: A text}}
    limits:
      - id: count
        indicator: {indicator}
        {compare}
        unit: {unit}
        basis: {basis}
        clause: {{zh: 一, en: one}}
        source: text
        grade: A
"""


def made_up(folder, compare, indicator="faecal_coliforms", unit="MPN/g", basis="dm"):
    text = MADE_UP.format(compare=compare, indicator=indicator, unit=unit, basis=basis)
    (folder / "XX-PLAN.yaml").write_text(text, encoding="utf-8")
    return load_library(folder, indicators())


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (["10", "20", "<10", "900", "1000"], "pass"),
        (["10", "20", "<10", "900", "1001"], "pass"),  # one between m and M is allowed
        (["10", "20", "<10", "4999", "5000"], "fail"),  # two are not
        (["10", "20", "<10", "900", "5000"], "pass"),  # M itself is allowed
        (["10", "20", "<10", "900", "5001"], "fail"),
        (["10", "20", "<10", "900"], "cannot_tell"),
        (["6000"], "fail"),  # fails already
        (["2000", "3000"], "fail"),  # two of whatever number
        (["10", "20", "30", "40", "<2000"], "pass"),  # it may be the one
        (["10", "20", "30", "<2000", "<2000"], "cannot_tell"),
    ],
)
def test_a_three_class_plan(tmp_path, counts, verdict):
    """The plan of the French digestate approval (n = 5, m = 1 000, M = 5 000, c = 1) in a made-up standard."""
    plan = 'compare: "<="\n        value: "5000"\n        plan: {n: 5, c: 1, m: "1000", M: "5000"}'
    books = made_up(tmp_path, plan, "E_coli", "CFU/g", "ar")
    rows = [f"E. coli; {count}; CFU/g; ar" for count in counts]
    assert check_lines(lines(*rows), selected(["XX-PLAN"], DAY, books))[0].verdict == verdict


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        (["100", "100", "100", "100"], "pass"),
        (["80", "90", "105", "125"], "pass"),  # mean 100, the highest just 25 % over
        (["80", "90", "104", "126"], "fail"),  # a single result more than 25 % over
        (["101", "100", "100", "100"], "fail"),
        (["90", "90", "90"], "cannot_tell"),
        (["126"], "fail"),
    ],
)
def test_the_moving_average_of_copper(results, verdict):
    rows = [f"Kupfer (Cu); {one}; mg/kg; TM" for one in results]
    assert of("DE-BIOABFV/20T", "Cu", *rows).verdict == verdict


def test_presence_absence_masses():
    for code, grams in (("UK-PAS100", 25), ("DE-BIOABFV/20T", 50), ("AT-KOMPOSTVO/A", 50), ("FR-U44051", 1)):
        rows = [f"Salmonella; absent in {mass} g" for mass in (1, 25, 50)]
        found = [of(code, "Salmonella", row).verdict for row in rows]
        assert found == ["pass" if mass >= grams else "cannot_tell" for mass in (1, 25, 50)]
    assert of("FR-U44051", "Salmonella", "Salmonella; present in 25 g").verdict == "cannot_tell"
    assert of("DE-BIOABFV/20T", "Salmonella", "Salmonella; present in 25 g").verdict == "fail"
    assert of("NZ-4454", "Salmonella", "Salmonella; not detected").verdict == "pass"
    assert of("NZ-4454", "Salmonella", "Salmonella; positive").verdict == "fail"


def test_salmonella_as_a_number_and_as_absence_are_different_proofs():
    number, absence = "Salmonella; <3; MPN/4 g; dm", "Salmonella; absent in 25 g; ; dm"
    assert of("US-503/CLASSA", "Salmonella", number).verdict == "pass"
    assert of("US-503/CLASSA", "Salmonella", absence).verdict == "pass"  # none in 25 g is below 3 in 4 g
    assert of("UK-PAS100", "Salmonella", number).verdict == "cannot_tell"  # 4 g were examined, not 25
    assert of("FR-U44051", "Salmonella_vegetables", number, facts={"use": "food_crops"}).verdict == "cannot_tell"
    assert of("FR-U44051", "Salmonella_vegetables", number, facts={"use": "landscaping"}).verdict == "not_applicable"


def test_copper_per_dry_matter_or_per_organic_matter():
    rows = ["Cu; 320; mg/kg; dm", "organic matter; {}; %; dm"]
    poor, rich = [rows[0], rows[1].format("40")], [rows[0], rows[1].format("60")]
    assert verdicts("FR-U44051", *poor)["Cu_om"] == "fail"  # 800 mg/kg OM
    assert verdicts("FR-U44051", *rich) | {"Cu_om": "pass", "Cu_dm": "not_applicable"} == verdicts("FR-U44051", *rich)
    assert verdicts("FR-U44051", rows[0])["Cu_om"] == "cannot_tell"


def test_cadmium_by_phosphate():
    cadmium, phosphate = "Cd; 1.6; mg/kg; dm", "P2O5; {}; %; ar"
    assert of("DE-DUEMV", "Cd", cadmium, phosphate.format("4.9")).verdict == "fail"
    assert of("DE-DUEMV", "Cd", cadmium, phosphate.format("5.0")).verdict == "not_applicable"
    assert of("DE-DUEMV", "Cd", cadmium).verdict == "cannot_tell"
    assert of("DE-DUEMV", "Cd", "Cd; 1.5; mg/kg; dm").verdict == "pass"
    high = [cadmium, phosphate.format("5.0"), "Cd per P2O5; {}; mg/kg P2O5"]
    assert of("DE-DUEMV", "Cd_per_P2O5", *high[:2], high[2].format("50")).verdict == "pass"
    assert of("DE-DUEMV", "Cd_per_P2O5", *high[:2], high[2].format("51")).verdict == "fail"
    assert of("DE-DUEMV", "Cd_per_P2O5", cadmium, phosphate.format("1")).verdict == "not_applicable"


def test_chromium_six_not_detectable():
    expected = {"<0.5": "pass", "ND": "pass", "未检出": "pass", "0.8": "fail", "abc": "cannot_tell", "-": "not_tested"}
    assert {text: of("EU-ORGANIC", "CrVI", f"Cr(VI); {text}; mg/kg; dm").verdict for text in expected} == expected
    assert of("EU-ORGANIC", "CrVI", "Cr; <5; mg/kg; dm").verdict == "not_tested"  # a total proves no absence
    assert of("EU-FPR/PFC3A", "CrVI", "Cr; 2; mg/kg; dm").verdict == "pass"  # but it proves a limit
    assert of("EU-FPR/PFC3A", "CrVI", "Cr; 2.1; mg/kg; dm").verdict == "not_tested"


def test_impurities_of_the_air_dry_sample():
    plain = "physical contaminants > 2 mm; {}; %; {}"
    expected = {
        ("0.25", "air-dry"): "pass",
        ("0.26", "air-dry"): "fail",
        ("0.25", "dm"): "pass",  # the air-dry share is lower still
        ("0.26", "dm"): "cannot_tell",
        ("0.26", "as received"): "fail",
        ("0.20", "as received"): "cannot_tell",
    }
    assert {key: of("UK-PAS100", "contaminants", plain.format(*key)).verdict for key in expected} == expected
    assert of("UK-PAS100", "contaminants", plain.format("0.26", "dm")).code == "reason_air_dry"
    assert of("ECN-QAS", "impurities", plain.format("0.6", "风干样")).verdict == "fail"
    assert of("ECN-QAS", "impurities", plain.format("0.4", "风干样")).verdict == "cannot_tell"


def test_a_limit_whose_basis_is_not_verified():
    nitrogen, moisture = "N; {}; %; {}", "moisture; 40; %"
    one = of("US-MNSW", "N", nitrogen.format("2.5", "dm"))
    assert (one.verdict, one.code) == ("cannot_tell", "reason_limit_basis")
    assert of("US-MNSW", "N", nitrogen.format("2.5", "dm"), moisture).verdict == "pass"  # 1.5 or 2.5
    assert of("US-MNSW", "N", nitrogen.format("0.6", "dm"), moisture).verdict == "cannot_tell"  # 0.36 or 0.6
    assert of("US-MNSW", "N", nitrogen.format("0.4", "dm")).verdict == "fail"
    assert of("US-MNSW", "N", nitrogen.format("2.5", "")).code == "reason_basis_unknown"


def test_a_count_by_another_method_is_said_to_be_one():
    def notes(row):
        return [one.code for one in of("US-503/CLASSA", "faecal_coliforms", row).notes]

    assert "note_counted_otherwise" in notes("faecal coliforms; 12; CFU/g; dm")
    assert "note_counted_otherwise" in notes("faecal coliforms; 12 CFU/g; ; dm")
    assert "note_counted_otherwise" not in notes("faecal coliforms; 12; MPN/g; dm")
    assert "note_counted_otherwise" not in notes("faecal coliforms; 12; /g; dm")


def test_pieces_in_a_volume_are_no_mass():
    pieces = "foreign matter > 25 mm; {}; {}"
    found = {unit: of("CA-CCME/A", "foreign_A", pieces.format("2", unit)).verdict for unit in ("pieces/500 mL", "/L")}
    assert found == {"pieces/500 mL": "fail", "/L": "pass"}
    assert of("CA-CCME/A", "foreign_A", pieces.format("0.5", "%")).code == "reason_unit_unknown"
    assert of("CA-CCME/A", "sharps_A", "sharps; nil; /500 mL").verdict == "pass"
    assert of("DE-RAL251/FRESH", "foreign_area", "area index; 15; cm2/L").verdict == "pass"
    assert of("DE-BIOABFV/20T", "weed_seeds", "weed seeds; 2.00; /L").verdict == "pass"
    assert of("DE-BIOABFV/20T", "weed_seeds", "weed seeds; 2.01; /L").verdict == "fail"
    # per kilogram, and without the bulk density
    assert of("DE-BIOABFV/20T", "weed_seeds", "weed seeds; 2; /kg").verdict == "cannot_tell"


@pytest.mark.parametrize(
    ("texts", "class_"),
    [
        (["CO2 evolution; 1.9; mg CO2-C/g OM/d", "NH4-N:NO3-N; 0.4"], "VM"),
        (["CO2 evolution; 2; mg CO2-C/g OM/d", "NH4-N:NO3-N; 0.4"], "M"),  # "< 2": equality is mature, not very
        (["CO2 evolution; 8; mg CO2-C/g OM/d", "emergence; 80; %"], "M"),
        (["Solvita; 7", "emergence; 91; %"], "VM"),
        (["Solvita; 7", "emergence; 90; %"], "M"),
        (["Dewar; 20; °C", "NH4-N; 500; mg/kg; dm"], "M"),
        (["oxygen uptake; 0.49; mg O2/g OM/h", "NH4-N; 74; ppm; dm"], "VM"),
    ],
)
def test_ccqc_takes_one_test_of_each_group(texts, class_):
    assert [(a.rules.product_class.code, a.verdict) for a in judged("US-CCQC", "C:N; 25", *texts)] == [(class_, "pass")]
    assert judged("US-CCQC", "C:N; 25.1", *texts)[0].verdict == "fail"
    assert judged("US-CCQC", "C:N; 25", texts[0])[0].verdict == "incomplete"


def test_ccqc_calls_the_published_raw_composts_immature():
    """T4 and its like: ammonia 530 and 640 ppm, ratios 71 and 5800 were labelled immature."""
    for ammonia, ratio in (("530", "71"), ("640", "5800")):
        rows = ["C:N; 18", "CO2 evolution; 7.0; mg CO2-C/g OM/d", f"NH4-N; {ammonia}; ppm; dm", f"NH4-N:NO3-N; {ratio}"]
        assert judged("US-CCQC", *rows)[0].verdict == "fail"


def test_oxygen_uptake_between_the_units_of_the_standards():
    uptake = "oxygen uptake; {}; {}"
    for text, unit in (("25", "mmol O2/kg OM/h"), ("800", "mg O2/kg OM/h"), ("0.8", "mg O2/g OM/h")):
        assert of("EU-FPR/PFC3A", "oxygen_uptake", uptake.format(text, unit)).verdict == "pass"
    assert of("CA-CCME/A", "oxygen_uptake", uptake.format("12.5", "mmol O2/kg OM/h")).compared == pytest.approx(400)
    assert of("CA-CCME/A", "oxygen_uptake", uptake.format("12.6", "mmol O2/kg OM/h")).verdict == "fail"
    carbon = of("CA-CCME/A", "CO2", "stability; 14.7; mg CO2/g OM/d")
    assert carbon.compared == pytest.approx(4.01, abs=0.005)


def test_what_hangs_on_the_feedstock():
    rows = ["faecal coliforms; 5000; MPN/g; dm"]
    name = "faecal_coliforms"
    assert of("CA-CCME/A", name, *rows, facts={"feedstock": "kitchen_waste"}).verdict == "fail"
    garden = judged("CA-CCME/A", *rows, facts={"feedstock": "garden_waste"})[0]
    found = {one.limit_id: one for one in garden.indicators if one.limit_id}
    assert (found[name].verdict, found[name + "_garden"].verdict) == ("not_applicable", "fail")
    assert not found[name + "_garden"].obligatory
    assert garden.verdict != "fail"
    assert of("CA-CCME/A", name, *rows).verdict == "cannot_tell"
    assert of("AU-AS4454", name, *rows, facts={"feedstock": "garden_waste"}).verdict == "not_applicable"
    assert of("AU-AS4454", name, *rows, facts={"feedstock": "manure"}).verdict == "fail"


def test_lime_is_declared_where_the_ph_is_high():
    assert of("AU-AS4454", "lime", "pH; 7.5").verdict == "not_applicable"
    assert of("AU-AS4454", "lime", "pH; 7.6").verdict == "not_tested"
    assert of("AU-AS4454", "lime", "pH; 7.6", "CaCO3; 4; %; dm").verdict == "declared"
    assert of("AU-AS4454", "pH", "pH; 4.9").verdict == "fail"


def test_plastics_on_the_eve_and_on_the_day():
    row = "plastics > 2 mm; 0.28; %; dm"
    assert of("EU-FPR/PFC3A", "plastics", row, day=dt.date(2026, 7, 15)).verdict == "pass"
    assert of("EU-FPR/PFC3A", "plastics", row, day=dt.date(2026, 7, 16)).verdict == "fail"


def test_one_of_two_stability_tests_is_enough():
    assert verdicts("EU-FPR/PFC3A", "Rottegrad; III")["oxygen_uptake"] == "not_applicable"
    assert of("EU-FPR/PFC3A", "rottegrad", "Rottegrad; II").verdict == "fail"
    assert of("EU-FPR/PFC3A", "rottegrad", "self-heating; IV").verdict == "pass"
    assert of("DE-RAL251/FINISHED", "rottegrad", "Rottegrad; III").verdict == "fail"
    assert of("DE-RAL251/FRESH", "rottegrad", "Rottegrad; III").verdict == "pass"


def test_strict_signs():
    cases = [
        ("US-503/CLASSA", "faecal_coliforms", "faecal coliforms; 1000; MPN/g; dm", "fail"),
        ("US-503/CLASSA", "faecal_coliforms", "faecal coliforms; 999; MPN/g; dm", "pass"),
        ("US-NOP", "faecal_coliforms", "faecal coliforms; 1000; MPN/g; dm", "pass"),
        ("US-503/CLASSA", "Salmonella", "Salmonella; <3; MPN/4 g; dm", "pass"),
        ("US-503/CLASSA", "Salmonella", "Salmonella; 3; MPN/4 g; dm", "fail"),
        ("FR-U44051", "glass_metals", "glass + metal > 2 mm; 2.0; %; dm", "fail"),
        ("FR-U44051", "N_field", "N; 3; %; ar", "fail"),
        ("NZ-4454", "E_coli", "E. coli; 100; MPN/g; ar", "fail"),
        ("CA-ON-AA", "EC", "EC; 4; mS/cm", "fail"),
        ("CA-CCME/A", "self_heating", "Dewar; 8; °C", "fail"),
        ("US-MNSW", "EC", "soluble salts; 9.9; dS/m", "pass"),
    ]
    for code, name, row, verdict in cases:
        assert of(code, name, row).verdict == verdict, (code, name)
