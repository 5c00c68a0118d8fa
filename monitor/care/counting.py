"""Which messages of a device have come, by the numbers that it gives them from each start on.

A device counts all that it numbers in one row: what it sends at once, what it sends late from its
store, what its pump does. So a number that came before is a repetition, whichever way it came,
and what is missing is known by name. Numbers are kept as runs, so that neither a long life nor a
huge gap needs much memory.

Numbers go up with time. A number that came before, or that is below the first one, of a message
that was measured later than all others is therefore of another start, which the device did not
name: from it on is counted anew. A copy of an old message is measured no later than the message
itself, so it is never taken for a start, however late it comes.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Final, TypeAlias

RUNS_MAX: Final = 1_024
"""Runs of numbers that are remembered of a start; of more the oldest gap is taken as closed."""

STARTS_MAX: Final = 8
"""Starts of a device that are remembered; the one that was begun longest ago goes first."""

Runs: TypeAlias = tuple[tuple[int, int], ...]
"""First and last number of every run, in order; between two runs at least one is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The numbers of one start of a device that have come, and the latest time that one had."""

    boot: str
    runs: Runs
    newest_ms: int

    @property
    def missing(self) -> int:
        """How many never came between the first and the highest number."""
        return sum(after[0] - before[1] - 1 for before, after in pairwise(self.runs))


Starts: TypeAlias = tuple[Start, ...]
"""The starts of a device; the last one is that of its newest message that was not stored."""


def starts_after(
    starts: Starts, *, boot: str, number: int, measured_ms: int, is_stored: bool
) -> Starts | None:
    """Return what has come of a device after a numbered message; None if it came before.

    Parameters
    ----------
    starts : tuple of Start
        What had come before; empty for a device that was never heard.
    boot : str
        Name of the start; empty for a device that does not name it.
    number : int
        At least 0.
    measured_ms : int
        When it was measured, as the device says [ms since the Unix epoch].
    is_stored : bool
        It comes late from the store, and so says nothing about which start the device is in.
    """
    place = -1
    for index, start in enumerate(starts):
        if start.boot == boot:
            if measured_ms <= start.newest_ms and has(start.runs, number):
                return None
            place = index
    if place < 0 or _is_another(starts[place], number, measured_ms):
        begun = Start(boot=boot, runs=((number, number),), newest_ms=measured_ms)
        newest = starts[-1:] if is_stored else ()
        return (*starts[: len(starts) - len(newest)], begun, *newest)[-STARTS_MAX:]
    start = starts[place]
    grown = Start(
        boot=boot,
        runs=runs_with(start.runs, number),
        newest_ms=max(start.newest_ms, measured_ms),
    )
    before, behind = starts[:place], starts[place + 1 :]
    return (*before, grown, *behind) if is_stored else (*before, *behind, grown)


def _is_another(start: Start, number: int, measured_ms: int) -> bool:
    """Tell whether a number cannot be of a start, because time and numbers disagree."""
    is_old = number < start.runs[0][0] or has(start.runs, number)
    return is_old and measured_ms > start.newest_ms


def has(runs: Runs, number: int) -> bool:
    """Tell whether a number is in one of the runs."""
    place = bisect_right(runs, number, key=itemgetter(0))
    return place > 0 and number <= runs[place - 1][1]


def runs_with(runs: Runs, number: int) -> Runs:
    """Return the runs with a number that is in none of them."""
    place = bisect_right(runs, number, key=itemgetter(0))
    first = last = number
    below, above = runs[:place], runs[place:]
    if below and below[-1][1] == number - 1:
        first, below = below[-1][0], below[:-1]
    if above and above[0][0] == number + 1:
        last, above = above[0][1], above[1:]
    found = (*below, (first, last), *above)
    if len(found) > RUNS_MAX:
        return ((found[0][0], found[1][1]), *found[2:])
    return found
