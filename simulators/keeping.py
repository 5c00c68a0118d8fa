"""A publisher that loses nothing: it keeps each message until the monitor says that it has it.

A broker's acknowledgement does not survive the broker. So every message gets a number, is
committed to a file before it is sent, and is forgotten only when the monitor's retained ``ack``
of that device and ``boot`` covers its number. Whatever is not covered is sent again with every
new connection, oldest first, and when nothing was covered for a while; the monitor recognises
what it has. Only so many are on their way at once, and only so many are kept.

This is the example for integrators, to be copied: one file with nothing but the standard library
and paho-mqtt, no other part of this program. It has a last will, says what the device is and that
it is there, and speaks TLS with a certificate, a password from a file, or neither.
``python -m simulators.keeping --help`` publishes beds that react now and then, which is what the
crash matrix kills.
"""

import argparse
import json
import sqlite3
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

AGAIN_AFTER_S: Final = 5.0
"""So long without a receipt, everything that waits is sent again; then twice as long, and so on."""

AGAIN_AFTER_S_MAX: Final = 600.0

SENT_AT_ONCE: Final = 200
SENT_MAX: Final = 2_000
"""So many are on their way without a receipt; the others wait in the file. A broker that nobody
reads would else be given everything again and again, and whoever reads it at last all of that."""

KEPT_MAX: Final = 250_000
"""So many are kept: three days of a message a second. Then the oldest gives way to the newest and
is counted; the monitor waits for its number for a minute and gives it up."""

HISTORY_MS: Final = 600_000
"""Vitals that are older when they are sent go as ``backfill``: kept, never judged."""

KEEPALIVE_S: Final = 5
CLOSE_WITHIN_S: Final = 2.0
LOW_EVERY: Final = 120
"""Readings after which a bed of the example is in trouble, for half as many."""

UNITS: Final = {
    "hr": "/min", "sbp": "mm[Hg]", "dbp": "mm[Hg]", "map": "mm[Hg]",
    "spo2": "%", "rr": "/min", "temp": "Cel",
}  # fmt: skip
"""Every channel there is, and its unit here; docs/wire.md names the others."""

EXAMPLE_CHANNELS: Final = ("hr", "sbp", "dbp", "spo2")
"""What a bed of the example sends."""


@dataclass(frozen=True, kw_only=True)
class Broker:
    """Where the broker is, and the files that prove who the device is; no secret stands here.

    With ``ca_file`` the link is encrypted and the name of the broker checked. A broker of ours
    knows a device by the name in its certificate, or by a user name that is its device id.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    username: str = ""
    password_file: Path | None = None

    def prepare(self, client: mqtt.Client) -> None:
        """Give a client what it needs to be let in."""
        if self.username and self.password_file is not None:
            client.username_pw_set(self.username, self.password_file.read_text().strip())
        if self.ca_file is not None:
            context = ssl.create_default_context(cafile=self.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate_file is not None:
                context.load_cert_chain(self.certificate_file, self.key_file)
            client.tls_set_context(context)


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a device is, where it stands, and what it will send."""

    unit: str
    bed: str
    name: str
    model: str = "example"
    serial: str = "0"
    channels: tuple[str, ...] = EXAMPLE_CHANNELS
    interval_s: float | None = None

    def topic(self, kind: str) -> str:
        """Return the topic of one kind of its messages."""
        return f"irm/v1/{self.unit}/{self.bed}/{self.name}/{kind}"


class Kept(NamedTuple):
    """One message that waits for its receipt."""

    place: int
    topic: str
    payload: bytes
    measured_ms: int | None


class KeptMessages:
    """Messages in a file, by device and number, until a receipt covers them."""

    def __init__(self, path: Path, *, boot: str, room: int = KEPT_MAX) -> None:
        """Open or make the file; the numbers go on under the ``boot`` that it was made with."""
        self.dropped = 0
        self._room = room
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS message (place INTEGER PRIMARY KEY AUTOINCREMENT, "
            "device TEXT, number INTEGER, topic TEXT, payload BLOB, measured_ms INTEGER)"
        )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS device (name TEXT PRIMARY KEY, next INTEGER)"
        )
        self._connection.execute("CREATE TABLE IF NOT EXISTS boot (name TEXT)")
        found = self._connection.execute("SELECT name FROM boot").fetchone()
        if found is None:
            self._connection.execute("INSERT INTO boot VALUES (?)", (boot,))
        self.boot: str = boot if found is None else found[0]

    def next_number(self, device: str) -> int:
        """Return the number of the next message of a device, from 0 on."""
        query = "SELECT next FROM device WHERE name = ?"
        with self._lock:
            found = self._connection.execute(query, (device,)).fetchone()
        return 0 if found is None else int(found[0])

    def put(
        self, device: str, number: int, name: str, payload: bytes, measured_ms: int | None = None
    ) -> None:
        """Keep a message; when this returns, no crash can lose it.

        Beyond the room there is, what was put longest ago is dropped and counted.
        """
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = (device, number, name, payload, measured_ms)
            last = connection.execute(
                "INSERT INTO message (device, number, topic, payload, measured_ms) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            connection.execute("INSERT OR REPLACE INTO device VALUES (?, ?)", (device, number + 1))
            gone = connection.execute(
                "DELETE FROM message WHERE place <= ?", ((last or 0) - self._room,)
            )
            self.dropped += gone.rowcount

    def cover(self, device: str, number: int) -> None:
        """Forget all messages of a device up to a number: the monitor has them."""
        with self._lock:
            self._connection.execute(
                "DELETE FROM message WHERE device = ? AND number <= ?", (device, number)
            )

    def count(self, device: str, until: int) -> int:
        """Return how many messages of a device wait for a receipt, up to a place."""
        query = "SELECT count(*) FROM message WHERE device = ? AND place <= ?"
        with self._lock:
            return int(self._connection.execute(query, (device, until)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def waiting(self, device: str, after: int, limit: int) -> list[Kept]:
        """Return messages of a device that wait for a receipt, behind a place, oldest first."""
        query = (
            "SELECT place, topic, payload, measured_ms FROM message "
            "WHERE device = ? AND place > ? ORDER BY place LIMIT ?"
        )
        with self._lock:
            rows = self._connection.execute(query, (device, after, limit))
            return [Kept(*row) for row in rows]


class KeepingPublisher:
    """Sends what is kept of one device until receipts cover it; one connection, one last will."""

    def __init__(self, kept: KeptMessages, device: Device, broker: Broker) -> None:
        self.device = device
        self.refusal = ""
        """Why the broker does not let the device in, or did not take its last message."""
        self._kept = kept
        self._sent = 0
        self._news_s = time.monotonic()
        self._again_s = AGAIN_AFTER_S
        self._gone = threading.Event()
        self._let_in = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"irm-{device.unit}-{device.name}",
            protocol=mqtt.MQTTv5,
        )
        broker.prepare(self._client)
        self._client.max_queued_messages_set(2 * SENT_MAX)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.will_set(device.topic("status"), self._status("offline"), qos=1, retain=True)
        self._client.connect_async(broker.host, broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def _status(self, state: str) -> bytes:
        return _json(state=state, t=stamp(now_ms()), boot=self._kept.boot)

    def _birth(self) -> bytes:
        device = self.device
        every = {} if device.interval_s is None else {"interval_s": device.interval_s}
        return _json(
            t=stamp(now_ms()),
            model=device.model,
            serial=device.serial,
            channels=list(device.channels),
            **every,
        )

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        self.refusal = str(reason) if reason.is_failure else ""
        if reason.is_failure:
            return
        self._gone.clear()
        device = self.device
        # The receipt is given at the bed where the device sent its newest message.
        client.subscribe(f"irm/v1/{device.unit}/+/{device.name}/ack", qos=1)
        client.publish(device.topic("birth"), self._birth(), qos=1, retain=True)
        client.publish(device.topic("status"), self._status("online"), qos=1, retain=True)
        # What an earlier connection took may have died with the broker.
        self._sent = 0
        self._let_in.set()

    def _on_disconnect(self, *_: object) -> None:
        self._let_in.clear()
        self._gone.set()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            receipt = json.loads(message.payload)
            boot, number = receipt["boot"], int(receipt["seq"])
        except (ValueError, KeyError, TypeError):
            return
        if boot == self._kept.boot:
            self._news_s, self._again_s = time.monotonic(), AGAIN_AFTER_S
            self._kept.cover(self.device.name, number)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, _mid: int, reason: ReasonCode, *_: object
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)

    def send(self) -> int:
        """Hand over some of what waits; return how much still waits for its receipt."""
        name = self.device.name
        if time.monotonic() - self._news_s > self._again_s:
            self._news_s, self._sent = time.monotonic(), 0
            self._again_s = min(2 * self._again_s, AGAIN_AFTER_S_MAX)
        # Not before the device has said what it is, and what is to be sent again is known.
        if self._let_in.is_set():
            room = min(SENT_MAX - self._kept.count(name, self._sent), SENT_AT_ONCE)
            for one in self._kept.waiting(name, self._sent, room) if room > 0 else ():
                info = self._client.publish(self._topic(one), one.payload, qos=1)
                if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                    break
                self._sent = one.place
        return len(self._kept.waiting(name, 0, 1))

    def _topic(self, one: Kept) -> str:
        is_old = one.measured_ms is not None and now_ms() - one.measured_ms > HISTORY_MS
        if is_old and one.topic.endswith("/vitals"):
            return one.topic.removesuffix("vitals") + "backfill"
        return one.topic

    def close(self) -> None:
        """Say that the device is off, as one that is switched off does, and end the connection."""
        if self._client.is_connected():
            word = self._status("offline")
            said = self._client.publish(self.device.topic("status"), word, qos=1, retain=True)
            said.wait_for_publish(CLOSE_WITHIN_S)
            # Whoever leaves before the broker knows of it leaves a last will.
            self._client.disconnect()
            self._gone.wait(CLOSE_WITHIN_S)
        self._client.disconnect()
        self._client.loop_stop()


def now_ms() -> int:
    """Return the time of this machine in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


def stamp(at_ms: int) -> str:
    """Return a time as messages carry it."""
    seconds, rest = divmod(at_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}Z"


def _json(**fields: object) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def vitals(number: int, *, measured_ms: int, boot: str, values: Mapping[str, float]) -> bytes:
    """Return a message of vital signs by channel, in canonical units."""
    listed = [{"ch": name, "v": value, "u": UNITS[name]} for name, value in values.items()]
    return _json(seq=number, t=stamp(measured_ms), boot=boot, values=listed)


def example_reading(number: int, *, measured_ms: int, boot: str) -> bytes:
    """Return vitals of a person who is in trouble now and then."""
    is_low = number % LOW_EVERY >= LOW_EVERY // 2
    low, well = (70, 40, 130, 97), (125, 75, 72, 97)
    values = dict(zip(("sbp", "dbp", "hr", "spo2"), low if is_low else well, strict=True))
    return vitals(number, measured_ms=measured_ms, boot=boot, values=values)


def _broker(options: argparse.Namespace, device: str) -> Broker:
    """Return how a device of the example reaches the broker: TLS where there are certificates."""
    folder: Path | None = options.certificates
    if folder is None:
        return Broker(host=options.host, port=options.port)
    return Broker(
        host=options.host,
        port=options.port,
        ca_file=folder / "ca.crt",
        certificate_file=folder / f"{device}.crt",
        key_file=folder / f"{device}.key",
    )


def publish_beds(arguments: Sequence[str], keeper: type[KeptMessages] = KeptMessages) -> None:
    """Publish some beds until each has sent so many readings and all are covered."""
    parser = argparse.ArgumentParser(prog="python -m simulators.keeping", description=__doc__)
    parser.add_argument(
        "--store", help="file that keeps what no receipt covers", type=Path, required=True
    )
    parser.add_argument("--unit", help="unit of the beds", required=True)
    parser.add_argument("--host", default="127.0.0.1", help="of the broker")
    parser.add_argument("--port", type=int, default=1883, help="of the broker")
    parser.add_argument("--certificates", type=Path, help="folder of ca.crt, mon-1.crt, mon-1.key")
    parser.add_argument("--beds", type=int, default=6, help="one device at each")
    parser.add_argument("--readings", type=int, default=1_000, help="of each bed; then it ends")
    parser.add_argument("--every-ms", type=int, default=100, help="so often, in milliseconds")
    options = parser.parse_args(arguments)
    kept = keeper(options.store, boot=f"k{now_ms():x}")
    devices = [
        Device(
            unit=options.unit, bed=str(bed), name=f"mon-{bed}", interval_s=options.every_ms / 1000
        )
        for bed in range(1, options.beds + 1)
    ]
    links = [KeepingPublisher(kept, one, _broker(options, one.name)) for one in devices]
    numbers = {one.name: kept.next_number(one.name) for one in devices}
    while min(numbers.values()) < options.readings or sum(link.send() for link in links):
        for device in devices:
            number = numbers[device.name]
            if number < options.readings:
                at_ms = now_ms()
                payload = example_reading(number, measured_ms=at_ms, boot=kept.boot)
                kept.put(device.name, number, device.topic("vitals"), payload, at_ms)
                numbers[device.name] = number + 1
        for link in links:
            link.send()
        time.sleep(options.every_ms / 1000)
    for link in links:
        link.close()
    kept.close()


if __name__ == "__main__":
    import sys

    publish_beds(sys.argv[1:])
