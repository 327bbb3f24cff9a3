"""The checker: columns of results and a rule set in, verdict and reason codes out. One sample or a million.

For every limit the evidence is gathered (reported itself, or what follows from something else), brought to the limit's
basis and unit, rounded where the edition says so, and judged as intervals (`standards.core`). Groups are then combined,
and the sample's verdict from the obligatory ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal

import numpy as np

from standards import core
from standards.core import (
    AR,
    BASES,
    CANNOT_TELL,
    DECLARED,
    DM,
    FAIL,
    NO_BASIS,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    Bounds,
    Codes,
    Column,
    Reason,
    Share,
    State,
)
from standards.indicators import decimals, indicators, unit_factor
from standards.library import RuleSet
from standards.library_schema import AnyOf, Conversion, Limit, Resolved, parts
from standards.readings import Reading, columns

CHECKER_VERSION = "1.0"
SAMPLE_VERDICTS = ("pass", "fail", "cannot_tell", "incomplete")
INCOMPLETE = 3
Step = Literal["direct", "conversion", "factor", "complement", "inverse", "part", "none_found"]


@dataclass(frozen=True, slots=True)
class Table:
    """Results of many samples as columns, checked for what cannot be, with the dry matter of each sample."""

    size: int
    columns: dict[str, list[Column]]
    dry: Share
    organic: Share


def table(samples: Sequence[Sequence[Reading]]) -> Table:
    """The table of samples, each a list of readings."""
    return table_of(len(samples), columns(samples))


def table_of(size: int, cells: dict[str, list[Column]]) -> Table:
    """The table of ready-made columns: contradictory results flagged, dry and organic shares found."""
    cells = _consistent(cells)
    whole = Table(size, cells, *(Share(np.zeros(size), np.ones(size)) for _ in range(2)))
    dry = _share(core.mean(evidence(whole, "dry_matter", ())), whole, AR)
    whole = replace(whole, dry=dry)
    return replace(whole, organic=_share(core.mean(evidence(whole, "organic_matter", ())), whole, DM))


def _share(column: Column, whole: Table, basis: int) -> Share:
    column = core.rebase(column, basis, whole.dry, whole.organic)
    known = column.valued
    low = np.where(known, np.clip(column.low / 1e6, 0.0, 1.0), 0.0)
    return Share(low, np.where(known, np.clip(column.high / 1e6, 0.0, 1.0), 1.0))


def _consistent(cells: dict[str, list[Column]]) -> dict[str, list[Column]]:
    """Flag pairs that contradict each other (organic matter below organic carbon, …) as implausible."""
    checked = dict(cells)
    for rule in indicators().consistency:
        if not all(code in checked for code in rule.of):
            continue
        first, second = (checked[code][0] for code in rule.of)
        comparable = first.valued & second.valued & (first.basis == second.basis)
        if rule.kind == "at_least":
            broken = comparable & (first.high < second.low)
        else:
            limit = float(rule.limit or 0) * 1e4
            broken = comparable & (first.low + second.low > limit)
        for code, column in zip(rule.of, (first, second), strict=True):
            state = np.where(broken, State.IMPLAUSIBLE, column.state).astype(np.int8)
            checked[code] = [replace(column, state=state), *checked[code][1:]]
    return checked


def ways(code: str, conversions: Sequence[Conversion]) -> Iterator[tuple[Step, str, float]]:
    """How an indicator may be known: itself, by the standard's own factor, then by what follows from what."""
    yield "direct", code, 1.0
    own = {(conversion.of, conversion.from_) for conversion in conversions}
    for conversion in conversions:
        if conversion.of == code:
            factor = float(conversion.factor) if conversion.factor is not None else 1 / float(conversion.divisor or 1)
            yield "conversion", conversion.from_, factor
    for relation in indicators().relations:
        if relation.of == code and (relation.of, relation.from_) not in own:
            yield relation.kind, relation.from_, float(relation.factor or 1)


def _follow(step: Step, column: Column, factor: float) -> Column:
    if step in ("conversion", "factor"):
        return core.scale(column, factor)
    if step == "complement":
        return core.complement(column, 1e6)
    if step == "inverse":
        return core.inverse(column)
    if step == "part":
        return core.part_of(column)
    return core.none_found(column)


def evidence(whole: Table, code: str, conversions: Sequence[Conversion]) -> list[Column]:
    """Every replicate of an indicator, in its canonical unit: the first way that a sample has anything for."""
    best: list[Column] = []
    known = np.zeros(whole.size, np.bool_)
    for step, source, factor in ways(code, conversions):
        if source not in whole.columns:
            continue
        found = whole.columns[source]
        if step != "direct":
            found = [_follow(step, column, factor) for column in found]
        if not best:  # where the first way has nothing, its columns are empty already
            best = found
            known = np.any([column.state != State.ABSENT for column in found], axis=0)
            continue
        if known.all():
            break
        best = list(best)
        while len(best) < len(found):
            best.append(Column.empty(whole.size))
        usable = ~known & np.any([column.state != State.ABSENT for column in found], axis=0)
        best = [
            core.prefer(found[number] if number < len(found) else Column.empty(whole.size), column, usable)
            for number, column in enumerate(best)
        ]
        known |= usable
    return best or [Column.empty(whole.size)]


def to_terms(whole: Table, column: Column, limit: Limit, code: str) -> Column:
    """A column in the basis and unit of a limit."""
    factor = 1.0 / unit_factor(code, limit.unit)
    if limit.basis == "unverified":
        both = [core.rebase(column, basis, whole.dry, whole.organic) for basis in (DM, AR)]
        return core.scale(core.hull(*both), factor)
    basis = BASES[limit.basis]
    return core.scale(column if basis == NO_BASIS else core.rebase(column, basis, whole.dry, whole.organic), factor)


def bounds_of(limit: Limit) -> Bounds:
    """The set of values that a limit allows."""
    if limit.compare == "range":
        return Bounds(lower=float(limit.low or 0), upper=float(limit.high or 0))
    value = float(limit.value or 0)
    if limit.compare in ("<=", "<"):
        return Bounds(upper=value, upper_strict=limit.compare == "<")
    return Bounds(lower=value, lower_strict=limit.compare == ">")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One limit over all samples: verdict and reason codes, and the columns that were compared (limit's terms)."""

    limit: Limit
    verdict: Codes
    reason: Codes
    compared: tuple[Column, ...] = ()
    raw: tuple[Column, ...] = ()
    """The same before rounding: what is shown."""
    rounding_decides: core.Bools | None = None
    """Where the verdict would be another one without the edition's rounding."""


@dataclass(frozen=True, slots=True)
class Result:
    """All samples against one rule set: an outcome a limit, and the verdict of every sample."""

    rules: RuleSet
    outcomes: tuple[Outcome, ...]
    verdict: Codes = field(repr=False)


def check_limit(whole: Table, limit: Limit, rules: RuleSet) -> Outcome:
    """One limit over all samples."""
    conversions = rules.edition.conversions
    found = evidence(whole, limit.indicator, conversions)
    if limit.compare == "unavailable":
        open_ = np.full(whole.size, CANNOT_TELL, np.int8)
        return Outcome(limit, open_, np.full(whole.size, Reason.LIMIT_UNAVAILABLE, np.int8))
    if limit.compare == "declared":
        tested = np.any([column.state != State.ABSENT for column in found], axis=0)
        verdict = np.where(tested, DECLARED, NOT_TESTED).astype(np.int8)
        return Outcome(limit, verdict, np.where(tested, Reason.DECLARED, Reason.NOT_REPORTED).astype(np.int8))
    if limit.compare == "absent":
        judged = [(column, *core.judge_absence(column, float(limit.in_mass_g or 0))) for column in found]
        verdict, reason = core.together([(v, r) for _, v, r in judged])
        if limit.plan:
            verdict, reason = core.by_plan(judged, [v for _, v, _ in judged], limit.plan.n, limit.plan.c)
        return Outcome(limit, verdict, reason)
    bounds = bounds_of(limit)
    raw = [to_terms(whole, column, limit, limit.indicator) for column in found]
    if limit.statistic != "sample":
        raw = [core.mean(raw, geometric=limit.statistic == "geometric_mean")]
    compared = _rounded(raw, limit, rules)
    judged = [(column, *core.judge(column, bounds)) for column in compared]
    verdict, reason = core.together([(v, r) for _, v, r in judged])
    decides = _rounding_decides(raw, verdict, bounds, rules)
    if limit.plan:
        over_m = [core.judge(column, Bounds(upper=float(limit.plan.m)))[0] for column in compared]
        verdict, reason = core.by_plan(judged, over_m, limit.plan.n, limit.plan.c)
    if limit.n is not None:
        count = np.sum([column.valued for column in found], axis=0)
        few = (count < limit.n) & (count > 0) & ((verdict == PASS) | (verdict == FAIL))
        verdict = np.where(few, CANNOT_TELL, verdict).astype(np.int8)
        reason = np.where(few, Reason.TOO_FEW, reason).astype(np.int8)
    if indicators().indicators[limit.indicator].not_detected_satisfies:
        none = reduce(np.logical_or, [column.valued & (column.found == 1) for column in found])
        none &= verdict != FAIL
        verdict = np.where(none, PASS, verdict).astype(np.int8)
        reason = np.where(none, Reason.NONE_FOUND, reason).astype(np.int8)
    outcome = Outcome(limit, verdict, reason, tuple(compared), tuple(raw), decides)
    return _with_sum(whole, outcome, rules) if limit.sum else outcome


def _rounded(raw: Sequence[Column], limit: Limit, rules: RuleSet) -> list[Column]:
    if rules.edition.rounding != "gbt8170":
        return list(raw)
    digits = max(decimals(number) for number in (limit.value, limit.low, limit.high) if number is not None)
    return [core.rounded(column, digits) for column in raw]


def _rounding_decides(raw: Sequence[Column], verdict: Codes, bounds: Bounds, rules: RuleSet) -> core.Bools | None:
    if rules.edition.rounding == "none":
        return None
    return np.asarray(core.together([core.judge(column, bounds) for column in raw])[0] != verdict)


def _with_sum(whole: Table, direct: Outcome, rules: RuleSet) -> Outcome:
    """The sum of the parts, where the total is not reported; where it is, both must agree."""
    limit = direct.limit
    parts = [
        to_terms(whole, core.mean(evidence(whole, code, rules.edition.conversions)), limit, code) for code in limit.sum
    ]
    raw = core.add(parts)
    column = _rounded([raw], limit, rules)[0]
    verdict, reason = core.judge(column, bounds_of(limit))
    summed = _rounding_decides([raw], verdict, bounds_of(limit), rules)
    reported = direct.verdict != NOT_TESTED
    decided = (verdict == PASS) | (verdict == FAIL)
    conflict = reported & decided & (direct.verdict != verdict) & (direct.verdict != CANNOT_TELL)
    use_sum = ~reported | (decided & (direct.verdict == CANNOT_TELL))
    verdict = np.where(conflict, CANNOT_TELL, np.where(use_sum, verdict, direct.verdict))
    reason = np.where(conflict, Reason.CONFLICT, np.where(use_sum, reason, direct.reason))
    return Outcome(
        limit,
        verdict.astype(np.int8),
        reason.astype(np.int8),
        (core.prefer(column, direct.compared[0], use_sum),),
        (core.prefer(raw, direct.raw[0], use_sum),),
        None
        if summed is None or direct.rounding_decides is None
        else np.where(use_sum, summed, direct.rounding_decides),
    )


def check(whole: Table, rules: RuleSet) -> Result:
    """Every sample of a table against a rule set."""
    outcomes = {limit.id: check_limit(whole, limit, rules) for limit in rules.limits}
    verdicts = [(node, _combine(node, outcomes)) for node in rules.nodes]
    for node in rules.nodes:
        _spare_alternatives(node, outcomes)
    decisive = [verdict for node, verdict in verdicts if node.obligatory]
    size = whole.size
    stacked = np.stack(decisive) if decisive else np.full((1, size), CANNOT_TELL, np.int8)
    failed = (stacked == FAIL).any(0)
    passed = np.isin(stacked, (PASS, NOT_APPLICABLE, DECLARED)).all(0)
    missing = (stacked == NOT_TESTED).any(0)
    verdict = np.where(failed, FAIL, np.where(passed, PASS, np.where(missing, INCOMPLETE, CANNOT_TELL)))
    return Result(rules, tuple(outcomes.values()), verdict.astype(np.int8))


def _combine(node: Resolved, outcomes: dict[str, Outcome]) -> Codes:
    """The verdict of a node from those of its limits."""
    if isinstance(node, Limit):
        return outcomes[node.id].verdict
    children = np.stack([_combine(child, outcomes) for child in parts(node)])
    failed, missing = children == FAIL, children == NOT_TESTED
    open_ = (children == CANNOT_TELL).any(0)
    if isinstance(node, AnyOf):
        untested = FAIL if node.untested == "fail" else NOT_TESTED
        rest = np.where(failed.any(0), np.where(missing.any(0), untested, FAIL), NOT_TESTED)
        return np.where((children == PASS).any(0), PASS, np.where(open_, CANNOT_TELL, rest)).astype(np.int8)
    rest = np.where(missing.any(0), NOT_TESTED, np.where(open_, CANNOT_TELL, PASS))
    return np.where(failed.any(0), FAIL, rest).astype(np.int8)


def _spare_alternatives(node: Resolved, outcomes: dict[str, Outcome]) -> None:
    """Where one alternative is met, the limits of the others do not apply."""
    if isinstance(node, Limit):
        return
    children = parts(node)
    if isinstance(node, AnyOf):
        met = _combine(node, outcomes) == PASS
        for child in children:
            spared = met & (_combine(child, outcomes) != PASS)
            _spare(child, spared, outcomes)
    for child in children:
        _spare_alternatives(child, outcomes)


def _spare(node: Resolved, spared: core.Bools, outcomes: dict[str, Outcome]) -> None:
    if not isinstance(node, Limit):
        for child in parts(node):
            _spare(child, spared, outcomes)
        return
    outcome = outcomes[node.id]
    outcomes[node.id] = replace(
        outcome,
        verdict=np.where(spared, NOT_APPLICABLE, outcome.verdict).astype(np.int8),
        reason=np.where(spared, Reason.ALTERNATIVE_MET, outcome.reason).astype(np.int8),
    )
