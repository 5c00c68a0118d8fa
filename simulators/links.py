"""Connections to a broker: one for every device, all served by one loop without threads.

Only a connection of its own gives a device a last will of its own: kill this program and the
broker says ``offline`` for every device. Messages are QoS 1. What has a number is kept
(:mod:`simulators.outboxes`) until the retained ``ack`` of the monitor covers it. It is sent again
with every new connection, when the monitor has found the broker again, and when no receipt came
for a while. The rest is kept in memory until the broker has it.
"""

import selectors
import ssl
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.wire.outbound import AckPayload
from monitor.wire.payloads import StatusPayload, encode, stamp
from monitor.wire.topics import topic
from simulators.chairs import Sent
from simulators.outboxes import Outbox

KEEPALIVE_S: Final = 30
CONNECT_WITHIN_S: Final = 15.0
FLUSH_WITHIN_S: Final = 5.0
RECONNECT_EVERY_S: Final = 1.0
MISC_EVERY_S: Final = 1.0
LONGEST_WAIT_S: Final = 0.2
"""How long the loop sleeps at most, so that a wish to stop is seen soon."""

VITALS_EXPIRY_S: Final = 60

AGAIN_AFTER_S: Final = 5.0
"""So long without a receipt, which comes every second, what waits for one is sent again; then twice
as long, and so on."""

AGAIN_AFTER_S_MAX: Final = 30.0
"""Within the minute for which a monitor waits for a number."""

QUEUED_MAX: Final = 10_000
"""So many messages of a device wait for the broker; of those without a number it drops the newest
beyond that and counts them."""

_RECEIPT: Final = msgspec.json.Decoder(AckPayload)


class BrokerUnreachableError(ConnectionError):
    """The broker did not accept a device, or not in time."""


def _as_nobody(_client: mqtt.Client) -> None:
    """Come without a name, a secret or a protected link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAccess:
    """Where the broker is, and what makes it let a device in.

    ``introduce`` gives a client its user, its secret and the protection of its link; it comes from
    whoever knows the site, because a simulator does not.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    introduce: Callable[[mqtt.Client], None] = _as_nobody

    def __str__(self) -> str:
        """Name the broker."""
        return f"{self.host}:{self.port}"


class DeviceLink:
    """The connection of one device, without a thread of its own."""

    def __init__(
        self,
        device: str,
        status_topic: str,
        access: DeviceAccess,
        *,
        unit: str,
        at_ms: int,
    ) -> None:
        self.device = device
        self.is_connected = False
        self.refusal = ""
        """Why the broker does not let the device in; "" where it does."""
        self.dropped = 0
        self.refused: Counter[str] = Counter()
        """Messages that the broker did not take, by its reason."""
        self.retry_s = 0.0
        self.outbox = Outbox()
        self._now_ms = at_ms
        self._again_s = AGAIN_AFTER_S
        self._news_s = time.monotonic()
        self._receipts = topic(unit, "+", device, "ack")
        self._status_topic = status_topic
        self._status: bytes | None = None
        self._boot = f"{device}-{at_ms // 1000:X}"
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"sim-{unit}-{device}",
            protocol=mqtt.MQTTv5,
        )
        self._client.max_queued_messages_set(QUEUED_MAX)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message
        self._access = access
        access.introduce(self._client)
        self._client.will_set(status_topic, self._offline(at_ms), qos=1, retain=True)
        self._expiring = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
        self._expiring.MessageExpiryInterval = VITALS_EXPIRY_S

    @property
    def descriptor(self) -> int | None:
        """Return the file descriptor to wait for, None while there is no connection."""
        connection = self._client.socket()
        return None if connection is None else connection.fileno()

    @property
    def is_flushed(self) -> bool:
        """Tell whether the broker has confirmed everything."""
        return not self._client._out_messages  # noqa: SLF001  # paho has no public count

    @property
    def is_awaiting(self) -> bool:
        """Tell whether a monitor that gives receipts has not given all of them yet."""
        return self.is_connected and self.outbox.is_receipted and len(self.outbox) > 0

    def connect(self) -> None:
        """Open the connection; the broker's answer comes in through :meth:`read`."""
        access = self._access
        self._client.connect(access.host, access.port, keepalive=KEEPALIVE_S, clean_start=True)

    def reconnect(self) -> bool:
        """Try again after a loss; tell whether a connection was opened."""
        try:
            return self._client.reconnect() == MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            return False

    def publish(self, sent: Sent) -> None:
        """Hand a message over; what cannot leave now is kept and sent later."""
        if sent.topic == self._status_topic:
            self._status = sent.payload
        self._now_ms = max(self._now_ms, sent.at_ms)
        if not len(self.outbox):
            self._news_s = time.monotonic()
        is_kept = self.outbox.put(sent)
        if is_kept and not self.is_connected:
            return
        is_taken = self._send(sent, is_expiring=sent.topic.endswith("/vitals"))
        self.dropped += not (is_taken or is_kept)

    def _send(self, sent: Sent, *, is_expiring: bool) -> bool:
        """Hand a message to the connection; tell whether it has room for it."""
        info = self._client.publish(
            sent.topic,
            sent.payload,
            qos=1,
            retain=sent.is_retained,
            properties=self._expiring if is_expiring else None,
        )
        return info.rc != MQTTErrorCode.MQTT_ERR_QUEUE_SIZE

    def _send_again(self) -> None:
        """Send all that waits for its receipt, oldest first, as far as there is room."""
        self._news_s = time.monotonic()
        for sent in self.outbox.waiting(self._now_ms):
            # The broker need not keep for long what is sent again if nobody takes it.
            if not self._send(sent, is_expiring=True):
                break

    def leave(self, at_ms: int) -> None:
        """Say that the device is off, as a device that is switched off does."""
        self._client.publish(self._status_topic, self._offline(at_ms), qos=1, retain=True)

    def disconnect(self) -> None:
        """Close the connection without setting off the last will."""
        self._client.disconnect()

    def read(self) -> None:
        """Take in what the broker has sent."""
        self._client.loop_read()
        # What a protected link has deciphered already makes no descriptor readable.
        while isinstance(link := self._client.socket(), ssl.SSLSocket) and link.pending():
            self._client.loop_read()

    def write(self, *, is_misc_due: bool = False) -> None:
        """Send what could not leave at once; from time to time keep the connection alive."""
        if self.descriptor is None:
            return
        is_due = time.monotonic() - self._news_s >= self._again_s
        if is_due and self.is_awaiting and self.is_flushed:
            self._again_s = min(2 * self._again_s, AGAIN_AFTER_S_MAX)
            self._send_again()
        if self._client.want_write():
            self._client.loop_write()
        if is_misc_due:
            self._client.loop_misc()

    def _offline(self, at_ms: int) -> bytes:
        return encode(StatusPayload(state="offline", t=stamp(at_ms), boot=self._boot))

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        self.refusal = str(reason) if reason.is_failure else ""
        self.is_connected = not reason.is_failure
        if reason.is_failure:
            return
        self._client.subscribe(self._receipts, qos=1)
        # After a loss the broker has told everybody "offline" in this device's name.
        if self._status is not None:
            self._client.publish(self._status_topic, self._status, qos=1, retain=True)
        # What an earlier connection took may have died with the broker.
        self._send_again()

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """Take a receipt; a monitor that repeats itself has come back and may have missed some."""
        try:
            receipt = _RECEIPT.decode(message.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if self.outbox.cover(receipt.boot, receipt.seq):
            self._news_s, self._again_s = time.monotonic(), AGAIN_AFTER_S
        elif not message.retain:
            self._send_again()

    def _on_disconnect(self, *_: object) -> None:
        self.is_connected = False

    def _on_publish(
        self, _client: mqtt.Client, _data: object, _mid: int, reason: ReasonCode, *_: object
    ) -> None:
        if reason.is_failure:
            self.refused[str(reason)] += 1


class Links:
    """All connections of a ward, served by one loop."""

    def __init__(
        self,
        devices: Sequence[tuple[str, str]],
        access: DeviceAccess,
        *,
        unit: str,
        at_ms: int,
    ) -> None:
        self._access = access
        self._links = {
            device: DeviceLink(
                device,
                topic(unit, bed, device, "status"),
                access,
                unit=unit,
                at_ms=at_ms,
            )
            for bed, device in devices
        }
        self._selector = selectors.DefaultSelector()
        self._descriptors: dict[str, int] = {}
        self._misc_s = 0.0

    @property
    def devices(self) -> Collection[str]:
        """Return the devices that have a connection."""
        return self._links.keys()

    @property
    def refused(self) -> Counter[str]:
        """Return how many messages the broker did not take, by its reason."""
        return sum((link.refused for link in self._links.values()), Counter())

    @property
    def outboxes(self) -> list[Outbox]:
        """Return what each device keeps."""
        return [link.outbox for link in self._links.values()]

    def connect(self) -> None:
        """Open every connection.

        Raises
        ------
        BrokerUnreachableError
            The broker refuses, or has not answered every device in time.
        """
        try:
            for link in self._links.values():
                link.connect()
        except OSError as error:
            raise BrokerUnreachableError(f"no broker at {self._access}: {error}") from error
        until_s = time.monotonic() + CONNECT_WITHIN_S
        while not all(link.is_connected for link in self._links.values()):
            for link in self._links.values():
                if link.refusal:
                    raise BrokerUnreachableError(
                        f"broker at {self._access} refused {link.device}: {link.refusal}; "
                        "check user, password and certificates, and whether its access list lets "
                        "them speak for every device"
                    )
            if time.monotonic() >= until_s:
                waiting = [link.device for link in self._links.values() if not link.is_connected]
                raise BrokerUnreachableError(
                    f"broker at {self._access} did not accept {waiting[0]} within "
                    f"{CONNECT_WITHIN_S:g} s ({len(waiting)} devices wait)"
                )
            self.serve(LONGEST_WAIT_S)

    def serve(self, wait_s: float) -> None:
        """Serve all connections once, waiting at most so long for something to read."""
        now_s = time.monotonic()
        self._watch(now_s)
        if not self._selector.get_map():
            time.sleep(wait_s)
        for key, _ in self._selector.select(wait_s):
            key.data.read()
        is_misc_due = now_s >= self._misc_s
        if is_misc_due:
            self._misc_s = now_s + MISC_EVERY_S
        for link in self._links.values():
            link.write(is_misc_due=is_misc_due)

    def _watch(self, now_s: float) -> None:
        """Wait for the connections that there are now; try to get the lost ones back."""
        changed = [
            link
            for link in self._links.values()
            if self._descriptors.get(link.device) != link.descriptor or link.descriptor is None
        ]
        # All numbers are given back first: the system reuses them for the next connection.
        for link in changed:
            known = self._descriptors.pop(link.device, None)
            if known is not None:
                self._selector.unregister(known)
            elif link.descriptor is None and now_s >= link.retry_s:
                link.retry_s = now_s + RECONNECT_EVERY_S
                link.reconnect()
        for link in changed:
            if link.descriptor is not None:
                self._selector.register(link.descriptor, selectors.EVENT_READ, link)
                self._descriptors[link.device] = link.descriptor

    def publish(self, sent: Sent) -> None:
        """Send a message over the connection of its device."""
        self._links[sent.device].publish(sent)

    def close(self, at_ms: int) -> None:
        """Wait a little for receipts, let every device say goodbye, and the broker confirm it."""
        until_s = time.monotonic() + FLUSH_WITHIN_S
        while time.monotonic() < until_s and any(one.is_awaiting for one in self._links.values()):
            self.serve(LONGEST_WAIT_S)
        for link in self._links.values():
            link.leave(at_ms)
        until_s = time.monotonic() + FLUSH_WITHIN_S
        while time.monotonic() < until_s and not all(
            link.is_flushed or not link.is_connected for link in self._links.values()
        ):
            self.serve(LONGEST_WAIT_S)
        for link in self._links.values():
            link.disconnect()
        self._selector.close()
