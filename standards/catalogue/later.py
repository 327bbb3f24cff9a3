"""Editions that came after a report: on which day each standard last changed, and which file said so."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import standards.library as books_of
from standards.library import RuleSet, rule_sets
from standards.library_schema import AllOf, AnyOf, Delegated, Node, Standard, leaves
from standards.process.schema import DelegatedProcess


def library_sha256(code: str) -> str:
    """The SHA-256 of a standard's file; where it leaves limits to others, of the checksums of all these files."""
    sums = [_file_sha256(one) for one in (code, *sorted(_relied_on(code, books_of.library())))]
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _file_sha256(code: str) -> str:
    """Of the file in the folder of one's own, where it is there, else in the library."""
    own = os.environ.get(books_of.OWN, "")
    paths = [Path(own) / f"{code}.yaml"] if own else []
    path = next((one for one in paths if one.exists()), books_of.FOLDER / f"{code}.yaml")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _relied_on(code: str, books: dict[str, Standard]) -> set[str]:
    """The standards to which a standard leaves limits or process rules, directly or through another one."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        standard = books.get(waiting.pop())
        for edition in standard.editions if standard else ():
            named = {one.to for node in edition.limits for one in _delegations(node)}
            named |= {one.to for one in edition.process if isinstance(one, DelegatedProcess)}
            waiting += [one for one in named if one in books and one not in found]
            found |= named & set(books)
    return found - {code}


def days_of_change(standard: Standard, books: dict[str, Standard], depth: int = 3) -> set[dt.date]:
    """The days from which a standard asks something else: its editions, their dated changes, and those of the
    standards that it leaves limits to."""
    days = {edition.valid_from for edition in standard.editions}
    others: set[str] = set()
    for edition in standard.editions:
        for node in edition.limits:
            days.update(change.valid_from for limit in leaves(node) for change in limit.changes)
            others.update(delegation.to for delegation in _delegations(node))
    for code in others & set(books) - {standard.code}:
        if depth:
            days |= days_of_change(books[code], books, depth - 1)
    return days


def _delegations(node: Node) -> Iterator[Delegated]:
    if isinstance(node, Delegated):
        yield node
    elif isinstance(node, AnyOf | AllOf):
        for child in node.any_of if isinstance(node, AnyOf) else node.all_of:
            yield from _delegations(child)


def later_groups(since: dt.date, today: dt.date) -> list[tuple[bool, list[RuleSet]]]:
    """Every class of every standard that has changed after ``since``, as of the last such day until ``today``.

    That day and not today, so that judging a report again tomorrow gives the very same verdict. A standard that is not
    in force any more today is left out.
    """
    books = books_of.library()
    groups: list[tuple[bool, list[RuleSet]]] = []
    for standard in books.values():
        days = [day for day in days_of_change(standard, books) if since < day <= today]
        if days and rule_sets(standard, today, books=books):
            groups += [(False, [rules]) for rules in rule_sets(standard, max(days), books=books)]
    return groups
