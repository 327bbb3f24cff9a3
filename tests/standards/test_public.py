"""What the code on a bag opens, and the documents behind sign-in: who sees what, and never a person's name."""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid

import pypdfium2 as pdfium
import pytest
from django.core.cache import cache
from django.utils import timezone

from batches.models import Batch, LedgerEntry
from sites.models import Organisation
from sites.permissions import CONSOLE
from standards.models import LabReport, TestRequest, Verdict
from standards.services import (
    confirm_lab_report,
    hand_in_lab_report,
    publish_lab_report,
    register_sample,
    unpublish_lab_report,
    withdraw_lab_report,
)
from tests.conftest import ROOT
from tests.standards.support import whole_report

HEAD = "样品,指标,结果,单位,基准\n"
PERSON = "王取样"
KEPT = ("CN-NYT525", "CN-NYT3442", "US-503/T3", "EU-FPR/PFC3A", "AT-KOMPOSTVO/A")


def sheet(*rows: str) -> bytes:
    cells = [[part.strip() for part in row.split(";")] for row in rows]
    return (HEAD + "".join(f"S-1,{','.join([*row, '', ''][:4])}\n" for row in cells)).encode()


@pytest.fixture
def batch(site):
    batch = Batch.objects.create(
        site=site, code="2024-1", started_on=dt.date(2024, 3, 1), finished_on=dt.date(2024, 6, 1)
    )
    for material, mass in (("food_waste", 75), ("garden_waste", 25)):
        LedgerEntry.objects.create(
            id=uuid.uuid4(),
            digest=uuid.uuid4(),
            site=site,
            batch=batch,
            recorded_at=timezone.now(),
            kind="intake",
            material=material,
            mass_mg=mass * 1_000_000,
            measured="scale",
            entered_value=str(mass),
            entered_unit="kg",
            occurred_on=dt.date(2024, 3, 1),
            month=2024 * 12 + 2,
        )
    return batch


@pytest.fixture
def people(site, make_user):
    made = {role: make_user(role, site=site) for role in ("operator", "manager")}
    made["verifier"] = make_user("verifier")
    for number, user in enumerate(made.values()):
        user.name = f"{PERSON}{number}"
        user.save()
    return made


@pytest.fixture
def report(batch, people, settings, tmp_path):
    """A confirmed report of a lead failure, not published yet."""
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    sample = register_sample(
        actor=people["operator"],
        batch=batch,
        code="S-1",
        taken_on=dt.date(2024, 6, 1),
        taken_by=PERSON,
        sub_samples=12,
    )
    rows = [row.replace("总铅; 21", "总铅; 67") for row in whole_report()]
    report = hand_in_lab_report(
        actor=people["operator"],
        sample=sample,
        data=sheet(*rows),
        file_name="report.csv",
        number="R-7",
        reported_on=dt.date(2024, 6, 20),
    )
    confirm_lab_report(actor=people["verifier"], report=report)
    Verdict.objects.exclude(standard__in=KEPT).delete()  # as many as a page needs: the suite is to be quick
    return LabReport.objects.get(pk=report.pk)


@pytest.fixture
def product(report):
    """The same, published."""
    return publish_lab_report(actor=CONSOLE, report=report)


def pdf_text(answer) -> str:
    assert answer.status_code == 200, answer.content[:500]
    assert answer.headers["Content-Type"] == "application/pdf"
    return "".join(page.get_textpage().get_text_bounded() for page in pdfium.PdfDocument(answer.content))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(("language", "words"), [("zh-hans", ("不合格", "干基")), ("en", ("fail", "dry matter"))])
def test_a_bags_code_opens_the_verdicts(client, product, language, words):
    for code in (product.public_code, product.public_code.lower().replace("-", "")):
        answer = client.get(f"/compost/{code}/", {"lang": language})
        assert answer.status_code == 200
    text = answer.content.decode()
    for expected in (*words, product.public_code, "67 mg/kg", "R-7", product.sha256, "75 %", "2024-06-01"):
        assert expected in text, expected
    kept = [one.detail[language] for one in product.verdicts.all()]
    assert f"<code>{re.search(r'<code>([0-9a-f]{64})</code>', text)[1]}</code>" in text
    assert kept and PERSON not in text
    assert "example.org" not in text, "no address of a person"


def test_the_standard_asked_for_is_told_limit_by_limit(client, product):
    text = client.get(f"/compost/{product.public_code}/", {"lang": "en", "standard": "us-503/t3"}).content.decode()
    section = text[text.index('id="limits"') :]
    assert "US-503/T3" in section[: section.index("<table")]


def as_documented(product) -> str:
    """The checksum by the code of docs/documents.md, as it is written there."""
    text = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")
    names: dict = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], names)
    return names["verdicts_sha256"](product)


def test_page_data_and_paper_show_the_same_checksum(client, product):
    page = client.get(f"/compost/{product.public_code}/").content.decode()
    for language in ("zh-hans", "en"):
        data = client.get(f"/api/v1/products/{product.public_code}", {"lang": language}).json()
        assert data["verdicts_sha256"] in page
        paper = pdf_text(client.get(f"/compost/{product.public_code}/summary.pdf", {"lang": language}))
        assert data["verdicts_sha256"] in squeezed(paper)
        assert as_documented(data) == data["verdicts_sha256"], "anybody can compute it"


def test_the_product_as_data(client, product):
    answer = client.get(f"/api/v1/products/{product.public_code}", headers={"accept-language": "en"})
    data = answer.json()
    assert (data["code"], data["site"], data["report_number"]) == (product.public_code, "lishui-1", "R-7")
    assert [round(one["part"], 2) for one in data["made_from"]] == [0.75, 0.25]
    assert {one["verdict"] for one in data["verdicts"] if one["standard"] == "CN-NYT525"} == {"fail"}
    assert ("总铅", "67", "mg/kg", "干基") in {
        (one["indicator"], one["value"], one["unit"], one["basis"]) for one in data["results"]
    }
    assert PERSON not in json.dumps(data, ensure_ascii=False)


def test_no_document_names_a_person(client, product, people):
    client.force_login(people["verifier"])
    address = f"/lab-reports/{product.pk}"
    for path in (f"/compost/{product.public_code}/summary.pdf", f"{address}/summary.pdf", f"{address}/data-sheet.pdf"):
        text = pdf_text(client.get(path))
        assert PERSON not in text and "example.org" not in text.replace("http://testserver", "")


@pytest.mark.parametrize("code", ["NOPE", "2222-2222", "x" * 300, "%00", "55QJ-AB39"])
def test_a_code_that_was_never_given_is_a_friendly_404(client, product, code):
    for address in (f"/compost/{code}/", f"/compost/{code}/summary.pdf", f"/api/v1/products/{code}"):
        answer = client.get(address, {"lang": "en"})
        assert answer.status_code == 404
    page = client.get("/compost/NOPE/", {"lang": "en"}).content.decode()
    assert "NOPE" in page and "<main" in page


def test_what_is_hidden_or_withdrawn_says_so_and_nothing_else(client, product, people):
    code = product.public_code
    assert client.get(f"/compost/{code}/summary.pdf").status_code == 200  # and stands in the cache now
    unpublish_lab_report(actor=people["manager"], report=product)
    page = client.get(f"/compost/{code}/", {"lang": "en"})
    assert (page.status_code, "no longer shown" in page.content.decode()) == (410, True)
    publish_lab_report(actor=people["manager"], report=product)
    assert client.get(f"/compost/{code}/").status_code == 200
    withdraw_lab_report(actor=people["verifier"], report=product, reason="a mistake")
    page = client.get(f"/compost/{code}/", {"lang": "en"})
    text = page.content.decode()
    assert (page.status_code, "was withdrawn" in text) == (410, True)
    assert "67 mg/kg" not in text and "a mistake" not in text
    assert client.get(f"/compost/{code}/summary.pdf").status_code == 410
    assert client.get(f"/api/v1/products/{code}").json()["type"] == "/problems/published_no_more"


def test_caches_may_keep_the_public_page_and_ask_whether_it_changed(client, product, people):
    for path in ("", "summary.pdf"):
        address = f"/compost/{product.public_code}/{path}"
        answer = client.get(address, {"lang": "en"})
        assert "max-age" in answer.headers["Cache-Control"] and "public" in answer.headers["Cache-Control"]
        again = client.get(address, {"lang": "en"}, headers={"if-none-match": answer.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = client.get(address, {"lang": "zh-hans"}, headers={"if-none-match": answer.headers["ETag"]})
        assert other.status_code == 200
    client.force_login(people["operator"])
    assert "private" in client.get(f"/compost/{product.public_code}/").headers["Cache-Control"]


def test_the_page_takes_few_questions_to_the_database(client, product, django_assert_max_num_queries):
    client.get(f"/compost/{product.public_code}/")
    with django_assert_max_num_queries(12):
        client.get(f"/compost/{product.public_code}/")


# --- documents of a report ----------------------------------------------------------------------------------------


def test_a_reports_summary_is_for_those_who_may_read_it(client, report, people, make_user):
    address = f"/lab-reports/{report.pk}/summary.pdf"
    assert client.get(address).status_code == 302
    client.force_login(make_user("trainer"))
    assert client.get(address).status_code == 403
    client.force_login(people["operator"])
    answer = client.get(address, {"lang": "en"})
    text = " ".join(pdf_text(answer).split())
    assert "fail" in text and "Lishui one" in text and "mixed of 12 sub-samples" in text
    assert "/compost/" not in text, "there is no public page yet"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert client.get(address, {"lang": "en"}).content == answer.content
    one = pdf_text(client.get(address, {"lang": "en", "standard": "CN-NYT525"}))
    assert "CN-NYT525" in one and "US-503" not in one
    assert client.get(address, {"standard": "NOPE"}).status_code == 404


def test_the_process_of_the_batch_is_in_the_summary(client, report, people):
    client.force_login(people["operator"])
    text = pdf_text(client.get(f"/lab-reports/{report.pk}/summary.pdf", {"lang": "en", "standard": "CN-NYT3442"}))
    assert "Process log" in text


def test_a_data_sheet_needs_a_confirmed_report(client, report, people, batch):
    client.force_login(people["operator"])
    address = f"/lab-reports/{report.pk}/data-sheet.pdf"
    text = pdf_text(client.get(address, {"lang": "en"}))
    assert "Community compost" in text and "75" in text
    LabReport.objects.filter(pk=report.pk).update(state="received")
    refused = client.get(address, {"lang": "en"})
    assert (refused.status_code, "confirmed" in refused.content.decode()) == (409, True)
    waiting = pdf_text(client.get(f"/lab-reports/{report.pk}/summary.pdf", {"lang": "en"}))
    assert "does not count" in waiting


def test_label_and_protocol_come_with_the_grant(client, batch, people):
    lab = Organisation.objects.create(code="lab-1", kind="lab", name_zh="一号实验室", name_en="Lab one")
    request = TestRequest.objects.create(batch=batch, standard="CN-NYT525")
    client.force_login(people["operator"])
    for name in ("label", "protocol"):
        assert client.get(f"/test-requests/{request.pk}/{name}.pdf").status_code == 409
    TestRequest.objects.filter(pk=request.pk).update(
        state="granted", label_code="22QJ-AB3U", lab=lab, decided_at=timezone.now()
    )
    assert "22QJ-AB3U" in pdf_text(client.get(f"/test-requests/{request.pk}/label.pdf"))
    sheet_of_labels = pdf_text(client.get(f"/test-requests/{request.pk}/label.pdf", {"sheet": "1"}))
    assert sheet_of_labels.count("22QJ-AB3U") == 21
    text = pdf_text(client.get(f"/test-requests/{request.pk}/protocol.pdf", {"lang": "en"}))
    assert "22QJ-AB3U" in text and "Lab one" in text and "Sampling protocol" in text


def test_a_withdrawn_reports_summary_says_so(client, report, people):
    withdraw_lab_report(actor=people["verifier"], report=report, reason="a mistake")
    client.force_login(people["operator"])
    text = pdf_text(client.get(f"/lab-reports/{report.pk}/summary.pdf", {"lang": "en", "standard": "CN-NYT525"}))
    assert "no longer valid" in text and "fail" in text
    assert client.get(f"/lab-reports/{report.pk}/data-sheet.pdf").status_code == 409
