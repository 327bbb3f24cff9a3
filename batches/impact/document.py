"""``figures.json``: the figures of a month at every level, out of inputs and rules. Pure.

The same inputs and rules give the same bytes. Everything that is added up is a whole number (milligrams, micrograms),
so that sites sum to cities, provinces and the network to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from batches.impact.accounts import make_accounts
from batches.impact.factors import make_factors
from batches.impact.figure_table import Figure, Warming
from batches.impact.inputs import CITY, PROVINCE, Inputs, RegionFacts, SiteFacts, make_masses
from batches.impact.levels import Ledgerbook, Level, month_figures
from batches.impact.rulebook import Rules
from compostnet.shared.months import month_text

__all__ = ["Inputs", "Rules", "make_book", "make_document"]
SCHEMA = 2
Json = dict[str, Any]


def make_book(inputs: Inputs, rules: Rules) -> Ledgerbook:
    """The accounts of every site and month by the rules' method and central baselines."""
    places, group = inputs.groups
    factors = make_factors(rules.method, rules.baselines, places, inputs.first, inputs.months, energy=rules.energy)
    masses = make_masses(inputs, rules.materials)
    accounts, known = make_accounts(rules.method, factors, group, masses)
    warming = Warming(rules.gwp.ch4.value, rules.gwp.n2o.value)
    return Ledgerbook(inputs, factors, group, dict(accounts.rows()), known, warming)


def baselines_used(inputs: Inputs, rules: Rules) -> list[str]:
    """The ids of the baselines that verified mass is held against."""
    places, group = inputs.groups
    factors = make_factors(rules.method, rules.baselines, places, inputs.first, inputs.months)
    known = inputs.verified & factors.known[:, group]
    years = np.arange(inputs.first, inputs.month + 1) // 12
    used = {(g, year) for year in set(years.tolist()) for g in set(group[known[years == year].any(axis=0)].tolist())}
    return sorted({factors.baselines[key].id for key in used})


def make_document(inputs: Inputs, rules: Rules, about: Mapping[str, Any], book: Ledgerbook | None = None) -> Json:
    """The whole document; ``about`` is what stands under ``release``. Changes are put in by who knows the last one."""
    book = book or make_book(inputs, rules)
    axis = [month_text(month) for month in range(inputs.first, inputs.month + 1)]
    document: Json = {
        "schema": SCHEMA,
        "release": dict(about),
        "network": _network(book),
        "months": [{"month": m, **figure} for m, figure in zip(axis, month_figures(book), strict=True)],
        "series_months": axis,
        "provinces": _regions(book, PROVINCE),
        "cities": _regions(book, CITY),
        "scenarios": _scenarios(book, rules),
        "classes": {},
        "sites": _sites(book),
        "sensitivity": [],
        "resources": {},
        "benefits": {},
        "changes": [],
    }
    return document


def _network(book: Ledgerbook) -> Json:
    level = Level(book, np.zeros(len(book.inputs.sites), dtype=np.intp), 1)
    last = book.last_year
    return {
        **{name: level.figures(span)[0] for name, span in book.spans.items()},
        "last_year": {name: level.figures(span)[0] for name, span in last.items()} if last else None,
    }


Grouped = tuple[list[str], list[Json]]


def grouped(book: Ledgerbook, key: Callable[[SiteFacts], str | None], *, series: bool = True) -> Grouped:
    """Keys in their order, and for each the figures of every span (and the series) of the sites that have it."""
    keys = [key(site) for site in book.inputs.sites]
    names = sorted({k for k in keys if k is not None})
    place = {name: number for number, name in enumerate(names)}
    of = np.array([-1 if k is None else place[k] for k in keys], dtype=np.intp)
    return names, _spans(Level(book, of, len(names)), series=series)


def _spans(level: Level, *, series: bool = True) -> list[Json]:
    columns: dict[str, Sequence[Figure] | Sequence[Any]] = {
        name: level.figures(span) for name, span in level.book.spans.items()
    }
    if series:
        columns["series"] = level.series()
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _named(region: RegionFacts) -> Json:
    return {"code": region.code, "name_zh": region.name_zh, "name_en": region.name_en}


def _regions(book: Ledgerbook, level: int) -> list[Json]:
    inputs = book.inputs
    names, figures = grouped(book, lambda site: inputs.region_at(site, level))
    found = []
    for code, one in zip(names, figures, strict=True):
        named = _named(inputs.regions[code])
        if level == CITY:
            named["province"] = province_of(inputs, code)
        found.append({**named, **one})
    return found


def province_of(inputs: Inputs, code: str) -> str | None:
    """The province that a city lies in."""
    at: str | None = code
    while at is not None:
        region = inputs.regions[at]
        if region.level == PROVINCE:
            return at
        at = region.parent
    return None


def _scenarios(book: Ledgerbook, rules: Rules) -> list[Json]:
    known = rules.vocabulary.get("scenarios", {})
    names, figures = grouped(book, lambda site: site.scenario)
    return [
        {
            "code": code,
            "name_zh": known.get(code, {}).get("zh", code),
            "name_en": known.get(code, {}).get("en", code),
            **one,
        }
        for code, one in zip(names, figures, strict=True)
    ]


def _sites(book: Ledgerbook) -> list[Json]:
    inputs = book.inputs
    everyone = Level(book, np.arange(len(inputs.sites), dtype=np.intp), len(inputs.sites))
    figures = _spans(everyone)
    states = site_states(inputs)
    year = inputs.month // 12
    found = []
    for n, site in enumerate(inputs.sites):
        baseline = book.factors.baselines.get((int(book.group[n]), year))
        found.append(
            {
                "code": site.code,
                "name_zh": site.name_zh,
                "name_en": site.name_en,
                "city": inputs.region_at(site, CITY),
                "province": inputs.region_at(site, PROVINCE),
                "scenario": site.scenario,
                "process": site.process,
                "state": states[n],
                "zone": {"code": site.zone or None, "because": site.zone_because},
                "baseline": {"id": baseline.id, "region": baseline.region} if baseline else None,
                "detail": site.detail,
                "classes": {},
                "resources": {},
                "households": site.households,
                "area_m2": site.area_m2,
                **figures[n],
            }
        )
    return found


def site_states(inputs: Inputs) -> list[str]:
    """Of every site ``verified``, ``reported``, ``silent`` (expected, but nothing came) or ``closed`` in the month."""
    flags = zip(*(f[-1].tolist() for f in (inputs.verified, inputs.reported, inputs.expected)), strict=True)
    return [
        "verified" if verified else "reported" if reported else "silent" if expected else "closed"
        for verified, reported, expected in flags
    ]
