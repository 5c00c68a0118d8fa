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
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

import msgspec

from monitor.adapters.journal_file import (
    About,
    JournalError,
    JournalUnreadableError,
    StoreError,
    check_pages,
    create,
    fault_of,
    lock,
    origin,
)
from monitor.facts.effects import AnyEffect
from monitor.facts.records import RawMessage, RecordedStep

GENESIS: Final = bytes(32)
"""The hash before the first row of the ledger."""

_BUSY_S: Final = 2.0
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final[msgspec.json.Decoder[AnyEffect]] = msgspec.json.Decoder(AnyEffect)

_NUMBERING: Final = {
    "step": "SELECT coalesce(min(n), 1), coalesce(max(n), 0), count(*) FROM step",
    "inbox": "SELECT coalesce(min(n), 1), coalesce(max(n), 0), count(*) FROM inbox",
    "ledger": "SELECT coalesce(min(n), 1), coalesce(max(n), 0), count(*) FROM ledger",
}
_ORPHANS: Final = {
    "inbox": "SELECT count(*) FROM inbox WHERE step NOT IN (SELECT n FROM step)",
    "ledger": "SELECT count(*) FROM ledger WHERE step NOT IN (SELECT n FROM step)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One effect as it was kept."""

    n: int
    step: int
    at_ms: int
    kind: str
    bed: str
    body: bytes
    hash: bytes

    def effect(self) -> AnyEffect:
        """Return the effect that the row holds."""
        return _DECODER.decode(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a walk over the whole journal found; intact when ``faults`` is empty."""

    steps: int
    messages: int
    effects: int
    head: str
    """Hash of the last row of the ledger, in hexadecimal."""
    faults: tuple[str, ...]


def effect_bytes(effect: AnyEffect) -> bytes:
    """Return the canonical bytes of an effect: declared order of fields, sorted dictionaries."""
    return _ENCODER.encode(effect)


def chained(previous: bytes, step: int, body: bytes) -> bytes:
    """Return the hash of a ledger row from the hash before it, its step and its bytes."""
    return hashlib.sha256(previous + step.to_bytes(8, "big") + body).digest()


class JournalReader:
    """A journal opened for reading, also while a monitor writes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, about: About) -> None:
        self.path = path
        self.about = about
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "JournalReader":
        """Open an existing journal read-only.

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
        frozen = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
        address = path.resolve().as_uri() + ("?mode=ro&immutable=1" if frozen else "?mode=ro")
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

    def steps(self) -> Iterator[RecordedStep]:
        """Yield every step in order, with the messages it was given.

        Raises
        ------
        JournalUnreadableError
            If a row cannot be read or a step is missing.
        """
        try:
            messages = self._connection.execute(
                "SELECT step, received_ms, topic, payload, retained FROM inbox ORDER BY n"
            )
            waiting = messages.fetchone()
            rows = self._connection.execute("SELECT n, now_ms FROM step ORDER BY n")
            for expected, (n, now_ms) in enumerate(rows, start=1):
                if n != expected or (waiting is not None and waiting[0] < n):
                    raise JournalUnreadableError(
                        self.path, f"step {expected} is missing", "restore the file"
                    )
                mine = []
                while waiting is not None and waiting[0] == n:
                    _, received_ms, topic, payload, retained = waiting
                    if not (isinstance(topic, str) and isinstance(payload, bytes)):
                        raise JournalUnreadableError(
                            self.path, f"a message of step {n} is no message", "restore the file"
                        )
                    mine.append(
                        RawMessage(
                            received_ms=received_ms,
                            topic=topic,
                            payload=payload,
                            retained=bool(retained),
                        )
                    )
                    waiting = messages.fetchone()
                yield RecordedStep(now_ms=now_ms, messages=tuple(mine))
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault

    def ledger(self, *, after: int = 0) -> Iterator[LedgerRow]:
        """Yield the rows of the ledger behind row ``after``, in order."""
        try:
            for n, step, at_ms, kind, bed, body, digest in self._connection.execute(
                "SELECT n, step, at_ms, kind, bed, body, hash FROM ledger WHERE n > ? ORDER BY n",
                (after,),
            ):
                if not (isinstance(body, bytes) and isinstance(digest, bytes)):
                    raise JournalUnreadableError(
                        self.path, f"ledger row {n} holds no bytes", "restore the file"
                    )
                yield LedgerRow(
                    n=n, step=step, at_ms=at_ms, kind=kind, bed=bed, body=body, hash=digest
                )
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault

    def effects(self) -> Iterator[AnyEffect]:
        """Yield every effect in the order in which it was decided."""
        return (row.effect() for row in self.ledger())

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of the last step, message and ledger row."""
        try:
            step, message, row = (
                int(self._connection.execute(query).fetchone()[1]) for query in _NUMBERING.values()
            )
        except sqlite3.Error as fault:
            raise fault_of(self.path, fault) from fault
        return step, message, row

    def verify(self) -> Verification:
        """Walk the whole journal: pages, numbering and the chain of hashes."""
        faults: list[str] = []
        steps = messages = effects = 0
        head = GENESIS
        try:
            faults += [
                f"database: {row[0]}"
                for row in self._connection.execute("PRAGMA quick_check(20)")
                if row[0] != "ok"
            ]
            steps, messages, effects = self.counts()
            faults += self._numbering_faults()
            head, chain_faults = self._chain_faults()
            faults += chain_faults
        except (sqlite3.Error, msgspec.MsgspecError) as fault:
            faults.append(f"database: {fault}")
        except JournalError as fault:
            faults.append(fault.reason)
        return Verification(
            steps=steps, messages=messages, effects=effects, head=head.hex(), faults=tuple(faults)
        )

    def _numbering_faults(self) -> list[str]:
        faults = []
        for table, query in _NUMBERING.items():
            lowest, highest, rows = self._connection.execute(query).fetchone()
            if lowest != 1 or highest != rows:
                faults.append(f"{table}: {rows} rows are numbered {lowest} to {highest}")
        for table, query in _ORPHANS.items():
            (orphans,) = self._connection.execute(query).fetchone()
            if orphans:
                faults.append(f"{table}: {orphans} rows belong to no step")
        return faults

    def _chain_faults(self) -> tuple[bytes, list[str]]:
        head, last_step = GENESIS, 0
        for row in self.ledger():
            if row.step < last_step:
                return row.hash, [f"ledger row {row.n}: step {row.step} follows {last_step}"]
            if row.hash != chained(head, row.step, row.body):
                return row.hash, [f"ledger row {row.n} (step {row.step}): hash does not match"]
            effect = row.effect()
            if (row.at_ms, row.bed) != (effect.at_ms, effect.bed):
                return row.hash, [f"ledger row {row.n}: time or bed differs from its effect"]
            head, last_step = row.hash, row.step
        return head, []

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


class Journal(JournalReader):
    """The one writer of a journal; whoever has it holds the lock beside the file."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, about: About, held: TextIO
    ) -> None:
        super().__init__(path, connection, about)
        self._lock = held
        self._published = about.published
        self._step, self._message, self._row = self.counts()
        newest = connection.execute("SELECT hash FROM ledger ORDER BY n DESC LIMIT 1").fetchone()
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
                if about is None:
                    about = create(connection, unit=unit, software=software, config=config)
            except sqlite3.Error as fault:
                raise fault_of(path, fault) from fault
            check_pages(connection, path)
            if about.unit != unit:
                raise JournalUnreadableError(
                    path,
                    f"belongs to unit {about.unit!r}, not to {unit!r}",
                    "name the journal of this unit",
                )
            journal = cls(path, connection, about, held)
            undo.pop_all()
        return journal

    def append_step(self, now_ms: int, messages: Sequence[RawMessage]) -> int:
        """Keep one step and its messages in one commit; return the number of the step.

        Raises
        ------
        StoreError
            If the commit did not happen; then nothing was kept and the number is not used.
        """
        n = self._step + 1
        with self._transaction() as connection:
            connection.execute("INSERT INTO step VALUES (?, ?)", (n, now_ms))
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

    def append_effects(self, step: int, effects: Sequence[AnyEffect]) -> int:
        """Keep the effects of one step in one commit; return the number of the last row.

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
        with self._transaction() as connection:
            connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._row += len(rows)
        self._head = head
        return self._row

    def note_published(self, row: int) -> None:
        """Remember, with the next step, that the ledger is out up to this row."""
        self._published = max(self._published, row)

    def save_published(self, row: int) -> None:
        """Remember at once that the ledger is out up to this row."""
        self.note_published(row)
        with self._transaction() as connection:
            connection.execute("UPDATE about SET published = ?", (self._published,))

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest row of the ledger."""
        return self._row, self._head.hex()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException as fault:
            if self._connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(fault, sqlite3.Error):
                raise StoreError(
                    self.path, f"could not be written ({fault})", "free space or mend the disk"
                ) from fault
            raise

    def close(self) -> None:
        """Close the file and let another monitor have it."""
        super().close()
        self._lock.close()
