"""Every channel has its codes, and a doubtful code says so."""

import re

import pytest

from detectors.channels import CANONICAL_UNITS, CHANNEL_NAMES
from monitor.wire.codes import CODES, CodeRow


def check_digit(body: str) -> int:
    """Return the modulus-10 check digit that closes a LOINC code."""
    doubled = str(int(body[::-1][::2][::-1]) * 2)
    others = body[::-1][1::2][::-1]
    return -sum(int(digit) for digit in doubled + others) % 10


@pytest.mark.parametrize(("name", "unit"), list(zip(CHANNEL_NAMES, CANONICAL_UNITS, strict=True)))
def test_every_channel_has_ucum_loinc_and_mdc(name: str, unit: str) -> None:
    row = CODES[name]
    assert row.ucum == unit
    assert row.loinc
    assert row.mdc
    assert row.mdc_unit is not None


@pytest.mark.parametrize("row", CODES.values(), ids=CODES)
def test_codes_are_well_formed_and_the_first_is_sure(row: CodeRow) -> None:
    for code in row.loinc:
        body, _, digit = code.code.partition("-")
        assert str(check_digit(body)) == digit
    for code in (*row.mdc, *((row.mdc_unit,) if row.mdc_unit else ())):
        assert re.fullmatch(r"[1-9]\d{5}", code.code)
        assert code.name == "" or code.name.startswith("MDC_")
        assert code.name or code.variant
    # A time left is known from one source only; nothing sends it yet.
    assert row.quantity == "time-left" or row.mdc[0].verified


def test_units_of_measure_lie_in_their_own_partition() -> None:
    for row in CODES.values():
        if row.mdc_unit is not None:
            assert int(row.mdc_unit.code) // 65536 == 4


def test_no_code_stands_for_two_things() -> None:
    codes = [code.code for row in CODES.values() for code in (*row.loinc, *row.mdc)]
    assert len(codes) == len(set(codes))


def test_doubtful_codes_are_marked() -> None:
    doubtful = {
        code.code for row in CODES.values() for code in (*row.loinc, *row.mdc) if not code.verified
    }
    assert doubtful == {"150037", "157993", "157916", "184514"}
