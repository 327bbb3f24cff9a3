"""Creating and changing sites: datums, regions, every fault at once, and who may."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.gis.geos import MultiPolygon, Polygon

from compostnet.shared.coordinates import distance_m, from_wgs84
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Region, Site
from sites.permissions import CONSOLE
from sites.selectors import active_sites, public_point
from sites.services import create_organisation, create_site, update_site

NEEDED = {
    "actor": CONSOLE,
    "code": "new-site",
    "name_zh": "新点",
    "name_en": "New site",
    "scenario": "village",
    "process": "windrow",
    "opened_on": dt.date(2024, 3, 1),
}


@pytest.fixture
def outlines(nanjing):
    """Jiangsu and Nanjing with square boundaries, and Anhui beside them."""

    def box(west, south, east, north):
        return MultiPolygon(Polygon.from_bbox((west, south, east, north)), srid=4326)

    Region.objects.filter(pk="CN-320000").update(boundary=box(118.2, 31.0, 122.0, 35.0))
    Region.objects.filter(pk="CN-320100").update(boundary=box(118.2, 31.0, 119.3, 32.7))
    Region.objects.create(
        code="CN-340000",
        parent_id="CN",
        level=1,
        country="CN",
        name_zh="安徽省",
        name_en="Anhui",
        boundary=box(114.9, 29.4, 118.2, 34.7),
    )
    return nanjing


def faults(problem):
    return [(fault.field, fault.message.code) for fault in problem.value.errors]


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_position_in_any_datum_is_stored_as_wgs84(outlines, datum):
    lon, lat = (float(value) for value in from_wgs84(118.796, 32.058, datum))
    site = create_site(**NEEDED, longitude=lon, latitude=lat, datum=datum)
    stored = Site.objects.get(pk=site.pk)
    assert distance_m(stored.location.x, stored.location.y, 118.796, 32.058) < 0.01
    assert stored.region_id == "CN-320100"
    assert AuditRecord.objects.get(action="create_site").site == site


def test_a_chosen_province_becomes_the_city_that_the_point_lies_in(outlines):
    assert create_site(**NEEDED, longitude=118.8, latitude=32.0, region="CN-320000").region_id == "CN-320100"


def test_a_region_a_few_kilometres_off_is_believed_and_a_far_one_refused(outlines):
    near = create_site(**NEEDED, longitude=118.18, latitude=32.0, region="CN-320100")
    assert near.region_id == "CN-320100"
    with pytest.raises(Problem) as problem:
        create_site(**{**NEEDED, "code": "far"}, longitude=117.2, latitude=32.0, region="CN-320100")
    assert faults(problem) == [("region", "site_region_elsewhere")]
    assert "安徽" in problem.value.as_json("zh-hans")["errors"][0]["detail"]


def test_without_a_position_the_region_must_be_chosen(nanjing):
    with pytest.raises(Problem) as problem:
        create_site(**NEEDED)
    assert faults(problem) == [("region", "site_region_needed")]
    assert create_site(**NEEDED, region="CN-320100").location is None


def test_a_point_in_no_known_region_asks_for_it(outlines):
    with pytest.raises(Problem) as problem:
        create_site(**NEEDED, longitude=-74.0, latitude=40.7)
    assert faults(problem) == [("region", "site_region_not_found")]


def test_every_fault_is_named_at_once_and_nothing_is_stored(nanjing):
    with pytest.raises(Problem) as problem:
        create_site(
            **{**NEEDED, "code": "Not A Code", "name_zh": " ", "name_en": "", "scenario": "moon", "process": "magic"},
            longitude=118.8,
            time_zone="Mars/Olympus",
            closed_on=dt.date(2020, 1, 1),
            households=-3,
            organisation="nobody",
            region="CN-999999",
        )
    assert faults(problem) == [
        ("code", "site_code_unusable"),
        ("name_zh", "site_without_name"),
        ("scenario", "site_choice_unknown"),
        ("process", "site_choice_unknown"),
        ("time_zone", "site_time_zone_unknown"),
        ("closed_on", "site_closes_before_it_opens"),
        ("households", "site_count_out_of_range"),
        ("region", "site_region_unknown"),
        ("latitude", "site_position_half"),
        ("organisation", "site_organisation_unknown"),
    ]
    assert "community_garden" in problem.value.as_json("en")["errors"][2]["accepted"]
    assert not Site.objects.exists()


def test_exchanged_coordinates_get_a_hint(nanjing):
    with pytest.raises(Problem) as problem:
        create_site(**NEEDED, longitude=32.0, latitude=118.8, region="CN-320100")
    assert faults(problem) == [("latitude", "site_position_off_earth")]
    assert "exchanged" in problem.value.as_json("en")["errors"][0]["detail"]


def test_a_code_belongs_to_one_site(site, nanjing):
    with pytest.raises(Problem) as problem:
        create_site(**{**NEEDED, "code": site.code}, region="CN-320100")
    assert faults(problem) == [("code", "site_code_taken")]


@pytest.mark.parametrize("role", ["operator", "manager", "lab", "trainer", "verifier", "publisher", "administrator"])
def test_who_may_create_and_change(site, make_user, role):
    places = {"operator": {"site": site}, "manager": {"site": site}}
    if role == "lab":
        places["lab"] = {
            "organisation": create_organisation(actor=CONSOLE, code="lab", name_zh="检测室", name_en="Lab", kind="lab")
        }
    user = make_user(role, **places.get(role, {}))

    def allowed(act):
        try:
            act()
        except Problem as problem:
            assert problem.code == "not_allowed"
            return False
        return True

    can_create = allowed(lambda: create_site(**{**NEEDED, "actor": user}, region="CN-320100"))
    can_change = allowed(lambda: update_site(actor=user, site=site, households=12))
    assert can_create == (role == "administrator")
    assert can_change == (role in ("manager", "administrator"))


def test_strangers_and_the_unknown_may_not(site, nanjing, make_user):
    other = create_site(**NEEDED, region="CN-320100")
    with pytest.raises(Problem) as problem:
        update_site(actor=make_user("manager", site=other), site=site, households=1)
    assert problem.value.status == 403
    with pytest.raises(Problem) as problem:
        create_site(**{**NEEDED, "actor": AnonymousUser(), "code": "x"}, region="CN-320100")
    assert problem.value.status == 401


def test_a_change_keeps_the_rest_and_is_recorded(site):
    changed = update_site(actor=CONSOLE, site=site, households=30, name_en=" Lishui 1 ")
    assert (changed.households, changed.name_en, changed.scenario) == (30, "Lishui 1", "village")
    record = AuditRecord.objects.get(action="update_site")
    assert record.detail["changed"] == {"households": [None, 30], "name_en": ["Lishui one", "Lishui 1"]}
    update_site(actor=CONSOLE, site=site, households=30)
    assert AuditRecord.objects.filter(action="update_site").count() == 1


def test_moving_a_site_finds_its_region_again(outlines, site):
    moved = update_site(actor=CONSOLE, site=site, longitude=117.0, latitude=31.8)
    assert moved.region_id == "CN-340000"
    with pytest.raises(Problem):
        update_site(actor=CONSOLE, site=moved, region="CN-320100")


def test_a_public_place_is_coarse_unless_the_site_wishes_otherwise(site):
    shown = public_point(site)
    assert shown.coords != site.location.coords
    assert distance_m(shown.x, shown.y, site.location.x, site.location.y) < 760
    site.public_location = "exact"
    assert public_point(site).coords == site.location.coords


def test_a_site_is_expected_in_the_months_in_which_it_was_open(site):
    Site.objects.filter(pk=site.pk).update(closed_on=dt.date(2024, 3, 1))
    expected = {
        month: active_sites(parse_month(month)).exists() for month in ("2023-12", "2024-01", "2024-03", "2024-04")
    }
    assert expected == {"2023-12": False, "2024-01": True, "2024-03": True, "2024-04": False}
