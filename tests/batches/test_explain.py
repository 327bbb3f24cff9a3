"""The explain pages, their slices and the API: every published figure is met again, down to the weighing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils.translation import override

from batches.impact.explain.agreement import month_checks, span_checks, sum_checks
from batches.models import LedgerEntry, Release, SiteMonth
from batches.selectors import released
from batches.services.releases import publish_release
from batches.services.site_months import roll_up, verify_site_month, verify_site_months
from batches.views.explain import _because
from compostnet.shared import releases
from compostnet.shared.months import parse_month
from sites.models import Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry
from tests.conftest import ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("undrawn")]
LANGUAGES = ("zh-hans", "en")
NYC = ROOT / "tests" / "data" / "nyc_dsny_2024_2025.csv"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.RELEASES_DIR


def publish(site, *months, **options):
    for month in months:
        index = parse_month(month)
        if not SiteMonth.objects.filter(site=site, month=index, state="verified").exists():
            verify_site_month(actor=CONSOLE, site=site, month=index)
        publish_release(actor=CONSOLE, month=index, **options)


@pytest.fixture
def explained(site):
    """Two released months of an invented site, whose province burns nearly everything; some leaves, some rejects."""
    Site.objects.filter(pk=site.pk).update(is_invented=True)
    make_entry(site, "2024-04", 1500)
    make_entry(site, "2024-04", 300, material="leaves", measured="volume")
    make_entry(site, "2024-05", 2500)
    make_entry(site, "2024-05", 40, kind="removal", material="contaminants")
    make_entry(site, "2024-05", 100, kind="residue", material="mixture")
    roll_up()
    publish(site, "2024-04", "2024-05")
    return site


def mismatches(published):
    """Everything that a release says otherwise than its own evidence and rules do."""
    document, found, seen = published.figures, [], 0
    last = parse_month(published.month)
    for one in document["sites"]:
        account = released.account_of(published, one)
        walked = list(account.walk(last))
        gwp = account.rules.gwp
        checks = [check for step in walked for check in month_checks(one, document["series_months"], step, gwp)]
        for span, first in (("month", last), ("year", last - last % 12), ("total", 0)):
            checks += span_checks(one[span], [step for step in walked if step.month >= first], gwp)
        seen += sum(check.matches is True for check in checks)
        found += [(one["code"], check) for check in checks if check.matches is False]
    for span in ("month", "year", "total"):
        for whole, sites in (
            (document["network"], document["sites"]),
            *((p, [s for s in document["sites"] if s["province"] == p["code"]]) for p in document["provinces"]),
            *((c, [s for s in document["sites"] if s["city"] == c["code"]]) for c in document["cities"]),
        ):
            checks = sum_checks(whole[span], [one[span] for one in sites], gwp)
            seen += sum(check.matches is True for check in checks)
            found += [(whole.get("code"), check) for check in checks if check.matches is False]
    return found, seen


def test_every_figure_of_the_demo_network_is_met_to_the_last_digit(folder, settings, tmp_path):
    call_command("load_demo", "--sites", "7", "--months", "5", verbosity=0)
    call_command("demo_job", verbosity=0)
    for published in releases.all_releases(folder):
        found, seen = mismatches(published)
        assert not found
        assert seen > 300


def test_every_figure_of_new_york_is_met_to_the_last_digit(folder):
    call_command("import_ledger", str(NYC), "--layout", "nyc_dsny", "--create-sites", verbosity=0, stdout=io.StringIO())
    roll_up()
    keys = list(dict.fromkeys(LedgerEntry.objects.values_list("site_id", "month")))
    assert verify_site_months(actor=CONSOLE, keys=keys).verified
    publish_release(actor=CONSOLE, month=parse_month("2024-10"))
    published = releases.latest(folder)
    found, seen = mismatches(published)
    assert not found
    assert published.figures["network"]["total"]["ch4_avoided_t"] > 0
    assert seen > 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_network_down_to_the_weighing_without_the_database(explained, client, language):
    """Each page leads to the next; nothing but the release folder is read."""
    SiteMonth.objects.all().delete()
    Release.objects.all().delete()
    LedgerEntry.objects.all().delete()
    trail = (
        ("/explain/2/", "/explain/2/regions/CN-320000/"),
        ("/explain/2/regions/CN-320000/", "/explain/2/regions/CN-320100/"),
        ("/explain/2/regions/CN-320100/", "/explain/2/sites/lishui-1/"),
        ("/explain/2/sites/lishui-1/", "/explain/2/sites/lishui-1/2024-05/"),
        ("/explain/2/sites/lishui-1/2024-05/", "/explain/2/sites/lishui-1/2024-05/food/"),
        (
            "/explain/2/sites/lishui-1/2024-05/food/",
            "/explain/2.csv".replace("2.csv", "2/sites/lishui-1/2024-05/food.csv"),
        ),
    )
    for page, further in trail:
        answer = client.get(page, {"lang": language})
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert further in text, f"{page} does not lead to {further}"
        assert "✗" not in text
    month = client.get("/explain/2/sites/lishui-1/2024-05/", {"lang": language}).content.decode()
    assert {"zh-hans": "分毫不差", "en": "to the last digit"}[language] in month
    for shown in ("TOOL04", "ACM0022", "0.185", "demo/CN-320000", "2,500"):
        assert shown in month, shown


def test_a_month_names_each_entry_its_correction_and_the_reason(explained, client):
    old = LedgerEntry.objects.get(month=parse_month("2024-05"), kind="intake")
    make_entry(explained, "2024-05", 2600, supersedes=old, reason="the tare was forgotten", batch=old.batch)
    roll_up()
    publish(explained, "2024-05", reason="corrected")
    text = client.get("/explain/3/sites/lishui-1/2024-05/", {"lang": "en"}).content.decode()
    assert "the tare was forgotten" in text
    assert "2,600" in text
    assert f"before: 2,500\u00a0kg ({str(old.pk)[:8]})" in text
    before = client.get("/explain/2/sites/lishui-1/2024-05/", {"lang": "en"}).content.decode()
    assert "the tare was forgotten" not in before, "an earlier release does not change"
    document = client.get("/explain/3/sites/lishui-1/2024-05.json").json()
    (entry,) = [entry for entry in document["entries"] if entry["supersedes"]]
    assert [one["kg"] for one in entry["earlier"]] == ["2500"]


def test_a_site_that_shows_sums_only_shows_no_entry_and_says_why(explained, client):
    Site.objects.filter(pk=explained.pk).update(public_detail="sums")
    make_entry(explained, "2024-06", 777)
    roll_up()
    publish(explained, "2024-06")
    text = client.get("/explain/3/sites/lishui-1/2024-06/", {"lang": "en"}).content.decode()
    assert "publishes monthly sums" in text
    assert "777" in text
    document = client.get("/explain/3/sites/lishui-1/2024-06.json").json()
    assert document["entries"] is None
    assert document["explained"]["masses"][0]["kg"] == "777"


def test_what_is_not_estimated_says_why_and_what_would_be_needed(site, client):
    make_entry(site, "2024-05", 2500)
    roll_up()
    publish(site, "2024-05")
    text = client.get("/explain/1/sites/lishui-1/2024-05/", {"lang": "en"}).content.decode()
    assert "not estimated" in text
    assert "Needed: a reviewed document" in text
    level = client.get("/explain/1/regions/CN-320000/", {"lang": "en"}).content.decode()
    assert "Not estimated, and why" in level
    assert client.get("/explain/1/sites/lishui-1/2024-05.json").json()["net_co2e_t"] is None


def test_an_earlier_month_is_explained_too_and_one_before_the_first_has_nothing(explained, client):
    april = client.get("/explain/2/sites/lishui-1/2024-04/", {"lang": "en"}).content.decode()
    assert "to the last digit" in april
    assert "As published with release 1" in april
    early = client.get("/explain/2/sites/lishui-1/2023-04/", {"lang": "en"})
    assert early.status_code == 200
    assert "nothing to compute" in early.content.decode()


@pytest.mark.parametrize(
    "address",
    ["/explain/9/", "/explain/2/sites/nobody/", "/explain/2/regions/CN-999999/", "/explain/2/sites/lishui-1/2024-06/",
     "/explain/2/sites/lishui-1/2024-13/", "/explain/2/sites/lishui-1/2024-05/plastic/", "/explain/0/",
     "/explain/2/regions/none/"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(explained, client, address):
    assert client.get(address).status_code == 404


def test_latest_leads_to_the_number_that_can_be_cited(explained, client):
    for ending in ("/", "/sites/lishui-1/2024-05/", ".csv", "/sites/lishui-1/2024-05.json"):
        answer = client.get(f"/explain/latest{ending}", {"span": "total"})
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/explain/2{ending}?span=total"


SLICES = (
    "/explain/2",
    "/explain/2/regions/CN-320000",
    "/explain/2/sites/lishui-1",
    "/explain/2/sites/lishui-1/2024-05",
    "/explain/2/sites/lishui-1/2024-05/food",
)


@pytest.mark.parametrize("address", SLICES)
def test_slices_say_their_licence_and_never_change(explained, client, address):
    for form, kind in (("csv", "text/csv"), ("json", "application/json")):
        answer = client.get(f"{address}.{form}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert "immutable" in answer.headers["Cache-Control"]
        again = client.get(f"{address}.{form}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
        text = answer.content.decode("utf-8-sig")
        if form == "json":
            about = json.loads(text)["release"]
            assert about["number"] == 2
            assert about["licence"] == "CC-BY-4.0"
            assert "release 2" in about["citation"]["en"]
        else:
            rows = list(csv.DictReader(io.StringIO(text)))
            assert rows
            assert {row["licence"] for row in rows} == {"CC-BY-4.0"}
            assert all(None not in row for row in rows)
    make_entry(explained, "2024-05", 1)
    roll_up()
    publish(explained, "2024-05", reason="late")
    assert client.get(f"{address}.json").headers["ETag"] == answer.headers["ETag"]


def test_the_figures_of_a_slice_are_those_of_the_release(explained, client, folder):
    published = releases.latest(folder)
    rows = csv.DictReader(io.StringIO(client.get("/explain/2/regions/CN-320000.csv").content.decode("utf-8-sig")))
    found = {(row["level"], row["code"], row["months"], row["indicator"]): row for row in rows}
    month = published.figures["provinces"][0]["month"]
    row = found["province", "CN-320000", "2024-05", "ch4_avoided_t"]
    assert float(row["value"]) == month["ch4_avoided_t"]
    assert [float(row["low"]), float(row["high"])] == month["interval"]["ch4_avoided_t"]
    assert ("site", "lishui-1", "2024-04/2024-05", "diverted_kg") in found
    evidence = client.get("/explain/2/sites/lishui-1.json").json()["evidence"]
    assert sum(Decimal(row[4]) for row in evidence["masses"] if row[1] == "intake") == 4300


def test_the_api_explains_the_same(explained, client):
    answer = client.get("/api/v1/figures/explain/latest/lishui-1/2024-05")
    assert answer.status_code == 200
    found = answer.json()
    assert found["release"]["number"] == 2
    assert all(check["matches"] or check["published"] is None for check in found["explained"]["checks"])
    assert {c["indicator"] for c in found["explained"]["checks"] if c["matches"]} >= {"ch4_avoided_t", "net_co2e_t"}
    assert found["explained"]["accounts"]["diverted"] == 2_460_000_000
    assert {line["symbol"] for route in found["explained"]["routes"] for line in route["lines"]} >= {
        "W",
        "DOC",
        "φ",
        "f",
    }
    assert len(found["entries"]) == 3
    assert client.get("/api/v1/figures/explain/7/lishui-1/2024-05").status_code == 404
    assert client.get("/api/v1/figures/explain/2/lishui-1/2024-06").status_code == 404
    assert client.get("/api/v1/figures/explain/x/lishui-1/2024-05").status_code == 422


def test_a_site_page_shows_its_figures_classes_batches_and_reports(explained, client):
    make_batch(explained, "Z9")
    for language, words in (
        ("en", ("Batches by state", "How the site is classed", "Net effect")),
        ("zh-hans", ("各状态的批次",)),
    ):
        text = client.get("/sites/lishui-1/", {"lang": language}).content.decode()
        for shown in (*words, "/explain/2/sites/lishui-1/", "/sites/lishui-1/report/2024-05/"):
            assert shown in text, shown


def test_a_release_made_before_there_was_evidence_says_so(explained, client, folder):
    manifest = folder / "2" / "manifest.json"
    content = json.loads(manifest.read_text())
    del content["files"]["method.json"]
    manifest.write_text(json.dumps(content))
    index = json.loads((folder / "index.json").read_text())
    index["releases"][1]["manifest_sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()
    (folder / "index.json").write_text(json.dumps(index))
    answer = client.get("/explain/2/", {"lang": "en"})
    assert answer.status_code == 404
    assert "before evidence was published" in answer.content.decode()


def test_a_source_that_was_typed_keeps_its_own_language():
    """The platform's words are in the reader's language, what somebody typed is marked with its own."""
    typed = "Indicative zone after the reference climate of the city"
    texts = {"zh": f"气候区由人工设定，依据：{typed}", "en": f"The climate zone was set by hand, after: {typed}"}
    with override("zh-hans"):
        assert _because(texts) == {
            "zone_because": "气候区由人工设定，依据：",
            "zone_source": typed,
            "zone_source_language": "en",
        }
    with override("en"):
        said = _because({"zh": "人工设定，理由：山谷阴冷", "en": "Set by hand: 山谷阴冷"})
        assert (said["zone_source"], said["zone_source_language"]) == ("山谷阴冷", "zh-Hans")
        assert _because({"zh": "按常年值。", "en": "From the normals."})["zone_because"] == "From the normals."
        assert _because(None)["zone_because"] == ""
