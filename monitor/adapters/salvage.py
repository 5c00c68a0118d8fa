"""Salvage: a damaged journal is continued from its last good point, and the damaged file kept.

Nobody would watch while somebody is looked for who can mend a file. So a start first looks at what
it is going to read: the pages, the newest good snapshot, the chain and the digests behind it. If
anything there is damaged, everything good is written into a new journal: the ledger up to where
its chain breaks, the newest snapshot in that part, and the steps behind it up to the first
damaged one. What the ledger has lost and the steps still have is decided again, to the same
bytes. The damaged file is set aside under another name, never changed and never deleted.

A kill at any moment leaves the damaged file in its place, or a whole new one beside it: from the
rename to ``.salvaged`` on the next start only moves both to where they belong.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.adapters.configurations import Configured, configurations, insert
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    COMPANIONS,
    JournalDamagedError,
    JournalError,
    StoreError,
    lock,
    set_aside,
    settle_aside,
)
from monitor.adapters.ledger import BEGINNING, GENESIS, LedgerRow, Place, chained
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.snapshots import Mark, SnapshotUnusableError, marks, snapshot_body
from monitor.facts.records import RecordedStep

INTERRUPTED: Final = "was damaged, and its salvage was interrupted"

LOG: Final = logging.getLogger(f"{ROOT}.live")


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """What was saved of a damaged journal: last good step and row, and where the file is now."""

    aside: Path | None
    reason: str
    steps: int
    rows: int


def mended(path: Path) -> Salvaged | None:
    """Replace a damaged journal by what is good of it; None if it is whole or not there.

    Raises
    ------
    JournalError
        If it is no journal, in use, so damaged that nothing can be continued, or damaged on a disk
        that takes nothing (:class:`StoreError`).
    """
    ready = Path(f"{path}.salvaged")
    if not path.is_file() and not ready.is_file():
        return None
    try:
        held = lock(path)
    except StoreError:
        return None  # The disk takes nothing; what is read shows by itself whether it is whole.
    with contextlib.closing(held):
        reason = INTERRUPTED if ready.is_file() else _replaced(path, ready)
    return _finished(path, ready, reason) if reason else None


def _replaced(path: Path, ready: Path) -> str:
    """Write a whole file beside a damaged one; return what was damaged, "" if nothing is."""
    settle_aside(path)
    beside = Path(f"{path}.salvage")
    with JournalReader.open(path) as reader:
        reason = damage(reader)
        if reason:
            _remove(beside)
            try:
                saved(reader, beside)
            except StoreError:
                _remove(beside)
                raise
    if reason:
        beside.rename(ready)
    return reason


def _finished(path: Path, ready: Path, reason: str) -> Salvaged:
    """Put the whole file in the place of the damaged one, which may have left it already."""
    try:
        aside = set_aside(path)
        _remove(Path(f"{path}.salvage"))
        ready.rename(path)
    except OSError as fault:
        raise StoreError(path, f"cannot be mended there ({fault})", "mend the disk") from fault
    with JournalReader.open(path) as reader:
        steps, _, rows = reader.counts()
    log(LOG, logging.ERROR, "journal-salvaged", reason=reason, steps=steps, aside=str(aside or ""))
    return Salvaged(aside=aside, reason=reason, steps=steps, rows=rows)


def _remove(path: Path) -> None:
    for end in ("", *COMPANIONS, ".lock"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def damage(reader: JournalReader) -> str:
    """Return what is damaged in a journal of what a start will read, "" if nothing is."""
    try:
        _check(reader)
    except JournalDamagedError as fault:
        return fault.reason
    return ""


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


def saved(reader: JournalReader, beside: Path) -> None:
    """Write what is good of a damaged journal into a new file.

    Raises
    ------
    JournalDamagedError
        If nothing in it can be continued.
    StoreError
        If the new file cannot be written.
    """
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
            reader.path,
            "is damaged, and holds neither a snapshot nor all steps to go on from",
            "restore it, or start with --fresh",
        )
    _begin(beside, reader, mark)
    with _opened(beside, reader) as journal:
        last = place.step
        for step in _good_steps(reader, place):
            last = journal.append_step(step.now_ms, step.messages)
        with journal.transaction() as connection:
            for one in _good_configurations(reader):
                if one.step <= last:
                    insert(connection, one)
        if is_broken and rows:
            # Of the last step some rows may be missing: it is decided again as a whole.
            torn = rows[-1].step
            rows = [row for row in rows if row.step < torn or row.n <= place.row]
        rows = [row for row in rows if row.step <= last]
        _add(journal, rows, min(reader.about.published, len(rows)))


def _good_steps(reader: JournalReader, place: Place) -> Iterator[RecordedStep]:
    """Yield the steps behind a place up to the first damaged one."""
    with contextlib.suppress(JournalError):
        yield from reader.steps(place)


def _good_configurations(reader: JournalReader) -> tuple[Configured, ...]:
    with contextlib.suppress(JournalError):
        return configurations(reader)
    return ()


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
