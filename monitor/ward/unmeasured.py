"""Which values are asked for because without them nobody can say whether a step has helped."""

from monitor.care.courses import Course
from monitor.care.responses import Look
from monitor.facts.effects import MeasurementWanted
from monitor.ward.bedside import Bedside
from monitor.ward.ward_state import LAST, WardState


def tell_unmeasured(state: WardState, bed: Bedside, look: Look, course: Course) -> None:
    """Ask for the values without which nobody can say whether a step has helped."""
    open_ones = [
        attempt
        for attempt in course.attempts
        if attempt.response is not None
        and attempt.response.at_ms == look.at_ms
        and attempt.response.verdict == "not-measured"
    ]
    channels = {
        row.channel: attempt.key
        for attempt in open_ones
        for row in look.rows
        if row.channel and (row.measured_ms or 0) <= attempt.taken_ms
    }
    for channel, key in sorted(channels.items()):
        state.tell(
            LAST,
            MeasurementWanted(
                at_ms=look.at_ms,
                bed=bed.name,
                session=bed.session,
                channel=channel,
                reason=f"has it helped ({key})? no value since it was taken",
            ),
        )
