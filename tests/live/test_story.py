"""Stories of the library told live: as devices and a station would, to a monitor that listens."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest
from broker import eventually
from fakes import Listener

from monitor import story_telling
from monitor.__main__ import main
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import ActRecorded, AlertChanged, MessageRejected
from monitor.retell import Retelling, monitor_beside
from monitor.settings.settings import load_settings
from monitor.story_telling import Stage, story, tell_story

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CONFIG: Final = CHECKOUT / "config"
DEADLINE_S: Final = 30.0
SPEED: Final = 60.0

STORY: Final = """
title = "Hives are seen and answered"
shows = "A station answers the call."
ends = "0:01:30"

[session]
subject = "PX-290"
product = "gammaplex-10-pi"
weight = "70 kg"
age_years = 50
devices = ["mon-1"]

[[chart]]
device = "mon-1"
every = "15 s"
rows = '''
time     hr  sbp  dbp  spo2  rr
0:00:05  78  122  80   98    15
'''

[[event]]
at = "0:00:20"
symptom = "hives"

[[event]]
at = "0:00:50"
act = "ack"
alert = "reaction"

[[expect]]
at = "0:01"
alert = "reaction"
signal = "acknowledged"
"""


@pytest.fixture(scope="module")
def told_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stories") / "answered.toml"
    path.write_text(STORY)
    return path


def test_a_story_is_told_twice_and_each_time_its_call_is_answered(
    broker: LocalBroker, tmp_path: Path, told_file: Path
) -> None:
    unit, journal = "story-told", tmp_path / "ward.journal"
    access = Access(host=HOST, port=broker.port, client_id=f"irm-story-{unit}")
    clock = AcceleratedClock(speed=SPEED, start_ms=SteadyClock().now_ms())
    beside = Retelling(paths=(), access=access, unit=unit, speed=SPEED)
    found = []
    with monitor_beside(load_settings(CONFIG), beside, clock, journal, "test") as ended:
        for bed in ("7", "8"):
            stage = Stage(access=access, unit=unit, bed=bed, speed=SPEED)
            found.append(tell_story(story(str(told_file)), stage, ended, clock))

        def answers() -> list[ActRecorded]:
            with JournalReader.open(journal) as reader:
                return [one for one in reader.effects() if isinstance(one, ActRecorded)]

        assert eventually(
            lambda: sum(one.act == "ack" for one in answers()) == 2, deadline_s=DEADLINE_S
        )
    assert all(one.is_complete and not one.untold for one in found)
    with JournalReader.open(journal) as reader:
        effects = list(reader.effects())
    assert not any(isinstance(one, MessageRejected) for one in effects)
    answered = [one for one in effects if isinstance(one, ActRecorded) and one.act == "ack"]
    assert [(one.bed, one.refused) for one in answered] == [("7", ""), ("8", "")]
    told = {one.id: one for one in effects if isinstance(one, AlertChanged)}
    calls = [told[one.alert] for one in answered]
    assert [(one.bed, one.cause, one.signal) for one in calls] == [
        ("7", "reaction", "acknowledged"),
        ("8", "reaction", "acknowledged"),
    ]
    assert len({one.session for one in calls}) == 2


def test_without_a_monitor_an_answer_is_not_told_and_that_is_said(
    broker: LocalBroker, told_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = "story-alone"
    monkeypatch.setattr(story_telling, "HEARD_WITHIN_S", 0.1)
    access = Access(host=HOST, port=broker.port, client_id=f"irm-story-{unit}")
    with Listener(broker.port, f"irm/v1/{unit}/#") as listener:
        stage = Stage(access=access, unit=unit, speed=SPEED)
        told = tell_story(story(str(told_file)), stage, threading.Event())
        assert listener.hears(lambda one: len(one.heard) == told.messages)
        kinds = [name.split("/")[3:] for name, _ in listener.heard]

    (untold,) = told.untold
    assert untold.startswith("0:00:50 bed 1: ack was not told, because no monitor of story-alone")
    assert untold.endswith(" has told an alert reaction")
    assert kinds[0] == ["1", "tablet-1", "session"]
    assert {tuple(one) for one in kinds[1:]} == {("1", "mon-1", "vitals"), ("1", "tablet-1", "obs")}


def test_who_ends_the_command_ends_the_story(broker: LocalBroker) -> None:
    unit = "story-ended"
    with Listener(broker.port, f"irm/v1/{unit}/#") as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "simulate", "--config", str(CONFIG)),
                *("--scenario", "vasovagal-faint", "--bed", "3"),
                *("--broker", f"{HOST}:{broker.port}", "--unit", unit),
            ],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert listener.hears(
                lambda one: any(name.endswith("/vitals") for name, _ in one.heard)
            )
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=DEADLINE_S) == 0
            assert process.stderr is not None
            said = process.stderr.read()
        finally:
            process.kill()
            process.communicate()
        name, opening = listener.heard[0]

    assert name == f"irm/v1/{unit}/3/tablet-1/session"
    assert json.loads(opening)["event"] == "open"
    assert said.startswith("A faint is not anaphylaxis (")
    assert "ended before the end of the story" in said


def test_a_broker_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["simulate", "--scenario", "vasovagal-faint", "--config", str(CONFIG)]
    assert main([*given, "--broker", f"{HOST}:1"]) != 0
    assert "cannot connect" in capsys.readouterr().err
