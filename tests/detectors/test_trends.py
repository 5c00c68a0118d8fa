"""What a run of readings says: slopes, stays in a zone, against slow twins."""

import math
from typing import Any

import naive_excursions as naive
import numpy as np
import pytest
from arrays import Array, n_beds
from builders import T0_MS, centi
from chance import examples
from excursion_kernels import GAPS_MS, LEVELS, run_of_samples, trend_arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import trends
from detectors.channels import MISSING, NEVER
from detectors.directions import Direction
from detectors.history import Recent
from detectors.trends import ZoneTime, no_zone_time, zone_time
from detectors.truth import Truth

MINUTE_MS = 60_000


def readings(*pairs: tuple[float, float | str]) -> tuple[Array, Array]:
    """Return readings of one bed from minutes and values."""
    value = [centi(number) for _, number in pairs]
    at_ms = [T0_MS + int(MINUTE_MS * minute) for minute, _ in pairs]
    return np.array([value], np.int32), np.array([at_ms], np.int64)


def rise(given_: tuple[Array, Array], limit: int, *, window_min: int = 30, least: int = 3) -> Truth:
    found = trends.slope_at_least(
        *given_, limit, window_ms=MINUTE_MS * window_min, least_readings=least
    )
    return Truth(found.item())


# ------------------------------------------------------------------------------- slopes


@settings(max_examples=examples(200))
@given(data=st.data(), n=n_beds)
def test_slopes_are_those_of_the_twin(data: st.DataObject, n: int) -> None:
    drawn = trend_arguments(data.draw, n)
    value, at_ms = drawn["value_centi"], drawn["measured_ms"]
    within: dict[str, Any] = {name: drawn[name] for name in ("window_ms", "least_readings")}
    limit, least = drawn["limit_centi_per_min"], drawn["least_centi_per_min"]
    reached = trends.slope_at_least(value, at_ms, limit, **within)
    going = trends.slope_direction(value, at_ms, least, **within)
    shown = trends.slope_centi_per_min(value, at_ms, **within)
    for bed in range(n):
        there = naive.samples(value[bed].tolist(), at_ms[bed].tolist())
        given_ = there, *within.values()
        assert reached[bed] == naive.slope_at_least(there, limit, *within.values())
        assert going[bed] == naive.slope_direction(there, least, *within.values())
        assert shown[bed] == pytest.approx(naive.slope(*given_), nan_ok=True)


@settings(max_examples=examples(60))
@given(data=st.data(), shift_ms=st.sampled_from([1, 86_400_000, -(10**12)]))
def test_the_same_readings_at_another_time_have_the_same_slope(
    data: st.DataObject, shift_ms: int
) -> None:
    value, at_ms = run_of_samples(data.draw, 3)
    moved = np.where(at_ms == NEVER, NEVER, at_ms + shift_ms)
    within = {"window_ms": 300_000, "least_readings": 2}
    for kernel in (trends.slope_at_least, trends.slope_direction):
        here = kernel(value, at_ms, 60, **within)
        np.testing.assert_array_equal(here, kernel(value, moved, 60, **within))


@settings(max_examples=examples(60))
@given(data=st.data())
def test_channels_side_by_side_are_as_each_by_itself(data: st.DataObject) -> None:
    value, at_ms = run_of_samples(data.draw, 4)
    together = trends.slope_at_least(
        value.reshape(2, 2, -1), at_ms.reshape(2, 2, -1), 60, window_ms=300_000, least_readings=2
    )
    alone = trends.slope_at_least(value, at_ms, 60, window_ms=300_000, least_readings=2)
    assert together.reshape(-1).tolist() == alone.tolist()


def test_a_slope_is_exact_at_its_limit() -> None:
    rigor = readings((0, "36.70"), (10, "37.00"), (20, "37.30"))
    assert rise(rigor, 3) == Truth.TRUE
    assert rise(rigor, 4) == Truth.FALSE
    slower = readings((0, "36.70"), (10, "36.99"), (20, "37.28"))
    assert rise(slower, 3) == Truth.FALSE


def test_one_artefact_does_not_make_a_slope() -> None:
    steady = [(float(minute), 72.0) for minute in range(9)]
    steady[4] = (4.0, 190.0)
    assert rise(readings(*steady), 1) == Truth.FALSE
    falling = [(minute, 120 - 5 * minute) for minute in range(6)]
    falling[5] = (5, 180)
    assert rise(readings(*falling), -500) == Truth.TRUE


def test_readings_before_the_window_and_too_few_say_nothing() -> None:
    given_ = readings((0, 70), (20, 90), (40, 110))
    assert rise(given_, 100, window_min=40) == Truth.TRUE
    assert rise(given_, 100, window_min=39) == Truth.UNKNOWN
    assert rise(given_, 100, window_min=39, least=2) == Truth.TRUE
    assert rise(readings((0, 70)), 0, least=1) == Truth.UNKNOWN, "one reading has no slope"


def test_half_up_and_half_down_is_still() -> None:
    value, at_ms = readings((0, 70), (1, 90), (2, 70), (3, 90), (4, 70))
    going = trends.slope_direction(
        value[:, :3], at_ms[:, :3], 1, window_ms=MINUTE_MS * 10, least_readings=3
    )
    assert Direction(going.item()) == Direction.STILL
    shown = trends.slope_centi_per_min(value, at_ms, window_ms=10**9, least_readings=3)
    assert shown.item() == 0
    none = trends.slope_centi_per_min(value[:, :0], at_ms[:, :0], window_ms=1, least_readings=1)
    assert math.isnan(none.item())


# ---------------------------------------------------------------------------------- zones


def taken(zone: ZoneTime, value: Array, at_ms: Array, enter: int, clear: int) -> ZoneTime:
    first, last = (np.full(len(value), limit, np.int32) for limit in (enter, clear))
    return zone_time(zone, value, at_ms, first, last, valid_ms=MINUTE_MS)


@settings(max_examples=examples(200))
@given(
    data=st.data(),
    limits=st.tuples(st.sampled_from([MISSING, *LEVELS]), st.sampled_from([MISSING, *LEVELS])),
    cuts=st.lists(st.integers(0, 6), max_size=3),
)
def test_time_in_a_zone_is_that_of_the_twin_in_any_split(
    data: st.DataObject, limits: tuple[int, int], cuts: list[int]
) -> None:
    value, at_ms = run_of_samples(data.draw, 2)
    whole = taken(no_zone_time(2), value, at_ms, *limits)
    parts = no_zone_time(2)
    for some in np.split(np.arange(value.shape[1]), sorted(cuts)):
        parts = taken(parts, value[:, some], at_ms[:, some], *limits)
    for bed in range(2):
        twin = naive.NaiveZone(*limits, MINUTE_MS)
        for one, ms in naive.samples(value[bed].tolist(), at_ms[bed].tolist()):
            twin.take(one, ms)
        for name in ("inside", "last_ms", "since_ms", "total_ms"):
            assert getattr(whole, name)[bed] == getattr(twin, name), name
            assert getattr(parts, name)[bed] == getattr(twin, name), name


def test_a_stay_ends_beyond_its_border_and_at_a_gap() -> None:
    value, at_ms = readings((0, 95), (0.5, 88), (1, 84), (1.5, 88), (2, 91), (3, 92), (5, 92))
    zone = taken(no_zone_time(1), value, at_ms, 9_000, 8_499)
    assert zone.total_ms.item() == 1.5 * MINUTE_MS, "0 to 0.5, then 2 to 3"
    assert zone.since_ms.item() == T0_MS + 5 * MINUTE_MS, "nobody saw minutes 3 to 5"
    low = taken(no_zone_time(1), value, at_ms, 8_800, 9_101)
    assert low.total_ms.item() == 1.5 * MINUTE_MS, "0.5 to 2, within the border at 91"
    assert not low.inside.item()


# ------------------------------------------------------------------------- newest reading


def test_the_newest_reading_stands_behind_the_kept_ones_once() -> None:
    kept = Recent(
        value_centi=np.array([[[MISSING, 7_200], [7_100, 7_200]]], np.int32),
        measured_ms=np.array([[[NEVER, T0_MS], [T0_MS - 9, T0_MS]]], np.int64),
    )
    newest = np.array([[7_300, 7_200]], np.int32)
    found = trends.with_newest(kept, newest, np.array([[T0_MS + 1, T0_MS]], np.int64))
    assert found.value_centi.tolist() == [[[MISSING, 7_200, 7_300], [7_100, 7_200, MISSING]]]
    assert found.measured_ms[0, :, -1].tolist() == [T0_MS + 1, NEVER]


def test_gaps_of_the_drawn_readings_reach_from_nothing_to_years() -> None:
    assert min(GAPS_MS) == 0
    assert max(GAPS_MS) > 10**10
