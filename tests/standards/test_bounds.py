"""What follows from a part for its whole, from a volume for a mass, from one extract for another; and what does not."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.texts import Message
from standards.checking.explain import check_lines
from standards.checking.plan import parts_below, ways
from standards.indicators import extract_of, indicators, read_unit, unit_factor
from standards.library import library as shipped
from standards.library import rule_sets, selected
from tests.standards.support import DAY, judged, lines, verdict

PART_OF = [one for one in indicators().relations if one.kind == "part"]


# --- a part bounds its whole from below ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "limit", "row", "compared"),
    [
        ("CN-NYT525", "faecal_coliforms", "E. coli; 1500; CFU/g; ar", "≥ 1500"),
        ("CN-NYT525", "Cr", "Cr VI; 160; mg/kg; dm", "≥ 160"),
        ("CN-NYT525", "As", "inorganic arsenic; 20; mg/kg; dm", "≥ 20"),
    ],
)
def test_a_part_over_the_limit_of_its_whole_fails_it(code, limit, row, compared):
    found = verdict(code, limit, row)
    assert (found.verdict, found.code, found.compared) == ("fail", "reason_not_met", compared)
    assert "note_whole" in [note.code for note in found.notes]
    for language in ("zh-hans", "en"):
        said = found.as_json(language)
        part = row.split(";")[0]
        assert part in said["reported"] and said["next_step"]


@pytest.mark.parametrize("row", ["E. coli; 50; CFU/g; ar", "E. coli; <3; MPN/g; ar", "E. coli; not detected; ;"])
def test_a_part_never_proves_a_pass(row):
    assert verdict("CN-NYT525", "faecal_coliforms", row).verdict == "not_tested"


def test_the_reports_own_value_of_the_whole_decides():
    found = verdict("CN-NYT525", "Cr", "Cr VI; 160; mg/kg; dm", "Cr; 200; mg/kg; dm")
    assert found.compared == 200 and found.reported == "200 mg/kg dm"
    unread = verdict("CN-NYT525", "Cr", "Cr VI; 160; mg/kg; dm", "Cr; see annex; mg/kg; dm")
    assert (unread.verdict, unread.code) == ("cannot_tell", "reason_unreadable")


def test_a_part_on_another_basis_is_converted_first():
    dry = "E. coli; 150; CFU/g; dm"
    assert (
        verdict("CN-NYT525", "faecal_coliforms", dry).verdict == "not_tested"
    )  # as received it may be next to nothing
    assert verdict("CN-NYT525", "faecal_coliforms", dry, "moisture; 20; %").verdict == "fail"  # 120 per g
    assert verdict("CN-NYT525", "faecal_coliforms", dry, "moisture; 40; %").verdict == "not_tested"  # 90 per g


def test_a_part_of_a_part_counts_and_the_inverse_value_too():
    assert ("whole", "E_coli", 1.0) in parts_below("total_coliforms")
    assert ("part", "impurities_total_2mm", 1.0) in list(ways("plastics_20mm", ()))
    found = verdict("CN-GB7959", "faecal_coliform_value", "E. coli; 1500; CFU/g; ar")
    assert (found.verdict, found.notes[0].code) == ("fail", "note_whole_inverse")
    assert verdict("CN-GB7959", "faecal_coliform_value", "E. coli; 50; CFU/g; ar").verdict == "not_tested"


def test_salmonella_found_is_a_pathogen_and_none_found_says_nothing():
    def pathogens(*rows):
        return verdict("IN-FCO/CITY", "pathogens", *rows)

    assert (pathogens("Salmonella; detected in 25 g").verdict, pathogens("pH; 7").verdict) == ("fail", "not_tested")
    assert pathogens("Salmonella; absent in 25 g").verdict == "not_tested"
    assert verdict("CN-GB7959", "Salmonella", "pathogens; absent in 25 g").verdict == "not_tested"


@pytest.mark.parametrize("relation", PART_OF, ids=lambda one: f"{one.of} of {one.from_}")
def test_a_part_above_its_whole_flags_both(relation):
    def cells(part, whole):
        unit = indicators().indicators[relation.of].unit
        factor = unit_factor(relation.of, unit) / unit_factor(relation.from_, unit)
        rows = [f"{relation.of}; {part * factor}; {unit}; dm", f"{relation.from_}; {whole}; {unit}; dm"]
        found = check_lines(lines(*rows), selected(["CN-CJJ52"], DAY))[0].indicators
        return {one.indicator: [note.code for note in one.notes] for one in found}

    for codes in cells(9, 2).values():
        assert codes == ["reason_implausible", "note_part_above_whole"]
    for part in (2, 2.3):  # two measurements of one sample scatter
        assert not any(cells(part, 2).values())
    assert not any(cells(1, 2).values())


def test_a_contradicted_pair_is_judged_by_no_standard():
    found = verdict("CN-NYT525", "faecal_coliforms", "E. coli; 150; CFU/g; ar", "faecal coliforms; 23; CFU/g; ar")
    assert (found.verdict, found.code) == ("cannot_tell", "reason_implausible")
    assert "150" in found.as_json("en")["reason"]
    nil = judged("IN-FCO/CITY", "Salmonella; detected in 25 g", "pathogens; nil")
    assert {one.code for one in nil.indicators if one.indicator == "pathogens"} == {"reason_implausible"}


def test_what_scatter_explains_unmakes_no_failure():
    """Two counts above the limit, the part a little above its whole: both stand, and both fail."""
    rows = ("E. coli; 1700; CFU/g; ar", "faecal coliforms; 1585; MPN/g; ar")
    assert verdict("CN-NYT525", "faecal_coliforms", *rows).verdict == "fail"
    assert verdict("UK-PAS100", "E_coli", *rows).verdict == "fail"


def test_found_salmonella_fails_whatever_the_sum_of_pathogens_says():
    rows = ("Salmonella; detected in 25 g", "pathogens; nil")
    assert verdict("CN-GB7959", "Salmonella", *rows).verdict == "fail"


@given(part=st.floats(0.001, 99_999))
def test_what_the_part_says_agrees_with_the_whole_itself(part):
    whole = verdict("CN-NYT525", "Cr", f"Cr; {part:.6f}; mg/kg; dm").verdict
    by_part = verdict("CN-NYT525", "Cr", f"Cr VI; {part:.6f}; mg/kg; dm").verdict
    assert by_part == {"fail": "fail", "pass": "not_tested"}[whole]


# --- numbers per volume ----------------------------------------------------------------------------------------------


def test_a_count_per_volume_needs_the_bulk_density():
    def coliforms(*rows):
        return verdict("CN-NYT525", "faecal_coliforms", *rows)

    for row in ("faecal coliforms; 5000; MPN/100 mL", "faecal coliforms; <2; CFU/mL;", "faecal coliforms; 3 MPN/L"):
        found = coliforms(row)
        assert (found.verdict, found.code) == ("cannot_tell", "reason_bulk_density_needed")
        assert found.next_step.code == "step_bulk_density" and "bulk density" in found.as_json("en")["next_step"]
    dense = coliforms("faecal coliforms; 5000; MPN/100 mL", "bulk density; 0.5; g/cm3")
    assert (dense.verdict, dense.compared) == ("pass", 100)  # 50 per mL at 0.5 g per mL
    assert "note_density" in [note.code for note in dense.notes]
    loose = coliforms("faecal coliforms; 5000; MPN/100 mL", "bulk density; 400; kg/m3")
    assert (loose.verdict, loose.compared) == ("fail", 125)
    assert coliforms("faecal coliforms; 5000; MPN/100 mL", "bulk density; 0.5; g/cm3; dm").verdict == "cannot_tell"
    between = coliforms("faecal coliforms; 5000; MPN/100 mL", "bulk density; 0.4-0.6; g/cm3")
    assert between.verdict == "cannot_tell"


def test_a_count_per_volume_reaches_dry_matter_by_density_and_moisture():
    rows = ["faecal coliforms; 100; CFU/mL", "bulk density; 0.5; g/cm3"]
    assert verdict("US-503/CLASSA", "faecal_coliforms", *rows, "moisture; 60; %").compared == pytest.approx(500)
    assert verdict("US-503/CLASSA", "faecal_coliforms", *rows).code == "reason_moisture_needed"


def test_no_limit_can_be_written_per_volume_of_a_count():
    assert read_unit("count", "CFU/100 mL").per_volume
    with pytest.raises(LookupError):
        unit_factor("faecal_coliforms", "CFU/100 mL")


def test_weed_seeds_per_kilogram_and_per_litre():
    def seeds(*rows):
        return verdict("DE-BIOABFV/20T", "weed_seeds", *rows)

    assert seeds("weed seeds; 3; /kg").code == "reason_bulk_density_needed"
    assert (seeds("weed seeds; 3; /kg", "bulk density; 0.5; kg/L").compared) == 1.5
    assert seeds("weed seeds; 5; /kg", "bulk density; 0.5; kg/L").verdict == "fail"
    assert seeds("weed seeds; 0; /kg").verdict == "pass"


# --- extracts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "extract"),
    [
        (("EC (1:10)",), "1:10"),
        (("EC", "mS/cm (1:5)"), "1:5"),
        (("EC5",), "1:5"),
        (("EC", "dS/m", "saturated paste"), "paste"),
        (("电导率（水土比5:1）",), "1:5"),
        (("EC", "", "1:1.5 v/v"), "1:1.5"),
        (("EC", "", "1:4"), "?"),
        (("EC (1:5)", "", "1:10"), ""),
        (("EC", "dS/m"), ""),
        (("EC", "", "2026/1/5, 11:10"), ""),
    ],
)
def test_which_extract_was_measured(texts, extract):
    assert extract_of(*texts) == extract


def test_conductivity_of_another_extract_decides_nothing():
    def conductivity(row):
        return verdict("IN-FCO/CITY", "EC_CITY", row)

    for row, expected in (("EC (1:5); 2; dS/m", "pass"), ("EC5; 9; dS/m", "fail")):
        found = conductivity(row)
        assert found.verdict == expected and "note_extract_unsaid" not in [note.code for note in found.notes]
    unsaid = conductivity("EC; 9; dS/m")
    assert unsaid.verdict == "fail" and "note_extract_unsaid" in [note.code for note in unsaid.notes]
    for row in ("EC (1:10); 2; dS/m", "EC; 2; dS/m; ; saturated paste", "EC (1:10); 9; dS/m", "EC; <1; dS/m; ; 1:2.5"):
        found = conductivity(row)
        assert (found.verdict, found.code) == ("cannot_tell", "reason_extract_differs")
        assert "1:5" in found.as_json("en")["next_step"] and "1:5" in found.as_json("zh-hans")["next_step"]


def test_ph_of_another_extract_is_judged_and_said():
    found = verdict("CN-NYT525", "pH", "pH (1:5); 7.2")
    assert (found.verdict, [note.code for note in found.notes][:1]) == ("pass", ["note_extract"])
    assert not verdict("CN-NYT525", "pH", "pH (1:10); 7.2").notes
    assert not verdict("CN-NYT525", "pH", "pH; 7.2").notes


# --- a unit that is not written --------------------------------------------------------------------------------------


def test_an_index_without_unit_is_read_both_ways():
    def index(value):
        return verdict("CN-NYT525", "germination_index", f"GI; {value}")

    both = index("0.884")
    assert (both.verdict, both.code, both.compared) == ("cannot_tell", "reason_unit_open", "0.884–88.4")
    for language in ("zh-hans", "en"):
        said = both.as_json(language)
        assert "0.884 %" in said["reason"] and "88.4 %" in said["reason"] and "%" in said["next_step"]
    assert index("0.5").verdict == "fail"  # neither 0.5 % nor 50 %
    assert index("84").verdict == "pass"  # 8400 % cannot be


# --- how often, and what is provisional ------------------------------------------------------------------------------


def test_how_many_samples_a_year_for_the_stated_input():
    groups = selected(["EU-FPR/PFC3A", "CN-NYT525"], DAY)
    said = {
        tonnes: [
            answer.as_json("en")["notes"] for answer in check_lines(lines("Pb; 1; mg/kg; dm"), groups, facts=facts)
        ]
        for tonnes, facts in ((None, {}), ("2000", {"yearly_input_t": "2000"}), ("4000", {"yearly_input_t": "4000"}))
    }
    assert said[None] == [[], []]
    assert "one sample" in said["2000"][0][0] and said["2000"][1] == []
    assert "2 samples" in said["4000"][0][0]


def test_the_command_says_how_many_samples_a_year():
    out = io.StringIO()
    call_command("standards", "show", "EU-FPR/PFC3A", "--yearly-input", "4000", "--as-of", "2026-03-01", stdout=out)
    assert "4000" in out.getvalue()
    out = io.StringIO()
    call_command(
        "standards", "show", "EU-FPR/PFC3A", "--yearly-input", "4000", "--as-of", "2026-03-01", "--format", "json",
        stdout=out,
    )  # fmt: skip
    assert [row["samples_a_year"] for row in json.loads(out.getvalue())] == [2]


def test_whatever_rests_on_memory_is_provisional():
    day = dt.date(2026, 3, 1)
    for book in shipped().values():
        for rules in rule_sets(book, day):
            needed = [one for one in rules.limits or rules.process if one.obligatory or getattr(one, "presumed", False)]
            assert rules.provisional == any(one.grade == "C" for one in needed)
    for answer in check_lines(lines("Pb; 1; mg/kg; dm"), selected(["all"], day)):
        said = answer.as_json("en")
        decisive = [one for one in said["indicators"] if one["obligatory"] and one["grade"] == "C"]
        assert said["provisional"] or not decisive
        assert all(one["provisional"] == (one["grade"] == "C") for one in said["indicators"])


@pytest.mark.parametrize("shape", ["table", "csv", "json"])
def test_every_shape_says_provisional(shape, tmp_path):
    sheet = tmp_path / "lab.csv"
    sheet.write_text("sample,indicator,value,unit,basis\ns,Pb,1,mg/kg,dm\n", encoding="utf-8")
    out = io.StringIO()
    call_command(
        "check_lab_report", str(sheet), "--standard", "CN-NYT525", "--as-of", "2026-03-01", "--format", shape,
        "--language", "en", stdout=out,
    )  # fmt: skip
    if shape == "json":
        assert json.loads(out.getvalue())[0]["provisional"] is True
    elif shape == "csv":
        head, first = out.getvalue().splitlines()[:2]
        assert first.split(",")[head.split(",").index("provisional")] == "True"
    else:
        assert Message("verdict_provisional").render("en") in out.getvalue().splitlines()[0]
