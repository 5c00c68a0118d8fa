"""The life of a baseline: every event in every state, and what is not learned."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from builders import T0_MS, baseline_params, centi, detection, message, params, round_of

from detectors.baseline import BaselineState
from detectors.baseline_life import (
    TABLE,
    BaselineEvent,
    Deed,
    deeds,
    freeze,
    life_states,
    set_aside,
)
from detectors.baseline_renewal import Renewal, renewed
from detectors.channels import MISSING, N_CHANNELS, Channel, Flag
from detectors.detection import Detection

ROW = np.array([0], np.int32)
READ_BEFORE = {"ABSENT": 0, "PROVISIONAL": 2, "ESTABLISHED": 4, "FROZEN": 4}

AFTER = {
    ("ABSENT", "READING"): "PROVISIONAL",
    ("ABSENT", "DRUG"): "ABSENT",
    ("ABSENT", "START"): "FROZEN",
    ("ABSENT", "REST"): "ABSENT",
    ("PROVISIONAL", "READING"): "PROVISIONAL",
    ("PROVISIONAL", "DRUG"): "PROVISIONAL",
    ("PROVISIONAL", "START"): "FROZEN",
    ("PROVISIONAL", "REST"): "PROVISIONAL",
    ("ESTABLISHED", "READING"): "ESTABLISHED",
    ("ESTABLISHED", "DRUG"): "ESTABLISHED",
    ("ESTABLISHED", "START"): "FROZEN",
    ("ESTABLISHED", "REST"): "ESTABLISHED",
    ("FROZEN", "READING"): "FROZEN",
    ("FROZEN", "DRUG"): "FROZEN",
    ("FROZEN", "START"): "FROZEN",
    ("FROZEN", "REST"): "FROZEN",
}
"""What is true after each event in each state, written from what is promised."""


def bed_in(state: str) -> Detection:
    """Return a bed whose heart rate has a baseline in a state; it was read each minute."""
    made = detection(params(baseline=baseline_params(not_during=("skin",))))
    made.taking_baseline[0] = True
    for minute in range(READ_BEFORE[state]):
        made.take(round_of(message(60 * minute, hr=70 + minute)))
    if state == "FROZEN":
        freeze(made.params.baseline, made, 0)
    return made


def rested(made: Detection, rates: Sequence[int]) -> Renewal:
    """End a pause of an hour in whose last minutes the heart rate was as given."""
    for number, rate in enumerate(rates):
        kept_s = 3600 + 30 * number
        values = np.full((1, N_CHANNELS), MISSING, np.int32)
        values[0, Channel.HR] = centi(rate)
        at_ms = np.full((1, N_CHANNELS), T0_MS + 1000 * kept_s, np.int64)
        new = values != MISSING
        made.history.take(made.params.history_spacing_ms, ROW, values, at_ms, new)
    return renewed(
        made.params.baseline, made, 0, paused_ms=T0_MS, at_ms=T0_MS + 1000 * (3600 + 300)
    )


def state_of(made: Detection) -> str:
    return BaselineState(life_states(made.params.baseline, made, ROW)[0, Channel.HR]).name


def test_the_table_has_every_cell() -> None:
    assert set(TABLE) == set(BaselineState)
    assert all(set(row) == set(BaselineEvent) for row in TABLE.values())
    pairs = {(state.name, event.name) for state, event in product(BaselineState, BaselineEvent)}
    assert set(AFTER) == pairs


@pytest.mark.parametrize(("state", "event"), AFTER)
def test_every_event_in_every_state(state: str, event: str) -> None:
    made = bed_in(state)
    assert state_of(made) == state
    before = made.baseline_centi[0, Channel.HR]
    asked = deeds(made.params.baseline, made, ROW, BaselineEvent[event])[0, Channel.HR]
    assert asked == TABLE[BaselineState[state]][BaselineEvent[event]]
    if event == "READING":
        made.take(round_of(message(600, hr=90)))
        learned = made.baseline_centi[0, Channel.HR] != before
        assert learned == (asked == Deed.TAKE)
    elif event == "DRUG":
        set_aside(made.params.baseline, made, 0, T0_MS + 500_000)
        assert made.baseline_centi[0, Channel.HR] == before
        made.take(round_of(message(600, hr=90)))
        fresh = made.baseline_centi[0, Channel.HR] == centi(90)
        assert fresh == (asked == Deed.SET_ASIDE or state == "ABSENT")
        return
    elif event == "START":
        freeze(made.params.baseline, made, 0)
        assert made.baseline_centi[0, Channel.HR] == before
    else:
        rested(made, (78, 79, 80))
        renewed_ = made.baseline_centi[0, Channel.HR] == centi(79)
        assert renewed_ == (asked == Deed.RENEW)
    assert state_of(made) == AFTER[state, event]


def test_readings_before_a_drug_stand_until_one_after_it() -> None:
    made = bed_in("ESTABLISHED")
    set_aside(made.params.baseline, made, 0, T0_MS + 400_000)
    made.take(round_of(message(390, hr=99)))
    assert made.baseline_centi[0, Channel.HR] == centi(72), "late, from before the drug"
    assert state_of(made) == "ESTABLISHED"
    made.take(round_of(message(400, hr=88)))
    assert made.baseline_centi[0, Channel.HR] == centi(88)
    assert state_of(made) == "PROVISIONAL"


def test_a_drug_from_before_the_last_reading_sets_nothing_aside() -> None:
    made = bed_in("ESTABLISHED")
    set_aside(made.params.baseline, made, 0, T0_MS + 180_000)
    made.take(round_of(message(400, hr=74)))
    assert made.window.count[0, Channel.HR] == 5


def test_unsettled_readings_are_left_out_once_there_are_enough_after_the_rest() -> None:
    made = detection(params())
    made.taking_baseline[0], made.opened_ms[0] = True, T0_MS
    centres = []
    for second, rate in ((60, 96), (120, 94), (240, 92), (300, 80), (360, 78), (420, 79)):
        made.take(round_of(message(second, hr=rate)))
        centres.append(int(made.baseline_centi[0, Channel.HR]))
    assert centres == [9600, 9400, 9300, 9200, 8600, 7900]


@pytest.mark.parametrize("why", ["doubted", "shivering"])
def test_what_is_doubted_or_shivered_is_not_learned_but_counted(why: str) -> None:
    made = bed_in("ABSENT")
    if why == "shivering":
        made.charted[0, made.params.signs.index("skin")] = 1
    flags = Flag.QUESTIONABLE if why == "doubted" else Flag.NONE
    made.take(round_of(message(0, flags=flags, hr=120)))
    assert made.baseline_centi[0, Channel.HR] == MISSING
    assert made.window.refused[0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    made.charted[0] = 0
    made.take(round_of(message(60, hr=70)))
    assert made.baseline_centi[0, Channel.HR] == centi(70)
