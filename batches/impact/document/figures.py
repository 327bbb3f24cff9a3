"""``figures.json``: the figures of a month at every level, out of inputs and rules. Pure.

The same inputs and rules give the same bytes. Everything that is added up is a whole number (milligrams, micrograms),
so that sites sum to cities, provinces and the network to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from batches.impact.accounts import make_accounts, scenario_accounts
from batches.impact.baselines import Scenario
from batches.impact.benefits import make_benefits
from batches.impact.document.figure_table import Figure, Warming
from batches.impact.document.inputs import CITY, PROVINCE, Inputs, RegionFacts, make_masses
from batches.impact.document.levels import NET_OF, SPANS, Book, Level, month_figures
from batches.impact.document.resource_sums import resource_sums
from batches.impact.document.rulebook import Rules
from batches.impact.document.site_classes import class_figures, class_sites, dimension_keys, told
from batches.impact.energy import ENERGY
from batches.impact.factors import Factors, make_factors
from batches.impact.methane import Ints
from batches.impact.pooled import pooled
from batches.impact.sensitivity import Computed, Sets, sensitivity_rows
from batches.impact.uncertainty import intervals
from compostnet.shared.memory import without_collection
from compostnet.shared.months import month_text

__all__ = ["Inputs", "Rules", "make_book", "make_document"]
SCHEMA = 2
NETWORK, SITES = "network", "sites"
Json = dict[str, Any]


def make_book(inputs: Inputs, rules: Rules) -> Book:
    """The accounts of every site and month by the rules' method and central baselines."""
    places, group = inputs.groups
    masses = make_masses(inputs, rules.materials)
    factors = _factors(inputs, rules)
    accounts, known = make_accounts(rules.method, factors, group, masses)
    warming = Warming(rules.gwp.ch4.value, rules.gwp.n2o.value)
    columns = {**dict(accounts.rows()), "energy_records": _energy_records(inputs)}
    return Book(inputs, places, group, factors, masses, accounts, columns, known, warming)


def _factors(inputs: Inputs, rules: Rules, scenario: Scenario = "central") -> Factors:
    places, _ = inputs.groups
    span = (inputs.first, inputs.months)
    return make_factors(rules.method, rules.baselines, places, *span, scenario=scenario, energy=rules.energy)


def _energy_records(inputs: Inputs) -> np.ndarray:
    """How many kinds of energy a site wrote down in a month, (T, N)."""
    records, found = inputs.records, np.zeros(inputs.verified.shape, dtype=np.int64)
    is_energy = np.array([kind in ENERGY for kind in records.kinds] or [False])[records.kind]
    np.add.at(found, (records.month[is_energy], records.site[is_energy]), 1)
    return found


def baselines_used(inputs: Inputs, rules: Rules) -> list[str]:
    """The ids of the baselines that verified mass is held against."""
    factors = _factors(inputs, rules)
    _, group = inputs.groups
    known = inputs.verified & factors.known[:, group]
    years = np.arange(inputs.first, inputs.month + 1) // 12
    used = {(g, year) for year in set(years.tolist()) for g in set(group[known[years == year].any(axis=0)].tolist())}
    return sorted({factors.baselines[key].id for key in used})


def baseline_files_used(inputs: Inputs, rules: Rules) -> set[str]:
    """The codes of the files of baselines that apply to any site in any month."""
    return {baseline.file.code for baseline in _factors(inputs, rules).baselines.values()}


def with_scenarios(book: Book, rules: Rules) -> Book:
    """The same with the accounts by the low and the high baselines, where any baseline has them."""
    varied = book.known & book.factors.has_scenarios[:, book.group]
    if not varied.any():
        return book
    sides = {}
    for scenario in ("low", "high"):
        factors = _factors(book.inputs, rules, scenario)
        accounts = scenario_accounts(rules.method, factors, book.group, book.masses, book.accounts)
        sides[scenario] = {name: values for name, values in accounts.rows() if name in NET_OF}
    return replace(book, low=sides["low"], high=sides["high"])


@without_collection()
def make_document(inputs: Inputs, rules: Rules, about: Mapping[str, Any], book: Book | None = None) -> Json:
    """The whole document; ``about`` is what stands under ``release``. Changes are put in by who knows the last one."""
    book = with_scenarios(book or make_book(inputs, rules), rules)
    classes = class_sites(book, rules)
    groups = {
        NETWORK: ([""], np.zeros(len(inputs.sites), dtype=np.intp)),
        "provinces": grouped([inputs.region_at(site, PROVINCE) for site in inputs.sites]),
        "cities": grouped([inputs.region_at(site, CITY) for site in inputs.sites]),
        "scenarios": grouped([site.scenario for site in inputs.sites]),
        **{f"class:{code}": grouped(dimension_keys(classes, code)) for code in rules.classification.dimensions},
    }
    book = _with_intervals(book, rules, groups)
    levels = {name: (codes, Level(book, name, of, len(codes))) for name, (codes, of) in groups.items()}
    axis = [month_text(month) for month in range(inputs.first, inputs.month + 1)]
    resources, of_network = resource_sums(inputs, rules.resources, book.spans)
    document: Json = {
        "schema": SCHEMA,
        "release": dict(about),
        "network": _network(book, levels[NETWORK][1]),
        "months": [{"month": m, **figure} for m, figure in zip(axis, month_figures(book), strict=True)],
        "series_months": axis,
        "provinces": _regions(inputs, *levels["provinces"]),
        "cities": [
            {**city, "province": province_of(inputs, city["code"])} for city in _regions(inputs, *levels["cities"])
        ],
        "scenarios": _scenarios(rules, *levels["scenarios"]),
        "classes": class_figures(
            classes, rules, {code: levels[f"class:{code}"] for code in rules.classification.dimensions}
        ),
        "sites": _sites(book, [told(found) for found in classes], resources),
        "sensitivity": _sensitivity(book, rules),
        "resources": of_network,
        "benefits": {},
        "changes": [],
    }
    if document["months"]:
        document["months"][-1]["interval"] = document["network"]["month"]["interval"]
    chains = {site.code: inputs.chains[site.region] for site in inputs.sites}
    invented = {site.code for site in inputs.sites if site.invented}
    document["benefits"] = make_benefits(_dated(document, inputs), chains, rules.benefits, invented=invented)
    return document


def make_series(inputs: Inputs, rules: Rules) -> Json:
    """The part of the document that releases are compared by: the network's months and the series of every site."""
    book = make_book(inputs, rules)
    axis = [month_text(month) for month in range(inputs.first, inputs.month + 1)]
    of = np.arange(len(inputs.sites), dtype=np.intp)
    series = Level(book, SITES, of, len(inputs.sites)).series()
    return {
        "months": [{"month": m, **figure} for m, figure in zip(axis, month_figures(book), strict=True)],
        "series_months": axis,
        "sites": [{"code": site.code, "series": one} for site, one in zip(inputs.sites, series, strict=True)],
    }


def _dated(document: Json, inputs: Inputs) -> Json:
    """The document with its month, which live figures have no ``release`` to hold."""
    return {**document, "release": {**document["release"], "month": month_text(inputs.month)}}


def grouped(keys: Sequence[str | None]) -> tuple[list[str], Ints]:
    """The different keys in their order, and the number of every site's key (-1: none)."""
    names = sorted({key for key in keys if key is not None})
    place = {name: number for number, name in enumerate(names)}
    return names, np.array([-1 if key is None else place[key] for key in keys], dtype=np.intp)


def _with_intervals(book: Book, rules: Rules, groups: Mapping[str, tuple[list[str], Ints]]) -> Book:
    """The same with the 95 % intervals of every level."""
    if not book.inputs.sites:
        return book
    # A level whose one group is everybody has the network's intervals.
    whole = [name for name, (codes, of) in groups.items() if name != NETWORK and len(codes) == 1 and (of == 0).all()]
    found = intervals(
        rules.uncertainty,
        rules.method,
        rules.gwp,
        factors=book.factors,
        places=book.places,
        group=book.group,
        masses=book.masses,
        accounts=book.accounts,
        known=book.known,
        spans=list(book.spans.values()),
        groupings={name: (of, len(codes)) for name, (codes, of) in groups.items() if name not in whole},
    )
    return replace(book, intervals={**found, **dict.fromkeys(whole, found[NETWORK])})


def _network(book: Book, level: Level) -> Json:
    last = book.last_year
    found: Json = level.spans(series=False)[0]
    found["last_year"] = {name: level.figures(span)[0] for name, span in last.items()} if last else None
    return found


def _regions(inputs: Inputs, codes: Sequence[str], level: Level) -> list[Json]:
    return [{**_named(inputs.regions[code]), **figures} for code, figures in zip(codes, level.spans(), strict=True)]


def _named(region: RegionFacts) -> Json:
    return {"code": region.code, "name_zh": region.name_zh, "name_en": region.name_en}


def province_of(inputs: Inputs, code: str) -> str | None:
    """The province that a city lies in."""
    at: str | None = code
    while at is not None:
        region = inputs.regions[at]
        if region.level == PROVINCE:
            return at
        at = region.parent
    return None


def _scenarios(rules: Rules, codes: Sequence[str], level: Level) -> list[Json]:
    known = rules.vocabulary.get("scenarios", {})
    found = []
    for code, figures in zip(codes, level.spans(), strict=True):
        name = known.get(code, {"zh": code, "en": code})
        found.append({"code": code, "name_zh": name["zh"], "name_en": name["en"], **figures})
    return found


def _sites(book: Book, classes: Sequence[Json], resources: Sequence[Json]) -> list[Json]:
    inputs = book.inputs
    of = np.arange(len(inputs.sites), dtype=np.intp)
    figures: list[dict[str, Figure]] = Level(book, SITES, of, len(inputs.sites)).spans()
    states = site_states(inputs)
    year = inputs.month // 12
    regions = {
        code: {level: _at_level(inputs, chain, level) for level in (PROVINCE, CITY)}
        for code, chain in inputs.chains.items()
    }
    group = book.group.tolist()
    found = []
    for n, site in enumerate(inputs.sites):
        baseline = book.factors.baselines.get((group[n], year))
        found.append(
            {
                "code": site.code,
                "name_zh": site.name_zh,
                "name_en": site.name_en,
                "city": regions[site.region][CITY],
                "province": regions[site.region][PROVINCE],
                "scenario": site.scenario,
                "process": site.process,
                "state": states[n],
                "zone": {"code": site.zone or None, "because": site.zone_because},
                "baseline": {"id": baseline.id, "region": baseline.region} if baseline else None,
                "detail": site.detail,
                "classes": classes[n],
                "resources": resources[n],
                "households": site.households,
                "area_m2": site.area_m2,
                **figures[n],
            }
        )
    return found


def _at_level(inputs: Inputs, chain: Sequence[str], level: int) -> str | None:
    return next((code for code in chain if inputs.regions[code].level == level), None)


def site_states(inputs: Inputs) -> list[str]:
    """Of every site ``verified``, ``reported``, ``silent`` (expected, but nothing came) or ``closed`` in the month."""
    flags = zip(*(f[-1].tolist() for f in (inputs.verified, inputs.reported, inputs.expected)), strict=True)
    return [
        "verified" if verified else "reported" if reported else "silent" if expected else "closed"
        for verified, reported, expected in flags
    ]


def _sensitivity(book: Book, rules: Rules) -> list[Json]:
    """The network by other GWP sets, other methods and cross-checks."""
    masses, group, known = pooled(book.masses, book.group, len(book.places), book.known)
    done = Computed(
        method=rules.method,
        factors=book.factors,
        accounts=book.accounts,
        known=known,
        masses=masses,
        group=group,
        places=book.places,
        baselines=rules.baselines,
        energy=rules.energy,
    )
    spans = {name: book.spans[name] for name in SPANS}
    return sensitivity_rows(done, Sets(rules.alternatives, rules.cross_checks, rules.gwp_sets), spans)
