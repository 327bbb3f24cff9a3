"""Samples of a batch: register one, hand in a report for it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from batches.selectors.logbook import visible_batch
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.models import Organisation
from sites.permissions import may
from sites.selectors import today_at
from standards.models import LabReport, Sample
from standards.selectors import latest_verdicts, sample_for_report, visible_samples
from standards.selectors.public import stated_facts
from standards.services import attach_report_pdf, hand_in_lab_report, register_sample
from standards.views.reading import tell
from standards.views.requests import REPORT_BADGES, TakenForm
from standards.views.shared import BADGES, WORDS, language


class SampleForm(TakenForm):
    """A new sample of a batch."""

    field_order = ("id", "code")
    code = forms.CharField(max_length=60, label=gettext_lazy("Code on the label"))


class ReportForm(forms.Form):
    """A lab's sheet for one sample."""

    sample = forms.UUIDField(widget=forms.HiddenInput)
    file = forms.FileField(label=gettext_lazy("Lab sheet"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}))
    pdf = forms.FileField(
        required=False, label=gettext_lazy("The signed report as PDF"), widget=forms.FileInput(attrs={"accept": ".pdf"})
    )
    lab = forms.ModelChoiceField(
        queryset=Organisation.objects.filter(kind=Organisation.Kind.LAB).order_by("code"),
        required=False,
        label=gettext_lazy("Laboratory"),
        empty_label=gettext_lazy("not in the list"),
    )
    number = forms.CharField(max_length=100, required=False, label=gettext_lazy("Report number"))
    reported_on = forms.DateField(
        required=False, label=gettext_lazy("Date of the report"), widget=forms.DateInput(attrs={"type": "date"})
    )


def _hand_in(request: HttpRequest, data: dict[str, Any]) -> LabReport:
    who = actor(request)
    content = data["file"].read()
    report = hand_in_lab_report(
        actor=who,
        sample=sample_for_report(data["sample"]),
        data=content,
        file_name=data["file"].name,
        lab=data["lab"],
        number=data["number"],
        reported_on=data["reported_on"],
    )
    tell(request, content, data["file"].name)
    if data["pdf"]:
        try:
            attach_report_pdf(actor=who, report=report, data=data["pdf"].read(), file_name=data["pdf"].name)
        except Problem as problem:  # the results are kept all the same; the PDF can be sent again on its page
            messages.error(request, problem.message.render(language()))
    return report


@login_required
@require_http_methods(["GET", "POST"])
def samples_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The samples of a batch with their reports; register one, hand in a report."""
    who = actor(request)
    batch = visible_batch(who, pk)
    sample_form = SampleForm(initial={"id": uuid.uuid4(), "taken_on": today_at(batch.site).isoformat()})
    faulty: ReportForm | None = None
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        try:
            if "file" in request.FILES or "sample" in request.POST:
                faulty = ReportForm(request.POST, request.FILES)
                if faulty.is_valid():
                    return redirect("lab_report", pk=_hand_in(request, faulty.cleaned_data).pk)
            else:
                sample_form = SampleForm(request.POST)
                if sample_form.is_valid():
                    sample = register_sample(actor=who, batch=batch, **sample_form.taken())
                    messages.success(request, _("The sample %(code)s is registered.") % {"code": sample.code})
                    return redirect("samples", pk=batch.pk)
        except Problem as error:
            problem, status = error.as_json(language()), error.status
    samples = visible_samples(who).filter(batch=batch).order_by("-taken_on", "code")
    rows = [
        {
            "sample": sample,
            "facts": stated_facts(sample.facts),
            "request": getattr(sample, "request", None),
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
        "may_ask": may(who, "ask_for_test", site=batch.site),
        "may_report": may(who, "hand_in_lab_report", site=batch.site),
    }
    return render(request, "standards/samples.html", context, status=status)


def _report_form(sample: Sample) -> ReportForm:
    return ReportForm(initial={"sample": sample.pk}, auto_id=f"id_{sample.pk}_%s")


def _report_row(report: LabReport) -> dict[str, Any]:
    return {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "badge": REPORT_BADGES[report.state],
        "verdicts": [
            {"verdict": one, "badge": BADGES[one.verdict], "word": WORDS[one.verdict]}
            for one in latest_verdicts(report)
        ],
    }
