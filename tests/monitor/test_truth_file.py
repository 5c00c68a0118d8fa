"""Files of truth: whole or not at all, refused while they are a plan, kept apart by session."""

import shutil
from pathlib import Path

import pytest
from ward_builders import ms, session, vitals

from monitor.__main__ import main
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.recording import FORMAT, Header, InputFileError, write_recording
from monitor.facts.records import RecordedStep
from monitor.facts.truth import TrueSession
from monitor.study.cohort_ward import Ear, Room, read_truth
from monitor.truth_file import TruthFile
from simulators.chairs import chair
from simulators.recording import STARTED_MS
from simulators.scenario import ward_scenario
from simulators.ward_truths import planned_truths

CONFIG = Path(__file__).resolve().parents[2] / "config"
TRUTH = TrueSession(bed="1", session="S-1", start_ms=1, end_ms=2, subject="PX-1")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = TruthFile(tmp_path / "deep" / "ward.truth.jsonl")
    assert not file.path.exists()
    file.write([TRUTH, TRUTH])
    file.write([TRUTH])

    assert read_truth(file.path) == [TRUTH]
    assert [one.name for one in file.path.parent.iterdir()] == ["ward.truth.jsonl"]


def test_a_refusing_disk_leaves_what_the_file_held(tmp_path: Path) -> None:
    file = TruthFile(tmp_path / "ward.truth.jsonl")
    file.write([TRUTH])
    (tmp_path / "ward.truth.jsonl.part").mkdir()

    with pytest.raises(OSError, match=r"ward\.truth\.jsonl\.part"):
        file.write([])
    assert read_truth(file.path) == [TRUTH]


def test_a_place_that_takes_no_file_is_known_before_the_ward_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        TruthFile(tmp_path / "file" / "ward.truth.jsonl")


def test_a_plan_is_no_truth_to_score_against(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ward = ward_scenario(beds=2, length_s=900)
    chairs = [chair(plan, ward, unit="inf-a", started_ms=STARTED_MS) for plan in ward.beds]
    file = TruthFile(tmp_path / "ward.truth.jsonl")
    file.write(planned_truths(chairs))
    write_recording(
        tmp_path / "ward.jsonl.gz",
        [RecordedStep(now_ms=STARTED_MS, messages=())],
        header=Header(format=FORMAT, unit="inf-a"),
    )

    with pytest.raises(InputFileError, match=r"ward\.truth\.jsonl:1: is a plan"):
        read_truth(file.path)
    assert main(["score", "cohort", str(tmp_path), "--config", str(CONFIG)]) == 1
    assert "is a plan" in capsys.readouterr().err


def test_what_was_told_of_another_session_at_a_bed_is_not_counted() -> None:
    """A journal may hold the nights before, and what nobody has planted."""
    first, second = (
        Ear(TrueSession(bed="1", session=name, start_ms=start_ms, end_ms=start_ms + 1))
        for name, start_ms in (("S-1", ms(100)), ("S-2", ms(900)))
    )
    room = Room([second, first])

    assert room.ear_of(vitals(0, hr=72)) is first
    assert room.ear_of(vitals(0, bed="2", hr=72)) is None
    assert room.ear_of(session(500, "open", id="S-9")) is None
    assert room.ear_of(vitals(510, hr=72)) is None
    assert room.ear_of(session(800, "open", id="S-2")) is second
    assert room.ear_of(vitals(810, hr=72)) is second
    assert room.listening("1", "S-1") is first
    assert room.listening("1", "S-9") is None
    assert room.listening("1", "") is second
    assert room.listening("2", "") is None


@pytest.mark.broker
def test_without_a_word_the_truth_is_in_the_data_directory(
    broker: LocalBroker, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    shutil.copytree(CONFIG, config)
    ward = ["--beds", "1", "--minutes", "1", "--speed", "600", "--unit", "truth-here"]
    asked = ["simulate", "--config", str(config), "--broker", f"{HOST}:{broker.port}", *ward]
    assert main(asked) == 0
    (path,) = (tmp_path / "var").iterdir()

    assert path.name.startswith("truth-here-")
    assert path.name.endswith(".truth.jsonl")
    assert [one.bed for one in read_truth(path)] == ["01"]
    assert main([*asked, "--no-truth"]) == 0
    assert list((tmp_path / "var").iterdir()) == [path]


@pytest.mark.parametrize("other", [["--no-truth"], ["--to", "folder"]])
def test_a_truth_that_goes_nowhere_is_refused(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", "--truth", "x.jsonl", *other]) == 2
    assert "not together with" in capsys.readouterr().err
