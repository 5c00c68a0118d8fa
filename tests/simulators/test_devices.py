"""Devices: cadence, errors, repeats and a probe that comes off."""

import numpy as np
import pytest

from detectors.channels import Channel
from simulators.devices import (
    CUFF_EVERY_S,
    REPEATS,
    SPO2_LAG_S,
    CuffReading,
    ProbeLoss,
    continuous_readings,
    cuff_readings,
    lagged,
    loose_spo2,
    temperature_readings,
    temperature_schedule,
)
from simulators.physiology import Course, bodily

START_S = 600
LEVELS = (72.0, 120.0, 75.0, 90.0, 36.7, 98.0, 14.0)


def steady(seconds: int = 4200) -> Course:
    return Course(values=bodily(np.tile(np.array(LEVELS)[:, None], (1, seconds))))


def fallen(at_s: int, sbp_mmhg: float) -> Course:
    values = steady().values.copy()
    values[Channel.SBP, at_s:] = sbp_mmhg
    return Course(values=bodily(values))


def cuff(course: Course, wanted_s: tuple[int, ...] = (), seed: int = 1) -> list[CuffReading]:
    rng = np.random.default_rng(seed)
    return list(cuff_readings(course, start_s=START_S, phase_s=120, wanted_s=wanted_s, rng=rng))


def test_a_quiet_cuff_makes_a_baseline_and_then_its_cycle() -> None:
    readings = cuff(steady())
    before = [reading.at_s for reading in readings if reading.at_s < START_S]
    after = [reading.at_s for reading in readings if reading.at_s >= START_S]

    assert len(before) >= 4
    assert set(np.diff(before)) == {90}
    assert after[0] == START_S + 120
    assert set(np.diff(after)) == {CUFF_EVERY_S}
    assert not any(reading.is_stat for reading in readings)


def test_a_fall_of_pressure_is_repeated_after_a_minute_and_not_for_ever() -> None:
    readings = cuff(fallen(START_S + 400, 85.0))
    first = next(reading for reading in readings if reading.sbp_mmhg < 100)
    stat = [reading.at_s for reading in readings if reading.is_stat]

    assert stat[0] == first.at_s + 60
    # Each regular reading that is still low starts no series longer than the limit.
    runs = np.split(np.array(stat), np.flatnonzero(np.diff(stat) > 60) + 1)
    assert max(len(run) for run in runs) <= REPEATS


def test_no_two_cuff_cycles_within_half_a_minute() -> None:
    readings = cuff(fallen(START_S + 400, 85.0), wanted_s=(1000, 1010, 1020))

    assert np.diff([reading.at_s for reading in readings]).min() >= 30


def test_a_wanted_reading_is_taken_and_marked() -> None:
    assert [r.at_s for r in cuff(steady(), wanted_s=(1300,)) if r.is_stat] == [1300]


def test_cuff_errors_have_the_spread_of_three_readings_in_a_row() -> None:
    readings = [r.sbp_mmhg for seed in range(300) for r in cuff(steady(), seed=seed)[:3]]
    triplets = np.array(readings).reshape(-1, 3)
    far_apart = np.ptp(triplets, axis=1) > 10

    # NHANES: 12.9 % of triplets are more than 10 mmHg apart; body drift is not part of it here.
    assert 0.08 <= far_apart.mean() <= 0.19


@pytest.mark.parametrize("sbp", [50.0, 90.0, 120.0, 180.0])
def test_no_cuff_reading_breaks_the_artefact_rule(sbp: float) -> None:
    for reading in cuff(fallen(0, sbp)):
        assert reading.sbp_mmhg - reading.dbp_mmhg >= 15
        assert reading.dbp_mmhg <= reading.map_mmhg <= reading.sbp_mmhg


def test_continuous_readings_are_whole_numbers_at_the_asked_cadence() -> None:
    seconds, shown = continuous_readings(
        steady(600), every_s=5, first_s=10, rng=np.random.default_rng(2)
    )

    assert set(np.diff(seconds)) == {5}
    assert shown[Channel.SPO2].max() <= 100
    for channel in (Channel.HR, Channel.SPO2, Channel.RR):
        np.testing.assert_array_equal(shown[channel], np.rint(shown[channel]))
        assert abs(shown[channel].mean() - LEVELS[channel]) < 2
    assert np.isnan(shown[Channel.SBP]).all()


def test_a_device_of_the_first_order_shows_nine_tenths_of_a_step_after_its_response() -> None:
    truth = np.r_[np.full(10, 98.0), np.full(200, 88.0)]
    shown = lagged(truth, SPO2_LAG_S)

    assert shown[:10] == pytest.approx(98.0)
    assert shown[10] > 97.0
    assert shown[39] == pytest.approx(89.0, abs=0.05)
    assert shown[-1] == pytest.approx(88.0, abs=0.01)
    slow = [truth[0]]
    for value in truth[1:]:
        slow.append(slow[-1] + (value - slow[-1]) * (1 - np.exp(-1 / SPO2_LAG_S)))
    np.testing.assert_allclose(shown, slow)


def test_the_oximeter_and_the_thermometer_are_behind_the_body() -> None:
    values = steady(1200).values.copy()
    values[Channel.SPO2, 600:] = 88.0
    values[Channel.TEMP, 600:] = 38.7
    course = Course(values=bodily(values))
    seconds, shown = continuous_readings(course, every_s=5, first_s=0, rng=np.random.default_rng(4))
    spo2 = dict(zip(seconds, shown[Channel.SPO2], strict=True))
    soon, later = (
        next(iter(temperature_readings(course, [at_s], np.random.default_rng(4)))).temp_cel
        for at_s in (660, 1190)
    )

    assert spo2[605] - spo2[700] > 4
    assert later - soon > 1


def test_a_cuff_now_and_then_fails_and_is_taken_again() -> None:
    times = [[r.at_s for r in cuff(steady(), seed=seed)] for seed in range(60)]
    planned = {START_S + 120 + 300 * n for n in range(12)}
    gone = [sorted(planned - set(one)) for one in times]
    missing = sum(map(len, gone))

    assert 0.005 <= missing / (60 * len(planned)) <= 0.05
    assert all(
        at_s + 60 in one for one, lost in zip(times, gone, strict=True) for at_s in lost[:-1]
    )


def test_a_cuff_shows_the_middle_of_its_cycle() -> None:
    fallen_at = START_S + 120
    shown = [
        next(
            r.sbp_mmhg for r in cuff(fallen(fallen_at - 5, 80.0), seed=seed) if r.at_s >= fallen_at
        )
        for seed in range(20)
    ]

    assert np.median(shown) > 110, "the body fell after the middle of the cycle"


def test_a_loose_probe_falls_then_shows_nothing_then_comes_back() -> None:
    shown = np.full(60, 98.0)
    loose = loose_spo2(shown, range(60), ProbeLoss(from_s=10, until_s=50))

    assert (loose[:10] == 98.0).all()
    assert loose[10] == 95.0
    assert loose[21] == 62.0
    assert np.isnan(loose[22:50]).all()
    assert (loose[50:] == 98.0).all()
    assert (shown == 98.0).all()


def test_thermometer_schedule_and_error() -> None:
    at_s = temperature_schedule(START_S, 4200)
    readings = list(temperature_readings(steady(), at_s, np.random.default_rng(3)))

    assert sum(second < START_S for second in at_s) >= 3
    assert [r.at_s for r in readings if r.at_s > START_S] == [1500, 2400, 3300]
    assert all(abs(reading.temp_cel - 36.7) <= 0.3 for reading in readings)
    assert all(reading.temp_cel == round(reading.temp_cel, 1) for reading in readings)
