"""Values that name another person or session than the one at their bed are not believed."""

from dataclasses import replace
from typing import Any

import pytest
from builders import ward_settings
from ward_builders import (
    Play,
    alerts,
    causes,
    infusing,
    ms,
    numbered,
    of,
    pump,
    session,
    vitals,
    well,
)

from monitor.facts.effects import ActRecorded, ReadingsKept
from monitor.facts.records import VitalsReported

HERE: dict[str, Any] = {"session": "S-1", "subject": "PX-1"}


def named(at_s: float, *, absent: tuple[str, ...] = (), **names: Any) -> VitalsReported:  # noqa: ANN401 - as replace
    """Return a low pressure and a fast pulse under some names."""
    return replace(vitals(at_s, sbp=70, hr=140, absent=absent), **names)


def kept(play: Play) -> list[str]:
    return [one.reason for one in of(ReadingsKept, play.told) if one.outcome == "quarantined"]


def open_causes(play: Play) -> list[str]:
    return [one.cause for one in play.view().alerts]


@pytest.mark.parametrize("names", [{}, HERE, {"session": "S-1"}, {"subject": "PX-1"}], ids="-".join)
def test_what_names_nobody_or_the_right_one_is_believed(names: dict[str, Any]) -> None:
    play = infusing()
    play.take(named(320, **names))
    assert kept(play) == []
    assert play.view().alerts


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"session": "S-9"}, "session S-9"),
        ({"subject": "PX-9"}, "subject PX-9"),
        ({"session": "S-1", "subject": "PX-9"}, "subject PX-9"),
        ({"session": "S-9", "subject": "PX-9"}, "session S-9, subject PX-9"),
    ],
)
def test_another_name_is_quarantined_and_told(names: dict[str, Any], words: str) -> None:
    play = infusing()
    before = play.ward.state.outcomes["quarantined"]
    effects = play.take(named(320, **names))
    assert play.ward.state.outcomes["quarantined"] - before == 2
    assert kept(play) == [f"wrong-person: mon-1 names {words}"] * 2
    assert causes(effects) == [("wrong-person:mon-1", "start")]
    (alert,) = alerts(effects, "technical")
    assert alert.label == f"device mon-1 names {words}: its values are quarantined"
    assert alert.priority == "medium"
    assert alerts(play.told) == []
    assert play.view().grade == 0


def test_a_bed_without_a_session_compares_with_nobody() -> None:
    play = Play()
    play.take(named(0, session="S-9"))
    assert kept(play) == []
    play.take(session(10), named(20, **HERE), session(30, "close", reason="-"))
    play.take(named(40, **HERE))
    assert kept(play) == []


def test_absent_channels_of_somebody_else_are_not_believed_either() -> None:
    play = infusing()
    report = replace(vitals(320, absent=("spo2",)), session="S-9")
    assert causes(play.take(report)) == [("wrong-person:mon-1", "start")]
    play.well(340)
    assert "absent:spo2" not in open_causes(play)


def test_an_association_by_a_person_releases_that_name_and_no_other() -> None:
    play = infusing()
    play.take(named(320, subject="PX-9"))
    play.take(session(330, "associate", devices=("mon-1",)))
    assert causes(play.told)[-1] == ("wrong-person:mon-1", "end")
    play.take(replace(well(335), subject="PX-9"))
    assert len(kept(play)) == 2
    play.take(named(340, subject="PX-8"))
    assert kept(play)[-1] == "wrong-person: mon-1 names subject PX-8"


def test_what_a_person_has_let_pass_ends_with_the_session() -> None:
    play = infusing()
    play.take(named(320, subject="PX-9"), session(330, "associate", devices=("mon-1",)))
    play.take(session(340, "close", reason="-"))
    play.take(session(350, id="S-2", subject="PX-2"), named(360, subject="PX-9"))
    assert causes(play.told)[-1] == ("wrong-person:mon-1", "start")


def test_it_is_forgotten_when_nothing_of_the_kind_came_for_long() -> None:
    play = infusing()
    play.take(named(320, session="S-9"))
    forgotten_s = ward_settings().hearing.trouble_forgotten_ms // 1000
    play.wait(320 + forgotten_s)
    assert "wrong-person:mon-1" in open_causes(play)
    play.wait(321 + forgotten_s)
    assert "wrong-person:mon-1" not in open_causes(play)


def test_it_stays_at_the_bed_when_the_session_goes() -> None:
    play = infusing()
    play.take(named(320, session="S-9"))
    play.take(session(330, "transfer", to_bed="2", devices=("pump-1",)))
    assert "wrong-person:mon-1" not in [one.cause for one in play.view("2").alerts]


def test_vitals_by_hand_for_somebody_else_are_refused_to_whoever_sent_them() -> None:
    play = infusing()
    written = named(320, session="S-9", by="rn-1", id="v-1")
    effects = play.take(written)
    (answer,) = of(ActRecorded, effects)
    assert answer.refused == "they name session S-9, who is not at this bed: quarantined"
    assert len(kept(play)) == 2
    assert causes(effects) == []
    (answer,) = of(ActRecorded, play.take(replace(written, session="S-1", id="v-2")))
    assert answer.refused == ""


def test_the_bed_of_the_device_counts_before_the_name() -> None:
    play = infusing()
    play.take(session(305, bed="2", id="S-2", subject="PX-2", devices=("mon-2",)))
    play.take(replace(vitals(320, device="mon-2", sbp=70), session="S-2"))
    assert kept(play) == ["wrong-bed: mon-2 belongs to bed 2, not 1"]


def test_the_session_counts_that_is_open_when_the_report_arrives() -> None:
    """However the messages are cut into steps."""
    told = []
    for together in (False, True):
        play = Play()
        messages = numbered(
            [
                session(0),
                pump(1, "infusing", 42),
                replace(well(2), **HERE),
                session(3, "close", reason="-"),
                session(4, id="S-2", subject="PX-2"),
                replace(well(5), **HERE),
                replace(well(6), session="S-2"),
            ]
        )
        if together:
            play.ward.take(ms(6), messages)
        else:
            for one in messages:
                play.ward.take(ms(6), [one])
        told.append(dict(play.ward.state.outcomes))
    assert told[0] == told[1]
    assert told[0]["quarantined"] == 5
