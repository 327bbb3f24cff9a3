"""The decay engine against published cases, against the plain double sum, and its properties for any input."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from batches.impact.methane import DecayFactors, accrue, burnt, committed
from batches.impact.method import STREAMS, default_method

CASES = json.loads((Path(__file__).parents[2] / "data" / "methane_tool04_cases.json").read_text())
METHOD = default_method(dt.date(2026, 1, 1))


def run_case(inputs: dict, per_year: float) -> np.ndarray:
    """t CO2e by period of a case of methane_cases.json, through the engine."""
    streams = list(inputs["streams"])
    last = max(period for period, _, _ in inputs["deposits"])
    deposits = np.zeros((last, 1, len(streams)))
    for period, stream, mass in inputs["deposits"]:
        deposits[period - 1, 0, streams.index(stream)] += mass
    decay = np.array([[math.exp(-inputs["streams"][s]["k_per_year"] / per_year) for s in streams]])
    doc = np.array([inputs["streams"][s]["doc"] for s in streams])
    potential = np.tile(
        (doc * inputs["docf"] * inputs["mcf"] * inputs["F"] * 16 / 12)[None, None, :, None], (last, 1, 1, 1)
    )
    emitted = np.full((last, 1, 1), inputs["phi"] * (1 - inputs["f"]) * (1 - inputs["ox"]))
    found = accrue(deposits, DecayFactors(decay, potential, emitted), np.zeros(1, dtype=np.intp))
    return found.methane[:, 0] * inputs["gwp"]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["id"])
def test_published_runs_of_tool04_are_met(case):
    per_year = {"fod_tool04_monthly": 12.0, "fod_tool04_yearly": 1.0}[case["kind"]]
    found = run_case(case["inputs"], per_year)
    for period, expected in case["expected"].items():
        assert found[int(period) - 1] == pytest.approx(expected, rel=case["tolerance"]["rel"], abs=0)


@pytest.mark.parametrize("case", CASES["derived_cases"], ids=lambda case: case["id"])
def test_committed_methane_of_a_tonne(case):
    """Table 6.3 of the reference: kg CH4 a tonne by climate zone, for the factors of our own method."""
    _, zone, stream = case["id"].split("-")
    method_k = METHOD.streams[stream].k[zone].value
    assert method_k == case["inputs"]["k_per_year"]
    assert METHOD.phi(zone) == case["inputs"]["phi"]
    doc, route = METHOD.streams[stream].doc.value, METHOD.routes["landfill_managed"].decays
    factors = DecayFactors(
        np.array([[math.exp(-method_k / 12)]]),
        np.full((1, 1, 1, 1), doc * METHOD.carbon_to_methane(stream) * route.mcf.value),
        np.full((1, 1, 1), METHOD.phi(zone) * (1 - route.ox.value)),
    )
    for key, kilograms in case["expected"].items():
        years = int(key.removeprefix("T").removesuffix("_kgCH4"))
        found = committed(np.ones((1, 1, 1)), factors, np.zeros(1, dtype=np.intp), 12 * years)
        assert found[0, 0] * 1000 == pytest.approx(kilograms, rel=1e-12)


def double_sum(deposits, factors, group):
    """Equation 2 as it is written, term by term."""
    periods, sites, streams = deposits.shape
    found = np.zeros((periods, sites))
    for n in range(sites):
        g = group[n]
        for m in range(periods):
            for i in range(m + 1):
                for j in range(streams):
                    q = factors.decay[g, j]
                    for r in range(factors.potential.shape[3]):
                        found[m, n] += (
                            factors.emitted[m, g, r]
                            * deposits[i, n, j]
                            * factors.potential[i, g, j, r]
                            * q ** (m - i)
                            * (1 - q)
                        )
    return found


def random_factors(seed: int, periods: int, groups: int, routes: int = 2) -> DecayFactors:
    random = np.random.default_rng(seed)
    return DecayFactors(
        random.uniform(0.95, 0.999, (groups, len(STREAMS))),
        random.uniform(0, 0.1, (periods, groups, len(STREAMS), routes)),
        random.uniform(0, 0.9, (periods, groups, routes)),
    )


def test_the_recursion_is_the_double_sum_with_factors_that_change():
    random = np.random.default_rng(20240601)
    factors = random_factors(1, 30, 3)
    deposits = random.uniform(0, 50, (30, 5, len(STREAMS)))
    group = np.array([2, 0, 1, 0, 2])
    found = accrue(deposits, factors, group).methane
    np.testing.assert_allclose(found, double_sum(deposits, factors, group), rtol=1e-12)


def test_many_sites_are_cut_into_chunks_without_a_seam():
    random = np.random.default_rng(3)
    factors = random_factors(4, 6, 7)
    deposits = random.uniform(0, 5, (6, 5000, len(STREAMS)))
    group = random.integers(0, 7, 5000)
    found = accrue(deposits, factors, group)
    for n in (0, 1, 2047, 2048, 2049, 4999):
        alone = accrue(deposits[:, [n]], factors, group[[n]])
        np.testing.assert_allclose(found.methane[:, n], alone.methane[:, 0], rtol=1e-14)
        np.testing.assert_array_equal(found.state[n], alone.state[0])


masses = st.floats(0, 1e4, allow_nan=False)
histories = st.integers(1, 24).flatmap(lambda t: arrays(np.float64, (t, 2, len(STREAMS)), elements=masses))
one_group = np.zeros(2, dtype=np.intp)


@given(histories, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_more_waste_never_means_less_methane(deposits, seed):
    factors = random_factors(seed, len(deposits), 1)
    more = deposits.copy()
    more[seed % len(deposits), 0, seed % len(STREAMS)] += 1.0
    less_methane, more_methane = (accrue(d, factors, one_group).methane for d in (deposits, more))
    assert (more_methane >= less_methane).all()


@given(histories, st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_carbon_is_conserved_between_air_and_ground(deposits, seed):
    """What has formed and what is left in the ground are together what was ever going to form."""
    factors = random_factors(seed, len(deposits), 1)
    factors = DecayFactors(factors.decay, factors.potential, np.ones_like(factors.emitted))
    found = accrue(deposits, factors, one_group)
    ever = np.einsum("tnj,tjr->n", deposits, factors.potential[:, 0])
    np.testing.assert_allclose(found.methane.sum(axis=0) + found.state.sum(axis=(1, 2)), ever, rtol=1e-9, atol=1e-9)


@given(histories, st.integers(1, 23), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_going_on_from_a_state_leaves_no_gap_between_months(deposits, cut, seed):
    factors = random_factors(seed, len(deposits), 1)
    cut = min(cut, len(deposits))

    def part(a, b):
        return DecayFactors(factors.decay, factors.potential[a:b], factors.emitted[a:b])

    whole = accrue(deposits, factors, one_group)
    first = accrue(deposits[:cut], part(0, cut), one_group)
    second = accrue(deposits[cut:], part(cut, len(deposits)), one_group, first.state)
    np.testing.assert_array_equal(np.concatenate([first.methane, second.methane]), whole.methane)


@pytest.mark.parametrize("k", [0.02, 0.185, 0.4])
def test_all_months_together_are_the_committed_methane_whatever_the_rate(k):
    periods = int(40 / k * 12)
    deposits = np.zeros((periods, 1, 1))
    deposits[0] = 3.0
    factors = DecayFactors(
        np.array([[math.exp(-k / 12)]]), np.full((periods, 1, 1, 1), 0.05), np.full((periods, 1, 1), 0.7)
    )
    group = np.zeros(1, dtype=np.intp)
    assert accrue(deposits, factors, group).methane.sum() == pytest.approx(3 * 0.05 * 0.7, rel=1e-12)
    assert committed(deposits, factors, group, math.inf)[0, 0] == pytest.approx(3 * 0.05 * 0.7, rel=1e-12)
    twenty = accrue(deposits, factors, group).methane[:240].sum()
    assert committed(deposits, factors, group, 240)[0, 0] == pytest.approx(twenty, rel=1e-12)


def test_twelve_months_of_a_january_deposit_are_the_first_year():
    base = CASES["cases"][0]["inputs"]
    deposits = [[1, "food", 100], [1, "paper", 50], [12, "food", 0]]
    monthly = run_case({**base, "deposits": deposits}, 12.0)
    yearly = run_case({**base, "deposits": deposits[:2]}, 1.0)
    assert monthly.sum() == pytest.approx(yearly[0], rel=1e-12)


def test_a_correction_below_zero_takes_back_what_was_credited():
    """Mass that is taken out again in a later month lowers later methane; nothing is clipped at zero."""
    factors = random_factors(5, 12, 1)
    deposits = np.zeros((12, 1, len(STREAMS)))
    deposits[0, 0, 0], deposits[1, 0, 0] = 10, -10
    found = accrue(deposits, factors, np.zeros(1, dtype=np.intp)).methane
    assert found[0, 0] > 0
    assert found[1:, 0].min() < 0


def test_incineration_counts_at_once():
    mass = np.array([[100.0, 0.0]])
    found = burnt(mass, np.array([[0.9]]), np.zeros(2, dtype=np.intp), 1.21 * 50e-6)
    assert found.tolist() == [[pytest.approx(100 * 0.9 * 1.21 * 50e-6), 0.0]]


def test_factors_for_other_months_than_the_deposits_are_refused():
    with pytest.raises(ValueError, match="factors for 3 periods"):
        accrue(np.zeros((2, 1, len(STREAMS))), random_factors(1, 3, 1), np.zeros(1, dtype=np.intp))
