"""Public pages of figures: they read the releases folder and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.method import methods
from batches.views import desk, explain
from batches.views import figure_parts as parts
from batches.views.benefit_parts import benefits
from batches.views.tables import language
from compostnet.shared import releases
from compostnet.shared.problems import Problem
from compostnet.shared.releases import Published


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The figures of the newest month."""
    return _page(request, releases.latest(settings.RELEASES_DIR))


@require_safe
def figures_month(request: HttpRequest, month: str) -> HttpResponse:
    """The figures of one month, in its newest revision."""
    found = releases.latest_of_month(settings.RELEASES_DIR, month)
    if found is None:
        raise Problem("month_not_published", month=month, published=_published_months() or ["—"])
    return _page(request, found)


def _published_months() -> list[str]:
    return sorted({entry["month"] for entry in releases.index(settings.RELEASES_DIR)})


def _page(request: HttpRequest, found: Published | None) -> HttpResponse:
    if found is None:
        return render(request, "batches/figures/nothing.html")
    document = found.figures
    months = _published_months()
    at = months.index(found.month)
    spans = parts.spans(document["network"], found.month)
    explained = reverse("explain", args=[found.number])
    drawings, by_month = parts.by_month(document, explained, months)
    groups = parts.groups(document, found.number)
    return render(
        request,
        "batches/figures/figures.html",
        {
            "release": document["release"],
            "published": found,
            "spans": spans,
            "month": spans[0],
            "explained": explained,
            "span_table": parts.span_table(spans, explained),
            "two_ways": parts.two_ways(spans, explained),
            "scenarios": parts.scenario_table(spans, explained),
            "drawings": drawings,
            "by_month": by_month,
            "groups": groups,
            "has_classes": any(group.is_class for group in groups),
            "last_year": parts.against_last_year(document, explained),
            "benefits": benefits(document, parts.span_labels(found.month)),
            "sensitivity": parts.sensitivity(document, explained),
            "cross_checks": parts.cross_checks(document),
            "changes": parts.changes(document, found.number),
            "earlier": months[at - 1] if at else None,
            "later": months[at + 1] if at + 1 < len(months) else None,
            "reports": _reports(found.month),
            "method": methods().get(document["release"]["method"]),
        },
    )


def _reports(month: str) -> list[tuple[str, str]]:
    """Title and address of the report of the month in the reader's language, where reports are served."""
    code = "zh" if language().startswith("zh") else "en"
    found = []
    for period, title in ((month, _("Report of the month (PDF)")), (month[:4], _("Report of the year (PDF)"))):
        try:
            found.append((title, reverse("network_report", args=[period, code])))
        except NoReverseMatch:
            continue
    return found


urlpatterns = [
    path("figures/", figures, name="figures"),
    path("figures/<str:month>/", figures_month, name="figures_month"),
    *explain.urlpatterns,
    *desk.urlpatterns,
]
