"""The library's loader: what is shipped is sound, and every kind of mistake is refused with file, key and remedy."""

from __future__ import annotations

import datetime as dt

import pytest

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError
from standards.indicators import PATH, find_indicator, indicators, load, read_unit
from standards.library import find, library, load_library, rule_sets, selected
from standards.library_schema import leaves
from tests.standards.mistakes import GOOD, MISTAKES, write


def test_the_pattern_of_these_tests_is_a_good_file(tmp_path):
    assert list(load_library(write(tmp_path, GOOD))) == ["XX-TEST"]


@pytest.mark.parametrize(("what", "change", "key", "remedy"), MISTAKES, ids=[one[0] for one in MISTAKES])
def test_a_mistake_is_refused_with_file_key_and_remedy(tmp_path, what, change, key, remedy):
    before, after = change
    assert before in GOOD
    with pytest.raises(RuleFileError) as error:
        load_library(write(tmp_path, GOOD.replace(before, after, 1)))
    assert "XX-TEST.yaml" in error.value.path
    assert key in error.value.key
    assert remedy in str(error.value)


def test_a_code_names_one_file(tmp_path):
    write(tmp_path, GOOD)
    with pytest.raises(RuleFileError, match="must be called"):
        load_library(write(tmp_path, GOOD, "ZZ-TEST.yaml"))


def test_a_standard_without_text_is_listed_and_says_so(tmp_path):
    text = GOOD[: GOOD.index("editions:")] + "unavailable: {zh: 没有文本, en: no text}\n"
    books = load_library(write(tmp_path, text))
    with pytest.raises(Problem) as problem:
        find("XX-TEST", books)
    assert problem.value.code == "standard_text_missing"
    assert "no text" in str(problem.value)


@pytest.mark.parametrize(
    ("before", "after", "remedy"),
    [
        ("quantity: ph", "quantity: acidity", "unknown quantity"),
        ('silent_units: ["-"]', 'silent_units: ["%"]', "is no unit of"),
        ("aliases: [含水率", "aliases: [pH, 含水率", "already means"),
        ("{of: moisture, from: dry_matter", "{of: wetness, from: dry_matter", "unknown indicator"),
        ("kind: factor, factor:", "kind: inverse, factor:", "factor goes with"),
        ("readings: [P, P2O5]", "readings: [P, P4]", "unknown indicator"),
        ("of: [moisture, dry_matter]", "of: [moisture, dryness]", "unknown indicator"),
    ],
)
def test_a_mistake_in_the_indicators_is_refused(tmp_path, before, after, remedy):
    text = PATH.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "indicators.yaml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RuleFileError, match=remedy):
        load(path)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("全氮", "N"),
        ("TN", "N"),
        ("总养分", "total_nutrients"),
        ("粪大肠菌群数", "faecal_coliforms"),
        ("GI", "germination_index"),
        ("Cd", "Cd"),
        ("总镉", "Cd"),
        ("总镉（以Cd计）", "Cd"),
        ("faecal coliforms", "faecal_coliforms"),
        ("Cr(VI)", "CrVI"),
        ("蛔虫卵死亡率", "ascarid_mortality"),
        ("水分", "moisture"),
        ("种子发芽指数（GI）", "germination_index"),
        ("C:N", "C_N"),
    ],
)
def test_names(name, code):
    assert find_indicator(name) == (code,)


def test_names_that_may_mean_two_things():
    assert find_indicator("总磷") == ("P", "P2O5")
    assert find_indicator("全钾（以K2O计）") == ("K2O",)
    assert find_indicator("P", "as printed") == ("P",)
    assert find_indicator("nonsense") == ()


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Cr (hexavalent)", ("CrVI",)),
        ("铬（Ⅵ）", ("CrVI",)),
        ("Cr (soluble)", ()),
        ("Cr, leachable", ()),
        ("有效磷（P2O5）", ()),
        ("水溶性钾(K2O)", ()),
        ("As (inorganic)", ("As_inorganic",)),
        ("Pb, mg/kg", ("Pb",)),
        ("有机质(干基)", ("organic_matter",)),
        ("有机质（以干基计）%", ("organic_matter",)),
        ("铅（以Pb计）", ("Pb",)),
        ("Cadmium (Cd)", ("Cd",)),
        ("Cadmium (Cu)", ()),
        ("氮（N）", ("N",)),
        ("total lead", ("Pb",)),
        ("总磷（P2O5）", ("P2O5",)),
        ("全钾(K)", ("K", "K2O")),
    ],
)
def test_what_stands_in_brackets_may_change_the_meaning(name, codes):
    assert find_indicator(name) == codes


def test_every_name_of_every_indicator_finds_it():
    for code, indicator in indicators().indicators.items():
        for name in (code, indicator.name.zh, indicator.name.en, *indicator.aliases):
            assert find_indicator(name)[-1] == code, name
        for unit in indicators().quantities[indicator.quantity].units.values():
            for alias in unit.aliases:
                assert read_unit(indicator.quantity, alias) is not None, alias


def test_the_shipped_library():
    assert {"CN-NYT525", "EU-FPR", "US-503"} <= set(library())
    for standard in library().values():
        for edition in standard.editions:
            for node in edition.limits:
                for limit in leaves(node):
                    source = edition.sources[limit.source]
                    assert (limit.grade == "C") == ("from memory" in source.title), (standard.code, limit.id)


def test_days_before_and_between_editions():
    nyt = library()["CN-NYT525"]
    assert [r.edition.edition for r in rule_sets(nyt, dt.date(2021, 5, 31))] == ["2012"]
    assert [r.edition.edition for r in rule_sets(nyt, dt.date(2021, 6, 1))] == ["2021"]
    with pytest.raises(Problem) as problem:
        selected(["CN-NYT525"], dt.date(2000, 1, 1))
    assert problem.value.code == "standard_not_in_force"


def test_an_unknown_code_names_the_known_ones():
    for code in ("CN-NYT526", "EU-FPR/PFC9", ""):
        with pytest.raises(Problem) as problem:
            find(code)
        assert "EU-FPR/PFC3A" in str(problem.value)
    assert find("eu-fpr/pfc3a")[1] == "PFC3A"
