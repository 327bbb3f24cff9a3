"""Intervals by Monte Carlo: the published table of methane.md section 8, and what must hold of any sample."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batches.impact.accounts import CATEGORIES, Accounts, Masses, make_accounts
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

    def __init__(
        self, intake: np.ndarray, places: Sequence[Place], mix: Sequence[dict[str, Any]], **parts: Any
    ) -> None:
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

    def run(
        self,
        groupings: dict[str, Any],
        spans: Sequence[tuple[int, int]],
        rules: Uncertainty | None = None,
        *,
        sites: bool = True,
    ) -> dict[str, Intervals]:
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
            sites=sites,
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


ZONES = ("temperate_wet", "temperate_dry", "tropical_wet", "tropical_dry")
MIX = (
    {"route": "landfill_managed", "share": 0.5, "capture": 0.3},
    {"route": "dump_deep", "share": 0.3},
    {"route": "incineration", "share": 0.2},
)


def network_of(sites: int, months: int, cities: int) -> World:
    """A network in four zones, with sites in turn in the cities, and mass by all ways of measuring."""
    random = np.random.default_rng(20240601)
    intake = random.random((months, sites, 4))
    places = [Place(ZONES[city % 4], ("cn", f"cn-{city}"), False) for city in range(cities)]
    weighed = np.rint(intake.sum(axis=2) * 0.6e9).astype(np.int64)
    estimated = np.rint(intake.sum(axis=2) * 0.1e9).astype(np.int64)
    chosen = [places[n % cities] for n in range(sites)]
    return World(intake, chosen, MIX, weighed=weighed, estimated=estimated)


def relative(interval: np.ndarray) -> float:
    """Width of an interval as a share of its middle."""
    low, high = interval
    return float((high - low) / (high + low))


def test_shared_factors_do_not_cancel_in_the_sum_but_errors_of_weighing_do() -> None:
    """One draw a run for all sites: fifty sites are as uncertain as one. Each site's weighing is its own."""
    intake = np.zeros((24, 50, 1))
    intake[:, :, 0] = 2.0
    mix = [{"route": "landfill_managed", "share": 1.0}]
    nothing = np.zeros((24, 50), dtype=np.int64)
    weighed = World(intake, [PLACE] * 50, mix)
    guessed = World(intake, [PLACE] * 50, mix, weighed=nothing, estimated=np.full((24, 50), 2 * 10**9))
    whole = {"network": (np.zeros(50, dtype=np.intp), 1)}
    by_scale, by_guess = (world.run(whole, [(0, 24)]) for world in (weighed, guessed))
    one, fifty = (relative(by_scale[key].ch4_avoided[0, 0]) for key in ("sites", "network"))
    assert fifty == pytest.approx(one, rel=0.05)
    assert relative(by_guess["sites"].ch4_avoided[0, 0]) > 1.5 * one
    assert relative(by_guess["network"].ch4_avoided[0, 0]) == pytest.approx(fifty, rel=0.1)
    assert by_guess["sites"].diverted[0, 0].tolist() == [12.0, 84.0]
    width = 0.75 * 48 * np.sqrt(50)
    assert by_guess["network"].diverted[0, 0] == pytest.approx([2400 - width, 2400 + width], rel=1e-3)


def test_groups_of_several_zones_add_up_as_their_factors_are_shared() -> None:
    world = network_of(6, 18, 4)
    whole = {"all": (np.array([0, 0, 0, 0, 0, 1]), 2), "network": (np.zeros(6, dtype=np.intp), 1)}
    found = world.run(whole, [(17, 18), (0, 18)])
    ends = np.stack([found["all"].ch4_avoided[:, 1].sum(axis=0), found["network"].ch4_avoided[0, 1]])
    # Comonotone but for weighing: the ends of the parts add up to a little more than the ends of the whole.
    assert ends[0] == pytest.approx(ends[1], rel=0.02)
    alone = found["all"].ch4_avoided[1], found["sites"].ch4_avoided[5]
    assert alone[0] == pytest.approx(alone[1], rel=0.05)


def test_nodes_of_k_stand_for_every_k_between_them() -> None:
    """What a deposit gives off within a span, interpolated between the nodes, against the formula: off by < 0.1 %."""
    nodes_of = shipped_uncertainty().numbers.nodes
    for low, high in ((0.17, 0.7), (0.1, 0.2), (0.01, 0.03)):
        angles = np.cos((2 * np.arange(nodes_of) + 1) * np.pi / (2 * nodes_of))
        nodes = (low + high) / 2 + (high - low) / 2 * angles
        at = np.linspace(low, high, 101)
        for years in (1 / 12, 1, 5, 10, 20):
            exact = 1 - np.exp(-at * years)
            guessed = _lagrange(nodes, at) @ (1 - np.exp(-nodes * years))
            assert np.abs(guessed / exact - 1).max() < 1e-3


def test_the_same_digits_again_and_another_seed_gives_others() -> None:
    world = network_of(40, 12, 5)
    groups = {"city": (np.arange(40) % 5, 5), "network": (np.zeros(40, dtype=np.intp), 1)}
    spans = [(11, 12), (0, 12)]
    first, again = world.run(groups, spans), world.run(groups, spans)
    rules = shipped_uncertainty()
    other = rules.model_copy(update={"numbers": rules.numbers.model_copy(update={"seed": 5})})
    changed = world.run(groups, spans, other)
    for key in first:
        for name in ("diverted", "ch4_avoided", "net_co2e"):
            assert np.array_equal(getattr(first[key], name), getattr(again[key], name))
    assert not np.array_equal(first["sites"].net_co2e, changed["sites"].net_co2e)
    assert first["network"].ch4_avoided == pytest.approx(changed["network"].ch4_avoided, rel=0.02)


def test_ends_are_rounded_to_the_same_place_and_hold_the_point_value_without_phi() -> None:
    world = network_of(40, 24, 5)
    found = world.run({"network": (np.zeros(40, dtype=np.intp), 1)}, [(0, 24)])
    low, high = found["network"].ch4_avoided[0, 0]
    assert repr(float(high)) == f"{high:.4g}"
    point = world.accounts.ch4_avoided.sum() / 1e12
    assert low < point < high
    assert (low + high) / 2 > point  # phi (0.80 or 0.85) is in the figure and not in the simulation


def test_residue_and_incineration_widen_or_lower_the_net_only() -> None:
    intake = np.full((12, 1, 1), 10.0)
    residue = np.zeros((12, 1, CATEGORIES), dtype=np.int64)
    residue[:, 0, 0] = 2 * 10**9
    mix = [{"route": "landfill_managed", "share": 1.0}]
    without, with_residue = World(intake, [PLACE], mix), World(intake, [PLACE], mix, residue=residue)
    before, after = (world.run(WHOLE, [(0, 12)])["network"] for world in (without, with_residue))
    assert np.array_equal(before.ch4_avoided, after.ch4_avoided)
    assert (after.net_co2e < before.net_co2e).all()
    burning = World(intake, [Place("", ("cn",), False)], [{"route": "incineration", "share": 1.0}])
    burnt = burning.run(WHOLE, [(0, 12)])["network"]
    assert (burnt.net_co2e < 0).all()
    assert burnt.ch4_avoided[0, 0] == pytest.approx(120 * 1.21 * 2e-7 * np.array([0.95, 1.05]), rel=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("food: {low: 0.08, mode: 0.15", "food: {low: 0.18, mode: 0.15", "low <= mode <= high"),
        ("coverage: {value: 0.95", "coverage: {value: 1.0", "between 0 and 1"),
        ("source: platform, confidence: A}", "source: nobody, confidence: A}", "not in sources"),
        ('ox: {low: 0.0, mode: 0.1, high: 0.2, unit: "1"', "ox: {low: 0.0, mode: 0.1, high: 0.2", "unit"),
        ("  nodes: 7", "  nodes: 1", "nodes"),
    ],
)
def test_a_broken_file_is_refused_with_the_key(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "uncertainty.yaml"
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleFileError, match=complaint):
        check_uncertainty(path, load_rule(path, Uncertainty))


def test_against_plain_draws_of_the_double_sum() -> None:
    """Two streams over two years on a landfill with capture and a dump: 20,000 draws of another generator, by term."""
    random = np.random.default_rng(7)
    months, draws = 24, 20_000
    intake = random.random((months, 1, 2)) * 5
    mix = [{"route": "landfill_managed", "share": 0.6, "capture": 0.3}, {"route": "dump_deep", "share": 0.4}]
    found = World(intake, [Place("tropical_wet", ("cn",), False)], mix).run(WHOLE, [(12, 24)])["network"]
    docf, fraction = random.normal(0.5, 0.1 / 1.96, draws), random.normal(0.5, 0.025 / 1.96, draws)
    mass = random.normal(1, 0.05 / 1.96, draws)
    ox = random.triangular(0, 0.1, 0.2, draws)
    managed, deep = random.triangular(0.9, 1.0, 1.0000001, draws), random.triangular(0.64, 0.8, 0.96, draws)
    reaching = 0.6 * managed * (1 - 0.3) * (1 - ox) + 0.4 * deep
    ages = np.arange(12, 24)[:, None] - np.arange(24)[None, :]
    formed = np.zeros(draws)
    for stream, (doc, k) in enumerate(
        (((0.08, 0.15, 0.20), (0.17, 0.4, 0.7)), ((0.18, 0.20, 0.22), (0.15, 0.17, 0.2)))
    ):
        drawn_doc, drawn_k = random.triangular(*doc, draws), random.triangular(*k, draws)
        for month in range(24):
            here = ages[:, month][ages[:, month] >= 0]
            part = np.exp(-np.outer(drawn_k, here) / 12).sum(axis=1) * -np.expm1(-drawn_k / 12)
            formed += intake[month, 0, stream] * drawn_doc * part
    methane = formed * docf * fraction * 16 / 12 * reaching * mass
    composted = intake[12:].sum() * mass
    own = composted * (28 * random.triangular(0.00003, 0.004, 0.008, draws))
    own += composted * (265 * random.triangular(0.00006, 0.00024, 0.0006, draws))
    assert found.ch4_avoided[0, 0] == pytest.approx(np.quantile(methane, [0.025, 0.975]), rel=0.02)
    net = np.quantile(28 * methane - own, [0.025, 0.975])
    assert np.abs(found.net_co2e[0, 0] - net).max() < 0.02 * (net[1] - net[0])
