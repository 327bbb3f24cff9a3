"""What a site writes down once a month besides its masses (``resources.yaml``), and reading such a value exactly.

Energy, money, people, and where the compost went. No Django, no database, no clock: texts in, `Decimal` in the unit of
the kind out, or the faults with what would be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from batches.entry_rules import word_key
from batches.entry_texts import Bad, read_number, shown
from compostnet.shared.numbers import normalise
from compostnet.shared.problems import Fault
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule
from compostnet.shared.texts import Message
from compostnet.shared.units import find_unit, units

FILE = Path(__file__).with_name("resources.yaml")
Category = Literal["energy", "money", "people", "product"]
SIX_PLACES = Decimal("0.000001")
_VALUE_WITH_UNIT = re.compile(r"^([+-]?[\d.,' ]*\d)\s*([^\d\s.,+-].*)$", re.DOTALL)


class Maximum(Rule):
    """The most that one site can have in one month, in the unit of the kind."""

    value: Decimal
    source: str


class Accepted(Rule):
    """A unit that people may write: value × factor is in the kept unit."""

    factor: Decimal = Decimal(1)
    aliases: tuple[str, ...] = ()
    source: str = ""
    confidence: Confidence = "A"


class ResourceKind(Rule):
    """One kind. ``shared`` takes the platform's units of mass (kg) or volume (L) besides those of its own."""

    category: Category
    name: Text
    aliases: tuple[str, ...] = ()
    unit: str
    units: dict[str, Accepted] = {}
    shared: Literal["", "mass", "volume"] = ""
    whole: bool = False
    maximum: Maximum
    over_months: Literal["sum", "latest"]
    over_sites: Literal["sum", "none"] = "sum"


class Resources(Rule):
    """The shape of ``resources.yaml``."""

    kinds: dict[str, ResourceKind]
    categories: dict[Category, Text]
    sources: dict[str, Source]


def read_resources(path: Path) -> Resources:
    """Read one file; a kind without its own unit, a conversion without a source, an unknown source are refused."""
    found = load_rule(path, Resources)
    for code, kind in found.kinds.items():
        place = f"kinds.{code}"
        own = {"mass": "kg", "volume": "L", "": kind.unit}[kind.shared]
        if kind.unit != own or (not kind.shared and kind.unit not in kind.units):
            raise RuleFileError(path, f"{place}.unit", f"must be {own} and among its units, with factor 1")
        if kind.category not in found.categories:
            raise RuleFileError(path, f"{place}.category", "has no name in categories; add it there")
        if kind.maximum.source not in found.sources:
            raise RuleFileError(path, f"{place}.maximum.source", "not in sources; add it there")
        for name, unit in kind.units.items():
            if unit.factor <= 0:
                raise RuleFileError(path, f"{place}.units.{name}.factor", "must be above zero")
            if unit.source not in found.sources and (unit.source or unit.factor != 1):
                raise RuleFileError(path, f"{place}.units.{name}.source", "not in sources; add it there")
    _words_of(found, path)
    return found


@cache
def resources() -> Resources:
    """The kinds in force."""
    return read_resources(FILE)


def _words_of(found: Resources, path: Path) -> dict[str, str]:
    words: dict[str, str] = {}
    for code, kind in found.kinds.items():
        for word in map(word_key, (code, kind.name.zh, kind.name.en, *kind.aliases)):
            if words.setdefault(word, code) != code:
                raise RuleFileError(path, f"kinds.{code}", f"{word!r} already means {words[word]}; drop it in one")
    return words


@cache
def resource_words() -> Mapping[str, str]:
    """Word (see `word_key`) → code of a kind."""
    return _words_of(resources(), FILE)


@cache
def unit_factors(code: str) -> Mapping[str, Decimal]:
    """Word of a unit → factor to the kept unit of a kind."""
    kind = resources().kinds[code]
    found: dict[str, Decimal] = {}
    if kind.shared:
        for name, unit in getattr(units(), kind.shared).items():
            for word in (name, unit.name.zh, unit.name.en, *unit.aliases):
                found[word_key(word)] = unit.factor
    for name, own in kind.units.items():
        for word in (name, *own.aliases):
            found[word_key(word)] = own.factor
    return found


def unit_names(code: str) -> list[str]:
    """The units of a kind as a form offers them: the kept one first."""
    kind = resources().kinds[code]
    shared = {"mass": ["t", "jin"], "volume": [], "": []}[kind.shared]
    return list(dict.fromkeys([kind.unit, *shared, *kind.units]))


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record that may be stored: ``value`` in the unit of the kind with six decimals, the rest as typed."""

    kind: str
    value: Decimal
    entered_value: str
    entered_unit: str


def read_record(kind: str, value: str, unit: str = "") -> tuple[ReadRecord | None, list[Fault]]:
    """A kind, a value and a unit as typed; the unit may stand behind the value; none means the kind's own."""
    faults: list[Fault] = []
    code = resource_words().get(word_key(kind))
    number_text, unit_text = value.strip(), unit.strip()
    # A unit behind the number ("120 度") is read where the unit has no field of its own filled in.
    if not unit_text and (match := _VALUE_WITH_UNIT.match(normalise(number_text))):
        number_text, unit_text = match[1].strip(), match[2].strip()
    if code is None:
        words = [one.name for one in resources().kinds.values()]
        message = Message("record_kind_unknown", {"value": shown(kind)})
        faults.append(Fault(message, field="kind", value=kind, accepted=Message("accepted_one_of", {"words": words})))
    number = read_number("value", number_text)
    if number is None:
        number = Bad("value", Message("entry_value_missing"), Message("accepted_number"), value)
    if isinstance(number, Bad):
        faults.append(Fault(number.message, field="value", value=value, accepted=number.accepted))
    factor = None if code is None else _factor(code, unit_text)
    if code is not None and factor is None:
        message = Message("record_unit_unknown", {"value": shown(unit_text), "kind": resources().kinds[code].name})
        accepted = Message("accepted_one_of", {"words": unit_names(code)})
        faults.append(Fault(message, field="unit", value=unit_text, accepted=accepted))
    if code is None or factor is None or isinstance(number, Bad) or number is None:
        return None, faults
    rule = resources().kinds[code]
    limit = rule.maximum.value
    # Held against the limit before multiplying: a number like 1e999 must not cost an overflow.
    if number > limit or number * factor > limit:
        values = {"value": f"{shown(number_text)} {unit_text}".strip(), "kind": rule.name}
        most = Message("accepted_at_most_in", {"most": f"{limit:,f}", "unit": rule.unit})
        return None, [*faults, Fault(Message("record_absurd", values), field="value", value=value, accepted=most)]
    kept = (number * factor).quantize(SIX_PLACES, ROUND_HALF_EVEN)
    if rule.whole and kept != kept.to_integral_value():
        values = {"value": shown(number_text), "kind": rule.name}
        accepted = Message("accepted_whole_number")
        return None, [
            *faults,
            Fault(Message("record_not_whole", values), field="value", value=value, accepted=accepted),
        ]
    return ReadRecord(code, kept, number_text[:60], (unit_text or rule.unit)[:40]), faults


def _factor(code: str, unit: str) -> Decimal | None:
    if not unit:
        return Decimal(1)
    found = unit_factors(code).get(word_key(unit))
    if found is None and (shared := resources().kinds[code].shared) and (known := find_unit(unit)):
        found = getattr(units(), shared)[known[1]].factor if known[0] == shared else None
    return found
