"""The staircase: planned, moved by a nurse, and ended by its volume."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.infusion import (
    LADDER_ML_PER_KG_H,
    RUNG_S,
    Move,
    infused_ml_per_kg,
    rate_course,
    rungs,
)


def test_an_undisturbed_infusion_climbs_the_ladder_and_ends_when_the_volume_is_in() -> None:
    staircase = rungs(600, [], volume_ml_per_kg=4.0)

    assert [rung.rate_ml_per_kg_h for rung in staircase] == [*LADDER_ML_PER_KG_H, 0.0]
    assert [rung.at_s for rung in staircase[:2]] == [600, 600 + RUNG_S]
    # 0.075 + 0.15 + 0.3 + 0.6 + 0.9 mL/kg in 75 minutes, the remaining 1.975 at 4.8 mL/kg/h.
    assert staircase[-1].at_s - (600 + 4500) == pytest.approx(1.975 / 4.8 * 3600, abs=1)
    assert staircase[-1].state == "complete"


def test_slow_halves_and_nobody_raises_it_again() -> None:
    staircase = rungs(0, [Move(at_s=1000, verb="slow")], volume_ml_per_kg=4.0)

    assert [rung.rate_ml_per_kg_h for rung in staircase] == [0.3, 0.6, 0.3, 0.0]


def test_pause_and_resume_at_half_the_rate_before() -> None:
    moves = [Move(at_s=1000, verb="pause"), Move(at_s=2000, verb="resume")]
    staircase = rungs(0, moves, volume_ml_per_kg=4.0)

    assert [rung.state for rung in staircase] == [
        "infusing",
        "infusing",
        "paused",
        "infusing",
        "complete",
    ]
    assert staircase[3].rate_ml_per_kg_h == 0.3


def test_stop_is_the_end() -> None:
    moves = [Move(at_s=1000, verb="stop")]

    assert rungs(0, moves, volume_ml_per_kg=4.0)[-1].state == "stopped"


@given(st.floats(min_value=0.01, max_value=20.0), st.integers(min_value=0, max_value=7200))
def test_what_ran_in_is_the_area_under_the_rate(volume: float, until_s: int) -> None:
    staircase = rungs(100, [], volume_ml_per_kg=volume)
    area = float(np.sum(rate_course(staircase, until_s))) / 3600

    assert infused_ml_per_kg(staircase, until_s) == pytest.approx(area, abs=1e-9)
    assert infused_ml_per_kg(staircase, 10**6) == pytest.approx(volume, abs=4.8 / 3600)


def test_a_volume_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"volume of an infusion is 0 mL/kg, must be above 0"):
        rungs(0, [], volume_ml_per_kg=0)


def test_a_move_before_the_start_is_refused() -> None:
    with pytest.raises(ValueError, match="a move comes before the start at 600 s"):
        rungs(600, [Move(at_s=599, verb="slow")], volume_ml_per_kg=4.0)
