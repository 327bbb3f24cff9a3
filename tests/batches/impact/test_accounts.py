"""Accounts: sums are exact, residue is charged once, more waste never avoids less, a voided batch leaves no trace."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.impact.accounts import (
    CATEGORIES,
    MIXED,
    NOT_WASTE,
    UG_PER_T,
    UNCLASSED,
    Masses,
    make_accounts,
    net_co2e_t,
    residue_by_stream,
)
from batches.impact.baselines import shipped_baselines
from batches.impact.energy import energy_rules
from batches.impact.factors import Place, make_factors
from batches.impact.gwp import gwp_sets
from batches.impact.method import default_method, methods
from compostnet.shared.months import parse_month

METHOD = default_method(dt.date(2026, 1, 1))
AR5 = gwp_sets()["AR5"]
FIRST = parse_month("2023-11")
T = 26
TONNE = 10**9
FOOD, GARDEN, PAPER, WOOD = range(4)
PLACES = [
    Place("temperate_wet", ("CN-360000", "CN"), True),
    Place("temperate_wet", ("CN-510100", "CN-510000", "CN"), True),
    Place("", ("CN-530000", "CN"), True),
    Place("temperate_wet", ("US-NYC", "US"), False),
]
LANDFILL, SICHUAN, UNKNOWN, NYC = range(4)


def empty(sites=1, months=T, **more):
    shape = (months, sites)
    masses = {
        "intake": np.zeros((*shape, CATEGORIES), dtype=np.int64),
        "removal": np.zeros((*shape, CATEGORIES), dtype=np.int64),
        "residue": np.zeros((*shape, CATEGORIES), dtype=np.int64),
        "harvest": np.zeros(shape, dtype=np.int64),
        "weighed": np.zeros(shape, dtype=np.int64),
        "estimated": np.zeros(shape, dtype=np.int64),
        "counted": np.zeros(shape, dtype=np.int64),
        "energy": np.zeros((*shape, 3), dtype=np.int64),
        "verified": np.ones(shape, dtype=np.bool_),
    }
    return Masses(**(masses | more))


def run(masses, group, method=METHOD, scenario="central"):
    places = PLACES
    factors = make_factors(
        method,
        shipped_baselines(method),
        places,
        FIRST,
        masses.verified.shape[0],
        scenario=scenario,
        energy=energy_rules(),
    )
    return make_accounts(method, factors, np.asarray(group, dtype=np.intp), masses)


def sums(accounts, start=0, stop=T):
    return {name: int(values.sum()) for name, values in accounts.over(start, stop).items()}


masses_mg = st.integers(0, 5_000 * TONNE)
many = st.lists(
    st.tuples(st.integers(0, T - 1), st.integers(0, 3), st.integers(0, CATEGORIES - 2), masses_mg), max_size=12
)


def filled(entries, what="intake", masses=None):
    masses = masses or empty(4)
    for month, site, category, mass in entries:
        getattr(masses, what)[month, site, category] += mass
    return masses


@given(many, many)
@settings(max_examples=40, deadline=None)
def test_sites_sum_to_groups_and_groups_to_the_network_exactly(intake, residue):
    accounts, _ = run(filled(residue, "residue", filled(intake)), [0, 1, 2, 3])
    halves = accounts.grouped(np.array([0, 1, 0, 1]), 2)
    whole = accounts.grouped(np.zeros(4, dtype=np.intp), 1)
    for (name, sites), (_, two), (_, one) in zip(accounts.rows(), halves.rows(), whole.rows(), strict=True):
        assert sites.dtype == np.int64, name
        assert sites.sum() == two.sum() == one.sum(), name


@given(many, st.tuples(st.integers(0, T - 1), st.integers(0, 3), st.integers(0, 3), st.integers(TONNE, 100 * TONNE)))
@settings(max_examples=40, deadline=None)
def test_more_waste_never_means_less_avoided(entries, more):
    before, _ = run(filled(entries), [0, 1, 2, 3])
    after, _ = run(filled([*entries, more]), [0, 1, 2, 3])
    assert (after.ch4_avoided >= before.ch4_avoided).all()
    assert (after.ch4_forecast >= before.ch4_forecast).all()
    assert after.diverted.sum() - before.diverted.sum() == more[3]


@given(many, st.integers(0, T - 1), st.integers(0, 3), masses_mg)
@settings(max_examples=40, deadline=None)
def test_a_batch_taken_out_again_in_its_month_leaves_what_never_logging_it_leaves(entries, month, category, mass):
    """P8, for what is taken out of its own class: the ledger keeps both entries, the figures neither."""
    never, _ = run(filled(entries), [0, 1, 2, 3])
    both = filled([*entries, (month, 0, category, mass)])
    voided, _ = run(filled([(month, 0, category, mass)], "removal", both), [0, 1, 2, 3])
    for name, values in voided.rows():
        if name != "intake":
            np.testing.assert_array_equal(values, getattr(never, name), err_msg=name)


def test_the_default_gives_the_published_numbers_of_a_tonne():
    """Reference 6.2 and 6.3: 100 t of food, managed landfill f = 0.75, temperate wet, 20 years, IPCC composting."""
    masses = empty(1)
    masses.intake[0, 0, FOOD] = 100 * TONNE
    accounts, known = run(masses, [NYC])
    found = sums(accounts)
    assert known.all()
    assert found["ch4_forecast"] / UG_PER_T * 28 * 1000 / 100 == pytest.approx(261.1, abs=0.05)
    own = AR5.co2e_t(found["composting_ch4"], found["composting_n2o"])
    assert own * 1000 / 100 == pytest.approx(175.6)
    assert net_co2e_t(found, AR5) == pytest.approx(28 * found["ch4_avoided"] / UG_PER_T - 17.56)
    assert net_co2e_t(found, AR5) < 0


def test_where_waste_is_burnt_the_net_is_negative_and_shown():
    masses = empty(1)
    masses.intake[20:, 0, FOOD] = TONNE
    place = [Place("", ("CN-310000", "CN"), True)]
    factors = make_factors(METHOD, shipped_baselines(METHOD), place, parse_month("2025-01"), T)
    accounts, known = make_accounts(METHOD, factors, np.zeros(1, dtype=np.intp), masses)
    assert known.all()
    assert net_co2e_t(sums(accounts), AR5) / 6 * 1000 == pytest.approx(-159.6, abs=0.05)


def test_nothing_avoided_is_claimed_for_waste_without_a_class():
    """Manure and crop residue would not have gone to the incinerator either; their composting is charged."""
    place = [Place("", ("CN-310000", "CN"), True)]
    factors = make_factors(METHOD, shipped_baselines(METHOD), place, parse_month("2025-01"), T)
    masses = empty(1)
    masses.intake[20, 0, FOOD], masses.intake[20, 0, UNCLASSED] = 10 * TONNE, 5 * TONNE
    alone = empty(1)
    alone.intake[20, 0, FOOD] = 10 * TONNE
    both, food = (sums(make_accounts(METHOD, factors, np.zeros(1, dtype=np.intp), m)[0]) for m in (masses, alone))
    assert (both["diverted"], both["diverted_known"]) == (15 * TONNE, 15 * TONNE)
    for name in ("ch4_avoided", "n2o_avoided", "ch4_forecast"):
        assert both[name] == food[name] > 0
    assert both["composting_ch4"] == pytest.approx(1.5 * food["composting_ch4"])


def test_residue_is_charged_once_and_stays_diverted():
    """All that went in leaves for disposal again: more is charged than was avoided (phi is for the baseline only)."""
    masses = empty(1)
    masses.intake[0, 0, FOOD] = masses.residue[0, 0, FOOD] = 10 * TONNE
    accounts, _ = run(masses, [NYC])
    found = sums(accounts)
    assert found["diverted"] == found["residue"] == found["composted"] == 10 * TONNE
    assert found["residue_ch4"] == pytest.approx(found["ch4_avoided"] / 0.85, rel=1e-9)
    without, _ = run(Masses(masses.intake, masses.removal, *[masses.harvest] * 3, masses.verified), [NYC])
    difference = net_co2e_t(sums(without), AR5) - net_co2e_t(found, AR5)
    assert difference == pytest.approx(28 * found["residue_ch4"] / UG_PER_T)


def test_rejects_are_taken_off_once_and_never_charged():
    masses = empty(1)
    masses.intake[0, 0, FOOD], masses.removal[0, 0, FOOD] = 10 * TONNE, 4 * TONNE
    accounts, _ = run(masses, [NYC])
    alone = empty(1)
    alone.intake[0, 0, FOOD] = 6 * TONNE
    expected, _ = run(alone, [NYC])
    assert sums(accounts) | {"intake": 0} == sums(expected) | {"intake": 0}


def test_mixed_residue_is_of_what_went_in_so_far():
    masses = empty(1)
    masses.intake[0, 0, FOOD], masses.intake[1, 0, GARDEN], masses.intake[1, 0, NOT_WASTE] = 6 * TONNE, TONNE, 3 * TONNE
    masses.residue[0, 0, MIXED] = masses.residue[2, 0, MIXED] = TONNE
    streams = residue_by_stream(masses)[:, 0]
    np.testing.assert_allclose(streams[0], [1, 0, 0, 0])
    np.testing.assert_allclose(streams[2], [0.6, 0.1, 0, 0])


def test_residue_that_is_burnt_gives_off_what_burning_gives_off():
    masses = empty(1)
    masses.intake[20, 0, FOOD] = masses.residue[20, 0, FOOD] = 1000 * TONNE
    place = [Place("", ("CN-310000", "CN"), True)]
    factors = make_factors(METHOD, shipped_baselines(METHOD), place, parse_month("2025-01"), T)
    found = sums(make_accounts(METHOD, factors, np.zeros(1, dtype=np.intp), masses)[0])
    assert (found["residue_ch4"], found["residue_n2o"]) == (found["ch4_avoided"], found["n2o_avoided"])
    assert found["residue_n2o"] == pytest.approx(1000 * 1.21 * 50e-6 * UG_PER_T)


def test_residue_without_a_baseline_is_not_charged_from_a_silent_landfill():
    masses = empty(1)
    masses.intake[0, 0, FOOD] = masses.residue[0, 0, FOOD] = TONNE
    found = sums(run(masses, [UNKNOWN])[0])
    assert (found["residue"], found["residue_ch4"], found["ch4_avoided"], found["diverted_known"]) == (TONNE, 0, 0, 0)


def test_energy_is_charged_by_grid_and_fuel_and_unknown_grids_are_told_of():
    masses = empty(4)
    masses.intake[0, :, FOOD] = TONNE
    masses.energy[0, :, 0], masses.energy[0, :, 1], masses.energy[0, :, 2] = 100_000_000, 10_000_000, 5_000_000
    accounts, _ = run(masses, [LANDFILL, SICHUAN, UNKNOWN, NYC])
    fuel = 10 * 2.68 + 5 * 2.27
    kilograms = accounts.energy_co2e[0] / 1e9
    expected = [100 * 0.5366 + fuel, 100 * 0.1404 + fuel, 100 * 0.1073 + fuel, fuel]
    np.testing.assert_allclose(kilograms, expected, rtol=1e-12)
    assert accounts.electricity_uncharged[0].tolist() == [0, 0, 0, 100_000_000]
    assert accounts.energy_co2e_known[0].tolist()[UNKNOWN] == 0
    net = [net_co2e_t({name: int(v[0, n]) for name, v in accounts.rows()}, AR5) for n in (LANDFILL, SICHUAN)]
    masses.energy[:] = 0
    without, _ = run(masses, [LANDFILL, SICHUAN, UNKNOWN, NYC])
    clean = [net_co2e_t({name: int(v[0, n]) for name, v in without.rows()}, AR5) for n in (LANDFILL, SICHUAN)]
    np.testing.assert_allclose(np.subtract(clean, net) * 1000, expected[:2], rtol=1e-9)


def test_energy_of_a_month_that_is_not_verified_does_not_count():
    masses = empty(1)
    masses.verified[3] = False
    masses.energy[3, 0, 0] = masses.energy[4, 0, 0] = 1_000_000
    assert sums(run(masses, [NYC])[0])["electricity_uncharged"] == 1_000_000


def test_scenarios_stand_around_the_central_one():
    masses = empty(4)
    masses.intake[:, :, FOOD] = TONNE
    avoided = {s: run(masses, [0, 1, 2, 3], scenario=s)[0].ch4_avoided.sum(axis=0) for s in ("low", "central", "high")}
    for site in (LANDFILL, SICHUAN, NYC):
        assert avoided["low"][site] < avoided["central"][site] < avoided["high"][site]
    assert avoided["low"][UNKNOWN] == avoided["high"][UNKNOWN] == 0


def test_ipcc_starts_in_january_and_is_tool04_a_year_later():
    """P3: a year's deposits by IPCC give in the next year what 1 January deposits give by TOOL04 with phi = 1."""
    ipcc = methods()["ipcc_2019_ar5_v1"]
    masses = empty(1)
    masses.intake[0, 0, FOOD] = masses.intake[1, 0, FOOD] = 50 * TONNE  # November and December 2023
    masses.intake[5, 0, GARDEN] = 10 * TONNE  # April 2024
    avoided = run(masses, [NYC], ipcc)[0].ch4_avoided[:, 0] / UG_PER_T
    per_tonne = 0.15 * 0.7 * 0.5 * 16 / 12 * 0.25 * 0.9
    assert avoided[:2].tolist() == [0, 0]
    assert avoided[2:14].sum() == pytest.approx(100 * per_tonne * (1 - np.exp(-0.185)), rel=1e-9)
    with_garden = 100 * per_tonne * np.exp(-0.185) * (1 - np.exp(-0.185)) + 10 * per_tonne / 0.15 * 0.2 * (
        1 - np.exp(-0.1)
    )
    assert avoided[14:26].sum() == pytest.approx(with_garden, rel=1e-9)


def test_tool13_factors_apply_only_where_the_diary_shows_air():
    tool13 = methods()["tool04_b_tool13_ar5_v1"]
    masses = empty(2, aerobic=np.array([[True, False]] + [[False, False]] * (T - 1)))
    masses.intake[0, :, FOOD], masses.intake[1, :, NOT_WASTE] = TONNE, TONNE
    accounts, _ = run(masses, [NYC, NYC], tool13)
    assert accounts.composting_ch4[:2].tolist() == [[2 * 10**9, 4 * 10**9], [4 * 10**9, 4 * 10**9]]
    assert accounts.composting_n2o[0].tolist() == [200_000_000, 240_000_000]
    # One tonne under TOOL13: 109 kg CO2e (reference 2.1). The default never looks at the diary.
    assert AR5.co2e_t(*(int(v[0, 0]) for v in (accounts.composting_ch4, accounts.composting_n2o))) * 1000 == 109
    plain, _ = run(masses, [NYC, NYC])
    assert plain.composting_ch4[0].tolist() == [4 * 10**9] * 2


def test_capture_belongs_to_the_month_of_emission_and_mcf_to_the_deposit():
    """A dump that closes: what lies in it goes on as a dump's, what comes later as a landfill's."""
    from batches.impact.baselines import BaselineFile

    def part(route, **more):
        return {"mix": [{"route": route, "share": 1.0, **more}], "document": "d", "review": "r", "confidence": "C"}

    file = BaselineFile.model_validate(
        {
            "code": "x",
            "title": {"zh": "x", "en": "x"},
            "documents": {"d": {"title": "d"}},
            "reviews": {"r": {"reviewer": "r", "reviewed_on": dt.date(2026, 1, 1)}},
            "regions": {
                "XX": [
                    {"years": [2023, 2023], **part("landfill_managed", capture=0.2)},
                    {"years": [2024, 2024], **part("dump_deep")},
                    {"years": [2025, None], **part("landfill_managed", capture=0.6)},
                ]
            },
        }
    )
    factors = make_factors(METHOD, [file], [Place("temperate_wet", ("XX",), False)], FIRST, T)
    masses = empty(1)
    masses.intake[0, 0, FOOD] = TONNE
    ch4 = make_accounts(METHOD, factors, np.zeros(1, dtype=np.intp), masses)[0].ch4_avoided[:, 0] / UG_PER_T
    formed = 0.15 * 0.5 * 0.5 * 16 / 12 * np.exp(-0.185 / 12 * np.arange(T)) * (1 - np.exp(-0.185 / 12))
    np.testing.assert_allclose(ch4[:14], formed[:14] * 0.85 * 0.9 * 0.8, rtol=1e-6)
    np.testing.assert_allclose(ch4[14:], formed[14:] * 0.85 * 0.9 * 0.4, rtol=1e-6)


def test_waste_without_a_class_has_no_methane_but_is_diverted():
    masses = empty(1)
    masses.intake[0, 0, UNCLASSED] = TONNE
    found = sums(run(masses, [NYC])[0])
    assert (found["diverted"], found["ch4_avoided"]) == (TONNE, 0)


def test_energy_of_another_shape_is_refused():
    masses = empty(1, energy=np.ones((T, 1, 2), dtype=np.int64))
    with pytest.raises(ValueError, match="energy of shape"):
        run(masses, [NYC])
