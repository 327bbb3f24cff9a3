"""The plain arithmetic of an explained month comes to the very numbers of the engine, whatever went in and out."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batches.impact.accounts import CATEGORIES, Masses, make_accounts
from batches.impact.baselines import BaselineFile
from batches.impact.document.evidence import baseline_facts
from batches.impact.document.inputs import HARVEST, INTAKE, KINDS, REMOVAL, RESIDUE, category_of
from batches.impact.energy import ENERGY, PER_UNIT, energy_rules
from batches.impact.explain.arithmetic import Grounds, SiteAccount, to_mg
from batches.impact.explain.values import Line
from batches.impact.factors import Place, make_factors
from batches.impact.gwp import gwp_sets
from batches.impact.method import methods
from compostnet.shared.months import month_text, parse_month

FIRST = parse_month("2023-11")
MATERIALS = {
    "food_waste": {"is_waste": True, "waste_class": "food"},
    "leaves": {"is_waste": True, "waste_class": "garden"},
    "paper": {"is_waste": True, "waste_class": "paper"},
    "ash": {"is_waste": True, "waste_class": None},
    "sawdust": {"is_waste": False, "waste_class": None},
}
PLACES = ("CN-370100", "CN-370000", "CN")


def baselines(mix, later):
    """A baseline file with one mix until 2024 and another from 2025 on (None: unknown)."""
    document = {"title": "A document", "issuer": "somebody"}
    periods = [
        {"years": years, "document": "d", "review": "r", "confidence": "B", "mix": parts}
        for years, parts in (([2020, 2024], mix), ([2025, None], later))
        if parts
    ]
    return BaselineFile.model_validate(
        {
            "code": "made_up",
            "title": {"zh": "测试", "en": "test"},
            "documents": {"d": document},
            "reviews": {"r": {"reviewer": "somebody", "reviewed_on": "2024-01-01"}},
            "regions": {"CN": periods} if periods else {},
        }
    )


def evidence_of(rows, verified, zone, factors, energy=()):
    """What a release would tell of one site."""
    return {
        "zone": zone or None,
        "places": [{"code": code} for code in PLACES],
        "baselines": {str(year): baseline_facts(found) for (_, year), found in factors.baselines.items()},
        "masses": rows,
        "verified": [month_text(FIRST + t) for t in verified],
        "energy": list(energy),
    }


def engine(method, factors, rows, verified, months, energy=()):
    """The accounts of one site by the array code."""
    arrays = {kind: np.zeros((months, 1, CATEGORIES), dtype=np.int64) for kind in (INTAKE, REMOVAL, RESIDUE)}
    flat = {name: np.zeros((months, 1), dtype=np.int64) for name in ("harvest", "weighed", "counted", "estimated")}
    used = np.zeros((months, 1, len(ENERGY)), dtype=np.int64)
    flags = np.zeros((months, 1), dtype=np.bool_)
    flags[list(verified), 0] = True
    for text, kind, material, measured, kg, _ in rows:
        t, number, mass = parse_month(text) - FIRST, KINDS.index(kind), to_mg(kg)
        if t not in verified:
            continue
        if number == HARVEST:
            flat["harvest"][t, 0] += mass
        elif number in arrays:
            arrays[number][t, 0, category_of(MATERIALS.get(material), material, number)] += mass
        if number == INTAKE:
            name = {"scale": "weighed", "estimate": "estimated"}.get(measured, "counted")
            flat[name][t, 0] += mass
    for text, kind, value in energy:
        used[parse_month(text) - FIRST, 0, ENERGY.index(kind)] += int(Decimal(value) * PER_UNIT)
    masses = Masses(
        arrays[INTAKE],
        arrays[REMOVAL],
        flat["harvest"],
        flat["weighed"],
        flat["estimated"],
        flags,
        residue=arrays[RESIDUE],
        counted=flat["counted"],
        energy=used,
    )
    return make_accounts(method, factors, np.zeros(1, dtype=np.intp), masses)


def both_ways(method, mix, later, zone, rows, verified, months, energy=()):
    """Explained months and the engine's accounts of the same evidence."""
    file = baselines(mix, later)
    rules = energy_rules()
    factors = make_factors(method, [file], [Place(zone, PLACES, False)], FIRST, months, energy=rules)
    accounts, known = engine(method, factors, rows, verified, months, energy)
    grounds = Grounds(method, gwp_sets()[method.gwp], rules, MATERIALS)
    account = SiteAccount(evidence_of(rows, verified, zone, factors, energy), grounds)
    return list(account.walk(FIRST + months - 1)), accounts, known


MIXES = [
    None,
    [{"route": "incineration", "share": 1.0}],
    [{"route": "landfill_managed", "share": 1.0, "capture": 0.5}],
    [{"route": "landfill_managed", "share": 0.3, "capture": 0.75}, {"route": "incineration", "share": 0.7}],
    [{"route": "dump_deep", "share": 0.4}, {"route": "landfill_managed", "share": 0.6, "capture": 0.2}],
]
KG = st.integers(0, 5_000_000).map(lambda grams: f"{grams / 1000:.3f}")
ROW = st.tuples(
    st.integers(0, 19),
    st.sampled_from(("intake", "intake", "intake", "removal", "harvest", "residue", "transfer")),
    st.sampled_from((*MATERIALS, "mixture", "unheard_of")),
    st.sampled_from(("scale", "container", "volume", "estimate")),
    KG,
)


@settings(max_examples=120)
@given(
    method=st.sampled_from(sorted(methods())),
    mix=st.sampled_from(MIXES),
    later=st.sampled_from(MIXES),
    zone=st.sampled_from(("temperate_wet", "tropical_dry", "")),
    rows=st.lists(ROW, max_size=40),
    verified=st.sets(st.integers(0, 19), min_size=1),
    energy=st.lists(st.tuples(st.integers(0, 19), st.sampled_from(ENERGY), KG), max_size=4),
)
def test_every_month_is_the_engines_to_the_last_digit(method, mix, later, zone, rows, verified, energy):
    found = [[month_text(FIRST + t), kind, material, measured, kg, 1] for t, kind, material, measured, kg in rows]
    used = [(month_text(FIRST + t), kind, value) for t, kind, value in energy]
    explained, accounts, known = both_ways(methods()[method], mix, later, zone, found, verified, 20, used)
    names = [name for name, _ in accounts.rows()]
    for step in explained:
        t = step.month - FIRST
        assert step.known == bool(known[t, 0])
        assert step.results == {name: int(getattr(accounts, name)[t, 0]) for name in names}
        by_deposit = sum(deposit.methane for deposit in step.deposits)
        assert by_deposit * 1e12 == pytest.approx(step.results["ch4_avoided"], rel=1e-9, abs=0.5)


def lines_of(step, route) -> dict[str, Line]:
    return {line.code: line for line in next(r for r in step.routes if r.route == route).lines}


def test_the_lines_are_the_equation_of_the_method():
    """10 t of food waste, wet temperate, all to a landfill that captures half: TOOL04, equation 2, by hand."""
    rows = [["2023-11", "intake", "food_waste", "scale", "10000", 3]]
    method = methods()["tool04_b_ar5_v1"]
    first, second = both_ways(method, MIXES[2], MIXES[2], "temperate_wet", rows, {0}, 2)[0]
    lines = lines_of(first, "landfill_managed")
    assert lines["potential"].value == pytest.approx(10 * 0.15 * 0.5 * 16 / 12 * 0.5)
    month = 1 - np.exp(-0.185 / 12)
    assert lines["route_methane"].value == pytest.approx(0.5 * month * 0.85 * 0.5 * 0.9)
    assert lines["phi"].cited.source.title.startswith("TOOL04")
    assert lines["doc"].cited.confidence == "B"
    later = lines_of(second, "landfill_managed")
    assert "potential" not in later
    assert later["carried"].value == pytest.approx(0.5 * np.exp(-0.185 / 12))
    assert [deposit.month for deposit in second.deposits] == [FIRST]
    assert not second.verified


def test_what_was_not_verified_does_not_count_and_says_so():
    rows = [["2023-11", "intake", "food_waste", "scale", "10", 1], ["2023-12", "intake", "food_waste", "scale", "9", 1]]
    explained, _, _ = both_ways(methods()["tool04_b_ar5_v1"], MIXES[2], MIXES[2], "temperate_wet", rows, {0}, 2)
    assert [step.results["diverted"] for step in explained] == [10_000_000, 0]
    assert explained[1].masses == ()


def test_without_a_baseline_there_is_no_methane_and_no_net():
    rows = [["2023-11", "intake", "food_waste", "scale", "10", 1]]
    (step,) = both_ways(methods()["tool04_b_ar5_v1"], None, None, "temperate_wet", rows, {0}, 1)[0]
    assert not step.known
    assert step.routes == ()
    assert step.block("net") is None
    assert step.results["composting_ch4"] == 40_000_000


def test_electricity_that_no_factor_is_known_for_is_named_and_not_charged():
    rows = [["2023-11", "intake", "food_waste", "scale", "10", 1]]
    file = baselines(MIXES[2], MIXES[2])
    method = methods()["tool04_b_ar5_v1"]
    factors = make_factors(method, [file], [Place("temperate_wet", ("CN",), False)], FIRST, 1)
    evidence = evidence_of(rows, {0}, "temperate_wet", factors, [("2023-11", "electricity_kwh", "12.5")])
    grounds = Grounds(method, gwp_sets()["AR5"], energy_rules(), MATERIALS)
    abroad = SiteAccount({**evidence, "places": [{"code": "XX"}]}, grounds).explain(FIRST)
    assert abroad.results["electricity_uncharged"] == 12_500_000
    assert "12.5" in abroad.block("energy").notes[0].render("en")
    at_home = SiteAccount(evidence, grounds).explain(FIRST)
    assert at_home.results["energy_co2e"] == round(12.5 * 0.641 * 1e9)  # the province, nearer than the country
