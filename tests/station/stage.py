"""A real station behind the page: broker, monitor, station and a chair whose devices a test plays.

The time of the unit goes on by itself and may be pushed: so the half hours of a story take seconds,
and the page, the station and the monitor still work at the pace at which they work for people.
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import httpx
import paho.mqtt.client as mqtt
from broker import eventually
from fakes import UNPROVEN
from paho.mqtt.enums import CallbackAPIVersion

from detectors.channels import Channel
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST, LocalBroker, free_port
from monitor.adapters.clock import AcceleratedClock
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input
from monitor.live import live_monitor
from monitor.settings.settings import load_settings
from monitor.station.people import user_row, write_user
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, StatusPayload, encode, encode_vitals, stamp

CHECKOUT: Final = Path(__file__).resolve().parents[2]
PASSWORD: Final = "correct horse"  # noqa: S105  # of nobody
BED: Final = "17"
DEVICE: Final = "mon-17"
EVERY_MS: Final = 30_000
CALM: Final = {"hr": 78, "sbp": 122, "dbp": 80, "spo2": 98, "rr": 15, "temp": 36.8}


class PushedClock(AcceleratedClock):
    """A time that goes on as time does, and further ahead when it is pushed."""

    def __init__(self) -> None:
        super().__init__(speed=1.0, start_ms=time.time_ns() // 1_000_000)

    def push(self, by_ms: int) -> None:
        """Skip some time."""
        self.hold(self.now_ms() + by_ms)


class CountingWard(Ward):
    """The ward, which says how many inputs it was given."""

    taken = 0

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        """Take one step."""
        effects = super().take(now_ms, inputs)
        self.taken += len(inputs)
        return effects


class Chair:
    """The devices of one chair and an ear at the broker."""

    def __init__(
        self, unit: str, port: int, clock: PushedClock, ward: CountingWard | None = None
    ) -> None:
        self.unit, self.clock, self.ward = unit, clock, ward
        self.alerts: dict[str, float] = {}
        self._numbers = itertools.count(1)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._hear
        self._client.connect(HOST, port)
        self._client.subscribe(f"irm/v1/{unit}/{BED}/_/alert/+", qos=1)
        self._client.loop_start()

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.payload:
            told = json.loads(message.payload)
            self.alerts.setdefault(f"{told['priority']} {told['signal']}", time.time())

    def greet(self) -> None:
        """Say that the device is there."""
        at = stamp(self.clock.now_ms())
        self._send("status", encode(StatusPayload(state="online", t=at, boot="b")), retain=True)

    def open(self) -> None:
        """Open a session as a tablet would."""
        opened = SessionPayload(
            id="S-17",
            t=stamp(self.clock.now_ms()),
            by="nurse-1",
            event="open",
            subject="PX-290F",
            product="gammaplex-10-pi",
        )
        self._send("session", encode(opened), device="tab-17")

    def measure(self, **values: float) -> None:
        """Send one set of vital signs, and wait until the ward, if it is ours, was given it."""
        channels = {Channel[name.upper()]: round(v * 100) for name, v in (CALM | values).items()}
        payload = encode_vitals(
            sequence=next(self._numbers),
            measured_ms=self.clock.now_ms(),
            values_centi=channels,
            boot="b",
        )
        ward = self.ward
        before = ward.taken if ward else 0
        self._send("vitals", payload)
        assert ward is None or eventually(lambda: ward.taken > before)

    def pass_minutes(self, minutes: float, **values: float) -> None:
        """Let time pass with a set of vital signs each half minute."""
        for _ in range(round(minutes * 60_000 / EVERY_MS)):
            self.clock.push(EVERY_MS)
            self.measure(**values)

    def _send(
        self, kind: str, payload: bytes, *, device: str = DEVICE, retain: bool = False
    ) -> None:
        name = f"irm/v1/{self.unit}/{BED}/{device}/{kind}"
        self._client.publish(name, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        """Leave the broker."""
        self._client.loop_stop()
        self._client.disconnect()


class Program:
    """A process of this program that may be killed and started again."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments
        self.start()

    def start(self) -> None:
        """Start it, anew if it ran before."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "monitor", *self.arguments],
            cwd=CHECKOUT,
            env={**os.environ},
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """End it without a chance to say anything."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()


@contextmanager
def station_of(
    unit: str, broker: LocalBroker, folder: Path, name: str = "station"
) -> Iterator[tuple[Program, str]]:
    """Serve a unit to browsers; gives the process and its address. Each of a unit has its name."""
    users, port = folder / "users", free_port()
    row = user_row("nurse", PASSWORD)
    for person in ("nurse-1", "nurse-2"):
        write_user(users, person, row)
    with Program(
        *("station", "--http", f"{HOST}:{port}", "--broker", f"{HOST}:{broker.port}"),
        *("--unit", unit, "--users", str(users), "--audit", str(folder / f"{name}.audit")),
        *("--journal", str(folder / "journal"), "--device-id", f"{name}-{unit}"),
    ) as program:
        address = f"http://{HOST}:{port}"
        assert eventually(lambda: answers(f"{address}/healthz"), deadline_s=40)
        yield program, address


@contextmanager
def chair_of(unit: str, broker: LocalBroker, folder: Path) -> Iterator[Chair]:
    """Run a monitor in a thread, with a time that can be pushed, and play one chair."""
    settings = load_settings(CHECKOUT / "config")
    clock, ward = PushedClock(), CountingWard(settings.ward, unit=unit)
    with live_monitor(
        ward,
        unit=unit,
        access=Access(host=HOST, port=broker.port, client_id=f"monitor-{unit}"),
        journal=folder / "journal",
        clock=clock,
        software="test",
        config=settings.digest,
        self_watch=UNPROVEN,
    ) as monitor:
        thread = threading.Thread(target=monitor.run)
        thread.start()
        chair = Chair(unit, broker.port, clock, ward)
        try:
            yield chair
        finally:
            chair.close()
            monitor.stop()
            thread.join()


def answers(address: str) -> bool:
    """Return whether a station says that all is well."""
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False
