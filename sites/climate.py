"""The climate zone of a site, and why: from normals of temperature, rain and evapotranspiration, or set by hand. Pure.

The thresholds stand in ``climate.yaml`` (CDM TOOL04), normals of cities and provinces in ``climates.yaml``. What
applies, first come first served: the zone that somebody set by hand with a reason; the site's own normals with their
source; the normals of the nearest region; else the zone is not known and methane of landfills is not estimated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from compostnet.shared.cited import Factor, check_sources
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule
from compostnet.shared.texts import Message

RULE_FILE = Path(__file__).with_name("climate.yaml")
NORMALS_FILE = Path(__file__).with_name("climates.yaml")
ZoneCode = Literal["temperate_dry", "temperate_wet", "tropical_dry", "tropical_wet"]
UNITS = {"tropical_above_c": "°C", "wet_from_ratio": "mm/mm", "wet_from_mm": "mm/year"}


class ClimateRule(Rule):
    """The shape of ``climate.yaml``.

    Tropical above ``tropical_above_c`` (mean of the year, MAT); else temperate, wet from a ratio of rain to potential
    evapotranspiration (MAP/PET) of ``wet_from_ratio``. Tropical is wet from ``wet_from_mm`` of rain a year.
    """

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    sources: dict[str, Source]
    tropical_above_c: Factor
    wet_from_ratio: Factor
    wet_from_mm: Factor


class Normals(Rule):
    """Normals of a year: mean temperature (°C), precipitation and potential evapotranspiration (mm)."""

    mean_temperature_c: float = Field(ge=-60, le=60, allow_inf_nan=False)
    precipitation_mm: float = Field(ge=0, le=20_000, allow_inf_nan=False)
    evapotranspiration_mm: float | None = Field(None, gt=0, le=10_000, allow_inf_nan=False)


class RegionNormals(Normals):
    """Normals of a region, with where they come from."""

    place: Text
    source: str
    confidence: Confidence


class NormalsSource(Rule):
    """Where normals come from, in both languages: people read it within a sentence."""

    title: Text
    issuer: Text


class ClimateNormals(Rule):
    """The shape of ``climates.yaml``: normals by code of the region."""

    sources: dict[str, NormalsSource]
    regions: dict[str, RegionNormals]


@dataclass(frozen=True, slots=True)
class SiteClimate:
    """What a site itself says of its climate; empty and None: nothing."""

    zone: str = ""
    reason: str = ""
    source: str = ""
    mean_temperature_c: float | None = None
    precipitation_mm: float | None = None
    evapotranspiration_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Zoned:
    """A zone ('' where it is not known), why, and what it stands on: ``hand``, ``site``, a region's code or ''."""

    code: str
    because: Message
    basis: str


def zone_from(rule: ClimateRule, normals: Normals) -> ZoneCode | None:
    """The zone of normals; None where the evapotranspiration that decides is not known."""
    if normals.mean_temperature_c > rule.tropical_above_c.value:
        return "tropical_wet" if normals.precipitation_mm >= rule.wet_from_mm.value else "tropical_dry"
    if normals.evapotranspiration_mm is None:
        return None
    ratio = normals.precipitation_mm / normals.evapotranspiration_mm
    return "temperate_wet" if ratio >= rule.wet_from_ratio.value else "temperate_dry"


def zone_of(site: SiteClimate, chain: Sequence[str], climates: ClimateNormals, rule: ClimateRule) -> Zoned:
    """The zone of a site in a line of regions (its own first), and why."""
    if site.zone:
        if site.reason:
            return Zoned(site.zone, Message("climate_by_hand", {"reason": site.reason}), "hand")
        return Zoned(site.zone, Message("climate_by_hand_source", {"source": site.source or "—"}), "hand")
    if site.mean_temperature_c is not None and site.precipitation_mm is not None and site.source:
        own = Normals(
            mean_temperature_c=site.mean_temperature_c,
            precipitation_mm=site.precipitation_mm,
            evapotranspiration_mm=site.evapotranspiration_mm,
        )
        zone = zone_from(rule, own)
        if zone is not None:
            values = _values(own) | {"source": site.source}
            return Zoned(zone, Message("climate_by_site", values), "site")
    for region in chain:
        found = climates.regions.get(region)
        zone = None if found is None else zone_from(rule, found)
        if found is not None and zone is not None:
            source = climates.sources[found.source]
            values = _values(found) | {"place": found.place, "source": source.title, "confidence": found.confidence}
            return Zoned(zone, Message("climate_by_region", values), region)
    return Zoned("", Message("climate_unknown"), "")


def _values(normals: Normals) -> dict[str, Any]:
    """Normals as the sentences show them."""
    pet = normals.evapotranspiration_mm
    shown = "—" if pet is None else f"{pet:g}"
    return {"mat": f"{normals.mean_temperature_c:g}", "map": f"{normals.precipitation_mm:g}", "pet": shown}


def read_climate_rule(path: Path) -> ClimateRule:
    """Read and check the thresholds."""
    rule = load_rule(path, ClimateRule)
    check_sources(path, rule, rule.sources)
    for name, unit in UNITS.items():
        if getattr(rule, name).unit != unit:
            raise RuleFileError(path, f"{name}.unit", f"write {unit!r}")
    return rule


def read_climates(path: Path, rule: ClimateRule) -> ClimateNormals:
    """Read and check normals; each must be enough to tell the zone."""
    found = load_rule(path, ClimateNormals)
    for code, normals in found.regions.items():
        if normals.source not in found.sources:
            remedy = f"{normals.source!r} is not in sources; add it"
            raise RuleFileError(path, f"regions.{code}.source", remedy)
        if zone_from(rule, normals) is None:
            remedy = "a temperate place is wet or dry by its evapotranspiration; add it"
            raise RuleFileError(path, f"regions.{code}.evapotranspiration_mm", remedy)
    return found


@cache
def climate_rule() -> ClimateRule:
    """The thresholds, as shipped."""
    return read_climate_rule(RULE_FILE)


@cache
def climates() -> ClimateNormals:
    """The normals that the platform ships."""
    return read_climates(NORMALS_FILE, climate_rule())
