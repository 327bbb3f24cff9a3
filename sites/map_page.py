"""The map page put together: the release's figures, the boundaries of the database, the words of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from compostnet.shared import releases
from compostnet.shared.charts import Drawing
from compostnet.shared.display import NOTHING, MassUnit, format_mass, format_month
from sites.mapdata import (
    MEASURES,
    PERIODS,
    MapProvince,
    MapQuery,
    MapSite,
    matching,
    provinces_of,
    sites_of_release,
    total,
)
from sites.mapdraw import CHINA_BOX, Box, box_around, class_breaks, class_of
from sites.mapsvg import Links, Outline, Words, draw_map
from sites.models import Region, Site
from sites.selectors import Boundary, boundaries, province_of, public_position, region_labels
from sites.vocabulary import process_name, processes, scenario_name, scenarios

NAMED_IN_CLUSTER = 4
HOME_COUNTRY = "CN"


@dataclass(frozen=True, slots=True)
class LegendClass:
    """One class of the legend: its number (0 = nothing diverted) and its bounds in words."""

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class MapPage:
    """Everything that the template shows."""

    query: MapQuery
    release: releases.Published | None
    drawing: Drawing | None
    legend: list[LegendClass]
    sites: list[MapSite]
    provinces: list[MapProvince]
    total: float | None
    unplaced: int
    data: dict[str, Any]
    choices: dict[str, list[tuple[str, str]]]


def query_of(parameters: QueryDict) -> MapQuery:
    """The query of a page's address; what is unknown counts as not asked for."""
    measure, period = parameters.get("measure", ""), parameters.get("period", "")
    return MapQuery(
        measure=next((known for known in MEASURES if known == measure), "diverted"),
        period=next((known for known in PERIODS if known == period), "month"),
        scenario=_one_of(parameters.get("scenario", ""), scenarios()),
        process=_one_of(parameters.get("process", ""), processes()),
        province=parameters.get("province", "")[:20],
    )


def map_page(query: MapQuery) -> MapPage:
    """The map for a query, from the latest release; from the list of sites where nothing is published yet."""
    release = releases.latest(settings.RELEASES_DIR)
    if release is None:
        everything = sites_without_release()
    else:
        everything = sites_of_release(release.figures, release.sites, query.measure, query.period)
    regions = region_labels({site.province for site in everything if site.province})
    names = {code: (region.name_zh, region.name_en) for code, region in regions.items()}
    if release is not None:
        names |= {row["code"]: (row["name_zh"], row["name_en"]) for row in release.figures.get("provinces", ())}
    if query.province and query.province not in names:
        query = MapQuery(query.measure, query.period, query.scenario, query.process)
    shown = matching(everything, query)
    provinces = provinces_of(shown, names)
    breaks = class_breaks([province.value for province in provinces if province.value is not None])
    country = country_of(everything)
    lands = boundaries(country) if country else ()
    box = _box(query, country, lands, shown)
    by_code = {province.code: province for province in provinces}
    # Without outlines and positions there is nothing to draw; the table says all there is.
    drawable = bool(lands) or any(site.position for site in shown)
    drawing = (
        None
        if not drawable
        else draw_map(
            box=box,
            outlines=[Outline(land.code, named(land), land.polygons) for land in lands],
            provinces=by_code,
            breaks=breaks,
            sites=shown,
            words=_words(query, release, shown),
            links=_links(query),
        )
    )
    values = [site.value for site in shown if site.value is not None]
    ordered = sorted(shown, key=lambda site: (-(site.value or 0.0), site.code))
    return MapPage(
        query=query,
        release=release,
        drawing=drawing,
        legend=_legend(breaks),
        sites=ordered,
        provinces=provinces,
        total=total(values),
        unplaced=sum(site.position is None for site in shown),
        data=_data(query, ordered, by_code, breaks, box, country if lands else "") if drawable else {},
        choices=_choices(names),
    )


def sites_without_release() -> list[MapSite]:
    """The sites of the database, without figures, where no release has been published."""
    found = []
    for site in Site.objects.filter(closed_on__isnull=True).select_related("region__parent__parent"):
        province = province_of(site.region)
        found.append(
            MapSite(
                code=site.code,
                name_zh=site.name_zh,
                name_en=site.name_en,
                scenario=site.scenario,
                process=site.process,
                province=province.code if province else "",
                city=site.region_id if site.region.level == Region.Level.CITY else "",
                position=public_position(site),
                value=None,
            )
        )
    return found


def country_of(sites: Sequence[MapSite]) -> str:
    """The country whose provinces are drawn: China where any site lies there (or none at all), else the commonest."""
    countries = [site.province.split("-")[0] for site in sites if site.province]
    if HOME_COUNTRY in countries or not sites:
        return HOME_COUNTRY
    return max(sorted(set(countries)), key=countries.count, default="")


def named(thing: Any) -> str:
    """The name of anything with name_zh and name_en in the reader's language."""
    first, second = thing.name_zh, thing.name_en
    if not (get_language() or "zh").startswith("zh"):
        first, second = second, first
    return first or second


def amount(value: float | None, query: MapQuery, *, in_column: bool = False) -> str:
    """A value with its unit; a dash where there is none. In a column all have one unit: kg of methane, t of waste."""
    if value is None:
        return NOTHING
    methane = query.measure == "ch4"
    shown: MassUnit | None = ("kg" if methane else "t") if in_column else None
    text = format_mass(value, get_language() or "zh-hans", "t", shown)
    return f"{text} CH₄" if methane else text


def measure_label(query: MapQuery) -> str:
    """``Waste diverted`` or ``Methane avoided``."""
    return _("Methane avoided") if query.measure == "ch4" else _("Waste diverted")


def period_label(query: MapQuery, release: releases.Published | None) -> str:
    """The period in words, of the release's month."""
    if release is None:
        return ""
    month = format_month(release.month, get_language() or "zh-hans")
    if query.period == "month":
        return month
    if query.period == "year":
        return _("%(year)s up to %(month)s") % {"year": release.month[:4], "month": month}
    return _("from the start to %(month)s") % {"month": month}


def _one_of(wish: str, known: Any) -> str:
    return wish if wish in known else ""


def _box(query: MapQuery, country: str, lands: Sequence[Boundary], shown: Sequence[MapSite]) -> Box:
    wished = next((land for land in lands if land.code == query.province), None)
    if wished is not None:
        ring = [position[:2] for polygon in wished.polygons for position in polygon[0]]
        return box_around(ring) or CHINA_BOX
    if country == HOME_COUNTRY:
        return CHINA_BOX
    return box_around([site.position for site in shown if site.position]) or CHINA_BOX


def _words(query: MapQuery, release: releases.Published | None, shown: Sequence[MapSite]) -> Words:
    language = get_language() or "zh-hans"
    separator = "、" if language.startswith("zh") else ", "

    def site_words(site: MapSite) -> str:
        words = {
            "name": named(site),
            "scenario": scenario_name(site.scenario).in_language(language),
            "amount": amount(site.value, query),
        }
        if site.value is None:
            return _("%(name)s (%(scenario)s): no figure") % words
        return _("%(name)s (%(scenario)s): %(amount)s") % words

    def cluster_words(members: Sequence[MapSite]) -> str:
        names = separator.join(named(site) for site in members[:NAMED_IN_CLUSTER])
        text = ngettext("%(count)s site: %(names)s", "%(count)s sites: %(names)s", len(members))
        text %= {"count": len(members), "names": names}
        return text + "…" if len(members) > NAMED_IN_CLUSTER else text

    def province_words(name: str, province: MapProvince | None) -> str:
        if province is None:
            return _("%(name)s: no site") % {"name": name}
        count = ngettext("%(count)s site", "%(count)s sites", province.sites) % {"count": province.sites}
        if province.value is None:
            return _("%(name)s: %(sites)s, no figure") % {"name": name, "sites": count}
        return _("%(name)s: %(sites)s, %(amount)s") % {
            "name": name,
            "sites": count,
            "amount": amount(province.value, query),
        }

    count = ngettext("%(count)s site", "%(count)s sites", len(shown)) % {"count": len(shown)}
    if release is None:
        title, description = _("Map of the sites"), _("%(sites)s; nothing has been published yet.") % {"sites": count}
    else:
        title = f"{measure_label(query)}, {period_label(query, release)}"
        description = _("%(sites)s as marks, provinces shaded by the sum of their sites. A table follows the map.") % {
            "sites": count
        }
    return Words(title, description, site_words, cluster_words, province_words)


def _links(query: MapQuery) -> Links:
    map_address, sites_address = reverse("map"), reverse("sites")
    kept = {
        "measure": query.measure,
        "period": query.period,
        "scenario": query.scenario,
        "process": query.process,
    }

    def cluster(members: Sequence[MapSite]) -> str:
        lons = [site.position[0] for site in members if site.position]
        lats = [site.position[1] for site in members if site.position]
        box = (min(lons) - 0.001, min(lats) - 0.001, max(lons) + 0.001, max(lats) + 0.001)
        filters = {"scenario": query.scenario, "process": query.process, "bbox": ",".join(f"{v:.4f}" for v in box)}
        return f"{sites_address}?{urlencode({k: v for k, v in filters.items() if v})}"

    def province(code: str) -> str:
        return f"{map_address}?{urlencode({k: v for k, v in {**kept, 'province': code}.items() if v})}"

    return Links(lambda code: reverse("site", args=[code]), cluster, province)


def _legend(breaks: Sequence[float]) -> list[LegendClass]:
    classes, below = [], 0.0
    language = get_language() or "zh-hans"
    for number, bound in enumerate(breaks, start=1):
        high = format_mass(bound, language, "t")
        if number == 1:
            label = _("up to %(high)s") % {"high": high}
        else:
            label = f"{format_mass(below, language, 't')} – {high}"
        classes.append(LegendClass(number, label))
        below = bound
    return classes


def _choices(names: dict[str, tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    language = get_language() or "zh-hans"
    side = 0 if language.startswith("zh") else 1
    return {
        "scenarios": [(code, scenario.name.in_language(language)) for code, scenario in scenarios().items()],
        "processes": [(code, process.name.in_language(language)) for code, process in processes().items()],
        "provinces": sorted(
            ((code, pair[side] or pair[1 - side]) for code, pair in names.items()),
            key=lambda pair: pair[0] if side == 0 else pair[1],
        ),
    }


def _data(
    query: MapQuery,
    sites: Sequence[MapSite],
    provinces: dict[str, MapProvince],
    breaks: Sequence[float],
    box: Box,
    country: str,
) -> dict[str, Any]:
    """What the script of the map needs, in the reader's language."""
    language = get_language() or "zh-hans"
    return {
        "box": box,
        "boundaries": f"{reverse('api:regions_boundaries')}?country={country}" if country else None,
        "marks": {code: {"colour": scenario.colour, "shape": scenario.shape} for code, scenario in scenarios().items()},
        "provinces": {
            code: {
                "class": None if province.value is None else class_of(province.value, breaks),
                "words": amount(province.value, query),
            }
            for code, province in provinces.items()
        },
        "sites": [
            {
                "code": site.code,
                "name": named(site),
                "scenario": site.scenario,
                "scenario_name": scenario_name(site.scenario).in_language(language),
                "process_name": process_name(site.process).in_language(language),
                "amount": amount(site.value, query),
                "position": site.position,
                "address": reverse("site", args=[site.code]),
            }
            for site in sites
            if site.position is not None
        ],
        "words": {
            "measure": measure_label(query),
            "more": _("Page of this site"),
            "close": _("Close"),
            "choose": _("Find a site on the map"),
            "scenario": _("Scenario"),
            "process": _("Process"),
            "map": _("Interactive map; move with the arrow keys, zoom with plus and minus"),
            "zoom_in": _("Zoom in"),
            "zoom_out": _("Zoom out"),
        },
    }
