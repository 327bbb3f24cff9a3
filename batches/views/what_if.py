"""The what-if page: the figures' own engine on a made-up site, with sliders; every view has an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from batches.impact.calculator.what_if import Choice, Outcome, Slider, Year, read_choice, what_if, what_if_rules
from batches.impact.gwp import gwp_sets
from batches.impact.method import default_method, methods
from batches.views.tables import language, tonnes
from compostnet.shared.charts import Drawing, Series, line_chart


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number with its slider."""

    name: str
    label: str
    unit: str
    value: str
    rule: Slider
    fault: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """One of several sets."""

    name: str
    label: str
    value: str
    options: list[tuple[str, str]]
    fault: str
    help: str = ""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Sliders and what they come to. Without JavaScript the form is sent by its button."""
    choice, faults = read_choice(request.GET.dict(), default_method(timezone.localdate()))
    outcome = what_if(choice)
    told = {name: fault.render(language()) for name, fault in faults.items()}
    address = f"{request.path}?{urlencode(as_query(choice))}"
    return render(
        request,
        "batches/figures/what_if.html",
        {
            "groups": _groups(choice, told),
            "choice": choice,
            "total": outcome.total,
            "years": [_row(year) for year in (*outcome.years, outcome.total)],
            "payback": outcome.payback,
            "lasting": int(choice.numbers["years"]),
            "explanation": outcome.explanation.render(language()) if outcome.explanation else "",
            "drawing": _drawing(outcome),
            "summary": _row(outcome.total),
            "permalink": request.build_absolute_uri(address),
            "has_faults": bool(faults),
        },
    )


def as_query(choice: Choice) -> dict[str, str]:
    """The choice as the query of its address."""
    sets = {"zone": choice.zone, "route": choice.route, "method": choice.method.code, "gwp": choice.gwp.code}
    return {**{name: f"{value:g}" for name, value in choice.numbers.items()}, **sets}


def _groups(choice: Choice, faults: Mapping[str, str]) -> list[tuple[str, list[NumberField | ChoiceField]]]:
    method, rules = choice.method, what_if_rules().sliders()
    per_month = _("t a month")

    def number(name: str, label: str, unit: str, about: str = "") -> NumberField:
        return NumberField(name, label, unit, f"{choice.numbers[name]:g}", rules[name], faults.get(name, ""), about)

    def choose(name: str, label: str, value: str, options: Mapping[str, str], about: str = "") -> ChoiceField:
        return ChoiceField(name, label, value, list(options.items()), faults.get(name, ""), about)

    def named(found: Mapping[str, object], attribute: str = "name") -> dict[str, str]:
        return {code: getattr(one, attribute).in_language(language()) for code, one in found.items()}

    streams = named(method.streams)
    decaying = named({code: route for code, route in method.routes.items() if route.decays})
    return [
        (
            _("What is composted"),
            [
                *(number(code, label, per_month) for code, label in streams.items()),
                number(
                    "bulking",
                    _("bulking agent"),
                    per_month,
                    _("Never waste: not diverted, but it composts with the rest."),
                ),
                number("years", _("for so many years"), _("years")),
            ],
        ),
        (
            _("What would have happened to it"),
            [
                number("incinerated", _("burnt"), "%", _("Most large Chinese cities burn their waste.")),
                choose("route", _("the rest goes to"), choice.route, decaying),
                number("capture", _("landfill gas captured"), "%"),
                choose("zone", _("Climate zone"), choice.zone, named(method.zones)),
            ],
        ),
        (
            _("Factors"),
            [
                number(
                    "composting_ch4",
                    _("composting's own methane"),
                    _("g/kg wet"),
                    _("IPCC 4 (0.03 to 8); TOOL13 2, where the diary shows aerobic operation."),
                ),
                number(
                    "composting_n2o",
                    _("composting's own nitrous oxide"),
                    _("g/kg wet"),
                    _("IPCC 0.24 (0.06 to 0.6); TOOL13 0.2."),
                ),
                choose("method", _("Method of the baseline"), method.code, named(methods(), "title")),
                choose("gwp", _("Global warming potentials"), choice.gwp.code, named(gwp_sets(), "title")),
            ],
        ),
    ]


def _row(year: Year) -> dict[str, str | bool]:
    """A year (or all of them) as the table shows it."""
    return {
        "label": _("All years") if not year.number else _("Year %(number)s") % {"number": year.number},
        "diverted": tonnes(year.diverted),
        "ch4": tonnes(year.ch4_avoided),
        "avoided": tonnes(year.avoided_co2e),
        "own": tonnes(year.own_co2e),
        "net": tonnes(year.net_co2e),
        "loses": year.net_co2e < 0,
        "forecast_ch4": tonnes(year.forecast_ch4),
        "forecast_net": tonnes(year.forecast_net_co2e),
    }


def _drawing(outcome: Outcome) -> Drawing:
    def line(name: str, attribute: str) -> Series:
        return Series(name, [(year.number, getattr(year, attribute)) for year in outcome.years])

    return line_chart(
        [line(_("avoided"), "avoided_co2e"), line(_("composting's own"), "own_co2e"), line(_("net"), "net_co2e")],
        title=_("Avoided, composting's own and net by year"),
        description=_("t CO₂e of each year, in the year in which the methane would have been given off."),
        unit=_("tonnes CO₂e"),
        language=language(),
        distinct=True,
    )


urlpatterns = [path("what-if/", page, name="what_if")]
