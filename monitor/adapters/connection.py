"""Connections: how a client of the broker is made, begun and let go of."""

import logging
import ssl
import threading
import uuid
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.adapters.access import Access, LinkError
from monitor.adapters.logbook import ROOT
from monitor.adapters.read_ahead import AheadClient
from monitor.wire.announcements import Announcement

KEEPALIVE_S: Final = 10
SESSION_EXPIRY_S: Final = 24 * 3600
"""How long the broker keeps messages for a monitor that is away."""

RECEIVE_MAXIMUM: Final = 1_000
"""Messages that may be on their way without an acknowledgement."""

PACKET_BYTES_MAX: Final = 65_536
"""The broker does not forward larger ones; the decoder refuses from 8 KiB on."""


def new_client(access: Access, context: ssl.SSLContext | None, will: Announcement) -> paho.Client:
    """Return a client with a last will that is not connected yet."""
    client = AheadClient(
        CallbackAPIVersion.VERSION2,
        client_id=access.client_id,
        protocol=paho.MQTTv5,
        manual_ack=True,
    )
    introduce(client, access, context)
    client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain)
    client.reconnect_delay_set(1, 5)
    client.connect_timeout = 5.0
    # An exception would end the thread and leave is_connected() true.
    client.suppress_exceptions = True
    client.enable_logger(logging.getLogger(f"{ROOT}.paho"))
    return client


def introduce(client: paho.Client, access: Access, context: ssl.SSLContext | None) -> None:
    """Give a client its name, its secret and the protection of its link."""
    if access.username:
        client.username_pw_set(access.username, access.password or None)
    if context is not None:
        client.tls_set_context(context)


class Caller:
    """A client without memory at the broker, whose first answer is waited for.

    Several may call from one machine, so the name is one of a kind.
    """

    def __init__(
        self,
        access: Access,
        purpose: str,
        *,
        keepalive_s: int,
        prepare: Callable[[paho.Client], None],
    ) -> None:
        self.access = access
        self.purpose = purpose
        self.keepalive_s = keepalive_s
        self._prepare = prepare
        self._answered = threading.Event()
        self._refusal = ""
        self.client = self._new_client()

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"irm-{self.purpose}-{uuid.uuid4().hex[:12]}",
            protocol=paho.MQTTv5,
        )
        introduce(client, self.access, self.access.tls_context())
        self._prepare(client)
        return client

    def connect(self) -> None:
        """Connect and wait for the broker's answer.

        Raises
        ------
        LinkError
            If the broker does not answer in time or refuses us.
        """
        within_s = self.access.connect_timeout_s
        self.client.connect_timeout = within_s
        try:
            self.client.connect(self.access.host, self.access.port, keepalive=self.keepalive_s)
        except (OSError, ValueError) as fault:
            raise LinkError(
                f"broker {self.access}: cannot connect ({fault}); is it running there?"
            ) from fault
        self.client.loop_start()
        if not self._answered.wait(within_s) or self._refusal:
            self.leave()
            reason = self._refusal or f"no answer within {within_s:g} s"
            raise LinkError(f"broker {self.access}: {reason}; check port, user and certificates")

    def hear(self, reason: ReasonCode) -> None:
        """Take the broker's answer, of which a refusal is told to whoever connects."""
        if reason.is_failure:
            self._refusal = f"it refused us ({reason})"
        self._answered.set()

    def renew(self) -> None:
        """Leave the client as it is and begin with a new one, without waiting for either."""
        old, self.client = self.client, self._new_client()
        # Its thread may hang or be dead, and then must not hold up whoever has noticed.
        threading.Thread(target=discard, args=(old,), daemon=True).start()
        self.client.connect_async(self.access.host, self.access.port, keepalive=self.keepalive_s)
        self.client.loop_start()

    def leave(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        if self.client.is_connected():
            self.client.disconnect()
        self.client.loop_stop()


def begin(connect: Callable[..., object], access: Access) -> None:
    """Ask for a durable session with bounded windows."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = PACKET_BYTES_MAX
    connect(
        access.host,
        access.port,
        keepalive=KEEPALIVE_S,
        clean_start=False,
        properties=properties,
    )


def discard(client: paho.Client) -> None:
    """Let go of a client without hearing from it again; may take as long as its thread hangs."""
    client.on_connect = client.on_disconnect = client.on_message = client.on_publish = None
    client.disable_logger()
    if client.is_connected():
        client.disconnect()
    client.loop_stop()
