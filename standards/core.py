"""The arithmetic of verdicts: results as intervals in NumPy arrays, one element a sample, one column an indicator.

One sample or a million go through the same code. Everything that is uncertain (censoring, an unknown basis, a missing
moisture, an unstated form) widens an interval; a verdict is `PASS` when the whole interval meets the limit, `FAIL` when
none of it does, and `CANNOT_TELL` otherwise. "Decide only if both readings agree" needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

PASS, FAIL, CANNOT_TELL, NOT_TESTED, NOT_APPLICABLE, DECLARED = range(6)
VERDICTS = ("pass", "fail", "cannot_tell", "not_tested", "not_applicable", "declared")
UNKNOWN, DM, AR, OM, NO_BASIS, AIR = range(6)
BASES = {"": UNKNOWN, "dm": DM, "ar": AR, "om": OM, "none": NO_BASIS, "ad": AIR}
EQUAL = 1e-12
"""Relative difference under which two numbers are the same: conversions in binary floating point are off by 1e-16."""


class State:
    """What stands in a cell. Only `VALUE` has an interval that may be compared."""

    ABSENT = 0
    VALUE = 1
    UNREADABLE = 2
    APPROXIMATE = 3
    UNIT_UNKNOWN = 4
    UNIT_MISSING = 5
    IMPLAUSIBLE = 6
    LAB_VERDICT = 7
    BASIS_WORD = 8


class Reason:
    """Why a verdict is what it is; ``standards/messages.yaml`` has the sentence ``reason_<name>`` of each."""

    NONE = 0
    MET = 1
    NOT_MET = 2
    NOT_REPORTED = 3
    UNREADABLE = 4
    APPROXIMATE = 5
    UNIT_UNKNOWN = 6
    UNIT_MISSING = 7
    IMPLAUSIBLE = 8
    LAB_VERDICT = 9
    BASIS_WORD = 10
    BASIS_UNKNOWN = 11
    MOISTURE_NEEDED = 12
    NO_DETECTION_LIMIT = 13
    CENSORED = 14
    AMBIGUOUS_NUMBER = 15
    FORM_UNSTATED = 16
    PART_PROVES_NOTHING = 17
    PART_MISSING = 18
    MASS_UNKNOWN = 19
    MASS_TOO_SMALL = 20
    DETECTED = 21
    PLAN_INCOMPLETE = 22
    TOO_FEW = 23
    CONFLICT = 24
    NONE_FOUND = 25
    DECLARED = 26
    ALTERNATIVE_MET = 27
    NO_LIMIT = 28
    NAME_UNKNOWN = 29
    LIMIT_UNAVAILABLE = 30
    AIR_DRY = 31


REASONS = tuple(
    name.lower() for name, _ in sorted((item for item in vars(Reason).items() if item[0].isupper()), key=lambda i: i[1])
)
"""The name of every reason code, by code. Plain integers, because NumPy is slow with enumerations."""
_STATE_REASON = np.array(
    [
        Reason.NOT_REPORTED,
        Reason.NONE,
        Reason.UNREADABLE,
        Reason.APPROXIMATE,
        Reason.UNIT_UNKNOWN,
        Reason.UNIT_MISSING,
        Reason.IMPLAUSIBLE,
        Reason.LAB_VERDICT,
        Reason.BASIS_WORD,
    ],
    dtype=np.int8,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One indicator over all samples, in its canonical unit (or a limit's, once rescaled).

    ``found``: 0 a quantity, 1 not detected, 2 detected. ``grams``: mass of sample examined, 0 if not stated.
    ``cause``: the `Reason` for which the interval is wider than a point, `Reason.NONE` where it is one.
    """

    low: Floats
    high: Floats
    low_open: Bools
    high_open: Bools
    basis: Codes
    state: Codes
    found: Codes
    grams: Floats
    cause: Codes

    @classmethod
    def empty(cls, size: int) -> Column:
        """A column in which nothing was tested."""
        codes = np.zeros(size, np.int8)
        no = np.zeros(size, np.bool_)
        floats = np.zeros(size)
        return cls(floats, floats, no, no, codes, codes, codes, floats, codes)

    @property
    def size(self) -> int:
        return int(self.low.size)

    @property
    def valued(self) -> Bools:
        return np.asarray(self.state == State.VALUE)


@dataclass(frozen=True, slots=True)
class Share:
    """A share between 0 and 1 of every sample as an interval: dry matter of the sample, or OM of the dry matter."""

    low: Floats
    high: Floats


def scale(column: Column, factor: float) -> Column:
    """The column × a factor above zero (a unit, an elemental form)."""
    return replace(column, low=column.low * factor, high=column.high * factor)


def complement(column: Column, whole: float) -> Column:
    """whole - column (moisture from dry matter). ``not detected`` does not carry over."""
    return replace(
        column,
        low=np.maximum(whole - column.high, 0.0),
        high=whole - column.low,
        low_open=column.high_open,
        high_open=column.low_open,
        found=np.zeros_like(column.found),
    )


def inverse(column: Column) -> Column:
    """1 / column: a number per gram from the grams that hold one. Zero grams is nothing that can be inverted."""
    with np.errstate(divide="ignore"):
        low = np.where(np.isinf(column.high), 0.0, 1.0 / np.maximum(column.high, 1e-300))
        high = np.where(column.low > 0, 1.0 / np.maximum(column.low, 1e-300), np.inf)
    return replace(
        column,
        low=low,
        high=high,
        low_open=column.high_open,
        high_open=column.low_open,
        found=np.zeros_like(column.found),
    )


def part_of(column: Column) -> Column:
    """What a total proves of its part: between nothing and the whole of it."""
    usable = column.valued & np.isfinite(column.high)
    return replace(
        column,
        low=np.zeros_like(column.low),
        low_open=np.zeros_like(column.low_open),
        state=np.where(usable, State.VALUE, State.ABSENT).astype(np.int8),
        found=np.where(column.found == 1, 1, 0).astype(np.int8),
        cause=np.where(column.high > 0, Reason.PART_PROVES_NOTHING, column.cause).astype(np.int8),
    )


def none_found(column: Column) -> Column:
    """A column that says only "none found" where ``column`` found none, and nothing elsewhere."""
    none = column.valued & ((column.found == 1) | (column.high == 0))
    blank = Column.empty(column.size)
    return replace(
        blank,
        state=np.where(none, State.VALUE, State.ABSENT).astype(np.int8),
        found=none.astype(np.int8),
        high=np.full(column.size, np.inf),
    )


def prefer(first: Column, second: Column, mask: Bools) -> Column:
    """``first`` where ``mask``, else ``second``."""
    return Column(
        *(
            np.where(mask, getattr(first, name), getattr(second, name)).astype(getattr(first, name).dtype)
            for name in Column.__slots__
        )
    )


def rebase(column: Column, to: int, dry: Share, organic: Share) -> Column:
    """The column per dry matter, per sample as received or per organic matter.

    Where the basis is unknown both readings (dry and as received) are held together; where the moisture is not known
    the share of dry matter is anything up to one, so the result is bounded on one side only. A share of the air-dry
    sample, whose remaining water nobody states, lies between the two as well, and can only be compared with its like.
    """
    if to == NO_BASIS:
        return column
    per_dry = np.ones(column.size)
    low, high = column.low.copy(), column.high.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        # to dry matter first: dm = ar / dry, dm = om × organic
        is_ar, is_om, is_air = column.basis == AR, column.basis == OM, column.basis == AIR
        unknown = (column.basis == UNKNOWN) | is_air
        low_dm = np.where(is_ar, low / np.maximum(dry.high, 1e-12), np.where(is_om, low * organic.low, low))
        high_dm = np.where(is_ar | unknown, high / dry.low, np.where(is_om, high * organic.high, high))
        high_dm = np.where(high == 0, 0.0, high_dm)
        if to == DM:
            low, high = low_dm, high_dm
        elif to == AR:
            low = np.where(is_ar, low, low_dm * dry.low)
            high = np.where(is_ar | unknown, high, high_dm * dry.high)
        elif to == AIR:
            low = np.where(is_ar | is_air, low, low_dm * dry.low)
            high = np.where(is_air, high, high_dm)
        else:
            same = column.basis == OM
            low = np.where(same, low, low_dm / np.maximum(organic.high, 1e-12))
            high = np.where(same, high, np.where(high_dm == 0, 0.0, high_dm / organic.low))
    changed = column.basis != to
    wide = (
        changed & ~np.isclose(low, high, rtol=EQUAL, atol=0.0) & np.isclose(column.low, column.high, rtol=EQUAL, atol=0)
    )
    cause = np.where(
        wide & (column.cause == Reason.NONE),
        np.where(
            column.basis == UNKNOWN,
            Reason.BASIS_UNKNOWN,
            np.where((column.basis == AIR) | (to == AIR), Reason.AIR_DRY, Reason.MOISTURE_NEEDED),
        ),
        column.cause,
    )
    return replace(
        column,
        low=low,
        high=high,
        low_open=column.low_open & (low > 0),
        basis=np.full(per_dry.size, to, np.int8),
        cause=cause.astype(np.int8),
    )


def hull(first: Column, second: Column) -> Column:
    """Both columns held together, element by element (the same cells read in two ways)."""
    low, high = np.minimum(first.low, second.low), np.maximum(first.high, second.high)
    wide = (low != high) & (first.low == first.high)
    return replace(first, low=low, high=high, cause=np.where(wide, Reason.BASIS_UNKNOWN, first.cause).astype(np.int8))


def add(parts: Sequence[Column]) -> Column:
    """The sum of several indicators. A part that was not tested is anything from nothing up."""
    tested = np.stack([part.state != State.ABSENT for part in parts])
    odd = np.stack([np.where((p.state != State.VALUE) & (p.state != State.ABSENT), p.state, 0) for p in parts]).max(0)
    state = np.where(odd > 0, odd, np.where(tested.any(0), State.VALUE, State.ABSENT)).astype(np.int8)
    missing = ~tested.all(0)
    causes = np.stack([part.cause for part in parts]).max(0)
    return replace(
        parts[0],
        low=np.sum([np.where(p.valued, p.low, 0.0) for p in parts], axis=0),
        high=np.where(missing, np.inf, np.sum([np.where(p.valued, p.high, 0.0) for p in parts], axis=0)),
        low_open=np.any([p.low_open & p.valued for p in parts], axis=0),
        high_open=np.any([p.high_open & p.valued for p in parts], axis=0) & ~missing,
        state=state,
        found=np.zeros_like(parts[0].found),
        cause=np.where(missing, Reason.PART_MISSING, causes).astype(np.int8),
    )


def mean(columns: Sequence[Column], *, geometric: bool = False) -> Column:
    """The mean of the replicates of every sample; geometric on log10, a censored value counting with its bounds."""
    if len(columns) == 1:
        return columns[0]
    valued = np.stack([one.valued for one in columns])
    count = np.maximum(valued.sum(0), 1)
    with np.errstate(divide="ignore", invalid="ignore"):

        def average(name: str) -> Floats:
            values = np.stack([getattr(one, name) for one in columns])
            if geometric:
                values = np.log10(values)
            total = np.where(valued, values, 0.0).sum(0) / count
            return np.asarray(10.0**total if geometric else total)

        low, high = average("low"), average("high")
    odd = np.stack([np.where(one.valued, 0, one.state) for one in columns]).max(0)
    return replace(
        columns[0],
        low=low,
        high=high,
        low_open=np.any([one.low_open & one.valued for one in columns], axis=0) & (low > 0),
        high_open=np.any([one.high_open & one.valued for one in columns], axis=0),
        state=np.where(odd > 0, odd, np.where(valued.any(0), State.VALUE, State.ABSENT)).astype(np.int8),
        cause=np.stack([one.cause for one in columns]).max(0).astype(np.int8),
    )


def round_half_even(values: Floats, digits: int) -> Floats:
    """GB/T 8170: to ``digits`` decimals, a five with nothing behind it to the even digit; binary noise is ignored."""
    shifted = values * 10.0**digits
    with np.errstate(invalid="ignore"):
        floor = np.floor(shifted)
        half = np.abs(shifted - floor - 0.5) <= 1e-9 * np.maximum(1.0, np.abs(shifted))
        even = np.where(np.mod(floor, 2) == 0, floor, floor + 1)
        rounded = np.where(np.isfinite(shifted), np.where(half, even, np.rint(shifted)), shifted)
    return np.asarray(rounded / 10.0**digits)


def rounded(column: Column, digits: int) -> Column:
    """The column as GB/T 8170 compares it. A bound that has no more digits than the limit ("<30" against 30) is taken
    as said of the rounded value and stays strict; any other becomes inclusive."""
    low, high = round_half_even(column.low, digits), round_half_even(column.high, digits)
    return replace(
        column,
        low=low,
        high=high,
        low_open=column.low_open & np.isclose(low, column.low, rtol=EQUAL, atol=0.0),
        high_open=column.high_open & np.isclose(high, column.high, rtol=EQUAL, atol=0.0),
    )


@dataclass(frozen=True, slots=True)
class Bounds:
    """The set that a limit allows: from ``lower`` to ``upper``, each included unless strict."""

    lower: float = -np.inf
    upper: float = np.inf
    lower_strict: bool = False
    upper_strict: bool = False


def judge(column: Column, bounds: Bounds) -> tuple[Codes, Codes]:
    """Verdict and reason of every element against one limit."""
    low, high = column.low, column.high

    def equal(values: Floats, limit: float) -> Bools:
        return np.abs(values - limit) <= EQUAL * abs(limit) if np.isfinite(limit) else np.zeros(values.size, np.bool_)

    low_at_lower, low_at_upper = equal(low, bounds.lower), equal(low, bounds.upper)
    high_at_lower, high_at_upper = equal(high, bounds.lower), equal(high, bounds.upper)
    with np.errstate(invalid="ignore"):
        passes = ((low > bounds.lower) & ~low_at_lower) | (low_at_lower & (column.low_open | (not bounds.lower_strict)))
        if np.isneginf(bounds.lower):
            passes = np.ones(low.size, np.bool_)
        if not np.isposinf(bounds.upper):
            passes = passes & (
                ((high < bounds.upper) & ~high_at_upper)
                | (high_at_upper & (column.high_open | (not bounds.upper_strict)))
            )
        fails = ((high < bounds.lower) & ~high_at_lower) | (high_at_lower & (column.high_open | bounds.lower_strict))
        fails |= ((low > bounds.upper) & ~low_at_upper) | (low_at_upper & (column.low_open | bounds.upper_strict))
    verdict = np.where(passes, PASS, np.where(fails, FAIL, CANNOT_TELL))
    cause = np.where(column.cause == Reason.NONE, Reason.CENSORED, column.cause)
    reason = np.where(passes, Reason.MET, np.where(fails, Reason.NOT_MET, cause))
    unproven = (verdict == CANNOT_TELL) & ((cause == Reason.PART_PROVES_NOTHING) | (cause == Reason.PART_MISSING))
    verdict = np.where(unproven, NOT_TESTED, verdict)
    absent = column.state == State.ABSENT
    odd = ~column.valued & ~absent
    verdict = np.where(absent, NOT_TESTED, np.where(odd, CANNOT_TELL, verdict))
    reason = np.where(column.valued, reason, _STATE_REASON[column.state])
    return verdict.astype(np.int8), reason.astype(np.int8)


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
    reason = np.where(column.valued, reason, _STATE_REASON[column.state])
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
