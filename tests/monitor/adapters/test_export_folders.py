"""A whole export, replayed: the same messages in the same steps, the same alerts and grades."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from monitor.__main__ import main
from monitor.adapters.disguise import DAY_MS, Disguise, vocabulary
from monitor.adapters.export_folders import ENDINGS, ending_of
from monitor.adapters.extract import Extract
from monitor.adapters.journal import Journal, JournalReader
from monitor.adapters.recording import InputFileError, Recording, Remarks, read_recording
from monitor.adapters.resumption import decoded
from monitor.adapters.sources import open_source, recognised
from monitor.adapters.table_export import layout, write_tables
from monitor.adapters.table_files import CsvFile
from monitor.facts.effects import AlertChanged, AnyEffect
from monitor.facts.records import Input, RawMessage, RecordedStep
from monitor.replay import replay
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

CHECKOUT = Path(__file__).resolve().parents[3]
CONFIG = CHECKOUT / "config"
RECORDINGS = sorted((CHECKOUT / "tests" / "replay" / "recordings").glob("*.jsonl*"))
BY_HAND = next(path for path in RECORDINGS if path.name.startswith("by-hand"))
GOLDEN = CHECKOUT / "tests" / "golden" / "messages" / "in"
UNIT = "inf-a"


def kept(path: Path, steps: Sequence[RecordedStep], ward: Ward | None = None) -> Path:
    """Write a journal of steps, and of what a ward makes of them where one is given."""
    with Journal.open_for_writing(path, unit=UNIT, software="x", config="c") as journal:
        for step in steps:
            number = journal.append_step(step.now_ms, step.messages)
            if ward is not None:
                journal.append_effects(number, ward.take(step.now_ms, decoded(step.messages)))
    return path


def exported(journal: Path, folder: Path, *more: str, form: str = "csv") -> Path:
    assert main(["export", str(journal), str(folder), "--format", form, *more]) == 0
    return folder


def replayed(folder: Path, remarks: Remarks | None = None) -> Recording:
    told = Remarks() if remarks is None else remarks
    (one,) = open_source(folder, told)
    assert remarks is not None or list(told.lines()) == []
    return one


def given(steps: Sequence[RecordedStep]) -> list[tuple[int, list[Input]]]:
    """Return what a ward is given: nothing that is equal here can be decided otherwise."""
    return [(step.now_ms, list(decoded(step.messages))) for step in steps]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a journal with vital signs by hand, a pump, a symptom, refusals, and its alerts."""
    ward = Ward(load_settings(CONFIG).ward, unit=UNIT)
    path = tmp_path_factory.mktemp("whole") / "journal"
    return kept(path, list(read_recording(BY_HAND)), ward)


def told_live(journal: Path) -> list[AnyEffect]:
    with JournalReader.open(journal) as reader:
        return list(reader.effects())


def told_again(steps: Sequence[RecordedStep]) -> list[AnyEffect]:
    ward = Ward(load_settings(CONFIG).ward, unit=UNIT)
    return [effect for _, effects in replay(steps, ward) for effect in effects]


@pytest.mark.parametrize("form", ENDINGS)
def test_what_was_told_live_is_told_again_from_the_tables(
    journal: Path, tmp_path: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    folder = exported(journal, tmp_path / form, form=form)
    one = replayed(folder)
    live = told_live(journal)

    assert (recognised(folder), ending_of(folder)) == ("export", form)
    assert (one.unit, one.config, one.software) == (UNIT, "c", "x")
    assert told_again(tuple(one.steps)) == live
    assert any(isinstance(effect, AlertChanged) and effect.grade > 1 for effect in live)


def test_disguised_tables_have_the_same_alerts_on_another_day(
    journal: Path, tmp_path: Path
) -> None:
    more = ("--deidentify", "--config", str(CONFIG))
    steps = tuple(replayed(exported(journal, tmp_path / "tables", *more)).steps)
    shift_ms = steps[0].now_ms - next(iter(read_recording(BY_HAND))).now_ms

    names = ("bed", "kind", "cause", "grade", "pattern", "revision", "phase", "signal", "priority")

    def alerts(effects: Sequence[AnyEffect], moved_ms: int) -> list[tuple[object, ...]]:
        return [
            (one.at_ms - moved_ms, *(getattr(one, name) for name in names))
            for one in effects
            if isinstance(one, AlertChanged)
        ]

    assert shift_ms % DAY_MS == 0 != shift_ms
    assert alerts(told_again(steps), shift_ms) == alerts(told_live(journal), 0) != []


def test_disguised_tables_are_the_disguised_recording(journal: Path, tmp_path: Path) -> None:
    def disguise(reader: JournalReader) -> Disguise:
        first_ms = min(reader.step_times().values())
        made = Disguise(first_ms=first_ms, words=vocabulary(CONFIG), chance=Random(1))  # noqa: S311 - not a secret here
        made.learn(reader.effects())
        return made

    with JournalReader.open(journal) as reader:
        write_tables(tmp_path, Extract(reader, disguise(reader)), CsvFile, "csv")
        recording = list(disguise(reader).steps(reader.steps()))

    assert given(tuple(replayed(tmp_path).steps)) == given(recording)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name.split(".")[0])
def test_every_message_of_a_ward_comes_again_in_its_step(recording: Path, tmp_path: Path) -> None:
    single = list(read_recording(recording))
    # A journal is quicker with few long steps.
    steps = [
        RecordedStep(
            now_ms=some[-1].now_ms, messages=tuple(raw for one in some for raw in one.messages)
        )
        for some in (single[at : at + 100] for at in range(0, len(single), 100))
    ]
    folder = exported(kept(tmp_path / "journal", steps), tmp_path / "tables")

    assert given(tuple(replayed(folder).steps)) == given(steps)


def golden_messages() -> list[RawMessage]:
    """Return a message of every shape that there is, and some that nobody can take."""
    found = []
    for path in sorted(GOLDEN.glob("*.record.json")):
        kind = path.name.split(".")[0]
        record = json.loads(path.read_bytes())
        name = f"irm/v1/{record['unit']}/{record['bed']}/{record['device']}/{kind}"
        payload = path.with_name(path.name.replace(".record", "")).read_bytes()
        received_ms = record["received_ms"]
        found.append(RawMessage(received_ms=received_ms, topic=name, payload=payload))
    last_ms = max(one.received_ms for one in found)
    for name, payload in (
        (found[0].topic, b"\xff\x00 no text"),
        ("=nobody/knows", b""),
        ("irm/v1/inf-a/1/mon-1/vitals", b'{"seq": 1}'),
    ):
        found.append(RawMessage(received_ms=last_ms, topic=name, payload=payload, retained=True))
    return found


@pytest.mark.parametrize("form", ENDINGS)
def test_every_shape_of_message_survives_its_table(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    messages = golden_messages()
    last_ms = max(one.received_ms for one in messages)
    step = RecordedStep(now_ms=last_ms, messages=tuple(messages))
    folder = exported(kept(tmp_path / "journal", [step]), tmp_path / "tables", form=form)

    assert len(messages) > 40
    assert given(tuple(replayed(folder).steps)) == given([step])


def test_a_text_that_looks_like_a_formula_comes_back_as_it_was(tmp_path: Path) -> None:
    body = {
        "id": "+1",
        "t": "2026-11-24T10:00:00.5Z",
        "by": "=ka",
        "symptom": "-x",
        "present": True,
    }
    raw = RawMessage(
        received_ms=1_795_514_401_000,
        topic="irm/v1/inf-a/1/tab-1/obs",
        payload=json.dumps(body).encode(),
    )
    step = RecordedStep(now_ms=raw.received_ms, messages=(raw,))
    folder = exported(kept(tmp_path / "journal", [step]), tmp_path / "tables")

    assert "'=ka" in (folder / "symptoms.csv").read_text()
    assert given(tuple(replayed(folder).steps)) == given([step])


# ---------------------------------------------------------------------- what cannot be read


@pytest.fixture
def folder(journal: Path, tmp_path: Path) -> Path:
    return exported(journal, tmp_path / "tables")


def changed(path: Path, old: str, new: str, *, line: int = 2) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("pumps", "infusing", "dancing", "dancing"),
        ("pumps", "Z,false", ",false", "names no time zone"),
        ("pumps", "infusing,", "infusing,,,", "row: has "),
    ],
)
def test_an_odd_row_is_named_and_the_rest_goes_on(
    folder: Path, name: str, old: str, new: str, words: str
) -> None:
    changed(folder / f"{name}.csv", old, new)
    remarks = Remarks()
    steps = tuple(replayed(folder, remarks).steps)

    assert remarks.counts == {"rows left out": 1}
    assert f"{name}.csv:2: " in remarks.named[0]
    assert words in remarks.named[0]
    whole = sum(len(step.messages) for step in read_recording(BY_HAND))
    assert sum(len(step.messages) for step in steps) == whole - 1


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("about", ",0", ",5", "folded_step: the vital signs of its first steps were folded"),
        ("about", "1,", "9,", "format: this program reads format 1"),
        ("steps", "1,", "0,", "lies before the step in front of it"),
        ("steps", "Z", "", "names no time zone"),
        ("steps", "1,", "1,1,", r"steps\.csv:2: row: has 3 cells, the table has 2 columns"),
    ],
)
def test_a_folder_that_is_no_whole_export_is_refused(
    folder: Path, name: str, old: str, new: str, words: str
) -> None:
    changed(folder / f"{name}.csv", old, new)

    with pytest.raises(InputFileError, match=words):
        replayed(folder)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "acts.csv").unlink()
    with pytest.raises(InputFileError, match=r"acts\.csv: cannot be read"):
        replayed(folder)
    (folder / "steps.csv").unlink()
    with pytest.raises(InputFileError, match="holds no about, steps and readings"):
        list(open_source(folder, Remarks(), form="export"))


def test_the_command_replays_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["replay", str(folder), "--config", str(CONFIG)]) == 0
    assert capsys.readouterr().out


def test_every_table_is_in_the_manual() -> None:
    page = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    told = page[page.index("### Exports") :]

    assert [name for name in layout() if f"`{name}`" not in told] == []
