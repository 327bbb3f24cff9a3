"""Drawings of documents: bars by month, parts of a whole, cards with a large number. Values in, flowables out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.platypus import Flowable, Paragraph

from compostnet.shared.axes import nice_axis, tick_labels
from compostnet.shared.pdf.look import INK, LEAF, LEAF_SOFT, LINE, LINE_STRONG, MUTED, WARN, Look, fit, put, put_right

SHADES = tuple(HexColor(code) for code in (0x1D6A45, 0x6FA37F, 0xD9B382, 0xB3661A, 0x2A6F9E, 0x8A9388, 0x7D7A1E))
BELOW = HexColor(0xB3661A)
SIZE = 6.8
"""Size of the type in drawings, in points."""


def hatch(canvas: Any, x: float, y: float, width: float, height: float, step: float = 4.0) -> None:
    """Slanted lines over a rectangle: there is no value here."""
    canvas.saveState()
    clip = canvas.beginPath()
    clip.rect(x, y, width, height)
    canvas.clipPath(clip, stroke=0, fill=0)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.6)
    start = x - height
    while start < x + width:
        canvas.line(start, y, start + height, y + height)
        start += step
    canvas.restoreState()


class Bars(Flowable):  # type: ignore[misc]
    """One bar for each (label, value); None is hatched and named; what is below zero hangs in another colour.

    ``low_high``: for each bar its interval or None, drawn as a whisker.
    """

    def __init__(
        self,
        look: Look,
        items: Sequence[tuple[str, float | None]],
        *,
        unit: str,
        missing: str,
        height: float = 118,
        low_high: Sequence[Sequence[float] | None] = (),
    ) -> None:
        super().__init__()
        self.look, self.items, self.unit, self.missing, self.tall = look, list(items), unit, missing, height
        self.low_high = list(low_high) or [None] * len(self.items)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, self.tall
        return self.width, self.height

    def draw(self) -> None:
        canvas, look = self.canv, self.look
        ends = [end for pair in self.low_high if pair for end in pair]
        axis = nice_axis([value for _, value in self.items if value is not None] + ends, ticks=4, with_zero=True)
        labels = tick_labels(axis, look.language)
        left = max(look.faces.width(label, SIZE) for label in labels) + 6
        bottom, top = 14.0, self.height - 14
        wide = self.width - left

        def y(value: float) -> float:
            return bottom + axis.share(value) * (top - bottom)

        put(canvas, look, 0, self.height - 7, fit(look, self.unit, SIZE, self.width * 0.6), SIZE, colour=MUTED)
        gaps = any(value is None for _, value in self.items)
        if gaps:
            words = fit(look, self.missing, SIZE, self.width * 0.35)
            start = self.width - look.faces.width(words, SIZE)
            hatch(canvas, start - 16, self.height - 9, 12, 8)
            put(canvas, look, start, self.height - 7, words, SIZE, colour=MUTED)
        canvas.setLineWidth(0.4)
        for tick, label in zip(axis.ticks, labels, strict=True):
            canvas.setStrokeColor(LINE)
            canvas.line(left, y(tick), self.width, y(tick))
            put_right(canvas, look, left - 4, y(tick) - SIZE * 0.35, label, SIZE, colour=MUTED)
        slot = wide / max(1, len(self.items))
        bar = min(slot * 0.7, 34.0)
        zero = y(0.0)
        for number, (_, value) in enumerate(self.items):
            x = left + number * slot + (slot - bar) / 2
            if value is None:
                hatch(canvas, left + number * slot, bottom, slot, top - bottom)
                continue
            canvas.setFillColor(LEAF if value >= 0 else BELOW)
            canvas.rect(x, min(zero, y(value)), bar, abs(y(value) - zero), stroke=0, fill=1)
            pair = self.low_high[number]
            if pair:
                canvas.setStrokeColor(INK)
                canvas.setLineWidth(0.6)
                middle = x + bar / 2
                canvas.line(middle, y(pair[0]), middle, y(pair[1]))
        canvas.setStrokeColor(LINE_STRONG)
        canvas.setLineWidth(0.8)
        canvas.line(left, zero, self.width, zero)
        self._labels(left, slot)

    def _labels(self, left: float, slot: float) -> None:
        """As many labels as fit without touching; the last bar keeps its own."""
        look = self.look
        widest = max((look.faces.width(label, SIZE) for label, _ in self.items), default=0.0)
        every = max(1, -(-int(widest + 6) // max(1, int(slot))))
        last = len(self.items) - 1
        for number, (label, _) in enumerate(self.items):
            if (last - number) % every:
                continue
            width = look.faces.width(label, SIZE)
            middle = left + (number + 0.5) * slot
            x = min(max(left, middle - width / 2), self.width - width)
            put(self.canv, look, x, 3, label, SIZE, colour=MUTED)


class Rows(Flowable):  # type: ignore[misc]
    """Level bars, one below the other: (name, value, what is said of it); None is hatched and named."""

    ROW, NAMES, WORDS = 11.5, 0.26, 0.16

    def __init__(self, look: Look, rows: Sequence[tuple[str, float | None, str]], *, missing: str) -> None:
        super().__init__()
        self.look, self.rows, self.missing = look, list(rows), missing

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, self.ROW * len(self.rows) + 2
        return self.width, self.height

    def draw(self) -> None:
        canvas, look = self.canv, self.look
        left, room = self.width * self.NAMES, self.width * (1 - self.NAMES - self.WORDS)
        most = max((abs(value) for _, value, _ in self.rows if value is not None), default=0.0) or 1.0
        for number, (name, value, words) in enumerate(self.rows):
            y = self.height - (number + 1) * self.ROW
            put(canvas, look, 0, y + 2.6, fit(look, name, SIZE + 0.4, left - 8), SIZE + 0.4)
            if value is None:
                hatch(canvas, left, y + 1.5, room * 0.2, self.ROW - 3.5)
                put(canvas, look, left + room * 0.2 + 4, y + 2.6, self.missing, SIZE, colour=MUTED)
                continue
            canvas.setFillColor(LEAF if value >= 0 else BELOW)
            long = max(0.6, room * abs(value) / most)
            canvas.rect(left, y + 1.5, long, self.ROW - 3.5, stroke=0, fill=1)
            put(canvas, look, left + long + 4, y + 2.6, words, SIZE, colour=INK)


class Parts(Flowable):  # type: ignore[misc]
    """Parts of a whole as one bar, with its legend: (name, share of one, what is said of it)."""

    def __init__(self, look: Look, parts: Sequence[tuple[str, float, str]], height: float = 9) -> None:
        super().__init__()
        self.look, self.parts, self.bar = look, list(parts), height
        pieces: list[tuple[str, bool, Color | None]] = []
        for number, (name, _, words) in enumerate(self.parts):
            pieces += [("■\u00a0", False, SHADES[number % len(SHADES)]), (f"{name}\u00a0", False, INK)]
            pieces.append((f"{words}\u00a0\u00a0 ", True, INK))
        self.legend: Paragraph = look.rich(pieces, "small")

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        self.tall = self.legend.wrap(width, height)[1]
        self.height = self.bar + 4 + self.tall
        return width, self.height

    def draw(self) -> None:
        x = 0.0
        for number, (_, share, _) in enumerate(self.parts):
            self.canv.setFillColor(SHADES[number % len(SHADES)])
            wide = self.width * share
            self.canv.rect(x, self.height - self.bar, max(0.0, wide - 0.8), self.bar, stroke=0, fill=1)
            x += wide
        self.legend.drawOn(self.canv, 0, 0)


@dataclass(frozen=True, slots=True)
class Card:
    """A large number with its name and unit, and lines under it. ``number`` empty: the lines say why there is none."""

    name: str
    number: str
    unit: str
    lines: Sequence[str] = ()
    below: bool = False


class Cards(Flowable):  # type: ignore[misc]
    """Cards side by side, all of one height; a long number is set smaller, never cut."""

    GAP, PAD, LARGEST, SMALLEST = 7.0, 9.0, 21.0, 9.0

    def __init__(self, look: Look, cards: Sequence[Card]) -> None:
        super().__init__()
        self.look, self.cards = look, list(cards)
        self.names = [look.text(card.name, "label") for card in self.cards]
        self.lines = [[look.text(line, "small") for line in card.lines if line] for card in self.cards]

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width = width
        self.each = (width - self.GAP * (len(self.cards) - 1)) / len(self.cards)
        inner = self.each - 2 * self.PAD
        self.name_height = max(name.wrap(inner, height)[1] for name in self.names)
        below = [sum(line.wrap(inner, height)[1] for line in lines) for lines in self.lines]
        self.height = self.PAD * 2 + self.name_height + 42 + max(below, default=0.0)
        return width, self.height

    def draw(self) -> None:
        canvas, look = self.canv, self.look
        inner = self.each - 2 * self.PAD
        for number, card in enumerate(self.cards):
            x = number * (self.each + self.GAP)
            canvas.setFillColor(LEAF_SOFT)
            canvas.roundRect(x, 0, self.each, self.height, 5, stroke=0, fill=1)
            canvas.setFillColor(WARN if card.below else LEAF)
            canvas.rect(x, self.height - 3, self.each, 3, stroke=0, fill=1)
            top = self.height - self.PAD - self.names[number].height
            self.names[number].drawOn(canvas, x + self.PAD, top)
            y = self.height - self.PAD - self.name_height - 24
            if card.number:
                size = self.LARGEST
                while size > self.SMALLEST and look.faces.width(card.number, size, True) > inner:
                    size -= 0.5
                words = fit(look, card.number, size, inner, bold=True)
                put(canvas, look, x + self.PAD, y, words, size, bold=True, colour=WARN if card.below else INK)
                put(canvas, look, x + self.PAD, y - 12, fit(look, card.unit, 7.5, inner), 7.5, colour=MUTED)
            y -= 18 if card.number else -14
            for line in self.lines[number]:
                y -= line.height
                line.drawOn(canvas, x + self.PAD, y)


def dot(colour: Color, look: Look, text: str, style: str = "small") -> Paragraph:
    """A small square of a colour before a text: an entry of a legend."""
    return look.rich([("■\u00a0", False, colour), (text, False, INK)], style)
