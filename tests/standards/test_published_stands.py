"""What was published stays as it was, whatever is judged afterwards; a judgement that differs is noted beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.urls import reverse

from sites.permissions import CONSOLE
from standards.models import LabReport, Verdict
from standards.selectors import judged_since, latest_verdicts
from standards.selectors.documents import frozen, report_answers
from standards.services import judge_again, publish_lab_report, unpublish_lab_report, verdicts
from standards.tasks import judge_reports
from tests.standards.test_public import batch, pdf_text, people, report, squeezed

__all__ = ["batch", "people", "report"]  # fixtures of the other file


@pytest.fixture
def judged_anew(monkeypatch, report):
    """Publish, then let a new version of the checker judge everything again and find US-503/T3 met otherwise."""
    cache.clear()
    publish_lab_report(actor=CONSOLE, report=report)
    before = {one.standard: one.verdict for one in Verdict.objects.filter(report=report)}
    monkeypatch.setattr(verdicts, "CHECKER_VERSION", "99.0")
    real = verdicts.judge_report

    def judge(one):
        found = real(one)
        return [replace(answer, verdict="pass") if answer.rules.code == "CN-NYT525" else answer for answer in found]

    monkeypatch.setattr(verdicts, "judge_report", judge)
    judge_reports()
    assert before["CN-NYT525"] == "fail"
    return LabReport.objects.get(pk=report.pk), before


def product(client, report):
    return client.get(f"/api/v1/products/{report.public_code}", headers={"accept-language": "en"}).json()


def test_after_a_change_of_the_checker_the_newest_of_each_class_counts_and_older_ones_are_folded(
    client, judged_anew, people
):
    report, before = judged_anew
    newest = latest_verdicts(report)
    assert len({(one.standard, one.edition, one.as_of) for one in newest}) == len(newest)
    of_the_day = [one.standard for one in newest if one.as_of == report.reported_on]
    assert set(before) <= set(of_the_day), "a limit that changed inside an edition takes no verdict's place"
    assert {one.checker_version for one in newest} == {"99.0"}
    assert judge_again(actor=CONSOLE, report=report) == [], "judged once a version"
    client.force_login(people["verifier"])
    text = client.get(reverse("lab_report", args=[report.pk]), headers={"accept-language": "en"}).content.decode()
    assert re.findall(r"(\d+) earlier verdicts", text) == [str(len(before))]
    assert "noted there" in text


def test_page_data_and_paper_keep_what_was_published(client, judged_anew, people):
    report, before = judged_anew
    data = product(client, report)
    shown = {one["standard"] + (f"/{one['class']}" if one["class"] else ""): one["verdict"] for one in data["verdicts"]}
    assert shown == before
    assert [(one["standard"], one["verdict"], one["checker"]) for one in data["judged_since"]] == [
        ("CN-NYT525", "pass", "99.0")
    ]
    page = client.get(f"/compost/{report.public_code}/", {"lang": "en"}).content.decode()
    assert "some answers differ" in page and data["verdicts_sha256"] in page
    paper = squeezed(pdf_text(client.get(f"/compost/{report.public_code}/summary.pdf", {"lang": "en"})))
    assert data["verdicts_sha256"][:16] in paper
    assert report_answers(report, "en") == frozen(
        [one for one in Verdict.objects.filter(report=report).order_by("created_at") if one.checker_version != "99.0"],
        "en",
    ), "the private summary carries the public address: it says the same"


def test_nothing_is_noted_where_nothing_differs(client, report, monkeypatch):
    report = publish_lab_report(actor=CONSOLE, report=report)
    checksum = product(client, report)["verdicts_sha256"]
    monkeypatch.setattr(verdicts, "CHECKER_VERSION", "99.0")
    assert judge_again(actor=CONSOLE, report=report)
    data = product(client, report)
    found = LabReport.objects.get(pk=report.pk)
    kept = {one.standard for one in Verdict.objects.filter(report=report).exclude(checker_version="99.0")}
    assert [one for one in judged_since(found) if one.standard not in kept] == []
    same_day = [one for one in data["judged_since"] if one["as_of"] == data["reported_on"]]
    assert (data["verdicts_sha256"], same_day) == (checksum, [])


def test_published_again_it_shows_the_newest(client, judged_anew):
    report, _ = judged_anew
    unpublish_lab_report(actor=CONSOLE, report=report)
    publish_lab_report(actor=CONSOLE, report=LabReport.objects.get(pk=report.pk))
    data = product(client, report)
    assert {one["standard"]: one["verdict"] for one in data["verdicts"]}["CN-NYT525"] == "pass"
    assert {one["as_of"] for one in data["judged_since"]}.isdisjoint({data["reported_on"]})
