"""What the forwarder remembers: how far each store has got, and which points none would take.

A small SQLite file beside the journal. The place of a store moves only after the store has said
that it keeps the points, so a forwarder that is killed sends some of them again and loses none.
Every journal that had the name has a place of its own, because each begins to count at 1.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from monitor.series.stores import SeriesError
from monitor.series.tape import Place

FORMAT: Final = 2
"""Version of the tables; the first one, which said none, had one place for all journals."""

REFUSED_MAX: Final = 10_000
"""So many lines that no store would take are kept to be looked at; the oldest give way."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS place (store TEXT NOT NULL, journal TEXT NOT NULL, step INTEGER NOT NULL,
    message INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (store, journal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (n INTEGER PRIMARY KEY, store TEXT NOT NULL,
    line TEXT NOT NULL, reason TEXT NOT NULL)
"""

_FROM_FIRST: Final = """
ALTER TABLE place RENAME TO old;
CREATE TABLE place (store TEXT NOT NULL, journal TEXT NOT NULL, step INTEGER NOT NULL,
    message INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (store, journal)) WITHOUT ROWID;
INSERT INTO place SELECT store, '', step, message, row FROM old;
DROP TABLE old
"""


def beside(journal: Path) -> Path:
    """Return the name of the file that belongs to a journal."""
    return journal.with_name(f"{journal.name}.series")


class CursorFile:
    """The places of all stores of one journal; of ``refused`` rows the newest are kept."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises
        ------
        SeriesError
            If it cannot be opened, is no database, or was written by a newer program.
        """
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._begin(path)
        except sqlite3.Error as fault:
            raise SeriesError(f"{path}: {fault}; remove it to send everything again") from fault

    def _begin(self, path: Path) -> None:
        connection = self._connection
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > FORMAT:
            raise SeriesError(f"{path}: has format {found}; this program reads up to {FORMAT}")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(place)")]
        connection.execute("BEGIN IMMEDIATE")
        statements = _FROM_FIRST if columns and "journal" not in columns else ""
        for statement in (statements + ";" + _TABLES).split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")

    def place(self, store: str, journal: str) -> Place | None:
        """Return how far a store has got in a journal, None if nothing of it was sent.

        ``journal`` is empty for the place of the first format, which names none.
        """
        found = self._connection.execute(
            "SELECT step, message, row FROM place WHERE store = ? AND journal = ?", (store, journal)
        ).fetchone()
        return Place(step=found[0], message=found[1], row=found[2]) if found else None

    def move(
        self, store: str, journal: str, place: Place, refused: Sequence[tuple[str, str]] = ()
    ) -> None:
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
                    "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?)",
                    (store, journal, place.step, place.message, place.row),
                )
                # The place that named no journal has found its own by now.
                self._connection.execute(
                    "DELETE FROM place WHERE store = ? AND journal = ''", (store,)
                )
                self._connection.executemany(
                    "INSERT INTO refused (store, line, reason) VALUES (?, ?, ?)",
                    [(store, line, reason) for line, reason in refused],
                )
                self._connection.execute(
                    "DELETE FROM refused WHERE n <= (SELECT max(n) FROM refused) - ?",
                    (REFUSED_MAX,),
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
