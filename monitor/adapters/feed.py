"""What a monitor publishes, as it is read again by a screen: alerts, advice, states, status.

A feed has no memory at the broker and acknowledges at once; whoever looks wants what stands now.
"""

import contextlib
import queue
import threading
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.adapters.access import Access, LinkError
from monitor.adapters.connection import Caller
from monitor.wire.topics import MONITOR, NOBODY, monitor_status_topic, topic

KEEPALIVE_S: Final = 10
RENEWED_AFTER_S: Final = 15.0
"""Who has not found the broker again by then begins with a new connection."""


class Heard(NamedTuple):
    """One publication of the monitor; ``is_retained`` if it stood before we listened."""

    bed: str
    kind: str
    payload: bytes
    is_retained: bool


REJECT: Final = f"{MONITOR}/reject"
"""The kind of a feed that also hears which messages were refused."""

LEASE: Final = f"{MONITOR}/lease"
STANDBYS: Final = f"{MONITOR}/standby/+"
"""Who speaks for the unit, and who would."""

HEARD_MAX: Final = 50_000
"""So many publications may wait for a reader; beyond that all of them are dropped and counted, and
the broker tells again what stands."""

PUBLISH_WITHIN_S: Final = 3.0
"""A message that the broker has not confirmed by then counts as not sent."""


def feed_topics(unit: str, kinds: Sequence[str]) -> list[str]:
    """Return the filters of some kinds of publication, and of the monitor's own status."""
    named = [
        topic(unit, NOBODY, *kind.split("/", 1))
        if kind.startswith(f"{MONITOR}/")
        else topic(unit, "+", NOBODY, kind)
        for kind in kinds
    ]
    return [*named, monitor_status_topic(unit)]


class Feed:
    """A reader of what the monitor of one unit publishes."""

    def __init__(
        self,
        access: Access,
        *,
        unit: str,
        kinds: Sequence[str],
        renewed_after_s: float = RENEWED_AFTER_S,
    ) -> None:
        self.access = access
        self.renewed_after_s = renewed_after_s
        self.is_connected = False
        self.connections = 0
        self._topics = feed_topics(unit, kinds)
        self.dropped = 0
        self._heard: queue.Queue[Heard] = queue.Queue(HEARD_MAX)
        self._confirmed = threading.Condition()
        self._confirmations: dict[int, str] = {}
        self._connected_s = time.monotonic()
        self._caller = Caller(access, "watch", keepalive_s=KEEPALIVE_S, prepare=self._prepare)

    def _prepare(self, client: paho.Client) -> None:
        client.suppress_exceptions = True
        client.reconnect_delay_set(1, 5)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish

    def connect(self) -> None:
        """Connect and wait for the broker's answer.

        Raises
        ------
        LinkError
            If the broker does not answer in time or refuses us.
        """
        self._caller.connect()

    def receive(self, timeout_s: float) -> list[Heard]:
        """Wait for something and return it with everything else that is there."""
        self._renew_if_stuck()
        heard = []
        deadline_s = time.monotonic() + timeout_s
        try:
            heard.append(self._heard.get(timeout=max(0.0, deadline_s - time.monotonic())))
            while True:
                heard.append(self._heard.get_nowait())
        except queue.Empty:
            return heard

    def _renew_if_stuck(self) -> None:
        """Begin with a new client if the library has not found the broker again for long.

        It tries every few seconds; but its thread can hang or end, and a screen that nobody
        restarts would be blind from then on.
        """
        now_s = time.monotonic()
        if self.is_connected:
            self._connected_s = now_s
        elif now_s - self._connected_s > self.renewed_after_s:
            self._connected_s = now_s
            with self._confirmed:
                self._confirmations.clear()
            self._caller.renew()

    def publish(self, name: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish one message and wait until the broker has it; may be called from any thread.

        Raises
        ------
        LinkError
            If there is no broker, it does not answer in time, or it refuses the message.
        """
        if not self.is_connected:
            raise LinkError(f"broker {self.access}: not connected")
        # Not queued by the client for later: whoever acts is told at once that it did not work.
        mid = self._caller.client.publish(name, payload, qos=1, retain=is_retained).mid
        with self._confirmed:
            if not self._confirmed.wait_for(lambda: mid in self._confirmations, PUBLISH_WITHIN_S):
                raise LinkError(f"broker {self.access}: no answer within {PUBLISH_WITHIN_S:g} s")
            refusal = self._confirmations.pop(mid)
        if refusal:
            raise LinkError(f"broker {self.access}: it refused the message ({refusal})")

    def close(self) -> None:
        """Leave."""
        self._caller.leave()

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not reason.is_failure:
            self._subscribe(client)
            self.is_connected = client is self._caller.client
        self._caller.hear(reason)

    def _on_disconnect(self, client: paho.Client, *_: object) -> None:
        if client is self._caller.client:
            self.is_connected = False

    def _on_message(
        self, client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        levels = message.topic.split("/")
        heard = Heard(levels[3], "/".join(levels[4:]), bytes(message.payload), message.retain)
        try:
            self._heard.put_nowait(heard)
        except queue.Full:
            self._begin_anew(client)

    def _begin_anew(self, client: paho.Client) -> None:
        """Drop all that waits and let the broker tell again what stands, as if newly connected."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._heard.get_nowait()
                self.dropped += 1
        self.dropped += 1
        self._subscribe(client)

    def _subscribe(self, client: paho.Client) -> None:
        client.subscribe([(name, 1) for name in self._topics])
        self.connections += 1

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._confirmed:
            self._confirmations[mid] = str(reason) if reason.is_failure else ""
            self._confirmed.notify_all()
