"""One sample against every standard as a matrix: a row an indicator, a column a class."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from compostnet.shared.problems import Problem
from sites.auth import actor, limit_writes
from sites.models import User
from standards.catalogue.countries import by_region, places
from standards.checking.explain import SampleVerdict
from standards.library import library
from standards.reading.readings import Line
from standards.reading.written import lines_as_csv
from standards.selectors import report_day, report_lines
from standards.selectors.compare import report_to_compare, reports_to_choose
from standards.units import unit_in
from standards.views.check import SheetForm, example
from standards.views.choosing import REGION, fact_fields, groups_for, judge, stated_facts
from standards.views.reading import told
from standards.views.shared import BADGES, MARKS, URGENCY, WORDS, language, shown


@require_http_methods(["GET", "POST"])
def compare_page(request: HttpRequest) -> HttpResponse:
    """A pasted or uploaded sheet (POST), or a report that one may see (``?report=``), against every standard."""
    who = actor(request)
    day = timezone.localdate()
    form = SheetForm(initial={"text": example(), "as_of": day.isoformat()})
    sent = request.POST if request.method == "POST" else request.GET
    wanted = [code for code in sent.getlist("region") if code in places().regions]
    context: dict[str, Any] = {"everything": sent.get("rows") == "all", "stated": {}}
    status = 200
    try:
        if request.method == "POST":
            form = SheetForm(request.POST, request.FILES)
            if form.is_valid():
                limit_writes(request, AnonymousUser())
                day = form.cleaned_data.get("as_of") or day
                file = form.read()
                lines, context["read"] = file.lines, told(file)
                context["stated"] = stated_facts(request.POST)
                context["sheet"] = lines_as_csv(lines)
                context |= _matrix(lines, day, wanted, context, request.POST.get("sample", ""))
                form = SheetForm(initial={"text": context["sheet"], "as_of": day.isoformat()})
        elif pk := _uuid(request.GET.get("report", "")):
            report = report_to_compare(who, pk)
            day = report_day(report)
            context["report"] = report
            context["stated"] = report.sample.facts
            context |= _matrix(report_lines(report), day, wanted, context, "")
    except Problem as problem:
        if request.method == "GET":
            raise
        context["problem"], status = problem.as_json(language()), problem.status
    context |= {
        "form": form,
        "day": day,
        "reports": reports_to_choose(who) if isinstance(who, User) else [],
        "regions": [
            {"code": code, "name": places().regions[code].name, "checked": not wanted or code in wanted}
            for code in by_region(library().values())
        ],
        "wanted": wanted,
        "facts": fact_fields(context["stated"]),
    }
    return render(request, "standards/compare.html", context, status=status)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _matrix(
    lines: Sequence[Line], day: Any, wanted: Sequence[str], context: dict[str, Any], sample: str
) -> dict[str, Any]:
    """The matrix of one sample; of a sheet with several the one asked for, else the first."""
    names = list(dict.fromkeys(line.sample for line in lines))
    sample = sample if sample in names else names[0] if names else ""
    groups, left_out = groups_for([f"{REGION}{code}" for code in wanted] or ["all"], day, every_class=True)
    answers = judge([line for line in lines if line.sample == sample], groups, context["stated"])
    rows = _rows(answers)
    reported = [row for row in rows if row["reported"]]
    return {
        "matrix": True,
        "sample": sample,
        "samples": names if len(names) > 1 else [],
        "columns": _columns(answers),
        "bands": _bands(answers),
        "rows": rows if context["everything"] else reported,
        "unreported": len(rows) - len(reported),
        "left_out": left_out,
        "unknown": shown(answers[0].as_json(language()), "", "")["unknown"] if answers else [],
    }


def _columns(answers: Sequence[SampleVerdict]) -> list[dict[str, Any]]:
    return [
        {
            "code": answer.rules.code,
            "standard": answer.rules.standard.code,
            "name": answer.rules.name,
            "verdict": answer.verdict,
            "badge": BADGES[answer.verdict],
            "mark": MARKS[answer.verdict],
            "word": WORDS[answer.verdict],
            "provisional": answer.provisional,
        }
        for answer in answers
    ]


def _bands(answers: Sequence[SampleVerdict]) -> list[dict[str, Any]]:
    """The regions above the columns, each with the number of its columns."""
    region = {one.code: code for code, ones in by_region(library().values()).items() for one in ones}
    bands: list[dict[str, Any]] = []
    for answer in answers:
        name = places().regions[region[answer.rules.standard.code]].name
        if bands and bands[-1]["name"] == name:
            bands[-1]["width"] += 1
        else:
            bands.append({"name": name, "width": 1})
    return bands


def _rows(answers: Sequence[SampleVerdict]) -> list[dict[str, Any]]:
    """A row an indicator that any standard limits: those of the report first, the most often failed at the top."""
    rows: dict[str, dict[str, Any]] = {}
    for place, answer in enumerate(answers):
        for one in answer.indicators:
            if one.code in ("reason_no_limit", "reason_name_unknown"):
                continue
            row = rows.setdefault(
                one.indicator,
                {"name": None, "reported": "", "cells": [[] for _ in answers], "indicator": one.indicator},
            )
            row["name"] = row["name"] or one.name
            row["reported"] = row["reported"] or one.reported
            row["cells"][place].append(_cell(one.as_json(language())))
    for row in rows.values():
        every = [cell for cells in row["cells"] for cell in cells]
        row["counts"] = [
            {"verdict": verdict, "word": WORDS[verdict], "mark": MARKS[verdict], "count": count}
            for verdict in URGENCY
            if (count := sum(cell["verdict"] == verdict for cell in every))
        ]
        row["cells"] = [
            {"limits": cells, "worst": min((URGENCY.index(c["verdict"]) for c in cells), default=None), "column": place}
            for place, cells in enumerate(row["cells"])
        ]
        row["listed"] = sorted(
            (
                {"code": answers[place].rules.code, "standard": answers[place].rules.standard.code, **cell}
                for place, found in enumerate(row["cells"])
                for cell in found["limits"]
            ),
            key=lambda cell: URGENCY.index(cell["verdict"]),
        )
        row["fails"] = sum(cell["verdict"] == "fail" for cell in every)
    return sorted(rows.values(), key=lambda row: (not row["reported"], -row["fails"]))


_BASES = {"dm": "dm", "ar": "ar", "om": "om"}


def _cell(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "limit": one["limit"],
        "unit": "" if one["unit"] == "-" else unit_in(one["unit"], language()),
        "basis": _BASES.get(one["basis"], ""),
        "verdict": one["verdict"],
        "mark": MARKS[one["verdict"]],
        "word": WORDS[one["verdict"]],
        "provisional": one["provisional"],
        "group": one["group"],
    }
