"""What one second of a ward costs: the whole step, detection alone, and plain Python.

All contestants live through the same seconds, in turns. Before the measured seconds come some
that nobody measures; after them the plain beds must show the grades of the core, otherwise the
run ends with an error instead of a figure.
"""

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from benchmarks.agreement import PeerError, check
from benchmarks.measuring import ROOT, Table, Taken, cell, ratio, share
from benchmarks.plain import PlainBed
from benchmarks.plain_tables import Tables
from benchmarks.wards import Load, Message, Second, running_ward
from detectors.detection import Detection, Round
from monitor.settings.settings import load_settings
from monitor.ward.rounds import turns
from monitor.ward.ward import Ward
from monitor.ward.ward_settings import WardSettings

SIZES: Final = ((10, 200), (100, 200), (1_000, 40), (10_000, 12))
"""Beds, and how many seconds of them are measured."""

SHARES: Final = (0.0, 0.05)
UNMEASURED: Final = 5


@dataclass(slots=True, kw_only=True)
class Contest:
    """The contestants of one size and share, each in its own state of the same ward."""

    ward: Ward
    detection: Detection
    plain: list[PlainBed]
    quick: list[PlainBed]

    def check(self) -> None:
        """Refuse to compare contestants that do not agree."""
        check(self.detection, self.plain)
        check(self.detection, self.quick)
        rows = np.arange(len(self.plain), dtype=np.int32)
        inside = self.ward.state.detection
        if (inside.grade_of(rows) != self.detection.grade_of(rows)).any():
            raise PeerError("the ward has other grades than detection alone")


def contest(settings: WardSettings, load: Load) -> Contest:
    """Return contestants that have lived through the baseline and the start."""
    ward = running_ward(settings, load)
    tables = Tables(settings.detection)
    plain = [PlainBed(tables) for _ in range(load.n_beds)]
    quick = [PlainBed(tables, is_quick=True) for _ in range(load.n_beds)]
    again = Load(n_beds=load.n_beds, reacting_share=load.reacting_share)
    opened_ms = ward.state.detection.opened_ms.tolist()
    for beds in (plain, quick):
        for row, bed in enumerate(beds):
            bed.is_judging = bed.is_taking_baseline = True
            bed.opened_ms = opened_ms[row]
    for second in again.before():
        messages = second.messages
        take_all(plain, messages)
        take_all(quick, messages)
    for row, (bed, other) in enumerate(zip(plain, quick, strict=True)):
        bed.is_taking_baseline = other.is_taking_baseline = False
        bed.rate_step_ms = other.rate_step_ms = int(ward.state.detection.rate_step_ms[row])
    return Contest(
        ward=ward, detection=copy.deepcopy(ward.state.detection), plain=plain, quick=quick
    )


def take_all(beds: Sequence[PlainBed], messages: Sequence[Message]) -> None:
    """Give every message to its bed."""
    for bed, readings in messages:
        beds[bed].take(readings)


def rounds_of(second: Second) -> list[Round]:
    """Return the messages of a second as rounds."""
    return [turn.readings for turn in turns(second.readings, (), ()) if turn.readings is not None]


def detect(detection: Detection, rounds: Sequence[Round]) -> None:
    """Let detection take some rounds."""
    for one in rounds:
        detection.take(one)


def measured(contestants: Contest, seconds: Sequence[Second]) -> dict[str, Taken]:
    """Let the contestants live through some seconds in turns."""
    taken = {name: Taken() for name in ("step", "detection", "plain", "quick")}
    for number, second in enumerate(seconds):
        if number == UNMEASURED:
            taken = {name: Taken() for name in taken}
        rounds, messages = rounds_of(second), second.messages
        taken["step"].call(contestants.ward.step, second.now_ms, second.readings, ())
        taken["detection"].call(detect, contestants.detection, rounds)
        taken["plain"].call(take_all, contestants.plain, messages)
        taken["quick"].call(take_all, contestants.quick, messages)
    return taken


def steps_table(sizes: Sequence[tuple[int, int]] = SIZES) -> Table:
    """Return what a step costs at several sizes and shares of reacting beds."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds, n_seconds in sizes:
        for reacting in SHARES:
            load = Load(n_beds=n_beds, reacting_share=reacting)
            contestants = contest(settings, load)
            taken = measured(contestants, list(load.seconds(UNMEASURED + n_seconds)))
            contestants.check()
            step, alone = taken["step"], taken["detection"]
            cells = (
                cell(step.cpu_ms, "ms"),
                cell(step.wall_ms, "ms"),
                cell(share(step.wall_ns, 0.99) / 1e6, "ms"),
                cell(alone.cpu_ms, "ms"),
                cell(taken["plain"].cpu_ms, "ms"),
                cell(taken["quick"].cpu_ms, "ms"),
                ratio(taken["plain"].cpu_ms, alone.cpu_ms),
                ratio(taken["quick"].cpu_ms, alone.cpu_ms),
            )
            rows.append((f"{n_beds:,} beds, {load.n_reacting:,} reacting", cells))
    return Table(
        title="One second of a ward (HR, SpO2, RR each second; T each 60 s; BP each 300 s)",
        columns=(
            "step CPU", "step wall", "wall p99", "detection CPU", "plain CPU",
            "quick plain CPU", "plain/detection", "quick/detection",
        ),
        rows=tuple(rows),
        notes=(
            "step: Ward.step; detection: Detection.take alone; medians over the seconds.",
            "plain: the decisions of detection, not of the whole step, in plain Python;",
            "quick plain: the same with a shortcut for beds inside all limits.",
        ),
    )  # fmt: skip


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode([steps_table()]))
