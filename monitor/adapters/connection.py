"""Connections: how a client of the broker is made, begun and let go of."""

import logging
import ssl
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monitor.adapters.access import Access
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
    if access.username:
        client.username_pw_set(access.username, access.password or None)
    if context is not None:
        client.tls_set_context(context)
    client.will_set(will.topic, will.payload, qos=will.qos, retain=will.retain)
    client.reconnect_delay_set(1, 5)
    client.connect_timeout = 5.0
    # An exception would end the thread and leave is_connected() true.
    client.suppress_exceptions = True
    client.enable_logger(logging.getLogger(f"{ROOT}.paho"))
    return client


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
