"""Missing data, lost devices and values in the wrong place; what silence must never do."""

import numpy as np
from arrays import pick
from builders import T0_MS, ward_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from ward_builders import (
    UNIT,
    Play,
    alerts,
    birth,
    causes,
    hypotensive,
    infusing,
    ms,
    of,
    opened,
    pump,
    session,
    status,
    vitals,
)

from detectors.channels import N_CHANNELS, NEVER, Channel, Flag
from monitor.care.silence import missing_channels, silent_channels
from monitor.facts.effects import (
    NOT_ASSESSABLE,
    DeviceChanged,
    GradeChanged,
    MessageRejected,
    ReadingsKept,
    SessionChanged,
)
from monitor.ward.technical import tell_due
from monitor.ward.ward import Ward


def raised(play: Play) -> list[str]:
    """Return the causes of the technical alerts that are raised now, in order."""
    return [one.cause for one in play.view().alerts if one.kind == "technical"]


def listening() -> Play:
    """Return a running infusion from which everything was just heard."""
    play = infusing()
    play.well(310)
    return play


# ------------------------------------------------------------------------------ silence


def test_one_silent_channel_is_named_and_comes_back() -> None:
    play = listening()
    play.read(365, sbp=120, dbp=80, spo2=98, rr=16)
    assert causes(play.wait(371)) == [("silent:hr", "start")]
    assert play.grade.grade == NOT_ASSESSABLE
    assert play.grade.reasons == ("heart rate is silent",)
    effects = play.read(372, hr=80)
    assert causes(effects) == [("silent:hr", "end")]
    assert play.grade.grade == 0


def test_a_bed_from_which_nothing_comes_has_one_alert() -> None:
    play = opened()
    play.read(10, hr=80, spo2=98)
    play.read(12, rr=16)
    assert causes(play.wait(73)) == [("no-data", "start")]
    alert = alerts(play.told, "technical")[-1]
    assert (alert.priority, alert.grade, alert.label) == (
        "medium",
        0,
        "no data: every channel is silent",
    )
    effects = play.read(74, hr=80)
    assert sorted(causes(effects)) == [
        ("no-data", "end"),
        ("silent:rr", "start"),
        ("silent:spo2", "start"),
    ]


def test_everything_that_matters_is_silent_although_a_probe_is_off() -> None:
    """A probe that is off is no data either."""
    play = opened()
    play.read(10, hr=80, spo2=98)
    play.read(12, hr=80, absent=("spo2",))
    play.wait(73)
    assert raised(play) == ["no-data", "absent:spo2"]


def test_silence_ends_no_reaction() -> None:
    play = hypotensive()
    reaction = play.alert
    before = len(play.told)
    for at_s in range(400, 8000, 400):
        play.wait(at_s)
    assert alerts(play.told[before:]) == []
    view = play.view()
    shown = next(one for one in view.alerts if one.kind == "physiological")
    assert (shown.id, shown.condition, shown.signal) == (reaction.id, "active", "on")
    assert view.grade == 2
    assert view.steps


def test_garbage_does_not_pass_for_data() -> None:
    """A channel that only sends impossible values is as silent as one that sends none."""
    play = listening()
    for at_s in range(315, 380, 5):
        play.read(at_s, hr=0, sbp=120, dbp=80, spo2=98, rr=16)
    assert raised(play) == ["silent:hr"]
    assert next(one for one in play.view().channels if one.channel == "hr").stale


def test_a_clock_that_stands_still_does_not_pass_for_data() -> None:
    play = listening()
    for at_s in range(315, 380, 5):
        play.read(at_s, sbp=120, dbp=80, spo2=98, rr=16)
        play.take(vitals(310, received_s=at_s, hr=80))
    assert raised(play) == ["silent:hr"]


def test_a_stamp_from_the_future_does_not_hide_silence() -> None:
    play = listening()
    play.take(vitals(370, received_s=315, hr=80))
    play.read(370, sbp=120, dbp=80, spo2=98, rr=16)
    assert causes(play.wait(376)) == [("silent:hr", "start")]


def test_what_was_promised_and_never_heard() -> None:
    play = opened(channels=(Channel.HR, Channel.SBP, Channel.TEMP), devices=("mon-1",))
    play.read(290, hr=80, sbp=120)
    assert causes(play.wait(300)) == []
    assert causes(play.wait(301)) == [("never-heard", "start")]
    assert alerts(play.told, "technical")[-1].label == "never heard: temperature"
    assert causes(play.read(302, temp=36.8)) == [("never-heard", "end")]


def test_a_device_promises_channels_too() -> None:
    play = opened()
    play.take(birth(10, "hr", "spo2"))
    play.read(290, hr=80)
    play.wait(301)
    assert raised(play) == ["never-heard"]
    assert alerts(play.told, "technical")[-1].label == "never heard: oxygen saturation"


def test_ids_are_never_used_twice() -> None:
    play = opened(channels=(Channel.TEMP,), devices=("mon-1",))
    play.read(290, hr=80, sbp=120)
    play.wait(301)
    play.read(302, temp=36.8)
    play.take(birth(303, "rr"))
    starts = [one.id for one in alerts(play.told, "technical") if one.phase == "start"]
    assert [one.cause for one in alerts(play.told, "technical")] == ["never-heard"] * 3
    assert len(set(starts)) == 2


# ------------------------------------------------------------------------------- probes


def test_a_probe_that_is_off_is_an_alert_after_a_while() -> None:
    play = listening()
    play.read(320, hr=80, absent=("spo2",))
    assert causes(play.wait(329)) == []
    assert causes(play.wait(330)) == [("absent:spo2", "start")]
    assert alerts(play.told, "technical")[-1].label == (
        "SpO2 probe off: the device reports no value"
    )
    assert causes(play.read(331, spo2=98)) == [("absent:spo2", "end")]


def test_a_bed_is_not_assessable_while_a_needed_probe_is_off() -> None:
    play = listening()
    play.read(320, absent=("hr",))
    play.wait(330)
    assert play.grade.grade == NOT_ASSESSABLE
    assert play.grade.reasons == ("heart rate: the device reports no value",)
    play.read(331, hr=80)
    assert play.grade.grade == 0


def test_a_probe_that_was_off_and_on_again_within_one_step_is_on() -> None:
    play = listening()
    play.take(vitals(320, absent=("spo2",)), vitals(325, spo2=98))
    play.read(332, hr=80)
    assert raised(play) == []


def test_what_is_late_says_nothing_about_probes() -> None:
    play = listening()
    play.take(vitals(100, received_s=320, absent=("spo2",)))
    play.wait(335)
    assert raised(play) == []


# ------------------------------------------------------------------------------ devices


def test_a_device_goes_and_comes_back() -> None:
    play = listening()
    effects = play.take(status(320, online=False))
    assert [(one.device, one.state) for one in of(DeviceChanged, effects)] == [("mon-1", "offline")]
    assert causes(effects) == [("offline:mon-1", "start")]
    assert play.take(status(321, online=False)) == (), "told once"
    effects = play.take(status(330, online=True))
    assert causes(effects) == [("offline:mon-1", "end")]


def test_a_device_that_comes_for_the_first_time_is_no_news() -> None:
    assert listening().take(status(320, online=True)) == ()


# ---------------------------------------------------------------------------- wrong bed


def two_beds() -> Play:
    """Return two running infusions, each with devices of its own."""
    play = listening()
    play.take(session(311, bed="2"))
    return play


def test_values_of_another_beds_device_never_reach_the_decision() -> None:
    play = two_beds()
    before = play.ward.state.outcomes["accepted"]
    effects = play.take(vitals(320, bed="1", device="mon-2", sbp=60, dbp=30))
    kept = of(ReadingsKept, effects)
    assert [(one.bed, one.device, one.channel, one.outcome) for one in kept] == [
        ("1", "mon-2", "sbp", "quarantined"),
        ("1", "mon-2", "dbp", "quarantined"),
    ]
    assert kept[0].reason == "wrong-bed: mon-2 belongs to bed 2, not 1"
    assert causes(effects) == [("wrong-bed:mon-2", "start")]
    assert alerts(play.told) == []
    assert play.view().channels[1].value_centi == 12000
    assert play.view("2").channels == ()
    assert play.ward.state.outcomes["accepted"] == before
    assert causes(play.take(vitals(321, bed="1", device="mon-2", sbp=60))) == [], "told once"


def test_a_wrong_bed_is_forgotten_after_ten_minutes() -> None:
    play = two_beds()
    play.take(vitals(320, bed="1", device="mon-2", sbp=60))
    assert ("wrong-bed:mon-2", "end") not in causes(play.wait(920))
    assert ("wrong-bed:mon-2", "end") in causes(play.wait(921))


def test_another_beds_device_cannot_take_a_probe_off() -> None:
    play = two_beds()
    play.take(vitals(320, bed="1", device="mon-2", absent=("spo2",)))
    play.wait(335)
    assert raised(play) == ["wrong-bed:mon-2"]


def test_another_beds_pump_moves_no_session() -> None:
    play = two_beds()
    effects = play.take(pump(320, "stopped", bed="1", device="pump-2"))
    assert of(SessionChanged, effects) == []
    assert causes(effects) == [("wrong-bed:pump-2", "start")]
    assert [one.reason for one in of(MessageRejected, effects)] == ["wrong-bed"]
    assert play.view().phase == "infusing"


def test_a_device_that_is_moved_to_another_session_is_believed_there() -> None:
    play = two_beds()
    effects = play.take(
        session(320, bed="3", devices=("mon-1",)),
        vitals(321, bed="3", device="mon-1", hr=90),
        vitals(322, bed="1", device="mon-1", hr=91),
    )
    assert [(one.bed, one.device, one.state) for one in of(DeviceChanged, effects)] == [
        ("1", "mon-1", "released"),
        ("3", "mon-1", "associated"),
    ]
    assert [one.bed for one in of(ReadingsKept, effects)] == ["1"]
    assert play.view("3").channels[0].value_centi == 9000
    assert play.view("1").channels[0].value_centi == 8000


def test_a_new_session_ends_what_was_wrong_before_it() -> None:
    play = two_beds()
    play.take(vitals(320, bed="4", device="mon-2", sbp=60))
    effects = play.take(session(330, bed="4", devices=()))
    assert causes(effects) == [("wrong-bed:mon-2", "end")]
    assert play.view("4").alerts == ()


def test_closing_a_session_ends_its_technical_alerts() -> None:
    play = two_beds()
    play.take(vitals(320, bed="1", device="mon-2", sbp=60), status(320, online=False))
    play.wait(400)
    effects = play.take(session(401, "close"))
    assert raised(play) == []
    assert {phase for _, phase in causes(effects)} == {"end"}
    before = len(play.told)
    play.wait(4000)
    assert [one.cause for one in alerts(play.told[before:], "technical") if one.bed == "1"] == []
    assert of(GradeChanged, play.told[before:]) == []


def test_the_onset_of_silence_is_when_something_was_last_heard() -> None:
    play = opened()
    play.read(10, hr=80, spo2=98)
    play.wait(100)
    assert alerts(play.told, "technical")[-1].cause == "no-data"
    assert alerts(play.told, "technical")[-1].onset_ms == ms(10)
    play = opened()
    play.read(10, hr=80)
    play.read(60, sbp=120)
    play.wait(80)
    assert alerts(play.told, "technical")[-1].cause == "silent:hr"
    assert alerts(play.told, "technical")[-1].onset_ms == ms(10)


def test_what_a_person_took_is_awaited_longer() -> None:
    play = opened(devices=("mon-1",))
    play.read(10, hr=80, flags=Flag.HAND)
    play.wait(7000)
    assert raised(play) == []
    play.read(7010, hr=80)
    play.wait(7071)
    assert raised(play) == ["no-data"], "the device took over"


def test_what_is_due_is_told_by_name_of_the_bed() -> None:
    """Rows are given by appearance; the order of beds must not depend on that."""
    play = Play()
    for bed in ("9", "10", "2"):
        play.take(session(0, bed=bed), vitals(10, bed=bed, hr=80))
    assert [one.bed for one in alerts(play.wait(100), "technical")] == ["10", "2", "9"]


def test_devices_are_released_by_name() -> None:
    """Which of two devices spoke first must not show, as that depends on the steps."""
    play = opened(devices=("b", "a"))
    effects = play.take(session(10, "close"))
    assert [one.device for one in of(DeviceChanged, effects)] == ["a", "b"]


def test_a_misplaced_late_reading_has_one_end() -> None:
    play = two_beds()
    before = sum(play.ward.state.outcomes.values())
    play.take(vitals(100, received_s=320, bed="1", device="mon-2", sbp=60))
    outcomes = play.ward.state.outcomes
    assert sum(outcomes.values()) - before == 1
    assert (outcomes["quarantined"], outcomes["late-stored"]) == (1, 0)


@given(data=st.data())
@settings(max_examples=40)
def test_the_quick_look_leaves_out_no_bed_that_has_a_trouble(data: st.DataObject) -> None:
    """Silent, never heard and absent channels are those that the kernels find in every bed."""
    made, n, now_ms = Ward(ward_settings(), unit=UNIT), 3, T0_MS
    for bed in range(n):
        made.state.roster.bed(str(bed + 1))
    made.state.make_room()
    state, life = made.state, made.state.settings.alerts
    silence = state.settings.silence
    limits = {*silence.stale_ms.tolist(), *silence.charted_stale_ms.tolist()}
    ages = sorted({0, silence.absent_after_ms, life.never_heard_after_ms} | limits)
    near = [now_ms - age - step for age in ages for step in (-1, 0, 1)]
    shape = (n, N_CHANNELS)
    state.received_ms[:n] = pick(data.draw, np.int64, shape, NEVER, *near)
    state.absent_ms[:n] = pick(data.draw, np.int64, shape, NEVER, NEVER, *near)
    state.charted[:n] = pick(data.draw, np.bool_, shape, 0, 1)
    state.expected[:n] = pick(data.draw, np.bool_, shape, 0, 1)
    state.opened_ms[:n] = pick(data.draw, np.int64, (n,), NEVER, *near)
    received_ms, opened_ms = state.received_ms[:n], state.opened_ms[:n]
    reported = state.absent_ms[:n] != NEVER
    silent = silent_channels(silence, now_ms, received_ms, state.charted[:n])
    never_ms = life.never_heard_after_ms
    missing = missing_channels(now_ms, opened_ms, received_ms, state.expected[:n], never_ms)
    absent = reported & (state.absent_ms[:n] <= now_ms - silence.absent_after_ms)
    found = np.concatenate([silent & ~reported, missing & ~reported, absent], axis=1)
    found &= (opened_ms != NEVER)[:, None]
    tell_due(state, now_ms)
    assert (state.troubled[:n, : 3 * N_CHANNELS] == found).all()
    assert not state.troubled[:n, 3 * N_CHANNELS :].any()
