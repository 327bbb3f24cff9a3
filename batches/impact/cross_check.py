"""Cross-checks as data (``cross_checks/*.yaml``): models that count a waste's whole life by one factor a ton (WARM).

They are no method of this platform: another boundary (storage, electricity), another timing (all at once), one GWP set
of their own. `CrossCheck.compare` holds disposal against composting with the credits on both sides or on neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from batches.impact.baselines import Part
from batches.impact.gwp import gwp_sets
from batches.impact.method import StreamCode
from compostnet.shared.cited import Factor, check_sources
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule, load_rules

FOLDER = Path(__file__).with_name("cross_checks")
Fate = Literal["landfill", "combustion", "composting"]
UNIT = "t CO2e/short ton"


class Components(Rule):
    """One factor by what it is made of; a credit is negative. ``storage``: carbon kept in a landfill or in soil."""

    methane: float
    nitrous_oxide: float
    energy: float
    storage: float
    other: float

    def total(self, *, credits: bool) -> float:
        """The sum, with or without the credits for storage and displaced energy."""
        gases = self.methane + self.nitrous_oxide
        return gases + self.energy + self.storage + self.other if credits else gases


class CrossCheck(Rule):
    """The shape of one file. ``routes``: which of the platform's baseline routes is which fate."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    label: str
    summary: Text
    note: Text
    sources: dict[str, Source]
    gwp: str
    unit: str
    source: str
    confidence: Confidence
    short_ton_kg: Factor
    routes: dict[str, Fate]
    streams: dict[StreamCode, dict[Fate, Components]]

    def compare(self, stream: StreamCode, mix: Sequence[Part], *, credits: bool) -> float | None:
        """t CO2e a tonne of a stream: disposal by a mix, less composting; None where a route or stream has no factor.

        ``credits`` holds for both sides. The capture of the mix is not used: the factors have their own.
        """
        factors = self.streams.get(stream)
        if factors is None or any(part.route not in self.routes for part in mix if part.share):
            return None
        disposal = sum(
            part.share * factors[self.routes[part.route]].total(credits=credits) for part in mix if part.share
        )
        return (disposal - factors["composting"].total(credits=credits)) / (self.short_ton_kg.value / 1000)


def check_cross_check(path: Path, found: CrossCheck) -> CrossCheck:
    """Refuse what single keys cannot show."""
    check_sources(path, found, found.sources)
    if found.source not in found.sources:
        raise RuleFileError(path, "source", f"{found.source!r} is not in sources; add it")
    if found.unit != UNIT:
        raise RuleFileError(path, "unit", f"write {UNIT!r}")
    if found.gwp not in gwp_sets():
        raise RuleFileError(path, "gwp", f"unknown set {found.gwp!r}; known are {', '.join(gwp_sets())}")
    for stream, factors in found.streams.items():
        for fate in ("composting", *found.routes.values()):
            if fate not in factors:
                raise RuleFileError(path, f"streams.{stream}.{fate}", "this fate has no factor; add it")
    if found.code != path.stem:
        raise RuleFileError(path, "code", f"name the file {found.code}.yaml or write code: {path.stem}")
    return found


def read_cross_check(path: Path) -> CrossCheck:
    """Read and check one file."""
    return check_cross_check(path, load_rule(path, CrossCheck))


@cache
def cross_checks() -> dict[str, CrossCheck]:
    """All cross-checks by code."""
    return {found.code: check_cross_check(path, found) for path, found in load_rules(FOLDER, CrossCheck).items()}
