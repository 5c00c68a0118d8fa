"""Cohorts: what was asked for is made, the same again, and the truth says what happened."""

from dataclasses import replace
from itertools import chain

import msgspec
import numpy as np
import pytest
from cohort_wards import chairs_of, cohort_of

from simulators.bedside import all_messages, chair_messages
from simulators.chairs import chair
from simulators.cohorts import (
    DEFAULT_MIX,
    Cohort,
    Mix,
    shares_of,
    started_ms,
    ward_scenario_of,
)
from simulators.disturbances import Habits
from simulators.monitoring import monitor_messages, poor_spans
from simulators.overloads import PHENOTYPES
from simulators.truths import ROUNDING, true_session

SMALL = Cohort(sessions=25, beds_per_file=10, hours=1.0, seed=4)


def test_a_cohort_fills_its_wards_and_the_last_one_is_smaller() -> None:
    assert SMALL.wards == 3
    assert [len(ward_scenario_of(SMALL, number).beds) for number in (1, 2, 3)] == [10, 10, 5]


def test_a_ward_is_the_same_again_and_another_seed_is_another_ward() -> None:
    assert ward_scenario_of(SMALL, 2) == ward_scenario_of(SMALL, 2)
    assert ward_scenario_of(SMALL, 2) != ward_scenario_of(SMALL, 3)
    assert ward_scenario_of(SMALL, 2) != ward_scenario_of(replace(SMALL, seed=5), 2)


def test_a_bed_does_not_depend_on_how_many_there_are() -> None:
    alone = ward_scenario_of(replace(SMALL, sessions=1), 1)

    assert alone.beds[0] == ward_scenario_of(SMALL, 1).beds[0]


def test_every_ward_has_a_day_of_its_own() -> None:
    days = [started_ms(SMALL, number) // 86_400_000 for number in (1, 2, 3)]

    assert len(set(days)) == 3


def test_beds_open_in_step_with_the_cadence() -> None:
    assert all(plan.opens_s % SMALL.cadence_s == 0 for plan in ward_scenario_of(SMALL, 1).beds)


def test_the_default_mix_holds_every_phenotype_in_about_its_share() -> None:
    cohort = Cohort(sessions=900, beds_per_file=900, nurse="ignores", hours=1.0)
    counts = shares_of(ward_scenario_of(cohort, 1).beds)

    assert set(counts) == {*PHENOTYPES, "uneventful"}
    for name, share in DEFAULT_MIX.reactions.items():
        spread = 4 * np.sqrt(900 * share * (1 - share))
        assert abs(counts[name] - 900 * share) <= spread


def test_beds_with_other_equipment_have_it_in_every_ward_and_the_truth_knows() -> None:
    equipped = replace(SMALL, equipment=("cart@1-3", "patch@4-10", "titrating@all"))
    ward = ward_scenario_of(equipped, 1)
    begins_ms = started_ms(equipped, 1)
    chairs = [chair(plan, ward, unit="w", started_ms=begins_ms) for plan in ward.beds]
    devices = {sent.device.split("-")[0] for sent in all_messages(chairs)}
    kinds = {one.kind for here in chairs for one in true_session(here).confounders}

    assert devices == {"cart", "patch", "pump", "tab"}
    assert {"motion", "loose", "radio-gap", "battery-low", "occlusion", "door-open"} & kinds
    assert [plan.case.who for plan in ward.beds if plan.case] == [
        plan.case.who for plan in ward_scenario_of(SMALL, 1).beds if plan.case
    ]
    assert len(ward_scenario_of(equipped, 3).beds) == 5


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"sessions": 1, "equipment": ("robot@1",)}, "'robot' is unknown"),
        ({"sessions": 0}, "0 sessions, must be at least 1"),
        ({"sessions": 1, "beds_per_file": 0}, "0 beds a file, must be from 1 to 999"),
        ({"sessions": 100_000, "beds_per_file": 10}, "10000 files, at most 9999"),
        ({"sessions": 1, "hours": 0.1}, "0.1 hours, must be from 0.5 to 24"),
        ({"sessions": 1, "cadence_s": 0}, "cadence of 0 s, must be from 1 to 60"),
    ],
)
def test_a_cohort_that_cannot_be_is_refused(what: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Cohort(**what)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"measles": 0.1}, "mix: 'measles' is unknown"),
        ({"febrile": 1.5}, "mix: febrile = 1.5, must be a share"),
        ({"febrile": 0.6, "vasovagal": 0.6}, "mix: reactions come to 1.2"),
    ],
)
def test_a_mix_that_cannot_be_is_refused(shares: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Mix(reactions=shares)


def test_all_messages_at_once_are_those_of_the_chairs_merged() -> None:
    chairs = chairs_of("febrile")[:3]
    one_by_one = sorted(
        chain.from_iterable(chair_messages(here) for here in chairs), key=lambda sent: sent.at_ms
    )

    assert sorted(all_messages(chairs), key=repr) == sorted(one_by_one, key=repr)
    assert [sent.at_ms for sent in all_messages(chairs)] == [sent.at_ms for sent in one_by_one]


@pytest.mark.parametrize("name", PHENOTYPES)
def test_the_truth_names_the_pattern_and_follows_the_course(name: str) -> None:
    events = 0
    for here in chairs_of(name):
        truth = true_session(here)
        assert truth.phenotype == name
        assert truth.nurse == "follows"
        assert truth.start_ms == here.at_ms(600)
        for number, event in enumerate(truth.events):
            events += 1
            assert event.pattern == PHENOTYPES[name].pattern
            gain = here.picture.gain_max if here.picture.drive == "rate" else 1.0
            assert 1 <= event.grade <= min(4, np.ceil(gain * here.picture.grade - ROUNDING))
            assert truth.start_ms <= event.onset_ms <= event.peak_ms <= truth.end_ms
            assert event.end_ms is None or event.peak_ms < event.end_ms
            assert event.recurrence == (number > 0)
            assert event.charted_ms is None or event.charted_ms >= event.onset_ms
            assert (event.grade3_ms is None) == (event.grade < 3)
            assert event.grade3_ms is None or event.onset_ms <= event.grade3_ms <= event.peak_ms
    assert events >= 8


def test_an_uneventful_session_has_no_events() -> None:
    cohort = Cohort(sessions=5, mix=Mix(reactions={}), hours=1.0)
    ward = ward_scenario_of(cohort, 1)
    truths = [
        true_session(chair(plan, ward, unit="w", started_ms=started_ms(cohort, 1)))
        for plan in ward.beds
    ]

    assert all(truth.events == () for truth in truths)
    assert any(truth.confounders for truth in truths)
    assert all(
        one.from_ms < one.until_ms <= truth.end_ms for truth in truths for one in truth.confounders
    )


def test_who_is_ignored_is_worse_for_longer_than_who_is_cared_for() -> None:
    def burden(nurse: str) -> float:
        return sum(float(here.activity.sum()) for here in chairs_of("hypotensive", nurse=nurse))

    assert burden("follows") < burden("delays") < burden("ignores")


def test_reactions_may_return_and_the_truth_says_so() -> None:
    returned = [
        event
        for here in chairs_of("anaphylaxis", sessions=40)
        for event in true_session(here).events
        if event.recurrence
    ]

    assert returned


def test_a_reaction_that_begins_after_the_person_left_stands_in_the_truth_as_unobserved() -> None:
    cohort = cohort_of("fluid-overload", sessions=40, nurse="ignores")
    ward = ward_scenario_of(cohort, 1)
    seen = {True: 0, False: 0}
    for plan in ward.beds:
        assert plan.case is not None
        if plan.case.onset_s < 10_800:
            continue
        here = chair(plan, ward, unit="w", started_ms=started_ms(cohort, 1))
        truth = true_session(here)
        for event in truth.unobserved:
            assert event.peak_ms > truth.end_ms
            assert event.charted_ms is None
        for event in truth.events:
            assert event.onset_ms < truth.end_ms
        assert truth.events or truth.unobserved, "whatever happened stands somewhere"
        seen[bool(truth.events)] += 1

    assert seen[True], "some stay"
    assert seen[False], "some have left"


def test_a_second_wave_is_seen_where_somebody_stays_and_nobody_vanishes() -> None:
    waves = {True: 0, False: 0}
    for here in chairs_of("anaphylaxis", sessions=40):
        assert here.plan.case is not None
        truth = true_session(here)
        waves[True] += sum(event.recurrence for event in truth.events)
        waves[False] += sum(event.recurrence for event in truth.unobserved)
        stays_h = (here.reporting_s - (here.ended_s or here.reporting_s)) / 3600
        if here.plan.case.habit == "stays" and here.closed_s and here.given:
            assert stays_h >= 5.5

    assert waves[True] > 3
    assert waves[True] + waves[False] > 5


def test_after_the_hour_there_is_a_round_every_quarter_of_an_hour_and_no_monitor() -> None:
    here = next(
        one
        for one in chairs_of("anaphylaxis", sessions=40)
        if one.closed_s and one.closed_s > one.unplugged_s + 7200
    )
    last_s: dict[str, int] = {}
    rounds = []
    for sent in chair_messages(here):
        kind = sent.topic.rsplit("/", maxsplit=1)[1]
        at_s = (sent.at_ms - here.opened_ms) // 1000
        last_s[kind] = at_s
        if kind == "obs" and b"round" in sent.payload:
            rounds.append(at_s)

    assert last_s["vitals"] < here.unplugged_s
    assert last_s["pump"] < here.unplugged_s
    assert set(here.rounds_s) <= set(rounds)
    assert all((one + here.plan.opens_s) % 900 == 0 for one in here.rounds_s)
    assert len(here.rounds_s) >= 8


def test_a_nurse_who_ignores_charts_late_or_never() -> None:
    def charted(nurse: str) -> list[int]:
        return [
            (event.charted_ms - event.onset_ms) // 1000
            for here in chairs_of("anaphylaxis", nurse=nurse)
            for event in true_session(here).events
            if event.charted_ms is not None and not event.recurrence
        ]

    follows, delays, ignores = charted("follows"), charted("delays"), charted("ignores")
    assert np.median(follows) < np.median(delays) < np.median(ignores)
    assert len(ignores) < len(follows)
    assert len(set(follows)) > 6, "drawn, not one delay for everybody"


def test_iron_and_antibodies_have_doses_of_their_own() -> None:
    for name, most_g in (("infusion-flush", 1.0), ("cytokine-release", 1.1)):
        for here in chairs_of(name):
            opening = next(sent for sent in chair_messages(here) if sent.topic.endswith("/session"))
            dose = msgspec.json.decode(opening.payload)["dose"]
            assert dose["u"] == "g"
            assert 0 < dose["v"] <= most_g


def test_motion_spoils_the_saturation_and_the_monitor_says_so() -> None:
    doubted = lost = 0
    cohort = replace(cohort_of("febrile", sessions=5, nurse="ignores"), hours=2.0)
    ward = ward_scenario_of(cohort, 1)
    for plan in ward.beds:
        here = chair(plan, ward, unit="w", started_ms=started_ms(cohort, 1))
        spans = poor_spans(here)
        for sent in monitor_messages(here):
            if not sent.topic.endswith("/vitals"):
                continue
            second = (sent.at_ms - here.opened_ms) // 1000
            for value in msgspec.json.decode(sent.payload)["values"]:
                if value["ch"] == "spo2" and value.get("q") == "questionable":
                    assert any(a <= second + 1 and second - 1 <= b for a, b in spans)
                    doubted += 1
                lost += value["ch"] == "spo2" and value.get("why") == "motion"

    assert lost > doubted > 5


def test_children_have_the_levels_of_their_age() -> None:
    cohort = cohort_of("febrile", sessions=60, children=1.0)
    people = [plan.case.who for plan in ward_scenario_of(cohort, 1).beds if plan.case]

    assert all(who.age_years < 16 for who in people)
    young = [who for who in people if who.age_years < 3]
    older = [who for who in people if who.age_years >= 11]
    assert min(who.hr_per_min for who in young) > 90
    assert max(who.hr_per_min for who in older) <= 90
    assert min(who.rr_per_min for who in young) > max(who.rr_per_min for who in older)
    assert all(who.age_months is not None for who in people if who.age_years == 0)


def test_a_child_weighs_what_its_age_lets_expect() -> None:
    cohort = cohort_of("febrile", sessions=600, children=1.0)
    cohort = replace(cohort, beds_per_file=600, hours=0.5)
    people = [plan.case.who for plan in ward_scenario_of(cohort, 1).beds if plan.case]
    infants = [who for who in people if who.age_years == 0]
    assert min(who.age_months for who in infants if who.age_months is not None) == 3
    for who in infants:
        assert who.age_months is not None
        assert 0.8 * (4 + who.age_months / 2) < who.weight_kg < 1.2 * (4 + who.age_months / 2)
    toddlers = [who.weight_kg for who in people if who.age_years == 1]
    assert max(who.weight_kg for who in infants) < max(toddlers)
    assert min(toddlers) > 0.8 * 10


def test_who_is_too_young_neither_walks_nor_talks() -> None:
    cohort = cohort_of("febrile", sessions=400, children=1.0)
    mix = replace(cohort.mix, habits=Habits(walking=4.0, talking=4.0, sleep=4.0))
    cohort = replace(cohort, beds_per_file=400, hours=1.0, mix=mix)
    seen: dict[str, int] = {}
    for plan in ward_scenario_of(cohort, 1).beds:
        assert plan.case is not None
        months = plan.case.who.age_months
        for one in plan.case.disturbances:
            seen[one.kind] = min(seen.get(one.kind, 99), 24 if months is None else months)

    assert seen["walking"] >= 12
    assert seen["talking"] == 24
    assert seen["sleep"] < 12, "what nobody is too young for happens to infants, too"
