"""The judge of a demo: caught, missed and false are told apart."""

from dataclasses import replace

import pytest

from simulators.scenario import BedPlan, Scenario
from simulators.verdict import Raised, verdict

STARTED_MS = 1_000_000
ONSET_MS = STARTED_MS + (600 + 900) * 1000
SCENARIO = Scenario(
    name="two",
    beds=(BedPlan(bed="01", reaction="anaphylaxis", onset_s=900), BedPlan(bed="02")),
    seed=1,
    length_s=4200,
)
RIGHT = Raised(
    bed="01",
    kind="physiological",
    grade=3,
    pattern="anaphylaxis",
    signs=("hypotension",),
    at_ms=ONSET_MS + 200_000,
)


def test_a_reaction_is_caught_by_the_first_alert_that_is_enough() -> None:
    mild = replace(RIGHT, grade=1, at_ms=ONSET_MS + 100_000)
    later = replace(RIGHT, grade=4, at_ms=ONSET_MS + 300_000)
    found = verdict(SCENARIO, [later, RIGHT, mild], started_ms=STARTED_MS)

    assert [(one.raised, one.after_ms) for one in found.caught] == [(RIGHT, 200_000)]
    assert found.is_clean


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RIGHT, bed="02", grade=1),
        replace(RIGHT, kind="technical"),
        replace(RIGHT, kind="advisory"),
        replace(RIGHT, grade=2),
        replace(RIGHT, pattern="febrile", signs=("fever",)),
        replace(RIGHT, at_ms=ONSET_MS + 8 * 60_000 + 1),
    ],
)
def test_another_bed_kind_grade_picture_or_time_does_not_catch_it(wrong: Raised) -> None:
    found = verdict(SCENARIO, [wrong], started_ms=STARTED_MS)

    assert [one.reaction for one in found.missed] == ["anaphylaxis"]
    assert not found.is_clean
    assert found.false == ()


def test_what_is_told_late_has_missed_it_whatever_it_is_about() -> None:
    in_time = replace(RIGHT, told_ms=ONSET_MS + 8 * 60_000)
    late = replace(RIGHT, told_ms=ONSET_MS + 8 * 60_000 + 1)

    assert verdict(SCENARIO, [in_time], started_ms=STARTED_MS).caught[0].after_ms == 480_000
    assert verdict(SCENARIO, [late], started_ms=STARTED_MS).missed
    # What it is about decides whether it belongs to the reaction, not when it was told.
    before = replace(RIGHT, at_ms=ONSET_MS - 1, told_ms=ONSET_MS + 1)
    assert verdict(SCENARIO, [before], started_ms=STARTED_MS).false == (before,)


def test_a_sign_is_enough_where_the_pattern_has_another_name() -> None:
    named = replace(RIGHT, pattern="lung-injury", signs=("hypoxia",))

    assert verdict(SCENARIO, [named], started_ms=STARTED_MS).is_clean


@pytest.mark.parametrize(
    "false",
    [replace(RIGHT, bed="02", grade=2), replace(RIGHT, at_ms=ONSET_MS - 1, grade=2)],
)
def test_an_alert_without_a_planted_reaction_is_false(false: Raised) -> None:
    found = verdict(SCENARIO, [RIGHT, false], started_ms=STARTED_MS)

    assert found.false == (false,)
    assert found.missed == ()
    assert not found.is_clean


def test_a_mild_or_technical_alert_at_a_quiet_bed_is_not_false() -> None:
    mild = replace(RIGHT, bed="02", grade=1)
    technical = replace(RIGHT, bed="02", kind="technical")

    assert verdict(SCENARIO, [RIGHT, mild, technical], started_ms=STARTED_MS).is_clean
