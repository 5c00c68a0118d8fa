"""Departures: how far some beds have moved, for people who are told of it; nothing decides here.

Asked for when an alert is told, for all beds of a round together. A channel is seen at its newest
trusted value; what follows from several channels only where all of them are young enough.
"""

from dataclasses import dataclass

from detectors.active_book import valid_values
from detectors.baseline_life import window_readings
from detectors.baseline_statistics import robust_noise
from detectors.channels import MISSING, Channel, Float, Int8, Int32, Int64
from detectors.detection import Detection
from detectors.directions import concordance, direction
from detectors.excursions import (
    difference,
    heart_rate_excess,
    mean_pressure,
    modified_shock_index,
    noise_units,
    pulse_pressure,
    shock_index,
)
from detectors.history import Recent
from detectors.trends import (
    SPAN_MIN,
    ZoneTime,
    no_zone_time,
    slope_centi_per_min,
    slope_direction,
    with_newest,
    zone_time,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """How far some beds have moved from their baselines, and where they are going.

    Attributes
    ----------
    change_centi : int64 array, shape (row, channel), [hundredths]
        Above the baseline; MISSING where there is no value or no baseline.
    noise_units : float64 array, shape (row, channel), [1]
        The same in units of the person's own noise; NaN where that is not known.
    noise_readings : int64 array, shape (row, channel)
        How many readings the baseline and its noise were made from.
    going : int8 array, shape (row, channel)
        A :class:`detectors.directions.Direction`.
    slope_centi_per_min : float64 array, shape (row, channel), [hundredths a minute]
        NaN where the readings are too few.
    recent : Recent
        What slopes and times in a zone are read from, the newest reading included.
    together : int8 array, shape (row,)
        A :class:`detectors.directions.Concordance` of heart rate and systolic pressure.
    now, before : Derived
        What follows from several channels, from the young values and from the baselines.
    excess_milli : int64 array, shape (row,), [thousandths of a beat a minute]
        Heart rate beyond what fever explains; MISSING where it is not known.
    """

    change_centi: Int64
    noise_units: Float
    noise_readings: Int64
    going: Int8
    slope_centi_per_min: Float
    recent: Recent
    together: Int8
    now: "Derived"
    before: "Derived"
    excess_milli: Int64


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What follows from several channels at some beds.

    Attributes
    ----------
    shock_index, modified_shock_index : float64 array, shape (row,), [1]
        NaN where a value is missing.
    mean_pressure_3, pulse_pressure : int64 array, shape (row,), [hundredths of mmHg]
        The first times 3; MISSING where a value is.
    """

    shock_index: Float
    modified_shock_index: Float
    mean_pressure_3: Int64
    pulse_pressure: Int64


def departures(detection: Detection, bed: Int32) -> Departures:
    """Return how far some beds have moved as they stand.

    Parameters
    ----------
    detection : Detection
        The state; not changed.
    bed : int32 array, shape (row,)
        Rows of the beds.

    Returns
    -------
    Departures
    """
    params, told = detection.params, detection.params.excursions
    value, base = detection.value_centi[bed], detection.baseline_centi[bed]
    young = valid_values(params, detection, bed)
    kept = window_readings(params.baseline, detection, bed)
    change = difference(value, base)
    gone = direction(difference(young, base), told.moved_centi)
    recent = with_newest(detection.history.rows(bed), value, detection.measured_ms[bed])
    run = recent.value_centi, recent.measured_ms
    window_ms, least = told.trend_ms, told.trend_readings
    return Departures(
        change_centi=change,
        noise_units=noise_units(change, robust_noise(params.baseline, kept)),
        noise_readings=(kept != MISSING).sum(axis=-1),
        going=slope_direction(
            *run, told.moved_centi // SPAN_MIN, window_ms=window_ms, least_readings=least
        ),
        slope_centi_per_min=slope_centi_per_min(*run, window_ms=window_ms, least_readings=least),
        recent=recent,
        together=concordance(gone[:, Channel.HR], gone[:, Channel.SBP]),
        now=_derived(young),
        before=_derived(base),
        excess_milli=heart_rate_excess(young, base),
    )


def _derived(value_centi: Int32) -> Derived:
    return Derived(
        shock_index=shock_index(value_centi),
        modified_shock_index=modified_shock_index(value_centi),
        mean_pressure_3=mean_pressure(value_centi),
        pulse_pressure=pulse_pressure(value_centi),
    )


def zones(
    recent: Recent, place: int, channel: Int32, enter_centi: Int32, clear_centi: Int32,
    valid_ms: Int64,
) -> ZoneTime:  # fmt: skip
    """Return how long some channels of one bed have been beyond limits, as far as is kept.

    Parameters
    ----------
    recent : Recent
        Of some beds.
    place : int
        Which of them this bed is.
    channel : int32 array, shape (limit,)
        The channel of each limit.
    enter_centi, clear_centi : int32 array, shape (limit,), [hundredths]
        The outermost value beyond the limit, and the first one that is clear of it.
    valid_ms : int64 array, shape (channel,)
        What nobody saw for longer does not count.

    Returns
    -------
    ZoneTime
        One row a limit.
    """
    return zone_time(
        no_zone_time(len(channel)),
        recent.value_centi[place, channel],
        recent.measured_ms[place, channel],
        enter_centi,
        clear_centi,
        valid_ms[channel],
    )
