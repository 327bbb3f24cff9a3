"""What there is to read about regions and sites."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.gis.geos import Point, Polygon
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from compostnet.shared.months import first_day, last_day
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.climate import SiteClimate, Zoned, climate_rule, climates, zone_of
from sites.models import AuditRecord, Membership, PublicLocation, Region, Site
from sites.vocabulary import coarsened, vocabulary

KM_PER_DEGREE = 111.32


@dataclass(frozen=True, slots=True)
class Boundary:
    """A region's outline: polygons of rings of (longitude, latitude), and where it comes from."""

    code: str
    name_zh: str
    name_en: str
    parent: str | None
    polygons: Sequence[Any]
    source: str = ""


def site_with_code(code: str) -> Site:
    """The site with a code; Problem ``not_found``."""
    # A boundary is large, and whoever asks for one site by its code does not draw it.
    sites = Site.objects.select_related("organisation", "region__parent").defer(
        "region__boundary", "region__parent__boundary"
    )
    site = None if "\x00" in code else sites.filter(code=code).first()
    if site is None:
        raise Problem("not_found", what=Message("thing_site"))
    return site


def today_at(site: Site) -> dt.date:
    """The day that it is at a site, by its own clock."""
    return timezone.localdate(timezone=ZoneInfo(site.time_zone))


def active_sites(month: int) -> QuerySet[Site]:
    """The sites that were open on any day of a month: those that are expected to report it."""
    return Site.objects.filter(opened_on__lte=last_day(month)).filter(
        Q(closed_on__isnull=True) | Q(closed_on__gte=first_day(month))
    )


def sites_in(region_code: str) -> Q:
    """The condition that a site lies in a region, whatever its level."""
    return Q(region_id=region_code) | Q(region__parent_id=region_code) | Q(region__parent__parent_id=region_code)


def filtered_sites(
    *,
    scenario: str = "",
    process: str = "",
    region: str = "",
    box: tuple[float, float, float, float] | None = None,
) -> QuerySet[Site]:
    """Sites by scenario, process, region (any level) and box (west, south, east, north).

    The box is compared with the public place: with the true one, a row of small boxes would give it away.
    """
    found = Site.objects.select_related("organisation", "region__parent")
    found = found.defer("region__boundary", "region__parent__boundary")
    if scenario:
        found = found.filter(scenario=scenario)
    if process:
        found = found.filter(process=process)
    if region:
        found = found.filter(sites_in(region))
    if box:
        found = found.filter(pk__in=_shown_in(found, box))
    return found


MISSING: dict[str, Q] = {
    "position": Q(location__isnull=True),
    "climate": Q(climate_zone="", mean_temperature_c__isnull=True),
    "people": ~Exists(Membership.objects.filter(site=OuterRef("pk"), user__is_active=True)),
}
"""What a site may lack that its figures or its work need, by the name of the filter."""


def managed_sites(*, words: str = "", region: str = "", state: str = "", missing: str = "") -> QuerySet[Site]:
    """Sites for their administration, by words in code and name, region, state (open, closed) and what they lack."""
    found = filtered_sites(region=region)
    for word in words.split():
        found = found.filter(Q(code__icontains=word) | Q(name_zh__icontains=word) | Q(name_en__icontains=word))
    today = timezone.localdate()
    if state == "open":
        found = found.filter(Q(closed_on__isnull=True) | Q(closed_on__gte=today))
    elif state == "closed":
        found = found.filter(closed_on__lt=today)
    if missing in MISSING:
        found = found.filter(MISSING[missing])
    return found.annotate(has_people=~MISSING["people"]).order_by("code")


def public_point(site: Site) -> Point | None:
    """Where a site is shown in public: exactly, or moved to the middle of its cell of about 1 km."""
    if site.location is None or site.public_location == PublicLocation.EXACT:
        return site.location
    return Point(*coarsened(site.location.x, site.location.y), srid=4326)


def public_position(site: Site) -> tuple[float, float] | None:
    """`public_point` as longitude and latitude."""
    point = public_point(site)
    return None if point is None else (point.x, point.y)


def regions(*, country: str = "", parent: str = "", level: int | None = None) -> QuerySet[Region]:
    """Regions without their boundaries, by country, parent and level."""
    found = Region.objects.defer("boundary")
    if country:
        found = found.filter(country=country)
    if parent:
        found = found.filter(parent_id=parent)
    return found if level is None else found.filter(level=level)


def provinces(country: str = "", *, with_sites: bool = False) -> QuerySet[Region]:
    """The regions of the first level below a country, without their boundaries; those with sites only if wished."""
    found = Region.objects.filter(level=Region.Level.PROVINCE).defer("boundary")
    if country:
        found = found.filter(country=country)
    if with_sites:
        found = found.filter(
            Q(pk__in=Site.objects.order_by().values("region_id"))
            | Q(pk__in=Site.objects.order_by().values("region__parent_id"))
        )
    return found


def ancestors(region: Region) -> list[Region]:
    """A region's country, province, … down to itself."""
    line = [region]
    while line[0].parent is not None:
        line.insert(0, line[0].parent)
    return line


def zone_of_site(site: Site) -> Zoned:
    """The climate zone that applies to a site, and why."""
    own = SiteClimate(
        zone=site.climate_zone,
        reason=site.climate_reason,
        source=site.climate_source,
        mean_temperature_c=site.mean_temperature_c,
        precipitation_mm=site.precipitation_mm,
        evapotranspiration_mm=site.evapotranspiration_mm,
    )
    chain = [region.code for region in reversed(ancestors(site.region))]
    return zone_of(own, chain, climates(), climate_rule())


def province_of(region: Region) -> Region | None:
    """The province that a region is or lies in; None for a country. Looks no further up than that."""
    part: Region | None = region
    while part is not None and part.level > Region.Level.PROVINCE:
        part = part.parent
    return part if part is not None and part.level == Region.Level.PROVINCE else None


def region_at(point: Point) -> Region | None:
    """The most detailed region at a WGS-84 point; None where no boundary is near.

    The province comes first (its outline is the better one), then the city within it; a point a little outside all
    outlines (a coast drawn coarsely, an island) belongs to the nearest within ``location.region_tolerance_km``.
    """
    province = _at(point, Region.objects.filter(level=Region.Level.PROVINCE))
    if province is not None:
        return _at(point, Region.objects.filter(parent=province, level=Region.Level.CITY)) or province
    cities = Region.objects.filter(level=Region.Level.CITY, parent__boundary__isnull=True)
    return _at(point, cities) or _at(point, Region.objects.filter(level=Region.Level.COUNTRY))


def is_near(point: Point, region: Region, kilometres: float) -> bool:
    """Whether a point lies in a region's boundary or at most so far outside; True for a region without boundary."""
    if not Region.objects.filter(pk=region.pk, boundary__isnull=False).exists():
        return region.parent is None or is_near(point, region.parent, kilometres)
    return Region.objects.filter(pk=region.pk, boundary__intersects=_around(point, kilometres)).exists()


def _at(point: Point, regions: QuerySet[Region]) -> Region | None:
    """The region that a point lies in, else the nearest within the tolerance."""
    inside = regions.filter(boundary__intersects=point).defer("boundary").select_related("parent").first()
    if inside is not None:
        return inside
    around = _around(point, vocabulary().location.region_tolerance_km)
    near = regions.filter(boundary__intersects=around).select_related("parent")
    # Squeezed by the cosine of the latitude, so that degrees count the same in both directions.
    return min(near, key=lambda region: (_squeezed_distance(point, region), region.code), default=None)


def _squeezed_distance(point: Point, region: Region) -> float:
    squeeze = math.cos(math.radians(point.y))
    best = math.inf
    for polygon in region.boundary:
        ring = polygon[0].coords
        for (x1, y1), (x2, y2) in pairwise(ring):
            ax, ay = (x1 - point.x) * squeeze, y1 - point.y
            dx, dy = (x2 - x1) * squeeze, y2 - y1
            length = dx * dx + dy * dy
            along = 0.0 if not length else max(0.0, min(1.0, -(ax * dx + ay * dy) / length))
            best = min(best, math.hypot(ax + along * dx, ay + along * dy))
    return best


def _around(point: Point, kilometres: float) -> Polygon:
    """A ring of 24 corners around a point, as wide in kilometres to the east as to the north."""
    height = kilometres / KM_PER_DEGREE
    width = height / max(math.cos(math.radians(point.y)), 0.01)
    angles = [2 * math.pi * step / 24 for step in range(24)]
    ring = [(point.x + width * math.cos(a), point.y + height * math.sin(a)) for a in angles]
    return Polygon([*ring, ring[0]], srid=4326)


def _shown_in(sites: QuerySet[Site], box: tuple[float, float, float, float]) -> list[int]:
    """Keys of the sites whose public place lies in a box."""
    west, south, east, north = box
    margin = 2 * vocabulary().location.coarse_grid_km / KM_PER_DEGREE
    wider = margin / max(math.cos(math.radians(min(max(abs(south), abs(north)) + margin, 89.4))), 0.01)
    around = _box(west - wider, south - margin, east + wider, north + margin)
    keys = []
    for site in sites.filter(location__intersects=around):
        position = public_position(site)
        if position and west <= position[0] <= east and south <= position[1] <= north:
            keys.append(site.pk)
    return keys


def _box(west: float, south: float, east: float, north: float) -> Polygon:
    box = Polygon.from_bbox((west, south, east, north))
    box.srid = 4326
    return box


def region_labels(codes: Iterable[str]) -> dict[str, Region]:
    """Regions by code, without boundaries."""
    return {region.code: region for region in Region.objects.filter(pk__in=set(codes)).defer("boundary")}


def boundaries(country: str, level: int = Region.Level.PROVINCE) -> tuple[Boundary, ...]:
    """The outlines of one level of a country's regions, kept in memory until regions are imported again."""
    imported = AuditRecord.objects.filter(action="store_regions").values_list("pk", flat=True).first()
    return _boundaries(country, int(level), imported, Region.objects.filter(boundary__isnull=False).count())


@lru_cache(maxsize=8)
def _boundaries(country: str, level: int, _imported: int | None, _count: int) -> tuple[Boundary, ...]:
    regions = Region.objects.filter(country=country, level=level, boundary__isnull=False)
    return tuple(
        Boundary(region.code, region.name_zh, region.name_en, region.parent_id, region.boundary.coords, region.source)
        for region in regions
    )
