"""The door of the ward: a device that floods, and more devices and beds than there is room for."""

from dataclasses import replace
from typing import Final, Literal

import pytest
from builders import ward_settings
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import Channel
from monitor.adapters.resumption import decoded
from monitor.care.tokens import FULL, TOKEN_MILLI, Bucket, bucket_after
from monitor.facts.effects import AlertChanged, AnyEffect, MessageRejected
from monitor.facts.records import PhaseVerb, RawMessage
from monitor.ward.snapshots import remembered
from monitor.ward.ward import Ward
from monitor.wire.payloads import SessionPayload, encode, encode_vitals, stamp

T0_MS: Final = 1_795_514_400_000
UNIT: Final = "inf-a"
BURST: Final = 5
RATE: Final = 2


def ward(*, devices: int = 1000) -> Ward:
    settings = ward_settings()
    tight = replace(settings.hearing, message_rate=RATE, message_burst=BURST, devices_max=devices)
    return Ward(replace(settings, hearing=tight), unit=UNIT)


def session(
    event: PhaseVerb, *, devices: tuple[str, ...] = ("mon-1",), bed: str = "9"
) -> RawMessage:
    payload = SessionPayload(
        id=f"S-{bed}", t=stamp(T0_MS), by="nurse-1", event=event, subject="PX-1", product="test",
        devices=devices,
    )  # fmt: skip
    name = f"irm/v1/{UNIT}/{bed}/tab-1/session"
    return RawMessage(received_ms=T0_MS, topic=name, payload=encode(payload))


def reading(at_ms: int, number: int, device: str = "mon-1", bed: str = "9") -> RawMessage:
    return kept(at_ms, number, at_ms, device=device, bed=bed)


def kept(
    measured_ms: int,
    number: int,
    received_ms: int,
    *,
    device: str = "mon-1",
    bed: str = "9",
    kind: Literal["vitals", "backfill"] = "vitals",
) -> RawMessage:
    """Return a reading that a device or a broker has kept until it could be heard."""
    payload = encode_vitals(
        sequence=number, measured_ms=measured_ms, values_centi={Channel.HR: 72_00 + number % 8}
    )
    name = f"irm/v1/{UNIT}/{bed}/{device}/{kind}"
    return RawMessage(received_ms=received_ms, topic=name, payload=payload)


def told(one: Ward, now_ms: int, messages: list[RawMessage]) -> tuple[AnyEffect, ...]:
    return one.take(now_ms, decoded(messages))


def rejects(effects: tuple[AnyEffect, ...]) -> list[str]:
    return [one.reason for one in effects if isinstance(one, MessageRejected)]


def test_a_flood_is_turned_away_told_once_and_counted() -> None:
    one = ward()
    told(one, T0_MS, [session("open"), session("start")])
    flood = [reading(T0_MS, number) for number in range(RATE + BURST + 20)]
    effects = told(one, T0_MS + 100, flood)
    assert rejects(effects) == ["rate"]
    assert one.state.refused == 20
    assert sum(one.state.outcomes.values()) == RATE + BURST
    (alert,) = [
        found for found in effects if isinstance(found, AlertChanged) and "rate" in found.cause
    ]
    assert (alert.kind, alert.priority, alert.cause) == ("technical", "medium", "rate:mon-1")
    assert alert.label == "device mon-1 sends too often: what is more than 2 a second is not taken"


def test_after_the_flood_it_is_heard_again_and_the_alert_ends() -> None:
    one = ward()
    told(one, T0_MS, [session("open"), session("start")])
    told(one, T0_MS + 100, [reading(T0_MS, number) for number in range(40)])
    later_ms = T0_MS + 10_000
    assert not rejects(told(one, later_ms, [reading(later_ms, 41)]))
    quiet_ms = later_ms + 601_000
    effects = told(one, quiet_ms, [reading(quiet_ms, 42)])
    ended = [found for found in effects if isinstance(found, AlertChanged)]
    assert ("rate:mon-1", "ended") in {(found.cause, found.condition) for found in ended}


def test_another_device_is_heard_while_one_floods() -> None:
    one = ward()
    told(one, T0_MS, [session("open", devices=("mon-1", "mon-2"))])
    flood = [reading(T0_MS, number) for number in range(60)]
    effects = told(one, T0_MS, [*flood, reading(T0_MS, 1, "mon-2")])
    assert rejects(effects) == ["rate"]
    assert one.state.device_heard_ms[one.state.roster.devices["mon-2"]] == T0_MS


@pytest.mark.parametrize("size", [1, 3, 64])
def test_cutting_a_flood_into_other_steps_changes_nothing(size: int) -> None:
    messages = [session("open"), session("start")]
    messages += [reading(T0_MS + 40 * number, number) for number in range(120)]
    whole, cut = ward(), ward()
    now_ms = T0_MS + 60_000
    at_once = told(whole, now_ms, messages)
    bit_by_bit: list[AnyEffect] = []
    for start in range(0, len(messages), size):
        some = messages[start : start + size]
        bit_by_bit += told(cut, some[-1].received_ms, some)
    assert "rate" in rejects(at_once)
    assert rejects(tuple(bit_by_bit)) == rejects(at_once)
    assert cut.state.refused == whole.state.refused
    assert cut.state.outcomes == whole.state.outcomes


@pytest.mark.parametrize("kind", ["vitals", "backfill"])
def test_what_a_device_kept_during_an_outage_is_taken_whole(
    kind: Literal["vitals", "backfill"],
) -> None:
    """More than the burst at once, but its times go forward as they did: that is no flood."""
    one = ward()
    told(one, T0_MS, [session("open"), session("start")])
    back_ms = T0_MS + 60_000
    outage = [kept(T0_MS + 500 * number, number, back_ms, kind=kind) for number in range(120)]
    now = [reading(back_ms, 200)]
    effects = told(
        one, back_ms, [*outage[:60], *now, *outage[60:]] if kind == "backfill" else outage
    )
    assert not rejects(effects)
    assert one.state.refused == 0
    assert sum(one.state.outcomes.values()) == len(outage) + (kind == "backfill")


def test_a_flood_of_times_that_go_back_and_forth_is_turned_away() -> None:
    one = ward()
    told(one, T0_MS, [session("open"), session("start")])
    later_ms = T0_MS + 60_000
    flood = [kept(T0_MS + 30_000 * (number % 2), number, later_ms) for number in range(40)]
    told(one, later_ms, flood)
    by_measurement = 1 + RATE  # the first one, and what half a minute gives back
    assert sum(one.state.outcomes.values()) == by_measurement + BURST


def test_a_ward_brought_back_in_the_middle_of_a_flood_goes_on_alike() -> None:
    first = ward()
    told(first, T0_MS, [session("open"), session("start")])
    told(first, T0_MS, [reading(T0_MS, number) for number in range(30)])
    second = ward()
    second.recall(first.remembered())
    more = [reading(T0_MS + 700 + number, 100 + number) for number in range(30)]
    assert told(first, T0_MS + 1000, more) == told(second, T0_MS + 1000, more)
    assert remembered(first.state) == remembered(second.state)


def test_more_devices_than_there_is_room_for_are_refused_and_told_once_a_minute() -> None:
    one = ward(devices=3)
    many = [reading(T0_MS, 1, f"mon-{number}", str(number)) for number in range(10)]
    assert rejects(told(one, T0_MS, many)) == ["too-many-devices"]
    assert len(one.state.roster.devices) == 3
    assert one.state.refused == 7
    assert not rejects(told(one, T0_MS + 59_000, [reading(T0_MS, 1, "mon-8")]))
    after_ms = T0_MS + 61_000
    assert rejects(told(one, after_ms, [reading(after_ms, 1, "mon-8")])) == ["too-many-devices"]
    assert not rejects(told(one, after_ms, [reading(after_ms, 2, "mon-1", "1")]))


def test_a_session_that_names_too_many_devices_is_refused() -> None:
    one = ward(devices=3)
    names = tuple(f"x-{number}" for number in range(20))
    assert rejects(told(one, T0_MS, [session("open", devices=names)])) == ["too-many-devices"]
    assert len(one.state.roster.devices) == 0


def test_a_device_that_invents_beds_is_refused() -> None:
    one = ward(devices=4)
    many = [reading(T0_MS, number, bed=f"b-{number}") for number in range(BURST + 1)]
    assert rejects(told(one, T0_MS, many)) == ["too-many-beds"]
    assert len(one.state.beds) <= 5


def test_a_device_that_invents_beds_keeps_no_session_out() -> None:
    """The access list knows devices, not beds, so one that is let in can name any of them."""
    one = ward(devices=4)
    told(one, T0_MS, [reading(T0_MS, number, bed=f"b-{number}") for number in range(BURST + 1)])
    told(one, T0_MS, [session("open", devices=(), bed=str(bed)) for bed in range(20, 26)])
    assert len(one.state.roster.beds) == 8  # with four invented ones, and that of refusals
    assert [name for name in one.state.roster.beds if name.isdecimal()] == ["20", "21", "22"]
    told(one, T0_MS, [reading(T0_MS, 1, "mon-2", "20")])
    view = {bed.bed: bed for bed in one.view(T0_MS).beds}["20"]
    assert view.session == "S-20"
    assert view.channels


@given(
    steps=st.lists(st.integers(-500, 3_000), max_size=60),
    rate=st.integers(1, 30),
    burst=st.integers(1, 40),
)
def test_a_bucket_gives_what_a_slow_count_gives(steps: list[int], rate: int, burst: int) -> None:
    at_ms = T0_MS
    bucket, _ = bucket_after(FULL, at_ms, rate=rate, burst=burst)
    left_milli, newest_ms = (burst - 1) * TOKEN_MILLI, T0_MS
    for step_ms in steps:
        at_ms += step_ms
        for _ in range(newest_ms, at_ms):
            left_milli = min(left_milli + rate, burst * TOKEN_MILLI)
        newest_ms = max(newest_ms, at_ms)
        bucket, is_given = bucket_after(bucket, at_ms, rate=rate, burst=burst)
        assert is_given == (left_milli >= TOKEN_MILLI)
        left_milli -= TOKEN_MILLI if is_given else 0
        assert bucket == Bucket(left_milli=left_milli, at_ms=newest_ms)


def test_a_device_that_sends_everything_again_is_heard_with_what_it_measures_now() -> None:
    one = ward()
    told(one, T0_MS, [session("open"), session("start")])
    for second in range(1, 40):
        now_ms = T0_MS + 1000 * second
        again = [kept(T0_MS + 10 * number, number, now_ms) for number in range(20)]
        told(one, now_ms, [*again, reading(now_ms, 100 + second)])
        (bed,) = one.view(now_ms).beds
        assert [channel.measured_ms for channel in bed.channels] == [now_ms]
    assert one.state.refused > 100
