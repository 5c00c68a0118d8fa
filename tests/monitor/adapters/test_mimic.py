"""Charted transfusions become sessions by the stated rules, and bad rows are named."""

import gzip
import itertools
from pathlib import Path

import msgspec
import pytest

from monitor.adapters import mimic
from monitor.adapters.mimic import recordings
from monitor.adapters.recording import InputFileError, Recording, Remarks
from monitor.facts.records import MessageRefused, PumpReported, SessionReported, VitalsReported
from monitor.wire.messages import decode

VITALS_HEAD = "icustay_id,subject_id,t_min,DBP_art,DBP_nibp,HR,RR,SBP_art,SBP_nibp,SpO2,Temp_C"
VITALS = (
    "7.0,1,-200,,60,70,14,,110,98,36.6",
    "7.0,1,40,,61,71,14,,112,98,",
    "7.0,1,100,55,62,72,15,101,114,98,36.7",
    "7.0,1,130,56,,90,18,99,,95,",
    "8.0,2,130,,66,0,14,,11647,98,",
)
GIVEN_HEAD = "icustay_id,product,t_start_min,t_end_min,amount,unit,weight_kg"
GIVEN = (
    "7,Platelets,100,160,250,ml,70.5",
    "7,Albumin 25%,130,145,50,ml,",
    "8,Fresh Frozen Plasma,0,30,280,ml,60",
)
STAYS = ("icustay_id,age", "7,54", "8,300")


def archive(
    folder: Path,
    *,
    vitals: tuple[str, ...] = VITALS,
    given: tuple[str, ...] = GIVEN,
    stays: tuple[str, ...] = STAYS,
) -> Path:
    text = "\n".join((VITALS_HEAD, *vitals)) + "\n"
    (folder / mimic.VITALS).write_bytes(gzip.compress(text.encode()))
    (folder / mimic.TRANSFUSIONS).write_text("\n".join((GIVEN_HEAD, *given)) + "\n")
    (folder / mimic.STAYS).write_text("\n".join(stays) + "\n")
    return folder


def told(recording: Recording) -> list[tuple[float, str]]:
    """Return minutes since admission and what was said, in short."""
    said: list[tuple[float, str]] = []
    for step in recording.steps:
        for message in step.messages:
            record = decode(message, position=0)
            minute = (step.now_ms - mimic.ADMISSION_MS) / 60_000
            match record:
                case SessionReported():
                    said.append((minute, record.event))
                case PumpReported():
                    said.append((minute, f"{record.state} {record.rate_centi_ml_per_h}"))
                case VitalsReported():
                    values = ",".join(str(value.value_centi) for value in record.values)
                    said.append((minute, values))
                case _:
                    said.append((minute, str(record)))
    return said


def test_one_infusion_becomes_one_session(tmp_path: Path) -> None:
    first, *_ = recordings(archive(tmp_path), Remarks())

    assert told(first) == [
        (-20, "open"),
        (40, "7100,1400,9800,11200,6100"),
        (100, "7200,1500,9800,3670,11400,6200"),
        (100, "infusing 25000"),
        (130, "9000,1800,9500"),
        (160, "complete 0"),
        (400, "close"),
    ]
    assert first.group == "Platelets"
    assert first.unit == "icu"


def test_a_session_knows_its_patient_by_pseudonym_weight_and_age(tmp_path: Path) -> None:
    first, second, third = recordings(archive(tmp_path), Remarks())
    opened = [
        decode(next(iter(one.steps)).messages[0], position=0) for one in (first, second, third)
    ]

    assert [
        (o.id, o.subject, o.bed, o.weight_centi_kg, o.age_years)
        for o in opened
        if isinstance(o, SessionReported)
    ] == [
        ("M7-100", "PX-M7", "infusion-001", 7050, 54),
        ("M7-130", "PX-M7", "infusion-002", None, 54),
        ("M8-0", "PX-M8", "infusion-003", 6000, None),
    ]


def test_overlapping_infusions_share_readings_and_nothing_else(tmp_path: Path) -> None:
    first, second, _ = recordings(archive(tmp_path), Remarks())

    assert (130, "9000,1800,9500") in told(first)
    assert (130, "9000,1800,9500") in told(second)
    assert not [said for _, said in told(second) if said.startswith("infusing 25000")]


@pytest.mark.parametrize(
    ("before", "after", "source"),
    [
        ((), (), "nibp"),
        (("art",), (), "art"),
        (("art", "art", "nibp"), ("nibp", "nibp"), "art"),
        (("nibp", "nibp", "art"), ("art", "art"), "nibp"),
        (("art", "nibp"), ("art",), "art"),
        (("art", "nibp"), ("art", "nibp"), "nibp"),
    ],
)
def test_pressures_come_from_one_source(
    before: tuple[str, ...], after: tuple[str, ...], source: str
) -> None:
    rows = [
        mimic.Charted(at_min=n, values={f"SBP_{kind}": 100.0})
        for n, kind in enumerate((*before, *after))
    ]

    assert mimic.pressure_source(rows[: len(before)], rows) == source


def test_pressures_of_the_other_source_are_counted(tmp_path: Path) -> None:
    remarks = Remarks()
    list(recordings(archive(tmp_path, given=GIVEN[:1]), remarks))

    # Both at minute 100 and both at 130; at 130 the cuff has none.
    assert remarks.counts == {"pressures of the other source left out": 4}


def test_a_step_is_made_for_every_minute(tmp_path: Path) -> None:
    first, *_ = recordings(archive(tmp_path), Remarks())
    times = [step.now_ms for step in first.steps]

    assert times == sorted(set(times))
    assert {b - a for a, b in itertools.pairwise(times)} == {60_000}


def test_impossible_values_are_passed_on(tmp_path: Path) -> None:
    third = list(recordings(archive(tmp_path), Remarks()))[2]

    assert (130, "0,1400,9800,1164700,6600") in told(third)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("7,Platelets,100,100,250,ml,70", "t_end_min: ends before its start 100 (got '100')"),
        ("7,Platelets,100,90000,250,ml,70", "t_end_min: lasts over 10080 min (got '90000')"),
        ("7,Platelets,x,160,250,ml,70", "t_start_min: is no number (got 'x')"),
        ("7,Platelets,1e300,160,250,ml,70", "t_start_min: must be finite and at most 5.2704e+06"),
        ("7,Platelets,100,160,nan,ml,70", "amount: must be finite and at most 1e+06 (got 'nan')"),
        ("7,Platelets,100,160,0,ml,70", "amount: must be above 0 (got '0')"),
        ("7,Platelets,100,160,2,units,70", "unit: must be ml (got 'units')"),
        ("7,Platelets,100", "t_end_min: is no number (got '')"),
        ("7,Platelets,,100,160,250,ml,70", "row: has 8 cells, the table has 7 columns (got '70')"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path, row: str, words: str) -> None:
    remarks = Remarks()

    read = list(recordings(archive(tmp_path, given=(row, GIVEN[0])), remarks))

    assert len(read) == 1
    assert remarks.counts["rows left out"] == 1
    assert words in remarks.named[0]
    assert f"{mimic.TRANSFUSIONS}:2: " in remarks.named[0]


def test_bad_vitals_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    remarks = Remarks()
    bad = ("7.0,1,50,,,high,,,,,", "7.0,1,,,,70,,,,,", "x,1,50,,,70,,,,,")

    first, *_ = recordings(archive(tmp_path, vitals=(*bad, *VITALS)), remarks)

    assert remarks.counts["rows left out"] == 3
    assert (40, "7100,1400,9800,11200,6100") in told(first)


def test_a_missing_table_or_column_stops_with_its_name(tmp_path: Path) -> None:
    folder = archive(tmp_path, stays=("icustay_id,born", "7,1960"))
    with pytest.raises(InputFileError, match=r"stays\.csv:1: age: the table lacks this column"):
        list(recordings(folder, Remarks()))

    archive(tmp_path)
    (tmp_path / mimic.VITALS).write_bytes(b"no gzip")
    with pytest.raises(InputFileError, match=r"vitals\.csv\.gz: cannot be read"):
        list(recordings(folder, Remarks()))

    (tmp_path / mimic.STAYS).unlink()
    with pytest.raises(InputFileError, match=r"stays\.csv: cannot be read"):
        list(recordings(folder, Remarks()))


@pytest.mark.evidence
def test_every_real_transfusion_becomes_messages_that_decode(evidence: Path) -> None:
    remarks = Remarks()
    read = list(recordings(evidence / "mimic3-demo", remarks))

    assert len(read) == 124
    assert "rows left out" not in remarks.counts
    refused = [
        record
        for one in read
        for step in one.steps
        for message in step.messages
        if isinstance(record := decode(message, position=0), MessageRefused)
    ]
    assert refused == []
    assert len({msgspec.json.encode(one.name) for one in read}) == 124


def test_a_field_that_no_table_has_ends_the_reading_with_its_line(tmp_path: Path) -> None:
    archive(tmp_path)
    stays = tmp_path / "stays.csv"
    stays.write_text(stays.read_text() + "7," + "9" * 200_000 + "\n")
    with pytest.raises(InputFileError, match=r"stays\.csv:\d+: cannot be read: field larger"):
        list(recordings(tmp_path, Remarks()))
