"""The demo network: the same on every machine, as messy as life, and the main job on it can be run again."""

from __future__ import annotations

import datetime as dt
import io
import json
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command

from batches.demo.network import Mess, make_sites, network_file
from batches.demo.records import make_records, temperature
from batches.demo.sheets import faulty_sheet, ledger_sheets
from batches.models import Batch, DiaryEntry, Explanation, LedgerEntry, Release, SiteMonth, Upload, UploadRow
from batches.services.demo import first_month, generate
from batches.sheets import read_table
from compostnet.shared.months import first_day, last_day, month_of, parse_month
from sites.models import Membership, Region, Site, User
from sites.vocabulary import processes, scenarios

MESS = Mess.fitting(108)


def whole_network():
    return make_sites(108, months=24, processes=list(processes()))


class TestNetwork:
    def test_108_sites_in_41_cities_of_20_provinces(self):
        sites = whole_network()
        assert len({site.code for site in sites}) == len({site.name_zh for site in sites}) == 108
        assert len({site.city.code for site in sites}) == 41
        assert len({site.city.province for site in sites}) == 20
        assert {site.scenario for site in sites} == set(scenarios())
        assert {site.process for site in sites} == set(processes())

    def test_city_codes_lie_in_their_province(self):
        for city in network_file().cities:
            assert city.code[:2] == city.province[:2]

    def test_the_same_seed_gives_the_same_records(self):
        first, second = (make_records(whole_network()[9], first=24298, months=6, mess=MESS) for _ in range(2))
        assert first == second
        other = make_records(whole_network()[10], first=24298, months=6, mess=MESS)
        assert other.ledger != first.ledger

    def test_a_small_network_is_the_beginning_of_the_large_one(self):
        small = make_sites(6, months=24, processes=list(processes()))
        assert small == whole_network()[:6]

    @pytest.mark.parametrize("today", [dt.date(2026, 11, 1), dt.date(2026, 10, 31), dt.date(2025, 2, 1)])
    def test_no_entry_lies_in_the_future_of_the_machines_clock(self, today):
        first = first_month(today, 24)
        assert last_day(first + 23) < today
        assert (first - parse_month("2024-11")) % 12 == 0


@pytest.fixture(scope="module")
def records():
    mess = MESS
    return [make_records(site, first=24298, months=24, mess=mess) for site in whole_network()]


class TestRecords:
    def test_ids_are_unique(self, records):
        ids = [row.id for one in records for part in (one.ledger, one.diary) for rows in part.values() for row in rows]
        assert len(ids) == len(set(ids))
        assert 50_000 < len(ids) < 100_000

    def test_entries_stand_in_their_month_and_in_batches_that_exist(self, records):
        for one in records:
            codes = {batch.code for batch in one.batches}
            for month, rows in one.ledger.items():
                for row in rows:
                    assert month_of(dt.date.fromisoformat(row.occurred_on)) == month
                    assert row.batch in codes
                    assert not row.to_batch or row.to_batch in codes

    def test_mass_is_lost_and_never_made_but_in_the_mess(self, records):
        odd = {one.site.number for one in records for batch in one.batches if self.balance(one, batch.code) < 0}
        assert odd == {MESS.harvest_site, MESS.balance_site}

    def balance(self, one, code):
        from batches.demo.records import as_kg

        left = 0.0
        for rows in one.ledger.values():
            for row in rows:
                if row.batch == code:
                    left += as_kg(row) if row.kind == "intake" else -as_kg(row)
                if row.to_batch == code:
                    left += as_kg(row)
        return left

    def test_the_silent_site_stops(self, records):
        mess = MESS
        months = records[mess.silent_site].ledger
        assert [bool(rows) for rows in months.values()][-mess.silent_months - 1 :] == [True] + [False] * 5

    def test_heaps_heat_up_break_at_a_turning_and_cool_down(self):
        def at(day):
            return temperature(day, peak=65, ambient=15, turnings=(7,))

        assert at(0.1) < 30 < 55 < at(5)
        assert at(7) < at(6.9) - 5
        assert at(10) > 60
        assert all(later <= earlier for earlier, later in pairwise(at(day) for day in range(21, 90)))
        assert at(90) < 20


class TestSheets:
    def test_sheets_hold_every_row_in_the_encodings_of_life(self):
        mess = MESS
        records = [make_records(site, first=24298, months=1, mess=mess) for site in whole_network()]
        sheets = list(ledger_sheets(records, [24298]))
        assert sum(sheet.rows for sheet in sheets) == sum(len(one.ledger[24298]) for one in records)
        kinds = {Path(sheet.name).suffix for sheet in sheets}
        assert kinds == {".csv", ".xlsx"}
        encodings = set()
        for sheet in sheets:
            table = read_table(sheet.data, sheet.name)
            assert len(table.rows) == sheet.rows
            encodings.add(table.encoding)
        assert {"utf-8", "gb18030"} <= {str(encoding).lower() for encoding in encodings}

    def test_the_faulty_sheet_is_the_same_each_time(self):
        records = make_records(whole_network()[5], first=24298, months=1, mess=MESS)
        assert faulty_sheet(records, 24298) == faulty_sheet(records, 24298)


@pytest.fixture
def regions(db):
    """The cities of the small network, without boundaries."""
    cn = Region.objects.create(code="CN", level=0, country="CN", name_zh="中国", name_en="China")
    for city in network_file().cities[:6]:
        province, _ = Region.objects.get_or_create(
            code=f"CN-{city.province}",
            defaults={"parent": cn, "level": 1, "country": "CN", "name_zh": city.zh, "name_en": city.en},
        )
        Region.objects.create(
            code=f"CN-{city.code}", parent=province, level=2, country="CN", name_zh=city.zh, name_en=city.en
        )


@pytest.fixture
def folders(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.RELEASES_DIR = tmp_path / "releases"


def run(command, **options):
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def counts():
    models = (Site, User, Membership, Batch, LedgerEntry, DiaryEntry, Upload, UploadRow, Explanation, Release)
    return {model.__name__: model.objects.count() for model in models}


def test_load_and_job_on_a_small_network_and_again(regions, folders, settings, monkeypatch):
    monkeypatch.setenv("COMPOSTNET_LANGUAGE", "en")
    loaded = run("load_demo", sites=6, months=3)
    assert "6 sites" in loaded
    assert (settings.DATA_DIR / "demo_password.txt").read_text().strip() in loaded
    assert Site.objects.filter(is_invented=True).count() == 6
    said = run("demo_job")
    for words in ("upload, ledger", "upload, diary", "roll-up", "verify", "release: number 1", "revision 1"):
        assert words in said
    assert "lab reports: 3 handed in" in said
    assert "1 pass, 1 fail, 1 cannot tell" in said
    network = generate()
    last = network.last
    assert network.months == 3
    # Every row of the generator is in, and nothing else but what people added on the way.
    rows = sum(len(rows) for one in network.records for rows in one.ledger.values())
    assert (
        LedgerEntry.objects.filter(upload__file_name__startswith="demo-", supersedes__isnull=True).count() == rows + 2
    )
    assert DiaryEntry.objects.count() == sum(len(rows) for one in network.records for rows in one.diary.values())

    # The mess is there: silent, queried, a hundred times too large, above input, faulty rows, late.
    def state(number, month=last):
        found = SiteMonth.objects.filter(site__code=network.sites[number].code, month=month).first()
        return found.state if found else None

    mess = network.mess
    assert state(mess.silent_site) is None
    assert state(mess.queried_site, last - mess.queried_month) == "queried"
    assert state(5) != "verified"
    assert UploadRow.objects.filter(state="rejected").count() == 2
    assert state(mess.hundredfold_site) == state(mess.harvest_site) == state(mess.corrected_site) == "verified"
    assert LedgerEntry.objects.filter(supersedes__isnull=False).count() == 2
    assert Explanation.objects.count() == 1
    latest = Release.objects.order_by("-number")[0]
    assert (latest.month, latest.revision) == (last, 1)
    figures = json.loads((settings.RELEASES_DIR / str(latest.number) / "figures.json").read_text())
    assert figures["release"]["invented"] is True
    assert figures["changes"]

    before = counts()
    assert "nothing changed" in run("load_demo")
    assert "done before" in run("demo_job")
    assert counts() == before


def test_an_interrupted_job_ends_the_same(regions, folders, monkeypatch):
    from batches.services import demo_job

    run("load_demo", sites=6, months=3)
    original = demo_job._verify
    monkeypatch.setattr(demo_job, "_verify", lambda job: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("demo_job")
    monkeypatch.setattr(demo_job, "_verify", original)
    entries = LedgerEntry.objects.count()
    run("demo_job")
    assert LedgerEntry.objects.count() == entries + 1  # the late correction
    assert Release.objects.filter(revision=1).count() == 1


def test_demo_is_refused_in_production(settings, db):
    from compostnet.shared.problems import Problem

    settings.PRODUCTION = True
    for command in ("load_demo", "demo_job"):
        with pytest.raises(Problem) as caught:
            run(command)
        assert caught.value.code == "demo_not_in_production"


def test_months_of_the_file_are_whole():
    file = network_file()
    assert first_day(parse_month(file.first_month)).day == 1
    assert (file.sites, file.months) == (108, 24)
