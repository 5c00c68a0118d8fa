"""The baseline of a bed: the readings it is made of, and how far it can be relied on.

What is computed from the readings stands in :mod:`detectors.baseline_statistics`; which reading
may become one of them, and when, in :mod:`detectors.baseline_life`.
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
    FROZEN = 3
    """The drug flows, or has flowed: readings are compared with it and change it no more."""


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
    rest_ms : int
        Readings earlier after opening than this are unsettled.
    noise_readings : int
        From so many readings on the noise is stated.
    drift_readings : int
        From so many readings on the drift is stated.
    settling_centi : int32 array, shape (channel,)
        A drift of so much or more is remarked as still settling.
    renewal_pause_ms : int
        A pause of so long or longer may make a baseline again.
    renewal_within_ms : int
        From readings that are no older than this when it ends.
    not_during : tuple of str
        While one of these signs is charted, readings are not taken for a baseline.
    """

    least_readings: int
    spacing_ms: Int64
    doubt_centi: Int32
    remarks: tuple[BaselineRemark, ...]
    rest_ms: int
    noise_readings: int
    drift_readings: int
    settling_centi: Int32
    renewal_pause_ms: int
    renewal_within_ms: int
    not_during: tuple[str, ...]


class BaselineWindow:
    """The readings from which the baselines of all beds are made.

    Attributes
    ----------
    value_centi : int32 array, shape (bed, channel, sample)
        A ring of readings in order of arrival; MISSING in unused places.
    count : int32 array, shape (bed, channel)
        Readings ever taken, also those that have left the window.
    unsettled : int32 array, shape (bed, channel)
        How many of them were taken before the rest was over; they are the first ones.
    last_ms : int64 array, shape (bed, channel)
        When the newest one was measured; NEVER if none.
    aside_ms : int64 array, shape (bed, channel)
        When a drug was given after the newest one; NEVER if none was. The next reading that is
        not older begins the baseline anew.
    refused : int32 array, shape (bed, channel)
        Readings that were not taken, because they were doubted or the person shivered.
    """

    NAMES: Final = ("value_centi", "count", "unsettled", "last_ms", "aside_ms", "refused")

    def __init__(self, n_beds: int) -> None:
        shape = (n_beds, N_CHANNELS)
        self.value_centi: Int32 = np.full((*shape, BASELINE_DEPTH), MISSING, np.int32)
        self.count: Int32 = np.zeros(shape, np.int32)
        self.unsettled: Int32 = np.zeros(shape, np.int32)
        self.last_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.aside_ms: Int64 = np.full(shape, NEVER, np.int64)
        self.refused: Int32 = np.zeros(shape, np.int32)

    def clear(self, bed: int) -> None:
        """Forget the readings of one bed."""
        new = BaselineWindow(1)
        for name in self.NAMES:
            getattr(self, name)[bed] = getattr(new, name)[0]

    def take(
        self,
        params: BaselineParams,
        bed: Int32,
        value_centi: Int32,
        measured_ms: Int64,
        opened_ms: Int64,
    ) -> Bool:
        """Add one round of readings and return where one was added.

        Parameters
        ----------
        params : BaselineParams
            For the spacing and the rest.
        bed : int32 array, shape (row,)
            Rows of the beds, each at most once.
        value_centi, measured_ms : arrays, shape (row, channel)
            Readings to add; MISSING where there is none.
        opened_ms : int64 array, shape (row,)
            When the session was opened; NEVER where that is not known, which counts as rested.

        Returns
        -------
        bool array, shape (row, channel)
        """
        last_ms = self.last_ms[bed]
        spaced = (last_ms == NEVER) | (
            measured_ms - np.where(last_ms == NEVER, 0, last_ms) >= params.spacing_ms
        )
        # NEVER is before every time, so where no drug was given no reading is too old.
        added: Bool = (value_centi != MISSING) & spaced & (measured_ms >= self.aside_ms[bed])
        row, channel = np.nonzero(added)
        bed_row = bed[row]
        anew = self.aside_ms[bed_row, channel] != NEVER
        if anew.any():
            self.value_centi[bed_row[anew], channel[anew]] = MISSING
            self.count[bed_row[anew], channel[anew]] = 0
            self.unsettled[bed_row[anew], channel[anew]] = 0
            self.aside_ms[bed_row[anew], channel[anew]] = NEVER
        place = self.count[bed_row, channel] % BASELINE_DEPTH
        read_ms = measured_ms[row, channel]
        since_ms = opened_ms[row]
        known = since_ms != NEVER
        restless = known & (read_ms - np.where(known, since_ms, 0) < params.rest_ms)
        self.value_centi[bed_row, channel, place] = value_centi[row, channel]
        self.count[bed_row, channel] += 1
        self.unsettled[bed_row, channel] += restless
        self.last_ms[bed_row, channel] = read_ms
        return added


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
