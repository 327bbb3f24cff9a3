"""What an auditor does: only published files and the method's file in hand, the figures are made again."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import math
from decimal import Decimal

import pytest
import yaml

from batches.models import LedgerEntry
from batches.services.releases import publish_release
from batches.services.site_months import reopen_for_late_entries, verify_site_months
from compostnet.shared.months import parse_month
from sites.models import Region, Site
from sites.permissions import CONSOLE
from tests.batches.makers import make_entry
from tests.conftest import ROOT

pytestmark = pytest.mark.django_db
MONTHS = [f"2024-{m:02}" for m in range(1, 7)]
JUNE = parse_month("2024-06")


def make_site(city, number):
    province, _ = Region.objects.get_or_create(
        code=city[:5] + "0000",
        defaults={"parent_id": "CN", "level": 1, "country": "CN", "name_zh": city[:5], "name_en": city[:5]},
    )
    region, _ = Region.objects.get_or_create(
        code=city, defaults={"parent": province, "level": 2, "country": "CN", "name_zh": city, "name_en": city}
    )
    return Site.objects.create(
        code=f"site-{number}",
        name_zh=f"{number}号",
        name_en=f"Site {number}",
        region=region,
        scenario="village" if number % 2 else "school",
        process="windrow",
        opened_on=dt.date(2024, 1, 1),
        climate_zone="temperate_wet",
        is_invented=True,
    )


def verify_all():
    keys = [(site.pk, parse_month(month)) for site in Site.objects.all() for month in MONTHS]
    assert not verify_site_months(actor=CONSOLE, keys=keys).refused


@pytest.fixture
def network(nanjing, settings, tmp_path):
    """Five sites in three provinces, six months of food waste each in odd amounts, published as release 1."""
    settings.RELEASES_DIR = tmp_path / "releases"
    cities = ["CN-360100", "CN-360400", "CN-110100", "CN-320100", "CN-530100"]
    sites = [make_site(city, number) for number, city in enumerate(cities, start=1)]
    for number, site in enumerate(sites, start=1):
        for at, month in enumerate(MONTHS):
            make_entry(site, month, 1234.567891 * number + 0.1 * at)
    verify_all()
    publish_release(actor=CONSOLE, month=JUNE)
    return sites


def rows_of(client, number):
    """``figures.csv`` as anybody downloads it: {(level, code, month, indicator): text}."""
    response = client.get(f"/releases/{number}/figures.csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return {(r["level"], r["code"], r["month"], r["indicator"]): r["value"] for r in csv.DictReader(text.splitlines())}


def bytes_of(client, number, name):
    return b"".join(client.get(f"/releases/{number}/{name}").streaming_content)


def test_sites_sum_to_provinces_scenarios_and_the_network_to_the_last_digit(network, client):
    rows = rows_of(client, 1)
    spans = {month for _, _, month, _ in rows}
    assert "2024-06" in spans
    assert "2024-01/2024-06" in spans
    for month in spans:
        for indicator in ("diverted_t", "intake_t", "ch4_avoided_t", "composting_ch4_t", "sites_expected"):
            sums = {
                level: sum(
                    (Decimal(v) for (of, _, when, what), v in rows.items()
                     if (of, when, what) == (level, month, indicator) and v),
                    start=Decimal(0),
                )
                for level in ("site", "city", "province", "scenario", "network")
            }  # fmt: skip
            present = {
                level: total
                for level, total in sums.items()
                if any((k[0], k[2], k[3]) == (level, month, indicator) for k in rows)
            }
            assert len(set(present.values())) == 1, (month, indicator, present)


def test_the_api_and_the_files_say_the_same(network, client):
    rows = rows_of(client, 1)
    answer = client.get("/api/v1/figures").json()
    found = answer["network"]["month"]
    for indicator in ("diverted_t", "ch4_avoided_t", "ch4_forecast_20y_t", "composting_co2e_t", "net_co2e_t"):
        assert Decimal(rows["network", "", "2024-06", indicator]) == Decimal(str(found[indicator]))
    assert found == json.loads(bytes_of(client, 1, "figures.json"))["network"]["month"]


def test_methane_is_made_again_from_the_release_and_the_files_of_rules(network, client):
    """TOOL04 by the plain double sum (equation 2, by month), for a site that took in food waste only."""
    rows = rows_of(client, 1)
    folder = ROOT / "batches" / "impact"
    code = json.loads(bytes_of(client, 1, "manifest.json"))["release"]["method"]
    method = yaml.safe_load((folder / "methods" / f"{code}.yaml").read_text("utf-8"))
    mixes = yaml.safe_load((folder / "baselines" / "demo.yaml").read_text("utf-8"))["regions"]["CN-360000"]
    rules, food = method["landfilling"], method["streams"]["food"]
    k, doc = food["k"]["temperate_wet"]["value"], food["doc"]["value"]
    expected = 0.0
    for part in mixes[0]["mix"]:
        route = method["routes"][part["route"]]
        for made, month in enumerate(MONTHS):
            tonnes = float(rows["site", "site-1", month, "diverted_t"]) * part["share"]
            if "burns" in route:
                if month == "2024-06":  # burnt at once, nothing later
                    expected += tonnes * route["burns"]["ch4"]["value"] * route["burns"]["conservativeness"]["value"]
                continue
            ever = tonnes * doc * rules["docf"]["value"] * route["decays"]["mcf"]["value"]
            ever *= rules["methane_fraction"]["value"] * 16 / 12 * rules["phi"]["wet"]["value"]
            ever *= (1 - part.get("capture", 0)) * (1 - route["decays"]["ox"]["value"])
            age = len(MONTHS) - 1 - made
            expected += ever * (math.exp(-k * age / 12) - math.exp(-k * (age + 1) / 12))
    assert expected > 0
    assert float(rows["site", "site-1", "2024-06", "ch4_avoided_t"]) == pytest.approx(expected, rel=1e-6)
    # Yunnan has no baseline: not estimated, which is neither zero nor in the sum.
    assert rows["site", "site-5", "2024-06", "ch4_avoided_t"] == ""


def test_the_manifest_holds_and_the_index_names_it(network, client):
    manifest = bytes_of(client, 1, "manifest.json")
    index = json.loads(b"".join(client.get("/releases/index.json")))
    entries = index["releases"] if isinstance(index, dict) else index
    assert hashlib.sha256(manifest).hexdigest() == entries[0]["manifest_sha256"]
    files = json.loads(manifest)["files"]
    tables = {"figures.csv", "datadictionary.csv", "entries.csv", "corrections.csv"}
    evidence = {f"evidence-CN-{province}0000.json" for province in (11, 32, 36, 53)}
    assert {"figures.json", "method.json", "sites.geojson", *tables, *evidence} <= set(files)
    for name, vouched in files.items():
        assert hashlib.sha256(bytes_of(client, 1, name)).hexdigest() == vouched["sha256"]


def test_a_restatement_says_old_new_and_why_and_touches_nothing_published(network, client):
    names = ("figures.json", "figures.csv", "sites.geojson", "manifest.json")
    before = {name: bytes_of(client, 1, name) for name in names}
    site = network[0]
    wrong = LedgerEntry.objects.get(site=site, month=JUNE)
    make_entry(site, "2024-06", 2000, supersedes=wrong, reason="a load was left out")
    reopen_for_late_entries(touched={(site.pk, JUNE)})
    assert {name: bytes_of(client, 1, name) for name in names} == before
    assert not verify_site_months(actor=CONSOLE, keys=[(site.pk, JUNE)]).refused
    release = publish_release(actor=CONSOLE, month=JUNE)
    assert (release.number, release.revision) == (2, 1)
    assert {name: bytes_of(client, 1, name) for name in names} == before
    changes = json.loads(bytes_of(client, 2, "figures.json"))["changes"]
    own = [c for c in changes if (c["level"], c["code"], c["month"]) == ("site", "site-1", "2024-06")]
    kilos = next(c for c in own if c["indicator"] == "diverted_t")
    assert Decimal(str(kilos["old"])) == Decimal(rows_of(client, 1)["site", "site-1", "2024-06", "diverted_t"])
    less = Decimal(str(kilos["new"])) - Decimal(str(kilos["old"]))
    assert 1000 * less == 2000 - (Decimal("1234.567891") + Decimal("0.5"))
    assert kilos["kind"] == "correction"
    assert "a load was left out" in kilos["reason"]["en"]
    assert "a load was left out" in kilos["reason"]["zh"]
    old, new = rows_of(client, 1), rows_of(client, 2)
    assert old["site", "site-2", "2024-06", "diverted_t"] == new["site", "site-2", "2024-06", "diverted_t"]
