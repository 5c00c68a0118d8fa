"""Excursions: how far a person has moved, from the newest values and the baseline.

Nothing is decided here: limits are rows of rule books and clues, compared as whole numbers. These
say to people how far values have moved. Float results are for display alone and are not a number
(NaN) where something is missing.
"""

from dataclasses import dataclass

import numpy as np

from detectors.channels import MISSING, NEVER, Channel, Float, Int32, Int64
from detectors.quantities import HEART_RATE_EXCESS, MEAN_PRESSURE, PULSE_PRESSURE, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcursionParams:
    """What excursions are told in.

    Attributes
    ----------
    moved_centi : int64 array, shape (channel,), [hundredths]
        A smaller change from the baseline, or in :data:`detectors.trends.SPAN_MIN` minutes, is
        no movement.
    trend_ms : int
        Readings older than the newest by more than this make no slope.
    trend_readings : int
        Fewer readings make no slope.
    session_readings : int
        Readings of the session in which chance is given its turn.
    """

    moved_centi: Int64
    trend_ms: int
    trend_readings: int
    session_readings: int


def difference(value_centi: Int32, baseline_centi: Int32) -> Int64:
    """How far each channel is above its baseline.

    Parameters
    ----------
    value_centi, baseline_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed, channel), [hundredths]
        Negative below the baseline; MISSING where either is.
    """
    both_known = (value_centi != MISSING) & (baseline_centi != MISSING)
    apart = value_centi.astype(np.int64) - baseline_centi
    return np.where(both_known, apart, MISSING)


def quantity_value(quantity: Quantity, value_centi: Int32) -> Int64:
    """A quantity that follows from several channels, times its scale.

    Parameters
    ----------
    quantity : Quantity
        For the weights and the scale.
    value_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [hundredths times the scale of the quantity]
        MISSING where a channel with a weight is.
    """
    used = [channel for channel, weight in enumerate(quantity.weights) if weight]
    weights = np.array([quantity.weights[channel] for channel in used], np.int64)
    values = value_centi[:, used].astype(np.int64)
    total = values @ weights
    return np.where((values != MISSING).all(axis=1), total, MISSING)


def quantity_change(quantity: Quantity, value_centi: Int32, baseline_centi: Int32) -> Int64:
    """How far a quantity is above what it was in the baseline, times its scale.

    Parameters
    ----------
    quantity : Quantity
        For the weights and the scale.
    value_centi, baseline_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [hundredths times the scale of the quantity]
        MISSING where a channel with a weight is, or its baseline.
    """
    now = quantity_value(quantity, value_centi)
    before = quantity_value(quantity, baseline_centi)
    return np.where((now != MISSING) & (before != MISSING), now - before, MISSING)


def heart_rate_excess(value_centi: Int32, baseline_centi: Int32) -> Int64:
    """How much faster the heart is than the rise of temperature explains.

    Parameters
    ----------
    value_centi, baseline_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [thousandths of a beat a minute]
        ``HR - HR0 - 7.2 (T - T0)``, source at :data:`detectors.quantities.HEART_RATE_EXCESS`;
        MISSING where one of the four is.
    """
    return quantity_change(HEART_RATE_EXCESS, value_centi, baseline_centi)


def pulse_pressure(value_centi: Int32) -> Int64:
    """Systolic less diastolic pressure.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [hundredths of mmHg]
        MISSING where either pressure is.
    """
    return quantity_value(PULSE_PRESSURE, value_centi)


def pulse_pressure_change(value_centi: Int32, baseline_centi: Int32) -> Int64:
    """How much wider the pulse pressure is than in the baseline.

    Parameters
    ----------
    value_centi, baseline_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [hundredths of mmHg]
        Negative where it is narrower; MISSING where one of the four pressures is.
    """
    return quantity_change(PULSE_PRESSURE, value_centi, baseline_centi)


def mean_pressure(value_centi: Int32) -> Int64:
    """Mean arterial pressure times 3: the measured one, else ``DBP + (SBP - DBP) / 3``.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    int64 array, shape (bed,), [hundredths of mmHg, times 3]
        MISSING where neither the mean nor both other pressures are known.
    """
    measured = value_centi[:, Channel.MAP].astype(np.int64)
    found = quantity_value(MEAN_PRESSURE, value_centi)
    return np.where(measured != MISSING, MEAN_PRESSURE.scale * measured, found)


def shock_index(value_centi: Int32) -> Float:
    """Heart rate over systolic pressure; for display.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    float64 array, shape (bed,), [1]
        NaN where either is missing or the pressure is not above 0.
    """
    return _ratio(value_centi[:, Channel.HR], value_centi[:, Channel.SBP].astype(np.int64))


def modified_shock_index(value_centi: Int32) -> Float:
    """Heart rate over mean pressure; for display.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel), [hundredths]
        MISSING where not known.

    Returns
    -------
    float64 array, shape (bed,), [1]
        NaN where either is missing or the pressure is not above 0.
    """
    scale = MEAN_PRESSURE.scale
    return scale * _ratio(value_centi[:, Channel.HR], mean_pressure(value_centi))


def _ratio(top: Int32, bottom: Int64) -> Float:
    known = (top != MISSING) & (bottom != MISSING) & (bottom > 0)
    return np.where(known, top, np.nan) / np.where(known, bottom, 1)


def since_rate_step_ms(at_ms: Int64, rate_step_ms: Int64) -> Int64:
    """Time since the infusion rate was last raised.

    Parameters
    ----------
    at_ms : int64 array, shape (bed,)
        Newest measured time; NEVER where nothing was measured.
    rate_step_ms : int64 array, shape (bed,)
        NEVER where the rate was not raised.

    Returns
    -------
    int64 array, shape (bed,), [ms]
        0 where the newest reading is older than the step; NEVER where either is NEVER.
    """
    both_known = (at_ms != NEVER) & (rate_step_ms != NEVER)
    since = np.where(both_known, at_ms, 0) - np.where(both_known, rate_step_ms, 0)
    return np.where(both_known, np.maximum(since, 0), NEVER)


def noise_units(change_centi: Int64, noise_centi: Int32) -> Float:
    """A change in units of the person's own noise; for display.

    How often chance alone does that is :func:`detectors.chances.departure_share`.

    Parameters
    ----------
    change_centi : int64 array, shape (bed, channel), [hundredths]
        From :func:`difference`; MISSING where not known.
    noise_centi : int32 array, shape (bed, channel), [hundredths]
        Standard deviation of this person's readings at rest; MISSING where not known.

    Returns
    -------
    float64 array, shape (bed, channel), [1]
        NaN where either is missing or the noise is not above 0.
    """
    known = (change_centi != MISSING) & (noise_centi > 0)
    return np.where(known, change_centi, np.nan) / np.where(known, noise_centi, 1)
