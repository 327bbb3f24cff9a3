"""Process rules of a real batch: its own diary, in constant queries, over the API and on the page."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from batches.models import Batch, DiaryEntry
from batches.services.entries import DiaryInput, store_diary_entries
from batches.services.logbook import correct_diary_entry, void_diary_entry
from sites.models import Region, Site
from sites.permissions import CONSOLE
from sites.vocabulary import processes
from standards.models import Sample
from standards.process.rules import process_rules
from standards.selectors.process import batch_diary, batch_process, process_rule_sets
from standards.views.process_parts import process_context

START = dt.date(2026, 3, 1)
ZONE = ZoneInfo("Asia/Shanghai")
AS_OF = dt.date(2026, 6, 1)


@pytest.fixture
def batch(db):
    region = Region.objects.create(code="CN", level=0, country="CN", name_zh="中国", name_en="China")
    site = Site.objects.create(
        code="garden", name_zh="花园", name_en="Garden", region=region, scenario="village", process="windrow",
        opened_on=START,
    )  # fmt: skip
    return Batch.objects.create(
        site=site, code="B1", process="windrow", started_on=START, state="finished", finished_on=dt.date(2026, 3, 31)
    )


def record(batch, *rows):
    """``(day, kind, value, unit, point)`` at eight in the morning; answers the ids."""
    inputs = [
        DiaryInput(
            id=str(uuid.uuid4()),
            site=batch.site.code,
            batch=batch.code,
            kind=kind,
            observed_at=f"{(START + dt.timedelta(days=day)).isoformat()} 08:00",
            value=value,
            unit=unit,
            point=point,
        )
        for day, kind, value, unit, point in rows
    ]
    receipts = store_diary_entries(actor=CONSOLE, inputs=inputs)
    assert {one.outcome for one in receipts} == {"stored"}, receipts
    return [one.id for one in inputs]


def heat(days, value="60", unit="°C", point="中心"):
    return [(day, "temperature", value, unit, point) for day in days]


def turned(*days):
    return [(day, "turning", "", "", "") for day in days]


def verdict_of(batch, code="US-503/CLASSA", rule="pfrp"):
    results = batch_process(batch, process_rule_sets([code], AS_OF))
    return next(one for one in results if one.rule.id == rule)


def test_fahrenheit_is_stored_as_celsius_and_131_is_55(batch):
    record(batch, *heat(range(15), "131", "°F"), *turned(2, 5, 8, 11, 14))
    assert set(DiaryEntry.objects.filter(kind="temperature").values_list("value", flat=True)) == {55.0}
    assert verdict_of(batch).verdict == "pass"


def test_130_fahrenheit_is_not_55_celsius(batch):
    record(batch, *heat(range(14), "131", "°F"), *heat([14], "130", "F"), *turned(2, 5, 8, 11, 14))
    record(batch, *heat(range(15, 31), "80", "°F"))
    assert verdict_of(batch).verdict == "fail"
    assert "14 days in a row" in verdict_of(batch).reason.render("en")


def test_what_was_corrected_or_struck_out_never_counts(batch):
    ids = record(batch, *heat(range(31)), *turned(2, 5, 8, 11, 14))
    assert verdict_of(batch).verdict == "pass"
    for number in (7, 15, 23):
        entry = DiaryEntry.objects.get(pk=ids[number])
        receipt = correct_diary_entry(actor=CONSOLE, entry=entry, value="40", reason="wrong probe")
        assert receipt.outcome == "stored"
    cold = verdict_of(batch)
    assert cold.verdict == "fail" and max(one.amount for one in cold.periods) == 7
    turning = DiaryEntry.objects.get(pk=ids[-1])
    void_diary_entry(actor=CONSOLE, entry=turning, reason="another batch")
    assert len(batch_diary(batch).turnings) == 4
    hot = DiaryEntry.objects.get(pk=ids[0])
    void_diary_entry(actor=CONSOLE, entry=hot, reason="another batch")
    assert len(batch_diary(batch).readings) == 30


def test_a_point_at_two_depths_is_two_points(batch):
    record(batch, *heat(range(3)))
    DiaryEntry.objects.filter(observed_at__day__gte=2).update(depth_cm=50)
    assert {one.point for one in batch_diary(batch).readings} == {"中心", "中心 50 cm"}


def test_what_is_measured_beside_the_heap_is_not_of_the_heap(batch):
    record(batch, *heat(range(31)), *heat(range(31), "12", point="环境"), *turned(2, 5, 8, 11, 14))
    record(batch, *heat([0], "12", point=" Ambient"))
    assert verdict_of(batch).verdict == "pass"
    found = batch_diary(batch)
    assert len(found.readings) == 31 and [name.strip() for name in found.outside] == ["Ambient", "环境"]
    with translation.override("en"):
        page = render_to_string("standards/_process.html", process_context(batch, [], "en"))
    assert "Not in the heap, so not counted: " in page


def test_the_batchs_process_says_which_way_applies(batch):
    record(batch, *heat(range(31)), *turned(2))
    assert verdict_of(batch).verdict == "fail", "a windrow turned once"
    batch.process = "aerated_pile"
    assert verdict_of(batch).verdict == "pass"
    batch.process = "vermicompost"
    assert verdict_of(batch).reason.code == "process_no_way"
    batch.process = batch.site.process = "something else"
    assert verdict_of(batch).reason.code == "process_system_unknown"
    batch.process, batch.site.process = "", "in_vessel"
    assert verdict_of(batch).verdict == "pass", "the site's way where the batch names none"


def test_every_process_of_the_platform_is_mapped():
    assert set(process_rules().systems) == set(processes())


def test_facts_come_from_the_latest_sample(batch):
    record(batch, *heat(range(31), "30"))
    code, rule = "AU-AS4454", "pasteurisation"
    assert verdict_of(batch, code, rule).verdict == "cannot_tell"
    Sample.objects.create(batch=batch, code="S1", taken_on=START, facts={"feedstock": "garden_waste"})
    assert verdict_of(batch, code, rule).verdict == "fail"
    Sample.objects.create(
        batch=batch, code="S2", taken_on=START + dt.timedelta(days=9), facts={"feedstock": "kitchen_waste"}
    )
    assert verdict_of(batch, code, rule).verdict == "not_applicable"


def test_a_working_batch_has_not_failed(batch):
    record(batch, *heat(range(31), "30"))
    assert verdict_of(batch).verdict == "fail"
    batch.state, batch.finished_on = "composting", None
    assert verdict_of(batch).reason.code == "process_not_yet"
    assert batch_diary(batch).last_day == timezone.now().astimezone(ZONE).date()
    batch.state = "curing"
    assert not batch_diary(batch).running


def test_shared_rules_are_told_once(batch):
    results = batch_process(batch, process_rule_sets(["all"], AS_OF))
    keys = [(one.standard, one.rule.id) for one in results]
    assert len(keys) == len(set(keys)) > 10
    assert {one.standard for one in results} >= {"CN-GB7959", "US-503", "DE-BIOABFV"}
    assert {one.verdict for one in results} == {"not_tested", "not_applicable"} - (
        set() if any(one.verdict == "not_applicable" for one in results) else {"not_applicable"}
    )
    assert process_rule_sets(["US-503/T1"], AS_OF) == [], "metals only"


def test_as_many_queries_for_many_entries_as_for_few(batch, django_assert_num_queries):
    batch = Batch.objects.select_related("site").get(pk=batch.pk)
    sets = process_rule_sets(["all"], AS_OF)
    with django_assert_num_queries(2):
        batch_process(batch, sets)
    record(batch, *heat(range(31)), *heat(range(31), point="边缘"), *turned(2, 5, 8, 11, 14))
    with django_assert_num_queries(2):
        process_context(batch, sets, "en")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_parts(batch, language):
    ids = record(
        batch,
        *heat(range(20)),
        *heat(range(19), "56", point="边缘 <b>"),
        *turned(2, 5, 8, 11, 14),
        (3, "moisture", "72", "%", ""),
        (4, "smell", "4", "", ""),
    )
    assert ids
    codes = ["US-503/CLASSA", "DE-BIOABFV", "CN-GB7959"]
    with translation.override(language):
        context = process_context(batch, process_rule_sets(codes, AS_OF), language)
        page = render_to_string("standards/_process.html", context)
        advice = render_to_string("standards/_advice.html", context)
    assert [row["verdict"] for row in context["process"] if row["rule"] == "pfrp"] == ["pass"]
    assert len(context["process_days"]["days"]) == 23 and context["process_days"]["points"] == ["中心", "边缘 <b>"]
    assert {one["id"] for one in context["advice"]} >= {"heap_wet", "odour"}
    for text in (page, advice):
        assert "<b>" not in text.replace("&lt;b&gt;", "") and "style=" not in text
    assert page.count("<svg") == 3 and 'role="img"' in page
    assert ("翻堆" if language == "zh-hans" else "turned") in page
    assert ("暂定" if language == "zh-hans" else "provisional") in page, "GB 7959 is grade C"
    if language == "zh-hans":
        for english in ("Heat and turning", "The days as a table", "no reading", "Asked", "Because:", "Each way"):
            assert english not in page + advice
    nothing = render_to_string("standards/_advice.html", {"advice": []})
    assert nothing.strip() == ""


def test_a_batch_without_readings_says_so(batch):
    context = process_context(batch, process_rule_sets(["CN-GB7959"], AS_OF), "en")
    assert context["process_chart"] is None and context["process_days"]["days"] == []
    assert [row["verdict"] for row in context["process"]] == ["not_tested"]
    assert [one["id"] for one in context["advice"]] == ["measure"]
    with translation.override("en"):
        assert "No temperature" in render_to_string("standards/_process.html", context)


def test_over_the_api(batch, client, django_user_model):
    person = django_user_model.objects.create_user(email="a@example.org", password="a-long-password-1")
    person.memberships.create(role="operator", site=batch.site)
    record(batch, *heat(range(13)), *turned(2, 5, 7, 9, 11))
    address = f"/api/v1/batches/{batch.pk}/process"
    assert client.get(address).status_code == 401
    client.force_login(person)
    found = client.get(address, {"standard": ["US-503/CLASSA", "DE-BIOABFV"], "as_of": "2026-06-01"}).json()
    assert {one["standard"] for one in found["results"]} == {"US-503", "DE-BIOABFV"}
    one = next(one for one in found["results"] if one["rule"] == "pfrp")
    assert one["verdict"] == "cannot_tell" and one["options"][1]["points"][0]["days"] == 13
    assert one["options"][1]["points"][0]["missing"] == [["2026-03-14", "2026-03-15"]]
    assert found["systems"] == ["windrow"] and found["running"] is False
    assert [piece["id"] for piece in found["advice"]] == ["measure"]
    unknown = client.get(address, {"standard": "XX-NONE"})
    assert unknown.status_code in (404, 422) and "XX-NONE" in unknown.json()["detail"]
    assert client.get(f"/api/v1/batches/{uuid.uuid4()}/process").status_code == 404


def test_thousands_of_readings_are_read_at_once(batch):
    start = dt.datetime.combine(START, dt.time(), ZONE)
    now = timezone.now()
    DiaryEntry.objects.bulk_create(
        [
            DiaryEntry(
                id=uuid.uuid4(), digest=uuid.uuid4(), site=batch.site, batch=batch, recorded_at=now,
                kind="temperature", observed_at=start + dt.timedelta(minutes=20 * n), value=58.0, point="中心",
            )
            for n in range(72 * 31)
        ]
    )  # fmt: skip
    with CaptureQueriesContext(connection) as asked:
        result = verdict_of(Batch.objects.select_related("site").get(pk=batch.pk))
    assert len(asked) == 3, "the batch, its diary, its sample"
    assert result.option.points[0].amount == 31 and result.verdict == "fail", "never turned"
