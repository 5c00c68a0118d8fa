"""Faults change what they name and nothing else."""

from collections import Counter
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.bedside import bedside
from simulators.chairs import Sent
from simulators.faults import (
    clock_skew,
    delay,
    drop,
    duplicate,
    freeze,
    moved_stamp,
    reorder,
    silence,
)
from simulators.scenario import BedPlan, Scenario

STARTED_MS = 1_795_514_400_000
SEEDS = st.integers(min_value=0, max_value=2**32)


def stream() -> list[Sent]:
    plan = BedPlan(bed="01")
    scenario = Scenario(name="one", beds=(plan,), seed=1, length_s=900)
    return list(bedside(plan, scenario, unit="inf-a", started_ms=STARTED_MS))


STREAM = stream()


def payloads(messages: list[Sent]) -> Counter[bytes]:
    return Counter(sent.payload for sent in messages)


def is_in_order(messages: list[Sent]) -> bool:
    return all(earlier.at_ms <= later.at_ms for earlier, later in pairwise(messages))


@given(SEEDS)
def test_drop_loses_and_invents_nothing(seed: int) -> None:
    kept = list(drop(STREAM, share=0.3, rng=np.random.default_rng(seed)))

    assert payloads(kept) <= payloads(STREAM)
    assert 0.5 <= len(kept) / len(STREAM) <= 0.9


@given(SEEDS)
def test_duplicate_repeats_and_loses_nothing(seed: int) -> None:
    doubled = list(duplicate(STREAM, share=0.3, rng=np.random.default_rng(seed)))

    assert set(payloads(doubled)) == set(payloads(STREAM))
    assert len(doubled) > len(STREAM)
    assert is_in_order(doubled)


@given(SEEDS)
def test_delay_keeps_every_message_and_the_order_of_arrival(seed: int) -> None:
    rng = np.random.default_rng(seed)
    late = list(delay(STREAM, share=0.5, longest_ms=20_000, rng=rng))

    assert payloads(late) == payloads(STREAM)
    assert is_in_order(late)
    left_ms = {sent.payload: sent.at_ms for sent in STREAM}
    assert all(0 <= sent.at_ms - left_ms[sent.payload] <= 20_000 for sent in late)


@given(SEEDS)
def test_reorder_keeps_every_message(seed: int) -> None:
    mixed = list(reorder(STREAM, share=0.3, rng=np.random.default_rng(seed)))

    assert payloads(mixed) == payloads(STREAM)
    assert [sent.payload for sent in mixed] != [sent.payload for sent in STREAM]
    assert is_in_order(mixed)


def test_silence_takes_one_device_for_one_time() -> None:
    from_ms, until_ms = STARTED_MS + 60_000, STARTED_MS + 120_000
    quiet = list(silence(STREAM, device="mon-01", from_ms=from_ms, until_ms=until_ms))
    lost = [sent for sent in STREAM if sent not in quiet]

    assert {sent.device for sent in lost} == {"mon-01"}
    assert all(from_ms <= sent.at_ms < until_ms for sent in lost)
    assert len(lost) == 12


def test_a_wrong_clock_moves_the_stamps_of_one_device_and_not_the_time_of_sending() -> None:
    skewed = list(clock_skew(STREAM, device="mon-01", offset_ms=-90_000))

    for before, after in zip(STREAM, skewed, strict=True):
        assert after.at_ms == before.at_ms
        was, now = msgspec.json.decode(before.payload), msgspec.json.decode(after.payload)
        moved = -90_000 if before.device == "mon-01" else 0
        assert moved_stamp(was["t"], moved) == moved_stamp(now["t"], 0)


def test_a_drifting_clock_drifts() -> None:
    skewed = list(clock_skew(STREAM, device="mon-01", offset_ms=0, drift_ppm=1_000_000))
    pairs = [
        (before, msgspec.json.decode(after.payload)["t"])
        for before, after in zip(STREAM, skewed, strict=True)
        if before.device == "mon-01"
    ]
    first, last = pairs[0][0], pairs[-1][0]
    was = msgspec.json.decode(last.payload)["t"]

    assert pairs[-1][1] == moved_stamp(was, last.at_ms - first.at_ms)


def test_a_frozen_channel_repeats_its_last_value_with_fresh_stamps() -> None:
    from_ms = STARTED_MS + 300_000
    frozen = list(
        freeze(
            STREAM,
            device="mon-01",
            channels=frozenset({"hr"}),
            from_ms=from_ms,
            until_ms=STARTED_MS + 600_000,
        )
    )
    pairs = [
        (msgspec.json.decode(before.payload), msgspec.json.decode(after.payload))
        for before, after in zip(STREAM, frozen, strict=True)
    ]
    rates = [
        value["v"]
        for sent, (_, now) in zip(frozen, pairs, strict=True)
        for value in now.get("values", ())
        if value["ch"] == "hr" and from_ms <= sent.at_ms < STARTED_MS + 600_000
    ]

    assert all(now["t"] == was["t"] for was, now in pairs)
    assert len(rates) == 60
    assert len(set(rates)) == 1


def test_a_stamp_before_the_epoch_is_refused() -> None:
    with pytest.raises(ValueError, match="lies before 1970"):
        moved_stamp("1970-01-01T00:00:01Z", -2000)
