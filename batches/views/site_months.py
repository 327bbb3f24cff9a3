"""A site's months for the people of the site: where each stands, what to clear, the thread, the month's records."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from batches.forms import focus_first_fault
from batches.forms_records import RecordsForm
from batches.models import SiteMonth
from batches.selectors.records import standing_records
from batches.selectors.site_months import visible_site_months
from batches.services.records import store_monthly_records
from batches.services.site_months import explain_finding, remark_on_site_month, submit_site_month
from batches.views.month_items import items, month_of_text, told
from compostnet.shared.months import month_of, month_text
from sites.auth import actor
from sites.models import Site
from sites.permissions import CONSOLE, may, require
from sites.selectors import site_with_code, today_at

ROWS_A_PAGE = 12


def _rights(user: Any, site: Site) -> dict[str, bool]:
    return {
        "may_submit": may(user, "submit_month", site=site),
        "may_explain": may(user, "explain_finding", site=site),
        "may_remark": may(user, "explain_finding", site=site) or may(user, "verify_month"),
        "may_record": may(user, "record_entries", site=site),
    }


@login_required
@require_safe
def site_months(request: HttpRequest, code: str) -> HttpResponse:
    """A site's months: state, query, findings; submit, explain, answer."""
    user, site = actor(request), site_with_code(code)
    require(user, "view_site_private", site=site)
    rows = visible_site_months(Site.objects.filter(pk=site.pk)).order_by("-month")
    page = Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "site": site,
        "page": page,
        "items": items(list(page.object_list), CONSOLE),
        "this_month": month_text(month_of(today_at(site))),
        "back": request.get_full_path(),
        **_rights(user, site),
    }
    return render(request, "batches/figures/site_months.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def site_month(request: HttpRequest, code: str, month: str) -> HttpResponse:
    """One month of a site: where it stands, its thread, and the form of what else is written down of it."""
    user, site, index = actor(request), site_with_code(code), month_of_text(month)
    require(user, "view_site_private", site=site)
    last = month_of(today_at(site))
    if not month_of(site.opened_on) <= index <= (last if site.closed_on is None else month_of(site.closed_on)):
        raise Http404
    standing = list(standing_records().filter(site=site, month=index).order_by("recorded_at", "id"))
    form = RecordsForm(site, index, standing, data=request.POST or None)
    if request.method == "POST":
        require(user, "record_entries", site=site)
        if form.is_valid() and _store(request, form):
            return redirect("site_month", site.code, month_text(index))
        focus_first_fault(form)
    row = visible_site_months(Site.objects.filter(pk=site.pk)).filter(month=index).first()
    context = {
        "site": site,
        "month": month_text(index),
        "item": items([row or SiteMonth(site=site, month=index)], CONSOLE)[0],
        "has_row": row is not None,
        "form": form,
        "newer": month_text(index + 1) if index < last else "",
        "older": month_text(index - 1) if index > month_of(site.opened_on) else "",
        "back": request.get_full_path(),
        **_rights(user, site),
    }
    return render(request, "batches/figures/site_month.html", context, status=422 if form.errors else 200)


def _store(request: HttpRequest, form: RecordsForm) -> bool:
    """Store what is new or changed, all or nothing; False with the faults in the form."""
    wanted = form.entries()
    if form.errors:
        return False
    if not wanted:
        messages.info(request, _("Nothing was changed."))
        return True
    with transaction.atomic():
        receipts = store_monthly_records(actor=actor(request), inputs=list(wanted.values()))
        refused = {
            kind: receipt.faults
            for kind, receipt in zip(wanted, receipts, strict=True)
            if receipt.outcome not in ("stored", "already_stored")
        }
        if refused:
            transaction.set_rollback(True)
    if refused:
        form.show(refused)
        if not form.errors:
            form.add_error(None, _("The platform was busy; nothing is lost. Press once more."))
        return False
    messages.success(request, _("Stored. Thank you."))
    return True


def _index(request: HttpRequest) -> int:
    return month_of_text(request.POST.get("month", ""))


@told
def site_month_submit(request: HttpRequest, code: str) -> None:
    """The site submits a month."""
    answer = request.POST.get("answer", "")
    submit_site_month(actor=actor(request), site=site_with_code(code), month=_index(request), answer=answer)
    messages.success(request, _("Submitted. The platform team will look at it."))


@told
def site_month_remark(request: HttpRequest, code: str) -> None:
    """A word in the thread of a month."""
    site, text = site_with_code(code), request.POST.get("text", "")
    require(actor(request), "view_site_private", site=site)
    remark_on_site_month(actor=actor(request), site=site, month=_index(request), text=text)
    messages.success(request, _("Your words stand in the thread."))


@told
def site_month_explain(request: HttpRequest, code: str) -> None:
    """The site explains a finding."""
    explain_finding(
        actor=actor(request),
        site=site_with_code(code),
        month=_index(request),
        finding=request.POST.get("finding", ""),
        batch=request.POST.get("batch") or None,
        text=request.POST.get("text", ""),
    )
    messages.success(request, _("Thank you, the explanation is recorded."))


urlpatterns = [
    path("sites/<slug:code>/months/", site_months, name="site_months"),
    path("sites/<slug:code>/months/submit/", site_month_submit, name="site_month_submit"),
    path("sites/<slug:code>/months/explain/", site_month_explain, name="site_month_explain"),
    path("sites/<slug:code>/months/remark/", site_month_remark, name="site_month_remark"),
    path("sites/<slug:code>/months/<str:month>/", site_month, name="site_month"),
]
