"""The library of stories as the command finds it, and what cannot be told live."""

import json
import threading
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor import story_library
from monitor.__main__ import app, main
from monitor.adapters.access import Access
from monitor.adapters.retelling import moved_payload
from monitor.scenario.places import ScenarioError
from monitor.story_library import StoryError, bed_files, ward_files
from monitor.story_telling import (
    Stage,
    beds_of,
    remarks,
    story,
    tell_story,
    why_not_live,
)

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "scenarios"
FILES = sorted(FOLDER.glob("*.toml"))
WARDS = sorted((FOLDER / "wards").glob("*.toml"))
ONLY_REHEARSED = {"monitor-away", "stale-copy"}
NOWHERE = Access(host="127.0.0.1", port=1, client_id="nobody")


def test_every_story_is_in_the_library_in_the_wheel_and_in_the_container() -> None:
    assert bed_files() == {path.stem: path for path in FILES}
    assert ward_files() == {path.stem: path for path in WARDS}
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {*FILES, *WARDS}
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    inside = wheel["targets"]["wheel"]["force-include"]["tests/scenarios"]
    assert ROOT / inside == story_library.INSTALLED
    container = (ROOT / "deploy" / "container" / "Containerfile").read_text()
    assert "COPY tests/scenarios tests/scenarios\n" in container


def test_an_installed_program_finds_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wards").mkdir()
    (tmp_path / "one.toml").write_bytes(FILES[0].read_bytes())
    (tmp_path / "wards" / "two.toml").write_bytes(WARDS[0].read_bytes())
    monkeypatch.setattr(story_library, "INSTALLED", tmp_path)
    assert bed_files() == {"one": tmp_path / "one.toml"}
    assert ward_files() == {"two": tmp_path / "wards" / "two.toml"}


def test_no_two_stories_have_one_name() -> None:
    assert not bed_files().keys() & ward_files().keys()


def test_the_list_has_a_line_for_each_with_its_title() -> None:
    told = CliRunner().invoke(app, ["simulate", "--scenario", "list"])
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [path.stem for path in (*FILES, *WARDS)]
    assert {line.split()[0] for line in lines if "(not live: " in line} == ONLY_REHEARSED
    assert any(line.endswith("  A faint is not anaphylaxis") for line in lines)
    chairs = "Twelve chairs, five with something to catch (ward of 12 beds, 5 reactions, 1:10 h)"
    assert any(line.endswith(f"  {chairs}") for line in lines)


@pytest.mark.parametrize("name", sorted(ONLY_REHEARSED))
def test_what_only_makes_sense_in_a_rehearsal_is_refused(name: str) -> None:
    with pytest.raises(StoryError, match=f"{name} cannot be told live: .* check-rules rehearses"):
        story(name)


def test_the_others_are_told_by_name_and_by_file() -> None:
    found = story("two-beds")
    assert found == story(str(bed_files()["two-beds"]))
    assert why_not_live(found.scenario) == ""
    assert beds_of(found.scenario) == ("1", "2")


def test_other_settings_are_said() -> None:
    (first, second) = remarks(story("choice-first-step-pause"))
    assert first.endswith("h)")
    assert "first_step = pause" in second


@pytest.mark.parametrize(
    ("name", "bed", "words"),
    [("two-beds", "3", "two-beds has beds 1, 2"), ("mild-itch", "3/4", "bed '3/4': must be")],
)
def test_a_bed_that_cannot_be_is_refused(name: str, bed: str, words: str) -> None:
    with pytest.raises(StoryError, match=words):
        tell_story(story(name), Stage(access=NOWHERE, unit="u", bed=bed), threading.Event())


def test_a_file_that_is_no_story_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.toml"
    path.write_text("title = 3")
    with pytest.raises(ScenarioError, match="file: ends: must be text"):
        story(str(path))


def test_a_bad_file_is_a_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "no.toml"
    path.write_text("title = 3")
    assert main(["simulate", "--scenario", str(path), "--config", str(ROOT / "config")]) == 4
    assert f"{path}: file: ends: must be text, got nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scenario", "nowhere"], "no story of the library"),
        (["--scenario", "monitor-away"], "cannot be told live"),
        (["--scenario", "mild-itch", "--beds", "3"], "--beds is not together"),
        (["--scenario", "mild-itch", "--speed", "0"], "speed must be above 0"),
        (["--bed", "3"], "--bed is of a story"),
        (["--scenario", "mild-itch", "--seed", "3"], "--seed is for a story of a ward; mild-itch"),
        (["--scenario", "mild-itch", "--no-truth"], "--no-truth is for a story of a ward"),
        (["--scenario", "three-at-once", "--bed", "3"], "--bed is for a story of a bed; three-at"),
        (["--scenario", "three-at-once", "--beds", "3"], "--beds is not together with --scenario"),
        (["--scenario", "three-at-once", "--speed", "0"], "speed 0.0: must be above 0"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: list[str], words: str) -> None:
    told = CliRunner().invoke(app, ["simulate", *options, "--config", str(ROOT / "config")])
    assert told.exit_code == 2
    assert words in " ".join(told.output.replace("│", " ").split())


def test_ids_are_those_of_one_telling() -> None:
    said = {
        "id": "act-1",
        "ref": "r",
        "session": "S-1",
        "alert": "al-9",
        "t": "2026-01-05T08:00:00Z",
        "values": [{"ch": "hr", "t": "2026-01-05T08:00:01Z"}],
    }
    found = json.loads(
        moved_payload(json.dumps(said).encode(), shift_ms=60_000, boot="b", ids="-1F")
    )
    assert (found["id"], found["ref"], found["session"]) == ("act-1-1F", "r-1F", "S-1-1F")
    assert found["alert"] == "al-9", "an alert is the monitor's own"
    assert found["t"] == "2026-01-05T08:01:00+00:00"
    assert found["values"][0]["t"] == "2026-01-05T08:01:01+00:00"
    plain = json.loads(moved_payload(json.dumps(said).encode(), shift_ms=0, boot="b"))
    assert plain["id"] == "act-1"
    assert moved_payload(b"[1]", shift_ms=1, boot="b", ids="-1F") == b"[1]"
    numbered = b'{"id": 3}'
    assert json.loads(moved_payload(numbered, shift_ms=1, boot="b", ids="-1F")) == {"id": 3}


def test_a_retained_copy_is_why_not_live() -> None:
    scenario = story("mild-itch").scenario
    (first, *others) = scenario.deliveries
    kept = replace(scenario, deliveries=(replace(first, retained=True), *others))
    assert "kept a message" in why_not_live(kept)
