"""The administration of sites and organisations: every field, faults at the field, and whose site it is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compostnet.shared.coordinates import distance_m, from_wgs84
from sites.forms_places import stored
from sites.models import AuditRecord, Organisation, Site
from sites.permissions import CONSOLE
from sites.services import update_site
from sites.vocabulary import climate_zones

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
NEW = {
    "code": "new-site",
    "name_zh": "新点",
    "name_en": "New site",
    "scenario": "village",
    "process": "windrow",
    "opened_on": "2024-03-01",
    "region": "CN-320100",
    "public_location": "exact",
    "datum": "wgs84",
    "time_zone": "Asia/Shanghai",
}


@pytest.fixture
def desk(client, make_user):
    client.force_login(make_user("administrator"))
    return client


def read(answer):
    return answer.content.decode()


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09"])
def test_a_new_site_with_all_its_fields(desk, nanjing, datum):
    Organisation.objects.create(code="green", name_zh="绿", name_en="Green")
    lon, lat = (float(value) for value in from_wgs84(118.796, 32.058, datum))
    answer = desk.post(
        "/desk/sites/new/",
        NEW
        | {"longitude": str(lon), "latitude": str(lat), "datum": datum, "organisation": "green", "area_m2": "1,200"}
        | {"households": "３００", "address": "某路 1 号", "closed_on": "2026-01-31"}
        | {"climate_zone": "temperate_wet", "climate_source": "IPCC 2019"},
    )
    assert answer.headers["Location"] == "/desk/sites/new-site/edit/"
    site = Site.objects.get(code="new-site")
    assert distance_m(site.location.x, site.location.y, 118.796, 32.058) < 0.01
    assert (site.area_m2, site.households, site.address) == (1200, 300, "某路 1 号")
    assert (site.organisation.code, site.region_id, str(site.closed_on)) == ("green", "CN-320100", "2026-01-31")
    assert (site.climate_zone, site.climate_source, site.is_invented) == ("temperate_wet", "IPCC 2019", False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "Big Site"}, "small letters, digits and hyphens"),
        ({"code": "lishui-1"}, "belongs to another site"),
        ({"name_zh": "", "name_en": ""}, "in at least one language"),
        ({"scenario": ""}, "Choose one."),
        ({"opened_on": "soon"}, "Write it as 2026-03-31"),
        ({"closed_on": "2023-01-01"}, "before the opening date"),
        ({"longitude": "118.8"}, "given together"),
        ({"longitude": "32.058", "latitude": "118.796"}, "Were the two exchanged?"),
        ({"longitude": "east", "latitude": "1"}, "“east” is no number"),
        ({"longitude": "nan", "latitude": "inf"}, "“nan” is no number"),
        ({"region": ""}, "choose the region"),
        ({"area_m2": "1.5"}, "is no whole number"),
        ({"area_m2": "-1"}, "Write zero or a positive whole number"),
        ({"households": "9" * 30}, "Write zero or a positive whole number"),
        ({"time_zone": "Mars/North"}, "There is no such time zone"),
        ({"climate_zone": "temperate_wet"}, "needs its source"),
    ],
)
def test_each_fault_is_said_at_its_field_and_what_was_written_is_kept(desk, site, change, words):
    answer = desk.post("/desk/sites/new/", NEW | {"address": "Keep this"} | change, headers=ENGLISH)
    page = read(answer)
    assert answer.status_code == 422
    assert words in page.partition('class="field-error"')[2]
    assert 'value="Keep this"' in page
    assert Site.objects.count() == 1


def test_everything_that_is_wrong_is_named_in_one_go(desk, nanjing):
    data = NEW | {"code": "A b", "name_zh": "", "name_en": "", "process": "", "opened_on": "soon", "latitude": "1"}
    page = read(desk.post("/desk/sites/new/", data, headers=ENGLISH))
    assert page.count('class="field-error"') == 5


def form_of(site, **changes):
    """The edit form as it was shown, with changes."""
    site.refresh_from_db()
    return stored(site) | changes


def test_saving_without_a_change_changes_nothing(desk, site):
    Site.objects.update(location="SRID=4326;POINT(119.03123456789 31.65987654321)", climate_source="x")
    before = Site.objects.values().get()
    page = reverse("site_edit", args=[site.code])
    assert desk.post(page, form_of(site)).headers["Location"] == page
    assert Site.objects.values().get() == before
    assert not AuditRecord.objects.filter(action="update_site").exists()


def test_a_moved_site_is_stored_as_wgs84_and_a_cleared_position_is_gone(desk, site):
    Site.objects.update(climate_source="x")
    lon, lat = (float(value) for value in from_wgs84(118.796, 32.058, "gcj02"))
    page = reverse("site_edit", args=[site.code])
    desk.post(page, form_of(site, longitude=str(lon), latitude=str(lat), datum="gcj02"))
    site.refresh_from_db()
    assert distance_m(site.location.x, site.location.y, 118.796, 32.058) < 0.01
    desk.post(page, form_of(site, longitude="", latitude="", closed_on="2026-05-31"))
    site.refresh_from_db()
    assert (site.location, site.region_id, str(site.closed_on)) == (None, "CN-320100", "2026-05-31")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(desk, site):
    Site.objects.update(climate_source="x")
    shown = form_of(site, address="Mine")
    update_site(actor=CONSOLE, site=site, address="Theirs", households=7)
    page = reverse("site_edit", args=[site.code])
    answer = desk.post(page, shown, headers=ENGLISH)
    text = read(answer)
    assert "somebody else changed this site" in text
    assert "Address, as it is stored: Theirs" in text and "Households taking part, as it is stored: 7" in text
    assert 'value="Mine"' in text
    site.refresh_from_db()
    assert site.address == "Theirs"
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    desk.post(page, shown | {"seen": seen, "households": "7"})
    site.refresh_from_db()
    assert (site.address, site.households) == ("Mine", 7)


def test_a_manager_edits_the_own_site_and_is_led_there(client, make_user, site):
    client.force_login(make_user("manager", site=site))
    Site.objects.update(climate_source="x")
    page = reverse("site_edit", args=[site.code])
    assert page in read(client.get(reverse("site", args=[site.code])))
    client.post(page, form_of(site, name_en="Renamed"))
    site.refresh_from_db()
    assert site.name_en == "Renamed"
    shown = read(client.get(page))
    assert "/desk/people/" not in shown and 'href="/desk/sites/"' not in shown


def test_the_list_finds_what_is_missing_and_asks_a_fixed_number_of_times(desk, site, make_user, nanjing):
    Site.objects.create(
        code="bare", name_zh="无", name_en="Bare", region=nanjing, scenario="village", process="bin",
        opened_on="2024-01-01", closed_on="2024-02-01",
    )  # fmt: skip
    make_user("operator", site=site)

    def found(**wish):
        page = read(desk.get("/desk/sites/", wish))
        return [code for code in ("lishui-1", "bare") if f"/desk/sites/{code}/edit/" in page]

    assert found() == found(province="CN-320000") == ["lishui-1", "bare"]
    assert found(missing="position") == found(missing="climate") == found(missing="people") == ["bare"]
    assert found(state="closed") == found(q="BARE") == ["bare"]
    assert found(state="open") == ["lishui-1"]
    assert found(province="CN-340000") == []

    def queries():
        with CaptureQueriesContext(connection) as seen:
            desk.get("/desk/sites/")
        return len(seen)

    few = queries()
    for number in range(20):
        Site.objects.create(
            code=f"more-{number}",
            name_zh="多",
            region=nanjing,
            scenario="village",
            process="bin",
            opened_on="2024-01-01",
        )
    assert queries() == few


def test_organisations_are_added_once_and_renamed(desk):
    data = {"code": "lab-1", "name_zh": "检测室", "name_en": "Laboratory", "kind": "lab"}
    assert desk.post("/desk/organisations/", data).status_code == 302
    again = desk.post("/desk/organisations/", data | {"name_en": "Other"}, headers=ENGLISH)
    assert "belongs to another organisation" in read(again)
    assert "in at least one language" in read(
        desk.post("/desk/organisations/", {"code": "x", "kind": "lab"}, headers=ENGLISH)
    )
    assert "small letters" in read(desk.post("/desk/organisations/", data | {"code": "A b"}, headers=ENGLISH))
    desk.post("/desk/organisations/lab-1/", {"name_zh": "新检测室", "name_en": "", "kind": "operator"})
    assert Organisation.objects.values_list("name_zh", "name_en", "kind").get() == ("新检测室", "", "lab")
    assert desk.get("/desk/organisations/none/").status_code == 404


def test_the_zones_of_every_method_can_be_chosen():
    from batches.impact.method import methods

    for method in methods().values():
        assert set(method.zones) <= set(climate_zones())
        assert {code: zone.name for code, zone in method.zones.items()} == {c: climate_zones()[c] for c in method.zones}
