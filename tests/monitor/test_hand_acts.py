"""Rates and drugs that people record by hand: what they do, and when they are refused."""

from dataclasses import replace
from typing import Any, Final

import pytest
from builders import ward_settings
from ward_builders import (
    WELL,
    Play,
    act,
    alerts,
    anaphylactic,
    causes,
    hypotensive,
    infusing,
    ms,
    of,
    opened,
    pump,
    session,
)

from detectors.channels import NEVER
from monitor.care.drugs import DrugRow
from monitor.care.notes import reaction_note
from monitor.facts.effects import ActRecorded, AdviceChanged, SessionChanged, WatchChanged

DRUGS: Final = ward_settings().drugs


def recorded(play: Play, at_s: float, verb: Any, **changed: Any) -> ActRecorded:  # noqa: ANN401 - as act
    return of(ActRecorded, play.take(act(at_s, verb, **changed)))[-1]


def rate(play: Play, at_s: float, ml_per_h: float, **changed: Any) -> str:  # noqa: ANN401 - as act
    made = recorded(play, at_s, "rate", rate_centi_ml_per_h=round(100 * ml_per_h), **changed)
    assert made.status == f"{ml_per_h:.1f} mL/h"
    return made.refused


def drug(play: Play, at_s: float, name: str, **changed: Any) -> str:  # noqa: ANN401 - as act
    made = recorded(play, at_s, "drug", drug=name, **changed)
    assert (made.step, made.status) == (name, "given")
    return made.refused


def by_gravity() -> Play:
    """Return a bed without a pump whose infusion a nurse has recorded since second 300."""
    play = opened(devices=("mon-1",))
    for at_s in range(60, 301, 60):
        play.read(at_s, temp=36.8, **WELL)
    assert rate(play, 300, 42) == ""
    return play


def events(play: Play) -> list[tuple[str, str]]:
    return [(one.event, one.phase) for one in of(SessionChanged, play.told) if not one.refused]


def given_ms(play: Play, name: str) -> int:
    place = next(place for place, row in enumerate(DRUGS) if row.name == name)
    return int(play.ward.state.detection.given_ms[0, place])


def test_a_recorded_rate_moves_the_session_as_a_pump_does() -> None:
    play = by_gravity()
    assert rate(play, 1300, 84) == ""
    assert rate(play, 1310, 84) == ""
    assert rate(play, 1400, 42) == ""
    assert rate(play, 1500, 0) == ""
    assert rate(play, 1600, 42) == ""
    assert events(play) == [
        ("open", "opened"),
        ("start", "infusing"),
        ("raised", "infusing"),
        ("lowered", "slowed"),
        ("pause", "paused"),
        ("resume", "infusing"),
    ]
    assert play.phase.reason == "rn-1 has recorded 42.0 mL/h"


def test_a_recorded_rate_is_held_against_the_label() -> None:
    play = by_gravity()
    rate(play, 600, 400)
    found = {one.cause for one in alerts(play.told, "advisory") if one.phase == "start"}
    assert {"rate:above-maximum", "rate:step-too-early"} <= found


@pytest.mark.parametrize(("later_s", "taken"), [(120, False), (120.001, True)])
def test_where_a_pump_reports_its_word_holds(later_s: float, *, taken: bool) -> None:
    silent_s = ward_settings().alerts.device_silent_after_ms / 1000
    play = infusing()
    refused = rate(play, 300 + silent_s - 120 + later_s, 84)
    assert bool(refused) != taken
    if not taken:
        assert refused == "pump-1 reports the rate itself"
    assert (events(play)[-1][0] == "lowered") == taken
    play.take(pump(900, "infusing", 168))
    assert events(play)[-1][0] == ("raised" if taken else "start")


def test_a_rate_is_refused_without_a_session_and_when_a_later_one_is_known() -> None:
    play = by_gravity()
    assert rate(play, 290, 84) == "a later rate is known: 42.0 mL/h"
    play.take(session(400, "close"))
    assert rate(play, 500, 42) == "no session is open at this bed"
    assert rate(opened(), 10, 42, session="S-9").startswith("unknown-session")


def reacted() -> Play:
    play = by_gravity()
    rate(play, 310, 84)
    play.read(330, sbp=84, dbp=55)
    play.read(360, sbp=84, dbp=55)
    assert play.steps["pause"] == "offered"
    return play


def test_a_recorded_rate_of_nothing_shows_the_pause_to_be_done() -> None:
    play = reacted()
    rate(play, 370, 0)
    step = next(one for one in play.advice.steps if one.key == "pause")
    assert (step.state, step.by, step.reason) == (
        "done",
        "rn-1",
        "rn-1 has recorded paused, 0.0 mL/h",
    )
    assert play.advice.plan == "paused"


def test_a_rate_that_another_has_recorded_contradicts_a_recorded_pause() -> None:
    play = reacted()
    play.take(act(370, "step", step="pause"))
    rate(play, 420, 84, by="rn-2")
    assert "pump-contradicts" not in dict(causes(play.told))
    rate(play, 440, 84, by="rn-2")
    assert ("pump-contradicts", "start") in causes(play.told)
    label = alerts(play.told, "technical")[-1].label
    assert label.startswith("rn-2 has recorded 84.0 mL/h, but rn-1 has recorded: Pause")


def test_who_has_recorded_a_pause_takes_it_back_by_recording_a_rate() -> None:
    play = reacted()
    play.take(act(370, "step", step="pause"))
    assert play.steps["pause"] == "done"
    rate(play, 500, 84)
    assert play.steps["pause"] == "offered"
    assert "pump-contradicts" not in dict(causes(play.told))


def test_a_drug_that_no_step_asked_for_counts_as_given() -> None:
    play = infusing()
    assert given_ms(play, "antipyretic") == NEVER
    assert drug(play, 400, "paracetamol 1 g", dose_centi=100_000, dose_unit="mg") == ""
    assert given_ms(play, "antipyretic") == ms(400)
    assert any("fever may be masked" in words for words in play.view().remarks)
    assert [(one.drug, one.dose_centi, one.step) for one in play.view().given] == [
        ("paracetamol 1 g", 100_000, "")
    ]
    assert of(AdviceChanged, play.told) == []


def test_the_note_has_a_line_for_each_drug_and_none_twice() -> None:
    play = anaphylactic()
    drug(play, 335, "paracetamol", dose_centi=100_000, dose_unit="mg", reason="headache")
    drug(play, 340, "adrenaline", dose_centi=50, dose_unit="mg")
    drug(play, 345, "ondansetron")
    note = "\n".join(reaction_note(play.told, "S-1"))
    assert "given, not an advised step: 1000 mg of paracetamol, by rn-1 (headache)" in note
    assert "given, not an advised step: ondansetron, by rn-1\n" in note
    assert "adrenaline" not in note
    assert "0.5 mg given, by rn-1" in note


def test_epinephrine_that_no_step_asked_for_ends_the_infusion_and_is_watched() -> None:
    play = infusing()
    assert drug(play, 400, "adrenaline", dose_centi=50, dose_unit="mg") == ""
    windows = of(WatchChanged, play.told)[-1].windows
    assert [one.key for one in windows] == ["biphasic"]
    told = play.advice
    assert (told.alert, told.grade, told.end, told.plan) == (
        "", 0, "epinephrine was given", "stopped",
    )  # fmt: skip
    assert told.reason == (
        "epinephrine was given before any reaction was seen: the infusion is over for this session"
    )
    assert play.steps == {"stop": "offered"}
    assert recorded(play, 402, "step", step="stop", alert="").refused == ""
    assert play.steps == {"stop": "done"}
    play.take(pump(405, "stopped", 0))
    assert play.steps == {"observe": "offered"}
    play.read(410, sbp=84, dbp=55)
    play.read(440, sbp=84, dbp=55)
    assert play.advice.end == "epinephrine was given"
    assert play.advice.plan == "stopped"
    assert play.advice.recurrences == 0


def test_before_any_reaction_no_other_drug_ends_anything() -> None:
    play = infusing()
    assert drug(play, 400, "furosemide") == ""
    assert of(AdviceChanged, play.told) == []
    play.read(410, sbp=84, dbp=55)
    play.read(440, sbp=84, dbp=55)
    assert play.advice.end == "", "a diuretic that was no answer to a reaction"


def test_the_notice_of_epinephrine_goes_with_its_session() -> None:
    play = infusing()
    drug(play, 400, "epinephrine")
    play.take(session(500, "close", reason="went home"))
    assert play.advice.steps == ()
    assert play.advice.revision == 2


def test_a_drug_that_is_advised_is_its_step() -> None:
    play = anaphylactic()
    assert drug(play, 340, "Adrenaline IM", dose_centi=50, dose_unit="mg") == ""
    step = next(one for one in play.advice.steps if one.key == "epinephrine")
    assert (step.state, step.by, step.given) == ("done", "rn-1", "0.5 mg")
    play.well(600, sbp=80, dbp=50)
    play.wait(641)
    assert play.steps["epinephrine"] == "offered"
    drug(play, 650, "epinephrine", dose_centi=50, dose_unit="mg")
    play.well(900, sbp=80, dbp=50)
    play.wait(951)
    assert play.steps["expert"] == "offered"


@pytest.mark.parametrize("verb", ["step", "drug"])
def test_a_dose_before_it_was_offered_again_is_a_dose(verb: Any) -> None:  # noqa: ANN401 - a verb
    play = anaphylactic()
    dose = {"dose_centi": 50, "dose_unit": "mg"}
    named = {"step": "epinephrine"} if verb == "step" else {"drug": "epinephrine"}
    for at_s in (340, 460, 460):
        assert recorded(play, at_s, verb, **named, **dose).refused == ""
    play.well(700, sbp=80, dbp=50)
    play.wait(761)
    assert play.steps["expert"] == "offered", "two doses were given and did not help"
    assert play.steps["epinephrine"] == "done"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"dose_centi": 70, "dose_unit": "mg"}, "0.7 mg is above 0.5 mg, the most at once here"),
        ({"dose_centi": 70, "dose_unit": "mg", "reason": "twice by mistake"}, ""),
        ({}, ""),
    ],
)
def test_more_than_the_most_needs_its_reason_whoever_asked(
    changed: dict[str, Any], words: str
) -> None:
    refused = drug(infusing(), 400, "epinephrine", **changed)
    assert refused.startswith(words)
    assert bool(refused) == bool(words)


def test_a_drug_that_nobody_knows_is_recorded_all_the_same() -> None:
    play = hypotensive()
    before = play.steps
    assert drug(play, 370, "ondansetron", dose_centi=400, dose_unit="mg") == ""
    assert play.steps == before
    play.wait(661)
    assert play.steps["escalate"] == "offered", "a drug says nothing of the first steps"
    assert drug(opened(), 10, "x", session="S-9").startswith("unknown-session")
    play.take(session(700, "close"))
    assert drug(play, 710, "x") == "no session is open at this bed"


def test_a_drug_after_the_reaction_ends_the_infusion_at_once() -> None:
    play = hypotensive()
    for at_s in range(390, 1500, 30):
        play.well(at_s)
    assert play.alert.condition == "ended"
    assert play.advice.end == ""
    assert drug(play, 1510, "furosemide") == ""
    assert play.advice.end == "fluid overload needed a diuretic"


def test_every_drug_of_a_ladder_has_words_by_which_people_call_it() -> None:
    on_ladders = {step.drug for one in ward_settings().ladders for step in one.steps if step.drug}
    assert {row.step_drug for row in DRUGS} == on_ladders
    assert DrugRow(name="x", called=("x",), source=("engineering",)).step_drug == "x"


def test_what_a_pump_does_may_be_written_down_as_its_report() -> None:
    play = reacted()
    play.take(replace(pump(370, "stopped", 0), by="rn-2", ref="a-1"))
    assert play.phase.reason == "rn-2 has recorded stopped, 0.0 mL/h"
    pause = next(one for one in play.advice.steps if one.key == "pause")
    assert (pause.state, pause.by) == ("done", "rn-2")
    answer = of(ActRecorded, play.told)[-1]
    assert (answer.id, answer.act, answer.by, answer.refused) == ("a-1", "pump-stopped", "rn-2", "")


def test_what_a_person_wrote_down_is_never_refused_in_silence() -> None:
    play = infusing()
    told = of(ActRecorded, play.take(replace(pump(330, "infusing", 84), by="rn-2")))
    assert [one.refused for one in told] == ["pump-1 reports the rate itself"]
    assert told[0].id.startswith("pump-1-")
    assert events(play)[-1][0] == "start"
