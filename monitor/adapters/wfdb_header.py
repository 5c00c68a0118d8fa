"""The header of a WFDB record, held against its published form before its package reads it.

The package takes a default for what it cannot read: 200 for a gain that is no number, 250 samples
a second for a frequency that is none. Or it ends with an error that names no place. So every field
that times and values hang on is looked at first, and what is wrong is named with line, field and
value. A fault in what says where the samples lie ends the record; a fault in what only says what
the samples of one signal mean leaves out that signal. The form: header(5) of the WFDB Applications
Guide. Of a record in several segments only the first line is looked at.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Final, NamedTuple

from monitor.adapters.recording import InputFileError, Remarks

SIGNALS_LEFT_OUT: Final = "signals left out"

SPAN_S: Final = 31 * 24 * 3600
"""A record of more than a month is a wrong frequency or a wrong number of samples."""

FREQUENCY_HZ: Final = 250.0
"""Where a header says none, by the published form."""

BYTES_PER_SAMPLE: Final = {
    "8": 1.0, "16": 2.0, "24": 3.0, "32": 4.0, "61": 2.0, "80": 1.0, "160": 2.0,
    "212": 1.5, "310": 4 / 3, "311": 4 / 3, "508": 0.0, "516": 0.0, "524": 0.0,
}  # fmt: skip
"""By the number of a format; 0 where the samples are compressed."""

_BOM: Final = b"\xef\xbb\xbf"
_SHOWN_MAX: Final = 80
_NULL_FILE: Final = "~"

_NAME: Final = re.compile(r"[-\w]+(?P<segments>/\d+)?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)
_SIGNED: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_RATE: Final = re.compile(r"(?P<rate>\d+\.?\d*|\.\d+)(/\d*\.?\d*(\(-?\d*\.?\d*\))?)?", re.ASCII)
_TIME: Final = re.compile(r"(\d{1,2}:){0,2}\d{1,2}(\.\d{1,6})?", re.ASCII)
_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_FILE: Final = re.compile(r"~|[-\w]+(\.\w*)?", re.ASCII)
_FORMAT: Final = re.compile(
    r"(?P<number>\d+)(x(?P<per_frame>\d{1,6}))?(:\d+)?(\+(?P<skipped>\d{1,12}))?", re.ASCII
)
_GAIN: Final = re.compile(
    r"(?P<gain>-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?)(\(-?\d+\))?(/[\w^\-?%/]+)?", re.ASCII
)
_COUNTS: Final = ("resolution", "zero", "first value", "checksum", "block size")


class _Line(NamedTuple):
    number: int
    words: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What the first line says; ``samples`` is 0 where it does not say it."""

    line: int
    signals: int
    samples: int
    is_cut: bool
    """It has segments, each with a header of its own."""


class _FieldError(ValueError):
    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(name, value, reason)
        self.name, self.value, self.reason = name, value, reason


def signals_left_out(path: Path, remarks: Remarks) -> frozenset[int]:
    """Return the places, from 0, of signals whose line does not say what their samples mean.

    Each is remarked on with line, field and value.

    Raises
    ------
    InputFileError
        If the header does not say where the samples lie and when they were taken, or its files do
        not hold them; with line, field and value.
    """
    lines = list(_lines(path))
    if not lines:
        raise InputFileError(path, "is empty; a header begins with the name of its record", line=1)
    record = _checked_record(path, lines[0])
    if record.is_cut:
        return frozenset()
    told = lines[1:]
    if len(told) != record.signals:
        reason = f"must be the number of lines of signals, of which there are {len(told)}"
        value = str(record.signals)
        raise InputFileError(path, reason, line=record.line, name="signals", value=value)
    needed: dict[str, float] = defaultdict(float)
    left_out: set[int] = set()
    for place, line in enumerate(told):
        try:
            _check_samples(path, line, record, needed)
        except _FieldError as fault:
            raise _placed(path, line, fault) from fault
        try:
            _check_meaning(line.words)
        except _FieldError as fault:
            remarks.add(SIGNALS_LEFT_OUT, f"{_placed(path, line, fault)}; signal left out")
            left_out.add(place)
    return frozenset(left_out)


def _lines(path: Path) -> Iterator[_Line]:
    """Yield the lines that are no comment, each with its number; a signal has at most 9 words."""
    try:
        raw = path.read_bytes().removeprefix(_BOM)
    except OSError as fault:
        raise InputFileError(path, f"cannot be read: {fault.strerror or fault}") from fault
    for number, line in enumerate(raw.split(b"\n"), start=1):
        # Comments may be in any script; a field that is not ASCII is refused by its form.
        text = line.decode("latin-1").strip()
        if text and not text.startswith("#"):
            yield _Line(number, text.split(maxsplit=len(_COUNTS) + 3))


def _placed(path: Path, line: _Line, fault: _FieldError) -> InputFileError:
    value = fault.value if len(fault.value) <= _SHOWN_MAX else f"{fault.value[:_SHOWN_MAX]}..."
    return InputFileError(path, fault.reason, line=line.number, name=fault.name, value=repr(value))


def _field(words: Sequence[str], place: int, name: str, form: re.Pattern[str], reason: str) -> str:
    """Return the word at a place, "" if the line ends before it."""
    if place >= len(words):
        return ""
    if form.fullmatch(words[place]) is None:
        raise _FieldError(name, words[place], reason)
    return words[place]


# --------------------------------------------------------------------------------- first line


def _checked_record(path: Path, line: _Line) -> _Record:
    try:
        return _record(line)
    except _FieldError as fault:
        raise _placed(path, line, fault) from fault


def _record(line: _Line) -> _Record:
    words = line.words
    name = _field(words, 0, "record", _NAME, "must be letters, digits, - and _, /SEGMENTS behind")
    signals = _field(words, 1, "signals", _WHOLE, "must be a whole number from 0")
    if not signals:
        raise _FieldError("signals", "", "is missing: the number of signals behind the name")
    rate = _field(words, 2, "frequency", _RATE, "must be a number of samples a second")
    found = _RATE.fullmatch(rate)
    frequency_hz = float(found["rate"]) if found else FREQUENCY_HZ
    if not 0 < frequency_hz < math.inf:
        raise _FieldError("frequency", rate, "must be above 0 and finite")
    samples = _field(words, 3, "samples", _WHOLE, "must be a whole number")
    if samples and not 0 < int(samples) <= SPAN_S * frequency_hz:
        reason = f"must be above 0, and at {frequency_hz:g} a second last a month at most"
        raise _FieldError("samples", samples, reason)
    _check_day(words)
    return _Record(
        line=line.number,
        signals=int(signals),
        samples=int(samples or 0),
        is_cut="/" in name,
    )


def _check_day(words: Sequence[str]) -> None:
    form = "must be a time as 23:59:59.5"
    at = _field(words, 4, "time", _TIME, form)
    if at:
        whole, *parts = (int(part) for part in reversed(at.partition(".")[0].split(":")))
        minute, hour = (*parts, 0, 0)[:2]
        try:
            time(hour, minute, whole)
        except ValueError as fault:
            raise _FieldError("time", at, form) from fault
    day = _field(words, 5, "date", _DATE, "must be a date as 31/12/2150")
    if found := _DATE.fullmatch(day):
        try:
            date(*(int(part) for part in reversed(found.groups())))
        except ValueError as fault:
            raise _FieldError("date", day, "is no day of any calendar") from fault


# ------------------------------------------------------------------------------ line of a signal


def _check_samples(path: Path, line: _Line, record: _Record, needed: dict[str, float]) -> None:
    """Check where the samples of a signal lie; ``needed`` are the bytes of each file so far."""
    name = _field(line.words, 0, "file", _FILE, "must be the name of a file beside the header")
    words = _field(line.words, 1, "format", _FORMAT, "must be a format as 16, 16x2 or 212+512")
    found = _FORMAT.fullmatch(words)
    if found is None:
        raise _FieldError("format", "", "is missing: the format behind the name of the file")
    size = BYTES_PER_SAMPLE.get(found["number"])
    if size is None:
        raise _FieldError("format", words, f"must be one of {', '.join(BYTES_PER_SAMPLE)}")
    if name == _NULL_FILE:
        return
    try:
        held = (path.parent / name).stat().st_size
        with (path.parent / name).open("rb"):
            pass
    except OSError as fault:
        raise _FieldError("file", name, f"cannot be read: {fault.strerror or fault}") from fault
    per_frame = int(found["per_frame"] or 1) or 1
    needed[name] += per_frame * record.samples * size
    if needed[name] + int(found["skipped"] or 0) > held:
        reason = f"holds {held} bytes, too few for the {record.samples} samples of line "
        raise _FieldError("file", name, f"{reason}{record.line}")


def _check_meaning(words: Sequence[str]) -> None:
    """Check what the samples of a signal mean; a line that says none of it names no channel."""
    form = "must be a gain as 10(0)/mmHg"
    gain = _GAIN.fullmatch(_field(words, 2, "gain", _GAIN, form))
    if gain is not None and not 0 < abs(float(gain["gain"])) < math.inf:
        raise _FieldError("gain", words[2], "must be finite and not 0")
    for place, name in enumerate(_COUNTS, start=3):
        _field(words, place, name, _SIGNED, "must be a whole number")
