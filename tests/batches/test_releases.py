"""Releases: frozen, numbered, all or nothing, once, and restated in the open."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import shutil
import threading
import time
from io import StringIO

import pytest
import rfc8785
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from batches.impact.signing.signature import passed, sign
from batches.impact.signing.verifying import verify_folder
from batches.models import Release, SiteMonth
from batches.services import release_folder
from batches.services import releases as service
from batches.services.releases import publish_release
from batches.services.signing_keys import signing_key
from batches.services.site_months import query_site_month, reopen_for_late_entries, verify_site_months
from compostnet.shared import releases as published
from compostnet.shared.months import parse_month
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry

MAY = parse_month("2024-05")
pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


def verify(site, *months):
    done = verify_site_months(actor=CONSOLE, keys=[(site.pk, parse_month(month)) for month in months])
    assert not done.refused


@pytest.fixture
def ready(site, folder):
    """A site with two verified months, and an empty folder."""
    make_entry(site, "2024-04", 100)
    make_entry(site, "2024-05", 200)
    verify(site, "2024-04", "2024-05")
    return site


@pytest.mark.django_db
class TestPublishing:
    def test_a_release_is_a_whole_folder_whose_manifest_holds(self, ready, folder, make_user):
        release = publish_release(actor=make_user("publisher"), month=MAY)
        assert (release.number, release.revision, release.method) == (1, 0, "tool04_b_ar5_v1")
        found = published.latest(folder)
        assert (found.number, found.month, found.revision) == (1, "2024-05", 0)
        assert {"figures.json", "figures.csv", "sites.geojson", "method.json", "entries.csv"} <= set(found.files)
        for name, vouched in found.files.items():
            content = found.file(name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == vouched["sha256"]
            assert len(content) == vouched["bytes"]
        manifest = (found.path / "manifest.json").read_bytes()
        assert hashlib.sha256(manifest).hexdigest() == release.manifest_sha256
        about = found.figures["release"]
        assert (about["gwp"], about["month"], about["invented"]) == ("AR5", "2024-05", False)
        assert "2024-05" in about["citation"]["zh"]
        assert about["code_version"].startswith("0.1.0+")
        assert found.figures["network"]["month"]["diverted_kg"] == "200"
        assert found.figures["network"]["total"]["diverted_kg"] == "300"
        assert [m["month"] for m in found.figures["months"]] == ["2024-04", "2024-05"]
        assert [p["code"] for p in found.figures["provinces"]] == ["CN-320000"]
        assert found.figures["cities"][0]["province"] == "CN-320000"
        assert found.figures["scenarios"][0]["code"] == "village"
        assert found.figures["sites"][0]["series"]["diverted_t"] == [0.1, 0.2]
        assert AuditRecord.objects.filter(action="publish_release").count() == 1

    def test_unknown_methane_is_null_in_every_file(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        found = published.latest(folder)
        assert found.figures["network"]["month"]["ch4_avoided_t"] is None
        assert found.figures["network"]["month"]["reason"]["zh"]
        assert found.sites["features"][0]["properties"]["month"]["ch4_avoided_t"] is None
        rows = list(csv.DictReader(found.file("figures.csv").read_text("utf-8-sig").splitlines()))
        methane = [row["value"] for row in rows if row["indicator"] == "ch4_avoided_t"]
        assert methane
        assert set(methane) == {""}
        diverted = {
            (row["level"], row["month"]): row["value"]
            for row in rows
            if row["indicator"] == "diverted_t" and row["level"] in ("network", "site")
        }
        assert diverted["network", "2024-05"] == diverted["site", "2024-05"] == "0.2"
        assert diverted["network", "2024-04/2024-05"] == "0.3"
        assert diverted["site", "2024-04"] == "0.1"
        assert {row["unit"] for row in rows if row["indicator"] == "diverted_t"} == {"t"}

    def test_a_name_that_a_spreadsheet_would_run_is_inert_in_the_table_and_exact_in_json(self, ready, folder):
        Site.objects.filter(pk=ready.pk).update(name_en="=HYPERLINK(1)")
        publish_release(actor=CONSOLE, month=MAY)
        found = published.latest(folder)
        rows = csv.DictReader(found.file("figures.csv").read_text("utf-8-sig").splitlines())
        assert {row["name_en"] for row in rows if row["level"] == "site"} == {"'=HYPERLINK(1)"}
        assert found.figures["sites"][0]["name_en"] == "=HYPERLINK(1)"

    def test_the_place_is_coarse_where_the_site_wishes_so(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        feature = published.latest(folder).sites["features"][0]
        assert feature["properties"]["precision"] == "coarse"
        lon, lat = feature["geometry"]["coordinates"]
        assert (lon, lat) != (119.03, 31.65)
        assert abs(lon - 119.03) < 0.02
        assert abs(lat - 31.65) < 0.02

    def test_the_same_again_is_refused_and_makes_nothing(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        with pytest.raises(Problem) as error:
            publish_release(actor=CONSOLE, month=MAY)
        assert error.value.code == "release_unchanged"
        assert error.value.message.values["number"] == 1
        assert Release.objects.count() == 1
        assert sorted(p.name for p in folder.iterdir()) == ["1", "index.json", "keys.json"]

    def test_new_data_change_nothing_published_and_make_the_next_revision(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        before = {p.name: p.read_bytes() for p in (folder / "1").iterdir()}
        wrong = make_entry(ready, "2024-04", 1)
        make_entry(ready, "2024-04", 51, supersedes=wrong, reason="the scale stood on a slope")
        reopen_for_late_entries(touched={(ready.pk, MAY - 1)})
        verify(ready, "2024-04")
        release = publish_release(actor=CONSOLE, month=MAY)
        assert (release.number, release.revision) == (2, 1)
        assert {p.name: p.read_bytes() for p in (folder / "1").iterdir()} == before
        assert published.numbered(folder, 1).figures["network"]["total"]["diverted_kg"] == "300"
        changes = [c for c in published.numbered(folder, 2).figures["changes"] if c["indicator"] == "diverted_t"]
        assert [(c["level"], c["code"], c["month"], c["old"], c["new"]) for c in changes] == [
            ("network", "", "2024-04", 0.1, 0.151),
            ("site", "lishui-1", "2024-04", 0.1, 0.151),
        ]
        assert "the scale stood on a slope" in changes[1]["reason"]["zh"]
        assert published.latest(folder).number == 2
        assert [p.number for p in published.all_releases(folder)] == [2, 1]

    def test_a_month_taken_back_is_told_as_such(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        query_site_month(actor=CONSOLE, site=ready, month=MAY - 1, reason="Really?")
        publish_release(actor=CONSOLE, month=MAY)
        changes = published.latest(folder).figures["changes"]
        told = next(c for c in changes if c["level"] == "site" and c["indicator"] == "diverted_t")
        assert (told["old"], told["new"]) == (0.1, None)
        assert "Reopened" in told["reason"]["en"]

    def test_latest_is_the_newest_month_even_after_an_older_one_is_restated(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        publish_release(actor=CONSOLE, month=MAY - 1)
        assert published.latest(folder).month == "2024-05"
        assert published.latest_of_month(folder, "2024-04").number == 2
        assert published.latest_of_month(folder, "2024-03") is None
        assert published.numbered(folder, 99) is None

    @pytest.mark.parametrize(
        ("month", "code"), [("2024-06", "release_nothing_verified"), ("2090-01", "release_month_not_over")]
    )
    def test_what_cannot_be_published_is_refused(self, ready, folder, month, code):
        with pytest.raises(Problem) as error:
            publish_release(actor=CONSOLE, month=parse_month(month))
        assert error.value.code == code
        assert not Release.objects.exists()

    def test_only_publishers_publish(self, ready, folder, make_user):
        for role in ("operator", "manager", "verifier", "trainer"):
            user = make_user(role, site=ready if role in ("operator", "manager") else None)
            with pytest.raises(Problem) as error:
                publish_release(actor=user, month=MAY)
            assert error.value.code == "not_allowed"
        assert publish_release(actor=make_user("administrator"), month=MAY).number == 1

    def test_cut_off_while_writing_leaves_no_release_and_the_next_one_is_whole(self, ready, folder, monkeypatch):
        real = release_folder._write
        written = []

        def pull_the_plug(path, content):
            written.append(path.name)
            if len(written) == 3:
                raise OSError("no power")
            real(path, content)

        monkeypatch.setattr(release_folder, "_write", pull_the_plug)
        with pytest.raises(OSError, match="no power"):
            publish_release(actor=CONSOLE, month=MAY)
        assert not Release.objects.exists()
        assert published.latest(folder) is None
        monkeypatch.setattr(release_folder, "_write", real)
        assert publish_release(actor=CONSOLE, month=MAY).number == 1
        assert sorted(p.name for p in folder.iterdir()) == ["1", "index.json", "keys.json"]

    def test_a_folder_that_no_release_knows_is_never_shown_and_set_aside(self, ready, folder):
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "figures.json").write_text("{}")
        assert published.all_releases(folder) == []
        publish_release(actor=CONSOLE, month=MAY)
        assert published.latest(folder).figures["network"]["total"]["diverted_kg"] == "300"
        assert any(p.name.startswith(".set-aside-1-") for p in folder.iterdir())

    def test_cut_off_before_the_index_is_mended_by_the_next_attempt(self, ready, folder, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(service, "write_index", lambda folder: None)
            publish_release(actor=CONSOLE, month=MAY)
        assert published.latest(folder) is None
        with pytest.raises(Problem):
            publish_release(actor=CONSOLE, month=MAY)
        assert published.latest(folder).number == 1

    def test_the_command_prints_the_number_or_the_reason(self, ready, folder):
        out = StringIO()
        call_command("publish_release", "--month", "2024-05", stdout=out)
        assert out.getvalue().startswith("release 1 of 2024-05")
        with pytest.raises(CommandError, match="1"):
            call_command("publish_release", "--month", "2024-05", stdout=out)

    def test_json_is_canonical(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        content = (folder / "1" / "figures.json").read_bytes()
        assert rfc8785.dumps(json.loads(content)) == content


@pytest.mark.django_db
class TestStatus:
    def statuses(self):
        return [(r.number, r.revision, r.status) for r in Release.objects.order_by("number")]

    def change(self, site, kg=7):
        make_entry(site, "2024-05", kg)
        reopen_for_late_entries(touched={(site.pk, MAY)})
        verify(site, "2024-05")

    def test_provisional_then_final_without_any_change_then_restated_with_a_reason(self, ready, folder):
        publish_release(actor=CONSOLE, month=MAY)
        final = publish_release(actor=CONSOLE, month=MAY, final=True)
        assert self.statuses() == [(1, 0, "provisional"), (2, 1, "final")]
        assert published.numbered(folder, 2).status == "final"
        with pytest.raises(Problem) as error:
            publish_release(actor=CONSOLE, month=MAY, final=True, reason="again")
        assert error.value.code == "release_unchanged"
        self.change(ready)
        with pytest.raises(Problem) as error:
            publish_release(actor=CONSOLE, month=MAY)
        assert error.value.code == "release_reason_needed"
        restated = publish_release(actor=CONSOLE, month=MAY, reason="一车漏记")
        assert (restated.status, restated.reason, restated.revision) == ("restated", "一车漏记", 2)
        assert published.numbered(folder, 3).about["reason"] == {"zh": "一车漏记", "en": "一车漏记"}
        assert published.numbered(folder, 3).about["previous"]["manifest_sha256"] == final.manifest_sha256

    def test_a_provisional_month_that_changed_is_restated(self, ready):
        publish_release(actor=CONSOLE, month=MAY)
        self.change(ready)
        publish_release(actor=CONSOLE, month=MAY)
        assert self.statuses() == [(1, 0, "provisional"), (2, 1, "restated")]

    def test_final_needs_every_expected_site_or_somebody_who_says_so(self, ready, folder):
        Site.objects.create(
            code="other", name_zh="别处", name_en="Other", region=ready.region, scenario="village",
            process="windrow", opened_on="2024-05-31",
        )  # fmt: skip
        with pytest.raises(Problem) as error:
            publish_release(actor=CONSOLE, month=MAY, final=True)
        assert error.value.code == "release_not_complete"
        assert error.value.message.values == {"month": "2024-05", "verified": 1, "expected": 2}
        assert publish_release(actor=CONSOLE, month=MAY - 1, final=True).status == "final"
        assert publish_release(actor=CONSOLE, month=MAY, final=True, confirmed=True).status == "final"


@pytest.mark.django_db
class TestSignature:
    def test_every_release_is_signed_chained_and_verifies(self, ready, folder, settings):
        for month in (MAY - 1, MAY):
            publish_release(actor=CONSOLE, month=month)
        first, second = (verify_folder(folder / str(number)) for number in (1, 2))
        assert passed(first) and passed(second)
        assert all(check.ok for check in (*first, *second))
        manifest = json.loads((folder / "2" / "manifest.json").read_bytes())
        before = hashlib.sha256((folder / "1" / "manifest.json").read_bytes()).hexdigest()
        assert manifest["release"]["previous"] == {"number": 1, "manifest_sha256": before}
        assert manifest["release"] == published.numbered(folder, 2).figures["release"]
        assert manifest["headline"]["month"]["diverted_t"] == 0.2
        entry = published.index(folder)[1]
        assert entry["headline"] == manifest["headline"]
        assert (entry["status"], entry["reason"]) == ("provisional", None)
        assert (folder / "2" / "manifest.sig").read_bytes() == sign(
            (folder / "2" / "manifest.json").read_bytes(), signing_key()
        )

    @pytest.mark.parametrize(
        ("file", "fails"),
        [
            ("2/figures.csv", {"file:figures.csv"}),
            ("2/manifest.json", {"manifest"}),
            ("2/manifest.sig", {"signature"}),
            ("1/manifest.json", {"chain"}),
            ("keys.json", {"key"}),
        ],
    )
    def test_a_file_that_is_touched_is_found(self, ready, folder, file, fails):
        for month in (MAY - 1, MAY):
            publish_release(actor=CONSOLE, month=month)
        path = folder / file
        content = bytearray(path.read_bytes())
        content[0] ^= 1
        path.write_bytes(bytes(content))
        checks = verify_folder(folder / "2")
        assert {check.code for check in checks if check.ok is False} == fails
        assert not [check for check in checks if check.ok is None]

    def test_a_figure_and_its_checksum_changed_together_are_found(self, ready, folder):
        """Who can write the folder can make the checksums fit, but not the signature."""
        publish_release(actor=CONSOLE, month=MAY)
        figures = folder / "1" / "figures.json"
        document = json.loads(figures.read_bytes())
        document["sites"][0]["month"]["diverted_t"] = 999.0
        figures.write_bytes(rfc8785.dumps(document))
        manifest = folder / "1" / "manifest.json"
        vouched = json.loads(manifest.read_bytes())
        vouched["files"]["figures.json"] |= {
            "sha256": hashlib.sha256(figures.read_bytes()).hexdigest(), "bytes": figures.stat().st_size,
        }  # fmt: skip
        manifest.write_bytes(rfc8785.dumps(vouched))
        failed = {check.code for check in verify_folder(folder / "1") if check.ok is False}
        assert failed == {"signature", "index"}

    def test_a_key_is_made_once_for_its_owner_alone_and_a_new_one_ends_it(self, ready, folder, settings, tmp_path):
        settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
        publish_release(actor=CONSOLE, month=MAY - 1)
        assert settings.SIGNING_KEY_FILE.stat().st_mode & 0o777 == 0o600
        assert list(tmp_path.glob(".signing*")) == []
        old = signing_key().private_bytes_raw()
        assert signing_key().private_bytes_raw() == old
        settings.SIGNING_KEY = base64.b64encode(bytes(range(32))).decode()
        publish_release(actor=CONSOLE, month=MAY)
        first, second = json.loads((folder / "keys.json").read_bytes())["keys"]
        assert (first["valid_until"], second["valid_until"]) == (second["valid_from"], None)
        assert all(passed(verify_folder(folder / number)) for number in ("1", "2"))
        settings.SIGNING_KEY = "nonsense"
        with pytest.raises(Problem) as error:
            signing_key()
        assert error.value.code == "signing_key_unreadable"

    def test_the_command_verifies_by_number_all_and_a_downloaded_folder(self, ready, folder, tmp_path, capsys):
        for month in (MAY - 1, MAY):
            publish_release(actor=CONSOLE, month=month)
        out = StringIO()
        call_command("verify_release", "all", "--format", "json", stdout=out)
        assert [(one["release"], one["ok"]) for one in json.loads(out.getvalue())["releases"]] == [
            ("1", True),
            ("2", True),
        ]
        copy = tmp_path / "copy" / "2"
        shutil.copytree(folder / "2", copy)
        out = StringIO()
        call_command("verify_release", str(copy), "--keys", str(folder / "keys.json"), "--format", "json", stdout=out)
        (told,) = json.loads(out.getvalue())["releases"]
        assert told["ok"] is True
        assert {check["check"]: check["ok"] for check in told["checks"]}["chain"] is None
        (copy / "figures.csv").write_text("")
        with pytest.raises(SystemExit):
            call_command("verify_release", str(copy), stdout=StringIO())
        with pytest.raises(CommandError):
            call_command("verify_release", "9")


@pytest.mark.django_db
def test_who_publishes_another_month_meanwhile_makes_the_first_begin_anew(ready, folder, monkeypatch):
    real, made = service.make_files, []

    def slow(frozen, about, before, progress):
        made.append(about["number"])
        files = real(frozen, about, before, progress)
        if len(made) == 1:
            publish_release(actor=CONSOLE, month=MAY - 1)
        return files

    monkeypatch.setattr(service, "make_files", slow)
    assert publish_release(actor=CONSOLE, month=MAY).number == 2
    assert made == [1, 1, 2]
    assert [(p.number, p.month) for p in published.all_releases(folder)] == [(2, "2024-05"), (1, "2024-04")]
    assert all(passed(verify_folder(folder / str(number))) for number in (1, 2))


@pytest.mark.django_db(transaction=True)
def test_two_publishers_at_once_make_one_release(site, folder):
    make_entry(site, "2024-05", 10)
    verify(site, "2024-05")
    outcomes, barrier = [], threading.Barrier(2)

    def publish():
        barrier.wait()
        try:
            while True:
                try:
                    outcomes.append(publish_release(actor=CONSOLE, month=MAY).number)
                    return
                except Problem as problem:
                    outcomes.append(problem.code)
                    return
                except OperationalError:
                    # SQLite in memory does not wait for the other writer, as a file and PostgreSQL do: ask again.
                    assert connection.vendor == "sqlite"
                    time.sleep(0.01)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [1, "release_unchanged"]
    assert Release.objects.count() == 1
    assert [p.number for p in published.all_releases(folder)] == [1]
    assert SiteMonth.objects.get().state == "verified"
