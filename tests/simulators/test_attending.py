"""A nurse who reads the monitor: what is heard, what is done, when, and what comes of it."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from cohort_wards import cohort_of

from detectors.channels import CHANNEL_NAMES
from monitor.facts.effects import AdviceChanged, MeasurementWanted, Step
from monitor.facts.truth import NurseKind
from simulators.attending import ACTS_AFTER_S, Advice, Attendant, Call, Offer, Told, Wish, told_in
from simulators.cohorts import started_ms, ward_scenario_of
from simulators.deeds import (
    MEASURE,
    MOVES,
    POSSIBLE_AFTER,
    REMEDIES,
    Deed,
    deed_message,
    lived_plan,
)
from simulators.infusion import Move, Verb, rungs
from simulators.living import LivedBed
from simulators.scenario import BASELINE_S, BedPlan
from simulators.truths import true_grades, true_session

NOW_MS = 1_795_514_400_000
LATER_MS = NOW_MS + 4_000_000


def offered(*keys: str, bed: str = "01") -> Told:
    """Return that these steps, and no other, are offered at a bed."""
    offers = tuple(Offer(bed=bed, session="S", alert="al", key=key) for key in keys)
    return Told(advice=(Advice(bed=bed, offers=offers),))


def called(revision: int, *, is_loud: bool = True) -> Told:
    call = Call(bed="01", session="S", alert="al", revision=revision, is_loud=is_loud)
    return Told(calls=(call,))


def keys(attendant: Attendant, now_ms: int = LATER_MS) -> list[str]:
    return [deed.key for deed in attendant.due(now_ms)]


@pytest.mark.parametrize("kind", ["follows", "delays"])
def test_a_step_is_done_in_the_time_of_the_nurse(kind: NurseKind) -> None:
    attendant = Attendant(kind, seed=1)
    attendant.hear(NOW_MS, offered("pause", "flat"))
    deeds = attendant.due(LATER_MS)

    assert {deed.key for deed in deeds} == {"pause", "flat"}
    least, most = ACTS_AFTER_S[kind]
    for deed in deeds:
        assert deed.told_ms == NOW_MS
        assert least * 1000 <= deed.at_ms - NOW_MS < most * 1000
    assert [deed.at_ms for deed in deeds] == sorted(deed.at_ms for deed in deeds)


@pytest.mark.parametrize("kind", ["ignores", "none"])
def test_who_ignores_answers_and_does_and_measures_nothing(kind: NurseKind) -> None:
    attendant = Attendant(kind, seed=1)
    attendant.hear(NOW_MS, called(1))
    attendant.hear(NOW_MS, offered("stop"))
    attendant.hear(NOW_MS, Told(wishes=(Wish(bed="01", session="S", channel="sbp"),)))

    assert keys(attendant) == []


def test_a_step_that_is_offered_no_more_is_not_done() -> None:
    attendant = Attendant("follows", seed=1)
    attendant.hear(NOW_MS, offered("slow", "flat"))
    attendant.hear(NOW_MS, offered("slow", bed="02"))
    attendant.hear(NOW_MS + 1000, offered("stop"))

    done = {(deed.bed, deed.key) for deed in attendant.due(LATER_MS)}
    assert done == {("01", "stop"), ("02", "slow")}


def test_a_step_is_done_once_and_again_when_it_is_offered_again() -> None:
    attendant = Attendant("follows", seed=1)
    attendant.hear(NOW_MS, offered("epinephrine"))
    assert keys(attendant) == ["epinephrine"]

    attendant.hear(LATER_MS, offered("epinephrine", "flat"))
    assert keys(attendant, LATER_MS * 2) == ["flat"], "the entry is on its way"
    attendant.hear(LATER_MS, offered())
    attendant.hear(LATER_MS, offered("epinephrine"))
    assert keys(attendant, LATER_MS * 2) == ["epinephrine"]


def test_a_call_is_answered_once_as_it_stands_by_then() -> None:
    attendant = Attendant("follows", seed=1)
    attendant.hear(NOW_MS, called(1))
    attendant.hear(NOW_MS + 1000, called(2))
    attendant.hear(NOW_MS + 1000, offered())

    assert [(deed.key, deed.revision) for deed in attendant.due(LATER_MS)] == [("ack", 2)]


def test_a_call_that_another_has_answered_is_not_answered() -> None:
    attendant = Attendant("follows", seed=1)
    attendant.hear(NOW_MS, called(1))
    attendant.hear(NOW_MS + 1000, called(2, is_loud=False))

    assert keys(attendant) == []


def test_a_value_is_taken_once_for_every_time_it_is_asked_for() -> None:
    attendant = Attendant("follows", seed=1)
    wish = Told(wishes=(Wish(bed="01", session="S", channel="temp"),))
    attendant.hear(NOW_MS, wish)
    attendant.hear(NOW_MS + 1000, wish)
    attendant.hear(NOW_MS + 1000, offered())

    assert [(one.key, one.channel) for one in attendant.due(LATER_MS)] == [(MEASURE, "temp")]
    attendant.hear(LATER_MS, wish)
    assert keys(attendant, LATER_MS * 2) == [MEASURE]


def test_a_bed_is_attended_alike_in_a_ward_of_one_and_of_two() -> None:
    alone, beside = Attendant("follows", seed=1), Attendant("follows", seed=1)
    beside.hear(NOW_MS, offered("slow", bed="02"))
    for attendant in (alone, beside):
        attendant.hear(NOW_MS, offered("slow"))

    assert set(alone.due(LATER_MS)) < set(beside.due(LATER_MS))


def test_what_is_told_is_found_among_the_effects() -> None:
    wanted = MeasurementWanted(
        at_ms=NOW_MS, bed="01", session="S", channel="sbp", reason="repeat it now"
    )
    advice = AdviceChanged(
        at_ms=NOW_MS,
        bed="01",
        session="S",
        id="ad",
        revision=1,
        alert="al",
        ladder="mild",
        pattern="febrile",
        grade=1,
        reason="new",
        steps=(
            Step(key="check", words="", who="nurse", source=(), state="done"),
            Step(
                key="slow",
                words="",
                who="nurse",
                source=(),
                state="offered",
                rate_centi_ml_per_h=4200,
            ),
        ),
    )
    skin = msgspec.structs.replace(wanted, channel="skin")

    told = told_in([wanted, advice, skin])
    assert told.wishes == (Wish(bed="01", session="S", channel="sbp"),)
    offer = Offer(bed="01", session="S", alert="al", key="slow", rate_centi_ml_per_h=4200)
    assert told.advice == (Advice(bed="01", offers=(offer,)),)


# ------------------------------------------------------------------ what a deed does


def lived_bed(kind: str = "anaphylaxis") -> LivedBed:
    cohort = replace(cohort_of(kind, sessions=1, nurse="none"), beds_per_file=1, hours=1)
    scenario, begins_ms = ward_scenario_of(cohort, 1), started_ms(cohort, 1)
    return LivedBed(scenario=scenario, plan=scenario.beds[0], unit="w", begins_ms=begins_ms)


@pytest.fixture(scope="module")
def bed() -> LivedBed:
    return lived_bed()


def deed_at(bed: LivedBed, second: int, key: str, rate: int | None = None, what: str = "") -> Deed:
    return Deed(
        at_ms=bed.here.at_ms(second),
        bed=bed.plan.bed,
        session=bed.here.session,
        alert="al",
        key=key,
        rate_centi_ml_per_h=rate,
        channel=what,
    )


def moved(plan: BedPlan) -> tuple[Move, ...]:
    assert plan.case is not None
    return plan.case.moves


@pytest.mark.parametrize("verb", POSSIBLE_AFTER)
@pytest.mark.parametrize("last", [None, *POSSIBLE_AFTER])
def test_a_pump_is_moved_only_where_it_can_be(bed: LivedBed, last: Verb | None, verb: Verb) -> None:
    key = next(key for key, one in MOVES.items() if one == verb)
    case = bed.plan.case
    assert case is not None
    before = () if last is None else (Move(at_s=BASELINE_S + 10, verb=last),)
    plan = replace(bed.plan, case=replace(case, moves=before))

    lived = lived_plan(plan, deed_at(bed, 2000, key, rate=5000), opened_ms=bed.here.opened_ms)
    is_possible = last in POSSIBLE_AFTER[verb]
    assert (lived is plan) is not is_possible
    assert moved(lived) == (
        (*before, Move(at_s=2001, verb=verb, rate_ml_per_kg_h=50.0 / case.who.weight_kg))
        if is_possible
        else before
    )
    if last == "stop":
        assert not is_possible, "what was stopped stays so"


def test_a_rate_goes_up_only_where_one_is_named(bed: LivedBed) -> None:
    deed = deed_at(bed, 2000, "step-up")
    assert lived_plan(bed.plan, deed, opened_ms=bed.here.opened_ms) is bed.plan


def test_a_pump_runs_at_the_rate_that_a_move_names() -> None:
    moves = [
        Move(at_s=2000, verb="slow", rate_ml_per_kg_h=0.4),
        Move(at_s=3000, verb="pause"),
        Move(at_s=4000, verb="resume", rate_ml_per_kg_h=0.2),
        Move(at_s=5000, verb="raise", rate_ml_per_kg_h=0.3),
        Move(at_s=6000, verb="slow"),
    ]
    staircase = rungs(600, moves, volume_ml_per_kg=4.0)

    rates = {one.at_s: one.rate_ml_per_kg_h for one in staircase}
    assert [rates[move.at_s] for move in moves] == [0.4, 0.0, 0.2, 0.3, 0.15]


@pytest.mark.parametrize("key", REMEDIES)
def test_a_remedy_is_given_when_it_is_done(bed: LivedBed, key: str) -> None:
    case = lived_plan(bed.plan, deed_at(bed, 2000, key), opened_ms=bed.here.opened_ms).case
    assert case is not None
    assert [(one.at_s, one.remedy) for one in case.given] == [(2001, REMEDIES[key])]


@pytest.mark.parametrize("key", ["check", "ack", MEASURE])
def test_what_touches_neither_pump_nor_person_changes_nothing(bed: LivedBed, key: str) -> None:
    deed = deed_at(bed, 2000, key)
    assert not deed.changes_course
    assert lived_plan(bed.plan, deed, opened_ms=bed.here.opened_ms) is bed.plan


@pytest.mark.parametrize("channel", CHANNEL_NAMES)
def test_a_value_that_is_asked_for_is_taken_by_hand(bed: LivedBed, channel: str) -> None:
    sent = deed_message(bed.here, deed_at(bed, 2000, MEASURE, what=channel), 3)
    told = msgspec.json.decode(sent.payload)
    values = {one["ch"]: one["v"] for one in told["values"]}

    pressures = {"sbp", "dbp", "map"}
    assert set(values) == (pressures if channel in pressures else {channel})
    true = bed.here.course.values[CHANNEL_NAMES.index(channel), 2000]
    assert abs(values[channel] - true) < 20
    assert sent.topic.endswith("/obs")
    assert (told["session"], told["subject"]) == (bed.here.session, bed.here.who.subject)


def test_a_deed_changes_nothing_that_was_sent_before_it() -> None:
    as_planned, lived = lived_bed(), lived_bed()
    at_s = lived.plan.reaction_s + 120

    assert lived.live(deed_at(lived, at_s, "stop"))
    at_ms = lived.here.at_ms(at_s)
    later = [one for one in reversed(as_planned.ahead) if one.at_ms > at_ms]
    assert lived.ahead
    assert all(one.at_ms > at_ms for one in lived.ahead)
    assert list(reversed(lived.ahead)) != later
    before = np.array_equal(
        as_planned.here.course.values[:, :at_s], lived.here.course.values[:, :at_s]
    )
    assert before
    assert not lived.live(deed_at(lived, at_s + 60, "check"))


def test_true_grades_are_those_of_the_truth() -> None:
    here = lived_bed().here
    grades = true_grades(here)
    (event,) = true_session(here).events[:1]

    assert grades.max() == event.grade
    second = (event.peak_ms - here.opened_ms) // 1000
    assert grades[second] == event.grade
    assert not grades[: here.plan.reaction_s].any()
    assert not true_grades(lived_bed("infusion-flush").here)[:BASELINE_S].any()
