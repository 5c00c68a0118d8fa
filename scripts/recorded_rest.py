"""Quiet stretches of real recordings beside people of the simulator: levels, differences, rules.

A window is quiet where nothing in it is far out: systolic pressure from 90 to 180 mmHg, heart
rate below 120 /min. Intensive care is sicker and moves more than an infusion clinic, so what is
taken from it is an upper bound of unrest, not a target.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from detectors.channels import Channel, Float
from simulators.chairs import generator
from simulators.devices import CUFF_BIAS_MMHG, CUFF_SD_MMHG, continuous_readings
from simulators.physiology import person, resting_course

WINDOW_MIN: Final = 240
LEAST_READINGS: Final = 8
SESSION_S: Final = WINDOW_MIN * 60
QUIET: Final = {"sbp": (90.0, 180.0), "hr": (0.0, 120.0)}
RULE: Final = {"sbp": -30.0, "hr": 30.0}

Series = tuple[Float, Float]
"""Minutes and values of one window."""


def real_rows(evidence: Path, *, people: int, seed: int) -> Iterator[str]:
    """Yield the section of the report about real recordings."""
    yield "## Beside quiet real recordings"
    yield ""
    yield (
        "Windows of 4 h without a systolic pressure outside 90 to 180 mmHg or a heart rate of "
        "120 /min or more, and whole exams, all of them. The simulated people are measured at "
        "the median interval of the recording. The rule is a fall of 30 mmHg or a rise of "
        "30 /min from the first two readings."
    )
    yield ""
    yield (
        "| source | windows | level, quartiles | spread within | difference between two readings, "
        "median (90 %) | rule crossed |"
    )
    yield "|---|---:|---:|---:|---:|---:|"
    for name, key, found in (
        ("eICU demo, cuff, systolic", "sbp", _eicu(evidence)),
        ("MIMIC-III demo, cuff, systolic", "sbp", _mimic(evidence, "SBP_nibp")),
        ("MIMIC-III demo, heart rate", "hr", _mimic(evidence, "HR")),
        ("exams, heart rate, median a minute", "hr", _exams(evidence)),
    ):
        windows = [one for one in found if name.startswith("exams") or _is_quiet(one[1], key)]
        if not windows:
            continue
        every = float(np.median(np.concatenate([np.diff(at) for at, _ in windows])))
        yield _line(name, windows, RULE[key])
        simulated = [_simulated(key, every, seed, number) for number in range(people)]
        yield _line(f"simulated, every {every:.0f} min", simulated, RULE[key])


def _is_quiet(values: Float, key: str) -> bool:
    low, high = QUIET[key]
    return len(values) >= LEAST_READINGS and bool(((values >= low) & (values < high)).all())


def _line(name: str, windows: Sequence[Series], rule: float) -> str:
    levels = np.percentile([float(np.median(values)) for _, values in windows], (25, 50, 75))
    spread = float(np.median([values.std() for _, values in windows]))
    steps = np.concatenate([np.abs(np.diff(values)) for _, values in windows])
    crossed = np.mean([_crosses(values, rule) for _, values in windows])
    return (
        f"| {name} | {len(windows)} | {levels[0]:.0f} · {levels[1]:.0f} · {levels[2]:.0f} | "
        f"{spread:.1f} | {np.median(steps):.1f} ({np.percentile(steps, 90):.1f}) | "
        f"{100 * crossed:.1f} % |"
    )


def _crosses(values: Float, rule: float) -> bool:
    moved = values[2:] - values[:2].mean()
    return bool((moved <= rule).any() if rule < 0 else (moved >= rule).any())


def _simulated(key: str, every_min: float, seed: int, number: int) -> Series:
    """Return one person at rest as a cuff or a monitor shows it at this interval."""
    rng = generator(seed, str(number), "rest")
    course = resting_course(person(rng), seconds=SESSION_S, rng=rng)
    every_s = max(int(60 * every_min), 1)
    at_s, shown = continuous_readings(course, every_s=every_s, first_s=300, rng=rng)
    minutes = np.array(at_s, np.float64) / 60.0
    if key == "hr":
        return minutes, shown[Channel.HR]
    bias = rng.normal(0.0, CUFF_BIAS_MMHG)
    noise = rng.normal(0.0, CUFF_SD_MMHG, len(at_s))
    return minutes, np.rint(course.values[Channel.SBP, list(at_s)] + bias + noise)


def _eicu(evidence: Path) -> Iterator[Series]:
    yield from _windows(_read(evidence, "eicu-demo-nibp", "nibp.csv.gz", "stay", "t_min", "SBP"))


def _mimic(evidence: Path, column: str) -> Iterator[Series]:
    yield from _windows(
        _read(evidence, "mimic3-demo", "vitals.csv.gz", "icustay_id", "t_min", column)
    )


def _exams(evidence: Path) -> Iterator[Series]:
    """Yield exams as medians of whole minutes."""
    rows = _read(
        evidence, "exam-stress", "hr_1hz.csv.gz", "subject", "t_s", "HR",
        part=lambda row: f"{row['subject']}-{row['exam']}",
    )  # fmt: skip
    for at_s, values in rows:
        minute = (at_s // 60.0).astype(np.int64)
        kept = np.unique(minute)
        medians = np.array([float(np.median(values[minute == one])) for one in kept])
        yield kept.astype(np.float64), medians


def _windows(stays: Iterator[Series]) -> Iterator[Series]:
    for minutes, values in stays:
        first = minutes - minutes[0]
        for number in range(int(first[-1] // WINDOW_MIN) + 1):
            inside = first // WINDOW_MIN == number
            if inside.sum() >= LEAST_READINGS:
                yield minutes[inside], values[inside]


def _read(
    evidence: Path,
    folder: str,
    name: str,
    who: str,
    at: str,
    column: str,
    *,
    part: Callable[[dict[str, str]], str] | None = None,
) -> Iterator[Series]:
    """Yield one series a stay, in order of time; rows without a number are left out."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    path = evidence / folder / name
    if not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row[column] and row[at]:
                key = part(row) if part else row[who]
                found[key].append((float(row[at]), float(row[column])))
    for rows in found.values():
        kept = np.array(sorted(rows), np.float64)
        yield kept[:, 0], kept[:, 1]
