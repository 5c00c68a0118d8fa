"""The infusion as it is run: a staircase of rates, and what a nurse does to it.

The ladder is the one of Gammaplex 10 % (gammaplex.com, infusion protocol of the pivotal trial):
0.5, 1, 2, 4, 6 and 8 mg/kg/min, which is 0.3 to 4.8 mL/kg/h, one rung higher every 15 minutes.
It was taken because its short rungs fit into a short story; what a nurse does to the pump is
ours, and nothing here is a dosing instruction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import Float
from monitor.facts.records import PumpState

LADDER_ML_PER_KG_H: Final = (0.3, 0.6, 1.2, 2.4, 3.6, 4.8)
RUNG_S: Final = 900
ML_PER_G: Final = 10.0
"""A 10 % solution holds 1 g in 10 mL."""

SECONDS_PER_HOUR: Final = 3600.0

Verb: TypeAlias = Literal["slow", "pause", "resume", "stop", "raise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """From ``at_s`` on the pump is in this state and runs at this rate."""

    at_s: int
    state: PumpState
    rate_ml_per_kg_h: float
    reason: str
    alarm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What the scripted nurse does to the pump, and when.

    ``rate_ml_per_kg_h`` is the rate that somebody names; without one it is half of what ran.
    """

    at_s: int
    verb: Verb
    rate_ml_per_kg_h: float | None = None


def planned_rungs(start_s: int) -> tuple[Rung, ...]:
    """Return the ladder as planned: one rung higher every quarter of an hour."""
    return tuple(
        Rung(
            at_s=start_s + step * RUNG_S,
            state="infusing",
            rate_ml_per_kg_h=rate,
            reason="rate-change" if step else "start",
        )
        for step, rate in enumerate(LADDER_ML_PER_KG_H)
    )


def rungs(
    start_s: int,
    moves: Sequence[Move],
    *,
    volume_ml_per_kg: float,
    planned: Sequence[Rung] = (),
) -> tuple[Rung, ...]:
    """Return the staircase as it is run.

    A slowed pump runs at half its rate, a resumed one at half the rate before the pause, unless
    the move names a rate, and after any move the ladder is not climbed again. The last rung is
    ``complete`` at the second in which the volume has run in, unless the pump was stopped before.

    Parameters
    ----------
    start_s : int
        When the infusion starts [s of the session].
    moves : sequence of Move
        In order of time; none before the start.
    volume_ml_per_kg : float
        How much is to run in [mL/kg].
    planned : sequence of Rung
        What runs before the first move; the ladder of a nurse where nothing is given.

    Raises
    ------
    ValueError
        A move comes before the start or the volume is not positive.
    """
    if volume_ml_per_kg <= 0:
        raise ValueError(f"volume of an infusion is {volume_ml_per_kg} mL/kg, must be above 0")
    if any(move.at_s < start_s for move in moves):
        raise ValueError(f"a move comes before the start at {start_s} s: {list(moves)}")
    first_move_s = moves[0].at_s if moves else None
    staircase = [
        rung
        for rung in planned or planned_rungs(start_s)
        if first_move_s is None or rung.at_s < first_move_s
    ]
    # What ran last counts, not the nothing of a pump that was interrupted just now.
    running = next(
        (rung.rate_ml_per_kg_h for rung in reversed(staircase) if rung.rate_ml_per_kg_h),
        LADDER_ML_PER_KG_H[0],
    )
    for move in moves:
        rung = _moved(move, running)
        running = rung.rate_ml_per_kg_h or running
        staircase.append(rung)
    return _completed(staircase, volume_ml_per_kg)


def _moved(move: Move, running_ml_per_kg_h: float) -> Rung:
    state: PumpState = "infusing"
    named = move.rate_ml_per_kg_h
    rate = running_ml_per_kg_h / 2 if named is None else named
    if move.verb == "pause":
        state, rate = "paused", 0.0
    elif move.verb == "stop":
        state, rate = "stopped", 0.0
    return Rung(at_s=move.at_s, state=state, rate_ml_per_kg_h=rate, reason=move.verb)


def _completed(staircase: list[Rung], volume_ml_per_kg: float) -> tuple[Rung, ...]:
    left = volume_ml_per_kg
    for index, rung in enumerate(staircase):
        if rung.state == "stopped":
            return tuple(staircase[: index + 1])
        if not rung.rate_ml_per_kg_h:
            continue
        end_s = rung.at_s + left / rung.rate_ml_per_kg_h * SECONDS_PER_HOUR
        if index + 1 < len(staircase) and staircase[index + 1].at_s <= end_s:
            spent_s = staircase[index + 1].at_s - rung.at_s
            left -= spent_s * rung.rate_ml_per_kg_h / SECONDS_PER_HOUR
            continue
        done = replace(
            rung,
            at_s=int(np.ceil(end_s)),
            state="complete",
            rate_ml_per_kg_h=0.0,
            reason="volume-infused",
        )
        return (*staircase[: index + 1], done)
    return tuple(staircase)


def rate_course(staircase: Sequence[Rung], seconds: int) -> Float:
    """Spread a staircase over the seconds of a session.

    Parameters
    ----------
    staircase : sequence of Rung
        In order of time.
    seconds : int
        Length of the result.

    Returns
    -------
    float64 array, shape (second,)
        Rate [mL/kg/h]; 0 before the start and while nothing runs.
    """
    rate = np.zeros(seconds)
    for rung in staircase:
        rate[min(rung.at_s, seconds) :] = rung.rate_ml_per_kg_h
    return rate


def infused_ml_per_kg(staircase: Sequence[Rung], at_s: float) -> float:
    """Return how much has run in up to a second [mL/kg]."""
    infused = 0.0
    for index, rung in enumerate(staircase):
        end_s = staircase[index + 1].at_s if index + 1 < len(staircase) else at_s
        infused += max(0.0, min(end_s, at_s) - rung.at_s) * rung.rate_ml_per_kg_h
    return infused / SECONDS_PER_HOUR
