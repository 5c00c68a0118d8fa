"""Folding: old vitals leave the inbox for chunks, so that a journal does not grow for ever.

Only what is older than the site keeps one by one, and only behind the oldest snapshot, so that a
restart never needs it. Everything else stays: the ledger, sessions, acts, charted signs, pumps.
What a chunk does not keep is what only messages have: numbers, absences, and bytes that nobody
could read; what came of those stands in the ledger.

The work is cut into bites, each small enough to be done between two steps.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from monitor.adapters.chunks import Chunk, packed, sealed, unpacked
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import Folded, JournalUnreadableError
from monitor.adapters.ledger import resealed_digest
from monitor.adapters.snapshots import marks
from monitor.facts.records import RawMessage, VitalsReported
from monitor.wire.messages import decode

BITE: Final = 500
"""Messages that are read at once."""

MESSAGES_MAX: Final = 4_000
"""Messages that are folded in one commit at most; fewer if they span an hour."""

REMOVED_MAX: Final = 4_000
"""So many chunks that are too old are removed in one commit, more only where more come."""

_BY_PLACE: Final = "CREATE INDEX IF NOT EXISTS chunk_place ON chunk (place)"
"""Finds the chunks of one window, for who reads them in the order in which they were folded.

No format of its own: a program that does not know it reads and writes the same journal.
"""

_REMOVE_OLD: Final = """
DELETE FROM chunk WHERE (bed, device, channel, hour, place) IN (
    SELECT bed, device, channel, hour, place
    FROM (SELECT bed, device, channel, hour, place FROM chunk ORDER BY place LIMIT ?)
    WHERE hour < ?)
"""

HOUR_MS: Final = 3_600_000
FOLDED_KINDS: Final = ("vitals", "backfill")

Key = tuple[str, str, int]
Row = tuple[int, int, int, str, bytes]
"""Message, step, time received, topic, payload."""


@dataclass(slots=True)
class _Window:
    """Messages that will be folded together."""

    step: int = 0
    message: int = 0
    begun_ms: int | None = None
    messages: int = 0
    values: dict[Key, list[tuple[int, int, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def is_full(self, row: Row) -> bool:
        """Tell whether a message belongs to the next window; a step is never divided."""
        if self.begun_ms is None or row[1] == self.step:
            return False
        return self.messages >= MESSAGES_MAX or row[2] - self.begun_ms >= HOUR_MS

    def take(self, row: Row) -> None:
        """Take a message."""
        self.message, self.step, received_ms, topic, payload = row
        self.messages += 1
        if self.begun_ms is None:
            self.begun_ms = received_ms
        if not topic.endswith(FOLDED_KINDS):
            return
        record = decode(
            RawMessage(received_ms=received_ms, topic=topic, payload=payload), position=0
        )
        if isinstance(record, VitalsReported):
            for one in record.values:
                self.values[record.bed, record.device, one.channel].append(
                    (one.measured_ms, received_ms - one.measured_ms, one.value_centi, one.flags)
                )


class Folder:
    """Folds the old vitals of a journal, a bite at a time."""

    def __init__(self, journal: Journal, *, keep_ms: int, keep_chunks_ms: int) -> None:
        self._journal = journal
        self._keep_ms = keep_ms
        self._keep_chunks_ms = keep_chunks_ms
        self._bites: Iterator[None] = iter(())

    def plan(self, now_ms: int) -> None:
        """Begin to fold what is too old by now, unless that is going on."""
        if not self.bite():
            self._bites = self._folding(now_ms)

    def bite(self) -> bool:
        """Do a little of what is planned; tell whether there was anything to do.

        Raises
        ------
        StoreError
            If it could not be written; then the journal is as it was before the bite.
        """
        return next(self._bites, _DONE) is not _DONE

    def _folding(self, now_ms: int) -> Iterator[None]:
        oldest = list(marks(self._journal))[-1:]
        horizon_ms = now_ms - self._keep_ms
        first = next(self._rows(self._journal.about.folded.message, 1), None)
        if not oldest or first is None or first[2] + HOUR_MS > horizon_ms:
            return
        limit, window = oldest[0].place, _Window()
        last = self._journal.about.folded.message
        while rows := list(self._rows(last, BITE)):
            for row in rows:
                if row[1] > limit.step or row[2] >= horizon_ms:
                    return
                if window.is_full(row):
                    yield
                    self._fold(window, row[1] - 1, now_ms - self._keep_chunks_ms)
                    window = _Window()
                    yield
                window.take(row)
                last = row[0]
            yield

    def _rows(self, after: int, limit: int) -> Iterator[Row]:
        query = (
            "SELECT n, step, received_ms, topic, payload FROM inbox WHERE n > ? ORDER BY n LIMIT ?"
        )
        yield from self._journal.rows(query, (after, limit))

    def _fold(self, window: _Window, step: int, oldest_ms: int) -> None:
        """Write the chunks of a window and remove what they hold, in one commit."""
        before = self._journal.about.folded
        chunks = [
            _chunk_row((*key, readings[0][0] // HOUR_MS, before.message + 1), readings)
            for key, readings in window.values.items()
        ]
        after = Folded(step=step, message=window.message)
        steps, messages = (before.step, after.step), (before.message, after.message)
        with self._journal.transaction() as connection:
            connection.execute(_BY_PLACE)
            connection.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)", chunks)
            connection.execute(
                "DELETE FROM inbox WHERE n > ? AND n <= ? "
                "AND (topic LIKE '%/vitals' OR topic LIKE '%/backfill')",
                messages,
            )
            connection.execute(
                "DELETE FROM step WHERE n > ? AND n <= ? "
                "AND n NOT IN (SELECT step FROM inbox WHERE n > ? AND n <= ?) "
                "AND n NOT IN (SELECT step FROM ledger WHERE step > ? AND step <= ?)",
                (*steps, *messages, *steps),
            )
            _reseal(connection, steps, messages)
            # The oldest by their place, so that what was kept for a year is not looked through.
            removed_max = max(REMOVED_MAX, 2 * len(chunks))
            connection.execute(_REMOVE_OLD, (removed_max, oldest_ms // HOUR_MS))
            connection.execute(
                "UPDATE about SET folded_step = ?, folded_message = ?", (after.step, after.message)
            )
        self._journal.note_folded(after)


_DONE: Final = object()


def _chunk_row(
    place: tuple[str, str, int, int, int], readings: list[tuple[int, int, int, int]]
) -> tuple[str | int | bytes, ...]:
    body = packed(np.array(readings, np.int64))
    return (*place, len(readings), sealed(body, *place, len(readings)))


def _reseal(
    connection: sqlite3.Connection, steps: tuple[int, int], messages: tuple[int, int]
) -> None:
    """Give steps that have lost their vitals the digest of what is left of them."""
    left: dict[int, list[RawMessage]] = defaultdict(list)
    query = (
        "SELECT step, received_ms, topic, payload, retained FROM inbox "
        "WHERE n > ? AND n <= ? ORDER BY n"
    )
    for step, received_ms, topic, payload, retained in connection.execute(query, messages):
        left[step].append(
            RawMessage(
                received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
            )
        )
    times = connection.execute("SELECT n, now_ms FROM step WHERE n > ? AND n <= ?", steps)
    connection.executemany(
        "UPDATE step SET digest = ? WHERE n = ?",
        [(resealed_digest(now_ms, left[n]), n) for n, now_ms in times.fetchall()],
    )


def chunks(journal: JournalReader, bed: str = "", *, since_ms: int = 0) -> Iterator[Chunk]:
    """Yield the folded readings of a bed, or of all, by bed, device, channel and time.

    A chunk of the hour before that of ``since_ms`` is given too: it may reach into it.

    Raises
    ------
    JournalUnreadableError
        If a chunk is damaged.
    """
    if journal.about.format == 1:
        return
    query = (
        "SELECT bed, device, channel, readings, body FROM chunk "
        "WHERE (bed = ? OR ? = '') AND hour >= ? "
        "ORDER BY bed, device, channel, hour, place"
    )
    for row in journal.rows(query, (bed, bed, since_ms // HOUR_MS - 1)):
        yield chunk_of(journal.path, *row)


def chunk_of(
    path: Path, bed: str, device: str, channel: int, n_readings: int, body: bytes
) -> Chunk:
    """Return the readings that a row of a journal holds.

    Raises
    ------
    JournalUnreadableError
        If the chunk is damaged.
    """
    try:
        readings = unpacked(body, n_readings)
    except ValueError as fault:
        raise JournalUnreadableError(
            path, f"vitals of {device} at bed {bed}: {fault}", "restore the file"
        ) from fault
    return Chunk(bed=bed, device=device, channel=channel, readings=readings)
