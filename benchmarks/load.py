"""A long evening: a thousand devices, a message a second each, and a burst after a reconnect.

``python -m benchmarks.load --minutes 30`` runs a real broker, the real loop with its journal, and
devices as a process of their own. Minute by minute it says what the monitor takes of the machine,
how busy the machine is and how long alerts take. Then the monitor goes away, messages wait for it
at the broker, some of which must alarm, and it comes back to them. In the end everything that was
sent must be in the journal once.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.measuring import share
from benchmarks.messages import Size, cpu_s, kept, reading, sent, watching
from benchmarks.publishing import Plan
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader

MINUTE_S: Final = 60
ALERTS_A_MINUTE: Final = 10
MIB: Final = 1024 * 1024


class Before(NamedTuple):
    """What was sent before the burst."""

    messages: int
    minutes: int


def resident_mib(pid: int) -> float:
    """Return the memory that a process holds [MiB]."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def steady(port: int, journal: Path, devices: int, minutes: int) -> int:
    """Send for so many minutes, say what it takes, and return how many messages were sent."""
    total = 2 * devices
    size = Size(n_beds=devices, n_alerts=minutes * ALERTS_A_MINUTE)
    with reading(port, size) as reader, watching(port, journal) as pid:
        sent(port, Plan(n_beds=devices))
        kept(journal, total)
        print("minute  messages  monitor CPU  memory      alert p50       p99  load", flush=True)
        for minute in range(minutes):
            before_s = cpu_s(pid)
            done = sent(
                port,
                Plan(
                    n_beds=devices,
                    n_messages=devices * MINUTE_S,
                    n_alerts=ALERTS_A_MINUTE,
                    per_second=float(devices),
                    part=minute,
                    first=minute * MINUTE_S,
                ),
            )
            total += done.n_messages
            kept(journal, total)
            reader.wait(done.left_ns)
            late_ms = [(reader.alert_ns[bed] - ns) / 1e6 for bed, ns in done.left_ns.items()]
            share_cpu = (cpu_s(pid) - before_s) / done.wall_s
            busy = os.getloadavg()[0]
            print(
                f"{minute + 1:6}  {total:8}  {share_cpu:10.1%}  {resident_mib(pid):6.0f} MiB  "
                f"{share(late_ms, 0.5):8.0f} ms  {share(late_ms, 0.99):4.0f} ms  {busy:4.1f}",
                flush=True,
            )
    return total


def burst(port: int, journal: Path, devices: int, messages: int, before: Before) -> int:
    """Let messages wait while nobody watches, say how they are taken, and return their number."""
    plan = Plan(
        n_beds=devices,
        n_messages=messages,
        n_alerts=ALERTS_A_MINUTE,
        part=before.minutes,
        first=before.minutes * MINUTE_S,
    )
    size = Size(n_beds=devices, n_alerts=(before.minutes + 1) * ALERTS_A_MINUTE)
    waiting = sent(port, plan)
    with reading(port, size) as reader:
        began_ns = time.monotonic_ns()
        with watching(port, journal) as pid:
            began_s = cpu_s(pid)
            kept(journal, before.messages + waiting.n_messages)
            used_s = cpu_s(pid) - began_s
            reader.wait(waiting.left_ns)
            last_s = max(reader.alert_ns[bed] - began_ns for bed in waiting.left_ns) / 1e9
            print(f"burst   {messages:8} messages waited; {used_s:.1f} s of processor time to take")
            print(f"        them after it was ready, {resident_mib(pid):.0f} MiB; the last alert")
            print(f"        {last_s:.1f} s after the start of the process")
    return waiting.n_messages


def main() -> int:
    """Run the evening; the exit code is 1 if a message is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--burst", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="irm-load-") as folder, LocalBroker() as broker:
        journal = Path(folder) / "load.journal"
        total = steady(broker.port, journal, given.devices, given.minutes)
        total += burst(
            broker.port, journal, given.devices, given.burst, Before(total, given.minutes)
        )
        with JournalReader.open(journal) as reader:
            found = reader.counts()[1]
            query = "SELECT count(*) FROM (SELECT DISTINCT topic, payload FROM inbox)"
            different = next(iter(reader.rows(query)))[0]
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / MIB
    print(f"sent {total}, in the journal {found}, {different} of them different, {size:.0f} MiB")
    return 0 if found == different == total else 1


if __name__ == "__main__":
    sys.exit(main())
