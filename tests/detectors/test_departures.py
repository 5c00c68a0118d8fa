"""What is told of how far a bed has moved: every number against slow twins, one bed at a time."""

from typing import Final

import naive_excursions as naive
import numpy as np
import pytest
from arrays import Array
from builders import T0_MS, Message, detection, message, params, told
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import MISSING, NEVER, Channel
from detectors.departures import Departures, departures, zones
from detectors.detection import Detection
from detectors.directions import Concordance, Direction

BASELINE: Final = ("hr", "sbp", "dbp", "temp")
MOVED: Final = 1_000
WINDOW_MS: Final = 1_800_000

readings_of_beds = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0, 20, 60, 300, 4_000]),
        st.dictionaries(
            st.sampled_from(["hr", "sbp", "dbp", "map", "temp", "spo2"]),
            st.integers(30, 45),
            max_size=5,
        ),
    ),
    max_size=24,
)


def played(events: list[tuple[int, int, dict[str, int]]], learned: int) -> Detection:
    """Return three beds of which the first so many readings make the baselines."""
    made = detection(params(), n_beds=3)
    second = 0
    for index, (bed, gap, values) in enumerate(events):
        second += gap
        made.taking_baseline[:] = index < learned
        told(made, Message(bed=bed, at_s=second, values=dict(values)))
    return made


def rows_of(made: Detection, bed: list[int]) -> Departures:
    return departures(made, np.array(bed, np.int32))


def twin_samples(made: Detection, bed: int, channel: int) -> list[tuple[int, int]]:
    """Return what the history of a channel holds, the newest reading behind it once."""
    kept = made.history.rows(np.array([bed], np.int32))
    found = naive.samples(
        kept.value_centi[0, channel].tolist(), kept.measured_ms[0, channel].tolist()
    )
    newest = int(made.value_centi[bed, channel]), int(made.measured_ms[bed, channel])
    return found if newest[0] == MISSING or newest in found else [*found, newest]


@settings(max_examples=examples(60), deadline=None)
@given(events=readings_of_beds, learned=st.integers(0, 20))
def test_every_number_is_that_of_the_twin(
    events: list[tuple[int, int, dict[str, int]]], learned: int
) -> None:
    made = played(events, learned)
    found = rows_of(made, [2, 0, 1])
    for place, bed in enumerate((2, 0, 1)):
        base = made.baseline_centi[bed].tolist()
        held = made.value_centi[bed].tolist()
        newest_ms = int(made.at_ms[bed])
        young = [
            value if newest_ms - int(at_ms) <= made.params.valid_ms[channel] else MISSING
            for channel, (value, at_ms) in enumerate(zip(held, made.measured_ms[bed], strict=True))
        ]
        for channel in Channel:
            change = naive.difference(held[channel], base[channel])
            assert found.change_centi[place, channel] == change
            run = twin_samples(made, bed, channel)
            going = naive.slope_direction(run, MOVED // 10, WINDOW_MS, 3) if run else 2
            assert found.going[place, channel] == going
            slope = naive.slope(run, WINDOW_MS, 3) if run else float("nan")
            shown = found.slope_centi_per_min[place, channel]
            assert shown == pytest.approx(slope, nan_ok=True)
        for part, values in ((found.now, young), (found.before, base)):
            expected = naive.mean_pressure(values)
            mean = MISSING if expected is None else 3 * expected
            assert part.mean_pressure_3[place] == mean
            assert part.pulse_pressure[place] == naive.pulse_pressure(values)
            for index, is_modified in (
                (part.shock_index, False),
                (part.modified_shock_index, True),
            ):
                ratio = naive.shock(values, modified=is_modified)
                wanted = float("nan") if ratio is None else float(ratio)
                assert index[place] == pytest.approx(wanted, nan_ok=True)
        assert found.excess_milli[place] == naive.heart_rate_excess(young, base)
        gone = [
            naive.direction(naive.difference(young[channel], base[channel]), MOVED)
            for channel in (Channel.HR, Channel.SBP)
        ]
        assert found.together[place] == naive.concordance(*gone)


@settings(max_examples=examples(30), deadline=None)
@given(events=readings_of_beds)
def test_each_bed_is_as_by_itself_and_nothing_is_written(
    events: list[tuple[int, int, dict[str, int]]],
) -> None:
    made = played(events, 6)
    before = {name: one.copy() for name, one in made.arrays().items()}
    together, alone = rows_of(made, [0, 1, 2]), [rows_of(made, [bed]) for bed in range(3)]
    for bed, single in enumerate(alone):
        for name in ("change_centi", "noise_units", "noise_readings", "going", "together"):
            one: Array = getattr(single, name)[0]
            np.testing.assert_array_equal(getattr(together, name)[bed], one, name)
    for name, one in made.arrays().items():
        np.testing.assert_array_equal(one, before[name], name)


def learned() -> Detection:
    """Return a bed whose pressures at rest scatter around 120 by 2.97."""
    made = detection(params())
    made.taking_baseline[0] = True
    for minute, pressure in enumerate((130, 116, 118, 120, 122, 124)):
        told(made, message(400 + 60 * minute, sbp=pressure, hr=72))
    made.taking_baseline[0] = False
    return made


def test_a_fall_is_told_in_units_of_the_persons_own_noise() -> None:
    made = told(learned(), message(800, sbp=100, hr=90))
    found = rows_of(made, [0])
    assert found.change_centi[0, Channel.SBP] == -2_000
    assert found.noise_units[0, Channel.SBP] == pytest.approx(-2_000 / 297)
    assert found.noise_readings[0, Channel.SBP] == 5
    assert found.together[0] == Concordance.UP_DOWN
    assert np.isnan(found.noise_units[0, Channel.HR]), "readings that never differ have no noise"


def test_a_fall_that_goes_on_is_falling_and_by_so_much() -> None:
    made = learned()
    for minute, pressure in enumerate((116, 108, 100, 92)):
        told(made, message(4_000 + 300 * minute, sbp=pressure))
    found = rows_of(made, [0])
    assert found.going[0, Channel.SBP] == Direction.DOWN
    assert found.slope_centi_per_min[0, Channel.SBP] == pytest.approx(-160)
    assert found.going[0, Channel.TEMP] == Direction.UNKNOWN


def test_each_limit_has_its_own_stay() -> None:
    made = learned()
    for minute, (pressure, heart) in enumerate(((89, 72), (91, 135), (94, 136), (88, 128))):
        told(made, message(4_000 + 60 * minute, sbp=pressure, hr=heart))
    found = rows_of(made, [0])
    channel = np.array([Channel.SBP, Channel.SBP, Channel.HR], np.int32)
    stay = zones(
        found.recent,
        0,
        channel,
        np.array([8_999, 8_999, 13_001], np.int32),
        np.array([9_500, 9_200, 12_500], np.int32),
        np.full(len(Channel), 1_800_000, np.int64),
    )
    begun = T0_MS + 4_000_000
    assert stay.since_ms.tolist() == [begun, begun + 180_000, begun + 60_000]
    assert stay.total_ms.tolist() == [180_000, 60_000, 120_000]


def test_what_nobody_measured_is_not_known() -> None:
    found = rows_of(detection(params()), [0])
    assert (found.change_centi == MISSING).all()
    assert (found.going == Direction.UNKNOWN).all()
    assert (found.recent.measured_ms == NEVER).all()
    assert found.excess_milli[0] == MISSING
    assert found.together[0] == Concordance.UNKNOWN
    assert np.isnan(found.now.shock_index[0])
