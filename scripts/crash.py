"""The crash matrix: kill -9 of publisher, broker and monitor at random points, again and again.

Real processes, the shipped configuration, a real broker. After every kill what died is started
again, and the journal is looked into while it is written:

* every reading that the monitor has acknowledged is in it;
* its ledger verifies;
* no revision of an alert stands in it twice.

In the end nothing is missing: every reading of every device is there, the ledger is what one
ward decides that never died, a ward that is brought back from the last snapshot equals that
one, and the broker shows exactly the alerts that stand.

``make crash KILLS=200`` runs the long form; the seed repeats victims and waits, not the races.
"""

import argparse
import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from monitor.adapters.broker import LocalBroker, free_port
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.ledger import effect_bytes
from monitor.adapters.program import program_name
from monitor.adapters.resumption import Memory, resume
from monitor.commands import software
from monitor.facts.effects import AlertChanged
from monitor.replay import replay
from monitor.settings.settings import Settings, load_settings
from monitor.ward.snapshots import Records
from monitor.ward.ward import Ward
from monitor.wire.announcements import alert_topic, is_over
from monitor.wire.outbound import AckPayload
from monitor.wire.payloads import SessionPayload, encode, stamp
from monitor.wire.topics import topic

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
VICTIMS: Final = ("publisher", "broker", "monitor")
BEDS: Final = 6
EVERY_MS: Final = 50
LONGEST_WAIT_S: Final = 1.5
LOOK_EVERY_S: Final = 0.05
SETTLED_WITHIN_S: Final = 120.0
_ACK: Final = msgspec.json.Decoder(AckPayload)


@dataclass(slots=True)
class Report:
    """What was killed, and what was found wrong."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    """Monitors that left by themselves."""
    faults: list[str] = field(default_factory=list)
    readings: int = 0
    messages: int = 0
    effects: int = 0
    alerts: int = 0
    seconds: float = 0.0

    def words(self) -> str:
        """Return the report in one line, and the faults in one each."""
        killed = ", ".join(f"{self.kills[victim]} {victim}" for victim in VICTIMS)
        verdict = f"{len(self.faults)} FAULTS" if self.faults else "no fault"
        line = (
            f"seed {self.seed}: {self.kills.total()} kills ({killed}), {self.restarts} monitors "
            f"that left by themselves, {self.seconds:.0f} s: {verdict}; "
            f"{self.readings} readings sent, {self.messages} messages kept, "
            f"{self.effects} effects, {self.alerts} alerts"
        )
        return "\n".join([line, *self.faults])


class Witness:
    """A client that remembers receipts and the retained alerts, over any number of brokers."""

    def __init__(self, unit: str, port: int) -> None:
        self.acknowledged: dict[str, int] = {}
        self.alerts: dict[str, bytes] = {}
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="witness", protocol=mqtt.MQTTv5
        )
        self._filters = [topic(unit, "+", "+", "ack"), topic(unit, "+", "_", "alert/+")]
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.connect_async("127.0.0.1", port, keepalive=5)
        self._client.loop_start()

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        self.alerts = {}
        for name in self._filters:
            client.subscribe(name, qos=1)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if not message.topic.endswith("/ack"):
            if message.payload:
                self.alerts[message.topic] = bytes(message.payload)
            else:
                self.alerts.pop(message.topic, None)
            return
        with contextlib.suppress(msgspec.MsgspecError):
            receipt = _ACK.decode(message.payload)
            device = message.topic.split("/")[4]
            self.acknowledged[device] = max(self.acknowledged.get(device, -1), receipt.seq)

    def publish(self, name: str, payload: bytes) -> None:
        """Publish something."""
        self._client.publish(name, payload, qos=1)

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()


class Matrix:
    """The processes that are killed, and where they keep what they must not lose."""

    def __init__(self, folder: Path, *, seed: int, readings: int) -> None:
        self.settings: Settings = load_settings(CONFIG)
        self.unit = self.settings.site.unit
        self.journal = folder / "journal"
        self.readings = readings
        self.report = Report(seed=seed)
        self._folder = folder
        (folder / "broker").mkdir()
        self.broker = LocalBroker(port=free_port(), store=folder / "broker")
        self.broker.__enter__()
        self.monitor = self._monitor()
        self.witness = Witness(self.unit, self.broker.port)
        self._open_sessions()
        self.publisher = self._publisher()

    def _monitor(self) -> subprocess.Popen[bytes]:
        log = (self._folder / "monitor.log").open("ab")
        with log:
            return subprocess.Popen(  # noqa: S603 - this Python and a program of ours
                [
                    *(sys.executable, "-m", "monitor", "live", "--config", str(CONFIG)),
                    *("--broker", f"127.0.0.1:{self.broker.port}"),
                    *("--journal", str(self.journal)),
                ],
                cwd=ROOT,
                stderr=log,
            )

    def _publisher(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - this Python and a program of ours
            [
                *(sys.executable, "-m", "simulators.keeping", "--unit", self.unit),
                *("--store", str(self._folder / "outbox"), "--port", str(self.broker.port)),
                *("--beds", str(BEDS), "--readings", str(self.readings)),
                *("--every-ms", str(EVERY_MS)),
            ],
            cwd=ROOT,
        )

    def _open_sessions(self) -> None:
        """Open a session at every bed, again and again until the journal has them all."""
        deadline_s = time.monotonic() + SETTLED_WITHIN_S
        while self._sessions() < BEDS:
            if time.monotonic() > deadline_s:
                raise TimeoutError("the monitor did not take the sessions")
            for bed in range(1, BEDS + 1):
                payload = SessionPayload(
                    id=f"S-{bed}",
                    t=stamp(time.time_ns() // 1_000_000),
                    by="nurse-1",
                    event="open",
                    subject=f"PX-{bed}",
                    product="test",
                )
                name = topic(self.unit, str(bed), f"tab-{bed}", "session")
                self.witness.publish(name, encode(payload))
            time.sleep(1)

    def _sessions(self) -> int:
        return self._count("SELECT count(DISTINCT topic) FROM inbox WHERE topic LIKE '%/session'")

    def _count(self, query: str) -> int:
        if not self.journal.exists():
            return 0
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(self.journal, timeout=5)) as connection,
        ):
            return int(connection.execute(query).fetchone()[0])
        return 0

    def kill(self, victim: str) -> None:
        """Kill one process and start it again at once."""
        self.report.kills[victim] += 1
        if victim == "broker":
            self.broker.kill()
            self.broker.__enter__()
            return
        process = self.monitor if victim == "monitor" else self.publisher
        process.kill()
        process.wait()
        if victim == "monitor":
            self.monitor = self._monitor()
        else:
            self.publisher = self._publisher()

    def look(self) -> None:
        """Check what must hold at any time."""
        # Noted before the journal is read: what is acknowledged later may not yet be seen.
        acknowledged = dict(self.witness.acknowledged)
        try:
            with JournalReader.open(self.journal) as reader:
                self._check_kept(reader, acknowledged)
                self.report.faults += reader.verify().faults
                told = Counter(
                    (one.id, one.revision)
                    for one in reader.effects()
                    if isinstance(one, AlertChanged)
                )
        except JournalError as fault:
            self.report.faults.append(f"journal: {fault}")
            return
        self.report.faults += [
            f"alert {name} revision {revision} is in the ledger {times} times"
            for (name, revision), times in told.items()
            if times > 1
        ]

    def _check_kept(self, reader: JournalReader, acknowledged: dict[str, int]) -> None:
        kept = self.numbers(reader)
        for device, number in acknowledged.items():
            missing = set(range(number + 1)) - kept.get(device, set())
            if missing:
                self.report.faults.append(
                    f"{device}: acknowledged up to {number}, but {sorted(missing)[:5]} not kept"
                )

    def numbers(self, reader: JournalReader) -> dict[str, set[int]]:
        """Return the numbers of all readings in the journal, by device."""
        found: dict[str, set[int]] = {}
        query = "SELECT topic, payload FROM inbox WHERE topic LIKE '%/vitals'"
        for name, payload in reader.rows(query):
            found.setdefault(name.split("/")[4], set()).add(msgspec.json.decode(payload)["seq"])
        return found

    def settle(self) -> None:
        """Wait until everything that was sent is kept, then end the monitor in order."""
        deadline_s = time.monotonic() + SETTLED_WITHIN_S + self.readings * EVERY_MS / 1000
        while self.publisher.poll() is None and time.monotonic() < deadline_s:
            self.restart_monitor()
            time.sleep(LOOK_EVERY_S)
        if self.publisher.poll() is None:
            self.report.faults.append("the publisher still waits for receipts")
        time.sleep(2)  # the last announcements get out
        self.monitor.terminate()
        self.monitor.wait(timeout=20)
        time.sleep(1)

    def restart_monitor(self) -> None:
        """Start a monitor that left by itself again, as a service would, and say so."""
        if self.monitor.poll() is not None:
            self.report.restarts += 1
            self.monitor = self._monitor()

    def check_end(self) -> None:
        """Check what must hold when all has come in."""
        faults, report = self.report.faults, self.report
        with JournalReader.open(self.journal) as reader:
            kept, steps = self.numbers(reader), list(reader.steps())
            bodies = [row.body for row in reader.ledger()]
            final = {one.id: one for one in reader.effects() if isinstance(one, AlertChanged)}
            _, report.messages, report.effects = reader.counts()
        report.readings, report.alerts = self.readings * BEDS, len(final)
        for bed in range(1, BEDS + 1):
            missing = set(range(self.readings)) - kept.get(f"mon-{bed}", set())
            if missing:
                faults.append(f"mon-{bed}: {len(missing)} readings lost: {sorted(missing)[:5]}")
        ward = Ward(self.settings.ward, unit=self.unit)
        again = [effect_bytes(one) for _, effects in replay(steps, ward) for one in effects]
        if again != bodies:
            faults.append("the ledger is not what one ward decides that never died")
        faults += self._state_faults(ward)
        standing = {
            alert_topic(self.unit, one.bed, one.id)
            for one in final.values()
            if not is_over(one.condition, one.signal)
        }
        own = topic(self.unit, "_", "_", "alert/")
        shown = {name for name in self.witness.alerts if not name.startswith(own)}
        if shown != standing:
            faults.append(f"the broker shows {sorted(shown ^ standing)} otherwise than the ledger")
        if not report.alerts:
            faults.append("no alert was raised: the run proves nothing")

    def _state_faults(self, never_died: Ward) -> list[str]:
        """Return how a ward that is brought back now differs from one that never died."""
        other = Ward(self.settings.ward, unit=self.unit)
        with Journal.open_for_writing(
            self.journal, unit=self.unit, software="", config=""
        ) as journal:
            resumed = resume(Memory(other, journal), program=program_name(software()))
        if resumed.refused or resumed.replayed == resumed.steps:
            return [f"no snapshot was used: {resumed.refused}"]
        if state_of(other) != state_of(never_died):
            return ["a restarted ward differs from one that never died"]
        return []

    def close(self) -> None:
        """End everything."""
        for process in (self.publisher, self.monitor):
            process.kill()
            process.wait()
        self.witness.close()
        self.broker.stop()


def state_of(ward: Ward) -> tuple[Records, dict[str, object]]:
    """Return all that a ward remembers in a form in which the order of sets does not count."""
    parts = msgspec.msgpack.decode(ward.remembered())
    return msgspec.convert(parts.pop("records"), Records), parts


def matrix(*, kills: int, seed: int, folder: Path) -> Report:
    """Kill so many processes and return what was found."""
    rng = random.Random(seed)  # noqa: S311 - chance that repeats
    began_s = time.monotonic()
    waits_s = [rng.uniform(0.05, LONGEST_WAIT_S) for _ in range(kills)]
    # A killed program takes a while to come back, so readings outlast the kills.
    readings = int((sum(waits_s) + 2 * kills + 10) * 1000 / EVERY_MS / 2)
    run = Matrix(folder, seed=seed, readings=readings)
    try:
        for wait_s in waits_s:
            threading.Event().wait(wait_s)
            run.restart_monitor()
            run.kill(rng.choice(VICTIMS))
            run.look()
            if run.report.faults:
                break
        run.settle()
        run.check_end()
    finally:
        run.close()
    run.report.seconds = time.monotonic() - began_s
    return run.report


def main() -> None:
    """Run the matrix and print what was found; exit code 1 if anything was."""
    parser = argparse.ArgumentParser(prog="python -m scripts.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave journal and log in this new folder")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="irm-crash-"))
    try:
        report = matrix(kills=options.kills, seed=options.seed, folder=folder)
    finally:
        if options.keep:
            shutil.copytree(folder, options.keep)
        shutil.rmtree(folder, ignore_errors=True)
    print(report.words())
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
