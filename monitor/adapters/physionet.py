"""One record of the PhysioNet/CinC Challenge 2012 as published: a text file, one stay.

``132539.txt`` has the heading ``Time,Parameter,Value`` and a line for every value charted in the
first 48 hours, the time as ``HH:MM`` since admission. Lines of one time are one set of vitals.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import BadValueError, Fields, left_out, number, rows
from monitor.adapters.stay_charts import Set, Stay, stay_recording
from monitor.wire.payloads import ChannelName

HEADING: Final = b"Time,Parameter,Value"
TIME, PARAMETER, VALUE = "Time", "Parameter", "Value"
_CLOCK: Final = re.compile(r"(?P<hours>\d{1,3}):(?P<minutes>[0-5]\d)")
UNKNOWN: Final = -1
"""Stands where an age, a weight or a number is not known."""

AGE_MAX_YEARS: Final = 150
WEIGHT_MAX_KG: Final = 650

_MONITOR: Final[Mapping[str, ChannelName]] = {
    "HR": "hr",
    "RespRate": "rr",
    "SaO2": "spo2",
    "Temp": "temp",
    "NISysABP": "sbp",
    "NIDiasABP": "dbp",
    "NIMAP": "map",
}
_LINE: Final[Mapping[str, ChannelName]] = {"SysABP": "sbp", "DiasABP": "dbp", "MAP": "map"}
_ABOUT: Final = ("RecordID", "Age", "Weight")


def is_record(first_line: bytes) -> bool:
    """Tell whether a file that begins so is a record."""
    return first_line.strip() == HEADING


def recordings(path: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield the one recording of a file.

    Raises
    ------
    InputFileError
        If it cannot be read, or holds no vital sign.
    """
    sets: dict[int, Set] = {}
    about: dict[str, float] = {}
    for at, fields in rows(path, remarks, (TIME, PARAMETER, VALUE)):
        name = fields[PARAMETER]
        try:
            if name in _ABOUT:
                value = number(fields, VALUE, 1e9)
                if value > UNKNOWN:
                    about.setdefault(name, value)
            elif name in _MONITOR or name in _LINE or not name:
                _enter(sets, fields)
        except BadValueError as fault:
            left_out(path, at, fault, remarks)
    if not sets:
        raise InputFileError(path, "holds no vital sign")
    yield stay_recording(path.name, _stay(about, path), sets.values(), remarks)


def _enter(sets: dict[int, Set], fields: Fields) -> None:
    found = _CLOCK.fullmatch(fields[TIME])
    if found is None:
        raise BadValueError(TIME, fields[TIME], "is no HH:MM")
    name, value = fields[PARAMETER], number(fields, VALUE)
    if not name:
        raise BadValueError(PARAMETER, name, "is empty")
    if value == UNKNOWN:
        return
    at_min = int(found["hours"]) * 60 + int(found["minutes"])
    here = sets.setdefault(at_min, Set(at_min=at_min, values={}, line={}))
    if name in _LINE:
        here.line[_LINE[name]] = value
    else:
        here.values[_MONITOR[name]] = value


def _stay(about: Mapping[str, float], path: Path) -> Stay:
    """Return who it is; a record that does not say its number has that of its file's name."""
    number = about.get("RecordID")
    digits = "".join(filter(str.isdecimal, path.name))[:9] or "0"
    weight, age = about.get("Weight", 0), about.get("Age", UNKNOWN)
    return Stay(
        letter="P",
        number=digits if number is None else str(int(number)),
        age_years=int(age) if 0 <= age <= AGE_MAX_YEARS else None,
        weight_kg=weight if 0 < weight <= WEIGHT_MAX_KG else None,
    )
