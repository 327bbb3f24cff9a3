"""Advice: each rule speaks when it should and only then, with a source, in both languages."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import yaml

from compostnet.shared.rules import RuleFileError
from compostnet.shared.texts import Message
from standards.advice import (
    PATH,
    AnyTrigger,
    DiaryNote,
    DiaryTrigger,
    IndicatorTrigger,
    ProcessTrigger,
    advice_rules,
    advise,
    diary_facts,
    direction,
    load_advice,
)
from standards.process.rules import ProcessResult
from tests.standards.process_support import option, rule
from tests.standards.support import judged

RULES = advice_rules().advice
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def item(indicator, verdict="fail", limit="≤ 50", compared=67.0, **more):
    return {
        "indicator": indicator,
        "name": indicator,
        "verdict": verdict,
        "limit": limit,
        "compared": compared,
        "reported": str(compared),
        "unit": "mg/kg",
        "obligatory": True,
        **more,
    }


def answer(*items):
    return {"standard": "XX-TEST", "class": "A", "indicators": list(items)}


def constructed(trigger):
    """Arguments of `advise` in which one trigger fires, and the same in which it just does not."""
    if isinstance(trigger, IndicatorTrigger):
        way = {"high": ("≤ 50", "≥ 50"), "low": ("≥ 50", "≤ 50"), None: ("≤ 50", "≤ 50")}[trigger.direction]
        code = trigger.indicators[0]
        off = [answer(item(code, "pass", way[0]), item("moisture" if code != "moisture" else "pH", "pass", way[0]))]
        if trigger.direction:
            off.append(answer(item(code, trigger.verdict, way[1])))
        return ([answer(item(code, trigger.verdict, way[0]))],), (off,)
    if isinstance(trigger, AnyTrigger):
        verdict = trigger.any_indicator
        return ([answer(item("pH", verdict))],), ([answer(item("pH", verdict, obligatory=False))],)
    if isinstance(trigger, ProcessTrigger):
        heat = rule(option(at_least="55", days="3", counting="consecutive"))
        results = [
            ProcessResult(heat, verdict, None, Message(trigger.code or "process_met"))
            for verdict in (trigger.process[0], "pass")
        ]
        return ([], results[:1]), ([], results[1:])
    edge = float(trigger.above if trigger.above is not None else trigger.below)
    beyond = edge + 1 if trigger.above is not None else edge - 1
    return tuple(([], (), diary_facts([DiaryNote(trigger.diary, NOON, value)])) for value in (beyond, edge))


CASES = [(one, number) for one in RULES for number in range(len(one.when))]


@pytest.mark.parametrize(("rule_", "number"), CASES, ids=lambda one: getattr(one, "id", str(one)))
def test_each_rule_speaks_when_it_should_and_only_then(rule_, number):
    speaks, silent = constructed(rule_.when[number])
    found = {one.id: one for one in advise(*speaks)}
    assert rule_.id in found and found[rule_.id].because
    others = {
        one.id
        for one in RULES
        for other in one.when
        if isinstance(other, IndicatorTrigger)
        and isinstance(rule_.when[number], IndicatorTrigger)
        and rule_.when[number].indicators[0] in other.indicators
        and rule_.when[number].direction == other.direction
    }
    assert set(found) <= others | {rule_.id}, "nothing else speaks"
    assert rule_.id not in {one.id for one in advise(*silent)}


@pytest.mark.parametrize("rule_", RULES, ids=lambda one: one.id)
def test_each_rule_has_both_languages_and_a_source(rule_):
    source = advice_rules().sources[rule_.source]
    assert source.title.zh and source.title.en and source.grade
    assert source.issuer or source.grade == "C"
    assert rule_.name.zh and rule_.name.en and rule_.name.zh != rule_.name.en
    for text in (rule_.do, rule_.why):
        assert re.search(r"[\u4e00-\u9fff]", text.zh) and not re.search(r"[\u4e00-\u9fff]", text.en)
        assert len(text.en) > 40
        words = f"{text.en} {text.zh}".lower()
        for promise in (
            "guarantee",
            "will pass",
            "safe to eat",
            "disease",
            "cure ",
            "保证",
            "一定合格",
            "治病",
            "合法",
        ):
            assert promise not in words.replace("cure for", "").replace("let it cure", ""), promise


def test_every_source_is_used_and_practice_is_marked_as_such():
    file = advice_rules()
    assert {one.source for one in file.advice} == set(file.sources)
    shown = advise([answer(item("Pb"))])[0].as_json("en")
    assert shown["id"] == "metals" and shown["provisional"] and "practice" in shown["source"]
    assert "dilute" in shown["text"]


def test_what_many_limits_call_for_is_said_once_and_ranked():
    many = [answer(item("Cd"), item("Pb"), item("EC", compared=8.9), item("germination_index", limit="≥ 70"))] * 9
    found = advise(many)
    assert [one.id for one in found] == ["metals", "salt", "germination"]
    assert [one.render("en") for one in found[1].because] == ["XX-TEST/A: EC 8.9, limit ≤ 50 mg/kg"]
    assert len(found[0].because) == 2, "one reason a limit, not one a copy"


def test_a_real_report_leads_to_advice():
    """T1 of the reference (Sanandaj): lead over the Chinese limit, conductivity over the Indian one."""
    rows = ("pH; 7.657", "EC; 8.883; dS/m", "Pb; 95; mg/kg; dm", "Cd; 1.575; mg/kg; dm", "GI; 45; %")
    for language in ("en", "zh-hans"):
        found = advise([judged(code, *rows).as_json(language) for code in ("CN-NYT525", "IN-FCO/CITY")])
        assert {"metals", "salt", "germination", "ask_lab_tests"} <= {one.id for one in found}
        assert [one.rank for one in found] == sorted(one.rank for one in found)
        assert all(one.as_json(language)["because"] for one in found)


@pytest.mark.parametrize(
    ("limit", "compared", "expected"),
    [
        ("≤ 50", 67.0, "high"),
        ("< 1000", "≥ 1200", "high"),
        ("≥ 70", 45.0, "low"),
        ("> 0", 0.0, "low"),
        ("5.5–8.5", 9.1, "high"),
        ("5.5–8.5", 5.1, "low"),
        ("15.0–25.0", "27–29", "high"),
        ("6.5–7.5", None, None),
        ("absent in 25 g", None, "high"),
        ("25 g 中不得检出", None, "high"),
    ],
)
def test_too_high_or_too_low(limit, compared, expected):
    assert direction(item("x", limit=limit, compared=compared)) == expected


def test_the_latest_value_of_the_diary_counts():
    notes = [DiaryNote("moisture", NOON, 50.0), DiaryNote("moisture", NOON - dt.timedelta(days=3), 80.0)]
    assert diary_facts(notes)["moisture"].value == 50.0
    assert advise([], (), diary_facts(notes)) == []
    wet = diary_facts([*notes, DiaryNote("moisture", NOON + dt.timedelta(days=1), 71.5)])
    assert [one.id for one in advise([], (), wet)] == ["heap_wet"]
    assert advise([], (), wet)[0].because[0].render("en") == "diary: moisture 71.5 % on 2026-03-02"


def test_nothing_to_say_is_nothing_said():
    assert advise([]) == []
    assert advise([answer(item("Pb", "pass"), item("chloride", "declared"), item("x", "not_applicable"))]) == []


def mutated(tmp_path, change):
    raw = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "advice.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw["advice"][0].update(colour="red"), "colour"),
        (lambda raw: raw["advice"][1].update(id=raw["advice"][0]["id"]), "used twice"),
        (lambda raw: raw["advice"][0].update(source="nobody"), "unknown source"),
        (lambda raw: raw["advice"][0]["when"][0].update(indicators=["Lead"]), "unknown indicator"),
        (lambda raw: raw["advice"][0]["do"].pop("en"), "required"),
        (lambda raw: raw["advice"][0].update(when=[]), "when"),
        (lambda raw: raw["advice"][0].update(when=[{"diary": "moisture"}]), "above or below"),
    ],
)
def test_a_broken_file_is_refused_by_name(tmp_path, change, words):
    with pytest.raises(RuleFileError, match="advice") as refused:
        load_advice(mutated(tmp_path, change))
    assert words in str(refused.value)


def test_triggers_are_of_every_kind():
    kinds = {type(trigger) for one in RULES for trigger in one.when}
    assert kinds == {IndicatorTrigger, ProcessTrigger, DiaryTrigger, AnyTrigger}
