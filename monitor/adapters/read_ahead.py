"""Reading ahead: a connection from which whole packets are taken in few calls of the system.

The client library reads a packet in three calls, two of them for single bytes. Each call lets go
of the interpreter, and has to wait for it while the loop decides; with a thousand messages a second
that wait, not the work, is what an alert would wait for. Here one call takes what has arrived, and
the library is handed it piece by piece.
"""

from typing import TYPE_CHECKING, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

CHUNK_BYTES: Final = 65_536

TURNS_MAX: Final = 500
"""So many packets are taken at most before something is written again."""


class AheadSocket:
    """A connected socket that takes what has arrived at once; everything else is the socket's."""

    def __init__(self, inner: "SocketLike") -> None:
        self._inner = inner
        self._held = b""
        self._taken = 0

    def recv(self, buffer_size: int) -> bytes:
        """Return some bytes that have arrived, empty at the end of the connection.

        Raises
        ------
        BlockingIOError
            If none has.
        """
        if self._taken == len(self._held):
            self._held, self._taken = self._inner.recv(max(buffer_size, CHUNK_BYTES)), 0
        some = self._held[self._taken : self._taken + buffer_size]
        self._taken += len(some)
        return some

    def pending(self) -> int:
        """Return how many bytes can be had although the socket may have nothing to read."""
        inner = getattr(self._inner, "pending", None)
        return len(self._held) - self._taken + (inner() if inner is not None else 0)

    def send(self, buffer: bytes | bytearray) -> int:
        """Send some of the bytes and return how many."""
        return self._inner.send(buffer)

    def fileno(self) -> int:
        """Return the number by which the system knows the socket."""
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:  # noqa: FBT001 - as that of a socket
        """Let calls wait, or not."""
        self._inner.setblocking(flag)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()


class AheadClient(paho.Client):
    """A client whose connection reads ahead."""

    _ahead: AheadSocket | None = None

    def _create_socket(self) -> "SocketLike":
        self._ahead = AheadSocket(super()._create_socket())
        return self._ahead

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take the packets that have been read, many at a time."""
        code = super().loop_read(max_packets)
        for _ in range(TURNS_MAX):
            ahead = self._ahead
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or ahead is None or not ahead.pending():
                break
            code = super().loop_read(max_packets)
        return code
