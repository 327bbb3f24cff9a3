"""The diversion map: its page, the embedded page, the picture, and the data of its script."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from compostnet.shared import releases
from compostnet.shared.charts import Drawing
from compostnet.shared.display import format_mass, format_month
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.auth import limit_writes
from sites.map_page import MapPage, address, map_page, query_of, release_of, view_and_ground
from sites.map_words import amount, class_name, language, measure_label, named, period_label
from sites.mapdata import MEASURES, MapQuery, view_of
from sites.mapfiles import plate_png
from sites.mapjson import map_data
from sites.mapmarks import map_style, shape_of
from sites.mapplate import make_plate, outline_note, release_line
from sites.vocabulary import process_name

ROWS_A_PAGE = 100
FOR_EVER_S = 365 * 24 * 3600
PICTURE_KEPT_S = 600
PICTURE_VERSION = "1"
EMBED_WIDTH, EMBED_HEIGHT = 720, 720


@require_safe
def map_view(request: HttpRequest) -> HttpResponse:
    """The map: drawn on the server, taken over by the script where it can."""
    page = map_page(query_of(request.GET))
    rows, number = page.sites, _page_number(request)
    last = max(1, -(-len(rows) // ROWS_A_PAGE))
    number = min(number, last)
    shown = rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]
    context = {
        **_common(page),
        "site_rows": [
            {
                "site": site,
                "name": named(site),
                "amount": amount(site.value, page.query, in_column=True),
                "mass": format_mass(site.mass, language(), "t", "t"),
                "class": class_name(page.classes, site.class_in(page.query.colour)),
                "process": process_name(site.process).in_language(language()),
                "address": f"{address('map', page.query, site=site.code)}#map-panel",
            }
            for site in shown
        ],
        "region_rows": [
            {"region": region, "name": named(region), "amount": amount(region.value, page.query, in_column=True)}
            for region in page.view.regions
        ],
        "earlier_rows": _rows_address(page.query, number - 1) if number > 1 else "",
        "later_rows": _rows_address(page.query, number + 1) if number < last else "",
        "row_page": number,
        "row_pages": last,
        "share": _share(request, page) if page.drawing else None,
        "is_filtered": bool(page.query.scenario or page.query.process or page.query.province or page.query.classes),
    }
    return render(request, "sites/map.html", context)


@require_safe
@xframe_options_exempt
def map_embed(request: HttpRequest) -> HttpResponse:
    """The map alone, for a frame on any other site; the only page that may be framed."""
    page = map_page(query_of(request.GET), embedded=True)
    response = render(request, "sites/map_embed.html", {**_common(page), "full": _absolute(request, "map", page.query)})
    response.may_be_framed = True  # type: ignore[attr-defined]  # ContentSecurityMiddleware
    return response


@require_safe
def map_image(request: HttpRequest) -> HttpResponse:
    """The view as a PNG that stands alone: with title, date, legend and citation on it."""
    query = replace(query_of(request.GET), site="")
    release = release_of(query)
    if release is None:
        raise Problem("map_nothing_published")
    key = "|".join([PICTURE_VERSION, _digest_of(release), language(), urlencode(query.parameters())])
    tag = f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={PICTURE_KEPT_S}"}
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers=headers)
    name = f"map-picture-{tag.strip(chr(34))}"
    body = cache.get(name)
    if body is None:
        limit_writes(request, AnonymousUser(), group="pictures", rate=settings.API_CHECK_RATE)
        _release, figures, view, ground, _country = view_and_ground(query)
        if ground is not None and not any(site.position for site in view.sites):
            ground = None
        body = plate_png(make_plate(view, figures, ground, (language(),)), settings.PDF_FONT)
        cache.set(name, body, PICTURE_KEPT_S)
    file = f"map-{release.number}-{query.measure}-{query.month or release.month}.png"
    headers["Content-Disposition"] = f'inline; filename="{file}"'
    return HttpResponse(body, content_type="image/png", headers=headers)


@require_safe
def map_figures(request: HttpRequest, number: int) -> HttpResponse:
    """The figures of a release for the script of the map; they never change, so browsers keep them."""
    release = releases.numbered(settings.RELEASES_DIR, number)
    if release is None:
        raise Problem("not_found", what=Message("thing_address"))
    tag = f'"{_digest_of(release)[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={FOR_EVER_S}, immutable"}
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(
        _data_of(number, tag, str(release.path)), content_type="application/json; charset=utf-8", headers=headers
    )


@lru_cache(maxsize=2)
def _data_of(number: int, _tag: str, _path: str) -> bytes:
    """The data of a release, made once: a large network's take a second."""
    release = releases.numbered(settings.RELEASES_DIR, number)
    return b"" if release is None else map_data(release.figures, release.sites)


def _digest_of(release: releases.Published) -> str:
    """A digest of what the map reads of a release."""
    files = release.manifest.get("files", {})
    parts = [str(release.number), str(release.manifest.get("release", {}).get("cut_off", ""))]
    parts += [str(files.get(name, {}).get("sha256", "")) for name in ("figures.json", "sites.geojson")]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _common(page: MapPage) -> dict[str, Any]:
    """What the page and the embedded page both show."""
    query, view = page.query, page.view
    present = {site.class_in(query.colour) for site in page.sites if site.position is not None}
    marks = [
        {"name": item.name.in_language(language()), "mark": Drawing(shape_of(item.look, 10, 10, 6.5))}
        for item in page.classes
        if item.code in present
    ]
    if present - {item.code for item in page.classes}:
        unknown = Drawing(shape_of(map_style().unknown, 10, 10, 6.5))
        marks.append({"name": Message("map_no_class").render(language()), "mark": unknown})
    return {
        "page": page,
        "query": query,
        "measure": measure_label(query),
        "period": period_label(query, page.release, view.month),
        "total": amount(view.total, query),
        "marks": marks,
        "colour_name": dict(page.choices["dimensions"]).get(query.colour, ""),
        "months": _months(page),
        "panel": _panel(page),
        "release_line": release_line(page.release.figures["release"], language()) if page.release else "",
        "outline_note": _outline_note(page),
        "kept": [(k, v) for k, v in query.parameters().items() if k in ("release", "month", "site", "at")],
    }


def _outline_note(page: MapPage) -> tuple[str, str, str] | None:
    """The sentence on the outlines: before, the source as its own (English) words, after; None without outlines."""
    note = outline_note(page.ground, language()) if page.ground else ""
    if page.ground is None or not note:
        return None
    source = "; ".join(page.ground.sources)
    before, _source, after = note.partition(source)
    return before, source, after


def _months(page: MapPage) -> dict[str, Any] | None:
    """The month shown, the ones beside it with their addresses, and all that can be chosen; None with one only."""
    months = page.view.months
    if page.release is None or len(months) < 2:
        return None
    at = months.index(page.view.month)

    def beside(number: int) -> dict[str, str] | None:
        if not 0 <= number < len(months):
            return None
        month = months[number]
        return {
            "address": address("map", page.query, month="" if number == len(months) - 1 else month),
            "embedded": address("map_embed", page.query, month="" if number == len(months) - 1 else month),
            "label": format_month(month, language()),
        }

    return {"label": format_month(months[at], language()), "earlier": beside(at - 1), "later": beside(at + 1)}


def _panel(page: MapPage) -> dict[str, Any] | None:
    """The site chosen: its figures of the period in every measure, its classes with their reasons, where to go on."""
    query, release = page.query, page.release
    site = next((one for one in page.sites if one.code == query.site), None) if query.site else None
    if site is None:
        return None
    figures = release.figures if release else {"release": {"number": 0, "month": page.view.month}, "sites": []}
    row = next((one for one in figures["sites"] if one["code"] == site.code), None)
    values = []
    if release is not None and row is not None:
        alone = {**figures, "sites": [row]}
        for measure in MEASURES:
            one = MapQuery(measure=measure, period=query.period, month=query.month)
            value = view_of(alone, {}, one).sites[0].value
            values.append({"name": measure_label(one), "amount": amount(value, one)})
    side = "zh" if language().startswith("zh") else "en"
    classes = [
        {"name": name, "class": (row["classes"][code].get("name") or {}).get(side) or row["classes"][code]["code"]}
        for code, name in page.choices["dimensions"]
        if row is not None and code in (row.get("classes") or {}) and code != "scenario"
    ]
    return {
        "site": site,
        "name": named(site),
        "values": values,
        "classes": classes,
        "scenario": dict(page.choices["scenarios"]).get(site.scenario, site.scenario),
        "process": process_name(site.process).in_language(language()),
        "close": address("map", query, site=""),
        "close_embedded": address("map_embed", query, site=""),
    }


def _share(request: HttpRequest, page: MapPage) -> dict[str, str]:
    """Addresses to keep: of this view as it lives on and of this view for good; the code that embeds each."""
    query, release = page.query, page.release
    living = replace(query, release=None, site="")
    found = {"live": _absolute(request, "map", living), "live_code": _code(request, living)}
    if release is not None:
        fixed = replace(query, release=release.number, month=query.month, site="")
        found |= {
            "fixed": _absolute(request, "map", fixed),
            "fixed_code": _code(request, fixed),
            "image": address("map_image", query, site=""),
        }
    return found


def _absolute(request: HttpRequest, name: str, query: MapQuery) -> str:
    """A whole address with the reader's language in it."""
    parameters = urlencode({**query.parameters(), "lang": language()})
    return request.build_absolute_uri(f"{reverse(name)}?{parameters}")


def _code(request: HttpRequest, query: MapQuery) -> str:
    """The HTML that embeds a view."""
    source = _absolute(request, "map_embed", query).replace("&", "&amp;")
    title = _("Map of community compost sites")
    return (
        f'<iframe src="{source}" title="{title}" width="{EMBED_WIDTH}" height="{EMBED_HEIGHT}" '
        f'loading="lazy" style="border:0;max-width:100%"></iframe>'
    )


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")[:6]
    return max(1, int(text)) if text.isascii() and text.isdigit() else 1


def _rows_address(query: MapQuery, number: int) -> str:
    parameters = {**query.parameters(), "page": str(number)}
    return f"{reverse('map')}?{urlencode(parameters)}#sites-title"
