"""Ward stories live: shown and judged by the demonstration, and told to a broker."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from fakes import Listener

from monitor.__main__ import main
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import AlertChanged, MessageRejected
from monitor.study.cohort_ward import read_truth

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CONFIG: Final = CHECKOUT / "config"
DEADLINE_S: Final = 60.0

STORY: Final = """
title = "A probe comes off behind a rough network"
shows = "What the demonstration tells of a file."
lasts = "0:16"
speed = 60
beds = 2
reactions = ["probe-off@2:+1m"]
faults = ["duplicate=0.2", "delay=0.1"]
"""


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "probe.toml"
    path.write_text(STORY)
    return path


def test_the_demonstration_shows_and_judges_a_file(
    story: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = tmp_path / "kept"
    told = ["demo", "--scenario", str(story), "--config", str(CONFIG), "--keep", str(keep)]
    assert main([*told, "--seed", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[:3] == [
        "A probe comes off behind a rough network",
        "simulated ward of 2 beds at 60 times",
        "what breaks: duplicate=0.2, delay=0.1",
    ]
    assert any(line.startswith("  caught  bed 02  probe-off: technical, ") for line in lines)
    truths = read_truth(keep / "demo.truth.jsonl")
    assert [(one.bed, one.seed, sorted(one.faults)) for one in truths] == [
        ("01", 3, ["delay", "duplicate"]),
        ("02", 3, ["delay", "duplicate"]),
    ]


def test_a_ward_story_is_told_to_a_broker_with_its_truth(
    broker: LocalBroker, story: Path, tmp_path: Path
) -> None:
    unit, path = "ward-story", tmp_path / "ward.truth.jsonl"
    with Listener(broker.port, f"irm/v1/{unit}/#") as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "simulate", "--config", str(CONFIG)),
                *("--scenario", str(story), "--seed", "5", "--truth", str(path)),
                *("--broker", f"{HOST}:{broker.port}", "--unit", unit),
            ],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert listener.hears(
                lambda one: {"01", "02"} <= {name.split("/")[3] for name, _ in one.heard}
            )
            planned = [json.loads(line) for line in path.read_bytes().splitlines()]
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=DEADLINE_S) == 0
            assert process.stderr is not None
            said = process.stderr.read().splitlines()
        finally:
            process.kill()
            process.communicate()

    assert said[:2] == [
        "A probe comes off behind a rough network (ward of 2 beds, 1 reaction, 0:16 h)",
        "what breaks: duplicate=0.2, delay=0.1",
    ]
    assert said[2].endswith("messages published, ended before the end of the story")
    assert said[3] == f"what really happened: {path}"
    assert [(one["bed"], one["seed"], one["planned"]) for one in planned] == [
        ("01", 5, True),
        ("02", 5, True),
    ]
    assert not any(one.planned for one in read_truth(path))


def test_a_fast_ward_story_is_judged_by_a_monitor_beside(
    broker: LocalBroker, story: Path, tmp_path: Path
) -> None:
    journal = tmp_path / "story.journal"
    place = ("--broker", f"{HOST}:{broker.port}", "--unit", "ward-story-fast")
    command = ["simulate", "--config", str(CONFIG), "--scenario", str(story), *place]
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *command, "--speed", "60", "--journal", str(journal)],
        cwd=CHECKOUT,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        timeout=DEADLINE_S,
    )
    # What the monitor beside would write to its log is in its journal, and not in between.
    assert [line for line in done.stderr.splitlines() if " " not in line] == []
    with JournalReader.open(journal) as reader:
        effects = list(reader.effects())

    assert any(
        isinstance(one, AlertChanged) and (one.bed, one.kind) == ("02", "technical")
        for one in effects
    )
    assert not any(isinstance(one, MessageRejected) for one in effects)
    truths = read_truth(tmp_path / "story.truth.jsonl")
    assert [one.bed for one in truths] == ["01", "02"]
