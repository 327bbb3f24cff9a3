"""The stateless calculator: cases of first-order decay in the shape of ``methane_cases.json``, through our own engine.

It exists so that anybody can hold the engine of the figures against any other. Four kinds: TOOL04 by year and by month,
IPCC (decay from the January after), and WARM's landfill with gas collected by year of the landfill. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batches.impact.calculator.cases import Broken, Case, Skipped, read_cases
from batches.impact.calculator.rules import calculator_rules
from batches.impact.methane import DecayFactors, Floats, accrue
from compostnet.shared.texts import Message


@dataclass(frozen=True)
class Answer:
    """What a case comes to. ``formed`` (T, J): t CH4 by period and stream before capture, oxidation and GWP.

    ``emitted`` (T,): the values by period. ``values``: everything printed, by key.
    """

    case: Case
    formed: Floats
    emitted: Floats
    values: dict[str, float]

    @property
    def unit(self) -> str:
        return "t CO2e" if self.case.in_co2e else "t CH4"

    def as_json(self) -> dict[str, Any]:
        """The answer at full precision. ``sum_over``: first and last period that ``sum`` covers."""
        case = self.case
        told: dict[str, Any] = {"id": case.id, "kind": case.code, "unit": self.unit}
        told["sum_over"] = [case.key(period) for period in case.sums]
        if case.silent:
            told["assumed"] = assumed(case)
        if case.unused:
            told["ignored"] = list(case.unused)
        return {**told, "values": self.values}


@dataclass(frozen=True)
class Answers:
    """The answers, the cases of other kinds, and the cases that cannot be computed."""

    answers: tuple[Answer, ...]
    skipped: tuple[Skipped, ...]
    broken: tuple[Broken, ...]

    def as_json(self, language: str) -> dict[str, Any]:
        """``cases`` holds what was computed and nothing else."""
        kinds = ", ".join(calculator_rules().kinds)
        return {
            "cases": [answer.as_json() for answer in self.answers],
            "not_computed": [
                {"id": one.id, "kind": one.code, "reason": not_computed(one, kinds).render(language)}
                for one in self.skipped
            ],
            "errors": [
                {"id": one.id, "kind": one.code, "errors": [fault.as_json(language) for fault in one.faults]}
                for one in self.broken
            ],
        }


def not_computed(skipped: Skipped, kinds: str) -> Message:
    """Why a case was left out."""
    return Message("methane_kind_not_computed", {"kind": skipped.code, "kinds": kinds})


def assumed(case: Case) -> dict[str, float]:
    """What was taken where the case is silent."""
    rules = calculator_rules()
    return {name: float(rules.inputs[name].silent or 0) for name in case.silent if name in rules.inputs}


def calculate(document: Any) -> Answers:
    """Every case of a document; a `Problem` if it holds none."""
    read = read_cases(document)
    return Answers(
        answers=tuple(answer(one) for one in read if isinstance(one, Case)),
        skipped=tuple(one for one in read if isinstance(one, Skipped)),
        broken=tuple(one for one in read if isinstance(one, Broken)),
    )


def answer(case: Case) -> Answer:
    """One case through the engine: each stream is a site of its own, so that it can be told apart."""
    periods, streams = case.deposits.shape
    lag = case.kind.lag
    potential = methane_potential(case)
    laid, later = np.zeros_like(case.deposits), np.zeros_like(potential)
    laid[lag:] = case.deposits[: periods - lag]
    later[lag:] = potential[: periods - lag]
    factors = DecayFactors(
        decay=decay_left(case)[:, None],
        potential=later[:, :, None, None],
        emitted=np.ones((periods, streams, 1)),
    )
    formed = accrue(laid[:, :, None], factors, np.arange(streams)).methane
    reaching = reaching_air(case)
    emitted = formed.sum(axis=1) * reaching
    if case.efficiency is not None:
        return Answer(case, formed, emitted, _landfill(case, formed, reaching))
    start, stop = (at - case.first for at in case.sums)
    values = {case.key(period): float(value) for period, value in zip(case.periods, emitted, strict=True)}
    values["sum"] = math.fsum(emitted[start : stop + 1])
    return Answer(case, formed, emitted, values)


def decay_left(case: Case) -> Floats:
    """What is left of each stream after one period (J,): e^(-k/12) or e^(-k)."""
    left: Floats = np.exp(-case.k / case.kind.steps_per_year)
    return left


def methane_potential(case: Case) -> Floats:
    """t CH4 (T, J) that a tonne deposited in a period can form: DOC · DOCf · MCF · F · 16/12."""
    ratio = calculator_rules().methane_per_carbon
    streams = case.by_stream
    carbon = streams["doc"] * streams["docf"] * streams["mcf"] * case.by_period["F"][:, None]
    return carbon * (ratio.methane / ratio.carbon)


def reaching_air(case: Case) -> Floats:
    """The part (T,) of what forms that reaches the air, times GWP where the case gives one."""
    ones = np.ones(len(case.deposits))
    found = case.by_period
    part = found.get("phi", ones) * (1 - found.get("f", 0 * ones)) * (1 - found["ox"]) * (1 - found.get("r", 0 * ones))
    if case.efficiency is not None:
        part = part * (1 - case.efficiency)
    return part * found["gwp"] if case.in_co2e else part


def _landfill(case: Case, formed: Floats, reaching: Floats) -> dict[str, float]:
    """Keys of a WARM landfill: per stream and in all, generated, captured and emitted, by calendar year and in sum."""
    assert case.efficiency is not None
    captured = formed * case.efficiency[:, None]
    emitted = formed * reaching[:, None]
    start, stop = (at - case.first for at in case.sums)
    within = slice(start, stop + 1)
    values: dict[str, float] = {}
    kinds = (("gen", formed), ("capt", captured), ("emit", emitted))
    for kind, all_streams in kinds:
        values |= _years(case, f"{kind}_", all_streams.sum(axis=1), within)
        values[f"{kind}_sum"] = math.fsum(all_streams[within].ravel())
    for j, stream in enumerate(case.streams):
        for kind, all_streams in kinds:
            values |= _years(case, f"{stream}_{kind}_", all_streams[:, j], within)
            values[f"{stream}_{kind}_sum"] = math.fsum(all_streams[within, j])
        values[f"{stream}_sum"] = values[f"{stream}_gen_sum"]
    values |= _years(case, "", emitted.sum(axis=1), within)
    values["sum"] = values["emit_sum"]
    return values


def _years(case: Case, prefix: str, series: Floats, within: slice) -> dict[str, float]:
    chosen: Sequence[tuple[int, float]] = list(zip(case.periods, series.tolist(), strict=True))[within]
    return {f"{prefix}{case.key(period)}": value for period, value in chosen}
