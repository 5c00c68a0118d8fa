"""Numbers of monitors in files of WFDB and VitalDB, written by those packages themselves."""

import gzip
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.adapters import numerics, rows, stay_charts
from monitor.adapters.recording import BAD_LINES, InputFileError, Recording, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.facts.records import SessionReported, VitalsReported
from monitor.wire.messages import decode

NAN = float("nan")


def package(name: str) -> Any:  # noqa: ANN401  # a package without types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def record(folder: Path, signals: dict[str, tuple[str, list[float]]]) -> Path:
    """Write a WFDB record with a sample a minute and return its header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package("wfdb").wrsamp(
            "n1",
            fs=1 / 60,
            units=[unit for unit, _ in signals.values()],
            sig_name=list(signals),
            p_signal=np.array([values for _, values in signals.values()]).T,
            fmt=["16"] * len(signals),
            write_dir=str(folder),
            base_datetime=datetime(2150, 3, 1, 8, 0, 0),  # noqa: DTZ001  # as the format has it
        )
    return folder / "n1.hea"


def vital(folder: Path, tracks: dict[str, list[tuple[float, object]]]) -> Path:
    """Write a file of VitalDB and return it."""
    file = package("vitaldb").VitalFile(None)
    file.dtstart, file.dtend = 1_000.0, 2_000.0
    for name, points in tracks.items():
        file.add_track(name, [{"dt": 1_000.0 + at_s, "val": value} for at_s, value in points])
    path = folder / "case.vital"
    file.to_vital(str(path))
    return path


def told(recording: Recording) -> list[tuple[float, str]]:
    """Return minutes since the first step and what was said, in short."""
    said: list[tuple[float, str]] = []
    steps = list(recording.steps)
    for step in steps:
        for message in step.messages:
            one = decode(message, position=0)
            minute = (step.now_ms - steps[0].now_ms) / 60_000
            if isinstance(one, SessionReported):
                said.append((minute, one.event))
            if isinstance(one, VitalsReported):
                assert one.by == ""
                values = ",".join(f"{v.channel}={v.value_centi}" for v in one.values)
                said.append((minute, f"{one.sequence}: {values}"))
    return said


def test_a_wfdb_record_is_read_and_a_held_cuff_counts_once(tmp_path: Path) -> None:
    path = record(
        tmp_path,
        {
            "HR": ("bpm", [80.0, 81.0, NAN, 83.0]),
            "NBP Sys": ("mmHg", [NAN, 120.0, 120.0, 118.0]),
            "NBP Dias": ("mmHg", [NAN, 70.0, 70.0, 70.0]),
            "ABP Sys": ("mmHg", [100.0, 101.0, 102.0, 103.0]),
            "Temp": ("degF", [98.6, NAN, NAN, NAN]),
            "ECG": ("mV", [1.0, 1.0, 1.0, 1.0]),
        },
    )
    remarks = Remarks()

    assert recognised(path) == "wfdb"
    (only,) = open_source(path, remarks)

    assert told(only) == [
        (0, "open"),
        (0, "0: 0=8000,4=3700"),
        (1, "1: 0=8100,1=12000,2=7000"),
        (3, "2: 0=8300,1=11800,2=7000"),
        (10, "start"),
        (10, "close"),
    ]
    assert remarks.counts == {
        stay_charts.OTHER_SOURCE: 4,
        "signals that are no vital sign of ours": 1,
    }


def test_a_file_of_vitaldb_is_read_and_a_bad_value_is_named(tmp_path: Path) -> None:
    path = vital(
        tmp_path,
        {
            "Solar8000/HR": [(0, 70.0), (2, 71.0), (1_200, 72.0), (1_201, 5e7)],
            "Solar8000/ART_SBP": [(2, 110.0)],
            "Solar8000/PLETH_SPO2": [(4, 99.0)],
            "BIS/BIS": [(4, 44.0)],
        },
    )
    remarks = Remarks()

    assert recognised(path) == "vitaldb"
    (only,) = open_source(path, remarks)

    assert [words for _, words in told(only)] == [
        "open",
        "0: 0=7000",
        "1: 1=11000,0=7100",
        "2: 5=9900",
        "start",
        "3: 0=7200",
        "close",
    ]
    assert remarks.counts[rows.LEFT_OUT] == 1
    assert "Solar8000/HR: is no number in bounds" in remarks.named[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # leaks its file
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("n.hea", b"n 1 1 1\nn.dat 16 1 16 0 0 0 0 HR\n", "n.hea:2: file: cannot be read: No such"),
        ("n.vital", b"VITA\x03", "no file of VitalDB"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    package("wfdb")
    package("vitaldb")
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=words):
        list(open_source(path, Remarks()))


def test_a_record_without_a_vital_sign_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path, {"ECG": ("mV", [1.0, 2.0])})
    with pytest.raises(InputFileError, match="no vital sign that is known"):
        list(open_source(path, Remarks()))


@pytest.mark.parametrize(
    ("name", "head"), [("wfdb", b"n 1 1 1\n"), ("vitaldb", numerics.VITAL_MAGIC)]
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, head: bytes
) -> None:
    path = tmp_path / "n.hea"
    path.write_bytes(head)
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(InputFileError, match=rf"infusion-reaction-monitor\[{name}\]"):
        list(open_source(path, Remarks()))


def test_a_torn_file_of_vitaldb_is_refused_and_says_nothing_to_who_waits_for_effects(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = vital(tmp_path, {"Solar8000/HR": [(n, 70.0 + n) for n in range(40)]})
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:-70]))
    with pytest.raises(InputFileError, match=rf"{path}: its package says: .*unpack_from"):
        list(open_source(path, Remarks()))
    remarks = Remarks(skips_bad=True)
    (only,) = open_source(path, remarks)
    assert 0 < len([words for _, words in told(only) if words[0].isdigit()]) < 40
    assert remarks.counts == {BAD_LINES: 1}
    assert capsys.readouterr().out == ""


def test_a_time_that_no_calendar_has_is_refused(tmp_path: Path) -> None:
    path = vital(tmp_path, {"Solar8000/HR": [(1e13, 70.0)]})
    with pytest.raises(InputFileError, match="ends after 9999"):
        list(open_source(path, Remarks()))


def test_a_record_that_does_not_say_its_signals_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path, {"HR": ("bpm", [80.0, 81.0])})
    path.write_text("n1 1 1 2\n")
    with pytest.raises(InputFileError, match=r"n1\.hea:1: signals: must be the number of lines"):
        list(open_source(path, Remarks()))


def test_a_signal_without_a_gain_is_left_out_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The package would take 200 for it, and the values would be those of nobody."""
    path = record(tmp_path, {"HR": ("bpm", [80.0, 81.0]), "SpO2": ("%", [97.0, 96.0])})
    lines = path.read_text().splitlines()
    words = lines[1].split(" ")
    path.write_text("\n".join((lines[0], " ".join((*words[:2], "fast", *words[3:])), lines[2])))
    remarks = Remarks()
    (only,) = open_source(path, remarks)
    assert [said for _, said in told(only)] == ["open", "0: 5=9700", "1: 5=9600", "start", "close"]
    (named,) = remarks.named
    assert named == f"{path}:2: gain: must be a gain as 10(0)/mmHg (got 'fast'); signal left out"


def test_whatever_word_of_a_header_is_damaged_its_line_is_named(tmp_path: Path) -> None:
    path = record(tmp_path, {"HR": ("bpm", [80.0, 81.0]), "SpO2": ("%", [97.0, 96.0])})
    lines = [line.split(" ") for line in path.read_text().splitlines()]
    found: list[tuple[int, int | None]] = []
    for number, words in enumerate(lines, start=1):
        for place in range(len(words)):
            for wrong in ("", "?", "-0", "nan", "1e400", "\x00"):
                torn = [*words[:place], wrong, *words[place + 1 :]]
                text = [*lines[: number - 1], torn, *lines[number:]]
                path.write_text("\n".join(" ".join(line) for line in text))
                try:
                    list(open_source(path, Remarks()))
                except InputFileError as fault:
                    found.append((number, fault.line))
    assert len(found) > 50
    assert [line for _, line in found] == [number for number, _ in found]


def test_a_header_is_known_by_its_name_however_damaged(tmp_path: Path) -> None:
    path = tmp_path / "n.hea"
    for content in (b"", b"n one\n", b"\xff\xfen\x00"):
        path.write_bytes(content)
        assert recognised(path) == "wfdb"
