"""Positions between the three datums that people in China send: WGS-84, GCJ-02 and BD-09.

GPS, OpenStreetMap and this platform use WGS-84. Phones and maps in China answer in GCJ-02 (shifted by 50 to 800 m),
Baidu in BD-09 (shifted once more). The shift is a smooth function of the position, so it is undone by iteration to far
below a millimetre. Outside the outline of ``coordinates.yaml`` all three are the same and every function is the
identity. Hong Kong and Macau lie inside (somebody who says ``gcj02`` there reads a Chinese map), Taiwan outside. Within
about 1 km outside the outline an answer may be taken for a shifted position of the inside.

Every function takes longitude and latitude in degrees, as numbers or arrays of any one shape, and gives arrays of that
shape (0-dimensional for numbers). Formulas: the public reverse-engineered form of GCJ-02 on Krasovsky's ellipsoid.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from compostnet.shared.rules import Rule, Source, load_rule

Datum = Literal["wgs84", "gcj02", "bd09"]
DATUMS: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
Array = NDArray[np.float64]
Pair = tuple[Array, Array]

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_FACTOR = np.pi * 3000.0 / 180.0
_BD_LON, _BD_LAT = 0.0065, 0.006
_ITERATIONS = 12


class Outline(Rule):
    """The shape of ``coordinates.yaml``: one closed ring of (longitude, latitude)."""

    source: Source
    outline: tuple[tuple[float, float], ...]


@cache
def outline() -> Array:
    """The ring within which positions are shifted, shape (vertices, 2)."""
    return np.array(load_rule(Path(__file__).with_name("coordinates.yaml"), Outline).outline, dtype=np.float64)


def is_shifted(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Whether Chinese maps shift these WGS-84 positions (inside the outline, by ray casting)."""
    x, y = _arrays(lon, lat)
    inside = np.zeros(x.shape, dtype=np.bool_)
    ring = outline()
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        inside ^= crosses
    return inside


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 of WGS-84 positions."""
    x, y = _arrays(lon, lat)
    inside = is_shifted(x, y)
    _near, nx, ny = _near_china(x, y)
    dx, dy = _gcj_shift(nx, ny)
    return np.where(inside, x + dx, x), np.where(inside, y + dy, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 of GCJ-02 positions; the round trip is exact to well under a millimetre."""
    x, y = _arrays(lon, lat)
    near, gx, gy = _near_china(x, y)
    wx, wy = _undo_gcj(gx, gy)
    inside = near & is_shifted(wx, wy)
    return np.where(inside, wx, x), np.where(inside, wy, y)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 of WGS-84 positions."""
    x, y = _arrays(lon, lat)
    inside = is_shifted(x, y)
    _near, nx, ny = _near_china(x, y)
    dx, dy = _gcj_shift(nx, ny)
    bx, by = _bd_of_gcj(nx + dx, ny + dy)
    return np.where(inside, bx, x), np.where(inside, by, y)


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """WGS-84 of BD-09 positions."""
    x, y = _arrays(lon, lat)
    near, bx, by = _near_china(x, y)
    gx, gy = bx - _BD_LON, by - _BD_LAT
    for _ in range(_ITERATIONS):
        again_x, again_y = _bd_of_gcj(gx, gy)
        gx, gy = gx + bx - again_x, gy + by - again_y
    wx, wy = _undo_gcj(gx, gy)
    inside = near & is_shifted(wx, wy)
    return np.where(inside, wx, x), np.where(inside, wy, y)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """BD-09 of GCJ-02 positions."""
    return wgs84_to_bd09(*gcj02_to_wgs84(lon, lat))


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """GCJ-02 of BD-09 positions."""
    return wgs84_to_gcj02(*bd09_to_wgs84(lon, lat))


def to_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair:
    """WGS-84 of positions in ``datum``. KeyError for an unknown datum."""
    return {"wgs84": _arrays, "gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}[datum](lon, lat)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, datum: Datum) -> Pair:
    """Positions in ``datum`` of WGS-84 positions. KeyError for an unknown datum."""
    return {"wgs84": _arrays, "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}[datum](lon, lat)


def distance_m(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Array:
    """Great-circle distance in metres (sphere of 6,371,008.8 m; haversine)."""
    x1, y1 = (np.radians(value) for value in _arrays(lon1, lat1))
    x2, y2 = (np.radians(value) for value in _arrays(lon2, lat2))
    half = np.sin((y2 - y1) / 2) ** 2 + np.cos(y1) * np.cos(y2) * np.sin((x2 - x1) / 2) ** 2
    return np.asarray(2 * 6371008.8 * np.arcsin(np.sqrt(half)))


def _arrays(lon: ArrayLike, lat: ArrayLike) -> Pair:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    return x, y


def _near_china(lon: Array, lat: Array) -> tuple[NDArray[np.bool_], Array, Array]:
    """Which positions are anywhere near the outline; all others replaced by its middle, where iterations converge."""
    west, south = outline().min(axis=0) - 1.0
    east, north = outline().max(axis=0) + 1.0
    near = (west < lon) & (lon < east) & (south < lat) & (lat < north)
    return near, np.where(near, lon, (west + east) / 2), np.where(near, lat, (south + north) / 2)


def _undo_gcj(lon: Array, lat: Array) -> Pair:
    """WGS-84 of GCJ-02 wherever it is."""
    x, y = lon, lat
    for _ in range(_ITERATIONS):
        dx, dy = _gcj_shift(x, y)
        x, y = lon - dx, lat - dy
    return x, y


def _gcj_shift(lon: Array, lat: Array) -> Pair:
    """What GCJ-02 adds to WGS-84, degrees of longitude and latitude."""
    x, y = lon - 105.0, lat - 35.0
    root, wave = np.sqrt(np.abs(x)), 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    radians = np.radians(lat)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(radians) ** 2
    metres_north = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / (magic * np.sqrt(magic))
    metres_east = _SEMI_MAJOR_M / np.sqrt(magic) * np.cos(radians)
    return np.degrees(east / metres_east), np.degrees(north / metres_north)


def _bd_of_gcj(lon: Array, lat: Array) -> Pair:
    """BD-09 of GCJ-02 wherever it is."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_FACTOR)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_FACTOR)
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT
