"""Published tables of intensive care become sessions by the stated rules; bad rows are named."""

import gzip
from pathlib import Path

import pytest

from monitor.adapters import rows, stay_charts
from monitor.adapters.chart import MINUTE_MS
from monitor.adapters.mimic import ADMISSION_MS
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.facts.records import PumpReported, SessionReported, VitalsReported
from monitor.wire.messages import decode

MIMIC4 = {
    "icu/icustays": """subject_id,hadm_id,stay_id,first_careunit,intime,outtime
11,1,31,MICU,2150-03-01 08:00:00,2150-03-04 08:00:00
12,1,32,MICU,yesterday,2150-03-04 08:00:00
""",
    "hosp/patients": """subject_id,gender,anchor_age,anchor_year
11,F,60,2148
""",
    "icu/inputevents": """subject_id,stay_id,starttime,endtime,itemid,amount,amountuom,\
patientweight,statusdescription
11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225168,300,ml,70,FinishedRunning
11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225168,300,ml,70,Rewritten
11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225158,300,ml,70,FinishedRunning
11,31,2150-03-01 12:00:00,2150-03-01 11:00:00,225170,300,ml,70,FinishedRunning
11,39,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,300,ml,70,FinishedRunning
11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,0,ml,70,FinishedRunning
11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,2,units,70,FinishedRunning
""",
    "icu/chartevents": """subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,\
itemid,value,valuenum,valueuom,warning
11,1,31,5,2150-03-01 11:30:00,,220045,80,80,bpm,0
11,1,31,5,2150-03-01 11:30:00,,220179,110,110,mmHg,0
11,1,31,5,2150-03-01 12:30:00,,223761,100.4,100.4,F,0
11,1,31,5,2150-03-01 12:30:00,,220277,,,%,0
11,1,31,5,2150-03-02 12:30:00,,220045,99,99,bpm,0
11,1,,5,2150-03-01 12:30:00,,220045,99,99,bpm,0
12,1,32,5,2150-03-01 12:30:00,,220045,99,99,bpm,0
""",
}
MIMIC3 = {
    "ICUSTAYS": """ROW_ID,SUBJECT_ID,HADM_ID,ICUSTAY_ID,INTIME,OUTTIME
1,11,1,31,2150-03-01 08:00:00,2150-03-04 08:00:00
""",
    "PATIENTS": "ROW_ID,SUBJECT_ID,GENDER,DOB\n1,11,F,2100-06-01 00:00:00\n",
    "INPUTEVENTS_MV": """ROW_ID,SUBJECT_ID,ICUSTAY_ID,STARTTIME,ENDTIME,ITEMID,AMOUNT,\
AMOUNTUOM,PATIENTWEIGHT,STATUSDESCRIPTION
1,11,31,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,250,ml,70,FinishedRunning
""",
    "CHARTEVENTS": """ROW_ID,SUBJECT_ID,HADM_ID,ICUSTAY_ID,ITEMID,CHARTTIME,STORETIME,\
CGID,VALUE,VALUENUM,VALUEUOM,WARNING,ERROR
1,11,1,31,211,2150-03-01 11:00:00,,1,75,75,bpm,0,0
1,11,1,31,211,2150-03-01 11:30:00,,1,750,750,bpm,0,1
""",
}
EICU = {
    "vitalPeriodic": """vitalperiodicid,patientunitstayid,observationoffset,temperature,\
sao2,heartrate,respiration,systemicsystolic,systemicdiastolic,systemicmean
1,141,5,36.8,97,88,18,120,60,80
2,141,180,,96,90,,118,,
3,142,10,,95,70,,101,51,68
4,141,200,,x,91,,,,
""",
    "vitalAperiodic": """vitalaperiodicid,patientunitstayid,observationoffset,\
noninvasivesystolic,noninvasivediastolic,noninvasivemean
1,141,15,125,65,85
2,14.5,15,125,65,85
""",
    "patient": "patientunitstayid,age,admissionweight\n141,> 89,80.5\n142,old,70\n",
}
LATE = "must end after its start and within 10080 min (got '2150-03-01 11:00:00')"
RECORD = """Time,Parameter,Value
00:00,RecordID,132539
00:00,Age,54
00:00,Weight,-1
00:07,HR,73
00:07,NISysABP,147
00:07,SysABP,150
00:37,HR,-1
00:37,Temp,35.1
1:99,HR,80
02:00,HR,fast
02:07,,1
03:07,Glucose,205
03:07,HR,77
"""


def archive(folder: Path, tables: dict[str, str], end: str = ".csv") -> Path:
    for name, text in tables.items():
        path = folder / f"{name}{end}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if end.endswith(".gz") else text.encode())
    return folder


def told(recording: Recording, zero_ms: int = ADMISSION_MS) -> list[tuple[float, str]]:
    """Return minutes since admission and what was said, in short."""
    said: list[tuple[float, str]] = []
    for step in recording.steps:
        for message in step.messages:
            record = decode(message, position=0)
            minute = (step.now_ms - zero_ms) / MINUTE_MS
            match record:
                case SessionReported():
                    age = "" if record.event != "open" else f" {record.age_years}"
                    said.append((minute, f"{record.event}{age}"))
                case PumpReported():
                    said.append((minute, f"{record.state} {record.rate_centi_ml_per_h}"))
                case VitalsReported():
                    values = ",".join(f"{v.channel}={v.value_centi}" for v in record.values)
                    said.append((minute, values))
    return said


@pytest.mark.parametrize("end", [".csv", ".csv.gz"])
def test_a_transfusion_of_mimic_iv_is_a_session(tmp_path: Path, end: str) -> None:
    remarks = Remarks()

    assert recognised(archive(tmp_path, MIMIC4, end)) == "mimic"
    (only,) = open_source(tmp_path, remarks)

    assert only.group == "Packed Red Blood Cells"
    assert told(only) == [
        (120, "open 62"),
        (210, "0=8000,1=11000"),
        (240, "infusing 15000"),
        (270, "4=3800"),
        (360, "complete 0"),
        (600, "close"),
    ]
    where = tmp_path / "icu"
    assert remarks.counts == {rows.LEFT_OUT: 6}
    assert remarks.named == [
        f"{where}/icustays{end}:3: intime: is no time in ISO 8601 (got 'yesterday'); row left out",
        f"{where}/inputevents{end}:5: endtime: {LATE}; row left out",
        f"{where}/inputevents{end}:6: stay: is not in icustays (got '39'); row left out",
        f"{where}/inputevents{end}:7: amount: must be above 0 (got '0'); row left out",
        f"{where}/inputevents{end}:8: amountuom: must be ml (got 'units'); row left out",
        f"{where}/chartevents{end}:5: valuenum: is no number (got ''); row left out",
    ]


def test_mimic_iii_has_other_names_ages_by_birth_and_values_marked_as_errors(
    tmp_path: Path,
) -> None:
    remarks = Remarks()

    (only,) = open_source(archive(tmp_path, MIMIC3), remarks)

    assert told(only)[:2] == [(120, "open 49"), (180, "0=7500")]
    assert remarks.counts == {"values that were charted as errors": 1}


def test_a_stay_of_eicu_is_a_session_with_pressures_of_one_source(tmp_path: Path) -> None:
    remarks = Remarks()

    assert recognised(archive(tmp_path, EICU)) == "eicu"
    first, second = open_source(tmp_path, remarks)

    assert told(first, stay_charts.ORIGIN_MS) == [
        (5, "open 89"),
        (5, "0=8800,6=1800,5=9700,4=3680"),
        (15, "1=12500,2=6500,3=8500"),
        (125, "start"),
        (180, "0=9000,5=9600"),
        (180, "close"),
    ]
    assert told(second, stay_charts.ORIGIN_MS)[1] == (10, "0=7000,5=9500,1=10100,2=5100,3=6800")
    assert remarks.counts == {
        rows.LEFT_OUT: 2,
        "ages left out": 1,
        stay_charts.OTHER_SOURCE: 4,
    }
    assert remarks.named[0] == (
        f"{tmp_path}/vitalPeriodic.csv:5: sao2: is no number (got 'x'); row left out"
    )


def test_a_missing_table_of_eicu_is_told(tmp_path: Path) -> None:
    remarks = Remarks()
    table = EICU["vitalAperiodic"]

    (only,) = open_source(archive(tmp_path, {"vitalAperiodic": table}), remarks)

    assert told(only, stay_charts.ORIGIN_MS)[0] == (15, "open None")
    assert remarks.counts["tables missing"] == 1


def test_a_text_file_of_physionet_is_one_stay(tmp_path: Path) -> None:
    path, remarks = tmp_path / "132539.txt", Remarks()
    path.write_text(RECORD)

    assert recognised(path) == "physionet2012"
    (only,) = open_source(path, remarks)

    assert told(only, stay_charts.ORIGIN_MS) == [
        (7, "open 54"),
        (7, "0=7300,1=14700"),
        (37, "4=3510"),
        (127, "start"),
        (187, "0=7700"),
        (187, "close"),
    ]
    assert [line.split(": ", 1)[1] for line in remarks.named] == [
        "Time: is no HH:MM (got '1:99'); row left out",
        "Value: is no number (got 'fast'); row left out",
        "Parameter: is empty (got ''); row left out",
    ]


SLIPPED = ("row: has {} cells, the table has {} columns (got '{}'); row left out").format


@pytest.mark.parametrize(
    ("tables", "table", "row", "words"),
    [
        (
            MIMIC4,
            "icu/icustays",
            "11,1,31,MICU,,2150-03-01,2150-03-04",
            SLIPPED(7, 6, "2150-03-04"),
        ),
        (MIMIC4, "hosp/patients", "11,F,,60,2148", SLIPPED(5, 4, "2148")),
        (MIMIC4, "icu/inputevents", "11,,31,,,225168,300,ml,70,x,", SLIPPED(11, 9, "x,")),
        (MIMIC4, "icu/chartevents", "11,1,31,5,,,220045,,8,8,bpm,0", SLIPPED(12, 11, "0")),
        (EICU, "vitalPeriodic", "1,141,5,36.8,97,88,18,120,,60,80", SLIPPED(11, 10, "80")),
        (EICU, "vitalAperiodic", "1,141,15,,125,65,85", SLIPPED(7, 6, "85")),
        (EICU, "patient", "141,> 89,,80.5", SLIPPED(4, 3, "80.5")),
    ],
)
def test_a_row_whose_values_have_slipped_is_named_and_the_rest_goes_on(
    tmp_path: Path, tables: dict[str, str], table: str, row: str, words: str
) -> None:
    before = Remarks()
    sound = [told(one) for one in open_source(archive(tmp_path, tables), before)]
    whole = {**tables, table: f"{tables[table]}{row}\n"}
    remarks = Remarks()

    assert [told(one) for one in open_source(archive(tmp_path, whole), remarks)] == sound
    assert remarks.counts[rows.LEFT_OUT] == before.counts[rows.LEFT_OUT] + 1
    line = whole[table].count("\n")
    assert f"{tmp_path}/{table}.csv:{line}: {words}" in remarks.named


def test_a_slipped_line_of_physionet_is_named(tmp_path: Path) -> None:
    path, remarks = tmp_path / "132539.txt", Remarks()
    path.write_text(f"{RECORD}03:08,HR,,79\n03:09,HR,78\n03:10,,HR,\n")

    (only,) = open_source(path, remarks)

    assert (189, "0=7800") in told(only, stay_charts.ORIGIN_MS)
    assert f"{path}:15: {SLIPPED(4, 3, '79')}" in remarks.named
    assert f"{path}:17: {SLIPPED(4, 3, '')}" in remarks.named


def test_a_time_of_another_century_is_left_out_and_said(tmp_path: Path) -> None:
    """No time is that far from its stay, and so far away it would be none of a calendar."""
    tables = {**MIMIC3, "ICUSTAYS": MIMIC3["ICUSTAYS"].replace("2150-", "8494-", 1)}
    assert tables != MIMIC3
    remarks = Remarks()
    with pytest.raises(InputFileError, match="no transfusion that can be read"):
        list(open_source(archive(tmp_path, tables), remarks))
    assert "further than 5270400 min from the admission (got '2150-" in remarks.named[0]


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({**MIMIC3, "CHARTEVENTS": "A,B\n"}, "CHARTEVENTS.csv:1: itemid: the table lacks"),
        ({name: MIMIC3[name] for name in ("ICUSTAYS", "CHARTEVENTS")}, "holds no table input"),
        ({**MIMIC4, "icu/inputevents": MIMIC4["icu/inputevents"][:40]}, "lacks this column"),
        (
            {**MIMIC4, "icu/inputevents": MIMIC4["icu/inputevents"].split("\n")[0]},
            "no transfusion",
        ),
        ({"vitalAperiodic": EICU["vitalAperiodic"].split("\n")[0]}, "no set of vitals"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, tables: dict[str, str], words: str) -> None:
    with pytest.raises(InputFileError, match=words):
        list(open_source(archive(tmp_path, tables), Remarks()))


def test_a_record_without_vitals_and_a_torn_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "1.txt"
    path.write_text("Time,Parameter,Value\n00:00,Age,54\n")
    with pytest.raises(InputFileError, match="no vital sign"):
        list(open_source(path, Remarks()))

    archive(tmp_path, EICU, ".csv.gz")
    torn = tmp_path / "vitalPeriodic.csv.gz"
    torn.write_bytes(torn.read_bytes()[:-12])
    with pytest.raises(InputFileError, match="cannot be read"):
        list(open_source(tmp_path, Remarks()))
