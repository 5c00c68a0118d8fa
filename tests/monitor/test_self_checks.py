"""What is wrong with the monitor itself: every state and event, its words, and its end."""

from pathlib import Path
from typing import Any, get_args

import pytest
from ward_builders import act

from monitor.care.alerts import SIGNAL_TABLE
from monitor.care.self_checks import (
    EVENT_OF_ACT,
    NOWHERE,
    SELF_EVENTS,
    SELF_STATES,
    SELF_TABLE,
    SelfCheckParams,
    SelfChecks,
    SelfEvent,
    SelfState,
)
from monitor.care.troubles import TROUBLES
from monitor.facts.effects import AlertChanged
from monitor.facts.records import ActTaken, ActVerb

PARAMS = SelfCheckParams(
    proof_every_ms=1_000, proof_limit_ms=5_000, unattended_ms=5_000, over_told_ms=60_000
)
START_MS = 1_790_000_000_000
OWN = (
    "broker-lost", "path-unproven", "store-failing", "store-lost", "resumed", "journal-salvaged",
    "publish-refused",
)  # fmt: skip


def checks() -> SelfChecks:
    return SelfChecks(PARAMS, config="c0ffee")


def told(changed: list[AlertChanged]) -> list[tuple[str, str, str, str]]:
    return [(one.cause, one.phase, one.condition, one.signal) for one in changed]


EXPECTED: dict[tuple[SelfState, SelfEvent], SelfState] = {
    ("well", "found"): "wrong",
    ("well", "gone"): "well",
    ("well", "old"): "well",
    ("well", "see"): "well",
    ("well", "hand-back"): "well",
    ("well", "realert"): "well",
    ("wrong", "found"): "wrong",
    ("wrong", "gone"): "over",
    ("wrong", "old"): "wrong",
    ("wrong", "see"): "seen",
    ("wrong", "hand-back"): "wrong",
    ("wrong", "realert"): "wrong",
    ("seen", "found"): "seen",
    ("seen", "gone"): "well",
    ("seen", "old"): "seen",
    ("seen", "see"): "seen",
    ("seen", "hand-back"): "wrong",
    ("seen", "realert"): "wrong",
    ("over", "found"): "wrong",
    ("over", "gone"): "over",
    ("over", "old"): "well",
    ("over", "see"): "well",
    ("over", "hand-back"): "over",
    ("over", "realert"): "over",
}


@pytest.mark.parametrize("state", SELF_STATES)
@pytest.mark.parametrize("event", SELF_EVENTS)
def test_every_state_and_event_has_its_place(state: SelfState, event: SelfEvent) -> None:
    assert SELF_TABLE[state].get(event, state) == EXPECTED[state, event]


@pytest.mark.parametrize("key", [key for key in OWN if TROUBLES[key].over])
def test_a_trouble_is_told_while_it_lasts_and_its_length_for_a_while_after(key: str) -> None:
    watch = checks()
    assert told(watch.take(START_MS, {key: START_MS})) == [(key, "start", "active", "on")]
    assert watch.take(START_MS + 20_000, {key: START_MS}) == []
    assert list(watch.labels) == [TROUBLES[key].words]
    (over,) = watch.take(START_MS + 34_000, {})
    assert told([over]) == [(key, "end", "ended", "latched")]
    assert "34 s" in over.label
    assert over.revision == 2
    assert watch.take(START_MS + 93_999, {}) == []
    assert list(watch.labels) == [over.label]
    (gone,) = watch.take(START_MS + 94_000, {})
    assert (gone.id, gone.revision, gone.signal) == (over.id, 3, "off")
    assert not watch.labels


@pytest.mark.parametrize("key", [key for key in OWN if not TROUBLES[key].over])
def test_a_trouble_without_words_for_its_end_is_cleared_at_once(key: str) -> None:
    watch = checks()
    watch.take(START_MS, {key: START_MS})
    *_, last = watch.take(START_MS + 1_000, {})
    assert (last.cause, last.condition, last.signal) == (key, "ended", "off")
    assert not watch.labels


def test_what_comes_back_while_its_end_is_told_is_a_new_alert() -> None:
    watch = checks()
    (first,) = watch.take(START_MS, {"broker-lost": START_MS})
    watch.take(START_MS + 10_000, {})
    ended, second = watch.take(START_MS + 20_000, {"broker-lost": START_MS + 20_000})
    assert (ended.id, ended.signal) == (first.id, "off")
    assert (second.phase, second.revision) == ("start", 1)
    assert second.id != first.id


def test_several_troubles_are_alerts_of_their_own_at_no_bed() -> None:
    watch = checks()
    changed = watch.take(START_MS, {"broker-lost": START_MS, "store-lost": START_MS})
    assert {one.cause for one in changed} == {"broker-lost", "store-lost"}
    for one in changed:
        assert (one.bed, one.session, one.kind, one.rulebook) == (
            NOWHERE, "", "technical", "c0ffee",
        )  # fmt: skip
        assert one.signal in SIGNAL_TABLE
    assert told(watch.take(START_MS + 1, {"store-lost": START_MS})) == [
        ("broker-lost", "end", "ended", "latched")
    ]


def test_a_start_after_a_gap_says_for_how_long_nobody_watched() -> None:
    watch = checks()
    began, over = watch.started(START_MS, START_MS - 42_000)
    assert (began.onset_ms, began.raised_ms) == (START_MS - 42_000, START_MS)
    assert over.label == "resumed after 42 s unattended"
    assert list(watch.labels) == [over.label]
    assert told(watch.take(START_MS + 60_000, {})) == [("resumed", "update", "ended", "off")]


def test_a_start_from_a_damaged_journal_says_what_is_not_known() -> None:
    watch = checks()
    found = watch.started(START_MS, START_MS - 2_000, is_salvaged=True)
    assert [one.label for one in found][-1] == (
        "the journal was damaged: nothing is known of the 2 s before this start"
    )
    assert {one.raised_ms for one in found} == {START_MS}
    both = checks().started(START_MS, START_MS - 42_000, is_salvaged=True)
    assert len({one.id for one in both}) == 2


def test_a_short_gap_is_no_alert() -> None:
    watch = checks()
    assert watch.started(START_MS, START_MS - 4_999) == []
    assert watch.started(START_MS, START_MS - 5_000)


def test_a_limit_that_a_proof_on_its_way_would_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="at least twice proof_every"):
        SelfCheckParams(proof_every_ms=3_000, proof_limit_ms=5_999)
    SelfCheckParams(proof_every_ms=0, proof_limit_ms=0)


# --------------------------------------------------------------------- what people do about them

AGAIN_MS = 120_000
UNSEEN = "the condition has ended and nobody has seen that it was there"


def lost(state: SelfState) -> tuple[SelfChecks, str]:
    """Return checks with a lost broker in a state, at START_MS + 10 s, and the id of its alert."""
    watch = SelfChecks(PARAMS, config="c0ffee", realert_ms=AGAIN_MS)
    (began,) = watch.take(START_MS, {"broker-lost": START_MS})
    if state == "seen":
        watch.act(START_MS + 5_000, did("ack", began.id))
    if state == "over":
        watch.take(START_MS + 9_000, {})
    return watch, began.id


def did(verb: ActVerb, alert: str, **changed: Any) -> ActTaken:  # noqa: ANN401 - as act
    return act(0, verb, bed=NOWHERE, alert=alert, **changed)


AFTER: dict[tuple[SelfState, ActVerb], tuple[str, str]] = {
    ("wrong", "ack"): ("acknowledged", ""),
    ("wrong", "reset"): ("on", "only a latched alert can be reset"),
    ("wrong", "hand-back"): ("on", "hand-back: the signal is on, new"),
    ("seen", "ack"): ("acknowledged", "already acknowledged by rn-1"),
    ("seen", "reset"): ("acknowledged", "only a latched alert can be reset"),
    ("seen", "hand-back"): ("on", ""),
    ("over", "ack"): ("off", ""),
    ("over", "reset"): ("off", ""),
    ("over", "hand-back"): (
        "latched",
        f"hand-back: the signal is latched, {UNSEEN}",
    ),
}


@pytest.mark.parametrize("state", ["wrong", "seen", "over"])
@pytest.mark.parametrize("verb", get_args(ActVerb))
def test_every_act_on_every_state_is_done_or_refused_with_its_reason(
    state: SelfState, verb: ActVerb
) -> None:
    watch, alert = lost(state)
    before = watch.labels
    changed, refused = watch.act(START_MS + 10_000, did(verb, alert))
    if verb not in EVENT_OF_ACT:
        assert (changed, refused.startswith(f"{verb}: of an alert of the monitor")) == ([], True)
        return
    signal, words = AFTER[state, verb]
    assert refused == words
    assert [one.signal for one in changed] == [signal] * (not words)
    assert watch.labels == (() if signal == "off" else before)


def test_an_act_on_an_alert_that_is_not_there_is_refused() -> None:
    watch, _ = lost("wrong")
    assert watch.act(START_MS, did("ack", "al-1")) == (
        [], "alert 'al-1' is none of the monitor's own that are open",
    )  # fmt: skip


def test_what_somebody_has_taken_on_is_told_again_while_it_lasts() -> None:
    watch, alert = lost("seen")
    due_ms = START_MS + 5_000 + AGAIN_MS
    assert watch.take(due_ms - 1, {"broker-lost": START_MS}) == []
    (again,) = watch.take(due_ms, {"broker-lost": START_MS})
    assert (again.id, again.revision, again.signal, again.acknowledged_by) == (alert, 3, "on", "")
    assert again.reason == "still there since rn-1 acknowledged it"
    assert watch.take(due_ms + 1, {"broker-lost": START_MS}) == []
    assert watch.act(due_ms + 2, did("ack", alert))[1] == ""


def test_what_somebody_has_seen_is_over_with_its_length_and_not_told_on() -> None:
    watch, alert = lost("seen")
    (end,) = watch.take(START_MS + 34_000, {})
    assert (end.id, end.phase, end.condition, end.signal) == (alert, "end", "ended", "off")
    assert "34 s" in end.label
    assert not watch.labels
    assert watch.take(START_MS + 40_000, {}) == []


def test_what_was_given_back_latches_when_it_is_over() -> None:
    watch, alert = lost("seen")
    watch.act(START_MS + 10_000, did("hand-back", alert))
    (over,) = watch.take(START_MS + 34_000, {})
    assert told([over]) == [("broker-lost", "end", "ended", "latched")]


def test_the_page_has_every_cell_of_the_table() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")
    for state in SELF_STATES:
        cells = " | ".join(SELF_TABLE[state].get(event, "") for event in SELF_EVENTS)
        row = " ".join(f"| {state} | {cells} |".split())
        assert row in [" ".join(line.split()) for line in page.splitlines()], row
