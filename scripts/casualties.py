"""What the crash matrix strikes: broker, two monitors, publisher, database, links, clock, disk.

Real processes of the shipped program with the shipped configuration; each blow is one method of
:class:`Casualties`, and what died is started again at once.
"""

import contextlib
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.adapters.viewing import is_of_the_past
from monitor.wire.outbound import AckPayload, MonitorStatusPayload
from monitor.wire.topics import monitor_status_topic, standbys_filter, topic
from scripts.influx_server import RealInflux, Script, found_influxd, proxy
from scripts.set_clock import put
from scripts.valve import Valve

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
BEDS: Final = 6
EVERY_MS: Final = 60
"""Within the rate that the shipped configuration lets a device have."""
HOUR_S: Final = 3_600
BUCKET: Final = "irm"
NAMES: Final = ("first", "second")
SILENT_S_MAX: Final = 6.0
BAD_INPUT: Final = 4
"""A monitor ends so when its journal does not give what its ledger holds."""

Victim: TypeAlias = Literal["publisher", "broker", "monitor", "standby", "influx", "forwarder"]
Blow: TypeAlias = Literal["cut", "half-open", "clock", "disk"]
VICTIMS: Final[tuple[Victim, ...]] = (
    "publisher", "broker", "monitor", "standby", "influx", "forwarder",
)  # fmt: skip
BLOWS: Final[tuple[Blow, ...]] = ("cut", "half-open", "clock", "disk")

_ACK: Final = msgspec.json.Decoder(AckPayload)
_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)
_UNLIMITED: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def has_database() -> bool:
    """Tell whether there is an InfluxDB on this machine to be killed."""
    return found_influxd() is not None


class Witness:
    """A client that remembers receipts, the retained alerts and who speaks, over any brokers."""

    def __init__(self, unit: str, port: int) -> None:
        self.acknowledged: dict[str, int] = {}
        self.alerts: dict[str, bytes] = {}
        self.told: Counter[tuple[str, int]] = Counter()
        """How often each revision of an alert was said, not counting what a broker had kept."""
        self.status: MonitorStatusPayload | None = None
        self.standbys: dict[str, str] = {}
        """What the monitors that wait say of themselves, by topic."""
        self._status_s = 0.0
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="witness", protocol=mqtt.MQTTv5
        )
        self._filters = [
            topic(unit, "+", "+", "ack"),
            topic(unit, "+", "_", "alert/+"),
            monitor_status_topic(unit),
            standbys_filter(unit),
        ]
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.connect_async(HOST, port, keepalive=5)
        self._client.loop_start()

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        self.alerts = {}
        for name in self._filters:
            client.subscribe(name, qos=1)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        with contextlib.suppress(msgspec.MsgspecError):
            if message.topic.endswith("/ack"):
                receipt = _ACK.decode(message.payload)
                device = message.topic.split("/")[4]
                self.acknowledged[device] = max(self.acknowledged.get(device, -1), receipt.seq)
            elif message.topic.endswith("/monitor/status"):
                self._hear_status(_STATUS.decode(message.payload))
            elif "/monitor/standby/" in message.topic:
                self.standbys[message.topic] = message.payload.decode("utf-8", "replace")
            elif message.payload:
                self.alerts[message.topic] = bytes(message.payload)
                if not message.retain:
                    revision = msgspec.json.decode(message.payload)["rev"]
                    self.told[message.topic, revision] += 1
            else:
                self.alerts.pop(message.topic, None)

    def _hear_status(self, status: MonitorStatusPayload) -> None:
        # Whoever is silent for long is not believed any more, whatever its term was: a broker
        # that was killed may have forgotten the highest one, and then a lower one speaks.
        if self.silent_s() > SILENT_S_MAX or not is_of_the_past(status, self.status):
            self.status, self._status_s = status, time.monotonic()

    def silent_s(self) -> float:
        """Return for how long no monitor has spoken for the unit."""
        return time.monotonic() - self._status_s

    def words(self) -> str:
        """Return what is heard of the monitors and of the broker, in words."""
        status = self.status
        said = "nothing" if status is None else msgspec.json.encode(status).decode()
        is_there = "is" if self._client.is_connected() else "is NOT"
        return "\n".join(
            [
                f"the witness {is_there} connected; status {self.silent_s():.1f} s ago: {said}",
                *(f"{name}: {words}" for name, words in self.standbys.items() if words),
            ]
        )

    def publish(self, name: str, payload: bytes) -> None:
        """Publish something."""
        self._client.publish(name, payload, qos=1)

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()


class Casualties:
    """The processes, and where they keep what they must not lose."""

    def __init__(self, folder: Path, *, unit: str, with_database: bool) -> None:
        self.unit = unit
        self._folder = folder
        self._with_database = with_database
        self._ends = contextlib.ExitStack()
        self._clock = folder / "clock"
        put(self._clock, 0)
        self._hours = 0
        (folder / "broker").mkdir()
        self.broker = LocalBroker(port=free_port(), store=folder / "broker")
        self.broker.__enter__()
        # Only the first monitor and the devices have a way that breaks: a pair is no pair if
        # both are cut off at once.
        self.valves = {
            name: self._ends.enter_context(Valve(self.broker.port)) for name in ("first", "devices")
        }
        self.witness = Witness(unit, self.broker.port)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.left = 0
        """Programs that left by themselves and were started again."""
        self.refused: Counter[str] = Counter()
        """Monitors that would not go on from their journal, which gave them another state."""
        self.monitors = {name: folder / f"{name}.journal" for name in NAMES}
        self.influx: RealInflux | None = None

    def begin(self) -> None:
        """Start both monitors and wait until one speaks and the other one is ready."""
        self._start("first")
        until(lambda: self.holder() == "first", "the first monitor speaks")
        self._start("second")
        until(self.is_paired, "the standby is ready")
        if self._with_database:
            (self._folder / "influx").mkdir()
            self.influx = RealInflux(self._folder / "influx")
            self.influx.start()
            self.influx.ask(f"CREATE DATABASE {BUCKET}")
            address = f"http://{HOST}:{self.influx.port}"
            self.database = self._ends.enter_context(proxy(address, Script()))
            self._start("forwarder")

    def publish_until(self, readings: int) -> None:
        """Start the devices; each ends when it has sent so many readings and all are covered."""
        self._readings = readings
        if "publisher" in self.processes:
            self._end("publisher")
        self._start("publisher")

    def status(self) -> MonitorStatusPayload | None:
        """Return what the monitor that speaks says of itself."""
        return self.witness.status

    def holder(self) -> str:
        """Return which monitor speaks, by the process in its name; empty if none is known to."""
        status = self.witness.status
        if status is None or status.state != "online":
            return ""
        process = int(status.boot.rpartition("-")[2], 16)
        found = (one for one in NAMES if one in self.processes)
        return next((name for name in found if self.processes[name].pid == process), "")

    def is_paired(self) -> bool:
        """Tell whether one monitor speaks and the other is ready to."""
        status = self.witness.status
        return bool(self.holder()) and status is not None and status.standby == "ready"

    def kill(self, victim: Victim) -> None:
        """Kill one process and start it again at once."""
        if victim == "broker":
            self.broker.kill()
            self.broker.__enter__()
        elif victim == "influx":
            assert self.influx is not None
            self.influx.kill()
            # The forwarder finds nobody meanwhile; it is up again when this returns.
            self.influx.start()
        else:
            name = self._named(victim)
            self._end(name)
            self._start(name)

    def _named(self, victim: Victim) -> str:
        """Return which process a role is played by now."""
        speaks = self.holder() or "first"
        other = next(one for one in NAMES if one != speaks)
        return {"monitor": speaks, "standby": other}.get(victim, victim)

    def strike(self, blow: Blow, which: int, for_s: float) -> None:
        """Cut a link, shut it in silence, set the clock by an hour, or fill the disk."""
        valve = list(self.valves.values())[which % 2]
        match blow:
            case "cut":
                valve.cut()
            case "half-open":
                valve.shut()
            case "disk":
                self._limit_files(NAMES[which % 2])
            case "clock":
                self._hours = (1, -1)[which % 2] if self._hours == 0 else 0
                put(self._clock, self._hours * HOUR_S)
        threading.Event().wait(for_s)
        valve.reopen()
        for name in NAMES:
            with contextlib.suppress(OSError):
                resource.prlimit(self.processes[name].pid, resource.RLIMIT_FSIZE, _UNLIMITED)

    def _limit_files(self, name: str) -> None:
        """Let no file of a monitor grow, as on a full disk."""
        size = self.monitors[name].stat().st_size
        with contextlib.suppress(OSError):
            pid = self.processes[name].pid
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def revive(self) -> None:
        """Start again what left by itself, as a service would."""
        for name, process in list(self.processes.items()):
            if name != "publisher" and process.poll() is not None:
                self.left += 1
                self.refused[name] += process.returncode == BAD_INPUT
                self._start(name)

    def wrongs(self, blows: int) -> list[str]:
        """Return what no start may do: be refused by its journal, or tell what nobody lost again.

        Whoever begins to speak, and whoever finds its broker again, tells once all that stands.
        """
        most = 1 + 2 * (blows + self.left)
        found = [f"the {name} was refused by its journal" for name in +self.refused]
        return found + [
            f"{name} revision {revision} was told {times} times in {blows} blows"
            for (name, revision), times in list(self.witness.told.items())
            if times > most
        ]

    def outbox(self) -> dict[str, tuple[int, int, int]]:
        """Return by device how many messages wait for a receipt, and the first and last number."""
        query = "SELECT device, count(*), min(number), max(number) FROM message GROUP BY device"
        uri = (self._folder / "outbox").resolve().as_uri() + "?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return {row[0]: tuple(row[1:]) for row in connection.execute(query)}

    def words(self) -> str:
        """Return how everything stands, for whoever has to find out why it does not go on."""
        ends = {name: process.poll() for name, process in self.processes.items()}
        processes = ", ".join(
            f"{name} {self.processes[name].pid:x} {'runs' if code is None else f'ended {code}'}"
            for name, code in ends.items()
        )
        receipts = self.witness.acknowledged
        waiting = [
            f"{device}: {count} messages wait for a receipt, {first} to {last}; "
            f"the last receipt heard covers {receipts.get(device, -1)}"
            for device, (count, first, last) in sorted(self.outbox().items())
        ]
        speaks = f"speaks: {self.holder() or 'nobody'}, the clock is {self._hours} h ahead"
        return "\n".join([processes, speaks, self.witness.words(), *waiting])

    def leave(self) -> None:
        """End both monitors in order, the one that waits first, and the forwarder."""
        for name in (self._named("standby"), self._named("monitor"), "forwarder"):
            if name in self.processes:
                self.processes[name].terminate()
                self.processes[name].wait(timeout=20)

    def forward_rest(self) -> int:
        """Forward what is left in the first journal; return the exit code."""
        return subprocess.run(  # noqa: S603 - this Python and a program of ours
            [*self._command("forwarder"), "--once"],
            cwd=ROOT,
            check=False,
            stderr=subprocess.DEVNULL,
        ).returncode

    def _command(self, name: str) -> list[str]:
        clock = [sys.executable, "-m", "scripts.set_clock", str(self._clock)]
        if name == "publisher":
            return [
                *(*clock, "scripts.unruly", "--unit", self.unit),
                *("--store", str(self._folder / "outbox")),
                *("--port", str(self.valves["devices"].port)),
                *("--beds", str(BEDS), "--readings", str(self._readings)),
                *("--every-ms", str(EVERY_MS)),
            ]
        if name == "forwarder":
            return [
                *(sys.executable, "-m", "monitor", "forward", str(self.monitors["first"])),
                *("--store", self.database, "--bucket", BUCKET),
            ]
        port = self.valves["first"].port if name == "first" else self.broker.port
        return [
            *(*clock, "monitor", "live", "--config", str(CONFIG)),
            *("--broker", f"{HOST}:{port}", "--journal", str(self.monitors[name])),
            *(["--standby"] if name == "second" else []),
        ]

    def _start(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            log.write(f"--- started {datetime.now(UTC).isoformat()}\n".encode())
            log.flush()
            self.processes[name] = subprocess.Popen(  # noqa: S603 - as above
                # Ctrl-C is for the matrix alone.
                self._command(name),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def close(self) -> None:
        """End everything."""
        for name in self.processes:
            self._end(name)
        self.witness.close()
        if self.influx is not None:
            self.influx.kill()
        self._ends.close()
        self.broker.stop()


def until(condition: Callable[[], bool], what: str, within_s: float = 120.0) -> None:
    """Wait for a condition.

    Raises
    ------
    TimeoutError
        If it does not come true.
    """
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(what)
        time.sleep(0.02)
