"""The shape of process rules (time and temperature, turnings), sampling and conditions in a standard's YAML file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from compostnet.shared.rules import Confidence, Rule, Text
from standards.printed import ClassCode, Id, Number

System = Literal[
    "windrow", "static_pile", "aerated_pile", "in_vessel", "trough", "reactor", "manual_pile", "mechanical"
]
"""How the pile is kept; a site's batch says which it is. An empty list in a rule means any."""


class FactCondition(Rule):
    """Applies where a stated fact (``standards/facts.yaml``) is one of, or none of, or lies in a range."""

    fact: str
    is_: Annotated[tuple[str, ...], Field(alias="is")] = ()
    is_not: tuple[str, ...] = ()
    at_least: Number | None = None
    above: Number | None = None
    at_most: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> FactCondition:
        numbers = [n for n in (self.at_least, self.above, self.at_most, self.below) if n is not None]
        if sum((bool(self.is_), bool(self.is_not), bool(numbers))) != 1:
            raise ValueError("write is, or is_not, or a range (at_least, above, at_most, below); one of them")
        return self


class ResultCondition(Rule):
    """Applies where another result of the same sample meets a comparison (cadmium per P2O5 from 5 % P2O5 on)."""

    indicator: str
    compare: Literal["<=", "<", ">=", ">"]
    value: Number
    unit: str
    basis: Literal["dm", "ar", "om", "none"]


def _which_condition(value: Any) -> str:
    result = isinstance(value, ResultCondition) or (isinstance(value, dict) and "indicator" in value)
    return "result" if result else "fact"


Condition = Annotated[
    Annotated[FactCondition, Tag("fact")] | Annotated[ResultCondition, Tag("result")], Discriminator(_which_condition)
]
"""Of several conditions every one must hold. One that is not known leaves a failure or a gap open: *cannot tell*."""


class HeatOption(Rule):
    """One way to meet a process rule: so hot, for so long, with so many turnings.

    ``counting`` consecutive: the days must follow each other; cumulative: they may be spread. A day counts for a
    measuring point when its lowest reading of that day (``daily: minimum``) or its mean (``daily: mean``) is at least
    ``at_least`` (or above it where ``strict``). A day without reading is missing: it neither counts nor is passed over.
    ``points`` every: each measuring point by itself must meet it; any: one suffices. ``turnings`` are counted only
    inside of the hot period. ``average_above``: the mean over the counted days must be above it as well.
    ``days_per_turning``: so many consecutive hot days belong to each of the ``turnings``.
    """

    id: Id
    name: Text | None = None
    systems: tuple[System, ...] = ()
    at_least: Number
    strict: bool = False
    days: Number | None = None
    hours: Number | None = None
    counting: Literal["consecutive", "cumulative"]
    daily: Literal["minimum", "mean"] = "minimum"
    points: Literal["every", "any"] = "every"
    average_above: Number | None = None
    turnings: Annotated[int, Field(ge=0)] = 0
    days_per_turning: Number | None = None

    @model_validator(mode="after")
    def _duration(self) -> HeatOption:
        if (self.days is None) == (self.hours is None):
            raise ValueError("write either days or hours")
        if self.days_per_turning is not None and not self.turnings:
            raise ValueError("days_per_turning needs turnings")
        return self


class ProcessRule(Rule):
    """A process rule: one of its options must be met by the batch's diary. Temperatures are in °C.

    ``delegated_from`` is set by the library where another standard's rule stands for a `DelegatedProcess`.
    """

    id: Id
    name: Text
    any_of: Annotated[tuple[HeatOption, ...], Field(min_length=1)]
    when: tuple[Condition, ...] = ()
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    clause: Text
    source: str
    grade: Confidence
    note: Text | None = None
    delegated_from: str = ""


class DelegatedProcess(Rule):
    """A process rule that is left to another standard: rule ``rule`` of standard ``to``, as in force on the day."""

    id: Id
    to: str
    rule: Id
    when: tuple[Condition, ...] = ()
    classes: tuple[ClassCode, ...] = ()
    obligatory: bool = True
    clause: Text
    source: str
    grade: Confidence


def _which_process(value: Any) -> str:
    delegated = isinstance(value, DelegatedProcess) or (isinstance(value, dict) and "to" in value)
    return "delegated" if delegated else "rule"


ProcessNode = Annotated[
    Annotated[ProcessRule, Tag("rule")] | Annotated[DelegatedProcess, Tag("delegated")], Discriminator(_which_process)
]


class Frequency(Rule):
    """Samples in a year for a yearly input up to so many tonnes; the last step has no ``up_to_t``."""

    up_to_t: Number | None = None
    samples: Annotated[int, Field(ge=1)]


class Sampling(Rule):
    """How a sample is taken for a standard, and how often: what the sampling protocol prints."""

    sub_samples: Annotated[int, Field(ge=1)] | None = None
    laboratory_sample_kg: Number | None = None
    packing: Text | None = None
    steps: tuple[Text, ...] = ()
    yearly: tuple[Frequency, ...] = ()
    every_t: Number | None = None
    every_months: Annotated[int, Field(ge=1)] | None = None
    clause: Text
    source: str
    grade: Confidence

    @model_validator(mode="after")
    def _steps(self) -> Sampling:
        bounds = [step.up_to_t for step in self.yearly]
        known = [bound for bound in bounds[:-1] if bound is not None]
        if bounds and (bounds[-1] is not None or len(known) < len(bounds) - 1 or known != sorted(set(known))):
            raise ValueError("write yearly from small to large, each with up_to_t; the last one without")
        return self

    def samples_a_year(self, tonnes: float) -> int | None:
        """How many samples a year for a yearly input in tonnes; None where the standard does not say."""
        for step in self.yearly:
            if step.up_to_t is None or tonnes <= float(step.up_to_t):
                return step.samples
        return None
