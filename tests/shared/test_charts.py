"""Charts: whatever the numbers, the drawing is valid, inside its box, legible, and never draws a gap as zero."""

from __future__ import annotations

import datetime as dt
import math
import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compostnet.shared.axes import nice_axis, spread_labels, text_width, tick_labels
from compostnet.shared.charts import Event, Series, Span, Threshold, bar_chart, line_chart, stacked_bar_chart
from compostnet.shared.display import format_month

SVG = "{http://www.w3.org/2000/svg}"
finite = st.floats(allow_nan=False, allow_infinity=False)
friendly = st.floats(min_value=-1e7, max_value=1e7)
anything = st.none() | finite | friendly | st.integers(-(10**9), 10**9) | st.just(math.nan) | st.just(math.inf)
labels = st.text(max_size=12) | st.sampled_from(
    ["24年5月", "May 24", "Inner Mongolia Autonomous Region", "内蒙古自治区"]
)
languages = st.sampled_from(["zh-hans", "en"])


def drawings(chart: str) -> list[ET.Element]:
    """The SVGs of a chart; fails when it is not well-formed XML."""
    return ET.fromstring(chart).findall(f"{SVG}svg")


def boxes_of_texts(svg: ET.Element) -> list[tuple[str, float, float, float, float]]:
    """Each visible text with its estimated left, top, right, bottom (letters 0.5 em, Chinese 1 em)."""
    found = []
    for text in svg.iter(f"{SVG}text"):
        if "chart-over" in text.get("class", ""):  # words laid over an empty plot on purpose
            continue
        words, size = text.text or "", float(text.get("font-size"))
        width = sum(1.0 if ord(c) > 0x2E7F else 0.5 for c in words) * size
        x, y = float(text.get("x")), float(text.get("y"))
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor")]
        found.append((words, left, y - size * 0.8, left + width, y + size * 0.1))
    return found


def assert_sound(chart: str) -> None:
    """Valid XML without NaN, everything inside the viewBox, no text over another, title and description there."""
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<(title|desc|text)[^>]*>.*?</\1>", "", chart, flags=re.S))
    svgs = drawings(chart)
    assert svgs
    for svg in svgs:
        _, _, width, height = map(float, svg.get("viewBox").split())
        title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
        assert svg.get("role") == "img"
        assert svg.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
        for shape in svg.iter():
            for name, limit in (("x", width), ("x1", width), ("x2", width), ("cx", width)):
                if shape.get(name) and "patternUnits" not in shape.attrib:
                    assert -0.01 <= float(shape.get(name)) <= limit + 0.01, (shape.tag, shape.attrib)
            for name, limit in (("y", height), ("y1", height), ("y2", height), ("cy", height)):
                if shape.get(name):
                    assert -0.01 <= float(shape.get(name)) <= limit + 0.01, (shape.tag, shape.attrib)
            if shape.tag == f"{SVG}rect":
                assert float(shape.get("width")) > 0 and float(shape.get("height")) > 0
                assert float(shape.get("x")) + float(shape.get("width")) <= width + 0.02
                assert float(shape.get("y")) + float(shape.get("height")) <= height + 0.02
            if shape.tag == f"{SVG}path" and "chart-line" in shape.get("class", ""):
                for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", shape.get("d")):
                    assert 0 <= float(x) <= width and 0 <= float(y) <= height
        texts = boxes_of_texts(svg)
        for words, left, top, right, bottom in texts:
            assert left >= -0.5 and right <= width + 0.5 and top >= -0.5 and bottom <= height + 0.5, words
        for (a, l1, t1, r1, b1), (b, l2, t2, r2, b2) in combinations(texts, 2):
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1, f"{a!r} lies over {b!r}"


@settings(max_examples=60, deadline=None)
@given(items=st.lists(st.tuples(labels, anything), max_size=30), unit=labels, language=languages, title=st.text())
def test_any_bars_make_a_sound_drawing(items, unit, language, title):
    assert_sound(bar_chart(items, title=title, description=title, unit=unit, language=language))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(labels, st.lists(anything, min_size=3, max_size=3)), max_size=20),
    names=st.lists(labels, min_size=3, max_size=3),
    language=languages,
)
def test_any_stacks_make_a_sound_drawing(rows, names, language):
    assert_sound(stacked_bar_chart(rows, names=names, title="a", description="b", unit="t", language=language))


@settings(max_examples=60, deadline=None)
@given(
    ys=st.lists(st.lists(anything, max_size=40), max_size=3),
    events=st.lists(st.tuples(st.integers(0, 3000), labels), max_size=6),
    thresholds=st.lists(st.tuples(friendly, labels), max_size=3),
    step=st.sampled_from([0.01, 1 / 24, 0.5, 1, 7, 31, 400]),
    spans=st.lists(st.tuples(st.floats(-9, 2000), st.floats(0, 900), labels, st.booleans()), max_size=3),
    distinct=st.booleans(),
    language=languages,
)
def test_any_lines_over_time_make_a_sound_drawing(ys, events, thresholds, step, spans, distinct, language):
    start = dt.datetime(2024, 2, 27, 7, 30, tzinfo=dt.UTC)
    series = [
        Series(f"s{n}", [(start + dt.timedelta(days=step * i), y) for i, y in enumerate(values)])
        for n, values in enumerate(ys)
    ]
    chart = line_chart(
        series,
        title="a",
        description="b",
        unit="°C",
        language=language,
        events=[Event(start + dt.timedelta(days=days), label) for days, label in events],
        thresholds=[Threshold(value, label) for value, label in thresholds],
        spans=[
            Span(start + dt.timedelta(days=first), start + dt.timedelta(days=first + length), label, missing)
            for first, length, label, missing in spans
        ],
        distinct=distinct,
    )
    assert_sound(chart)


@settings(max_examples=40, deadline=None)
@given(points=st.lists(st.tuples(finite, anything), max_size=20), language=languages)
def test_any_lines_over_numbers_make_a_sound_drawing(points, language):
    points = sorted(points, key=lambda point: point[0])
    assert_sound(line_chart([Series("a", points)], title="a", description="b", unit="%", language=language))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("count", [1, 2, 12, 24, 240])
@pytest.mark.parametrize("width", [None, 320, 390, 1280])
def test_months_on_any_screen(language, count, width):
    """240 months are as legible as one, and some of the labels are really there."""
    items = [(format_month(24288 + n, language, short=True), 400.0 + n) for n in range(count)]
    chart = bar_chart(items, title="a", description="b", unit="t", language=language, width=width)
    assert_sound(chart)
    lines = line_chart(
        [Series("a", [(24288 + n, float(n)) for n in range(count)])],
        title="a",
        description="b",
        unit="t",
        language=language,
        x_is_month=True,
        width=width,
    )
    assert_sound(lines)
    for drawing in (*drawings(chart), *drawings(lines)):
        words = {text.text for text in drawing.iter(f"{SVG}text")}
        assert len(words & {label for label, _ in items}) >= min(count, 3 if count < 240 else 2)


def bars(svg: ET.Element) -> list[ET.Element]:
    return [r for r in svg.iter(f"{SVG}rect") if re.match(r"chart-(\d|negative)$", r.get("class", ""))]


def test_a_bar_is_as_high_as_its_value():
    chart = bar_chart([("a", 50.0), ("b", 100.0), ("c", -25.0)], title="", description="", unit="t", language="en")
    for svg in drawings(chart):
        a, b, c = (float(bar.get("height")) for bar in bars(svg))
        assert b / a == pytest.approx(2, abs=0.01) and c / a == pytest.approx(0.5, abs=0.01)
        assert bars(svg)[2].get("class") == "chart-negative"


def test_not_known_is_hatched_and_zero_is_drawn():
    """A gap carries its explanation and no bar; a zero has a bar with its number. They never look the same."""
    chart = bar_chart([("a", None), ("b", 0.0), ("c", 3.0)], title="", description="", unit="t", language="zh-hans")
    for svg in drawings(chart):
        gaps = [r for r in svg.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None and "gap" in r.get("class")]
        assert [gap.find(f"{SVG}title").text for gap in gaps] == ["未估算"]
        assert [bar.find(f"{SVG}title").text for bar in bars(svg)] == ["b: 0\u00a0t", "c: 3\u00a0t"]
    full = bar_chart([("b", 0.0)], title="", description="", unit="t", language="zh-hans")
    assert "未估算" not in full


def test_parts_stack_on_each_other():
    chart = stacked_bar_chart(
        [("a", (30.0, 70.0))], names=("x", "y"), title="", description="", unit="t", language="en"
    )
    for svg in drawings(chart):
        lower, upper = [r for r in bars(svg) if r.find(f"{SVG}title") is not None]
        assert float(upper.get("y")) + float(upper.get("height")) == pytest.approx(float(lower.get("y")), abs=0.02)
        assert float(upper.get("height")) / float(lower.get("height")) == pytest.approx(7 / 3, abs=0.02)


def test_a_line_breaks_at_a_gap():
    day = dt.date(2024, 5, 1)
    points = [(day + dt.timedelta(days=n), y) for n, y in enumerate([20.0, 30.0, None, 50.0, 60.0, None, 40.0])]
    for svg in drawings(line_chart([Series("a", points)], title="", description="", unit="°C", language="en")):
        pieces = [p for p in svg.iter(f"{SVG}path") if "chart-line" in p.get("class", "")]
        assert [piece.get("d").count("L") for piece in pieces] == [1, 1]
        assert len(list(svg.iter(f"{SVG}circle"))) == 5


def test_events_stand_at_their_time_and_share_one_legend_entry():
    day = dt.date(2024, 5, 1)
    points = [(day + dt.timedelta(days=n), 20.0 + n) for n in range(11)]
    turned = [Event(day + dt.timedelta(days=5), "Turned"), Event(day + dt.timedelta(days=10), "Turned")]
    for svg in drawings(
        line_chart([Series("a", points)], title="", description="", unit="°C", language="en", events=turned)
    ):
        marks = [float(m.get("x1")) for m in svg.iter(f"{SVG}line") if m.get("class") == "chart-event"]
        dots = [float(c.get("cx")) for c in svg.iter(f"{SVG}circle")]
        assert marks == [dots[5], dots[10]]
        assert [t.text for t in svg.iter(f"{SVG}text")].count("Turned") == 1


def test_spans_lie_behind_the_lines_where_their_time_is():
    day = dt.date(2024, 5, 1)
    points = [(day + dt.timedelta(days=n), 20.0 + n) for n in range(11)]
    spans = [Span(points[2][0], points[6][0], "Hot"), Span(points[7][0], points[9][0], "No reading", missing=True)]
    for svg in drawings(
        line_chart([Series("a", points)], title="", description="", unit="°C", language="en", spans=spans)
    ):
        dots = [float(c.get("cx")) for c in svg.iter(f"{SVG}circle")]
        shaded = [r for r in svg.iter(f"{SVG}rect") if r.get("fill-opacity") and r.find(f"{SVG}title") is not None]
        assert [(float(r.get("x")), float(r.get("x")) + float(r.get("width"))) for r in shaded] == [
            (pytest.approx(dots[2], abs=0.02), pytest.approx(dots[6], abs=0.02))
        ]
        hatched = [
            r for r in svg.iter(f"{SVG}rect") if "chart-gap" in r.get("class", "") and float(r.get("width")) > 20
        ]
        assert len(hatched) == 1 and dots[6] < float(hatched[0].get("x")) < dots[8]
        assert {"Hot", "No reading"} <= {t.text for t in svg.iter(f"{SVG}text")}
        order = [shape.tag for shape in svg]
        assert list(svg).index(shaded[0]) < order.index(f"{SVG}circle"), "behind the line"


def test_distinct_lines_differ_without_their_colour():
    day = dt.date(2024, 5, 1)
    for count in (5, 200):
        lines = [
            Series(f"P{n}", [(day + dt.timedelta(days=d), 20.0 + n + d % 3) for d in range(count)]) for n in range(6)
        ]
        for svg in drawings(line_chart(lines, title="", description="", unit="°C", language="en", distinct=True)):
            strokes = [p for p in svg.iter(f"{SVG}path") if "chart-line" in p.get("class", "")]
            assert len({p.get("stroke-dasharray") for p in strokes}) == 6
            dots = [p for p in svg.iter(f"{SVG}path") if "chart-dot" in p.get("class", "")]
            assert len({re.sub(r"M[-\d.]+ [-\d.]+", "", p.get("d")) for p in dots}) == 6
            assert len(dots) <= 6 * 61, "not so many that they hide the lines"


def test_texts_are_escaped_and_control_characters_left_out():
    chart = bar_chart(
        [('<script>alert("1")</script>\x00\ud800', 1.0)], title="<b>", description="&", unit="<i>", language="en"
    )
    assert "<script>" not in chart and "<b>" not in chart
    assert_sound(chart)


def test_django_prints_a_chart_without_escaping():
    from django.template import Context, Template

    chart = bar_chart([("a", 1.0)], title="t", description="d", unit="t", language="en")
    assert Template("{{ chart }}").render(Context({"chart": chart})) == str(chart)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(finite, min_size=1, max_size=10), zero=st.booleans())
def test_an_axis_holds_its_values_with_few_round_ticks(values, zero):
    values = [max(-1e300, min(1e300, v)) for v in values]
    axis = nice_axis(values, with_zero=zero)
    if max(map(abs, values)) >= 1e-12:
        slack = (axis.high - axis.low) * 1e-6
        assert axis.low - slack <= min(values) and max(values) <= axis.high + slack
    assert 2 <= len(axis.ticks) <= 9
    assert all(a < b for a, b in zip(axis.ticks, axis.ticks[1:], strict=False))
    assert not zero or axis.low <= 0 <= axis.high


@pytest.mark.parametrize(
    ("values", "language", "expected"),
    [
        ([0, 432], "en", ["0", "100", "200", "300", "400", "500"]),
        ([0, 6_000_000], "en", ["0", "2\u00a0M", "4\u00a0M", "6\u00a0M"]),
        ([0, 6_000_000], "zh-hans", ["0", "200\u00a0万", "400\u00a0万", "600\u00a0万"]),
        ([-3, 0.5], "en", ["−3", "−2", "−1", "0", "1"]),
        ([0, 1.1], "en", ["0", "0.25", "0.50", "0.75", "1.00", "1.25"]),
    ],
)
def test_ticks_in_words(values, language, expected):
    assert tick_labels(nice_axis(values), language) == expected


@settings(max_examples=100, deadline=None)
@given(count=st.integers(1, 300), width=st.integers(100, 1200), label=labels)
def test_spread_labels_keep_apart(count, width, label):
    places = [(n + 0.5) * width / count for n in range(count)]
    chosen = spread_labels(places, [label] * count, size=13, low=0, high=width, gap=4)
    half = text_width(label, 13) / 2
    assert chosen
    assert all(b - a >= 2 * half + 4 - 1e-6 for (a, _), (b, _) in pairwise(chosen))
