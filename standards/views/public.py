"""The public page of a product: what a person sees who scans the code on the bag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page, require_safe

from compostnet.shared.display import format_number
from compostnet.shared.rules import Text
from standards.catalogue.countries import near_home
from standards.library import library
from standards.pdf import checksum
from standards.pdf.facts import rules_code, rules_name
from standards.selectors.documents import batch_shares, country_of, frozen
from standards.selectors.public import PublishedReport, published_report
from standards.views.shared import language, shown

KEEP_SECONDS = 300
FIRST = {"fail": 0, "pass": 1, "cannot_tell": 2, "incomplete": 3}


def _text(text: Text | None) -> str:
    return text.in_language(language()) if text else ""


def rank(one: Mapping[str, Any], home: set[str]) -> tuple[int, int, int]:
    """The order of verdicts for a reader: what counts at home first, then what is decided, by the most limits."""
    decided = sum(item["verdict"] in ("pass", "fail") for item in one["indicators"])
    return (0 if one["standard"] in home else 1, FIRST[one["verdict"]], -decided)


@conditional_page
@require_safe
def product_page(request: HttpRequest, code: str) -> HttpResponse:
    """A published report; of one that is shown no longer only that (410). No person's name."""
    found = published_report(code)
    if found.state != "shown":
        answer = render(request, "standards/product_gone.html", {"found": found}, status=410)
    else:
        answer = render(request, "standards/product.html", _product(request, found))
    signed_in = request.user.is_authenticated
    answer.headers["Cache-Control"] = "private, no-cache" if signed_in else f"public, max-age={KEEP_SECONDS}"
    return answer


def _product(request: HttpRequest, found: PublishedReport) -> dict[str, Any]:
    home = near_home(country_of(found.site_code), library().values())
    answers = frozen(found.verdicts, language())
    ordered = sorted(answers, key=lambda one: rank(one, home))
    rows = [shown(one, rules_code(one), rules_name(one, language())) for one in ordered]
    own = [row for row, one in zip(rows, ordered, strict=True) if rank(one, home)[0] == 0]
    rest = [row for row in rows if row not in own]
    wish = request.GET.get("standard", "").upper()
    chosen = next((row for row in rows if row["code"].upper() == wish), rows[0] if rows else None)
    return {
        "found": found,
        "site": _text(found.site_name),
        "place": _text(found.region_name),
        "lab": _text(found.lab_name),
        "facts": [(_text(first), _text(second)) for first, second in found.facts],
        "shares": [
            (_text(one.name), format_number(100 * one.part, 0 if one.part >= 0.01 else 1))
            for one in batch_shares(found.batch)
        ]
        if found.batch
        else [],
        "own": own or rest,
        "rest": rest if own else [],
        "chosen": chosen,
        "passed": sum(row["verdict"] == "pass" for row in rows),
        "failed": sum(row["verdict"] == "fail" for row in rows),
        "count": len(rows),
        "provisional": any(row["provisional"] for row in rows),
        "versions": sorted({row["checker"] for row in rows}),
        "since": [
            {**shown(one, rules_code(one), rules_name(one, language())), "kept_on": kept.created_at, "day": kept.as_of}
            for kept, one in zip(found.since, frozen(found.since, language()), strict=True)
        ],
        "checksum": checksum(answers),
    }
