"""Every effect that is said aloud gives its stored announcement, topic and bytes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import OUTBOUND, RECEIVED_MS, UNIT

from monitor.adapters.window import PAYLOAD_BYTES_MAX
from monitor.facts.effects import (
    ActRecorded,
    AnyEffect,
    DeviceChanged,
    GradeChanged,
)
from monitor.facts.views import BedView, DeviceView, GivenView
from monitor.wire.announcements import (
    AT_LEAST_ONCE,
    Announcement,
    ack_announcement,
    alert_topic,
    announcements,
    head_announcement,
    is_over,
    state_announcement,
)
from monitor.wire.leases import LeasePayload, StandbyPayload
from monitor.wire.outbound import NOTICE, MonitorStatusPayload, Published, encode_published, iso
from monitor.wire.topics import OUTBOUND_KINDS, lease_topic, monitor_status_topic, standby_topic

EFFECTS = sorted(OUTBOUND.glob("*.effects.json"))
VIEWS = sorted(OUTBOUND.glob("*.view.json"))


def told(topic: str, payload: Published) -> Announcement:
    return Announcement(topic=topic, payload=encode_published(payload), qos=1, retain=True)


def status(payload: MonitorStatusPayload) -> Announcement:
    return told(monitor_status_topic(UNIT), payload)


OTHERS = {
    "ack.device": ack_announcement(
        unit=UNIT, bed="17", device="mon-17", boot="01JD8Z3K7N", sequence=18211, now_ms=RECEIVED_MS
    ),
    "head.day": head_announcement(unit=UNIT, row=1027, digest="5f" * 32, now_ms=RECEIVED_MS),
    "monitor-status.online": status(
        MonitorStatusPayload(state="online", t=iso(RECEIVED_MS), software="0.1.0", boot="m-1")
    ),
    "monitor-status.last-will": status(
        MonitorStatusPayload(state="offline", t=iso(RECEIVED_MS), reason="lost")
    ),
    "lease.held": told(
        lease_topic(UNIT),
        LeasePayload(
            state="held",
            t=iso(RECEIVED_MS),
            term=7,
            holder="019aabf52c1a-1f3",
            paired=True,
            beat=41,
        ),
    ),
    "standby.ready": told(
        standby_topic(UNIT, "infusion-monitor"),
        StandbyPayload(
            state="online",
            t=iso(RECEIVED_MS),
            boot="019aabf4d010-e7a",
            beat=102,
            term=7,
            holder="019aabf52c1a-1f3",
            ready=True,
        ),
    ),
}


def effects_of(name: str) -> tuple[AnyEffect, ...]:
    text = (OUTBOUND / f"{name}.effects.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[AnyEffect, ...])


def as_json(said: tuple[Announcement, ...]) -> list[dict[str, Any]]:
    return [
        {
            "topic": one.topic,
            "qos": one.qos,
            "retain": one.retain,
            "payload": json.loads(one.payload) if one.payload else None,
        }
        for one in said
    ]


def stored(name: str) -> Any:  # noqa: ANN401  # any JSON value
    return json.loads((OUTBOUND / f"{name}.announced.json").read_text())


@pytest.mark.parametrize("path", EFFECTS, ids=lambda path: path.name)
def test_effects_give_their_stored_announcements(path: Any) -> None:  # noqa: ANN401  # a Path
    name = path.name.removesuffix(".effects.json")
    assert as_json(announcements(effects_of(name), unit=UNIT)) == stored(name)


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.name)
def test_views_give_their_stored_announcement(path: Any) -> None:  # noqa: ANN401  # a Path
    view = msgspec.json.decode(path.read_bytes(), type=BedView)
    said = state_announcement(view, unit=UNIT, now_ms=RECEIVED_MS)
    assert as_json((said,)) == stored(path.name.removesuffix(".view.json"))


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_shell_says_is_stored_too(name: str) -> None:
    assert as_json((OTHERS[name],)) == stored(name)


def test_every_outbound_kind_is_stored_and_nothing_else() -> None:
    names = {path.name.removesuffix(".announced.json") for path in OUTBOUND.glob("*.announced*")}
    expected = {path.name.removesuffix(".effects.json") for path in EFFECTS}
    expected |= {path.name.removesuffix(".view.json") for path in VIEWS}
    assert names == expected | set(OTHERS)
    assert {name.partition(".")[0] for name in names} == {
        *OUTBOUND_KINDS,
        "monitor-status",
        "lease",
        "standby",
    }


def test_an_alert_is_cleared_only_when_it_ended_and_calls_nobody() -> None:
    assert is_over("ended", "off")
    assert not is_over("ended", "latched")
    assert not is_over("recovering", "off")
    last, cleared = announcements(effects_of("alert.over"), unit=UNIT)
    assert last.topic == cleared.topic
    assert json.loads(last.payload)["state"] == "ended"
    assert (cleared.payload, cleared.retain, cleared.qos) == (b"", True, AT_LEAST_ONCE)
    for name in ("alert.latched", "alert.escalated", "alert.acknowledged"):
        (said,) = announcements(effects_of(name), unit=UNIT)
        assert said.retain
        assert said.payload


def test_alerts_advice_and_states_say_what_this_is_not() -> None:
    said = [
        one for path in OUTBOUND.glob("*.announced.json") for one in json.loads(path.read_text())
    ]
    spoken = [one for one in said if one["payload"] and "/_/" in one["topic"]]
    spoken = [one for one in spoken if not one["topic"].endswith("/reject")]
    assert len(spoken) >= 8
    assert {one["payload"]["notice"] for one in spoken} == {NOTICE}


def test_the_same_effects_give_the_same_bytes_in_the_same_order() -> None:
    effects = [effect for path in EFFECTS for effect in effects_of(path.name.split(".effects")[0])]
    said = announcements(effects, unit=UNIT)
    assert said == announcements(tuple(effects), unit=UNIT)
    one_by_one = [one for effect in effects for one in announcements([effect], unit=UNIT)]
    assert list(said) == one_by_one


def test_what_is_not_for_the_broker_is_not_said() -> None:
    at: dict[str, Any] = {"at_ms": 0, "bed": "17", "session": ""}
    effects: list[AnyEffect] = [
        GradeChanged(**at, grade=1, before=0, pattern="", reasons=()),
        DeviceChanged(**at, device="d", state="online", reason=""),
        ActRecorded(
            **at,
            id="",
            act="ack",
            by="ka",
            role="rn",
            via="s",
            alert="",
            step="",
            status="",
            reason="",
            refused="",
        ),
    ]
    assert announcements(effects, unit=UNIT) == ()


@given(st.text(max_size=40))
def test_no_alert_id_breaks_a_topic(alert: str) -> None:
    name = alert_topic(UNIT, "17", alert)
    levels = name.split("/")
    assert levels[:6] == ["irm", "v1", UNIT, "17", "_", "alert"]
    assert len(levels) == 7
    assert not set(name) & set("+#\x00\n")


def test_the_state_of_a_bed_fits_into_a_message_whatever_people_and_devices_say() -> None:
    word = "w" * 64
    (path, *_) = VIEWS
    view = msgspec.structs.replace(
        msgspec.json.decode(path.read_bytes(), type=BedView),
        remarks=(),
        given=tuple(
            GivenView(drug=f"{number}-{word}"[:64], at_ms=0, by=word, step=word)
            for number in range(400)
        ),
        devices=tuple(DeviceView(device="d" * 32, presence="online") for _ in range(1_000)),
    )
    said = json.loads(state_announcement(view, unit=UNIT, now_ms=0).payload)
    assert len(json.dumps(said)) < PAYLOAD_BYTES_MAX
    assert [one["drug"].partition("-")[0] for one in said["given"]] == [
        str(number) for number in range(350, 400)
    ]
    assert len(said["devices"]) == 50
    assert said["remarks"] == [
        "350 more drugs are not shown",
        "950 more devices are not shown",
    ]


def test_stamps_are_utc_with_milliseconds() -> None:
    assert iso(RECEIVED_MS) == "2026-11-22T13:45:12.250Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(-1) == "1969-12-31T23:59:59.999Z"
