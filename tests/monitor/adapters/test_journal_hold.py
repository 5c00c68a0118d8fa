"""A writer whose disk has gone lets go of its file, and goes on where it was once it is back."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import StoreError
from monitor.facts.effects import MeasurementWanted
from monitor.facts.records import RawMessage

NOW_MS: Final = 1_795_000_000_000


def opened(path: Path, unit: str = "infa") -> Journal:
    return Journal.open_for_writing(path, unit=unit, software="0.1", config="c0ffee")


def lived(journal: Journal, number: int) -> None:
    """Take one step with its effect."""
    at_ms = NOW_MS + number
    name = f"irm/v1/infa/{number}/mon/vitals"
    raw = RawMessage(received_ms=at_ms, topic=name, payload=b'{"seq":1}')
    wanted = MeasurementWanted(at_ms=at_ms, bed="17", session="S-1", channel="sbp", reason="old")
    journal.append_effects(journal.append_step(at_ms, [raw]), [wanted])


def away(path: Path) -> Path:
    """Take a journal away, with what stands beside it, as a disk that is unmounted does."""
    elsewhere = path.parent / "elsewhere"
    elsewhere.mkdir()
    for one in path.parent.glob(f"{path.name}*"):
        one.rename(elsewhere / one.name)
    return elsewhere / path.name


def back(elsewhere: Path, path: Path) -> None:
    """Bring it back as other files of the same names, as another mount does."""
    for one in elsewhere.parent.glob(f"{elsewhere.name}*"):
        shutil.copy(one, path.parent / one.name)


def failed(journal: Journal) -> str:
    """Let a commit fail as it does where the disk is; return what is told."""
    with pytest.raises(StoreError) as told, journal.transaction():
        raise sqlite3.OperationalError("disk I/O error")
    return str(told.value)


def held_files(path: Path) -> list[str]:
    """Return which files of a journal this process has open."""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(one.readlink()))
        except OSError:
            continue
    return [name for name in found if name.startswith(f"{path.parent}/")]


def test_a_disk_that_is_back_is_written_on_by_the_same_chain(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    lived(journal, 1)
    elsewhere = away(path)
    assert held_files(path)
    assert "disk I/O error" in failed(journal)
    assert held_files(path) == []
    for _ in range(2):
        with pytest.raises(StoreError, match="is not there; mount its disk"):
            lived(journal, 2)
    back(elsewhere, path)
    lived(journal, 2)
    lived(journal, 3)
    assert journal.verify().faults == ()
    assert journal.counts() == (3, 3, 3)
    journal.close()
    with JournalReader.open(path) as reader:
        assert len(list(reader.steps())) == 3


def test_a_fault_on_a_disk_that_is_there_lets_go_of_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "j") as journal:
        lived(journal, 1)
        failed(journal)
        assert held_files(tmp_path / "j")
        lived(journal, 2)
        assert journal.counts() == (2, 2, 2)


def step_of_which_nobody_knows(journal: Journal) -> None:
    journal.append_step(NOW_MS + 9, [])


def effects_of_which_nobody_knows(journal: Journal) -> None:
    lived(journal, 9)


def snapshot_of_which_nobody_knows(journal: Journal) -> None:
    with journal.transaction() as connection:
        connection.execute("INSERT INTO snapshot_part VALUES (1, 0, x'00')")


@pytest.mark.parametrize(
    "unknown",
    [
        step_of_which_nobody_knows,
        effects_of_which_nobody_knows,
        snapshot_of_which_nobody_knows,
    ],
)
def test_a_commit_that_failed_and_reached_the_disk_all_the_same_is_written_once(
    tmp_path: Path, unknown: Callable[[Journal], None]
) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    lived(journal, 1)
    elsewhere = away(path)
    failed(journal)
    with opened(elsewhere) as other:
        unknown(other)
    back(elsewhere, path)
    lived(journal, 2)
    assert journal.verify().faults == ()
    assert journal.counts() == (2, 2, 2)
    assert [step.now_ms for step in journal.steps()] == [NOW_MS + 1, NOW_MS + 2]
    journal.close()


def forget_all(path: Path) -> None:
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()
    opened(path).close()


def forget_a_step(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM step WHERE n = 2")


def change_the_chain(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE ledger SET hash = x'00' WHERE n = 2")


def go_on(path: Path) -> None:
    with opened(path) as other:
        lived(other, 3)
        lived(other, 4)


def overwrite(path: Path) -> None:
    for one in path.parent.glob(f"{path.name}-*"):
        one.unlink()
    path.write_bytes(b"something else")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (forget_all, "another journal"),
        (forget_a_step, "ends at step 1, and step 2 was written"),
        (change_the_chain, "row 2 of its ledger is not the one that was written"),
        (go_on, "ends at step 4, and step 2 was written"),
        (overwrite, "no journal"),
    ],
)
def test_another_file_of_the_same_name_is_left_alone(
    tmp_path: Path, change: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    lived(journal, 1)
    lived(journal, 2)
    elsewhere = away(path)
    failed(journal)
    change(elsewhere)
    back(elsewhere, path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=words):
        lived(journal, 3)
    assert path.read_bytes() == before
    journal.close()


def test_a_file_that_another_monitor_has_taken_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    lived(journal, 1)
    elsewhere = away(path)
    failed(journal)
    back(elsewhere, path)
    with opened(path), pytest.raises(StoreError, match="another monitor"):
        lived(journal, 2)
    lived(journal, 2)
    assert journal.counts() == (2, 2, 2)
    journal.close()
