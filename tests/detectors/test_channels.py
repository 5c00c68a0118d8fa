"""The columns are what everything else relies on."""

import numpy as np
import pytest

from detectors.channels import (
    CANONICAL_UNITS,
    CENTI,
    CHANNEL_NAMES,
    DISPLAY_UNITS,
    MISSING,
    N_CHANNELS,
    NEVER,
    Channel,
    Flag,
)


def test_columns_are_numbered_without_a_gap() -> None:
    assert [int(channel) for channel in Channel] == list(range(N_CHANNELS))


def test_every_channel_has_a_name_and_two_spellings_of_its_unit() -> None:
    assert CHANNEL_NAMES == ("hr", "sbp", "dbp", "map", "temp", "spo2", "rr")
    assert len(CANONICAL_UNITS) == len(DISPLAY_UNITS) == N_CHANNELS


def test_missing_and_never_are_the_least_numbers_of_their_columns() -> None:
    assert np.iinfo(np.int32).min == MISSING
    assert np.iinfo(np.int64).min == NEVER


@pytest.mark.parametrize("flag", [flag for flag in Flag if flag])
def test_flags_fit_their_column_and_are_single_bits(flag: Flag) -> None:
    assert flag <= np.iinfo(np.uint16).max
    assert flag.bit_count() == 1


def test_hundredths_are_hundredths() -> None:
    assert CENTI == 100
