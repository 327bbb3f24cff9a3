"""Pages of the library: every standard, one standard with its editions and limits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from compostnet.shared.problems import Problem
from compostnet.shared.rules import Text
from compostnet.shared.texts import Message
from standards.explain import groups_of, limit_text
from standards.indicators import indicators
from standards.library import RuleSet, library, rule_sets
from standards.library_schema import Limit, leaves
from standards.views.shared import BASES, language


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
        "text": text.render(language()) if isinstance(text, Message) else text,
        "unit": "" if limit.unit == "-" or isinstance(text, Message) else limit.unit,
        "basis": BASES[limit.basis],
        "source": rules.edition.sources[limit.source],
        "changes": original.changes,
    }
