"""Datums: reference pairs, round trips anywhere in China, identity elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.coordinates import (
    DATUMS,
    bd09_to_gcj02,
    distance_m,
    from_wgs84,
    gcj02_to_bd09,
    is_shifted,
    outline,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# WGS-84 and GCJ-02 as published with the eviltransform library (Shanghai, Shenzhen, Beijing): lat, lon, lat, lon.
REFERENCE = [
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657),
]
INSIDE = {
    "Hong Kong": (114.17, 22.30),
    "Macau": (113.54, 22.19),
    "Sanya": (109.51, 18.25),
    "Heihe": (127.50, 50.24),
    "Kashgar": (75.99, 39.47),
    "Ruili": (97.85, 24.01),
    "Hunchun": (130.35, 42.86),
}
OUTSIDE = {
    "Taipei": (121.56, 25.03),
    "Kaohsiung": (120.30, 22.62),
    "Seoul": (126.98, 37.57),
    "Pyongyang": (125.75, 39.02),
    "Hanoi": (105.85, 21.03),
    "Vladivostok": (131.90, 43.12),
    "Ulaanbaatar": (106.90, 47.90),
    "Kathmandu": (85.32, 27.71),
    "New York": (-74.00, 40.71),
    "Sydney": (151.21, -33.87),
}
china = st.tuples(st.floats(73.0, 135.5), st.floats(17.5, 54.0)).filter(lambda p: bool(is_shifted(*p)))


@pytest.mark.parametrize(("lat", "lon", "gcj_lat", "gcj_lon"), REFERENCE)
def test_reference_pairs(lat, lon, gcj_lat, gcj_lon):
    x, y = wgs84_to_gcj02(lon, lat)
    assert distance_m(x, y, gcj_lon, gcj_lat) < 0.001
    x, y = to_wgs84(gcj_lon, gcj_lat, "gcj02")
    assert distance_m(x, y, lon, lat) < 0.001


def test_baidu_reference_pair():
    # Baidu's open platform documents gcj02 → bd09 by example: 116.404, 39.915 becomes 116.41036949, 39.92133699.
    x, y = gcj02_to_bd09(116.404, 39.915)
    assert distance_m(x, y, 116.41036949371029, 39.92133699351021) < 0.01


@given(china, st.sampled_from(DATUMS))
def test_round_trip_under_one_metre_anywhere_in_china(point, datum):
    lon, lat = point
    x, y = to_wgs84(*from_wgs84(lon, lat, datum), datum)
    assert distance_m(x, y, lon, lat) < 0.001


@given(china)
def test_the_shift_is_real_and_of_the_known_size(point):
    lon, lat = point
    assert 20 < distance_m(*wgs84_to_gcj02(lon, lat), lon, lat) < 1200
    assert 200 < distance_m(*wgs84_to_bd09(lon, lat), lon, lat) < 2500


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from(DATUMS))
def test_identity_away_from_china(lon, lat, datum):
    around = np.array([[-0.02, -0.02], [-0.02, 0.02], [0.02, -0.02], [0.02, 0.02], [0, 0]])
    if is_shifted(lon + around[:, 0], lat + around[:, 1]).any():
        return
    assert tuple(map(float, from_wgs84(lon, lat, datum))) == (lon, lat)
    assert tuple(map(float, to_wgs84(lon, lat, datum))) == (lon, lat)


@pytest.mark.parametrize("place", INSIDE)
def test_places_of_china_are_shifted(place):
    assert is_shifted(*INSIDE[place])


@pytest.mark.parametrize("place", OUTSIDE)
def test_places_elsewhere_and_taiwan_are_not(place):
    lon, lat = OUTSIDE[place]
    for datum in DATUMS:
        assert tuple(map(float, to_wgs84(lon, lat, datum))) == (lon, lat)


def test_arrays_of_any_shape_equal_single_calls():
    lon = np.array([[116.4, 121.5, -74.0], [104.1, 87.6, 121.56]])
    lat = np.array([[39.9, 31.2, 40.7], [30.7, 43.8, 25.03]])
    x, y = to_wgs84(lon, lat, "bd09")
    assert x.shape == lon.shape
    for index in np.ndindex(lon.shape):
        one = to_wgs84(lon[index], lat[index], "bd09")
        assert (float(one[0]), float(one[1])) == (x[index], y[index])


@pytest.mark.filterwarnings("error")
def test_what_is_no_position_passes_through_in_silence():
    lon, lat = np.array([np.nan, 180.0, -180.0, 1e300]), np.array([30.0, -90.0, 90.0, -1e300])
    for datum in DATUMS:
        for answer in (to_wgs84(lon, lat, datum), from_wgs84(lon, lat, datum)):
            np.testing.assert_array_equal(answer[0], lon)
            np.testing.assert_array_equal(answer[1], lat)


def test_gcj_and_bd_are_inverse_of_each_other():
    x, y = bd09_to_gcj02(*gcj02_to_bd09(118.8, 32.06))
    assert distance_m(x, y, 118.8, 32.06) < 0.001


def test_outline_is_in_degrees_around_china():
    ring = outline()
    assert ring[:, 0].min() > 73 and ring[:, 0].max() < 136 and ring[:, 1].min() > 17 and ring[:, 1].max() < 54
