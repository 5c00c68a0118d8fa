"""Trends: what a run of recent readings says that the newest one cannot.

Readings come as they come: unevenly spaced, some missing, with gaps. A slope is therefore the
median over all pairs of readings (Theil and Sen), which a single artefact does not move [1]_,
and whether it reaches a limit is decided by counting pairs, without a division.

References
----------
.. [1] P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau",
   J. Am. Stat. Assoc. 63 (1968) 1379-1389, doi:10.1080/01621459.1968.10480934.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.channels import MISSING, NEVER, Bool, Float, Int8, Int32, Int64
from detectors.directions import Direction
from detectors.history import Recent
from detectors.truth import Truth, truth

MINUTE_MS: Final = 60_000

SPAN_MIN: Final = 10
"""Slopes are told to people over so many minutes."""


def with_newest(recent: Recent, newest_centi: Int32, newest_ms: Int64) -> Recent:
    """Recent readings with the newest one behind them, which the history may have passed over.

    Parameters
    ----------
    recent : Recent
        From the history, shape (bed, channel, sample).
    newest_centi, newest_ms : int32 and int64 array, shape (bed, channel)
        Newest believed readings; MISSING and NEVER where there is none.

    Returns
    -------
    Recent
        One sample longer; the last is MISSING where the history ends with the newest reading.
    """
    newer = newest_ms > recent.measured_ms[..., -1]
    value = np.where(newer, newest_centi, MISSING).astype(np.int32)
    at_ms = np.where(newer, newest_ms, NEVER)
    return Recent(
        value_centi=np.concatenate([recent.value_centi, value[..., None]], axis=-1),
        measured_ms=np.concatenate([recent.measured_ms, at_ms[..., None]], axis=-1),
    )


def _within(value_centi: Int32, measured_ms: Int64, window_ms: int) -> tuple[Bool, Int64]:
    """Where a reading lies in the window that ends with the newest one, and how old each is."""
    known = value_centi != MISSING
    newest_ms = np.where(known, measured_ms, NEVER).max(axis=-1, initial=NEVER)[..., None]
    known &= newest_ms != NEVER
    age_ms = np.where(known, newest_ms, 0) - np.where(known, measured_ms, 0)
    return known & (age_ms <= window_ms), age_ms


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs of readings in a window: rise, time between them, and which count."""

    rise_centi: Int64
    time_ms: Int64
    counts: Bool
    enough: Bool


def _pairs(value_centi: Int32, measured_ms: Int64, window_ms: int, least_readings: int) -> _Pairs:
    inside, age_ms = _within(value_centi, measured_ms, window_ms)
    value = np.where(inside, value_centi, 0).astype(np.int64)
    first, last = _pair_places(value.shape[-1])
    time_ms = age_ms[..., first] - age_ms[..., last]
    counts = inside[..., first] & inside[..., last] & (time_ms > 0)
    return _Pairs(
        rise_centi=value[..., last] - value[..., first],
        time_ms=time_ms,
        counts=counts,
        enough=(inside.sum(axis=-1) >= least_readings) & counts.any(axis=-1),
    )


@cache
def _pair_places(n_samples: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    first, last = np.triu_indices(n_samples, 1)
    return first, last


def slope_at_least(
    value_centi: Int32,
    measured_ms: Int64,
    limit_centi_per_min: int | Int64,
    *,
    window_ms: int,
    least_readings: int,
) -> Int8:
    """Whether readings rise at least so fast: at least half of their pairs do.

    Parameters
    ----------
    value_centi, measured_ms : int32 and int64 array, shape (bed, ..., sample)
        Oldest first; MISSING and NEVER where there is no reading.
    limit_centi_per_min : int, or int64 array, shape (bed, ...) or as it ends, [hundredths a minute]
        A rise of at least so much, or, where it is negative, a fall.
    window_ms : int
        Readings older than the newest by more than this do not count.
    least_readings : int
        Fewer readings in the window say nothing.

    Returns
    -------
    int8 array, shape (bed, ...)
        A :class:`Truth`; UNKNOWN where the readings are too few.
    """
    pairs = _pairs(value_centi, measured_ms, window_ms, least_readings)
    return _at_least(pairs, np.asarray(limit_centi_per_min, np.int64)[..., None])


def _at_least(pairs: _Pairs, limit_centi_per_min: Int64) -> Int8:
    """Whether at least half of the pairs change so fast; the limit has an axis for the pairs."""
    ahead = pairs.rise_centi * MINUTE_MS - limit_centi_per_min * pairs.time_ms
    beyond = pairs.counts & np.where(limit_centi_per_min >= 0, ahead >= 0, ahead <= 0)
    return truth(2 * beyond.sum(axis=-1) >= pairs.counts.sum(axis=-1), pairs.enough)


def slope_direction(
    value_centi: Int32,
    measured_ms: Int64,
    least_centi_per_min: int | Int64,
    *,
    window_ms: int,
    least_readings: int,
) -> Int8:
    """Where readings are going, if they move at least so fast.

    Parameters
    ----------
    value_centi, measured_ms : int32 and int64 array, shape (bed, ..., sample)
        Oldest first; MISSING and NEVER where there is no reading.
    least_centi_per_min : int, or int64 array, shape (bed, ...) or as it ends, [hundredths a minute]
        Above 0.
    window_ms, least_readings : int
        As in :func:`slope_at_least`.

    Returns
    -------
    int8 array, shape (bed, ...)
        A :class:`detectors.directions.Direction`; STILL where half of the pairs rise and half
        fall.
    """
    pairs = _pairs(value_centi, measured_ms, window_ms, least_readings)
    least = np.asarray(least_centi_per_min, np.int64)[..., None]
    rising, falling = (_at_least(pairs, limit) for limit in (least, -least))
    going = (rising == Truth.TRUE).astype(np.int8) - (falling == Truth.TRUE)
    return np.where(rising == Truth.UNKNOWN, Direction.UNKNOWN, going).astype(np.int8)


def slope_centi_per_min(
    value_centi: Int32, measured_ms: Int64, *, window_ms: int, least_readings: int
) -> Float:
    """Median slope of all pairs of readings; for display.

    Parameters
    ----------
    value_centi, measured_ms : int32 and int64 array, shape (bed, ..., sample)
        Oldest first; MISSING and NEVER where there is no reading.
    window_ms, least_readings : int
        As in :func:`slope_at_least`.

    Returns
    -------
    float64 array, shape (bed, ...), [hundredths a minute]
        NaN where the readings are too few.
    """
    pairs = _pairs(value_centi, measured_ms, window_ms, least_readings)
    time_ms = np.where(pairs.counts, pairs.time_ms, 1)
    slope = np.where(pairs.counts, pairs.rise_centi * MINUTE_MS / time_ms, np.inf)
    ordered = np.sort(slope, axis=-1)
    n_pairs = np.maximum(pairs.counts.sum(axis=-1), 1)
    if not slope.shape[-1]:
        return np.full(slope.shape[:-1], np.nan)
    middle = ((n_pairs - 1) // 2)[..., None], (n_pairs // 2)[..., None]
    lower, upper = (np.take_along_axis(ordered, place, axis=-1)[..., 0] for place in middle)
    known = pairs.enough
    return np.where(known, np.where(known, lower, 0) / 2 + np.where(known, upper, 0) / 2, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneTime:
    """How long values have been in a zone, so that more readings can be counted on.

    Attributes
    ----------
    inside : bool array, shape (bed,)
        The last reading was in the zone, or in its border and the one before in the zone.
    last_ms : int64 array, shape (bed,)
        When that was; NEVER if there was none.
    since_ms : int64 array, shape (bed,)
        Begin of the present stay, which a gap ends; NEVER outside.
    total_ms : int64 array, shape (bed,), [ms]
        All stays together.
    """

    inside: Bool
    last_ms: Int64
    since_ms: Int64
    total_ms: Int64


def no_zone_time(n_beds: int) -> ZoneTime:
    """Return the time in a zone before the first reading: none."""
    never = np.full(n_beds, NEVER, np.int64)
    return ZoneTime(
        inside=np.zeros(n_beds, np.bool_),
        last_ms=never,
        since_ms=never,
        total_ms=np.zeros(n_beds, np.int64),
    )


def zone_time(
    before: ZoneTime,
    value_centi: Int32,
    measured_ms: Int64,
    enter_centi: Int32,
    clear_centi: Int32,
    valid_ms: int | Int64,
) -> ZoneTime:
    """Time in a zone after some more readings.

    The zone is entered at one value and left at another one, so that a value at its edge does
    not flicker. Time counts between two readings that are both inside and not further
    apart than a reading is valid: what nobody saw does not count.

    Parameters
    ----------
    before : ZoneTime
        After the readings before these.
    value_centi, measured_ms : int32 and int64 array, shape (bed, sample)
        Oldest first, none older than the last before; MISSING and NEVER where there is none.
    enter_centi, clear_centi : int32 array, shape (bed,), [hundredths]
        A value at ``enter`` or beyond is in the zone; it stays there until it is at ``clear`` or
        still further back. Beyond is above where ``clear < enter``, and below elsewhere. MISSING
        where there is no limit, and nothing is inside.
    valid_ms : int, or int64 array, shape (bed,)
        A longer gap does not count and ends the stay.

    Returns
    -------
    ZoneTime
    """
    limited = (enter_centi != MISSING) & (clear_centi != MISSING)
    above = clear_centi < enter_centi
    # The first value that is still inside: whole numbers have one next to each other.
    leave_centi = np.where(above, clear_centi + 1, clear_centi - 1)
    inside, last_ms, since_ms = before.inside, before.last_ms, before.since_ms
    total_ms = before.total_ms
    for sample in range(value_centi.shape[-1]):
        value, at_ms = value_centi[:, sample], measured_ms[:, sample]
        limit = np.where(inside, leave_centi, enter_centi)
        beyond = limited & np.where(above, value >= limit, value <= limit)
        known = value != MISSING
        stays = known & beyond & inside
        gap_ms = np.where(stays, at_ms, 0) - np.where(stays, last_ms, 0)
        seen = stays & (gap_ms <= valid_ms)
        total_ms = total_ms + np.where(seen, gap_ms, 0)
        began_ms = np.where(seen, since_ms, at_ms)
        since_ms = np.where(known, np.where(beyond, began_ms, NEVER), since_ms)
        last_ms = np.where(known, at_ms, last_ms)
        inside = np.where(known, beyond, inside)
    return ZoneTime(inside=inside, last_ms=last_ms, since_ms=since_ms, total_ms=total_ms)
