"""The life of a lab report: sheets of several samples, its PDF, withdrawing, later editions, publishing."""

from __future__ import annotations

import ast
import copy
import datetime as dt
import json
import re
import shutil

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import standards.library as library_module
from sites.models import AuditRecord, Organisation
from sites.permissions import CONSOLE
from standards.catalogue import later
from standards.checking.explain import check_lines
from standards.library import selected
from standards.models import LabReport, LabResult, Sample, Verdict
from standards.selectors import is_later, judge_report, latest_verdicts, report_day, report_lines
from standards.selectors.public import published_report
from standards.services import (
    attach_report_pdf,
    confirm_lab_report,
    hand_in_lab_sheet,
    judge_again,
    judge_reports_again,
    publish_lab_report,
    register_sample,
    unpublish_lab_report,
    withdraw_lab_report,
)
from standards.tasks import judge_reports
from tests.conftest import ROOT
from tests.standards.test_reports import BAD, batch, hand_in, lab, operator, refused, sample

__all__ = ["batch", "lab", "operator", "sample"]  # fixtures of the other file
PDF = b"%PDF-1.7\nsigned"
TAKEN = dt.date(2024, 6, 1)


@pytest.fixture
def chemist(lab, make_user):
    return make_user("lab", organisation=lab)


@pytest.fixture
def verifier(make_user):
    return make_user("verifier")


@pytest.fixture
def by_lab(sample, chemist, lab):
    return hand_in(chemist, sample, lab=lab, reported_on=dt.date(2024, 6, 20), number="R-1")


@pytest.fixture
def confirmed(by_lab, verifier):
    confirm_lab_report(actor=verifier, report=by_lab)
    return LabReport.objects.get(pk=by_lab.pk)


# --- one sheet, several samples --------------------------------------------------------------------------------------


def several(*codes: str) -> bytes:
    head = "样品,指标,结果,单位,基准,不确定度\n"
    return (head + "".join(f"{code},总铅,12,mg/kg,干基,\n{code},pH,7.4,,,\n" for code in codes)).encode()


def more_sample(operator, batch, code):
    return register_sample(actor=operator, batch=batch, code=code, taken_on=TAKEN)


def test_one_sheet_gives_a_report_for_each_known_code(sample, batch, operator, chemist, lab):
    label = more_sample(operator, batch, "22QJ-AB32")
    data = several("", "S-1", "22qjab32", "S-9", "22QJ-AB33")
    done = hand_in_lab_sheet(actor=chemist, lab=lab, data=data, file_name="a.csv", number="R-7")
    assert {one.sample for one in done.stored} == {sample, label}
    assert all(one.by_lab and one.lab == lab and one.results.count() == 2 for one in done.stored)
    codes = [(fault.message.code, fault.row) for fault in done.faults]
    assert codes == [("lab_sheet_code_unknown", 2), ("lab_sheet_code_unknown", 8), ("lab_sheet_code_misread", 10)]
    assert "S-9" in done.faults[1].message.render("zh-hans")
    again = hand_in_lab_sheet(actor=chemist, lab=lab, data=data, file_name="a.csv")
    assert (len(again.stored), len(again.already)) == (0, 2)
    assert LabReport.objects.count() == 2 and LabResult.objects.count() == 4


def test_a_corrected_sheet_adds_what_was_missing(sample, batch, operator, chemist, lab):
    hand_in_lab_sheet(actor=chemist, lab=lab, data=several("S-1", "S-2"), file_name="a.csv")
    more_sample(operator, batch, "S-2")
    done = hand_in_lab_sheet(actor=chemist, lab=lab, data=several("S-1", "S-2"), file_name="a.csv")
    assert ([one.sample.code for one in done.stored], len(done.already)) == (["S-2"], 1)


def test_a_sheet_of_unknown_codes_is_refused_whole(sample, chemist, lab):
    problem = refused(
        "lab_sheet_no_known_sample",
        hand_in_lab_sheet,
        actor=chemist,
        lab=lab,
        data=several("X-1", "X-2"),
        file_name="a.csv",
    )
    assert len(problem.errors) == 2 and "X-1" in str(problem) and not LabReport.objects.exists()


def test_a_sample_is_kept_whole_or_not_at_all(sample, batch, operator, chemist, lab, monkeypatch):
    more_sample(operator, batch, "S-2")
    real = LabResult.objects.bulk_create

    def breaks(rows):
        rows = list(rows)
        if rows[0].report.sample.code == "S-2":
            raise RuntimeError("the disk is full")
        return real(rows)

    monkeypatch.setattr(LabResult.objects, "bulk_create", breaks)
    with pytest.raises(RuntimeError):
        hand_in_lab_sheet(actor=chemist, lab=lab, data=several("S-1", "S-2"), file_name="a.csv")
    assert [(one.sample.code, one.results.count()) for one in LabReport.objects.all()] == [("S-1", 2)]
    monkeypatch.undo()
    done = hand_in_lab_sheet(actor=chemist, lab=lab, data=several("S-1", "S-2"), file_name="a.csv")
    assert [one.sample.code for one in done.stored] == ["S-2"]


def test_only_people_of_the_lab_hand_in_its_sheets(sample, operator, chemist, lab, make_user):
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    sending = {"data": several("S-1"), "file_name": "a.csv"}
    refused("not_allowed", hand_in_lab_sheet, actor=operator, lab=lab, **sending)
    refused("not_allowed", hand_in_lab_sheet, actor=chemist, lab=other, **sending)
    assert not hand_in_lab_sheet(actor=make_user("administrator"), lab=lab, **sending).stored[0].by_lab


# --- nobody alters a result ------------------------------------------------------------------------------------------


WRITES = {
    "save", "update", "bulk_update", "delete", "create", "bulk_create", "get_or_create", "update_or_create",
}  # fmt: skip


def test_no_code_path_changes_a_result():
    """Results are only ever made together with their report: nothing saves, updates or deletes one.

    What a lab means by a name it uses is said beside the result (``indicator``); what was written stays.
    """
    found = []
    for path in sorted((ROOT / "standards").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                text = ast.unparse(node.func)
                if "LabResult" in text or ".results." in text or re.match(r"(result|line)\.", text):
                    found.append((path.name, node.func.attr, {word.arg for word in node.keywords}))
    assert found == [("names.py", "update", {"indicator"}), ("reports.py", "bulk_create", set())]


def test_results_stand_as_they_were_whatever_the_site_does(by_lab, sample, operator, make_user, site, client):
    before = list(LabResult.objects.values().order_by("pk"))
    file = by_lab.file.read()
    manager = make_user("manager", site=site)
    for who in (operator, manager):
        refused("not_allowed", withdraw_lab_report, actor=who, report=by_lab, reason="not nice")
        refused("not_allowed", attach_report_pdf, actor=who, report=by_lab, data=PDF, file_name="x.pdf")
        hand_in(who, sample, BAD)  # another report beside it, under the site's own name
    assert list(LabResult.objects.filter(report=by_lab).values().order_by("pk")) == before
    by_lab.refresh_from_db()
    assert by_lab.state == "received" and by_lab.file.open().read() == file
    assert not LabReport.objects.exclude(pk=by_lab.pk).filter(by_lab=True).exists()


def test_what_a_line_says_reaches_the_checker(sample, operator):
    data = "样品,指标,结果,单位,基准\nS-1,总铅,12,mg/kg,干基\n".encode()
    report = hand_in(operator, sample, data)
    LabResult.objects.filter(report=report).update(uncertainty_text="± 2", indicator="Cd")
    line = report_lines(LabReport.objects.get(pk=report.pk))[0]
    assert (line.indicator, line.value, line.uncertainty, line.code) == ("总铅", "12", "± 2", "Cd")


def test_facts_stated_with_the_sample_are_used_in_judging(sample, operator):
    """Rule by rule the same as asking the checker with those facts."""
    report = hand_in(operator, sample)
    for facts in ({}, {"feedstock": "sewage_sludge", "use": "food_crops"}):
        Sample.objects.filter(pk=sample.pk).update(facts=facts)
        found = judge_report(LabReport.objects.get(pk=report.pk))
        wanted = check_lines(report_lines(report), selected(["all"], report_day(report)), facts=facts)
        assert [one.as_json("en") for one in found] == [one.as_json("en") for one in wanted]


# --- the signed PDF --------------------------------------------------------------------------------------------------


def test_only_a_real_pdf_of_the_same_lab_is_attached_once(by_lab, chemist, make_user, settings):
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    attach = {"actor": chemist, "report": by_lab, "file_name": "签章.pdf"}
    refused("not_allowed", attach_report_pdf, **{**attach, "actor": make_user("lab", organisation=other)}, data=PDF)
    for data in (b"", b"PK\x03\x04", b"<html>%PDF-1.7", b"\n%PDF-1.7"):
        refused("attachment_not_pdf", attach_report_pdf, **attach, data=data)
    problem = refused("attachment_too_large", attach_report_pdf, **attach, data=PDF + b" " * (20 * 1024 * 1024))
    assert (problem.status, "20" in str(problem)) == (413, True)
    for _ in range(2):
        found = attach_report_pdf(**attach, data=PDF)
    assert found.attachment.open().read() == PDF and found.attachment_name == "签章.pdf"
    refused("attachment_there", attach_report_pdf, **attach, data=PDF + b"2")
    assert AuditRecord.objects.filter(action="attach_report_pdf").count() == 1


def test_the_pdf_is_read_by_those_who_read_the_report(by_lab, chemist, operator, make_user, client):
    address = reverse("lab_report_attachment", args=[by_lab.pk])
    client.force_login(operator)
    assert client.get(address).status_code == 404
    client.force_login(chemist)
    page = reverse("lab_report", args=[by_lab.pk])
    assert client.post(page, {"do": "attach"}).status_code == 422
    assert client.post(page, {"do": "attach", "file": SimpleUploadedFile("r.pdf", PDF)}).status_code == 302
    client.force_login(operator)
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == PDF and answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    client.force_login(make_user("trainer"))
    assert client.get(address).status_code == 403


# --- withdrawing -----------------------------------------------------------------------------------------------------


def test_a_withdrawn_report_counts_nowhere_and_stays_readable(confirmed, chemist, verifier, operator, client):
    assert latest_verdicts(confirmed)
    publish_lab_report(actor=CONSOLE, report=confirmed)
    refused("test_reason_needed", withdraw_lab_report, actor=chemist, report=confirmed, reason="  ")
    found = withdraw_lab_report(actor=chemist, report=confirmed, reason="样品弄混了")
    assert withdraw_lab_report(actor=verifier, report=confirmed, reason="x").withdrawn_reason == "样品弄混了"
    assert latest_verdicts(found) == [] and Verdict.objects.filter(report=found).exists()
    assert published_report(found.public_code).state == "withdrawn"
    for call in (confirm_lab_report, judge_again, publish_lab_report):
        with pytest.raises(Exception, match="withdrawn"):
            call(actor=CONSOLE, report=found)
    refused("lab_report_is_withdrawn", attach_report_pdf, actor=chemist, report=found, data=PDF, file_name="a.pdf")
    client.force_login(operator)
    text = client.get(reverse("lab_report", args=[found.pk])).content.decode()
    assert "样品弄混了" in text and "总铅" in text
    listed = client.get("/api/v1/lab-reports").json()["items"][0]
    assert (listed["state"], listed["verdicts"], listed["is_published"]) == ("withdrawn", [], False)


def test_the_desk_withdraws_with_a_reason_and_a_site_only_what_it_sent(sample, operator, by_lab, verifier):
    own = hand_in(operator, sample, BAD)
    assert withdraw_lab_report(actor=operator, report=own, reason="传错了").state == "withdrawn"
    assert withdraw_lab_report(actor=verifier, report=by_lab, reason="实验室来电").withdrawn_by == verifier


# --- later editions --------------------------------------------------------------------------------------------------


@pytest.fixture
def own_library(tmp_path, monkeypatch):
    """A copy of the library that a test may change; ``reload`` reads it anew."""
    folder = tmp_path / "library"
    shutil.copytree(library_module.FOLDER, folder)
    loaded = {}

    def reload():
        loaded["books"] = library_module.load_library(folder)
        return loaded["books"]

    reload()
    monkeypatch.setattr(library_module, "FOLDER", folder)
    monkeypatch.setattr(library_module, "library", lambda: loaded["books"])
    return folder, reload


def add_later_edition(folder, day: dt.date) -> None:
    """NY/T 525 gets a made-up edition 2099 that allows less lead from a day on."""
    path = folder / "CN-NYT525.yaml"
    book = yaml.safe_load(path.read_text(encoding="utf-8"))
    current = max(book["editions"], key=lambda edition: edition["valid_from"])
    new = copy.deepcopy(current) | {"edition": "2099", "valid_from": day}
    current["valid_to"] = day - dt.timedelta(days=1)
    lead = next(limit for limit in new["limits"] if limit.get("indicator") == "Pb")
    assert lead["value"] == "50"
    lead["value"] = "20"
    book["editions"].append(new)
    path.write_text(yaml.safe_dump(book, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_a_later_edition_gives_a_new_verdict_beside_the_old(confirmed, own_library, verifier, client):
    folder, reload = own_library
    before = {one.pk: (one.verdict, one.detail, one.created_at) for one in Verdict.objects.all()}
    judge_again(actor=verifier, report=confirmed)  # editions of other standards that came since
    kept = {one.pk for one in Verdict.objects.all()}
    day = timezone.localdate() - dt.timedelta(days=30)
    add_later_edition(folder, day)
    assert [one.edition for one in reload()["CN-NYT525"].editions][-1] == "2099"
    new = {(one.standard, one.edition): one for one in judge_again(actor=verifier, report=confirmed)}
    again = new["CN-NYT525", "2099"]
    assert (again.as_of, again.verdict) == (day, "fail"), "lead 21 mg/kg is above the new limit"
    assert again.library_sha256 == later.library_sha256("CN-NYT525")
    for one in Verdict.objects.filter(pk__in=before):
        assert before[one.pk] == (one.verdict, one.detail, one.created_at)
    assert judge_again(actor=verifier, report=confirmed) == []
    assert kept < {one.pk for one in Verdict.objects.all()}
    shown = {(one.standard, one.edition): one for one in latest_verdicts(LabReport.objects.get(pk=confirmed.pk))}
    assert shown["CN-NYT525", "2021"].verdict == "pass" and shown["CN-NYT525", "2099"].verdict == "fail"
    assert is_later(confirmed, shown["CN-NYT525", "2099"]) and not is_later(confirmed, shown["CN-NYT525", "2021"])
    client.force_login(verifier)
    text = client.get(reverse("lab_report", args=[confirmed.pk])).content.decode()
    assert "按之后的版本" in text and day.isoformat() in text and "2024-06-20" in text
    assert AuditRecord.objects.filter(action="judge_again").exists()


def test_an_edition_of_tomorrow_does_not_count_today(confirmed, own_library, verifier):
    folder, reload = own_library
    judge_again(actor=verifier, report=confirmed)
    add_later_edition(folder, timezone.localdate() + dt.timedelta(days=3))
    reload()
    judge_again(actor=verifier, report=confirmed)
    assert not Verdict.objects.filter(edition="2099").exists()


def test_a_verdict_is_frozen_with_all_that_it_rests_on(confirmed):
    verdict = confirmed.verdicts.get(standard="CN-NYT525")
    assert (verdict.as_of, verdict.edition) == (dt.date(2024, 6, 20), "2021")
    assert verdict.library_sha256 == later.library_sha256("CN-NYT525") and len(verdict.library_sha256) == 64
    lead = next(one for one in verdict.detail["en"]["indicators"] if one["indicator"] == "Pb")
    assert (lead["limit"], lead["verdict"]) == ("≤ 50", "pass")
    with pytest.raises(IntegrityError), transaction.atomic():
        verdict.pk = None
        verdict.save(force_insert=True)


def test_command_and_task_judge_all_confirmed_reports_and_repeat_nothing(confirmed, sample, operator, capsys):
    hand_in(operator, sample, BAD)
    first = judge_reports_again(actor=CONSOLE)
    assert first.reports == 1
    number = Verdict.objects.count()
    call_command("judge_reports")
    assert "1" in capsys.readouterr().out
    judge_reports()
    assert Verdict.objects.count() == number


def test_a_person_without_the_right_judges_nothing(confirmed, operator):
    refused("not_allowed", judge_again, actor=operator, report=confirmed)


# --- publishing ------------------------------------------------------------------------------------------------------


def test_publishing_gives_a_code_for_ever(by_lab, confirmed, site, make_user, operator, chemist):
    manager = make_user("manager", site=site)
    other = LabReport.objects.get(pk=by_lab.pk)
    for who in (operator, chemist):
        refused("not_allowed", publish_lab_report, actor=who, report=confirmed)
    found = publish_lab_report(actor=manager, report=confirmed)
    code = found.public_code
    assert publish_lab_report(actor=make_user("publisher"), report=other).published_by == manager
    seen = published_report(code.lower().replace("-", " "))
    assert (seen.state, seen.site_code, seen.number, seen.batch_code) == ("shown", "lishui-1", "R-1", "2024-1")
    assert {one.standard for one in seen.verdicts} >= {"CN-NYT525", "EU-FPR/PFC3A"}
    unpublish_lab_report(actor=manager, report=confirmed)
    hidden = published_report(code)
    assert (hidden.state, hidden.report, hidden.results) == ("hidden", None, ())
    assert publish_lab_report(actor=manager, report=confirmed).public_code == code
    for wrong in ("", "AAAA-AAAA", code[:-1] + ("2" if code[-1] != "2" else "3"), "\x00"):
        refused("published_unknown", published_report, wrong)


def test_only_a_confirmed_report_is_published(by_lab):
    refused("lab_report_not_confirmed", publish_lab_report, actor=CONSOLE, report=by_lab)
    with pytest.raises(IntegrityError), transaction.atomic():
        LabReport.objects.filter(pk=by_lab.pk).update(published_at=timezone.now())


def test_no_persons_name_leaves_in_public(confirmed, chemist, verifier, operator, sample, make_user):
    for number, who in enumerate((chemist, verifier, operator)):
        type(who).objects.filter(pk=who.pk).update(name=f"Nobody-{number}")
    Sample.objects.filter(pk=sample.pk).update(taken_by="Nobody-9", facts={"use": "sold", "gone": "1"})
    publish_lab_report(actor=CONSOLE, report=confirmed)
    seen = published_report(LabReport.objects.get(pk=confirmed.pk).public_code)
    assert "Nobody" not in repr(seen) and "example.org" not in repr(seen)
    assert [(name.en, value.en) for name, value in seen.facts] == [("use", "sold")]


# --- API -------------------------------------------------------------------------------------------------------------


def test_a_lab_works_with_its_token_alone(client, sample, batch, operator, chemist, lab, verifier):
    from sites import people

    _token, secret = people.create_token(actor=chemist, name="LIMS", scopes=["lab", "read"])
    headers = {"authorization": f"Bearer {secret}", "accept-language": "en"}
    body = {"number": "R-9", "file": SimpleUploadedFile("r.csv", several("S-1", "S-9"))}
    done = client.post("/api/v1/lab-reports/sheet", body, headers=headers)
    assert done.status_code == 201, done.content
    answer = done.json()
    assert (answer["stored"], answer["already_stored"]) == (1, 0)
    assert answer["errors"][0]["row"] == 4 and "S-9" in answer["errors"][0]["detail"]
    report = answer["reports"][0]
    assert (report["lab"], report["by_lab"], report["lines"]) == ("lab-1", True, 2)
    address = f"/api/v1/lab-reports/{report['id']}"
    attached = client.post(f"{address}/attachment", {"file": SimpleUploadedFile("r.pdf", PDF)}, headers=headers)
    assert len(attached.json()["attachment_sha256"]) == 64
    gone = client.post(
        f"{address}/withdraw", json.dumps({"reason": "mixed up"}), content_type="application/json", headers=headers
    )
    assert (gone.json()["state"], gone.json()["withdrawn_reason"]) == ("withdrawn", "mixed up")
    unknown = {"file": SimpleUploadedFile("r.csv", several("S-9"))}
    answer = client.post("/api/v1/lab-reports/sheet", unknown, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/lab_sheet_no_known_sample")


def test_lists_leave_the_details_of_verdicts_where_they_are(client, confirmed, verifier, sample):
    client.force_login(verifier)
    for address in ("/api/v1/lab-reports", "/api/v1/samples", reverse("samples", args=[sample.batch_id])):
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        texts = [query["sql"] for query in asked if '"standards_verdict"' in query["sql"]]
        assert len(texts) == 1 and '"detail"' not in texts[0]


def test_publishing_over_the_api(client, confirmed, site, make_user):
    client.force_login(make_user("manager", site=site))
    address = f"/api/v1/lab-reports/{confirmed.pk}"
    shown = client.post(f"{address}/publish").json()
    assert shown["is_published"] and re.fullmatch(r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}", shown["public_code"])
    hidden = client.post(f"{address}/unpublish").json()
    assert not hidden["is_published"] and hidden["public_code"] == shown["public_code"]


def test_a_labs_sheet_through_its_page(client, sample, chemist, lab):
    client.force_login(chemist)
    page = reverse("my_lab")
    form = {"lab": lab.pk, "file": SimpleUploadedFile("r.csv", several("S-1", "S-9"))}
    text = client.post(page, form, headers={"accept-language": "zh-CN"}).content.decode()
    assert "S-9" in text and "已提交 1 份报告" in text
    assert client.post(page, {"lab": lab.pk, "file": SimpleUploadedFile("r.csv", several("S-1"))}).status_code == 302
    assert client.post(page, {"lab": lab.pk}).status_code == 422
    broken = client.post(page, {"lab": lab.pk, "file": SimpleUploadedFile("r.csv", b"\x00\x01")})
    assert broken.status_code == 422


def test_the_same_bytes_for_another_sample_are_another_report(sample, batch, operator, chemist, lab):
    more_sample(operator, batch, "S-2")
    first = hand_in(chemist, sample, several("S-1", "S-2"), lab=lab)
    second = hand_in(chemist, Sample.objects.get(code="S-2"), several("S-1", "S-2"), lab=lab)
    assert first.pk != second.pk and first.sha256 == second.sha256
