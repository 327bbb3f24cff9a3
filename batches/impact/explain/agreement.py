"""Whether what was computed once more is what a release published, to the last digit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from batches.impact.accounts import MG_PER_T, UG_PER_T
from batches.impact.explain.arithmetic import net_of
from batches.impact.explain.values import SiteMonth
from batches.impact.gwp import GwpSet
from compostnet.shared.months import month_text

Figure = Mapping[str, Any]
MASSES = {"intake_t": "intake", "diverted_t": "diverted", "harvest_t": "harvest", "residue_t": "residue"}
GASES = {
    "ch4_avoided_t": "ch4_avoided",
    "ch4_forecast_20y_t": "ch4_forecast",
    "n2o_avoided_t": "n2o_avoided",
    "composting_ch4_t": "composting_ch4",
    "composting_n2o_t": "composting_n2o",
    "residue_ch4_t": "residue_ch4",
    "energy_co2e_t": "energy_co2e",
}
NET = "net_co2e_t"
SERIES = ("diverted_t", "harvest_t", "ch4_avoided_t", NET)
SUMMED = ("diverted_t", "harvest_t", "ch4_avoided_t", "composting_ch4_t", "composting_n2o_t", "residue_ch4_t", NET)
"""What the sites of a region are held against it in."""


@dataclass(frozen=True, slots=True)
class Check:
    """One indicator: what was published and what came out (t). Published None: not estimated, nothing to compare."""

    indicator: str
    published: float | None
    computed: float

    @property
    def matches(self) -> bool | None:
        """None where there is nothing to compare with."""
        return None if self.published is None else self.published == self.computed


def month_checks(site: Figure, axis: Sequence[str], step: SiteMonth, gwp: GwpSet) -> list[Check]:
    """A site's month against its figure (the release's own month) and against its series."""
    computed = values_of([step], gwp)
    text = month_text(step.month)
    if axis and text == axis[-1]:
        return _against(site["month"], computed)
    at = axis.index(text) if text in axis else None
    if at is None:
        return []
    return [Check(key, site["series"][key][at], computed[key]) for key in SERIES]


def span_checks(figure: Figure, steps: Iterable[SiteMonth], gwp: GwpSet) -> list[Check]:
    """A site's figure of a span against its months."""
    return _against(figure, values_of(steps, gwp))


def _against(figure: Figure, computed: Mapping[str, float]) -> list[Check]:
    return [Check(key, figure[key], value) for key, value in computed.items() if key in figure]


def values_of(steps: Iterable[SiteMonth], gwp: GwpSet) -> dict[str, float]:
    """The indicators of months together, in tonnes, of sums of whole numbers."""
    sums: dict[str, int] = {}
    for step in steps:
        for name, value in step.results.items():
            sums[name] = sums.get(name, 0) + value
    if not sums:
        return {}
    found = {key: sums[name] / MG_PER_T for key, name in MASSES.items()}
    found |= {key: sums[name] / UG_PER_T for key, name in GASES.items()}
    found[NET] = net_of(sums, gwp)
    return found


def sum_checks(whole: Figure, parts: Sequence[Figure], gwp: GwpSet | None) -> list[Check]:
    """A region's figure against the sum of its sites', each turned back into the whole numbers it was made of."""
    found = []
    for key in SUMMED:
        if key not in whole:
            continue
        places = 10**9 if key in MASSES else 10**12
        if key == NET:
            places *= _scale(gwp)
        total = sum(round(part[key] * places) for part in parts if part.get(key) is not None)
        found.append(Check(key, whole[key], total / places))
    return found


def _scale(gwp: GwpSet | None) -> int:
    """By how much CO2e must be multiplied until it is whole."""
    if gwp is None:
        return 1
    places: list[int] = [-int(Decimal(str(factor.value)).as_tuple().exponent) for factor in (gwp.ch4, gwp.n2o)]
    return int(10 ** max(0, *places))
