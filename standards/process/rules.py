"""Process rules (so hot, for so long, with so many turnings) held against a batch's diary. No clock, no database.

Per measuring point a day is *hot*, *cold* or *missing* (no reading). A rule is met when it is met with every missing
day taken as cold; it has failed when it would not be met even if every missing day had been hot; else nobody can tell.
So a gap breaks a run of days, yet does not condemn it. In a batch that still works nothing has failed yet.

Temperatures are in °C, days are the site's own calendar days (23 or 25 hours long where clocks change).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from compostnet.shared.rules import Rule, Text, load_rule
from compostnet.shared.texts import Message
from standards.facts import holds, known_facts
from standards.printed import Number
from standards.process.heat import Diary, Run, Series, best_run, missing_days, stretches
from standards.process.schema import FactCondition, HeatOption, ProcessRule, System
from standards.process.texts import (
    found_message,
    joined,
    missing_message,
    option_words,
    point_name,
    rule_message,
    step_message,
)

PATH = Path(__file__).with_name("process_rules.yaml")
MOST_POINTS = 3
"""So many points are named in a sentence; all stand in the table."""

ProcessVerdict = Literal["pass", "fail", "cannot_tell", "not_tested", "not_applicable"]


class ProcessRules(Rule):
    """The shape of ``process_rules.yaml``."""

    longest_gap_hours: float
    turnings_a_day: int
    hottest_possible: Number
    points_outside: tuple[str, ...]
    running_states: tuple[str, ...]
    systems: dict[str, tuple[System | Literal["other"], ...]]


@cache
def process_rules() -> ProcessRules:
    """How diaries are read: our own decisions, as data."""
    return load_rule(PATH, ProcessRules)


def is_outside(point: str) -> bool:
    """Whether a measuring point is beside the heap, by its name (``环境``, ``ambient``)."""
    return point.strip().casefold() in process_rules().points_outside


class HeatReading(NamedTuple):
    """One temperature: measuring point, an aware time, °C."""

    point: str
    at: dt.datetime
    celsius: float


class Turning(NamedTuple):
    """The batch was turned at an aware time."""

    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of counted days at a point, both ends included; ``amount`` in ``unit`` (``days``, ``hours``)."""

    point: str
    first: dt.date
    last: dt.date
    amount: float
    unit: str

    def as_json(self, language: str) -> dict[str, Any]:
        return {
            "point": _shown(point_name(self.point), language),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            self.unit: self.amount,
        }


@dataclass(frozen=True, slots=True)
class PointResult:
    """One way held against one measuring point. ``share`` is how much of the time has been reached (0 to 1)."""

    point: str
    verdict: ProcessVerdict
    amount: float
    needed: float
    unit: str
    turnings: int
    periods: tuple[Period, ...]
    missing: tuple[tuple[dt.date, dt.date], ...]
    found: Message
    next_step: Message | None

    @property
    def share(self) -> float:
        return min(1.0, self.amount / self.needed) if self.needed else 1.0

    def as_json(self, language: str) -> dict[str, Any]:
        return {
            "point": _shown(point_name(self.point), language),
            "verdict": self.verdict,
            self.unit: self.amount,
            "needed": self.needed,
            "turnings": self.turnings,
            "periods": [one.as_json(language) for one in self.periods],
            "missing": [[first.isoformat(), last.isoformat()] for first, last in self.missing],
            "found": self.found.render(language),
            "next_step": self.next_step.render(language) if self.next_step else None,
        }


@dataclass(frozen=True, slots=True)
class OptionResult:
    """One way to meet a rule. ``applies`` None: it names systems, and nobody said how this pile is kept."""

    option: HeatOption
    applies: bool | None
    verdict: ProcessVerdict
    points: tuple[PointResult, ...]

    @property
    def share(self) -> float:
        """How near it is: of its worst point where every point counts, else of its best."""
        shares = [one.share for one in self.points]
        if not shares:
            return 0.0
        return min(shares) if self.option.points == "every" else max(shares)

    @property
    def decisive(self) -> tuple[PointResult, ...]:
        """The points that make the verdict what it is, the farthest from the goal first."""
        chosen = [one for one in self.points if one.verdict == self.verdict]
        return tuple(sorted(chosen, key=lambda one: (one.amount, one.turnings, one.point)))

    def as_json(self, language: str) -> dict[str, Any]:
        return {
            "option": self.option.id,
            "words": option_words(self.option).render(language),
            "systems": list(self.option.systems),
            "applies": self.applies,
            "verdict": self.verdict,
            "points": [one.as_json(language) for one in self.points],
        }


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """What the diary says of one process rule; ``option`` is the way that met it, or the one that came nearest."""

    rule: ProcessRule
    verdict: ProcessVerdict
    option: OptionResult | None
    reason: Message
    periods: tuple[Period, ...] = ()
    next_step: Message | None = None
    options: tuple[OptionResult, ...] = ()
    standard: str = ""
    edition: str = ""
    standard_name: Text | None = None

    @property
    def provisional(self) -> bool:
        return self.rule.grade == "C"

    def as_json(self, language: str) -> dict[str, Any]:
        """The result in the shape that pages and the API print."""
        return {
            "standard": self.standard,
            "standard_name": self.standard_name.in_language(language) if self.standard_name else "",
            "edition": self.edition,
            "rule": self.rule.id,
            "name": self.rule.name.in_language(language),
            "classes": list(self.rule.classes),
            "delegated_from": self.rule.delegated_from,
            "verdict": self.verdict,
            "obligatory": self.rule.obligatory,
            "clause": self.rule.clause.in_language(language),
            "grade": self.rule.grade,
            "provisional": self.provisional,
            "note": self.rule.note.in_language(language) if self.rule.note else None,
            "asked": rule_message(self.rule).render(language),
            "option": self.option.option.id if self.option else None,
            "code": self.reason.code,
            "reason": self.reason.render(language),
            "next_step": self.next_step.render(language) if self.next_step else None,
            "periods": [one.as_json(language) for one in self.periods],
            "options": [one.as_json(language) for one in self.options],
        }


def check_process(
    readings: Sequence[HeatReading],
    turnings: Sequence[Turning],
    rules: Sequence[ProcessRule],
    *,
    first_day: dt.date,
    last_day: dt.date,
    zone: dt.tzinfo,
    systems: Sequence[str] = (),
    facts: Mapping[str, str] = {},
    running: bool = False,
) -> list[ProcessResult]:
    """Each rule held against the readings and turnings from ``first_day`` to ``last_day`` (both included).

    ``systems``: how the pile is kept, in the standards' words; empty where nobody said. ``running``: the batch still
    works, so that what is not met is *not yet*. Readings that are not finite are none; naive times raise ValueError.
    """
    how = process_rules()
    diary = Diary.of(readings, [one.at for one in turnings], first_day, last_day, zone, how.turnings_a_day)
    checker = _Checker(diary, how, frozenset(systems), facts, running)
    return [checker.rule(rule) for rule in rules]


@dataclass(frozen=True, slots=True)
class _Checker:
    """A diary and what is known besides; holds rules against it."""

    diary: Diary
    how: ProcessRules
    systems: frozenset[str]
    facts: Mapping[str, str]
    running: bool

    def rule(self, rule: ProcessRule) -> ProcessResult:
        known = [holds(one, self.facts) if isinstance(one, FactCondition) else None for one in rule.when]
        if False in known:
            return ProcessResult(rule, "not_applicable", None, Message("process_not_applicable"))
        if not self.diary.series:
            step = Message("process_step_measure")
            return ProcessResult(rule, "not_tested", None, Message("process_no_reading"), (), step)
        result = self._judged(rule, tuple(self.option(one) for one in rule.any_of))
        if None in known and result.verdict != "pass":
            # A rule that may not apply at all fails nobody.
            facts = [one.fact for one in rule.when if isinstance(one, FactCondition) and holds(one, self.facts) is None]
            names = [known_facts()[fact].name for fact in facts if fact in known_facts()]
            reason = Message("process_condition_unknown", {"reason": result.reason})
            state = Message("process_step_state_facts", {"facts": names}) if names else result.next_step
            return replace(result, verdict="cannot_tell", reason=reason, next_step=state)
        return result

    def _judged(self, rule: ProcessRule, options: tuple[OptionResult, ...]) -> ProcessResult:
        """The rule's verdict from its ways: one that is met is enough, but never one meant for another system."""
        usable = [one for one in options if one.applies is not False]
        if not usable:
            ask = Message("process_step_ask_authority")
            return ProcessResult(rule, "cannot_tell", None, Message("process_no_way"), (), ask, options)
        general = [one for one in usable if one.applies]
        verdict = _any_of(general) if general else None
        if verdict != "pass":
            # Of each system that it may be: the ways that would then apply.
            groups = {system: list(general) for one in usable if one.applies is None for system in one.option.systems}
            for one in usable:
                if one.applies is None:
                    for system in one.option.systems:
                        groups[system].append(one)
            verdicts = {_any_of(group) for group in groups.values()} | ({verdict} if verdict else set())
            if len(verdicts) > 1:
                near = max(usable, key=lambda one: one.share)
                reason = Message("process_system_unknown", {"found": _found(near)})
                state = Message("process_step_state_system")
                return ProcessResult(rule, "cannot_tell", near, reason, _periods(near), state, options)
            verdict = verdicts.pop()
        met = sorted((one for one in usable if one.verdict == "pass"), key=lambda one: one.applies is None)
        chosen = met[0] if verdict == "pass" else max(usable, key=lambda one: one.share)
        if verdict == "pass":
            return ProcessResult(
                rule,
                verdict,
                chosen,
                Message("process_met", {"found": _found(chosen)}),
                _periods(chosen),
                None,
                options,
            )
        if verdict == "fail":
            code = "process_not_met"
        else:
            # Of the ways that are still open, the one that is nearest.
            chosen = max((one for one in usable if one.verdict == "cannot_tell"), key=lambda one: one.share)
            code = "process_not_yet" if self.running else "process_gaps"
        reason = Message(code, {"found": _found(chosen)})
        steps = [one.next_step for one in chosen.decisive if one.next_step]
        step = steps[0] if steps else None
        if len(steps) > 1:
            step = Message("process_step_others", {"step": steps[0], "others": len(steps) - 1})
        return ProcessResult(rule, verdict, chosen, reason, _periods(chosen), step, options)

    def option(self, option: HeatOption) -> OptionResult:
        applies: bool | None = True
        if option.systems:
            applies = bool(self.systems & set(option.systems)) if self.systems else None
        points = tuple(self.point(option, series) for series in self.diary.series)
        verdicts = {one.verdict for one in points}
        enough, hopeless = ("fail", "pass") if option.points == "every" else ("pass", "fail")
        verdict: ProcessVerdict = "cannot_tell"
        if enough in verdicts:
            verdict = "fail" if option.points == "every" else "pass"
        elif verdicts == {hopeless}:
            verdict = "pass" if option.points == "every" else "fail"
        return OptionResult(option, applies, verdict, points)

    def point(self, option: HeatOption, series: Series) -> PointResult:
        gap, hottest = self.how.longest_gap_hours, float(self.how.hottest_possible)
        run = best_run(self.diary, series, option, gap=gap)
        verdict: ProcessVerdict = "pass"
        missing: tuple[tuple[dt.date, dt.date], ...] = ()
        step: Message | None = None
        if not run.met:
            possible = best_run(self.diary, series, option, gap=gap, fill=hottest)
            verdict = "cannot_tell" if self.running or possible.met else "fail"
            days = missing_days(self.diary, series, option, possible) if possible.met else ()
            missing = tuple((self._day(first), self._day(last)) for first, last in days)
            if missing and not self.running:
                step = missing_message(series.point, missing)
            else:
                from_run = self._going_on(option, series, run) if self.running else run
                step = step_message(option, series.point, from_run, self._needed(option))
        warmest = None if run.amount else series.hottest_day()
        return PointResult(
            point=series.point,
            verdict=verdict,
            amount=run.amount,
            needed=self._needed(option),
            unit="hours" if option.hours is not None else "days",
            turnings=run.turnings,
            periods=self._periods(option, series.point, run),
            missing=missing,
            found=found_message(
                option,
                series.point,
                run,
                self._needed(option),
                (self._day(run.first), self._day(run.last)) if run.amount else None,
                (self._day(warmest[0]), warmest[1]) if warmest else None,
            ),
            next_step=step,
        )

    @staticmethod
    def _needed(option: HeatOption) -> float:
        return float(option.days if option.days is not None else option.hours or 0)

    def _going_on(self, option: HeatOption, series: Series, run: Run) -> Run:
        """What a batch that still works can build on: a broken run is lost where days must follow each other."""
        if option.counting == "cumulative" or option.days_per_turning is not None:
            return run
        last = self.diary.count - 1
        alive = run.last >= last or (run.last == last - 1 and series.is_missing(last))
        return run if run.amount and (alive or run.amount >= self._needed(option)) else Run()

    def _day(self, number: int) -> dt.date:
        return self.diary.first_day + dt.timedelta(days=number)

    def _periods(self, option: HeatOption, point: str, run: Run) -> tuple[Period, ...]:
        if option.hours is not None:
            return (
                (Period(point, self._day(run.first), self._day(run.last), run.amount, "hours"),) if run.amount else ()
            )
        return tuple(
            Period(point, self._day(first), self._day(last), float(last - first + 1), "days")
            for first, last in stretches(run.counted)
        )


def _any_of(options: Sequence[OptionResult]) -> ProcessVerdict:
    verdicts = {one.verdict for one in options}
    if "pass" in verdicts:
        return "pass"
    return "fail" if verdicts == {"fail"} else "cannot_tell"


def _found(result: OptionResult) -> Message:
    """What was found at the points that decide; where all is well, at the one that is nearest to the limit."""
    named = 1 if result.verdict == "pass" else MOST_POINTS
    found = joined("process_then", [one.found for one in result.decisive[:named]])
    others = len(result.decisive) - named
    return Message("process_found_others", {"found": found, "others": others}) if others > 0 else found


def _periods(result: OptionResult) -> tuple[Period, ...]:
    return tuple(period for one in result.points for period in one.periods)


def _shown(text: str | Message, language: str) -> str:
    return text if isinstance(text, str) else text.render(language)
