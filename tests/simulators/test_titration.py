"""A pump that climbs by itself: its ladder, its ramps, what interrupts it, what it reports."""

import tomllib
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from simulators.bedside import bedside
from simulators.chairs import chair
from simulators.equipment import Equipment
from simulators.infusion import LADDER_ML_PER_KG_H, RUNG_S, Move, rate_course, rungs
from simulators.scenario import BedPlan, Scenario
from simulators.titration import (
    INTERRUPTIONS,
    RAMP_S,
    Interrupted,
    interruptions,
    titrated_rungs,
)
from simulators.truths import device_troubles

PRODUCTS = Path(__file__).resolve().parents[2] / "config" / "products" / "immunoglobulin-10.toml"
START_S = 600
SECONDS = 4 * 3600
PLAN = BedPlan(bed="01", equipment=Equipment(is_titrating=True))
STRUCK = (
    Interrupted(kind="occlusion", from_s=2000, until_s=2100),
    Interrupted(kind="door-open", from_s=7000, until_s=7090),
)


def ward(seed: int = 1) -> Scenario:
    return Scenario(name="one", beds=(PLAN,), seed=seed, length_s=2 * 3600, cadence_s=30)


def interrupted_seed() -> int:
    """Return a seed whose pump is interrupted."""
    return next(
        seed for seed in range(100) if chair(PLAN, ward(seed), unit="u", started_ms=0).interrupted
    )


def test_the_ladder_is_that_of_the_product() -> None:
    products = tomllib.loads(PRODUCTS.read_text(encoding="utf-8"))["product"]
    rates = next(one["rates"] for one in products if one["key"] == ward().product)

    assert tuple(rates["steps_ml_per_kg_h"]) == LADDER_ML_PER_KG_H
    assert rates["step_every_min"] * 60 == RUNG_S


def test_every_step_is_a_ramp_that_ends_on_the_rung() -> None:
    rate = rate_course(titrated_rungs(START_S, ()), SECONDS)

    for step, wanted in enumerate(LADDER_ML_PER_KG_H):
        begins_s = START_S + step * RUNG_S
        assert rate[begins_s + RAMP_S] == wanted
        assert rate[begins_s] <= wanted
    assert (np.diff(rate) >= 0).all()


def test_nothing_runs_while_a_pump_is_interrupted_and_the_program_goes_on() -> None:
    with_stops = rate_course(titrated_rungs(START_S, STRUCK), SECONDS)
    without = rate_course(titrated_rungs(START_S, ()), SECONDS)
    stopped = np.zeros(SECONDS, np.bool_)
    for one in STRUCK:
        stopped[one.from_s : one.until_s] = True

    assert (with_stops[stopped] == 0).all()
    np.testing.assert_array_equal(with_stops[~stopped], without[~stopped])


def test_interruptions_never_meet_a_step_or_each_other() -> None:
    drawn = [
        one
        for seed in range(60)
        for one in interruptions(np.random.default_rng(seed), start_s=START_S, seconds=SECONDS)
    ]
    places = [(one.from_s - START_S) % RUNG_S for one in drawn]
    lengths = [one.until_s - one.from_s for one in drawn]

    assert {one.kind for one in drawn} == set(INTERRUPTIONS)
    assert min(places) > RAMP_S
    assert max(place + length for place, length in zip(places, lengths, strict=True)) < RUNG_S
    assert 30 <= len(drawn) <= 90


def test_a_nurse_who_acts_during_an_interruption_halves_what_ran_before() -> None:
    planned = titrated_rungs(START_S, STRUCK[:1])
    staircase = rungs(
        START_S, [Move(at_s=2050, verb="slow")], volume_ml_per_kg=9.0, planned=planned
    )

    assert [rung.rate_ml_per_kg_h for rung in staircase[-3:-1]] == [0.0, LADDER_ML_PER_KG_H[1] / 2]


def test_the_pump_reports_ramp_and_alarm_and_the_truth_knows_them() -> None:
    seed = interrupted_seed()
    here = chair(PLAN, ward(seed), unit="u", started_ms=0)
    reports = [
        msgspec.json.decode(sent.payload)
        for sent in bedside(PLAN, ward(seed), unit="u", started_ms=0)
        if sent.topic.endswith("/pump")
    ]
    alarms = {(one["alarm"], one["state"]) for one in reports if "alarm" in one}
    reasons = [one["reason"] for one in reports]

    assert alarms == {
        (one.kind, "fault" if one.kind == "occlusion" else "paused") for one in here.interrupted
    }
    assert reasons.count("ramp") == 15
    assert reasons.count("rate-change") == 5
    infused = [one["infused"]["v"] for one in reports]
    assert all(later >= earlier for earlier, later in pairwise(infused))
    assert [one.kind for one in device_troubles(here)] == [one.kind for one in here.interrupted]


def test_a_pump_that_a_nurse_turns_has_no_program() -> None:
    plain = BedPlan(bed="01")
    here = chair(plain, ward(interrupted_seed()), unit="u", started_ms=0)

    assert here.interrupted == ()
    assert {rung.reason for rung in here.staircase} <= {"start", "rate-change", "volume-infused"}
