"""Headers of WFDB records: what is wrong is named with line, field and value, and nothing else."""

from pathlib import Path

import pytest

from monitor.adapters import wfdb_header
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.wfdb_header import SIGNALS_LEFT_OUT, signals_left_out

RECORD = "n1 2 0.0166667 4 08:00:00 01/03/2150"
HR = "n1.dat 16 10(0)/bpm 16 0 800 0 0 HR"
CUFF = "n1.dat 16 10(0)/mmHg 16 0 1200 0 0 NBP Sys"


def header(folder: Path, *lines: str, samples: bytes = bytes(16)) -> Path:
    """Write a header with these lines, and the samples beside it."""
    folder.joinpath("n1.dat").write_bytes(samples)
    path = folder / "n1.hea"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    "lines",
    [
        (RECORD, HR, CUFF),
        ("# made by hand", "", RECORD, HR, "# between", CUFF, "# <age>: 50 Ü"),
        ("n1 2", HR, CUFF),
        ("n1 2 1/1(0) 4", HR, CUFF),
        ("n1 2 .5 4 59.25 1/3/2150", HR, CUFF),
        ("n1 2 125 2", "n1.dat 16x2 1e1", "n1.dat 16x2:1+0 -10.5/deg%C"),
        ("n1 1 1 4", "n1.dat 16 10(-5)/mmHg 16 0 0 -1 0 a name of many words, 10 % of them odd"),
        ("n1 1 1 4", "~ 16 10"),
        ("n1 1 1 999999", "n1.dat 516 10"),
        ("n1/2 2 1 8", "n1_1 4", "n1_2 4"),
    ],
)
def test_a_header_of_the_published_form_is_sound(tmp_path: Path, lines: tuple[str, ...]) -> None:
    remarks = Remarks()
    assert signals_left_out(header(tmp_path, *lines), remarks) == frozenset()
    assert remarks.named == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "1: is empty; a header begins"),
        (("# nothing",), "1: is empty; a header begins"),
        (("n/1/2 2",), "1: record: must be letters, digits, - and _"),
        (("n1",), "1: signals: is missing"),
        (("n1 two",), "1: signals: must be a whole number from 0 (got 'two')"),
        (("n1 -1",), "1: signals: must be a whole number from 0 (got '-1')"),
        ((RECORD, HR), "1: signals: must be the number of lines of signals, of which there are 1"),
        (("#", RECORD, HR, CUFF, CUFF), "2: signals: must be the number of lines of signals"),
        (("n1 0 fast",), "1: frequency: must be a number of samples a second (got 'fast')"),
        (("n1 0 0",), "1: frequency: must be above 0 and finite (got '0')"),
        (("n1 0 -1",), "1: frequency: must be a number of samples a second (got '-1')"),
        (("n1 0 1 4.5",), "1: samples: must be a whole number (got '4.5')"),
        (("n1 0 1 0",), "1: samples: must be above 0, and at 1 a second last a month at most"),
        (("n1 0 1 2678401",), "1: samples: must be above 0, and at 1 a second last a month"),
        (("n1 0 1 4 25:00:00",), "1: time: must be a time as 23:59:59.5 (got '25:00:00')"),
        (("n1 0 1 4 noon",), "1: time: must be a time as 23:59:59.5 (got 'noon')"),
        (("n1 0 1 4 8:00 31/02/2150",), "1: date: is no day of any calendar (got '31/02/2150')"),
        (("n1 0 1 4 8:00 2150-02-01",), "1: date: must be a date as 31/12/2150"),
        ((RECORD, HR, CUFF.replace("n1.dat", "../n1.dat")), "3: file: must be the name of a file"),
        ((RECORD, HR, CUFF.replace("n1.dat", "n2.dat")), "3: file: cannot be read: No such file"),
        ((RECORD, "n1.dat", CUFF), "2: format: is missing"),
        ((RECORD, HR.replace(" 16", " x16", 1), CUFF), "2: format: must be a format as 16"),
        ((RECORD, HR.replace(" 16", " 17", 1), CUFF), "2: format: must be one of 8, 16, 24"),
        (
            ("n1 2 1 5", HR, CUFF),
            "3: file: holds 16 bytes, too few for the 5 samples of line 1 (got 'n1.dat')",
        ),
    ],
)
def test_what_says_where_the_samples_lie_must_be_sound(
    tmp_path: Path, lines: tuple[str, ...], words: str
) -> None:
    path = header(tmp_path, *lines)
    with pytest.raises(InputFileError) as caught:
        signals_left_out(path, Remarks())
    assert str(caught.value).startswith(f"{path}:{words}")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (CUFF.replace("10(0)", "ten"), "gain: must be a gain as 10(0)/mmHg (got 'ten/mmHg')"),
        (CUFF.replace("10(0)", "10(x)"), "gain: must be a gain as 10(0)/mmHg (got '10(x)/mmHg')"),
        (CUFF.replace("10(0)", "0"), "gain: must be finite and not 0 (got '0/mmHg')"),
        (CUFF.replace("10(0)", "1e400"), "gain: must be finite and not 0 (got '1e400/mmHg')"),
        (CUFF.replace(" 1200", " high"), "first value: must be a whole number (got 'high')"),
        # One field is missing, and the name has slipped into the place of the block size.
        (CUFF.replace(" 1200", ""), "block size: must be a whole number (got 'NBP')"),
    ],
)
def test_a_signal_whose_meaning_is_not_known_is_named_and_the_others_stay(
    tmp_path: Path, line: str, words: str
) -> None:
    remarks = Remarks()
    path = header(tmp_path, RECORD, HR, line)
    assert signals_left_out(path, remarks) == {1}
    assert remarks.counts == {SIGNALS_LEFT_OUT: 1}
    assert remarks.named == [f"{path}:3: {words}; signal left out"]


def test_a_header_that_is_not_there_or_not_ascii_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"n1\.hea: cannot be read: No such file"):
        signals_left_out(tmp_path / "n1.hea", Remarks())
    path = header(tmp_path)
    path.write_bytes(f"{RECORD}\n{HR}\n{CUFF}\n".encode("utf-16"))
    with pytest.raises(InputFileError, match=r"n1\.hea:1: record: must be letters"):
        signals_left_out(path, Remarks())


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    with pytest.raises(InputFileError) as caught:
        signals_left_out(header(tmp_path, f"n1 {'9' * 5000}"), Remarks())
    assert len(caught.value.value) <= wfdb_header._SHOWN_MAX + 5
