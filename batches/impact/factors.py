"""From a method and its baselines to the arrays that `batches.impact.methane` works on.

Sites with the same climate zone, the same line of regions and the same kind (real or invented) share one group. A
group's month is *known* when a baseline applies to its year and, if something of its mix decays, its zone is known:
without that there is no estimate, and no silent landfill either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from batches.impact.baselines import Baseline, BaselineFile, Scenario, find_baseline
from batches.impact.energy import FUELS, EnergyRules, Grid, find_grid
from batches.impact.methane import DecayFactors, Floats
from batches.impact.method import STREAMS, Method

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Place:
    """What the factors of a site depend on. ``regions``: its own first, then the ancestors; ``zone`` may be ''."""

    zone: str
    regions: tuple[str, ...]
    invented: bool


@dataclass(frozen=True)
class Factors:
    """Factors of all groups over T months from ``first_month`` on, and how well they are known.

    ``decay``: of the baseline (phi in it); ``residue``: the same with phi of our own emissions. ``has_baseline``,
    ``known`` and ``has_scenarios`` (T, G); ``burnt`` (T, G): share of the mass that is burnt; ``baselines``: every
    baseline used, by group and year. ``grid`` (T, G): kg CO2 a kWh, NaN where no factor is known; ``grids``: what they
    stand on; ``fuels`` (2,): kg CO2 a litre, in the order of `energy.FUELS`.
    """

    first_month: int
    scenario: Scenario
    decay: DecayFactors
    residue: DecayFactors
    burnt: Floats
    has_baseline: NDArray[np.bool_]
    has_scenarios: NDArray[np.bool_]
    known: NDArray[np.bool_]
    burnt_ch4: float
    burnt_n2o: float
    baselines: dict[tuple[int, int], Baseline]
    grid: Floats
    grids: dict[tuple[int, int], Grid]
    fuels: Floats


def make_factors(
    method: Method,
    files: Sequence[BaselineFile],
    places: Sequence[Place],
    first_month: int,
    months: int,
    *,
    scenario: Scenario = "central",
    energy: EnergyRules | None = None,
) -> Factors:
    """The factors of ``places`` (the groups, in this order) for ``months`` months from ``first_month`` on.

    A baseline that tells of no scenarios is the same in all three. Without ``energy`` no grid factor is known.
    """
    routes = [code for code, route in method.routes.items() if route.decays]
    groups = len(places)
    potential = np.zeros((months, groups, len(STREAMS), len(routes)))
    emitted = np.zeros((months, groups, len(routes)))
    reaching = np.zeros((months, groups, len(routes)))
    decay = np.ones((groups, len(STREAMS)))
    burnt = np.zeros((months, groups))
    has_baseline = np.zeros((months, groups), dtype=np.bool_)
    has_scenarios = np.zeros((months, groups), dtype=np.bool_)
    known = np.zeros((months, groups), dtype=np.bool_)
    grid = np.full((months, groups), np.nan)
    used: dict[tuple[int, int], Baseline] = {}
    grids: dict[tuple[int, int], Grid] = {}
    phi_residue = method.landfilling.phi.residue.value
    doc = np.array([method.streams[s].doc.value for s in STREAMS])
    to_methane = np.array([method.carbon_to_methane(s) for s in STREAMS])
    years = np.arange(first_month, first_month + months) // MONTHS
    for g, place in enumerate(places):
        has_zone = place.zone in method.zones
        if has_zone:
            decay[g] = [math.exp(-method.streams[s].k[place.zone].value / MONTHS) for s in STREAMS]  # type: ignore[index]
        for year in sorted(set(years.tolist())):
            here = years == year
            if energy is not None and (line := find_grid(energy, place.regions, year)) is not None:
                grids[g, year] = line
                grid[here, g] = line.factor.value
            found = find_baseline(files, place.regions, year, invented=place.invented)
            if found is None:
                continue
            used[g, year] = found
            has_baseline[here, g] = True
            has_scenarios[here, g] = found.period.has_scenarios
            rots = False
            for part in found.mix(scenario):
                route = method.routes[part.route]
                if route.decays is None:
                    burnt[here, g] += part.share
                    continue
                rots = rots or part.share > 0
                if not has_zone:
                    continue
                r = routes.index(part.route)
                potential[here, g, :, r] = part.share * doc * to_methane * route.decays.mcf.value
                # Capture is a property of the month of emission: it holds from here on until a later mix changes it.
                for out, phi in ((emitted, method.phi(place.zone)), (reaching, phi_residue)):
                    out[years >= year, g, r] = phi * (1 - part.capture) * (1 - route.decays.ox.value)
            known[here, g] = has_zone or not rots
    burns = [route.burns for route in method.routes.values() if route.burns]
    baseline = DecayFactors(decay, potential, emitted)
    return Factors(
        first_month=first_month,
        scenario=scenario,
        decay=baseline,
        residue=replace(baseline, emitted=reaching),
        burnt=burnt,
        has_baseline=has_baseline,
        has_scenarios=has_scenarios,
        known=known,
        burnt_ch4=burns[0].conservativeness.value * burns[0].ch4.value if burns else 0.0,
        burnt_n2o=burns[0].conservativeness.value * burns[0].n2o.value if burns else 0.0,
        baselines=used,
        grid=grid,
        grids=grids,
        fuels=np.array([energy.fuels[fuel].value if energy else 0.0 for fuel in FUELS]),
    )
