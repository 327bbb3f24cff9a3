"""Whole numbers added up by place."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batches.impact.exact import added

PLACES = st.integers(0, 9)


@given(st.lists(st.tuples(PLACES, st.integers(-(2**60), 2**60) | st.integers(-9, 9)), max_size=7))
def test_the_sums_are_exact_whatever_their_size(pairs: list[tuple[int, int]]) -> None:
    at = np.array([place for place, _ in pairs], dtype=np.intp)
    values = np.array([value for _, value in pairs], dtype=np.int64)
    expected = [sum(value for place, value in pairs if place == n) for n in range(10)]
    found = added(at, values, 10)
    assert found.dtype == np.int64
    assert found.tolist() == [(n + 2**63) % 2**64 - 2**63 for n in expected]


def test_what_a_double_cannot_hold_is_added_as_whole_numbers() -> None:
    assert added(np.zeros(2, dtype=np.intp), np.array([2**53, 1]), 1).tolist() == [2**53 + 1]
