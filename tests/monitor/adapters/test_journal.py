"""The journal keeps what it committed, refuses what is not its own, and shows what was changed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import (
    FORMAT,
    JournalInUseError,
    JournalUnreadableError,
    StoreError,
    set_aside,
)
from monitor.adapters.ledger import GENESIS, chained, effect_bytes
from monitor.facts.effects import AnyEffect, BaselineChanged, MeasurementWanted
from monitor.facts.records import RawMessage, RecordedStep

NOW_MS = 1_795_000_000_000


def opened(path: Path, unit: str = "infa") -> Journal:
    return Journal.open_for_writing(path, unit=unit, software="0.1", config="c0ffee")


def message(number: int, payload: bytes = b'{"seq":1}') -> RawMessage:
    return RawMessage(
        received_ms=NOW_MS + number, topic=f"irm/v1/infa/{number}/mon/vitals", payload=payload
    )


def wanted(at_ms: int, bed: str = "17") -> MeasurementWanted:
    return MeasurementWanted(at_ms=at_ms, bed=bed, session="S-1", channel="sbp", reason="old")


def baseline(centre: dict[str, int]) -> BaselineChanged:
    return BaselineChanged(
        at_ms=1,
        bed="17",
        session="S-1",
        status="established",
        centre_centi=centre,
        readings={},
        remarks=(),
    )


def filled(path: Path, steps: int = 5) -> None:
    with opened(path) as journal:
        for number in range(1, steps + 1):
            step = journal.append_step(NOW_MS + number, [message(number), message(number)])
            journal.append_effects(step, [wanted(NOW_MS + number), wanted(NOW_MS, "18")])


def damaged(path: Path, statement: str, values: Sequence[object] = ()) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_steps_and_effects_come_back_as_they_were_given(tmp_path: Path) -> None:
    raw = RawMessage(received_ms=5, topic="any", payload=bytes(range(256)), retained=True)
    effects: list[AnyEffect] = [wanted(10), baseline({"sbp": 12_000})]
    with opened(tmp_path / "j") as journal:
        assert journal.append_step(7, [raw, message(1)]) == 1
        assert journal.append_step(8, []) == 2
        assert journal.append_effects(2, effects) == 2
        assert journal.append_effects(2, []) == 2
        assert journal.append_step(9, [message(2)]) == 3
    with JournalReader.open(tmp_path / "j") as reader:
        assert list(reader.steps()) == [
            RecordedStep(now_ms=7, messages=(raw, message(1))),
            RecordedStep(now_ms=8, messages=()),
            RecordedStep(now_ms=9, messages=(message(2),)),
        ]
        assert list(reader.effects()) == effects
        assert reader.counts() == (3, 3, 2)
        assert reader.about.unit == "infa"
        assert reader.about.config == "c0ffee"
        assert [row.n for row in reader.ledger(after=1)] == [2]


def test_dictionaries_have_one_canonical_order() -> None:
    assert effect_bytes(baseline({"b": 2, "a": 1})) == effect_bytes(baseline({"a": 1, "b": 2}))


def test_numbers_and_chain_continue_after_reopening(tmp_path: Path) -> None:
    filled(tmp_path / "j", 3)
    with opened(tmp_path / "j") as journal:
        row, head = journal.head
        assert row == 6
        step = journal.append_step(NOW_MS + 9, [message(9)])
        assert step == 4
        journal.append_effects(step, [wanted(NOW_MS + 9)])
        expected = chained(bytes.fromhex(head), 4, effect_bytes(wanted(NOW_MS + 9)))
        assert journal.head == (7, expected.hex())
        assert journal.verify().faults == ()


def test_the_published_row_is_kept_with_the_next_step(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    with opened(tmp_path / "j") as journal:
        journal.note_published(4)
        journal.note_published(3)
        journal.append_step(NOW_MS + 99, [])
    with JournalReader.open(tmp_path / "j") as reader:
        assert reader.about.published == 4


def test_a_reader_sees_commits_while_the_writer_goes_on(tmp_path: Path) -> None:
    with opened(tmp_path / "j") as journal:
        journal.append_step(1, [message(1)])
        with JournalReader.open(tmp_path / "j") as reader:
            assert len(list(reader.steps())) == 1
            journal.append_step(2, [])
            assert len(list(reader.steps())) == 2


def test_a_reader_opens_a_journal_in_a_folder_that_it_may_not_write(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    copy = tmp_path / "closed"
    copy.mkdir()
    (tmp_path / "j").rename(copy / "j")
    copy.chmod(0o500)
    with JournalReader.open(copy / "j") as reader:
        assert reader.counts() == (5, 10, 10)
    copy.chmod(0o700)


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "j"),
        pytest.raises(JournalInUseError, match=f"process {os.getpid()}"),
    ):
        opened(tmp_path / "j")
    opened(tmp_path / "j").close()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"no database at all, only some text" * 50, "damaged or no journal"),
        (b"SQLite format 3\x00" + bytes(4096), "damaged or no journal"),
    ],
)
def test_a_file_that_is_no_database_is_refused(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(JournalUnreadableError, match=complaint):
        opened(path)
    with pytest.raises(JournalUnreadableError, match=complaint):
        JournalReader.open(path)
    assert path.read_bytes() == content


def test_a_database_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j"
    damaged(path, "CREATE TABLE holiday (day TEXT)")
    before = path.read_bytes()
    with pytest.raises(JournalUnreadableError, match="no journal of infusion-monitor"):
        opened(path)
    assert path.read_bytes() == before


def test_a_newer_format_is_refused_by_number(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    damaged(tmp_path / "j", "UPDATE about SET format = ?", [FORMAT + 1])
    with pytest.raises(JournalUnreadableError, match=f"format {FORMAT + 1}"):
        opened(tmp_path / "j")


def test_the_journal_of_another_unit_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    with pytest.raises(JournalUnreadableError, match="belongs to unit 'infa', not to 'infb'"):
        opened(tmp_path / "j", unit="infb")


def test_a_missing_and_an_empty_file_are_refused_for_reading(tmp_path: Path) -> None:
    with pytest.raises(JournalUnreadableError, match="no such file"):
        JournalReader.open(tmp_path / "j")
    (tmp_path / "j").touch()
    with pytest.raises(JournalUnreadableError, match="is empty"):
        JournalReader.open(tmp_path / "j")
    opened(tmp_path / "j").close()


def test_a_file_without_its_second_half_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "j", 400)
    whole = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JournalUnreadableError, match="damaged"):
        opened(tmp_path / "j")


def test_overwritten_pages_are_refused(tmp_path: Path) -> None:
    filled(tmp_path / "j", 400)
    whole = bytearray((tmp_path / "j").read_bytes())
    whole[8192:16384] = os.urandom(8192)
    (tmp_path / "j").write_bytes(whole)
    with pytest.raises(JournalUnreadableError, match="damaged"):
        opened(tmp_path / "j")
    with JournalReader.open(tmp_path / "j") as reader:
        assert reader.verify().faults


def test_a_torn_companion_loses_only_what_was_not_committed(tmp_path: Path) -> None:
    """The write-ahead file of a killed writer, cut anywhere, leaves a prefix of the steps."""
    path = tmp_path / "j"
    opened(path).close()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from monitor.adapters.journal import Journal\n"
        "path = Path(sys.argv[1])\n"
        "journal = Journal.open_for_writing(path, unit='infa', software='', config='')\n"
        "for n in range(20): journal.append_step(n, [])\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    companion = Path(f"{path}-wal")
    written = companion.read_bytes()
    Path(f"{path}-shm").unlink()
    seen = set()
    for length in range(0, len(written), 2_999):
        companion.write_bytes(written[:length])
        with JournalReader.open(path) as reader:
            times = [step.now_ms for step in reader.steps()]
        assert times == list(range(len(times)))
        seen.add(len(times))
    assert len(seen) > 5


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE ledger SET body = replace(body, 'old', 'new') WHERE n = 4", "row 4"),
        ("UPDATE ledger SET body = cast(replace(body, 'old', 'new') AS BLOB) WHERE n = 4", "row 4"),
        ("UPDATE ledger SET bed = '99' WHERE n = 3", "row 3"),
        ("UPDATE ledger SET step = 3 WHERE n = 4", "row 4"),
        ("UPDATE ledger SET hash = zeroblob(32) WHERE n = 10", "row 10"),
        ("DELETE FROM ledger WHERE n = 5", "ledger: 9 rows are numbered 1 to 10"),
        ("DELETE FROM inbox WHERE n = 5", "inbox: 9 rows are numbered 1 to 10"),
        ("DELETE FROM step WHERE n = 5", "inbox: 2 rows belong to no step"),
    ],
)
def test_a_change_to_what_was_kept_shows(tmp_path: Path, statement: str, complaint: str) -> None:
    filled(tmp_path / "j")
    with JournalReader.open(tmp_path / "j") as reader:
        intact = reader.verify()
    assert intact.faults == ()
    assert (intact.steps, intact.messages, intact.effects) == (5, 10, 10)
    damaged(tmp_path / "j", statement)
    with JournalReader.open(tmp_path / "j") as reader:
        assert any(complaint in fault for fault in reader.verify().faults)


def test_a_missing_step_stops_the_reading(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    damaged(tmp_path / "j", "DELETE FROM step WHERE n = 2")
    with (
        JournalReader.open(tmp_path / "j") as reader,
        pytest.raises(JournalUnreadableError, match="step 2 is missing"),
    ):
        list(reader.steps())


def test_a_write_that_fails_keeps_nothing_and_may_be_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path / "j") as journal:
        journal.append_step(1, [message(1)])
        (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
        journal._connection.execute(f"PRAGMA max_page_count = {pages}")
        big = message(2, bytes(100_000))
        with pytest.raises(StoreError, match="full"):
            journal.append_step(2, [big])
        assert journal.counts() == (1, 1, 0)
        assert journal.head == (0, GENESIS.hex())
        journal._connection.execute("PRAGMA max_page_count = 1000000")
        assert journal.append_step(2, [big]) == 2
        assert journal.verify().faults == ()


def test_a_journal_is_set_aside_under_a_free_name_and_stays_readable(tmp_path: Path) -> None:
    path = tmp_path / "j"
    assert set_aside(path) is None
    filled(path)
    (tmp_path / "j.1").touch()
    aside = set_aside(path)
    assert aside == tmp_path / "j.2"
    assert not path.exists()
    with JournalReader.open(aside) as reader:
        assert reader.counts() == (5, 10, 10)
    with opened(path), pytest.raises(JournalInUseError):
        set_aside(path)
