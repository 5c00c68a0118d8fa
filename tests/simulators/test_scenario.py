"""Scenarios, what is true of them, and the words in which they are asked for."""

import pytest

from simulators.pictures import PICTURES
from simulators.planting import planted_cases
from simulators.scenario import (
    EXPECTED,
    BedPlan,
    Planted,
    ReactionOption,
    Scenario,
    doses_by_bed,
    planted,
    reaction_option,
    unjudged_beds,
    ward_scenario,
    with_doses,
)


def test_every_reaction_to_the_infusion_has_something_to_catch() -> None:
    assert set(EXPECTED) == set(PICTURES) - {"uneventful", "anxiety"}


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


def test_doses_are_those_of_the_beds_that_are_named() -> None:
    texts = ("0.07 g/kg@2,4", "1 g/kg@1")
    assert doses_by_bed(texts, beds=4) == {1: 1.0, 2: 0.07, 4: 0.07}
    ward = with_doses(ward_scenario(beds=4), texts)
    assert [plan.dose_g_per_kg for plan in ward.beds] == [1.0, 0.07, 0.4, 0.07]


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (["0.07@2"], "dose '0.07@2': write <amount> g/kg@<beds>, as in 0.07 g/kg@2,6"),
        (["-1 g/kg@2"], "write <amount> g/kg@<beds>"),
        (["0.001 g/kg@2"], "must be from 0.01 to 2 g/kg"),
        (["3 g/kg@2"], "dose '3 g/kg@2': must be from 0.01 to 2 g/kg"),
        (["1 g/kg@5"], "dose '1 g/kg@5': bed 5 is not one of 1 to 4"),
        (["1 g/kg@two"], "write all, 3, 1-4 or 1,3,5-6"),
        (["1 g/kg@1-3", "2 g/kg@3"], "dose '2 g/kg@3': bed 3 has another dose already"),
    ],
)
def test_a_bad_dose_is_explained(texts: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        doses_by_bed(texts, beds=4)


def test_a_drawn_reaction_is_neither_promised_nor_quiet() -> None:
    drawn = reaction_option("lung-injury@2:+10m", beds=2)
    ward = ward_scenario(
        beds=2, reactions=[drawn], cases=planted_cases([drawn], seed=1, length_s=3600)
    )
    assert unjudged_beds(ward) == ("02",)
    assert planted(ward) == ()
