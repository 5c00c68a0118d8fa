"""What is true of a reaction besides its signs, where a rung of a ladder asks for it."""

from detectors.channels import Channel
from monitor.care.ladders import PRESSURE_UNKNOWN, SOON_AFTER_START, Ladder
from monitor.ward.bedside import Bedside
from monitor.ward.pictures import REACTION
from monitor.ward.ward_state import WardState


def circumstances(state: WardState, bed: Bedside, ladder: Ladder, at_ms: int) -> frozenset[str]:
    """Return which of :data:`monitor.care.ladders.CIRCUMSTANCES` hold now; none without a reaction.

    What is not known is taken for the more dangerous: a start of which nobody told is a recent one,
    and a pressure is known only if it was measured when the reaction began, or since, and is not
    too old. Where the ladder asks for that, every reading is looked at from now on, and so is the
    time at which the pressure grows too old.
    """
    episode = bed.episodes.get(REACTION)
    if episode is None:
        return frozenset()
    found = set()
    times = state.settings.mitigation.times
    since_start_ms = None if bed.started_ms is None else episode.onset_ms - bed.started_ms
    if since_start_ms is None or since_start_ms <= times.soon_after_start_ms:
        found.add(SOON_AFTER_START)
    measured_ms = int(state.detection.measured_ms[bed.row, Channel.SBP])
    valid_ms = int(state.detection.params.valid_ms[Channel.SBP])
    is_asked = any(PRESSURE_UNKNOWN in rung.signs for rung in ladder.steps)
    if measured_ms < episode.onset_ms - times.pressure_known_ms or at_ms - measured_ms > valid_ms:
        found.add(PRESSURE_UNKNOWN)
        state.advice_waits[bed.row] |= is_asked
    elif is_asked:
        due_ms = int(state.course_due_ms[bed.row])
        state.course_due_ms[bed.row] = min(due_ms, measured_ms + valid_ms + 1)
    return frozenset(found)
