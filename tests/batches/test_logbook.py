"""The logbook's services: batches and their states, corrections, photos, the mass balance."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import uuid

import pytest
from PIL import Image

from batches.entries import DiaryInput, LedgerInput
from batches.logbook_rules import photo_fault
from batches.models import Batch, DiaryEntry, LedgerEntry, Photo
from batches.selectors.logbook import batch_masses, diary_series, harvest_findings, ledger_lines, visible_batches
from batches.services.entries import store_diary_entries, store_ledger_entries
from batches.services.logbook import (
    add_photo,
    change_batch_state,
    correct_ledger_entry,
    open_batch,
    record_photo,
    void_ledger_entry,
)
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Site
from sites.permissions import CONSOLE

KG = 1_000_000


def picture(colour: str = "green", kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, kind)
    return file.getvalue()


@pytest.fixture
def operator(make_user, site):
    return make_user("operator", site=site)


@pytest.fixture
def stranger(make_user, nanjing):
    other = Site.objects.create(
        code="other-1",
        name_zh="别处",
        name_en="Elsewhere",
        region=nanjing,
        scenario="park",
        process="bin",
        opened_on=dt.date(2024, 1, 1),
    )
    return make_user("operator", site=other)


@pytest.fixture
def batch(operator, site):
    return open_batch(actor=operator, site=site, code="2024-05", started_on=dt.date(2024, 5, 1))


def record(actor, batch, kind, value, unit="kg", **more):
    row = LedgerInput(
        id=str(uuid.uuid4()),
        site=batch.site.code,
        batch=batch.code,
        kind=kind,
        value=value,
        unit=unit,
        **{"material": "food_waste" if kind == "intake" else "", "occurred_on": "2024-05-03", **more},
    )
    receipt = store_ledger_entries(actor=actor, inputs=[row])[0]
    assert receipt.outcome == "stored", receipt.faults
    return LedgerEntry.objects.get(pk=receipt.id)


class TestOpening:
    def test_sending_twice_opens_once(self, operator, site):
        key = uuid.uuid4()
        first = open_batch(actor=operator, site=site, code="A", started_on=dt.date(2024, 5, 1), id=key)
        again = open_batch(actor=operator, site=site, code=" A ", started_on=dt.date(2024, 5, 1), id=key)
        assert first.pk == again.pk == key
        assert Batch.objects.count() == 1
        assert AuditRecord.objects.filter(action="open_batch").count() == 1

    def test_same_id_with_other_content_is_refused(self, operator, site, batch):
        with pytest.raises(Problem) as caught:
            open_batch(actor=operator, site=site, code="B", started_on=dt.date(2024, 5, 1), id=batch.pk)
        assert (caught.value.code, caught.value.status) == ("batch_differs", 409)
        batch.refresh_from_db()
        assert batch.code == "2024-05"

    def test_every_fault_at_once(self, operator, site):
        with pytest.raises(Problem) as caught:
            open_batch(actor=operator, site=site, code="", started_on=dt.date(2023, 5, 1), process="magic")
        assert {fault.field for fault in caught.value.errors} == {"code", "started_on", "process"}

    def test_a_code_stands_once_a_site(self, operator, site, batch):
        with pytest.raises(Problem) as caught:
            open_batch(actor=operator, site=site, code="2024-05", started_on=dt.date(2024, 5, 9))
        assert caught.value.errors[0].message.code == "batch_code_taken"

    def test_strangers_may_not(self, stranger, site):
        with pytest.raises(Problem) as caught:
            open_batch(actor=stranger, site=site, code="A", started_on=dt.date(2024, 5, 1))
        assert caught.value.status == 403

    def test_operators_see_only_their_sites(self, operator, stranger, make_user, batch):
        assert list(visible_batches(operator)) == [batch]
        assert not visible_batches(stranger).exists()
        assert list(visible_batches(make_user("verifier"))) == [batch]


class TestStates:
    def test_a_batch_cannot_finish_before_anything_came_out(self, operator, batch):
        record(operator, batch, "intake", "100")
        with pytest.raises(Problem) as caught:
            change_batch_state(actor=operator, batch=batch, state="finished")
        assert caught.value.code == "batch_not_harvested"

    def test_finish_and_back(self, operator, batch):
        record(operator, batch, "intake", "100")
        record(operator, batch, "harvest", "40", occurred_on="2024-07-01")
        done = change_batch_state(actor=operator, batch=batch, state="finished", on=dt.date(2024, 7, 1))
        assert (done.state, done.finished_on) == ("finished", dt.date(2024, 7, 1))
        back = change_batch_state(actor=operator, batch=done, state="curing")
        assert (back.state, back.finished_on) == ("curing", None)

    def test_a_leap_is_refused_with_what_may_follow(self, operator, batch):
        change_batch_state(actor=operator, batch=batch, state="abandoned")
        with pytest.raises(Problem) as caught:
            change_batch_state(actor=operator, batch=batch, state="curing")
        assert "taking in" in caught.value.message.render("en")
        assert "进料中" in caught.value.message.render("zh-hans")

    def test_voided_harvest_does_not_count(self, operator, batch):
        record(operator, batch, "intake", "100")
        harvest = record(operator, batch, "harvest", "40")
        void_ledger_entry(actor=operator, entry=harvest, reason="wrong batch")
        with pytest.raises(Problem):
            change_batch_state(actor=operator, batch=batch, state="finished")


class TestMasses:
    def test_correction_supersedes_and_stays_readable(self, operator, batch):
        wrong = record(operator, batch, "intake", "1240", note="bin 4")
        receipt = correct_ledger_entry(actor=operator, entry=wrong, value="124.0", reason="point forgotten")
        assert receipt.outcome == "stored"
        assert batch_masses(batch).intake == 124 * KG
        lines = {line.entry.pk: line for line in ledger_lines(batch)}
        assert len(lines) == 2
        assert str(lines[wrong.pk].superseded_by) == receipt.id
        corrected = lines[uuid.UUID(receipt.id)].entry
        assert (corrected.reason, corrected.note, corrected.material) == ("point forgotten", "bin 4", "food_waste")

    def test_a_second_correction_of_the_same_entry_is_refused(self, operator, batch):
        wrong = record(operator, batch, "intake", "1240")
        correct_ledger_entry(actor=operator, entry=wrong, value="124", reason="a")
        receipt = correct_ledger_entry(actor=operator, entry=wrong, value="12.4", reason="b")
        assert receipt.outcome == "invalid"
        assert batch_masses(batch).intake == 124 * KG

    def test_correcting_containers_keeps_their_mass(self, operator, batch):
        wrong = record(operator, batch, "intake", "4", "桶", unit_mass_kg="45.5")
        assert wrong.mass_mg == 182 * KG
        correct_ledger_entry(actor=operator, entry=wrong, value="5", reason="counted again")
        assert batch_masses(batch).intake == int(227.5 * KG)

    def test_correction_keeps_a_date_of_a_month(self, operator, batch):
        wrong = record(operator, batch, "intake", "4", "t", occurred_on="2024-05")
        receipt = correct_ledger_entry(actor=operator, entry=wrong, value="5", reason="x")
        assert LedgerEntry.objects.get(pk=receipt.id).month_only

    def test_transfer_leaves_one_batch_and_arrives_in_the_other(self, operator, site, batch):
        other = open_batch(actor=operator, site=site, code="C", started_on=dt.date(2024, 5, 1))
        record(operator, batch, "intake", "100")
        record(operator, batch, "transfer", "70", to_batch="C")
        assert batch_masses(batch).remaining == 30 * KG
        assert (batch_masses(other).transfer_in, batch_masses(other).remaining) == (70 * KG, 70 * KG)
        assert [line.arrives for line in ledger_lines(other)] == [True]

    def test_harvest_above_input_is_stored_and_found(self, operator, batch):
        record(operator, batch, "intake", "100")
        record(operator, batch, "harvest", "130")
        assert batch_masses(batch).excess == 30 * KG
        [(month, finding)] = harvest_findings(batch)
        assert (month, finding.blocks) == (2024 * 12 + 4, True)


class TestDiary:
    def test_curves_by_point_and_depth_without_superseded(self, operator, batch):
        def at(day, value, **more):
            return DiaryInput(
                **{
                    "id": str(uuid.uuid4()),
                    "site": batch.site.code,
                    "batch": batch.code,
                    "kind": "temperature",
                    "observed_at": f"2024-05-{day:02d} 08:00",
                    "value": value,
                    "unit": "°C",
                    "point": "centre",
                    "depth_cm": "50",
                    **more,
                }
            )

        first = at(3, "56")
        rows = [first, at(2, "40"), at(3, "44", point="edge", depth_cm="20"), at(4, "", kind="turning", unit="")]
        rows = [*rows[:3], DiaryInput(rows[3].id, rows[3].site, rows[3].batch, "turning", rows[3].observed_at)]
        assert {r.outcome for r in store_diary_entries(actor=operator, inputs=rows)} == {"stored"}
        corrected = at(3, "65", supersedes=first.id)
        assert store_diary_entries(actor=operator, inputs=[corrected])[0].outcome == "stored"
        series = diary_series(batch)
        assert [(c.point, c.depth_cm, [v for _, v in c.values]) for c in series.curves] == [
            ("centre", 50, [40.0, 65.0]),
            ("edge", 20, [44.0]),
        ]
        assert (len(series.turnings), series.hottest) == (1, 65.0)


class TestPhotos:
    @pytest.fixture(autouse=True)
    def _folder(self, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path

    def test_once_under_one_id(self, operator, site):
        key, content = uuid.uuid4(), picture()
        photo, new = add_photo(
            actor=operator, site=site, id=key, content=content, checksum=hashlib.sha256(content).hexdigest()
        )
        again, second = add_photo(actor=operator, site=site, id=key, content=content)
        assert (new, second, photo.pk, Photo.objects.count()) == (True, False, again.pk, 1)
        assert photo.file.open("rb").read() == content
        with pytest.raises(Problem) as caught:
            add_photo(actor=operator, site=site, id=key, content=picture("red"))
        assert caught.value.code == "photo_differs"

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "photo_empty"),
            (b"<svg onload=alert(1)>", "photo_not_a_picture"),
            (picture()[:300], "photo_not_a_picture"),
            (b"GIF89a" + bytes(50), "photo_not_a_picture"),
            (b"\xff\xd8" + bytes(13 * 1024 * 1024), "photo_too_large"),
        ],
    )
    def test_what_is_no_picture_is_refused(self, operator, site, content, code):
        with pytest.raises(Problem) as caught:
            add_photo(actor=operator, site=site, id=uuid.uuid4(), content=content)
        assert caught.value.errors[0].message.code == code
        assert not Photo.objects.exists()

    def test_a_picture_that_changed_on_its_way_is_refused(self, operator, site):
        with pytest.raises(Problem) as caught:
            add_photo(actor=operator, site=site, id=uuid.uuid4(), content=picture(), checksum="0" * 64)
        assert caught.value.errors[0].message.code == "photo_checksum"

    def test_photo_and_diary_line_together_or_not_at_all(self, operator, batch):
        key = uuid.uuid4()
        bad = record_photo(actor=operator, batch=batch, id=key, content=picture(), observed_at="31/31/2024")
        assert (bad.outcome, Photo.objects.count()) == ("invalid", 0)
        good = record_photo(actor=operator, batch=batch, id=key, content=picture(), observed_at="2024-05-04T10:00")
        assert (good.outcome, DiaryEntry.objects.get().photo_id) == ("stored", key)
        again = record_photo(actor=operator, batch=batch, id=key, content=picture(), observed_at="2024-05-04T10:00")
        assert (again.outcome, DiaryEntry.objects.count()) == ("already_stored", 1)


def test_the_console_may_do_it_too(site):
    batch = open_batch(actor=CONSOLE, site=site, code="K", started_on=dt.date(2024, 5, 1))
    assert batch.created_by is None


class TestWhatAPhotoTells:
    def test_the_kept_file_does_not_say_where_it_was_taken_and_a_repeat_is_known_by_what_was_sent(self, operator, site):
        exif = Image.Exif()
        exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 20.0), 3: "E", 4: (116.0, 23.0, 29.0)})
        out = io.BytesIO()
        Image.new("RGB", (30, 20), "green").save(out, "JPEG", exif=exif)
        key, sent = uuid.uuid4(), out.getvalue()
        digest = hashlib.sha256(sent).hexdigest()
        photo, _new = add_photo(actor=operator, site=site, id=key, content=sent, checksum=digest)
        with photo.file.open("rb") as stream, Image.open(stream) as kept:
            assert (dict(kept.getexif()), kept.size) == ({}, (30, 20))
        assert photo.sha256 == digest
        assert add_photo(actor=operator, site=site, id=key, content=sent, checksum=digest) == (photo, False)

    def test_a_picture_of_too_many_pixels_is_told_so(self):
        out = io.BytesIO()
        Image.new("L", (11_000, 10_000)).save(out, "PNG")
        assert photo_fault(out.getvalue()).code == "photo_too_many_pixels"
        assert photo_fault(b"hello").code == "photo_not_a_picture"
