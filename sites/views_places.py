"""Pages of the administration of places: sites and organisations, new and changed."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites import selectors, services
from sites.auth import actor
from sites.forms import language
from sites.forms_places import OrganisationForm, SiteForm, stored
from sites.map_words import named
from sites.models import Organisation, Site
from sites.permissions import may, require
from sites.views import site_words
from sites.vocabulary import climate_zones

SITES_A_PAGE = 50
FAULTY = 422


@login_required
@never_cache
@require_safe
def site_list(request: HttpRequest) -> HttpResponse:
    """Sites for those who look after all of them: found by words, province, state and what they lack."""
    require(actor(request), "create_site")
    names = ("q", "province", "state", "missing")
    wish = {name: request.GET.get(name, "")[:100].replace("\x00", "").strip() for name in names}
    found = selectors.managed_sites(
        words=wish["q"], region=wish["province"], state=wish["state"], missing=wish["missing"]
    )
    page = Paginator(found, SITES_A_PAGE).get_page(request.GET.get("page"))
    provinces = [(region.code, named(region)) for region in selectors.provinces(with_sites=True).order_by("code")]
    return render(
        request,
        "sites/desk/sites.html",
        {
            "page": page,
            "rows": [{"site": site, **site_words(site)} for site in page.object_list],
            "wish": wish,
            "filtered": any(wish.values()),
            "provinces": provinces,
        },
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def site_new(request: HttpRequest) -> HttpResponse:
    """A new site."""
    who = actor(request)
    require(who, "create_site")
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = services.create_site(actor=who, **form.new())
        except Problem as problem:
            form.tell(problem)
        else:
            messages.success(request, _("%(site)s is there now.") % {"site": site})
            return redirect("site_edit", site.code)
    status = FAULTY if form.is_bound else 200
    return render(request, "sites/desk/site_form.html", {"form": form, "site": None}, status=status)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def site_edit(request: HttpRequest, code: str) -> HttpResponse:
    """A site's details, for the administration and the managers of the site."""
    who, site = actor(request), selectors.site_with_code(code)
    require(who, "edit_site", site=site)
    form = SiteForm(request.POST or None, site=site)
    if request.method == "POST" and form.is_valid():
        version = stored(site)["seen"]
        if form.cleaned_data["seen"] != version:
            form.add_error(None, Message("site_changed_meanwhile").render(language()))
            for label, value in form.differences():
                said = _("%(field)s, as it is stored: %(value)s") % {"field": label, "value": value}
                form.add_error(None, said)
            form.data = form.data.copy()
            form.data["seen"] = version
        else:
            try:
                services.update_site(actor=who, site=site, **form.changes())
            except Problem as problem:
                form.tell(problem)
            else:
                messages.success(request, _("Saved."))
                return redirect("site_edit", site.code)
    manages = may(who, "manage_people")
    return render(
        request,
        "sites/desk/site_form.html",
        {
            "form": form,
            "site": site,
            "is_admin": may(who, "create_site"),
            "people": site.memberships.select_related("user").order_by("role", "user__name") if manages else (),
            "manages": manages,
            "zone": _zone(site),
        },
        status=FAULTY if form.is_bound else 200,
    )


def _zone(site: Site) -> dict[str, object]:
    """The climate zone that applies to a site, as the form shows it."""
    found = selectors.zone_of_site(site)
    return {"name": climate_zones().get(found.code), "because": found.because.render(language())}


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def organisation_list(request: HttpRequest) -> HttpResponse:
    """Organisations that run sites, laboratories, and the form for a new one."""
    who = actor(request)
    require(who, "create_site")
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.create_organisation(actor=who, must_be_new=True, **data)
        except Problem as problem:
            form.tell(problem)
        else:
            messages.success(request, _("%(name)s is added.") % {"name": made})
            return redirect("organisations")
    counted = Organisation.objects.annotate(
        sites_count=Count("sites", distinct=True), people_count=Count("memberships", distinct=True)
    )
    page = Paginator(counted.order_by("kind", "code"), SITES_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "sites/desk/organisations.html", {"form": form, "page": page}, status=FAULTY if form.is_bound else 200
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def organisation_edit(request: HttpRequest, code: str) -> HttpResponse:
    """An organisation's names."""
    who = actor(request)
    require(who, "create_site")
    organisation = Organisation.objects.filter(code=code).first()
    if organisation is None:
        raise Problem("not_found", what=Message("thing_organisation"))
    form = OrganisationForm(request.POST or None, organisation=organisation)
    if request.method == "POST" and form.is_valid():
        try:
            services.create_organisation(actor=who, code=code, kind=organisation.kind, **form.cleaned_data)
        except Problem as problem:
            form.tell(problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("organisations")
    return render(
        request,
        "sites/desk/organisation.html",
        {"form": form, "organisation": organisation},
        status=FAULTY if form.is_bound else 200,
    )
