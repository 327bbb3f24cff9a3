"""``check_lab_report``: formats, options, exit statuses; without any database; the stateless API beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import pypdfium2 as pdfium
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from standards.library import library
from standards.terminal import cut, padded, width
from tests.conftest import ROOT

SHEET = """sample,indicator,value,unit,basis
A-1,organic matter,38.2,%,dm
A-1,P,0.5,%,dm
A-1,Pb,67,mg/kg,dm
A-1,Cd,<0.1,mg/kg,dm
A-1,Unobtainium,3,mg/kg,dm
A-2,Pb,12,mg/kg,dm
"""
DAY = ("--as-of", "2026-03-01", "--language", "en")
KEYS = {"sample", "standard", "class", "edition", "verdict", "provisional", "indicators"}
INDICATOR_KEYS = {"indicator", "verdict", "reported", "compared", "limit", "unit", "reason", "next_step"}


@pytest.fixture
def sheet(tmp_path):
    file = tmp_path / "lab.csv"
    file.write_text(SHEET, encoding="utf-8")
    return str(file)


def run(*arguments):
    """What the command prints, its exit status, and what it says besides."""
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("check_lab_report", *arguments, stdout=out, stderr=err)
    except SystemExit as exit_:
        status = exit_.code
    return out.getvalue(), status, err.getvalue()


def real(*arguments, **environment):
    """The command as a program of its own, with a database that does not exist."""
    return subprocess.run(
        [sys.executable, "manage.py", "check_lab_report", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "compostnet.settings",
            "COMPOSTNET_DATABASE": "postgis://nobody@127.0.0.1:1/nothing",
            **environment,
        },
        capture_output=True,
        check=False,
    )


def test_it_needs_no_database(sheet, tmp_path):
    done = real(sheet, "--standard", "all", "--format", "json", *DAY, COMPOSTNET_DATA=str(tmp_path))
    assert done.returncode == 1, done.stderr.decode()
    found = json.loads(done.stdout)
    assert all(set(one) >= KEYS for one in found)
    assert all(set(item) >= INDICATOR_KEYS for one in found for item in one["indicators"])
    assert {one["sample"] for one in found} == {"A-1", "A-2"}
    assert {(one["standard"], one["class"]) for one in found} >= {("CN-NYT525", None), ("EU-FPR", "PFC3A")}
    said = done.stderr.decode()
    assert "Unobtainium" in said
    left_out = [code for code, book in library().items() if not book.editions]
    assert left_out and all(code in said for code in left_out)


def test_a_pdf_goes_to_the_standard_output(sheet, tmp_path):
    done = real(sheet, "--standard", "CN-NYT525", "--format", "pdf", *DAY, COMPOSTNET_DATA=str(tmp_path))
    assert done.returncode == 1, done.stderr.decode()
    text = "".join(page.get_textpage().get_text_bounded() for page in pdfium.PdfDocument(done.stdout))
    assert "67" in text and "Test summary" in text and "lab.csv" in text


def test_the_compact_table_has_a_line_a_limit(sheet):
    text, status, _ = run(sheet, "--standard", "CN-NYT525", *DAY)
    assert status == 1
    first = text.split("\n\n")[0].splitlines()
    assert first[0].startswith("A-1 · CN-NYT525 (2021) NY/T 525 Organic fertilizer: ✗ fail · provisional")
    limits = len(json.loads(run(sheet, "--standard", "CN-NYT525", "--format", "json", *DAY)[0])[1]["indicators"])
    assert len(first) == limits + 2
    lead = next(line for line in first if " lead " in line)
    assert "✗ fail" in lead and "67 mg/kg dm" in lead and "≤ 50 mg/kg (dry matter)" in lead
    assert "no limit for it" not in text


def test_explained_it_says_reasons_conversions_clauses_and_sources(sheet):
    text, _, _ = run(sheet, "--standard", "CN-NYT525", "--explain", *DAY)
    assert "→ lead 67 mg/kg" in text
    assert "2.29" in text, "P as P2O5"
    assert "grade B-" in text
    assert "Sources:" in text and "NY/T 525-2021" in text
    chinese, _, _ = run(sheet, "--standard", "CN-NYT525", "--explain", "--as-of", "2026-03-01", "--language", "zh-hans")
    assert "不合格" in chinese and "来源：" in chinese and "（干基）" in chinese


def test_csv_has_a_row_an_indicator(sheet):
    text, _, _ = run(sheet, "--standard", "CN-NYT525", "--format", "csv", *DAY)
    rows = list(csv.DictReader(io.StringIO(text)))
    lead = [row for row in rows if row["indicator"] == "Pb"]
    assert [(row["sample"], row["sample_verdict"], row["verdict"]) for row in lead] == [
        ("A-1", "fail", "fail"),
        ("A-2", "incomplete", "pass"),
    ]


@pytest.mark.parametrize(("shape", "start"), [("table", b"A-1"), ("json", b"["), ("csv", b"sample,"), ("pdf", b"%PDF")])
def test_output_goes_into_a_file(sheet, tmp_path, shape, start):
    target = tmp_path / "out"
    text, status, _ = run(sheet, "--standard", "CN-NYT525", "--format", shape, "--output", str(target), *DAY)
    assert (text, status) == ("", 1)
    assert target.read_bytes().startswith(start)


def test_without_class_the_best_that_is_met_answers(tmp_path):
    book = library()["AT-KOMPOSTVO"]
    ranked = [one.code for one in sorted(book.classes, key=lambda one: one.rank)]

    def answer(lead):
        file = tmp_path / f"{lead}.csv"
        file.write_text(f"sample,indicator,value,unit,basis\nS,Pb,{lead},mg/kg,dm\n", encoding="utf-8")
        found = json.loads(run(str(file), "--standard", "AT-KOMPOSTVO", "--format", "json", *DAY)[0])
        assert len(found) == 1
        return found[0]

    best, worst = answer("1"), answer("9999")
    assert (best["class"], best["standard"]) == (ranked[0], "AT-KOMPOSTVO")
    assert (worst["class"], worst["verdict"]) == (ranked[-1], "fail")
    named = run(str(tmp_path / "9999.csv"), "--standard", f"AT-KOMPOSTVO/{ranked[0]}", "--format", "json", *DAY)
    assert (json.loads(named[0])[0]["class"], named[1]) == (ranked[0], 1)


def test_standards_may_be_named_again_and_again(sheet):
    found = json.loads(run(sheet, "--standard", "CN-NYT525", "--standard", "US-503/T3", "--format", "json", *DAY)[0])
    assert [(one["sample"], one["standard"], one["class"]) for one in found] == [
        ("A-1", "CN-NYT525", None),
        ("A-1", "US-503", "T3"),
        ("A-2", "CN-NYT525", None),
        ("A-2", "US-503", "T3"),
    ]


def test_the_day_chooses_edition_and_limits(sheet):
    found = json.loads(run(sheet, "--standard", "EU-FPR/PFC3A", "--format", "json", "--as-of", "2026-07-16")[0])
    assert [one["limit"] for one in found[0]["indicators"] if one["indicator"] == "plastics_2mm"] == ["≤ 2.5"]


def test_a_stated_fact_decides_what_hangs_on_it(tmp_path):
    """Where any limit of the library hangs on the feedstock, stating it changes an answer."""
    file = tmp_path / "lab.csv"
    file.write_text("sample,indicator,value,unit,basis\nS,faecal coliforms,5000,MPN/g,dm\n", encoding="utf-8")

    def verdicts(*facts):
        arguments = [word for fact in facts for word in ("--fact", fact)]
        found = json.loads(run(str(file), "--standard", "CA-CCME/A", "--format", "json", *arguments, *DAY)[0])[0]
        return [one["verdict"] for one in found["indicators"]]

    assert verdicts() != verdicts("feedstock=garden_waste")
    assert verdicts("feedstock=garden_waste") != verdicts("feedstock=kitchen_waste")


def test_a_guard_band_leaves_open_what_simple_acceptance_decides(tmp_path):
    file = tmp_path / "lab.csv"
    file.write_text("sample,indicator,value,unit,basis,uncertainty\nS,Pb,49,mg/kg,dm,5\n", encoding="utf-8")

    def lead(*more):
        found = json.loads(run(str(file), "--standard", "CN-NYT525", "--format", "json", *more, *DAY)[0])
        return next(one for one in found[0]["indicators"] if one["indicator"] == "Pb")

    assert lead()["verdict"] == lead("--decision", "simple")["verdict"] == "pass"
    assert 0.5 < lead()["probability"] < 1
    assert lead("--decision", "guarded")["verdict"] == "cannot_tell"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.csv", "--standard", "CN-NYT525"), "nowhere.csv"),
        ((None, "--standard", "NOPE"), "NOPE"),
        ((None, "--standard", "CN-NYT525", "--as-of", "soon"), "soon"),
        ((None, "--standard", "CN-NYT525", "--fact", "feedstock"), "NAME=VALUE"),
        ((None, "--standard", "CN-NYT525", "--fact", "moon=full"), "moon"),
        ((None, "--standard", "CN-NYT525", "--fact", "feedstock=moon"), "kitchen_waste"),
        ((None, "--standard", "CN-NYT525", "--output", "/nowhere/at/all"), "/nowhere/at/all"),
    ],
)
def test_what_cannot_be_used_is_refused_with_status_2(sheet, arguments, words):
    with pytest.raises(CommandError) as refusal:
        run(*(sheet if one is None else one for one in arguments), "--language", "en")
    assert refusal.value.returncode == 2
    assert words in str(refusal.value)


def test_a_file_without_results_is_refused(tmp_path):
    for name, data in (("empty.csv", b""), ("noise.csv", b"\x00\xff\x00"), ("other.csv", b"a,b\n1,2\n")):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(CommandError) as refusal:
            run(str(file), "--standard", "CN-NYT525", "--language", "en")
        assert refusal.value.returncode == 2


def test_columns_of_a_terminal():
    assert (width("总铅 Pb"), padded("总铅", 6), cut("总铅含量", 5), cut("lead", 9)) == (7, "总铅  ", "总铅…", "lead")


# --- the stateless API --------------------------------------------------------------------------------------------


def post(client, **body):
    cache.clear()
    body = {"standards": ["CN-NYT525"], "as_of": "2026-03-01", **body}
    return client.post("/api/v1/standards/check", json.dumps(body), content_type="application/json")


@pytest.mark.django_db
def test_the_api_takes_uncertainty_and_decision(client):
    lines = [{"indicator": "Pb", "value": "49", "unit": "mg/kg", "basis": "dm", "uncertainty": "5"}]

    def lead(**more):
        found = post(client, lines=lines, **more).json()[0]["indicators"]
        return next(one for one in found if one["indicator"] == "Pb")

    assert lead()["verdict"] == "pass"
    assert 0.5 < lead()["probability"] < 1
    assert lead(decision="guarded")["verdict"] == "cannot_tell"
    assert post(client, lines=lines, decision="hopeful").status_code == 422


@pytest.mark.django_db
def test_the_api_takes_facts(client):
    lines = [{"indicator": "faecal coliforms", "value": "5000", "unit": "MPN/g", "basis": "dm"}]

    def verdicts(**facts):
        answer = post(client, standards=["CA-CCME/A"], lines=lines, facts=facts)
        return [one["verdict"] for one in answer.json()[0]["indicators"]]

    assert verdicts() != verdicts(feedstock="garden_waste")
    refused = post(client, lines=lines, facts={"moon": "full"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/fact_unknown")
    file = SimpleUploadedFile("lab.csv", b"indicator,value,unit,basis\nfaecal coliforms,5000,MPN/g,dm\n")
    body = {"standards": "CA-CCME/A", "as_of": "2026-03-01", "facts": "feedstock=garden_waste", "file": file}
    answer = client.post("/api/v1/standards/check-file", body)
    assert [one["verdict"] for one in answer.json()[0]["indicators"]] == verdicts(feedstock="garden_waste")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/api/v1/standards/check", "/api/v1/standards/check-file"])
def test_checks_are_limited_by_address(client, settings, address):
    settings.API_CHECK_RATE = "2/m"
    cache.clear()

    def check(sender):
        if address.endswith("file"):
            file = SimpleUploadedFile("a.csv", b"indicator,value\npH,7")
            return client.post(address, {"file": file, "standards": "CN-NYT525"}, REMOTE_ADDR=sender)
        body = {"standards": ["CN-NYT525"], "lines": [{"indicator": "pH", "value": 7}]}
        return client.post(address, json.dumps(body), content_type="application/json", REMOTE_ADDR=sender)

    assert [check("192.0.2.1").status_code for _ in range(2)] == [200, 200]
    refused = check("192.0.2.1")
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert check("192.0.2.2").status_code == 200
    cache.clear()
