"""The program is killed while messages flow: nothing is lost, nothing is said twice.

A real process, the real ward, a real broker and other people's clients. ``kill -9`` gives the
monitor no chance to do anything; what it had acknowledged must be in the journal, and what it
had not must come again. The ledger in the end must be the one of a monitor that never died.
"""

import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from broker import DEADLINE_S, eventually, publish
from fakes import Listener, now_ms
from paho.mqtt.enums import CallbackAPIVersion

from detectors.channels import Channel
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.adapters.ledger import effect_bytes
from monitor.facts.effects import AlertChanged
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.announcements import alert_topic, is_over
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIG = CHECKOUT / "config"
UNIT = load_settings(CONFIG).site.unit
STATUS = f"irm/v1/{UNIT}/_/monitor/status"
ACKS = f"irm/v1/{UNIT}/+/+/ack"
ALERTS = f"irm/v1/{UNIT}/+/_/alert/+"
OWN = f"irm/v1/{UNIT}/_/_/alert/"
BEDS = ("1", "2", "3", "4", "5", "6")
READINGS = 500
KILLS = 5


def started(broker: LocalBroker, journal: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "monitor", "live"),
            *("--config", str(CONFIG)),
            *("--broker", f"{broker.host}:{broker.port}"),
            *("--journal", str(journal)),
        ],
        cwd=CHECKOUT,
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def monitor(broker: LocalBroker, journal: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a monitor process that is stopped in order at the end."""
    process = started(broker, journal)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def kept(journal: Path) -> int:
    """Return how many messages are in the journal, while it is written or not."""
    # Asked a hundred times a second, so it must cost next to nothing.
    with contextlib.suppress(sqlite3.Error):
        uri = journal.resolve().as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("SELECT coalesce(max(n), 0) FROM inbox").fetchone()[0])
    return 0


def has_kept(journal: Path, messages: int) -> bool:
    return kept(journal) >= messages


def opening(bed: str) -> str:
    return encode(
        SessionPayload(
            id=f"S-{bed}",
            t=stamp(now_ms()),
            by="ka",
            event="open",
            subject=f"PX-{bed}",
            product="test",
        )
    ).decode()


def reading(bed: str, sequence: int) -> bytes:
    """Return one set of vitals; from the middle of the run on half of the beds are in trouble."""
    is_low = int(bed) % 2 == 0 and sequence >= READINGS // 2
    return encode_vitals(
        sequence=sequence,
        measured_ms=now_ms(),
        values_centi={
            Channel.SBP: 70_00 if is_low else 125_00,
            Channel.DBP: 40_00 if is_low else 75_00,
            Channel.HR: 130_00 if is_low else 72_00,
            Channel.SPO2: 97_00,
        },
        boot="b1",
    )


def publish_all(broker: LocalBroker) -> None:
    """Publish all readings as devices would, but as fast as the broker confirms them."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for sequence in range(READINGS):
        for bed in BEDS:
            name = f"irm/v1/{UNIT}/{bed}/mon-{bed}/vitals"
            told = client.publish(name, reading(bed, sequence), qos=1)
        told.wait_for_publish(DEADLINE_S)
    client.disconnect()
    client.loop_stop()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_monitor_that_is_killed_again_and_again_loses_and_doubles_nothing(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)  # noqa: S311 - chance that repeats
    journal = tmp_path / "journal"
    expected = READINGS * len(BEDS)
    marks = sorted(rng.sample(range(expected * 9 // 10), KILLS))
    with LocalBroker() as broker, Listener(broker.port, STATUS, ALERTS, ACKS) as listener:
        process = started(broker, journal)
        try:
            # From now on the broker keeps messages for it, whatever becomes of it.
            assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
            for bed in BEDS:
                name = f"irm/v1/{UNIT}/{bed}/tab-{bed}/session"
                publish(broker.port, "-t", name, "-q", "1", "-m", opening(bed))
            devices = threading.Thread(target=publish_all, args=(broker,))
            devices.start()
            for mark in marks:
                assert eventually(partial(has_kept, journal, mark), deadline_s=60)
                process.kill()
                assert process.wait() == -signal.SIGKILL
                process = started(broker, journal)
            devices.join()
            assert eventually(partial(has_kept, journal, expected + len(BEDS)), deadline_s=120)
            assert eventually(lambda: readings_kept(journal) == expected, deadline_s=120)
            assert listener.hears(lambda one: f'-{process.pid:x}"' in one.standing[STATUS])
            # What has come in has been decided, too: the last step of a flood is a long one.
            assert listener.hears(all_is_covered, deadline_s=120)
            process.terminate()
            assert process.wait(timeout=5) == 0
        finally:
            process.kill()
            process.wait()
        check_ledger(journal)
        standing = {
            alert_topic(UNIT, one.bed, one.id)
            for one in final_alerts(journal).values()
            if not is_over(one.condition, one.signal)
        }
        assert standing
        # On a slow machine a restart may take long enough for an alert of the monitor itself.
        assert listener.hears(
            lambda one: (
                {name for name in one.standing if "/alert/" in name and not name.startswith(OWN)}
                == standing
            )
        )


def all_is_covered(listener: Listener) -> bool:
    """Tell whether every device has the receipt of its last reading."""
    receipts = (listener.standing.get(ack_topic(bed)) for bed in BEDS)
    return all(one and json.loads(one)["seq"] == READINGS - 1 for one in receipts)


def ack_topic(bed: str) -> str:
    return f"irm/v1/{UNIT}/{bed}/mon-{bed}/ack"


def readings_kept(journal: Path) -> int:
    """Return how many different vitals messages are in the journal."""
    with contextlib.closing(sqlite3.connect(journal)) as connection:
        query = "SELECT count(DISTINCT topic || payload) FROM inbox WHERE topic LIKE '%/vitals'"
        return int(connection.execute(query).fetchone()[0])


def final_alerts(journal: Path) -> dict[str, AlertChanged]:
    with JournalReader.open(journal) as reader:
        return {one.id: one for one in reader.effects() if isinstance(one, AlertChanged)}


def check_ledger(journal: Path) -> None:
    """The ledger is whole, says nothing twice, and is what one uninterrupted ward decides."""
    with JournalReader.open(journal) as reader:
        assert reader.verify().faults == ()
        bodies = [row.body for row in reader.ledger()]
        steps = list(reader.steps())
        told = Counter(
            (one.id, one.revision) for one in reader.effects() if isinstance(one, AlertChanged)
        )
    assert [step.now_ms for step in steps] == sorted(step.now_ms for step in steps)
    assert set(told.values()) == {1}
    assert {bed for bed in BEDS if int(bed) % 2 == 0} <= {
        one.bed for one in final_alerts(journal).values() if one.kind == "physiological"
    }
    ward = Ward(load_settings(CONFIG).ward, unit=UNIT)
    again = [effect_bytes(one) for _, effects in replay(steps, ward) for one in effects]
    assert again == bodies


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_monitor_that_is_told_to_leave_says_so_and_leaves_soon(
    number: signal.Signals, tmp_path: Path
) -> None:
    with (
        LocalBroker() as broker,
        Listener(broker.port, STATUS) as listener,
        monitor(broker, tmp_path / "journal") as process,
    ):
        assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
        process.send_signal(number)
        assert process.wait(timeout=5) == (0 if number == signal.SIGTERM else 130)
        assert listener.hears(lambda one: '"stopped"' in one.standing[STATUS])


def test_a_monitor_that_is_killed_is_reported_lost_by_its_last_will(tmp_path: Path) -> None:
    with (
        LocalBroker() as broker,
        Listener(broker.port, STATUS) as listener,
        monitor(broker, tmp_path / "journal") as process,
    ):
        assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
        process.kill()
        assert listener.hears(lambda one: '"lost"' in one.standing[STATUS])


def test_a_monitor_leaves_soon_also_when_the_broker_has_gone(tmp_path: Path) -> None:
    with LocalBroker() as broker, monitor(broker, tmp_path / "journal") as process:
        with Listener(broker.port, STATUS) as listener:
            assert listener.hears(lambda one: '"online"' in one.standing.get(STATUS, ""))
        broker.kill()
        process.terminate()
        assert process.wait(timeout=5) == 0
