"""A plan carried out on one chunk of samples: judgements, then conditions and groups, then the samples' verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standards.checking import core
from standards.checking.core import (
    CANNOT_TELL,
    DECLARED,
    FAIL,
    NO_BASIS,
    NOT_APPLICABLE,
    NOT_TESTED,
    PASS,
    Bools,
    Codes,
    Column,
    Reason,
)
from standards.checking.decision import Decision, guard
from standards.checking.judging import (
    Bounds,
    Marks,
    by_moving_average,
    by_plan,
    judge,
    judge_absence,
    judge_rows,
    together,
)
from standards.checking.plan import Group, Judgement, Leaf, Plan, Term, Way
from standards.checking.tables import Table, evidence, in_terms, of_own_basis
from standards.facts import Facts, holds
from standards.process.schema import FactCondition

MISSED, HELD, UNKNOWN = 0, 1, 2
"""Whether a condition holds."""
# The worst verdict of a sample's obligatory limits, by which of the six verdicts occur (a bit each). Without anything
# that passed there is nothing to pass for.
_WORST = np.array(
    [
        FAIL
        if mask & (1 << FAIL)
        else 3
        if mask & (1 << NOT_TESTED)
        else CANNOT_TELL
        if mask & (1 << CANNOT_TELL)
        else PASS
        if mask & (1 << PASS | 1 << DECLARED)
        else CANNOT_TELL
        for mask in range(64)
    ],
    dtype=np.int8,
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was concluded for one judgement: codes, and the columns behind them (limit's terms, before rounding)."""

    verdict: Codes
    reason: Codes
    raw: tuple[Column, ...] = ()
    below: Codes | None = None
    """By which of the judgement's ways ``below`` it was concluded, -1 where by none; None: nowhere by any."""


class Evaluation:
    """A plan on one table. ``slots``: verdict, reason and state of the condition of every slot of the plan;
    ``samples``: the verdict of every sample, a row a rule set."""

    def __init__(self, whole: Table, plan: Plan, facts: Facts, decision: Decision) -> None:
        self.whole, self.plan, self.facts, self.decision = whole, plan, facts, decision
        self._evidence: dict[tuple[Way, ...], list[Column]] = {}
        self._terms: dict[Term, list[Column]] = {}
        self._groups: dict[int, Codes] = {}
        size = whole.size
        missing = Conclusion(np.full(size, NOT_TESTED, np.int8), np.full(size, Reason.NOT_REPORTED, np.int8))
        self.missing = missing
        self.judged: list[Conclusion] = [missing] * len(plan.judgements)
        self._judge_all()
        self._conditions: list[Codes | int] = [self._condition(one) for one in plan.conditions]
        self.slots: list[tuple[Codes, Codes]] = [
            self._conditioned(self.judged[judgement], self._conditions[condition])
            for judgement, condition in plan.slots
        ]
        decisive: list[Codes] = []
        starts: list[int] = []
        nothing = np.full(size, NOT_APPLICABLE, np.int8)
        for one in plan.sets:
            starts.append(len(decisive))
            decisive += [self._decisive(node) for node in one.decisive] or [nothing]
            for group in one.groups:
                if group.any_of:
                    self._spare(group)
        bits = np.left_shift(np.int8(1), np.concatenate(decisive).reshape(len(decisive), size))
        self.samples: Codes = _WORST[np.bitwise_or.reduceat(bits, starts, axis=0)]

    # evidence

    def found(self, known_by: tuple[Way, ...]) -> list[Column]:
        """The replicates of an indicator in its canonical unit."""
        columns = self._evidence.get(known_by)
        if columns is None:
            columns = self._evidence[known_by] = evidence(self.whole, known_by)
        return columns

    def own(self, term: Term) -> list[Column]:
        """The same without what is only given once more on another basis than the limit's."""
        return of_own_basis(self.whole, self.found(term.ways), term.basis)

    def term(self, term: Term) -> list[Column]:
        """The replicates of an indicator in a limit's terms."""
        columns = self._terms.get(term)
        if columns is None:
            columns = [in_terms(self.whole, column, term) for column in self.own(term)]
            self._terms[term] = columns
        return columns

    # judgements

    def _judge_all(self) -> None:
        plan, codes = self.plan, self.whole.columns.keys()
        rows: dict[Term, int] = {}
        columns: list[Column] = []
        terms: list[Term] = []
        plain: list[tuple[int, int, int]] = []  # judgement, its first row, its rows
        for number, wanted in enumerate(plan.judgements):
            if plan.sources[number].isdisjoint(codes) and wanted.kind != "unavailable":
                continue
            replicates = self.own(wanted.term)
            if not wanted.plain or (wanted.statistic == "monthly_average" and len(replicates) > 1):
                self.judged[number] = self._special(wanted)
                continue
            start = rows.get(wanted.term)
            if start is None:
                start = rows[wanted.term] = len(columns)
                columns += replicates
                terms += [wanted.term] * len(replicates)
            plain.append((number, start, len(replicates)))
        if plain:
            self._judge_plain(columns, terms, plain)
        for number, wanted in enumerate(plan.judgements):
            if wanted.below:
                for place, way in enumerate(wanted.below):
                    if way[1] in codes:
                        self._judge_below(number, wanted, place, way)

    def _judge_plain(self, columns: list[Column], terms: list[Term], plain: list[tuple[int, int, int]]) -> None:
        """All plain comparisons at once, a row each."""
        block = self._block(columns, terms)
        which = [start + place for _, start, count in plain for place in range(count)]
        judgements = [self.plan.judgements[number] for number, _, count in plain for _ in range(count)]
        digits = [one.digits for one in judgements]
        marks = Marks.of([one.bounds for one in judgements])
        compared = guard(block) if self.decision == "guarded" else block
        if which != list(range(len(columns))):
            compared = compared.each(lambda array: array[which])
        places = np.array([-1 if one is None else one for one in digits])
        verdicts, reasons = judge_rows(compared, marks, *marks.of_points(digits), places)
        row = 0
        for number, start, count in plain:
            if count == 1:
                verdict, reason = verdicts[row], reasons[row]
            else:
                verdict, reason = together([(verdicts[row + i], reasons[row + i]) for i in range(count)])
            row += count
            raw = tuple(_row(block, start + i) for i in range(count))
            self.judged[number] = Conclusion(verdict, reason, raw)

    def _block(self, columns: list[Column], terms: list[Term]) -> Column:
        """Columns as the rows of one block, each in its own basis and unit."""
        whole, size = self.whole, self.whole.size
        ready = [
            in_terms(whole, column, term) if term.apart else column for column, term in zip(columns, terms, strict=True)
        ]

        def stacked(name: str) -> NDArray[Any]:
            return np.concatenate([getattr(column, name) for column in ready]).reshape(len(ready), size)

        low, high, low_open, high_open, basis, state, cause = (
            stacked(name) for name in ("low", "high", "low_open", "high_open", "basis", "state", "cause")
        )
        spread = None
        if any(column.spread is not None for column in ready):
            spread = np.concatenate([column.spreads() for column in ready]).reshape(len(ready), size)
        # found and grams play no part in a comparison; state and low stand in their places without being copied
        block = Column(low, high, low_open, high_open, basis, state, state, low, cause, spread)
        to = np.array([NO_BASIS if term.apart else term.basis for term in terms], np.int8)
        block = whole.rebased(block, to)
        factors = np.array([1.0 if term.apart else term.factor for term in terms])[:, None]
        if (factors != 1.0).any():
            np.multiply(block.low, factors, out=block.low)
            np.multiply(block.high, factors, out=block.high)
            if block.spread is not None:
                np.multiply(block.spread, factors, out=block.spread)
        return block

    def _special(self, wanted: Judgement) -> Conclusion:
        """A judgement that is more than a comparison."""
        size = self.whole.size
        if wanted.kind == "unavailable":
            return Conclusion(np.full(size, CANNOT_TELL, np.int8), np.full(size, Reason.LIMIT_UNAVAILABLE, np.int8))
        found = self.own(wanted.term)
        if wanted.kind == "declared":
            tested = np.any([column.tested for column in found], axis=0)
            verdict = np.where(tested, DECLARED, NOT_TESTED).astype(np.int8)
            return Conclusion(verdict, np.where(tested, Reason.DECLARED, Reason.NOT_REPORTED).astype(np.int8))
        if wanted.kind == "absent":
            absence = [(column, *judge_absence(column, wanted.grams)) for column in found]
            if wanted.plan:
                return Conclusion(*by_plan(absence, [v for _, v, _ in absence], wanted.plan[0], wanted.plan[1]))
            return Conclusion(*together([(v, r) for _, v, r in absence]))
        return self._quantity(wanted, found)

    def _judge_below(self, number: int, wanted: Judgement, place: int, way: Way) -> None:
        """Where the indicator itself is not reported and nothing else decides, a part of it may already be too much."""
        main = self.judged[number]
        itself = tuple(one for one in wanted.term.ways if one[0] not in ("part", "none_found"))
        tested = reduce(np.logical_or, [column.tested for column in self.found(itself)])
        open_ = ~tested & (main.verdict != PASS) & (main.verdict != FAIL)
        if not open_.any():
            return
        term = replace(wanted.term, ways=(way,))
        found = self._special(replace(wanted, term=term, parts=(), none_satisfies=False, below=()))
        use = open_ & (found.verdict == FAIL)
        if not use.any():
            return
        nothing = Column.empty(self.whole.size)
        raw = tuple(core.prefer(a, b, use) for a, b in zip_longest(found.raw, main.raw, fillvalue=nothing))
        before = np.full(self.whole.size, -1, np.int8) if main.below is None else main.below
        self.judged[number] = Conclusion(
            np.where(use, FAIL, main.verdict).astype(np.int8),
            np.where(use, found.reason, main.reason).astype(np.int8),
            raw,
            np.where(use, place, before).astype(np.int8),
        )

    def _compared(self, raw: Column, wanted: Judgement) -> Column:
        column = guard(raw) if self.decision == "guarded" else raw
        return column if wanted.digits is None else core.rounded(column, wanted.digits)

    def _quantity(self, wanted: Judgement, found: list[Column]) -> Conclusion:
        raw = self.term(wanted.term)
        if wanted.statistic == "moving_average" and wanted.over and wanted.n:
            verdict, reason, average = by_moving_average(
                raw, wanted.bounds, wanted.over, wanted.n, lambda column: self._compared(column, wanted)
            )
            return Conclusion(verdict, reason, (average,))
        if wanted.statistic != "sample":
            raw = [core.mean(raw, geometric=wanted.statistic == "geometric_mean")]
        compared = [self._compared(column, wanted) for column in raw]
        judged = [(column, *judge(column, wanted.bounds)) for column in compared]
        verdict, reason = together([(v, r) for _, v, r in judged])
        if wanted.plan:
            n, c, m = wanted.plan
            over_m = [judge(column, Bounds(upper=m))[0] for column in compared]
            verdict, reason = by_plan(judged, over_m, n, c)
        if wanted.n is not None:
            count = np.sum([column.valued for column in found], axis=0)
            few = (count < wanted.n) & (count > 0) & ((verdict == PASS) | (verdict == FAIL))
            verdict = np.where(few, CANNOT_TELL, verdict).astype(np.int8)
            reason = np.where(few, Reason.TOO_FEW, reason).astype(np.int8)
        if wanted.none_satisfies:
            none = reduce(np.logical_or, [column.valued & (column.found == 1) for column in found])
            none &= verdict != FAIL
            verdict = np.where(none, PASS, verdict).astype(np.int8)
            reason = np.where(none, Reason.NONE_FOUND, reason).astype(np.int8)
        direct = Conclusion(verdict, reason, tuple(raw))
        return self._with_sum(direct, wanted) if wanted.parts else direct

    def _with_sum(self, direct: Conclusion, wanted: Judgement) -> Conclusion:
        """The sum of the parts, where the total is not reported; where it is, both must agree."""
        raw = core.add([core.mean(self.term(part)) for part in wanted.parts])
        verdict, reason = judge(self._compared(raw, wanted), wanted.bounds)
        reported = direct.verdict != NOT_TESTED
        decided = (verdict == PASS) | (verdict == FAIL)
        conflict = reported & decided & (direct.verdict != verdict) & (direct.verdict != CANNOT_TELL)
        use_sum = ~reported | (decided & (direct.verdict == CANNOT_TELL))
        verdict = np.where(conflict, CANNOT_TELL, np.where(use_sum, verdict, direct.verdict))
        reason = np.where(conflict, Reason.CONFLICT, np.where(use_sum, reason, direct.reason))
        shown = core.prefer(raw, direct.raw[0], use_sum)
        return Conclusion(verdict.astype(np.int8), reason.astype(np.int8), (shown,))

    # conditions and groups

    def _condition(self, wanted: Sequence[FactCondition | int]) -> Codes | int:
        """Whether all of some conditions hold: one code, or one a sample."""
        state: Codes | int = HELD
        for one in wanted:
            if isinstance(one, FactCondition):
                answer = holds(one, self.facts)
                found: Codes | int = UNKNOWN if answer is None else int(answer)
            else:
                verdict = self.judged[one].verdict
                found = np.where(verdict == PASS, HELD, np.where(verdict == FAIL, MISSED, UNKNOWN)).astype(np.int8)
            if isinstance(state, int) and isinstance(found, int):
                state = MISSED if MISSED in (state, found) else max(state, found)
            else:
                missed = (np.asarray(state) == MISSED) | (np.asarray(found) == MISSED)
                state = np.where(missed, MISSED, np.maximum(state, found)).astype(np.int8)
        return state

    def state_of(self, condition: int, number: int) -> int:
        """Whether a list of conditions of the plan holds for a sample."""
        state = self._conditions[condition]
        return state if isinstance(state, int) else int(state[number])

    def _conditioned(self, judged: Conclusion, state: Codes | int) -> tuple[Codes, Codes]:
        """Verdict and reason of a limit under its conditions."""
        if isinstance(state, int) and state == HELD:
            return judged.verdict, judged.reason
        missed, failed = np.asarray(state) == MISSED, (np.asarray(state) == UNKNOWN) & (judged.verdict == FAIL)
        verdict = np.where(missed, NOT_APPLICABLE, np.where(failed, CANNOT_TELL, judged.verdict))
        reason = np.where(missed, Reason.CONDITION_NOT_MET, np.where(failed, Reason.CONDITION_UNKNOWN, judged.reason))
        return verdict.astype(np.int8), reason.astype(np.int8)

    def _verdict(self, node: Leaf | Group) -> Codes:
        """The verdict of a node, whether or not its own condition holds."""
        return self.judged[node.judgement].verdict if isinstance(node, Leaf) else self._combined(node)

    def _decisive(self, node: Leaf | Group) -> Codes:
        """What a node says of the sample: one that is presumed is not missed where it was not tested."""
        verdict = self._in_sequence(node)
        if isinstance(node, Leaf) and node.limit.presumed:
            return np.where(verdict == NOT_TESTED, NOT_APPLICABLE, verdict).astype(np.int8)
        return verdict

    def _in_sequence(self, node: Leaf | Group) -> Codes:
        """The verdict of a node where it stands beside others that must all be met."""
        verdict, state = self._verdict(node), self._conditions[node.condition]
        if isinstance(state, int) and state == HELD:
            return verdict
        open_ = np.where((np.asarray(state) == UNKNOWN) & (verdict == FAIL), CANNOT_TELL, verdict)
        return np.where(np.asarray(state) == MISSED, NOT_APPLICABLE, open_).astype(np.int8)

    def _as_alternative(self, node: Leaf | Group) -> Codes:
        """The verdict of a node as one of several ways: where it is not known to apply it cannot be relied on."""
        verdict, state = self._verdict(node), self._conditions[node.condition]
        if isinstance(state, int) and state == HELD:
            return verdict
        open_ = np.where((np.asarray(state) == UNKNOWN) & (verdict == PASS), CANNOT_TELL, verdict)
        return np.where(np.asarray(state) == MISSED, NOT_APPLICABLE, open_).astype(np.int8)

    def _combined(self, group: Group) -> Codes:
        """The verdict of a group from those of its members."""
        known = self._groups.get(id(group))
        if known is None:
            known = self._groups[id(group)] = self._combine(group)
        return known

    def _combine(self, group: Group) -> Codes:
        if not group.any_of:
            members = [node for node in group.members if node.obligatory] or list(group.members)
            children = np.stack([self._in_sequence(node) for node in members])
        else:
            children = np.stack([self._as_alternative(node) for node in group.members])
        failed, missing = (children == FAIL).any(0), (children == NOT_TESTED).any(0)
        open_, away = (children == CANNOT_TELL).any(0), (children == NOT_APPLICABLE).all(0)
        if group.any_of:
            # where it is not even known whether the only ones that fail apply, nothing can be told
            sure = [self._conditions[node.condition] for node in group.members]
            unsure = np.all([np.broadcast_to(np.asarray(s) != HELD, failed.shape) for s in sure], axis=0)
            alone = np.where(unsure, CANNOT_TELL, FAIL)
            rest = np.where(failed, np.where(missing & ~np.bool_(group.untested_fails), NOT_TESTED, alone), NOT_TESTED)
            verdict = np.where((children == PASS).any(0), PASS, np.where(open_, CANNOT_TELL, rest))
        else:
            rest = np.where(missing, NOT_TESTED, np.where(open_, CANNOT_TELL, PASS))
            verdict = np.where(failed, FAIL, rest)
        return np.where(away, NOT_APPLICABLE, verdict).astype(np.int8)

    def _spare(self, group: Group) -> None:
        """Where one alternative is met, the limits of the others do not apply."""
        met = self._combined(group) == PASS
        if met.any():
            for node in group.members:
                self._spare_under(node, met & (self._as_alternative(node) != PASS))

    def _spare_under(self, node: Leaf | Group, spared: Bools) -> None:
        if isinstance(node, Group):
            for child in node.members:
                self._spare_under(child, spared)
            return
        verdict, reason = self.slots[node.slot]
        self.slots[node.slot] = (
            np.where(spared, NOT_APPLICABLE, verdict).astype(np.int8),
            np.where(spared & (verdict != NOT_APPLICABLE), Reason.ALTERNATIVE_MET, reason).astype(np.int8),
        )


def _row(block: Column, row: int) -> Column:
    return block.each(lambda array: array[row])
