"""Infusions that CareVue charted: rates and amounts of rows without an end become courses."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import carevue, rows
from monitor.adapters.carevue import GAP_MIN, NO_VOLUME, NOTHING, TOO_LONG, Row
from monitor.adapters.chart import MINUTE_MS
from monitor.adapters.mimic import ADMISSION_MS
from monitor.adapters.recording import InputFileError, Remarks
from monitor.adapters.sources import open_source, recognised
from monitor.facts.records import PumpReported
from monitor.wire.messages import decode

STAYS = """ROW_ID,SUBJECT_ID,HADM_ID,ICUSTAY_ID,INTIME,OUTTIME
1,11,1,31,2150-03-01 08:00:00,2150-03-04 08:00:00
"""
CHART = """ROW_ID,SUBJECT_ID,HADM_ID,ICUSTAY_ID,ITEMID,CHARTTIME,VALUENUM,ERROR
1,11,1,31,211,2150-03-01 11:00:00,75,0
"""
HEAD = """ROW_ID,SUBJECT_ID,HADM_ID,ICUSTAY_ID,CHARTTIME,ITEMID,AMOUNT,AMOUNTUOM,RATE,RATEUOM,\
STORETIME,CGID,ORDERID,LINKORDERID,STOPPED,NEWBOTTLE
"""
GIVEN = {
    "rates": """1,11,1,31,2150-03-01 12:00:00,30179,,,100,ml/hr,,1,1,1,,1
2,11,1,31,2150-03-01 13:00:00,30179,100,ml,,,,1,1,1,,
3,11,1,31,2150-03-01 13:30:00,30179,,,150,mlhr,,1,1,1,,
4,11,1,31,2150-03-01 14:30:00,30179,150,ml,,,,1,1,1,Stopped,
""",
    "amounts": """1,11,1,31,2150-03-01 12:00:00,30005,200,ml,,,,1,1,1,,
2,11,1,31,2150-03-01 14:00:00,30005,50,cc,,,,1,1,1,,
""",
    "no end": """1,11,1,31,2150-03-01 12:00:00,30006,,,300,cc/hr,,1,1,1,,
""",
    "a pause": """1,11,1,31,2150-03-01 12:00:00,30008,,,60,ml/hr,,1,1,1,,
2,11,1,31,2150-03-01 12:10:00,30008,,,0,ml/hr,,1,1,1,,
3,11,1,31,2150-03-01 12:30:00,30008,,,60,ml/hr,,1,1,1,Restart,
4,11,1,31,2150-03-01 13:00:00,30008,,,,,,1,1,1,D/C'd,
""",
}


def archive(folder: Path, given: str, **more: str) -> Path:
    tables = {"ICUSTAYS": STAYS, "CHARTEVENTS": CHART, "INPUTEVENTS_CV": HEAD + given, **more}
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def pumped(folder: Path, remarks: Remarks) -> list[list[tuple[float, str, int | None, int | None]]]:
    """Return minute, state, rate and volume in hundredths of each report of each session."""
    found: list[list[tuple[float, str, int | None, int | None]]] = []
    for recording in open_source(folder, remarks):
        reports: list[tuple[float, str, int | None, int | None]] = []
        for step in recording.steps:
            for raw in step.messages:
                one = decode(raw, position=0)
                if isinstance(one, PumpReported):
                    minute = (step.now_ms - ADMISSION_MS) / MINUTE_MS
                    told = (minute, one.state, one.rate_centi_ml_per_h, one.infused_centi_ml)
                    reports.append(told)
        found.append(reports)
    return found


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (
            "rates",
            [
                [
                    (240, "infusing", 100_00, 0),
                    (330, "infusing", 150_00, 150_00),
                    (390, "complete", 0, 300_00),
                ]
            ],
        ),
        (
            "amounts",
            [
                [
                    (180, "infusing", 200_00, 0),
                    (240, "infusing", 25_00, 200_00),
                    (360, "complete", 0, 250_00),
                ]
            ],
        ),
        ("no end", [[(240, "infusing", 300_00, 0), (300, "complete", 0, 300_00)]]),
        (
            "a pause",
            [
                [(240, "infusing", 60_00, 0), (250, "complete", 0, 10_00)],
                [(270, "infusing", 60_00, 0), (300, "complete", 0, 30_00)],
            ],
        ),
    ],
)
def test_rows_of_carevue_become_infusions(
    which: str,
    expected: list[list[tuple[float, str, int | None, int | None]]],
    tmp_path: Path,
) -> None:
    folder, remarks = archive(tmp_path, GIVEN[which]), Remarks()
    assert recognised(folder) == "mimic"
    assert pumped(folder, remarks) == expected
    assert remarks.counts == {}


def test_a_bad_row_of_carevue_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    remarks = Remarks()
    bad = """5,11,1,31,noon,30179,,,100,ml/hr,,1,1,1,,
6,11,1,31,2150-03-01 15:00:00,30179,,,fast,ml/hr,,1,1,1,,
7,11,1,31,2150-03-01 15:00:00,30179,,,5,mcgkgmin,,1,1,1,,
8,11,1,31,2150-03-01 15:00:00,30179,-4,ml,,,,1,1,1,,
9,11,1,31,2150-03-01 15:00:00,30179,1,units,,,,1,1,1,,
10,11,1,99,2150-03-01 15:00:00,30179,1,ml,,,,1,1,1,,
11,11,1,31,2150-03-01 15:00:00,30179,,,,,,1,1,1,,
12,11,1,31,2150-03-01 15:00:00,30056,9,ml,,,,1,1,1,,
13,11,1,31,2150-03-02 23:00:00,30180,,,,,,1,1,1,Stopped,
"""
    folder = archive(tmp_path, GIVEN["rates"] + bad)
    assert len(pumped(folder, remarks)) == 1
    where = f"{folder}/INPUTEVENTS_CV.csv"
    rates = "must be one of cc/hr, cchr, ml/h, ml/hr, mlhr"
    volumes = "must be one of cc, ml"
    assert remarks.counts == {rows.LEFT_OUT: 6, NOTHING: 1, NO_VOLUME: 1}
    assert remarks.named == [
        f"{where}:6: charttime: is no time in ISO 8601 (got 'noon'); row left out",
        f"{where}:7: rate: is no number (got 'fast'); row left out",
        f"{where}:8: rateuom: {rates} (got 'mcgkgmin'); row left out",
        f"{where}:9: amount: must be 0 or above (got '-4'); row left out",
        f"{where}:10: amountuom: {volumes} (got 'units'); row left out",
        f"{where}:11: stay: is not in icustays (got '99'); row left out",
        f"{where}: stay 31, item 30180, minute 2340: nothing was given; infusion left out",
    ]


def test_both_systems_of_one_archive_are_read_and_none_is_an_error(tmp_path: Path) -> None:
    metavision = """ICUSTAY_ID,STARTTIME,ENDTIME,ITEMID,AMOUNT,AMOUNTUOM
31,2150-03-01 12:00:00,2150-03-01 14:00:00,225170,250,ml
"""
    folder = archive(tmp_path, GIVEN["no end"], INPUTEVENTS_MV=metavision)
    assert [len(one) for one in pumped(folder, Remarks())] == [2, 2]
    (folder / "INPUTEVENTS_CV.csv").unlink()
    assert len(pumped(folder, Remarks())) == 1
    (folder / "INPUTEVENTS_MV.csv").unlink()
    with pytest.raises(InputFileError, match="inputevents_mv or inputevents_cv"):
        pumped(folder, Remarks())


def test_an_infusion_of_over_a_week_is_a_slip_of_the_pen() -> None:
    remarks = Remarks()
    charted = [
        (31, 30179, Row(at_min=n * GAP_MIN, rate_ml_per_h=1.0, amount_ml=None, is_stopped=False))
        for n in range(43)
    ]
    assert list(carevue.infusions(Path("t"), charted, remarks)) == []
    assert remarks.counts == {TOO_LONG: 1}


ROWS = st.lists(
    st.builds(
        Row,
        at_min=st.integers(-500, 3_000),
        rate_ml_per_h=st.none() | st.floats(0, 1e6),
        amount_ml=st.none() | st.floats(0, 1e6),
        is_stopped=st.booleans(),
    ),
    min_size=1,
    max_size=12,
).map(lambda found: sorted(found, key=lambda row: row.at_min))


@given(ROWS)
def test_every_row_is_in_one_course_and_what_was_given_follows_in_time(charted: list[Row]) -> None:
    courses = list(carevue.courses(charted))
    assert [row for course in courses for row in course] == charted
    for course in courses:
        spans = carevue.given(course)
        for one, following in pairwise(spans):
            assert one.end_min == following.start_min
        for span in spans:
            assert span.start_min < span.end_min
            assert span.volume_ml >= 0
        if spans:
            assert spans[0].volume_ml > 0
            assert spans[-1].volume_ml > 0
        if all(row.rate_ml_per_h is None and not row.is_stopped for row in course):
            total = sum(row.amount_ml or 0.0 for row in course)
            assert sum(span.volume_ml for span in spans) == pytest.approx(total)
