"""The arithmetic of heat: readings as days per measuring point, runs of hot days or hours, turnings inside of them.

Arrays are one element a day (``Series.low``, ``Series.mean``: °C, NaN where there is no reading) or one a reading
(``Series.times`` in seconds since 1970, ``Series.celsius``, in order of time). Days are numbers from 0, the first day.
What is missing is filled only where `best_run` is told to (``fill``): to ask whether a rule *could* have been met.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from standards.process.schema import HeatOption

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Days = tuple[int, int]
"""First and last day of a stretch, both included."""
TINY = 1e-9
"""Under this difference in °C two temperatures are the same: °F and means are off by 1e-14."""
_NO_DAYS = np.zeros(0, dtype=np.bool_)


class Run(NamedTuple):
    """The best stretch towards a rule: days or hours reached, turnings in it, the mean that counts (None: no reading).

    ``counted`` flags the days that were counted; ``first`` to ``last`` is the hot period.
    """

    met: bool = False
    amount: float = 0.0
    turnings: int = 0
    average: float | None = None
    first: int = 0
    last: int = -1
    counted: Bools = _NO_DAYS


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one measuring point."""

    point: str
    low: Floats
    mean: Floats
    times: Floats
    celsius: Floats

    def is_missing(self, day: int) -> bool:
        return bool(np.isnan(self.low[day]))

    def hottest_day(self) -> tuple[int, float] | None:
        """The day whose lowest reading was the highest, and that reading."""
        if np.isnan(self.low).all():
            return None
        day = int(np.nanargmax(self.low))
        return day, float(self.low[day])

    def hot_days(self, option: HeatOption) -> Bools:
        """The days that count; a missing one does not."""
        return is_hot(self.low if option.daily == "minimum" else self.mean, option)


@dataclass(frozen=True, slots=True)
class Diary:
    """Readings of each point and the days of turnings, over ``count`` days; ``edges`` are the midnights (seconds)."""

    first_day: dt.date
    count: int
    edges: Floats
    series: tuple[Series, ...]
    turnings: Ints

    @classmethod
    def of(
        cls,
        readings: Sequence[tuple[str, dt.datetime, float]],
        turnings: Sequence[dt.datetime],
        first_day: dt.date,
        last_day: dt.date,
        zone: dt.tzinfo,
        turnings_a_day: int = 1,
    ) -> Diary:
        """Sort readings (point, aware time, °C) into points and local days; what lies outside of the days is left."""
        count = max(0, (last_day - first_day).days + 1)
        days = [first_day + dt.timedelta(days=number) for number in range(count + 1)]
        edges = np.array([dt.datetime.combine(day, dt.time(), zone).timestamp() for day in days])
        if any(at.tzinfo is None for _, at, _ in readings) or any(at.tzinfo is None for at in turnings):
            raise ValueError("times without a zone cannot be put on a day; give aware times")
        turned = _day_of(np.array([at.timestamp() for at in turnings], dtype=np.float64), edges)
        each, times = np.unique(turned[(turned >= 0) & (turned < count)], return_counts=True)
        counted = np.repeat(each, np.minimum(times, turnings_a_day)).astype(np.int64)
        return cls(first_day, count, edges, _series(readings, edges, count), counted)


def _day_of(times: Floats, edges: Floats) -> Ints:
    return (np.searchsorted(edges, times, side="right") - 1).astype(np.int64)


def _series(readings: Sequence[tuple[str, dt.datetime, float]], edges: Floats, count: int) -> tuple[Series, ...]:
    if not readings or not count:
        return ()
    points, ats, values = zip(*readings, strict=True)
    names = sorted(set(points))
    number = {name: index for index, name in enumerate(names)}
    who = np.fromiter(map(number.__getitem__, points), dtype=np.int64, count=len(points))
    times = np.fromiter((at.timestamp() for at in ats), dtype=np.float64, count=len(ats))
    celsius = np.array(values, dtype=np.float64)
    day = _day_of(times, edges)
    kept = (day >= 0) & (day < count) & np.isfinite(celsius)
    who, times, celsius, day = who[kept], times[kept], celsius[kept], day[kept]
    if not len(who):
        return ()
    # By value too, so that the order of input changes nothing, not even the last bit of a mean.
    order = np.lexsort((celsius, times, who))
    who, times, celsius, day = who[order], times[order], celsius[order], day[order]
    key = who * count + day
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    low, mean = np.full(len(names) * count, np.nan), np.full(len(names) * count, np.nan)
    low[key[starts]] = np.minimum.reduceat(celsius, starts)
    sizes = np.diff(np.append(starts, len(key)))
    mean[key[starts]] = np.add.reduceat(celsius, starts) / sizes
    lows, means = low.reshape(len(names), count), mean.reshape(len(names), count)
    ends = np.searchsorted(who, np.arange(len(names) + 1))
    return tuple(
        Series(
            name,
            lows[index],
            means[index],
            times[ends[index] : ends[index + 1]],
            celsius[ends[index] : ends[index + 1]],
        )
        for index, name in enumerate(names)
        if ends[index] < ends[index + 1]
    )


def is_hot(celsius: Floats, option: HeatOption) -> Bools:
    """Which temperatures are hot enough; NaN is not."""
    limit = float(option.at_least)
    return celsius > limit + TINY if option.strict else celsius >= limit - TINY


def stretches(flags: Bools) -> list[Days]:
    """Stretches of True as (first, last)."""
    steps = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(steps == 1).tolist(), (np.flatnonzero(steps == -1) - 1).tolist(), strict=True))


def best_run(diary: Diary, series: Series, option: HeatOption, *, gap: float, fill: float | None = None) -> Run:
    """The run that meets the option, else the one that comes nearest.

    ``gap``: longest time in hours between two readings that still counts (rules in hours). ``fill``: take every missing
    day, and every time without reading, as so hot (°C).
    """
    if option.hours is not None:
        return _best(_runs_of_hours(diary, series, option, gap, fill is not None))
    hot, mean = series.hot_days(option), series.mean
    if fill is not None:
        missing = np.isnan(series.low)
        hot, mean = hot | missing, np.where(missing, fill, mean)
    return _best(_runs_of_days(diary, option, hot, mean))


def _best(runs: Sequence[Run]) -> Run:
    return max(runs, key=lambda run: (run.met, run.amount, run.turnings, -run.first), default=Run())


def _runs_of_days(diary: Diary, option: HeatOption, hot: Bools, mean: Floats) -> list[Run]:
    found = stretches(hot)
    if not found:
        return []
    needed = max(1, int(np.ceil(float(option.days or 0))))
    if option.counting == "cumulative" or option.days_per_turning is not None:
        found = [(found[0][0], found[-1][1])]
    runs = []
    for first, last in found:
        counted = np.zeros(diary.count, dtype=np.bool_)
        counted[first : last + 1] = hot[first : last + 1]
        amount = int(counted.sum())
        if option.days_per_turning is not None:
            turnings = turnings_with_days(hot, diary.turnings, int(np.ceil(float(option.days_per_turning))))
        else:
            turnings = _inside(diary, first, last)
        average = _warmest(mean[counted], needed, in_a_row=option.counting == "consecutive")
        met = amount >= needed and turnings >= option.turnings and _warm_enough(average, option)
        runs.append(Run(met, float(amount), turnings, average, first, last, counted))
    return runs


def _inside(diary: Diary, first: int, last: int) -> int:
    return int(((diary.turnings >= first) & (diary.turnings <= last)).sum())


def _warm_enough(average: float | None, option: HeatOption) -> bool:
    if option.average_above is None:
        return True
    return average is not None and average > float(option.average_above) + TINY


def _warmest(mean: Floats, needed: int, *, in_a_row: bool) -> float:
    """The highest mean over at least ``needed`` of the days (of all where there are fewer): later, cooler ones spoil
    nothing. In a row, a longer window that beats all of ``needed`` to ``2 × needed − 1`` days contains a shorter one
    that beats it."""
    count = len(mean)
    if count <= needed:
        return float(mean.mean())
    if not in_a_row:
        return float(np.sort(mean)[count - needed :].mean())
    sums = np.concatenate(([0.0], np.cumsum(mean)))
    lengths = range(needed, min(2 * needed, count + 1))
    return max(float((sums[length:] - sums[:-length]).max()) / length for length in lengths)


def turnings_with_days(hot: Bools, turnings: Ints, days: int) -> int:
    """How many turnings have ``days`` consecutive hot days of their own, before or after them.

    No other turning that counts lies between a turning and its days; one more than needed spoils nothing. The day of a
    turning may be the last of the days before it. Taken one after the other, each time the pair that is complete
    first, which leaves most to the others (interval scheduling).
    """
    run = np.zeros(len(hot) + 1, dtype=np.int64)
    for day in range(len(hot)):
        run[day + 1] = run[day] + 1 if hot[day] else 0
    ends = (np.flatnonzero(run[1:] >= days)).tolist()  # the last days of stretches that are long enough
    turned = turnings.tolist()

    def last_day(start: int) -> int | None:
        """The last of the first ``days`` hot days from ``start`` on."""
        return next((end for end in ends if end - days + 1 >= start), None)

    count, free, turn_from = 0, 0, 0  # days from `free` on and turnings from `turn_from` on are still to be had
    while True:
        block = last_day(free)
        before = None if block is None else next((day for day in turned if day >= max(block, turn_from)), None)
        turn = next((day for day in turned if day >= turn_from), None)
        after = None if turn is None else last_day(max(free, turn + 1))
        if before is None and after is None:
            return count
        count += 1
        if after is not None and (before is None or after <= before):
            free, turn_from = after + 1, after
        else:
            assert before is not None
            free = turn_from = before + 1


def _runs_of_hours(diary: Diary, series: Series, option: HeatOption, gap: float, fill: bool) -> list[Run]:
    times, hot, celsius = series.times, is_hot(series.celsius, option), series.celsius
    if fill:  # the time before the first and after the last reading is open as well
        times = np.concatenate((diary.edges[:1], times, diary.edges[-1:]))
        hot, celsius = np.concatenate(([False], hot, [False])), np.concatenate(([np.nan], celsius, [np.nan]))
    hours = np.diff(times) / 3600.0
    if fill:
        counts = hot[:-1] | hot[1:] | (hours > gap + TINY)
    else:
        counts = hot[:-1] & hot[1:] & (hours <= gap + TINY)
    needed, total = float(option.hours or 0), np.where(counts, hours, 0.0)
    pieces = stretches(counts)
    if option.counting == "consecutive" and fill:
        # A cold reading between two open times ends the one and begins the other.
        pieces = [part for first, last in pieces for part in _cut(first, last, hot)]
    elif option.counting == "cumulative" and pieces:
        pieces = [(pieces[0][0], pieces[-1][1])]
    runs = []
    for first, last in pieces:
        amount = float(total[first : last + 1].sum())
        span = slice(first, last + 2)
        start, end = (int(day) for day in _day_of(times[[first, last + 1]], diary.edges))
        start, end = max(start, 0), min(end, diary.count - 1)
        readings = celsius[span][hot[span]]
        average = float(readings.mean()) if len(readings) else None
        turnings = _inside(diary, start, end)
        warm = fill or _warm_enough(average, option)
        counted = np.zeros(diary.count, dtype=np.bool_)
        counted[start : end + 1] = True
        met = amount >= needed - TINY and turnings >= option.turnings and warm
        runs.append(Run(met, amount, turnings, average, start, end, counted))
    return runs


def _cut(first: int, last: int, hot: Bools) -> list[Days]:
    """Intervals ``first`` to ``last`` cut at each reading between them that is not hot (reading n ends n-1)."""
    parts, start = [], first
    for number in range(first, last):
        if not hot[number + 1]:
            parts.append((start, number))
            start = number + 1
    return [*parts, (start, last)]


def missing_days(diary: Diary, series: Series, option: HeatOption, possible: Run) -> tuple[Days, ...]:
    """The days without reading on which it hangs: of a run of days those of the window that lacks the fewest, else all
    from the first to the last day of the period that could meet the rule."""
    missing = np.isnan(series.low)
    if option.hours is None and option.counting == "consecutive" and option.days_per_turning is None:
        length = max(1, int(np.ceil(float(option.days or 0))))
        starts = [
            start
            for first, last in stretches(series.hot_days(option) | missing)
            for start in range(first, last - length + 2)
            if _inside(diary, start, start + length - 1) >= option.turnings
        ]
        if starts and option.average_above is None:
            best = min(starts, key=lambda start: int(missing[start : start + length].sum()))
            window = np.zeros(diary.count, dtype=np.bool_)
            window[best : best + length] = True
            return tuple(stretches(missing & window))
    inside = np.zeros(diary.count, dtype=np.bool_)
    inside[possible.first : possible.last + 1] = True
    return tuple(stretches(missing & inside))
