"""A journal of an older program: continued where it decides the same, else left as it is."""

from pathlib import Path

import pytest
from journal_runs import Run, same
from old_journals import make_old

from monitor.adapters import folding
from monitor.adapters import snapshots as snapshots_module
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.journal_file import FORMAT, JournalUnreadableError
from monitor.adapters.recovery import RecoveryParams
from monitor.adapters.resumption import LedgerDivergedError
from monitor.adapters.snapshots import marks
from monitor.ward import snapshots as ward_snapshots
from monitor.ward.ward import Ward

OLDER = "0.0+01d"
CHECKOUT = Path(__file__).resolve().parents[3]
LIVED = 83
"""The person has been in trouble for 3 s: that is decided behind the oldest snapshot."""

KEEP = RecoveryParams(snapshot_every_ms=2_000, keep_messages_ms=20_000)
NEVER_FOLD = RecoveryParams(snapshot_every_ms=2_000)


def format_of(path: Path) -> int:
    with JournalReader.open(path) as reader:
        return reader.about.format


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_a_journal_of_every_older_format_is_read_continued_and_then_migrated(
    number: int, tmp_path: Path
) -> None:
    path = tmp_path / "j"
    run = Run(path, every_ms=1_000_000, program=OLDER)
    run.live(range(30))
    run.die()
    make_old(path, number)
    with JournalReader.open(path) as reader:
        assert reader.about.format == number
        assert list(marks(reader)) == []
        assert reader.verify().faults == ()
        assert len(list(reader.steps())) == 30
    again = Run(path)
    assert same(run, again) == []
    assert format_of(path) == number, "nothing is changed before it is known to be continued"
    again.live(range(30, 40))
    again.upkeep.finish()
    again.die()
    assert format_of(path) == FORMAT
    with JournalReader.open(path) as reader:
        assert reader.verify().faults == ()
        assert [mark.place.step for mark in marks(reader)] == [40]
        assert len(list(reader.steps())) == 40


@pytest.mark.parametrize("number", range(1, FORMAT))
def test_a_journal_that_cannot_be_continued_is_left_to_the_program_that_wrote_it(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j"
    run = Run(path, every_ms=1_000_000, program=OLDER)
    run.live(range(30))
    run.die()
    make_old(path, number)
    with monkeypatch.context() as patch:
        patch.setattr(Ward, "take", lambda *_: ())
        with pytest.raises(LedgerDivergedError, match="use the program"):
            Run(path)
    assert format_of(path) == number
    again = Run(path, program=OLDER)
    assert same(run, again) == []
    again.die()


def test_files_are_kept_only_when_the_journal_is_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, config = tmp_path / "j", CHECKOUT / "config"
    run = Run(path, every_ms=1_000_000, config=config)
    run.live(range(30))
    run.die()
    make_old(path, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Ward, "take", lambda *_: ())
        with pytest.raises(LedgerDivergedError):
            Run(path, config=config)
    assert format_of(path) == 2
    Run(path, config=config).die()
    with JournalReader.open(path) as reader:
        assert reader.about.format == FORMAT
        assert next(reader.rows("SELECT count(*) FROM configured"))[0] == 1


@pytest.fixture
def folded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, Path]:
    """A run of an older program whose first hours were folded, and the file of its twin."""
    monkeypatch.setattr(folding, "HOUR_MS", 10_000)
    whole = Run(tmp_path / "whole", params=NEVER_FOLD)
    run = Run(tmp_path / "folded", params=KEEP, program=OLDER)
    for one in (whole, run):
        one.live(range(LIVED))
    run.die()
    with JournalReader.open(tmp_path / "folded") as reader:
        assert reader.about.folded.step > 0
    return whole, tmp_path / "folded"


def test_a_folded_journal_of_an_older_program_goes_on_from_its_oldest_snapshot(
    folded: tuple[Run, Path],
) -> None:
    whole, path = folded
    with JournalReader.open(path) as reader:
        *_, oldest = marks(reader)
    run = Run(path, params=KEEP)
    assert run.resumed is not None
    assert run.resumed.replayed == LIVED - oldest.place.step > 0
    assert all(f"of program {OLDER}" in one for one in run.resumed.refused)
    assert same(whole, run) == []
    for one in (whole, run):
        one.live(range(LIVED, LIVED + 30))
    assert same(whole, run) == []
    run.die()
    whole.die()


def test_an_older_program_that_decided_otherwise_is_found_out_and_its_journal_left(
    folded: tuple[Run, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = folded
    whole.die()
    with monkeypatch.context() as patch:
        patch.setattr(Ward, "take", lambda *_: ())
        with pytest.raises(LedgerDivergedError, match="use the program"):
            Run(path, params=KEEP)
    Run(path, params=KEEP, program=OLDER).die()


def test_a_snapshot_whose_records_differ_is_not_inherited(
    folded: tuple[Run, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = folded
    whole.die()
    monkeypatch.setattr(ward_snapshots, "records_shape", lambda: "another")
    with pytest.raises(JournalUnreadableError, match="no snapshot behind them can be used"):
        Run(path, params=KEEP)
    assert snapshots_module.FORMAT == 1, "what a change of meaning would bump"
    with Journal.open_for_writing(path, unit="infa", software="", config="") as journal:
        assert journal.counts()[0] == LIVED
