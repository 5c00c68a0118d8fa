"""Resumption: a fresh ward is brought to where the journal ends, and checked on the way.

The journal is replayed step by step. What the ward decides must be what the ledger holds, byte
for byte and row by row: a ward that decides otherwise is not the one that people have been
acting on, and the start is refused. Effects at the very end, which a killed monitor had decided
but not kept, are kept now and published with those of which it is not known that they got out.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from monitor.adapters.journal import Journal, LedgerRow, effect_bytes
from monitor.adapters.journal_file import JournalError
from monitor.adapters.logbook import ROOT
from monitor.adapters.outbox import Outbox
from monitor.adapters.receipts import Receipts
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input, RawMessage
from monitor.facts.views import WardView
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

    def view(self, now_ms: int) -> WardView:
        """Return a picture of all beds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a replay of the journal found."""

    steps: int
    last_ms: int
    completed: int
    """Effects that the killed monitor had not written; they are written now."""


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


def resume(
    journal: Journal, ward: LiveWard, *, unit: str, outbox: Outbox, receipts: Receipts
) -> Resumed:
    """Bring a fresh ward, outbox and receipts to where the journal ends.

    Raises
    ------
    LedgerDivergedError
        If the ward decides something else than the ledger holds.
    StoreError
        If missing effects cannot be written.
    """
    published = journal.about.published
    ledger = journal.ledger()
    number, last_ms, row = 0, 0, 0
    missing: list[tuple[int, tuple[AnyEffect, ...]]] = []
    for number, step in enumerate(journal.steps(), start=1):
        inputs = decoded(step.messages)
        effects = decided(ward, step.now_ms, inputs) or ()
        in_ledger = _compared(journal.path, number, effects, ledger)
        if not in_ledger and effects:
            missing.append((number, effects))
        row += len(effects)
        news = announced(effects, unit=unit)
        (outbox.put if row > published else outbox.remember)(news)
        receipts.keep(inputs, step.now_ms)
        last_ms = step.now_ms
    left_over = next(ledger, None)
    if left_over is not None:
        raise _diverged(journal.path, left_over.n, "nothing", left_over.body.decode())
    for step_number, late in missing:
        journal.append_effects(step_number, late)
    return Resumed(steps=number, last_ms=last_ms, completed=sum(len(late) for _, late in missing))


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
