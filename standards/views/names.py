"""Names in a lab report that the catalogue does not know: what they mean is asked once."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.permissions import require
from standards.indicators import indicators
from standards.models import LabReport
from standards.selectors import visible_report
from standards.selectors.names import NOT_JUDGED, UnknownName, unknown_names
from standards.services import name_indicator
from standards.views.shared import language

MOST = 200
"""Names asked on one page; a report with more has another problem."""


@login_required
@require_http_methods(["GET", "POST"])
def names_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Every name of a report that is not known, with what it may mean; the answers are remembered for its lab."""
    who = actor(request)
    report = visible_report(who, pk)
    require(who, "name_indicator", site=report.sample.batch.site, organisation=report.lab)
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            said = _said(request, unknown_names(report))
            for name, code in said:
                name_indicator(actor=who, report=report, text=name, indicator=code)
            if said:
                words = ngettext("%(n)d name is remembered.", "%(n)d names are remembered.", len(said))
                messages.success(request, words % {"n": len(said)})
            left = unknown_names(visible_report(who, pk))
            return redirect("lab_report_names" if left else "lab_report", pk=pk)
        except Problem as error:
            problem, status = error.as_json(language()), error.status
            report = visible_report(who, pk)
    known = indicators().indicators
    context = {
        "report": report,
        "open": report.state == LabReport.State.RECEIVED,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "names": [_shown(number, one) for number, one in enumerate(unknown_names(report)[:MOST])],
        "choices": sorted(((code, _name(code)) for code in known), key=lambda one: one[1].casefold()),
        "answered": answered(report),
        "not_judged": NOT_JUDGED,
        "problem": problem,
    }
    return render(request, "standards/names.html", context, status=status)


def _name(code: str) -> str:
    return indicators().indicators[code].name.in_language(language())


def _shown(number: int, name: UnknownName) -> dict[str, Any]:
    return {
        "number": number,
        "text": name.text,
        "reported": name.reported[:5],
        "near": [(code, _name(code)) for code in name.near],
    }


def _said(request: HttpRequest, names: list[UnknownName]) -> list[tuple[str, str]]:
    """The answers of the form, by the name that stands in it: a second window may have answered meanwhile."""
    asked = {name.text for name in names}
    said = []
    for number in range(MOST):
        text, code = request.POST.get(f"text-{number}", ""), request.POST.get(f"means-{number}", "")
        if text in asked and code:
            said.append((text, "" if code == NOT_JUDGED else code))
    return said


def answered(report: LabReport) -> list[dict[str, str]]:
    """The names of a report whose meaning somebody said, and what it is (empty: nothing that is judged)."""
    said = {one.indicator_text: one.indicator for one in report.results.all() if one.indicator}
    known = indicators().indicators
    return [{"text": text, "means": _name(code) if code in known else ""} for text, code in said.items()]
