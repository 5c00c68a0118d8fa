"""The replay command: what people and programs see of a replay, and how it refuses."""

import contextlib
import io
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from replay_wards import STEPS, StandInWard, effects_of, recorded

from monitor.__main__ import main
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.ledger import effect_bytes
from monitor.adapters.sources import FORMATS
from monitor.excerpts import Moment, Reading
from monitor.facts.effects import AnyEffect
from monitor.facts.records import Input, RecordedStep
from monitor.replay import digest, replay, run
from monitor.replay_command import _moment, _paced


def test_the_command_prints_effects_as_lines(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    code = run([recorded(tmp_path)], ward_of=StandInWard, out=out, err=err, as_json=True)

    assert code == 0
    assert out.getvalue().encode().splitlines() == [effect_bytes(e) for e in effects_of(STEPS)]
    assert f"sha256:{digest(effects_of(STEPS))}" in err.getvalue()


def test_the_command_prints_a_summary_for_people(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    assert run([recorded(tmp_path)], ward_of=StandInWard, out=out, err=err) == 0

    assert "refused         1 (unknown-topic: 1)" in out.getvalue()
    assert "highest grade   1 (grade 2: 1)" in out.getvalue()
    assert err.getvalue() == ""


def test_the_command_compares_with_what_was_blessed(tmp_path: Path) -> None:
    path, blessed = recorded(tmp_path), tmp_path / "blessed.jsonl"
    lines = [effect_bytes(effect) + b"\n" for effect in effects_of(STEPS)]
    blessed.write_bytes(b"".join(lines))
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 0
    assert "no difference" in err.getvalue()

    blessed.write_bytes(b"".join(lines[:-1]))
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 1
    assert "effect 3: more effects than were blessed" in err.getvalue()

    blessed.write_bytes(b"\xef\xbb\xbf" + b"".join(lines))
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 0


def test_what_is_no_effect_is_not_compared_with(tmp_path: Path) -> None:
    path, blessed = recorded(tmp_path), tmp_path / "blessed.jsonl"
    blessed.write_bytes(b'{"effect":"x"}\n\xff\xfe{\n')
    err = io.StringIO()
    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err, compare=blessed) == 4
    assert f"{blessed}:2: is no effect as replay --json writes them" in err.getvalue()


def test_the_command_replays_under_other_boundaries(tmp_path: Path) -> None:
    path, outs = recorded(tmp_path), []
    for rebatch_ms in (None, 0, 60_000):
        out = io.StringIO()
        run(
            [path],
            ward_of=StandInWard,
            out=out,
            err=io.StringIO(),
            as_json=True,
            reading=Reading(rebatch_ms=rebatch_ms),
        )
        outs.append(out.getvalue())

    assert outs[0] == outs[1] == outs[2] != ""


@pytest.mark.parametrize("which", ["missing", "foreign", "empty folder", "blessed", "format"])
def test_what_cannot_be_read_is_named_with_exit_4(tmp_path: Path, which: str) -> None:
    path = recorded(tmp_path)
    compare, form = None, "auto"
    if which == "missing":
        path = tmp_path / "none.jsonl"
    elif which == "foreign":
        path = tmp_path / "notes.txt"
        path.write_text("hello\n")
    elif which == "empty folder":
        path = tmp_path / "empty"
        path.mkdir()
    elif which == "blessed":
        compare = tmp_path / "none.jsonl"
    else:
        form = "edf"
    err = io.StringIO()

    reading = Reading(form=form)
    code = run(
        [path], ward_of=StandInWard, out=io.StringIO(), err=err, reading=reading, compare=compare
    )

    assert code == 4
    assert str(compare or path) in err.getvalue()


def test_a_torn_end_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    out, err = io.StringIO(), io.StringIO()

    assert run([path], ward_of=StandInWard, out=out, err=err) == 0

    assert "r.jsonl:5: torn last line left out" in err.getvalue()
    assert "steps           3" in out.getvalue()


def test_bad_lines_stop_the_replay_unless_they_may_be_left_out(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    header, first, *rest = path.read_bytes().splitlines(keepends=True)
    bad = [b'{"now_ms":"late","inbox":[]}\n', b"no json\n", b'{"now_ms":0,"inbox":[]}\n']
    path.write_bytes(b"".join([header, first, *bad, *rest]))
    outs, errs = [], []
    for skips_bad in (False, True):
        out, err = io.StringIO(), io.StringIO()
        reading = Reading(skips_bad=skips_bad)
        code = run([path], ward_of=StandInWard, out=out, err=err, as_json=True, reading=reading)
        assert code == (1 if skips_bad else 4)
        outs.append(out.getvalue())
        errs.append(err.getvalue())

    assert errs[0].startswith(f"{path}:3: now_ms: ")
    for number, words in ((3, "now_ms: "), (4, "is no step"), (5, "now_ms: ")):
        assert f"left out: {path}:{number}: " in errs[1]
        assert words in errs[1]
    assert "bad lines left out: 3" in errs[1]
    assert outs[1].encode().splitlines() == [effect_bytes(e) for e in effects_of(STEPS)]


def test_a_stretch_is_told_by_a_ward_that_knows_what_was_before(tmp_path: Path) -> None:
    path = recorded(tmp_path)
    first, *between, last = (step.now_ms for step in STEPS)
    told = [
        (step.now_ms, [effect_bytes(one) for one in effects])
        for step, effects in replay(STEPS, StandInWard("inf-a"))
    ]
    for begin, end in ((None, between[0]), (between[0], None), (between[-1], between[-1])):
        out, err = io.StringIO(), io.StringIO()
        reading = Reading(
            begin=None if begin is None else Moment(ms=begin, since_start=False),
            end=None if end is None else Moment(ms=end - first, since_start=True),
        )
        code = run([path], ward_of=StandInWard, out=out, err=err, as_json=True, reading=reading)
        assert code == 0
        from_ms, to_ms = begin or first, end or last
        wanted = [line for at, lines in told if from_ms <= at <= to_ms for line in lines]
        assert out.getvalue().encode().splitlines() == wanted
        read = sum(at <= to_ms for at, _ in told)
        assert f"steps           {read}," in err.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1:30", Moment(ms=5_400_000, since_start=True)),
        ("2026-11-22T13:45:00Z", Moment(ms=1_795_355_100_000, since_start=False)),
        ("2026-11-22T13:45", Moment(ms=1_795_355_100_000, since_start=False)),
        (None, None),
    ],
)
def test_a_moment_is_since_the_start_or_of_the_day(
    text: str | None, expected: Moment | None
) -> None:
    assert _moment("--from", text) == expected


def test_a_moment_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(recorded(tmp_path)), "--from", "noon"]) == 2
    assert "--from noon: must be" in capsys.readouterr().err


def test_a_pace_begins_where_the_telling_does(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Event, "wait", lambda _, timeout=None: waited.append(timeout))
    begin = Moment(ms=STEPS[-1].now_ms, since_start=False)

    paced = _paced(StandInWard, 1e-3, begin)("inf-a")  # type: ignore[arg-type]  # a stand-in

    for step in STEPS:
        paced.take(step.now_ms, ())
    assert waited == []


@pytest.mark.parametrize("option", ["--into", "--engine"])
def test_leaving_out_bad_lines_goes_with_no_engine_or_broker(
    tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"--into": "localhost", "--engine": "serial"}[option]
    assert main(["replay", str(recorded(tmp_path)), "--skip-bad", option, value]) == 2
    assert "--skip-bad, --from and --to go without" in capsys.readouterr().err


def test_a_folder_is_everything_in_it_that_can_be_replayed(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz"):
        recorded(tmp_path, name=name)
    (tmp_path / "README.md").write_text("words\n")
    out, err = io.StringIO(), io.StringIO()

    assert run([tmp_path], ward_of=StandInWard, out=out, err=err) == 0

    assert "recordings      2" in out.getvalue()
    assert "files and folders passed over: 1" in err.getvalue()


def test_a_journal_replays_to_its_own_ledger(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    ward = StandInWard()
    with Journal.open_for_writing(path, unit="inf-a", software="0.1.0", config="") as journal:
        for step, effects in replay(STEPS, ward):
            number = journal.append_step(step.now_ms, step.messages)
            journal.append_effects(number, effects)
    out = io.StringIO()

    assert run([path], ward_of=StandInWard, out=out, err=io.StringIO(), as_json=True) == 0

    with JournalReader.open(path) as journal:
        kept = [row.body.decode() for row in journal.ledger()]
    assert kept == out.getvalue().splitlines()
    assert len(kept) == 3


def test_a_database_that_is_no_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (n)")
        database.commit()
    err = io.StringIO()

    assert run([path], ward_of=StandInWard, out=io.StringIO(), err=err) == 4

    assert "no journal" in err.getvalue()


class FailingWard(StandInWard):
    """Falls over the first step, as a ward with a bug does."""

    def take(self, now_ms: int, inputs: Sequence[Input]) -> tuple[AnyEffect, ...]:
        if now_ms == STEPS[0].now_ms:
            raise LookupError("a bug")
        return super().take(now_ms, inputs)


def test_a_ward_that_fails_stops_the_replay_unless_somebody_is_told() -> None:
    with pytest.raises(LookupError, match="a bug"):
        list(replay(STEPS, FailingWard()))

    told: list[RecordedStep] = []
    replayed = list(replay(STEPS, FailingWard(), failed=lambda step, _: told.append(step)))

    assert told == [STEPS[0]]
    assert [len(effects) for _, effects in replayed] == [0, 0, 1, 1]


def test_the_command_goes_on_after_a_failed_step_as_a_live_monitor_does(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()

    assert run([recorded(tmp_path)], ward_of=FailingWard, out=out, err=err) == 1

    assert "the ward failed in the step at 1795514401000 ms: LookupError: a bug" in err.getvalue()
    assert "effects 2" in out.getvalue()


def test_every_format_is_named_by_the_help_and_no_other_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "240")
    assert main(["replay", "--help"]) == 0
    helped = capsys.readouterr().out
    assert all(name in helped for name in FORMATS)

    assert main(["replay", str(tmp_path), "--format", "edf"]) == 2

    assert f"--format edf: must be one of auto, {', '.join(FORMATS)}" in " ".join(
        capsys.readouterr().err.replace("\u2502", " ").split()
    )
