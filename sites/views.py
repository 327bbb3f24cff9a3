"""Pages of places: the list of sites, one site. The map is in ``views_map``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compostnet.shared import releases
from compostnet.shared.charts import Drawing
from compostnet.shared.paging import paginate
from compostnet.shared.rules import Text
from sites import selectors
from sites.api import box_of
from sites.auth import actor
from sites.map_words import named
from sites.mapdraw import CHINA_BOX, box_around
from sites.mapmarks import mark
from sites.mapsvg import Outline, draw_locator
from sites.models import Site
from sites.panels import panels_of
from sites.permissions import may
from sites.site_figures import figures_of_site
from sites.vocabulary import process_name, processes, scenario_name, scenarios

SITES_A_PAGE = 60
HOME = "CN"


@require_safe
def site_list(request: HttpRequest) -> HttpResponse:
    """All sites, by filters; works without script."""
    wish = {name: request.GET.get(name, "")[:120] for name in ("scenario", "process", "province", "bbox")}
    found = selectors.filtered_sites(
        scenario=wish["scenario"], process=wish["process"], region=wish["province"], box=box_of(wish["bbox"])
    )
    rows, after = paginate(found, order=("code",), cursor=request.GET.get("cursor"), limit=SITES_A_PAGE)
    release = releases.latest(settings.RELEASES_DIR)
    figures = _site_figures(release)
    language = _language()
    provinces = sorted(
        ((region.code, named(region)) for region in selectors.provinces(with_sites=True)), key=lambda pair: pair[0]
    )
    kept = {name: value for name, value in wish.items() if value}
    return render(
        request,
        "sites/list.html",
        {
            "rows": [{"site": site, "figure": figures.get(site.code), **site_words(site)} for site in rows],
            "count": found.count(),
            "wish": wish,
            "filtered": bool(kept),
            "scenarios": [(code, item.name.in_language(language)) for code, item in scenarios().items()],
            "processes": [(code, item.name.in_language(language)) for code, item in processes().items()],
            "provinces": provinces,
            "release": release,
            "next": f"?{urlencode({**kept, 'cursor': after})}" if after else "",
        },
    )


@require_safe
def site_page(request: HttpRequest, code: str) -> HttpResponse:
    """What the public may know of one site, with its figures of the latest release."""
    site = selectors.site_with_code(code)
    release = releases.latest(settings.RELEASES_DIR)
    figures = figures_of_site(release, code, _language()) if release else None
    line = selectors.ancestors(site.region)
    return render(
        request,
        "sites/site.html",
        {
            "site": site,
            "line": line[1:] or line,
            "release": release,
            "figures": figures,
            "panels": panels_of(site),
            "locator": _locator(site),
            "about_process": processes()[site.process].about if site.process in processes() else Text(zh="", en=""),
            "may_log": may(actor(request), "view_site_private", site=site),
            "may_edit": may(actor(request), "edit_site", site=site),
            **site_words(site),
        },
    )


def site_words(site: Site) -> dict[str, Any]:
    """Names of a site's scenario, process and place in the reader's language."""
    language = _language()
    province = selectors.province_of(site.region)
    place = named(site.region)
    if province is not None and province != site.region and named(province) != place:
        separator = " " if language.startswith("zh") else ", "
        parts = (named(province), place) if language.startswith("zh") else (place, named(province))
        place = separator.join(parts)
    return {
        "scenario": scenario_name(site.scenario).in_language(language),
        "process": process_name(site.process).in_language(language),
        "place": place,
        "mark": Drawing(mark(site.scenario, 10, 10, 6.5)),
    }


def _language() -> str:
    return get_language() or "zh-hans"


def _site_figures(release: releases.Published | None) -> dict[str, dict[str, Any]]:
    return {} if release is None else {row["code"]: row for row in release.figures.get("sites", ())}


def _locator(site: Site) -> Drawing | None:
    position = selectors.public_position(site)
    if position is None:
        return None
    lands = selectors.boundaries(site.region.country)
    box = CHINA_BOX if site.region.country == HOME and lands else box_around([position], smallest=1.0)
    title = _("Where %(site)s lies") % {"site": named(site)}
    outlines = [Outline(land.code, named(land), land.polygons) for land in lands]
    province = selectors.province_of(site.region)
    return draw_locator(
        box=box or CHINA_BOX,
        outlines=outlines,
        province=province.code if province else "",
        position=position,
        scenario=site.scenario,
        title=title,
    )
