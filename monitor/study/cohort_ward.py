"""One file of a simulated cohort: what the monitor said of each bed, and what simple rules would.

A file is a ward of many beds with one clock, so one replay takes all of them through the same
``Ward.step`` side by side. What comes out says nothing yet about right and wrong: it lays what
was heard beside the truth, session by session, in canonical bytes, so that files can be worked
off anywhere (:mod:`monitor.engines`) and be put together afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from detectors.channels import CHANNEL_NAMES, MISSING, N_CHANNELS, Bool, Int32, Int64
from monitor.adapters.recording import InputFileError, Recording, open_recording
from monitor.facts.effects import AdviceChanged, AlertChanged, AnyEffect, BaselineChanged
from monitor.facts.records import (
    ActTaken,
    Input,
    PumpReported,
    SessionReported,
    VitalsReported,
)
from monitor.facts.truth import TrueSession
from monitor.settings.settings import Settings, load_settings
from monitor.study.cohort_heard import (
    MINUTE_MS,
    USUAL_CARE,
    FileHeard,
    HeardAlert,
    HeardBaseline,
    OtherAlert,
    SessionHeard,
    baselines_of,
    updated,
    updated_other,
)
from monitor.study.peers import ANY_OF_FOUR, KEYS, scores, single_signs, tables_of
from monitor.study.scoring import words_of_steps
from monitor.ward.ward import Ward
from monitor.wire.messages import decode

TRUTH: Final = ".truth.jsonl"
RECORDING: Final = ".jsonl.gz"

ONLY_PLANNED: Final = (
    "is a plan: the ward is still being told, or whoever told it was killed, so what came of it is "
    "not known"
)

CURRENT_MS: Final = 15 * MINUTE_MS
"""How long simple rules take a value for the present one (our choice; charts have no better)."""

FIRST_LOOK_MS: Final = 15 * MINUTE_MS
NEXT_LOOK_MS: Final = 60 * MINUTE_MS

LAST_HOUR_MS: Final = 60 * MINUTE_MS
"""Over so much of the end of a session its readings are held against the baseline (ours)."""

DEEDS: Final = frozenset({"drug", "rate", "step"})
UNDONE: Final = frozenset({"declined", "not-possible"})


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One file of work: a recording with its truth beside it, and the configuration."""

    recording: str
    config: str


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_ITEM: Final = msgspec.json.Decoder(Item)
_TRUE_SESSION: Final = msgspec.json.Decoder(TrueSession)


def truth_path(recording: Path) -> Path:
    """Return the file of truth that lies beside a recording."""
    return recording.with_name(recording.name.removesuffix(RECORDING) + TRUTH)


def read_truth(path: Path) -> list[TrueSession]:
    """Return the sessions of a file of truth.

    Raises
    ------
    InputFileError
        If it is missing, a line is no session, or is only planned.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            truth = _TRUE_SESSION.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
            raise InputFileError(path, f"is no true session: {fault}", line=number) from fault
        if truth.planned:
            raise InputFileError(path, ONLY_PLANNED, line=number)
        found.append(truth)
    return found


def heard_bytes(item: str) -> bytes:
    """Return what came of one file as bytes: a piece of work for any engine."""
    work = _ITEM.decode(item)
    recording = Path(work.recording)
    try:
        found = heard(recording, _settings(work.config))
    except InputFileError as fault:
        found = FileHeard(name=recording.name, fault=str(fault))
    return _ENCODER.encode(found)


@cache
def _settings(config: str) -> Settings:
    return load_settings(Path(config))


def heard(path: Path, settings: Settings) -> FileHeard:
    """Replay one file and return what was heard of its sessions.

    Raises
    ------
    InputFileError
        If the recording or its truth cannot be read.
    """
    truths = read_truth(truth_path(path))
    recording = open_recording(path)
    room = Room([Ear(truth) for truth in truths])
    steps = 0
    for inputs, effects in _replayed(recording, Ward(settings.ward, unit=recording.unit)):
        steps += 1
        for one in inputs:
            if (ear := room.ear_of(one)) is not None:
                ear.read(one)
        for effect in effects:
            if (ear := room.listening(effect.bed, effect.session)) is not None:
                ear.hear(effect)
    tables = tables_of(settings.ward.side_books)
    words = words_of_steps(settings.ward)
    return FileHeard(
        name=path.name,
        sessions=tuple(ear.heard(path.name, tables, words) for ear in room.ears),
        readings=sum(ear.readings for ear in room.ears),
        steps=steps,
    )


def _replayed(
    recording: Recording, ward: Ward
) -> Iterator[tuple[Sequence[Input], Sequence[AnyEffect]]]:
    for step in recording.steps:
        inputs = [decode(raw, position=n) for n, raw in enumerate(step.messages)]
        yield inputs, ward.take(step.now_ms, inputs)


@dataclass(slots=True)
class Ear:
    """What is read and heard of one session while a ward is replayed."""

    truth: TrueSession
    readings: int = 0
    offered: dict[str, int] = field(default_factory=dict)
    _alerts: dict[str, HeardAlert] = field(default_factory=dict)
    _others: dict[str, OtherAlert] = field(default_factory=dict)
    _times_ms: list[int] = field(default_factory=list)
    _values: list[list[int]] = field(default_factory=list)
    _rates: list[tuple[int, int]] = field(default_factory=list)
    _deeds_ms: list[int] = field(default_factory=list)
    _baseline: BaselineChanged | None = None

    def read(self, one: Input) -> None:
        """Keep the readings, the changes of rate and the deeds, as devices sent them."""
        if isinstance(one, VitalsReported):
            row = [int(MISSING)] * N_CHANNELS
            for value in one.values:
                row[value.channel] = value.value_centi
            self.readings += len(one.values)
            self._times_ms.append(one.received_ms)
            self._values.append(row)
        elif isinstance(one, PumpReported) and one.rate_centi_ml_per_h is not None:
            before = self._rates[-1][1] if self._rates else 0
            if one.rate_centi_ml_per_h != before or not self._rates:
                self._rates.append((one.received_ms, one.rate_centi_ml_per_h))
            # Complete, or stopped by its own alarm, the pump was touched by nobody.
            if one.rate_centi_ml_per_h < before and one.state != "complete" and not one.alarm:
                self._deeds_ms.append(one.received_ms)
        elif isinstance(one, ActTaken) and one.act in DEEDS and one.status not in UNDONE:
            self._deeds_ms.append(one.received_ms)

    def hear(self, effect: AnyEffect) -> None:
        """Keep alerts, when which step was first offered, and the baseline of the start."""
        if isinstance(effect, AlertChanged) and effect.kind == "physiological":
            self._alerts[effect.id] = updated(self._alerts.get(effect.id), effect)
        elif isinstance(effect, AlertChanged):
            self._others[effect.id] = updated_other(self._others.get(effect.id), effect)
        elif isinstance(effect, AdviceChanged):
            for step in effect.steps:
                self.offered.setdefault(step.key, effect.at_ms)
        elif isinstance(effect, BaselineChanged) and effect.status == "frozen":
            self._baseline = self._baseline or effect

    def heard(
        self, ward: str, tables: Mapping[str, object], words: Mapping[str, str]
    ) -> SessionHeard:
        """Return the session as it was read and heard; alerts in the order in which they began."""
        return SessionHeard(
            truth=self.truth,
            alerts=tuple(self._alerts.values()),
            steps=tuple(sorted((at_ms, key) for key, at_ms in self.offered.items())),
            peers=self.peers(tables),
            must_not=self.must_not(words),
            ward=ward,
            others=tuple(self._others.values()),
            deeds_ms=tuple(self._deeds_ms),
            baseline=tuple(self._baselines()),
        )

    def _baselines(self) -> Iterator[HeardBaseline]:
        """Yield the baseline of each channel, and in quiet sessions how the last hour lay to it."""
        end_ms = self.truth.end_ms
        late = [
            row
            for at_ms, row in zip(self._times_ms, self._values, strict=True)
            if end_ms - LAST_HOUR_MS <= at_ms <= end_ms
        ]
        for name, one in baselines_of(self._baseline).items():
            channel = CHANNEL_NAMES.index(name)
            values = [row[channel] for row in late if row[channel] != MISSING]
            if self.truth.events or not values:
                yield one
                continue
            later = round(sum(values) / len(values)) - one.centre_centi
            yield msgspec.structs.replace(one, later_centi=later)

    def must_not(self, words: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
        """Return the steps that were offered and that the truth forbids, in order of time."""
        found: dict[str, int] = {}
        for key, at_ms in self.offered.items():
            word = words.get(key, key)
            if word in self.truth.must_not:
                found[word] = min(at_ms, found.get(word, at_ms))
        return tuple(sorted((at_ms, word) for word, at_ms in found.items()))

    def peers(self, tables: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
        """Return when each simple rule began to hold, from the start of the flow on."""
        if not self._times_ms:
            return dict.fromkeys((*KEYS, USUAL_CARE), ())
        at_ms = np.array(self._times_ms, np.int64)
        value = current(at_ms, np.array(self._values, np.int32))
        before = np.flatnonzero(at_ms < self.truth.start_ms)
        base = value[before[-1]] if len(before) else np.full(N_CHANNELS, MISSING, np.int32)
        signs = single_signs(value, np.broadcast_to(base, value.shape))
        holds = np.concatenate([signs, scores(tables, value)], axis=1)  # type: ignore[arg-type]  # tables by name
        flows = at_ms >= self.truth.start_ms
        found = {
            key: tuple(at_ms[begun(holds[:, index] & flows)].tolist())
            for index, key in enumerate(KEYS)
        }
        looks_ms = self._looks_ms(int(at_ms[-1]))
        seen = np.searchsorted(at_ms, looks_ms, side="right") - 1
        looked = (seen >= 0) & holds[np.maximum(seen, 0), ANY_OF_FOUR]
        found[USUAL_CARE] = tuple(looks_ms[begun(looked)].tolist())
        return found

    def _looks_ms(self, last_ms: int) -> Int64:
        start_ms = self.truth.start_ms
        changes = [at_ms for at_ms, _ in self._rates if at_ms >= start_ms]
        hourly = range(start_ms + NEXT_LOOK_MS, last_ms + 1, NEXT_LOOK_MS)
        looks = {start_ms + FIRST_LOOK_MS, *changes, *hourly}
        return np.array(sorted(at for at in looks if at <= last_ms), np.int64)


class Room:
    """Whose readings and alerts are whose, where a bed may have had other sessions as well.

    A bed begins with the first session of which the truth is known, and goes over to another
    when a message about that session comes; to nobody when the truth knows nothing of it.
    """

    def __init__(self, ears: Sequence[Ear]) -> None:
        self.ears = ears
        self._by_session = {(ear.truth.bed, ear.truth.session): ear for ear in ears}
        self._at_bed: dict[str, Ear | None] = {}
        for ear in sorted(ears, key=lambda one: one.truth.start_ms):
            self._at_bed.setdefault(ear.truth.bed, ear)

    def ear_of(self, one: Input) -> Ear | None:
        """Return who reads a message; None where its bed has no session with a truth now."""
        if isinstance(one, SessionReported) and one.bed in self._at_bed:
            self._at_bed[one.bed] = self._by_session.get((one.bed, one.id))
        return self._at_bed.get(one.bed)

    def listening(self, bed: str, session: str) -> Ear | None:
        """Return who hears what is told of a session; "" is the one at the bed."""
        return self._by_session.get((bed, session)) if session else self._at_bed.get(bed)


def current(at_ms: Int64, value_centi: Int32) -> Int32:
    """Return for each row the newest value of each channel that is not too old, shape as given.

    Parameters
    ----------
    at_ms : int64 array, shape (row,)
        In order.
    value_centi : int32 array, shape (row, channel)
        MISSING where the row has none.
    """
    rows = np.arange(len(at_ms))[:, None]
    newest = np.maximum.accumulate(np.where(value_centi != MISSING, rows, -1), axis=0)
    found = np.take_along_axis(value_centi, np.maximum(newest, 0), axis=0)
    age_ms = at_ms[:, None] - at_ms[np.maximum(newest, 0)]
    usable: Int32 = np.where((newest >= 0) & (age_ms <= CURRENT_MS), found, MISSING)
    return usable


def begun(holds: Bool) -> Int64:
    """Return the rows at which something begins to hold, in order."""
    return np.flatnonzero(holds & ~np.r_[False, holds[:-1]])
