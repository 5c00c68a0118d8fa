"""The file of a journal: its tables, its header, its lock, and what can be wrong with it.

:mod:`monitor.adapters.journal` reads and writes the rows; this module says which files may be
opened at all, and makes a file that is killed half-way through its making either empty or whole.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TextIO

FORMAT: Final = 3
"""Version of the tables below; a change of theirs bumps it and adds its steps to `_MIGRATIONS`."""

APPLICATION_ID: Final = 0x49524D4A
"""``IRMJ`` in the header of the file says that it is a journal of this program."""

_TABLES: Final = """
CREATE TABLE about (format INTEGER NOT NULL, unit TEXT NOT NULL, software TEXT NOT NULL,
    config TEXT NOT NULL, created_ms INTEGER NOT NULL, published INTEGER NOT NULL);
CREATE TABLE step (n INTEGER PRIMARY KEY, now_ms INTEGER NOT NULL);
CREATE TABLE inbox (n INTEGER PRIMARY KEY, step INTEGER NOT NULL, received_ms INTEGER NOT NULL,
    topic TEXT NOT NULL, payload BLOB NOT NULL, retained INTEGER NOT NULL);
CREATE TABLE ledger (n INTEGER PRIMARY KEY, step INTEGER NOT NULL, at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL, bed TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL)
"""

_MIGRATIONS: Final = {
    1: """
ALTER TABLE about ADD COLUMN folded_step INTEGER NOT NULL DEFAULT 0;
ALTER TABLE about ADD COLUMN folded_message INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN digest BLOB;
CREATE INDEX ledger_step ON ledger (step);
CREATE TABLE snapshot (step INTEGER PRIMARY KEY, message INTEGER NOT NULL, row INTEGER NOT NULL,
    head BLOB NOT NULL, now_ms INTEGER NOT NULL, format INTEGER NOT NULL, program TEXT NOT NULL,
    parts INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE snapshot_part (step INTEGER NOT NULL, place INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (step, place));
CREATE TABLE chunk (bed TEXT NOT NULL, device TEXT NOT NULL, channel INTEGER NOT NULL,
    hour INTEGER NOT NULL, place INTEGER NOT NULL, readings INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (bed, device, channel, hour, place)) WITHOUT ROWID
""",
    2: """
CREATE TABLE configured (n INTEGER PRIMARY KEY, step INTEGER NOT NULL, row INTEGER NOT NULL,
    now_ms INTEGER NOT NULL, digest TEXT NOT NULL, words TEXT NOT NULL, refused TEXT NOT NULL,
    body BLOB NOT NULL)
""",
}
"""What makes the next format out of one, in one commit."""

COMPANIONS: Final = ("-wal", "-shm")
"""What SQLite keeps beside a file that is open, or whose writer was killed."""

HALF: Final = ".half"
"""Ends the name of a companion whose journal may not have been set aside yet."""

_UNREACHABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_PRIMARY_CODE: Final = 0xFF


class JournalError(Exception):
    """Something is wrong with a journal; says which file, what, and what to do."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path}: {reason}; {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


class JournalUnreadableError(JournalError):
    """The file is no journal, is damaged, or was written by a newer program."""


class JournalDamagedError(JournalUnreadableError):
    """The file is a journal, and a part of it is not as it was written."""


class JournalInUseError(JournalError):
    """Another monitor is writing this journal."""


class StoreError(JournalError):
    """The disk did not do as told; nothing of that write was kept and it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """The last step and message that were folded; 0 where none was."""

    step: int = 0
    message: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Where a journal comes from."""

    format: int
    unit: str
    software: str
    config: str
    created_ms: int
    published: int
    """Row of the ledger up to which everything is known to have reached the broker."""
    folded: Folded
    """Up to where vitals stand in chunks and no longer one by one."""


def fault_of(path: Path, fault: sqlite3.Error | UnicodeDecodeError) -> JournalError:
    """Say in our words what SQLite could not do: a file to be restored or a disk to be mended."""
    code = getattr(fault, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY_CODE in _UNREACHABLE:
        return StoreError(path, f"cannot be used ({fault})", "check its folder, owner and disk")
    if code is not None and code & _PRIMARY_CODE == sqlite3.SQLITE_CORRUPT:
        return JournalDamagedError(
            path, f"is damaged ({fault})", "restore it, or start with --fresh"
        )
    return JournalUnreadableError(
        path, f"is damaged or no journal ({fault})", "restore it, or start with --fresh"
    )


def origin(connection: sqlite3.Connection, path: Path) -> About | None:
    """Return where a journal comes from, or None for a file without any table.

    Raises
    ------
    JournalUnreadableError
        If the file is damaged, somebody else's, or newer than this program.
    """
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application == 0 and tables == 0:
            return None
        _check_header(path, application)
        row = connection.execute("SELECT * FROM about").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as fault:
        # Where the list of tables is rotten, the rot stands in SQLite's own message too.
        raise fault_of(path, fault) from fault
    if row is None or not isinstance(row[0], int):
        raise JournalUnreadableError(
            path, "does not say what format it has", "restore it, or start with --fresh"
        )
    if row[0] > FORMAT:
        raise JournalUnreadableError(
            path,
            f"has format {row[0]}, written by a newer program; this one reads up to {FORMAT}",
            "use the newer program",
        )
    number, unit, software, config, created_ms, published, *folded = row
    return About(
        format=number,
        unit=unit,
        software=software,
        config=config,
        created_ms=created_ms,
        published=published,
        folded=Folded(step=folded[0], message=folded[1]) if folded else Folded(),
    )


def migrated(connection: sqlite3.Connection, path: Path, about: About) -> About:
    """Bring a journal of an older format to this one, and return where it comes from.

    Raises
    ------
    StoreError
        If it cannot be written; then it is as it was.
    """
    try:
        for number in range(about.format, FORMAT):
            connection.execute("BEGIN IMMEDIATE")
            for statement in _MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute("UPDATE about SET format = ?", (number + 1,))
            connection.execute("COMMIT")
    except sqlite3.Error as fault:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise fault_of(path, fault) from fault
    return replace(about, format=FORMAT)


def _check_header(path: Path, application: int) -> None:
    if application != APPLICATION_ID:
        raise JournalUnreadableError(
            path, "is a database, but no journal of infusion-monitor", "name another file"
        )


def create(connection: sqlite3.Connection, *, unit: str, software: str, config: str) -> About:
    """Make the tables of the first format in one commit and return where the journal comes from."""
    about = About(
        format=1,
        unit=unit,
        software=software,
        config=config,
        created_ms=time.time_ns() // 1_000_000,
        published=0,
        folded=Folded(),
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for table in _TABLES.split(";"):
        connection.execute(table)
    connection.execute(
        "INSERT INTO about VALUES (?, ?, ?, ?, ?, ?)",
        (about.format, unit, software, config, about.created_ms, about.published),
    )
    connection.execute("COMMIT")
    return about


def check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file whose pages do not fit together, before anything is added to it.

    Raises
    ------
    JournalUnreadableError
        If SQLite finds a damaged page.
    """
    try:
        (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as fault:
        raise fault_of(path, fault) from fault
    if health != "ok":
        raise JournalDamagedError(
            path, f"is damaged ({health})", "restore it, or start with --fresh"
        )


def lock(path: Path) -> TextIO:
    """Take the lock beside a journal; it falls with the process, however that ends.

    Raises
    ------
    JournalInUseError
        If another process holds it.
    StoreError
        If the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = Path(f"{path}.lock").open("a+", encoding="ascii")  # noqa: SIM115 - open while held
    except OSError as fault:
        raise StoreError(path, f"cannot be locked ({fault})", "check its folder") from fault
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        held.seek(0)
        holder = held.read(20).strip() or "unknown"
        held.close()
        raise JournalInUseError(
            path, f"another monitor (process {holder}) writes it", "stop that one first"
        ) from fault
    # Who holds it is for people; a full disk that does not take it holds the lock all the same.
    with contextlib.suppress(OSError):
        os.ftruncate(held.fileno(), 0)
        os.pwrite(held.fileno(), f"{os.getpid()}\n".encode("ascii"), 0)
    return held


def set_aside(path: Path) -> Path | None:
    """Move a journal out of the way, under a name that nothing has yet; None if there is none.

    Whoever is killed meanwhile leaves files that :func:`settle_aside` understands.

    Raises
    ------
    JournalInUseError
        If a monitor writes it.
    """
    if not path.exists() and not _halves(path):
        return None
    with contextlib.closing(lock(path)):
        settle_aside(path)
        if not path.exists():
            return None
        number = 1
        while (aside := path.with_name(f"{path.name}.{number}")).exists():
            number += 1
        # The companions of a killed writer hold committed rows, so they move along, and first:
        # a kill in between leaves the journal in its place, and says what belongs to it.
        for companion in COMPANIONS:
            beside = Path(f"{path}{companion}")
            if beside.exists():
                beside.rename(f"{aside}{companion}{HALF}")
        path.rename(aside)
        settle_aside(path)
    return aside


def settle_aside(path: Path) -> None:
    """Finish the setting aside of a journal that was killed half-way, or undo it.

    Before the journal itself has moved its companions come back to it, then they follow it.
    """
    for half in _halves(path):
        target = half.with_name(half.name.removesuffix(HALF))
        companion = next(one for one in COMPANIONS if target.name.endswith(one))
        aside = target.with_name(target.name.removesuffix(companion))
        half.rename(target if aside.exists() else f"{path}{companion}")


def _halves(path: Path) -> list[Path]:
    if not path.parent.is_dir():
        return []
    ends = tuple(f"{companion}{HALF}" for companion in COMPANIONS)
    names = (one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}."))
    return [one for one in names if one.name.endswith(ends)]
