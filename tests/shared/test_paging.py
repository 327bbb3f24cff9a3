"""Cursor paging: nothing repeated, nothing skipped, nothing guessed."""

import base64
import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compostnet.shared.paging import paginate
from compostnet.shared.problems import Problem
from sites.models import ApiToken, AuditRecord


@pytest.fixture
def records(make_user):
    """23 audit records, in groups of the same time."""
    user = make_user()
    made = []
    for number in range(23):
        record = AuditRecord.objects.create(actor=user, action=f"a{number}", object_type="x", object_id=str(number))
        made.append(record)
        at = dt.datetime(2024, 1, 1, 0, 0, number // 5, 123456, tzinfo=dt.UTC)
        AuditRecord.objects.filter(pk=record.pk).update(at=at)
    return AuditRecord.objects.all()


def walk(queryset, order, limit):
    seen, cursor = [], None
    while True:
        rows, cursor = paginate(queryset, order=order, cursor=cursor, limit=limit)
        seen += [row.pk for row in rows]
        if cursor is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 5, 22, 23, 24])
@pytest.mark.parametrize("order", [("-at", "id"), ("at", "-id"), ("action",), ("-actor__email", "at", "pk")])
def test_walking_the_pages_is_reading_the_list(records, order, limit):
    assert walk(records, order, limit) == [row.pk for row in records.order_by(*order)]


def test_a_row_that_comes_in_meanwhile_shifts_nothing(records):
    first, cursor = paginate(records, order=("-id",), limit=5)
    AuditRecord.objects.create(action="new", object_type="x", object_id="new")
    second, _ = paginate(AuditRecord.objects.all(), order=("-id",), cursor=cursor, limit=5)
    assert second[0].pk == first[-1].pk - 1


def test_a_cursor_fits_its_order_only(records):
    _, cursor = paginate(records, order=("-at", "id"), limit=5)
    with pytest.raises(Problem) as problem:
        paginate(records, order=("at", "id"), cursor=cursor)
    assert problem.value.code == "bad_cursor"


def test_the_limit_is_bounded(records):
    assert len(paginate(records, order=("id",), limit=0)[0]) == 1
    assert len(paginate(records, order=("id",), limit=10**9)[0]) == 23


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "====",
        encoded(None),
        encoded(["-at,id"]),
        encoded(["-at,id", "yesterday", 1]),
        encoded(["-at,id", "2024-01-01T00:00:00+00:00", "one"]),
        encoded(["-at,id", "2024-01-01T00:00:00+00:00", {}]),
        encoded(["-at,id", None, None]),
        encoded(["-at,id", "2024-01-01T00:00:00+00:00", 10**30]),
    ],
)
def test_made_up_cursors_are_refused(records, cursor):
    with pytest.raises(Problem) as problem:
        paginate(records, order=("-at", "id"), cursor=cursor)
    assert problem.value.code == "bad_cursor"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text(max_size=60))
def test_no_text_breaks_the_list(db, cursor):
    try:
        paginate(ApiToken.objects.all(), order=("-created_at", "id"), cursor=cursor)
    except Problem as problem:
        assert problem.code == "bad_cursor"
