"""Telling whoever started us, as systemd asks: still starting, ready, still watching, leaving.

The protocol is one datagram of text to the socket that ``NOTIFY_SOCKET`` names. Without it
nothing is sent. "Still watching" is sent by the step that was made, not by a thread beside it:
a ward that hangs falls silent, and is killed and started again. A start that takes long asks for
more time with every part that it has done, so that a long journal is not taken for a hang, killed
and begun anew for ever.
"""

import contextlib
import os
import socket
import time
from typing import Final, Self

NOTIFY: Final = "NOTIFY_SOCKET"
_ABSTRACT: Final = "@"
EVERY_S: Final = 1.0
STARTING_S: Final = 60
"""So much time a start asks for with every part that is done."""


class Supervisor:
    """Whoever started this process; silent where nobody asked to be told."""

    def __init__(self, address: str = "") -> None:
        self._address = f"\0{address[1:]}" if address.startswith(_ABSTRACT) else address
        self._said_s = -EVERY_S

    def starting(self, words: str, *, within_s: int = STARTING_S) -> None:
        """Say that the start goes on, and ask for time until it has come further."""
        now_s = time.monotonic()
        if within_s != STARTING_S or now_s - self._said_s >= EVERY_S:
            self._said_s = now_s
            self._say(f"EXTEND_TIMEOUT_USEC={within_s * 1_000_000}\nSTATUS={words}")

    @classmethod
    def from_environment(cls) -> Self:
        """Return the supervisor that the environment names, and hide it from our children."""
        return cls(os.environ.pop(NOTIFY, ""))

    def ready(self) -> None:
        """Say that the ward is watched from now on."""
        self._say("READY=1\nSTATUS=watching")

    def alive(self) -> None:
        """Say that a step was made; at most once a second."""
        now_s = time.monotonic()
        if now_s - self._said_s >= EVERY_S:
            self._said_s = now_s
            self._say("WATCHDOG=1")

    def leaving(self) -> None:
        """Say that we end because we were told to."""
        self._say("STOPPING=1\nSTATUS=leaving")

    def _say(self, text: str) -> None:
        if not self._address:
            return
        # A supervisor that does not listen must not stop the ward.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth,
        ):
            mouth.sendto(text.encode(), socket.MSG_DONTWAIT, self._address)
