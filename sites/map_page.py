"""The map page put together: a release's figures, the boundaries of the database, the words of the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from compostnet.shared import releases
from compostnet.shared.charts import Drawing
from compostnet.shared.display import format_month
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import map_words
from sites.map_words import language, named
from sites.mapdata import (
    LEVELS,
    MEASURES,
    PERIODS,
    MapQuery,
    MapSite,
    MapView,
    camera_of,
    region_names,
    view_of,
)
from sites.mapdraw import class_breaks
from sites.mapmarks import MarkClass, map_style, mark_classes
from sites.mapplate import HOME_COUNTRY, Ground, box_of_view, country_of, legend_classes
from sites.mapsvg import Links, base_frame, draw_map, units_of
from sites.models import Region, Site
from sites.selectors import Boundary, boundaries, province_of, public_position, region_labels
from sites.vocabulary import processes, scenarios

DATA_VERSION = "1"
"""Raised when the shape of the map's data changes: what browsers keep for ever has another address then."""


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One class of the legend: its number and its bounds in words."""

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class MapPage:
    """Everything that the template shows."""

    query: MapQuery
    release: releases.Published | None
    view: MapView
    ground: Ground | None
    drawing: Drawing | None
    legend: list[LegendClass]
    below_zero: bool
    classes: tuple[MarkClass, ...]
    sites: list[MapSite]
    data: dict[str, Any]
    choices: dict[str, Any]

    @property
    def class_filters(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        """Filters by class: dimension, its name, its classes, the one chosen."""
        chosen = dict(self.query.classes)
        return [(code, name, classes, chosen.get(code, "")) for code, name, classes in self.choices["classes"]]

    @property
    def unplaced(self) -> int:
        """How many of the sites shown have no position."""
        return sum(site.position is None for site in self.sites)


def query_of(parameters: QueryDict) -> MapQuery:
    """The query of a page's address; what is unknown counts as not asked for, except a release that does not exist."""
    release = parameters.get("release", "")
    return MapQuery(
        measure=next((known for known in MEASURES if known == parameters.get("measure")), "diverted"),
        period=next((known for known in PERIODS if known == parameters.get("period")), "month"),
        scenario=_one_of(parameters.get("scenario", ""), scenarios()),
        process=_one_of(parameters.get("process", ""), processes()),
        province=parameters.get("province", "")[:20],
        month=parameters.get("month", "")[:7],
        level=next((known for known in LEVELS if known == parameters.get("level")), "province"),
        colour=parameters.get("colour", "")[:40] or "scenario",
        classes=tuple(
            sorted(
                (key.removeprefix("class_")[:40], value[:40])
                for key, value in parameters.items()
                if key.startswith("class_") and value
            )
        ),
        site=parameters.get("site", "")[:50],
        at=camera_of(parameters.get("at", "")[:60]),
        release=int(release[:9]) if release.isascii() and release.isdigit() else None,
    )


def release_of(query: MapQuery) -> releases.Published | None:
    """The release asked for, else the latest; Problem ``not_found`` for a number that was never published."""
    if query.release is None:
        return releases.latest(settings.RELEASES_DIR)
    found = releases.numbered(settings.RELEASES_DIR, query.release)
    if found is None:
        raise Problem("not_found", what=Message("thing_address"))
    return found


def documents(release: releases.Published | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures and places: of the release, else the sites of the database without figures."""
    return (release.figures, release.sites) if release is not None else _without_release()


def settled(query: MapQuery, figures: Mapping[str, Any]) -> MapQuery:
    """The query without what this release does not know: months, classes, regions, sites."""
    dimensions = figures.get("classes") or {}
    known_sites = {row["code"] for row in figures["sites"]} if query.site else set()
    months = set(figures.get("series_months", ()))
    own = figures["release"]["month"]
    return replace(
        query,
        province=query.province if any(query.province == row.get("province") for row in figures["sites"]) else "",
        month=query.month if query.month in months and query.month < own else "",
        colour=query.colour if query.colour in dimensions else "scenario",
        classes=tuple(
            (dimension, code)
            for dimension, code in query.classes
            if any(code == row["code"] for row in dimensions.get(dimension, {}).get("classes", ()))
        ),
        site=query.site if query.site in known_sites else "",
    )


def view_and_ground(query: MapQuery) -> tuple[releases.Published | None, dict[str, Any], MapView, Ground | None, str]:
    """Release, figures, view, ground and country of a query."""
    release = release_of(query)
    figures, places = documents(release)
    query = settled(query, figures)
    known = region_names(figures)
    missing = {row.get("province") or "" for row in figures["sites"]} - set(known) - {""}
    labels = (
        {code: (region.name_zh, region.name_en) for code, region in region_labels(missing).items()} if missing else {}
    )
    view = view_of(figures, places, query, labels)
    everything = [row.get("province") or "" for row in figures["sites"]]
    country = country_of_codes(everything)
    return release, figures, view, ground_for(view, country), country


def country_of_codes(provinces: Sequence[str]) -> str:
    """`country_of` by codes of provinces."""
    blank = MapSite("", "", "", "", "", "", "", None, None)
    return country_of([replace(blank, province=code) for code in provinces])


def ground_for(view: MapView, country: str) -> Ground | None:
    """What is drawn under the marks, from the boundaries of the database; None where there is nothing to draw."""
    lands = [outline(land) for land in boundaries(country)] if country else []
    positions = [site.position for site in view.sites if site.position is not None]
    if not lands and not positions:
        return None
    china = country == HOME_COUNTRY and bool(lands)
    box = box_of_view(view.query, lands, positions, china)
    if view.query.level == "province" or not lands:
        return Ground(box, lands, china=china)
    shown = {region.code for region in view.regions}
    province = view.query.province
    cities = [
        outline(land) for land in boundaries(country, 2) if land.code in shown or (province and land.parent == province)
    ]
    return Ground(box, cities, lands, china)


def outline(land: Boundary) -> dict[str, Any]:
    """A boundary as the pure modules take it."""
    return {
        "code": land.code,
        "name_zh": land.name_zh,
        "name_en": land.name_en,
        "source": land.source,
        "polygons": land.polygons,
    }


def map_page(query: MapQuery, *, embedded: bool = False) -> MapPage:
    """The map for a query, from its release; from the list of sites where nothing is published yet."""
    release, figures, view, ground, country = view_and_ground(query)
    query = view.query
    breaks = class_breaks(view.bounds_of)
    classes = mark_classes(figures, query.colour)
    drawing, data = None, {}
    if ground is not None:
        names = {row["code"]: _name(row) for row in (*ground.behind, *ground.lands)}
        drawing = draw_map(
            view=view,
            ground=ground,
            names=names,
            breaks=breaks,
            looks={item.code: item.look for item in classes},
            words=map_words.drawing_words(view, release, classes),
            links=links(query, embedded=embedded),
        )
        data = _data(view, ground, breaks, classes, release, country if ground.lands else "", embedded)
    return MapPage(
        query=query,
        release=release,
        view=view,
        ground=ground,
        drawing=drawing,
        legend=[
            LegendClass(number, label)
            for number, label in enumerate(legend_classes(breaks, query.measure, language()), start=1)
        ],
        below_zero=any(value < 0 for value in view.bounds_of),
        classes=classes,
        sites=sorted(view.sites, key=lambda site: (site.value is None, -(site.value or 0.0), site.code)),
        data=data,
        choices=_choices(figures),
    )


def address(name: str, query: MapQuery, **changes: Any) -> str:
    """The address of the map, its embedding or its picture, for a query with changes."""
    parameters = replace(query, **changes).parameters() if changes else query.parameters()
    return f"{reverse(name)}?{urlencode(parameters)}" if parameters else reverse(name)


def links(query: MapQuery, *, embedded: bool = False) -> Links:
    """Where marks and regions lead to; within an embedded map they stay in its frame but for a site's page."""
    name = "map_embed" if embedded else "map"

    def cluster(members: Sequence[MapSite]) -> str:
        lons = [site.position[0] for site in members if site.position]
        lats = [site.position[1] for site in members if site.position]
        box = (min(lons) - 0.001, min(lats) - 0.001, max(lons) + 0.001, max(lats) + 0.001)
        filters = {"scenario": query.scenario, "process": query.process, "bbox": ",".join(f"{v:.4f}" for v in box)}
        return f"{reverse('sites')}?{urlencode({k: v for k, v in filters.items() if v})}"

    def region(code: str) -> str:
        return address(name, query, province=code, at=None) if query.level == "province" else ""

    return Links(lambda code: f"{address(name, query, site=code)}#map-panel", cluster, region)


def _without_release() -> tuple[dict[str, Any], dict[str, Any]]:
    """The open sites of the database in the shape of a release without figures."""
    rows, features = [], []
    for site in Site.objects.filter(closed_on__isnull=True).select_related("region__parent__parent"):
        province, position = province_of(site.region), public_position(site)
        rows.append(
            {
                "code": site.code,
                "name_zh": site.name_zh,
                "name_en": site.name_en,
                "scenario": site.scenario,
                "process": site.process,
                "province": province.code if province else "",
                "city": site.region_id if site.region.level == Region.Level.CITY else "",
            }
        )
        geometry = {"type": "Point", "coordinates": list(position)} if position else None
        features.append({"properties": {"code": site.code}, "geometry": geometry})
    month = timezone.localdate().strftime("%Y-%m")
    return {"release": {"number": 0, "month": month}, "sites": rows}, {"features": features}


def _one_of(wish: str, known: Any) -> str:
    return wish if wish in known else ""


def _name(row: Mapping[str, Any]) -> str:
    first, second = row["name_zh"], row["name_en"]
    return (first or second) if language().startswith("zh") else (second or first)


def _choices(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What the filters offer, in the reader's language."""
    chinese = language().startswith("zh")
    dimensions = map_words.dimension_choices(figures)
    names = region_names(figures)
    codes = {row.get("province") or "" for row in figures["sites"]} - {""}
    lacking = region_labels(codes - set(names)) if codes - set(names) else {}
    provinces = [(code, _name({"name_zh": names[code][0], "name_en": names[code][1]})) for code in codes & set(names)]
    provinces += [(code, named(region)) for code, region in lacking.items()]
    return {
        "scenarios": [(code, item.name.in_language(language())) for code, item in scenarios().items()],
        "processes": [(code, item.name.in_language(language())) for code, item in processes().items()],
        "provinces": sorted(provinces, key=lambda pair: pair[0] if chinese else pair[1]),
        "dimensions": dimensions,
        "classes": [
            (code, name, [(item.code, item.name.in_language(language())) for item in mark_classes(figures, code)])
            for code, name in dimensions
            if code != "scenario"
        ],
    }


def _data(
    view: MapView,
    ground: Ground,
    breaks: Sequence[float],
    classes: Sequence[MarkClass],
    release: releases.Published | None,
    country: str,
    embedded: bool,
) -> dict[str, Any]:
    """What the script of the map needs, in the reader's language; the figures come from the release's own data."""
    query, frame, style = view.query, base_frame(ground), map_style()
    units = units_of(view, ground)
    outlines = reverse("api:regions_boundaries")
    return {
        "figures": f"{reverse('map_data', args=[release.number])}?v={DATA_VERSION}" if release else None,
        "outlines": f"{outlines}?country={country}" if country else None,
        "cities": f"{outlines}?country={country}&level=2" if country and query.level == "city" else None,
        "frame": {
            "centre": frame.centre,
            "parallels": frame.parallels,
            "scale": frame.scale,
            "left": frame.left,
            "top": frame.top,
            "width": frame.width,
            "height": frame.height,
        },
        "camera": [query.at.lon, query.at.lat, query.at.zoom] if query.at else None,
        "query": {
            "measure": query.measure,
            "period": query.period,
            "month": view.month,
            "level": query.level,
            "colour": query.colour,
            "scenario": query.scenario,
            "process": query.process,
            "province": query.province,
            "classes": dict(query.classes),
            "site": query.site,
        },
        "months": [
            [month, format_month(month, language()), map_words.period_label(query, release, month)]
            for month in view.months
        ],
        "lands": [row["code"] for row in ground.lands],
        "breaks": list(breaks),
        "sizes": {
            name: {
                "smallest": sizes.smallest,
                "largest": sizes.largest,
                "cell": sizes.cell,
                "most": sizes.most,
                "unit": units[name],
            }
            for name, sizes in style.sizes.items()
        },
        "looks": [
            [item.code, item.look.colour, item.look.shape, item.name.in_language(language())] for item in classes
        ],
        "unknown": [style.unknown.colour, style.unknown.shape],
        "chinese": language().startswith("zh"),
        "page": reverse("map_embed" if embedded else "map"),
        "words": map_words.script_words(query),
    }
