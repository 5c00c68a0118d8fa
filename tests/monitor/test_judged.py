"""What explains many beds, gathered at once, is what explains each of them by itself."""

from collections.abc import Callable

import numpy as np
import pytest
from builders import ward_settings

from benchmarks.wards import Load, running_ward
from monitor.ward.bedside import Bedside
from monitor.ward.judged import Judged
from monitor.ward.likelihood import likely_pictures
from monitor.ward.opinions import opinions
from monitor.ward.pictures import seen
from monitor.ward.ward_state import WardState

N_BEDS = 12


@pytest.fixture(scope="module")
def state() -> WardState:
    """A ward in which half of the beds react, each for a time of its own."""
    load = Load(n_beds=N_BEDS, reacting_share=0.5)
    ward = running_ward(ward_settings(), load)
    for second in load.seconds(90):
        ward.step(second.now_ms, second.readings, ())
    return ward.state


@pytest.mark.parametrize("told", [seen, opinions, likely_pictures])
def test_among_others_a_bed_is_told_the_same_as_alone(
    state: WardState, told: Callable[[WardState, Bedside, Judged | None], object]
) -> None:
    rows = np.arange(N_BEDS, dtype=np.int32)[::-1].copy()
    together = Judged(state, rows)
    among = [told(state, state.beds[row], together) for row in rows]
    assert among == [told(state, state.beds[row], None) for row in rows]
    assert len({repr(one) for one in among}) > 1, "the beds must differ"
