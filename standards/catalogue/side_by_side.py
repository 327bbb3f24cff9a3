"""The limits of one edition side by side: a row an indicator, a column a class, groups kept together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from compostnet.shared.rules import Text
from standards.catalogue.describe import indicator_name
from standards.library import RuleSet
from standards.library_schema import AnyOf, Limit, Resolved, parts
from standards.process.schema import Condition

Kind = Literal["any_of", "all_of"]


@dataclass(slots=True)
class Row:
    """One indicator: the limit of each class by the class's code (RuleSet.code); a class without has none."""

    name: Text
    depth: int
    obligatory: bool
    cells: dict[str, Limit] = field(default_factory=dict)

    @property
    def limits(self) -> list[Limit]:
        return list(self.cells.values())

    @property
    def first(self) -> Limit:
        return self.limits[0]

    def same(self, *names: str) -> bool:
        """Whether every class has the same in these fields."""
        return all(len({repr(getattr(limit, name)) for limit in self.limits}) == 1 for name in names)


@dataclass(slots=True)
class Heading:
    """The head of a choice: one of the rows under it (``any_of``), or every one of them (``all_of``), must be met."""

    name: Text
    depth: int
    kind: Kind
    open_when_untested: bool
    when: tuple[Condition, ...] = ()
    classes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    head: Heading | None
    children: dict[object, Row | _Group] = field(default_factory=dict)


def side_by_side(rule_sets: Sequence[RuleSet]) -> list[Row | Heading]:
    """Headings and rows in the order of the file; the classes of one edition share the rows that they can."""
    root = _Group(None)
    for rules in rule_sets:
        for node in rules.nodes:
            _place(root, node, rules.code, 0, True)
    return list(_flat(root))


def _place(group: _Group, node: Resolved, code: str, depth: int, obligatory: bool) -> None:
    needed = obligatory and node.obligatory
    if isinstance(node, Limit):
        key: object = _key(node, needed)
        number = 0
        while (
            (found := group.children.get((key, number))) is not None and isinstance(found, Row) and code in found.cells
        ):
            number += 1  # two limits of one class on one thing: two rows
        row = group.children.setdefault((key, number), Row(_name(node), depth, needed))
        if isinstance(row, Row):
            row.cells[code] = node
        return
    kind: Kind = "any_of" if isinstance(node, AnyOf) else "all_of"
    key = (kind, node.name.en)
    child = group.children.get(key)
    if not isinstance(child, _Group):
        still_open = isinstance(node, AnyOf) and node.untested == "open"
        child = group.children[key] = _Group(Heading(node.name, depth, kind, still_open, node.when))
    if child.head is not None:
        child.head.classes.append(code)
    for part in parts(node):
        _place(child, part, code, depth + 1, needed)


def _name(limit: Limit) -> Text:
    return limit.name or indicator_name(limit.indicator)


def _key(limit: Limit, obligatory: bool) -> tuple[object, ...]:
    """What makes two limits of two classes the same row."""
    side = {"<=": "at most", "<": "at most", ">=": "at least", ">": "at least"}.get(limit.compare, limit.compare)
    when = repr(limit.when)
    return limit.indicator, limit.sum, _name(limit).en, side, limit.basis, obligatory, when


def _flat(group: _Group) -> Iterator[Row | Heading]:
    if group.head is not None:
        yield group.head
    for child in group.children.values():
        if isinstance(child, Row):
            yield child
        else:
            yield from _flat(child)
