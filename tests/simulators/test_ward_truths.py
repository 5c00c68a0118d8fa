"""The truth about a told ward: what is planned, what came of it, and what broke at which bed."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.facts.truth import TrueSession
from simulators.chairs import Chair, chair
from simulators.fault_options import FaultOption, fault_option
from simulators.pictures import PICTURES
from simulators.scenario import (
    EXPECTED,
    BedPlan,
    Scenario,
    bed_name,
    planted,
    reaction_option,
    ward_scenario,
)
from simulators.strikes import carts_of
from simulators.ward_truths import planned_truths, ward_truths

STARTED_MS = 1_795_514_400_000
MINUTE_MS = 60_000
GRADE_OF = {"slow": 1, "pause": 2, "stop": 3}
REACTIONS = tuple(PICTURES)
OF_THE_BODY = sorted(set(EXPECTED) - {"probe-off"})


@cache
def story() -> Scenario:
    """Return a ward in which every told reaction happens at a bed of its own."""
    beds = tuple(
        BedPlan(bed=bed_name(number), reaction=name, onset_s=1200, opens_s=5 * number)
        for number, name in enumerate(REACTIONS, start=1)
    )
    return Scenario(name="told", beds=beds, seed=1, length_s=5 * 3600, cadence_s=30)


@cache
def chairs() -> tuple[Chair, ...]:
    return chairs_of(story())


def chairs_of(scenario: Scenario) -> tuple[Chair, ...]:
    return tuple(chair(plan, scenario, unit="u", started_ms=STARTED_MS) for plan in scenario.beds)


@cache
def whole() -> dict[str, TrueSession]:
    return {one.phenotype: one for one in ward_truths(chairs())}


@pytest.mark.parametrize("name", OF_THE_BODY)
def test_a_told_reaction_is_an_event_with_the_grade_of_what_is_done(name: str) -> None:
    onset_ms = {one.reaction: one.onset_ms for one in planted(story())}[name]
    first = whole()[name].events[0]

    assert first.pattern == name
    assert first.grade == GRADE_OF[PICTURES[name].responses[0].verb]
    assert first.onset_ms == STARTED_MS + onset_ms
    assert first.onset_ms < first.peak_ms
    assert first.end_ms is None or first.peak_ms < first.end_ms
    assert first.charted_ms is not None


def test_what_is_no_reaction_is_no_event_but_stands_there() -> None:
    quiet = whole()["uneventful"]
    fright, loose = whole()["anxiety"].confounders, whole()["probe-off"].confounders

    assert (quiet.events, quiet.confounders) == ((), ())
    assert not whole()["anxiety"].events
    assert not whole()["probe-off"].events
    assert [one.kind for one in fright] == ["anxiety"]
    assert [(one.kind, one.until_ms - one.from_ms) for one in loose] == [("probe-off", 600_000)]


def test_the_truth_says_who_was_there_and_what_would_be_a_fault() -> None:
    for here in chairs():
        truth = whole()[here.plan.reaction]
        assert (truth.subject, truth.session, truth.bed) == (
            here.who.subject,
            here.session,
            here.plan.bed,
        )
        assert (truth.age_years, truth.weight_kg) == (here.who.age_years, here.who.weight_kg)
        is_right = here.plan.reaction in ("anaphylaxis", "hypotensive")
        assert truth.must_not == (() if is_right else ("epinephrine",))


def test_a_plan_is_the_whole_story_and_says_that_it_is_one() -> None:
    planned = planned_truths(chairs())

    assert all(one.planned for one in planned)
    assert not any(one.planned for one in whole().values())
    assert [one.events for one in planned] == [one.events for one in whole().values()]


@given(st.integers(min_value=-1, max_value=5 * 3600 * 1000 + 1))
def test_what_was_told_for_a_while_is_the_beginning_of_the_whole(after_ms: int) -> None:
    told_ms = STARTED_MS + after_ms
    found = {one.phenotype: one for one in ward_truths(chairs(), told_ms=told_ms)}

    for here in chairs():
        name = here.plan.reaction
        assert (name in found) == (here.opened_ms + 1000 < told_ms)
        if name not in found:
            continue
        part, all_of_it = found[name], whole()[name]
        assert part.end_ms == min(all_of_it.end_ms, part.end_ms) <= max(told_ms, part.start_ms)
        assert part.start_ms == min(all_of_it.start_ms, part.end_ms)
        assert len(part.events) <= len(all_of_it.events)
        for one, whole_one in zip(part.events, all_of_it.events, strict=False):
            assert one.onset_ms == whole_one.onset_ms < told_ms
            assert one.grade <= whole_one.grade
            assert one.peak_ms <= min(whole_one.peak_ms, told_ms)
            assert one.end_ms in (None, whole_one.end_ms)
            assert one.grade3_ms in (None, whole_one.grade3_ms)
            assert one.grade3_ms is None or one.grade3_ms < told_ms
            assert one.end_ms is None or one.end_ms <= told_ms
        for had in part.confounders:
            assert had.from_ms < had.until_ms <= part.end_ms


def test_a_session_that_ended_before_its_drug_flowed_has_no_length() -> None:
    (truth,) = ward_truths(chairs()[:1], told_ms=chairs()[0].opened_ms + 300_000)

    assert truth.start_ms == truth.end_ms
    assert truth.events == ()


# ------------------------------------------------------------------------------- what broke


def ward() -> Scenario:
    return ward_scenario(
        beds=4,
        reactions=[reaction_option("hypotensive@2:+15m", beds=4)],
        length_s=3600,
        equipment=("cart@2-3",),
    )


def asked(*texts: str) -> list[FaultOption]:
    return [fault_option(text, beds=4, carts=carts_of(ward())) for text in texts]


def test_the_truth_names_what_broke_at_a_bed_and_when() -> None:
    options = asked("drop=0.01", "freeze@1:+10m/5m", "clock-skew@4", "clock-step@cart-02:+20m")
    one, two, three, four = ward_truths(chairs_of(ward()), options)
    starts_ms = [STARTED_MS + (plan.opens_s + plan.start_s) * 1000 for plan in ward().beds]

    assert [truth.faults for truth in (one, two, three, four)] == [
        ("drop", "freeze"),
        ("drop", "clock-step"),
        ("drop", "clock-step"),
        ("drop", "clock-skew"),
    ]
    assert [(had.kind, had.from_ms, had.until_ms) for had in one.breakdowns] == [
        ("freeze", starts_ms[0] + 10 * MINUTE_MS, starts_ms[0] + 15 * MINUTE_MS)
    ]
    # A cart has one clock for all of its beds; its times count from where it began.
    assert [had.from_ms for had in (*two.breakdowns, *three.breakdowns)] == [
        starts_ms[1] + 20 * MINUTE_MS
    ] * 2
    assert four.breakdowns[0].from_ms == STARTED_MS + ward().beds[3].opens_s * 1000
    assert four.breakdowns[0].until_ms == four.end_ms


def test_a_fault_that_had_not_begun_is_not_in_the_truth() -> None:
    options = asked("freeze@1:+10m/5m")
    start_ms = STARTED_MS + ward().beds[0].start_s * 1000
    before = ward_truths(chairs_of(ward()), options, told_ms=start_ms + 9 * MINUTE_MS)[0]
    within = ward_truths(chairs_of(ward()), options, told_ms=start_ms + 12 * MINUTE_MS)[0]

    assert (before.faults, before.breakdowns) == ((), ())
    assert within.faults == ("freeze",)
    assert within.breakdowns[0].until_ms == within.end_ms < start_ms + 12 * MINUTE_MS
