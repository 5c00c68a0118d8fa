"""Amounts with a unit, from the wire to hundredths of the canonical unit."""

from monitor.wire.payloads import PositiveQuantity, Quantity
from monitor.wire.refusals import Refusal
from monitor.wire.units import ACCEPTED_UNITS, centi


def amount_centi(quantity: Quantity | PositiveQuantity | None, name: str, field: str) -> int | None:
    """Return hundredths of the canonical unit of a named quantity, None where not sent."""
    if quantity is None:
        return None
    conversion = ACCEPTED_UNITS[name].get(quantity.u)
    if conversion is None:
        raise Refusal("wrong-unit", f"{field}.u", quantity.u, " or ".join(ACCEPTED_UNITS[name]))
    return centi(quantity.v, conversion)


def given_centi(quantity: PositiveQuantity | None, field: str) -> tuple[int | None, str]:
    """Return what was given to a person in hundredths, and whether that is mg or mL.

    A drug is an amount of substance, a fluid a volume; nothing is converted between them, because
    no concentration is known. (None, "") where nothing was said.
    """
    if quantity is None:
        return None, ""
    if quantity.u in ACCEPTED_UNITS["volume"]:
        return amount_centi(quantity, "volume", field), "mL"
    if quantity.u not in ACCEPTED_UNITS["drug-dose"]:
        known = " or ".join([*ACCEPTED_UNITS["drug-dose"], *ACCEPTED_UNITS["volume"]])
        raise Refusal("wrong-unit", f"{field}.u", quantity.u, known)
    return amount_centi(quantity, "drug-dose", field), "mg"
