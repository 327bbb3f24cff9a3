"""Methane that waste would have given off, by first-order decay, for many sites and months at once.

CDM TOOL04 (version 8), Application B, equation 2. For one deposit W (t wet) of a stream j on a route r::

    potential  = W · share_r · DOC_j · DOCf · MCF_r · 16/12 · F                t CH4 that will ever form
    S_m        = S_(m-1) · e^(-k_j/12) + potential_m                           t CH4 that can still form in month m
    emitted_m  = phi · (1 - f_rm) · (1 - OX_r) · S_m · (1 - e^(-k_j/12))       t CH4 of month m; S · e^(-k_j/12) is left

which equals the double sum of the tool, in time and memory linear in months. MCF, DOCf and the share belong to the
month of *deposit* and stand inside the state; phi, f and OX belong to the month of *emission* and stand outside.
The same code runs the yearly form (equation 1) with e^(-k) as decay.

Pure NumPy: no Django, no database, no clock. Arrays are named by their axes: T periods, N sites, G groups of sites with
the same factors, J streams, R routes. Masses are tonnes wet, gases tonnes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
CHUNK = 2048
"""Sites worked on together: their state of 4 streams × 2 routes stays in the processor's cache."""


@dataclass(frozen=True)
class DecayFactors:
    """Factors of the routes with decay.

    ``decay`` (G, J): what is left of the state after one period, e^(-k/12). ``potential`` (T, G, J, R): t CH4 that one
    tonne deposited in that period will ever form (share of the route included). ``emitted`` (T, G, R): the part of the
    methane formed in that period that reaches the air, phi (1 - f)(1 - OX).
    """

    decay: Floats
    potential: Floats
    emitted: Floats


@dataclass(frozen=True)
class Accrued:
    """``methane`` (T, N): t CH4 by period of emission. ``state`` (N, J, R): t CH4 not yet formed after the last one."""

    methane: Floats
    state: Floats


def accrue(deposits: Floats, factors: DecayFactors, group: Ints, state: Floats | None = None) -> Accrued:
    """Methane by the period in which it would have been emitted, from ``deposits`` (T, N, J) in t wet.

    ``group`` (N,) says which row of the factors a site follows. ``state`` is what an earlier call left, so that a new
    month costs one step however long the history.
    """
    periods, sites, streams = deposits.shape
    routes = factors.potential.shape[3]
    if factors.potential.shape[:1] + factors.emitted.shape[:1] != (periods, periods):
        raise ValueError(f"factors for {factors.potential.shape[0]} periods, deposits for {periods}")
    methane = np.empty((periods, sites))
    left = np.zeros((sites, streams, routes)) if state is None else state.astype(np.float64, copy=True)
    changes = _changes(factors)
    for start in range(0, sites, CHUNK):
        here = slice(start, start + CHUNK)
        _accrue_chunk(deposits[:, here], factors, group[here], changes, methane[:, here], left[here])
    return Accrued(methane, left)


def _changes(factors: DecayFactors) -> NDArray[np.bool_]:
    """In which periods (T,) the factors differ from those of the period before."""
    differs = np.ones(len(factors.emitted), dtype=np.bool_)
    differs[1:] = (factors.potential[1:] != factors.potential[:-1]).any(axis=(1, 2, 3))
    differs[1:] |= (factors.emitted[1:] != factors.emitted[:-1]).any(axis=(1, 2))
    return differs


def _accrue_chunk(
    deposits: Floats, factors: DecayFactors, group: Ints, changes: NDArray[np.bool_], methane: Floats, left: Floats
) -> None:
    """Neighbouring sites: writes ``methane`` (T, n) and ``left`` (n, J, R). Sites last: all runs along memory."""
    decay = np.ascontiguousarray(np.broadcast_to(factors.decay[group].T[:, None, :], (*left.shape[1:], len(group))))
    held = left.transpose(1, 2, 0).copy()
    work = np.empty_like(held)
    laid = np.empty((left.shape[1], 1, len(group)))
    potential, weight = work, work
    for period in range(len(deposits)):
        if changes[period]:
            potential = factors.potential[period][group].transpose(1, 2, 0).copy()
            weight = (1.0 - decay) * factors.emitted[period][group].T
        laid[:, 0] = deposits[period].T
        np.multiply(laid, potential, out=work)
        held += work
        np.multiply(held, weight, out=work)
        work.sum(axis=(0, 1), out=methane[period])
        held *= decay
    left[:] = held.transpose(2, 0, 1)


def committed(deposits: Floats, factors: DecayFactors, group: Ints, periods: float) -> Floats:
    """Methane (T, N) that each period's deposit will have caused ``periods`` later, at the factors of its deposit.

    A forecast: never to be added to what `accrue` gives. ``periods`` = inf gives all that will ever come.
    """
    part = 1.0 - factors.decay**periods
    each = np.einsum("tgjr,tgr,gj->tgj", factors.potential, factors.emitted, part)
    total = np.empty(deposits.shape[:2])
    for period in range(deposits.shape[0]):
        total[period] = np.einsum("nj,nj->n", deposits[period], each[period][group])
    return total


def burnt(mass: Floats, share: Floats, group: Ints, emission: float) -> Floats:
    """Emission (T, N) of the burnt ``share`` (T, G) of ``mass`` (T, N) t wet: at once, ``emission`` t a tonne."""
    if not share.any():
        return np.zeros(mass.shape)
    return mass * share[:, group] * emission
