"""A subscriber of no importance: it hears what any screen would hear, over any brokers."""

import contextlib
import time
from collections import Counter
from typing import Final

import msgspec
import paho.mqtt.client as mqtt

from monitor.adapters.access import Access
from monitor.adapters.broker import HOST
from monitor.adapters.connection import Caller
from monitor.adapters.viewing import is_of_the_past
from monitor.wire.leases import StandbyPayload, lease_of, standby_of
from monitor.wire.outbound import AckPayload, MonitorStatusPayload
from monitor.wire.topics import lease_topic, monitor_status_topic, standbys_filter, topic

SILENT_S_MAX: Final = 6.0

RENEWED_AFTER_S: Final = 10.0
"""Whoever has not found the broker again by then begins with a new connection."""

_ACK: Final = msgspec.json.Decoder(AckPayload)
_STATUS: Final = msgspec.json.Decoder(MonitorStatusPayload)


class Witness:
    """A client that remembers receipts, the retained alerts and who speaks, over any brokers."""

    def __init__(self, unit: str, port: int) -> None:
        self.acknowledged: dict[str, int] = {}
        self.alerts: dict[str, bytes] = {}
        self.told: Counter[tuple[str, int]] = Counter()
        """How often each revision of an alert was said, not counting what a broker had kept."""
        self.heard: dict[str, int] = {}
        """The highest revision of each alert that was ever heard, by topic."""
        self.status: MonitorStatusPayload | None = None
        self.standbys: dict[str, str] = {}
        """What the monitors that wait say of themselves, by topic."""
        self._status_s = 0.0
        self.speaker = ""
        """The run that holds the lease, as last heard."""
        self.speaker_s = 0.0
        self.words_of: dict[str, tuple[float, StandbyPayload]] = {}
        """When each standby was last heard, and what it said, by topic."""
        self._filters = [
            topic(unit, "+", "+", "ack"),
            topic(unit, "+", "_", "alert/+"),
            monitor_status_topic(unit),
            standbys_filter(unit),
            lease_topic(unit),
        ]
        self._connected_s = time.monotonic()
        access = Access(host=HOST, port=port, client_id="")
        self._caller = Caller(access, "witness", keepalive_s=5, prepare=self._prepare)
        self._caller.renew()

    def _prepare(self, client: mqtt.Client) -> None:
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.reconnect_delay_set(min_delay=1, max_delay=1)

    def _renew_if_stuck(self) -> None:
        """Begin with a new client where the library does not find the broker again."""
        now_s = time.monotonic()
        if self._caller.client.is_connected():
            self._connected_s = now_s
        elif now_s - self._connected_s > RENEWED_AFTER_S:
            self._connected_s = now_s
            self._caller.renew()

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
                self._hear_word(message)
            elif message.topic.endswith("/monitor/lease"):
                self._hear_lease(message)
            elif message.payload:
                self.alerts[message.topic] = bytes(message.payload)
                revision = msgspec.json.decode(message.payload)["rev"]
                self.heard[message.topic] = max(revision, self.heard.get(message.topic, 0))
                if not message.retain:
                    self.told[message.topic, revision] += 1
            else:
                self.alerts.pop(message.topic, None)

    def _hear_status(self, status: MonitorStatusPayload) -> None:
        # Whoever is silent for long is not believed any more, whatever its term was: a broker
        # that was killed may have forgotten the highest one, and then a lower one speaks.
        if self.silent_s() > SILENT_S_MAX or not is_of_the_past(status, self.status):
            self.status, self._status_s = status, time.monotonic()

    def _hear_lease(self, message: mqtt.MQTTMessage) -> None:
        lease = lease_of(bytes(message.payload))
        if lease is not None and not message.retain:
            self.speaker = lease.holder if lease.state == "held" else ""
            self.speaker_s = time.monotonic()

    def _hear_word(self, message: mqtt.MQTTMessage) -> None:
        self.standbys[message.topic] = message.payload.decode("utf-8", "replace")
        word = standby_of(bytes(message.payload))
        if word is not None and not message.retain:
            self.words_of[message.topic] = time.monotonic(), word

    def is_ready(self, process: int, since_s: float) -> bool:
        """Tell whether a process was heard since a time to wait and to be ready."""
        return any(
            at_s > since_s and word.ready and word.boot.endswith(f"-{process:x}")
            for at_s, word in list(self.words_of.values())
        )

    def speaks(self, process: int, since_s: float) -> bool:
        """Tell whether a process was heard since a time to hold the lease."""
        self._renew_if_stuck()
        return self.speaker_s > since_s and self.speaker.endswith(f"-{process:x}")

    def silent_s(self) -> float:
        """Return for how long no monitor has spoken for the unit."""
        return time.monotonic() - self._status_s

    def words(self) -> str:
        """Return what is heard of the monitors and of the broker, in words."""
        status = self.status
        said = "nothing" if status is None else msgspec.json.encode(status).decode()
        is_there = "is" if self._caller.client.is_connected() else "is NOT"
        return "\n".join(
            [
                f"the witness {is_there} connected; status {self.silent_s():.1f} s ago: {said}",
                *(f"{name}: {words}" for name, words in self.standbys.items() if words),
            ]
        )

    def publish(self, name: str, payload: bytes) -> None:
        """Publish something."""
        self._caller.client.publish(name, payload, qos=1)

    def close(self) -> None:
        """End the connection."""
        self._caller.leave()
