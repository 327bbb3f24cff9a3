"""Described layouts: what one means, and every mistake in one is named with file, key and remedy."""

from __future__ import annotations

import re

import pytest

from batches import sheet_layouts
from batches.sheet_layouts import KINDS, read_layout, read_sheet, template, template_headers, template_rows
from batches.sheets import read_table, write_csv
from compostnet.shared.rules import RuleFileError
from compostnet.shared.texts import catalogue
from tests.conftest import ROOT

GOOD = """
name: {zh: 月报, en: Monthly}
source: {title: A sheet}
site: "{District} no {Number}"
date: {column: Day, pattern: "%d.%m.%Y"}
batch: "{District} {month}"
constants: {kind: intake, unit: t}
columns: {note: Remarks}
entries:
  - {value: Food, constants: {material: food_waste}}
  - {value: Leaves, constants: {material: leaves}}
"""
SHEET = b"""Day;District;Number;Food;Leaves;Remarks;Other
31.05.2024;North;1;1,5;;first;x
01.06.2024;North;2;;2;;
"""


@pytest.fixture
def described(tmp_path, monkeypatch):
    def write(text: str):
        path = tmp_path / "monthly.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    path = write(GOOD)
    monkeypatch.setattr(sheet_layouts, "layouts", lambda: {"monthly": read_layout(path)})
    return write


def test_one_row_makes_several_entries(described):
    reading = read_sheet(read_table(SHEET, "x.csv"), "monthly", "ledger")
    food, leaves = reading.blocks
    assert {name: column[0] for name, column in food.columns.items()} == {
        "site": "north-no-1",
        "batch": "North 2024-05",
        "kind": "intake",
        "material": "food_waste",
        "value": "1,5",
        "unit": "t",
        "occurred_on": "31.05.2024",
        "note": "first",
    }
    assert leaves.columns["site"] == ["north-no-2"] and leaves.place.lines == [3]
    assert (food.place.headers["value"], food.place.headers["site"]) == ("Food", "District + Number")
    assert (reading.blank, reading.ignored) == (2, ["Other"])


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("constants: {kind: intake, unit: t}", "constants: {kind: intake, unit: stone}", "stone"),
        ("{material: leaves}", "{material: leafs}", "leafs"),
        ("columns: {note: Remarks}", "columns: {remark: Remarks}", "columns.remark"),
        ("value: Leaves", "value: Food", "the same column"),
        ('"{District} no {Number}"', '"{District"', "braces"),
        ("batch:", "batsh:", "batch: this key is required"),
        ("date: {column: Day", "date: {colum: Day", "colum"),
        ("name:", "nmae: x\nname:", "nmae: unknown key"),
        ("source: {title: A sheet}", "", "source"),
    ],
)
def test_a_mistake_is_named(described, before, after, words):
    assert before in GOOD
    with pytest.raises(RuleFileError, match=words) as refused:
        read_layout(described(GOOD.replace(before, after)))
    assert "monthly.yaml" in str(refused.value)


def test_the_templates_are_read_by_their_headers_in_both_languages():
    for kind in KINDS:
        fields = set(template().columns(kind))
        assert set(template_headers(kind).values()) == fields
        for language in ("zh", "en"):
            header, example = template_rows(kind, language)
            row = ["x"] * len(header)
            [block] = read_sheet(read_table(write_csv([header, example, row]), "t.csv"), "template", kind).blocks
            assert set(block.columns) == fields and block.place.lines == [3]


def test_every_sentence_that_the_code_names_is_in_the_catalogue_and_every_problem_has_a_status():
    folder = ROOT / "batches"
    files = [
        *folder.glob("entr*.py"),
        *folder.glob("sheet*.py"),
        *folder.glob("services/*.py"),
        *folder.glob("api/*.py"),
    ]
    known, seen = catalogue(), set()
    for file in files:
        for kind, code in re.findall(r'(Message|Problem)\(\s*"(\w+)"', file.read_text(encoding="utf-8")):
            assert code in known, f"{file.name}: {code}"
            assert kind == "Message" or (known[code].status and known[code].title), f"{file.name}: {code}"
            seen.add(code)
    assert len(seen) > 60
