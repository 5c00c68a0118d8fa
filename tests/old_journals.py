"""Journals as older programs left them: what later formats added is taken away again."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

_UNDONE: Final = {
    2: "DROP TABLE configured",
    1: """
DROP INDEX ledger_step;
DROP TABLE snapshot;
DROP TABLE snapshot_part;
DROP TABLE chunk;
ALTER TABLE about DROP COLUMN folded_step;
ALTER TABLE about DROP COLUMN folded_message;
ALTER TABLE step DROP COLUMN digest
""",
}
"""What makes a format out of the next one; the opposite of each migration."""


def make_old(path: Path, number: int) -> None:
    """Turn the closed journal of a run of this program into one of an older format."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (found,) = connection.execute("SELECT format FROM about").fetchone()
        for before in range(found - 1, number - 1, -1):
            for statement in _UNDONE[before].split(";"):
                connection.execute(statement)
        connection.execute("UPDATE about SET format = ?", (number,))
