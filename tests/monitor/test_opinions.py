"""An alert says what other rule books make of the same readings; they decide nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
from builders import ward_settings
from ward_builders import Play, acknowledge, alerts, anaphylactic, hypotensive, infusing, session

from monitor.facts.effects import AlertChanged, AnyEffect, BookSays
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
