"""Samples of a batch, and a lab report with its verdicts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from batches.selectors.logbook import visible_batch
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.permissions import may
from standards.library import library, rule_sets
from standards.models import LabReport, Sample
from standards.selectors import judge_report, latest_verdicts, sample_for_report, visible_report, visible_samples
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample
from standards.views.shared import BADGES, WORDS, answer_context, language, shown


class SampleForm(forms.Form):
    """A new sample of a batch."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    code = forms.CharField(max_length=60, label=gettext_lazy("Code on the label"))
    taken_on = forms.DateField(label=gettext_lazy("Taken on"), widget=forms.DateInput(attrs={"type": "date"}))
    taken_by = forms.CharField(max_length=100, required=False, label=gettext_lazy("Taken by"))
    sub_samples = forms.IntegerField(min_value=1, max_value=1000, required=False, label=gettext_lazy("Sub-samples"))


class ReportForm(forms.Form):
    """A lab's sheet for one sample."""

    sample = forms.UUIDField(widget=forms.HiddenInput)
    file = forms.FileField(label=gettext_lazy("Lab sheet"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}))
    number = forms.CharField(max_length=100, required=False, label=gettext_lazy("Report number"))
    reported_on = forms.DateField(
        required=False, label=gettext_lazy("Date of the report"), widget=forms.DateInput(attrs={"type": "date"})
    )


@login_required
@require_http_methods(["GET", "POST"])
def samples_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The samples of a batch with their reports; register one, hand in a report."""
    who = actor(request)
    batch = visible_batch(who, pk)
    today = timezone.localdate().isoformat()
    sample_form = SampleForm(initial={"id": uuid.uuid4(), "taken_on": today})
    faulty: ReportForm | None = None
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            if "file" in request.FILES or "sample" in request.POST:
                faulty = ReportForm(request.POST, request.FILES)
                if faulty.is_valid():
                    data = faulty.cleaned_data
                    report = hand_in_lab_report(
                        actor=who,
                        sample=sample_for_report(data["sample"]),
                        data=data["file"].read(),
                        file_name=data["file"].name,
                        number=data["number"],
                        reported_on=data["reported_on"],
                    )
                    return redirect("lab_report", pk=report.pk)
            else:
                sample_form = SampleForm(request.POST)
                if sample_form.is_valid():
                    sample = register_sample(actor=who, batch=batch, **sample_form.cleaned_data)
                    messages.success(request, _("The sample %(code)s is registered.") % {"code": sample.code})
                    return redirect("samples", pk=batch.pk)
        except Problem as error:
            problem, status = error.as_json(language()), error.status
    samples = visible_samples(who).filter(batch=batch).order_by("-taken_on", "code")
    rows = [
        {
            "sample": sample,
            "reports": [_report_row(report) for report in sample.reports.all()],
            "form": _report_form(sample),
        }
        for sample in samples
    ]
    context = {
        "batch": batch,
        "rows": rows,
        "sample_form": sample_form,
        "faulty": faulty,
        "problem": problem,
        "may_sample": may(who, "take_sample", site=batch.site),
        "may_report": may(who, "hand_in_lab_report", site=batch.site),
    }
    return render(request, "standards/samples.html", context, status=status)


def _report_form(sample: Sample) -> ReportForm:
    return ReportForm(initial={"sample": sample.pk}, auto_id=f"id_{sample.pk}_%s")


def _report_row(report: LabReport) -> dict[str, Any]:
    return {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "verdicts": [
            {"verdict": one, "badge": BADGES[one.verdict], "word": WORDS[one.verdict]}
            for one in latest_verdicts(report)
        ],
    }


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
            confirm_lab_report(actor=who, report=report)
            messages.success(request, _("The report is confirmed; its verdicts are kept."))
            return redirect("lab_report", pk=report.pk)
        except Problem as error:
            problem, status = error.as_json(language()), error.status
    answers, versions = _report_answers(report)
    context = {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "answers": answers,
        "versions": versions,
        "frozen": report.state == LabReport.State.CONFIRMED,
        "may_confirm": report.state == LabReport.State.RECEIVED
        and may(who, "confirm_lab_report", site=report.sample.batch.site)
        and report.created_by_id != getattr(who, "pk", None),
        "problem": problem,
    }
    return render(request, "standards/lab_report.html", context, status=status)


def _report_answers(report: LabReport) -> tuple[list[dict[str, Any]], list[str]]:
    if report.state != LabReport.State.CONFIRMED:
        return [answer_context(one) for one in judge_report(report)], []
    tongue = "zh-hans" if language().startswith("zh") else "en"
    names = {rules.code: rules.name for one in library().values() for rules in rule_sets(one, dt.date.max)}
    answers = []
    for verdict in latest_verdicts(report):
        name = names[verdict.standard].in_language(tongue) if verdict.standard in names else ""
        answers.append(shown(verdict.detail[tongue], verdict.standard, name))
    return answers, sorted({verdict.checker_version for verdict in report.verdicts.all()})
