"""The checks that run before a month is verified."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from batches.checks import FILE, Balance, far_above_habit, months_named, read_checks
from compostnet.shared.months import parse_month
from compostnet.shared.rules import RuleFileError


def outliers(rows, asked):
    site, material, month, mass = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return [found.index for found in far_above_habit(site, material, month, mass, asked)]


STEADY = [(1, 0, month, 100) for month in range(10, 16)]


def test_a_mass_a_hundred_times_too_large_is_found():
    rows = [*STEADY, (1, 0, 16, 110), (1, 0, 16, 10_000)]
    assert outliers(rows, {(1, 16)}) == [len(rows) - 1]


def test_the_threshold_itself_counts_and_just_below_does_not():
    assert outliers([*STEADY, (1, 0, 16, 2000)], {(1, 16)}) == [6]
    assert outliers([*STEADY, (1, 0, 16, 1999)], {(1, 16)}) == []


def test_only_asked_months_are_judged_and_only_by_earlier_ones():
    rows = [*STEADY, (1, 0, 16, 10_000), (1, 0, 17, 100)]
    assert outliers(rows, {(1, 17), (2, 16)}) == []
    assert outliers(rows[::-1], {(1, 16), (1, 10)}) == [1]


def test_another_material_or_site_is_another_habit():
    assert outliers([*STEADY, (1, 7, 16, 10_000), (2, 0, 16, 10_000)], {(1, 16), (2, 16)}) == []


def test_too_few_earlier_entries_make_no_habit():
    assert outliers([*STEADY[:4], (1, 0, 16, 10_000)], {(1, 16)}) == []
    assert outliers([*STEADY[:5], (1, 0, 16, 10_000)], {(1, 16)}) == [5]


def test_balance_lets_two_percent_pass():
    assert not Balance(100_000, 102_000).is_above
    assert Balance(100_000, 102_001).is_above
    assert Balance(0, 1).is_above
    assert not Balance(0, 0).is_above


@pytest.mark.parametrize("text", ["2024-05-01", "2024 / 5", "2024/05", "2024.5.31", "202405", "2024年5月", "2024 / 05"])
def test_the_month_of_a_refused_row_is_found(text):
    assert months_named({"日期": text, "数量": "12.5"}) == {parse_month("2024-05")}


def test_a_number_or_nothing_names_no_month():
    assert months_named({"a": "1234.5", "b": "", "c": "99999999", "d": "food"}) == set()


def test_a_threshold_without_source_is_refused(tmp_path):
    raw = yaml.safe_load(FILE.read_text())
    raw["mass_far_above_habit"]["times"]["source"] = "hearsay"
    path = tmp_path / "checks.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(RuleFileError, match=r"mass_far_above_habit\.times\.source"):
        read_checks(path)
