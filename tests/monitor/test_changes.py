"""Settings that a scenario changes for itself, and one scenario for each choice of a site."""

import tomllib
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from scenario_wards import CONFIG, site_of, site_settings

from monitor.care.variants import Position
from monitor.scenario.checking import read_scenario, rehearsed, run
from monitor.scenario.places import ScenarioError
from monitor.scenario.rehearsal import rehearsal
from monitor.settings.changes import changed_documents, setting_places
from monitor.settings.settings import load_settings
from monitor.tables.faults import ConfigError, Fault

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "tests" / "scenarios"
PAGE: Final = ROOT / "docs" / "scenarios.md"
CHOICES: Final = {path: read_scenario(path).settings for path in FOLDER.glob("choice-*.toml")}
POSITIONS: Final = site_settings().mitigation.position


def documents() -> dict[str, dict[str, object]]:
    return {
        path.relative_to(CONFIG).as_posix(): tomllib.loads(path.read_text())
        for path in CONFIG.glob("*.toml")
    }


def faults(**changes: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(CONFIG, changes)
    return str(caught.value)


def test_what_is_changed_holds_and_is_part_of_the_digest() -> None:
    changed = load_settings(
        CONFIG,
        {
            "first_step": "pause",
            "realert_high": "2 min",
            "flap_count": 4,
            "latch_priorities": ["high", "medium"],
            "schedule": "iowa-neonatal",
            "unanswered": "90 s",
        },
    ).ward
    assert changed.mitigation.chosen.first_step == "pause"
    assert changed.mitigation.times.unanswered_ms == 90_000
    assert (changed.alerts.realert_high_ms, changed.alerts.flap_count) == (120_000, 4)
    assert changed.alerts.latch_priorities == ("high", "medium")
    assert changed.schedule.key == "iowa-neonatal"
    assert changed.digest != site_settings().digest


def test_without_changes_nothing_is_changed() -> None:
    assert load_settings(CONFIG, {}).digest == site_settings().digest
    found: list[Fault] = []
    before = documents()
    assert changed_documents(before, {"flap_count": 9}, found) != before
    assert before == documents(), "the documents that came in stay as they are"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("frist_step", "pause", "settings: frist_step: unknown setting; a scenario may change: "),
        ("first_step", "run", "first_step 'run' has no position; known: ['slow', 'pause']"),
        ("first_step", 3, "mitigation.toml: chosen: first_step: must be text"),
        ("realert_high", 120, "realert_high: must be a length of time such as '3 min', got whole"),
        ("realert_high", "2 weeks", "unit: must be one of ms, s, min, h, got text 'weeks'"),
        ("realert_high", "2 h", "realert_high must not be longer than realert_medium"),
        ("snooze_grade_max", 3, "a high alert is acknowledged, never snoozed"),
        ("flap_count", 2.5, "flap_count: value: must be a whole number"),
        ("schedule", "none", "unknown schedule 'none'"),
    ],
)
def test_a_change_that_is_none_is_refused_with_what_would_be_one(
    name: str, value: object, words: str
) -> None:
    assert words in faults(**{name: value})


def test_every_setting_has_one_name_and_stands_on_the_page() -> None:
    places = setting_places(documents())
    assert len(set(places.values())) == len(places)
    page = PAGE.read_text()
    for name, place in places.items():
        assert f"`{name}`" in page, place


def test_a_file_names_its_settings_and_their_faults(tmp_path: Path) -> None:
    good, bad, none = (tmp_path / f"{name}.toml" for name in "abc")
    story = (FOLDER / "choice-first-step-pause.toml").read_text()
    good.write_text(story)
    bad.write_text(story.replace('"pause"', '"slow"', 1))
    none.write_text(story.replace("first_step", "last_step"))
    out, err = StringIO(), StringIO()
    assert run([good, bad, none], site_of=site_of, out=out, err=err) == 4
    assert "(2 rows, 0:40 h; with first_step pause)" in out.getvalue()
    assert (
        "NOT as expected: Site choice: a mild reaction is paused first (with first_step slow)"
        in (out.getvalue())
    )
    assert f"{none}: settings: last_step: unknown setting" in err.getvalue()
    out = StringIO()
    assert run([good], site_of=site_of, out=out, err=err, as_json=True) == 0
    assert '"first_step": "pause"' in out.getvalue()
    none.write_text(story.replace('[settings]\nfirst_step = "pause"', "settings = 3"))
    none.write_text("settings = 3\n" + story.replace('[settings]\nfirst_step = "pause"\n', ""))
    with pytest.raises(ScenarioError, match="settings: must be a table, got 3"):
        rehearsed(none, site_of)


@pytest.mark.parametrize("position", POSITIONS, ids=lambda one: f"{one.option}-{one.name}")
def test_every_choice_has_a_scenario_that_no_other_choice_passes(position: Position) -> None:
    """It holds with the choice, as every scenario must; here it fails with each other answer."""
    found = [path for path, made in CHOICES.items() if made == {position.option: position.name}]
    assert len(found) == 1, found
    scenario = read_scenario(found[0])
    for other in POSITIONS:
        if other.option == position.option and other.name != position.name:
            changed = replace(scenario, settings={other.option: other.name})
            ward_of = site_of(changed.settings)
            assert rehearsal(changed, ward_of).differences, other.name


def test_no_two_choices_share_a_scenario() -> None:
    made = sorted(map(str, CHOICES.values()))
    assert not [one for one, two in pairwise(made) if one == two]
