"""Intervals by Monte Carlo: the published table of methane.md section 8, and what must hold of any sample."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batches.impact.accounts import CATEGORIES, Accounts, Masses, make_accounts, net_co2e_t
from batches.impact.baselines import BaselineFile
from batches.impact.factors import Factors, Place, make_factors
from batches.impact.method import Method, default_method
from batches.impact.uncertainty import (
    FILE,
    Intervals,
    Uncertainty,
    _lagrange,
    check_uncertainty,
    intervals,
    shipped_uncertainty,
)
from compostnet.shared.rules import RuleFileError, load_rule

FIRST = 2000 * 12
PLACE = Place("temperate_wet", ("cn", "cn-x"), False)


def baseline(mix: Sequence[dict[str, Any]]) -> list[BaselineFile]:
    period = {"years": [1990, None], "document": "doc", "review": "me", "confidence": "C", "mix": list(mix)}
    return [
        BaselineFile.model_validate(
            {
                "code": "test",
                "title": {"zh": "测试", "en": "test"},
                "invented": False,
                "documents": {"doc": {"title": "A document", "issuer": "somebody"}},
                "reviews": {"me": {"reviewer": "somebody", "reviewed_on": "2025-01-01"}},
                "regions": {"cn": [period]},
            }
        )
    ]


class World:
    """Sites over months with everything that `intervals` asks."""

    def __init__(self, intake: np.ndarray, places: Sequence[Place], mix: Sequence[dict[str, Any]], **parts: Any) -> None:
        self.method: Method = default_method(dt.date(2025, 1, 1))
        months, sites = intake.shape[:2]
        full = np.zeros((months, sites, CATEGORIES), dtype=np.int64)
        full[..., : intake.shape[2]] = np.rint(intake * 1e9)
        nothing = np.zeros((months, sites), dtype=np.int64)
        kinds = {"weighed": full.sum(axis=2), "estimated": nothing, "residue": None, **parts}
        self.masses = Masses(full, np.zeros_like(full), nothing, verified=np.ones((months, sites), dtype=bool), **kinds)
        self.places = list(dict.fromkeys(places))
        self.group = np.array([self.places.index(place) for place in places], dtype=np.intp)
        self.factors: Factors = make_factors(self.method, baseline(mix), self.places, FIRST, months)
        self.accounts: Accounts
        self.accounts, self.known = make_accounts(self.method, self.factors, self.group, self.masses)

    def run(self, groupings: dict[str, Any], spans: Sequence[tuple[int, int]], rules: Uncertainty | None = None):
        return intervals(
            rules or shipped_uncertainty(),
            self.method,
            self.method.default_gwp(),
            factors=self.factors,
            places=self.places,
            group=self.group,
            masses=self.masses,
            accounts=self.accounts,
            known=self.known,
            spans=spans,
            groupings=groupings,
        )


def one_tonne() -> World:
    intake = np.zeros((240, 1, 1))
    intake[0] = 1.0
    return World(intake, [PLACE], [{"route": "landfill_managed", "share": 1.0}])


WHOLE = {"network": (np.zeros(1, dtype=np.intp), 1)}


def test_the_table_of_section_8_within_monte_carlo_error() -> None:
    """Food, managed landfill without capture, temperate wet, 20 years: 400,000 plain draws gave 24.5 to 56.9 kg and
    479 to 1,412 kg CO2e."""
    found = one_tonne().run(WHOLE, [(0, 240)])["network"]
    assert found.ch4_avoided[0, 0] * 1000 == pytest.approx([24.5, 56.9], rel=0.01)
    assert found.net_co2e[0, 0] * 1000 == pytest.approx([478.7, 1411.9], rel=0.012)
    assert found.diverted[0, 0].tolist() == [0.95, 1.05]


def test_a_site_with_fewer_draws_agrees_with_the_network_of_that_one_site() -> None:
    found = one_tonne().run(WHOLE, [(0, 240), (100, 101)])
    assert found["sites"].ch4_avoided == pytest.approx(found["network"].ch4_avoided, rel=0.05)
    assert found["sites"].net_co2e[:, 0] == pytest.approx(found["network"].net_co2e[:, 0], rel=0.05)
