"""Chronicles: everything that is known of one session, gathered from messages and effects."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from detectors.channels import CHANNEL_NAMES
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.recording import InputFileError, Recording, Remarks, Turn
from monitor.adapters.sources import open_source, recognised
from monitor.facts.effects import (
    AnyEffect,
    BaselineChanged,
    ReadingsKept,
    SessionChanged,
    SessionMoved,
)
from monitor.facts.records import (
    PumpReported,
    RawMessage,
    RecordedStep,
    SessionReported,
    VitalsReported,
)
from monitor.replay import WardOf, replay
from monitor.wire.messages import decode
from monitor.wire.units import number

Point = tuple[int, float]

DOUBTED: Final = frozenset({"rejected", "quarantined"})
FROM_LEDGER: Final = "the ledger of the journal: what was told then"
FROM_REPLAY: Final = "replayed with the configuration named below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A bed at which a session was, from when to when."""

    bed: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A reading that no decision believed, and why."""

    at_ms: int
    device: str
    channel: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """One session: its effects in order, its readings by channel, and the flow of its pump.

    ``rejected`` are readings that no decision believed, ``doubts`` the same with their reasons in
    order of time, and ``sent`` all others, those that came too late to decide anything among
    them. ``age_months`` is None where it is not known. ``origin`` says where the effects are from,
    ``source`` what file that was, ``config`` is the digest of the configuration that it began
    under, and ``turns`` are all those that its journal has gone through; empty where not kept.
    """

    session: str
    unit: str
    source: str
    origin: str
    software: str
    config: str
    subject: str
    product: str
    stays: tuple[Stay, ...]
    started_ms: int | None
    age_months: int | None
    baseline: BaselineChanged | None
    effects: tuple[AnyEffect, ...]
    series: dict[str, list[Point]]
    rejected: dict[str, list[Point]]
    doubts: tuple[Doubt, ...]
    sent: dict[str, list[Point]]
    rate: list[Point]
    turns: tuple[Turn, ...] = ()

    @property
    def from_ms(self) -> int:
        """Return when the session was opened."""
        return self.stays[0].from_ms

    @property
    def to_ms(self) -> int:
        """Return when the session was closed, or the end of what was recorded."""
        return self.stays[-1].to_ms


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What one recording holds, before it is cut into sessions."""

    vitals: dict[str, list[VitalsReported]] = field(default_factory=lambda: defaultdict(list))
    pumps: dict[str, list[PumpReported]] = field(default_factory=lambda: defaultdict(list))
    opened: dict[str, SessionReported] = field(default_factory=dict)
    effects: dict[str, list[AnyEffect]] = field(default_factory=lambda: defaultdict(list))
    end_ms: int = 0

    def take_step(self, step: RecordedStep) -> None:
        """Keep what the messages of a step say."""
        self.end_ms = max(self.end_ms, step.now_ms)
        for position, raw in enumerate(step.messages):
            self._take(raw, position)

    def _take(self, raw: RawMessage, position: int) -> None:
        match decode(raw, position=position):
            case VitalsReported() as vitals:
                self.vitals[vitals.bed].append(vitals)
            case PumpReported() as pump:
                self.pumps[pump.bed].append(pump)
            case SessionReported(event="open") as opened:
                self.opened.setdefault(opened.id, opened)

    def take_effects(self, effects: Iterable[AnyEffect]) -> None:
        """Keep what was told of sessions."""
        for effect in effects:
            if effect.session:
                self.effects[effect.session].append(effect)


def chronicles(
    path: Path, ward_of: WardOf, remarks: Remarks, *, from_ledger: bool = True
) -> Iterator[Chronicle]:
    """Yield the chronicle of every session of a path, in the order in which they were opened.

    The effects of a journal are those of its ledger, unless ``from_ledger`` is false; those of
    anything else are replayed.

    Raises
    ------
    InputFileError
        If the path cannot be read.
    """
    is_told = from_ledger and not path.is_dir() and recognised(path) == "journal"
    for recording in open_source(path, remarks):
        gathered = _Gathered()
        if is_told:
            _take_journal(path, recording, gathered)
        else:
            for step, effects in replay(recording.steps, ward_of(recording.unit)):
                gathered.take_step(step)
                gathered.take_effects(effects)
        origin = FROM_LEDGER if is_told else FROM_REPLAY
        yield from _cut(gathered, recording, origin)


def _take_journal(path: Path, recording: Recording, gathered: _Gathered) -> None:
    for step in recording.steps:
        gathered.take_step(step)
    try:
        with JournalReader.open(path) as journal:
            gathered.take_effects(journal.effects())
    except JournalError as fault:
        raise InputFileError(path, f"{fault.reason}; {fault.remedy}") from fault


def _cut(gathered: _Gathered, recording: Recording, origin: str) -> Iterator[Chronicle]:
    for session, effects in gathered.effects.items():
        moves = [one for one in effects if isinstance(one, SessionChanged) and not one.refused]
        if not moves:
            continue  # only refused: there never was such a session
        stays = stays_of(effects, moves, gathered.end_ms)
        opened = gathered.opened.get(session)
        baselines = [one for one in effects if isinstance(one, BaselineChanged)]
        readings = _readings(gathered, session, stays, effects)
        yield Chronicle(
            session=session,
            unit=recording.unit,
            source=recording.name,
            origin=origin,
            software=recording.software,
            config=next((one.config for one in moves if one.config), ""),
            subject=next((one.subject for one in moves if one.subject), ""),
            product=next((one.product for one in moves if one.product), ""),
            stays=stays,
            started_ms=next((one.at_ms for one in moves if one.event == "start"), None),
            age_months=_age_months(opened),
            baseline=baselines[-1] if baselines else None,
            effects=tuple(effects),
            series=_ordered(readings.believed),
            rejected=_ordered(readings.rejected),
            doubts=tuple(sorted(readings.doubts, key=lambda one: (one.at_ms, one.channel))),
            sent=_ordered(readings.sent),
            rate=_rate(gathered, stays),
            turns=recording.turns if origin == FROM_LEDGER else (),
        )


def _age_months(opened: SessionReported | None) -> int | None:
    if opened is None:
        return None
    if opened.age_months is not None:
        return opened.age_months
    return None if opened.age_years is None else opened.age_years * 12


def stays_of(
    effects: Iterable[AnyEffect], moves: list[SessionChanged], end_ms: int
) -> tuple[Stay, ...]:
    """Return the beds of a session in order, each until the session left it."""
    closed = [one.at_ms for one in moves if one.event == "close"]
    end_ms = closed[-1] if closed else max(end_ms, moves[-1].at_ms)
    places = [(moves[0].at_ms, moves[0].bed)]
    places += [(one.at_ms, one.to_bed) for one in effects if isinstance(one, SessionMoved)]
    ends = [at_ms for at_ms, _ in places[1:]] + [end_ms]
    return tuple(
        Stay(bed=bed, from_ms=from_ms, to_ms=to_ms)
        for (from_ms, bed), to_ms in zip(places, ends, strict=True)
    )


@dataclass(slots=True, kw_only=True)
class _Readings:
    """The readings of a session by channel and time, apart by what became of them."""

    believed: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    rejected: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    sent: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    doubts: list[Doubt] = field(default_factory=list)


def _readings(
    gathered: _Gathered, session: str, stays: tuple[Stay, ...], effects: list[AnyEffect]
) -> _Readings:
    """Return the readings that were believed, those that were not, and all that were sent."""
    kept = {
        (one.device, one.channel, one.measured_ms): one
        for one in effects
        if isinstance(one, ReadingsKept)
    }
    found = _Readings()
    for stay in stays:
        for record in gathered.vitals[stay.bed]:
            if record.session not in ("", session):
                continue
            for value in record.values:
                at_ms = value.measured_ms
                if not stay.from_ms <= at_ms <= stay.to_ms:
                    continue
                name, shown = CHANNEL_NAMES[value.channel], number(value.value_centi)
                told = kept.get((record.device, name, at_ms))
                if told is not None and told.outcome in DOUBTED:
                    found.rejected[name][at_ms] = shown
                    found.doubts.append(
                        Doubt(
                            at_ms=at_ms,
                            device=record.device,
                            channel=name,
                            value=shown,
                            reason=told.reason,
                        )
                    )
                    continue
                found.sent[name][at_ms] = shown
                if told is None or told.outcome == "accepted":
                    found.believed[name][at_ms] = shown
    return found


def _ordered(values: dict[str, dict[int, float]]) -> dict[str, list[Point]]:
    return {name: sorted(values[name].items()) for name in CHANNEL_NAMES if name in values}


def _rate(gathered: _Gathered, stays: tuple[Stay, ...]) -> list[Point]:
    """Return the changes of the rate that pumps and people reported."""
    points: list[Point] = []
    for stay in stays:
        for record in sorted(gathered.pumps[stay.bed], key=lambda one: one.measured_ms):
            rate = record.rate_centi_ml_per_h if record.state == "infusing" else 0
            if rate is None or not stay.from_ms <= record.measured_ms <= stay.to_ms:
                continue
            if not points or points[-1][1] != number(rate):
                points.append((record.measured_ms, number(rate)))
    return points
