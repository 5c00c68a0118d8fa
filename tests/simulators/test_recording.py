"""Recorded steps: the same ward without a broker, bit for bit the same each time."""

import hashlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from monitor.facts.records import RecordedStep
from monitor.story_library import ward_story
from simulators.bedside import ward_messages
from simulators.chairs import Sent
from simulators.faults import drop
from simulators.recording import LATENCY_MS, STARTED_MS, recorded_steps, steps_of
from simulators.scenario import Scenario


def small_ward(seed: int = 3) -> Scenario:
    story = ward_story(seed=seed).scenario
    return replace(story, beds=story.beds[4:7], length_s=1800)


def digest(steps: list[RecordedStep]) -> str:
    whole = hashlib.sha256()
    for step in steps:
        whole.update(f"{step.now_ms}\n".encode())
        for message in step.messages:
            whole.update(f"{message.received_ms} {message.topic} ".encode() + message.payload)
    return whole.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    first = digest(list(recorded_steps(small_ward())))

    assert digest(list(recorded_steps(small_ward()))) == first
    assert digest(list(recorded_steps(small_ward(seed=4)))) != first


def test_nothing_is_lost_and_nothing_arrives_before_it_was_sent() -> None:
    ward = small_ward()
    sent = list(ward_messages(ward, unit="inf-a", started_ms=STARTED_MS))
    arrived = [message for step in recorded_steps(ward) for message in step.messages]

    assert [(m.topic, m.payload) for m in arrived] == [(s.topic, s.payload) for s in sent]
    assert all(
        LATENCY_MS[0] <= message.received_ms - one.at_ms < LATENCY_MS[1] + 200
        for message, one in zip(arrived, sent, strict=True)
    )


@pytest.mark.parametrize("step_ms", [250, 1000, 7000])
def test_steps_are_regular_and_hold_what_arrived_since_the_last_one(step_ms: int) -> None:
    steps = list(recorded_steps(small_ward(), step_ms=step_ms))

    assert {later.now_ms - earlier.now_ms for earlier, later in pairwise(steps)} == {step_ms}
    for step in steps:
        assert all(
            step.now_ms - step_ms < message.received_ms <= step.now_ms for message in step.messages
        )


def test_faults_apply_on_the_way() -> None:
    ward = small_ward()
    everything = sum(len(step.messages) for step in recorded_steps(ward))
    faults = [lambda stream: drop(stream, share=0.5, rng=np.random.default_rng(1))]
    half = sum(len(step.messages) for step in recorded_steps(ward, faults=faults))

    assert 0.4 <= half / everything <= 0.6


def test_a_step_of_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="a step of 0 ms, must be at least 1"):
        next(recorded_steps(small_ward(), step_ms=0))


def test_while_nothing_comes_only_one_in_so_many_steps_is_made() -> None:
    sent = [
        Sent(at_ms=STARTED_MS + at_s * 1000, topic="irm/v1/u/1/mon-1/vitals", payload=b"{}")
        for at_s in (0, 7, 900, 903, 2000)
    ]
    steps = list(steps_of(sent, seed=1, started_ms=STARTED_MS, step_ms=5000, idle_steps=12))
    came = [(step.now_ms, message.received_ms) for step in steps for message in step.messages]

    assert {later.now_ms - earlier.now_ms for earlier, later in pairwise(steps)} == {5000, 60_000}
    assert len(came) == len(sent)
    assert all(now_ms - 5000 < received_ms <= now_ms for now_ms, received_ms in came)
    assert len(steps) < 60
    assert len(list(steps_of(sent, seed=1, started_ms=STARTED_MS, step_ms=5000))) > 400
