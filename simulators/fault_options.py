"""Every fault by its name: what it is, how it is asked for, and how it is made.

Some faults strike the way of all messages and take a share (``drop=0.02``); the others strike
the devices of beds from a time on (``freeze@3:+20m/10m``: bed 3, twenty minutes after the start
of its infusion, for ten minutes), or a cart that goes between beds (``clock-step@cart-01:+20m``:
times count from the start at the bed at which it began). The command line, cohorts and the fault
matrix share the table; :mod:`simulators.strikes` makes them for a ward.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
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
from simulators.equipment import bed_numbers
from simulators.faults import (
    LONGEST_DELAY_MS,
    Fault,
    clock_skew,
    delay,
    drop,
    duplicate,
    freeze,
    reorder,
    silence,
)

ELSEWHERE: Final = "99"
"""The bed to which devices are wheeled."""

SKEW_MS: Final = -180_000
SKEW_PPM: Final = 50.0
STEP_MS: Final = 600_000
FROZEN: Final = frozenset({"hr", "spo2"})
LASTS_S: Final = 1800
"""How long a fault lasts that ends, unless somebody says otherwise."""

LIST: Final = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayFault:
    """A fault of the way of all messages, which takes a share of them."""

    words: str
    made: Callable[[float, np.random.Generator], Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What a fault of a bed strikes: the device that measures there, all devices, and when."""

    device: str
    devices: frozenset[str]
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BedFault:
    """A fault of the devices of a bed; ``begins`` and ``ends`` tell whether a time may say when."""

    words: str
    made: Callable[[Struck], Fault]
    begins: bool = True
    ends: bool = True
    at_carts: bool = False
    """Whether it can strike a cart as well as what stays at a bed."""
    lasts_s: int = LASTS_S


WAY_FAULTS: Final[Mapping[str, WayFault]] = {
    "drop": WayFault(
        words="messages are lost",
        made=lambda share, rng: lambda stream: drop(stream, share=share, rng=rng),
    ),
    "duplicate": WayFault(
        words="messages come twice",
        made=lambda share, rng: lambda stream: duplicate(stream, share=share, rng=rng),
    ),
    "reorder": WayFault(
        words="messages are overtaken by the next",
        made=lambda share, rng: lambda stream: reorder(stream, share=share, rng=rng),
    ),
    "delay": WayFault(
        words="messages come up to 30 s late",
        made=lambda share, rng: (
            lambda stream: delay(stream, share=share, longest_ms=LONGEST_DELAY_MS, rng=rng)
        ),
    ),
}

BED_FAULTS: Final[Mapping[str, BedFault]] = {
    "silence": BedFault(
        words="what the monitor sends is lost",
        at_carts=True,
        made=lambda at: (
            lambda stream: silence(
                stream, device=at.device, from_ms=at.from_ms, until_ms=at.until_ms
            )
        ),
    ),
    "clock-skew": BedFault(
        words="the clock of the monitor is 3 min behind and drifts by 50 ppm",
        at_carts=True,
        made=lambda at: (
            lambda stream: clock_skew(
                stream, device=at.device, offset_ms=SKEW_MS, drift_ppm=SKEW_PPM
            )
        ),
        begins=False,
        ends=False,
    ),
    "clock-step": BedFault(
        words="the clock of the monitor is set forward by 10 min: stamps of the future are refused",
        at_carts=True,
        made=lambda at: (
            lambda stream: clock_step(stream, device=at.device, at_ms=at.from_ms, by_ms=STEP_MS)
        ),
        ends=False,
    ),
    "freeze": BedFault(
        words="pulse and saturation stand still under fresh stamps",
        made=lambda at: (
            lambda stream: freeze(
                stream,
                device=at.device,
                channels=FROZEN,
                from_ms=at.from_ms,
                until_ms=at.until_ms,
            )
        ),
    ),
    "artefact": BedFault(
        words="every value is nonsense that is barely possible",
        made=lambda at: (
            lambda stream: artefact(
                stream, device=at.device, from_ms=at.from_ms, until_ms=at.until_ms
            )
        ),
    ),
    "unit-swap": BedFault(
        words="Fahrenheit and kilopascal under other names",
        made=lambda at: lambda stream: unit_swap(stream, device=at.device, from_ms=at.from_ms),
        ends=False,
    ),
    "mean-as-systolic": BedFault(
        words="the mean pressure is sent as the systolic one, and no mean",
        made=lambda at: (
            lambda stream: mean_as_systolic(stream, device=at.device, from_ms=at.from_ms)
        ),
        ends=False,
    ),
    "device-swap": BedFault(
        words="the monitor is wheeled to another bed",
        made=lambda at: (
            lambda stream: device_swap(stream, device=at.device, bed=ELSEWHERE, from_ms=at.from_ms)
        ),
        ends=False,
    ),
    "probe-off": BedFault(
        words="no saturation, and the monitor says why",
        made=lambda at: (
            lambda stream: probe_off(
                stream, device=at.device, from_ms=at.from_ms, until_ms=at.until_ms
            )
        ),
    ),
    "battery": BedFault(
        words="the battery of the monitor runs out",
        made=lambda at: lambda stream: battery(stream, device=at.device, from_ms=at.from_ms),
        ends=False,
    ),
    "storm": BedFault(
        words="all devices are away and come back in a burst",
        made=lambda at: (
            lambda stream: storm(
                stream, devices=at.devices, from_ms=at.from_ms, until_ms=at.until_ms
            )
        ),
        lasts_s=300,
    ),
}

FAULTS: Final = (*WAY_FAULTS, *BED_FAULTS)
"""The name of every fault there is."""

CART: Final = "cart-"
CART_FAULTS: Final = tuple(name for name, fault in BED_FAULTS.items() if fault.at_carts)
"""Those that can strike a cart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultOption:
    """One fault as it was asked for: a share of all messages, or beds or a cart with a time."""

    name: str
    share: float = 0.0
    beds: tuple[int, ...] = ()
    carts: tuple[str, ...] = ()
    after_s: int = 0
    lasts_s: int = LASTS_S

    @property
    def is_of_way(self) -> bool:
        """Tell whether it strikes the way of all messages."""
        return self.name in WAY_FAULTS


_BED_FORM: Final = re.compile(
    r"(?P<beds>[^:/]+)(?::\+?(?P<after>\d+)(?P<unit>[smh]))?(?:/(?P<lasts>\d+)(?P<ending>[smh]))?"
)
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600}


def fault_option(text: str, *, beds: int, carts: Collection[str] = ()) -> FaultOption:
    """Read ``drop=0.02`` or ``freeze@3:+20m/10m``; beds as in ``all``, ``3``, ``1-4``, or a cart.

    Raises
    ------
    ValueError
        The name is unknown, the share is not a number from 0 to 1, a bed or cart is not there, or
        the fault has no beginning or no end that could be said.
    """
    name = re.split("[=@]", text, maxsplit=1)[0]
    given = text[len(name) :]
    if name in WAY_FAULTS:
        return FaultOption(name=name, share=_share(text, given.removeprefix("=")))
    if name not in BED_FAULTS:
        raise ValueError(f"fault {text!r}: {name!r} is unknown, one of {', '.join(FAULTS)}")
    fault = BED_FAULTS[name]
    match = _BED_FORM.fullmatch(given.removeprefix("@")) if given.startswith("@") else None
    if match is None:
        raise ValueError(f"fault {text!r}: write {form_of(name)}")
    if match["after"] and not fault.begins:
        raise ValueError(f"fault {text!r}: it holds from the first message on: {name}@BEDS")
    if match["lasts"] and not fault.ends:
        raise ValueError(f"fault {text!r}: it does not end: write {form_of(name)}")
    is_cart = match["beds"].startswith(CART)
    numbers = () if is_cart else _numbers(text, match["beds"], beds)
    if is_cart and not fault.at_carts:
        raise ValueError(f"fault {text!r}: strikes no cart; one of {', '.join(CART_FAULTS)} does")
    if is_cart and match["beds"] not in carts:
        known = f"one of {', '.join(sorted(carts))}" if carts else "there is none"
        raise ValueError(f"fault {text!r}: no cart {match['beds']}: {known}")
    lasts_s = int(match["lasts"]) * _UNIT_S[match["ending"]] if match["lasts"] else fault.lasts_s
    if not lasts_s:
        raise ValueError(f"fault {text!r}: lasts 0 s, must be at least 1")
    return FaultOption(
        name=name,
        beds=numbers,
        carts=(match["beds"],) if is_cart else (),
        after_s=int(match["after"]) * _UNIT_S[match["unit"]] if match["after"] else 0,
        lasts_s=lasts_s,
    )


def _numbers(text: str, where: str, beds: int) -> tuple[int, ...]:
    try:
        return bed_numbers(where, beds=beds)
    except ValueError as wrong:
        raise ValueError(f"fault {text!r}: {wrong}") from wrong


def _share(text: str, share_text: str) -> float:
    try:
        share = float(share_text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"fault {text!r}: {share_text!r} is not a share from 0 to 1")
    return share


def form_of(name: str) -> str:
    """Return how a fault is asked for."""
    if name in WAY_FAULTS:
        return f"{name}=SHARE"
    fault = BED_FAULTS[name]
    begins = ":+20m" if fault.begins else ""
    return f"{name}@BEDS{begins}{'/10m' if fault.ends else ''}"


def fault_lines() -> tuple[str, ...]:
    """Return every fault with its form and its words, a line each, for people."""
    words = {name: fault.words for name, fault in WAY_FAULTS.items()}
    words |= {name: fault.words for name, fault in BED_FAULTS.items()}
    return tuple(f"{form_of(name):<28} {words[name]}" for name in FAULTS)
