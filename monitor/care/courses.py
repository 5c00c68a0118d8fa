"""The course of mitigation in one session: what was tried, whether it helped, what may follow.

A :class:`Course` is a frozen record. Every function takes one with what happened and returns the
next; nothing else about mitigation is remembered. A step goes from offered to started and done
(or declined, or not possible, with the reason); what was started or done is an
:class:`Attempt` with a time at which it is looked at. If it did not help by then, the next rungs
open by themselves; if it helped but is not over, it is looked at once more when recovery was to
be expected.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from monitor.care.attempts import FLOW_KINDS, GIVEN, Attempt, looked_at
from monitor.care.ladders import (
    AFTERWARDS,
    AT_ONCE,
    EPINEPHRINE,
    NOT_IMPROVED,
    RECURRENT,
    Ladder,
    LadderStep,
    Offered,
)
from monitor.care.responses import HELPED, Look, response
from monitor.care.restarts import (
    EndReason,
    Plan,
    PlanEvent,
    end_reason,
    next_plan,
)

SILENCE: Final = "nobody has said what became of the first steps, and the signs go on"
NO_LOOK: Final = "no step was taken that shows whether it helps, and the signs go on"
"""Why time has opened the next steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What mitigation has come to in a session.

    Attributes
    ----------
    plan, plan_ms
        What the reaction has made of the infusion, and since when.
    attempts
        Steps that were taken, oldest first, of all reactions of the session.
    episode, pattern, grade, signs, offered_ms
        The reaction that is being answered: its name at its highest grade, every sign it has
        had, and when its first steps were offered.
    recurrences
        How often signs have come back after the flow was slowed or interrupted.
    end
        Why the infusion may not go on in this session; "" when it may.
    not_better, unanswered
        A step was looked at and did not help; no step was taken whose effect is looked at. Either
        opens the next ones, but only the former opens drugs.
    why
        What opened the next steps, in words.
    well_ms
        Since when no sign has held; None while one does, or before the first reaction.
    reaction_rate_centi, tolerated_centi
        The rate [hundredths of mL/h] at which the last reaction began, and the highest rate
        before it that made none; None where not known.
    """

    plan: Plan = "running"
    plan_ms: int | None = None
    attempts: tuple[Attempt, ...] = ()
    episode: str = ""
    pattern: str = ""
    grade: int = 0
    signs: frozenset[str] = frozenset()
    offered_ms: int | None = None
    recurrences: int = 0
    end: EndReason = ""
    not_better: bool = False
    unanswered: bool = False
    why: str = ""
    well_ms: int | None = None
    cleared: bool = False
    reaction_rate_centi: int | None = None
    tolerated_centi: int | None = None

    @property
    def begun(self) -> bool:
        """Whether there has been a reaction in this session."""
        return bool(self.episode)

    @property
    def answered(self) -> bool:
        """Whether what flows was changed because of a reaction."""
        return self.plan != "running" or any(
            one.kind in FLOW_KINDS and one.done for one in self.attempts
        )

    def last(self, key: str) -> Attempt | None:
        """Return the last attempt at a step, or None when there was none."""
        return next((one for one in reversed(self.attempts) if one.key == key), None)

    def drugs(self) -> frozenset[str]:
        """Return the drugs that were given."""
        return frozenset(one.drug for one in self.attempts if one.drug and one.done)

    def doses(self, drug: str) -> tuple[int, ...]:
        """Return the times at which a drug was given, oldest first."""
        return tuple(one.taken_ms for one in self.attempts if one.drug == drug and one.done)

    def tried_in_vain(self, signs: Iterable[str]) -> bool:
        """Whether a step that was taken while one of these signs held has not brought recovery."""
        asked = frozenset(signs)
        return any(
            one.response is not None
            and one.response.verdict != "recovered"
            and not asked.isdisjoint(sign for sign, _ in one.before.signs)
            for one in self.attempts
        )


def seen(
    course: Course,
    *,
    episode: str,
    pattern: str,
    grade: int,
    signs: frozenset[str],
    rate_centi: int | None,
    at_ms: int,
) -> Course:
    """Return the course when signs hold: a new reaction, or the one that is being answered.

    A new one after the flow was changed for an earlier one is a recurrence.
    """
    if course.episode == episode:
        if grade >= course.grade:
            course = replace(course, pattern=pattern, grade=grade)
        return course if signs <= course.signs else replace(course, signs=course.signs | signs)
    return replace(
        course,
        episode=episode,
        pattern=pattern,
        grade=grade,
        signs=signs,
        offered_ms=at_ms,
        recurrences=course.recurrences + (course.begun and course.answered),
        not_better=False,
        unanswered=False,
        why="",
        well_ms=None,
        cleared=False,
        reaction_rate_centi=rate_centi or course.reaction_rate_centi,
    )


def unsettled(course: Course) -> Course:
    """Return the course when something may be wrong again: nobody is well, nothing goes on."""
    return replace(course, well_ms=None, cleared=False, offered_ms=None)


def ended(course: Course, ladder: Ladder, *, pattern: str) -> Course:
    """Return the course with the reason to end for good, where there is one."""
    if course.end:
        return course
    reason = end_reason(
        ladder, pattern=pattern, drugs=course.drugs(), recurrences=course.recurrences
    )
    if not reason:
        return course
    return replace(course, end=reason, plan=next_plan(course.plan, "end"))


def stopped(course: Course) -> Course:
    """Return the course when somebody says that the infusion was stopped for good."""
    if course.end:
        return course
    return replace(course, end="stopped", plan=next_plan(course.plan, "end"))


def ended_before_any(course: Course, at_ms: int) -> Course:
    """Return the course when epinephrine was given before any reaction was seen.

    Whoever gave it has seen one. No sign holds, so what follows a reaction is open. Any other drug
    says nothing before there is something that it could be for.
    """
    if course.begun or course.end or EPINEPHRINE not in course.drugs():
        return course
    plan = next_plan(course.plan, "end")
    return replace(course, end="epinephrine", plan=plan, plan_ms=at_ms, well_ms=at_ms, cleared=True)


def well(course: Course, ladder: Ladder, at_ms: int) -> Course:
    """Return the course when no sign holds any more; what was tried has worked.

    A terminal ladder has no clear time: what follows it is open at once.
    """
    if not course.begun or course.well_ms is not None:
        return course
    now = Look(at_ms=at_ms, signs=(), rows=())
    attempts = tuple(
        replace(one, response=response(one.before, now), look_ms=None, last_look_ms=None)
        if one.look_ms is not None
        else one
        for one in course.attempts
    )
    return replace(
        course,
        attempts=attempts,
        well_ms=at_ms,
        cleared=ladder.clear_ms is None,
        not_better=False,
        unanswered=False,
        why="",
    )


def flowed(course: Course, event: PlanEvent, *, rate_centi: int | None, at_ms: int) -> Course:
    """Return the course after what flows has changed; before any reaction it says nothing.

    ``rate_centi`` is the rate before a rise: without a reaction it was tolerated.
    """
    if event == "raise" and rate_centi and (not course.begun or course.well_ms is not None):
        course = replace(course, tolerated_centi=rate_centi)
    if not course.begun:
        return course
    after = next_plan(course.plan, event)
    if after == course.plan:
        return course
    cleared = course.cleared and event not in ("resume", "raise")
    return replace(course, plan=after, plan_ms=at_ms, cleared=cleared)


def taken(
    course: Course,
    rung: LadderStep,
    look: Look,
    *,
    by: str,
    done: bool,
    within_ms: int | None,
    dose: tuple[int | None, str] = (None, ""),
) -> Course:
    """Return the course after a step was started or done; done after started is one attempt.

    ``within_ms`` is how long recovery may take; a step without a recheck time is not looked at.
    """
    attempts = list(course.attempts)
    last = attempts[-1] if attempts else None
    open_one = next(
        (i for i, one in enumerate(attempts) if one.key == rung.key and not one.done), None
    )
    first_ms = None if rung.recheck_ms is None else look.at_ms + rung.recheck_ms
    latest_ms = None
    if first_ms is not None and within_ms is not None:
        latest_ms = max(first_ms, look.at_ms + within_ms)
    made = Attempt(
        key=rung.key,
        kind=rung.kind,
        drug=rung.drug,
        taken_ms=look.at_ms,
        by=by,
        done=done,
        before=look,
        dose_centi=dose[0],
        dose_unit=dose[1],
        look_ms=first_ms if course.well_ms is None else None,
        last_look_ms=latest_ms if course.well_ms is None else None,
    )
    if open_one is not None:
        attempts[open_one] = made
    elif last is None or made != last:
        attempts.append(made)
    return replace(course, attempts=tuple(attempts))


def given(
    course: Course, *, drug: str, by: str, at_ms: int, dose: tuple[int | None, str]
) -> Course:
    """Return the course after a drug that no step asked for; nothing looks whether it helped.

    Before any reaction only epinephrine belongs to a course: it is given for nothing else.
    """
    if not course.begun and drug != EPINEPHRINE:
        return course
    made = Attempt(
        key=f"{GIVEN}{drug}",
        kind="drug",
        drug=drug,
        taken_ms=at_ms,
        by=by,
        done=True,
        before=Look(at_ms=at_ms, signs=(), rows=()),
        dose_centi=dose[0],
        dose_unit=dose[1],
    )
    if made in course.attempts:
        return course
    return replace(course, attempts=(*course.attempts, made))


def untaken(course: Course, keys: Iterable[str]) -> Course:
    """Return the course without looks at steps that a pump shows to be undone."""
    undone = frozenset(keys)
    attempts = tuple(
        replace(one, look_ms=None, last_look_ms=None) if one.key in undone else one
        for one in course.attempts
    )
    return course if attempts == course.attempts else replace(course, attempts=attempts)


def clear_ms(course: Course, ladder: Ladder) -> int:
    """Return when somebody who is well has been so for the clear time, also since a restart."""
    since_ms = max(course.well_ms or 0, course.plan_ms or 0)
    return since_ms + (ladder.clear_ms or 0)


def due_ms(course: Course, ladder: Ladder, *, unanswered_ms: int) -> int | None:
    """Return when time alone will change something about a course, or None."""
    times = [one.look_ms for one in course.attempts if one.look_ms is not None]
    if course.well_ms is not None:
        return None if course.cleared else clear_ms(course, ladder)
    if not course.begun:
        return None
    if _is_waiting(course) and course.offered_ms is not None:
        times.append(_silent_since_ms(course) + unanswered_ms)
    return min(times, default=None)


def looked(course: Course, ladder: Ladder, look: Look, *, unanswered_ms: int) -> Course:
    """Return the course after everything that is due at the time of a look."""
    now_ms = look.at_ms
    if course.well_ms is not None:
        if course.cleared or now_ms < clear_ms(course, ladder):
            return course
        plan = next_plan(course.plan, "well")
        return replace(course, cleared=True, plan=plan)
    attempts, why = [], course.why
    not_better = course.not_better
    for one in course.attempts:
        after = looked_at(one, look)
        if after is not one and after.response is not None and after.look_ms is None:
            late = one.last_look_ms is not None and now_ms >= one.last_look_ms
            if late or after.response.verdict not in HELPED:
                not_better = True
                why = f"{one.key}: {after.response.verdict} ({after.response.words})"
        attempts.append(after)
    unanswered = course.unanswered
    waited = course.offered_ms is not None and now_ms - _silent_since_ms(course) >= unanswered_ms
    if waited and _is_waiting(course):
        unanswered = True
        why = NO_LOOK if _spoken(course) else SILENCE
    return replace(
        course, attempts=tuple(attempts), not_better=not_better, unanswered=unanswered, why=why
    )


def stages(course: Course) -> frozenset[Offered]:
    """Return which rungs are open: the first ones, the next ones, or those after."""
    if course.well_ms is not None:
        return AFTERWARDS if course.cleared else frozenset()
    found = AT_ONCE
    if course.not_better or course.unanswered:
        found |= NOT_IMPROVED
    if course.end == "recurrence":
        found |= RECURRENT
    return found


def _is_waiting(course: Course) -> bool:
    """Whether only time can still open the next steps of a reaction.

    A step whose effect is looked at, now or later, opens them by that look. A call or a check that
    was recorded, or a step that was undone, has no look: it must not keep them shut by silence.
    """
    judged = any(one.look_ms is not None or one.response is not None for one in _spoken(course))
    return not (course.not_better or course.unanswered or judged)


def _spoken(course: Course) -> tuple[Attempt, ...]:
    """Return the steps of the present reaction that people or pumps have spoken of.

    A drug that no step asked for says nothing of the steps.
    """
    return tuple(one for one in of_reaction(course) if not one.key.startswith(GIVEN))


def _silent_since_ms(course: Course) -> int:
    """Return since when nobody has said anything of a reaction's steps."""
    return max([course.offered_ms or 0, *(one.taken_ms for one in _spoken(course))])


def of_reaction(course: Course) -> tuple[Attempt, ...]:
    """Return the attempts at the present reaction, oldest first."""
    since_ms = course.offered_ms or 0
    return tuple(one for one in course.attempts if one.taken_ms >= since_ms)
