"""Files that nobody thought of, given to ``check_lab_report``: a clear refusal or a whole answer."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

HEAD = "sample,indicator,value,unit,basis\n"


def run(path, *arguments, shape="json"):
    out = io.StringIO()
    status = 0
    command = ("check_lab_report", str(path), "--standard", "CN-NYT525", "--format", shape, "--language", "en")
    try:
        call_command(*command, *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as exit_:
        status = exit_.code
    return out.getvalue(), status


def sheet(tmp_path, content, name="sheet.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD, "no result"),
        (HEAD + "\n\n", "no result"),
        (HEAD + "A,Pb,1,5,mg/kg,dm\n", "comma"),
        ("sample,indicator,value,value,unit\nA,Pb,67,68,mg/kg\n", "twice"),
        (b"\x00\x00\x00\x00", "nothing in"),
        (b"\x80\x81\xfe\xff" * 500, "encoding"),
    ],
)
def test_what_cannot_be_read_is_refused_with_status_2(tmp_path, content, words):
    with pytest.raises(CommandError) as error:
        run(sheet(tmp_path, content))
    assert words in str(error.value)
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    "content",
    [
        HEAD + "A,Pb,67,mg/kg,dm\n",
        "basis,unit,value,extra,indicator,sample\ndm,mg/kg,67,zz,Pb,A\n",
        "sample;indicator;value;unit;basis\nA;Pb;67,5;mg/kg;dm\nA;Cd;1,5;mg/kg;dm\n",
        "sample\tindicator\tvalue\tunit\tbasis\nA\tPb\t67\tmg/kg\tdm\n",
        HEAD + '"A","Pb\n(total)","67","mg/kg",dm\n',
        HEAD + ",Pb,67,mg/kg,dm\n",
        "indicator,value\nPb,67 mg/kg dm\n",
        (HEAD + "A,Pb,67,mg/kg,dm\n").encode("utf-16"),
        HEAD + "A,\ufeffPb,\u200f67\u200e,mg/kg,dm\n",
    ],
)
def test_sheets_of_all_kinds_say_that_lead_fails(tmp_path, content):
    text, status = run(sheet(tmp_path, content))
    found = json.loads(text)
    assert (status, [one["verdict"] for one in found]) == (1, ["fail"])
    assert next(one for one in found[0]["indicators"] if one["indicator"] == "Pb")["verdict"] == "fail"


def test_a_line_whose_quotes_are_not_closed_is_not_lost_silently(tmp_path):
    text, _ = run(sheet(tmp_path, HEAD + 'A,"Pb,67,mg/kg,dm\nA,Cd,1,mg/kg,dm\n'))
    assert "cannot_tell" in {one["verdict"] for one in json.loads(text)[0]["indicators"] if "Pb" in one["indicator"]}


def test_formulas_in_cells_are_inert_in_the_csv(tmp_path):
    text, _ = run(sheet(tmp_path, HEAD + "=cmd|1!A1,@SUM(1),+1,mg/kg,dm\n"), shape="csv")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not any(cell.startswith(("=", "@", "+", "\t")) for cell in cells)


def test_the_output_is_written_as_a_whole_or_not_at_all(tmp_path, monkeypatch):
    path, output = sheet(tmp_path, HEAD + "A,Pb,40,mg/kg,dm\n"), tmp_path / "answer.json"
    output.write_text("of yesterday")
    run(path, "--output", str(output))
    assert json.loads(output.read_text())
    assert sorted(one.name for one in tmp_path.iterdir()) == ["answer.json", "sheet.csv"]

    def stopped(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", stopped)
    before = output.read_text()
    with pytest.raises(CommandError):
        run(path, "--output", str(output), shape="csv")
    assert output.read_text() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["answer.json", "sheet.csv"]
