"""The live monitor as a process of its own: ``python -m benchmarks.monitoring PORT JOURNAL``.

It is the loop that ``infusion-monitor run`` starts, with the shipped configuration and the real
clock. It says ``ready`` when it is connected and works until SIGTERM.
"""

import logging
import sys
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measuring import ROOT
from benchmarks.traffic import UNIT
from monitor.adapters.access import Access
from monitor.adapters.broker import HOST
from monitor.adapters.clock import SteadyClock
from monitor.adapters.logbook import ROOT as LOG_ROOT
from monitor.adapters.watchman import SelfWatch
from monitor.live import live_monitor, serve
from monitor.settings.settings import load_settings
from monitor.ward.ward import Ward

CLIENT_ID: Final = "bench-monitor"


def watch(port: int, journal: Path) -> None:
    """Watch the unit until told to stop."""
    logging.getLogger(LOG_ROOT).setLevel(logging.CRITICAL)
    settings = load_settings(ROOT / "config")
    with live_monitor(
        Ward(settings.ward, unit=UNIT),
        unit=UNIT,
        access=Access(host=HOST, port=port, client_id=CLIENT_ID),
        journal=journal,
        clock=SteadyClock(),
        software="benchmark",
        config=settings.digest,
        self_watch=SelfWatch(
            params=settings.site.self_check, ward=partial(Ward, settings.ward, unit=UNIT)
        ),
    ) as monitor:
        print("ready", flush=True)
        serve(monitor)


if __name__ == "__main__":
    watch(int(sys.argv[1]), Path(sys.argv[2]))
