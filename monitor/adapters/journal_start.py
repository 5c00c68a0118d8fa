"""How a monitor comes to its journal: to write it, or, on a disk that takes nothing, only from it.

A monitor that is started again while its disk is full or read-only must watch all the same. It
takes up what the journal holds, as far as it can be read, and goes on as one whose disk failed
while it ran: steps wait in memory, the loss is told, and everything is written when the disk is
back. A file that is there and can be read by no means is refused: nobody knows what it holds, and a
monitor that began anew would forget who is being infused. A damaged one that cannot be mended in
its place is mended in the temporary folder for this run; nothing is written behind the damage.
"""

import contextlib
import io
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    About,
    JournalDamagedError,
    JournalError,
    JournalUnreadableError,
    StoreError,
    create,
    migrated,
)
from monitor.adapters.journal_hold import Hold, taking
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.salvage import damage, mended, saved

LOG: Final = logging.getLogger(f"{ROOT}.live")


class UnwrittenJournal(Journal):
    """A journal on a disk that takes nothing yet: every write looks whether it does by now."""

    def __init__(
        self, path: Path, hold: Hold, about: About, *, is_made_up: bool, damage: str = ""
    ) -> None:
        super().__init__(path, hold, about)
        self._is_made_up = is_made_up
        self._damage = damage
        self.is_salvaged = bool(damage)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give what writes, once the disk takes it; a journal that was not there is made then.

        Raises
        ------
        StoreError
            If the disk still takes nothing, or the file is damaged or not the one that was read.
        """
        if not self._hold.is_there:
            # Nothing is read any more, and a disk with an open file cannot be mended.
            self._hold.let_go()
        if self._damage:
            raise StoreError(
                self.path,
                f"{self._damage}, and could not be mended at the start",
                "start the monitor again when its disk takes writes",
            )
        if self._is_made_up:
            self._make()
        with super().transaction() as connection:
            yield connection

    def _make(self) -> None:
        about = self.about
        try:
            with taking(self.path, is_new=True) as (hold, found):
                _check_new(self.path, found)
                created = create(
                    hold.connection, unit=about.unit, software=about.software, config=about.config
                )
                self.about = migrated(hold.connection, self.path, created)
        except StoreError:
            raise
        except JournalError as fault:
            raise StoreError(self.path, fault.reason, fault.remedy) from fault
        self._hold, self._connection, self._is_made_up = hold, hold.connection, False


def _check_new(path: Path, found: About | None) -> None:
    if found is not None:
        reason = "has come with its disk, and is not known to this run"
        raise StoreError(path, reason, "start the monitor again")


@contextlib.contextmanager
def journal_to_continue(path: Path, *, unit: str, software: str, config: str) -> Iterator[Journal]:
    """Give the journal of a unit: opened for writing, or unwritten if its disk takes nothing.

    A damaged one is continued from its last good point.

    Raises
    ------
    JournalInUseError
        If another process writes it.
    JournalUnreadableError
        If nothing of the file can be continued, or it is no journal, newer than this program or of
        another unit.
    StoreError
        If it cannot be written, is there, and cannot be read either.
    """
    with contextlib.ExitStack() as undo:
        try:
            is_salvaged = mended(path) is not None
            journal = Journal.open_for_writing(path, unit=unit, software=software, config=config)
            journal.is_salvaged = is_salvaged
        except StoreError as fault:
            log(LOG, logging.ERROR, "journal-unwritten", path=str(path), reason=fault.reason)
            journal = _unwritten(path, unit, software, config, fault, undo)
        undo.callback(journal.close)
        yield journal


def _unwritten(
    path: Path, unit: str, software: str, config: str, fault: StoreError, undo: contextlib.ExitStack
) -> UnwrittenJournal:
    held = io.StringIO()
    if path.is_file() and path.stat().st_size:
        reader = _readable(path, fault, undo)
        if reader.about.unit != unit:
            raise JournalUnreadableError(
                path,
                f"belongs to unit {reader.about.unit!r}, not to {unit!r}",
                "name the journal of this unit",
            )
        damaged = damage(reader)
        if damaged:
            reader = _mended_elsewhere(reader, damaged, undo)
        hold = Hold(path=path, connection=reader.connection, held=held, is_there=False)
        return UnwrittenJournal(path, hold, reader.about, is_made_up=False, damage=damaged)
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    about = create(memory, unit=unit, software=software, config=config)
    hold = Hold(path=path, connection=memory, held=held, is_there=False)
    return UnwrittenJournal(path, hold, migrated(memory, path, about), is_made_up=True)


def _mended_elsewhere(
    reader: JournalReader, reason: str, undo: contextlib.ExitStack
) -> JournalReader:
    """Return what is good of a damaged journal, read from a copy that this run alone has."""
    try:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="irm-journal-")))
        beside = folder / reader.path.name
        with reader:
            saved(reader, beside)
        found = JournalReader.open(beside)
    except (OSError, StoreError) as fault:
        words = f"{reason}, and cannot be mended here ({fault})"
        raise JournalDamagedError(reader.path, words, "let its disk take writes") from fault
    steps = found.counts()[0]
    log(LOG, logging.ERROR, "journal-salvaged", reason=reason, steps=steps, aside="")
    return found


def _readable(path: Path, fault: StoreError, undo: contextlib.ExitStack) -> JournalReader:
    """Return a journal opened where nothing can be made beside it, or a copy in another place.

    SQLite makes a file beside a journal to read it, also one that nobody writes; where it cannot,
    a file without a ``-wal`` is the whole truth, and one with it is read elsewhere.
    """
    with contextlib.suppress(StoreError):
        return JournalReader.open(path)
    wal = Path(f"{path}-wal")
    with contextlib.suppress(StoreError):
        if not wal.exists() or not wal.stat().st_size:
            return JournalReader.open(path, is_still=True)
    try:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="irm-journal-")))
        for one in (path, wal):
            shutil.copyfile(one, folder / one.name)
        return JournalReader.open(folder / path.name)
    except (OSError, StoreError):
        raise fault from None
