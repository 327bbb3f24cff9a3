"""What the map shows: sites and regions with one measure over one period up to a month, out of a release's files. Pure.

Masses are tonnes as the release has them (net: tonnes of CO2e, may be negative); None means that nothing verified (or
nothing estimated) stands behind it, which is drawn as "no data" and never as zero. A month before the release's own
comes from its ``series``: it is what that release says of the month.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Measure = Literal["diverted", "ch4", "net"]
Period = Literal["month", "year", "total"]
Level = Literal["province", "city"]
MEASURES: tuple[Measure, ...] = ("diverted", "ch4", "net")
PERIODS: tuple[Period, ...] = ("month", "year", "total")
LEVELS: tuple[Level, ...] = ("province", "city")
FIGURE_OF: dict[Measure, str] = {"diverted": "diverted_t", "ch4": "ch4_avoided_t", "net": "net_co2e_t"}
MASS: Measure = "diverted"
"""What the size of a mark stands for, whatever the shading shows."""
DEEPEST = 8.0
"""How often the map may be doubled in size: some 256 times the whole."""
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the map looks: the middle in degrees and how often the whole frame is doubled in size."""

    lon: float
    lat: float
    zoom: float

    def text(self) -> str:
        """As an address has it: ``104.20,35.80,1.50``."""
        return f"{self.lon:.4f},{self.lat:.4f},{self.zoom:.2f}"


def camera_of(text: str) -> Camera | None:
    """A camera of an address; None for anything that is none."""
    try:
        lon, lat, zoom = (float(part) for part in text.split(","))
    except ValueError:
        return None
    if not all(math.isfinite(value) for value in (lon, lat, zoom)) or abs(lon) > 180 or abs(lat) > 89:
        return None
    return Camera(lon, lat, min(max(zoom, 0.0), DEEPEST))


@dataclass(frozen=True, slots=True)
class MapQuery:
    """What a reader asks the map for; empty filters mean all, an empty month the release's own.

    ``colour`` is the dimension that marks are coloured by; ``classes`` pairs of dimension and class.
    """

    measure: Measure = "diverted"
    period: Period = "month"
    scenario: str = ""
    process: str = ""
    province: str = ""
    month: str = ""
    level: Level = "province"
    colour: str = "scenario"
    classes: tuple[tuple[str, str], ...] = ()
    site: str = ""
    at: Camera | None = None
    release: int | None = None

    def parameters(self) -> dict[str, str]:
        """The query as an address has it, without what is the default anyway."""
        pairs = {
            "release": str(self.release or ""),
            "measure": "" if self.measure == "diverted" else self.measure,
            "period": "" if self.period == "month" else self.period,
            "month": self.month,
            "level": "" if self.level == "province" else self.level,
            "colour": "" if self.colour == "scenario" else self.colour,
            "scenario": self.scenario,
            "process": self.process,
            "province": self.province,
            **{f"class_{dimension}": code for dimension, code in self.classes},
            "site": self.site,
            "at": self.at.text() if self.at else "",
        }
        return {key: value for key, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class MapSite:
    """One site on the map: names, codes, public position (longitude, latitude), its value and its diverted mass in t.

    ``classes``: its class by dimension, as the release says.
    """

    code: str
    name_zh: str
    name_en: str
    scenario: str
    process: str
    province: str
    city: str
    position: tuple[float, float] | None
    value: float | None
    mass: float | None = None
    classes: Mapping[str, str] = field(default_factory=dict)

    def class_in(self, dimension: str) -> str:
        """Its class in one dimension; empty where the release does not say."""
        own = {"scenario": self.scenario, "process": self.process}
        return own.get(dimension) or self.classes.get(dimension, "")


@dataclass(frozen=True, slots=True)
class MapRegion:
    """A province or city: number of sites that match the filters, how many have a value, and the sum in tonnes."""

    code: str
    name_zh: str
    name_en: str
    sites: int
    with_value: int
    value: float | None


@dataclass(frozen=True, slots=True)
class MapView:
    """The map of one query. ``peaks`` are the largest masses of any month, by shown site: they fix the sizes of marks.

    ``bounds_of`` are the values of the regions in every month that can be chosen: one legend holds for all of them.
    """

    query: MapQuery
    month: str
    months: tuple[str, ...]
    sites: tuple[MapSite, ...]
    regions: tuple[MapRegion, ...]
    bounds_of: tuple[float, ...]
    peaks: tuple[float, ...]

    @property
    def total(self) -> float | None:
        """The sum over the sites shown."""
        return total([site.value for site in self.sites if site.value is not None])


def months_of(figures: Mapping[str, Any]) -> tuple[str, ...]:
    """The months that a release can show, ascending; its own alone where it has no series."""
    own = str(figures["release"]["month"])
    known = [str(month) for month in figures.get("series_months", ()) if str(month) <= own]
    return tuple(sorted({*known, own}))


def positions_of(places: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Public positions by site code, from ``sites.geojson``."""
    positions = {}
    for feature in places.get("features", ()):
        geometry = feature.get("geometry")
        if geometry and geometry.get("type") == "Point":
            lon, lat = geometry["coordinates"][:2]
            positions[str(feature["properties"]["code"])] = (float(lon), float(lat))
    return positions


def view_of(
    figures: Mapping[str, Any],
    places: Mapping[str, Any],
    query: MapQuery,
    names: Mapping[str, tuple[str, str]] | None = None,
) -> MapView:
    """The map of a release for a query. ``names``: (Chinese, English) of regions that the release does not name."""
    months = months_of(figures)
    own = str(figures["release"]["month"])
    month = query.month if query.month in months else own
    at = months.index(month)
    positions = positions_of(places)
    rows = [row for row in figures.get("sites", ()) if _passes(row, query)]
    values = _spans(rows, figures, months, query.measure, query.period)
    masses = values if query.measure == MASS else _spans(rows, figures, months, MASS, query.period)
    sites = [
        MapSite(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            scenario=row["scenario"],
            process=row["process"],
            province=row.get("province") or "",
            city=row.get("city") or "",
            position=positions.get(row["code"]),
            value=_known(values[number, at]),
            mass=_known(masses[number, at]),
            classes={dimension: found["code"] for dimension, found in (row.get("classes") or {}).items()},
        )
        for number, row in enumerate(rows)
    ]
    level_names = {**(names or {}), **region_names(figures)}
    peaks = np.nanmax(np.where(np.isnan(masses), 0.0, masses), axis=1) if len(rows) else np.zeros(0)
    return MapView(
        query=query,
        month=month,
        months=months,
        sites=tuple(sites),
        regions=tuple(regions_of(sites, level_names, query.level)),
        bounds_of=_sums_of_regions(sites, values, query.level),
        peaks=tuple(float(peak) for peak in peaks),
    )


def region_names(figures: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Names (Chinese, English) of the provinces and cities that a release names."""
    return {
        row["code"]: (row["name_zh"], row["name_en"])
        for level in ("provinces", "cities")
        for row in figures.get(level, ())
    }


def value_of(figure: Mapping[str, Any] | None, measure: Measure) -> float | None:
    """The measure of one figure block in tonnes; None where the release knows none.

    What was diverted counts only where a site-month behind it is verified. Methane and net stand as the release has
    them: waste of earlier months goes on avoiding methane in a month that is not verified yet, and that is counted.
    """
    if not figure or (measure == MASS and not figure.get("sites_verified")):
        return None
    value = figure.get(FIGURE_OF[measure])
    return None if value is None else float(value)


def regions_of(
    sites: Iterable[MapSite], names: Mapping[str, tuple[str, str]], level: Level = "province"
) -> list[MapRegion]:
    """Sites summed by province or city, the largest first; ``names`` gives (Chinese, English) by code."""
    groups: dict[str, list[MapSite]] = {}
    for site in sites:
        code = site.province if level == "province" else site.city
        if code:
            groups.setdefault(code, []).append(site)
    found = []
    for code, members in groups.items():
        values = [site.value for site in members if site.value is not None]
        name_zh, name_en = names.get(code, (code, code))
        found.append(MapRegion(code, name_zh, name_en, len(members), len(values), total(values)))
    return sorted(found, key=lambda region: (region.value is None, -(region.value or 0.0), region.code))


def total(values: Sequence[float]) -> float | None:
    """The sum of values; None where there are none."""
    return math.fsum(values) if values else None


# --- months -----------------------------------------------------------------------------------------------------------


def spans(monthly: Values, months: Sequence[str], period: Period) -> Values:
    """Values by month (rows: sites; NaN = not known) as sums over the period that ends with each month.

    A year begins in January. A sum leaves out what is not known; it is NaN where nothing in it is known.
    """
    if period == "month" or not monthly.size:
        return monthly
    summed = np.empty_like(monthly)
    start = 0
    for number, month in enumerate(months):
        if period == "year" and number and month[:4] != months[number - 1][:4]:
            start = number
        part = monthly[:, start : number + 1]
        known = ~np.isnan(part)
        summed[:, number] = np.where(known.any(axis=1), np.where(known, part, 0.0).sum(axis=1), np.nan)
    return summed


def _spans(
    rows: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any],
    months: tuple[str, ...],
    measure: Measure,
    period: Period,
) -> Values:
    """Sites × months: the measure over the period; the release's own month as its figures say it, digit by digit."""
    key, axis = FIGURE_OF[measure], [str(month) for month in figures.get("series_months", ())]
    place = {month: number for number, month in enumerate(months)}
    monthly = np.full((len(rows), len(months)), np.nan)
    columns = [(number, place[month]) for number, month in enumerate(axis) if month in place]
    for number, row in enumerate(rows):
        track = (row.get("series") or {}).get(key) or ()
        for source, target in columns:
            if source < len(track) and track[source] is not None:
                monthly[number, target] = track[source]
    summed = spans(monthly, months, period)
    own = place[str(figures["release"]["month"])]
    for number, row in enumerate(rows):
        value = value_of(row.get(period), measure)
        summed[number, own] = np.nan if value is None else value
    return summed


def _sums_of_regions(sites: Sequence[MapSite], values: Values, level: Level) -> tuple[float, ...]:
    """The value of every region in every month, without what is not known."""
    groups: dict[str, list[int]] = {}
    for number, site in enumerate(sites):
        code = site.province if level == "province" else site.city
        if code:
            groups.setdefault(code, []).append(number)
    found: list[float] = []
    for members in groups.values():
        part = values[members]
        known = ~np.isnan(part)
        sums = np.where(known, part, 0.0).sum(axis=0)
        found += [float(value) for value in sums[known.any(axis=0)]]
    return tuple(found)


def _passes(row: Mapping[str, Any], query: MapQuery) -> bool:
    classes = row.get("classes") or {}
    return (
        (not query.scenario or row["scenario"] == query.scenario)
        and (not query.process or row["process"] == query.process)
        and (not query.province or (row.get("province") or "") == query.province)
        and all(
            (row.get(dimension) if dimension in ("scenario", "process") else (classes.get(dimension) or {}).get("code"))
            == code
            for dimension, code in query.classes
        )
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
