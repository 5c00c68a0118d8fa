"""A live ward with known truth: told to a broker, journalled, exported, and scored.

The monitor and the devices share a fast clock, as in the demonstration. A ward that is told at
the speed of time is ended by a signal long before anything happens in it.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from broker import eventually
from fakes import Listener

from monitor.__main__ import main
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.demo import JOURNAL, Stage
from monitor.facts.effects import AlertChanged, SessionChanged
from monitor.settings.settings import load_settings
from monitor.study.cohort_ward import read_truth
from monitor.truth_file import TruthFile
from simulators.scenario import reaction_option, ward_scenario

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT: Final = Path(__file__).resolve().parents[2]
CONFIG: Final = CHECKOUT / "config"
DEADLINE_S: Final = 30.0


def test_a_live_ward_is_scored_against_its_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = TruthFile(tmp_path / "night" / "ward.truth.jsonl")
    ward = ward_scenario(
        beds=2,
        reactions=[reaction_option("anaphylaxis@1:+0m", beds=2)],
        length_s=17 * 60,
        speed=200.0,
    )
    with LocalBroker() as broker:
        stage = Stage(load_settings(CONFIG), ward, truth=told)
        with stage.play(broker, tmp_path):
            # The plan is written before the first message.
            assert eventually(told.path.exists, deadline_s=DEADLINE_S)
            assert stage.told.wait(DEADLINE_S)
            assert stage.fault is None
    truths = read_truth(told.path)
    with JournalReader.open(tmp_path / JOURNAL) as reader:
        effects = list(reader.effects())
    opened = {
        (one.bed, one.session, one.subject)
        for one in effects
        if isinstance(one, SessionChanged) and not one.refused
    }
    assert {(one.bed, one.session, one.subject) for one in truths} == opened
    assert {one.bed: len(one.events) for one in truths} == {"01": 1, "02": 0}

    recording = told.path.with_name("ward.jsonl.gz")
    assert main(["export", str(tmp_path / JOURNAL), str(recording)]) == 0
    capsys.readouterr()
    folder = [str(told.path.parent), "--config", str(CONFIG)]
    assert main(["score", "cohort", *folder, "--json"]) == 0
    scored = json.loads(capsys.readouterr().out)
    first = next(
        one
        for one in effects
        if isinstance(one, AlertChanged) and one.kind == "physiological" and one.bed == "01"
    )
    onset_ms = next(one.events[0].onset_ms for one in truths if one.events)

    assert (scored["sessions"], scored["events"], scored["quiet_sessions"]) == (2, 1, 1)
    assert scored["patterns"][0]["found"] == 1.0
    # What is scored is what was told live, at the time at which it was told.
    minutes = scored["patterns"][0]["minutes_to_alert"]
    assert minutes == pytest.approx((first.at_ms - onset_ms) / 60_000, abs=0.01)


def test_who_ends_a_live_ward_gets_the_truth_as_far_as_it_was_told(
    broker: LocalBroker, tmp_path: Path
) -> None:
    unit, path = "truth-ended", tmp_path / "ward.truth.jsonl"
    options = ["--unit", unit, "--beds", "2", "--reaction", "anaphylaxis@1:+20m", "--minutes", "60"]
    with Listener(broker.port, f"irm/v1/{unit}/#") as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "monitor", "simulate", "--config", str(CONFIG)),
                *("--broker", f"{HOST}:{broker.port}", "--truth", str(path), *options),
            ],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert listener.hears(
                lambda one: any(name == f"irm/v1/{unit}/01/tab-01/session" for name, _ in one.heard)
            )
            planned = [json.loads(line) for line in path.read_bytes().splitlines()]
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=DEADLINE_S) == 0
        finally:
            process.kill()
            process.communicate()
        last = {name: text for name, text in listener.heard if name.endswith("/status")}
    truths = read_truth(path)

    assert [(one["bed"], one["planned"], len(one.get("events", ()))) for one in planned] == [
        ("01", True, 1),
        ("02", True, 0),
    ]
    assert truths[0].session == planned[0]["session"]
    assert not any(one.events for one in truths)
    assert all(one.start_ms == one.end_ms < planned[0]["start_ms"] for one in truths)
    assert len(last) == 6
    assert all('"offline"' in text for text in last.values())
