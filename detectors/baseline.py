"""The baseline of a bed: what this person's vitals were before the infusion.

The first reading of a channel is left out as soon as there are others, because pressures fall
over the first readings of a sitting [1]_; at least three more are wanted. The centre is the
median, in whole hundredths, so a single artefact does not move it.

References
----------
.. [1] "Within-visit blood pressure variability" (NHANES, 53,737 persons): 17 % show a falling
   run over three consecutive readings.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from detectors.ages import ALL_AGES, AgeBand, AgeBands
from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Channel, Int8, Int32, Int64

BASELINE_DEPTH: Final = 16
"""Readings of one channel that the baseline remembers."""


class BaselineState(IntEnum):
    """How far a baseline can be relied on."""

    ABSENT = 0
    PROVISIONAL = 1
    ESTABLISHED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRemark:
    """Bounds of a baseline for some ages: below or above [hundredths]; MISSING is no bound."""

    channel: Channel
    below_centi: int = MISSING
    above_centi: int = MISSING
    ages: AgeBand = ALL_AGES


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineParams:
    """How baselines are made.

    Attributes
    ----------
    least_readings : int
        Readings (the discarded first one not counted) that establish a baseline.
    spacing_ms : int64 array, shape (channel,)
        A reading closer than this to the one before adds nothing and is passed over.
    doubt_centi : int32 array, shape (channel,)
        How far a provisional baseline may be off. A change must be larger by so much, which
        keeps the chance of a false trigger where an established baseline would have it: the
        mean of three readings varies less than one of them by the square root of 3.
    remarks : tuple of BaselineRemark
        A baseline beyond any of them is remarked as abnormal before the start.
    """

    least_readings: int
    spacing_ms: Int64
    doubt_centi: Int32
    remarks: tuple[BaselineRemark, ...]


class BaselineWindow:
    """The readings from which the baselines of all beds are made.

    Attributes
    ----------
    value_centi : int32 array, shape (bed, channel, sample)
        Readings in order of arrival; MISSING in unused places.
    count : int32 array, shape (bed, channel)
        Readings ever taken, also those that have left the window.
    last_ms : int64 array, shape (bed, channel)
        When the newest one was measured; NEVER if none.
    """

    def __init__(self, n_beds: int) -> None:
        self.value_centi: Int32 = np.full((n_beds, N_CHANNELS, BASELINE_DEPTH), MISSING, np.int32)
        self.count: Int32 = np.zeros((n_beds, N_CHANNELS), np.int32)
        self.last_ms: Int64 = np.full((n_beds, N_CHANNELS), NEVER, np.int64)

    def clear(self, bed: int) -> None:
        """Forget the readings of one bed."""
        self.value_centi[bed] = MISSING
        self.count[bed] = 0
        self.last_ms[bed] = NEVER

    def take(
        self, params: BaselineParams, bed: Int32, value_centi: Int32, measured_ms: Int64
    ) -> Bool:
        """Add one round of readings and return where one was added.

        Parameters
        ----------
        params : BaselineParams
            For the spacing.
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        value_centi, measured_ms : arrays, shape (row, channel)
            Readings to add; MISSING where there is none.

        Returns
        -------
        bool array, shape (row, channel)
        """
        last_ms = self.last_ms[bed]
        spaced = (last_ms == NEVER) | (
            measured_ms - np.where(last_ms == NEVER, 0, last_ms) >= params.spacing_ms
        )
        added: Bool = (value_centi != MISSING) & spaced
        row, channel = np.nonzero(added)
        place = self.count[bed[row], channel] % BASELINE_DEPTH
        self.value_centi[bed[row], channel, place] = value_centi[row, channel]
        self.count[bed[row], channel] += 1
        self.last_ms[bed[row], channel] = measured_ms[row, channel]
        return added


def robust_centre(value_centi: Int32, count: Int32) -> Int32:
    """Median of the readings of each channel, the first of all left out when there are others.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel, sample)
        From :class:`BaselineWindow`; MISSING in unused places.
    count : int32 array, shape (bed, channel)
        Readings ever taken; while the window has not wrapped, sample 0 is the first of all.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        The lower middle and the upper middle reading averaged and rounded down, so that the
        result is a whole number; MISSING where there is no reading.
    """
    kept = value_centi.astype(np.int64)
    first_stands = (count > 1) & (count <= value_centi.shape[-1])
    kept[..., 0] = np.where(first_stands, MISSING, kept[..., 0])
    known = kept != MISSING
    n_known = known.sum(axis=-1)
    ordered = np.sort(np.where(known, kept, np.iinfo(np.int64).max), axis=-1)
    lower = np.take_along_axis(ordered, np.maximum((n_known - 1) // 2, 0)[..., None], axis=-1)
    upper = np.take_along_axis(ordered, (n_known // 2)[..., None] % ordered.shape[-1], axis=-1)
    some = n_known > 0
    total = np.where(some, lower[..., 0], 0) + np.where(some, upper[..., 0], 0)
    return np.where(some, total // 2, MISSING).astype(np.int32)


def baseline_state(params: BaselineParams, count: Int32) -> Int8:
    """How far the baseline of each channel can be relied on.

    Parameters
    ----------
    params : BaselineParams
        For the least number of readings.
    count : int32 array, shape (bed, channel)
        Readings taken, the first included.

    Returns
    -------
    int8 array, shape (bed, channel)
        A :class:`BaselineState`.
    """
    state = np.full(count.shape, BaselineState.PROVISIONAL, np.int8)
    state[count == 0] = BaselineState.ABSENT
    state[count > params.least_readings] = BaselineState.ESTABLISHED
    return state


def baseline_doubt(params: BaselineParams, count: Int32) -> Int32:
    """How far the baseline of each channel may be off.

    Parameters
    ----------
    params : BaselineParams
        For the doubt about provisional baselines.
    count : int32 array, shape (bed, channel)
        Readings taken, the first included.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        0 where the baseline is established, and where there is none.
    """
    provisional = baseline_state(params, count) == BaselineState.PROVISIONAL
    return np.where(provisional, params.doubt_centi, 0).astype(np.int32)


def remarkable(params: BaselineParams, centre_centi: Int32, age_centi: Int32) -> Bool:
    """Whether a baseline was already abnormal before the infusion started.

    Parameters
    ----------
    params : BaselineParams
        For the limits.
    centre_centi : int32 array, shape (bed, channel)
        From :func:`robust_centre`.
    age_centi : int32 array, shape (bed,), [hundredths of a year]
        MISSING where it is not known, which counts as an adult's.

    Returns
    -------
    bool array, shape (bed, channel)
        False where there is no baseline.
    """
    outside = np.zeros(centre_centi.shape, np.bool_)
    speaks = AgeBands.of([row.ages for row in params.remarks]).speak_of(age_centi)
    for number, row in enumerate(params.remarks):
        centre = centre_centi[:, row.channel]
        below = (row.below_centi != MISSING) & (centre < row.below_centi)
        above = (row.above_centi != MISSING) & (centre > row.above_centi)
        outside[:, row.channel] |= (centre != MISSING) & (below | above) & speaks[:, number]
    return outside
