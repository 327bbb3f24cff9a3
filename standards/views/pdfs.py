"""Documents as PDF: a report's test summary and data sheet, a request's label and protocol, a product's summary."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from compostnet.shared.problems import Problem
from sites.auth import actor
from standards.catalogue.countries import near_home
from standards.library import library
from standards.models import LabReport, TestRequest
from standards.pdf import checksum, data_sheet_pdf, label_pdf, protocol_pdf, summary_pdf
from standards.pdf.facts import as_dicts, rules_code
from standards.selectors import visible_report
from standards.selectors.documents import (
    Answer,
    country_of,
    frozen,
    label_facts,
    product_facts,
    public_facts,
    report_answers,
    report_facts,
    report_process,
)
from standards.selectors.public import published_report
from standards.selectors.requests import protocol_of, visible_test_request
from standards.views.shared import language

KEPT_SECONDS = 3600
"""How long a public document is kept ready; whether it may be shown is asked each time."""


def pdf_answer(data: bytes, name: str, *, private: bool = True) -> HttpResponse:
    """A PDF to look at in the browser; only a published one may stay in caches."""
    answer = HttpResponse(data, content_type="application/pdf")
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in name)
    answer.headers["Content-Disposition"] = f'inline; filename="{plain}.pdf"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store" if private else "public, max-age=300"
    return answer


def public_address(request: HttpRequest, report: LabReport) -> str:
    """The address of a report's public page; '' while it has none."""
    if not report.published_at or not report.public_code or report.state != LabReport.State.CONFIRMED:
        return ""
    return request.build_absolute_uri(reverse("product", args=[report.public_code]))


def _wanted(answers: list[Answer], codes: list[str], tongue: str, home: set[str]) -> list[Answer]:
    """The answers of the standards asked for (``?standard=``, with or without class, or ``all``).

    Where none is named, of those that count where the site is: all of them make a document of fifty pages.
    """
    asked = {code.strip().upper() for code in codes if code.strip()}
    if "ALL" in asked:
        return answers
    if not asked:
        shown = zip(answers, as_dicts(answers, tongue), strict=True)
        return [one for one, data in shown if data["standard"] in home] or answers
    named = zip(answers, as_dicts(answers, tongue), strict=True)
    found = [one for one, shown in named if {shown["standard"], rules_code(shown).upper()} & asked]
    if not found:
        raise Problem("pdf_standard_not_judged", standard=", ".join(sorted(asked))[:100])
    return found


@login_required
@require_safe
def report_pdf(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The test summary of a report; ``?standard=CODE`` (repeatable) for some standards only."""
    report = visible_report(actor(request), pk)
    home = near_home(report.sample.batch.site.region.country, library().values())
    every = report_answers(report, language())
    answers = _wanted(every, request.GET.getlist("standard"), language(), home)
    standards = dict.fromkeys(one["standard"] for one in as_dicts(answers, language()))
    data = summary_pdf(
        answers,
        language=language(),
        report=report_facts(report),
        process=report_process(report, [code for code in standards if code in library()]),
        public_url=public_address(request, report),
        kept=every,
        font=settings.PDF_FONT,
    )
    return pdf_answer(data, f"summary-{report.sample.code}")


@login_required
@require_safe
def report_data_sheet_pdf(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The data sheet for the bag, of a confirmed report only."""
    report = visible_report(actor(request), pk)
    if report.state != LabReport.State.CONFIRMED:
        raise Problem("data_sheet_needs_confirmation")
    data = data_sheet_pdf(
        product_facts(report),
        report_answers(report, language()),
        language=language(),
        public_url=public_address(request, report),
        font=settings.PDF_FONT,
    )
    return pdf_answer(data, f"data-sheet-{report.sample.code}")


def _labelled(request: HttpRequest, pk: uuid.UUID) -> tuple[TestRequest, str]:
    """A request that has a label, and what the label's QR code opens."""
    found = visible_test_request(actor(request), pk)
    if not found.label_code:
        raise Problem("label_not_granted")
    return found, request.build_absolute_uri(reverse("sample_arrival", args=[found.label_code]))


@login_required
@require_safe
def request_label_pdf(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The label of a granted request's sample; ``?sheet=1`` for A4 with 21 copies."""
    found, address = _labelled(request, pk)
    label = label_facts(found, address)
    data = label_pdf(label, language=language(), sheet=bool(request.GET.get("sheet")), font=settings.PDF_FONT)
    return pdf_answer(data, f"label-{found.label_code}")


@login_required
@require_safe
def request_protocol_pdf(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The sampling protocol of a granted request, with its label."""
    found, address = _labelled(request, pk)
    book = library().get(found.standard.partition("/")[0])
    data = protocol_pdf(
        protocol_of(found),
        language=language(),
        label=label_facts(found, address),
        standard_name=book.name.in_language(language()) if book else found.standard,
        lab=found.lab.name if found.lab else "",
        is_invented=found.batch.site.is_invented,
        font=settings.PDF_FONT,
    )
    return pdf_answer(data, f"protocol-{found.label_code}")


@conditional_page
@require_safe
def product_pdf(request: HttpRequest, code: str) -> HttpResponse:
    """The test summary of a published report, for everybody; ``?standard=`` as for `report_pdf`."""
    found = published_report(code)
    if found.state != "shown":
        raise Problem("published_no_more", product=found.code)
    every = frozen(found.verdicts, language())
    home = near_home(country_of(found.site_code), library().values())
    answers = _wanted(list(every), request.GET.getlist("standard"), language(), home)
    address = request.build_absolute_uri(reverse("product", args=[found.code]))

    def make() -> bytes:
        return summary_pdf(
            answers,
            language=language(),
            report=public_facts(found),
            public_url=address,
            kept=every,
            font=settings.PDF_FONT,
        )

    sums = f"{checksum(every)}:{checksum(as_dicts(answers, language()))}"
    data = _kept(f"{address}:{language()}:{sums}", make)
    return pdf_answer(data, f"summary-{found.code}", private=False)


def _kept(key: str, make: Callable[[], bytes]) -> bytes:
    """A public document from the cache, made where it is not there: whoever asks again and again costs nothing."""
    return bytes(cache.get_or_set(f"product-pdf:{key}", make, KEPT_SECONDS))
