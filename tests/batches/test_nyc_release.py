"""New York's tonnage from upload to release: diverted as in the file, methane by a double sum of this test's own."""

from __future__ import annotations

import csv
import json
import math
from io import StringIO

import pytest
from django.core.management import call_command

from compostnet.shared import releases
from compostnet.shared.months import parse_month
from sites.models import Site
from tests.batches.test_nyc import EXCERPT, cells

pytestmark = pytest.mark.django_db
MAY = parse_month("2024-05")
SITE = "nyc-brooklyn-01"
CLASS_OF = {
    "household_organics": "food",
    "school_organics": "food",
    "leaves": "garden",
    "christmas_trees": "wood",
}
DOC = {"food": 0.15, "garden": 0.20, "wood": 0.43}
K = {"food": 0.185, "garden": 0.10, "wood": 0.03}
CAPTURE = 0.75


def run(*arguments):
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def released(db, settings, tmp_path):
    settings.RELEASES_DIR = tmp_path / "releases"
    run("import_ledger", str(EXCERPT), "--layout", "nyc_dsny", "--create-sites")
    run("roll_up")
    run("verify_month", "--all-months")
    run("publish_release", "--month", "2024-05")
    return releases.latest(settings.RELEASES_DIR)


def tonnes(material_classes):
    """Tonnes of site `SITE` by month and class, from the file itself."""
    found: dict[tuple[int, str], float] = {}
    for month, site, material, mg in cells(EXCERPT):
        if site == SITE and parse_month(month) <= MAY and mg:
            key = (parse_month(month), material_classes(material))
            found[key] = found.get(key, 0.0) + mg / 1e9
    return found


def test_a_release_of_new_york(released):
    figures = released.figures
    assert (released.month, figures["release"]["baselines"]) == ("2024-05", ["us_nyc/US-NYC/2000"])
    site = next(one for one in figures["sites"] if one["code"] == SITE)
    assert site["zone"]["code"] == "temperate_wet"
    method = json.loads(released.file("method.json").read_bytes())
    waste = {code: facts["waste_class"] for code, facts in method["materials"].items()}
    by_class = tonnes(lambda material: waste[material])
    assert {waste[code] for code in CLASS_OF} <= set(DOC)
    # What went in, as the file says.
    assert site["total"]["diverted_t"] == pytest.approx(sum(by_class.values()), rel=1e-12)
    network = sum(cell[3] for cell in cells(EXCERPT) if parse_month(cell[0]) == MAY)
    assert figures["network"]["month"]["diverted_kg"] == f"{network / 1e6:f}".rstrip("0").rstrip(".")
    # TOOL04 by month, equation 2, as a double sum: phi 0.85, OX 0.1, F 0.5, DOCf 0.5, MCF 1, capture 0.75.
    prefactor = 0.85 * (1 - CAPTURE) * (1 - 0.1) * (16 / 12) * 0.5 * 0.5
    for emitted in range(parse_month("2024-01"), MAY + 1):
        expected = sum(
            prefactor * mass * DOC[stream] * math.exp(-K[stream] * (emitted - laid) / 12)
            * (1 - math.exp(-K[stream] / 12))
            for (laid, stream), mass in by_class.items()
            if laid <= emitted
        )  # fmt: skip
        shown = site["series"]["ch4_avoided_t"][emitted - parse_month("2024-01")]
        assert shown == pytest.approx(expected, rel=1e-6)
    # With three quarters of the gas captured, composting's own emissions weigh more than five months of decay.
    assert site["month"]["net_co2e_t"] < 0
    assert site["month"]["explanation"]["en"]
    low, high = site["total"]["interval"]["ch4_avoided_t"]
    assert low < site["total"]["ch4_avoided_t"] < high
    scenarios = site["total"]["scenarios"]
    assert scenarios["low"]["ch4_avoided_t"] < site["total"]["ch4_avoided_t"] < scenarios["high"]["ch4_avoided_t"]


def test_its_files_agree_and_it_is_made_again_to_the_byte(released):
    assert {"report-zh.pdf", "report-en.pdf", "map.svg", "map.png"} <= set(released.files)
    site = next(one for one in released.figures["sites"] if one["code"] == SITE)
    evidence = json.loads(released.file(f"evidence-{site['province']}.json").read_bytes())["sites"][SITE]
    kilograms = sum(float(row[4]) for row in evidence["masses"] if row[0] == "2024-05" and row[1] == "intake")
    assert kilograms == pytest.approx(site["month"]["intake_t"] * 1000)
    entries = list(csv.DictReader(released.file("entries.csv").read_text("utf-8-sig").splitlines()))
    assert sum(float(row["kg"]) for row in entries if row["site"] == SITE) == pytest.approx(kilograms)
    assert {row["date"] for row in entries} == {"2024-05"}
    assert Site.objects.count() == 59
    assert "byte" in run("recompute_release", "1", "--check") or "字节" in run("recompute_release", "1", "--check")
