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
