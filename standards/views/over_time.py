"""One indicator of many samples over time against chosen limits, as a chart with its table."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from compostnet.shared.display import format_number, inert
from compostnet.shared.scatter import Line, Measured, scatter_chart
from compostnet.shared.texts import Message
from sites.auth import actor
from sites.models import Region, Site
from standards.catalogue.countries import by_region, places
from standards.catalogue.describe import indicator_name, limit_words, unit_words
from standards.indicators import indicators
from standards.library import RuleSet, library, rule_sets
from standards.library_schema import Limit
from standards.selectors.compare import (
    OverTime,
    Seen,
    Terms,
    limits_of,
    over_time,
    regions_of_sites,
    scaled,
    sites_to_choose,
)
from standards.units import unit_in
from standards.views.shared import BASES, MARKS, WORDS, language

DEFAULT = "Pb"
MOST_LIMITS = 12
ROWS_A_PAGE = 50


@require_GET
def indicator_over_time(request: HttpRequest) -> HttpResponse:
    """``?indicator=&standard=…&site=&first=&last=``; ``format=csv`` for every value, ``page`` of the table."""
    who = actor(request)
    today = timezone.localdate()
    ordered = [standard for standards in by_region(library().values()).values() for standard in standards]
    sets = [one for standard in ordered for one in rule_sets(standard, today)]
    known = _limited(sets)
    code = request.GET.get("indicator", "")
    code = code if code in indicators().indicators else DEFAULT
    available = limits_of(sets, code)
    chosen = request.GET.getlist("standard")
    asked = "indicator" in request.GET
    picked = [(rules, limit) for rules, limit in available if rules.code in chosen][:MOST_LIMITS]
    if not picked and not asked:
        picked = [one for one in available if one[1].basis != "unverified"][:1] or available[:1]
    site = Site.objects.filter(code=request.GET["site"]).first() if request.GET.get("site") else None
    region = Region.objects.filter(code=request.GET["region"]).first() if request.GET.get("region") else None
    first, last = _day(request.GET.get("first", "")), _day(request.GET.get("last", ""))
    found = over_time(who, code, picked, site=site, region=region, first=first, last=last)
    if request.GET.get("format") == "csv":
        return _csv(code, found, picked)
    rows = _rows(found, picked)
    sites = sites_to_choose(who)
    start = max(0, _number(request.GET.get("page", "")) - 1) * ROWS_A_PAGE
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "indicator": code,
        "title": indicator_name(code),
        "indicators": known,
        "limits": _choices(available, [rules.code for rules, _limit in picked]),
        "picked": picked,
        "charts": _charts(code, found, picked),
        "rows": rows[start : start + ROWS_A_PAGE],
        "total": len(rows),
        "apart": _apart(found),
        "columns": [_column(rules, limit) for rules, limit in picked],
        "terms": next(iter(found.values), None),
        "sites": sites,
        "regions": regions_of_sites(sites),
        "site": site,
        "region": region,
        "first": request.GET.get("first", "") if first else "",
        "last": request.GET.get("last", "") if last else "",
        "page": start // ROWS_A_PAGE + 1,
        "pages": -(-len(rows) // ROWS_A_PAGE),
        "query": query.urlencode(),
        "signed_in": request.user.is_authenticated,
    }
    return render(request, "standards/over_time.html", context)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _limited(sets: Sequence[RuleSet]) -> list[dict[str, Any]]:
    """Every indicator that some standard limits by a number, the most often limited first."""
    counts: dict[str, set[str]] = {}
    for rules in sets:
        for limit in rules.limits:
            if limit.compare in ("<=", "<", ">=", ">", "range"):
                counts.setdefault(limit.indicator, set()).add(rules.standard.code)
    ordered = sorted(counts, key=lambda code: (-len(counts[code]), code))
    return [{"code": code, "name": indicator_name(code), "count": len(counts[code])} for code in ordered]


def _choices(available: Sequence[tuple[RuleSet, Limit]], picked: Sequence[str]) -> list[dict[str, Any]]:
    """The limits on the indicator by region, one box a class."""
    regions = []
    for region, standards in by_region(library().values()).items():
        codes = {one.code for one in standards}
        rows: dict[str, dict[str, Any]] = {}
        for rules, limit in available:
            if rules.standard.code not in codes:
                continue
            row = rows.setdefault(rules.code, {"code": rules.code, "checked": rules.code in picked, "limits": []})
            row["limits"].append(_limit(limit))
        if rows:
            regions.append(
                {
                    "name": places().regions[region].name.in_language(language()),
                    "rows": list(rows.values()),
                    "some": sum(row["checked"] for row in rows.values()),
                    "size": len(rows),
                }
            )
    return regions


def _limit(limit: Limit) -> str:
    words = limit_words(limit)
    text = words.render(language()) if isinstance(words, Message) else words
    return " ".join(str(part) for part in (text, unit_in(unit_words(limit), language()), BASES[limit.basis]) if part)


def _column(rules: RuleSet, limit: Limit) -> dict[str, Any]:
    return {"code": rules.code, "standard": rules.standard.code, "limit": _limit(limit)}


def _charts(code: str, found: OverTime, picked: Sequence[tuple[RuleSet, Limit]]) -> list[dict[str, Any]]:
    """A chart for each basis that the chosen limits have; units of one basis are brought to the first one's."""
    charts: list[dict[str, Any]] = []
    for terms, seen in found.values.items():
        if any(chart["terms"].basis == terms.basis for chart in charts):
            continue
        points = [
            Measured(one.taken_on, value.low, value.high, f"{one.code}, {one.site_name.in_language(language())}")
            for one, value in zip(found.measurements, seen, strict=True)
            if not value.reason
        ]
        lines = [
            Line(value, sign, rules.code)
            for rules, limit in picked
            if limit.basis == terms.basis
            for value, sign in _lines(code, limit, terms)
        ]
        name = indicator_name(code).in_language(language())
        charts.append(
            {
                "terms": terms,
                "basis": BASES[terms.basis],
                "heading": _heading(terms),
                "drawn": len(points),
                "chart": scatter_chart(
                    points,
                    title=_("%(name)s over time") % {"name": name},
                    description=_("%(count)s samples; their values stand in the table below.") % {"count": len(points)},
                    unit=" ".join(str(part) for part in (_unit(terms), BASES[terms.basis]) if part),
                    language=language(),
                    lines=lines,
                ),
            }
        )
    return charts


def _heading(terms: Terms) -> str:
    if terms.basis == "unverified":
        return _("limits whose basis is still to be checked: dry matter or as received")
    return _("per %(basis)s") % {"basis": BASES[terms.basis]} if BASES[terms.basis] else ""


def _unit(terms: Terms) -> str:
    return "" if terms.unit == "-" else unit_in(terms.unit, language())


def _lines(code: str, limit: Limit, terms: Terms) -> list[tuple[float, str]]:
    """The lines of a limit in the chart's unit: one, or both ends of a range."""

    def at(value: Any) -> float:
        return scaled(Seen(float(value), float(value)), code, limit.unit, terms.unit).high or 0.0

    if limit.compare == "range":
        return [(at(limit.low), "≥"), (at(limit.high), "≤")]
    return [(at(limit.value), {"<=": "≤", ">=": "≥"}.get(limit.compare, limit.compare))]


def _rows(found: OverTime, picked: Sequence[tuple[RuleSet, Limit]]) -> list[dict[str, Any]]:
    """The table, newest first: every measurement with its value and its verdict by each limit."""
    seen = next(iter(found.values.values()), [])
    rows = []
    for number, one in enumerate(found.measurements):
        verdicts = [found.verdicts[(rules.code, limit.id)][number] for rules, limit in picked]
        rows.append(
            {
                "measurement": one,
                "value": amount(seen[number]),
                "reason": Message(seen[number].reason).render(language()) if seen[number].reason else "",
                "verdicts": [{"verdict": v, "mark": MARKS[v], "word": WORDS[v]} for v in verdicts],
            }
        )
    return rows[::-1]


def amount(seen: Seen) -> str:
    """An interval as people read it."""
    if seen.reason:
        return ""
    if seen.low is None:
        return f"≤ {format_number(seen.high)}"
    if seen.high is None:
        return f"≥ {format_number(seen.low)}"
    if seen.low == seen.high:
        return format_number(seen.high)
    return f"{format_number(seen.low)}–{format_number(seen.high)}"


def _apart(found: OverTime) -> list[dict[str, Any]]:
    """How many results are not comparable, by reason."""
    seen = next(iter(found.values.values()), [])
    reasons = list(dict.fromkeys(one.reason for one in seen if one.reason))
    return [
        {"words": Message(reason).render(language()), "count": sum(one.reason == reason for one in seen)}
        for reason in reasons
    ]


def _csv(code: str, found: OverTime, picked: Sequence[tuple[RuleSet, Limit]]) -> HttpResponse:
    out = io.StringIO()
    writer = csv.writer(out)
    terms = list(found.values)
    head = ["sample", "site", "taken_on", "indicator", "reported"]
    for one in terms:
        head += [f"low ({one.unit} {one.basis})", f"high ({one.unit} {one.basis})", "not_comparable"]
    writer.writerow([*head, *(f"{rules.code} {limit.id}" for rules, limit in picked)])
    for number, one in enumerate(found.measurements):
        row: list[Any] = [one.code, one.site, one.taken_on.isoformat(), code, one.reported]
        for term in terms:
            seen = found.values[term][number]
            row += [seen.low, seen.high, seen.reason.removeprefix("over_time_")]
        row += [found.verdicts[(rules.code, limit.id)][number] for rules, limit in picked]
        writer.writerow(["" if cell is None else inert(str(cell)) for cell in row])
    answer = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{code}.csv"'
    return answer
