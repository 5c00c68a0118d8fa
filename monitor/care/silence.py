"""Missing data as facts: which channels are silent, were never heard, or are needed.

Staleness is judged by the time of receipt, never by the device's own stamp, so a wrong clock
cannot make old data look fresh or fresh data look old.
"""

from dataclasses import dataclass

import numpy as np

from detectors.channels import NEVER, Bool, Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceParams:
    """When a channel counts as silent, and which channels a judgement cannot do without.

    Attributes
    ----------
    stale_ms, charted_stale_ms : int64 array, shape (channel,)
        For channels that a device sends, and for those that people take by hand.
    required : tuple of int
        Channels without which a bed is not assessable.
    absent_after_ms : int
        How long a device must report a channel as absent before it is an alert.
    pressure_old_ms : int
        A pressure older than this is asked for again when another sign changes.
    """

    stale_ms: Int64
    charted_stale_ms: Int64
    required: tuple[int, ...]
    absent_after_ms: int
    pressure_old_ms: int


def silent_channels(params: SilenceParams, now_ms: int, received_ms: Int64, charted: Bool) -> Bool:
    """Which channels were heard once and have been silent for too long.

    Parameters
    ----------
    params : SilenceParams
    now_ms : int
        Time of the step.
    received_ms : int64 array, shape (bed, channel)
        When each channel was last received; NEVER if it was not.
    charted : bool array, shape (bed, channel)
        The last value was taken by hand.

    Returns
    -------
    bool array, shape (bed, channel)
    """
    heard = received_ms != NEVER
    limit_ms = np.where(charted, params.charted_stale_ms, params.stale_ms)
    silent: Bool = heard & (now_ms - np.where(heard, received_ms, now_ms) > limit_ms)
    return silent


def missing_channels(
    now_ms: int, opened_ms: Int64, received_ms: Int64, expected: Bool, never_after_ms: int
) -> Bool:
    """Which expected channels have never been heard although the session is old enough.

    Parameters
    ----------
    now_ms : int
    opened_ms : int64 array, shape (bed,)
        When the session was opened; NEVER where none is open.
    received_ms : int64 array, shape (bed, channel)
    expected : bool array, shape (bed, channel)
        Channels that the session or its devices promised.
    never_after_ms : int

    Returns
    -------
    bool array, shape (bed, channel)
    """
    waiting = opened_ms != NEVER
    waited_ms = now_ms - np.where(waiting, opened_ms, now_ms)
    due = waiting & (waited_ms > never_after_ms)
    missing: Bool = due[:, None] & expected & (received_ms == NEVER)
    return missing
