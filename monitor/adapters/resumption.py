"""Resumption: a fresh ward is brought to where the journal ends, and checked on the way.

The newest good snapshot brings everything to where it was taken; without one the journal is taken
from its beginning. A snapshot of another program is used only where the beginning was folded away,
and then the oldest one, so that the steps behind it show whether this program decides as the one
that took it. From there on it is replayed step by step. What the ward decides must be what the
ledger holds, byte for byte and row by row: a ward that decides otherwise is not the one that
people have been acting on, and the start is refused. Effects at the very end, which a killed
monitor had decided but not kept, are kept now and published with those of which it is not known
that they got out.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import msgspec

from monitor.adapters.configurations import Configured, behind, configurations, in_force
from monitor.adapters.journal import Journal
from monitor.adapters.journal_file import JournalError, JournalUnreadableError, StoreError
from monitor.adapters.ledger import BEGINNING, LedgerRow, Place, effect_bytes
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.outbox import Outbox, stand
from monitor.adapters.receipts import Receipts, ReceiptsKept
from monitor.adapters.snapshots import Mark, SnapshotUnusableError, marks, snapshot_body
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input, RawMessage
from monitor.facts.views import WardView
from monitor.ward.snapshots import SnapshotError
from monitor.wire.announcements import Announcement, announcements
from monitor.wire.messages import decode

LOG: Final = logging.getLogger(f"{ROOT}.live")


class LedgerDivergedError(JournalError):
    """Replaying the journal gave something else than its ledger holds."""


class LiveWard(Protocol):
    """What the loop needs of a ward."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        """Take one step of decoded messages."""
        ...

    def view(self, now_ms: int, only: frozenset[str] | None = None) -> WardView:
        """Return a picture of all beds, or of some by their names."""
        ...

    def remembered(self) -> bytes:
        """Return everything that is remembered between two steps."""
        ...

    def recall(self, body: bytes) -> None:
        """Bring a fresh ward to where the one was that remembered this, or leave it fresh."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a replay of the journal found."""

    steps: int
    replayed: int
    """Steps that were taken again, behind the snapshot."""
    completed: int
    """Effects that the killed monitor had not written; they are written now."""
    refused: tuple[str, ...]
    """Snapshots that could not be used, and why."""


def decided(ward: LiveWard, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...] | None:
    """Let the ward take a step; None if it failed, which a replay of the step repeats."""
    try:
        return ward.take(now_ms, inputs)
    except Exception:  # a bug in the ward must not end the watch over all other beds
        LOG.exception("ward-failed", extra={"fields": {"now_ms": now_ms, "messages": len(inputs)}})
        return None


def decoded(messages: Sequence[RawMessage]) -> list[Input]:
    """Return the records of the messages of one step."""
    return [decode(raw, position=place) for place, raw in enumerate(messages)]


def announced(effects: Sequence[AnyEffect], *, unit: str) -> list[Announcement]:
    """Return what to publish; an effect that cannot be put into words costs only itself."""
    try:
        return list(announcements(effects, unit=unit))
    except Exception:  # the alert beside it must get out, now and after every restart
        LOG.exception("announcement-failed")
        if len(effects) == 1:
            return []
        return [news for effect in effects for news in announced([effect], unit=unit)]


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot holds: all that a run knows because of the journal."""

    ward: bytes
    standing: tuple[Announcement, ...]
    receipts: ReceiptsKept


Configure: TypeAlias = Callable[[Mapping[str, bytes]], None]
"""Lets the ward go on under the configuration of some files."""


class Memory:
    """All that a run knows because of its journal, and a restarted one must know again."""

    def __init__(
        self, ward: LiveWard, journal: Journal, configure: Configure = lambda _: None
    ) -> None:
        self.ward = ward
        self.configure = configure
        self.journal = journal
        self.unit = journal.about.unit
        self.outbox = Outbox()
        self.receipts = Receipts()
        self.last_ms = 0
        self.late: list[tuple[int, tuple[AnyEffect, ...]]] = []
        """What a killed monitor had not written, by step, as long as the disk does not take it."""
        self._standing: dict[str, Announcement] = {}

    def announced(self, effects: Sequence[AnyEffect]) -> list[Announcement]:
        """Return what to publish of effects in the ledger, and remember what stands of them."""
        news = announced(effects, unit=self.unit)
        stand(self._standing, news)
        return news

    def picture(self) -> bytes:
        """Return everything, as bytes for :meth:`recall`."""
        return msgspec.msgpack.encode(
            Picture(
                ward=self.ward.remembered(),
                standing=tuple(self._standing.values()),
                receipts=self.receipts.kept(),
            )
        )

    def recall(self, body: bytes) -> None:
        """Bring everything to where the run was whose picture this is.

        Raises
        ------
        SnapshotError
            If the picture is of another program; then nothing was changed.
        """
        try:
            picture = _PICTURE.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise SnapshotError(f"it cannot be read: {fault}") from fault
        self.ward.recall(picture.ward)
        stand(self._standing, picture.standing)
        self.outbox.remember(picture.standing)
        self.receipts.recall(picture.receipts)


_PICTURE: Final = msgspec.msgpack.Decoder(Picture)


Told: TypeAlias = Callable[[int], None]
"""Hears which step was taken again, so that whoever waits knows that it goes on."""


def resume(memory: Memory, *, program: str, told: Told = lambda _: None) -> Resumed:
    """Bring a fresh memory to where its journal ends: the newest good snapshot, then the steps.

    Raises
    ------
    LedgerDivergedError
        If the ward decides something else than the ledger holds.
    JournalUnreadableError
        If the journal is damaged, or no snapshot can be used and its first steps were folded.
    """
    journal = memory.journal
    kept = configurations(journal)
    began, refused = _begun(memory, program, kept)
    place = BEGINNING
    if began is None:
        _configure(memory, in_force(kept, place))
    else:
        place, memory.last_ms = began.place, began.now_ms
    if place.step < journal.about.folded.step:
        raise JournalUnreadableError(
            journal.path,
            f"the vitals of its first {journal.about.folded.step} steps were folded, and no "
            f"snapshot behind them can be used ({'; '.join(refused) or 'there is none'})",
            "use the program that wrote it, or start with --fresh, which sets it aside and "
            "forgets open sessions",
        )
    _put_late(memory, place)
    resumed = _replayed(memory, place, refused, behind(kept, place), told)
    memory.outbox.inherit()
    return resumed


def _configure(memory: Memory, configured: Configured | None) -> None:
    if configured is not None and not configured.refused:
        memory.configure(configured.files)


def _begun(
    memory: Memory, program: str, kept: tuple[Configured, ...]
) -> tuple[Mark | None, tuple[str, ...]]:
    """Recall the newest snapshot that can be used; return its mark, and why others cannot."""
    refused: list[str] = []
    for mark in marks(memory.journal):
        try:
            _configure(memory, in_force(kept, mark.place))
            memory.recall(snapshot_body(memory.journal, mark, program=program))
        except (SnapshotUnusableError, SnapshotError) as fault:
            refused.append(f"snapshot of step {mark.place.step}: {fault}")
            step = mark.place.step
            log(LOG, logging.WARNING, "snapshot-refused", step=step, reason=str(fault))
        else:
            return mark, tuple(refused)
    return _inherited(memory, kept), tuple(refused)


def _inherited(memory: Memory, kept: tuple[Configured, ...]) -> Mark | None:
    """Recall the oldest snapshot of another program if the steps before it are gone.

    Its records and arrays must be those of this program, name by name and type by type.
    """
    folded = memory.journal.about.folded.step
    found = [mark for mark in marks(memory.journal) if mark.place.step >= folded > 0]
    for mark in reversed(found):
        step = mark.place.step
        try:
            _configure(memory, in_force(kept, mark.place))
            memory.recall(snapshot_body(memory.journal, mark, program=mark.program))
        except (SnapshotUnusableError, SnapshotError) as fault:
            log(LOG, logging.WARNING, "snapshot-refused", step=step, reason=str(fault))
            continue
        log(LOG, logging.WARNING, "snapshot-inherited", step=step, program=mark.program)
        return mark
    return None


def _put_late(memory: Memory, place: Place) -> None:
    """Tell again what stands in the ledger before a place and may not have got out."""
    published = memory.journal.about.published
    if published >= place.row:
        return
    late = [row for row in memory.journal.ledger(after=published) if row.n <= place.row]
    for _, rows in groupby(late, key=lambda row: row.step):
        memory.outbox.put(announced([memory.journal.effect(row) for row in rows], unit=memory.unit))


def _replayed(
    memory: Memory,
    place: Place,
    refused: tuple[str, ...],
    asked: list[Configured],
    told: Told,
) -> Resumed:
    """Take all steps behind a place again, and complete the ledger."""
    journal, number = memory.journal, place.step
    again = _Again(memory, place, asked)
    again.configure(number)
    for number, step in enumerate(journal.steps(place), start=place.step + 1):
        inputs = decoded(step.messages)
        again.tell(number, decided(memory.ward, step.now_ms, inputs) or ())
        memory.receipts.keep(inputs, step.now_ms)
        memory.last_ms = step.now_ms
        again.configure(number)
        told(number)
    left_over = next(again.ledger, None)
    if left_over is not None:
        raise _diverged(journal.path, left_over.n, "nothing", left_over.body.decode())
    memory.late = list(again.missing)
    with contextlib.suppress(StoreError):
        while memory.late:
            journal.append_effects(*memory.late[0])
            del memory.late[0]
    return Resumed(
        steps=number,
        replayed=number - place.step,
        completed=sum(len(late) for _, late in again.missing),
        refused=refused,
    )


class _Again:
    """Tells again what is decided behind a place, beside the ledger that holds it already."""

    def __init__(self, memory: Memory, place: Place, asked: list[Configured]) -> None:
        self.ledger = memory.journal.ledger(after=place.row)
        self.missing: list[tuple[int, tuple[AnyEffect, ...]]] = []
        self._memory, self._row, self._asked = memory, place.row, asked
        self._published = memory.journal.about.published

    def tell(self, number: int, effects: tuple[AnyEffect, ...]) -> None:
        """Compare the effects of a step with the ledger, and remember what stands of them."""
        memory = self._memory
        in_ledger = _compared(memory.journal.path, number, effects, self.ledger)
        if not in_ledger and effects:
            self.missing.append((number, effects))
        self._row += len(effects)
        news = memory.announced(effects)
        is_new = self._row > self._published
        (memory.outbox.put if is_new else memory.outbox.remember)(news)

    def configure(self, number: int) -> None:
        """Go on under what was asked for at the end of a step."""
        while self._asked and self._asked[0].step == number:
            one = self._asked.pop(0)
            _configure(self._memory, one)
            self.tell(number, (one.act(),))


def _compared(
    path: Path, step: int, effects: Sequence[AnyEffect], ledger: Iterator[LedgerRow]
) -> bool:
    """Tell whether the ledger holds the effects of a step; refuse one that holds others."""
    for place, effect in enumerate(effects):
        row = next(ledger, None)
        if row is None:
            if place:
                raise _diverged(path, step, effect_bytes(effect).decode(), "its end")
            return False
        body = effect_bytes(effect)
        if row.body != body or row.step != step:
            was = f"(step {row.step}) {row.body.decode('utf-8', 'backslashreplace')}"
            raise _diverged(path, row.n, f"(step {step}) {body.decode()}", was)
    return True


def _diverged(path: Path, row: int, decided_now: str, kept: str) -> LedgerDivergedError:
    return LedgerDivergedError(
        path,
        f"replaying it differs from its ledger at row {row}:\n  kept:    {kept}\n"
        f"  decided: {decided_now}\n ",
        "use the program and configuration that wrote it, or start with --fresh, which sets it "
        "aside and forgets open sessions",
    )
