"""The logbook's pages: who sees them, what a form stores and says, and that input is kept when something is wrong."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.test import Client

from batches.models import Batch, DiaryEntry, LedgerEntry, Photo
from batches.services.logbook import open_batch
from tests.batches.test_logbook import KG, batch, operator, picture, record, stranger  # noqa: F401


@pytest.fixture
def page(operator):  # noqa: F811
    client = Client(headers={"accept-language": "en"})
    client.force_login(operator)
    return client


def address(batch, do=""):  # noqa: F811
    return f"/batches/{batch.pk}/" + (f"?do={do}" if do else "")


def hidden(html: str, name: str = "id") -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', html)[1]


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


class TestWhoSees:
    def test_strangers_and_visitors_do_not(self, stranger, batch, site):  # noqa: F811
        visitor = Client()
        for path in (address(batch), f"/sites/{site.code}/logbook/"):
            assert visitor.get(path).status_code == 302
            assert "/account/login/" in visitor.get(path)["Location"]
            other = Client()
            other.force_login(stranger)
            assert other.get(path).status_code == 403
            assert other.post(path, {"do": "turning", "id": str(uuid.uuid4())}).status_code == 403
        assert not DiaryEntry.objects.exists()

    def test_a_verifier_reads_but_has_no_forms(self, make_user, batch):  # noqa: F811
        client = Client(headers={"accept-language": "en"})
        client.force_login(make_user("verifier"))
        html = client.get(address(batch, "intake")).content.decode()
        assert "Ledger" in html
        assert 'name="value"' not in html
        answer = client.post(address(batch), {"do": "intake", "id": str(uuid.uuid4()), "value": "1", "unit": "kg"})
        assert (answer.status_code, LedgerEntry.objects.count()) == (403, 0)

    def test_a_batch_that_is_not_there(self, page):
        assert page.get(f"/batches/{uuid.uuid4()}/").status_code == 404
        assert page.get("/sites/nowhere/logbook/").status_code == 404


class TestLedgerForms:
    @pytest.mark.parametrize(
        ("value", "unit", "more", "kg", "said"),
        [
            ("125.5", "kg", {}, "125.5", "Stored: intake, 125.5 kg."),
            ("251", "jin", {}, "125.5", "125.5 kg (you wrote 251 jin)"),
            ("0.5", "t", {}, "500", "500 kg (you wrote 0.5 t)"),
            ("１２０", "kg", {}, "120", "120 kg"),
            ("4", "container", {"unit_mass_kg": "45"}, "180", "180 kg (you wrote 4 container)"),
            ("200", "l", {}, "110", "110 kg (you wrote 200 l)"),
        ],
    )
    def test_what_is_stored_is_said_in_kg(self, page, batch, value, unit, more, kg, said):  # noqa: F811
        form = page.get(address(batch, "intake")).content.decode()
        data = {"do": "intake", "id": hidden(form), "material": "food_waste", "value": value, "unit": unit}
        answer = page.post(address(batch), {**data, "occurred_on": "2024-05-03", **more}, follow=True)
        entry = LedgerEntry.objects.get()
        assert entry.mass_mg == int(float(kg) * KG)
        assert said in messages_of(answer)[0]

    def test_pressing_twice_stores_once(self, page, batch):  # noqa: F811
        data = {
            "do": "intake",
            "id": str(uuid.uuid4()),
            "material": "food_waste",
            "value": "10",
            "unit": "kg",
            "occurred_on": "2024-05-03",
        }
        page.post(address(batch), data)
        again = page.post(address(batch), data, follow=True)
        assert LedgerEntry.objects.count() == 1
        assert "nothing was stored twice" in messages_of(again)[-1]

    @pytest.mark.parametrize(
        ("changed", "field", "words"),
        [
            ({"value": "zwölf"}, "value", "zwölf"),
            ({"value": ""}, "value", "missing"),
            ({"occurred_on": "2023-01-01"}, "occurred_on", "before the site"),
            ({"occurred_on": "2099-01-01"}, "occurred_on", "future"),
            ({"unit": "container"}, "unit_mass_kg", "kilograms of one container"),
        ],
    )
    def test_faults_stand_at_the_field_and_input_is_kept(self, page, batch, changed, field, words):  # noqa: F811
        key = str(uuid.uuid4())
        data = {
            "do": "intake",
            "id": key,
            "material": "leaves",
            "value": "37.25",
            "unit": "kg",
            "occurred_on": "2024-05-03",
            "note": "wet & heavy",
            **changed,
        }
        answer = page.post(address(batch), data)
        html = answer.content.decode()
        assert (answer.status_code, LedgerEntry.objects.count()) == (422, 0)
        assert words.casefold() in " ".join(answer.context["form"].errors[field]).casefold()
        assert hidden(html) == key
        assert "wet &amp; heavy" in html
        if "value" not in changed:
            assert 'value="37.25"' in html

    def test_faults_are_in_the_readers_language(self, page, batch):  # noqa: F811
        data = {"do": "intake", "id": str(uuid.uuid4()), "material": "leaves", "value": "abc", "unit": "kg"}
        html = page.post(address(batch), data, headers={"accept-language": "zh-CN"}).content.decode()
        assert "不是数字" in html

    def test_harvest_above_input_is_stored_flagged_and_explained(self, page, operator, batch):  # noqa: F811
        record(operator, batch, "intake", "100")
        data = {
            "do": "harvest",
            "id": str(uuid.uuid4()),
            "material": "mature_compost",
            "value": "130",
            "unit": "kg",
            "occurred_on": "2024-05-20",
        }
        answer = page.post(address(batch), data, follow=True)
        html = answer.content.decode()
        assert LedgerEntry.objects.filter(kind="harvest").count() == 1
        assert any("More has now come out" in message for message in messages_of(answer))
        assert "cannot be verified until" in html
        answer = page.post(address(batch), {"do": "explain", "text": "soil was mixed in"}, follow=True)
        html = answer.content.decode()
        assert "Explained: soil was mixed in" in html
        assert "cannot be verified until" not in html

    def test_transfer_offers_the_sites_other_batches_only(self, page, operator, stranger, site, batch):  # noqa: F811
        other = open_batch(actor=operator, site=site, code="C-1", started_on=dt.date(2024, 5, 1))
        elsewhere = stranger.memberships.get().site
        foreign = open_batch(actor=stranger, site=elsewhere, code="X-1", started_on=dt.date(2024, 5, 1))
        html = page.get(address(batch, "transfer")).content.decode()
        assert "C-1" in html
        assert "X-1" not in html
        data = {
            "do": "transfer",
            "id": str(uuid.uuid4()),
            "material": "mixture",
            "value": "5",
            "unit": "kg",
            "occurred_on": "2024-05-20",
        }
        assert page.post(address(batch), {**data, "to_batch": str(foreign.pk)}).status_code == 422
        assert page.post(address(batch), {**data, "to_batch": ""}).status_code == 422
        assert page.post(address(batch), {**data, "to_batch": str(other.pk)}).status_code == 302
        assert LedgerEntry.objects.get().to_batch == other

    def test_correction_shows_both(self, page, operator, batch):  # noqa: F811
        wrong = record(operator, batch, "intake", "1240")
        form = page.get(f"{address(batch)}?do=correct&entry={wrong.pk}").content.decode()
        data = {
            "do": "correct",
            "entry": str(wrong.pk),
            "id": hidden(form),
            "value": "124",
            "unit": "kg",
            "material": "food_waste",
            "occurred_on": "2024-05-03",
        }
        refused = page.post(address(batch), {**data, "reason": ""})
        assert (refused.status_code, "reason" in refused.context["form"].errors) == (422, True)
        html = page.post(address(batch), {**data, "reason": "point forgotten"}, follow=True).content.decode()
        assert "point forgotten" in html
        assert "<s>1,240" in html.replace("<s>1.24", "<s>1,240")
        assert Batch.objects.get().ledgerentry_set.count() == 2


class TestDiaryForms:
    def test_several_points_at_once_and_blank_ones_store_nothing(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "temperature")).content.decode()
        data = {"do": "temperature", "observed_at": "2024-05-04T08:00"}
        for number, (value, point) in enumerate([("61.5", "centre"), ("48", "edge"), ("", "")]):
            data |= {
                f"id_{number}": hidden(form, f"id_{number}"),
                f"value_{number}": value,
                f"point_{number}": point,
                f"depth_cm_{number}": "40",
            }
        answer = page.post(address(batch), data, follow=True)
        entries = DiaryEntry.objects.order_by("value")
        assert [(entry.value, entry.point, entry.depth_cm) for entry in entries] == [
            (48.0, "edge", 40),
            (61.5, "centre", 40),
        ]
        # 08:00 at the site (UTC+8) is midnight in UTC.
        assert entries[0].observed_at == dt.datetime(2024, 5, 4, 0, 0, tzinfo=dt.UTC)
        assert "centre 61.5 °C" in messages_of(answer)[0]
        assert "<svg" in answer.content.decode()

    def test_one_bad_point_does_not_lose_the_others(self, page, batch):  # noqa: F811
        data = {"do": "temperature", "observed_at": "2024-05-04T08:00"}
        for number, value in enumerate(["61.5", "611"]):
            data |= {f"id_{number}": str(uuid.uuid4()), f"value_{number}": value, f"point_{number}": "a"}
        answer = page.post(address(batch), data)
        assert answer.status_code == 422
        assert "value_1" in answer.context["form"].errors
        assert 'value="611"' in answer.content.decode()
        assert [entry.value for entry in DiaryEntry.objects.all()] == [61.5]
        data["value_1"] = "61.1"
        page.post(address(batch), data)
        assert DiaryEntry.objects.count() == 2

    @pytest.mark.parametrize(
        ("do", "fields", "value"),
        [
            ("turning", {}, None),
            ("moisture", {"value": "55"}, 55.0),
            ("oxygen", {"value": "12.5"}, 12.5),
            ("smell", {"level": "3"}, 3.0),
            ("watering", {"value": "40"}, 40.0),
            ("note", {"note": "white threads"}, None),
        ],
    )
    def test_each_kind(self, page, batch, do, fields, value):  # noqa: F811
        form = page.get(address(batch, do)).content.decode()
        data = {"do": do, "id": hidden(form), "observed_at": "2024-05-04T08:00", **fields}
        assert page.post(address(batch), data).status_code == 302
        entry = DiaryEntry.objects.get()
        assert (entry.kind, entry.value) == (do, value)

    def test_a_photo_and_who_may_see_it(self, page, stranger, batch, settings, tmp_path):  # noqa: F811
        settings.MEDIA_ROOT = tmp_path
        from django.core.files.uploadedfile import SimpleUploadedFile

        key = uuid.uuid4()
        data = {"do": "photo", "id": str(key), "observed_at": "2024-05-04T08:00"}
        bad = page.post(address(batch), {**data, "photo": SimpleUploadedFile("x.jpg", b"<script>", "image/jpeg")})
        assert (bad.status_code, Photo.objects.count()) == (422, 0)
        assert "no picture" in bad.content.decode()
        good = SimpleUploadedFile("x.jpg", picture(), "image/jpeg")
        assert page.post(address(batch), {**data, "photo": good}).status_code == 302
        answer = page.get(f"/photos/{key}/")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert (answer["X-Content-Type-Options"], answer["Cache-Control"][:7]) == ("nosniff", "private")
        assert b"".join(answer.streaming_content) == picture()
        other = Client()
        other.force_login(stranger)
        assert other.get(f"/photos/{key}/").status_code == 403
        assert Client().get(f"/photos/{key}/").status_code == 302


class TestBatchesOfASite:
    def test_open_one_from_the_page(self, page, site):
        form = page.get(f"/sites/{site.code}/logbook/").content.decode()
        data = {"id": hidden(form), "code": "2024-06", "started_on": "2024-06-01", "process": "windrow"}
        page.post(f"/sites/{site.code}/logbook/", data)
        page.post(f"/sites/{site.code}/logbook/", data)
        assert Batch.objects.get().code == "2024-06"

    def test_a_taken_name_is_said_at_the_field(self, page, site, batch):  # noqa: F811
        data = {"id": str(uuid.uuid4()), "code": batch.code, "started_on": "2024-06-01", "process": "windrow"}
        answer = page.post(f"/sites/{site.code}/logbook/", data)
        assert answer.status_code == 422
        assert "has a batch" in answer.context["form"].errors["code"][0]

    def test_state_buttons(self, page, batch):  # noqa: F811
        page.post(address(batch), {"do": "state", "state": "composting"})
        batch.refresh_from_db()
        assert batch.state == "composting"
        answer = page.post(address(batch), {"do": "state", "state": "finished"}, follow=True)
        assert "Nothing was harvested" in messages_of(answer)[-1]

    def test_an_unknown_action_is_refused(self, page, batch):  # noqa: F811
        assert page.post(address(batch), {"do": "explode"}).status_code == 404


@pytest.mark.parametrize("do", ["", "intake", "temperature", "photo", "smell"])
def test_no_english_is_left_on_chinese_pages(page, operator, batch, site, do):  # noqa: F811
    record(operator, batch, "intake", "100")
    for path in (address(batch, do), f"/sites/{site.code}/logbook/"):
        html = page.get(path, headers={"accept-language": "zh-CN"}).content.decode()
        main = re.sub(r"<(script|style|svg).*?</\1>", "", html[html.index("<main") : html.index("</main>")], flags=re.S)
        words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]+>", " ", main)))
        assert not words - {"Lishui", "one", "API", "UUID"}, words
