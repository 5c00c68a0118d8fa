"""The life of a baseline: what each event does to it in each state, as a table.

Before the start it takes readings; a drug sets those aside that came before it; the start
freezes it, so that a reaction can never be learned as normal. Only a long pause in which nothing
is shown makes it again (:mod:`detectors.baseline_renewal`).
"""

from enum import IntEnum
from typing import Final

import numpy as np

from detectors.baseline import BaselineParams, BaselineState, baseline_state
from detectors.baseline_statistics import kept_readings, robust_centre
from detectors.beds import Beds
from detectors.channels import MISSING, Bool, Int8, Int32, Int64


class BaselineEvent(IntEnum):
    """What can happen to a baseline."""

    READING = 0
    """A reading is believed, and nothing speaks against it."""
    DRUG = 1
    """A drug was given."""
    START = 2
    """The infusion starts."""
    REST = 3
    """A long pause ends in which nothing was shown."""


class Deed(IntEnum):
    """What an event does to a baseline."""

    NOTHING = 0
    TAKE = 1
    """The reading becomes part of it."""
    SET_ASIDE = 2
    """It stands until the next reading, which begins it anew."""
    FREEZE = 3
    """It changes no more."""
    RENEW = 4
    """It is made again from the readings of the pause, as far as it stays near the start."""


TABLE: Final[dict[BaselineState, dict[BaselineEvent, Deed]]] = {
    BaselineState.ABSENT: {
        BaselineEvent.READING: Deed.TAKE,
        BaselineEvent.DRUG: Deed.NOTHING,
        BaselineEvent.START: Deed.FREEZE,
        BaselineEvent.REST: Deed.NOTHING,
    },
    BaselineState.PROVISIONAL: {
        BaselineEvent.READING: Deed.TAKE,
        BaselineEvent.DRUG: Deed.SET_ASIDE,
        BaselineEvent.START: Deed.FREEZE,
        BaselineEvent.REST: Deed.NOTHING,
    },
    BaselineState.ESTABLISHED: {
        BaselineEvent.READING: Deed.TAKE,
        BaselineEvent.DRUG: Deed.SET_ASIDE,
        BaselineEvent.START: Deed.FREEZE,
        BaselineEvent.REST: Deed.NOTHING,
    },
    BaselineState.FROZEN: {
        BaselineEvent.READING: Deed.NOTHING,
        BaselineEvent.DRUG: Deed.NOTHING,
        BaselineEvent.START: Deed.NOTHING,
        BaselineEvent.REST: Deed.RENEW,
    },
}
"""What is done with an event in a state; every cell is there."""

_DEEDS: Final = np.array(
    [[TABLE[state][event] for event in BaselineEvent] for state in BaselineState], np.int8
)


def life_states(params: BaselineParams, beds: Beds, bed: Int32) -> Int8:
    """State of each channel's baseline in its life.

    Parameters
    ----------
    params : BaselineParams
        For the least number of readings.
    beds : Beds
        The state.
    bed : int32 array, shape (row,)
        Rows of the beds.

    Returns
    -------
    int8 array, shape (row, channel)
        A :class:`BaselineState`; FROZEN where no baseline is taken.
    """
    state = baseline_state(params, beds.window.count[bed])
    state[~beds.taking_baseline[bed]] = BaselineState.FROZEN
    return state


def deeds(params: BaselineParams, beds: Beds, bed: Int32, event: BaselineEvent) -> Int8:
    """Return the :class:`Deed` of an event for each baseline, shape (row, channel)."""
    deed: Int8 = _DEEDS[life_states(params, beds, bed), event]
    return deed


def learn(
    params: BaselineParams,
    beds: Beds,
    bed: Int32,
    *,
    value_centi: Int32,
    measured_ms: Int64,
    fit: Bool,
) -> None:
    """Let the baselines of beds that are not yet infused take new readings.

    Parameters
    ----------
    params : BaselineParams
        How baselines are made.
    beds : Beds
        The state, which is changed.
    bed : int32 array, shape (row,)
        Rows of the beds, each at most once.
    value_centi, measured_ms : arrays, shape (row, channel)
        New readings; MISSING where there is none.
    fit : bool array, shape (row, channel)
        Where a reading may be learned: it is trusted, and the person does not shiver. The
        others are counted as refused.
    """
    taking = np.flatnonzero(beds.taking_baseline[bed])
    if not taking.size:
        return
    rows, read = bed[taking], value_centi[taking] != MISSING
    takes = deeds(params, beds, rows, BaselineEvent.READING) == Deed.TAKE
    learned = read & fit[taking] & takes
    beds.window.refused[rows] += read & ~fit[taking]
    added = beds.window.take(
        params,
        rows,
        np.where(learned, value_centi[taking], MISSING).astype(np.int32),
        measured_ms[taking],
        beds.opened_ms[rows],
    )
    rows = rows[added.any(axis=1)]
    if rows.size:
        beds.baseline_centi[rows] = robust_centre(window_readings(params, beds, rows))


def window_readings(params: BaselineParams, beds: Beds, bed: Int32) -> Int32:
    """Return the readings that make the baselines of some beds, shape (row, channel, sample)."""
    window = beds.window
    return kept_readings(params, window.value_centi[bed], window.count[bed], window.unsettled[bed])


def set_aside(params: BaselineParams, beds: Beds, bed: int, given_ms: int) -> None:
    """Let the next reading begin those baselines anew that a drug was given after.

    Parameters
    ----------
    params : BaselineParams
        For the states.
    beds : Beds
        The state, which is changed.
    bed : int
        Row of the bed.
    given_ms : int
        When the drug was given [ms since the Unix epoch, UTC].
    """
    row = np.array([bed], np.int32)
    deed = deeds(params, beds, row, BaselineEvent.DRUG)[0]
    later = (deed == Deed.SET_ASIDE) & (beds.window.last_ms[bed] < given_ms)
    aside_ms = beds.window.aside_ms[bed]
    beds.window.aside_ms[bed] = np.where(later, np.maximum(aside_ms, given_ms), aside_ms)


def freeze(params: BaselineParams, beds: Beds, bed: int) -> None:
    """Take no more readings for the baselines of a bed: the drug flows."""
    row = np.array([bed], np.int32)
    if (deeds(params, beds, row, BaselineEvent.START) == Deed.FREEZE).any():
        beds.taking_baseline[bed] = False
        beds.start_centi[bed] = beds.baseline_centi[bed]
