"""What a site tells of its climate, its people and its openness: by service, API and page; every fault at its field."""

from __future__ import annotations

import datetime as dt

import pytest

from compostnet.shared.problems import Problem
from sites.classification import choices
from sites.forms_places import stored
from sites.models import AuditRecord, Region, Site
from sites.permissions import CONSOLE
from sites.selectors import zone_of_site
from sites.services import create_site, update_site

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
NEEDED = {
    "actor": CONSOLE,
    "code": "new-site",
    "name_zh": "新点",
    "name_en": "New site",
    "scenario": "village",
    "process": "windrow",
    "opened_on": dt.date(2024, 3, 1),
    "region": "CN-320100",
}
NORMALS = {"mean_temperature_c": 15.9, "precipitation_mm": 1090.5, "evapotranspiration_mm": 940.0}
SOURCE = {"climate_source": "station 58238"}
NAN = float("nan")


def faults(problem):
    return {(fault.field, fault.message.code) for fault in problem.value.errors}


def test_a_site_with_everything_and_every_change_in_the_audit(nanjing):
    mode, who = choices("community_mode")[0][0], choices("run_by")[0][0]
    site = create_site(
        **NEEDED, **NORMALS, climate_source="station 58238", community_mode=mode, run_by=who, public_detail="sums"
    )
    kept = Site.objects.get(pk=site.pk)
    assert {name: getattr(kept, name) for name in NORMALS} == NORMALS
    assert (kept.community_mode, kept.run_by, kept.public_detail) == (mode, who, "sums")
    update_site(actor=CONSOLE, site=kept, public_detail="entries", mean_temperature_c=16.0)
    changed = AuditRecord.objects.get(action="update_site").detail["changed"]
    assert changed == {"public_detail": ["sums", "entries"], "mean_temperature_c": [15.9, 16.0]}


def test_a_plain_site_shows_each_weighing_and_takes_the_climate_of_its_region(nanjing):
    site = create_site(**NEEDED)
    assert site.public_detail == "entries"
    found = zone_of_site(site)
    assert (found.code, found.basis) == ("temperate_wet", "CN-320000")
    update_site(actor=CONSOLE, site=site, climate_zone="tropical_wet", climate_reason="greenhouse district")
    found = zone_of_site(Site.objects.get(pk=site.pk))
    assert (found.code, found.basis) == ("tropical_wet", "hand")
    assert "greenhouse district" in found.because.render("en")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (NORMALS, {("climate_source", "site_normals_source_needed")}),
        (SOURCE | {"mean_temperature_c": 16}, {("precipitation_mm", "site_normals_incomplete")}),
        (
            SOURCE | {"evapotranspiration_mm": 900},
            {(name, "site_normals_incomplete") for name in ("mean_temperature_c", "precipitation_mm")},
        ),
        (SOURCE | NORMALS | {"mean_temperature_c": 289}, {("mean_temperature_c", "site_normal_out_of_range")}),
        (SOURCE | NORMALS | {"precipitation_mm": -1}, {("precipitation_mm", "site_normal_out_of_range")}),
        (SOURCE | NORMALS | {"evapotranspiration_mm": NAN}, {("evapotranspiration_mm", "site_normal_out_of_range")}),
        ({"climate_zone": "temperate_wet"}, {("climate_reason", "site_climate_source_needed")}),
        ({"climate_zone": "moon", "climate_reason": "r"}, {("climate_zone", "site_choice_unknown")}),
        ({"run_by": "martians"}, {("run_by", "site_choice_unknown")}),
        ({"community_mode": "martian"}, {("community_mode", "site_choice_unknown")}),
        ({"public_detail": "nothing"}, {("public_detail", "site_choice_unknown")}),
        ({"climate_reason": "x" * 301}, {("climate_reason", "site_text_too_long")}),
    ],
)
def test_each_fault_is_named_at_its_field(nanjing, given, expected):
    with pytest.raises(Problem) as problem:
        create_site(**NEEDED, **given)
    assert faults(problem) == expected
    assert not Site.objects.exists()


def test_the_api_tells_and_takes_them(client, make_user, site):
    client.force_login(make_user("administrator"))
    change = {**NORMALS, "climate_source": "station 58238", "climate_zone": "", "public_detail": "sums"}
    change |= {"run_by": choices("run_by")[1][0]}
    answer = client.patch("/api/v1/sites/lishui-1", change, content_type="application/json")
    assert answer.status_code == 200, answer.content
    told = client.get("/api/v1/sites/lishui-1").json()
    assert {name: told[name] for name in change} == change
    answer = client.patch("/api/v1/sites/lishui-1", {"run_by": "martians"}, content_type="application/json")
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"]) == (422, "run_by") and choices("run_by")[0][0] in str(error)


@pytest.mark.parametrize(("language", "zone"), [("zh-hans", "温带（寒带）湿润"), ("en", "boreal and temperate, wet")])
def test_the_page_says_which_zone_applies_and_keeps_numbers_as_written(client, make_user, site, language, zone):
    client.force_login(make_user("manager", site=site))
    Site.objects.update(climate_zone="")
    page = f"/desk/sites/{site.code}/edit/"
    text = client.get(page, headers={"accept-language": language}).content.decode()
    assert zone in text and ("江苏" in text if language == "zh-hans" else "Jiangsu" in text)
    site.refresh_from_db()
    sent = stored(site) | {"mean_temperature_c": "16.2", "precipitation_mm": "1,100", "climate_source": "station"}
    assert client.post(page, sent).status_code == 302
    site.refresh_from_db()
    assert (site.mean_temperature_c, site.precipitation_mm) == (16.2, 1100)
    assert (stored(site)["mean_temperature_c"], stored(site)["precipitation_mm"]) == ("16.2", "1100")


def test_the_page_keeps_what_is_public_where_an_older_form_does_not_say(client, make_user, site):
    client.force_login(make_user("manager", site=site))
    Site.objects.update(climate_source="x", public_detail="sums")
    site.refresh_from_db()
    sent = {name: value for name, value in stored(site).items() if name != "public_detail"}
    assert client.post(f"/desk/sites/{site.code}/edit/", sent | {"name_en": "Other"}).status_code == 302
    site.refresh_from_db()
    assert (site.public_detail, site.name_en) == ("sums", "Other")


def test_where_nothing_is_known_the_page_says_so(client, make_user, site):
    client.force_login(make_user("administrator"))
    Region.objects.create(code="XX", level=0, country="XX", name_zh="某国", name_en="Somewhere")
    Site.objects.update(climate_zone="", region="XX", location=None)
    text = client.get(f"/desk/sites/{site.code}/edit/", headers=ENGLISH).content.decode()
    assert "The zone is not known." in text and "Neither the site nor its region has climate normals." in text
