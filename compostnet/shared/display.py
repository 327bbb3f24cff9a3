"""Numbers, masses and months as people read them. The only place where a figure is rounded, and for display only.

Both languages write thousands with commas and decimals with a point; words and the order of a date differ.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from compostnet.shared.months import parse_month
from compostnet.shared.numbers import parse_number
from compostnet.shared.units import MG_PER_KG, MG_PER_T

Number = int | float | Decimal
MassUnit = Literal["mg", "kg", "t"]

NOTHING = "—"
"""What stands where there is no value. Never a zero: a blank is "not known"."""
MINUS = "\u2212"
NO_BREAK = "\u00a0"
_MG_PER: dict[str, int] = {"mg": 1, "kg": MG_PER_KG, "t": MG_PER_T}
_UNIT_WORDS = {"t": {"zh": "吨", "en": "t"}, "kg": {"zh": "千克", "en": "kg"}}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def is_chinese(language: str) -> bool:
    """Whether a language code (``zh-hans``, ``en``) is Chinese."""
    return language.lower().startswith("zh")


def _exact(value: Number) -> Decimal | None:
    """The value as Decimal (a float by its shortest text); None for NaN and infinities."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def _decimals_for(number: Decimal) -> int:
    """Decimals that leave three significant digits, at most six; none from 100 on."""
    if not number:
        return 0
    return max(0, min(6, 2 - number.adjusted()))


def format_number(value: Number | None, decimals: int | None = None) -> str:
    """``1234.5`` as ``1,235`` (three significant digits, none cut before the point) or with ``decimals`` places.

    None, NaN and infinities become an em dash. Without ``decimals`` trailing zeros of a fraction are dropped.
    """
    number = None if value is None else _exact(value)
    if number is None:
        return NOTHING
    places = _decimals_for(number) if decimals is None else max(0, decimals)
    rounded = round_half_up(number, places)
    text = f"{abs(rounded):,.{places}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text if rounded < 0 else text


def apart(old: object, new: object) -> tuple[str, str]:
    """Old and new value in as few digits as tell them apart."""
    values = []
    for value in (old, new):
        try:
            values.append(None if value is None or value == "" else float(str(value)))
        except (TypeError, ValueError):
            return str(old or NOTHING), str(new or NOTHING)
    one, other = values
    if one is None or other is None or one == other:
        return format_number(one), format_number(other)
    shown = format_number(one), format_number(other)
    for places in range(1, 10):
        if shown[0] != shown[1]:
            break
        shown = format_number(one, places), format_number(other, places)
    return shown


def round_half_up(number: Decimal, places: int) -> Decimal:
    """``number`` with ``places`` decimals, halves away from zero, whatever its size."""
    shifted = (abs(number).scaleb(places) + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR")
    rounded = shifted.scaleb(-places)
    return -rounded if number < 0 else rounded


def format_mass(value: Number | None, language: str, unit: MassUnit = "mg", shown: MassUnit | None = None) -> str:
    """A mass with its unit: tonnes from one tonne on, kilograms below; always ``shown`` where that is given.

    ``unit`` is the unit of ``value``; a column of a table wants one unit for all its rows.
    """
    number = None if value is None else _exact(value)
    if number is None:
        return NOTHING
    mg = number * _MG_PER[unit]
    if shown is None:
        shown = mass_unit(number, unit)
    word = _UNIT_WORDS[shown]["zh" if is_chinese(language) else "en"]
    return f"{format_number(mg / _MG_PER[shown])}{NO_BREAK}{word}"


def mass_ends(low: Number, high: Number, language: str, unit: MassUnit, shown: MassUnit) -> tuple[str, str]:
    """The two ends of a range in one unit, which stands at the second only: ``476`` and ``507 t``."""
    first = format_mass(low, language, unit, shown)
    return first.partition(NO_BREAK)[0], format_mass(high, language, unit, shown)


def mass_unit(value: Number, unit: MassUnit = "mg") -> MassUnit:
    """The unit in which `format_mass` shows a mass: tonnes from one tonne on (and for zero), kilograms below."""
    number = _exact(value)
    return "kg" if number and abs(number * _MG_PER[unit]) < MG_PER_T else "t"


def format_month(month: int | str, language: str, *, short: bool = False) -> str:
    """A month index or ``YYYY-MM`` as ``2024年5月`` or ``May 2024``; short: ``24年5月``, ``May 24``."""
    index = parse_month(month) if isinstance(month, str) else month
    year, number = divmod(index, 12)
    if is_chinese(language):
        return f"{year % 100:02d}年{number + 1}月" if short else f"{year}年{number + 1}月"
    name = _MONTHS[number]
    return f"{name[:3]} {year % 100:02d}" if short else f"{name} {year}"


def inert(text: str) -> str:
    """A text for a cell of a CSV file, so that no spreadsheet program runs it as a formula: an apostrophe before it.

    Numbers stay as they are. What begins a formula: OWASP, CSV Injection.
    """
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        parse_number(text)
    except ValueError:
        return f"'{text}"
    return text
