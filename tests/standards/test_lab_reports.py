"""Twelve lab reports with verdicts derived by hand from the reference, limit by limit, before the checker saw them.

``tests/data/lab_reports_audit.csv``: the reports, long sheets as labs write them. ``…_verdicts.csv``: for each report
and standard the verdict of the sample and the limits (by id, without the mark of their class) that pass, fail, cannot
be told or do not apply; every limit that is not named there must be not tested.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import json
import re

import pytest
from django.core.management import call_command

from standards.checking.explain import check_lines
from standards.library import selected
from standards.reading.lab_sheets import read_lab_sheet
from tests.conftest import ROOT
from tests.standards.support import judged, verdict

SHEET = ROOT / "tests" / "data" / "lab_reports_audit.csv"
TABLE = ROOT / "tests" / "data" / "lab_reports_audit_verdicts.csv"
DAY = dt.date(2026, 9, 1)
CLASS_MARK = re.compile(r"_(20T|30T|Aplus|A|B|T1|T3|CITY|3A|1A)$")
VERDICTS = ("pass", "fail", "cannot_tell", "not_applicable")
with TABLE.open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))


@functools.cache
def answers(standard):
    """The verdicts of every report against one standard, by the short name of the report."""
    found = check_lines(read_lab_sheet(SHEET.read_bytes(), SHEET.name), selected([standard], DAY))
    return {one.sample.split()[0]: one for one in found}


@pytest.mark.parametrize("row", ROWS, ids=[f"{one['report']}-{one['standard']}" for one in ROWS])
def test_every_limit_has_the_verdict_derived_by_hand(row):
    answer = answers(row["standard"])[row["report"]]
    wanted = {limit: verdict for verdict in VERDICTS for limit in row[verdict].split()}
    found = {CLASS_MARK.sub("", one.limit_id): one.verdict for one in answer.indicators if one.limit_id}
    assert set(wanted) <= set(found)
    declared = {limit for limit, verdict in found.items() if verdict == "declared"}
    expected = {limit: wanted.get(limit, "not_tested") for limit in found if limit not in declared}
    assert {limit: found[limit] for limit in expected} == expected
    assert answer.verdict == row["verdict"]


def printed(*standards):
    """What the command prints: the verdicts by report, standard and class."""
    out = io.StringIO()
    options = [text for one in standards for text in ("--standard", one)]
    with pytest.raises(SystemExit):
        call_command(
            "check_lab_report", str(SHEET), *options, "--as-of", DAY.isoformat(), "--format", "json", stdout=out
        )
    return {(one["sample"].split()[0], one["standard"], one["class"]): one for one in json.loads(out.getvalue())}


def test_the_command_prints_these_verdicts():
    found = printed("all")
    for row in ROWS:
        code, _, class_code = row["standard"].partition("/")
        one = found[row["report"], code, class_code or None]
        assert one["verdict"] == row["verdict"], (row["report"], row["standard"])
        limits = [indicator["verdict"] for indicator in one["indicators"]]
        for name in ("pass", "fail", "cannot_tell"):
            assert limits.count(name) == len(row[name].split()), (row["report"], row["standard"], name)


def test_without_a_class_the_best_class_that_is_met_answers():
    found = {report: (class_code, one["verdict"]) for (report, _, class_code), one in printed("AT-KOMPOSTVO").items()}
    assert found == {
        "R1": ("B", "fail"),
        "R2": ("A", "incomplete"),
        "R3": ("A", "incomplete"),
        "R4": ("A+", "incomplete"),
        "R5": ("B", "fail"),
        "R6": ("A+", "incomplete"),
        "R7": ("A", "pass"),
        "R8": ("B", "fail"),
        "R9": ("B", "incomplete"),
        "R10": ("A+", "incomplete"),
        "R11": ("A+", "incomplete"),
        "R12": ("B", "fail"),
    }


def limit_of(standard, report, name):
    return next(one for one in answers(standard)[report].indicators if one.limit_id == name)


def said(one, language="en"):
    return one.as_json(language)["reason"]


def test_a_ratio_that_its_parts_do_not_bear_out_is_said_and_judged_as_reported():
    ratio = limit_of("IN-FCO/CITY", "R10", "C_N")
    assert (ratio.verdict, ratio.compared) == ("fail", 20.0)
    assert "organic carbon and total nitrogen give 15, not 20" in said(ratio)
    assert "由报告的有机碳和总氮计算得 15" in said(ratio, "zh-hans")
    assert "give" not in said(limit_of("IN-FCO/CITY", "R5", "C_N"))  # 16 / 1.0
    unused = next(one for one in answers("CN-NYT525")["R10"].indicators if one.indicator == "C_N")
    assert "give 15, not 20" in said(unused)
    rounded = ("C/N; 13", "total carbon; 32; %; dm", "N; 2.5; %; dm")
    assert "give" not in said(verdict("IN-FCO/CITY", "C_N", *rounded))  # 12.8
    published = ("C/N; 14", "total carbon; 32; %; dm", "N; 2.5; %; dm")
    assert "give 12.8, not 14" in said(verdict("IN-FCO/CITY", "C_N", *published))
    other_basis = ("C/N; 14", "total carbon; 32; %; dm", "N; 1.0; %; ar")
    assert "give" not in said(verdict("IN-FCO/CITY", "C_N", *other_basis))


def test_a_ratio_over_a_censored_result_is_not_contradicted():
    ratio = limit_of("US-CCQC/M", "R10", "NH4_NO3_M")
    assert (ratio.verdict, ratio.compared, ratio.notes[0].code) == ("fail", 5800.0, "note_provisional")
    assert len(ratio.notes) == 1


def test_a_contradiction_says_which():
    matter = limit_of("CN-NYT525", "R6", "organic_matter")
    assert (matter.verdict, matter.code) == ("cannot_tell", "reason_implausible")
    assert "organic matter is below organic carbon" in said(matter)
    assert "OM 30 % dm; OC 35 % dm" in said(matter)
    assert "together exceed 100 %" in said(limit_of("CN-NYT525", "R10", "organic_matter"))
    assert "together exceed 100 %" in said(limit_of("EU-FPR/PFC3A", "R10", "dry_matter"))
    assert "together" not in said(limit_of("CN-NYT525", "R6", "total_nutrients"))


def test_what_is_said_of_a_total_is_true_where_its_basis_is_not_known():
    part = limit_of("EU-FPR/PFC3A", "R3", "As_inorganic")
    assert (part.verdict, part.code) == ("not_tested", "reason_part_proves_nothing")
    assert "is above its limit or may be" in said(part)
    assert part.next_step.code == "step_basis_total"
    assert "if it is per dry matter, it proves" in part.next_step.render("en")
    assert limit_of("EU-FPR/PFC3A", "R3", "CrVI").next_step.code == "step_part"  # 40 mg/kg is too much on any basis
    assert verdict("EU-FPR/PFC3A", "As_inorganic", "As; 3; mg/kg; dm").verdict == "pass"


def test_a_total_that_stands_for_two_parts_is_shown_once():
    assert limit_of("FR-U44051", "R7", "glass_metals").reported == "impurities >2 mm 5 g/kg dm"


def test_two_declared_nutrients_are_enough():
    two = ("N; 2.4; %; ar", "P2O5; 1.9; %; ar", "K2O; 0.5; %; ar")
    assert verdict("EU-FPR/PFC1AI", "N_and_P2O5", *two).verdict == "pass"
    assert verdict("EU-FPR/PFC1AI", "nutrient_sum", *two).verdict == "not_applicable"
    less = ("N; 2.4; %; ar", "P2O5; 1.5; %; ar", "K2O; 0.5; %; ar")
    assert verdict("EU-FPR/PFC1AI", "N_and_P2O5", *less).verdict == "fail"
    assert judged("EU-FPR/PFC1AI", *less).verdict == "fail"
    total = ("N; 2.4; %; ar", "P2O5; 1.5; %; ar", "K2O; 0.5; %; ar", "N+P2O5+K2O; 4.4; %; ar")
    assert verdict("EU-FPR/PFC1AI", "N_and_P2O5", *total).verdict == "fail"  # the total of three is not that of two


def test_what_may_be_presumed_is_not_missed_but_fails_where_it_was_found():
    rest = ("N; 3; %; ar",)
    assert judged("EU-FPR/PFC1AI", *rest).verdict == "incomplete"
    assert judged("EU-FPR/PFC1AI", *rest, "biuret; 0.5; %; dm").verdict == "fail"
    assert judged("EU-FPR/PFC1AI", *rest, "biuret; ND; %; dm").verdict == "incomplete"
    one = verdict("EU-FPR/PFC1AI", "biuret", *rest)
    assert (one.verdict, one.obligatory) == ("not_tested", False)


def test_a_whole_report_passes_without_what_may_be_presumed():
    rows = [row for row in SHEET.read_text(encoding="utf-8").splitlines() if row.startswith(("sample", "R8"))]
    rows = [row.replace("Corg,14,", "Corg,15,") for row in rows] + ["R8 five of each,N,2.5,%,ar"]

    def answer(*more):
        sheet = "\n".join([*rows, *more]).encode()
        return check_lines(read_lab_sheet(sheet, "a.csv"), selected(["EU-FPR/PFC1AI"], DAY))[0].verdict

    assert answer() == "pass"
    assert answer("R8 five of each,biuret,not detected,%,dm") == "pass"
    assert answer("R8 five of each,biuret,0.5,%,dm") == "fail"
