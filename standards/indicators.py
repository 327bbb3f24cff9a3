"""Indicators, their names, units and relations as data (``indicators.yaml``), and how a text is matched to them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule
from standards.printed import Number

PATH = Path(__file__).with_name("indicators.yaml")


class UnitRule(Rule):
    """A unit: exact factor to the quantity's canonical unit, and other ways to write it."""

    factor: Number
    aliases: tuple[str, ...] = ()


class Quantity(Rule):
    """A kind of quantity. ``basis``: the value depends on whether it is per dry or per fresh matter.

    ``counts``: units of the form "n per x grams" are understood besides the listed ones.
    """

    canonical: str
    basis: bool
    counts: bool = False
    units: dict[str, UnitRule]


class Plausible(Rule):
    """Bounds (in ``unit``) outside of which a value is a misprint and not a measurement."""

    low: Number
    high: Number
    unit: str


class Indicator(Rule):
    """A measurable property that a standard limits. ``silent_units`` are the units a lab may leave unwritten.

    ``by_unit``: what the same name means where it stands with another unit (weed seeds per litre, not per kg).
    """

    name: Text
    aliases: tuple[str, ...] = ()
    quantity: str
    unit: str
    plausible: Plausible
    by_unit: tuple[str, ...] = ()
    silent_units: tuple[str, ...] = ()
    silent_basis: Literal["dm", "ar"] | None = None
    not_detected_satisfies: bool = False
    scale: Literal["roman"] | None = None


class Ambiguous(Rule):
    """A name that labs use for several indicators; a verdict is given only when every reading agrees."""

    name: Text
    aliases: tuple[str, ...]
    readings: Annotated[tuple[str, ...], Field(min_length=2)]


class Relation(Rule):
    """How one indicator follows from another.

    ``factor``: of = from × factor. ``complement``: of = 100 % - from. ``inverse``: of = 1 / from. ``part``: of is a
    part of from, so 0 ≤ of ≤ from. ``none_found``: none found of ``from`` satisfies every limit on ``of``.
    """

    of: str
    from_: Annotated[str, Field(alias="from")]
    kind: Literal["factor", "complement", "inverse", "part", "none_found"]
    factor: Number | None = None
    source: Source
    grade: Confidence


class Consistency(Rule):
    """What must hold between results of one sample; broken, both are flagged and not judged."""

    kind: Literal["at_least", "sum_at_most"]
    of: tuple[str, str]
    limit: Number | None = None
    reason: Text


class IndicatorFile(Rule):
    """The shape of ``indicators.yaml``."""

    quantities: dict[str, Quantity]
    indicators: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")], Indicator]
    ambiguous: dict[str, Ambiguous]
    relations: tuple[Relation, ...]
    consistency: tuple[Consistency, ...]
    basis_words: dict[Literal["dm", "ar", "om"], tuple[str, ...]]


def load(path: Path = PATH) -> IndicatorFile:
    """Read and cross-check a file of indicators; `RuleFileError` with key and remedy where it does not fit together."""
    file = load_rule(path, IndicatorFile)
    names: dict[str, str] = {}
    for code, indicator in file.indicators.items():
        key = f"indicators.{code}"
        quantity = file.quantities.get(indicator.quantity)
        if quantity is None:
            known = ", ".join(file.quantities)
            raise RuleFileError(path, f"{key}.quantity", f"unknown quantity {indicator.quantity!r}; known: {known}")
        for unit in (indicator.unit, indicator.plausible.unit, *indicator.silent_units):
            if unit not in quantity.units:
                raise RuleFileError(path, key, f"{unit!r} is no unit of {indicator.quantity}; add it to quantities")
        for other in indicator.by_unit:
            if other not in file.indicators:
                raise RuleFileError(path, f"{key}.by_unit", f"unknown indicator {other!r}; add it to indicators")
    owners: dict[str, Indicator | Ambiguous] = {**file.indicators, **file.ambiguous}
    for code, owner in owners.items():
        for name in (code, owner.name.zh, owner.name.en, *owner.aliases):
            other = names.setdefault(simplify(name), code)
            if other != code:
                raise RuleFileError(path, f"{code}.aliases", f"{name!r} already means {other}; keep it in one of them")
    for number, relation in enumerate(file.relations):
        for code in (relation.of, relation.from_):
            if code not in file.indicators:
                raise RuleFileError(path, f"relations.{number}", f"unknown indicator {code!r}; add it to indicators")
        if (relation.kind == "factor") != (relation.factor is not None):
            raise RuleFileError(path, f"relations.{number}", "factor goes with kind: factor, and only so")
    for code, ambiguous in file.ambiguous.items():
        for reading in ambiguous.readings:
            if reading not in file.indicators:
                raise RuleFileError(path, f"ambiguous.{code}", f"unknown indicator {reading!r}; add it to indicators")
    for number, check in enumerate(file.consistency):
        for code in check.of:
            if code not in file.indicators:
                raise RuleFileError(path, f"consistency.{number}", f"unknown indicator {code!r}; add it to indicators")
    return file


@cache
def indicators() -> IndicatorFile:
    """The platform's indicators."""
    return load()


def simplify(text: str) -> str:
    """A name without case, spaces, full-width forms and punctuation that does not change its meaning."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("₂", "2")
    return re.sub(r"[\s_\-–—:/.,;'\"“”·]+", "", plain)


_FORM = re.compile(r"(?:以|as|计为|expressed\s*as)\s*(p2o5|k2o|as2o3|p|k|as)(?:\s*计|\b|$)", re.IGNORECASE)
_ELEMENTAL = re.compile(r"\belemental\b|元素态|以元素计", re.IGNORECASE)
_FORMS = {"p2o5": "P2O5", "k2o": "K2O", "as2o3": "As2O3", "p": "P", "k": "K", "as": "As"}
_ELEMENT_OF = {"P2O5": "P", "K2O": "K", "As2O3": "As", "P": "P", "K": "K", "As": "As"}


@cache
def _names() -> dict[str, tuple[str, ...]]:
    file = indicators()
    known: dict[str, tuple[str, ...]] = {}
    for code, indicator in file.indicators.items():
        for name in (code, indicator.name.zh, indicator.name.en, *indicator.aliases):
            known[simplify(name)] = (code,)
    for ambiguous in file.ambiguous.values():
        for name in (ambiguous.name.zh, ambiguous.name.en, *ambiguous.aliases):
            known[simplify(name)] = ambiguous.readings
    return known


_BRACKET = re.compile(r"[(\[](.*?)[)\]]")
_NEUTRAL = frozenset({"", "total", "总", "总量", "含量", "全量", "质量分数", "的质量分数", "content", "concentration"})


@lru_cache(maxsize=8192)
def find_indicator(text: str, *hints: str) -> tuple[str, ...]:
    """The indicators that a name can mean: one, several (ambiguous, every reading must agree), or none.

    ``hints`` are texts beside the name (unit, note) that may say in which form it is expressed ("以P2O5计", "as K2O",
    "elemental"). What stands in brackets or after a comma is left out only where it cannot change the meaning: a unit,
    a basis, "total", the symbol, the form ("总镉（以Cd计）", "有机质(干基)"); "Cr (hexavalent)" and "有效磷（P2O5）"
    are other things than chromium and P2O5, and are not known.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    name, _, after = plain.partition(",")
    outside = _BRACKET.sub(" ", name).strip()
    extras = [*_BRACKET.findall(plain), _BRACKET.sub(" ", after)]
    bare = re.sub(r"^total\s+", "", outside, flags=re.IGNORECASE)
    readings = _names().get(simplify(plain), ())
    if not readings:
        found = next((known for one in (outside, bare) if (known := _names().get(simplify(one), ()))), ())
        readings = found if all(_changes_nothing(extra, found) for extra in extras) else ()
        oxides = [known for extra in extras for known in _names().get(simplify(extra), ()) if known in readings[1:]]
        readings = tuple(oxides[:1]) or readings
    if not readings and outside.strip().casefold() in _NEUTRAL and extras:
        readings = _names().get(simplify(extras[0]), ())
    if not readings:
        return ()
    for hint in (plain, *hints):
        form = _FORM.search(unicodedata.normalize("NFKC", hint))
        stated = _FORMS[form[1].lower()] if form else None
        if stated and _ELEMENT_OF[stated] in {_ELEMENT_OF.get(code) for code in readings}:
            return (stated,)
        if _ELEMENTAL.search(hint):
            element = next((_ELEMENT_OF[code] for code in readings if code in _ELEMENT_OF), None)
            if element and len(readings) > 1:
                return (element,)
    return readings


def _changes_nothing(extra: str, readings: tuple[str, ...]) -> bool:
    """Whether a text in brackets or after a comma leaves the meaning of a name as it is."""
    plain = extra.strip()
    if plain.casefold() in _NEUTRAL or _FORM.fullmatch(plain) or basis_of(plain) in ("dm", "ar", "om"):
        return True
    same = _names().get(simplify(plain), ())
    if set(same) & set(readings):
        return True
    words = re.fullmatch(r"(?:以|as)\s*(\w+?)\s*计?", plain, re.IGNORECASE)
    if words and set(_names().get(simplify(words[1]), ())) & set(readings):
        return True
    return any(read_unit(indicators().indicators[code].quantity, plain) for code in readings)


def nearest_names(text: str) -> list[str]:
    """Up to three known names that look like ``text``, for the sentence that refuses it."""
    by_simple = {simplify(n): n for i in indicators().indicators.values() for n in (i.name.zh, i.name.en, *i.aliases)}
    return [by_simple[name] for name in difflib.get_close_matches(simplify(text), by_simple, n=3, cutoff=0.6)]


@dataclass(frozen=True, slots=True)
class UnitReading:
    """What a unit text means: factor to the canonical unit, the basis it names ('' if none), log10, grams examined."""

    factor: float
    basis: str = ""
    log10: bool = False
    grams: float = 0.0


@lru_cache(maxsize=4096)
def basis_of(text: str) -> str:
    """``dm``, ``ar`` or ``om`` for the words of a basis column, '' for an empty text, '?' for words not known."""
    plain = simplify(text)
    if not plain:
        return ""
    for basis, words in indicators().basis_words.items():
        if plain in {simplify(word) for word in words}:
            return basis
    return "?"


def _unit_text(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.replace("⁻¹", "^-1")).casefold()
    plain = plain.replace("μ", "u").replace("µ", "u").replace("每", "/").replace("−", "-").replace("₂", "2")
    plain = re.sub(r"\bper\b|\bin\b", "/", plain)
    plain = re.sub(r"[·.*]?\s*\b([a-z]+)\s*\^?-1\b", r"/\1", plain)
    return re.sub(r"\s+", "", plain).replace("//", "/")


@cache
def _basis_suffix() -> re.Pattern[str]:
    words = sorted(
        (re.escape(_unit_text(word)) for group in indicators().basis_words.values() for word in group),
        key=len,
        reverse=True,
    )
    return re.compile(rf"^(.*?)[(,;\[]?({'|'.join(words)})[)\]]?$")


_COUNT = re.compile(
    r"^(log10|log|lg)?\(?(mpn|cfu|pfu|个|ova|eggs|spores|n|no|cells)?\)?/\(?(\d+(?:\.\d+)?)?(g|kg|mg)\)?$"
)
_GRAMS = {"g": 1.0, "kg": 1000.0, "mg": 0.001}


@cache
def _unit_names(quantity: str) -> dict[str, float]:
    known: dict[str, float] = {}
    for code, unit in indicators().quantities[quantity].units.items():
        for name in (code, *unit.aliases):
            known[_unit_text(name)] = float(unit.factor)
    return known


@lru_cache(maxsize=4096)
def read_unit(quantity: str, text: str) -> UnitReading | None:
    """What ``text`` means as a unit of ``quantity``; None when it means nothing there. A basis in it is split off."""
    plain = _unit_text(re.sub(r"[（(]\s*(以|as)\s*\w+\s*计?\s*[）)]", "", text))
    plain = re.sub(r"(%|mg/kg|g/kg)(p2o5|k2o|n|p|k)$", r"\1", plain)
    basis = ""
    for _ in range(2):
        if plain in _unit_names(quantity):
            return UnitReading(_unit_names(quantity)[plain], basis)
        if indicators().quantities[quantity].counts and (count := _COUNT.match(plain)):
            grams = float(count[3] or 1) * _GRAMS[count[4]]
            if grams <= 0:
                return None
            return UnitReading(1.0 / grams, basis, log10=bool(count[1]), grams=grams)
        suffix = _basis_suffix().match(plain)
        if basis or not suffix:
            return None
        plain, word = suffix[1], suffix[2]
        basis = next(b for b, words in indicators().basis_words.items() if word in {_unit_text(w) for w in words})
    return None


def unit_factor(indicator: str, unit: str) -> float:
    """Factor from a unit to the canonical unit of an indicator's quantity. LookupError if it is none of its units."""
    reading = read_unit(indicators().indicators[indicator].quantity, unit)
    if reading is None:
        raise LookupError(f"{unit!r} is no unit of {indicator}")
    return reading.factor


def decimals(number: Decimal) -> int:
    """How many digits after the point a number prints."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
