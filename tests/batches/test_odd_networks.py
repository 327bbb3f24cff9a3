"""Networks with hardly anything in them, and names that mean harm: every page and file stays whole and honest."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from xml.etree import ElementTree

import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command

from batches.models import LedgerEntry
from batches.services.releases import publish_release
from batches.services.site_months import verify_site_months
from compostnet.shared.months import parse_month
from sites.models import Region, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_batch, make_entry
from tests.batches.pdfs import flat

MAY = parse_month("2024-05")
EMPTY = [
    "/",
    "/figures/",
    "/map/",
    "/map/embed/",
    "/releases/",
    "/sites/",
    "/feeds/releases.atom",
    "/feeds/releases.rss",
]
FULL = [
    "/releases/1/",
    "/releases/1/verify/",
    "/figures/2024-05/",
    "/explain/1/",
    "/explain/1.csv",
    "/explain/1.json",
]
OF_SITE = ["/explain/1/sites/odd/", "/explain/1/sites/odd/2024-05/", "/sites/odd/", "/map/?site=odd"]
OF_SITE += ["/explain/1/sites/odd.csv", "/explain/1/sites/odd/2024-05.csv"]


def of(region, *, position=(119.03, 31.65), zone="temperate_wet", **more):
    values = {"code": "odd", "name_zh": "怪点", "name_en": "Odd", "scenario": "village", "process": "windrow"}
    place = position and Point(*position, srid=4326)
    values |= {"location": place, "climate_zone": zone, "opened_on": dt.date(2024, 1, 1)}
    return Site.objects.create(region=region, **values | more)


def bare(region):
    make_entry(of(Region.objects.get(code="CN"), position=None, zone=""), "2024-05", 100)


def more_removed_than_taken_in(region):
    site = of(region)
    make_entry(site, "2024-04", 100)
    make_entry(site, "2024-05", 30, kind="removal")


def only_residue(region):
    site = of(region)
    make_entry(site, "2024-04", 100)
    make_entry(site, "2024-05", 30, kind="residue")


def never_waste(region):
    make_entry(of(region), "2024-05", 12, material="wood_chips")


def nothing_weighed(region):
    make_entry(of(region), "2024-05", 0)


@pytest.fixture
def folder(settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    return settings.RELEASES_DIR


def publish():
    keys = sorted(set(LedgerEntry.objects.values_list("site_id", "month")))
    assert not verify_site_months(actor=CONSOLE, keys=keys).refused
    publish_release(actor=CONSOLE, month=MAY)


def visit(client, pages):
    """Each page in both languages: address → English text."""
    found = {}
    for page in pages:
        for language in ("zh-hans", "en"):
            answer = client.get(page, headers={"Accept-Language": language})
            assert answer.status_code == 200, page
            found[page] = answer.content.decode()
            words = re.sub(r"<script.*?</script>|<[^>]+>", " ", found[page], flags=re.DOTALL)
            if not page.endswith(".json"):
                assert not re.search(r"\b(None|NaN|nan|inf|undefined)\b", words), page
    return found


@pytest.mark.django_db
def test_without_any_site_every_page_says_that_nothing_is_published(client, folder):
    pages = visit(client, EMPTY)
    assert "Nothing has been published yet" in pages["/figures/"]
    assert "<title>Where the sites are ·" in pages["/map/embed/"]
    assert client.get("/map/image.png").status_code == 404
    assert client.get("/explain/latest/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("make", [bare, more_removed_than_taken_in, only_residue, never_waste, nothing_weighed])
def test_an_odd_network_is_published_checked_and_shown(client, folder, nanjing, make):
    make(nanjing)
    publish()
    call_command("recompute_release", "1", "--check")
    call_command("verify_release", "1")
    document = json.loads((folder / "1" / "figures.json").read_bytes())
    for figures in (document["network"], document["sites"][0]):
        for span in ("month", "year", "total"):
            assert figures[span]["ch4_avoided_t"] is None and figures[span]["net_co2e_t"] is None
            low, high = figures[span]["interval"]["diverted_t"]
            assert low <= figures[span]["diverted_t"] <= high
    pages = visit(client, [*EMPTY, *FULL, *OF_SITE])
    assert "Together: not estimated<" in pages["/explain/1/sites/odd/2024-05/"]
    assert client.get("/map/image.png").status_code == 200
    for language, words in (("zh", "不估算"), ("en", "not estimated")):
        for report in (f"/figures/2024/report-{language}.pdf", f"/sites/odd/report/2024-05/{language}.pdf"):
            answer = client.get(report)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert words in flat(content)


HARM = "</script><script>alert(1)</script>\"'&"
FORMULAS = ['=HYPERLINK("http://x.example","y")', "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"]


def cells(text):
    return [cell for row in csv.reader(text.removeprefix("\ufeff").splitlines()) for cell in row]


@pytest.mark.django_db
def test_markup_in_names_stays_text_everywhere(client, folder, nanjing, undrawn):
    site = of(nanjing, name_zh=HARM, name_en="\u202e" + HARM)
    make_entry(site, "2024-05", 10, batch=make_batch(site, "<img src=x>"), note=HARM)
    publish()
    pages = visit(client, [*EMPTY, *FULL, *OF_SITE])
    for page, content in pages.items():
        assert page.endswith((".csv", ".json")) or "<script>alert" not in content, page
        assert page.endswith((".csv", ".json")) or "<img src=x>" not in content, page
    for feed in ("/feeds/releases.atom", "/feeds/releases.rss"):
        ElementTree.fromstring(pages[feed])
    ElementTree.fromstring((folder / "1" / "map.svg").read_bytes())
    assert json.loads((folder / "1" / "sites.geojson").read_bytes())["features"][0]["properties"]["name_zh"] == HARM


@pytest.mark.django_db
@pytest.mark.parametrize("name", FORMULAS)
def test_no_table_holds_what_a_spreadsheet_would_run(client, folder, nanjing, undrawn, name):
    site = of(nanjing, name_zh=name, name_en=name)
    batch = make_batch(site, name)
    wrong = make_entry(site, "2024-05", 10, batch=batch)
    make_entry(site, "2024-05", 11, batch=batch, supersedes=wrong, reason=name, note=name)
    publish()
    tables = {file.name: file.read_text("utf-8") for file in (folder / "1").glob("*.csv")}
    for page in ("/explain/1.csv", "/explain/1/sites/odd.csv", "/explain/1/sites/odd/2024-05.csv"):
        tables[page] = client.get(page).content.decode()
    tables["regions"] = client.get("/explain/1/regions/CN-320000.csv").content.decode()
    assert {"figures.csv", "entries.csv", "corrections.csv"} <= set(tables)
    for table, text in tables.items():
        for cell in cells(text):
            assert not cell.startswith(("=", "+", "@", "\t", "\r")), (table, cell)
            assert not cell.startswith("-") or (re.fullmatch(r"-[\d.eE+-]+", cell) and cell != name), (table, cell)
