"""Roll-up and the way of a month from open to verified."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from batches.models import SiteMonth, SiteMonthMass, Upload, UploadRow
from batches.selectors.findings import findings_for
from batches.selectors.site_months import keys_to_verify, note_of, silent_sites, waiting_site_months
from batches.services.site_months import (
    explain_finding,
    query_site_month,
    reopen_for_late_entries,
    roll_up,
    submit_site_month,
    verify_site_month,
    verify_site_months,
)
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Site
from sites.permissions import CONSOLE
from tests.batches.makers import days_ago, make_batch, make_entry

MAY = parse_month("2024-05")
pytestmark = pytest.mark.django_db


def masses():
    return {
        (m.site.code, m.month, m.kind, m.material, m.measured): (m.mass_mg, m.entries)
        for m in SiteMonthMass.objects.select_related("site")
    }


@pytest.fixture
def other(site):
    return Site.objects.create(
        code="other",
        name_zh="二号",
        name_en="Other",
        region=site.region,
        scenario="school",
        process="bin",
        opened_on=dt.date(2024, 4, 1),
    )


def test_roll_up_sums_what_counts_and_nothing_else(site, other):
    make_entry(site, "2024-05", 10)
    make_entry(site, "2024-05", 5.000001)
    make_entry(site, "2024-05", 3, measured="estimate")
    make_entry(site, "2024-05", 2, material="sawdust")
    make_entry(site, "2024-05", 1, kind="removal", material="contaminants")
    make_entry(other, "2024-04", 7)
    wrong = make_entry(site, "2024-05", 1000)
    make_entry(site, "2024-05", 11, supersedes=wrong, reason="kilograms, not tonnes")
    gone = make_entry(site, "2024-06", 9)
    make_entry(site, "2024-06", 0, supersedes=gone, reason="entered twice")
    done = roll_up()
    expected = {
        ("lishui-1", MAY, "intake", "food_waste", "scale"): (26_000_001, 3),
        ("lishui-1", MAY, "intake", "food_waste", "estimate"): (3_000_000, 1),
        ("lishui-1", MAY, "intake", "sawdust", "scale"): (2_000_000, 1),
        ("lishui-1", MAY, "removal", "contaminants", "scale"): (1_000_000, 1),
        ("other", MAY - 1, "intake", "food_waste", "scale"): (7_000_000, 1),
    }
    assert masses() == expected
    assert (done.rows, done.entries) == (5, 7)
    roll_up()
    assert masses() == expected
    assert set(SiteMonth.objects.values_list("site__code", "month")) == {("lishui-1", MAY), ("other", MAY - 1)}


def test_a_reported_zero_is_not_the_same_as_nothing(site):
    make_entry(site, "2024-05", 0)
    roll_up()
    assert list(masses().values()) == [(0, 1)]
    assert not any(f.code == "nothing_reported" for f in findings_for([(site.pk, MAY)], verifier=CONSOLE)[site.pk, MAY])


def test_roll_up_of_touched_months_and_sites_leaves_the_rest(site, other):
    for place in (site, other):
        for month in ("2024-04", "2024-05"):
            make_entry(place, month, 1)
    roll_up()
    for place in (site, other):
        for month in ("2024-04", "2024-05"):
            make_entry(place, month, 1)
    assert roll_up(months=[MAY], sites=[site]).rows == 1
    assert {key[:2]: mass for key, (mass, _) in masses().items()} == {
        ("lishui-1", MAY): 2_000_000,
        ("lishui-1", MAY - 1): 1_000_000,
        ("other", MAY): 1_000_000,
        ("other", MAY - 1): 1_000_000,
    }
    assert roll_up(months=[], sites=None).rows == 0
    assert len(masses()) == 4


def test_roll_up_takes_few_queries_however_many_rows(site):
    for _ in range(50):
        make_entry(site, "2024-05", 1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        roll_up()
    assert len(queries) <= 8


def problem_codes(error):
    return [fault.message.code for fault in error.value.errors]


def test_nothing_reported_cannot_be_verified_and_says_what_would_clear_it(site):
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert error.value.code == "month_not_verifiable"
    assert problem_codes(error) == ["nothing_reported"]
    for language in ("zh-hans", "en"):
        document = error.value.as_json(language)
        assert document["status"] == 409
        assert document["errors"][0]["accepted"]
    assert not SiteMonth.objects.filter(state="verified").exists()


def test_a_month_that_is_not_over_waits(site):
    make_entry(site, "2090-01", 1)
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=parse_month("2090-01"))
    assert problem_codes(error) == ["month_not_over"]


def test_verification_rolls_up_first_and_is_audited(site, make_user):
    make_entry(site, "2024-05", 10)
    verifier = make_user("verifier")
    row = verify_site_month(actor=verifier, site=site, month=MAY)
    assert (row.state, row.verified_by) == ("verified", verifier)
    assert list(masses().values()) == [(10_000_000, 1)]
    assert AuditRecord.objects.get(action="verify_site_month").detail["month"] == "2024-05"
    at = row.verified_at
    done = verify_site_months(actor=verifier, keys=[(site.pk, MAY)])
    assert (done.already, done.verified) == ([(site.pk, MAY)], [])
    row.refresh_from_db()
    assert row.verified_at == at


def test_who_recorded_does_not_verify_but_the_console_may(site, make_user):
    person = make_user("verifier")
    make_entry(site, "2024-05", 10, recorded_by=person)
    with pytest.raises(Problem) as error:
        verify_site_month(actor=person, site=site, month=MAY)
    assert problem_codes(error) == ["verifier_recorded_entries"]
    assert verify_site_month(actor=make_user("verifier"), site=site, month=MAY).state == "verified"
    make_entry(site, "2024-06", 10, recorded_by=person)
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY + 1).state == "verified"


def test_harvest_above_what_went_in_is_kept_and_blocks_until_explained(site, make_user):
    batch = make_batch(site, "A7")
    make_entry(site, "2024-04", 100, batch=batch)
    make_entry(site, "2024-05", 107, kind="harvest", material="mixture", batch=batch)
    manager = make_user("manager", site=site)
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert problem_codes(error) == ["harvest_above_input"]
    assert "A7" in error.value.errors[0].message.render("zh")
    explain_finding(
        actor=manager, site=site, month=MAY, finding="harvest_above_input", batch=batch, text="Rained into the bin."
    )
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY).state == "verified"


def test_an_explanation_covers_only_what_was_known_then(site, make_user):
    batch = make_batch(site)
    make_entry(site, "2024-04", 100, batch=batch)
    make_entry(site, "2024-05", 106, kind="harvest", material="mixture", batch=batch)
    explain_finding(
        actor=CONSOLE, site=site, month=MAY, finding="harvest_above_input", batch=batch.pk, text="From last year."
    )
    make_entry(site, "2024-05", 3, kind="harvest", material="mixture", batch=batch)
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert problem_codes(error) == ["harvest_above_input"]


def test_a_transfer_carries_the_balance_with_it(site):
    one, two = make_batch(site, "one"), make_batch(site, "two")
    make_entry(site, "2024-04", 100, batch=one)
    make_entry(site, "2024-05", 100, kind="transfer", material="mixture", batch=one, to_batch=two)
    make_entry(site, "2024-05", 60, kind="harvest", material="mixture", batch=two)
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY).state == "verified"
    make_entry(site, "2024-06", 60, kind="harvest", material="mixture", batch=one)
    make_entry(site, "2024-06", 60, kind="harvest", material="mixture", batch=two)
    found = findings_for([(site.pk, MAY + 1)], verifier=CONSOLE)[site.pk, MAY + 1]
    codes = [f.batch_code for f in found if f.blocks]
    assert codes == ["one", "two"]


def test_a_mass_a_hundred_times_too_large_blocks_until_corrected_or_explained(site):
    for number in range(6):
        make_entry(site, f"2023-{number + 1:02d}", 100 + number)
    wrong = make_entry(site, "2024-05", 10_000, recorded_at=days_ago(2))
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert problem_codes(error) == ["mass_far_above_habit"]
    sentence = error.value.errors[0].message.render("zh")
    assert "10000" in sentence
    assert "厨余垃圾" in sentence
    make_entry(site, "2024-05", 100, supersedes=wrong, reason="decimal point")
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY).state == "verified"


def test_only_a_finding_that_stands_can_be_explained(site, make_user):
    make_entry(site, "2024-05", 10)
    for finding in ("mass_far_above_habit", "nothing_reported", "nonsense"):
        with pytest.raises(Problem) as error:
            explain_finding(actor=CONSOLE, site=site, month=MAY, finding=finding, text="because")
        assert error.value.code == "finding_not_there"
    with pytest.raises(Problem) as error:
        explain_finding(actor=CONSOLE, site=site, month=MAY, finding="harvest_above_input", text="  ")
    assert error.value.errors[0].field == "text"
    with pytest.raises(Problem) as error:
        explain_finding(actor=make_user("trainer"), site=site, month=MAY, finding="x", text="y")
    assert error.value.code == "not_allowed"


def refused_row(upload, row, **cells):
    return UploadRow.objects.create(upload=upload, row=row, cells=cells, faults=[])


def test_refused_rows_block_the_month_they_name_until_mended(site, other):
    for place in (site, other):
        for month in ("2024-05", "2024-06"):
            make_entry(place, month, 10)
    upload = Upload.objects.create(
        kind="ledger", layout="template", site=site, sha256="0" * 64, file_name="may.csv", file="x"
    )
    row = refused_row(upload, 7, 日期="2024-05-17", 数量="abc")
    with pytest.raises(Problem) as error:
        verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert problem_codes(error) == ["rows_to_mend"]
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY + 1)
    assert verify_site_month(actor=CONSOLE, site=other, month=MAY)
    UploadRow.objects.filter(pk=row.pk).update(state="dropped")
    assert verify_site_month(actor=CONSOLE, site=site, month=MAY)


def test_refused_rows_of_a_sheet_of_many_sites_block_the_site_they_name(site, other):
    upload = Upload.objects.create(kind="ledger", layout="template", sha256="1" * 64, file_name="all.csv", file="x")
    for place in (site, other):
        make_entry(place, "2024-05", 10, upload=upload)
    refused_row(upload, 3, 堆肥点="other", 日期="?")
    done = verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY), (other.pk, MAY)])
    assert done.verified == [(site.pk, MAY)]
    assert [f.code for f in done.refused[other.pk, MAY]] == ["rows_to_mend"]
    refused_row(upload, 4, 堆肥点="?", 日期="2024-06-01")
    make_entry(site, "2024-06", 10)
    assert (site.pk, MAY + 1) in verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY + 1)]).refused


def test_submit_query_answer_verify(site, make_user):
    manager, verifier = make_user("manager", site=site), make_user("verifier")
    with pytest.raises(Problem) as error:
        submit_site_month(actor=manager, site=site, month=MAY)
    assert error.value.code == "month_not_submittable"
    make_entry(site, "2024-05", 10, recorded_by=manager)
    row = submit_site_month(actor=manager, site=site, month=MAY)
    assert (row.state, row.submitted_by) == ("submitted", manager)
    first = row.submitted_at
    assert submit_site_month(actor=manager, site=site, month=MAY).submitted_at == first
    with pytest.raises(Problem) as error:
        query_site_month(actor=verifier, site=site, month=MAY, reason=" ")
    assert error.value.errors[0].field == "reason"
    row = query_site_month(actor=verifier, site=site, month=MAY, reason="Is the scale right?")
    assert (row.state, note_of(row, "en")) == ("queried", "Is the scale right?")
    with pytest.raises(Problem) as error:
        verify_site_month(actor=verifier, site=site, month=MAY)
    assert "Is the scale right?" in error.value.errors[0].message.render("en")
    submit_site_month(actor=manager, site=site, month=MAY, answer="Calibrated in March.")
    assert verify_site_month(actor=verifier, site=site, month=MAY).state == "verified"
    with pytest.raises(Problem) as error:
        submit_site_month(actor=manager, site=site, month=MAY)
    assert error.value.code == "month_already_verified"
    assert [r.action for r in AuditRecord.objects.order_by("id")] == [
        "submit_site_month",
        "query_site_month",
        "submit_site_month",
        "verify_site_month",
    ]


@pytest.mark.parametrize(
    ("act", "roles"),
    [
        (lambda a, s: submit_site_month(actor=a, site=s, month=MAY), {"manager", "administrator"}),
        (lambda a, s: query_site_month(actor=a, site=s, month=MAY, reason="?"), {"verifier", "administrator"}),
        (lambda a, s: verify_site_month(actor=a, site=s, month=MAY), {"verifier", "administrator"}),
    ],
)
def test_who_may_do_what(site, other, make_user, act, roles):
    make_entry(site, "2024-05", 10)
    for role in ("operator", "manager", "trainer", "verifier", "publisher", "administrator"):
        user = make_user(role, site=site if role in ("operator", "manager") else None)
        if role in roles:
            SiteMonth.objects.all().update(state="open")
            act(user, site)
        else:
            with pytest.raises(Problem) as error:
                act(user, site)
            assert error.value.code == "not_allowed"
    with pytest.raises(Problem):
        act(make_user("manager", site=other), site)


def test_late_entries_reopen_the_month_visibly(site, other):
    for place in (site, other):
        make_entry(place, "2024-05", 10)
    verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY), (other.pk, MAY)])
    make_entry(site, "2024-05", 5)
    assert reopen_for_late_entries(touched={(site.pk, MAY), (site.pk, MAY + 3)}) == 1
    row = SiteMonth.objects.get(site=site, month=MAY)
    assert (row.state, row.verified_at) == ("open", None)
    assert "重新打开" in note_of(row, "zh-hans")
    assert SiteMonth.objects.get(site=other, month=MAY).state == "verified"
    assert SiteMonth.objects.get(site=site, month=MAY + 3).state == "open"
    assert AuditRecord.objects.filter(action="reopen_site_month").count() == 1
    assert reopen_for_late_entries(touched={(site.pk, MAY)}) == 0
    verify_site_month(actor=CONSOLE, site=site, month=MAY)
    assert SiteMonthMass.objects.get(site=site).mass_mg == 15_000_000


def test_reopening_is_set_based(site):
    keys = {(site.pk, MAY + number) for number in range(400)}
    with CaptureQueriesContext(connection) as queries:
        reopen_for_late_entries(touched=keys)
    assert SiteMonth.objects.count() == 400
    assert len(queries) <= 8


def test_what_waits_and_who_is_silent(site, other):
    make_entry(site, "2024-05", 1)
    roll_up()
    assert [row.site for row in waiting_site_months(Site.objects.all())] == [site]
    assert list(silent_sites(MAY)) == [other]
    assert keys_to_verify(month=MAY) == sorted([(site.pk, MAY), (other.pk, MAY)])
    assert keys_to_verify() == [(site.pk, MAY)]
    assert keys_to_verify(month=MAY - 100) == []


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_comes_while_the_month_is_being_verified_is_never_lost(site):
    """Whoever is first, the verified sum never lacks an entry: the month is either reopened or holds it."""
    make_entry(site, "2024-05", 10)
    roll_up()
    stored, verified, barrier = [], [], threading.Barrier(2)

    def again(act, done):
        barrier.wait()
        try:
            while not done:
                try:
                    with transaction.atomic():
                        act()
                    done.append(True)
                except OperationalError:
                    # SQLite in memory does not wait for the other writer, as a file and PostgreSQL do: ask again.
                    assert connection.vendor == "sqlite"
                    time.sleep(0.005)
        finally:
            connections.close_all()

    def store():
        make_entry(site, "2024-05", 5)
        reopen_for_late_entries(touched={(site.pk, MAY)})
        time.sleep(0.05)

    threads = [
        threading.Thread(target=again, args=(store, stored)),
        threading.Thread(target=again, args=(lambda: verify_site_month(actor=CONSOLE, site=site, month=MAY), verified)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (stored, verified) == ([True], [True])
    row = SiteMonth.objects.get()
    assert row.state == "open" or SiteMonthMass.objects.get().mass_mg == 15_000_000
