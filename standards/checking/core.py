"""The arithmetic of verdicts: results as intervals in NumPy arrays, one element a sample, one column an indicator.

One sample or a million go through the same code. Everything that is uncertain (censoring, an unknown basis, a missing
moisture, an unstated form) widens an interval; a verdict is `PASS` when the whole interval meets the limit, `FAIL` when
none of it does, and `CANNOT_TELL` otherwise. "Decide only if both readings agree" needs no rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int8]

PASS, FAIL, CANNOT_TELL, NOT_TESTED, NOT_APPLICABLE, DECLARED = range(6)
VERDICTS = ("pass", "fail", "cannot_tell", "not_tested", "not_applicable", "declared")
UNKNOWN, DM, AR, OM, NO_BASIS, AIR, VOLUME = range(7)
"""``VOLUME``: a number per millilitre, brought to the sample as received by its bulk density."""
EXTRACT = 7
"""The first of the codes for extracts (1:5, saturated paste, …; `standards.indicators.extract_code` is added to it)."""
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
    WITHIN_UNCERTAINTY = 32
    CONDITION_UNKNOWN = 33
    CONDITION_NOT_MET = 34
    SINGLE_OVER = 35
    ORGANIC_MATTER_NEEDED = 36
    LIMIT_BASIS = 37
    BULK_DENSITY_NEEDED = 38
    EXTRACT_DIFFERS = 39
    UNIT_OPEN = 40


REASONS = tuple(
    name.lower() for name, _ in sorted((item for item in vars(Reason).items() if item[0].isupper()), key=lambda i: i[1])
)
"""The name of every reason code, by code. Plain integers, because NumPy is slow with enumerations."""
STATE_REASON = np.array(
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
    """One indicator over all samples, in its canonical unit (or a limit's, once rescaled); or a block of such rows.

    ``found``: 0 a quantity, 1 not detected, 2 detected. ``grams``: mass of sample examined, 0 if not stated.
    ``cause``: the `Reason` for which the interval is wider than a point, `Reason.NONE` where it is one.
    ``spread``: standard uncertainty (k = 1) in the column's unit, 0 where none is stated; None: none at all.
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
    spread: Floats | None = None

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

    @property
    def tested(self) -> Bools:
        return np.asarray(self.state != State.ABSENT)

    def part(self, start: int, stop: int) -> Column:
        """The samples from ``start`` up to ``stop``, as views."""
        return self.each(lambda array: array[start:stop])

    def each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Column:
        """The column with every array changed alike (a part of it, some of its elements)."""
        arrays: list[Any] = [None if one is None else change(one) for one in self.fields()]
        return Column(*arrays)

    def fields(self) -> tuple[Any, ...]:
        """All arrays, in the order in which a column is made of them."""
        return (
            self.low,
            self.high,
            self.low_open,
            self.high_open,
            self.basis,
            self.state,
            self.found,
            self.grams,
            self.cause,
            self.spread,
        )

    def spreads(self) -> Floats:
        """The uncertainty of every element, zeros where none is stated."""
        return np.zeros_like(self.low) if self.spread is None else self.spread


@dataclass(frozen=True, slots=True)
class Share:
    """A share between 0 and 1 of every sample as an interval: dry matter of the sample, or OM of the dry matter; or
    its bulk density as received in g/mL."""

    low: Floats
    high: Floats

    def part(self, start: int, stop: int) -> Share:
        """The samples from ``start`` up to ``stop``, as views."""
        return Share(self.low[start:stop], self.high[start:stop])


def scale(column: Column, factor: float) -> Column:
    """The column × a factor above zero (a unit, an elemental form)."""
    if factor == 1.0:
        return column
    spread = None if column.spread is None else column.spread * factor
    return replace(column, low=column.low * factor, high=column.high * factor, spread=spread)


def by_density(column: Column, density: Share, *, times: bool) -> Column:
    """The column × (or ÷) the bulk density of every sample."""
    low, high = density.low, density.high
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = (column.low * low, column.high * high) if times else (column.low / high, column.high / low)
    bottom, top = (
        np.where(np.isnan(end) | (start == 0), 0.0, end)
        for end, start in zip(ends, (column.low, column.high), strict=True)
    )
    wide = (low != high) & (top > bottom) & (column.cause == Reason.NONE)
    return replace(
        column,
        low=bottom,
        high=top,
        cause=np.where(wide, Reason.BULK_DENSITY_NEEDED, column.cause).astype(np.int8),
        spread=None
        if column.spread is None
        else np.where(
            wide | (column.low <= 0), 0.0, column.spread * bottom / np.where(column.low > 0, column.low, 1.0)
        ),
    )


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
        spread=None if column.spread is None else column.spread * np.where(low < 1e100, low, 0.0) ** 2,
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


def whole_of(column: Column) -> Column:
    """What a part proves of its whole: at least as much. None found of the part says nothing."""
    usable = column.valued & ((column.low > 0) | (column.found == 2))
    return replace(
        column,
        high=np.full_like(column.high, np.inf),
        high_open=np.zeros_like(column.high_open),
        state=np.where(usable, State.VALUE, State.ABSENT).astype(np.int8),
        found=np.where(column.found == 2, 2, 0).astype(np.int8),
        cause=np.full_like(column.cause, Reason.PART_PROVES_NOTHING),
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
    pairs = zip(first.fields()[:-1], second.fields()[:-1], strict=True)
    chosen: list[Any] = [np.where(mask, one, other) for one, other in pairs]
    if first.spread is not None or second.spread is not None:
        chosen.append(np.where(mask, first.spreads(), second.spreads()))
    return Column(*chosen)


def rebase(column: Column, to: int | Codes, dry: Share, organic: Share, density: Share | None = None) -> Column:
    """The column per dry matter, per sample as received or per organic matter (``to``; for a block, one a row).

    Where the basis is unknown both readings (dry and as received) are held together; where the moisture is not known
    the share of dry matter is anything up to one, so the result is bounded on one side only. A share of the air-dry
    sample, whose remaining water nobody states, lies between the two as well, and can only be compared with its like.
    What was measured in one extract says nothing of another; where none is stated it is taken as the one asked for.
    A number per volume becomes one as received by the bulk density; without it, it is anything.
    Only the elements that are on another basis are touched.
    """
    wanted = np.asarray(to, np.int8)
    rows = wanted[:, None] if wanted.ndim else wanted
    other = column.basis != rows
    other &= column.state == State.VALUE
    other &= rows != NO_BASIS
    if wanted.max(initial=0) >= EXTRACT:
        other &= (column.basis != NO_BASIS) | (rows < EXTRACT)
    at = np.flatnonzero(other)
    if not at.size:
        return column
    samples = column.low.shape[-1]
    sample = at % samples if column.low.ndim > 1 else at
    target = wanted[at // samples] if wanted.ndim else np.full(at.size, wanted)
    low, high, basis = (one.ravel()[at] for one in (column.low, column.high, column.basis))
    dry_low, dry_high, organic_low, organic_high = (
        one[sample] for one in (dry.low, dry.high, organic.low, organic.high)
    )
    stated_high, point, per_volume = high, low == high, basis == VOLUME
    if per_volume.any():
        least, most = (
            (np.zeros(at.size), np.full(at.size, np.inf))
            if density is None
            else (density.low[sample], density.high[sample])
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.where(per_volume, np.where(low > 0, low / most, 0.0), low)
            high = np.where(per_volume, np.where(high > 0, high / least, 0.0), high)
        per_volume &= low != high
        basis = np.where(basis == VOLUME, AR, basis)
    is_ar, is_om, unknown = basis == AR, basis == OM, basis == UNKNOWN
    between = unknown | (basis == AIR)
    new_low, new_high = low.copy(), high.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        # to dry matter first: dm = ar / dry, dm = om × organic
        np.divide(low, np.maximum(dry_high, 1e-12), out=new_low, where=is_ar)
        np.divide(high, dry_low, out=new_high, where=is_ar | between)
        if is_om.any():
            np.multiply(low, organic_low, out=new_low, where=is_om)
            np.multiply(high, organic_high, out=new_high, where=is_om)
        new_high[high == 0] = 0.0
        to_ar = target == AR
        if to_ar.any():
            np.multiply(new_low, dry_low, out=new_low, where=to_ar)
            np.multiply(new_high, dry_high, out=new_high, where=to_ar)
            stays = to_ar & between  # the higher of the two readings is the one as received itself
            new_high[stays] = high[stays]
            stays = to_ar & is_ar  # a number per volume, which is one as received by now
            new_low[stays], new_high[stays] = low[stays], high[stays]
        to_air = target == AIR
        if to_air.any():
            np.multiply(new_low, dry_low, out=new_low, where=to_air & ~is_ar)
            stays = to_air & is_ar
            new_low[stays] = low[stays]
        to_om = target == OM
        if to_om.any():
            np.divide(new_low, np.maximum(organic_high, 1e-12), out=new_low, where=to_om)
            np.divide(new_high, organic_low, out=new_high, where=to_om & (new_high != 0))
        cause = column.cause.ravel()[at]
        wide = ((new_high - new_low > EQUAL * new_low) | np.isinf(new_high)) & point & (cause == Reason.NONE)
        of_organic = (is_om | to_om) & (organic_low != organic_high)
        why = np.where(of_organic, Reason.ORGANIC_MATTER_NEEDED, Reason.MOISTURE_NEEDED)
        why = np.where((basis == AIR) | to_air, Reason.AIR_DRY, why)
        why = np.where(unknown, Reason.BASIS_UNKNOWN, why)
        why = np.where(per_volume, Reason.BULK_DENSITY_NEEDED, why)
        wide |= per_volume & (cause == Reason.CENSORED)
        differs = (target >= EXTRACT) & (high > 0)
        if differs.any():
            new_low[differs], new_high[differs] = 0.0, np.inf
            why = np.where(differs, Reason.EXTRACT_DIFFERS, why)
            wide |= differs
        exact = point & ~wide
        new_low[exact] = new_high[exact]
        spread = None
        if column.spread is not None:
            share = np.where(stated_high > 0, new_high / np.where(stated_high > 0, stated_high, 1.0), 1.0)
            share[~np.isfinite(share)] = 0.0
            stated = column.spread.ravel()[at]
            spread = _put(column.spread, at, np.where(stated > 0, stated * share, 0.0))
    is_open = column.low_open.ravel()[at] & (new_low > 0)
    return replace(
        column,
        low=_put(column.low, at, new_low),
        high=_put(column.high, at, new_high),
        low_open=_put(column.low_open, at, is_open),
        basis=_put(column.basis, at, target),
        cause=_put(column.cause, at, np.where(wide, why, cause)),
        spread=spread,
    )


def _put(array: NDArray[Any], at: NDArray[np.intp], values: NDArray[Any]) -> NDArray[Any]:
    """A copy of an array with other values at some (flat) places."""
    changed = array.copy()
    changed.reshape(-1)[at] = values
    return changed


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
        spread=_quadratic(parts, 1.0),
    )


def _quadratic(parts: Sequence[Column], count: float | Floats) -> Floats | None:
    """The uncertainty of a sum (or, ÷ ``count``, of a mean) of independent results: the root of the sum of squares."""
    if all(part.spread is None for part in parts):
        return None
    return np.asarray(np.sqrt(np.sum([np.where(p.valued, p.spreads(), 0.0) ** 2 for p in parts], axis=0)) / count)


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
        spread=None if geometric else _quadratic(columns, count),
    )


def last(columns: Sequence[Column], n: int) -> list[Column]:
    """The last ``n`` tested replicates of every sample, in order; earlier ones are emptied."""
    behind = np.zeros(columns[0].size, np.int64)
    kept = []
    for column in reversed(columns):
        keep = behind < n
        behind += column.tested
        state = column.state if keep.all() else np.where(keep, column.state, State.ABSENT).astype(np.int8)
        kept.append(replace(column, state=state))
    return kept[::-1]


def round_half_even(values: Floats, digits: int | NDArray[Any]) -> Floats:
    """GB/T 8170: to ``digits`` decimals, a five with nothing behind it to the even digit; binary noise is ignored."""
    power = np.asarray(10.0**digits)
    shifted = values * power
    with np.errstate(invalid="ignore"):
        floor = np.floor(shifted)
        half = np.abs(shifted - floor - 0.5) <= 1e-9 * np.maximum(1.0, np.abs(shifted))
        even = np.where(np.mod(floor, 2) == 0, floor, floor + 1)
        rounded = np.where(np.isfinite(shifted), np.where(half, even, np.rint(shifted)), shifted)
    return np.asarray(rounded / power)


def rounded(column: Column, digits: int | NDArray[Any]) -> Column:
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
