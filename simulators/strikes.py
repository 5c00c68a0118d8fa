"""Faults where they strike: made for the devices of beds, for carts, and for the way of all.

An option says what breaks and when as people say it; here it meets a ward: its beds, the devices
that stay at them, and the carts that go between them.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from monitor.facts.truth import TrueConfounder
from simulators.bedside import chairs_messages
from simulators.chairs import Chair, Sent, generator
from simulators.fault_options import (
    BED_FAULTS,
    CART_FAULTS,
    WAY_FAULTS,
    FaultOption,
    Struck,
)
from simulators.faults import Fault, with_faults
from simulators.scenario import BedPlan, Scenario


def bed_fault(name: str, plan: BedPlan, *, from_ms: int, until_ms: int, size_ms: int = 0) -> Fault:
    """Return a fault of the devices of a bed between two times, by default as large as usual.

    Raises
    ------
    ValueError
        The fault strikes what measures at the bed, and nothing that stays there does.
    """
    kinds = plan.equipment.kinds
    measuring = [kind for kind in kinds if kind in ("mon", "patch")]
    if not measuring and name != "storm":
        cart = f"; write {name}@{plan.equipment.cart}" if name in CART_FAULTS else ""
        raise ValueError(f"fault {name!r}: no device that stays at bed {plan.bed} measures{cart}")
    return BED_FAULTS[name].made(
        Struck(
            device=f"{(measuring or kinds)[0]}-{plan.bed}",
            devices=frozenset(f"{kind}-{plan.bed}" for kind in kinds),
            from_ms=from_ms,
            until_ms=until_ms,
            size_ms=size_ms,
        )
    )


def way_faults(options: Sequence[FaultOption], rng: np.random.Generator) -> list[Fault]:
    """Return the faults of the way of all messages; all draw from the same chance."""
    return [
        WAY_FAULTS[option.name].made(option.share, rng, option.size_ms)
        for option in options
        if option.is_of_way
    ]


def bed_faults(
    options: Sequence[FaultOption], scenario: Scenario, *, started_ms: int
) -> dict[str, list[Fault]]:
    """Return the faults of each bed and of each cart by its name.

    Times count from the start of the infusion at the bed; those of a cart from that at the bed
    at which it begins, which is the one that opens first.

    Raises
    ------
    ValueError
        A fault strikes what measures at a bed where nothing that stays measures.
    """
    found: dict[str, list[Fault]] = {}
    for option in options:
        for number in option.beds:
            if number > len(scenario.beds):
                continue
            plan = scenario.beds[number - 1]
            from_ms, until_ms = _between_ms(option, plan, started_ms)
            made = bed_fault(
                option.name, plan, from_ms=from_ms, until_ms=until_ms, size_ms=option.size_ms
            )
            found.setdefault(plan.bed, []).append(made)
        for cart in option.carts:
            home = home_of(cart, scenario.beds)
            if home is not None:
                from_ms, until_ms = _between_ms(option, home, started_ms)
                struck = Struck(
                    device=cart,
                    devices=frozenset({cart}),
                    from_ms=from_ms,
                    until_ms=until_ms,
                    size_ms=option.size_ms,
                )
                found.setdefault(cart, []).append(BED_FAULTS[option.name].made(struck))
    return found


def struck_messages(
    chairs: Sequence[Chair],
    options: Sequence[FaultOption],
    scenario: Scenario,
    *,
    started_ms: int,
) -> Iterator[Sent]:
    """Return everything that a ward sends as it arrives after its faults, in order of time.

    The chairs are those of the scenario; ``started_ms`` is when its story begins [ms since the
    Unix epoch, UTC]. The faults of the way draw from the seed of the scenario.

    Raises
    ------
    ValueError
        A fault strikes what measures at a bed where nothing that stays measures.
    """
    struck = bed_faults(options, scenario, started_ms=started_ms)
    way = way_faults(options, generator(scenario.seed, "ward", "faults"))
    return with_faults(chairs_messages(chairs, struck), way)


def carts_of(scenario: Scenario) -> frozenset[str]:
    """Return the names of the carts of a ward."""
    return frozenset(plan.equipment.cart for plan in scenario.beds) - {""}


def home_of(cart: str, plans: Sequence[BedPlan]) -> BedPlan | None:
    """Return the bed at which a cart begins; None where the cart comes to no bed."""
    visited = [plan for plan in plans if plan.equipment.cart == cart]
    return min(visited, key=lambda plan: (plan.opens_s, plan.bed), default=None)


def faults_of_bed(options: Sequence[FaultOption], number: int, cart: str = "") -> tuple[str, ...]:
    """Return the names of the faults that strike a bed, in order as they were asked for.

    A bed is struck by what strikes its ``cart``; "" is a bed to which none comes.
    """
    return tuple(
        one.name for one in options if one.is_of_way or number in one.beds or cart in one.carts
    )


def bed_strikes(
    options: Sequence[FaultOption], chairs: Sequence[Chair], number: int, *, until_ms: int
) -> Iterator[TrueConfounder]:
    """Yield what struck the devices at a bed until a time, with its name and its times.

    Faults of the way have no times: they hold all the while. One that holds from the first
    message on begins when the session is opened, one that does not end lasts until ``until_ms``.
    """
    here = chairs[number - 1]
    for option in options:
        is_here = number in option.beds
        home = here.plan if is_here else None
        if not is_here and here.equipment.cart in option.carts:
            home = home_of(here.equipment.cart, [one.plan for one in chairs])
        if home is None:
            continue
        fault = BED_FAULTS[option.name]
        started_ms = here.opened_ms - here.plan.opens_s * 1000
        from_ms, ends_ms = _between_ms(option, home, started_ms)
        from_ms = max(from_ms if fault.begins else 0, here.opened_ms)
        ends_ms = min(ends_ms if fault.ends else until_ms, until_ms)
        if from_ms < ends_ms:
            yield TrueConfounder(kind=option.name, from_ms=from_ms, until_ms=ends_ms)


def _between_ms(option: FaultOption, plan: BedPlan, started_ms: int) -> tuple[int, int]:
    """Return from when until when a fault strikes that counts from the start at a bed."""
    from_ms = started_ms + (plan.opens_s + plan.start_s + option.after_s) * 1000
    return from_ms, from_ms + option.lasts_s * 1000
