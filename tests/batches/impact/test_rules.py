"""Methods and baselines: what is shipped is whole; each mistake in a file is refused with its key and the remedy."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pytest
import yaml

from batches.impact.baselines import FOLDER as BASELINES
from batches.impact.baselines import find_baseline, read_baselines, shipped_baselines
from batches.impact.factors import Place, make_factors
from batches.impact.method import FOLDER as METHODS
from batches.impact.method import STREAMS, default_method, methods, read_method
from compostnet.shared.months import parse_month
from compostnet.shared.rules import RuleFileError

METHOD = default_method(dt.date(2026, 1, 1))
CODE = "tool04_b_ar5_v1"


def test_the_default_is_tool04_with_ar5():
    assert METHOD.code == CODE
    gwp = METHOD.default_gwp()
    assert (METHOD.gwp, gwp.ch4.value, gwp.n2o.value) == ("AR5", 28, 265)
    assert METHOD.carbon_to_methane("food") == pytest.approx(16 / 12 * 0.5 * 0.5)
    # One tonne of food waste composted on IPCC factors: 175.6 kg CO2e (reference, section 3.3).
    own = METHOD.composting
    assert 1000 * (own.ch4.value * 28 + own.n2o.value * 265) == pytest.approx(175.6)
    burns = METHOD.routes["incineration"].burns
    assert 1e6 * burns.conservativeness.value * (burns.ch4.value * 28 + burns.n2o.value * 265) == pytest.approx(
        16_039.3, rel=1e-4
    )


def test_every_factor_names_its_source():
    for method in methods().values():
        for key, factor in method.factors():
            assert method.sources[factor.source].title, key


def broken(tmp_path, folder, name, change):
    path = tmp_path / f"{name}.yaml"
    shutil.copy(folder / path.name, path)
    raw = yaml.safe_load(path.read_text())
    change(raw)
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    return path


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (lambda m: m["landfilling"]["docf"].pop("unit"), "landfilling.docf.unit", "required"),
        (lambda m: m["landfilling"]["docf"].update(source="hearsay"), "landfilling.docf.source", "not in sources"),
        (lambda m: m.update(gwp="AR7"), "gwp", "unknown set 'AR7'"),
        (lambda m: m["landfilling"]["docf"].update(value=-0.5), "landfilling.docf.value", "greater than or equal"),
        (lambda m: m["landfilling"]["phi"]["wet"].update(value=85), "landfilling.phi.wet.value", "share"),
        (lambda m: m["streams"].pop("wood"), "streams.wood", "required"),
        (lambda m: m["streams"]["food"]["k"].pop("tropical_dry"), "streams.food.k.tropical_dry", "no decay rate"),
        (lambda m: m["routes"].update(sea={"name": {"zh": "海", "en": "sea"}}), "routes.sea", "decays or burns"),
        (lambda m: m["routes"].update(kiln=m["routes"]["incineration"]), "routes.kiln", "one route may burn"),
        (lambda m: m.update(colour="green"), "colour", "unknown key"),
        (lambda m: m.update(code="other"), "code", "name the file"),
        (lambda m: m.update(valid_to=dt.date(1990, 1, 1)), "valid_to", "before"),
    ],
)
def test_a_broken_method_is_refused_with_its_key(tmp_path, change, key, words):
    with pytest.raises(RuleFileError) as error:
        read_method(broken(tmp_path, METHODS, CODE, change))
    assert error.value.key == key
    assert words in str(error.value)


def yunnan(baselines, **changes):
    baselines["regions"]["CN-530000"] = [
        {
            "years": [2020, None],
            "document": "invented",
            "review": "demo",
            "confidence": "C",
            "mix": [{"route": "incineration", "share": 1.0}],
            **changes,
        }
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mix": [{"route": "incineration", "share": 0.9}]}, "must sum to 1"),
        ({"mix": [{"route": "moon", "share": 1.0}]}, "unknown route 'moon'"),
        ({"mix": [{"route": "incineration", "share": 1.0, "capture": 0.3}]}, "remove capture"),
        ({"mix": [{"route": "incineration", "share": 0.5}] * 2}, "stands twice"),
        ({"document": "rumour"}, "not in documents"),
        ({"review": "nobody"}, "not in reviews"),
        ({"years": [2020, 2019]}, "before"),
        ({"mix": []}, "at least 1"),
    ],
)
def test_a_broken_baseline_is_refused_with_its_key(tmp_path, changes, words):
    broken(tmp_path, BASELINES, "demo", lambda raw: yunnan(raw, **changes))
    with pytest.raises(RuleFileError) as error:
        read_baselines(tmp_path, METHOD)
    assert error.value.key.startswith("regions.CN-530000.0")
    assert words in str(error.value)


def test_two_mixes_for_one_region_and_year_are_refused_over_files(tmp_path):
    broken(tmp_path, BASELINES, "demo", lambda raw: None)
    (tmp_path / "second.yaml").write_text((tmp_path / "demo.yaml").read_text().replace("code: demo", "code: second"))
    with pytest.raises(RuleFileError, match=r"demo\.yaml already has a mix"):
        read_baselines(tmp_path, METHOD)


def test_the_nearest_region_applies_and_says_so():
    files = shipped_baselines(METHOD)
    found = find_baseline(files, ("CN-320100", "CN-320000", "CN"), 2025, invented=True)
    assert (found.region, found.id) == ("CN-320000", "demo/CN-320000/2025")
    assert find_baseline(files, ("CN-320100", "CN-320000", "CN"), 2024, invented=True).id == "demo/CN-320000/2015"


def test_an_invented_baseline_never_serves_a_real_site():
    assert find_baseline(shipped_baselines(METHOD), ("CN-320000", "CN"), 2025, invented=False) is None


def factors_of(zone, region, *, invented=True, months=24, first="2024-01"):
    place = Place(zone, (region, "CN"), invented)
    return make_factors(METHOD, shipped_baselines(METHOD), [place], parse_month(first), months)


def test_unknown_baseline_or_zone_is_not_estimated_and_never_a_landfill():
    for unknown in (factors_of("temperate_wet", "CN-530000"), factors_of("", "CN-360000")):
        assert not unknown.known.any()
        assert not unknown.decay.potential.any()
    assert not factors_of("temperate_wet", "CN-530000").has_baseline.any()
    assert factors_of("", "CN-360000").has_baseline.all()


def test_where_all_is_burnt_no_climate_zone_is_needed():
    factors = factors_of("", "CN-320000")
    assert factors.known[12:].all()
    assert not factors.known[:12].any()
    assert factors.burnt[:, 0].tolist() == [0.9] * 12 + [1.0] * 12


def test_capture_goes_on_for_what_was_landfilled_before_the_mix_changed():
    factors = factors_of("temperate_wet", "CN-320000").decay
    managed = 0
    assert factors.potential[11, 0, STREAMS.index("food"), managed] == pytest.approx(
        0.1 * 0.15 * METHOD.carbon_to_methane("food")
    )
    assert factors.potential[12, 0, :, managed].sum() == 0
    np.testing.assert_allclose(factors.emitted[:, 0, managed], 0.85 * (1 - 0.6) * (1 - 0.1))
