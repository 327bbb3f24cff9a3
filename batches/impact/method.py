"""Methods as data: the dated, cited factors that turn diverted mass into methane avoided (``methods/*.yaml``).

No Django, no database, no clock. Every factor has a unit, a source and a confidence; `Method.factors` lists them all,
which is what the method's page and the explain views print.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from compostnet.shared.rules import (
    Confidence,
    Rule,
    RuleFileError,
    Source,
    Text,
    in_force,
    load_rule,
    load_rules,
)

FOLDER = Path(__file__).with_name("methods")
StreamCode = Literal["food", "garden", "paper", "wood"]
STREAMS: tuple[StreamCode, ...] = ("food", "garden", "paper", "wood")
ZoneCode = Literal["temperate_dry", "temperate_wet", "tropical_dry", "tropical_wet"]
Share = Annotated[float, Field(ge=0, le=1)]


class Factor(Rule):
    """One number of the method, with its unit, where it comes from and how well that is attested."""

    value: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    unit: str = Field(min_length=1)
    source: str
    confidence: Confidence
    note: Text | None = None


class Gwp(Rule):
    """One set of global warming potentials. Sets are never mixed."""

    code: str
    ch4: Factor
    n2o: Factor


class Phi(Rule):
    """Model correction for uncertainties, by humidity of the climate zone."""

    wet: Factor
    dry: Factor


class Landfilling(Rule):
    """What all routes with decay share."""

    phi: Phi
    methane_fraction: Factor
    docf: Factor
    molar_mass_ch4: Factor
    molar_mass_c: Factor


class Zone(Rule):
    name: Text
    humidity: Literal["wet", "dry"]


class Stream(Rule):
    """One waste class: degradable organic carbon of wet mass, and decay a year by climate zone."""

    name: Text
    doc: Factor
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


class Composting(Rule):
    """Composting's own emissions a tonne of wet mass composted, bulking agent included."""

    ch4: Factor
    n2o: Factor


class Method(Rule):
    """A whole method as one file holds it."""

    code: str = Field(pattern=r"^[a-z0-9_]+$")
    title: Text
    label: str
    valid_from: dt.date
    valid_to: dt.date | None = None
    summary: Text
    sources: dict[str, Source]
    gwp: Gwp
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

    @property
    def carbon_to_methane(self) -> float:
        """Tonnes of CH4 from a tonne of degradable carbon where all of the site is anaerobic: 16/12 · F · DOCf."""
        rules = self.landfilling
        ratio = rules.molar_mass_ch4.value / rules.molar_mass_c.value
        return ratio * rules.methane_fraction.value * rules.docf.value

    def factors(self) -> Iterator[tuple[str, Factor]]:
        """Every factor of the file by its dotted key, in the file's order."""
        yield from _factors("", self)


def _factors(prefix: str, rule: Rule) -> Iterator[tuple[str, Factor]]:
    for name in type(rule).model_fields:
        yield from _walk(f"{prefix}{name}", getattr(rule, name))


def _walk(key: str, value: object) -> Iterator[tuple[str, Factor]]:
    if isinstance(value, Factor):
        yield key, value
    elif isinstance(value, Rule):
        yield from _factors(f"{key}.", value)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _walk(f"{key}.{name}", item)


def check_method(path: Path, method: Method) -> Method:
    """Refuse what single keys cannot show: an unknown source, a missing zone or stream, a route that is neither."""
    for key, factor in method.factors():
        if factor.source not in method.sources:
            known = ", ".join(sorted(method.sources))
            raise RuleFileError(path, f"{key}.source", f"{factor.source!r} is not in sources; add it (known: {known})")
        if factor.unit == "1" and factor.value > 1 and not key.endswith("conservativeness"):
            raise RuleFileError(path, f"{key}.value", f"a share cannot be {factor.value}; write 0 to 1")
    for stream in STREAMS:
        if stream not in method.streams:
            raise RuleFileError(path, f"streams.{stream}", "this stream is required; add it with doc and k")
        for zone in method.zones:
            if zone not in method.streams[stream].k:
                raise RuleFileError(path, f"streams.{stream}.k.{zone}", "this zone has no decay rate; add it")
    for code, route in method.routes.items():
        if (route.decays is None) == (route.burns is None):
            raise RuleFileError(path, f"routes.{code}", "write either decays or burns")
    if method.code != path.stem:
        raise RuleFileError(path, "code", f"name the file {method.code}.yaml or write code: {path.stem}")
    if method.valid_to is not None and method.valid_to < method.valid_from:
        raise RuleFileError(path, "valid_to", f"{method.valid_to} is before valid_from {method.valid_from}")
    return method


def read_method(path: Path) -> Method:
    """Read and check one file."""
    return check_method(path, load_rule(path, Method))


@cache
def methods() -> dict[str, Method]:
    """All methods by code."""
    return {method.code: check_method(path, method) for path, method in load_rules(FOLDER, Method).items()}


def default_method(as_of: dt.date) -> Method:
    """The method in force on a day; the newest where several are. LookupError where none is."""
    newest_first = sorted(methods().values(), key=lambda m: m.valid_from, reverse=True)
    found = in_force(newest_first, as_of)
    if found is None:
        raise LookupError(f"no method of batches/impact/methods is valid on {as_of}")
    return found
