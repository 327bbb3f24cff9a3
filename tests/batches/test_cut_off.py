"""The cut-off of a release against whoever stores entries at the same moment: in it or after it, never in between."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid

import pytest
from django.db import OperationalError, connection, connections, transaction

from batches.entries import LedgerInput
from batches.models import LedgerEntry, MonthlyRecord, Release
from batches.services import clock, releases
from batches.services.entries import store_ledger_entries
from batches.services.locks import LEDGER, hold, hold_shared
from batches.services.recompute import check_release
from batches.services.records import RecordInput, store_monthly_records
from batches.services.releases import publish_release
from batches.services.site_months import verify_site_months
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")
pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def ready(site, settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    make_entry(site, "2024-05", 100)
    assert not verify_site_months(actor=CONSOLE, keys=[(site.pk, MAY)]).refused
    return site


def patient(work):
    """Do it; again where SQLite in memory does not wait for the other writer, as a file and PostgreSQL do."""
    while True:
        try:
            if (done := work()) != "retry":
                return done
        except OperationalError:
            assert connection.vendor == "sqlite"
        time.sleep(0.02)


def store(site, kg="5"):
    """Store an entry of May as the API does; its row."""
    one = LedgerInput(
        id=str(uuid.uuid4()), site=site.code, batch="A1", kind="intake", material="food_waste", value=kg, unit="kg",
        measured="scale", occurred_on="2024-05-20",
    )  # fmt: skip
    assert patient(lambda: store_ledger_entries(actor=CONSOLE, inputs=[one])[0].outcome) == "stored"
    return patient(lambda: LedgerEntry.objects.get(pk=one.id))


class Beside(threading.Thread):
    """A thread with a connection of its own; ``join`` raises what it raised."""

    def __init__(self, work):
        super().__init__(daemon=True)
        self.work, self.result, self.error = work, None, None
        self.start()

    def run(self):
        try:
            self.result = self.work()
        except BaseException as error:  # told by join
            self.error = error
        finally:
            connections.close_all()

    def join(self, timeout=60):
        super().join(timeout)
        assert not self.is_alive(), "it still waits"
        if self.error:
            raise self.error
        return self.result


def several_writers() -> bool:
    return connection.vendor == "postgresql"


@pytest.mark.django_db(transaction=True)
def test_a_publisher_waits_for_an_entry_that_is_being_stored_and_has_it_before_the_cut_off(ready):
    """The writer's transaction has begun and stamped before the publisher comes, and commits while it waits."""
    if not several_writers():
        # One writer at a time: the publisher cannot even begin, so there is nothing to wait with.
        entry = store(ready)
        verify_site_months(actor=CONSOLE, keys=[(ready.pk, MAY)])
        assert publish_release(actor=CONSOLE, month=MAY).cut_off >= entry.recorded_at
        return
    with transaction.atomic():
        hold_shared(LEDGER)
        publisher = Beside(lambda: publish_release(actor=CONSOLE, month=MAY))
        threading.Thread.join(publisher, 1.5)
        assert publisher.is_alive(), "the publisher did not wait"
        entry = store(ready)
    # The entry reopened the only verified month: the publisher saw it, so there is nothing to publish.
    with pytest.raises(Problem) as refused:
        publisher.join()
    assert refused.value.code == "release_nothing_verified"
    assert not verify_site_months(actor=CONSOLE, keys=[(ready.pk, MAY)]).refused
    release = publish_release(actor=CONSOLE, month=MAY)
    assert entry.recorded_at <= release.cut_off
    assert check_release(release.number) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["entry", "record"])
def test_whoever_waits_for_the_publisher_stamps_after_the_cut_off(ready, monkeypatch, what):
    """The writer comes while the publisher reads; its entry is not in the release, by its time and by its sums."""
    frozen, reading, go_on = releases.freeze, threading.Event(), threading.Event()

    def slow(month):
        reading.set()
        assert go_on.wait(30)
        return frozen(month)

    def write():
        if what == "entry":
            return store(ready).recorded_at
        one = RecordInput(str(uuid.uuid4()), ready.code, "2024-05", "electricity_kwh", "7", "kWh")
        assert patient(lambda: store_monthly_records(actor=CONSOLE, inputs=[one])[0].outcome) == "stored"
        return patient(lambda: MonthlyRecord.objects.get().recorded_at)

    monkeypatch.setattr(releases, "freeze", slow)
    publisher = Beside(lambda: patient(lambda: publish_release(actor=CONSOLE, month=MAY)))
    assert reading.wait(30)
    writer = Beside(write)
    threading.Thread.join(writer, 0.7)
    waited = writer.is_alive()
    go_on.set()
    assert waited, "the writer did not wait"
    release, stored = publisher.join(), writer.join()
    assert stored > release.cut_off
    assert check_release(release.number) == []


@pytest.mark.django_db(transaction=True)
def test_writers_do_not_wait_for_each_other(ready):
    if not several_writers():
        assert store(ready).mass_mg == 5_000_000
        return
    with transaction.atomic():
        hold_shared(LEDGER)
        assert Beside(lambda: _shared_at_once()).join(10)


def _shared_at_once() -> bool:
    with transaction.atomic():
        hold_shared(LEDGER)
        return True


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_was_put_back_moves_nothing_over_a_cut_off(ready, monkeypatch):
    """Stored by a clock an hour ahead, published by the right one; then stored by one an hour behind."""
    real = clock.database_now
    with monkeypatch.context() as patch:
        patch.setattr(clock, "database_now", lambda: real() + dt.timedelta(hours=1))
        early = store(ready)
    verify_site_months(actor=CONSOLE, keys=[(ready.pk, MAY)])
    first = publish_release(actor=CONSOLE, month=MAY)
    assert early.recorded_at <= first.cut_off
    assert check_release(1) == []
    with monkeypatch.context() as patch:
        patch.setattr(clock, "database_now", lambda: real() - dt.timedelta(hours=1))
        late = store(ready, "9")
    assert late.recorded_at > first.cut_off
    verify_site_months(actor=CONSOLE, keys=[(ready.pk, MAY)])
    publish_release(actor=CONSOLE, month=MAY)
    assert [check_release(number) for number in (1, 2)] == [[], []]
    assert Release.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_clock_is_the_database_s_where_several_machines_share_one(monkeypatch):
    """A machine whose own clock is a day off stamps as the others do."""
    from django.utils import timezone

    true = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: true - dt.timedelta(days=1))
    off = abs(clock.database_now() - true)
    assert off < dt.timedelta(minutes=5) if several_writers() else off >= dt.timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_the_lock_of_the_ledger_is_held_alone_by_one(ready):
    if not several_writers():
        return
    with transaction.atomic():
        hold(LEDGER)
        other = Beside(_shared_at_once)
        threading.Thread.join(other, 0.7)
        assert other.is_alive()
    assert other.join()
