"""Check a lab report without an account; nothing is kept."""

from __future__ import annotations

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
from standards.explain import SampleVerdict, check_lines
from standards.lab_sheets import read_lab_sheet, read_pasted
from standards.library import library, rule_sets, selected
from standards.views.shared import answer_context, language

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
            (rules.code, f"{rules.code} · {rules.name.in_language(language())}")
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
            "text": EXAMPLES["zh" if language().startswith("zh") else "en"],
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
                context["answers"] = [answer_context(one) for one in _check(form.cleaned_data)]
            except Problem as problem:
                context["problem"], status = problem.as_json(language()), problem.status
    return render(request, "standards/check.html", context, status=status)


def _check(data: dict[str, Any]) -> list[SampleVerdict]:
    file = data.get("file")
    lines = read_lab_sheet(file.read(), file.name) if file else read_pasted(data["text"])
    day = data.get("as_of") or timezone.localdate()
    return check_lines(lines, selected(data["standard"], day))
