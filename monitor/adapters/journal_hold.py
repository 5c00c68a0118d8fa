"""The hold on a journal's file: connection and lock, let go of when its disk has gone, taken again.

A file system in which the system finds a fault becomes read-only, and nobody can check it and
mount it again while a file on it is open. So a writer that meets such a disk closes its file, and
with every further try looks whether it is back. It may come back as another file of the same name,
on another mount: then it must end where the writer believes that it ends. Whether the last commit
that failed reached the disk all the same is not known to anybody; what it left there is taken
away, because whoever kept it waiting writes it again.
"""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from monitor.adapters.journal_file import About, JournalError, StoreError, fault_of, lock, origin
from monitor.adapters.ledger import GENESIS, Place

_BUSY_S: Final = 2.0

_NO_ROOM: Final = frozenset({errno.EDQUOT, errno.ENOSPC})
"""A disk that is full comes back by itself, in the same file."""

_BEHIND: Final = (
    "DELETE FROM step WHERE n > :step",
    "DELETE FROM inbox WHERE n > :message",
    "DELETE FROM ledger WHERE n > :row",
    "DELETE FROM configured WHERE row > :row",
    "DELETE FROM snapshot WHERE step > :step OR row > :row",
)
"""What a commit of which nobody knows may have left behind a place."""


@dataclass(slots=True, kw_only=True)
class Hold:
    """What a writer has of its file; nothing of it while its disk is gone."""

    path: Path
    connection: sqlite3.Connection
    held: TextIO
    is_there: bool = True

    @property
    def is_lost(self) -> bool:
        """Whether the disk takes no change, full or not, or no file or another one has the name."""
        lock_file = self.held.fileno()
        try:
            # Some systems say that a disk at fault is writable, and refuse every write.
            os.utime(lock_file)
            return not os.path.samestat(os.fstat(lock_file), Path(f"{self.path}.lock").stat())
        except OSError as fault:
            return fault.errno not in _NO_ROOM

    def let_go(self) -> None:
        """Close everything, so that the disk can be unmounted; a commit may be unfinished."""
        self.is_there = False
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        with contextlib.suppress(OSError):
            self.held.close()


@contextlib.contextmanager
def taking(path: Path, *, is_new: bool) -> Iterator[tuple[Hold, About | None]]:
    """Give the hold on a file and what it says of itself; let go of it if the block fails.

    Raises
    ------
    JournalInUseError
        If another process writes it.
    JournalUnreadableError
        If the file is damaged, no journal or newer than this program.
    StoreError
        If the file or its folder cannot be written, or it is not there and may not be new.
    """
    if not is_new and not path.is_file():
        raise StoreError(path, "is not there", "mount its disk")
    with contextlib.ExitStack() as undo:
        held = lock(path)
        undo.callback(held.close)
        try:
            connection = sqlite3.connect(
                path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False
            )
            undo.callback(connection.close)
            about = origin(connection, path)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            yield Hold(path=path, connection=connection, held=held), about
        except sqlite3.Error as fault:
            raise fault_of(path, fault) from fault
        undo.pop_all()


def taken_again(path: Path, about: About, place: Place) -> tuple[Hold, About]:
    """Return the hold on a file that was let go of, and what it says of itself.

    Raises
    ------
    StoreError
        If it is not there, cannot be written, or is not the file that ended at this place.
    """
    try:
        with taking(path, is_new=False) as (hold, found):
            _check(hold, about, found, place)
            _take_away(hold.connection, place)
            assert found is not None
            return hold, found
    except StoreError:
        raise
    except JournalError as fault:
        raise StoreError(path, fault.reason, fault.remedy) from fault


def _check(hold: Hold, about: About, found: About | None, place: Place) -> None:
    """Refuse a file that is not the one that ended at a place, or at one unknown commit behind."""
    origins = [
        None if one is None else (one.format, one.unit, one.created_ms) for one in (about, found)
    ]
    if origins[0] != origins[1] or found is None:
        reason = "is another journal than the one that was written before"
    else:
        step = max(found.folded.step, _one(hold, "SELECT coalesce(max(n), 0) FROM step"))
        head = _one(hold, "SELECT (SELECT hash FROM ledger WHERE n = ?)", place.row) or GENESIS
        if place.step <= step <= place.step + 1 and head == place.head:
            return
        reason = f"ends at step {step}, and step {place.step} was written"
        if step == place.step:
            reason = f"row {place.row} of its ledger is not the one that was written"
    raise StoreError(hold.path, reason, "bring its disk back as it was, or start the monitor again")


def _one(hold: Hold, query: str, *values: object) -> Any:  # noqa: ANN401 - a value of a table
    (found,) = hold.connection.execute(query, values).fetchone()
    return found


def _take_away(connection: sqlite3.Connection, place: Place) -> None:
    names = {"step": place.step, "message": place.message, "row": place.row}
    connection.execute("BEGIN IMMEDIATE")
    for statement in _BEHIND:
        connection.execute(statement, names)
    connection.execute("COMMIT")
