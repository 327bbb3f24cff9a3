"""The temperature chart: gaps are gaps, what counts is shaded, and the table beside it says the same."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from standards.process.chart import process_chart, process_days
from standards.process.rules import HeatReading, check_process
from tests.shared.test_charts import SVG, assert_sound, drawings
from tests.standards.process_support import DAY, ZONE, at, day, diary, option, rule, turns

ROW_3 = rule(option(at_least="55", days="3", counting="consecutive"))
EU = rule(
    [
        option(id="a", at_least="70", days="3", counting="cumulative"),
        option(at_least="55", days="5", counting="cumulative"),
    ]
)


def drawn(readings, turnings=(), rules=(ROW_3,), *, days=10, language="en", **more):
    known = {"first_day": DAY, "last_day": day(days - 1), "zone": ZONE}
    results = [replace(one, standard="US-503") for one in check_process(readings, list(turnings), list(rules), **known)]
    chart = process_chart(readings, list(turnings), results, code="B1", language=language, **known, **more)
    return chart, process_days(readings, list(turnings), results, language=language, **known)


def words(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def test_no_reading_no_chart():
    chart, table = drawn([])
    assert chart is None and table == {"points": [], "days": []}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_on_it(language):
    readings = diary(P1=[30.0, 58.0, 59.0, 60.0, None, None, 41.0], P2=[28.0, 56.0, 57.0, 55.0, None, 50.0, 40.0])
    chart, table = drawn(readings, turns(2, 6), language=language)
    assert_sound(chart)
    for svg in drawings(chart):
        texts = words(svg)
        assert {"P1", "P2", "55 °C · US-503"} <= set(texts)
        assert {"zh-hans": "翻堆", "en": "turned"}[language] in texts
        assert {"zh-hans": "计入的天数（≥ 55 °C · US-503）", "en": "days that count (≥ 55 °C · US-503)"}[
            language
        ] in texts
        pieces = [p for p in svg.iter(f"{SVG}path") if "chart-line" in p.get("class", "")]
        assert len(pieces) == 3, "P1 in one piece before its gap and a lonely day, P2 in two"
        tips = [title.text for title in svg.iter(f"{SVG}title")]
        assert any("2026-03-02" in tip and "2026-03-04" in tip for tip in tips), "the counted days, with their dates"
        description = svg.find(f"{SVG}desc").text
        assert "60.0 °C" in description and "P1" in description and "2026-03-04" in description
    assert table["points"] == ["P1", "P2"]
    assert [one["counted"] for one in table["days"]] == [False, True, True, True] + [False] * 6
    assert [number for number, one in enumerate(table["days"]) if one["turned"]] == [2, 6]
    assert [number for number, one in enumerate(table["days"]) if one["missing"]] == [4, 7, 8, 9]
    assert table["days"][5]["low"] == [None, 50.0] and table["days"][5]["day"] == "2026-03-06"


def test_only_days_that_count_at_every_point_are_shaded():
    readings = diary(P1=[60.0] * 6, P2=[40.0] * 2 + [60.0] * 4)
    chart, table = drawn(readings)
    assert [one["counted"] for one in table["days"]][:6] == [False, False, True, True, True, True]
    apart = diary(P1=[60.0] * 2 + [40.0] * 4, P2=[40.0] * 4 + [60.0] * 2)
    chart, table = drawn(apart)
    assert not any(one["counted"] for one in table["days"])
    assert "fill-opacity" not in chart


def test_a_day_without_any_reading_is_hatched_and_named():
    chart, _ = drawn(diary(P1=[60.0, 60.0, None, 60.0], P2=[60.0, 60.0, None, 60.0]), days=4)
    for svg in drawings(chart):
        assert "no reading" in words(svg)
        assert (
            len(
                [
                    r
                    for r in svg.iter(f"{SVG}rect")
                    if r.find(f"{SVG}title") is not None and r.get("class") == "chart-gap"
                ]
            )
            == 1
        )
    whole, _ = drawn(diary(P1=[60.0] * 4), days=4)
    assert "no reading" not in whole


def test_a_batch_that_lies_for_a_year_is_not_drawn_for_a_year():
    _, table = drawn(diary(P1=[60.0] * 5), days=365)
    assert len(table["days"]) == 8


def test_more_points_than_colours_are_two_lines():
    readings = diary(**{f"P{n}": [50.0 + n, 60.0 + n] for n in range(9)})
    chart, table = drawn(readings, days=2)
    assert_sound(chart)
    for svg in drawings(chart):
        assert {"coldest of 9 points", "hottest of 9 points"} <= set(words(svg))
        assert "50 °C" in "".join(t.text.replace("\u00a0", " ") for t in svg.iter(f"{SVG}title"))
    assert len(table["points"]) == 9


def test_several_temperatures_share_one_entry_of_the_legend():
    chart, _ = drawn(diary(P1=[60.0] * 6), rules=[ROW_3, rule(option(at_least="40", days="3", counting="cumulative"))])
    for svg in drawings(chart):
        assert words(svg).count("temperatures asked for") == 1
        assert len([one for one in svg.iter(f"{SVG}line") if one.get("class") == "chart-threshold"]) == 3


def test_names_are_escaped_and_times_are_local():
    late = [HeatReading("<b>", dt.datetime(2026, 3, 1, 15, 59, tzinfo=dt.UTC), 60.0)]
    chart, table = drawn([*late, HeatReading("", at(1), 61.0)], days=2)
    assert "<b>" not in chart and table["points"] == ["point without a name", "<b>"]
    assert [one["low"] for one in table["days"]] == [[None, 60.0], [61.0, None]]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=8), st.lists(st.none() | st.floats(-60, 110), min_size=1, max_size=40), min_size=1, max_size=8
    ),
    st.lists(st.integers(0, 45), max_size=6),
    st.sampled_from(["zh-hans", "en"]),
)
def test_any_diary_makes_a_sound_drawing_and_a_whole_table(points, turned, language):
    readings = diary(**points)
    chart, table = drawn(readings, turns(*turned), [ROW_3, EU], days=46, language=language)
    if not readings:
        assert chart is None
        return
    assert_sound(chart)
    assert len(table["points"]) == len({one.point for one in readings})
    assert all(len(one["low"]) == len(table["points"]) for one in table["days"])
    assert sum(value is not None for one in table["days"] for value in one["low"]) == len(readings)
    assert not re.search(r"\bnan\b", str(table))
