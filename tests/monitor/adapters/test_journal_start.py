"""A start on a disk that takes nothing: what is there is taken up, and written on later."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from journal_runs import PROGRAM, SETTINGS, T0_MS, UNIT, Run, messages, same

from monitor.adapters.backlog import Backlog
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    JournalDamagedError,
    JournalInUseError,
    JournalUnreadableError,
    StoreError,
)
from monitor.adapters.journal_start import UnwrittenJournal, journal_to_continue
from monitor.adapters.resumption import Memory, decoded, resume
from monitor.facts.records import RawMessage
from monitor.ward.ward import Ward


def blocked(path: Path) -> Path:
    """Make a journal that cannot be locked, as on a disk that takes nothing; return why."""
    lock = Path(f"{path}.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    return lock


def started(path: Path) -> Any:  # noqa: ANN401 - a context of a journal
    return journal_to_continue(path, unit=UNIT, software="s", config="")


def lived(path: Path, *, until_decided: bool = True) -> Run:
    run = Run(path, every_ms=1_000_000)
    run.live(range(30), until_decided=until_decided)
    run.die()
    return run


def taken(memory: Memory, backlog: Backlog, numbers: range) -> None:
    """Take one step a second, as the loop does."""
    for number in numbers:
        now_ms, raw = T0_MS + number * 1000, messages(number)
        backlog.begin(now_ms, raw)
        inputs = decoded(raw)
        effects = memory.ward.take(now_ms, inputs)
        memory.receipts.keep(backlog.finish(inputs, effects), now_ms)


@pytest.mark.parametrize("until_decided", [True, False])
def test_what_is_there_is_taken_up_and_written_on_when_the_disk_is_back(
    tmp_path: Path, *, until_decided: bool
) -> None:
    path, whole = tmp_path / "j", Run(tmp_path / "whole", every_ms=1_000_000)
    whole.live(range(40))
    lived(path, until_decided=until_decided)
    lock = blocked(path)
    with started(path) as journal:
        assert isinstance(journal, UnwrittenJournal)
        memory = Memory(Ward(SETTINGS, unit=UNIT), journal)
        assert resume(memory, program=PROGRAM).steps == 30
        times = iter(range(100))
        backlog = Backlog(journal, seconds=lambda: float(next(times)))
        for step, effects in memory.late:
            backlog.put_late(step, effects)
        taken(memory, backlog, range(30, 35))
        assert backlog.state == "failing"
        assert len(backlog) == 5 + len(memory.late)
        lock.rmdir()
        taken(memory, backlog, range(35, 40))
        assert (backlog.state, len(backlog)) == ("ok", 0)
    again = Run(path)
    assert same(whole, again) == []
    assert again.journal.head == whole.journal.head
    assert again.journal.verify().faults == ()
    again.die()
    whole.die()


def test_a_journal_that_is_not_there_is_begun_in_memory_and_made_later(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lock = blocked(path)
    with started(path) as journal:
        assert journal.about.unit == UNIT
        memory = Memory(Ward(SETTINGS, unit=UNIT), journal)
        assert resume(memory, program=PROGRAM).steps == 0
        with pytest.raises(StoreError):
            journal.append_step(T0_MS, [])
        lock.rmdir()
        assert journal.append_step(T0_MS, []) == 1
        with pytest.raises(JournalInUseError), started(path):
            pass
    with JournalReader.open(path) as reader:
        assert len(list(reader.steps())) == 1
        assert reader.about.software == "s"


def test_a_journal_that_comes_with_its_disk_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lock = blocked(path)
    with started(path) as journal:
        lock.rmdir()
        run = lived(path)
        for _ in range(2):
            with pytest.raises(StoreError, match="has come with its disk"):
                journal.append_step(T0_MS, [])
    again = Run(path)
    assert same(run, again) == []
    again.die()


def test_a_journal_that_went_on_elsewhere_is_not_mixed_with_this_run(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lived(path)
    lock = blocked(path)
    with started(path) as journal:
        with pytest.raises(StoreError):
            journal.append_step(T0_MS, [])
        lock.rmdir()
        other = Run(path)
        other.live(range(30, 35))
        other.die()
        with pytest.raises(StoreError, match="ends at step 35"):
            journal.append_step(T0_MS, [])


def damage(path: Path) -> bytes:
    """Take a step out of the middle of a journal; return its bytes."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("DELETE FROM step WHERE n = 21").rowcount
    return path.read_bytes()


def check_watches(path: Path) -> Path:
    """Start a monitor from a damaged journal: it goes on from the last good step, unwritten."""
    with started(path) as journal:
        assert isinstance(journal, UnwrittenJournal)
        assert journal.is_salvaged
        memory = Memory(Ward(SETTINGS, unit=UNIT), journal)
        assert resume(memory, program=PROGRAM).steps == 20
        backlog = Backlog(journal, seconds=lambda: 0.0)
        taken(memory, backlog, range(20, 25))
        assert backlog.state == "failing"
        lock = Path(f"{path}.lock")
        if lock.is_dir():
            lock.rmdir()
        # Behind a damaged step nobody would find what was written.
        with pytest.raises(StoreError, match="could not be mended at the start"):
            journal.append_step(T0_MS, [])
    return path


def test_a_damaged_journal_on_a_disk_that_takes_nothing_is_watched_from(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lived(path)
    before = damage(path)
    blocked(path)
    assert check_watches(path).read_bytes() == before
    with started(path) as journal:
        assert journal.is_salvaged
        assert not isinstance(journal, UnwrittenJournal)
    assert path.with_name("j.1").read_bytes() == before


def test_a_damaged_journal_for_whose_good_part_there_is_no_room_is_watched_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    lived(path)
    before = damage(path)
    real = Journal.append_step

    def full_there(journal: Journal, now_ms: int, messages: Sequence[RawMessage]) -> int:
        if journal.path.parent == tmp_path and not isinstance(journal, UnwrittenJournal):
            raise StoreError(journal.path, "is full", "free space")
        return real(journal, now_ms, messages)

    monkeypatch.setattr(Journal, "append_step", full_there)
    assert check_watches(path).read_bytes() == before


def test_a_damaged_journal_that_can_be_mended_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    lived(path)
    damage(path)
    blocked(path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nothing"))
    with pytest.raises(JournalDamagedError, match="cannot be mended here"), started(path):
        pass


@pytest.mark.parametrize("has_wal", [True, False])
def test_a_file_that_cannot_be_read_in_its_place_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_wal: bool
) -> None:
    path = tmp_path / "j"
    run = lived(path)
    if has_wal:
        # A reader that stays keeps the last writer from putting everything into the file.
        writer = Journal.open_for_writing(path, unit=UNIT, software="", config="")
        writer.append_step(T0_MS + 60_000, [])
        writer._hold.held.close()
    whole, opened = JournalReader.open, []

    def open_some(at: Path, *, is_still: bool = False) -> JournalReader:
        if at == path and not is_still:
            raise StoreError(at, "cannot be used", "check its folder")
        opened.append((at == path, is_still))
        return whole(at, is_still=is_still)

    monkeypatch.setattr(JournalReader, "open", staticmethod(open_some))
    blocked(path)
    with started(path) as journal:
        memory = Memory(Ward(SETTINGS, unit=UNIT), journal)
        assert resume(memory, program=PROGRAM).steps == 30 + has_wal
    assert opened == [(not has_wal, not has_wal)]
    assert run.journal.place.step == 30


def test_a_file_that_can_be_read_by_no_means_is_refused_with_the_first_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    lived(path)
    blocked(path)

    def never(at: Path, *, is_still: bool = False) -> JournalReader:
        raise StoreError(at, f"cannot be read {is_still}", "")

    monkeypatch.setattr(JournalReader, "open", staticmethod(never))
    with pytest.raises(StoreError, match="cannot be locked"), started(path):
        pass


def test_the_journal_of_another_unit_is_refused_there_too(tmp_path: Path) -> None:
    path = tmp_path / "j"
    lived(path)
    blocked(path)
    with (
        pytest.raises(JournalUnreadableError, match="belongs to unit"),
        journal_to_continue(path, unit="other", software="", config=""),
    ):
        pass
