"""Phenotypes at a bed and a minute of a live ward."""

import pytest

from simulators.bedside import chair_messages
from simulators.chairs import Chair, chair
from simulators.overloads import PHENOTYPES
from simulators.pictures import PICTURES
from simulators.planting import planted_cases
from simulators.scenario import (
    EXPECTED,
    REACTIONS,
    Scenario,
    planted,
    quiet_beds,
    reaction_option,
    ward_scenario,
)
from simulators.truths import true_session

LENGTH_S = 7200
DRAWN = sorted(set(PHENOTYPES) - set(PICTURES))


def ward(*texts: str, length_s: int = LENGTH_S) -> Scenario:
    options = [reaction_option(text, beds=3) for text in texts]
    cases = planted_cases(options, seed=2, length_s=length_s)
    return ward_scenario(beds=3, reactions=options, seed=2, length_s=length_s, cases=cases)


def chair_of(story: Scenario, place: int) -> Chair:
    return chair(story.beds[place], story, unit="w", started_ms=0)


def test_every_phenotype_and_every_told_picture_can_be_planted() -> None:
    assert set(REACTIONS) == set(PHENOTYPES) | set(PICTURES)


@pytest.mark.parametrize("name", DRAWN)
def test_a_phenotype_begins_when_it_is_asked_to_and_the_truth_names_it(name: str) -> None:
    here = chair_of(ward(f"{name}@2:+15m"), 1)
    truth = true_session(here)

    assert here.plan.reaction_s == 600 + 900
    assert truth.phenotype == name
    assert truth.beta_blocker == PHENOTYPES[name].beta_blocker
    assert not truth.unobserved
    for event in truth.events:
        assert event.pattern == PHENOTYPES[name].pattern
    assert truth.events or here.activity.max() > 0


def test_a_story_ends_when_it_ends() -> None:
    here = chair_of(ward("anaphylaxis-no-skin@1:+10m", length_s=3000), 0)

    assert here.seconds == 3000
    assert max(sent.at_ms for sent in chair_messages(here)) < 3_001_000


def test_a_bed_that_reacts_is_not_quiet_and_told_ones_stay_as_they_were() -> None:
    story = ward("lung-injury@1:+10m", "anaphylaxis@2:+10m")

    assert quiet_beds(story) == ("03",)
    assert [one.bed for one in planted(story)] == ["02"]
    assert story.beds[1].case is None
    assert set(EXPECTED) <= set(PICTURES)
