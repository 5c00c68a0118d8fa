"""How far a person has moved: exact where something is decided, against twins with fractions."""

import math
from typing import Any

import naive_excursions as naive
import numpy as np
import pytest
from arrays import n_beds
from builders import T0_MS, Number, rows
from chance import examples
from excursion_kernels import excursion_arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import directions, excursions
from detectors.channels import MISSING, NEVER, Int8
from detectors.directions import Concordance, Direction
from detectors.quantities import MEAN_PRESSURE
from detectors.truth import Truth, truth

REST: dict[str, Number] = {"hr": 72, "sbp": 120, "dbp": 75, "temp": "36.7"}


def one(found: Any) -> Any:  # noqa: ANN401 - whatever an array holds
    """Return the only element of a result."""
    assert found.size == 1
    return found.reshape(-1)[0].item()


# ----------------------------------------------------------------------------- the twins


@settings(max_examples=examples(150))
@given(data=st.data(), n=n_beds)
def test_changes_are_those_of_the_twin(data: st.DataObject, n: int) -> None:
    drawn = excursion_arguments(data.draw, n)
    value, base = drawn["value_centi"], drawn["baseline_centi"]
    change = excursions.difference(value, base)
    for place in np.ndindex(value.shape):
        pair = int(value[place]), int(base[place])
        assert change[place] == naive.difference(*pair)


@settings(max_examples=examples(150))
@given(data=st.data(), n=n_beds)
def test_quantities_and_indices_are_those_of_the_twin(data: st.DataObject, n: int) -> None:
    drawn = excursion_arguments(data.draw, n)
    value, base = drawn["value_centi"], drawn["baseline_centi"]
    excess = excursions.heart_rate_excess(value, base)
    pulse = excursions.pulse_pressure(value)
    wider = excursions.pulse_pressure_change(value, base)
    mean = excursions.mean_pressure(value)
    plain, modified = excursions.shock_index(value), excursions.modified_shock_index(value)
    for bed in range(n):
        now, before = value[bed].tolist(), base[bed].tolist()
        assert excess[bed] == naive.heart_rate_excess(now, before)
        assert pulse[bed] == naive.pulse_pressure(now)
        assert wider[bed] == naive.pulse_pressure_change(now, before)
        expected = naive.mean_pressure(now)
        assert mean[bed] == (MISSING if expected is None else 3 * expected)
        for shown, is_modified in ((plain, False), (modified, True)):
            index = naive.shock(now, modified=is_modified)
            expected_index = math.nan if index is None else float(index)
            assert shown[bed] == pytest.approx(expected_index, nan_ok=True)


@settings(max_examples=examples(150))
@given(data=st.data(), n=n_beds)
def test_directions_and_noise_are_those_of_the_twin(data: st.DataObject, n: int) -> None:
    drawn = excursion_arguments(data.draw, n)
    change, noise, least = drawn["change_centi"], drawn["noise_centi"], drawn["least"]
    gone = directions.direction(change, least)
    units = excursions.noise_units(change, noise)
    for place in np.ndindex(change.shape):
        assert gone[place] == naive.direction(int(change[place]), least)
        pair = int(change[place]), int(noise[place])
        assert units[place] == pytest.approx(naive.noise_units(*pair), nan_ok=True)
    since = excursions.since_rate_step_ms(drawn["at_ms"], drawn["rate_step_ms"])
    for bed in range(n):
        pair = int(drawn["at_ms"][bed]), int(drawn["rate_step_ms"][bed])
        assert since[bed] == naive.since_rate_step_ms(*pair)


@pytest.mark.parametrize("heart", Direction)
@pytest.mark.parametrize("pressure", Direction)
def test_every_pair_of_directions_has_its_concordance(heart: int, pressure: int) -> None:
    pair = np.array([heart], np.int8), np.array([pressure], np.int8)
    assert one(directions.concordance(*pair)) == naive.concordance(heart, pressure)


def test_what_is_not_known_is_unknown_whatever_was_found() -> None:
    holds, known = np.array([True, False, True, False]), np.array([True, True, False, False])
    assert truth(holds, known).tolist() == [Truth.TRUE, Truth.FALSE, Truth.UNKNOWN, Truth.UNKNOWN]


# -------------------------------------------------------------------------- what they mean


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"hr": 72, "temp": "36.7"}, 0),
        ({"hr": "79.2", "temp": "37.7"}, 0),
        ({"hr": 79, "temp": "37.7"}, -200),
        ({"hr": 100, "temp": "38.7"}, 13_600),
        ({"hr": 100}, MISSING),
    ],
)
def test_a_degree_of_fever_explains_seven_beats(now: dict[str, Any], expected: int) -> None:
    assert one(excursions.heart_rate_excess(rows(now), rows(REST))) == expected


def test_a_measured_mean_pressure_goes_before_the_formula() -> None:
    cuff: dict[str, Number] = {"hr": 91, "sbp": 100, "dbp": 55}
    assert one(excursions.mean_pressure(rows(cuff))) == 3 * 7_000
    assert one(excursions.mean_pressure(rows({**cuff, "map": 60}))) == 3 * 6_000
    assert one(excursions.modified_shock_index(rows(cuff))) == pytest.approx(1.3)


def test_overload_widens_the_pulse_pressure_and_late_anaphylaxis_narrows_it() -> None:
    wide, narrow = rows({"sbp": 160, "dbp": 85}), rows({"sbp": 85, "dbp": 60})
    assert one(excursions.pulse_pressure_change(wide, rows(REST))) == 3_000
    assert one(excursions.pulse_pressure_change(narrow, rows(REST))) == -2_000


@pytest.mark.parametrize(
    ("hr", "sbp", "expected"),
    [
        (95, 150, Concordance.BOTH_UP),
        (110, 85, Concordance.UP_DOWN),
        (45, 80, Concordance.BOTH_DOWN),
        (50, 160, Concordance.DOWN_UP),
        (75, 80, Concordance.STILL),
    ],
)
def test_pictures_differ_in_how_pulse_and_pressure_move_together(
    hr: int, sbp: int, expected: Concordance
) -> None:
    change = excursions.difference(rows({"hr": hr, "sbp": sbp}), rows(REST))
    gone: Int8 = directions.direction(change, 1_500)
    heart, pressure = gone[:, 0], gone[:, 1]
    assert one(directions.concordance(heart, pressure)) == expected


def test_a_quantity_needs_every_channel_that_it_weighs() -> None:
    assert one(excursions.quantity_value(MEAN_PRESSURE, rows({"sbp": 120, "dbp": 75}))) == 27_000
    assert one(excursions.quantity_value(MEAN_PRESSURE, rows({"sbp": 120}))) == MISSING


def test_a_reading_from_before_the_rate_step_is_not_after_it() -> None:
    at_ms, step_ms = (np.array([ms], np.int64) for ms in (T0_MS, T0_MS + 1))
    assert one(excursions.since_rate_step_ms(at_ms, step_ms)) == 0
    assert one(excursions.since_rate_step_ms(step_ms, at_ms)) == 1
    assert one(excursions.since_rate_step_ms(at_ms, np.full(1, NEVER))) == NEVER
