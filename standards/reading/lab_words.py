"""The words of lab sheets as data (``lab_sheets.yaml``): what a head of a column, a label or a line means."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from batches.sheets import header_key
from compostnet.shared.rules import Rule, RuleFileError, load_rule
from standards.indicators import basis_of, find_indicator, indicators, read_unit

PATH = Path(__file__).with_name("lab_sheets.yaml")
NEVER_RESULTS = ("limits", "verdicts", "spreads", "numbering")
"""Kinds of columns that are never read as results."""


class LabWords(Rule):
    """The shape of ``lab_sheets.yaml``."""

    fields: dict[str, tuple[str, ...]]
    limits: tuple[str, ...]
    verdicts: tuple[str, ...]
    spreads: tuple[str, ...]
    numbering: tuple[str, ...]
    particulars: dict[str, tuple[str, ...]]
    rows: dict[str, tuple[str, ...]]
    ends: tuple[str, ...]


@cache
def lab_words(path: Path = PATH) -> LabWords:
    """The platform's words; `RuleFileError` where one word of a column's head means two fields."""
    words = load_rule(path, LabWords)
    seen: dict[str, str] = {}
    kinds = {**words.fields, **{kind: getattr(words, kind) for kind in NEVER_RESULTS}}
    for kind, names in kinds.items():
        for name in names:
            other = seen.setdefault(header_key(name), kind)
            if other != kind:
                raise RuleFileError(path, f"fields.{kind}", f"{name!r} is a word of {other} already; keep it in one")
    return words


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a column says: its kind ('' if not known), the word's rank in its list, unit, basis, k."""

    kind: str = ""
    rank: int = 0
    unit: str = ""
    basis: str = ""
    extra: str = ""


@cache
def _kinds() -> dict[str, tuple[str, int]]:
    words = lab_words()
    known: dict[str, tuple[str, int]] = {}
    for kind, names in {**words.fields, **{kind: getattr(words, kind) for kind in NEVER_RESULTS}}.items():
        for rank, name in enumerate(names):
            known[header_key(name)] = (kind, rank)
    return known


_BRACKET = re.compile(r"[(\[（【](.*?)[)\]）】]")
_CODE = re.compile(r"(?<![A-Za-z])(?:NY|GB|HJ|CJJ?|DB\d*|EN|ISO|PAS|AS|NZS|NF|EU)\s*/?\s*[TZ]?\s*\d{3,}", re.IGNORECASE)
_RESULT = re.compile(
    r"^(?:results?|检测结果|结果|value|ergebnis)?[\s,:(/-]*(.*?)[\s)]*(?:results?|结果|含量)?$", re.IGNORECASE
)


def is_unit(text: str) -> bool:
    """Whether a text is a unit of anything, and not only the words of a basis."""
    plain = text.strip()
    if not plain or basis_of(plain) not in ("", "?"):
        return False
    return any(read_unit(quantity, plain) for quantity in indicators().quantities)


_COVERAGE = re.compile(r"[\s,;(（]*(k\s*[=＝]\s*\d(?:\.\d+)?)[)）]?\s*$")
_STANDARD = re.compile(r"^u(?![A-Za-z])|标准不确定度|(?<![a-z])standard uncertainty", re.IGNORECASE)
_RELATIVE = re.compile(r"相对|relative|\brel\b", re.IGNORECASE)


@lru_cache(maxsize=4096)
def head_of(text: str) -> Head:
    """What a column's head means; of an uncertainty ``extra`` is what has to be said beside the figures of the column
    (the coverage factor, that it is a standard or a relative one)."""
    match = _COVERAGE.search(text)
    head = _head_of(text[: match.start()] if match and match.start() else text)
    if head.kind != "uncertainty":
        return _head_of(text)
    own = " ".join(unicodedata.normalize("NFKC", text).split())
    standard = own[:1] != "U" and _STANDARD.search(own)
    words = [head.unit or ("%" if "%" in own else "")]
    words += [match[1] if match else head.extra or ("k=1" if standard else ""), "rel" if _RELATIVE.search(own) else ""]
    return replace(head, extra=" ".join(word for word in words if word))


def _head_of(text: str) -> Head:
    """The same from the words alone. Bilingual heads (检测结果 Result) mean what their parts do; brackets: units."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain or len(plain) > 120:
        return Head()
    if found := _kinds().get(header_key(plain)):
        return Head(*found)
    brackets = [part.strip() for part in _BRACKET.findall(plain)]
    bare = _BRACKET.sub(" ", plain).strip()
    unit = next((part for part in brackets if is_unit(part)), "")
    basis = next((part for part in brackets if basis_of(part) not in ("", "?")), "")
    extra = next((part for part in brackets if re.match(r"k\s*=", part)), "")
    if found := _kinds().get(header_key(bare)):
        return Head(*found, unit, basis, extra)
    if not find_indicator(plain):
        chinese = re.sub(r"[^\u4e00-\u9fff]+", " ", bare).strip()
        latin = re.sub(r"[\u4e00-\u9fff/、]+", " ", bare).strip()
        if chinese and latin and (found := _kinds().get(header_key(chinese)) or _kinds().get(header_key(latin))):
            return Head(*found, unit, basis, extra)
        words = bare.split(" ")
        for cut in range(1, len(words)):
            found = _kinds().get(header_key(" ".join(words[:cut]).rstrip(",;/-")))
            rest = " ".join(words[cut:]).strip(",;/- ")
            if found and found[0] == "value" and basis_of(rest) not in ("", "?"):
                return Head(*found, unit, rest, extra)
            if found and found[0] == "value" and is_unit(rest):
                return Head(*found, rest, basis, extra)
        if _CODE.search(plain) or any(
            word in bare for word in ("限值", "限量", "标准要求", "技术要求", "limit", "Limit")
        ):
            return Head("limits", 999)
        match = _RESULT.match(plain)
        if match and basis_of(match[1]) not in ("", "?"):
            return Head("value", 500, unit, match[1], extra)
    return Head()


@cache
def _labels() -> dict[str, tuple[str, int]]:
    return {
        header_key(name): (kind, rank)
        for kind, names in reversed(lab_words().particulars.items())
        for rank, name in enumerate(names)
    }


@lru_cache(maxsize=4096)
def particular(text: str) -> tuple[str, int]:
    """Which of a report's particulars a label names (``sample``, ``number``, …, ``other``) and its rank; '' if none."""
    return _labels().get(header_key(_BRACKET.sub("", text)), ("", 0))


@lru_cache(maxsize=4096)
def row_kind(text: str) -> str:
    """What a row of a wide sheet is by its first word: a unit row, a limit, …; '' where it is a sample."""
    key = header_key(_BRACKET.sub("", text))
    for kind, names in lab_words().rows.items():
        if key in {header_key(name) for name in names}:
            return kind
    found = _kinds().get(key)
    if found and found[0] in NEVER_RESULTS and found[0] != "numbering":
        return found[0]
    if _CODE.search(text) or any(word in text for word in ("限值", "标准值", "限量")) or "limit" in text.casefold():
        return "limits"
    return ""


def is_spread(text: str) -> bool:
    """Whether a head is that of a spread beside a mean (``N SD``, ``总氮 标准差``)."""
    spreads = {header_key(name) for name in lab_words().spreads}
    return any(header_key(word) in spreads for word in re.split(r"[\s()（）_-]+", text) if word)


def is_end(text: str) -> bool:
    """Whether a line closes the report (以下空白, end of report)."""
    plain = header_key(re.sub(r"[-—*_=·.。<>《》【】\[\]()（）]+", "", text))
    return bool(plain) and any(header_key(re.sub(r"[*]+", "", end)) == plain for end in lab_words().ends)
