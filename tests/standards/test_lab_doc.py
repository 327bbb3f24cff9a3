"""docs/lab-reports.md: every example is sent, as it is written there, and does what the page says."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from batches.models import Batch, SiteMonth
from compostnet.shared.months import month_of
from sites.models import Organisation
from sites.people import create_token
from sites.selectors import today_at
from standards.models import LabReport, Sample, TestRequest
from standards.services import decide_test_request
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
    of_lab, of_site = [], []
    for words in examples("lab-reports.md"):
        (of_lab if "$LAB_TOKEN" in " ".join(words) else of_site).append(words)
    assert (len(of_lab), len(of_site)) == (5, 3)
    files = {"signed.pdf": "%PDF-1.7 signed"}

    def post(words):
        answer = send(client, words, names, files)
        assert answer.status_code in (200, 201), (words, answer.content)
        return answer.json()

    asked, read, take = of_site
    assert post(asked)["state"] == post(read)["state"] == "asked"
    request = TestRequest.objects.get()
    names["CODE"] = decide_test_request(actor=make_user("verifier"), request=request, grant=True, lab=lab).label_code
    files["sheet.csv"] = f"sample,indicator,value,unit,basis\n{names['CODE']},Cd,0.4,mg/kg,dm\nX-9,pH,7,,\n"
    assert post(take)["code"] == names["CODE"]
    arrive, sheet, attach, listed, withdraw = of_lab
    assert [post(arrive)["before"] for _ in range(2)] == [False, True]
    done = post(sheet)
    assert (done["stored"], len(done["errors"])) == (1, 1)
    names["REPORT"] = done["reports"][0]["id"]
    assert post(sheet)["already_stored"] == 1
    assert len(post(attach)["attachment_sha256"]) == 64
    assert [one["label_code"] for one in post(listed)["items"]] == [names["CODE"]]
    assert post(withdraw)["state"] == "withdrawn"
    assert Sample.objects.get().facts["use"] == "given_away"
    assert LabReport.objects.get().number == "R-2026-17"
