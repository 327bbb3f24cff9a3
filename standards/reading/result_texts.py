"""The words and signs of results: what laboratories write for *not tested*, *not detected*, *less than*, and numbers.

Chinese and English in full; of other languages only what a report of compost really has and what can mean one thing.
"""

from __future__ import annotations

import re
import unicodedata

from compostnet.shared.numbers import parse_number
from standards.indicators import visible

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_SUPERSCRIPT = re.compile("[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DASHES = re.compile("[‐‑‒–—―−﹣－]")
_TWINS = str.maketrans(
    {"～": "~", "〜": "~", "∼": "~", "˜": "~", "’": "'", "‘": "'", "´": "'", "٫": ".", "٬": ",", "∗": "*"}
)


def plain_text(text: str, *, strict: bool = True) -> str:
    """Full-width characters, superscripts and dashes to their plain twins. ``10⁻²`` becomes ``10^-2``, not ``10-2``.

    Characters that would turn into digits which nobody wrote (``12①``, ``½``) are refused with ValueError, or left out
    where ``strict`` is off.
    """
    if not (text.isascii() and text.isprintable()):
        text = visible(text)
        text = _SUPERSCRIPT.sub(lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text.translate(_TWINS))
        text = unicodedata.normalize("NFKC", _without_odd_digits(text, strict))
        text = _DASHES.sub("-", re.sub(r"(?<=\d)。(?=\d)", ".", text))
    text = " ".join(text.split()).rstrip(";。、")
    if match := re.fullmatch(r'="(.*)"|\'(.*)|"(.*)"', text):  # as workbooks keep a number from becoming one
        text = next(part for part in match.groups() if part is not None).strip()
    return re.sub(r"(?<![\d.])0\s?\.\s?(?=\d)", "0.", text)


def _without_odd_digits(text: str, strict: bool) -> str:
    """Subscripts stay where they belong to a letter (P₂O₅, log₁₀); ①, ½ and the like are no digits of a number."""
    out: list[str] = []
    for one in text:
        if not one.isascii() and unicodedata.category(one) in ("No", "Nl") and not one.isalpha():
            twin = unicodedata.normalize("NFKC", one)
            if twin[:1].isdigit() and not (out and (out[-1].isalpha() or _is_subscript(out))):
                if strict:
                    raise ValueError("a character that is no digit")
                continue
            if twin[:1].isdigit() and not twin.isdigit():
                continue
        out.append(one)
    return "".join(out)


def _is_subscript(before: list[str]) -> bool:
    return unicodedata.decomposition(before[-1]).startswith("<sub>")


NOT_TESTED = {
    *(
        "",
        "-",
        "--",
        "---",
        "----",
        "/",
        "//",
        "\\",
        ".",
        "..",
        "...",
        "......",
        "n/a",
        "na",
        "n.a.",
        "n.a",
        "nt",
        "n.t.",
    ),
    *("n/t", "nan", "null", "none given", "#n/a", "not tested", "not analysed", "not analyzed", "not measured", "n.r."),
    *("not determined", "not applicable", "not reported", "not requested", "not required", "not examined", "nr", "nm"),
    *("n.m.", "n/m", "pending", "to follow", "in progress", "tbd", "no data", "no result", "not available", "missing"),
    *(
        "未测",
        "未测定",
        "未检",
        "未检测",
        "未检验",
        "不检测",
        "未做",
        "不做",
        "无数据",
        "不适用",
        "免检",
        "待测",
        "检测中",
        "未要求",
        "不要求",
    ),
    *(
        "缺失",
        "空缺",
        "nicht bestimmt",
        "nicht untersucht",
        "nicht gemessen",
        "nicht analysiert",
        "non déterminé",
        "non mesuré",
    ),
    *(
        "non analysé",
        "no determinado",
        "no analizado",
        "ikke målt",
        "ikke analyseret",
        "ikke undersøgt",
        "ikke bestemt",
    ),
}
_ND = (
    r"n\s*\.?\s*d\s*\.?(?![a-z])|n\.n\.?|not\s+(?:detected|found|detectable|traceable|isolated|recovered)"
    r"|non[- ]?detect(?:ed|able)?|none\s+(?:detected|found|observed|recovered)|undetected|undetectable"
    r"|未检出|未檢出|没有检出|没检出|无检出|未发现|未见|未检到"
    r"|absent|absence|absente|negative|negativ|neg\.?(?![a-z])|阴性|ikke\s+påvist|ikke\s+detekteret|ej\s+påvist|nicht\s+nachweisbar"
    r"|nicht\s+nachgewiesen|nicht\s+feststellbar|nicht\s+gefunden|non\s+détecté(?:e|s)?|no\s+detectad[oa]|ausencia|ausente"
    r"|niet\s+aantoonbaar|nil|bdl|b\.d\.l?\.?|bdl?\.?(?![a-z])|bql|b\.q\.l\.?|blq|bloq|blod|b\.l\.d\.?|b\.l\.q\.?|u\.d\.l\.?|udl"
    r"|below\s+(?:the\s+)?(?:method\s+)?(?:limit\s+of\s+(?:detection|quantification|quantitation|determination)"
    r"|(?:detection|reporting|quantification|quantitation|determination)\s+limit|lod|loq|mdl|mrl|rl|dl)"
    r"|(?:低于|小于|未达)(?:方法)?(?:检出限|检测限|定量限|报告限)|unter\s+(?:der\s+)?(?:bestimmungs|nachweis)grenze"
    r"|(?:[<≤]\s*|less\s+than\s+(?:the\s+)?)(?:lod|loq|mdl|mrl|rl|dl|pql|bg|nwg|检出限|检测限|定量限|报告限|方法检出限|方法定量限)"
)
NOT_DETECTED = re.compile(rf"^(?:{_ND})(?P<rest>.*)$", re.IGNORECASE)
NOT_DETECTED_TAIL = re.compile(rf"\s*\(?\s*(?:{_ND})\s*\)?$", re.IGNORECASE)
"""What says once more that ``<0.01`` is not detected."""
UNSURE = re.compile(r"^(?:n\.\s?b\.?|n\.?\s?q\.?|u)(?P<rest>(?:[^a-z].*)?)$", re.IGNORECASE)
"""Not detected only beside a stated limit: n.b. is *nicht bestimmbar* or *nicht bestimmt*; NQ and U need a number."""
DETECTED = re.compile(
    r"^(?:present|presence|présence|detected|found|isolated|positive?|pos\.?(?![a-z])|阳性|检出|有检出|påvist|nachweisbar"
    r"|nachgewiesen|\+{1,4}$)(?P<rest>.*)$",
    re.IGNORECASE,
)
UNCOUNTABLE = re.compile(
    r"^(?:tntc|too\s+numerous(?:\s+to\s+count)?|uncountable|confluent(?:\s+growth)?|overgrown|多不可计|无法计数|不可计数?|菌落蔓延"
    r"|traces?|trace\s+amounts?|tr\.|spuren|痕量)\W*$",
    re.IGNORECASE,
)
"""Something is there, and no number says how much."""
LAB_VERDICT = re.compile(
    r"^(?:pass(?:ed|es)?|合格|符合(?:要求|标准|规定)?|达标|满足(?:要求)?|compliant|complies|conform(?:s|ing)?|satisfactory|ok"
    r"|within\s+limits?|meets(?:\s+(?:the\s+)?(?:limit|standard|requirement)s?)?|fail(?:ed|s)?|不合格|不符合(?:要求|标准|规定)?|超标|不达标"
    r"|non-?compliant|unsatisfactory)[.!。]?$",
    re.IGNORECASE,
)
_SIGNS = {
    "<": "<|小于|低于|少于|不足|less than|lower than|fewer than|below|under|lt|kleiner als|weniger als|unter"
    "|inférieur à|menor que|menor de|mindre end",
    "≤": "≤|<=|=<|≦|⩽|≤=|小于等于|小于或等于|不大于|不超过|不高于|不多于|至多"
    "|at most|not more than|no more than|up to|höchstens"
    "|less than or equal to",
    ">": ">|大于|高于|多于|超过|more than|greater than|higher than|above|over|gt|größer als|mehr als|über|supérieur à"
    "|mayor que|mayor de|mere end",
    "≥": "≥|>=|=>|≧|⩾|大于等于|大于或等于|不小于|不低于|不少于|至少|at least|not less than|no less than|mindestens"
    "|greater than or equal to",
    "~": "约|大约|约为|约等于|ca.|ca|approx.|approx|approximately|≈|≒|~|about|around|circa|etwa|env.|environ|est."
    "|estimated|估计|大概",
    "": "=",
}
OPERANDS = {written: sign for sign, forms in _SIGNS.items() for written in forms.split("|")}
"""Every way to write a sign of comparison, and the sign; ``~`` stands for *about*."""
OPERAND = re.compile(
    "^("
    + "|".join(
        re.escape(one) + (r"(?![a-zà-ÿ])" if one[-1].isalpha() and one[-1].isascii() else "")
        for one in sorted(OPERANDS, key=len, reverse=True)
    )
    + r")\s*",
    re.IGNORECASE,
)
NUMBER = r"[+-]?(?:\d[\d.,' ]*\d|\d|\.\d+)(?:\s*[eE][+-]?\d{1,3})?"
_TIMES = "[x×*·✕⋅]"
VALUE = (
    rf"(?:10\s*(?:\^|\*\*)\s*\(?[+-]?\d{{1,3}}(?:\.\d+)?\)?"
    rf"|{NUMBER}(?:\s*{_TIMES}\s*10\s*(?:(?:\^|\*\*)\s*\(?[+-]?\d{{1,3}}\)?|[+-]?[1-9]\d?(?!\d)))?)"
)
"""A number, with its power of ten; the power may have lost its raising (``1.2×103`` is 1.2×10³)."""
_POWER = re.compile(rf"^(?P<base>{NUMBER})\s*{_TIMES}\s*10\s*(?:\^|\*\*)?\s*\(?(?P<power>[+-]?\d{{1,3}})\)?$")
_BARE_POWER = re.compile(r"^10\s*(?:\^|\*\*)\s*\(?(?P<power>[+-]?\d{1,3}(?:\.\d+)?)\)?$")
_LAKH = re.compile(r"[+-]?[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d+)?")


def number(text: str) -> tuple[float, float]:
    """The value, or the two values, that a number text can mean (``1,575`` is 1.575 or 1575). ValueError if none."""
    plain = text.strip()
    if match := _BARE_POWER.match(plain):
        return (10.0 ** float(match["power"]),) * 2
    if match := _POWER.match(plain):
        low, high = number(match["base"])
        scale = 10.0 ** int(match["power"])
        return low * scale, high * scale
    plain = re.sub(r"\s*([eE][+-]?\d)", r"\1", plain)
    if re.fullmatch(r"[+-]?0,\d+|[+-]?\d+,\d+[eE][+-]?\d{1,3}", plain):
        return (float(plain.replace(",", ".")),) * 2
    if _LAKH.fullmatch(plain):
        return (float(plain.replace(",", "")),) * 2
    readings = [float(parse_number(plain))]
    if re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", plain):
        readings.append(float(plain.replace(",", ".")))
    return min(readings), max(readings)
