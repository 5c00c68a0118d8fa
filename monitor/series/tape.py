"""The journal as a tape: what was added behind a place, read while a monitor goes on writing.

Three tables grow by themselves (steps, messages, ledger), so a place is three numbers. Vital
signs that were folded before they were read come from their chunks. Rows that are gone are
counted and named; nothing is passed over in silence.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from monitor.adapters.chunks import Chunk
from monitor.adapters.folding import chunk_of
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import fault_of
from monitor.facts.effects import AnyEffect
from monitor.facts.records import MessageRefused, RawMessage
from monitor.series.points import (
    Point,
    chunk_points,
    effect_points,
    inbox_point,
    record_points,
    step_point,
)
from monitor.wire.messages import decode

_LAST: Final = 2**62
"""No journal has so many rows."""

_EFFECT: Final[msgspec.json.Decoder[AnyEffect]] = msgspec.json.Decoder(AnyEffect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far the three tables of a journal have been read: the last number of each."""

    step: int = 0
    message: int = 0
    row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The points behind a place, and the place behind them.

    ``gaps`` says which rows were no longer in the journal; ``is_full`` whether more may follow
    at once.
    """

    points: tuple[Point, ...]
    place: Place
    gaps: tuple[str, ...]
    is_full: bool


def file_of(path: Path) -> tuple[int, int] | None:
    """Return which file has a name, None if none has."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def set_aside_files(path: Path) -> list[Path]:
    """Return the journals that once had the name of this one, the oldest first."""
    number, found = 1, []
    while (aside := path.with_name(f"{path.name}.{number}")).exists():
        found.append(aside)
        number += 1
    return found


class _Window(NamedTuple):
    """Messages that were folded together: the last of them, and the vital signs of all."""

    last: int
    chunks: tuple[Chunk, ...]


class Tape:
    """The journal of one unit, opened for reading behind any place."""

    def __init__(self, path: Path) -> None:
        """Open a journal read-only.

        Raises
        ------
        JournalError
            If there is none, it is damaged, or it may not be read.
        """
        self._file = file_of(path)
        with JournalReader.open(path) as reader:
            self.unit = reader.about.unit
            self.epoch = reader.about.created_ms
            self._ends = reader.counts()
        self.path = path
        try:
            self._connection = sqlite3.connect(
                path.resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None
            )
        except sqlite3.Error as fault:
            raise fault_of(path, fault) from fault

    @property
    def name(self) -> str:
        """What tells this journal from all others of its place, whatever its file is called."""
        return f"{self.unit}:{self.epoch}"

    @property
    def is_replaced(self) -> bool:
        """Whether another file, or none, has the name by now; this one can be read all the same."""
        return file_of(self.path) != self._file

    def holds(self, place: Place) -> bool:
        """Tell whether the journal reached to a place when it was opened."""
        step, message, row = self._ends
        return place.step <= step and place.message <= message and place.row <= row

    def waiting(self, place: Place) -> int:
        """Return how many messages have come behind a place.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        try:
            (last,) = self._connection.execute("SELECT max(n) FROM inbox").fetchone()
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault
        return max(0, (last or 0) - place.message)

    def behind(self, place: Place, *, limit: int) -> Stretch:
        """Return the points of at most ``limit`` rows of each table behind a place.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        try:
            # One picture of all tables: a monitor may fold between two questions.
            self._connection.execute("BEGIN")
            try:
                return self._stretch(place, limit)
            finally:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault

    def _stretch(self, place: Place, limit: int) -> Stretch:
        steps = self._rows("SELECT n, now_ms FROM step WHERE n > ?", (place.step,), limit)
        folded = self._folded(place.message)
        messages = self._rows(
            "SELECT n, step, received_ms, topic, payload, retained FROM inbox "
            "WHERE n > ? AND n <= ?",
            (place.message, folded.last if folded else _LAST),
            limit,
        )
        rows = self._rows("SELECT n, body FROM ledger WHERE n > ?", (place.row,), limit)
        points = [step_point(self.unit, n, now_ms, epoch=self.epoch) for n, now_ms in steps]
        points += self._message_points(messages)
        for n, body in rows:
            points += effect_points(self.unit, n, _EFFECT.decode(body))
        last_message = messages[-1][0] if messages else place.message
        how_gone = "removed"
        if folded:
            points += chunk_points(self.unit, folded.chunks)
            how_gone = "folded; their values are sent without numbers"
            if len(messages) < limit:
                last_message = folded.last
        after = Place(
            step=steps[-1][0] if steps else place.step,
            message=last_message,
            row=rows[-1][0] if rows else place.row,
        )
        gaps = [
            _gap("step", place.step, after.step, len(steps), "removed"),
            _gap("inbox", place.message, after.message, len(messages), how_gone),
            _gap("ledger", place.row, after.row, len(rows), "removed"),
        ]
        return Stretch(
            points=tuple(points),
            place=after,
            gaps=tuple(gap for gap in gaps if gap),
            is_full=folded is not None
            or any(len(found) == limit for found in (steps, messages, rows)),
        )

    def _message_points(self, messages: Sequence[tuple]) -> Iterator[Point]:  # type: ignore[type-arg]  # as below
        for n, step, received_ms, topic, payload, retained in messages:
            raw = RawMessage(
                received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
            )
            yield inbox_point(self.unit, n, step, raw, epoch=self.epoch)
            record = decode(raw, position=0)
            if not isinstance(record, MessageRefused):
                yield from record_points(record)

    def _folded(self, after: int) -> _Window | None:
        """Return the next messages that were folded behind a place, None behind the last."""
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'chunk'"
        if not self._connection.execute(tables).fetchone()[0]:
            return None  # a journal of the first format
        (last,) = self._connection.execute("SELECT folded_message FROM about").fetchone()
        if last <= after:
            return None
        # Messages are folded together from the place of a chunk to the place of the next.
        places = "SELECT {} FROM chunk WHERE place {} ?"
        (first,) = self._connection.execute(
            places.format("max(place)", "<="), (after + 1,)
        ).fetchone()
        (later,) = self._connection.execute(
            places.format("min(place)", ">"), (after + 1,)
        ).fetchone()
        rows = self._connection.execute(
            "SELECT bed, device, channel, readings, body FROM chunk WHERE place = ?", (first,)
        )
        chunks = tuple(chunk_of(self.path, *row) for row in rows)
        return _Window(last=last if later is None else later - 1, chunks=chunks)

    def _rows(self, select: str, bounds: tuple[int, ...], limit: int) -> list[tuple]:  # type: ignore[type-arg]  # columns differ by table
        return self._connection.execute(f"{select} ORDER BY n LIMIT ?", (*bounds, limit)).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _gap(table: str, before: int, last: int, found: int, how_gone: str) -> str:
    """Return which rows between two places are not there, empty if all are."""
    missing = last - before - found
    if not missing:
        return ""
    return f"{missing} of the {table} rows {before + 1} to {last} had been {how_gone}"
