"""Pages of the library: every standard, one standard with its classes side by side, its editions, its file."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from standards.catalogue.countries import by_region, country_name, places, region_of
from standards.catalogue.describe import (
    condition_words,
    conversion_words,
    frequency_rows,
    heat_words,
    limit_words,
    plan_words,
    sampling_words,
    statistic_words,
    system_words,
    unit_words,
)
from standards.catalogue.editions import Change, diff_editions, edition_rules, find_edition
from standards.catalogue.side_by_side import Heading, Row, side_by_side
from standards.indicators import simplify
from standards.library import FOLDER, RuleSet, library, rule_sets
from standards.library_schema import Edition, Limit, Standard
from standards.units import unit_in
from standards.views.shared import BASES, language

GRADES = ("A", "B", "B-", "C")
TEXT_CHOICES = ("at_hand", "missing")
QUIET = ("clause", "grade")
"""Differences that say nothing of what a product must meet."""
KIND_BADGES = {"added": "badge-pass", "removed": "badge-fail", "changed": "badge-warn", "later": "badge-info"}
KIND_WORDS = {
    "added": gettext_lazy("new"),
    "removed": gettext_lazy("dropped"),
    "changed": gettext_lazy("changed"),
    "later": gettext_lazy("changes later"),
}
FIELDS = {
    "indicator": gettext_lazy("indicator"),
    "limit": "",
    "unit": gettext_lazy("unit"),
    "basis": gettext_lazy("basis"),
    "sum": gettext_lazy("sum of"),
    "plan": gettext_lazy("sampling plan"),
    "statistic": gettext_lazy("what is compared"),
    "group": gettext_lazy("choice"),
    "when": gettext_lazy("condition"),
    "obligatory": gettext_lazy("obligatory"),
    "delegated_from": gettext_lazy("limit of"),
    "method": gettext_lazy("test method"),
    "rounding": gettext_lazy("rounding"),
    "conversion": gettext_lazy("factor"),
}


def in_force(edition: Edition, day: dt.date) -> bool:
    """Whether an edition is the one that counts on a day."""
    return edition.valid_from <= day and (edition.valid_to is None or day <= edition.valid_to)


# --- the list -------------------------------------------------------------------------------------------------------


@require_GET
def standards_page(request: HttpRequest) -> HttpResponse:
    """The library by region: every standard with its classes, its edition in force and how well it is attested."""
    today = timezone.localdate()
    words, place, text = (request.GET.get(name, "").strip() for name in ("q", "country", "text"))
    rows = [_card(standard, today) for standard in library().values() if _wanted(standard, words, place, text)]
    found = {row["standard"].code: row for row in rows}
    context = {
        "regions": [
            {"code": code, "name": places().regions[code].name, "rows": [found[one.code] for one in standards]}
            for code, standards in by_region(row["standard"] for row in rows).items()
        ],
        "countries": _country_choices(),
        "filters": {"q": words, "country": place, "text": text if text in TEXT_CHOICES else ""},
        "filtered": bool(words or place or text),
        "found": len(rows),
        "all": len(library()),
        "at_hand": sum(bool(one.editions) for one in library().values()),
        "classes": sum(max(1, len(one.classes)) for one in library().values()),
    }
    return render(request, "standards/list.html", context)


def _wanted(standard: Standard, words: str, place: str, text: str) -> bool:
    if place and place not in (standard.country, region_of(standard.country)):
        return False
    if text in TEXT_CHOICES and bool(standard.editions) != (text == "at_hand"):
        return False
    return all(simplify(word) in _haystack(standard) for word in words.split())


def _haystack(standard: Standard) -> str:
    texts = [standard.name, standard.issuer, standard.scope, country_name(standard.country)]
    texts += [one.name for one in standard.classes] + [edition.title for edition in standard.editions]
    return simplify(" ".join([standard.code, *(part for text in texts for part in (text.zh, text.en))]))


def _country_choices() -> list[dict[str, Any]]:
    """Regions with the countries that the library has standards of."""
    return [
        {
            "code": code,
            "name": places().regions[code].name,
            "countries": [(one, country_name(one)) for one in dict.fromkeys(s.country for s in standards)],
        }
        for code, standards in by_region(library().values()).items()
    ]


def _card(standard: Standard, today: dt.date) -> dict[str, Any]:
    sets = rule_sets(standard, today)
    grades = {limit.grade for rules in sets for limit in rules.limits}
    grades |= {rule.grade for rules in sets for rule in rules.process}
    edition = sets[0].edition if sets else None
    last = max(standard.editions, key=lambda one: one.valid_from) if standard.editions else None
    return {
        "standard": standard,
        "country": country_name(standard.country),
        "edition": edition,
        "last": last,
        "coming": edition is None and last is not None and last.valid_from > today,
        "grades": [grade for grade in GRADES if grade in grades],
        "provisional": any(rules.provisional for rules in sets),
        "limits": len({limit.id for rules in sets for limit in rules.limits}),
        "process": len({rule.id for rules in sets for rule in rules.process}),
    }


# --- one standard ---------------------------------------------------------------------------------------------------


@require_GET
def standard_page(request: HttpRequest, code: str) -> HttpResponse:
    """One standard: each edition with its classes side by side, process rules, sampling, factors and sources."""
    standard = _standard(code)
    today = timezone.localdate()
    editions = sorted(standard.editions, key=lambda one: one.valid_from, reverse=True)
    shown = [_edition(standard, edition, today) for edition in editions]
    context = {
        "standard": standard,
        "country": country_name(standard.country),
        "region": region_of(standard.country),
        "editions": sorted(shown, key=lambda one: not one["in_force"]),
        "several": len(editions) > 1,
        "comparison": _comparison(standard, request.GET.get("from", ""), request.GET.get("to", "")),
        "ranked": any(one.rank is not None for one in standard.classes),
        "referring": _referring(standard.code),
    }
    return render(request, "standards/standard.html", context)


def _comparison(standard: Standard, old_name: str, new_name: str) -> dict[str, Any] | None:
    """What changed between two editions, class by class; of the two newest where nobody asks for others."""
    if len(standard.editions) < 2:
        return None
    ordered = sorted(standard.editions, key=lambda one: one.valid_from)
    old = find_edition(standard, old_name) if old_name else ordered[-2]
    new = find_edition(standard, new_name) if new_name else ordered[-1]
    olds = {one.code: one for one in edition_rules(standard, old, last_day=True)}
    news = {one.code: one for one in edition_rules(standard, new)}
    classes = []
    for code in dict.fromkeys((*news, *olds)):
        if code in olds and code in news:
            rows = [_change(one) for one in diff_editions(olds[code], news[code]) if one.field not in QUIET]
            classes.append({"code": code, "rows": rows})
    return {
        "from": old.edition,
        "to": new.edition,
        "editions": ordered,
        "classes": classes,
        "asked": bool(old_name or new_name),
    }


def _change(one: Change) -> dict[str, Any]:
    row = one.as_json(language())
    return {
        **row,
        "what": FIELDS.get(one.field, one.field),
        "badge": KIND_BADGES[one.kind],
        "word": KIND_WORDS[one.kind],
    }


@require_GET
def standard_file(request: HttpRequest, code: str) -> FileResponse:
    """The standard's YAML file as it stands in the library."""
    standard = _standard(code)
    file = (FOLDER / f"{standard.code}.yaml").open("rb")
    return FileResponse(file, content_type="text/yaml; charset=utf-8", filename=f"{standard.code}.yaml")


def _standard(code: str) -> Standard:
    standard = library().get(code.upper())
    if standard is None:
        raise Problem("not_found", what=Message("thing_standard"))
    return standard


def _referring(code: str) -> list[Standard]:
    """The standards that leave a limit to this one."""
    return [
        other
        for other in library().values()
        if other.code != code
        and any(
            limit.delegated_from.split(" ")[0] == code
            for rules in rule_sets(other, timezone.localdate())
            for limit in rules.limits
        )
    ]


def _edition(standard: Standard, edition: Edition, today: dt.date) -> dict[str, Any]:
    now = in_force(edition, today)
    day = today if now else edition.valid_to or edition.valid_from
    sets = rule_sets(standard, day)
    lines = [_line(one, sets, edition) for one in side_by_side(sets)]
    grades = {limit.grade for rules in sets for limit in rules.limits}
    return {
        "edition": edition,
        "in_force": now,
        "coming": edition.valid_from > today,
        "columns": sets,
        "classes": len(sets) > 1,
        "lines": lines,
        "grades": [grade for grade in GRADES if grade in grades],
        "provisional": any(rules.provisional for rules in sets),
        "conversions": [
            {"words": conversion_words(one), "row": one, "source": edition.sources.get(one.source)}
            for one in edition.conversions
        ],
        "process": [
            {
                "rule": rule,
                "when": [condition_words(one) for one in rule.when],
                "options": [
                    {"option": option, "systems": system_words(option), "words": heat_words(option)}
                    for option in rule.any_of
                ],
            }
            for rule in {rule.id: rule for one in sets for rule in one.process}.values()
        ],
        "sampling": edition.sampling,
        "sampling_words": sampling_words(edition.sampling) if edition.sampling else [],
        "frequency": frequency_rows(edition.sampling.yearly) if edition.sampling else [],
        "sources": list(edition.sources.values()),
    }


def _line(one: Row | Heading, sets: list[RuleSet], edition: Edition) -> dict[str, Any]:
    if isinstance(one, Heading):
        names = [rules.product_class.code for rules in sets if rules.product_class and rules.code in one.classes]
        return {
            "heading": one,
            "depth": min(one.depth, 2),
            "only": names if len(names) < len(sets) else [],
            "when": [condition_words(condition) for condition in one.when],
        }
    cells = [
        {
            "column": rules.product_class.code if rules.product_class else "",
            "cell": _cell(one.cells.get(rules.code), one.same("statistic", "n", "single_over_percent")),
        }
        for rules in sets
    ]
    first = one.first
    return {
        "row": one,
        "depth": min(one.depth, 2),
        "cells": cells,
        "unit": unit_in(unit_words(first), language()) if one.same("unit") else "",
        "unit_differs": not one.same("unit"),
        "basis": BASES[first.basis],
        "statistic": statistic_words(first) if one.same("statistic", "n", "single_over_percent") else None,
        "when": [condition_words(condition) for condition in first.when],
        "plans": [words for words in dict.fromkeys(_rendered(plan_words(limit)) for limit in one.limits) if words],
        "attested": _attested(one, edition),
        "method": first.method if one.same("method") else None,
        "note": first.note if one.same("note") else None,
    }


def _attested(one: Row, edition: Edition) -> list[dict[str, Any]]:
    """Each clause with where it is attested: number of the source in the list below (0 for another standard's) and
    grade, and the classes that it is said of where it is not said of all."""
    keys = list(edition.sources)
    clauses: dict[str, dict[str, Any]] = {}
    for code, limit in one.cells.items():
        clause = clauses.setdefault(str(limit.clause), {"clause": limit.clause, "by": {}})
        number = keys.index(limit.source) + 1 if limit.source in keys else 0
        clause["by"].setdefault((number, limit.grade), []).append(code.partition("/")[2])
    alone = sum(len(clause["by"]) for clause in clauses.values()) == 1
    return [
        {
            "clause": clause["clause"],
            "by": [
                {"number": number, "grade": grade, "classes": "" if alone else ", ".join(filter(None, classes))}
                for (number, grade), classes in clause["by"].items()
            ],
        }
        for clause in clauses.values()
    ]


def _cell(limit: Limit | None, same_statistic: bool) -> dict[str, Any] | None:
    if limit is None:
        return None
    origin = limit.delegated_from.split(" ")[0]
    return {
        "limit": limit,
        "text": _rendered(limit_words(limit)),
        "unit": unit_in(unit_words(limit), language()),
        "changes": limit.changes,
        "plan": _rendered(plan_words(limit)),
        "statistic": "" if same_statistic else _rendered(statistic_words(limit)),
        "delegated": origin if origin in library() else "",
    }


def _rendered(words: str | Message | None) -> str:
    return words.render(language()) if isinstance(words, Message) else words or ""
