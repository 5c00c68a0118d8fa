"""Devices that no session names and that send in another unit: who is told, and until when."""

from typing import Any, Final

import pytest
from builders import ward_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward_builders import (
    UNIT,
    Play,
    alerts,
    causes,
    numbered,
    opened,
    quiet_clocks,
    session,
    vitals,
)
from ward_streams import Stream, cut, lines, one_each, told

from detectors.channels import Flag
from monitor.facts.records import Input, SessionVerb
from monitor.ward.ward import Ward

KILOPASCAL: Final[dict[str, Any]] = {"sbp": 16, "dbp": 10.6}
GOOD: Final[dict[str, Any]] = {"sbp": 120, "dbp": 80}

few = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


def cuff(at_s: float, *, bed: str = "1", **changed: Any) -> Input:  # noqa: ANN401 - as vitals
    """Return a set of a cuff that no session names; in kilopascal unless it is said otherwise."""
    return vitals(at_s, bed=bed, device="cuff-9", **(changed or KILOPASCAL))


def ward_of(*beds: str) -> Play:
    """Return a ward with an open session at some beds."""
    play = opened(bed=beds[0])
    for bed in beds[1:]:
        play.take(session(0, bed=bed))
    return play


def raised(play: Play, bed: str = "1") -> list[str]:
    """Return the causes of the technical alerts about the cuff that are raised now."""
    seen = [one.cause for one in play.view(bed).alerts if one.kind == "technical"]
    return [cause for cause in seen if cause.endswith("cuff-9")]


def of_cuff(play: Play) -> list[tuple[str, str, str]]:
    """Return bed, cause and phase of everything that was told about the cuff, but no words."""
    return [
        (one.bed, one.cause, one.phase)
        for one in alerts(play.told, "technical")
        if one.cause.endswith("cuff-9") and one.phase != "update"
    ]


def test_a_cuff_that_no_session_names_is_told_where_its_values_were_refused() -> None:
    play = opened()
    assert causes(play.take(cuff(10))) == [("unit:cuff-9", "start")]
    alert = alerts(play.told, "technical")[-1]
    assert (alert.bed, alert.session, alert.priority, alert.grade) == ("1", "S-1", "medium", 0)
    assert alert.label == (
        "device cuff-9 seems to send in another unit: SBP looks like kPa; its values are refused"
    )
    play.take(cuff(20, temp=98.6))
    assert "SBP looks like kPa, T looks like °F" in alerts(play.told, "technical")[-1].label


def test_values_that_are_barely_possible_are_told_as_doubted() -> None:
    play = opened()
    assert causes(play.take(cuff(10, sbp=21.3, dbp=14))) == [("unit-doubted:cuff-9", "start")]


def test_it_ends_when_nothing_looked_so_for_long_and_not_because_the_cuff_leaves() -> None:
    play = opened()
    play.take(cuff(10))
    play.wait(300)
    play.take(cuff(300))
    play.wait(899)
    assert raised(play) == ["unit:cuff-9"]
    play.wait(900)
    assert of_cuff(play) == [("1", "unit:cuff-9", "start"), ("1", "unit:cuff-9", "end")]
    play.take(cuff(920))
    starts = [
        one.id
        for one in alerts(play.told, "technical")
        if one.phase == "start" and one.cause == "unit:cuff-9"
    ]
    assert len(set(starts)) == len(starts) == 2, "a second time is a second alert"


def test_on_a_round_every_bed_is_told_for_which_nothing_was_measured() -> None:
    play = ward_of("1", "2", "3")
    play.take(cuff(60), cuff(120, bed="2"), cuff(180, bed="3", **GOOD))
    assert (raised(play), raised(play, "2"), raised(play, "3")) == (
        ["unit:cuff-9"], ["unit:cuff-9"], [],
    )  # fmt: skip
    play.wait(660)
    assert (raised(play), raised(play, "2")) == ([], ["unit:cuff-9"])
    play.wait(720)
    assert raised(play, "2") == []


def test_two_beds_in_one_instant_are_both_told() -> None:
    play = ward_of("1", "2")
    play.take(cuff(60), cuff(60, bed="2"))
    assert (raised(play), raised(play, "2")) == (["unit:cuff-9"], ["unit:cuff-9"])


def test_where_no_session_is_open_nobody_is_told() -> None:
    play = ward_of("1")
    play.take(cuff(10, bed="2"))
    play.take(session(20, bed="2"))
    assert of_cuff(play) == [], "what it sent for whoever lay there before is over"
    play.take(cuff(30, bed="2"))
    assert of_cuff(play) == [("2", "unit:cuff-9", "start")]


def test_a_session_that_closes_takes_its_trouble_along() -> None:
    play = opened()
    play.take(cuff(10), session(20, "close"))
    assert of_cuff(play)[-1] == ("1", "unit:cuff-9", "end")
    play.take(session(30, "open", id="S-1b"))
    play.wait(40)
    assert raised(play) == []


def test_a_session_that_moves_takes_its_trouble_along() -> None:
    play = opened()
    play.take(cuff(10), session(20, "transfer", to_bed="2", devices=()))
    assert (raised(play), raised(play, "2")) == ([], ["unit:cuff-9"])
    play.wait(610)
    assert raised(play, "2") == []


def test_a_cuff_that_is_named_has_its_trouble_at_the_bed_that_it_belongs_to() -> None:
    play = ward_of("1", "2")
    play.take(cuff(10), session(20, "associate", devices=("cuff-9",)))
    assert raised(play) == ["unit:cuff-9"]
    play.take(cuff(30, bed="2"))
    assert (raised(play), raised(play, "2")) == (["unit:cuff-9"], ["wrong-bed:cuff-9"])
    play.wait(640)
    assert (raised(play), raised(play, "2")) == ([], [])


@pytest.mark.parametrize("flag", [Flag.HAND, Flag.BACKFILL])
def test_what_people_write_and_what_is_late_is_no_trouble_of_a_cuff(flag: Flag) -> None:
    play = opened()
    play.take(cuff(10, flags=flag, **KILOPASCAL))
    assert raised(play) == []


def test_nobody_misses_a_cuff_that_leaves() -> None:
    play = opened()
    play.take(cuff(10, **GOOD))
    for at_s in range(60, 7200, 60):
        play.wait(at_s)
    assert of_cuff(play) == []


@st.composite
def rounds(draw: st.DrawFn) -> Stream:
    """Draw sets of a cuff that goes between two beds while sessions and devices come and go."""
    found: list[Input] = [session(0), session(0, bed="2")]
    at_s = 10.0
    for number in range(draw(st.integers(1, 12))):
        at_s += draw(st.sampled_from((0, 1, 30, 70)))
        bed = draw(st.sampled_from("12"))
        other = "2" if bed == "1" else "1"
        verb: SessionVerb = draw(st.sampled_from(("associate", "release")))
        acts: list[Input] = [
            session(at_s, "open", bed=bed, id=f"S-{number}"),
            session(at_s, "close", bed=bed),
            session(at_s, verb, bed=bed, devices=("cuff-9",)),
            session(at_s, "transfer", bed=bed, to_bed=other, devices=()),
        ]
        sets: list[Input] = [
            cuff(at_s, bed=bed),
            cuff(at_s, bed=bed, **GOOD),
            cuff(at_s, bed=bed, sbp=21.3, dbp=14),
            cuff(at_s, bed=bed, temp=98.6),
        ]
        found.append(draw(st.sampled_from(acts if draw(st.integers(0, 3)) == 0 else sets)))
    return Stream(found)


def quiet_ward() -> Ward:
    return Ward(quiet_clocks(ward_settings()), unit=UNIT)


@few
@given(
    stream=rounds(),
    ends=st.lists(st.integers(0, 99), max_size=6),
    at=st.integers(0, 99),
)
def test_neither_the_end_of_a_step_nor_a_restart_changes_what_is_told(
    stream: Stream, ends: list[int], at: int
) -> None:
    expected = lines(told(quiet_ward(), one_each(stream)))
    assert lines(told(quiet_ward(), [stream])) == expected
    assert lines(told(quiet_ward(), cut(stream, ends))) == expected
    ward, effects = quiet_ward(), list[str]()
    for number, step in enumerate(one_each(stream)):
        if number == at % len(stream):
            body, ward = ward.remembered(), quiet_ward()
            ward.recall(body)
            assert ward.remembered() == body
        effects += lines(ward.take(step[0].received_ms, numbered(step)))
    assert effects == expected
