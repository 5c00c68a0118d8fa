"""People at rest: levels, spreads and memories are those that the module states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import Channel
from simulators.physiology import (
    BP_MEMORY_S,
    HR_MEMORY_S,
    Course,
    bodily,
    correlated_noise,
    person,
    resting_course,
)

SEEDS = st.integers(min_value=0, max_value=2**63 - 1)


def resting(seed: int, seconds: int = 4200) -> Course:
    rng = np.random.default_rng(seed)
    return resting_course(person(rng), seconds=seconds, rng=rng)


@given(SEEDS)
def test_every_person_rests_inside_the_usual_ranges(seed: int) -> None:
    who = person(np.random.default_rng(seed))

    assert 60 <= who.hr_per_min <= 84
    assert 108 <= who.sbp_mmhg <= 138
    assert who.sbp_mmhg - who.dbp_mmhg >= 20
    assert 36.24 <= who.temp_cel <= 36.89
    assert 96.6 <= who.spo2_percent <= 98.6
    assert 48 <= who.weight_kg <= 110


@given(SEEDS)
def test_a_resting_body_stays_a_body(seed: int) -> None:
    values = resting(seed, 1200).values

    assert not np.isnan(values).any()
    assert values[Channel.SPO2].max() <= 100
    assert (values[Channel.SBP] - values[Channel.DBP]).min() >= 20
    third = (values[Channel.SBP] + 2 * values[Channel.DBP]) / 3
    np.testing.assert_allclose(values[Channel.MAP], third)


def test_noise_has_the_spread_and_memory_that_were_asked_for() -> None:
    rng = np.random.default_rng(5)
    noise = correlated_noise(rng, 400_000, sd=3.5, memory_s=HR_MEMORY_S)

    assert noise.std() == pytest.approx(3.5, rel=0.1)
    after_a_minute = np.corrcoef(noise[:-60], noise[60:])[0, 1]
    assert after_a_minute == pytest.approx(0.8, abs=0.03)


def test_noise_starts_with_its_full_spread() -> None:
    rng = np.random.default_rng(6)
    starts = [correlated_noise(rng, 1, sd=2.0, memory_s=100.0)[0] for _ in range(4000)]

    assert np.std(starts) == pytest.approx(2.0, rel=0.06)


def test_body_and_cuff_together_have_the_spread_of_a_seated_session() -> None:
    readings = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        course = resting(seed, 12 * 900)
        drawn = course.values[Channel.SBP, 900::900] + rng.normal(0.0, 3.7, 11)
        readings.append(drawn - drawn.mean())
    inside = np.stack(readings)

    # 6-10 mmHg over a whole session; the mean of eleven readings takes a part of it away.
    assert 5.5 <= inside.std() <= 8.0
    assert BP_MEMORY_S == 1800.0


def test_first_pressures_fall_more_often_than_they_rise() -> None:
    falls = [
        resting(seed, 600).at(Channel.SBP, 20) - resting(seed, 600).at(Channel.SBP, 500)
        for seed in range(200)
    ]

    assert np.mean(np.array(falls) > 0) > 0.6


def test_a_body_without_pulse_pressure_is_given_one() -> None:
    values = np.full((7, 1), 90.0)

    assert bodily(values)[Channel.DBP, 0] == 70.0
    assert values[Channel.DBP, 0] == 90.0


def test_a_course_holds_its_ends() -> None:
    course = Course(values=np.tile(np.arange(3.0), (7, 1)))

    assert course.at(Channel.HR, -5) == 0.0
    assert course.at(Channel.HR, 99) == 2.0


def together(first: Channel, second: Channel) -> float:
    """Return the middle correlation of two channels over the last hour of many people."""
    found = []
    for seed in range(60):
        values = resting(seed, 4800).values[:, 1200::30]
        found.append(np.corrcoef(values[first], values[second])[0, 1])
    return float(np.median(found))


def test_pulse_pressure_and_breathing_are_stirred_together_and_follow_the_temperature() -> None:
    assert 0.1 <= together(Channel.HR, Channel.SBP) <= 0.5
    assert 0.1 <= together(Channel.HR, Channel.RR) <= 0.5
    assert 0.4 <= together(Channel.SBP, Channel.DBP) <= 0.9
    assert together(Channel.HR, Channel.TEMP) > 0.05
    assert abs(together(Channel.SPO2, Channel.SBP)) <= 0.15


def test_the_day_warms_until_the_evening_and_cools_after_it() -> None:
    def drift(opened_h: float) -> float:
        courses = [
            resting_course(
                person(np.random.default_rng(seed)),
                seconds=7200,
                rng=np.random.default_rng(seed),
                opened_h=opened_h,
            )
            for seed in range(6)
        ]
        return float(
            np.mean([one.at(Channel.TEMP, 7199) - one.at(Channel.TEMP, 0) for one in courses])
        )

    morning, evening, same = drift(12.0), drift(22.0), drift(18.0)
    assert morning - same == pytest.approx(0.125, abs=0.01)
    assert evening < same < morning
