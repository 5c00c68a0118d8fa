"""Detection by itself: many sessions side by side, few of many beds that change, and its memory.

A replay of recorded sessions may let them run side by side, each as a bed of one large ward, and
so pay the price of a pass once for all. The price of a pass should follow the beds that change;
one that sends nothing should cost nothing.
"""

import copy
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

import msgspec
import numpy as np

from benchmarks.measuring import ROOT, Table, Taken, cell
from benchmarks.steps import SHARES, detect, rounds_of
from benchmarks.wards import STARTED_MS, Load, running_ward
from detectors.detection import Detection, Round
from detectors.readings import empty_readings
from monitor.settings.settings import load_settings
from monitor.ward.ward_settings import WardSettings

COHORTS: Final = ((2_000, 60), (10_000, 60), (30_000, 60))
"""Sessions, and how many seconds of them are measured."""

CHANGED: Final = (1, 100, 1_000, 2_500, 5_000, 10_000)
WARDS: Final = (100, 1_000, 10_000)
UNMEASURED: Final = 5
KIBIBYTE: Final = 1024


def state_arrays(state: object) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the arrays that an object keeps, also those of the objects it keeps."""
    if isinstance(state, np.ndarray):
        yield state
    elif is_dataclass(state):
        for field in fields(state):
            yield from state_arrays(getattr(state, field.name))
    elif type(state).__module__.startswith("detectors."):
        for value in vars(state).values():
            yield from state_arrays(value)


def bytes_a_bed(params: WardSettings) -> float:
    """Return what one more bed adds to the arrays of detection."""
    few, many = (
        sum(array.nbytes for array in state_arrays(Detection(params.detection, n_beds)))
        for n_beds in (0, 1_000)
    )
    return (many - few) / 1_000


def infused(settings: WardSettings, load: Load) -> Detection:
    """Return detection alone with a baseline and an infusion at every bed."""
    detection = Detection(settings.detection, load.n_beds)
    detection.judging[:] = detection.taking_baseline[:] = True
    detection.age_centi[:] = 5_000
    for second in load.before():
        detect(detection, rounds_of(second))
    detection.taking_baseline[:] = False
    detection.rate_step_ms[:] = STARTED_MS
    return detection


def cohorts_table(sizes: Sequence[tuple[int, int]] = COHORTS) -> Table:
    """Return how many readings of sessions side by side are taken in a second."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds, n_seconds in sizes:
        for reacting in SHARES:
            load = Load(n_beds=n_beds, reacting_share=reacting)
            detection = infused(settings, load)
            taken, n_readings = Taken(), 0
            for number, second in enumerate(load.seconds(UNMEASURED + n_seconds)):
                rounds = rounds_of(second)
                if number < UNMEASURED:
                    detect(detection, rounds)
                    continue
                taken.call(detect, detection, rounds)
                n_readings += len(second.readings)
            cells = (
                cell(1000 * taken.cpu_s / n_seconds, "ms"),
                cell(1e9 * taken.cpu_s / n_readings, "ns"),
                cell(n_readings / taken.cpu_s / 1e6, "M/s"),
            )
            rows.append((f"{n_beds:,} sessions, {load.n_reacting:,} reacting", cells))
    size = cell(bytes_a_bed(settings) / KIBIBYTE, "KiB")
    return Table(
        title="Sessions side by side: Detection.take alone, over all measured seconds",
        columns=("a second", "a reading", "readings"),
        rows=tuple(rows),
        notes=(
            "a second: mean processor time of a second of all sessions, not the median, because",
            "some seconds keep the readings of all of them in the history.",
            f"state: the arrays of detection are {size.shown} a bed.",
        ),
    )


def _only(round_: Round, n_changed: int) -> Round:
    """Return the messages of so many beds, spread over the ward."""
    apart = len(round_.bed) // max(n_changed, 1)
    return round_.rows(np.arange(n_changed) * apart)


def changes_table(
    n_beds: int = CHANGED[-1], changed: Sequence[int] = CHANGED, n_seconds: int = 40
) -> Table:
    """Return what a pass costs by how many beds of a ward have sent something."""
    settings = load_settings(ROOT / "config").ward
    load = Load(n_beds=n_beds, reacting_share=0)
    before = infused(settings, load)
    rows = []
    contestants = {count: (copy.deepcopy(before), Taken()) for count in changed}
    for number, second in enumerate(load.seconds(UNMEASURED + n_seconds)):
        round_ = rounds_of(second)[0]
        for count, (detection, taken) in contestants.items():
            some = _only(round_, count)
            if number < UNMEASURED:
                detection.take(some)
            else:
                taken.call(detection.take, some)
    least, (_, least_taken) = next(iter(contestants.items()))
    for count, (_, taken) in contestants.items():
        more_ns = 1e6 * (taken.cpu_ms - least_taken.cpu_ms)
        each = None if count == least else cell(more_ns / (count - least), "ns")
        rows.append((f"{count:,} of {n_beds:,} beds", (cell(taken.cpu_ms, "ms"), each)))
    return Table(
        title="A pass by how many beds have sent something: Detection.take, nobody reacts",
        columns=("CPU", "each more"),
        rows=tuple(rows),
        notes=("each more: what it costs more than the first row, for each bed that sends more.",),
    )


def idle_table(wards: Sequence[int] = WARDS, n_seconds: int = 40) -> Table:
    """Return what the same hundred beds cost in wards of other sizes, and a step over silence."""
    settings = load_settings(ROOT / "config").ward
    rows = []
    for n_beds in wards:
        load = Load(n_beds=n_beds, reacting_share=0)
        ward = running_ward(settings, load)
        detection = copy.deepcopy(ward.state.detection)
        alone, silence = Taken(), Taken()
        for second in load.seconds(n_seconds):
            some = _only(rounds_of(second)[0], min(wards))
            alone.call(detection.take, some)
            ward.step(second.now_ms, second.readings, ())
            silence.call(ward.step, second.now_ms + 1, empty_readings(), ())
        rows.append(
            (
                f"{min(wards)} of {n_beds:,} beds",
                (cell(alone.cpu_ms, "ms"), cell(silence.cpu_ms, "ms")),
            )
        )
    return Table(
        title="Beds that send nothing",
        columns=("detection", "step over silence"),
        rows=tuple(rows),
        notes=(
            "detection: the messages of the same number of beds, in wards of different sizes;",
            "step over silence: Ward.step in which nothing arrived (timers and silent channels).",
        ),
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode([cohorts_table(), changes_table(), idle_table()]))
