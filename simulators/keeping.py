"""A publisher that loses nothing: it keeps each message until the monitor says that it has it.

A broker's acknowledgement does not survive the broker. So every message gets a number, is
committed to a file before it is sent, and is forgotten only when the monitor's retained ``ack``
of that device and ``boot`` covers its number. Whatever is not covered is sent again with every
new connection, and when nothing was covered for a while; the monitor recognises what it has. Only
so many are on their way at once.

This is also the example for integrators: an SQLite file, one MQTT client, no other part of this
program but the topics. ``python -m simulators.keeping --help`` publishes beds that react now and
then, which is what the crash matrix kills.
"""

import argparse
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from detectors.channels import Channel
from monitor.wire.outbound import AckPayload
from monitor.wire.payloads import encode_vitals
from monitor.wire.topics import topic

AGAIN_AFTER_S: Final = 5.0
"""So long without a receipt, everything that waits is sent again; then twice as long, and so on."""

AGAIN_AFTER_S_MAX: Final = 600.0

SENT_AT_ONCE: Final = 200
SENT_MAX: Final = 2_000
"""So many are on their way without a receipt; the others wait in the file. A broker that nobody
reads would else be given everything again and again, and whoever reads it at last all of that."""
LOW_EVERY: Final = 120
"""Readings after which a bed of the example is in trouble, for half as many."""

_ACK: Final = msgspec.json.Decoder(AckPayload)


class Kept(NamedTuple):
    """One message that waits for its receipt."""

    place: int
    topic: str
    payload: bytes


class KeptMessages:
    """Messages in a file, by device and number, until a receipt covers them."""

    def __init__(self, path: Path, *, boot: str) -> None:
        """Open or make the file; the numbers go on under the ``boot`` that it was made with."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS message (place INTEGER PRIMARY KEY AUTOINCREMENT, "
            "device TEXT, number INTEGER, topic TEXT, payload BLOB)"
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

    def put(self, device: str, number: int, name: str, payload: bytes) -> None:
        """Keep a message; when this returns, no crash can lose it."""
        with self._lock, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO message (device, number, topic, payload) VALUES (?, ?, ?, ?)",
                (device, number, name, payload),
            )
            connection.execute("INSERT OR REPLACE INTO device VALUES (?, ?)", (device, number + 1))

    def cover(self, device: str, number: int) -> None:
        """Forget all messages of a device up to a number: the monitor has them."""
        with self._lock:
            self._connection.execute(
                "DELETE FROM message WHERE device = ? AND number <= ?", (device, number)
            )

    def count(self, until: int) -> int:
        """Return how many messages wait for a receipt, up to a place."""
        query = "SELECT count(*) FROM message WHERE place <= ?"
        with self._lock:
            return int(self._connection.execute(query, (until,)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def waiting(self, after: int, limit: int) -> list[Kept]:
        """Return messages that wait for a receipt, behind a place, oldest first."""
        query = "SELECT place, topic, payload FROM message WHERE place > ? ORDER BY place LIMIT ?"
        with self._lock:
            return [Kept(*row) for row in self._connection.execute(query, (after, limit))]


class KeepingPublisher:
    """Sends what is kept, from its own thread, until a receipt covers it."""

    def __init__(
        self, kept: KeptMessages, *, unit: str, client_id: str, host: str, port: int
    ) -> None:
        self._kept = kept
        self._sent = 0
        self._news_s = time.monotonic()
        self._again_s = AGAIN_AFTER_S
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5
        )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._filter = topic(unit, "+", "+", "ack")
        self._client.connect_async(host, port, keepalive=5)
        self._client.loop_start()

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(self._filter, qos=1)
        # What an earlier connection took may have died with the broker.
        self._sent = 0

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            receipt = _ACK.decode(message.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if receipt.boot == self._kept.boot:
            self._news_s, self._again_s = time.monotonic(), AGAIN_AFTER_S
            self._kept.cover(message.topic.split("/")[4], receipt.seq)

    def send(self) -> int:
        """Hand over some of what waits; return how much still waits for its receipt."""
        if time.monotonic() - self._news_s > self._again_s:
            self._news_s, self._sent = time.monotonic(), 0
            self._again_s = min(2 * self._again_s, AGAIN_AFTER_S_MAX)
        if self._client.is_connected():
            room = SENT_MAX - self._kept.count(self._sent)
            for one in self._kept.waiting(self._sent, min(room, SENT_AT_ONCE)) if room > 0 else ():
                self._client.publish(one.topic, one.payload, qos=1)
                self._sent = one.place
        return len(self._kept.waiting(0, 1))

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()


def example_reading(number: int, *, measured_ms: int, boot: str) -> bytes:
    """Return vitals of a person who is in trouble now and then."""
    is_low = number % LOW_EVERY >= LOW_EVERY // 2
    return encode_vitals(
        sequence=number,
        measured_ms=measured_ms,
        values_centi={
            Channel.SBP: 70_00 if is_low else 125_00,
            Channel.DBP: 40_00 if is_low else 75_00,
            Channel.HR: 130_00 if is_low else 72_00,
            Channel.SPO2: 97_00,
        },
        boot=boot,
    )


def publish_beds(arguments: Sequence[str], keeper: type[KeptMessages] = KeptMessages) -> None:
    """Publish some beds until each has sent so many readings and all are covered."""
    parser = argparse.ArgumentParser(prog="python -m simulators.keeping", description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--unit", required=True)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--beds", type=int, default=6)
    parser.add_argument("--readings", type=int, default=1_000)
    parser.add_argument("--every-ms", type=int, default=100)
    options = parser.parse_args(arguments)
    kept = keeper(options.store, boot=f"k{time.time_ns() // 1_000_000:x}")
    link = KeepingPublisher(
        kept, unit=options.unit, client_id="keeping", host="127.0.0.1", port=options.port
    )
    devices = {f"mon-{bed}": str(bed) for bed in range(1, options.beds + 1)}
    numbers = {device: kept.next_number(device) for device in devices}
    while min(numbers.values()) < options.readings or link.send():
        for device, bed in devices.items():
            number = numbers[device]
            if number < options.readings:
                payload = example_reading(
                    number, measured_ms=time.time_ns() // 1_000_000, boot=kept.boot
                )
                kept.put(device, number, topic(options.unit, bed, device, "vitals"), payload)
                numbers[device] = number + 1
        link.send()
        time.sleep(options.every_ms / 1000)
    link.close()
    kept.close()


if __name__ == "__main__":
    import sys

    publish_beds(sys.argv[1:])
