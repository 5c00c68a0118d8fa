"""How a channel moved before: values that stand still, swing to and fro, or are sent again.

A living heart rate is never the same for ten minutes, a cuff cannot measure twice in twenty
seconds, and a value that leaps up and down by turns is motion. None of this is seen in one
reading, so a little is remembered of every bed and channel. What is found casts doubt and
nothing more: such a value is judged, but does not alarm at once. Only pressures that are sent
once more are held back, as they are no second reading, and they too pass in the end if they
show something that nobody has measured again.
"""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.channels import (
    MISSING,
    N_CHANNELS,
    NEVER,
    Bool,
    Channel,
    Flag,
    Int8,
    Int32,
    Int64,
    UInt16,
)
from detectors.quality import PRESSURES

OFF_MS: Final = 2**62
"""A time that never passes: a gate with it is switched off."""

LEAST_SWINGS: Final = 2
"""To and fro; a single swing is any fall or rise."""

MOST_SWINGS: Final = 100
"""Swings are counted up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadinessLimits:
    """When a channel stands too still or moves too much.

    Attributes
    ----------
    flat_ms : int64 array, shape (channel,)
        A value unchanged for so long is flat; :data:`OFF_MS` where that proves nothing.
    top_centi : int32 array, shape (channel,)
        The end of the scale, where a value may stand still for ever.
    gap_ms : int
        Readings further apart than this belong to no common run.
    swing_centi : int32 array, shape (channel,)
        A larger change from the reading before is a swing.
    swing_ms : int64 array, shape (channel,)
        Two swings to and fro belong together within this time; 0 switches the gate off.
    swings : int8 array, shape (channel,)
        So many swings to and fro are motion.
    swings_if_poor : int
        The same, at most, while the newest saturation is doubtful itself.
    resent_ms : int
        The same pressures again in less than this are no new reading.
    held_ms : int
        For how long they are held back although they show something unconfirmed.
    """

    flat_ms: Int64
    top_centi: Int32
    gap_ms: int
    swing_centi: Int32
    swing_ms: Int64
    swings: Int8
    swings_if_poor: int
    resent_ms: int
    held_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Readings of a round beside the newest believed ones, all of shape (row, channel)."""

    value_centi: Int32
    measured_ms: Int64
    before_centi: Int32
    before_ms: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Readings that repeat the value before them, one item each.

    Attributes
    ----------
    row : int64 array, shape (item,)
        Row of the round.
    place : int64 array, shape (item,)
        Place in an array (bed, channel) that is read as flat.
    since_ms, at_ms : int64 array, shape (item,)
        When the value was first read, and now.
    flat : bool array, shape (item,)
        It has stood still for too long.
    """

    row: Int64
    place: Int64
    since_ms: Int64
    at_ms: Int64
    flat: Bool

    def chosen(self, items: Bool) -> "Runs":
        """Return some of the items."""
        return Runs(**{field.name: getattr(self, field.name)[items] for field in fields(self)})


class Steadiness:
    """What is remembered of how the channels of all beds moved.

    Attributes
    ----------
    run_since_ms : int64 array, shape (bed, channel)
        When the newest value was first read; counts only while ``run_at_ms`` is the time of the
        newest reading, so that a changed value has nothing to write. NEVER if it never repeated.
    run_at_ms : int64 array, shape (bed, channel)
        When it was last read again.
    swings : int8 array, shape (bed, channel)
        Swings to and fro in a row; negative when the last one went down.
    swing_ms : int64 array, shape (bed, channel)
        When the last swing began; NEVER if there was none.
    sent_ms : int64 array, shape (bed,)
        When the pressures were last sent again; NEVER if they were not.
    """

    def __init__(self, n_beds: int) -> None:
        shape = (n_beds, N_CHANNELS)
        self.run_since_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.run_at_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.swings: Int8 = np.zeros(shape, np.int8)
        self.swing_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.sent_ms: Int64 = np.full(n_beds, NEVER, np.int64)

    def grow(self, n_beds: int) -> None:
        """Make room for more beds; existing rows are kept."""
        more = Steadiness(n_beds - len(self.sent_ms))
        for name, rows in vars(more).items():
            setattr(self, name, np.concatenate([getattr(self, name), rows]))

    def clear(self, bed: int) -> None:
        """Forget what was remembered of one bed."""
        self.run_since_ms[bed] = self.run_at_ms[bed] = self.swing_ms[bed] = NEVER
        self.swings[bed] = 0
        self.sent_ms[bed] = NEVER

    def runs(self, limits: SteadinessLimits, bed: Int32, given: Given, new: Bool) -> Runs:
        """Return the new readings that repeat the value before them; nothing is remembered yet.

        Parameters
        ----------
        limits : SteadinessLimits
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        given : Given
            The readings of the round.
        new : bool array, shape (row, channel)
            Which of them are believed and newer than what was known; no other is looked at.

        Returns
        -------
        Runs
        """
        kept = np.flatnonzero((given.value_centi == given.before_centi) & new)
        row, channel = np.divmod(kept, N_CHANNELS)
        at_ms, before_ms = given.measured_ms.take(kept), given.before_ms.take(kept)
        place = bed.take(row).astype(np.int64) * N_CHANNELS + channel
        goes_on = self.run_at_ms.take(place) == before_ms
        since_ms = np.where(goes_on, self.run_since_ms.take(place), before_ms)
        since_ms = np.where(at_ms - before_ms <= limits.gap_ms, since_ms, at_ms)
        flat = at_ms - since_ms >= limits.flat_ms.take(channel)
        flat &= given.value_centi.take(kept) != limits.top_centi.take(channel)
        return Runs(row=row, place=place, since_ms=since_ms, at_ms=at_ms, flat=flat)

    def keep(self, runs: Runs) -> None:
        """Remember runs."""
        self.run_since_ms.reshape(-1)[runs.place] = runs.since_ms
        self.run_at_ms.reshape(-1)[runs.place] = runs.at_ms

    def flat(self, limits: SteadinessLimits, value_centi: Int32, measured_ms: Int64) -> Bool:
        """Return which channels stand still now, shape (bed, channel).

        ``value_centi`` and ``measured_ms`` are the newest believed readings of the first beds, or
        of all.
        """
        n_beds = len(measured_ms)
        since_ms, at_ms = self.run_since_ms[:n_beds], self.run_at_ms[:n_beds]
        # Few runs are as long as the shortest limit, so only those are compared with their own.
        long = np.flatnonzero(at_ms - since_ms >= limits.flat_ms.min())
        channel = long % N_CHANNELS
        flat = at_ms.take(long) == measured_ms.take(long)
        flat &= value_centi.take(long) != limits.top_centi.take(channel)
        flat &= at_ms.take(long) - since_ms.take(long) >= limits.flat_ms.take(channel)
        still: Bool = np.zeros(measured_ms.shape, np.bool_)
        still.reshape(-1)[long[flat]] = True
        return still

    def swing(
        self, limits: SteadinessLimits, bed: Int32, given: Given, new: Bool, poor: Bool
    ) -> Bool:
        """Remember the swings of a round and return which readings are motion.

        Parameters
        ----------
        limits : SteadinessLimits
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        given : Given
            The readings of the round.
        new : bool array, shape (row, channel)
            Which of them are believed and newer than what was known; no other is looked at.
        poor : bool array, shape (row,)
            The newest saturation is doubtful.

        Returns
        -------
        bool array, shape (row, channel)
            The reading ends a run of enough swings to and fro.
        """
        both = new & (given.before_centi != MISSING)
        at_ms, begun_ms = given.measured_ms, np.where(both, given.before_ms, 0)
        change = np.where(both, given.value_centi.astype(np.int64) - given.before_centi, 0)
        turned = (np.abs(change) > limits.swing_centi) & (at_ms - begun_ms < limits.swing_ms)
        swings, swing_ms = self.swings[bed].astype(np.int64), self.swing_ms[bed]
        last_ms = np.where(swing_ms == NEVER, 0, swing_ms)
        back = (np.sign(change) * np.sign(swings) < 0) & (at_ms - last_ms < limits.swing_ms)
        count = np.where(back, np.minimum(np.abs(swings) + 1, MOST_SWINGS), 1)
        self.swings[bed] = np.where(turned, np.sign(change) * count, swings)
        self.swing_ms[bed] = np.where(turned, begun_ms, swing_ms)
        motion: Bool = turned & (count >= _needed(limits, poor))
        return motion

    def moving(self, limits: SteadinessLimits, measured_ms: Int64, poor: Bool) -> Bool:
        """Return which channels swing to and fro now, shape (bed, channel).

        ``measured_ms`` are the times of the newest believed readings of the first beds, or of all,
        ``poor`` the beds of them whose newest saturation is doubtful.
        """
        swings = self.swings[: len(measured_ms)]
        least = min(int(limits.swings.min()), limits.swings_if_poor)
        some = np.unique(np.flatnonzero(np.abs(swings) >= least) // N_CHANNELS)
        swing_ms, now_ms = self.swing_ms[some], measured_ms[some]
        enough = np.abs(swings[some]) >= _needed(limits, poor[some])
        late_ms = now_ms - np.where(swing_ms == NEVER, now_ms, swing_ms)
        moving: Bool = np.zeros(measured_ms.shape, np.bool_)
        moving[some] = enough & (swing_ms != NEVER) & (late_ms < limits.swing_ms)
        return moving

    def resent(
        self, limits: SteadinessLimits, bed: Int32, given: Given, flags: UInt16
    ) -> npt.NDArray[np.intp]:
        """Return the rows whose pressures are those before, sent again too soon to be new.

        Parameters
        ----------
        limits : SteadinessLimits
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        given : Given
            The readings of the round.
        flags : uint16 array, shape (row, channel)
            What a person took, or asked to be repeated, is a reading.

        Returns
        -------
        int array, shape (found,)
            Increasing rows.
        """
        known = (given.value_centi[:, Channel.SBP] != MISSING) & (
            given.value_centi[:, Channel.DBP] != MISSING
        )
        rows = np.flatnonzero(known)
        if not rows.size:
            return rows
        value = given.value_centi[rows][:, PRESSURES]
        before = given.before_centi[rows][:, PRESSURES]
        at_ms, before_ms = given.measured_ms[rows, Channel.SBP], given.before_ms[rows, Channel.SBP]
        same = ((value == before) | (value == MISSING)).all(axis=1)
        same &= (before_ms == given.before_ms[rows, Channel.DBP]) & (at_ms > before_ms)
        same &= (flags[rows][:, PRESSURES] & (Flag.HAND | Flag.STAT) == 0).all(axis=1)
        same &= at_ms - np.maximum(before_ms, self.sent_ms[bed[rows]]) < limits.resent_ms
        found: npt.NDArray[np.intp] = rows[same]
        return found

    def send(self, bed: Int32, measured_ms: Int64) -> None:
        """Remember that the pressures of some beds were sent again at some times."""
        self.sent_ms[bed] = np.maximum(self.sent_ms[bed], measured_ms)


def _needed(limits: SteadinessLimits, poor: Bool) -> Int8:
    """Return how many swings are motion, shape (bed, channel)."""
    fewer = np.minimum(limits.swings, np.int8(limits.swings_if_poor))
    needed: Int8 = np.where(poor[:, None], fewer, limits.swings)
    return needed
