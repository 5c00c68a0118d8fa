"""Every cell of the tables of an alert's life, and what an episode keeps through it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final, get_args

import pytest

from monitor.care.alert_effects import alert_changed, phase_of
from monitor.care.alerts import (
    CONDITION_EVENTS,
    CONDITION_TABLE,
    CONDITIONS,
    PRIORITY_OF_GRADE,
    RANK,
    SIGNAL_EVENTS,
    SIGNAL_TABLE,
    SIGNALS,
    ConditionEvent,
    Episode,
    Picture,
    SignalEvent,
    acknowledged,
    ended,
    episode_id,
    hushed,
    moved,
    raised,
    realerted,
    revised,
    signalled,
    updated,
)
from monitor.facts.effects import Condition, Context, Priority, Signal

# None marks an event that has no place: the state stays as it is.
CONDITIONS_EXPECTED: Final[dict[tuple[Condition, ConditionEvent], Condition | None]] = {
    ("pending", "confirm"): "active",
    ("pending", "ease"): None,
    ("pending", "clear"): "ended",
    ("active", "confirm"): None,
    ("active", "ease"): "recovering",
    ("active", "clear"): "ended",
    ("recovering", "confirm"): "active",
    ("recovering", "ease"): None,
    ("recovering", "clear"): "ended",
    ("ended", "confirm"): None,
    ("ended", "ease"): None,
    ("ended", "clear"): None,
}

SIGNALS_EXPECTED: Final[dict[tuple[Signal, SignalEvent], Signal | None]] = {
    ("off", "raise"): "on",
    ("off", "acknowledge"): None,
    ("off", "hand-back"): None,
    ("off", "pause"): None,
    ("off", "resume"): None,
    ("off", "snooze"): None,
    ("off", "wake"): None,
    ("off", "worsen"): None,
    ("off", "realert"): None,
    ("off", "end"): None,
    ("off", "latch"): None,
    ("on", "raise"): None,
    ("on", "acknowledge"): "acknowledged",
    ("on", "hand-back"): None,
    ("on", "pause"): "audio-paused",
    ("on", "resume"): None,
    ("on", "snooze"): "snoozed",
    ("on", "wake"): None,
    ("on", "worsen"): "on",
    ("on", "realert"): None,
    ("on", "end"): "off",
    ("on", "latch"): "latched",
    ("audio-paused", "raise"): None,
    ("audio-paused", "acknowledge"): "acknowledged",
    ("audio-paused", "hand-back"): None,
    ("audio-paused", "pause"): None,
    ("audio-paused", "resume"): "on",
    ("audio-paused", "snooze"): "snoozed",
    ("audio-paused", "wake"): None,
    ("audio-paused", "worsen"): "on",
    ("audio-paused", "realert"): None,
    ("audio-paused", "end"): "off",
    ("audio-paused", "latch"): "latched",
    ("acknowledged", "raise"): None,
    ("acknowledged", "acknowledge"): None,
    ("acknowledged", "hand-back"): "on",
    ("acknowledged", "pause"): None,
    ("acknowledged", "resume"): None,
    ("acknowledged", "snooze"): "snoozed",
    ("acknowledged", "wake"): None,
    ("acknowledged", "worsen"): "on",
    ("acknowledged", "realert"): "on",
    ("acknowledged", "end"): "off",
    ("acknowledged", "latch"): "off",
    ("snoozed", "raise"): None,
    ("snoozed", "acknowledge"): "acknowledged",
    ("snoozed", "hand-back"): None,
    ("snoozed", "pause"): None,
    ("snoozed", "resume"): None,
    ("snoozed", "snooze"): None,
    ("snoozed", "wake"): "on",
    ("snoozed", "worsen"): "on",
    ("snoozed", "realert"): None,
    ("snoozed", "end"): "off",
    ("snoozed", "latch"): "off",
    ("latched", "raise"): None,
    ("latched", "acknowledge"): "off",
    ("latched", "hand-back"): None,
    ("latched", "pause"): None,
    ("latched", "resume"): None,
    ("latched", "snooze"): None,
    ("latched", "wake"): None,
    ("latched", "worsen"): None,
    ("latched", "realert"): None,
    ("latched", "end"): None,
    ("latched", "latch"): None,
}

LATCHED: Final[tuple[Priority, ...]] = ("high",)


def picture(grade: int = 2, **changed: Any) -> Picture:  # noqa: ANN401 - fields differ
    usual: dict[str, Any] = {
        "cause": "reaction",
        "kind": "physiological",
        "priority": PRIORITY_OF_GRADE[grade],
        "pattern": "hypotensive",
        "grade": grade,
        "signs": (("hypotension", grade),),
        "label": "SBP low",
        "because": (),
        "context": Context(),
    }
    return Picture(**{**usual, **changed})


def episode(grade: int = 2, *, pending: bool = False, **changed: Any) -> Episode:  # noqa: ANN401 - fields differ
    made = raised(
        picture(grade), session="S-1", bed="1", onset_ms=1000, at_ms=2000, pending=pending
    )
    return replace(made, **changed)


def test_the_expected_tables_have_every_cell() -> None:
    assert set(CONDITIONS_EXPECTED) == {(c, e) for c in CONDITIONS for e in CONDITION_EVENTS}
    assert set(SIGNALS_EXPECTED) == {(s, e) for s in SIGNALS for e in SIGNAL_EVENTS}
    assert set(CONDITIONS) == set(CONDITION_TABLE) == set(get_args(Condition))
    assert set(SIGNALS) == set(SIGNAL_TABLE) == set(get_args(Signal))


@pytest.mark.parametrize("cell", CONDITIONS_EXPECTED)
def test_every_condition_event(cell: tuple[Condition, ConditionEvent]) -> None:
    state, event = cell
    expected = CONDITIONS_EXPECTED[cell]
    assert CONDITION_TABLE[state].get(event) == expected
    assert moved(episode(condition=state), event) == episode(condition=expected or state)


@pytest.mark.parametrize("cell", SIGNALS_EXPECTED)
def test_every_signal_event(cell: tuple[Signal, SignalEvent]) -> None:
    state, event = cell
    expected = SIGNALS_EXPECTED[cell]
    assert SIGNAL_TABLE[state].get(event) == expected
    before = episode(signal=state)
    after = signalled(before, event, "because")
    if expected is None:
        assert after == before
    else:
        assert after == replace(before, signal=expected, reason="because")


@pytest.mark.parametrize("cell", [cell for cell, after in SIGNALS_EXPECTED.items() if after])
def test_what_begins_to_call_has_been_answered_by_nobody(cell: tuple[Signal, SignalEvent]) -> None:
    state, event = cell
    before = episode(
        signal=state,
        acknowledged_by="rn-1",
        acknowledged_ms=1,
        realert_ms=2,
        quiet_until_ms=3,
        calling_ms=4,
        level=1,
        called="nurse-in-charge",
    )
    after = signalled(before, event, "because")
    calls = after.signal in {"on", "audio-paused"}
    assert after.quiet_until_ms is None
    assert (after.calling_ms, after.level) == ((4, 1) if calls else (None, 0))
    forgotten = after.signal == "on" and event != "resume"
    assert after.acknowledged_by == ("" if forgotten else "rn-1")


def test_priorities_never_fall_as_grades_rise() -> None:
    assert PRIORITY_OF_GRADE == ("info", "low", "medium", "high", "high")
    ranks = [RANK[priority] for priority in PRIORITY_OF_GRADE]
    assert all(low <= high for low, high in pairwise(ranks))


def test_an_id_names_session_bed_cause_and_onset() -> None:
    mine = episode_id("S-1", "1", "reaction", 1000)
    assert mine == episode_id("S-1", "1", "reaction", 1000)
    others = {
        episode_id("S-2", "1", "reaction", 1000),
        episode_id("S-1", "2", "reaction", 1000),
        episode_id("S-1", "1", "no-data", 1000),
        episode_id("S-1", "1", "reaction", 1001),
        episode_id("S-11", "", "reaction", 1000),
    }
    assert len(others | {mine}) == 6


def test_a_new_episode_is_signalled() -> None:
    one = episode()
    assert (one.revision, one.condition, one.signal) == (1, "active", "on")
    assert one.grade_path == ((2000, 2),)
    assert episode(pending=True).condition == "pending"


def test_worsening_breaks_through_an_acknowledgement() -> None:
    taken = acknowledged(episode(2), by="rn-1", at_ms=3000, realert_ms=9000)
    assert (taken.signal, taken.acknowledged_by, taken.realert_ms) == (
        "acknowledged",
        "rn-1",
        9000,
    )
    worse = updated(taken, picture(3), at_ms=4000, pending=False)
    assert (worse.signal, worse.acknowledged_by, worse.realert_ms) == ("on", "", None)
    assert worse.worsened_revision == taken.revision + 1
    assert worse.grade_path == ((2000, 2), (4000, 3))


@pytest.mark.parametrize(
    ("after", "worse"),
    [
        (picture(3), True),
        (picture(2, signs=(("hypotension", 2), ("fever", 1))), False),
        (picture(2, signs=(("hypotension", 2), ("fever", 2))), True),
        (picture(2, signs=(("hypotension", 2), ("hypoxia?", 3))), True),
        (picture(2, priority="high"), True),
        (picture(2, pattern="anaphylaxis"), False),
        (picture(1), False),
        (picture(2), False),
    ],
)
def test_what_counts_as_worse(after: Picture, worse: bool) -> None:  # noqa: FBT001 - a table
    taken = acknowledged(episode(2), by="rn-1", at_ms=3000, realert_ms=9000)
    assert after.worse_than(picture(2)) is worse
    assert (updated(taken, after, at_ms=4000, pending=False).signal == "on") is worse


def test_easing_keeps_the_acknowledgement() -> None:
    taken = acknowledged(episode(3), by="rn-1", at_ms=3000, realert_ms=9000)
    eased = updated(taken, picture(1), at_ms=4000, pending=False)
    assert (eased.signal, eased.acknowledged_by, eased.realert_ms) == (
        "acknowledged",
        "rn-1",
        9000,
    )


def test_a_pending_episode_is_confirmed_and_never_pending_again() -> None:
    one = updated(episode(pending=True), picture(2), at_ms=3000, pending=True)
    assert one.condition == "pending"
    one = updated(one, picture(2), at_ms=4000, pending=False)
    assert one.condition == "active"
    assert updated(one, picture(1), at_ms=5000, pending=True).condition == "active"


@pytest.mark.parametrize(
    ("grades", "acknowledge_after", "signal"),
    [
        ((3,), None, "latched"),
        ((3, 1), None, "latched"),
        ((3, 1), 0, "off"),
        ((3, 1), 1, "off"),
        ((2,), None, "off"),
        ((2, 3), 0, "latched"),
        ((1, 2), 1, "off"),
    ],
)
def test_what_was_high_and_unseen_latches(
    grades: tuple[int, ...], acknowledge_after: int | None, signal: Signal
) -> None:
    """``grades`` it went through, and after which of them it was acknowledged."""
    one = episode(grades[0])
    for index, grade in enumerate(grades):
        if index:
            one = updated(one, picture(grade), at_ms=3000 + index, pending=False)
        if index == acknowledge_after:
            one = acknowledged(one, by="rn-1", at_ms=4000, realert_ms=9000)
    over = ended(one, latched=LATCHED)
    assert (over.condition, over.signal, over.realert_ms) == ("ended", signal, None)
    assert over.open is (signal == "latched")


def test_a_latched_signal_ends_with_its_acknowledgement() -> None:
    seen = acknowledged(ended(episode(3), latched=LATCHED), by="rn-1", at_ms=5, realert_ms=9)
    assert (seen.signal, seen.acknowledged_by, seen.realert_ms) == ("off", "rn-1", None)
    assert not seen.open


def test_a_realert_forgets_who_took_it_on() -> None:
    taken = acknowledged(episode(3), by="rn-1", at_ms=3000, realert_ms=9000)
    again = realerted(taken)
    assert (again.signal, again.acknowledged_by, again.acknowledged_ms, again.realert_ms) == (
        "on",
        "",
        None,
        None,
    )


def test_a_realert_that_nobody_saw_latches() -> None:
    taken = acknowledged(episode(3), by="rn-1", at_ms=3000, realert_ms=9000)
    assert ended(taken, latched=LATCHED).signal == "off"
    assert ended(realerted(taken), latched=LATCHED).signal == "latched"


def test_an_unseen_high_is_not_hushed_by_what_covers_the_rest() -> None:
    eased = updated(episode(3), picture(2), at_ms=3000, pending=False)
    assert hushed(eased, cover="snoozed by rn-1", uncovered="") == eased, "nobody saw it high"
    seen = realerted(acknowledged(eased, by="rn-1", at_ms=3000, realert_ms=9000))
    quiet = hushed(seen, cover="snoozed by rn-1", uncovered="")
    assert (quiet.signal, quiet.reason) == ("snoozed", "snoozed by rn-1")
    assert hushed(quiet, cover="", uncovered="fever").reason == "not snoozed: fever"


def test_what_eased_after_it_was_seen_does_not_latch() -> None:
    taken = acknowledged(episode(3), by="rn-1", at_ms=3000, realert_ms=9000)
    eased = updated(taken, picture(1), at_ms=4000, pending=False)
    assert taken.unseen == "info"
    assert eased.unseen == "low"
    assert ended(realerted(eased), latched=LATCHED).signal == "off"


def test_revisions_count_changes() -> None:
    one = episode()
    assert revised(None, one).revision == 1
    assert revised(one, updated(one, picture(3), at_ms=3, pending=False)).revision == 2


def test_the_name_of_a_change() -> None:
    one, pending = episode(2), episode(2, pending=True)
    taken = acknowledged(one, by="rn-1", at_ms=3000, realert_ms=9000)
    latched = ended(episode(3), latched=LATCHED)
    assert phase_of(None, one) == "start"
    assert phase_of(pending, updated(pending, picture(2), at_ms=3, pending=False)) == "update"
    assert phase_of(one, updated(one, picture(3), at_ms=3, pending=False)) == "escalate"
    assert phase_of(one, updated(one, picture(1), at_ms=3, pending=False)) == "deescalate"
    assert phase_of(one, taken) == "acknowledge"
    assert phase_of(taken, realerted(taken)) == "update"
    assert phase_of(one, ended(one, latched=LATCHED)) == "end"
    seen = acknowledged(latched, by="rn-1", at_ms=5, realert_ms=None)
    assert phase_of(latched, seen) == "acknowledge"


def test_an_effect_shows_the_whole_episode() -> None:
    one = episode(3)
    taken = acknowledged(one, by="rn-1", at_ms=3000, realert_ms=9000)
    told = alert_changed(one, revised(one, taken), at_ms=3000, bed="1", rulebook="sha")
    assert (told.id, told.revision, told.phase, told.signal) == (
        one.id,
        2,
        "acknowledge",
        "acknowledged",
    )
    assert (told.onset_ms, told.raised_ms, told.realert_ms) == (1000, 2000, 9000)
    assert (told.grade, told.priority, told.pattern) == (3, "high", "hypotensive")
    assert (told.cause, told.kind, told.label) == ("reaction", "physiological", "SBP low")
    assert told.rulebook == "sha"
