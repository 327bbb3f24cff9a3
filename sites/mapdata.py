"""What the map shows: sites and provinces with one measure over one period, out of a release's files. Pure.

Masses are tonnes as the release has them; None means that nothing verified (or, for methane, nothing estimated) stands
behind it, which is drawn as "no data" and never as zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Measure = Literal["diverted", "ch4"]
Period = Literal["month", "year", "total"]
MEASURES: tuple[Measure, ...] = ("diverted", "ch4")
PERIODS: tuple[Period, ...] = ("month", "year", "total")
FIGURE_OF: dict[Measure, str] = {"diverted": "diverted_t", "ch4": "ch4_avoided_t"}


@dataclass(frozen=True, slots=True)
class MapQuery:
    """What a reader asks the map for; empty filters mean all."""

    measure: Measure = "diverted"
    period: Period = "month"
    scenario: str = ""
    process: str = ""
    province: str = ""


@dataclass(frozen=True, slots=True)
class MapSite:
    """One site on the map: names, codes, public position (longitude, latitude) and its value in tonnes."""

    code: str
    name_zh: str
    name_en: str
    scenario: str
    process: str
    province: str
    city: str
    position: tuple[float, float] | None
    value: float | None


@dataclass(frozen=True, slots=True)
class MapProvince:
    """One province: number of sites that match the filters, how many have a value, and the sum in tonnes."""

    code: str
    name_zh: str
    name_en: str
    sites: int
    with_value: int
    value: float | None


def sites_of_release(
    figures: Mapping[str, Any], places: Mapping[str, Any], measure: Measure, period: Period
) -> list[MapSite]:
    """All sites of a release (``figures.json`` and ``sites.geojson``)."""
    positions = {}
    for feature in places.get("features", ()):
        geometry = feature.get("geometry")
        if geometry and geometry.get("type") == "Point":
            lon, lat = geometry["coordinates"][:2]
            positions[feature["properties"]["code"]] = (float(lon), float(lat))
    return [
        MapSite(
            code=site["code"],
            name_zh=site["name_zh"],
            name_en=site["name_en"],
            scenario=site["scenario"],
            process=site["process"],
            province=site.get("province") or "",
            city=site.get("city") or "",
            position=positions.get(site["code"]),
            value=value_of(site.get(period), measure),
        )
        for site in figures.get("sites", ())
    ]


def value_of(figure: Mapping[str, Any] | None, measure: Measure) -> float | None:
    """The measure of one figure block in tonnes; None where no site-month behind it is verified."""
    if not figure or not figure.get("sites_verified"):
        return None
    value = figure.get(FIGURE_OF[measure])
    return None if value is None else float(value)


def matching(sites: Iterable[MapSite], query: MapQuery) -> list[MapSite]:
    """The sites that pass the filters of a query."""
    return [
        site
        for site in sites
        if (not query.scenario or site.scenario == query.scenario)
        and (not query.process or site.process == query.process)
        and (not query.province or site.province == query.province)
    ]


def provinces_of(sites: Iterable[MapSite], names: Mapping[str, tuple[str, str]]) -> list[MapProvince]:
    """Sites summed by province, the largest first; ``names`` gives (Chinese, English) by code."""
    groups: dict[str, list[MapSite]] = {}
    for site in sites:
        if site.province:
            groups.setdefault(site.province, []).append(site)
    found = []
    for code, members in groups.items():
        values = [site.value for site in members if site.value is not None]
        name_zh, name_en = names.get(code, (code, code))
        found.append(MapProvince(code, name_zh, name_en, len(members), len(values), total(values)))
    return sorted(found, key=lambda province: (-(province.value or 0.0), province.code))


def total(values: Sequence[float]) -> float | None:
    """The sum of values; None where there are none."""
    return sum(values) if values else None
