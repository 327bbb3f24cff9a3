"""Calendar months as integers, so that they can be compared, subtracted and used as array indices.

A month index is ``year * 12 + month - 1`` (January 2024 = 24288). Months neither overlap nor leave gaps: the month
after ``m`` is ``m + 1`` and its first day is the day after the last day of ``m``.
"""

from __future__ import annotations

import datetime as dt
import re

MONTH_TEXT = re.compile(r"^(\d{4})-(\d{2})$")


def month_of(day: dt.date) -> int:
    """The index of the month that a day lies in."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> dt.date:
    """The first day of a month."""
    return dt.date(month // 12, month % 12 + 1, 1)


def last_day(month: int) -> dt.date:
    """The last day of a month."""
    return first_day(month + 1) - dt.timedelta(days=1)


def month_text(month: int) -> str:
    """``2024-05`` for a month index."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def parse_month(text: str) -> int:
    """The month index of ``YYYY-MM``; ValueError for anything else."""
    match = MONTH_TEXT.match(text.strip())
    if not match or not 1 <= int(match[2]) <= 12 or not 1900 <= int(match[1]) <= 2999:
        raise ValueError(f"write a month as YYYY-MM, for example 2024-05 (found: {text!r})")
    return int(match[1]) * 12 + int(match[2]) - 1
