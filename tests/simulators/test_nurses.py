"""Nurses and reliefs: what is done changes the course, and doing nothing changes nothing."""

import numpy as np
import pytest
from cohort_wards import chairs_of

from detectors.channels import Channel
from simulators.cases import drawn_picture
from simulators.infusion import Move
from simulators.nurses import ACTS_AFTER_S, Ill, nursed
from simulators.overloads import PHENOTYPES
from simulators.reactions import Given, Limb, Picture, Relief, levels


def ill(name: str, seed: int = 3, onset_s: int = 2400) -> Ill:
    kind = PHENOTYPES[name]
    return Ill(
        picture=drawn_picture(kind, np.random.default_rng(seed)),
        onset_s=onset_s,
        start_s=600,
        seconds=14_400,
        volume_ml_per_kg=6.0,
        remedies=kind.remedies,
        stops_at=kind.stops_at,
    )


@pytest.mark.parametrize("name", PHENOTYPES)
def test_who_ignores_does_nothing(name: str) -> None:
    assert nursed(ill(name), "ignores", np.random.default_rng(1)) == ((), ())


@pytest.mark.parametrize("name", PHENOTYPES)
def test_who_delays_acts_later_than_who_follows(name: str) -> None:
    person = ill(name)
    first = {
        kind: nursed(person, kind, np.random.default_rng(1))[0] for kind in ("follows", "delays")
    }
    if first["delays"]:
        assert first["follows"][0].at_s < first["delays"][0].at_s
    assert first["follows"], "a reaction under way is acted upon"
    assert first["follows"][0].at_s >= person.onset_s + ACTS_AFTER_S["follows"][0]


@pytest.mark.parametrize("name", PHENOTYPES)
def test_acting_never_makes_a_reaction_longer(name: str) -> None:
    person = ill(name)
    moves, given = nursed(person, "follows", np.random.default_rng(1))

    untreated = person.activity((), ())
    treated = person.activity(moves, given)
    assert treated.sum() <= untreated.sum() + 1e-6


def test_severe_anaphylaxis_is_stopped_and_given_epinephrine() -> None:
    moves, given = nursed(ill("anaphylaxis"), "follows", np.random.default_rng(1))

    assert moves[0].verb == "stop"
    assert "epinephrine" in {one.remedy for one in given}


def test_a_faint_gets_no_epinephrine_and_is_laid_flat() -> None:
    moves, given = nursed(ill("vasovagal"), "follows", np.random.default_rng(1))

    assert moves[0].verb == "pause"
    assert [one.remedy for one in given] == ["lie-flat"]


def test_a_paused_infusion_is_resumed_only_after_half_an_hour_clear() -> None:
    people = (ill("hypotensive", seed=seed) for seed in range(20))
    person = next(one for one in people if one.picture.grade == 2)
    moves, given = nursed(person, "follows", np.random.default_rng(1))
    resumed = next(move for move in moves if move.verb == "resume")
    before = person.activity([move for move in moves if move.at_s < resumed.at_s], given)

    assert (before[resumed.at_s - 1740 : resumed.at_s] <= 0.1).all()


ONE = Picture(
    limbs=(Limb(channel=Channel.SBP, extreme=-40.0, rise_s=100, fall_s=100),),
    reliefs=(
        Relief(remedy="epinephrine", share=0.75, after_s=60, lasts_s=600),
        Relief(remedy="slow", share=0.5),
    ),
)


def test_a_relief_works_after_its_time_for_its_time_and_the_reaction_returns() -> None:
    rate = np.full(4000, 2.0)
    level = levels(ONE, 100, rate, (Given(at_s=1000, remedy="epinephrine"),))[0]

    assert level[99] == 0
    assert level[100] == pytest.approx(0.01)
    assert level[1059] == 1
    assert level[1500] == pytest.approx(0.25)
    assert level[2000] == 1


def test_a_second_dose_adds_to_the_first() -> None:
    doses = (Given(at_s=1000, remedy="epinephrine"), Given(at_s=1300, remedy="epinephrine"))
    level = levels(ONE, 100, np.full(4000, 2.0), doses)[0]

    assert level[1600] == pytest.approx(0.0625)


def test_a_slowed_pump_relieves_what_the_picture_says() -> None:
    rate = np.full(4000, 2.0)
    rate[1000:] = 1.0

    assert levels(ONE, 100, rate)[0, 1500] == pytest.approx(0.5)


def test_levels_are_those_of_a_second_by_second_twin() -> None:
    rng = np.random.default_rng(8)
    for name in PHENOTYPES:
        person = ill(name, seed=int(rng.integers(1000)))
        moves, given = nursed(person, "follows", np.random.default_rng(2))
        from_segments = person.activity(moves, given)
        # A goal may only change at a turn, so one more turn each minute must change nothing.
        extra = tuple(Given(at_s=at_s, remedy="sit-up") for at_s in range(0, 14_400, 600))
        if name not in ("fluid-overload", "lung-injury"):
            np.testing.assert_allclose(
                person.activity(moves, (*given, *extra)), from_segments, atol=1e-9
            )


def test_moves_of_every_chair_are_in_order_and_after_the_start() -> None:
    for name in PHENOTYPES:
        for here in chairs_of(name):
            case = here.plan.case
            assert case is not None
            times = [move.at_s for move in case.moves]
            assert times == sorted(times)
            assert all(at_s >= here.plan.start_s for at_s in times)
            assert isinstance(case.moves, tuple)
            assert all(isinstance(move, Move) for move in case.moves)
