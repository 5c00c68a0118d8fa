"""Vital-sign schedules: which set of vital signs is due, late or overdue, and which comes next.

A schedule is rows: so long after an event of the infusion (opening, start, change of rate, end),
once or again and again, a whole set of channels has to be taken. A set counts for a row when
every one of its channels was measured at the row's time or a little before it; so a bed whose
monitor measures everything by itself owes nothing, and one whose temperature is taken by hand
owes the temperature. Nothing is remembered: what is owed follows from the times of the events
and of the newest readings alone, so every order of the same facts gives the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import CHANNEL_NAMES, NEVER, Int64
from monitor.facts.views import DueSet, DueState

After: TypeAlias = Literal["open", "start", "rate-change", "end"]

RANK: Final[dict[DueState, int]] = {"next": 0, "due": 1, "late": 2, "overdue": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One set of vital signs: when it is due, and when it is late and overdue after that.

    ``every_ms`` repeats it, counted from the first time; None for once.
    """

    key: str
    words: str
    after: After
    at_ms: int
    late_ms: int
    overdue_ms: int
    source: tuple[str, ...]
    every_ms: int | None = None

    def __post_init__(self) -> None:
        """Refuse a row that is overdue before it is late, or repeats without end at once."""
        if not 0 < self.late_ms < self.overdue_ms:
            raise ValueError("late must be above 0 and below overdue")
        if self.every_ms is not None and self.every_ms <= 0:
            raise ValueError("every must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A named schedule; ``early_ms`` is how long before its time a set may be taken for it."""

    key: str
    title: str
    channels: tuple[int, ...]
    early_ms: int
    rows: tuple[ScheduleRow, ...]
    source: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a schedule of nothing."""
        if not self.channels or not self.rows:
            raise ValueError("a schedule needs channels and rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    """When the events happened that rows count from; None for those that do not count now.

    ``opened_ms`` counts only before the start, ``started_ms`` and ``rate_changed_ms`` only
    while the drug flows, ``ended_ms`` only after it has been stopped or completed.
    """

    opened_ms: int | None = None
    started_ms: int | None = None
    rate_changed_ms: int | None = None
    ended_ms: int | None = None

    def of(self, after: After) -> int | None:
        """Return the time of an event, None where it does not count now."""
        if after == "open":
            return self.opened_ms
        if after == "start":
            return self.started_ms
        return self.rate_changed_ms if after == "rate-change" else self.ended_ms


def due_sets(
    schedule: Schedule, milestones: Milestones, measured_ms: Int64, now_ms: int
) -> tuple[DueSet, ...]:
    """Return every set that is owed now and the nearest one that comes, most pressing first.

    Parameters
    ----------
    schedule : Schedule
    milestones : Milestones
    measured_ms : int64 array, shape (channel,)
        When the newest believed reading of each channel was measured; NEVER if none.
    now_ms : int

    Returns
    -------
    tuple of DueSet
        In order of their due times, those that are owed before the next one.
    """
    found = [
        _due(row, schedule, due_ms, measured_ms, now_ms)
        for row in schedule.rows
        if (since_ms := milestones.of(row.after)) is not None
        and (due_ms := _wanted_ms(row, since_ms, schedule, measured_ms)) is not None
    ]
    found.sort(key=lambda one: (one.due_ms, one.key))
    owed = [one for one in found if one.state != "next"]
    return (*owed, *[one for one in found if one.state == "next"][:1])


def next_look_ms(schedule: Schedule, sets: Sequence[DueSet]) -> int | None:
    """Return when the next of these sets becomes due, late or overdue; None if none will."""
    rows = {row.key: row for row in schedule.rows}
    steps = {"next": 0, "due": 1, "late": 2}
    times = [
        one.due_ms + (0, rows[one.key].late_ms, rows[one.key].overdue_ms)[steps[one.state]]
        for one in sets
        if one.state in steps
    ]
    return min(times, default=None)


def _wanted_ms(
    row: ScheduleRow, since_ms: int, schedule: Schedule, measured_ms: Int64
) -> int | None:
    """Return the first time of a row for which no whole set was taken; None if none is left."""
    taken_ms = int(measured_ms[list(schedule.channels)].min())
    first_ms = since_ms + row.at_ms
    if taken_ms == NEVER or taken_ms < first_ms - schedule.early_ms:
        return first_ms
    if row.every_ms is None:
        return None
    times = (taken_ms + schedule.early_ms - first_ms) // row.every_ms + 1
    return first_ms + times * row.every_ms


def _due(
    row: ScheduleRow, schedule: Schedule, due_ms: int, measured_ms: Int64, now_ms: int
) -> DueSet:
    waited_ms = now_ms - due_ms
    state: DueState = "next"
    if waited_ms >= 0:
        state = "due" if waited_ms < row.late_ms else "late"
        state = state if waited_ms < row.overdue_ms else "overdue"
    missing = np.flatnonzero(measured_ms < due_ms - schedule.early_ms)
    return DueSet(
        key=row.key,
        words=row.words,
        due_ms=due_ms,
        state=state,
        missing=tuple(CHANNEL_NAMES[c] for c in schedule.channels if c in missing),
    )
