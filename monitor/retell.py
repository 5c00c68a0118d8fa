"""Retelling into a broker: recordings as devices would send them, and a monitor that hears them.

At speed 1 any live monitor judges what is told. Faster, the stamps run ahead of the time of day, so
the monitor must run on the same clock; it then runs here, on a thread of this process, with a
journal of its own, and speaks through the broker to every station as always.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from monitor.adapters.access import Access
from monitor.adapters.clock import AcceleratedClock, SteadyClock
from monitor.adapters.journal import JournalReader
from monitor.adapters.logbook import ROOT
from monitor.adapters.recording import Remarks
from monitor.adapters.retelling import Telling, is_for_monitor, retold
from monitor.adapters.sources import open_source
from monitor.adapters.teller import Teller
from monitor.adapters.watchman import SelfWatch
from monitor.live import live_monitor
from monitor.settings.settings import Settings
from monitor.ward.ward import Ward

PAUSE_MS: Final = 60_000
"""Between two recordings: one after the other, because they may name the same beds."""

HEARD_WITHIN_S: Final = 20.0
POLL_S: Final = 0.05
LEAVE_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retelling:
    """What is told, to whom, as which unit and how fast."""

    paths: Sequence[Path]
    access: Access
    unit: str
    speed: float = 1.0
    form: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """What came of it.

    ``for_monitor`` are the messages told that a monitor subscribes to; ``heard`` those which the
    monitor beside has kept, None without one.
    """

    messages: int
    for_monitor: int
    recordings: int
    heard: int | None = None


def retell(
    told: Retelling, clock: AcceleratedClock, remarks: Remarks, stop: threading.Event
) -> Retold:
    """Tell recordings to a broker, each message when it is due, until the end or ``stop``.

    Raises
    ------
    InputFileError
        If a recording cannot be read.
    LinkError
        If the broker cannot be reached, or does not take messages.
    """
    teller = Teller(told.access)
    teller.connect()
    recordings = for_monitor = 0

    def found() -> Retold:
        return Retold(messages=teller.told, for_monitor=for_monitor, recordings=recordings)

    try:
        for path in told.paths:
            for recording in open_source(path, remarks, form=told.form):
                start_ms = clock.now_ms() + (PAUSE_MS if recordings else 0)
                telling = Telling(unit=told.unit, start_ms=start_ms, boot=f"replay-{start_ms:X}")
                for message in retold(recording, telling):
                    wait_s = clock.seconds_for(message.received_ms - clock.now_ms())
                    if stop.wait(wait_s) if wait_s > 0 else stop.is_set():
                        return found()
                    teller.tell(message)
                    for_monitor += is_for_monitor(message.topic)
                recordings += 1
    finally:
        teller.finish(clock.now_ms())
    return found()


@contextlib.contextmanager
def monitor_beside(
    settings: Settings,
    told: Retelling,
    clock: AcceleratedClock,
    journal: Path,
    software: str,
    ended: threading.Event | None = None,
) -> Iterator[threading.Event]:
    """Run a monitor of the unit on the same clock; the event is set if it ends by itself."""
    watch = SelfWatch(params=settings.site.self_check)
    # Its events are in its journal; without a handler each would be a bare word on the terminal.
    logging.getLogger(ROOT).addHandler(logging.NullHandler())
    ended = ended or threading.Event()
    with live_monitor(
        Ward(settings.ward, unit=told.unit),
        unit=told.unit,
        access=told.access,
        journal=journal,
        clock=clock,
        software=software,
        config=settings.digest,
        self_watch=watch,
    ) as monitor:

        def watched() -> None:
            try:
                monitor.run()
            finally:
                ended.set()

        thread = threading.Thread(target=watched, daemon=True)
        thread.start()
        try:
            yield ended
        finally:
            monitor.stop()
            thread.join(LEAVE_WITHIN_S)


def retell_judged(
    settings: Settings, told: Retelling, journal: Path, remarks: Remarks, software: str
) -> Retold:
    """Tell recordings to a broker and to a monitor of our own behind it; return what was heard.

    Raises
    ------
    InputFileError, LinkError, JournalError
        As :func:`retell` and :func:`monitor.live.live_monitor`.
    """
    clock = clock_of(told)
    with monitor_beside(settings, told, clock, journal, software) as ended:
        found = retell(told, clock, remarks, ended)
        heard = heard_at_last(journal, found.for_monitor)
    return replace(found, heard=heard)


def clock_of(told: Retelling) -> AcceleratedClock:
    """Return a clock that shows the time of day now and runs at the speed of the telling."""
    return AcceleratedClock(speed=told.speed, start_ms=SteadyClock().now_ms())


def heard_at_last(journal: Path, wanted: int) -> int:
    """Wait a while for a monitor beside to keep so many messages; return how many it has kept."""
    until_s = time.monotonic() + HEARD_WITHIN_S
    while (heard := heard_in(journal)) < wanted and time.monotonic() < until_s:
        time.sleep(POLL_S)
    return heard


def heard_in(journal: Path) -> int:
    """Return how many messages of devices a monitor has kept."""
    with JournalReader.open(journal) as reader:
        return reader.counts()[1]
