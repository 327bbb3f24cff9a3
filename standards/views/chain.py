"""Sample → lab report → verdict → label of one batch on one page, with its heat and what the site can do."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from batches.models import Batch
from batches.selectors.logbook import batch_masses, visible_batch
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.permissions import may
from sites.vocabulary import process_name
from standards.catalogue.countries import near_home
from standards.library import library, rule_sets
from standards.models import LabReport, TestRequest, Verdict
from standards.selectors import is_later, judge_report, latest_verdicts, visible_samples
from standards.selectors.documents import batch_shares, tongue
from standards.selectors.process import batch_diary, batch_process, process_rule_sets
from standards.selectors.public import stated_facts
from standards.selectors.requests import visible_test_requests
from standards.views.process_parts import process_context, process_row
from standards.views.requests import request_row, steps_shown
from standards.views.samples import REPORT_BADGES
from standards.views.shared import BADGES, MARKS, WORDS, language


@login_required
@require_safe
def chain_page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One batch from what went in to the label on the bag; each link says what is still missing."""
    who = actor(request)
    batch = visible_batch(who, pk)
    samples = list(
        visible_samples(who, details=True)
        .filter(batch=batch)
        .select_related(
            "batch__site__region", "request__lab", "request__asked_by", "request__decided_by", "arrived_lab"
        )
        .order_by("-taken_on", "code")
    )
    waiting = list(visible_test_requests(who).filter(batch=batch, sample=None))
    rows = [
        {
            "sample": sample,
            "facts": stated_facts(sample.facts),
            "steps": steps_shown(sample.request) if _request_of(sample) else [],
            "reports": [_report(report) for report in sample.reports.all()],
        }
        for sample in samples
    ]
    counting = [row["report"] for one in rows for row in one["reports"] if row["counts"]]
    newest = next(iter(counting), None)
    home = near_home(batch.site.region.country, library().values())
    verdict = _verdicts(newest, home) if newest else None
    context = {
        "batch": batch,
        "site": batch.site,
        "state": Message(f"batch_state_{batch.state}").render(language()),
        "method": process_name(batch.process or batch.site.process),
        "masses": batch_masses(batch),
        "shares": [{"name": one.name, "percent": _percent(one.part)} for one in batch_shares(batch)],
        "rows": rows,
        "waiting": [{**request_row(one), "steps": steps_shown(one)} for one in waiting],
        "newest": newest,
        "verdict": verdict,
        "public": [report for report in counting if report.public_code and report.published_at],
        "may_ask": may(who, "ask_for_test", site=batch.site) and not any(_is_open(one) for one in waiting),
        **_process(batch, home, verdict["json"] if verdict else []),
    }
    return render(request, "standards/chain.html", context)


def _percent(part: float) -> str:
    return "< 1" if part < 0.01 else str(round(part * 100))


def _request_of(sample: Any) -> TestRequest | None:
    return getattr(sample, "request", None)


def _is_open(found: TestRequest) -> bool:
    return found.state in (TestRequest.State.ASKED, TestRequest.State.GRANTED)


def _report(report: LabReport) -> dict[str, Any]:
    return {
        "report": report,
        "state": Message(f"lab_report_{report.state}").render(language()),
        "badge": REPORT_BADGES[report.state],
        "counts": report.state != LabReport.State.WITHDRAWN,
        "confirmed": report.state == LabReport.State.CONFIRMED,
    }


def _process(batch: Batch, home: set[str], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The heat of the batch by the process rules that count at home, and by those of the others apart."""
    today = timezone.localdate()
    sets = process_rule_sets(["all"], today)
    near = [rules for rules in sets if rules.standard.code in home]
    diary = batch_diary(batch)
    context = process_context(batch, near, language(), answers, diary)
    codes = {rules.standard.code for rules in near}
    far = [rules for rules in sets if rules.standard.code not in codes]
    others = [process_row(one.as_json(language())) for one in batch_process(batch, far, diary)]
    context["process"] = [row for row in context["process"] if row["verdict"] != "not_applicable"]
    context["process_elsewhere"] = [row for row in others if row["verdict"] != "not_applicable"]
    return context


def _verdicts(report: LabReport, home: set[str]) -> dict[str, Any]:
    """The verdicts of a report: frozen ones, those by later editions beside them; before that what they would be."""
    frozen, names = report.state == LabReport.State.CONFIRMED, _names()
    if frozen:
        kept = latest_verdicts(report)
        own = [_frozen(one, names) for one in kept if not is_later(report, one)]
        later = [_frozen(one, names) for one in kept if is_later(report, one)]
    else:
        own, later = [_row(one.as_json(language()), names) for one in judge_report(report)], []
    order = ("fail", "cannot_tell", "incomplete", "pass")
    near = sorted((row for row in own if row["standard"] in home), key=lambda row: order.index(row["verdict"]))
    return {
        "frozen": frozen,
        "near": near,
        "far": [row for row in own if row not in near],
        "later": later,
        "json": [row["json"] for row in near or own],
        "tally": [
            {"badge": BADGES[v], "mark": MARKS[v], "word": WORDS[v], "count": count}
            for v in ("pass", "fail", "cannot_tell", "incomplete")
            if (count := sum(row["verdict"] == v for row in own))
        ],
    }


def _frozen(verdict: Verdict, names: dict[str, str]) -> dict[str, Any]:
    return {**_row(verdict.detail[tongue(language())], names), "kept": verdict}


def _row(one: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    code = f"{one['standard']}/{one['class']}" if one["class"] else one["standard"]
    return {
        "code": code,
        "standard": one["standard"],
        "name": names.get(code, code),
        "edition": one["edition"],
        "as_of": one["as_of"],
        "verdict": one["verdict"],
        "badge": BADGES[one["verdict"]],
        "mark": MARKS[one["verdict"]],
        "word": WORDS[one["verdict"]],
        "provisional": one["provisional"],
        "json": one,
        "open": [row for row in one["indicators"] if row["verdict"] == "fail"],
    }


def _names() -> dict[str, str]:
    sets = (rules for one in library().values() for rules in rule_sets(one, dt.date.max))
    return {rules.code: rules.name.in_language(language()) for rules in sets}
