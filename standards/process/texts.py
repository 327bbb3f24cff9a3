"""What is said about process rules: what a rule asks, what the diary shows, and the smallest step that is left."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from compostnet.shared.display import format_number
from compostnet.shared.texts import Message
from standards.process.heat import Run
from standards.process.schema import HeatOption, ProcessRule

MOST_STRETCHES = 6
"""So many stretches of missing days are named in a sentence; all stand in the table."""


def point_name(point: str) -> str | Message:
    """The name of a measuring point, in words where the site gave none."""
    return point or Message("process_point_unnamed")


def _heat(option: HeatOption) -> str:
    sign = ">" if option.strict else "≥"
    return f"{sign} {format_number(option.at_least)} °C"


def _parts(option: HeatOption) -> list[Message]:
    parts = []
    if option.turnings and option.days_per_turning is not None:
        values = {"turnings": option.turnings, "days": format_number(option.days_per_turning)}
        parts.append(Message("process_asks_days_per_turning", values))
    elif option.turnings:
        parts.append(Message("process_asks_turnings", {"turnings": option.turnings}))
    if option.average_above is not None:
        parts.append(Message("process_asks_average", {"average": format_number(option.average_above)}))
    return parts


def joined(code: str, parts: Sequence[Message]) -> Message:
    """Several messages as one, two by two with the message ``code`` (of ``first`` and ``second``)."""
    text = parts[0]
    for part in parts[1:]:
        text = Message(code, {"first": text, "second": part})
    return text


def option_words(option: HeatOption) -> Message:
    """``≥ 55 °C for 15 days in a row, turned at least 5 times``."""
    in_a_row = option.counting == "consecutive" and option.days_per_turning is None
    amount = option.hours if option.hours is not None else option.days
    unit = "hours" if option.hours is not None else "days"
    row = "_row" if in_a_row else ""
    values = {"heat": _heat(option), "amount": format_number(amount)}
    main = Message(f"process_asks_{unit}{row}", values)
    return joined("process_and", [main, *_parts(option)])


def rule_message(rule: ProcessRule) -> Message:
    """What a rule asks: its ways with the systems that each is meant for."""
    ways = []
    for option in rule.any_of:
        words = option_words(option)
        if option.name is not None:
            words = Message("process_way_named", {"name": option.name, "words": words})
        elif option.systems:
            systems = [Message(f"process_system_{system}") for system in option.systems]
            words = Message("process_way_for", {"systems": systems, "words": words})
        ways.append(words)
    return joined("process_or", ways)


def found_message(
    option: HeatOption,
    point: str,
    run: Run,
    needed: float,
    period: tuple[dt.date, dt.date] | None,
    hottest: tuple[dt.date, float] | None,
) -> Message:
    """What the diary shows at one point: ``P2: 13 of 14 days at ≥ 55 °C, 2026-03-02 to 2026-03-14``."""
    values = {"point": point_name(point), "heat": _heat(option)}
    if period is None:
        if hottest is None:
            return Message("process_found_nothing", values)
        return Message("process_found_never", values | {"hottest": format_number(hottest[1]), "day": str(hottest[0])})
    unit = "hours" if option.hours is not None else "days"
    values |= {
        "amount": format_number(run.amount, 0 if unit == "days" else None),
        "needed": format_number(needed),
        "first": str(period[0]),
        "last": str(period[1]),
    }
    in_a_row = option.counting == "consecutive" and option.days_per_turning is None
    row = "_row" if in_a_row else ""
    parts = [Message(f"process_found_{unit}{row}", values)]
    if option.turnings:
        parts.append(Message("process_found_turnings", {"turnings": run.turnings, "needed": option.turnings}))
    if option.average_above is not None and run.average is not None:
        asked = format_number(option.average_above)
        parts.append(Message("process_found_average", {"average": format_number(run.average, 1), "asked": asked}))
    return joined("process_and", parts)


def step_message(option: HeatOption, point: str, run: Run, needed: float) -> Message | None:
    """What is lacking at a point."""
    steps = []
    lacking = needed - run.amount
    if lacking > 0:
        unit = "hours" if option.hours is not None else "days"
        values = {"point": point_name(point), "heat": _heat(option), "amount": format_number(lacking)}
        row = "_row" if option.counting == "consecutive" and option.days_per_turning is None and run.amount else ""
        steps.append(Message(f"process_step_{unit}{row}", values))
    if run.turnings < option.turnings:
        steps.append(Message("process_step_turnings", {"turnings": option.turnings - run.turnings}))
    if not steps and option.average_above is not None:
        values = {"point": point_name(point), "average": format_number(option.average_above)}
        steps.append(Message("process_step_average", values))
    return joined("process_then", steps) if steps else None


def missing_message(point: str, missing: Sequence[tuple[dt.date, dt.date]]) -> Message:
    """Which days have no reading; of many stretches the first ones and how many days more."""
    named = [str(a) if a == b else Message("process_period", {"first": str(a), "last": str(b)}) for a, b in missing]
    values = {"point": point_name(point), "days": named[:MOST_STRETCHES]}
    if len(missing) <= MOST_STRETCHES:
        return Message("process_step_missing", values)
    more = sum((last - first).days + 1 for first, last in missing[MOST_STRETCHES:])
    return Message("process_step_missing_more", values | {"more": more})
