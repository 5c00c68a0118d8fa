"""How bad a drawn reaction is: when it is worst, and what makes it less or more."""

from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import pytest
from cohort_wards import chairs_of

from detectors.channels import Channel, Float
from simulators.cases import RATE_GAIN_MAX, drawn_picture
from simulators.chairs import Chair
from simulators.infusion import RUNG_S, Move, rate_course, rungs
from simulators.overloads import PHENOTYPES
from simulators.pictures import PICTURES
from simulators.reactions import Given, Limb, Picture, activity, levels
from simulators.truths import true_grades, true_session

DEFINING: Final[dict[str, Channel]] = {
    "anaphylaxis": Channel.SBP,
    "anaphylaxis-no-skin": Channel.SBP,
    "anaphylaxis-beta-blocked": Channel.SBP,
    "mild-allergic": Channel.HR,
    "febrile": Channel.TEMP,
    "cytokine-release": Channel.TEMP,
    "hypotensive": Channel.SBP,
    "hypertensive": Channel.SBP,
    "vasovagal": Channel.HR,
    "fluid-overload": Channel.SPO2,
    "lung-injury": Channel.SPO2,
    "rate-related": Channel.HR,
    "infusion-flush": Channel.HR,
    "pseudo-allergic": Channel.HR,
}
"""What a reaction is known by, among what is measured."""

BEGIN_S: Final = 600
HOURS_S: Final = 6 * 3600


@cache
def drawn(name: str, seed: int) -> Picture:
    return drawn_picture(PHENOTYPES[name], np.random.default_rng(seed))


def course_of(
    picture: Picture, moves: tuple[Move, ...] = (), given: tuple[Given, ...] = ()
) -> Float:
    """Return how much there is of a reaction that begins with the third rung."""
    rate = rate_course(rungs(BEGIN_S, moves, volume_ml_per_kg=20.0), HOURS_S)
    return activity(picture, levels(picture, BEGIN_S + 2 * RUNG_S, rate, given))


def moved(here: Chair, channel: Channel) -> Float:
    """Return how far a reaction has moved a channel at every second, against its extreme."""
    rate = rate_course(here.staircase, here.seconds)
    level = levels(here.picture, here.plan.reaction_s, rate)
    found = np.zeros(here.seconds)
    for limb, row in zip(here.picture.limbs, level, strict=True):
        if limb.channel == channel:
            found += limb.extreme * row
    return np.abs(found)


def test_every_reaction_is_known_by_something() -> None:
    assert set(DEFINING) == set(PHENOTYPES)


@pytest.mark.parametrize("name", PHENOTYPES)
def test_at_its_worst_moment_what_a_reaction_is_known_by_has_moved(name: str) -> None:
    """In most of them; in a third of the fevers the rigor, with all that it moves, is as bad."""
    shares = []
    for here in chairs_of(name, nurse="ignores"):
        events = true_session(here).events
        if not events or not moved(here, DEFINING[name]).any():
            continue
        worst_s = (events[0].peak_ms - here.at_ms(0)) // 1000
        until_s = (
            here.seconds if events[0].end_ms is None else (events[0].end_ms - here.at_ms(0)) // 1000
        )
        far = moved(here, DEFINING[name])[:until_s]
        shares.append(far[worst_s] / far.max())
    assert len(shares) >= 5
    assert np.median(shares) >= 0.75


@pytest.mark.parametrize("name", PHENOTYPES)
def test_a_grave_reaction_is_grave_before_it_is_worst_and_not_at_once(name: str) -> None:
    for here in chairs_of(name, nurse="ignores"):
        for event in true_session(here).events:
            if event.grade3_ms is not None:
                assert event.onset_ms < event.grade3_ms <= event.peak_ms


DRUGS: Final = [
    (name, relief.remedy)
    for name, kind in PHENOTYPES.items()
    for relief in kind.reliefs
    if relief.remedy not in ("slow", "pause")
]
"""Which reaction is helped by which drug or deed, as its row says."""


@pytest.mark.parametrize(("name", "remedy"), DRUGS)
def test_what_helps_makes_a_reaction_less(name: str, remedy: str) -> None:
    less = []
    for seed in range(12):
        picture = drawn(name, seed)
        relief = next(one for one in picture.reliefs if one.remedy == remedy)
        channels = {limb.channel for limb in picture.limbs}
        if relief.channels and not relief.channels & channels:
            continue
        at_s = BEGIN_S + 2 * RUNG_S + 120
        untreated = course_of(picture).sum()
        given = (Given(at_s=at_s, remedy=remedy),)  # type: ignore[arg-type]  # a row of DRUGS
        treated = course_of(picture, given=given).sum()
        assert treated <= untreated + 1e-9
        less.append(1 - treated / untreated)
    assert max(less) > 0.01


@pytest.mark.parametrize("name", PHENOTYPES)
@pytest.mark.parametrize("verb", ["slow", "pause"])
def test_the_pump_makes_less_of_what_the_row_says_it_helps(name: str, verb: str) -> None:
    kind = PHENOTYPES[name]
    of_pump = {one.remedy for one in kind.reliefs if one.share > 0}
    helps = kind.drive in ("rate", "volume") or verb in of_pump
    changes = []
    for seed in range(6):
        picture = drawn(name, seed)
        move = Move(at_s=BEGIN_S + 2 * RUNG_S + 120, verb=verb)  # type: ignore[arg-type]  # two verbs
        changes.append(1 - course_of(picture, (move,)).sum() / course_of(picture).sum())
    assert min(changes) >= -1e-9
    assert (max(changes) > 0.01) == helps


def test_a_fever_is_of_a_lower_grade_when_an_antipyretic_works() -> None:
    def grades(given: tuple[Given, ...]) -> Float:
        return np.ceil(2 * course_of(picture, given=given) - 0.3)

    picture = replace(drawn("febrile", 3), grade=2)
    at_s = BEGIN_S + 2 * RUNG_S + 300
    treated = grades((Given(at_s=at_s, remedy="antipyretic"),))
    assert (treated >= 2).sum() < 0.8 * (grades(()) >= 2).sum()


def test_a_reaction_to_the_rate_grows_while_the_rate_does_and_no_further() -> None:
    limb = Limb(channel=Channel.HR, extreme=15.0, rise_s=60.0, fall_s=600.0)
    picture = Picture(limbs=(limb,), drive="rate", gain_max=RATE_GAIN_MAX)
    level = course_of(picture)
    onset_s = BEGIN_S + 2 * RUNG_S
    assert level[onset_s + RUNG_S - 1] == pytest.approx(1.0)
    assert level[onset_s + 2 * RUNG_S - 1] == pytest.approx(RATE_GAIN_MAX)
    assert level.max() == pytest.approx(RATE_GAIN_MAX)
    slowed = course_of(picture, (Move(at_s=onset_s + RUNG_S, verb="slow"),))
    assert slowed[onset_s + 3 * RUNG_S] == 0.0


@pytest.mark.parametrize("name", [name for name, one in PICTURES.items() if one.limbs])
def test_a_told_reaction_is_never_more_than_it_was_told(name: str) -> None:
    level = course_of(PICTURES[name])
    assert level.max() <= 1.0 + 1e-9


def test_a_smaller_second_wave_is_less() -> None:
    first = Limb(channel=Channel.SBP, extreme=-40.0, rise_s=60.0, fall_s=60.0, until_s=600.0)
    second = replace(first, extreme=-24.0, delay_s=3600.0, until_s=4200.0)
    level = course_of(Picture(limbs=(first, second)))
    onset_s = BEGIN_S + 2 * RUNG_S
    assert level[onset_s + 300] == pytest.approx(1.0)
    assert level[onset_s + 3900] == pytest.approx(0.6)


def test_what_moves_nothing_is_nothing() -> None:
    assert not course_of(Picture()).any()


def test_a_grade_is_never_above_the_worst_there_is() -> None:
    for name in ("rate-related", "hypertensive"):
        for here in chairs_of(name, nurse="ignores"):
            assert true_grades(here).max() <= 4
