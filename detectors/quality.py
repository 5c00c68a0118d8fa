"""Whether a reading may be believed: plausibility, relation, pulse pressure, rate of change.

A verdict never silences a persistent abnormal value: an impossible value is refused for good,
but one that is only suspicious is judged like any other and merely loses its right to alarm at
once, so that a second reading or another channel has to agree with it. Every verdict follows
from one :class:`Reason`. How a channel moved before is judged in :mod:`detectors.steadiness`.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from detectors.channels import MISSING, N_CHANNELS, Bool, Channel, Flag, Int8, Int32, Int64, UInt16

QUALITY_VERSION: Final = "quality-2"
"""Name of this set of gates; it travels with results, because another set gives others."""

PRESSURES: Final = (Channel.SBP, Channel.DBP, Channel.MAP)


class Verdict(IntEnum):
    """What is thought of one reading."""

    ABSENT = 0
    """There is no reading in this place."""
    TRUSTED = 1
    SUSPICIOUS = 2
    """Judged, but not alone: needs a repeat or another channel."""
    IMPOSSIBLE = 3
    """Outside what a living person can show: refused."""
    CONTRADICTED = 4
    """Pressures that cannot belong together: refused, all three."""


REFUSED: Final = (Verdict.IMPOSSIBLE, Verdict.CONTRADICTED)


class Reason(IntEnum):
    """Why a reading has its verdict; of several that apply, the one with the highest number."""

    ABSENT = 0
    SOUND = 1
    """No gate objects."""
    FLAT = 2
    """The value has not moved for far longer than that of a living person stays the same."""
    MOVING = 3
    """One of a run of changes to and fro: motion, or an artefact between two cuff readings."""
    RESENT = 4
    """The cuff cannot have measured again so soon: the same pressures, sent once more."""
    JUMPED = 5
    """Moved further than believable in the time since the reading before."""
    PROBE = 6
    """A saturation that fell so fast that its probe is likelier to have moved than the person."""
    SITE = 7
    """A temperature that stepped as when a thermometer is put elsewhere."""
    DEVICE = 8
    """The device itself doubts it."""
    MEAN = 9
    """Systolic and mean pressure are the same number: the mean was sent twice."""
    NARROW = 10
    """The pulse pressure is too narrow for the systolic pressure."""
    LOW = 11
    HIGH = 12
    """Suspicious by level."""
    TOO_LOW = 13
    TOO_HIGH = 14
    """Impossible by level."""
    CONTRADICTED = 15
    """Pressures that cannot belong together, or one of them impossible."""


VERDICTS: Final[Int8] = np.array(
    [
        Verdict.ABSENT,
        Verdict.TRUSTED,
        *[Verdict.SUSPICIOUS] * (Reason.TOO_LOW - Reason.FLAT),
        *[Verdict.IMPOSSIBLE] * 2,
        Verdict.CONTRADICTED,
    ],
    np.int8,
)
"""The verdict that follows from each reason."""

_FELL: Final = np.full(N_CHANNELS, Reason.JUMPED, np.int8)
_ROSE: Final = _FELL.copy()
_FELL[Channel.SPO2] = Reason.PROBE
_FELL[Channel.TEMP] = _ROSE[Channel.TEMP] = Reason.SITE


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLimits:
    """Plausibility limits of all channels, in column order, hundredths and milliseconds.

    Attributes
    ----------
    impossible_below, impossible_above : int32 array, shape (channel,)
        A value below or above is refused.
    suspicious_below, suspicious_above : int32 array, shape (channel,)
        A value below or above needs a repeat.
    change_centi : int32 array, shape (channel,)
        A change larger than this within ``change_ms`` is suspicious.
    change_ms : int64 array, shape (channel,)
        The time over which ``change_centi`` is judged; 0 switches the gate off.
    """

    impossible_below: Int32
    impossible_above: Int32
    suspicious_below: Int32
    suspicious_above: Int32
    change_centi: Int32
    change_ms: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class PulsePressureRow:
    """Below which pulse pressure a cuff reading of this systolic band is an artefact."""

    sbp_from_centi: int
    sbp_below_centi: int
    least_centi: int


def plausibility(limits: ChannelLimits, value_centi: Int32) -> Int8:
    """Verdict on each value by its level alone.

    Parameters
    ----------
    limits : ChannelLimits
        Limits of all channels.
    value_centi : int32 array, shape (bed, channel)
        Hundredths; MISSING where there is no reading.

    Returns
    -------
    int8 array, shape (bed, channel)
        A :class:`Verdict`; ABSENT where the value is MISSING.
    """
    verdict: Int8 = VERDICTS[_levels(limits, value_centi)]
    return verdict


def _levels(limits: ChannelLimits, value_centi: Int32) -> Int8:
    """Return what the level of each value says by itself, as a :class:`Reason`."""
    reason = np.full(value_centi.shape, Reason.SOUND, np.int8)
    reason[value_centi < limits.suspicious_below] = Reason.LOW
    reason[value_centi > limits.suspicious_above] = Reason.HIGH
    reason[value_centi < limits.impossible_below] = Reason.TOO_LOW
    reason[value_centi > limits.impossible_above] = Reason.TOO_HIGH
    reason[value_centi == MISSING] = Reason.ABSENT
    return reason


def contradicted_pressures(value_centi: Int32) -> Bool:
    """Whether systolic and diastolic pressure of one cuff reading exclude each other.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel)
        Hundredths; MISSING where there is no reading.

    Returns
    -------
    bool array, shape (bed,)
        True where both pressures are known and the systolic one is not the higher, or where
        the mean lies outside the two; False where a pressure is missing.
    """
    sbp, dbp, mean = (value_centi[:, channel] for channel in PRESSURES)
    pair = (sbp != MISSING) & (dbp != MISSING)
    outside = (mean != MISSING) & ((mean > sbp) | (mean < dbp))
    contradicted: Bool = pair & ((sbp <= dbp) | outside)
    return contradicted


def narrow_pulse_pressure(rows: tuple[PulsePressureRow, ...], value_centi: Int32) -> Bool:
    """Whether the pulse pressure is too narrow for the systolic pressure to be believed alone.

    Parameters
    ----------
    rows : tuple of PulsePressureRow
        The published table (PMC7015776, table 1).
    value_centi : int32 array, shape (bed, channel)
        Hundredths; MISSING where there is no reading.

    Returns
    -------
    bool array, shape (bed,)
        False where a pressure is missing.
    """
    sbp = value_centi[:, Channel.SBP]
    dbp = value_centi[:, Channel.DBP]
    narrow = np.zeros(len(value_centi), np.bool_)
    for row in rows:
        band = (sbp >= row.sbp_from_centi) & (sbp < row.sbp_below_centi)
        narrow |= band & (sbp.astype(np.int64) - dbp < row.least_centi)
    believed: Bool = narrow & (sbp != MISSING) & (dbp != MISSING)
    return believed


def mean_as_systolic(value_centi: Int32) -> Bool:
    """Whether the mean pressure seems to have been sent as the systolic one too.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel)
        Hundredths; MISSING where there is no reading.

    Returns
    -------
    bool array, shape (bed,)
        True where systolic and mean pressure are known and equal.
    """
    sbp, mean = value_centi[:, Channel.SBP], value_centi[:, Channel.MAP]
    same: Bool = (sbp == mean) & (sbp != MISSING)
    return same


def jumped(
    limits: ChannelLimits,
    value_centi: Int32,
    measured_ms: Int64,
    before_centi: Int32,
    before_ms: Int64,
) -> Bool:
    """Whether a value moved further than believable since the one before.

    Parameters
    ----------
    limits : ChannelLimits
        ``change_centi`` within ``change_ms``.
    value_centi, before_centi : int32 array, shape (bed, channel)
        The new value and the newest trusted one; MISSING where there is none.
    measured_ms, before_ms : int64 array, shape (bed, channel)
        When they were measured; NEVER where there is none.

    Returns
    -------
    bool array, shape (bed, channel)
        False where either value is missing.
    """
    both = (value_centi != MISSING) & (before_centi != MISSING)
    elapsed_ms = np.where(both, measured_ms, 0) - np.where(both, before_ms, 0)
    # In 64 bits: the difference of two 32-bit numbers may not fit into 32.
    change = np.abs(value_centi.astype(np.int64) - before_centi)
    too_far: Bool = both & (elapsed_ms < limits.change_ms) & (change > limits.change_centi)
    return too_far


def reasons(
    limits: ChannelLimits,
    rows: tuple[PulsePressureRow, ...],
    value_centi: Int32,
    measured_ms: Int64,
    flags: UInt16,
    before_centi: Int32,
    before_ms: Int64,
) -> Int8:
    """Reason for the verdict on every reading of one round, all gates together.

    Parameters
    ----------
    limits : ChannelLimits
        Plausibility and change limits.
    rows : tuple of PulsePressureRow
        Artefact table of pulse pressures.
    value_centi, measured_ms, flags : arrays, shape (bed, channel)
        The readings of the round; MISSING where there is none.
    before_centi, before_ms : arrays, shape (bed, channel)
        The newest trusted readings before it.

    Returns
    -------
    int8 array, shape (bed, channel)
        A :class:`Reason`; one bad pressure voids all three.
    """
    found = _levels(limits, value_centi)
    moved = jumped(limits, value_centi, measured_ms, before_centi, before_ms)
    how = np.where(value_centi < before_centi, _FELL, _ROSE)
    reason = np.maximum(found, np.where(moved, how, Reason.ABSENT))
    doubted = ((flags & Flag.QUESTIONABLE) != 0) & (found != Reason.ABSENT)
    reason = np.maximum(reason, np.where(doubted, np.int8(Reason.DEVICE), Reason.ABSENT))
    pressures = reason[:, PRESSURES]
    given = pressures != Reason.ABSENT
    void = contradicted_pressures(value_centi)
    void |= (VERDICTS[pressures] == Verdict.IMPOSSIBLE).any(axis=1)
    for rule, code in (
        (mean_as_systolic(value_centi), Reason.MEAN),
        (narrow_pulse_pressure(rows, value_centi), Reason.NARROW),
    ):
        pressures = np.where(rule[:, None] & given, np.maximum(pressures, code), pressures)
    believed = given & (VERDICTS[pressures] != Verdict.IMPOSSIBLE)
    pressures[void[:, None] & believed] = Reason.CONTRADICTED
    reason[:, PRESSURES] = pressures
    return reason.astype(np.int8)


def verdicts(
    limits: ChannelLimits,
    rows: tuple[PulsePressureRow, ...],
    value_centi: Int32,
    measured_ms: Int64,
    flags: UInt16,
    before_centi: Int32,
    before_ms: Int64,
) -> Int8:
    """Verdict on every reading of one round, all gates together.

    Parameters
    ----------
    limits : ChannelLimits
        Plausibility and change limits.
    rows : tuple of PulsePressureRow
        Artefact table of pulse pressures.
    value_centi, measured_ms, flags : arrays, shape (bed, channel)
        The readings of the round; MISSING where there is none.
    before_centi, before_ms : arrays, shape (bed, channel)
        The newest trusted readings before it.

    Returns
    -------
    int8 array, shape (bed, channel)
        A :class:`Verdict`; one bad pressure voids all three.
    """
    columns = (value_centi, measured_ms, flags, before_centi, before_ms)
    verdict: Int8 = VERDICTS[reasons(limits, rows, *columns)]
    return verdict
