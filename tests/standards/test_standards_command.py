"""``./run manage standards``: the real command."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from standards.library import library
from tests.conftest import ROOT
from tests.standards.mistakes import GOOD, write
from tests.standards.test_editions import filled


def run(*arguments):
    """What the command prints, and its exit status."""
    out = io.StringIO()
    status = 0
    language = () if arguments[0] == "template" or "--language" in arguments else ("--language", "en")
    try:
        call_command("standards", *(str(one) for one in arguments), *language, stdout=out)
    except SystemExit as exit_:
        status = exit_.code
    return out.getvalue(), status


def rows(*arguments):
    return json.loads(run(*arguments, "--format", "json")[0])


def test_list_has_every_standard_with_what_is_to_know_of_it():
    found = {row["code"]: row for row in rows("list", "--as-of", "2026-03-01")}
    assert set(found) == set(library())
    assert len(found) >= 30
    nyt = found["CN-NYT525"]
    assert (nyt["edition"], nyt["grades"], nyt["provisional"]) == ("2021", ["B-", "C"], True)
    assert found["IN-FCO"]["classes"] == ["CITY", "MANURE"]
    assert found["CN-GB8172"]["edition"] is None
    for code in ("CN-T-CYDFCW", "CN-T-SQCYDF", "CN-GBT33891"):
        assert "nothing is judged" in found[code]["unavailable"]
        assert found[code]["grades"] == []
    assert found["CN-CJJ52"]["limits"] == 0
    assert found["CN-CJJ52"]["process"] == 1
    assert {row["code"]: row for row in rows("list", "--as-of", "1995-01-01")}["CN-GB8172"]["edition"] == "1987"


def test_list_as_a_table_in_both_languages():
    text, status = run("list")
    assert status == 0
    (line,) = [line for line in text.splitlines() if line.startswith("CN-NYT525")]
    assert line.split()[:5] == ["CN-NYT525", "2021", "B-", "C", "provisional"]
    text, _ = run("list", "--language", "zh-hans")
    assert "暂定" in text
    assert "CN-T-CYDFCW: 没有见到标准文本" in text


def test_show():
    (found,) = rows("show", "CN-NYT525", "--as-of", "2026-03-01")
    limits = {one["id"]: one for one in found["limits"]}
    assert (limits["Pb"]["limit"], limits["Pb"]["method"]) == ("≤ 50 mg/kg (dry matter)", "NY/T 1978")
    assert limits["mechanical_impurities"]["grade"] == "C"
    assert limits["chloride"]["obligatory"] is False
    assert "upper limit of copper" in found["note"]
    assert any("third party" in text for text in found["also_required"])
    assert found["sampling"]
    text, status = run("show", "CN-NYT525", "--as-of", "2015-01-01")
    assert status == 0
    assert "organic matter ≥ 45 % (dry matter)" in text


def test_show_one_class_and_process_rules():
    for arguments in (("show", "in-fco/city"), ("show", "IN-FCO", "--class", "CITY")):
        (found,) = rows(*arguments, "--as-of", "2026-03-01")
        limits = {one["id"]: one for one in found["limits"]}
        assert limits["As2O3"]["limit"] == "≤ 10.0 mg/kg (dry matter)"
        assert limits["C_N"]["limit"] == "< 20"
    assert [one["class"] for one in rows("show", "IN-FCO")] == ["CITY", "MANURE"]
    text, _ = run("show", "CN-NYT3442")
    assert "windrow, manual pile: ≥ 55 °C for 15 days in a row" in text
    text, _ = run("show", "EU-FPR/PFC3A", "--as-of", "2026-01-01")
    assert "2.5 from 2026-07-16 on" in text
    text, _ = run("show", "EU-FPR/PFC3A")
    assert "Escherichia coli or Enterococcaceae (one is enough) › Escherichia coli" in text


def test_show_a_standard_whose_text_is_not_at_hand():
    text, status = run("show", "CN-T-CYDFCW", "--language", "zh-hans")
    assert (status, "不能判定" in text) == (0, True)


def test_diff():
    (found,) = rows("diff", "CN-NYT525", "2012", "2021")
    assert (found["from"], found["to"]) == ("2012", "2021")
    assert {"kind": "changed", "id": "organic_matter", "before": "≥ 45", "after": "≥ 30"}.items() <= next(
        one for one in found["changes"] if one["id"] == "organic_matter" and one["field"] == "limit"
    ).items()
    text, status = run("diff", "EU-FPR/PFC3A", "--from", "2026-01-01", "--to", "2026-12-31")
    assert status == 0
    assert "limit: ≤ 3 → ≤ 2.5 (from 2026-07-16 on)" in text
    text, _ = run("diff", "CN-NYT525", "2021", "2021", "--language", "zh-hans")
    assert "没有差别" in text
    text, _ = run("diff", "CN-NYT525", "2012", "2021", "--language", "zh-hans")
    assert "~ 有机质 · 限值: ≥ 45 → ≥ 30" in text


def test_validate_a_file_and_a_folder(tmp_path):
    path = write(tmp_path, GOOD) / "XX-TEST.yaml"
    assert run("validate", path) == (f"{path}: sound (XX-TEST)\n", 0)
    broken = write(tmp_path, GOOD.replace("XX-TEST", "XX-BAD").replace("unit: mg/kg", "unit: furlongs"), "XX-BAD.yaml")
    text, status = run("validate", tmp_path)
    assert status == 1
    assert "XX-BAD.yaml: editions.0.limits.0.unit: 'furlongs' is no unit of Pb; use one of mg/kg" in text
    assert f"{path}: sound" in text
    found = {row["file"]: row for row in rows("validate", broken)}
    assert found[str(tmp_path / "XX-BAD.yaml")]["key"] == "editions.0.limits.0.unit"
    assert run("validate", tmp_path / "none.yaml")[1] == 1
    (tmp_path / "empty").mkdir()
    assert "no .yaml file" in run("validate", tmp_path / "empty")[0]


def test_validate_knows_what_the_library_has(tmp_path):
    left = "      - {id: count, indicator: faecal_coliforms, to: CN-NY884, limit: faecal_coliforms, "
    left += "clause: {zh: 一, en: one}, source: text, grade: B}\n"
    assert run("validate", write(tmp_path, GOOD + left))[1] == 0
    text, status = run("validate", write(tmp_path, GOOD + left.replace("limit: f", "limit: g")))
    assert (status, "has no limit gaecal_coliforms" in text) == (1, True)


def test_the_shipped_library_validates():
    from standards.library import FOLDER

    text, status = run("validate", FOLDER)
    assert (status, len(text.splitlines())) == (0, len(library()))


def test_template_then_validate(tmp_path):
    text, status = run("template", "CN-T-CYDFCW")
    assert (status, "code: CN-T-CYDFCW" in text, "团体标准《厨余堆肥产物》" in text) == (0, True, True)
    path = tmp_path / "CN-T-CYDFCW.yaml"
    path.write_text(text, encoding="utf-8")
    assert run("validate", path)[1] == 1
    path.write_text(filled(text), encoding="utf-8")
    assert run("validate", path) == (f"{path}: sound (CN-T-CYDFCW)\n", 0)


def test_a_broken_file_stops_the_start_with_file_key_and_remedy(tmp_path):
    write(tmp_path, GOOD.replace("XX-TEST", "XX-BAD").replace("grade: C", "grade: D"), "XX-BAD.yaml")
    environment = {**os.environ, "COMPOSTNET_STANDARDS": str(tmp_path), "COMPOSTNET_DATA": str(tmp_path / "data")}
    environment["DJANGO_SETTINGS_MODULE"] = "compostnet.settings"
    done = subprocess.run(
        [sys.executable, "manage.py", "standards", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/XX-BAD.yaml: editions.0.limits.1.limit.grade: ")
    assert "'A', 'B', 'B-' or 'C'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "NOPE"), "There is no standard “NOPE”"),
        (("show", "IN-FCO/GOLD"), "IN-FCO/CITY"),
        (("show", "CN-NYT525", "--as-of", "soon"), "is not a day"),
        (("show", "CN-NYT525", "--as-of", "1990-01-01"), "no edition in force"),
        (("diff", "CN-NYT525", "2012"), "Name two editions"),
        (("diff", "CN-NYT525", "2012", "1999"), "has no edition “1999”. It has: 2012, 2021"),
        (("diff", "CN-NYT525", "--from", "1990-01-01", "--to", "2020-01-01"), "no edition in force"),
        (("diff", "CN-T-CYDFCW", "1", "2"), "only a catalogue entry"),
        (("template", "CN-NYT525"), "CN-NYT525"),
        (("template", "x y"), "XF-COMPOST"),
    ],
)
def test_errors_say_what_to_do(arguments, sentence):
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert sentence in str(error.value)
    assert error.value.returncode == 2


def test_without_more_words_it_lists_and_validates_the_shipped_library():
    out = io.StringIO()
    call_command("standards", stdout=out)
    assert {line.split()[0] for line in out.getvalue().splitlines() if line.strip()} >= set(library())
    assert {row["code"] for row in rows("validate")} == set(library())
