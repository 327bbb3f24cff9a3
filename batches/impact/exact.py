"""Adding up whole numbers by place: exact, and fast. Pure NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXACT = 2.0**53
"""Below this a double holds every whole number."""


def added(at: NDArray[np.intp], values: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Whole numbers summed by their place: `np.add.at` on zeros, by way of doubles where these are exact."""
    if float(np.abs(values).sum(dtype=np.float64)) < EXACT:
        return np.bincount(at, weights=values, minlength=size).astype(np.int64)
    out = np.zeros(size, dtype=np.int64)
    np.add.at(out, at, values)
    return out
