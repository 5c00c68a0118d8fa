"""What a long pause may do to a baseline, and what it may never do."""

from dataclasses import replace
from typing import Any

import naive
import numpy as np
import pytest
from builders import (
    T0_MS,
    baseline_params,
    book,
    centi,
    clause,
    detection,
    message,
    params,
    round_of,
    rule,
)
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.baseline import BASELINE_DEPTH, BaselineRemark
from detectors.baseline_life import freeze, window_readings
from detectors.baseline_renewal import Renewal, renewed
from detectors.channels import MISSING, Channel
from detectors.detection import Detection

ROW = np.array([0], np.int32)
QUIET = params(
    book=book(rule("low", 3, clause("sbp", "level", "<", 60))),
    baseline=baseline_params(
        remarks=(BaselineRemark(channel=Channel.HR, above_centi=centi(100)),), doubt=5
    ),
    history_spacing_ms=np.zeros(7, np.int64),
)
PAUSED_S = 1000
RESUMED_S = PAUSED_S + 1800


def bed(*before: int, **changed: Any) -> Detection:  # noqa: ANN401 - fields differ
    """Return a bed whose heart rate was read each minute before the start."""
    made = detection(QUIET)
    made.taking_baseline[0] = True
    for minute, rate in enumerate(before):
        made.take(round_of(message(60 * minute, hr=rate)))
    freeze(QUIET.baseline, made, 0)
    for name, value in changed.items():
        getattr(made, name)[0] = value
    return made


def resumed(made: Detection, paused_s: int = PAUSED_S, at_s: int = RESUMED_S) -> Renewal:
    return renewed(
        QUIET.baseline, made, 0, paused_ms=T0_MS + 1000 * paused_s, at_ms=T0_MS + 1000 * at_s
    )


def read(made: Detection, *rates: int, from_s: int = RESUMED_S - 300) -> None:
    for number, rate in enumerate(rates):
        made.take(round_of(message(from_s + 10 * number, hr=rate)))


def rate_of(made: Detection) -> int:
    return int(made.baseline_centi[0, Channel.HR])


def test_three_readings_at_the_end_of_a_long_pause_make_it_again() -> None:
    made = bed(70, 70, 70, 70)
    read(made, 78, 79, 78)
    found = resumed(made)
    assert found.taken.tolist() == [True] + [False] * 6
    assert (found.shift_centi == MISSING).all()
    assert rate_of(made) == centi(78)
    kept = window_readings(QUIET.baseline, made, ROW)[0, Channel.HR]
    assert sorted(kept[kept != MISSING].tolist()) == [7800, 7800, 7900]
    assert made.window.last_ms[0, Channel.HR] == T0_MS + 1000 * (RESUMED_S - 280)


@pytest.mark.parametrize(
    "why", ["short", "few", "early", "before the pause", "shown", "charted", "confirmed", "odd"]
)
def test_it_stays_where_that_is_not_safe(why: str) -> None:
    made = bed(98, 98, 98, 98)
    rates = (101, 101, 101) if why == "odd" else (96, 96, 96)
    at_s = RESUMED_S - 1 if why == "short" else RESUMED_S
    from_s = {"early": RESUMED_S - 1200, "before the pause": PAUSED_S - 100}.get(why, at_s - 60)
    read(made, *rates[: 2 if why == "few" else 3], from_s=from_s)
    if why == "shown":
        made.shown[0, 0] = 1
    if why == "charted":
        made.charted[0, -1] = 1
    if why == "confirmed":
        made.track.grade[0, 0] = 1
    found = resumed(made, at_s=at_s)
    assert not found.taken.any()
    assert rate_of(made) == centi(98)


def test_a_shift_is_noted_and_not_absorbed() -> None:
    made = bed(70, 70, 70, 70)
    read(made, 81, 81, 81)
    found = resumed(made)
    assert not found.taken.any()
    assert found.shift_centi[Channel.HR] == centi(11)
    assert rate_of(made) == centi(70)


def test_pauses_cannot_creep_away_from_the_start() -> None:
    made = bed(70, 70, 70, 70)
    read(made, 79, 79, 79)
    resumed(made)
    assert rate_of(made) == centi(79)
    read(made, 85, 85, 85, from_s=2 * RESUMED_S - 100)
    found = resumed(made, paused_s=RESUMED_S, at_s=2 * RESUMED_S)
    assert found.shift_centi[Channel.HR] == centi(15), "from the start, not from the last one"
    assert rate_of(made) == centi(79)


@pytest.mark.parametrize(("rate", "taken"), [(85, True), (86, False)])
def test_a_provisional_one_may_be_off_by_its_doubt(rate: int, *, taken: bool) -> None:
    made = bed(70)
    read(made, rate, rate, rate)
    assert bool(resumed(made).taken.any()) is taken


def test_a_missing_one_is_made_and_is_the_start_of_those_that_follow() -> None:
    made = bed()
    read(made, 90, 90, 90)
    assert resumed(made).taken[Channel.HR]
    assert rate_of(made) == made.start_centi[0, Channel.HR] == centi(90)


def test_nothing_is_made_before_the_start() -> None:
    made = bed(70, 70, 70, 70, taking_baseline=True)
    read(made, 74, 74, 74)
    before = rate_of(made)
    assert not resumed(made).taken.any()
    assert rate_of(made) == before


def test_a_danger_that_the_renewed_baseline_shares_is_not_excused() -> None:
    """The stand-in is off by the first baseline; a baseline beyond its limit switches it on."""
    stand_in = replace(rule("low", 3, clause("sbp", "level", "<", 80)), unless_baseline=True)
    given_ = params(book=book(stand_in), history_spacing_ms=np.zeros(7, np.int64))
    made = detection(given_)
    made.taking_baseline[0] = True
    made.take(round_of(message(0, sbp=84)))
    freeze(given_.baseline, made, 0)
    for number in range(3):
        made.take(round_of(message(RESUMED_S - 60 + number, sbp=79)))
    assert made.shown[0, 0] == 0, "excused by the baseline of 84"
    found = renewed(given_.baseline, made, 0, paused_ms=T0_MS, at_ms=T0_MS + 1000 * RESUMED_S)
    assert found.taken[Channel.SBP]
    made.take(round_of(message(RESUMED_S + 1, sbp=79)))
    assert made.shown[0, 0] == 3


@settings(max_examples=examples(60))
@given(
    base=st.sampled_from([None, 70, 80]),
    seen=st.lists(
        st.tuples(st.sampled_from([-2000, -900, -600, -300, -1, 0, 5]), st.integers(65, 104)),
        max_size=20,
    ),
)
def test_a_pause_does_what_its_twin_does(base: int | None, seen: list[tuple[int, int]]) -> None:
    made = bed(*([base] * 4 if base else []))
    seen = sorted(seen)
    kept: list[tuple[int, int]] = []
    for after_s, rate in seen:
        at_s = RESUMED_S + after_s
        made.take(round_of(message(at_s, hr=rate)))
        if not kept or at_s > kept[-1][0]:
            kept.append((at_s, rate))
    resumed(made)
    assert rate_of(made) == twin(base, kept[-BASELINE_DEPTH:])


def twin(base: int | None, kept: list[tuple[int, int]]) -> int:
    """Return the baseline after the pause, by hand."""
    stays = MISSING if base is None else centi(base)
    earliest_s = max(PAUSED_S + 0.001, RESUMED_S - 600)
    rates = [centi(rate) for at_s, rate in kept if earliest_s <= at_s <= RESUMED_S]
    if len(rates) < 3:
        return stays
    middle = naive.median(rates)
    if middle > centi(100) or (base is not None and abs(middle - centi(base)) > centi(10)):
        return stays
    return middle
