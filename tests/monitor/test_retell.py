"""Retelling: recorded messages on a real broker, judged by a live monitor behind it."""

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from broker import received
from replay_wards import T0

from monitor.__main__ import main
from monitor.adapters.access import Access, LinkError
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.adapters.recording import Recording, Remarks
from monitor.adapters.retelling import Telling, retold
from monitor.adapters.sources import open_source
from monitor.adapters.teller import Teller
from monitor.facts.effects import AlertChanged
from monitor.facts.records import RawMessage, RecordedStep
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
RECORDING = ROOT / "tests" / "replay" / "recordings" / "by-hand.jsonl"
START_MS = T0 + 3_600_000
TELLING = Telling(unit="inf-r", start_ms=START_MS, boot="replay-1")


def message(kind: str, payload: bytes, *, after_ms: int = 0) -> RawMessage:
    return RawMessage(
        received_ms=T0 + after_ms, topic=f"irm/v1/inf-a/17/mon/{kind}", payload=payload
    )


def told(*messages: RawMessage) -> list[RawMessage]:
    step = RecordedStep(now_ms=messages[-1].received_ms, messages=messages)
    return list(retold(Recording(name="r", unit="inf-a", steps=[step]), TELLING))


def test_times_are_moved_together_and_a_boot_says_that_numbers_begin_anew() -> None:
    first, second = told(
        message("vitals", b'{"seq":7,"t":"2026-11-24T09:59:58Z","values":[{"ch":"hr","v":70}]}'),
        message("status", b'{"state":"online","t":"2026-11-24T10:00:00Z","boot":"b1"}', after_ms=5),
    )

    assert (first.received_ms, second.received_ms) == (START_MS, START_MS + 5)
    assert first.topic == "irm/v1/inf-r/17/mon/vitals"
    assert msgspec.json.decode(first.payload) == {
        "seq": 7,
        "t": "2026-11-24T10:59:58+00:00",
        "values": [{"ch": "hr", "v": 70}],
        "boot": "replay-1",
    }
    assert msgspec.json.decode(second.payload)["boot"] == "replay-1 b1"


@pytest.mark.parametrize(
    "payload", [b"\xff", b"[1]", b"{", b'{"t":5}', b'{"t":"noon"}', b'{"t":"2026-11-24T10:00:00"}']
)
def test_what_cannot_be_moved_goes_as_it_is(payload: bytes) -> None:
    (only,) = told(message("vitals", payload))

    assert only.payload == payload


def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"broker 127\.0\.0\.1:1: cannot connect"):
        Teller(Access(host="127.0.0.1", port=1, client_id="x")).connect()
    command = ["replay", str(RECORDING), "--config", str(CONFIG), "--into", "127.0.0.1:1"]
    assert main([*command, "--journal", str(tmp_path / "j")]) == 3


@pytest.mark.broker
def test_a_live_monitor_at_speed_tells_what_the_replay_tells(
    broker: LocalBroker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = tmp_path / "told.journal"
    (recording,) = open_source(RECORDING, Remarks())
    ward = Ward(load_settings(CONFIG).ward, unit=recording.unit)
    steps = list(recording.steps)
    expected = [effect for _, effects in replay(steps, ward) for effect in effects]
    seconds = (steps[-1].now_ms - steps[0].now_ms) / 1000

    code = main(
        [
            *("replay", str(RECORDING), "--config", str(CONFIG), "--unit", "inf-told"),
            *("--into", f"127.0.0.1:{broker.port}", "--journal", str(journal)),
            *("--speed", str(seconds / 2)),
        ]
    )

    assert code == 0
    messages = sum(len(step.messages) for step in steps)
    assert f"1 recordings, {messages} messages told" in capsys.readouterr().err
    with JournalReader.open(journal) as reader:
        effects = list(reader.effects())
    assert peaks(effects) == peaks(expected) != {}


def peaks(effects: Sequence[object]) -> dict[str, int]:
    """Return the highest grade of every reaction alert by its picture."""
    found: dict[str, int] = {}
    for effect in effects:
        if isinstance(effect, AlertChanged) and effect.kind == "physiological":
            found[effect.cause] = max(found.get(effect.cause, 0), effect.grade)
    return found


@pytest.mark.broker
def test_devices_that_were_online_say_that_they_are_off(broker: LocalBroker) -> None:
    teller = Teller(Access(host="127.0.0.1", port=broker.port, client_id="x"))
    teller.connect()
    messages = told(
        message("status", b'{"state":"online","t":"2026-11-24T10:00:00Z","boot":"b1"}'),
        message("status", b"junk"),
    )
    for one in messages:
        teller.tell(one)
    teller.finish(START_MS + 1000)

    said = received(broker.port, "-t", "irm/v1/inf-r/17/mon/status", "-C", "1")
    assert '"offline"' in said
    assert '"replay-1 b1"' in said
    assert teller.told == len(messages)
    assert threading.active_count() >= 1
