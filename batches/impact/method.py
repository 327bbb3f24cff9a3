"""Methods as data: the dated, cited factors that turn diverted mass into methane avoided (``methods/*.yaml``).

No Django, no database, no clock. Every factor has a unit, a source and a confidence; `Method.factors` lists them all,
which is what the method's page and the explain views print. One method is the default by its own word (``use``); the
others are alternatives to hold it against, never parts to mix with. Figures are named by method and GWP set.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from batches.impact.gwp import GwpSet, gwp_sets
from compostnet.shared.cited import Factor as Factor
from compostnet.shared.cited import Share as Share
from compostnet.shared.cited import check_sources, factors_of
from compostnet.shared.rules import (
    Rule,
    RuleFileError,
    Source,
    Text,
    in_force,
    load_rule,
    load_rules,
    refuse_overlap,
)

FOLDER = Path(__file__).with_name("methods")
StreamCode = Literal["food", "garden", "paper", "wood"]
STREAMS: tuple[StreamCode, ...] = ("food", "garden", "paper", "wood")
ZoneCode = Literal["temperate_dry", "temperate_wet", "tropical_dry", "tropical_wet"]
WET_UNITS = {
    "composting.ch4": "t CH4/t wet",
    "composting.n2o": "t N2O/t wet",
    "composting.aerobic.ch4": "t CH4/t wet",
    "composting.aerobic.n2o": "t N2O/t wet",
    "doc": "t C/t wet",
}
"""Units of what is multiplied with mass as weighed. A dry-basis factor needs dry matter, which the ledger has not."""


class Phi(Rule):
    """Model correction for uncertainties, by humidity of the climate zone; of residue (our own emission) it is 1."""

    wet: Factor
    dry: Factor
    residue: Factor


class Landfilling(Rule):
    """What all routes with decay share. ``docf`` holds for every stream that has none of its own."""

    phi: Phi
    methane_fraction: Factor
    docf: Factor
    molar_mass_ch4: Factor
    molar_mass_c: Factor


class Zone(Rule):
    name: Text
    humidity: Literal["wet", "dry"]


class Stream(Rule):
    """One waste class: degradable organic carbon of wet mass, its part that decomposes, decay a year by zone."""

    name: Text
    doc: Factor
    docf: Factor | None = None
    k: dict[ZoneCode, Factor]


class Decays(Rule):
    """A route where waste rots without air: methane correction and oxidation in the cover."""

    mcf: Factor
    ox: Factor


class Burns(Rule):
    """A route that burns: emissions a tonne of wet waste, times a conservativeness factor."""

    conservativeness: Factor
    ch4: Factor
    n2o: Factor


class Route(Rule):
    """One way in which waste may be disposed of: it decays or it is burnt."""

    name: Text
    decays: Decays | None = None
    burns: Burns | None = None


class AerobicDiary(Rule):
    """What a site-month's diary must show before composting counts as aerobic; all of it, each with a source.

    ``temperature_days``: days with a temperature read; ``hot_days`` of them at ``hot_c`` °C or more; ``turnings``;
    and no oxygen reading below ``oxygen_percent`` (where oxygen was measured).
    """

    temperature_days: Factor
    hot_days: Factor
    hot_c: Factor
    turnings: Factor
    oxygen_percent: Factor


class Aerobic(Rule):
    """Lower emissions of composting, for the months whose diary shows aerobic operation."""

    ch4: Factor
    n2o: Factor
    when: AerobicDiary


class Composting(Rule):
    """Composting's own emissions a tonne of wet mass composted, bulking agent included."""

    ch4: Factor
    n2o: Factor
    aerobic: Aerobic | None = None


class Timing(Rule):
    """When decay starts: in the period of the deposit (TOOL04), or on 1 January of the next year (IPCC)."""

    starts: Literal["same_month", "next_year"]
    source: str
    note: Text | None = None


class Method(Rule):
    """A whole method as one file holds it. ``gwp`` is the code of its own GWP set."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    label: str
    use: Literal["default", "alternative"]
    valid_from: dt.date
    valid_to: dt.date | None = None
    summary: Text
    note: Text | None = None
    sources: dict[str, Source]
    gwp: str
    timing: Timing
    landfilling: Landfilling
    zones: dict[ZoneCode, Zone]
    streams: dict[StreamCode, Stream]
    routes: dict[str, Route]
    composting: Composting
    forecast_years: Factor

    def phi(self, zone: str) -> float:
        """Model correction of a climate zone."""
        humidity = self.zones[zone].humidity  # type: ignore[index]
        return (self.landfilling.phi.wet if humidity == "wet" else self.landfilling.phi.dry).value

    def docf(self, stream: StreamCode) -> Factor:
        """The part of a stream's degradable carbon that decomposes."""
        return self.streams[stream].docf or self.landfilling.docf

    def carbon_to_methane(self, stream: StreamCode) -> float:
        """Tonnes of CH4 from a tonne of a stream's degradable carbon where all is anaerobic: 16/12 · F · DOCf."""
        rules = self.landfilling
        ratio = rules.molar_mass_ch4.value / rules.molar_mass_c.value
        return ratio * rules.methane_fraction.value * self.docf(stream).value

    def factors(self) -> Iterator[tuple[str, Factor]]:
        """Every factor of the file by its dotted key, in the file's order."""
        yield from factors_of(self)

    def default_gwp(self) -> GwpSet:
        """The method's own GWP set, as shipped."""
        return gwp_sets()[self.gwp]


def check_method(path: Path, method: Method) -> Method:
    """Refuse what single keys cannot show: an unknown source, a missing zone or stream, a route that is neither."""
    check_sources(path, method, method.sources)
    if method.timing.source not in method.sources:
        raise RuleFileError(path, "timing.source", f"{method.timing.source!r} is not in sources; add it")
    for key, factor in method.factors():
        if factor.unit == "1" and factor.value > 1 and not key.endswith("conservativeness"):
            raise RuleFileError(path, f"{key}.value", f"a share cannot be {factor.value}; write 0 to 1")
        unit = WET_UNITS.get("doc" if key.endswith(".doc") else key)
        if unit is not None and factor.unit != unit:
            remedy = f"write it in {unit}; a dry-basis factor needs measured dry matter: dry × (1 − moisture) = wet"
            raise RuleFileError(path, f"{key}.unit", remedy)
    if method.gwp not in gwp_sets():
        raise RuleFileError(path, "gwp", f"unknown set {method.gwp!r}; known are {', '.join(gwp_sets())}")
    for stream in STREAMS:
        if stream not in method.streams:
            raise RuleFileError(path, f"streams.{stream}", "this stream is required; add it with doc and k")
        for zone in method.zones:
            if zone not in method.streams[stream].k:
                raise RuleFileError(path, f"streams.{stream}.k.{zone}", "this zone has no decay rate; add it")
    for code, route in method.routes.items():
        if (route.decays is None) == (route.burns is None):
            raise RuleFileError(path, f"routes.{code}", "write either decays or burns")
    fires = [code for code, route in method.routes.items() if route.burns is not None]
    if len(fires) > 1:  # the engine knows one kind of fire
        raise RuleFileError(path, f"routes.{fires[1]}", f"one route may burn, and {fires[0]} does; remove this one")
    if method.code != path.stem:
        raise RuleFileError(path, "code", f"name the file {method.code}.yaml or write code: {path.stem}")
    if method.valid_to is not None and method.valid_to < method.valid_from:
        raise RuleFileError(path, "valid_to", f"{method.valid_to} is before valid_from {method.valid_from}")
    return method


def read_method(path: Path) -> Method:
    """Read and check one file."""
    return check_method(path, load_rule(path, Method))


def read_methods(folder: Path) -> dict[str, Method]:
    """All methods of a folder by code, the default first; two defaults for one day are refused."""
    found = [check_method(path, method) for path, method in load_rules(folder, Method).items()]
    refuse_overlap(folder, "use: default", [method for method in found if method.use == "default"])
    return {method.code: method for method in sorted(found, key=lambda m: (m.use != "default", m.code))}


@cache
def methods() -> dict[str, Method]:
    """All methods by code, the default first."""
    return read_methods(FOLDER)


def default_method(as_of: dt.date) -> Method:
    """The method in force on a day that says of itself that it is the default. LookupError where none is."""
    found = in_force((method for method in methods().values() if method.use == "default"), as_of)
    if found is None:
        raise LookupError(f"no default method of batches/impact/methods is valid on {as_of}")
    return found


def alternatives() -> list[Method]:
    """The methods to hold the default against, by code."""
    return [method for method in methods().values() if method.use == "alternative"]
