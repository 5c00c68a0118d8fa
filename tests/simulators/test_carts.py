"""Carts: one place at a time, a whole set at each, under the right bed and the right name."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from detectors.channels import Channel, Flag
from monitor.facts.effects import ActRecorded, AlertChanged, AnyEffect
from monitor.facts.records import MessageRefused, RawMessage, VitalsReported
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward
from monitor.wire.messages import decode
from simulators.bedside import all_messages, ward_messages
from simulators.carts import APART_S, SET_S, carts_messages
from simulators.chairs import Chair, Sent, chair
from simulators.recording import STARTED_MS, recorded_steps
from simulators.scenario import Scenario, reaction_option, ward_scenario

CONFIG = Path(__file__).resolve().parents[2] / "config"
BEDS = 4


@cache
def ward() -> Scenario:
    return ward_scenario(
        beds=BEDS,
        reactions=[reaction_option("hypotensive@2:+15m", beds=BEDS)],
        length_s=100 * 60,
        cadence_s=30,
        equipment=("cart@1-3",),
    )


@cache
def chairs() -> tuple[Chair, ...]:
    return tuple(chair(plan, ward(), unit="u", started_ms=STARTED_MS) for plan in ward().beds)


@cache
def sets() -> tuple[tuple[Sent, VitalsReported], ...]:
    found = []
    for place, sent in enumerate(carts_messages(chairs())):
        raw = RawMessage(received_ms=sent.at_ms + 50, topic=sent.topic, payload=sent.payload)
        record = decode(raw, position=place)
        assert not isinstance(record, MessageRefused)
        if isinstance(record, VitalsReported):
            found.append((sent, record))
    return tuple(found)


def test_a_cart_is_at_one_bed_at_a_time_and_numbers_its_sets() -> None:
    times_ms = [record.measured_ms for _, record in sets()]

    assert {sent.device for sent, _ in sets()} == {"cart-01"}
    assert [msgspec.json.decode(sent.payload)["seq"] for sent, _ in sets()] == list(
        range(len(sets()))
    )
    assert min(later - earlier for earlier, later in pairwise(times_ms)) >= SET_S * 1000 - 1000


def test_every_set_is_whole_signed_and_names_whom_it_is_about() -> None:
    by_bed = {here.plan.bed: here for here in chairs()}
    for sent, record in sets():
        here = by_bed[sent.topic.split("/")[3]]
        assert {value.channel for value in record.values} == set(Channel)
        assert all(value.flags & Flag.HAND for value in record.values)
        assert (record.subject, record.session) == (here.who.subject, here.session)
        assert record.by


@pytest.mark.parametrize("bed", ["01", "02", "03"])
def test_everybody_is_measured_before_the_start_and_when_it_is_usual(bed: str) -> None:
    here = next(one for one in chairs() if one.plan.bed == bed)
    seconds = [
        (record.measured_ms - here.opened_ms) // 1000
        for sent, record in sets()
        if sent.topic.split("/")[3] == bed
    ]
    changes = [rung.at_s for rung in here.staircase if rung.reason == "rate-change"]

    assert sum(second < here.plan.start_s for second in seconds) >= 1
    for wanted in (here.plan.start_s + 3600, *changes):
        assert any(abs(second - wanted) <= APART_S for second in seconds)


def test_a_pressure_that_fell_is_measured_again_at_once() -> None:
    at_two = [record for sent, record in sets() if sent.topic.split("/")[3] == "02"]
    stats = [record for record in at_two if any(value.flags & Flag.STAT for value in record.values)]

    assert stats
    pressures = [
        next(value.value_centi for value in record.values if value.channel == Channel.SBP)
        for record in stats
    ]
    assert min(pressures) < 95_00


def test_a_bed_with_a_monitor_of_its_own_sees_no_cart() -> None:
    assert "04" not in {sent.topic.split("/")[3] for sent, _ in sets()}
    messages = list(ward_messages(ward(), unit="u", started_ms=STARTED_MS))
    assert {sent.device for sent in messages if sent.topic.split("/")[3] == "04"} >= {"mon-04"}
    assert not any(sent.device.startswith("mon-01") for sent in messages)
    assert sorted(map(repr, messages)) == sorted(map(repr, all_messages(chairs())))
    assert all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(messages))


@cache
def told(bed_of_two: str) -> tuple[AnyEffect, ...]:
    """Return what a ward tells when the sets of bed 2 are taken under the name of a bed."""
    made = Ward(load_settings(CONFIG).ward, unit="inf-a")
    found: list[AnyEffect] = []
    short = replace(ward(), beds=ward().beds[:3], length_s=42 * 60)
    for step in recorded_steps(short, step_ms=30_000):
        messages = [
            replace(raw, topic=raw.topic.replace("/02/cart-01/obs", f"/{bed_of_two}/cart-01/obs"))
            for raw in step.messages
        ]
        inputs = [decode(raw, position=place) for place, raw in enumerate(messages)]
        found += made.take(step.now_ms, inputs)
    return tuple(found)


def alerts(bed_of_two: str) -> list[AlertChanged]:
    return [one for one in told(bed_of_two) if isinstance(one, AlertChanged)]


def test_a_cart_finds_a_fall_of_pressure_and_is_not_missed_between_its_sets() -> None:
    called = [one for one in alerts("02") if one.kind == "physiological" and one.grade >= 2]

    assert {one.bed for one in called} == {"02"}
    assert not [one for one in alerts("02") if one.cause.startswith(("wrong", "silent", "no-data"))]


def test_a_set_under_the_wrong_bed_is_refused_and_harms_nobody() -> None:
    refused = [one for one in told("01") if isinstance(one, ActRecorded) and one.refused]

    assert refused
    assert {one.bed for one in refused} == {"01"}
    assert not [
        one
        for one in alerts("01")
        if one.bed == "01" and one.kind == "physiological" and one.grade >= 2
    ]
