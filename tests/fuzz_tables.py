"""Readers of published collections and of files that other packages read: tables, WFDB, VitalDB.

As in ``fuzz_readers``: each takes any bytes, and may end only as its reader promises. A body is
some files of one folder, each with its name on a first line, behind one another.
"""

import gzip
import io
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from monitor.adapters.icu_tables import FORMS, chart_table
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.resumption import decoded
from monitor.adapters.sources import open_source

APART: Final = b"\x1e"
STEPS_MAX: Final = 3_000
MESSAGES_MAX: Final = 400
"""A stay can be long; the rest of it is read by the same code."""

MIMIC_NAMES: Final = (
    "ICUSTAYS.csv", "PATIENTS.csv", "INPUTEVENTS_MV.csv", "INPUTEVENTS_CV.csv", "CHARTEVENTS.csv",
)  # fmt: skip
DEMO_NAMES: Final = ("vitals.csv.gz", "transfusions_mv.csv", "stays.csv")
EICU_NAMES: Final = ("vitalPeriodic.csv", "vitalAperiodic.csv", "patient.csv")
CHART_NAMES: Final = ("vitals.csv.gz", "nibp.csv", "hr_1hz.csv", "stays.csv", "patients.csv")
WFDB_NAMES: Final = ("n.hea", "n.dat")


@lru_cache
def _root() -> tempfile.TemporaryDirectory[str]:
    memory = Path("/dev/shm")  # noqa: S108 - a name of its own is made in it
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def _folder(body: bytes, names: tuple[str, ...]) -> Path:
    """Return a folder of the files of a body; one without a known name has the next of them."""
    folder = Path(_root().name)
    for one in folder.iterdir():
        one.unlink()
    for place, part in enumerate(body.split(APART)[: len(names)]):
        first, _, content = part.partition(b"\n")
        said = first.decode("utf-8", "replace")
        name = said if said in names else names[place]
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


def _read(path: Path, form: str) -> None:
    """Read what a path holds, as far as a test has time for."""
    with suppress(InputFileError):
        messages = 0
        for recording in open_source(path, Remarks(), form=form):
            for _, step in zip(range(STEPS_MAX), recording.steps, strict=False):
                decoded(step.messages)
                messages += len(step.messages)
            if messages > MESSAGES_MAX:
                return


def mimic(body: bytes) -> None:
    """Read transfusions from the tables of MIMIC, of either charting system and edition."""
    _read(_folder(body, MIMIC_NAMES), "mimic")


def mimic_demo(body: bytes) -> None:
    """Read transfusions from the excerpt of the demo."""
    _read(_folder(body, DEMO_NAMES), "mimic3-demo")


def eicu(body: bytes) -> None:
    """Read stays from the tables of eICU."""
    _read(_folder(body, EICU_NAMES), "eicu")


def charts(body: bytes) -> None:
    """Read charts of intensive care as one table, in every form that they are kept in."""
    folder = _folder(body, CHART_NAMES)
    for form in FORMS:
        with suppress(InputFileError):
            chart_table(folder, form, Remarks())


def wfdb(body: bytes) -> None:
    """Read a record of numerics, which the package of that name takes apart."""
    _read(_folder(body, WFDB_NAMES) / "n.hea", "wfdb")


def vitaldb(body: bytes) -> None:
    """Read a file of VitalDB, which the package of that name takes apart; it is compressed."""
    path = _folder(b"", ("x",)) / "x.vital"
    path.write_bytes(gzip.compress(body, 1))
    _read(path, "vitaldb")


def parquet(body: bytes) -> None:
    """Read a table of Parquet by a map, and as an export."""
    folder = _folder(b"", ("x",))
    (folder / "t.columns.toml").write_bytes(PARQUET_MAP)
    for name, form in (("t.parquet", "columns"), ("readings.parquet", "export")):
        (folder / name).write_bytes(body)
        _read(folder / name, form)


# ---------------------------------------------------------------------------------------- seeds

PARQUET_MAP: Final = b"""bed = "bed"
time = { column = "measured", unit = "iso" }
[channels]
hr = { column = "value", unit = "bpm" }
"""
ICUSTAYS: Final = b"""ICUSTAYS.csv
SUBJECT_ID,ICUSTAY_ID,INTIME
11,31,2150-03-01 08:00:00
12,32,2150-03-01 08:00:00
"""
PATIENTS: Final = b"PATIENTS.csv\nSUBJECT_ID,DOB\n11,2100-06-01 00:00:00\n12,1850-01-01 00:00:00\n"
CHARTEVENTS: Final = b"""CHARTEVENTS.csv
SUBJECT_ID,ICUSTAY_ID,ITEMID,CHARTTIME,VALUENUM,ERROR
11,31,211,2150-03-01 11:00:00,75,0
11,31,220045,2150-03-01 11:30:00,750,1
12,32,223761,2150-03-01 12:30:00,100.4,0
11,31,220179,2150-03-01 11:30:00,110,0
"""
METAVISION: Final = b"""INPUTEVENTS_MV.csv
ICUSTAY_ID,STARTTIME,ENDTIME,ITEMID,AMOUNT,AMOUNTUOM,PATIENTWEIGHT,STATUSDESCRIPTION
31,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,250,ml,70,FinishedRunning
31,2150-03-01 12:00:00,2150-03-01 14:00:00,225168,300,ml,70,Rewritten
"""
CAREVUE: Final = b"""INPUTEVENTS_CV.csv
ICUSTAY_ID,CHARTTIME,ITEMID,AMOUNT,AMOUNTUOM,RATE,RATEUOM,STOPPED
32,2150-03-01 12:00:00,30179,,,100,ml/hr,
32,2150-03-01 13:00:00,30179,100,ml,,,Stopped
32,2150-03-01 15:00:00,30005,200,cc,,,
"""
MIMIC4: Final = (
    b"ICUSTAYS.csv\nsubject_id,stay_id,intime\n11,31,2150-03-01 08:00:00\n",
    b"PATIENTS.csv\nsubject_id,anchor_age,anchor_year\n11,60,2148\n",
    METAVISION.replace(b"ICUSTAY_ID", b"stay_id"),
    CHARTEVENTS.replace(b"ICUSTAY_ID", b"stay_id").replace(b",ERROR", b",warning"),
)
DEMO_VITALS: Final = (
    b"icustay_id,t_min,HR,RR,SpO2,Temp_C,SBP_art,DBP_art,SBP_nibp,DBP_nibp\n"
    b"31,10,80,15,97,36.8,,,120,70\n31,40,81,,96,,118,66,,\n31.0,130,0,,,,11647,,,\n"
)
DEMO_GIVEN: Final = b"""transfusions_mv.csv
icustay_id,product,t_start_min,t_end_min,amount,unit,weight_kg
31,Platelets,100,160,250,ml,70
31,FFP,100,90,250,ml,
"""
DEMO: Final = (
    b"vitals.csv.gz\n" + DEMO_VITALS,
    DEMO_GIVEN,
    b"stays.csv\nicustay_id,age\n31,54\n",
)
PERIODIC: Final = b"""vitalPeriodic.csv
patientunitstayid,observationoffset,temperature,sao2,heartrate,respiration,systemicsystolic,\
systemicdiastolic,systemicmean
141,5,36.8,97,88,18,120,60,80
142,-10,,95,70,,101,51,68
"""
APERIODIC: Final = b"""vitalAperiodic.csv
patientunitstayid,observationoffset,noninvasivesystolic,noninvasivediastolic,noninvasivemean
141,15,125,65,85
"""
EICU: Final = (
    PERIODIC,
    APERIODIC,
    b"patient.csv\npatientunitstayid,age,admissionweight\n141,> 89,80.5\n",
)
SET_A: Final = b"""vitals.csv.gz
rid,t_min,HR,SBP_nibp,DBP_nibp,Temp_C,SaO2,RR,SBP_art,DBP_art
132539,7,73,147,72,35.1,97,19,,
"""
CHARTS: Final = (
    (b"vitals.csv.gz\n" + DEMO_VITALS, b"stays.csv\nicustay_id,age\n31,54\n"),
    (
        b"nibp.csv\nstay,t_min,SBP,DBP,MAP\n141,5,120,70,85\n141,20,118,,\n",
        b"stays.csv\npatientunitstayid,age\n141,> 89\n",
    ),
    (b"hr_1hz.csv\nsubject,exam,t_s,HR\nS1,Final,0,88\nS1,Final,1,89.5\n",),
    (SET_A, b"patients.csv\nrid,age\n132539,54\n"),
)


def _package(name: str) -> Any:  # noqa: ANN401 - a package without types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return __import__(name)


def _wfdb() -> list[bytes]:
    header = b"n.hea\nn 2 0.0166 3 08:00:00 01/03/2150\n%b\n"
    hr = b"n.dat 16 10(0)/bpm 16 0 700 2170 0 HR"
    pressure = b"n.dat 16 10(0)/mmHg 16 0 1200 3570 0 NBP Sys"
    samples = b"n.dat\n" + b"".join(
        int(one).to_bytes(2, "little") for one in (700, 1200, 720, 1200, 750, 1170)
    )
    packed = b"n.hea\nn 1 1 3\nn.dat 80 1(128)/% 8 0 0 0 0 SpO2\n"
    return [
        header % (hr + b"\n" + pressure) + APART + samples,
        packed + APART + b"n.dat\n\xe1\xe0\xdf",
    ]


def _vitals() -> list[bytes]:
    if find_spec("vitaldb") is None:
        return []
    file = _package("vitaldb").VitalFile(None)
    file.dtstart, file.dtend = 1_000.0, 2_000.0
    file.add_track("Solar8000/HR", [{"dt": 1_000.0 + n, "val": 70.0 + n} for n in range(4)])
    file.add_track("Solar8000/NIBP_SBP", [{"dt": 1_001.0, "val": 120.0}])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.vital"
        file.to_vital(str(path))
        return [gzip.decompress(path.read_bytes())]


def _parquets() -> list[bytes]:
    if find_spec("pyarrow") is None:
        return []
    import pyarrow as pa  # noqa: PLC0415 - only here
    from pyarrow import parquet as files  # noqa: PLC0415 - as above

    columns = (
        "unit", "session", "bed", "device", "channel", "value", "value_unit", "measured",
        "received", "outcome",
    )  # fmt: skip
    at = "2026-11-23T12:00:00+00:00"
    row = ("u", "S-1", "17", "mon-1", "hr", 70.0, "/min", at, at, "")
    found = []
    for compression in ("none", "snappy"):
        table = pa.table({name: [cell, cell] for name, cell in zip(columns, row, strict=True)})
        into = io.BytesIO()
        files.write_table(table, into, compression=compression)
        found.append(into.getvalue())
    return found


def table_seeds() -> Mapping[str, Callable[[], list[bytes]]]:
    """Return what makes the first inputs of each target here."""
    return {
        "mimic": lambda: [
            APART.join((ICUSTAYS, PATIENTS, METAVISION, CAREVUE, CHARTEVENTS)),
            APART.join((ICUSTAYS, CAREVUE, CHARTEVENTS)),
            APART.join(MIMIC4),
        ],
        "mimic_demo": lambda: [APART.join(DEMO)],
        "eicu": lambda: [APART.join(EICU), APART.join(EICU[:1])],
        "charts": lambda: [APART.join(one) for one in CHARTS],
        "wfdb": _wfdb,
        "vitaldb": _vitals,
        "parquet": _parquets,
    }


TABLE_TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    one.__name__: one for one in (mimic, mimic_demo, eicu, charts, wfdb, vitaldb, parquet)
}
