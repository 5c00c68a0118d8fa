"""Every byte that a journal keeps: changed in any place, `audit verify` finds it and says which."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Final

import pytest
from journal_runs import Run

from monitor.__main__ import main
from monitor.adapters import folding
from monitor.adapters.configurations import configurations
from monitor.adapters.deeds import audit_lines
from monitor.adapters.journal import JournalReader
from monitor.adapters.operations import BEGUN, audit_path, noted
from monitor.adapters.recovery import RecoveryParams
from monitor.inspection import inspected

CONFIG: Final = Path(__file__).resolve().parents[2] / "config"
LAST: Final = "(SELECT max(n) FROM inbox WHERE topic LIKE '%/vitals')"
BYTES: Final = r"CAST(replace(CAST(payload AS TEXT), \1) AS BLOB)"
KEEP: Final = RecoveryParams(snapshot_every_ms=2_000, keep_messages_ms=20_000)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with folded vitals, snapshots, and configurations taken and refused."""
    folder = tmp_path_factory.mktemp("inspected")
    config = Path(shutil.copytree(CONFIG, folder / "config"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "HOUR_MS", 10_000)
        patch.setattr(folding, "BITE", 7)
        run = Run(folder / "j", params=KEEP, config=config)
        run.live(range(60))
        for name, old, new in (
            ("detection.toml", "clear_s = 60", "clear_s = 5"),
            ("site.toml", "port = 1883", "port = 1884"),
        ):
            path = config / name
            path.write_text(path.read_text().replace(old, new))
            assert run.read_again() is not None
        run.live(range(60, 100))
        noted(folder / "j", lambda: 0, what=BEGUN, old=str(run.journal.about.created_ms),
              new=run.journal.about.config)  # fmt: skip
        run.die()
    return folder / "j"


def faults(whole: Path, folder: Path, *statements: str) -> list[str]:
    """Return what is found in a copy in which something was changed."""
    path = folder / "j"
    shutil.copy(whole, path)
    shutil.copy(audit_path(whole), audit_path(path))
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            words = statement.replace("LAST", LAST)
            words = re.sub(r"BYTES\(payload, (.*?)\)", BYTES, words)
            assert connection.execute(words).rowcount != 0, words
    connection.close()
    with JournalReader.open(path) as reader:
        return list(inspected(reader).faults)


def test_the_journal_of_these_tests_has_something_of_everything(
    whole: Path, tmp_path: Path
) -> None:
    assert faults(whole, tmp_path) == []
    with JournalReader.open(whole) as reader:
        assert 20 < reader.about.folded.step < 80
        kept = configurations(reader)
        assert [(one.row > 0, bool(one.refused)) for one in kept] == [
            (False, False), (True, False), (True, True),
        ]  # fmt: skip
        for table in ("chunk", "snapshot", "snapshot_part", "inbox", "ledger"):
            assert next(reader.rows(f"SELECT count(*) FROM {table}"))[0] > 1, table  # noqa: S608 - ours
        early = "SELECT count(*) FROM inbox WHERE step <= ?"
        assert next(reader.rows(early, (reader.about.folded.step,)))[0] >= 4


def flipped(table: str, column: str, where: str) -> str:
    """Return what changes one byte in the middle of a column of some row."""
    body = f"CAST(substr({column}, 1, 11) AS BLOB) || X'00FF' || substr({column}, 14)"
    return f"UPDATE {table} SET {column} = CAST({body} AS BLOB) WHERE {where}"  # noqa: S608 - ours


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE inbox SET payload = BYTES(payload, '1', '2') WHERE n = LAST",
         "was changed: its time, a message of it or its digest"),
        ("UPDATE inbox SET topic = replace(topic, '/2/', '/1/') WHERE n = LAST",
         "was changed: its time"),
        ("UPDATE inbox SET received_ms = received_ms + 1 WHERE n = LAST", "was changed: its"),
        ("UPDATE inbox SET retained = 1 - retained WHERE n = LAST", "was changed: its time"),
        ("UPDATE inbox SET step = step - 1 WHERE n = LAST", "was changed: its time"),
        ("UPDATE step SET now_ms = now_ms + 1 WHERE n = 90", "step 90 was changed"),
        ("UPDATE step SET digest = zeroblob(8) WHERE n = 90", "step 90 was changed"),
        ("UPDATE step SET digest = NULL WHERE n = 90", "step 90 has lost its digest"),
        # Of the steps whose vitals were folded, what people and devices said is left.
        ("UPDATE inbox SET payload = BYTES(payload, 'PX', 'PY') WHERE n = 1",
         "step 1 was changed"),
        ("UPDATE step SET now_ms = now_ms - 1 WHERE n = 2", "step 2 was changed"),
        ("DELETE FROM inbox WHERE n = 2", "step 1 was changed"),
        (flipped("chunk", "body", "bed = '1'"), "vitals of mon-1 at bed 1"),
        ("UPDATE chunk SET device = 'mon-9' WHERE bed = '2'", "vitals of mon-9 at bed 2"),
        ("UPDATE chunk SET hour = hour + 1 WHERE bed = '2'", "moved to another place"),
        (flipped("snapshot_part", "body", "1"), "snapshot of step"),
        ("UPDATE snapshot SET digest = zeroblob(32)", "it is damaged (its digest differs)"),
        ("UPDATE snapshot SET head = zeroblob(32)", "is not the one it was taken at"),
        ("DELETE FROM snapshot_part WHERE place = 0", "parts are there"),
        (flipped("configured", "body", "n = 1"), "a configuration is damaged"),
        ("UPDATE configured SET body = (SELECT body FROM configured WHERE n = 2) WHERE n = 1",
         "its files were changed"),
        ("UPDATE configured SET digest = 'c0ffee' WHERE n = 1", "its files were changed"),
        ("UPDATE about SET config = 'c0ffee'", "it holds another first configuration"),
        ("UPDATE configured SET refused = 'no' WHERE n = 2", "of the ledger does not tell it"),
        ("UPDATE configured SET words = 'nothing' WHERE n = 2", "of the ledger does not tell it"),
        ("DELETE FROM configured WHERE n = 3", "the ledger tells of 2 configurations"),
        ("UPDATE ledger SET kind = 'other' WHERE n = 3", "time, bed or kind differs"),
    ],
)  # fmt: skip
def test_a_change_of_anything_that_is_kept_is_found(
    whole: Path, tmp_path: Path, statement: str, words: str
) -> None:
    found = faults(whole, tmp_path, statement)
    assert any(words in fault for fault in found), found


def test_a_first_configuration_that_was_exchanged_whole_differs_from_the_audit_beside(
    whole: Path, tmp_path: Path
) -> None:
    """With its files, its digest and what the journal says of itself."""
    found = faults(
        whole,
        tmp_path,
        "UPDATE configured SET body = other.body, digest = other.digest "
        "FROM configured AS other WHERE configured.n = 1 AND other.n = 2",
        "UPDATE about SET config = (SELECT digest FROM configured WHERE n = 1)",
    )
    assert [fault.rpartition(" ")[0] for fault in found] == [
        "j.audit: the journal began under configuration"
    ]


def test_more_faults_of_one_kind_than_anybody_reads_are_cut_short(
    whole: Path, tmp_path: Path
) -> None:
    found = faults(whole, tmp_path, "UPDATE step SET now_ms = now_ms + 1")
    assert len(found) == 20


def test_chunks_and_steps_that_an_earlier_program_folded_have_no_seal_and_are_no_fault(
    whole: Path, tmp_path: Path
) -> None:
    found = faults(
        whole,
        tmp_path,
        "UPDATE chunk SET body = CAST(substr(body, 1, length(body) - 8) AS BLOB)",
        "UPDATE step SET digest = zeroblob(8) WHERE n <= (SELECT folded_step FROM about)",
    )
    assert found == []


def changed(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))


def test_the_command_knows_a_journal_from_an_audit_and_verifies_both(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faults(whole, tmp_path) == []
    journal, audit = tmp_path / "j", audit_path(tmp_path / "j")
    for number in range(3):
        assert noted(journal, lambda: 0, what="export", new=f"to-{number}")
    assert main(["audit", "verify", str(journal)]) == 0
    capsys.readouterr()
    assert main(["audit", "verify", str(audit), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["lines"], said["faults"]) == (4, [])
    head = f"4:{said['head'][:16]}"
    assert main(["audit", "verify", str(audit), "--head", head]) == 0
    whole_text = audit.read_text()
    audit.write_text("".join(whole_text.splitlines(keepends=True)[:3]))
    assert main(["audit", "verify", str(audit)]) == 0
    assert main(["audit", "verify", str(audit), "--head", head]) == 1
    assert "line 4 is missing" in capsys.readouterr().err
    audit.write_text(whole_text)
    changed(audit, "to-1", "to-9")
    assert main(["verify", str(audit)]) == 1
    assert "line 3 was changed" in capsys.readouterr().err
    # What is wrong with the audit beside it is said of the journal, too.
    assert main(["verify", str(journal)]) == 1
    assert "j.audit: line 3 was changed" in capsys.readouterr().err
    audit.write_text("{\n")
    assert main(["verify", str(audit)]) == 1


def test_an_export_is_audited_before_it_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "j"
    run = Run(path)
    run.live(range(5))
    run.die()
    assert main(["export", str(path), str(tmp_path / "out.jsonl")]) == 0
    folder = str(tmp_path / "tables")
    words = ["--format", "csv", "--deidentify", "--config", str(CONFIG)]
    assert main(["export", str(path), folder, *words]) == 0
    lines = list(audit_lines(audit_path(path)))
    assert [(line.what, line.old, line.new) for line in lines] == [
        ("export", "recording, as it is", str(tmp_path / "out.jsonl")),
        ("export", "csv, de-identified", folder),
    ]
    assert all(line.who.startswith("uid-") for line in lines)
    audit_path(path).write_text("no audit\n")
    capsys.readouterr()
    assert main(["export", str(path), str(tmp_path / "more.jsonl")]) == 0
    assert "this export is not audited" in capsys.readouterr().err
    assert (tmp_path / "more.jsonl").stat().st_size > 0
