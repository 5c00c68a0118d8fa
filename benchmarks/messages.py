"""From a device's message to the alert at another client: real broker, real journal, real loop.

Broker, monitor and devices are processes of their own; this one is the reader of the alerts. A
steady run measures how long an alerting message takes, beside the same message on its way
through the broker alone. A burst that waited at the broker while the monitor was away measures
how much the monitor can take in.
"""

import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.measuring import ROOT, Cell, Table, cell, share
from benchmarks.publishing import Plan, Sent
from benchmarks.traffic import UNIT, bed_name, cuff_topic
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.wire.topics import NOBODY, topic

WITHIN_S: Final = 60.0
POLL_S: Final = 0.02
REACTION: Final = b'"kind":"physiological"'
TICKS: Final = os.sysconf("SC_CLK_TCK")


class RunError(RuntimeError):
    """A process did not do its part in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is sent."""

    n_beds: int = 1_000
    steady_messages: int = 10_000
    per_second: float = 1_000.0
    n_alerts: int = 200
    burst_messages: int = 20_000


SIZES: Final = (Size(n_beds=100, n_alerts=100, burst_messages=0), Size())


@dataclass(slots=True)
class Reader:
    """A client that hears alerts, and the alerting messages themselves, when they arrive."""

    alert_ns: dict[str, int] = field(default_factory=dict)
    hop_ns: dict[str, int] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)

    def take(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        """Keep when a bed was heard of for the first time."""
        now_ns = time.monotonic_ns()
        _, _, _, bed, device, *_ = message.topic.split("/")
        if device == NOBODY and REACTION not in message.payload:
            return  # a sensor that stands still, as those of a benchmark may
        heard = self.alert_ns if device == NOBODY else self.hop_ns
        heard.setdefault(bed, now_ns)
        self.changed.set()

    def wait(self, beds: Iterable[str]) -> None:
        """Wait until all of these beds have an alert."""
        deadline_s, wanted = time.monotonic() + WITHIN_S, set(beds)
        while not self.alert_ns.keys() >= wanted:
            if time.monotonic() > deadline_s:
                missing = sorted(wanted - self.alert_ns.keys())
                raise RunError(f"no alert of {len(missing)} of {len(wanted)} beds: {missing[:5]}")
            self.changed.clear()
            self.changed.wait(POLL_S)


@contextlib.contextmanager
def reading(port: int, size: Size) -> Iterator[Reader]:
    """Give a connected reader."""
    reader, subscribed = Reader(), threading.Event()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = reader.take
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect(HOST, port)
    client.loop_start()
    beds = [bed_name(size.n_beds - number) for number in range(1, size.n_alerts + 1)]
    topics = [(topic(UNIT, "+", NOBODY, "alert/+"), 1), *((cuff_topic(bed), 1) for bed in beds)]
    client.subscribe(topics)
    if not subscribed.wait(WITHIN_S):
        raise RunError("the reader could not subscribe")
    try:
        yield reader
    finally:
        client.disconnect()
        client.loop_stop()


@contextlib.contextmanager
def watching(port: int, journal: Path) -> Iterator[int]:
    """Run the monitor and give the number of its process."""
    with subprocess.Popen(  # noqa: S603 - this Python and a program of ours
        [sys.executable, "-m", "benchmarks.monitoring", str(port), str(journal)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline().strip() != "ready":
                raise RunError("the monitor did not start")
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WITHIN_S)


def sent(port: int, plan: Plan) -> Sent:
    """Let a process of its own send a plan."""
    done = subprocess.run(  # noqa: S603 - this Python and a program of ours
        [sys.executable, "-m", "benchmarks.publishing", str(port)],
        cwd=ROOT,
        check=True,
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
    )
    return msgspec.json.decode(done.stdout, type=Sent)


def kept(journal: Path, messages: int) -> None:
    """Wait until the journal holds so many messages.

    Raises
    ------
    RunError
        If it does not in time.
    """
    deadline_s = time.monotonic() + WITHIN_S
    with JournalReader.open(journal) as reader:
        while reader.counts()[1] < messages:
            if time.monotonic() > deadline_s:
                raise RunError(f"the journal holds {reader.counts()[1]} of {messages} messages")
            time.sleep(POLL_S)


def cpu_s(pid: int) -> float:
    """Return the processor time of another process, not a number where the system hides it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return math.nan
    return (int(fields[11]) + int(fields[12])) / TICKS


def steady_row(port: int, journal: Path, size: Size) -> tuple[Cell | None, ...]:
    """Send messages on a timetable and return how long the alerting ones took."""
    plan = Plan(
        n_beds=size.n_beds,
        n_messages=size.steady_messages,
        n_alerts=size.n_alerts,
        per_second=size.per_second,
    )
    with reading(port, size) as reader, watching(port, journal) as pid:
        sent(port, Plan(n_beds=size.n_beds))
        kept(journal, 2 * size.n_beds)
        before_s = cpu_s(pid)
        done = sent(port, plan)
        kept(journal, 2 * size.n_beds + size.steady_messages)
        used_s = cpu_s(pid) - before_s
        reader.wait(done.left_ns)
    alerts_ms = [(reader.alert_ns[bed] - ns) / 1e6 for bed, ns in done.left_ns.items()]
    hops_ms = [(reader.hop_ns[bed] - ns) / 1e6 for bed, ns in done.left_ns.items()]
    return (
        cell(done.n_messages / done.wall_s, "/s"),
        cell(used_s / done.n_messages * 1e6, "µs"),
        cell(share(alerts_ms, 0.5), "ms"),
        cell(share(alerts_ms, 0.99), "ms"),
        cell(share(hops_ms, 0.5), "ms"),
        cell(share(hops_ms, 0.99), "ms"),
    )


def burst_row(port: int, journal: Path, size: Size) -> tuple[Cell | None, ...]:
    """Let messages wait at the broker and return how fast a monitor that comes back takes them."""
    with watching(port, journal):
        sent(port, Plan(n_beds=size.n_beds))
        kept(journal, 2 * size.n_beds)
    sent(port, Plan(n_beds=size.n_beds, n_messages=size.burst_messages, n_alerts=1))
    with watching(port, journal) as pid:
        before_s = cpu_s(pid)
        kept(journal, 2 * size.n_beds + size.burst_messages)
        used_s = cpu_s(pid) - before_s
    with JournalReader.open(journal) as reader:
        steps = [step for step in reader.steps() if step.messages]
    late = [step for step in steps if step.messages[0].topic.endswith("vitals")]
    first_ms, last_ms = late[0].messages[0].received_ms, late[-1].now_ms
    return (
        cell(size.burst_messages / max(last_ms - first_ms, 1) * 1000, "/s"),
        cell(used_s / size.burst_messages * 1e6, "µs"),
        None,
        None,
        None,
        None,
    )


def messages_table(sizes: Sequence[Size] = SIZES) -> Table:
    """Return what a real broker, journal and loop give on this machine."""
    rows = []
    for size in sizes:
        beds, rate = f"{size.n_beds:,} beds", f"{size.per_second:,.0f}/s"
        with tempfile.TemporaryDirectory(prefix="irm-bench-") as folder:
            journal = Path(folder)
            with LocalBroker() as broker:
                steady = steady_row(broker.port, journal / "steady.db", size)
            rows.append((f"{beds}, steady {rate}, {size.n_alerts} alerts", steady))
            if size.burst_messages:
                with LocalBroker() as broker:
                    burst = burst_row(broker.port, journal / "burst.db", size)
                rows.append((f"{beds}, {size.burst_messages:,} messages wait", burst))
    return Table(
        title="From broker to alert (mosquitto, QoS 1, journal with FULL sync)",
        columns=(
            "messages", "monitor CPU a message", "to alert p50", "to alert p99", "hop p50",
            "hop p99",
        ),
        rows=tuple(rows),
        notes=(
            "to alert: from publish() of an alerting message to its alert at another client.",
            "hop: the same messages from publish() to that client, through the broker alone.",
            "messages wait: they are at the broker when a monitor comes back to its session.",
        ),
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode([messages_table()]))
