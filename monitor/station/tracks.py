"""Tracks: the vital signs and the rate of each bed over its session, thinned and bounded.

A drawing has a few hundred columns, so nothing more is sent; what is left out never hides a
lowest or highest value.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from detectors.channels import CHANNEL_NAMES
from monitor.adapters.feed import Heard
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalError
from monitor.adapters.viewing import time_ms
from monitor.facts.records import PumpReported, SessionReported, VitalsReported
from monitor.wire.messages import decode
from monitor.wire.outbound import StatePayload
from monitor.wire.units import number

POINTS_MOST: Final = 240
KEPT_MOST: Final = 4_000
"""Beyond so many points the older half of a track is thinned."""

OLDEST_MS: Final = 24 * 3_600_000

Point: TypeAlias = tuple[int, float]

_STATE: Final = msgspec.json.Decoder(StatePayload)


def thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Return at most so many points, with the first, the last, and every extreme of a slice.

    Parameters
    ----------
    points : sequence of (ms since the Unix epoch, value)
        In order of time.
    most : int
        At least 4.
    """
    if len(points) <= most:
        return list(points)
    slices = (most - 2) // 2
    kept: list[Point] = [points[0]]
    inner = len(points) - 2
    for one in range(slices):
        part = points[1 + one * inner // slices : 1 + (one + 1) * inner // slices]
        if not part:
            continue
        lowest = min(range(len(part)), key=lambda at: part[at][1])
        highest = max(range(len(part)), key=lambda at: part[at][1])
        kept += [part[at] for at in sorted({lowest, highest})]
    return [*kept, points[-1]]


@dataclass(slots=True)
class Track:
    """Values of one channel in order of time."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def add(self, at_ms: int, value: float) -> None:
        """Add a value that is newer than all before; others are left out."""
        if self.times and at_ms <= self.times[-1]:
            return
        self.times.append(at_ms)
        self.values.append(value)
        if len(self.times) > KEPT_MOST:
            half = KEPT_MOST // 2
            older = thinned(
                list(zip(self.times[:half], self.values[:half], strict=True)), half // 2
            )
            self.times = array("q", [at for at, _ in older]) + self.times[half:]
            self.values = array("d", [one for _, one in older]) + self.values[half:]

    def since(self, since_ms: int) -> list[Point]:
        """Return the points from a time on."""
        return [
            (at, value) for at, value in zip(self.times, self.values, strict=True) if at >= since_ms
        ]


@dataclass(slots=True)
class BedTracks:
    """What is drawn of one bed: its session, channels and rate."""

    session: str = ""
    channels: dict[str, Track] = field(default_factory=dict)
    rate: list[Point] = field(default_factory=list)

    def begin(self, session: str) -> None:
        """Forget what was drawn of the person before, when another session opens."""
        if session and session != self.session:
            self.session = session
            self.channels.clear()
            self.rate.clear()

    def flow(self, at_ms: int, ml_per_h: float) -> None:
        """Take a rate; only changes are kept."""
        if not self.rate or (self.rate[-1][1] != ml_per_h and at_ms > self.rate[-1][0]):
            self.rate.append((at_ms, ml_per_h))


class Tracks:
    """The tracks of every bed."""

    def __init__(self) -> None:
        self.beds: dict[str, BedTracks] = {}

    def bed(self, name: str) -> BedTracks:
        """Return the tracks of a bed."""
        return self.beds.setdefault(name, BedTracks())

    def take(self, heard: Heard, now_ms: int) -> None:
        """Take a state: its trusted values and its rate."""
        del now_ms
        if heard.kind != "_/state" or not heard.payload:
            return
        try:
            state = _STATE.decode(heard.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        tracks = self.bed(heard.bed)
        tracks.begin(state.session)
        for one in state.channels:
            tracks.channels.setdefault(one.ch, Track()).add(time_ms(one.t), one.v)
        if state.rate is not None:
            tracks.flow(time_ms(state.rate_changed or state.t), state.rate.v)


def tracks_of_journal(journal: Path) -> Tracks:
    """Return the tracks of the newest day of a journal, from its messages as they came.

    A journal that cannot be read gives none: the station then draws what it hears.
    """
    tracks = Tracks()
    try:
        with JournalReader.open(journal) as reader:
            newest_ms = max((step.now_ms for step in reader.steps()), default=0)
            for step in reader.steps():
                if step.now_ms >= newest_ms - OLDEST_MS:
                    for raw in step.messages:
                        _take_record(tracks, decode(raw, position=0))
    except JournalError:
        return tracks
    return tracks


def _take_record(tracks: Tracks, record: object) -> None:
    if isinstance(record, SessionReported) and record.event == "open":
        tracks.bed(record.bed).begin(record.id)
    elif isinstance(record, VitalsReported):
        for value in record.values:
            track = tracks.bed(record.bed).channels.setdefault(
                CHANNEL_NAMES[value.channel], Track()
            )
            track.add(value.measured_ms, number(value.value_centi))
    elif isinstance(record, PumpReported):
        rate = record.rate_centi_ml_per_h if record.state == "infusing" else 0
        if rate is not None:
            tracks.bed(record.bed).flow(record.measured_ms, number(rate))


def staircase(rate: Iterable[Point], since_ms: int) -> list[Point]:
    """Return the changes of a rate from a time on, with the one that held then."""
    points = list(rate)
    before = [point for point in points if point[0] < since_ms][-1:]
    later = [point for point in points if point[0] >= since_ms]
    return thinned([*((since_ms, value) for _, value in before), *later], POINTS_MOST)
