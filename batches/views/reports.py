"""Reports as PDF: of the network and of a site, for a month or a year, out of the releases folder."""

from __future__ import annotations

from typing import Literal

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from batches.selectors.reports import ReportOf, report_of

KEPT_SECONDS = 600
"""How long a report that was drawn is kept ready for the next reader."""
SHORTLY = "public, max-age=300"


@require_safe
def network_report(request: HttpRequest, span: str, language: str) -> HttpResponse:
    """The report of the network for a month (``2024-05``) or a year (``2024``)."""
    return _answer(request, report_of(span, _language(language)))


@require_safe
def site_report(request: HttpRequest, code: str, span: str, language: str) -> HttpResponse:
    """The report of a site for a month or a year."""
    return _answer(request, report_of(span, _language(language), code))


def _language(text: str) -> Literal["zh", "en"]:
    if text == "zh":
        return "zh"
    if text == "en":
        return "en"
    raise Http404


def _answer(request: HttpRequest, report: ReportOf) -> HttpResponse:
    digest = report.etag
    etag = f'"{digest}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        key = f"report-{digest}"
        data = cache.get(key)
        if data is None:
            data = report.render()
            cache.set(key, data, KEPT_SECONDS)
        answer = HttpResponse(data, content_type="application/pdf")
        answer.headers["Content-Disposition"] = f'inline; filename="{report.name}.pdf"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = SHORTLY
    return answer


urlpatterns = [
    path("figures/<str:span>/report-<str:language>.pdf", network_report, name="network_report"),
    path("sites/<str:code>/report/<str:span>/<str:language>.pdf", site_report, name="site_report"),
]
