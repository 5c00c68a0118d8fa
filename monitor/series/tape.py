"""The journal as a tape: what was added behind a place, read while a monitor goes on writing.

Three tables grow by themselves (steps, messages, ledger), so a place is three numbers. Rows that
retention has removed before they were read are counted and named; nothing is passed over in
silence.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import fault_of
from monitor.facts.effects import AnyEffect
from monitor.facts.records import MessageRefused, RawMessage
from monitor.series.points import Point, effect_points, inbox_point, record_points, step_point
from monitor.wire.messages import decode

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


class Tape:
    """The journal of one unit, opened for reading behind any place."""

    def __init__(self, path: Path) -> None:
        """Open a journal read-only.

        Raises
        ------
        JournalError
            If there is none, it is damaged, or it may not be read.
        """
        with JournalReader.open(path) as reader:
            self.unit = reader.about.unit
        self._path = path
        try:
            self._connection = sqlite3.connect(
                path.resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None
            )
        except sqlite3.Error as fault:
            raise fault_of(path, fault) from fault

    def behind(self, place: Place, *, limit: int) -> Stretch:
        """Return the points of at most ``limit`` rows of each table behind a place.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        points: list[Point] = []
        gaps: list[str] = []
        try:
            steps = self._rows("SELECT n, now_ms FROM step", place.step, limit)
            points += [step_point(self.unit, n, now_ms) for n, now_ms in steps]
            messages = self._rows(
                "SELECT n, step, received_ms, topic, payload, retained FROM inbox",
                place.message,
                limit,
            )
            for n, step, received_ms, topic, payload, retained in messages:
                raw = RawMessage(
                    received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
                )
                points.append(inbox_point(self.unit, n, step, raw))
                record = decode(raw, position=0)
                if not isinstance(record, MessageRefused):
                    points += record_points(record)
            rows = self._rows("SELECT n, body FROM ledger", place.row, limit)
            for n, body in rows:
                points += effect_points(self.unit, n, _EFFECT.decode(body))
        except sqlite3.Error as fault:
            raise fault_of(self._path, fault) from fault
        for table, before, found in (
            ("step", place.step, steps),
            ("inbox", place.message, messages),
            ("ledger", place.row, rows),
        ):
            if found and found[0][0] > before + 1:
                gaps.append(f"{table} rows {before + 1} to {found[0][0] - 1} had been removed")
        return Stretch(
            points=tuple(points),
            place=Place(
                step=steps[-1][0] if steps else place.step,
                message=messages[-1][0] if messages else place.message,
                row=rows[-1][0] if rows else place.row,
            ),
            gaps=tuple(gaps),
            is_full=any(len(found) == limit for found in (steps, messages, rows)),
        )

    def _rows(self, select: str, after: int, limit: int) -> list[tuple]:  # type: ignore[type-arg]  # columns differ by table
        return self._connection.execute(
            f"{select} WHERE n > ? ORDER BY n LIMIT ?", (after, limit)
        ).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
