"""Published analyses through the command (`tests/data/published_compost_analyses.csv`, sources in the README there)."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import ROOT

FILE = ROOT / "tests" / "data" / "published_compost_analyses.csv"
T1, T2, T3 = "T1 Sanandaj 2015 (mean)", "T2 hot windrow farm sheet", "T3 Texas Pure Products 6110148"
T12 = "T12 Sawani Tripoli 2020"


def run(*arguments):
    """What the command prints, and its exit status."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("check_lab_report", *arguments, stdout=out, stderr=err)
    except SystemExit as exit_:
        status = exit_.code
    return out.getvalue(), status, err.getvalue()


@pytest.fixture(scope="module")
def answers():
    text, status, _ = run(
        str(FILE), "--standard", "all", "--format", "json", "--language", "en", "--as-of", "2026-03-01"
    )
    assert status == 1
    return {(one["sample"], one["standard"], one["class"]): one for one in json.loads(text)}


def limit(answers, sample, standard, class_, indicator):
    found = [one for one in answers[sample, standard, class_]["indicators"] if one["indicator"] == indicator]
    return found[0]


CN, EU3, EU1 = ("CN-NYT525", None), ("EU-FPR", "PFC3A"), ("EU-FPR", "PFC1AI")


def test_shape(answers):
    one = answers[T1, *CN]
    assert {"sample", "standard", "class", "edition", "verdict", "provisional", "indicators"} <= set(one)
    keys = ("indicator", "verdict", "reported", "compared", "limit", "unit", "reason", "next_step", "clause", "grade")
    assert all(key in indicator for indicator in one["indicators"] for key in keys)
    assert (one["edition"], one["provisional"]) == ("2021", True)
    samples, classes = {key[0] for key in answers}, {key[1:] for key in answers}
    assert (len(samples), len(answers)) == (9, 9 * len(classes))


def test_t1_lead_fails_and_nutrients_pass_only_as_oxides(answers):
    assert answers[T1, *CN]["verdict"] == "fail"
    lead = limit(answers, T1, *CN, "Pb")
    assert (lead["verdict"], lead["reported"], lead["limit"]) == ("fail", "95 mg/kg dm", "≤ 50")
    assert lead["next_step"] == "lead 95 mg/kg → at most 50 mg/kg (dry matter)"
    nutrients = limit(answers, T1, *CN, "total_nutrients")
    assert (nutrients["verdict"], nutrients["compared"]) == ("pass", pytest.approx(4.28, abs=0.005))
    assert limit(answers, T1, *CN, "Hg")["verdict"] == "pass"
    assert limit(answers, T1, *CN, "pH")["verdict"] == "pass"


def test_t1_against_europe(answers):
    assert answers[T1, *EU3]["verdict"] == "incomplete"
    assert limit(answers, T1, *EU3, "Cd")["verdict"] == "pass"
    assert limit(answers, T1, *EU3, "Pb")["verdict"] == "pass"
    assert limit(answers, T1, *EU3, "CrVI")["verdict"] == "not_tested"
    assert limit(answers, T1, *EU3, "E_coli")["verdict"] == "not_tested"
    assert limit(answers, T1, *EU3, "organic_carbon")["verdict"] == "cannot_tell"  # dry, and no moisture given
    assert answers[T1, *EU1]["verdict"] == "fail"
    assert limit(answers, T1, *EU1, "Cd")["verdict"] == "fail"


def test_t1_against_the_us_tables(answers):
    for table in ("T1", "T3"):
        assert answers[T1, "US-503", table]["verdict"] == "incomplete"
        for metal in ("As", "Cd", "Pb", "Hg"):
            assert limit(answers, T1, "US-503", table, metal)["verdict"] == "pass"


def test_t2(answers):
    nutrients = limit(answers, T2, *CN, "total_nutrients")
    assert (nutrients["verdict"], nutrients["compared"]) == ("pass", pytest.approx(4.26, abs=0.005))
    moisture = limit(answers, T2, *CN, "moisture")
    assert (moisture["verdict"], moisture["compared"]) == ("fail", 52.5)
    matter = limit(answers, T2, *CN, "organic_matter")
    assert matter["verdict"] == "pass"
    assert "ignition" in matter["reason"]
    assert limit(answers, T2, *EU3, "dry_matter")["verdict"] == "pass"
    carbon = limit(answers, T2, *EU3, "organic_carbon")
    assert (carbon["verdict"], carbon["compared"]) == ("pass", pytest.approx(10.08, abs=0.005))
    assert "0.56" in carbon["reason"]


def test_t3(answers):
    assert limit(answers, T3, *CN, "moisture")["verdict"] == "fail"
    assert limit(answers, T3, *CN, "organic_matter")["verdict"] == "pass"
    assert limit(answers, T3, *EU3, "dry_matter")["compared"] == pytest.approx(44.8)
    assert answers[T3, "US-503", "T3"]["verdict"] == "incomplete"


def test_t9_equality_and_counts_per_ten_grams(answers):
    household, animal = "T9 Mazandaran household", "T9 Mazandaran animal"
    assert limit(answers, household, *CN, "Cd")["verdict"] == "pass"
    assert limit(answers, household, *EU3, "Cd")["verdict"] == "fail"
    assert limit(answers, animal, *EU1, "Cd")["verdict"] == "pass"
    for kind, count in (("a", 64.3), ("b", 13.1)):
        found = limit(answers, f"T9 Mazandaran (type not stated) {kind}", *CN, "faecal_coliforms")
        assert found["verdict"] == "pass"
        assert str(count) in str(found["compared"])


def test_t12_is_flagged_not_judged(answers):
    nutrients = limit(answers, T12, *CN, "total_nutrients")
    assert (nutrients["verdict"], nutrients["code"]) == ("cannot_tell", "reason_implausible")
    assert limit(answers, T12, *CN, "moisture")["verdict"] == "fail"
    assert "none of this indicator's" in limit(answers, T12, *CN, "EC")["reason"]
    assert "implausible" in limit(answers, T12, *CN, "C_N")["reason"]
    assert limit(answers, T12, *CN, "organic_matter")["verdict"] == "pass"  # as received or dry, it is above 30


CITY, SWM = ("IN-FCO", "CITY"), ("IN-SWM2016", "COMPOST")


def test_t1_against_india(answers):
    for rules in (CITY, SWM):
        assert answers[T1, *rules]["verdict"] == "fail"
        acid = limit(answers, T1, *rules, "pH")
        assert (acid["verdict"], acid["compared"], acid["limit"]) == ("fail", 7.657, "6.5–7.5")
        assert limit(answers, T1, *rules, "EC")["verdict"] == "fail"
        mercury = limit(answers, T1, *rules, "Hg")
        assert (mercury["verdict"], mercury["code"]) == ("cannot_tell", "reason_censored")
        assert limit(answers, T1, *rules, "Pb")["verdict"] == "pass"
    arsenic = limit(answers, T1, *CITY, "As2O3")
    assert (arsenic["verdict"], arsenic["compared"]) == ("pass", pytest.approx(0.398 / 0.757, abs=1e-4))
    assert limit(answers, T1, *SWM, "As")["compared"] == 0.398
    assert limit(answers, T1, "IN-FCO", "MANURE", "pH")["verdict"] == "pass"  # 6.0 to 8.5 there


def test_t1_without_conversion_to_oxides_would_fail(answers):
    compared = limit(answers, T1, *CN, "total_nutrients")["compared"]
    assert compared != pytest.approx(2.50 + 0.424 + 0.67, abs=0.05)
    assert compared == pytest.approx(2.50 + 0.424 * 2.291 + 0.67 * 1.205, abs=0.001)
    assert limit(answers, T2, *CN, "total_nutrients")["compared"] != pytest.approx(3.36, abs=0.05)


def test_t1_organic_matter_by_the_day(tmp_path):
    """37.8 % meets the edition of 2021 and not that of 2012."""
    found = {}
    for day in ("2021-05-31", "2021-06-01"):
        text, _, _ = run(str(FILE), "--standard", "CN-NYT525", "--format", "json", "--as-of", day)
        one = next(one for one in json.loads(text) if one["sample"] == T1)
        matter = next(entry for entry in one["indicators"] if entry["indicator"] == "organic_matter")
        found[one["edition"]] = matter["verdict"]
    assert found == {"2012": "fail", "2021": "pass"}


def test_t9_a_count_and_the_inverse_value(answers):
    value = limit(answers, "T9 Mazandaran (type not stated) a", "CN-GB7959", None, "faecal_coliform_value")
    assert (value["verdict"], value["limit"]) == ("pass", "≥ 0.01")
    assert str(value["compared"]).startswith("≥ 0.01555")  # 1 / 64.3: per g, not per 10 g
    for kind in "ab":
        delegated = limit(
            answers, f"T9 Mazandaran (type not stated) {kind}", "CN-DB33-RURAL", "SOLAR", "faecal_coliforms"
        )
        assert (delegated["verdict"], delegated["delegated_from"]) == ("pass", "CN-NY884 2012 faecal_coliforms")


def test_t12_is_flagged_for_india_too(answers):
    assert limit(answers, T12, *CITY, "P2O5")["code"] == "reason_implausible"
    assert limit(answers, T12, *CITY, "C_N")["code"] == "reason_implausible"
    assert limit(answers, T12, *CITY, "EC")["code"] == "reason_unit_unknown"
    assert limit(answers, T12, *CITY, "pH")["verdict"] == "pass"
    assert limit(answers, T12, *CITY, "moisture")["verdict"] == "fail"
    potassium = limit(answers, T12, *CITY, "K2O")  # 0.466 % K2O, and no basis stated
    assert (potassium["verdict"], potassium["code"]) == ("cannot_tell", "reason_basis_unknown")


def test_a_standard_without_class_answers_with_the_best(tmp_path):
    text, _, _ = run(str(FILE), "--standard", "AT-KOMPOSTVO", "--format", "json", "--as-of", "2026-03-01")
    best = {one["sample"]: (one["class"], one["verdict"]) for one in json.loads(text)}
    assert len(best) == 9
    assert best[T1] == ("B", "incomplete")
    assert best[T3] == ("A+", "incomplete")


def test_csv_and_table_and_languages():
    text, status, _ = run(str(FILE), "--standard", "CN-NYT525", "--format", "csv", "--language", "en")
    rows = list(csv.DictReader(io.StringIO(text)))
    lead = next(row for row in rows if row["sample"] == T1 and row["indicator"] == "Pb")
    assert (status, lead["verdict"], lead["sample_verdict"]) == (1, "fail", "fail")
    text, _, _ = run(str(FILE), "--standard", "CN-NYT525")
    assert "不合格" in text
    assert "总铅" in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_sheets_of_any_encoding(tmp_path, encoding):
    rows = ["甲,总铅,67,mg/kg,干基,", ",总镉,＜0.1,mg/kg,干基,", ",新指标,1,mg/kg,干基,"]
    text = "\n".join(["样品编号,检测项目,检测结果,单位,基准,备注", *rows, ""])
    path = tmp_path / "报告.csv"
    path.write_bytes(text.encode(encoding))
    out, status, err = run(str(path), "--standard", "CN-NYT525", "--format", "json")
    found = json.loads(out)
    assert (status, len(found), found[0]["sample"]) == (1, 1, "甲")
    assert "新指标" in err
    assert [one["verdict"] for one in found[0]["indicators"] if one["indicator"] in ("Pb", "Cd")] == ["fail", "pass"]


def test_a_sheet_that_passes_exits_with_zero(tmp_path):
    from batches.sheets_xlsx import write_xlsx
    from tests.standards.support import whole_report

    rows = [[part.strip() for part in row.split(";")] for row in whole_report()]
    cells = [["样品", "指标", "结果", "单位", "基准"], *[["A", *row, *[""] * (4 - len(row))] for row in rows]]
    path = tmp_path / "report.xlsx"
    path.write_bytes(write_xlsx(cells, "结果"))
    out, status, _ = run(str(path), "--standard", "CN-NYT525", "--format", "json")
    assert (status, json.loads(out)[0]["verdict"]) == (0, "pass")


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        (None, ["--standard", "CN-NYT525"], "cannot be opened"),
        (b"", ["--standard", "CN-NYT525"], "nothing in"),
        (b"%PDF-1.7 ...", ["--standard", "CN-NYT525"], "save it as XLSX or CSV"),
        (b"a,b\n1,2\n", ["--standard", "CN-NYT525"], "indicator"),
        (b"indicator,value\nPb,1\n", ["--standard", "NOPE"], "CN-NYT525"),
        (b"indicator,value\nPb,1\n", ["--standard", "CN-NYT525", "--as-of", "soon"], "2026-05-31"),
    ],
)
def test_errors_say_what_to_do(tmp_path, content, arguments, words):
    path = tmp_path / "sheet.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        run(str(path), *arguments, "--language", "en")
    assert words.lower() in str(error.value).lower()
