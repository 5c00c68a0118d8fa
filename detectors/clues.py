"""Clues: what speaks for one pattern and against another, besides the signs that make it hold.

A clue is a row of a table. It holds where all of its conditions hold: signs that are there or
were there a short while ago, comparisons of values with the baseline (the same exact forms as
those of a rule book), the order in which two signs began, a slope, the time since the rate was
raised, a sign that went after the rate was lowered, a flag of the person. Each clue gives points
for or against patterns. Its strength is 100 percent, or less while the weakest of its signs
fades; a comparison that cannot be judged gives nothing and is named.
"""

from dataclasses import dataclass
from typing import Final

from detectors.channels import Channel
from detectors.context import ContextFlag
from detectors.rulebook import Clause

KINDS: Final = (
    "pressure", "heart", "temperature", "oxygen", "breathing", "seen", "course", "person",
)  # fmt: skip
"""What a clue was seen by: a kind of measurement, people's eyes, the course, or who it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A channel rises (or falls, where negative) at least so fast over a time.

    ``centi_per_min`` is in hundredths of the channel's unit; fewer readings than
    ``least_readings`` within the time say nothing.
    """

    channel: Channel
    centi_per_min: int
    within_ms: int
    least_readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One clue and what it speaks for.

    Attributes
    ----------
    id, words, kind : str
        What it is called, how people say it, and one of :data:`KINDS`.
    points : tuple of (str, int)
        For each pattern that it bears on: points for it, negative against it.
    signs : tuple of (str, int)
        Signs that must be there, or be remembered, at a least grade.
    absent : tuple of (str, int)
        Signs of which none may be there or remembered at a least grade.
    clauses : tuple of Clause
        Comparisons that must all hold.
    first, then : str
        A sign that must have begun before another; empty: no such demand.
    slope : Slope, optional
    after_step_ms : int
        The rate was raised at most so long ago; 0: no such demand.
    eased_ms : int
        A measured sign went within so long after the rate was lowered; 0: no such demand.
    flags, unless : tuple of ContextFlag
        All of the one must be set, and none of the other.
    """

    id: str
    words: str
    kind: str
    points: tuple[tuple[str, int], ...]
    source: tuple[str, ...]
    signs: tuple[tuple[str, int], ...] = ()
    absent: tuple[tuple[str, int], ...] = ()
    clauses: tuple[Clause, ...] = ()
    first: str = ""
    then: str = ""
    slope: Slope | None = None
    after_step_ms: int = 0
    eased_ms: int = 0
    flags: tuple[ContextFlag, ...] = ()
    unless: tuple[ContextFlag, ...] = ()
    note: str = ""
