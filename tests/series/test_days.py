"""The long outage in short: a past that was folded is forwarded whole, and counted."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.days import FIELDS, expected_points
from benchmarks.past import Span, Written, write_past
from monitor.adapters import folding
from monitor.series import forwarding
from monitor.series.cursor_file import CursorFile
from monitor.series.forwarding import Forwarder
from monitor.series.stores import MemoryStore
from monitor.series.tape import Place, Tape
from monitor.settings.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
BEGIN_MS = 1_795_514_400_000
BEDS = 4
SECONDS = 900


@dataclass(frozen=True)
class Past:
    """A journal of twenty minutes whose older part was folded, and what was written."""

    path: Path
    written: Written


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    path = tmp_path_factory.mktemp("days") / "days.journal"
    settings = load_settings(ROOT / "config")
    span = Span(beds=BEDS, seconds=SECONDS, keep_messages_ms=240_000, snapshot_every_s=60.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "HOUR_MS", 120_000)
        written = write_past(path, settings.ward, span, config="c", begin_ms=BEGIN_MS)
    return Past(path, written)


def counted(store: MemoryStore, measurement: str, field: str) -> int:
    rows = store.rows(measurement, {}, from_ns=0, to_ns=2**63)
    return sum(field in fields for _, fields in rows)


def test_days_without_a_database_are_sent_whole_and_once_in_small_turns(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "ROWS_PER_TURN", 300)
    assert BEDS * SECONDS // 2 <= past.written.folded < past.written.messages
    store, largest = MemoryStore(), 0
    forwarder = Forwarder(past.path, store, CursorFile(tmp_path / "cursor"))
    while True:
        turn = forwarder.turn()
        largest = max(largest, turn.sent)
        if turn.state == "idle":
            break
    forwarder.close()
    expected = expected_points(past.path, past.written, live=0, alerts=0)
    assert {name: counted(store, *name.split(".")) for name in FIELDS} == expected
    assert expected["vitals.hr"] == BEDS * SECONDS
    assert expected["inbox.n"] < past.written.messages - BEDS * SECONDS // 2
    windows_points = 2 * BEDS * 240  # two minutes and a bite of them, each with what is derived
    assert largest <= 3 * 300 + windows_points


def test_a_window_of_folded_messages_is_found_without_looking_through_the_others(
    past: Past,
) -> None:
    tape = Tape(past.path)
    try:
        asked: list[str] = []
        tape._connection.set_trace_callback(asked.append)
        tape.behind(Place(), limit=10)
        tape._connection.set_trace_callback(None)
        of_chunks = [text for text in asked if "FROM chunk" in text]
        assert len(of_chunks) == 3
        for text in of_chunks:
            plan = tape._connection.execute(f"EXPLAIN QUERY PLAN {text}").fetchall()
            assert all("chunk_place" in row[3] for row in plan), plan
    finally:
        tape.close()


def test_chunks_that_are_too_old_are_removed_oldest_first_and_a_few_at_a_time(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "REMOVED_MAX", 10)
    path = tmp_path / "j"
    with sqlite3.connect(past.path) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
        all_hours = [hour for (hour,) in copy.execute("SELECT hour FROM chunk ORDER BY place")]
        copy.execute(folding._REMOVE_OLD, (folding.REMOVED_MAX, max(all_hours) + 1))
        left = [hour for (hour,) in copy.execute("SELECT hour FROM chunk ORDER BY place")]
        assert left == all_hours[10:]
        copy.execute(folding._REMOVE_OLD, (folding.REMOVED_MAX, min(all_hours)))
        assert len(list(copy.execute("SELECT hour FROM chunk"))) == len(left)
