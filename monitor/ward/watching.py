"""What a bed is still watched for after the drug has stopped flowing, told when it changes."""

from typing import Final

from monitor.care.ladders import EPINEPHRINE
from monitor.care.session import OPEN
from monitor.care.watches import AfterFlow, still_open, watch_windows, watched_until_ms
from monitor.facts.effects import WatchChanged
from monitor.facts.stays import WatchWindow
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import WardState

OVER: Final = "a window has ended"
CHANGED: Final = "something was said or done"


def windows_of(state: WardState, bed: Bedside) -> tuple[WatchWindow, ...]:
    """Return every window of a bed's session, also those that have ended."""
    doses = [one.taken_ms for one in bed.course.attempts if one.drug == EPINEPHRINE and one.done]
    after = AfterFlow(
        product=bed.product,
        flow_ended_ms=bed.flow_ended_ms,
        epinephrine_ms=max(doses, default=None),
        patterns=frozenset(bed.stay.patterns),
    )
    return watch_windows(state.settings.windows, after) if bed.phase in OPEN else ()


def tell_watch(state: WardState, bed: Bedside, position: int, at_ms: int, reason: str) -> None:
    """Tell what a bed is watched for, when that is not what was last told."""
    windows = windows_of(state, bed)
    stay = bed.stay
    stay.watched_until_ms = watched_until_ms(windows)
    still = still_open(windows, at_ms)
    if still == stay.windows:
        return
    stay.windows = still
    state.tell(
        position,
        WatchChanged(at_ms=at_ms, bed=bed.name, session=bed.session, windows=still, reason=reason),
    )
