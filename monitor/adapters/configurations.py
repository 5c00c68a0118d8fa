"""Configurations in the journal: under which one each step was decided.

The files themselves are kept, so that a restart and a replay decide every step under the limits
that were in force, whatever stands in the folder by then. The first row is the configuration that
the journal began with. Every further one was asked for while beds were watched, at the end of a
step: it was taken, or it was refused with the reason and changed nothing. Either way it is an act
in the ledger, at the row that is named here.
"""

import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import JournalDamagedError
from monitor.adapters.ledger import Place
from monitor.facts.effects import ActRecorded

FIRST_FORMAT: Final = 3
"""Journals of earlier formats hold no configurations."""

ACT: Final = "configure"
SIGNAL: Final = "signal"
"""Who asked, and by what: a signal names nobody; the system's own log says who sent it."""

NOWHERE: Final = "_"

_FILES: Final = msgspec.msgpack.Decoder(dict[str, bytes])


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """One configuration that was in force, or was refused.

    ``step`` is the last step before it, ``row`` the row of the ledger that tells it (0 for the
    first). ``words`` say what changed; ``refused`` why it is not in force.
    """

    step: int
    row: int
    now_ms: int
    digest: str
    words: str = ""
    refused: str = ""
    files: dict[str, bytes] = field(default_factory=dict, repr=False)

    def act(self) -> ActRecorded:
        """Return what the ledger says of it."""
        return ActRecorded(
            at_ms=self.now_ms,
            bed=NOWHERE,
            session="",
            id="",
            act=ACT,
            by=SIGNAL,
            role="",
            via=SIGNAL,
            alert="",
            step="",
            status=self.digest,
            reason=self.words,
            refused=self.refused,
        )


def configurations(journal: JournalReader) -> tuple[Configured, ...]:
    """Return every configuration of a journal in order; none if it never kept one.

    Raises
    ------
    JournalDamagedError
        If a row cannot be read.
    """
    if journal.about.format < FIRST_FORMAT:
        return ()
    query = "SELECT step, row, now_ms, digest, words, refused, body FROM configured ORDER BY n"
    found = []
    for step, row, now_ms, digest, words, refused, body in journal.rows(query):
        try:
            files = _FILES.decode(zlib.decompress(body))
        except (zlib.error, TypeError, msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise JournalDamagedError(
                journal.path, f"a configuration is damaged ({fault})", "restore the file"
            ) from fault
        found.append(
            Configured(
                step=step, row=row, now_ms=now_ms, digest=digest, words=words, refused=refused,
                files=files,
            )
        )  # fmt: skip
    return tuple(found)


def in_force(kept: tuple[Configured, ...], place: Place) -> Configured | None:
    """Return the configuration that was in force at a place; None if it was not kept."""
    taken = [one for one in kept if not one.refused and one.row <= place.row]
    return taken[-1] if taken else None


def behind(kept: tuple[Configured, ...], place: Place) -> list[Configured]:
    """Return what was asked for behind a place, in order."""
    return [one for one in kept if one.row > place.row]


def keep_first(journal: Journal, files: Mapping[str, bytes]) -> None:
    """Keep the files of the configuration that a journal began with.

    Raises
    ------
    StoreError
        If they could not be written.
    """
    about = journal.about
    first = Configured(
        step=0, row=0, now_ms=about.created_ms, digest=about.config, files=dict(files)
    )
    with journal.transaction() as connection:
        insert(connection, first)


def keep(journal: Journal, configured: Configured) -> None:
    """Keep what was asked for, and its act in the ledger, in one commit.

    Raises
    ------
    StoreError
        If it could not be written; then neither was.
    """
    act = configured.act()
    journal.append_effects(configured.step, (act,), lambda to: insert(to, configured))


def insert(connection: sqlite3.Connection, one: Configured) -> None:
    """Add one configuration behind the others."""
    connection.execute(
        "INSERT INTO configured (step, row, now_ms, digest, words, refused, body) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(one.step, one.row, one.now_ms, one.digest, one.words, one.refused),
            zlib.compress(msgspec.msgpack.encode(one.files)),
        ),
    )
