"""A result printed twice, dry and as received, is one test, judged by the figure on the limit's basis."""

from __future__ import annotations

import datetime as dt

import pytest

from standards.checking.explain import check_lines
from standards.library import selected
from standards.reading.readings import Line

DAY = dt.date(2026, 9, 1)


def verdicts(standard, *rows):
    lines = [Line("A", *row.split("|"), number=n) for n, row in enumerate(rows, 2)]
    answer = check_lines(lines, selected([standard], DAY))[0]
    return {one.indicator: (one.verdict, one.compared) for one in answer.indicators}


def test_rounding_of_the_figure_as_received_fails_nothing():
    """22.9 as received of 44.8 % dry matter is 51.1 dry, but the lab says 50 dry."""
    found = verdicts("CN-NYT525", "moisture|55.2|%|ar", "Pb|22.9|mg/kg|ar", "Pb|50|mg/kg|dm", "Cd|1.3|mg/kg|ar")
    assert found["Pb"] == ("pass", 50.0)
    assert found["Cd"][0] == "pass"


def test_the_figure_as_received_counts_for_a_limit_as_received():
    """7.5 % of the product meets 7.5 %; 16.7 % of the dry matter would be 7.48 %."""
    rows = ("dry matter|44.8|%|ar", "organic carbon|16.7|%|dm", "organic carbon|7.5|%|ar")
    assert verdicts("EU-FPR/PFC3A", *rows)["organic_carbon"] == ("pass", 7.5)
    assert verdicts("EU-FPR/PFC3A", *rows[:2])["organic_carbon"][0] == "fail"


def test_without_moisture_the_figure_on_the_own_basis_is_enough():
    assert verdicts("EU-FPR/PFC1AI", "Cd|1.5|mg/kg|dm", "Cd|0.67|mg/kg|ar")["Cd"] == ("pass", 1.5)
    assert verdicts("EU-FPR/PFC1AI", "Cd|1.6|mg/kg|dm", "Cd|0.67|mg/kg|ar")["Cd"][0] == "fail"


@pytest.mark.parametrize("other", ["Pb|60|mg/kg|ar", "Pb|45|mg/kg|ar"])
def test_two_figures_that_contradict_each_other_both_count(other):
    found = verdicts("CN-NYT525", "moisture|50|%|ar", "Pb|40|mg/kg|dm", other)
    assert found["Pb"][0] == "fail"


def test_two_rows_of_one_result_are_one_of_the_samples_of_a_plan():
    """Four results that are printed on both bases are four, and not eight of the five that are needed."""
    rows = [
        row for count in range(4) for row in (f"E. coli|{100 + count}|CFU/g|ar", f"E. coli|{200 + 2 * count}|CFU/g|dm")
    ]
    assert verdicts("EU-FPR/PFC3A", "moisture|50|%|ar", *rows)["E_coli"][0] == "cannot_tell"
    five = [*rows, "E. coli|90|CFU/g|ar"]
    assert verdicts("EU-FPR/PFC3A", "moisture|50|%|ar", *five)["E_coli"][0] == "pass"
