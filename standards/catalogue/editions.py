"""What differs between two editions of a standard, or between two days of one edition, limit by limit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.catalogue.describe import (
    condition_words,
    conversion_words,
    heat_words,
    indicator_name,
    limit_words,
    plan_words,
    statistic_words,
    system_words,
    unit_words,
)
from standards.library import RuleSet, rule_sets
from standards.library_schema import AllOf, AnyOf, Edition, Limit, Resolved, Standard, parts
from standards.process.schema import ProcessRule

Kind = Literal["added", "removed", "changed", "later"]
"""``later``: another value that comes into force on `Change.day`, inside the newer edition."""
Subject = Literal["limit", "process", "edition"]
Shown = str | Text | Message


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``id`` is the limit's (or process rule's) name in the file, ``field`` what of it changed.

    ``day``: when a value changes inside an edition. An added or removed limit has the field ``limit``; an edition's own
    fields are ``rounding`` and ``conversion``.
    """

    kind: Kind
    subject: Subject
    id: str
    name: Text
    field: str
    before: Shown = ""
    after: Shown = ""
    day: dt.date | None = None

    def as_json(self, language: str) -> dict[str, Any]:
        """The change in the shape that the command prints."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "id": self.id,
            "name": self.name.in_language(language),
            "field": self.field,
            "before": shown(self.before, language),
            "after": shown(self.after, language),
            "day": self.day.isoformat() if self.day else None,
        }


def shown(value: Shown, language: str) -> str:
    """A value of a change in a language."""
    if isinstance(value, Message):
        return " ".join(value.render(language).split()).replace(" （", "（")
    return value.in_language(language) if isinstance(value, Text) else value


@dataclass(frozen=True, slots=True)
class Placed:
    """A limit with the groups that it stands in, outermost first."""

    limit: Limit
    groups: tuple[AnyOf | AllOf, ...] = ()


def placed(rules: RuleSet) -> dict[str, Placed]:
    """Every limit of a rule set by id, in the order of the file."""

    def walk(node: Resolved, groups: tuple[AnyOf | AllOf, ...]) -> Iterator[Placed]:
        if isinstance(node, Limit):
            yield Placed(node, groups)
            return
        for child in parts(node):
            yield from walk(child, (*groups, node))

    return {one.limit.id: one for node in rules.nodes for one in walk(node, ())}


def limit_name(limit: Limit) -> Text:
    """What a limit is on."""
    return limit.name or indicator_name(limit.indicator)


def group_words(group: AnyOf | AllOf) -> Message:
    """A group's name, and whether one of its limits is enough."""
    return Message("edition_any_of" if isinstance(group, AnyOf) else "edition_all_of", {"name": group.name})


def whole_limit(limit: Limit) -> Message:
    """A limit with its unit and basis: ``≤ 50 mg/kg (dry matter)``."""
    basis = Message(f"basis_{limit.basis}") if limit.basis != "none" else ""
    words = {"limit": limit_words(limit), "unit": unit_words(limit), "basis": basis}
    return Message("edition_limit_based" if basis else "edition_limit", words)


def _fields(one: Placed) -> dict[str, Shown]:
    """What of a limit is compared; the words of each are what people see."""
    limit = one.limit
    plan, statistic = plan_words(limit), statistic_words(limit)
    return {
        "indicator": indicator_name(limit.indicator),
        "limit": limit_words(limit),
        "unit": unit_words(limit),
        "basis": Message(f"basis_{limit.basis}") if limit.basis != "none" else "",
        "sum": Message("edition_several", {"of": [indicator_name(code) for code in limit.sum]}) if limit.sum else "",
        "plan": plan or "",
        "statistic": statistic or "",
        "group": Message("edition_several", {"of": [group_words(g) for g in one.groups]}) if one.groups else "",
        "when": Message("edition_several", {"of": [condition_words(c) for c in limit.when]}) if limit.when else "",
        "obligatory": Message("edition_yes" if limit.obligatory else "edition_no"),
        "delegated_from": limit.delegated_from,
        "method": limit.method or "",
        "clause": limit.clause,
        "grade": limit.grade,
    }


def _process_fields(rule: ProcessRule) -> dict[str, Shown]:
    ways = [Message("edition_way", {"systems": system_words(o), "heat": heat_words(o)}) for o in rule.any_of]
    return {
        "limit": Message("edition_ways", {"ways": ways}),
        "obligatory": Message("edition_yes" if rule.obligatory else "edition_no"),
        "delegated_from": rule.delegated_from,
        "clause": rule.clause,
        "grade": rule.grade,
    }


def _matched(old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[tuple[Placed | None, Placed | None]]:
    """Limits of both sides in pairs: by id, else the only one on the same indicator that is left on either side."""
    left = {key: one for key, one in old.items() if key not in new}
    for key, one in new.items():
        before = old.get(key)
        if before is None:
            same = [k for k, other in left.items() if other.limit.indicator == one.limit.indicator]
            rivals = [k for k, o in new.items() if k not in old and o.limit.indicator == one.limit.indicator]
            before = left.pop(same[0]) if len(same) == 1 and len(rivals) == 1 else None
        yield before, one
    for one in left.values():
        yield one, None


def diff_editions(old: RuleSet, new: RuleSet) -> list[Change]:
    """What changes for a product from ``old`` to ``new``: two editions of a class, or two days of one edition.

    Limits in the order of the newer edition, then those that are gone, process rules, and what belongs to the edition
    as a whole. Changes of value that the newer edition plans for after its day come with the day (`later`).
    """
    changes: list[Change] = []
    for before, after in _matched(placed(old), placed(new)):
        changes += _limit_changes(before, after, old, new)
    olds, news = ({rule.id: rule for rule in rules.process} for rules in (old, new))
    for key in dict.fromkeys((*news, *olds)):
        first, second = olds.get(key), news.get(key)
        rule = second or first
        if rule is not None:
            fields = (_process_fields(first) if first else None, _process_fields(second) if second else None)
            changes += _changes("process", key, rule.name, *fields)
    changes += _edition_changes(old.edition, new.edition)
    return changes


def _limit_changes(before: Placed | None, after: Placed | None, old: RuleSet, new: RuleSet) -> list[Change]:
    one = after or before
    if one is None:
        return []
    limit, name = one.limit, limit_name(one.limit)
    if before is None or after is None:
        whole = whole_limit(limit)
        added = before is None
        kind: Kind = "added" if added else "removed"
        changes = [Change(kind, "limit", limit.id, name, "limit", "" if added else whole, whole if added else "")]
    else:
        days = [one.valid_from for one in limit.changes if old.day < one.valid_from <= new.day]
        day = max(days) if days and old.edition == new.edition else None
        changes = _changes("limit", limit.id, name, _fields(before), _fields(after), day)
    if after is not None:
        for change in limit.changes:
            if change.valid_from > new.day:
                then = limit_words(limit.model_copy(update={"value": change.value}))
                changes.append(
                    Change("later", "limit", limit.id, name, "limit", limit_words(limit), then, change.valid_from)
                )
    return changes


def _changes(
    subject: Subject,
    key: str,
    name: Text,
    before: dict[str, Shown] | None,
    after: dict[str, Shown] | None,
    day: dt.date | None = None,
) -> list[Change]:
    if before is None or after is None:
        kind: Kind = "added" if before is None else "removed"
        first, second = ((one or {}).get("limit", "") for one in (before, after))
        return [Change(kind, subject, key, name, "limit", first, second)]
    return [
        Change("changed", subject, key, name, field, before[field], after[field], day if field == "limit" else None)
        for field in before
        if before[field] != after[field]
    ]


def _edition_changes(old: Edition, new: Edition) -> list[Change]:
    changes = []
    name = new.title
    if old.rounding != new.rounding:
        first, second = (Message(f"edition_rounding_{one.rounding}") for one in (old, new))
        changes.append(Change("changed", "edition", "", name, "rounding", first, second))
    before, after = ({(c.of, c.from_): conversion_words(c) for c in one.conversions} for one in (old, new))
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            kind: Kind = "added" if key not in before else "removed" if key not in after else "changed"
            changes.append(Change(kind, "edition", "", name, "conversion", before.get(key, ""), after.get(key, "")))
    return changes


def find_edition(standard: Standard, name: str) -> Edition:
    """An edition by its name; the problem ``edition_unknown`` names those that there are."""
    for edition in standard.editions:
        if edition.edition == name.strip():
            return edition
    known = [edition.edition for edition in standard.editions]
    raise Problem("edition_unknown", standard=standard.code, edition=name, known=known)


def edition_rules(
    standard: Standard, edition: Edition, class_code: str | None = None, *, last_day: bool = False
) -> list[RuleSet]:
    """The rule sets of an edition on its first day; on its last (an edition without end: as far as its changes go)."""
    if not last_day:
        return rule_sets(standard, edition.valid_from, class_code)
    if edition.valid_to is not None:
        return rule_sets(standard, edition.valid_to, class_code)
    first = rule_sets(standard, edition.valid_from, class_code)
    days = [change.valid_from for rules in first for limit in rules.limits for change in limit.changes]
    return rule_sets(standard, max((edition.valid_from, *days)), class_code)
