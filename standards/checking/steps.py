"""What an explanation says: limits in words, numbers as they are shown, and the smallest step to a pass."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message, catalogue
from standards.catalogue.describe import condition_words, indicator_name, limit_words
from standards.checking.core import (
    AR,
    CANNOT_TELL,
    DM,
    FAIL,
    NOT_APPLICABLE,
    NOT_TESTED,
    OM,
    PASS,
    UNKNOWN,
    Column,
    Reason,
)
from standards.checking.evaluation import Evaluation
from standards.checking.judging import judge
from standards.checking.plan import Judgement
from standards.checking.tables import in_terms
from standards.facts import known_facts
from standards.indicators import extract_name, indicators
from standards.library_schema import Limit
from standards.process.schema import Condition, FactCondition

SIGNS = {"<=": "≤", "<": "<", ">=": "≥", ">": ">"}
_BOUNDS = {"<=": "bound_at_most", "<": "bound_below", ">=": "bound_at_least", ">": "bound_above"}
BASIS_MESSAGE = {
    "dm": "basis_dm",
    "ar": "basis_ar",
    "om": "basis_om",
    "ad": "basis_ad",
    "unverified": "basis_unverified",
}
Values = dict[str, Any]


@cache
def needed(code: str) -> tuple[str, ...]:
    """The names of the values that a sentence of the catalogue has places for, in either language."""
    text = catalogue()[code].text
    names = (name for one in (text.zh, text.en) for _, name, _, _ in string.Formatter().parse(one) if name)
    return tuple(dict.fromkeys(names))


def message(code: str, *values: Mapping[str, Any]) -> Message:
    """A message with only those of the values that its sentence needs; a value may be a function that finds it."""
    found: Values = {}
    for name in needed(code):
        for source in values:
            if name in source:
                value = source[name]
                found[name] = value() if callable(value) else value
                break
        else:
            found[name] = ""
    return Message(code, found)


def counted(limit: Limit) -> bool:
    """Whether organisms are counted in a mass of sample, and not a concentration measured."""
    return indicators().quantities[indicators().indicators[limit.indicator].quantity].counts


@cache
def counted_as(unit: str) -> str:
    """How a unit says that organisms were counted: ``MPN``, ``CFU`` or ``PFU``; empty where it does not say."""
    return next((one for one in ("MPN", "CFU", "PFU") if one in unit.upper()), "")


def limit_text(limit: Limit, *, with_plan: bool = True) -> str | Message:
    """A limit as people read it: ``≤ 50``, ``5.5–8.5``, or a message (absent in …, to be declared)."""
    if limit.compare == "absent" and limit.in_mass_g is None:
        return Message("limit_absent_any" if counted(limit) else "limit_not_detectable")
    if limit.compare == "absent" and limit.in_mass_g is not None:
        plan = f" (n = {limit.plan.n}, c = {limit.plan.c})" if limit.plan and with_plan else ""
        return Message("limit_absent", {"grams": show(float(limit.in_mass_g)), "plan": plan})
    if limit.compare in SIGNS:
        plan = f" (n = {limit.plan.n}, c = {limit.plan.c}, m = {limit.plan.m})" if limit.plan and with_plan else ""
        return f"{SIGNS[limit.compare]} {limit.value}{plan}"
    return f"{limit.low}–{limit.high}" if limit.compare == "range" else limit_words(limit)


def origin(limit: Limit) -> str:
    """Standard and edition that a limit was taken from, without the id that the limit has there."""
    return limit.delegated_from.rpartition(" ")[0]


def constants(limit: Limit) -> Values:
    """What sentences say of a limit whatever the sample."""
    unit = "" if limit.unit == "-" else limit.unit
    basis = Message(BASIS_MESSAGE[limit.basis]) if limit.basis in BASIS_MESSAGE else ""
    text = limit_text(limit, with_plan=False)
    over = limit.single_over_percent
    single = "" if over is None or limit.value is None else show(float(limit.value * (1 + over / 100)))
    n = limit.plan.n if limit.plan else limit.n or 1
    bare = with_unit(f"{limit.low}–{limit.high}" if limit.compare == "range" else str(limit.value or ""), unit)
    return {
        "name": limit.name or indicators().indicators[limit.indicator].name,
        "text": limit_text(limit),
        "limit": with_unit(text, unit) if isinstance(text, str) else text,
        "bound": limit_text(limit)
        if limit.compare == "absent"
        else Message(_BOUNDS.get(limit.compare, "bound_within"), {"value": bare}),
        "unit": unit,
        "unit_hint": Message("unit_hint", {"unit": unit}) if unit else "",
        "basis": basis,
        "basis_hint": Message("basis_hint", {"basis": basis}) if basis else "",
        "grams": show(float(limit.in_mass_g or 0)),
        "n": n,
        "over": "" if over is None else show(float(over)),
        "single": with_unit(single, unit),
        "statistic": Message(f"statistic_{limit.statistic}", {"n": n}),
        "origin": origin(limit),
        "units": list(indicators().quantities[indicators().indicators[limit.indicator].quantity].units)[:4],
    }


def extract_text(code: int) -> str | Message:
    """An extract in words, by its code (`standards.indicators.extract_code`)."""
    name = extract_name(code)
    return name if name[0].isdigit() else Message("extract_paste" if name == "paste" else "extract_other")


def conditions_text(conditions: Sequence[Condition]) -> list[Message]:
    """Conditions in words."""
    return [condition_words(one) for one in conditions]


def facts_text(conditions: Sequence[Condition], facts: Mapping[str, str]) -> list[Text]:
    """What must be stated or tested so that conditions are known."""
    return [
        known_facts()[one.fact].name if isinstance(one, FactCondition) else indicator_name(one.indicator)
        for one in conditions
        if not isinstance(one, FactCondition) or one.fact not in facts
    ]


_STEPS = {
    Reason.LIMIT_UNAVAILABLE: "step_standard_text",
    Reason.UNIT_UNKNOWN: "step_unit",
    Reason.UNIT_MISSING: "step_unit",
    Reason.MASS_UNKNOWN: "step_mass",
    Reason.MASS_TOO_SMALL: "step_mass",
    Reason.NO_DETECTION_LIMIT: "step_finer",
    Reason.PART_PROVES_NOTHING: "step_part",
    Reason.PART_MISSING: "step_parts",
    Reason.BASIS_UNKNOWN: "step_basis",
    Reason.BASIS_WORD: "step_basis",
    Reason.AIR_DRY: "step_air_dry",
    Reason.LIMIT_BASIS: "step_limit_basis",
    Reason.MOISTURE_NEEDED: "step_moisture",
    Reason.ORGANIC_MATTER_NEEDED: "step_organic_matter",
    Reason.BULK_DENSITY_NEEDED: "step_bulk_density",
    Reason.EXTRACT_DIFFERS: "step_extract",
    Reason.UNIT_OPEN: "step_unit",
    Reason.PLAN_INCOMPLETE: "step_plan",
    Reason.TOO_FEW: "step_few",
    Reason.FORM_UNSTATED: "step_form",
    Reason.LAB_VERDICT: "step_number",
    Reason.UNREADABLE: "step_number",
    Reason.APPROXIMATE: "step_number",
    Reason.AMBIGUOUS_NUMBER: "step_separator",
    Reason.WITHIN_UNCERTAINTY: "step_uncertainty",
    Reason.CONDITION_UNKNOWN: "step_condition",
    Reason.CONFLICT: "step_conflict",
    Reason.IMPLAUSIBLE: "step_lab",
}
_FAILED = {
    "<=": "step_reduce",
    "<": "step_reduce",
    ">=": "step_raise",
    ">": "step_raise",
    "range": "step_into_range",
}


def next_step(
    limit: Limit,
    verdict: int,
    reason: int,
    values: Sequence[Mapping[str, Any]],
    closer: Callable[[], tuple[str, Values] | None],
) -> Message | None:
    """The smallest step to a pass; None where there is nothing to do. ``closer``: a more exact step, if there is one,
    for what hangs on the basis, the moisture or a bound."""
    if verdict in (PASS, NOT_APPLICABLE) or reason == Reason.DECLARED:
        return None
    if verdict == FAIL:
        if limit.compare == "absent":
            return message("step_absent" if limit.in_mass_g is not None else "step_absent_any", *values)
        if limit.plan or reason == Reason.SINGLE_OVER:
            return message("step_single" if reason == Reason.SINGLE_OVER else "step_each", *values)
        return message(_FAILED[limit.compare], *values)
    if reason == Reason.NOT_REPORTED:
        if limit.compare == "absent" and counted(limit):
            one, several = (
                ("step_test_absence_any", "step_test_absence_any_several")
                if limit.in_mass_g is None
                else ("step_test_absence", "step_test_absence_several")
            )
            return message(several if limit.plan else one, *values)
        return message("step_test_several" if limit.plan or limit.n else "step_test", *values)
    if reason in (Reason.BASIS_UNKNOWN, Reason.MOISTURE_NEEDED, Reason.CENSORED, Reason.PART_PROVES_NOTHING):
        exact = closer()
        if exact is not None:
            return message(exact[0], exact[1], *values)
    if reason == Reason.PART_PROVES_NOTHING and limit.compare == "absent":
        return message("step_part_absent", *values)
    if reason == Reason.NO_DETECTION_LIMIT and limit.compare not in ("<=", "<"):
        return message("step_exact", *values)
    return message(_STEPS.get(reason, "step_exact" if reason == Reason.CENSORED else "step_lab"), *values)


def closer_step(
    found: Evaluation, judgement: Judgement, number: int, limit: Limit, reason: int
) -> tuple[str, Values] | None:
    """Exactly what would decide: which basis, what moisture, what detection limit."""
    if judgement.kind != "quantity" or judgement.parts:
        return None
    one = next((c for c in found.found(judgement.term.ways) if c.valued[number]), None)
    if one is None:
        return None
    cell = one.part(number, number + 1)
    if reason == Reason.BASIS_UNKNOWN and cell.basis[0] == UNKNOWN:
        return _by_basis(found, judgement, number, cell)
    if reason == Reason.PART_PROVES_NOTHING and cell.basis[0] == UNKNOWN:
        return ("step_basis_total", {}) if _on_basis(found, judgement, number, cell, DM) == PASS else None
    if reason == Reason.MOISTURE_NEEDED:
        return _by_moisture(judgement, cell)
    if reason != Reason.CENSORED:
        return None
    if limit.compare in ("<=", "<", "range") and cell.low[0] <= 0 and math.isfinite(float(cell.high[0])):
        return "step_finer", {}
    return ("step_range", {}) if cell.low[0] > 0 and math.isfinite(float(cell.high[0])) else ("step_exact", {})


def _on_basis(found: Evaluation, judgement: Judgement, number: int, cell: Column, basis: int) -> int:
    """The verdict that a result would have on a basis."""
    whole = found.whole.part(number, number + 1) if found.whole.size > 1 else found.whole
    taken = replace(cell, basis=np.array([basis], np.int8))
    return int(judge(in_terms(whole, taken, judgement.term), judgement.bounds)[0][0])


def _by_basis(found: Evaluation, judgement: Judgement, number: int, cell: Column) -> tuple[str, Values] | None:
    """What the result would mean on either basis."""
    would = {basis: _on_basis(found, judgement, number, cell, basis) for basis in (DM, AR)}
    words = {PASS: "would_pass", FAIL: "would_fail", CANNOT_TELL: "would_need_moisture", NOT_TESTED: "would_fail"}
    return "step_basis_either", {"dry": Message(words[would[DM]]), "wet": Message(words[would[AR]])}


def _by_moisture(judgement: Judgement, cell: Column) -> tuple[str, Values] | None:
    """Up to (or from) which moisture of the sample the result meets the limit."""
    value, bounds, to = float(cell.low[0]) * judgement.term.factor, judgement.bounds, judgement.term.basis
    basis = int(cell.basis[0])
    upper = math.isfinite(bounds.upper)
    if value <= 0 or value != float(cell.high[0]) * judgement.term.factor or upper == math.isfinite(bounds.lower):
        return None
    if OM in (basis, to) or {basis, to} != {DM, AR}:
        return None
    end = bounds.upper if upper else bounds.lower
    share = value / end if to == DM and end > 0 else end / value
    if not 0 < share < 1:
        return None
    # as received → dry grows with the moisture, dry → as received shrinks
    code = "step_moisture_most" if upper == (to == DM) else "step_moisture_least"
    return code, {"moisture": show(round(100 * (1 - share), 1))}


def shown_interval(column: Column, number: int) -> float | str | None:
    """A number where it is one, ``<0.5``, ``≥ 12`` or ``3–5`` where it is an interval; None where nothing is known."""
    low, high = float(column.low[number]), float(column.high[number])
    if low == high or math.isclose(low, high, rel_tol=1e-9):
        return float(show(high)) if math.isfinite(high) else None
    if low <= 0 and math.isinf(high):
        return None
    if math.isinf(high):
        return f"{'>' if column.low_open[number] else '≥'} {show(low)}"
    if low <= 0:
        return f"{'<' if column.high_open[number] else '≤'} {show(high)}"
    return f"{show(low)}–{show(high)}"


def shown(columns: Sequence[Column], number: int) -> float | str | None:
    """What was compared, several results with semicolons between."""
    texts = [
        text for column in columns if column.valued[number] and (text := shown_interval(column, number)) is not None
    ]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else "; ".join(plain(text) for text in texts)


def plain(compared: float | str | None) -> str:
    """What was compared, as text."""
    return show(compared) if isinstance(compared, float) else str(compared)


def with_unit(text: str, unit: str) -> str:
    """A value with its unit, without one where there is none."""
    return f"{text} {unit}" if unit else text


def show(value: float | None) -> str:
    """A number with at most six digits after its leading zeros, without exponent."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return np.format_float_positional(value, precision=6, fractional=False, trim="-")
