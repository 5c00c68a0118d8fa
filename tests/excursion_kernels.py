"""The kernels of excursions and trends: what each promises, and arguments to try it on."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from arrays import Array, Draw, holes, pick, values
from builders import T0_MS
from checks import Kernel
from hypothesis import strategies as st

from detectors import directions, excursions, trends, truth
from detectors.channels import MISSING, N_CHANNELS, NEVER
from detectors.directions import Concordance, Direction
from detectors.history import Recent
from detectors.quantities import MEAN_PRESSURE
from detectors.trends import ZoneTime
from detectors.truth import Truth

N_SAMPLES: Final = 6
GAPS_MS: Final = (0, 1, 59_999, 60_000, 60_001, 300_000, 10**12)
LEVELS: Final = (3_700, 7_200, 7_201, 7_260, 9_000, 11_999, 12_000)

VALUE, PAIR = ("value_centi",), ("value_centi", "baseline_centi")
CHANGE, GONE = ("change_centi", "noise_centi"), ("heart", "pressure")
SAMPLES: Final = ("value_centi", "measured_ms")
ZONE: Final = ("before", *SAMPLES, "enter_centi", "clear_centi")
NAN: Final = float("nan")


def _kernel(
    call: Callable[..., Any],
    per_bed: tuple[str, ...],
    dtype: type[np.generic],
    nothing: float,
    **unknowns: int,
) -> Kernel:
    return Kernel(
        call=call, per_bed=per_bed, dtypes=(dtype,), nothing=(nothing,), unknowns=unknowns
    )


def _truth(call: Callable[..., Any], per_bed: tuple[str, ...], **unknowns: int) -> Kernel:
    return _kernel(call, per_bed, np.int8, Truth.UNKNOWN, **unknowns)


def _change(call: Callable[..., Any], per_bed: tuple[str, ...]) -> Kernel:
    return _kernel(call, per_bed, np.int64, MISSING)


def _shown(call: Callable[..., Any], per_bed: tuple[str, ...], **unknowns: int) -> Kernel:
    return _kernel(call, per_bed, np.float64, NAN, **unknowns)


NOT_GONE: Final = {"heart": int(Direction.UNKNOWN), "pressure": int(Direction.UNKNOWN)}

KERNELS: Final[Mapping[str, Kernel]] = {
    "truth": _truth(truth.truth, ("holds", "known")),
    "difference": _change(excursions.difference, PAIR),
    "quantity_value": _change(excursions.quantity_value, VALUE),
    "quantity_change": _change(excursions.quantity_change, PAIR),
    "heart_rate_excess": _change(excursions.heart_rate_excess, PAIR),
    "pulse_pressure": _change(excursions.pulse_pressure, VALUE),
    "pulse_pressure_change": _change(excursions.pulse_pressure_change, PAIR),
    "mean_pressure": _change(excursions.mean_pressure, VALUE),
    "shock_index": _shown(excursions.shock_index, VALUE),
    "modified_shock_index": _shown(excursions.modified_shock_index, VALUE),
    "direction": _kernel(
        directions.direction, ("change",), np.int8, Direction.UNKNOWN, change=MISSING
    ),
    "concordance": _kernel(directions.concordance, GONE, np.int8, Concordance.UNKNOWN, **NOT_GONE),
    "since_rate_step_ms": _kernel(
        excursions.since_rate_step_ms, ("at_ms", "rate_step_ms"), np.int64, NEVER
    ),
    "noise_units": _shown(excursions.noise_units, CHANGE, change_centi=MISSING),
    "with_newest": Kernel(
        call=trends.with_newest,
        per_bed=("recent", "newest_centi", "newest_ms"),
        dtypes=(np.int32, np.int64),
        nothing=(MISSING, NEVER),
    ),
    "slope_at_least": _truth(trends.slope_at_least, SAMPLES),
    "slope_direction": _kernel(trends.slope_direction, SAMPLES, np.int8, Direction.UNKNOWN),
    "slope_centi_per_min": _shown(trends.slope_centi_per_min, SAMPLES),
    "zone_time": Kernel(
        call=trends.zone_time,
        per_bed=ZONE,
        dtypes=(np.bool_, np.int64, np.int64, np.int64),
        nothing=(0, NEVER, NEVER, NEVER),
    ),
}

NOT_OVER_BEDS: Final = frozenset({"no_zone_time"})


def run_of_samples(draw: Draw, n: int, levels: tuple[int, ...] = LEVELS) -> tuple[Array, Array]:
    """Return readings (bed, sample), oldest first: constant or not, with every kind of hole."""
    shape = (n, draw(st.sampled_from([0, 1, 2, N_SAMPLES])))
    drawn = pick(draw, np.int32, shape, *(levels if draw(st.booleans()) else levels[:1]))
    gaps = pick(draw, np.int64, shape, *GAPS_MS)
    missing = np.array([draw(holes(shape[1])) for _ in range(n)], np.bool_).reshape(shape)
    at_ms = T0_MS + np.cumsum(gaps, axis=1)
    return np.where(missing, MISSING, drawn).astype(np.int32), np.where(missing, NEVER, at_ms)


def excursion_arguments(draw: Draw, n: int) -> dict[str, Any]:
    """Return arguments of the kernels of excursions and truth."""
    shape = (n, N_CHANNELS)
    changes = (MISSING, -8_000, -3_000, -2_999, 0, 1, 2_999, 3_000, 10**9)
    directions = tuple(Direction)
    return {
        "value_centi": draw(values(n)),
        "baseline_centi": draw(values(n)),
        "quantity": MEAN_PRESSURE,
        "change": pick(draw, np.int64, shape, *changes),
        "change_centi": pick(draw, np.int64, shape, *changes),
        "least": draw(st.sampled_from([1, 3_000])),
        "heart": pick(draw, np.int8, (n,), *directions),
        "pressure": pick(draw, np.int8, (n,), *directions),
        "noise_centi": pick(draw, np.int32, shape, MISSING, -1, 0, 1, 400, 1_200),
        "at_ms": pick(draw, np.int64, (n,), NEVER, T0_MS, T0_MS + 1),
        "rate_step_ms": pick(draw, np.int64, (n,), NEVER, T0_MS, T0_MS - 60_000),
        "holds": pick(draw, np.bool_, shape, 0, 1),
        "known": pick(draw, np.bool_, shape, 0, 1),
    }


def trend_arguments(draw: Draw, n: int) -> dict[str, Any]:
    """Return arguments of the kernels of trends."""
    value, at_ms = run_of_samples(draw, n)
    inside = pick(draw, np.bool_, (n,), 0, 1)
    began = np.full(n, T0_MS - 120_000, np.int64)
    kept = pick(draw, np.int32, (n, N_CHANNELS, 2), MISSING, 3_700, 9_000)
    newest = pick(draw, np.int32, (n, N_CHANNELS), MISSING, 3_700, 9_000)
    return {
        "value_centi": value,
        "measured_ms": at_ms,
        "baseline_centi": pick(draw, np.int32, (n,), MISSING, 7_200, 9_000),
        "limit_centi_per_min": draw(st.sampled_from([-200, 0, 1, 60, 500])),
        "least_centi_per_min": draw(st.sampled_from([1, 60, 500])),
        "window_ms": draw(st.sampled_from([60_000, 300_000, 10**13])),
        "least_readings": draw(st.sampled_from([2, 3])),
        "recent": Recent(
            value_centi=kept, measured_ms=np.where(kept == MISSING, NEVER, np.int64(T0_MS))
        ),
        "newest_centi": newest,
        "newest_ms": np.where(
            newest == MISSING, NEVER, pick(draw, np.int64, newest.shape, T0_MS, T0_MS + 5_000)
        ),
        "before": ZoneTime(
            inside=inside,
            last_ms=np.where(inside, np.int64(T0_MS - 60_000), NEVER),
            since_ms=np.where(inside, began, NEVER),
            total_ms=np.where(inside, np.int64(60_000), 0),
        ),
        "enter_centi": pick(draw, np.int32, (n,), MISSING, 7_200, 9_000),
        "clear_centi": pick(draw, np.int32, (n,), MISSING, 7_200, 7_201, 12_000),
        "valid_ms": draw(st.sampled_from([60_000, 300_000])),
    }
