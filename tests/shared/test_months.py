"""Months as integers: every month from 1900 to 2999, without overlap or gap."""

import calendar
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.months import first_day, last_day, month_of, month_text, parse_month

FIRST, LAST = 1900 * 12, 2999 * 12 + 11


def test_every_month_follows_the_one_before_and_reads_back():
    months = range(FIRST, LAST + 1)
    assert len(months) == 1100 * 12
    for month in months:
        first, last = first_day(month), last_day(month)
        assert (first.year, first.month, first.day) == (month // 12, month % 12 + 1, 1)
        assert last.day == calendar.monthrange(first.year, first.month)[1]
        assert first_day(month + 1) - last == dt.timedelta(days=1)
        assert month_of(first) == month_of(last) == month
        assert parse_month(month_text(month)) == month


@given(st.dates(dt.date(1900, 1, 1), dt.date(2999, 12, 31)))
def test_a_day_lies_in_its_month_and_in_no_other(day):
    month = month_of(day)
    assert first_day(month) <= day <= last_day(month)
    assert last_day(month - 1) < day < first_day(month + 1)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2999, 12, 31)), st.dates(dt.date(1900, 1, 1), dt.date(2999, 12, 31)))
def test_the_order_of_months_is_that_of_days(one, other):
    assert (month_of(one) < month_of(other)) == (last_day(month_of(one)) < first_day(month_of(other)))


@pytest.mark.parametrize(
    "text", ["", "2024", "2024-00", "2024-13", "1899-12", "3000-01", "2024-5", "2024-05-01", "05-2024", "2024-05x"]
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-MM"):
        parse_month(text)


@given(st.text(max_size=12))
def test_any_text_is_a_month_or_refused(text):
    try:
        month = parse_month(text)
    except ValueError:
        return
    assert FIRST <= month <= LAST
