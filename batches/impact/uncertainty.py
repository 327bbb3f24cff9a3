"""How far the figures may be off: 95 % intervals of sites and groups by Monte Carlo, reproducible to the digit. Pure.

Factors (DOC, DOCf, F, MCF, OX, k, composting) are drawn once a run and shared by all sites, months and zones; the error
of weighing is drawn for each site. Otherwise errors would cancel in the sum and the interval would shrink falsely. phi
is taken out: it is a correction for this very uncertainty. The baseline's mix is no noise and stays as it is.

The method is linear in everything but k. So each site and span is first boiled down to a few numbers, by stream, route
and node of k: what it would have emitted at the factors' modes if k stood at that node (Chebyshev nodes over the range
of k). A run of 10,000 draws then costs a product of small matrices, however many months lie behind it. The errors of
weighing are normal and independent between sites; given the factors their sum is normal too, with the variance summed
exactly, so that no site needs draws of its own.

Draws: PCG64's raw integers (NumPy promises them for ever) of a fixed seed, stratified (Latin hypercube), through
inverse distribution functions. What differs between machines in the last bits is cut off by rounding to few digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from statistics import NormalDist
from typing import Annotated

import numpy as np
from pydantic import Field

from batches.impact.accounts import (
    MG_PER_T,
    UG_PER_T,
    Accounts,
    Flags,
    Masses,
    decaying,
    diverted_by_stream,
    residue_by_stream,
)
from batches.impact.factors import MONTHS, Factors, Place
from batches.impact.gwp import GwpSet
from batches.impact.methane import DecayFactors, Floats, Ints, burnt
from batches.impact.method import STREAMS, Method, StreamCode, ZoneCode
from compostnet.shared.cited import Factor, check_sources
from compostnet.shared.rules import Confidence, Rule, RuleFileError, Source, Text, load_rule

FILE = Path(__file__).with_name("uncertainty.yaml")
PORTION = 64
"""Sites or groups worked on together."""
Count = Annotated[int, Field(ge=2)]


class Range(Rule):
    """A triangle of low, most likely and high value."""

    low: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    mode: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    high: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    unit: str = Field(min_length=1)
    source: str
    confidence: Confidence
    note: Text | None = None


class Draws(Rule):
    network: Count
    groups: Count
    sites: Count


class Numbers(Rule):
    """Seed, draws by level, nodes of k, significant digits kept, and the part of the draws inside the interval."""

    seed: Annotated[int, Field(ge=0)]
    draws: Draws
    nodes: Count
    digits: Annotated[int, Field(ge=1, le=8)]
    coverage: Factor


class MassErrors(Rule):
    """Half-widths (95 %) of a site's mass by how it was measured, as shares of it."""

    scale: Factor
    counted: Factor
    estimated: Factor


class CompostingRanges(Rule):
    ch4: Range
    n2o: Range


class Uncertainty(Rule):
    """The whole of ``uncertainty.yaml``. ``mcf`` is looked up by its mode."""

    code: str
    title: Text
    sources: dict[str, Source]
    numbers: Numbers
    mass: MassErrors
    docf: Factor
    methane_fraction: Factor
    doc: dict[StreamCode, Range]
    k: dict[StreamCode, dict[ZoneCode, Range]]
    mcf: tuple[Range, ...]
    ox: Range
    composting: CompostingRanges

    def ranges(self) -> Iterable[tuple[str, Range]]:
        """Every range by its dotted key."""
        yield from ((f"doc.{stream}", found) for stream, found in self.doc.items())
        for stream, zones in self.k.items():
            yield from ((f"k.{stream}.{zone}", found) for zone, found in zones.items())
        yield from ((f"mcf.{number}", found) for number, found in enumerate(self.mcf))
        yield from (("ox", self.ox), ("composting.ch4", self.composting.ch4), ("composting.n2o", self.composting.n2o))


def check_uncertainty(path: Path | str, found: Uncertainty) -> Uncertainty:
    """Refuse what single keys cannot show: a triangle upside down, a missing stream or zone, an unknown source."""
    check_sources(path, found, found.sources)
    for key, triangle in found.ranges():
        if triangle.source not in found.sources:
            known = ", ".join(sorted(found.sources))
            raise RuleFileError(path, f"{key}.source", f"{triangle.source!r} is not in sources (known: {known})")
        if not triangle.low <= triangle.mode <= triangle.high or triangle.low == triangle.high:
            raise RuleFileError(path, key, "write low <= mode <= high, with low below high")
    for stream in STREAMS:
        if stream not in found.doc or stream not in found.k:
            raise RuleFileError(path, f"doc.{stream}", "every stream needs a range of doc and of k")
    if not 0 < found.numbers.coverage.value < 1:
        raise RuleFileError(path, "numbers.coverage.value", "write a share between 0 and 1, such as 0.95")
    return found


@cache
def shipped_uncertainty() -> Uncertainty:
    """The ranges that the platform ships."""
    return check_uncertainty(FILE, load_rule(FILE, Uncertainty))


@dataclass(frozen=True)
class Intervals:
    """Lower and upper end, in t, of N sites or groups and S spans: each (N, S, 2)."""

    diverted: Floats
    ch4_avoided: Floats
    net_co2e: Floats


def intervals(
    rules: Uncertainty,
    method: Method,
    gwp: GwpSet,
    *,
    factors: Factors,
    places: Sequence[Place],
    group: Ints,
    masses: Masses,
    accounts: Accounts,
    known: Flags,
    spans: Sequence[tuple[int, int]],
    groupings: Mapping[str, tuple[Ints, int]],
    sites: bool = True,
) -> dict[str, Intervals]:
    """The intervals of every site (key ``sites``, unless unwanted) and of the groups of every grouping (its name).

    ``factors``, ``places``, ``group`` (N,), ``masses``: what `make_accounts` was called with (the central scenario);
    ``accounts`` and ``known``: what it gave. ``spans``: S pairs (start, stop) of month indexes, such as the month
    (T-1, T), the year so far and all (0, T). ``groupings``: name → (group of each site (N,), negative: in none; number
    of groups); the network is a grouping of one group. A grouping of one group gets the draws of ``network``, others
    those of ``groups``. ``diverted`` is of all verified mass, the gases and the net of the mass whose
    baseline is known, as in the accounts; where a figure is null, its interval means nothing.
    """
    sample = _boil_down(rules, method, gwp, factors, places, group, masses, accounts, known, spans)
    numbers = rules.numbers
    found = {"sites": _of_sites(_Run(rules, method, gwp, numbers.draws.sites, sample), sample)} if sites else {}
    runs: dict[int, _Run] = {}
    for name, (members, groups) in groupings.items():
        draws = numbers.draws.network if groups == 1 else numbers.draws.groups
        if draws not in runs:
            runs[draws] = _Run(rules, method, gwp, draws, sample)
        found[name] = _of_groups(runs[draws], sample, members, groups)
    return found


AT_ONCE, OWN_CH4, OWN_N2O, CERTAIN = range(4)


@dataclass(frozen=True)
class _Sample:
    """Sites boiled down, at the modes of all factors but k, by span (S, N, …).

    ``avoided`` and ``charged`` (S, N, C): t CH4 that decays in the baseline, and of residue (None: none), by the used
    (stream, route, node) triples of ``columns`` (C, 3). ``at_once`` (S, N): t CH4 that burns. ``rest`` (S, N, 4):
    t CO2e of what is not decay: what burns, composting's methane, its nitrous oxide, and what no error of weighing
    touches. ``before`` and ``within`` (S, N): standard deviation of the mass up to the span's end, and of the span's.
    """

    avoided: Floats
    charged: Floats | None
    at_once: Floats
    rest: Floats
    before: Floats
    within: Floats
    diverted: Floats
    columns: Ints
    zone: Ints
    zones: tuple[str, ...]
    gwp: float

    def gross(self, span: int, rows: Ints) -> Floats:
        """Coefficients (n, C + 4) of methane avoided."""
        burnt_only = np.zeros((len(rows), 4))
        burnt_only[:, AT_ONCE] = self.at_once[span, rows]
        return np.concatenate([self.avoided[span, rows], burnt_only], axis=1)

    def net(self, span: int, rows: Ints) -> Floats:
        """Coefficients (n, C + 4) of the net."""
        decays = self.avoided[span, rows]
        if self.charged is not None:
            decays = decays - self.charged[span, rows]
        return np.concatenate([self.gwp * decays, self.rest[span, rows]], axis=1)

    def error(self, span: int, rows: Ints) -> Floats:
        """Standard deviation of weighing (n, C + 4) that goes with each coefficient."""
        counts = (len(self.columns), CERTAIN, 1)
        parts = (self.before[span, rows], self.within[span, rows], np.zeros(len(rows)))
        return np.concatenate([np.repeat(p[:, None], n, axis=1) for p, n in zip(parts, counts, strict=True)], axis=1)


def _boil_down(
    rules: Uncertainty,
    method: Method,
    gwp: GwpSet,
    factors: Factors,
    places: Sequence[Place],
    group: Ints,
    masses: Masses,
    accounts: Accounts,
    known: Flags,
    spans: Sequence[tuple[int, int]],
) -> _Sample:
    zones = tuple(sorted({place.zone for place in places if place.zone in method.zones})) or ("",)
    zone_of_group = np.array([zones.index(p.zone) if p.zone in zones else 0 for p in places], dtype=np.intp)
    nodes = _nodes(rules, method, zones)
    phi = np.array([method.phi(place.zone) if place.zone in method.zones else 1.0 for place in places])
    streams, _ = diverted_by_stream(masses)
    baseline = replace(factors.decay, emitted=factors.decay.emitted / phi[:, None])
    avoided = np.where(known[..., None], streams, 0.0)
    decay_nodes = np.exp(-nodes[zone_of_group] / MONTHS)
    by_node = _at_nodes(*decaying(method, factors, avoided, baseline), group, decay_nodes, spans)
    used, left_over, fired_residue = (by_node != 0).any(axis=(0, 1)), None, np.zeros(known.shape)
    if masses.residue is not None and masses.residue.any():
        left = np.where(known[..., None], residue_by_stream(masses), 0.0)
        left_over = _at_nodes(*decaying(method, factors, left, factors.residue), group, decay_nodes, spans)
        used |= (left_over != 0).any(axis=(0, 1))
        fired_residue = burnt(np.where(known, accounts.residue, 0) / MG_PER_T, factors.burnt, group, factors.burnt_ch4)
    fired = burnt(avoided.sum(axis=2), factors.burnt, group, factors.burnt_ch4)
    rest = np.zeros((len(spans), known.shape[1], 4))
    rest[..., AT_ONCE] = gwp.ch4.value * _over(fired - fired_residue, spans)
    rest[..., AT_ONCE] += gwp.n2o.value * _over((accounts.n2o_avoided - accounts.residue_n2o) / UG_PER_T, spans)
    rest[..., OWN_CH4] = -gwp.ch4.value * _over(accounts.composting_ch4_known / UG_PER_T, spans)
    rest[..., OWN_N2O] = -gwp.n2o.value * _over(accounts.composting_n2o_known / UG_PER_T, spans)
    rest[..., CERTAIN] = -_over(accounts.energy_co2e_known / UG_PER_T, spans)
    return _Sample(
        avoided=by_node[:, :, used],
        charged=None if left_over is None else left_over[:, :, used],
        at_once=_over(fired, spans),
        rest=rest,
        before=np.stack([_mass_error(rules, masses, 0, stop) for _, stop in spans]),
        within=np.stack([_mass_error(rules, masses, start, stop) for start, stop in spans]),
        diverted=_over(np.where(masses.verified, accounts.diverted, 0) / MG_PER_T, spans),
        columns=np.argwhere(used).astype(np.intp),
        zone=zone_of_group[group],
        zones=zones,
        gwp=gwp.ch4.value,
    )


def _over(values: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """Sums (S, N) of (T, N)."""
    return np.stack([values[start:stop].sum(axis=0) for start, stop in spans])


def _mass_error(rules: Uncertainty, masses: Masses, start: int, stop: int) -> Floats:
    """Standard deviation (N,) of a site's mass as a share of it: ways of measuring err independently, months together.

    A span without intake has the error of all months before it.
    """
    here = slice(start, stop)
    intake = masses.intake[here].sum(axis=(0, 2)).astype(np.float64)
    if (empty := intake <= 0).any() and start:
        spare = _mass_error(rules, masses, 0, stop)
    else:
        spare = np.zeros_like(intake)
    scale, estimated = (part[here].sum(axis=0) for part in (masses.weighed, masses.estimated))
    errors = (
        (scale, rules.mass.scale.value),
        (estimated, rules.mass.estimated.value),
        (intake - scale - estimated, rules.mass.counted.value),
    )
    squares = sum(((part * width) ** 2 for part, width in errors), np.zeros_like(intake))
    sigma = np.sqrt(squares) / np.where(empty, 1.0, intake) / _normal_width(rules)
    return np.where(empty, spare, sigma)


def _normal_width(rules: Uncertainty) -> float:
    """Standard deviations in half of the interval (1.96 for 95 %)."""
    return NormalDist().inv_cdf((1 + rules.numbers.coverage.value) / 2)


def _nodes(rules: Uncertainty, method: Method, zones: Sequence[str]) -> Floats:
    """Chebyshev nodes (Z, J, Q) of k over its range, in 1/year."""
    count = rules.numbers.nodes
    angles = np.cos((2 * np.arange(count) + 1) * np.pi / (2 * count))
    out = np.ones((len(zones), len(STREAMS), count))
    for z, zone in enumerate(zones):
        if not zone:
            continue
        for j, stream in enumerate(STREAMS):
            low, high = _k_range(rules, method, stream, zone)
            out[z, j] = (low + high) / 2 + (high - low) / 2 * angles
    return out


def _k_range(rules: Uncertainty, method: Method, stream: StreamCode, zone: str) -> tuple[float, float]:
    span = rules.k[stream][zone]  # type: ignore[index]
    per_mode = method.streams[stream].k[zone].value / span.mode  # type: ignore[index]
    return span.low * per_mode, span.high * per_mode


def _at_nodes(
    deposits: Floats, factors: DecayFactors, group: Ints, left: Floats, spans: Sequence[tuple[int, int]]
) -> Floats:
    """t CH4 (S, N, J, R, Q) that the deposits (T, N, J) cause within each span if k stood at the nodes.

    ``left`` (G, J, Q) is e^(-k/12) at the nodes. Backwards in time: h_i = x·h_(i+1) + emitted_i·(1 - x) inside the
    span is what a unit of potential laid down in month i gives off within it.
    """
    periods, sites, streams = deposits.shape
    routes, nodes = factors.emitted.shape[2], left.shape[2]
    inside = np.zeros((periods, len(spans)))
    for number, (start, stop) in enumerate(spans):
        inside[start:stop, number] = 1.0
    out = np.zeros((sites, streams, routes, len(spans), nodes))
    order = np.argsort(group, kind="stable")
    here, starts = np.unique(group[order], return_index=True)
    members = np.split(order, starts[1:])
    for first in range(0, len(here), 32):
        chosen = here[first : first + 32]
        x = left[chosen][:, :, None, None, :]
        held = np.zeros((len(chosen), streams, routes, len(spans), nodes))
        weights = np.empty((periods, *held.shape))
        for period in reversed(range(periods)):
            held *= x
            given = factors.emitted[period, chosen][:, None, :, None, None] * inside[period][:, None]
            held += given * (1.0 - x)
            np.multiply(held, factors.potential[period, chosen][:, :, :, None, None], out=weights[period])
        for number, sites_here in enumerate(members[first : first + 32]):
            for j in range(streams):
                laid = deposits[:, sites_here, j]
                if laid.any():
                    flat = weights[:, number, j].reshape(periods, -1)
                    out[sites_here, j] = (laid.T @ flat).reshape(len(sites_here), routes, len(spans), nodes)
    return out.transpose(3, 0, 1, 2, 4)


class _Run:
    """The draws: coefficients by zone of all columns of a sample (D, B), and the normal draw (D,) of weighing."""

    def __init__(self, rules: Uncertainty, method: Method, gwp: GwpSet, draws: int, sample: _Sample) -> None:
        self.rules = rules
        uniform = _Uniforms(rules.numbers.seed, draws)
        docf = 1.0 + _spread(uniform(), rules.docf, rules)
        fraction = 1.0 + _spread(uniform(), rules.methane_fraction, rules)
        ox = _triangle(uniform(), rules.ox)
        own = [_triangle(uniform(), found) / found.mode for found in (rules.composting.ch4, rules.composting.n2o)]
        self.weighing = _normal(uniform())
        doc = {stream: _triangle(uniform(), rules.doc[stream]) / rules.doc[stream].mode for stream in STREAMS}
        k = {stream: uniform() for stream in STREAMS}
        mcf = [_triangle(uniform(), found) / found.mode for found in rules.mcf]
        routes = [self._route(method, code, rules, mcf, ox) for code, r in method.routes.items() if r.decays]
        nodes = _nodes(rules, method, sample.zones)
        ones = np.ones(draws)
        self.coefficients = []
        for z, zone in enumerate(sample.zones):
            basis = {}
            if zone:
                for j, stream in enumerate(STREAMS):
                    span = rules.k[stream][zone]  # type: ignore[index]
                    ratio = method.streams[stream].k[zone].value / span.mode  # type: ignore[index]
                    basis[j] = _lagrange(nodes[z, j], _triangle(k[stream], span) * ratio)
            columns = [
                basis[j][:, q] * doc[STREAMS[j]] * docf * fraction * routes[r] for j, r, q in sample.columns.tolist()
            ]
            self.coefficients.append(np.column_stack([*columns, ones, *own, ones]))

    @staticmethod
    def _route(method: Method, code: str, rules: Uncertainty, mcf: list[Floats], ox: Floats) -> Floats:
        """MCF and oxidation of a route, drawn, as a multiple of the method's."""
        decays = method.routes[code].decays
        assert decays is not None
        nearest = min(range(len(mcf)), key=lambda number: abs(rules.mcf[number].mode - decays.mcf.value))
        drawn = mcf[nearest]
        if decays.ox.value > 0:
            drawn = drawn * (1 - ox * (decays.ox.value / rules.ox.mode)) / (1 - decays.ox.value)
        return drawn


class _Uniforms:
    """Stratified uniform draws: one from each of D equal parts of (0, 1), in random order."""

    def __init__(self, seed: int, draws: int) -> None:
        self.source, self.draws = np.random.PCG64(seed), draws

    def __call__(self) -> Floats:
        first, second = self._plain(), self._plain()
        return (np.argsort(first, kind="stable") + second) / self.draws

    def _plain(self) -> Floats:
        raw = self.source.random_raw(self.draws)
        return (np.right_shift(raw, np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _triangle(uniform: Floats, span: Range) -> Floats:
    """Draws of a triangular distribution, by its inverse."""
    width = span.high - span.low
    below = (span.mode - span.low) / width
    rising = span.low + np.sqrt(uniform * width * (span.mode - span.low))
    falling = span.high - np.sqrt((1 - uniform) * width * (span.high - span.mode))
    out: Floats = np.where(uniform < below, rising, falling)
    return out


def _normal(uniform: Floats) -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([inverse(u) for u in uniform.tolist()])


def _spread(uniform: Floats, factor: Factor, rules: Uncertainty) -> Floats:
    return _normal(uniform) * (factor.value / _normal_width(rules))


def _lagrange(nodes: Floats, at: Floats) -> Floats:
    """Values (D, Q) of the polynomials that are 1 at one node and 0 at the others."""
    out = np.ones((len(at), len(nodes)))
    for q, node in enumerate(nodes):
        for other in nodes[np.arange(len(nodes)) != q]:
            out[:, q] *= (at - other) / (node - other)
    return out


def _of_sites(run: _Run, sample: _Sample) -> Intervals:
    spans, sites = sample.diverted.shape
    gross, net = np.zeros((sites, spans, 2)), np.zeros((sites, spans, 2))
    decays = len(sample.columns)
    burns = sample.at_once.any()
    for z, coefficients in enumerate(run.coefficients):
        members = np.flatnonzero(sample.zone == z)
        by_decay, by_rest = coefficients[:, :decays].T, coefficients[:, decays : decays + CERTAIN].T
        for s, first in product(range(spans), range(0, len(members), PORTION)):
            rows = members[first : first + PORTION]
            before, within = (each[s, rows, None] * run.weighing for each in (sample.before, sample.within))
            before += 1
            within += 1
            formed = sample.avoided[s, rows] @ by_decay
            drawn = formed * before
            if burns:
                drawn += sample.at_once[s, rows, None] * within
            gross[rows, s] = _ends(run.rules, drawn)
            if sample.charged is not None:
                formed -= sample.charged[s, rows] @ by_decay
            formed *= sample.gwp
            formed *= before
            rest = sample.rest[s, rows, :CERTAIN] @ by_rest
            rest *= within
            formed += rest
            formed += sample.rest[s, rows, CERTAIN, None]
            net[rows, s] = _ends(run.rules, formed)
    return _finished(run.rules, sample.diverted.T, (sample.diverted * sample.within).T, gross, net)


def _of_groups(run: _Run, sample: _Sample, members: Ints, groups: int) -> Intervals:
    spans = sample.diverted.shape[0]
    gross, net = np.zeros((groups, spans, 2)), np.zeros((groups, spans, 2))
    mass, variance = np.zeros((groups, spans)), np.zeros((groups, spans))
    order = np.argsort(members, kind="stable")
    edges = np.searchsorted(members[order], np.arange(groups + 1))
    for g in range(groups):
        sites = order[edges[g] : edges[g + 1]]
        by_zone = [(z, sites[sample.zone[sites] == z]) for z in np.unique(sample.zone[sites])]
        mass[g] = sample.diverted[:, sites].sum(axis=1)
        variance[g] = ((sample.diverted[:, sites] * sample.within[:, sites]) ** 2).sum(axis=1)
        for s in range(spans):
            for values, out in ((sample.gross, gross), (sample.net, net)):
                parts = [(z, values(s, rows), sample.error(s, rows)) for z, rows in by_zone]
                out[g, s] = _ends(run.rules, _sum_of(run, parts)[None])[0]
    return _finished(run.rules, mass, np.sqrt(variance), gross, net)


def _sum_of(run: _Run, parts: Sequence[tuple[int, Floats, Floats]]) -> Floats:
    """Draws (D,) of the sum of sites: their sum at the drawn factors, and one normal error of all their weighings."""
    total, variance = np.zeros(len(run.weighing)), np.zeros(len(run.weighing))
    for z, values, error in parts:
        coefficients, off = run.coefficients[z], values * error
        total += coefficients @ values.sum(axis=0)
        if len(values) < coefficients.shape[1]:
            variance += ((coefficients @ off.T) ** 2).sum(axis=1)
        else:
            variance += ((coefficients @ (off.T @ off)) * coefficients).sum(axis=1)
    return total + np.sqrt(np.maximum(variance, 0.0)) * run.weighing


def _ends(rules: Uncertainty, drawn: Floats) -> Floats:
    """Lower and upper end (n, 2) of draws (n, D), which come out of order."""
    outside = (1 - rules.numbers.coverage.value) / 2
    return np.quantile(drawn, [outside, 1 - outside], axis=1, overwrite_input=True).T


def _finished(rules: Uncertainty, mass: Floats, sigma: Floats, gross: Floats, net: Floats) -> Intervals:
    width = np.abs(sigma) * _normal_width(rules)  # of a month with more removed than taken in, sigma is below zero
    diverted = np.stack([mass - width, mass + width], axis=-1)
    return Intervals(*(_rounded(part, rules.numbers.digits) for part in (diverted, gross, net)))


def _rounded(ends: Floats, digits: int) -> Floats:
    """Both ends to the same place: ``digits`` significant ones of the larger."""
    size = np.abs(ends).max(axis=-1, keepdims=True)
    exponent = np.where(size > 0, digits - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0))), 0.0)
    up, down = 10.0 ** np.maximum(exponent, 0), 10.0 ** np.maximum(-exponent, 0)
    out: Floats = np.rint(ends * up / down) / up * down + 0.0
    return out
