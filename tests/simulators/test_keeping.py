"""A publisher's file keeps what no receipt has covered, over any end of the program."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from broker import eventually
from fakes import Listener
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import CHANNEL_NAMES, Channel
from monitor.adapters.broker import LocalBroker, free_port
from monitor.facts.records import DeviceBorn, DeviceReported, RawMessage, VitalsReported
from monitor.wire.messages import decode
from monitor.wire.outbound import AckPayload, encode_published
from simulators import keeping
from simulators.keeping import (
    AGAIN_AFTER_S,
    HISTORY_MS,
    Broker,
    Device,
    KeepingPublisher,
    Kept,
    KeptMessages,
    example_reading,
    now_ms,
    publish_beds,
)

ROOT = Path(__file__).resolve().parents[2]
DEVICE = Device(unit="infa", bed="1", name="mon-1", model="VS", serial="7", interval_s=5)


def numbers(kept: KeptMessages) -> list[tuple[str, str]]:
    """Return what waits of the two devices, in the order in which it was put."""
    found = [one for device in "ab" for one in kept.waiting(device, 0, 10_000)]
    return [(one.topic, one.payload.decode()) for one in sorted(found, key=lambda one: one.place)]


def test_it_can_be_copied_because_it_takes_nothing_of_this_program(tmp_path: Path) -> None:
    """The standard library and the MQTT client; the file alone, in an empty folder, starts."""
    source = Path(keeping.__file__)
    taken = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            taken |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            taken.add(node.module.partition(".")[0])
    assert taken - sys.stdlib_module_names == {"paho"}
    shutil.copy(source, tmp_path / "publisher.py")
    done = subprocess.run(
        [sys.executable, "publisher.py", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={key: text for key, text in os.environ.items() if key != "PYTHONPATH"},
    )
    assert (done.returncode, "--certificates" in done.stdout) == (0, True), done.stderr


def test_what_the_manual_shows_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a copy of the file; only the broker and its certificates are others."""
    manual = (ROOT / "docs" / "wire.md").read_text(encoding="utf-8")
    shown = manual.partition("## A publisher to copy")[2].partition("```python")[2]
    code = shown.partition("```")[0]
    monkeypatch.setitem(sys.modules, "keeping", keeping)
    monkeypatch.setattr(keeping, "Broker", lambda **_: Broker(port=free_port()))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own manual
    (one,) = names["kept"].waiting("mon-17", 0, 9)
    names["link"].close()
    names["kept"].close()
    raw = RawMessage(received_ms=now_ms(), topic=one.topic, payload=one.payload)
    read = decode(raw, position=0)
    assert isinstance(read, VitalsReported)
    assert [value.channel for value in read.values] == [Channel.HR, Channel.SPO2]
    assert (names["waiting"], names["number"]) == (1, 0)


def test_it_knows_every_channel_and_a_unit_of_it() -> None:
    values = dict.fromkeys(CHANNEL_NAMES, 36.5)
    at_ms = now_ms()
    payload = keeping.vitals(0, measured_ms=at_ms, boot="b", values=values)
    raw = RawMessage(received_ms=at_ms, topic="irm/v1/u/1/m/vitals", payload=payload)
    read = decode(raw, position=0)
    assert isinstance(read, VitalsReported)
    assert {value.channel for value in read.values} == set(Channel)


def test_what_it_says_is_what_the_monitor_reads(tmp_path: Path) -> None:
    kept = KeptMessages(tmp_path / "k", boot="b1")
    link = KeepingPublisher(kept, DEVICE, Broker(port=free_port()))
    at_ms = 1_795_000_000_123
    said = {
        "vitals": example_reading(60, measured_ms=at_ms, boot="b1"),
        "status": link._status("online"),
        "birth": link._birth(),
    }
    link.close()
    taken = {
        kind: decode(
            RawMessage(
                received_ms=at_ms if kind == "vitals" else now_ms(),
                topic=DEVICE.topic(kind),
                payload=payload,
            ),
            position=0,
        )
        for kind, payload in said.items()
    }
    vitals, status, birth = taken["vitals"], taken["status"], taken["birth"]
    assert isinstance(vitals, VitalsReported)
    assert (vitals.sequence, vitals.boot, vitals.bed) == (60, "b1", "1")
    assert {(one.channel, one.value_centi, one.measured_ms) for one in vitals.values} == {
        (Channel.SBP, 70_00, at_ms),
        (Channel.DBP, 40_00, at_ms),
        (Channel.HR, 130_00, at_ms),
        (Channel.SPO2, 97_00, at_ms),
    }
    assert isinstance(status, DeviceReported)
    assert status.online
    assert isinstance(birth, DeviceBorn)


def test_vitals_that_are_old_when_they_are_sent_go_as_history(tmp_path: Path) -> None:
    link = KeepingPublisher(KeptMessages(tmp_path / "k", boot="b"), DEVICE, Broker(port=1))
    old_ms, new_ms = now_ms() - HISTORY_MS - 1, now_ms()

    def sent(kind: str, measured_ms: int | None) -> str:
        return link._topic(Kept(1, DEVICE.topic(kind), b"", measured_ms)).rpartition("/")[2]

    assert sent("vitals", old_ms) == "backfill"
    assert sent("vitals", new_ms) == sent("vitals", None) == "vitals"
    assert sent("pump", old_ms) == "pump"
    link.close()


def test_a_store_that_is_full_drops_the_oldest_and_counts_it(tmp_path: Path) -> None:
    kept = KeptMessages(tmp_path / "k", boot="b", room=3)
    for number in range(5):
        kept.put("a", number, "t", str(number).encode())
    assert [one.payload for one in kept.waiting("a", 0, 9)] == [b"2", b"3", b"4"]
    assert (kept.dropped, kept.next_number("a")) == (2, 5)
    kept.cover("a", 3)
    kept.put("a", 5, "t", b"5")
    assert kept.dropped == 2


@settings(max_examples=20, deadline=None)
@given(acts=st.lists(st.tuples(st.sampled_from("ab"), st.integers(-1, 12)), max_size=30))
def test_a_message_waits_until_a_receipt_of_its_device_covers_it(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("kept") / "k"
    expected: list[tuple[str, int]] = []
    following = {"a": 0, "b": 0}
    for device, covered in acts:
        kept = KeptMessages(path, boot="another")
        assert kept.next_number(device) == following[device]
        if covered < 0:
            kept.put(device, following[device], device, str(following[device]).encode())
            expected.append((device, following[device]))
            following[device] += 1
        else:
            kept.cover(device, covered)
            expected = [one for one in expected if one[0] != device or one[1] > covered]
        assert numbers(kept) == [(name, str(number)) for name, number in expected]
        places = [one.place for one in kept.waiting("a", 0, 100)]
        after = places[0] if places else 0
        assert [one.place for one in kept.waiting("a", after, 100)] == places[1:]
        assert kept.count("a", after) == bool(places)


def test_the_boot_is_that_of_the_file(tmp_path: Path) -> None:
    assert KeptMessages(tmp_path / "k", boot="first").boot == "first"
    assert KeptMessages(tmp_path / "k", boot="second").boot == "first"


def test_what_was_put_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from simulators.keeping import KeptMessages\n"
        "kept = KeptMessages(Path(sys.argv[1]), boot='b')\n"
        "for n in range(20): kept.put('a', n, 't', b'x')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "k")],
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert ended.returncode == -signal.SIGKILL
    kept = KeptMessages(tmp_path / "k", boot="b")
    assert len(kept.waiting("a", 0, 100)) == kept.next_number("a") == 20


@pytest.mark.broker
def test_everything_is_sent_again_until_it_is_covered(tmp_path: Path) -> None:
    kept = KeptMessages(tmp_path / "k", boot="b1")
    name = "irm/v1/infa/1/mon-1/vitals"
    with LocalBroker() as broker, Listener(broker.port, name) as listener:
        link = KeepingPublisher(kept, DEVICE, Broker(port=broker.port))
        for number in range(3):
            kept.put("mon-1", number, name, example_reading(number, measured_ms=1, boot="b1"))

        def heard(times: int) -> bool:
            link.send()
            return sum(topic == name for topic, _ in listener.heard) >= times

        assert eventually(partial(heard, 3))
        link._news_s -= AGAIN_AFTER_S
        assert eventually(partial(heard, 6))
        payload = AckPayload(t="2026-11-24T10:00:00.000Z", boot="b1", seq=1)
        for boot in ("another", "b1"):
            told = encode_published(msgspec.structs.replace(payload, boot=boot))
            link._client.publish("irm/v1/infa/1/mon-1/ack", told, qos=1)
            link._client.publish("irm/v1/infa/1/mon-1/ack", b"garbage", qos=1)
        assert eventually(lambda: len(kept.waiting("mon-1", 0, 9)) == 1)
        assert link.send() == 1
        link.close()


@pytest.mark.broker
def test_the_example_ends_when_all_is_covered(tmp_path: Path) -> None:
    store = tmp_path / "k"
    with LocalBroker() as broker:
        before = KeptMessages(store, boot="b")
        before.put("mon-1", 0, "irm/v1/infa/1/mon-1/vitals", b"x")
        before.cover("mon-1", 0)
        where = ("--store", str(store), "--unit", "infa", "--port", str(broker.port))
        publish_beds([*where, "--beds", "1", "--readings", "1", "--every-ms", "1"])
    assert before.waiting("mon-1", 0, 9) == []


@pytest.mark.broker
def test_only_so_many_are_on_their_way_without_a_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.keeping.SENT_MAX", 5)
    monkeypatch.setattr("simulators.keeping.AGAIN_AFTER_S", 600.0)
    kept = KeptMessages(tmp_path / "k", boot="b1")
    name = "irm/v1/infa/1/mon-1/vitals"
    with LocalBroker() as broker, Listener(broker.port, name, "end") as listener:
        link = KeepingPublisher(kept, DEVICE, Broker(port=broker.port))
        for number in range(12):
            kept.put("mon-1", number, name, str(number).encode())

        def heard(words: str) -> bool:
            link.send()
            return (listener.heard or [("", "")])[-1][1] == words

        assert eventually(partial(heard, "4"))
        payload = AckPayload(t="2026-11-24T10:00:00.000Z", boot="b1", seq=1)
        link._client.publish("irm/v1/infa/1/mon-1/ack", encode_published(payload), qos=1)
        assert eventually(partial(heard, "6"))
        for _ in range(3):
            link.send()
        link._client.publish("end", b"end", qos=1)
        assert eventually(partial(heard, "end"))
        assert [words for topic, words in listener.heard if topic == name] == list("0123456")
        link.close()
