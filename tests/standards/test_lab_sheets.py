"""Lab sheets in every shape: long, wide, across, form; CSV and XLSX; Chinese and English; and what is none."""

from __future__ import annotations

import io
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from compostnet.shared.problems import Problem
from standards.reading.lab_sheets import read_lab_file, read_lab_sheet, read_pasted
from standards.reading.lab_words import head_of, is_end
from standards.reading.readings import read_line
from standards.reading.results import read_result
from tests.conftest import ROOT

REPORT = """某某检测有限公司
检 测 报 告
报告编号：R-2024-77,,,,,,
样品编号,S-1,样品名称,厨余堆肥,送样日期,2024-06-02,
检测依据,NY/T 525-2021,,,,,

序号,检测项目,单位,技术要求,检测结果,单项判定,检测方法
1,有机质（以烘干基计）,%,≥30,38.2,合格,NY/T 525
2,总砷（以烘干基计）,mg/kg,≤15,3.1,合格,GB/T 39356
,重金属,,,,,
3,总汞（以烘干基计）,mg/kg,≤2,未检出（检出限0.01）,合格,
4,粪大肠菌群数,个/g,≤100,＜3,合格,GB/T 19524.1
5,神秘物,mg/kg,/,12,/,
6,氯离子,%,,-,,
,——以下空白——,,,,,
编制：张三,审核：李四,批准：王五,,,,
"""
WIDE = """Sample ID,Date,pH,Pb (mg/kg dm),Cd (mg/kg dm),Moisture (%),Mystery (mg/kg),Remark
A-1,2024-05-01,7.6,21,<0.1,32.5,4,ok

A-2,2024-05-02,7.9,67,0.4,28,,
"""
WIDE_ROWS = """堆肥检测汇总表
样品,总氮,总铅,总镉,粪大肠菌群数
单位,%,mg/kg,mg/kg,个/g
基准,干基,干基,干基,鲜样
A-1,1.9,21,ND,<3
A-2,2.2,-,0.3,<3
检出限,,0.5,0.05,
限值,,50,3,100
"""
ACROSS = """检测项目,单位,基准,A-1,A-2,限值
总铅,mg/kg,干基,21,67,50
总镉,mg/kg,干基,0.4,ND,3
pH,,,7.6,7.9,5.5-8.5
"""
ACROSS_TWO_LINES = """检测项目,单位,检测结果,,
,,A-1,A-2,A-3
总铅,mg/kg,21,67,5
总镉,mg/kg,0.4,<0.1,1
"""
FORM = """Compost analysis
Sample ID:,T3
Date sampled:,31 Oct 2016
Laboratory,Soil Control Lab
pH,7.90
EC5,3.4,dS/m
Moisture,55.2,%
Organic matter,46.8,% dm
Lead,12,mg/kg dm
Unobtainium,3,mg/kg
End of report
Approved by,John
"""
PAIRS = """pH,7.6,,EC (mS/cm),3.1
Pb (mg/kg dm),21,,Cd (mg/kg dm),0.4
"""
US_BASES = """Analyte,Units,As Received,Dry Weight
Moisture,%,52.5,
Total N,%,0.8,1.7
Lead,mg/kg,,12
"""
US_QUALIFIERS = """Sample;Parameter;Result;Qual;Units;RL
A;Lead;0.05;U;mg/kg-dry;0.05
A;Cadmium;0.07;J;mg/kg-dry;0.1
A;Zinc;120;;mg/kg-dry;1
A;Hg;ND;;mg/kg;0.02
"""


def rows(text, name="sheet.csv"):
    """Every line as (sample, indicator, value, unit, basis)."""
    return [(x.sample, x.indicator, x.value, x.unit, x.basis) for x in read_lab_sheet(text.encode(), name)]


def refused(data, name="sheet.csv"):
    with pytest.raises(Problem) as problem:
        read_lab_sheet(data, name)
    return problem.value


def workbook(*sheets, merge=(), sheet=0):
    """Bytes of a workbook: sheets as (title, rows); merged ranges of one sheet."""
    book = Workbook()
    book.remove(book.active)
    for title, cells in sheets:
        page = book.create_sheet(title)
        for row in cells:
            page.append(row)
    for cells in merge:
        book.worksheets[sheet].merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_report_with_title_limits_verdicts_and_footer():
    file = read_lab_file(REPORT.encode(), "报告.csv")
    assert file.shape == "long"
    assert file.meta == {"number": "R-2024-77", "sample": "S-1", "received_on": "2024-06-02"}
    assert [(x.indicator, x.value, x.unit) for x in file.lines] == [
        ("有机质（以烘干基计）", "38.2", "%"),
        ("总砷（以烘干基计）", "3.1", "mg/kg"),
        ("总汞（以烘干基计）", "未检出（检出限0.01）", "mg/kg"),
        ("粪大肠菌群数", "＜3", "个/g"),
        ("神秘物", "12", "mg/kg"),
        ("氯离子", "-", "%"),
    ]
    assert {x.sample for x in file.lines} == {"S-1"}
    assert file.lines[0].basis == "以烘干基计"
    assert file.lines[0].note == "NY/T 525"
    assert file.lines[0].number == 8
    told = " ".join(text for _, text in file.ignored)
    assert "重金属" in told
    assert "以下空白" in told
    assert "某某检测有限公司" in told


def test_wide_with_units_in_the_heads():
    found = rows(WIDE)
    assert found[:5] == [
        ("A-1", "pH", "7.6", "", ""),
        ("A-1", "Pb (mg/kg dm)", "21", "mg/kg dm", ""),
        ("A-1", "Cd (mg/kg dm)", "<0.1", "mg/kg dm", ""),
        ("A-1", "Moisture (%)", "32.5", "%", ""),
        ("A-1", "Mystery (mg/kg)", "4", "mg/kg", ""),
    ]
    assert [one[0] for one in found[5:]] == ["A-2"] * 4
    assert read_lab_sheet(WIDE.encode(), "w.csv")[-1].number == 4
    assert [read_line(x).basis for x in read_lab_sheet(WIDE.encode(), "w.csv")[1:3]] == [1, 1]


def test_wide_with_rows_of_units_bases_detection_limits_and_limits():
    found = rows(WIDE_ROWS)
    assert found[:4] == [
        ("A-1", "总氮", "1.9", "%", "干基"),
        ("A-1", "总铅", "21", "mg/kg", "干基"),
        ("A-1", "总镉", "ND", "mg/kg", "干基"),
        ("A-1", "粪大肠菌群数", "<3", "个/g", "鲜样"),
    ]
    assert len(found) == 8
    assert read_line(read_lab_sheet(WIDE_ROWS.encode(), "w.csv")[2]).high == 0.05
    assert not any("50" in one[2] for one in found)


def test_a_column_a_sample_but_the_limit_is_no_sample():
    assert rows(ACROSS) == [
        ("A-1", "总铅", "21", "mg/kg", "干基"),
        ("A-2", "总铅", "67", "mg/kg", "干基"),
        ("A-1", "总镉", "0.4", "mg/kg", "干基"),
        ("A-2", "总镉", "ND", "mg/kg", "干基"),
        ("A-1", "pH", "7.6", "", ""),
        ("A-2", "pH", "7.9", "", ""),
    ]
    assert [one[:3] for one in rows(ACROSS_TWO_LINES)] == [
        *(("A-1", "总铅", "21"), ("A-2", "总铅", "67"), ("A-3", "总铅", "5")),
        *(("A-1", "总镉", "0.4"), ("A-2", "总镉", "<0.1"), ("A-3", "总镉", "1")),
    ]
    assert [one[:3] for one in rows("Parameter,1,2\nPb (mg/kg),21,50\nCd (mg/kg),0.4,3\n")][:2] == [
        ("1", "Pb (mg/kg)", "21"),
        ("2", "Pb (mg/kg)", "50"),
    ]


def test_a_form_of_one_sample():
    file = read_lab_file(FORM.encode(), "form.csv")
    assert file.shape == "form"
    assert file.meta == {"sample": "T3", "sampled_on": "31 Oct 2016", "lab": "Soil Control Lab"}
    assert [(x.indicator, x.value, x.unit) for x in file.lines] == [
        ("pH", "7.90", ""),
        ("EC5", "3.4", "dS/m"),
        ("Moisture", "55.2", "%"),
        ("Organic matter", "46.8", "% dm"),
        ("Lead", "12", "mg/kg dm"),
        ("Unobtainium", "3", "mg/kg"),
    ]
    assert {x.sample for x in file.lines} == {"T3"}
    assert sorted(one[1:4] for one in rows(PAIRS)) == sorted(
        [
            ("pH", "7.6", ""),
            ("EC (mS/cm)", "3.1", "mS/cm"),
            ("Pb (mg/kg dm)", "21", "mg/kg dm"),
            ("Cd (mg/kg dm)", "0.4", "mg/kg dm"),
        ]
    )


def test_numbers_beside_each_other_without_a_header_are_not_guessed():
    problem = refused(b"Pb,21,50\nCd,0.4,3\nHg,0.1,2\n")
    assert problem.code == "lab_sheet_which_column"
    assert "Pb | 21 | 50" in str(problem)


def test_a_sheet_of_limits_has_no_results():
    assert refused(b"Parameter,Unit,Limit\nPb,mg/kg,50\nCd,mg/kg,3\n").code == "lab_sheet_columns"
    assert [one[1:3] for one in rows("Parameter\tResult\tNY/T 525-2021\nPb\t21\t50\nHg\t0.1\t2\n")] == [
        ("Pb", "21"),
        ("Hg", "0.1"),
    ]
    # 指标 beside 项目 is the limit, on its own it is the indicator.
    assert [one[1:3] for one in rows("项目,指标,结果\n总铅,≤50,21\n")] == [("总铅", "21")]
    assert [one[1:3] for one in rows("指标,结果\n总铅,21\n")] == [("总铅", "21")]


def test_two_bases_are_not_two_tests():
    file = read_lab_file(US_BASES.encode(), "us.csv")
    assert [(x.indicator, x.value, x.basis) for x in file.lines] == [
        ("Moisture", "52.5", "As Received"),
        ("Total N", "1.7", "Dry Weight"),
        ("Lead", "12", "Dry Weight"),
    ]
    assert (3, "Total N | 0.8 | As Received") in file.ignored


def test_qualifiers_in_their_own_column_are_not_lost():
    readings = [read_line(one) for one in read_lab_sheet(US_QUALIFIERS.encode(), "us.csv")]
    assert [one.parsed.kind for one in readings] == ["not_detected", "approximate", "number", "not_detected"]
    assert (readings[0].high, readings[3].high) == (0.05, 0.02)
    operands = "样品,项目,符号,结果,单位\nA,总铅,<,5,mg/kg\nA,总镉,,0.3,mg/kg\n"
    assert [one[2] for one in rows(operands)] == ["<5", "0.3"]


def test_uncertainty_and_its_coverage_factor():
    [line] = read_lab_sheet("检测项目,结果,单位,扩展不确定度 (k=2)\n总铅,21,mg/kg,1.4\n".encode(), "u.csv")
    assert line.uncertainty == "1.4 (k=2)"
    assert read_pasted("indicator,value,uncertainty\nPb,21,±1.4\n")[0].uncertainty == "±1.4"


def test_several_samples_in_one_long_sheet():
    text = "样品,指标,结果,单位\nA,总铅,21,mg/kg\n,总镉,0.4,mg/kg\nB,总铅,5,mg/kg\n"
    assert [one[:2] for one in rows(text)] == [("A", "总铅"), ("A", "总镉"), ("B", "总铅")]
    stacked = "样品编号：A-1\n检测项目,结果\n总铅,21\n\n样品编号：A-2\n检测项目,结果\n总铅,67\n"
    assert [one[:3] for one in rows(stacked)] == [("A-1", "总铅", "21"), ("A-2", "总铅", "67")]
    assert rows("indicator,value\nPb,1\n")[0][0] == "1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding, delimiter):
    data = ACROSS.replace(",", delimiter).encode(encoding)
    assert len(read_lab_sheet(data, "x.csv")) == 6


def test_a_workbook_with_merged_cells_and_other_sheets():
    cells = [
        ["某某检测有限公司检测报告", None, None, None, None],
        ["样品编号", "检测项目", None, "检测结果", "限值"],
        ["S-1", "总铅", "mg/kg", 21, 50],
        [None, "总镉", None, 0.4, 3],
        ["S-2", "总铅", "mg/kg", "＜0.5", 50],
    ]
    cells[1][2] = "单位"
    data = workbook(
        ("封面", [["某某公司"], ["电话", "025-123"]]),
        ("结果", cells),
        ("限值", [["项目", "限值"], ["总铅", 50]]),
        merge=("A1:E1", "A3:A4", "C3:C4"),
        sheet=1,
    )
    found = [(x.sample, x.indicator, x.value, x.unit) for x in read_lab_sheet(data, "报告.xlsx")]
    assert found == [
        ("S-1", "总铅", "21", "mg/kg"),
        ("S-1", "总镉", "0.4", "mg/kg"),
        ("S-2", "总铅", "＜0.5", "mg/kg"),
    ]


def test_a_merged_head_over_columns_gives_its_unit_to_all_of_them():
    cells = [
        ["样品", "重金属（mg/kg，干基）", None, "pH"],
        [None, "Pb", "Cd", None],
        ["A", 21, 0.4, 7.1],
        ["B", 9, "ND", 8],
    ]
    cells[1][3] = "pH"
    data = workbook(("s", cells), merge=("B1:C1", "A1:A2"))
    lines = read_lab_sheet(data, "w.xlsx")
    assert [(x.sample, x.indicator, x.value) for x in lines][:3] == [
        ("A", "Pb", "21"),
        ("A", "Cd", "0.4"),
        ("A", "pH", "7.1"),
    ]
    assert [read_line(x).basis for x in lines[:2]] == [1, 1]
    assert read_line(lines[1]).high == 0.4


def test_a_sheet_a_sample():
    sheet = [["Parameter", "Result", "Unit"], ["Pb", 21, "mg/kg"]]
    found = read_lab_sheet(workbook(("A-1", sheet), ("A-2", sheet)), "x.xlsx")
    assert [x.sample for x in found] == ["A-1", "A-2"]


def test_merged_results_are_not_spread_over_two_indicators():
    data = workbook(("s", [["检测项目", "结果"], ["总铅", 21], ["总镉", None]]), merge=("B2:B3",))
    assert [x.value for x in read_lab_sheet(data, "x.xlsx")] == ["21", ""]


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "x.csv", "sheet_empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "x.csv", "sheet_empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "photo.csv", "sheet_not_readable"),
        (b"\xff\xd8\xff\xe0" + bytes(1000), "photo.csv", "sheet_not_readable"),
        (b"%PDF-1.7 ...", "report.csv", "sheet_not_readable"),
        (b"PK\x03\x04broken", "x.xlsx", "sheet_not_readable"),
        (b"a,b\n1,2\n", "x.csv", "lab_sheet_columns"),
        (b"Dear colleague,\nthe results follow.\n", "x.csv", "lab_sheet_columns"),
        (b"sample,indicator,value\n", "x.csv", "lab_sheet_rows"),
        (b"sample,indicator,value,unit\nA,Pb,1,5,mg/kg\n", "x.csv", "sheet_ragged"),
        (b"sample,indicator,value,value\nA,Pb,1,5\n", "x.csv", "sheet_header_twice"),
        (b"sample,Pb,Pb\nA,1,5\n", "x.csv", "sheet_header_twice"),
        (b'indicator,value\n"Pb,1\n' + b"x" * 40000, "x.csv", "sheet_quote_open"),
    ],
)
def test_what_is_no_lab_sheet_is_refused_with_a_reason(data, name, code):
    problem = refused(data, name)
    assert problem.code == code
    for language in ("zh-hans", "en"):
        assert len(problem.as_json(language)["detail"]) > 10


def test_the_refusal_names_what_was_seen_and_what_would_do():
    text = str(refused("日期,天气\n2024-05-01,晴\n".encode()))
    for word in ("日期", "天气", "检测结果"):
        assert word in text


def test_a_wrong_unit_is_kept_and_not_judged():
    [line] = read_pasted("indicator,value,unit\nPb,21,mg/L\n")
    assert line.unit == "mg/L"
    assert read_line(line).state == 4


def test_a_cut_text_is_never_read_as_a_whole_one():
    [line] = read_pasted("indicator,value\nPb," + "1" * 500 + "\n")
    assert len(line.value) == 200
    assert read_line(line).parsed.kind == "unreadable"


def test_a_hundred_thousand_rows_take_seconds():
    data = ("sample,indicator,value,unit,basis\n" + "S,Pb,21.5,mg/kg,dm\nS,神秘物,1,mg/kg,\n" * 50_000).encode()
    began = time.process_time()
    assert len(read_lab_sheet(data, "big.csv", max_bytes=20_000_000, max_lines=200_000)) == 100_000
    assert time.process_time() - began < 8
    assert refused(data[:2_000_000]).code == "lab_report_too_many_lines"
    assert refused(b"x" * 6_000_000).code == "sheet_too_large"


@pytest.mark.parametrize(
    ("text", "kind", "unit", "basis"),
    [
        ("检测结果(mg/kg)", "value", "mg/kg", ""),
        ("Result (dry basis)", "value", "", "dry basis"),
        ("检测项目 Test Items", "indicator", "", ""),
        ("单项判定", "verdicts", "", ""),
        ("NY/T 525-2021", "limits", "", ""),
        ("Class A limit", "limits", "", ""),
        ("As Received", "value", "", "As Received"),
        ("A-1", "", "", ""),
        ("Pb (mg/kg)", "", "", ""),
    ],
)
def test_heads_of_columns(text, kind, unit, basis):
    head = head_of(text)
    assert (head.kind, head.unit, head.basis) == (kind, unit, basis)


def test_closing_lines():
    assert all(is_end(text) for text in ("以下空白", "——以下空白——", "*** End of report ***", "End of Report."))
    assert not is_end("endrin")


WORDS = (
    "|Pb|总镉|pH|7.6|<0.1|ND|mg/kg|%|dm|样品|检测项目|结果|限值|单位|A-1|检出限|神秘物|报告编号：7|以下空白|Sample|Result|"
    "As received|Dry weight|50|21|1 000"
)
CELLS = st.sampled_from(WORDS.split("|"))


@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(CELLS, max_size=7), max_size=9), st.sampled_from(",;\t"))
def test_any_table_gives_lines_or_a_problem(cells, delimiter):
    data = "\n".join(delimiter.join(row) for row in cells).encode()
    try:
        file = read_lab_file(data, "any.csv")
    except Problem as problem:
        assert problem.as_json("en")["detail"]
        return
    assert file.lines
    written = {text for row in cells for text in row}
    for line in file.lines:
        assert line.value == "" or any(line.value.startswith(text) for text in written if text)
        assert line.indicator == "" or line.indicator in written
        assert line.value != "以下空白" or line.indicator


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_give_lines_or_a_problem(data):
    try:
        assert read_lab_file(data, "any.csv").lines
    except Problem as problem:
        assert problem.as_json("zh-hans")["detail"]


def test_the_examples_of_the_docs_are_read_as_the_docs_say():
    text = (ROOT / "docs" / "lab-sheets.md").read_text(encoding="utf-8")
    parts = re.findall(r"^\*\*(\w+)\*\*.*?^```csv\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [shape for shape, _ in parts] == ["long", "wide", "across", "form"]
    for shape, example in parts:
        file = read_lab_file(example.encode(), "doc.csv")
        assert file.shape == shape
        assert all(read_line(line).state == 1 for line in file.lines), example
    kinds = {"below": {"number", "not_detected"}, "not detected;": {"not_detected"}, "absent": {"not_detected"}}
    kinds |= {"not tested": {"not_tested"}, "something": {"detected"}, "approximate": {"approximate"}}
    kinds |= {"unreadable": {"unreadable"}}
    for written, meaning in re.findall(r"^\| (`.*?) \| (.*?) \|$", text, re.MULTILINE):
        wanted = next((kind for start, kind in kinds.items() if meaning.startswith(start)), {"number"})
        for one in re.findall(r"`([^`]+)`", written):
            assert read_result(one).kind in wanted, one
