"""Takeovers, measured: the monitor that speaks is killed or frozen again and again.

Two real monitors of one unit, the shipped configuration, a real broker, beds whose readings come
every second. What was killed is started again and waits; what was frozen is let go once somebody
has taken over, and must fall silent. Measured is, from the signal on, when the status of another
monitor is heard at the broker; checked is, that no alert is told anew or otherwise because of it.

``python -m scripts.takeover --kills 20 --freezes 10`` prints the figures.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from detectors.channels import Channel
from monitor.adapters.broker import LocalBroker
from monitor.adapters.viewing import is_of_the_past
from monitor.settings.settings import load_settings
from monitor.wire.outbound import AlertPayload, MonitorStatusPayload
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp
from monitor.wire.topics import monitor_status_topic, topic

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = ROOT / "config"
BEDS: Final = 4
EVERY_S: Final = 1.0
WITHIN_S: Final = 120.0

How: TypeAlias = Literal["kill", "freeze", "stop"]
SIGNALS: Final[dict[How, signal.Signals]] = {
    "kill": signal.SIGKILL,
    "freeze": signal.SIGSTOP,
    "stop": signal.SIGTERM,
}

_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)
_ALERT: Final = msgspec.json.Decoder(AlertPayload)


def now_ms() -> int:
    """Return the time of day."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Heard:
    """What a screen would have heard: statuses with their times, and every alert."""

    statuses: list[tuple[float, MonitorStatusPayload]] = field(default_factory=list)
    alerts: list[tuple[str, int]] = field(default_factory=list)
    standing: dict[str, AlertPayload] = field(default_factory=dict)

    @property
    def status(self) -> MonitorStatusPayload | None:
        """The newest status."""
        return self.statuses[-1][1] if self.statuses else None

    def take(self, name: str, payload: bytes) -> None:
        """Take one publication."""
        if name.endswith("/monitor/status"):
            status = _STATUS.decode(payload)
            # As every screen should: what is late is of somebody who has been replaced.
            if not is_of_the_past(status, self.status):
                self.statuses.append((time.monotonic(), status))
        elif not payload:
            self.standing.pop(name, None)
        else:
            alert = _ALERT.decode(payload)
            self.alerts.append((alert.id, alert.rev))
            self.standing[name] = alert


class Pair:
    """Two monitors, a broker, devices and a screen."""

    def __init__(
        self, folder: Path, *, broker: LocalBroker | None = None, config: Path = CONFIG
    ) -> None:
        self.unit = load_settings(config).site.unit
        self._config = config
        self.heard = Heard()
        self.folder = folder
        self._lock = threading.Lock()
        self._sequence = 0
        self.is_low = False
        self.mute: set[str] = set()
        """Beds whose devices send nothing."""
        self._leaving = threading.Event()
        self.broker = broker or LocalBroker()
        self.monitor_port = 0
        """Where the first monitor finds the broker, if not where it is."""

    def __enter__(self) -> Self:
        """Start everything; both monitors are there and one is ready afterwards."""
        if not self.broker.port:
            self.broker.__enter__()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="screen", protocol=mqtt.MQTTv5
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(self.broker.host, self.broker.port)
        self._client.loop_start()
        self.monitors = {"first": self.started("first")}
        self.until(lambda: self.status().state == "online", "the first monitor is there")
        for bed in range(1, BEDS + 1):
            self._open(str(bed))
        self._devices = threading.Thread(target=self._publish_readings, daemon=True)
        self._devices.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything."""
        self._leaving.set()
        self._devices.join()
        for process in self.monitors.values():
            process.kill()
            process.wait()
        self._client.disconnect()
        self._client.loop_stop()
        self.broker.stop()

    def started(self, name: str) -> subprocess.Popen[bytes]:
        """Start a monitor: the first one as always, the second one as its standby."""
        more = [] if name == "first" else ["--standby"]
        port = self.monitor_port if name == "first" and self.monitor_port else self.broker.port
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - this Python and a program of ours
                [
                    *(sys.executable, "-m", "monitor", "live", "--config", str(self._config)),
                    *("--broker", f"127.0.0.1:{port}"),
                    *("--journal", str(self.folder / f"{name}.journal"), *more),
                ],
                cwd=ROOT,
                stderr=log,
            )

    def start(self, name: str) -> None:
        """Start a monitor and remember it; one of this name has ended before."""
        if name in self.monitors:
            self.monitors[name].wait()
        self.monitors[name] = self.started(name)

    def status(self) -> MonitorStatusPayload:
        """Return the newest status."""
        return self.heard.status or MonitorStatusPayload(state="offline", t="")

    def holder(self) -> str:
        """Return which of the two speaks, by the process in its name."""
        process = int(self.status().boot.rpartition("-")[2] or "0", 16)
        return next((name for name, one in self.monitors.items() if one.pid == process), "")

    def is_settled(self) -> bool:
        """Tell whether one speaks and the other is ready to."""
        status = self.status()
        return status.state == "online" and status.standby == "ready" and bool(self.holder())

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition.

        Raises
        ------
        TimeoutError
            If it does not come true.
        """
        deadline_s = time.monotonic() + WITHIN_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise TimeoutError(what)
            time.sleep(0.005)

    def strike(self, how: How) -> float:
        """Kill, freeze or stop who speaks; return after how many seconds another one speaks."""
        self.until(self.is_settled, "one speaks and the other is ready")
        victim, term = self.holder(), self.status().term
        process = self.monitors[victim]
        began_s, before = time.monotonic(), len(self.heard.statuses)
        process.send_signal(SIGNALS[how])

        def taken_s() -> list[float]:
            found = self.heard.statuses[before:]
            return [at_s for at_s, one in found if one.state == "online" and one.term > term]

        self.until(lambda: bool(taken_s()), f"somebody takes over after {how} of the {victim}")
        if how == "freeze":
            process.send_signal(signal.SIGCONT)
        else:
            process.wait()
            self.start(victim)
        return taken_s()[0] - began_s

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(
            [(monitor_status_topic(self.unit), 1), (topic(self.unit, "+", "_", "alert/+"), 1)]
        )

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic.split("/")[3] != "_" or message.topic.endswith("status"):
            self.heard.take(message.topic, bytes(message.payload))

    def _open(self, bed: str) -> None:
        payload = SessionPayload(
            id=f"S-{bed}",
            t=stamp(now_ms()),
            by="nurse-1",
            event="open",
            subject=f"PX-{bed}",
            product="test",
        )
        name = topic(self.unit, bed, f"tab-{bed}", "session")
        # Kept by the broker, so that a monitor that comes later hears of it, too.
        self._client.publish(name, encode(payload), qos=1, retain=True)

    def publish_reading(self, bed: str, *, is_low: bool) -> None:
        """Publish a set of vital signs of a bed."""
        with self._lock:
            self._sequence += 1
            payload = encode_vitals(
                sequence=self._sequence,
                measured_ms=now_ms(),
                values_centi={
                    Channel.SBP: 70_00 if is_low else 125_00,
                    Channel.DBP: 40_00 if is_low else 75_00,
                    Channel.HR: 130_00 if is_low else 72_00,
                    Channel.SPO2: 97_00,
                },
                boot="b1",
            )
            self._client.publish(topic(self.unit, bed, f"mon-{bed}", "vitals"), payload, qos=1)

    def _publish_readings(self) -> None:
        while not self._leaving.wait(EVERY_S):
            for bed in range(1, BEDS + 1):
                if str(bed) not in self.mute:
                    self.publish_reading(str(bed), is_low=self.is_low and bed % 2 == 0)


def figures(pair: Pair, *, kills: int, freezes: int, stops: int) -> tuple[list[str], list[str]]:
    """Return lines of figures, and what was wrong."""
    lines: list[str] = []
    faults: list[str] = []
    pair.start("second")
    pair.until(pair.is_settled, "the second monitor is ready")
    pair.is_low = True
    pair.until(lambda: len(pair.heard.standing) >= BEDS // 2, "alerts stand")
    rounds: tuple[tuple[How, int], ...] = (("kill", kills), ("freeze", freezes), ("stop", stops))
    for how, times in rounds:
        took_s = []
        for _ in range(times):
            standing = set(pair.heard.standing)
            took_s.append(pair.strike(how))
            pair.until(pair.is_settled, "both are there again")
            if not standing <= set(pair.heard.standing):
                faults.append(f"{how}: {sorted(standing - set(pair.heard.standing))} is gone")
        if took_s:
            lines.append(
                f"{how}: {times} times, taken over after {min(took_s):.2f} to {max(took_s):.2f} s, "
                f"median {statistics.median(took_s):.2f} s"
            )
    told = pair.heard.alerts
    doubled = sorted({one for one in told if told.count(one) > 1})
    lines.append(
        f"{len(told)} revisions of {len({name for name, _ in told})} alerts heard, "
        f"{len(doubled)} of them twice"
    )
    newest: dict[str, int] = {}
    for name, revision in told:
        if revision < newest.get(name, 0):
            faults.append(f"alert {name}: revision {revision} after {newest[name]}")
        newest[name] = max(newest.get(name, 0), revision)
    return lines, faults


def main() -> None:
    """Measure and print; exit code 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m scripts.takeover", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--freezes", type=int, default=10)
    parser.add_argument("--stops", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Pair(Path(folder)) as pair:
        lines, faults = figures(
            pair, kills=options.kills, freezes=options.freezes, stops=options.stops
        )
    print("\n".join([*lines, *(faults or ["no fault"])]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
