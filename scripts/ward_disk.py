"""A simulated disk: what was written since the last barrier may be lost or torn by a kill.

It is what the journal rests on and no more: appending may fail half way (the disk is full, or can
only be read for a while), a barrier makes everything before it safe, a kill leaves any prefix of
what was written since, with nonsense at its end, and a read may return a flipped bit. Records have
a checksum, so that a reader knows where the truth ends.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

SHARE_FULL: Final = 0.004
SHARE_READ_ONLY: Final = 0.001
READ_ONLY_WRITES: Final = 12
"""So many writes are refused at most while a disk can only be read."""

SHARE_FLIPPED: Final = 0.3
SHARE_NONSENSE: Final = 0.5
LENGTH_BYTES: Final = 4
CHECK_BYTES: Final = 8


class DiskError(OSError):
    """A write did not happen, or only a part of it."""


@dataclass(slots=True, kw_only=True)
class Disk:
    """Files of bytes, with chance in everything that a disk does not promise."""

    rng: np.random.Generator
    share_full: float = SHARE_FULL
    share_read_only: float = SHARE_READ_ONLY
    refused: int = 0
    torn: int = 0
    flipped: int = 0
    _files: dict[str, bytearray] = field(default_factory=dict, init=False)
    _safe: dict[str, int] = field(default_factory=dict, init=False)
    _spell: int = field(default=0, init=False)
    """So many writes will still be refused."""

    def append(self, name: str, data: bytes) -> None:
        """Write behind a file; nothing of it is safe before a barrier.

        Raises
        ------
        DiskError
            Any part of it was written, maybe none.
        """
        held = self._files.setdefault(name, bytearray())
        if not self._spell and self.rng.random() < self.share_read_only:
            self._spell = int(self.rng.integers(1, READ_ONLY_WRITES + 1))
        if self._spell:
            self._spell -= 1
            self.refused += 1
            raise DiskError("the disk can only be read")
        if self.rng.random() < self.share_full:
            self.refused += 1
            held += data[: int(self.rng.integers(0, len(data)))]
            raise DiskError("the disk is full")
        held += data

    def emptied(self, name: str) -> None:
        """Begin a file anew; the old one is gone at once."""
        self._files[name], self._safe[name] = bytearray(), 0

    def barrier(self, name: str) -> None:
        """Make everything safe that was written to a file."""
        self._safe[name] = len(self._files[name])

    def taken_back(self, name: str, length: int | None = None) -> None:
        """Cut a file off behind what is safe, or at a length."""
        end = self._safe.get(name, 0) if length is None else length
        del self._files.setdefault(name, bytearray())[end:]
        self._safe[name] = min(self._safe.get(name, 0), end)

    def killed(self) -> None:
        """Lose power: of what was not safe any prefix is left, its end maybe nonsense."""
        for name, held in sorted(self._files.items()):
            safe = self._safe.get(name, 0)
            loose = len(held) - safe
            if not loose:
                continue
            left = int(self.rng.integers(0, loose + 1))
            del held[safe + left :]
            self.torn += 0 < left < loose
            if left and self.rng.random() < SHARE_NONSENSE:
                first = safe + int(self.rng.integers(0, left))
                held[first:] = self.rng.bytes(len(held) - first)
            # After a restart the file is what is there.
            self._safe[name] = len(held)

    def read(self, name: str) -> bytes:
        """Return a file, until two readings of it are the same: one may have a flipped bit."""
        before = self._once(name)
        while (again := self._once(name)) != before:
            before = again
        return again

    def _once(self, name: str) -> bytes:
        data = bytearray(self._files.get(name, b""))
        if data and self.rng.random() < SHARE_FLIPPED:
            self.flipped += 1
            data[int(self.rng.integers(0, len(data)))] ^= 1 << int(self.rng.integers(0, 8))
        return bytes(data)


def framed(body: bytes) -> bytes:
    """Return a record: its length, its checksum, itself."""
    return len(body).to_bytes(LENGTH_BYTES, "big") + _check(body) + body


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where each record ends and what it holds, up to the first that is not whole."""
    at = 0
    while len(data) - at >= LENGTH_BYTES + CHECK_BYTES:
        begins = at + LENGTH_BYTES + CHECK_BYTES
        ends = begins + int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        body = data[begins:ends]
        if ends > len(data) or data[at + LENGTH_BYTES : begins] != _check(body):
            return
        yield ends, body
        at = ends


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:CHECK_BYTES]
