"""A lab report: its lines as written, its verdicts with their dates, its PDF, and what may be done with it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.permissions import Actor, may
from standards.catalogue.countries import near_home
from standards.library import library, rule_sets
from standards.models import LabReport, Verdict
from standards.selectors import is_later, judge_report, judged_since, latest_verdicts, visible_report
from standards.selectors.names import may_name, unknown_names
from standards.selectors.public import stated_facts
from standards.services import (
    attach_report_pdf,
    confirm_lab_report,
    judge_again,
    publish_lab_report,
    unpublish_lab_report,
    withdraw_lab_report,
)
from standards.services.reports import may_attach, may_withdraw
from standards.views.names import answered
from standards.views.requests import REPORT_BADGES
from standards.views.shared import BADGES, WORDS, answer_context, language, overview, shown


@login_required
@require_http_methods(["GET", "POST"])
def lab_report_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A lab report: its lines as written, and its verdicts (frozen once confirmed, else as they would be)."""
    who = actor(request)
    report = visible_report(who, pk)
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            _do(request, who, report)
            return redirect("lab_report", pk=report.pk)
        except Problem as error:
            problem, status = error.as_json(language()), error.status
            report = visible_report(who, pk)
    site = report.sample.batch.site
    is_confirmed = report.state == LabReport.State.CONFIRMED
    context = {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "badge": REPORT_BADGES[report.state],
        "facts": stated_facts(report.sample.facts),
        "confirmed": is_confirmed,
        "withdrawn": report.state == LabReport.State.WITHDRAWN,
        "is_shown": is_confirmed and report.published_at is not None,
        "since": len(judged_since(report)) if is_confirmed and report.published_at else 0,
        "may_confirm": report.state == LabReport.State.RECEIVED
        and may(who, "confirm_lab_report", site=site)
        and report.created_by_id != getattr(who, "pk", None),
        "may_judge": is_confirmed and may(who, "confirm_lab_report", site=site),
        "may_publish": is_confirmed and may(who, "publish_lab_report", site=site),
        "may_withdraw": report.state != LabReport.State.WITHDRAWN and may_withdraw(who, report),
        "may_attach": report.state != LabReport.State.WITHDRAWN
        and not report.attachment_sha256
        and may_attach(who, report),
        "unknown_names": unknown_names(report) if report.state == LabReport.State.RECEIVED else [],
        "may_name": may_name(who, report),
        "said": answered(report),
        "sees_site": may(who, "view_site_private", site=site),
        "problem": problem,
        **_verdicts(report),
    }
    return render(request, "standards/lab_report.html", context, status=status)


def _do(request: HttpRequest, who: Actor, report: LabReport) -> None:
    """Do what a button of the page asks for."""
    match request.POST.get("do", "confirm"):
        case "withdraw":
            withdraw_lab_report(actor=who, report=report, reason=request.POST.get("reason", ""))
            messages.success(request, _("The report is withdrawn. It stays readable and counts nowhere."))
        case "attach":
            file = request.FILES.get("file")
            data, name = (file.read(), file.name or "") if file else (b"", "")
            attach_report_pdf(actor=who, report=report, data=data, file_name=name)
            messages.success(request, _("The PDF is attached."))
        case "publish":
            found = publish_lab_report(actor=who, report=report)
            messages.success(request, _("The report is public under the code %(code)s.") % {"code": found.public_code})
        case "unpublish":
            unpublish_lab_report(actor=who, report=report)
            messages.success(request, _("The report is not shown in public any more."))
        case "judge":
            number = len(judge_again(actor=who, report=report))
            words = ngettext("%(n)d new verdict is kept.", "%(n)d new verdicts are kept.", number)
            messages.info(request, words % {"n": number} if number else _("Nothing has changed since."))
        case _:
            confirm_lab_report(actor=who, report=report)
            messages.success(request, _("The report is confirmed; its verdicts are kept."))


def _names() -> dict[str, Any]:
    return {rules.code: rules.name for one in library().values() for rules in rule_sets(one, dt.date.max)}


def _verdicts(report: LabReport) -> dict[str, Any]:
    """``answers`` of the report's day, ``later`` ones by later editions, ``earlier`` ones that were replaced."""
    if report.state == LabReport.State.RECEIVED:
        answers = _telling_first(report, [answer_context(one) for one in judge_report(report)])
        return {**_by_distance(report, answers), "later": [], "earlier": [], "versions": []}
    newest = latest_verdicts(report)
    everything = sorted(report.verdicts.all(), key=lambda one: (one.created_at, one.pk))
    answers = _telling_first(report, _shown(one for one in newest if not is_later(report, one)))
    return {
        **_by_distance(report, answers),
        "later": _shown(one for one in newest if is_later(report, one)),
        "earlier": [
            {"kept": one, "badge": BADGES[one.verdict], "word": WORDS[one.verdict]}
            for one in everything
            if one not in newest
        ],
        "versions": sorted({one.checker_version for one in everything}),
    }


def _by_distance(report: LabReport, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """``answers``, spelt out by those standards that count where the site is; the others (``far``) folded below."""
    home = near_home(report.sample.batch.site.region.country, library().values())
    near = [one for one in answers if one["standard"] in home]
    far = [one for one in answers if one["standard"] not in home] if near else []
    return {"answers": answers, "overview": overview(near or answers), "far": far}


ORDER = ("pass", "fail", "cannot_tell", "incomplete")


def _telling_first(report: LabReport, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The standard that the test was asked by first, then what is decided, then what is open."""
    request = getattr(report.sample, "request", None)
    asked = request.standard.partition("/")[0] if request else ""
    return sorted(answers, key=lambda one: (one["standard"] != asked, ORDER.index(one["verdict"])))


def _shown(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    tongue = "zh-hans" if language().startswith("zh") else "en"
    names = _names()
    answers = []
    for verdict in verdicts:
        name = names[verdict.standard].in_language(tongue) if verdict.standard in names else ""
        answers.append({**shown(verdict.detail[tongue], verdict.standard, name), "kept": verdict})
    return answers


@login_required
@require_safe
def attachment_file(request: HttpRequest, pk: uuid.UUID) -> FileResponse:
    """The lab's signed PDF, for those who may read the report."""
    report = visible_report(actor(request), pk)
    if not report.attachment:
        raise Problem("not_found", what=Message("thing_attachment"))
    answer = FileResponse(report.attachment.open("rb"), as_attachment=True, filename=report.attachment_name)
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
