"""Severe breathing signs: epinephrine where it may be anaphylaxis, and not where it may do harm."""

import pytest
from ward_builders import Play, infusing, symptom

from monitor.care.ladders import (
    CIRCUMSTANCES,
    PRESSURE_UNKNOWN,
    SOON_AFTER_START,
    ladder_for,
)
from monitor.ward.circumstances import circumstances

STARTED_S = 300
SOON_S = 45 * 60
KNOWN_S = 5 * 60
VALID_S = 30 * 60


def severe_dyspnoea(after_start_s: float, *, measured: bool = True, **values: float) -> Play:
    """Return a bed at which severe dyspnoea is charted, and a pressure is measured or not."""
    play = infusing()
    at_s = STARTED_S + after_start_s
    play.well(at_s - KNOWN_S - 1)
    play.take(symptom(at_s, "dyspnoea", severity="severe"))
    if measured:
        play.well(at_s + 5, **values)
    return play


def steps(play: Play) -> dict[str, str]:
    """Return what is offered, and because of what."""
    return {step.key: step.because for step in play.advice.steps}


def test_soon_after_the_start_it_may_be_anaphylaxis_whatever_the_pressure() -> None:
    play = severe_dyspnoea(SOON_S)
    assert (play.advice.pattern, play.advice.grade) == ("respiratory", 3)
    assert steps(play)["epinephrine"] == SOON_AFTER_START


def test_later_a_pressure_that_is_known_and_not_low_asks_for_no_epinephrine() -> None:
    play = severe_dyspnoea(SOON_S + 1)
    assert (play.advice.pattern, play.advice.grade) == ("respiratory", 3)
    assert "epinephrine" not in steps(play)
    assert {"stop", "rapid-response", "check", "epinephrine-ready", "oxygen"} <= set(steps(play))


def test_a_pressure_that_nobody_measured_since_is_not_taken_for_a_good_one() -> None:
    play = severe_dyspnoea(SOON_S + 1, measured=False)
    assert steps(play)["epinephrine"] == PRESSURE_UNKNOWN


def test_a_pressure_of_the_cuff_cycle_in_which_it_began_is_known() -> None:
    play = infusing()
    play.well(STARTED_S + SOON_S + 1)
    play.take(symptom(STARTED_S + SOON_S + 1 + KNOWN_S, "dyspnoea", severity="severe"))
    assert "epinephrine" not in steps(play)
    assert "epinephrine-ready" in steps(play)


def test_a_pressure_that_grew_too_old_is_unknown_again() -> None:
    play = severe_dyspnoea(SOON_S + 1)
    measured_s = STARTED_S + SOON_S + 1 + 5
    play.wait(measured_s + VALID_S)
    assert "epinephrine" not in steps(play)
    play.wait(measured_s + VALID_S + 1)
    assert steps(play)["epinephrine"] == PRESSURE_UNKNOWN
    play.well(measured_s + VALID_S + 60)
    assert "epinephrine" not in steps(play)


def test_a_start_of_which_nobody_told_is_a_recent_one() -> None:
    play = severe_dyspnoea(SOON_S + 1)
    bed, state = play.ward.state.beds[0], play.ward.state
    bed.started_ms = None
    ladder = ladder_for(state.settings.ladders, "respiratory", 3)
    assert circumstances(state, bed, ladder, play.now_ms) == {SOON_AFTER_START}


@pytest.mark.parametrize(
    ("charted", "values", "because"),
    [("throat-tightness", {}, "airway"), ("", {"sbp": 96}, "breathing")],
)
def test_later_a_sign_of_airway_or_a_fall_of_pressure_brings_it(
    charted: str, values: dict[str, float], because: str
) -> None:
    """A fall of pressure goes by another name, on whose ladder hard breathing is enough."""
    play = severe_dyspnoea(SOON_S + 60)
    at_s = STARTED_S + SOON_S + 80
    if charted:
        play.take(symptom(at_s, charted, severity="mild"))
    for later_s in (20, 80, 140):
        play.well(at_s + later_s, **values)
    assert because in steps(play)["epinephrine"]


def low_saturation(**values: float) -> Play:
    """Return a bed whose saturation is low soon after the start."""
    play = infusing()
    for at_s in range(600, 800, 30):
        play.well(at_s, spo2=84, **values)
    assert (play.advice.pattern, play.advice.grade) == ("respiratory", 3)
    return play


def test_a_low_saturation_by_itself_is_looked_at_first() -> None:
    assert "epinephrine" not in steps(low_saturation())
    assert {"stop", "check", "oxygen", "rapid-response"} <= set(steps(low_saturation()))


def test_a_low_saturation_beside_fast_breathing_may_be_anaphylaxis() -> None:
    assert steps(low_saturation(rr=26))["epinephrine"] == SOON_AFTER_START


@pytest.mark.parametrize(
    ("after_start_s", "charted", "offered"),
    [
        (SOON_S, "hives", True),
        (SOON_S + 1, "hives", False),
        (SOON_S + 1, "angioedema", True),
        (SOON_S + 1, "dyspnoea", True),
    ],
)
def test_skin_signs_with_a_fast_pulse_alone_are_anaphylaxis_only_at_the_beginning(
    after_start_s: int, charted: str, *, offered: bool
) -> None:
    play = infusing()
    at_s = STARTED_S + after_start_s
    play.well(at_s - 10)
    play.take(symptom(at_s, "flushing", severity="mild"))
    play.take(symptom(at_s + 1, charted, severity="mild"))
    for later_s in range(10, 200, 30):
        play.well(at_s + later_s, hr=140)
    assert play.advice.grade == 3
    assert ("epinephrine" in steps(play)) == offered


def test_without_a_reaction_there_are_no_circumstances() -> None:
    play = infusing()
    bed, state = play.ward.state.beds[0], play.ward.state
    ladder = ladder_for(state.settings.ladders, "respiratory", 3)
    assert circumstances(state, bed, ladder, play.now_ms) == frozenset()
    assert {SOON_AFTER_START, PRESSURE_UNKNOWN} == CIRCUMSTANCES
