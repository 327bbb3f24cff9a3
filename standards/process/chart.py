"""The temperatures of a batch with a process rule drawn in: a chart, and the same as a table of days.

A line is one measuring point, its value the lowest reading of the day (what rules count). A day without reading is a
gap in the line, and hatched where no point has one. Shaded is what the rule counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from compostnet.shared.charts import SERIES_COLOURS, Drawing, Event, Series, Span, Threshold, line_chart
from compostnet.shared.display import format_number
from compostnet.shared.texts import Message
from standards.process.heat import Bools, Diary, stretches
from standards.process.rules import HeatReading, OptionResult, ProcessResult, Turning
from standards.process.texts import point_name

NOON = dt.time(12)
SHOWN_AFTER = 3
"""So many days are shown after the last entry of the diary: a batch that lies for a year is not drawn for a year."""


def process_chart(
    readings: Sequence[HeatReading],
    turnings: Sequence[Turning],
    results: Sequence[ProcessResult],
    *,
    first_day: dt.date,
    last_day: dt.date,
    zone: dt.tzinfo,
    code: str,
    language: str,
    width: int | None = None,
) -> Drawing | None:
    """The chart of a batch ``code``; None where there is no reading. Shaded is the first result that counted days."""
    diary = Diary.of(readings, [one.at for one in turnings], first_day, last_day, zone)
    if not diary.series:
        return None
    count = _days_shown(diary)
    days = [first_day + dt.timedelta(days=number) for number in range(count)]

    def say(sentence: str, /, **values: Any) -> str:
        return Message(sentence, values).render(language)

    shown, counted = _shaded(results, first_day, count)
    lines = [
        Series(name, [(dt.datetime.combine(day, NOON), _value(low)) for day, low in zip(days, lows, strict=True)])
        for name, lows in _lines(diary, count, language)
    ]
    empty = np.isnan(np.array([one.low[:count] for one in diary.series])).all(axis=0)

    def span(first: int, last: int, label: str, *, missing: bool) -> Span:
        when = say("process_period", first=days[first].isoformat(), last=days[last].isoformat())
        words = f"{label}: {when}" if last > first else f"{label}: {days[first].isoformat()}"
        return Span(days[first], days[last] + dt.timedelta(days=1), label, missing, words)

    spans = [span(*days_, say("process_chart_missing"), missing=True) for days_ in stretches(empty)]
    label = say("process_chart_counted", name=_name(shown))
    spans += [span(*days_, label, missing=False) for days_ in stretches(counted)]
    values = {
        "points": len(diary.series),
        "hottest": format_number(max(float(one.celsius.max()) for one in diary.series), 1),
        "turnings": len(turnings),
        "rules": ("" if language.startswith("zh") else " ").join(
            say("process_chart_rule", name=one.rule.name, reason=one.reason) for one in results[:3]
        ),
    }
    return line_chart(
        lines,
        title=say("process_chart_title", batch=code),
        description=say("process_chart_description", **values),
        unit="°C",
        language=language,
        events=[
            Event(one.at.astimezone(zone), say("process_chart_turned"))
            for one in turnings
            if first_day <= one.at.astimezone(zone).date() <= days[-1]
        ],
        thresholds=_thresholds(results, language),
        spans=spans,
        distinct=True,
        width=width,
    )


def process_days(
    readings: Sequence[HeatReading],
    turnings: Sequence[Turning],
    results: Sequence[ProcessResult],
    *,
    first_day: dt.date,
    last_day: dt.date,
    zone: dt.tzinfo,
    language: str,
) -> dict[str, Any]:
    """The table beside the chart: ``points`` (names) and ``days``, each with the lowest reading of every point (None
    where missing), whether it was turned and whether the shaded rule counted it."""
    diary = Diary.of(readings, [one.at for one in turnings], first_day, last_day, zone)
    if not diary.series:
        return {"points": [], "days": []}
    count = _days_shown(diary)
    _, counted = _shaded(results, first_day, count)
    turned = set(diary.turnings.tolist())
    names = [point_name(one.point) for one in diary.series]
    return {
        "points": [name if isinstance(name, str) else name.render(language) for name in names],
        "days": [
            {
                "day": (first_day + dt.timedelta(days=number)).isoformat(),
                "low": [_value(one.low[number]) for one in diary.series],
                "missing": all(one.is_missing(number) for one in diary.series),
                "turned": number in turned,
                "counted": bool(counted[number]),
            }
            for number in range(count)
        ],
    }


def _days_shown(diary: Diary) -> int:
    measured = max(int(np.flatnonzero(~np.isnan(one.low))[-1]) for one in diary.series)
    turned = int(diary.turnings.max()) if len(diary.turnings) else 0
    return min(diary.count, max(measured, turned) + 1 + SHOWN_AFTER)


def _value(celsius: float) -> float | None:
    return None if np.isnan(celsius) else float(celsius)


def _lines(diary: Diary, count: int, language: str) -> list[tuple[str, Sequence[float]]]:
    """A line a point; of more points than lines can be told apart, the coldest and the hottest of each day."""
    if len(diary.series) > SERIES_COLOURS:
        lows = np.array([one.low[:count] for one in diary.series])
        none = np.isnan(lows).all(axis=0)
        coldest = np.where(none, np.nan, np.where(np.isnan(lows), np.inf, lows).min(axis=0))
        hottest = np.where(none, np.nan, np.where(np.isnan(lows), -np.inf, lows).max(axis=0))
        values = {"points": len(diary.series)}
        return [
            (Message("process_chart_coldest", values).render(language), coldest.tolist()),
            (Message("process_chart_hottest", values).render(language), hottest.tolist()),
        ]
    lines = []
    for one in diary.series:
        name = point_name(one.point)
        lines.append((name if isinstance(name, str) else name.render(language), one.low[:count].tolist()))
    return lines


def _shaded(results: Sequence[ProcessResult], first_day: dt.date, count: int) -> tuple[ProcessResult | None, Bools]:
    """The first result that counted days which can be shown, and those days."""
    for one in results:
        if one.option is not None:
            counted = _counted(one.option, first_day, count)
            if counted.any():
                return one, counted
    return None, np.zeros(count, dtype=np.bool_)


def _name(result: ProcessResult | None) -> str:
    if result is None or result.option is None:
        return ""
    option = result.option.option
    heat = f"{'>' if option.strict else '≥'} {format_number(option.at_least)} °C"
    return f"{heat} · {result.standard}" if result.standard else heat


def _counted(result: OptionResult, first_day: dt.date, count: int) -> Bools:
    """The days that the rule counted: at every point where every point must be hot, else at any."""
    flags = np.zeros((len(result.points), count), dtype=np.bool_)
    for row, one in zip(flags, result.points, strict=True):
        for period in one.periods:
            row[(period.first - first_day).days : (period.last - first_day).days + 1] = True
    every = result.option.points == "every"
    return np.asarray(flags.all(axis=0) if every else flags.any(axis=0), dtype=np.bool_)


def _thresholds(results: Sequence[ProcessResult], language: str) -> list[Threshold]:
    """One line a temperature; a single one is named after the standards that ask for it."""
    asked: dict[float, list[str]] = {}
    for one in results:
        options = [one.option] if one.option else list(one.options)
        for option in options:
            names = asked.setdefault(float(option.option.at_least), [])
            if one.standard and one.standard not in names:
                names.append(one.standard)
    if len(asked) > 1:  # one entry of the legend for all: a phone has no room for more
        label = Message("process_chart_asked").render(language)
        return [Threshold(celsius, label) for celsius in sorted(asked)]
    comma = "、" if language.startswith("zh") else ", "
    return [
        Threshold(celsius, f"{format_number(celsius)} °C" + (f" · {comma.join(names)}" if names else ""))
        for celsius, names in asked.items()
    ]
