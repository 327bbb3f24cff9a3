"""The network's figures under other GWP sets, other methods and cross-checks: to hold against, never to add. Pure.

Each row is computed whole by one method and one GWP set and says which: ``figures.json`` holds them as ``sensitivity``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batches.impact.accounts import (
    MG_PER_T,
    UG_PER_T,
    Accounts,
    Flags,
    Masses,
    Whole,
    diverted_by_stream,
    make_accounts,
    net_co2e_t,
)
from batches.impact.baselines import BaselineFile
from batches.impact.cross_check import CrossCheck
from batches.impact.energy import EnergyRules
from batches.impact.factors import MONTHS, Factors, Place, make_factors
from batches.impact.gwp import GwpSet
from batches.impact.methane import Ints
from batches.impact.method import STREAMS, Method
from compostnet.shared.rules import Text

Json = dict[str, Any]
Spans = Mapping[str, tuple[int, int]]
"""First month and the one after the last of each span, as indices of the arrays."""


@dataclass(frozen=True)
class Sets:
    """What to hold the default against, in the order in which the rows shall stand."""

    alternatives: Sequence[Method]
    cross_checks: Sequence[CrossCheck]
    gwp_sets: Mapping[str, GwpSet]


@dataclass(frozen=True)
class Computed:
    """The figures of the default method and what they were made of; arrays are (T, N)."""

    method: Method
    factors: Factors
    accounts: Accounts
    known: Flags
    masses: Masses
    group: Ints
    places: Sequence[Place]
    baselines: Sequence[BaselineFile]
    energy: EnergyRules | None


def sensitivity_rows(done: Computed, sets: Sets, spans: Spans) -> list[Json]:
    """The rows of ``sensitivity``: the default by other GWP sets, then other methods, then cross-checks.

    A span's numbers are null where no baseline is known up to its end. A cross-check has the net alone, over the whole
    life of the waste, of the share of the diverted mass that it has factors for (``share_covered``).
    """
    rows = [
        _row(done.method, gwp, gwp.title, gwp.note, done.accounts, done.known, spans)
        for gwp in sets.gwp_sets.values()
        if gwp.use == "sensitivity"
    ]
    for method in sets.alternatives:
        first, months = done.factors.first_month, done.known.shape[0]
        factors = make_factors(method, done.baselines, done.places, first, months, energy=done.energy)
        accounts, known = make_accounts(method, factors, done.group, done.masses)
        rows.append(_row(method, sets.gwp_sets[method.gwp], method.title, method.note, accounts, known, spans))
    rows += [_checked(check, done, spans) for check in sets.cross_checks]
    return rows


def _named(code: str, label: str, gwp: str, title: Text, note: Text | None) -> Json:
    shown = {"title": title.model_dump(), "note": note.model_dump() if note else None}
    return {"method": code, "label": label, "gwp": gwp, **shown}


def _row(
    method: Method, gwp: GwpSet, title: Text, note: Text | None, accounts: Accounts, known: Flags, spans: Spans
) -> Json:
    network: Json = {}
    for name, (start, stop) in spans.items():
        sums = {key: int(values.sum()) for key, values in accounts.over(start, stop).items()}
        estimated = bool(known[:stop].any())
        network[name] = {
            "ch4_avoided_t": sums["ch4_avoided"] / UG_PER_T if estimated else None,
            "composting_ch4_t": sums["composting_ch4"] / UG_PER_T,
            "composting_n2o_t": sums["composting_n2o"] / UG_PER_T,
            "net_co2e_t": net_co2e_t(sums, gwp) if estimated else None,
        }
    return {**_named(method.code, method.label, gwp.code, title, note), "basis": "accrued", "network": network}


def _checked(check: CrossCheck, done: Computed, spans: Spans) -> Json:
    net, covered = cross_checked(check, done)
    network: Json = {}
    for name, (start, stop) in spans.items():
        mass, diverted = (int(values[start:stop].sum()) for values in (covered, done.accounts.diverted_known))
        network[name] = {
            "ch4_avoided_t": None,
            "composting_ch4_t": None,
            "composting_n2o_t": None,
            "net_co2e_t": int(net[start:stop].sum()) / UG_PER_T if mass else None,
            "share_covered": mass / diverted if diverted else None,
        }
    named = _named(check.code, check.label, check.gwp, check.title, check.note)
    return {**named, "basis": "whole_life", "network": network}


def cross_checked(check: CrossCheck, done: Computed, *, credits: bool = True) -> tuple[Whole, Whole]:
    """Net (T, N) in µg CO2e by a cross-check, and the mass (mg) that it has factors for.

    ``credits`` (storage, displaced energy) are on both sides or on neither.
    """
    months = done.known.shape[0]
    net = np.full((months, len(done.places), len(STREAMS)), np.nan)
    years = np.arange(done.factors.first_month, done.factors.first_month + months) // MONTHS
    for (g, year), baseline in done.factors.baselines.items():
        for j, stream in enumerate(STREAMS):
            factor = check.compare(stream, baseline.mix(), credits=credits)
            if factor is not None:
                net[years == year, g, j] = factor
    streams, _ = diverted_by_stream(done.masses)
    here = net[:, done.group]
    mass = np.where(done.known[..., None] & ~np.isnan(here), streams, 0.0)
    effect = (mass * np.nan_to_num(here)).sum(axis=2) * UG_PER_T
    return np.rint(effect).astype(np.int64), np.rint(mass.sum(axis=2) * MG_PER_T).astype(np.int64)
