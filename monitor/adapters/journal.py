"""The journal: everything that came in and everything that was decided, in one SQLite file.

The rule of this file is *committed means kept*. A step's raw messages are committed before the
broker is told that they arrived, its effects before they are published. The file runs in WAL
mode with ``synchronous=FULL``, so a killed process or a power cut loses nothing that was
committed, and readers (the page, ``tail``, ``export``) may look while the monitor writes.

One monitor writes one journal: a lock beside the file refuses a second writer. Rows are only
ever added. Each row of the ledger carries the SHA-256 of the hash before it, its step number
and its canonical bytes, so that a changed or missing row shows.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from monitor.adapters.audit import Verification, ledger_rows, verification
from monitor.adapters.journal_file import (
    FORMAT,
    About,
    Folded,
    JournalDamagedError,
    JournalUnreadableError,
    StoreError,
    check_pages,
    create,
    fault_of,
    migrated,
    origin,
)
from monitor.adapters.journal_hold import Hold, taken_again, taking
from monitor.adapters.ledger import (
    BEGINNING,
    GENESIS,
    LedgerRow,
    Place,
    chained,
    effect_bytes,
    step_digest,
)
from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage, RecordedStep

_LAST: Final = {
    "step": "SELECT coalesce(max(n), 0) FROM step",
    "inbox": "SELECT coalesce(max(n), 0) FROM inbox",
    "ledger": "SELECT coalesce(max(n), 0) FROM ledger",
}


_STEPS_OF_FORMAT: Final = {
    1: "SELECT n, now_ms, NULL FROM step WHERE n > ? ORDER BY n",
    2: "SELECT n, now_ms, digest FROM step WHERE n > ? ORDER BY n",
    3: "SELECT n, now_ms, digest FROM step WHERE n > ? ORDER BY n",
}
"""Steps of the first format have no digest."""


class JournalReader:
    """A journal opened for reading, also while a monitor writes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, about: About) -> None:
        self.path = path
        self.about = about
        self.connection = self._connection = connection

    @classmethod
    def open(cls, path: Path, *, is_still: bool = False) -> "JournalReader":
        """Open an existing journal read-only; ``is_still``: nobody writes it, and nobody will.

        Raises
        ------
        JournalUnreadableError
            If the file is missing, damaged, no journal or newer than this program.
        StoreError
            If the file may not be read.
        """
        if not path.is_file():
            raise JournalUnreadableError(path, "there is no such file", "check the name")
        # Reading a WAL file needs its -shm companion, which a read-only folder cannot be given;
        # without a -wal beside it nobody writes, and the file alone is the whole truth.
        is_apart = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
        address = path.resolve().as_uri() + (
            "?mode=ro&immutable=1" if is_still or is_apart else "?mode=ro"
        )
        with contextlib.ExitStack() as undo:
            try:
                connection = sqlite3.connect(address, uri=True, isolation_level=None)
            except sqlite3.Error as fault:
                raise fault_of(path, fault) from fault
            undo.callback(connection.close)
            about = origin(connection, path)
            if about is None:
                raise JournalUnreadableError(path, "is empty", "name another file")
            undo.pop_all()
        return JournalReader(path, connection, about)

    def steps(self, after: Place = BEGINNING) -> Iterator[RecordedStep]:
        """Yield every step behind a place in order, with the messages it was given.

        Raises
        ------
        JournalUnreadableError
            If a row cannot be read, a step is missing, or steps behind the place were folded.
        """
        if after.step < self.about.folded.step:
            raise JournalUnreadableError(
                self.path,
                f"the vitals of its steps 1 to {self.about.folded.step} were folded into chunks, "
                "so that they cannot be decided again one by one; the ledger, the acts and the "
                "chunks can be read, and a monitor of the same program goes on from its snapshot",
                "replay a copy that was made before, or a younger journal",
            )
        messages = self.rows(
            "SELECT step, received_ms, topic, payload, retained FROM inbox WHERE n > ? ORDER BY n",
            (after.message,),
        )
        waiting = next(messages, None)
        rows = self.rows(_STEPS_OF_FORMAT[self.about.format], (after.step,))
        for expected, (n, now_ms, digest) in enumerate(rows, start=after.step + 1):
            first = n if waiting is None else waiting[0]
            if not (_are_numbers(n, now_ms, first) and n == expected <= first):
                raise JournalDamagedError(
                    self.path, f"step {expected} is missing", "restore the file"
                )
            mine = []
            while waiting is not None and waiting[0] == n:
                mine.append(self._raw(*waiting))
                waiting = next(messages, None)
            if digest is not None and digest != step_digest(now_ms, mine):
                raise JournalDamagedError(
                    self.path, f"step {n} is damaged (its digest differs)", "restore the file"
                )
            yield RecordedStep(now_ms=now_ms, messages=tuple(mine))

    def _raw(
        self, step: int, received_ms: int, topic: object, payload: object, retained: object
    ) -> RawMessage:
        if not (
            isinstance(topic, str) and isinstance(payload, bytes) and _are_numbers(received_ms)
        ):
            raise JournalDamagedError(
                self.path, f"a message of step {step} is no message", "restore the file"
            )
        return RawMessage(
            received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
        )

    def step_times(self) -> dict[int, int]:
        """Return the time of every step that is still there, by its number."""
        return dict(self.rows("SELECT n, now_ms FROM step"))

    def ledger(self, *, after: int = 0) -> Iterator[LedgerRow]:
        """Yield the rows of the ledger behind row ``after``, in order."""
        return ledger_rows(self._connection, self.path, after=after)

    def effects(self) -> Iterator[AnyEffect]:
        """Yield every effect in the order in which it was decided."""
        for row in self.ledger():
            yield self.effect(row)

    def effect(self, row: LedgerRow) -> AnyEffect:
        """Return the effect of a row of this ledger.

        Raises
        ------
        JournalUnreadableError
            If the row holds none.
        """
        try:
            return row.effect()
        except ValueError as fault:
            raise JournalDamagedError(self.path, str(fault), "restore the file") from fault

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of the last step, message and ledger row."""
        step, message, row = (next(self.rows(query))[0] for query in _LAST.values())
        # What was folded away had numbers too.
        return max(step, self.about.folded.step), max(message, self.about.folded.message), row

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query.

        Raises
        ------
        JournalError
            If the file cannot be read.
        """
        try:
            # A loop, because `yield from` would close the cursor of a generator that is left
            # behind, also after its connection was closed.
            for row in self._connection.execute(query, values):  # noqa: UP028 - see above
                yield row
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault

    @contextlib.contextmanager
    def unmoved(self) -> Iterator[None]:
        """Let everything that is read meanwhile be of one moment, also while a monitor writes."""
        for _ in self.rows("BEGIN"):
            pass
        try:
            yield
        finally:
            for _ in self.rows("ROLLBACK"):
                pass

    def verify(self, known: tuple[int, str] | None = None) -> Verification:
        """Walk the whole journal: pages, numbering and the chain of hashes.

        A row and the beginning of its hash that somebody has noted elsewhere also show a chain
        that was cut off or made anew.
        """
        return verification(self._connection, self.path, self.about, known)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _are_numbers(*values: object) -> bool:
    """Tell whether values of columns are what they must be; rot can make anything of them."""
    return all(isinstance(one, int) for one in values)


class Journal(JournalReader):
    """The one writer of a journal; whoever has it holds the lock beside the file."""

    is_salvaged = False
    """Whether it goes on from the last good point of a damaged one."""

    def __init__(self, path: Path, hold: Hold, about: About) -> None:
        super().__init__(path, hold.connection, about)
        self._hold = hold
        self._published = about.published
        self._step, self._message, self._row = self.counts()
        newest = next(self.rows("SELECT hash FROM ledger ORDER BY n DESC LIMIT 1"), None)
        self._head: bytes = newest[0] if newest else GENESIS

    @classmethod
    def open_for_writing(cls, path: Path, *, unit: str, software: str, config: str) -> "Journal":
        """Open a journal to add to it, making it where there is none.

        Raises
        ------
        JournalInUseError
            If another process writes it.
        JournalUnreadableError
            If the file is damaged, no journal, newer than this program or of another unit.
        StoreError
            If the file or its folder cannot be written.
        """
        with taking(path, is_new=True) as (hold, found):
            connection = hold.connection
            begun = found or create(connection, unit=unit, software=software, config=config)
            check_pages(connection, path)
            about = migrated(connection, path, begun) if found is None else begun
            if about.unit != unit:
                raise JournalUnreadableError(
                    path,
                    f"belongs to unit {about.unit!r}, not to {unit!r}",
                    "name the journal of this unit",
                )
            return cls(path, hold, about)

    def append_step(self, now_ms: int, messages: Sequence[RawMessage]) -> int:
        """Keep one step and its messages in one commit; return the number of the step.

        Raises
        ------
        StoreError
            If the commit did not happen; then nothing was kept and the number is not used.
        """
        n = self._step + 1
        with self.transaction() as connection:
            digest = step_digest(now_ms, messages)
            connection.execute("INSERT INTO step VALUES (?, ?, ?)", (n, now_ms, digest))
            connection.executemany(
                "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (place, n, raw.received_ms, raw.topic, raw.payload, raw.retained)
                    for place, raw in enumerate(messages, start=self._message + 1)
                ),
            )
            if self._published != self.about.published:
                connection.execute("UPDATE about SET published = ?", (self._published,))
        self._step = n
        self._message += len(messages)
        return n

    def append_effects(
        self,
        step: int,
        effects: Sequence[AnyEffect],
        beside: Callable[[sqlite3.Connection], object] | None = None,
    ) -> int:
        """Keep the effects of one step in one commit; return the number of the last row.

        What ``beside`` writes is in the same commit.

        Raises
        ------
        StoreError
            If the commit did not happen; then none of them was kept.
        """
        if not effects:
            return self._row
        head, rows = self._head, []
        for n, effect in enumerate(effects, start=self._row + 1):
            body = effect_bytes(effect)
            head = chained(head, step, body)
            kind = str(effect.__struct_config__.tag)
            rows.append((n, step, effect.at_ms, kind, effect.bed, body, head))
        with self.transaction() as connection:
            connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            if beside is not None:
                beside(connection)
        self._row += len(rows)
        self._head = head
        return self._row

    def note_published(self, row: int) -> None:
        """Remember, with the next step, that the ledger is out up to this row."""
        self._published = max(self._published, row)

    def note_folded(self, folded: Folded) -> None:
        """Remember what was folded away in this file."""
        self.about = replace(self.about, folded=folded)

    def save_published(self, row: int) -> None:
        """Remember at once that the ledger is out up to this row."""
        self.note_published(row)
        with self.transaction() as connection:
            connection.execute("UPDATE about SET published = ?", (self._published,))

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest row of the ledger."""
        return self._row, self._head.hex()

    @property
    def place(self) -> Place:
        """Where the journal ends."""
        return Place(step=self._step, message=self._message, row=self._row, head=self._head)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give what writes, and commit what it wrote: all of it or nothing.

        A file of an older format is brought to this one before the first write, and not when it
        is opened: a monitor that cannot go on from it must leave it to the program that wrote it.
        A file whose disk has gone is let go of, and with the next try looked for again.

        Raises
        ------
        StoreError
            If the commit did not happen.
        """
        if not self._hold.is_there:
            self._hold, self.about = taken_again(self.path, self.about, self.place)
            self._connection = self._hold.connection
        if self.about.format < FORMAT:
            self.about = migrated(self._connection, self.path, self.about)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as fault:
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(fault, sqlite3.Error):
                if self._hold.is_lost:
                    self._hold.let_go()
                raise StoreError(
                    self.path, f"could not be written ({fault})", "free space or mend the disk"
                ) from fault
            raise

    def close(self) -> None:
        """Close the file and let another monitor have it."""
        super().close()
        self._hold.held.close()
