"""What time alone makes due in the care of a bed: ends of windows, vital signs, the end of a watch.

Only beds whose time has come are looked at, so a ward in which nothing is due costs one
comparison a step. Whatever changes the care of a bed sets its time to now.
"""

from typing import Final

import numpy as np

from monitor.care.session import OPEN, next_phase
from monitor.care.watches import minutes_left
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import REACTION
from monitor.ward.session_acts import move
from monitor.ward.timetable import tell_overdue
from monitor.ward.ward_state import LAST, LATER, WardState
from monitor.ward.watching import OVER, tell_watch

LOOK_AGAIN_MS: Final = 60_000
"""Engineering: how often a watch that could not be ended is looked at again."""


def tell_care_due(state: WardState, now_ms: int) -> None:
    """Tell everything about the care of all beds that time alone has made due."""
    for row in np.flatnonzero(state.look_ms <= now_ms).tolist():
        if row < len(state.beds):
            state.look_ms[row] = _told_at(state, state.beds[row], now_ms)


def _told_at(state: WardState, bed: Bedside, now_ms: int) -> int:
    """Tell what is due at one bed and return when to look at it again."""
    if bed.phase not in OPEN:
        return LATER
    tell_watch(state, bed, LAST, now_ms, OVER)
    again_ms = _watched(state, bed, now_ms)
    if bed.phase not in OPEN:
        return LATER
    ends_ms = [window.until_ms for window in bed.stay.windows]
    return min([again_ms, tell_overdue(state, bed, LAST, now_ms), *ends_ms])


def _watched(state: WardState, bed: Bedside, now_ms: int) -> int:
    """Close a session that was watched for long enough, or return when to look again.

    While a reaction lasts, or nobody can say how the person is, a watch does not end by itself.
    """
    until_ms = bed.stay.watched_until_ms
    if next_phase(bed.phase, "watched") is None or until_ms is None or now_ms < until_ms:
        return LATER
    reaction = bed.episodes.get(REACTION)
    if bed.grade != 0 or (reaction is not None and reaction.condition != "ended"):
        return now_ms + LOOK_AGAIN_MS
    waited = minutes_left(until_ms, bed.flow_ended_ms or until_ms)
    reason = f"watched for {waited} min after the end of the flow"
    move(state, bed, "watched", reason, position=LAST, at_ms=now_ms)
    return LATER
