"""Charts of intensive care as one table: three published collections, and one of heart rates.

Each is read in the form in which a folder of evidence keeps it, one comma-separated table of
vitals (compressed or not), with the ages of the patients beside it where they are known:

* ``mimic3-demo``: ``vitals.csv.gz`` and ``stays.csv`` (MIMIC-III Clinical Database Demo v1.4);
* ``physionet2012``: ``vitals.csv.gz`` and ``patients.csv`` (PhysioNet/CinC Challenge 2012);
* ``eicu-demo-nibp``: ``nibp.csv.gz`` and ``stays.csv.gz`` (eICU Collaborative Research Database
  Demo v2.0);
* ``exam-stress``: ``hr_1hz.csv.gz`` (Wearable Exam Stress Dataset), a heart rate every second.

Values are taken as they were charted, also impossible ones (a systolic pressure of 0, a
temperature of -17.8): to find them is what the monitor is for. A row that cannot be read is
named and left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import numpy as np

from detectors.channels import CENTI, MISSING, N_CHANNELS, Channel
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.rows import BadValueError, Fields, left_out, number, rows
from monitor.facts.windows import MINUTE_MS, ChartTable

Form: TypeAlias = Literal["mimic3-demo", "eicu-demo-nibp", "physionet2012", "exam-stress"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

AGE_MAX_YEARS: Final = 150
OVER_AGE: Final = ">"
"""Begins the age of those whose age is withheld because few are so old."""

TIME_MAX: Final = 1e9
SECOND_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one collection: who, when, which channel from which source."""

    vitals: str
    who: tuple[str, ...]
    when: str
    when_ms: int
    columns: Mapping[str, Channel]
    line: Mapping[str, Channel]
    patients: str = ""
    patient: str = ""


LAYOUTS: Final[Mapping[Form, Layout]] = {
    "mimic3-demo": Layout(
        vitals="vitals.csv.gz",
        who=("icustay_id",),
        when="t_min",
        when_ms=MINUTE_MS,
        columns={
            "HR": Channel.HR,
            "SBP_nibp": Channel.SBP,
            "DBP_nibp": Channel.DBP,
            "Temp_C": Channel.TEMP,
            "SpO2": Channel.SPO2,
            "RR": Channel.RR,
        },
        line={"SBP_art": Channel.SBP, "DBP_art": Channel.DBP},
        patients="stays.csv",
        patient="icustay_id",
    ),
    "eicu-demo-nibp": Layout(
        vitals="nibp.csv.gz",
        who=("stay",),
        when="t_min",
        when_ms=MINUTE_MS,
        columns={"SBP": Channel.SBP, "DBP": Channel.DBP, "MAP": Channel.MAP},
        line={},
        patients="stays.csv.gz",
        patient="patientunitstayid",
    ),
    "physionet2012": Layout(
        vitals="vitals.csv.gz",
        who=("rid",),
        when="t_min",
        when_ms=MINUTE_MS,
        columns={
            "HR": Channel.HR,
            "SBP_nibp": Channel.SBP,
            "DBP_nibp": Channel.DBP,
            "Temp_C": Channel.TEMP,
            "SaO2": Channel.SPO2,
            "RR": Channel.RR,
        },
        line={"SBP_art": Channel.SBP, "DBP_art": Channel.DBP},
        patients="patients.csv",
        patient="rid",
    ),
    "exam-stress": Layout(
        vitals="hr_1hz.csv.gz",
        who=("subject", "exam"),
        when="t_s",
        when_ms=SECOND_MS,
        columns={"HR": Channel.HR},
        line={},
    ),
}
PRESSURES: Final = (Channel.SBP, Channel.DBP, Channel.MAP)


def chart_table(folder: Path, form: Form, remarks: Remarks) -> ChartTable:
    """Read a collection from its folder, or from a folder in which that folder lies.

    Raises
    ------
    InputFileError
        If a table is missing, cannot be read, lacks a column or holds no row.
    """
    layout = LAYOUTS[form]
    folder = _collection(folder, form)
    path = _table(folder, layout.vitals)
    sets = sorted(_sets(path, layout, remarks), key=lambda one: (one[0], one[1]))
    if not sets:
        raise InputFileError(path, "holds no set of vitals")
    ages = _ages(folder, layout, remarks)
    stays = tuple(dict.fromkeys(who for who, _, _, _ in sets))
    row_of = {who: index for index, who in enumerate(stays)}
    stay = np.array([row_of[who] for who, _, _, _ in sets], np.int32)
    cuff = np.array([values for _, _, values, _ in sets], np.int32)
    line = cuff.copy()
    if layout.line:
        line[:, list(PRESSURES)] = np.array([values for _, _, _, values in sets], np.int32)
    return ChartTable(
        stays=tuple(" ".join(who) for who in stays),
        first=np.searchsorted(stay, np.arange(len(stays) + 1)).astype(np.int64),
        age_years=np.array([ages.get(who[0], MISSING) for who in stays], np.int32),
        at_ms=np.array([at_ms for _, at_ms, _, _ in sets], np.int64),
        cuff_centi=cuff,
        line_centi=line,
    )


_Set: TypeAlias = tuple[tuple[str, ...], int, list[int], list[int]]


def _sets(path: Path, layout: Layout, remarks: Remarks) -> Iterator[_Set]:
    """Yield who, when, the values of all channels, and the pressures of the arterial line."""
    names = (*layout.who, layout.when, *layout.columns, *layout.line)
    for line, row in rows(path, remarks, names):
        try:
            who = tuple(_name(row, name) for name in layout.who)
            at_ms = round(number(row, layout.when, TIME_MAX) * layout.when_ms)
            values = _values(row, layout.columns, N_CHANNELS)
            arterial = _values(row, layout.line, max(PRESSURES) + 1)[PRESSURES[0] :]
        except BadValueError as fault:
            left_out(path, line, fault, remarks)
            continue
        if any(value != MISSING for value in (*values, *arterial)):
            yield who, at_ms, values, arterial


def _values(row: Fields, columns: Mapping[str, Channel], length: int) -> list[int]:
    values = [MISSING] * length
    for name, channel in columns.items():
        if row[name]:
            values[channel] = round(number(row, name) * CENTI)
    return values


def _ages(folder: Path, layout: Layout, remarks: Remarks) -> Mapping[str, int]:
    """Return the age of each patient; none where the table of patients is not there."""
    path = _table(folder, layout.patients)
    if not layout.patients or not path.exists():
        return {}
    ages: dict[str, int] = {}
    names = (layout.patient, "age")
    for line, fields in rows(path, remarks, names):
        row = {**fields, "age": fields["age"].removeprefix(OVER_AGE).strip()}
        try:
            if row["age"]:
                ages[_name(row, layout.patient)] = int(number(row, "age", AGE_MAX_YEARS))
        except BadValueError as fault:
            remarks.add("ages left out", f"{path}:{line}: {fault}; age left out")
    return {who: age for who, age in ages.items() if age >= 0}


def _name(row: Fields, name: str) -> str:
    """Return who a row is about; a number is written alike in every table."""
    if not row[name]:
        raise BadValueError(name, "", "is empty")
    return row[name].removesuffix(".0")


def _collection(folder: Path, form: Form) -> Path:
    """Return the folder that holds the tables: this one, or the one in it of that name."""
    if not folder.is_dir():
        raise InputFileError(folder, f"is no folder; it must hold {LAYOUTS[form].vitals}")
    if _table(folder, LAYOUTS[form].vitals).exists():
        return folder
    within = sorted(child for child in folder.iterdir() if child.name.startswith(form))
    return within[0] if within else folder


def _table(folder: Path, name: str) -> Path:
    """Return the path of a table; a folder may hold it compressed or not."""
    path = folder / name
    unpacked = path.with_suffix("")
    return unpacked if unpacked.exists() and not path.exists() else path
