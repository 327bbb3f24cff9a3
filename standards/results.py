"""One result of a lab report, read from the text that the lab wrote.

A result is an interval: ``0.42`` is [0.42, 0.42], ``<0.5`` is [0, 0.5), ``>2400`` is (2400, ∞), ``15.0-25.0`` is
[15, 25], *not detected* is [0, reporting limit) where the lab states one and [0, ∞) where it does not. What cannot be
read is ``unreadable`` and decides nothing. The original text is always kept. No text raises.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from compostnet.shared.numbers import parse_number

Kind = Literal["number", "not_detected", "detected", "lab_verdict", "approximate", "not_tested", "unreadable"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a result text says. ``grams``: mass of sample examined, 0 if not said; ``unit``: unit inside the text."""

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

    @property
    def censored(self) -> bool:
        """Whether only a bound is known and not a value."""
        return self.kind == "number" and self.low != self.high


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUPERSCRIPT = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DASHES = re.compile("[‐‑‒–—―−﹣－]")
_NOT_TESTED = {
    *("", "-", "--", "---", "/", "\\", ".", "n/a", "na", "n.a.", "n.a", "nt", "n.t.", "n/t", "nan", "null", "#n/a"),
    *("not tested", "not analysed", "not analyzed", "not measured", "not determined", "not applicable", "not reported"),
    *("n.r.", "nr", "未测", "未测定", "未检", "未检测", "不检测", "未做", "无数据", "不适用", "免检", "nm", "n.m."),
}
_ND = (
    r"n\s*\.?\s*d\s*\.?|n\.n\.?|not\s+detected|non[- ]?detect(?:ed)?|none\s+detected|undetected|未检出|未檢出|没有检出"
    r"|没检出|未发现|absent|absence|negative|neg\.?|阴性|ikke\s+påvist|nicht\s+nachweisbar|nil|bdl|b\.d\.l\.?|bql|blq|udl"
    r"|below\s+(?:the\s+)?(?:detection|reporting|quantification|quantitation)\s+limit|低于检出限|低于定量限|小于检出限"
    r"|[<≤]\s*(?:lod|loq|mdl|mrl|rl|dl|pql|检出限|定量限|方法检出限)"
)
_NUMBER = r"[+-]?(?:\d[\d.,' \u00a0\u2009\u202f]*\d|\d|\.\d+)(?:\s*[eE][+-]?\d{1,3})?"
_VALUE = rf"(?:10\s*\^\s*\(?[+-]?\d{{1,3}}\)?|{_NUMBER}(?:\s*[x×*·✕]\s*10\s*(?:\^|\*\*)?\s*\(?[+-]?\d{{1,3}}\)?)?)"
_UNIT = r"(?P<unit>[^\d<>≤≥=].*)?"
_NOT_DETECTED = re.compile(rf"^(?:{_ND})(?P<rest>.*)$", re.IGNORECASE)
_DETECTED = re.compile(
    r"^(?:present|presence|detected|positive|pos\.?|阳性|检出|有检出|\+)(?P<rest>.*)$", re.IGNORECASE
)
_GRAMS = re.compile(r"^[\s,(/]*(?:in|per|/|每|于)?\s*(\d+(?:\.\d+)?)\s*(g|克|kg|ml|毫升)[\s).]*$", re.IGNORECASE)
_LIMIT = re.compile(
    rf"^[\s,;:=(\[]*(?:lod|loq|mdl|mrl|rl|dl|pql|检出限|定量限)?[\s:=]*[<≤]?\s*(?P<number>{_VALUE})\s*(?P<unit>[^\d)\]]*)[\s)\]]*$",
    re.IGNORECASE,
)
_NOTE_LIMIT = re.compile(
    rf"(?:lod|loq|mdl|mrl|\brl|\bdl|pql|detection limit|quantification limit|reporting limit|检出限|定量限|报告限)"
    rf"[\s:=为是]*[<≤]?\s*(?P<number>{_VALUE})\s*(?P<unit>[a-zµμ%][^\s,;)]*)?",
    re.IGNORECASE,
)
_PASSED = re.compile(
    r"^(?:pass(?:ed|es)?|合格|符合|达标|compliant|complies|ok|fail(?:ed|s)?|不合格|不符合)$", re.IGNORECASE
)
_SIGNS = {
    "<": ("<", "＜", "小于", "低于", "less than"),
    "≤": ("≤", "<=", "=<", "≦", "⩽", "不大于", "不超过", "不高于", "at most"),
    ">": (">", "大于", "高于", "超过", "more than", "greater than"),
    "≥": ("≥", ">=", "=>", "≧", "⩾", "不小于", "不低于", "不少于", "at least"),
    "~": ("约", "大约", "约为", "ca.", "ca", "approx.", "approx", "≈", "~", "about"),
    "": ("=",),
}
_OPERANDS = {written: sign for sign, forms in _SIGNS.items() for written in forms}
_OPERAND = re.compile(
    "^(" + "|".join(re.escape(one) for one in sorted(_OPERANDS, key=len, reverse=True)) + r")\s*", re.IGNORECASE
)
_LOG = re.compile(r"^(?:log10|log|lg)\s*(?=[\d(<>≤≥=+-])", re.IGNORECASE)
_SINGLE = re.compile(rf"^(?P<number>{_VALUE})\s*{_UNIT}$")
_SPREAD = re.compile(rf"^\(?(?P<number>{_VALUE})\s*\(?\s*(?:±|\+/-|\+-)\s*(?P<spread>{_VALUE})\s*\)?\s*{_UNIT}$")
_RANGE = re.compile(
    rf"^(?P<first>{_VALUE})\s*(?:%\s*)?(?:-|~|至|到|to|\.\.\.?)\s*(?P<second>{_VALUE})\s*{_UNIT}$", re.IGNORECASE
)
_RATIO = re.compile(rf"^(?P<first>{_NUMBER})\s*[:∶]\s*(?P<second>{_NUMBER})$")
_POWER = re.compile(r"^(?P<base>.*?)\s*(?:[x×*·✕]\s*)?10\s*(?:\^|\*\*)?\s*\(?(?P<power>[+-]?\d{1,3})\)?$")
_ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0}


def _plain(text: str) -> str:
    """Full-width characters, superscripts and dashes to their plain twins. ``10⁻²`` becomes ``10^-2``, not ``10-2``."""
    text = _SUPERSCRIPT.sub(lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text)
    text = unicodedata.normalize("NFKC", text.replace("～", "~").replace("〜", "~"))
    return re.sub(r"\s+", " ", _DASHES.sub("-", text)).strip()


def _number(text: str) -> tuple[float, float]:
    """The value, or the two values, that a number text can mean (``1,575`` is 1.575 or 1575). ValueError if none."""
    plain = text.strip()
    power = _POWER.match(plain)
    if power and ("^" in plain or "**" in plain or re.search(r"[x×*·✕]", plain)):
        base = power["base"].strip()
        low, high = _number(base) if base else (1.0, 1.0)
        scale = 10.0 ** int(power["power"])
        return low * scale, high * scale
    plain = re.sub(r"\s*([eE][+-]?\d)", r"\1", plain)
    if re.fullmatch(r"[+-]?0,\d+", plain):
        return (float(plain.replace(",", ".")),) * 2
    if re.fullmatch(r"[+-]?\d+,\d+[eE][+-]?\d{1,3}", plain):
        return (float(plain.replace(",", ".")),) * 2
    readings = [float(parse_number(plain))]
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", plain):
        readings.append(float(plain.replace(",", ".")))
    return min(readings), max(readings)


def read_result(text: object, note: str = "", *, roman: bool = False) -> Parsed:
    """Read a result text; ``note`` may state the detection limit. ``roman``: the scale is I to V (Rottegrad)."""
    original = "" if text is None else str(text)
    try:
        return _read(original, _plain(original), _plain(note), roman)
    except (ValueError, ArithmeticError, RecursionError):
        return Parsed(original, "unreadable")


def _read(original: str, plain: str, note: str, roman: bool) -> Parsed:
    if plain.casefold() in _NOT_TESTED:
        return Parsed(original, "not_tested")
    if _PASSED.match(plain):
        return Parsed(original, "lab_verdict")
    if roman:
        grade = re.sub(r"^(rottegrad|grade|class|级别|等级)\s*", "", plain.casefold()).removesuffix("级").strip()
        if grade in _ROMAN:
            return Parsed(original, "number", _ROMAN[grade], _ROMAN[grade])
    if found := _NOT_DETECTED.match(plain):
        return _not_detected(original, found["rest"], note)
    if found := _DETECTED.match(plain):
        grams = _grams(found["rest"])
        if grams is not None:
            return Parsed(original, "detected", low_open=True, grams=grams)
    log10 = bool(_LOG.match(plain))
    plain = _LOG.sub("", plain)
    operand = ""
    if match := _OPERAND.match(plain):
        operand, plain = _OPERANDS[match[1].casefold()], plain[match.end() :]
    if match := _RATIO.match(plain):
        first, second = _number(match["first"]), _number(match["second"])
        if second[0] <= 0 or operand:
            return Parsed(original, "unreadable")
        return _finite(Parsed(original, "number", first[0] / second[1], first[1] / second[0]))
    if match := _SPREAD.match(plain):
        if operand:
            return Parsed(original, "unreadable")
        low, high = _number(match["number"])
        spread = _number(match["spread"])[1]
        return _finite(
            Parsed(original, "number", low, high, unit=_unit(match), spread=spread, log10=log10, ambiguous=low != high)
        )
    if (match := _RANGE.match(plain)) and not operand:
        low, high = _number(match["first"])[0], _number(match["second"])[1]
        if low <= high:
            return _finite(Parsed(original, "number", low, high, unit=_unit(match), log10=log10))
    if match := _SINGLE.match(plain):
        return _finite(_with_operand(original, operand, *_number(match["number"]), _unit(match), log10))
    return Parsed(original, "unreadable")


def _unit(match: re.Match[str]) -> str:
    unit = (match["unit"] or "").strip()
    if unit[:1] in tuple("-~:±+*x×^") or len(unit) > 40:
        raise ValueError("not a unit")
    return unit


def _grams(rest: str) -> float | None:
    """Grams examined in what follows *absent* or *present*: 0 if nothing follows, None if something else does."""
    rest = rest.strip(" .")
    if not rest:
        return 0.0
    match = _GRAMS.match(rest)
    if not match:
        return None
    return float(match[1]) * (1000.0 if match[2].lower() == "kg" else 1.0)


def _not_detected(original: str, rest: str, note: str) -> Parsed:
    grams = _grams(rest)
    if grams is not None:
        stated = _NOTE_LIMIT.search(note)
        if stated is None:
            return Parsed(original, "not_detected", grams=grams)
        high = _number(stated["number"])[1]
        unit = stated["unit"] or ""
        return _finite(Parsed(original, "not_detected", 0.0, high, high_open=True, unit=unit, grams=grams))
    match = _LIMIT.match(rest)
    if match is None:
        return Parsed(original, "unreadable")
    high = _number(match["number"])[1]
    return _finite(Parsed(original, "not_detected", 0.0, high, high_open=True, unit=(match["unit"] or "").strip(" )]")))


def _with_operand(original: str, operand: str, low: float, high: float, unit: str, log10: bool) -> Parsed:
    floor = -math.inf if log10 else 0.0
    if operand in ("<", "≤"):
        return Parsed(original, "number", floor, high, False, operand == "<", unit, log10=log10, ambiguous=low != high)
    if operand in (">", "≥"):
        return Parsed(
            original, "number", low, math.inf, operand == ">", False, unit, log10=log10, ambiguous=low != high
        )
    kind: Kind = "approximate" if operand == "~" else "number"
    return Parsed(original, kind, low, high, unit=unit, log10=log10, ambiguous=low != high)


def _finite(result: Parsed) -> Parsed:
    """Refuse what overflowed, and bounds that contradict each other (a concentration below a negative number)."""
    if math.isnan(result.low) or math.isnan(result.high) or result.low > result.high or result.low == math.inf:
        return Parsed(result.text, "unreadable")
    if result.high == -math.inf or (result.low == result.high and (result.low_open or result.high_open)):
        return Parsed(result.text, "unreadable")
    return result
