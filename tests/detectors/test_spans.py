"""Rows side by side are taken as one stretch, all others as they are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.spans import picked, span


@given(beds=st.lists(st.integers(0, 6), unique=True))
def test_what_is_picked_is_what_an_index_would_pick(beds: list[int]) -> None:
    array = np.arange(14).reshape(7, 2)
    rows = np.array(beds, np.int32)
    at = span(rows)
    np.testing.assert_array_equal(picked(array, at), array[rows])
    side_by_side = bool(beds) and beds == list(range(beds[0], beds[0] + len(beds)))
    assert isinstance(at, slice) == side_by_side
    array[at] = -1
    assert (array[rows] == -1).all()
    assert (array == -1).sum() == 2 * len(beds)
