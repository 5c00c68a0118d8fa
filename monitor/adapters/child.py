"""A child process that is kept running: started again when it ends, ended with its parent.

The child reads its standard input, which only this program holds open, and leaves when it ends;
so it also leaves when its parent was killed.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from monitor.adapters.logbook import ROOT, log

LOG: Final = logging.getLogger(f"{ROOT}.child")

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 30.0
SOUND_S: Final = 60.0
"""A child that ran so long is started again at once; one that ends early is waited for longer."""

STOP_WITHIN_S: Final = 5.0
USAGE: Final = 2
"""A child that does not understand what it is asked will not understand it the next time."""


class Child:
    """One program, kept running for one ``with`` block."""

    def __init__(self, name: str, command: Sequence[str], *, is_quiet: bool = False) -> None:
        self.name = name
        self.starts = 0
        self._command = list(command)
        self._output = subprocess.DEVNULL if is_quiet else None
        self._leaving = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"keep-{name}", daemon=True)

    def __enter__(self) -> Self:
        """Start it."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, and wait until it has."""
        self._leaving.set()
        process = self._process
        if process is not None:
            process.terminate()
        self._thread.join(STOP_WITHIN_S)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()

    def _keep(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._leaving.is_set():
            began_s = time.monotonic()
            code = self._run()
            if self._leaving.is_set():
                return
            ran_s = time.monotonic() - began_s
            wait_s = FIRST_WAIT_S if ran_s > SOUND_S else min(2 * wait_s, LONGEST_WAIT_S)
            is_hopeless = code == USAGE
            action = "given up" if is_hopeless else f"started again in {wait_s:g} s"
            log(LOG, logging.ERROR, "child-ended", child=self.name, code=code, action=action)
            if is_hopeless:
                return
            self._leaving.wait(wait_s)

    def _run(self) -> int | None:
        """Run it once and return its exit code, None if it could not be started."""
        try:
            process = subprocess.Popen(  # noqa: S603 - this program itself
                self._command,
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=self._output,
                # Ctrl-C is for the parent, which ends its child in order.
                start_new_session=True,
            )
        except OSError:
            LOG.exception("child-not-started")
            return None
        self._process = process
        self.starts += 1
        if self._leaving.is_set():
            process.terminate()
        with process:
            return process.wait()
