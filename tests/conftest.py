"""What every test can use. The database is the one that COMPOSTNET_DATABASE names, SpatiaLite where it is empty."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# No deadline: two engines share two cores, so a slow example says nothing. In CI the examples are the same every time.
hypothesis.settings.register_profile("compostnet", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("compostnet")

# These bring an embedded database of their own, whatever the engine under test: once is enough.
collect_ignore = (
    ["test_run.py", "test_docs.py", "batches/test_tasks.py"] if os.environ.get("COMPOSTNET_DATABASE") else []
)


@pytest.fixture
def nanjing(db):
    """China, Jiangsu and Nanjing as regions without boundaries."""
    from sites.models import Region

    cn = Region.objects.create(code="CN", level=0, country="CN", name_zh="中国", name_en="China")
    js = Region.objects.create(
        code="CN-320000", parent=cn, level=1, country="CN", official_code="320000", name_zh="江苏省", name_en="Jiangsu"
    )
    return Region.objects.create(
        code="CN-320100", parent=js, level=2, country="CN", official_code="320100", name_zh="南京市", name_en="Nanjing"
    )


@pytest.fixture
def site(nanjing):
    """One site in Nanjing, open since January 2024."""
    from django.contrib.gis.geos import Point

    from sites.models import Site

    return Site.objects.create(
        code="lishui-1",
        name_zh="溧水一号堆肥点",
        name_en="Lishui one",
        region=nanjing,
        scenario="village",
        process="windrow",
        location=Point(119.03, 31.65, srid=4326),
        opened_on=dt.date(2024, 1, 1),
        climate_zone="temperate_wet",
    )


@pytest.fixture
def make_user(db):
    """``make_user("operator", site=site)``: a user with that role."""
    from sites.models import Membership, User

    def make(role: str | None = None, *, site=None, organisation=None, email: str | None = None):
        number = User.objects.count() + 1
        user = User.objects.create_user(
            email=email or f"{role or 'user'}{number}@example.org", password="a-long-password-1"
        )
        if role:
            Membership.objects.create(user=user, role=role, site=site, organisation=organisation)
        return user

    return make
