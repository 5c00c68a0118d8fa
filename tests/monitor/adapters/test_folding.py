"""Old vitals are folded without losing a reading, and the monitor goes on as if nothing was."""

import csv
import sqlite3
import zlib
from collections import defaultdict
from pathlib import Path
from shutil import copyfile
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from journal_runs import T0_MS, Run, same

from detectors.channels import Int64
from monitor.__main__ import main
from monitor.adapters import folding
from monitor.adapters.chunks import COLUMNS, COUNT_BYTES, is_sealed, packed, sealed, unpacked
from monitor.adapters.folding import chunks
from monitor.adapters.journal import JournalReader
from monitor.adapters.journal_file import JournalUnreadableError, StoreError
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import decoded
from monitor.adapters.sources import open_source
from monitor.facts.records import VitalsReported

KEEP: Final = RecoveryParams(snapshot_every_ms=2_000, keep_messages_ms=20_000)
NEVER_FOLD: Final = RecoveryParams(snapshot_every_ms=2_000)

Readings = dict[tuple[str, str, int], list[tuple[int, int, int, int]]]


@given(
    hn.arrays(
        np.int64,
        st.tuples(st.integers(1, 30), st.just(COLUMNS)),
        elements=st.integers(-(2**31), 2**62)
        | st.integers(-100, 100)
        | st.sampled_from((-(2**63), 2**63 - 1)),
    )
)
def test_what_is_unpacked_is_what_was_packed(readings: Int64) -> None:
    body = packed(readings)
    assert np.array_equal(unpacked(body, len(readings)), readings)
    for wrong in (len(readings) + 1, len(readings) - 1):
        if wrong:
            with pytest.raises(ValueError, match=r"readings|left over|damaged|buffer"):
                unpacked(body, wrong)


def test_a_wrong_number_of_readings_is_told_although_the_bytes_could_be_read() -> None:
    """Four columns of five zeros each, told to hold two."""
    body = zlib.compress(b"".join(bytes([0]) + bytes(8) + bytes(4) for _ in range(COLUMNS)))
    assert len(unpacked(body, 5)) == 5
    with pytest.raises(ValueError, match="it holds 2 readings, not 5"):
        unpacked(body + (2).to_bytes(COUNT_BYTES, "little"), 5)


def test_chunks_from_before_the_number_was_kept_are_read() -> None:
    readings = np.arange(80, dtype=np.int64).reshape(20, COLUMNS)
    body = packed(readings)
    old = body[:-COUNT_BYTES]
    for one in (old, sealed(old, "1", "mon", 2), body, sealed(body, "1", "mon", 2)):
        assert np.array_equal(unpacked(one, 20), readings)
    # Who knows nothing of the number reads what stands before it.
    assert zlib.decompress(sealed(body, "1", "mon", 2)) == zlib.decompress(old)
    assert is_sealed(old, "1", "mon", 2) is is_sealed(body, "1", "mon", 2) is None
    assert is_sealed(sealed(old, "1", "mon", 2), "1", "mon", 2)
    assert is_sealed(sealed(body, "1", "mon", 2), "1", "mon", 2)
    assert is_sealed(sealed(body, "1", "mon", 2), "1", "mon", 3) is False
    assert is_sealed(body[:5], "1", "mon", 2) is False
    with pytest.raises(ValueError, match="1 bytes stand behind it"):
        unpacked(old + b"x", 20)
    with pytest.raises(ValueError, match="its end is missing"):
        unpacked(old[:-1], 20)


@given(st.data())
def test_a_damaged_chunk_is_told(data: st.DataObject) -> None:
    readings = np.arange(80, dtype=np.int64).reshape(20, COLUMNS)
    body = bytearray(packed(readings))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unpacked(bytes(body), 20)
    except ValueError:
        return
    # Some bits of the packing mean nothing; what is unpacked then is what was packed.
    assert np.array_equal(found, readings)


def test_an_hour_of_vitals_packs_well() -> None:
    rng = np.random.default_rng(1)
    n = 720
    readings = np.stack(
        [
            T0_MS + np.arange(n) * 5_000,
            rng.integers(20, 200, n),
            7_200 + np.cumsum(rng.integers(-1, 2, n)) * 100,
            np.zeros(n, np.int64),
        ],
        axis=1,
    )
    assert len(packed(readings)) < 3 * n


def sent(path: Path) -> Readings:
    """Return all readings that stand in the inbox one by one."""
    found: Readings = defaultdict(list)
    with JournalReader.open(path) as reader:
        for step in reader.steps():
            for one in decoded(step.messages):
                if isinstance(one, VitalsReported):
                    for value in one.values:
                        late_ms = one.received_ms - value.measured_ms
                        row = (value.measured_ms, late_ms, value.value_centi, value.flags)
                        found[one.bed, one.device, value.channel].append(row)
    return found


def folded(path: Path) -> Readings:
    found: Readings = defaultdict(list)
    with JournalReader.open(path) as reader:
        for one in chunks(reader):
            rows = [(a, b, c, d) for a, b, c, d in one.readings.tolist()]
            found[one.bed, one.device, one.channel] += rows
        assert {one.bed for one in chunks(reader, "2")} <= {"2"}
    return found


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two journals of the same hours, one of them folded."""
    made = tmp_path_factory.mktemp("lived")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "HOUR_MS", 10_000)
        patch.setattr(folding, "BITE", 7)
        for name, params in (("whole", NEVER_FOLD), ("folded", KEEP)):
            run = Run(made / name, params=params)
            run.live(range(200))
            run.die()
    return made


@pytest.fixture
def lives(lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two journals of the same hours, the second one folded; a test may spoil them."""
    monkeypatch.setattr(folding, "HOUR_MS", 10_000)
    monkeypatch.setattr(folding, "BITE", 7)
    for path in lived.iterdir():
        copyfile(path, tmp_path / path.name)
    return tmp_path / "whole", tmp_path / "folded"


def test_no_reading_is_lost_or_changed_and_acts_and_ledger_stay(lives: tuple[Path, Path]) -> None:
    whole, path = lives
    before, after = sent(whole), folded(path)
    with JournalReader.open(path) as reader, JournalReader.open(whole) as other:
        last = reader.about.folded
        assert 100 < last.step < 180
        assert [row.hash for row in reader.ledger()] == [row.hash for row in other.ledger()]
        assert reader.counts() == other.counts()
        assert reader.verify().faults == ()
        acts = "SELECT topic, payload FROM inbox WHERE topic LIKE '%/session'"
        assert list(reader.rows(acts)) == list(other.rows(acts))
        assert next(reader.rows("SELECT count(*) FROM inbox WHERE n <= ?", (last.message,)))[0] == 4
    limit_ms = T0_MS + last.step * 1000
    assert before.keys() == after.keys()
    for key, rows in before.items():
        assert after[key] == [row for row in rows if row[0] + row[1] < limit_ms]


def test_a_restart_needs_nothing_that_was_folded(lives: tuple[Path, Path]) -> None:
    whole, path = lives
    one, other = Run(whole, params=NEVER_FOLD), Run(path, params=KEEP)
    assert same(one, other) == []
    for run in (one, other):
        run.live(range(200, 260))
    assert same(one, other) == []
    one.die()
    other.die()
    with JournalReader.open(path) as reader:
        assert reader.about.folded.step > 200


def test_without_a_snapshot_a_folded_journal_is_refused_with_the_reason(
    lives: tuple[Path, Path],
) -> None:
    _, path = lives
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE snapshot SET program = 'other', format = format + 1")
    connection.close()
    with pytest.raises(JournalUnreadableError, match=r"no snapshot behind them .* it has format 2"):
        Run(path)


def test_a_replay_of_a_folded_journal_says_what_can_still_be_done(
    lives: tuple[Path, Path],
) -> None:
    _, path = lives
    (source,) = open_source(path, Remarks())
    with pytest.raises(InputFileError, match=r"folded into chunks.* the ledger, the acts"):
        list(source.steps)


def all_bites(run: Run) -> None:
    while run.upkeep.folder.bite():
        pass


def test_a_failed_commit_folds_nothing_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "HOUR_MS", 10_000)
    run = Run(tmp_path / "j", params=NEVER_FOLD)
    run.live(range(100))
    run.upkeep.folder = folding.Folder(run.journal, keep_ms=20_000, keep_chunks_ms=10**12)
    now_ms = run.memory.last_ms
    inbox = list(run.journal.rows("SELECT * FROM inbox"))

    connection = run.journal._connection
    connection.execute(
        "CREATE TEMP TRIGGER full BEFORE UPDATE ON about BEGIN SELECT raise(ABORT, 'full'); END"
    )
    run.upkeep.folder.plan(now_ms)
    with pytest.raises(StoreError, match="full"):
        all_bites(run)
    assert list(run.journal.rows("SELECT * FROM inbox")) == inbox
    assert run.journal.about.folded.step == 0
    connection.execute("DROP TRIGGER full")
    run.upkeep.folder.plan(now_ms)
    all_bites(run)
    assert run.journal.about.folded.step > 0
    assert run.journal.verify().faults == ()
    run.die()


def test_chunks_are_removed_when_they_are_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "HOUR_MS", 10_000)
    params = RecoveryParams(snapshot_every_ms=2_000, keep_messages_ms=20_000, keep_vitals_ms=60_000)
    run = Run(tmp_path / "j", params=params)
    run.live(range(200))
    last_s = (run.memory.last_ms - T0_MS) // 1000
    run.die()
    with JournalReader.open(tmp_path / "j") as reader:
        oldest_ms = min(int(one.readings[0, 0]) for one in chunks(reader))
        assert reader.verify().faults == ()
    assert last_s - 90 <= (oldest_ms - T0_MS) // 1000 <= last_s - 45


def test_tables_of_a_folded_journal_hold_its_values_and_are_not_replayed_as_a_whole(
    lives: tuple[Path, Path], tmp_path: Path
) -> None:
    rows: list[list[dict[str, str]]] = []
    for journal in lives:
        folder = tmp_path / f"{journal.name}-tables"
        assert main(["export", str(journal), str(folder), "--format", "csv"]) == 0
        with (folder / "readings.csv").open(newline="") as file:
            rows.append(list(csv.DictReader(file)))
    whole, folded = rows

    def values(some: list[dict[str, str]]) -> list[tuple[str, ...]]:
        names = ("bed", "device", "channel", "value", "measured", "received", "quality", "stat")
        return sorted(tuple(row[name] for name in names) for row in some)

    assert values(folded) == values(whole)
    assert all(row["message_number"] for row in whole)
    assert any(not row["message_number"] for row in folded)
    assert list(open_source(tmp_path / "whole-tables", Remarks()))
    with pytest.raises(InputFileError, match="folded before it was written"):
        list(open_source(tmp_path / "folded-tables", Remarks()))


def test_a_chunk_that_is_damaged_is_named(lives: tuple[Path, Path]) -> None:
    _, path = lives
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE chunk SET body = x'00' WHERE bed = '2'")
    connection.close()
    with (
        JournalReader.open(path) as reader,
        pytest.raises(JournalUnreadableError, match="vitals of mon-2 at bed 2: it is damaged"),
    ):
        list(chunks(reader))


def test_a_keep_time_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="keep_messages"):
        RecoveryParams(keep_messages_ms=10, keep_vitals_ms=5)
    with pytest.raises(ValueError, match="snapshot_every"):
        RecoveryParams(snapshot_every_ms=10)
