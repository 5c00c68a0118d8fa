"""What was read of late: a few recent readings of every bed and channel, thinned.

Slopes, times in a zone and the order of changes need more than the newest reading. The ring
keeps the last readings of each channel; a reading closer than a spacing to the newest kept one is
passed over, so that a channel measured each second spans minutes and not seconds. Whether a
reading is kept follows from the readings of its channel alone, in order of arrival; how they
were cut into messages and steps does not matter.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Int32, Int64
from detectors.spans import picked, span

HISTORY_DEPTH: Final = 16
"""Readings of one channel that the history holds."""

LONGEST_MS: Final = int(np.iinfo(np.int32).max)
"""Longest time that is kept after the first reading of a ring: 24 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Recent readings of some beds, oldest first.

    Attributes
    ----------
    value_centi : int32 array, shape (row, channel, sample), [hundredths]
        The newest kept reading stands last; places that were never filled come first and are
        MISSING.
    measured_ms : int64 array, shape (row, channel, sample)
        When each was measured, never falling; NEVER where there is none.
    """

    value_centi: Int32
    measured_ms: Int64


class History:
    """The recent readings of all beds.

    Attributes
    ----------
    value_centi : int32 array, shape (bed, channel, sample)
        A ring; MISSING in unused places.
    after_ms : int32 array, shape (bed, channel, sample)
        Time after ``begun_ms`` at which each was measured, in half the room of a time.
    begun_ms : int64 array, shape (bed, channel)
        Time of the first reading of a ring; NEVER where there is none. A reading so much later
        that the time after it cannot be kept begins the ring anew.
    place : uint8 array, shape (bed, channel)
        Where the next reading goes, which is also where the oldest stands once all are used.
    due_ms : int64 array, shape (bed, channel)
        From when on a reading is kept; NEVER where none was.
    """

    def __init__(self, n_beds: int) -> None:
        shape = (n_beds, N_CHANNELS)
        self.value_centi: Int32 = np.full((*shape, HISTORY_DEPTH), MISSING, np.int32)
        self.after_ms: Int32 = np.zeros((*shape, HISTORY_DEPTH), np.int32)
        self.begun_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.place = np.zeros(shape, np.uint8)
        self.due_ms: Int64 = np.full(shape, NEVER, np.int64)

    def grow(self, n_beds: int) -> None:
        """Make room for more beds; existing rows are kept."""
        more = History(n_beds - len(self.due_ms))
        self.value_centi = np.concatenate([self.value_centi, more.value_centi])
        self.after_ms = np.concatenate([self.after_ms, more.after_ms])
        self.begun_ms = np.concatenate([self.begun_ms, more.begun_ms])
        self.place = np.concatenate([self.place, more.place])
        self.due_ms = np.concatenate([self.due_ms, more.due_ms])

    def clear(self, bed: int) -> None:
        """Forget the readings of one bed."""
        self.value_centi[bed] = MISSING
        self.after_ms[bed] = 0
        self.begun_ms[bed] = NEVER
        self.place[bed] = 0
        self.due_ms[bed] = NEVER

    def take(
        self, spacing_ms: Int64, bed: Int32, value_centi: Int32, measured_ms: Int64, new: Bool
    ) -> None:
        """Keep the readings of a round that are far enough from the last kept ones.

        Parameters
        ----------
        spacing_ms : int64 array, shape (channel,)
            A reading closer than this to the newest kept one is passed over.
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        value_centi, measured_ms : int32 and int64 array, shape (row, channel)
            Readings of the round.
        new : bool array, shape (row, channel)
            Which of them are believed and newer than what was known; only these are looked at.
        """
        keep = measured_ms >= picked(self.due_ms, span(bed))
        keep &= new
        kept = np.flatnonzero(keep)
        if not kept.size:
            return
        row, channel = np.divmod(kept, N_CHANNELS)
        # Places of flat arrays: one index is found and followed several times faster than three.
        flat = bed.take(row).astype(np.int64) * N_CHANNELS + channel
        read_ms = measured_ms.take(kept)
        begun_ms = self._begun(flat, read_ms)
        place = self.place.take(flat)
        slot = flat * HISTORY_DEPTH + place
        self.value_centi.reshape(-1)[slot] = value_centi.take(kept)
        self.after_ms.reshape(-1)[slot] = read_ms - begun_ms
        self.place.reshape(-1)[flat] = (place + 1) % HISTORY_DEPTH
        self.due_ms.reshape(-1)[flat] = read_ms + spacing_ms.take(channel)

    def _begun(self, flat: Int64, read_ms: Int64) -> Int64:
        """Begin rings that are empty or too old for a reading, and return when each began."""
        begun_ms = self.begun_ms.take(flat)
        known = begun_ms != NEVER
        anew = ~known | (read_ms - np.where(known, begun_ms, read_ms) > LONGEST_MS)
        if anew.any():
            begins = flat[anew]
            self.value_centi.reshape(-1, HISTORY_DEPTH)[begins] = MISSING
            self.after_ms.reshape(-1, HISTORY_DEPTH)[begins] = 0
            self.place.reshape(-1)[begins] = 0
            self.begun_ms.reshape(-1)[begins] = read_ms[anew]
        return np.where(anew, read_ms, begun_ms)

    def rows(self, bed: Int32) -> Recent:
        """Return the recent readings of some beds, shape (row, channel, sample)."""
        order = (self.place[bed][..., None] + np.arange(HISTORY_DEPTH)) % HISTORY_DEPTH
        value_centi = np.take_along_axis(self.value_centi[bed], order, axis=-1)
        after_ms = np.take_along_axis(self.after_ms[bed], order, axis=-1)
        measured_ms = self.begun_ms[bed][..., None] + after_ms
        return Recent(
            value_centi=value_centi,
            measured_ms=np.where(value_centi == MISSING, NEVER, measured_ms),
        )
