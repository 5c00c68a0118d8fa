"""A changed, removed, inserted or moved record is found, and it is said which one."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.ledger import GENESIS, chained, effect_bytes
from monitor.facts.effects import MeasurementWanted
from monitor.facts.records import RawMessage

ROWS: Final = 30
COLUMNS: Final = "step, at_ms, kind, bed, body, hash"


def wanted(number: int) -> MeasurementWanted:
    return MeasurementWanted(at_ms=number, bed="17", session="S-1", channel="sbp", reason="old")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("audit") / "j"
    with Journal.open_for_writing(path, unit="infa", software="", config="") as journal:
        for number in range(1, ROWS + 1):
            raw = RawMessage(received_ms=number, topic="t", payload=b"%d" % number)
            journal.append_effects(journal.append_step(number, [raw]), [wanted(number)])
    return path.read_bytes()


def faults(
    whole: bytes,
    path: Path,
    tamper: Callable[[sqlite3.Connection], None],
    known: tuple[int, str] | None = None,
) -> str:
    """Return what an audit says of a journal that was tampered with."""
    path.write_bytes(whole)
    connection = sqlite3.connect(path)
    with connection:
        tamper(connection)
    connection.close()
    with JournalReader.open(path) as reader:
        return "; ".join(reader.verify(known).faults)


def removed(connection: sqlite3.Connection, n: int) -> None:
    """Take a row out and close the gap in the numbers."""
    connection.execute("DELETE FROM ledger WHERE n = ?", (n,))
    connection.execute("UPDATE ledger SET n = -n WHERE n > ?", (n,))
    connection.execute("UPDATE ledger SET n = -n - 1 WHERE n < 0")


def inserted(connection: sqlite3.Connection, n: int) -> None:
    """Put a row in that fits behind the one before it."""
    connection.execute("UPDATE ledger SET n = -n WHERE n >= ?", (n,))
    connection.execute("UPDATE ledger SET n = -n + 1 WHERE n < 0")
    before = connection.execute("SELECT hash, step FROM ledger WHERE n = ?", (n - 1,)).fetchone()
    body = effect_bytes(wanted(77))
    row = (n, before[1], 77, "measure", "17", body, chained(before[0], before[1], body))
    connection.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def swapped(connection: sqlite3.Connection, n: int) -> None:
    """Let two rows change places."""
    for before, after in ((n, -1), (n + 1, n), (-1, n + 1)):
        connection.execute("UPDATE ledger SET n = ? WHERE n = ?", (after, before))


def made_anew(connection: sqlite3.Connection, first: int) -> None:
    """Change a row and hash everything from there on again, as somebody who knows how."""
    body = effect_bytes(wanted(999))
    connection.execute("UPDATE ledger SET body = ?, at_ms = 999 WHERE n = ?", (body, first))
    head = GENESIS
    for n, step, body in connection.execute(
        "SELECT n, step, body FROM ledger ORDER BY n"
    ).fetchall():
        head = chained(head, step, body)
        connection.execute("UPDATE ledger SET hash = ? WHERE n = ?", (head, n))


rows = st.integers(3, ROWS - 3)
many = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(n=rows)
def test_a_changed_row_is_named(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, n: int
) -> None:
    path = tmp_path_factory.mktemp("j") / "j"
    body = effect_bytes(wanted(999))
    said = faults(
        whole, path, lambda to: void(to.execute("UPDATE ledger SET body=? WHERE n=?", (body, n)))
    )
    assert said == (
        f"ledger row {n} (step {n}) was changed, or the row before it was removed or changed: "
        "hash does not match"
    )


def void(_: object) -> None:
    """Give nothing back."""


@many
@given(n=rows)
def test_a_removed_row_is_named(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, n: int
) -> None:
    path = tmp_path_factory.mktemp("j") / "j"
    said = faults(whole, path, lambda to: void(to.execute("DELETE FROM ledger WHERE n=?", (n,))))
    assert f"ledger row {n} missing" in said
    said = faults(whole, path, lambda to: removed(to, n))
    assert f"ledger row {n} (step {n + 1})" in said
    assert "the row before it was removed" in said


@many
@given(n=rows)
def test_an_inserted_row_is_named(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, n: int
) -> None:
    said = faults(whole, tmp_path_factory.mktemp("j") / "j", lambda to: inserted(to, n))
    assert f"ledger row {n + 1} (step {n}) belongs behind row {n - 1}: row {n} inserted" in said


@many
@given(n=rows)
def test_rows_in_another_order_are_named(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, n: int
) -> None:
    said = faults(whole, tmp_path_factory.mktemp("j") / "j", lambda to: swapped(to, n))
    assert f"ledger row {n} (step {n + 1}) was moved: it belongs behind row {n + 1}" in said
    assert f"ledger row {n + 1} (step {n}) belongs behind row {n - 1}" in said


def test_a_chain_that_was_made_anew_or_cut_off_is_found_with_a_hash_noted_elsewhere(
    whole: bytes, tmp_path: Path
) -> None:
    (tmp_path / "j").write_bytes(whole)
    with JournalReader.open(tmp_path / "j") as reader:
        known = (20, next(row for row in reader.ledger() if row.n == 20).hash.hex()[:16])
        assert reader.verify(known).faults == ()
        assert reader.verify((0, "")).faults == ()
    assert faults(whole, tmp_path / "j", lambda to: made_anew(to, 9)) == ""
    assert "row 20 has another hash" in faults(
        whole, tmp_path / "j", lambda to: made_anew(to, 9), known
    )
    assert faults(whole, tmp_path / "j", lambda to: made_anew(to, 25), known) == ""

    def cut(to: sqlite3.Connection) -> None:
        to.execute("DELETE FROM ledger WHERE n > 15")

    assert faults(whole, tmp_path / "j", cut) == ""
    assert "row 20 is missing: the end was cut off" in faults(whole, tmp_path / "j", cut, known)


def test_a_ledger_in_pieces_is_told_in_short(whole: bytes, tmp_path: Path) -> None:
    said = faults(
        whole,
        tmp_path / "j",
        lambda to: void(to.execute("UPDATE ledger SET hash = zeroblob(32)")),
    )
    assert said.count("hash does not match") == 20
    assert "10 more rows do not fit their place" in said


def test_a_row_that_holds_no_effect_is_named(whole: bytes, tmp_path: Path) -> None:
    def blank(to: sqlite3.Connection) -> None:
        (before,) = to.execute("SELECT hash FROM ledger WHERE n = ?", (ROWS - 1,)).fetchone()
        for body in (b"{}", b"\xff"):
            row = (body, chained(before, ROWS, body), ROWS)
            to.execute("UPDATE ledger SET body = ?, hash = ? WHERE n = ?", row)

    assert f"ledger row {ROWS} holds no effect" in faults(whole, tmp_path / "j", blank)
