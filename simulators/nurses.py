"""A nurse who looks at the person: notices, slows, pauses, treats, restarts, stops.

This nurse has no monitor. What is noticed is the first charted sign of a reaction (or its
numbers, some minutes later); what is done follows the ladder of published guides in its plainest
form (ivig-nhs-borders: pause, restart at half after half an hour clear, stop at the second
return; stop and epinephrine for anaphylaxis, wao-2016-procedures). Delays are ours. A nurse who
``follows`` acts within minutes, one who ``delays`` a quarter of an hour later, one who
``ignores`` never.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np

from detectors.channels import Float
from monitor.facts.truth import NurseKind
from simulators.infusion import Move, Rung, Verb, rate_course, rungs
from simulators.reactions import Drug, Given, Picture, activity, levels

ACTS_AFTER_S: Final[dict[str, tuple[int, int]]] = {
    "follows": (60, 240),
    "delays": (900, 1800),
}
LOOKS_EVERY_S: Final = 60
UNSEEN_AFTER_S: Final = 600
"""A reaction without any sign is noticed by its numbers this long after it is under way."""

UNDER_WAY: Final = 0.3
OVER: Final = 0.1
CLEAR_S: Final = 1800
WORKS_WITHIN_S: Final = 1200
EPINEPHRINE_EVERY_S: Final = 300
EPINEPHRINE_DOSES: Final = 3
SEVERE: Final = 3
MODERATE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ill:
    """A person with a reaction, as far as a nurse's acts can change it."""

    picture: Picture
    onset_s: int
    start_s: int
    seconds: int
    volume_ml_per_kg: float
    remedies: tuple[str, ...]
    stops_at: int
    planned: tuple[Rung, ...] = ()
    """What the pump does by itself; empty where a nurse climbs the ladder."""

    def staircase(self, moves: Sequence[Move]) -> tuple[Rung, ...]:
        """Return the infusion as it runs under these moves."""
        return rungs(
            self.start_s, moves, volume_ml_per_kg=self.volume_ml_per_kg, planned=self.planned
        )

    def activity(self, moves: Sequence[Move], given: Sequence[Given]) -> Float:
        """Return how much of the reaction there is at every second under these acts."""
        rate = rate_course(self.staircase(moves), self.seconds)
        return activity(self.picture, levels(self.picture, self.onset_s, rate, given))


@dataclass(slots=True, kw_only=True)
class _Care:
    """What a nurse has done so far, and what comes of it."""

    ill: Ill
    moves: list[Move] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    now: Float = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.ill.activity((), ())

    def move(self, at_s: int, verb: Verb) -> None:
        """Do something to the pump."""
        self.moves.append(Move(at_s=at_s, verb=verb))
        self.now = self.ill.activity(self.moves, self.given)

    def give(self, at_s: int, remedy: str) -> None:
        """Give a remedy."""
        self.given.append(Given(at_s=at_s, remedy=cast("Drug", remedy)))
        self.now = self.ill.activity(self.moves, self.given)

    @property
    def last(self) -> Verb | None:
        """Return what was done to the pump last."""
        return self.moves[-1].verb if self.moves else None


def nursed(
    ill: Ill, kind: NurseKind, rng: np.random.Generator
) -> tuple[tuple[Move, ...], tuple[Given, ...]]:
    """Return what a nurse of a kind does about a reaction, in order of time.

    Parameters
    ----------
    ill : Ill
        The person, the reaction and the infusion as planned.
    kind : NurseKind
        ``ignores`` and ``none`` do nothing.
    rng : numpy.random.Generator
        Draws how fast this nurse is.
    """
    care = _Care(ill=ill)
    if kind not in ACTS_AFTER_S:
        return (), ()
    delay_s = int(rng.integers(*ACTS_AFTER_S[kind]))
    at_s = _noticed(ill, care.now) + delay_s
    acted_s = -1
    clear_since_s: int | None = None
    while at_s < ill.seconds:
        level = care.now[at_s]
        clear_since_s = None if level > OVER else clear_since_s or at_s
        if level > UNDER_WAY and acted_s < 0:
            _first_steps(care, at_s)
            acted_s = at_s
        elif level > UNDER_WAY and care.last == "resume":
            care.move(at_s + delay_s, "stop")
            acted_s = at_s
        elif acted_s >= 0:
            acted_s = _next_step(care, at_s, acted_s, clear_since_s)
        at_s += LOOKS_EVERY_S
    return tuple(care.moves), tuple(sorted(care.given, key=lambda one: one.at_s))


def _noticed(ill: Ill, level: Float) -> int:
    signs = [ill.onset_s + sign.after_s for sign in ill.picture.signs]
    under_way = np.flatnonzero(level > UNDER_WAY)
    if not len(under_way):
        return ill.seconds
    return min([*signs, int(under_way[0]) + UNSEEN_AFTER_S])


def _first_steps(care: _Care, at_s: int) -> None:
    grade = care.ill.picture.grade
    verb: Verb = "slow" if grade < MODERATE else "pause"
    care.move(at_s, "stop" if grade >= care.ill.stops_at else verb)
    for place, remedy in enumerate(care.ill.remedies):
        care.give(at_s + 30 * (place + 1), remedy)


def _next_step(care: _Care, at_s: int, acted_s: int, clear_since_s: int | None) -> int:
    """Take the next step if it is time for one; return when the last one was taken."""
    doses = [one.at_s for one in care.given if one.remedy == "epinephrine"]
    level = care.now[at_s]
    if (
        doses
        and level > UNDER_WAY
        and len(doses) < EPINEPHRINE_DOSES
        and at_s - doses[-1] >= EPINEPHRINE_EVERY_S
    ):
        care.give(at_s, "epinephrine")
        return at_s
    is_clear = clear_since_s is not None and at_s - clear_since_s >= CLEAR_S
    if care.last == "pause" and is_clear:
        care.move(at_s, "resume")
        return at_s
    if level > UNDER_WAY and at_s - acted_s >= WORKS_WITHIN_S and care.last in ("slow", "pause"):
        care.move(at_s, "pause" if care.last == "slow" else "stop")
        return at_s
    return acted_s
