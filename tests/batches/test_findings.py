"""What the checks find of a month: cold heaps, gaps, doubles, estimates, missing records and baselines; set-based."""

from __future__ import annotations

import datetime as dt
import importlib
import uuid

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from batches.checks import Balance, is_never_warm, warm_from, widest_gap
from batches.models import DiaryEntry, Remark
from batches.selectors.findings import findings_for
from batches.services.records import RecordInput, store_monthly_records
from batches.services.site_months import (
    explain_finding,
    query_site_month,
    remark_on_site_month,
    verify_site_month,
    verify_site_months,
)
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.models import Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry

MAY = parse_month("2024-05")


def test_the_gate_has_three_parts():
    verdicts = [(b.is_above, b.is_far_above) for b in (Balance(1000, n) for n in (1020, 1021, 1100, 1101))]
    assert verdicts == [(False, False), (True, False), (True, False), (True, True)]


@given(st.sets(st.integers(1, 31)))
def test_the_widest_gap_holds_no_day_and_cannot_be_widened(days):
    start, length = widest_gap(days, 1, 31)
    assert not days & set(range(start, start + length))
    assert length == 0 or {start - 1, start + length} <= days | {0, 32}
    assert widest_gap([*days, 0, 40], 1, 31) == (start, length)


def test_ambient_is_the_sites_normal_where_it_is_known():
    assert warm_from(None) == 25 and warm_from(0.0) == 5
    assert is_never_warm(24.9, 3, None) and not is_never_warm(25.0, 3, None) and not is_never_warm(3, 2, None)
    assert not is_never_warm(15, 9, 8.0)


def found(site, code, month=MAY):
    return [f for f in findings_for([(site.pk, month)], verifier=CONSOLE)[site.pk, month] if f.code == code]


def measure(batch, day, value, hour=8):
    return DiaryEntry.objects.create(
        id=uuid.uuid4(), digest=uuid.uuid4(), site=batch.site, batch=batch, kind="temperature", value=value,
        observed_at=dt.datetime(2024, 5, day, hour, tzinfo=timezone.get_default_timezone()),
        recorded_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.django_db
class TestFindings:
    def test_a_cold_heap_blocks_until_it_is_explained(self, site):
        batch = make_batch(site)
        make_entry(site, "2024-05", 100, batch=batch)
        for day in (3, 10, 20):
            measure(batch, day, 18)
        [finding] = found(site, "never_warm")
        assert finding.blocks and finding.is_explainable and finding.batch == batch.pk
        explain_finding(actor=CONSOLE, site=site, month=MAY, finding="never_warm", batch=batch, text="A cold May.")
        assert verify_site_month(actor=CONSOLE, site=site, month=MAY).state == "verified"
        measure(batch, 25, 19)
        assert found(site, "never_warm")[0].blocks
        measure(batch, 26, 40)
        assert not found(site, "never_warm")

    def test_processes_that_stay_cool_and_batches_not_being_filled_are_left_alone(self, site):
        batch = make_batch(site)
        for day in (3, 10, 20):
            measure(batch, day, 18)
        make_entry(site, "2024-04", 100, batch=batch)
        assert not found(site, "never_warm")
        make_entry(site, "2024-05", 100, batch=batch)
        Site.objects.filter(pk=site.pk).update(process="vermicompost")
        assert not found(site, "never_warm")

    def test_a_gap_in_the_diary_is_a_warning_that_names_its_days(self, site):
        batch = make_batch(site)
        make_entry(site, "2024-05", 100, batch=batch)
        measure(batch, 3, 60)
        measure(batch, 20, 60, hour=0)  # midnight at the platform's own time is that day
        [finding] = found(site, "diary_gap")
        assert finding.warns and not finding.blocks
        assert dict(finding.message.values) == {"days": 16, "first": "2024-05-04", "last": "2024-05-19"}
        measure(batch, 12, 60)
        assert not found(site, "diary_gap")

    def test_equal_entries_are_named_and_corrected_ones_are_not(self, site):
        one, two = make_entry(site, "2024-05", 100), make_entry(site, "2024-05", 100)
        make_entry(site, "2024-05", 100, material="leaves")
        [finding] = found(site, "looks_like_duplicate")
        assert set(finding.message.values["ids"]) == {str(one.pk), str(two.pk)}
        make_entry(site, "2024-05", 0, supersedes=two, reason="twice")
        assert not found(site, "looks_like_duplicate")

    def test_more_than_half_estimated_is_a_warning(self, site):
        make_entry(site, "2024-05", 50, measured="estimate")
        make_entry(site, "2024-05", 50)
        assert not found(site, "share_estimated_high")
        make_entry(site, "2024-05", 1, measured="estimate")
        assert found(site, "share_estimated_high")[0].warns

    def test_energy_that_was_recorded_before_is_missed(self, site):
        make_entry(site, "2024-05", 10)
        assert not found(site, "record_missing")

        def bill(month):
            key = str(uuid.uuid4())
            store_monthly_records(actor=CONSOLE, inputs=[RecordInput(key, site.code, month, "electricity_kwh", "9")])

        bill("2024-02")
        assert found(site, "record_missing")[0].warns
        bill("2024-05")
        assert not found(site, "record_missing")

    def test_what_is_read_is_the_same_however_many_are_asked(self, site):
        make_entry(site, "2024-05", 10)

        def queries(months):
            with CaptureQueriesContext(connection) as seen:
                findings_for([(site.pk, MAY - n) for n in range(months)], verifier=CONSOLE)
            return len(seen)

        assert queries(1) == queries(40) <= 20

    def test_warnings_are_left_out_where_only_clean_ones_are_asked(self, site):
        make_entry(site, "2024-05", 100)
        done = verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)], only_clean=True)
        assert [f.code for f in done.refused[site.pk, MAY]] == ["diary_gap"]
        assert verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)]).verified == [(site.pk, MAY)]

    def test_beyond_ten_percent_nothing_can_be_explained(self, site):
        batch = make_batch(site)
        make_entry(site, "2024-04", 100, batch=batch)
        make_entry(site, "2024-05", 100, kind="harvest", batch=batch)
        make_entry(site, "2024-05", 11, kind="residue", material="mixture", batch=batch)
        with pytest.raises(Problem) as error:
            explain_finding(
                actor=CONSOLE, site=site, month=MAY, finding="harvest_far_above_input", batch=batch, text="x"
            )
        assert error.value.code == "finding_not_there"
        assert found(site, "harvest_far_above_input")[0].blocks


@pytest.mark.django_db
class TestThread:
    def test_the_site_answers_without_submitting_and_a_verified_month_can_be_asked_again(self, site, make_user):
        make_entry(site, "2024-05", 10)
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
        row = query_site_month(actor=make_user("verifier"), site=site, month=MAY, reason="Really?")
        assert (row.state, row.verified_at) == ("queried", None)
        remark_on_site_month(actor=make_user("operator", site=site), site=site, month=MAY, text="We look it up.")
        remark_on_site_month(actor=make_user("verifier"), site=site, month=MAY, text="Thanks.")
        assert list(Remark.objects.values_list("kind", flat=True)) == ["query", "answer", "remark"]
        with pytest.raises(Problem):
            remark_on_site_month(actor=make_user("publisher"), site=site, month=MAY, text="Hm.")

    def test_what_stands_in_the_audit_record_becomes_the_thread(self, site):
        from batches.services.site_months import submit_site_month

        make_entry(site, "2024-05", 10)
        query_site_month(actor=CONSOLE, site=site, month=MAY, reason="Why?")
        submit_site_month(actor=CONSOLE, site=site, month=MAY, answer="Holidays.")
        said = list(Remark.objects.values_list("kind", "text"))
        Remark.objects.all().delete()
        importlib.import_module("batches.migrations.0003_remarks_from_audit").fill_threads(apps, None)
        assert list(Remark.objects.values_list("kind", "text")) == said == [("query", "Why?"), ("answer", "Holidays.")]
