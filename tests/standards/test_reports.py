"""Samples and lab reports: services, API and pages, with who may do what."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from batches.models import Batch
from compostnet.shared.problems import Problem
from sites.models import AuditRecord, Organisation
from sites.permissions import CONSOLE
from standards.models import LabReport, LabResult, Verdict
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample
from tests.standards.support import whole_report

HEAD = "样品,指标,结果,单位,基准\n"


def sheet(*rows: str, sample: str = "S-1") -> bytes:
    return (HEAD + "".join(f"{sample},{','.join(p.strip() for p in row.split(';'))}\n" for row in rows)).encode()


GOOD = sheet(*[row + ";" * (3 - row.count(";")) for row in whole_report()])
BAD = sheet("总铅; 67; mg/kg; 干基")


@pytest.fixture
def batch(site):
    return Batch.objects.create(site=site, code="2024-1", started_on=dt.date(2024, 3, 1))


@pytest.fixture
def lab(db):
    return Organisation.objects.create(code="lab-1", kind="lab", name_zh="一号实验室", name_en="Lab one")


@pytest.fixture
def operator(site, make_user):
    return make_user("operator", site=site)


@pytest.fixture
def sample(batch, operator):
    return register_sample(actor=operator, batch=batch, code="S-1", taken_on=dt.date(2024, 6, 1), sub_samples=12)


def hand_in(actor, sample, data=GOOD, **more):
    return hand_in_lab_report(actor=actor, sample=sample, data=data, file_name="report.csv", **more)


def refused(expected, call, /, *args, **kwargs):
    with pytest.raises(Problem) as problem:
        call(*args, **kwargs)
    assert problem.value.code == expected
    return problem.value


def test_register_a_sample(sample, batch, operator, make_user):
    again = {"actor": operator, "batch": batch, "code": "S-1", "taken_on": sample.taken_on}
    assert register_sample(**again, id=sample.pk).pk == sample.pk
    refused("sample_code_taken", register_sample, **again)
    for day in (dt.date(2024, 2, 1), dt.date(2999, 1, 1)):
        refused("sample_before_batch", register_sample, **{**again, "code": "S-2", "taken_on": day})
    refused("sample_code_length", register_sample, **{**again, "code": "  "})
    refused("not_allowed", register_sample, **{**again, "actor": make_user("verifier"), "code": "S-3"})
    assert AuditRecord.objects.filter(action="register_sample").count() == 1


def test_a_sample_is_not_of_tomorrow_by_the_clock_of_its_site(batch, operator, monkeypatch):
    moment = dt.datetime(2024, 5, 31, 15, 0, tzinfo=dt.UTC)  # 23:00 in China, the next day in New Zealand
    monkeypatch.setattr(timezone, "now", lambda: moment)
    wanted = {"actor": operator, "batch": batch, "taken_on": dt.date(2024, 6, 1)}
    refused("sample_before_batch", register_sample, **wanted, code="S-1")
    batch.site.time_zone = "Pacific/Auckland"
    assert register_sample(**wanted, code="S-1").taken_on == dt.date(2024, 6, 1)


def test_a_sheet_above_the_limits_of_the_network_is_refused(operator, sample):
    rows = "".join(f"S-1,pH,{n}\n" for n in range(20_001)).encode()
    refused("lab_report_too_many_lines", hand_in, operator, sample, b"sample,indicator,value\n" + rows)
    refused("sheet_too_large", hand_in, operator, sample, b"sample,indicator,value\n" + b"S-1,pH,7\n" * 600_000)


def test_the_same_file_twice_changes_nothing(sample, operator):
    first, second = hand_in(operator, sample), hand_in(operator, sample)
    assert first.pk == second.pk
    assert LabReport.objects.count() == 1
    assert LabResult.objects.count() == len(whole_report())
    assert AuditRecord.objects.filter(action="hand_in_lab_report").count() == 1
    assert first.file.read() == GOOD


def test_results_are_kept_as_written(sample, operator):
    report = hand_in(operator, sample, sheet("总镉; ＜0.1; mg/kg; 干基"))
    result = report.results.get()
    assert (result.indicator_text, result.value_text, result.line) == ("总镉", "＜0.1", 2)


def test_a_sheet_of_several_samples_gives_the_rows_of_this_one(sample, operator):
    both = BAD + sheet("总铅; 12; mg/kg; 干基", sample="S-2")[len(HEAD.encode()) :]
    assert hand_in(operator, sample, both).results.get().value_text == "67"
    strangers = both.replace(b"S-1", b"S-9")
    problem = refused("lab_sheet_samples", hand_in, operator, sample, strangers)
    assert "S-1" in str(problem)


def test_a_second_person_confirms_and_verdicts_are_frozen(sample, operator, make_user):
    report = hand_in(operator, sample, reported_on=dt.date(2024, 6, 20))
    assert Verdict.objects.count() == 0
    refused("not_allowed", confirm_lab_report, actor=operator, report=report)
    administrator = make_user("administrator")
    own = hand_in(administrator, sample, BAD)
    refused("lab_report_same_person", confirm_lab_report, actor=administrator, report=own)
    confirm_lab_report(actor=make_user("verifier"), report=report)
    kept = {one.standard: one for one in report.verdicts.all()}
    assert (kept["CN-NYT525"].verdict, kept["CN-NYT525"].edition) == ("pass", "2021")
    assert kept["CN-NYT525"].provisional
    assert kept["EU-FPR/PFC3A"].verdict == "incomplete"
    assert set(kept["CN-NYT525"].detail) == {"zh-hans", "en"}
    refused("lab_report_not_received", confirm_lab_report, actor=CONSOLE, report=report)


def test_a_lab_hands_in_for_its_own_lab_only(sample, lab, make_user):
    person = make_user("lab", organisation=lab)
    assert hand_in(person, sample, lab=lab).lab == lab
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    refused("not_allowed", hand_in, person, sample, BAD, lab=other)
    refused("not_allowed", hand_in, person, sample, BAD)


def test_api_from_sample_to_verdict(client, batch, operator, make_user):
    client.force_login(operator)
    body = {"id": str(uuid.uuid4()), "batch": str(batch.pk), "code": "S-1", "taken_on": "2024-06-01"}
    for _ in range(2):
        answer = client.post("/api/v1/samples", json.dumps(body), content_type="application/json")
        assert answer.status_code == 201, answer.content
    file = SimpleUploadedFile("report.csv", GOOD)
    report = client.post("/api/v1/lab-reports", {"sample": body["id"], "number": "R-7", "file": file})
    assert report.status_code == 201, report.content
    assert (report.json()["state"], report.json()["verdicts"]) == ("received", [])
    address = f"/api/v1/lab-reports/{report.json()['id']}"
    assert client.post(f"{address}/confirm").status_code == 403
    client.force_login(make_user("verifier"))
    confirmed = client.post(f"{address}/confirm").json()
    assert confirmed["state"] == "confirmed"
    assert {v["verdict"] for v in confirmed["verdicts"] if v["standard"] == "CN-NYT525"} == {"pass"}
    assert client.get("/api/v1/samples").json()["items"][0]["reports"] == [report.json()["id"]]
    assert client.get("/api/v1/lab-reports").json()["items"][0]["number"] == "R-7"


def test_api_hides_what_is_not_ones_own(client, sample, operator, make_user):
    report = hand_in(operator, sample)
    address = f"/api/v1/lab-reports/{report.pk}"
    assert client.get(address).status_code == 401
    client.force_login(make_user("trainer"))
    assert client.get(address).status_code == 403
    assert client.get("/api/v1/lab-reports").json()["items"] == []
    assert client.get(f"/api/v1/lab-reports/{uuid.uuid4()}").status_code == 404


@pytest.mark.django_db
def test_api_library_and_check(client):
    assert {"CN-NYT525", "EU-FPR", "US-503"} <= {one["code"] for one in client.get("/api/v1/standards").json()}
    detail = client.get("/api/v1/standards/EU-FPR?as_of=2026-07-16", headers={"accept-language": "en"}).json()
    plastics = [one["limit"] for rules in detail["in_force"] for one in rules["limits"] if one["id"] == "plastics"]
    assert plastics == ["≤ 2.5"] * 3
    assert client.get("/api/v1/standards/NOPE").status_code == 404
    body = {"standards": ["CN-NYT525"], "lines": [{"indicator": "Pb", "value": 67, "unit": "mg/kg", "basis": "dm"}]}
    answer = client.post("/api/v1/standards/check", json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert (answer.json()[0]["verdict"], answer.json()[0]["class"]) == ("fail", None)
    file = SimpleUploadedFile("report.csv", GOOD)
    answer = client.post("/api/v1/standards/check-file", {"standards": ["CN-NYT525", "US-503/T3"], "file": file})
    assert [one["verdict"] for one in answer.json()] == ["pass", "incomplete"]
    body["standards"] = ["NOPE"]
    answer = client.post("/api/v1/standards/check", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/standard_unknown")


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "word"), [("zh-hans", "暂定"), ("en", "provisional")])
def test_public_pages(client, language, word):
    for address in ("/standards/", "/standards/CN-NYT525/", "/standards/EU-FPR/", "/check/"):
        answer = client.get(address, {"lang": language})
        assert answer.status_code == 200
        if "CN-NYT525" in address:
            assert word in answer.content.decode()
    assert client.get("/standards/NOPE/").status_code == 404


@pytest.mark.django_db
def test_check_page_needs_no_account(client):
    pasted = GOOD.decode().replace("总铅,21", "总铅,67").replace("总镉", "神秘物")
    answer = client.post("/check/", {"text": pasted, "standard": ["CN-NYT525"]}, headers={"accept-language": "zh-CN"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "不合格" in text
    assert "神秘物" in text
    assert "67 mg/kg → 不高于 50 mg/kg" in text
    file = SimpleUploadedFile("report.csv", BAD)
    assert "不合格" in client.post("/check/", {"file": file, "standard": ["CN-NYT525"]}).content.decode()
    broken = client.post("/check/", {"text": "a,b\n1,2\n", "standard": ["CN-NYT525"]})
    assert broken.status_code == 422
    assert "缺少列" in broken.content.decode()
    assert "请选择文件" in client.post("/check/", {"standard": ["CN-NYT525"]}).content.decode()


def test_pages_of_samples_and_reports(client, batch, operator, make_user):
    client.force_login(operator)
    page = reverse("samples", args=[batch.pk])
    form = {"id": str(uuid.uuid4()), "code": "S-1", "taken_on": "2024-06-01", "taken_by": "", "sub_samples": ""}
    assert client.post(page, form).status_code == 302
    assert client.post(page, {**form, "id": str(uuid.uuid4())}).status_code == 409
    answer = client.post(page, {"sample": form["id"], "file": SimpleUploadedFile("report.csv", BAD)})
    assert answer.status_code == 302
    report = answer["Location"]
    text = client.get(report).content.decode()
    assert "待确认" in text
    assert "67 mg/kg" in text
    assert client.post(report).status_code == 403
    client.force_login(make_user("verifier"))
    assert client.post(report).status_code == 302
    assert "已固定保存" in client.get(report).content.decode()
    text = client.get(page).content.decode()
    assert "不合格" in text
    client.force_login(make_user("trainer"))
    assert client.get(report).status_code == 403
    assert client.get(page).status_code == 403
