"""What if: a site that composts the same every month, with baseline, climate and factors as somebody likes. Pure.

The same engine, factors and accounting as the published figures; only the masses and the mix are made up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from batches.impact.accounts import CATEGORIES, MG_PER_T, NOT_WASTE, UG_PER_T, Masses, make_accounts, net_co2e_t
from batches.impact.baselines import BaselineFile
from batches.impact.factors import MONTHS, Place, make_factors
from batches.impact.gwp import GwpSet, gwp_sets
from batches.impact.method import STREAMS, Method, methods
from compostnet.shared.rules import Rule, load_rule
from compostnet.shared.texts import Message

FILE = Path(__file__).with_name("what_if.yaml")
FIRST_YEAR = 2001
REGION = "what-if"
G_PER_KG = 1000


class Slider(Rule):
    """What may be entered, the step, where it starts (None: the method's value), and how far the slider goes."""

    least: float
    most: float
    step: float
    slider: float
    start: float | None = None


class Start(Rule):
    zone: str
    route: str


class WhatIfRules(Rule):
    masses: dict[str, Slider]
    years: Slider
    incinerated: Slider
    capture: Slider
    composting_ch4: Slider
    composting_n2o: Slider
    start: Start

    def sliders(self) -> dict[str, Slider]:
        """Every slider by the name of its field."""
        return {
            **self.masses,
            "years": self.years,
            "incinerated": self.incinerated,
            "capture": self.capture,
            "composting_ch4": self.composting_ch4,
            "composting_n2o": self.composting_n2o,
        }


@cache
def what_if_rules() -> WhatIfRules:
    """The rules of the page."""
    return load_rule(FILE, WhatIfRules)


@dataclass(frozen=True)
class Choice:
    """What somebody chose: numbers by field (tonnes a month, percent, years, g/kg), and the sets by code."""

    numbers: Mapping[str, float]
    zone: str
    route: str
    method: Method
    gwp: GwpSet


def read_choice(given: Mapping[str, str], method: Method) -> tuple[Choice, dict[str, Message]]:
    """The choice of a query string; what cannot be used is told by field, and its starting value is taken.

    ``method`` is the one in force; without factors of its own a choice has those of its method.
    """
    rules, faults = what_if_rules(), dict[str, Message]()
    chosen = methods()[_one_of("method", given, list(methods()), method.code, faults)]
    decaying = [code for code, route in chosen.routes.items() if route.decays]
    own = {"composting_ch4": chosen.composting.ch4.value, "composting_n2o": chosen.composting.n2o.value}
    numbers = {}
    for name, slider in rules.sliders().items():
        start = slider.start if slider.start is not None else round(own[name] * G_PER_KG, 6)
        numbers[name] = _number(name, given, slider, start, faults)
    gwp = gwp_sets()[_one_of("gwp", given, list(gwp_sets()), chosen.gwp, faults)]
    zone = _one_of("zone", given, list(chosen.zones), rules.start.zone, faults)
    route = _one_of("route", given, decaying, rules.start.route, faults)
    return Choice(numbers, zone, route, chosen, gwp), faults


def _one_of(name: str, given: Mapping[str, str], known: Sequence[str], start: str, faults: dict[str, Message]) -> str:
    value = given.get(name, "").strip() or start
    if value not in known:
        faults[name] = Message("what_if_unknown", {"found": value[:40], "known": ", ".join(known)})
        return start
    return value


def _number(name: str, given: Mapping[str, str], slider: Slider, start: float, faults: dict[str, Message]) -> float:
    text = given.get(name, "").strip()
    if not text:
        return start
    try:
        value = float(text.replace("，", ".").replace(",", "."))
    except ValueError:
        value = math.nan
    if not slider.least <= value <= slider.most:
        limits = {"found": text[:40], "least": f"{slider.least:g}", "most": f"{slider.most:g}"}
        faults[name] = Message("what_if_out_of_range", limits)
        return start
    return float(round(value)) if name == "years" else value


@dataclass(frozen=True)
class Year:
    """One year, in t and t CO2e. ``forecast_…``: what that year's mass will have caused in 20 years; never to be added
    to the accrued."""

    number: int
    diverted: float
    ch4_avoided: float
    avoided_co2e: float
    own_ch4: float
    own_n2o: float
    own_co2e: float
    net_co2e: float
    forecast_ch4: float
    forecast_net_co2e: float


@dataclass(frozen=True)
class Outcome:
    """The years, and all of them together. ``payback``: the first year after which the net to date is not negative."""

    years: tuple[Year, ...]
    total: Year
    payback: int | None
    explanation: Message | None


def what_if(choice: Choice) -> Outcome:
    """What a choice comes to."""
    method = choice.method.model_copy(
        update={
            "composting": choice.method.composting.model_copy(
                update={
                    gas: getattr(choice.method.composting, gas).model_copy(
                        update={"value": choice.numbers[f"composting_{gas}"] / G_PER_KG}
                    )
                    for gas in ("ch4", "n2o")
                }
            )
        }
    )
    months = int(choice.numbers["years"]) * MONTHS
    intake = np.zeros((months, 1, CATEGORIES), dtype=np.int64)
    for category, name in (*enumerate(STREAMS), (NOT_WASTE, "bulking")):
        intake[:, 0, category] = round(choice.numbers[name] * MG_PER_T)
    nothing = np.zeros((months, 1), dtype=np.int64)
    everything = intake.sum(axis=2)
    masses = Masses(intake, np.zeros_like(intake), nothing, everything, nothing, np.ones((months, 1), dtype=np.bool_))
    place = Place(choice.zone, (REGION,), False)
    factors = make_factors(method, [_baseline(choice)], [place], FIRST_YEAR * MONTHS, months)
    accounts, _ = make_accounts(method, factors, np.zeros(1, dtype=np.intp), masses)

    def year(number: int, start: int, stop: int) -> Year:
        sums = {name: int(values[0]) for name, values in accounts.over(start, stop).items()}
        later = {**sums, "ch4_avoided": sums["ch4_forecast"]}
        return Year(
            number=number,
            diverted=sums["diverted"] / MG_PER_T,
            ch4_avoided=sums["ch4_avoided"] / UG_PER_T,
            avoided_co2e=choice.gwp.co2e_t(sums["ch4_avoided"], sums["n2o_avoided"]),
            own_ch4=sums["composting_ch4"] / UG_PER_T,
            own_n2o=sums["composting_n2o"] / UG_PER_T,
            own_co2e=choice.gwp.co2e_t(sums["composting_ch4"], sums["composting_n2o"]),
            net_co2e=net_co2e_t(sums, choice.gwp),
            forecast_ch4=sums["ch4_forecast"] / UG_PER_T,
            forecast_net_co2e=net_co2e_t(later, choice.gwp),
        )

    years = tuple(year(at // MONTHS + 1, at, at + MONTHS) for at in range(0, months, MONTHS))
    total = year(0, 0, months)
    so_far = np.cumsum([one.net_co2e for one in years])
    payback = next((number for number, net in enumerate(so_far.tolist(), start=1) if net >= 0), None)
    return Outcome(years, total, payback, _explanation(total))


def _explanation(total: Year) -> Message | None:
    """Why the net is below zero, in the words of the published figures."""
    if total.net_co2e >= 0:
        return None
    return Message("figures_negative_for_now" if total.forecast_net_co2e >= 0 else "figures_negative_little_to_avoid")


def _baseline(choice: Choice) -> BaselineFile:
    """The chosen mix in the shape of a baseline."""
    burnt = choice.numbers["incinerated"] / 100
    burning = next(code for code, route in choice.method.routes.items() if route.burns)
    mix = [
        {"route": choice.route, "share": 1 - burnt, "capture": choice.numbers["capture"] / 100},
        {"route": burning, "share": burnt},
    ]
    period = {"years": [FIRST_YEAR, None], "document": "choice", "review": "none", "confidence": "C"}
    return BaselineFile.model_validate(
        {
            "code": "what_if",
            "title": {"zh": "假设", "en": "what if"},
            "documents": {"choice": {"title": "a choice"}},
            "reviews": {"none": {"reviewer": "nobody", "reviewed_on": "2001-01-01"}},
            "regions": {REGION: [{**period, "mix": [part for part in mix if part["share"]]}]},
        }
    )
