"""What people, pumps and devices say, and what a ward makes of it."""

from typing import Any

import numpy as np
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
    opened,
    pump,
    refused,
    session,
    symptom,
    vitals,
)

from detectors.context import ContextFlag
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    ActRecorded,
    DeviceChanged,
    GradeChanged,
    MessageRejected,
    SessionChanged,
)


def rows(play: Play) -> list[tuple[str, str, str]]:
    """Return event, phase before and phase after of every session event."""
    return [(one.event, one.before, one.phase) for one in of(SessionChanged, play.told)]


# ------------------------------------------------------------------------------ session


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        ({}, []),
        ({"first_dose": True}, [ContextFlag.FIRST_DOSE]),
        ({"beta_blocker": True, "ace_inhibitor": False}, [ContextFlag.BETA_BLOCKER]),
        ({"ace_inhibitor": True}, [ContextFlag.ACE_INHIBITOR]),
        ({"product": "rituximab"}, [ContextFlag.MONOCLONAL]),
    ],
)
def test_what_a_session_says_of_the_person_reaches_detection_until_it_closes(
    said: dict[str, Any], flags: list[ContextFlag]
) -> None:
    play = opened(**said)
    found = np.flatnonzero(play.ward.state.detection.context[0])
    assert found.tolist() == flags
    play.take(session(10, "close"))
    assert not play.ward.state.detection.context[0].any()


def test_a_session_runs_through_its_phases() -> None:
    play = opened()
    play.take(pump(10, "infusing", 42))
    play.take(pump(20, "infusing", 84))
    play.take(pump(30, "infusing", 42))
    play.take(pump(40, "paused"))
    play.take(pump(50, "infusing", 21))
    play.take(pump(60, "stopped"))
    play.take(pump(70, "complete"))
    play.take(session(80, "close"))
    assert rows(play) == [
        ("open", "none", "opened"),
        ("start", "opened", "infusing"),
        ("raised", "infusing", "infusing"),
        ("lowered", "infusing", "slowed"),
        ("pause", "slowed", "paused"),
        ("resume", "paused", "infusing"),
        ("stop", "infusing", "stopped"),
        ("complete", "stopped", "watch"),
        ("close", "watch", "closed"),
    ]
    assert not any(one.refused for one in of(SessionChanged, play.told))
    assert {one.config for one in of(SessionChanged, play.told)} == {ward_settings().digest}


@pytest.mark.parametrize(
    ("event", "changed", "reason"),
    [
        ("stop", {}, "'stop' has no place while the session is opened"),
        ("open", {}, "'open' has no place while the session is opened"),
        ("start", {"id": "S-9"}, "unknown-session: S-9 is not the session of this bed (S-1)"),
    ],
)
def test_a_session_event_without_a_place_is_refused(
    event: Any,  # noqa: ANN401 - a verb
    changed: dict[str, str],
    reason: str,
) -> None:
    play = opened()
    play.take(session(10, event, **changed))
    assert play.phase.refused
    assert play.phase.phase == "opened"
    assert reason in play.phase.reason
    assert play.view().phase == "opened"


def test_an_event_where_no_session_is_open_is_refused() -> None:
    play = Play()
    play.take(session(10, "start", id=""))
    assert play.phase.refused
    assert "no session is open" in play.phase.reason


def test_an_unknown_product_is_remarked() -> None:
    play = opened(product="nectar")
    assert "product 'nectar' is not in the configuration" in play.phase.reason
    assert play.view().product == "nectar"


def test_closing_ends_the_reaction_and_releases_the_devices() -> None:
    play = anaphylactic()
    effects = play.take(session(400, "close"))
    assert (play.alert.phase, play.alert.condition, play.alert.signal) == (
        "end",
        "ended",
        "latched",
    )
    assert play.advice.steps == ()
    assert [(one.device, one.state) for one in of(DeviceChanged, effects)] == [
        ("mon-1", "released"),
        ("pump-1", "released"),
    ]
    assert (play.grade.grade, play.grade.reasons) == (NOT_ASSESSABLE, ("no session is open",))


def test_nothing_is_raised_after_closing() -> None:
    play = anaphylactic()
    play.take(session(400, "close"))
    before = len(play.told)
    for at_s in (405, 450, 500):
        play.well(at_s, sbp=60, dbp=30)
    play.take(symptom(510, "wheeze"))
    play.take(pump(520, "infusing", 42))
    assert alerts(play.told[before:]) == []
    assert of(GradeChanged, play.told[before:]) == []
    assert [one.signal for one in play.view().alerts] == ["latched"]


def test_closing_a_quiet_session_leaves_nothing() -> None:
    play = hypotensive()
    play.take(session(400, "close"))
    assert play.alert.signal == "off"
    assert play.view().alerts == ()


def test_a_latched_alert_keeps_its_own_session() -> None:
    play = anaphylactic()
    old = play.alert
    play.take(session(400, "close"))
    play.take(session(500, id="S-2"))
    assert [one.id for one in play.view().alerts] == [old.id]
    assert acknowledge(play, 510).refused == ""
    assert (play.alert.id, play.alert.session, play.alert.signal) == (old.id, "S-1", "off")
    assert play.view().alerts == ()


# --------------------------------------------------------------------------------- pump


def test_a_rate_is_known_as_soon_as_a_pump_reports_it() -> None:
    """People start the session, then the pump tells its rate: no event, but other advice."""
    play = opened()
    play.take(session(10, "start"))
    play.take(symptom(20, "headache"))
    step = next(step for step in play.advice.steps if step.key == "slow")
    assert "running rate not known" in step.words
    play.take(pump(30, "infusing", 168))
    step = next(step for step in play.advice.steps if step.key == "slow")
    assert (step.rate_centi_ml_per_h, step.words) == (
        8400,
        "Slow to the next lower rate from 168.0 mL/h to 84.0 mL/h",
    )


def test_a_pump_confirms_steps() -> None:
    play = hypotensive()
    assert play.steps["pause"] == "offered"
    play.take(pump(370, "paused"))
    assert play.steps["pause"] == "done"
    step = next(step for step in play.advice.steps if step.key == "pause")
    assert (step.by, step.at_ms, step.reason) == ("pump-1", ms(370), "pump-1 reports paused")


def test_a_person_who_reports_a_stop_has_done_the_step() -> None:
    play = anaphylactic()
    assert play.steps["stop"] == "offered"
    play.take(session(370, "stop"))
    assert play.steps["stop"] == "done"
    step = next(step for step in play.advice.steps if step.key == "stop")
    assert (step.at_ms, step.reason) == (ms(370), "reported: stop")


def test_a_pump_that_runs_again_undoes_what_it_had_confirmed() -> None:
    play = hypotensive()
    play.take(pump(370, "paused"))
    play.take(pump(400, "infusing", 84))
    assert play.steps["pause"] == "offered", "the drug flows and the reaction goes on"


def test_what_a_person_declined_stays_declined_when_the_pump_runs() -> None:
    play = hypotensive()
    play.take(act(370, "step", step="pause", status="declined"))
    play.take(pump(380, "infusing", 84))
    play.take(pump(390, "infusing", 168))
    assert play.steps["pause"] == "declined"


# ----------------------------------------------------------------------------- symptoms


def test_a_symptom_changes_advice_although_the_grade_is_the_same() -> None:
    play = infusing()
    play.take(symptom(320, "stridor"))
    assert "bronchodilator" not in play.steps
    play.take(symptom(330, "wheeze"))
    assert "bronchodilator" in play.steps
    assert "wheeze" in {row.symptom for row in play.alert.because}


def test_a_symptom_that_is_gone_ends_what_it_showed() -> None:
    play = infusing()
    play.take(symptom(320, "hives"))
    first = play.alert
    play.take(symptom(330, "hives", present=False))
    assert (play.alert.phase, play.alert.id) == ("end", first.id)


def test_a_symptom_that_comes_back_is_another_episode() -> None:
    play = infusing()
    play.take(symptom(320, "hives"))
    first = play.alert.id
    play.take(symptom(330, "hives", present=False))
    play.take(symptom(340, "hives", onset_ms=ms(320)))
    assert play.alert.phase == "start"
    assert play.alert.id != first


@pytest.mark.parametrize(
    ("at_bed", "name", "refusal"),
    [
        ("1", "gloom", "symptom 'gloom' is not in the configuration; known: hives, itch"),
        ("2", "hives", "no session is open at this bed"),
    ],
)
def test_a_symptom_that_cannot_be_taken_is_refused(at_bed: str, name: str, refusal: str) -> None:
    play = infusing()
    effects = play.take(symptom(320, name, bed=at_bed))
    assert len(effects) == 1
    assert of(ActRecorded, effects)[0].refused.startswith(refusal)


# ------------------------------------------------------------------------------ refusals


def test_refused_messages_are_counted_and_told() -> None:
    play = infusing()
    effects = play.take(refused(320), refused(320, bed="99"), refused(320, bed=""))
    told = of(MessageRejected, effects)
    assert [(one.bed, one.session, one.reason) for one in told] == [
        ("1", "S-1", "not-json"),
        ("99", "", "not-json"),
        ("_", "", "not-json"),
    ]
    view = play.ward.view(play.now_ms)
    assert view.outcomes["refused messages"] == 3
    assert [bed.bed for bed in view.beds] == ["1"], "garbage makes no bed"


def test_every_record_leaves_a_trace() -> None:
    play = infusing()
    before = len(play.told)
    play.take(
        act(320, "ack", alert="al-0"),
        symptom(320, "gloom"),
        session(320, "open"),
        refused(320),
        vitals(320, hr=0),
    )
    kinds = [type(effect).__name__ for effect in play.told[before:]]
    assert kinds == [
        "ActRecorded",
        "ActRecorded",
        "SessionChanged",
        "MessageRejected",
        "ReadingsKept",
    ]


def test_a_rate_that_rose_explains_mild_signs_for_half_an_hour() -> None:
    for at_s, pattern in ((1800, "rate-related"), (1801, "isolated-sign")):
        play = infusing()
        play.take(pump(400, "infusing", 252))
        play.take(symptom(400 + at_s, "headache"))
        assert play.alert.pattern == pattern


def test_the_rate_that_was_tolerated_before_is_known() -> None:
    play = infusing(rate=84)
    play.take(pump(400, "infusing", 168))
    assert play.ward.state.beds[0].rate_before_centi == 8400
    play.take(pump(500, "paused"))
    play.take(pump(600, "infusing", 42))
    assert play.ward.state.beds[0].rate_before_centi == 16800, "a pause is no rate"
