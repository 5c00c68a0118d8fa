"""Snapshots in the journal: what a restart begins with, instead of the whole journal.

A snapshot is taken between two steps, in memory, and written afterwards part by part, one small
commit a step, so that no alert waits for it. It counts from the commit of its last part on, with
the digest of the whole; what a killed monitor had written of another one is thrown away. Each
says where in the journal it was taken, with the hash of the ledger there, and by which program.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.ledger import GENESIS, Place

FORMAT: Final = 1
"""Version of how a snapshot is cut and packed, and of what its records mean.

A change of names or types shows by itself; a field that means something else bumps this."""

PART_BYTES: Final = 256 * 1024
"""So much is packed and written at once."""

QUICKEST: Final = 1
KEPT: Final = 2
"""The newest is used; the one before it if the newest cannot be."""


class SnapshotUnusableError(Exception):
    """A snapshot cannot be used; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where and by whom a snapshot was taken."""

    place: Place
    now_ms: int
    format: int
    program: str
    parts: int
    digest: bytes


class SnapshotWriter:
    """Writes one snapshot after the other, each part by part."""

    def __init__(
        self, journal: Journal, *, program: str, every_s: float, seconds: Callable[[], float]
    ) -> None:
        self.written = 0
        self._journal = journal
        self._program = program
        self._every_s = every_s
        self._seconds = seconds
        self._taken_s = seconds()
        self._step = 0
        self._body = memoryview(b"")
        self._mark: Mark | None = None
        self._next = 0

    @property
    def is_due(self) -> bool:
        """Whether it is time to take another one; while one is being written it is not."""
        return not self.is_writing and self._seconds() - self._taken_s >= self._every_s

    def hurry(self) -> None:
        """Make the next one due at once."""
        self._taken_s = self._seconds() - self._every_s

    @property
    def is_newest(self) -> bool:
        """Whether nothing came into the journal since the last whole one was taken."""
        return self._step == self._journal.place.step

    @property
    def is_writing(self) -> bool:
        """Whether one is taken that is not yet whole in the journal."""
        return self._mark is not None

    def take(self, body: bytes, now_ms: int) -> None:
        """Take what is to be kept of the end of the journal; nothing is written yet."""
        self._taken_s = self._seconds()
        self._body, self._next = memoryview(body), 0
        self._mark = Mark(
            place=self._journal.place,
            now_ms=now_ms,
            format=FORMAT,
            program=self._program,
            parts=max(1, -(-len(body) // PART_BYTES)),
            digest=hashlib.sha256(body).digest(),
        )

    def write_part(self) -> bool:
        """Write the next part, with the last one also the mark that makes it count: then True.

        Raises
        ------
        StoreError
            If it could not be written; the snapshot is given up.
        """
        mark = self._mark
        if mark is None:
            return False
        place = self._next
        part = zlib.compress(self._body[place * PART_BYTES : (place + 1) * PART_BYTES], QUICKEST)
        is_last = place + 1 == mark.parts
        self._mark = None
        with self._journal.transaction() as connection:
            if place == 0:
                connection.execute(
                    "DELETE FROM snapshot_part WHERE step NOT IN (SELECT step FROM snapshot)"
                )
                # A second one of the same step takes the place of the first.
                connection.execute("DELETE FROM snapshot WHERE step = ?", (mark.place.step,))
                connection.execute("DELETE FROM snapshot_part WHERE step = ?", (mark.place.step,))
            connection.execute(
                "INSERT INTO snapshot_part VALUES (?, ?, ?)", (mark.place.step, place, part)
            )
            if is_last:
                connection.execute(
                    "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _columns(mark)
                )
                connection.execute(
                    "DELETE FROM snapshot WHERE step NOT IN "
                    "(SELECT step FROM snapshot ORDER BY step DESC LIMIT ?)",
                    (KEPT,),
                )
        if is_last:
            self.written, self._step = self.written + 1, mark.place.step
            self._body = memoryview(b"")
        else:
            self._mark, self._next = mark, place + 1
        return is_last

    def put_off(self) -> None:
        """Give up what was not wholly written; the next one is due in its time."""
        self._taken_s = self._seconds()
        self._mark, self._body = None, memoryview(b"")


def _columns(mark: Mark) -> tuple[object, ...]:
    place = mark.place
    return (
        *(place.step, place.message, place.row, place.head),
        *(mark.now_ms, mark.format, mark.program, mark.parts, mark.digest),
    )


def marks(journal: JournalReader) -> Iterator[Mark]:
    """Yield the marks of all whole snapshots, the newest first; what is no mark is passed over."""
    if journal.about.format == 1:
        return
    query = (
        "SELECT step, message, row, head, now_ms, format, program, parts, digest FROM snapshot "
        "ORDER BY step DESC"
    )
    for step, message, row, head, *others in journal.rows(query):
        now_ms, form, program, parts, digest = others
        numbers = (step, message, row, now_ms, form, parts)
        if not (
            all(isinstance(one, int) for one in numbers)
            and isinstance(program, str)
            and isinstance(head, bytes)
            and isinstance(digest, bytes)
        ):
            continue  # rot in a row: the mark before it is as good as ever
        yield Mark(
            place=Place(step=step, message=message, row=row, head=head),
            now_ms=now_ms,
            format=form,
            program=program,
            parts=parts,
            digest=digest,
        )


def snapshot_body(journal: JournalReader, mark: Mark, *, program: str) -> bytes:
    """Return what was kept, after everything about it has been checked.

    Raises
    ------
    SnapshotUnusableError
        If it is damaged, of another program, or taken of another journal than this one.
    JournalError
        If the journal cannot be read.
    """
    place = mark.place
    if mark.format != FORMAT:
        raise SnapshotUnusableError(f"it has format {mark.format}; this program reads {FORMAT}")
    if mark.program != program:
        raise SnapshotUnusableError(f"it is of program {mark.program}; this one is {program}")
    last_step, last_message, last_row = journal.counts()
    if (last_step, last_message, last_row) < (place.step, 0, 0) or last_row < place.row:
        raise SnapshotUnusableError(f"the journal ends at step {last_step}, before it")
    if last_message < place.message:
        raise SnapshotUnusableError(f"the journal ends at message {last_message}, before it")
    if _head(journal, place.row) != place.head:
        raise SnapshotUnusableError(f"row {place.row} of the ledger is not the one it was taken at")
    parts: list[Any] = [
        body
        for (body,) in journal.rows(
            "SELECT body FROM snapshot_part WHERE step = ? ORDER BY place", (place.step,)
        )
    ]
    if len(parts) != mark.parts:
        raise SnapshotUnusableError(f"{len(parts)} of its {mark.parts} parts are there")
    try:
        body = b"".join(zlib.decompress(part) for part in parts)
    except (zlib.error, TypeError) as fault:
        raise SnapshotUnusableError(f"it is damaged ({fault})") from fault
    if hashlib.sha256(body).digest() != mark.digest:
        raise SnapshotUnusableError("it is damaged (its digest differs)")
    return body


def _head(journal: JournalReader, row: int) -> bytes | None:
    if row == 0:
        return GENESIS
    found = next(journal.rows("SELECT hash FROM ledger WHERE n = ?", (row,)), None)
    return None if found is None else bytes(found[0])
