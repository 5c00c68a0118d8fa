"""Signals: what the system tells a program that watches, from its first moment to its last.

SIGTERM and SIGINT end it; SIGHUP lets it read its folder again. While it starts, which a long
journal or a broker that does not answer may make long, it has told nobody anything, so the start
ends where it is, as safely as by a kill. A monitor that works ends in order; a second signal ends
it at once. Whatever hangs for too long, a name service or a disk, is left hanging.
"""

import atexit
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from types import FrameType, TracebackType
from typing import Final, NoReturn, Protocol, Self

from monitor.adapters.logbook import ROOT, finish_logging, log

LOG: Final = logging.getLogger(f"{ROOT}.live")

PATIENCE_S: Final = 4.5
"""So long after it was told to leave, a program that has not left is ended where it hangs."""

LEAVE: Final = (signal.SIGTERM, signal.SIGINT)
INTERRUPTED: Final = 130


class Attending(Protocol):
    """What heeds signals once it works."""

    def stop(self) -> None:
        """Come to an end in order."""
        ...

    def read_again(self) -> None:
        """Read the folder of the site again."""
        ...


class Signals:
    """The signals of one run, for one ``with`` block of the main thread."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self.heard: list[int] = []
        """Signals that asked to leave, in order."""
        self._patience_s = patience_s
        self._working: Attending | None = None
        self._wants_site = False
        self._left = threading.Event()
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Heed signals from now on."""
        told, ours = socket.socketpair()
        ours.settimeout(0.0)
        keeper = threading.Thread(target=self._keep, args=(told,), name="signals", daemon=True)
        keeper.start()
        self._ends.callback(told.close)
        self._ends.callback(keeper.join)
        self._ends.callback(ours.close)
        # Written to when the signal comes, also while the main thread hangs in the system.
        before = signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        self._ends.callback(signal.set_wakeup_fd, before)
        for number in LEAVE:
            self._ends.callback(signal.signal, number, signal.signal(number, self._leave))
        number = signal.SIGHUP
        self._ends.callback(signal.signal, number, signal.signal(number, self._read_again))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Go back to what signals did before."""
        self._left.set()
        self._ends.close()
        if self.heard and self._working is None:
            log(LOG, logging.INFO, "stopped", steps=0)

    @property
    def was_interrupted(self) -> bool:
        """Whether it was Ctrl-C that asked to leave."""
        return signal.SIGINT in self.heard

    def attend(self, working: Attending) -> None:
        """Hand all signals to a program that works from now on."""
        self._working = working
        # At its end Python looks for what can be freed, longer than all the rest of leaving takes.
        atexit.register(gc.freeze)
        if self._wants_site:
            working.read_again()

    def _leave(self, number: int, _frame: FrameType | None) -> None:
        self.heard.append(number)
        signal.signal(number, signal.SIG_DFL)
        if self._working is not None:
            self._working.stop()
            return
        # Not an Exception: what a ward makes of a bug in itself must not make a bug of this.
        raise SystemExit(INTERRUPTED if number == signal.SIGINT else 0)

    def _read_again(self, _number: int, _frame: FrameType | None) -> None:
        self._wants_site = True
        if self._working is not None:
            self._working.read_again()

    def _keep(self, told: socket.socket) -> None:
        """Wait for a signal that asks to leave, and end what has not left in time."""
        while heard := told.recv(1):
            if heard[0] in LEAVE:
                if not self._left.wait(self._patience_s):
                    _end(heard[0])
                return


def _end(number: int) -> NoReturn:
    log(LOG, logging.ERROR, "left-hanging", after_s=PATIENCE_S)
    finish_logging()
    os._exit(128 + number)
