"""What may be stated of a product: the file, the reading of what is stated, and whether a condition holds."""

from __future__ import annotations

import pytest

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError, load_rule
from standards.facts import PATH, FactFile, holds, known_facts, read_facts
from standards.process.schema import FactCondition

GOOD = """
facts:
  use:
    name: {zh: 用途, en: use}
    choices:
      sold: {zh: 出售, en: sold}
  input:
    name: {zh: 量, en: amount}
    unit: t
"""


@pytest.mark.parametrize(
    ("before", "after", "key", "remedy"),
    [
        ("    unit: t", "    unit: t\n    choices: {a: {zh: 甲, en: a}}", "facts.input", "write choices, or"),
        ("    unit: t\n", "", "facts.input", "write choices, or"),
        ("    unit: t", "    unit: t\n    colour: red", "facts.input.colour", "unknown key"),
        ("{zh: 用途, en: use}", "{zh: 用途}", "facts.use.name.en", "required"),
        ("      sold: {zh: 出售, en: sold}", "      sold: 出售", "facts.use.choices.sold", ""),
        ("      sold:", "      on:", "facts.use.choices", "quotes"),
    ],
)
def test_a_mistake_in_the_facts_is_refused(tmp_path, before, after, key, remedy):
    path = tmp_path / "facts.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_rule(path, FactFile).facts["input"].unit == "t"
    assert before in GOOD
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RuleFileError) as error:
        load_rule(path, FactFile)
    assert error.value.key.startswith(key)
    assert remedy in error.value.remedy


def test_what_is_stated_is_read():
    assert read_facts({"use": " sold ", "yearly_input_t": "12.5", "feedstock": ""}) == {
        "use": "sold",
        "yearly_input_t": "12.5",
    }


@pytest.mark.parametrize(
    ("fact", "value", "code", "words"),
    [
        ("weather", "rain", "fact_unknown", "feedstock"),
        ("use", "eaten", "fact_value", "own_use"),
        ("yearly_input_t", "much", "fact_value", "12.5 (t)"),
        ("yearly_input_t", "-3", "fact_value", "12.5 (t)"),
        ("yearly_input_t", "NaN", "fact_value", "12.5 (t)"),
    ],
)
def test_what_cannot_be_understood_names_what_can(fact, value, code, words):
    with pytest.raises(Problem) as problem:
        read_facts({fact: value})
    assert problem.value.code == code
    assert words in str(problem.value)


@pytest.mark.parametrize(
    ("condition", "stated", "expected"),
    [
        ({"fact": "use", "is": ["sold"]}, {"use": "sold"}, True),
        ({"fact": "use", "is": ["sold"]}, {"use": "own_use"}, False),
        ({"fact": "use", "is": ["sold"]}, {}, None),
        ({"fact": "use", "is_not": ["own_use"]}, {"use": "sold"}, True),
        ({"fact": "use", "is_not": ["own_use"]}, {"use": "own_use"}, False),
        ({"fact": "use", "is_not": ["own_use"]}, {}, None),
        ({"fact": "yearly_product_m3", "at_most": "150"}, {"yearly_product_m3": "150"}, True),
        ({"fact": "yearly_product_m3", "below": "150"}, {"yearly_product_m3": "150"}, False),
        ({"fact": "yearly_product_m3", "at_least": "150"}, {"yearly_product_m3": "150"}, True),
        ({"fact": "yearly_product_m3", "above": "150"}, {"yearly_product_m3": "150"}, False),
        ({"fact": "yearly_product_m3", "above": "50", "at_most": "150"}, {"yearly_product_m3": "150.0"}, True),
        ({"fact": "yearly_product_m3", "above": "50", "at_most": "150"}, {"yearly_product_m3": "50"}, False),
        ({"fact": "yearly_product_m3", "above": "50"}, {"yearly_product_m3": "?"}, None),
    ],
)
def test_whether_a_condition_holds(condition, stated, expected):
    assert holds(FactCondition.model_validate(condition), stated) is expected


def test_the_shipped_facts_have_both_languages_and_no_choice_twice():
    assert PATH.exists()
    for code, fact in known_facts().items():
        names = [choice.zh for choice in fact.choices.values()]
        assert len(names) == len(set(names)), code
