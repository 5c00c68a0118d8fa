"""Audit: whether a journal is as it was written, and which of its records are not.

A row of the ledger carries the hash of the row before it, so a change breaks the chain where it
was made and nowhere else. What the break looks like tells what was done: a row whose hash fits
behind an earlier row had something put before it, one that fits behind a later row was moved,
one that fits nowhere was changed or has lost the row before it. Who makes the whole chain anew,
or cuts its end off, is found with a hash that was noted elsewhere: the monitor publishes the
newest one all the time.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.adapters.journal_file import About, JournalDamagedError, JournalError, fault_of
from monitor.adapters.ledger import GENESIS, LedgerRow, chained

FAULTS_MAX: Final = 20
"""So many broken rows are looked into; more are counted."""

_NUMBERING: Final = {
    "step": "SELECT coalesce(min(n), 0), coalesce(max(n), 0), count(*) FROM step WHERE n > ?",
    "inbox": "SELECT coalesce(min(n), 0), coalesce(max(n), 0), count(*) FROM inbox WHERE n > ?",
    "ledger": "SELECT coalesce(min(n), 0), coalesce(max(n), 0), count(*) FROM ledger WHERE n > ?",
}
_ORPHANS: Final = {
    "inbox": "SELECT count(*) FROM inbox WHERE step > ? AND step NOT IN (SELECT n FROM step)",
    "ledger": "SELECT count(*) FROM ledger WHERE step > ? AND step NOT IN (SELECT n FROM step)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a walk over the whole journal found; intact when ``faults`` is empty."""

    steps: int
    messages: int
    effects: int
    head: str
    """Hash of the last row of the ledger, in hexadecimal."""
    faults: tuple[str, ...]


def ledger_rows(
    connection: sqlite3.Connection, path: Path, *, after: int = 0
) -> Iterator[LedgerRow]:
    """Yield the rows of the ledger behind row ``after``, in order.

    Raises
    ------
    JournalError
        If a row cannot be read.
    """
    query = "SELECT n, step, at_ms, kind, bed, body, hash FROM ledger WHERE n > ? ORDER BY n"
    try:
        for n, step, at_ms, kind, bed, body, digest in connection.execute(query, (after,)):
            if not (isinstance(body, bytes) and isinstance(digest, bytes)):
                raise JournalDamagedError(
                    path, f"ledger row {n} holds no bytes", "restore the file"
                )
            yield LedgerRow(n=n, step=step, at_ms=at_ms, kind=kind, bed=bed, body=body, hash=digest)
    except sqlite3.Error as fault:
        raise fault_of(path, fault) from fault


def verification(
    connection: sqlite3.Connection,
    path: Path,
    about: About,
    known: tuple[int, str] | None = None,
) -> Verification:
    """Walk a whole journal: pages, numbering, chain, and a row whose hash is known elsewhere."""
    faults: list[str] = []
    counts, head = [0, 0, 0], GENESIS
    try:
        faults += [
            f"database: {row[0]}"
            for row in connection.execute("PRAGMA quick_check(20)")
            if row[0] != "ok"
        ]
        folded = {"step": about.folded.step, "inbox": about.folded.message, "ledger": 0}
        for place, (table, query) in enumerate(_NUMBERING.items()):
            lowest, highest, rows = connection.execute(query, (folded[table],)).fetchone()
            counts[place] = max(highest, folded[table])
            if rows and (lowest != folded[table] + 1 or highest - folded[table] != rows):
                faults.append(f"{table}: {rows} rows are numbered {lowest} to {highest}")
        for table, query in _ORPHANS.items():
            (orphans,) = connection.execute(query, (about.folded.step,)).fetchone()
            if orphans:
                faults.append(f"{table}: {orphans} rows belong to no step")
        head, chain_faults = _chain(connection, path)
        faults += chain_faults
        if known is not None:
            faults += _known_fault(connection, *known)
    except sqlite3.Error as fault:
        faults.append(f"database: {fault}")
    except JournalError as fault:
        faults.append(fault.reason)
    steps, messages, effects = counts
    return Verification(
        steps=steps, messages=messages, effects=effects, head=head.hex(), faults=tuple(faults)
    )


def _chain(connection: sqlite3.Connection, path: Path) -> tuple[bytes, list[str]]:
    """Return the last hash, and what is wrong with the rows and their order."""
    broken: list[LedgerRow] = []
    faults: list[str] = []
    head, last_n, last_step = GENESIS, 0, 0
    for row in ledger_rows(connection, path):
        if row.n != last_n + 1:
            faults.append(f"ledger {_rows_named(last_n + 1, row.n - 1)} missing")
        if row.hash != chained(head, row.step, row.body):
            broken.append(row)
        elif row.step < last_step:
            faults.append(f"ledger row {row.n}: step {row.step} follows {last_step}")
        else:
            faults += _row_faults(row)
        head, last_n, last_step = row.hash, row.n, max(last_step, row.step)
    faults += _explained(connection, path, broken[:FAULTS_MAX])
    if len(broken) > FAULTS_MAX:
        faults.append(f"ledger: {len(broken) - FAULTS_MAX} more rows do not fit their place")
    return head, faults


def _row_faults(row: LedgerRow) -> list[str]:
    try:
        effect = row.effect()
    except ValueError as fault:
        return [str(fault)]
    kind = str(effect.__struct_config__.tag)
    if (row.at_ms, row.bed, row.kind) != (effect.at_ms, effect.bed, kind):
        return [f"ledger row {row.n}: time, bed or kind differs from its effect"]
    return []


def _explained(connection: sqlite3.Connection, path: Path, broken: list[LedgerRow]) -> list[str]:
    """Say of every row that does not fit its place behind which row it would."""
    if not broken:
        return []
    behind: dict[int, int] = {}
    before = [(0, GENESIS), *((row.n, row.hash) for row in ledger_rows(connection, path))]
    for row in broken:
        for n, digest in before:
            if row.hash == chained(digest, row.step, row.body):
                behind[row.n] = n
                break
    found = []
    for row in broken:
        place = behind.get(row.n)
        if place is None:
            why = "was changed, or the row before it was removed or changed: hash does not match"
        elif place < row.n:
            between = _rows_named(place + 1, row.n - 1)
            why = f"belongs behind row {place}: {between} inserted or moved there"
        else:
            why = f"was moved: it belongs behind row {place}"
        found.append(f"ledger row {row.n} (step {row.step}) {why}")
    return found


def _rows_named(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


def _known_fault(connection: sqlite3.Connection, row: int, digest: str) -> list[str]:
    """Return what is wrong with a row whose hash was noted elsewhere."""
    if row == 0:
        return []
    found = connection.execute("SELECT hash FROM ledger WHERE n = ?", (row,)).fetchone()
    if found is None:
        return [f"ledger row {row} is missing: the end was cut off after it was noted"]
    if not bytes(found[0]).hex().startswith(digest.lower()):
        return [f"ledger row {row} has another hash than was noted: the chain was made anew"]
    return []
