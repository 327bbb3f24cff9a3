"""Geometry of the drawn map: projection, quantised SVG paths, class breaks, grid clusters. Pure, arrays in and out.

Areas must compare, so the projection is equal-area: Albers' conic (Snyder, *Map Projections: A Working Manual*, USGS
1987, p. 98, spherical form) with the parallels 25° and 47° for China, else at a sixth from the edges of what is shown;
its cylindrical limit (p. 76) where the parallels lie around the equator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

CHINA_BOX: Box = (73.4, 18.0, 135.2, 53.7)
CHINA_PARALLELS = (25.0, 47.0)
EDGE_STEPS = 24
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
"""What the bounds of classes may begin with."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A projection fitted into a drawing of ``width`` × ``height`` pixels (y downwards)."""

    centre: float
    parallels: tuple[float, float]
    scale: float
    left: float
    top: float
    width: int
    height: int

    def project(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Array, Array]:
        """Pixels of positions in degrees."""
        x, y = _albers(
            np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64), self.centre, self.parallels
        )
        return (x - self.left) * self.scale, (self.top - y) * self.scale

    def looking(self, lon: float, lat: float, zoom: float) -> Frame:
        """The same projection, doubled in size ``zoom`` times, with a position in the middle of the drawing."""
        x, y = _albers(np.array([lon]), np.array([lat]), self.centre, self.parallels)
        scale = self.scale * 2.0**zoom
        left, top = float(x[0]) - self.width / scale / 2, float(y[0]) + self.height / scale / 2
        return replace(self, scale=scale, left=left, top=top)

    def has(self, x: ArrayLike, y: ArrayLike, margin: float = 0.0) -> NDArray[np.bool_]:
        """Which pixels lie in the drawing, or at most ``margin`` outside."""
        across, down = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        inside = (across >= -margin) & (across <= self.width + margin)
        return np.asarray(inside & (down >= -margin) & (down <= self.height + margin))


def frame_for(box: Box, *, width: int = 1000, tallest: int = 900, shortest: int = 420, padding: int = 24) -> Frame:
    """The frame that shows a box of degrees as large as it fits into ``width``, at most ``tallest`` pixels high."""
    west, south, east, north = _widened(box)
    is_china = abs((west + east) / 2 - 104.3) < 1 and north - south > 30
    sixth = (north - south) / 6
    parallels = CHINA_PARALLELS if is_china else (south + sixth, north - sixth)
    centre = (west + east) / 2
    along, up = np.linspace(west, east, EDGE_STEPS), np.linspace(south, north, EDGE_STEPS)
    edge_lon = np.concatenate([along, along, np.full(EDGE_STEPS, west), np.full(EDGE_STEPS, east)])
    edge_lat = np.concatenate([np.full(EDGE_STEPS, south), np.full(EDGE_STEPS, north), up, up])
    x, y = _albers(edge_lon, edge_lat, centre, parallels)
    wide, high = float(np.ptp(x)), float(np.ptp(y))
    scale = min((width - 2 * padding) / wide, (tallest - 2 * padding) / high)
    height = max(shortest, math.ceil(high * scale) + 2 * padding)
    left = float(x.min()) - (width / scale - wide) / 2
    top = float(y.max()) + (height / scale - high) / 2
    return Frame(centre, parallels, scale, left, top, width, height)


def box_around(positions: Sequence[tuple[float, float]], *, smallest: float = 0.2) -> Box | None:
    """The box of positions, a tenth wider, at least ``smallest`` degrees high; None where there is none."""
    if not positions:
        return None
    points = np.array(positions, dtype=np.float64)
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    grow_x = max((east - west) * 0.1, (smallest - (east - west)) / 2, 0.0)
    grow_y = max((north - south) * 0.1, (smallest - (north - south)) / 2, 0.0)
    return (
        max(-180.0, float(west - grow_x)),
        max(-89.0, float(south - grow_y)),
        min(180.0, float(east + grow_x)),
        min(89.0, float(north + grow_y)),
    )


def path_of(polygons: Sequence[Any], frame: Frame) -> str:
    """SVG path data of polygons (rings of positions), in whole pixels relative to each other; empty if too small."""
    parts = []
    for polygon in polygons:
        for number, ring in enumerate(polygon):
            points = np.asarray(ring, dtype=np.float64)[:, :2]
            if number == 0 and not _reaches(points, frame):
                break
            drawn = _ring_path(points, frame, keep=number == 0)
            if drawn:
                parts.append(drawn)
    return "".join(parts)


def rings_of(polygons: Sequence[Any], frame: Frame) -> list[list[tuple[float, float]]]:
    """Rings of polygons in tenths of a pixel, without repeats; only polygons that reach into the drawing."""
    found = []
    for polygon in polygons:
        outer = True
        for ring in polygon:
            degrees = np.asarray(ring, dtype=np.float64)[:, :2]
            if outer and not _reaches(degrees, frame):
                break
            x, y = frame.project(degrees[:, 0], degrees[:, 1])
            points = np.round(np.stack([x, y], axis=1), 1)
            points = points[np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])]
            if len(points) >= 4 and float(np.ptp(points, axis=0).max()) > 0.6:
                found.append([(float(a), float(b)) for a, b in points.tolist()])
            outer = False
    return found


def line_of(points: Sequence[tuple[float, float]]) -> str:
    """SVG path data of an open line of pixels."""
    return "M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in points)


def _line(lon: ArrayLike, lat: ArrayLike, frame: Frame) -> list[tuple[float, float]]:
    x, y = frame.project(lon, lat)
    return [(round(float(a), 1), round(float(b), 1)) for a, b in zip(x, y, strict=True)]


def graticule(frame: Frame, box: Box) -> list[list[tuple[float, float]]]:
    """Meridians and parallels at a round distance across a box, in pixels, for a map without outlines."""
    west, south, east, north = _widened(box)
    step = next((s for s in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if (east - west) / s <= 8), 30)
    meridians = np.arange(math.floor(west / step), math.ceil(east / step) + 1) * step
    parallels = np.arange(math.floor(south / step), math.ceil(north / step) + 1) * step
    up, along = np.linspace(south - step, north + step, 9), np.linspace(west - step, east + step, 17)
    return [
        *(_line(np.full(len(up), lon), up, frame) for lon in meridians),
        *(_line(along, np.full(len(along), lat), frame) for lat in parallels),
    ]


def clusters(x: Array, y: Array, cell: float) -> list[list[int]]:
    """Indices of points that are drawn as one; every index once, in the order of their places.

    Points that share a cell of a grid of ``cell`` pixels make a group, and groups whose middles come nearer than a cell
    join, so that no two marks lie on each other. A group looks only at its neighbours: ten thousand points take well
    under a second. The live map does the same (``clusters.ts``), so that no mark jumps when it takes over.
    """
    groups: dict[int, list[int]] = {}
    cells: dict[tuple[int, int], list[int]] = {}
    for index, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        cells.setdefault((math.floor(b / cell), math.floor(a / cell)), []).append(index)
    middles: dict[int, tuple[float, float]] = {}
    near: dict[tuple[int, int], list[int]] = {}

    def settle(number: int, members: list[int]) -> None:
        groups[number] = members
        a = sum(float(x[index]) for index in members) / len(members)
        b = sum(float(y[index]) for index in members) / len(members)
        middles[number] = (a, b)
        near.setdefault((math.floor(b / cell), math.floor(a / cell)), []).append(number)

    for number, key in enumerate(sorted(cells)):
        settle(number, cells[key])
    waiting = sorted(groups)
    following = len(groups)
    while waiting:
        number = waiting.pop(0)
        if number not in groups:
            continue
        a, b = middles[number]
        row, column = math.floor(b / cell), math.floor(a / cell)
        neighbours = [
            (_squared(middles[number], middles[other]), other)
            for r in (row - 1, row, row + 1)
            for c in (column - 1, column, column + 1)
            for other in near.get((r, c), ())
            if other != number and other in groups
        ]
        closest = min(neighbours, default=None)
        if closest is None or closest[0] >= cell * cell:
            continue
        joined = sorted(groups.pop(number) + groups.pop(closest[1]))
        settle(following, joined)
        waiting.append(following)
        following += 1
    return sorted(groups.values(), key=lambda members: members[0])


def _squared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def radius_of(mass: float | None, unit: float, smallest: float) -> float:
    """The radius of a mark whose area stands for a mass: ``unit`` is that of one tonne; never below ``smallest``."""
    return max(smallest, unit * math.sqrt(mass)) if mass and mass > 0 else smallest


def round_sizes(largest: float) -> list[float]:
    """Three round masses for the legend of sizes, the largest not above ``largest``; fewer where it is tiny."""
    if largest <= 0:
        return []
    power = math.floor(math.log10(largest))
    top = max(step for step in (1, 2, 5) if float(f"{step}e{power}") <= largest * (1 + 1e-12))
    found = [float(f"{top}e{power}")]
    for share in (4, 20):
        below = [float(f"{step}e{power - back}") for back in (0, 1, 2, 3) for step in (5, 2, 1)]
        found.append(max(value for value in below if value <= found[0] / share * (1 + 1e-12)))
    return found


def class_breaks(values: Sequence[float], classes: int = 5) -> list[float]:
    """Upper bounds of at most ``classes`` classes with about equally many values, rounded up to two digits at most.

    Ascending, the last at least the largest value; empty without a positive value. A value belongs to the first class
    whose bound is not below it (`class_of`).
    """
    positive = sorted(value for value in values if value > 0)
    if not positive:
        return []
    bounds = {_round_up(positive[-1])}
    for number in range(1, classes):
        bounds.add(_round_up(positive[min(len(positive) - 1, len(positive) * number // classes)]))
    return sorted(bounds)[-classes:]


def class_of(value: float, breaks: Sequence[float]) -> int:
    """The class of a value: 0 for nothing or less, else 1 up to the number of breaks."""
    if value <= 0 or not breaks:
        return 0
    return 1 + next((number for number, bound in enumerate(breaks) if value <= bound), len(breaks) - 1)


def quantised(polygons: Sequence[Any], digits: int = 2) -> list[Any]:
    """Polygons with positions rounded to ``digits`` decimals of a degree, without repeats and without what vanishes."""
    kept = []
    for polygon in polygons:
        rings = []
        for ring in polygon:
            points = np.round(np.asarray(ring, dtype=np.float64)[:, :2], digits)
            points = points[np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])]
            if len(points) >= 4:
                rings.append([[round(a, digits), round(b, digits)] for a, b in points.tolist()])
            elif not rings:
                break
        if rings:
            kept.append(rings)
    return kept


def _reaches(ring: Array, frame: Frame) -> bool:
    """Whether the box around a ring touches the drawing."""
    x, y = frame.project(ring[:, 0], ring[:, 1])
    return bool(x.max() >= 0 and x.min() <= frame.width and y.max() >= 0 and y.min() <= frame.height)


def _ring_path(ring: Array, frame: Frame, *, keep: bool) -> str:
    """One closed ring as ``M x y l …z``; an outer ring that shrinks to a point stays as a pixel (an island)."""
    x, y = frame.project(ring[:, 0], ring[:, 1])
    points = np.stack([np.rint(x), np.rint(y)], axis=1).astype(np.int64)
    points = points[np.concatenate([[True], (np.diff(points, axis=0) != 0).any(axis=1)])]
    if len(points) < 4:
        return f"M{points[0][0]} {points[0][1]}h1v1h-1z" if keep else ""
    steps = np.diff(points[:-1], axis=0)
    return f"M{points[0][0]} {points[0][1]}l" + " ".join(f"{a} {b}" for a, b in steps.tolist()) + "z"


def _albers(lon: Array, lat: Array, centre: float, parallels: tuple[float, float]) -> tuple[Array, Array]:
    """Albers' equal-area conic on the unit sphere; Lambert's cylindrical where the cone becomes a cylinder."""
    first, second = (math.radians(parallel) for parallel in parallels)
    cone = (math.sin(first) + math.sin(second)) / 2
    east, phi = np.radians(lon - centre), np.radians(lat)
    if abs(cone) < 0.02:
        shrink = math.cos(first)
        return np.asarray(east * shrink), np.asarray(np.sin(phi) / shrink)
    constant = math.cos(first) ** 2 + 2 * cone * math.sin(first)
    rho = np.sqrt(np.maximum(constant - 2 * cone * np.sin(phi), 0)) / cone
    rho_0 = math.sqrt(max(constant - 2 * cone * math.sin((first + second) / 2), 0)) / cone
    return np.asarray(rho * np.sin(cone * east)), np.asarray(rho_0 - rho * np.cos(cone * east))


def _widened(box: Box) -> Box:
    """A box with some extent both ways, whatever was asked for."""
    west, south, east, north = box
    if east - west < 0.01:
        west, east = west - 0.05, east + 0.05
    if north - south < 0.01:
        south, north = south - 0.05, north + 0.05
    return west, max(south, -89.5), east, min(north, 89.5)


def _round_up(value: float) -> float:
    """The next number of `STEPS` × 10ⁿ that is not below a positive value."""
    power = math.floor(math.log10(value))
    for step in STEPS:
        bound = float(f"{step}e{power}")
        if value <= bound * (1 + 1e-12):
            return bound
    return float(f"1e{power + 1}")
