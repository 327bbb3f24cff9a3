"""Charts as accessible inline SVG: values in, text out. No script, no third-party code, no clock.

Every chart has a title and a description for screen readers (``role="img"``), a tooltip on each shape, and takes its
colours from the style sheet (``.chart-…`` in app.css), so that it follows light and dark. Unless a ``width`` is given
it is drawn for a phone, a half and a wide screen, and the style sheet shows the one that fits; type stays legible in
each. What is missing (None, NaN) is hatched or left as a gap and named in the legend; it is never drawn as zero.

The results are `Drawing`: a ``str`` that Django templates print without escaping (``{{ chart }}``). All texts passed in
are escaped. A chart does not replace its table: the page shows the numbers beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compostnet.shared.axes import (
    Axis,
    drawable,
    nice_axis,
    shorten,
    spread_labels,
    text_width,
    tick_labels,
    time_ticks,
)
from compostnet.shared.display import NO_BREAK, format_month, format_number
from compostnet.shared.texts import Message

X = float | int | dt.date | dt.datetime
Value = float | int | None

SERIES_COLOURS = 6
MOST_DOTS = 60
"""With more points than this a line carries no dots."""
_SIZES = (
    (360, 250, 13.0, "chart-narrow"),
    (600, 290, 13.0, "chart-medium"),
    (960, 330, 13.0, "chart-wide"),
)
"""Width, height, size of type and CSS class of the drawings."""


class Drawing(str):
    """A finished SVG text, safe to print into a page."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name in the reader's language and its points in ascending x; y None is a gap."""

    name: str
    points: Sequence[tuple[X, Value]]


@dataclass(frozen=True, slots=True)
class Event:
    """A vertical mark at x (a turning, say). Events with the same label share one entry of the legend."""

    x: X
    label: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A horizontal line at a value (55 °C, say), named in the legend."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the x axis from ``first`` to ``last``: shaded, or hatched where it stands for ``missing`` values.

    Spans with the same label share one entry of the legend. ``words``: the tooltip, the label if not given.
    """

    first: X
    last: X
    label: str
    missing: bool = False
    words: str = ""


def bar_chart(
    items: Sequence[tuple[str, Value]],
    *,
    title: str,
    description: str,
    unit: str,
    language: str,
    width: int | None = None,
    height: int | None = None,
    missing: str | None = None,
) -> Drawing:
    """One bar for each ``(label, value)``; None is hatched and explained by ``missing`` ("not estimated" if not given).

    Negative values hang below the zero line in another colour; zero is a hairline, so that it differs from a gap.
    """
    return stacked_bar_chart(
        [(label, (value,)) for label, value in items],
        names=("",),
        title=title,
        description=description,
        unit=unit,
        language=language,
        width=width,
        height=height,
        missing=missing,
    )


def stacked_bar_chart(
    items: Sequence[tuple[str, Sequence[Value]]],
    *,
    names: Sequence[str],
    title: str,
    description: str,
    unit: str,
    language: str,
    width: int | None = None,
    height: int | None = None,
    missing: str | None = None,
) -> Drawing:
    """Bars of several parts: ``items`` are ``(label, one value for each of names)``; positives up, negatives down.

    An item without any value is hatched; a single missing part is left out of its bar.
    """
    rows = [(label, [drawable(value) for value in values]) for label, values in items]
    has_gap = any(all(value is None for value in values) for _, values in rows)
    gap_text = missing or (Message("chart_missing").render(language) if has_gap else "")

    def draw(canvas: _Canvas) -> None:
        tops = [sum(v for v in values if v is not None and v > 0) for _, values in rows]
        bottoms = [sum(v for v in values if v is not None and v < 0) for _, values in rows]
        finite = [min(max(end, -1e300), 1e300) for end in (*tops, *bottoms)]
        absent = [all(v is None for v in values) for _, values in rows]
        legend = [_Key("square", number, name) for number, name in enumerate(names) if name]
        if any(absent):
            legend.append(_Key("hatch", 0, gap_text))
        canvas.lay_out(nice_axis(finite, with_zero=True), unit, legend)
        if not rows or all(absent):
            canvas.say_nothing_to_show()
        slot = canvas.plot_width / max(1, len(rows))
        bar = min(slot * 0.72, 56.0) if slot > 3 else slot
        for start, end in _runs(absent):
            canvas.hatch(canvas.left + start * slot, (end - start) * slot, gap_text)
        for index, (label, values) in enumerate(rows):
            left = canvas.left + index * slot + (slot - bar) / 2
            up = down = 0.0
            for number, value in enumerate(values):
                if value is None:
                    continue
                base = up if value >= 0 else down
                tip = min(max(base + value, -1e300), 1e300)
                colour = "chart-negative" if value < 0 and len(names) == 1 else _colour(number)
                words = _words(label, names[number], values[number], unit)
                canvas.bar(left, bar, base, tip, colour, words)
                if value >= 0:
                    up = tip
                else:
                    down = tip
        canvas.zero_line()
        centres = [canvas.left + (index + 0.5) * slot for index in range(len(rows))]
        canvas.x_labels(centres, [label for label, _ in rows])

    return _drawings(draw, title, description, language, width, height)


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    description: str,
    unit: str,
    language: str,
    events: Sequence[Event] = (),
    thresholds: Sequence[Threshold] = (),
    spans: Sequence[Span] = (),
    distinct: bool = False,
    x_is_month: bool = False,
    width: int | None = None,
    height: int | None = None,
) -> Drawing:
    """Lines over time or over numbers, with vertical marks for ``events`` and horizontal ``thresholds``.

    x is a date or datetime (times of one zone; the zone itself is not looked at), a month index with ``x_is_month``, or
    a plain number. The y axis need not start at zero. Each series needs its points in ascending x. ``spans`` lie behind
    the lines. With ``distinct`` each line has a dash and a mark of its own besides its colour.
    """
    lines = [(s.name, [(_x(x), drawable(y)) for x, y in s.points]) for s in series]
    marks = [(_x(event.x), event.label) for event in events]
    limits = [(drawable(t.value), t.label) for t in thresholds]
    areas = [(_x(span.first), _x(span.last), span) for span in spans]
    is_time = any(isinstance(x, dt.date) for s in series for x, _ in s.points) or any(
        isinstance(event.x, dt.date) for event in events
    )

    def draw(canvas: _Canvas) -> None:
        known = [y for _, points in lines for _, y in points if y is not None]
        sign = "marked line" if distinct else "line"
        legend = [_Key(sign, number, name) for number, (name, _) in enumerate(lines) if name]
        legend += [_Key("threshold", 0, label) for label in dict.fromkeys(label for _, label in limits) if label]
        legend += [_Key("event", 0, label) for label in dict.fromkeys(label for _, label in marks) if label]
        kinds = dict.fromkeys((span.missing, span.label) for span in spans if span.label)
        legend += [_Key("hatch" if missing else "span", 0, label) for missing, label in kinds]
        canvas.lay_out(nice_axis([*known, *(v for v, _ in limits if v is not None)]), unit, legend)
        xs = [x for _, points in lines for x, _ in points] + [x for x, _ in marks]
        xs += [x for first, last, _ in areas for x in (first, last)]
        if not known:
            canvas.say_nothing_to_show()
        across = _x_axis(xs)
        for first, last, span in areas:
            canvas.span(across.share(first), across.share(last), span.words or span.label, missing=span.missing)
        for value, label in limits:
            if value is not None:
                canvas.threshold(value, f"{label}: {format_number(value)}{NO_BREAK}{unit}")
        for x, label in marks:
            canvas.event(across.share(x), f"{label}: {_x_words(x, is_time, x_is_month, language)}")
        for number, (name, points) in enumerate(lines):
            placed = [(across.share(x), y, _x_words(x, is_time, x_is_month, language)) for x, y in points]
            canvas.line(placed, name, unit, _colour(number), number % SERIES_COLOURS if distinct else None)
        if xs:
            canvas.x_labels(*_x_ticks(across, is_time, x_is_month, language, canvas))

    return _drawings(draw, title, description, language, width, height)


# --- where things are on the x axis ---------------------------------------------------------------------------------


def _x(value: X) -> float:
    """A place on the x axis as a number; times as seconds since year 1, in their own zone's clock."""
    if isinstance(value, dt.datetime):
        return (value.replace(tzinfo=None) - dt.datetime(1, 1, 1)).total_seconds()
    if isinstance(value, dt.date):
        return float((value - dt.date(1, 1, 1)).days * 86400)
    return drawable(value) or 0.0


def _time(x: float) -> dt.datetime:
    return dt.datetime(1, 1, 1) + dt.timedelta(seconds=x)


def _x_axis(xs: Sequence[float]) -> Axis:
    low, high = (min(xs), max(xs)) if xs else (0.0, 1.0)
    size = max(abs(low), abs(high), 1e-6)
    if high - low <= size * 1e-12:
        low, high = low - max(size * 1e-6, 0.5), high + max(size * 1e-6, 0.5)
    return Axis(low, high, (low, high))


def _x_words(x: float, is_time: bool, is_month: bool, language: str) -> str:
    if is_time:
        return f"{_time(x):%Y-%m-%d %H:%M}"
    return format_month(round(x), language) if is_month else format_number(x)


def _x_ticks(
    across: Axis, is_time: bool, is_month: bool, language: str, canvas: _Canvas
) -> tuple[list[float], list[str]]:
    if is_time:
        sample = text_width("12月28日" if language.startswith("zh") else "28 May", canvas.size)
        most = int(canvas.plot_width / (sample + 14))
        low, high = max(across.low, 0.0), min(across.high, 3.15e11)
        found = time_ticks(_time(low), _time(high), language, most)
        places = [_x(when) for when, _ in found]
        labels = [label for _, label in found]
    elif is_month:
        places = [float(month) for month in range(round(across.low), round(across.high) + 1)][:2400]
        labels = [format_month(round(month), language, short=True) for month in places]
    else:
        axis = nice_axis([across.low, across.high])
        inside = [
            (tick, label)
            for tick, label in zip(axis.ticks, tick_labels(axis, language), strict=True)
            if across.low <= tick <= across.high
        ]
        places, labels = [tick for tick, _ in inside], [label for _, label in inside]
    return [canvas.left + across.share(place) * canvas.plot_width for place in places], labels


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Stretches of True as (first, one after last)."""
    runs: list[tuple[int, int]] = []
    for index, flag in enumerate(flags):
        if not flag:
            continue
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


# --- drawing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Key:
    """An entry of the legend: how its sign looks, the number of its colour, its words."""

    sign: str
    number: int
    words: str


def _colour(number: int) -> str:
    return f"chart-{number % SERIES_COLOURS + 1}"


def _clean(text: str) -> str:
    """Escaped, without characters that XML forbids."""
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co") or c in "\t\n")
    return html.escape(kept, quote=True)


def _words(label: str, name: str, value: float | None, unit: str) -> str:
    amount = f"{format_number(value)}{NO_BREAK}{unit}".rstrip()
    return ", ".join(part for part in (label, name) if part) + f": {amount}"


def _n(value: float) -> str:
    """A coordinate with one hundredth of a pixel."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


_DASHES = ("", "9 3", "3 3", "12 3 3 3", "6 2", "2 4")


def _dash(look: int) -> str:
    """The attribute of a line's dash."""
    return f' stroke-dasharray="{_DASHES[look]}"' if _DASHES[look] else ""


def _dot(look: int, x: float, y: float) -> str:
    """The path of a dot: circle, square, triangle, diamond, upside-down triangle, upright bar."""
    shapes = (
        "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
        "m-3.2 -3.2h6.4v6.4h-6.4z",
        "m-4 3.2h8l-4 -7.2z",
        "m0 -4.6l4.4 4.6l-4.4 4.6l-4.4 -4.6z",
        "m-4 -3.2h8l-4 7.2z",
        "m-1.8 -4.6h3.6v9.2h-3.6z",
    )
    return f"M{_n(x)} {_n(y)}{shapes[look]}"


class _Canvas:
    """One drawing under way: its margins, its y axis, and the SVG parts written so far."""

    def __init__(self, width: int, height: int, size: float, mark: str, language: str) -> None:
        self.width, self.height, self.size, self.mark, self.language = float(width), float(height), size, mark, language
        self.parts: list[str] = []
        self.left, self.right, self.top, self.bottom = 40.0, self.width - 8, 20.0, self.height - 24
        self.axis = Axis(0, 1, (0, 1))

    @property
    def plot_width(self) -> float:
        return self.right - self.left

    def y(self, value: float) -> float:
        return self.bottom - self.axis.share(value) * (self.bottom - self.top)

    def lay_out(self, axis: Axis, unit: str, legend: Sequence[_Key]) -> None:
        """Margins from the widest label and the legend's rows, then grid, tick labels and unit."""
        self.axis = axis
        labels = tick_labels(axis, self.language)
        widest = max((text_width(label, self.size) for label in labels), default=0.0)
        self.left = min(widest + 12, self.width * 0.4)
        self.bottom = self.height - self.size * 2.3
        rows = self._legend(legend)
        unit = shorten(unit, self.size, self.width - 8)
        self.top = rows * self.size * 1.6 + self.size * (2.4 if unit else 1.0)
        if unit:
            self.text(4, self.top - self.size * 1.15, unit, "start")
        # Only as many tick labels as have room below each other.
        room = (self.bottom - self.top) / max(1, len(labels) - 1)
        step = max(1, -(-int(self.size * 1.45) // max(1, int(room))))
        for index, (tick, label) in enumerate(zip(axis.ticks, labels, strict=True)):
            if index % step:
                continue
            y = self.y(tick)
            self.parts.append(
                f'<line class="chart-grid" x1="{_n(self.left)}" y1="{_n(y)}" x2="{_n(self.right)}" y2="{_n(y)}"/>'
            )
            self.text(self.left - 6, y + self.size * 0.35, shorten(label, self.size, self.left - 6), "end")

    def _legend(self, legend: Sequence[_Key]) -> int:
        """Draw the legend at the top; answers the number of its rows."""
        x, row = 4.0, 0
        for key in legend:
            words = shorten(key.words, self.size, self.width - 40)
            needed = 26 + text_width(words, self.size)
            if x > 4 and x + needed > self.width - 4:
                x, row = 4.0, row + 1
            y = row * self.size * 1.6 + self.size
            self._sign(key, x, y - self.size * 0.35)
            self.text(x + 24, y, words, "start", "chart-text chart-key")
            x += needed + 14
        return row + 1 if legend else 0

    def _sign(self, key: _Key, x: float, y: float) -> None:
        line = f'x1="{_n(x)}" y1="{_n(y)}" x2="{_n(x + 18)}" y2="{_n(y)}"'
        if key.sign == "marked line":
            look = key.number % SERIES_COLOURS
            self.parts.append(f'<line class="chart-line {_colour(key.number)}"{_dash(look)} {line}/>')
            self.parts.append(f'<path class="chart-dot {_colour(key.number)}" d="{_dot(look, x + 9, y)}"/>')
        elif key.sign == "span":
            self._shade(x + 1, y - 6, 16, 12, "")
        elif key.sign == "line":
            self.parts.append(f'<line class="chart-line {_colour(key.number)}" {line}/>')
        elif key.sign == "threshold":
            self.parts.append(f'<line class="chart-threshold" {line}/>')
        elif key.sign == "event":
            self._event_mark(x + 9, y - 4)
        else:
            fill = f'fill="url(#{self.mark}-hatch)" class="chart-gap"' if key.sign == "hatch" else ""
            colour = fill or f'class="{_colour(key.number)}"'
            self.parts.append(f'<rect {colour} x="{_n(x + 2)}" y="{_n(y - 5)}" width="14" height="10"/>')

    def _event_mark(self, x: float, y: float) -> None:
        self.parts.append(f'<path class="chart-event-mark" d="M{_n(x - 4)} {_n(y)}h8l-4 7z"/>')

    def text(self, x: float, y: float, words: str, anchor: str, style: str = "chart-text") -> None:
        if words:
            self.parts.append(
                f'<text class="{style}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" '
                f'font-size="{_n(self.size)}">{_clean(words)}</text>'
            )

    def bar(self, left: float, width: float, base: float, tip: float, colour: str, words: str) -> None:
        """A bar between two values; one of no height becomes a hairline."""
        upper, lower = sorted((self.y(base), self.y(tip)))
        if lower - upper < 1:
            upper = min(max(upper, self.top), self.bottom - 1)
            lower = upper + 1
        self.parts.append(
            f'<rect class="{colour}" x="{_n(left)}" y="{_n(upper)}" width="{_n(width)}" height="{_n(lower - upper)}">'
            f"<title>{_clean(words)}</title></rect>"
        )

    def span(self, first: float, last: float, words: str, *, missing: bool) -> None:
        """A stretch of the plot between two shares of its width, behind everything else."""
        left, width = self.left + first * self.plot_width, max(1.0, (last - first) * self.plot_width)
        left = min(left, self.right - width)
        if missing:
            self.hatch(left, width, words)
        else:
            self._shade(left, self.top, width, self.bottom - self.top, f"<title>{_clean(words)}</title>")

    def _shade(self, x: float, y: float, width: float, height: float, title: str) -> None:
        """A shaded stretch under a bar, so that it is seen without its colour too."""
        place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}"'
        self.parts.append(f'<rect class="chart-4" fill-opacity="0.16" {place} height="{_n(height)}">{title}</rect>')
        self.parts.append(f'<rect class="chart-4" {place} height="3"/>')

    def hatch(self, left: float, width: float, words: str) -> None:
        """A hatched stretch for what is not known."""
        self.parts.append(
            f'<rect class="chart-gap" fill="url(#{self.mark}-hatch)" x="{_n(left + 0.5)}" y="{_n(self.top)}" '
            f'width="{_n(max(0.5, width - 1))}" height="{_n(self.bottom - self.top)}">'
            f"<title>{_clean(words)}</title></rect>"
        )

    def zero_line(self) -> None:
        y = self.y(0.0)
        self.parts.append(
            f'<line class="chart-axis" x1="{_n(self.left)}" y1="{_n(y)}" x2="{_n(self.right)}" y2="{_n(y)}"/>'
        )

    def threshold(self, value: float, words: str) -> None:
        y = self.y(value)
        self.parts.append(
            f'<line class="chart-threshold" x1="{_n(self.left)}" y1="{_n(y)}" x2="{_n(self.right)}" y2="{_n(y)}">'
            f"<title>{_clean(words)}</title></line>"
        )

    def event(self, share: float, words: str) -> None:
        x = self.left + share * self.plot_width
        self.parts.append(
            f'<g><title>{_clean(words)}</title><line class="chart-event" x1="{_n(x)}" y1="{_n(self.top)}" '
            f'x2="{_n(x)}" y2="{_n(self.bottom)}"/>'
        )
        self._event_mark(x, self.top)
        self.parts.append("</g>")

    def line(
        self,
        points: Sequence[tuple[float, float | None, str]],
        name: str,
        unit: str,
        colour: str,
        look: int | None = None,
    ) -> None:
        """A line through (share of the width, value, x in words), broken at gaps, with dots where they have room.

        ``look``: its dash and the shape of its dots; None for a plain line with round dots.
        """
        pieces: list[list[str]] = [[]]
        dots: list[str] = []
        for share, value, where in points:
            if value is None:
                pieces.append([])
                continue
            x, y = self.left + share * self.plot_width, self.y(value)
            pieces[-1].append(f"{_n(x)} {_n(y)}")
            words = f"<title>{_clean(_words(name, where, value, unit))}</title>"
            if look is None:
                dots.append(f'<circle class="chart-dot {colour}" cx="{_n(x)}" cy="{_n(y)}" r="3">{words}</circle>')
            else:
                dots.append(f'<path class="chart-dot {colour}" d="{_dot(look, x, y)}">{words}</path>')
        self.parts.extend(
            f'<path class="chart-line {colour}"{"" if look is None else _dash(look)} d="M{"L".join(piece)}"/>'
            for piece in pieces
            if len(piece) > 1
        )
        if len(dots) <= MOST_DOTS:
            self.parts.extend(dots)
        elif look is not None:  # some dots, so that its shape tells the line; and all that stand alone
            alone = {sum(map(len, pieces[:number])) for number, piece in enumerate(pieces) if len(piece) == 1}
            step = -(-len(dots) // 12)
            self.parts.extend(dot for number, dot in enumerate(dots) if number % step == 0 or number in alone)
        else:  # a point between two gaps has no line, so it must keep its dot
            lonely = {piece[0] for piece in pieces if len(piece) == 1}
            self.parts.extend(
                f'<circle class="chart-dot {colour}" cx="{at.split()[0]}" cy="{at.split()[1]}" r="3"/>'
                for at in sorted(lonely)
            )

    def x_labels(self, places: Sequence[float], labels: Sequence[str]) -> None:
        """Labels below the plot, thinned until none touches another; a small tick above each."""
        short = [shorten(label, self.size, self.width * 0.45) for label in labels]
        for centre, index in spread_labels(places, short, size=self.size, low=2, high=self.width - 2):
            x = places[index]
            self.parts.append(
                f'<line class="chart-axis" x1="{_n(x)}" y1="{_n(self.bottom)}" '
                f'x2="{_n(x)}" y2="{_n(self.bottom + 4)}"/>'
            )
            self.text(centre, self.bottom + self.size * 1.75, short[index], "middle")

    def say_nothing_to_show(self) -> None:
        words = shorten(Message("chart_empty").render(self.language), self.size, self.plot_width)
        self.text(
            (self.left + self.right) / 2,
            (self.top + self.bottom) / 2 + self.size * 0.35,
            words,
            "middle",
            "chart-strong chart-over",
        )


def _drawings(
    draw: Callable[[_Canvas], None],
    title: str,
    description: str,
    language: str,
    width: int | None,
    height: int | None,
    canvas_type: type[_Canvas] = _Canvas,
) -> Drawing:
    """The chart in each of `_SIZES`, or one of the width that is asked for."""
    sizes = [(w, height or h, size, mark) for w, h, size, mark in _SIZES]
    if width is not None:
        sizes = [(max(160, width), height or round(width * 0.5), 13.0 if width < 600 else 14.0, "chart-single")]
    texts = []
    for one_width, one_height, size, mark in sizes:
        canvas = canvas_type(one_width, max(120, one_height), size, mark, language)
        draw(canvas)
        body = "".join(canvas.parts)
        # Ids must differ between the charts of a page and be the same each time the page is made.
        digest = hashlib.sha256(f"{title}|{description}|{body}".encode("utf-8", "replace")).hexdigest()[:10]
        own = f"c{digest}"
        body = body.replace(f"url(#{mark}-hatch)", f"url(#{own}-hatch)")
        pattern = (
            f'<defs><pattern id="{own}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><path class="chart-hatch" d="M0 0v6"/></pattern></defs>'
        )
        texts.append(
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{mark}" role="img" lang="{_clean(language)}" '
            f'viewBox="0 0 {_n(canvas.width)} {_n(canvas.height)}" aria-labelledby="{own}-t {own}-d">'
            f'<title id="{own}-t">{_clean(title)}</title><desc id="{own}-d">{_clean(description)}</desc>'
            f"{pattern if 'hatch' in body else ''}{body}</svg>"
        )
    return Drawing(f'<div class="chart">{"".join(texts)}</div>')
