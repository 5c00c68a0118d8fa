"""The truth about a ward whose story is told: as it is planned, and as it was.

What is planned is the whole story. What was is the part that was told: whatever began later
never happened, whatever went on has no end, and a session that was not opened is not there.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from monitor.facts.truth import TrueSession
from simulators.chairs import Chair
from simulators.fault_options import FaultOption
from simulators.strikes import bed_strikes
from simulators.truths import true_session

OPENED_S: Final = 1
"""A session that was told for less was never opened."""


def planned_truths(
    chairs: Sequence[Chair], options: Sequence[FaultOption] = ()
) -> tuple[TrueSession, ...]:
    """Return what will happen at every chair if the story is told to its end, marked as a plan."""
    return tuple(msgspec.structs.replace(one, planned=True) for one in ward_truths(chairs, options))


def ward_truths(
    chairs: Sequence[Chair], options: Sequence[FaultOption] = (), *, told_ms: int | None = None
) -> tuple[TrueSession, ...]:
    """Return what happened at every chair that was opened, in order of the beds.

    Parameters
    ----------
    chairs : sequence of Chair
        All chairs of the ward, in the order in which faults number them.
    options : sequence of FaultOption
        What broke.
    told_ms : int, optional
        Until when the story was told [ms since the Unix epoch]; None: to its end.
    """
    found = []
    for number, here in enumerate(chairs, start=1):
        over_s = here.reporting_s
        if told_ms is not None:
            over_s = min(over_s, (told_ms - 1 - here.opened_ms) // 1000)
        if over_s < OPENED_S:
            continue
        strikes = tuple(bed_strikes(options, chairs, number, until_ms=here.at_ms(over_s)))
        begun = {one.kind for one in strikes}
        names = [one.name for one in options if one.is_of_way or one.name in begun]
        truth = true_session(here, tuple(dict.fromkeys(names)), told_s=over_s)
        found.append(msgspec.structs.replace(truth, subject=here.who.subject, breakdowns=strikes))
    return tuple(found)
