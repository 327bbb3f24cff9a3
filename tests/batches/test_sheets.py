"""Sheets as people send them: a table of texts, or a problem in words; nothing else, whatever the bytes."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from batches.sheets import MAX_ROWS, Table, read_table, write_csv
from compostnet.shared.problems import Problem

CHINESE = "日期,物料,数量\n2024-05-03,厨余垃圾,12.5\n2024-05-04,树叶,3\n"
ROWS = [["2024-05-03", "厨余垃圾", "12.5"], ["2024-05-04", "树叶", "3"]]


def workbook(*sheets, edit=None) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    if edit:
        edit(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def refused(data: bytes, **options) -> Problem:
    with pytest.raises(Problem) as found:
        read_table(data, "sheet.csv", **options)
    for language in ("zh-hans", "en"):
        assert found.value.as_json(language)["detail"]
    return found.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding, delimiter):
    table = read_table(CHINESE.replace(",", delimiter).encode(encoding), "台账.csv")
    assert table.header == ("日期", "物料", "数量")
    assert table.rows == ROWS
    assert table.lines == [2, 3]
    assert table.delimiter == delimiter


def test_decimal_commas_between_semicolons():
    table = read_table(b"a;b\n1,5;2,5\n3,5;4,5\n", "x.csv")
    assert (table.delimiter, table.rows[0]) == (";", ["1,5", "2,5"])


def test_lines_are_those_of_the_file_with_quoted_newlines_and_blank_lines():
    table = read_table(b'a,b\r\n\r\n1,"two\r\nlines"\r\n3,4\r\n,\r\n5,6', "x.csv")
    assert table.rows == [["1", "two\r\nlines"], ["3", "4"], ["5", "6"]]
    assert table.lines == [3, 5, 7]


def test_short_rows_are_filled_and_long_ones_refused():
    assert read_table(b"a,b,c\n1\n1,2,3,,\n", "x.csv").rows == [["1", "", ""], ["1", "2", "3"]]
    problem = refused(b"a,b\n1,234,5\n1,2\n9,9,9\n")
    assert problem.code == "sheet_ragged"
    assert [fault.row for fault in problem.errors] == [2, 4]


def test_titles_above_the_header_are_skipped_when_the_header_is_known():
    data = "2024年5月台账\n溧水一号\n日期,物料,数量\n2024-05-03,厨余,1\n".encode()
    table = read_table(data, "x.csv", known_headers=["日期", "物料", "数量", "单位"])
    assert (table.header_line, table.rows, table.lines) == (3, [["2024-05-03", "厨余", "1"]], [4])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "sheet_empty"),
        (b"\xef\xbb\xbf", "sheet_empty"),
        (b"\n\n , \n", "sheet_empty"),
        (b"a,b\n", "sheet_only_header"),
        (b"a,A ,b\n1,2,3\n", "sheet_header_twice"),
        (b"a,b\n1,\x00\n", "sheet_not_a_table"),
        (bytes(range(256)) * 20, "sheet_encoding"),
        (b"%PDF-1.7 ...", "sheet_not_readable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old excel", "sheet_not_readable"),
        (b"PK\x03\x04 but no archive", "sheet_not_readable"),
        (b'a,b\n1,"' + b"x" * 40_000, "sheet_quote_open"),
        (b"a\n" + b"1\n" * (MAX_ROWS + 1), "sheet_too_many_rows"),
    ],
)
def test_refused_in_words(data, code):
    assert refused(data).code == code


def test_too_large():
    assert refused(b"a,b\n1,2\n", max_bytes=5).code == "sheet_too_large"


def test_a_workbook_with_numbers_dates_and_an_empty_sheet_before_it():
    data = workbook(
        ("空", []),
        (
            "台账",
            [
                ["日期", "物料", "数量"],
                [dt.date(2024, 5, 3), "厨余垃圾", 12.5],
                [dt.datetime(2024, 5, 4, 14, 30), "树叶", 1e6],
            ],
        ),
        ("备注", [["x"], ["y"]]),
    )
    table = read_table(data, "台账.xlsx")
    assert table.rows == [["2024-05-03", "厨余垃圾", "12.5"], ["2024-05-04 14:30:00", "树叶", "1000000"]]
    assert (table.sheet, table.lines) == ("台账", [2, 3])
    assert read_table(data, "台账.xlsx", sheet="备注").rows == [["y"]]
    problem = refused(data, sheet="无")
    assert problem.code == "sheet_unknown_sheet" and "备注" in problem.as_json("en")["detail"]


def test_merged_cells_in_the_data_are_refused_and_in_titles_above_it_are_not():
    def merge(cells):
        return lambda book: book["s"].merge_cells(cells)

    rows = [["title", None], ["a", "b"], ["1", "2"], [None, "3"]]
    problem = refused(workbook(("s", rows), edit=merge("A3:A4")))
    assert problem.code == "sheet_merged_cells" and "A3:A4" in str(problem)
    table = read_table(workbook(("s", rows), edit=merge("A1:B1")), "x.xlsx", known_headers=["a", "b"])
    assert table.rows == [["1", "2"], ["", "3"]]


def test_a_formula_without_its_result_stands_as_formula_and_not_as_blank():
    table = read_table(workbook(("s", [["a", "b"], [1, "=A2+1"], [2, 3]])), "x.xlsx")
    assert table.rows == [["1", "=A2+1"], ["2", "3"]]


def test_a_workbook_that_unpacks_beyond_measure():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 3_000_000)
    assert len(out.getvalue()) < 10_000
    assert refused(out.getvalue(), max_bytes=200_000).code == "sheet_bomb"


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{ENTITIES}<!ENTITY file SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("entity", ["e9", "file"])
@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_of_a_workbook_are_neither_unfolded_nor_fetched(member, entity):
    """With a formula in it, so that the second reader opens it as well."""
    whole = workbook(("s", [["a", "b"], ["text", "=A2"], ["more", 1]]))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            text = source.read(name)
            if name == member:
                body = text.decode().partition("?>")[2] if text.startswith(b"<?xml") else text.decode()
                body = body.replace("<v>1</v>", f"<v>&{entity};</v>").replace("<t>more</t>", f"<t>&{entity};</t>")
                text = (LAUGHS + body.replace('name="s"', f'name="s&{entity};"')).encode()
            archive.writestr(name, text)
    assert f"&{entity};".encode() in zipfile.ZipFile(out).read(member)
    try:
        table = read_table(out.getvalue(), "x.xlsx")
    except Problem as problem:
        assert problem.code in ("sheet_not_readable", "sheet_bomb")
    else:
        cells = "".join(cell for row in table.rows for cell in row)
        assert "haha" not in cells
        assert "root:" not in cells


@pytest.mark.parametrize("cell", ["A1048576", "XFD1", "ZZ400000"])
def test_a_lonely_cell_far_away(cell):
    data = workbook(("s", [["a", "b"], [1, 2]]), edit=lambda book: book["s"].__setitem__(cell, 1))
    assert refused(data).code in ("sheet_too_many_rows", "sheet_too_wide")


def test_what_is_written_is_read_again():
    rows = [["日期", "说明"], ["2024-05-03", '第一行\n"第二行", 逗号']]
    table = read_table(write_csv(rows), "x.csv")
    assert [list(table.header), *table.rows] == rows


SAMPLE = workbook(("s", [["a", "b"], [1, "=A2+1"], [2, 3]]))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
@example(b"\xff\xfe\x00\xd8")
@example(b"\xfe\xffa")
@example(b'"')
def test_any_bytes_are_a_table_or_a_problem(data):
    try:
        table = read_table(data, "any")
    except Problem as problem:
        assert problem.as_json("en")["detail"] and problem.as_json("zh-hans")["detail"]
    else:
        assert isinstance(table, Table) and table.rows and len(table.rows) == len(table.lines)
        assert all(len(row) == len(table.header) for row in table.rows)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_any_text_is_a_table_or_a_problem(text, encoding):
    try:
        read_table(text.encode(encoding, "ignore"), "any.csv")
    except Problem as problem:
        assert problem.as_json("en")["detail"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=1, max_size=40))
def test_a_damaged_workbook_is_a_table_or_a_problem(place, damage):
    data = SAMPLE[:place] + damage + SAMPLE[place + len(damage) :]
    try:
        read_table(data, "any.xlsx")
    except Problem as problem:
        assert problem.as_json("en")["detail"]
