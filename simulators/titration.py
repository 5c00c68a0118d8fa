"""A pump that climbs its product's ladder by itself, and what interrupts it.

A step is a ramp: the rate goes up in parts within a minute, and each part is reported. Now and
then the line is kinked or somebody opens the door; then nothing runs until a nurse has seen to
it, and the program goes on where it would have been by then. An interruption never lasts over
the next step, so a reaction to a rate step still meets its step. All of it is ours: pumps differ.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from simulators.infusion import LADDER_ML_PER_KG_H, RUNG_S, Rung

RAMP_S: Final = 60
RAMP_PARTS: Final = 4
INTERRUPTED_SHARE: Final = 0.06
"""How often a quarter of an hour holds an interruption: about one in a session of four hours."""

INTERRUPTED_AFTER_S: Final = (240, 600)
INTERRUPTED_FOR_S: Final = (45, 240)

Interruption: TypeAlias = Literal["occlusion", "door-open"]
INTERRUPTIONS: Final[tuple[Interruption, ...]] = ("occlusion", "door-open")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """When nothing ran because of the pump itself, and why [s of the session]."""

    kind: Interruption
    from_s: int
    until_s: int


def interruptions(
    rng: np.random.Generator, *, start_s: int, seconds: int
) -> tuple[Interrupted, ...]:
    """Draw what interrupts a pump, in order of time; at most one in each quarter of an hour.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance; the number of draws depends on the times alone.
    start_s, seconds : int
        When the infusion starts, and how long the session is [s of the session].
    """
    quarters = max(0, -(-(seconds - start_s) // RUNG_S))
    is_struck = rng.random(quarters) < INTERRUPTED_SHARE
    after_s = rng.integers(*INTERRUPTED_AFTER_S, size=quarters)
    for_s = rng.integers(*INTERRUPTED_FOR_S, size=quarters)
    kinds = rng.integers(0, len(INTERRUPTIONS), size=quarters)
    begins_s = start_s + RUNG_S * np.arange(quarters) + after_s
    return tuple(
        Interrupted(
            kind=INTERRUPTIONS[int(kinds[place])],
            from_s=int(begins_s[place]),
            until_s=int(begins_s[place] + for_s[place]),
        )
        for place in np.flatnonzero(is_struck)
    )


def titrated_rungs(start_s: int, struck: tuple[Interrupted, ...]) -> tuple[Rung, ...]:
    """Return the ladder as a pump runs it by itself: ramps, and pauses where it is interrupted.

    Parameters
    ----------
    start_s : int
        When the infusion starts [s of the session].
    struck : tuple of Interrupted
        As from :func:`interruptions`.
    """
    climbed = [
        Rung(
            at_s=start_s,
            state="infusing",
            rate_ml_per_kg_h=LADDER_ML_PER_KG_H[0],
            reason="start",
        )
    ]
    for step in range(1, len(LADDER_ML_PER_KG_H)):
        climbed += _ramp(start_s + step * RUNG_S, *LADDER_ML_PER_KG_H[step - 1 : step + 1])
    for one in struck:
        rate = [rung.rate_ml_per_kg_h for rung in climbed if rung.at_s <= one.from_s][-1]
        climbed += [
            Rung(
                at_s=one.from_s,
                state="fault" if one.kind == "occlusion" else "paused",
                rate_ml_per_kg_h=0.0,
                reason=one.kind,
                alarm=one.kind,
            ),
            Rung(at_s=one.until_s, state="infusing", rate_ml_per_kg_h=rate, reason="resumed"),
        ]
        climbed.sort(key=lambda rung: rung.at_s)
    return tuple(climbed)


def _ramp(at_s: int, before: float, after: float) -> list[Rung]:
    """Return one step as its parts: the first counts as the change of rate."""
    return [
        Rung(
            at_s=at_s + part * RAMP_S // RAMP_PARTS,
            state="infusing",
            rate_ml_per_kg_h=before + (after - before) * (part + 1) / RAMP_PARTS,
            reason="ramp" if part else "rate-change",
        )
        for part in range(RAMP_PARTS)
    ]
