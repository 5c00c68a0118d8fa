"""How often chance alone reaches a limit: published, worked out and simulated agree."""

import json
import math
import subprocess
import sys
import tomllib
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from builders import GOLDEN

from monitor.study.false_triggers import Cadence, FalseTrigger, FalseTriggers, false_triggers

SESSIONS = 100_000
ERRORS = 4
"""Standard errors that one share in some 16,000 exceeds; there are three dozen of them."""

TABLE = tomllib.loads((GOLDEN / "false_triggers.toml").read_text(encoding="utf-8"))
PUBLISHED = [
    (row, noise, percent)
    for row in TABLE["row"]
    for noise, percent in zip(row["noise"], row["percent"], strict=True)
]


@cache
def found() -> FalseTriggers:
    return false_triggers(seed=20_261_124, sessions=SESSIONS)


def row_of(wanted: dict[str, Any], noise: float) -> FalseTrigger:
    """Return the only row that a published number is about."""
    keys = ("vital", "change", "baseline_readings", "consecutive")
    rows = [
        row
        for row in found().rows
        if row.noise == noise and all(getattr(row, key) == wanted[key] for key in keys)
    ]
    assert len(rows) == 1
    return rows[0]


def test_what_is_simulated_is_what_is_worked_out() -> None:
    assert len(found().rows) == 3 * (4 + 4 + 3 + 2)
    rows: list[FalseTrigger | Cadence] = [*found().rows, *found().cadences]
    for row in rows:
        rounding = 0.5 / SESSIONS
        assert abs(row.simulated - row.expected) <= ERRORS * row.standard_error + rounding, row


@pytest.mark.parametrize(("wanted", "noise", "percent"), PUBLISHED)
def test_published_shares_come_out_again(
    wanted: dict[str, Any], noise: float, percent: str
) -> None:
    row = row_of(wanted, noise)
    rounding = 0.5 * 10.0 ** -len(percent.partition(".")[2])
    error = math.sqrt(row.expected * (1 - row.expected) / TABLE["sessions"])
    assert abs(100 * row.expected - float(percent)) <= rounding + ERRORS * 100 * error
    both = math.hypot(error, row.standard_error)
    assert abs(100 * row.simulated - float(percent)) <= rounding + ERRORS * 100 * both


def test_every_row_is_published_but_one_that_never_happens() -> None:
    assert len(PUBLISHED) == len(found().rows) - 1


def test_a_repeat_is_worth_more_than_a_better_baseline() -> None:
    for one, three, repeated in zip(*[iter(sorted_rows())] * 3, strict=True):
        if 1e-3 < one.expected < 0.5:
            assert repeated.expected < three.expected / 3 < one.expected / 3


def sorted_rows() -> list[FalseTrigger]:
    """Return the rows so that the three ways to judge one limit and noise stand together."""
    return sorted(found().rows, key=lambda row: (row.vital, row.change, row.noise))


def test_a_pressure_every_half_hour_misses_most_onsets() -> None:
    assert [round(one.expected, 2) for one in found().cadences] == [1.0, 0.5, 0.33, 0.17]
    assert all(a.simulated > b.simulated for a, b in pairwise(found().cadences))


def test_the_same_seed_gives_the_same_table_and_the_command_prints_it() -> None:
    assert false_triggers(1, 500) == false_triggers(1, 500)
    assert false_triggers(1, 500) != false_triggers(2, 500)
    command = [sys.executable, "-m", "monitor", "score", "false-triggers", "--sessions", "500"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "SBP -20 mmHg, baseline mean of 3, 2 in a row" in shown
    assert "8: 25.7 %" in shown
    as_json = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    assert len(json.loads(as_json.stdout)["rows"]) == len(found().rows)
