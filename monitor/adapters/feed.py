"""What a monitor publishes, as it is read again by a screen: alerts, advice, states, status.

A feed has no memory at the broker and acknowledges at once; whoever looks wants what stands now.
"""

import queue
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Final, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.adapters.access import Access, LinkError
from monitor.wire.topics import NOBODY, monitor_status_topic, topic

KEEPALIVE_S: Final = 10


class Heard(NamedTuple):
    """One publication of the monitor; ``is_retained`` if it stood before we listened."""

    bed: str
    kind: str
    payload: bytes
    is_retained: bool


def feed_topics(unit: str, kinds: Sequence[str]) -> list[str]:
    """Return the filters of some kinds of publication, and of the monitor's own status."""
    return [topic(unit, "+", NOBODY, kind) for kind in kinds] + [monitor_status_topic(unit)]


class Feed:
    """A reader of what the monitor of one unit publishes."""

    def __init__(self, access: Access, *, unit: str, kinds: Sequence[str]) -> None:
        self.access = access
        self.is_connected = False
        self._topics = feed_topics(unit, kinds)
        self._heard: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._answered = threading.Event()
        self._refusal = ""
        # Several people may watch from one machine, so the name is one of a kind.
        name = f"irm-watch-{uuid.uuid4().hex[:12]}"
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5
        )
        if access.username:
            self._client.username_pw_set(access.username, access.password or None)
        context = access.tls_context()
        if context is not None:
            self._client.tls_set_context(context)
        self._client.suppress_exceptions = True
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def connect(self) -> None:
        """Connect and wait for the broker's answer.

        Raises
        ------
        LinkError
            If the broker does not answer in time or refuses us.
        """
        within_s = self.access.connect_timeout_s
        self._client.connect_timeout = within_s
        try:
            self._client.connect(self.access.host, self.access.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as fault:
            raise LinkError(
                f"broker {self.access}: cannot connect ({fault}); is it running there?"
            ) from fault
        self._client.loop_start()
        if not self._answered.wait(within_s) or self._refusal:
            self.close()
            reason = self._refusal or f"no answer within {within_s:g} s"
            raise LinkError(f"broker {self.access}: {reason}; check port, user and certificates")

    def receive(self, timeout_s: float) -> list[Heard]:
        """Wait for something and return it with everything else that is there."""
        heard = []
        deadline_s = time.monotonic() + timeout_s
        try:
            heard.append(self._heard.get(timeout=max(0.0, deadline_s - time.monotonic())))
            while True:
                heard.append(self._heard.get_nowait())
        except queue.Empty:
            return heard

    def close(self) -> None:
        """Leave."""
        if self._client.is_connected():
            self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refusal = f"it refused us ({reason})"
        else:
            client.subscribe([(name, 1) for name in self._topics])
            self.is_connected = True
        self._answered.set()

    def _on_disconnect(self, *_: object) -> None:
        self.is_connected = False

    def _on_message(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        levels = message.topic.split("/")
        self._heard.put(
            Heard(levels[3], "/".join(levels[4:]), bytes(message.payload), message.retain)
        )
