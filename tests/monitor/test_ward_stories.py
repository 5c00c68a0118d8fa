"""Ward stories: read strictly, told in one process, and everything planted in them caught."""

import tomllib
from pathlib import Path

import pytest
from scenario_wards import CONFIG, real_ward

from monitor.__main__ import main
from monitor.demo import unjudged
from monitor.facts.effects import AlertChanged
from monitor.scenario.places import ScenarioError
from monitor.scenario.reading import scenario_of
from monitor.story_library import (
    StoryError,
    bed_files,
    is_ward_story,
    read_ward_story,
    tells_a_ward,
    ward_files,
    ward_story,
)
from monitor.ward_rehearsal import ward_rehearsal
from monitor.ward_stories import KEYS, WardStory, ward_story_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "scenarios" / "wards"
NAMES = [path.stem for path in sorted(FOLDER.glob("*.toml"))]

Capture = pytest.CaptureFixture[str]

FRAME = """
title = "t"
shows = "s"
lasts = "1:00"
beds = 4
"""


def read(text: str, *, frame: str = FRAME) -> WardStory:
    return ward_story_of(tomllib.loads(f"{frame}\n{text}"), "f.toml", name="f")


def faults(text: str, *, frame: str = FRAME) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as found:
        read(text, frame=frame)
    return found.value.faults


# ------------------------------------------------------------------------------- reading


def test_what_is_left_out_has_a_default() -> None:
    scenario = read("").scenario
    assert (scenario.seed, scenario.speed, scenario.cadence_s) == (1, 60.0, 5)
    assert (scenario.length_s, scenario.name) == (3600, "f")
    assert {plan.reaction for plan in scenario.beds} == {"uneventful"}


def test_everything_that_may_be_said_is_read() -> None:
    story = read("""
        speed = 2.5
        seed = 9
        every = "30 s"
        reactions = ["febrile@1:+8m", "lung-injury@3:+20m"]
        doses = ["1 g/kg@2"]
        equipment = ["cart@4", "titrating@1"]
        faults = ["drop=0.02", "silence@cart-04:+20m/10m"]
    """)
    scenario = story.scenario
    assert (scenario.seed, scenario.speed, scenario.cadence_s) == (9, 2.5, 30)
    assert [plan.reaction for plan in scenario.beds[::2]] == ["febrile", "lung-injury"]
    assert scenario.beds[1].dose_g_per_kg == 1.0
    assert scenario.beds[3].equipment.cart == "cart-04"
    assert [option.name for option in story.fault_options] == ["drop", "silence"]
    assert story.size == "4 beds, 2 reactions, 1:00 h"


def test_another_seed_is_another_person_with_the_same_reaction() -> None:
    values = tomllib.loads(f'{FRAME}\nseed = 3\nreactions = ["lung-injury@2:+5m"]')
    own, other, same = (
        ward_story_of(values, "f.toml", name="f", seed=seed).scenario for seed in (None, 4, 3)
    )
    assert own == same
    assert own.beds[1].case != other.beds[1].case
    assert own.beds[1].reaction_s == other.beds[1].reaction_s


@pytest.mark.parametrize(
    ("text", "frame", "words"),
    [
        ("", FRAME.replace('"t"', "3"), "file: title: must be text, got 3"),
        ("", FRAME.replace('shows = "s"', ""), "file: shows: must be text, got nothing"),
        ("", FRAME.replace("1:00", "60"), "file: lasts: must be 'h:mm' or 'h:mm:ss' since the"),
        ("", FRAME.replace("1:00", "0:00:59"), "and at least 0:01, got '0:00:59'"),
        ("", FRAME.replace("4", "0"), "beds: must be a whole number from 1 to 999, got 0"),
        ("", FRAME.replace("4", "1000"), "beds: must be a whole number from 1 to 999, got 1000"),
        ("", FRAME.replace("4", "true"), "beds: must be a whole number from 1 to 999, got True"),
        ("", FRAME.replace("beds = 4", ""), "beds: must be a whole number from 1 to 999, got no"),
        ("speed = 0", FRAME, "file: speed: must be a number from 1 to 1000, got 0"),
        ("speed = nan", FRAME, "speed: must be a number from 1 to 1000, got nan"),
        ("speed = '70'", FRAME, "speed: must be a number from 1 to 1000, got '70'"),
        ("seed = -1", FRAME, "file: seed: must be a whole number from 0 to 9223372036854775807"),
        ("every = '2 min'", FRAME, "every: must be a number and s, min or h, such as '30 s', from"),
        ("every = 5", FRAME, "file: every: must be text, got 5"),
        ("colour = 'red'", FRAME, "file: colour: unknown key; known here: beds, doses, equipment"),
        ("reactions = 'febrile@1:+8m'", FRAME, "reactions: must be a list of texts, got 'febrile"),
        ("reactions = [3]", FRAME, "file: reactions: must be a list of texts, got 3 in it"),
        ("reactions = ['febril@1:+8m']", FRAME, "reactions: reaction 'febril@1:+8m': 'febril' is"),
        ("reactions = ['febrile@5:+8m']", FRAME, "bed 5 is not one of 1 to 4"),
        ("reactions = ['febrile@1:+8m', 'febrile@1:+8m']", FRAME, "stands there twice"),
        ("reactions = ['febrile@1:+8m', 'anxiety@1:+9m']", FRAME, "bed 1 has two reactions; plant"),
        (
            "reactions = ['febrile@2:+40m']",
            FRAME,
            "begins at 0:50:05 and must be caught by 1:05:05, the story ends at 1:00",
        ),
        ("reactions = ['anxiety@2:+50m']", FRAME, "begins at 1:00:05, the story ends at 1:00"),
        ("doses = ['0.07@2']", FRAME, "file: doses: dose '0.07@2': write <amount> g/kg@<beds>"),
        ("doses = ['1 g/kg@2', '2 g/kg@2']", FRAME, "doses: dose '2 g/kg@2': bed 2 has another"),
        ("equipment = ['robot@1']", FRAME, "file: equipment: equipment 'robot@1': 'robot' is un"),
        ("faults = ['drop=2']", FRAME, "file: faults: fault 'drop=2': '2' is not a share from 0"),
        ("faults = ['storm@1:+2h']", FRAME, "fault 'storm@1:+2h': begins at 2:10, the story ends"),
        ("faults = ['silence@cart-01:+2m']", FRAME, "no cart cart-01: there is none"),
        (
            "equipment = ['cart@1']\nfaults = ['freeze@1:+2m']",
            FRAME,
            "file: faults: fault 'freeze': no device that stays at bed 01 measures",
        ),
    ],
)
def test_every_slip_is_told_with_its_place(text: str, frame: str, words: str) -> None:
    (fault,) = faults(text, frame=frame)
    assert words in fault


def test_all_faults_of_a_file_are_told_at_once() -> None:
    found = faults(
        'speed = 0\nreactions = ["febril@1:+8m", "febrile@9:+8m"]\ndoses = ["9 g/kg@1"]\n'
        'equipment = ["robot@1"]\nfaults = ["drop=x"]\nbed = 3',
        frame='title = "t"\nlasts = "soon"\nbeds = 4',
    )
    told = ["shows", "lasts", "speed", "reactions", "reactions", "doses", "equipment", "faults"]
    assert [one.split(": ")[1] for one in found] == [*told, "bed"]


# ------------------------------------------------------------------------- beds and wards


def test_every_file_is_of_the_kind_of_its_folder() -> None:
    assert [name for name, path in bed_files().items() if is_ward_story(path)] == []
    assert [name for name, path in ward_files().items() if not is_ward_story(path)] == []


@pytest.mark.parametrize(
    ("values", "is_ward"),
    [
        ({"title": "t", "beds": 3}, True),
        ({"title": "t", "lasts": "1:00", "reactions": [], "ends": "1:00"}, True),
        ({"title": "t", "ends": "1:00", "event": [], "beds": 3}, False),
        ({"title": "t", "shows": "s"}, False),
        ({}, False),
    ],
)
def test_a_slip_does_not_change_the_kind(values: dict[str, object], is_ward: bool) -> None:  # noqa: FBT001 - a column of the table
    assert tells_a_ward(values) == is_ward


def test_the_two_kinds_share_only_title_and_words() -> None:
    values = {"title": "t", "shows": "s", "ends": "1:00", "never": [{"grade": 4}], "x": 1}
    with pytest.raises(ScenarioError) as found:
        scenario_of(values, "f.toml")
    of_beds = set(found.value.faults[0].partition("known here: ")[2].split(", "))
    assert of_beds >= {"chart", "event", "ends"}
    assert of_beds & KEYS == {"title", "shows"}
    for key in of_beds - KEYS:
        assert not tells_a_ward({key: 1, "beds": 1}), f"{key} is known to be of a bed"


def test_a_story_of_a_bed_and_what_is_none_are_refused() -> None:
    with pytest.raises(StoryError, match=r"vasovagal-faint is a story of a bed, .* tells wards"):
        ward_story("vasovagal-faint")
    with pytest.raises(StoryError, match=r"eleven-chairs: no such file, and no story of the libr"):
        ward_story("eleven-chairs")


# ---------------------------------------------------------------------------- command line


def test_the_demonstration_lists_wards(capsys: Capture) -> None:
    assert main(["demo", "--scenario", "list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == NAMES


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scenario", "mild-itch"], "mild-itch is a story of a bed"),
        (["--scenario", "eleven-chairs"], "no story of the library; 'list' names them"),
        (["--seed", "-1"], "'--seed'"),
    ],
)
def test_what_the_demonstration_cannot_show_is_refused(
    options: list[str], words: str, capsys: Capture
) -> None:
    assert main(["demo", *options]) == 2
    assert words in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    "command", [["demo", "--scenario"], ["simulate", "--scenario"], ["check-rules"]]
)
def test_a_slip_in_a_file_is_a_bad_input(
    command: list[str], tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "slip.toml"
    path.write_text(f'{FRAME}\nreactions = ["febril@1:+8m"]\nsped = 3')
    assert main([*command, str(path), "--config", str(CONFIG)]) == 4
    told = capsys.readouterr().err
    assert f"{path}: file: reactions: reaction 'febril@1:+8m': 'febril' is unknown" in told
    assert f"{path}: file: sped: unknown key" in told


def short(tmp_path: Path, *more: str) -> Path:
    path = tmp_path / "short.toml"
    lines = ("title = 'Short'", "shows = 's'", "lasts = '0:25'", "beds = 2", *more)
    path.write_text("\n".join(lines))
    return path


def test_check_rules_judges_a_ward_and_records_it(tmp_path: Path, capsys: Capture) -> None:
    path = short(tmp_path, "reactions = ['anaphylaxis@2:+1m']")
    options = ["--config", str(CONFIG), "--record", str(tmp_path / "told")]
    assert main(["check-rules", str(path), *options]) == 0
    told = capsys.readouterr()
    assert f"{path}: as expected: Short (ward of 2 beds, 1 reaction, 0:25 h)" in told.out
    assert (tmp_path / "told" / "short.jsonl.gz").is_file()


def test_check_rules_says_what_a_ward_missed(tmp_path: Path, capsys: Capture) -> None:
    path = short(tmp_path, "reactions = ['anaphylaxis@2:+1m']", "faults = ['storm@2:+0m/1h']")
    assert main(["check-rules", str(path), "--config", str(CONFIG)]) == 1
    told = capsys.readouterr().out
    assert f"{path}: NOT as expected: Short" in told
    assert "0:11:05 to 0:19:05 bed 02: expected a physiological alert of grade 3 or more" in told


def test_a_drawn_reaction_is_told_but_not_judged(tmp_path: Path) -> None:
    story = read_ward_story(short(tmp_path, "reactions = ['infusion-flush@1:+1m']"))
    (line,) = unjudged(story.scenario)
    assert line.endswith("bed 01 infusion-flush.")
    assert unjudged(ward_story().scenario) == []
    found = ward_rehearsal(story, real_ward)
    assert (found.rows, found.differences) == (1, ())
    assert any(isinstance(one, AlertChanged) and one.bed == "01" for _, one in found.told)
