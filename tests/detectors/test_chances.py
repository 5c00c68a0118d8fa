"""What chance alone does: the sums against another way to find them."""

import math

import numpy as np
import pytest
from builders import baseline_params
from scipy.integrate import quad
from scipy.stats import norm

from detectors.baseline_statistics import robust_centre, robust_noise
from detectors.chances import departure_share, false_trigger_share, seen_share


def integrated(
    limit_sigma: float, readings: int, baseline_readings: int, consecutive: int
) -> float:
    """Return the same share by a general integrator, runs counted by a transfer matrix."""

    def density(error: float) -> float:
        p = norm.sf(limit_sigma - error)
        step = np.zeros((consecutive + 1, consecutive + 1))
        step[:-1, 0] = 1 - p
        step[np.arange(consecutive), np.arange(consecutive) + 1] = p
        step[-1, -1] = 1
        reached = np.linalg.matrix_power(step, readings)[0, -1]
        return float(reached * norm.pdf(error, scale=1 / math.sqrt(baseline_readings)))

    return float(quad(density, -8, 8, epsabs=1e-13, limit=200)[0])


@pytest.mark.parametrize("limit_sigma", [0.5, 1.5, 2.5, 10 / 3, 5])
@pytest.mark.parametrize("baseline_readings", [1, 3])
@pytest.mark.parametrize("consecutive", [1, 2, 3])
def test_the_share_is_that_of_a_general_integrator(
    limit_sigma: float, baseline_readings: int, consecutive: int
) -> None:
    share = false_trigger_share(
        limit_sigma, readings=16, baseline_readings=baseline_readings, consecutive=consecutive
    )
    expected = integrated(limit_sigma, 16, baseline_readings, consecutive)
    assert share == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_nothing_triggers_without_readings_and_one_reading_is_a_normal_tail() -> None:
    assert false_trigger_share(0, readings=0, baseline_readings=1) == 0
    assert false_trigger_share(2, readings=1, baseline_readings=10**9) == pytest.approx(norm.sf(2))
    apart = false_trigger_share(2, readings=1, baseline_readings=1)
    assert apart == pytest.approx(norm.sf(2 / math.sqrt(2))), "the difference of two readings"
    assert false_trigger_share(2, readings=1, baseline_readings=1, consecutive=2) == 0


@pytest.mark.parametrize(
    ("readings", "baseline_readings", "consecutive"), [(-1, 1, 1), (16, 0, 1), (16, 1, 0)]
)
def test_numbers_that_mean_nothing_are_refused(
    readings: int, baseline_readings: int, consecutive: int
) -> None:
    with pytest.raises(ValueError, match="at least one reading"):
        false_trigger_share(
            2, readings=readings, baseline_readings=baseline_readings, consecutive=consecutive
        )


def test_a_reading_is_in_time_as_often_as_the_cadence_allows() -> None:
    assert [round(seen_share(every, 5), 2) for every in (5, 10, 15, 30)] == [1, 0.5, 0.33, 0.17]


@pytest.mark.parametrize("count", [5, 6, 8, 10, 16])
def test_a_departure_in_units_of_rough_noise_is_as_likely_as_in_drawn_sessions(count: int) -> None:
    """Sessions are drawn and their baseline and noise found by the kernels of real readings."""
    rng = np.random.default_rng(20_000 + count)
    rest = np.rint(rng.normal(12_000, 800, (60_000, 1, count))).astype(np.int32)
    highest = np.rint(rng.normal(12_000, 800, (60_000, 16))).max(axis=1)
    centre = robust_centre(rest)[:, 0].astype(np.int64)
    noise = robust_noise(baseline_params(), rest)[:, 0]
    known = noise > 0
    units = (highest - centre)[known] / noise[known]
    for limit in (2, 3, 4, 5, 6, 8):
        share = departure_share(limit, readings=16, baseline_readings=count)
        drawn = float((units >= limit).mean())
        assert share == pytest.approx(drawn, rel=0.34, abs=0.004)
        assert abs(share - drawn) < 0.06


def test_rough_noise_makes_chance_a_thousand_times_likelier_than_certain_noise_would() -> None:
    rough = departure_share(5, readings=16, baseline_readings=5)
    certain = false_trigger_share(5, readings=16, baseline_readings=5)
    assert rough > 0.1
    assert certain < 1e-4
    settled = departure_share(2, readings=16, baseline_readings=10**6)
    assert settled == pytest.approx(1 - norm.cdf(2) ** 16, rel=1e-2)


def test_a_departure_is_rarer_the_further_it_is_and_never_without_readings() -> None:
    shares = [departure_share(one / 2, readings=16, baseline_readings=7) for one in range(40)]
    assert shares == sorted(shares, reverse=True)
    assert departure_share(0, readings=0, baseline_readings=5) == 0


@pytest.mark.parametrize(("readings", "baseline_readings"), [(-1, 5), (16, 0)])
def test_a_departure_from_nothing_is_refused(readings: int, baseline_readings: int) -> None:
    with pytest.raises(ValueError, match="a baseline has one"):
        departure_share(2, readings=readings, baseline_readings=baseline_readings)
