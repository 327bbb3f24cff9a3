"""What the calculator reads, as data (``calculator.yaml``): kinds, names of inputs, limits, scenarios. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule

FILE = Path(__file__).with_name("calculator.yaml")
Acts = Literal["deposit", "emission"]
Names = tuple[str, ...]
Count = Annotated[int, Field(ge=0)]


class MethanePerCarbon(Rule):
    methane: float
    carbon: float
    source: str


class Kind(Rule):
    """One kind of case. ``lag``: periods between deposit and first decay.

    ``sums_to``: where the sum ends if the case does not say: with the last deposit, after ``horizon`` periods, or after
    a long time (``periods_of_one_deposit``, ``periods_of_several``). ``printed_beyond``: periods printed after the last
    deposit, whatever the sum covers.
    """

    title: Text
    equation: str
    source: str
    steps_per_year: Literal[1, 12]
    lag: Literal[0, 1]
    uses: Names
    sums_to: Literal["last_deposit", "horizon", "long"]
    horizon: Count | None = None
    periods_of_one_deposit: Count | None = None
    periods_of_several: Count | None = None
    printed_beyond: Count


class Limits(Rule):
    periods: Count
    deposits: Count
    cases: Count
    values: Count
    faults: Count
    tonnes: float


class Input(Rule):
    """One factor: the names that cases use for it, and what is taken where a case is silent (null: it has to say)."""

    names: Names
    acts: Acts
    silent: float | None
    least: float
    most: float
    unit: str


class HorizonNames(Rule):
    years: Names
    months: Names
    count: Names
    last: Names
    first: Names
    zero: Names

    def all(self) -> set[str]:
        return {*self.years, *self.months, *self.count, *self.last, *self.first, *self.zero}


class EfficiencyNames(Rule):
    list: Names
    scenario: Names


class Collection(Rule):
    """Share of the gas collected from a year of the landfill on."""

    source: str
    confidence: Confidence
    steps: dict[int, Annotated[float, Field(ge=0, le=1)]]

    def in_year(self, year: int) -> float:
        """The share in a year of the landfill, 0 = the year of the first deposit."""
        return self.steps[max(start for start in self.steps if start <= year)]


class CalculatorRules(Rule):
    sources: dict[str, Source]
    methane_per_carbon: MethanePerCarbon
    kinds: dict[str, Kind]
    limits: Limits
    inputs: dict[str, Input]
    horizon: HorizonNames
    efficiency: EfficiencyNames
    told: Names
    collection_scenarios: dict[str, Collection]


@cache
def calculator_rules() -> CalculatorRules:
    """The rules of the calculator, checked."""
    rules = load_rule(FILE, CalculatorRules)
    cited = {f"kinds.{code}": kind.source for code, kind in rules.kinds.items()}
    cited |= {f"collection_scenarios.{code}": found.source for code, found in rules.collection_scenarios.items()}
    for key, source in {**cited, "methane_per_carbon": rules.methane_per_carbon.source}.items():
        if source not in rules.sources:
            raise RuleFileError(FILE, f"{key}.source", f"{source!r} is not in sources; add it")
    for code, found in rules.collection_scenarios.items():
        if 0 not in found.steps:
            raise RuleFileError(FILE, f"collection_scenarios.{code}.steps", "say what holds in year 0")
    return rules
