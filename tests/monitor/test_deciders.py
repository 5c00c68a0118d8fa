"""What lifted a window is counted once, with how sure it was."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from builders import pattern

from detectors.channels import MISSING, N_CHANNELS, Channel
from monitor.facts.windows import MINUTE_MS, Sets
from monitor.settings.settings import load_settings
from monitor.study.background import judged_windows
from monitor.study.deciders import DeciderCounts
from monitor.ward.ward_settings import WardSettings

SETTINGS: Final = load_settings(Path(__file__).resolve().parents[2] / "config").ward
WELL: Final = {"HR": 72, "SBP": 124, "DBP": 76}


def sets(*windows: tuple[tuple[int, dict[str, int]], ...]) -> Sets:
    """Return the sets of windows, each a row of (minutes since it began, values)."""
    flat = [(n, at_min, values) for n, rows in enumerate(windows) for at_min, values in rows]
    value = np.full((len(flat), N_CHANNELS), MISSING, np.int32)
    for index, (_, _, values) in enumerate(flat):
        for name, number in values.items():
            value[index, Channel[name]] = 100 * number
    return Sets(
        window=np.array([n for n, _, _ in flat], np.int32),
        since_ms=np.array([at_min * MINUTE_MS for _, at_min, _ in flat], np.int64),
        value_centi=value,
    )


def low(sbp: int, hr: int = 72) -> dict[str, int]:
    return {"HR": hr, "SBP": sbp, "DBP": sbp - 30}


def deciders(settings: WardSettings, some: Sets) -> dict[str, DeciderCounts]:
    n_windows = int(some.window.max()) + 1
    ages = np.full(n_windows, 50, np.int32)
    counts = judged_windows(settings, some, ages, by_hand=True, asks_why=True)
    assert sum(one.windows for one in counts.deciders.values()) == (counts.peak >= 2).sum()
    silent = judged_windows(settings, some, ages, by_hand=True)
    assert not silent.deciders, "nobody asked"
    assert silent.peak.tolist() == counts.peak.tolist()
    return dict(counts.deciders)


def test_a_single_extreme_that_is_gone_at_the_next_reading_is_like_an_artefact() -> None:
    once = ((-30, WELL), (30, low(72, 95)), (60, WELL), (90, WELL))
    twice = ((-30, WELL), (30, low(72, 95)), (60, low(72, 95)), (90, WELL))
    well = ((-30, WELL), (30, WELL), (60, WELL), (90, WELL))
    (found,) = deciders(SETTINGS, sets(once, twice, well)).values()
    assert found == DeciderCounts(windows=2, single=2, gone_at_next=1, artefact_like=1)


def test_what_two_readings_confirmed_is_not_single() -> None:
    slow = ((-30, WELL), (30, low(85)), (60, low(85)), (90, low(85)))
    found = deciders(SETTINGS, sets(slow))
    assert found == {"hypotension.level-fall.2": DeciderCounts(windows=1)}


def test_what_stood_before_is_told_apart_and_so_is_what_waits_to_clear() -> None:
    stood = ((-60, low(68)), (-30, low(68)), (30, low(68)), (60, low(68)))
    clearing = ((-90, low(68)), (-60, low(68)), (-30, low(110)), (30, low(110)), (60, low(110)))
    found = deciders(SETTINGS, sets(stood, clearing))
    assert found["clearing.hypotension"] == DeciderCounts(windows=1, stood=1)
    del found["clearing.hypotension"]
    (other,) = found.values()
    assert other == DeciderCounts(windows=1, stood=1)


def test_a_picture_can_decide_where_no_sign_does() -> None:
    rows = (pattern("febrile", every=(("tachycardia", 1),), floor=2),)
    given = replace(SETTINGS, detection=replace(SETTINGS.detection, patterns=rows, clues=()))
    fast = ((-30, WELL), (30, low(124, 112)), (60, low(124, 112)))
    assert deciders(given, sets(fast)) == {"pattern.febrile": DeciderCounts(windows=1)}


def test_a_reading_that_the_gate_doubted_is_like_an_artefact() -> None:
    # A pulse pressure of 2 is doubted; the next one bears the fall out.
    doubted = ((-30, WELL), (30, {"SBP": 72, "DBP": 70}), (60, {"SBP": 72, "DBP": 70}))
    (found,) = deciders(SETTINGS, sets(doubted)).values()
    assert found == DeciderCounts(windows=1, doubted=1, artefact_like=1)
