"""The map, the list of sites and a site's page, read without any script."""

from __future__ import annotations

import gzip
import html
import json
import re
import xml.etree.ElementTree as ET

import pytest
from django.contrib.gis.geos import MultiPolygon, Point, Polygon

from sites.models import Region, Site
from tests.sites.release_folder import figure, write_release


@pytest.fixture(autouse=True)
def own_releases(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def jiangsu(nanjing):
    outline = MultiPolygon(Polygon.from_bbox((118.2, 31.0, 122.0, 35.0)), srid=4326)
    Region.objects.filter(pk="CN-320000").update(boundary=outline)
    Region.objects.create(
        code="CN-630000",
        parent_id="CN",
        level=1,
        country="CN",
        name_zh="青海省",
        name_en="Qinghai",
        boundary=MultiPolygon(Polygon.from_bbox((90, 32, 102, 39)), srid=4326),
    )
    return nanjing


def row(code, diverted, ch4=None, *, verified=1, province="CN-320000", position=(119.03, 31.65), **more):
    return {
        "code": code,
        "name_zh": f"{code}点",
        "name_en": f"Site {code}",
        "province": province,
        "province_zh": "江苏省",
        "province_en": "Jiangsu",
        "city": "CN-320100",
        "scenario": "village",
        "process": "windrow",
        "position": list(position) if position else None,
        "month": figure(diverted, ch4, verified=verified),
        "year": figure(2 * diverted, verified=verified),
        "total": figure(3 * diverted, ch4, verified=verified),
        **more,
    }


def page_of(client, path, language="en"):
    answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def drawings(page):
    return [ET.fromstring(svg) for svg in re.findall(r'<svg class="map-(?:wide|narrow)".*?</svg>', page, re.S)]


def labels(drawing):
    return [link.get("aria-label").replace("\u00a0", " ") for link in drawing.iter("a")]


def data_of(page):
    return json.loads(re.search(r'<script id="map-data" type="application/json">(.*?)</script>', page, re.S)[1])


def test_a_map_before_the_first_release_shows_the_sites_and_says_so(client, site, jiangsu):
    page = page_of(client, "/map/")
    assert "No month has been published yet" in page
    wide, narrow = drawings(page)
    for drawing in (wide, narrow):
        assert "Lishui one (Village): no figure" in ET.tostring(drawing, encoding="unicode")
        assert drawing.find("title").text and drawing.find("desc").text
    assert "尚未发布任何月份的数据" in page_of(client, "/map/", "zh-CN")


def test_shades_marks_legend_and_table_agree(client, jiangsu, own_releases):
    rows = [
        row("a", 30.0, 0.5),
        row("b", 12.5, position=(119.9, 34.0)),
        row("c", 9.0, verified=0, position=(120.9, 32.0)),
        row("d", 0.0, verified=0, province="CN-630000", position=(96.0, 35.0), province_zh="青海省"),
    ]
    write_release(own_releases, rows)
    page = page_of(client, "/map/")
    text = html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")
    assert "42.5 t" in text and "Jiangsu" in text and "June 2026" in text
    wide, _narrow = drawings(page)
    words = labels(wide)
    assert "Jiangsu: 3 sites, 42.5 t" in words
    assert "Qinghai: 1 site, no figure" in words
    assert "Site a (Village): 30 t" in words and "Site c (Village): no figure" in words
    assert "Site c (Village): no figure" in words
    looks = {use.get("href"): use.attrib for use in wide.iter("use")}
    assert looks["#map-CN-630000"]["fill"] == "url(#map-hatch)"
    assert "map-class-1" in looks["#map-CN-320000"]["class"]
    assert data_of(page)["lands"] == ["CN-320000", "CN-630000"] and data_of(page)["breaks"][-1] >= 42.5


def test_what_was_not_estimated_is_never_zero(client, jiangsu, own_releases):
    write_release(own_releases, [row("a", 30.0, 0.5), row("b", 10.0, None, position=(119.9, 34.0))])
    page = page_of(client, "/map/?measure=ch4&period=total")
    words = labels(drawings(page)[0])
    assert "Site b (Village): no figure" in words
    assert "Jiangsu: 2 sites, 500 kg CH₄" in words
    assert "not estimated, which is not zero" in page


def test_filters_narrow_sites_provinces_and_sums(client, jiangsu, own_releases):
    write_release(own_releases, [row("a", 30.0), row("b", 10.0, scenario="park", process="bin")])
    for query, shown, gone in [
        ("scenario=park", "Site b", "Site a"),
        ("process=windrow", "Site a", "Site b"),
    ]:
        page = page_of(client, f"/map/?{query}")
        assert shown in page and gone not in page
    assert "Site a" in page_of(client, "/map/?scenario=moon&period=never&measure=gold&province=XX")
    assert "No site matches" in page_of(client, "/map/?scenario=island")


def test_sites_close_together_are_one_mark_that_leads_to_their_list(client, jiangsu, own_releases):
    rows = [row(f"s{n}", 9.0, position=(119.03 + n / 1000, 31.65)) for n in range(6)]
    write_release(own_releases, [*rows, row("far", 9.0, position=(96.0, 35.0), province="CN-630000")])
    wide, narrow = drawings(page_of(client, "/map/"))
    for drawing in (wide, narrow):
        assert [text.text for text in drawing.iter("text") if text.get("class") == "map-count"] == ["6"]
    link = next(link for link in wide.iter("a") if link.get("aria-label").startswith("6 sites"))
    assert link.get("href").startswith("/sites/?bbox=") and link.get("aria-label").endswith("…")
    # A number too small to be read is left out; the label still says it.
    small = [row(f"s{n}", 0.01, position=(119.03 + n / 1000, 31.65)) for n in range(6)]
    write_release(own_releases, [*small, row("far", 90.0, position=(96.0, 35.0), province="CN-630000")])
    for drawing in drawings(page_of(client, "/map/")):
        assert not [text for text in drawing.iter("text") if text.get("class") == "map-count"]
        assert any(link.get("aria-label").startswith("6 sites") for link in drawing.iter("a"))
    for number in range(6):
        Site.objects.create(
            code=f"s{number}",
            name_zh="点",
            name_en=f"Site s{number}",
            region_id="CN-320100",
            scenario="village",
            process="windrow",
            opened_on="2024-01-01",
            public_location="exact",
            location=Point(119.03 + number / 1000, 31.65, srid=4326),
        )
    listed = page_of(client, link.get("href"))
    assert "6 sites" in listed and "Site s5" in listed


def test_a_network_elsewhere_is_drawn_at_its_own_place(client, db, own_releases):
    rows = [
        row(f"ny{n}", 100.0, province="", province_zh="", city="", position=(-74.0 + n / 20, 40.6 + n / 30))
        for n in range(5)
    ]
    write_release(own_releases, rows)
    page = page_of(client, "/map/")
    wide, _narrow = drawings(page)
    assert not list(wide.iter("use")) and "map-graticule" in page
    circles = [circle for circle in wide.iter("circle") if "map-mark" in circle.get("class")]
    xs = [float(circle.get("cx")) for circle in circles]
    assert len(circles) == 5 and max(xs) - min(xs) > 400
    assert data_of(page)["outlines"] is None


def test_sites_without_any_place_stand_in_the_table(client, db, own_releases):
    write_release(own_releases, [row("ny", 100.0, province="", city="", position=None)])
    page = page_of(client, "/map/")
    assert '<svg class="map-wide' not in page and "map-data" not in page
    assert "No site of this network has a public position" in page
    assert "has no position" not in page and "Site ny" in page


def test_names_are_escaped(client, jiangsu, own_releases):
    write_release(own_releases, [row("a", 1.0, name_zh="<b>点</b>", name_en='"><script>alert(1)</script>')])
    page = page_of(client, "/map/")
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert len(drawings(page)) == 2


def test_the_page_of_a_large_network_stays_small(client, china_in, own_releases):
    rows = [
        row(f"site-{n}", 1.0 + n, province="CN-320000", position=(100 + (n * 7 % 180) / 10, 24 + (n * 13 % 160) / 10))
        for n in range(300)
    ]
    write_release(own_releases, rows)
    page = page_of(client, "/map/")
    assert len(gzip.compress(page.encode())) < 150_000


@pytest.fixture
def china_in(db):
    from django.conf import settings

    from sites.permissions import CONSOLE
    from sites.regions import china_regions
    from sites.services import store_regions

    store_regions(actor=CONSOLE, rows=china_regions(settings.FRONTEND_DIST.parent / "node_modules"))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_page_of_a_site(client, site, jiangsu, own_releases, language):
    months = [
        {**figure(4.0), "month": "2026-05"},
        {**figure(0.0, verified=0), "month": "2026-06"},
    ]
    write_release(own_releases, [row("lishui-1", 0.0, verified=0, months=months)])
    page = page_of(client, "/sites/lishui-1/", language)
    words = {
        "en": ["Lishui one", "Jiangsu", "Turned windrow", "Not verified", "Not estimated", "shown to about 1 km"],
        "zh-CN": ["溧水一号堆肥点", "江苏省", "条垛", "未审核", "未估算", "精确到约 1 公里"],
    }[language]
    assert all(word in page for word in words)
    assert "31.65" not in page and "119.03" not in page
    assert "map-locator" in page and "logbook" not in page


def test_the_logbook_is_offered_to_those_who_may(client, site, make_user):
    client.force_login(make_user("operator", site=site))
    assert "/sites/lishui-1/logbook/" in client.get("/sites/lishui-1/").content.decode().split("<main", 1)[1]
    assert client.get("/sites/no-such-site/").status_code == 404


def test_the_list_is_filtered_and_paged(client, site, nanjing):
    Site.objects.bulk_create(
        Site(code=f"n{n:03}", name_zh="点", name_en=f"N {n}", region=nanjing, scenario="park", process="bin",
             opened_on="2024-01-01")
        for n in range(70)
    )  # fmt: skip
    first = page_of(client, "/sites/")
    assert "71 sites" in first and "N 58" in first and "N 59" not in first
    after = html.unescape(re.search(r'href="(\?cursor=[^"]+)" rel="next"', first)[1])
    assert "N 69" in page_of(client, f"/sites/{after}")
    assert "Lishui one" in page_of(client, "/sites/?scenario=village&province=CN-320000")
    assert "No site matches" in page_of(client, "/sites/?scenario=island")
    assert client.get("/sites/?bbox=1,2").status_code == 422


def test_pages_work_where_no_front_end_was_built(client, db, settings, tmp_path):
    settings.DJANGO_VITE = {"default": {"manifest_path": tmp_path / "manifest.json"}}
    assert "src/map.ts" not in page_of(client, "/map/")
