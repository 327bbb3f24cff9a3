"""The checker: columns of results and rule sets in, verdict and reason codes out. One sample or a million.

For every limit the evidence is gathered (reported itself, or what follows from something else), brought to the limit's
basis and unit, and judged as intervals (`checking.core`, `checking.judging`). Limits that are a plain comparison are
judged together as the rows of one block, chunk by chunk of samples so that a block stays in the processor's cache;
plans, absences, statistics and sums one by one. What several limits or rule sets ask alike is done once
(`checking.plan`). Conditions and groups are then applied, and the samples' verdicts drawn (`checking.evaluation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from standards.checking.core import FAIL, NOT_TESTED, PASS, Codes, Column, Reason, rounded
from standards.checking.decision import Decision, guard, probability
from standards.checking.evaluation import Conclusion, Evaluation
from standards.checking.judging import judge, together
from standards.checking.plan import Judgement, Leaf, Plan, judgement_of, plan_of, ways
from standards.checking.tables import Table, table_of
from standards.library import RuleSet
from standards.library_schema import Limit
from standards.reading.readings import Reading, columns

CHECKER_VERSION = "2.1"
SAMPLE_VERDICTS = ("pass", "fail", "cannot_tell", "incomplete")
INCOMPLETE = 3
BLOCK = 1 << 17
"""Elements of a block: the dozen arrays of a block of this size stay in a second-level cache of 2 MB."""
NO_FACTS: Mapping[str, str] = {}


def table(samples: Sequence[Sequence[Reading]]) -> Table:
    """The table of samples, each a list of readings."""
    return table_of(len(samples), columns(samples))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One limit over all samples: verdict and reason codes."""

    limit: Limit
    verdict: Codes
    reason: Codes


@dataclass(slots=True)
class Run:
    """One call of the checker; what the explanation of a sample needs of it."""

    whole: Table
    plan: Plan
    facts: Mapping[str, str]
    decision: Decision
    evaluation: Evaluation | None = None
    """Of all samples, where they fit into one chunk."""
    _last: tuple[int, Evaluation] | None = None

    def of(self, number: int) -> tuple[Evaluation, int]:
        """The evaluation that has a sample, and its place there. Of a large table the sample is evaluated again."""
        if self.evaluation is not None:
            return self.evaluation, number
        if self._last is None or self._last[0] != number:
            alone = Evaluation(self.whole.part(number, number + 1), self.plan, self.facts, self.decision)
            self._last = (number, alone)
        return self._last[1], 0


@dataclass(frozen=True, slots=True)
class Result:
    """All samples against one rule set: an outcome a limit, and the verdict of every sample."""

    rules: RuleSet
    outcomes: tuple[Outcome, ...]
    verdict: Codes = field(repr=False)
    leaves: tuple[Leaf, ...] = field(repr=False, default=())
    run: Run | None = field(repr=False, default=None)


def check(
    whole: Table, rules: RuleSet, *, facts: Mapping[str, str] = NO_FACTS, decision: Decision = "simple"
) -> Result:
    """Every sample of a table against a rule set. ``facts``: what is stated of all of them (`standards.facts`)."""
    return check_all(whole, [rules], facts=facts, decision=decision)[0]


def check_all(
    whole: Table,
    rule_sets: Sequence[RuleSet],
    *,
    facts: Mapping[str, str] = NO_FACTS,
    decision: Decision = "simple",
) -> list[Result]:
    """Every sample of a table against every rule set, what they have in common done once."""
    if not rule_sets:
        return []
    plan = plan_of(rule_sets)
    run = Run(whole, plan, facts, decision)
    active = sum(not sources.isdisjoint(whole.columns) for sources in plan.sources)
    step = max(1024, BLOCK // max(active, 1))
    if whole.size <= step:
        run.evaluation = Evaluation(whole, plan, facts, decision)
        slots, samples = run.evaluation.slots, run.evaluation.samples
    else:
        slots, samples = _in_chunks(run, step)
    return [
        Result(
            one.rules,
            tuple([Outcome(leaf.limit, *slots[leaf.slot]) for leaf in one.leaves]),
            samples[number],
            one.leaves,
            run,
        )
        for number, one in enumerate(plan.sets)
    ]


def _in_chunks(run: Run, step: int) -> tuple[list[tuple[Codes, Codes]], Codes]:
    """Verdicts and reasons of every slot, and of every sample, put together from chunks of ``step`` samples."""
    size = run.whole.size
    missing = (np.full(size, NOT_TESTED, np.int8), np.full(size, Reason.NOT_REPORTED, np.int8))
    slots = [missing] * len(run.plan.slots)
    samples = np.empty((len(run.plan.sets), size), np.int8)
    for start in range(0, size, step):
        stop = min(start + step, size)
        found = Evaluation(run.whole.part(start, stop), run.plan, run.facts, run.decision)
        samples[:, start:stop] = found.samples
        for number, (verdict, reason) in enumerate(found.slots):
            if verdict is found.missing.verdict and slots[number] is missing:
                continue
            if slots[number] is missing:
                slots[number] = (missing[0].copy(), missing[1].copy())
            slots[number][0][start:stop] = verdict
            slots[number][1][start:stop] = reason
    return slots, samples


def check_limit(
    whole: Table,
    limit: Limit,
    rules: RuleSet,
    *,
    facts: Mapping[str, str] = NO_FACTS,
    decision: Decision = "simple",
) -> Outcome:
    """One limit of a rule set over all samples."""
    alone = RuleSet(rules.standard, rules.product_class, rules.edition, rules.day, (limit,))
    return check(whole, alone, facts=facts, decision=decision).outcomes[0]


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands behind the verdict of one limit for one sample."""

    judgement: Judgement
    conclusion: Conclusion
    number: int

    def raw(self) -> tuple[Column, ...]:
        """The columns compared, in the limit's terms, before rounding."""
        return self.conclusion.raw

    def compared(self) -> list[Column]:
        """The sample's values as they were compared."""
        alone = [one.part(self.number, self.number + 1) for one in self.conclusion.raw]
        return alone if self.judgement.digits is None else [rounded(one, self.judgement.digits) for one in alone]

    def rounding_decides(self, decision: Decision) -> bool:
        """Whether the verdict would be another one without the edition's rounding."""
        if self.judgement.digits is None or not self.conclusion.raw:
            return False
        code = int(self.conclusion.verdict[self.number])
        if len(self.conclusion.raw) == 1 and (decision == "simple" or self.conclusion.raw[0].spread is None):
            column = self.conclusion.raw[0]
            low, high = float(column.low[self.number]), float(column.high[self.number])
            if low == high and code in (PASS, FAIL):
                return self.judgement.bounds.holds(low) != (code == PASS)
        raw = [one.part(self.number, self.number + 1) for one in self.conclusion.raw]
        if all(a.low[0] == b.low[0] and a.high[0] == b.high[0] for a, b in zip(raw, self.compared(), strict=True)):
            return False
        widened = [guard(one) for one in raw] if decision == "guarded" else raw
        plain = together([judge(one, self.judgement.bounds) for one in widened])[0][0]
        return bool(plain != code)

    def probability(self) -> float | None:
        """The probability that the true value conforms, where an uncertainty is stated; of several the least."""
        raw = self.conclusion.raw
        if self.judgement.kind != "quantity" or all(one.spread is None for one in raw):
            return None
        alone = [one.part(self.number, self.number + 1) for one in raw]
        found = np.concatenate([probability(one, self.judgement.bounds) for one in alone])
        return None if np.isnan(found).all() else float(np.nanmin(found))


__all__ = [
    "CHECKER_VERSION",
    "INCOMPLETE",
    "SAMPLE_VERDICTS",
    "Outcome",
    "Result",
    "Table",
    "check",
    "check_all",
    "check_limit",
    "judgement_of",
    "table",
    "table_of",
    "ways",
]
