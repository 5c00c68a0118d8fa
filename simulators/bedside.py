"""Chairs and wards as one stream of messages in order of time."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter

from simulators.chairs import Chair, Sent, chair
from simulators.charting import pump_messages, tablet_messages
from simulators.monitoring import monitor_messages
from simulators.scenario import BedPlan, Scenario


def bedside(plan: BedPlan, scenario: Scenario, *, unit: str, started_ms: int) -> Iterator[Sent]:
    """Yield everything that the devices of one bed send.

    Parameters
    ----------
    plan : BedPlan
        What happens at the bed; it need not be one of the scenario's.
    scenario : Scenario
        Seed, length, cadence and product.
    unit : str
        The ward, as its topics spell it.
    started_ms : int
        When the story begins [ms since the Unix epoch, UTC].
    """
    return chair_messages(chair(plan, scenario, unit=unit, started_ms=started_ms))


def chair_messages(here: Chair) -> Iterator[Sent]:
    """Yield everything that the devices of one chair send."""
    return heapq.merge(
        tablet_messages(here),
        monitor_messages(here),
        pump_messages(here),
        key=attrgetter("at_ms"),
    )


def all_messages(chairs: Iterable[Chair]) -> list[Sent]:
    """Return what merging the messages of these chairs would give, at once and faster."""
    found = [
        sent
        for here in chairs
        for sent in chain(tablet_messages(here), monitor_messages(here), pump_messages(here))
    ]
    found.sort(key=attrgetter("at_ms"))
    return found


def ward_messages(scenario: Scenario, *, unit: str, started_ms: int) -> Iterator[Sent]:
    """Yield everything that a ward sends; beds whose messages coincide keep their order."""
    return heapq.merge(
        *(bedside(plan, scenario, unit=unit, started_ms=started_ms) for plan in scenario.beds),
        key=attrgetter("at_ms"),
    )
