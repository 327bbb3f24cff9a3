"""What the explanation of a site's month is made of: lines of arithmetic, masses, routes, deposits. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batches.impact.method import StreamCode
from compostnet.shared.rules import Source, Text
from compostnet.shared.texts import Message

LineKind = Literal["input", "step", "result"]
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cited:
    """Where a number comes from: the title of the source, how well it is attested, and what is to be said of it."""

    source: Source
    confidence: str
    note: Text | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the arithmetic: sign, value and unit, how it was computed, and where it comes from.

    ``formula`` alternates signs and numbers as they are printed; ``kind``: what is put in, a step, or a result.
    """

    code: str
    symbol: str
    value: float
    unit: str
    kind: LineKind = "step"
    formula: tuple[str | float, ...] = ()
    cited: Cited | None = None

    @property
    def said(self) -> Message:
        """What the line is, in words."""
        return Message(f"explain_{self.code}")


@dataclass(frozen=True, slots=True)
class MassRow:
    """Verified mass of a month by kind, material and way of measuring: mg, and the number of entries in it."""

    kind: str
    material: str
    measured: str
    mass: int
    entries: int


@dataclass(frozen=True, slots=True)
class Part:
    """A route of the baseline mix of a year: share of the mass, and the share of its gas that is captured."""

    route: str
    share: float
    capture: float


@dataclass(frozen=True, slots=True)
class Deposit:
    """What one month's waste adds to a month's methane: t CH4."""

    month: int
    methane: float


@dataclass(frozen=True, slots=True)
class Stream:
    """A waste class in a month: what went in, what was taken out again, and what was diverted (t)."""

    code: StreamCode
    name: Text
    diverted: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class RouteSteps:
    """The arithmetic of one waste class on one route that decays, and which months' waste it rests on (t CH4).

    ``methane`` is this month's; ``forecast`` what this month's deposit will give off in all of the horizon.
    """

    stream: StreamCode
    route: str
    stream_name: Text
    route_name: Text
    lines: tuple[Line, ...]
    methane: float
    forecast: float
    deposits: tuple[Deposit, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together (what is burnt, composting, energy, residue, the net), and what cannot be charged."""

    code: str
    lines: tuple[Line, ...]
    notes: tuple[Message, ...] = ()

    @property
    def title(self) -> Message:
        """Its name."""
        return Message(f"explain_block_{self.code}")


@dataclass(frozen=True)
class SiteMonth:
    """Everything that a site's month rests on. ``results``: whole mg and µg by the names of the engine's accounts."""

    month: int
    verified: bool
    known: bool
    zone: str
    baseline: Json | None
    mix: tuple[Part, ...]
    masses: tuple[MassRow, ...]
    streams: tuple[Stream, ...]
    mass_lines: tuple[Line, ...]
    routes: tuple[RouteSteps, ...]
    residue: tuple[RouteSteps, ...]
    blocks: tuple[Block, ...]
    results: Mapping[str, int]
    net: float
    deposits: tuple[Deposit, ...]

    def stream(self, code: str) -> Stream | None:
        return next((stream for stream in self.streams if stream.code == code), None)

    def block(self, code: str) -> Block | None:
        return next((block for block in self.blocks if block.code == code), None)
