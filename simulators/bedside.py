"""Chairs and wards as one stream of messages in order of time."""

import heapq
from collections.abc import Iterator
from operator import attrgetter

from simulators.chairs import Sent, chair
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
    here = chair(plan, scenario, unit=unit, started_ms=started_ms)
    return heapq.merge(
        tablet_messages(here),
        monitor_messages(here),
        pump_messages(here),
        key=attrgetter("at_ms"),
    )


def ward_messages(scenario: Scenario, *, unit: str, started_ms: int) -> Iterator[Sent]:
    """Yield everything that a ward sends; beds whose messages coincide keep their order."""
    return heapq.merge(
        *(bedside(plan, scenario, unit=unit, started_ms=started_ms) for plan in scenario.beds),
        key=attrgetter("at_ms"),
    )
