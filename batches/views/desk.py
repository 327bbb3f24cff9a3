"""The desk of the platform team: what needs action first, what stands against each item, and what clears it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from batches.models import SiteMonth
from batches.selectors.findings import Finding, findings_for
from batches.selectors.site_months import (
    RANKS,
    REOPENED,
    SiteMonthKey,
    month_states,
    silent_sites,
    this_month,
    waiting_counts,
    waiting_site_months,
)
from batches.services.site_months import Verified, query_site_month, verify_site_months
from batches.views import site_months
from batches.views.month_items import back_of, items, key_of_text, month_of_text, told
from compostnet.shared import releases
from compostnet.shared.months import month_text
from sites.auth import actor
from sites.models import Site
from sites.permissions import Actor, may, require
from sites.selectors import provinces, site_with_code

ROWS_A_PAGE = 30
MOST_KEYS = 1000
MONTHS_SHOWN = 6
READY, BLOCKED = "ready", "blocked"
"""In filters: reopened or submitted months that nothing (or something) stands against."""
STATES = (REOPENED, READY, BLOCKED, SiteMonth.State.SUBMITTED, SiteMonth.State.OPEN, SiteMonth.State.QUERIED)


@dataclass(slots=True)
class Sorted:
    """The reopened and submitted site-months by what the checks say: ids of what is ready and of what is blocked.

    ``whole`` is False where more wait than are checked for the overview; the newest of them are.
    """

    ready: list[int] = field(default_factory=list)
    blocked: list[int] = field(default_factory=list)
    whole: bool = True


@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What needs action, what stands against each item, and the buttons."""
    user = actor(request)
    require(user, "view_network")
    wish, month = _wish(request.GET)
    sites = Site.objects.all()
    shown = waiting_site_months(sites, month=month, region=wish["province"])
    counts, checked = waiting_counts(shown), _sorted(shown, user)
    page = Paginator(_narrowed(shown, wish["state"], checked), ROWS_A_PAGE).get_page(request.GET.get("page"))
    states, latest = month_states(), releases.latest(settings.RELEASES_DIR)
    silent_month = this_month() - 1 if month is None else month
    silent = list(silent_sites(silent_month, region=wish["province"])[: MOST_KEYS + 1])
    return render(
        request,
        "batches/figures/desk.html",
        {
            "page": page,
            "items": items(list(page.object_list), user),
            "groups": _groups(counts, checked, len(silent)),
            "total": sum(counts.values()),
            "checked": checked,
            "months": [month_text(m) for m in sorted(set(_months_of(waiting_site_months(sites))), reverse=True)],
            "provinces": provinces(with_sites=True),
            "wish": wish,
            "filtered": any(wish.values()),
            "silent": silent,
            "silent_month": silent_month,
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
    return wish, month_of_text(wish["month"]) if wish["month"] else None


def _months_of(rows: QuerySet[SiteMonth]) -> Iterable[int]:
    return rows.order_by().values_list("month", flat=True).distinct()


def _sorted(rows: QuerySet[SiteMonth], verifier: Actor) -> Sorted:
    """What the checks say of the reopened and submitted site-months, of the first of them where there are many."""
    acting = rows.filter(rank__lte=1).values_list("pk", "site_id", "month")[: MOST_KEYS + 1]
    chosen = list(acting)
    found = Sorted(whole=len(chosen) <= MOST_KEYS)
    findings = findings_for([(site, month) for _pk, site, month in chosen[:MOST_KEYS]], verifier=verifier)
    for pk, site, month in chosen[:MOST_KEYS]:
        is_blocked = any(finding.blocks for finding in findings[site, month])
        (found.blocked if is_blocked else found.ready).append(pk)
    return found


def _narrowed(rows: QuerySet[SiteMonth], state: str, checked: Sorted) -> QuerySet[SiteMonth]:
    if state in (READY, BLOCKED):
        return rows.filter(pk__in=checked.ready if state == READY else checked.blocked)
    if state == SiteMonth.State.SUBMITTED:
        return rows.filter(state=state)
    return rows.filter(rank=RANKS.index(state)) if state else rows


def _groups(counts: Mapping[str, int], checked: Sorted, silent: int) -> list[dict[str, Any]]:
    """The groups above the list: what to do first stands first; each is a filter."""
    named = (
        (REOPENED, _("Reopened by late entries"), _("A published figure may hang on them."), counts[REOPENED]),
        (READY, _("Ready to verify"), _("Submitted, and nothing stands against them."), len(checked.ready)),
        (BLOCKED, _("Something stands against them"), _("Submitted; clear it or ask the site."), len(checked.blocked)),
        ("queried", _("Waiting for the site"), _("Asked; the site has not submitted again."), counts["queried"]),
        ("open", _("Not submitted"), _("Reported, but the site has not submitted them."), counts["open"]),
        ("silent", _("Silent sites"), _("Expected, and nothing was reported."), silent),
    )
    return [{"state": state, "name": name, "help": help_text, "number": n} for state, name, help_text, n in named]


@told
def desk_verify(request: HttpRequest) -> HttpResponse | None:
    """Verify the ticked site-months, or all of the list that nothing stands against; then say what was done."""
    who = actor(request)
    everything = request.POST.get("which") == "shown"
    if everything:
        require(who, "verify_month")
        wish, month = _wish(request.POST)
        rows = waiting_site_months(Site.objects.all(), month=month, region=wish["province"])
        shown = _narrowed(rows, wish["state"], _sorted(rows, who) if wish["state"] in (READY, BLOCKED) else Sorted())
        keys = list(shown.filter(month__lt=this_month()).values_list("site_id", "month")[:MOST_KEYS])
    else:
        asked = [key_of_text(text) for text in request.POST.getlist("key")[:MOST_KEYS]]
        ids = dict(Site.objects.filter(code__in={code for code, _m in asked}).values_list("code", "pk"))
        keys = [(ids[code], month) for code, month in asked if code in ids]
    done = verify_site_months(actor=who, keys=keys, only_clean=everything)
    if not keys:
        messages.warning(request, _("Nothing was ticked."))
        return None
    return render(request, "batches/figures/desk_result.html", {**_result(done), "back": back_of(request)})


def _result(done: Verified) -> dict[str, Any]:
    """What was verified and what was not, with names and reasons, for the page that says so."""
    names = Site.objects.in_bulk({site for site, _month in (*done.verified, *done.refused)})

    def named(key: SiteMonthKey, against: list[Finding] | None = None) -> dict[str, Any]:
        return {"site": names[key[0]], "month": month_text(key[1]), "findings": against or []}

    refused = {key: against for key, against in done.refused.items() if any(f.blocks for f in against)}
    return {
        "verified": [named(key) for key in done.verified],
        "already": len(done.already),
        "refused": [named(key, [f for f in against if f.blocks]) for key, against in refused.items()],
        "left": [named(key, against) for key, against in done.refused.items() if key not in refused],
        "said": _words_of(done),
    }


def _words_of(done: Verified) -> str:
    number = len(done.verified)
    return ngettext("%(n)d site-month verified.", "%(n)d site-months verified.", number) % {"n": number}


@told
def desk_query(request: HttpRequest) -> None:
    """Ask the site about its month."""
    code, month = key_of_text(request.POST.get("key", ""))
    site = site_with_code(code)
    query_site_month(actor=actor(request), site=site, month=month, reason=request.POST.get("reason", ""))
    messages.success(request, _("The site has been asked; its month waits for the answer."))


urlpatterns = [
    path("desk/", desk, name="desk"),
    path("desk/verify/", desk_verify, name="desk_verify"),
    path("desk/query/", desk_query, name="desk_query"),
    *site_months.urlpatterns,
]
