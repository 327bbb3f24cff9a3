"""Reading the texts of entries, one distinct text at a time: a sheet of 100,000 rows has few distinct dates.

Every reader here is pure: a text in, a value or a `Bad` out, never an exception.
"""

from __future__ import annotations

import calendar
import datetime as dt
import difflib
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from batches.entry_rules import diary_units, entry_rules, word_key
from compostnet.shared.numbers import normalise, parse_number
from compostnet.shared.texts import Message
from compostnet.shared.units import find_unit

K = TypeVar("K")
V = TypeVar("V")

_DAY = re.compile(r"^(\d{4})\s*([-/.年])\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]00:00(?::00(?:\.0+)?)?)?$")
_MONTH = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$")
_COMPACT_DAY = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_COMPACT_MONTH = re.compile(r"^(\d{4})(\d{2})$")
_SERIAL = re.compile(r"^(\d{5})(?:\.0+)?$")
_TIME = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE)
_NUMBER_WITH_UNIT = re.compile(r"^([+-]?[\d.,' ]*\d)\s*([^\d\s.,][^\d]*)$")
EXCEL_EPOCH = dt.date(1899, 12, 30)
DIARY_UNITS = ("temperature", "moisture", "oxygen", "watering")
MAX_SUGGESTING = 50
MAX_LISTED = 12


@dataclass(frozen=True, slots=True)
class Bad:
    """What is wrong with a text: of which field, in which words, and what would be accepted."""

    field: str
    message: Message
    accepted: Message | None = None
    value: str = ""


class Memo(dict[K, V], Generic[K, V]):
    """A dictionary that reads a key once and remembers the answer; lookups of known keys run at the speed of C."""

    def __init__(self, read: Callable[[K], V]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: K) -> V:
        value = self[key] = self._read(key)
        return value


class Suggest:
    """The nearest known words, for the first few unknown texts only (a sheet of nonsense must not cost minutes)."""

    def __init__(self, words: Callable[[], Iterable[str]], otherwise: Message | None = None) -> None:
        self._words, self._left, self._otherwise = words, MAX_SUGGESTING, otherwise
        self._known: list[str] | None = None

    def __call__(self, text: str) -> Message | None:
        if self._known is None:
            self._known = list(dict.fromkeys(self._words()))
        if not self._known:
            return self._otherwise
        near: list[str] = []
        if self._left > 0:
            self._left -= 1
            near = difflib.get_close_matches(text[:80], self._known, n=3, cutoff=0.6 if len(text) > 4 else 0.5)
        if near:
            return Message("accepted_nearest", {"words": near})
        if len(self._known) <= MAX_LISTED:
            return Message("accepted_one_of", {"words": self._known})
        return self._otherwise


def is_formula(text: str) -> bool:
    """Whether a cell holds a formula instead of its value."""
    return text.startswith("=") and len(text) > 1


def formula(field: str, text: str) -> Bad:
    return Bad(field, Message("entry_formula", {"value": shown(text)}), Message("accepted_value_not_formula"), text)


def shown(text: str) -> str:
    """A text short enough to stand in a sentence."""
    return text if len(text) <= 60 else text[:57] + "…"


def read_text(field: str, text: str, longest: int | None = None) -> str | Bad:
    """A free text without the characters that no database keeps."""
    if text.isascii() and text.isprintable() and (longest is None or len(text) <= longest):
        return text.strip()
    plain = text.strip().replace("\r\n", "\n").replace("\r", "\n")
    if any(ord(c) < 32 and c not in "\n\t" for c in plain) or any(0xD800 <= ord(c) <= 0xDFFF for c in plain):
        return Bad(field, Message("entry_control_characters"), Message("accepted_plain_text"), text)
    if longest is not None and len(plain) > longest:
        return Bad(field, Message("entry_too_long", {"length": len(plain), "longest": longest}), None, text)
    return plain


def read_id(field: str, text: str) -> str | Bad:
    """32 hexadecimal digits of a UUID; empty for an empty text."""
    plain = text.strip()
    if not plain:
        return ""
    try:
        return uuid.UUID(plain).hex
    except ValueError:
        return Bad(field, Message("entry_id_not_uuid", {"value": shown(plain)}), Message("accepted_uuid"), text)


def read_number(field: str, text: str) -> Decimal | Bad | None:
    """The number of a text; None where it is blank (nothing reported, which is not zero)."""
    plain = text.strip()
    if not plain:
        return None
    if is_formula(plain):
        return formula(field, plain)
    try:
        if len(plain) > 60:
            raise ValueError
        number = parse_number(plain)
    except ValueError:
        if (match := _NUMBER_WITH_UNIT.match(normalise(plain))) and _is_unit(match[2]):
            return Bad(
                field,
                Message("entry_number_with_unit", {"value": shown(plain), "unit": match[2].strip()}),
                Message("accepted_number_alone", {"number": match[1]}),
                text,
            )
        return Bad(field, Message("entry_not_a_number", {"value": shown(plain)}), Message("accepted_number"), text)
    if number < 0:
        return Bad(field, Message("entry_negative", {"value": shown(plain)}), Message("accepted_not_negative"), text)
    return number


def _is_unit(text: str) -> bool:
    return find_unit(text) is not None or word_key(text) in {unit for kind in DIARY_UNITS for unit in diary_units(kind)}


def read_signed(field: str, text: str) -> Decimal | Bad | None:
    """As `read_number`, below zero too (temperatures)."""
    plain = normalise(text)
    if plain.startswith("-") and not is_formula(plain):
        number = read_number(field, plain[1:])
        return -number if isinstance(number, Decimal) else number
    return read_number(field, text)


def _day(year: str | int, month: str | int, day: str | int) -> dt.date | None:
    try:
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found >= entry_rules().earliest else None


def _parse_date(plain: str) -> tuple[dt.date, bool] | None:
    if match := _DAY.match(plain) or _COMPACT_DAY.match(plain):
        numbers = [part for part in match.groups() if part.isdigit()]
        day = _day(*numbers)
        return (day, False) if day else None
    if match := _MONTH.match(plain) or _COMPACT_MONTH.match(plain):
        day = _day(match[1], match[2], 1)
        return (day, True) if day else None
    if match := _SERIAL.match(plain):
        serials = entry_rules().excel_serials
        if serials.first <= int(match[1]) <= serials.last:
            return EXCEL_EPOCH + dt.timedelta(days=int(match[1])), False
    return None


def read_date(field: str, text: str, pattern: str = "") -> tuple[dt.date, bool] | Bad:
    """The day and whether only its month is known. ``pattern`` (strptime) is a layout's own way of writing dates.

    Accepted without a pattern: ``2024-05-03``, ``2024/5/3``, ``2024年5月3日``, ``20240503``, a month as ``2024-05``,
    and the day count of a spreadsheet. ``03/05/2024`` is refused: it is March to some and May to others.
    """
    plain = normalise(text)
    if not plain:
        return Bad(field, Message("entry_date_missing"), Message("accepted_date"), text)
    if is_formula(plain):
        return formula(field, plain)
    if pattern:
        try:
            found = dt.datetime.strptime(plain, pattern).date()
        except ValueError:
            return Bad(
                field,
                Message("entry_date_not_in_pattern", {"value": shown(plain)}),
                Message("accepted_date_pattern", {"example": dt.date(2024, 5, 31).strftime(pattern)}),
                text,
            )
        if found < entry_rules().earliest:
            return Bad(field, Message("entry_date_unknown", {"value": shown(plain)}), Message("accepted_date"), text)
        return found, "%d" not in pattern and "%j" not in pattern
    parsed = _parse_date(plain)
    if parsed is None:
        return Bad(field, Message("entry_date_unknown", {"value": shown(plain)}), Message("accepted_date"), text)
    return parsed


def read_moment(field: str, text: str) -> tuple[dt.date, dt.time | None, dt.timezone | None] | Bad:
    """Day, time (None where only the day is written) and time zone (None: the site's own)."""
    plain = normalise(text)
    if not plain:
        return Bad(field, Message("entry_date_missing"), Message("accepted_moment"), text)
    if is_formula(plain):
        return formula(field, plain)
    refused = Bad(field, Message("entry_date_unknown", {"value": shown(plain)}), Message("accepted_moment"), text)
    if match := re.match(r"^(\d{5})(\.\d+)?$", plain):
        whole = _parse_date(match[1])
        if whole is None:
            return refused
        seconds = round(float("0" + (match[2] or "")) * 86400)
        clock = None if not match[2] else (dt.datetime.min + dt.timedelta(seconds=min(seconds, 86399))).time()
        return whole[0], clock, None
    day_text, separator, time_text = plain.partition("T") if "T" in plain else plain.rpartition(" ")
    if separator and (clock_match := _TIME.match(time_text.strip())):
        parsed = _parse_date(day_text.strip())
        hour, minute, second = (int(part or 0) for part in clock_match.group(1, 2, 3))
        try:
            clock, zone = dt.time(hour, minute, second), _zone(clock_match[4])
        except ValueError:  # 25 o'clock, or a zone more than a day away
            return refused
        return refused if parsed is None or parsed[1] else (parsed[0], clock, zone)
    parsed = _parse_date(plain)
    return refused if parsed is None or parsed[1] else (parsed[0], None, None)


def _zone(text: str | None) -> dt.timezone | None:
    if not text:
        return None
    if text in "Zz":
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def last_of(day: dt.date, month_only: bool) -> dt.date:
    """The last day that a date can mean: itself, or the end of its month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1]) if month_only else day
