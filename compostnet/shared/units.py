"""Units of mass and volume as data (``units.yaml``), and the one exact form in which masses are kept: milligrams.

A mass is an integer number of milligrams (``mass_mg``) everywhere in the database, so that sums are exact on every
engine: kilograms with six decimals, up to nine million tonnes in 64 bits.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path

from compostnet.shared.rules import Rule, Source, Text, load_rule

MG_PER_KG = 1_000_000
MG_PER_T = 1_000_000_000
MAX_MASS_KG = Decimal(1_000_000_000)
"""More than this in one entry is not a mass of compost but a slip of the keyboard, and would overflow sums."""


class Unit(Rule):
    """One unit: its factor to the base unit of its kind (kg, L or one container), names and aliases."""

    factor: Decimal
    name: Text
    aliases: tuple[str, ...] = ()
    source: Source


class Units(Rule):
    mass: dict[str, Unit]
    volume: dict[str, Unit]
    count: dict[str, Unit]


@cache
def units() -> Units:
    """The units of ``units.yaml``."""
    return load_rule(Path(__file__).with_name("units.yaml"), Units)


@cache
def _aliases() -> dict[str, tuple[str, str]]:
    known: dict[str, tuple[str, str]] = {}
    for kind in ("mass", "volume", "count"):
        for code, unit in getattr(units(), kind).items():
            for name in (code, *unit.aliases, unit.name.zh, unit.name.en):
                known[name.casefold()] = (kind, code)
    return known


def find_unit(text: str) -> tuple[str, str] | None:
    """Kind (``mass``, ``volume``, ``count``) and code of a unit by code, alias or name in any case; None if unknown."""
    return _aliases().get(text.strip().casefold())


def to_mg(value: Decimal, unit: str) -> int:
    """Milligrams of ``value`` in a mass unit, rounded half to even at the milligram. KeyError for an unknown unit."""
    return int((value * units().mass[unit].factor * MG_PER_KG).to_integral_value(ROUND_HALF_EVEN))


def kg_text(mass_mg: int) -> str:
    """Milligrams as exact kilograms in text, without trailing zeros (``1500000`` → ``"1.5"``)."""
    sign, mg = ("-", -mass_mg) if mass_mg < 0 else ("", mass_mg)
    whole, rest = divmod(mg, MG_PER_KG)
    return f"{sign}{whole}" + (f".{rest:06d}".rstrip("0") if rest else "")
