"""Charted symptoms are signs whose grades rise with their severity."""

import pytest
from builders import ward_settings

from detectors.symptoms import SEVERITIES, SymptomRow, symptom_signs


def made(*grades: int, name: str = "hives", sign: str = "skin") -> SymptomRow:
    mild, moderate, severe = grades
    return SymptomRow(name=name, sign=sign, mild=mild, moderate=moderate, severe=severe, source=())


@pytest.mark.parametrize("grades", [(1, 1, 1), (1, 2, 3), (2, 2, 4), (4, 4, 4)])
def test_grades_may_stay_or_rise(grades: tuple[int, int, int]) -> None:
    row = made(*grades)
    assert tuple(row.grade(severity) for severity in SEVERITIES) == grades


@pytest.mark.parametrize("grades", [(0, 1, 2), (2, 1, 3), (1, 3, 2), (1, 2, 5)])
def test_grades_that_fall_or_do_not_exist_are_refused(grades: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"symptom 'hives': grades must rise from 1 to 4, got"):
        made(*grades)


def test_an_unknown_severity_has_no_grade() -> None:
    with pytest.raises(KeyError):
        made(1, 2, 3).grade("unbearable")


def test_signs_stand_once_in_order_of_first_appearance() -> None:
    rows = (made(1, 1, 1, sign="b"), made(1, 1, 1, sign="a"), made(1, 1, 1, sign="b"))
    assert symptom_signs(rows) == ("b", "a")
    assert symptom_signs(()) == ()


def test_no_charted_symptom_is_graded_beyond_three_by_itself() -> None:
    assert {row.grade(severity) for row in ward_settings().symptoms for severity in SEVERITIES} == {
        1,
        2,
        3,
    }
