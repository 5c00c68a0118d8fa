"""The loop of mitigation, played at one bed: steps that help, that do not, and what follows."""

from dataclasses import replace
from typing import Any

import pytest
from builders import ward_settings
from ward_builders import (
    Play,
    act,
    alerts,
    anaphylactic,
    causes,
    hypotensive,
    infusing,
    of,
    pump,
    session,
    symptom,
    vitals,
)

from monitor.care.variants import ladders_of_site
from monitor.facts.effects import AdviceChanged, MeasurementWanted, Step
from monitor.ward.ward_settings import WardSettings


def step(play: Play, key: str) -> Step:
    return next(one for one in play.advice.steps if one.key == key)


def plan(play: Play) -> str:
    return play.advice.plan


def keys(play: Play) -> list[str]:
    return [one.key for one in play.advice.steps]


def did(play: Play, at_s: float, key: str, **changed: Any) -> None:  # noqa: ANN401 - as act
    play.take(act(at_s, "step", step=key, **changed))


def fainted() -> Play:
    """Return a bed with a slow pulse and a low pressure in a person who feels faint."""
    play = infusing()
    play.take(symptom(320, "dizziness"))
    play.well(330, hr=44, sbp=84, dbp=50)
    play.well(360, hr=44, sbp=84, dbp=50)
    assert play.advice.pattern == "vasovagal"
    return play


def test_a_step_that_did_not_help_opens_the_next() -> None:
    play = hypotensive()
    assert "escalate" not in play.steps
    did(play, 365, "flat")
    assert step(play, "flat").look_ms is not None
    play.read(480, sbp=83, dbp=54)
    play.wait(484.9)
    assert "escalate" not in play.steps
    play.wait(485)
    assert step(play, "flat").response == "unchanged"
    words = step(play, "flat").response_words
    assert words.startswith("hypotension: grade 2 -> grade 2 (SBP 84 -> 83")
    assert play.steps["escalate"] == "offered"
    assert play.advice.why.startswith("flat: unchanged")


def test_without_a_new_value_nothing_is_better_and_the_value_is_asked_for() -> None:
    play = hypotensive()
    did(play, 365, "flat")
    effects = play.wait(485)
    assert step(play, "flat").response == "not-measured"
    assert play.steps["escalate"] == "offered"
    assert [one.channel for one in of(MeasurementWanted, effects)] == ["sbp"]


def test_what_helps_opens_nothing_until_recovery_was_due() -> None:
    play = hypotensive()
    did(play, 365, "flat")
    for at_s in range(380, 486, 15):
        play.read(at_s, sbp=89, dbp=60)
    play.wait(485)
    found = step(play, "flat").response
    assert found in {"improved", "unchanged"}
    assert ("escalate" in play.steps) == (found == "unchanged")


def test_a_faint_that_recovers_lying_down_calls_nobody_and_gets_no_epinephrine() -> None:
    play = fainted()
    did(play, 365, "flat")
    play.take(symptom(375, "dizziness", present=False))
    for at_s in range(380, 1500, 10):
        play.well(at_s, hr=80 + at_s % 7, sbp=120 + at_s // 5 % 3)
        play.wait(at_s + 1)
    assert play.alert.condition == "ended"
    assert not any(
        "escalate" in [one.key for one in advice.steps] for advice in of(AdviceChanged, play.told)
    )
    assert not any(
        "epinephrine" in one.key for advice in of(AdviceChanged, play.told) for one in advice.steps
    )


def test_a_faint_that_does_not_recover_in_two_minutes_is_treated_as_no_faint() -> None:
    play = fainted()
    assert "epinephrine" not in " ".join(keys(play))
    did(play, 365, "flat")
    play.well(470, hr=45, sbp=85, dbp=50)
    play.wait(484)
    assert play.steps["rapid-response"] == "offered"
    assert "epinephrine-not-recovered" not in play.steps
    play.wait(485)
    assert step(play, "flat").response == "unchanged"
    assert play.steps["epinephrine-not-recovered"] == "offered"


def test_if_nobody_says_anything_the_next_steps_are_shown_but_no_drug() -> None:
    play = infusing()
    play.read(330, sbp=75, dbp=50)
    play.read(360, sbp=75, dbp=50)
    assert play.advice.ladder == "severe"
    play.wait(661)
    assert "epinephrine-not-recovered" not in play.steps
    assert "nobody has said" in play.advice.why
    did(play, 670, "flat")
    play.read(790, sbp=74, dbp=50)
    play.wait(791)
    assert play.steps["epinephrine-not-recovered"] == "offered"
    assert step(play, "epinephrine-not-recovered").dose.startswith("0.5 mg")


def test_epinephrine_that_does_not_help_is_offered_again_and_then_an_expert() -> None:
    play = anaphylactic()
    did(play, 340, "epinephrine", dose_centi=50, dose_unit="mg")
    assert step(play, "epinephrine").given == "0.5 mg"
    assert play.advice.end == "this is treated as anaphylaxis"
    assert plan(play) == "stopped"
    play.well(600, sbp=80, dbp=50)
    play.wait(641)
    again = step(play, "epinephrine")
    assert again.state == "offered"
    assert again.words.endswith("(again: dose 2 of 2, 5 min after the last)")
    assert "expert" not in play.steps
    did(play, 650, "epinephrine", dose_centi=50, dose_unit="mg")
    play.well(900, sbp=80, dbp=50)
    play.wait(949)
    assert "expert" not in play.steps, "the second dose has its time, too"
    play.wait(951)
    assert play.steps["expert"] == "offered"
    assert play.steps["epinephrine"] == "done", "there is no third dose on the ladder"


def test_a_declined_step_is_not_asked_for_again() -> None:
    play = hypotensive()
    did(play, 365, "flat", status="declined", reason="pregnant")
    did(play, 366, "pause", status="not-possible", reason="no access to the pump")
    play.read(400, sbp=85, dbp=55)
    play.wait(700)
    assert (play.steps["flat"], play.steps["pause"]) == ("declined", "not-possible")
    assert step(play, "pause").reason == "no access to the pump"
    assert step(play, "pause").look_ms is None


def test_a_step_is_started_and_then_done_as_one_attempt() -> None:
    play = hypotensive()
    did(play, 365, "flat", status="started")
    did(play, 370, "flat")
    (bed,) = play.ward.state.beds
    assert [(one.key, one.done) for one in bed.course.attempts] == [("flat", True)]


def recovered(**changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return a bed that was paused for a fall of pressure, and is well from second 380 on."""
    play = hypotensive(**changed)
    play.take(pump(370, "paused", 0))
    for at_s in range(380, 1500, 10):
        play.well(at_s, hr=80 + at_s % 7, sbp=120 + at_s // 5 % 3)
    assert play.alert.condition == "ended"
    return play


def test_a_restart_is_offered_after_the_clear_time_at_the_last_tolerated_rate() -> None:
    play = recovered()
    assert play.advice.steps == ()
    assert plan(play) == "paused"
    restart_ms = play.advice.restart_ms
    assert restart_ms is not None
    before_s = (restart_ms - play.now_ms) / 1000
    assert before_s > 600, "30 minutes after the last sign"
    at_s = 1490 + before_s
    play.well(at_s - 1)
    assert play.advice.steps == ()
    play.well(at_s + 1)
    assert keys(play) == ["resume"]
    assert step(play, "resume").rate_centi_ml_per_h == 8_400, "168 mL/h made the reaction"
    play.take(pump(at_s + 60, "infusing", 84))
    assert plan(play) == "resumed"
    assert "resume" not in {key for key, state in play.steps.items() if state == "offered"}


@pytest.mark.parametrize("kind", ["monoclonal", "iron"])
def test_other_products_restart_at_half(kind: str) -> None:
    made = ward_settings()
    products = tuple(replace(one, kind=kind) for one in made.products)  # type: ignore[arg-type]  # a kind
    play = recovered(settings=replace(made, products=products))
    play.well(1500 + 1800)
    assert step(play, "resume-half").rate_centi_ml_per_h == 8_400, "half of 168"


def test_nothing_is_restarted_while_a_sign_holds_or_waits_for_its_repeat() -> None:
    made = ward_settings()
    play = recovered(settings=replace(made, mitigation=replace(made.mitigation, near=())))
    play.read(1600, sbp=84, dbp=55)
    play.wait(1600 + 1900)
    assert "resume" not in play.steps


def test_signs_that_come_back_after_a_moderate_reaction_end_the_infusion() -> None:
    play = recovered()
    play.take(pump(3400, "infusing", 84))
    play.read(3500, sbp=84, dbp=55)
    play.read(3530, sbp=84, dbp=55)
    assert play.advice.recurrences == 1
    assert play.advice.end == "the signs came back"
    assert plan(play) == "stopped"
    assert keys(play)[0] == "stop-for-good"
    play.take(pump(3540, "stopped", 0))
    assert play.steps["stop-for-good"] == "done"
    assert step(play, "stop-for-good").reason == "pump-1 reports stopped, 0.0 mL/h"
    for at_s in range(3550, 4700, 10):
        play.well(at_s, hr=80 + at_s % 7, sbp=120 + at_s // 5 % 3)
    play.wait(4700 + 3600)
    assert not any(key.startswith("resume") for key in keys(play))
    assert "over for this session: the signs came back" in play.advice.reason


@pytest.mark.parametrize(
    ("status", "is_over"), [("done", True), ("started", False), ("declined", False)]
)
def test_who_records_that_it_was_stopped_for_good_ends_the_infusion(
    status: str, *, is_over: bool
) -> None:
    made = ward_settings()
    play = infusing(settings=replace(made, mitigation=replace(made.mitigation, near=())))
    play.take(symptom(320, "hives", severity="moderate"))
    did(play, 330, "pause")
    play.take(pump(331, "paused", 0))
    play.wait(331 + 400)
    assert step(play, "stop-for-good").state == "offered", "it is not better"
    did(play, 740, "stop-for-good", status=status, reason="the prescriber decides")
    assert (plan(play), play.advice.end) == (
        ("stopped", "somebody has stopped it for good") if is_over else ("paused", "")
    )
    play.take(symptom(750, "hives", present=False))
    for at_s in range(760, 760 + 2000, 30):
        play.well(at_s)
    assert ("resume" in keys(play)) is not is_over


def test_a_pump_that_starts_again_after_the_end_contradicts_it() -> None:
    play = anaphylactic()
    play.take(pump(340, "stopped", 0))
    effects = play.take(pump(400, "infusing", 84))
    assert ("pump-contradicts", "start") in causes(effects)
    said = alerts(effects, "technical")[0]
    assert said.label == (
        "pump-1 reports 84.0 mL/h, but the infusion is over for this session: "
        "this is treated as anaphylaxis"
    )
    still = play.take(pump(430, "infusing", 84))
    assert causes(still) == []
    assert ("pump-contradicts", "end") in causes(play.take(pump(440, "stopped", 0)))


def test_a_pump_that_runs_on_contradicts_a_recorded_pause() -> None:
    play = hypotensive()
    did(play, 370, "pause")
    assert causes(play.take(pump(429, "infusing", 168))) == []
    effects = play.take(pump(430, "infusing", 168))
    assert causes(effects) == [("pump-contradicts", "start")]
    assert alerts(effects, "technical")[0].label.startswith(
        "pump-1 reports 168.0 mL/h, but rn-1 has recorded: Pause the infusion"
    )
    assert causes(play.take(pump(440, "paused", 0))) == [("pump-contradicts", "end")]


def test_a_pump_confirms_what_a_person_has_recorded() -> None:
    play = hypotensive()
    did(play, 370, "pause")
    play.take(pump(380, "paused", 0))
    found = step(play, "pause")
    assert (found.by, found.reason) == ("rn-1", "confirmed: pump-1 reports paused, 0.0 mL/h")


def test_the_course_begins_anew_with_a_session() -> None:
    play = recovered()
    play.take(session(1600, "close"))
    assert play.advice.steps == ()
    play.take(session(1700, id="S-2"))
    (bed,) = play.ward.state.beds
    assert not bed.course.begun
    play.wait(10_000)
    assert of(AdviceChanged, play.told)[-1].session == "S-1"


def chosen(**options: str) -> WardSettings:
    """Return the shipped settings at a site that chooses otherwise."""
    made = ward_settings()
    site = replace(made.mitigation, chosen=replace(made.mitigation.chosen, **options))
    return replace(made, mitigation=site, ladders=ladders_of_site(made.ladders, site))


def test_a_site_may_wait_for_three_doses() -> None:
    play = infusing(settings=chosen(refractory="3"))
    play.take(symptom(320, "hives"))
    play.well(330, sbp=84, dbp=55)
    for nth in range(3):
        at_s = 340 + 400 * nth
        did(play, at_s, "epinephrine")
        play.well(at_s + 250, sbp=80, dbp=50)
        play.wait(at_s + 301)
        assert ("expert" in play.steps) == (nth == 2)


def test_late_entries_are_looked_at_at_once() -> None:
    play = hypotensive()
    play.read(600, sbp=83, dbp=54)
    late = replace(act(365, "step", step="flat"), received_ms=play.now_ms)
    play.take(late)
    play.wait(601)
    assert step(play, "flat").response == "unchanged"
    assert vitals(1).measured_ms
