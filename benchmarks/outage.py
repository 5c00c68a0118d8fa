"""A database that goes away and comes back: how long alerts take, and how fast it catches up.

``python -m benchmarks.outage`` runs a real broker, the real loop with its journal, the forwarder
and an InfluxDB as processes of their own. The devices send the same in three parts: while the
database is there, while it is killed, and while the forwarder sends what has waited. A journal
that nobody writes is then forwarded from its beginning, which is the rate of a long catch-up.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.load import ALERTS_A_MINUTE
from benchmarks.measuring import ROOT, share
from benchmarks.messages import Reader, Size, kept, reading, sent, watching
from benchmarks.publishing import Plan
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.series.cursor_file import CursorFile, beside
from monitor.series.influx import InfluxAddress, InfluxStore
from scripts.influx_server import RealInflux, Script, proxy

BUCKETS: Final = ("irm", "again")
WITHIN_S: Final = 600.0
POLL_S: Final = 0.1


@contextlib.contextmanager
def forwarding(journal: Path, url: str, bucket: str, *, log: Path) -> Iterator[None]:
    """Run the forwarder."""
    command = [sys.executable, "-m", "monitor", "forward", str(journal), "--store", url]
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: S603 - this Python and a program of ours
            [*command, "--bucket", bucket], cwd=ROOT, stderr=said
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def forwarded(journal: Path, url: str, bucket: str) -> int:
    """Return how many messages have been forwarded."""
    store = InfluxStore(InfluxAddress(url=url, bucket=bucket))
    cursor = CursorFile(beside(journal))
    try:
        with JournalReader.open(journal) as reader:
            name = f"{reader.about.unit}:{reader.about.created_ms}"
        place = cursor.place(store.name, name)
        return place.message if place else 0
    finally:
        cursor.close()
        store.close()


def caught_up(journal: Path, url: str, bucket: str) -> tuple[int, float]:
    """Wait until all is forwarded; return how much that was and how long it took [s].

    Raises
    ------
    TimeoutError
        If it takes too long.
    """
    before, began_s = forwarded(journal, url, bucket), time.monotonic()
    while time.monotonic() - began_s < WITHIN_S:
        with JournalReader.open(journal) as reader:
            messages = reader.counts()[1]
        if forwarded(journal, url, bucket) >= messages:
            return messages - before, time.monotonic() - began_s
        time.sleep(POLL_S)
    raise TimeoutError(f"{messages} messages were not forwarded within {WITHIN_S:g} s")


def part(port: int, reader: Reader, *, number: int, devices: int, seconds: int, name: str) -> int:
    """Send for so many seconds, say how long alerts took, and return the number of messages."""
    done = sent(
        port,
        Plan(
            n_beds=devices,
            n_messages=devices * seconds,
            n_alerts=ALERTS_A_MINUTE,
            per_second=float(devices),
            part=number,
            first=number * seconds,
        ),
    )
    reader.wait(done.left_ns)
    late_ms = [(reader.alert_ns[bed] - ns) / 1e6 for bed, ns in done.left_ns.items()]
    print(
        f"{name:20}  alert p50 {share(late_ms, 0.5):6.0f} ms, slowest {max(late_ms):6.0f} ms; "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return done.n_messages


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outage", description=__doc__)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60, help="length of each part")
    given = parser.parse_args()
    size = Size(n_beds=given.devices, n_alerts=3 * ALERTS_A_MINUTE)
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
        total = 2 * given.devices
        with reading(broker.port, size) as reader, watching(broker.port, journal):
            sent(broker.port, Plan(n_beds=given.devices))
            kept(journal, total)
            with forwarding(journal, url, BUCKETS[0], log=log):
                for number, name in enumerate(("database up", "database down", "catching up")):
                    if number == 1:
                        influx.kill()
                    if number == 2:  # noqa: PLR2004 - the last part
                        influx.start()
                    total += part(
                        broker.port, reader, number=number, devices=given.devices,
                        seconds=given.seconds, name=name,
                    )  # fmt: skip
                    kept(journal, total)
                left, took_s = caught_up(journal, url, BUCKETS[0])
        print(f"afterwards {left} messages were left, for {took_s:.1f} s")
        with forwarding(journal, url, BUCKETS[1], log=log):
            messages, took_s = caught_up(journal, url, BUCKETS[1])
        print(f"{messages} messages from the beginning: {took_s:.1f} s with the forwarder's start")
        found = influx.ask('SELECT count("n") FROM irm.autogen.inbox').decode()
        print(f"sent {total}; the database says {found.strip()}")


if __name__ == "__main__":
    main()
