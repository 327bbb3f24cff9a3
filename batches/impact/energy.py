"""Energy factors as data (``energy.yaml``): CO2 of a kWh by region and year, of a litre of fuel. Pure.

The nearest region with a grid factor applies, in it the nearest year (the earlier of two as near). Where no region of
the line has one, the electricity is not charged, and the figure says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from compostnet.shared.cited import Factor, check_sources
from compostnet.shared.rules import Rule, RuleFileError, Source, Text, load_rule

FILE = Path(__file__).with_name("energy.yaml")
ELECTRICITY = "electricity_kwh"
FUELS = ("diesel_l", "petrol_l")
ENERGY = (ELECTRICITY, *FUELS)
"""Kinds of monthly records that give off CO2; the last axis of `accounts.Masses.energy`."""
PER_UNIT = 1_000_000
"""Energy is counted in millionths of a kWh or litre, so that sums are exact."""
UNITS = {ELECTRICITY: "kg CO2/kWh", "diesel_l": "kg CO2/l", "petrol_l": "kg CO2/l"}


class GridFactor(Rule):
    """CO2 of a kWh in one year."""

    year: Annotated[int, Field(ge=1990, le=2999)]
    factor: Factor


class EnergyRules(Rule):
    """The shape of ``energy.yaml``."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    note: Text | None = None
    sources: dict[str, Source]
    fuels: dict[str, Factor]
    grid: dict[str, tuple[GridFactor, ...]]


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid factor that applies to a place in a year, and the region and year that it is of."""

    region: str
    year: int
    factor: Factor


def read_energy(path: Path) -> EnergyRules:
    """Read and check one file."""
    found = load_rule(path, EnergyRules)
    check_sources(path, found, found.sources)
    for fuel in FUELS:
        if fuel not in found.fuels:
            raise RuleFileError(path, f"fuels.{fuel}", "this fuel is required; add its factor")
    for fuel, factor in found.fuels.items():
        if fuel not in FUELS:
            raise RuleFileError(path, f"fuels.{fuel}", f"unknown fuel; known are {', '.join(FUELS)}")
        if factor.unit != UNITS[fuel]:
            raise RuleFileError(path, f"fuels.{fuel}.unit", f"write {UNITS[fuel]!r}")
    for region, rows in found.grid.items():
        years = [row.year for row in rows]
        if not rows or len(set(years)) < len(years):
            raise RuleFileError(path, f"grid.{region}", "write one factor a year, at least one")
        for number, row in enumerate(rows):
            if row.factor.unit != UNITS[ELECTRICITY]:
                raise RuleFileError(path, f"grid.{region}.{number}.factor.unit", f"write {UNITS[ELECTRICITY]!r}")
    return found


@cache
def energy_rules() -> EnergyRules:
    """The factors that the platform ships."""
    return read_energy(FILE)


def find_grid(rules: EnergyRules, chain: Sequence[str], year: int) -> Grid | None:
    """The factor of the nearest region of ``chain`` and, there, the nearest year; None: unknown."""
    for region in chain:
        if rows := rules.grid.get(region):
            row = min(rows, key=lambda row: (abs(row.year - year), row.year))
            return Grid(region, row.year, row.factor)
    return None
