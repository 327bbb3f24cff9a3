"""Lab files of every shape through the command, the check page and the API: real bytes in, verdicts out."""

from __future__ import annotations

import io
import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from standards.reading.lab_sheets import read_lab_sheet
from standards.reading.readings import Line, cells_of
from tests.standards.support import whole_report
from tests.standards.test_lab_sheets import FORM, REPORT, US_QUALIFIERS, WIDE, WIDE_ROWS, workbook

ENGLISH = {
    "有机质": "Organic matter", "总氮": "Total nitrogen", "水分": "Moisture", "种子发芽指数": "Germination index",
    "机械杂质": "Impurities", "总砷": "Arsenic (As)", "总汞": "Mercury", "总铅": "Lead, total", "总镉": "Cadmium",
    "总铬": "Chromium", "粪大肠菌群数": "Fecal coliform", "蛔虫卵死亡率": "Ascarid egg mortality", "干基": "dry basis",
    "鲜样": "as received", "未检出": "ND",
}  # fmt: skip


def cells():
    """A report that meets NY/T 525 in everything: (name, value, unit, basis) of each result."""
    for row in whole_report():
        parts = [part.strip() for part in row.split(";")]
        yield (*parts, *[""] * (4 - len(parts)))


def shapes(tongue):
    """The same report in every shape, as bytes with a file name."""
    words = ENGLISH if tongue == "en" else {}
    rows = [[words.get(cell, cell) for cell in row] for row in cells()]
    head = ["Parameter", "Result", "Unit", "Basis"] if words else ["检测项目", "检测结果", "单位", "基准"]
    sample = "Sample ID" if words else "样品编号"
    limit = "Limit" if words else "限值"
    wide = [
        [sample, *[f"{name} ({unit})" if unit else name for name, _, unit, _ in rows]],
        [head[3], *[basis for *_, basis in rows]],
        ["S-1", *[value for _, value, _, _ in rows]],
    ]
    report = [["Lab X"], [f"{sample}: S-1"], [*head, limit], *[[*row, "1"] for row in rows], ["以下空白"]]
    across = [[head[0], head[2], head[3], "S-1", limit], *[[n, u, b, v, "1"] for n, v, u, b in rows]]
    form = [[sample, "S-1"], *[[name, value, f"{unit} {basis}".strip()] for name, value, unit, basis in rows]]
    for shape, table in {"wide": wide, "report": report, "across": across, "form": form}.items():
        text = "\n".join("\t".join(row) for row in table)
        yield f"{shape}.csv", text.encode("utf-8")
        yield f"{shape}-gb.csv", text.encode("gb18030")
        yield f"{shape}.xlsx", workbook(("1", [[one or None for one in row] for row in table]))


FILES = [(f"{tongue}-{name}", data) for tongue in ("zh", "en") for name, data in shapes(tongue)]


def run(tmp_path, name, data, *more):
    """What the command prints as JSON, and its exit status."""
    file = tmp_path / name
    file.write_bytes(data)
    out, status = io.StringIO(), 0
    try:
        call_command(
            "check_lab_report", str(file), "--standard", "CN-NYT525", "--format", "json", "--language", "en", *more,
            stdout=out, stderr=io.StringIO(),
        )  # fmt: skip
    except SystemExit as exit_:
        status = exit_.code
    return json.loads(out.getvalue()), status


@pytest.mark.parametrize(("name", "data"), FILES, ids=[name for name, _ in FILES])
def test_one_report_in_every_shape_has_one_verdict(tmp_path, name, data):
    answers, status = run(tmp_path, name, data)
    wrong = [(one["indicator"], one["code"], one["reported"]) for one in answers[0]["indicators"]]
    wrong = [one for one in wrong if one[1] not in ("reason_met", "reason_none_found", "reason_no_limit")]
    assert [(one["sample"], one["verdict"]) for one in answers] == [("S-1", "pass")], wrong
    assert status == 0


def test_what_the_command_says_of_awkward_sheets(tmp_path):
    answers, _ = run(tmp_path, "r.csv", REPORT.encode("gb18030"))
    verdicts = {one["indicator"]: one["verdict"] for one in answers[0]["indicators"]}
    assert verdicts["神秘物"] == "cannot_tell"
    assert (verdicts["organic_matter"], verdicts["As"], verdicts["chloride"]) == ("pass", "pass", "not_tested")
    answers, _ = run(tmp_path, "w.csv", WIDE_ROWS.encode())
    assert [one["sample"] for one in answers] == ["A-1", "A-2"]
    answers, status = run(tmp_path, "w.csv", WIDE.encode())
    assert (answers[1]["verdict"], status) == ("fail", 1)
    answers, _ = run(tmp_path, "u.csv", US_QUALIFIERS.encode())
    found = {one["indicator"]: one["verdict"] for one in answers[0]["indicators"]}
    assert (found["Pb"], found["Cd"]) == ("pass", "cannot_tell")
    answers, _ = run(tmp_path, "f.csv", FORM.encode())
    assert answers[0]["sample"] == "T3"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(500), "neither"),
        ("prose.csv", b"Dear colleague,\nall is well.\n", "not clear where the results stand"),
    ],
)
def test_what_is_no_lab_sheet(tmp_path, name, data, words):
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(CommandError) as error:
        call_command("check_lab_report", str(file), "--standard", "CN-NYT525", "--language", "en")
    assert len(str(error.value)) > 20
    with pytest.raises(Exception, match=r".") as problem:
        read_lab_sheet(data, name)
    assert words in problem.value.as_json("en")["detail"] or problem.value.code == "sheet_not_readable"


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("zh-hans", "无法判定"), ("en", "cannot tell")])
def test_the_check_page_reads_them_and_refuses_the_rest(client, language, word):
    file = SimpleUploadedFile("wide.csv", WIDE.encode())
    answer = client.post(f"/check/?lang={language}", {"file": file, "standard": ["CN-NYT525"]})
    assert answer.status_code == 200
    assert "A-2" in answer.content.decode()
    wrong = SimpleUploadedFile("unit.csv", b"indicator,value,unit\nPb,21,mg/L\n")
    answer = client.post(f"/check/?lang={language}", {"file": wrong, "standard": ["CN-NYT525"]})
    assert word in answer.content.decode()
    photo = SimpleUploadedFile("photo.csv", b"\xff\xd8\xff\xe0" + bytes(500))
    assert client.post(f"/check/?lang={language}", {"file": photo, "standard": ["CN-NYT525"]}).status_code == 422


@pytest.mark.django_db
def test_the_api_takes_unit_and_basis_from_the_name(client):
    body = {
        "standards": ["CN-NYT525"],
        "lines": [{"indicator": "总铅（干基，mg/kg）", "value": "67"}, {"indicator": "Cd (mg/kg dm)", "value": "<0.1"}],
    }
    answer = client.post("/api/v1/standards/check", json.dumps(body), content_type="application/json").json()
    found = {one["indicator"]: one["verdict"] for one in answer[0]["indicators"]}
    assert (found["Pb"], found["Cd"]) == ("fail", "pass")


def test_a_hundred_thousand_results_are_read_and_understood_in_seconds():
    rows = "".join(f"S-{n % 997},Pb,{n % 80}.5,mg/kg,dm\nS-{n % 997},神秘物,<{n},mg/kg,\n" for n in range(50_000))
    began = time.process_time()
    lines = read_lab_sheet(
        ("sample,indicator,value,unit,basis\n" + rows).encode(), "big.csv", max_bytes=50_000_000, max_lines=200_000
    )
    assert len(lines) == 100_000
    assert isinstance(lines[0], Line)
    assert len(cells_of(lines).low) == 100_000
    assert time.process_time() - began < 10
