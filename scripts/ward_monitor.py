"""The monitor of a whole ward in one process: the real core above a disk that tears.

The order inside a step is that of the live one: keep the messages, acknowledge them, decide, keep
what was decided, tell it. It can be killed at any point of that. Who comes back reads the disk,
takes the newest whole snapshot, decides again what came after it, must find the ledger word for
word, keeps what the dead one had decided and not kept, and tells again what may not have got out.
"""

import hashlib
from typing import Final, Literal

import msgspec

from monitor.facts.effects import AnyEffect
from monitor.facts.records import RecordedStep, VitalsReported
from monitor.facts.views import WardView
from monitor.ward.bed_views import ward_view
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings
from monitor.ward.why_nots import WhyNots
from monitor.wire.messages import decode
from scripts.ward_devices import UNIT
from scripts.ward_disk import Disk, DiskError, framed, records
from scripts.ward_invariants import InvariantError

LOG: Final = "log"
SLOTS: Final = ("snapshot-0", "snapshot-1")
SNAPSHOT_EVERY: Final = 200

Point = Literal["", "before", "in commit", "committed", "in ledger", "kept", "telling", "told"]
POINTS: Final[tuple[Point, ...]] = (
    "before", "in commit", "committed", "in ledger", "kept", "telling", "told",
)  # fmt: skip


class KilledError(Exception):
    """The monitor is dead."""


class StepKept(msgspec.Struct, frozen=True, tag="step", array_like=True):
    """A step on the disk, and how many rows were told when it was kept."""

    step: RecordedStep
    published: int


class RowsKept(msgspec.Struct, frozen=True, tag="rows", array_like=True):
    """What was decided about one step, a row an effect."""

    step: int
    rows: tuple[bytes, ...]


class SnapshotKept(msgspec.Struct, frozen=True, array_like=True):
    """A ward as it was behind a step."""

    steps: int
    ward: bytes


_LOG: Final[msgspec.msgpack.Decoder[StepKept | RowsKept]] = msgspec.msgpack.Decoder(
    StepKept | RowsKept
)
_ROW: Final[msgspec.json.Decoder[AnyEffect]] = msgspec.json.Decoder(AnyEffect)


class Station:
    """Who hears the monitor: every row once and in order, and the same words where it is twice."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.again = 0
        self._new: list[AnyEffect] = []

    def hear(self, row: int, body: bytes) -> None:
        """Take a row of the ledger.

        Raises
        ------
        InvariantError
            A row before it is missing, or was told otherwise.
        """
        if row > len(self.rows):
            raise InvariantError(f"row {row} is told after row {len(self.rows) - 1}")
        if row < len(self.rows):
            self.again += 1
            if self.rows[row] != body:
                raise InvariantError(f"row {row} is told again in other words")
            return
        self.rows.append(body)
        self._new.append(_ROW.decode(body))

    def news(self) -> tuple[AnyEffect, ...]:
        """Return what was heard since this was last asked."""
        found, self._new = tuple(self._new), []
        return found


class Monitor:
    """A ward above a disk, that can be killed at any point of a step."""

    def __init__(self, settings: WardSettings, disk: Disk, station: Station) -> None:
        self._settings, self._disk, self._station = settings, disk, station
        self._ward = Ward(settings, unit=UNIT)
        self._published = 0
        self._unkept: tuple[int, tuple[bytes, ...]] | None = None
        self._taken = 0
        self._kept_rows = 0
        self.acknowledged = 0
        """So many steps were acknowledged: the broker has forgotten their messages."""
        self.now_ms = 0
        self.kills = 0

    def take(self, step: RecordedStep, point: Point = "") -> None:
        """Take a step, or die at a point of it.

        Raises
        ------
        DiskError
            The step was not kept, and nothing of it acknowledged.
        KilledError
            The monitor is dead; :attr:`acknowledged` tells whether the step was acknowledged.
        """
        self._keep_rows()
        _die(point, "before")
        self._commit(StepKept(step, self._published), point, "in commit")
        self._taken += 1
        _die(point, "committed")
        self.acknowledged = self._taken
        self.now_ms = step.now_ms
        self._unkept = (self._taken, rows_of(taken(self._ward, step)))
        try:
            self._keep_rows(point)
        except DiskError:
            # Decided and not kept is not told either: it waits for the next step.
            return
        _die(point, "told")
        if self._taken % SNAPSHOT_EVERY == 0:
            self._keep_snapshot()

    def _keep_rows(self, point: Point = "") -> None:
        """Keep what was decided, then tell it."""
        if self._unkept is None:
            return
        step, rows = self._unkept
        if rows:
            self._commit(RowsKept(step, rows), point, "in ledger")
        first, self._unkept = self._kept_rows, None
        self._kept_rows += len(rows)
        _die(point, "kept")
        for number, body in enumerate(rows):
            if number == len(rows) // 2:
                _die(point, "telling")
            self._station.hear(first + number, body)
        self._published = self._kept_rows

    def _commit(self, kept: StepKept | RowsKept, point: Point, where: Point) -> None:
        try:
            self._disk.append(LOG, framed(msgspec.msgpack.encode(kept)))
        except DiskError:
            self._disk.taken_back(LOG)
            raise
        _die(point, where)
        self._disk.barrier(LOG)

    def _keep_snapshot(self) -> None:
        name = SLOTS[self._taken // SNAPSHOT_EVERY % len(SLOTS)]
        kept = SnapshotKept(self._taken, self._ward.remembered())
        self._disk.emptied(name)
        try:
            self._disk.append(name, framed(msgspec.msgpack.encode(kept)))
        except DiskError:
            return
        # No barrier: a snapshot may be torn by the next kill, and then the one before it serves.

    def comes_back(self) -> None:
        """Lose power and come back from what the disk holds.

        Raises
        ------
        InvariantError
            Something acknowledged is lost, or the one that came back decides or shows something
            else than the dead one.
        """
        before = shown(self._ward, self.now_ms) if self._taken == self.acknowledged else None
        was, self._unkept = self._taken, None
        self.kills += 1
        self._disk.killed()
        steps, rows, published = kept_log(self._disk)
        if len(steps) < self.acknowledged:
            raise InvariantError(f"{self.acknowledged} steps acknowledged, {len(steps)} kept")
        told = [body for one in rows.values() for body in one]
        if len(told) < len(self._station.rows):
            raise InvariantError(f"{len(self._station.rows)} rows told, {len(told)} kept")
        self._ward = Ward(self._settings, unit=UNIT)
        begins = self._recalled()
        for number, step in enumerate(steps[begins:], start=begins + 1):
            self._unkept = (number, rows_of(taken(self._ward, step)))
            if number in rows and rows[number] != self._unkept[1]:
                raise InvariantError(f"after a kill the step at {step.now_ms} is told otherwise")
            if number not in rows and self._unkept[1] and number < len(steps):
                raise InvariantError(f"what was decided at {step.now_ms} is not in the ledger")
        if before is not None and was == len(steps) and shown(self._ward, self.now_ms) != before:
            raise InvariantError("after a kill the ward shows something else than before")
        self._taken = self.acknowledged = len(steps)
        self.now_ms = steps[-1].now_ms if steps else 0
        self._kept_rows, self._published = len(told), published
        if self._unkept is not None and self._unkept[0] in rows:
            self._unkept = None
        for number, body in enumerate(told[published:], start=published):
            self._station.hear(number, body)
        self._published = len(told)

    def _recalled(self) -> int:
        """Bring a fresh ward to the newest whole snapshot; return behind which step it is."""
        found = []
        for name in SLOTS:
            for _, body in records(self._disk.read(name)):
                found.append(msgspec.msgpack.decode(body, type=SnapshotKept))
        if not found:
            return 0
        newest = max(found, key=lambda one: one.steps)
        self._ward.recall(newest.ward)
        return newest.steps

    def ends(self) -> str:
        """Keep and tell what waits; return the digest of everything that was told.

        Raises
        ------
        InvariantError
            A fresh ward that is given the disk tells or shows something else, or somebody was not
            told what the disk holds.
        """
        while self._unkept is not None:
            try:
                self._keep_rows()
            except DiskError:
                continue
        steps, rows, _ = kept_log(self._disk)
        told = [body for one in rows.values() for body in one]
        if told != self._station.rows:
            raise InvariantError("the disk holds something else than was told")
        fresh = Ward(self._settings, unit=UNIT)
        for number, step in enumerate(steps, start=1):
            if rows_of(taken(fresh, step)) != rows.get(number, ()):
                raise InvariantError("a replay of the journal tells something else")
        if shown(fresh, self.now_ms) != shown(self._ward, self.now_ms):
            raise InvariantError("a replay of the journal shows something else")
        return hashlib.sha256(b"\n".join(told)).hexdigest()

    @property
    def steps(self) -> int:
        """Return how many steps are kept."""
        return self._taken


def _die(point: Point, here: Point) -> None:
    if point == here:
        raise KilledError(here)


def kept_log(disk: Disk) -> tuple[list[RecordedStep], dict[int, tuple[bytes, ...]], int]:
    """Return the steps on a disk, the rows of each, and how many rows were known to be told.

    What is behind the last whole record is cut off.
    """
    steps: list[RecordedStep] = []
    rows: dict[int, tuple[bytes, ...]] = {}
    published = end = 0
    for place, body in records(disk.read(LOG)):
        end, kept = place, _LOG.decode(body)
        if isinstance(kept, StepKept):
            steps.append(kept.step)
            published = kept.published
        else:
            rows[kept.step] = kept.rows
    disk.taken_back(LOG, end)
    return steps, rows, published


def rows_of(effects: tuple[AnyEffect, ...]) -> tuple[bytes, ...]:
    """Return the canonical bytes of effects."""
    return tuple(msgspec.json.encode(one) for one in effects)


def shown(ward: Ward, now_ms: int) -> WardView:
    """Return what a ward shows, from its state alone: nothing that was shown before is reused."""
    return ward_view(ward.state, WhyNots(), now_ms, None)


def taken(ward: Ward, step: RecordedStep) -> tuple[AnyEffect, ...]:
    """Let a ward take a recorded step.

    Raises
    ------
    InvariantError
        A reading was counted twice or not at all.
    """
    inputs = [decode(raw, position=place) for place, raw in enumerate(step.messages)]
    before = sum(ward.state.outcomes.values())
    effects = ward.take(step.now_ms, inputs)
    came = sum(len(one.values) for one in inputs if isinstance(one, VitalsReported))
    counted = sum(ward.state.outcomes.values()) - before
    if came != counted:
        raise InvariantError(f"{came} readings came in, {counted} were counted, at {step.now_ms}")
    return effects
