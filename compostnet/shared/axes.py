"""Axes of a drawing: round ticks, their labels in the reader's language, and how wide a text will be.

Lengths are in units of the drawing (one unit is about one CSS pixel), sizes of type likewise.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compostnet.shared.display import NO_BREAK, format_month, format_number, is_chinese
from compostnet.shared.months import month_of

LARGEST = 1e300
"""Values are held inside ±LARGEST in a drawing, so that sums and spans stay finite."""
SMALLEST_SPAN = 1e-9
"""A span smaller than this share of the values is drawn as flat: floats cannot tell its ticks apart."""
NEGLIGIBLE = 1e-12
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WIDE, _NARROW, _CAPITAL = 1.0, 0.58, 0.72


@dataclass(frozen=True, slots=True)
class Axis:
    """The ends of an axis (``low < high``) and the values at which a line and a label stand, ascending."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where a value lies between the ends: 0 at ``low``, 1 at ``high``; held inside."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def text_width(text: str, size: float) -> float:
    """About how wide a text is when drawn: a Chinese character one em, Latin letters a little over half of one."""
    total = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            total += _WIDE
        elif unicodedata.combining(character):
            continue
        else:
            total += _CAPITAL if character.isupper() or character in "mwMW%@—…" else _NARROW
    return total * size


def shorten(text: str, size: float, room: float) -> str:
    """The text, cut with an ellipsis where it is wider than ``room``."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…" if text.strip() else ""


def drawable(value: float | None) -> float | None:
    """A value that can be drawn; None for a gap, NaN and infinities."""
    if value is None:
        return None
    number = float(value)
    return max(-LARGEST, min(LARGEST, number)) if math.isfinite(number) else None


def nice_axis(values: Iterable[float], *, ticks: int = 5, with_zero: bool = False) -> Axis:
    """An axis with round ends around finite ``values`` (0 to 1 where there are none), about ``ticks`` steps."""
    known = list(values)
    if with_zero or not known:
        known.append(0.0)
    low, high = min(known), max(known)
    size = max(abs(low), abs(high))
    if size < NEGLIGIBLE:
        low, high = 0.0, 1.0
    elif high - low <= size * SMALLEST_SPAN:
        low, high = low - size * 0.1, high + size * 0.1
    rough = high / ticks - low / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((nice * power for nice in _NICE if nice * power >= rough * (1 - 1e-9)), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = tuple(index * step for index in range(first, last + 1))
    return Axis(marks[0], marks[-1], marks)


def tick_labels(axis: Axis, language: str) -> list[str]:
    """The ticks in words, all with the same decimals; large ones in 万 and 亿 or in M and bn."""
    largest = max(abs(axis.low), abs(axis.high))
    if largest >= 1e12 or largest < 1e-4:
        return [_scientific(tick) for tick in axis.ticks]
    scales: Sequence[tuple[float, str]] = ((1e9, "bn"), (1e6, "M"))
    if is_chinese(language):
        scales = ((1e8, "亿"), (1e5, "万"))
    divisor, word = 1.0, ""
    for from_size, name in scales:
        if largest >= from_size:
            divisor, word = (1e4 if name == "万" else from_size), NO_BREAK + name
            break
    step = (axis.ticks[1] - axis.ticks[0]) / divisor
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**places - round(step * 10**places)) > 1e-6:
        places += 1
    labels = []
    for tick in axis.ticks:
        value = tick / divisor
        labels.append("0" if abs(value) < step / 2 else format_number(value, places) + word)
    return labels


def _scientific(value: float) -> str:
    """``1.5×10¹²``; one decimal is enough on an axis."""
    if not value:
        return "0"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def spread_labels(
    places: Sequence[float], labels: Sequence[str], *, size: float, low: float, high: float, gap: float = 10.0
) -> list[tuple[float, int]]:
    """Which labels to write so that none touches another or leaves ``low`` to ``high``: (centre, index) each.

    Every n-th label is kept, counted from the first; n is one that people count in (1, 2, 3, 4, 6, 12, 24, …).
    """
    if not labels:
        return []
    widths = [text_width(label, size) for label in labels]
    for step in (1, 2, 3, 4, 6, 12, *range(24, len(labels) + 24, 12)):
        chosen: list[tuple[float, int]] = []
        end = -math.inf
        fits = True
        for index in range(0, len(labels), step):
            half = widths[index] / 2
            centre = min(max(places[index], low + half), high - half)
            if centre - half < low - 1e-6 or centre - half < end + gap:
                fits = False
                break
            chosen.append((centre, index))
            end = centre + half
        if fits:
            return chosen
    half = widths[0] / 2
    return [(min(max(places[0], low + half), high - half), 0)]


def day_label(day: dt.datetime, language: str, *, with_time: bool = False) -> str:
    """``5月3日`` or ``3 May``; with the time of day where asked."""
    text = f"{day.month}月{day.day}日" if is_chinese(language) else f"{day.day} {_MONTHS[day.month - 1]}"
    return f"{text} {day:%H:%M}" if with_time else text


def time_ticks(first: dt.datetime, last: dt.datetime, language: str, most: int) -> list[tuple[dt.datetime, str]]:
    """At most ``most`` round times between two (hours, days or months) with their labels."""
    most = max(1, most)
    hours = (last - first).total_seconds() / 3600
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if hours < 48:
        for step in (1, 2, 3, 6, 12, 24):
            if hours / step < most:
                marks = [midnight + dt.timedelta(hours=step * n) for n in range(int(72 / step) + 1)]
                inside = [mark for mark in marks if first <= mark <= last]
                if inside:
                    return [(mark, day_label(mark, language, with_time=True)) for mark in inside][:most]
        return [(first, day_label(first, language, with_time=True))]
    days = hours / 24
    for step in (1, 2, 3, 5, 7, 10, 14, 21):
        if days / step < most:
            count = int(days / step) + 2
            marks = [midnight + dt.timedelta(days=step * n) for n in range(count)]
            return [(mark, day_label(mark, language)) for mark in marks if first <= mark <= last][:most]
    start, end = month_of(first.date()) + 1, month_of(last.date())
    step = next((n for n in (1, 2, 3, 4, 6, 12, 24, 60, 120, 240, 600, 1200) if (end - start) / n < most), 12000)
    chosen = [month for month in range(start, end + 1) if month % step == 0 or step == 1]
    return [
        (dt.datetime(month // 12, month % 12 + 1, 1), format_month(month, language, short=True))
        for month in chosen[:most]
    ]
