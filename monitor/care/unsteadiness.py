"""Sensors that stand still or swing to and fro: when that is told, and when it is over.

A remark on a screen may come and go with every reading; an alert may not. It waits until what was
found has lasted, and ends when it has not been found for a while.
"""

from typing import NamedTuple

import numpy as np

from detectors.channels import NEVER, Bool, Int64


class Lasting(NamedTuple):
    """What lasts, all of one shape.

    Attributes
    ----------
    since_ms : int64 array
        Since when it has been found; NEVER where it is not, or no longer.
    seen_ms : int64 array
        When it was last found; NEVER as above.
    told : bool array
        It has lasted long enough to be told, and is not over.
    """

    since_ms: Int64
    seen_ms: Int64
    told: Bool


def lasting(
    found: Bool, since_ms: Int64, seen_ms: Int64, now_ms: int, *, after_ms: int, clear_ms: int
) -> Lasting:
    """Return what lasts, from what was found now and what lasted before.

    Parameters
    ----------
    found : bool array
    since_ms, seen_ms : int64 array, of the same shape
        As they were returned before; NEVER at first.
    now_ms : int
        Not before the last call.
    after_ms : int
        It is told when it was found for so long; what ends before is forgotten at once.
    clear_ms : int
        What was told is over when it was not found for so long.
    """
    begun = since_ms != NEVER
    lasted_ms = np.where(begun, seen_ms, 0) - np.where(begun, since_ms, 0)
    absent_ms = now_ms - np.where(begun, seen_ms, now_ms)
    over = begun & ~found & ((lasted_ms < after_ms) | (absent_ms >= clear_ms))
    since_ms = np.where(found & ~begun, now_ms, np.where(over, NEVER, since_ms))
    seen_ms = np.where(found, now_ms, np.where(over, NEVER, seen_ms))
    lasts = since_ms != NEVER
    told = lasts & (np.where(lasts, seen_ms, 0) - np.where(lasts, since_ms, 0) >= after_ms)
    return Lasting(since_ms=since_ms, seen_ms=seen_ms, told=told)
