"""Checks of masses before a month is verified: pure arithmetic with thresholds from ``checks.yaml``.

No Django, no database, no clock. Masses are integers in milligrams, months are integers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compostnet.shared.rules import Rule, RuleFileError, Source, load_rule

FILE = Path(__file__).with_name("checks.yaml")
MONTH_IN_TEXT = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\D{1,3}(0?[1-9]|1[0-2])(?!\d)|(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])"
)


class Threshold(Rule):
    value: Decimal
    unit: str
    source: str


class HarvestAboveInput(Rule):
    """Harvest, transfers out and removals may exceed what went into a batch by this much."""

    tolerance_percent: Threshold


class MassFarAboveHabit(Rule):
    """An intake of so many times the median of the site's earlier ones of the same material, if there are enough."""

    times: Threshold
    earlier_entries: Threshold


class Checks(Rule):
    """The shape of ``checks.yaml``."""

    harvest_above_input: HarvestAboveInput
    mass_far_above_habit: MassFarAboveHabit
    sources: dict[str, Source]


def read_checks(path: Path) -> Checks:
    """Read one file; a threshold without a known source is refused."""
    found = load_rule(path, Checks)
    for name in ("harvest_above_input", "mass_far_above_habit"):
        check = getattr(found, name)
        for key in type(check).model_fields:
            if getattr(check, key).source not in found.sources:
                raise RuleFileError(path, f"{name}.{key}.source", "not in sources; add it there")
    return found


@cache
def checks() -> Checks:
    """The thresholds in force."""
    return read_checks(FILE)


@dataclass(frozen=True, slots=True)
class Balance:
    """What went into a batch and came out of it until the end of a month, in mg."""

    went_in: int
    came_out: int

    @property
    def is_above(self) -> bool:
        """Whether more came out than went in, beyond the tolerance."""
        tolerance = checks().harvest_above_input.tolerance_percent.value
        return self.came_out * 100 > self.went_in * (100 + tolerance)


@dataclass(frozen=True, slots=True)
class Outlier:
    """One entry far above habit: its place in the arrays given, and the median (mg) that it was held against."""

    index: int
    median: float


def far_above_habit(
    site: NDArray[np.int64],
    material: NDArray[np.int64],
    month: NDArray[np.int64],
    mass: NDArray[np.int64],
    asked: Collection[tuple[int, int]],
) -> list[Outlier]:
    """Intakes of the asked (site, month) pairs that are far above the median of the site's earlier months.

    Held against intakes of the same material: a site that takes leaves in autumn has a habit for leaves.
    """
    rule = checks().mass_far_above_habit
    times, enough = float(rule.times.value), int(rule.earlier_entries.value)
    wanted = set(asked)
    order = np.lexsort((month, material, site))
    found: list[Outlier] = []
    if not order.size:
        return found
    keys = np.stack([site[order], material[order]])
    starts = np.flatnonzero(np.r_[True, (keys[:, 1:] != keys[:, :-1]).any(axis=0)])
    for first, last in zip(starts, np.r_[starts[1:], order.size], strict=True):
        part = order[first:last]
        months, masses, here = month[part], mass[part], int(site[part[0]])
        for m in np.unique(months):
            if (here, int(m)) not in wanted:
                continue
            before, after = np.searchsorted(months, [m, m + 1])
            if before < enough:
                continue
            median = float(np.median(masses[:before]))
            far = np.flatnonzero(masses[before:after] >= times * median) if median > 0 else ()
            found += [Outlier(int(part[before + i]), median) for i in far]
    return found


def months_named(cells: Mapping[str, Any]) -> set[int]:
    """Every month that the texts of a refused row could mean (``2024-05-01``, ``2024 / 5``, ``202405``)."""
    found: set[int] = set()
    for text in cells.values():
        for one, two, three, four in MONTH_IN_TEXT.findall(str(text)):
            found.add(int(one or three) * 12 + int(two or four) - 1)
    return found
