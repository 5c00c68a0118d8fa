"""An audit: who did what, when, at which screen, taken or refused; one chained line each.

There are two: what people do at a station, and what is done with a journal (it is begun, gone on
with, exported; :mod:`monitor.adapters.operations`).

Lines are only ever added. Each carries the SHA-256 of the line before it and of itself, so that
a changed, missing or exchanged line shows. A line that was torn by a power cut is set aside
beside the file, and a line says so.
"""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from monitor.wire.outbound import iso

GENESIS: Final = "0" * 64
TEXT_MAX: Final = 500


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did or tried.

    ``what`` names it, ``old`` and ``new`` what it was about and what came of it, ``why`` the
    reason that was given, or why it was refused.
    """

    n: int
    t: str
    who: str
    role: str
    via: str
    what: str
    old: str
    new: str
    why: str
    prev: str
    hash: str


_DECODER: Final = msgspec.json.Decoder(AuditLine)


class AuditError(Exception):
    """The file of the audit cannot be read or written."""


def line_hash(line: AuditLine) -> str:
    """Return the hash of a line: SHA-256 over its JSON with an empty ``hash``."""
    return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(line, hash=""))).hexdigest()


class Audit:
    """The one writer of one file; may be used from any thread."""

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self.path = path
        self._now_ms = now_ms
        self.failures = 0
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torn = _set_torn_aside(path)
            newest = audit_head(path)
        except OSError as fault:
            raise AuditError(f"{path}: {fault.strerror}") from fault
        self._n, self._head = newest
        if torn is not None:
            self.add(what="audit-torn-line", new=str(torn.name), why="the last line was torn")

    def add(
        self,
        *,
        what: str,
        who: str = "",
        role: str = "",
        via: str = "",
        old: str = "",
        new: str = "",
        why: str = "",
    ) -> bool:
        """Add one line and wait until the disk has it; False if that failed.

        What people do for a patient is not stopped by a full disk: the ledger of the monitor
        has it too, and the station says that its audit fails.
        """
        with self._lock:
            line = AuditLine(
                n=self._n + 1,
                t=iso(self._now_ms()),
                who=who[:TEXT_MAX],
                role=role[:TEXT_MAX],
                via=via[:TEXT_MAX],
                what=what[:TEXT_MAX],
                old=old[:TEXT_MAX],
                new=new[:TEXT_MAX],
                why=why[:TEXT_MAX],
                prev=self._head,
                hash="",
            )
            line = msgspec.structs.replace(line, hash=line_hash(line))
            try:
                with self.path.open("ab") as out:
                    out.write(msgspec.json.encode(line) + b"\n")
                    out.flush()
                    os.fsync(out.fileno())
            except OSError:
                self.failures += 1
                return False
            self._n, self._head = line.n, line.hash
            return True

    @property
    def head(self) -> tuple[int, str]:
        """Number and hash of the newest line."""
        with self._lock:
            return self._n, self._head


def audit_lines(path: Path) -> Iterator[AuditLine]:
    """Yield the lines of a file, in order; none if there is no file.

    Raises
    ------
    AuditError
        If a line is not one of an audit.
    """
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            try:
                yield _DECODER.decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
                raise AuditError(f"{path}:{number}: is no line of an audit ({fault})") from fault


def audit_faults(path: Path, known: tuple[int, str] | None = None) -> Iterator[str]:
    """Yield what does not fit in a file: numbers, the chain, hashes.

    A number and the beginning of its hash that somebody has noted elsewhere also show a chain that
    was cut off or made anew.
    """
    head, n, noted = GENESIS, 0, None
    for line in audit_lines(path):
        n += 1
        if line.n != n:
            yield f"line {n} is numbered {line.n}"
            n = line.n
        if line.prev != head:
            yield f"line {line.n} does not follow the line before it"
        if line.hash != line_hash(line):
            yield f"line {line.n} was changed"
        head = line.hash
        if known is not None and line.n == known[0]:
            noted = line.hash
    if known is None or known[0] == 0:
        return
    if noted is None:
        yield f"line {known[0]} is missing: the end was cut off after it was noted"
    elif not noted.startswith(known[1].lower()):
        yield f"line {known[0]} has another hash than was noted: the chain was made anew"


def audit_head(path: Path) -> tuple[int, str]:
    """Return number and hash of the last line of a file."""
    newest = deque(audit_lines(path), maxlen=1)
    return (newest[0].n, newest[0].hash) if newest else (0, GENESIS)


def _set_torn_aside(path: Path) -> Path | None:
    """Move an unfinished last line into a file beside this one; return that file."""
    if not path.exists():
        return None
    whole = path.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end == len(whole):
        return None
    aside = path.with_name(f"{path.name}.torn-{end}")
    aside.write_bytes(whole[end:])
    with path.open("r+b") as file:
        file.truncate(end)
        file.flush()
        os.fsync(file.fileno())
    return aside
