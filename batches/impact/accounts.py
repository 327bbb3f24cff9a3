"""From masses by site and month to what is published: diverted, methane avoided, composting's own emissions, net.

Pure NumPy. Everything that is added up is an integer: masses in milligrams, gases in micrograms, energy in millionths
of a kWh or litre, each rounded once at the site-month, so that the sums of sites equal provinces equal network to the
last digit on every machine. Arrays are (T months, N sites). Three steps::

    masses        = Masses(intake, removal, harvest, weighed, estimated, verified, residue=…, energy=…, aerobic=…)
    accounts, known = make_accounts(method, factors, group, masses)       # (T, N) integers, and what is estimated
    net           = net_co2e_t(sums, method.default_gwp())                # of sums of accounts, in one GWP set

Waste that is removed before composting is taken off what is diverted and not charged again. What leaves after it
(residue) stays diverted and is charged as it rots or burns on the region's baseline routes, without the discount phi.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from batches.impact.energy import ENERGY
from batches.impact.factors import MONTHS, Factors
from batches.impact.gwp import UG_PER_T as UG_PER_T
from batches.impact.gwp import GwpSet
from batches.impact.methane import DecayFactors, Floats, Ints, accrue, burnt, committed
from batches.impact.method import STREAMS, Method

MG_PER_T = 1e9
UG_PER_MG = 1000
UG_OF_ENERGY = 1000.0
"""µg of CO2 from a millionth of a unit at a factor of 1 kg a unit."""
UNCLASSED = len(STREAMS)
"""Category of waste that nothing avoided is claimed for, neither landfill nor fire, and of contaminants."""
NOT_WASTE = UNCLASSED + 1
"""Category of bulking agents and the like: never diverted, but composted."""
MIXED = UNCLASSED + 2
"""Category of material taken out that may be of everything that went in."""
CATEGORIES = MIXED + 1
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Masses:
    """Verified masses in mg. ``intake``, ``removal`` and ``residue``: (T, N, CATEGORIES); the others (T, N).

    ``weighed``, ``counted`` and ``estimated`` are the parts of the intake that stood on a scale, were made from volume
    or counted containers, or were only estimated. ``energy`` (T, N, 3): millionths of the units of `energy.ENERGY`.
    ``aerobic``: the month's diary shows aerobic operation (see `batches.impact.aerobic`). None: nothing was recorded.
    """

    intake: Whole
    removal: Whole
    harvest: Whole
    weighed: Whole
    estimated: Whole
    verified: Flags
    residue: Whole | None = None
    counted: Whole | None = None
    energy: Whole | None = None
    aerobic: Flags | None = None

    @cached_property
    def diverted_streams(self) -> tuple[Floats, Whole]:
        """`diverted_by_stream` of these masses, made once for every method and scenario that asks."""
        return _diverted_by_stream(self)

    @cached_property
    def residue_streams(self) -> Floats:
        """`residue_by_stream` of these masses, made once."""
        return _residue_by_stream(self)


@dataclass(frozen=True)
class Accounts:
    """Accounts of N sites over T months, or of groups of sites: (T, N) integers, masses in mg, gases in µg.

    ``…_known`` is the part of site-months whose baseline is known; methane and net rest on that part alone. Residue's
    gases exist for that part only. ``electricity_uncharged``: millionths of a kWh that no grid factor is known for;
    they are no part of ``energy_co2e`` (µg CO2).
    """

    intake: Whole
    diverted: Whole
    composted: Whole
    harvest: Whole
    weighed: Whole
    counted: Whole
    estimated: Whole
    residue: Whole
    diverted_known: Whole
    composting_ch4: Whole
    composting_n2o: Whole
    composting_ch4_known: Whole
    composting_n2o_known: Whole
    ch4_avoided: Whole
    ch4_forecast: Whole
    n2o_avoided: Whole
    residue_ch4: Whole
    residue_n2o: Whole
    energy_co2e: Whole
    energy_co2e_known: Whole
    electricity_uncharged: Whole

    def rows(self) -> Iterator[tuple[str, Whole]]:
        """Name and array of every account."""
        for field in fields(self):
            yield field.name, getattr(self, field.name)

    def grouped(self, group: Ints, groups: int) -> Accounts:
        """The sums over the sites of each group (sites with a negative group are left out)."""
        chosen = group >= 0
        sums = {}
        for name, values in self.rows():
            out = np.zeros((values.shape[0], groups), dtype=np.int64)
            np.add.at(out.T, group[chosen], values.T[chosen])
            sums[name] = out
        return Accounts(**sums)

    def over(self, start: int, stop: int) -> dict[str, Whole]:
        """Sums (N,) over the months from ``start`` to before ``stop``."""
        return {name: values[start:stop].sum(axis=0) for name, values in self.rows()}


def diverted_by_stream(masses: Masses) -> tuple[Floats, Whole]:
    """Diverted mass by stream (T, N, 4) in t for the decay engine, and all diverted mass (T, N) in mg.

    What was removed again is taken off the class it was removed from. Contaminants and other waste without a class are
    taken off all waste in proportion, what is mixed off all that went in. In a month without intake the proportions of
    all months so far hold. A removal that comes a month late makes its month negative: the sum over time is right.
    """
    return masses.diverted_streams


def _diverted_by_stream(masses: Masses) -> tuple[Floats, Whole]:
    streams = (masses.intake[..., :UNCLASSED] - masses.removal[..., :UNCLASSED]) / MG_PER_T
    diverted = masses.intake[..., :NOT_WASTE].sum(axis=2) - masses.removal[..., :NOT_WASTE].sum(axis=2)
    removed = np.flatnonzero(masses.removal[..., UNCLASSED:].any(axis=(0, 2)))
    if not len(removed):
        return streams, diverted
    # Proportions are needed only where something of no class, or mixed, was taken out.
    intake = masses.intake[:, removed, :MIXED].astype(np.float64)
    so_far = np.cumsum(intake, axis=0)
    here = np.where(intake.sum(axis=2, keepdims=True) > 0, intake, so_far)
    of_all = _shares(here)
    waste_here = here[..., :NOT_WASTE]
    fallback = so_far[..., :NOT_WASTE]
    of_waste = _shares(np.where(waste_here.sum(axis=2, keepdims=True) > 0, waste_here, fallback))
    removal = masses.removal[:, removed].astype(np.float64)
    unclassed, mixed = removal[..., UNCLASSED, None], removal[..., MIXED, None]
    of_classes = intake[..., :UNCLASSED] - removal[..., :UNCLASSED]
    of_classes -= unclassed * of_waste[..., :UNCLASSED] + mixed * of_all[..., :UNCLASSED]
    streams[:, removed] = of_classes / MG_PER_T
    mixed_waste = np.rint(mixed[..., 0] * of_all[..., :NOT_WASTE].sum(axis=2)).astype(np.int64)
    diverted[:, removed] -= mixed_waste
    return streams, diverted


def _shares(values: Floats) -> Floats:
    total = values.sum(axis=2, keepdims=True)
    shares: Floats = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return shares


def residue_by_stream(masses: Masses) -> Floats:
    """What left after composting for disposal, by stream (T, N, 4) in t; mixed residue by all that went in so far.

    Bulking agents and waste without a class hold no carbon that the method knows of: their part is not charged.
    """
    return masses.residue_streams


def _residue_by_stream(masses: Masses) -> Floats:
    if masses.residue is None:
        return np.zeros((*masses.verified.shape, UNCLASSED))
    residue = masses.residue.astype(np.float64)
    went_in = _shares(np.cumsum(masses.intake[..., :MIXED].astype(np.float64), axis=0))
    streams: Floats = residue[..., :UNCLASSED] + residue[..., MIXED, None] * went_in[..., :UNCLASSED]
    return streams / MG_PER_T


def make_accounts(method: Method, factors: Factors, group: Ints, masses: Masses) -> tuple[Accounts, Flags]:
    """The accounts of every site and month, and whether its methane is known (T, N): verified, with a baseline.

    Methane goes on accruing from earlier verified months where a later month is not verified or has no baseline. Waste
    without a class (manure, crop residue) would not have gone with household waste: neither rot nor fire is credited.
    """
    streams, diverted = diverted_by_stream(masses)
    none = np.zeros_like(diverted)
    known = masses.verified & factors.known[:, group]
    composted = masses.intake.sum(axis=2) - masses.removal.sum(axis=2)
    deposits = np.where(known[..., None], streams, 0.0)
    mass_known = np.where(known, diverted, 0)
    burnt_mass = deposits.sum(axis=2)
    at_once = burnt(burnt_mass, factors.burnt, group, factors.burnt_ch4)
    years = method.forecast_years.value
    ch4 = _accrued(method, factors, deposits, factors.decay, group) + at_once
    forecast = committed(deposits, factors.decay, group, years * MONTHS) + at_once
    own_ch4, own_n2o = (_micrograms(composted * (UG_PER_MG * each)) for each in _composting(method, masses.aerobic))
    residue, residue_ch4, residue_n2o = none, none, none
    if masses.residue is not None and masses.residue.any():
        residue = masses.residue.sum(axis=2)
        residue_ch4, residue_n2o = _residue(method, factors, group, masses, residue, known)
    energy, uncharged = _energy(factors, group, masses)
    accounts = Accounts(
        intake=masses.intake.sum(axis=2),
        diverted=diverted,
        composted=composted,
        harvest=masses.harvest,
        weighed=masses.weighed,
        counted=none if masses.counted is None else masses.counted,
        estimated=masses.estimated,
        residue=residue,
        diverted_known=mass_known,
        composting_ch4=own_ch4,
        composting_n2o=own_n2o,
        composting_ch4_known=np.where(known, own_ch4, 0),
        composting_n2o_known=np.where(known, own_n2o, 0),
        ch4_avoided=_micrograms(ch4 * UG_PER_T),
        ch4_forecast=_micrograms(forecast * UG_PER_T),
        n2o_avoided=_micrograms(burnt(burnt_mass, factors.burnt, group, factors.burnt_n2o) * UG_PER_T),
        residue_ch4=residue_ch4,
        residue_n2o=residue_n2o,
        energy_co2e=energy,
        energy_co2e_known=np.where(known, energy, 0),
        electricity_uncharged=uncharged,
    )
    return accounts, known


def scenario_accounts(method: Method, factors: Factors, group: Ints, masses: Masses, central: Accounts) -> Accounts:
    """The accounts by other baselines for the same masses: what composting itself did is that of ``central``.

    For net and methane avoided; the forecast stays that of ``central``.
    """
    streams, _ = diverted_by_stream(masses)
    known = masses.verified & factors.known[:, group]
    deposits = np.where(known[..., None], streams, 0.0)
    burnt_mass = deposits.sum(axis=2)
    ch4 = _accrued(method, factors, deposits, factors.decay, group)
    ch4 = ch4 + burnt(burnt_mass, factors.burnt, group, factors.burnt_ch4)
    n2o = burnt(burnt_mass, factors.burnt, group, factors.burnt_n2o)
    found = replace(central, ch4_avoided=_micrograms(ch4 * UG_PER_T), n2o_avoided=_micrograms(n2o * UG_PER_T))
    if masses.residue is None or not masses.residue.any():
        return found
    residue_ch4, residue_n2o = _residue(method, factors, group, masses, central.residue, known)
    return replace(found, residue_ch4=residue_ch4, residue_n2o=residue_n2o)


def net_co2e_t(sums: Mapping[str, int], gwp: GwpSet) -> float:
    """Net effect (t CO2e) of sums of accounts: avoided, less composting's own, residue's and energy's. May be negative.

    Only what has a baseline is in it. The one place where gases are netted, in one GWP set.
    """
    ch4 = sums["ch4_avoided"] - sums["composting_ch4_known"] - sums["residue_ch4"]
    n2o = sums["n2o_avoided"] - sums["composting_n2o_known"] - sums["residue_n2o"]
    return gwp.co2e_t(ch4, n2o) - sums["energy_co2e_known"] / UG_PER_T


def decaying(method: Method, factors: Factors, deposits: Floats, decay: DecayFactors) -> tuple[Floats, DecayFactors]:
    """Deposits (T, N, J) and factors as decay sees them at the method's timing."""
    if method.timing.starts == "same_month":
        return deposits, decay
    # Decay starts in January: a year's deposits enter together then, with the potential of their own year (all months
    # of a year share it, for baselines are by year).
    months = factors.first_month + np.arange(deposits.shape[0])
    later = np.zeros_like(deposits)
    for january in np.flatnonzero(months % MONTHS == 0):
        later[january] = deposits[max(0, january - MONTHS) : january].sum(axis=0)
    return later, replace(decay, potential=np.roll(decay.potential, 1, axis=0))


def _accrued(method: Method, factors: Factors, deposits: Floats, decay: DecayFactors, group: Ints) -> Floats:
    """Methane (T, N) by month of emission, in t, at the method's timing."""
    return accrue(*decaying(method, factors, deposits, decay), group).methane


def _composting(method: Method, aerobic: Flags | None) -> tuple[float | Floats, float | Floats]:
    """Emission factors (t/t) of methane and nitrous oxide: the aerobic ones where the diary shows it."""
    rules = method.composting
    if rules.aerobic is None or aerobic is None:
        return rules.ch4.value, rules.n2o.value
    ch4: Floats = np.where(aerobic, rules.aerobic.ch4.value, rules.ch4.value)
    n2o: Floats = np.where(aerobic, rules.aerobic.n2o.value, rules.n2o.value)
    return ch4, n2o


def _residue(
    method: Method, factors: Factors, group: Ints, masses: Masses, residue: Whole, known: Flags
) -> tuple[Whole, Whole]:
    """µg of methane and nitrous oxide of residue, as it rots or burns."""
    streams = np.where(known[..., None], residue_by_stream(masses), 0.0)
    fired = np.where(known, residue, 0) / MG_PER_T
    ch4 = _accrued(method, factors, streams, factors.residue, group)
    ch4 = ch4 + burnt(fired, factors.burnt, group, factors.burnt_ch4)
    n2o = burnt(fired, factors.burnt, group, factors.burnt_n2o)
    return _micrograms(ch4 * UG_PER_T), _micrograms(n2o * UG_PER_T)


def _energy(factors: Factors, group: Ints, masses: Masses) -> tuple[Whole, Whole]:
    """µg CO2 of the energy of verified months, and the electricity (millionths of a kWh) that nobody can charge."""
    shape = masses.verified.shape
    if masses.energy is None or not masses.energy.any():
        return np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    used = np.where(masses.verified[..., None], masses.energy, 0)
    if used.shape != (*shape, len(ENERGY)):
        raise ValueError(f"energy of shape {used.shape}, not {(*shape, len(ENERGY))}")
    grid = factors.grid[:, group]
    unknown = np.isnan(grid)
    co2 = used[..., 0] * np.where(unknown, 0.0, grid) + used[..., 1:] @ factors.fuels
    return _micrograms(co2 * UG_OF_ENERGY), np.where(unknown, used[..., 0], 0)


def _micrograms(values: Floats) -> Whole:
    return np.rint(values).astype(np.int64)
