"""The past of a unit: effects of the last day, from the ledger of a journal or from what was heard.

Of one alert only the newest of several updates in a row is kept: who reviews a day asks how an
alert went, not for each of its minutes.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import msgspec

from monitor.adapters.feed import Heard
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.logbook import ROOT, log
from monitor.adapters.viewing import UNREADABLE
from monitor.facts.effects import AlertChanged, AnyEffect, MeasurementWanted, ReadingsKept
from monitor.station.newest_day import newest_day
from monitor.station.retold import (
    advice_retold,
    alert_retold,
    answer_retold,
    call_retold,
    session_retold,
)
from monitor.wire.answers import AnswerPayload
from monitor.wire.outbound import AdvicePayload, AlertPayload, CallPayload, StatePayload

LOG: Final = logging.getLogger(f"{ROOT}.station")

EFFECTS_MAX: Final = 50_000
LEFT_OUT: Final = (ReadingsKept, MeasurementWanted)
"""Effects of no weight for a review, and many."""

_STATE: Final = msgspec.json.Decoder(StatePayload)
_ALERT: Final = msgspec.json.Decoder(AlertPayload)
_ADVICE: Final = msgspec.json.Decoder(AdvicePayload)
_CALL: Final = msgspec.json.Decoder(CallPayload)
_ANSWER: Final = msgspec.json.Decoder(AnswerPayload)


class Past(Protocol):
    """What happened, for whoever asks later."""

    @property
    def origin(self) -> str:
        """Where it is from, in words."""
        ...

    def take(self, heard: Heard, now_ms: int) -> None:
        """Keep one publication, where the past is made of these."""
        ...

    def effects(self, since_ms: int) -> list[AnyEffect]:
        """Return what happened since a time, in its order; may read a file."""
        ...


class Kept:
    """Effects in their order, the oldest forgotten first."""

    def __init__(self) -> None:
        self._effects: deque[AnyEffect] = deque(maxlen=EFFECTS_MAX)
        self._newest: dict[str, AlertChanged] = {}

    def put(self, effect: AnyEffect) -> None:
        """Keep one effect, or let it take the place of the update before it."""
        if isinstance(effect, LEFT_OUT):
            return
        if isinstance(effect, AlertChanged):
            before = self._newest.get(effect.id)
            if before == effect:
                return
            self._newest[effect.id] = effect
            if effect.phase == "update" and before is not None and before.phase == "update":
                # Both say the same thing happened; the queue is walked from its end, where it is.
                for index in range(len(self._effects) - 1, -1, -1):
                    if self._effects[index] is before:
                        del self._effects[index]
                        break
            if effect.phase == "end":
                del self._newest[effect.id]
        self._effects.append(effect)

    def since(self, since_ms: int) -> list[AnyEffect]:
        """Return what is kept since a time."""
        return [effect for effect in self._effects if effect.at_ms >= since_ms]


class HeardPast:
    """The past as this station has heard it since it was started."""

    def __init__(self, started: str) -> None:
        self.origin = f"what this station has heard since {started}"
        self._kept = Kept()
        self._states: dict[str, StatePayload] = {}

    def take(self, heard: Heard, now_ms: int) -> None:
        """Keep what one publication tells."""
        del now_ms
        if not heard.payload:
            return
        try:
            for effect in self._retold(heard):
                self._kept.put(effect)
        except (*UNREADABLE, KeyError):
            return  # the board counts what cannot be read

    def effects(self, since_ms: int) -> list[AnyEffect]:
        """Return what was heard since a time."""
        return self._kept.since(since_ms)

    def _retold(self, heard: Heard) -> Iterator[AnyEffect]:
        bed = heard.bed
        kind = heard.kind.partition("/")[2].partition("/")[0]
        if kind == "state":
            state = _STATE.decode(heard.payload)
            before = self._states.get(bed)
            self._states[bed] = state
            if before is not None or not heard.is_retained:
                yield from session_retold(bed, before, state)
        elif kind == "alert":
            yield alert_retold(bed, _ALERT.decode(heard.payload))
        elif kind == "advice":
            yield advice_retold(bed, _ADVICE.decode(heard.payload))
        elif kind == "call":
            yield call_retold(bed, _CALL.decode(heard.payload))
        elif kind == "answer":
            yield answer_retold(bed, _ANSWER.decode(heard.payload))


class LedgerPast:
    """The past as the ledger of a journal has it: its newest day, and each row once."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.origin = "the ledger"
        self._kept = Kept()
        self._row: int | None = None
        self._lock = threading.Lock()

    def take(self, heard: Heard, now_ms: int) -> None:
        """Keep nothing: the ledger has it."""

    def effects(self, since_ms: int) -> list[AnyEffect]:
        """Return what the ledger has since a time; what it cannot give yet is left out."""
        with self._lock:
            try:
                with JournalReader.open(self.journal) as reader:
                    if self._row is None or reader.counts()[2] < self._row:
                        # The first look, or another journal has taken the place of this one.
                        self._kept, self._row = Kept(), newest_day(reader).row
                    for row in reader.ledger(after=self._row):
                        self._row = row.n
                        self._kept.put(row.effect())
            except JournalError as fault:
                log(LOG, logging.WARNING, "journal-not-readable", reason=str(fault))
            return self._kept.since(since_ms)
