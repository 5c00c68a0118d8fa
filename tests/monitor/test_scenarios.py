"""Every scenario file comes out as it says, in every batching, and could come out otherwise."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scenario_wards import site_of

from monitor.__main__ import main
from monitor.adapters.recording import open_recording
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input
from monitor.replay import replay
from monitor.scenario.checking import read_scenario, rehearsed
from monitor.scenario.rehearsal import rehearsal
from monitor.ward.ward import Ward

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "tests" / "scenarios").glob("*.toml"))


class OneByOne:
    """A ward that takes every message in a step of its own, all at the same time."""

    def __init__(self, ward: Ward) -> None:
        self.ward = ward

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        parts: list[tuple[Input, ...]] = [(one,) for one in inputs] or [()]
        return tuple(effect for part in parts for effect in self.ward.take(now_ms, part))


class SaysNothing:
    """A ward that takes everything and never tells anything."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        del now_ms, inputs
        return ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_scenario_comes_out_as_it_says(path: Path) -> None:
    found = rehearsed(path, site_of)
    assert not found.differences, "\n".join(map(str, found.differences))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_comes_out_the_same_message_by_message(path: Path) -> None:
    scenario = read_scenario(path)
    ward_of = site_of(scenario.settings)
    found = rehearsal(scenario, lambda unit: OneByOne(ward_of(unit)))
    assert not found.differences, "\n".join(map(str, found.differences))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_ward_that_says_nothing_fails_every_scenario(path: Path) -> None:
    assert rehearsal(read_scenario(path), lambda _: SaysNothing()).differences


def test_a_scenario_is_played_from_its_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    story = ROOT / "tests" / "scenarios" / "vasovagal-faint.toml"
    told = tmp_path / "told"

    assert main(["check-rules", str(story), "--record", str(told)]) == 0

    place = told / "vasovagal-faint.jsonl.gz"
    assert str(place) in capsys.readouterr().err
    found = rehearsed(story, site_of)
    recording = open_recording(place)
    assert tuple(recording.steps) == found.steps
    ward = site_of(found.scenario.settings)(recording.unit)
    effects = [one for _, made in replay(found.steps, ward) for one in made]
    assert effects == [effect for _, effect in found.told]


def test_every_scenario_has_a_title_of_its_own() -> None:
    titles = [read_scenario(path).title for path in FILES]
    assert len(set(titles)) == len(titles)


def test_the_page_shows_an_example_as_it_stands() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text()
    name = page.partition("<!-- tests/scenarios/")[2].partition(" -->")[0]
    shown = page.partition("```toml\n")[2].partition("```")[0]
    assert shown == (ROOT / "tests" / "scenarios" / name).read_text()
