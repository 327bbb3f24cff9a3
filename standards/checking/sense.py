"""What in a sample's results does not fit together, said to people: contradictions, and ratios that differ."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from compostnet.shared.texts import Message
from standards.checking.core import State
from standards.checking.plan import part_pairs, scatter
from standards.checking.steps import show
from standards.checking.tables import breaks, exceeds
from standards.indicators import indicators
from standards.reading.readings import Reading

Rows = Mapping[str, Sequence[Reading]]


def contradictions(codes: Collection[str], rows: Rows) -> list[Message]:
    """Why results of these indicators contradict another one of the sample (which flags both of them)."""
    notes = []
    for rule in indicators().consistency:
        if not set(rule.of) & set(codes) or not all(code in rows for code in rule.of):
            continue
        first, second = (rows[code][0] for code in rule.of)
        valued = first.state == State.VALUE == second.state
        if valued and first.basis == second.basis and breaks(rule, first, second):
            texts = "; ".join(f"{one.line.indicator} {one.line.reported}" for one in (first, second))
            notes.append(Message("note_contradiction", {"why": rule.reason, "reported": texts}))
    for pair in part_pairs(rows):
        part, total = (rows[code][0] for code in pair)
        alike = part.basis == total.basis and part.state == State.VALUE == total.state
        if set(pair) & set(codes) and alike and exceeds(part, total, scatter(pair[1])):
            names = dict(zip(("part", "whole"), (indicators().indicators[code].name for code in pair), strict=True))
            texts = "; ".join(f"{one.line.indicator} {one.line.reported}" for one in (part, total))
            notes.append(Message("note_part_above_whole", {**names, "reported": texts}))
    return notes


def ratio_notes(rows: Rows) -> dict[str, Message]:
    """Of reported ratios that the sample's own results do not bear out, what these give; by the ratio's indicator."""
    notes: dict[str, Message] = {}
    for rule in indicators().ratios:
        if rule.of in notes or not all(code in rows for code in (rule.of, rule.dividend, rule.divisor)):
            continue
        ratio, upper, lower = (rows[code][0] for code in (rule.of, rule.dividend, rule.divisor))
        exact = all(one.state == State.VALUE and one.low == one.high for one in (ratio, upper, lower))
        if not exact or upper.basis != lower.basis or lower.low <= 0:
            continue
        computed = upper.low / lower.low
        if abs(ratio.low - computed) > float(rule.tolerance_percent) / 100 * computed:
            known = indicators().indicators
            notes[rule.of] = Message(
                "note_ratio_differs",
                {
                    "dividend": known[rule.dividend].name,
                    "divisor": known[rule.divisor].name,
                    "computed": show(round(computed, 1)),
                    "reported": ratio.line.reported,
                },
            )
    return notes
