"""Our own tables, replayed: every value comes again as it came, and odd rows are named."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor.__main__ import main
from monitor.adapters.exports import COLUMNS, HEADER, is_export
from monitor.adapters.extract import ReadingRow
from monitor.adapters.journal import Journal
from monitor.adapters.recording import InputFileError, Recording, Remarks, read_recording
from monitor.adapters.resumption import decoded
from monitor.adapters.sources import open_source, recognised
from monitor.adapters.table_files import typed_columns
from monitor.facts.records import MessageRefused, RecordedStep, SessionReported, VitalsReported
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

CHECKOUT = Path(__file__).resolve().parents[3]
RECORDING = CHECKOUT / "tests" / "replay" / "recordings" / "anaphylaxis.jsonl.gz"
STEPS = list(read_recording(RECORDING))[:900]
ROW = "inf-a,S-1,17,mon-1,hr,72.00,/min,2026-11-24T10:00:00.000Z,2026-11-24T10:00:00.100Z,"

Said = tuple[str, str, int, int, int, int]


def values_of(steps: Iterable[RecordedStep]) -> Counter[Said]:
    """Return every value with bed, device and both times."""
    found: Counter[Said] = Counter()
    for step in steps:
        for record in decoded(step.messages):
            assert not isinstance(record, MessageRefused)
            if isinstance(record, VitalsReported):
                found.update(
                    (
                        record.bed,
                        record.device,
                        value.channel,
                        value.value_centi,
                        value.measured_ms,
                        record.received_ms,
                    )
                    for value in record.values
                )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a journal and its tables."""
    made = tmp_path_factory.mktemp("tables")
    ward = Ward(load_settings(CHECKOUT / "config").ward, unit="inf-a")
    with Journal.open_for_writing(
        made / "journal", unit="inf-a", software="", config=""
    ) as journal:
        for step in STEPS:
            number = journal.append_step(step.now_ms, step.messages)
            journal.append_effects(number, ward.take(step.now_ms, decoded(step.messages)))
    assert main(["export", str(made / "journal"), str(made), "--format", "csv"]) == 0
    return made


def replayed(path: Path, remarks: Remarks) -> list[Recording]:
    return list(open_source(path, remarks))


def written(path: Path, *rows: str, head: str = HEADER.decode()) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_columns_are_those_that_an_export_writes() -> None:
    written_by_us = [column.name for column in typed_columns(ReadingRow)]
    assert tuple(written_by_us[: len(COLUMNS)]) == COLUMNS
    assert is_export(",".join(written_by_us).encode() + b"\n")
    assert is_export(b"\xef\xbb\xbf" + HEADER + b"\r\n")
    assert not is_export(b"time,hr\n")


def test_an_export_comes_in_again_value_by_value(folder: Path) -> None:
    remarks = Remarks()
    (one,) = replayed(folder / "readings.csv", remarks)

    assert recognised(folder / "readings.csv") == "export"
    assert values_of(one.steps) == values_of(STEPS)
    assert list(remarks.lines()) == []


def test_the_command_replays_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(folder / "readings.csv")]) == 0
    assert capsys.readouterr().out


def test_parquet_comes_in_again_as_well(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
    assert main(["export", str(folder / "journal"), str(tmp_path), "--format", "parquet"]) == 0
    (one,) = replayed(tmp_path / "readings.parquet", Remarks())

    assert values_of(one.steps) == values_of(STEPS)


def test_every_session_is_one_recording_that_opens_starts_and_closes(tmp_path: Path) -> None:
    later = ROW.replace("10:00:00", "10:20:00")
    path = written(tmp_path / "readings.csv", ROW, later, ROW.replace("S-1,17", ",18"))
    first, second = replayed(path, Remarks())
    events = [
        record.event
        for step in first.steps
        for record in decoded(step.messages)
        if isinstance(record, SessionReported)
    ]

    assert events == ["open", "start", "close"]
    assert [one.name for one in (first, second)] == ["readings.csv 17 S-1", "readings.csv 18"]


def test_a_value_with_a_time_of_its_own_keeps_it_and_a_second_of_a_channel_too(
    tmp_path: Path,
) -> None:
    older = ROW.replace("hr,72.00,/min,2026-11-24T10:00:00", "temp,37.00,Cel,2026-11-24T09:55:00")
    path = written(tmp_path / "readings.csv", ROW, older, ROW.replace("72.00", "73.00"))
    (one,) = replayed(path, Remarks())

    assert sorted((said[3], said[4] % 3_600_000) for said in values_of(one.steps)) == [
        (3700, 3_300_000),
        (7200, 0),
        (7300, 0),
    ]


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (ROW.replace("72.00", "fast"), "could not convert"),
        (ROW.replace(",hr,", ",pulse,"), "pulse"),
        (ROW.replace("/min", "hours"), "hours"),
        (ROW.replace("mon-1", "Mon 1"), "device: cannot stand in a topic (got 'Mon 1')"),
        (ROW.replace("10:00:00.100Z", "10:00:00.100"), "names no time zone"),
        (ROW.replace("2026-11-24T10:00:00.100Z", "yesterday"), "yesterday"),
        (ROW.replace(",hr,", ",,hr,") + "told", "row: has 11 cells, the table has 10 columns"),
    ],
)
def test_an_odd_row_is_named_and_the_rest_goes_on(tmp_path: Path, odd: str, words: str) -> None:
    remarks = Remarks()
    path = written(tmp_path / "readings.csv", odd, ROW)
    (one,) = replayed(path, remarks)

    assert sum(values_of(one.steps).values()) == 1
    assert [words in said and f"{path}:2: " in said for said in remarks.named] == [True]


def test_what_was_quarantined_is_left_out(tmp_path: Path) -> None:
    remarks = Remarks()
    path = written(tmp_path / "readings.csv", ROW, ROW + "quarantined")
    (one,) = replayed(path, remarks)

    assert sum(values_of(one.steps).values()) == 1
    assert remarks.counts == {"values of somebody else left out": 1}


@pytest.mark.parametrize("rows", [(), (ROW + "quarantined",)])
def test_a_table_without_a_reading_is_refused(tmp_path: Path, rows: tuple[str, ...]) -> None:
    path = written(tmp_path / "readings.csv", *rows)
    with pytest.raises(InputFileError, match="holds no reading that can be replayed"):
        replayed(path, Remarks())


def test_a_table_that_lacks_a_column_is_refused_when_its_format_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "some.csv", "1", head="unit")
    with pytest.raises(InputFileError, match="lacks this column"):
        list(open_source(path, Remarks(), form="export"))


def test_a_session_over_years_is_a_wrong_date_and_is_refused(tmp_path: Path) -> None:
    later = ROW.replace("2026-11-24T10:00:00.100Z", "2126-11-24T10:00:00.100Z")
    path = written(tmp_path / "readings.csv", ROW, later)
    with pytest.raises(InputFileError, match="session S-1 lasts over a month"):
        replayed(path, Remarks())
