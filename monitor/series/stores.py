"""Stores of points: what the forwarder writes to, and what history and replay read from.

Three keep the same promises, and one set of tests holds them to it: the memory of a process, a
SQLite file, and InfluxDB (:mod:`monitor.series.influx`). A point is known by measurement, tags
and time; written again it takes the place of the first. A field keeps the type that it had
first, and a point that breaks this is not taken.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import msgspec

from monitor.series.answers import KEPT, Answer
from monitor.series.points import Field, Point

Row: TypeAlias = tuple[int, dict[str, Field]]
"""Time in nanoseconds and the fields that a point has."""


class SeriesError(ConnectionError):
    """A store could not be asked; says which, why, and what to do."""


class SeriesStore(Protocol):
    """Somewhere to keep points and to find them again."""

    name: str

    def write(self, points: Sequence[Point]) -> Answer:
        """Keep points; safe to repeat."""

    def rows(
        self, measurement: str, tags: dict[str, str], *, from_ns: int, to_ns: int
    ) -> Iterator[Row]:
        """Yield rows of a measurement with these tags, ``from_ns`` <= time < ``to_ns``, by time.

        Raises
        ------
        SeriesError
            If the store cannot be read.
        """

    def close(self) -> None:
        """Let go of files and connections."""


def _mismatch(types: dict[tuple[str, str], type], one: Point) -> str:
    """Return the field of a point that had another type before; empty if there is none."""
    for name, value in one.fields:
        before = types.setdefault((one.measurement, name), type(value))
        if before is not type(value):
            return f"field {name} of {one.measurement} holds {before.__name__}"
    return ""


class MemoryStore:
    """Points in the memory of this process, for tests and for what need not last."""

    name = "memory"

    def __init__(self) -> None:
        self._rows: dict[tuple[str, tuple[tuple[str, str], ...], int], dict[str, Field]] = {}
        self._types: dict[tuple[str, str], type] = {}

    def write(self, points: Sequence[Point]) -> Answer:
        """Keep points; what breaks the type of a field is left out and named."""
        refused = ""
        for one in points:
            if wrong := _mismatch(self._types, one):
                refused = wrong
                continue
            self._rows.setdefault((one.measurement, one.tags, one.t_ns), {}).update(one.fields)
        return Answer(verdict="partly", words=refused) if refused else KEPT

    def rows(
        self, measurement: str, tags: dict[str, str], *, from_ns: int, to_ns: int
    ) -> Iterator[Row]:
        """Yield the rows of a measurement, by time."""
        wanted = set(tags.items())
        found = [
            (t_ns, dict(fields))
            for (name, has, t_ns), fields in self._rows.items()
            if name == measurement and wanted <= set(has) and from_ns <= t_ns < to_ns
        ]
        yield from sorted(found, key=lambda row: row[0])

    def close(self) -> None:
        """Nothing is open."""


_TABLES: Final = """
CREATE TABLE IF NOT EXISTS kind (measurement TEXT, field TEXT, holds TEXT NOT NULL,
    PRIMARY KEY (measurement, field)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS point (measurement TEXT, t_ns INTEGER, tags TEXT, fields TEXT NOT NULL,
    PRIMARY KEY (measurement, t_ns, tags)) WITHOUT ROWID
"""
_MERGED: Final = """
INSERT INTO point VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
    SET fields = json_patch(fields, excluded.fields)
"""


class SqliteStore:
    """Points in one SQLite file: a site's time series without a server."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        Raises
        ------
        SeriesError
            If it cannot be opened or is no database.
        """
        self.name = f"sqlite:{path}"
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            for table in _TABLES.split(";"):
                self._connection.execute(table)
            kinds = self._connection.execute("SELECT measurement, field, holds FROM kind")
            self._types: dict[tuple[str, str], type] = {
                (measurement, field): float if holds == "float" else str
                for measurement, field, holds in kinds
            }
        except sqlite3.Error as fault:
            raise SeriesError(f"{path}: {fault}; check file, folder and disk") from fault

    def write(self, points: Sequence[Point]) -> Answer:
        """Keep points in one commit; what breaks the type of a field is left out and named."""
        refused, taken, types = "", [], dict(self._types)
        for one in points:
            if wrong := _mismatch(types, one):
                refused = wrong
                continue
            body = msgspec.json.encode(dict(one.fields)).decode()
            taken.append((one.measurement, one.t_ns, _tags(one.tags), body))
        news = [(*key, holds.__name__) for key, holds in types.items() if key not in self._types]
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT INTO kind VALUES (?, ?, ?)", news)
                self._connection.executemany(_MERGED, taken)
        except sqlite3.Error as fault:
            return Answer(verdict="later", words=f"{self._path}: {fault}")
        self._types = types
        return Answer(verdict="partly", words=refused) if refused else KEPT

    def rows(
        self, measurement: str, tags: dict[str, str], *, from_ns: int, to_ns: int
    ) -> Iterator[Row]:
        """Yield the rows of a measurement, by time."""
        wanted = set(tags.items())
        try:
            for t_ns, has, fields in self._connection.execute(
                "SELECT t_ns, tags, fields FROM point"
                " WHERE measurement = ? AND t_ns >= ? AND t_ns < ? ORDER BY t_ns, tags",
                (measurement, from_ns, to_ns),
            ):
                if wanted <= set(map(tuple, msgspec.json.decode(has))):
                    yield t_ns, msgspec.json.decode(fields, type=dict[str, float | str])
        except sqlite3.Error as fault:
            raise SeriesError(f"{self._path}: {fault}") from fault

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _tags(tags: tuple[tuple[str, str], ...]) -> str:
    return msgspec.json.encode(tags).decode()
