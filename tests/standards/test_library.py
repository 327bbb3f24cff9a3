"""The library's loader: what is shipped is sound, and every kind of mistake is refused with file, key and remedy."""

from __future__ import annotations

import datetime as dt

import pytest

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError
from standards.indicators import PATH, find_indicator, indicators, load, read_unit
from standards.library import find, library, load_library, rule_sets, selected
from standards.library_schema import leaves

GOOD = """
code: XX-TEST
name: {zh: 试, en: test}
issuer: {zh: 试, en: test}
country: XX
scope: {zh: 试, en: test}
classes:
  - {code: A, rank: 1, name: {zh: 甲, en: A}}
  - {code: B, rank: 2, name: {zh: 乙, en: B}}
editions:
  - edition: "1"
    title: {zh: 试, en: test}
    valid_from: 2020-01-01
    rounding: none
    sources:
      text: {title: A text}
    limits:
      - id: lead
        indicator: Pb
        compare: "<="
        value: "50"
        unit: mg/kg
        basis: dm
        clause: {zh: 一, en: one}
        source: text
        grade: A
      - id: acid
        indicator: pH
        compare: range
        low: "5.5"
        high: "8.5"
        unit: "-"
        basis: none
        clause: {zh: 二, en: two}
        source: text
        grade: C
"""
SECOND = """  - edition: "2"
    title: {zh: 试, en: test}
    valid_from: 2020-06-01
    rounding: none
    sources:
      text: {title: A text}
    limits:
      - id: lead
        indicator: Pb
        compare: declared
        basis: dm
        clause: {zh: 一, en: one}
        source: text
        grade: A
"""


def write(folder, text, name="XX-TEST.yaml"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_pattern_of_these_tests_is_a_good_file(tmp_path):
    assert list(load_library(write(tmp_path, GOOD))) == ["XX-TEST"]


MISTAKES = [
    ("unknown key", ("        grade: A", "        grade: A\n        colour: red"), "colour", "unknown key"),
    ("missing unit", ("        unit: mg/kg\n", ""), "unit", "no unit of Pb; use one of"),
    ("unknown unit", ("unit: mg/kg", "unit: furlongs"), "unit", "no unit of Pb"),
    ("missing basis", ("        basis: dm\n", ""), "basis", "required"),
    ("basis left open", ("basis: dm", "basis: none"), "basis", "needs a basis"),
    ("basis where there is none", ("basis: none", "basis: dm"), "basis", "has no basis"),
    ("unknown basis", ("basis: dm", "basis: dry"), "basis", "'dm'"),
    ("missing clause", ("        clause: {zh: 一, en: one}\n", ""), "clause", "required"),
    ("clause in one language", ("{zh: 一, en: one}", "{zh: 一}"), "clause.en", "required"),
    (
        "unknown source",
        ("source: text\n        grade: A", "source: hearsay\n        grade: A"),
        "source",
        "add it to sources",
    ),
    ("missing grade", ("        grade: A\n", ""), "grade", "required"),
    ("unknown grade", ("grade: A\n", "grade: D\n"), "grade", "'A', 'B', 'B-' or 'C'"),
    ("unknown indicator", ("indicator: Pb", "indicator: Pbb"), "indicator", "did you mean Pb"),
    ("unknown comparison", ('compare: "<="', 'compare: "=<"'), "compare", "'<='"),
    ("number without quotes", ('value: "50"', "value: 50.0"), "value", "in quotes"),
    ("no number", ('value: "50"', 'value: "fifty"'), "value", "not a number"),
    ("missing value", ('        value: "50"\n', ""), "limit", "needs a value"),
    ("range upside down", ('low: "5.5"', 'low: "9.5"'), "limit", "exchange them"),
    ("range without end", ('        high: "8.5"\n', ""), "limit", "low and high"),
    ("value in a range", ('low: "5.5"', 'value: "5"\n        low: "5.5"'), "limit", "has no value"),
    ("bounds without range", ('value: "50"', 'value: "50"\n        low: "1"'), "limit", "belong to compare: range"),
    ("impossible date", ("2020-01-01", "2020-02-31"), "", "not YAML that can be read"),
    ("no date", ("2020-01-01", "soon"), "valid_from", "date"),
    (
        "ends before it starts",
        ("valid_from: 2020-01-01", "valid_from: 2020-01-01\n    valid_to: 2019-01-01"),
        "editions",
        "before",
    ),
    (
        "two editions on one day",
        ("        grade: C\n", "        grade: C\n" + SECOND),
        "editions",
        "two editions are valid",
    ),
    ("edition twice", ("        grade: C\n", "        grade: C\n" + SECOND.replace('"2"', '"1"')), "editions", "twice"),
    ("id twice", ("id: acid", "id: lead"), "id", "used twice"),
    ("key twice", ('        value: "50"\n', '        value: "50"\n        value: "60"\n'), "line", "written twice"),
    ("unknown class", ("        grade: A\n", "        grade: A\n        classes: [Z]\n"), "classes", "unknown class"),
    ("class twice", ("code: B, rank: 2", "code: A, rank: 2"), "classes", "twice"),
    ("one rank for two", ("rank: 2", "rank: 1"), "classes", "one rank"),
    ("code not the file's", ("code: XX-TEST", "code: XX-OTHER"), "code", "must be called"),
    ("code with small letters", ("code: XX-TEST", "code: xx-test"), "code", "pattern"),
    ("unknown rounding", ("rounding: none", "rounding: up"), "rounding", "'gbt8170'"),
    ("no limits", (GOOD[GOOD.index("    limits:") :], "    limits: []\n"), "limits", "at least 1"),
    ("no editions and no reason", (GOOD[GOOD.index("editions:") :], ""), "", "unavailable"),
    (
        "plan with c above n",
        ("        grade: A\n", '        grade: A\n        plan: {n: 2, c: 3, m: "0", M: "50"}\n'),
        "plan",
        "more than n",
    ),
    (
        "plan with m above M",
        ("        grade: A\n", '        grade: A\n        plan: {n: 5, c: 3, m: "60", M: "50"}\n'),
        "plan",
        "exchange them",
    ),
    (
        "plan whose M is not the value",
        ("        grade: A\n", '        grade: A\n        plan: {n: 5, c: 3, m: "0", M: "60"}\n'),
        "limit",
        "must be the plan's M",
    ),
    ("absent without mass", ('compare: "<="\n        value: "50"', "compare: absent"), "limit", "in_mass_g"),
    (
        "mean without number",
        ("        grade: A\n", "        grade: A\n        statistic: geometric_mean\n"),
        "limit",
        "n (how many",
    ),
    (
        "change outside of the edition",
        (
            "        grade: A\n",
            '        grade: A\n        changes: [{valid_from: 2019-01-01, value: "40", source: text, grade: A}]\n',
        ),
        "changes.0.valid_from",
        "outside of this edition",
    ),
    (
        "sum of unlike things",
        ("        grade: A\n", "        grade: A\n        sum: [Cd, pH]\n"),
        "sum",
        "cannot be added",
    ),
    (
        "choice of one",
        (
            "      - id: acid\n",
            "      - id: choice\n        name: {zh: 一, en: one}\n        any_of: []\n      - id: acid\n",
        ),
        "any_of",
        "at least 2",
    ),
]


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
