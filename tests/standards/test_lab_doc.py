"""docs/lab-reports.md: every example is sent, as it is written there, and does what the page says."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from batches.models import Batch, SiteMonth
from compostnet.api import api
from compostnet.shared.months import month_of
from sites.models import Organisation
from sites.people import create_token
from sites.selectors import today_at
from standards.models import LabReport, Sample, TestRequest
from tests.conftest import ROOT
from tests.test_api_doc import examples, send

BATCH = uuid.UUID("0190d3a4-7c11-7c07-9d4c-0a1b2c3d4e81")


@pytest.mark.django_db
def test_every_example_of_the_labs_page_does_what_it_says(client, site, make_user):
    lab = Organisation.objects.create(code="lishui-lab", name_zh="实验室", name_en="Lab", kind="lab")
    chemist, operator = make_user("lab", organisation=lab), make_user("operator", site=site)
    Batch.objects.create(id=BATCH, site=site, code="2026-05", started_on=dt.date(2026, 5, 1), state="composting")
    for back in (1, 2, 3):
        month = month_of(today_at(site)) - back
        SiteMonth.objects.create(site=site, month=month, state="verified", verified_at=dt.datetime.now(dt.UTC))
    names = {
        "API": "/api/v1",
        "TOKEN": create_token(actor=operator, name="phone", scopes=["read", "lab"])[1],
        "LAB_TOKEN": create_token(actor=chemist, name="lims", scopes=["read", "lab"])[1],
    }
    names["DESK_TOKEN"] = create_token(actor=make_user("administrator"), name="desk", scopes=["read", "lab", "desk"])[1]
    sides = {"LAB_TOKEN": [], "DESK_TOKEN": [], "TOKEN": [], "": []}
    for words in examples("lab-reports.md"):
        sides[next(side for side in sides if f"${side}" in " ".join(words))].append(words)
    assert [len(examples_of) for examples_of in sides.values()] == [7, 4, 3, 1]
    files = {"signed.pdf": "%PDF-1.7 signed"}

    def post(words):
        answer = send(client, words, names, files)
        assert answer.status_code in (200, 201), (words, answer.content)
        return answer.json()

    asked, read, take = sides["TOKEN"]
    arrive, sheet, attach, listed, unknown, name, withdraw = sides["LAB_TOKEN"]
    decide, confirm, publish, unpublish = sides["DESK_TOKEN"]
    (product,) = sides[""]
    assert post(asked)["state"] == post(read)["state"] == "asked"
    names["CODE"] = post(decide)["label_code"]
    assert TestRequest.objects.get().lab == lab
    rows = f"{names['CODE']},Cd,0.4,mg/kg,dm\n{names['CODE']},Mystery,3,mg/kg,dm\nX-9,pH,7,,\n"
    files["sheet.csv"] = f"sample,indicator,value,unit,basis\n{rows}"
    assert post(take)["code"] == names["CODE"]
    assert [post(arrive)["before"] for _ in range(2)] == [False, True]
    done = post(sheet)
    assert (done["stored"], len(done["errors"])) == (1, 1)
    names["REPORT"] = done["reports"][0]["id"]
    assert post(sheet)["already_stored"] == 1
    assert len(post(attach)["attachment_sha256"]) == 64
    assert [one["label_code"] for one in post(listed)["items"]] == [names["CODE"]]
    assert [one["text"] for one in post(unknown)] == ["Mystery"]
    assert post(name) == []
    assert post(confirm)["state"] == "confirmed"
    names["PRODUCT"] = post(publish)["public_code"]
    assert post(product)["report_number"] == "R-2026-17"
    assert not post(unpublish)["is_published"]
    assert post(withdraw)["state"] == "withdrawn"
    assert Sample.objects.get().facts["use"] == "given_away"
    assert LabReport.objects.get().number == "R-2026-17"


def test_the_docs_name_every_operation_of_the_room():
    pages = " ".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("api", "lab-reports", "process"))
    tags = ("/standards", "/samples", "/lab-reports", "/test-requests", "/products", "/process")
    lacking = []
    for path, operations in api.get_openapi_schema()["paths"].items():
        short = path.removeprefix("/api/v1")
        if not any(tag in short for tag in tags):
            continue
        for method in operations:
            head, _, tail = short.rpartition("/")
            row = next((line for line in pages.split("\n") if f"{method.upper()} {head}/" in line), "")
            if f"{method.upper()} {short}" not in " ".join(pages.split()) and f"/{tail}`" not in row:
                lacking.append(f"{method.upper()} {short}")
    assert lacking == []
