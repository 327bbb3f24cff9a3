"""Releases made again from the database: byte for byte, whatever has happened since, and told where not."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import shutil
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from batches.impact.document.rulebook import Rules
from batches.models import LedgerEntry, MonthlyRecord, Release, SiteMonth
from batches.selectors.figures import current_rules, load_inputs
from batches.services import releases as service
from batches.services.freezing import thaw
from batches.services.recompute import check_release, first_difference, recompute_files
from batches.services.releases import publish_release
from batches.services.site_months import query_site_month, reopen_for_late_entries, roll_up, verify_site_months
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.problems import Problem
from sites.models import Region, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

pytestmark = pytest.mark.django_db
FIRST = parse_month("2024-01")
MONTHS = 5


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def sites(nanjing):
    """Four invented sites: in a province of landfills, in one that burns, in one without a baseline."""
    found = []
    for number, city in enumerate(["CN-360100", "CN-360100", "CN-320100", "CN-530100"], start=1):
        province = Region.objects.get_or_create(
            code=city[:5] + "0000",
            defaults={"parent_id": "CN", "level": 1, "country": "CN", "name_zh": city[:5], "name_en": city[:5]},
        )[0]
        Region.objects.get_or_create(
            code=city, defaults={"parent": province, "level": 2, "country": "CN", "name_zh": city, "name_en": city}
        )
        found.append(
            Site.objects.create(
                code=f"site-{number}",
                name_zh=f"{number}号",
                name_en=f"Site {number}",
                region_id=city,
                scenario="village",
                process="windrow",
                opened_on=dt.date(2024, 1, 1),
                climate_zone="temperate_wet" if number < 3 else "",
                is_invented=True,
            )
        )
    return found


def verify_what_can_be():
    open_months = SiteMonth.objects.exclude(state=SiteMonth.State.VERIFIED)
    verify_site_months(actor=CONSOLE, keys=list(open_months.values_list("site_id", "month")))


def record(site, month, kind, value, **more):
    return MonthlyRecord.objects.create(
        site=site,
        month=month,
        kind=kind,
        value=Decimal(value),
        entered_value=str(value),
        entered_unit="",
        recorded_at=timezone.now(),
        **more,
    )


class World:
    """Anything that people do, in any order, drawn by a seeded source."""

    def __init__(self, sites, seed):
        self.sites, self.random = sites, random.Random(seed)

    def enter(self):
        site, month = self.random.choice(self.sites), FIRST + self.random.randrange(MONTHS)
        kind, material = self.random.choice(
            [("intake", "food_waste"), ("intake", "leaves"), ("intake", "sawdust"), ("residue", "mixture")]
        )
        make_entry(site, month_text(month), self.random.randrange(1, 9_000) / 7, kind=kind, material=material)
        reopen_for_late_entries(touched={(site.pk, month)})

    def correct(self):
        standing = list(LedgerEntry.objects.filter(superseded_by__isnull=True).order_by("recorded_at"))
        if not standing:
            return
        old = self.random.choice(standing)
        month = FIRST + self.random.randrange(MONTHS) if self.random.random() < 0.3 else old.month
        kg = 0 if self.random.random() < 0.2 else self.random.randrange(1, 5_000) / 3
        reason = f"reason {self.random.randrange(9)}"
        more = {"kind": old.kind, "material": old.material, "supersedes": old, "reason": reason}
        make_entry(old.site, month_text(month), kg, **more)
        reopen_for_late_entries(touched={(old.site_id, old.month), (old.site_id, month)})

    def write_down(self):
        site, month = self.random.choice(self.sites), FIRST + self.random.randrange(MONTHS)
        kind = self.random.choice(["electricity_kwh", "volunteers", "money_in"])
        old = MonthlyRecord.objects.filter(site=site, month=month, kind=kind, superseded_by__isnull=True).first()
        record(site, month, kind, self.random.randrange(1, 500), supersedes=old, reason="misread" if old else "")
        reopen_for_late_entries(touched={(site.pk, month)})

    def verify(self):
        roll_up()
        verify_what_can_be()

    def query(self):
        row = SiteMonth.objects.filter(state=SiteMonth.State.VERIFIED).order_by("month", "site__code").first()
        if row:
            query_site_month(actor=CONSOLE, site=row.site, month=row.month, reason="Really?")

    def change_a_site(self):
        site = Site.objects.get(pk=self.random.choice(self.sites).pk)
        site.climate_zone = self.random.choice(["temperate_wet", "tropical_wet", ""])
        site.name_en = f"Renamed {self.random.randrange(99)}"
        site.public_detail = self.random.choice(["entries", "sums"])
        site.households = self.random.randrange(999)
        site.save()

    def publish(self):
        try:
            publish_release(
                actor=CONSOLE,
                month=FIRST + self.random.randrange(MONTHS),
                final=self.random.random() < 0.2,
                confirmed=True,
                reason="because",
            )
        except Problem as problem:
            assert problem.code in ("release_nothing_verified", "release_unchanged")

    def step(self):
        steps = [self.enter] * 5 + [self.correct] * 3 + [self.write_down] * 2 + [self.verify] * 4
        steps += [self.query, self.change_a_site] + [self.publish] * 4
        self.random.choice(steps)()


def bytes_of(folder, number):
    return {path.name: path.read_bytes() for path in (folder / str(number)).iterdir()}


@pytest.mark.parametrize("seed", [1, 2])
def test_releasing_restating_correcting_in_any_order_changes_nothing_published(sites, folder, seed):
    world = World(sites, seed)
    published: dict[int, dict[str, bytes]] = {}
    while len(published) < 4:
        world.step()
        for number in Release.objects.values_list("number", flat=True):
            published.setdefault(number, bytes_of(folder, number))
    for number, files in published.items():
        assert bytes_of(folder, number) == files
        assert check_release(number) == []
    # Without any folder, too: the database alone holds all of it.
    last = max(published)
    shutil.rmtree(folder / str(last))
    shutil.rmtree(folder / str(last - 1))
    assert recompute_files(last) == published[last]


@pytest.fixture
def released(sites, folder):
    """Release 1 of January."""
    make_entry(sites[0], "2024-01", 1234.5)
    make_entry(sites[3], "2024-01", 10)
    record(sites[0], FIRST, "electricity_kwh", 55)
    roll_up()
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    return sites


def test_what_was_frozen_and_what_is_live_are_the_same_inputs(released):
    live, then = load_inputs(FIRST), thaw(Release.objects.get()).inputs
    assert list(live.sites) == list(then.sites)
    assert live.regions == then.regions
    for name in ("expected", "reported", "verified", "aerobic"):
        assert (getattr(live, name) == getattr(then, name)).all()
    assert sorted(live.rows.mass.tolist()) == sorted(then.rows.mass.tolist())
    assert live.records.value == then.records.value == ("55",)


def test_the_rules_of_a_release_are_read_from_its_own_file(released, folder):
    written = json.loads((folder / "1" / "method.json").read_bytes())
    rules = Rules.from_json(written)
    assert rules.as_json() == current_rules(FIRST).with_baselines({"demo"}).as_json()
    assert rules.method.code == "tool04_b_ar5_v1"
    # Rules of tomorrow do not touch the release of yesterday.
    assert thaw(Release.objects.get()).rules == rules


def test_the_rules_of_now_may_differ(released, folder, monkeypatch):
    from batches.selectors import figures

    def other(month):
        rules = current_rules(month)
        sets = dict(rules.gwp_sets)
        sets["AR5"] = sets["AR5"].model_copy(update={"ch4": sets["AR5"].ch4.model_copy(update={"value": 30.0})})
        return type(rules)(**{**vars(rules), "gwp_sets": sets})

    from batches.services import freezing

    monkeypatch.setattr(freezing, "current_rules", other)
    assert figures.current_rules is current_rules
    assert check_release(1) == []
    publish_release(actor=CONSOLE, month=FIRST)
    assert check_release(1) == check_release(2) == []
    changes = json.loads((folder / "2" / "figures.json").read_bytes())["changes"]
    assert {change["kind"] for change in changes} == {"revision"}
    assert {change["indicator"] for change in changes} == {"net_co2e_t"}
    assert {(change["level"], change["code"]) for change in changes} == {("network", ""), ("site", "site-1")}


def test_a_revision_and_a_correction_at_once_are_told_apart(released, folder, monkeypatch):
    wrong = LedgerEntry.objects.get(site=released[0])
    make_entry(released[0], "2024-01", 2000, supersedes=wrong, reason="a load was left out")
    reopen_for_late_entries(touched={(released[0].pk, FIRST)})
    Site.objects.filter(pk=released[0].pk).update(climate_zone="tropical_wet")
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    changes = json.loads((folder / "2" / "figures.json").read_bytes())["changes"]
    own = [c for c in changes if c["code"] == "site-1" and c["indicator"] == "ch4_avoided_t"]
    revision, correction = own
    assert (revision["kind"], correction["kind"]) == ("revision", "correction")
    assert revision["new"] == correction["old"]
    assert revision["old"] < revision["new"] < correction["new"]
    assert "气候带" in revision["reason"]["zh"]
    assert "a load was left out" in correction["reason"]["en"]
    assert [c["kind"] for c in changes if c["code"] == "site-1" and c["indicator"] == "diverted_t"] == ["correction"]


def test_what_is_corrected_into_a_later_month_is_told_for_the_month_that_it_left(sites, folder):
    for kg in (1000, 500):
        make_entry(sites[0], "2024-01", kg)
    roll_up()
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    moved = LedgerEntry.objects.get(mass_mg=500_000_000)
    make_entry(sites[0], "2024-02", 500, supersedes=moved, reason="it came in February")
    reopen_for_late_entries(touched={(sites[0].pk, FIRST), (sites[0].pk, FIRST + 1)})
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    changes = json.loads((folder / "2" / "figures.json").read_bytes())["changes"]
    [own] = [change for change in changes if change["level"] == "site" and change["indicator"] == "diverted_t"]
    assert (own["old"], own["new"], own["kind"]) == (1.5, 1.0, "correction")
    assert "it came in February" in own["reason"]["en"]
    rows = list(csv.DictReader((folder / "2" / "corrections.csv").read_text("utf-8-sig").splitlines()))
    told = [(row["month"], row["old"], row["new"]) for row in rows if row["level"] == "entry"]
    assert told == [("2024-02", "500", "500")]
    assert check_release(1) == check_release(2) == []


def test_a_corrected_meter_reading_says_so_and_changes_the_net_alone(sites, folder):
    make_entry(sites[0], "2024-01", 1000)
    first = record(sites[0], FIRST, "diesel_l", 10)
    roll_up()
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    record(sites[0], FIRST, "diesel_l", 25, supersedes=first, reason="misread gauge")
    record(sites[0], FIRST, "petrol_l", 3)
    reopen_for_late_entries(touched={(sites[0].pk, FIRST)})
    verify_what_can_be()
    publish_release(actor=CONSOLE, month=FIRST)
    changes = json.loads((folder / "2" / "figures.json").read_bytes())["changes"]
    [own] = [change for change in changes if change["level"] == "site"]
    assert (own["indicator"], own["kind"]) == ("net_co2e_t", "correction")
    assert own["old"] - own["new"] == pytest.approx((15 * 2.68 + 3 * 2.27) / 1000)
    assert "misread gauge" in own["reason"]["en"] and "Energy was written down" in own["reason"]["en"]
    rows = list(csv.DictReader((folder / "2" / "corrections.csv").read_text("utf-8-sig").splitlines()))
    told = {tuple(row[key] for key in ("change", "level", "indicator", "old", "new", "unit")) for row in rows[:2]}
    assert told == {("correction", "record", "diesel_l", "10", "25", "L"), ("late", "record", "petrol_l", "", "3", "L")}
    assert check_release(1) == check_release(2) == []


def test_a_changed_file_is_named_with_its_first_difference(released, folder):
    path = folder / "1" / "figures.csv"
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"X" + content[101:])
    (folder / "1" / "entries.csv").unlink()
    (folder / "1" / "extra.txt").write_bytes(b"hello")
    found = {difference.file: difference for difference in check_release(1)}
    assert set(found) == {"figures.csv", "entries.csv", "extra.txt"}
    assert found["figures.csv"].at == 100
    assert found["entries.csv"].published is None
    assert found["extra.txt"].recomputed is None
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("recompute_release", "1", "--check", stdout=out)
    assert end.value.code == 1
    assert "figures.csv" in out.getvalue() and "100" in out.getvalue()


def test_the_command_writes_the_files_anew(released, folder, tmp_path):
    out = StringIO()
    call_command("recompute_release", "all", "--check", stdout=out)
    call_command("recompute_release", "1", "--to", str(tmp_path / "again"), stdout=out)
    again = {path.name: path.read_bytes() for path in (tmp_path / "again" / "1").iterdir()}
    assert again == bytes_of(folder, 1)
    with pytest.raises(CommandError):
        call_command("recompute_release", "7", stdout=out)


def test_a_release_that_kept_nothing_says_so(released):
    Release.objects.update(frozen={})
    with pytest.raises(Problem) as problem:
        recompute_files(1)
    assert problem.value.code == "release_not_frozen"
    with pytest.raises(Problem):
        recompute_files(99)


def test_an_entry_stamped_before_the_cut_off_but_stored_after_it_cannot_be(released, monkeypatch):
    """Who stores entries holds the ledger before it takes the time; so a later entry has a later time."""
    cut_off = Release.objects.get().cut_off
    make_entry(released[0], "2024-01", 5)
    assert LedgerEntry.objects.order_by("-recorded_at").first().recorded_at > cut_off
    assert check_release(1) == []


@pytest.mark.parametrize(("one", "other", "at"), [(b"", b"", 0), (b"abc", b"abd", 2), (b"ab", b"abc", 2)])
def test_first_difference(one, other, at):
    assert first_difference(one, other) == at
    assert first_difference(b"x" * 5000 + one, b"x" * 5000 + other) == 5000 + at


def test_published_is_not_read_back(released, folder):
    """What is recomputed comes from the database, not from the folder that it is compared with."""
    before = recompute_files(1)
    shutil.rmtree(folder / "1")
    assert recompute_files(1) == before
    assert (
        service.manifest_of(
            json.loads(before["figures.json"])["release"],
            json.loads(before["figures.json"]),
            {name: data for name, data in before.items() if not name.startswith("manifest")},
        )
        == before["manifest.json"]
    )
