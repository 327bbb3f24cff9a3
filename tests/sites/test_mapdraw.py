"""Geometry of the drawn map and the marks of the vocabulary: equal areas, whole groups, readable classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compostnet.shared.coordinates import distance_m
from sites.mapdraw import (
    CHINA_BOX,
    box_around,
    class_breaks,
    class_of,
    clusters,
    frame_for,
    path_of,
    quantised,
)
from sites.vocabulary import coarsened, processes, scenarios

EARTH_KM = 6371.0


def drawn_area(frame, west, south, east, north, steps=60):
    """Shoelace area in pixels of a box of degrees, its edges cut finely."""
    lon, lat = np.linspace(west, east, steps), np.linspace(south, north, steps)
    ring_lon = np.concatenate([lon, np.full(steps, east), lon[::-1], np.full(steps, west)])
    ring_lat = np.concatenate([np.full(steps, south), lat, np.full(steps, north), lat[::-1]])
    x, y = frame.project(ring_lon, ring_lat)
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def true_area(west, south, east, north):
    return math.radians(east - west) * (math.sin(math.radians(north)) - math.sin(math.radians(south)))


@pytest.mark.parametrize("box", [CHINA_BOX, (-74.3, 40.4, -73.6, 41.0), (-10.0, -6.0, 12.0, 6.5), (140, -40, 154, -28)])
def test_areas_compare_wherever_the_network_is(box):
    frame = frame_for(box)
    west, south, east, north = box
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    parts = [
        (west, south, middle_x, middle_y),
        (middle_x, south, east, middle_y),
        (west, middle_y, middle_x, north),
        (middle_x, middle_y, east, north),
    ]
    scales = [drawn_area(frame, *part) / true_area(*part) for part in parts]
    assert max(scales) / min(scales) < 1.002


@given(
    st.tuples(st.floats(-179, 178), st.floats(-80, 78)),
    st.tuples(st.floats(0, 60), st.floats(0, 50)),
)
def test_what_is_asked_for_lies_in_the_drawing(corner, size):
    west, south = corner
    east, north = min(west + size[0], 180.0), min(south + size[1], 85.0)
    frame = frame_for((west, south, east, north))
    x, y = frame.project([west, east, (west + east) / 2], [south, north, (south + north) / 2])
    assert (x >= -1).all() and (x <= frame.width + 1).all()
    assert (y >= -1).all() and (y <= frame.height + 1).all()
    assert 400 <= frame.height <= 950


def test_north_is_up_and_east_is_right_around_beijing():
    frame = frame_for(CHINA_BOX)
    (x, x_east, x_north), (y, y_east, y_north) = frame.project([116.4, 117.4, 116.4], [39.9, 39.9, 40.9])
    assert x_east > x and y_north < y
    assert abs(y_east - y) < abs(x_east - x) and abs(x_north - x) < abs(y_north - y)


def test_a_path_is_closed_quantised_and_keeps_small_islands():
    frame = frame_for(CHINA_BOX)
    square = [[(110, 30), (112, 30), (112, 32), (110, 32), (110, 30)]]
    island = [[(121.0, 30.0), (121.0001, 30.0), (121.0001, 30.0001), (121.0, 30.0)]]
    path = path_of([square, island], frame)
    assert path.count("M") == 2 and path.count("z") == 2
    assert "." not in path and "h1v1h-1z" in path


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 800)), max_size=60),
    st.floats(5, 80),
)
def test_every_site_is_in_one_group_and_groups_keep_apart(points, cell):
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    groups = clusters(x, y, cell)
    assert sorted(index for group in groups for index in group) == list(range(len(points)))
    middles = [(x[group].mean(), y[group].mean()) for group in groups]
    assert all(math.dist(a, b) >= cell for n, a in enumerate(middles) for b in middles[:n])


@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), max_size=40), st.integers(1, 5))
def test_classes_cover_every_value_and_zero_is_none_of_them(values, classes):
    values = [value if value > 1e-9 else 0.0 for value in values]
    breaks = class_breaks(values, classes)
    assert breaks == sorted(set(breaks)) and len(breaks) <= classes
    for value in values:
        number = class_of(value, breaks)
        assert (number == 0) == (value <= 0)
        if number:
            assert value <= breaks[number - 1] * (1 + 1e-9)
            assert number == 1 or value > breaks[number - 2]


def test_box_around_one_site_has_an_extent():
    west, south, east, north = box_around([(-73.9, 40.7)])
    assert east - west > 0.19 and north - south > 0.19
    assert box_around([]) is None


def test_quantised_outlines_are_shorter_and_near():
    ring = [(110 + 0.001 * n, 30.0) for n in range(50)] + [(110.05, 30.2), (110.0, 30.2), (110.0, 30.0)]
    (polygon,) = quantised([[ring]])
    assert len(polygon[0]) < 15 and polygon[0][0] == polygon[0][-1] == [110.0, 30.0]


@given(st.floats(-180, 180), st.floats(-85, 85))
def test_a_coarsened_place_is_near_and_the_same_for_its_cell(lon, lat):
    x, y = coarsened(lon, lat)
    assert distance_m(lon, lat, x, y) < 760  # half the diagonal of a cell of 1 km, and its curvature
    assert coarsened(x, y) == (x, y)


def test_places_of_one_cell_cannot_be_told_apart():
    assert coarsened(118.7960, 32.0580) == coarsened(118.7965, 32.0583)


def test_every_scenario_is_told_by_shape_and_colour_and_named_in_both_languages():
    looks = [(item.shape, item.colour) for item in scenarios().values()]
    assert len(set(looks)) == len(looks) == 12
    for item in [*scenarios().values(), *processes().values()]:
        assert item.name.zh and item.name.en and item.name.zh != item.name.en
