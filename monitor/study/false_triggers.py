"""How often a limit is reached although nothing happens: worked out, and tried by simulation.

Every row of the table is found twice. :mod:`detectors.chances` works it out; here sessions are
drawn from a normal distribution and judged by the same kernels that judge real readings. The
two must agree within the error of so many sessions.
"""

import math
from collections.abc import Iterator
from typing import Final, TextIO

import msgspec
import numpy as np

from detectors.chances import false_trigger_share, seen_share
from detectors.channels import Bool, Float
from detectors.directions import Direction, direction
from detectors.excursions import difference

SESSIONS: Final = 100_000
READINGS: Final = 16
"""A session of four hours with a cuff reading each quarter of an hour."""

WAYS: Final = ((1, 1), (3, 1), (3, 2))
"""Readings behind the baseline, and readings in a row that must be beyond the limit."""

LIMITS: Final = (
    ("SBP", -20.0, "mmHg", (6.0, 8.0, 10.0, 12.0)),
    ("SBP", -30.0, "mmHg", (6.0, 8.0, 10.0, 12.0)),
    ("HR", 20.0, "/min", (5.0, 7.0, 9.0)),
    ("T", 1.0, "°C", (0.2, 0.3)),
)
"""A vital sign, its change from the baseline, the unit, and how much readings may vary."""

STEPS: Final = 10_000
"""Steps of a unit to which drawn readings are rounded; so fine that rounding plays no part."""

SHOWN_IN_TENTHS: Final = 0.01
"""Smaller shares are shown with more digits."""

CADENCES_MIN: Final = (5, 10, 15, 30)
WITHIN_MIN: Final = 5


class FalseTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """One limit, and the share of uneventful sessions in which it is reached."""

    vital: str
    change: float
    unit: str
    noise: float
    baseline_readings: int
    consecutive: int
    expected: float
    simulated: float
    standard_error: float


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """How likely a reading falls into the first minutes of a reaction."""

    every_min: int
    within_min: int
    expected: float
    simulated: float
    standard_error: float


class FalseTriggers(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table, and what it was made with."""

    sessions: int
    readings: int
    seed: int
    rows: tuple[FalseTrigger, ...]
    cadences: tuple[Cadence, ...]


def false_triggers(seed: int, sessions: int = SESSIONS) -> FalseTriggers:
    """Return the share of every row, worked out and simulated.

    Parameters
    ----------
    seed : int
        Of the generator; the same seed gives the same table.
    sessions : int
        How many sessions are drawn.

    Returns
    -------
    FalseTriggers
    """
    rng = np.random.default_rng(seed)
    before = sorted({baseline_readings for baseline_readings, _ in WAYS})
    drawn = {count: rng.standard_normal((sessions, count + READINGS)) for count in before}
    rows = [
        _row(limit, way, noise, drawn[way[0]])
        for limit in LIMITS
        for way in WAYS
        for noise in limit[3]
    ]
    return FalseTriggers(
        sessions=sessions,
        readings=READINGS,
        seed=seed,
        rows=tuple(rows),
        cadences=tuple(_cadence(rng.random(sessions), every_min) for every_min in CADENCES_MIN),
    )


def _row(
    limit: tuple[str, float, str, tuple[float, ...]],
    way: tuple[int, int],
    noise: float,
    drawn: Float,
) -> FalseTrigger:
    (vital, change, unit, _), (baseline_readings, consecutive) = limit, way
    value = np.rint(drawn * noise * STEPS).astype(np.int32)
    baseline = np.rint(value[:, :baseline_readings].mean(axis=1)).astype(np.int32)
    moved = difference(value[:, baseline_readings:], baseline[:, None])
    towards = Direction.UP if change > 0 else Direction.DOWN
    beyond = direction(moved, round(abs(change) * STEPS)) == towards
    expected = false_trigger_share(
        abs(change) / noise,
        readings=READINGS,
        baseline_readings=baseline_readings,
        consecutive=consecutive,
    )
    return FalseTrigger(
        vital=vital,
        change=change,
        unit=unit,
        noise=noise,
        baseline_readings=baseline_readings,
        consecutive=consecutive,
        expected=expected,
        simulated=float(_in_a_row(beyond, consecutive).any(axis=1).mean()),
        standard_error=_standard_error(expected, len(drawn)),
    )


def _in_a_row(beyond: Bool, count: int) -> Bool:
    """Where a run of so many readings beyond a limit ends, shape (session, place)."""
    places = beyond.shape[1] - count + 1
    runs = [beyond[:, first : first + places] for first in range(count)]
    whole: Bool = np.logical_and.reduce(runs)
    return whole


def _cadence(begins: Float, every_min: int) -> Cadence:
    """Return the cadence for reactions that begin at random between two readings."""
    expected = seen_share(every_min, WITHIN_MIN)
    next_reading_min = every_min * (1 - begins)
    return Cadence(
        every_min=every_min,
        within_min=WITHIN_MIN,
        expected=expected,
        simulated=float((next_reading_min <= WITHIN_MIN).mean()),
        standard_error=_standard_error(expected, len(begins)),
    )


def _standard_error(share: float, sessions: int) -> float:
    """Return how much the share of so many independent sessions varies (binomial)."""
    return math.sqrt(share * (1 - share) / sessions)


def run_false_triggers(seed: int, sessions: int, *, out: TextIO, as_json: bool) -> int:
    """Print the table and return 0."""
    found = false_triggers(seed, sessions)
    if as_json:
        out.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        out.writelines(f"{line}\n" for line in _lines(found))
    return 0


def _lines(found: FalseTriggers) -> Iterator[str]:
    """Yield the table for people: one line a limit and way, one column a noise."""
    yield (
        f"Share of uneventful sessions with a false trigger: {found.readings} readings, "
        f"{found.sessions:,} sessions, seed {found.seed}."
    )
    yield "Worked out (simulated), for readings that vary by the standard deviation before it."
    yield ""
    for vital, change, unit, _ in LIMITS:
        for way in WAYS:
            cells = [
                f"{row.noise:g}: {_percent(row.expected)} ({_percent(row.simulated)})"
                for row in found.rows
                if (row.vital, row.change) == (vital, change)
                and (row.baseline_readings, row.consecutive) == way
            ]
            yield f"{vital} {change:+g} {unit}, {_words(*way)}".ljust(46) + "   ".join(cells)
    yield ""
    yield f"Share of reactions with a reading in their first {WITHIN_MIN} minutes:"
    for one in found.cadences:
        yield (
            f"a reading every {one.every_min} min".ljust(46)
            + f"{one.expected:.2f} ({one.simulated:.2f})"
        )


def _words(baseline_readings: int, consecutive: int) -> str:
    baseline = "1 reading" if baseline_readings == 1 else f"mean of {baseline_readings}"
    return f"baseline {baseline}" + (f", {consecutive} in a row" if consecutive > 1 else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= SHOWN_IN_TENTHS else f"{100 * share:.3f} %"
