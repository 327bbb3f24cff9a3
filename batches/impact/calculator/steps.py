"""The arithmetic of a calculated case, step by step, as messages: equation, factors, states, values. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from batches.impact.calculator.calculate import Answer, decay_left, methane_potential, reaching_air
from batches.impact.calculator.cases import Case
from batches.impact.calculator.rules import calculator_rules
from batches.impact.methane import Floats
from compostnet.shared.texts import Message

SHOWN_STEPS = 3
"""Periods of the recursion that are written out; the others go the same way."""


def explained(answer: Answer) -> list[Message]:
    """The lines of one case, in order."""
    return [*_basis(answer), *_factors(answer.case), *_streams(answer.case), *_steps(answer), *_sums(answer)]


def _number(value: float) -> str:
    return f"{value:.10g}"


def _basis(answer: Answer) -> Iterator[Message]:
    case, rules = answer.case, calculator_rules()
    source = rules.sources[case.kind.source]
    cited = " · ".join(part for part in (source.issuer, source.title, source.section) if part)
    yield Message("methane_explain_case", {"id": case.id, "title": case.kind.title, "source": cited})
    yield Message("methane_explain_equation", {"equation": case.kind.equation})
    if case.unused:
        yield Message("methane_explain_unused", {"names": list(case.unused)})


def _factors(case: Case) -> Iterator[Message]:
    rules = calculator_rules()
    for name, series in case.by_period.items():
        if name == "gwp" and not case.in_co2e:
            continue
        code = "methane_explain_assumed" if name in case.silent else "methane_explain_given"
        yield Message(code, {"name": name, "value": _series(case, series), "unit": rules.inputs[name].unit})
    if case.efficiency is not None:
        found = rules.collection_scenarios.get(case.scenario)
        where = rules.sources[found.source].title if found else "—"
        values = {"scenario": case.scenario or "—", "value": _series(case, case.efficiency), "source": where}
        yield Message("methane_explain_efficiency", values)


def _series(case: Case, series: Floats) -> str:
    """A series as one number, or as the periods from which each value holds."""
    changes = [0, *(np.flatnonzero(np.diff(series)) + 1).tolist()]
    if len(changes) == 1:
        return _number(series[0])
    periods = case.periods
    shown = [f"{case.key(periods[at])}: {_number(series[at])}" for at in changes[:20]]
    return "; ".join(shown) + ("; …" if len(changes) > 20 else "")


def _streams(case: Case) -> Iterator[Message]:
    left, potential = decay_left(case), methane_potential(case)
    ratio = calculator_rules().methane_per_carbon
    for j, stream in enumerate(case.streams):
        yield Message(
            "methane_explain_stream",
            {
                "stream": stream,
                "k": _number(case.k[j]),
                "exponent": "−k/12" if case.kind.steps_per_year == 12 else "−k",
                "left": _number(left[j]),
                "doc": _series(case, case.by_stream["doc"][:, j]),
                "docf": _series(case, case.by_stream["docf"][:, j]),
                "mcf": _series(case, case.by_stream["mcf"][:, j]),
                "F": _series(case, case.by_period["F"]),
                "ratio": f"{ratio.methane:g}/{ratio.carbon:g}",
                "potential": _series(case, potential[:, j]),
            },
        )


def _steps(answer: Answer) -> Iterator[Message]:
    """The recursion of the first periods, stream by stream."""
    case = answer.case
    left, potential, reaching = decay_left(case), methane_potential(case), reaching_air(case)
    held = np.zeros(len(case.streams))
    lag, begun = case.kind.lag, int(np.flatnonzero(case.deposits.any(axis=1))[0]) if case.deposits.any() else 0
    for at in range(begun, min(begun + SHOWN_STEPS + lag, len(case.deposits))):
        period = case.key(case.first + at)
        for j, stream in enumerate(case.streams):
            mass = case.deposits[at - lag, j] if at >= lag else 0.0
            per_tonne = potential[at - lag, j] if at >= lag else 0.0
            before, held[j] = held[j], held[j] + mass * per_tonne
            values = {
                "period": period,
                "stream": stream,
                "before": _number(before),
                "mass": _number(mass),
                "potential": _number(per_tonne),
                "state": _number(held[j]),
                "formed_part": _number(1 - left[j]),
                "formed": _number(answer.formed[at, j]),
                "left": _number(held[j] * left[j]),
            }
            yield Message("methane_explain_step", values)
            held[j] *= left[j]
        yield Message(
            "methane_explain_value",
            {
                "period": period,
                "formed": _number(answer.formed[at].sum()),
                "part": _number(reaching[at]),
                "product": _product(case, at),
                "value": _number(answer.emitted[at]),
                "unit": answer.unit,
            },
        )


def _product(case: Case, at: int) -> str:
    """What stands between methane formed and the value, factor by factor."""
    found = case.by_period
    parts = [f"φ {_number(found['phi'][at])}"] if "phi" in found else []
    if "f" in found:
        parts.append(f"(1−f) {_number(1 - found['f'][at])}")
    if "r" in found:
        parts.append(f"(1−R) {_number(1 - found['r'][at])}")
    if case.efficiency is not None:
        parts.append(f"(1−eff) {_number(1 - case.efficiency[at])}")
    parts.append(f"(1−OX) {_number(1 - found['ox'][at])}")
    if case.in_co2e:
        parts.append(f"GWP {_number(found['gwp'][at])}")
    return " · ".join(parts)


def _sums(answer: Answer) -> Iterator[Message]:
    case = answer.case
    start, stop = case.sums
    values = {"first": case.key(start), "last": case.key(stop), "count": stop - start + 1, "unit": answer.unit}
    yield Message("methane_explain_sum", {**values, "value": repr(answer.values["sum"])})
