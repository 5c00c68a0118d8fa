"""The wards of the library: all told in one process, and the pages that show them."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scenario_wards import real_ward

from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input
from monitor.scenario.shown import refused
from monitor.story_library import ward_story
from monitor.ward_rehearsal import ward_rehearsal
from simulators.fault_options import WAY_FAULTS
from simulators.pictures import PICTURES
from simulators.recording import recorded_steps
from simulators.scenario import Scenario, planted, quiet_beds, unjudged_beds

ROOT = Path(__file__).resolve().parents[2]
NAMES = [path.stem for path in sorted((ROOT / "tests" / "scenarios" / "wards").glob("*.toml"))]


# ------------------------------------------------------------------------------ the library


@pytest.mark.parametrize("name", NAMES)
def test_everything_planted_is_caught_and_nothing_false_is_raised(name: str) -> None:
    story = ward_story(name)
    found = ward_rehearsal(story, real_ward)
    assert not found.differences, "\n".join(map(str, found.differences))
    assert found.verdict.is_clean
    assert len(found.verdict.caught) == len(planted(story.scenario))
    assert not unjudged_beds(story.scenario), "what nobody judges proves nothing"
    if not story.faults:
        assert [refused(effect) for _, effect in found.told if refused(effect)] == []


class SaysNothing:
    """A ward that takes everything and never tells anything."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        del now_ms, inputs
        return ()


@pytest.mark.parametrize("name", [name for name in NAMES if planted(ward_story(name).scenario)])
def test_a_ward_that_says_nothing_misses_what_is_planted(name: str) -> None:
    story = ward_story(name)
    found = ward_rehearsal(story, lambda _: SaysNothing())
    assert {one.bed for one in found.differences} == {one.bed for one in planted(story.scenario)}
    assert all(one.found == "found no alert" for one in found.differences)


def test_every_kind_of_reaction_of_equipment_and_of_fault_of_the_way_is_told_somewhere() -> None:
    stories = [ward_story(name) for name in NAMES]
    beds = [plan for story in stories for plan in story.scenario.beds]
    assert {plan.reaction for plan in beds} == set(PICTURES)
    kinds = {(bool(one.equipment.cart), one.equipment.is_patched) for one in beds}
    assert kinds == {(True, False), (True, True), (False, True), (False, False)}
    assert any(one.equipment.is_titrating for one in beds)
    named = {option.name for story in stories for option in story.fault_options}
    assert named == {*WAY_FAULTS, "storm"}


def test_every_ward_story_has_a_title_of_its_own() -> None:
    titles = [ward_story(name).title for name in NAMES]
    assert len(set(titles)) == len(titles)


# ---------------------------------------------------------------------------- twelve chairs


def digest(scenario: Scenario) -> str:
    whole = hashlib.sha256()
    for step in recorded_steps(scenario):
        whole.update(f"{step.now_ms}\n".encode())
        for message in step.messages:
            whole.update(f"{message.received_ms} {message.topic} ".encode() + message.payload)
    return whole.hexdigest()


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (None, "a09cb0574c2f903d6e9cb608341d99e49f1dcc658d9873c995c46610131163bd"),
        (2, "73a4f23104fe44d3b33dd587ce41718f097f1d48dbc278bb52b3623f1c94c1c5"),
    ],
)
def test_twelve_chairs_is_the_same_story_byte_by_byte(seed: int | None, expected: str) -> None:
    assert digest(ward_story(seed=seed).scenario) == expected


def test_twelve_chairs_has_five_beds_with_something_to_catch() -> None:
    story = ward_story().scenario
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


def test_onsets_of_twelve_chairs_are_spread() -> None:
    onsets = sorted(one.onset_ms for one in planted(ward_story().scenario))

    assert min(later - earlier for earlier, later in pairwise(onsets)) > 200_000


def test_three_at_once_are_within_a_minute() -> None:
    onsets = [one.onset_ms for one in planted(ward_story("three-at-once").scenario)]
    assert len(onsets) == 3
    assert max(onsets) - min(onsets) < 60_000


@pytest.mark.parametrize("name", NAMES)
def test_a_ward_is_told_in_about_a_minute(name: str) -> None:
    story = ward_story(name).scenario
    assert 50 <= story.length_s / story.speed <= 75


# --------------------------------------------------------------------------------- pages


def rows_of(page: str, first: str) -> list[list[str]]:
    """Return the rows of the table of a page whose first column has this name."""
    text = (ROOT / "docs" / page).read_text()
    lines = text.partition(f"\n| {first} | ")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_has_every_ward_story_with_what_is_in_it() -> None:
    expected: list[Any] = []
    for name in NAMES:
        story = ward_story(name)
        told = [plan for plan in story.scenario.beds if plan.reaction != "uneventful"]
        beds = ", ".join(f"{plan.reaction} {int(plan.bed)}" for plan in told)
        broken = ", ".join(f"`{text}`" for text in story.faults)
        expected.append([f"`{name}`", story.title, story.size, beds, broken])
    assert rows_of("scenarios.md", "ward story") == expected


def test_the_page_shows_a_ward_story_as_it_stands() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text()
    path = "tests/scenarios/wards/twelve-chairs.toml"
    shown = page.partition(f"<!-- {path} -->\n```toml\n")[2].partition("```")[0]
    assert shown == (ROOT / path).read_text()


def test_the_page_has_the_demonstration_as_it_is_told() -> None:
    story = ward_story().scenario
    small = [plan.bed for plan in story.beds if plan.dose_g_per_kg < 0.4]
    rows = rows_of("simulators.md", "bed | what")
    assert [row[:3] for row in rows[: len(planted(story))]] == [
        [one.bed, one.reaction, f"{one.onset_ms / 60_000:.1f}"] for one in planted(story)
    ]
    for row, one in zip(rows, planted(story), strict=False):
        grade = f"grade {one.expected.least_grade} or more"
        what = "a technical alert" if one.expected.kind == "technical" else grade
        assert row[3:] == [what, f"{one.expected.within_ms // 60_000} min"]
    quiet = [row[0].split(", ") for row in rows[len(planted(story)) :]]
    assert quiet[0] == small
    assert sorted([*quiet[0], *quiet[1]]) == sorted(quiet_beds(story))
