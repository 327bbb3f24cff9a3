"""Bars that lie on their side, one a row, each with the interval that its value lies in: for names, not for time.

A row without a value is hatched and named in the legend; zero is a hairline. Colours and sizes as in
`compostnet.shared.charts`; the table beside the chart has the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compostnet.shared.axes import drawable, nice_axis, shorten, spread_labels, text_width, tick_labels
from compostnet.shared.charts import Drawing, Value, _Canvas, _clean, _drawings, _Key, _n
from compostnet.shared.display import NO_BREAK, format_number
from compostnet.shared.texts import Message

_LABEL_SHARE = 0.3
"""The most of the width that the names take; on a narrow drawing they stand above their bars instead."""
_NARROW = 500


@dataclass(frozen=True, slots=True)
class Ranged:
    """One row: its name, its value (None: not known) and the ends of its interval, where there is one."""

    label: str
    value: Value
    low: Value = None
    high: Value = None


class _Rows(_Canvas):
    """A canvas whose values run from left to right."""

    def x(self, value: float) -> float:
        return self.left + self.axis.share(value) * self.plot_width

    def _sign(self, key: _Key, x: float, y: float) -> None:
        if key.sign == "interval":
            self.whisker(x + 2, x + 16, y)
        else:
            super()._sign(key, x, y)

    def whisker(self, first: float, last: float, y: float, words: str = "") -> None:
        """A line with caps from one place to another."""
        title = f"<title>{_clean(words)}</title>" if words else ""
        self.parts.append(
            f'<path class="chart-whisker" d="M{_n(first)} {_n(y - 4)}v8M{_n(first)} {_n(y)}H{_n(last)}'
            f'M{_n(last)} {_n(y - 4)}v8">{title}</path>'
        )

    def start(self, values: Sequence[float], labels: Sequence[str], unit: str, legend: Sequence[_Key]) -> None:
        """Margins, legend, the lines of the ticks with their numbers below, and the unit."""
        self.axis = nice_axis(values, ticks=4 if self.width < _NARROW else 6, with_zero=True)
        rows = self._legend(legend)
        self.top = rows * self.size * 1.6 + self.size * 0.6
        self.bottom = self.height - self.size * 2.4
        above = self.width < _NARROW
        widest = max((text_width(label, self.size) for label in labels), default=0.0)
        self.left = 8.0 if above else min(widest + 12, self.width * _LABEL_SHARE)
        self.right = self.width - 14
        places = [self.x(tick) for tick in self.axis.ticks]
        for x in places:
            self.parts.append(
                f'<line class="chart-grid" x1="{_n(x)}" y1="{_n(self.top)}" x2="{_n(x)}" y2="{_n(self.bottom)}"/>'
            )
        words = tick_labels(self.axis, self.language)
        words[-1] = f"{words[-1]}{NO_BREAK}{unit}".rstrip()
        for centre, index in spread_labels(places, words, size=self.size, low=2, high=self.width - 2):
            self.text(centre, self.bottom + self.size * 1.5, words[index], "middle")


def range_chart(
    rows: Sequence[Ranged],
    *,
    title: str,
    description: str,
    unit: str,
    language: str,
    interval: str = "",
    missing: str | None = None,
    width: int | None = None,
) -> Drawing:
    """A bar from zero for each row, with a whisker for its interval; ``interval`` names the whisker in the legend."""
    known = [(row, drawable(row.value), drawable(row.low), drawable(row.high)) for row in rows]
    has_gap = any(value is None for _, value, _, _ in known)
    gap_text = missing or (Message("chart_missing").render(language) if has_gap else "")
    legend = []
    if interval and any(low is not None and high is not None for _, _, low, high in known):
        legend.append(_Key("interval", 0, interval))
    if has_gap:
        legend.append(_Key("hatch", 0, gap_text))

    def draw(canvas: _Canvas) -> None:
        if not isinstance(canvas, _Rows):
            raise TypeError("a range chart is drawn on its own canvas")
        values = [end for _, value, low, high in known for end in (value, low, high) if end is not None]
        canvas.start(values, [row.label for row in rows], unit, legend)
        if not values:
            canvas.say_nothing_to_show()
        slot = (canvas.bottom - canvas.top) / max(1, len(rows))
        above = canvas.width < _NARROW
        for number, (row, value, low, high) in enumerate(known):
            top = canvas.top + number * slot
            bar = slot * (0.36 if above else 0.56)
            middle = top + (slot * 0.72 if above else slot / 2)
            if above:
                canvas.text(
                    canvas.left,
                    top + slot * 0.4,
                    shorten(row.label, canvas.size, canvas.plot_width),
                    "start",
                    "chart-text chart-over",
                )
            else:
                label = shorten(row.label, canvas.size, canvas.left - 10)
                canvas.text(canvas.left - 8, middle + canvas.size * 0.35, label, "end")
            words = _words(row, unit)
            if value is None:
                canvas.parts.append(
                    f'<rect class="chart-gap" fill="url(#{canvas.mark}-hatch)" x="{_n(canvas.left)}" '
                    f'y="{_n(middle - bar / 2)}" width="{_n(canvas.plot_width)}" height="{_n(bar)}">'
                    f"<title>{_clean(f'{row.label}: {gap_text}')}</title></rect>"
                )
                continue
            first, last = sorted((canvas.x(0.0), canvas.x(value)))
            colour = "chart-negative" if value < 0 else "chart-1"
            canvas.parts.append(
                f'<rect class="{colour}" x="{_n(first)}" y="{_n(middle - bar / 2)}" '
                f'width="{_n(max(1.0, last - first))}" height="{_n(bar)}"><title>{_clean(words)}</title></rect>'
            )
            if low is not None and high is not None:
                canvas.whisker(canvas.x(low), canvas.x(high), middle, words)
        zero = canvas.x(0.0)
        canvas.parts.append(
            f'<line class="chart-axis" x1="{_n(zero)}" y1="{_n(canvas.top)}" x2="{_n(zero)}" y2="{_n(canvas.bottom)}"/>'
        )

    height = 80 + 40 * max(1, len(rows))
    return _drawings(draw, title, description, language, width, height, _Rows)


def _words(row: Ranged, unit: str) -> str:
    """The tooltip of a row: its value and its interval."""
    amount = f"{row.label}: {format_number(row.value)}{NO_BREAK}{unit}".rstrip()
    if row.low is None or row.high is None:
        return amount
    return f"{amount} ({format_number(row.low)} – {format_number(row.high)})"
