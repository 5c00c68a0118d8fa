"""A writer of log lines with a thread of its own, so that whoever does not read them stops nobody.

A pipe that nobody empties, a terminal that was halted with Ctrl-S or a collector that hangs takes
some ten thousand characters and then makes every writer wait. Nobody who watches beds may wait
there, so lines stand in a bounded row; what finds it full is dropped, counted and told of.
"""

import logging
import os
import queue
import threading
from typing import Final

LINES_MAX: Final = 10_000
"""So many lines may wait for their reader."""

WRITTEN_WITHIN_S: Final = 0.3
"""How long the end of a program waits for its last lines."""


class Scribe(logging.Handler):
    """Writes each record as a line to a file descriptor, and never keeps its caller waiting.

    Parameters
    ----------
    descriptor : int
        Written to without a buffer between, so that a line that hangs holds no lock.
    lines_max : int
        How many lines may wait.
    """

    def __init__(self, descriptor: int, *, lines_max: int = LINES_MAX) -> None:
        super().__init__()
        self.lost = 0
        self._counting = threading.Lock()
        self._descriptor = descriptor
        # Each with the number of lines that are lost if it is not written.
        self._lines: queue.Queue[tuple[bytes, int]] = queue.Queue(lines_max)
        threading.Thread(target=self._write, name="scribe", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record behind those that wait, or count it as lost."""
        try:
            with self._counting:
                lost = self.lost
            if lost and not self._lines.full():
                self._lines.put_nowait((self._line(_loss(lost)), lost))
                self._lose(-lost)
            self._lines.put_nowait((self._line(record), 1))
        except queue.Full:
            self._lose(1)
        except Exception:  # noqa: BLE001  # as every handler does: a bad record ends nothing
            self.handleError(record)

    def flush(self) -> None:
        """Wait until all lines are written, but not for a reader that is gone."""
        done = self._lines.all_tasks_done
        with done:
            done.wait_for(lambda: not self._lines.unfinished_tasks, WRITTEN_WITHIN_S)

    def _line(self, record: logging.LogRecord) -> bytes:
        return f"{self.format(record)}\n".encode("utf-8", "backslashreplace")

    def _write(self) -> None:
        while True:
            line, count = self._lines.get()
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                self._lose(count)
            self._lines.task_done()

    def _lose(self, count: int) -> None:
        """Count lines without room, and those that a full disk or a gone reader did not take."""
        with self._counting:
            self.lost += count


def _loss(count: int) -> logging.LogRecord:
    record = logging.LogRecord(
        "", logging.WARNING, __file__, 0, "log-lines-lost", args=None, exc_info=None
    )
    record.fields = {"lines": count}
    return record
