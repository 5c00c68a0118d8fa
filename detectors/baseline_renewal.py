"""Baselines that are made again in a long pause, from readings in which nothing was shown.

A pause is no second beginning: the person has had the drug, and perhaps a reaction. So a baseline
is made again only where nothing is shown at the bed, and only as far as it stays near the one of
the start; a larger shift is noted and not absorbed. A baseline that was missing is made. A level
that is dangerous is not excused by any baseline (:mod:`detectors.active_book`).
"""

from dataclasses import dataclass

import numpy as np

from detectors.baseline import BASELINE_DEPTH, BaselineParams, baseline_doubt, remarkable
from detectors.baseline_life import BaselineEvent, Deed, deeds
from detectors.baseline_statistics import robust_centre
from detectors.beds import Beds
from detectors.channels import MISSING, N_CHANNELS, NEVER, Bool, Int32, Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What a pause did to the baselines of one bed.

    Attributes
    ----------
    taken : bool array, shape (channel,)
        The baseline was made again.
    shift_centi : int32 array, shape (channel,), [hundredths]
        How far the readings of the pause lie above the baseline of the start where that was too
        far to be absorbed; MISSING elsewhere.
    """

    taken: Bool
    shift_centi: Int32


def renewed(params: BaselineParams, beds: Beds, bed: int, *, paused_ms: int, at_ms: int) -> Renewal:
    """Make the baselines of a bed again from the last readings of a pause, where that is safe.

    Parameters
    ----------
    params : BaselineParams
        How long a pause must be, and how near its end a reading.
    beds : Beds
        The state, which is changed.
    bed : int
        Row of the bed.
    paused_ms, at_ms : int
        Since when the drug did not flow, and when it flows again [ms since the Unix epoch, UTC].

    Returns
    -------
    Renewal
    """
    row = np.array([bed], np.int32)
    shows = (beds.shown[bed] | beds.charted[bed] | beds.track.grade[bed]).any()
    if shows or at_ms - paused_ms < params.renewal_pause_ms:
        return Renewal(
            taken=np.zeros(N_CHANNELS, np.bool_),
            shift_centi=np.full(N_CHANNELS, MISSING, np.int32),
        )
    recent = beds.history.rows(row)
    earliest_ms = max(paused_ms + 1, at_ms - params.renewal_within_ms)
    fresh = (recent.measured_ms >= earliest_ms) & (recent.measured_ms <= at_ms)
    kept = np.where(fresh, recent.value_centi, MISSING).astype(np.int32)
    centre = robust_centre(kept)[0]
    enough = fresh[0].sum(axis=-1) >= params.least_readings
    enough &= ~remarkable(params, centre[None], beds.age_centi[row])[0]
    enough &= deeds(params, beds, row, BaselineEvent.REST)[0] == Deed.RENEW
    start = np.where(
        beds.start_centi[bed] == MISSING, beds.baseline_centi[bed], beds.start_centi[bed]
    )
    known = enough & (start != MISSING)
    shift = np.where(known, centre.astype(np.int64) - np.where(known, start, 0), 0)
    limit = params.settling_centi + baseline_doubt(params, beds.window.count[row])[0]
    near = np.abs(shift) <= limit
    taken = enough & near
    for channel in np.flatnonzero(taken).tolist():
        _make_again(beds, bed, channel, recent.measured_ms[0, channel], kept[0, channel])
    beds.baseline_centi[bed] = np.where(taken, centre, beds.baseline_centi[bed])
    beds.start_centi[bed] = np.where(taken & ~known, centre, start)
    too_far = np.where(known & ~near, shift, MISSING).astype(np.int32)
    return Renewal(taken=taken, shift_centi=too_far)


def _make_again(beds: Beds, bed: int, channel: int, read_ms: Int64, kept_centi: Int32) -> None:
    """Put the readings of a pause into the window; its first place stays empty.

    There is no first reading of a sitting among them that should be left out.
    """
    values = kept_centi[kept_centi != MISSING][-(BASELINE_DEPTH - 1) :]
    window = beds.window
    window.value_centi[bed, channel] = MISSING
    window.value_centi[bed, channel, 1 : 1 + len(values)] = values
    window.count[bed, channel] = 1 + len(values)
    window.unsettled[bed, channel] = 0
    window.last_ms[bed, channel] = read_ms[kept_centi != MISSING].max()
    window.aside_ms[bed, channel] = NEVER
