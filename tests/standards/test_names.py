"""Unknown names: asked once, remembered for the lab, never for frozen verdicts or another lab."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from sites.models import AuditRecord, Organisation
from standards.models import IndicatorName, LabReport, LabResult
from standards.selectors import judge_report, report_lines, visible_report
from standards.selectors.names import NOT_JUDGED, unknown_names
from standards.services import confirm_lab_report, name_indicator, teach_indicator_name
from tests.standards.test_reports import batch, hand_in, lab, operator, refused, sample, sheet

__all__ = ["batch", "lab", "operator", "sample"]  # fixtures of the other file
ODD = sheet("铅元素测定量X; 67; mg/kg; 干基", "神秘物; 12; mg/kg; 干基", "总镉; 0.4; mg/kg; 干基", "别的; -; ; ")


@pytest.fixture
def chemist(lab, make_user):
    return make_user("lab", organisation=lab)


@pytest.fixture
def verifier(make_user):
    return make_user("verifier")


@pytest.fixture
def report(sample, chemist, lab):
    return hand_in(chemist, sample, ODD, lab=lab)


def fresh(report):
    return LabReport.objects.prefetch_related("results").get(pk=report.pk)


def lead(report):
    """The verdict of NY/T 525 on lead in a report, as it would be now."""
    answer = next(one for one in judge_report(fresh(report)) if one.rules.code == "CN-NYT525")
    return next(one.verdict for one in answer.indicators if one.indicator == "Pb" and one.limit_id)


def asked(report):
    return [one.text for one in unknown_names(fresh(report))]


def test_only_unknown_names_with_a_result_are_asked(report):
    assert asked(report) == ["铅元素测定量X", "神秘物"]
    assert unknown_names(fresh(report))[1].reported == ["12 mg/kg 干基"]
    assert "Pb" in unknown_names(fresh(report))[0].near
    assert lead(report) == "not_tested"


def test_asked_once_and_remembered_for_the_lab(report, chemist, lab, sample):
    name_indicator(actor=chemist, report=report, text="铅元素测定量X", indicator="Pb")
    name_indicator(actor=chemist, report=report, text="神秘物", indicator="")
    assert asked(report) == []
    assert lead(report) == "fail"
    assert {one.indicator for one in report_lines(fresh(report))} == {"铅元素测定量X", "总镉", "别的"}
    again = hand_in(chemist, sample, ODD + b" \n", lab=lab)
    assert again.pk != report.pk
    assert asked(again) == []
    assert lead(again) == "fail"
    assert set(again.results.values_list("indicator", flat=True)) == {"Pb", NOT_JUDGED, ""}
    assert AuditRecord.objects.filter(action="teach_indicator_name").count() == 2


def test_written_a_little_differently_it_is_the_same_name(report, chemist, lab, sample):
    teach_indicator_name(actor=chemist, lab=lab, text=" 铅元素 测定量Ｘ", indicator="Pb")
    assert asked(report) == ["神秘物"]


def test_another_lab_means_what_it_means(report, chemist, lab, sample, make_user):
    name_indicator(actor=chemist, report=report, text="神秘物", indicator="Zn")
    other = Organisation.objects.create(code="lab-2", kind="lab", name_zh="二号", name_en="Lab two")
    stranger = make_user("trainer")
    colleague = make_user("administrator")
    theirs = hand_in(colleague, sample, ODD + b"\n", lab=other)
    assert "神秘物" in asked(theirs)
    refused("not_allowed", teach_indicator_name, actor=chemist, lab=other, text="神秘物", indicator="Zn")
    refused("not_allowed", name_indicator, actor=stranger, report=report, text="神秘物", indicator="Zn")


def test_the_site_cannot_say_what_its_results_mean(report, operator):
    refused("not_allowed", name_indicator, actor=operator, report=report, text="神秘物", indicator="Pb")
    assert IndicatorName.objects.count() == 0


def test_a_known_name_keeps_its_meaning(report, verifier, lab):
    for text in ("总镉", "镉（以Cd计）"):
        refused("indicator_name_known", teach_indicator_name, actor=verifier, lab=lab, text=text, indicator="Zn")
    refused("indicator_unknown", teach_indicator_name, actor=verifier, lab=lab, text="神秘物", indicator="Unobtainium")
    refused("indicator_name_empty", teach_indicator_name, actor=verifier, lab=lab, text=" - ", indicator="Zn")
    assert not LabResult.objects.filter(report=report).exclude(indicator="").exists()


def test_frozen_verdicts_stay(report, verifier, chemist, lab, sample):
    later = hand_in(chemist, sample, ODD + b"\n", lab=lab)
    confirm_lab_report(actor=verifier, report=report)
    before = list(report.verdicts.values_list("standard", "verdict", "detail"))
    refused("lab_report_not_received", name_indicator, actor=verifier, report=report, text="神秘物", indicator="Zn")
    teach_indicator_name(actor=verifier, lab=lab, text="铅元素测定量X", indicator="Pb")
    assert list(report.verdicts.values_list("standard", "verdict", "detail")) == before
    assert not LabResult.objects.filter(report=report).exclude(indicator="").exists()
    assert lead(later) == "fail"


def test_a_report_without_a_lab_is_named_for_itself(operator, verifier, sample):
    report = hand_in(operator, sample, ODD)
    name_indicator(actor=verifier, report=report, text="神秘物", indicator="Zn")
    assert asked(report) == ["铅元素测定量X"]
    assert IndicatorName.objects.count() == 0
    assert AuditRecord.objects.filter(action="name_indicator").count() == 1


def test_a_newer_answer_counts(report, chemist, lab):
    teach_indicator_name(actor=chemist, lab=lab, text="神秘物", indicator="Zn")
    teach_indicator_name(actor=chemist, lab=lab, text="神秘物", indicator="Cu")
    assert IndicatorName.objects.get().indicator == "Cu"
    assert report.results.filter(indicator="Cu").count() == 1


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "是指"), ("en", "means")])
def test_pages(client, report, chemist, operator, language, words):
    page = reverse("lab_report_names", args=[report.pk])
    client.force_login(chemist)
    text = client.get(page, {"lang": language}).content.decode()
    assert "铅元素测定量X" in text
    assert words in text
    shown = client.get(reverse("lab_report", args=[report.pk]), {"lang": language}).content.decode()
    assert page in shown
    form = {"text-0": "铅元素测定量X", "means-0": "Pb", "text-1": "神秘物", "means-1": ""}
    assert client.post(page, form)["Location"] == page
    assert client.post(page, {"text-0": "神秘物", "means-0": "-"})["Location"] == reverse(
        "lab_report", args=[report.pk]
    )
    assert asked(report) == []
    assert page not in client.get(reverse("lab_report", args=[report.pk])).content.decode()
    assert client.post(page, {"text-0": "神秘物", "means-0": "Zn"}).status_code == 302
    assert client.get(page).status_code == 200
    client.force_login(operator)
    assert client.get(page).status_code == 403
    shown = client.get(reverse("lab_report", args=[report.pk])).content.decode()
    assert "铅元素测定量X" in shown


def test_a_wrong_answer_of_the_form_says_why(client, report, chemist):
    client.force_login(chemist)
    page = reverse("lab_report_names", args=[report.pk])
    answer = client.post(page, {"text-0": "神秘物", "means-0": "Unobtainium"})
    assert answer.status_code == 422
    assert "Unobtainium" in answer.content.decode()


def test_api(client, report, chemist, lab):
    client.force_login(chemist)
    address = f"/api/v1/lab-reports/{report.pk}/names"
    assert [one["text"] for one in client.get(address).json()] == ["铅元素测定量X", "神秘物"]
    body = json.dumps({"text": "神秘物", "indicator": ""})
    answer = client.post(address, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    assert [one["text"] for one in answer.json()] == ["铅元素测定量X"]
    wrong = client.post(address, json.dumps({"text": "x", "indicator": "nope"}), content_type="application/json")
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/indicator_unknown")
    assert visible_report(chemist, report.pk).results.filter(indicator=NOT_JUDGED).count() == 1
