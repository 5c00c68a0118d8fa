"""A long evening: a thousand devices, a message a second each, and a burst after a reconnect.

``python -m benchmarks.load --minutes 30`` runs a real broker, the real loop with its journal, and
devices as a process of their own. Minute by minute it says what the monitor takes of the machine
and how long alerts take; at the end whether everything that was sent is in the journal. Then the
monitor goes away, messages wait for it at the broker, and it comes back to them.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks.measuring import share
from benchmarks.messages import Size, cpu_s, kept, reading, sent, watching
from benchmarks.publishing import Plan
from monitor.adapters.broker import LocalBroker
from monitor.adapters.journal import JournalReader

MINUTE_S: Final = 60
ALERTS_A_MINUTE: Final = 10
MIB: Final = 1024 * 1024


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
        print("minute  messages  monitor CPU  memory      alert p50  p99", flush=True)
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
                ),
            )
            total += done.n_messages
            kept(journal, total)
            reader.wait(done.left_ns)
            late_ms = [(reader.alert_ns[bed] - ns) / 1e6 for bed, ns in done.left_ns.items()]
            share_cpu = (cpu_s(pid) - before_s) / done.wall_s
            print(
                f"{minute + 1:6}  {total:8}  {share_cpu:10.1%}  {resident_mib(pid):6.0f} MiB  "
                f"{share(late_ms, 0.5):8.0f} ms  {share(late_ms, 0.99):4.0f} ms",
                flush=True,
            )
    return total


def burst(port: int, journal: Path, devices: int, messages: int, before: int) -> None:
    """Let messages wait while nobody watches, and say how they are taken afterwards."""
    sent(port, Plan(n_beds=devices, n_messages=messages, part=1_000))
    with watching(port, journal) as pid:
        began_s = cpu_s(pid)
        kept(journal, before + messages)
        used_s = cpu_s(pid) - began_s
        print(f"burst   {messages:8} messages waited; {used_s:.1f} s of processor time to come")
        print(f"        back and take them, {resident_mib(pid):.0f} MiB")


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
        burst(broker.port, journal, given.devices, given.burst, total)
        total += given.burst
        with JournalReader.open(journal) as reader:
            found = reader.counts()[1]
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / MIB
    print(f"sent {total}, in the journal {found}, {size:.0f} MiB on disk")
    return 0 if found >= total else 1


if __name__ == "__main__":
    sys.exit(main())
