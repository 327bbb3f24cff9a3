"""Indicators, their names, units and relations as data (``indicators.yaml``), and how a text is matched to them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path

from compostnet.shared.rules import RuleFileError, load_rule
from standards.indicators_schema import (
    Ambiguous,
    Indicator,
    IndicatorFile,
)

PATH = Path(__file__).with_name("indicators.yaml")


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
    for number, ratio in enumerate(file.ratios):
        for code in (ratio.of, ratio.dividend, ratio.divisor):
            if code not in file.indicators:
                raise RuleFileError(path, f"ratios.{number}", f"unknown indicator {code!r}; add it to indicators")
    return file


@cache
def indicators() -> IndicatorFile:
    """The platform's indicators."""
    return load()


def visible(text: str) -> str:
    """A text without the characters that nobody sees: marks of order and of direction, zero-width spaces, NUL."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in text if one.isspace() or unicodedata.category(one) not in ("Cf", "Cc"))


def simplify(text: str) -> str:
    """A name without case, spaces, full-width forms and punctuation that does not change its meaning."""
    plain = visible(unicodedata.normalize("NFKC", text)).casefold().replace("₂", "2")
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


_BRACKET = re.compile(r"[(\[{【](.*?)[)\]}】]")
_MARKS = re.compile(r"^[\s*#▲△★☆※•◆●■□\u2460-\u2473·]+|[\s*#▲△★☆※†‡:]+$")
_MASS_SHARE = re.compile(r"^[wωρ]\s*\(([^()]*)\)\s*(?=/|$)")
"""``w(Cd)/(mg·kg-1)``: how Chinese journals head a column of mass fractions."""
_NUMBERING = re.compile(r"^\(?\d{1,2}\s?[.)、]\s*(?=[^\W\d_])")
_PARTS = re.compile(r"[,;]|\s-\s|\s*-\s+|\s+-(?=[^\d])|:\s|\s/\s")
_SIZE = re.compile(
    r"\(?\s*(?:粒径|直径|尺寸|size|d)?\s*(?:[>≥]=?|larger than|greater than|over|above|大于)"
    r"\s*(\d+(?:\.\d+)?)\s*(?:mm|毫米)\s*\)?",
    re.IGNORECASE,
)
_AS = re.compile(r"^(.*\S)\s+(?:(?:expressed\s+)?as|,\s*as)\s+(\w+)$", re.IGNORECASE)
_EXTRACT_RATIO = re.compile(r"1\s*[:/+]\s*\d+(?:\.\d+)?")
_MASS = re.compile(r"^(?:in|per|/|每)?\s*(\d+(?:\.\d+)?)\s*(g|克)(?:样品|\s*sample)?$", re.IGNORECASE)


def _clean(text: str) -> str:
    """A name without its number in the list, marks of accreditation, and in one form of dashes and sizes."""
    plain = unicodedata.normalize("NFKC", _MARKS.sub("", visible(text)))
    plain = _MASS_SHARE.sub(r"\1 ", plain.replace("–", "-").replace("—", "-").replace("−", "-"))
    plain = _MARKS.sub("", _NUMBERING.sub("", " ".join(plain.split())))
    return _SIZE.sub(lambda match: f" >{float(match[1]):g}mm", plain).strip()


@cache
def _others() -> frozenset[str]:
    return frozenset(_clean(one).casefold() for one in indicators().name_words.others)


@cache
def _neutral() -> frozenset[str]:
    return frozenset({"", *(simplify(one) for one in indicators().name_words.neutral)})


@cache
def _extract_words() -> re.Pattern[str]:
    words = sorted(indicators().name_words.extracts.words, key=len, reverse=True)
    return re.compile("|".join(re.escape(unicodedata.normalize("NFKC", one).casefold()) for one in words) or "(?!)")


@cache
def _by_size() -> dict[str, tuple[str, ...]]:
    """Known names in the form of `_clean`, without brackets: what sizes and bracketed symbols are compared by."""
    known: dict[str, tuple[str, ...]] = {}
    file = indicators()
    for code, indicator in file.indicators.items():
        for name in (indicator.name.zh, indicator.name.en, *indicator.aliases):
            known.setdefault(_flat(_clean(name)), (code,))
    for ambiguous in file.ambiguous.values():
        for name in (ambiguous.name.zh, ambiguous.name.en, *ambiguous.aliases):
            known.setdefault(_flat(_clean(name)), ambiguous.readings)
    return known


def _flat(text: str) -> str:
    return simplify(re.sub(r"[()\[\]]", "", text))


def _exact(text: str) -> tuple[str, ...]:
    return _names().get(simplify(text)) or _by_size().get(_flat(text), ())


@lru_cache(maxsize=8192)
def find_indicator(text: str, *hints: str) -> tuple[str, ...]:
    """The indicators that a name can mean: one, several (ambiguous, every reading must agree), or none.

    ``hints`` are texts beside the name (unit, note) that may say in which form it is expressed ("以P2O5计", "as K2O",
    "elemental"). What stands in brackets, behind a comma or around the name is left out only where it cannot change
    the meaning: a unit, a basis, "total", the symbol, the form ("总镉（以Cd计）", "Pb - total", "有机质(干基)"); "Cr
    (hexavalent)" and "有效磷（P2O5）" are other things than chromium and P2O5, and are not known.
    """
    if len(text) > 200:
        return ()
    plain = _clean(text)
    if plain.casefold() in _others() or text.strip().casefold() in _others():
        return ()
    readings, extras = _exact(plain), [plain]
    if not readings:
        readings, extras = _by_parts(plain)
        oxides = [known for extra in extras for known in _exact(extra) if known in readings[1:]]
        readings = tuple(oxides[:1]) or readings
    if not readings:
        return ()
    weighed = _FORMS.get(species_of(hints[0])) if hints else None
    if weighed and _ELEMENT_OF[weighed] in {_ELEMENT_OF.get(code) for code in readings}:
        return (weighed,)
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


def _by_parts(plain: str) -> tuple[tuple[str, ...], list[str]]:
    """A name taken apart: what it means without the parts that change nothing, and these parts."""
    brackets = [part.strip() for part in _BRACKET.findall(plain)]
    parts = [part.strip() for part in _PARTS.split(_BRACKET.sub(" ", plain)) if part.strip()]
    if not parts:
        return (), []
    rest = [*parts[1:], *brackets]
    for turned in (" ".join(reversed(parts)), " ".join([*rest[:1], parts[0]]), " ".join(parts)):
        if len(parts) > 1 and (found := _exact(turned)) and all(_changes_nothing(one, found) for one in brackets):
            return found, brackets
    if simplify(parts[0]) in _neutral() and rest and (found := _exact(rest[0])):
        extras = rest[1:]
        return (found, extras) if all(_changes_nothing(one, found) for one in extras) else ((), [])
    for base, peeled in _peeled(parts[0]):
        if (found := _exact(base)) and all(_changes_nothing(one, found) for one in (*peeled, *rest)):
            return found, [*peeled, *rest]
    return (), []


def _peeled(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A name without its outer words, longest first, with the words taken off."""
    yield text, ()
    if match := _AS.match(text):
        for base, more in _peeled(match[1]):
            yield base, (f"as {match[2]}", *more)
    words = text.split(" ")
    for cut in range(1, min(len(words), 5)):
        for front in range(cut + 1):
            back = len(words) - (cut - front)
            taken = (" ".join(words[:front]), " ".join(words[back:]))
            yield " ".join(words[front:back]), tuple(part for part in taken if part)
    rules = indicators().name_words
    if text[-1:] in ("%", "‰"):
        yield from ((base, (text[-1], *more)) for base, more in _peeled(text[:-1].rstrip()) if base)
    for suffix in rules.suffixes:
        if text.endswith(suffix) and len(text) > len(suffix):
            yield from _peeled(text.removesuffix(suffix).rstrip())
    for prefix in rules.prefixes:
        if text.startswith(prefix) and len(text) > len(prefix):
            yield from _peeled(text.removeprefix(prefix).lstrip())


def _changes_nothing(extra: str, readings: tuple[str, ...]) -> bool:
    """Whether a text around a name leaves its meaning as it is."""
    plain = extra.strip()
    if simplify(plain) in _neutral() or _FORM.fullmatch(plain) or basis_of(plain) in ("dm", "ar", "om", "ad"):
        return True
    if set(_exact(plain)) & set(readings):
        return True
    if len(pieces := [one for one in re.split(r"[,;、]", plain) if one.strip()]) > 1:
        return all(_changes_nothing(one, readings) for one in pieces)
    if match := _AS.match(plain):
        return all(_changes_nothing(part, readings) for part in (match[1], f"as {match[2]}"))
    words = re.fullmatch(r"(?:以|as)\s*([\w-]+?)\s*计?", plain, re.IGNORECASE)
    if words and set(_exact(words[1])) & set(readings):
        return True
    file = indicators()
    methods = (file.name_words.methods.get(code, ()) for code in readings)
    if all(simplify(plain) in {simplify(one) for one in group} for group in methods):
        return True
    if set(readings) <= set(file.name_words.extracts.of) and _is_extract(plain):
        return True
    if _MASS.match(plain) and all(file.quantities[file.indicators[code].quantity].counts for code in readings):
        return True
    return any(read_unit(file.indicators[code].quantity, plain) for code in readings)


def _is_extract(text: str) -> bool:
    rest = _EXTRACT_RATIO.sub("", _extract_words().sub("", text.casefold()))
    return not rest.strip(" ,;:-()=") and rest != text.casefold()


_RATIO = re.compile(r"(?<![\d/:.])(?:1\s*[:∶]\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*[:∶]\s*1)(?![\d:/.])")
OTHER_EXTRACT = "?"


@cache
def _extract_kinds() -> dict[str, re.Pattern[str]]:
    kinds = indicators().name_words.extracts.kinds
    return {
        kind: re.compile("|".join(rf"(?<![a-z]){re.escape(word.casefold())}(?![a-z\d])" for word in words) or "(?!)")
        for kind, words in kinds.items()
    }


@lru_cache(maxsize=4096)
def extract_of(*texts: str) -> str:
    """The extract that texts (name, unit, note, method) name: one of the kinds in ``indicators.yaml``, `OTHER_EXTRACT`
    for another one, '' where none is named or two contradict each other. Of a ratio only the numbers count: by mass or
    by volume is seldom said."""
    found = set()
    for text in texts:
        plain = unicodedata.normalize("NFKC", text).casefold()
        found |= {kind for kind, words in _extract_kinds().items() if words.search(plain)}
        for match in _RATIO.finditer(plain):
            ratio = f"1:{float(match[1] or match[2]):g}"
            found.add(ratio if ratio in _extract_kinds() else OTHER_EXTRACT)
    return found.pop() if len(found) == 1 else ""


def extract_code(extract: str) -> int:
    """The place of an extract among the kinds; after all of them what is none of them. -1 for ''."""
    return -1 if not extract else [*_extract_kinds(), OTHER_EXTRACT].index(extract)


def extract_name(code: int) -> str:
    """The extract of a code (`extract_code`)."""
    return [*_extract_kinds(), OTHER_EXTRACT][code]


@dataclass(frozen=True, slots=True)
class NameParts:
    """What a name or a column's head says besides the indicator: a unit, and a basis (as written)."""

    unit: str = ""
    basis: str = ""


@lru_cache(maxsize=8192)
def name_parts(text: str) -> NameParts:
    """Unit and basis that stand in a name or in the head of a column: ``Pb (mg/kg dm)``, ``有机质（干基）%``.

    Of an unknown name the unit in its last bracket is found all the same, so that it is there once the name is known.
    """
    if len(text) > 200:
        return NameParts()
    plain = _clean(text)
    codes = find_indicator(text)
    plain = without_own_symbol(plain, codes)
    if _exact(plain) and not _BRACKET.search(plain) and "%" not in plain and "," not in plain:
        return NameParts()
    outside = _BRACKET.sub(" ", plain)
    parts = [part.strip() for part in _PARTS.split(outside) if part.strip()]
    pieces = [*(part.strip() for part in _BRACKET.findall(plain)), *parts[1:]]
    if parts:
        words = parts[0].split(" ")
        pieces += [" ".join(words[cut:]) for cut in range(1, len(words))]
        pieces += [parts[0][-1]] if parts[0][-1] in "%‰" else []
        pieces += ["%"] if parts[0][0] == "%" else []
    quantities = {indicators().indicators[code].quantity for code in codes} or set(indicators().quantities)
    unit = basis = ""
    for piece in [*pieces, *(half for one in pieces for half in re.split(r"[,;]", one) if half != one)]:
        if not piece:
            continue
        if not basis and basis_of(piece) in ("dm", "ar", "om", "ad"):
            basis = piece
        elif not unit and (mass := _MASS.match(piece)):
            unit = f"/{mass[1]} g"
        elif not unit and re.search(r"[%‰/]|pp[mb]|\w", piece) and _is_unit(piece, quantities, bool(codes)):
            unit = piece
    return NameParts(unit, basis)


def without_own_symbol(name: str, codes: tuple[str, ...]) -> str:
    """A name without a bracket that only says it again: the OM of ``organic matter (OM)`` is no basis."""
    return _BRACKET.sub(lambda match: " " if codes and set(_exact(match[1])) & set(codes) else match[0], name)


def _is_unit(piece: str, quantities: set[str], known: bool) -> bool:
    if not known and not re.search(r"[%‰/]|pp[mb]", piece):
        return False
    return any(read_unit(quantity, piece) for quantity in quantities)


@cache
def _names_by_key() -> dict[str, str]:
    return {simplify(n): n for i in indicators().indicators.values() for n in (i.name.zh, i.name.en, *i.aliases)}


@lru_cache(maxsize=2048)
def _near(text: str) -> tuple[str, ...]:
    by_simple = _names_by_key()
    return tuple(by_simple[name] for name in difflib.get_close_matches(simplify(text), by_simple, n=3, cutoff=0.6))


@lru_cache(maxsize=2048)
def similar_indicators(text: str) -> tuple[str, ...]:
    """Up to six codes to choose from for a name that is not known: alike in writing, or named inside of it."""
    simple = simplify(text[:200])
    long_enough = re.compile(r"[\u4e00-\u9fff]|\w{4,}")
    inside = sorted((name for name in _names() if long_enough.search(name) and name in simple), key=len, reverse=True)
    near = [code for name in _near(text[:100]) for code in find_indicator(name)]
    return tuple(dict.fromkeys([*near, *(code for name in inside[:3] for code in _names()[name])]))[:6]


def nearest_names(text: str) -> list[str]:
    """Up to three known names that look like ``text``, for the sentence that refuses it."""
    return list(_near(text[:100]))


@dataclass(frozen=True, slots=True)
class UnitReading:
    """What a unit text means: factor to the canonical unit, the basis it names ('' if none), log10, grams examined."""

    factor: float
    basis: str = ""
    log10: bool = False
    grams: float = 0.0
    per_volume: bool = False
    """The factor goes to a number per millilitre, which is none per gram until the bulk density is known."""


_OVEN = re.compile(r"(?<=\S)[\s,(（]*(?:at\s*)?105\s*(?:°\s*[Cc]|℃)\s*[)）]?\s*$")
"""What tells an oven-dry basis from no other one: ``dry (105 °C)``."""


@cache
def _unstated() -> frozenset[str]:
    return frozenset({"na", "nr", *(simplify(one) for one in indicators().basis_unstated)})


@lru_cache(maxsize=4096)
def basis_of(text: str) -> str:
    """``dm``, ``ar`` or ``om`` for the words of a basis column, '' for an empty text, '?' for words not known."""
    plain = simplify(_OVEN.sub("", text)).strip("()[]")
    if not plain or plain in _unstated():
        return ""
    for basis, words in indicators().basis_words.items():
        if plain in {simplify(word) for word in words}:
            return basis
    return "?"


def _unit_text(text: str) -> str:
    plain = re.sub(
        "10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: "10^" + unicodedata.normalize("NFKC", m[1]), text.replace("⁻¹", "^-1")
    )
    plain = re.sub("[–—−‐‑]", "-", unicodedata.normalize("NFKC", plain)).casefold()
    plain = visible(plain).replace("μ", "u").replace("µ", "u").replace("每", "/").replace("₂", "2")
    plain = re.sub("[⋅∙•]", "·", plain).replace("^(-1)", "^-1")
    plain = re.sub(r"(?<=[a-z])\^(?=[23])", "", plain)
    plain = re.sub(r"\bper\b|\bin\b", "/", plain)
    plain = re.sub(r"/?\(\s*(k?g)[\s·.]*([a-z.]+)\s*\)\s*(?:\^?-1)?(?=$|\s|/)", r"/\1 \2", plain)
    plain = re.sub(r"(?<=[a-z])\s+(k?g)\s+(dm|dw|ts|om|vs|fm|fw|ww)\s*\^?-1\b", r"/\1 \2", plain)
    plain = re.sub(r"/dry\s*(k?g)\b", r"/\1 dry", plain)
    plain = re.sub(r"[·.*]?\s*\b([a-z]+)\s*\^?-\s?1(?![\d.])", r"/\1", plain)
    return re.sub(r"\s+", "", plain).replace("//", "/")


@cache
def _basis_suffix() -> re.Pattern[str]:
    words = sorted(
        (re.escape(_unit_text(word)) for group in indicators().basis_words.values() for word in group),
        key=len,
        reverse=True,
    )
    return re.compile(rf"^(.*?)(?:[-_(,;\[]|of|/)?({'|'.join(words)})[)\]]?$")


_COUNT = re.compile(
    r"^(?P<log>log10|log|lg)?\(?(?:[x×*]?10\^(?P<power>\d{1,2})[x×*]?)?(?:个|viable)?"
    r"(?:mpn|nmp|cfu|pfu|kbe|ufc|个|枚|只|ova|eggs|spores|n|no\.?|cells|counts?|number|colonies|organisms|bacteria)?\)?"
    r"/\(?(?P<mass>\d+(?:\.\d+)?)?(?P<measure>grams?|g|kg|mg|克|千克|ml|毫升|cm3|cc|l|升|litres?|liters?)\)?$"
)
_GRAMS = {"g": 1.0, "gram": 1.0, "grams": 1.0, "kg": 1000.0, "mg": 0.001, "克": 1.0, "千克": 1000.0}
_MILLILITRES = {
    **dict.fromkeys(("ml", "毫升", "cm3", "cc"), 1.0),
    **dict.fromkeys(("l", "升", "litre", "litres", "liter", "liters"), 1000.0),
}


@cache
def _unit_names(quantity: str) -> dict[str, float]:
    known: dict[str, float] = {}
    for code, unit in indicators().quantities[quantity].units.items():
        for name in (code, *unit.aliases):
            known[_unit_text(name)] = float(unit.factor)
    return known


BASES_KNOWN = ("dm", "ar", "om", "ad")
_SAID_AS = re.compile(r"[（(]\s*(?:以|as)\s*\w+\s*计?\s*[）)]")
_SYMBOLS = "p2o5|k2o|as2o3|nh4\\+?-?n|nh3-?n|no3-?-?n|cl-?|cd|pb|hg|as|cr|cu|ni|zn|se|mo|co|tl|na|ca|n|p|k|c"
_SPECIES = re.compile(
    rf"^(?:(?P<head>%|[mu]?g|kg)\(?(?P<what>{_SYMBOLS})\)?(?P<tail>/(?:100)?(?:kg|g|t))"
    rf"|(?P<whole>%|[mu]?g/(?:100)?(?:kg|g|t))\(?(?P<last>{_SYMBOLS})\)?)(?P<basis>[^\d/]*)$"
)
"""What is weighed, written into the unit: ``g N/kg``, ``% P2O5``, ``mg/kg P``."""
_RATES = ("oxygen_uptake", "carbon_dioxide_evolution", "carbon_dioxide_evolution_dm")
_CONDITIONS = re.compile(r"(?:[(,;@]|at)*(?:2[05](?:°c|℃|c|oc)|1[:/]\d+(?:\.\d+)?(?:[wv]/[wv])?)\)?$")
"""Temperature and dilution behind a unit of conductivity: ``dS/m at 25 °C``, ``mS/cm (1:5)``."""


def species_of(unit: str) -> str:
    """What a unit says is weighed (``p2o5``, ``n``, ``cd``), '' where it says nothing of it."""
    match = _weighed(_unit_text(unit))
    return (match["what"] or match["last"]).replace("+", "").rstrip("-") if match else ""


def _weighed(plain: str) -> re.Match[str] | None:
    match = _SPECIES.match(plain)
    return match if match and (not match["basis"] or basis_of(match["basis"]) in BASES_KNOWN) else None


_WEIGHED = {
    **{code: {"c"} for code in ("organic_carbon", "total_carbon")},
    **{code: {"p", "p2o5"} for code in ("P", "P2O5")},
    **{code: {"k", "k2o"} for code in ("K", "K2O")},
    **{code: {"as", "as2o3"} for code in ("As", "As2O3", "As_inorganic")},
    "NH4_N": {"n", "nh4-n", "nh4n", "nh3-n", "nh3n"},
    "NO3_N": {"n", "no3-n", "no3n", "no3--n"},
    "chloride": {"cl"},
    "CrVI": {"cr"},
    "Cd_per_P2O5": {"p2o5"},
}


def species_fits(unit: str, codes: tuple[str, ...]) -> bool:
    """Whether what a unit says is weighed can be what a name means: ``mg/kg P2O5`` is no unit of cadmium."""
    species = species_of(unit)
    return not species or any(species in _WEIGHED.get(code, {code.casefold()}) for code in codes)


def _rate_text(plain: str) -> str:
    """A unit of respiration in one way of writing: organic matter is ``om``, dry matter ``dm``, hour and day short."""
    plain = re.sub(r"[()]", "", plain)
    plain = re.sub(r"organicmatter|volatilesolids?|(?<=g)vs|(?<=g/)vs|(?<=g-)vs|odm\b", "om", plain)
    plain = re.sub(r"drymatter|totalsolids|(?<=g)(?:ts|dw)(?=\W)|(?<=g-)ts(?=\W)", "dm", plain)
    plain = re.sub(r"(?:hours?|hrs?)$", "h", re.sub(r"days?$", "d", plain))
    plain = re.sub(r"(?<=om|dm)[-·.*]?(h|d)$", r"/\1", plain)
    return re.sub(r"/(k?g)[-/](om|dm)/", r"/\1\2/", plain)


@lru_cache(maxsize=4096)
def read_unit(quantity: str, text: str) -> UnitReading | None:
    """What ``text`` means as a unit of ``quantity``; None when it means nothing there. A basis in it is split off."""
    plain = _unit_text(_SAID_AS.sub(lambda match: match[0] if basis_of(match[0]) in BASES_KNOWN else "", text))
    if quantity == "mass_fraction" and (species := _weighed(plain)):
        plain = (species["whole"] or species["head"] + species["tail"]) + species["basis"]
    elif quantity in _RATES:
        plain = _rate_text(plain)
    elif quantity == "conductivity":
        plain = _CONDITIONS.sub("", plain)
    elif plain[:1] == "万" and indicators().quantities[quantity].counts:
        plain = "10^4" + plain[1:]
    basis = ""
    for _ in range(2):
        if plain in _unit_names(quantity):
            return UnitReading(_unit_names(quantity)[plain], basis)
        if indicators().quantities[quantity].counts and (count := _COUNT.match(plain)):
            of, volume = count["measure"], count["measure"] in _MILLILITRES
            size = float(count["mass"] or 1) * (_MILLILITRES[of] if volume else _GRAMS[of])
            if size <= 0 or (count["log"] and count["power"]):
                return None
            factor, log10 = 10.0 ** int(count["power"] or 0) / size, bool(count["log"])
            return UnitReading(factor, basis, log10, 0.0 if volume else size, volume)
        suffix = _basis_suffix().match(plain)
        if basis or not suffix:
            return None
        plain, word = suffix[1], suffix[2]
        basis = next(b for b, words in indicators().basis_words.items() if word in {_unit_text(w) for w in words})
    return None


def unit_factor(indicator: str, unit: str) -> float:
    """Factor from a unit to the canonical unit of an indicator's quantity. LookupError if it is none of its units."""
    reading = read_unit(indicators().indicators[indicator].quantity, unit)
    if reading is None or reading.per_volume:
        raise LookupError(f"{unit!r} is no unit of {indicator}")
    return reading.factor


def decimals(number: Decimal) -> int:
    """How many digits after the point a number prints."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
