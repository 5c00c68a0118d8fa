"""When each sign was last there: a picture may come together over minutes.

Hives that went while the pressure falls still belong to the same reaction. So every grade of a
sign is remembered with the time at which it was last confirmed; it counts in full while it is
there and fades evenly to nothing over the memory time. All times are measured times.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import NEVER, Bool, Int8, Int32, Int64
from detectors.confirmation import GRADES

FULL: Final = 100
"""Strength of what is there now, in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignMemory:
    """When signs were there.

    Attributes
    ----------
    last_ms : int64 array, shape (bed, sign, grade)
        When the sign was last confirmed at grade ``index + 1`` or more; NEVER if it never was.
    begun_ms : int64 array, shape (bed, sign)
        When it began the last time; NEVER if it never did.
    present : bool array, shape (bed, sign)
        It was there at the last judgement.
    """

    last_ms: Int64
    begun_ms: Int64
    present: Bool

    @classmethod
    def fresh(cls, n_beds: int, n_signs: int) -> "SignMemory":
        """Return the memory of beds at which nothing was ever seen."""
        return cls(
            last_ms=np.full((n_beds, n_signs, GRADES), NEVER, np.int64),
            begun_ms=np.full((n_beds, n_signs), NEVER, np.int64),
            present=np.zeros((n_beds, n_signs), np.bool_),
        )

    def rows(self, bed: Int32) -> "SignMemory":
        """Return a copy of the memory of some beds."""
        return SignMemory(
            last_ms=self.last_ms[bed], begun_ms=self.begun_ms[bed], present=self.present[bed]
        )

    def put(self, bed: Int32, rows: "SignMemory") -> None:
        """Write the memory of some beds back."""
        self.last_ms[bed] = rows.last_ms
        self.begun_ms[bed] = rows.begun_ms
        self.present[bed] = rows.present


def noted(
    memory: SignMemory, grade: Int8, since_ms: Int64, at_ms: Int64, memory_ms: int
) -> SignMemory:
    """Return the memory after a judgement.

    What comes back before it is forgotten goes on, and has begun when it first began.

    Parameters
    ----------
    memory : SignMemory
        Before it; not changed.
    grade : int8 array, shape (bed, sign)
        Confirmed grade of each sign, symptoms included.
    since_ms : int64 array, shape (bed, sign)
        Since when each sign has been shown by readings; NEVER where it is not.
    at_ms : int64 array, shape (bed,)
        The time of the judgement.
    memory_ms : int
        After so long a sign is forgotten.

    Returns
    -------
    SignMemory
    """
    level = np.arange(1, GRADES + 1, dtype=np.int8)
    there = grade[..., None] >= level
    fresh = strength(memory, at_ms, memory_ms)[..., 0] > 0
    begins = there[..., 0] & ~memory.present & ~fresh
    begun_ms = np.where(since_ms == NEVER, at_ms[:, None], since_ms)
    return SignMemory(
        last_ms=np.where(there, at_ms[:, None, None], memory.last_ms),
        begun_ms=np.where(begins, begun_ms, memory.begun_ms),
        present=there[..., 0],
    )


def strength(memory: SignMemory, at_ms: Int64, memory_ms: int) -> Int32:
    """How much of each grade of each sign still counts.

    Parameters
    ----------
    memory : SignMemory
        After the judgement at ``at_ms``.
    at_ms : int64 array, shape (bed,)
        The time of the judgement.
    memory_ms : int
        After so long nothing is left.

    Returns
    -------
    int32 array, shape (bed, sign, grade), [percent]
        :data:`FULL` for what is there now, less for what has ended, 0 for what is forgotten.
    """
    known = memory.last_ms != NEVER
    at = at_ms[:, None, None]
    ago_ms = np.where(known, at - np.where(known, memory.last_ms, at), memory_ms)
    left_ms = np.clip(memory_ms - ago_ms, 0, memory_ms)
    left: Int32 = (FULL * left_ms // memory_ms).astype(np.int32)
    return left


def recent_grade(memory: SignMemory, at_ms: Int64, memory_ms: int) -> Int8:
    """Highest grade of each sign that is not forgotten.

    Parameters
    ----------
    memory, at_ms, memory_ms
        As for :func:`strength`.

    Returns
    -------
    int8 array, shape (bed, sign)
    """
    level = np.arange(1, GRADES + 1, dtype=np.int8)
    held = strength(memory, at_ms, memory_ms) > 0
    grade: Int8 = (held * level).max(axis=-1).astype(np.int8)
    return grade
