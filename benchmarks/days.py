"""Days without a database, then its return: the long form of ``python -m benchmarks.outage``.

A journal of so many days of a ward is written by the path of a live monitor; its older vital signs
were folded meanwhile. Then a broker, a monitor that goes on from that journal, devices that send
every second, and the forwarder run as processes of their own. For one part the database is away
still; then it is started, and the forwarder catches up while alerts are timed. In the end every
point in the database is counted against what was written.
"""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.catching_up import caught_up, forward_rest, forwarding, part
from benchmarks.load import ALERTS_A_MINUTE
from benchmarks.measuring import ROOT
from benchmarks.messages import Reader, Size, kept, reading, sent, watching
from benchmarks.monitoring import room_for_many
from benchmarks.past import DAY_S, HOUR_S, Span, Written, write_past
from benchmarks.publishing import Plan
from monitor.adapters.broker import HOST, LocalBroker
from monitor.adapters.journal import JournalReader
from monitor.series.cursor_file import CursorFile, beside
from monitor.series.points import effect_points
from monitor.series.tape import Place
from monitor.settings.settings import load_settings
from scripts.influx_server import RealInflux, Script, proxy

BUCKET: Final = "irm"
PARTS_MAX: Final = 15
LOOK_S: Final = 0.5
COUNT_WITHIN_S: Final = 300.0
JOURNAL: Final = "days.journal"
TOLD: Final = "written.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How long, of how many beds, how long messages stay as they came, and what devices send."""

    days: float
    beds: int
    keep_hours: float
    devices: int
    part_s: int

    @property
    def span(self) -> Span:
        """The past that is to be written."""
        return Span(
            beds=self.beds,
            seconds=round(self.days * DAY_S),
            keep_messages_ms=round(self.keep_hours * HOUR_S * 1000),
        )


def past_in(folder: Path, outage: Outage) -> Written:
    """Return what the journal in a folder holds, which is written unless it is there."""
    told = folder / TOLD
    if told.is_file():
        return msgspec.json.decode(told.read_bytes(), type=Written)
    folder.mkdir(parents=True, exist_ok=True)
    settings = load_settings(ROOT / "config")
    began_s, span = time.monotonic(), outage.span
    # It ends now, but for the time that writing it takes.
    begin_ms = time.time_ns() // 1_000_000 - span.seconds * 1000
    written = write_past(
        folder / JOURNAL, room_for_many(settings), span, config=settings.digest, begin_ms=begin_ms
    )
    told.write_bytes(msgspec.json.encode(written))
    print(f"written in {time.monotonic() - began_s:.0f} s", flush=True)
    return written


@dataclass(slots=True)
class Course:
    """Where the forwarder was when: seconds since the database is there, messages in it."""

    journal: Path
    store: str
    seen: list[tuple[float, int, int]] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    began_s: float = 0.0

    def look(self) -> None:
        """Look until told to end."""
        cursor = CursorFile(beside(self.journal))
        with contextlib.closing(cursor), JournalReader.open(self.journal) as reader:
            name = f"{reader.about.unit}:{reader.about.created_ms}"
            while not self.ended.wait(LOOK_S):
                place = cursor.place(self.store, name) or Place()
                at_s = time.monotonic() - self.began_s
                self.seen.append((at_s, place.message, reader.counts()[1]))

    def caught_up_s(self, slack: int) -> float | None:
        """Return when all but ``slack`` messages were forwarded, None if that was not seen."""
        return next((at_s for at_s, sent_, all_ in self.seen if all_ - sent_ <= slack), None)

    def first_s(self) -> float | None:
        """Return when something had been forwarded."""
        return next((at_s for at_s, sent_, _ in self.seen if sent_), None)


@contextlib.contextmanager
def looking(course: Course) -> Iterator[Course]:
    """Look after a forwarder from now on."""
    course.began_s = time.monotonic()
    thread = threading.Thread(target=course.look)
    thread.start()
    try:
        yield course
    finally:
        course.ended.set()
        thread.join()


def peak_mb(pid: int) -> float:
    """Return the most memory that a process has had."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def folder_mb(folder: Path) -> float:
    """Return how much a folder holds."""
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6


def days_of_outage(outage: Outage, past: Path | None) -> int:
    """Measure a long outage and print; return 1 if a point is missing or too many."""
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="irm-days-")))
        written = past_in(past or folder / "past", outage)
        journal = folder / JOURNAL
        shutil.copy((past or folder / "past") / JOURNAL, journal)
        print(
            f"{outage.days:g} days of {outage.beds} beds: {written.messages:,} messages, "
            f"{written.effects:,} effects, {written.folded:,} messages folded; the journal has "
            f"{journal.stat().st_size / 1e6:,.0f} MB",
            flush=True,
        )
        broker = ends.enter_context(LocalBroker())
        influx = RealInflux(folder)
        influx.start()
        influx.ask(f"CREATE DATABASE {BUCKET}")
        influx.kill()
        url = ends.enter_context(proxy(f"http://{HOST}:{influx.port}", Script()))
        sent_alerts, sent_live = _returned(outage, written, (broker, influx, url), journal)
        ends.callback(influx.kill)
        forward_rest(journal, url, BUCKET)
        found, expected = counted(influx), expected_points(journal, written, sent_live, sent_alerts)
        size_mb = folder_mb(folder / "data") + folder_mb(folder / "wal")
        print(f"the database has {size_mb:,.0f} MB")
        wrong = 0
        for name, points in sorted(expected.items()):
            verdict = "" if found[name] == points else "   DIFFERS"
            wrong += found[name] != points
            print(f"  {name:20} written {points:10,}   in the database {found[name]:10,}{verdict}")
        print(f"load {os.getloadavg()[0]:.1f}; {'lost or doubled' if wrong else 'all is there'}")
        return 1 if wrong else 0


def _returned(
    outage: Outage, written: Written, running: tuple[LocalBroker, RealInflux, str], journal: Path
) -> tuple[int, int]:
    """Let the database come back; return how many alerting and other messages devices sent."""
    broker, influx, url = running
    log = journal.with_name("forwarder.log")
    size = Size(n_beds=outage.devices, n_alerts=(1 + PARTS_MAX) * ALERTS_A_MINUTE)
    with reading(broker.port, size) as reader, watching(broker.port, journal):
        sent(broker.port, Plan(n_beds=outage.devices))
        kept(journal, written.messages + 2 * outage.devices)
        with forwarding(journal, url, BUCKET, log=log) as pid:
            live = _part(broker.port, reader, outage, 0, "database away")
            influx.start()
            with looking(Course(journal, f"{url} bucket {BUCKET}")) as course:
                number = 0
                while number < PARTS_MAX and course.caught_up_s(outage.devices) is None:
                    number += 1
                    live += _part(broker.port, reader, outage, number, "catching up")
                left, took_s = caught_up(journal, url, BUCKET)
            live += _part(broker.port, reader, outage, number + 1, "database up")
            caught_up(journal, url, BUCKET)
            peak = peak_mb(pid)
    first_s, all_s = course.first_s(), course.caught_up_s(outage.devices)
    if first_s is None or all_s is None:
        raise TimeoutError(f"not caught up: {course.seen[-1:]}, {left} left for {took_s:.0f} s")
    messages = next(sent_ for at_s, sent_, _ in course.seen if at_s == all_s)
    print(
        f"first points {first_s:.1f} s after its return; {messages:,} messages of the journal in "
        f"{all_s - first_s:.1f} s, {messages / max(all_s - first_s, LOOK_S):,.0f}/s; "
        f"the forwarder had {peak:.0f} MB at most",
        flush=True,
    )
    print("".join(_summary(log.read_text(encoding="utf-8"))), end="")
    alerts = (number + 2) * ALERTS_A_MINUTE
    return alerts, live - alerts


def _part(port: int, reader: Reader, outage: Outage, number: int, name: str) -> int:
    return part(
        port, reader, number=number, devices=outage.devices, seconds=outage.part_s, name=name
    )


def _summary(log: str) -> Iterator[str]:
    """Yield how often the forwarder said what, without the times."""
    for words, times in Counter(
        line.split(" ", 1)[-1].split("reason=", 1)[0].strip() for line in log.splitlines()
    ).most_common(6):
        yield f"  forwarder, {times} times: {words}\n"


def counted(influx: RealInflux) -> dict[str, int]:
    """Return how many points the database has, by measurement and field."""
    found = {}
    for name in FIELDS:
        measurement, _, field_name = name.partition(".")
        query = f'SELECT count("{field_name}") FROM {BUCKET}.autogen.{measurement}'  # noqa: S608 - names of this file
        answer = json.loads(influx.ask(query, timeout_s=COUNT_WITHIN_S))
        series = answer["results"][0].get("series")
        found[name] = series[0]["values"][0][1] if series else 0
    return found


FIELDS: Final = (
    "vitals.hr", "vitals.sbp", "step.n", "inbox.n", "alerts.id", "grades.assessable",
    "sessions.event",
)  # fmt: skip


def expected_points(journal: Path, written: Written, live: int, alerts: int) -> dict[str, int]:
    """Return how many points must be there, by measurement and field.

    Devices sent ``live`` messages with a pulse and ``alerts`` with a pressure behind the past.
    """
    with JournalReader.open(journal) as reader:
        found = Counter(
            f"{point.measurement}.{name}"
            for n, effect in enumerate(reader.effects(), start=1)
            for point in effect_points(reader.about.unit, n, effect)
            for name, _ in point.fields
        )
        for table in ("step", "inbox"):
            (found[f"{table}.n"],) = next(reader.rows(f"SELECT count(*) FROM {table}"))  # noqa: S608 - one of two
    found["vitals.hr"] = written.hr + live
    found["vitals.sbp"] = written.sbp + alerts
    return {name: found[name] for name in FIELDS}
