"""A journal that gives its name to another one: all of both is sent, and told apart."""

import sqlite3
from pathlib import Path

import pytest
from fakes import systolic

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import set_aside
from monitor.adapters.salvage import mended
from monitor.facts.records import RawMessage
from monitor.series.cursor_file import FORMAT, CursorFile
from monitor.series.forwarding import UNREADABLE, Forwarder
from monitor.series.reading import recorded_steps
from monitor.series.stores import MemoryStore, SeriesError
from monitor.series.tape import Place, Tape

UNIT = "infa"
T0_MS = 1_795_514_400_000
FOREVER_MS = 2**43


def lived(path: Path, numbers: range) -> None:
    """Let a monitor write one step a second, each with one reading."""
    with Journal.open_for_writing(path, unit=UNIT, software="", config="") as journal:
        for number in numbers:
            at_ms = T0_MS + 1000 * number
            payload = systolic(number, 120, at_ms)
            raw = RawMessage(
                received_ms=at_ms, topic=f"irm/v1/{UNIT}/1/mon-1/vitals", payload=payload
            )
            journal.append_step(at_ms, [raw])


def made_at(path: Path, created_ms: int) -> None:
    """Say when a journal was made: those of a test are made within a millisecond."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE about SET created_ms = ?", (created_ms,))
    connection.close()


def forwarder(path: Path, store: MemoryStore, memory: Path) -> Forwarder:
    return Forwarder(path, store, CursorFile(memory))


def drained(forwarding: Forwarder) -> list[str]:
    """Take turns until nothing is left; return what was said."""
    turns = [forwarding.turn()]
    while turns[-1].state != "idle":
        turns.append(forwarding.turn())
    return [turn.words for turn in turns if turn.words]


def seconds(store: MemoryStore) -> list[int]:
    """Return the times of the steps that come back, each with its one message."""
    found = list(recorded_steps(store, UNIT, from_ms=0, to_ms=FOREVER_MS))
    assert [len(step.messages) for step in found] == [1] * len(found)
    assert all(step.messages[0].received_ms == step.now_ms for step in found)
    return [(step.now_ms - T0_MS) // 1000 for step in found]


@pytest.mark.parametrize("is_running", [True, False])
@pytest.mark.parametrize("sent_before", [0, 5, 9])
def test_what_was_set_aside_is_sent_to_its_end_and_then_what_took_its_name(
    tmp_path: Path, sent_before: int, *, is_running: bool
) -> None:
    path, memory, store = tmp_path / "ward.journal", tmp_path / "memory", MemoryStore()
    lived(path, range(sent_before))
    made_at(path, 1)
    before = forwarder(path, store, memory)
    drained(before)
    lived(path, range(sent_before, 9))
    if not is_running:
        before.close()
    set_aside(path)
    lived(path, range(20, 24))
    forwarding = before if is_running else forwarder(path, store, memory)
    assert drained(forwarding) == []
    assert seconds(store) == [*range(9), *range(20, 24)]
    lived(path, range(24, 26))
    drained(forwarding)
    assert seconds(store) == [*range(9), *range(20, 26)]
    assert drained(forwarder(path, store, memory)) == []


def test_several_that_were_set_aside_while_nobody_sent_are_sent_in_order(tmp_path: Path) -> None:
    path, store = tmp_path / "ward.journal", MemoryStore()
    for created_ms, begun in enumerate((0, 10, 20), start=1):
        lived(path, range(begun, begun + 3))
        made_at(path, created_ms)
        set_aside(path)
    lived(path, range(30, 33))
    assert drained(forwarder(path, store, tmp_path / "memory")) == []
    assert seconds(store) == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]


def test_after_a_salvage_nothing_good_is_skipped_or_doubled(tmp_path: Path) -> None:
    path, store = tmp_path / "ward.journal", MemoryStore()
    lived(path, range(12))
    made_at(path, 1)
    forwarding = forwarder(path, store, tmp_path / "memory")
    drained(forwarding)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE step SET now_ms = now_ms + 1 WHERE n = 9")
    connection.close()
    salvaged = mended(path)
    assert salvaged is not None
    assert salvaged.steps == 8
    # The monitor goes on under the numbers 9, 10, ... that the damaged file had used, too.
    lived(path, range(40, 46))
    assert drained(forwarding) == []
    assert seconds(store) == [*range(12), *range(40, 46)]
    again = MemoryStore()
    words = drained(forwarder(path, again, tmp_path / "other"))
    assert words == []
    times = [step.now_ms for step in recorded_steps(again, UNIT, from_ms=0, to_ms=FOREVER_MS)]
    assert times[-6:] == [T0_MS + 1000 * number for number in range(40, 46)]


def test_a_file_that_was_set_aside_and_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    path, memory, store = tmp_path / "ward.journal", tmp_path / "memory", MemoryStore()
    lived(path, range(5))
    aside = set_aside(path)
    assert aside is not None
    aside.write_bytes(b"rot" * 5_000)
    lived(path, range(10, 13))
    first = forwarder(path, store, memory)
    assert first.refused == 1
    drained(first)
    assert seconds(store) == [10, 11, 12]
    cursor = CursorFile(memory)
    (refused,) = cursor.refused(store.name)
    assert aside.name in refused[1]
    assert cursor.place(store.name, f"file:{aside.name}") == UNREADABLE
    assert forwarder(path, store, memory).refused == 0


def test_what_becomes_unreadable_in_the_middle_is_named_and_passed_over(tmp_path: Path) -> None:
    path, memory, store = tmp_path / "ward.journal", tmp_path / "memory", MemoryStore()
    lived(path, range(5))
    made_at(path, 1)
    aside = set_aside(path)
    assert aside is not None
    connection = sqlite3.connect(aside)
    with connection:
        connection.execute("ALTER TABLE inbox RENAME COLUMN payload TO gone")
    connection.close()
    lived(path, range(10, 13))
    for words in (1, 0):
        told = drained(forwarder(path, store, memory))
        assert len(told) == words
        assert all(f"{aside.name}: " in one and "was not sent" in one for one in told)
    assert seconds(store) == [10, 11, 12]


@pytest.mark.parametrize("fits", [True, False])
def test_a_place_of_the_first_format_is_that_of_the_journal_if_it_fits(
    tmp_path: Path, *, fits: bool
) -> None:
    path, memory, store = tmp_path / "ward.journal", tmp_path / "memory", MemoryStore()
    lived(path, range(6))
    connection = sqlite3.connect(memory)
    with connection:
        connection.execute(
            "CREATE TABLE place (store TEXT PRIMARY KEY, step INTEGER NOT NULL, "
            "message INTEGER NOT NULL, row INTEGER NOT NULL) WITHOUT ROWID"
        )
        reached = 4 if fits else 400
        connection.execute("INSERT INTO place VALUES (?, ?, ?, 0)", (store.name, reached, reached))
    connection.close()
    drained(forwarder(path, store, memory))
    assert seconds(store) == ([4, 5] if fits else list(range(6)))
    assert CursorFile(memory).place(store.name, "") is None
    assert CursorFile(memory).place(store.name, Tape(path).name) == Place(step=6, message=6)


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "memory")
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(SeriesError, match=f"has format {FORMAT + 1}"):
        CursorFile(tmp_path / "memory")


def test_a_journal_knows_its_name_under_any_file(tmp_path: Path) -> None:
    path = tmp_path / "ward.journal"
    lived(path, range(2))
    tape = Tape(path)
    replaced = [tape.is_replaced]
    aside = set_aside(path)
    assert aside is not None
    replaced.append(tape.is_replaced)
    assert replaced == [False, True]
    assert Tape(aside).name == tape.name
    with JournalReader.open(aside) as reader:
        assert tape.epoch == reader.about.created_ms
