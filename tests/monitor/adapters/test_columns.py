"""Tables of anybody by a map of their columns: what is read, and how a bad row is told."""

import gzip
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from monitor.adapters import columns
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.facts.records import PumpReported, SessionReported, VitalsReported
from monitor.wire.messages import decode

MAP = """
bed = "chair"
rate = "flow"
time = { column = "when", unit = "min" }
[channels]
hr = { column = "pulse", unit = "bpm" }
temp = { column = "t", unit = "[degF]" }
"""
TABLE = """when,chair,pulse,t,flow
0,A,70,98.6,
1,B,80,,
5,A,fast,,
6,A,72,,50
7,,72,,
9,A,,,0
"""


def written(folder: Path, table: str = TABLE, told: str = MAP) -> Path:
    """Write a table with its map and return the table."""
    path = folder / "night.csv"
    path.write_text(table, encoding="utf-8")
    path.with_name("night.columns.toml").write_text(told, encoding="utf-8")
    return path


def records(recording: Recording) -> list[object]:
    """Return everything that a recording says."""
    return [
        decode(raw, position=n) for step in recording.steps for n, raw in enumerate(step.messages)
    ]


def test_every_bed_is_a_recording_and_units_are_those_of_the_map(tmp_path: Path) -> None:
    path, remarks = written(tmp_path), Remarks()

    assert recognised(path) == "columns"
    first, second = open_source(path, remarks)

    assert (first.name, second.name) == ("night.csv A", "night.csv B")
    told = records(first)
    vitals = [one for one in told if isinstance(one, VitalsReported)]
    assert [[v.value_centi for v in one.values] for one in vitals] == [[7000, 3700], [7200]]
    assert [v.measured_ms - columns.ZERO_MS for one in vitals for v in one.values] == [
        0,
        0,
        360_000,
    ]
    pumps = [one for one in told if isinstance(one, PumpReported)]
    assert [(one.state, one.rate_centi_ml_per_h) for one in pumps] == [
        ("infusing", 5000),
        ("paused", 0),
    ]


def test_a_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path, remarks = written(tmp_path), Remarks()

    list(open_source(path, remarks))

    assert remarks.named == [
        f"{path}:4: pulse: is no number (got 'fast'); row left out",
        f"{path}:6: chair: is empty (got ''); row left out",
    ]


def test_without_rates_the_infusion_starts_when_the_map_says(tmp_path: Path) -> None:
    told = """
start_min = 3
separator = ";"
time = { column = "at", unit = "iso" }
[channels]
hr = { column = "hr", unit = "/min" }
"""
    table = "at;hr\n2026-11-24T10:00:00Z;70\n2026-11-24 10:05:00;71\n2026-13-01;72\n1960-01-01;7\n"
    remarks = Remarks()

    (only,) = open_source(written(tmp_path, table, told), remarks)

    sessions = [one for one in records(only) if isinstance(one, SessionReported)]
    assert [one.event for one in sessions] == ["open", "start", "close"]
    assert sessions[1].received_ms - sessions[0].received_ms == 180_000
    assert [line.split(": ", 2)[1:] for line in remarks.named] == [
        ["at", "is no time in ISO 8601 (got '2026-13-01'); row left out"],
        ["at", "lies before 1970 (got '1960-01-01'); row left out"],
    ]


@pytest.mark.parametrize(
    ("table", "told", "words"),
    [
        ("x\n1\n", MAP, "lacks this column"),
        ("when,chair,pulse,t,flow\n", MAP, "no row that can be read"),
        ("when,chair,pulse,t,flow\n0,A,1,,\n99999,A,1,,\n", MAP, "lasts over a month"),
        (TABLE, MAP.replace('"bpm"', '"beats"'), "no map of columns"),
        (TABLE, MAP + "[", "no map of columns"),
        (TABLE, MAP.replace("[channels]", "[more]"), "no map of columns"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, table: str, told: str, words: str) -> None:
    with pytest.raises(InputFileError, match=words):
        list(open_source(written(tmp_path, table, told), Remarks()))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("inf,A,1,,", "when: must be finite"),
        ("1,A,1e9,,", "pulse: must be finite"),
        ("1,A,1,,-3", "flow: must be at least 0"),
        ("1,A,7,1,,,50", "row: has 7 cells, the table has 5 columns (got ',50')"),
    ],
)
def test_numbers_out_of_bounds_are_left_out(tmp_path: Path, row: str, words: str) -> None:
    remarks = Remarks()
    table = f"when,chair,pulse,t,flow\n0,A,70,,\n{row}\n"

    list(open_source(written(tmp_path, table), remarks))

    assert words in remarks.named[0]


def test_an_empty_cell_at_the_end_of_a_row_is_none_too_many(tmp_path: Path) -> None:
    remarks = Remarks()
    list(open_source(written(tmp_path, "when,chair,pulse,t,flow\n0,A,70,,,\n"), remarks))
    assert remarks.named == []


def parquet_table(folder: Path) -> Path:
    """Write a Parquet table with a map beside it and return it."""
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    start = datetime(2026, 11, 24, 10, tzinfo=UTC)
    table = {
        "when": [start, start + timedelta(minutes=5), None],
        "chair": ["A", "A", "A"],
        "pulse": [70, None, 71],
        "t": [98.6, 99.5, None],
        "flow": [None, 50.0, None],
    }
    path = folder / "night.parquet"
    parquet.write_table(pa.table(table), path)
    told = MAP.replace('unit = "min"', 'unit = "iso"')
    path.with_name("night.columns.toml").write_text(told, encoding="utf-8")
    return path


def test_a_parquet_table_is_read_by_the_same_map(tmp_path: Path) -> None:
    path, remarks = parquet_table(tmp_path), Remarks()

    assert recognised(path) == "columns"
    (only,) = open_source(path, remarks)

    told = records(only)
    vitals = [one for one in told if isinstance(one, VitalsReported)]
    assert [[v.value_centi for v in one.values] for one in vitals] == [[7000, 3700], [3750]]
    assert remarks.named == [f"{path}:3: when: is no time in ISO 8601 (got ''); row left out"]


def test_a_parquet_file_without_its_column_or_its_magic_is_refused(tmp_path: Path) -> None:
    path = parquet_table(tmp_path)
    path.with_name("night.columns.toml").write_text(MAP.replace('"pulse"', '"beat"'))
    with pytest.raises(InputFileError, match="beat: the table lacks this column"):
        list(open_source(path, Remarks()))

    path.write_bytes(b"PAR1")
    with pytest.raises(InputFileError, match="cannot be read as Parquet"):
        list(open_source(path, Remarks()))


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parquet_table(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(InputFileError, match=r"infusion-reaction-monitor\[parquet\]"):
        list(open_source(path, Remarks()))


def test_a_map_says_nothing_else() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"time": {}, "channels": {}, "colour": 1}, columns.ColumnMap)


LINES = """{"when": 0, "chair": "A", "vitals": {"pulse": 70, "t": 98.6}}
{"when": 1, "chair": "B", "vitals": {"pulse": 80}, "flow": null}

{"when": 5, "chair": "A", "vitals": {"pulse": "fast"}}
{"when": 6, "chair": "A", "vitals": {"pulse": 72}, "flow": 50, "more": [1]}
{"when": 7, "chair": "", "vitals": {"pulse": 72}}
[8, "A"]
{"when": 8, "chair": "A", "vitals": {"pulse": [72]}}
{"when": 8, "chair": "A", "vitals": {"pulse": true}}
{"when": 9, "chair": "A", "flow": 0.0}
{"when": 9, "cha
"""
LINES_MAP = MAP.replace('"pulse"', '"vitals.pulse"').replace('"t"', '"vitals.t"')


def lines_written(folder: Path, text: str = LINES, told: str = LINES_MAP) -> Path:
    """Write JSON lines with their map and return the file."""
    path = folder / "night.jsonl"
    path.write_text(text, encoding="utf-8")
    path.with_name("night.columns.toml").write_text(told, encoding="utf-8")
    return path


def test_json_lines_are_read_as_the_table_that_says_the_same(tmp_path: Path) -> None:
    path, remarks = lines_written(tmp_path), Remarks()
    same = tmp_path / "same"
    same.mkdir()

    assert recognised(path) == "columns"
    found = list(open_source(path, remarks))
    of_table = list(open_source(written(same), Remarks()))

    assert [one.name for one in found] == ["night.jsonl A", "night.jsonl B"]
    assert [list(one.steps) for one in found] == [list(one.steps) for one in of_table]


def test_a_bad_line_is_named_with_its_line_field_and_value(tmp_path: Path) -> None:
    path, remarks = lines_written(tmp_path), Remarks()

    list(open_source(path, remarks))

    assert remarks.counts == {"rows left out": 6}
    assert [one.removeprefix(f"{path}:") for one in remarks.named[:5]] == [
        "4: vitals.pulse: is no number (got 'fast'); row left out",
        "6: chair: is empty (got ''); row left out",
        "7: line: is no JSON object (got '[8, \"A\"]'); row left out",
        "8: vitals.pulse: must be a text or a number (got '[72]'); row left out",
        "9: vitals.pulse: must be a text or a number (got 'true'); row left out",
    ]
    assert remarks.named[5].startswith(f"{path}:11: line: is no JSON: ")
    assert '(got \'{"when": 9, "cha\')' in remarks.named[5]


def test_compressed_lines_and_a_mark_of_the_order_of_bytes_are_read(tmp_path: Path) -> None:
    plain = list(open_source(lines_written(tmp_path), Remarks()))
    packed = tmp_path / "night.jsonl.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + LINES.encode()))

    assert recognised(packed) == "columns"
    found = list(open_source(packed, Remarks()))
    assert [list(one.steps) for one in found] == [list(one.steps) for one in plain]

    packed.write_bytes(gzip.compress(LINES.encode())[:-20])
    with pytest.raises(InputFileError, match=r"night\.jsonl\.gz: .*ends early"):
        list(open_source(packed, Remarks()))


def test_a_field_of_the_map_that_no_line_has_is_named(tmp_path: Path) -> None:
    path = lines_written(tmp_path, told=LINES_MAP.replace("vitals.t", "vitals.temp"))

    with pytest.raises(InputFileError, match=r"vitals\.temp: no line has this field"):
        list(open_source(path, Remarks()))


def test_a_field_whose_own_name_has_points_goes_first(tmp_path: Path) -> None:
    text = '{"when": 0, "vitals.pulse": 70, "vitals": {"pulse": 90}}\n'
    told = 'time = { column = "when", unit = "min" }\n'
    told += '[channels]\nhr = { column = "vitals.pulse", unit = "bpm" }\n'
    (found,) = open_source(lines_written(tmp_path, text, told), Remarks())
    vitals = [one for one in records(found) if isinstance(one, VitalsReported)]
    assert [v.value_centi for one in vitals for v in one.values] == [7000]


def test_a_recording_beside_a_map_stays_a_recording_unless_it_is_said(tmp_path: Path) -> None:
    text = '{"format": 1, "unit": "inf-a"}\n{"now_ms": 1795514401000, "inbox": []}\n'
    path = lines_written(tmp_path, text)

    assert recognised(path) == "recording"
    with pytest.raises(InputFileError, match="no line has this field"):
        list(open_source(path, Remarks(), form="columns"))


def test_a_table_in_another_script_is_named_and_a_mark_of_byte_order_passed_over(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "when,chair,pulse,t,flow\n0,A,70,,\n")
    beside = columns.map_path(path)
    for one in (path, beside):
        one.write_bytes(b"\xef\xbb\xbf" + one.read_bytes())
    remarks = Remarks()
    assert len(list(open_source(path, remarks))) == 1
    assert remarks.named == []

    path.write_bytes(path.read_text("utf-8-sig").encode("utf-16"))
    with pytest.raises(InputFileError, match=r"is not UTF-8 \(.*\); save it as UTF-8"):
        list(open_source(path, remarks))
