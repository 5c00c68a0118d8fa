"""Devices that no session names: where it is told what is wrong with them, and that only once."""

from dataclasses import replace
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
    of,
    opened,
    pump,
    quiet_clocks,
    refused,
    session,
    status,
    vitals,
)
from ward_streams import Stream, cut, lines, one_each, told

from detectors.channels import Flag
from monitor.facts.effects import AlertChanged, ReadingsKept
from monitor.facts.records import Input, MessageRefused, SessionVerb
from monitor.ward.hearings import BEDS_SHOWN
from monitor.ward.ward import Ward

KILOPASCAL: Final[dict[str, Any]] = {"sbp": 16, "dbp": 10.6}
GOOD: Final[dict[str, Any]] = {"sbp": 120, "dbp": 80}
MINUTE_S: Final = 60

few = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


def cuff(at_s: float, *, bed: str = "1", device: str = "cuff-9", **changed: Any) -> Input:  # noqa: ANN401 - as vitals
    """Return a set of a device that no session names; in kilopascal unless it is said otherwise."""
    return vitals(at_s, bed=bed, device=device, **(changed or KILOPASCAL))


def refusal(at_s: float, kind: str = "vitals", *, bed: str = "1") -> MessageRefused:
    topic = f"irm/v1/{UNIT}/{bed}/cuff-9/{kind}"
    return replace(refused(at_s, bed=bed), device="cuff-9", topic=topic)


def raised(play: Play, bed: str = "1") -> list[str]:
    """Return the causes of the technical alerts about the cuff that are raised now."""
    seen = [one.cause for one in play.view(bed).alerts if one.kind == "technical"]
    return [cause for cause in seen if cause.endswith("-9")]


def of_cuff(play: Play) -> list[tuple[str, str, str]]:
    """Return bed, cause and phase of everything that was told about the cuff, but no words."""
    return [
        (one.bed, one.cause, one.phase)
        for one in alerts(play.told, "technical")
        if one.cause.endswith("-9") and one.phase != "update"
    ]


def ward_of(*beds: str) -> Play:
    """Return a ward with an open session at some beds."""
    play = opened(bed=beds[0])
    for bed in beds[1:]:
        play.take(session(0, bed=bed))
    return play


# ------------------------------------------------------------------------ what is told


def test_a_device_that_no_session_names_is_told_where_it_speaks() -> None:
    play = opened()
    assert causes(play.take(cuff(10))) == [("unit:cuff-9", "start")]
    alert = alerts(play.told, "technical")[-1]
    assert (alert.bed, alert.session, alert.priority, alert.grade) == ("1", "S-1", "medium", 0)
    assert alert.label == (
        "device cuff-9 seems to send in another unit: SBP looks like kPa; its values are refused"
    )
    play.take(cuff(20, temp=98.6))
    assert "SBP looks like kPa, T looks like °F" in alerts(play.told, "technical")[-1].label


def test_it_ends_by_its_own_rule_and_not_because_the_device_leaves() -> None:
    play = opened()
    play.take(cuff(10))
    play.wait(609)
    assert raised(play) == ["unit:cuff-9"]
    play.wait(610)
    assert of_cuff(play) == [("1", "unit:cuff-9", "start"), ("1", "unit:cuff-9", "end")]
    play.take(cuff(620))
    starts = [one.id for one in alerts(play.told, "technical") if one.phase == "start"]
    assert len(set(starts)) == len(starts), "a second time is a second alert"


def off(at_s: float, by_s: float) -> Input:
    return vitals(at_s - by_s, received_s=at_s, device="cuff-9", **GOOD)


STORIES: Final[dict[str, list[Input]]] = {
    "unit": [cuff(10)],
    "unit-doubted": [cuff(10, sbp=21.3, dbp=14)],
    "clock": [off(at_s, 1440) for at_s in (10, 40, 70)],
    "late": [off(10, 60), off(40, 90), off(70, 60)],
    "gap": [cuff(10, sequence=0, **GOOD), cuff(20, sequence=5, **GOOD)],
    "refused": [cuff(5, **GOOD), *(refusal(at_s) for at_s in (10, 20, 30))],
    "rate": [cuff(10, **GOOD) for _ in range(32)],
}


@pytest.mark.parametrize("key", STORIES)
def test_every_trouble_of_a_device_is_told(key: str) -> None:
    made = ward_settings()
    made = replace(made, hearing=replace(made.hearing, message_burst=10))
    play = opened(settings=made)
    for one in STORIES[key]:
        play.take(one)
    assert raised(play) == [f"{key}:cuff-9"]


def test_nobody_misses_a_device_that_leaves() -> None:
    play = opened()
    play.take(cuff(10, **GOOD), pump(11, "infusing", 168, device="pump-9"))
    for at_s in range(60, 2 * 3600, 60):
        play.wait(at_s)
    assert of_cuff(play) == []


def test_where_no_session_is_open_nobody_is_told() -> None:
    play = ward_of("1")
    play.take(cuff(10, bed="2"))
    assert of_cuff(play) == []
    play.take(session(20, bed="2"))
    assert of_cuff(play) == [], "it may have left before the session was opened"
    play.take(cuff(30, bed="2"))
    assert of_cuff(play) == [("2", "unit:cuff-9", "start")]


# ---------------------------------------------------------------------- at which one bed


def test_a_round_through_the_ward_raises_one_alert() -> None:
    beds = [f"{number}" for number in range(1, 7)]
    play = ward_of(*beds)
    at_s = 0.0
    for _ in range(2):
        for bed in beds:
            at_s += 4 * MINUTE_S
            play.take(cuff(at_s, bed=bed))
    assert of_cuff(play) == [("1", "unit:cuff-9", "start")]
    play.wait(at_s + 10 * MINUTE_S)
    assert of_cuff(play) == [("1", "unit:cuff-9", "start"), ("1", "unit:cuff-9", "end")]


def test_a_device_that_has_come_to_stand_elsewhere_is_told_there() -> None:
    play = ward_of("1", "2")
    play.take(cuff(10))
    for minute in (5, 10, 14):
        play.take(cuff(minute * MINUTE_S, bed="2"))
    assert [bed for bed, *_ in of_cuff(play)] == ["1"]
    play.take(cuff(15 * MINUTE_S, bed="2"))
    assert sorted(of_cuff(play)[1:]) == [
        ("1", "unit:cuff-9", "end"),
        ("2", "unit:cuff-9", "start"),
    ]
    play.take(cuff(16 * MINUTE_S))
    assert len(of_cuff(play)) == 3, "one message more at the first bed takes nothing back"


def test_a_session_that_closes_leaves_the_trouble_to_the_next_bed() -> None:
    play = ward_of("1", "2", "3")
    for minute, bed in enumerate("123", start=1):
        play.take(cuff(minute * MINUTE_S, bed=bed))
    play.take(session(200, "close"))
    assert raised(play, "2") == ["unit:cuff-9"]
    assert raised(play, "3") == []
    play.take(session(210, "open", id="S-1b"))
    assert (raised(play), raised(play, "2")) == ([], ["unit:cuff-9"])


def test_a_ward_remembers_so_many_beds_of_a_device_that_speaks_for_all() -> None:
    play = opened(bed="last")
    for number in range(BEDS_SHOWN + 1):
        play.take(cuff(10 + number, bed=f"b{number}"))
    play.take(cuff(200, bed="last"))
    trouble = play.ward.state.troubles["cuff-9"]["unit"]
    assert list(trouble.beds) == [f"b{number}" for number in range(BEDS_SHOWN)]
    play.take(cuff(210, bed="b0"))
    assert play.ward.state.troubles["cuff-9"]["unit"].beds["b0"] > trouble.beds["b0"]


# --------------------------------------------------------------- named, released, moved


def test_a_device_that_a_session_names_belongs_to_that_one() -> None:
    play = ward_of("1")
    play.take(cuff(10))
    effects = play.take(session(20, bed="2", devices=("cuff-9",)))
    assert sorted(causes(effects)) == [("unit:cuff-9", "end"), ("unit:cuff-9", "start")]
    assert (raised(play), raised(play, "2")) == ([], ["unit:cuff-9"])
    effects = play.take(cuff(30))
    assert of(ReadingsKept, effects)
    assert raised(play) == ["wrong-bed:cuff-9"], "what it sends here is told as before"


def test_a_device_that_is_named_where_it_is_told_goes_on_as_the_same_alert() -> None:
    play = opened()
    play.take(cuff(10))
    assert causes(play.take(session(20, "associate", devices=("cuff-9",)))) == []
    assert causes(play.take(cuff(30))) == []
    assert raised(play) == ["unit:cuff-9"]


def test_a_person_who_names_a_device_is_told_what_is_wrong_with_it() -> None:
    play = ward_of("1")
    play.take(cuff(10, bed="2"))
    effects = play.take(session(20, "associate", devices=("cuff-9",)))
    assert causes(effects) == [("unit:cuff-9", "start")]


def test_a_device_that_is_taken_away_is_told_no_more_until_it_speaks() -> None:
    play = opened(devices=("mon-1", "cuff-9"))
    play.take(cuff(10))
    effects = play.take(session(20, "release", devices=("cuff-9",)))
    assert causes(effects) == [("unit:cuff-9", "end")]
    assert causes(play.wait(30)) == []
    assert causes(play.take(cuff(40))) == [("unit:cuff-9", "start")]


def test_it_stays_where_it_is_when_the_session_goes() -> None:
    play = opened()
    play.take(cuff(10))
    effects = play.take(session(20, "transfer", to_bed="2", devices=("mon-1",)))
    assert causes(effects)[-1] == ("unit:cuff-9", "end")
    assert (raised(play), raised(play, "2")) == ([], [])
    play.take(cuff(30, bed="2"))
    assert raised(play, "2") == ["unit:cuff-9"]


def test_who_comes_to_a_bed_that_was_left_just_now_is_told_nothing_of_its_last_guest() -> None:
    play = ward_of("1", "2")
    play.take(cuff(10, bed="2"))
    left = session(20, "close", bed="2")
    effects = play.take(left, session(20, "transfer", to_bed="2", devices=("mon-1",)))
    assert causes(effects) == [("unit:cuff-9", "end")]
    assert raised(play, "2") == []


# ------------------------------------------------------------------- people and clocks


def own_clock(at_s: float, offset_s: int, *, bed: str = "1") -> Input:
    said = status(at_s, online=True, bed=bed, device="cuff-9")
    return replace(said, clock_offset_ms=1000 * offset_s)


@pytest.mark.parametrize("kind", ["obs", "act", "session"])
def test_what_a_person_writes_wrongly_is_no_trouble_of_the_tablet(kind: str) -> None:
    """Whoever wrote it is answered."""
    play = opened()
    play.take(cuff(5, **GOOD))
    for at_s in (10, 20, 30, 40):
        play.take(refusal(at_s, kind))
    assert of_cuff(play) == []
    play.take(refusal(50))
    assert of_cuff(play) == [("1", "refused:cuff-9", "start")]


def test_refusals_between_which_a_set_was_taken_are_no_trouble() -> None:
    """Also one by hand; a store that is emptied says nothing of what comes now."""
    play = opened()
    play.take(cuff(5, **GOOD))
    for at_s in (10, 20, 30, 40):
        play.take(refusal(at_s))
        play.take(cuff(at_s + 5, flags=Flag.HAND, **GOOD))
    assert of_cuff(play) == []
    for at_s in (50, 60, 70):
        play.take(refusal(at_s))
        play.take(cuff(at_s + 5, flags=Flag.BACKFILL, **GOOD))
    assert of_cuff(play) == [("1", "refused:cuff-9", "start")]


def test_a_device_may_say_itself_that_its_clock_is_right_again() -> None:
    play = opened()
    for at_s, offset_s in ((10, 0), (20, 90), (30, -90), (40, 20)):
        play.take(own_clock(at_s, offset_s))
    assert of_cuff(play) == [("1", "clock:cuff-9", "start"), ("1", "clock:cuff-9", "end")]


def test_what_it_says_of_its_clock_ends_no_correction() -> None:
    play = opened()
    for one in STORIES["clock"]:
        play.take(one)
    play.take(own_clock(80, 0))
    assert raised(play) == ["clock:cuff-9"], "its messages say otherwise"


def test_a_clock_that_was_wrong_before_a_session_is_told_with_the_next_message() -> None:
    play = ward_of("1")
    for at_s in (10, 40, 70, 100):
        play.take(replace(off(at_s, 1440), bed="2"))
    play.take(session(110, bed="2"))
    assert raised(play, "2") == []
    play.take(replace(off(120, 1440), bed="2"))
    assert raised(play, "2") == ["clock:cuff-9"]


def test_what_was_found_last_counts_at_whichever_bed_it_was_found() -> None:
    play = ward_of("1", "2")
    before = pump(10, "infusing", 84), pump(11, "infusing", 84)
    play.take(*before, own_clock(12, 90), own_clock(13, 0, bed="2"))
    assert of_cuff(play) == [("1", "clock:cuff-9", "start"), ("1", "clock:cuff-9", "end")]


# -------------------------------------------------------------- any cut, and a restart


@st.composite
def guest_streams(draw: st.DrawFn, *, is_roaming: bool) -> Stream:
    """Draw what two such devices send, at a bed each or anywhere, around sessions of two beds."""
    found: list[Input] = [session(0, bed="1")]
    at_s = 10.0
    for number in range(draw(st.integers(1, 12))):
        at_s += draw(st.sampled_from((0, 1, 30, 70)))
        bed = draw(st.sampled_from("12"))
        device = "cuff-9" if is_roaming else f"cuff-{bed}"
        verb: SessionVerb = draw(st.sampled_from(("open", "associate", "release")))
        acts: list[Input] = [
            session(at_s, "open", bed=bed),
            session(at_s, "close", bed=bed),
            session(at_s, verb, bed=bed, devices=(device,)),
            pump(at_s, "infusing", 84, bed=bed, device=f"pump-{bed}"),
        ]
        sets: list[Input] = [
            cuff(at_s, bed=bed, device=device),
            cuff(at_s, bed=bed, device=device, **GOOD),
            cuff(at_s, bed=bed, device=device, temp=98.6, sequence=number),
            cuff(at_s - 60, bed=bed, device=device, received_s=at_s, **GOOD),
            replace(refusal(at_s, bed=bed), device=device),
        ]
        found.append(draw(st.sampled_from(acts if draw(st.integers(0, 4)) == 0 else sets)))
    return Stream(found)


def quiet_ward() -> Ward:
    return Ward(quiet_clocks(ward_settings()), unit=UNIT)


@few
@given(stream=guest_streams(is_roaming=False), ends=st.lists(st.integers(0, 99), max_size=6))
def test_nothing_depends_on_where_steps_end(stream: Stream, ends: list[int]) -> None:
    expected = lines(told(quiet_ward(), one_each(stream)))
    assert lines(told(quiet_ward(), [stream])) == expected
    assert lines(told(quiet_ward(), cut(stream, ends))) == expected


@few
@given(
    stream=guest_streams(is_roaming=True),
    ends=st.lists(st.integers(0, 99), max_size=6),
    at=st.integers(0, 99),
)
def test_a_device_that_roams_is_told_at_the_same_bed_in_the_end(
    stream: Stream, ends: list[int], at: int
) -> None:
    """What ends at another bed ends with the step; a restart between two steps changes nothing."""
    expected = standing(quiet_ward(), one_each(stream))
    assert standing(quiet_ward(), [stream]) == expected
    assert standing(quiet_ward(), cut(stream, ends)) == expected
    ward, effects = quiet_ward(), list[str]()
    for number, step in enumerate(one_each(stream)):
        if number == at % len(stream):
            body, ward = ward.remembered(), quiet_ward()
            ward.recall(body)
            assert ward.remembered() == body
        effects += lines(ward.take(step[0].received_ms, numbered(step)))
    assert effects == lines(told(quiet_ward(), one_each(stream)))


def standing(ward: Ward, steps: list[tuple[Input, ...]]) -> set[tuple[str, str, str, str]]:
    """Return bed, cause, id and words of the technical alerts that stand after the last step."""
    now: dict[str, AlertChanged] = {}
    for one in of(AlertChanged, told(ward, steps)):
        now[one.id] = one
    return {
        (one.bed, one.cause, one.id, one.label)
        for one in now.values()
        if one.kind == "technical" and one.phase != "end"
    }
