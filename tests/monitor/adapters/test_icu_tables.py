"""Charts are read as they were published, and what cannot be read is named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from detectors.channels import MISSING, Channel
from monitor.adapters.icu_tables import FORMS, LAYOUTS, Form, chart_table
from monitor.adapters.recording import InputFileError, Remarks

MIMIC = "icustay_id,subject_id,t_min,DBP_art,DBP_nibp,HR,RR,SBP_art,SBP_nibp,SpO2,Temp_C\n"
PHYSIONET = "rid,t_min,HR,SBP_nibp,DBP_nibp,SBP_art,DBP_art,Temp_C,RR,SaO2\n"
EICU = "stay,t_min,SBP,DBP,MAP\n"
EXAMS = "subject,exam,t_s,HR\n"


def packed(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return folder


def test_mimic_keeps_the_pressures_of_both_sources(tmp_path: Path) -> None:
    packed(
        tmp_path,
        "vitals.csv.gz",
        MIMIC + "7.0,1,60,,,81,,,,,36.6\n7.0,1,-6,55,64,107.0,35.0,118,112.0,99.0,\n",
    )
    packed(tmp_path, "stays.csv", "icustay_id,age\n7,71\n")

    table = chart_table(tmp_path, "mimic3-demo", Remarks())

    assert table.stays == ("7",)
    assert table.first.tolist() == [0, 2]
    assert table.age_years.tolist() == [71]
    assert table.at_ms.tolist() == [-360_000, 3_600_000]
    assert table.cuff_centi[0].tolist() == [10700, 11200, 6400, MISSING, MISSING, 9900, 3500]
    assert table.line_centi[0].tolist() == [10700, 11800, 5500, MISSING, MISSING, 9900, 3500]
    assert (table.cuff_centi[1] == table.line_centi[1]).all()


def test_physionet_passes_impossible_values_on(tmp_path: Path) -> None:
    packed(tmp_path, "vitals.csv.gz", PHYSIONET + "9,7,73,0,0,,,-17.8,19,97\n")
    packed(tmp_path, "patients.csv", "rid,age\n9,54.0\n")

    table = chart_table(tmp_path, "physionet2012", Remarks())

    assert table.cuff_centi[0, Channel.SBP] == 0
    assert table.cuff_centi[0, Channel.TEMP] == -1780
    assert table.line_centi[0, Channel.SBP] == MISSING
    assert table.age_years.tolist() == [54]


def test_a_withheld_age_is_at_least_what_it_says(tmp_path: Path) -> None:
    packed(tmp_path, "nibp.csv.gz", EICU + "5,1,120,70,87\n4,1,121,71,88\n3,1,122,72,89\n")
    packed(tmp_path, "stays.csv.gz", "patientunitstayid,age\n3,> 89\n4,\n5,40\n")

    table = chart_table(tmp_path, "eicu-demo-nibp", Remarks())

    assert dict(zip(table.stays, table.age_years.tolist(), strict=True)) == {
        "3": 89,
        "4": MISSING,
        "5": 40,
    }
    assert table.cuff_centi[0, Channel.MAP] == 8900


def test_an_exam_is_a_stay_and_time_is_in_seconds(tmp_path: Path) -> None:
    packed(tmp_path, "hr_1hz.csv.gz", EXAMS + "S1,Final,0,80.5\nS1,Final,1,81\nS1,Midterm 1,0,70\n")

    table = chart_table(tmp_path, "exam-stress", Remarks())

    assert table.stays == ("S1 Final", "S1 Midterm 1")
    assert table.at_ms.tolist() == [0, 1000, 0]
    assert table.age_years.tolist() == [MISSING, MISSING]


@pytest.mark.parametrize("form", FORMS)
def test_a_collection_is_found_unpacked_and_within_a_folder(tmp_path: Path, form: Form) -> None:
    layout = LAYOUTS[form]
    columns = (*layout.who, layout.when, *layout.columns, *layout.line)
    name = layout.vitals.removesuffix(".gz")
    packed(
        tmp_path / f"{form}-half", name, f"{','.join(columns)}\n{','.join('1' * len(columns))}\n"
    )

    table = chart_table(tmp_path, form, Remarks())

    assert np.count_nonzero(table.cuff_centi != MISSING) == len(layout.columns)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("eighty", "HR: is no number (got 'eighty')"),
        ("nan", "HR: must be finite and at most 1e+06 (got 'nan')"),
        ("1e9", "HR: must be finite and at most 1e+06 (got '1e9')"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path, field: str, words: str) -> None:
    packed(tmp_path, "hr_1hz.csv.gz", EXAMS + f"S1,Final,0,{field}\nS1,Final,1,81\n")
    remarks = Remarks()

    table = chart_table(tmp_path, "exam-stress", remarks)

    assert table.at_ms.tolist() == [1000]
    assert remarks.counts == {"rows left out": 1}
    assert remarks.named == [f"{tmp_path / 'hr_1hz.csv.gz'}:2: {words}; row left out"]


def test_a_row_with_more_cells_than_columns_is_named_and_left_out(tmp_path: Path) -> None:
    packed(tmp_path, "hr_1hz.csv.gz", EXAMS + "S1,Final,0,,80\nS1,Final,1,81\n")
    remarks = Remarks()

    assert chart_table(tmp_path, "exam-stress", remarks).at_ms.tolist() == [1000]
    words = "row: has 5 cells, the table has 4 columns (got '80'); row left out"
    assert remarks.named == [f"{tmp_path / 'hr_1hz.csv.gz'}:2: {words}"]


def test_a_row_about_nobody_is_left_out(tmp_path: Path) -> None:
    packed(tmp_path, "hr_1hz.csv.gz", EXAMS + ",Final,0,80\nS1,Final\nS1,Final,1,81\n")
    remarks = Remarks()

    assert chart_table(tmp_path, "exam-stress", remarks).at_ms.tolist() == [1000]
    assert remarks.counts == {"rows left out": 2}


def test_a_bad_age_is_named_and_not_used(tmp_path: Path) -> None:
    packed(tmp_path, "vitals.csv.gz", PHYSIONET + "9,7,73,,,,,,,\n8,7,73,,,,,,,\n")
    packed(tmp_path, "patients.csv", "rid,age\n9,old\n8,-1\n")
    remarks = Remarks()

    assert chart_table(tmp_path, "physionet2012", remarks).age_years.tolist() == [MISSING, MISSING]
    assert remarks.counts == {"ages left out": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("subject,exam,t_s\n", "HR: the table lacks this column"),
        ("", "subject: the table lacks this column"),
        (EXAMS, "holds no set of vitals"),
        (EXAMS + "S1,Final,0,\n", "holds no set of vitals"),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        packed(tmp_path, "hr_1hz.csv.gz", text)

    with pytest.raises(InputFileError) as caught:
        chart_table(tmp_path, "exam-stress", Remarks())

    assert str(tmp_path / "hr_1hz.csv.gz") in str(caught.value)
    assert words in str(caught.value)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("hr_1hz.csv.gz").write_text("words")

    with pytest.raises(InputFileError, match="cannot be read"):
        chart_table(tmp_path, "exam-stress", Remarks())
    with pytest.raises(InputFileError, match="is no folder; it must hold vitals"):
        chart_table(tmp_path / "none", "mimic3-demo", Remarks())
