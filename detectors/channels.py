"""The vitals: their names, columns and canonical units.

This is the only place where a channel gets its column number. Values are stored as int32
hundredths of the canonical unit (``37.0 Cel`` is ``3700``); a value that is not known is
:data:`MISSING`, which no plausible reading can reach.
"""

from enum import IntEnum, IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt


class Channel(IntEnum):
    """Column of each vital sign in every (bed, channel) array."""

    HR = 0
    SBP = 1
    DBP = 2
    MAP = 3
    TEMP = 4
    SPO2 = 5
    RR = 6


CHANNEL_NAMES: Final = tuple(channel.name.lower() for channel in Channel)
"""Wire names in column order: ``hr sbp dbp map temp spo2 rr``."""

N_CHANNELS: Final = len(Channel)

CANONICAL_UNITS: Final = ("/min", "mm[Hg]", "mm[Hg]", "mm[Hg]", "Cel", "%", "/min")
"""UCUM unit of each channel, in column order."""

DISPLAY_UNITS: Final = ("/min", "mmHg", "mmHg", "mmHg", "°C", "%", "/min")
"""The same units as people write them."""

CENTI: Final = 100
"""Hundredths in one canonical unit."""

MISSING: Final = int(np.iinfo(np.int32).min)
"""Stands for "not known" in every integer value array."""

NEVER: Final = int(np.iinfo(np.int64).min)
"""Stands for "has not happened" in every integer time array."""

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Int8 = npt.NDArray[np.int8]
UInt16 = npt.NDArray[np.uint16]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


class Flag(IntFlag):
    """What is known about one reading besides its value; several may hold."""

    NONE = 0
    HAND = 1
    """Taken and entered by a person."""
    QUESTIONABLE = 2
    """The device itself doubts the value (its quality flag says so)."""
    BACKFILL = 4
    """Sent late from a store: kept, never judged."""
    STAT = 8
    """A repeat that was asked for."""
