"""Many measurements over time as points, with what is known of each: a value, only a bound, or only a range.

A value is a full dot; a bound is a hollow dot with an arrow to the side on which the value lies; a range is a bar.
However many points there are, they are a few paths. Colours and sizes as in `compostnet.shared.charts`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compostnet.shared.axes import nice_axis
from compostnet.shared.charts import (
    Drawing,
    _Canvas,
    _clean,
    _drawings,
    _Key,
    _n,
    _x,
    _x_axis,
    _x_ticks,
)
from compostnet.shared.display import NO_BREAK, format_number
from compostnet.shared.texts import Message

Kind = Literal["value", "below", "above", "range"]
KINDS: tuple[Kind, ...] = ("value", "below", "above", "range")
MOST_TITLES = 150
"""With more points than this they carry no tooltips; the table beside the chart has their values."""
_SHAPES = {
    "value": "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z",
    "below": "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0zm3.4 3.4v8m-2.6 -3l2.6 3l2.6 -3",
    "above": "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0zm3.4 -3.4v-8m-2.6 3l2.6 -3l2.6 3",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement: its day, the interval that its value lies in, and words for its tooltip.

    low = high: a value. low None: at most high. high None: at least low. Otherwise a range.
    """

    x: dt.date
    low: float | None
    high: float | None
    label: str = ""

    @property
    def kind(self) -> Kind:
        """How it is drawn."""
        if self.low is None:
            return "below"
        if self.high is None:
            return "above"
        return "value" if self.low == self.high else "range"


@dataclass(frozen=True, slots=True)
class Line:
    """A limit: its value, on which side of it values may lie (``≤``), and whose it is."""

    value: float
    sign: str
    label: str


LOOKS = 6
"""Dashes that tell limits apart (``.chart-limit-1`` … in the style sheet)."""


class _Scatter(_Canvas):
    """A canvas whose legend knows the marks of measurements and a dash for each limit."""

    def _sign(self, key: _Key, x: float, y: float) -> None:
        if key.sign == "limit":
            self.parts.append(
                f'<line class="chart-threshold chart-limit-{key.number}" x1="{_n(x)}" y1="{_n(y)}" '
                f'x2="{_n(x + 20)}" y2="{_n(y)}"/>'
            )
        else:
            kind: Kind = next(kind for kind in KINDS if kind == key.sign)
            rise = {"below": -4.0, "above": 4.0}.get(kind, 0.0)
            self._path(kind, [_bar(x + 9, y - 5, y + 5) if kind == "range" else _at(kind, x + 9, y + rise)], "")

    def _path(self, kind: Kind, pieces: list[str], words: str) -> None:
        dot = "chart-dot chart-1" if len(pieces) == 1 else "chart-cloud chart-1"  # a rim would eat its neighbours
        style = "chart-line chart-1" if kind == "range" else dot if kind == "value" else "chart-arrow"
        title = f"<title>{_clean(words)}</title>" if words else ""
        self.parts.append(f'<path class="{style}" d="{"".join(pieces)}">{title}</path>')

    def limit(self, number: int, value: float, words: str) -> None:
        """A limit as a dashed line across the plot."""
        y = self.y(value)
        self.parts.append(
            f'<line class="chart-threshold chart-limit-{number}" x1="{_n(self.left)}" y1="{_n(y)}" '
            f'x2="{_n(self.right)}" y2="{_n(y)}"><title>{_clean(words)}</title></line>'
        )

    def measurements(self, kind: Kind, placed: Sequence[tuple[float, Measured]], unit: str) -> None:
        """Every measurement of one kind: one path each with a tooltip, or all in one path where there are many."""
        pieces = []
        for x, point in placed:
            if kind == "range":
                pieces.append(_bar(x, self.y(point.low or 0.0), self.y(point.high or 0.0)))
            else:
                pieces.append(_at(kind, x, self.y(point.high or 0.0 if kind == "below" else point.low or 0.0)))
        if len(placed) > MOST_TITLES:
            self._path(kind, pieces, "")
            return
        for piece, (_, point) in zip(pieces, placed, strict=True):
            self._path(kind, [piece], _words(point, unit))


def scatter_chart(
    points: Sequence[Measured],
    *,
    title: str,
    description: str,
    unit: str,
    language: str,
    lines: Sequence[Line] = (),
    width: int | None = None,
    height: int | None = None,
) -> Drawing:
    """Points over time with the limits as horizontal ``lines``; equal ones share a line and an entry of the legend."""
    kinds = {kind: [point for point in points if point.kind == kind] for kind in KINDS}
    limits: dict[tuple[float, str], list[str]] = {}
    for line in lines:
        limits.setdefault((line.value, line.sign), []).append(line.label)
    named = [
        (value, number % LOOKS + 1, f"{sign} {format_number(value)} {', '.join(dict.fromkeys(labels))}".strip())
        for number, ((value, sign), labels) in enumerate(limits.items())
    ]
    legend = [_Key(kind, 0, Message(f"scatter_{kind}").render(language)) for kind in KINDS if kinds[kind]]
    legend += [_Key("limit", look, words) for _, look, words in named]

    def draw(canvas: _Canvas) -> None:
        if not isinstance(canvas, _Scatter):
            raise TypeError("a scatter chart is drawn on its own canvas")
        known = [value for point in points for value in (point.low, point.high) if value is not None]
        known += [value for value, _, _ in named]
        near_zero = not known or 0 <= min(known) < max(known) / 2  # a pH of 6 to 9 needs no zero
        canvas.lay_out(nice_axis(known, with_zero=near_zero), unit, legend)
        if not points:
            canvas.say_nothing_to_show()
        across = _x_axis([_x(point.x) for point in points])
        for value, look, words in named:
            canvas.limit(look, value, words)
        for kind, found in kinds.items():
            placed = [(canvas.left + across.share(_x(point.x)) * canvas.plot_width, point) for point in found]
            if placed:
                canvas.measurements(kind, placed, unit)
        if points:
            canvas.x_labels(*_x_ticks(across, True, False, language, canvas))

    return _drawings(draw, title, description, language, width, height, _Scatter)


def _at(kind: Kind, x: float, y: float) -> str:
    return f"M{_n(x)} {_n(y)}{_SHAPES[kind]}"


def _bar(x: float, first: float, second: float) -> str:
    return f"M{_n(x)} {_n(first)}V{_n(second)}"


def _words(point: Measured, unit: str) -> str:
    low = "" if point.low is None else format_number(point.low)
    high = "" if point.high is None else format_number(point.high)
    amount = {"value": high, "below": f"≤ {high}", "above": f"≥ {low}", "range": f"{low}–{high}"}[point.kind]
    return f"{point.label} {point.x:%Y-%m-%d}: {amount}{NO_BREAK}{unit}".strip()
