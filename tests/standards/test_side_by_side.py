"""The library in words and side by side: nothing is lost, nothing is said twice, both languages."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.rules import RuleFileError, load_rule
from compostnet.shared.scatter import Line as LimitLine
from compostnet.shared.scatter import Measured, scatter_chart
from compostnet.shared.texts import Message
from standards.catalogue import describe
from standards.catalogue.countries import CountryFile, by_region, places, region_of
from standards.catalogue.side_by_side import Heading, Row, side_by_side
from standards.library import library, rule_sets
from standards.process.schema import Frequency, HeatOption
from standards.reading.lab_sheets import read_pasted
from standards.reading.readings import Line
from standards.reading.written import lines_as_csv

DAY = dt.date(2026, 6, 1)
EDITIONS = [
    pytest.param(standard, edition, id=f"{standard.code}-{edition.edition}")
    for standard in library().values()
    for edition in standard.editions
]


@pytest.mark.parametrize("standard,edition", EDITIONS)
def test_every_limit_of_every_class_stands_in_one_row(standard, edition):
    sets = rule_sets(standard, edition.valid_from)
    lines = side_by_side(sets)
    rows = [line for line in lines if isinstance(line, Row)]
    for rules in sets:
        shown = Counter(row.cells[rules.code].id for row in rows if rules.code in row.cells)
        assert shown == Counter(limit.id for limit in rules.limits)
    for row in rows:
        assert len({limit.indicator for limit in row.limits}) == 1
        assert len({limit.basis for limit in row.limits}) == 1


@pytest.mark.parametrize("standard,edition", EDITIONS)
def test_a_group_keeps_its_rows_together(standard, edition):
    """The rows under a heading follow it, one step further in, until something stands as far out as the heading."""
    lines = side_by_side(rule_sets(standard, edition.valid_from))
    for number, line in enumerate(lines):
        if isinstance(line, Heading):
            assert number + 1 < len(lines) and lines[number + 1].depth == line.depth + 1


def test_classes_share_a_row_where_they_limit_the_same_thing():
    rows = [line for line in side_by_side(rule_sets(library()["EU-FPR"], DAY)) if isinstance(line, Row)]
    cadmium = [row for row in rows if row.first.indicator == "Cd"]
    assert len(cadmium) == 1
    assert {code: str(limit.value) for code, limit in cadmium[0].cells.items() if code != "EU-FPR/PFC4"} == {
        "EU-FPR/PFC1AI": "1.5",
        "EU-FPR/PFC3A": "2",
    }


def test_everything_in_the_library_has_words_in_both_languages():
    said = []
    for standard in library().values():
        for edition in standard.editions:
            for rules in rule_sets(standard, edition.valid_from):
                for limit in rules.limits:
                    said += [describe.plan_words(limit), describe.statistic_words(limit), describe.limit_words(limit)]
                    said += [describe.condition_words(one) for one in limit.when]
                for rule in rules.process:
                    said += [describe.condition_words(one) for one in rule.when]
                    for option in rule.any_of:
                        said += [*describe.heat_words(option), *describe.system_words(option)]
            said += [describe.conversion_words(one) for one in edition.conversions]
            if edition.sampling:
                said += describe.sampling_words(edition.sampling)
                said += [words for words, _ in describe.frequency_rows(edition.sampling.yearly)]
    messages = [one for one in said if isinstance(one, Message)]
    assert len(messages) > 100
    for message in messages:
        zh, en = message.render("zh-hans"), message.render("en")
        assert zh.strip() and en.strip() and "{" not in zh + en


def test_a_way_to_heat_says_all_that_it_asks():
    option = HeatOption(
        id="a", at_least="55", strict=True, days="15", counting="consecutive", turnings=5, days_per_turning="3",
        points="any", daily="mean", average_above="45",
    )  # fmt: skip
    words = " ".join(one.render("en") for one in describe.heat_words(option))
    for part in (
        "> 55 °C",
        "15 days in a row",
        "5 times",
        "3 hot days",
        "one measuring point",
        "mean of each day",
        "45",
    ):
        assert part in words


def test_a_frequency_table_leaves_no_gap():
    steps = (Frequency(up_to_t="1000", samples=1), Frequency(up_to_t="20000", samples=4), Frequency(samples=12))
    rows = [(words.render("en"), samples) for words, samples in describe.frequency_rows(steps)]
    assert rows == [("up to 1000 t", 1), ("1000–20\u202f000 t", 4), ("over 20\u202f000 t", 12)]


def test_every_standard_has_a_region_and_a_named_country():
    grouped = by_region(library().values())
    assert sorted(one.code for ones in grouped.values() for one in ones) == sorted(library())
    assert {one.country for one in library().values()} <= set(places().countries)
    assert region_of("XF") == list(places().regions)[-1]


def test_a_region_with_a_country_that_has_no_name_is_refused(tmp_path):
    path = tmp_path / "countries.yaml"
    path.write_text("regions: {a: {name: {zh: 甲, en: A}, countries: [QQ]}}\ncountries: {CN: {zh: 中国, en: China}}\n")
    with pytest.raises(RuleFileError, match="QQ"):
        load_rule(path, CountryFile)


cell = st.text(st.characters(categories=["L", "N"], include_characters=" ,;.%<±()\"'"), max_size=12).map(str.strip)


@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8))
def test_a_sheet_written_again_reads_the_same(rows):
    given_lines = [
        Line("A-1", f"铅{number} {name}".strip(), f"1{value}", "mg/kg", "dm", f"n{note}", number + 2, "0.5")
        for number, (name, value, note) in enumerate(rows)
    ]
    again = read_pasted(lines_as_csv(given_lines))
    key = [(one.sample, one.indicator, one.value, one.unit, one.basis, one.note, one.uncertainty) for one in again]
    assert key == [(o.sample, o.indicator, o.value, o.unit, o.basis, o.note, o.uncertainty) for o in given_lines]


def test_a_scatter_draws_values_bounds_and_ranges_differently():
    day = dt.date(2026, 1, 1)
    points = [
        Measured(day, 5, 5, "a"),
        Measured(day, None, 2, "b"),
        Measured(day, 9, None, "c"),
        Measured(day, 3, 7, "d"),
    ]
    assert [point.kind for point in points] == ["value", "below", "above", "range"]
    lines = [LimitLine(50, "≤", "X"), LimitLine(50, "≤", "Y"), LimitLine(3, "≥", "Z<")]
    drawing = scatter_chart(points, title="t", description="d", unit="mg/kg", language="en", lines=lines, width=600)
    assert drawing.count("chart-dot") == 2 and drawing.count("chart-arrow") == 4  # each once more in the legend
    assert "≤ 50 X, Y" in drawing and "≥ 3 Z&lt;" in drawing
    assert "chart-limit-1" in drawing and "chart-limit-2" in drawing
    for words in ("a 2026-01-01: 5", "b 2026-01-01: ≤ 2", "c 2026-01-01: ≥ 9", "d 2026-01-01: 3–7"):
        assert words in drawing


def test_a_scatter_of_many_points_stays_small():
    day = dt.date(2024, 1, 1)
    points = [Measured(day + dt.timedelta(days=n % 900), n / 7, n / 7, "x") for n in range(5000)]
    drawing = scatter_chart(points, title="t", description="d", unit="", language="en", width=600)
    assert drawing.count("<path") < 20 and len(drawing) < 400_000
    assert "nothing recorded yet" in scatter_chart([], title="t", description="d", unit="", language="en", width=600)
