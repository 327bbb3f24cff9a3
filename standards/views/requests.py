"""Testing on request: the site's page, one request with its timeline, the desk's list, the lab's pages."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from batches.selectors.logbook import visible_site
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.models import Organisation, Site
from sites.permissions import may, require
from sites.selectors import today_at
from standards.facts import known_facts
from standards.library import library
from standards.models import TestRequest
from standards.selectors.public import stated_facts
from standards.selectors.requests import (
    Step,
    batches_to_test,
    lab_desk,
    protocol_of,
    sample_with_label,
    site_activity,
    standards_to_test_by,
    timeline,
    visible_test_request,
    visible_test_requests,
    waiting_first,
)
from standards.services import (
    ask_for_test,
    cancel_test_request,
    decide_test_request,
    hand_in_lab_sheet,
    mark_arrived,
    take_requested_sample,
)
from standards.services.samples import lab_for, labs_of
from standards.testing import rules_of_testing
from standards.views.reading import tell
from standards.views.shared import language

ROWS_A_PAGE = 30
BADGES = {
    "asked": "badge-warn",
    "refused": "badge-fail",
    "granted": "badge-info",
    "sampled": "badge-info",
    "arrived": "badge-info",
    "reported": "badge-warn",
    "done": "badge-pass",
    "cancelled": "badge-unknown",
}
REPORT_BADGES = {"received": "badge-warn", "confirmed": "badge-pass", "withdrawn": "badge-unknown"}
STEPS = {
    "asked": gettext_lazy("Asked for"),
    "granted": gettext_lazy("Granted"),
    "refused": gettext_lazy("Refused"),
    "sampled": gettext_lazy("Sample taken"),
    "arrived": gettext_lazy("Arrived at the lab"),
    "reported": gettext_lazy("Report handed in"),
    "confirmed": gettext_lazy("Report confirmed"),
    "cancelled": gettext_lazy("Called off"),
}


class FactsForm(forms.Form):
    """What is known of the product besides its analysis: one field for each fact of ``facts.yaml``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, fact in known_facts().items():
            label = fact.name.in_language(language())
            field: forms.Field
            if fact.choices:
                choices = [(one, text.in_language(language())) for one, text in fact.choices.items()]
                field = forms.ChoiceField(choices=[("", _("not stated")), *choices], required=False, label=label)
            else:
                widget = forms.TextInput(attrs={"inputmode": "decimal"})
                field = forms.CharField(required=False, label=label, max_length=20, widget=widget)
            self.fields[f"fact_{code}"] = field

    @property
    def fact_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith("fact_")]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith("fact_")]

    def taken(self) -> dict[str, Any]:
        """The cleaned values with the facts gathered."""
        plain = {name: value for name, value in self.cleaned_data.items() if not name.startswith("fact_")}
        facts = {
            name.removeprefix("fact_"): value for name, value in self.cleaned_data.items() if name.startswith("fact_")
        }
        return {**plain, "facts": facts}


class TakenForm(FactsForm):
    """What was taken: day, who, how many sub-samples, how much."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    taken_on = forms.DateField(label=gettext_lazy("Taken on"), widget=forms.DateInput(attrs={"type": "date"}))
    taken_by = forms.CharField(max_length=100, required=False, label=gettext_lazy("Taken by"))
    sub_samples = forms.IntegerField(min_value=1, max_value=1000, required=False, label=gettext_lazy("Sub-samples"))
    mass_kg = forms.DecimalField(
        min_value=0,
        max_digits=8,
        decimal_places=3,
        required=False,
        label=gettext_lazy("Mass of the sample (kg)"),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )


class AskForm(forms.Form):
    """A wish for a test."""

    id = forms.UUIDField(widget=forms.HiddenInput)
    batch = forms.ModelChoiceField(queryset=None, label=gettext_lazy("Batch"), empty_label=None)
    standard = forms.ChoiceField(label=gettext_lazy("By which standard"))
    note = forms.CharField(
        max_length=300, required=False, label=gettext_lazy("What should the team know? (not obligatory)")
    )

    def __init__(self, site: Site, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].queryset = batches_to_test(site)  # type: ignore[attr-defined]
        self.fields["standard"].choices = [  # type: ignore[attr-defined]
            (code, f"{library()[code].name.in_language(language())} · {code}") for code in standards_to_test_by(site)
        ]


class SheetForm(forms.Form):
    """A lab's sheet with any number of samples."""

    lab = forms.ModelChoiceField(queryset=None, label=gettext_lazy("Laboratory"), empty_label=None)
    file = forms.FileField(
        label=gettext_lazy("Lab sheet"),
        help_text=gettext_lazy("CSV or XLSX; the sample column holds the codes of the labels"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    sample = forms.CharField(
        max_length=60,
        required=False,
        label=gettext_lazy("Code on the label"),
        help_text=gettext_lazy("only where the sheet itself does not name its sample"),
    )
    pdf = forms.FileField(
        required=False, label=gettext_lazy("The signed report as PDF"), widget=forms.FileInput(attrs={"accept": ".pdf"})
    )
    number = forms.CharField(max_length=100, required=False, label=gettext_lazy("Report number"))
    reported_on = forms.DateField(
        required=False, label=gettext_lazy("Date of the report"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, labs: list[Organisation], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lab"].queryset = Organisation.objects.filter(pk__in=[lab.pk for lab in labs])  # type: ignore[attr-defined]
        if len(labs) == 1:
            self.fields["lab"].widget = forms.HiddenInput()
            self.fields["lab"].initial = labs[0].pk


def request_row(found: TestRequest) -> dict[str, Any]:
    """A request as lists show it."""
    return {
        "request_of": found,
        "badge": BADGES[found.state],
        "state": Message(f"test_state_{found.state}").render(language()),
        "standard": standard_name(found.standard),
    }


def standard_name(code: str) -> str:
    """A standard's name in the reader's language, its code where the library has it no more."""
    book = library().get(code.partition("/")[0])
    return book.name.in_language(language()) if book else code


def steps_shown(found: TestRequest) -> list[dict[str, Any]]:
    """A request's timeline for `_way.html`."""
    way = timeline(found)
    reached = [number for number, step in enumerate(way) if step.at is not None]
    return [
        {"step": step, "word": STEPS[step.code], "is_next": number == len(reached), "place": _place(step)}
        for number, step in enumerate(way)
    ]


def _place(step: Step) -> str:
    return " · ".join(str(part) for part in (step.organisation, step.who) if part)


@login_required
@require_http_methods(["GET", "POST"])
def test_requests_page(request: HttpRequest, code: str) -> HttpResponse:
    """A site's requests, and the form to ask for another; where it may not ask, the sentence that says why."""
    who = actor(request)
    site = visible_site(who, code)
    may_ask = may(who, "ask_for_test", site=site)
    form = AskForm(site, initial={"id": uuid.uuid4(), "batch": request.GET.get("batch")})
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        require(who, "ask_for_test", site=site)
        form = AskForm(site, request.POST)
        if form.is_valid():
            try:
                found = ask_for_test(actor=who, **form.cleaned_data)
                messages.success(request, _("The platform team has your request."))
                return redirect("test_request", pk=found.pk)
            except Problem as error:
                problem, status = error.as_json(language()), error.status
        else:
            status = 422
    rows = visible_test_requests(who).filter(batch__site=site)
    page = Paginator(waiting_first(rows), ROWS_A_PAGE).get_page(request.GET.get("page"))
    active = site_activity(site)
    context = {
        "site": site,
        "page": page,
        "rows": [request_row(one) for one in page.object_list],
        "activity": active,
        "why": active.why.render(language()),
        "rule": rules_of_testing().active_site.why.in_language(language()),
        "form": form,
        "may_ask": may_ask,
        "can_ask": may_ask and active.is_active and form.fields["batch"].queryset.exists(),  # type: ignore[attr-defined]
        "problem": problem,
    }
    return render(request, "standards/test_requests.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def test_request_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One request: where its sample is, and what is to be done next by whom."""
    who = actor(request)
    found = visible_test_request(who, pk)
    site = found.batch.site
    taken = TakenForm(initial={"id": uuid.uuid4(), "taken_on": today_at(site).isoformat()})
    problem: dict[str, Any] | None = None
    status = 200
    if request.method == "POST":
        if request.POST.get("do") not in STEPS_OF_DESK_AND_SITE:
            require(who, "take_sample", site=site)
            taken = TakenForm(request.POST)
        try:
            if _do(request, found, taken):
                return redirect("test_request", pk=found.pk)
            status = 422
        except Problem as error:
            if error.status in (401, 403, 404):
                raise
            problem, status = error.as_json(language()), error.status
            found = visible_test_request(who, pk)
    may_decide = may(who, "decide_test_request")
    open_still = found.state in (TestRequest.State.ASKED, TestRequest.State.GRANTED, TestRequest.State.SAMPLED)
    context = {
        **request_row(found),
        "site": site,
        "sees_site": may(who, "view_site_private", site=site),
        "steps": steps_shown(found),
        "protocol": protocol_of(found) if found.state == TestRequest.State.GRANTED else None,
        "facts": stated_facts(found.sample.facts) if found.sample else (),
        "may_decide": may_decide and found.state == TestRequest.State.ASKED,
        "labs": Organisation.objects.filter(kind=Organisation.Kind.LAB).order_by("code") if may_decide else (),
        "activity": site_activity(site).why.render(language()) if may_decide else "",
        "may_take": found.state == TestRequest.State.GRANTED and may(who, "take_sample", site=site),
        "may_cancel": open_still and (may_decide or may(who, "ask_for_test", site=site)),
        "taken": taken,
        "problem": problem,
    }
    return render(request, "standards/test_request.html", context, status=status)


STEPS_OF_DESK_AND_SITE = ("grant", "refuse", "cancel")


def _do(request: HttpRequest, found: TestRequest, taken: TakenForm) -> bool:
    """Do what a button of the page asks for; False where the form of the sample is not complete."""
    who, asked = actor(request), request.POST
    match asked.get("do"):
        case "grant":
            lab = Organisation.objects.filter(code=asked.get("lab", "")[:60].replace("\x00", "")).first()
            decide_test_request(actor=who, request=found, grant=True, lab=lab, note=asked.get("note", ""))
            messages.success(request, _("Granted. The site can print its label now."))
        case "refuse":
            decide_test_request(actor=who, request=found, grant=False, note=asked.get("note", ""))
            messages.success(request, _("Refused; the site reads your reason."))
        case "cancel":
            cancel_test_request(actor=who, request=found, reason=asked.get("reason", ""))
            messages.success(request, _("The test is called off."))
        case _:
            if not taken.is_valid():
                return False
            sample = take_requested_sample(actor=who, request=found, **taken.taken())
            messages.success(request, _("The sample %(code)s is registered.") % {"code": sample.code})
    return True


@login_required
@require_safe
def desk_test_requests_page(request: HttpRequest) -> HttpResponse:
    """All requests of the network; those that wait for a decision first."""
    who = actor(request)
    require(who, "view_network")
    page = Paginator(waiting_first(visible_test_requests(who)), ROWS_A_PAGE).get_page(request.GET.get("page"))
    rows = [request_row(one) for one in page.object_list]
    return render(request, "standards/desk_test_requests.html", {"page": page, "rows": rows})


@login_required
@require_http_methods(["GET", "POST"])
def sample_arrival_page(request: HttpRequest, code: str) -> HttpResponse:
    """What the QR code on a label opens: one big button by which the lab confirms that the sample is there."""
    who = actor(request)
    try:
        sample = sample_with_label(code)
        lab = lab_for(who, sample)
    except Problem as error:
        if error.code == "not_found":
            raise
        require(who, "receive_sample", organisation=next(iter(labs_of(who)), None))
        context = {"problem": error.as_json(language()), "code": code}
        return render(request, "standards/sample_arrival.html", context, status=error.status)
    require(who, "receive_sample", organisation=lab)
    if request.method == "POST":
        before = sample.arrived_at is not None
        mark_arrived(actor=who, sample=sample)
        if not before:
            messages.success(request, _("Thank you. The site sees now that its sample has arrived."))
        return redirect("sample_arrival", code=sample.code)
    context = {"sample": sample, "lab": lab, "code": sample.code, "request_of": getattr(sample, "request", None)}
    return render(request, "standards/sample_arrival.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def my_lab_page(request: HttpRequest) -> HttpResponse:
    """The lab's own page: samples on their way and here, the upload of a sheet, and what was handed in lately."""
    who = actor(request)
    labs = labs_of(who)
    require(who, "hand_in_lab_report", organisation=labs[0] if labs else None)
    # An administrator belongs to no lab and may hand in for every one.
    labs = labs or list(Organisation.objects.filter(kind=Organisation.Kind.LAB).order_by("code"))
    form = SheetForm(labs, initial={"sample": request.GET.get("sample", "")[:60]})
    problem: dict[str, Any] | None = None
    faults: list[dict[str, Any]] = []
    status = 200
    if request.method == "POST":
        form = SheetForm(labs, request.POST, request.FILES)
        if form.is_valid():
            data = form.cleaned_data
            content = data["file"].read()
            try:
                done = hand_in_lab_sheet(
                    actor=who,
                    lab=data["lab"],
                    data=content,
                    file_name=data["file"].name,
                    number=data["number"],
                    reported_on=data["reported_on"],
                    sample=sample_with_label(data["sample"]) if data["sample"] else None,
                    pdf=(data["pdf"].read(), data["pdf"].name) if data["pdf"] else None,
                )
            except Problem as error:
                problem, status = error.as_json(language()), error.status
            else:
                _tell(request, len(done.stored), len(done.already))
                tell(request, content, data["file"].name)
                for fault in done.faults:
                    if fault.field == "pdf":
                        messages.error(request, fault.message.render(language()))
                faults = [fault.as_json(language()) for fault in done.faults if fault.field != "pdf"]
                if not faults:
                    return redirect("my_lab")
        else:
            status = 422
    desk = lab_desk(labs)
    context = {
        "labs": labs,
        "desk": desk,
        "reported": [
            {
                "report": one,
                "state": Message(f"lab_report_{one.state}").render(language()),
                "badge": REPORT_BADGES[one.state],
            }
            for one in desk.reported
        ],
        "form": form,
        "problem": problem,
        "faults": faults,
    }
    return render(request, "standards/my_lab.html", context, status=status)


def _tell(request: HttpRequest, stored: int, already: int) -> None:
    if stored:
        words = ngettext("%(n)d report is handed in.", "%(n)d reports are handed in.", stored)
        messages.success(request, words % {"n": stored})
    if already:
        words = ngettext("%(n)d report was there already.", "%(n)d reports were there already.", already)
        messages.info(request, words % {"n": already})
