"""How a raised sign becomes certain, and how it ends.

One reading past a limit is evidence, not yet a finding. A grade is confirmed when the sign has
stayed at or above it over at least two readings and its persistence time, when an extreme value
bypasses the wait, or when an independent kind of measurement (another device principle, or a
person's charting) shows a sign at the same time. A confirmed grade comes down only when
the sign has stayed clear of the hysteresis for its clear time and two readings: silence never
lowers it. All times are measured times, so neither batching nor transport can change a decision.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import NEVER, Bool, Int8, Int32, Int64

GRADES: Final = 4
"""Grades run from 1 to this."""

LEAST_READINGS: Final = 2
"""Readings that confirm or clear; one is never enough unless it bypasses or is corroborated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationParams:
    """Times of each sign, in the order of the book's signs.

    Attributes
    ----------
    persist_ms : int64 array, shape (sign,)
        How long a sign must last before a grade is confirmed.
    clear_ms : int64 array, shape (sign,)
        How long it must be clear before a grade comes down.
    """

    persist_ms: Int64
    clear_ms: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class SignTrack:
    """What is remembered of every sign of some beds.

    Attributes
    ----------
    grade : int8 array, shape (bed, sign)
        Confirmed grade, 0 to 4.
    since_ms : int64 array, shape (bed, sign, grade)
        Since when the sign has been at or above grade ``index + 1``; NEVER if it is not.
    readings : int8 array, shape (bed, sign, grade)
        Readings since then, counted up to :data:`LEAST_READINGS`.
    clear_since_ms : int64 array, shape (bed, sign)
        Since when the sign has been clear of its confirmed grade; NEVER if it is not.
    clear_readings : int8 array, shape (bed, sign)
        Readings since then, counted up to :data:`LEAST_READINGS`.
    """

    grade: Int8
    since_ms: Int64
    readings: Int8
    clear_since_ms: Int64
    clear_readings: Int8

    @classmethod
    def fresh(cls, n_beds: int, n_signs: int) -> "SignTrack":
        """Return the track of beds about which nothing is known yet."""
        return cls(
            grade=np.zeros((n_beds, n_signs), np.int8),
            since_ms=np.full((n_beds, n_signs, GRADES), NEVER, np.int64),
            readings=np.zeros((n_beds, n_signs, GRADES), np.int8),
            clear_since_ms=np.full((n_beds, n_signs), NEVER, np.int64),
            clear_readings=np.zeros((n_beds, n_signs), np.int8),
        )

    def rows(self, bed: Int32) -> "SignTrack":
        """Return a copy of the track of some beds."""
        return SignTrack(
            grade=self.grade[bed],
            since_ms=self.since_ms[bed],
            readings=self.readings[bed],
            clear_since_ms=self.clear_since_ms[bed],
            clear_readings=self.clear_readings[bed],
        )

    def put(self, bed: Int32, rows: "SignTrack") -> None:
        """Write the track of some beds back."""
        self.grade[bed] = rows.grade
        self.since_ms[bed] = rows.since_ms
        self.readings[bed] = rows.readings
        self.clear_since_ms[bed] = rows.clear_since_ms
        self.clear_readings[bed] = rows.clear_readings


def advanced(
    params: ConfirmationParams,
    track: SignTrack,
    *,
    shown: Int8,
    stays: Int8,
    measured_ms: Int64,
    at_once: Bool,
    fresh: Bool,
) -> SignTrack:
    """Return the track after one reading of each fresh sign.

    Parameters
    ----------
    params : ConfirmationParams
        Times of each sign.
    track : SignTrack
        Before the reading; not changed.
    shown : int8 array, shape (bed, sign)
        Highest grade whose rules hold for the reading.
    stays : int8 array, shape (bed, sign)
        Highest grade whose rules hold within their hysteresis; at least ``shown``.
    measured_ms : int64 array, shape (bed, sign)
        When the sign was read.
    at_once : bool array, shape (bed, sign)
        The reading needs no confirmation (extreme, or corroborated).
    fresh : bool array, shape (bed, sign)
        The sign was read in this round; elsewhere nothing changes.

    Returns
    -------
    SignTrack
    """
    level = np.arange(1, GRADES + 1, dtype=np.int8)
    at_ms = measured_ms[..., None]
    above = fresh[..., None] & (shown[..., None] >= level)
    below = fresh[..., None] & ~above
    begins = above & (track.since_ms == NEVER)
    since_ms = np.where(begins, at_ms, np.where(below, NEVER, track.since_ms))
    seen = np.minimum(track.readings + above, LEAST_READINGS).astype(np.int8)
    readings = np.where(below, 0, seen).astype(np.int8)
    lasted_ms = at_ms - np.where(since_ms == NEVER, at_ms, since_ms)
    repeated = (readings >= LEAST_READINGS) & (lasted_ms >= params.persist_ms[:, None])
    sure = above & (repeated | at_once[..., None])
    confirmed = (sure * level).max(axis=-1).astype(np.int8)
    grade = np.where(fresh, np.maximum(track.grade, confirmed), track.grade).astype(np.int8)

    clear = fresh & (stays < grade)
    close = fresh & ~clear
    clear_begins = clear & (track.clear_since_ms == NEVER)
    clear_since_ms = np.where(
        clear_begins, measured_ms, np.where(close, NEVER, track.clear_since_ms)
    )
    clear_seen = np.minimum(track.clear_readings + clear, LEAST_READINGS)
    clear_readings = np.where(close, 0, clear_seen).astype(np.int8)
    clear_for_ms = measured_ms - np.where(clear_since_ms == NEVER, measured_ms, clear_since_ms)
    ends = clear & (clear_readings >= LEAST_READINGS) & (clear_for_ms >= params.clear_ms)
    return SignTrack(
        grade=np.where(ends, stays, grade).astype(np.int8),
        since_ms=since_ms,
        readings=readings,
        clear_since_ms=np.where(ends, NEVER, clear_since_ms),
        clear_readings=np.where(ends, 0, clear_readings).astype(np.int8),
    )
