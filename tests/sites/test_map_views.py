"""Months, links to keep, embedding, picture and data of the map."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
from django.core.cache import cache
from PIL import Image

from tests.sites.release_folder import figure, write_release
from tests.sites.test_map_pages import data_of, drawings, jiangsu, labels, own_releases, page_of, row  # noqa: F401

MONTHS = ["2026-04", "2026-05", "2026-06"]
CLASSES = {
    "product_quality": {
        "name_zh": "产品质量记录",
        "name_en": "Product quality record",
        "classes": [
            {"code": "meets", "name_zh": "达标", "name_en": "meets a standard"},
            {"code": "fails", "name_zh": "不达标", "name_en": "fails"},
            {"code": "untested", "name_zh": "无公开检测", "name_en": "no published test"},
        ],
    }
}


def site(code, track, *, quality="meets", **more):
    net = [None if value is None else -value / 10 for value in track]
    return row(
        code,
        track[-1],
        year=figure(sum(value or 0 for value in track)),
        series={"diverted_t": track, "ch4_avoided_t": [None] * 3, "net_co2e_t": net},
        classes={"product_quality": {"code": quality, "name": {"zh": quality, "en": quality}}},
        **more,
    )


@pytest.fixture
def released(jiangsu, own_releases, settings):  # noqa: F811
    """One release with two sites over three months; `own_releases` keeps it apart."""
    cache.clear()
    settings.API_CHECK_RATE = None
    sites = [
        site("a", [10.0, 20.0, 30.0]),
        site("b", [5.0, None, 1.5], quality="fails", position=(119.9, 34.0), scenario="park"),
    ]
    write_release(own_releases, sites, series_months=MONTHS, classes=CLASSES)
    return own_releases


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


def test_earlier_months_come_from_the_release_with_links_to_the_months_beside(client, released):
    page = page_of(client, "/map/?month=2026-05")
    text = text_of(page)
    assert "May 2026" in text and "20 t" in text and "what this release says of it" in text
    assert 'href="/map/?month=2026-04"' in page and 'href="/map/"' in page
    assert "Site b (Park): no figure" in labels(drawings(page)[0])
    first = page_of(client, "/map/?month=2026-04")
    assert 'rel="prev"' not in first and "15 t" in text_of(first)
    assert "31.5 t" in text_of(page_of(client, "/map/?month=1999-01"))  # a month that it does not have: its own


@pytest.mark.parametrize(
    "query,total",
    [
        ("", "31.5 t"),
        ("?period=year", "66.5 t"),
        ("?period=year&month=2026-05", "35 t"),
        ("?period=total&month=2026-04", "15 t"),
        ("?measure=net&month=2026-05", "−2 t CO₂e"),
        ("?class_product_quality=fails", "1.5 t"),
        ("?class_product_quality=moon", "31.5 t"),
    ],
)
def test_the_total_follows_the_view(client, released, query, total):
    page = page_of(client, f"/map/{query}")
    assert re.search(r"data-map-total>([^<]+)<", page)[1].replace("\u00a0", " ") == total


def test_one_legend_and_one_scale_hold_for_every_month(client, released):
    views = [data_of(page_of(client, f"/map/?month={month}")) for month in MONTHS]
    assert all(view["breaks"] == views[0]["breaks"] and view["sizes"] == views[0]["sizes"] for view in views)


def test_marks_grow_by_area_with_their_mass(client, released):
    wide = drawings(page_of(client, "/map/"))[0]
    radius = {
        link.get("data-site"): float(shape.get("r"))
        for link in wide.iter("a")
        for shape in link.iter("circle")
        if link.get("data-site") and "map-mark" in shape.get("class")
    }
    unit = data_of(page_of(client, "/map/"))["sizes"]["wide"]["unit"]
    assert radius["a"] == pytest.approx(unit * 30**0.5, abs=0.1)
    before = drawings(page_of(client, "/map/?month=2026-04"))[0]
    (smaller,) = [c for a in before.iter("a") if a.get("data-site") == "a" for c in a.iter("circle") if c.get("fill")]
    assert (float(smaller.get("r")) / radius["a"]) ** 2 == pytest.approx(1 / 3, rel=0.02)


def test_sites_are_coloured_by_product_quality_where_asked(client, released):
    page = page_of(client, "/map/?colour=product_quality")
    assert "Site b (fails): 1.5 t" in labels(drawings(page)[0])
    assert "Sites: Product quality record" in text_of(page)
    looks = {code: (colour, shape) for code, colour, shape, _name in data_of(page)["looks"]}
    assert len(set(looks.values())) == 3 and len({shape for _, shape in looks.values()}) > 1  # never by colour alone


def test_below_zero_has_a_look_of_its_own_and_is_explained(client, released):
    page = page_of(client, "/map/?measure=net&month=2026-05")
    looks = {use.get("data-region"): use.get("fill") for use in drawings(page)[0].iter("use")}
    assert looks["CN-320000"] == "url(#map-below)"
    assert "below zero (net emissions)" in page and "composting emits its gases now" in page


def test_the_panel_of_a_site_needs_no_script(client, released):
    page = text_of(page_of(client, "/map/?site=a&month=2026-05"))
    assert "Page of this site" in page and "20 t" in page and "−2 t CO₂e" in page
    assert 'id="map-panel"' not in page_of(client, "/map/?site=nobody")


def test_a_view_has_one_address_that_gives_it_back(client, released):
    query = (
        "release=1&measure=net&period=year&month=2026-05&level=city&colour=product_quality&scenario=village"
        "&province=CN-320000&class_product_quality=meets&at=119.0000,32.0000,2.00"
    )
    page = page_of(client, f"/map/?{query}")
    data = data_of(page)
    assert data["camera"] == [119.0, 32.0, 2.0]
    assert data["query"] | {"site": ""} == {
        "measure": "net",
        "period": "year",
        "month": "2026-05",
        "level": "city",
        "colour": "product_quality",
        "scenario": "village",
        "process": "",
        "province": "CN-320000",
        "classes": {"product_quality": "meets"},
        "site": "",
    }
    fixed = html.unescape(re.search(r'id="share-fixed" readonly value="([^"]+)"', page)[1])
    assert data_of(page_of(client, fixed.removeprefix("http://testserver")))["query"] == data["query"]


def test_a_release_stays_while_the_live_link_goes_on(client, released):
    write_release(released, [site("a", [10.0, 20.0, 31.0])], number=2, series_months=MONTHS, classes=CLASSES)
    assert "30 t" in text_of(page_of(client, "/map/?release=1")) and "31 t" in text_of(page_of(client, "/map/"))
    assert client.get("/map/?release=9").status_code == 404
    page = page_of(client, "/map/?release=1&measure=net")
    live = re.search(r'id="share-live" readonly value="([^"]+)"', page)[1]
    assert "release" not in live and "release=1" in re.search(r'id="share-fixed" readonly value="([^"]+)"', page)[1]


def test_only_the_embedded_map_may_be_framed(client, released):
    for address, framed in [("/map/", False), ("/map/embed/", True), ("/map/embed/?release=1&measure=net", True)]:
        answer = client.get(address)
        policy = answer.headers["Content-Security-Policy"]
        assert ("frame-ancestors *" in policy) == framed and ("frame-ancestors 'none'" in policy) != framed
        assert ("X-Frame-Options" in answer.headers) != framed
        assert "style-src 'self'" in policy and not answer.cookies
    embedded = page_of(client, "/map/embed/?lang=en&month=2026-05")
    assert len(drawings(embedded)) == 2 and "site-header" not in embedded and "<table" not in embedded
    assert 'target="_top"' in embedded and "May 2026" in embedded
    code = html.unescape(re.search(r'id="embed-fixed"[^>]*>([^<]+)<', page_of(client, "/map/"))[1])
    source = html.unescape(re.search(r'src="([^"]+)"', code)[1])
    assert source.startswith("http://testserver/map/embed/?release=1") and "lang=en" in source
    assert client.get(source.removeprefix("http://testserver")).status_code == 200


def test_the_picture_is_the_same_until_the_view_changes(client, released, settings):
    answer = client.get("/map/image.png?lang=en")
    assert answer.headers["Content-Type"] == "image/png" and 'map-1-diverted-2026-06.png"' in str(answer.headers)
    assert Image.open(io.BytesIO(answer.content)).size[0] == 1200
    cache.clear()
    assert client.get("/map/image.png?lang=en").content == answer.content
    tag = answer.headers["ETag"]
    assert client.get("/map/image.png?lang=en", headers={"If-None-Match": tag}).status_code == 304
    for other in ("lang=zh-hans", "lang=en&month=2026-05", "lang=en&at=119.0,32.0,3"):
        assert client.get(f"/map/image.png?{other}", headers={"If-None-Match": tag}).status_code == 200
    settings.API_CHECK_RATE = "1/m"
    codes = [client.get(f"/map/image.png?at=119.0,32.0,{zoom}").status_code for zoom in (1, 2)]
    assert codes == [200, 429]


def test_there_is_no_picture_before_the_first_release(client, jiangsu):  # noqa: F811
    answer = client.get("/map/image.png", headers={"Accept-Language": "en"})
    assert answer.status_code == 404 and "No month has been published yet" in answer.content.decode()


def test_the_data_of_the_script_are_short_and_kept_for_ever(client, released):
    answer = client.get("/map/data/1.json")
    assert "immutable" in answer.headers["Cache-Control"] and "Cookie" not in answer.headers.get("Vary", "")
    tag = answer.headers["ETag"]
    assert client.get("/map/data/1.json", headers={"If-None-Match": tag}).status_code == 304
    assert client.get("/map/data/7.json").status_code == 404
    data = json.loads(answer.content)
    first = dict(zip(data["fields"], data["sites"][0], strict=True))
    second = dict(zip(data["fields"], data["sites"][1], strict=True))
    assert data["months"] == MONTHS and data["dimensions"] == ["product_quality"]
    assert first["diverted"] == [0, 10, 20, 30] and first["ch4"] == [] and first["classes"] == ["meets"]
    assert second["diverted"] == [0, 5, None, 1.5] and second["net"] == [0, -0.5, None, -0.15]


def test_a_long_table_comes_in_pages(client, jiangsu, own_releases):  # noqa: F811
    write_release(own_releases, [row(f"s{n:03}", 1.0 + n) for n in range(230)])
    first = page_of(client, "/map/")
    assert first.count('<th scope="row"><a href="/sites/') == 100 and "Page 1 of 3" in first
    last = page_of(client, "/map/?page=3")
    assert last.count('<th scope="row"><a href="/sites/') == 30 and "Site s000" in last


@pytest.mark.parametrize("query", ["at=1,2", "at=nan,1,1", "at=500,1,1", "release=x", "month=%00", "page=0", "page=²"])
def test_nonsense_in_the_address_is_no_accident(client, released, query):
    assert client.get(f"/map/?{query}").status_code in (200, 404)
