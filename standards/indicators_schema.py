"""The shape of ``indicators.yaml``: quantities and units, indicators and their names, what follows from what."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from compostnet.shared.rules import Confidence, Rule, Source, Text
from standards.printed import Number


class UnitRule(Rule):
    """A unit: exact factor to the quantity's canonical unit, and other ways to write it."""

    factor: Number
    aliases: tuple[str, ...] = ()


class Quantity(Rule):
    """A kind of quantity. ``basis``: the value depends on whether it is per dry or per fresh matter.

    ``counts``: units of the form "n per x grams" are understood besides the listed ones. ``inverse``: grams of sample
    to one of something (a coliform value), so dry and as received convert the other way round. ``scatter``: so many
    times more than its whole a part may be measured before the two contradict each other.
    """

    canonical: str
    basis: bool
    counts: bool = False
    inverse: bool = False
    scatter: Number = Decimal(1)
    units: dict[str, UnitRule]


class Plausible(Rule):
    """Bounds (in ``unit``) outside of which a value is a misprint and not a measurement."""

    low: Number
    high: Number
    unit: str


class Indicator(Rule):
    """A measurable property that a standard limits. ``silent_units`` are the units a lab may leave unwritten.

    ``by_unit``: what the same name means where it stands with another unit (weed seeds per litre, not per kg).
    """

    name: Text
    aliases: tuple[str, ...] = ()
    quantity: str
    unit: str
    plausible: Plausible
    by_unit: tuple[str, ...] = ()
    silent_units: tuple[str, ...] = ()
    silent_basis: Literal["dm", "ar"] | None = None
    not_detected_satisfies: bool = False
    scale: Literal["roman"] | None = None


class Ambiguous(Rule):
    """A name that labs use for several indicators; a verdict is given only when every reading agrees."""

    name: Text
    aliases: tuple[str, ...]
    readings: Annotated[tuple[str, ...], Field(min_length=2)]


class Relation(Rule):
    """How one indicator follows from another.

    ``factor``: of = from × factor. ``complement``: of = 100 % - from. ``inverse``: of = 1 / from. ``part``: of is a
    part of from, so 0 ≤ of ≤ from and from ≥ of. ``at_least``: of ≥ from, but little of ``of`` says nothing of ``from``
    (reports of pathogens do not say which were looked for). ``none_found``: none found of ``from`` meets every limit on
    ``of``. ``times_density``, ``over_density``: of = from × (÷) bulk density: a number per litre and one per kilogram.
    """

    of: str
    from_: Annotated[str, Field(alias="from")]
    kind: Literal["factor", "complement", "inverse", "part", "at_least", "none_found", "times_density", "over_density"]
    factor: Number | None = None
    source: Source
    grade: Confidence


class Consistency(Rule):
    """What must hold between results of one sample; broken, both are flagged and not judged."""

    kind: Literal["at_least", "sum_at_most"]
    of: tuple[str, str]
    limit: Number | None = None
    reason: Text


class RatioCheck(Rule):
    """A ratio that labs report beside its parts: beyond ``tolerance_percent`` it is said, not judged."""

    of: str
    dividend: str
    divisor: str
    tolerance_percent: Number


class Extracts(Rule):
    """Indicators measured in an extract, and the words for it: ``pH (1:5)`` and ``EC (1:10 water)`` are pH and EC.

    ``kinds``: extracts that are told apart, with words that mean them. ``decisive``: indicators of which one extract
    says nothing certain of another.
    """

    of: tuple[str, ...] = ()
    decisive: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    kinds: dict[str, tuple[str, ...]] = {}


class NameWords(Rule):
    """What may stand around a name without changing it.

    ``methods``: ways to measure an indicator that leave it what it is; ``others``: names that only look like one.
    """

    neutral: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    extracts: Extracts = Extracts()
    methods: dict[str, tuple[str, ...]] = {}
    others: tuple[str, ...] = ()


class IndicatorFile(Rule):
    """The shape of ``indicators.yaml``. ``printed_twice_within_percent``: so close two figures of one result, printed
    dry and as received, lie after conversion."""

    quantities: dict[str, Quantity]
    indicators: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Indicator]
    ambiguous: dict[str, Ambiguous]
    relations: tuple[Relation, ...]
    consistency: tuple[Consistency, ...]
    ratios: tuple[RatioCheck, ...] = ()
    printed_twice_within_percent: Number
    basis_words: dict[Literal["dm", "ar", "om", "ad"], tuple[str, ...]]
    basis_unstated: tuple[str, ...] = ()
    name_words: NameWords = NameWords()
