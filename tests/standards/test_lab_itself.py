"""What a lab hands in itself is the lab's: nobody takes its place, and a sheet goes to the sample that it is of."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from sites.models import Organisation
from sites.people import create_token
from standards.models import LabReport, LabResult
from standards.services import (
    attach_report_pdf,
    confirm_lab_report,
    hand_in_lab_sheet,
    register_sample,
    withdraw_lab_report,
)
from tests.standards.test_report_life import PDF, TAKEN, by_lab, chemist, several, verifier
from tests.standards.test_reports import BAD, GOOD, HEAD, batch, hand_in, lab, operator, refused, sample, sheet

__all__ = ["batch", "by_lab", "chemist", "lab", "operator", "sample", "verifier"]  # fixtures of the other files
NAMELESS = b"indicator,value,unit,basis\nPb,12,mg/kg,dm\n"


def send(chemist, lab, data, **more):
    return hand_in_lab_sheet(actor=chemist, lab=lab, data=data, file_name="a.csv", **more)


# --- in the lab's place ----------------------------------------------------------------------------------------------


def test_the_labs_own_sheet_stands_even_where_a_site_sent_the_same_file_and_withdrew_it(sample, operator, chemist, lab):
    """A site that has the lab's file first must not be able to keep the lab's report out."""
    data = several("S-1")
    of_site = hand_in(operator, sample, data, lab=lab, number="R-1")
    withdraw_lab_report(actor=operator, report=of_site, reason="does not suit us")
    done = send(chemist, lab, data, number="R-1")
    assert len(done.stored) == 1 and done.stored[0].by_lab and done.stored[0].state == "received"
    refused("not_allowed", withdraw_lab_report, actor=operator, report=done.stored[0], reason="does not suit us")
    assert hand_in(operator, sample, data, lab=lab).pk == done.stored[0].pk, "the same file is the lab's report"


def test_nobody_else_hands_in_under_the_labs_name_or_number(by_lab, sample, operator, lab, make_user):
    problem = refused("lab_report_of_lab_itself", hand_in, operator, sample, BAD, lab=lab)
    assert "R-1" in str(problem) and "Lab one" in str(problem)
    refused("lab_report_of_lab_itself", hand_in, operator, sample, BAD, number=" R-1 ")
    administrator = make_user("administrator")
    problem = refused(
        "lab_sheet_nothing_new", hand_in_lab_sheet, actor=administrator, lab=lab, data=BAD, file_name="a.csv"
    )
    assert [fault.message.code for fault in problem.errors] == ["lab_sheet_of_lab_itself"]
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    assert not hand_in(operator, sample, BAD, lab=other, number="Z-9").by_lab, "another lab's paper is another report"
    assert LabReport.objects.filter(by_lab=True).get() == by_lab


def test_what_a_site_sent_in_a_labs_name_gives_way_to_the_labs_own(sample, operator, chemist, lab, verifier):
    of_site = hand_in(operator, sample, BAD, lab=lab)
    own = hand_in(chemist, sample, GOOD, lab=lab)
    refused("lab_report_of_lab_itself", confirm_lab_report, actor=verifier, report=of_site)
    assert confirm_lab_report(actor=verifier, report=own)


def test_a_withdrawn_file_does_not_come_back(by_lab, sample, operator, chemist, lab):
    withdraw_lab_report(actor=chemist, report=by_lab, reason="样品弄混了")
    for who, more in ((chemist, {"lab": lab}), (operator, {}), (operator, {"lab": lab})):
        problem = refused("lab_report_file_withdrawn", hand_in, who, sample, GOOD, **more)
        assert "样品弄混了" in str(problem)
    problem = refused("lab_sheet_nothing_new", send, chemist, lab, GOOD)
    assert [fault.message.code for fault in problem.errors] == ["lab_sheet_withdrawn_before"]
    assert send(chemist, lab, BAD).stored, "the corrected sheet is another file"
    assert LabReport.objects.filter(state="received").count() == 1


# --- which sample a sheet is of --------------------------------------------------------------------------------------


def test_a_sheet_without_a_sample_says_what_to_write(sample, batch, operator, chemist, lab):
    register_sample(actor=operator, batch=batch, code="1", taken_on=TAKEN)  # must not draw in every nameless sheet
    problem = refused("lab_sheet_names_no_sample", send, chemist, lab, NAMELESS)
    text = str(problem)
    assert "K7M4-PQX2" in text and "“1”" not in text.split(".")[0]
    assert not LabReport.objects.exists()


def test_handed_in_for_one_sample_a_nameless_sheet_belongs_to_it(sample, chemist, lab):
    report = hand_in(chemist, sample, NAMELESS, lab=lab)
    assert (report.sample, report.results.get().value_text, report.by_lab) == (sample, "12", True)


def test_a_sheet_of_another_sample_is_not_taken_for_this_one(sample, batch, operator, chemist, lab):
    label = register_sample(actor=operator, batch=batch, code="22QJ-AB32", taken_on=TAKEN)
    problem = refused("lab_sheet_other_sample", hand_in, chemist, sample, several("22qjab32"), lab=lab)
    assert "22qjab32" in str(problem) and "S-1" in str(problem)
    refused("lab_sheet_other_sample", hand_in, chemist, label, several("S-1"), lab=lab)
    assert hand_in(chemist, sample, several("internal 4711"), lab=lab).sample == sample, "the lab's own numbering"


def test_a_lab_states_the_sample_and_the_pdf_beside_its_sheet(client, sample, batch, operator, chemist, lab):
    register_sample(actor=operator, batch=batch, code="S-2", taken_on=TAKEN)
    client.force_login(chemist)
    page = reverse("my_lab")

    def post(data, **more):
        form = {"lab": lab.pk, "file": SimpleUploadedFile("r.csv", data), **more}
        return client.post(page, form, headers={"accept-language": "en"})

    assert 'value="S-1"' in client.get(page, {"sample": "S-1"}).content.decode()
    assert "Add a column “sample”" in post(NAMELESS).content.decode()
    assert post(NAMELESS, sample="s-77").status_code == 404
    assert post(NAMELESS, sample="S-1").status_code == 302
    assert LabReport.objects.get().sample == sample
    both = {"pdf": SimpleUploadedFile("signed.pdf", PDF)}
    assert post(several("S-1", "S-2"), **both).status_code == 302
    with_pdf = LabReport.objects.exclude(attachment_sha256="")
    assert {one.sample.code for one in with_pdf} == {"S-1", "S-2"}
    assert post(several("S-2"), pdf=SimpleUploadedFile("signed.pdf", b"PK")).status_code == 302
    assert "is no PDF" in client.get(page, headers={"accept-language": "en"}).content.decode()
    assert LabReport.objects.filter(sample__code="S-2").count() == 2, "the results are kept all the same"


def test_over_the_api_a_sheet_brings_its_pdf(client, sample, chemist, lab):
    _token, secret = create_token(actor=chemist, name="LIMS", scopes=["lab", "read"])
    headers = {"authorization": f"Bearer {secret}", "accept-language": "en"}

    def post(**more):
        return client.post("/api/v1/lab-reports/sheet", {"number": "R-9", **more}, headers=headers)

    unnamed = post(file=SimpleUploadedFile("r.csv", NAMELESS))
    assert (unnamed.status_code, unnamed.json()["type"]) == (422, "/problems/lab_sheet_names_no_sample")
    refused_pdf = post(file=SimpleUploadedFile("r.csv", several("S-1")), pdf=SimpleUploadedFile("r.pdf", b"PK")).json()
    assert (refused_pdf["stored"], [one["field"] for one in refused_pdf["errors"]]) == (1, ["pdf"])
    answer = post(file=SimpleUploadedFile("r.csv", several("S-1")), pdf=SimpleUploadedFile("r.pdf", PDF)).json()
    assert (answer["already_stored"], answer["errors"]) == (1, [])
    assert len(answer["reports"][0]["attachment_sha256"]) == 64


# --- files and records -----------------------------------------------------------------------------------------------


def test_a_report_that_could_not_be_kept_leaves_no_file(sample, chemist, lab, monkeypatch):
    def breaks(rows):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(LabResult.objects, "bulk_create", breaks)
    with pytest.raises(RuntimeError):
        hand_in(chemist, sample, sheet("pH; 7.1"), lab=lab)
    folder = f"lab_reports/{dt.datetime.now(dt.UTC):%Y/%m}"
    kept = default_storage.listdir(folder)[1] if default_storage.exists(folder) else []
    assert not any(b"7.1" in default_storage.open(f"{folder}/{name}").read() for name in kept)
    assert not LabReport.objects.exists()


def test_a_pdf_is_attached_to_the_labs_own_report_by_nobody_else(by_lab, operator, chemist):
    refused("not_allowed", attach_report_pdf, actor=operator, report=by_lab, data=PDF, file_name="a.pdf")
    assert attach_report_pdf(actor=chemist, report=by_lab, data=PDF, file_name="a.pdf").attachment_sha256
    assert HEAD.encode() in GOOD
