"""The API of places: sites and regions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import ConfigDict, Field, FiniteFloat

from compostnet.shared.paging import Page, PageQuery, paginate
from compostnet.shared.problems import Problem
from sites import selectors, services
from sites.auth import actor, signed_in
from sites.mapdraw import quantised
from sites.models import PublicDetail, PublicLocation, Region, Site

router = Router()
CodePath = Annotated[str, Path(max_length=60, description="code of the site")]
Longitude = Annotated[FiniteFloat, Field(description="degrees east, in `datum`")]
Latitude = Annotated[FiniteFloat, Field(description="degrees north, in `datum`")]
Count = Annotated[int, Field(ge=0, le=services.LARGEST_COUNT)]
DatumCode = Literal["wgs84", "gcj02", "bd09"]
BOUNDARY_DIGITS = 2
BOUNDARIES_KEPT_S = 3600


class RegionOut(Schema):
    """A country (level 0), province (1) or city (2)."""

    code: str
    level: int
    parent: str | None
    country: str
    official_code: str = Field(description="GB/T 2260 in China")
    name_zh: str
    name_en: str
    centre: tuple[float, float] | None = Field(description="longitude, latitude (WGS-84)")
    source: str

    @staticmethod
    def resolve_parent(region: Region) -> str | None:
        return region.parent_id

    @staticmethod
    def resolve_centre(region: Region) -> tuple[float, float] | None:
        return (round(region.centre.x, 4), round(region.centre.y, 4)) if region.centre else None


class SiteOut(Schema):
    """What the public may know of a site."""

    code: str
    name_zh: str
    name_en: str
    scenario: str
    process: str
    organisation: str | None
    organisation_zh: str
    organisation_en: str
    region: str
    region_zh: str
    region_en: str
    province: str | None
    position: tuple[float, float] | None = Field(description="longitude, latitude (WGS-84), as exact as `precision`")
    precision: PublicLocation
    opened_on: dt.date
    closed_on: dt.date | None
    area_m2: int | None
    households: int | None
    community_mode: str = Field(description="class of the classification that its people chose; may be empty")
    run_by: str = Field(description="class of the classification that its people chose; may be empty")
    public_detail: PublicDetail
    climate_zone: str = Field(description="set by hand; empty: it follows from the normals")
    climate_reason: str
    climate_source: str
    mean_temperature_c: float | None
    precipitation_mm: float | None
    evapotranspiration_mm: float | None
    is_invented: bool

    @staticmethod
    def resolve_organisation(site: Site) -> str | None:
        return site.organisation.code if site.organisation else None

    @staticmethod
    def resolve_organisation_zh(site: Site) -> str:
        return site.organisation.name_zh if site.organisation else ""

    @staticmethod
    def resolve_organisation_en(site: Site) -> str:
        return site.organisation.name_en if site.organisation else ""

    @staticmethod
    def resolve_region(site: Site) -> str:
        return site.region_id

    @staticmethod
    def resolve_region_zh(site: Site) -> str:
        return site.region.name_zh

    @staticmethod
    def resolve_region_en(site: Site) -> str:
        return site.region.name_en

    @staticmethod
    def resolve_province(site: Site) -> str | None:
        province = selectors.province_of(site.region)
        return province.code if province else None

    @staticmethod
    def resolve_position(site: Site) -> tuple[float, float] | None:
        return selectors.public_position(site)

    @staticmethod
    def resolve_precision(site: Site) -> str:
        return site.public_location


class SiteQuery(PageQuery):
    """Filters of the list of sites."""

    scenario: str = Field("", max_length=40)
    process: str = Field("", max_length=40)
    province: str = Field("", max_length=20, description="code of a region of any level")
    bbox: str = Field("", max_length=120, description="west,south,east,north in degrees, of the public positions")


class _SiteFields(Schema):
    """What a site may be told; everything is checked together and every fault is named."""

    model_config = ConfigDict(extra="forbid")

    longitude: Longitude | None = None
    latitude: Latitude | None = None
    datum: DatumCode = "wgs84"
    region: str | None = Field(None, max_length=20, description="found from the position where it is left out")
    organisation: str | None = Field(None, max_length=60, description="code")
    closed_on: dt.date | None = None
    area_m2: Count | None = None
    households: Count | None = None
    climate_zone: str = Field("", max_length=30, description="set by hand, with its reason")
    climate_reason: str = Field("", max_length=300)
    climate_source: str = Field("", max_length=300, description="of the normals, or of the zone")
    mean_temperature_c: FiniteFloat | None = Field(None, description="°C, normal of the year")
    precipitation_mm: FiniteFloat | None = Field(None, description="mm a year, normal")
    evapotranspiration_mm: FiniteFloat | None = Field(None, description="mm a year, potential, normal")
    community_mode: str = Field("", max_length=40, description="code of a class of the classification")
    run_by: str = Field("", max_length=40, description="code of a class of the classification")
    public_detail: PublicDetail = Field(PublicDetail.ENTRIES, description="how much of the ledger anyone may read")


class SiteIn(_SiteFields):
    """A new site."""

    code: str = Field(max_length=60)
    name_zh: str = Field("", max_length=200)
    name_en: str = Field("", max_length=200)
    scenario: str = Field(max_length=40)
    process: str = Field(max_length=40)
    opened_on: dt.date
    public_location: PublicLocation = PublicLocation.COARSE
    address: str = Field("", max_length=300, description="never shown in public")
    time_zone: str = Field("Asia/Shanghai", max_length=60)


class SiteChange(_SiteFields):
    """Changes of a site; what is left out stays as it is."""

    name_zh: str = Field("", max_length=200)
    name_en: str = Field("", max_length=200)
    scenario: str = Field("", max_length=40)
    process: str = Field("", max_length=40)
    opened_on: dt.date = dt.date(1900, 1, 1)
    public_location: PublicLocation = PublicLocation.COARSE
    address: str = Field("", max_length=300)
    time_zone: str = Field("Asia/Shanghai", max_length=60)


class BoundaryFeature(Schema):
    type: Literal["Feature"]
    id: str
    properties: dict[str, Any]
    geometry: dict[str, Any]


class Boundaries(Schema):
    """GeoJSON FeatureCollection of outlines, generalised to 0.01 degree."""

    type: Literal["FeatureCollection"]
    features: list[BoundaryFeature]


@router.get("/sites", auth=None, response=Page[SiteOut], operation_id="list_sites", summary="Sites, in public")
def list_sites(request: HttpRequest, query: Query[SiteQuery]) -> dict[str, Any]:
    """Sites by code, with filters. Positions are public ones: exact or coarsened, as each site wishes."""
    found = selectors.filtered_sites(
        scenario=query.scenario, process=query.process, region=query.province, box=box_of(query.bbox)
    )
    rows, after = paginate(found, order=("code",), cursor=query.cursor, limit=query.limit)
    return {"items": rows, "next": after}


@router.get("/sites/{code}", auth=None, response=SiteOut, operation_id="get_site", summary="One site, in public")
def get_site(request: HttpRequest, code: CodePath) -> Site:
    """What the public may know of one site."""
    return selectors.site_with_code(code)


@router.post(
    "/sites", auth=signed_in("desk"), response={201: SiteOut}, operation_id="create_site", summary="Create a site"
)
def post_site(request: HttpRequest, site: SiteIn) -> Status[Site]:
    """Create a site. The position is stored as WGS-84, whatever datum it comes in."""
    return Status(201, services.create_site(actor=actor(request), **site.dict()))


@router.patch(
    "/sites/{code}",
    auth=signed_in("desk"),
    response=SiteOut,
    operation_id="update_site",
    summary="Change a site's details",
)
def patch_site(request: HttpRequest, code: CodePath, change: SiteChange) -> Site:
    """Change what is sent; the rest stays."""
    site = selectors.site_with_code(code)
    return services.update_site(actor=actor(request), site=site, **change.dict(exclude_unset=True))


@router.get(
    "/regions", auth=None, response=Page[RegionOut], operation_id="list_regions", summary="Countries, provinces, cities"
)
def list_regions(
    request: HttpRequest,
    page: Query[PageQuery],
    country: str = Query("", max_length=2),
    parent: str = Query("", max_length=20),
    level: int | None = Query(None, ge=0, le=2),
) -> dict[str, Any]:
    """Regions by code; by country, parent or level."""
    found = selectors.regions(country=country, parent=parent, level=level)
    rows, after = paginate(found, order=("code",), cursor=page.cursor, limit=page.limit)
    return {"items": rows, "next": after}


@router.get(
    "/regions/boundaries",
    auth=None,
    response=Boundaries,
    operation_id="region_boundaries",
    summary="Outlines as GeoJSON",
    url_name="regions_boundaries",
)
def region_boundaries(
    request: HttpRequest, country: str = Query("CN", max_length=2), level: int = Query(1, ge=1, le=2)
) -> HttpResponse:
    """The outlines of a country's provinces (level 1) or cities (2), generalised for maps."""
    features = [
        {
            "type": "Feature",
            "id": land.code,
            "properties": {"code": land.code, "name_zh": land.name_zh, "name_en": land.name_en, "parent": land.parent},
            "geometry": {"type": "MultiPolygon", "coordinates": quantised(land.polygons, BOUNDARY_DIGITS)},
        }
        for land in selectors.boundaries(country, level)
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={BOUNDARIES_KEPT_S}"}
    return HttpResponse(body, content_type="application/json", headers=headers)


def box_of(text: str) -> tuple[float, float, float, float] | None:
    """``west,south,east,north`` as numbers; None for an empty text, Problem ``bbox_unusable`` for anything else."""
    if not text.strip():
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise Problem("bbox_unusable") from error
    fits = all(math.isfinite(value) for value in (west, south, east, north))
    if not fits or not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem("bbox_unusable")
    return west, south, east, north
