"""What a ward decides about readings, told as stories on the shipped configuration."""

from typing import Final

import pytest
from ward_builders import (
    WELL,
    Play,
    alerts,
    hypotensive,
    infusing,
    ms,
    of,
    opened,
    session,
    symptom,
    vitals,
)

from detectors.channels import Flag
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    AdviceChanged,
    GradeChanged,
    MeasurementWanted,
    ReadingsKept,
)
from monitor.ward.ward_state import OUTCOMES

BACKFILL: Final = Flag.BACKFILL


def outcomes(play: Play) -> dict[str, int]:
    """Return how many readings came to each end, without those of which there are none."""
    return {name: n for name, n in play.ward.state.outcomes.items() if n}


# ---------------------------------------------------------------------------- baseline


def test_a_danger_before_the_start_is_not_excused_by_the_baseline_that_it_makes() -> None:
    play = opened()
    shock = {"sbp": 70, "dbp": 40, "hr": 140, "spo2": 80, "rr": 16}
    for at_s in (60, 120, 180, 240):
        play.read(at_s, **shock)
    assert (play.alert.priority, play.alert.grade) == ("high", 4)
    play.take(session(300, "start"))
    for at_s in (330, 390, 450, 510, 570):
        play.read(at_s, **shock)
    assert (play.alert.condition, play.alert.priority, play.alert.grade) == ("active", "high", 4)


def test_without_a_baseline_only_levels_count() -> None:
    """92 is a fall of 28 from 120 and grade 1; without a baseline it is nothing."""
    known = infusing()
    unknown = opened()
    unknown.take(session(300, "start"))
    for play in (known, unknown):
        for at_s in (330, 360, 390):
            play.read(at_s, hr=80, sbp=92)
    assert known.grade.grade == 1
    assert unknown.grade.grade == 0
    assert alerts(unknown.told) == []
    unknown.read(420, hr=80, sbp=84)
    unknown.read(450, hr=80, sbp=84)
    assert (unknown.alert.condition, unknown.alert.grade) == ("active", 2)
    assert all(row.baseline_centi is None for row in unknown.alert.because)
    assert unknown.alert.context.baseline == "absent"


# ------------------------------------------------------------------------ confirmation


def test_one_low_pressure_is_pending_and_asks_for_a_repeat() -> None:
    play = infusing()
    effects = play.well(330, sbp=84, dbp=55)
    assert (play.alert.phase, play.alert.condition, play.alert.signal) == (
        "start",
        "pending",
        "on",
    )
    assert play.alert.label == "unconfirmed: SBP 84 < 90"
    wanted = of(MeasurementWanted, effects)
    assert [(one.channel, one.at_ms) for one in wanted] == [("sbp", ms(330))]
    assert "not confirmed, repeat it now" in wanted[0].reason
    assert of(AdviceChanged, play.told) == []
    assert play.grade.grade == 0


def test_the_second_reading_confirms_it() -> None:
    play = hypotensive()
    assert (play.alert.phase, play.alert.condition, play.alert.grade) == ("escalate", "active", 2)
    assert (play.alert.onset_ms, play.alert.raised_ms) == (ms(330), ms(330))
    assert play.alert.pattern == "hypotensive"
    assert (play.grade.grade, play.grade.at_ms) == (2, ms(360))
    assert play.advice.alert == play.alert.id
    row = play.alert.because[0]
    assert (row.value_centi, row.baseline_centi) in [(8400, None), (8400, 12000)]
    assert all(one.source for one in play.alert.because)


def test_two_readings_too_close_together_do_not_confirm() -> None:
    play = infusing()
    play.well(330, sbp=84, dbp=55)
    assert alerts(play.well(350, sbp=85, dbp=55)) == []
    assert [one.condition for one in alerts(play.well(360, sbp=84, dbp=55))] == ["active"]


def test_a_good_repeat_ends_what_was_pending() -> None:
    play = infusing()
    play.well(330, sbp=84, dbp=55)
    play.well(360)
    assert (play.alert.phase, play.alert.condition, play.alert.signal) == ("end", "ended", "off")
    assert of(AdviceChanged, play.told) == []


def test_an_extreme_pressure_needs_no_repeat() -> None:
    play = infusing()
    play.well(330, sbp=79, dbp=55, hr=99)
    assert (play.alert.phase, play.alert.condition, play.alert.grade) == ("start", "active", 3)
    assert play.alert.priority == "high"
    assert "rapid-response" in play.steps


def test_an_extreme_pressure_that_the_pulse_does_not_answer_calls_and_asks_for_its_repeat() -> None:
    play = infusing()
    play.well(330, sbp=79, dbp=55)
    assert (play.alert.condition, play.alert.priority) == ("pending", "medium")
    assert [one.channel for one in play.told if isinstance(one, MeasurementWanted)] == ["sbp"]
    play.well(390, sbp=78, dbp=55)
    assert (play.alert.condition, play.alert.priority) == ("active", "high")
    assert play.alert.grade == 3


def test_an_extreme_pressure_that_is_doubted_waits() -> None:
    play = infusing()
    play.well(330, sbp=79, dbp=75)  # a pulse pressure of 4 is an artefact or a catastrophe
    assert play.alert.condition == "pending"
    assert play.alert.priority == "medium", "shown, and its repeat asked for"


def test_another_kind_of_measurement_confirms() -> None:
    play = infusing()
    play.well(330, sbp=84, dbp=55, hr=118)
    assert (play.alert.condition, play.alert.grade) == ("active", 2)
    assert {row.sign for row in play.alert.because} == {"hypotension", "tachycardia"}


def test_a_charted_symptom_confirms_and_upgrades() -> None:
    play = infusing()
    play.take(symptom(320, "hives"))
    assert (play.alert.condition, play.alert.grade, play.alert.pattern) == (
        "active",
        2,
        "mild-allergic",
    )
    play.well(330, sbp=84, dbp=55)
    assert (play.alert.phase, play.alert.grade, play.alert.pattern) == (
        "escalate",
        3,
        "anaphylaxis",
    )
    assert list(play.steps)[:2] == ["stop", "epinephrine"]


def test_a_sign_ends_only_when_it_stays_clear() -> None:
    play = hypotensive()
    play.well(390)
    assert play.alert.condition == "recovering", "no limit is exceeded any more"
    play.well(420)
    assert play.alert.condition == "recovering", "clear for 30 s of 60"
    play.well(450)
    assert (play.alert.phase, play.alert.condition) == ("end", "ended")
    assert play.advice.steps == ()
    assert play.grade.grade == 0


def test_a_pressure_that_is_old_is_asked_for_when_another_sign_shows() -> None:
    play = infusing()
    wanted = of(MeasurementWanted, play.read(500, hr=140))
    assert [one.channel for one in wanted] == ["hr", "sbp"]
    assert wanted[1].reason == ("unconfirmed: HR 140 > 130; the last pressure is 200 s old")
    assert of(MeasurementWanted, play.read(520, hr=140)) == [], "asked once"


# --------------------------------------------------------------------------- the grade


def test_a_bed_is_not_assessable_before_its_first_pressure() -> None:
    play = opened()
    play.read(60, hr=80, spo2=98)
    assert play.grade.grade == NOT_ASSESSABLE
    assert play.grade.reasons == ("no systolic pressure yet",)
    (told,) = of(GradeChanged, play.read(70, hr=80, sbp=120))
    assert (told.grade, told.before, told.reasons) == (0, NOT_ASSESSABLE, ())


def test_a_sign_is_graded_although_the_pressure_is_missing() -> None:
    play = opened()
    play.take(symptom(60, "wheeze", severity="severe"))
    assert (play.grade.grade, play.grade.pattern) == (3, "anaphylaxis")
    assert play.grade.reasons == ("no heart rate yet", "no systolic pressure yet")


def test_nothing_is_judged_where_no_session_is_open() -> None:
    play = Play()
    play.well(60, sbp=60, dbp=30)
    play.well(120, sbp=60, dbp=30)
    assert of(GradeChanged, play.told) == []
    assert alerts(play.told) == []
    assert outcomes(play) == {"accepted": 10}, "kept all the same"


# --------------------------------------------------------------------- what is refused


def test_duplicates_collapse() -> None:
    play = infusing()
    before = outcomes(play)["accepted"]
    play.read(330, sequence=7, sbp=84, dbp=55)
    play.read(330, sequence=7, sbp=84, dbp=55)
    again = vitals(330, sequence=7, received_s=400, sbp=84, dbp=55)
    play.take(again)
    assert outcomes(play) == {"accepted": before + 2, "duplicate": 4}
    assert play.alert.condition == "pending", "the same reading twice confirms nothing"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"sbp": 310}, "impossible: sbp 310 > 300"),
        ({"hr": 0}, "impossible: hr 0 < 15"),
        ({"sbp": 80, "dbp": 90}, "contradiction: sbp 80, dbp 90 cannot belong together"),
        (
            {"sbp": 120, "dbp": 80, "map": 70},
            "contradiction: sbp 120, dbp 80, map 70 cannot belong together",
        ),
    ],
)
def test_impossible_values_are_rejected_with_their_reason(
    values: dict[str, int], reason: str
) -> None:
    play = infusing()
    effects = play.read(330, **values)
    kept = of(ReadingsKept, effects)
    assert {one.outcome for one in kept} == {"rejected"}
    assert {one.reason for one in kept} == {reason}
    assert len(kept) == len(values)
    assert outcomes(play)["rejected"] == len(values)
    assert alerts(play.told) == []


def test_one_impossible_pressure_voids_the_others() -> None:
    play = infusing()
    kept = of(ReadingsKept, play.read(330, sbp=310, dbp=80, hr=80))
    assert [(one.channel, one.outcome) for one in kept] == [
        ("sbp", "rejected"),
        ("dbp", "rejected"),
    ]


def test_a_late_reading_is_stored_and_raises_nothing() -> None:
    play = infusing()
    play.read(330, received_s=460, sbp=70, dbp=45)
    assert outcomes(play)["late-stored"] == 2
    assert alerts(play.told) == []
    play.read(345, received_s=465, sbp=70, dbp=45)
    assert alerts(play.told) != [], "120 s late is not too late"


def test_what_a_person_took_is_never_too_late() -> None:
    play = infusing()
    play.read(330, received_s=600, sbp=70, dbp=45, hr=99, flags=Flag.HAND)
    assert (play.alert.condition, play.alert.grade) == ("active", 4)


@pytest.mark.parametrize("flags", [BACKFILL, BACKFILL | Flag.HAND])
def test_backfill_neither_raises_nor_clears(flags: Flag) -> None:
    quiet = infusing()
    quiet.read(330, flags=flags, sbp=70, dbp=45)
    assert alerts(quiet.told) == []
    play = hypotensive()
    before = len(play.told)
    for at_s in (390, 450, 510):
        play.read(at_s, received_s=362, flags=flags, **WELL)
    assert alerts(play.told[before:]) == []
    assert outcomes(play)["late-stored"] == 15


def test_an_older_reading_does_not_take_the_place_of_a_newer_one() -> None:
    play = hypotensive()
    before = len(play.told)
    for at_s in (331, 345, 359):
        play.take(vitals(at_s, received_s=361, device="mon-1", sbp=120, dbp=80))
    assert alerts(play.told[before:]) == []
    assert outcomes(play)["late-stored"] == 6
    assert play.view().channels[1].value_centi == 8400


def test_a_stamp_from_the_future_hides_nothing_that_comes_after_it() -> None:
    play = infusing()
    play.take(vitals(390, received_s=331, sbp=120, dbp=80))
    play.take(vitals(335, sbp=78, dbp=50, hr=99))
    assert (play.alert.condition, play.alert.grade) == ("active", 3)


# -------------------------------------------------------------------------- everything


def test_every_reading_comes_to_one_end() -> None:
    play = infusing()
    play.take(session(310, bed="2"))
    before = sum(play.ward.state.outcomes.values())
    play.take(
        vitals(330, sequence=9, hr=80, sbp=120),
        vitals(330, sequence=9, hr=80, sbp=120),
        vitals(331, hr=0, spo2=97),
        vitals(100, received_s=331, temp=36.8),
        vitals(332, bed="1", device="mon-2", hr=80, rr=15),
    )
    gained = {name: n - (25 if name == "accepted" else 0) for name, n in outcomes(play).items()}
    assert sum(play.ward.state.outcomes.values()) - before == 9
    assert set(outcomes(play)) == set(OUTCOMES)
    assert gained == {
        "accepted": 3 + before - 25,
        "duplicate": 2,
        "rejected": 1,
        "late-stored": 1,
        "quarantined": 2,
    }


def test_a_second_session_on_a_bed_starts_afresh() -> None:
    play = hypotensive()
    play.take(session(400, "close"))
    play.take(session(500, id="S-2", subject="PX-2"))
    view = play.view()
    assert (view.session, view.subject, view.phase) == ("S-2", "PX-2", "opened")
    assert (view.grade, view.baseline, view.channels) == (NOT_ASSESSABLE, "absent", ())
    assert view.alerts == ()
    assert view.steps == ()
    before = len(play.told)
    play.well(560, sbp=95)
    assert alerts(play.told[before:]) == [], "the baseline of another person counts no more"
    assert play.grade.grade == 0
    assert play.grade.session == "S-2"


def test_a_pressure_that_was_never_taken_is_asked_for_at_once() -> None:
    play = opened()
    wanted = of(MeasurementWanted, play.take(symptom(60, "hives")))
    assert {one.channel: one.reason for one in wanted} == {
        "sbp": "hives (moderate); the last pressure is none yet",
        "spo2": "with skin, hypoxia would mean anaphylaxis: not measured of late",
        "breathing": "with skin, breathing would mean anaphylaxis: look for it",
    }
