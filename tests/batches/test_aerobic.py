"""Which months' diaries show aerobic operation: read from the database, by the local day, corrections left out."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo

import pytest
from django.utils import timezone

from batches.impact.method import methods
from batches.models import DiaryEntry
from batches.selectors.aerobic import aerobic_months
from compostnet.shared.months import parse_month
from tests.batches.makers import make_batch

pytestmark = pytest.mark.django_db
WHEN = methods()["tool04_b_tool13_ar5_v1"].composting.aerobic.when
MAY = parse_month("2024-05")
SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.fixture
def diary(site):
    batch = make_batch(site, "B1")

    def write(kind, day, value=None, hour=12, **more):
        at = dt.datetime(2024, *day, hour, tzinfo=SHANGHAI)
        return DiaryEntry.objects.create(
            id=uuid.uuid4(), digest=uuid.uuid4(), site=site, batch=batch, kind=kind, observed_at=at, value=value,
            recorded_at=timezone.now(), **more,
        )  # fmt: skip

    return write


def shown(site):
    return aerobic_months(WHEN, {site.pk: 0}, MAY - 1, MAY + 1)[:, 0].tolist()


def good_may(diary):
    for day in (2, 9, 16, 23):
        diary("temperature", (5, day), 58.0 if day < 20 else 38.0)
    diary("turning", (5, 9))
    return diary("turning", (5, 16))


def test_a_month_with_heat_and_turnings_counts_and_its_neighbours_do_not(site, diary):
    good_may(diary)
    assert shown(site) == [False, True, False]


def test_without_a_diary_nothing_counts(site):
    assert shown(site) == [False, False, False]


def test_many_readings_of_one_day_are_one_day(site, diary):
    for hour in range(8, 20):
        diary("temperature", (5, 2), 60.0, hour=hour)
    diary("turning", (5, 9)), diary("turning", (5, 16))
    assert shown(site) == [False, False, False]


def test_one_reading_of_too_little_oxygen_is_enough_to_doubt(site, diary):
    good_may(diary)
    diary("oxygen", (5, 20), 12.0)
    assert shown(site)[1]
    diary("oxygen", (5, 21), 3.0)
    assert not shown(site)[1]


def test_what_was_corrected_away_does_not_count(site, diary):
    turning = good_may(diary)
    diary("note", (5, 16), supersedes=turning)
    assert shown(site) == [False, False, False]


def test_days_are_the_sites_own(site, diary):
    """Half past midnight on 1 June in Shanghai is still May in Greenwich."""
    for day in (2, 9, 16):
        diary("temperature", (5, day), 58.0)
    diary("turning", (5, 9)), diary("turning", (5, 16))
    diary("temperature", (6, 1), 58.0, hour=0)
    assert shown(site) == [False, False, False]
    diary("temperature", (5, 31), 58.0, hour=23)
    assert shown(site) == [False, True, False]
