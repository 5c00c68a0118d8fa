"""Units on the wire: which are accepted for which quantity, and their exact conversion.

Every value becomes an integer number of hundredths of its quantity's canonical unit. The
conversion is exact decimal arithmetic on what the sender wrote, rounded once, half to even, to
hundredths: 98.6 [degF] is 3700, never 3699. A unit is never guessed from the size of a number:
0.97 with the unit ``%`` stays 0.97 %, which the quality gate finds implausible, and the unit
``1`` is known but fits no quantity.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from detectors.channels import CENTI

UnitName: TypeAlias = Literal[
    "/min",
    "bpm",
    "mm[Hg]",
    "mmHg",
    "kPa",
    "Cel",
    "[degF]",
    "degF",
    "%",
    "%{saturation}",
    "1",
    "mL",
    "mL/h",
    "L/min",
    "kg",
    "[lb_av]",
    "g",
    "mg",
    "mg/mL",
    "g/L",
]
"""Every unit that a message may name; which of them fits depends on the quantity."""

UNIT_NAMES: Final[tuple[str, ...]] = get_args(UnitName)

MMHG_PER_KPA: Final = Fraction(1000) / Fraction("133.322387415")
"""1 mm[Hg] is 133.322387415 Pa (UCUM)."""

KG_PER_LB: Final = Fraction("0.45359237")
"""The international avoirdupois pound (UCUM)."""

_CELSIUS_PER_FAHRENHEIT: Final = Fraction(5, 9)
_FREEZING_FAHRENHEIT: Final = Fraction(32)


@dataclass(frozen=True, slots=True)
class Conversion:
    """``canonical = (value + shift) * factor``, exactly; the floats are their quick twins."""

    factor: Fraction
    shift: Fraction
    centi_per_unit: float
    shift_float: float


def _conversion(factor: Fraction | int = 1, shift: Fraction | int = 0) -> Conversion:
    return Conversion(
        Fraction(factor), Fraction(shift), float(Fraction(factor) * CENTI), float(shift)
    )


_SAME: Final = _conversion()
_PER_MINUTE: Final = {"/min": _SAME, "bpm": _SAME}
_PRESSURE: Final = {"mm[Hg]": _SAME, "mmHg": _SAME, "kPa": _conversion(MMHG_PER_KPA)}
_FAHRENHEIT: Final = _conversion(_CELSIUS_PER_FAHRENHEIT, -_FREEZING_FAHRENHEIT)

ACCEPTED_UNITS: Final[dict[str, dict[str, Conversion]]] = {
    "hr": _PER_MINUTE,
    "sbp": _PRESSURE,
    "dbp": _PRESSURE,
    "map": _PRESSURE,
    "temp": {"Cel": _SAME, "[degF]": _FAHRENHEIT, "degF": _FAHRENHEIT},
    "spo2": {"%": _SAME, "%{saturation}": _SAME},
    "rr": _PER_MINUTE,
    "rate": {"mL/h": _SAME},
    "oxygen": {"L/min": _SAME},
    "volume": {"mL": _SAME},
    "weight": {"kg": _SAME, "[lb_av]": _conversion(KG_PER_LB)},
    "product-dose": {"g": _SAME, "mg": _conversion(Fraction(1, 1000))},
    "concentration": {"mg/mL": _SAME, "g/L": _SAME},
    "drug-dose": {"mg": _SAME, "g": _conversion(1000)},
}
"""Quantity to accepted unit to conversion; the first unit of each row is the canonical one."""

_NOT_NEAR_A_HALF: Final = 0.4999


def centi(value: float, conversion: Conversion) -> int:
    """Return hundredths of the canonical unit, as exact arithmetic rounded half to even gives.

    A product of floats below 1e10 is wrong by less than 1e-5, so it rounds as the exact number
    does unless it lies near a half; only then are fractions worth their price.

    >>> centi(98.6, ACCEPTED_UNITS["temp"]["[degF]"])
    3700
    >>> centi(16.0, ACCEPTED_UNITS["sbp"]["kPa"])
    12001
    """
    quick = (value + conversion.shift_float) * conversion.centi_per_unit
    nearest = round(quick)
    if -_NOT_NEAR_A_HALF < quick - nearest < _NOT_NEAR_A_HALF:
        return nearest
    return exact_centi(value, conversion)


def exact_centi(value: float, conversion: Conversion) -> int:
    """Return what :func:`centi` must return, by fractions of the shortest decimal of a float."""
    return round((Fraction(repr(value)) + conversion.shift) * conversion.factor * CENTI)


def number(value_centi: int) -> int | float:
    """Return hundredths as the shortest number for the wire: 3700 is 37, 3740 is 37.4."""
    whole, rest = divmod(value_centi, CENTI)
    return value_centi / CENTI if rest else whole
