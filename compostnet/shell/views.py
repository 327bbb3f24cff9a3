"""Pages of the shell: the start page, how figures come about, the language switch, and the page of last resort."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compostnet.middleware import known_language, remember_language
from compostnet.shared import releases
from compostnet.shared.charts import Drawing, bar_chart
from compostnet.shared.display import NOTHING, format_mass, format_month
from compostnet.shared.texts import Message
from compostnet.shell.answers import language as answer_language
from compostnet.shell.answers import request_id

MONTHS_SHOWN = 24
"""The start page's chart goes back two years, so that each month has its twin of the year before."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the network is, the headline figures of the latest release, and the ways in."""
    published = releases.latest(settings.RELEASES_DIR)
    if published is None:
        return render(request, "shell/home.html")
    figures = published.figures
    month = figures["network"]["month"]
    months = figures["months"][-MONTHS_SHOWN:]
    total = figures["network"]["total"]
    return render(
        request,
        "shell/home.html",
        {
            "release": figures["release"],
            "month": month,
            "total": total,
            "weighed": _percent(month["share_weighed"]),
            "baseline": _percent(total["share_with_baseline"]),
            "months": months[::-1],
            "chart": diverted_chart(months),
        },
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def diverted_chart(months: list[dict[str, Any]]) -> Drawing:
    """Waste diverted by month; a month that nobody verified is a gap and not a zero."""
    language = answer_language()
    values = [row["diverted_t"] if row["sites_verified"] else None for row in months]
    known = [(row, value) for row, value in zip(months, values, strict=True) if value is not None]
    description = _("Nothing has been verified yet.")
    if known:
        largest, amount = max(known, key=lambda pair: pair[1])
        description = _("From %(first)s to %(last)s; the most was %(amount)s in %(largest)s.") % {
            "first": format_month(months[0]["month"], language),
            "last": format_month(months[-1]["month"], language),
            "amount": format_mass(amount, language, "t"),
            "largest": format_month(largest["month"], language),
        }
    return bar_chart(
        [(format_month(row["month"], language, short=True), value) for row, value in zip(months, values, strict=True)],
        title=_("Waste diverted by month"),
        description=description,
        unit=_("tonnes"),
        language=language,
        missing=_("nothing verified"),
    )


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """How a figure comes about: weighed, checked, verified, released."""
    published = releases.latest(settings.RELEASES_DIR)
    return render(request, "shell/about.html", {"method": published.figures["release"]["method"] if published else ""})


@require_safe
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language ``?lang=`` in a cookie and go back to ``?next=`` (a page of ours, else the start page)."""
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None) or not target.startswith("/"):
        target = "/"
    parts = urlsplit(target)
    query = urlencode([(key, value) for key, value in parse_qsl(parts.query, True) if key != "lang"])
    response = HttpResponseRedirect(urlunsplit(("", "", parts.path, query, "")))
    if language := known_language(request.GET.get("lang")):
        remember_language(response, language)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """The page for our own faults. It asks neither the database nor the session: they may be what is broken."""
    sentence = Message("unexpected", {"request_id": request_id() or NOTHING}).render(answer_language())
    return HttpResponse(render_to_string("500.html", {"sentence": sentence}), status=500)
