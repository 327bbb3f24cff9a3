"""The marks of sites: which shape and colour a class has, and how large a mass is drawn. Pure.

A mark's area stands for the mass that the site diverted; shape and colour together for its scenario, or for its class
in another dimension (product quality, scale …). Sites close together are one mark: a ring divided among the colours.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from compostnet.shared.rules import Rule, Text, load_rule
from sites.classification import classification
from sites.mapdata import MapSite
from sites.mapdraw import Frame, clusters, radius_of
from sites.vocabulary import Shape, scenarios

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
SQUARE, TRIANGLE, DIAMOND = math.sqrt(math.pi), math.sqrt(math.pi / 1.75), math.sqrt(math.pi / 2)
"""Side of a square, reach of a triangle and of a diamond with the area of a circle of radius 1."""


class Look(Rule):
    """Colour and shape of a mark."""

    colour: Colour
    shape: Shape


class Sizes(Rule):
    """Radii of the smallest and largest mark, side of the cell, and the most marks; in units of the drawing."""

    smallest: float = Field(gt=0)
    largest: float = Field(gt=0)
    cell: float = Field(gt=0)
    most: int = Field(gt=0)


class MapStyle(Rule):
    """The shape of ``mapstyle.yaml``."""

    classes: tuple[Colour, Colour, Colour, Colour, Colour]
    below_zero: Colour
    empty: Colour
    sea: Colour
    line: Colour
    ink: Colour
    quiet: Colour
    paper: Colour
    mark_line: Colour
    unknown: Look
    looks: tuple[Look, ...]
    sizes: dict[str, Sizes]


@cache
def map_style() -> MapStyle:
    """The style, read once."""
    return load_rule(Path(__file__).with_name("mapstyle.yaml"), MapStyle)


@dataclass(frozen=True, slots=True)
class MarkClass:
    """One class that marks are coloured by: its code, its name, its look."""

    code: str
    name: Text
    look: Look


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark of the drawing: its middle and radius in pixels and the sites behind it."""

    x: float
    y: float
    radius: float
    sites: tuple[MapSite, ...]

    @property
    def mass(self) -> float | None:
        """The mass that its area stands for, in tonnes."""
        known = [site.mass for site in self.sites if site.mass is not None]
        return math.fsum(known) if known else None


def mark_classes(figures: Mapping[str, Any], dimension: str) -> tuple[MarkClass, ...]:
    """The classes of a dimension with their looks, in the order of the release (or of the vocabulary: scenarios)."""
    if dimension == "scenario":
        return tuple(
            MarkClass(code, item.name, Look(colour=item.colour, shape=item.shape)) for code, item in scenarios().items()
        )
    rows = ((figures.get("classes") or {}).get(dimension) or {}).get("classes", ())
    known = classification().dimensions.get(dimension)
    style = map_style()
    found = []
    for number, row in enumerate(rows):
        look = style.looks[number % len(style.looks)]
        own = known.classes.get(row["code"]) if known else None
        if own is not None and own.colour:
            look = Look(colour=own.colour, shape=look.shape)
        if known and known.classes and row["code"] == list(known.classes)[-1]:
            look = style.unknown  # the rest: untested, not stated
        found.append(MarkClass(row["code"], Text(zh=row["name_zh"], en=row["name_en"]), look))
    return tuple(found)


def look_of(code: str, classes: Mapping[str, Look]) -> Look:
    """The look of a class; that of the unknown where it is not among ``classes``."""
    return classes.get(code) or map_style().unknown


def place_marks(
    sites: Sequence[MapSite], frame: Frame, sizes: Sizes, unit: float, *, cell: float | None = None
) -> list[Mark]:
    """The marks that lie in a frame, the largest first, so that small ones lie on top."""
    placed = [site for site in sites if site.position is not None]
    if not placed:
        return []
    positions = np.array([site.position for site in placed], dtype=np.float64)
    x, y = frame.project(positions[:, 0], positions[:, 1])
    inside = np.flatnonzero(frame.has(x, y, sizes.largest))
    x, y = x[inside], y[inside]
    marks = []
    for group in clusters(x, y, cell or cell_of(x, y, sizes)):
        members = tuple(placed[int(inside[index])] for index in group)
        mark = Mark(float(x[group].mean()), float(y[group].mean()), 0.0, members)
        marks.append(Mark(mark.x, mark.y, radius_of(mark.mass, unit, sizes.smallest), members))
    return sorted(marks, key=lambda mark: (-mark.radius, mark.sites[0].code))


def cell_of(x: Any, y: Any, sizes: Sizes) -> float:
    """The cell that leaves no more marks than ``sizes.most``: wider for a very large network."""
    cell = sizes.cell
    while len({(math.floor(b / cell), math.floor(a / cell)) for a, b in zip(x.tolist(), y.tolist(), strict=True)}) > (
        sizes.most
    ):
        cell *= 1.25
    return cell


def unit_of(sites: Sequence[MapSite], peaks: Sequence[float], frame: Frame, sizes: Sizes) -> float:
    """Radius of one tonne: the largest mark that the whole frame ever shows gets ``sizes.largest``.

    ``peaks`` are the largest masses of any month, by site, so that a mark grows and shrinks with the months.
    """
    kept = [(site.position, peak) for site, peak in zip(sites, peaks, strict=True) if site.position is not None]
    if not kept:
        return 0.0
    positions = np.array([position for position, _ in kept], dtype=np.float64)
    x, y = frame.project(positions[:, 0], positions[:, 1])
    masses = [peak for _, peak in kept]
    largest = max(sum(masses[index] for index in group) for group in clusters(x, y, cell_of(x, y, sizes)))
    return sizes.largest / math.sqrt(largest) if largest > 0 else 0.0


def shares(mark: Mark, dimension: str, order: Sequence[str]) -> list[tuple[str, float]]:
    """How the sites of a mark divide among the classes, as parts of one, in the order of the legend."""
    counts = Counter(site.class_in(dimension) for site in mark.sites)
    codes = [code for code in order if code in counts] + sorted(set(counts) - set(order))
    return [(code, counts[code] / len(mark.sites)) for code in codes]


def corners(shape: Shape, x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """The corners of a square, triangle or diamond with the area of a circle of ``radius``; none for a circle."""
    if shape == "square":
        half = radius * SQUARE / 2
        return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    if shape == "triangle":
        r = radius * TRIANGLE
        return [(x, y - r), (x + r, y + 0.75 * r), (x - r, y + 0.75 * r)]
    if shape == "diamond":
        r = radius * DIAMOND
        return [(x, y - r), (x + r, y), (x, y + r), (x - r, y)]
    return []


def shape_of(look: Look, x: float, y: float, radius: float, more: str = 'class="map-mark"') -> str:
    """A mark as an SVG element."""
    fill = f'{more} fill="{look.colour}"'
    points = corners(look.shape, x, y, radius)
    if not points:
        return f'<circle {fill} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
    return f'<path {fill} d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in points)}z"/>'


def mark(scenario: str, x: float, y: float, radius: float) -> str:
    """The mark of a scenario as an SVG element: its shape and colour."""
    known = scenarios().get(scenario)
    look = Look(colour=known.colour, shape=known.shape) if known else map_style().unknown
    return shape_of(look, x, y, radius)


def escaped(text: str) -> str:
    """A text for an SVG file."""
    return html.escape(text, quote=True)
