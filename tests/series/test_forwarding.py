"""The forwarder: whatever the store says, everything arrives once or is named as refused."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_runs import Run

from monitor.__main__ import main
from monitor.adapters import folding
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.recording import read_recording
from monitor.adapters.recovery import RecoveryParams
from monitor.series.answers import KEPT, Answer
from monitor.series.cursor_file import CursorFile, beside
from monitor.series.forwarding import BACKOFF_LAST_S, Forwarder, Turn, delivered
from monitor.series.influx import InfluxAddress, InfluxStore
from monitor.series.points import Point, point
from monitor.series.reading import recorded_steps
from monitor.series.stores import MemoryStore, SeriesError, SeriesStore
from monitor.series.tape import Place
from scripts.influx_server import RealInflux, Script

FOREVER_MS = 4_000_000_000_000


class Moody(MemoryStore):
    """A store that answers as it was told to before it keeps anything."""

    def __init__(self, *moods: Answer) -> None:
        super().__init__()
        self.moods = list(moods)
        self.calls = 0

    def write(self, points: Sequence[Point]) -> Answer:
        self.calls += 1
        return self.moods.pop(0) if self.moods else super().write(points)


def forwarder(journal: Path, store: SeriesStore, memory: Path) -> Forwarder:
    return Forwarder(journal, store, CursorFile(memory))


def drained(forwarding: Forwarder) -> list[Turn]:
    turns = [forwarding.turn()]
    while turns[-1].state != "idle" or turns[-1].sent:
        turns.append(forwarding.turn())
    return turns


def steps_in(store: SeriesStore, unit: str) -> list[object]:
    return list(recorded_steps(store, unit, from_ms=0, to_ms=FOREVER_MS))


def test_a_store_holds_the_inbox_to_the_byte(finished_journal: Path, tmp_path: Path) -> None:
    store = MemoryStore()
    drained(forwarder(finished_journal, store, tmp_path / "memory"))
    with JournalReader.open(finished_journal) as journal:
        assert steps_in(store, journal.about.unit) == list(journal.steps())
        graded = [row for row in journal.ledger() if row.kind == "grade"]
    found = list(store.rows("grades", {}, from_ns=0, to_ns=FOREVER_MS * 10**6))
    assert len(found) == len(graded) > 0


@settings(max_examples=20)
@given(st.lists(st.sampled_from(["later", "forbidden"]), max_size=12))
def test_any_row_of_failures_loses_and_doubles_nothing(
    finished_journal: Path, tmp_path_factory: pytest.TempPathFactory, moods: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("moody")
    store = Moody(*(Answer(verdict=mood) for mood in moods))  # type: ignore[arg-type]  # both are verdicts
    forwarding = forwarder(finished_journal, store, folder / "memory")
    waits = [turn.wait_s for turn in drained(forwarding) if turn.state in {"waiting", "forbidden"}]
    assert len(waits) == len(moods)
    assert waits == sorted(waits)
    assert all(wait <= BACKOFF_LAST_S for wait in waits)
    calm = MemoryStore()
    drained(forwarder(finished_journal, calm, folder / "other"))
    assert store._rows == calm._rows


def test_a_server_that_asks_for_patience_gets_it(finished_journal: Path, tmp_path: Path) -> None:
    asked = Answer(verdict="later", words="429", retry_after_s=90.0)
    turn = forwarder(finished_journal, Moody(asked), tmp_path / "memory").turn()
    assert (turn.state, turn.wait_s) == ("waiting", 90.0)


def test_a_forwarder_that_ended_goes_on_where_it_was(
    finished_journal: Path, tmp_path: Path
) -> None:
    store = MemoryStore()
    first = forwarder(finished_journal, store, tmp_path / "memory")
    drained(first)
    again = Moody()
    assert forwarder(finished_journal, again, tmp_path / "memory").turn().state == "idle"
    assert again.calls == 0


def test_each_store_has_a_place_of_its_own(tmp_path: Path) -> None:
    cursor = CursorFile(tmp_path / "memory")
    cursor.move("a", "u:1", Place(step=3, message=2, row=1), [("line", "because")])
    cursor.move("a", "u:2", Place(step=1))
    assert cursor.place("a", "u:1") == Place(step=3, message=2, row=1)
    assert cursor.place("a", "u:2") == Place(step=1)
    assert cursor.place("b", "u:1") is None
    assert cursor.refused("a") == [("line", "because")]
    cursor.close()


def test_a_point_that_no_store_takes_is_named_and_the_others_pass() -> None:
    points = [point("vitals", n, {}, {"hr": float(n)}) for n in range(50)]
    kept: list[Point] = []

    def picky(given: Sequence[Point]) -> Answer:
        if any(one.t_ns == 33 for one in given):
            return Answer(verdict="partly", words="400: no")
        kept.extend(given)
        return KEPT

    refused: list[tuple[str, str]] = []
    assert delivered(picky, points, refused) is None
    assert refused == [("vitals hr=33.0 33", "400: no")]
    assert {one.t_ns for one in kept} == set(range(50)) - {33}


def test_rows_that_are_gone_before_they_were_sent_are_named(
    finished_journal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    with JournalReader.open(path) as journal:
        unit = journal.about.unit
    with Journal.open_for_writing(path, unit=unit, software="", config="c") as kept:
        kept._connection.execute("DELETE FROM inbox WHERE n <= 5")
    forwarding = forwarder(path, MemoryStore(), tmp_path / "memory")
    assert any("5 of the inbox rows 1 to" in turn.words for turn in drained(forwarding))


def test_a_hole_in_the_middle_is_named_too(finished_journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    with JournalReader.open(path) as journal:
        unit, (_, messages, _) = journal.about.unit, journal.counts()
    with Journal.open_for_writing(path, unit=unit, software="", config="c") as kept:
        kept._connection.execute("DELETE FROM inbox WHERE n BETWEEN 7 AND 9")
    forwarding = forwarder(path, MemoryStore(), tmp_path / "memory")
    said = f"3 of the inbox rows 1 to {messages} had been removed"
    assert any(said in turn.words for turn in drained(forwarding))


def test_what_was_folded_before_it_was_sent_comes_from_its_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "HOUR_MS", 10_000)
    monkeypatch.setattr(folding, "BITE", 7)
    never = RecoveryParams(snapshot_every_ms=2_000)
    soon = RecoveryParams(snapshot_every_ms=2_000, keep_messages_ms=20_000)
    stores = {}
    for name, params in (("whole", never), ("folded", soon)):
        run = Run(tmp_path / name, params=params)
        # The store is away from the fifth second to the end.
        run.live(range(5))
        store = stores[name] = MemoryStore()
        forwarding = forwarder(tmp_path / name, store, tmp_path / f"{name}.memory")
        drained(forwarding)
        run.live(range(5, 200))
        run.die()
        with JournalReader.open(tmp_path / name) as journal:
            assert (journal.about.folded.message > 100) == (name == "folded")
        words = " ".join(turn.words for turn in drained(forwarding))
        assert ("had been folded" in words) == (name == "folded")
    for measurement in ("vitals", "derived", "sessions", "alerts", "grades"):
        rows = {
            name: [
                (at_ns, {key: value for key, value in fields.items() if key != "sequence"})
                for at_ns, fields in store.rows(measurement, {}, from_ns=0, to_ns=2**62)
            ]
            for name, store in stores.items()
        }
        assert sorted(rows["whole"], key=str) == sorted(rows["folded"], key=str)
        assert rows["whole"] or measurement != "vitals"


def test_a_missing_step_is_said_and_not_passed_over() -> None:
    store = MemoryStore()
    for n in (1, 3):
        store.write([point("step", n * 10**9, {"unit": "u"}, {"n": float(n)})])
    with pytest.raises(SeriesError, match="steps 2 to 2 are missing"):
        steps_in(store, "u")


def test_what_grows_while_it_is_sent_is_sent_too(finished_journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    store = MemoryStore()
    forwarding = forwarder(path, store, tmp_path / "memory")
    drained(forwarding)
    with JournalReader.open(path) as journal:
        unit, last = journal.about.unit, list(journal.steps())[-1]
    with Journal.open_for_writing(path, unit=unit, software="", config="c") as kept:
        kept.append_step(last.now_ms + 1000, last.messages)
    before = len(steps_in(store, unit))
    drained(forwarding)
    assert len(steps_in(store, unit)) == before + 1


def test_a_database_that_is_killed_in_between_holds_everything_in_the_end(
    finished_journal: Path, influx: RealInflux, influx_url: tuple[str, Script], tmp_path: Path
) -> None:
    url, _ = influx_url
    store = InfluxStore(InfluxAddress(url=url, bucket="irm"))
    forwarding = forwarder(finished_journal, store, tmp_path / "memory")
    influx.kill()
    assert forwarding.turn().state == "waiting"
    influx.start()
    assert forwarding.turn().sent > 0
    influx.kill()
    influx.start()
    drained(forwarding)
    with JournalReader.open(finished_journal) as journal:
        assert steps_in(store, journal.about.unit) == list(journal.steps())
    store.close()


def test_forward_fetch_and_replay_give_the_effects_of_the_ledger(
    finished_journal: Path,
    influx_url: tuple[str, Script],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, _ = influx_url
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    assert main(["forward", str(path), "--store", url, "--once"]) == 0
    assert beside(path).is_file()
    recording = tmp_path / "fetched.jsonl"
    with JournalReader.open(path) as journal:
        unit, steps = journal.about.unit, list(journal.steps())
    span = ["--from", "2020-01-01T00:00:00Z", "--to", "2040-01-01T00:00:00Z"]
    assert main(["fetch", str(recording), "--store", url, "--unit", unit, *span]) == 0
    assert list(read_recording(recording)) == steps
    capsys.readouterr()
    for source in (recording, path):
        assert main(["replay", str(source), "--json"]) == 0
    replayed = capsys.readouterr().out.splitlines()
    assert replayed[: len(replayed) // 2] == replayed[len(replayed) // 2 :]


def test_the_log_says_again_how_much_waits(
    finished_journal: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("monitor.series_command.TELL_AGAIN_S", 0.0)
    monkeypatch.setattr("monitor.series.forwarding.ROWS_PER_TURN", 20)
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    assert main(["forward", str(path), "--store", f"sqlite:{tmp_path / 's'}", "--once"]) == 0
    lines = capsys.readouterr().err.splitlines()
    waiting = [
        int(word.removeprefix("waiting="))
        for line in lines
        for word in line.split()
        if word.startswith("waiting=")
    ]
    with JournalReader.open(path) as journal:
        messages = journal.counts()[1]
    assert waiting[0] == messages - 20
    assert waiting[-1] == 0
    assert waiting == sorted(waiting, reverse=True)
    assert len(waiting) > messages // 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--store", "ftp://host"], "must be http://HOST:PORT"),
        (["--store", "http://127.0.0.1:1", "--token-file", "/nowhere/token"], "cannot be read"),
    ],
)
def test_a_store_that_cannot_be_meant_is_refused_in_words(
    finished_journal: Path,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["forward", str(finished_journal), "--once", *arguments]) in {2, 3}
    assert words in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_store_out_of_reach_ends_a_single_run_with_3(
    finished_journal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ward.journal"
    shutil.copy(finished_journal, path)
    assert main(["forward", str(path), "--once", "--store", "http://127.0.0.1:1"]) == 3
