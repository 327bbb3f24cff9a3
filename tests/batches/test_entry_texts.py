"""Moments as people and devices write them: day, time and zone, or a refusal that names the text."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batches.entry_texts import Bad, read_moment

DAY = dt.date(2024, 5, 31)


@pytest.mark.parametrize(
    ("text", "clock", "zone"),
    [
        ("2024-05-31", None, None),
        ("2024-05-31 23:59", dt.time(23, 59), None),
        ("2024/5/31 7:05:09", dt.time(7, 5, 9), None),
        ("2024-05-31T23:30:00Z", dt.time(23, 30), dt.timedelta(0)),
        ("2024-05-31T23:30+08:00", dt.time(23, 30), dt.timedelta(hours=8)),
        ("2024-05-31T00:10-0930", dt.time(0, 10), -dt.timedelta(hours=9, minutes=30)),
    ],
)
def test_a_moment(text, clock, zone):
    day, time, found = read_moment("observed_at", text)
    assert (day, time) == (DAY, clock)
    assert (None if found is None else found.utcoffset(None)) == zone


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-31T08:00+99:00",
        "2024-05-31T08:00-24:00",
        "2024-05-31 25:00",
        "2024-05-31 08:60",
        "2024-05 08:00",
        "soon",
    ],
)
def test_an_impossible_time_or_zone_is_refused_and_not_taken_for_the_sites_own(text):
    assert isinstance(read_moment("observed_at", text), Bad)


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2099, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_what_a_machine_writes_is_read_back(moment, minutes):
    moment = moment.replace(microsecond=0, tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    day, clock, zone = read_moment("observed_at", moment.isoformat())
    assert dt.datetime.combine(day, clock, zone) == moment
