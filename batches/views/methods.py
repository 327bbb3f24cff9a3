"""Pages of the rules behind the figures: methods, GWP sets, baselines, energy factors, climate. All of it is data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.baselines import SCENARIOS, Part, Period, shipped_baselines
from batches.impact.cross_check import CrossCheck, cross_checks
from batches.impact.energy import FUELS, energy_rules
from batches.impact.gwp import gwp_sets
from batches.impact.method import Method, methods
from compostnet.shared.cited import Factor
from compostnet.shared.problems import Problem
from compostnet.shared.texts import Message
from sites.climate import climate_rule, climates, zone_from
from sites.models import Region
from sites.vocabulary import climate_zones

Row = dict[str, Any]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every set of rules: methods, cross-checks, GWP sets, baselines, energy, climate."""
    method = next(iter(methods().values()))
    energy, rule = energy_rules(), climate_rule()
    names = {region.code: region for region in Region.objects.only("code", "name_zh", "name_en")}
    baselines = [row | {"name": names.get(row["region"])} for row in _baselines(method)]
    return render(
        request,
        "batches/methods/index.html",
        {
            "methods": methods().values(),
            "cross_checks": cross_checks().values(),
            "gwp_sets": gwp_sets().values(),
            "baselines": [row for row in baselines if not row["file"].invented],
            "invented": [row for row in baselines if row["file"].invented],
            "energy": energy,
            "fuels": [(fuel_name(fuel), energy.fuels[fuel]) for fuel in FUELS],
            "grid": [
                {"region": code, "name": names.get(code), "year": row.year, "factor": row.factor}
                for code, rows in energy.grid.items()
                for row in rows
            ],
            "climate": rule,
            "thresholds": [rule.tropical_above_c, rule.wet_from_ratio, rule.wet_from_mm],
            "normals": [
                {"region": code, "normals": found, "zone": climate_zones().get(zone_from(rule, found) or "")}
                for code, found in climates().regions.items()
            ],
            "climate_sources": climates().sources,
        },
    )


def fuel_name(fuel: str) -> str:
    """A fuel's name in the reader's language."""
    return {"diesel_l": _("diesel"), "petrol_l": _("petrol")}[fuel]


def _baselines(method: Method) -> Iterable[Row]:
    for file in shipped_baselines(method):
        for region, periods in file.regions.items():
            for period in periods:
                yield {
                    "file": file,
                    "region": region,
                    "period": period,
                    "review": file.reviews[period.review],
                    "document": file.documents[period.document],
                    "mixes": list(_mixes(method, period)),
                }


def _mixes(method: Method, period: Period) -> Iterable[Row]:
    """The mixes of a period: the central one, and the others where they are told of."""
    names = {"low": _("low"), "central": _("central"), "high": _("high")}
    for scenario in SCENARIOS if period.has_scenarios else ("central",):
        own = {"low": period.low, "high": period.high}.get(scenario)
        yield {
            "name": names[scenario],
            "central": scenario == "central",
            "parts": [_part(method, part) for part in period.mix_of(scenario)],
            "reason": own.reason if own else None,
        }


def _part(method: Method, part: Part) -> Row:
    return {"name": method.routes[part.route].name, "share": 100 * part.share, "capture": 100 * part.capture}


@require_safe
def method(request: HttpRequest, code: str) -> HttpResponse:
    """One method or cross-check: its equations, and every factor with unit, source and confidence."""
    if check := cross_checks().get(code):
        return render(request, "batches/methods/cross_check.html", _cross_check(check))
    found = methods().get(code)
    if found is None:
        raise Problem("not_found", what=Message("thing_method"))
    streams = [
        {
            "name": one.name,
            "doc": one.doc,
            "docf": found.docf(key),
            "rates": [one.k[zone] for zone in found.zones],
            "by_zone": [(zone.name, one.k[code]) for code, zone in found.zones.items()],
        }
        for key, one in found.streams.items()
    ]
    factors = [f for row in streams for f in (row["doc"], row["docf"], *row["rates"])]
    return render(
        request,
        "batches/methods/method.html",
        {
            "method": found,
            "gwp": found.default_gwp(),
            "general": _general(found),
            "aerobic": _aerobic(found),
            "streams": streams,
            "stream_sources": list(dict.fromkeys((factor.source, factor.confidence) for factor in factors)),
        },
    )


def _general(found: Method) -> list[tuple[str, str, Factor]]:
    rules = found.landfilling
    return [
        ("φ", _("model correction, wet zones"), rules.phi.wet),
        ("φ", _("model correction, dry zones"), rules.phi.dry),
        ("φ", _("model correction, residue after composting"), rules.phi.residue),
        ("F", _("methane in landfill gas, by volume"), rules.methane_fraction),
        ("DOCf", _("part of the degradable carbon that decomposes"), rules.docf),
        ("M(CH₄)", _("molar mass of methane"), rules.molar_mass_ch4),
        ("M(C)", _("molar mass of carbon"), rules.molar_mass_c),
        ("EF(CH₄)", _("composting: methane per tonne composted"), found.composting.ch4),
        ("EF(N₂O)", _("composting: nitrous oxide per tonne composted"), found.composting.n2o),
        ("T", _("horizon of the forecast"), found.forecast_years),
    ]


def _aerobic(found: Method) -> list[tuple[str, str, Factor]]:
    """The factors of aerobic months, and what the diary must show for them."""
    rules = found.composting.aerobic
    if rules is None:
        return []
    return [
        ("EF(CH₄)", _("aerobic month: methane per tonne composted"), rules.ch4),
        ("EF(N₂O)", _("aerobic month: nitrous oxide per tonne composted"), rules.n2o),
        ("≥", _("days with a temperature reading"), rules.when.temperature_days),
        ("≥", _("hot days among them"), rules.when.hot_days),
        ("≥", _("temperature of a hot day"), rules.when.hot_c),
        ("≥", _("turnings"), rules.when.turnings),
        ("≥", _("oxygen, wherever it was measured"), rules.when.oxygen_percent),
    ]


def _cross_check(check: CrossCheck) -> Row:
    fates = {"landfill": _("landfilled"), "combustion": _("burnt"), "composting": _("turned into compost")}
    names = next(iter(methods().values())).streams
    rows = [
        {
            "stream": names[stream].name,
            "fate": fates[fate],
            "parts": one,
            "total": round(one.total(credits=True), 6),
            "gases": round(one.total(credits=False), 6),
        }
        for stream, factors in check.streams.items()
        for fate, one in factors.items()
    ]
    return {"check": check, "rows": rows, "gwp": gwp_sets()[check.gwp]}


urlpatterns = [
    path("methods/", index, name="methods"),
    path("methods/<str:code>/", method, name="method"),
]
