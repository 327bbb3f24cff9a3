"""The logbook's pages: who sees them, what a form stores and says, and that input is kept when something is wrong."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.test import Client

from batches.entries import LedgerInput
from batches.models import Batch, DiaryEntry, LedgerEntry, Photo, SiteMonth
from batches.services.entries import store_ledger_entries
from batches.services.logbook import open_batch
from compostnet.shared.months import parse_month
from sites.permissions import CONSOLE
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
            "value": "106",
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

    def test_what_no_reason_can_explain_offers_no_form(self, page, operator, batch):  # noqa: F811
        record(operator, batch, "intake", "100")
        record(operator, batch, "harvest", "130")
        html = page.get(address(batch)).content.decode()
        assert "cannot be verified until this is corrected" in html
        assert 'value="explain"' not in html
        page.post(address(batch), {"do": "explain", "text": "soil was mixed in"}, follow=True)
        assert "cannot be verified until this is corrected" in page.get(address(batch)).content.decode()

    def test_residue_leaves_the_batch_and_counts_as_outgoing(self, page, operator, batch):  # noqa: F811
        record(operator, batch, "intake", "100")
        data = {"do": "residue", "id": str(uuid.uuid4()), "value": "12", "unit": "kg", "occurred_on": "2024-05-20"}
        html = page.post(address(batch), data, follow=True).content.decode()
        assert LedgerEntry.objects.get(kind="residue").material == "mixture"
        assert "Residue disposed of" in html

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


def fill(html: str, **values: str) -> dict[str, str]:
    """The form of a page as a browser would send it, with other values in some fields."""
    form = html[html.index('id="do"') : html.index("</form>", html.index('id="do"'))]
    data = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            data[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        data[name] = chosen[1]
    for name, body in re.findall(r'<textarea name="([^"]*)"[^>]*>\s*(.*?)</textarea>', form, re.S):
        data[name] = body
    return {name: value for name, value in data.items() if name != "csrfmiddlewaretoken"} | values


class TestASlipOfTheThumb:
    def test_an_amount_that_is_nearly_always_a_slip_is_asked_about(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "intake")).content.decode()
        day = {"occurred_on": "2024-05-03"}
        asked = page.post(address(batch), fill(form, value="1e9", **day))
        html = asked.content.decode()
        assert (asked.status_code, LedgerEntry.objects.count()) == (422, 0)
        assert ("1,000,000" in html, 'type="checkbox" name="sure"' in html) == (True, True)
        assert page.post(address(batch), fill(html, value="20001", **day)).status_code == 422
        assert page.post(address(batch), fill(html, value="20001", sure="on", **day)).status_code == 302
        assert page.post(address(batch), fill(html, value="20001", sure="on", **day)).status_code == 302
        assert LedgerEntry.objects.get().mass_mg == 20_001 * KG

    def test_going_back_and_writing_another_number_is_told_and_stored_when_meant(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "intake")).content.decode()
        day = {"occurred_on": "2024-05-03"}
        page.post(address(batch), fill(form, value="77", **day))
        other = page.post(address(batch), fill(form, value="78", **day))
        html = other.content.decode()
        assert (other.status_code, "was not overwritten" in html, LedgerEntry.objects.count()) == (422, True, 1)
        assert page.post(address(batch), fill(html, **day)).status_code == 302
        assert sorted(LedgerEntry.objects.values_list("mass_mg", flat=True)) == [77 * KG, 78 * KG]

    def test_the_first_faulty_field_has_the_focus_and_sheet_words_stay_away(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "intake")).content.decode()
        html = page.post(address(batch), fill(form, value="")).content.decode()
        assert re.search(r'<input[^>]*name="value"[^>]*autofocus', html)
        assert "Leave it blank" not in html
        assert "#do" not in re.search(r'<form method="post" action="([^"]*)"', html)[1]

    def test_units_are_said_in_chinese(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "intake")).content.decode()
        data = fill(form, value="3", unit="container", unit_mass_kg="55", occurred_on="2024-05-03")
        answer = page.post(address(batch), data, follow=True, headers={"accept-language": "zh-hans"})
        assert "3 桶" in messages_of(answer)[0]
        assert "3 桶" in answer.content.decode().split('id="ledger"')[1]


class TestUnitsOfTheDiary:
    @pytest.mark.parametrize(
        ("value", "unit", "degrees"),
        [("140", "°F", 60.0), ("140F", "°C", 60.0), ("１４０℉", "", 60.0), ("60 °C", "°F", 60.0), ("60", "", 60.0)],
    )
    def test_fahrenheit_by_the_list_or_behind_the_number(self, page, batch, value, unit, degrees):  # noqa: F811
        form = page.get(address(batch, "temperature")).content.decode()
        data = fill(form, value_0=value, unit=unit, observed_at="2024-05-04T08:00")
        page.post(address(batch), data)
        assert DiaryEntry.objects.get().value == pytest.approx(degrees)
        if unit == "°F" and value == "140":
            again = page.get(address(batch, "temperature")).content.decode()
            assert '<option value="°F" selected>' in again

    def test_percent_behind_the_number(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "moisture")).content.decode()
        page.post(address(batch), fill(form, value="55%", observed_at="2024-05-04T08:00"))
        assert DiaryEntry.objects.get().value == 55

    def test_an_unknown_unit_stands_at_the_field(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "temperature")).content.decode()
        answer = page.post(address(batch), fill(form, value_0="140 K", observed_at="2024-05-04T08:00"))
        assert (answer.status_code, bool(answer.context["form"].errors["value_0"])) == (422, True)


class TestDiaryCorrections:
    @pytest.fixture
    def reading(self, page, batch):  # noqa: F811
        form = page.get(address(batch, "temperature")).content.decode()
        page.post(address(batch), fill(form, value_0="16", point_0="north", observed_at="2024-05-04T08:00"))
        return DiaryEntry.objects.get()

    def correct(self, page, batch, entry, **values):  # noqa: F811
        form = page.get(f"{address(batch)}?do=correct_diary&entry={entry.pk}").content.decode()
        return page.post(address(batch), fill(form, **values), follow=True)

    def test_a_correction_and_its_correction_leave_every_line_readable(self, page, batch, reading):  # noqa: F811
        self.correct(page, batch, reading, value="62", reason="digits swapped")
        second = DiaryEntry.objects.get(supersedes=reading)
        assert (second.value, second.point, second.observed_at) == (62, "north", reading.observed_at)
        self.correct(page, batch, second, value="143.6 °F", reason="it was Fahrenheit")
        third = DiaryEntry.objects.get(supersedes=second)
        assert (third.value, third.entered_unit) == (pytest.approx(62), "°F")
        html = page.get(address(batch)).content.decode()
        assert html.count("<s>") == 2
        assert ("digits swapped" in html, "it was Fahrenheit" in html) == (True, True)
        assert html.count("do=correct_diary") == 1

    def test_a_wrong_one_is_struck_out_of_the_curve(self, page, batch, reading):  # noqa: F811
        self.correct(page, batch, reading, void="on", reason="another heap")
        note = DiaryEntry.objects.get(supersedes=reading)
        assert (note.kind, note.note) == ("note", "another heap")
        assert "No temperature has been measured yet." in page.get(address(batch)).content.decode()

    def test_a_reason_is_asked_for_and_faults_keep_the_input(self, page, batch, reading):  # noqa: F811
        answer = self.correct(page, batch, reading, value="500", reason="")
        assert (answer.status_code, DiaryEntry.objects.count()) == (422, 1)
        answer = self.correct(page, batch, reading, value="500", reason="oven")
        assert (answer.status_code, 'value="500"' in answer.content.decode()) == (422, True)

    def test_twice_pressed_is_one_and_strangers_cannot(self, page, batch, reading, stranger):  # noqa: F811
        form = page.get(f"{address(batch)}?do=correct_diary&entry={reading.pk}").content.decode()
        data = fill(form, value="61", reason="swapped")
        other = Client()
        other.force_login(stranger)
        assert other.post(address(batch), data).status_code == 403
        for _ in range(2):
            assert page.post(address(batch), data).status_code == 302
        assert DiaryEntry.objects.count() == 2
        assert page.post(address(batch), {**data, "entry": str(uuid.uuid4())}).status_code == 404

    @pytest.mark.parametrize(("do", "values"), [("smell", {"level": "3"}), ("turning", {}), ("note", {"note": "wet"})])
    def test_every_kind_can_be_corrected(self, page, batch, do, values):  # noqa: F811
        form = page.get(address(batch, do)).content.decode()
        page.post(address(batch), fill(form, observed_at="2024-05-04T08:00", **values))
        entry = DiaryEntry.objects.get()
        assert self.correct(page, batch, entry, observed_at="2024-05-05T09:30", reason="day").status_code == 200
        later = DiaryEntry.objects.get(supersedes=entry)
        assert (later.kind, later.value, later.note) == (do, entry.value, entry.note)
        assert later.observed_at == dt.datetime(2024, 5, 5, 1, 30, tzinfo=dt.UTC)


def test_the_logbook_leads_to_the_months_and_says_which_were_asked_about(page, site, batch):  # noqa: F811
    months = f"/sites/{site.code}/months/"
    assert f'href="{months}"' in page.get(f"/sites/{site.code}/logbook/").content.decode()
    SiteMonth.objects.create(site=site, month=parse_month("2024-04"), state="queried")
    html = page.get(f"/sites/{site.code}/logbook/").content.decode()
    assert html.count(f'href="{months}"') == 2
    assert "April 2024" in html


def test_a_smell_is_said_in_words(page, batch):  # noqa: F811
    form = page.get(address(batch, "smell")).content.decode()
    page.post(address(batch), fill(form, level="4", observed_at="2024-05-04T08:00"))
    assert "4 strong" in page.get(address(batch)).content.decode()


def test_a_long_ledger_comes_in_pages_and_no_line_is_lost(page, site, batch):  # noqa: F811
    inputs = [
        LedgerInput(str(uuid.uuid4()), site.code, batch.code, "intake", "leaves", f"{kg}", "kg", "", "2024-05-03")
        for kg in range(1, 131)
    ]
    store_ledger_entries(actor=CONSOLE, inputs=inputs)
    shown: list[str] = []
    path: str | None = address(batch)
    while path:
        html = page.get(path).content.decode()
        shown += re.findall(r'<tr role="row" id="e([^"]+)"', html)
        older = re.search(r'href="(\?ledger=\d+)#ledger">Older', html)
        path = address(batch) + older[1] if older else None
    assert sorted(shown) == sorted(entry.id for entry in inputs)
    assert page.get(address(batch) + "?ledger=abc").status_code == 200
