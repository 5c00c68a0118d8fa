"""A simulated ward told to the broker of a site, and a monitor beside that hears it.

The devices come in as the site says. At speed 1 any live monitor judges what is told. Faster, the
stamps run ahead of the time of day, so the monitor must run on the same clock; it then runs here,
with a journal of its own, as beside a retelling (:mod:`monitor.retell`).
"""

import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from monitor.adapters.access import Access
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.connection import introduce
from monitor.retell import Retelling, heard_at_last, heard_in, monitor_beside
from monitor.settings.settings import Settings
from simulators.links import DeviceAccess
from simulators.publishing import Clock, Published, SpeedClock, Truths, checked_faults, publish
from simulators.scenario import Scenario

LATE_MS_MAX: Final = 30_000
"""A ward whose devices spoke later than this, in its own time, is another one (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WardTelling:
    """What ward is told, to which broker and as which unit, how fast, and what breaks in it.

    ``journal`` is that of a monitor beside; without it there is none.
    """

    scenario: Scenario
    access: Access
    unit: str
    software: str
    speed: float = 1.0
    faults: Sequence[str] = ()
    journal: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WardTold:
    """What came of it.

    ``heard`` is what the monitor beside has kept since it began, with what the devices said when
    they left; None without one.
    """

    published: Published
    heard: int | None = None

    @property
    def wanted(self) -> int:
        """Return how many messages a monitor beside should have kept."""
        return self.published.messages + self.published.goodbyes

    @property
    def is_short(self) -> bool:
        """Tell whether the broker or the monitor beside has not taken everything."""
        is_unheard = self.heard is not None and self.heard < self.wanted
        return is_unheard or bool(self.published.refused)

    def lines(self, telling: WardTelling) -> Iterator[str]:
        """Yield what is to be said of it, for people."""
        done, speed = self.published, telling.speed
        early = "" if done.is_complete else ", ended before the end of the story"
        kept = f"; the monitor beside has kept {self.heard} in {telling.journal}"
        yield f"{done.messages} messages published{early}{'' if self.heard is None else kept}"
        for reason, count in done.refused.items():
            yield (
                f"the broker did not take {count} messages: {reason}; whom site.toml names must be "
                "allowed to speak for every device"
            )
        if done.uncovered:
            yield f"no monitor has said that it has {done.uncovered} messages with a number"
        if done.forgotten:
            yield f"{done.forgotten} older ones gave way to them in devices that were full"
        if done.late_ms > LATE_MS_MAX:
            yield (
                f"this machine was too busy for {speed:g} times: devices spoke up to "
                f"{done.late_ms // 1000} s of the story late; try --speed {max(speed // 4, 1):g}"
            )


def device_access(access: Access) -> DeviceAccess:
    """Return how simulated devices reach a broker: each on its own, all with the same secrets.

    Raises
    ------
    LinkError
        If a file of a protected link is missing or is no certificate or key.
    """
    return DeviceAccess(
        host=access.host,
        port=access.port,
        introduce=functools.partial(introduce, access=access, context=access.tls_context()),
    )


def remarks(telling: WardTelling) -> Iterator[str]:
    """Yield what whoever tells a ward should know before it is told."""
    speed = telling.speed
    if speed != 1 and telling.journal is None:
        amiss = "refuse them as of the future" if speed > 1 else "call the devices behind"
        yield (
            f"stamps run {speed:g} times as fast as the time of day: a monitor on another clock "
            f"will {amiss}; --journal FILE runs one on this clock"
        )


def tell_ward(
    settings: Settings, telling: WardTelling, stop: threading.Event, truths: Truths | None = None
) -> WardTold:
    """Tell a ward to a broker until its end or ``stop``, and to a monitor beside if one is wanted.

    The monitor is of the same unit and configuration; ``stop`` is also set when it ends by itself.

    Raises
    ------
    ValueError
        A fault or the unit cannot be read, or the speed is none; nothing was connected then.
    BrokerUnreachableError, LinkError
        The broker cannot be reached or refuses somebody.
    JournalError
        The journal cannot be opened or continued.
    """
    checked_faults(telling.scenario, telling.unit, telling.faults)
    if telling.journal is None:
        clock = SpeedClock(speed=telling.speed)
        return WardTold(published=_published(telling, clock, stop, truths))
    fast = AcceleratedClock(speed=telling.speed, start_ms=SteadyClock().now_ms())
    beside = Retelling(paths=(), access=telling.access, unit=telling.unit, speed=telling.speed)
    with monitor_beside(settings, beside, fast, telling.journal, telling.software, stop):
        before = heard_in(telling.journal)
        told = WardTold(published=_published(telling, fast.now_ms, stop, truths))
        heard = heard_at_last(telling.journal, before + told.wanted) - before
    return replace(told, heard=heard)


def _published(
    telling: WardTelling, clock: Clock, stop: threading.Event, truths: Truths | None
) -> Published:
    return publish(
        telling.scenario,
        access=device_access(telling.access),
        unit=telling.unit,
        clock=clock,
        stop=stop,
        speed=telling.speed,
        faults=telling.faults,
        truths=truths,
    )
