"""From masses by site and month to what is published: diverted, methane avoided, composting's own emissions, net.

Pure NumPy. Everything that is added up is an integer: masses in milligrams, gases in micrograms, each rounded once at
the site-month, so that the sums of sites equal provinces equal network to the last digit on every machine. Arrays are
(T months, N sites).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from batches.impact.factors import MONTHS, Factors
from batches.impact.methane import Floats, Ints, accrue, burnt, committed
from batches.impact.method import STREAMS, Method

MG_PER_T = 1e9
UG_PER_T = 1e12
UG_PER_MG = 1000
UNCLASSED = len(STREAMS)
"""Category of waste that no methane is claimed for, and of contaminants."""
NOT_WASTE = UNCLASSED + 1
"""Category of bulking agents and the like: never diverted, but composted."""
MIXED = UNCLASSED + 2
"""Category of material taken out that may be of everything that went in."""
CATEGORIES = MIXED + 1
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Masses:
    """Verified masses in mg. ``intake`` and ``removal``: (T, N, CATEGORIES); the others (T, N).

    ``weighed`` and ``estimated`` are the parts of the intake that stood on a scale, or were only estimated.
    """

    intake: Whole
    removal: Whole
    harvest: Whole
    weighed: Whole
    estimated: Whole
    verified: Flags


@dataclass(frozen=True)
class Accounts:
    """Accounts of N sites over T months, or of groups of sites: (T, N) integers, masses in mg, gases in µg.

    ``…_known`` is the part of site-months whose baseline is known; methane and net rest on that part alone.
    """

    intake: Whole
    diverted: Whole
    composted: Whole
    harvest: Whole
    weighed: Whole
    estimated: Whole
    diverted_known: Whole
    composting_ch4: Whole
    composting_n2o: Whole
    composting_ch4_known: Whole
    composting_n2o_known: Whole
    ch4_avoided: Whole
    ch4_forecast: Whole
    n2o_avoided: Whole

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
    intake = masses.intake[..., :MIXED].astype(np.float64)
    so_far = np.cumsum(intake, axis=0)
    here = np.where(intake.sum(axis=2, keepdims=True) > 0, intake, so_far)
    of_all = _shares(here)
    waste_here = here[..., :NOT_WASTE]
    fallback = so_far[..., :NOT_WASTE]
    of_waste = _shares(np.where(waste_here.sum(axis=2, keepdims=True) > 0, waste_here, fallback))
    removal = masses.removal.astype(np.float64)
    unclassed, mixed = removal[..., UNCLASSED, None], removal[..., MIXED, None]
    classed = removal[..., :UNCLASSED]
    streams = (
        intake[..., :UNCLASSED] - classed - unclassed * of_waste[..., :UNCLASSED] - mixed * of_all[..., :UNCLASSED]
    )
    waste = masses.intake[..., :NOT_WASTE].sum(axis=2) - masses.removal[..., :NOT_WASTE].sum(axis=2)
    mixed_waste = np.rint(mixed[..., 0] * of_all[..., :NOT_WASTE].sum(axis=2)).astype(np.int64)
    return streams / MG_PER_T, waste - mixed_waste


def _shares(values: Floats) -> Floats:
    total = values.sum(axis=2, keepdims=True)
    shares: Floats = np.divide(values, total, out=np.zeros_like(values), where=total > 0)
    return shares


def make_accounts(method: Method, factors: Factors, group: Ints, masses: Masses) -> tuple[Accounts, Flags]:
    """The accounts of every site and month, and whether its methane is known (T, N): verified, with a baseline.

    Methane goes on accruing from earlier verified months where a later month is not verified or has no baseline.
    """
    streams, diverted = diverted_by_stream(masses)
    known = masses.verified & factors.known[:, group]
    composted = masses.intake.sum(axis=2) - masses.removal.sum(axis=2)
    deposits = np.where(known[..., None], streams, 0.0)
    mass_known = np.where(known, diverted, 0)
    burnt_mass = mass_known / MG_PER_T
    at_once = burnt(burnt_mass, factors.burnt, group, factors.burnt_ch4)
    years = method.forecast_years.value
    ch4 = accrue(deposits, factors.decay, group).methane + at_once
    forecast = committed(deposits, factors.decay, group, years * MONTHS) + at_once
    own_ch4 = _micrograms(composted * (UG_PER_MG * method.composting.ch4.value))
    own_n2o = _micrograms(composted * (UG_PER_MG * method.composting.n2o.value))
    accounts = Accounts(
        intake=masses.intake.sum(axis=2),
        diverted=diverted,
        composted=composted,
        harvest=masses.harvest,
        weighed=masses.weighed,
        estimated=masses.estimated,
        diverted_known=mass_known,
        composting_ch4=own_ch4,
        composting_n2o=own_n2o,
        composting_ch4_known=np.where(known, own_ch4, 0),
        composting_n2o_known=np.where(known, own_n2o, 0),
        ch4_avoided=_micrograms(ch4 * UG_PER_T),
        ch4_forecast=_micrograms(forecast * UG_PER_T),
        n2o_avoided=_micrograms(burnt(burnt_mass, factors.burnt, group, factors.burnt_n2o) * UG_PER_T),
    )
    return accounts, known


def _micrograms(values: Floats) -> Whole:
    return np.rint(values).astype(np.int64)
