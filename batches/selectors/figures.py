"""Figures of sites, cities, provinces, scenarios and the network: from verified site-months, in one pass of arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Exists, OuterRef, Q

from batches.impact.accounts import (
    CATEGORIES,
    MG_PER_T,
    MIXED,
    NOT_WASTE,
    UG_PER_T,
    UNCLASSED,
    Accounts,
    Flags,
    Masses,
    make_accounts,
)
from batches.impact.baselines import BaselineFile, shipped_baselines
from batches.impact.factors import Factors, Place, make_factors
from batches.impact.method import STREAMS, Method, default_method
from batches.materials import materials
from batches.models import LedgerEntry, SiteMonth, SiteMonthMass
from batches.selectors.site_months import current_entries
from compostnet.shared.months import last_day, month_of, month_text
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text
from sites.models import Region, Site
from sites.vocabulary import scenarios

MIXTURE = "mixture"
PROVINCE, CITY = Region.Level.PROVINCE, Region.Level.CITY
Figure = dict[str, Any]


@dataclass(frozen=True)
class Network:
    """Everything that the figures of a month rest on. Arrays are (T, N); the last month is the one asked."""

    month: int
    first: int
    method: Method
    factors: Factors
    group: np.ndarray
    sites: list[Site]
    regions: dict[str, Region]
    chains: dict[str, tuple[str, ...]]
    expected: Flags
    reported: Flags
    verified: Flags
    accounts: Accounts
    known: Flags

    @property
    def months(self) -> int:
        return self.month - self.first + 1

    def region_at(self, site: Site, level: int) -> Region | None:
        """The region of a level that a site lies in."""
        for code in self.chains[site.region_id]:
            if self.regions[code].level == level:
                return self.regions[code]
        return None

    def province_of(self, code: str) -> str | None:
        """The province that a region lies in."""
        return next((c for c in _chain(code, self.regions) if self.regions[c].level == PROVINCE), None)

    @property
    def baselines(self) -> list[str]:
        """The ids of the baselines that verified mass was held against."""
        return sorted(
            {
                baseline.id
                for (g, year), baseline in self.factors.baselines.items()
                if self.known[self._year(year)][:, self.group == g].any()
            }
        )

    def _year(self, year: int) -> np.ndarray:
        return np.arange(self.first, self.month + 1) // 12 == year


def load_network(
    month: int, *, method: Method | None = None, baselines: Sequence[BaselineFile] | None = None
) -> Network:
    """Read what is verified up to ``month`` and compute the accounts of every site."""
    method = method or default_method(last_day(month))
    files = shipped_baselines(method) if baselines is None else baselines
    states = list(SiteMonth.objects.filter(month__lte=month).values_list("site_id", "month", "state"))
    verified_months = [m for _, m, state in states if state == SiteMonth.State.VERIFIED]
    first = min(verified_months, default=month)
    reporting = {site for site, _, _ in states}
    sites = list(
        Site.objects.filter(Q(opened_on__lte=last_day(month)) | Q(pk__in=reporting))
        .select_related("organisation")
        .order_by("code")
    )
    at = {site.pk: n for n, site in enumerate(sites)}
    shape = (month - first + 1, len(sites))
    expected, reported, verified = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
    for n, site in enumerate(sites):
        last = month if site.closed_on is None else min(month, month_of(site.closed_on))
        expected[max(0, month_of(site.opened_on) - first) : max(0, last - first + 1), n] = True
    for site_id, m, state in states:
        if m >= first:
            verified[m - first, at[site_id]] = state == SiteMonth.State.VERIFIED
    reported |= verified
    # A month that was asked about or looked at without an entry in it was not reported.
    entries = current_entries().filter(site=OuterRef("site"), month=OuterRef("month"))
    waiting = SiteMonth.objects.filter(Exists(entries), month__gte=first, month__lte=month)
    for site_id, m in waiting.exclude(state=SiteMonth.State.VERIFIED).values_list("site_id", "month"):
        reported[m - first, at[site_id]] = True
    regions = {r.code: r for r in Region.objects.only("code", "parent_id", "level", "name_zh", "name_en")}
    chains = {code: _chain(code, regions) for code in {site.region_id for site in sites}}
    places: dict[Place, int] = {}
    group = np.zeros(len(sites), dtype=np.intp)
    for n, site in enumerate(sites):
        place = Place(site.climate_zone, chains[site.region_id], site.is_invented)
        group[n] = places.setdefault(place, len(places))
    factors = make_factors(method, files, list(places), first, shape[0])
    accounts, known = make_accounts(method, factors, group, _masses(month, first, at, shape, verified))
    return Network(
        month, first, method, factors, group, sites, regions, chains, expected, reported, verified, accounts, known
    )


def _chain(code: str, regions: dict[str, Region]) -> tuple[str, ...]:
    chain: list[str] = []
    at: str | None = code
    while at is not None and at not in chain:
        chain.append(at)
        at = regions[at].parent_id
    return tuple(chain)


def _category(code: str, kind: str) -> int:
    """Which category of the accounts a material belongs to, as taken in or removed."""
    known = materials().get(code)
    if kind == LedgerEntry.Kind.REMOVAL and code == MIXTURE:
        return MIXED
    if known is None or (known.is_waste and known.waste_class is None):
        return UNCLASSED
    return STREAMS.index(known.waste_class) if known.waste_class else NOT_WASTE


def _masses(month: int, first: int, at: dict[int, int], shape: tuple[int, int], verified: Flags) -> Masses:
    """The roll-up of the verified site-months as arrays."""
    rows = SiteMonthMass.objects.filter(month__gte=first, month__lte=month).values_list(
        "site_id", "month", "kind", "material", "measured", "mass_mg"
    )
    intake, removal = (np.zeros((*shape, CATEGORIES), dtype=np.int64) for _ in range(2))
    harvest, weighed, estimated = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    categories: dict[tuple[str, str], int] = {}
    for site, m, kind, material, measured, mass in rows.iterator(chunk_size=20_000):
        t, n = m - first, at.get(site, -1)
        if n < 0 or not verified[t, n]:
            continue
        if kind == LedgerEntry.Kind.HARVEST:
            harvest[t, n] += mass
            continue
        if kind == LedgerEntry.Kind.TRANSFER:
            continue
        category = categories.setdefault((material, kind), _category(material, kind))
        if kind == LedgerEntry.Kind.REMOVAL:
            removal[t, n, category] += mass
            continue
        intake[t, n, category] += mass
        if measured == LedgerEntry.Measured.SCALE:
            weighed[t, n] += mass
        elif measured == LedgerEntry.Measured.ESTIMATE:
            estimated[t, n] += mass
    return Masses(intake, removal, harvest, weighed, estimated, verified)


class _Level:
    """The sites of one level in groups (each site alone, each province…), ready to give the figure of any span."""

    def __init__(self, network: Network, group: np.ndarray, groups: int) -> None:
        self.network, self.groups = network, groups
        chosen = group >= 0
        order = np.argsort(group[chosen], kind="stable")
        self.sites = np.flatnonzero(chosen)[order]
        self.of = group[self.sites]
        self.accounts = network.accounts.grouped(group, groups)

    def _count(self, flags: np.ndarray) -> np.ndarray:
        """How many of each group's sites have the flag."""
        return np.bincount(self.of, weights=flags[self.sites], minlength=self.groups).astype(int)

    def figures(self, start: int, stop: int) -> list[Figure]:
        """The figure of every group for the months from index ``start`` to before ``stop``."""
        net = self.network
        sums = self.accounts.over(start, stop)
        counts: dict[str, np.ndarray] = {}
        for name in ("expected", "reported", "verified"):
            flags = getattr(net, name)[start:stop]
            counts[f"sites_{name}"] = self._count(flags.any(axis=0))
            counts[f"site_months_{name}"] = self._count(flags.sum(axis=0))
        has_baseline = net.factors.has_baseline[:stop][:, net.group]
        until = net.verified[:stop]
        seen = self._count(until.any(axis=0))
        known = self._count(net.known[:stop].any(axis=0))
        no_baseline = self._count((until & ~has_baseline).any(axis=0))
        no_zone = self._count((until & has_baseline & ~net.known[:stop]).any(axis=0))
        return [
            _figure(
                net.method,
                {name: int(values[g]) for name, values in sums.items()},
                {name: int(values[g]) for name, values in counts.items()},
                _reasons(int(seen[g]), int(no_baseline[g]), int(no_zone[g])),
                bool(known[g]),
            )
            for g in range(self.groups)
        ]


def _reasons(seen: int, no_baseline: int, no_zone: int) -> list[Message]:
    """Why (some of) the methane is not estimated."""
    if not seen:
        return [Message("figures_nothing_verified")]
    return [Message("figures_no_baseline")] * bool(no_baseline) + [Message("figures_no_zone")] * bool(no_zone)


def both(messages: Sequence[Message]) -> dict[str, str]:
    """Sentences in both languages, one after the other."""
    return {"zh": "".join(m.render("zh") for m in messages), "en": " ".join(m.render("en") for m in messages)}


def _figure(
    method: Method, sums: dict[str, int], counts: dict[str, int], reasons: list[Message], is_known: bool
) -> Figure:
    """One figure as releases publish it: tonnes at full precision; methane and net null where nothing is known."""

    def tonnes(name: str, per: float) -> float:
        return sums[name] / per

    warming = {"ch4": method.gwp.ch4.value, "n2o": method.gwp.n2o.value}

    def co2e(ch4: int, n2o: int) -> float:
        return (warming["ch4"] * ch4 + warming["n2o"] * n2o) / UG_PER_T

    own_known = co2e(sums["composting_ch4_known"], sums["composting_n2o_known"])
    diverted, intake = sums["diverted"], sums["intake"]
    share = sums["diverted_known"] / diverted if diverted else None
    net = co2e(sums["ch4_avoided"] - sums["composting_ch4_known"], sums["n2o_avoided"] - sums["composting_n2o_known"])
    partly = is_known and bool(reasons) and share is not None and share < 1
    note = [Message("figures_partly", {"share": f"{100 * (share or 0):.1f}"}), *reasons] if partly else []
    return {
        **counts,
        "diverted_t": tonnes("diverted", MG_PER_T),
        "diverted_kg": kg_text(diverted),
        "intake_t": tonnes("intake", MG_PER_T),
        "harvest_t": tonnes("harvest", MG_PER_T),
        "composted_t": tonnes("composted", MG_PER_T),
        "share_weighed": sums["weighed"] / intake if intake else None,
        "share_estimated": sums["estimated"] / intake if intake else None,
        "ch4_avoided_t": tonnes("ch4_avoided", UG_PER_T) if is_known else None,
        "ch4_forecast_20y_t": tonnes("ch4_forecast", UG_PER_T) if is_known else None,
        "n2o_avoided_t": tonnes("n2o_avoided", UG_PER_T) if is_known else None,
        "composting_ch4_t": tonnes("composting_ch4", UG_PER_T),
        "composting_n2o_t": tonnes("composting_n2o", UG_PER_T),
        "composting_co2e_t": co2e(sums["composting_ch4"], sums["composting_n2o"]),
        "composting_co2e_with_baseline_t": own_known if is_known else None,
        "net_co2e_t": net if is_known else None,
        "share_with_baseline": share,
        "reason": None if is_known else both(reasons),
        "note": both(note) if note else None,
    }


def _named(thing: Region) -> dict[str, str]:
    return {"code": thing.code, "name_zh": thing.name_zh, "name_en": thing.name_en}


def make_figures(network: Network, *, with_sites: bool = True) -> dict[str, Any]:
    """The figures of the network as ``figures.json`` holds them, without the part about the release."""
    stop = network.months
    spans = {"month": (stop - 1, stop), "year": (max(0, stop - 1 - network.month % 12), stop), "total": (0, stop)}

    def by(key: Callable[[Site], Any]) -> tuple[list[Any], list[dict[str, Figure]]]:
        keys = [key(site) for site in network.sites]
        names = sorted({k for k in keys if k is not None})
        place = {name: number for number, name in enumerate(names)}
        group = np.array([place.get(k, -1) for k in keys], dtype=np.intp)
        level = _Level(network, group, len(names))
        done = {span: level.figures(*bounds) for span, bounds in spans.items()}
        return names, [{span: done[span][g] for span in spans} for g in range(len(names))]

    everything = _Level(network, np.zeros(len(network.sites), dtype=np.intp), 1)
    found: dict[str, Any] = {
        "network": {span: everything.figures(*bounds)[0] for span, bounds in spans.items()},
        "months": [{"month": month_text(network.first + t), **everything.figures(t, t + 1)[0]} for t in range(stop)],
    }

    def region_code(level: int) -> Callable[[Site], str | None]:
        return lambda site: getattr(network.region_at(site, level), "code", None)

    codes, figures = by(region_code(PROVINCE))
    found["provinces"] = [{**_named(network.regions[code]), **f} for code, f in zip(codes, figures, strict=True)]
    codes, figures = by(region_code(CITY))
    found["cities"] = [
        {
            **_named(network.regions[code]),
            "province": network.province_of(code),
            **f,
        }
        for code, f in zip(codes, figures, strict=True)
    ]
    known_scenarios = scenarios()
    codes, figures = by(lambda site: site.scenario)
    found["scenarios"] = [
        {
            "code": code,
            "name_zh": known_scenarios[code].name.zh if code in known_scenarios else code,
            "name_en": known_scenarios[code].name.en if code in known_scenarios else code,
            **f,
        }
        for code, f in zip(codes, figures, strict=True)
    ]
    if with_sites:
        found["sites"] = _site_figures(network, spans)
    return found


def _site_figures(network: Network, spans: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Every site with its month, year, total, and its months since its first verified one."""
    level = _Level(network, np.arange(len(network.sites), dtype=np.intp), len(network.sites))
    done = {span: level.figures(*bounds) for span, bounds in spans.items()}
    months = [level.figures(t, t + 1) for t in range(network.months)]
    found = []
    for n, site in enumerate(network.sites):
        verified = np.flatnonzero(network.verified[:, n])
        since = int(verified[0]) if verified.size else network.months
        province, city = network.region_at(site, PROVINCE), network.region_at(site, CITY)
        found.append(
            {
                "code": site.code,
                "name_zh": site.name_zh,
                "name_en": site.name_en,
                "city": city.code if city else None,
                "province": province.code if province else None,
                "scenario": site.scenario,
                "process": site.process,
                "state": _state(network, n),
                **{span: done[span][n] for span in spans},
                "months": [
                    {"month": month_text(network.first + t), **months[t][n]} for t in range(since, network.months)
                ],
            }
        )
    return found


def _state(network: Network, n: int) -> str:
    """``verified``, ``reported``, ``silent`` (expected, but nothing came) or ``closed`` in the month asked."""
    if network.verified[-1, n]:
        return "verified"
    if network.reported[-1, n]:
        return "reported"
    return "silent" if network.expected[-1, n] else "closed"


def figures_of(month: int, *, with_sites: bool = True) -> dict[str, Any]:
    """The live figures of a month (not a release): what is verified now."""
    network = load_network(month)
    return {
        "month": month_text(month),
        "method": network.method.code,
        "gwp": network.method.gwp.code,
        "baselines": network.baselines,
        **make_figures(network, with_sites=with_sites),
    }
