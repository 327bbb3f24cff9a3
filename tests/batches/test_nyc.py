"""Real input by the ordinary upload: New York's monthly tonnage, an excerpt always, the whole file where it lies."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from batches.models import Batch, LedgerEntry, Upload
from compostnet.shared.units import kg_text
from sites.models import Site
from tests.conftest import ROOT, SHARED

EXCERPT = ROOT / "tests" / "data" / "nyc_dsny_2024_2025.csv"
WHOLE = SHARED / "data" / "nyc_dsny_monthly_tonnage.csv"
FILES = [path for path in (EXCERPT, WHOLE) if path.exists()]
COLUMNS = {
    "RESORGANICSTONS": "household_organics",
    "SCHOOLORGANICTONS": "school_organics",
    "LEAVESORGANICTONS": "leaves",
    "XMASTREETONS": "christmas_trees",
    "OTHERORGANICSTONS": "other_organics",
}
MG_PER_SHORT_TON = Decimal("907184740")


def cells(path: Path):
    """Year-month, district, material and milligrams of every reported cell, read without any code of ours."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            for column, material in COLUMNS.items():
                if row[column].strip():
                    mass = Decimal(row[column].replace(",", "")) * MG_PER_SHORT_TON
                    district = f"nyc-{row['BOROUGH'].lower().replace(' ', '-')}-{row['COMMUNITYDISTRICT']}"
                    yield row["MONTH"].replace(" / ", "-"), district, material, int(mass)


def run(*arguments: str) -> object:
    out = io.StringIO()
    call_command(*arguments, "--format", "json", stdout=out)
    return json.loads(out.getvalue())


def sums(path: Path, index, kg=kg_text) -> dict[str, str]:
    total: Counter[str] = Counter()
    for cell in cells(path):
        total[index(cell)] += cell[3]
    return {key: kg(mass) for key, mass in total.items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_reported_cell_becomes_an_entry_and_the_sums_are_those_of_the_file(db, path):
    expected = list(cells(path))
    answer = run("import_ledger", str(path), "--layout", "nyc_dsny", "--create-sites")
    districts = {cell[1] for cell in expected}
    assert (answer["sites_created"], Site.objects.count()) == (len(districts), len(districts))
    assert answer["entries"] == answer["stored"] == len(expected) == LedgerEntry.objects.count()
    assert (answer["already_stored"], answer["differs"], answer["rejected"]) == (0, 0, 0)
    assert Decimal(answer["total_t"]) * 10**9 == sum(cell[3] for cell in expected)
    for by, index in {
        "year": lambda cell: cell[0][:4],
        "month": lambda cell: cell[0],
        "site": lambda cell: cell[1],
        "material": lambda cell: cell[2],
    }.items():
        rows = run("ledger_totals", "--by", by, "--kind", "intake")
        assert {row[by]: row["kg"] for row in rows} == sums(path, index), by
    stored = Counter(
        (f"{month // 12}-{month % 12 + 1:02d}", site, material, mass)
        for month, site, material, mass in LedgerEntry.objects.values_list("month", "site__code", "material", "mass_mg")
    )
    assert stored == Counter(expected)
    assert set(LedgerEntry.objects.values_list("month_only", "measured", "entered_unit", "kind").distinct()) == {
        (True, "scale", "short_ton", "intake")
    }
    again = run("import_ledger", str(path), "--layout", "nyc_dsny", "--create-sites")
    assert (again["sites_created"], again["stored"], again["already_stored"]) == (0, 0, len(expected))
    assert Upload.objects.count() == 1 and LedgerEntry.objects.count() == len(expected)
    if path == WHOLE:
        assert (len(expected), len(districts)) == (9902, 59)
        assert answer["total_t"].startswith("609501.139")


@pytest.fixture
def imported(db):
    run("import_ledger", str(EXCERPT), "--layout", "nyc_dsny", "--create-sites")


def test_a_cumulative_export_stores_only_what_is_new_and_reports_what_changed(imported, tmp_path):
    lines = EXCERPT.read_text(encoding="utf-8").splitlines(keepends=True)
    header, first, rest = lines[0], lines[1], lines[2:]
    assert '"16.7"' in first
    later = '"2025 / 11","Bronx","01","1","1","1","20.5","",,,,"2"\n'
    path = tmp_path / "dsny-november.csv"
    path.write_text(header + later + first.replace('"16.7"', '"16.9"') + "".join(rest), encoding="utf-8")
    before = LedgerEntry.objects.count()
    answer = run("import_ledger", str(path), "--layout", "nyc_dsny")
    assert (answer["stored"], answer["already_stored"], answer["differs"]) == (1, before - 1, 1)
    assert LedgerEntry.objects.count() == before + 1
    kept = LedgerEntry.objects.get(site__code="nyc-bronx-01", month=2025 * 12 + 9, material="household_organics")
    assert kept.entered_value == "16.7"
    row = Upload.objects.get(file_name=path.name).rejected_rows.get()
    assert row.row == 3 and "16.7" in row.faults[0]["detail"]["en"] and "16.9" in row.faults[0]["detail"]["en"]


def test_batches_are_opened_a_year_and_site(imported):
    bronx = Batch.objects.filter(site__code="nyc-bronx-01").values_list("code", flat=True)
    assert set(bronx) == {"DSNY 2024", "DSNY 2025"}


def test_without_its_sites_the_file_is_refused_in_words(db):
    with pytest.raises(CommandError) as refused:
        run("import_ledger", str(EXCERPT), "--layout", "nyc_dsny")
    assert "nyc-bronx-01" in str(refused.value) and "line 2" in str(refused.value)
    assert not LedgerEntry.objects.exists()


def test_a_file_of_another_layout_is_refused_with_the_columns_that_are_missing(db, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("MONTH,BOROUGH\n2025 / 10,Bronx\n", encoding="utf-8")
    with pytest.raises(CommandError, match="RESORGANICSTONS"):
        run("import_ledger", str(path), "--layout", "nyc_dsny", "--create-sites")
