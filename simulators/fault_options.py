"""Every fault by its name: what it is, how it is asked for, and how it is made.

Some faults strike the way of all messages and take a share (``drop=0.02``); the others strike
the devices of beds from a time on (``freeze@3:+20m/10m``: bed 3, twenty minutes after the start
of its infusion, for ten minutes), or a cart that goes between beds (``clock-step@cart-01:+20m``:
times count from the start at the bed at which it began). Some have a size, which may be said too
(``clock-step@3:+20m=-10m``, ``delay=0.1/120s``). The command line, cohorts and the fault matrix
share the table; :mod:`simulators.strikes` makes them for a ward.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

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

_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600}
DELAY_S_MAX: Final = 24 * 3600
CLOCK_S_MAX: Final = 168 * 3600
"""How much is enough: later than a day nothing is taken, and the store of a device reaches back for
a week (docs/wire.md)."""

LIST: Final = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a fault may be asked for: an example of how to write it, its words, its limits."""

    form: str
    words: str
    most_s: int
    is_signed: bool = False

    @property
    def limits(self) -> str:
        """Return what sizes there are, for people."""
        hours = self.most_s // _UNIT_S["h"]
        return f"from 1s to {hours}h{' either way' if self.is_signed else ''}"


class WayMaker(Protocol):
    """Makes a fault of the way from a share, chance and a size [ms], 0 for the usual one."""

    def __call__(self, share: float, rng: np.random.Generator, size_ms: int = 0, /) -> Fault:
        """Return the transform of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayFault:
    """A fault of the way of all messages, which takes a share of them."""

    words: str
    made: WayMaker
    size: Size | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What a fault of a bed strikes: the device that measures there, all devices, and when.

    ``size_ms`` is how large it is, 0 for as large as usual.
    """

    device: str
    devices: frozenset[str]
    from_ms: int
    until_ms: int
    size_ms: int = 0


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
    size: Size | None = None


WAY_FAULTS: Final[Mapping[str, WayFault]] = {
    "drop": WayFault(
        words="messages are lost",
        made=lambda share, rng, _size_ms=0: lambda stream: drop(stream, share=share, rng=rng),
    ),
    "duplicate": WayFault(
        words="messages come twice",
        made=lambda share, rng, _size_ms=0: lambda stream: duplicate(stream, share=share, rng=rng),
    ),
    "reorder": WayFault(
        words="messages are overtaken by the next",
        made=lambda share, rng, _size_ms=0: lambda stream: reorder(stream, share=share, rng=rng),
    ),
    "delay": WayFault(
        words="messages come up to 30 s late",
        made=lambda share, rng, size_ms=0: (
            lambda stream: delay(
                stream, share=share, longest_ms=size_ms or LONGEST_DELAY_MS, rng=rng
            )
        ),
        size=Size(form="/120s", words="a size says up to how late", most_s=DELAY_S_MAX),
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
                stream,
                device=at.device,
                offset_ms=at.size_ms or SKEW_MS,
                drift_ppm=SKEW_PPM,
            )
        ),
        begins=False,
        ends=False,
        size=Size(
            form="=+90s",
            words="a size says how far ahead (+) or behind (-)",
            most_s=CLOCK_S_MAX,
            is_signed=True,
        ),
    ),
    "clock-step": BedFault(
        words="the clock of the monitor is set forward by 10 min: stamps of the future are refused",
        at_carts=True,
        made=lambda at: (
            lambda stream: clock_step(
                stream, device=at.device, at_ms=at.from_ms, by_ms=at.size_ms or STEP_MS
            )
        ),
        ends=False,
        size=Size(
            form="=-10m",
            words="a size says how far forward (+) or back (-)",
            most_s=CLOCK_S_MAX,
            is_signed=True,
        ),
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
    """One fault as it was asked for: a share of all messages, or beds or a cart with a time.

    ``size_ms`` is how large it is, 0 for as large as usual.
    """

    name: str
    share: float = 0.0
    beds: tuple[int, ...] = ()
    carts: tuple[str, ...] = ()
    after_s: int = 0
    lasts_s: int = LASTS_S
    size_ms: int = 0

    @property
    def is_of_way(self) -> bool:
        """Tell whether it strikes the way of all messages."""
        return self.name in WAY_FAULTS


_BED_FORM: Final = re.compile(
    r"(?P<beds>[^:/=]+)(?::\+?(?P<after>\d+)(?P<unit>[smh]))?(?:/(?P<lasts>\d+)(?P<ending>[smh]))?"
    r"(?:=(?P<size>.*))?"
)
_SIZE_FORM: Final = re.compile(r"(?P<sign>[+-])?(?P<count>\d{1,9})(?P<unit>[smh])")


def fault_option(text: str, *, beds: int, carts: Collection[str] = ()) -> FaultOption:
    """Read ``drop=0.02`` or ``freeze@3:+20m/10m``; beds as in ``all``, ``3``, ``1-4``, or a cart.

    Raises
    ------
    ValueError
        The name is unknown, the share is not a number from 0 to 1, a bed or cart is not there, the
        fault has no beginning, no end or no size that could be said, or the size is beyond limits.
    """
    name = re.split("[=@]", text, maxsplit=1)[0]
    given = text[len(name) :]
    if name in WAY_FAULTS:
        share, separator, size = given.removeprefix("=").partition("/")
        return FaultOption(
            name=name,
            share=_share(text, share),
            size_ms=_size_ms(text, name, size if separator else None),
        )
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
        size_ms=_size_ms(text, name, match["size"]),
    )


def _size_ms(text: str, name: str, size_text: str | None) -> int:
    """Return how large a fault is to be, 0 for as large as usual."""
    if size_text is None:
        return 0
    size = WAY_FAULTS[name].size if name in WAY_FAULTS else BED_FAULTS[name].size
    if size is None:
        raise ValueError(f"fault {text!r}: it has no size: write {form_of(name)}")
    match = _SIZE_FORM.fullmatch(size_text)
    if match is None or bool(match["sign"]) != size.is_signed:
        written = f"write it as {size.form[1:]}, {size.limits}"
        raise ValueError(f"fault {text!r}: {size_text!r} is no size: {written}")
    size_s = int(match["count"]) * _UNIT_S[match["unit"]]
    if not 1 <= size_s <= size.most_s:
        raise ValueError(f"fault {text!r}: {size_text!r} is not {size.limits}")
    return -1000 * size_s if match["sign"] == "-" else 1000 * size_s


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
        way = WAY_FAULTS[name]
        return f"{name}=SHARE{way.size.form if way.size else ''}"
    fault = BED_FAULTS[name]
    begins = ":+20m" if fault.begins else ""
    size = fault.size.form if fault.size else ""
    return f"{name}@BEDS{begins}{'/10m' if fault.ends else ''}{size}"


def fault_lines() -> tuple[str, ...]:
    """Return every fault with its form and its words, a line each, for people."""
    faults: dict[str, WayFault | BedFault] = {**WAY_FAULTS, **BED_FAULTS}
    lines = []
    for name in FAULTS:
        fault = faults[name]
        size = f"; {fault.size.words}" if fault.size else ""
        lines.append(f"{form_of(name):<28} {fault.words}{size}")
    return tuple(lines)
