"""The loop of mitigation at one bed: what is advised now, and what became of what was done.

The course itself is a frozen record with its own rules (:mod:`monitor.care.courses`). Here it
meets the bed: its episode, its pump, its clock, and the advice that was last told.
"""

from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from detectors.context import FLAG_NAMES
from monitor.care import courses
from monitor.care.contradictions import contradiction
from monitor.care.courses import Course
from monitor.care.ladders import AFTERWARDS, Ladder, LadderStep, ladder_for
from monitor.care.mitigation import (
    NO_PATTERN_NAME,
    Patient,
    advised_steps,
    dose_refusal,
    steps_still_taken,
)
from monitor.care.responses import Look
from monitor.care.restarts import END_WORDS, PLAN_EVENT_OF
from monitor.care.session import OPEN, RUNNING, SessionEvent
from monitor.facts.effects import AdviceChanged, Step
from monitor.facts.records import ActTaken, PumpReported
from monitor.ward.bedside import Bedside
from monitor.ward.circumstances import circumstances
from monitor.ward.pictures import REACTION, one, seen
from monitor.ward.restarting import (
    kept_waiting,
    restart_nearness,
    tell_unknown_nearness,
    waiting_words,
)
from monitor.ward.unmeasured import tell_unmeasured
from monitor.ward.ward_state import LAST, LATER, WardState

SEVERE: Final = 3
"""The grade of the ladder that is followed where somebody gave epinephrine and nothing is seen."""

TAKEN: Final = frozenset({"started", "done"})


def patient(bed: Bedside) -> Patient:
    """Return what doses and rates at a bed depend on."""
    return Patient(
        weight_centi_kg=bed.opened.weight_centi_kg if bed.opened else None,
        age_years=bed.opened.age_years if bed.opened else None,
        rate_centi_ml_per_h=bed.rate_centi,
        product=bed.product,
        drug_flows=bed.phase in RUNNING,
        reaction_rate_centi=bed.course.reaction_rate_centi,
        tolerated_centi=bed.course.tolerated_centi,
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
    if episode is None or episode.condition in ("pending", "ended"):
        is_pending = episode is not None and episode.condition == "pending"
        _tell_afterwards(state, bed, position, at_ms, is_pending=is_pending)
        return
    picture = episode.picture
    if bed.advice is None or bed.advice.alert != episode.id:
        bed.taken = {}
    signs = present_signs(state, bed)
    course = courses.seen(
        bed.course,
        episode=episode.id,
        pattern=picture.pattern,
        grade=picture.grade,
        signs=signs,
        rate_centi=bed.rate_centi,
        at_ms=at_ms,
    )
    ladder = _ladder(state, picture.pattern, picture.grade)
    _keep_course(state, bed, courses.ended(course, ladder, pattern=picture.pattern))
    title = f"{picture.pattern or NO_PATTERN_NAME}, grade {picture.grade}: {ladder.title}"
    _tell_steps(
        state, bed, position, at_ms, pattern=picture.pattern, grade=picture.grade, reason=title
    )


def _tell_afterwards(
    state: WardState, bed: Bedside, position: int, at_ms: int, *, is_pending: bool
) -> None:
    """Tell what follows a reaction: nothing, until the person was well for the clear time."""
    before, course = bed.advice, bed.course
    if bed.phase not in OPEN or not (course.begun or course.end):
        if before is not None and before.steps:
            _keep_advice(state, bed, position, at_ms, _without_steps(before))
        bed.advice, bed.taken, state.advice_waits[bed.row] = None, {}, False
        return
    if not course.begun:
        given = f"{END_WORDS[course.end]} before any reaction was seen"
        _tell_steps(
            state,
            bed,
            position,
            at_ms,
            pattern="",
            grade=SEVERE,
            reason=f"{given}: the infusion is over for this session",
            is_over=True,
        )
        return
    if is_pending:
        course = courses.unsettled(course)
    elif course.well_ms is None:
        bed.taken = {}
        course = courses.well(course, _ladder(state, course.pattern, course.grade), at_ms)
    _keep_course(state, bed, course)
    reason = "the condition has ended"
    if course.end:
        reason += f"; the infusion is over for this session: {END_WORDS[course.end]}"
    _tell_steps(
        state,
        bed,
        position,
        at_ms,
        pattern=course.pattern,
        grade=course.grade,
        reason=reason,
        is_over=True,
    )


def _tell_steps(
    state: WardState,
    bed: Bedside,
    position: int,
    at_ms: int,
    *,
    pattern: str,
    grade: int,
    reason: str,
    is_over: bool = False,
) -> None:
    """Tell the open steps of a ladder, if anything about them is new.

    When the reaction ``is_over``, only what follows one is left: a new suspicion that is not
    confirmed stops the clear time, and does not bring the old reaction's first steps back. Where
    the infusion is over before any reaction was seen, and still runs, it is only to be stopped.
    """
    course, before, near = bed.course, bed.advice, restart_nearness(state, bed, at_ms)
    well = course.well_ms is not None or course.offered_ms is None
    who = kept_waiting(patient(bed), near)
    must_stop = not course.begun and who.drug_flows
    ladder = _ladder(state, pattern, grade)
    signs = present_signs(state, bed) | circumstances(state, bed, ladder, at_ms)
    ladder, steps = advised_steps(
        state.settings.ladders,
        pattern=pattern,
        grade=grade,
        signs=course.signs if well else signs,
        patient=who,
        before=tuple(bed.taken.values()),
        course=replace(course, well_ms=None) if must_stop else course,
    )
    if is_over:
        follows = {
            step.key
            for step in ladder.steps
            if (step.kind == "stop" if must_stop else step.offered in AFTERWARDS)
        }
        steps = tuple(step for step in steps if step.key in follows)
    may_restart = course.well_ms is not None and course.plan in ("slowed", "paused")
    now = AdviceChanged(
        at_ms=at_ms,
        bed=bed.name,
        session=bed.session,
        id=f"ad-{course.episode.removeprefix('al-') or bed.session}",
        revision=0,
        alert=course.episode,
        ladder=ladder.key,
        pattern=pattern,
        grade=grade if course.begun else 0,
        steps=steps,
        reason=reason,
        plan=course.plan,
        end=END_WORDS[course.end] if course.end else "",
        recurrences=course.recurrences,
        why=course.why or waiting_words(near),
        restart_ms=courses.clear_ms(course, ladder) if may_restart else None,
    )
    if before is None and not steps:
        return
    if before is None or _content(before) != _content(now):
        _keep_advice(state, bed, position, at_ms, now)
        tell_unknown_nearness(state, bed, position, now, near)


def _ladder(state: WardState, pattern: str, grade: int) -> Ladder:
    return ladder_for(state.settings.ladders, pattern or NO_PATTERN_NAME, grade)


def _without_steps(advice: AdviceChanged) -> AdviceChanged:
    return msgspec.structs.replace(
        advice, steps=(), reason="the condition has ended", why="", restart_ms=None
    )


def _content(advice: AdviceChanged) -> tuple[object, ...]:
    """Return what two advices must share to be the same to a reader."""
    return (
        advice.alert,
        advice.ladder,
        advice.pattern,
        advice.grade,
        advice.steps,
        advice.plan,
        advice.end,
        advice.why,
        advice.restart_ms,
    )


def _keep_advice(
    state: WardState, bed: Bedside, position: int, at_ms: int, advice: AdviceChanged
) -> None:
    bed.advised += 1
    bed.advice = msgspec.structs.replace(advice, at_ms=at_ms, revision=bed.advised)
    state.tell(position, bed.advice)


def _keep_course(state: WardState, bed: Bedside, course: Course) -> None:
    """Keep a course, and when time alone will next change it."""
    bed.course = course
    due_ms = None
    if course.begun:
        ladder = _ladder(state, course.pattern, course.grade)
        unanswered_ms = state.settings.mitigation.times.unanswered_ms
        due_ms = courses.due_ms(course, ladder, unanswered_ms=unanswered_ms)
    state.course_due_ms[bed.row] = LATER if due_ms is None else due_ms


def replace_steps(
    state: WardState,
    bed: Bedside,
    position: int,
    at_ms: int,
    steps: tuple[Step, ...],
    act: ActTaken | None = None,
) -> None:
    """Tell the advice of a bed with its steps as people or pumps have left them."""
    if bed.advice is None:
        return
    states = {step.key: step.state for step in bed.advice.steps}
    rungs = {rung.key: rung for rung in _open_ladder(state, bed).steps}
    course, look = bed.course, look_at(state, bed, at_ms)
    for step in steps:
        rung = rungs.get(step.key)
        if rung is None or step.state not in TAKEN:
            continue
        if step.state != states.get(step.key) or _is_another_dose(course, rung, act):
            course = _attempted(state, bed, course, rung, step, look, act)
    bed.taken |= {step.key: step for step in steps if step.state != "offered"}
    _keep_course(state, bed, course)
    tell_advice(state, bed, position, at_ms)


def end_if_reason(state: WardState, bed: Bedside, at_ms: int) -> None:
    """End the infusion for this session where what was given is a reason to."""
    course = courses.ended_before_any(bed.course, at_ms)
    if not course.begun:
        _keep_course(state, bed, course)
        return
    ladder = _ladder(state, course.pattern, max(1, course.grade))
    _keep_course(state, bed, courses.ended(course, ladder, pattern=course.pattern))


def open_rungs(state: WardState, bed: Bedside) -> tuple[LadderStep, ...]:
    """Return the rungs of the ladder that was last told; none where nothing is advised."""
    return _open_ladder(state, bed).steps if bed.advice is not None else ()


def refused_dose(state: WardState, bed: Bedside, act: ActTaken) -> str:
    """Return why a dose that a person recorded is refused, or ""."""
    rungs = {rung.key: rung for rung in _open_ladder(state, bed).steps}
    return dose_refusal(rungs[act.step], act) if act.step in rungs else ""


def _is_another_dose(course: Course, rung: LadderStep, act: ActTaken | None) -> bool:
    """Whether a person says that a drug was given once more, before it was offered again."""
    if act is None or act.step != rung.key or act.status != "done" or not rung.drug:
        return False
    return act.measured_ms not in course.doses(rung.drug)


def _attempted(
    state: WardState,
    bed: Bedside,
    course: Course,
    rung: LadderStep,
    step: Step,
    look: Look,
    act: ActTaken | None,
) -> Course:
    kind = bed.product.kind if bed.product is not None else "other"
    found = courses.taken(
        course,
        rung,
        look,
        by=step.by,
        done=step.state == "done",
        within_ms=state.settings.mitigation.recovery_ms(course.pattern, kind),
        dose=(act.dose_centi, act.dose_unit) if act is not None else (None, ""),
    )
    is_stopped = act is not None and rung.kind == "stop" and step.state == "done"
    return courses.stopped(found) if is_stopped else found


def _open_ladder(state: WardState, bed: Bedside) -> Ladder:
    """Return the ladder of the advice that was last told."""
    key = bed.advice.ladder if bed.advice is not None else ""
    return next(ladder for ladder in state.settings.ladders if ladder.key == key)


def look_at(state: WardState, bed: Bedside, at_ms: int) -> Look:
    """Return what the detector holds of a bed now: confirmed signs and their reasons."""
    picture = seen(state, bed).picture
    if picture is None:
        return Look(at_ms=at_ms, signs=(), rows=())
    signs = tuple((sign, grade) for sign, grade in picture.signs if not sign.endswith("?"))
    held = frozenset(sign for sign, _ in signs)
    rows = tuple(row for row in picture.because if row.sign in held)
    return Look(at_ms=at_ms, signs=signs, rows=rows)


def take_flow(state: WardState, bed: Bedside, event: SessionEvent, at_ms: int) -> None:
    """Let the plan of a bed follow what flows now."""
    if event in PLAN_EVENT_OF:
        moved = courses.flowed(
            bed.course, PLAN_EVENT_OF[event], rate_centi=bed.rate_before_centi, at_ms=at_ms
        )
        _keep_course(state, bed, moved)


def undo_steps(state: WardState, bed: Bedside, event: SessionEvent) -> None:
    """Forget steps as taken that a pump shows to be done no longer."""
    still = steps_still_taken(state.settings.ladders, bed.taken, event)
    _keep_course(state, bed, courses.untaken(bed.course, set(bed.taken) - set(still)))
    bed.taken = still


def check_pump(
    state: WardState, bed: Bedside, report: PumpReported, event: SessionEvent | None
) -> bool:
    """Keep what a pump report contradicts, and return whether that is news.

    What ran against the end of an infusion does so until the drug no longer flows.
    """
    kinds = {rung.key: rung.kind for ladder in state.settings.ladders for rung in ladder.steps}
    found = contradiction(
        tuple(bed.taken.values()),
        kinds,
        bed.course,
        report,
        resumed=event == "resume" or (bed.contradiction is not None and bool(bed.course.end)),
        grace_ms=state.settings.mitigation.times.pump_grace_ms,
    )
    if found is not None and bed.contradiction is not None:
        found = replace(found, since_ms=bed.contradiction.since_ms)
    is_news = found != bed.contradiction
    bed.contradiction = found
    return is_news


def tell_course_due(state: WardState, now_ms: int) -> None:
    """Tell what time alone has changed: steps that did not help, restarts that may follow."""
    for row in np.flatnonzero(state.course_due_ms <= now_ms):
        bed = state.beds[row]
        if bed.phase not in OPEN or not bed.course.begun:
            state.course_due_ms[row] = LATER
            continue
        course, look = bed.course, look_at(state, bed, now_ms)
        after = courses.looked(
            course,
            _ladder(state, course.pattern, course.grade),
            look,
            unanswered_ms=state.settings.mitigation.times.unanswered_ms,
        )
        _keep_course(state, bed, after)
        tell_unmeasured(state, bed, look, after)
        tell_advice(state, bed, LAST, now_ms)
