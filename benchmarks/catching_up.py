"""What every run with a database that goes away needs: the forwarder, where it is, one part."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.load import ALERTS_A_MINUTE
from benchmarks.measuring import ROOT, share
from benchmarks.messages import Reader, sent
from benchmarks.publishing import Plan
from monitor.adapters.journal import JournalReader
from monitor.series.cursor_file import CursorFile, beside
from monitor.series.influx import InfluxAddress, InfluxStore

WITHIN_S: Final = 600.0
POLL_S: Final = 0.1
NICE: Final = 10


@contextlib.contextmanager
def forwarding(journal: Path, url: str, bucket: str, *, log: Path) -> Iterator[int]:
    """Run the forwarder and give the number of its process."""
    command = [sys.executable, "-m", "monitor", "forward", str(journal), "--store", url]
    with log.open("ab") as said:
        process = subprocess.Popen(  # noqa: S603 - this Python and a program of ours
            [*command, "--bucket", bucket], cwd=ROOT, stderr=said
        )
    # As the unit that is shipped with it: the monitor comes first.
    os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def forward_rest(journal: Path, url: str, bucket: str) -> None:
    """Send what the monitor has still written when it left, and end."""
    command = [sys.executable, "-m", "monitor", "forward", str(journal), "--store", url]
    subprocess.run(  # noqa: S603 - this Python and a program of ours
        [*command, "--bucket", bucket, "--once"], cwd=ROOT, check=True, capture_output=True
    )


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
