"""Arrays for property tests: values at every limit, MISSING in every kind of place."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from detectors.channels import MISSING, N_CHANNELS, NEVER

Array = npt.NDArray[Any]

Draw = Callable[..., Any]
"""``draw`` of a composite strategy, or of a data object."""


@st.composite
def holes(draw: st.DrawFn, n: int) -> list[bool]:
    """Return where something is missing: nowhere, everywhere, at an end, by turns, anywhere."""
    places = {
        "nowhere": [False] * n,
        "everywhere": [True] * n,
        "first": [i == 0 for i in range(n)],
        "last": [i == n - 1 for i in range(n)],
        "alternate": [i % 2 == 0 for i in range(n)],
    }
    named = st.sampled_from(list(places.values()))
    return draw(named | st.lists(st.booleans(), min_size=n, max_size=n))


def around(limits: Sequence[int]) -> st.SearchStrategy[int]:
    """Return limits, their neighbours one hundredth away, and anything else."""
    near = [limit + step for limit in limits for step in (-1, 0, 1) if limit != MISSING]
    return st.sampled_from(near or [0]) | st.integers(0, 45_000) | st.integers(-(10**8), 10**8)


@st.composite
def values(draw: st.DrawFn, n_beds: int, limits: Sequence[Sequence[int]] | None = None) -> Array:
    """Return an int32 array (bed, channel), each column around limits of its own."""
    made = np.full((n_beds, N_CHANNELS), MISSING, np.int32)
    for channel in range(N_CHANNELS):
        given = around(limits[channel] if limits else [9_000, 3_800])
        constant = draw(st.booleans())
        column = (
            [draw(given)] * n_beds
            if constant
            else draw(st.lists(given, min_size=n_beds, max_size=n_beds))
        )
        missing = draw(holes(n_beds))
        made[:, channel] = [MISSING if no else x for x, no in zip(column, missing, strict=True)]
    return made


@st.composite
def times(draw: st.DrawFn, known: Array) -> Array:
    """Return int64 times where something is known: close, equal, huge gaps; NEVER elsewhere."""
    gaps = st.sampled_from([0, 1, 4_999, 5_000, 59_999, 60_000, 60_001, 10**9, 10**12])
    size = int(known.size)
    ahead = draw(st.lists(gaps, min_size=size, max_size=size))
    sign = draw(st.sampled_from([1, -1]))
    made = 1_795_514_400_000 + sign * np.array(ahead, np.int64).reshape(known.shape)
    return np.where(known, made, NEVER)


def pick(draw: Draw, dtype: type[np.generic], shape: tuple[int, ...], *allowed: int) -> Array:
    """Return an array of a few allowed numbers."""
    size = int(np.prod(shape))
    drawn = draw(st.lists(st.sampled_from(allowed), min_size=size, max_size=size))
    return np.array(drawn, dtype).reshape(shape)


n_beds = st.sampled_from([0, 1, 2, 5])
