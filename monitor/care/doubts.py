"""Why a reading is refused or doubted, in words and as a code for other programs."""

from collections.abc import Sequence
from typing import Final

from detectors.channels import CHANNEL_NAMES, DISPLAY_UNITS, MISSING
from detectors.quality import PRESSURES, ChannelLimits, Reason
from detectors.traps import probable_unit
from monitor.care.reasons import FULL_NAMES

MINUTE_MS: Final = 60_000

SENSORS: Final = ("lead", "cuff", "cuff", "cuff", "thermometer", "probe", "lead")
"""What a nurse looks at, in column order."""

REASON_CODES: Final = tuple(reason.name.lower().replace("_", "-") for reason in Reason)
"""Codes by number of the reason: ``flat``, ``too-low``, ``contradicted``."""

_WORDS: Final = {
    Reason.FLAT: "has not moved for too long: check the sensor",
    Reason.MOVING: "jumps to and fro: motion?",
    Reason.RESENT: "is the same cuff reading sent again",
    Reason.JUMPED: "moved further than believable since the reading before",
    Reason.PROBE: "fell too fast: check the probe",
    Reason.SITE: "stepped: was the thermometer moved?",
    Reason.DEVICE: "is doubted by the device itself",
    Reason.MEAN: "equals the mean pressure: was the mean sent as systolic?",
    Reason.NARROW: "has too narrow a pulse pressure",
}


def doubt_words(
    limits: ChannelLimits, reason: int, channel: int, values_centi: Sequence[int]
) -> str:
    """Return why one reading of a message is refused or doubted, with its limit.

    Parameters
    ----------
    limits : ChannelLimits
        The limits in force.
    reason : int
        A :class:`detectors.quality.Reason`.
    channel : int
        Column of the reading.
    values_centi : sequence of int
        All values of the message by channel; MISSING where there is none.

    Returns
    -------
    str
        Empty where nothing is wrong.
    """
    name, value_centi = CHANNEL_NAMES[channel], values_centi[channel]
    if reason <= Reason.SOUND:
        return ""
    if reason == Reason.CONTRADICTED:
        shown = [
            f"{CHANNEL_NAMES[one]} {values_centi[one] / 100:g}"
            for one in PRESSURES
            if values_centi[one] != MISSING
        ]
        return f"contradiction: {', '.join(shown)} cannot belong together"
    if reason in _WORDS:
        return f"doubtful: {name} {value_centi / 100:g} {_WORDS[Reason(reason)]}"
    is_impossible = reason in (Reason.TOO_LOW, Reason.TOO_HIGH)
    is_low = reason in (Reason.LOW, Reason.TOO_LOW)
    below = limits.impossible_below if is_impossible else limits.suspicious_below
    above = limits.impossible_above if is_impossible else limits.suspicious_above
    side, limit = ("<", below[channel]) if is_low else (">", above[channel])
    what = "impossible" if is_impossible else "doubtful"
    words = f"{what}: {name} {value_centi / 100:g} {side} {limit / 100:g}"
    unit = probable_unit(limits, channel, value_centi)
    if unit is None:
        return words
    meant = f"{unit.value_centi / 100:.3g} {DISPLAY_UNITS[channel]}"
    return f"{words}; {value_centi / 100:g} looks like {unit.unit}: {meant}"


def still_words(channel: int, still_ms: int) -> str:
    """Return what to look at when a channel has not moved for some time."""
    minutes = still_ms // MINUTE_MS
    return f"{FULL_NAMES[channel]} has not moved for {minutes} min: check the {SENSORS[channel]}"


def moving_words(channel: int) -> str:
    """Return what to look at when a channel swings to and fro."""
    return f"{FULL_NAMES[channel]} jumps to and fro: motion? Check the {SENSORS[channel]}"
