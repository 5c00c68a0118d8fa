"""Chairs on the wire: every message is understood, nothing depends on the neighbours."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import Channel, Flag
from monitor.facts.records import (
    DeviceBorn,
    DeviceReported,
    Input,
    MessageRefused,
    PumpReported,
    RawMessage,
    SessionReported,
    SymptomCharted,
    VitalsReported,
)
from monitor.story_library import ward_story
from monitor.wire.messages import decode
from simulators.bedside import bedside, ward_messages
from simulators.chairs import Sent
from simulators.pictures import PICTURES
from simulators.scenario import BedPlan, Scenario

STARTED_MS = 1_795_514_400_000
MINUTE_MS = 60_000


def story(reaction: str = "uneventful", *, seed: int = 1, minutes: int = 70) -> list[Sent]:
    plan = BedPlan(bed="04", reaction=reaction, onset_s=900)
    scenario = Scenario(name="one", beds=(plan,), seed=seed, length_s=minutes * 60)
    return list(bedside(plan, scenario, unit="inf-a", started_ms=STARTED_MS))


def decoded(messages: list[Sent]) -> list[Input]:
    return [
        decode(
            RawMessage(received_ms=sent.at_ms + 50, topic=sent.topic, payload=sent.payload),
            position=position,
        )
        for position, sent in enumerate(messages)
    ]


def channel_times_ms(records: list[Input], channel: Channel) -> list[int]:
    return [
        value.measured_ms
        for record in records
        if isinstance(record, VitalsReported)
        for value in record.values
        if value.channel == channel and not value.flags & Flag.HAND
    ]


@pytest.mark.parametrize("reaction", PICTURES)
def test_every_message_of_every_reaction_is_understood(reaction: str) -> None:
    records = decoded(story(reaction, minutes=130))

    assert [record for record in records if isinstance(record, MessageRefused)] == []
    kinds = Counter(type(record) for record in records)
    for kind in (VitalsReported, PumpReported, SessionReported, DeviceReported, DeviceBorn):
        assert kinds[kind] > 0
    assert (kinds[SymptomCharted] > 0) == bool(PICTURES[reaction].signs)


@settings(max_examples=10)
@given(st.integers(min_value=0, max_value=2**63 - 1), st.sampled_from(sorted(PICTURES)))
def test_any_seed_gives_one_story_in_order_of_time(seed: int, reaction: str) -> None:
    messages = story(reaction, seed=seed, minutes=30)

    assert messages == story(reaction, seed=seed, minutes=30)
    assert all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(messages))
    assert not any(isinstance(record, MessageRefused) for record in decoded(messages))


def test_another_seed_is_another_person() -> None:
    assert story(seed=1) != story(seed=2)


def test_a_bed_does_the_same_alone_and_in_a_ward() -> None:
    ward = ward_story(seed=9).scenario
    plan = ward.beds[6]
    in_ward = [
        sent
        for sent in ward_messages(ward, unit="inf-a", started_ms=STARTED_MS)
        if sent.topic.split("/")[3] == plan.bed
    ]
    alone = replace(ward, beds=(plan,))

    assert list(ward_messages(alone, unit="inf-a", started_ms=STARTED_MS)) == in_ward


def test_a_story_moved_in_time_is_the_same_story() -> None:
    chairs = ward_story().scenario
    ward = replace(chairs, beds=chairs.beds[:3])
    hour_ms = 3_600_000
    now = ward_messages(ward, unit="inf-a", started_ms=STARTED_MS)
    later = ward_messages(ward, unit="inf-a", started_ms=STARTED_MS + hour_ms)

    assert [(s.at_ms + hour_ms, s.topic) for s in now] == [(s.at_ms, s.topic) for s in later]


def test_cadence_of_every_channel() -> None:
    records = decoded(story())

    for channel in (Channel.HR, Channel.SPO2, Channel.RR):
        times_ms = channel_times_ms(records, channel)
        assert {later - earlier for earlier, later in pairwise(times_ms)} == {5_000}
    start_ms = STARTED_MS + 600_000
    cuffs_ms = [at_ms for at_ms in channel_times_ms(records, Channel.SBP) if at_ms > start_ms]
    assert all(later - earlier <= 5 * MINUTE_MS for earlier, later in pairwise(cuffs_ms))
    temps_ms = channel_times_ms(records, Channel.TEMP)
    assert sum(at_ms < start_ms for at_ms in temps_ms) == 4
    assert sum(at_ms < start_ms for at_ms in channel_times_ms(records, Channel.SBP)) == 5


def test_sequences_of_every_device_have_no_gap() -> None:
    records = decoded(story("anaphylaxis"))
    for kind in (VitalsReported, PumpReported):
        numbers = [
            record.sequence for record in records if isinstance(record, kind) and record.boot
        ]
        assert numbers == list(range(len(numbers)))


def test_a_session_is_opened_baselined_started_and_stopped_in_this_order() -> None:
    events = [
        (record.event, record.id)
        for record in decoded(story("anaphylaxis", minutes=130))
        if isinstance(record, SessionReported)
    ]

    assert [event for event, _ in events] == ["open", "baseline", "start", "stop", "close"]
    assert len({session for _, session in events}) == 1


def test_an_ordinary_infusion_completes_and_closes() -> None:
    records = decoded(story(minutes=200))
    events = [record.event for record in records if isinstance(record, SessionReported)]
    last_pump = [record for record in records if isinstance(record, PumpReported)][-1]

    assert events == ["open", "baseline", "start", "complete", "close"]
    assert last_pump.state == "complete"
    assert last_pump.left_centi_ml == 0
    assert not [r for r in records if isinstance(r, DeviceReported)][-1].online


def test_the_opening_names_who_what_and_which_devices() -> None:
    opening = next(r for r in decoded(story()) if isinstance(r, SessionReported))

    assert opening.subject.startswith("PX-")
    assert opening.product == "gammaplex-10-pi"
    assert opening.devices == ("mon-04", "pump-04", "tab-04")
    assert opening.channels == tuple(Channel)
    assert opening.dose_centi_g is not None
    assert opening.weight_centi_kg is not None
    assert opening.dose_centi_g == pytest.approx(0.4 * opening.weight_centi_kg, abs=6)


def test_a_lost_probe_says_so_and_everything_else_goes_on() -> None:
    records = [r for r in decoded(story("probe-off")) if isinstance(r, VitalsReported)]
    absences = [(a.channel, a.why) for record in records for a in record.absences]
    doubted = [v for r in records for v in r.values if v.flags & Flag.QUESTIONABLE]

    # Ten minutes at one value every five seconds, less what the slipping probe still shows.
    assert absences == [(Channel.SPO2, "probe-off")] * (120 - 3)
    assert [value.channel for value in doubted] == [Channel.SPO2] * 3
    assert len(channel_times_ms(list(records), Channel.HR)) == 838


def test_hand_taken_temperatures_only_after_shivering() -> None:
    for reaction in ("febrile", "anaphylaxis"):
        by_hand = [
            value
            for record in decoded(story(reaction))
            if isinstance(record, VitalsReported)
            for value in record.values
            if value.flags & Flag.HAND
        ]
        assert bool(by_hand) == (reaction == "febrile")


def test_the_pump_reports_every_change_and_at_least_every_half_minute() -> None:
    reports = [r for r in decoded(story("hypotensive")) if isinstance(r, PumpReported)]

    assert max(b.measured_ms - a.measured_ms for a, b in pairwise(reports)) == 30_000
    assert {report.state for report in reports} == {"idle", "infusing", "paused"}
    infused = [report.infused_centi_ml or 0 for report in reports]
    assert infused == sorted(infused)


@pytest.mark.parametrize("minutes", [1, 9, 10, 11, 16])
@pytest.mark.parametrize("reaction", ["uneventful", "anaphylaxis", "rate-related", "probe-off"])
def test_a_story_may_end_anywhere(reaction: str, minutes: int) -> None:
    messages = story(reaction, minutes=minutes)

    assert STARTED_MS <= messages[-1].at_ms < STARTED_MS + minutes * MINUTE_MS + 1000
    assert not any(isinstance(record, MessageRefused) for record in decoded(messages))
