"""A database that goes away and comes back: how long alerts take, and how fast it catches up.

``python -m benchmarks.outage`` runs a real broker, the real loop with its journal, the forwarder
and an InfluxDB as processes of their own. The devices send the same in three parts: while the
database is there, while it is killed, and while the forwarder sends what has waited. A journal
that nobody writes is then forwarded from its beginning, which is the rate of a long catch-up.

``--days 3 --beds 12`` is the long form (:mod:`benchmarks.days`): the database was away for days.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.catching_up import caught_up, forwarding, part
from benchmarks.days import Outage, days_of_outage
from benchmarks.load import ALERTS_A_MINUTE
from benchmarks.messages import Size, kept, reading, sent, watching
from benchmarks.publishing import Plan
from monitor.adapters.broker import HOST, LocalBroker
from scripts.influx_server import RealInflux, Script, proxy

BUCKETS: Final = ("irm", "again")


def minutes_of_outage(devices: int, seconds: int) -> None:
    """Measure a short outage and print."""
    size = Size(n_beds=devices, n_alerts=3 * ALERTS_A_MINUTE)
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="irm-outage-")))
        broker = ends.enter_context(LocalBroker())
        influx = RealInflux(folder)
        influx.start()
        ends.callback(influx.kill)
        for bucket in BUCKETS:
            influx.ask(f"CREATE DATABASE {bucket}")
        url = ends.enter_context(proxy(f"http://{HOST}:{influx.port}", Script()))
        journal, log = folder / "outage.journal", folder / "forwarder.log"
        total = 2 * devices
        with reading(broker.port, size) as reader, watching(broker.port, journal):
            sent(broker.port, Plan(n_beds=devices))
            kept(journal, total)
            with forwarding(journal, url, BUCKETS[0], log=log):
                for number, name in enumerate(("database up", "database down", "catching up")):
                    if number == 1:
                        influx.kill()
                    if number == 2:  # noqa: PLR2004 - the last part
                        influx.start()
                    total += part(
                        broker.port, reader, number=number, devices=devices, seconds=seconds,
                        name=name,
                    )  # fmt: skip
                    kept(journal, total)
                left, took_s = caught_up(journal, url, BUCKETS[0])
        print(f"afterwards {left} messages were left, for {took_s:.1f} s")
        with forwarding(journal, url, BUCKETS[1], log=log):
            messages, took_s = caught_up(journal, url, BUCKETS[1])
        print(f"{messages} messages from the beginning: {took_s:.1f} s with the forwarder's start")
        found = influx.ask('SELECT count("n") FROM irm.autogen.inbox').decode()
        print(f"sent {total}; the database says {found.strip()}")


def main() -> int:
    """Measure and print; return 1 if a point is missing or too many."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60, help="length of each part")
    parser.add_argument("--days", type=float, default=0.0, help="the database was away so long")
    parser.add_argument("--beds", type=int, default=12, help="beds of those days")
    parser.add_argument("--keep-hours", type=float, default=24.0, help="older vitals were folded")
    parser.add_argument("--past", type=Path, help="folder that keeps the journal of those days")
    given = parser.parse_args()
    if not given.days:
        minutes_of_outage(given.devices, given.seconds)
        return 0
    outage = Outage(
        days=given.days,
        beds=given.beds,
        keep_hours=given.keep_hours,
        devices=given.devices,
        part_s=given.seconds,
    )
    return days_of_outage(outage, given.past)


if __name__ == "__main__":
    sys.exit(main())
