"""Breakdowns change what they say and nothing else; the nurse who reads the monitor acts once."""

from functools import cache

import msgspec
import pytest
from cohort_wards import chairs_of, cohort_of

from simulators.attending import Advice, Attendant, Call, Offer, Told
from simulators.bedside import chair_messages
from simulators.breakdowns import (
    KEEPALIVE_MS,
    artefact,
    battery,
    clock_step,
    device_swap,
    storm,
    unit_swap,
)
from simulators.chairs import Chair, Sent, chair
from simulators.cohorts import ward_scenario_of
from simulators.deeds import Deed, lived_plan
from simulators.faults import moved_stamp
from simulators.scenario import BedPlan


@cache
def here() -> Chair:
    return chairs_of("febrile")[0]


@cache
def told() -> tuple[Sent, ...]:
    return tuple(chair_messages(here()))


FROM_S, UNTIL_S = 3000, 3600


def window() -> tuple[int, int]:
    return here().at_ms(FROM_S), here().at_ms(UNTIL_S)


def monitor() -> str:
    return here().device("mon")


def vitals(stream: list[Sent]) -> list[Sent]:
    return [one for one in stream if one.device == monitor() and one.topic.endswith("/vitals")]


def test_a_storm_holds_everything_back_and_loses_nothing() -> None:
    from_ms, until_ms = window()
    after = list(storm(told(), devices=frozenset({monitor()}), from_ms=from_ms, until_ms=until_ms))

    assert sorted(one.payload for one in vitals(after)) == sorted(
        one.payload for one in vitals(list(told()))
    )
    assert not [one for one in vitals(after) if from_ms <= one.at_ms < until_ms]
    states = [
        (one.at_ms, msgspec.json.decode(one.payload)["state"])
        for one in after
        if one.topic.endswith("/status") and from_ms <= one.at_ms <= until_ms
    ]
    assert states == [(from_ms + KEEPALIVE_MS, "offline"), (until_ms, "online")]
    assert [one.at_ms for one in after] == sorted(one.at_ms for one in after)


def test_a_storm_takes_time() -> None:
    with pytest.raises(ValueError, match="a storm of 0 ms, must be at least 1000"):
        list(storm(told(), devices=frozenset({"x"}), from_ms=5, until_ms=5))


def test_a_stepped_clock_moves_every_stamp_from_then_on() -> None:
    from_ms, _ = window()
    after = list(clock_step(told(), device=monitor(), at_ms=from_ms, by_ms=-60_000))

    for before, now in zip(told(), after, strict=True):
        if before.device != monitor() or before.at_ms < from_ms:
            assert before == now
        else:
            stamp = msgspec.json.decode(before.payload)["t"]
            assert msgspec.json.decode(now.payload)["t"] == moved_stamp(stamp, -60_000)


def test_nonsense_and_wrong_units_are_sent_only_by_their_device_and_in_their_time() -> None:
    from_ms, until_ms = window()
    spoilt = list(artefact(told(), device=monitor(), from_ms=from_ms, until_ms=until_ms))
    swapped = list(unit_swap(told(), device=monitor(), from_ms=from_ms))

    for before, odd, other in zip(told(), spoilt, swapped, strict=True):
        is_inside = before.device == monitor() and from_ms <= before.at_ms < until_ms
        assert is_inside or odd == before
        if is_inside and before.topic.endswith("/vitals"):
            for value in msgspec.json.decode(odd.payload)["values"]:
                assert value["ch"] == "temp" or value["v"] in (299, 31, 29, 30, 41, 79, None)
        if before.at_ms < from_ms:
            assert other == before
    temperatures = [
        value["v"]
        for one in swapped
        if one.at_ms >= from_ms and one.device == monitor() and one.topic.endswith("/vitals")
        for value in msgspec.json.decode(one.payload)["values"]
        if value["ch"] == "temp"
    ]
    assert temperatures
    assert min(temperatures) > 94


def test_a_device_goes_to_another_bed_and_a_battery_ends() -> None:
    from_ms, _ = window()
    moved = list(device_swap(told(), device=monitor(), bed="99", from_ms=from_ms))
    flat = vitals(list(battery(told(), device=monitor(), from_ms=from_ms)))

    beds = {one.topic.split("/")[3] for one in moved if one.device == monitor()}
    assert beds == {here().plan.bed, "99"}
    assert all(
        value["why"] == "battery"
        for one in flat
        if one.at_ms >= from_ms
        for value in msgspec.json.decode(one.payload)["values"]
    )
    assert max(one.at_ms for one in flat) < from_ms + 2 * KEEPALIVE_MS


def told_to(attendant: Attendant) -> None:
    call = Call(bed="01", session="S", alert="al-1", revision=1, is_loud=True)
    offer = Offer(bed="01", session="S", alert="al-1", key="pause")
    advice = Advice(bed="01", offers=(offer,))
    attendant.hear(0, Told(calls=(call, call), advice=(advice,)))
    attendant.hear(1000, Told(calls=(call,), advice=(advice,)))


def test_a_nurse_answers_each_call_and_takes_each_step_once() -> None:
    attendant = Attendant("follows", seed=1)
    told_to(attendant)

    assert sorted(deed.key for deed in attendant.due(3_600_000)) == ["ack", "pause"]
    assert attendant.due(7_200_000) == ()


def test_one_nurse_delays_and_another_does_nothing() -> None:
    late, idle = Attendant("delays", seed=1), Attendant("ignores", seed=1)
    told_to(late)
    told_to(idle)

    assert [deed.key for deed in late.due(600_000)] == ["ack"]
    assert [deed.key for deed in late.due(3_600_000)] == ["pause"]
    assert idle.due(3_600_000) == ()


def test_a_deed_changes_what_follows_and_nothing_before() -> None:
    cohort = cohort_of("hypotensive", nurse="none")
    ward = ward_scenario_of(cohort, 1)
    plan = ward.beds[0]
    before = chair(plan, ward, unit="w", started_ms=0)
    at_s = plan.reaction_s + 300
    deed = Deed(at_ms=before.at_ms(at_s), bed=plan.bed, session="S", alert="al-1", key="pause")
    after = chair(lived_plan(plan, deed, opened_ms=before.opened_ms), ward, unit="w", started_ms=0)

    sent = [list(chair_messages(one)) for one in (before, after)]
    early = [[one for one in some if one.at_ms <= deed.at_ms] for some in sent]
    assert early[0] == early[1]
    assert after.activity[at_s + 1200 :].max() < before.activity[at_s + 1200 :].max()


def test_nobody_acts_in_a_told_story() -> None:
    deed = Deed(at_ms=0, bed="01", session="S", alert="al-1", key="pause")
    with pytest.raises(ValueError, match="bed 01 is told, not drawn"):
        lived_plan(BedPlan(bed="01"), deed, opened_ms=0)
