"""Decision rules where a measurement uncertainty is stated, and the probability that the true value conforms.

``simple`` (simple acceptance, ILAC-G8:09/2019, 4.2.1; the default): the measured value decides, whatever its
uncertainty. ``guarded`` (guarded acceptance and rejection, JCGM 106:2012, 8.3; a statement in three parts, ILAC-G8,
4.2.3): the guard band is w = U = 2 u, so a value passes only when value + w meets the limit (value - w for a minimum,
both for a range) and fails only when value - w (value + w) violates it; between them nothing can be told.

u is the standard uncertainty (k = 1) in the unit of the value, 0 where none is stated. Pure arithmetic on arrays.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from standards.checking.core import Column, Floats, Reason
from standards.checking.judging import Bounds

Decision = Literal["simple", "guarded"]
DECISIONS: tuple[Decision, ...] = ("simple", "guarded")
COVERAGE = 2.0
"""w = U = 2 u: the expanded uncertainty for about 95 % as the guard band (ILAC-G8:09/2019)."""

_erf = np.frompyfunc(math.erf, 1, 1)


def guard(column: Column) -> Column:
    """The column widened by its guard band on both sides; itself where no uncertainty is stated."""
    if column.spread is None:
        return column
    band = COVERAGE * column.spread
    known = band > 0
    point = known & (column.low == column.high) & (column.cause == Reason.NONE)
    return replace(
        column,
        low=column.low - band,
        high=column.high + band,
        low_open=column.low_open & ~known,
        high_open=column.high_open & ~known,
        cause=np.where(point, Reason.WITHIN_UNCERTAINTY, column.cause).astype(np.int8),
    )


def normal(z: Floats) -> Floats:
    """The standard normal distribution function Φ, as exact as `math.erf`."""
    return np.asarray(0.5 * (1.0 + np.asarray(_erf(np.asarray(z, float) / math.sqrt(2.0)), float)))


def conformance(value: NDArray[Any], u: NDArray[Any], bounds: Bounds) -> Floats:
    """The probability that the true value lies within the limits (JCGM 106:2012, clause 7; normal
    distribution with the measured value as mean): Φ((upper - value)/u) - Φ((lower - value)/u); nan where u is 0."""
    known = u > 0
    divisor = np.where(known, u, 1.0)
    below = np.ones(np.shape(value)) if math.isinf(bounds.upper) else normal((bounds.upper - value) / divisor)
    under = np.zeros(np.shape(value)) if math.isinf(bounds.lower) else normal((bounds.lower - value) / divisor)
    return np.where(known, np.clip(below - under, 0.0, 1.0), np.nan)


def probability(column: Column, bounds: Bounds) -> Floats:
    """The conformance probability of every element; nan where no uncertainty or no plain number is stated."""
    point = column.valued & (column.low == column.high)
    return np.where(point, conformance(column.low, np.where(point, column.spreads(), 0.0), bounds), np.nan)
