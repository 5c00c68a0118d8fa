"""Every check that the crash matrix makes after a blow finds what it is there to find."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from journal_runs import SETTINGS, UNIT, Run

from monitor.adapters.journal import JournalReader
from monitor.facts.effects import AlertChanged
from monitor.ward.snapshots import Records
from monitor.ward.ward import Ward
from monitor.wire.outbound import AlertPayload, encode_published
from scripts.aftermath import (
    KeptReadings,
    Undying,
    alert_faults,
    alerts_of,
    ledger_faults,
    standing,
    state_of,
    told_again,
)

SECONDS = 40
"""Long enough for alerts and some pictures of what is remembered."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a journal of which nothing is missing, and which nobody changes."""
    path = tmp_path_factory.mktemp("whole") / "journal"
    run = Run(path)
    run.live(range(SECONDS))
    run.journal.close()
    return path


@pytest.fixture
def journal(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it, to be damaged."""
    path = tmp_path / "journal"
    with closing(sqlite3.connect(whole)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    return path


@pytest.fixture(scope="module")
def changes(whole: Path) -> list[AlertChanged]:
    with JournalReader.open(whole) as reader:
        return alerts_of(reader)


@pytest.fixture
def shown(changes: list[AlertChanged]) -> dict[str, bytes]:
    """Return what a subscriber sees when all is well."""
    found = standing(changes, UNIT)
    assert len(found) == 2
    return found


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount


def undying() -> Undying:
    return Undying(Ward(SETTINGS, unit=UNIT))


def heard_of(changes: list[AlertChanged], shown: dict[str, bytes]) -> dict[str, int]:
    """Return the highest revisions that a subscriber heard when all is well."""
    names = {name.rpartition("/")[2]: name for name in shown}
    return {names[one.id]: one.revision for one in changes if one.id in names}


# ------------------------------------------------------------------------------ readings


def readings_of(path: Path) -> KeptReadings:
    kept = KeptReadings()
    with JournalReader.open(path) as reader:
        kept.add("one", reader)
        kept.add("one", reader)
    return kept


def test_every_acknowledged_reading_must_be_in_a_journal(journal: Path) -> None:
    kept = readings_of(journal)
    first = min(kept.by_device["mon-1"])
    kept.by_device["mon-1"] |= set(range(SECONDS))
    assert kept.highest()["mon-1"] == SECONDS - 1
    assert kept.faults({"mon-1": SECONDS - 1}) == []
    assert kept.faults({"mon-1": SECONDS}) == [
        f"mon-1: acknowledged up to {SECONDS}, but [{SECONDS}] not kept"
    ]
    change(
        journal,
        "DELETE FROM inbox WHERE n IN "
        "(SELECT n FROM inbox WHERE topic LIKE '%/mon-1/vitals' ORDER BY n LIMIT 1)",
    )
    lacking = readings_of(journal)
    lacking.by_device["mon-1"] |= set(range(SECONDS)) - {first}
    assert lacking.faults({"mon-1": first}) == [
        f"mon-1: acknowledged up to {first}, but [{first}] not kept"
    ]
    assert lacking.faults({"mon-9": 0}) == ["mon-9: acknowledged up to 0, but [0] not kept"]


def test_a_reading_that_came_late_from_a_store_is_kept_too(journal: Path) -> None:
    kept = readings_of(journal)
    change(journal, "UPDATE inbox SET topic = replace(topic, '/vitals', '/backfill')")
    assert readings_of(journal).by_device == kept.by_device


# -------------------------------------------------------------------------------- ledger


def test_a_whole_ledger_has_no_fault_and_a_changed_or_lost_row_has(journal: Path) -> None:
    with JournalReader.open(journal) as reader:
        assert ledger_faults("first", reader, alerts_of(reader)) == []
    change(
        journal, "UPDATE ledger SET body = CAST(replace(body, 'S-1', 'S-9') AS BLOB) WHERE n = 3"
    )
    with JournalReader.open(journal) as reader:
        assert "row 3" in " ".join(ledger_faults("first", reader, ()))
    change(journal, "DELETE FROM ledger WHERE n = 5")
    with JournalReader.open(journal) as reader:
        assert "row 5" in " ".join(ledger_faults("first", reader, ()))


def test_a_revision_that_stands_twice_is_a_fault(whole: Path, changes: list[AlertChanged]) -> None:
    with JournalReader.open(whole) as reader:
        (fault,) = ledger_faults("first", reader, [*changes, changes[-1]])
    assert fault.endswith("is in the ledger 2 times")


# -------------------------------------------------------------------------------- alerts


def test_what_is_shown_as_it_stands_has_no_fault(
    changes: list[AlertChanged], shown: dict[str, bytes]
) -> None:
    assert alert_faults(shown, heard_of(changes, shown), changes, UNIT) == []


def changed(payload: bytes, **fields: object) -> bytes:
    alert = msgspec.json.decode(payload, type=AlertPayload)
    return encode_published(msgspec.structs.replace(alert, **fields))


def test_a_missing_a_false_and_a_wrong_alert_are_faults(
    changes: list[AlertChanged], shown: dict[str, bytes]
) -> None:
    heard = heard_of(changes, shown)
    (name, payload), (other, _) = shown.items()
    for wrong, words in (
        ({other: shown[other]}, "stands and is not shown"),
        ({**shown, name[:-1] + "z": changed(payload, cause="x")}, "is shown and does not stand"),
        ({**shown, name: changed(payload, signal="acknowledged")}, "otherwise than it stands"),
        ({**shown, name: changed(payload, rev=0)}, "an older one is shown"),
        ({**shown, name[:-1] + "z": payload}, "2 alerts of the cause"),
    ):
        found = alert_faults(wrong, heard, changes, UNIT)
        assert any(words in fault for fault in found), (words, found)
    # Who takes over counts on from what was heard.
    assert alert_faults({**shown, name: changed(payload, rev=99)}, heard, changes, UNIT) == []
    (fault,) = alert_faults(shown, {other: heard[other]}, changes, UNIT)
    assert fault == f"{name} was raised and never heard"


def test_what_is_told_again_without_a_reason_is_a_fault() -> None:
    before = {("a", 1): 1, ("b", 1): 3}
    assert told_again(before, {**before, ("c", 1): 1}, most=0) == []
    assert told_again(before, {**before, ("a", 1): 2}, most=1) == []
    assert told_again(before, {**before, ("a", 1): 2}, most=0) == [
        "a revision 1 was told 1 times again, 0 allowed"
    ]
    # News that are told twice are told again once.
    assert len(told_again(before, {**before, ("c", 1): 2}, most=0)) == 1


# --------------------------------------------------------------------------------- state


def test_a_process_that_remembers_what_an_undying_ward_remembers_has_no_fault(
    journal: Path,
) -> None:
    one = undying()
    with JournalReader.open(journal) as reader:
        assert one.faults(reader) == []
        assert one.pictures == 1
        assert one.faults(reader) == []
        assert one.pictures == 1
        assert one.rest_faults(reader) == []
        assert one.place.step == reader.counts()[0]
        assert one.place.row == reader.counts()[2]


@pytest.fixture
def astray(tmp_path: Path) -> Iterator[Run]:
    """Give a run that is brought back in the middle."""
    run = Run(tmp_path / "journal")
    run.live(range(20))
    run.journal.close()
    again = Run(tmp_path / "journal")
    yield again
    again.journal.close()


def test_a_restarted_process_that_remembers_one_bit_otherwise_is_found(astray: Run) -> None:
    one = undying()
    astray.live(range(20, 30))
    with JournalReader.open(astray.journal.path) as reader:
        assert one.faults(reader) == []
    assert isinstance(astray.memory.ward, Ward)
    astray.memory.ward.state.refused += 1
    astray.live(range(30, 2 * SECONDS))
    with JournalReader.open(astray.journal.path) as reader:
        (fault,) = one.faults(reader)
    assert fault.endswith("the process remembers something else")
    assert one.pictures == 2


def test_a_ledger_that_an_undying_ward_would_not_have_written_is_found(journal: Path) -> None:
    change(
        journal, "UPDATE ledger SET body = CAST(replace(body, 'S-1', 'S-9') AS BLOB) WHERE n = 3"
    )
    with JournalReader.open(journal) as reader:
        assert "decides otherwise" in undying().faults(reader)[0]


def test_a_damaged_picture_is_found(journal: Path) -> None:
    change(journal, "UPDATE snapshot SET digest = zeroblob(32)")
    with JournalReader.open(journal) as reader:
        (fault,) = undying().faults(reader)
    assert "it is damaged" in fault


def test_states_that_differ_are_told_apart(whole: Path) -> None:
    one = undying()
    with JournalReader.open(whole) as reader:
        one.rest_faults(reader)
    other = Ward(SETTINGS, unit=UNIT)
    other.recall(one.ward.remembered())
    assert state_of(other) == state_of(one.ward)
    assert isinstance(state_of(other)[0], Records)
    other.state.detection.value_centi[0, 0] += 1
    assert state_of(other) != state_of(one.ward)
