"""Salvage: a damaged journal is continued from its last good point, and the damaged file kept.

Nobody would watch while somebody is looked for who can mend a file. So a start first looks at what
it is going to read: the pages, the newest good snapshot, the chain and the digests behind it. If
anything there is damaged, everything good is written into a new journal: the ledger up to where
its chain breaks, the newest snapshot in that part, and the steps behind it up to the first
damaged one. What the ledger has lost and the steps still have is decided again, to the same
bytes. The damaged file is set aside under another name, never changed and never deleted.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.adapters.configurations import configurations, insert
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    JournalDamagedError,
    JournalError,
    StoreError,
    lock,
    set_aside,
)
from monitor.adapters.ledger import BEGINNING, GENESIS, LedgerRow, Place, chained
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.snapshots import Mark, SnapshotUnusableError, marks, snapshot_body

LOG: Final = logging.getLogger(f"{ROOT}.live")


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What was saved of a damaged journal: last good step and row, and where the file is now."""

    aside: Path
    reason: str
    steps: int
    rows: int


def mended(path: Path) -> Salvaged | None:
    """Replace a damaged journal by what is good of it; None if it is whole or not there.

    Raises
    ------
    JournalError
        If it is no journal, in use, or so damaged that nothing can be continued.
    """
    if not path.is_file():
        return None
    try:
        held = lock(path)
    except StoreError:
        return None  # The disk takes nothing; what is read shows by itself whether it is whole.
    with contextlib.closing(held):
        try:
            with JournalReader.open(path) as reader:
                _check(reader)
        except JournalDamagedError as fault:
            reason = fault.reason
        else:
            return None
        beside = Path(f"{path}.salvage")
        _remove(beside)
        steps, rows = _saved(path, beside)
    aside = set_aside(path)
    assert aside is not None
    beside.rename(path)
    _remove(beside)
    log(LOG, logging.ERROR, "journal-salvaged", reason=reason, steps=steps, aside=str(aside))
    return Salvaged(aside=aside, reason=reason, steps=steps, rows=rows)


def _remove(path: Path) -> None:
    for end in ("", "-wal", "-shm", ".lock"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def _check(reader: JournalReader) -> None:
    """Look at everything that a start will read."""
    for (health,) in reader.rows("PRAGMA quick_check(1)"):
        if health != "ok":
            raise JournalDamagedError(reader.path, f"is damaged ({health})", "see above")
    place = _place(_usable(reader, reader.counts()[2]))
    if place.step < reader.about.folded.step:
        return  # The start will say that it cannot begin anywhere.
    for _ in _chain(reader, place):
        pass
    for _ in reader.steps(place):
        pass


def _place(mark: Mark | None) -> Place:
    return BEGINNING if mark is None else mark.place


def _usable(reader: JournalReader, last_row: int) -> Mark | None:
    """Return the mark of the newest whole snapshot within so many rows of the ledger."""
    with contextlib.suppress(JournalError):
        for mark in marks(reader):
            if mark.place.row <= last_row:
                with contextlib.suppress(SnapshotUnusableError):
                    snapshot_body(reader, mark, program=mark.program)
                    return mark
    return None


def _chain(reader: JournalReader, after: Place) -> Iterator[LedgerRow]:
    """Yield rows of the ledger as long as each fits behind the one before it."""
    head, last = after.head, after.row
    for row in reader.ledger(after=after.row):
        if row.n != last + 1 or row.hash != chained(head, row.step, row.body):
            raise JournalDamagedError(
                reader.path, f"ledger row {row.n} does not fit behind row {last}", "see above"
            )
        head, last = row.hash, row.n
        yield row


def _saved(path: Path, beside: Path) -> tuple[int, int]:
    """Write what is good into a new file; return its last step and row."""
    with JournalReader.open(path) as reader:
        rows: list[LedgerRow] = []
        is_broken = False
        try:
            rows.extend(_chain(reader, Place(step=0, message=0, row=0, head=GENESIS)))
        except JournalError:
            is_broken = True
        mark = _usable(reader, len(rows))
        place = _place(mark)
        if place.step < reader.about.folded.step:
            raise JournalDamagedError(
                path,
                "is damaged, and holds neither a snapshot nor all steps to go on from",
                "restore it, or start with --fresh",
            )
        _begin(beside, reader, mark)
        with _opened(beside, reader) as journal:
            last = place.step
            with contextlib.suppress(JournalError):
                for step in reader.steps(place):
                    last = journal.append_step(step.now_ms, step.messages)
            with contextlib.suppress(JournalError), journal.transaction() as connection:
                for one in configurations(reader):
                    if one.step <= last:
                        insert(connection, one)
            if is_broken and rows:
                # Of the last step some rows may be missing: it is decided again as a whole.
                torn = rows[-1].step
                rows = [row for row in rows if row.step < torn or row.n <= place.row]
            rows = [row for row in rows if row.step <= last]
            _add(journal, rows, min(reader.about.published, len(rows)))
    return last, len(rows)


def _opened(beside: Path, reader: JournalReader) -> Journal:
    about = reader.about
    return Journal.open_for_writing(
        beside, unit=about.unit, software=about.software, config=about.config
    )


def _begin(beside: Path, reader: JournalReader, mark: Mark | None) -> None:
    """Make the new file with its snapshot and chunks; its steps begin behind the snapshot."""
    with _opened(beside, reader) as journal, journal.transaction() as connection:
        if mark is not None:
            place = mark.place
            connection.execute(
                "UPDATE about SET folded_step = ?, folded_message = ?", (place.step, place.message)
            )
            for table in ("snapshot", "snapshot_part"):
                _copy(connection, reader, table, place.step)
        with contextlib.suppress(JournalError):
            for row in reader.rows("SELECT * FROM chunk"):
                connection.execute("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _copy(connection: sqlite3.Connection, reader: JournalReader, table: str, step: int) -> None:
    for row in reader.rows(_OF_STEP[table], (step,)):
        connection.execute(_INTO[table], row)


_OF_STEP: Final = {
    "snapshot": "SELECT * FROM snapshot WHERE step = ?",
    "snapshot_part": "SELECT * FROM snapshot_part WHERE step = ?",
}
_INTO: Final = {
    "snapshot": "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "snapshot_part": "INSERT INTO snapshot_part VALUES (?, ?, ?)",
}


def _add(journal: Journal, rows: list[LedgerRow], published: int) -> None:
    with journal.transaction() as connection:
        connection.executemany(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((r.n, r.step, r.at_ms, r.kind, r.bed, r.body, r.hash) for r in rows),
        )
        connection.execute("UPDATE about SET published = ?", (published,))
