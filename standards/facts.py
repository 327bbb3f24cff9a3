"""Stated facts of a product (feedstock, use, quantity) that conditions ask for (``standards/facts.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import model_validator

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Rule, Text, load_rule
from standards.process.schema import FactCondition

PATH = Path(__file__).with_name("facts.yaml")
Facts = Mapping[str, str]
"""Code of a fact to its choice or its number, as text. What is not in it is unknown."""


class Fact(Rule):
    """One thing that may be stated: one of ``choices``, or a number in ``unit``."""

    name: Text
    choices: dict[str, Text] = {}
    unit: str = ""

    @model_validator(mode="after")
    def _one(self) -> Fact:
        if bool(self.choices) == bool(self.unit):
            raise ValueError("write choices, or (for a number) its unit")
        return self


class FactFile(Rule):
    """The shape of ``facts.yaml``."""

    facts: dict[str, Fact]


@cache
def known_facts() -> dict[str, Fact]:
    """Every fact that can be stated, by code."""
    return load_rule(PATH, FactFile).facts


def read_fact(text: str) -> tuple[str, str]:
    """``feedstock=kitchen_waste`` as code and value; the problem ``fact_shape`` for what has another shape."""
    code, sign, value = text.partition("=")
    if not sign:
        raise Problem("fact_shape", text=text, known=list(known_facts()))
    return code.strip(), value.strip()


def read_facts(stated: Mapping[str, str]) -> dict[str, str]:
    """The facts without empty ones; the problem ``fact_unknown`` or ``fact_value`` for what cannot be understood."""
    facts = {}
    for code, value in stated.items():
        fact = known_facts().get(code)
        if fact is None:
            raise Problem("fact_unknown", fact=code, known=list(known_facts()))
        text = value.strip()
        if not text:
            continue
        if fact.choices and text not in fact.choices:
            raise Problem("fact_value", fact=code, value=text, known=list(fact.choices))
        if fact.unit and _number(text) is None:
            raise Problem("fact_value", fact=code, value=text, known=[f"12.5 ({fact.unit})"])
        facts[code] = text
    return facts


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() and number >= 0 else None


def holds(condition: FactCondition, facts: Facts) -> bool | None:
    """Whether a condition on a fact holds; None where the fact is not stated."""
    stated = facts.get(condition.fact)
    if stated is None:
        return None
    if condition.is_:
        return stated in condition.is_
    if condition.is_not:
        return stated not in condition.is_not
    number = _number(stated)
    if number is None:
        return None
    return (
        (condition.at_least is None or number >= condition.at_least)
        and (condition.above is None or number > condition.above)
        and (condition.at_most is None or number <= condition.at_most)
        and (condition.below is None or number < condition.below)
    )
