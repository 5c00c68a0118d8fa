"""Values that are impossible as they were sent and ordinary in another unit.

Nothing is ever converted because it looks so: a device that sends 16 with the unit mm[Hg] may
mean kilopascal, or may be broken, and only its owner can know. What is found here is for the
words of a refusal, so that the owner is told where to look.
"""

from dataclasses import dataclass
from typing import Final

from detectors.channels import Channel
from detectors.quality import PRESSURES, ChannelLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTrap:
    """A unit in which a channel is often sent by mistake.

    ``canonical_centi = (value_centi + shift_centi) * numerator / denominator``, exactly.
    """

    channels: tuple[Channel, ...]
    unit: str
    numerator: int
    denominator: int
    shift_centi: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksLike:
    """The unit in which a value would be ordinary, and what it would then be, in hundredths."""

    unit: str
    value_centi: int


UNIT_TRAPS: Final = (
    # 1 mm[Hg] is 133.322387415 Pa (UCUM).
    UnitTrap(channels=PRESSURES, unit="kPa", numerator=10**12, denominator=133_322_387_415),
    UnitTrap(channels=(Channel.TEMP,), unit="°F", numerator=5, denominator=9, shift_centi=-3200),
    UnitTrap(channels=(Channel.TEMP,), unit="K", numerator=1, denominator=1, shift_centi=-27_315),
    UnitTrap(channels=(Channel.SPO2,), unit="a fraction of 1", numerator=100, denominator=1),
    UnitTrap(channels=(Channel.HR, Channel.RR), unit="1/s", numerator=60, denominator=1),
)
"""Units that fit no value of the channel's own unit."""


def ordinary_bounds(limits: ChannelLimits) -> tuple[tuple[int, int], ...]:
    """Return the least and the greatest value that is neither refused nor doubted by its level.

    Parameters
    ----------
    limits : ChannelLimits
        ``suspicious_below`` and ``suspicious_above``.

    Returns
    -------
    tuple of (int, int), one a channel
        Hundredths of the canonical unit, both included, in column order.
    """
    below, above = limits.suspicious_below.tolist(), limits.suspicious_above.tolist()
    return tuple(zip(below, above, strict=True))


def probable_unit(limits: ChannelLimits, channel: int, value_centi: int) -> LooksLike | None:
    """Return the unit in which an implausible value was probably sent.

    Parameters
    ----------
    limits : ChannelLimits
        What is ordinary: between the suspicious limits.
    channel : int
        Column of the value.
    value_centi : int
        The value as it was sent [hundredths of the canonical unit].

    Returns
    -------
    LooksLike or None
        None for a value that is ordinary as it is, and for one that no known unit explains.
    """
    low, high = int(limits.suspicious_below[channel]), int(limits.suspicious_above[channel])
    if low <= value_centi <= high:
        return None
    for trap in UNIT_TRAPS:
        if channel in trap.channels:
            # To the nearest hundredth, in integers: twice the quotient, plus one, halved.
            doubled = 2 * (value_centi + trap.shift_centi) * trap.numerator // trap.denominator
            meant_centi = (doubled + 1) // 2
            if low <= meant_centi <= high:
                return LooksLike(unit=trap.unit, value_centi=meant_centi)
    return None
