"""What an episode shows about a bed: signs, reasons, priority, context, and what is missing."""

from ward_builders import Play, infusing, ms, opened, pump, session, symptom

from monitor.care.alerts import Picture
from monitor.facts.effects import Context
from monitor.ward.pictures import Seen, context, missing_measurements, seen


def look(play: Play) -> Seen:
    state = play.ward.state
    return seen(state, state.beds[0])


def picture(play: Play) -> Picture:
    found = look(play).picture
    assert found is not None
    return found


def test_nothing_to_show() -> None:
    found = look(infusing())
    assert (found.picture, found.pending, found.unconfirmed) == (None, False, ())


def test_one_mild_unconfirmed_reading_is_not_shown() -> None:
    play = infusing()
    play.well(330, sbp=95)
    assert look(play).picture is None


def test_an_unconfirmed_sign_is_marked_and_waits() -> None:
    play = infusing()
    play.well(330, sbp=84, dbp=55)
    found = look(play)
    assert (found.pending, found.onset_ms) == (True, ms(330))
    assert found.unconfirmed == (("hypotension", 2),)
    shown = picture(play)
    assert (shown.signs, shown.grade, shown.priority) == ((("hypotension?", 2),), 1, "low")


def test_a_severe_unconfirmed_sign_is_of_medium_priority() -> None:
    play = infusing()
    play.well(330, sbp=79, dbp=75)
    assert picture(play).priority == "medium"


def test_confirmed_signs_come_first_and_the_worst_before_the_others() -> None:
    play = infusing()
    play.take(symptom(320, "flushing"))
    play.well(330, sbp=84, dbp=55, hr=105)
    shown = picture(play)
    grades = [row.grade for row in shown.because]
    assert grades == sorted(grades, reverse=True)
    assert dict(shown.signs) == {"hypotension": 2, "tachycardia": 1, "skin": 1}
    assert shown.symptoms == {"flushing"}
    assert shown.pattern == "anaphylaxis"
    assert (shown.grade, shown.priority) == (3, "high")


def test_a_sign_that_eases_still_has_a_reason() -> None:
    play = infusing()
    play.well(330, sbp=84, dbp=55)
    play.well(360, sbp=84, dbp=55)
    play.well(390)
    shown = picture(play)
    assert dict(shown.signs) == {"hypotension": 2}
    assert [row.words for row in shown.because] == [
        "hypotension eases: grade 2 ends when it stays clear"
    ]


def test_the_onset_is_that_of_the_first_sign() -> None:
    play = infusing()
    play.take(symptom(340, "hives", onset_ms=ms(315)))
    play.well(345, sbp=84, dbp=55)
    assert look(play).onset_ms == ms(315)


def test_the_context_of_an_infusion() -> None:
    play = infusing(rate=84, first_dose=True)
    play.take(pump(1500, "infusing", 168))
    bed = play.ward.state.beds[0]
    assert context(bed, ms(1740)) == Context(
        minutes_since_start=24,
        minutes_since_rate_change=4,
        rate_centi_ml_per_h=16800,
        product="gammaplex-10-pi",
        first_dose=True,
        baseline="established",
    )
    assert context(bed, ms(0)).minutes_since_start == 0, "never negative"


def test_the_context_before_an_infusion() -> None:
    play = opened(product="")
    bed = play.ward.state.beds[0]
    assert context(bed, ms(60)) == Context(baseline="absent")


def test_what_is_missing() -> None:
    play = opened()
    state = play.ward.state
    bed = state.beds[0]
    assert missing_measurements(state, bed) == (
        "no heart rate yet",
        "no systolic pressure yet",
    )
    play.read(10, hr=80, sbp=120)
    assert missing_measurements(state, bed) == ()
    play.wait(71)
    assert missing_measurements(state, bed) == ("heart rate is silent",)
    play.read(72, absent=("hr",))
    play.wait(82)
    assert missing_measurements(state, bed) == ("heart rate: the device reports no value",)
    play.take(session(90, "close"))
    play.take(session(95, id="S-2"))
    assert missing_measurements(state, bed) == (
        "no heart rate yet",
        "no systolic pressure yet",
    )
