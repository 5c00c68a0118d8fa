"""Extracts: the readings and the effects of a journal as rows of two tables.

A row of ``readings`` is one value of one message, in the order of arrival; readings that were
folded come first, channel by channel. Its session is the one that the message names, else the one
that was open at the bed when it arrived. Its outcome stands there where the ledger says one, which
it does for readings that did not reach the decision. A row of ``effects`` is one alert or act as
the ledger holds it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.adapters.disguise import Disguise
from monitor.adapters.folding import chunks
from monitor.adapters.journal import JournalReader
from monitor.facts.effects import (
    ActRecorded,
    AlertChanged,
    AnyEffect,
    ReadingsKept,
    SessionChanged,
)
from monitor.facts.records import RawMessage, VitalsReported
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

    def readings(self) -> Iterator[ReadingRow]:
        """Yield the readings.

        Raises
        ------
        JournalError
            If the journal cannot be read.
        """
        for chunk in chunks(self._journal):
            for measured_ms, delay_ms, value_centi, _ in chunk.readings.tolist():
                yield self._row(
                    "",
                    chunk.bed,
                    chunk.device,
                    chunk.channel,
                    value_centi,
                    (measured_ms, measured_ms + delay_ms),
                    "",
                )
        query = "SELECT step, received_ms, topic, payload, retained FROM inbox ORDER BY n"
        for step, received_ms, topic, payload, retained in self._journal.rows(query):
            raw = RawMessage(
                received_ms=received_ms, topic=topic, payload=payload, retained=bool(retained)
            )
            record = decode(raw, position=0)
            if isinstance(record, VitalsReported):
                yield from self._reported(step, record)

    def _reported(self, step: int, record: VitalsReported) -> Iterator[ReadingRow]:
        for one in record.values:
            key = (step, record.bed, CHANNEL_NAMES[one.channel], one.value_centi)
            yield self._row(
                record.session,
                record.bed,
                record.device,
                one.channel,
                one.value_centi,
                (one.measured_ms, record.received_ms),
                self._outcomes.get(key, ""),
            )

    def _row(
        self,
        session: str,
        bed: str,
        device: str,
        channel: int,
        value_centi: int,
        times_ms: tuple[int, int],
        outcome: str,
    ) -> ReadingRow:
        session = session or self._session(bed, times_ms[1])
        other = self._disguise
        return ReadingRow(
            unit=self._unit,
            session=session if other is None else other.session(session),
            bed=bed,
            device=device,
            channel=CHANNEL_NAMES[channel],
            value_centi=value_centi,
            value_unit=CANONICAL_UNITS[channel],
            measured_ms=self._ms(times_ms[0]),
            received_ms=self._ms(times_ms[1]),
            outcome=outcome,
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
