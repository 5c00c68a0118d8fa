"""Files of truth: one :class:`monitor.facts.truth.TrueSession` a line, whole or not at all.

A file is written beside its place and moved there, so whoever reads it while a ward is told gets
the truth as it was planned or the truth as it was, never a part of one.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from monitor.facts.truth import TrueSession

_TRUTH: Final = msgspec.json.Encoder(order="deterministic")


def truth_lines(truths: Iterable[TrueSession]) -> bytes:
    """Return truths as they stand in a file; the same truths make the same bytes."""
    return b"".join(_TRUTH.encode(one) + b"\n" for one in truths)


class TruthFile:
    """A file of truth that is written as often as more is known."""

    def __init__(self, path: Path) -> None:
        """Name the file; make its folder, and find out now whether it can be written.

        Raises
        ------
        OSError
            The folder cannot be made or takes no file.
        """
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part.touch()
        self._part.unlink()

    def write(self, truths: Iterable[TrueSession]) -> None:
        """Put truths in place of what the file holds.

        Raises
        ------
        OSError
            The disk refuses; what the file held stays.
        """
        with self._part.open("wb") as out:
            out.write(truth_lines(truths))
            out.flush()
            os.fsync(out.fileno())
        self._part.replace(self.path)
