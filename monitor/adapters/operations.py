"""Operations: what is done with a journal as a whole, in a chained audit beside it.

A journal that is begun or gone on with, with the configuration under which; an export. The ledger
cannot hold these: who replays it must find in it what a ward decided and nothing else. Several
processes may write, one after the other; who cannot says so and goes on, because no audit may
keep an alert from anybody.
"""

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from monitor.adapters.deeds import Audit, AuditError
from monitor.adapters.logbook import ROOT, log

LOG: Final = logging.getLogger(f"{ROOT}.live")

WAIT_S: Final = 2.0
"""So long one writer waits for another."""

BEGUN: Final = "journal-begun"
RESUMED: Final = "journal-resumed"
EXPORTED: Final = "export"


def audit_path(journal: Path) -> Path:
    """Return the audit of what is done with a journal."""
    return Path(f"{journal}.audit")


def noted(
    journal: Path,
    now_ms: Callable[[], int],
    *,
    what: str,
    old: str = "",
    new: str = "",
    why: str = "",
) -> bool:
    """Add one line to the audit of a journal; False if it could not be written."""
    path = audit_path(journal)
    who = f"uid-{os.getuid()}"
    try:
        with _held(path):
            return Audit(path, now_ms).add(
                what=what, who=who, via="command", old=old, new=new, why=why
            )
    except (OSError, AuditError):
        return False


def note_start(
    journal: Path, now_ms: Callable[[], int], created_ms: int, digest: str, *, is_new: bool
) -> None:
    """Audit under which configuration a journal is begun or gone on with."""
    what = BEGUN if is_new else RESUMED
    if not noted(journal, now_ms, what=what, old=str(created_ms), new=digest):
        log(LOG, logging.ERROR, "audit-failing", file=str(audit_path(journal)))


@contextlib.contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """Keep other writers away from an audit; raises OSError if one does not let go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    until_s = time.monotonic() + WAIT_S
    with path.open("ab") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until_s:
                    raise
                time.sleep(0.01)
            else:
                break
        yield held
