"""What nobody is being told at a bed at this moment, each with its reason."""

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.facts.views import UntoldView
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import PENDING_LEAST_GRADE
from monitor.ward.ward_state import WardState

WAITS = "read once, waits for its repeat"


def untold(state: WardState, beds: Sequence[Bedside]) -> Mapping[int, tuple[UntoldView, ...]]:
    """Return what is not told, by row, of the beds where there is something.

    Alerts that do not call, with the reason for that; and mild signs that were read once. A
    severe one that waits is an alert already.
    """
    rows = np.array([bed.row for bed in beds], np.int32)
    shown, sure = state.detection.shown[rows], state.detection.signs_of(rows)
    waiting = set(rows[((sure < shown) & (shown < PENDING_LEAST_GRADE)).any(axis=1)].tolist())
    found: dict[int, tuple[UntoldView, ...]] = {}
    for bed in beds:
        quiet = [
            UntoldView(what=one.picture.label, reason=one.reason, alert=one.id)
            for one in sorted(bed.episodes.values(), key=lambda one: one.raised_ms)
            if one.signal != "on"
        ]
        if bed.row in waiting:
            quiet += _waiting(state, bed.row)
        if quiet:
            found[bed.row] = tuple(quiet)
    return found


def _waiting(state: WardState, row: int) -> list[UntoldView]:
    shown = state.detection.shown[row].tolist()
    sure = state.detection.signs_of(np.array([row], np.int32))[0].tolist()
    return [
        UntoldView(what=f"{sign} grade {grade}", reason=WAITS)
        for sign, grade, known in zip(state.detection.params.signs, shown, sure, strict=True)
        if known < grade < PENDING_LEAST_GRADE
    ]
