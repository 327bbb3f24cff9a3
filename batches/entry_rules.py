"""The words and limits of entries as data (``entries.yaml``). No Django, no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from batches.materials import materials
from compostnet.shared.numbers import normalise
from compostnet.shared.rules import Rule, RuleFileError, Text, load_rule

FILE = Path(__file__).with_name("entries.yaml")


class LedgerKind(Rule):
    """A kind of the ledger; ``material`` is what it means where the sender names none (null: must be named)."""

    name: Text
    aliases: tuple[str, ...] = ()
    material: str | None


class MeasuredBy(Rule):
    """A way of measuring and the kinds of units it goes with."""

    name: Text
    aliases: tuple[str, ...] = ()
    unit_kinds: tuple[Literal["mass", "volume", "count"], ...]


class DiaryUnit(Rule):
    """A unit of the diary: value in the kind's own unit = (value - subtract) / divide."""

    aliases: tuple[str, ...] = ()
    subtract: Decimal = Decimal(0)
    divide: Decimal = Decimal(1)


class DiaryKind(Rule):
    """A kind of the diary: whether it has a value, in which unit it is kept and between which possible limits."""

    name: Text
    aliases: tuple[str, ...] = ()
    value: Literal["required", "optional", "none"]
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    unit: str = ""
    units: dict[str, DiaryUnit] = {}
    source: str = ""


class Serials(Rule):
    """The day counts of spreadsheets that are taken for dates."""

    first: int
    last: int


class EntryRules(Rule):
    """The shape of ``entries.yaml``."""

    ledger_kinds: dict[Literal["intake", "removal", "transfer", "harvest", "residue"], LedgerKind]
    measured: dict[Literal["scale", "container", "volume", "estimate"], MeasuredBy]
    measured_by_unit: dict[Literal["mass", "volume", "count"], Literal["scale", "container", "volume", "estimate"]]
    diary_kinds: dict[
        Literal["temperature", "moisture", "oxygen", "smell", "turning", "watering", "photo", "note"], DiaryKind
    ]
    excel_serials: Serials
    earliest: dt.date


def word_key(text: str) -> str:
    """The form in which words are compared: NFKC, lower case, single spaces, multiplication sign as x."""
    return " ".join(normalise(text).replace("_", " ").replace("×", "x").casefold().split())


@cache
def entry_rules() -> EntryRules:
    """The rules; `RuleFileError` where a kind names an unknown material or a value without limits and unit."""
    rules = load_rule(FILE, EntryRules)
    for code, kind in rules.ledger_kinds.items():
        if kind.material is not None and kind.material not in materials():
            raise RuleFileError(FILE, f"ledger_kinds.{code}.material", "not a code of batches/materials.yaml")
    for diary_code, diary in rules.diary_kinds.items():
        if diary.value != "none" and (diary.minimum is None or diary.maximum is None or diary.unit not in diary.units):
            raise RuleFileError(FILE, f"diary_kinds.{diary_code}", "a value needs minimum, maximum, unit and units")
    return rules


def _words(named: Mapping[str, LedgerKind | MeasuredBy | DiaryKind]) -> Iterator[tuple[str, str]]:
    for code, item in named.items():
        for word in (code, item.name.zh, item.name.en, *item.aliases):
            yield word_key(word), code


@cache
def words_of(group: Literal["ledger_kinds", "measured", "diary_kinds"]) -> dict[str, str]:
    """Word (see `word_key`) → code of one group; a word that means two codes is refused."""
    known: dict[str, str] = {}
    for word, code in _words(getattr(entry_rules(), group)):
        if known.setdefault(word, code) != code:
            raise RuleFileError(FILE, f"{group}.{code}", f"{word!r} already means {known[word]}; drop it in one")
    return known


@cache
def diary_units(kind: str) -> dict[str, str]:
    """Unit word → unit code of one diary kind."""
    units = entry_rules().diary_kinds[kind].units  # type: ignore[index]
    return {word_key(word): code for code, unit in units.items() for word in (code, *unit.aliases)}
