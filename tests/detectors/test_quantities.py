"""What follows from several channels is what its formula says, to the hundredth."""

import pytest
from builders import Number, centi, row

from detectors.channels import CHANNEL_NAMES, DISPLAY_UNITS, N_CHANNELS
from detectors.quantities import (
    HEART_RATE_EXCESS,
    MEAN_PRESSURE,
    OF_CHANNEL,
    PULSE_PRESSURE,
    QUANTITIES,
    Quantity,
)


@pytest.mark.parametrize(
    ("quantity", "values", "expected"),
    [
        (PULSE_PRESSURE, {"sbp": 120, "dbp": 80}, 40),
        (MEAN_PRESSURE, {"sbp": 120, "dbp": 75}, 90),
        (MEAN_PRESSURE, {"sbp": 68, "dbp": 35}, 46),
        (HEART_RATE_EXCESS, {"hr": 90, "temp": 38}, "-183.6"),
    ],
)
def test_a_quantity_is_its_formula(
    quantity: Quantity, values: dict[str, Number], expected: Number
) -> None:
    assert quantity.of(tuple(row(values))) == centi(expected) * quantity.scale


def test_a_degree_of_fever_is_worth_seven_beats() -> None:
    well = HEART_RATE_EXCESS.of(tuple(row(hr=70, temp=37)))
    feverish = HEART_RATE_EXCESS.of(tuple(row(hr="77.2", temp=38)))
    assert feverish == well


def test_every_channel_is_a_quantity_in_its_own_unit() -> None:
    assert tuple(one.name for one in OF_CHANNEL) == CHANNEL_NAMES
    assert tuple(one.unit for one in OF_CHANNEL) == DISPLAY_UNITS
    whole = tuple(range(1, N_CHANNELS + 1))
    assert [one.of(whole) for one in OF_CHANNEL] == list(whole)


def test_quantities_are_found_by_the_name_that_tables_use() -> None:
    assert all(name == one.name for name, one in QUANTITIES.items())
    assert set(CHANNEL_NAMES) < set(QUANTITIES)
    assert all(len(one.weights) == N_CHANNELS and one.scale > 0 for one in QUANTITIES.values())
