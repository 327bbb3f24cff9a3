"""From whole sums to figures: columns of many figures at once, each figure a dictionary as releases publish it. Pure.

Masses come in mg, gases in µg; what is published is in tonnes at full precision. CO2 equivalents are made of whole
numbers and rounded once, so that a sum is right to the last digit whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from batches.impact.accounts import MG_PER_T, UG_PER_T, Whole
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
        places = max(0, *(-int(value.as_tuple().exponent) for value in values))
        self.scale: int = 10**places
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


@lru_cache(maxsize=16)
def _explained(codes: tuple[str, ...]) -> dict[str, str] | None:
    return both([Message(code) for code in codes]) if codes else None


def make_figure_table(
    warming: Warming,
    sums: Mapping[str, Whole],
    counts: Mapping[str, Whole],
    known: np.ndarray,
    doubts: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> list[Figure]:
    """Figures of K things from their sums and counts, each (K,).

    ``known``: whether any of the methane is estimated; ``doubts``: whether anything was verified, and whether some of
    it lacks a baseline, or a climate zone.
    """
    intake, diverted = sums["intake"], sums["diverted"]
    known_list = known.tolist()
    share_known = _share(sums["diverted_known"], diverted)
    net = warming.tonnes(
        sums["ch4_avoided"] - sums["composting_ch4_known"] - sums["residue_ch4"],
        sums["n2o_avoided"] - sums["composting_n2o_known"] - sums["residue_n2o"],
        sums["energy_co2e_known"],
    )
    partial = [
        is_known and (no_baseline or no_zone or not seen) and share is not None and share < 1
        for is_known, share, seen, no_baseline, no_zone in zip(
            known_list, share_known, *(flags.tolist() for flags in doubts), strict=True
        )
    ]
    why = list(zip(*(flags.tolist() for flags in doubts), strict=True))
    columns: dict[str, list[Any]] = {name: counts[name].tolist() for name in COUNTS}
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
        "ch4_avoided_t": _where(known_list, _tonnes(sums["ch4_avoided"], UG_PER_T)),
        "ch4_forecast_20y_t": _where(known_list, _tonnes(sums["ch4_forecast"], UG_PER_T)),
        "n2o_avoided_t": _where(known_list, _tonnes(sums["n2o_avoided"], UG_PER_T)),
        "composting_ch4_t": _tonnes(sums["composting_ch4"], UG_PER_T),
        "composting_n2o_t": _tonnes(sums["composting_n2o"], UG_PER_T),
        "composting_co2e_t": warming.tonnes(sums["composting_ch4"], sums["composting_n2o"]),
        "composting_co2e_with_baseline_t": _where(
            known_list, warming.tonnes(sums["composting_ch4_known"], sums["composting_n2o_known"])
        ),
        "residue_ch4_t": _where(known_list, _tonnes(sums["residue_ch4"], UG_PER_T)),
        "energy_co2e_t": _tonnes(sums["energy_co2e"], UG_PER_T),
        "net_co2e_t": _where(known_list, net),
        "share_with_baseline": share_known,
        "interval": [None] * len(net),
        "scenarios": [None] * len(net),
        "reason": [None if is_known else _reason(*w) for is_known, w in zip(known_list, why, strict=True)],
        "note": [
            _note(f"{100 * (share or 0):.1f}", *w) if is_partial else None
            for is_partial, share, w in zip(partial, share_known, why, strict=True)
        ],
        "explanation": [None] * len(net),
    }
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _tonnes(values: Whole, per: float) -> list[float]:
    found: list[float] = (values / per).tolist()
    return found


def _where(known: Sequence[bool], values: Sequence[float]) -> list[float | None]:
    return [value if is_known else None for is_known, value in zip(known, values, strict=True)]


def _share(part: Whole, whole: Whole) -> list[float | None]:
    found: list[float] = np.divide(part, whole, out=np.zeros(whole.shape), where=whole != 0).tolist()
    return [share if there else None for share, there in zip(found, (whole != 0).tolist(), strict=True)]
