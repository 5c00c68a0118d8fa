"""Devices and sessions that change beds, and what everybody is told of it."""

from typing import Any

import numpy as np
import pytest
from ward_builders import (
    Play,
    act,
    alerts,
    anaphylactic,
    causes,
    infusing,
    of,
    opened,
    pump,
    session,
    symptom,
    vitals,
)

from monitor.facts.effects import (
    ActRecorded,
    AdviceChanged,
    DeviceChanged,
    GradeChanged,
    ReadingsKept,
    SessionChanged,
    SessionMoved,
)
from monitor.ward.ward_state import WardState


def devices(effects: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - any effects
    return [(one.bed, one.device, one.state) for one in of(DeviceChanged, effects)]


def test_a_quarantined_device_is_believed_once_a_person_associates_it() -> None:
    play = opened()
    play.take(session(0, bed="2"))
    kept = play.take(vitals(10, bed="2", device="mon-1", hr=80))
    assert [one.outcome for one in of(ReadingsKept, kept)] == ["quarantined"]
    assert ("wrong-bed:mon-1", "start") in causes(kept)
    told = play.take(session(20, "associate", bed="2", devices=("mon-1",)))
    assert devices(told) == [("1", "mon-1", "released"), ("2", "mon-1", "associated")]
    assert ("wrong-bed:mon-1", "end") in causes(told)
    play.take(vitals(30, bed="2", device="mon-1", hr=81))
    assert play.view("2").channels[0].value_centi == 8100
    kept = play.take(vitals(40, bed="1", device="mon-1", hr=82))
    assert [one.outcome for one in of(ReadingsKept, kept)] == ["quarantined"]


def test_a_device_that_is_released_belongs_to_no_bed() -> None:
    play = opened()
    told = play.take(session(10, "release", devices=("mon-1",)))
    assert devices(told) == [("1", "mon-1", "released")]
    play.take(session(20, bed="2", devices=()))
    assert not of(ReadingsKept, play.take(vitals(30, bed="2", device="mon-1", hr=80)))
    again = play.take(session(40, "release", devices=("mon-1",)))
    (refused,) = of(SessionChanged, again)
    assert (refused.refused, refused.reason) == (True, "not associated with this bed: mon-1")


@pytest.mark.parametrize("event", ["associate", "release", "transfer"])
def test_nothing_changes_beds_for_a_session_that_is_not_open_here(event: Any) -> None:  # noqa: ANN401 - a verb
    play = opened()
    (told,) = play.take(session(10, event, id="S-9", to_bed="2"))
    assert isinstance(told, SessionChanged)
    assert told.reason == "unknown-session: S-9 is not the session of this bed (S-1)"
    (told,) = play.take(session(10, event, bed="7", to_bed="2"))
    assert isinstance(told, SessionChanged)
    assert told.reason == "unknown-session: S-7 is not the session of this bed (none)"


def moved(play: Play, at_s: float = 400, **changed: Any) -> tuple[Any, ...]:  # noqa: ANN401 - as session
    given = {"to_bed": "2", "devices": ("mon-1", "pump-1"), **changed}
    return play.take(session(at_s, "transfer", **given))


def test_a_session_moves_with_everything_that_is_known() -> None:
    play = anaphylactic()
    play.wait(400)
    before = play.view("1")
    told = moved(play)
    after = play.view("2")
    for name in ("session", "subject", "phase", "rate_centi_ml_per_h", "grade", "pattern",
                 "baseline", "channels", "steps", "vitals_due"):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name
    assert [one.id for one in after.alerts] == [one.id for one in before.alerts]
    left = play.view("1")
    assert (left.phase, left.session, left.grade, left.alerts) == ("none", "", -1, ())
    assert left.channels == ()
    (gone,) = of(SessionMoved, told)
    assert (gone.bed, gone.to_bed, gone.alerts) == ("1", "2", tuple(a.id for a in before.alerts))
    (arrived,) = of(SessionChanged, told)
    assert (arrived.bed, arrived.before, arrived.phase) == ("2", "infusing", "infusing")
    assert [(one.bed, one.phase) for one in alerts(told)] == [("2", "update")]
    assert [one.bed for one in of(AdviceChanged, told)] == ["2"]
    assert [(one.bed, one.grade) for one in of(GradeChanged, told)] == [("1", -1), ("2", 3)]


def test_the_story_goes_on_at_the_new_bed() -> None:
    play = anaphylactic()
    revision = play.alert.revision
    moved(play)
    assert play.alert.revision == revision + 1
    play.take(vitals(420, bed="2", device="mon-1", sbp=70, dbp=40, hr=130, spo2=85))
    assert play.alert.bed == "2"
    assert play.alert.grade >= 3
    recorded = of(ActRecorded, play.take(act(430, "ack", bed="2", alert=play.alert.id)))
    assert [one.refused for one in recorded] == [""]
    play.take(pump(440, "stopped", bed="2", device="pump-1"))
    assert play.view("2").phase == "stopped"


def test_what_a_device_still_sends_under_the_old_bed_is_quarantined() -> None:
    play = infusing()
    moved(play)
    kept = play.take(vitals(420, bed="1", device="mon-1", hr=150))
    assert [one.outcome for one in of(ReadingsKept, kept)] == ["quarantined"]
    assert "belongs to bed 2" in of(ReadingsKept, kept)[0].reason


def test_devices_that_are_not_named_stay_and_are_free() -> None:
    play = infusing()
    told = moved(play, devices=("pump-1",))
    assert devices(told) == [
        ("1", "mon-1", "released"),
        ("1", "pump-1", "released"),
        ("2", "pump-1", "associated"),
    ]
    assert not of(ReadingsKept, play.take(vitals(420, bed="1", device="mon-1", hr=150)))
    assert play.view("2").baseline == "established"
    play.take(session(500, bed="1", id="S-3", devices=("mon-1",)))
    assert play.view("1").phase == "opened"
    assert play.view("1").channels == ()


@pytest.mark.parametrize(
    ("to_bed", "reason"),
    [("1", "the session is at this bed already"), ("2", "bed 2 has the open session S-2")],
)
def test_a_session_moves_to_a_free_bed_only(to_bed: str, reason: str) -> None:
    play = infusing()
    play.take(session(310, bed="2"))
    (refused,) = of(SessionChanged, moved(play, to_bed=to_bed))
    assert (refused.refused, refused.reason) == (True, reason)
    assert play.view("1").phase == "infusing"


def left_unseen() -> tuple[Play, str]:
    """Return a ward in which bed 1 has a latched alert of somebody, and bed 2 a session."""
    play = anaphylactic()
    play.take(session(340, "close"))
    (unseen,) = play.view("1").alerts
    assert unseen.signal == "latched"
    play.take(session(350, bed="2"))
    play.take(vitals(360, bed="2", hr=80, sbp=120, dbp=80, spo2=98))
    return play, unseen.id


def test_a_bed_that_was_used_before_takes_a_session() -> None:
    play, unseen = left_unseen()
    moved(play, bed="2", to_bed="1", devices=("mon-2",))
    assert [one.id for one in play.view("1").alerts] == [unseen]
    assert (play.view("1").session, play.view("1").grade) == ("S-2", 0)
    assert play.view("2").alerts == ()


def test_an_alert_that_the_session_brings_takes_the_place_of_one_that_was_left() -> None:
    play, unseen = left_unseen()
    play.take(symptom(370, "hives", bed="2"))
    told = moved(play, bed="2", to_bed="1", devices=("mon-2",))
    assert (unseen, "off") in {(one.id, one.signal) for one in alerts(told)}
    assert [one.id for one in play.view("1").alerts if one.kind == "physiological"] != [unseen]
    assert [one.bed for one in of(AdviceChanged, told)] == ["1"]


def test_an_act_for_another_session_is_refused() -> None:
    play = anaphylactic()
    told = play.take(act(400, "ack", alert=play.alert.id, session="S-9"))
    assert [one.refused for one in of(ActRecorded, told)] == [
        "unknown-session: S-9 is not the session of this bed (S-1)"
    ]
    told = play.take(symptom(410, "wheeze", session="S-9"))
    assert [one.refused for one in of(ActRecorded, told)] == [
        "unknown-session: S-9 is not the session of this bed (S-1)"
    ]
    told = play.take(act(420, "ack", alert=play.alert.id, session="S-1"))
    assert [one.refused for one in of(ActRecorded, told)] == [""]


def rows_of(state: WardState, row: int) -> dict[str, Any]:
    """Return everything that a ward knows by row of one bed."""
    found = {
        name: array[row].copy()
        for name, array in vars(state).items()
        if isinstance(array, np.ndarray) and not name.startswith("device_")
    }
    for part in (state.detection, state.detection.window, state.detection.history,
                 state.detection.track, state.detection.memory, state.detection.steadiness,
                 state.shelf.track):  # fmt: skip
        names: Any = getattr(part, "__dict__", ()) or getattr(part, "__slots__", ())
        for name in names:
            array = getattr(part, name)
            if isinstance(array, np.ndarray) and array.shape[:1] == state.look_ms.shape:
                found[f"{type(part).__name__}.{name}"] = array[row].copy()
    return found


def test_beds_exchange_every_row_and_exchange_it_back() -> None:
    play = anaphylactic()
    play.take(session(340, bed="2"), vitals(350, bed="2", hr=60))
    state = play.ward.state
    before = rows_of(state, 0), rows_of(state, 1)
    assert len(before[0]) > 25
    state.swap(0, 1)
    for after, expected in zip((rows_of(state, 1), rows_of(state, 0)), before, strict=True):
        for name, value in expected.items():
            np.testing.assert_array_equal(after[name], value, err_msg=name)
    state.swap(0, 1)
    for name, value in rows_of(state, 0).items():
        np.testing.assert_array_equal(value, before[0][name], err_msg=name)
