"""Quantities that limits are about: the channels themselves, and what follows from several.

A quantity is a sum of channels with whole weights, divided by a whole scale, so that a limit
on it is still an exact comparison of integers.
"""

from dataclasses import dataclass
from typing import Final

from detectors.channels import CHANNEL_NAMES, DISPLAY_UNITS, N_CHANNELS, Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A weighted sum of channels: ``sum(weights * values) / scale``.

    ``words`` is what people call it; ``unit`` how its value is shown.
    """

    name: str
    words: str
    unit: str
    weights: tuple[int, ...]
    scale: int = 1

    def of(self, value_centi: tuple[int, ...]) -> int:
        """Return the quantity times its scale, in hundredths, from the values of all channels."""
        return sum(w * v for w, v in zip(self.weights, value_centi, strict=True) if w)


def _weights(**channels: int) -> tuple[int, ...]:
    return tuple(channels.get(name, 0) for name in CHANNEL_NAMES)


SHORT_NAMES: Final = ("HR", "SBP", "DBP", "MAP", "T", "SpO2", "RR")
"""What people call the channels, in column order."""

OF_CHANNEL: Final = tuple(
    Quantity(
        name=CHANNEL_NAMES[channel],
        words=SHORT_NAMES[channel],
        unit=DISPLAY_UNITS[channel],
        weights=tuple(int(column == channel) for column in range(N_CHANNELS)),
    )
    for channel in Channel
)
"""The channels as quantities, in column order."""

PULSE_PRESSURE: Final = Quantity(
    name="pulse_pressure", words="pulse pressure", unit="mmHg", weights=_weights(sbp=1, dbp=-1)
)
"""SBP - DBP."""

MEAN_PRESSURE: Final = Quantity(
    name="mean_pressure",
    words="mean pressure",
    unit="mmHg",
    weights=_weights(sbp=1, dbp=2),
    scale=3,
)
"""DBP + (SBP - DBP) / 3, for cuffs that send no mean of their own."""

HEART_RATE_EXCESS: Final = Quantity(
    name="hr_excess",
    words="HR beyond fever",
    unit="/min",
    weights=_weights(hr=10, temp=-72),
    scale=10,
)
"""HR less 7.2 /min for each degree; meaningful as a rise from the baseline.

The coupling is 7.2 +- 0.4 /min per degree in 4,493 persons (Scand J Trauma Resusc Emerg Med
2015;23(S1):A12).
"""

QUANTITIES: Final = {
    one.name: one for one in (*OF_CHANNEL, PULSE_PRESSURE, MEAN_PRESSURE, HEART_RATE_EXCESS)
}
"""All quantities by name."""
