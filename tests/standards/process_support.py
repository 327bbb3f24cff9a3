"""What the tests of process rules share: diaries and rules without ceremony."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from standards.process.rules import HeatReading, ProcessResult, Turning, check_process
from standards.process.schema import ProcessRule

ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.date(2026, 3, 1)


def day(number: int) -> dt.date:
    """The day ``number`` after the first."""
    return DAY + dt.timedelta(days=number)


def at(number: int, hour: int = 8) -> dt.datetime:
    """An hour of a day, by the site's clock."""
    return dt.datetime.combine(day(number), dt.time(hour), ZONE)


def diary(**points: list[float | None]) -> list[HeatReading]:
    """``P1=[60.0, None, 58.0]``: a reading a day from the first day on; None is a day without."""
    return [
        HeatReading(point, at(number), value)
        for point, values in points.items()
        for number, value in enumerate(values)
        if value is not None
    ]


def turns(*days: int) -> list[Turning]:
    return [Turning(at(number, 9)) for number in days]


def option(**fields) -> dict:
    return {"id": "way", **fields}


def rule(options: dict | list[dict], **more) -> ProcessRule:
    """A rule with one way, or several."""
    text = {"zh": "高温", "en": "heat"}
    return ProcessRule.model_validate(
        {
            "id": "heat",
            "name": text,
            "any_of": [options] if isinstance(options, dict) else options,
            "clause": text,
            "source": "test",
            "grade": "A",
            **more,
        }
    )


def result(options, readings, turnings=(), *, days=None, more=None, **known) -> ProcessResult:
    """One rule against a diary that ends with its last entry, or has ``days`` days."""
    last = max((one.at.astimezone(ZONE).date() for one in readings), default=DAY)
    if days is None:
        days = (last - DAY).days + 1
    return check_process(
        readings,
        list(turnings),
        [rule(options, **(more or {}))],
        first_day=DAY,
        last_day=day(days - 1),
        zone=ZONE,
        **known,
    )[0]
