"""The course of mitigation as a record: every function by itself, and any order of events."""

from dataclasses import replace
from typing import Any, Final

import pytest
from builders import ward_settings
from hypothesis import given
from hypothesis import strategies as st

from monitor.care import courses
from monitor.care.attempts import FLOW_KINDS
from monitor.care.courses import (
    Course,
    clear_ms,
    due_ms,
    ended,
    ended_before_any,
    flowed,
    looked,
    seen,
    stages,
    stopped,
    taken,
    unsettled,
    untaken,
    well,
)
from monitor.care.ladders import Ladder, LadderStep, ladder_for
from monitor.care.mitigation import Patient, advised_steps
from monitor.care.repeats import doses_left, is_refractory, may_repeat
from monitor.care.responses import Look
from monitor.care.restarts import PLAN_EVENTS, PLANS, Plan, PlanEvent
from monitor.facts.effects import Because

MINUTE: Final = 60_000
UNANSWERED: Final = 5 * MINUTE
LADDERS: Final = ward_settings().ladders
HYPOTENSIVE: Final = ladder_for(LADDERS, "hypotensive", 2)
ANAPHYLAXIS: Final = ladder_for(LADDERS, "anaphylaxis", 3)
MILD: Final = ladder_for(LADDERS, "febrile", 1)


def rung(ladder: Ladder, key: str) -> LadderStep:
    return next(step for step in ladder.steps if step.key == key)


def row(grade: int, at_ms: int, value: int = 8400) -> Because:
    return Because(
        rule="r", sign="hypotension", grade=grade, words="", source=("x",), channel="sbp",
        value_centi=value, measured_ms=at_ms,
    )  # fmt: skip


def look(at_ms: int, grade: int = 2, *, measured_ms: int | None = None) -> Look:
    if not grade:
        return Look(at_ms=at_ms, signs=(), rows=())
    rows = (row(grade, at_ms if measured_ms is None else measured_ms),)
    return Look(at_ms=at_ms, signs=(("hypotension", grade),), rows=rows)


def reacting(course: Course | None = None, **changed: Any) -> Course:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "episode": "al-1",
        "pattern": "hypotensive",
        "grade": 2,
        "signs": frozenset({"hypotension"}),
        "rate_centi": 16_800,
        "at_ms": 0,
    }
    return seen(course or Course(), **{**usual, **changed})


def took(
    course: Course,
    key: str,
    at_ms: int,
    ladder: Ladder = HYPOTENSIVE,
    **changed: Any,  # noqa: ANN401 - fields differ
) -> Course:
    usual: dict[str, Any] = {"by": "rn-1", "done": True, "within_ms": None}
    return taken(course, rung(ladder, key), look(at_ms), **{**usual, **changed})


def at(course: Course, at_ms: int, grade: int = 2, ladder: Ladder = HYPOTENSIVE) -> Course:
    return looked(course, ladder, look(at_ms, grade), unanswered_ms=UNANSWERED)


def due(course: Course, ladder: Ladder = HYPOTENSIVE) -> int | None:
    return due_ms(course, ladder, unanswered_ms=UNANSWERED)


def test_before_any_reaction_nothing_is_due_and_nothing_moves() -> None:
    course = Course()
    assert not course.begun
    assert due(course) is None
    assert flowed(course, "pause", rate_centi=None, at_ms=5) == course
    assert well(course, HYPOTENSIVE, 5) == course
    assert stages(course) == {"at-once"}


def test_a_rate_that_made_no_reaction_was_tolerated() -> None:
    course = flowed(Course(), "raise", rate_centi=8_400, at_ms=5)
    assert course.tolerated_centi == 8_400
    reaction = reacting(course)
    assert (reaction.tolerated_centi, reaction.reaction_rate_centi) == (8_400, 16_800)
    assert flowed(reaction, "raise", rate_centi=16_800, at_ms=9).tolerated_centi == 8_400


def test_a_reaction_is_known_by_its_highest_grade_and_all_its_signs() -> None:
    course = reacting()
    worse = reacting(course, grade=3, pattern="anaphylaxis", signs=frozenset({"skin"}))
    eased = reacting(worse, grade=1, pattern="mild-allergic")
    assert (eased.grade, eased.pattern) == (3, "anaphylaxis")
    assert eased.signs == {"hypotension", "skin"}
    assert eased.recurrences == 0


@pytest.mark.parametrize("key", ["pause", "flat"])
def test_signs_that_return_after_the_flow_was_changed_are_a_recurrence(key: str) -> None:
    course = well(took(reacting(), key, MINUTE), HYPOTENSIVE, 2 * MINUTE)
    again = reacting(course, episode="al-2", at_ms=3 * MINUTE)
    is_flow = rung(HYPOTENSIVE, key).kind in FLOW_KINDS
    assert again.recurrences == is_flow
    assert (again.well_ms, again.not_better, again.offered_ms) == (None, False, 3 * MINUTE)
    assert reacting(again, episode="al-2").recurrences == is_flow, "one reaction counts once"
    over = ended(again, HYPOTENSIVE, pattern="hypotensive")
    assert over.end == ("recurrence" if is_flow else "")
    assert ("if-recurrent" in stages(over)) == is_flow


@pytest.mark.parametrize("before", PLANS)
def test_who_stops_for_good_ends_whatever_the_plan_was(before: Plan) -> None:
    over = stopped(replace(reacting(), plan=before))
    assert (over.end, over.plan) == ("stopped", "stopped")
    assert stopped(over) is over


def test_a_reason_to_end_stays_whatever_comes_after() -> None:
    terminal = ended(reacting(), ANAPHYLAXIS, pattern="anaphylaxis")
    assert stopped(terminal) is terminal, "the first reason is kept"
    over = ended(reacting(), ANAPHYLAXIS, pattern="anaphylaxis")
    assert (over.end, over.plan) == ("anaphylaxis", "stopped")
    assert ended(over, MILD, pattern="febrile") == over


def test_a_step_is_looked_at_after_its_recheck_time_and_not_before() -> None:
    course = took(reacting(), "flat", MINUTE)
    assert due(course) == 3 * MINUTE
    early = at(course, 3 * MINUTE - 1)
    assert early == course
    late = at(course, 3 * MINUTE)
    assert late.not_better
    assert late.attempts[0].response is not None
    assert late.attempts[0].response.verdict == "unchanged"
    assert late.why.startswith("flat: unchanged (hypotension: grade 2 -> grade 2")
    assert due(late) is None
    assert stages(late) == {"at-once", "if-not-improved"}


def test_what_helped_is_looked_at_once_more_when_recovery_was_due() -> None:
    course = took(reacting(), "flat", MINUTE, within_ms=60 * MINUTE)
    better = at(course, 3 * MINUTE, grade=1)
    assert not better.not_better
    assert due(better) == 61 * MINUTE
    late = at(better, 61 * MINUTE, grade=1)
    assert late.not_better
    assert due(late) is None


def test_what_helped_and_has_no_time_of_recovery_is_not_looked_at_again() -> None:
    better = at(took(reacting(), "flat", MINUTE), 3 * MINUTE, grade=1)
    assert not better.not_better
    assert due(better) is None


def test_a_look_that_comes_after_all_times_settles_it_at_once() -> None:
    course = took(reacting(), "flat", MINUTE, within_ms=3 * MINUTE)
    assert at(course, 100 * MINUTE, grade=1).not_better


def test_silence_opens_the_next_steps_once() -> None:
    course = reacting()
    assert due(course) == UNANSWERED
    assert at(course, UNANSWERED - 1) == course
    silent = at(course, UNANSWERED)
    assert (silent.unanswered, silent.not_better) == (True, False)
    assert "if-not-improved" in stages(silent)
    assert due(silent) is None
    assert at(silent, 2 * UNANSWERED) == silent
    assert due(took(reacting(), "flat", 1)) == 1 + 2 * MINUTE, "it is looked at, and nothing waits"


@pytest.mark.parametrize("key", ["pause", "call-prescriber"])
def test_a_step_without_a_look_does_not_keep_the_next_ones_shut_by_silence(key: str) -> None:
    course = took(reacting(), key, MINUTE)
    assert due(course) == MINUTE + UNANSWERED, "five minutes after the last word"
    assert stages(at(course, MINUTE + UNANSWERED - 1)) == {"at-once"}
    opened = at(course, MINUTE + UNANSWERED)
    assert "if-not-improved" in stages(opened)
    assert (opened.unanswered, opened.not_better) == (True, False)
    assert opened.why == "no step was taken that shows whether it helps, and the signs go on"
    looked_for = took(course, "flat", 2 * MINUTE)
    assert at(looked_for, 3 * MINUTE).why == ""
    assert due(looked_for) == 4 * MINUTE, "now the look decides"


def test_a_step_that_was_undone_does_not_keep_the_next_ones_shut_either() -> None:
    course = untaken(took(reacting(), "flat", MINUTE), ["flat"])
    assert due(course) == MINUTE + UNANSWERED


def test_epinephrine_before_any_reaction_ends_it_and_no_other_drug_does() -> None:
    dose: dict[str, Any] = {"by": "rn-1", "at_ms": 5, "dose": (None, "")}
    course = ended_before_any(courses.given(Course(), drug="epinephrine", **dose), 5)
    assert (course.plan, course.plan_ms, course.end) == ("stopped", 5, "epinephrine")
    assert stages(course) == {"when-resolved"}
    assert due(course) is None
    assert ended_before_any(course, 9) == course
    assert reacting(course).recurrences == 0, "nothing has come back that was never seen"
    assert courses.given(Course(), drug="diuretic", **dose) == Course()
    assert ended_before_any(Course(), 5) == Course()


def test_nobody_is_well_before_the_clear_time_is_over() -> None:
    course = flowed(took(reacting(), "pause", MINUTE), "pause", rate_centi=None, at_ms=MINUTE)
    quiet = well(course, HYPOTENSIVE, 10 * MINUTE)
    assert stages(quiet) == frozenset()
    assert due(quiet) == 40 * MINUTE == clear_ms(quiet, HYPOTENSIVE)
    assert well(quiet, HYPOTENSIVE, 11 * MINUTE) == quiet
    clear = at(quiet, 40 * MINUTE, grade=0)
    assert stages(clear) == {"when-resolved"}
    assert due(clear) is None
    assert at(clear, 90 * MINUTE, grade=0) == clear
    resumed = flowed(clear, "resume", rate_centi=None, at_ms=50 * MINUTE)
    assert resumed.plan == "resumed"
    assert stages(resumed) == frozenset()
    assert due(resumed) == 80 * MINUTE
    assert at(resumed, 80 * MINUTE, grade=0).plan == "running"


def test_what_follows_a_terminal_ladder_is_open_at_once() -> None:
    quiet = well(reacting(), ANAPHYLAXIS, 10 * MINUTE)
    assert stages(quiet) == {"when-resolved"}


def test_a_sign_that_may_be_back_stops_the_clear_time() -> None:
    quiet = well(reacting(), HYPOTENSIVE, 10 * MINUTE)
    unsure = unsettled(quiet)
    assert due(unsure) is None
    assert well(unsure, HYPOTENSIVE, 20 * MINUTE).well_ms == 20 * MINUTE


def test_what_ends_while_it_is_looked_at_has_recovered() -> None:
    course = well(took(reacting(), "flat", MINUTE), HYPOTENSIVE, 2 * MINUTE)
    (attempt,) = course.attempts
    assert attempt.response is not None
    assert (attempt.response.verdict, attempt.look_ms) == ("recovered", None)


def test_what_a_pump_undoes_is_not_looked_at() -> None:
    course = took(reacting(), "flat", MINUTE)
    assert untaken(course, ["pause"]) is course
    assert untaken(course, ["flat"]).attempts[0].look_ms is None


def test_doses_are_counted_and_repeated_only_after_they_failed() -> None:
    first = rung(ANAPHYLAXIS, "epinephrine")
    course = reacting(pattern="anaphylaxis", grade=3)
    assert doses_left(course, first) == 2
    assert not may_repeat(course, first)
    once = took(course, "epinephrine", MINUTE, ANAPHYLAXIS, dose=(50, "mg"))
    assert (doses_left(once, first), may_repeat(once, first)) == (1, False)
    failed = at(once, 6 * MINUTE, ladder=ANAPHYLAXIS)
    assert may_repeat(failed, first)
    assert not is_refractory(failed, 2)
    helped = at(once, 6 * MINUTE, grade=1, ladder=ANAPHYLAXIS)
    assert not may_repeat(helped, first)
    twice = took(failed, "epinephrine", 7 * MINUTE, ANAPHYLAXIS)
    assert (doses_left(twice, first), is_refractory(twice, 2)) == (0, False)
    over = at(twice, 12 * MINUTE, ladder=ANAPHYLAXIS)
    assert is_refractory(over, 2)
    assert not is_refractory(over, 3)
    assert not may_repeat(over, first)
    assert over.doses("epinephrine") == (MINUTE, 7 * MINUTE)
    assert ended(over, MILD, pattern="febrile").end == "epinephrine"


def test_started_and_done_are_one_attempt_with_the_dose_of_the_latter() -> None:
    course = took(reacting(), "flat", MINUTE, done=False)
    assert course.drugs() == frozenset()
    course = took(course, "flat", 2 * MINUTE)
    assert [(one.taken_ms, one.done) for one in course.attempts] == [(2 * MINUTE, True)]


EVENT = st.one_of(
    st.tuples(st.just("react"), st.integers(1, 3)),
    st.tuples(st.just("well"), st.just(0)),
    st.tuples(st.just("unsure"), st.just(0)),
    st.tuples(st.just("take"), st.sampled_from(("pause", "flat", "recheck"))),
    st.tuples(st.just("flow"), st.sampled_from(PLAN_EVENTS)),
    st.tuples(st.just("look"), st.integers(0, 3)),
)


def stepped(course: Course, what: str, given_: Any, at_ms: int) -> Course:  # noqa: ANN401 - as drawn
    match what:
        case "react":
            name = "al-1" if not course.begun else course.episode
            again = course.well_ms is not None
            return reacting(
                course, episode=f"{name}'" if again else name, grade=given_, at_ms=at_ms
            )
        case "well":
            return well(course, HYPOTENSIVE, at_ms)
        case "unsure":
            return unsettled(course)
        case "take":
            return took(course, given_, at_ms)
        case "flow":
            event: PlanEvent = given_
            return flowed(course, event, rate_centi=8_400, at_ms=at_ms)
    return at(course, at_ms, given_)


@given(events=st.lists(st.tuples(EVENT, st.integers(0, 40)), max_size=30))
def test_in_any_order_of_events_nothing_is_lost_and_time_settles_what_is_due(
    events: list[tuple[tuple[str, Any], int]],
) -> None:
    course, at_ms = Course(), 0
    for (what, given_), minutes in events:
        at_ms += minutes * MINUTE
        before, course = course, stepped(course, what, given_, at_ms)
        assert course.plan in PLANS
        assert course.recurrences >= before.recurrences
        assert len(course.attempts) >= len(before.attempts)
        assert before.plan != "stopped" or course.plan == "stopped"
        if course.well_ms is not None:
            assert "if-not-improved" not in stages(course)
        assert not (course.cleared and course.well_ms is None)
    due_at = due(course)
    if due_at is not None:
        grade = 0 if course.well_ms is not None else 2
        settled = at(course, max(at_ms, due_at), grade)
        later = due(settled)
        assert later is None or later > max(at_ms, due_at)


@given(events=st.lists(st.tuples(EVENT, st.integers(0, 40)), max_size=20), days=st.integers(0, 99))
def test_the_date_changes_no_course(events: list[tuple[tuple[str, Any], int]], days: int) -> None:
    shift_ms = days * 86_400_000
    one, other, at_ms = Course(), Course(), MINUTE
    for (what, given_), minutes in events:
        at_ms += minutes * MINUTE
        one = stepped(one, what, given_, at_ms)
        other = stepped(other, what, given_, at_ms + shift_ms)
    assert stages(one) == stages(other)
    assert (one.plan, one.recurrences, one.why) == (other.plan, other.recurrences, other.why)
    assert len(one.attempts) == len(other.attempts)
    assert replace(one, attempts=()).episode == other.episode


def test_a_step_was_tried_in_vain_only_against_what_was_there() -> None:
    course = took(reacting(), "flat", 0)
    assert not course.tried_in_vain(("hypotension",)), "nobody has looked yet"
    unchanged = at(course, 2 * MINUTE)
    assert unchanged.not_better
    assert unchanged.tried_in_vain(("skin", "hypotension"))
    assert not unchanged.tried_in_vain(("skin",))
    assert not at(course, 2 * MINUTE, grade=0).tried_in_vain(("hypotension",))


@pytest.mark.parametrize(("before", "offered"), [("hypotension", True), ("rigor", False)])
def test_what_was_given_for_a_fever_opens_no_epinephrine(before: str, *, offered: bool) -> None:
    """The antipyretic has not helped the chills; the pressure fell later, and nobody lies flat."""
    course = at(took(reacting(), "flat", 0), 2 * MINUTE)
    attempt = course.attempts[0]
    was = Look(at_ms=0, signs=((before, 2),), rows=())
    _, steps = advised_steps(
        LADDERS,
        pattern="hypotensive",
        grade=3,
        signs=frozenset({"hypotension"}),
        patient=Patient(
            weight_centi_kg=7000, age_years=40, rate_centi_ml_per_h=0, product=None, drug_flows=True
        ),
        before=(),
        course=replace(course, attempts=(replace(attempt, before=was),)),
    )
    assert course.not_better
    assert ("epinephrine-not-recovered" in {step.key for step in steps}) == offered


def test_only_a_later_step_can_wait_for_another() -> None:
    step = rung(ladder_for(LADDERS, "hypotensive", 3), "epinephrine-not-recovered")
    with pytest.raises(ValueError, match="tried_against"):
        replace(step, offered="at-once")
