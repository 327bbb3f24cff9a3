"""The library of standards: every YAML file of ``standards/library/``, read strictly and cross-checked at start."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from compostnet.shared.problems import Problem
from compostnet.shared.rules import RuleFileError, Text, in_force, load_rule, refuse_overlap
from standards.facts import known_facts
from standards.indicators import indicators, read_unit
from standards.indicators_schema import IndicatorFile
from standards.library_schema import (
    AllOf,
    AnyOf,
    Delegated,
    Edition,
    Limit,
    Node,
    ProductClass,
    Resolved,
    Standard,
    leaves,
)
from standards.process.schema import Condition, DelegatedProcess, FactCondition, ProcessRule

FOLDER = Path(__file__).with_name("library")
TEMPLATE = Path(__file__).with_name("library_template.yaml")
OWN = "COMPOSTNET_STANDARDS"
"""Environment variable: a folder with standards of one's own, loaded besides the shipped ones."""
_BLANK = re.compile(r"<<[^<>]*>>")


def load_library(
    folder: Path = FOLDER, known: IndicatorFile | None = None, base: Mapping[str, Standard] | None = None
) -> dict[str, Standard]:
    """Every standard of a folder by code; `RuleFileError` naming file, key and remedy for the first mistake.

    ``base`` are standards that are there already: what the folder's standards may delegate to. Its codes are taken,
    but for those whose text was not at hand: a file of the folder may fill such an entry in.
    """
    known = known or indicators()
    base = base or {}
    found: dict[str, Standard] = {}
    for path in sorted(folder.glob("*.yaml")):
        standard = load_standard(path, known)
        if standard.code in base and base[standard.code].editions:
            raise RuleFileError(path, "code", f"{standard.code} is in the library already; a code names one file")
        found[standard.code] = standard
    books = {**base, **found}
    for code, standard in found.items():
        check_delegations(folder / f"{code}.yaml", standard, books)
    return found


def check_delegations(path: Path, standard: Standard, books: Mapping[str, Standard]) -> None:
    """What a standard leaves to others is there."""
    for number, edition in enumerate(standard.editions):
        _check_delegations(path, f"editions.{number}", edition, standard.code, books)
        _check_process_delegations(path, f"editions.{number}", edition, books)


def _check_process_delegations(path: Path, key: str, edition: Edition, books: Mapping[str, Standard]) -> None:
    """A delegated process rule exists in every edition of the other standard that counts while this one does."""
    for number, node in enumerate(edition.process):
        if not isinstance(node, DelegatedProcess):
            continue
        place = f"{key}.process.{number}"
        if node.to not in books:
            raise RuleFileError(path, f"{place}.to", f"{node.to} is not in the library; add its file first")
        others = books[node.to].editions
        ends = [other.valid_to + dt.timedelta(days=1) for other in others if other.valid_to]
        for day in (edition.valid_from, *ends):
            if day < edition.valid_from or (edition.valid_to and day > edition.valid_to):
                continue
            other = in_force(others, day)
            if other is None:
                raise RuleFileError(
                    path, f"{place}.to", f"{node.to} has no edition in force on {day}; write also_required instead"
                )
            known = [rule.id for rule in other.process if isinstance(rule, ProcessRule)]
            if node.rule not in known:
                raise RuleFileError(
                    path, f"{place}.rule", f"{node.to} {other.edition} has no process rule {node.rule}; it has {known}"
                )


def _every(nodes: Iterable[Node]) -> Iterator[Limit | Delegated]:
    """Limits and delegations of an edition, groups opened."""
    for node in nodes:
        if isinstance(node, Limit | Delegated):
            yield node
        else:
            yield from _every(node.any_of if isinstance(node, AnyOf) else node.all_of)


def _check_delegations(path: Path, key: str, edition: Edition, code: str, books: Mapping[str, Standard]) -> None:
    """A delegation names a standard of the library and, where its text is at hand, one of its limits on the same."""
    for node in _every(edition.limits):
        if not isinstance(node, Delegated):
            continue
        place = f"{key}.{node.id}"
        if node.to not in books:
            raise RuleFileError(path, f"{place}.to", f"{node.to} is not in the library; add its file first")
        known = {one.id: one.indicator for e in books[node.to].editions for one in _every(e.limits)}
        if known and node.limit not in known:
            raise RuleFileError(path, f"{place}.limit", f"{node.to} has no limit {node.limit}; it has {list(known)}")
        if known and known[node.limit] != node.indicator:
            raise RuleFileError(
                path, f"{place}.indicator", f"limit {node.limit} of {node.to} is on {known[node.limit]}; write that"
            )
        if circle := _circle((node.to, node.limit), books, frozenset({(code, node.id)})):
            raise RuleFileError(path, f"{place}.limit", f"leads in a circle to {circle}; name a limit with a value")


def _circle(at: tuple[str, str], books: Mapping[str, Standard], passed: frozenset[tuple[str, str]]) -> str:
    """The limit in which a chain of delegations comes back to itself; empty where it ends at a limit."""
    if at in passed:
        return f"{at[0]} {at[1]}"
    standard = books.get(at[0])
    nodes = [one for edition in (standard.editions if standard else ()) for one in _every(edition.limits)]
    for one in nodes:
        if not isinstance(one, Delegated) or one.id != at[1]:
            continue
        if circle := _circle((one.to, one.limit), books, passed | {at}):
            return circle
    return ""


def load_standard(path: Path, known: IndicatorFile | None = None) -> Standard:
    """One file of the library, checked against the indicators."""
    known = known or indicators()
    _refuse_blanks(path)
    standard = load_rule(path, Standard)
    if path.stem != standard.code:
        raise RuleFileError(path, "code", f"the file must be called {standard.code}.yaml (or the code {path.stem})")
    classes = [one.code for one in standard.classes]
    if len(set(classes)) < len(classes):
        raise RuleFileError(path, "classes", "a class is written twice; keep one of them")
    ranks = [one.rank for one in standard.classes if one.rank is not None]
    if len(set(ranks)) < len(ranks):
        raise RuleFileError(path, "classes", "two classes have one rank; 1 is the best, 2 the next, and so on")
    names = [edition.edition for edition in standard.editions]
    if len(set(names)) < len(names):
        raise RuleFileError(path, "editions", "an edition is written twice; give each its own name")
    refuse_overlap(path, "editions", standard.editions)
    for number, edition in enumerate(standard.editions):
        _check_edition(path, f"editions.{number}", standard, edition, known)
    return standard


def _refuse_blanks(path: Path) -> None:
    """A file made of the template whose blanks are not all filled in."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if (blank := _BLANK.search(line)) and not line.lstrip().startswith("#"):
            remedy = f"the blank {blank[0]} is not filled in yet; write what the standard says, or remove the entry"
            raise RuleFileError(path, f"line {number}", remedy)


def _usable(quantity: str, unit: str) -> bool:
    """Whether a limit may have this unit: one that is known, and not a count per volume."""
    reading = read_unit(quantity, unit)
    return reading is not None and not reading.per_volume


def _check_edition(path: Path, key: str, standard: Standard, edition: Edition, known: IndicatorFile) -> None:
    seen: set[str] = set()

    def check_source(place: str, source: str) -> None:
        if source not in edition.sources:
            raise RuleFileError(
                path, f"{place}.source", f"unknown source {source!r}; add it to sources ({', '.join(edition.sources)})"
            )

    def check_indicator(place: str, code: str) -> None:
        if code not in known.indicators:
            near = difflib.get_close_matches(code, known.indicators, n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}? " if near else ""
            raise RuleFileError(
                path, place, f"unknown indicator {code!r}; {hint}Add new ones to standards/indicators.yaml"
            )

    def check_classes(place: str, wanted: tuple[str, ...]) -> None:
        for one in wanted:
            if one not in {c.code for c in standard.classes}:
                raise RuleFileError(path, f"{place}.classes", f"unknown class {one!r}; add it to classes at the top")

    def check_conditions(place: str, conditions: tuple[Condition, ...]) -> None:
        for number, condition in enumerate(conditions):
            there = f"{place}.when.{number}"
            if not isinstance(condition, FactCondition):
                check_indicator(there, condition.indicator)
                if read_unit(known.indicators[condition.indicator].quantity, condition.unit) is None:
                    raise RuleFileError(
                        path, f"{there}.unit", f"{condition.unit!r} is no unit of {condition.indicator}"
                    )
                continue
            fact = known_facts().get(condition.fact)
            if fact is None:
                raise RuleFileError(
                    path, f"{there}.fact", f"unknown fact {condition.fact!r}; known are {', '.join(known_facts())}"
                )
            for choice in (*condition.is_, *condition.is_not):
                if choice not in fact.choices:
                    raise RuleFileError(
                        path, there, f"{choice!r} is no {condition.fact}; use {', '.join(fact.choices)}"
                    )
            if fact.choices and not (condition.is_ or condition.is_not):
                raise RuleFileError(path, there, f"{condition.fact} has choices; write is or is_not")

    def check(place: str, node: Node) -> None:
        if node.id in seen:
            raise RuleFileError(path, f"{place}.id", f"{node.id!r} is used twice in this edition; choose another")
        seen.add(node.id)
        check_classes(place, node.classes)
        check_conditions(place, node.when)
        if isinstance(node, Delegated):
            check_indicator(f"{place}.indicator", node.indicator)
            check_source(place, node.source)
            return
        if not isinstance(node, Limit):
            for number, child in enumerate(node.any_of if isinstance(node, AnyOf) else node.all_of):
                check(f"{place}.{'any_of' if isinstance(node, AnyOf) else 'all_of'}.{number}", child)
            return
        for code in (node.indicator, *node.sum):
            check_indicator(f"{place}.indicator" if code == node.indicator else f"{place}.sum", code)
        check_source(place, node.source)
        if node.delegated_from:
            raise RuleFileError(
                path, f"{place}.delegated_from", "the library sets this; remove it, and write to and limit"
            )
        for number, change in enumerate(node.changes):
            check_source(f"{place}.changes.{number}", change.source)
            inside = edition.valid_from < change.valid_from <= (edition.valid_to or dt.date.max)
            if not inside:
                raise RuleFileError(
                    path, f"{place}.changes.{number}.valid_from", f"{change.valid_from} is outside of this edition"
                )
        quantity = known.quantities[known.indicators[node.indicator].quantity]
        for code in node.sum:
            if known.indicators[code].quantity != known.indicators[node.indicator].quantity:
                raise RuleFileError(path, f"{place}.sum", f"{code} is another kind of quantity and cannot be added")
        if node.compare not in ("absent", "declared", "unavailable") and not _usable(
            known.indicators[node.indicator].quantity, node.unit
        ):
            units = ", ".join(quantity.units)
            raise RuleFileError(
                path, f"{place}.unit", f"{node.unit!r} is no unit of {node.indicator}; use one of {units}"
            )
        if not quantity.basis and node.basis != "none":
            raise RuleFileError(path, f"{place}.basis", f"{node.indicator} has no basis; write none")
        if quantity.basis and node.basis == "none" and node.compare not in ("declared", "unavailable"):
            raise RuleFileError(path, f"{place}.basis", f"{node.indicator} needs a basis: dm, ar, om or unverified")

    for number, node in enumerate(edition.limits):
        check(f"{key}.limits.{number}", node)
    for number, conversion in enumerate(edition.conversions):
        place = f"{key}.conversions.{number}"
        check_indicator(f"{place}.of", conversion.of)
        check_indicator(f"{place}.from", conversion.from_)
        check_source(place, conversion.source)
    for number, rule in enumerate(edition.process):
        place = f"{key}.process.{number}"
        options = rule.any_of if isinstance(rule, ProcessRule) else ()
        if isinstance(rule, ProcessRule) and rule.delegated_from:
            raise RuleFileError(
                path, f"{place}.delegated_from", "the library sets this; remove it, and write to and rule"
            )
        if rule.id in seen or len({option.id for option in options}) < len(options):
            raise RuleFileError(path, f"{place}.id", f"an id of {rule.id!r} is used twice; choose another")
        seen.add(rule.id)
        check_source(place, rule.source)
        check_classes(place, rule.classes)
        check_conditions(place, rule.when)
    if edition.sampling:
        check_source(f"{key}.sampling", edition.sampling.source)
    if not edition.limits and not edition.process:
        raise RuleFileError(path, key, "the edition has neither limits nor process rules; write at least one")
    for number, requirement in enumerate(edition.also_required):
        check_source(f"{key}.also_required.{number}", requirement.source)
        check_classes(f"{key}.also_required.{number}", requirement.classes)


@cache
def library() -> dict[str, Standard]:
    """The platform's library by code: the shipped standards, and those of the folder ``COMPOSTNET_STANDARDS``."""
    books = load_library()
    if own := os.environ.get(OWN, "").strip():
        if not Path(own).is_dir():
            raise RuleFileError(own, "", f"{OWN} names no folder; correct it or unset it")
        books |= load_library(Path(own), base=books)
    return dict(sorted(books.items()))


@dataclass(frozen=True)
class RuleSet:
    """What a sample is judged against: one class of one edition on one day, with dated changes applied."""

    standard: Standard
    product_class: ProductClass | None
    edition: Edition
    day: dt.date
    nodes: tuple[Resolved, ...]
    process: tuple[ProcessRule, ...] = ()
    """The process rules of this class; another standard's where this one leaves them to it."""

    @property
    def code(self) -> str:
        """``EU-FPR/PFC3A``, or the standard's code where it has no classes."""
        return f"{self.standard.code}/{self.product_class.code}" if self.product_class else self.standard.code

    @property
    def name(self) -> Text:
        """The standard's name with its class."""
        if not self.product_class:
            return self.standard.name
        return Text(
            zh=f"{self.standard.name.zh}，{self.product_class.name.zh}",
            en=f"{self.standard.name.en}, {self.product_class.name.en}",
        )

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Every limit, groups opened, in the order of the file."""
        return tuple(limit for node in self.nodes for limit in leaves(node))

    @property
    def provisional(self) -> bool:
        """Whether an obligatory limit (of a standard without limits: process rule) is known from memory only (C)."""
        rules: tuple[Limit | ProcessRule, ...] = self.limits or self.process
        return any(rule.grade == "C" and (rule.obligatory or getattr(rule, "presumed", False)) for rule in rules)


_KEPT: dict[tuple[int, dt.date, str | None], list[RuleSet]] = {}


def rule_sets(
    standard: Standard, as_of: dt.date, class_code: str | None = None, books: dict[str, Standard] | None = None
) -> list[RuleSet]:
    """The rule sets of a standard on a day: of one class, or of every class (best first). Empty before any edition.

    Those of the platform's library are kept, since the checker knows again what it has worked out.
    """
    books = books if books is not None else library()
    if books is not library() or books.get(standard.code) is not standard:
        return _rule_sets(standard, as_of, class_code, books)
    key = (id(standard), as_of, class_code)
    kept = _KEPT.get(key)
    if kept is None:
        if len(_KEPT) >= 2000:
            _KEPT.clear()
        kept = _KEPT[key] = _rule_sets(standard, as_of, class_code, books)
    return list(kept)


def _rule_sets(standard: Standard, as_of: dt.date, class_code: str | None, books: dict[str, Standard]) -> list[RuleSet]:
    edition = in_force(standard.editions, as_of)
    if edition is None:
        return []
    ordered = sorted(standard.classes, key=lambda one: (one.rank is None, one.rank or 0))
    wanted: list[ProductClass | None] = [*ordered] or [None]
    if class_code is not None:
        wanted = [one for one in ordered if one.code == class_code]
    return [
        RuleSet(
            standard,
            one,
            edition,
            as_of,
            tuple(_applicable(edition.limits, one, as_of, books)),
            tuple(_process(edition, one, as_of, books)),
        )
        for one in wanted
    ]


def _process(
    edition: Edition, product_class: ProductClass | None, day: dt.date, books: dict[str, Standard] | None
) -> Iterator[ProcessRule]:
    """The process rules of a class, delegated ones as in force on the day (that there is one holds since loading)."""
    for node in edition.process:
        if node.classes and (product_class is None or product_class.code not in node.classes):
            continue
        if isinstance(node, ProcessRule):
            yield node
            continue
        target = (books if books is not None else library())[node.to]
        other = in_force(target.editions, day)
        for rule in other.process if other else ():
            if isinstance(rule, ProcessRule) and rule.id == node.rule:
                own = {
                    name: getattr(node, name) for name in ("id", "classes", "obligatory", "when", "clause", "source")
                }
                origin = f"{node.to} {other.edition if other else ''} {node.rule}"
                yield rule.model_copy(update={**own, "grade": max(rule.grade, node.grade), "delegated_from": origin})


def _applicable(
    nodes: tuple[Node, ...], product_class: ProductClass | None, day: dt.date, books: dict[str, Standard] | None
) -> Iterator[Resolved]:
    for node in nodes:
        if node.classes and (product_class is None or product_class.code not in node.classes):
            continue
        if isinstance(node, Limit):
            yield node.at(day)
        elif isinstance(node, Delegated):
            yield _resolved(node, day, books if books is not None else library())
        elif isinstance(node, AnyOf):
            yield node.model_copy(update={"any_of": tuple(_applicable(node.any_of, product_class, day, books))})
        else:
            yield node.model_copy(update={"all_of": tuple(_applicable(node.all_of, product_class, day, books))})


def _resolved(node: Delegated, day: dt.date, books: dict[str, Standard]) -> Limit:
    """The limit that a delegation names, as in force on the day; one marked unavailable where there is no text."""
    target = books.get(node.to)
    edition = in_force(target.editions, day) if target else None
    origin = f"{node.to} {edition.edition} {node.limit}" if edition else f"{node.to} {node.limit}"
    own: dict[str, Any] = {"id": node.id, "classes": node.classes, "obligatory": node.obligatory, "when": node.when}
    said = {"clause": node.clause, "source": node.source}
    for candidate in _every(edition.limits if edition else ()):
        if candidate.id == node.limit:
            found = candidate.at(day) if isinstance(candidate, Limit) else _resolved(candidate, day, books)
            origin = found.delegated_from or origin
            grade = max(found.grade, node.grade)
            return found.model_copy(update={**own, **said, "grade": grade, "delegated_from": origin})
    return Limit(
        **own,
        indicator=node.indicator,
        compare="unavailable",
        basis="none",
        clause=node.clause,
        source=node.source,
        grade=node.grade,
        delegated_from=origin,
    )


def known_codes(books: dict[str, Standard] | None = None) -> list[str]:
    """Every code that can be asked for, with its classes."""
    codes: list[str] = []
    for code, standard in (books or library()).items():
        codes.append(code)
        codes += [f"{code}/{one.code}" for one in standard.classes]
    return codes


def find(code: str, books: dict[str, Standard] | None = None) -> tuple[Standard, str | None]:
    """The standard and class that a code names, in any case; the problem ``standard_unknown`` names the known ones."""
    books = books or library()
    name, _, wanted = code.strip().upper().partition("/")
    standard = books.get(name)
    if standard is None or (wanted and wanted not in {one.code.upper() for one in standard.classes}):
        raise Problem("standard_unknown", standard=code, known=known_codes(books))
    if not standard.editions:
        raise Problem("standard_text_missing", standard=standard.code, why=standard.unavailable)
    one = next((one.code for one in standard.classes if one.code.upper() == wanted), None)
    return standard, one


def selected(
    codes: list[str], as_of: dt.date, books: dict[str, Standard] | None = None
) -> list[tuple[bool, list[RuleSet]]]:
    """Groups of rule sets for the codes asked for; True where the best class of the group is the answer.

    ``all`` stands for every class of every standard with limits in force on the day. A standard of process rules only
    (asked for by its code) is never passed by a lab report: it has no limit, and its verdict is *cannot tell*.
    """
    books = books or library()
    groups: list[tuple[bool, list[RuleSet]]] = []
    for code in dict.fromkeys(codes):
        if code.strip().lower() == "all":
            for standard in books.values():
                groups += [(False, [one]) for one in rule_sets(standard, as_of, books=books) if one.nodes]
            continue
        standard, wanted = find(code, books)
        sets = rule_sets(standard, as_of, wanted, books)
        if not sets:
            first = min(edition.valid_from for edition in standard.editions)
            raise Problem(
                "standard_not_in_force", standard=standard.code, day=as_of.isoformat(), first=first.isoformat()
            )
        ranked = [one for one in sets if one.product_class and one.product_class.rank is not None]
        if wanted is None and len(ranked) > 1:
            groups.append((True, ranked))
            groups += [(False, [one]) for one in sets if one not in ranked]
        else:
            groups += [(False, [one]) for one in sets]
    return groups


__all__ = [
    "AllOf",
    "AnyOf",
    "RuleSet",
    "find",
    "known_codes",
    "library",
    "load_library",
    "load_standard",
    "rule_sets",
    "selected",
]
