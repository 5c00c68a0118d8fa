"""What a baseline says: its centre, its noise and its drift, from the readings of its window.

The first reading of a channel is left out as soon as there are others, because pressures fall
over the first readings of a sitting [1]_; at least three more are wanted. Those of the first
minutes after opening are left out, too, as soon as there are enough after the rest. The centre
is the median, in whole hundredths, so a single artefact does not move it; the noise is the
median distance from it, scaled so that it estimates a standard deviation; the drift is how far
the later half of the readings lies above the earlier one.

References
----------
.. [1] "Within-visit blood pressure variability" (NHANES, 53,737 persons): 17 % show a falling
   run over three consecutive readings.
"""

from typing import Final

import numpy as np

from detectors.baseline import BaselineParams
from detectors.channels import MISSING, Bool, Int32, Int64

MAD_TO_SIGMA: Final = (14_826, 10_000)
"""The median distance of normal values times 1.4826 estimates their standard deviation."""

LAST: Final = np.iinfo(np.int64).max
"""Sorts behind every reading."""


def kept_readings(
    params: BaselineParams, value_centi: Int32, count: Int32, unsettled: Int32
) -> Int32:
    """Readings that make the baseline of each channel, oldest first.

    Parameters
    ----------
    params : BaselineParams
        For the least number of readings.
    value_centi : int32 array, shape (bed, channel, sample)
        From :class:`BaselineWindow`; MISSING in unused places.
    count, unsettled : int32 array, shape (bed, channel)
        Readings ever taken, and how many of the first ones were unsettled.

    Returns
    -------
    int32 array, shape (bed, channel, sample), [hundredths]
        Without the first of all when there are others, and without the unsettled ones when
        those after them are enough to establish a baseline; MISSING in their places.
    """
    depth = value_centi.shape[-1]
    number = np.maximum(count - depth, 0)[..., None] + np.arange(depth)
    ordered = np.take_along_axis(value_centi, number % depth, axis=-1)
    rested = (count - unsettled) >= params.least_readings
    left_out = np.maximum(count > 1, np.where(rested, unsettled, 0))
    kept: Int32 = np.where(number >= left_out[..., None], ordered, MISSING).astype(np.int32)
    return kept


def robust_centre(kept_centi: Int32) -> Int32:
    """Median of the readings of each channel.

    Parameters
    ----------
    kept_centi : int32 array, shape (bed, channel, sample)
        From :func:`kept_readings`; MISSING where there is none.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        The lower middle and the upper middle reading averaged and rounded down, so that the
        result is a whole number; MISSING where there is no reading.
    """
    return _median(kept_centi, kept_centi != MISSING)


def _median(number: Int32 | Int64, known: Bool) -> Int32:
    """Return the median over the last axis of what is known; MISSING where nothing is."""
    n_known = known.sum(axis=-1)
    ordered = np.sort(np.where(known, number.astype(np.int64), LAST), axis=-1)
    lower = np.take_along_axis(ordered, np.maximum((n_known - 1) // 2, 0)[..., None], axis=-1)
    upper = np.take_along_axis(ordered, (n_known // 2)[..., None] % ordered.shape[-1], axis=-1)
    some = n_known > 0
    total = np.where(some, lower[..., 0], 0) + np.where(some, upper[..., 0], 0)
    return np.where(some, total // 2, MISSING).astype(np.int32)


def robust_noise(params: BaselineParams, kept_centi: Int32) -> Int32:
    """How far the readings of each channel scatter: an estimate of their standard deviation.

    Parameters
    ----------
    params : BaselineParams
        For the least number of readings from which noise is stated.
    kept_centi : int32 array, shape (bed, channel, sample)
        From :func:`kept_readings`; MISSING where there is none.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        The median distance from the median, times 1.4826, rounded half up; MISSING where there
        are too few readings.
    """
    known = kept_centi != MISSING
    away = np.abs(kept_centi.astype(np.int64) - _median(kept_centi, known)[..., None])
    top, bottom = MAD_TO_SIGMA
    noise = (_median(away, known).astype(np.int64) * top + bottom // 2) // bottom
    enough = known.sum(axis=-1) >= params.noise_readings
    return np.where(enough, noise, MISSING).astype(np.int32)


def drift(params: BaselineParams, kept_centi: Int32) -> Int32:
    """How far the later half of the readings of each channel lies above the earlier half.

    Parameters
    ----------
    params : BaselineParams
        For the least number of readings from which a drift is stated.
    kept_centi : int32 array, shape (bed, channel, sample)
        From :func:`kept_readings`, oldest first; MISSING where there is none.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        Median of the later half minus median of the earlier half, the middle reading of an odd
        number in neither; MISSING where there are too few readings.
    """
    known = kept_centi != MISSING
    n_known = known.sum(axis=-1)[..., None]
    rank = known.cumsum(axis=-1) - 1
    half = n_known // 2
    early = _median(kept_centi, known & (rank < half))
    late = _median(kept_centi, known & (rank >= n_known - half))
    enough = n_known[..., 0] >= params.drift_readings
    both = np.where(enough, late.astype(np.int64), 0) - np.where(enough, early, 0)
    return np.where(enough, both, MISSING).astype(np.int32)


def still_settling(params: BaselineParams, drift_centi: Int32) -> Bool:
    """Whether a baseline moved so far while it was taken that it is not settled.

    Parameters
    ----------
    params : BaselineParams
        For the limits.
    drift_centi : int32 array, shape (bed, channel)
        From :func:`drift`.

    Returns
    -------
    bool array, shape (bed, channel)
        False where the drift is not known.
    """
    known = drift_centi != MISSING
    moved = np.abs(np.where(known, drift_centi, 0)) >= params.settling_centi
    settling: Bool = known & moved
    return settling
