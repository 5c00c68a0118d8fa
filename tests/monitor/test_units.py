"""Every accepted unit converts exactly, and the quick road equals the exact one."""

from fractions import Fraction
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wire import RECEIVED_MS, taken

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.facts.records import MessageRefused, VitalsReported
from monitor.wire.messages import VitalsPayload, VitalValue, encode, stamp
from monitor.wire.payloads import ChannelName
from monitor.wire.units import ACCEPTED_UNITS, UNIT_NAMES, UnitName, centi, exact_centi, number

PAIRS: Final = [(quantity, unit) for quantity, row in ACCEPTED_UNITS.items() for unit in row]

# Worked by hand from the definitions: 1 mm[Hg] = 133.322387415 Pa, 1 [lb_av] = 0.45359237 kg,
# Cel = ([degF] - 32) / 1.8. A value that ends in exactly half a hundredth goes to the even one.
EXACT: Final[dict[tuple[str, str], dict[float, int]]] = {
    ("hr", "/min"): {72.0: 7200, 72.125: 7212, 72.135: 7214},
    ("hr", "bpm"): {72.0: 7200},
    ("rr", "/min"): {12.0: 1200},
    ("rr", "bpm"): {12.5: 1250},
    ("temp", "Cel"): {37.4: 3740, -0.005: 0, 37.005: 3700, 37.015: 3702},
    ("temp", "[degF]"): {98.6: 3700, 100.4: 3800, 101.3: 3850, 32.0: 0, -40.0: -4000, 99.5: 3750},
    ("temp", "degF"): {98.6: 3700, 104.0: 4000, 32.009: 0, 32.027: 2},
    ("spo2", "%"): {97.0: 9700, 0.97: 97},
    ("spo2", "%{saturation}"): {97.0: 9700},
    ("rate", "mL/h"): {120.25: 12025},
    ("volume", "mL"): {84.5: 8450},
    ("weight", "kg"): {71.0: 7100},
    ("weight", "[lb_av]"): {156.5: 7099, 100.0: 4536, 1.0: 45},
    ("product-dose", "g"): {35.0: 3500},
    ("product-dose", "mg"): {2500.0: 250, 25.0: 2, 35.0: 4},
    ("concentration", "mg/mL"): {100.0: 10_000},
    ("concentration", "g/L"): {51.5: 5150},
    ("oxygen", "L/min"): {2.0: 200, 0.25: 25},
    ("drug-dose", "mg"): {0.5: 50, 0.125: 12},
    ("drug-dose", "g"): {0.125: 12500},
    **{(channel, "mm[Hg]"): {84.0: 8400} for channel in ("sbp", "dbp", "map")},
    **{(channel, "mmHg"): {84.0: 8400} for channel in ("sbp", "dbp", "map")},
    **{
        (channel, "kPa"): {16.0: 12001, 12.0: 9001, 8.67: 6503, 0.0: 0}
        for channel in ("sbp", "dbp", "map")
    },
}


def test_every_accepted_unit_has_a_worked_example() -> None:
    assert set(EXACT) == set(PAIRS)


@pytest.mark.parametrize("pair", EXACT)
def test_a_conversion_is_exact(pair: tuple[str, str]) -> None:
    quantity, unit = pair
    for value, expected in EXACT[pair].items():
        assert centi(value, ACCEPTED_UNITS[quantity][unit]) == expected


@given(
    pair=st.sampled_from(PAIRS),
    value=st.one_of(
        st.floats(-1e6, 1e6),
        st.integers(-(10**9), 10**9).map(lambda thousandths: thousandths / 1000),
    ),
)
@example(pair=("temp", "[degF]"), value=98.6)
@example(pair=("hr", "/min"), value=0.005)
@example(pair=("hr", "/min"), value=999_999.995)
def test_the_quick_road_equals_the_exact_one(pair: tuple[str, str], value: float) -> None:
    conversion = ACCEPTED_UNITS[pair[0]][pair[1]]
    assert centi(value, conversion) == exact_centi(value, conversion)


def test_factors_are_those_of_ucum() -> None:
    kpa = ACCEPTED_UNITS["sbp"]["kPa"]
    assert kpa.factor * Fraction("133.322387415") == 1000
    assert ACCEPTED_UNITS["weight"]["[lb_av]"].factor == Fraction("0.45359237")
    fahrenheit = ACCEPTED_UNITS["temp"]["[degF]"]
    assert (fahrenheit.factor, fahrenheit.shift) == (Fraction(5, 9), Fraction(-32))


def test_the_first_unit_of_every_channel_is_the_canonical_one() -> None:
    for name, unit in zip(CHANNEL_NAMES, CANONICAL_UNITS, strict=True):
        assert next(iter(ACCEPTED_UNITS[name])) == unit


def test_every_unit_is_known_by_name_and_only_the_pure_number_fits_nothing() -> None:
    accepted = {unit for _, unit in PAIRS}
    assert accepted <= set(UNIT_NAMES)
    assert set(UNIT_NAMES) - accepted == {"1"}


@pytest.mark.parametrize("name", CHANNEL_NAMES)
@pytest.mark.parametrize("unit", UNIT_NAMES)
def test_a_channel_takes_its_units_and_refuses_all_others(
    name: ChannelName, unit: UnitName
) -> None:
    value = VitalValue(ch=name, v=36.5, u=unit)
    record = taken("vitals", encode(VitalsPayload(seq=1, t=stamp(RECEIVED_MS), values=(value,))))
    if unit in ACCEPTED_UNITS[name]:
        assert isinstance(record, VitalsReported)
        assert [one.value_centi for one in record.values] == [
            centi(36.5, ACCEPTED_UNITS[name][unit])
        ]
    else:
        assert isinstance(record, MessageRefused)
        assert (record.reason, record.value) == ("wrong-unit", unit)


def test_a_saturation_below_one_per_cent_stays_what_was_said() -> None:
    value = VitalValue(ch="spo2", v=0.97, u="%")
    record = taken("vitals", encode(VitalsPayload(seq=1, t=stamp(RECEIVED_MS), values=(value,))))
    assert isinstance(record, VitalsReported)
    assert [one.value_centi for one in record.values] == [97]


@given(st.integers(-(10**9), 10**9))
def test_hundredths_come_back_from_the_number_that_is_written(value_centi: int) -> None:
    shortest = number(value_centi)
    assert centi(float(shortest), ACCEPTED_UNITS["hr"]["/min"]) == value_centi
    assert isinstance(shortest, int) == (value_centi % 100 == 0)
