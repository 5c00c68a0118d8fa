"""What changed at a bed, told as effects: grade, alert, advice, and the readings it needs.

Every function here looks at one bed after something about it changed, compares what is true
with what was last told, and tells the difference.
"""

from typing import Final, Literal, TypeAlias, cast

import msgspec
import numpy as np

from detectors.baseline import BaselineState, remarkable
from detectors.channels import CHANNEL_NAMES, MISSING, NEVER, Channel
from detectors.context import FLAG_NAMES
from monitor.care import alerts
from monitor.care.mitigation import NO_PATTERN_NAME, Patient, advised_steps
from monitor.care.reasons import (
    FULL_NAMES,
)
from monitor.care.session import OPEN, RUNNING
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    BaselineChanged,
    GradeChanged,
    MeasurementWanted,
    Step,
)
from monitor.ward.bedside import Bedside
from monitor.ward.opinions import opinions
from monitor.ward.pictures import REACTION, Seen, missing_measurements, one, seen
from monitor.ward.ward_state import WardState

BaselineStatus: TypeAlias = Literal["absent", "provisional", "established", "frozen"]

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


def patient(bed: Bedside) -> Patient:
    """Return what doses and rates at a bed depend on."""
    return Patient(
        weight_centi_kg=bed.opened.weight_centi_kg if bed.opened else None,
        age_years=bed.opened.age_years if bed.opened else None,
        rate_centi_ml_per_h=bed.rate_centi,
        rate_before_centi_ml_per_h=bed.rate_before_centi,
        product=bed.product,
        drug_flows=bed.phase in RUNNING,
    )


def present_signs(state: WardState, bed: Bedside) -> frozenset[str]:
    """Return what chooses rungs: confirmed signs, charted symptoms, and facts of the session."""
    grades = state.detection.signs_of(one(bed.row))[0]
    names = {state.settings.detection.signs[i] for i in np.flatnonzero(grades)}
    names |= set(bed.symptoms)
    flags = state.detection.context[bed.row]
    return frozenset(names | {FLAG_NAMES[i] for i in np.flatnonzero(flags)})


def tell_advice(state: WardState, bed: Bedside, position: int, at_ms: int) -> None:
    """Tell the steps that apply now, if they are not those last told."""
    episode = bed.episodes.get(REACTION)
    before = bed.advice
    if episode is None or episode.condition in ("pending", "ended"):
        if before is not None and before.steps:
            ended = msgspec.structs.replace(before, steps=(), reason="the condition has ended")
            _keep_advice(state, bed, position, at_ms, ended)
        bed.advice, bed.taken = None, {}
        return
    picture = episode.picture
    mine = before if before is not None and before.alert == episode.id else None
    if mine is None:
        bed.taken = {}
    ladder, steps = advised_steps(
        state.settings.ladders,
        pattern=picture.pattern,
        grade=picture.grade,
        signs=present_signs(state, bed),
        patient=patient(bed),
        before=tuple(bed.taken.values()),
    )
    now = AdviceChanged(
        at_ms=at_ms,
        bed=bed.name,
        session=bed.session,
        id=f"ad-{episode.id.removeprefix('al-')}",
        revision=0,
        alert=episode.id,
        ladder=ladder.key,
        pattern=picture.pattern,
        grade=picture.grade,
        steps=steps,
        reason=f"{picture.pattern or NO_PATTERN_NAME}, grade {picture.grade}: {ladder.title}",
    )
    if mine is None or _content(mine) != _content(now):
        _keep_advice(state, bed, position, at_ms, now)


def _content(advice: AdviceChanged) -> tuple[object, ...]:
    """Return what two advices must share to be the same to a reader."""
    return advice.ladder, advice.pattern, advice.grade, advice.steps


def _keep_advice(
    state: WardState, bed: Bedside, position: int, at_ms: int, advice: AdviceChanged
) -> None:
    bed.advised += 1
    bed.advice = msgspec.structs.replace(advice, at_ms=at_ms, revision=bed.advised)
    state.tell(position, bed.advice)


def replace_steps(
    state: WardState, bed: Bedside, position: int, at_ms: int, steps: tuple[Step, ...]
) -> None:
    """Tell the advice of a bed with its steps as people or pumps have left them."""
    bed.taken |= {step.key: step for step in steps if step.state != "offered"}
    if bed.advice is not None and bed.advice.steps != steps:
        _keep_advice(state, bed, position, at_ms, msgspec.structs.replace(bed.advice, steps=steps))


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


def tell_baseline(
    state: WardState, bed: Bedside, position: int, at_ms: int, *, freeze: bool
) -> None:
    """Tell how far the baseline of a bed has come, when that changed or it is frozen."""
    row = one(bed.row)
    states = state.detection.baseline_states(row)[0]
    needed = states[list(state.settings.silence.required)]
    status = BaselineState(int(needed.min())).name.lower()
    if status == bed.baseline and not freeze:
        return
    bed.baseline = status
    centre = state.detection.baseline_centi[bed.row]
    counts = state.detection.window.count[bed.row]
    known = [channel for channel in Channel if centre[channel] != MISSING]
    age_centi = state.detection.age_centi[row]
    odd = remarkable(state.settings.detection.baseline, centre[None], age_centi)[0]
    remarks = [f"{FULL_NAMES[c]} was already abnormal before the start" for c in known if odd[c]]
    if freeze:
        remarks += [
            f"{FULL_NAMES[c]}: {BaselineState(int(states[c])).name.lower()} baseline"
            for c in state.settings.silence.required
            if states[c] != BaselineState.ESTABLISHED
        ]
    state.tell(
        position,
        BaselineChanged(
            at_ms=at_ms,
            bed=bed.name,
            session=bed.session,
            status="frozen" if freeze else cast(BaselineStatus, status),
            centre_centi={CHANNEL_NAMES[c]: int(centre[c]) for c in known},
            readings={CHANNEL_NAMES[c]: int(counts[c]) for c in known},
            remarks=tuple(remarks),
        ),
    )
