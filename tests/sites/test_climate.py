"""Climate zones: the thresholds to the digit, who is heard first, and that every reason can be read."""

from __future__ import annotations

import shutil

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.rules import RuleFileError
from sites.climate import (
    NORMALS_FILE,
    RULE_FILE,
    Normals,
    SiteClimate,
    climate_rule,
    climates,
    read_climate_rule,
    read_climates,
    zone_from,
    zone_of,
)
from sites.vocabulary import climate_zones

NANJING = ("CN-320100", "CN-320000", "CN")


def zone(mean, rain, evaporation=None):
    normals = Normals(mean_temperature_c=mean, precipitation_mm=rain, evapotranspiration_mm=evaporation)
    return zone_from(climate_rule(), normals)


@pytest.mark.parametrize(
    ("mean", "rain", "evaporation", "expected"),
    [
        (20.0, 999.9, 1000, "temperate_dry"),  # TOOL04: temperate up to and with 20 °C
        (20.0, 1000, 1000, "temperate_wet"),  # MAP/PET = 1 is not below 1
        (20.1, 999.9, 500, "tropical_dry"),  # above 20 °C the rain alone decides
        (20.1, 1000, 5000, "tropical_wet"),
        (20.1, 1000, None, "tropical_wet"),
        (-5, 300, 200, "temperate_wet"),
        (12.9, 530, None, None),
    ],
)
def test_the_borders_between_zones(mean, rain, evaporation, expected):
    assert zone(mean, rain, evaporation) == expected


@given(st.floats(-60, 60), st.floats(0, 5000), st.floats(1, 5000))
def test_every_place_on_earth_has_exactly_one_zone(mean, rain, evaporation):
    found = zone(mean, rain, evaporation)
    assert found in climate_zones()
    assert found.startswith("tropical") == (mean > 20)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        *((f"CN-{code}0000", "temperate_dry") for code in (11, 12, 13, 37, 61, 62, 65, 15)),
        *((f"CN-{code}0000", "temperate_wet") for code in (31, 32, 33, 42, 51, 50, 52, 53)),
        *((code, "tropical_wet") for code in ("CN-440000", "CN-440300", "CN-450000", "CN-460000", "CN-350200")),
        ("US-NYC", "temperate_wet"),
    ],
)
def test_the_indicative_zones_of_the_reference(region, expected):
    """Reference 1.5: zones of Chinese cities; and New York, wet and temperate."""
    assert zone_of(SiteClimate(), (region,), climates(), climate_rule()).code == expected


def test_hand_before_own_normals_before_the_region_before_unknown():
    def of(site, chain=NANJING):
        found = zone_of(site, chain, climates(), climate_rule())
        return found.code, found.basis

    normals = {"mean_temperature_c": 24, "precipitation_mm": 900, "source": "station"}
    by_hand = SiteClimate(zone="temperate_dry", reason="rain shadow", **normals)
    assert of(by_hand) == ("temperate_dry", "hand")
    assert of(SiteClimate(**normals)) == ("tropical_dry", "site")
    assert of(SiteClimate(**{**normals, "source": ""})) == ("temperate_wet", "CN-320000")
    # Own normals that cannot decide (no evapotranspiration in a temperate place) leave the word to the region.
    assert of(SiteClimate(mean_temperature_c=10, precipitation_mm=500, source="s")) == ("temperate_wet", "CN-320000")
    assert of(SiteClimate(), ("CN-350200", "CN-350000", "CN")) == ("tropical_wet", "CN-350200")
    assert of(SiteClimate(), ("XX-1", "XX")) == ("", "")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_can_be_read_and_names_what_it_stands_on(language):
    def said(site, chain=NANJING):
        return zone_of(site, chain, climates(), climate_rule()).because.render(language)

    assert "rain shadow" in said(SiteClimate(zone="temperate_dry", reason="rain shadow"))
    assert "IPCC 2019" in said(SiteClimate(zone="temperate_dry", source="IPCC 2019"))
    own = said(SiteClimate(mean_temperature_c=24, precipitation_mm=900.5, source="station 58238"))
    assert all(word in own for word in ("24", "900.5", "station 58238"))
    region = said(SiteClimate())
    assert all(word in region for word in ("16.2", "1100", "950", "C", "南京" if language == "zh" else "Nanjing"))
    assert said(SiteClimate(), ("XX",))


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (lambda place: place.pop("evapotranspiration_mm"), "evapotranspiration_mm", "wet or dry"),
        (lambda place: place.update(source="x"), "source", "not in sources"),
        (lambda place: place.update(mean_temperature_c=290), "mean_temperature_c", "60"),
        (lambda place: place.pop("confidence"), "confidence", "required"),
    ],
)
def test_broken_normals_are_refused_with_their_key(tmp_path, change, key, words):
    path = tmp_path / NORMALS_FILE.name
    raw = yaml.safe_load(NORMALS_FILE.read_text())
    change(raw["regions"]["CN-110000"])
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    with pytest.raises(RuleFileError) as error:
        read_climates(path, climate_rule())
    assert (error.value.key, error.value.path) == (f"regions.CN-110000.{key}", str(path))
    assert words in str(error.value)


def test_thresholds_in_another_unit_are_refused(tmp_path):
    path = tmp_path / RULE_FILE.name
    shutil.copy(RULE_FILE, path)
    path.write_text(path.read_text().replace('unit: "°C"', 'unit: "°F"'))
    with pytest.raises(RuleFileError) as error:
        read_climate_rule(path)
    assert error.value.key == "tropical_above_c.unit"


def test_tropical_places_need_no_evapotranspiration(tmp_path):
    raw = yaml.safe_load(NORMALS_FILE.read_text())
    raw["regions"]["CN-440000"].pop("evapotranspiration_mm")
    path = tmp_path / NORMALS_FILE.name
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    assert zone_from(climate_rule(), read_climates(path, climate_rule()).regions["CN-440000"]) == "tropical_wet"
