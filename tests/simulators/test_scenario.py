"""Scenarios, the demo's truth, and the command line's reactions."""

from itertools import pairwise

import pytest

from simulators.pictures import PICTURES
from simulators.scenario import (
    EXPECTED,
    BedPlan,
    Planted,
    ReactionOption,
    Scenario,
    demo_story,
    planted,
    quiet_beds,
    reaction_option,
    ward_scenario,
)


def test_every_reaction_to_the_infusion_has_something_to_catch() -> None:
    assert set(EXPECTED) == set(PICTURES) - {"uneventful", "anxiety"}


def test_the_demo_plants_five_reactions_in_twelve_beds() -> None:
    story = demo_story()
    truth = planted(story)

    assert len(story.beds) == 12
    assert {one.reaction for one in truth} == {
        "febrile",
        "hypotensive",
        "anaphylaxis",
        "probe-off",
        "rate-related",
    }
    assert len(quiet_beds(story)) == 7
    assert set(quiet_beds(story)).isdisjoint(one.bed for one in truth)


def test_the_demo_is_told_in_about_a_minute_with_room_to_catch_everything() -> None:
    story = demo_story()

    assert 50 <= story.length_s / story.speed <= 75
    for one in planted(story):
        assert one.onset_ms + one.expected.within_ms <= story.length_s * 1000


def test_onsets_of_the_demo_are_spread() -> None:
    onsets = sorted(one.onset_ms for one in planted(demo_story()))

    assert min(later - earlier for earlier, later in pairwise(onsets)) > 200_000


def test_a_reaction_to_the_rate_begins_with_a_rate_step() -> None:
    assert BedPlan(bed="01", reaction="rate-related", onset_s=901).reaction_s == 600 + 1800
    assert BedPlan(bed="01", reaction="rate-related", onset_s=900).reaction_s == 600 + 900
    assert BedPlan(bed="01", reaction="rate-related", onset_s=10**6).reaction_s == 600 + 4500
    assert BedPlan(bed="01", reaction="febrile", onset_s=901).reaction_s == 1501


def test_onsets_count_from_the_beginning_of_the_story() -> None:
    plan = BedPlan(bed="02", reaction="febrile", onset_s=60, opens_s=5)
    scenario = Scenario(name="one", beds=(plan,), seed=1, length_s=600)

    expected = Planted(bed="02", reaction="febrile", onset_ms=665_000, expected=EXPECTED["febrile"])
    assert planted(scenario) == (expected,)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("anaphylaxis@3:+20m", ReactionOption(reaction="anaphylaxis", bed_number=3, onset_s=1200)),
        ("probe-off@12:90s", ReactionOption(reaction="probe-off", bed_number=12, onset_s=90)),
        ("febrile@1:+1h", ReactionOption(reaction="febrile", bed_number=1, onset_s=3600)),
    ],
)
def test_a_reaction_option_is_read(text: str, option: ReactionOption) -> None:
    assert reaction_option(text, beds=12) == option


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("anaphylaxis", r"reaction 'anaphylaxis': write <reaction>@<bed>:\+<count><s\|m\|h>"),
        ("anaphylaxis@3:+20", "write <reaction>@<bed>"),
        ("anaphylaxis@3:-20m", "write <reaction>@<bed>"),
        ("@3:+20m", "write <reaction>@<bed>"),
        ("", "reaction '': write <reaction>@<bed>"),
        ("sneezing@3:+20m", "'sneezing' is unknown, one of uneventful, rate-related"),
        ("anaphylaxis@13:+20m", "bed 13 is not one of 1 to 12"),
        ("anaphylaxis@0:+20m", "bed 0 is not one of 1 to 12"),
    ],
)
def test_a_bad_reaction_option_is_explained(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        reaction_option(text, beds=12)


def test_a_ward_plants_what_it_is_told() -> None:
    option = reaction_option("hypotensive@2:+10m", beds=3)
    ward = ward_scenario(beds=3, reactions=[option], seed=4)

    assert [plan.bed for plan in ward.beds] == ["01", "02", "03"]
    assert [plan.reaction for plan in ward.beds] == ["uneventful", "hypotensive", "uneventful"]
    assert ward.beds[1].onset_s == 600


def test_two_reactions_at_one_bed_are_refused() -> None:
    options = [reaction_option(text, beds=3) for text in ("febrile@2:+1m", "vasovagal@2:+9m")]
    with pytest.raises(ValueError, match="bed 2 has two reactions"):
        ward_scenario(beds=3, reactions=options)


@pytest.mark.parametrize("beds", [0, 1000])
def test_a_ward_has_beds_and_an_end(beds: int) -> None:
    with pytest.raises(ValueError, match=f"{beds} beds: a simulated ward has 1 to 999"):
        ward_scenario(beds=beds)


def test_an_unknown_reaction_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(ValueError, match="reaction 'sneezing' at bed 07: one of uneventful"):
        BedPlan(bed="07", reaction="sneezing")


def test_two_beds_of_one_name_are_refused() -> None:
    plan = BedPlan(bed="01")
    with pytest.raises(ValueError, match="scenario twins: a bed is named twice"):
        Scenario(name="twins", beds=(plan, plan), seed=1, length_s=120)


def test_a_bed_opens_within_the_story() -> None:
    plan = BedPlan(bed="01", opens_s=120)
    with pytest.raises(ValueError, match="bed 01 opens after 120 s: must be within the story of"):
        Scenario(name="late", beds=(plan,), seed=1, length_s=120)
