"""Reaction pictures do to a body what their tables say, and nothing before the onset."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import Channel
from simulators.chairs import Chair, chair
from simulators.infusion import Move, rate_course, rungs
from simulators.physiology import Course, person, resting_course
from simulators.pictures import PICTURES
from simulators.reactions import Given, Limb, Picture, Relief, levels, reacting_course
from simulators.scenario import BedPlan, Scenario

SEEDS = st.integers(min_value=0, max_value=2**32)
ONSET_S = 1200


def courses(
    reaction: str, seed: int, moves: tuple[Move, ...] = (), onset_s: int = ONSET_S
) -> tuple[Course, Course]:
    rng = np.random.default_rng(seed)
    resting = resting_course(person(rng), seconds=5400, rng=rng)
    rate = rate_course(rungs(600, moves, volume_ml_per_kg=20.0), resting.seconds)
    reacting = reacting_course(
        resting, PICTURES[reaction], onset_s=onset_s, rate_ml_per_kg_h=rate, rng=rng
    )
    return resting, reacting


def fall(resting: Course, reacting: Course, channel: Channel) -> float:
    return float((resting.values[channel] - reacting.values[channel]).max())


def whole_chair(reaction: str, seed: int, onset_s: int = 1200) -> Chair:
    plan = BedPlan(bed="01", reaction=reaction, onset_s=onset_s)
    scenario = Scenario(name="one", beds=(plan,), seed=seed, length_s=5400)
    return chair(plan, scenario, unit="inf-a", started_ms=0)


@given(ends_s=st.floats(min_value=120.0, max_value=2000.0))
@settings(max_examples=30)
def test_a_reaction_ends_by_itself_while_nothing_else_changes(ends_s: float) -> None:
    limb = Limb(channel=Channel.SBP, extreme=-30.0, rise_s=100.0, fall_s=60.0, until_s=ends_s)
    level = levels(Picture(limbs=(limb,)), 600, np.ones(5400))[0]
    turn_s = 600 + int(ends_s)
    assert level[turn_s - 1] == pytest.approx(1.0)
    assert level[turn_s] < 1.0
    assert level[turn_s + 60 :].max() == 0.0


@given(works_s=st.floats(min_value=120.0, max_value=1000.0))
@settings(max_examples=30)
def test_what_a_drug_takes_away_comes_back_when_it_ceases_to_work(works_s: float) -> None:
    limb = Limb(channel=Channel.SBP, extreme=-30.0, rise_s=100.0, fall_s=60.0)
    relief = Relief(remedy="fluids", share=1.0, after_s=60.5, lasts_s=works_s)
    picture = Picture(limbs=(limb,), reliefs=(relief,))
    level = levels(picture, 600, np.ones(5400), [Given(at_s=900, remedy="fluids")])[0]
    begins_s = 900 + 60
    assert level[begins_s - 1] == pytest.approx(1.0)
    assert level[begins_s] < 1.0
    over_s = begins_s + int(works_s)
    assert level[over_s - 1] == 0.0
    assert level[over_s] > 0.0


@pytest.mark.parametrize("reaction", PICTURES)
def test_nothing_moves_before_the_onset(reaction: str) -> None:
    onset_s = 600 + 900
    resting, reacting = courses(reaction, 1, onset_s=onset_s)

    np.testing.assert_array_equal(reacting.values[:, :onset_s], resting.values[:, :onset_s])


@settings(max_examples=30)
@given(SEEDS)
def test_hypotension_is_a_fall_of_at_least_thirty_and_little_else(seed: int) -> None:
    resting, reacting = courses("hypotensive", seed)

    assert fall(resting, reacting, Channel.SBP) >= 30
    assert fall(resting, reacting, Channel.SPO2) == 0
    assert fall(resting, reacting, Channel.TEMP) == 0
    assert (reacting.values[Channel.HR] - resting.values[Channel.HR]).max() < 12


@settings(max_examples=30)
@given(SEEDS)
def test_anaphylaxis_loses_a_third_of_the_mean_pressure_within_five_minutes(seed: int) -> None:
    resting, reacting = courses("anaphylaxis", seed)
    second = ONSET_S + 300

    lost = 1 - reacting.values[Channel.MAP, second] / resting.values[Channel.MAP, second]
    assert 0.3 <= lost <= 0.6
    assert fall(resting, reacting, Channel.SPO2) >= 3
    assert (reacting.values[Channel.RR] - resting.values[Channel.RR]).max() >= 6


def test_the_pulse_of_anaphylaxis_is_fast_first_and_slow_later() -> None:
    resting, reacting = courses("anaphylaxis", 2)
    moved = reacting.values[Channel.HR] - resting.values[Channel.HR]

    assert moved[ONSET_S + 180] >= 30
    assert moved[ONSET_S + 800] < 0


def test_pulse_rises_before_temperature_in_a_fever_and_temperature_is_slow() -> None:
    resting, reacting = courses("febrile", 3)
    temp = reacting.values[Channel.TEMP] - resting.values[Channel.TEMP]
    pulse = reacting.values[Channel.HR] - resting.values[Channel.HR]

    assert pulse[ONSET_S + 300] >= 10
    assert temp[ONSET_S + 599] == 0
    per_minute = np.diff(temp[ONSET_S + 660 : ONSET_S + 2400 : 60])
    assert 0.03 <= per_minute.min() <= per_minute.max() <= 0.06
    assert temp.max() >= 1.5


def test_a_rate_related_reaction_goes_away_within_half_an_hour_of_slowing() -> None:
    picture = PICTURES["rate-related"]
    step_s = 600 + 900
    slowed_s = step_s + picture.responses[0].after_s
    resting, reacting = courses(
        "rate-related", 4, moves=(Move(at_s=slowed_s, verb="slow"),), onset_s=step_s
    )
    moved = reacting.values[Channel.HR] - resting.values[Channel.HR]

    assert moved[slowed_s] >= 15
    assert moved[slowed_s + 1800] < 1


def test_a_rate_related_reaction_stays_while_the_rate_stays() -> None:
    step_s = 600 + 900
    resting, reacting = courses("rate-related", 4, onset_s=step_s)
    moved = reacting.values[Channel.HR] - resting.values[Channel.HR]

    assert moved[step_s + 2700] >= 15


def test_a_rate_reaction_without_a_rate_step_is_none() -> None:
    resting, reacting = courses("rate-related", 4, onset_s=5399)

    np.testing.assert_array_equal(reacting.values, resting.values)


def test_hypotension_recovers_after_the_pump_is_paused() -> None:
    paused_s = ONSET_S + 660
    resting, reacting = courses("hypotensive", 5, moves=(Move(at_s=paused_s, verb="pause"),))
    lost = resting.values[Channel.SBP] - reacting.values[Channel.SBP]

    assert lost[paused_s - 1] >= 30
    assert lost[paused_s + 900] < 1


def test_a_faint_is_slow_low_and_over_by_itself() -> None:
    resting, reacting = courses("vasovagal", 6)
    lost = resting.values[Channel.SBP] - reacting.values[Channel.SBP]

    assert fall(resting, reacting, Channel.HR) >= 20
    assert lost[ONSET_S + 120] >= 30
    assert lost[ONSET_S + 600] < 1


def test_a_fever_drives_the_pulse_by_seven_a_degree() -> None:
    resting, reacting = courses("febrile", 7)
    late = 5399
    temp = reacting.values[Channel.TEMP, late] - resting.values[Channel.TEMP, late]
    pulse = reacting.values[Channel.HR, late] - resting.values[Channel.HR, late]

    assert pulse == pytest.approx(7.2 * temp, abs=0.1)


@pytest.mark.parametrize("reaction", PICTURES)
def test_signs_come_after_the_onset_and_go_after_they_came(reaction: str) -> None:
    for sign in PICTURES[reaction].signs:
        assert sign.gone_s is not None
        assert 0 < sign.after_s < sign.gone_s


@pytest.mark.parametrize("reaction", PICTURES)
def test_every_reaction_has_a_chair(reaction: str) -> None:
    here = whole_chair(reaction, 8)

    assert here.course.seconds == here.seconds
    assert here.staircase[0].at_s == here.plan.start_s
