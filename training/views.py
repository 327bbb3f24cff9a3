"""The training page: the programme for everybody, one's own way to the certificate, evidence to review."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.models import Site
from sites.permissions import may
from training import selectors, services
from training.models import Cohort
from training.programmes import Edition, programmes


def _language() -> str:
    return get_language() or "zh-hans"


class EvidenceForm(forms.Form):
    """What an enrolled person hands in. ``id`` is made with the form, so that a double click stores one."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    requirement = forms.ChoiceField(label=gettext_lazy("For which requirement"))
    amount = forms.CharField(
        label=gettext_lazy("Amount"), max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    occurred_on = forms.DateField(
        label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    site = forms.ModelChoiceField(
        label=gettext_lazy("Site, for a visit"), queryset=Site.objects.order_by("code"), required=False, empty_label="—"
    )
    description = forms.CharField(
        label=gettext_lazy("What was done"), max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    file = forms.FileField(
        label=gettext_lazy("Photo or PDF"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )

    def __init__(self, *args: Any, edition: Edition, **kwargs: Any) -> None:
        kwargs["initial"] = {"id": uuid.uuid4(), "occurred_on": timezone.localdate(), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["requirement"].choices = [
            (one.code, f"{one.name.in_language(_language())} ({one.unit.in_language(_language())})")
            for one in edition.requirements
        ]


def _show_faults(form: forms.Form, problem: Problem) -> None:
    """Each fault of a problem at its field."""
    if not problem.errors:
        form.add_error(None, problem.message.render(_language()))
    for fault in problem.errors:
        form.add_error(fault.field if fault.field in form.fields else None, fault.message.render(_language()))


@require_safe
def training(request: HttpRequest) -> HttpResponse:
    """The programme, open courses; signed in: what is still missing; reviewers: what waits."""
    who = actor(request)
    today = timezone.localdate()
    rows = [(programme, programme.as_of(today)) for programme in programmes().values()]
    context: dict[str, Any] = {
        "programmes": [{"code": programme.code, "edition": edition} for programme, edition in rows if edition],
        "cohorts": selectors.open_cohorts(),
        "may_enrol": may(who, "hand_in_evidence"),
        "standings": [],
        "waiting": None,
    }
    if context["may_enrol"]:
        context["standings"] = selectors.standings_of(who)
        context["enrolled"] = {row.enrolment.cohort_id for row in context["standings"]}
    if may(who, "review_evidence"):
        context["waiting"] = [
            {"item": item, "requirement": selectors.edition_of(item.enrolment.cohort).requirement(item.requirement)}
            for item in selectors.evidence_to_review(who)[:100]
        ]
    return render(request, "training/training.html", context)


@login_required
@require_POST
def enrol(request: HttpRequest, code: str) -> HttpResponse:
    """Join a course."""
    services.enrol(actor=actor(request), cohort=get_object_or_404(Cohort, code=code))
    messages.success(request, _("You are enrolled."))
    return redirect("training")


@login_required
@require_http_methods(["GET", "POST"])
def hand_in(request: HttpRequest, enrolment_id: int) -> HttpResponse:
    """Hand in evidence for one of my enrolments."""
    who = actor(request)
    enrolment = selectors.own_enrolment(who, enrolment_id)
    edition = selectors.edition_of(enrolment.cohort)
    wish = request.GET.get("requirement", "")
    form = EvidenceForm(
        request.POST or None, request.FILES or None, edition=edition, initial={"requirement": wish} if wish else {}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.hand_in_evidence(actor=who, enrolment=enrolment, **form.cleaned_data)
        except Problem as problem:
            _show_faults(form, problem)
        else:
            messages.success(request, _("Handed in. It counts as soon as somebody has accepted it."))
            return redirect("training")
    return render(request, "training/hand_in.html", {"form": form, "enrolment": enrolment, "edition": edition})


@login_required
@require_POST
def review(request: HttpRequest, evidence_id: uuid.UUID) -> HttpResponse:
    """Accept evidence or send it back."""
    who = actor(request)
    evidence = selectors.evidence_seen_by(who, evidence_id)
    try:
        services.review_evidence(
            actor=who, evidence=evidence, accept="accept" in request.POST, note=request.POST.get("note", "")[:2000]
        )
    except Problem as problem:
        if not problem.errors:
            raise
        messages.error(request, problem.errors[0].message.render(_language()))
    else:
        messages.success(request, _("Reviewed."))
    return redirect("training")


@login_required
@require_safe
def evidence_file(request: HttpRequest, evidence_id: uuid.UUID) -> HttpResponse:
    """The file of a piece of evidence, for its owner and for reviewers, always as a download."""
    evidence = selectors.evidence_seen_by(actor(request), evidence_id)
    if not evidence.file:
        raise Problem("not_found", what=Message("thing_evidence"))
    return FileResponse(evidence.file.open("rb"), as_attachment=True, filename=evidence.file.name.rsplit("/", 1)[-1])
