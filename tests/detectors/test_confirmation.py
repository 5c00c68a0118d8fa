"""One reading is evidence; grades come and go only over two readings and their times."""

from dataclasses import fields
from itertools import pairwise

import naive
import numpy as np
import pytest
from arrays import Array
from builders import T0_MS, confirmation
from chance import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.channels import NEVER
from detectors.confirmation import GRADES, ConfirmationParams, SignTrack, advanced

PERSIST_S, CLEAR_S = 30, 60
TIMES = confirmation(1, persist_s=PERSIST_S, clear_s=CLEAR_S)

Read = tuple[int, int, int, bool]
"""Seconds, shown, stays, at once."""

Rounds = list[tuple[Array, ...]]


def after(*reads: tuple[int, ...], times: ConfirmationParams = TIMES) -> list[int]:
    """Return the confirmed grade of one sign after each reading: (second, shown[, stays])."""
    track = SignTrack.fresh(1, 1)
    grades = []
    for second, shown, *more in reads:
        track = read(
            track, (second, shown, max(more[0] if more else 0, shown), len(more) > 1), times
        )
        grades.append(int(track.grade[0, 0]))
    return grades


def read(track: SignTrack, one: Read, times: ConfirmationParams = TIMES) -> SignTrack:
    second, shown, stays, at_once = one
    return advanced(
        times,
        track,
        shown=np.array([[shown]], np.int8),
        stays=np.array([[stays]], np.int8),
        measured_ms=np.array([[T0_MS + 1000 * second]], np.int64),
        at_once=np.array([[at_once]]),
        fresh=np.array([[True]]),
    )


@pytest.mark.parametrize(
    ("reads", "grades"),
    [
        pytest.param([(0, 4)], [0], id="one reading is never enough"),
        pytest.param([(0, 2), (30, 2)], [0, 2], id="two over the persistence time"),
        pytest.param([(0, 2), (29, 2)], [0, 0], id="two too close together"),
        pytest.param([(0, 2), (29, 2), (30, 2)], [0, 0, 2], id="three over it"),
        pytest.param([(0, 2), (20, 0), (40, 2), (69, 2), (70, 2)], [0, 0, 0, 0, 2], id="broken"),
        pytest.param([(0, 1), (30, 3)], [0, 1], id="only the grade that both show"),
        pytest.param([(0, 3), (30, 1)], [0, 1], id="only the grade that both show, falling"),
        pytest.param([(0, 1), (30, 3), (60, 4)], [0, 1, 3], id="each grade by itself"),
        pytest.param([(0, 3, 3, True)], [3], id="at once"),
        pytest.param([(0, 3, 3, True), (1, 4)], [3, 3], id="at once is for that reading"),
        pytest.param([(0, 2), (10**9, 2)], [0, 2], id="a huge gap is a long time"),
    ],
)
def test_a_grade_is_confirmed(reads: list[tuple[int, ...]], grades: list[int]) -> None:
    assert after(*reads) == grades


RAISED: tuple[int, ...] = (0, 3, 3, True)


@pytest.mark.parametrize(
    ("reads", "grades"),
    [
        pytest.param([(10, 0)], [3], id="one clear reading is never enough"),
        pytest.param([(10, 0), (70, 0)], [3, 0], id="two over the clear time"),
        pytest.param([(10, 0), (69, 0)], [3, 3], id="two too close together"),
        pytest.param([(10, 0), (40, 0, 3), (70, 0), (100, 0)], [3, 3, 3, 3], id="held between"),
        pytest.param([(10, 0), (40, 3), (70, 0), (130, 0)], [3, 3, 3, 0], id="back between"),
        pytest.param([(10, 0, 2), (70, 0, 2)], [3, 2], id="down to what still holds"),
        pytest.param([(10, 0, 1), (70, 0, 2)], [3, 2], id="down to the worst of the two"),
        pytest.param([(10, 0, 2), (70, 0)], [3, 2], id="one reading below a lower grade"),
        pytest.param(
            [(10, 0, 2), (70, 0), (130, 0)], [3, 2, 0], id="then the lower grade has its own time"
        ),
    ],
)
def test_a_grade_comes_down(reads: list[tuple[int, ...]], grades: list[int]) -> None:
    assert after(RAISED, *reads)[1:] == grades


def test_silence_never_lowers_a_grade() -> None:
    track = read(SignTrack.fresh(1, 1), (0, 3, 3, True))
    later = advanced(
        TIMES,
        track,
        shown=np.zeros((1, 1), np.int8),
        stays=np.zeros((1, 1), np.int8),
        measured_ms=np.full((1, 1), T0_MS + 10**9),
        at_once=np.zeros((1, 1), np.bool_),
        fresh=np.zeros((1, 1), np.bool_),
    )
    for field in fields(SignTrack):
        np.testing.assert_array_equal(getattr(later, field.name), getattr(track, field.name))


@st.composite
def histories(draw: st.DrawFn) -> Rounds:
    """Readings of some signs of some beds: (fresh, shown, stays, at once, time) each round."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    size = shape[0] * shape[1]

    def drawn(of: st.SearchStrategy[int], dtype: type[np.generic]) -> Array:
        return np.array(draw(st.lists(of, min_size=size, max_size=size)), dtype).reshape(shape)

    rounds: Rounds = []
    at_ms = T0_MS
    for _ in range(draw(st.integers(1, 30))):
        at_ms += draw(st.sampled_from([0, 1, 10_000, 29_999, 30_000, 30_001, 60_000, 10**9]))
        shown = drawn(st.integers(0, GRADES), np.int8)
        stays = np.maximum(shown, drawn(st.integers(0, GRADES), np.int8))
        rounds.append(
            (
                drawn(st.sampled_from([True, True, False]), np.bool_),
                shown,
                stays,
                drawn(st.sampled_from([False, False, False, True]), np.bool_),
                np.full(shape, at_ms, np.int64),
            )
        )
    return rounds


@settings(max_examples=examples(60))
@given(rounds=histories())
def test_any_history_leads_where_the_twin_goes(rounds: Rounds) -> None:
    n_beds, n_signs = rounds[0][0].shape
    times = confirmation(n_signs, persist_s=PERSIST_S, clear_s=CLEAR_S)
    track = SignTrack.fresh(n_beds, n_signs)
    twins = [
        [naive.NaiveSign(1000 * PERSIST_S, 1000 * CLEAR_S) for _ in range(n_signs)]
        for _ in range(n_beds)
    ]
    for fresh, shown, stays, at_once, at_ms in rounds:
        track = advanced(
            times, track, shown=shown, stays=stays, measured_ms=at_ms, at_once=at_once, fresh=fresh
        )
        for bed, sign in np.argwhere(fresh).tolist():
            twins[bed][sign].read(
                int(at_ms[bed, sign]),
                shown=int(shown[bed, sign]),
                stays=int(stays[bed, sign]),
                at_once=bool(at_once[bed, sign]),
            )
        assert track.grade.tolist() == [[one.grade for one in bed] for bed in twins]
        for level in range(1, GRADES + 1):
            since = [[next(iter(one.above[level]), NEVER) for one in bed] for bed in twins]
            clear = [[next(iter(one.clear[level]), NEVER) for one in bed] for bed in twins]
            assert track.since_ms[..., level - 1].tolist() == since
            assert track.clear_since_ms[..., level - 1].tolist() == clear


@st.composite
def worse_pairs(draw: st.DrawFn) -> list[tuple[Read, Read]]:
    """Two histories of one sign at the same times, the second at least as bad throughout."""
    pairs = []
    second = 0
    for _ in range(draw(st.integers(1, 25))):
        second += draw(st.sampled_from([1, 10, 29, 30, 60]))
        shown = sorted(draw(st.tuples(st.integers(0, GRADES), st.integers(0, GRADES))))
        held = sorted(draw(st.tuples(st.integers(0, GRADES), st.integers(0, GRADES))))
        stays = [max(a, b) for a, b in zip(shown, held, strict=True)]
        once = sorted(draw(st.tuples(st.booleans(), st.booleans())))
        good, bad = ((second, shown[i], stays[i], once[i]) for i in (0, 1))
        pairs.append((good, bad))
    return pairs


@given(pairs=worse_pairs())
@example(
    pairs=[
        ((0, 2, 2, True), (0, 3, 3, True)),
        ((10, 2, 2, False), (10, 2, 2, False)),
        ((70, 0, 0, False), (70, 0, 0, False)),
    ]
)
def test_a_worse_history_is_never_graded_lower(pairs: list[tuple[Read, Read]]) -> None:
    good = bad = SignTrack.fresh(1, 1)
    for better, worse in pairs:
        good, bad = read(good, better), read(bad, worse)
        assert bad.grade[0, 0] >= good.grade[0, 0]


@given(pairs=worse_pairs())
def test_a_grade_falls_only_below_what_was_clear_twice(pairs: list[tuple[Read, Read]]) -> None:
    reads = [one for _, one in pairs]
    track = SignTrack.fresh(1, 1)
    for before, now in pairwise([(0, 0, 0, False), *reads]):
        was = int(track.grade[0, 0])
        track = read(track, now)
        if track.grade[0, 0] < was:
            assert track.grade[0, 0] >= max(before[2], now[2])


def test_a_track_is_put_back_where_it_was_taken() -> None:
    track = SignTrack.fresh(3, 2)
    bed = np.array([2, 0], np.int32)
    some = track.rows(bed)
    some.grade[:] = [[1, 2], [3, 4]]
    some.since_ms[:] = 7
    some.readings[:] = 1
    some.clear_since_ms[:] = 8
    some.clear_readings[:] = 2
    assert not track.grade.any(), "rows are copies"
    track.put(bed, some)
    assert track.grade.tolist() == [[3, 4], [0, 0], [1, 2]]
    for name in ("since_ms", "clear_since_ms"):
        assert (getattr(track, name)[1] == NEVER).all()
        assert (getattr(track, name)[[0, 2]] != NEVER).all()
    assert not track.readings[1].any()
    assert not track.clear_readings[1].any()
