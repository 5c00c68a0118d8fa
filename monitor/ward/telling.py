"""What changed at a bed, told as effects: grade, alert, advice, and the readings it needs.

Every function here looks at one bed after something about it changed, compares what is true
with what was last told, and tells the difference.
"""

from typing import Final

from detectors.channels import NEVER, Channel
from monitor.care.session import OPEN
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    GradeChanged,
    MeasurementWanted,
)
from monitor.ward.advising import tell_advice
from monitor.ward.alerting import tell_reaction
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.likelihood import open_questions
from monitor.ward.pictures import Seen, missing_measurements, seen
from monitor.ward.ward_state import WardState

PRESSURE_SIGNS: Final = frozenset({"hypotension", "hypertension"})


def tell_judged(
    state: WardState, bed: Bedside, position: int, at_ms: int, judged: Judged | None = None
) -> None:
    """Tell everything that a new judgement of a bed changed.

    ``judged`` are the beds that were judged in the same round, this one among them.
    """
    if judged is None:
        judged = Judged.alone(state, bed)
    row = int(state.detection.pattern[bed.row])
    bed.pattern = state.settings.detection.patterns[row].name if row >= 0 else ""
    now = seen(state, bed, judged)
    tell_grade(state, bed, position, at_ms, judged)
    tell_reaction(state, bed, position, at_ms, now, judged)
    tell_advice(state, bed, position, at_ms)
    _tell_wanted(state, bed, position, at_ms, now, judged)


def tell_grade(
    state: WardState, bed: Bedside, position: int, at_ms: int, judged: Judged | None = None
) -> None:
    """Tell the grade of a bed, or that it is not assessable and why, when that changed.

    ``judged`` are the beds among which it was just judged, where there are any.
    """
    if judged is None:
        judged = Judged.alone(state, bed)
    grade = judged.grade[judged.place(bed)]
    missing = missing_measurements(state, bed)
    if bed.phase not in OPEN:
        missing = ("no session is open",)
    if grade == 0 and missing:
        grade = NOT_ASSESSABLE
    if bed.grade == grade:
        return
    before = NOT_ASSESSABLE if bed.grade is None else bed.grade
    bed.grade = grade
    state.told_grade[bed.row] = grade
    state.tell(
        position,
        GradeChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            grade=grade,
            before=before,
            pattern=bed.pattern,
            reasons=missing,
        ),
    )


def _tell_wanted(
    state: WardState, bed: Bedside, position: int, at_ms: int, now: Seen, judged: Judged
) -> None:
    """Ask for what would decide: repeats, old pressures, signs that nobody has looked at."""
    wanted: dict[str, str] = {}
    unsure = {sign for sign, _ in now.unconfirmed}
    if now.picture is not None:
        for row in now.picture.because:
            if row.sign in unsure and row.channel:
                wanted.setdefault(row.channel, f"{row.words}: not confirmed, repeat it now")
        sbp_ms = int(state.detection.measured_ms[bed.row, Channel.SBP])
        old = sbp_ms == NEVER or at_ms - sbp_ms > state.settings.silence.pressure_old_ms
        if old and not any(sign in PRESSURE_SIGNS for sign, _ in now.picture.signs):
            age = "none yet" if sbp_ms == NEVER else f"{(at_ms - sbp_ms) // 1000} s old"
            wanted.setdefault("sbp", f"{now.picture.label}; the last pressure is {age}")
        for what, reason in open_questions(state, bed, at_ms, judged):
            wanted.setdefault(what, reason)
    for channel in sorted(set(wanted) - bed.wanted):
        state.tell(
            position,
            MeasurementWanted(
                at_ms=at_ms,
                bed=bed.name,
                session=bed.session,
                channel=channel,
                reason=wanted[channel],
            ),
        )
    bed.wanted = frozenset(wanted)
