"""What counts where a site is, how units are written, and what is told of a lab's file besides its results."""

from __future__ import annotations

import datetime as dt

import pytest

from standards.advice import advise
from standards.catalogue.countries import near_home, region_of
from standards.checking.explain import check_lines
from standards.library import library, selected
from standards.reading.lab_sheets import read_lab_file
from standards.reading.readings import Line
from standards.units import limit_in, unit_in, unit_names

DAY = dt.date(2026, 11, 1)


def answers(code: str, *lines: Line, language: str = "en") -> list[dict]:
    return [one.as_json(language) for one in check_lines(list(lines), selected([code], DAY))]


def test_a_country_answers_to_its_own_standards_and_to_its_unions():
    german = near_home("DE", library().values())
    assert {"DE-BIOABFV", "EU-FPR"} <= german
    assert not german & {"AT-KOMPOSTVO", "UK-PAS100", "CN-NYT525"}
    assert "UK-PAS100" in near_home("GB", library().values())
    chinese = near_home("CN", library().values())
    assert "CN-NYT525" in chinese and all(code.startswith("CN-") for code in chinese)


def test_a_country_without_standards_takes_those_of_its_region():
    found = near_home("BR", library().values())
    assert found and {region_of(library()[code].country) for code in found} == {"america"}
    assert near_home("BR", [library()["CN-NYT525"]]) == {"CN-NYT525"}  # nothing near: all that there are


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_unit_of_one_language_is_written_in_the_readers(language):
    (one,) = answers("CN-NY884", Line("A", "有效活菌数", "0.1", "亿/g", "", ""), language=language)
    item = next(row for row in one["indicators"] if row["unit"] in unit_names())
    chinese = language == "zh-hans"
    assert item["verdict"] == "fail" and item["unit"] == "亿/g"  # the data is the same in every language
    assert ("亿/g" in item["reason"]) == chinese and ("×10^8/g" in item["reason"]) != chinese
    assert item["reported"].endswith("亿/g")  # as the lab wrote it
    assert limit_in(item, language) == ("≥ 0.20 亿/g" if chinese else "≥ 0.20 ×10^8/g")
    assert unit_in("mg/kg", language) == "mg/kg"


def test_a_limit_whose_value_is_not_at_hand_is_no_task_for_the_lab():
    found = answers("CN-DB33-RURAL/MACHINE", Line("A", "Pb", "14", "mg/kg", "dm", ""))
    assert any(row["code"] == "reason_limit_unavailable" for row in found[0]["indicators"])
    told = " ".join(text for one in advise(found, [], {}) for text in one.as_json("en")["because"])
    assert "lead" not in told and "limit limit" not in told


def test_a_file_tells_its_report_and_what_holds_no_result():
    text = """检验检测报告,,,,
报告编号,XY-2026-77,报告日期,2026-05-11,
检测项目,技术要求,结果,单位,单项判定
有机质,≥30,41,%,合格
总铅,≤50,55,mg/kg,不合格
以下空白,,,,
"""
    file = read_lab_file(text.encode(), "a.csv")
    assert [line.indicator for line in file.lines] == ["有机质", "总铅"]
    assert file.meta["number"] == "XY-2026-77" and file.columns == ("技术要求", "单项判定")
    assert [text for _, text in file.ignored][-1] == "以下空白"
    assert read_lab_file("指标,结果,单位\n总铅,55,mg/kg\n".encode(), "a.csv").columns == ()
