"""The live monitor as a process of its own: ``python -m benchmarks.monitoring PORT JOURNAL``.

It is the loop that ``infusion-monitor live`` runs, with the shipped configuration, but for how many
devices may come, and the real clock. It says ``ready`` when it is connected and works until
SIGTERM.
"""

import logging
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measuring import ROOT
from benchmarks.traffic import UNIT
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST
from monitor.adapters.clock import SteadyClock
from monitor.adapters.logbook import ROOT as LOG_ROOT
from monitor.adapters.signals import Signals
from monitor.adapters.watchman import SelfWatch
from monitor.live import live_monitor, serve
from monitor.settings.settings import Settings, load_settings
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

CLIENT_ID: Final = "bench-monitor"
DEVICES_MAX: Final = 10_000


def room_for_many(settings: Settings) -> WardSettings:
    """Return the shipped ward, but for how many devices may come."""
    # A thousand beds with a monitor and a tablet each are more than a unit takes as shipped.
    room = replace(settings.ward.hearing, devices_max=DEVICES_MAX)
    return replace(settings.ward, hearing=room)


def watch(port: int, journal: Path) -> None:
    """Watch the unit until told to stop."""
    logging.getLogger(LOG_ROOT).setLevel(logging.CRITICAL)
    settings = load_settings(ROOT / "config")
    ward = room_for_many(settings)
    with (
        Signals() as signals,
        live_monitor(
            Ward(ward, unit=UNIT),
            unit=UNIT,
            access=Access(host=HOST, port=port, client_id=CLIENT_ID),
            journal=journal,
            clock=SteadyClock(),
            software="benchmark",
            config=settings.digest,
            self_watch=SelfWatch(
                params=settings.site.self_check, ward=partial(Ward, ward, unit=UNIT)
            ),
        ) as monitor,
    ):
        print("ready", flush=True)
        serve(monitor, signals)


if __name__ == "__main__":
    watch(int(sys.argv[1]), Path(sys.argv[2]))
