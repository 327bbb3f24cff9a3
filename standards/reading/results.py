"""One result of a lab report, read from the text that the lab wrote.

A result is an interval: ``0.42`` is [0.42, 0.42], ``<0.5`` is [0, 0.5), ``>2400`` is (2400, ∞), ``15.0-25.0`` is
[15, 25], *not detected* is [0, reporting limit) where the lab states one and [0, ∞) where it does not. What cannot be
read is ``unreadable`` and decides nothing: a mark whose meaning stands elsewhere (``0.05*``), an abbreviation that
laboratories use for two things (``n.b.``). The original text is always kept. No text raises.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from standards.reading.result_texts import (
    DETECTED,
    LAB_VERDICT,
    NOT_DETECTED,
    NOT_DETECTED_TAIL,
    NOT_TESTED,
    NUMBER,
    OPERAND,
    OPERANDS,
    UNCOUNTABLE,
    UNSURE,
    VALUE,
    number,
    plain_text,
)

Kind = Literal["number", "not_detected", "detected", "lab_verdict", "approximate", "not_tested", "unreadable"]
LONGEST = 200
"""Characters of a result; a longer text is prose and not a result."""
GREATEST = 1e100
"""No measurement is greater; beyond it products and squares are no numbers any more."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a result text says.

    ``grams``: mass of sample examined, 0 if not said. ``unit``: unit inside the text. ``spread``: what follows a ±
    (a standard deviation, unless the text says more). ``uncertainty``: standard uncertainty (k = 1) in the result's
    own unit, where the text names a coverage factor.
    """

    text: str
    kind: Kind
    low: float = 0.0
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    unit: str = ""
    grams: float = 0.0
    spread: float | None = None
    log10: bool = False
    ambiguous: bool = False
    uncertainty: float | None = None

    @property
    def censored(self) -> bool:
        """Whether only a bound is known and not a value."""
        return self.kind == "number" and self.low != self.high


_UNIT = r"(?P<unit>[^\d<>≤≥=].*)?"
_NO_UNIT = re.compile(r"[(\[]\s*\d|[<>≤≥=±*†‡#]|\s[-~至]\s*\d")
_MASS = r"(?P<mass>\d+(?:[.,]\d+)?)\s*(?P<measure>kg|g|gram|grams|克|公斤)"
_GRAMS = re.compile(rf"^[\s,(\[/]*(?:in|per|/|每|于|dans|auf|en|i)?\s*{_MASS}[\s)\].]*(?:样品|sample)?$", re.IGNORECASE)
_VOLUME = re.compile(r"^[\s,(\[/]*(?:in|per|/|每)?\s*\d+(?:[.,]\d+)?\s*(?:ml|毫升)[\s)\].]*$", re.IGNORECASE)
_LIMIT_WORD = (
    r"(?:lod|loq|mdl|mrl|rl|dl|pql|bg|nwg|(?:方法)?检出限|(?:方法)?定量限|报告限|detection limit|reporting limit)"
)
_LIMIT = re.compile(
    rf"^[\s,;:=(\[@]*{_LIMIT_WORD}?[\s:=为是]*[<≤]?\s*(?P<number>{VALUE})\s*(?P<unit>[^\d)\]]*)[\s)\]]*{_LIMIT_WORD}?[\s)\]]*$",
    re.IGNORECASE,
)
_NOTE_LIMIT = re.compile(
    rf"(?:(?<![a-z]){_LIMIT_WORD}|quantification limit|quantitation limit|bestimmungsgrenze|nachweisgrenze)(?![a-z])"
    rf"[\s:=为是]*[<≤]?\s*(?P<number>{VALUE})\s*(?P<unit>[a-zµμ%][^\s,;)]*)?",
    re.IGNORECASE,
)
_PLAIN_UNIT = re.compile(r"^[\s(]*(?P<unit>(?:%|‰|ppm|ppb|[a-zµμ个]+\s*/\s*[a-z]+)(?:\s*(?:dm|ts|dw))?)[\s)]*$", re.I)
_LOG = re.compile(r"^(?:log10|log|lg)\s*(?=[\d(<>≤≥=+-])", re.IGNORECASE)
_LOG_UNIT = re.compile(r"^\(?\s*(?:log10|log|lg)\s*\)?$", re.IGNORECASE)
_SINGLE = re.compile(rf"^(?P<number>{VALUE})\s*{_UNIT}$")
_SPREAD = re.compile(
    rf"^(?P<open>\(\s*)?(?P<number>{VALUE})\s*(?P<inner>[^\d<>≤≥=±()+:^*×~-][^\d<>≤≥=±()+]{{0,25}}?)?\s*"
    rf"\(?\s*(?:±|\+\s*/\s*-|\+-)\s*(?P<spread>{VALUE})\s*(?P<percent>%)?\s*(?P<close>\))?\s*{_UNIT}$"
)
_LETTERS = re.compile(r"^(?P<unit>.*?)\s*(?<![A-Za-z/·.])(?P<letters>a?b?c?d?e?f?|[A-F])$")
_RANGE = re.compile(
    rf"^(?:from\s+|between\s+|介于\s*)?(?P<first>{VALUE})\s*(?P<inner>[^\d\s<>≤≥=±()+:^~-][^\d<>≤≥=±()~]{{0,20}}?)?\s*"
    rf"(?:-|~|至|到|\bto\b|\band\b|\bbis\b|\bà\b|\.\.\.?)\s*(?P<second>{VALUE})\s*{_UNIT}$",
    re.IGNORECASE,
)
_RATIO = re.compile(rf"^(?P<first>{NUMBER})\s*[:∶]\s*(?P<second>{NUMBER})$")
_REPLICATES = re.compile(r"[\s,;]*\(?\s*(?:n\s*=\s*\d{1,4}|平均值?|均值|mean|average|avg\.?)\s*\)?$", re.IGNORECASE)
_COVERAGE = re.compile(
    r"[\s,;(]*(?:u\s*=?\s*)?(?:包含因子\s*)?k\s*(?:=|为)\s*(?P<k>\d(?:[.,]\d+)?)\s*(?:[,;]?\s*p?\s*[=≈]?\s*9[05]\s*%)?\s*\)?$",
    re.IGNORECASE,
)
_DEVIATION = re.compile(rf"\s*\(?\s*(?P<word>r\.?s\.?d\.?|s\.?d\.?)\s*[:=]?\s*(?P<spread>{VALUE})\s*%?\s*\)?$", re.I)
_QUALIFIER = re.compile(rf"^[<]?\s*(?P<number>{VALUE})\s*\(?(?P<letter>U|UJ|J|L)\)?$")
_INCLUSIVE = re.compile(r"^(?P<rest>.*\S)\s*(?P<word>以下|以内|以上)$")
_GRADE = re.compile(
    r"^(?:rottegrad|rg|grade|class|degree|self-heating class|腐熟度等级|级别|等级)\s*[:=]?\s*(?=[IViv1-5<>≤≥])",
    re.IGNORECASE,
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


def read_result(text: object, note: str = "", *, roman: bool = False) -> Parsed:
    """Read a result text; ``note`` may state the detection limit. ``roman``: the scale is I to V (Rottegrad)."""
    original = "" if text is None else str(text)
    if len(original) > LONGEST and len(original.strip()) > LONGEST:
        return Parsed(original, "unreadable")
    try:
        return _finite(_read(original, plain_text(original), plain_text(note[:1000], strict=False), roman))
    except (ValueError, ArithmeticError, RecursionError):
        return Parsed(original, "unreadable")


def _read(original: str, plain: str, note: str, roman: bool) -> Parsed:
    if plain.casefold() in NOT_TESTED:
        return Parsed(original, "not_tested")
    if LAB_VERDICT.match(plain):
        return Parsed(original, "lab_verdict")
    if found := NOT_DETECTED.match(plain):
        return _not_detected(original, found["rest"], note)
    if found := UNSURE.match(plain):
        return _not_detected(original, found["rest"], note, unsure=True)
    if UNCOUNTABLE.match(plain):
        return Parsed(original, "detected", low_open=True)
    if found := DETECTED.match(plain):
        examined = _examined(found["rest"])
        if examined is not None:
            return Parsed(original, "detected", low_open=True, grams=examined)
    if found := _QUALIFIER.match(plain):
        return _qualified(original, found)
    if roman:
        plain = _GRADE.sub("", plain.removesuffix("级").strip())
        plain = re.sub(r"\b(iv|v|i{1,3})\b", lambda match: _ROMAN[match[1].lower()], plain, flags=re.IGNORECASE)
    return _measured(original, plain)


def _measured(original: str, plain: str) -> Parsed:
    """Numbers in all their forms: bounds, ratios, mean ± spread, ranges, powers of ten."""
    coverage: float | None = None
    if plain[:1] in ("<", "≤"):
        plain = NOT_DETECTED_TAIL.sub("", plain)
    for _ in range(3):
        if match := _COVERAGE.search(plain):
            coverage, plain = float(match["k"].replace(",", ".")), plain[: match.start()].strip()
        plain = _REPLICATES.sub("", plain).strip() or plain
    plain = re.sub(r"^(?:平均值?|均值|mean|average|avg\.?)\s*[:=]?\s*(?=\d)", "", plain, flags=re.IGNORECASE)
    log10 = bool(_LOG.match(plain))
    plain = _LOG.sub("", plain)
    operand = ""
    if match := OPERAND.match(plain):
        operand, plain = OPERANDS[match[1].casefold()], plain[match.end() :]
    elif match := _INCLUSIVE.match(plain):
        operand, plain = ("≥" if match["word"] == "以上" else "≤"), match["rest"]
    if match := _RATIO.match(plain):
        first, second = number(match["first"]), number(match["second"])
        if second[0] <= 0:
            raise ValueError("no ratio")
        return _with_operand(original, operand, first[0] / second[1], first[1] / second[0], "", False)
    if not operand:
        for form in (_with_spread, _with_deviation, _between):
            if result := form(original, plain, log10, coverage):
                return result
    if coverage is None and (match := _SINGLE.match(plain)):
        unit = _unit(match["unit"])
        if _LOG_UNIT.match(unit):
            log10, unit = True, ""
        return _with_operand(original, operand, *number(match["number"]), unit, log10)
    return Parsed(original, "unreadable")


def _unit(text: str | None) -> str:
    unit = (text or "").strip()
    if unit[:1] in tuple("-~:±+*x×^·.,'\"#†‡年月日号") or len(unit) > 40 or _NO_UNIT.search(unit):
        raise ValueError("not a unit")
    return unit


def _with_spread(original: str, plain: str, log10: bool, coverage: float | None) -> Parsed | None:
    """Mean ± spread. A per cent behind the ± is relative where the mean has a unit of its own."""
    match = _SPREAD.match(plain)
    if not match:
        return None
    low, high = number(match["number"])
    spread = number(match["spread"])[1]
    letters = _LETTERS.match(match["unit"] or "")
    inner, unit = (match["inner"] or "").strip(), _unit(letters["unit"] if letters else match["unit"])
    if match["percent"]:
        if unit or low != high:
            raise ValueError("a per cent and a unit")
        if inner and inner != "%":
            spread *= low / 100
        elif not inner and not match["open"] and spread >= low:
            raise ValueError("3 ± 30 %: of the value, or in the unit?")
        unit = inner or "%"
    elif inner and unit and inner != unit:
        raise ValueError("two units")
    if spread < 0:
        raise ValueError("a negative spread")
    uncertainty = spread / coverage if coverage else None
    return Parsed(
        original, "number", low, high, unit=_unit(unit or inner), spread=spread, log10=log10, ambiguous=low != high,
        uncertainty=uncertainty,
    )  # fmt: skip


def _with_deviation(original: str, plain: str, log10: bool, coverage: float | None) -> Parsed | None:
    """``3.0 (SD 0.9)``, ``3.0 mg/kg (RSD 5 %)``."""
    match = _DEVIATION.search(plain)
    if not match or coverage is not None:
        return None
    single = _SINGLE.match(plain[: match.start()])
    if not single:
        return None
    low, high = number(single["number"])
    spread = number(match["spread"])[1]
    if match["word"].lower().startswith("r"):
        spread *= high / 100
    unit = _unit(single["unit"])
    return Parsed(original, "number", low, high, unit=unit, spread=spread, log10=log10, ambiguous=low != high)


def _between(original: str, plain: str, log10: bool, coverage: float | None) -> Parsed | None:
    """A range, from its lower to its higher end; ``1.2-1.5×10^3`` keeps both readings inside."""
    match = _RANGE.match(plain)
    if not match or coverage is not None:
        return None
    low, high = number(match["first"])[0], number(match["second"])[1]
    inner, unit = (match["inner"] or "").strip(), _unit(match["unit"])
    if low > high or (inner and unit != inner):
        return None
    return Parsed(original, "number", low, high, unit=unit, log10=log10)


def _qualified(original: str, match: re.Match[str]) -> Parsed:
    """Qualifiers of US laboratories (U not detected at the number, J estimated), and ``0.05L`` of Chinese ones."""
    low, high = number(match["number"])
    if match["letter"] in ("J", "UJ"):
        return Parsed(original, "approximate", low, high)
    return Parsed(original, "not_detected", 0.0, high, high_open=True)


def _examined(rest: str) -> float | None:
    """Grams examined in what follows *absent* or *present*: 0 if not said or a volume, None for anything else."""
    rest = _REPLICATES.sub("", rest).strip(" .;。:")
    if not rest or _VOLUME.match(rest):
        return 0.0
    match = _GRAMS.match(rest)
    if not match:
        return None
    return float(match["mass"].replace(",", ".")) * (1000.0 if match["measure"].lower() in ("kg", "公斤") else 1.0)


def _not_detected(original: str, rest: str, note: str, *, unsure: bool = False) -> Parsed:
    examined = _examined(rest)
    unit = _PLAIN_UNIT.match(rest)
    if examined is not None or unit:
        none = Parsed(original, "not_detected", grams=examined or 0.0, unit=unit["unit"] if unit else "")
        stated = _NOTE_LIMIT.search(note)
        if stated is None:
            return Parsed(original, "unreadable") if unsure else none
        return replace(none, high=number(stated["number"])[1], high_open=True, unit=stated["unit"] or none.unit)
    match = _LIMIT.match(rest)
    if match is None:
        return Parsed(original, "unreadable")
    high = number(match["number"])[1]
    return Parsed(original, "not_detected", 0.0, high, high_open=True, unit=(match["unit"] or "").strip(" )]"))


def _with_operand(original: str, operand: str, low: float, high: float, unit: str, log10: bool) -> Parsed:
    floor = -math.inf if log10 else 0.0
    result = Parsed(original, "number", low, high, unit=unit, log10=log10, ambiguous=low != high)
    if operand in ("<", "≤"):
        return replace(result, low=floor, high_open=operand == "<")
    if operand in (">", "≥"):
        return replace(result, high=math.inf, low_open=operand == ">")
    return replace(result, kind="approximate" if operand == "~" else "number")


def _finite(result: Parsed) -> Parsed:
    """Refuse what overflowed, and bounds that contradict each other (a concentration below a negative number)."""
    if math.isnan(result.low) or math.isnan(result.high) or result.low > result.high or result.low == math.inf:
        return Parsed(result.text, "unreadable")
    if any(GREATEST < abs(end) < math.inf for end in (result.low, result.high)):
        return Parsed(result.text, "unreadable")
    if result.high == -math.inf or (result.low == result.high and (result.low_open or result.high_open)):
        return Parsed(result.text, "unreadable")
    return result


_STANDARD = re.compile(
    r"标准不确定度|合成标准|standard uncertainty|std\.? ?unc|1\s*(?:σ|sigma)|^\s*uc?\s*[:=]|^\s*uc?\(", re.I
)
_LOWER_U = re.compile(r"^\s*uc?\s*(?:rel)?\s*[:=]")
_UPPER_U = re.compile(r"^\s*U\s*_?\s*(?:95|lab)?\s*(?:rel|\(k=2\))?\s*[:=]?\s*")
_RELATIVE = re.compile(r"相对|relative|\brel\b\.?|Urel|U_rel|of the value|of value|of result", re.IGNORECASE)
_WORDS_OF_UNCERTAINTY = re.compile(
    r"(?:相对)?(?:扩展|标准|测量|合成标准)?不确定度|(?:relative|expanded|measurement|standard|combined)?\s*uncertainty"
    r"|erweiterte|messunsicherheit|incertitude(?: élargie)?"
    r"|相对|relative|\brel\b\.?|urel|u_rel|of (?:the )?(?:value|result)"
    r"|\bu95\b|\buc?\b(?=\s*[:=(])|95\s*%\s*(?:ci|confidence(?: level| interval)?|置信(?:水平|概率|区间)?)"
    r"|(?:p|置信(?:水平|概率))\s*[=≈]?\s*95\s*%|[12]\s*(?:σ|sigma)",
    re.IGNORECASE,
)
_CONFIDENCE = re.compile(r"(?<=[\d%])\s*[(,;]+[\s,;]*9[05](?:\.\d+)?\s*%\s*(?:ci|confidence)?\s*\)?$", re.IGNORECASE)
_K = re.compile(r"(?:包含因子|coverage factor|扩展因子)?\s*\bk\s*(?:=|≈|为|:)\s*(?P<k>\d(?:[.,]\d+)?)", re.IGNORECASE)
_UNCERTAIN = re.compile(rf"^(?:±|\+/-|\+-)?\s*(?P<number>{VALUE})\s*(?P<unit>[^\d<>≤≥=±]*)$")
EXPANDED = 2.0
"""Coverage factor where a lab states none: the expanded uncertainty for about 95 % (ILAC-P14, EA-4/16)."""


def read_spread(text: str, parsed: Parsed, unit: str = "") -> float | None:
    """The standard uncertainty (k = 1), in the result's own unit, that the text of an uncertainty column states.

    ``0.3``, ``±0.3``, ``0.3 (k=2)``, ``U=0.3, k=2``, ``15 % (k=2)``, ``扩展不确定度 0.3，k=2``. Where no coverage
    factor is stated it is an expanded uncertainty with k = 2; ``u = 0.3`` and 标准不确定度 are k = 1. A per cent is
    relative to the value. ``unit`` is the unit beside the result: an uncertainty in another unit is not read, nor is a
    per cent beside a result in per cent that does not say of what. An empty text gives what the value itself says
    (``3.2 ± 0.4 (k=2)``). None where nothing is stated or it cannot be read (see `spread_unread`), and for results that
    are no single number.
    """
    if parsed.kind != "number" or parsed.low != parsed.high or not math.isfinite(parsed.low):
        return None
    if not text.strip():
        return parsed.uncertainty if parsed.uncertainty is None or parsed.uncertainty < GREATEST else None
    try:
        spread = _spread_of(plain_text(text), parsed, unit)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return spread if spread is None or spread < GREATEST else None


def spread_unread(text: str, parsed: Parsed, unit: str = "") -> bool:
    """Whether something stands in an uncertainty column that could not be used."""
    return text.strip().casefold() not in NOT_TESTED and read_spread(text, parsed, unit) is None


def _spread_of(plain: str, parsed: Parsed, unit: str) -> float | None:
    if len(plain) > LONGEST or parsed.log10:
        return None
    coverage = 1.0 if _LOWER_U.match(plain) or (_STANDARD.search(plain) and not _UPPER_U.match(plain)) else EXPANDED
    if match := _K.search(plain):
        coverage, plain = float(match["k"].replace(",", ".")), plain[: match.start()] + plain[match.end() :]
    relative = bool(_RELATIVE.search(plain))
    plain = _CONFIDENCE.sub("", plain)
    plain = _WORDS_OF_UNCERTAINTY.sub(" ", _UPPER_U.sub("", plain) if plain[:1] == "U" else plain)
    plain = re.sub(r"[(),;:=\[\]]+\s*$|^[\s(),;:=\[\]]+|[()\[\]]", " ", plain).strip(" ,;:=")
    match = _UNCERTAIN.match(plain)
    if not match or coverage <= 0:
        return None
    low, high = number(match["number"])
    written = match["unit"].strip(" .,;")
    own = parsed.unit or unit
    same: Callable[[str], str] = lambda one: re.sub(r"\s+", "", plain_text(one, strict=False)).casefold()  # noqa: E731
    if low != high or low < 0:
        return None
    if written == "%" and not relative and same(own).startswith("%"):
        return None
    if written == "%":
        return abs(parsed.low) * low / 100 / coverage
    if written and same(written) not in (same(own), same(unit)):
        return None
    return (abs(parsed.low) if relative else 1.0) * low / coverage
