"""The classes of a site by the indicator system of ``classification.yaml``: each dated, each with its reason. Pure.

A dimension's classes are tried in their order; the first whose conditions all hold is the site's. What is not known
fulfils no condition, so that it ends in the last class and never in a good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from compostnet.shared.rules import Rule, RuleFileError, Source, Text, load_rule
from compostnet.shared.texts import Message
from sites.vocabulary import processes, scenarios

FILE = Path(__file__).with_name("classification.yaml")
NumberFact = Literal[
    "tonnes_12_months",
    "months_expected",
    "months_verified",
    "months_verified_ever",
    "share_verified",
    "months_since_first",
    "months_silent",
]
WordFact = Literal["scenario", "process", "run_by", "community_mode", "product_quality"]
NUMBERS: tuple[NumberFact, ...] = (
    "tonnes_12_months",
    "months_expected",
    "months_verified",
    "months_verified_ever",
    "share_verified",
    "months_since_first",
    "months_silent",
)
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Condition(Rule):
    """One fact: a number from (included) and below (excluded), or a word that it is."""

    fact: NumberFact | WordFact
    at_least: float | None = Field(None, alias="from")
    below: float | None = None
    is_: str | None = Field(None, alias="is")

    def holds(self, facts: Facts) -> bool:
        """Whether a site's fact is so; False where it is not known."""
        value = getattr(facts, self.fact)
        if value is None:
            return False
        if self.is_ is not None:
            return bool(value == self.is_)
        return (self.at_least is None or value >= self.at_least) and (self.below is None or value < self.below)


class SiteClass(Rule):
    """One class of a dimension; ``colour`` where the map marks it."""

    name: Text
    when: tuple[Condition, ...] = ()
    colour: str | None = Field(None, pattern=r"^#[0-9a-f]{6}$")


class Dimension(Rule):
    """One way to class sites. ``vocabulary``: its classes are those of the vocabulary, by the word of ``fact``."""

    name: Text
    about: Text
    source: str
    unit: Text | None = None
    choice: bool = False
    vocabulary: Literal["scenarios", "processes"] | None = None
    fact: WordFact | None = None
    classes: dict[Code, SiteClass] = {}


class Classification(Rule):
    """The shape of the file."""

    sources: dict[str, Source]
    dimensions: dict[Code, Dimension]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a site's classes rest on, as of the end of a month; None and empty = not known.

    ``tonnes_12_months`` diverted in t; the months are counts, of the last 12 but for ``months_verified_ever``;
    ``quality_because`` says which report stands behind ``product_quality`` (pass, fail, cannot_tell).
    """

    scenario: str = ""
    process: str = ""
    run_by: str = ""
    community_mode: str = ""
    tonnes_12_months: float | None = None
    months_expected: int | None = None
    months_verified: int | None = None
    months_verified_ever: int | None = None
    share_verified: float | None = None
    months_since_first: int | None = None
    months_silent: int | None = None
    product_quality: str = ""
    quality_because: Text | None = None


@dataclass(frozen=True, slots=True)
class Classed:
    """A site's class in one dimension: its code, its name, and why."""

    code: str
    name: Text
    because: Message


def check_classification(path: Path, found: Classification) -> Classification:
    """Refuse what single keys cannot show: no class for the rest, an unknown source, bounds that cross."""
    for code, dimension in found.dimensions.items():
        place = f"dimensions.{code}"
        if dimension.source not in found.sources:
            raise RuleFileError(path, f"{place}.source", f"{dimension.source!r} is not in sources; add it there")
        if dimension.vocabulary is not None:
            if dimension.classes or dimension.fact is None:
                raise RuleFileError(path, place, "with a vocabulary write `fact`, and no classes")
            continue
        if not dimension.classes:
            raise RuleFileError(path, f"{place}.classes", "write at least one class")
        *others, last = dimension.classes
        if dimension.classes[last].when:
            raise RuleFileError(path, f"{place}.classes.{last}.when", "the last class takes the rest; remove `when`")
        for name in others:
            _check_class(path, f"{place}.classes.{name}", dimension.classes[name])
    return found


def _check_class(path: Path, place: str, one: SiteClass) -> None:
    if not one.when:
        raise RuleFileError(path, f"{place}.when", "write a condition; only the last class has none")
    for number, condition in enumerate(one.when):
        where = f"{place}.when.{number}"
        low, high = condition.at_least, condition.below
        if (condition.fact in NUMBERS) is (condition.is_ is not None):
            raise RuleFileError(path, where, "write `from` or `below` for a number, `is` for a word")
        if condition.is_ is None and low is None and high is None:
            raise RuleFileError(path, where, "write `from`, `below`, or both")
        if low is not None and high is not None and low >= high:
            raise RuleFileError(path, where, f"from {low:g} is not below {high:g}; no number fulfils it")


def read_classification(path: Path) -> Classification:
    """Read and check one file."""
    return check_classification(path, load_rule(path, Classification))


@cache
def classification() -> Classification:
    """The indicator system in force."""
    return read_classification(FILE)


def classes_of(dimension: Dimension) -> Mapping[str, Text]:
    """Names of a dimension's classes by code, in their order."""
    if dimension.vocabulary == "scenarios":
        return {code: one.name for code, one in scenarios().items()}
    if dimension.vocabulary == "processes":
        return {code: one.name for code, one in processes().items()}
    return {code: one.name for code, one in dimension.classes.items()}


def choices(dimension: str) -> list[tuple[str, Text]]:
    """The classes that people may choose for a site in a dimension (``run_by``, ``community_mode``)."""
    found = classification().dimensions[dimension]
    return [(code, one.name) for code, one in found.classes.items() if one.when] if found.choice else []


def classify(facts: Facts, rules: Classification | None = None) -> dict[str, Classed]:
    """The class of a site in every dimension, with its reason."""
    rules = rules or classification()
    return {code: _classed(code, dimension, facts) for code, dimension in rules.dimensions.items()}


def _classed(code: str, dimension: Dimension, facts: Facts) -> Classed:
    if dimension.vocabulary is not None and dimension.fact is not None:
        word = getattr(facts, dimension.fact)
        name = classes_of(dimension).get(word) or Text(zh=word, en=word)
        return Classed(word, name, Message("class_stated", {"dimension": dimension.name, "name": name}))
    for name_code, one in dimension.classes.items():
        if all(condition.holds(facts) for condition in one.when):
            return Classed(name_code, one.name, _because(code, dimension, one, facts))
    raise ValueError(f"{code} has no class for the rest")


def _because(code: str, dimension: Dimension, one: SiteClass, facts: Facts) -> Message:
    """Why a site is in a class: the choice of its people, the report, or the numbers that were looked at."""
    if code == "product_quality":
        if facts.quality_because is None or not one.when:
            return Message("class_quality_untested")
        return Message("class_quality", {"report": facts.quality_because})
    if dimension.choice:
        values = {"dimension": dimension.name, "name": one.name}
        return Message("class_stated" if one.when else "class_not_stated", values)
    looked_at = list(dict.fromkeys(c.fact for each in dimension.classes.values() for c in each.when))
    # The conditions that made the class come first; those of classes passed over say nothing more.
    used = [c.fact for c in one.when] or looked_at
    said = [_said(fact, getattr(facts, fact)) for fact in dict.fromkeys(used)]
    return Message("class_by_numbers", {"facts": said})


def _said(fact: str, value: float | None) -> Message:
    if value is None:
        return Message("class_fact_unknown", {"fact": Message(f"class_fact_{fact}")})
    shown = f"{100 * value:.0f} %" if fact == "share_verified" else f"{value:,.1f}".removesuffix(".0")
    return Message("class_fact", {"fact": Message(f"class_fact_{fact}"), "value": shown})
