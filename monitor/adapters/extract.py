"""Extracts: everything that a journal was given and what came of it, as rows of tables.

A row of ``readings`` is one value of one message, in the order of arrival; readings that were
folded come first, channel by channel. Its session is the one that the message names, else the one
that was open at the bed when it arrived. Its outcome stands there where the ledger says one, which
it does for readings that did not reach the decision; ``message_number`` names its message. A row of
``effects`` is one alert or act as the ledger holds it. All other rows are of messages
(:mod:`monitor.adapters.message_rows`) and of the steps in which they were decided about.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES, Flag
from monitor.adapters.disguise import Disguise, payload_type
from monitor.adapters.folding import chunks
from monitor.adapters.journal import JournalReader
from monitor.adapters.message_rows import (
    ABOUT,
    FORMAT,
    READINGS,
    REFUSED,
    STEPS,
    TABLES,
    place_cells,
    place_named,
    refused_cells,
)
from monitor.facts.effects import (
    ActRecorded,
    AlertChanged,
    AnyEffect,
    ReadingsKept,
    SessionChanged,
)
from monitor.facts.records import RawMessage, Value, VitalsReported
from monitor.wire.messages import decode


class ReadingRow(NamedTuple):
    """One value that a device or a person reported, in hundredths of its unit."""

    unit: str
    session: str
    bed: str
    device: str
    channel: str
    value_centi: int
    value_unit: str
    measured_ms: int
    received_ms: int
    outcome: str
    message_number: int | None
    quality: str
    stat: bool


class EffectRow(NamedTuple):
    """One alert or act; what does not apply to it is empty, a number None."""

    unit: str
    session: str
    bed: str
    at_ms: int
    effect: str
    id: str
    revision: int | None
    phase: str
    condition: str
    signal: str
    kind: str
    priority: str
    cause: str
    pattern: str
    grade: int | None
    onset_ms: int | None
    act: str
    by: str
    role: str
    via: str
    alert: str
    step: str
    status: str
    dose: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    """How a value came: of a folded one it is not known with which message."""

    bed: str
    device: str
    received_ms: int
    session: str = ""
    number: int | None = None


def kept_messages(journal: JournalReader) -> Iterator[tuple[int, int, RawMessage]]:
    """Yield every message that is still there as it came, with its number and its step.

    Raises
    ------
    JournalError
        If the journal cannot be read.
    """
    query = "SELECT n, step, received_ms, topic, payload, retained FROM inbox ORDER BY n"
    for number, step, received_ms, topic, payload, retained in journal.rows(query):
        raw = RawMessage(
            received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
        )
        yield number, step, raw


class Extract:
    """The tables of one journal, in disguise where one is given."""

    def __init__(self, journal: JournalReader, disguise: Disguise | None = None) -> None:
        self._journal = journal
        self._disguise = disguise
        self._unit = journal.about.unit
        self._outcomes: dict[tuple[int, str, str, int], str] = {}
        self._begun: dict[str, list[int]] = defaultdict(list)
        self._open: dict[str, list[str]] = defaultdict(list)
        for row in journal.ledger():
            self._learn(row.step, journal.effect(row))

    def _learn(self, step: int, effect: AnyEffect) -> None:
        if isinstance(effect, ReadingsKept):
            key = (step, effect.bed, effect.channel, effect.value_centi)
            self._outcomes[key] = effect.outcome
        if isinstance(effect, SessionChanged) and not effect.refused:
            self._begun[effect.bed].append(effect.at_ms)
            self._open[effect.bed].append("" if effect.phase == "closed" else effect.session)

    def _session(self, bed: str, at_ms: int) -> str:
        place = bisect_right(self._begun[bed], at_ms) - 1
        return "" if place < 0 else self._open[bed][place]

    def rows(self) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield every row of every table but the effects, with the name of its table.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        about = self._journal.about
        yield ABOUT, (FORMAT, about.unit, about.software, about.config, about.folded.step)
        for step, now_ms in sorted(self._journal.step_times().items()):
            yield STEPS, (step, self._ms(now_ms))
        for chunk in chunks(self._journal):
            for measured_ms, delay_ms, value_centi, flags in chunk.readings.tolist():
                came = _Came(bed=chunk.bed, device=chunk.device, received_ms=measured_ms + delay_ms)
                value = Value(
                    channel=chunk.channel,
                    value_centi=value_centi,
                    measured_ms=measured_ms,
                    flags=flags,
                )
                yield READINGS, self._row(came, value)
        for number, step, raw in kept_messages(self._journal):
            yield from self._message(number, step, raw)

    def _message(
        self, number: int, step: int, raw: RawMessage
    ) -> Iterator[tuple[str, Sequence[Any]]]:
        record = decode(raw, position=0)
        shown = raw if self._disguise is None else self._disguise.raw(raw)
        cells = place_cells(step, number, shown, place_named(shown.topic))
        kind = payload_type(record)
        if kind is None:
            yield REFUSED, (*cells, *refused_cells(shown))
            return
        table = TABLES[kind]
        yield table.name, (*cells, *table.cells(msgspec.json.decode(shown.payload, type=kind)))
        if isinstance(record, VitalsReported):
            came = _Came(
                bed=record.bed,
                device=record.device,
                received_ms=record.received_ms,
                session=record.session,
                number=number,
            )
            for one in record.values:
                key = (step, record.bed, CHANNEL_NAMES[one.channel], one.value_centi)
                yield READINGS, self._row(came, one, self._outcomes.get(key, ""))

    def _row(self, came: "_Came", value: Value, outcome: str = "") -> ReadingRow:
        session = came.session or self._session(came.bed, came.received_ms)
        other = self._disguise
        return ReadingRow(
            unit=self._unit,
            session=session if other is None else other.session(session),
            bed=came.bed,
            device=came.device,
            channel=CHANNEL_NAMES[value.channel],
            value_centi=value.value_centi,
            value_unit=CANONICAL_UNITS[value.channel],
            measured_ms=self._ms(value.measured_ms),
            received_ms=self._ms(came.received_ms),
            outcome=outcome,
            message_number=came.number,
            quality="questionable" if value.flags & Flag.QUESTIONABLE else "valid",
            stat=bool(value.flags & Flag.STAT),
        )

    def effects(self) -> Iterator[EffectRow]:
        """Yield the alerts and acts.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        for effect in self._journal.effects():
            if isinstance(effect, AlertChanged):
                yield self._alert(effect)
            elif isinstance(effect, ActRecorded):
                yield self._act(effect)

    def _alert(self, effect: AlertChanged) -> EffectRow:
        other = self._disguise
        by = effect.acknowledged_by
        return _NOTHING._replace(
            unit=self._unit,
            session=effect.session if other is None else other.session(effect.session),
            bed=effect.bed,
            at_ms=self._ms(effect.at_ms),
            effect="alert",
            id=effect.id if other is None else other.alert(effect.id),
            revision=effect.revision,
            phase=effect.phase,
            condition=effect.condition,
            signal=effect.signal,
            kind=effect.kind,
            priority=effect.priority,
            cause=effect.cause,
            pattern=effect.pattern,
            grade=effect.grade,
            onset_ms=self._ms(effect.onset_ms),
            by=by if other is None else other.person(by),
            words=effect.label if other is None else "",
        )

    def _act(self, effect: ActRecorded) -> EffectRow:
        other = self._disguise
        row = _NOTHING._replace(
            unit=self._unit,
            bed=effect.bed,
            at_ms=self._ms(effect.at_ms),
            effect="act",
            act=effect.act,
            status=effect.status,
            dose=effect.dose,
        )
        if other is None:
            return row._replace(
                session=effect.session,
                id=effect.id,
                by=effect.by,
                role=effect.role,
                via=effect.via,
                alert=effect.alert,
                step=effect.step,
                words=effect.refused or effect.reason,
            )
        return row._replace(
            session=other.session(effect.session),
            id=other.message(effect.id),
            by=other.person(effect.by),
            role=other.role(effect.role) if effect.role else "",
            via=other.via(effect.via),
            alert=other.alert(effect.alert),
            step=other.word(effect.step) if effect.step else "",
        )

    def _ms(self, at_ms: int) -> int:
        return at_ms if self._disguise is None else self._disguise.ms(at_ms)


_NOTHING: Final = EffectRow(
    unit="",
    session="",
    bed="",
    at_ms=0,
    effect="",
    id="",
    revision=None,
    phase="",
    condition="",
    signal="",
    kind="",
    priority="",
    cause="",
    pattern="",
    grade=None,
    onset_ms=None,
    act="",
    by="",
    role="",
    via="",
    alert="",
    step="",
    status="",
    dose="",
    words="",
)
