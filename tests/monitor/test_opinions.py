"""An alert says what other rule books make of the same readings; they decide nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from builders import ward_settings
from ward_builders import (
    Play,
    acknowledge,
    alerts,
    anaphylactic,
    hypotensive,
    infusing,
    ms,
    session,
)

from monitor.facts.effects import ActRecorded, AlertChanged, AnyEffect, BookSays
from monitor.facts.records import ConditionCharted
from monitor.ward.bedside import Bedside
from monitor.wire.announcements import announcements

ON_REQUEST: Final = "news2-scale-2"


def said(alert: AlertChanged) -> dict[str, BookSays]:
    return {one.book: one for one in alert.books}


def words(alert: AlertChanged) -> dict[str, str]:
    return {one.book: one.says for one in alert.books}


def fallen(**changed: Any) -> Play:  # noqa: ANN401 - as session
    """Return an infusion whose pressure fell from 120 to 88: by 32, less than 30 %."""
    play = infusing(age_years=40, **changed)
    for at_s in (600, 660):
        play.well(at_s, sbp=88, dbp=50, hr=84)
    return play


def test_books_agree_and_disagree_about_the_same_reading() -> None:
    got = words(fallen().alert)
    assert got["wao-2020"] == got["brown-2004"] == got["ash-iron-2023"] == "yes"
    assert got["nzbs"] == got["trip-nl"] == got["nba-au"] == "yes"
    assert got["nhsn-isbt"] == got["mertes-perioperative"] == got["shot-2012"] == "no"
    assert got["bedside-pews"] == got["paediatric-limits"] == "not-applicable"


def test_grades_and_points_are_those_of_the_publication() -> None:
    got = said(fallen().alert)
    assert got["vitals-numeric"].grade == 1
    assert got["wao-2020"] == BookSays(book="wao-2020", says="yes", signs=("hypotension",))
    assert got["news2"].says == "yes"
    assert got["news2"].points == 3
    assert got["news2"].at_least, "nobody has charted oxygen and consciousness"


def test_every_book_speaks_but_the_one_that_nobody_asked_for() -> None:
    names = {book.name for book in ward_settings().side_books}
    assert ON_REQUEST in names
    assert set(said(fallen().alert)) == names - {ON_REQUEST}


def test_without_an_age_books_for_adults_say_that_they_cannot_say() -> None:
    play = infusing(age_years=None)
    play.well(600, sbp=88, dbp=50)
    play.well(660, sbp=88, dbp=50)
    got = words(play.alert)
    assert got["wao-2020"] == got["news2"] == "not-assessable"
    assert got["ash-iron-2023"] == "yes", "its text asks for no age"


def test_of_the_next_person_nothing_is_remembered() -> None:
    play = fallen()
    play.take(session(700, "close"))
    play.take(session(800, id="S-2", age_years=8))
    assert play.ward.state.detection.age_centi[0] == 800
    assert not play.ward.state.shelf.track.readings[0].any()


def test_an_hour_of_high_pressure_is_an_hour_in_the_ward_too() -> None:
    play = infusing(age_years=40)
    for at_s in range(600, 600 + 3_600 + 1, 600):
        play.well(at_s, sbp=165, dbp=85)
    shelf, row = play.ward.state.shelf, play.ward.state.roster.beds["1"]
    index = [one.id for one in shelf.table.rows].index("ctcae-v6.hypertension.3.sbp")
    place = shelf.table.lasting.tolist().index(index)
    run_ms = shelf.track.newest_ms[row, place] - shelf.track.since_ms[row, place]
    assert run_ms == 3_600_000


def test_an_alert_about_a_device_has_no_opinions() -> None:
    play = infusing()
    play.wait(4 * 3_600)
    technical = alerts(play.told, "technical")
    assert technical
    assert all(one.books == () for one in technical)


def test_after_the_session_nothing_can_be_said() -> None:
    play = anaphylactic()
    assert play.alert.books
    play.take(session(2_000, "close"))
    acknowledge(play, 2_100)
    assert play.alert.condition == "ended"
    assert play.alert.books == ()


def test_a_site_without_side_books_has_no_opinions() -> None:
    play = hypotensive(settings=replace(ward_settings(), side_books=()))
    assert play.alert.books == ()


def without_books(effect: AnyEffect) -> AnyEffect:
    return msgspec.structs.replace(effect, books=()) if isinstance(effect, AlertChanged) else effect


@pytest.mark.parametrize("story", [fallen, anaphylactic])
def test_opinions_change_neither_alert_nor_advice(story: Callable[..., Play]) -> None:
    alone = story(settings=replace(ward_settings(), side_books=()))
    assert [without_books(one) for one in story().told] == alone.told


def test_opinions_are_on_the_wire() -> None:
    alert = fallen().alert
    payload = announcements([alert], unit="inf-a")[0].payload
    assert b'{"book":"wao-2020","says":"yes","signs":["hypotension"]}' in payload
    assert b'{"book":"nhsn-isbt","says":"no"}' in payload


def condition(at_s: float, **said: Any) -> ConditionCharted:  # noqa: ANN401 - fields differ
    """Return what a nurse has charted of consciousness and oxygen at bed 1."""
    usual: dict[str, Any] = {
        "position": 0,
        "received_ms": ms(at_s),
        "unit": "unit",
        "bed": "1",
        "device": "desk",
        "measured_ms": ms(at_s),
        "id": f"condition-{at_s:g}",
        "by": "rn-1",
        "consciousness": None,
        "on_oxygen": None,
        "oxygen_centi_l_per_min": None,
        "session": "",
    }
    return ConditionCharted(**{**usual, **said})


def charted(bed: Bedside) -> tuple[str | None, bool | None]:
    return bed.consciousness, bed.on_oxygen


def recorded(play: Play, record: ConditionCharted) -> ActRecorded:
    """Return what the ward tells of a charted condition."""
    before = len(play.told)
    play.take(record)
    (told,) = [one for one in play.told[before:] if isinstance(one, ActRecorded)]
    return told


@pytest.mark.parametrize(
    ("said_", "news2", "mews", "whole"),
    [
        # 88 mmHg is 3 points of NEWS2; in MEWS it is 1, and 16 breaths are 1.
        ({"consciousness": "alert", "on_oxygen": False}, 3, 2, True),
        ({"consciousness": "voice", "on_oxygen": True}, 3 + 3 + 2, 2 + 1, True),
        ({"consciousness": "unresponsive"}, 3 + 3, 2 + 3, False),
        ({"consciousness": "confused", "on_oxygen": False}, 3 + 3, 2, True),
        ({"on_oxygen": True}, 3 + 2, 2, False),
    ],
)
def test_oxygen_and_consciousness_get_their_points(
    said_: dict[str, Any], news2: int, mews: int, *, whole: bool
) -> None:
    play = infusing(age_years=40)
    play.take(condition(500, **said_))
    for at_s in (600, 660):
        play.well(at_s, sbp=88, dbp=50, hr=84)
    got = said(play.alert)
    assert (got["news2"].points, got["mews-subbe"].points) == (news2, mews)
    assert got["news2"].at_least is not whole


def test_a_condition_stands_until_it_is_charted_otherwise_or_the_session_is_over() -> None:
    play = infusing(age_years=40)
    bed = play.ward.state.beds[0]
    assert recorded(play, condition(500, consciousness="voice")).status == "voice"
    told = recorded(play, condition(510, on_oxygen=True, oxygen_centi_l_per_min=250))
    assert (told.act, told.step, told.status) == ("condition", "oxygen", "2.5 L/min")
    assert charted(bed) == ("voice", True)
    assert recorded(play, condition(515, on_oxygen=True)).status == "on"
    assert recorded(play, condition(520, on_oxygen=False)).status == "room air"
    assert charted(bed) == ("voice", False)
    play.take(session(700, "close"))
    assert charted(bed) == (None, None)


@pytest.mark.parametrize(
    ("named", "refused"), [("S-9", "unknown-session"), ("", "no session is open")]
)
def test_a_condition_of_nobody_is_refused(named: str, refused: str) -> None:
    play = Play()
    assert refused in recorded(play, condition(10, on_oxygen=True, session=named)).refused
    assert play.ward.state.beds[0].on_oxygen is None
