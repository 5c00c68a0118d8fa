"""What changed at a bed, told as effects: grade, alert, advice, and the readings it needs.

Every function here looks at one bed after something about it changed, compares what is true
with what was last told, and tells the difference.
"""

from typing import Final

from detectors.channels import NEVER, Channel
from monitor.care import alerts
from monitor.care.session import OPEN
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    GradeChanged,
    MeasurementWanted,
)
from monitor.ward.advising import tell_advice
from monitor.ward.bedside import Bedside
from monitor.ward.opinions import opinions
from monitor.ward.pictures import REACTION, Seen, missing_measurements, one, seen
from monitor.ward.ward_state import WardState

PRESSURE_SIGNS: Final = frozenset({"hypotension", "hypertension"})


def tell_judged(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell everything that a new judgement of a bed changed."""
    row = int(state.detection.pattern[bed.row])
    bed.pattern = state.settings.detection.patterns[row].name if row >= 0 else ""
    now = seen(state, bed)
    tell_grade(state, bed, position, at_ms)
    _tell_episode(state, bed, position, at_ms, now)
    tell_advice(state, bed, position, at_ms)
    _tell_wanted(state, bed, position, at_ms, now)


def tell_grade(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell the grade of a bed, or that it is not assessable and why, when that changed."""
    grade = int(state.detection.grade_of(one(bed.row))[0])
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


def _tell_episode(state: WardState, bed: Bedside, position: int, at_ms: int, now: Seen) -> None:
    before = bed.episodes.get(REACTION)
    going = before if before is not None and before.condition != "ended" else None
    if now.picture is None:
        if going is not None:
            latched = state.settings.alerts.latch_priorities
            tell_episode(state, bed, alerts.ended(going, latched=latched), position, at_ms)
        return
    if going is None:
        if before is not None:
            # What was latched is closed by the new episode, which is on and says more.
            tell_episode(state, bed, alerts.signalled(before, "acknowledge"), position, at_ms)
        after = alerts.raised(
            now.picture,
            session=bed.session,
            bed=bed.name,
            onset_ms=bed.new_onset(REACTION, now.onset_ms),
            at_ms=at_ms,
            pending=now.pending,
        )
        tell_episode(state, bed, after, position, at_ms)
        return
    after = going
    if not now.picture.same_as(going.picture) or (going.condition == "pending") > now.pending:
        after = alerts.updated(going, now.picture, at_ms=at_ms, pending=now.pending)
    tell_episode(state, bed, after, position, at_ms)


def tell_episode(
    state: WardState, bed: Bedside, after: alerts.Episode, position: int, at_ms: int
) -> None:
    """Keep an episode as it now is, and tell the change unless there is none."""
    cause = after.picture.cause
    before = bed.episodes.get(cause)
    if before is not None and before.id != after.id:
        before = None
    if before == after:
        return
    after = alerts.revised(before, after)
    if after.open:
        bed.episodes[cause] = after
        state.standing.add(bed.row)
    else:
        bed.episodes.pop(cause, None)
    if cause == REACTION and after.condition == "active" and after.picture.pattern:
        bed.stay.patterns.add(after.picture.pattern)
        state.look_ms[bed.row] = 0
    state.tell(
        position,
        alerts.alert_changed(
            before,
            after,
            at_ms=at_ms,
            bed=bed.name,
            rulebook=state.settings.digest,
            books=opinions(state, bed) if cause == REACTION else (),
        ),
    )


def _tell_wanted(state: WardState, bed: Bedside, position: int, at_ms: int, now: Seen) -> None:
    """Ask for the readings that would decide: repeats of unconfirmed signs, and old pressures."""
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
