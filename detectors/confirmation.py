"""How a raised sign becomes certain, and how it ends.

One reading past a limit is evidence, not yet a finding. A grade is confirmed when the sign has
stayed at or above it over at least two readings and its persistence time, when an extreme value
bypasses the wait, or when an independent kind of measurement (another device principle, or a
person's charting) shows a sign at the same time. A confirmed grade is given up only when the
sign has stayed clear of that grade's hysteresis for its clear time and two readings; it then
falls to the next grade of which the same cannot be said. So one good reading never ends what
others still showed, and silence never lowers anything. All times are measured times, so neither
batching nor transport can change a decision.
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
    clear_since_ms : int64 array, shape (bed, sign, grade)
        Since when the sign has been clear of grade ``index + 1``; NEVER if it is not.
    clear_readings : int8 array, shape (bed, sign, grade)
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
            clear_since_ms=np.full((n_beds, n_signs, GRADES), NEVER, np.int64),
            clear_readings=np.zeros((n_beds, n_signs, GRADES), np.int8),
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
    at_ms, read = measured_ms[..., None], fresh[..., None]
    above, clear = shown[..., None] >= level, stays[..., None] < level
    since_ms, readings = _run(track.since_ms, track.readings, above, read, at_ms)
    clear_since_ms, clear_readings = _run(
        track.clear_since_ms, track.clear_readings, clear, read, at_ms
    )
    repeated = _lasted(since_ms, readings, at_ms, params.persist_ms)
    over = _lasted(clear_since_ms, clear_readings, at_ms, params.clear_ms)
    sure = read & above & (repeated | at_once[..., None])
    kept = (track.grade[..., None] >= level) & ~(read & clear & over)
    return SignTrack(
        grade=((sure | kept) * level).max(axis=-1),
        since_ms=since_ms,
        readings=readings,
        clear_since_ms=clear_since_ms,
        clear_readings=clear_readings,
    )


def _run(
    since_ms: Int64, readings: Int8, holds: Bool, read: Bool, at_ms: Int64
) -> tuple[Int64, Int8]:
    """Go on with unbroken runs where a condition holds, and break them where it does not."""
    begun_ms = np.where(since_ms == NEVER, at_ms, since_ms)
    counted = np.minimum(readings + 1, LEAST_READINGS)
    return (
        np.where(read, np.where(holds, begun_ms, NEVER), since_ms),
        np.where(read, np.where(holds, counted, 0), readings).astype(np.int8),
    )


def _lasted(since_ms: Int64, readings: Int8, at_ms: Int64, least_ms: Int64) -> Bool:
    """Where a run has enough readings over enough time; ``least_ms`` is by sign."""
    for_ms = at_ms - np.where(since_ms == NEVER, at_ms, since_ms)
    enough: Bool = (readings >= LEAST_READINGS) & (for_ms >= least_ms[:, None])
    return enough
