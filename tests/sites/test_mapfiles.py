"""The map of a release as files: bilingual, honest about what is missing, the same bytes each time."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
from PIL import Image

from sites.mapdata import Camera, MapQuery, view_of
from sites.mapdraw import class_breaks
from sites.mapfiles import frozen_outlines, map_png, map_svg, plate_png, plate_svg
from sites.mapmarks import map_style
from sites.mapplate import ground_of, make_plate, wrapped
from sites.selectors import Boundary

SVG = "{http://www.w3.org/2000/svg}"


def square(west, south, east, north):
    return [[[(west, south), (east, south), (east, north), (west, north), (west, south)]]]


OUTLINES = frozen_outlines(
    [
        Boundary("CN-320000", "江苏省", "Jiangsu", "CN", square(116, 31, 122, 35), "invented square A"),
        Boundary("CN-630000", "青海省", "Qinghai", "CN", square(90, 32, 102, 39), "invented square B"),
        Boundary("CN-540000", "西藏自治区", "Tibet", "CN", square(79, 28, 90, 36), "invented square B"),
    ]
)
PLAIN = MapQuery()
MONTHS = ["2026-04", "2026-05", "2026-06"]


def figure(diverted, ch4=None, net=None):
    known = diverted is not None
    return {"sites_verified": int(known), "diverted_t": diverted, "ch4_avoided_t": ch4, "net_co2e_t": net}


def site(code, position, series, *, province="CN-320000", scenario="village", quality="meets", net=None):
    return {
        "code": code,
        "name_zh": f"{code}点",
        "name_en": f"Site <{code}>",
        "province": province,
        "city": f"{province[:-4]}0100",
        "scenario": scenario,
        "process": "windrow",
        "position": position,
        "classes": {"product_quality": {"code": quality}},
        "series": {"diverted_t": series, "ch4_avoided_t": [None] * 3, "net_co2e_t": [None, None, net]},
        "month": figure(series[-1], None, net),
        "year": figure(sum(v or 0 for v in series) if any(v is not None for v in series) else None),
        "total": figure(sum(v or 0 for v in series) if any(v is not None for v in series) else None),
    }


SITES = [
    site("a", (119.0, 32.0), [10.0, 20.0, 40.0], net=-3.0),
    site("b", (119.05, 32.05), [1.0, None, 2.0], scenario="park", quality="fails"),
    site("c", (96.0, 35.0), [None, 5.0, None], province="CN-630000", quality="untested"),
    site("d", None, [1.0, 1.0, 1.0]),
]


def document(sites=SITES, **release):
    return {
        "schema": 2,
        "release": {
            "number": 7,
            "month": "2026-06",
            "status": "restated",
            "revision": 1,
            "cut_off": "2026-07-15T00:00:00+00:00",
            "licence": "CC-BY-4.0",
            "invented": True,
            "citation": {"zh": "引用：测试网络。", "en": "Cite: test network."},
            **release,
        },
        "series_months": MONTHS,
        "provinces": [
            {"code": "CN-320000", "name_zh": "江苏省", "name_en": "Jiangsu"},
            {"code": "CN-630000", "name_zh": "青海省", "name_en": "Qinghai"},
        ],
        "classes": {
            "product_quality": {
                "name_zh": "产品质量记录",
                "name_en": "Product quality record",
                "classes": [
                    {"code": "meets", "name_zh": "达标", "name_en": "meets a standard"},
                    {"code": "fails", "name_zh": "不达标", "name_en": "fails"},
                    {"code": "untested", "name_zh": "无公开检测", "name_en": "no published test"},
                ],
            }
        },
        "sites": sites,
    }


def places(sites=SITES):
    return {
        "features": [
            {
                "properties": {"code": row["code"]},
                "geometry": {"type": "Point", "coordinates": row["position"]} if row["position"] else None,
            }
            for row in sites
        ]
    }


def words(svg: bytes) -> str:
    return " ".join(text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text"))


def plate(query=PLAIN, languages=("en",), sites=SITES):
    view = view_of(document(sites), places(sites), query)
    return make_plate(view, document(sites), ground_of(query, view.sites, OUTLINES), languages)


def test_the_files_are_the_same_bytes_each_time():
    for draw in (map_svg, map_png):
        assert draw(document(), places(), OUTLINES) == draw(document(), places(), OUTLINES)


def test_the_drawing_says_in_both_languages_what_it_is_and_where_it_comes_from():
    text = words(map_svg(document(), places(), OUTLINES))
    for expected in (
        *("减量", "2026年6月", "June 2026", "暂无数据", "no figure yet", "没有堆肥点", "no site"),
        *("第 7 号发布", "修订", "Release 7", "restated", "2026-07-15", "引用：测试网络。", "Cite: test network."),
        *("CC-BY-4.0", "虚构", "invented demonstration", "invented square A; invented square B", "南海", "settle no"),
        *("4 sites on this map, 3 with figures: 43", "Sites without a position", "Village", "村庄"),
    ):
        assert expected in text, expected
    assert "Natural Earth" not in text  # the outlines say themselves where they come from


def test_the_drawing_needs_nothing_from_outside_and_escapes_names():
    svg = map_svg(document(), places(), OUTLINES).decode()
    assert "<style" not in svg and "<script" not in svg and "style=" not in svg and "href" not in svg
    assert svg.count("http") == 1  # the name of the format
    root = ET.fromstring(svg)
    assert root.find(f"{SVG}title").text and root.find(f"{SVG}desc").text


def test_what_has_no_figure_is_hatched_and_what_is_below_zero_looks_different():
    svg = plate_svg(plate(), "en").decode()
    assert 'fill="url(#missing)"' in svg and 'fill="url(#below)"' not in svg
    below = plate_svg(plate(MapQuery(measure="net")), "en").decode()
    assert 'fill="url(#below)"' in below and "below zero" in below and "CO₂e" in below


def test_the_month_comes_from_the_series_and_the_legend_holds_for_all_months():
    view = view_of(document(), places(), MapQuery(month="2026-05"))
    assert [item.value for item in view.sites] == [20.0, None, 5.0, 1.0]
    assert {region.code: region.value for region in view.regions} == {"CN-320000": 21.0, "CN-630000": 5.0}
    assert view.bounds_of == view_of(document(), places(), MapQuery()).bounds_of
    assert view.peaks == (40.0, 2.0, 5.0, 1.0)
    assert "May 2026" in words(plate_svg(plate(MapQuery(month="2026-05")), "en"))


def test_sums_over_a_year_and_since_the_start_leave_out_what_is_not_known():
    rows = [site("a", (119.0, 32.0), [1.0, None, 4.0])]
    figures = document(rows)
    figures["series_months"] = ["2025-12", "2026-01", "2026-06"]
    for period, values in (("year", [1.0, None, 5.0]), ("total", [1.0, 1.0, 5.0])):
        months = ["2025-12", "2026-01"]
        found = [view_of(figures, places(rows), MapQuery(period=period, month=m)).sites[0].value for m in months]
        assert found == values[:2]


def test_a_release_without_series_shows_its_own_month_only():
    figures = document()
    del figures["series_months"]
    view = view_of(figures, places(), MapQuery(month="2026-05"))
    assert view.months == ("2026-06",) and view.month == "2026-06"


def test_colour_by_another_dimension_and_filters_are_named():
    query = MapQuery(colour="product_quality", classes=(("product_quality", "fails"),), province="CN-320000")
    text = words(plate_svg(plate(query), "en"))
    assert "Product quality record: fails" in text and "Jiangsu" in text and "1 sites on this map" in text


@pytest.mark.parametrize("sites", [[], [SITES[3]]])
def test_without_positions_the_picture_says_so(sites):
    svg, png = map_svg(document(sites), places(sites), OUTLINES), map_png(document(sites), places(sites), OUTLINES)
    assert "No site has a public position" in words(svg)
    assert Image.open(io.BytesIO(png)).size[0] == 1200


def test_the_picture_has_the_colours_of_land_marks_and_words():
    picture = Image.open(io.BytesIO(plate_png(plate()))).convert("RGB")
    colours = {colour for _, colour in picture.getcolors(1 << 24)}

    def near(wanted):
        rgb = tuple(int(wanted[n : n + 2], 16) for n in (1, 3, 5))
        return any(sum(abs(a - b) for a, b in zip(rgb, colour, strict=True)) < 24 for colour in colours)

    style, values = map_style(), view_of(document(), places(), PLAIN).bounds_of
    darkest = style.classes[len(class_breaks(values)) - 1]
    assert all(near(colour) for colour in (style.sea, darkest, style.empty, style.ink))


def test_a_camera_looks_closer_and_marks_part():
    far = plate_svg(plate(), "en").decode()
    close = plate_svg(plate(MapQuery(at=Camera(119.02, 32.02, 7.0))), "en").decode()
    assert ">2<" in far and ">2<" not in close


def test_long_lines_break_between_words_and_between_chinese_characters():
    assert wrapped("one two three", 10, 45) == ["one two", "three"]
    assert all(len(line) <= 6 for line in wrapped("边界经过简化，仅供示意。", 10, 60))
    assert not any(line.startswith(("，", "。")) for line in wrapped("边界经过简化，仅供示意。", 10, 60))


def test_the_net_of_a_site_that_is_not_verified_yet_counts_as_in_the_release():
    late = {**site("e", (119.0, 33.0), [1.0, 1.0, None]), "month": figure(None, 0.5, 0.25)}
    view = view_of(document([SITES[0], late]), {"features": []}, MapQuery(measure="net"))
    assert view.total == pytest.approx(-2.75)
    (shown,) = [one for one in view.sites if one.code == "e"]
    assert shown.value == 0.25 and shown.mass is None
