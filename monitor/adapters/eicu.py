"""The published tables of the eICU Collaborative Research Database: one stay, one session.

A folder holds ``vitalPeriodic`` (medians of five minutes from the bedside monitor: rates,
saturation, temperature, arterial line), ``vitalAperiodic`` (the cuff) and, for ages and weights,
``patient``; each as ``.csv`` or ``.csv.gz``, in any case. Times are minutes since admission to
the unit. All rows of a folder are held in memory: give it the demo, or an excerpt.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.rows import BadValueError, Fields, found_table, left_out, number, rows
from monitor.adapters.stay_charts import Set, Stay, stay_recording
from monitor.wire.payloads import ChannelName

PERIODIC: Final = "vitalPeriodic"
APERIODIC: Final = "vitalAperiodic"
PATIENT: Final = "patient"

STAY: Final = "patientunitstayid"
OFFSET: Final = "observationoffset"
STAY_MIN_MAX: Final = 366 * 24 * 60
"""Nobody stays for over a year: such a minute is a slip of the pen, and every minute is a step."""
OVER_AGE: Final = ">"
AGE_MAX_YEARS: Final = 150
WEIGHT_MAX_KG: Final = 650
"""More than the heaviest person on record: such a weight is a slip of the pen."""

_MONITOR: Final[Mapping[str, ChannelName]] = {
    "heartrate": "hr",
    "respiration": "rr",
    "sao2": "spo2",
    "temperature": "temp",
}
_LINE: Final[Mapping[str, ChannelName]] = {
    "systemicsystolic": "sbp",
    "systemicdiastolic": "dbp",
    "systemicmean": "map",
}
_CUFF: Final[Mapping[str, ChannelName]] = {
    "noninvasivesystolic": "sbp",
    "noninvasivediastolic": "dbp",
    "noninvasivemean": "map",
}


def is_archive(folder: Path) -> bool:
    """Tell whether a folder holds one of the tables of vitals."""
    return found_table(folder, PERIODIC, APERIODIC) is not None


def recordings(folder: Path, remarks: Remarks) -> Iterator[Recording]:
    """Yield one recording for every stay with vitals, in order of their numbers.

    Raises
    ------
    InputFileError
        If no table of vitals is there, or one cannot be read or lacks a column.
    """
    stays: dict[int, list[Set]] = defaultdict(list)
    for name, values, line in ((PERIODIC, _MONITOR, _LINE), (APERIODIC, _CUFF, {})):
        table = found_table(folder, name)
        if table is None:
            remarks.add("tables missing", f"{folder}: no table {name}; its channels are missing")
            continue
        for stay, found in _sets(table, values, line, remarks):
            stays[stay].append(found)
    if not stays:
        raise InputFileError(folder, f"holds no set of vitals in {PERIODIC} or {APERIODIC}")
    people = _people(folder, remarks)
    for stay, sets in sorted(stays.items()):
        who = people.get(stay, Stay(letter="E", number=str(stay)))
        yield stay_recording(f"{folder.name} stay {stay}", who, sets, remarks)


def _sets(
    path: Path,
    values: Mapping[str, ChannelName],
    line: Mapping[str, ChannelName],
    remarks: Remarks,
) -> Iterator[tuple[int, Set]]:
    for at, fields in rows(path, remarks, (STAY, OFFSET, *values, *line)):
        try:
            found = Set(
                at_min=round(number(fields, OFFSET, STAY_MIN_MAX)),
                values=_values(fields, values),
                line=_values(fields, line),
            )
            stay = _stay(fields)
        except BadValueError as fault:
            left_out(path, at, fault, remarks)
            continue
        if found.values or found.line:
            yield stay, found


def _values(fields: Fields, columns: Mapping[str, ChannelName]) -> dict[ChannelName, float]:
    return {
        channel: number(fields, column) for column, channel in columns.items() if fields[column]
    }


def _stay(fields: Fields) -> int:
    stay = number(fields, STAY, 1e10)
    if stay < 0 or stay != int(stay):
        raise BadValueError(STAY, fields[STAY], "must be a whole number from 0")
    return int(stay)


def _people(folder: Path, remarks: Remarks) -> Mapping[int, Stay]:
    """Return who is known by age and weight; an age above 89 is withheld and stands as 89."""
    path = found_table(folder, PATIENT)
    people: dict[int, Stay] = {}
    if path is None:
        return people
    for at, fields in rows(path, remarks, (STAY, "age"), ("admissionweight",)):
        try:
            told = {**fields, "age": fields["age"].removeprefix(OVER_AGE).strip()}
            stay = _stay(told)
            weight = number(told, "admissionweight") if told["admissionweight"] else 0
            people[stay] = Stay(
                letter="E",
                number=str(stay),
                age_years=int(abs(number(told, "age", AGE_MAX_YEARS))) if told["age"] else None,
                weight_kg=weight if 0 < weight <= WEIGHT_MAX_KG else None,
            )
        except BadValueError as fault:
            remarks.add("ages left out", f"{path}:{at}: {fault}; person left out")
    return people
