"""The API of places: public fields only, filters, paging, and writes by permission."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.core.cache import cache

from sites.models import Region, Site
from sites.services import store_regions

NEW = {
    "code": "api-site",
    "name_zh": "接口点",
    "name_en": "API site",
    "scenario": "school",
    "process": "tumbler",
    "opened_on": "2024-02-01",
    "region": "CN-320100",
}


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def signed(client, make_user):
    def sign(role, **place):
        client.force_login(make_user(role, **place))
        return client

    return sign


def send(client, method, path, body):
    return client.generic(method, f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def test_a_site_in_public_shows_its_coarse_place_and_nothing_private(client, site):
    Site.objects.filter(pk=site.pk).update(address="secret lane 5")
    answer = client.get("/api/v1/sites/lishui-1")
    found = answer.json()
    assert answer.status_code == 200
    assert found["position"] != [119.03, 31.65] and found["precision"] == "coarse"
    assert found["province"] == "CN-320000" and found["region_en"] == "Nanjing"
    assert "secret" not in answer.content.decode() and "address" not in found
    assert client.get("/api/v1/sites/nowhere").status_code == 404


def test_filters_and_paging(client, site, nanjing):
    for number in range(5):
        Site.objects.create(
            code=f"more-{number}",
            name_zh="更多",
            name_en="More",
            region=nanjing,
            scenario="school" if number % 2 else "park",
            process="bin",
            opened_on=dt.date(2024, 1, 1),
        )
    seen, cursor = [], None
    while True:
        page = client.get("/api/v1/sites", {"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == sorted(seen) and len(seen) == 6
    for query, count in [
        ({"scenario": "school"}, 2),
        ({"process": "windrow"}, 1),
        ({"province": "CN-320000"}, 6),
        ({"province": "CN-110000"}, 0),
        ({"bbox": "118,31,120,32"}, 1),
        ({"bbox": "100,31,101,32"}, 0),
    ]:
        assert len(client.get("/api/v1/sites", query).json()["items"]) == count, query


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "nan,0,1,1", "3,0,1,1", "0,-91,1,1", "inf,0,1,1"])
def test_a_box_that_cannot_be_read_is_explained(client, db, box):
    answer = client.get("/api/v1/sites", {"bbox": box})
    assert answer.status_code == 422 and answer.json()["type"].endswith("bbox_unusable")


def test_a_box_cannot_be_used_to_find_the_exact_place(client, site):
    """Whatever small box is asked for, the site answers by its public place."""
    x, y = site.location.coords
    around = f"{x - 0.0001},{y - 0.0001},{x + 0.0001},{y + 0.0001}"
    assert client.get("/api/v1/sites", {"bbox": around}).json()["items"] == []
    shown_x, shown_y = client.get("/api/v1/sites/lishui-1").json()["position"]
    around = f"{shown_x - 0.0001},{shown_y - 0.0001},{shown_x + 0.0001},{shown_y + 0.0001}"
    assert len(client.get("/api/v1/sites", {"bbox": around}).json()["items"]) == 1


def test_an_administrator_creates_and_changes_a_site(signed, nanjing):
    client = signed("administrator")
    answer = send(client, "POST", "sites", NEW)
    assert answer.status_code == 201, answer.content
    assert answer.json()["scenario"] == "school"
    answer = send(client, "PATCH", "sites/api-site", {"households": 40, "closed_on": "2024-12-31"})
    assert answer.status_code == 200 and answer.json()["households"] == 40
    site = Site.objects.get(code="api-site")
    assert (site.process, site.closed_on) == ("tumbler", dt.date(2024, 12, 31))
    assert send(client, "PATCH", "sites/api-site", {"closed_on": None}).json()["closed_on"] is None


def test_faults_come_all_together_with_what_is_accepted(signed, nanjing):
    answer = send(signed("administrator"), "POST", "sites", NEW | {"scenario": "moon", "code": "A B", "region": "X"})
    problem = answer.json()
    assert answer.status_code == 422 and problem["type"].endswith("site_unusable")
    assert [error["field"] for error in problem["errors"]] == ["code", "scenario", "region"]


@pytest.mark.parametrize("role", ["operator", "manager", "trainer", "verifier", "publisher"])
def test_roles_without_the_permission_are_refused(signed, site, role):
    client = signed(role, **({"site": site} if role in ("operator", "manager") else {}))
    assert send(client, "POST", "sites", NEW).status_code == 403
    changed = send(client, "PATCH", "sites/lishui-1", {"households": 1}).status_code
    assert changed == (200 if role == "manager" else 403)


def test_nobody_writes_without_signing_in(client, site):
    assert send(client, "POST", "sites", NEW).status_code == 401
    assert send(client, "PATCH", "sites/lishui-1", {"households": 1}).status_code == 401


def test_regions_and_their_outlines(client, nanjing):
    outline = MultiPolygon(Polygon.from_bbox((118.2, 31.0, 122.0, 35.0)), srid=4326)
    Region.objects.filter(pk="CN-320000").update(boundary=outline, centre=Point(120, 33, srid=4326))
    page = client.get("/api/v1/regions", {"country": "CN", "level": 1}).json()
    assert [item["name_en"] for item in page["items"]] == ["Jiangsu"] and page["items"][0]["centre"] == [120, 33]
    assert client.get("/api/v1/regions", {"parent": "CN-320000"}).json()["items"][0]["code"] == "CN-320100"
    answer = client.get("/api/v1/regions/boundaries", {"country": "CN"})
    (feature,) = answer.json()["features"]
    assert feature["properties"]["name_zh"] == "江苏省" and len(feature["geometry"]["coordinates"][0][0]) == 5
    again = client.get("/api/v1/regions/boundaries", {"country": "CN"}, headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert client.get("/api/v1/regions/boundaries", {"country": "XX"}).json()["features"] == []


def test_regions_cannot_be_stored_without_the_permission(site, make_user):
    from compostnet.shared.problems import Problem

    with pytest.raises(Problem):
        store_regions(actor=make_user("publisher"), rows=[])
