"""Pages of the room: the library, the check without account, samples of a batch, a lab report with its verdicts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from batches.selectors.logbook import visible_batch
from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from sites.auth import actor, limit_writes
from sites.permissions import may
from standards.explain import SampleVerdict, check_lines, groups_of, limit_text
from standards.indicators import indicators
from standards.lab_sheets import read_lab_sheet, read_pasted
from standards.library import RuleSet, library, rule_sets, selected
from standards.library_schema import Limit, leaves
from standards.models import LabReport, Sample
from standards.selectors import judge_report, latest_verdicts, sample_for_report, visible_report, visible_samples
from standards.services import confirm_lab_report, hand_in_lab_report, register_sample

BADGES = {
    "pass": "badge-pass",
    "fail": "badge-fail",
    "cannot_tell": "badge-unknown",
    "incomplete": "badge-warn",
    "not_tested": "badge-warn",
    "not_applicable": "badge-info",
    "declared": "badge-info",
}
WORDS = {
    "pass": gettext_lazy("pass"),
    "fail": gettext_lazy("fail"),
    "cannot_tell": gettext_lazy("cannot tell"),
    "incomplete": gettext_lazy("incomplete"),
    "not_tested": gettext_lazy("not tested"),
    "not_applicable": gettext_lazy("not applicable"),
    "declared": gettext_lazy("declared"),
}
BASES = {
    "dm": gettext_lazy("dry matter"),
    "ar": gettext_lazy("as received"),
    "om": gettext_lazy("organic matter"),
    "unverified": gettext_lazy("basis to be checked"),
    "none": "",
    "": "",
}
EXAMPLES = {
    "en": """sample,indicator,value,unit,basis
A-1,organic matter,38.2,%,dm
A-1,N,1.9,%,dm
A-1,P2O5,1.1,%,dm
A-1,K2O,1.4,%,dm
A-1,moisture,27.5,%,
A-1,pH,7.6,,
A-1,Cd,<0.1,mg/kg,dm
A-1,Pb,67,mg/kg,dm
A-1,faecal coliforms,<3,MPN/g,ar
""",
    "zh": """样品,指标,结果,单位,基准
A-1,有机质,38.2,%,干基
A-1,总氮,1.9,%,干基
A-1,P2O5,1.1,%,干基
A-1,K2O,1.4,%,干基
A-1,水分,27.5,%,
A-1,pH,7.6,,
A-1,总镉,＜0.1,mg/kg,干基
A-1,总铅,67,mg/kg,干基
A-1,粪大肠菌群数,<3,MPN/g,鲜样
""",
}


def _language() -> str:
    return get_language() or "zh-hans"


@require_GET
def standards_page(request: HttpRequest) -> HttpResponse:
    """The library: every standard with its classes and editions."""
    today = timezone.localdate()
    rows = []
    for standard in library().values():
        sets = rule_sets(standard, today)
        grades = sorted({limit.grade for rules in sets for limit in rules.limits})
        rows.append(
            {
                "standard": standard,
                "sets": sets,
                "grades": grades,
                "edition": sets[0].edition if sets else None,
                "provisional": any(limit.grade == "C" for rules in sets for limit in rules.limits),
            }
        )
    return render(request, "standards/list.html", {"rows": rows})


@require_GET
def standard_page(request: HttpRequest, code: str) -> HttpResponse:
    """One standard: every limit of every edition with clause, source and grade."""
    standard = library().get(code.upper())
    if standard is None:
        raise Problem("not_found", what=Message("thing_standard"))
    today = timezone.localdate()
    editions = []
    for edition in sorted(standard.editions, key=lambda one: one.valid_from, reverse=True):
        in_force = edition.valid_from <= today and (edition.valid_to is None or today <= edition.valid_to)
        day = today if in_force else edition.valid_to or edition.valid_from
        editions.append(
            {
                "edition": edition,
                "in_force": in_force,
                "sets": [{"rules": rules, "rows": _limit_rows(rules)} for rules in rule_sets(standard, day)],
                "sources": edition.sources.values(),
            }
        )
    return render(request, "standards/standard.html", {"standard": standard, "editions": editions})


def _limit_rows(rules: RuleSet) -> list[dict[str, Any]]:
    groups = dict(groups_of(rules.nodes, None, True))
    return [_limit_row(rules, groups[limit.id][0], limit) for limit in rules.limits]


def _limit_row(rules: RuleSet, group: Text | None, limit: Limit) -> dict[str, Any]:
    text = limit_text(limit)
    original = next((one for n in rules.edition.limits for one in leaves(n) if one.id == limit.id), limit)
    return {
        "limit": limit,
        "name": limit.name or indicators().indicators[limit.indicator].name,
        "group": group,
        "text": text.render(_language()) if isinstance(text, Message) else text,
        "unit": "" if limit.unit == "-" or isinstance(text, Message) else limit.unit,
        "basis": BASES[limit.basis],
        "source": rules.edition.sources[limit.source],
        "changes": original.changes,
    }


class CheckForm(forms.Form):
    """A sheet (file or pasted text) and the standards to hold it against."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("Lab sheet"),
        help_text=gettext_lazy("CSV or XLSX with the columns sample, indicator, value, unit, basis"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("or paste the table here"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        max_length=200_000,
    )
    standard = forms.MultipleChoiceField(
        label=gettext_lazy("Standards"), widget=forms.CheckboxSelectMultiple, error_messages={}
    )
    as_of = forms.DateField(
        required=False, label=gettext_lazy("Editions in force on"), widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (rules.code, f"{rules.code} · {rules.name.in_language(_language())}")
            for standard in library().values()
            for rules in rule_sets(standard, timezone.localdate())
        ]
        self.fields["standard"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(_("Choose a file or paste a table."))
        return cleaned


@require_http_methods(["GET", "POST"])
def check_page(request: HttpRequest) -> HttpResponse:
    """Check a lab sheet without account; nothing is kept."""
    form = CheckForm(
        initial={
            "text": EXAMPLES["zh" if _language().startswith("zh") else "en"],
            "standard": ["CN-NYT525"],
            "as_of": timezone.localdate().isoformat(),
        }
    )
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        form = context["form"] = CheckForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                limit_writes(request, AnonymousUser())
                context["answers"] = [_answer(one) for one in _check(form.cleaned_data)]
            except Problem as problem:
                context["problem"], status = problem.as_json(_language()), problem.status
    return render(request, "standards/check.html", context, status=status)


def _check(data: dict[str, Any]) -> list[SampleVerdict]:
    file = data.get("file")
    lines = read_lab_sheet(file.read(), file.name) if file else read_pasted(data["text"])
    day = data.get("as_of") or timezone.localdate()
    return check_lines(lines, selected(data["standard"], day))


def _answer(answer: SampleVerdict) -> dict[str, Any]:
    """A verdict for the template: words, badges, and the lines that no limit uses apart from the others."""
    return _shown(answer.as_json(_language()), answer.rules.code, answer.rules.name.in_language(_language()))


def _shown(one: dict[str, Any], code: str, name: str) -> dict[str, Any]:
    rows = [
        {
            **item,
            "badge": BADGES[item["verdict"]],
            "word": WORDS[item["verdict"]],
            "basis_name": BASES.get(item["basis"], ""),
            "unit": "" if item["unit"] == "-" else item["unit"],
            "flagged": item["reason"] != Message("reason_no_limit").render(_language()),
        }
        for item in one["indicators"]
    ]
    return {
        **one,
        "code": code,
        "name": name,
        "badge": BADGES[one["verdict"]],
        "word": WORDS[one["verdict"]],
        "judged": [row for row in rows if row["code"] not in ("reason_no_limit", "reason_name_unknown")],
        "unknown": [row for row in rows if row["code"] == "reason_name_unknown"],
        "others": [row for row in rows if row["code"] == "reason_no_limit"],
    }


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
            problem, status = error.as_json(_language()), error.status
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
        "state": Message(f"lab_report_{report.state}").render(_language()),
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
            problem, status = error.as_json(_language()), error.status
    answers, versions = _report_answers(report)
    context = {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(_language()),
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
        return [_answer(one) for one in judge_report(report)], []
    language = "zh-hans" if _language().startswith("zh") else "en"
    names = {rules.code: rules.name for one in library().values() for rules in rule_sets(one, dt.date.max)}
    answers = []
    for verdict in latest_verdicts(report):
        name = names[verdict.standard].in_language(language) if verdict.standard in names else ""
        answers.append(_shown(verdict.detail[language], verdict.standard, name))
    return answers, sorted({verdict.checker_version for verdict in report.verdicts.all()})
