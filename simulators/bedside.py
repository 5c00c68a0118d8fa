"""Chairs and wards as one stream of messages in order of time."""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import Final, TypeAlias

from simulators.carts import cart_streams
from simulators.chairs import Chair, Sent, chair
from simulators.charting import pump_messages, tablet_messages
from simulators.faults import Fault, with_faults
from simulators.monitoring import monitor_messages
from simulators.patches import patch_messages
from simulators.scenario import BedPlan, Scenario

FaultsByBed: TypeAlias = Mapping[str, Sequence[Fault]]
"""By the name of the bed, or of a cart that belongs to none."""

NO_FAULTS: Final[FaultsByBed] = MappingProxyType({})

SPEAKERS: Final[Mapping[str, Callable[[Chair], Iterator[Sent]]]] = {
    "tab": tablet_messages,
    "mon": monitor_messages,
    "patch": patch_messages,
    "pump": pump_messages,
}
"""What each kind of device that stays at a chair says."""


def bedside(plan: BedPlan, scenario: Scenario, *, unit: str, started_ms: int) -> Iterator[Sent]:
    """Yield everything that the devices of one bed send; a cart belongs to the ward.

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
    return heapq.merge(*_streams(here), key=attrgetter("at_ms"))


def _streams(here: Chair) -> Iterator[Iterator[Sent]]:
    return (speak(here) for kind, speak in SPEAKERS.items() if kind in here.equipment.kinds)


def all_messages(chairs: Sequence[Chair], faults: FaultsByBed = NO_FAULTS) -> list[Sent]:
    """Return what merging the messages of chairs and their carts would give, at once and faster."""
    found = list(chain.from_iterable(_cart_streams(chairs, faults)))
    for here in chairs:
        if here.plan.bed in faults:
            found += with_faults(chair_messages(here), faults[here.plan.bed])
        else:
            found += chain.from_iterable(_streams(here))
    found.sort(key=attrgetter("at_ms"))
    return found


def ward_messages(
    scenario: Scenario, *, unit: str, started_ms: int, faults: FaultsByBed = NO_FAULTS
) -> Iterator[Sent]:
    """Yield everything that a ward sends; beds whose messages coincide keep their order.

    ``faults`` strike what is sent at one bed or by one cart, before it meets the others.
    """
    chairs = [chair(plan, scenario, unit=unit, started_ms=started_ms) for plan in scenario.beds]
    return chairs_messages(chairs, faults)


def chairs_messages(chairs: Sequence[Chair], faults: FaultsByBed = NO_FAULTS) -> Iterator[Sent]:
    """Yield everything that chairs and their carts send, in order of time, as it is asked for."""
    return heapq.merge(
        *(with_faults(chair_messages(here), faults.get(here.plan.bed, ())) for here in chairs),
        *_cart_streams(chairs, faults),
        key=attrgetter("at_ms"),
    )


def _cart_streams(chairs: Sequence[Chair], faults: FaultsByBed) -> Iterator[Iterator[Sent]]:
    return (
        with_faults(stream, faults.get(name, ())) for name, stream in cart_streams(chairs).items()
    )


def ward_devices(scenario: Scenario) -> list[tuple[str, str]]:
    """Return the devices of a ward with the bed under which each says that it is there."""
    found = [
        (plan.bed, f"{kind}-{plan.bed}") for plan in scenario.beds for kind in plan.equipment.kinds
    ]
    carts: dict[str, str] = {}
    for plan in sorted(scenario.beds, key=lambda one: (one.opens_s, one.bed)):
        if plan.equipment.cart:
            carts.setdefault(plan.equipment.cart, plan.bed)
    return [*found, *((bed, cart) for cart, bed in carts.items())]
