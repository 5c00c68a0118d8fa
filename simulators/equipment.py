"""What stands at a bed: a monitor that stays, a cart that comes by, a patch, a pump that climbs.

Without anything said a bed has a bedside monitor, a pump that a nurse turns, and a tablet. The
words of the command line are read here: ``cart@1-4``, ``patch@all``, ``titrating@2,5``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

from monitor.wire.payloads import ChannelName

EquipmentKind: TypeAlias = Literal["cart", "patch", "titrating"]

KINDS: Final[Mapping[EquipmentKind, str]] = {
    "cart": "a spot-check cart comes by instead of a monitor that stays",
    "patch": "a wearable patch instead of a monitor that stays",
    "titrating": "a pump that climbs its ladder by itself and is interrupted now and then",
}
"""What can be asked for, and what it is."""

ALL: Final = "all"
CART_BEDS_MAX: Final = 8
"""One set takes a minute, and everybody needs one before the infusion starts (ours)."""

CHANNELS: Final[tuple[ChannelName, ...]] = get_args(ChannelName)
PATCH_CHANNELS: Final[tuple[ChannelName, ...]] = ("hr", "temp", "spo2", "rr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """The devices of one bed; ``cart`` is the name of the cart that comes by, "" for none."""

    cart: str = ""
    is_patched: bool = False
    is_titrating: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of devices that stay at the bed: their names are kind and bed."""
        if self.is_patched:
            return ("patch", "pump", "tab")
        return ("pump", "tab") if self.cart else ("mon", "pump", "tab")

    @property
    def channels(self) -> tuple[ChannelName, ...]:
        """Return what is measured at the bed: a patch without a cart knows no pressure."""
        return PATCH_CHANNELS if self.is_patched and not self.cart else CHANNELS


USUAL: Final = Equipment()
"""What a bed has unless somebody says otherwise."""


def equipment_by_bed(texts: Sequence[str], *, beds: int) -> dict[int, Equipment]:
    """Read options as ``cart@1-4`` and return what the beds have, by number; others have nothing.

    Carts are shared: eight beds have one cart between them, which is named after the first.

    Raises
    ------
    ValueError
        A text has another form, names an unknown thing or a bed that is not there.
    """
    found: dict[int, Equipment] = {}
    for text in texts:
        kind, _, where = text.partition("@")
        if kind not in KINDS:
            raise ValueError(f"equipment {text!r}: {kind!r} is unknown, one of {', '.join(KINDS)}")
        try:
            numbers = bed_numbers(where, beds=beds)
        except ValueError as fault:
            raise ValueError(f"equipment {text!r}: {fault}") from fault
        for place, number in enumerate(numbers):
            here = found.get(number, USUAL)
            if kind == "cart":
                first = numbers[place - place % CART_BEDS_MAX]
                here = replace(here, cart=f"cart-{first:02d}")
            elif kind == "patch":
                here = replace(here, is_patched=True)
            else:
                here = replace(here, is_titrating=True)
            found[number] = here
    return found


def bed_numbers(text: str, *, beds: int) -> tuple[int, ...]:
    """Read ``all``, ``3``, ``1-4`` or ``1,3,5-6`` and return the numbers in order.

    Raises
    ------
    ValueError
        The text has another form, or a bed is not one of 1 to ``beds``.
    """
    if text == ALL:
        return tuple(range(1, beds + 1))
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"beds {text!r}: write {ALL}, 3, 1-4 or 1,3,5-6")
        ends = (int(first), int(last if dash else first))
        # Before they are counted: a slip of the finger may name more beds than memory holds.
        strange = [number for number in ends if not 1 <= number <= beds]
        if strange or ends[0] > ends[1]:
            raise ValueError(f"bed {strange[0] if strange else part} is not one of 1 to {beds}")
        numbers |= set(range(ends[0], ends[1] + 1))
    return tuple(sorted(numbers))
