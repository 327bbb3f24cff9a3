"""Baselines and their scenarios: what is shipped holds together, what is broken is refused, New York is known."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from batches.impact.baselines import FOLDER, SCENARIOS, Part, find_baseline, read_baselines, shipped_baselines
from batches.impact.factors import Place, make_factors
from batches.impact.method import default_method, methods
from compostnet.shared.months import parse_month
from compostnet.shared.rules import RuleFileError
from sites.climate import SiteClimate, climate_rule, climates, zone_of

METHOD = default_method(dt.date(2026, 1, 1))
NYC = ("US-NYC", "US-NY", "US")


def test_every_shipped_baseline_fits_every_method():
    for method in methods().values():
        assert {file.code for file in shipped_baselines(method)} >= {"demo", "us_nyc"}


def test_new_york_is_a_landfill_with_three_quarters_captured_and_says_that_it_is_assumed():
    found = find_baseline(shipped_baselines(METHOD), NYC, 2024, invented=False)
    assert found.id == "us_nyc/US-NYC/2000"
    assert found.mix() == (Part(route="landfill_managed", share=1.0, capture=0.75),)
    assert found.period.confidence == "C"
    assert found.file.reviews[found.period.review].reviewer == "compostnet platform team"
    assert "假设" in found.period.note.zh and "assumption" in found.period.note.en
    assert find_baseline(shipped_baselines(METHOD), ("US-NY", "US"), 2024, invented=False) is None
    zone = zone_of(SiteClimate(), NYC, climates(), climate_rule()).code
    factors = make_factors(METHOD, shipped_baselines(METHOD), [Place(zone, NYC, False)], parse_month("2024-01"), 12)
    assert zone == "temperate_wet" and factors.known.all() and factors.has_scenarios.all()


def reaching(mix):
    """The share of a tonne's methane that reaches the air, for the order of scenarios."""
    total = 0.0
    for part in mix:
        if decays := METHOD.routes[part.route].decays:
            total += part.share * decays.mcf.value * (1 - part.capture) * (1 - decays.ox.value)
    return total


def test_low_is_low_and_high_is_high_in_every_shipped_period():
    seen = 0
    for file in shipped_baselines(METHOD):
        for region, periods in file.regions.items():
            for period in periods:
                low, central, high = (reaching(period.mix_of(scenario)) for scenario in SCENARIOS)
                assert low <= central <= high, region
                if period.has_scenarios:
                    seen += 1
                    assert low < central < high, region
                else:
                    assert low == central == high, region
    assert seen >= 10


def file_with(tmp_path, **changes):
    raw = yaml.safe_load((FOLDER / "us_nyc.yaml").read_text())
    period = raw["regions"]["US-NYC"][0]
    period.update({key: value for key, value in changes.items() if value is not None})
    for key in [key for key, value in changes.items() if value is None]:
        period.pop(key)
    path = tmp_path / "us_nyc.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    return path


REASON = {"zh": "因", "en": "why"}
BURNT = {"mix": [{"route": "incineration", "share": 1.0}], "reason": REASON}
RANGED = [{"route": "landfill_managed", "share": 1.0, "capture": 0.75, "capture_range": [0.5, 0.9]}]


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"low": None}, "low", "both scenarios"),
        ({"high": None}, "high", "both scenarios"),
        ({"mix": RANGED}, "mix", "remove capture_range"),
        ({"low": {"mix": RANGED, "reason": REASON}}, "low.mix", "one capture"),
        ({"low": {"mix": [{"route": "incineration", "share": 0.5}], "reason": REASON}}, "low.mix", "sum to 0.5"),
        ({"high": {"mix": [{"route": "sea", "share": 1.0}], "reason": REASON}}, "high.mix", "unknown route 'sea'"),
        ({"high": {"mix": RANGED}}, "high.reason", "required"),
        ({"low": BURNT | {"document": "x"}}, "low.document", "not in documents"),
    ],
)
def test_broken_scenarios_are_refused_with_their_key(tmp_path, changes, key, words):
    path = file_with(tmp_path, **changes)
    with pytest.raises(RuleFileError) as error:
        read_baselines(tmp_path, METHOD)
    assert (error.value.key, error.value.path) == (f"regions.US-NYC.0.{key}", str(path))
    assert words in str(error.value)


@pytest.mark.parametrize("bad", [[0.8, 0.9], [0.5, 0.7]])
def test_a_capture_outside_its_range_is_refused(tmp_path, bad):
    mix = [{**RANGED[0], "capture_range": bad}]
    file_with(tmp_path, mix=mix, low=None, high=None)
    with pytest.raises(RuleFileError, match="outside its range"):
        read_baselines(tmp_path, METHOD)


def test_a_range_of_captured_gas_makes_the_scenarios(tmp_path):
    file_with(tmp_path, mix=RANGED, low=None, high=None)
    found = find_baseline(read_baselines(tmp_path, METHOD), NYC, 2024, invented=False)
    assert [found.mix(scenario)[0].capture for scenario in SCENARIOS] == [0.9, 0.75, 0.5]
    assert found.period.has_scenarios


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of one's own baselines, in which New York burns everything."""
    burnt = [{"route": "incineration", "share": 1.0}]
    path = file_with(tmp_path, mix=burnt, low=None, high=None)
    path.write_text(path.read_text().replace("code: us_nyc", "code: mine"))
    path.rename(tmp_path / "mine.yaml")
    monkeypatch.setenv("COMPOSTNET_BASELINES", str(tmp_path))
    return tmp_path / "mine.yaml"


def test_baselines_of_ones_own_come_before_the_shipped_ones(own):
    files = shipped_baselines(METHOD)
    assert (files[0].code, len(files)) == ("mine", 3)
    assert find_baseline(files, NYC, 2024, invented=False).id == "mine/US-NYC/2000"
    assert find_baseline(files, ("CN-360000",), 2024, invented=True).file.code == "demo"


def test_a_folder_that_is_not_there_or_takes_a_shipped_code_is_refused(own, monkeypatch):
    own.write_text(own.read_text().replace("code: mine", "code: demo"))
    with pytest.raises(RuleFileError, match="choose another"):
        shipped_baselines(METHOD)
    monkeypatch.setenv("COMPOSTNET_BASELINES", str(own.parent / "nowhere"))
    with pytest.raises(RuleFileError, match="names no folder"):
        shipped_baselines(METHOD)
