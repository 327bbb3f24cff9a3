"""Whether a site-month's diary shows aerobic operation, as a method's own conditions ask (see `method.AerobicDiary`).

Pure NumPy, for many site-months at once. What the diary does not show has not happened: the conservative factors stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batches.impact.method import AerobicDiary

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class DiaryCounts:
    """What the diaries of site-months hold, arrays of one shape; counted at the conditions' own thresholds.

    Days with a temperature, days with one at or above ``hot_c``, turnings, oxygen readings below ``oxygen_percent``.
    """

    temperature_days: Counts
    hot_days: Counts
    turnings: Counts
    low_oxygen: Counts


def aerobic(counts: DiaryCounts, when: AerobicDiary) -> NDArray[np.bool_]:
    """The site-months that meet every condition."""
    shown: NDArray[np.bool_] = (
        (counts.temperature_days >= when.temperature_days.value)
        & (counts.hot_days >= when.hot_days.value)
        & (counts.turnings >= when.turnings.value)
        & (counts.low_oxygen == 0)
    )
    return shown
