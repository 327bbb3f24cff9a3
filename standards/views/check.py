"""Check a lab report without an account; nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from compostnet.shared.problems import Problem
from sites.auth import limit_writes
from standards.checking.explain import SampleVerdict
from standards.reading.lab_sheets import LabFile, read_lab_file, read_pasted_file
from standards.reading.readings import Line
from standards.reading.written import lines_as_csv, verdicts_as_csv
from standards.views.choosing import (
    DECISIONS,
    Groups,
    default_choice,
    fact_fields,
    groups_for,
    judge,
    region_choices,
    stated_facts,
)
from standards.views.reading import told
from standards.views.shared import answer_context, language, overview

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
MOST_ANSWERS = 2000
"""Samples × standards of one page, far above any report; the command line has no such limit."""
FORMATS = {"json": "application/json", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}


def example() -> str:
    """A small sheet in the reader's language."""
    return EXAMPLES["zh" if language().startswith("zh") else "en"]


class SheetForm(forms.Form):
    """A lab sheet, as a file or as pasted text, and the day whose editions count."""

    file = forms.FileField(
        required=False,
        label=gettext_lazy("Lab sheet"),
        help_text=gettext_lazy("CSV or XLSX, Chinese or English"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label=gettext_lazy("or paste the table here"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        max_length=400_000,
    )
    as_of = forms.DateField(
        required=False, label=gettext_lazy("Editions in force on"), widget=forms.DateInput(attrs={"type": "date"})
    )
    decision = forms.ChoiceField(
        required=False,
        label=gettext_lazy("How to decide near a limit"),
        choices=[
            ("simple", gettext_lazy("simple: the reported value is compared as it stands")),
            ("guarded", gettext_lazy("guarded: passes and fails only beyond the measurement uncertainty")),
        ],
        help_text=gettext_lazy("makes a difference only where the report states an uncertainty"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(_("Choose a file or paste a table."))
        return cleaned

    def read(self) -> LabFile:
        """What the file holds, or the text where there is no file; the problems of `read_lab_file`."""
        file = self.cleaned_data.get("file")
        return read_lab_file(file.read(), file.name) if file else read_pasted_file(self.cleaned_data["text"])


@require_http_methods(["GET", "POST"])
def check_page(request: HttpRequest) -> HttpResponse:
    """Check a lab sheet without account; nothing is kept. The answer as page, PDF, CSV or JSON."""
    day = timezone.localdate()
    chosen = request.POST.getlist("standard") or request.GET.getlist("standard") or default_choice()
    form = SheetForm(initial={"text": example(), "as_of": day.isoformat(), "decision": "simple"})
    context: dict[str, Any] = {}
    stated: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        form = SheetForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                limit_writes(request, AnonymousUser())
                stated = stated_facts(request.POST)
                day = form.cleaned_data.get("as_of") or day
                file = form.read()
                lines, context["read"] = file.lines, told(file)
                decision = form.cleaned_data.get("decision") or DECISIONS[0]
                groups, context["left_out"] = groups_for(chosen, day)
                _refuse_too_many(lines, groups)
                answers = judge(lines, groups, stated, decision)
                if request.POST.get("format") in FORMATS:
                    return download(answers, request.POST["format"])
                context |= _answers(answers, groups)
                context["sheet"] = lines_as_csv(lines)
                form = SheetForm(initial={"text": context["sheet"], "as_of": day.isoformat(), "decision": decision})
                context["decision"] = decision
                context["day"] = day
            except Problem as problem:
                context["problem"], status = problem.as_json(language()), problem.status
    context |= {
        "form": form,
        "chosen": chosen,
        "regions": region_choices(chosen),
        "everything": "all" in chosen,
        "facts": fact_fields(stated or {key[5:]: value for key, value in request.POST.items() if key[:5] == "fact_"}),
        "stated": stated,
    }
    return render(request, "standards/check.html", context, status=status)


def _refuse_too_many(lines: Sequence[Line], groups: Groups) -> None:
    samples = len({line.sample for line in lines})
    standards = sum(1 if best else len(sets) for best, sets in groups)
    if samples * standards > MOST_ANSWERS:
        raise Problem("check_too_many_answers", samples=samples, standards=standards, limit=MOST_ANSWERS)


def _answers(answers: Sequence[SampleVerdict], groups: Sequence[tuple[bool, Sequence[Any]]]) -> dict[str, Any]:
    best = {rules.code for best_only, sets in groups if best_only for rules in sets}
    rows = [{**answer_context(one), "best": one.rules.code in best} for one in answers]
    return {"answers": rows, "overview": overview(rows)}


def download(answers: Sequence[SampleVerdict], shape: str) -> HttpResponse:
    """Verdicts as a file."""
    content: str | bytes
    if shape == "pdf":
        from standards.pdf import summary_pdf  # ReportLab is loaded only where somebody asks for a PDF

        content = summary_pdf(list(answers), language=language())
    else:
        rows = [one.as_json(language()) for one in answers]
        content = (
            json.dumps(rows, ensure_ascii=False, indent=2) if shape == "json" else "\ufeff" + verdicts_as_csv(rows)
        )
    answer = HttpResponse(content, content_type=FORMATS[shape])
    answer["Content-Disposition"] = f'attachment; filename="verdicts.{shape}"'
    return answer
