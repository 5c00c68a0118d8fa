"""Quiet stretches of real recordings beside uneventful sessions: levels, differences, rules.

A window is quiet where no reading in it is far out: systolic pressure from 90 to 180 mmHg, heart
rate below 120 /min. Intensive care is sicker and moves more than an infusion clinic, so what is
taken from it is an upper bound of unrest, not a target. Simulated sessions are those of a cohort
without reactions, with its children, its old, and whatever people do; they are looked at through
the same windows, at the median interval of each channel of the recording, and held to the same
quiet.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detectors.channels import CHANNEL_NAMES, Float
from scripts.shown_sessions import Series, uneventful_sessions

WINDOW_MIN: Final = 240
LEAST_READINGS: Final = 4
"""Charts have about a reading an hour, and two of them are what the rules start from."""

ADULT_YEARS: Final = 16
QUIET: Final = {"sbp": (90.0, 180.0), "hr": (0.0, 120.0)}
POSSIBLE: Final = {
    "hr": (15.0, 300.0), "sbp": (20.0, 300.0), "dbp": (5.0, 225.0), "temp": (30.0, 43.0),
    "spo2": (40.0, 100.0), "rr": (2.0, 80.0),
}  # fmt: skip
"""What no body shows is left out of a recording, as any door refuses it."""

LEVELS: Final = {"sbp": (108.0, 138.0), "hr": (60.0, 84.0)}
"""Between these every simulated adult rests (:func:`simulators.physiology.person`)."""

FLAGGED: Final = {"sbp": (100.0, 160.0), "hr": (0.0, 100.0)}
"""Beyond these a baseline is marked as abnormal."""

WORDS: Final = {
    "sbp": "systolic", "dbp": "diastolic", "hr": "heart rate", "temp": "temperature",
    "spo2": "saturation", "rr": "breathing",
}  # fmt: skip
FOUR: Final = ("sbp", "hr", "temp", "spo2")

Window = dict[str, Series]
"""Minutes and values by channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """One collection of recordings: which file, who, when, and the column of each channel."""

    name: str
    folder: str
    file: str
    who: str
    at: str
    columns: Mapping[str, str]
    per_min: float = 1.0
    """How many units of its time a minute has."""
    is_quiet: bool = True
    """Whether only its quiet windows count."""


COLLECTIONS: Final = (
    Collection(
        name="eICU demo", folder="eicu-demo-nibp", file="nibp.csv.gz", who="stay", at="t_min",
        columns={"sbp": "SBP", "dbp": "DBP"},
    ),
    Collection(
        name="MIMIC-III demo", folder="mimic3-demo", file="vitals.csv.gz", who="icustay_id",
        at="t_min",
        columns={
            "sbp": "SBP_nibp", "dbp": "DBP_nibp", "hr": "HR", "temp": "Temp_C", "spo2": "SpO2",
            "rr": "RR",
        },
    ),
    Collection(
        name="PhysioNet 2012", folder="physionet2012-seta", file="vitals.csv.gz", who="rid",
        at="t_min",
        columns={
            "sbp": "SBP_nibp", "dbp": "DBP_nibp", "hr": "HR", "temp": "Temp_C", "spo2": "SaO2",
            "rr": "RR",
        },
    ),
    Collection(
        name="exams, median a minute", folder="exam-stress", file="hr_1hz.csv.gz",
        who="subject exam", at="t_s", columns={"hr": "HR"}, per_min=60.0, is_quiet=False,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The windows of one collection, and the same windows of simulated people."""

    name: str
    real: Sequence[Window]
    simulated: Sequence[Window]
    adults: Sequence[Window]
    every: Sequence[Window]
    """All windows of the recording, quiet or not; none where quiet does not count."""
    every_adult: Sequence[Window]


def compared_collections(evidence: Path, *, people: int, seed: int) -> Iterator[Compared]:
    """Yield every collection that is there beside simulated people."""
    shown: list[tuple[int, Window]] = []
    for one in COLLECTIONS:
        every = list(_windows(_stays(evidence, one)))
        real = [window for window in every if not one.is_quiet or is_quiet(window)]
        if not real:
            continue
        shown = shown or _sessions(people, seed)
        every_min = _intervals(real)
        taken = [(age, looked_at(session, every_min)) for age, session in shown]
        held = [(age, one_of) for age, one_of in taken if not one.is_quiet or is_quiet(one_of)]
        yield Compared(
            name=one.name,
            real=real,
            simulated=[window for _, window in held if window],
            adults=[window for age, window in held if window and age >= ADULT_YEARS],
            every=every if one.is_quiet else (),
            every_adult=[window for age, window in taken if window and age >= ADULT_YEARS],
        )


def _intervals(windows: Sequence[Window]) -> dict[str, float]:
    """Return the median interval of each channel [min]."""
    steps: dict[str, list[Float]] = defaultdict(list)
    for window in windows:
        for key, (at_min, _) in window.items():
            steps[key].append(np.diff(at_min))
    return {key: float(np.median(np.concatenate(found))) for key, found in steps.items()}


def _sessions(people: int, seed: int) -> list[tuple[int, Window]]:
    """Return the age of each person, and all that was shown of them in the first four hours."""
    found = []
    for one in uneventful_sessions(people, seed):
        window: Window = {}
        for channel, (at_s, values) in one.shown.items():
            inside = at_s < WINDOW_MIN * 60
            window[CHANNEL_NAMES[channel]] = (at_s[inside] / 60.0, values[inside])
        found.append((one.here.who.age_years, window))
    return found


def looked_at(session: Window, every_min: Mapping[str, float]) -> Window:
    """Return a session as somebody charts it who looks at these intervals [min].

    What was shown last before each look counts, and nothing twice.
    """
    found: Window = {}
    for key, every in every_min.items():
        if key not in session:
            continue
        at_min, values = session[key]
        looks = np.arange(at_min[0], at_min[-1] + 1e-9, every)
        last = np.unique(np.searchsorted(at_min, looks + 1e-9, side="right") - 1)
        if len(last) >= LEAST_READINGS:
            found[key] = (at_min[last], values[last])
    return found


def is_quiet(window: Window) -> bool:
    """Return whether nothing in a window is far out."""
    return all(
        bool(((window[key][1] >= low) & (window[key][1] < high)).all())
        for key, (low, high) in QUIET.items()
        if key in window
    )


def crosses(window: Window, key: str) -> bool:
    """Return whether one channel of a window crosses its rule, from its first two readings on."""
    values = window[key][1]
    first, later = values[:2].mean(), values[2:]
    if key == "sbp":
        return bool((later <= first - 30.0).any())
    if key == "hr":
        return bool((later >= first + 30.0).any())
    if key == "temp":
        return bool(((later >= first + 1.0) & (later >= 38.0)).any())  # noqa: PLR2004 - a fever
    return bool((later < 90.0).any())  # noqa: PLR2004 - a low saturation


def reaches(window: Window, key: str) -> bool:
    """Return whether a channel is beyond its fixed limit after its first two readings."""
    low, high = QUIET[key]
    later = window[key][1][2:]
    return bool((later < low).any() if key == "sbp" else (later >= high).any())


def begins(window: Window, key: str) -> float:
    """Return the level at which a window begins: the mean of its first two readings."""
    return float(window[key][1][:2].mean())


def _stays(evidence: Path, one: Collection) -> Iterator[Window]:
    """Yield one stay after the other, every channel in order of time."""
    path = evidence / one.folder / one.file
    if not path.exists():
        return
    found: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            who = " ".join(row[column] for column in one.who.split())
            for key, column in one.columns.items():
                if not row[column] or not row[one.at]:
                    continue
                value = float(row[column])
                if POSSIBLE[key][0] <= value <= POSSIBLE[key][1]:
                    found[who][key].append((float(row[one.at]) / one.per_min, value))
    for stay in found.values():
        series = {key: np.array(sorted(pairs), np.float64) for key, pairs in stay.items()}
        yield {
            key: _by_minute(pairs) if one.per_min > 1.0 else (pairs[:, 0], pairs[:, 1])
            for key, pairs in series.items()
        }


def _by_minute(pairs: Float) -> Series:
    """Return the median of each whole minute."""
    minute = pairs[:, 0].astype(np.int64)
    kept = np.unique(minute)
    medians = np.array([float(np.median(pairs[minute == one, 1])) for one in kept])
    return kept.astype(np.float64), medians


def _windows(stays: Iterator[Window]) -> Iterator[Window]:
    for stay in stays:
        first = min(at_min[0] for at_min, _ in stay.values())
        last = max(at_min[-1] for at_min, _ in stay.values())
        for number in range(int((last - first) // WINDOW_MIN) + 1):
            found: Window = {}
            for key, (at_min, values) in stay.items():
                inside = (at_min - first) // WINDOW_MIN == number
                if inside.sum() >= LEAST_READINGS:
                    found[key] = (at_min[inside], values[inside])
            if found:
                yield found
