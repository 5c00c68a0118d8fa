"""The link to the broker: acknowledged is only what is kept, and what goes out is bounded.

MQTT 5 with a durable session (``clean_start=False`` and a session expiry, both are needed) and
manual acknowledgement: the loop acknowledges a message when its commit is done, so a killed
monitor gets it again. The network thread only stamps and queues; nothing that a message
contains can make it raise. Whether that thread and the broker still live is not believed from a
flag: the monitor's own status must come back through the broker, and a link on which it does not
is rebuilt.
"""

import logging
import queue
import threading
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.adapters.access import Access, LinkError
from monitor.adapters.clock import Clock
from monitor.adapters.connection import begin, discard, new_client
from monitor.adapters.filters import filters
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.spools import FOUND_MAX, PROOFS_MAX, TALK_MAX, Spool
from monitor.adapters.succession import is_from_successor
from monitor.adapters.window import Window
from monitor.facts.records import RawMessage
from monitor.wire.announcements import Announcement
from monitor.wire.topics import (
    NOBODY,
    lease_topic,
    monitor_status_topic,
    proof_topic,
    standby_topic,
)

LOG: Final = logging.getLogger(f"{ROOT}.mqtt")

INBOX_MAX: Final = 50_000
"""Unacknowledged (QoS 0) messages beyond this many waiting ones are dropped and counted."""

GOODBYE_S: Final = 0.5
"""So long the network thread has at least to end in order."""

SILENT_S_MAX: Final = 15.0
"""A link on which nothing shows that it lives for so long is rebuilt."""

ANSWER_S: Final = 0.5


class Arrival(NamedTuple):
    """One message and what is needed to acknowledge it on the connection that brought it."""

    raw: RawMessage
    mid: int
    qos: int
    connection: int


class Said(NamedTuple):
    """What a monitor of the unit has said: this one, another one, or an earlier run."""

    topic: str
    payload: bytes
    is_retained: bool


class BrokerLink:
    """The connection of one monitor; all methods but the callbacks belong to the loop's thread."""

    def __init__(
        self,
        access: Access,
        *,
        unit: str,
        boot: str,
        clock: Clock,
        wants_retained: bool = True,
        is_paired: bool = False,
    ) -> None:
        self.access = access
        self.unit = unit
        self.boot = boot
        self.connections = 0
        self.dropped = 0
        self.is_taken_over = False
        self._clock = clock
        self._wants_retained = wants_retained
        self._is_paired = is_paired
        self._status_topic, self._proof_topic = monitor_status_topic(unit), proof_topic(unit)
        self._lease_topic, self._standbys = lease_topic(unit), standby_topic(unit, "")
        self._inbox: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._found: Spool[Said] = Spool(FOUND_MAX, keeps_oldest=True)
        self._talk: Spool[Said] = Spool(TALK_MAX)
        self._proofs: Spool[bytes] = Spool(PROOFS_MAX)
        self._answered = threading.Event()
        self._refusal = ""
        self._lock = threading.Lock()
        self.window = Window()
        self._sign_s = time.monotonic()
        self._is_open = False  # the broker has accepted us ...
        self._is_connected = False  # ... and our subscriptions
        self._context = access.tls_context()
        self._will: Announcement
        self._client: paho.Client

    def connect(self, will: Announcement) -> None:
        """Connect with a last will; wait until the broker has accepted us and our subscriptions.

        Raises
        ------
        LinkError
            If the broker does not answer in time or refuses us.
        """
        self._will = will
        self._client = self._new_client()
        try:
            self._connect_first(self.access.connect_timeout_s)
        except BaseException:  # told to leave meanwhile, for instance
            discard(self._client)
            raise

    def _connect_first(self, within_s: float) -> None:
        self._client.connect_timeout = within_s
        try:
            begin(self._client.connect, self.access)
        except (OSError, ValueError) as fault:
            raise LinkError(
                f"broker {self.access}: cannot connect ({fault}); is it running there?"
            ) from fault
        self._sign_s = time.monotonic()
        self._client.loop_start()
        # What it kept for us may come before its answer, for as long as that takes.
        while not self._answered.wait(ANSWER_S):
            if self._silent_s() > within_s:
                raise LinkError(
                    f"broker {self.access}: no answer within {within_s:g} s; check the port, and "
                    "with TLS whether it wants a client certificate"
                )
        if self._refusal:
            raise LinkError(f"broker {self.access}: {self._refusal}; check user and access list")

    def receive(self, timeout_s: float, limit: int) -> list[Arrival]:
        """Wait for a message and return it with all others that are there, oldest first."""
        arrivals: list[Arrival] = []
        try:
            first = self._inbox.get(timeout=max(timeout_s, 0.0))
            while first is not None:
                arrivals.append(first)
                if len(arrivals) >= limit:
                    break
                first = self._inbox.get_nowait()
        except queue.Empty:
            pass
        return arrivals

    def wake(self) -> None:
        """Make a waiting :meth:`receive` return; may be called from a signal handler."""
        self._inbox.put(None)

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tell the broker that these are kept.

        Only on the connection that brought them: a broker that lost its sessions numbers its
        messages anew, and an old number would acknowledge a message that nobody has kept. What
        is not acknowledged comes again and is recognised as a duplicate.
        """
        for arrival in arrivals:
            with self._lock:
                if arrival.qos and arrival.connection == self.connections and self._is_open:
                    self._client.ack(arrival.mid, arrival.qos)

    def can_publish(self, *, is_urgent: bool) -> bool:
        """Tell whether another publication may be handed over now."""
        return self._is_connected and self.window.has_room(is_urgent=is_urgent)

    def publish(self, announcement: Announcement) -> None:
        """Hand one announcement to the network thread, unless the broker would not take it."""
        if not self.window.can_hold(announcement.topic, announcement.payload):
            return
        info = self._client.publish(
            announcement.topic,
            announcement.payload,
            qos=announcement.qos,
            retain=announcement.retain,
        )
        if announcement.qos:
            self.window.open(info.mid, announcement.topic)

    @property
    def is_connected(self) -> bool:
        """Tell whether the broker has accepted us and our subscriptions and is still there."""
        return self._is_connected

    @property
    def outstanding(self) -> int:
        """Number of publications that the broker has not acknowledged yet."""
        return len(self.window)

    @property
    def waiting(self) -> int:
        """Number of messages that have come in and were not taken yet."""
        return self._inbox.qsize()

    def found(self) -> list[Said]:
        """Return what came of our own kinds: what the broker holds, or another monitor tells.

        One without a topic: a new connection, on which the broker says again what it holds.
        """
        return self._found.take()

    def talk(self) -> list[Said]:
        """Return what was said about who speaks for the unit: leases, standbys, statuses."""
        return self._talk.take()

    def proofs(self) -> list[bytes]:
        """Return the alerts of the proof that have come back."""
        return self._proofs.take()

    def is_silent(self) -> bool:
        """Tell whether the link must be made anew: nothing shows that it lives, or some was lost.

        Of a new connection the broker tells again all that it holds of us.
        """
        return self._silent_s() > SILENT_S_MAX or self._found.dropped > 0

    def _silent_s(self) -> float:
        return time.monotonic() - self._sign_s

    def rebuild(self, will: Announcement | None = None) -> None:
        """Leave the connection as it is and build a new one, without waiting for either.

        A last will can only be given to a new connection.
        """
        old, self._will = self._client, will or self._will
        with self._lock:
            self._client = self._new_client()
            self._is_open = self._is_connected = False
        self.window.clear()
        self._found = Spool(FOUND_MAX, keeps_oldest=True)
        self._sign_s = time.monotonic()
        # Its thread may hang or be dead, and then must not hold up the loop.
        threading.Thread(target=discard, args=(old,), daemon=True).start()
        begin(self._client.connect_async, self.access)
        self._client.loop_start()

    def close(self, last: Sequence[Announcement], within_s: float) -> None:
        """Say the last words, wait for the broker to have everything, and go."""
        if self._is_connected:
            for word in last:
                self.publish(word)
        deadline_s = time.monotonic() + within_s
        while self.outstanding and self._is_connected and time.monotonic() < deadline_s:
            time.sleep(0.005)
        # A thread that still logs while the interpreter ends would abort the process.
        self._client.disable_logger()
        self._client.on_disconnect = None
        self._client.disconnect()
        leaving = threading.Thread(target=discard, args=(self._client,), daemon=True)
        leaving.start()
        leaving.join(max(deadline_s - time.monotonic(), GOODBYE_S))

    def _new_client(self) -> paho.Client:
        client = new_client(self.access, self._context, self._will)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    # ------------------------------------------------------------------ network thread

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._sign_s = time.monotonic()
        if reason.is_failure:
            self._refuse(f"it refused us ({reason})")
            return
        with self._lock:
            self.connections += 1
            self._is_open = True
        self._found.put(Said("", b"", is_retained=False))
        log(LOG, logging.INFO, "broker-connected", session=bool(flags.session_present))
        client.subscribe(filters(self.unit, wants_retained=self._wants_retained))

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        asked = filters(self.unit, wants_retained=self._wants_retained)
        refused = [
            f"{name} ({reason})"
            for (name, _), reason in zip(asked, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            self._refuse(f"it does not let us read {', '.join(refused)}")
            return
        self._wants_retained = False
        self._is_connected = True
        self._answered.set()

    def _refuse(self, reason: str) -> None:
        self._refusal = reason
        log(LOG, logging.ERROR, "broker-refused", reason=reason)
        self._answered.set()

    def _on_connect_fail(self, _client: paho.Client, _userdata: object) -> None:
        self._sign_s = time.monotonic()

    def _on_disconnect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        with self._lock:
            self._is_open = self._is_connected = False
        self._sign_s = time.monotonic()
        log(LOG, logging.WARNING, "broker-lost", reason=str(reason))

    def _on_publish(
        self,
        client: paho.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if client is self._client:
            self.window.confirm(mid, str(reason) if reason.is_failure else "")

    def _on_message(
        self, client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        if client is not self._client:
            return
        try:
            self._take(client, message)
        except Exception:  # whatever a message does, this thread must live
            LOG.exception("message-unreadable")
            client.ack(message.mid, message.qos)

    def _take(self, client: paho.Client, message: paho.MQTTMessage) -> None:
        # A broker that was restarted sends all that it kept for us before anything else, our own
        # heartbeat among it. To begin anew then would let it begin anew, for ever.
        self._sign_s = time.monotonic()
        name = message.topic
        said = Said(name, bytes(message.payload), is_retained=message.retain)
        if name in {self._status_topic, self._lease_topic} or name.startswith(self._standbys):
            client.ack(message.mid, message.qos)
            is_fresh = not message.retain or self.connections > 1
            if name == self._lease_topic and is_fresh and not self._is_paired:
                # At once: with one name for both, each would throw the other out for ever.
                self._heed_successor(client, said.payload)
            self._talk.put(said)
            self.wake()
        elif name == self._proof_topic:
            self._proofs.put(bytes(message.payload))
            client.ack(message.mid, message.qos)
        elif name.split("/")[4:5] == [NOBODY]:
            self._found.put(said)
            client.ack(message.mid, message.qos)
        elif message.qos == 0 and self._inbox.qsize() >= INBOX_MAX:
            self.dropped += 1
        else:
            raw = RawMessage(
                received_ms=self._clock.now_ms(),
                topic=name,
                payload=bytes(message.payload),
                retained=message.retain,
            )
            self._inbox.put(Arrival(raw, message.mid, message.qos, self.connections))

    def _heed_successor(self, client: paho.Client, lease: bytes) -> None:
        if is_from_successor(lease, self.boot):
            self.is_taken_over = True
            client.disconnect()
