"""The backlog: for any writes that fail, steps reach the disk in order, once, and whole."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.backlog import RETRY_S, Backlog
from monitor.adapters.journal_file import StoreError
from monitor.facts.effects import AnyEffect, MeasurementWanted
from monitor.facts.records import RawMessage


def message(number: int) -> RawMessage:
    return RawMessage(received_ms=number, topic="t", payload=b"x")


def effect(number: int) -> AnyEffect:
    return MeasurementWanted(at_ms=number, bed="17", session="", channel="sbp", reason="")


class Disk:
    """A store whose n-th writes fail."""

    def __init__(self, failing: set[int]) -> None:
        self.failing = failing
        self.writes = 0
        self.steps: list[int] = []
        self.ledger: list[tuple[int, int]] = []

    def _write(self) -> None:
        self.writes += 1
        if self.writes in self.failing:
            raise StoreError(Path("journal"), "is full", "free space")

    def append_step(self, now_ms: int, messages: Sequence[RawMessage]) -> int:
        self._write()
        assert len(messages) == 1
        self.steps.append(now_ms)
        return len(self.steps)

    def append_effects(self, step: int, effects: Sequence[AnyEffect]) -> int:
        self._write()
        self.ledger += [(step, one.at_ms) for one in effects]
        return len(self.ledger)


@given(st.sets(st.integers(1, 60)))
def test_whatever_fails_every_step_is_kept_once_in_order_and_then_believed(
    failing: set[int],
) -> None:
    time_s = 0.0
    disk = Disk(failing)
    backlog = Backlog(disk, seconds=lambda: time_s)
    for number in range(1, 80):
        time_s += RETRY_S * 0.7
        is_kept = backlog.begin(number, [message(number)])
        assert is_kept == (disk.steps == list(range(1, number + 1)))
        backlog.finish([], [effect(number)])
    assert backlog.state == "ok"
    assert backlog.fault is None
    assert len(backlog) == 0
    assert disk.steps == list(range(1, 80))
    assert disk.ledger == [(number, number) for number in range(1, 80)]


def test_a_disk_that_failed_is_not_asked_again_at_once() -> None:
    disk = Disk({1, 2})
    backlog = Backlog(disk, seconds=lambda: 5.0)
    for number in range(1, 6):
        assert not backlog.begin(number, [message(number)])
        backlog.finish([], [])
    assert disk.writes == 1
    assert backlog.state == "failing"
    assert backlog.fault is not None


def test_more_than_memory_may_hold_leaves_the_journal_as_it_is() -> None:
    disk = Disk(set(range(3, 1_000)))
    backlog = Backlog(disk, seconds=lambda: 0.0, waiting_bytes_max=2_000)
    for number in range(1, 20):
        backlog.begin(number, [message(number)])
        backlog.finish([], [effect(number)])
    assert backlog.state == "lost"
    assert len(backlog) == 0
    disk.failing = set()
    assert not backlog.begin(99, [message(99)])
    assert backlog.finish([], [effect(99)]) == []
    assert disk.steps == [1]


def test_inputs_are_handed_back_when_their_step_is_wholly_kept() -> None:
    now_s = 0.0
    disk = Disk({2})
    backlog = Backlog(disk, seconds=lambda: now_s)
    first, second = object(), object()
    backlog.begin(1, [message(1)])
    assert backlog.finish([first], [effect(1)]) == []  # type: ignore[list-item]  # only handed on
    now_s = RETRY_S
    assert backlog.begin(2, [message(2)])
    kept = backlog.finish([second], [effect(2)])  # type: ignore[list-item]  # only handed on
    assert kept == [first, second]


@pytest.mark.parametrize("count", [0, 3])
def test_a_healthy_disk_keeps_at_once(count: int) -> None:
    disk = Disk(set())
    backlog = Backlog(disk, seconds=lambda: 0.0)
    assert backlog.begin(1, [message(1)])
    assert backlog.finish([], [effect(n) for n in range(count)]) == []
    assert disk.ledger == [(1, n) for n in range(count)]
