"""Loading what the figures rest on: sites and regions, flags of months, the roll-up as arrays, records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from batches import providers
from batches.impact.accounts import Flags, Whole
from batches.impact.baselines import shipped_baselines
from batches.impact.benefits import benefit_rules
from batches.impact.cross_check import cross_checks
from batches.impact.document.canonical import plain
from batches.impact.document.figure_table import both
from batches.impact.document.figures import baselines_used, make_document
from batches.impact.document.inputs import KINDS, MEASURED, Inputs, Records, RegionFacts, Rows, SiteFacts, chain_of
from batches.impact.document.rulebook import Rules
from batches.impact.energy import energy_rules
from batches.impact.gwp import gwp_sets
from batches.impact.methane import Ints
from batches.impact.method import Method, alternatives, default_method
from batches.impact.uncertainty import shipped_uncertainty
from batches.materials import materials
from batches.models import SiteMonth, SiteMonthMass
from batches.resources import resources
from batches.selectors.aerobic import aerobic_months
from batches.selectors.packed import read_packed
from batches.selectors.records import current_records
from batches.selectors.site_months import current_entries
from compostnet.shared.months import last_day, month_text
from sites.classification import classification
from sites.climate import SiteClimate, climate_rule, climates, zone_of
from sites.models import Region, Site
from sites.selectors import public_position
from sites.vocabulary import processes, scenarios

KIND_AT = {kind: n for n, kind in enumerate(KINDS)}
MEASURED_AT = {measured: n for n, measured in enumerate(MEASURED)}


def current_rules(month: int, *, method: Method | None = None) -> Rules:
    """The rules in force for a month."""
    method = method or default_method(last_day(month))
    return Rules(
        method=method,
        alternatives=tuple(alternatives()),
        cross_checks=tuple(cross_checks().values()),
        uncertainty=shipped_uncertainty(),
        benefits=benefit_rules(),
        resources=resources(),
        classification=classification(),
        baselines=tuple(shipped_baselines(method)),
        materials={
            code: {"is_waste": m.is_waste, "waste_class": m.waste_class, "name": m.name.model_dump()}
            for code, m in materials().items()
        },
        gwp_sets=gwp_sets(),
        energy=energy_rules(),
        climate=climate_rule(),
        vocabulary={
            "scenarios": {code: one.name.model_dump() for code, one in scenarios().items()},
            "processes": {code: one.name.model_dump() for code, one in processes().items()},
        },
    )


def load_inputs(month: int) -> Inputs:
    """What is verified up to ``month``, from the roll-up."""
    states = read_packed(SiteMonth, ("site_id", "state"), ("month",), "month <= %s", [month])
    is_verified = SiteMonth.State.VERIFIED.value
    first = min((int(months.min()) for _, state, months in states if state == is_verified), default=month)
    reporting = {site for site, _, _ in states}
    sites, keys, regions = load_sites(month, reporting)
    at = {key: n for n, key in enumerate(keys)}
    shape = (month - first + 1, len(sites))
    verified, reported = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    waiting = set()
    for site_id, state, months in states:
        if state == is_verified:
            verified[months - first, at[site_id]] = True
        else:
            waiting |= {(site_id, m) for m in months.tolist() if m >= first}
    # A month that was asked about or looked at without an entry in it was not reported.
    with_entries = _with_entries(waiting)
    for site_id, m in with_entries:
        reported[m - first, at[site_id]] = True
    reported |= verified
    rows = load_rows(first, month, at)
    kept = rows.where(verified[rows.month, rows.site])
    return Inputs(
        month,
        first,
        sites,
        regions,
        expected_of(sites, first, month),
        reported,
        verified,
        kept,
        load_records(first, month, at, verified),
        load_aerobic(first, month, at),
    )


def load_aerobic(first: int, month: int, at: Mapping[int, int]) -> Flags:
    """The months (T, N) whose diary shows aerobic operation, by what the first method says that asks for it."""
    rules = (method.composting.aerobic for method in (default_method(last_day(month)), *alternatives()))
    asked = next((rule for rule in rules if rule is not None), None)
    if asked is None:
        return np.zeros((month - first + 1, len(at)), dtype=np.bool_)
    return aerobic_months(asked.when, at, first, month)


def load_records(
    first: int, month: int, at: Mapping[int, int], verified: Flags, as_of: dt.datetime | None = None
) -> Records:
    """What was written down besides masses in verified months, now or as it stood at a time."""
    found = current_records(range(first, month + 1), as_of=as_of)
    rows = sorted(
        (at[site], m - first, kind, format(value.normalize(), "f"))
        for (site, m, kind), value in found.items()
        if site in at and verified[m - first, at[site]]
    )
    kinds = sorted({row[2] for row in rows})
    place = {kind: n for n, kind in enumerate(kinds)}
    return Records(
        np.array([row[0] for row in rows], dtype=np.intp),
        np.array([row[1] for row in rows], dtype=np.intp),
        np.array([place[row[2]] for row in rows], dtype=np.intp),
        tuple(row[3] for row in rows),
        tuple(kinds),
    )


def _with_entries(keys: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """The site-months among these that have entries that count."""
    if not keys:
        return set()
    months = {m for _, m in keys}
    found = current_entries().filter(month__gte=min(months), month__lte=max(months))
    return keys & set(found.values_list("site_id", "month").distinct())


def load_sites(month: int, reporting: Iterable[int]) -> tuple[list[SiteFacts], list[int], dict[str, RegionFacts]]:
    """The sites that were open by the end of a month or have reported: in the order of codes, their keys, regions."""
    wanted, last = set(reporting), last_day(month)
    quality = providers.ask("product_quality", month)
    everyone = Site.objects.select_related("organisation")
    found = sorted((s for s in everyone if s.opened_on <= last or s.pk in wanted), key=lambda site: site.code)
    regions = load_regions({site.region_id for site in found})
    chains = {code: chain_of(code, regions) for code in regions}
    facts = [_facts(site, quality, chains[site.region_id]) for site in found]
    return facts, [site.pk for site in found], regions


def _facts(site: Site, quality: Mapping[str, Any], chain: Sequence[str]) -> SiteFacts:
    organisation, position = site.organisation, public_position(site)
    climate = SiteClimate(
        zone=site.climate_zone,
        reason=site.climate_reason,
        source=site.climate_source,
        mean_temperature_c=site.mean_temperature_c,
        precipitation_mm=site.precipitation_mm,
        evapotranspiration_mm=site.evapotranspiration_mm,
    )
    zone = zone_of(climate, chain, climates(), climate_rule())
    return SiteFacts(
        code=site.code,
        name_zh=site.name_zh,
        name_en=site.name_en,
        region=site.region_id,
        scenario=site.scenario,
        process=site.process,
        opened_on=site.opened_on.isoformat(),
        closed_on=site.closed_on.isoformat() if site.closed_on else "",
        zone=zone.code,
        zone_because=both([zone.because]),
        invented=site.is_invented,
        detail=site.public_detail,
        households=site.households,
        area_m2=site.area_m2,
        run_by=site.run_by,
        community_mode=site.community_mode,
        organisation_zh=organisation.name_zh if organisation else "",
        organisation_en=organisation.name_en if organisation else "",
        position=None if position is None else list(position),
        precision=site.public_location,
        quality=quality.get(site.code),
    )


def load_regions(codes: Iterable[str]) -> dict[str, RegionFacts]:
    """The regions of these codes and all their ancestors."""
    found: dict[str, RegionFacts] = {}
    wanted = set(codes)
    while wanted:
        rows = Region.objects.filter(pk__in=wanted).values_list("code", "parent_id", "level", "name_zh", "name_en")
        found |= {row[0]: RegionFacts(*row) for row in rows}
        wanted = {region.parent for region in found.values() if region.parent} - found.keys()
    return found


def expected_of(sites: Iterable[SiteFacts], first: int, month: int) -> Flags:
    """The months (T, N) in which a site was open."""
    sites = list(sites)
    flags = np.zeros((month - first + 1, len(sites)), dtype=np.bool_)
    for n, site in enumerate(sites):
        last = min(month, _month(site.closed_on)) if site.closed_on else month
        flags[max(0, _month(site.opened_on) - first) : max(0, last - first + 1), n] = True
    return flags


def _month(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def load_rows(first: int, month: int, at: Mapping[int, int]) -> Rows:
    """The roll-up of these months as arrays; sites by their place in ``at`` (key → index)."""
    groups = ("site_id", "kind", "material", "measured")
    found = read_packed(
        SiteMonthMass, groups, ("month", "mass_mg", "entries"), "month BETWEEN %s AND %s", [first, month]
    )
    found = [row for row in found if row[0] in at]
    codes = sorted({row[2] for row in found})
    places = {code: n for n, code in enumerate(codes)}
    sizes = [row[4].size for row in found]

    def repeated(values: Iterable[int]) -> Ints:
        return np.repeat(np.fromiter(values, dtype=np.intp, count=len(found)), sizes)

    def joined(column: int) -> Whole:
        return np.concatenate([row[column] for row in found]) if found else np.zeros(0, dtype=np.int64)

    return Rows(
        repeated(at[row[0]] for row in found),
        (joined(4) - first).astype(np.intp),
        repeated(KIND_AT[row[1]] for row in found),
        repeated(places[row[2]] for row in found),
        repeated(MEASURED_AT[row[3]] for row in found),
        joined(5),
        joined(6),
        tuple(codes),
    )


def rows_of(found: Iterable[tuple[Any, ...]], first: int, at: Mapping[int, int]) -> Rows:
    """Rows of (site, month, kind, material, measured, mg, entries) as arrays."""
    columns = list(zip(*found, strict=True)) or [[]] * 7
    site, month, kind, material, measured, mass, entries = columns
    codes = sorted(set(material))
    places = {code: n for n, code in enumerate(codes)}
    return Rows(
        np.array([at[s] for s in site], dtype=np.intp),
        np.array(month, dtype=np.intp) - first,
        np.array([KIND_AT[k] for k in kind], dtype=np.intp),
        np.array([places[m] for m in material], dtype=np.intp),
        np.array([MEASURED_AT[m] for m in measured], dtype=np.intp),
        np.array(mass, dtype=np.int64),
        np.array(entries, dtype=np.int64),
        tuple(codes),
    )


def figures_of(month: int, *, with_sites: bool = True) -> dict[str, Any]:
    """The live figures of a month (not a release): what is verified now."""
    inputs, rules = load_inputs(month), current_rules(month)
    document = plain(make_document(inputs, rules, {}))
    if not with_sites:
        del document["sites"]
    del document["release"]
    return {
        "month": month_text(month),
        "method": rules.method.code,
        "gwp": rules.gwp.code,
        "baselines": baselines_used(inputs, rules),
        **document,
    }
