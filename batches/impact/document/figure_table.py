"""From whole sums to figures: columns of many figures at once, each figure a dictionary as releases publish it. Pure.

Masses come in mg, gases in µg; what is published is in tonnes at full precision. CO2 equivalents are made of whole
numbers and rounded once, so that a sum is right to the last digit whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from batches.impact.accounts import MG_PER_T, UG_PER_T, Flags, Whole
from batches.impact.energy import PER_UNIT
from compostnet.shared.texts import Message
from compostnet.shared.units import kg_text

Figure = dict[str, Any]
COUNTS = (
    "sites_expected",
    "sites_reported",
    "sites_verified",
    "site_months_expected",
    "site_months_reported",
    "site_months_verified",
)
SERIES = ("diverted_t", "harvest_t", "ch4_avoided_t", "net_co2e_t")


class Warming:
    """Global warming potentials as exact decimals: CO2 equivalents of whole µg, rounded once."""

    def __init__(self, ch4: float, n2o: float) -> None:
        values = [Decimal(str(value)) for value in (ch4, n2o)]
        places: int = max(0, *(-int(value.as_tuple().exponent) for value in values))
        self.places, self.scale = places, 10**places
        self.ch4, self.n2o = (int(value * self.scale) for value in values)

    def whole(self, ch4: Whole, n2o: Whole) -> Whole:
        """CO2e in whole µg / scale."""
        found: Whole = self.ch4 * ch4 + self.n2o * n2o
        return found

    def tonnes(self, ch4: Whole, n2o: Whole, other: Whole | None = None) -> list[float]:
        """t CO2e of µg of both gases, less ``other`` in µg CO2e."""
        per, a, b = self.scale * int(UG_PER_T), self.ch4, self.n2o
        if other is None:
            return [(a * x + b * y) / per for x, y in zip(ch4.tolist(), n2o.tolist(), strict=True)]
        values = zip(ch4.tolist(), n2o.tolist(), other.tolist(), strict=True)
        return [(a * x + b * y - self.scale * z) / per for x, y, z in values]


def both(messages: Sequence[Message]) -> dict[str, str]:
    """Sentences in both languages, one after the other."""
    return {"zh": "".join(m.render("zh") for m in messages), "en": " ".join(m.render("en") for m in messages)}


def reasons_of(seen: bool, no_baseline: bool, no_zone: bool) -> list[Message]:
    """Why (some of) the methane is not estimated."""
    if not seen:
        return [Message("figures_nothing_verified")]
    return [Message("figures_no_baseline")] * no_baseline + [Message("figures_no_zone")] * no_zone


@lru_cache(maxsize=4096)
def _reason(seen: bool, no_baseline: bool, no_zone: bool) -> dict[str, str]:
    return both(reasons_of(seen, no_baseline, no_zone))


@lru_cache(maxsize=4096)
def _note(share: str, seen: bool, no_baseline: bool, no_zone: bool) -> dict[str, str]:
    return both([Message("figures_partly", {"share": share}), *reasons_of(seen, no_baseline, no_zone)])


@lru_cache(maxsize=4096)
def _explained(code: str) -> dict[str, str]:
    return both([Message(code)])


@dataclass(frozen=True)
class Doubts:
    """Flags (K,) of K figures by the end of their spans.

    ``seen``: anything was verified; ``known``: some of its methane is estimated; ``no_baseline`` and ``no_zone``: some
    is not, for want of that; ``varied``: a baseline has low and high scenarios.
    """

    seen: Flags
    known: Flags
    no_baseline: Flags
    no_zone: Flags
    varied: Flags


def make_figure_table(
    warming: Warming,
    sums: Mapping[str, Whole],
    counts: Mapping[str, Whole],
    doubts: Doubts,
    *,
    scenarios: Mapping[str, Mapping[str, Whole]] | None = None,
    interval: Mapping[str, list[list[float]]] | None = None,
) -> list[Figure]:
    """Figures of K things from their sums and counts, each (K,).

    ``scenarios``: the sums by the low and the high baseline; ``interval``: indicator → lower and upper end of each.
    """
    intake, diverted = sums["intake"], sums["diverted"]
    known = doubts.known.tolist()
    why = list(zip(doubts.seen.tolist(), doubts.no_baseline.tolist(), doubts.no_zone.tolist(), strict=True))
    share_known = _share(sums["diverted_known"], diverted)
    net = _where(known, _net(warming, sums))
    columns: dict[str, Sequence[Any]] = {name: counts[name].tolist() for name in COUNTS}
    columns |= {
        "diverted_t": _tonnes(diverted, MG_PER_T),
        "diverted_kg": [kg_text(mass) for mass in diverted.tolist()],
        "intake_t": _tonnes(intake, MG_PER_T),
        "harvest_t": _tonnes(sums["harvest"], MG_PER_T),
        "residue_t": _tonnes(sums["residue"], MG_PER_T),
        "composted_t": _tonnes(sums["composted"], MG_PER_T),
        "share_weighed": _share(sums["weighed"], intake),
        "share_counted": _share(sums["counted"], intake),
        "share_estimated": _share(sums["estimated"], intake),
        "ch4_avoided_t": _where(known, _tonnes(sums["ch4_avoided"], UG_PER_T)),
        "ch4_forecast_20y_t": _where(known, _tonnes(sums["ch4_forecast"], UG_PER_T)),
        "n2o_avoided_t": _where(known, _tonnes(sums["n2o_avoided"], UG_PER_T)),
        "composting_ch4_t": _tonnes(sums["composting_ch4"], UG_PER_T),
        "composting_n2o_t": _tonnes(sums["composting_n2o"], UG_PER_T),
        "composting_co2e_t": warming.tonnes(sums["composting_ch4"], sums["composting_n2o"]),
        "composting_co2e_with_baseline_t": _where(
            known, warming.tonnes(sums["composting_ch4_known"], sums["composting_n2o_known"])
        ),
        "residue_ch4_t": _where(known, _tonnes(sums["residue_ch4"], UG_PER_T)),
        "energy_co2e_t": _where((sums["energy_records"] > 0).tolist(), _tonnes(sums["energy_co2e"], UG_PER_T)),
        "net_co2e_t": net,
        "share_with_baseline": share_known,
        "interval": _intervals(interval, doubts, len(known)),
        "scenarios": _scenarios(warming, scenarios, doubts),
        "reason": [None if is_known else _reason(*w) for is_known, w in zip(known, why, strict=True)],
        "note": _notes(known, share_known, why, sums["electricity_uncharged"]),
        "explanation": _explanations(warming, sums, net),
    }
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _net(warming: Warming, sums: Mapping[str, Whole]) -> list[float]:
    """Net effect in t CO2e: avoided, less composting's own, residue's and energy's. Below zero where it is."""
    return warming.tonnes(
        sums["ch4_avoided"] - sums["composting_ch4_known"] - sums["residue_ch4"],
        sums["n2o_avoided"] - sums["composting_n2o_known"] - sums["residue_n2o"],
        sums["energy_co2e_known"],
    )


def _intervals(
    interval: Mapping[str, list[list[float]]] | None, doubts: Doubts, figures: int
) -> list[dict[str, list[float] | None] | None]:
    """The 95 % intervals of each figure: none where nothing is verified, of the mass alone where nothing is known."""
    if interval is None:
        return [None] * figures
    rows = zip(doubts.seen.tolist(), doubts.known.tolist(), *interval.values(), strict=True)
    first, *others = interval
    return [
        {first: ends[0], **{name: end if known else None for name, end in zip(others, ends[1:], strict=True)}}
        if seen
        else None
        for seen, known, *ends in rows
    ]


def _scenarios(
    warming: Warming, scenarios: Mapping[str, Mapping[str, Whole]] | None, doubts: Doubts
) -> list[dict[str, dict[str, float]] | None]:
    """What the figures would be by the low and the high baseline; None where no baseline tells of them."""
    if scenarios is None:
        return [None] * doubts.varied.size
    sides = [
        [
            {"ch4_avoided_t": ch4, "net_co2e_t": net}
            for ch4, net in zip(_tonnes(sums["ch4_avoided"], UG_PER_T), _net(warming, sums), strict=True)
        ]
        for sums in scenarios.values()
    ]
    names = tuple(scenarios)
    return [
        dict(zip(names, pair, strict=True)) if varied else None
        for varied, *pair in zip(doubts.varied.tolist(), *sides, strict=True)
    ]


def _notes(
    known: Sequence[bool], shares: Sequence[float | None], why: Sequence[tuple[bool, bool, bool]], uncharged: Whole
) -> list[dict[str, str] | None]:
    """What methane and net do not cover: waste without a baseline, electricity without a grid factor."""
    found: list[dict[str, str] | None] = []
    for is_known, share, w, electricity in zip(known, shares, why, uncharged.tolist(), strict=True):
        notes = []
        if is_known and share is not None and share < 1 and (w[1] or w[2] or not w[0]):
            notes.append(_note(f"{100 * share:.1f}", *w))
        if is_known and electricity:
            notes.append(_uncharged(f"{electricity / PER_UNIT:,.1f}".removesuffix(".0")))
        both_said = {"zh": "".join(n["zh"] for n in notes), "en": " ".join(n["en"] for n in notes)}
        found.append(both_said if notes else None)
    return found


@lru_cache(maxsize=4096)
def _uncharged(kwh: str) -> dict[str, str]:
    return both([Message("figures_electricity_uncharged", {"kwh": kwh})])


def _explanations(
    warming: Warming, sums: Mapping[str, Whole], net: Sequence[float | None]
) -> list[dict[str, str] | None]:
    """Why a net is below zero: avoided methane comes over years, there is little to avoid, or energy outweighs it.

    Whether what this span diverted will have made good in 20 years for what composting it emitted, without and with its
    energy, tells them apart.
    """
    emitted = warming.tonnes(sums["composting_ch4_known"], sums["composting_n2o_known"])
    later = warming.tonnes(sums["ch4_forecast"], sums["n2o_avoided"])
    energy = _tonnes(sums["energy_co2e_known"], UG_PER_T)

    def why(gave: float, comes: float, used: float) -> str:
        if comes < gave:
            return "figures_negative_little_to_avoid"
        return "figures_negative_for_now" if comes >= gave + used else "figures_negative_energy"

    return [
        None if value is None or value >= 0 else _explained(why(*of))
        for value, *of in zip(net, emitted, later, energy, strict=True)
    ]


def _tonnes(values: Whole, per: float) -> list[float]:
    found: list[float] = (values / per).tolist()
    return found


def _where(known: Sequence[bool], values: Sequence[float]) -> list[float | None]:
    return [value if is_known else None for is_known, value in zip(known, values, strict=True)]


def _share(part: Whole, whole: Whole) -> list[float | None]:
    found: list[float] = np.divide(part, whole, out=np.zeros(whole.shape), where=whole != 0).tolist()
    return [share if there else None for share, there in zip(found, (whole != 0).tolist(), strict=True)]
