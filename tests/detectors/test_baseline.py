"""What a person's vitals were before the infusion, in spite of first readings and artefacts."""

from dataclasses import dataclass

import naive
import numpy as np
import pytest
from arrays import Array, n_beds, pick, values
from builders import T0_MS, baseline_params, rows, shipped
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.baseline import (
    BASELINE_DEPTH,
    BaselineParams,
    BaselineState,
    BaselineWindow,
    baseline_state,
    remarkable,
)
from detectors.baseline_life import set_aside
from detectors.baseline_statistics import (
    drift,
    kept_readings,
    robust_centre,
    robust_noise,
    still_settling,
)
from detectors.beds import Beds
from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel

REMARKS = shipped().baseline
UNKNOWN_OPENING = np.array([NEVER], np.int64)


def centre(*numbers: int) -> int:
    """Centre of the readings of one channel, taken one after the other."""
    window = BaselineWindow(1)
    for second, number in enumerate(numbers):
        given_ = np.full((1, N_CHANNELS), MISSING, np.int32)
        given_[0, 0] = number
        window.take(
            baseline_params(),
            np.array([0], np.int32),
            given_,
            np.full((1, N_CHANNELS), T0_MS + 1000 * second, np.int64),
            UNKNOWN_OPENING,
        )
    return int(robust_centre(kept(baseline_params(), window))[0, 0])


def kept(params: BaselineParams, window: BaselineWindow) -> Array:
    """Return the readings that count."""
    return kept_readings(params, window.value_centi, window.count, window.unsettled)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], MISSING),
        ([12_000], 12_000),
        ([15_000, 12_000], 12_000),
        ([15_000, 12_000, 12_001], 12_000),
        ([15_000, 12_000, 12_400, 12_200], 12_200),
        ([15_000, 12_000, 12_100, 4_000, 12_200], 12_050),
        ([-3, -2, -1], -2),
    ],
)
def test_the_first_reading_is_left_out_as_soon_as_there_are_others(
    numbers: list[int], expected: int
) -> None:
    assert centre(*numbers) == expected


@given(
    numbers=st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=40)
    | st.integers(1, 40).map(lambda n: [3_700] * n)
)
def test_the_centre_is_the_median_of_the_newest_readings_but_the_first(numbers: list[int]) -> None:
    twin = naive.NaiveBaseline(baseline_params(), 0)
    for number in numbers:
        twin.take(number, T0_MS)
    assert centre(*numbers) == twin.centre()


@given(first=st.integers(3_000, 25_000), others=st.lists(st.just(12_000), min_size=3, max_size=14))
def test_one_artefact_does_not_move_the_centre(first: int, others: list[int]) -> None:
    assert centre(first, *others, 29_999) == 12_000


@dataclass(frozen=True)
class Taking:
    """Readings of some beds at one time, or a drug that is given to one of them."""

    beds: list[int]
    at_ms: int
    value_centi: Array
    drug: bool


@st.composite
def takings(draw: st.DrawFn) -> tuple[int, int, list[Taking]]:
    """Rounds of readings of some of the beds, with drugs, and times that also run backwards."""
    n = draw(st.integers(1, 3))
    spacing_s = draw(st.sampled_from([0, 15, 30]))
    rounds = []
    at_ms = T0_MS
    for _ in range(draw(st.integers(1, 25))):
        beds = sorted(draw(st.sets(st.integers(0, n - 1))))
        at_ms += draw(st.sampled_from([0, 1, 14_999, 15_000, 30_000, 30_001, -20_000, 10**10]))
        drug = draw(st.sampled_from([False] * 5 + [True]))
        rounds.append(Taking(beds, at_ms, draw(values(len(beds))), drug))
    return n, spacing_s, rounds


@settings(max_examples=examples(40))
@given(drawn=takings(), opened=st.sampled_from([NEVER, T0_MS, T0_MS - 200_000]))
def test_the_window_takes_what_its_twin_takes(
    drawn: tuple[int, int, list[Taking]], opened: int
) -> None:
    n, spacing_s, rounds = drawn
    params = baseline_params(spacing_s=spacing_s)
    beds_ = Beds(n, 0)
    beds_.taking_baseline[:] = True
    window = beds_.window
    opened_ms = None if opened == NEVER else opened
    twins = [[naive.NaiveBaseline(params, c) for c in range(N_CHANNELS)] for _ in range(n)]
    for one in rounds:
        rows_ = np.array(one.beds, np.int32)
        if one.drug:
            for bed in one.beds:
                set_aside(params, beds_, bed, one.at_ms)
                for channel in range(N_CHANNELS):
                    twins[bed][channel].give(one.at_ms)
            continue
        at_ms = np.full((len(one.beds), N_CHANNELS), one.at_ms, np.int64)
        openings = np.full(len(one.beds), opened, np.int64)
        added = window.take(params, rows_, one.value_centi, at_ms, openings)
        for i, bed in enumerate(one.beds):
            expected = [
                twins[bed][c].take(int(one.value_centi[i, c]), one.at_ms, opened_ms)
                for c in range(N_CHANNELS)
            ]
            assert added[i].tolist() == expected
    numbers = kept(params, window)
    for kernel, name in ((robust_noise, "noise"), (drift, "drift")):
        got = kernel(params, numbers)
        assert got.dtype == np.int32
        assert got.tolist() == [[getattr(one, name)() for one in bed] for bed in twins]
    assert robust_centre(numbers).tolist() == [[one.centre() for one in bed] for bed in twins]
    assert window.count.tolist() == [[len(one.values) for one in bed] for bed in twins]
    assert window.last_ms.tolist() == [
        [NEVER if one.last_ms is None else one.last_ms for one in bed] for bed in twins
    ]


def readings_of(*numbers: int) -> Array:
    """Return kept readings of the heart rate, nothing of the other channels."""
    made = np.full((1, N_CHANNELS, BASELINE_DEPTH), MISSING, np.int32)
    made[0, 0, : len(numbers)] = numbers
    return made


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((), MISSING),
        ((7000, 7100, 7200, 7300), MISSING),
        ((7000, 7000, 7000, 7000, 7000), 0),
        # Distances from 7200: 200, 100, 0, 100, 200; 100 times 1.4826 is 148.26.
        ((7000, 7100, 7200, 7300, 7400), 148),
        # One artefact moves the noise no further than to the next distance.
        ((7000, 7100, 7200, 7300, 29_000), 148),
    ],
)
def test_the_noise_is_stated_from_enough_readings(numbers: tuple[int, ...], expected: int) -> None:
    assert robust_noise(baseline_params(), readings_of(*numbers))[0, 0] == expected


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((9000, 8000, 7000), MISSING),
        ((9000, 8800, 7000, 6800), -2000),
        ((9000, 8800, 12_000, 7000, 6800), -2000),
        ((7000, 7000, 7000, 7000), 0),
    ],
)
def test_the_drift_is_that_of_the_later_half(numbers: tuple[int, ...], expected: int) -> None:
    assert drift(baseline_params(), readings_of(*numbers))[0, 0] == expected


@pytest.mark.parametrize(
    ("moved", "expected"), [(MISSING, False), (0, False), (999, False), (1000, True), (-1000, True)]
)
def test_a_drift_of_the_limit_is_still_settling(moved: int, *, expected: bool) -> None:
    given_ = np.full((1, N_CHANNELS), moved, np.int32)
    assert still_settling(baseline_params(), given_).tolist() == [[expected] * N_CHANNELS]


def test_a_cleared_bed_is_like_a_new_one_and_its_neighbour_stays() -> None:
    window = BaselineWindow(2)
    value = rows({"hr": 70}, {"hr": 80})
    at_ms = np.full(value.shape, T0_MS, np.int64)
    opened_ms = np.full(2, T0_MS, np.int64)
    window.take(baseline_params(), np.array([0, 1], np.int32), value, at_ms, opened_ms)
    window.aside_ms[:], window.refused[:] = T0_MS, 3
    window.clear(0)
    new = BaselineWindow(1)
    for name in BaselineWindow.NAMES:
        np.testing.assert_array_equal(getattr(window, name)[:1], getattr(new, name))
    assert window.count[1, Channel.HR] == 1
    assert window.value_centi[1, Channel.HR, 0] == 8_000


@given(data=st.data())
def test_states_are_those_of_the_twin(data: st.DataObject) -> None:
    n = data.draw(n_beds)
    params = baseline_params(least_readings=data.draw(st.integers(1, 5)))
    allowed = (0, 1, 2, 3, 4, 5, 6, BASELINE_DEPTH, BASELINE_DEPTH + 1)
    count = pick(data.draw, np.int32, (n, N_CHANNELS), *allowed)
    assert baseline_state(params, count).tolist() == naive.baseline_state(params, count.tolist())


def test_three_readings_after_the_first_establish_a_baseline() -> None:
    states = baseline_state(REMARKS, np.array([[0, 1, 3, 4]], np.int32))
    assert states.tolist() == [
        [
            BaselineState.ABSENT,
            BaselineState.PROVISIONAL,
            BaselineState.PROVISIONAL,
            BaselineState.ESTABLISHED,
        ]
    ]


@given(data=st.data())
def test_remarks_are_those_of_the_twin(data: st.DataObject) -> None:
    edges = [
        [edge for row in REMARKS.remarks if row.channel == c
         for edge in (row.below_centi, row.above_centi)]
        for c in range(N_CHANNELS)
    ]  # fmt: skip
    value = data.draw(values(data.draw(n_beds), edges))
    age = pick(data.draw, np.int32, (len(value),), MISSING, 0, 24, 25, 100, 1_001, 1_201, 5_000)
    found = remarkable(REMARKS, value, age).tolist()
    assert found == naive.remarkable(REMARKS, value.tolist(), age.tolist())


@pytest.mark.parametrize(
    ("channel", "value", "expected"),
    [
        ("temp", "37.79", False),
        ("temp", "37.80", True),
        ("hr", 100, False),
        ("hr", "100.01", True),
        ("rr", 20, False),
        ("rr", "20.01", True),
        ("sbp", "99.99", True),
        ("sbp", 100, False),
        ("sbp", 160, False),
        ("sbp", "160.01", True),
        ("spo2", 40, False),
    ],
)
def test_a_baseline_beyond_a_shipped_bound_is_remarked(
    channel: str, value: str, *, expected: bool
) -> None:
    for age in (MISSING, 1_300, 5_000):
        found = remarkable(REMARKS, rows({channel: value}), np.array([age], np.int32))
        assert bool(found.any()) is expected


@pytest.mark.parametrize(
    ("channel", "value", "years", "expected"),
    [
        ("hr", 110, 9, False),
        ("hr", 141, 9, True),
        ("sbp", 90, 6, False),
        ("sbp", 80, 6, True),
        ("rr", 35, 3, False),
        ("rr", 41, 3, True),
    ],
)
def test_a_childs_baseline_has_bounds_of_its_age(
    channel: str, value: int, years: int, *, expected: bool
) -> None:
    found = remarkable(REMARKS, rows({channel: value}), np.array([100 * years], np.int32))
    assert bool(found.any()) is expected
