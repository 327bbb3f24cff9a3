"""Every change of sites and regions."""

from __future__ import annotations

import datetime as dt
import json
import re
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.contrib.gis.geos import GEOSGeometry, MultiPolygon, Point
from django.db import transaction

from compostnet.shared.coordinates import DATUMS, to_wgs84
from compostnet.shared.problems import Fault, Problem
from compostnet.shared.texts import Message
from sites import audit
from sites.classification import choices
from sites.models import Organisation, PublicDetail, PublicLocation, Region, Site
from sites.permissions import Actor, require
from sites.regions import RegionRow
from sites.selectors import ancestors, is_near, region_at
from sites.vocabulary import climate_zones, processes, scenarios, vocabulary

SITE_CODE = re.compile(r"^[a-z0-9][a-z0-9-]{0,59}$")
LENGTHS = {"name_zh": 200, "name_en": 200, "address": 300, "climate_zone": 30}
LENGTHS |= {"climate_source": 300, "climate_reason": 300}
NORMALS = {"mean_temperature_c": (-60, 60), "precipitation_mm": (0, 20_000), "evapotranspiration_mm": (1, 10_000)}
"""Normals of a year in °C, mm and mm, and what is possible on Earth."""
CHOSEN = ("community_mode", "run_by")
"""Dimensions of the classification in which people choose a site's class."""
LARGEST_COUNT = 2_147_483_647
PLACE_FIELDS = ("longitude", "latitude", "datum", "region")
PLAIN_FIELDS = (
    *("name_zh", "name_en", "scenario", "process", "public_location", "address", "time_zone", "opened_on"),
    *("closed_on", "area_m2", "households", "climate_zone", "climate_source", "climate_reason"),
    *NORMALS,
    *CHOSEN,
    "public_detail",
)
CLIMATE_FIELDS = {"climate_zone", "climate_source", "climate_reason", *NORMALS}


@transaction.atomic
def create_site(
    *,
    actor: Actor,
    code: str,
    name_zh: str,
    name_en: str,
    scenario: str,
    process: str,
    opened_on: dt.date,
    longitude: float | None = None,
    latitude: float | None = None,
    datum: str = "wgs84",
    region: str | None = None,
    organisation: str | None = None,
    public_location: str = PublicLocation.COARSE,
    address: str = "",
    time_zone: str = "Asia/Shanghai",
    closed_on: dt.date | None = None,
    area_m2: int | None = None,
    households: int | None = None,
    climate_zone: str = "",
    climate_source: str = "",
    climate_reason: str = "",
    mean_temperature_c: float | None = None,
    precipitation_mm: float | None = None,
    evapotranspiration_mm: float | None = None,
    community_mode: str = "",
    run_by: str = "",
    public_detail: str = PublicDetail.ENTRIES,
    is_invented: bool = False,
) -> Site:
    """Create a site. ``region`` and ``organisation`` are codes; without a region it is found from the position.

    The position is in ``datum`` (wgs84, gcj02, bd09) and stored as WGS-84. Problem ``site_unusable`` with every fault.
    """
    require(actor, "create_site")
    site = Site(
        code=code.strip(),
        name_zh=name_zh.strip(),
        name_en=name_en.strip(),
        scenario=scenario,
        process=process,
        opened_on=opened_on,
        closed_on=closed_on,
        public_location=public_location,
        address=address.strip(),
        time_zone=time_zone,
        area_m2=area_m2,
        households=households,
        climate_zone=climate_zone.strip(),
        climate_source=climate_source.strip(),
        climate_reason=climate_reason.strip(),
        mean_temperature_c=mean_temperature_c,
        precipitation_mm=precipitation_mm,
        evapotranspiration_mm=evapotranspiration_mm,
        community_mode=community_mode,
        run_by=run_by,
        public_detail=public_detail,
        is_invented=is_invented,
    )
    faults: list[Fault] = []
    if not SITE_CODE.match(site.code):
        faults.append(Fault(Message("site_code_unusable"), field="code", value=code))
    elif Site.objects.filter(code=site.code).exists():
        faults.append(Fault(Message("site_code_taken", {"code": site.code}), field="code", value=code))
    faults += _plain_faults(site)
    faults += _climate_faults(site)
    faults += _place(site, longitude, latitude, datum, region)
    faults += _give_organisation(site, organisation)
    if faults:
        raise Problem("site_unusable", faults)
    site.save()
    audit.record(actor, "create_site", site, site=site, region=site.region_id, datum=datum)
    return site


@transaction.atomic
def update_site(*, actor: Actor, site: Site, **changes: Any) -> Site:
    """Change a site: fields of `PLAIN_FIELDS`, ``organisation``, and its place (longitude, latitude, datum, region).

    A region that is sent alone is checked against the stored position. Problem ``site_unusable`` with every fault.
    """
    require(actor, "edit_site", site=site)
    unknown = set(changes) - {*PLAIN_FIELDS, *PLACE_FIELDS, "organisation"}
    if unknown:
        raise TypeError(f"a site has no {', '.join(sorted(unknown))} to change")
    site = Site.objects.select_for_update().get(pk=site.pk)
    before = {name: _plain(site, name) for name in (*PLAIN_FIELDS, "region_id", "organisation_id", "location")}
    for name in PLAIN_FIELDS:
        if name in changes:
            value = changes[name]
            setattr(site, name, value.strip() if isinstance(value, str) else value)
    faults = _plain_faults(site)
    if CLIMATE_FIELDS & set(changes):
        faults += _climate_faults(site)
    if set(changes) & set(PLACE_FIELDS):
        longitude, latitude, datum = changes.get("longitude"), changes.get("latitude"), changes.get("datum", "wgs84")
        if not {"longitude", "latitude"} & set(changes) and site.location is not None:
            longitude, latitude, datum = site.location.x, site.location.y, "wgs84"
        moved = {"longitude", "latitude"} & set(changes)
        region = changes.get("region") or (None if moved and longitude is not None else site.region_id)
        faults += _place(site, longitude, latitude, datum, region)
    if "organisation" in changes:
        faults += _give_organisation(site, changes["organisation"])
    if faults:
        raise Problem("site_unusable", faults)
    site.save()
    after = {name: _plain(site, name) for name in before}
    changed = {name: [before[name], after[name]] for name in before if before[name] != after[name]}
    if changed:
        audit.record(actor, "update_site", site, site=site, changed=changed)
    return site


@transaction.atomic
def create_organisation(
    *,
    actor: Actor,
    code: str,
    name_zh: str,
    name_en: str,
    kind: str = Organisation.Kind.OPERATOR,
    must_be_new: bool = False,
) -> Organisation:
    """Create the organisation with a code, or bring its names up to date if it is there (unless it must be new)."""
    require(actor, "create_site")
    faults = []
    if not SITE_CODE.match(code):
        faults.append(Fault(Message("site_code_unusable"), field="code", value=code))
    elif must_be_new and Organisation.objects.filter(code=code).exists():
        faults.append(Fault(Message("organisation_code_taken", {"code": code}), field="code", value=code))
    for name, text in (("name_zh", name_zh), ("name_en", name_en)):
        if len(text.strip()) > LENGTHS[name]:
            faults.append(Fault(Message("site_text_too_long", {"longest": LENGTHS[name]}), field=name))
    if kind not in Organisation.Kind.values:
        faults.append(_choice_fault("kind", kind, Organisation.Kind.values))
    if not (name_zh.strip() or name_en.strip()):
        faults.append(Fault(Message("site_without_name"), field="name_zh"))
    if faults:
        raise Problem("organisation_unusable", faults)
    organisation, created = Organisation.objects.update_or_create(
        code=code, defaults={"name_zh": name_zh.strip(), "name_en": name_en.strip(), "kind": kind}
    )
    audit.record(actor, "create_organisation" if created else "update_organisation", organisation, code=code)
    return organisation


@transaction.atomic
def store_regions(*, actor: Actor, rows: Sequence[RegionRow]) -> tuple[int, int]:
    """Insert or update regions (parents before children); the numbers of new and of all rows. Safe to repeat."""
    require(actor, "create_site")
    known = set(Region.objects.values_list("pk", flat=True))
    regions = []
    for row in sorted(rows, key=lambda row: row.level):
        boundary = _boundary(row)
        regions.append(
            Region(
                code=row.code,
                parent_id=row.parent,
                level=row.level,
                country=row.country,
                official_code=row.official_code,
                name_zh=row.name_zh,
                name_en=row.name_en,
                boundary=boundary,
                centre=None if boundary is None else _centre(boundary),
                source=row.source,
            )
        )
    fields = [field.name for field in Region._meta.fields if not field.primary_key]
    Region.objects.bulk_create(regions, update_conflicts=True, unique_fields=["code"], update_fields=fields)
    new = len({region.code for region in regions} - known)
    if regions:
        audit.record(actor, "store_regions", regions[0], regions=len(regions), new=new)
    return new, len(regions)


def _boundary(row: RegionRow) -> MultiPolygon | None:
    if row.boundary is None:
        return None
    # buffer(0) mends the self-touching rings that drawn outlines have; it leaves sound ones as they are.
    geometry = GEOSGeometry(json.dumps(row.boundary), srid=4326).buffer(0)
    return geometry if geometry.geom_type == "MultiPolygon" else MultiPolygon(geometry, srid=4326)


def _centre(boundary: MultiPolygon) -> Point:
    """The centroid of the largest part, or a point inside it where the centroid lies outside."""
    largest = max(boundary, key=lambda part: part.area)
    centre = largest.centroid
    return centre if largest.contains(centre) else largest.point_on_surface


# --- checks -----------------------------------------------------------------------------------------------------------


def _plain_faults(site: Site) -> list[Fault]:
    faults = []
    if not (site.name_zh or site.name_en):
        faults.append(Fault(Message("site_without_name"), field="name_zh"))
    for name, longest in LENGTHS.items():
        if len(getattr(site, name)) > longest:
            faults.append(Fault(Message("site_text_too_long", {"longest": longest}), field=name))
    if site.scenario not in scenarios():
        faults.append(_choice_fault("scenario", site.scenario, list(scenarios())))
    if site.process not in processes():
        faults.append(_choice_fault("process", site.process, list(processes())))
    if site.public_location not in PublicLocation.values:
        faults.append(_choice_fault("public_location", site.public_location, PublicLocation.values))
    if site.public_detail not in PublicDetail.values:
        faults.append(_choice_fault("public_detail", site.public_detail, PublicDetail.values))
    for name in CHOSEN:
        value, known = getattr(site, name), [code for code, _ in choices(name)]
        if value and value not in known:
            faults.append(_choice_fault(name, value, known))
    if site.time_zone not in zoneinfo.available_timezones():
        faults.append(Fault(Message("site_time_zone_unknown"), field="time_zone", value=site.time_zone))
    if site.closed_on is not None and site.closed_on < site.opened_on:
        faults.append(
            Fault(
                Message("site_closes_before_it_opens", {"opened": site.opened_on.isoformat()}),
                field="closed_on",
                value=site.closed_on,
            )
        )
    for name in ("area_m2", "households"):
        value = getattr(site, name)
        if value is not None and not 0 <= value <= LARGEST_COUNT:
            faults.append(Fault(Message("site_count_out_of_range"), field=name, value=value))
    return faults


def _climate_faults(site: Site) -> list[Fault]:
    """A zone that no method knows, and what nobody can check because its source or reason is missing."""
    faults = []
    if site.climate_zone and site.climate_zone not in climate_zones():
        faults.append(_choice_fault("climate_zone", site.climate_zone, list(climate_zones())))
    if site.climate_zone and not (site.climate_reason or site.climate_source):
        faults.append(Fault(Message("site_climate_source_needed"), field="climate_reason"))
    for name, (least, most) in NORMALS.items():
        value = getattr(site, name)
        if value is not None and not least <= value <= most:
            values = {"least": least, "most": most}
            faults.append(Fault(Message("site_normal_out_of_range", values), field=name, value=value))
    told = [name for name in NORMALS if getattr(site, name) is not None]
    if told and not site.climate_source:
        faults.append(Fault(Message("site_normals_source_needed"), field="climate_source"))
    needed = ("mean_temperature_c", "precipitation_mm") if told else ()
    return faults + [Fault(Message("site_normals_incomplete"), field=name) for name in needed if name not in told]


def _choice_fault(field: str, value: str, accepted: Sequence[str]) -> Fault:
    return Fault(
        Message("site_choice_unknown", {"value": value}),
        field=field,
        value=value,
        accepted=Message("site_choices", {"choices": ", ".join(accepted)}),
    )


def _place(
    site: Site, longitude: float | None, latitude: float | None, datum: str, region_code: str | None
) -> list[Fault]:
    """Give a site its position and region; the faults where that cannot be done."""
    faults: list[Fault] = []
    chosen = Region.objects.filter(pk=region_code).defer("boundary").first() if region_code else None
    if region_code and chosen is None:
        faults.append(Fault(Message("site_region_unknown"), field="region", value=region_code))
    if datum not in DATUMS:
        return [*faults, _choice_fault("datum", datum, DATUMS)]
    if (longitude is None) != (latitude is None):
        missing = "longitude" if longitude is None else "latitude"
        return [*faults, Fault(Message("site_position_half"), field=missing)]
    if longitude is None or latitude is None:
        if chosen is None and not faults:
            faults.append(Fault(Message("site_region_needed"), field="region"))
        site.location = None
    else:
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            return [*faults, Fault(Message("site_position_off_earth"), field="latitude", value=latitude)]
        x, y = to_wgs84(longitude, latitude, datum)
        site.location = Point(float(x), float(y), srid=4326)
        found = region_at(site.location)
        if chosen is None and not faults:
            if found is None:
                faults.append(Fault(Message("site_region_not_found"), field="region"))
            chosen = found
        elif chosen is not None and found is not None and found != chosen:
            if chosen in ancestors(found):
                chosen = found
            elif not is_near(site.location, chosen, vocabulary().location.region_tolerance_km):
                faults.append(
                    Fault(
                        Message("site_region_elsewhere", {"region": _names(chosen), "found": _names(found)}),
                        field="region",
                        value=region_code,
                    )
                )
    if chosen is not None:
        site.region = chosen
    return faults


def _names(region: Region) -> str:
    return f"{region.name_zh} {region.name_en} ({region.code})"


def _give_organisation(site: Site, code: str | None) -> list[Fault]:
    site.organisation = Organisation.objects.filter(code=code).first() if code else None
    if code and site.organisation is None:
        return [Fault(Message("site_organisation_unknown"), field="organisation", value=code)]
    return []


def _plain(site: Site, name: str) -> Any:
    value = getattr(site, name)
    if isinstance(value, Point):
        return [round(value.x, 6), round(value.y, 6)]
    return value.isoformat() if isinstance(value, dt.date) else value
