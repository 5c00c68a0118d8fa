"""A restart from a snapshot is the restart from the whole journal; a bad snapshot is never used."""

import random
import sqlite3
import zlib
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journal_runs import PROGRAM, SETTINGS, UNIT, Run, same

from monitor.adapters import snapshots
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalUnreadableError, StoreError
from monitor.adapters.resumption import LedgerDivergedError, Memory, resume
from monitor.ward.ward import Ward


def ledger(path: Path) -> list[bytes]:
    with JournalReader.open(path) as reader:
        return [row.hash for row in reader.ledger()]


def steps_of_snapshots(path: Path) -> list[int]:
    with JournalReader.open(path) as reader:
        return [mark.place.step for mark in snapshots.marks(reader)]


def damage(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PART_BYTES", 8_000)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ends=st.lists(st.integers(1, 110), min_size=1, max_size=4, unique=True).map(sorted),
    until_decided=st.booleans(),
)
def test_runs_that_die_at_any_step_go_on_as_one_that_never_died(
    tmp_path_factory: pytest.TempPathFactory, ends: list[int], *, until_decided: bool
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    whole = Run(folder / "whole", every_ms=1_000_000)
    whole.live(range(120))
    assert steps_of_snapshots(folder / "whole") == []
    begun = 0
    for end in [*ends, 120]:
        run = Run(folder / "often")
        run.live(range(begun, end), until_decided=until_decided or end == 120)
        begun = end
        if end < 120:
            run.die()
    assert same(whole, run) == []
    assert ledger(folder / "often") == ledger(folder / "whole")
    whole.die()
    run.die()
    with JournalReader.open(folder / "often") as reader:
        assert reader.verify().faults == ()


def test_a_restart_takes_only_the_steps_behind_the_newest_snapshot(tmp_path: Path) -> None:
    run = Run(tmp_path / "j")
    run.live(range(60))
    run.upkeep.finish()
    run.die()
    again = Run(tmp_path / "j")
    assert again.resumed is not None
    assert (again.resumed.steps, again.resumed.replayed) == (60, 0)
    assert same(run, again) == []
    again.upkeep.finish()
    again.live(range(60, 75))
    again.die()
    newest, older = steps_of_snapshots(tmp_path / "j")
    assert 60 <= older < newest <= 75
    last = Run(tmp_path / "j")
    assert last.resumed is not None
    assert last.resumed.replayed == 75 - newest
    last.die()


BAD: Final = {
    "program": ("UPDATE snapshot SET program = 'other' WHERE step = ?", "of program other"),
    "format": ("UPDATE snapshot SET format = 9 WHERE step = ?", "format 9"),
    "head": ("UPDATE snapshot SET head = zeroblob(32) WHERE step = ?", "not the one"),
    "digest": ("UPDATE snapshot SET digest = zeroblob(32) WHERE step = ?", "digest differs"),
    "part gone": ("DELETE FROM snapshot_part WHERE place = 1 AND step = ?", "parts are there"),
    "part cut": (
        "UPDATE snapshot_part SET body = substr(body, 1, 40) WHERE place = 1 AND step = ?",
        "damaged",
    ),
    "part no bytes": ("UPDATE snapshot_part SET body = 7 WHERE place = 0 AND step = ?", "damaged"),
    "ahead in messages": ("UPDATE snapshot SET message = 99999 WHERE step = ?", "before it"),
    "ahead in rows": ("UPDATE snapshot SET row = 99999 WHERE step = ?", "before it"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_snapshot_is_told_and_the_one_before_it_used(what: str, tmp_path: Path) -> None:
    statement, complaint = BAD[what]
    run = Run(tmp_path / "j")
    run.live(range(80))
    run.die()
    newest, older = steps_of_snapshots(tmp_path / "j")
    damage(tmp_path / "j", statement, newest)
    again = Run(tmp_path / "j")
    assert again.resumed is not None
    assert again.resumed.replayed == 80 - older
    (refused,) = again.resumed.refused
    assert f"step {newest}" in refused
    assert complaint in refused
    assert same(run, again) == []
    again.die()
    damage(tmp_path / "j", statement, older)
    last = Run(tmp_path / "j")
    assert last.resumed is not None
    assert last.resumed.replayed == 80
    assert len(last.resumed.refused) == 2
    assert same(run, last) == []
    last.die()


def test_a_replay_says_of_every_step_that_it_was_taken(tmp_path: Path) -> None:
    run = Run(tmp_path / "j", every_ms=1_000_000)
    run.live(range(20))
    told: list[int] = []
    again = Memory(Ward(SETTINGS, unit=UNIT), run.journal)
    resume(again, program=PROGRAM, told=told.append)
    assert told == list(range(1, 21))
    run.die()


def test_a_picture_that_is_none_is_refused_although_its_digest_fits(tmp_path: Path) -> None:
    run = Run(tmp_path / "j")
    run.live(range(30))
    for body in (b"no picture", b""):
        run.upkeep.snapshots.take(body, run.memory.last_ms)
        while run.upkeep.snapshots.is_writing:
            run.upkeep.snapshots.write_part()
        again = Memory(Ward(SETTINGS, unit=UNIT), run.journal)
        assert "cannot be read" in resume(again, program=PROGRAM).refused[0]
    run.die()


def test_a_step_that_is_not_yet_whole_is_in_no_snapshot(tmp_path: Path) -> None:
    """A killed writer leaves parts without a mark; they count for nothing and are thrown away."""
    run = Run(tmp_path / "j", every_ms=1_000_000)
    run.live(range(30))
    run.upkeep.snapshots.take(run.memory.picture(), run.memory.last_ms)
    run.upkeep.snapshots.write_part()
    assert run.upkeep.snapshots.is_writing
    run.die()
    again = Run(tmp_path / "j")
    assert again.resumed is not None
    assert again.resumed.replayed == 30
    again.upkeep.finish()
    again.upkeep.finish()
    assert again.upkeep.snapshots.written == 1
    parts = next(again.journal.rows("SELECT count(*) FROM snapshot_part"))[0]
    (mark,) = snapshots.marks(again.journal)
    assert parts == mark.parts > 1
    again.die()


def test_a_full_disk_gives_the_snapshot_up_and_not_the_watch(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path / "j", every_ms=1_000)
    run.live(range(10))
    (pages,) = next(run.journal.rows("PRAGMA page_count"))
    next(run.journal.rows(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreError):
        run.live(range(10, 1_000))
    next(run.journal.rows("PRAGMA max_page_count = 1000000"))
    written = run.upkeep.snapshots.written
    begun = next(run.journal.rows("SELECT max(n) FROM step"))[0]
    run.die()
    again = Run(tmp_path / "j", every_ms=1_000)
    again.live(range(begun, begun + 30))
    assert again.upkeep.snapshots.written > 0
    assert written >= 0
    again.die()


def test_a_ward_that_cannot_be_remembered_is_watched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Ward) -> bytes:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Ward, "remembered", broken)
    run = Run(tmp_path / "j")
    run.live(range(40))
    run.upkeep.finish()
    run.die()
    assert "upkeep-failed" in caplog.text
    assert steps_of_snapshots(tmp_path / "j") == []


def test_bytes_flipped_anywhere_are_told_and_never_believed(tmp_path: Path) -> None:
    """Whatever page of the file rots: it is refused, or every step that is read is true."""
    path = tmp_path / "j"
    run = Run(path)
    run.live(range(100))
    run.die()
    whole = path.read_bytes()
    expected = ledger(path)
    rng = random.Random(6)  # noqa: S311 - chance that repeats
    refused = 0
    for _ in range(40):
        body = bytearray(whole)
        place = rng.randrange(100, len(body))
        body[place : place + 16] = bytes(one ^ 0xA5 for one in body[place : place + 16])
        path.write_bytes(body)
        for companion in ("-wal", "-shm"):
            Path(f"{path}{companion}").unlink(missing_ok=True)
        try:
            again = Run(path)
        except (JournalUnreadableError, LedgerDivergedError):
            refused += 1
            continue
        assert same(run, again) == []
        again.die()
        with JournalReader.open(path) as reader:
            assert reader.verify().faults or ledger(path) == expected
    assert refused > 4


def test_parts_are_packed(tmp_path: Path) -> None:
    run = Run(tmp_path / "j", every_ms=1_000_000)
    run.live(range(30))
    picture = run.memory.picture()
    run.upkeep.finish()
    rows = run.journal.rows("SELECT body FROM snapshot_part ORDER BY place")
    parts = [body for (body,) in rows]
    assert b"".join(zlib.decompress(part) for part in parts) == picture
    assert sum(len(part) for part in parts) < len(picture) / 2
    run.die()


def test_one_that_is_hurried_is_due_at_once(tmp_path: Path) -> None:
    run = Run(tmp_path / "j")
    run.live(range(5))
    writer = snapshots.SnapshotWriter(run.journal, program=PROGRAM, every_s=60, seconds=lambda: 7.0)
    due = [writer.is_due]
    writer.hurry()
    due.append(writer.is_due)
    writer.take(run.memory.picture(), run.memory.last_ms)
    while writer.is_writing:
        writer.write_part()
    due.append(writer.is_due)
    assert due == [False, True, False]
    run.die()
