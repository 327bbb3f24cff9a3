"""What the checker answers: verdicts with everything behind them, and the shape in which they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.checker import CHECKER_VERSION
from standards.checking.core import REASONS, VERDICTS
from standards.checking.plan import Leaf
from standards.checking.steps import origin
from standards.indicators import indicators
from standards.library import RuleSet
from standards.library_schema import Limit, Resolved, parts
from standards.units import unit_in

REASON_CODES = tuple(f"reason_{name}" for name in REASONS)


@dataclass(slots=True)
class IndicatorVerdict:
    """What the checker says of one limit (or of one reported line that no limit uses), with everything behind it.

    ``probability``: that the true value conforms, where a measurement uncertainty is stated. ``delegated_from``: the
    standard, edition and limit that this one is taken from, where the standard leaves it to another one. The same
    object may stand in several answers: it is not to be changed.
    """

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
    probability: float | None = None
    delegated_from: str = ""
    _rendered: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    def as_json(self, language: str) -> dict[str, Any]:
        """The verdict in the shape that commands and the API print."""
        known = self._rendered.get(language)
        if known is None:
            known = self._rendered[language] = self._render(language)
        return {**known, "notes": list(known["notes"])}

    def _render(self, language: str) -> dict[str, Any]:
        notes = [unit_in(note.render(language), language) for note in self.notes]
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
            "reason": joint.join([unit_in(self.reason.render(language), language), *notes]),
            "notes": notes,
            "next_step": unit_in(self.next_step.render(language).strip(), language) if self.next_step else None,
            "probability": None if self.probability is None else round(self.probability, 4),
            "delegated_from": self.delegated_from,
        }


@dataclass(frozen=True, slots=True)
class SampleVerdict:
    """One sample against one rule set. ``notes``: what to know besides, that hangs on no result."""

    sample: str
    rules: RuleSet
    verdict: str
    indicators: tuple[IndicatorVerdict, ...]
    notes: tuple[Message, ...] = ()

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
            "notes": [note.render(language) for note in self.notes],
            "indicators": [one.as_json(language) for one in self.indicators],
        }


def verdict_of(
    leaf: Leaf,
    groups: Mapping[str, tuple[Text | None, bool]],
    verdict: int,
    reason: int,
    sentence: Message,
    notes: tuple[Message, ...],
    step: Message | None,
    text: str | Message,
) -> IndicatorVerdict:
    limit = leaf.limit
    group, obligatory = groups[limit.id]
    return IndicatorVerdict(
        indicator=limit.indicator,
        name=limit.name or indicators().indicators[limit.indicator].name,
        verdict=VERDICTS[verdict],
        code=REASON_CODES[reason],
        reason=sentence,
        notes=notes,
        next_step=step,
        limit=text,
        unit="" if limit.compare == "declared" else limit.unit,
        basis=limit.basis,
        clause=limit.clause,
        grade=limit.grade,
        provisional=limit.grade == "C",
        obligatory=obligatory,
        limit_id=limit.id,
        group=group,
        delegated_from=limit.delegated_from,
    )


def constant_notes(limit: Limit) -> tuple[Message, ...]:
    """What is said of a limit whatever the sample."""
    notes = []
    if limit.delegated_from and limit.compare != "unavailable":
        notes.append(Message("note_delegated", {"origin": origin(limit)}))
    if limit.grade == "C":
        notes.append(Message("note_provisional"))
    return tuple(notes)


def groups_of(
    nodes: Iterable[Resolved], group: Text | None, obligatory: bool
) -> Iterable[tuple[str, tuple[Text | None, bool]]]:
    """Every limit's id with the name of the group it stands in and whether it is obligatory."""
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
