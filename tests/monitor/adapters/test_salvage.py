"""A damaged journal is continued from its last good point, truly, and nothing is deleted."""

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from journal_runs import Run, same

from monitor.adapters import snapshots
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    JournalError,
    JournalInUseError,
    JournalUnreadableError,
    StoreError,
    set_aside,
    settle_aside,
)
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.salvage import Salvaged, mended

STEPS: Final = 100
QUIET: Final = RecoveryParams(snapshot_every_ms=10**9)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A journal with two snapshots, the newest some steps before its end."""
    patch = pytest.MonkeyPatch()
    patch.setattr(snapshots, "PART_BYTES", 8_000)
    path = tmp_path_factory.mktemp("whole") / "j"
    run = Run(path, params=QUIET)
    for end in (40, 80):
        run.live(range(end - 40, end))
        run.upkeep.finish()
    run.live(range(80, STEPS))
    run.die()
    patch.undo()
    return path.read_bytes()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Run]]:
    """Return runs that never died and ended at a step."""
    found: dict[int, Run] = {}

    def run(steps: int) -> Run:
        if steps not in found:
            found[steps] = Run(tmp_path_factory.mktemp("lived") / "j", params=QUIET)
            if steps:
                found[steps].live(range(steps))
        return found[steps]

    yield run
    for one in found.values():
        one.die()


def changed(whole: bytes, path: Path, *statements: str) -> None:
    path.write_bytes(whole)
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
    connection.close()


def continued(path: Path, lived: Callable[[int], Run]) -> Salvaged:
    """Mend a journal, and check that a start from it is true and goes on."""
    damaged = path.read_bytes()
    found = mended(path)
    assert found is not None
    assert found.aside is not None
    assert found.aside.read_bytes() == damaged
    assert mended(path) is None
    run = Run(path, params=QUIET)
    assert run.resumed is not None
    assert run.resumed.steps == found.steps
    assert same(lived(found.steps), run) == []
    run.live(range(found.steps, found.steps + 5))
    run.die()
    with JournalReader.open(path) as reader:
        assert reader.verify().faults == ()
    return found


DAMAGE: Final = {
    "message behind the snapshot": (
        "UPDATE inbox SET payload = CAST(payload || ' ' AS BLOB) WHERE step = 93", 92,
    ),
    "topic": ("UPDATE inbox SET topic = 'other' WHERE step = 87", 86),
    "message gone": ("DELETE FROM inbox WHERE step = 95", 94),
    "step gone": ("DELETE FROM step WHERE n = 93", 92),
    "time of a step": ("UPDATE step SET now_ms = now_ms + 1 WHERE n = 99", 98),
    "body of a row": ("UPDATE ledger SET body = x'00' WHERE n = (SELECT max(n) FROM ledger)", 100),
    "hash of a row": ("UPDATE ledger SET hash = x'00' WHERE n = (SELECT max(n) FROM ledger)", 100),
    "row gone": ("DELETE FROM ledger WHERE n = (SELECT max(n) - 1 FROM ledger)", 100),
    "snapshot and step": (
        "UPDATE snapshot SET digest = x'00' WHERE step = 80;DELETE FROM step WHERE n = 60", 59,
    ),
    "both snapshots and a step": (
        "UPDATE snapshot SET digest = x'00';DELETE FROM inbox WHERE step = 31", 30,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_it_goes_on_from_the_last_good_step(
    what: str, whole: bytes, lived: Callable[[int], Run], tmp_path: Path
) -> None:
    statements, last = DAMAGE[what]
    changed(whole, tmp_path / "j", *statements.split(";"))
    assert continued(tmp_path / "j", lived).steps == last


def test_a_ledger_that_is_damaged_before_the_snapshots_is_decided_again(
    whole: bytes, lived: Callable[[int], Run], tmp_path: Path
) -> None:
    changed(
        whole,
        tmp_path / "j",
        "UPDATE ledger SET body = x'00' WHERE n = 2",
        "DELETE FROM step WHERE n = 97",
    )
    found = continued(tmp_path / "j", lived)
    assert found.steps == 96
    assert found.rows < 2


def test_what_a_start_does_not_read_does_not_stop_it(whole: bytes, tmp_path: Path) -> None:
    """Old rot is found by an audit; a start goes on behind the snapshot."""
    changed(whole, tmp_path / "j", "UPDATE inbox SET topic = 'other' WHERE step = 20")
    assert mended(tmp_path / "j") is None
    (tmp_path / "j").write_bytes(whole)
    assert mended(tmp_path / "j") is None
    assert mended(tmp_path / "nothing") is None


def test_rot_anywhere_is_survived_or_refused(
    whole: bytes, lived: Callable[[int], Run], tmp_path: Path
) -> None:
    rng = random.Random(11)  # noqa: S311 - chance that repeats
    outcomes = {"whole": 0, "mended": 0, "refused": 0}
    for number in range(14):
        path = tmp_path / f"j{number}"
        body = bytearray(whole)
        place = rng.randrange(100, len(body))
        body[place : place + 600] = rng.randbytes(min(600, len(body) - place))
        if number % 4 == 3:
            body = body[: rng.randrange(5_000, len(body))]
        path.write_bytes(body)
        try:
            found = mended(path)
            run = Run(path, params=QUIET)
        except JournalError:
            outcomes["refused"] += 1
            continue
        outcomes["whole" if found is None else "mended"] += 1
        assert run.resumed is not None
        assert same(lived(run.resumed.steps), run) == []
        run.die()
    assert outcomes["mended"] > 2, outcomes


def test_other_files_and_open_ones_are_left_alone(whole: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("no journal at all")
    with pytest.raises(JournalUnreadableError):
        mended(other)
    assert other.read_text() == "no journal at all"
    (tmp_path / "j").write_bytes(whole)
    run = Run(tmp_path / "j", params=QUIET)
    with pytest.raises(JournalInUseError):
        mended(tmp_path / "j")
    run.die()


def test_a_folded_journal_without_a_snapshot_cannot_be_continued(
    whole: bytes, tmp_path: Path
) -> None:
    changed(
        whole,
        tmp_path / "j",
        "UPDATE about SET folded_step = 70, folded_message = 120",
        "DELETE FROM step WHERE n = 97",
        "UPDATE ledger SET body = x'00' WHERE n = 2",
    )
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(JournalUnreadableError, match="neither a snapshot nor all steps"):
        mended(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == before


def test_a_salvage_that_was_killed_half_way_is_done_again(
    whole: bytes, lived: Callable[[int], Run], tmp_path: Path
) -> None:
    changed(whole, tmp_path / "j", "DELETE FROM step WHERE n = 97")
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"j.salvage{end}").write_bytes(b"half of something")
    assert continued(tmp_path / "j", lived).steps == 96
    assert not list(tmp_path.glob("j.salvage*"))


class Killed(BaseException):
    """The process is gone."""


@contextlib.contextmanager
def killed_after(operations: int) -> Iterator[list[str]]:
    """Let a process die before its next change of names, after so many of them."""
    done: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "unlink"):
            real = getattr(Path, name)

            def counted(
                path: Path, *values: object, _real: Callable[..., object] = real, **more: object
            ) -> object:
                if len(done) >= operations:
                    raise Killed
                done.append(path.name)
                return _real(path, *values, **more)

            patch.setattr(Path, name, counted)
        yield done


def left_by_a_killed_writer(whole: bytes, folder: Path, *statements: str) -> Path:
    """Return a journal that was changed, part of it in the ``-wal`` of a writer that died."""
    folder.mkdir()
    changed(whole, folder / "made", *statements)
    with contextlib.closing(sqlite3.connect(folder / "made", isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("UPDATE about SET published = 7")
        for end in ("", "-wal"):
            (folder / f"j{end}").write_bytes((folder / f"made{end}").read_bytes())
    (folder / "made").unlink()
    return folder / "j"


def published(path: Path) -> int:
    with JournalReader.open(path) as reader:
        return reader.about.published


def test_a_salvage_that_is_killed_at_any_moment_is_finished_by_the_next_start(
    whole: bytes, lived: Callable[[int], Run], tmp_path: Path
) -> None:
    damage, is_whole, moment = "DELETE FROM step WHERE n = 97", False, 0
    while not is_whole:
        path = left_by_a_killed_writer(whole, tmp_path / str(moment), damage)
        before = path.read_bytes()
        with contextlib.suppress(Killed), killed_after(moment):
            is_whole = mended(path) is not None
        again = mended(path)
        assert again is None or again.steps == 96
        # All that the damaged file was is beside it, with what its writer had committed last.
        aside = path.with_name("j.1")
        assert aside.read_bytes() == before
        assert published(aside) == 7
        assert {one.name.split("-")[0] for one in path.parent.iterdir()} == {"j", "j.1", "j.lock"}
        run = Run(path, params=QUIET)
        assert run.resumed is not None
        assert same(lived(96), run) == []
        run.die()
        moment += 1
    assert moment > 4


def test_what_is_set_aside_by_somebody_who_is_killed_is_here_or_there_as_a_whole(
    whole: bytes, tmp_path: Path
) -> None:
    places, moment = [], 0
    while "whole" not in places:
        path = left_by_a_killed_writer(
            whole, tmp_path / str(moment), "UPDATE about SET published = 6"
        )
        with contextlib.suppress(Killed), killed_after(moment):
            set_aside(path)
            places.append("whole")
        mended(path)
        settle_aside(path)
        (found,) = (one for one in (path, path.with_name("j.1")) if one.exists())
        assert published(found) == 7
        places.append(found.name)
        moment += 1
    assert {"j", "j.1"} <= set(places)


def test_a_disk_without_room_for_a_new_file_leaves_the_damaged_one(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(whole, tmp_path / "j", "DELETE FROM step WHERE n = 97")
    before = (tmp_path / "j").read_bytes()

    def full(journal: Journal, *_: object) -> None:
        raise StoreError(journal.path, "is full", "free space")

    monkeypatch.setattr(Journal, "append_step", full)
    with pytest.raises(StoreError, match="is full"):
        mended(tmp_path / "j")
    assert (tmp_path / "j").read_bytes() == before
    assert not list(tmp_path.glob("j.salvage*"))


def test_a_lost_companion_leaves_an_older_whole_journal(
    tmp_path: Path, lived: Callable[[int], Run]
) -> None:
    """Without the -wal of a killed writer the file ends earlier, and is true as far as it goes."""
    run = Run(tmp_path / "j", params=QUIET)
    run.live(range(20))
    next(run.journal.rows("PRAGMA wal_checkpoint(TRUNCATE)"))
    run.live(range(20, 30))
    copy = tmp_path / "copy"
    copy.write_bytes((tmp_path / "j").read_bytes())
    run.die()
    assert mended(copy) is None
    again = Run(copy, params=QUIET)
    assert again.resumed is not None
    assert again.resumed.steps == 20
    assert same(lived(20), again) == []
    again.die()


def test_a_list_of_tables_that_is_no_text_is_damage_and_no_crash(
    whole: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "rotten"
    table = whole.index(b"CREATE TABLE step")
    path.write_bytes(whole[:table] + b"\x88\xff" * 8 + whole[table + 16 :])
    with pytest.raises(JournalUnreadableError, match="is damaged"):
        JournalReader.open(path)
