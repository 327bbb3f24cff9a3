"""Canonical JSON: the same bytes as the reference package, whatever the document."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from batches.impact.document.canonical import LARGEST_WHOLE, Series, SeriesBlock, canonical, number_text, plain

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_WHOLE, LARGEST_WHOLE) | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_any_document_is_written_as_the_reference_writes_it(document):
    assert canonical(document) == rfc8785.dumps(document)


@given(numbers)
def test_any_double_is_written_as_ecmascript_does(value):
    assert number_text(value).encode() == rfc8785.dumps(value)


@given(
    st.lists(
        st.lists(st.integers(-(10**18), 10**18) | st.integers(-(10**7), 10**7), min_size=3, max_size=3), max_size=5
    ),
    st.sampled_from([0, 3, 9, 12, 13]),
    st.data(),
)
def test_a_series_is_written_as_the_list_that_it_stands_for(rows, digits, data):
    values = np.array(rows, dtype=np.int64).reshape(len(rows), 3)
    known = np.array(data.draw(st.lists(st.booleans(), min_size=values.size, max_size=values.size)), dtype=bool)
    for series, row in zip(SeriesBlock(values, known.reshape(values.shape), digits).series(), rows, strict=True):
        expected = series.plain()
        assert [None if v is None else v for v in series] == expected == plain({"a": series})["a"]
        assert canonical(series) == rfc8785.dumps(expected)
        # Beyond 2^53 ECMAScript ends a whole number with zeros, which only a reader of doubles takes for the same.
        assert json.loads(series.text, parse_int=float) == expected
        assert all(v is None or v == whole / 10**digits for v, whole in zip(expected, row, strict=True))


def test_a_series_behaves_as_a_list_of_numbers():
    block = SeriesBlock(np.array([[1_500_000_000, 7, 0]]), np.array([[True, False, True]]), 9)
    series = block.series()[0]
    assert isinstance(series, Series)
    assert (len(series), series[0], series[1], series[-1], series[:2]) == (3, 1.5, None, 0.0, [1.5, None])
    assert series == [1.5, None, 0.0]
    assert np.array_equal(np.array(series), [1.5, np.nan, 0.0], equal_nan=True)
    assert SeriesBlock(np.zeros((2, 0), dtype=np.int64), np.zeros((2, 0), dtype=bool), 9).series()[1].text == "[]"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), LARGEST_WHOLE + 1, object(), {1, 2}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        canonical({"a": value})


def test_a_key_may_hold_a_per_cent_sign() -> None:
    document = {"%s": 1, "a %d": {"100 %": "%s %%"}}
    assert canonical(document) == rfc8785.dumps(document)
