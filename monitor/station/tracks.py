"""Tracks: the vital signs and the rate of each bed over its session, thinned and bounded.

A drawing has a few hundred columns, so nothing more is sent; what is left out never hides a
lowest or highest value.
"""

from array import array
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from monitor.adapters.feed import Heard
from monitor.adapters.viewing import UNREADABLE, time_ms
from monitor.wire.outbound import StatePayload

POINTS_MOST: Final = 240
KEPT_MOST: Final = 4_000
"""Beyond so many points the older half of a track is thinned."""

REFUSED: Final = frozenset({"rejected", "quarantined"})
"""Outcomes of readings that decided nothing because they were not believed."""

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

    def put_before(self, points: Iterable[Point]) -> None:
        """Put older points, in any order, before those that are there; thinned to what is kept."""
        end_ms = self.times[0] if self.times else None
        older = sorted({at: one for at, one in points if end_ms is None or at < end_ms}.items())
        older = thinned(older, KEPT_MOST // 2)
        self.times = array("q", [at for at, _ in older]) + self.times
        self.values = array("d", [one for _, one in older]) + self.values

    def since(self, since_ms: int) -> list[Point]:
        """Return the points from a time on."""
        return [
            (at, value) for at, value in zip(self.times, self.values, strict=True) if at >= since_ms
        ]


@dataclass(slots=True)
class BedTracks:
    """What is drawn of one bed: its session, channels, readings that were refused, and rate."""

    session: str = ""
    channels: dict[str, Track] = field(default_factory=dict)
    rejected: dict[str, Track] = field(default_factory=dict)
    rate: list[Point] = field(default_factory=list)

    def track(self, channel: str) -> Track:
        """Return the track of the believed values of a channel."""
        return self.channels.setdefault(channel, Track())

    def rejected_track(self, channel: str) -> Track:
        """Return the track of the readings of a channel that were not believed."""
        return self.rejected.setdefault(channel, Track())

    def rejected_since(self, channel: str, since_ms: int) -> list[Point]:
        """Return readings that were not believed; without those that came to be believed later."""
        believed = set(self.channels[channel].times) if channel in self.channels else set()
        points = self.rejected[channel].since(since_ms)
        return [point for point in points if point[0] not in believed]

    def begin(self, session: str) -> None:
        """Forget what was drawn of the person before, when another session opens."""
        if session and session != self.session:
            self.session = session
            self.channels.clear()
            self.rejected.clear()
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
        with suppress(*UNREADABLE):  # the board counts what cannot be read
            self._take_state(heard.bed, _STATE.decode(heard.payload))

    def _take_state(self, bed: str, state: StatePayload) -> None:
        tracks = self.bed(bed)
        tracks.begin(state.session)
        for one in state.channels:
            tracks.track(one.ch).add(time_ms(one.t), one.v)
            if one.doubt and one.raw is not None and one.raw_t is not None:
                tracks.rejected_track(one.ch).add(time_ms(one.raw_t), one.raw)
        if state.rate is not None:
            tracks.flow(time_ms(state.rate_changed or state.t), state.rate.v)


def staircase(rate: Iterable[Point], since_ms: int) -> list[Point]:
    """Return the changes of a rate from a time on, with the one that held then."""
    points = list(rate)
    before = [point for point in points if point[0] < since_ms][-1:]
    later = [point for point in points if point[0] >= since_ms]
    return thinned([*((since_ms, value) for _, value in before), *later], POINTS_MOST)
