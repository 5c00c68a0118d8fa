"""A value in a foreign unit: the unit is named for its owner, and nothing is converted."""

from fractions import Fraction

import numpy as np
import pytest
from builders import Number, centi, shipped
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import CHANNEL_NAMES, MISSING, N_CHANNELS, Channel
from detectors.quality import Verdict, plausibility
from detectors.traps import LooksLike, ordinary_bounds, probable_unit

LIMITS = shipped().limits

KPA_IN_MMHG = Fraction(1000) / Fraction("133.322387415")


def converted(channel: int, value_centi: int) -> dict[str, Fraction]:
    """Return a value in hundredths of its canonical unit, had it been sent in another one."""
    value = Fraction(value_centi)
    if channel in (Channel.SBP, Channel.DBP, Channel.MAP):
        return {"kPa": value * KPA_IN_MMHG}
    if channel == Channel.TEMP:
        return {"°F": (value - 3200) * 5 / 9, "K": value - Fraction("27315")}
    if channel == Channel.SPO2:
        return {"a fraction of 1": value * 100}
    return {"1/s": value * 60}


def twin(channel: int, value_centi: int) -> LooksLike | None:
    low, high = LIMITS.suspicious_below[channel], LIMITS.suspicious_above[channel]
    if low <= value_centi <= high:
        return None
    for unit, exact in converted(channel, value_centi).items():
        nearest = int((exact + Fraction(1, 2)) // 1)
        if low <= nearest <= high:
            return LooksLike(unit=unit, value_centi=nearest)
    return None


@given(
    channel=st.integers(0, N_CHANNELS - 1),
    value_centi=st.integers(-1000, 45_000) | st.just(MISSING),
)
def test_the_unit_that_would_make_it_ordinary_is_named(channel: int, value_centi: int) -> None:
    assert probable_unit(LIMITS, channel, value_centi) == twin(channel, value_centi)


@pytest.mark.parametrize(
    ("channel", "sent", "unit", "meant"),
    [
        ("temp", "98.6", "°F", 37),
        ("temp", "100.4", "°F", 38),
        ("temp", "310.15", "K", 37),
        ("sbp", "16", "kPa", "120.01"),
        ("sbp", "12", "kPa", "90.01"),
        ("dbp", "8.67", "kPa", "65.03"),
        ("spo2", "0.97", "a fraction of 1", 97),
        ("hr", "1.2", "1/s", 72),
        ("rr", "0.25", "1/s", 15),
    ],
)
def test_the_traps_by_name(channel: str, sent: Number, unit: str, meant: Number) -> None:
    found = probable_unit(LIMITS, CHANNEL_NAMES.index(channel), centi(sent))
    assert found == LooksLike(unit=unit, value_centi=centi(meant))


@pytest.mark.parametrize(("channel", "sent"), [("sbp", 310), ("hr", 0), ("temp", 55), ("spo2", 30)])
def test_what_no_unit_explains_is_given_none(channel: str, sent: Number) -> None:
    assert probable_unit(LIMITS, CHANNEL_NAMES.index(channel), centi(sent)) is None


@pytest.mark.parametrize("channel", range(N_CHANNELS))
def test_the_bounds_are_those_beyond_which_a_value_is_doubted(channel: int) -> None:
    least, most = ordinary_bounds(LIMITS)[channel]
    rows = np.full((4, N_CHANNELS), MISSING, np.int32)
    rows[:, channel] = (least - 1, least, most, most + 1)
    believed = plausibility(LIMITS, rows)[:, channel] == Verdict.TRUSTED
    assert believed.tolist() == [False, True, True, False]
