"""What a person may do about an alert and its steps, and what of it is refused."""

import pytest
from builders import ward_settings
from ward_builders import (
    acknowledge,
    act,
    alerts,
    anaphylactic,
    hypotensive,
    infusing,
    ms,
    of,
    session,
    symptom,
)

from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
)
from monitor.facts.records import ActVerb

LIFE = ward_settings().alerts


# ---------------------------------------------------------------------- acknowledgement


def test_an_acknowledged_alert_comes_back_after_its_time() -> None:
    play = anaphylactic()
    assert acknowledge(play, 340).refused == ""
    assert (play.alert.phase, play.alert.signal, play.alert.acknowledged_by) == (
        "acknowledge",
        "acknowledged",
        "rn-1",
    )
    assert play.alert.realert_ms == ms(340) + LIFE.realert_high_ms
    due_s = 340 + LIFE.realert_high_ms / 1000
    assert alerts(play.wait(due_s - 1)) == []
    (again,) = alerts(play.wait(due_s))
    assert (again.phase, again.signal, again.acknowledged_by) == ("update", "on", "")
    assert alerts(play.wait(due_s + 9)) == [], "once"


def test_a_medium_alert_comes_back_later_than_a_high_one() -> None:
    play = hypotensive()
    acknowledge(play, 370)
    assert play.alert.realert_ms == ms(370) + LIFE.realert_medium_ms


def test_a_low_alert_does_not_come_back() -> None:
    play = infusing()
    play.take(symptom(320, "headache"))
    acknowledge(play, 330)
    assert (play.alert.priority, play.alert.realert_ms) == ("low", None)


def test_worsening_breaks_through_and_the_old_revision_counts_no_more() -> None:
    play = hypotensive()
    seen = play.alert.revision
    acknowledge(play, 370, revision=seen)
    play.well(400, sbp=76, dbp=48)
    assert (play.alert.phase, play.alert.signal, play.alert.grade) == ("escalate", "on", 3)
    record = acknowledge(play, 410, revision=seen + 1)
    assert record.refused == (
        f"revision {seen + 1} was acknowledged, but the alert got worse in revision "
        f"{play.alert.revision}"
    )
    assert play.alert.signal == "on"
    assert acknowledge(play, 420, revision=play.alert.revision).refused == ""


def test_an_easing_alert_may_be_acknowledged_by_its_older_revision() -> None:
    play = hypotensive()
    seen = play.alert.revision
    for at_s in (390, 420, 450, 480):
        play.well(at_s, sbp=97)
    assert play.alert.revision > seen
    assert acknowledge(play, 490, revision=seen).refused == ""


@pytest.mark.parametrize(
    ("verb", "changed", "refusal"),
    [
        ("ack", {"alert": "al-0"}, "alert 'al-0' is not open at this bed"),
        ("ack", {"alert": ""}, "alert '' is not open at this bed"),
        ("reset", {}, "only a latched alert can be reset"),
    ],
)
def test_an_acknowledgement_of_nothing_is_refused(
    verb: ActVerb, changed: dict[str, str], refusal: str
) -> None:
    play = hypotensive()
    before = len(alerts(play.told))
    assert acknowledge(play, 370, verb, **changed).refused == refusal
    assert len(alerts(play.told)) == before


def test_an_alert_of_another_bed_is_not_acknowledged_here() -> None:
    play = hypotensive()
    play.take(session(365, bed="2"))
    assert acknowledge(play, 370, bed="2").refused.endswith("is not open at this bed")


def test_an_alert_is_acknowledged_once() -> None:
    play = hypotensive()
    acknowledge(play, 370)
    assert acknowledge(play, 380, by="rn-2").refused == "already acknowledged by rn-1"


@pytest.mark.parametrize("verb", ["ack", "reset"])
def test_a_high_alert_that_nobody_saw_stays_until_somebody_does(verb: ActVerb) -> None:
    play = anaphylactic()
    play.take(symptom(340, "hives", present=False))
    for at_s in range(360, 540, 30):
        play.well(at_s)
    assert (play.alert.phase, play.alert.condition, play.alert.signal) == (
        "end",
        "ended",
        "latched",
    )
    assert [one.signal for one in play.view().alerts if one.cause == "reaction"] == ["latched"]
    assert acknowledge(play, 600, verb).refused == ""
    assert (play.alert.signal, play.alert.condition) == ("off", "ended")
    assert play.alert.id not in {one.id for one in play.view().alerts}


def test_a_new_reaction_takes_the_place_of_what_was_latched() -> None:
    play = anaphylactic()
    old = play.alert.id
    play.take(symptom(340, "hives", present=False))
    for at_s in range(360, 540, 30):
        play.well(at_s)
    effects = alerts(play.take(symptom(600, "wheeze")))
    assert [(one.id == old, one.phase, one.signal) for one in effects] == [
        (True, "update", "off"),
        (False, "start", "on"),
    ]


# -------------------------------------------------------------------------------- steps


def test_steps_are_started_done_and_declined() -> None:
    play = hypotensive()
    play.take(act(370, "step", step="flat", status="started"))
    play.take(act(380, "step", step="flat", status="done"))
    play.take(act(390, "step", step="recheck", status="declined", reason="just done"))
    assert (play.steps["flat"], play.steps["recheck"]) == ("done", "declined")
    assert play.steps["pause"] == "offered"
    assert [one.refused for one in of(ActRecorded, play.told)] == ["", "", ""]
    revisions = [one.revision for one in of(AdviceChanged, play.told)]
    assert revisions == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("step", "alert", "refusal"),
    [
        ("epinephrine", "", "step 'epinephrine' is not offered; offered: pause, flat"),
        ("flat", "al-0", "the steps of alert 'al-0' are not those advised at this bed now"),
    ],
)
def test_a_step_that_is_not_offered_is_refused(step: str, alert: str, refusal: str) -> None:
    play = hypotensive()
    effects = play.take(act(370, "step", step=step, alert=alert))
    assert of(AdviceChanged, effects) == []
    assert of(ActRecorded, effects)[0].refused.startswith(refusal)


def test_a_step_where_nothing_is_advised_is_refused() -> None:
    effects = infusing().take(act(370, "step", step="flat"))
    assert of(ActRecorded, effects)[0].refused == "no steps are advised at this bed"


def test_what_was_given_is_remembered_while_the_ladder_changes() -> None:
    """Epinephrine given for anaphylaxis is not offered afresh when the picture comes back."""
    play = anaphylactic()
    play.take(act(340, "step", step="epinephrine"))
    play.take(symptom(350, "hives", present=False))
    assert play.advice.ladder == "anaphylaxis", "hives that are just gone still count"
    for at_s in range(380, 980, 30):
        play.well(at_s, sbp=84 + at_s % 60 // 30, dbp=55)
    assert play.advice.ladder == "hypotensive-2"
    assert "epinephrine" not in play.steps
    play.take(symptom(990, "hives"))
    assert play.advice.ladder == "anaphylaxis"
    assert play.steps["epinephrine"] == "done"


def test_another_episode_begins_with_nothing_done() -> None:
    play = anaphylactic()
    play.take(act(340, "step", step="stop"))
    play.take(symptom(350, "hives", present=False))
    for at_s in range(360, 540, 30):
        play.well(at_s)
    play.take(symptom(600, "wheeze"))
    assert play.steps["stop"] == "offered"


def test_no_dose_without_a_weight() -> None:
    play = anaphylactic(kg=None)
    doses = {step.key: step.dose for step in play.advice.steps if step.dose}
    assert set(doses) == {"epinephrine", "fluids"}
    for words in doses.values():
        assert words == "weight not recorded: dose cannot be computed, use your local order"


def test_a_faint_is_not_given_epinephrine() -> None:
    play = infusing()
    play.well(330, hr=48, sbp=84, dbp=55)
    play.well(360, hr=48, sbp=84, dbp=55)
    assert (play.alert.pattern, play.alert.grade) == ("vasovagal", 2)
    assert list(play.steps) == ["pause", "flat", "recheck"]
    play.well(480, hr=48, sbp=84, dbp=55)
    assert (play.alert.pattern, play.alert.grade) == ("hypotensive", 3)
    assert "rapid-response" in play.steps, "two minutes are no simple faint"
