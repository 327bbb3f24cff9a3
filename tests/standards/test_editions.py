"""Delegated limits and process rules, differences between editions, own folders, and the template."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError
from standards import library as books
from standards.catalogue.editions import diff_editions, edition_rules, find_edition
from standards.catalogue.library_text import template_of, validate_path
from standards.checking.explain import check_lines
from standards.library import TEMPLATE, library, load_library, rule_sets, selected
from tests.standards.mistakes import GOOD, GROUP, LAST, LEAD, RULE, SECOND, write
from tests.standards.support import DAY, judged, lines, verdict, whole_report


def rules(standard, day=DAY, class_code=None):
    return rule_sets(standard, day, class_code)[0]


def changes_of(code, old, new):
    standard = library()[code]
    first, second = (find_edition(standard, name) for name in (old, new))
    pairs = zip(
        edition_rules(standard, first, last_day=first is not second),
        edition_rules(standard, second, last_day=first is second),
        strict=True,
    )
    return [change for pair in pairs for change in diff_editions(*pair)]


# --- what is left to another standard --------------------------------------------------------------------------------


def test_a_delegated_limit_is_the_other_standards():
    found = rules(library()["CN-DB33-RURAL"], class_code="MACHINE")
    limits = {limit.id: limit for limit in found.limits}
    count = limits["faecal_coliforms"]
    assert (count.compare, str(count.value), count.unit, count.basis) == ("<=", "100", "/g", "ar")
    assert count.delegated_from == "CN-NY884 2012 faecal_coliforms"
    assert count.source in found.edition.sources
    assert verdict("CN-DB33-RURAL/MACHINE", "faecal_coliforms", "粪大肠菌群数; 150; 个/g; 鲜样").verdict == "fail"
    assert verdict("CN-DB33-RURAL/MACHINE", "faecal_coliforms", "粪大肠菌群数; 100; 个/g; 鲜样").verdict == "pass"


def test_a_delegated_process_rule_is_the_other_standards():
    for one in rule_sets(library()["CN-DB33-RURAL"], DAY):
        (rule,) = one.process
        assert (rule.any_of[0].at_least, rule.any_of[0].days) == (55, 5)
        assert rule.delegated_from == "CN-CJJ52 2014 heat"
        assert (rule.grade, rule.source in one.edition.sources) == ("C", True)


def test_before_the_other_standard_had_a_text_nothing_can_be_told(tmp_path):
    other = GOOD.replace("code: XX-TEST", "code: XX-OTHER").replace("2020-01-01", "2021-01-01")
    left = GOOD.replace(LAST, LAST + "      - {id: tin, indicator: Pb, to: XX-OTHER, limit: lead, "
                        "clause: {zh: 一, en: one}, source: text, grade: B}\n")  # fmt: skip
    write(tmp_path, other, "XX-OTHER.yaml")
    found = load_library(write(tmp_path, left))
    early = {one.id: one for one in rule_sets(found["XX-TEST"], dt.date(2020, 6, 1), "A", found)[0].limits}
    late = {one.id: one for one in rule_sets(found["XX-TEST"], dt.date(2021, 6, 1), "A", found)[0].limits}
    assert (early["tin"].compare, early["tin"].delegated_from) == ("unavailable", "XX-OTHER lead")
    assert (late["tin"].compare, str(late["tin"].value), late["tin"].grade) == ("<=", "50", "B")
    (answer,) = check_lines(lines("Pb; 1; mg/kg; dm", "pH; 7"), selected(["XX-TEST/A"], dt.date(2020, 6, 1), found))
    assert answer.verdict == "cannot_tell"
    (answer,) = check_lines(lines("Pb; 1; mg/kg; dm", "pH; 7"), selected(["XX-TEST/A"], dt.date(2021, 6, 1), found))
    assert answer.verdict == "pass"


def test_a_limit_without_its_value_never_passes_and_says_so():
    rows = ["总砷; 1; mg/kg; 干基", "总铅; 1; mg/kg; 干基", "粪大肠菌群数; 3; 个/g; 鲜样", "蛔虫卵死亡率; 100; %"]
    answer = judged("CN-DB33-RURAL/SOLAR", *rows)
    lead = next(one for one in answer.indicators if one.limit_id == "Pb")
    assert (lead.verdict, lead.code) == ("cannot_tell", "reason_limit_unavailable")
    assert answer.verdict == "cannot_tell"


def test_a_standard_of_process_rules_only_passes_no_lab_report():
    assert judged("CN-CJJ52", *whole_report()).verdict == "cannot_tell"
    assert not any(one.code == "CN-CJJ52" for _, group in selected(["all"], DAY) for one in group)


def test_absence_without_a_mass_takes_any_mass():
    for text, expected in (
        ("未检出", "pass"),
        ("absent in 25 g", "pass"),
        ("检出", "fail"),
        ("detected in 25 g", "fail"),
        ("3 MPN/g", "fail"),
        ("-", "not_tested"),
    ):
        assert verdict("CN-GB7959", "Salmonella", f"沙门氏菌; {text}").verdict == expected, text


def test_process_is_left_only_to_what_is_in_force_all_the_time(tmp_path):
    left = (
        RULE[: RULE.index("        name")]
        + "        to: XX-OTHER\n        rule: heat\n"
        + RULE[RULE.index("        clause") :]
    )
    other = GOOD.replace("code: XX-TEST", "code: XX-OTHER").replace(LAST, LAST + RULE)
    write(tmp_path, GOOD.replace(LAST, LAST + left))
    load_library(write(tmp_path, other, "XX-OTHER.yaml"))
    for late_or_short in (
        other.replace("2020-01-01", "2020-01-02"),
        other.replace("2020-01-01", "2020-01-01\n    valid_to: 2024-12-31"),
    ):
        with pytest.raises(RuleFileError) as error:
            load_library(write(tmp_path, late_or_short, "XX-OTHER.yaml"))
        assert error.value.key == "editions.0.process.0.to"
        assert "write also_required instead" in error.value.remedy
    ended = GOOD.replace("2020-01-01", "2020-01-01\n    valid_to: 2024-12-31").replace(LAST, LAST + left)
    assert load_library(write(tmp_path, ended))


SHIPPED = sorted(books.FOLDER.glob("*.yaml"))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_in_words_or_is_a_standard(tmp_path, data):
    """Lines lost, doubled or exchanged, words replaced: the loader says what is wrong, or has a standard."""
    path = data.draw(st.sampled_from(SHIPPED))
    text = path.read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        kind = data.draw(st.sampled_from(["lose", "double", "swap", "word", "indent"]))
        if kind == "lose":
            del text[at]
        elif kind == "double":
            text.insert(at, text[at])
        elif kind == "swap":
            text[at], text[at - 1] = text[at - 1], text[at]
        elif kind == "indent":
            text[at] = " " * data.draw(st.integers(0, 12)) + text[at].lstrip()
        else:
            word = data.draw(
                st.sampled_from(["", "~", "[]", "{}", "yes", "1.5", "-1", "2020-02-30", '"x"', "Pb", "&a", "*a"])
            )
            text[at] = text[at].partition(":")[0] + ": " + word
    damaged = tmp_path / path.name
    damaged.write_text("\n".join(text), encoding="utf-8")
    for found in validate_path(damaged).values():
        assert isinstance(found, RuleFileError) or found == path.stem
        if isinstance(found, RuleFileError):
            assert found.path == str(damaged)
            assert found.remedy


# --- provisional -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "provisional"),
    [
        ("nothing", "nothing", True),  # the limit on pH has grade C
        (LAST, LAST + "        obligatory: false\n", False),
        (LAST, LAST.replace("C", "B-"), False),
        (LAST, LAST.replace("C", "B-") + GROUP.replace("grade: A", "grade: C", 1), True),
        (GOOD[GOOD.index("    limits:") :], RULE.replace("grade: A", "grade: C"), True),
        (GOOD[GOOD.index("    limits:") :], RULE, False),
    ],
)
def test_a_rule_set_is_provisional_where_it_needs_something_from_memory(tmp_path, before, after, provisional):
    found = load_library(write(tmp_path, GOOD.replace(before, after, 1)))
    assert rules(found["XX-TEST"]).provisional is provisional


def test_what_is_provisional_says_so_everywhere():
    for code, standard in library().items():
        for one in rule_sets(standard, DAY):
            from_memory = any(limit.grade == "C" and limit.obligatory for limit in one.limits)
            if one.limits:
                assert one.provisional is from_memory, code
                answer = check_lines(lines("Pb; 1; mg/kg; dm"), [(False, [one])])[0]
                assert answer.as_json("en")["provisional"] is from_memory


# --- differences -----------------------------------------------------------------------------------------------------


def test_the_two_editions_of_nyt525():
    changes = {(one.kind, one.id, one.field): one.as_json("en") for one in changes_of("CN-NYT525", "2012", "2021")}
    matter = changes["changed", "organic_matter", "limit"]
    assert (matter["before"], matter["after"]) == ("≥ 45", "≥ 30")
    assert changes["changed", "total_nutrients", "limit"]["before"] == "≥ 5.0"
    assert changes["added", "germination_index", "limit"]["after"] == "≥ 70 %"
    assert changes["changed", "pH", "grade"]["after"] == "B-"
    assert not any(key[1] == "Pb" and key[2] == "limit" for key in changes)
    assert not any(key[1] in ("Cu", "copper") for key in changes)


def test_a_change_inside_an_edition_has_its_day():
    standard = library()["EU-FPR"]
    old, new = (rule_sets(standard, day, "PFC3A")[0] for day in (dt.date(2026, 7, 15), dt.date(2026, 7, 16)))
    (change,) = diff_editions(old, new)
    assert (change.id, change.before, change.after) == ("plastics", "≤ 3", "≤ 2.5")
    assert (change.kind, change.day) == ("changed", dt.date(2026, 7, 16))
    (later,) = diff_editions(old, old)
    assert (later.kind, later.day, later.after) == ("later", dt.date(2026, 7, 16), "≤ 2.5")
    assert diff_editions(new, new) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('value: "50"', 'value: "45"', [("changed", "lead", "limit", "≤ 50", "≤ 45")]),
        ('compare: "<="', 'compare: "<"', [("changed", "lead", "limit", "≤ 50", "< 50")]),
        ("unit: mg/kg", "unit: g/kg", [("changed", "lead", "unit", "mg/kg", "g/kg")]),
        ("basis: dm", "basis: ar", [("changed", "lead", "basis", "dry matter", "as received")]),
        ("grade: A", "grade: B", [("changed", "lead", "grade", "A", "B")]),
        ("id: lead", "id: metal", []),
        (LEAD, LEAD + "        obligatory: false\n", [("changed", "lead", "obligatory", "yes", "no")]),
        (LEAD, LEAD + "        when: [{fact: use, is: [sold]}]\n",
         [("changed", "lead", "when", "", "only where the use is: sold")]),
        ("rounding: none", "rounding: gbt8170",
         [("changed", "", "rounding", "not rounded", "rounded to the digits of the limit (GB/T 8170)")]),
        (LAST, LAST + GROUP, [("added", "zinc", "limit", "", "≤ 5 mg/kg (dry matter)"),
                              ("added", "copper", "limit", "", "≤ 5 mg/kg (dry matter)")]),
        (LAST, LAST + RULE, [("added", "heat", "limit", "",
                              "any system: ≥ 55 °C for 5 days in a row, at every measuring point")]),
        (GOOD[GOOD.index("      - id: acid") :], "", [("removed", "acid", "limit", "5.5–8.5", "")]),
    ],
)  # fmt: skip
def test_every_kind_of_difference(tmp_path, before, after, expected):
    assert before in GOOD
    folders = tmp_path / "old", tmp_path / "new"
    for folder in folders:
        folder.mkdir()
    old = load_library(write(folders[0], GOOD))["XX-TEST"]
    new = load_library(write(folders[1], GOOD.replace(before, after, 1)))["XX-TEST"]
    found = [one.as_json("en") for one in diff_editions(rules(old), rules(new))]
    assert [(one["kind"], one["id"], one["field"], one["before"], one["after"]) for one in found] == expected


def test_a_group_moved_is_a_difference(tmp_path):
    folders = tmp_path / "old", tmp_path / "new"
    for folder in folders:
        folder.mkdir()
    grouped = load_library(write(folders[0], GOOD.replace(LAST, LAST + GROUP, 1)))["XX-TEST"]
    plain = load_library(write(folders[1], GOOD.replace(LAST, LAST + GROUP.replace("any_of", "all_of"), 1)))["XX-TEST"]
    assert {(one.id, one.field) for one in diff_editions(rules(grouped), rules(plain))} == {
        ("zinc", "group"),
        ("copper", "group"),
    }


def test_an_edition_that_there_is_not():
    with pytest.raises(Problem) as problem:
        find_edition(library()["CN-NYT525"], "1999")
    assert "2012, 2021" in str(problem.value)


# --- own folder, template --------------------------------------------------------------------------------------------


def fresh_library(monkeypatch, folder):
    monkeypatch.setenv(books.OWN, str(folder))
    return library.__wrapped__()


def test_a_folder_of_ones_own(tmp_path, monkeypatch):
    found = fresh_library(monkeypatch, write(tmp_path, GOOD))
    assert {"XX-TEST", "CN-NYT525"} <= set(found)
    assert list(found) == sorted(found)
    with pytest.raises(RuleFileError, match="names no folder"):
        fresh_library(monkeypatch, tmp_path / "nowhere")
    write(tmp_path, GOOD.replace("XX-TEST", "CN-NYT525"), "CN-NYT525.yaml")
    with pytest.raises(RuleFileError, match="is in the library already"):
        fresh_library(monkeypatch, tmp_path)


def filled(text):
    """The template with plausible things in its blanks."""
    values = [
        (r"<<YYYY-MM-DD>>", "2025-05-01"),
        (r"<<A, B, B- or C>>", "A"),
        (r"<<year>>", "2025"),
        (r"<<two letters[^>]*>>", "CN"),
        (r"<<code of the other[^>]*>>", "CN-NY884"),
        (r"<<its id there[^>]*>>", "ascarid_mortality"),
        (r"<<(number|grams|°C|days|kg|tonnes|times|how many|samples a year)>>", "5"),
        (r"<<([^<>]*)>>", r"\1"),
    ]
    for pattern, value in values:
        text = re.sub(pattern, value, text)
    return text


@pytest.mark.parametrize("code", ["XF-COMPOST", "CN-T-CYDFCW", "CN-T-SQCYDF", "CN-GBT33891"])
def test_the_template_is_a_standard_once_its_blanks_are_filled(tmp_path, monkeypatch, code):
    text = template_of(code, library())
    path = tmp_path / f"{code}.yaml"
    path.write_text(text, encoding="utf-8")
    (fault,) = validate_path(path).values()
    assert isinstance(fault, RuleFileError)
    assert "is not filled in yet" in fault.remedy
    path.write_text(filled(text), encoding="utf-8")
    assert validate_path(path) == {path: code}
    standard = fresh_library(monkeypatch, tmp_path)[code]
    assert standard.unavailable is None
    known = library().get(code)
    assert known is None or (standard.name, standard.scope) == (known.name, known.scope)
    one = rule_sets(standard, DAY, "A")[0]
    assert len(one.limits) == 17
    assert len(one.process[0].any_of) == 2
    assert one.edition.sampling.samples_a_year(3) == 5
    (answer,) = check_lines(lines("总铅; 67; mg/kg; 干基"), [(False, [one])])
    assert answer.verdict == "fail"


def test_the_template_is_not_a_standard_of_the_library():
    assert TEMPLATE.exists()
    assert not (TEMPLATE.parent / "library" / TEMPLATE.name).exists()


def test_every_mistake_of_a_folder_is_named(tmp_path):
    write(tmp_path, GOOD.replace("grade: A", "grade: D"))
    write(tmp_path, GOOD.replace("XX-TEST", "XX-FINE"), "XX-FINE.yaml")
    write(tmp_path, GOOD.replace("XX-TEST", "XX-LEFT").replace(LAST, LAST + SECOND), "XX-LEFT.yaml")
    found = {path.name: one if isinstance(one, str) else one.key for path, one in validate_path(tmp_path).items()}
    assert found == {
        "XX-FINE.yaml": "XX-FINE",
        "XX-LEFT.yaml": "editions",
        "XX-TEST.yaml": "editions.0.limits.0.limit.grade",
    }


# --- speed -----------------------------------------------------------------------------------------------------------


def test_the_library_is_read_in_a_moment():
    start = time.perf_counter()
    assert len(load_library()) >= 30
    assert time.perf_counter() - start < 2.0
