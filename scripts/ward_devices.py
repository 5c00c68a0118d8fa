"""The devices of a whole ward in one process: beds that live on after a deed, carts, breakdowns.

A bed has a monitor or a patch, a pump and a tablet, or only the two where a cart comes by. What
is done at a bed changes what all of its devices will send, and what the cart will find there; all
chance derives from names and purposes, so nothing changes that was sent before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from simulators.breakdowns import (
    artefact,
    battery,
    clock_step,
    device_swap,
    mean_as_systolic,
    probe_off,
    storm,
    unit_swap,
)
from simulators.carts import cart_messages
from simulators.chairs import Sent, generator
from simulators.deeds import Deed
from simulators.fault_options import ELSEWHERE
from simulators.faults import Fault, clock_skew, freeze, silence, with_faults
from simulators.living import LivedBed, ahead_of, sent_until
from simulators.scenario import BedPlan, Scenario

UNIT: Final = "ward-0001"
SHARE_BROKEN: Final = 0.5
"""How often a bed, or a cart, has a breakdown at all."""

SHARE_AMID: Final = 0.5

BREAKDOWNS: Final = (
    "storm", "clock-skew", "clock-step", "freeze", "artefact", "unit-swap", "battery",
    "silence", "probe-off", "device-swap", "mean-as-systolic",
)  # fmt: skip
AT_ONCE_MAX: Final = 3
"""So many breakdowns a bed has at most; half of those after the first begin in the midst of it."""

CART_BREAKDOWNS: Final = ("storm", "clock-skew", "clock-step", "artefact", "unit-swap")
WRONG_MS: Final = 90_000
CART_WRONG_MS: Final = 900_000
"""How wrong a clock is at most: what a cart sends is entered by hand, so nobody corrects it."""

Broken = tuple[tuple[str, ...], tuple[Fault, ...]]
"""The names of breakdowns, and what they do to messages."""


def equipment_of(seed: int, beds: int) -> tuple[str, ...]:
    """Draw what stands at which beds: a quarter each has patches, a cart, pumps that climb.

    In every second ward the cart comes to a patch as well, which knows no pressure.
    """
    order = (1 + generator(seed, "ward", "equipment").permutation(beds)).tolist()
    quarter = max(1, beds // 4)
    patched, carted, climbing = (order[n * quarter : (n + 1) * quarter] for n in range(3))
    carted = [*carted, *patched[: seed % 2]]
    return tuple(
        f"{kind}@{','.join(map(str, numbers))}"
        for kind, numbers in (("patch", patched), ("cart", carted), ("titrating", climbing))
        if numbers
    )


@dataclass(slots=True, kw_only=True)
class Cart:
    """One cart: the beds to which it comes, and what it still has to send."""

    name: str
    beds: tuple[LivedBed, ...]
    faults: tuple[Fault, ...] = ()
    ahead: list[Sent] = field(init=False)

    def __post_init__(self) -> None:
        self.make(-1)

    def make(self, after_ms: int) -> None:
        """Find at the beds what there is now; what was sent until a time stays as it was."""
        stream = cart_messages(self.name, [bed.here for bed in self.beds])
        self.ahead = ahead_of(with_faults(stream, self.faults), after_ms)


class Devices:
    """Everything that sends in a ward."""

    def __init__(self, scenario: Scenario, begins_ms: int) -> None:
        broken = {plan.bed: faults_of(plan, scenario, begins_ms) for plan in scenario.beds}
        self.beds = {
            plan.bed: LivedBed(
                scenario=scenario,
                plan=plan,
                unit=UNIT,
                begins_ms=begins_ms,
                faults=broken[plan.bed][1],
            )
            for plan in scenario.beds
        }
        names = sorted({plan.equipment.cart for plan in scenario.beds} - {""})
        broken |= {name: faults_of_cart(name, scenario, begins_ms) for name in names}
        self.carts = {
            name: Cart(
                name=name,
                beds=tuple(bed for bed in self.beds.values() if bed.plan.equipment.cart == name),
                faults=broken[name][1],
            )
            for name in names
        }
        self.breakdowns = tuple(name for said, _ in broken.values() for name in said)

    def sent_until(self, now_ms: int) -> Iterator[Sent]:
        """Yield what all devices send up to a time."""
        for bed in self.beds.values():
            yield from sent_until(bed.ahead, now_ms)
        for cart in self.carts.values():
            yield from sent_until(cart.ahead, now_ms)

    def live(self, deed: Deed) -> Iterator[Sent]:
        """Let a deed change what is to come at its bed; yield what is sent there before it."""
        bed = self.beds[deed.bed]
        cart = self.carts.get(bed.plan.equipment.cart)
        yield from sent_until(bed.ahead, deed.at_ms)
        if cart is not None:
            yield from sent_until(cart.ahead, deed.at_ms)
        if bed.live(deed) and cart is not None:
            cart.make(deed.at_ms)


def faults_of(plan: BedPlan, scenario: Scenario, begins_ms: int) -> Broken:
    """Draw the breakdowns of a bed: their names and what they do to its messages."""
    rng = generator(scenario.seed, plan.bed, "breakdowns")
    if rng.random() >= SHARE_BROKEN:
        return (), ()
    many = int(rng.integers(1, AT_ONCE_MAX + 1))
    names = [str(one) for one in rng.choice(BREAKDOWNS, size=many, replace=False)]
    kinds = plan.equipment.kinds
    measuring = [kind for kind in kinds if kind in ("mon", "patch")]
    if not measuring:
        # Nothing that stays there measures: all that can happen is that everything goes away.
        names = ["storm"]
    first_ms = begins_ms + _drawn_s(rng, 900, scenario.length_s - 300) * 1000
    made, from_ms = [], first_ms
    for name in names:
        until_ms = from_ms + int(rng.integers(30, 1800)) * 1000
        made.append(
            _made(
                name,
                devices=tuple(f"{kind}-{plan.bed}" for kind in (*measuring, "pump", "tab")),
                between_ms=(from_ms, until_ms),
                wrong_ms=int(rng.integers(-WRONG_MS, WRONG_MS)),
            )
        )
        is_amid = rng.random() < SHARE_AMID
        from_ms = (
            (from_ms + until_ms) // 2
            if is_amid
            else begins_ms + _drawn_s(rng, 900, scenario.length_s - 300) * 1000
        )
    return tuple(f"{name}@{plan.bed}" for name in names), tuple(made)


def _drawn_s(rng: np.random.Generator, first_s: int, last_s: int) -> int:
    return int(rng.integers(first_s, max(last_s, first_s + 1)))


def faults_of_cart(cart: str, scenario: Scenario, begins_ms: int) -> Broken:
    """Draw the breakdowns of a cart: their names and what they do to its messages."""
    rng = generator(scenario.seed, cart, "breakdowns")
    if rng.random() >= SHARE_BROKEN:
        return (), ()
    name = str(rng.choice(CART_BREAKDOWNS))
    from_ms = begins_ms + int(rng.integers(900, max(scenario.length_s - 300, 901))) * 1000
    made = _made(
        name,
        devices=(cart,),
        between_ms=(from_ms, from_ms + int(rng.integers(30, 1800)) * 1000),
        wrong_ms=int(rng.integers(-CART_WRONG_MS, CART_WRONG_MS)),
    )
    return (f"{name}@{cart}",), (made,)


def _made(
    name: str, *, devices: Sequence[str], between_ms: tuple[int, int], wrong_ms: int
) -> Fault:
    """Return a breakdown of the first of some devices; a storm takes all of them away."""
    device, (from_ms, until_ms) = devices[0], between_ms
    channels = frozenset({"hr", "spo2"})
    made: dict[str, Fault] = {
        "storm": lambda s: storm(s, devices=frozenset(devices), from_ms=from_ms, until_ms=until_ms),
        "clock-skew": lambda s: clock_skew(s, device=device, offset_ms=wrong_ms, drift_ppm=50.0),
        "clock-step": lambda s: clock_step(s, device=device, at_ms=from_ms, by_ms=wrong_ms),
        "freeze": lambda s: freeze(
            s, device=device, channels=channels, from_ms=from_ms, until_ms=until_ms
        ),
        "artefact": lambda s: artefact(s, device=device, from_ms=from_ms, until_ms=until_ms),
        "unit-swap": lambda s: unit_swap(s, device=device, from_ms=from_ms),
        "battery": lambda s: battery(s, device=device, from_ms=from_ms),
        "silence": lambda s: silence(s, device=device, from_ms=from_ms, until_ms=until_ms),
        "probe-off": lambda s: probe_off(s, device=device, from_ms=from_ms, until_ms=until_ms),
        "device-swap": lambda s: device_swap(s, device=device, bed=ELSEWHERE, from_ms=from_ms),
        "mean-as-systolic": lambda s: mean_as_systolic(s, device=device, from_ms=from_ms),
    }
    return made[name]
