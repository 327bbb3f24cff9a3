"""Public pages of figures: they read the releases folder and nothing else."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.baselines import shipped_baselines
from batches.impact.method import Factor, Method, methods
from batches.views import desk
from compostnet.shared import releases
from compostnet.shared.charts import bar_chart
from compostnet.shared.display import format_mass, format_month
from compostnet.shared.problems import Problem
from compostnet.shared.releases import CONTENT_TYPES, Published
from compostnet.shared.texts import Message

MONTHS_DRAWN = 24
SPANS = ("month", "year", "total")
FOREVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=300"


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The figures of the newest month."""
    return _page(request, releases.latest(settings.RELEASES_DIR))


@require_safe
def figures_month(request: HttpRequest, month: str) -> HttpResponse:
    """The figures of one month, in its newest revision."""
    found = releases.latest_of_month(settings.RELEASES_DIR, month)
    if found is None:
        raise Problem("month_not_published", month=month, published=_published_months() or ["—"])
    return _page(request, found)


def _published_months() -> list[str]:
    return sorted({entry["month"] for entry in releases.index(settings.RELEASES_DIR)})


def _page(request: HttpRequest, found: Published | None) -> HttpResponse:
    if found is None:
        return render(request, "batches/figures/nothing.html")
    figures = found.figures
    network = figures["network"]
    months = _published_months()
    at = months.index(found.month)
    drawn = figures["months"][-MONTHS_DRAWN:]
    headline = [
        {"span": span, "figure": network[span], "label": label, **_coverage(network[span])}
        for span, label in zip(
            SPANS,
            (
                format_month(found.month, _language()),
                _("%(year)s so far") % {"year": found.month[:4]},
                _("since the start"),
            ),
            strict=True,
        )
    ]
    groups = [
        {"title": _("By scenario"), "first": _("Scenario"), "rows": figures["scenarios"]},
        {"title": _("By province"), "first": _("Province"), "rows": figures["provinces"]},
    ]
    return render(
        request,
        "batches/figures/figures.html",
        {
            "release": figures["release"],
            "published": found,
            "network": network,
            "headline": headline,
            "month": headline[0],
            "groups": groups,
            "months": drawn[::-1],
            "diverted_chart": _chart(drawn, "diverted_t", _("Waste diverted by month"), _("tonnes")),
            "net_chart": _chart(drawn, "net_co2e_t", _("Net effect by month"), _("tonnes CO₂e")),
            "changes": _changes(figures),
            "earlier": months[at - 1] if at else None,
            "later": months[at + 1] if at + 1 < len(months) else None,
            "method": methods().get(figures["release"]["method"]),
        },
    )


def _changes(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """The sites whose diverted mass is not what the release before said, by name."""
    names = {site["code"]: {name: site[name] for name in ("name_zh", "name_en")} for site in figures["sites"]}
    return [
        change | names.get(change["code"], {"name_zh": change["code"], "name_en": change["code"]})
        for change in figures["changes"]
        if change["level"] == "site" and change["indicator"] == "diverted_kg"
    ]


def _coverage(figure: dict[str, Any]) -> dict[str, Any]:
    """Shares in percent, for display."""
    return {
        name.removeprefix("share_"): None if figure[name] is None else 100 * figure[name]
        for name in ("share_weighed", "share_estimated", "share_with_baseline")
    }


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _chart(rows: list[dict[str, Any]], name: str, title: str, unit: str) -> str:
    """One indicator by month; what nobody verified or estimated is a gap, never a zero."""
    language = _language()
    values = [row[name] if row["sites_verified"] or name == "net_co2e_t" else None for row in rows]
    known = [(value, row["month"]) for value, row in zip(values, rows, strict=True) if value is not None]
    description = _("No value is known for these months.")
    if known:
        most, least = max(known), min(known)
        description = _("Highest %(most)s in %(most_month)s, lowest %(least)s in %(least_month)s.") % {
            "most": format_mass(most[0], language, "t"),
            "most_month": format_month(most[1], language),
            "least": format_mass(least[0], language, "t"),
            "least_month": format_month(least[1], language),
        }
    return bar_chart(
        [(format_month(row["month"], language, short=True), value) for row, value in zip(rows, values, strict=True)],
        title=title,
        description=description,
        unit=unit,
        language=language,
        missing=_("nothing verified") if name == "diverted_t" else _("not estimated"),
    )


@require_safe
def method(request: HttpRequest, code: str) -> HttpResponse:
    """One method: every equation in words, every factor with unit, source and confidence, and the baselines."""
    found = methods().get(code)
    if found is None:
        raise Problem("not_found", what=Message("thing_method"))
    rules = found.landfilling
    general: list[tuple[str, str, Factor]] = [
        ("φ", _("model correction, wet zones"), rules.phi.wet),
        ("φ", _("model correction, dry zones"), rules.phi.dry),
        ("F", _("methane in landfill gas, by volume"), rules.methane_fraction),
        ("DOCf", _("part of the degradable carbon that decomposes"), rules.docf),
        ("M(CH₄)", _("molar mass of methane"), rules.molar_mass_ch4),
        ("M(C)", _("molar mass of carbon"), rules.molar_mass_c),
        ("EF(CH₄)", _("composting: methane per tonne composted"), found.composting.ch4),
        ("EF(N₂O)", _("composting: nitrous oxide per tonne composted"), found.composting.n2o),
        ("GWP(CH₄)", _("global warming potential of methane, 100 years"), found.gwp.ch4),
        ("GWP(N₂O)", _("global warming potential of nitrous oxide, 100 years"), found.gwp.n2o),
        ("T", _("horizon of the forecast"), found.forecast_years),
    ]
    baselines = [
        {
            "file": file,
            "region": region,
            "period": period,
            "review": file.reviews[period.review],
            "document": file.documents[period.document],
            "mix": _mix(found, period.mix),
        }
        for file in shipped_baselines(found)
        for region, periods in file.regions.items()
        for period in periods
    ]
    return render(
        request,
        "batches/figures/method.html",
        {
            "method": found,
            "general": general,
            "streams": _streams(found),
            "stream_sources": _stream_sources(found),
            "baselines": baselines,
        },
    )


def _mix(found: Method, parts: Any) -> list[dict[str, Any]]:
    return [
        {"name": found.routes[part.route].name, "share": 100 * part.share, "capture": 100 * part.capture}
        for part in parts
    ]


def _streams(found: Method) -> list[dict[str, Any]]:
    return [
        {"name": stream.name, "doc": stream.doc, "rates": [stream.k[zone] for zone in found.zones]}
        for stream in found.streams.values()
    ]


def _stream_sources(found: Method) -> list[tuple[str, str]]:
    """Source and confidence of the factors of the waste classes; each pair once."""
    factors = [f for stream in found.streams.values() for f in (stream.doc, *stream.k.values())]
    return list(dict.fromkeys((factor.source, factor.confidence) for factor in factors))


@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """Every release with its files, sizes and checksums."""
    found = releases.all_releases(settings.RELEASES_DIR)
    return render(request, "batches/figures/downloads.html", {"releases": found})


@require_safe
def release_file(request: HttpRequest, number: str, name: str) -> HttpResponseBase:
    """A file of a release, byte for byte as published; ``latest`` is the newest month's newest revision."""
    folder = Path(settings.RELEASES_DIR)
    if number == "latest":
        found = releases.latest(folder)
    else:
        found = releases.numbered(folder, int(number)) if re.fullmatch(r"[1-9]\d{0,8}", number) else None
    file = found.file(name) if found else None
    if found is None or file is None:
        raise Problem("not_found", what=Message("thing_release_file"))
    digest = found.files[name]["sha256"] if name in found.files else _manifest_digest(folder, found.number)
    etag = f'"{digest}"'
    made = dt.datetime.fromisoformat(found.manifest["release"]["created_at"])
    unchanged = get_conditional_response(request, etag=etag, last_modified=int(made.timestamp()))
    response: HttpResponseBase = unchanged if unchanged is not None else FileResponse(file.open("rb"))
    if unchanged is None:
        response.headers["Content-Type"] = CONTENT_TYPES[file.suffix]
        response.headers["Content-Disposition"] = f'inline; filename="compostnet-{found.month}-{found.number}-{name}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = SHORTLY if number == "latest" else FOREVER
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _manifest_digest(folder: Path, number: int) -> str:
    return next(str(e["manifest_sha256"]) for e in releases.index(folder) if e["number"] == number)


@require_safe
def release_index(request: HttpRequest) -> HttpResponse:
    """``index.json``: what has been published."""
    file = Path(settings.RELEASES_DIR) / releases.INDEX
    if not file.exists():
        raise Http404
    response = HttpResponse(file.read_bytes(), content_type=CONTENT_TYPES[".json"])
    response.headers["Cache-Control"] = SHORTLY
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


urlpatterns = [
    path("figures/", figures, name="figures"),
    path("figures/<str:month>/", figures_month, name="figures_month"),
    path("methods/<str:code>/", method, name="method"),
    path("downloads/", downloads, name="downloads"),
    path("releases/index.json", release_index, name="release_index"),
    path("releases/<str:number>/<str:name>", release_file, name="release_file"),
    *desk.urlpatterns,
]
