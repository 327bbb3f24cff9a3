"""Checks of masses before a month is verified: pure arithmetic with thresholds from ``checks.yaml``.

No Django, no database, no clock. Masses are integers in milligrams, months are integers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from compostnet.shared.rules import Rule, RuleFileError, Source, load_rule

FILE = Path(__file__).with_name("checks.yaml")
MONTH_IN_TEXT = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\D{1,3}(0?[1-9]|1[0-2])(?!\d)|(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])"
)


Level = Literal["blocks", "reason", "warning", "hint"]
"""How much a finding weighs, see ``checks.yaml``."""


class Threshold(Rule):
    value: Decimal
    unit: str
    source: str


class Check(Rule):
    """A check without thresholds."""

    level: Level


class HarvestAboveInput(Check):
    """What comes out of a batch may exceed what went in by so much silently, and by so much with a reason."""

    silent_percent: Threshold
    reason_percent: Threshold


class MassFarAboveHabit(Check):
    """An intake of so many times the median of the site's earlier ones of the same material, if there are enough."""

    times: Threshold
    earlier_entries: Threshold


class NeverWarm(Check):
    """A batch being filled whose readings never rose so far above ambient; not for processes that stay cool."""

    above_ambient: Threshold
    ambient_where_unknown: Threshold
    readings: Threshold
    not_for: tuple[str, ...]


class DiaryGap(Check):
    """So many days in a row without an entry of the diary."""

    days: Threshold
    not_for: tuple[str, ...]


class ShareEstimated(Check):
    """More of the intake than this share was estimated."""

    percent: Threshold


class RecordMissing(Check):
    """A record of energy that the site had in one of so many months before."""

    months_back: Threshold


class Checks(Rule):
    """The shape of ``checks.yaml``."""

    harvest_above_input: HarvestAboveInput
    mass_far_above_habit: MassFarAboveHabit
    never_warm: NeverWarm
    diary_gap: DiaryGap
    looks_like_duplicate: Check
    share_estimated_high: ShareEstimated
    record_missing: RecordMissing
    baseline_missing: Check
    zone_missing: Check
    sources: dict[str, Source]


def read_checks(path: Path) -> Checks:
    """Read one file; a threshold without a known source is refused."""
    found = load_rule(path, Checks)
    for name in Checks.model_fields:
        check = getattr(found, name)
        for key in type(check).model_fields if isinstance(check, Check) else ():
            threshold = getattr(check, key)
            if isinstance(threshold, Threshold) and threshold.source not in found.sources:
                raise RuleFileError(path, f"{name}.{key}.source", "not in sources; add it there")
    gate = found.harvest_above_input
    if gate.reason_percent.value < gate.silent_percent.value:
        raise RuleFileError(path, "harvest_above_input.reason_percent", "must not be below silent_percent")
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

    def _exceeds(self, percent: Decimal) -> bool:
        return self.came_out * 100 > self.went_in * (100 + percent)

    @property
    def is_above(self) -> bool:
        """Whether more came out than went in, beyond what passes silently."""
        return self._exceeds(checks().harvest_above_input.silent_percent.value)

    @property
    def is_far_above(self) -> bool:
        """Whether more came out than any reason can explain."""
        return self._exceeds(checks().harvest_above_input.reason_percent.value)

    @property
    def excess_percent(self) -> Decimal | None:
        """By how much more came out, in percent of what went in; None where nothing went in."""
        return Decimal(self.came_out - self.went_in) * 100 / self.went_in if self.went_in else None


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


def widest_gap(days: Collection[int], first: int, last: int) -> tuple[int, int]:
    """The longest run of days without an entry between two days (both included): its first day and its length.

    Days are counted from any one day on; entries outside of the span do not matter.
    """
    edges = [first - 1, *sorted({day for day in days if first <= day <= last}), last + 1]
    gaps = [(after - before - 1, before + 1) for before, after in pairwise(edges)]
    length, start = max(gaps, key=lambda gap: (gap[0], -gap[1]))
    return start, length


def warm_from(ambient: float | None) -> float:
    """The temperature (°C) from which a batch at work counts as warm, at a site with this normal of the year."""
    rule = checks().never_warm
    base = float(rule.ambient_where_unknown.value) if ambient is None else ambient
    return base + float(rule.above_ambient.value)


def is_never_warm(hottest: float, readings: int, ambient: float | None) -> bool:
    """Whether a batch's readings of a month (°C, the hottest of them) never rose as those of a batch at work do."""
    return readings >= checks().never_warm.readings.value and hottest < warm_from(ambient)


def share_percent(part: int, whole: int) -> Decimal | None:
    """A share in percent, exact; None of nothing."""
    return Decimal(part) * 100 / whole if whole else None


def months_named(cells: Mapping[str, Any]) -> set[int]:
    """Every month that the texts of a refused row could mean (``2024-05-01``, ``2024 / 5``, ``202405``)."""
    found: set[int] = set()
    for text in cells.values():
        for one, two, three, four in MONTH_IN_TEXT.findall(str(text)):
            found.add(int(one or three) * 12 + int(two or four) - 1)
    return found
