"""``replay --from influx``: what a store holds is replayed as a file that was fetched from it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.__main__ import main
from monitor.adapters.journal import JournalReader
from monitor.wire.outbound import iso
from scripts.influx_server import Script, proxy

NIGHT = ["--from", "2020-01-01T00:00:00Z", "--to", "2040-01-01T00:00:00Z"]


@pytest.fixture(params=["sqlite", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store: a file, and a real InfluxDB behind its rewrite."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'series.sqlite'}"
    url: str = request.getfixturevalue("influx_url")[0]
    return url


@pytest.fixture
def unit(finished_journal: Path) -> str:
    with JournalReader.open(finished_journal) as journal:
        return journal.about.unit


@pytest.fixture
def filled(store: str, finished_journal: Path, tmp_path: Path) -> str:
    """A store that holds the journal."""
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    assert main(["forward", str(path), "--store", store, "--once"]) == 0
    return store


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, " ".join(said.err.replace("│", " ").split())


def test_a_replay_from_a_store_is_that_of_what_was_fetched(
    filled: str, unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = str(tmp_path / "fetched.jsonl")
    assert main(["fetch", recording, "--store", filled, "--unit", unit, *NIGHT]) == 0
    code, effects, summary = told(capsys, "replay", recording, "--json")
    assert (code, effects.count("\n") > 20) == (0, True)
    here = ("--from", "influx", "--store", filled, "--unit", unit)
    for times in (NIGHT, []):
        assert told(capsys, "replay", *here, *times, "--json") == (0, effects, summary)


def test_a_stretch_of_a_store_is_what_a_stretch_that_was_fetched_is(
    filled: str,
    unit: str,
    finished_journal: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with JournalReader.open(finished_journal) as journal:
        times = [step.now_ms for step in journal.steps()]
    stretch = ["--from", iso(times[len(times) // 3]), "--to", iso(times[-1])]
    recording = str(tmp_path / "fetched.jsonl")
    assert main(["fetch", recording, "--store", filled, "--unit", unit, *stretch]) == 0
    _, effects, summary = told(capsys, "replay", recording, "--json")
    assert f"steps {len(times) - len(times) // 3 - 1}," in summary, "the last is not part of it"
    here = ("--from", "influx", "--store", filled, "--unit", unit, *stretch)
    assert told(capsys, "replay", *here, "--json") == (0, effects, summary)


def both(store: str, unit: str, *more: str) -> Iterator[list[str]]:
    """Yield the two commands that read a store."""
    yield ["fetch", "--store", store, "--unit", unit, *NIGHT, *more]
    yield ["replay", "--from", "influx", "--store", store, "--unit", unit, *NIGHT, *more]


@pytest.mark.parametrize("wrong", ["unit", "time", "bucket", "away"])
def test_both_commands_refuse_a_store_that_has_nothing_for_them_alike(
    wrong: str,
    filled: str,
    unit: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if filled.startswith("sqlite") and wrong in {"bucket", "away"}:
        filled = f"sqlite:{tmp_path / 'nowhere' / 'series.sqlite'}"
    commands, words = {
        "unit": (both(filled, "nobody"), "holds nothing of unit 'nobody'; check --unit"),
        "time": (
            both(filled, unit, "--to", "2020-02-01T00:00:00Z"),
            f"of unit {unit} from 2020-01-01T00:00:00.000Z to 2020-02-01T00:00:00.000Z; its first",
        ),
        "bucket": (both(filled, unit, "--bucket", "other"), "database not found: other"),
        "away": (both("http://127.0.0.1:1", unit), "cannot be asked"),
    }[wrong]
    if "nowhere" in filled:
        commands, words = both(filled, unit), "unable to open database file"
    for command in commands:
        code, effects, said = told(capsys, *command)
        assert (code, effects) == (3, "")
        assert words in said


def test_both_commands_say_that_a_token_is_missing(
    unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    with proxy("", Script(token="other")) as url:  # noqa: S106 - nobody's
        for command in both(url, unit, "--token-file", str(token)):
            code, effects, said = told(capsys, *command)
            assert (code, effects) == (3, "")
            assert "401: " in said
            assert "unauthorized access" in said
            assert "check --token-file" in said
            assert "s3cret" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a file or folder, or --from influx"),
        (["--from", "influx"], "needs --store"),
        (["--store", "sqlite:x", "f"], "belongs to --from influx"),
        (["--from", "influx", "--store", "sqlite:x", "f"], "do not go together"),
        (["--from", "influx", "--store", "ftp://x"], "must be http://HOST:PORT"),
        (["--from", "influx", "--store", "sqlite:{}/x", "--from", "1:30"], "must be a time as"),
        (["f", "--from", "0:10", "--from", "0:20"], "one time at most"),
        (["f", "--from", "2:00", "--to", "1:00"], "must end after it begins"),
        (["f", "--speed", "inf"], "must be above 0 and finite"),
        (["--from", "influx", "--store", "sqlite:x", "--into", "h:1"], "fetch writes a file"),
        (["--bed", "7", "f", "--engine", "serial"], "go without --into and --engine"),
        (["--unit", "u", "f"], "--unit also to influx"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [text.format(tmp_path) for text in arguments]
    code, _, said = told(capsys, "replay", *given)
    assert code == 2
    assert words in said
