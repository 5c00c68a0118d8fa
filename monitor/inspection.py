"""Inspection: whether every byte that a journal keeps is as it was written.

The chain of the ledger is walked by :mod:`monitor.adapters.audit`. Here the rest is looked at: the
digest of every step over its messages, every snapshot, the seals of folded vitals, every
configuration with the act that tells it, and the audit beside the journal. The chain of the
ledger shows what was done on purpose; a digest of eight bytes shows rot, and a change by who does
not know how it is made.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

from monitor.adapters.audit import FAULTS_MAX, Verification
from monitor.adapters.chunks import is_sealed, unpacked
from monitor.adapters.configurations import ACT, Configured, configurations
from monitor.adapters.deeds import AuditError, audit_faults, audit_lines
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.ledger import FOLDED_MARK, effect_bytes, resealed_digest, step_digest
from monitor.adapters.operations import BEGUN, audit_path
from monitor.adapters.snapshots import SnapshotUnusableError, marks, snapshot_body
from monitor.facts.records import RawMessage
from monitor.settings.config_files import config_digest

FIRST_FORMAT: Final = 2
"""Journals of the first format hold no digests, snapshots or chunks."""

_TOLD: Final = "SELECT count(*) FROM ledger WHERE kind = 'act' AND CAST(body AS TEXT) LIKE ?"


def inspected(journal: JournalReader, known: tuple[int, str] | None = None) -> Verification:
    """Return what a look at every kept byte of a journal found; ``known`` as for its ledger."""
    with journal.unmoved():
        found = journal.verify(known)
        faults = list(found.faults)
        for look in (_steps, _snapshots, _chunks, _configurations, _beside):
            faults += _some(look, journal)
    return replace(found, faults=tuple(faults))


def _some(look: Callable[[JournalReader], Iterator[str]], journal: JournalReader) -> list[str]:
    """Return the first faults of one kind; a row that cannot be read is one, too."""
    faults: list[str] = []
    try:
        faults.extend(islice(look(journal), FAULTS_MAX))
    except JournalError as fault:
        faults.append(fault.reason)
    return faults


def _steps(journal: JournalReader) -> Iterator[str]:
    """Compare every step with its digest."""
    if journal.about.format < FIRST_FORMAT:
        return
    query = "SELECT step, received_ms, topic, payload, retained FROM inbox ORDER BY step, n"
    groups = groupby(journal.rows(query), key=itemgetter(0))
    waiting = next(groups, None)
    folded, has_digests = journal.about.folded.step, False
    for n, now_ms, digest in journal.rows("SELECT n, now_ms, digest FROM step ORDER BY n"):
        mine: list[RawMessage] = []
        while waiting is not None and waiting[0] <= n:
            if waiting[0] == n:
                mine = [_raw(*row[1:]) for row in waiting[1]]
            waiting = next(groups, None)
        if digest is None:
            # Steps of the first format have none; those that came after the change all have one.
            if has_digests:
                yield f"step {n} has lost its digest"
            continue
        has_digests = True
        if n > folded:
            wanted = step_digest(now_ms, mine)
        elif bytes(digest)[:1] == FOLDED_MARK and len(digest) > len(step_digest(0, ())):
            wanted = resealed_digest(now_ms, mine)
        else:
            continue  # Folded by an earlier program, which left the digest of the whole.
        if digest != wanted:
            yield f"step {n} was changed: its time, a message of it or its digest"


def _raw(received_ms: int, topic: object, payload: object, retained: int) -> RawMessage:
    return RawMessage(
        received_ms=received_ms,
        topic=topic if isinstance(topic, str) else repr(topic),
        payload=payload if isinstance(payload, bytes) else repr(payload).encode(),
        retained=bool(retained),
    )


def _snapshots(journal: JournalReader) -> Iterator[str]:
    """Compare every whole snapshot with its digest and its place."""
    for mark in marks(journal):
        try:
            snapshot_body(journal, mark, program=mark.program)
        except SnapshotUnusableError as fault:
            yield f"snapshot of step {mark.place.step}: {fault}"


def _chunks(journal: JournalReader) -> Iterator[str]:
    """Compare all folded vitals with their seals."""
    if journal.about.format < FIRST_FORMAT:
        return
    query = (
        "SELECT bed, device, channel, hour, place, readings, body FROM chunk "
        "ORDER BY bed, device, channel, hour, place"
    )
    for *names, body in journal.rows(query):
        where = "vitals of {1} at bed {0}, channel {2}, hour {3}".format(*names)
        try:
            unpacked(body, names[5])
        except ValueError as fault:
            yield f"{where}: {fault}"
            continue
        if is_sealed(body, *names) is False:
            yield f"{where}: changed, or moved to another place"


def _configurations(journal: JournalReader) -> Iterator[str]:
    """Compare every configuration with its digest, and with the act in the ledger that tells it."""
    kept = configurations(journal)
    for one in kept:
        name = f"configuration {one.digest[:12] or 'that could not be read'} of step {one.step}"
        if one.files and config_digest(dict(one.files)) != one.digest:
            yield f"{name}: its files were changed"
        if not one.files and not one.refused:
            yield f"{name}: its files are gone"
        if one.row and not _is_told(journal, one):
            yield f"{name}: row {one.row} of the ledger does not tell it"
    about = journal.about
    if kept and kept[0].row == 0 and kept[0].digest != about.config:
        yield f"it holds another first configuration than {about.config[:12]}, which it names"
    told = next(journal.rows(_TOLD, (f'%"act":"{ACT}"%',)))[0]
    if told != sum(one.row > 0 for one in kept):
        yield f"the ledger tells of {told} configurations, {len(kept)} are kept with the first"


def _is_told(journal: JournalReader, one: Configured) -> bool:
    query = "SELECT step, body FROM ledger WHERE n = ?"
    row = next(journal.rows(query, (one.row,)), None)
    return row == (one.step, effect_bytes(one.act()))


def _beside(journal: JournalReader) -> Iterator[str]:
    """Walk the audit beside a journal; it says under which configuration the journal began."""
    path = audit_path(journal.path)
    try:
        for fault in audit_faults(path):
            yield f"{path.name}: {fault}"
        for line in audit_lines(path):
            is_ours = line.what == BEGUN and line.old == str(journal.about.created_ms)
            if is_ours and line.new != journal.about.config:
                yield f"{path.name}: the journal began under configuration {line.new[:12]}"
    except AuditError as fault:
        yield str(fault)
