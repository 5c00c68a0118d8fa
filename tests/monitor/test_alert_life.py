"""What people may do about an alert besides acknowledging it, and what time does to it."""

from dataclasses import replace
from typing import Any

import pytest
from builders import ward_settings
from ward_builders import (
    Play,
    acknowledge,
    act,
    alerts,
    anaphylactic,
    hypotensive,
    infusing,
    ms,
    of,
    session,
)

from monitor.facts.effects import ActRecorded, AlertEscalated, AnyEffect, SnoozeChanged
from monitor.facts.records import ActVerb

LIFE = ward_settings().alerts
CHAIN = ward_settings().escalation


def do(play: Play, at_s: float, verb: ActVerb, **changed: Any) -> str:  # noqa: ANN401 - as act
    """Do something about the reaction as it stands and return why it was refused."""
    effects = play.take(act(at_s, verb, **{"alert": play.alert.id, **changed}))
    return of(ActRecorded, effects)[0].refused


def snooze(play: Play, at_s: float, **changed: Any) -> str:  # noqa: ANN401 - as act
    usual = {"sign": "hypotension", "grade": 2, "for_ms": 600_000, "reason": "known"}
    return do(play, at_s, "snooze", **{**usual, **changed})


def now(play: Play) -> tuple[str, str, str]:
    return play.alert.condition, play.alert.signal, play.alert.reason


def hypotensive_again(play: Play, at_s: float, sbp: int = 84) -> None:
    play.well(at_s, sbp=sbp, dbp=sbp - 29)


# --------------------------------------------------------------------- recovery


def test_a_relapse_before_the_clear_time_is_the_same_alert() -> None:
    play = hypotensive()
    play.well(390)
    assert now(play)[0] == "recovering"
    hypotensive_again(play, 420)
    assert (play.alert.condition, play.alert.phase) == ("active", "update")
    assert len({one.id for one in alerts(play.told)}) == 1


def test_a_charted_symptom_does_not_recover_by_itself() -> None:
    play = anaphylactic()
    for at_s in range(360, 900, 30):
        play.well(at_s)
    assert play.alert.condition == "active"


def test_the_condition_delay_is_what_the_repeat_took() -> None:
    play = hypotensive()
    assert (play.alert.onset_ms, play.alert.active_ms) == (ms(330), ms(360))
    assert play.alert.condition_delay_ms == 30_000
    assert alerts(play.told)[0].condition_delay_ms is None, "pending"


def test_persistence_is_shown_beside_what_confirms_and_ends() -> None:
    (sign,) = hypotensive().alert.persistence
    assert (sign.sign, sign.grade, sign.confirmed, sign.readings) == ("hypotension", 2, True, 2)
    assert sign.since_ms == ms(330)


# ------------------------------------------------------------------ audio pause


def test_a_pause_ends_by_itself() -> None:
    play = hypotensive()
    assert do(play, 370, "pause-audio", for_ms=60_000) == ""
    assert now(play) == ("active", "audio-paused", "audio paused for 60 s by rn-1")
    assert play.alert.quiet_until_ms == ms(430)
    assert alerts(play.wait(429)) == []
    assert [one.signal for one in alerts(play.wait(430))] == ["on"]
    assert play.alert.reason == "the audio pause is over"


def test_a_pause_is_bounded_and_given_once() -> None:
    play = hypotensive()
    assert do(play, 365, "pause-audio", for_ms=121_000) == "121 s is too long: at most 120 s"
    assert do(play, 370, "pause-audio") == ""
    assert play.alert.quiet_until_ms == ms(370) + LIFE.audio_pause_max_ms
    assert do(play, 380, "pause-audio").startswith("pause-audio: the signal is audio-paused")


def test_worsening_breaks_through_a_pause() -> None:
    play = hypotensive()
    do(play, 370, "pause-audio")
    hypotensive_again(play, 400, 76)
    assert now(play)[1:] == ("on", "it got worse")
    assert play.alert.quiet_until_ms is None


# ---------------------------------------------------------------------- snooze


def test_a_snooze_is_quiet_for_its_time_and_then_calls() -> None:
    play = hypotensive()
    assert snooze(play, 370) == ""
    assert now(play) == ("active", "snoozed", "hypotension up to grade 2 snoozed by rn-1: known")
    assert alerts(play.wait(969)) == []
    assert [one.end for one in of(SnoozeChanged, play.wait(970))] == ["time"]
    assert now(play) == ("active", "on", "not snoozed: hypotension (grade 2)")


def test_a_higher_grade_ends_the_snooze_and_calls() -> None:
    play = hypotensive()
    snooze(play, 370)
    hypotensive_again(play, 400, 76)
    assert [one.end for one in of(SnoozeChanged, play.told)] == ["", "worse"]
    assert (play.alert.phase, play.alert.signal) == ("escalate", "on")


def test_another_sign_calls_and_leaves_the_snooze_in_force() -> None:
    play = hypotensive()
    snooze(play, 370)
    for at_s in (390, 420):
        play.well(at_s, sbp=84, dbp=55, spo2=88)
    assert play.alert.signal == "on"
    assert "hypoxia" in play.alert.reason
    assert [one.end for one in of(SnoozeChanged, play.told)] == [""]


def test_a_snooze_outlives_its_episode_and_the_end_is_told() -> None:
    play = hypotensive()
    snooze(play, 370)
    for at_s in (390, 420, 450):
        play.well(at_s)
    assert (play.alert.phase, play.alert.signal) == ("end", "off")
    hypotensive_again(play, 500)
    assert (play.alert.phase, play.alert.signal) == ("start", "snoozed")
    assert play.alert.reason == "hypotension up to grade 2 snoozed by rn-1: known"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        (
            {"sign": "hypertension"},
            "'hypertension' is not what the alert shows; it shows: hypotens",
        ),
        ({"grade": 3}, "grade 3 cannot be snoozed: at most grade 2"),
        ({"grade": 1}, "hypotension is at grade 2 now: a snooze up to grade 1 covers nothing"),
        ({"for_ms": 3_601_000}, "3601 s is too long: at most 3600 s"),
        ({"revision": 0}, "revision 0 was meant by snooze, but the alert got worse"),
    ],
)
def test_a_snooze_that_cannot_be(changed: dict[str, Any], refusal: str) -> None:
    play = hypotensive()
    assert snooze(play, 370, **changed).startswith(refusal)
    assert of(SnoozeChanged, play.told) == []
    assert play.alert.signal == "on"


def test_a_snooze_is_lifted_replaced_and_left_behind() -> None:
    play = hypotensive()
    snooze(play, 370)
    snooze(play, 380, for_ms=60_000)
    assert do(play, 390, "unsnooze", sign="fever") == "'fever' is not snoozed; snoozed: hypotension"
    assert do(play, 400, "unsnooze", sign="hypotension") == ""
    assert play.alert.signal == "on"
    snooze(play, 410)
    play.take(session(420, "close"))
    ends = [one.end for one in of(SnoozeChanged, play.told)]
    assert ends == ["", "replaced", "", "lifted", "", "session"]


def test_a_technical_alert_is_snoozed_by_its_cause() -> None:
    play = infusing()
    play.wait(1600)
    told = alerts(play.told, "technical")[-1]
    effects = play.take(act(1610, "snooze", alert=told.id, reason="in the toilet"))
    assert of(ActRecorded, effects)[0].refused == ""
    assert alerts(effects, "technical")[-1].signal == "snoozed"


# ------------------------------------------------------- acknowledgement and judgement


def test_an_acknowledgement_is_given_back() -> None:
    play = hypotensive()
    assert do(play, 365, "hand-back").startswith("hand-back: the signal is on")
    acknowledge(play, 370)
    assert do(play, 380, "hand-back", by="rn-2") == ""
    assert now(play) == ("active", "on", "handed back by rn-2 for rn-1")
    assert (play.alert.acknowledged_by, play.alert.realert_ms) == ("", None)


def test_a_judgement_is_kept_and_acknowledges() -> None:
    play = hypotensive()
    assert do(play, 370, "not-a-reaction", disbelief="artefact", reason="arm moved") == ""
    assert (play.alert.signal, play.alert.disbelief) == ("acknowledged", "artefact")
    assert of(ActRecorded, play.told)[-1].status == "artefact"
    assert do(play, 380, "not-a-reaction", disbelief="treated") == "", "a better judgement"
    assert (play.alert.disbelief, play.alert.acknowledged_by) == ("treated", "rn-1")


def test_what_is_over_can_still_be_judged() -> None:
    play = hypotensive()
    for at_s in (390, 420, 450):
        play.well(at_s)
    assert do(play, 500, "not-a-reaction", disbelief="other") == ""
    assert do(play, 510, "not-a-reaction", alert="al-0") == "alert 'al-0' is not open at this bed"
    assert do(play, 520, "ack").endswith("is not open at this bed")


# ------------------------------------------------------------------- escalation


def hops(play: Play, effects: list[AnyEffect]) -> list[tuple[int, str, bool]]:
    """Return who was called for the reaction; that devices fell silent has its own calls."""
    return [
        (one.level, one.to, one.failsafe)
        for one in of(AlertEscalated, effects)
        if one.alert == play.alert.id
    ]


def chain(priority: str) -> list[tuple[int, str, bool]]:
    rows = [one for one in CHAIN if one.priority == priority]
    return [(level, one.to, one.failsafe) for level, one in enumerate(rows, start=1)]


def test_nobody_answers_and_the_chain_ends_with_the_failsafe() -> None:
    play = hypotensive()
    for at_s in range(390, 1500, 30):
        hypotensive_again(play, at_s)
    assert hops(play, play.told) == chain("medium")
    assert hops(play, play.told)[-1][2]
    first = of(AlertEscalated, play.told)[0]
    assert (first.reason, first.by) == ("nobody has acknowledged it for 300 s", "")
    assert play.view().alerts[0].called == "physician-on-call"


def test_an_acknowledgement_ends_the_chain_and_a_realert_begins_it_again() -> None:
    play = hypotensive()
    play.wait(361)
    acknowledge(play, 370)
    assert hops(play, [*play.wait(969)]) == []
    play.wait(970)
    assert play.alert.signal == "on"
    assert hops(play, [*play.wait(1270)]) == chain("medium")[:1]


def test_a_higher_priority_has_its_own_chain() -> None:
    play = hypotensive()
    hypotensive_again(play, 365)
    hypotensive_again(play, 665)
    assert hops(play, play.told) == chain("medium")[:1]
    hypotensive_again(play, 700, 76)
    assert hops(play, [*play.wait(760)]) == chain("high")[:1]


def test_a_person_asks_for_help() -> None:
    play = hypotensive()
    acknowledge(play, 370)
    assert do(play, 380, "escalate", reason="alone") == ""
    call = of(AlertEscalated, play.told)[0]
    assert (call.to, call.by, call.reason) == (
        "nurse-in-charge",
        "rn-1",
        "rn-1 asks for help: alone",
    )
    assert do(play, 390, "escalate") == ""
    assert do(play, 400, "escalate") == "physician-on-call is the last of the chain"


# --------------------------------------------------------------------- flapping


def spells(play: Play, first: int, count: int) -> None:
    """Let a hypotension come, be confirmed and clear so often, 150 s apart."""
    for begin in range(first, first + 150 * count, 150):
        hypotensive_again(play, begin)
        hypotensive_again(play, begin + 30)
        for at_s in (60, 90, 120):
            play.well(begin + at_s)


def test_the_third_time_is_flapping_and_shown_as_one() -> None:
    play = infusing()
    spells(play, 330, 3)
    ids = list(dict.fromkeys(one.id for one in alerts(play.told)))
    assert len(ids) == 3
    assert (play.alert.flaps, play.alert.condition) == (3, "recovering")
    assert play.alert.reason.startswith(
        "flapping: shown as one alert until it was clear for 10 min"
    )
    spells(play, 800, 3)
    assert list(dict.fromkeys(one.id for one in alerts(play.told))) == ids, "no new alert"


def test_flapping_ends_by_readings_and_not_by_silence() -> None:
    play = infusing()
    spells(play, 330, 3)
    play.wait(10_000)
    assert play.alert.condition == "recovering"
    play.well(10_010)
    assert now(play)[0] == "ended"
    assert play.alert.reason.startswith("it flapped and has stayed clear")
    assert play.advice.steps == ()


def test_whoever_acknowledged_a_flapping_alert_is_not_called_for_the_same() -> None:
    play = infusing()
    spells(play, 330, 3)
    acknowledge(play, 770)
    before = len(alerts(play.told))
    hypotensive_again(play, 800)
    hypotensive_again(play, 830)
    assert {one.signal for one in alerts(play.told)[before:]} == {"acknowledged"}


def test_beginnings_far_apart_do_not_flap() -> None:
    settings = replace(ward_settings(), alerts=replace(LIFE, flap_window_ms=200_000))
    play = infusing(settings=settings)
    spells(play, 330, 4)
    assert {one.flaps for one in alerts(play.told)} == {0}
