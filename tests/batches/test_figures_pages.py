"""Pages and API of figures: what the public reads, what the desk and the site do."""

from __future__ import annotations

import html
import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from batches.models import Explanation, Release, SiteMonth
from batches.services.releases import publish_release
from batches.services.site_months import query_site_month, roll_up, verify_site_month
from batches.views import figure_parts
from compostnet.shared import releases as published
from compostnet.shared.months import parse_month
from sites.models import Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("undrawn")]
MAY = parse_month("2024-05")
LANGUAGES = ("zh-hans", "en")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


@pytest.fixture
def entries(site):
    make_entry(site, "2024-04", 1500)
    make_entry(site, "2024-05", 2500)
    roll_up()
    return site


@pytest.fixture
def release(entries):
    for month in (MAY - 1, MAY):
        verify_site_month(actor=CONSOLE, site=entries, month=month)
        publish_release(actor=CONSOLE, month=month)
    return entries


@pytest.fixture
def verified_with_baseline(entries):
    """A site of the demo, for whose province a baseline is invented: its month, released."""
    Site.objects.filter(pk=entries.pk).update(is_invented=True)
    verify_site_month(actor=CONSOLE, site=entries, month=MAY)
    publish_release(actor=CONSOLE, month=MAY)
    return entries


@pytest.fixture
def signed_in(client, make_user):
    def sign_in(role, **place):
        client.force_login(make_user(role, **place))
        return client

    return sign_in


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", ["/figures/", "/releases/"])
def test_before_the_first_release_pages_say_so(client, db, page, language):
    answer = client.get(page, {"lang": language})
    assert answer.status_code == 200
    assert ("还没有发布" in answer.content.decode()) == (language == "zh-hans")


@pytest.mark.parametrize("language", LANGUAGES)
def test_public_pages_read_the_release_and_not_the_database(release, client, language, django_assert_num_queries):
    SiteMonth.objects.all().delete()
    Release.objects.all().delete()
    text = client.get("/figures/", {"lang": language}).content.decode()
    assert "2.5" in text
    assert {"zh-hans": "未估算", "en": "not estimated"}[language] in text
    assert {"zh-hans": "未经核证", "en": "not verified as carbon credits"}[language] in text
    assert "<svg" in text
    assert "/figures/2024-04/" in text
    for page in ("/figures/2024-04/", "/releases/", "/methods/tool04_b_ar5_v1/"):
        assert client.get(page, {"lang": language}).status_code == 200


def test_unknown_months_and_methods_say_what_there_is(release, client):
    answer = client.get("/figures/2020-01/", {"lang": "en"})
    assert answer.status_code == 404
    assert "2024-04, 2024-05" in answer.content.decode()
    assert client.get("/methods/nonsense/").status_code == 404


def test_the_method_page_shows_every_factor_with_its_source(client, db):
    text = client.get("/methods/tool04_b_ar5_v1/", {"lang": "en"}).content.decode()
    for shown in ("0.85", "0.185", "1.21", "0.00024", "265", "TOOL04: Emissions", "ACM0022", "e^(−k/12)", "invented"):
        assert shown in text


def test_files_are_served_byte_for_byte_with_etag_and_the_right_type(release, client, folder):
    types = {
        "figures.json": "application/json; charset=utf-8",
        "figures.csv": "text/csv; charset=utf-8",
        "sites.geojson": "application/geo+json; charset=utf-8",
        "manifest.json": "application/json; charset=utf-8",
    }
    types |= {
        "entries.csv": types["figures.csv"],
        "method.json": types["figures.json"],
        "map.svg": "image/svg+xml; charset=utf-8",
    }
    types |= {"map.png": "image/png", "report-zh.pdf": "application/pdf"}
    for name, content_type in types.items():
        address = reverse("release_file", args=["2", name])
        answer = client.get(address)
        assert b"".join(answer.streaming_content) == (folder / "2" / name).read_bytes()
        assert answer.headers["Content-Type"] == content_type
        assert "immutable" in answer.headers["Cache-Control"]
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        latest = client.get(reverse("release_file", args=["latest", name]))
        assert latest.headers["ETag"] == answer.headers["ETag"]
        assert "immutable" not in latest.headers["Cache-Control"]
    index = json.loads(b"".join(client.get("/releases/index.json").streaming_content))
    assert [entry["number"] for entry in index["releases"]] == [1, 2]
    assert index["latest"] == 2


@pytest.mark.parametrize(
    "address", ["/releases/2/secret.key", "/releases/9/figures.json", "/releases/..%2f2/figures.json",
                "/releases/2/..%2f..%2fsecret.key", "/releases/0/figures.json", "/releases/x/figures.json"]
)  # fmt: skip
def test_nothing_but_files_of_a_release_is_served(release, client, address):
    assert client.get(address).status_code == 404


def test_the_desk_lists_what_blocks_and_verifies_the_rest(entries, signed_in):
    site = entries
    make_entry(site, "2024-06", 1000, batch=make_batch(site, "B9"))
    make_entry(site, "2024-06", 1050, kind="harvest", material="mixture", batch=make_batch(site, "B9"))
    roll_up()
    client = signed_in("verifier")
    text = client.get("/desk/", {"lang": "en"}).content.decode()
    assert "B9" in text
    assert "explain it" in text
    keys = [f"{site.code}:2024-0{m}" for m in (5, 6)]
    answer = client.post("/desk/verify/?lang=en", {"key": keys, "back": "/desk/?lang=en"}, follow=True)
    assert "1 site-month verified" in answer.content.decode()
    assert "B9" in answer.content.decode()
    assert set(SiteMonth.objects.filter(state="verified").values_list("month", flat=True)) == {MAY}


def test_query_answer_and_explanation_go_through_the_pages(entries, client, make_user):
    site = entries
    make_entry(site, "2024-05", 1000, batch=make_batch(site, "B9"))
    make_entry(site, "2024-05", 1050, kind="harvest", material="mixture", batch=make_batch(site, "B9"))
    client.force_login(make_user("verifier"))
    client.post("/desk/query/", {"key": f"{site.code}:2024-05", "reason": "Really ten tonnes?"})
    client.force_login(make_user("manager", site=site))
    months = reverse("site_months", args=[site.code])
    text = client.get(months, {"lang": "en"}).content.decode()
    assert "Really ten tonnes?" in text
    batch = make_batch(site, "B9")
    client.post(
        reverse("site_month_explain", args=[site.code]),
        {"month": "2024-05", "finding": "harvest_above_input", "batch": batch.pk, "text": "From before the platform."},
    )
    assert Explanation.objects.get().text == "From before the platform."
    client.post(reverse("site_month_submit", args=[site.code]), {"month": "2024-05", "answer": "Yes."})
    assert SiteMonth.objects.get(month=MAY).state == "submitted"
    assert "From before the platform." in client.get(months).content.decode()


def test_a_form_never_leads_to_another_host(entries, signed_in):
    client = signed_in("administrator")
    answer = client.post("/desk/verify/", {"key": [], "back": "https://evil.example/"})
    assert answer.headers["Location"] == "/desk/"


def test_the_page_shows_intervals_coverage_scenarios_and_the_way_to_each_explanation(verified_with_baseline, client):
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    for shown in (
        "95 % interval",
        "From 1 verified sites; 1 of 1 reported.",
        "weighed 100.0",
        "never add the two",
        "If the baseline were otherwise",
        "A check, not a choice",
        "AR6",
        "What it brought besides",
        "nitrogen",
    ):
        assert shown in text, shown
    for address in ("/explain/1/?span=month#diverted", "/explain/1/?span=total#net", "/explain/1/regions/CN-320000/"):
        assert address in text, address
    for tale in ("cars off", "car off", "trees"):
        assert tale not in text


def test_a_net_below_zero_is_shown_and_explained_in_one_line(verified_with_baseline, client, folder):
    figure = published.latest(folder).figures["network"]["month"]
    assert figure["net_co2e_t"] < 0
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    assert "−" in text
    assert html.escape(figure["explanation"]["en"]) in text


def test_what_changed_since_the_release_before_is_told_apart_by_kind(release, client):
    make_entry(release, "2024-05", 100, recorded_at=timezone.now())
    roll_up()
    verify_site_month(actor=CONSOLE, site=release, month=MAY)
    publish_release(actor=CONSOLE, month=MAY, reason="a late entry")
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    assert "Data that were corrected or came late" in text
    assert "Figures that a change of the method moved" not in text
    assert "/explain/3/sites/lishui-1/2024-05/" in text


def post(client, address, body=None):
    return client.post(f"/api/v1{address}", json.dumps(body or {}), content_type="application/json")


class TestApi:
    def test_published_figures_are_public(self, release, client):
        found = client.get("/api/v1/figures").json()
        assert (found["month"], found["release"], found["method"]) == ("2024-05", 2, "tool04_b_ar5_v1")
        assert found["network"]["month"]["diverted_kg"] == "2500"
        assert found["network"]["month"]["ch4_avoided_t"] is None
        assert found["network"]["month"]["reason"]["en"]
        assert client.get("/api/v1/figures", {"month": "2024-04"}).json()["release"] == 1
        missing = client.get("/api/v1/figures", {"month": "2020-01"})
        assert (missing.status_code, missing.json()["type"]) == (404, "/problems/month_not_published")

    def test_live_figures_need_the_desk(self, entries, client, make_user):
        address = "/api/v1/figures/live?month=2024-05"
        assert client.get(address).status_code == 401
        client.force_login(make_user("operator", site=entries))
        assert client.get(address).status_code == 403
        client.force_login(make_user("verifier"))
        assert client.get(address).json()["network"]["month"]["sites_reported"] == 1

    def test_a_month_goes_from_open_to_release(self, entries, client, make_user):
        address = f"/site-months/{entries.code}/2024-05"
        client.force_login(make_user("manager", site=entries))
        assert client.get(f"/api/v1{address}").json()["mass"]["intake_kg"] == "2500"
        assert post(client, f"{address}/submit").json()["state"] == "submitted"
        client.force_login(make_user("administrator"))
        assert post(client, f"{address}/query", {"reason": "Sure?"}).json()["note"] == "Sure?"
        refused = post(client, f"{address}/verify")
        assert refused.status_code == 409
        assert refused.headers["Content-Type"].startswith("application/problem+json")
        assert [e["code"] for e in refused.json()["errors"]] == ["queried_unanswered"]
        assert refused.json()["errors"][0]["accepted"]
        post(client, f"{address}/submit", {"answer": "Yes"})
        assert post(client, f"{address}/verify").json()["state"] == "verified"
        assert post(client, "/releases", {"month": "2024-05"}).status_code == 201
        assert post(client, "/releases", {"month": "2024-05"}).json()["type"] == "/problems/release_unchanged"
        found = client.get("/api/v1/releases/1").json()
        assert {file["name"] for file in found["files"]} >= {"figures.json", "figures.csv", "sites.geojson"}
        assert client.get(found["files"][0]["url"]).status_code == 200

    def test_bulk_verification_names_each_refusal(self, entries, client, make_user):
        client.force_login(make_user("verifier"))
        body = {"month": "2024-05", "sites": [entries.code, "unknown"]}
        assert post(client, "/site-months/verify", body).json() == {
            "verified": [entries.code], "already_verified": [], "refused": []
        }  # fmt: skip
        found = post(client, "/site-months/verify", {"month": "2024-07", "sites": [entries.code]}).json()
        assert [f["code"] for f in found["refused"][0]["findings"]] == ["nothing_reported"]

    def test_lists_are_paged_and_filtered(self, entries, client, make_user):
        query_site_month(actor=CONSOLE, site=entries, month=MAY, reason="?")
        client.force_login(make_user("manager", site=entries))
        first = client.get("/api/v1/site-months", {"limit": 1}).json()
        assert [row["month"] for row in first["items"]] == ["2024-05"]
        second = client.get("/api/v1/site-months", {"limit": 1, "cursor": first["next"]}).json()
        assert [row["month"] for row in second["items"]] == ["2024-04"]
        assert second["next"] is None
        queried = client.get("/api/v1/site-months", {"state": "queried"}).json()["items"]
        assert [row["note"] for row in queried] == ["?"]

    def test_releases_are_paged(self, release, client):
        first = client.get("/api/v1/releases", {"limit": 1}).json()
        assert [r["number"] for r in first["items"]] == [2]
        rest = client.get("/api/v1/releases", {"cursor": first["next"]}).json()
        assert [r["number"] for r in rest["items"]] == [1]
        assert client.get("/api/v1/releases", {"cursor": "zzz"}).status_code in (400, 422)


def test_every_sentence_is_in_the_catalogue_of_both_languages(release, folder):
    figures = published.latest(folder).figures
    assert figures["network"]["month"]["reason"]["zh"] != figures["network"]["month"]["reason"]["en"]


def parts_of(text, start, end):
    return text.split(start, 1)[1].split(end, 1)[0]


def test_what_is_secondary_is_folded_with_a_line_that_says_what_is_in_it(verified_with_baseline, client):
    """Headline, months and provinces stand open; each fold has its heading and its words in the summary."""
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    for name in ("two-ways", "scenarios", "classes", "sensitivity"):
        fold = parts_of(text, f'<details class="panel fold" id="{name}">', "</summary>")
        assert "<h2>" in fold
        assert len(parts_of(fold, '<span class="muted">', "</span>")) > 10
    for name in ("this-month", "spans", "by-month", "group-province"):
        before = text.split(f'id="{name}"')[0]
        assert before.count("<details") == before.count("</details"), name


def test_numbers_of_the_month_lead_to_their_explanation_everywhere(verified_with_baseline, client):
    """The own month's row by month, the central scenario and the published line of the other methods."""
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    for table in ("The network by month", "Baseline scenarios", "The same month by other methods"):
        shown = parts_of(text, f'aria-label="{table}"', "</table>")
        for anchor in ("methane", "net"):
            assert f"/explain/1/?span=month#{anchor}" in shown, (table, anchor)


def test_other_published_months_lead_to_their_own_page(release, client):
    text = client.get("/figures/2024-05/", {"lang": "en"}).content.decode()
    shown = parts_of(text, 'aria-label="The network by month"', "</table>")
    assert '<a href="/figures/2024-04/">April 2024</a>' in shown
    assert '<a href="/figures/2024-05/">' not in shown


def test_what_is_below_zero_is_set_apart(verified_with_baseline, client):
    text = client.get("/figures/", {"lang": "en"}).content.decode()
    cells = re.findall(r'<td class="num( negative)?" data-label="[^"]*">(?:<a [^>]*>)?([^<]*)', text)
    assert any(marked for marked, _ in cells)
    assert all(bool(marked) == words.startswith("\u2212") for marked, words in cells if words)


def test_a_change_too_small_to_see_says_how_large_it_is():
    one = {"indicator": "net_co2e_t", "level": "network", "code": "", "month": "2024-05", "kind": "correction"}
    reason = {"zh": "更正", "en": "corrected"}
    document = {"sites": [], "changes": [{**one, "old": -66.0, "new": -66.0423, "reason": reason}]}
    with override("en"):
        before, now, _ = figure_parts.changes(document, 1)[0].table.rows[0].cells
    assert (before.text, now.text, now.note) == ("\u221266\u00a0t", "\u221266\u00a0t", "\u221242.3\u00a0kg")
