"""What a rule set asks of the results, worked out once: its judgements, conditions and groups as numbers.

Limits of different rule sets that ask the same of the same results (50 mg/kg dm of lead, by the same conversions)
are one *judgement* and computed once. A plan is kept for the rule sets it was made for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from standards.checking.core import BASES, EXTRACT, NO_BASIS
from standards.checking.judging import Bounds
from standards.indicators import decimals, extract_code, extract_of, indicators, unit_factor
from standards.library import RuleSet
from standards.library_schema import AnyOf, Conversion, Limit, Resolved, parts
from standards.process.schema import Condition, FactCondition, ResultCondition

Step = Literal[
    "direct",
    "conversion",
    "factor",
    "complement",
    "inverse",
    "part",
    "none_found",
    "whole",
    "whole_inverse",
    "times_density",
    "over_density",
]
Way = tuple[Step, str, float]
UNVERIFIED = -1
"""The basis of a limit whose text could not be seen: dry matter and as received are held together."""
UNBOUNDED = Bounds()
Kind = Literal["quantity", "absent", "declared", "unavailable"]


def ways(code: str, conversions: Sequence[Conversion]) -> Iterator[Way]:
    """How an indicator may be known: itself, by the standard's own factor, then by what follows from what."""
    yield "direct", code, 1.0
    own = {(conversion.of, conversion.from_) for conversion in conversions}
    for conversion in conversions:
        if conversion.of == code:
            factor = float(conversion.factor) if conversion.factor is not None else 1 / float(conversion.divisor or 1)
            yield "conversion", conversion.from_, factor
    listed = set()
    for relation in indicators().relations:
        if relation.of == code and (relation.of, relation.from_) not in own and relation.kind != "at_least":
            listed.add(relation.from_)
            yield relation.kind, relation.from_, float(relation.factor or 1)
    for whole in _reached(code, upward=True):
        if whole not in listed:
            yield "part", whole, 1.0


def parts_below(code: str) -> tuple[Way, ...]:
    """What bounds an indicator from below: every part of it, and what shows that some of it is there."""
    found: list[Way] = [("whole", part, 1.0) for part in _reached(code, upward=False)]
    for relation in indicators().relations:
        if relation.kind == "inverse" and relation.of == code:
            found += [("whole_inverse", part, 1.0) for part in _reached(relation.from_, upward=False)]
    return tuple(found)


@cache
def _reached(code: str, *, upward: bool) -> tuple[str, ...]:
    """The wholes that an indicator is a part of, or what bounds it from below, step by step: the nearest first."""
    steps = [
        (one.of, one.from_) if upward else (one.from_, one.of) for one in indicators().relations if one.kind == "part"
    ]
    if not upward:
        steps += [(one.of, one.from_) for one in indicators().relations if one.kind == "at_least"]
    found = [code]
    for here in found:
        found += [end for start, end in steps if start == here and end not in found]
    return tuple(dict.fromkeys(found[1:]))


def part_pairs(codes: Collection[str]) -> list[tuple[str, str]]:
    """Of some indicators every pair in which the first is a part of the second, or of parts of it."""
    return [(part, whole) for whole in codes for part in _reached(whole, upward=False) if part in codes]


@cache
def shown_by(whole: str) -> frozenset[str]:
    """What shows that some of an indicator is there without being counted in it (Salmonella of pathogens)."""
    return frozenset(one.from_ for one in indicators().relations if one.kind == "at_least" and one.of == whole)


@cache
def scatter(code: str) -> float:
    """So many times more than this whole a part may be measured before the two contradict each other."""
    known = indicators()
    return float(known.quantities[known.indicators[code].quantity].scatter)


@dataclass(frozen=True, slots=True)
class Term:
    """An indicator by all the ways it may be known, on one basis; values × ``factor`` are in the limit's unit.

    ``turned``: grams of sample to one of something, for which dry and as received convert the other way round.
    """

    ways: tuple[Way, ...]
    basis: int
    factor: float
    turned: bool = False

    @property
    def apart(self) -> bool:
        """Whether its columns are brought to the limit's terms one by one (`standards.checking.tables.in_terms`)."""
        return self.turned or self.basis == UNVERIFIED

    @property
    def sources(self) -> frozenset[str]:
        """The indicators that say anything of it."""
        return frozenset(source for _, source, _ in self.ways)


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that a verdict depends on, and nothing else: equal judgements have equal verdicts."""

    kind: Kind
    term: Term
    bounds: Bounds = UNBOUNDED
    digits: int | None = None
    statistic: str = "sample"
    n: int | None = None
    over: Bounds | None = None
    plan: tuple[int, int, float] | None = None
    none_satisfies: bool = False
    parts: tuple[Term, ...] = ()
    grams: float = 0.0
    below: tuple[Way, ...] = ()
    """Ways in which the indicator is bounded from below by its parts: they may fail a limit and never meet one."""

    @property
    def plain(self) -> bool:
        """Whether every result is compared with the limit by itself."""
        alone = self.kind == "quantity" and self.statistic in ("sample", "monthly_average")
        return alone and not (self.plan or self.none_satisfies or self.parts)

    @property
    def sources(self) -> frozenset[str]:
        """The indicators that say anything of it."""
        below = frozenset(source for _, source, _ in self.below)
        return self.term.sources.union(below, *(part.sources for part in self.parts))


def term_of(code: str, limit: Limit | ResultCondition, conversions: Sequence[Conversion]) -> Term:
    """An indicator in the basis and unit of a limit."""
    if isinstance(limit, Limit) and limit.compare in ("absent", "declared", "unavailable"):
        return Term(tuple(ways(code, conversions)), NO_BASIS, 1.0)
    basis = UNVERIFIED if limit.basis == "unverified" else BASES[limit.basis]
    if (
        isinstance(limit, Limit)
        and code in indicators().name_words.extracts.decisive
        and (asked := extract_asked(limit))
    ):
        basis = EXTRACT + extract_code(asked)
    turned = indicators().quantities[indicators().indicators[code].quantity].inverse
    return Term(tuple(ways(code, conversions)), basis, 1.0 / unit_factor(code, limit.unit), turned)


def extract_asked(limit: Limit) -> str:
    """In which extract a limit's method asks for pH or conductivity to be measured; '' where it does not say."""
    if limit.method is None or limit.indicator not in indicators().name_words.extracts.of:
        return ""
    return extract_of(limit.method.zh, limit.method.en)


def bounds_of(limit: Limit | ResultCondition) -> Bounds:
    """The set of values that a limit allows."""
    if isinstance(limit, Limit) and limit.compare == "range":
        return Bounds(lower=float(limit.low or 0), upper=float(limit.high or 0))
    value = float(limit.value or 0)
    if limit.compare in ("<=", "<"):
        return Bounds(upper=value, upper_strict=limit.compare == "<")
    return Bounds(lower=value, lower_strict=limit.compare == ">")


def judgement_of(limit: Limit, rules: RuleSet) -> Judgement:
    """What a limit of a rule set asks."""
    conversions = rules.edition.conversions
    term = term_of(limit.indicator, limit, conversions)
    if limit.compare in ("declared", "unavailable"):
        return Judgement("declared" if limit.compare == "declared" else "unavailable", term)
    plan = (limit.plan.n, limit.plan.c, float(limit.plan.m)) if limit.plan else None
    if limit.compare == "absent":
        return Judgement(
            "absent", term, plan=plan, grams=float(limit.in_mass_g or 0), below=parts_below(limit.indicator)
        )
    digits = None
    if rules.edition.rounding == "gbt8170":
        digits = max(decimals(number) for number in (limit.value, limit.low, limit.high) if number is not None)
    over = None
    if limit.single_over_percent is not None and limit.value is not None:
        over = Bounds(upper=float(limit.value * (1 + limit.single_over_percent / 100)))
    return Judgement(
        "quantity",
        term,
        bounds_of(limit),
        digits,
        limit.statistic,
        limit.n,
        over,
        plan,
        indicators().indicators[limit.indicator].not_detected_satisfies,
        tuple(term_of(code, limit, conversions) for code in limit.sum),
        below=parts_below(limit.indicator),
    )


@dataclass(frozen=True, slots=True)
class Leaf:
    """A limit in a rule set: its judgement, the condition on itself, and that on itself and all groups around it."""

    limit: Limit
    judgement: int
    condition: int
    effective: int
    conditions: tuple[Condition, ...]
    slot: int
    obligatory: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives (``any_of``) or limits that belong together."""

    any_of: bool
    untested_fails: bool
    members: tuple[Leaf | Group, ...]
    condition: int
    obligatory: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """One rule set of a plan."""

    rules: RuleSet
    nodes: tuple[Leaf | Group, ...]
    leaves: tuple[Leaf, ...]
    groups: tuple[Group, ...]
    decisive: tuple[Leaf | Group, ...]


@dataclass(slots=True)
class Plan:
    """Rule sets worked out together. ``conditions``: lists of facts and judgements that must all hold; the first is
    empty. ``slots``: how many different (judgement, condition, group) there are: what verdicts are kept for."""

    judgements: list[Judgement] = field(default_factory=list)
    sources: list[frozenset[str]] = field(default_factory=list)
    conditions: list[tuple[FactCondition | int, ...]] = field(default_factory=lambda: [()])
    sets: list[Compiled] = field(default_factory=list)
    slots: list[tuple[int, int]] = field(default_factory=list)
    """Judgement and effective condition of every slot."""
    kept: dict[Any, Any] = field(default_factory=dict)
    """What an explanation says of the plan's limits whatever the sample."""

    _judgement_numbers: dict[Judgement, int] = field(default_factory=dict)
    _condition_numbers: dict[tuple[FactCondition | int, ...], int] = field(default_factory=lambda: {(): 0})
    _slot_numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def judgement(self, wanted: Judgement) -> int:
        """The number of a judgement, a new one where nothing equal is there yet."""
        number = self._judgement_numbers.setdefault(wanted, len(self.judgements))
        if number == len(self.judgements):
            self.judgements.append(wanted)
            self.sources.append(wanted.sources)
        return number

    def condition(self, wanted: Sequence[Condition], rules: RuleSet) -> int:
        """The number of a list of conditions."""
        key = tuple(
            one if isinstance(one, FactCondition) else self.judgement(_condition_judgement(one, rules))
            for one in wanted
        )
        number = self._condition_numbers.setdefault(key, len(self.conditions))
        if number == len(self.conditions):
            self.conditions.append(key)
        return number

    def slot(self, judgement: int, condition: int, *, own: bool) -> int:
        """Where the verdicts of a limit are kept: an ``own`` place inside of alternatives, which may spare it."""
        if not own and (judgement, condition) in self._slot_numbers:
            return self._slot_numbers[judgement, condition]
        self.slots.append((judgement, condition))
        if not own:
            self._slot_numbers[judgement, condition] = len(self.slots) - 1
        return len(self.slots) - 1

    def add(self, rules: RuleSet) -> None:
        """Work out one more rule set."""
        leaves: list[Leaf] = []
        groups: list[Group] = []

        def compiled(node: Resolved, around: tuple[Condition, ...], inside: bool, needed: bool) -> Leaf | Group:
            conditions = (*around, *node.when)
            own = self.condition(node.when, rules)
            needed = needed and node.obligatory
            if isinstance(node, Limit):
                judgement, effective = self.judgement(judgement_of(node, rules)), self.condition(conditions, rules)
                slot = self.slot(judgement, effective, own=inside)
                leaf = Leaf(node, judgement, own, effective, conditions, slot, node.obligatory)
                leaves.append(leaf)
                return leaf
            any_of = isinstance(node, AnyOf)
            members = tuple(compiled(child, conditions, inside or any_of, needed) for child in parts(node))
            fails = isinstance(node, AnyOf) and node.untested == "fail"
            group = Group(any_of, fails, members, own, node.obligatory)
            groups.append(group)
            return group

        nodes = tuple(compiled(node, (), False, True) for node in rules.nodes)
        decisive = tuple(node for node in nodes if node.obligatory or (isinstance(node, Leaf) and node.limit.presumed))
        self.sets.append(Compiled(rules, nodes, tuple(leaves), tuple(groups[::-1]), decisive))


def _condition_judgement(condition: ResultCondition, rules: RuleSet) -> Judgement:
    return Judgement(
        "quantity", term_of(condition.indicator, condition, rules.edition.conversions), bounds_of(condition)
    )


_PLANS: OrderedDict[tuple[int, ...], tuple[tuple[RuleSet, ...], Plan]] = OrderedDict()
_KEPT = 16


def plan_of(rule_sets: Sequence[RuleSet]) -> Plan:
    """The plan of some rule sets, from the last ones kept or worked out now. The kept ones hold their rule sets, so
    that an identity never comes to mean another one."""
    key = tuple(map(id, rule_sets))
    kept = _PLANS.get(key)
    if kept is not None:
        return kept[1]
    plan = Plan()
    for rules in rule_sets:
        plan.add(rules)
    _PLANS[key] = (tuple(rule_sets), plan)
    while len(_PLANS) > _KEPT:
        _PLANS.popitem(last=False)
    return plan


__all__ = ["Judgement", "Plan", "Term", "bounds_of", "plan_of", "ways"]
