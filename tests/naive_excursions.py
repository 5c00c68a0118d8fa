"""Slow twins of the history and the excursions: lists, loops and fractions, nothing vectorized."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from statistics import median

from naive import known

from detectors.channels import MISSING, NEVER, Channel
from detectors.directions import Concordance, Direction
from detectors.history import HISTORY_DEPTH, LONGEST_MS
from detectors.truth import Truth

Sample = tuple[int, int]
"""A value and when it was measured."""

Row = Sequence[int]
"""One bed: a number for each channel."""


@dataclass
class NaiveHistory:
    """The recent readings of one channel of one bed."""

    kept: list[Sample] = field(default_factory=list)
    begun_ms: int = NEVER

    def take(self, spacing_ms: int, value: int, at_ms: int) -> None:
        """Keep a reading unless it is too close to the newest kept one."""
        if not self.kept or at_ms - self.begun_ms > LONGEST_MS:
            self.kept, self.begun_ms = [(value, at_ms)], at_ms
        elif at_ms - self.kept[-1][1] >= spacing_ms:
            self.kept.append((value, at_ms))

    def recent(self) -> list[Sample]:
        """Return the readings that are still held, oldest first."""
        return self.kept[-HISTORY_DEPTH:]


# ------------------------------------------------------------- the newest values and baseline


def difference(value: int, base: int) -> int:
    one, other = known(value), known(base)
    return MISSING if one is None or other is None else one - other


def beyond(number: Fraction | int, limit: Fraction | int, *, rising: bool) -> bool:
    return number >= limit if rising else number <= limit


def heart_rate_excess(value: Row, base: Row) -> int:
    """Return thousandths: ``HR - HR0 - 7.2 (T - T0)``."""
    needed = [value[Channel.HR], base[Channel.HR], value[Channel.TEMP], base[Channel.TEMP]]
    if MISSING in needed:
        return MISSING
    heart, heart_0, warm, warm_0 = (Fraction(one, 100) for one in needed)
    excess = heart - heart_0 - Fraction(72, 10) * (warm - warm_0)
    return int(1000 * excess)


def pulse_pressure(value: Row) -> int:
    return difference(value[Channel.SBP], value[Channel.DBP])


def pulse_pressure_change(value: Row, base: Row) -> int:
    return difference(pulse_pressure(value), pulse_pressure(base))


def mean_pressure(value: Row) -> Fraction | None:
    """Return hundredths of mmHg, as a fraction."""
    sbp, dbp, mean = (known(value[c]) for c in (Channel.SBP, Channel.DBP, Channel.MAP))
    if mean is not None:
        return Fraction(mean)
    return None if sbp is None or dbp is None else dbp + Fraction(sbp - dbp, 3)


def shock(value: Row, *, modified: bool) -> Fraction | None:
    """Return heart rate over systolic or mean pressure."""
    sbp = known(value[Channel.SBP])
    bottom = mean_pressure(value) if modified else sbp
    heart = known(value[Channel.HR])
    if heart is None or bottom is None or bottom <= 0:
        return None
    return heart / Fraction(bottom)


def direction(change: int, least: int) -> int:
    if change == MISSING:
        return Direction.UNKNOWN
    return Direction.UP if change >= least else Direction.DOWN if change <= -least else 0


def concordance(heart: int, pressure: int) -> int:
    if Direction.STILL in (heart, pressure):
        return Concordance.STILL
    if Direction.UNKNOWN in (heart, pressure):
        return Concordance.UNKNOWN
    names = {
        (1, 1): Concordance.BOTH_UP,
        (-1, -1): Concordance.BOTH_DOWN,
        (1, -1): Concordance.UP_DOWN,
        (-1, 1): Concordance.DOWN_UP,
    }
    return names[heart, pressure]


def since_rate_step_ms(at_ms: int, rate_step_ms: int) -> int:
    return NEVER if NEVER in (at_ms, rate_step_ms) else max(0, at_ms - rate_step_ms)


def noise_units(change: int, noise: int) -> float:
    return math.nan if change == MISSING or noise <= 0 else float(Fraction(change, noise))


# -------------------------------------------------------------------------- recent readings


def samples(value: Sequence[int], at_ms: Sequence[int]) -> list[Sample]:
    """Return the readings that are there."""
    return [(v, ms) for v, ms in zip(value, at_ms, strict=True) if v != MISSING]


def slopes(given: list[Sample], window_ms: int, least_readings: int) -> list[Fraction]:
    """Return the slopes of all pairs in the window, hundredths a minute; none if too few."""
    inside = [one for one in given if given[-1][1] - one[1] <= window_ms]
    if len(inside) < least_readings:
        return []
    return [
        Fraction((v - u) * 60_000, ms - before_ms)
        for (u, before_ms), (v, ms) in combinations(inside, 2)
        if ms > before_ms
    ]


def slope_at_least(given: list[Sample], limit: int, window_ms: int, least: int) -> int:
    found = slopes(given, window_ms, least)
    if not found:
        return Truth.UNKNOWN
    reached = [one for one in found if beyond(one, limit, rising=limit >= 0)]
    return Truth(Fraction(len(reached), len(found)) >= Fraction(1, 2))


def slope_direction(given: list[Sample], least_slope: int, window_ms: int, least: int) -> int:
    up = slope_at_least(given, least_slope, window_ms, least)
    down = slope_at_least(given, -least_slope, window_ms, least)
    if up == Truth.UNKNOWN:
        return Direction.UNKNOWN
    return Direction(int(up) - int(down))


def slope(given: list[Sample], window_ms: int, least: int) -> float:
    found = slopes(given, window_ms, least)
    return float(median(found)) if found else math.nan


@dataclass
class NaiveZone:
    """The time that one value has been in a zone."""

    enter: int
    clear: int
    valid_ms: int
    inside: bool = False
    last_ms: int = NEVER
    since_ms: int = NEVER
    total_ms: int = 0

    def take(self, value: int, at_ms: int) -> None:
        """Take one reading."""
        rising = self.clear < self.enter
        was_inside = self.inside
        entered = beyond(value, self.enter, rising=rising)
        cleared = beyond(value, self.clear, rising=not rising)
        self.inside = MISSING not in (self.enter, self.clear) and (
            not cleared if was_inside else entered
        )
        if not self.inside:
            self.since_ms = NEVER
        elif was_inside and at_ms - self.last_ms <= self.valid_ms:
            self.total_ms += at_ms - self.last_ms
        else:
            self.since_ms = at_ms
        self.last_ms = at_ms
