"""Columns that do not fit together are refused: they would pair a value with a wrong bed."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from builders import message, readings

from detectors.channels import Channel
from detectors.readings import Readings, empty_readings

COLUMNS = tuple(field.name for field in fields(Readings))


def columns(**changed: Any) -> Readings:  # noqa: ANN401 - the types differ
    made = readings([message(0, sbp=120, dbp=80)])
    return Readings(**{name: changed.get(name, getattr(made, name)) for name in COLUMNS})


def test_a_message_becomes_a_row_for_each_value() -> None:
    made = readings([message(0, sbp=120, dbp=80), message(5, bed=2, hr=71.5)], first=10)
    assert len(made) == 3
    assert made.channel.tolist() == [Channel.SBP, Channel.DBP, Channel.HR]
    assert made.value_centi.tolist() == [12_000, 8_000, 7_150]
    assert made.bed.tolist() == [0, 0, 2]
    assert made.position.tolist() == [10, 10, 11]


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_column_of_another_length_is_refused_by_name(name: str, length: int) -> None:
    wrong = np.zeros(length, getattr(empty_readings(), name).dtype)
    with pytest.raises(ValueError, match=f"differ in length: .*'{name}': {length}"):
        columns(**{name: wrong})


def test_no_readings_have_the_same_types_as_some() -> None:
    none, some = empty_readings(), readings([message(0, sbp=120)])
    assert len(none) == 0
    for name in COLUMNS:
        assert getattr(none, name).dtype == getattr(some, name).dtype
