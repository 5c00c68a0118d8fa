"""A client that tells a broker what devices sent, over one connection, each message kept by it.

It stands for all devices of a recording, so the broker must let it publish for every one of them:
a broker for rehearsals, not that of a ward. At the end every device that said it is online says
that it is offline, as one that is switched off does.
"""

from typing import Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.adapters.access import Access, LinkError
from monitor.adapters.connection import Caller
from monitor.facts.records import RawMessage
from monitor.wire.payloads import StatusPayload, encode, stamp
from monitor.wire.topics import PREFIX

KEEPALIVE_S: Final = 30
VITALS_EXPIRY_S: Final = 60
CONFIRMED_WITHIN_S: Final = 15.0
WAITS_EVERY: Final = 200
"""After so many messages the broker must have confirmed the last one."""

_LEVELS: Final = 6
_STATUS: Final = msgspec.json.Decoder(StatusPayload)


class Teller:
    """One connection that publishes for all devices of a recording."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.told = 0
        self._last: paho.MQTTMessageInfo | None = None
        self._online: dict[str, str] = {}
        self._caller = Caller(access, "replay", keepalive_s=KEEPALIVE_S, prepare=self._prepare)
        self._client = self._caller.client
        self._expiring = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's
        self._expiring.MessageExpiryInterval = VITALS_EXPIRY_S

    def _prepare(self, client: paho.Client) -> None:
        client.on_connect = self._on_connect

    def connect(self) -> None:
        """Connect and wait for the broker's answer.

        Raises
        ------
        LinkError
            If the broker does not answer in time or refuses us.
        """
        self._caller.connect()

    def tell(self, message: RawMessage) -> None:
        """Publish one message; from time to time wait until the broker has what was told.

        Raises
        ------
        LinkError
            If the broker does not confirm in time.
        """
        levels = message.topic.split("/")
        is_ours = len(levels) == _LEVELS and message.topic.startswith(f"{PREFIX}/")
        if is_ours and levels[-1] == "status":
            self._note(message)
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=1,
            retain=is_ours and levels[-1] in {"status", "birth"},
            properties=self._expiring if is_ours and levels[-1] == "vitals" else None,
        )
        self._last = info
        self.told += 1
        if self.told % WAITS_EVERY == 0:
            self._wait(info)

    def finish(self, at_ms: int) -> None:
        """Say that every device is off, wait until the broker has everything, and leave.

        Raises
        ------
        LinkError
            If the broker does not confirm in time.
        """
        try:
            for topic, boot in sorted(self._online.items()):
                payload = encode(StatusPayload(state="offline", t=stamp(at_ms), boot=boot))
                self._wait(self._client.publish(topic, payload, qos=1, retain=True))
            if self._last is not None:
                self._wait(self._last)
        finally:
            self._caller.leave()

    def _note(self, message: RawMessage) -> None:
        """Remember under which boot id a device is online."""
        try:
            told = _STATUS.decode(message.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        if told.state == "online":
            self._online[message.topic] = told.boot
        else:
            self._online.pop(message.topic, None)

    def _wait(self, info: paho.MQTTMessageInfo) -> None:
        try:
            info.wait_for_publish(CONFIRMED_WITHIN_S)
        except (RuntimeError, ValueError) as fault:
            raise LinkError(f"broker {self.access}: it does not take messages ({fault})") from fault
        if not info.is_published():
            reason = f"it has not confirmed a message within {CONFIRMED_WITHIN_S:g} s"
            raise LinkError(f"broker {self.access}: {reason}")

    def _on_connect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._caller.hear(reason)
