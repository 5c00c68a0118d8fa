"""What the forwarder remembers: how far each store has got, and which points none would take.

A small SQLite file beside the journal. The place of a store moves only after the store has said
that it keeps the points, so a forwarder that is killed sends some of them again and loses none.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from monitor.series.stores import SeriesError
from monitor.series.tape import Place

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS place (store TEXT PRIMARY KEY, step INTEGER NOT NULL,
    message INTEGER NOT NULL, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (n INTEGER PRIMARY KEY, store TEXT NOT NULL,
    line TEXT NOT NULL, reason TEXT NOT NULL)
"""


def beside(journal: Path) -> Path:
    """Return the name of the file that belongs to a journal."""
    return journal.with_name(f"{journal.name}.series")


class CursorFile:
    """The places of all stores of one journal; ``refused`` rows are kept until somebody looks."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises
        ------
        SeriesError
            If it cannot be opened or is no database.
        """
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            for table in _TABLES.split(";"):
                self._connection.execute(table)
        except sqlite3.Error as fault:
            raise SeriesError(f"{path}: {fault}; remove it to send everything again") from fault

    def place(self, store: str) -> Place:
        """Return how far a store has got; the beginning for one that is new."""
        found = self._connection.execute(
            "SELECT step, message, row FROM place WHERE store = ?", (store,)
        ).fetchone()
        return Place(step=found[0], message=found[1], row=found[2]) if found else Place()

    def move(self, store: str, place: Place, refused: Sequence[tuple[str, str]] = ()) -> None:
        """Remember a place, and with it the lines that the store would not take and why.

        Raises
        ------
        SeriesError
            If it cannot be written; then the same points are sent again.
        """
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.execute(
                    "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?)",
                    (store, place.step, place.message, place.row),
                )
                self._connection.executemany(
                    "INSERT INTO refused (store, line, reason) VALUES (?, ?, ?)",
                    [(store, line, reason) for line, reason in refused],
                )
        except sqlite3.Error as fault:
            raise SeriesError(f"{self._path}: {fault}; check folder and disk") from fault

    def refused(self, store: str) -> list[tuple[str, str]]:
        """Return the lines that a store would not take, each with its reason."""
        return self._connection.execute(
            "SELECT line, reason FROM refused WHERE store = ? ORDER BY n", (store,)
        ).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
