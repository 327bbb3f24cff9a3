"""The decay engine on 100,000 sites × 240 months × 4 streams × 2 routes, beside a bare NumPy recursion over the same
arrays; beside dense matrices (as SWEET does it) and a plain double loop on a part that they can finish; and the Monte
Carlo run of a network."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from batches.impact.methane import DecayFactors, Floats, Ints, accrue
from tests.conftest import ROOT

MONTHS, STREAMS, ROUTES = 240, 4, 2
SITES, GROUPS = 100_000, 400
FEW_SITES, LOOP_SITES, LOOP_MONTHS = 1_000, 3, 120
ROUNDS = 3


def run() -> list[dict[str, Any]]:
    """Rows of the table. Peak memory is that of processes of their own; everything runs on one core."""
    return [*_engine(), *_beside(), *_monte_carlo()]


def _made(sites: int, months: int) -> tuple[Floats, DecayFactors, Ints]:
    """Deposits, factors that change every year, and each site's group."""
    random = np.random.default_rng(20261121)
    years = -(-months // 12)
    by_year = (np.repeat(random.uniform(0, 1, (years, GROUPS, n)), 12, axis=0) for n in (STREAMS * ROUTES, ROUTES))
    potential, emitted = (values[:months] for values in by_year)
    return (
        random.random((months, sites, STREAMS)),
        DecayFactors(
            np.exp(-random.uniform(0.02, 0.4, (GROUPS, STREAMS)) / 12),
            0.1 * potential.reshape(months, GROUPS, STREAMS, ROUTES),
            emitted,
        ),
        random.integers(0, GROUPS, sites),
    )


def _best(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def bare(deposits: Floats, left: Floats, potential: Floats, weight: Floats) -> Floats:
    """The recursion as a script would have it: factors that never change, arrays laid out by (J, R, N)."""
    held = np.zeros(potential.shape)
    methane = np.empty(deposits.shape[:2])
    for month in range(len(deposits)):
        held += deposits[month].T[:, None, :] * potential
        methane[month] = (held * weight).sum(axis=(0, 1))
        held *= left
    return methane


def _bare_arrays(factors: DecayFactors, group: Ints) -> tuple[Floats, Floats, Floats]:
    shape = (STREAMS, ROUTES, len(group))
    left = np.ascontiguousarray(np.broadcast_to(factors.decay[group].T[:, None, :], shape))
    potential = factors.potential[0][group].transpose(1, 2, 0).copy()
    return left, potential, (1 - left) * factors.emitted[0][group].T


def dense(deposits: Floats, factors: DecayFactors, group: Ints) -> Floats:
    """One months × months matrix for each site, stream and route, as SWEET builds one for each waste type."""
    months, sites, streams = deposits.shape
    age = np.subtract.outer(np.arange(months), np.arange(months))
    methane = np.zeros((months, sites))
    for n in range(sites):
        g = group[n]
        for j in range(streams):
            q = factors.decay[g, j]
            kernel = np.where(age >= 0, q ** np.maximum(age, 0) * (1 - q), 0.0)
            for r in range(factors.potential.shape[3]):
                laid = deposits[:, n, j] * factors.potential[:, g, j, r]
                methane[:, n] += factors.emitted[:, g, r] * (kernel * laid).sum(axis=1)
    return methane


def double_loop(deposits: Floats, factors: DecayFactors, group: Ints) -> Floats:
    """Equation 2 of TOOL04 term by term in plain Python."""
    months, sites, streams = deposits.shape
    methane = np.zeros((months, sites))
    for n in range(sites):
        g = int(group[n])
        for j in range(streams):
            k = -math.log(factors.decay[g, j])
            for r in range(factors.potential.shape[3]):
                laid = (deposits[:, n, j] * factors.potential[:, g, j, r]).tolist()
                for month in range(months):
                    formed = 0.0
                    for i in range(month + 1):
                        formed += laid[i] * math.exp(-k * (month - i)) * (1 - math.exp(-k))
                    methane[month, n] += float(factors.emitted[month, g, r]) * formed
    return methane


def _engine() -> list[dict[str, Any]]:
    deposits, factors, group = _made(SITES, MONTHS)
    arrays = _bare_arrays(factors, group)
    ours = _best(lambda: accrue(deposits, factors, group))
    script = _best(lambda: bare(deposits, *arrays))
    work = f"{SITES:,} sites × {MONTHS} months × {STREAMS} streams × {ROUTES} routes, {GROUPS} groups"
    return [
        {"name": "engine, factors change by year", "value": ours, "unit": "s", "note": work},
        {"name": "bare NumPy recursion, factors fixed", "value": script, "unit": "s", "note": "same deposits"},
        {"name": "engine to bare recursion", "value": ours / script, "unit": "times", "note": "less is better"},
        {"name": "peak memory of the engine's process", "value": _peak("engine"), "unit": "MB", "note": "deposits too"},
    ]


def _beside() -> list[dict[str, Any]]:
    deposits, factors, group = _made(FEW_SITES, MONTHS)
    ours = _best(lambda: accrue(deposits, factors, group))
    few = slice(0, 20)
    matrices = _best(lambda: dense(deposits[:, few], factors, group[few]), 1) / 20
    np.testing.assert_allclose(
        dense(deposits[:, few], factors, group[few]), accrue(deposits[:, few], factors, group[few]).methane, rtol=1e-11
    )
    part, part_factors, part_group = _made(LOOP_SITES, LOOP_MONTHS)
    looped = _best(lambda: double_loop(part, part_factors, part_group), 1) / LOOP_SITES
    np.testing.assert_allclose(
        double_loop(part, part_factors, part_group), accrue(part, part_factors, part_group).methane, rtol=1e-11
    )
    short = _best(lambda: accrue(deposits[:LOOP_MONTHS], _first(factors, LOOP_MONTHS), group)) / FEW_SITES
    ours /= FEW_SITES
    return [
        {
            "name": f"engine, a site of {MONTHS} months",
            "value": ours * 1e6,
            "unit": "µs",
            "note": f"{FEW_SITES:,} sites",
        },
        {
            "name": f"dense matrices, a site of {MONTHS} months",
            "value": matrices * 1e6,
            "unit": "µs",
            "note": "20 sites",
        },
        {
            "name": "dense matrices to engine",
            "value": matrices / ours,
            "unit": "times",
            "note": "same methane to 1e-11",
        },
        {"name": f"engine, a site of {LOOP_MONTHS} months", "value": short * 1e6, "unit": "µs"},
        {"name": f"double loop, a site of {LOOP_MONTHS} months", "value": looped * 1e6, "unit": "µs"},
        {"name": "double loop to engine", "value": looped / short, "unit": "times", "note": "same methane to 1e-11"},
    ]


def _first(factors: DecayFactors, months: int) -> DecayFactors:
    return DecayFactors(factors.decay, factors.potential[:months], factors.emitted[:months])


def _monte_carlo() -> list[dict[str, Any]]:
    from tests.batches.impact.test_uncertainty import network_of

    sites, cities = 10_000, 300
    world = network_of(sites, MONTHS, cities)
    month, year, total = (MONTHS - 1, MONTHS), (MONTHS - 12, MONTHS), (0, MONTHS)
    spans = [month, year, total]
    whole = {"network": (np.zeros(sites, dtype=np.intp), 1)}
    groups = {"city": (np.arange(sites) % cities, cities), "province": (np.arange(sites) % 31, 31)}
    found = world.run(whole, spans, sites=False)["network"].ch4_avoided[0, 2]
    network = _best(lambda: world.run(whole, spans, sites=False), 2)
    every = _best(lambda: world.run({**whole, **groups}, spans), 1)
    low, high = found / found.mean()
    note = f"{sites:,} sites × {MONTHS} months × 3 spans; total {low:.2f} to {high:.2f}"
    return [
        {"name": "Monte Carlo, 10,000 draws of the network", "value": network, "unit": "s", "note": note},
        {"name": f"the same with every site, {cities} cities, 31 provinces", "value": every, "unit": "s"},
        {"name": "peak memory of the Monte Carlo process", "value": _peak("monte_carlo"), "unit": "MB"},
    ]


def _peak(part: str) -> int:
    """Peak memory (MB) of one part in a process of its own."""
    code = f"from tests.bench import bench_methane as b; b.peak_of({part!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


def peak_of(part: str) -> None:
    """Print the peak memory of a part (called in a process of its own)."""
    if part == "engine":
        accrue(*_made(SITES, MONTHS))
    else:
        from tests.batches.impact.test_uncertainty import network_of

        world = network_of(10_000, MONTHS, 300)
        world.run({"network": (np.zeros(10_000, dtype=np.intp), 1)}, [(0, MONTHS)], sites=False)
    # VmHWM starts anew with the process; ru_maxrss would begin with that of the parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
