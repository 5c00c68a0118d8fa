"""The n-th write, publication or decoding fails, for every n: the watch goes on, all is kept."""

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from journal_runs import PROGRAM, SETTINGS, T0_MS, UNIT, Run, messages

from monitor.adapters.backlog import Backlog
from monitor.adapters.journal import Journal
from monitor.adapters.journal_file import StoreError
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import Memory, announced, decided, decoded, resume
from monitor.adapters.upkeep import Upkeep
from monitor.facts.records import Input, MessageRefused, RawMessage
from monitor.ward.ward import Ward
from monitor.wire import messages as wire
from monitor.wire.announcements import Announcement
from monitor.wire.arrivals import Arrival

SECONDS: Final = tuple(chain((0, 1), range(18, 26)))
"""Sessions begin, everybody is well, and from the twentieth second on in trouble."""


class ShakyJournal(Journal):
    """A journal whose n-th write fails once."""

    fails_at = 0
    writes = 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give what writes, unless this is the one that fails."""
        self.writes += 1
        if self.writes == self.fails_at:
            raise StoreError(self.path, "is full", "free space")
        with super().transaction() as connection:
            yield connection


class ShakyLink:
    """A link whose n-th publication fails once, and the retained messages that the broker holds."""

    def __init__(self, fails_at: int = 0) -> None:
        self.fails_at = fails_at
        self.calls = 0
        self.held: dict[str, bytes] = {}
        self.once: list[Announcement] = []

    def can_publish(self, *, is_urgent: bool) -> bool:  # noqa: ARG002 - as that of a link
        return True

    def publish(self, announcement: Announcement) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            raise ConnectionResetError
        if announcement.retain:
            self.held[announcement.topic] = announcement.payload
        else:
            self.once.append(announcement)


class Watch:
    """A monitor without a clock and a broker that takes all seconds, as the loop does."""

    def __init__(self, path: Path, *, write: int = 0, publish: int = 0) -> None:
        opened = ShakyJournal.open_for_writing(path, unit=UNIT, software="", config="")
        assert isinstance(opened, ShakyJournal)
        self.journal = opened
        self.memory = Memory(Ward(SETTINGS, unit=UNIT), self.journal)
        resume(self.memory, program=PROGRAM)
        self.journal.fails_at, self.journal.writes = write, 0
        self.link = ShakyLink(publish)
        self.time_s = 0.0
        self.backlog = Backlog(self.journal, seconds=lambda: self.time_s)
        self.upkeep = Upkeep(
            self.memory,
            RecoveryParams(snapshot_every_ms=3_000),
            program=PROGRAM,
            seconds=lambda: self.time_s,
        )
        for second in SECONDS:
            self.step(T0_MS + second * 1000, messages(second))
        self.step(T0_MS + 27_000, [])
        self.step(T0_MS + 28_000, [])
        self.backlog.last_try()

    def step(self, now_ms: int, raw: list[RawMessage]) -> None:
        self.time_s += 1.1
        self.backlog.begin(now_ms, raw)
        inputs = decoded(raw)
        effects = decided(self.memory.ward, now_ms, inputs) or ()
        self.memory.receipts.keep(self.backlog.finish(inputs, effects), now_ms)
        self.memory.outbox.put(self.memory.announced(effects))
        self.memory.outbox.flush(self.link)
        self.memory.last_ms = now_ms
        if self.backlog.state == "ok" and not len(self.backlog):
            self.upkeep.look()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """Return a run in which nothing fails."""
    watch = Watch(tmp_path_factory.mktemp("whole") / "j")
    yield watch
    watch.journal.close()


def covered(watch: Watch) -> list[tuple[str, int, tuple[int, ...]]]:
    """Return what receipts cover; a late write may date a gap later."""
    return [
        (one.device, one.covered, tuple(number for number, _ in one.ahead))
        for one in watch.memory.receipts.kept().counted
    ]


def check_published(watch: Watch) -> None:
    """Expect all that the ledger says at the broker: once, in order, and nothing else."""
    told = announced(list(watch.journal.effects()), unit=UNIT)
    assert watch.link.held == {one.topic: one.payload for one in told if one.retain}
    assert watch.link.once == [one for one in told if not one.retain]
    assert any(b"decoder-failed" in one.payload for one in told)


def check(watch: Watch, whole: Watch, path: Path) -> None:
    """Expect the same messages, steps, effects and state, also after a restart."""
    assert watch.link.held == whole.link.held
    assert watch.link.once == whole.link.once
    assert list(watch.journal.steps()) == list(whole.journal.steps())
    assert watch.journal.head == whole.journal.head
    assert covered(watch) == covered(whole)
    assert watch.journal.verify().faults == ()
    watch.journal.close()
    again = Run(path)
    again.die()
    assert again.memory.ward.remembered() == whole.memory.ward.remembered()
    assert again.memory.outbox.standing == whole.memory.outbox.standing


def test_a_run_has_a_reaction_in_it(whole: Watch) -> None:
    assert any("/alert/" in name for name in whole.link.held)
    assert whole.upkeep.snapshots.written
    assert whole.journal.writes > len(SECONDS)


def test_whichever_write_fails_nothing_is_lost(whole: Watch, tmp_path: Path) -> None:
    for n in range(1, whole.journal.writes + 1):
        path = tmp_path / f"j{n}"
        watch = Watch(path, write=n)
        assert watch.journal.writes >= n
        check(watch, whole, path)


def test_whichever_publication_fails_nothing_is_lost(whole: Watch, tmp_path: Path) -> None:
    for n in range(1, whole.link.calls + 1):
        path = tmp_path / f"j{n}"
        watch = Watch(path, publish=n)
        assert watch.link.calls == whole.link.calls + 1
        check(watch, whole, path)


def test_whichever_decoding_fails_only_that_message_is_refused(
    whole: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = [raw for second in SECONDS for raw in messages(second)]
    readers = dict(wire._READERS)
    for n, bad in enumerate(arrived):

        def reader(
            raw: RawMessage, arrival: Arrival, kind: str = bad.topic.rsplit("/", 1)[1],
            bad: RawMessage = bad,
        ) -> Input:  # fmt: skip
            if raw == bad:
                raise ZeroDivisionError
            return readers[kind](raw, arrival)

        kind = bad.topic.rsplit("/", 1)[1]
        monkeypatch.setitem(wire._READERS, kind, reader)
        path = tmp_path / f"j{n}"
        watch = Watch(path)
        refused = [
            one for raw in arrived for one in decoded([raw]) if isinstance(one, MessageRefused)
        ]
        assert [one.reason for one in refused] == ["decoder-failed"]
        assert list(watch.journal.steps()) == list(whole.journal.steps())
        check_published(watch)
        watch.journal.close()
        again = Run(path)
        assert again.memory.ward.remembered() == watch.memory.ward.remembered()
        again.die()
        monkeypatch.setitem(wire._READERS, kind, readers[kind])
