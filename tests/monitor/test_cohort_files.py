"""Cohorts on disk: the files, the same bytes for the same seed, and what is refused."""

import hashlib
import io
from pathlib import Path

import msgspec
import pytest

from monitor.__main__ import main
from monitor.adapters.recording import InputFileError, open_recording, read_recording
from monitor.cohort_files import mix_of, write_cohort
from monitor.commands import software
from monitor.engines.local import SerialEngine
from monitor.facts.truth import TrueSession
from simulators.cohorts import DEFAULT_MIX, Cohort

COHORT = Cohort(sessions=7, beds_per_file=4, hours=0.6, seed=9)


def written(directory: Path) -> tuple[str, str]:
    """Write the cohort; return its digest and the words on standard error."""
    err = io.StringIO()
    made = write_cohort(COHORT, directory, engine=SerialEngine(), software=software(), err=err)
    assert made.sessions == 7
    return made.digest, err.getvalue()


def bytes_of(directory: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
    }


def test_a_cohort_is_a_recording_and_a_truth_for_every_ward(tmp_path: Path) -> None:
    _, words = written(tmp_path)

    assert sorted(bytes_of(tmp_path)) == [
        "ward-0001.jsonl.gz",
        "ward-0001.truth.jsonl",
        "ward-0002.jsonl.gz",
        "ward-0002.truth.jsonl",
    ]
    assert words.endswith("2/2 wards, 0 s left\n")
    for name, beds in (("ward-0001", 4), ("ward-0002", 3)):
        recording = tmp_path / f"{name}.jsonl.gz"
        assert open_recording(recording).unit == name
        topics = {m.topic.split("/")[3] for s in read_recording(recording) for m in s.messages}
        lines = (tmp_path / f"{name}.truth.jsonl").read_bytes().splitlines()
        truths = [msgspec.json.decode(line, type=TrueSession) for line in lines]
        assert {truth.bed for truth in truths} == topics
        assert len(truths) == beds


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, _ = written(tmp_path / "one")
    second, _ = written(tmp_path / "two")

    assert first == second
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_the_command_makes_the_same_as_the_function(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest, _ = written(tmp_path / "one")
    words = ["simulate", "--to", str(tmp_path / "two"), "--sessions", "7", "--beds-per-file", "4"]
    code = main([*words, "--hours", "0.6", "--seed", "9", "--jobs", "1", "--json"])

    assert code == 0
    assert msgspec.json.decode(capsys.readouterr().out)["digest"] == digest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--nurse", "sleeps"], "--nurse sleeps: one of follows, delays, ignores"),
        (["--sessions", "0"], "0 sessions, must be at least 1"),
        (["--sessions", "3", "--faults", "freeze@9:+5m"], "bed 9 is not one of 1 to 3"),
        (["--sessions", "3", "--equipment", "cart@9"], "bed 9 is not one of 1 to 3"),
    ],
)
def test_options_that_cannot_be_are_refused(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--to", str(tmp_path / "x"), *words]) == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_folder_that_holds_something_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest, _ = written(tmp_path)
    words = ["simulate", "--to", str(tmp_path), "--sessions", "4", "--beds-per-file", "4"]

    assert main([*words, "--hours", "0.6", "--jobs", "1"]) == 4

    told = capsys.readouterr().err
    assert f"{tmp_path}: holds ward-0002.jsonl.gz of something else" in told
    assert written(tmp_path)[0] == digest  # the same cohort may be written again


def test_a_mix_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mix.toml"
    path.write_text("child_share = 0.5\n[reactions]\nfebrile = 0.2\n[habits]\nsleep = 1\n")
    mix = mix_of(str(path))

    assert mix.reactions == {"febrile": 0.2}
    assert mix.child_share == 0.5
    assert mix.habits.sleep == 1
    assert mix_of("default") is DEFAULT_MIX


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("child_share = [", "cannot be read as TOML"),
        ("wizards = 0.1", "wizards: needs a number from 0"),
        ("[habits]\nsleep = -1", "habits.sleep: needs a number from 0"),
        ("[reactions]\nmeasles = 0.1", "reactions.measles: needs a number"),
        ("[reactions]\nfebrile = 'often'", "reactions.febrile: needs a number"),
        ("[reactions]\nfebrile = 1.5", "febrile = 1.5, must be a share"),
    ],
)
def test_a_bad_mix_is_refused_with_its_file(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mix.toml"
    path.write_text(text)

    with pytest.raises(InputFileError, match=f"mix.toml: .*{told}"):
        mix_of(str(path))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "DIR", "--reaction", "anaphylaxis@1:+5m"], "--reaction is of a ward on a broker"),
        (["--to", "DIR", "--beds", "12"], "--beds is of a ward on a broker"),
        (["--to", "DIR", "--speed", "2"], "--speed is of a ward on a broker"),
        (["--to", "DIR", "--minutes", "5"], "--minutes is of a ward on a broker"),
        (["--nurse", "delays"], "--nurse is of a cohort"),
        (["--mix", "default"], "--mix is of a cohort"),
        (["--hours", "4"], "--hours is of a cohort"),
        (["--sessions", "5"], "--sessions is of a cohort"),
        (["--json"], "--json is of a cohort"),
    ],
)
def test_an_option_of_the_other_half_is_refused(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(tmp_path / "x") if word == "DIR" else word for word in words]

    assert main(["simulate", *given]) == 2
    assert told in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "x").exists()
