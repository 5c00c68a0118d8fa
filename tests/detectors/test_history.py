"""The recent readings of a bed: thinned, in order, and the same however messages are cut."""

import numpy as np
import pytest
from arrays import Array
from builders import T0_MS
from hypothesis import given
from hypothesis import strategies as st
from naive_excursions import NaiveHistory, Sample

from detectors.channels import MISSING, N_CHANNELS, NEVER
from detectors.history import HISTORY_DEPTH, LONGEST_MS, History

Taking = tuple[Array, Array, Array, Array]
"""One round: beds, values, times, and which readings are new."""

SPACING_MS = np.array([30_000, 0, 0, 0, 60_000, 30_000, 1], np.int64)


@st.composite
def takings(draw: st.DrawFn, n_beds: int) -> list[Taking]:
    """Rounds of some of the beds: gaps of every size, constant values, readings not believed."""
    made = []
    at_ms = T0_MS
    for _ in range(draw(st.integers(1, 40))):
        at_ms += draw(st.sampled_from([1, 1_000, 29_999, 30_000, 60_001, 10**9, 10**10]))
        beds = draw(st.lists(st.integers(0, n_beds - 1), unique=True, min_size=1))
        shape = (len(beds), N_CHANNELS)
        size = len(beds) * N_CHANNELS
        values = draw(st.lists(st.sampled_from([0, 7_200, 7_201, 30_000, -1]), min_size=size))
        new = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        made.append(
            (
                np.array(beds, np.int32),
                np.array(values[:size], np.int32).reshape(shape),
                np.full(shape, at_ms, np.int64),
                np.array(new).reshape(shape),
            )
        )
    return made


def held(history: History, bed: int, channel: int) -> list[Sample]:
    """Return what a history holds of one bed and channel, as its twin does."""
    recent = history.rows(np.array([bed], np.int32))
    value, at_ms = recent.value_centi[0, channel].tolist(), recent.measured_ms[0, channel].tolist()
    kept = [pair for pair in zip(value, at_ms, strict=True) if pair != (MISSING, NEVER)]
    assert [*[(MISSING, NEVER)] * (HISTORY_DEPTH - len(kept)), *kept] == list(
        zip(value, at_ms, strict=True)
    ), "unused places come first"
    return kept


@given(data=st.data(), n_beds=st.integers(1, 3))
def test_it_holds_what_its_twin_holds(data: st.DataObject, n_beds: int) -> None:
    history = History(n_beds)
    twin = [[NaiveHistory() for _ in range(N_CHANNELS)] for _ in range(n_beds)]
    for bed, value, at_ms, new in data.draw(takings(n_beds)):
        history.take(SPACING_MS, bed, value, at_ms, new)
        for row, channel in np.argwhere(new).tolist():
            twin[bed[row]][channel].take(
                int(SPACING_MS[channel]), int(value[row, channel]), int(at_ms[row, channel])
            )
    for row in range(n_beds):
        for channel in range(N_CHANNELS):
            assert held(history, row, channel) == twin[row][channel].recent()


@given(data=st.data())
def test_beds_together_and_one_by_one_are_the_same(data: st.DataObject) -> None:
    together, alone = History(3), History(3)
    for bed, value, at_ms, new in data.draw(takings(3)):
        given_ = [array.copy() for array in (bed, value, at_ms, new)]
        together.take(SPACING_MS, bed, value, at_ms, new)
        for row in reversed(range(len(bed))):
            one = slice(row, row + 1)
            alone.take(SPACING_MS, bed[one], value[one], at_ms[one], new[one])
        for array, before in zip((bed, value, at_ms, new), given_, strict=True):
            np.testing.assert_array_equal(array, before, "inputs are not written to")
    for name in ("value_centi", "after_ms", "begun_ms", "place", "due_ms"):
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name), name)


@given(data=st.data())
def test_room_and_clearing_touch_no_other_bed(data: st.DataObject) -> None:
    history = History(2)
    for given_ in data.draw(takings(2)):
        history.take(SPACING_MS, *given_)
    before = [held(history, bed, 0) for bed in (0, 1)]
    history.grow(4)
    assert [held(history, bed, 0) for bed in range(4)] == [*before, [], []]
    history.clear(0)
    assert [held(history, bed, 0) for bed in range(4)] == [[], before[1], [], []]
    assert (history.due_ms[0] == NEVER).all(), "the next reading is kept"
    assert (history.begun_ms[0] == NEVER).all()
    assert (history.after_ms[0] == 0).all()
    assert (history.place[0] == 0).all()


@pytest.mark.parametrize(("later_ms", "expected"), [(LONGEST_MS, 2), (LONGEST_MS + 1, 1)])
def test_a_reading_weeks_later_begins_anew(later_ms: int, expected: int) -> None:
    history = History(1)
    for at_ms in (T0_MS, T0_MS + later_ms):
        history.take(
            SPACING_MS,
            np.array([0], np.int32),
            np.full((1, N_CHANNELS), 7_200, np.int32),
            np.full((1, N_CHANNELS), at_ms, np.int64),
            np.ones((1, N_CHANNELS), np.bool_),
        )
    kept = held(history, 0, 0)
    assert len(kept) == expected
    assert kept[-1] == (7_200, T0_MS + later_ms)


def test_a_continuous_channel_reaches_back_minutes() -> None:
    history = History(1)
    for second in range(3_600):
        history.take(
            SPACING_MS,
            np.array([0], np.int32),
            np.full((1, N_CHANNELS), second, np.int32),
            np.full((1, N_CHANNELS), T0_MS + 1000 * second, np.int64),
            np.ones((1, N_CHANNELS), np.bool_),
        )
    assert [value for value, _ in held(history, 0, 0)] == list(range(3_120, 3_600, 30))
    assert [value for value, _ in held(history, 0, 1)] == list(range(3_584, 3_600))
