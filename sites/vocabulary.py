"""What a site can be and how it composts: the codes, names and marks of ``sites/vocabulary.yaml``. Pure."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from compostnet.shared.rules import Rule, Text, load_rule

Shape = Literal["circle", "square", "triangle", "diamond"]


class Scenario(Rule):
    """A kind of place: its name and its mark on the map (colour as #rrggbb)."""

    name: Text
    colour: str = Field(pattern=r"^#[0-9a-f]{6}$")
    shape: Shape


class Process(Rule):
    """A way of composting."""

    name: Text
    about: Text


class LocationRules(Rule):
    """Limits on positions, in kilometres."""

    region_tolerance_km: float = Field(ge=0)
    coarse_grid_km: float = Field(gt=0)


class Vocabulary(Rule):
    """The shape of ``vocabulary.yaml``."""

    scenarios: dict[str, Scenario]
    processes: dict[str, Process]
    location: LocationRules
    climate_zones: dict[str, Text]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, read once."""
    return load_rule(Path(__file__).with_name("vocabulary.yaml"), Vocabulary)


def scenarios() -> dict[str, Scenario]:
    """Scenarios by code, in the order of the file."""
    return vocabulary().scenarios


def processes() -> dict[str, Process]:
    """Processes by code, in the order of the file."""
    return vocabulary().processes


def climate_zones() -> dict[str, Text]:
    """Names of the climate zones by code, in the order of the file."""
    return vocabulary().climate_zones


def scenario_name(code: str) -> Text:
    """The name of a scenario; the code itself where it is not in the vocabulary (old releases)."""
    known = scenarios().get(code)
    return known.name if known else Text(zh=code, en=code)


def process_name(code: str) -> Text:
    """The name of a process; the code itself where it is not in the vocabulary."""
    known = processes().get(code)
    return known.name if known else Text(zh=code, en=code)


def coarsened(longitude: float, latitude: float) -> tuple[float, float]:
    """The centre of the grid cell that a position lies in: the same for every position of the cell.

    Cells are `LocationRules.coarse_grid_km` high, and as wide at their own latitude (111.32 km a degree). The result is
    rounded to 5 decimals (about 1 m).
    """
    step = vocabulary().location.coarse_grid_km / 111.32
    row = math.floor(latitude / step)
    middle = min((row + 0.5) * step, 90.0)
    east_step = step / max(math.cos(math.radians(middle)), 0.01)
    column = math.floor(longitude / east_step)
    return round((column + 0.5) * east_step, 5), round(middle, 5)
