"""A simulated ward on a real broker: the same story, told in real time or faster.

Every device has a connection of its own (:mod:`simulators.links`); nothing runs beside their
loop. Stamps are those of the story: with speed 1 they are wall time, with a higher speed they run
ahead of it, so the monitor that listens must run on the same faster clock. Whoever wants to know
what really happened is given it twice: as it is planned before the first message, and as it was
when the story ended or was ended.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from monitor.facts.truth import TrueSession
from monitor.wire.topics import ID_LIMIT
from simulators.bedside import ward_devices
from simulators.chairs import chair
from simulators.fault_options import FaultOption, fault_option
from simulators.links import LONGEST_WAIT_S, DeviceAccess, Links
from simulators.planting import planted_cases
from simulators.scenario import Scenario, reaction_option, ward_scenario
from simulators.strikes import carts_of, struck_messages
from simulators.ward_truths import planned_truths, ward_truths

Clock: TypeAlias = Callable[[], int]
"""Gives simulated milliseconds since the Unix epoch (UTC)."""

Truths: TypeAlias = Callable[[Sequence[TrueSession]], None]
"""Is given what happens in every session of a ward, each time in place of what it had."""

SERVE_EVERY: Final = 16
"""A story that is behind still reads the broker's answers after so many messages."""

ID_PATTERN: Final = re.compile(ID_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was handed to the broker, and whether the story was told to its end.

    ``late_ms`` is how late a message was at most, in simulated milliseconds: a machine that is too
    busy for the speed tells another story than the one that was meant. ``refused`` counts what the
    broker did not take, by its reason. ``goodbyes`` are said besides: each device
    says that it is off. ``uncovered`` are numbered messages that no monitor has said to have in
    the end, ``forgotten`` those that gave way before anybody had them.
    """

    messages: int
    is_complete: bool
    late_ms: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    goodbyes: int = 0
    uncovered: int = 0
    forgotten: int = 0


class SpeedClock:
    """Simulated time: starts at a wall time and runs ``speed`` times as fast."""

    def __init__(self, *, speed: float, started_ms: int | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed {speed}: must be above 0")
        self.speed = speed
        self._started_ms = time.time_ns() // 1_000_000 if started_ms is None else started_ms
        self._started_s = time.monotonic()

    def __call__(self) -> int:
        """Return the simulated time [ms since the Unix epoch, UTC]."""
        return self._started_ms + int((time.monotonic() - self._started_s) * 1000 * self.speed)


def publish(
    scenario: Scenario,
    *,
    access: DeviceAccess,
    unit: str,
    clock: Clock,
    stop: threading.Event,
    speed: float = 1.0,
    faults: Sequence[str] = (),
    truths: Truths | None = None,
) -> Published:
    """Tell a scenario to a broker until it ends or somebody wants to stop.

    Parameters
    ----------
    scenario : Scenario
        What is told; its story begins at the clock's time of this call.
    access : DeviceAccess
        Where the broker is (MQTT 5), and what makes it let the devices in.
    unit : str
        The ward, as topics spell it.
    clock : Clock
        Simulated time; must run ``speed`` times as fast as real time.
    stop : threading.Event
        Set it from anywhere; the devices then say that they go offline.
    speed : float
        How fast ``clock`` runs, needed to know how long to wait.
    faults : sequence of str
        As :func:`simulators.fault_options.fault_option` reads them.
    truths : callable, optional
        Is given the truth about every session: as planned once the broker is there, and at the
        end, whatever ended it, as it was as far as the story was told.

    Raises
    ------
    ValueError
        The name of the unit cannot stand in a topic, or a fault cannot be read.
    BrokerUnreachableError
        The broker cannot be reached or refuses a device at the beginning; later losses are mended.
    """
    options = checked_faults(scenario, unit, faults)
    started_ms = clock()
    chairs = [chair(plan, scenario, unit=unit, started_ms=started_ms) for plan in scenario.beds]
    messages = struck_messages(chairs, options, scenario, started_ms=started_ms)
    links = Links(ward_devices(scenario), access, unit=unit, at_ms=started_ms)
    links.connect()
    count, late_ms, is_complete = 0, 0, False
    next_ms = started_ms
    try:
        if truths is not None:
            truths(planned_truths(chairs, options))
        for sent in messages:
            next_ms = sent.at_ms
            while (wait_s := (next_ms - clock()) / 1000 / speed) > 0 and not stop.is_set():
                links.serve(min(wait_s, LONGEST_WAIT_S))
            if stop.is_set():
                break
            late_ms = max(late_ms, clock() - next_ms)
            links.publish(sent)
            count += 1
            if count % SERVE_EVERY == 0:
                links.serve(0.0)
        else:
            is_complete = True
    finally:
        # The truth first: whoever is impatient may not wait for the devices to say goodbye.
        try:
            if truths is not None:
                told_ms = None if is_complete else min(clock(), next_ms)
                truths(ward_truths(chairs, options, told_ms=told_ms))
        finally:
            links.close(clock())
    return Published(
        messages=count,
        is_complete=is_complete,
        late_ms=late_ms,
        refused=dict(links.refused),
        goodbyes=len(links.devices),
        uncovered=sum(map(len, links.outboxes)),
        forgotten=sum(one.dropped for one in links.outboxes),
    )


def checked_faults(scenario: Scenario, unit: str, faults: Sequence[str]) -> list[FaultOption]:
    """Return the faults that are to strike a ward, which can be told as this unit.

    Raises
    ------
    ValueError
        The name of the unit cannot stand in a topic, or a fault cannot be read.
    """
    if ID_PATTERN.fullmatch(unit) is None:
        raise ValueError(f"unit {unit!r}: must be {ID_LIMIT}")
    carts = carts_of(scenario)
    return [fault_option(text, beds=len(scenario.beds), carts=carts) for text in faults]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """The command line of ``simulate`` for a ward that it describes itself."""

    beds: int = 12
    speed: float = 1.0
    seed: int = 1
    reactions: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    unit: str = "inf-a"
    access: DeviceAccess = field(default_factory=DeviceAccess)
    minutes: float = 240.0
    cadence_s: int = 5
    equipment: tuple[str, ...] = ()


def scenario_of(options: SimulateOptions) -> Scenario:
    """Return the scenario that a command line asks for.

    Raises
    ------
    ValueError
        An option cannot be read; the message names it, what it was and what it may be.
    """
    reactions = [reaction_option(text, beds=options.beds) for text in options.reactions]
    length_s = round(options.minutes * 60)
    return ward_scenario(
        beds=options.beds,
        reactions=reactions,
        cases=planted_cases(reactions, seed=options.seed, length_s=length_s),
        seed=options.seed,
        length_s=length_s,
        speed=options.speed,
        cadence_s=options.cadence_s,
        equipment=options.equipment,
    )


def simulate(
    options: SimulateOptions,
    *,
    stop: threading.Event | None = None,
    truths: Truths | None = None,
) -> Published:
    """Publish the ward that a command line asks for; an interrupt ends it cleanly.

    Raises
    ------
    ValueError
        An option cannot be read.
    BrokerUnreachableError
        The broker cannot be reached.
    """
    scenario = scenario_of(options)
    return publish(
        scenario,
        access=options.access,
        unit=options.unit,
        clock=SpeedClock(speed=options.speed),
        stop=stop or threading.Event(),
        speed=options.speed,
        faults=options.faults,
        truths=truths,
    )
