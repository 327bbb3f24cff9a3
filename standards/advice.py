"""Advice: what a site can do about a verdict, a process rule that is not met, or a diary entry. Rules are data.

`advise` is pure: verdicts as JSON (as `SampleVerdict.as_json` and frozen verdicts have them), process results and the
diary's latest values in, ranked advice out. It recommends; it promises nothing and judges nobody.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Discriminator, Field, Tag, model_validator

from compostnet.shared.display import format_number
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Text, load_rule
from compostnet.shared.texts import Message
from standards.indicators import indicators
from standards.printed import Id, Number
from standards.process.rules import ProcessResult
from standards.units import unit_in

PATH = Path(__file__).with_name("advice.yaml")
Verdict = Literal["fail", "cannot_tell", "not_tested"]
Direction = Literal["high", "low"]
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?(?:[eE]-?\d+)?")


class DiaryNote(NamedTuple):
    """A value of the diary: its kind (``moisture`` in % …, batches/entries.yaml), an aware time, the value."""

    kind: str
    at: dt.datetime
    value: float


class IndicatorTrigger(Rule):
    """A limit on one of these indicators has this verdict; ``direction``: the result is too high or too low."""

    indicators: tuple[str, ...] = Field(min_length=1)
    verdict: Verdict = "fail"
    direction: Direction | None = None


class ProcessTrigger(Rule):
    """A process rule has one of these verdicts."""

    process: tuple[Literal["fail", "cannot_tell", "not_tested"], ...] = Field(min_length=1)
    code: str = ""
    """Only where the reason has this code (``process_gaps``)."""


class DiaryTrigger(Rule):
    """The latest value of a kind of diary entry lies above or below (at least one of both)."""

    diary: Literal["moisture", "smell", "oxygen", "temperature"]
    above: Number | None = None
    below: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> DiaryTrigger:
        if (self.above is None) == (self.below is None):
            raise ValueError("write above or below; one of them")
        return self


class AnyTrigger(Rule):
    """Some obligatory limit, whichever, has this verdict."""

    any_indicator: Verdict


def _which(value: Any) -> str:
    """Which trigger a mapping is, so that its mistakes are told as its own."""
    for key, kind in (("process", ProcessTrigger), ("diary", DiaryTrigger), ("any_indicator", AnyTrigger)):
        if isinstance(value, kind) or (isinstance(value, dict) and key in value):
            return key
    return "indicators"


Trigger = Annotated[
    Annotated[IndicatorTrigger, Tag("indicators")]
    | Annotated[ProcessTrigger, Tag("process")]
    | Annotated[DiaryTrigger, Tag("diary")]
    | Annotated[AnyTrigger, Tag("any_indicator")],
    Discriminator(_which),
]


class AdviceSource(Rule):
    """Where a piece of advice comes from; grade C is practice that no text at hand attests."""

    title: Text
    issuer: Text | None = None
    grade: Confidence


class AdviceRule(Rule):
    """One piece of advice. ``rank`` 1 comes first."""

    id: Id
    name: Text
    rank: int = Field(ge=1)
    when: tuple[Trigger, ...] = Field(min_length=1)
    do: Text
    why: Text
    source: str


class AdviceFile(Rule):
    """The shape of ``advice.yaml``."""

    sources: dict[str, AdviceSource]
    advice: tuple[AdviceRule, ...]


def load_advice(path: Path = PATH) -> AdviceFile:
    """The file, cross-checked; `RuleFileError` with file, key and remedy for the first mistake."""
    file = load_rule(path, AdviceFile)
    seen: set[str] = set()
    for number, rule in enumerate(file.advice):
        key = f"advice.{number}"
        if rule.id in seen:
            raise RuleFileError(path, f"{key}.id", f"{rule.id!r} is used twice; choose another")
        seen.add(rule.id)
        if rule.source not in file.sources:
            raise RuleFileError(path, f"{key}.source", f"unknown source {rule.source!r}; add it to sources")
        for trigger in rule.when:
            for code in trigger.indicators if isinstance(trigger, IndicatorTrigger) else ():
                if code not in indicators().indicators:
                    raise RuleFileError(path, f"{key}.when", f"unknown indicator {code!r}; see indicators.yaml")
    return file


@cache
def advice_rules() -> AdviceFile:
    """The platform's advice."""
    return load_advice()


@dataclass(frozen=True, slots=True)
class Advice:
    """A suggestion with its reasons; ``because`` are at most a few of them, in words."""

    id: str
    name: Text
    rank: int
    text: Text
    why: Text
    source: AdviceSource
    because: tuple[Message, ...]

    def as_json(self, language: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name.in_language(language),
            "rank": self.rank,
            "text": self.text.in_language(language),
            "why": self.why.in_language(language),
            "because": [unit_in(one.render(language), language) for one in self.because],
            "source": self.source.title.in_language(language),
            "issuer": self.source.issuer.in_language(language) if self.source.issuer else "",
            "grade": self.source.grade,
            "provisional": self.source.grade == "C",
        }


MOST_REASONS = 4


def diary_facts(notes: Iterable[DiaryNote]) -> dict[str, DiaryNote]:
    """The latest value of each kind; of several at one time the highest."""
    latest: dict[str, DiaryNote] = {}
    for note in sorted(notes, key=lambda one: (one.at, one.value)):
        latest[note.kind] = note
    return latest


def advise(
    answers: Sequence[Mapping[str, Any]],
    process: Sequence[ProcessResult] = (),
    diary: Mapping[str, DiaryNote] | None = None,
    rules: AdviceFile | None = None,
) -> list[Advice]:
    """What can be done, most important first; each piece once, however many limits call for it."""
    file = rules or advice_rules()
    found: dict[str, Advice] = {}
    for rule in file.advice:
        because = [reason for one in rule.when for reason in _reasons(one, answers, process, diary or {})]
        if because:
            first = tuple(_unique(because)[:MOST_REASONS])
            found[rule.id] = Advice(rule.id, rule.name, rule.rank, rule.do, rule.why, file.sources[rule.source], first)
    return sorted(found.values(), key=lambda one: one.rank)


def _unique(messages: Sequence[Message]) -> list[Message]:
    seen: dict[str, Message] = {}
    for one in messages:
        seen.setdefault(repr(one), one)
    return list(seen.values())


def _reasons(
    trigger: Trigger,
    answers: Sequence[Mapping[str, Any]],
    process: Sequence[ProcessResult],
    diary: Mapping[str, DiaryNote],
) -> list[Message]:
    if isinstance(trigger, DiaryTrigger):
        note = diary.get(trigger.diary)
        if note is None:
            return []
        fires = (trigger.above is not None and note.value > trigger.above) or (
            trigger.below is not None and note.value < trigger.below
        )
        values = {"value": format_number(note.value), "day": note.at.date().isoformat()}
        return [Message(f"advice_diary_{trigger.diary}", values)] if fires else []
    if isinstance(trigger, ProcessTrigger):
        return [
            Message("advice_process", {"standard": one.standard or one.rule.id, "rule": one.rule.name})
            for one in process
            if one.verdict in trigger.process and trigger.code in ("", one.reason.code)
        ]
    items = [(answer, item) for answer in answers for item in answer["indicators"]]
    if isinstance(trigger, AnyTrigger):
        return [
            _because(answer, item)
            for answer, item in items
            if item["verdict"] == trigger.any_indicator and item.get("obligatory", True) and not _beyond_the_lab(item)
        ]
    return [
        _because(answer, item)
        for answer, item in items
        if item["indicator"] in trigger.indicators
        and item["verdict"] == trigger.verdict
        and trigger.direction in (None, direction(item))
    ]


def _beyond_the_lab(item: Mapping[str, Any]) -> bool:
    """Whether the standard's own value is not at hand: nothing that the site or its lab does would settle it."""
    return bool(item.get("code") == "reason_limit_unavailable")


def _because(answer: Mapping[str, Any], item: Mapping[str, Any]) -> Message:
    limit = f"{item['limit']} {'' if item['unit'] == '-' else item['unit']}".strip()
    values = {"name": item["name"], "compared": _amount(item), "limit": limit, "standard": code_of(answer)}
    return Message(f"advice_{item['verdict']}", values)


def code_of(answer: Mapping[str, Any]) -> str:
    """``EU-FPR/PFC3A`` of a verdict in JSON."""
    return f"{answer['standard']}/{answer['class']}" if answer.get("class") else str(answer["standard"])


def _amount(item: Mapping[str, Any]) -> str:
    compared = item.get("compared")
    if isinstance(compared, int | float):
        return format_number(compared)
    return str(compared or item.get("reported") or "")


def direction(item: Mapping[str, Any]) -> Direction | None:
    """Whether a result is too high or too low for its limit (``≤ 50``, ``5.5–8.5``; absent: too high); None if unclear.

    Of an interval (``<0.5``, ``3–5``) its middle tells.
    """
    limit = str(item["limit"]).strip()
    if limit[:1] in "≤<":
        return "high"
    if limit[:1] in "≥>":
        return "low"
    bounds = [float(text.replace(",", ".")) for text in NUMBER.findall(re.sub(r"(?<=\d)\s*[–-]\s*", " ", limit))]
    if len(bounds) != 2:
        return "high" if item["verdict"] == "fail" else None
    compared = item.get("compared")
    known = [float(text) for text in NUMBER.findall(str(compared).replace("–", " "))] if compared is not None else []
    if not known:
        return None
    middle = sum(known) / len(known)
    if middle < bounds[0]:
        return "low"
    return "high" if middle > bounds[1] else None
