"""Columns of intervals against limits: verdict and reason codes, element by element or row by row of a block."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from standards.checking.core import (
    CANNOT_TELL,
    EQUAL,
    FAIL,
    NOT_TESTED,
    PASS,
    STATE_REASON,
    Codes,
    Column,
    Floats,
    Reason,
    State,
    last,
    mean,
    prefer,
    rounded,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The set that a limit allows: from ``lower`` to ``upper``, each included unless strict."""

    lower: float = -np.inf
    upper: float = np.inf
    lower_strict: bool = False
    upper_strict: bool = False

    def holds(self, value: float) -> bool:
        """Whether a plain number is in the set."""
        above = _apart(value, self.lower)
        below = -_apart(value, self.upper)
        return (above > 0 or (above == 0 and not self.lower_strict)) and (
            below > 0 or (below == 0 and not self.upper_strict)
        )


def _apart(value: float, limit: float) -> float:
    """The difference of two numbers, 0 where they are equal to within `EQUAL`."""
    return 0.0 if math.isfinite(limit) and abs(value - limit) <= EQUAL * abs(limit) else value - limit


@dataclass(frozen=True, slots=True)
class Marks:
    """Bounds as marks to compare with, a scalar or one an element: ``…_in`` is the last value that is equal to the
    bound or inside (whatever is equal to within `EQUAL`), ``…_out`` the last one that may be equal to it."""

    lower_in: NDArray[Any]
    lower_out: NDArray[Any]
    upper_in: NDArray[Any]
    upper_out: NDArray[Any]
    lower_strict: NDArray[Any]
    upper_strict: NDArray[Any]

    @classmethod
    def of(cls, bounds: Sequence[Bounds]) -> Marks:
        """The marks of several limits."""
        lower, upper = np.array([one.lower for one in bounds]), np.array([one.upper for one in bounds])
        near_lower = np.where(np.isfinite(lower), EQUAL * np.abs(lower), 0.0)
        near_upper = np.where(np.isfinite(upper), EQUAL * np.abs(upper), 0.0)
        return cls(
            lower - near_lower,
            lower + near_lower,
            upper + near_upper,
            upper - near_upper,
            np.array([one.lower_strict for one in bounds]),
            np.array([one.upper_strict for one in bounds]),
        )

    def at(self, rows: NDArray[Any]) -> Marks:
        """The marks of some of the limits, one an element."""
        return Marks(
            self.lower_in[rows],
            self.lower_out[rows],
            self.upper_in[rows],
            self.upper_out[rows],
            self.lower_strict[rows],
            self.upper_strict[rows],
        )

    def of_points(self, digits: Sequence[int | None]) -> tuple[Floats, Floats]:
        """From where to where (both included) a plain number meets each limit; where the limit has ``digits``, the
        number as GB/T 8170 rounds it to so many decimals. Rounding once here spares rounding every number."""
        first = np.where(self.lower_strict, np.nextafter(self.lower_out, np.inf), self.lower_in)
        final = np.where(self.upper_strict, np.nextafter(self.upper_out, -np.inf), self.upper_in)
        for row, places in enumerate(digits):
            if places is None:
                continue
            power = 10.0**places
            for marks, middle, strict, side in (
                (first, (self.lower_in[row] + self.lower_out[row]) / 2, self.lower_strict[row], -1.0),
                (final, (self.upper_in[row] + self.upper_out[row]) / 2, self.upper_strict[row], 1.0),
            ):
                if not np.isfinite(middle):
                    continue
                last_met = np.rint(middle * power) - (side if strict else 0.0)
                half = last_met + side * 0.5
                noise = 1e-9 * max(1.0, abs(half)) * (1.0 if last_met % 2 == 0 else -1.0)
                marks[row] = (half + side * noise) / power
        return first, final


def judge(column: Column, bounds: Bounds) -> tuple[Codes, Codes]:
    """Verdict and reason of every element against one limit."""
    return judge_marks(column, Marks.of([bounds]))


def judge_marks(column: Column, marks: Marks) -> tuple[Codes, Codes]:
    """Verdict and reason of every element against one limit, or each against its own."""
    low, high, low_open, high_open = column.low, column.high, column.low_open, column.high_open
    with np.errstate(invalid="ignore"):
        passes = np.where(low_open | ~marks.lower_strict, low >= marks.lower_in, low > marks.lower_out)
        passes &= np.where(high_open | ~marks.upper_strict, high <= marks.upper_in, high < marks.upper_out)
        fails = np.where(high_open | marks.lower_strict, high <= marks.lower_out, high < marks.lower_in)
        fails |= np.where(low_open | marks.upper_strict, low >= marks.upper_out, low > marks.upper_in)
    verdict = np.where(passes, PASS, np.where(fails, FAIL, CANNOT_TELL)).astype(np.int8)
    cause = np.where(column.cause == Reason.NONE, Reason.CENSORED, column.cause)
    reason = np.where(passes, Reason.MET, np.where(fails, Reason.NOT_MET, cause)).astype(np.int8)
    unproven = (verdict == CANNOT_TELL) & ((cause == Reason.PART_PROVES_NOTHING) | (cause == Reason.PART_MISSING))
    verdict[unproven] = NOT_TESTED
    without = column.state != State.VALUE
    if without.any():
        verdict[without] = np.where(column.state[without] == State.ABSENT, NOT_TESTED, CANNOT_TELL)
        reason[without] = STATE_REASON[column.state[without]]
    return verdict, reason


def judge_rows(
    block: Column, marks: Marks, first: Floats, final: Floats, digits: NDArray[np.int64]
) -> tuple[Codes, Codes]:
    """Row ``i`` of a block against limit ``i`` of ``marks``: plain numbers by two comparisons, the others one by one.

    ``first``, ``final``: see `Marks.of_points`. ``digits``: decimals that the limit's edition rounds to, -1: none.
    """
    low, high = block.low, block.high
    verdict = low < first[:, None]
    verdict |= low > final[:, None]
    codes = verdict.view(np.int8)  # 0 is PASS, 1 is FAIL
    reason = codes + np.int8(Reason.MET)  # MET, NOT_MET
    odd = low != high
    odd |= block.state != State.VALUE
    at = np.flatnonzero(odd)
    if at.size:
        row = at // low.shape[-1]
        cells = block.each(lambda array: array.reshape(-1)[at])
        places = digits[row]
        if (places >= 0).any():
            cells = prefer(rounded(cells, np.maximum(places, 0)), cells, places >= 0)
        codes.reshape(-1)[at], reason.reshape(-1)[at] = judge_marks(cells, marks.at(row))
    return codes, reason


def judge_absence(column: Column, grams: float) -> tuple[Codes, Codes]:
    """Verdict and reason against "absent in so many grams": none in 25 g proves none in 25 g, not in 50 g.

    ``grams`` 0: the standard states no mass, so whatever mass was examined decides. Of a concentration (nothing is
    counted) a value is a detection and "<0.5" is none; what only follows from a total proves neither.
    """
    none, some = column.valued & (column.found == 1), column.valued & (column.found == 2)
    concentration = column.valued & (column.found == 0)
    derived = (column.cause == Reason.PART_PROVES_NOTHING) & (column.grams == 0)
    none = (none | (concentration & (column.low == 0) & (column.high_open | (column.high == 0)))) & ~derived
    some = some | (concentration & (column.low > 0))
    enough, known = column.grams >= grams, (column.grams > 0) | (grams == 0)
    verdict = np.full(column.size, CANNOT_TELL)
    reason = np.full(column.size, int(Reason.CENSORED))
    verdict[none & enough] = PASS
    reason[none & enough] = Reason.MET
    reason[none & ~enough] = Reason.MASS_TOO_SMALL
    reason[none & ~known] = Reason.MASS_UNKNOWN
    failed = some & ((column.grams <= grams) | (grams == 0))
    verdict[failed] = FAIL
    reason[failed] = Reason.DETECTED
    reason[some & ~failed] = Reason.MASS_TOO_SMALL
    unproven = column.valued & derived & ~some
    reason[unproven] = Reason.PART_PROVES_NOTHING
    absent = column.state == State.ABSENT
    verdict[absent | unproven] = NOT_TESTED
    reason = np.where(column.valued, reason, STATE_REASON[column.state])
    return verdict.astype(np.int8), reason.astype(np.int8)


def together(verdicts: Sequence[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    """Several results of one limit: one that fails fails, one undecided leaves it open; untested ones do not count."""
    order = np.array([1, 3, 2, 0, 0, 0])  # of PASS, FAIL, CANNOT_TELL, NOT_TESTED: fail weighs most, untested nothing
    verdict, reason = verdicts[0]
    for other, why in verdicts[1:]:
        worse = order[other] > order[verdict]
        verdict, reason = np.where(worse, other, verdict), np.where(worse, why, reason)
    return verdict.astype(np.int8), reason.astype(np.int8)


def by_plan(
    columns: Sequence[tuple[Column, Codes, Codes]], over_m: Sequence[Codes], n: int, c: int
) -> tuple[Codes, Codes]:
    """n/c/m/M: ``columns`` with their verdict against M, ``over_m`` their verdict against m (FAIL = above m)."""
    verdict, reason = together([(v, r) for _, v, r in columns])
    tested = np.sum([column.valued for column, _, _ in columns], axis=0)
    over = np.sum([v == FAIL for v in over_m], axis=0)
    maybe = np.sum([(v == FAIL) | (v == CANNOT_TELL) for v in over_m], axis=0)
    too_many = over > c
    open_count = (verdict == PASS) & (maybe > c)
    short = (verdict == PASS) & (tested < n)
    reason = np.where(too_many & (verdict != FAIL), Reason.NOT_MET, reason)
    verdict = np.where(too_many, FAIL, np.where(open_count | short, CANNOT_TELL, verdict))
    reason = np.where(verdict == CANNOT_TELL, np.where(short & ~too_many, Reason.PLAN_INCOMPLETE, reason), reason)
    reason = np.where((verdict == CANNOT_TELL) & open_count & ~short, Reason.CENSORED, reason)
    return verdict.astype(np.int8), reason.astype(np.int8)


def by_moving_average(
    raw: Sequence[Column], bounds: Bounds, over: Bounds, n: int, as_compared: Callable[[Column], Column]
) -> tuple[Codes, Codes, Column]:
    """The mean of the last ``n`` results against ``bounds``, each of them against ``over``; and that mean.

    ``as_compared`` widens and rounds as the decision and the edition say. With fewer than ``n`` results only a single
    one that is over decides.
    """
    tested = np.sum([column.tested for column in raw], axis=0)
    kept = last(raw, n)
    average = mean(kept)
    verdict, reason = judge(as_compared(average), bounds)
    singles, why = together([judge(as_compared(column), over) for column in kept])
    few = tested < n
    open_ = (verdict != FAIL) & (singles == CANNOT_TELL)
    verdict = np.where(singles == FAIL, FAIL, np.where(few | open_, CANNOT_TELL, verdict))
    reason = np.where(open_, why, np.where(few & (reason <= Reason.NOT_MET), Reason.TOO_FEW, reason))
    reason = np.where(singles == FAIL, Reason.SINGLE_OVER, reason)
    verdict = np.where(tested == 0, NOT_TESTED, verdict)
    reason = np.where(tested == 0, Reason.NOT_REPORTED, reason)
    return verdict.astype(np.int8), reason.astype(np.int8), average
