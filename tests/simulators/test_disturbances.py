"""What moves the numbers and is no reaction moves what it should, and nothing else."""

import numpy as np
import pytest

from detectors.channels import Channel
from simulators.chairs import generator
from simulators.disturbances import Disturbance, Habits, disturbances
from simulators.physiology import Course, person, resting_course
from simulators.reactions import reacting_course

SECONDS = 4 * 3600
NOTHING = {
    "needle": 0, "talking": 0, "walking": 0, "sleep": 0, "posture": 0, "other_arm": 0,
    "other_site": 0, "anxiety": 0, "faint": 0, "probe_off": 0,
}  # fmt: skip


def drawn(kind: str, seed: int) -> tuple[Disturbance, ...]:
    habits = Habits(**(NOTHING | {kind: 9.0}))
    return disturbances(generator(seed, kind, "test"), habits, start_s=600, seconds=SECONDS)


def moved(one: Disturbance) -> Course:
    resting = resting_course(
        person(generator(1, "a", "person")), seconds=SECONDS, rng=generator(1, "a", "course")
    )
    course = reacting_course(
        resting,
        one.picture,
        onset_s=one.from_s,
        rate_ml_per_kg_h=np.zeros(SECONDS),
        rng=generator(1, "a", "strength"),
    )
    return Course(values=course.values - resting.values)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_thermometer_at_another_site_moves_no_pulse(sign: float) -> None:
    every = [one for seed in range(4) for one in drawn("other_site", seed)]
    found = next(one for one in every if one.picture.limbs[0].extreme * sign > 0)
    course = moved(found)

    assert course.at(Channel.TEMP, found.from_s - 1) == 0.0
    assert 0.25 < sign * course.at(Channel.TEMP, found.from_s + 60) < 0.9
    for channel in (Channel.HR, Channel.RR, Channel.SBP, Channel.DBP, Channel.SPO2):
        assert np.abs(course.values[channel]).max() < 1e-9
