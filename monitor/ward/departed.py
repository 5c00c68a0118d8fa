"""How far the person in a bed has moved, gathered for an alert that is told."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np

from detectors.chances import departure_share
from detectors.channels import CHANNEL_NAMES, MISSING, NEVER, Channel
from detectors.departures import Departures, zones
from detectors.directions import Direction
from detectors.quantities import HEART_RATE_EXCESS, MEAN_PRESSURE, PULSE_PRESSURE, Quantity
from detectors.trends import SPAN_MIN, ZoneTime
from monitor.care.excursions import (
    GOING,
    excursion,
    heart_beyond_fever,
    once_in,
    quantity,
    together,
)
from monitor.care.reasons import percent_change
from monitor.facts.effects import Because
from monitor.facts.excursions import Excursion
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.ward_state import WardState

MOST_TENTHS: Final = 200
"""Twenty units of noise: what is further away is no rarer for people."""


def excursions(
    state: WardState, bed: Bedside, because: tuple[Because, ...], judged: Judged
) -> tuple[Excursion, ...]:
    """Return how far each channel of the deciding rows has moved, then what several make.

    The limit of a channel is that of its first row, which is the gravest. ``judged`` are the beds
    among which the bed was just judged.
    """
    place, found = judged.place(bed), judged.departures
    rows: dict[int, Because] = {}
    for row in because:
        if row.channel and row.limit_centi is not None and row.clears_at_centi is not None:
            rows.setdefault(CHANNEL_NAMES.index(row.channel), row)
    zone = _zones(state, found, place, rows)
    channels = (
        excursion(channel, _facts(state, bed, found, place, channel, row, zone, index))
        for index, (channel, row) in enumerate(rows.items())
    )
    return (*channels, *_derived(state, bed, found, place))


def _zones(state: WardState, found: Departures, place: int, rows: dict[int, Because]) -> ZoneTime:
    def column(numbers: list[int | None]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.array(numbers, np.int32)

    return zones(
        found.recent,
        place,
        column(list(rows)),
        column([row.limit_centi for row in rows.values()]),
        column([row.clears_at_centi for row in rows.values()]),
        state.settings.detection.valid_ms,
    )


def _facts(
    state: WardState, bed: Bedside, found: Departures, place: int, channel: int, row: Because,
    zone: ZoneTime, index: int,
) -> Excursion:  # fmt: skip
    """Return what is known of one channel, in numbers."""
    detection = state.detection
    value = int(detection.value_centi[bed.row, channel])
    base = int(detection.baseline_centi[bed.row, channel])
    change = int(found.change_centi[place, channel])
    units = float(found.noise_units[place, channel])
    readings = int(found.noise_readings[place, channel])
    slope = float(found.slope_centi_per_min[place, channel])
    since_ms = int(zone.since_ms[index])
    read_ms = found.recent.measured_ms[place, channel]
    read_ms = read_ms[read_ms != NEVER]
    is_noisy = not math.isnan(units)
    return Excursion(
        what="",
        words="",
        value_centi=None if value == MISSING else value,
        measured_ms=int(detection.measured_ms[bed.row, channel]),
        change_centi=None if change == MISSING else change,
        percent=percent_change(value, base) if change != MISSING and base > 0 else None,
        noise_units_centi=round(100 * units) if is_noisy else None,
        noise_readings=readings if is_noisy else None,
        once_in=_once_in(state, units, readings) if is_noisy else None,
        going=GOING[Direction(int(found.going[place, channel]))],
        per_10_min_centi=None if math.isnan(slope) else round(slope * SPAN_MIN),
        rule=row.rule,
        beyond_since_ms=None if since_ms == NEVER else since_ms,
        beyond_ms=int(zone.total_ms[index]),
        looked_ms=int(read_ms.max() - read_ms.min()) if read_ms.size else None,
    )


def _once_in(state: WardState, units: float, readings: int) -> int:
    tenths = min(MOST_TENTHS, round(10 * abs(units)))
    return once_in(_share(tenths, state.settings.detection.excursions.session_readings, readings))


@lru_cache(maxsize=8192)
def _share(tenths: int, session_readings: int, baseline_readings: int) -> float:
    """Return a chance that is asked for again and again."""
    return departure_share(
        tenths / 10, readings=session_readings, baseline_readings=baseline_readings
    )


def _derived(state: WardState, bed: Bedside, found: Departures, place: int) -> Iterator[Excursion]:
    """Yield what several channels make, where all of them are young enough."""
    now, before = found.now, found.before
    yield from _index(
        "shock_index", "shock index (HR over SBP)", now.shock_index[place],
        before.shock_index[place],
    )  # fmt: skip
    yield from _index(
        "modified_shock_index", "modified shock index (HR over mean pressure)",
        now.modified_shock_index[place], before.modified_shock_index[place],
    )  # fmt: skip
    # A measured mean pressure stands among the vital signs already.
    if state.detection.value_centi[bed.row, Channel.MAP] == MISSING:
        yield from _pressure(
            MEAN_PRESSURE, int(now.mean_pressure_3[place]), int(before.mean_pressure_3[place])
        )
    yield from _pressure(
        PULSE_PRESSURE, int(now.pulse_pressure[place]), int(before.pulse_pressure[place])
    )
    excess = int(found.excess_milli[place])
    if excess != MISSING:
        yield heart_beyond_fever(round(excess / HEART_RATE_EXCESS.scale))
    pair = together(int(found.together[place]))
    if pair is not None:
        yield pair


def _index(what: str, words: str, now: float, before: float) -> Iterator[Excursion]:
    if not math.isnan(now):
        was = None if math.isnan(before) else round(100 * float(before))
        yield quantity(what, words, round(100 * float(now)), "", was)


def _pressure(of: Quantity, now: int, before: int) -> Iterator[Excursion]:
    if now != MISSING:
        was = None if before == MISSING else round(before / of.scale)
        yield quantity(of.name, of.words, round(now / of.scale), of.unit, was)
