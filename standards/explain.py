"""The thin layer over the checker: one sample's codes turned into verdicts that explain themselves."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.checker import (
    CHECKER_VERSION,
    SAMPLE_VERDICTS,
    Outcome,
    Result,
    Table,
    check,
    table,
    ways,
)
from standards.core import CANNOT_TELL, FAIL, NOT_APPLICABLE, PASS, REASONS, VERDICTS, Column, Reason, State
from standards.indicators import indicators, nearest_names
from standards.library import RuleSet
from standards.library_schema import Limit, Resolved, parts
from standards.readings import Line, Reading, read_line

SIGNS = {"<=": "≤", "<": "<", ">=": "≥", ">": ">"}
BASIS_MESSAGE = {
    "dm": "basis_dm",
    "ar": "basis_ar",
    "om": "basis_om",
    "ad": "basis_ad",
    "unverified": "basis_unverified",
}


@dataclass(frozen=True, slots=True)
class IndicatorVerdict:
    """What the checker says of one limit (or of one reported line that no limit uses), with everything behind it."""

    indicator: str
    name: Text
    verdict: str
    code: str
    reason: Message
    notes: tuple[Message, ...] = ()
    next_step: Message | None = None
    reported: str = ""
    compared: float | str | None = None
    limit: str | Message = ""
    unit: str = ""
    basis: str = ""
    clause: Text | None = None
    grade: str = ""
    provisional: bool = False
    obligatory: bool = False
    limit_id: str = ""
    group: Text | None = None

    def as_json(self, language: str) -> dict[str, Any]:
        """The verdict in the shape that commands and the API print."""
        sentences = [self.reason, *self.notes]
        joint = "" if language.startswith("zh") else " "
        return {
            "indicator": self.indicator,
            "name": self.name.in_language(language),
            "verdict": self.verdict,
            "reported": self.reported,
            "compared": self.compared,
            "limit": self.limit.render(language) if isinstance(self.limit, Message) else self.limit,
            "unit": self.unit,
            "basis": self.basis,
            "clause": self.clause.in_language(language) if self.clause else "",
            "grade": self.grade,
            "provisional": self.provisional,
            "obligatory": self.obligatory,
            "group": self.group.in_language(language) if self.group else None,
            "code": self.code,
            "reason": joint.join(sentence.render(language) for sentence in sentences),
            "notes": [note.render(language) for note in self.notes],
            "next_step": self.next_step.render(language).strip() if self.next_step else None,
        }


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """One sample against one rule set."""

    sample: str
    rules: RuleSet
    verdict: str
    indicators: tuple[IndicatorVerdict, ...]

    @property
    def provisional(self) -> bool:
        return self.rules.provisional

    def as_json(self, language: str) -> dict[str, Any]:
        """The verdict in the shape that commands and the API print."""
        return {
            "sample": self.sample,
            "standard": self.rules.standard.code,
            "class": self.rules.product_class.code if self.rules.product_class else None,
            "edition": self.rules.edition.edition,
            "as_of": self.rules.day.isoformat(),
            "checker": CHECKER_VERSION,
            "verdict": self.verdict,
            "provisional": self.provisional,
            "indicators": [one.as_json(language) for one in self.indicators],
        }


def check_lines(lines: Sequence[Line], groups: Sequence[tuple[bool, Sequence[RuleSet]]]) -> list[SampleVerdict]:
    """Every sample of a report against every group of rule sets; of a group of ranked classes only the best met."""
    samples: OrderedDict[str, list[Reading]] = OrderedDict()
    for line in lines:
        samples.setdefault(line.sample, []).append(read_line(line))
    whole = table(list(samples.values()))
    answers: list[SampleVerdict] = []
    for best_only, rule_sets in groups:
        results = [check(whole, rules) for rules in rule_sets]
        for number, (name, readings) in enumerate(samples.items()):
            wanted = [_best(results, number)] if best_only else results
            answers += [explain(whole, result, number, name, readings) for result in wanted]
    order = {name: number for number, name in enumerate(samples)}
    return sorted(answers, key=lambda answer: order[answer.sample])


def _best(results: Sequence[Result], number: int) -> Result:
    """The best class that is met; else the best that has not failed; else the last (the most lenient)."""
    for result in results:
        if result.verdict[number] == PASS:
            return result
    return next((result for result in results if result.verdict[number] != FAIL), results[-1])


def explain(whole: Table, result: Result, number: int, name: str, readings: Sequence[Reading]) -> SampleVerdict:
    """One sample's verdict with an explanation for every limit and for every line that no limit used."""
    groups = dict(groups_of(result.rules.nodes, None, True))
    used: set[str] = {"moisture", "dry_matter"}
    verdicts = []
    for outcome in result.outcomes:
        group, obligatory = groups[outcome.limit.id]
        verdicts.append(_explain_limit(whole, outcome, number, readings, result.rules, group, obligatory, used))
    for reading in readings:
        if not reading.indicator:
            near = nearest_names(reading.line.indicator)
            verdicts.append(
                IndicatorVerdict(
                    indicator=reading.line.indicator,
                    name=Text(zh=reading.line.indicator or "?", en=reading.line.indicator or "?"),
                    verdict=VERDICTS[CANNOT_TELL],
                    code="reason_name_unknown",
                    reason=Message(
                        "reason_name_unknown", {"name": reading.line.indicator, "line": reading.line.number}
                    ),
                    next_step=Message("step_name_near", {"names": near}) if near else Message("step_name"),
                    reported=reading.line.reported,
                )
            )
        elif reading.indicator not in used:
            verdicts.append(
                IndicatorVerdict(
                    indicator=reading.indicator,
                    name=indicators().indicators[reading.indicator].name,
                    verdict=VERDICTS[NOT_APPLICABLE],
                    code="reason_no_limit",
                    reason=Message("reason_no_limit"),
                    notes=_flags(whole, reading, number),
                    reported=reading.line.reported,
                )
            )
    return SampleVerdict(name, result.rules, SAMPLE_VERDICTS[int(result.verdict[number])], tuple(verdicts))


_FLAGS = {
    State.UNREADABLE: "reason_unreadable",
    State.UNIT_UNKNOWN: "reason_unit_unknown",
    State.IMPLAUSIBLE: "reason_implausible",
}


def _flags(whole: Table, reading: Reading, number: int) -> tuple[Message, ...]:
    """What is wrong with a result that no limit uses: it is flagged all the same."""
    states = [int(column.state[number]) for column in whole.columns.get(reading.indicator, ())]
    states = states if State.IMPLAUSIBLE in states else [reading.state]
    return tuple(Message(_FLAGS[one], {"reported": reading.line.reported}) for one in states if one in _FLAGS)[:1]


def groups_of(
    nodes: Iterable[Resolved], group: Text | None, obligatory: bool
) -> Iterable[tuple[str, tuple[Text | None, bool]]]:
    for node in nodes:
        needed = obligatory and node.obligatory
        if isinstance(node, Limit):
            yield node.id, (group, needed)
        else:
            children = parts(node)
            name = node.name
            if group is not None:
                name = Text(zh=f"{group.zh}：{node.name.zh}", en=f"{group.en}: {node.name.en}")
            yield from groups_of(children, name, needed)


def _trace(whole: Table, code: str, number: int, rules: RuleSet) -> tuple[str, str, float] | None:
    """By which way an indicator of this sample is known: the step, the indicator it rests on and the factor."""
    for step, source, factor in ways(code, rules.edition.conversions):
        if any(column.state[number] != State.ABSENT for column in whole.columns.get(source, ())):
            return step, source, factor
    return None


def _lines(readings: Sequence[Reading], code: str) -> list[Reading]:
    return [one for one in readings if one.indicator == code and one.state != State.ABSENT]


def _explain_limit(
    whole: Table,
    outcome: Outcome,
    number: int,
    readings: Sequence[Reading],
    rules: RuleSet,
    group: Text | None,
    obligatory: bool,
    used: set[str],
) -> IndicatorVerdict:
    limit = outcome.limit
    verdict, reason = int(outcome.verdict[number]), int(outcome.reason[number])
    notes: list[Message] = []
    reported: list[str] = []
    total: list[str] = []
    direct = _lines(readings, limit.indicator)
    parts = [] if direct else list(limit.sum)
    for code in parts or [limit.indicator]:
        used.update((code, limit.indicator))
        path = _trace(whole, code, number, rules)
        if path is None:
            continue
        step, source, factor = path
        used.add(source)
        rows = _lines(readings, source)
        prefix = f"{source} " if step != "direct" or parts else ""
        texts = [prefix + row.line.reported for row in rows]
        (total if reason == Reason.PART_PROVES_NOTHING else reported).extend(texts)
        notes += _way_notes(step, code, source, factor, reason)
        if verdict in (PASS, FAIL):
            notes += [Message("note_spread", {"spread": _show(r.parsed.spread)}) for r in rows if r.parsed.spread]
    compared = _compared(outcome.raw, number) if outcome.raw else None
    if outcome.rounding_decides is not None and outcome.rounding_decides[number] and compared is not None:
        rounded = _compared(outcome.compared, number)
        notes.append(Message("note_rounded", {"raw": _plain(compared), "rounded": _plain(rounded)}))
    if verdict in (PASS, FAIL) and limit.statistic == "monthly_average":
        notes.append(Message("note_monthly"))
    if limit.indicator == "organic_matter" and verdict in (PASS, FAIL) and limit.method and _by_ignition(readings):
        notes.append(Message("note_ignition"))
    if limit.grade == "C":
        notes.append(Message("note_provisional"))
    unit = "" if limit.unit == "-" else limit.unit
    basis = Message(BASIS_MESSAGE[limit.basis]) if limit.basis in BASIS_MESSAGE else ""
    limit_text_ = _limit_text(limit)
    values = {
        "name": limit.name or indicators().indicators[limit.indicator].name,
        "reported": "; ".join(reported),
        "total": "; ".join(total),
        "compared": _with_unit(_plain(compared), unit) if compared is not None else "; ".join(reported),
        "limit": _with_unit(limit_text_, unit) if isinstance(limit_text_, str) else limit_text_,
        "unit_hint": Message("unit_hint", {"unit": unit}) if unit else "",
        "basis": basis,
        "basis_hint": Message("basis_hint", {"basis": basis}) if basis else "",
    }
    missing = [indicators().indicators[code].name for code in limit.sum if _trace(whole, code, number, rules) is None]
    return IndicatorVerdict(
        indicator=limit.indicator,
        name=limit.name or indicators().indicators[limit.indicator].name,
        verdict=VERDICTS[verdict],
        code=f"reason_{REASONS[reason]}",
        reason=Message(f"reason_{REASONS[reason]}", {**values, "missing": missing, **_counts(outcome, number, whole)}),
        notes=tuple(notes),
        next_step=_next_step(limit, verdict, reason, values, missing, outcome, number, whole),
        reported="; ".join(reported),
        compared=compared,
        limit=_limit_text(limit),
        unit="" if limit.compare == "declared" else limit.unit,
        basis=limit.basis,
        clause=limit.clause,
        grade=limit.grade,
        provisional=limit.grade == "C",
        obligatory=obligatory,
        limit_id=limit.id,
        group=group,
    )


def _way_notes(step: str, code: str, source: str, factor: float, reason: int) -> list[Message]:
    names = {"of": indicators().indicators[code].name, "from": indicators().indicators[source].name}
    if step in ("conversion", "factor"):
        return [Message(f"note_{step}", {**names, "factor": _show(factor)})]
    if step == "part" and reason == Reason.PART_PROVES_NOTHING:
        return []
    return [] if step == "direct" else [Message(f"note_{step}", names)]


def _by_ignition(readings: Sequence[Reading]) -> bool:
    """Whether organic matter looks like loss on ignition: the note says so, or ash makes 100 % with it."""
    rows = _lines(readings, "organic_matter")
    texts = [f"{row.line.indicator} {row.line.note}".lower() for row in rows]
    if any(word in text for text in texts for word in ("loi", "ignition", "灼烧", "烧失", "organische substanz")):
        return True
    ash = _lines(readings, "ash")
    return bool(rows and ash) and abs(rows[0].low + ash[0].low - 1e6) < 5000


def _counts(outcome: Outcome, number: int, whole: Table) -> dict[str, Any]:
    limit = outcome.limit
    tested = sum(bool(column.valued[number]) for column in whole.columns.get(limit.indicator, ()))
    needed = limit.plan.n if limit.plan else limit.n or 1
    return {"n": needed, "tested": tested, "more": max(1, needed - tested)}


def _next_step(
    limit: Limit,
    verdict: int,
    reason: int,
    values: dict[str, Any],
    missing: list[Text],
    outcome: Outcome,
    number: int,
    whole: Table,
) -> Message | None:
    """The smallest step to a pass; None where there is nothing to do."""
    if verdict in (PASS, NOT_APPLICABLE) or reason == Reason.DECLARED:
        return None
    if verdict == FAIL:
        if limit.compare == "absent" and limit.in_mass_g is None:
            return Message("step_absent_any")
        if limit.compare == "absent":
            return Message("step_absent", {"grams": _show(float(limit.in_mass_g or 0))})
        if limit.compare == "range":
            return Message("step_into_range", values)
        return Message("step_reduce" if limit.compare in ("<=", "<") else "step_raise", values)
    if reason == Reason.NOT_REPORTED:
        return (
            Message("step_test_absence", {**values, **_counts(outcome, number, whole)})
            if limit.compare == "absent" and _counted(limit)
            else (Message("step_test", values))
        )
    if reason in (Reason.UNIT_UNKNOWN, Reason.UNIT_MISSING):
        units = list(indicators().quantities[indicators().indicators[limit.indicator].quantity].units)
        return Message("step_unit", {"units": units[:4]})
    if reason in (Reason.MASS_UNKNOWN, Reason.MASS_TOO_SMALL):
        return Message("step_mass", {"grams": _show(float(limit.in_mass_g or 0))})
    if reason in (Reason.NO_DETECTION_LIMIT, Reason.CENSORED):
        return Message("step_finer" if limit.compare in ("<=", "<", "absent") else "step_exact", values)
    step = {
        Reason.LIMIT_UNAVAILABLE: "step_standard_text",
        Reason.PART_PROVES_NOTHING: "step_part",
        Reason.PART_MISSING: "step_parts",
        Reason.BASIS_UNKNOWN: "step_basis",
        Reason.BASIS_WORD: "step_basis",
        Reason.AIR_DRY: "step_air_dry",
        Reason.MOISTURE_NEEDED: "step_moisture",
        Reason.PLAN_INCOMPLETE: "step_plan",
        Reason.TOO_FEW: "step_plan",
        Reason.FORM_UNSTATED: "step_form",
        Reason.LAB_VERDICT: "step_number",
        Reason.UNREADABLE: "step_number",
        Reason.APPROXIMATE: "step_number",
        Reason.AMBIGUOUS_NUMBER: "step_separator",
    }.get(reason, "step_lab")
    return Message(step, {**values, "missing": missing, **_counts(outcome, number, whole)})


def _counted(limit: Limit) -> bool:
    """Whether organisms are counted in a mass of sample, and not a concentration measured."""
    return indicators().quantities[indicators().indicators[limit.indicator].quantity].counts


def _limit_text(limit: Limit) -> str | Message:
    if limit.compare == "absent" and limit.in_mass_g is None:
        return Message("limit_absent_any" if _counted(limit) else "limit_not_detectable")
    if limit.compare == "absent":
        plan = f" (n = {limit.plan.n}, c = {limit.plan.c})" if limit.plan else ""
        return Message("limit_absent", {"grams": _show(float(limit.in_mass_g or 0)), "plan": plan})
    if limit.compare == "declared":
        return Message("limit_declared")
    if limit.compare == "unavailable":
        return Message("limit_unavailable")
    if limit.compare == "range":
        return f"{limit.low}–{limit.high}"
    plan = f" (n = {limit.plan.n}, c = {limit.plan.c}, m = {limit.plan.m})" if limit.plan else ""
    return f"{SIGNS[limit.compare]} {limit.value}{plan}"


def limit_text(limit: Limit) -> str | Message:
    """A limit as people read it: ``≤ 50``, ``5.5–8.5``, or a message (absent in …, to be declared)."""
    return _limit_text(limit)


def _compared(columns: Sequence[Column], number: int) -> float | str | None:
    """What was compared: a number where it is one, ``<0.5``, ``≥ 12`` or ``3–5`` where it is an interval."""
    texts = [_interval(column, number) for column in columns if column.valued[number]]
    texts = [text for text in texts if text is not None]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else "; ".join(str(text) for text in texts)


def _interval(column: Column, number: int) -> float | str | None:
    low, high = float(column.low[number]), float(column.high[number])
    if low == high or math.isclose(low, high, rel_tol=1e-9):
        return float(_show(high))
    if low <= 0 and math.isinf(high):
        return None
    if math.isinf(high):
        return f"{'>' if column.low_open[number] else '≥'} {_show(low)}"
    if low <= 0:
        return f"{'<' if column.high_open[number] else '≤'} {_show(high)}"
    return f"{_show(low)}–{_show(high)}"


def _plain(compared: float | str | None) -> str:
    return _show(compared) if isinstance(compared, float) else str(compared)


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}".strip()


def _show(value: float | None) -> str:
    """A number with at most six digits after its leading zeros, without exponent."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(value)
    return np.format_float_positional(value, precision=6, fractional=False, trim="-")
