"""Regions: China from the packages, any country from GeoJSON, and which region a point lies in."""

from __future__ import annotations

import json
import time

import pytest
from django.conf import settings
from django.contrib.gis.geos import Point
from django.core.management import call_command

from compostnet.shared.coordinates import from_wgs84
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Region
from sites.permissions import CONSOLE
from sites.regions import china_regions, geojson_regions, pinyin, short_name
from sites.selectors import ancestors, boundaries, provinces, region_at
from sites.services import store_regions

PACKAGES = settings.FRONTEND_DIST.parent / "node_modules"


@pytest.fixture(scope="module")
def china_rows():
    return china_regions(PACKAGES)


@pytest.fixture
def china(db, china_rows):
    store_regions(actor=CONSOLE, rows=china_rows)


def test_34_provinces_with_official_names_and_outlines(china_rows):
    found = {row.official_code: row for row in china_rows if row.level == 1}
    assert len(found) == 34 and all(row.boundary for row in found.values())
    assert {code: found[code].name_en for code in ("610000", "140000", "150000", "540000", "820000")} == {
        "610000": "Shaanxi",
        "140000": "Shanxi",
        "150000": "Inner Mongolia",
        "540000": "Xizang",
        "820000": "Macao",
    }


@pytest.mark.parametrize(
    ("code", "zh", "en"),
    [
        ("CN-320100", "南京市", "Nanjing"),
        ("CN-222400", "延边朝鲜族自治州", "Yanbian"),
        ("CN-610100", "西安市", "Xi'an"),
        ("CN-140400", "长治市", "Changzhi"),
        ("CN-141100", "吕梁市", "Lüliang"),
        ("CN-150600", "鄂尔多斯市", "Ordos"),
        ("CN-469030", "琼中黎族苗族自治县", "Qiongzhong"),
        ("CN-110100", "北京市", "Beijing"),
        ("CN-500100", "重庆市", "Chongqing"),
        ("CN-419001", "济源市", "Jiyuan"),
    ],
)
def test_cities_by_their_codes(china_rows, code, zh, en):
    row = next(row for row in china_rows if row.code == code)
    assert (row.name_zh, row.name_en, row.level) == (zh, en, 2)


def test_every_name_and_parent_is_there_and_headings_are_no_cities(china_rows):
    codes = {row.code for row in china_rows}
    assert len(codes) == len(china_rows) > 370
    assert all(row.name_zh and row.name_en.isprintable() and row.name_en[0].isupper() for row in china_rows)
    assert all(row.parent in codes for row in china_rows if row.level)
    assert not any("直辖县级" in row.name_zh for row in china_rows)


def test_short_names_and_pinyin():
    assert short_name("黔西南布依族苗族自治州") == "黔西南"
    assert short_name("沙市") == "沙市"
    assert pinyin("六盘水") == "Liupanshui"


def test_missing_packages_are_named(tmp_path):
    with pytest.raises(Problem) as problem:
        china_regions(tmp_path)
    assert problem.value.code == "region_packages_missing" and "npm ci" in str(problem.value)


def test_importing_china_twice_changes_nothing(db, capsys):
    started = time.perf_counter()
    call_command("import_regions", china=True)
    assert time.perf_counter() - started < 6  # 0.6 s on an idle machine
    first = list(Region.objects.values_list("code", "parent_id", "name_en", "centre"))
    call_command("import_regions", china=True)
    assert list(Region.objects.values_list("code", "parent_id", "name_en", "centre")) == first
    assert "(0 new)" in capsys.readouterr().out.splitlines()[-1]
    assert AuditRecord.objects.filter(action="store_regions").count() == 2


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (118.79, 32.06, "CN-320100"),
        (116.40, 39.90, "CN-110100"),
        (104.07, 30.66, "CN-510100"),
        (109.50, 18.25, "CN-460200"),
        (87.60, 43.82, "CN-650100"),
        (117.67, 36.21, "CN-370100"),  # Laiwu, part of Jinan since 2019
        (114.17, 22.32, "CN-810000"),
        (121.55, 25.03, "CN-710000"),
    ],
)
def test_the_region_of_a_point(china, lon, lat, code):
    assert region_at(Point(lon, lat, srid=4326)).code == code


def test_a_point_a_little_off_a_coarse_coast_belongs_to_the_nearest_city(china):
    assert region_at(Point(120.45, 36.03, srid=4326)).code == "CN-370200"  # Qingdao's shore
    assert region_at(Point(-74.0, 40.7, srid=4326)) is None


def test_centres_lie_in_their_provinces(china):
    for province in provinces("CN"):
        assert region_at(province.centre).code[:5] == province.code[:5]


def test_ancestors_lead_from_the_country(china):
    city = Region.objects.get(code="CN-320100")
    assert [region.code for region in ancestors(city)] == ["CN", "CN-320000", "CN-320100"]


def test_outlines_are_read_anew_after_an_import(china, china_rows):
    assert len(boundaries("CN")) == 34
    store_regions(actor=CONSOLE, rows=geojson_regions(json.dumps(STATE), source="x", known={}))
    assert [land.name_en for land in boundaries("US")] == ["New York"]


def square(lon, lat, size=1.0):
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


STATE = {
    "type": "FeatureCollection",
    "features": [
        {"properties": {"code": "US-NY", "level": "province", "name": "New York"}, "geometry": square(-75, 40)},
        {
            "properties": {"code": "US-NYC", "level": "city", "parent": "US-NY", "name_en": "New York City"},
            "geometry": square(-74.2, 40.5, 0.5),
        },
    ],
}


def test_another_country_from_geojson(db, tmp_path):
    path = tmp_path / "states.geojson"
    path.write_text(json.dumps(STATE), encoding="utf-8")
    call_command("import_regions", str(path), source="test")
    assert Region.objects.get(code="US").level == 0
    assert region_at(Point(-74.0, 40.7, srid=4326)).code == "US-NYC"
    assert region_at(Point(-74.9, 40.9, srid=4326)).code == "US-NY"
    call_command("import_regions", str(path), source="test")
    assert Region.objects.filter(country="US").count() == 3


def test_a_file_in_another_datum_is_turned_into_wgs84():
    x, y = from_wgs84([116.0, 117.0], [39.0, 40.0], "gcj02")
    ring = [[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]], [x[0], y[0]]]
    feature = {
        "properties": {"code": "CN-X", "level": 1, "name": "X"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    row = geojson_regions(text, source="x", known={"CN": 0}, datum="gcj02")[0]
    assert row.boundary["coordinates"][0][0][0] == pytest.approx([116.0, 39.0], abs=1e-7)


def test_every_fault_of_a_file_is_named_at_once():
    features = [
        {"properties": {"code": "newyork", "level": "state"}, "geometry": {"type": "Point", "coordinates": [0, 0]}},
        {"properties": {"code": "US-A", "level": 2, "parent": "US-B", "name": "A"}, "geometry": None},
        {"type": "Feature"},
    ]
    with pytest.raises(Problem) as problem:
        geojson_regions(json.dumps({"features": features}), source="x", known={"US": 0})
    found = [fault.message.code for fault in problem.value.errors]
    assert found == [
        "region_code_unusable",
        "region_level_unknown",
        "region_without_name",
        "region_boundary_unusable",
        "region_no_properties",
        "region_parent_unknown",
    ]
    assert "US-NY" in problem.value.as_json("zh-hans")["errors"][0]["detail"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"features": 3}', "not json", '{"features": []}'])
def test_what_is_no_geojson_is_refused_in_words(text):
    with pytest.raises(Problem) as problem:
        geojson_regions(text, source="x", known={})
    assert problem.value.code == "region_file_unusable"
