"""The desk of the platform team, and the page on which a site submits and explains its months."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from batches.models import SiteMonth
from batches.selectors.findings import Finding, findings_for
from batches.selectors.site_months import (
    LATE_ENTRIES,
    REOPENED,
    SiteMonthKey,
    masses_of,
    month_states,
    note_of,
    silent_sites,
    threads_of,
    visible_site_months,
    waiting_site_months,
)
from batches.services.releases import publish_release
from batches.services.site_months import (
    explain_finding,
    query_site_month,
    submit_site_month,
    verify_site_months,
)
from compostnet.shared import releases
from compostnet.shared.display import format_month
from compostnet.shared.months import month_text, parse_month
from compostnet.shared.problems import Fault, Problem
from sites.auth import actor
from sites.models import Site
from sites.permissions import CONSOLE, may, require
from sites.selectors import provinces, site_with_code

ROWS_A_PAGE = 30
MOST_KEYS = 1000
MOST_SAID = 10
"""So many reasons are told above the page; the rest stands at the items themselves."""
MONTHS_SHOWN = 6
STATES = (REOPENED, SiteMonth.State.SUBMITTED, SiteMonth.State.OPEN, SiteMonth.State.QUERIED)
View = Callable[..., HttpResponse]


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _month(text: str) -> int:
    """A month of a form or address; the problem says how to write it."""
    try:
        return parse_month(text)
    except ValueError:
        raise Problem("month_not_readable", value=text) from None


def _key(text: str) -> tuple[str, int]:
    """Site code and month of a form's ``lishui-1:2024-05``."""
    code, _colon, month = text.partition(":")
    return code, _month(month)


def _tells(view: View) -> View:
    """A form whose refusal becomes a message on the page that it came from."""

    @wraps(view)
    def tell(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            view(request, *args, **kwargs)
        except Problem as problem:
            if problem.status in (401, 403, 404):
                raise
            language = _language()
            faults = [_said(fault, language) for fault in problem.errors]
            messages.error(request, " ".join([problem.message.render(language), *faults]))
        back = request.POST.get("back", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
            back = reverse("desk")
        return redirect(back)

    return login_required(require_POST(tell))


def _said(fault: Fault, language: str) -> str:
    accepted = f" → {fault.accepted.render(language)}" if fault.accepted else ""
    return fault.message.render(language) + accepted


def _items(rows: list[SiteMonth], verifier: Any) -> list[dict[str, Any]]:
    """Site-months with their masses and findings, as the pages show them."""
    keys = [(row.site_id, row.month) for row in rows]
    findings, masses, threads = findings_for(keys, verifier=verifier), masses_of(keys), threads_of(keys)
    language = _language()
    return [
        {
            "row": row,
            "key": f"{row.site.code}:{month_text(row.month)}",
            "month": month_text(row.month),
            "note": note_of(row, language),
            "is_reopened": row.note == LATE_ENTRIES,
            # The finding of an unanswered query repeats the question.
            "is_told": row.state == SiteMonth.State.QUERIED,
            "thread": threads[key],
            "place": row.site.region,
            "mass": masses[key],
            "findings": [] if row.state == SiteMonth.State.VERIFIED else findings[key],
            "is_clear": not any(f.blocks for f in findings[key]),
        }
        for row, key in zip(rows, keys, strict=True)
    ]


@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What needs action, what stands against each item, and the buttons."""
    user = actor(request)
    require(user, "view_network")
    wish, month = _wish(request.GET)
    everything = waiting_site_months(Site.objects.all())
    shown = waiting_site_months(Site.objects.all(), month=month, region=wish["province"], state=wish["state"])
    page = Paginator(shown, ROWS_A_PAGE).get_page(request.GET.get("page"))
    states, latest = month_states(), releases.latest(settings.RELEASES_DIR)
    silent = [] if month is None else list(silent_sites(month)[: MOST_KEYS + 1])
    return render(
        request,
        "batches/figures/desk.html",
        {
            "page": page,
            "items": _items(list(page.object_list), user),
            "months": [month_text(m) for m in sorted(set(_months_of(everything)), reverse=True)],
            "provinces": provinces(with_sites=True),
            "wish": wish,
            "filtered": any(wish.values()),
            "silent": silent,
            "states": states if request.GET.get("all") else states[:MONTHS_SHOWN],
            "has_more": len(states) > MONTHS_SHOWN and not request.GET.get("all"),
            "latest": latest,
            # What a publisher should do next: revise what was verified again, publish what is newer than all releases.
            "due": {
                state.month
                for state in states
                if state.has_news and (state.release or latest is None or month_text(state.month) > latest.month)
            },
            "may_verify": may(user, "verify_month"),
            "may_publish": may(user, "publish_release"),
            "bulk": min(page.paginator.count, MOST_KEYS),
            "back": request.get_full_path(),
        },
    )


def _wish(asked: QueryDict) -> tuple[dict[str, str], int | None]:
    """The filters of the desk as they were asked, and the month among them."""
    wish = {name: asked.get(name, "")[:40].replace("\x00", "").strip() for name in ("month", "province", "state")}
    if wish["state"] not in STATES:
        wish["state"] = ""
    return wish, _month(wish["month"]) if wish["month"] else None


def _months_of(rows: QuerySet[SiteMonth]) -> Iterable[int]:
    return rows.order_by().values_list("month", flat=True).distinct()


@_tells
def desk_verify(request: HttpRequest) -> None:
    """Verify the ticked site-months, or all that the filters show; the rest is told with its reasons."""
    who = actor(request)
    if request.POST.get("which") == "shown":
        wish, month = _wish(request.POST)
        shown = waiting_site_months(Site.objects.all(), month=month, region=wish["province"], state=wish["state"])
        keys = list(shown.values_list("site_id", "month")[:MOST_KEYS])
    else:
        asked = [_key(text) for text in request.POST.getlist("key")[:MOST_KEYS]]
        ids = dict(Site.objects.filter(code__in={code for code, _m in asked}).values_list("code", "pk"))
        keys = [(ids[code], month) for code, month in asked if code in ids]
    done = verify_site_months(actor=who, keys=keys)
    number = len(done.verified)
    if number:
        messages.success(
            request, ngettext("%(n)d site-month verified.", "%(n)d site-months verified.", number) % {"n": number}
        )
    elif not keys:
        messages.warning(request, _("Nothing was ticked."))
    if done.already:
        number = len(done.already)
        words = ngettext("%(n)d was verified already.", "%(n)d were verified already.", number)
        messages.info(request, words % {"n": number})
    if done.refused:
        _tell_refusals(request, done.refused)


def _tell_refusals(request: HttpRequest, refused: Mapping[SiteMonthKey, list[Finding]]) -> None:
    """How many were not verified, and the first reasons; all stand at the items."""
    number, language = len(refused), _language()
    words = ngettext("%(n)d site-month was not verified:", "%(n)d site-months were not verified:", number)
    messages.warning(request, words % {"n": number})
    names = Site.objects.in_bulk({site for site, _month in refused})
    reasons = [(site, month, finding) for (site, month), against in refused.items() for finding in against]
    for site, month, finding in reasons[:MOST_SAID]:
        messages.error(
            request,
            f"{names[site].name} ({names[site].code}), {format_month(month, language)}: "
            f"{finding.message.render(language)} → {finding.clears.render(language)}",
        )
    if len(reasons) > MOST_SAID:
        more = len(reasons) - MOST_SAID
        words = ngettext("and %(n)d more reason, at the item below", "and %(n)d more reasons, at the items below", more)
        messages.warning(request, words % {"n": more})


@_tells
def desk_query(request: HttpRequest) -> None:
    """Ask the site about its month."""
    code, month = _key(request.POST.get("key", ""))
    site = site_with_code(code)
    query_site_month(actor=actor(request), site=site, month=month, reason=request.POST.get("reason", ""))
    messages.success(request, _("The site has been asked; its month waits for the answer."))


@_tells
def desk_publish(request: HttpRequest) -> None:
    """Publish a month."""
    release = publish_release(actor=actor(request), month=_month(request.POST.get("month", "")))
    messages.success(request, _("Published as release %(number)d.") % {"number": release.number})


@login_required
@require_safe
def site_months(request: HttpRequest, code: str) -> HttpResponse:
    """A site's months for the people of the site: state, query, findings; submit and explain."""
    user, site = actor(request), site_with_code(code)
    require(user, "view_site_private", site=site)
    rows = visible_site_months(Site.objects.filter(pk=site.pk)).order_by("-month")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "batches/figures/site_months.html",
        {
            "site": site,
            "page": page,
            "items": _items(list(page.object_list), CONSOLE),
            "may_submit": may(user, "submit_month", site=site),
            "may_explain": may(user, "explain_finding", site=site),
            "back": request.get_full_path(),
        },
    )


@_tells
def site_month_submit(request: HttpRequest, code: str) -> None:
    """The site submits a month."""
    month = _month(request.POST.get("month", ""))
    answer = request.POST.get("answer", "")
    submit_site_month(actor=actor(request), site=site_with_code(code), month=month, answer=answer)
    messages.success(request, _("Submitted. The platform team will look at it."))


@_tells
def site_month_explain(request: HttpRequest, code: str) -> None:
    """The site explains a finding."""
    explain_finding(
        actor=actor(request),
        site=site_with_code(code),
        month=_month(request.POST.get("month", "")),
        finding=request.POST.get("finding", ""),
        batch=request.POST.get("batch") or None,
        text=request.POST.get("text", ""),
    )
    messages.success(request, _("Thank you, the explanation is recorded."))


urlpatterns = [
    path("desk/", desk, name="desk"),
    path("desk/verify/", desk_verify, name="desk_verify"),
    path("desk/query/", desk_query, name="desk_query"),
    path("desk/publish/", desk_publish, name="desk_publish"),
    path("sites/<slug:code>/months/", site_months, name="site_months"),
    path("sites/<slug:code>/months/submit/", site_month_submit, name="site_month_submit"),
    path("sites/<slug:code>/months/explain/", site_month_explain, name="site_month_explain"),
]
