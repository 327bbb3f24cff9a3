"""What the figures of a month rest on, as values: places, flags, verified masses and records. Pure.

Made from the database (`batches.selectors.figures`), or from what a release froze and the ledger as of its cut-off
(`batches.services.recompute`): the same inputs give the same bytes. Sites are in the order of their codes, arrays are
(T months, N sites), masses are whole milligrams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from batches.impact.accounts import CATEGORIES, MIXED, NOT_WASTE, UNCLASSED, Flags, Masses, Whole
from batches.impact.energy import ENERGY, PER_UNIT
from batches.impact.exact import added
from batches.impact.factors import Place
from batches.impact.methane import Ints
from batches.impact.method import STREAMS

KINDS = ("intake", "removal", "transfer", "harvest", "residue")
MEASURED = ("scale", "container", "volume", "estimate")
INTAKE, REMOVAL, TRANSFER, HARVEST, RESIDUE = range(len(KINDS))
SCALE, CONTAINER, VOLUME, ESTIMATE = range(len(MEASURED))
MIXTURE = "mixture"
PROVINCE, CITY = 1, 2
Bilingual = Mapping[str, str]


@dataclass(frozen=True)
class SiteFacts:
    """What is known of a site besides its records, as a release freezes it.

    ``position`` is the public one (longitude, latitude); ``quality`` what the laboratory said of its compost.
    ``closed_on`` empty: open.
    """

    code: str
    name_zh: str
    name_en: str
    region: str
    scenario: str
    process: str
    opened_on: str
    closed_on: str = ""
    zone: str = ""
    zone_because: Bilingual | None = None
    invented: bool = False
    detail: str = "entries"
    households: int | None = None
    area_m2: int | None = None
    run_by: str = ""
    community_mode: str = ""
    organisation_zh: str = ""
    organisation_en: str = ""
    position: Sequence[float] | None = None
    precision: str = ""
    quality: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RegionFacts:
    """A country (level 0), province (1) or city (2)."""

    code: str
    parent: str | None
    level: int
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class Rows:
    """The ledger summed by site, month, kind, material and way of measuring: arrays of one length R.

    ``site`` and ``month`` index the arrays of the inputs; ``kind``, ``measured`` and ``material`` index `KINDS`,
    `MEASURED` and ``materials``; ``mass`` in mg; ``entries`` counts the entries in it.
    """

    site: Ints
    month: Ints
    kind: Ints
    material: Ints
    measured: Ints
    mass: Whole
    entries: Whole
    materials: tuple[str, ...]

    def where(self, chosen: Flags) -> Rows:
        """The rows that are chosen."""
        return Rows(
            self.site[chosen],
            self.month[chosen],
            self.kind[chosen],
            self.material[chosen],
            self.measured[chosen],
            self.mass[chosen],
            self.entries[chosen],
            self.materials,
        )


@dataclass(frozen=True)
class Records:
    """What sites wrote down besides masses: arrays of one length, in the order of site, month and kind.

    ``kind`` indexes ``kinds``; ``value`` in the unit of the kind, as exact text.
    """

    site: Ints
    month: Ints
    kind: Ints
    value: tuple[str, ...]
    kinds: tuple[str, ...]


def no_records() -> Records:
    """Where nothing was written down."""
    nothing = np.zeros(0, dtype=np.intp)
    return Records(nothing, nothing, nothing, (), ())


@dataclass(frozen=True)
class Inputs:
    """Everything of the database that the document of a month rests on; the last month is the one asked.

    Rows and records are those of verified months. ``aerobic``: the month's diary shows aerobic operation.
    """

    month: int
    first: int
    sites: Sequence[SiteFacts]
    regions: Mapping[str, RegionFacts]
    expected: Flags
    reported: Flags
    verified: Flags
    rows: Rows
    records: Records = field(default_factory=no_records)
    aerobic: Flags | None = None

    @property
    def months(self) -> int:
        return self.month - self.first + 1

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """The line of regions of every region that a site lies in: its own, then its ancestors."""
        return {code: chain_of(code, self.regions) for code in sorted({site.region for site in self.sites})}

    @cached_property
    def groups(self) -> tuple[list[Place], Ints]:
        """The different places of sites (zone, line of regions, real or invented), and the place of every site."""
        places: dict[Place, int] = {}
        group = np.zeros(len(self.sites), dtype=np.intp)
        for n, site in enumerate(self.sites):
            place = Place(site.zone, self.chains[site.region], site.invented)
            group[n] = places.setdefault(place, len(places))
        return list(places), group

    def region_at(self, site: SiteFacts, level: int) -> str | None:
        """The code of the region of a level that a site lies in."""
        return next((code for code in self.chains[site.region] if self.regions[code].level == level), None)


def chain_of(code: str, regions: Mapping[str, RegionFacts]) -> tuple[str, ...]:
    """A region and its ancestors."""
    chain: list[str] = []
    at: str | None = code
    while at is not None and at not in chain:
        chain.append(at)
        at = regions[at].parent if at in regions else None
    return tuple(chain)


def category_of(material: Mapping[str, Any] | None, code: str, kind: int) -> int:
    """Which category of the accounts a material belongs to, as taken in, removed or left over."""
    if kind != INTAKE and code == MIXTURE:
        return MIXED
    if material is None or (material["is_waste"] and material["waste_class"] is None):
        return UNCLASSED
    return STREAMS.index(material["waste_class"]) if material["waste_class"] else NOT_WASTE


def make_masses(inputs: Inputs, materials: Mapping[str, Mapping[str, Any]]) -> Masses:
    """The rows as arrays of the accounts, by the classes of ``materials`` (code → is_waste, waste_class)."""
    rows, shape = inputs.rows, inputs.verified.shape
    cell = rows.month * shape[1] + rows.site
    codes = rows.materials

    def by_category(kind: int) -> Whole:
        here = rows.kind == kind
        table = np.array([category_of(materials.get(code), code, kind) for code in codes] or [0], dtype=np.intp)
        cells = shape[0] * shape[1]
        if here.all():
            return added(cell * CATEGORIES + table[rows.material], rows.mass, cells * CATEGORIES).reshape(*shape, -1)
        at = cell[here] * CATEGORIES + table[rows.material[here]]
        return added(at, rows.mass[here], cells * CATEGORIES).reshape(*shape, CATEGORIES)

    def whole(chosen: Flags) -> Whole:
        cells = shape[0] * shape[1]
        if chosen.all():
            return added(cell, rows.mass, cells).reshape(shape)
        return added(cell[chosen], rows.mass[chosen], cells).reshape(shape)

    intake = rows.kind == INTAKE
    return Masses(
        intake=by_category(INTAKE),
        removal=by_category(REMOVAL),
        harvest=whole(rows.kind == HARVEST),
        weighed=whole(intake & (rows.measured == SCALE)),
        counted=whole(intake & ((rows.measured == CONTAINER) | (rows.measured == VOLUME))),
        estimated=whole(intake & (rows.measured == ESTIMATE)),
        verified=inputs.verified,
        residue=by_category(RESIDUE) if (rows.kind == RESIDUE).any() else None,
        energy=_energy(inputs),
        aerobic=inputs.aerobic,
    )


def _energy(inputs: Inputs) -> Whole | None:
    """Energy (T, N, kinds) in millionths of its units; None where nobody wrote any down."""
    records, shape = inputs.records, inputs.verified.shape
    at = {kind: n for n, kind in enumerate(ENERGY)}
    place = np.array([at.get(kind, -1) for kind in records.kinds] or [-1], dtype=np.intp)[records.kind]
    here = np.flatnonzero(place >= 0)
    if not here.size:
        return None
    out = np.zeros((*shape, len(ENERGY)), dtype=np.int64)
    values = np.array([int(Decimal(records.value[n]) * PER_UNIT) for n in here.tolist()], dtype=np.int64)
    np.add.at(out, (records.month[here], records.site[here], place[here]), values)
    return out


def ranges_of(flags: Flags, first: int) -> dict[int, list[list[int]]]:
    """Flags (T, N) as ranges of months: index of a site → [[from, to], …], both included."""
    found: dict[int, list[list[int]]] = {}
    padded = np.zeros((flags.shape[0] + 2, flags.shape[1]), dtype=np.int8)
    padded[1:-1] = flags
    steps = np.diff(padded, axis=0).T
    starts, ends = np.argwhere(steps == 1), np.argwhere(steps == -1)
    for (n, start), (_, end) in zip(starts.tolist(), ends.tolist(), strict=True):
        found.setdefault(n, []).append([first + start, first + end - 1])
    return found


def flags_of(ranges: Mapping[int, Iterable[Sequence[int]]], first: int, shape: tuple[int, int]) -> Flags:
    """The opposite of `ranges_of`."""
    flags = np.zeros(shape, dtype=np.bool_)
    for n, parts in ranges.items():
        for start, end in parts:
            flags[start - first : end - first + 1, n] = True
    return flags
