"""Every kernel keeps what every kernel must keep (:mod:`checks`)."""

import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from arrays import Draw, n_beds, pick, times, values
from builders import T0_MS, shipped
from chance import examples
from checks import Kernel, check_kernel
from excursion_kernels import KERNELS as EXCURSION_KERNELS
from excursion_kernels import NOT_OVER_BEDS as EXCURSIONS_NOT_OVER_BEDS
from excursion_kernels import excursion_arguments, trend_arguments
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import (
    ages,
    baseline,
    clauses,
    confirmation,
    directions,
    excursions,
    expectations,
    explanation,
    memory,
    patterns,
    quality,
    rulebook,
    symptoms,
    trends,
    truth,
)
from detectors import baseline_statistics as statistics
from detectors.baseline import BASELINE_DEPTH
from detectors.channels import MISSING, N_CHANNELS, NEVER
from detectors.confirmation import GRADES, SignTrack
from detectors.context import N_FLAGS
from detectors.expectations import DRUG_PLACES
from detectors.memory import SignMemory
from detectors.patterns import NO_PATTERN, Matches, pattern_table
from detectors.rulebook import Judgement, forms

PARAMS = shipped()
N_SIGNS = len(PARAMS.signs)
N_CLAUSES = sum(len(rule.clauses) for rule in PARAMS.book.rules)
AGES_CENTI = (0, 1, 24, 25, 99, 100, 1000, 1001, 1201, 1800, 9000)
FIVE = ("value_centi", "measured_ms", "flags", "before_centi", "before_ms")
PAIRS = ("value_centi", "measured_ms", "before_centi", "before_ms")

KERNELS = {
    "plausibility": Kernel(
        call=quality.plausibility, per_bed=("value_centi",), dtypes=(np.int8,), nothing=(0,)
    ),
    "contradicted_pressures": Kernel(
        call=quality.contradicted_pressures,
        per_bed=("value_centi",),
        dtypes=(np.bool_,),
        nothing=(0,),
    ),
    "narrow_pulse_pressure": Kernel(
        call=quality.narrow_pulse_pressure,
        per_bed=("value_centi",),
        dtypes=(np.bool_,),
        nothing=(0,),
    ),
    "mean_as_systolic": Kernel(
        call=quality.mean_as_systolic,
        per_bed=("value_centi",),
        dtypes=(np.bool_,),
        nothing=(0,),
    ),
    "reasons": Kernel(call=quality.reasons, per_bed=FIVE, dtypes=(np.int8,), nothing=(0,)),
    "jumped": Kernel(call=quality.jumped, per_bed=PAIRS, dtypes=(np.bool_,), nothing=(0,)),
    "verdicts": Kernel(call=quality.verdicts, per_bed=FIVE, dtypes=(np.int8,), nothing=(0,)),
    "kept_readings": Kernel(
        call=statistics.kept_readings,
        per_bed=("value_centi", "count", "unsettled"),
        counts=("count", "unsettled"),
        dtypes=(np.int32,),
        nothing=(MISSING,),
    ),
    "robust_centre": Kernel(
        call=statistics.robust_centre,
        per_bed=("kept_centi",),
        dtypes=(np.int32,),
        nothing=(MISSING,),
    ),
    "robust_noise": Kernel(
        call=statistics.robust_noise,
        per_bed=("kept_centi",),
        dtypes=(np.int32,),
        nothing=(MISSING,),
    ),
    "drift": Kernel(
        call=statistics.drift, per_bed=("kept_centi",), dtypes=(np.int32,), nothing=(MISSING,)
    ),
    "still_settling": Kernel(
        call=statistics.still_settling,
        per_bed=("drift_centi",),
        dtypes=(np.bool_,),
        nothing=(0,),
    ),
    "baseline_doubt": Kernel(
        call=baseline.baseline_doubt,
        per_bed=("count",),
        counts=("count",),
        dtypes=(np.int32,),
        nothing=(0,),
    ),
    "baseline_state": Kernel(
        call=baseline.baseline_state,
        per_bed=("count",),
        counts=("count",),
        dtypes=(np.int8,),
        nothing=(0,),
    ),
    "remarkable": Kernel(
        call=baseline.remarkable,
        per_bed=("centre_centi", "age_centi"),
        dtypes=(np.bool_,),
        nothing=(0,),
    ),
    "age_in_force": Kernel(
        call=ages.age_in_force, per_bed=("age_centi",), dtypes=(np.int32,), nothing=(MISSING,)
    ),
    "judged": Kernel(
        call=rulebook.judged,
        per_bed=("value_centi", "baseline_centi", "age_centi_years", "doubt_centi", "leeway"),
        dtypes=(np.bool_, np.bool_, np.bool_),
        # Of a person of unknown age, rules for children only say no.
        nothing=(0, 0, np.array([not rule.ages.has_end for rule in PARAMS.book.rules])),
    ),
    "expected_rises": Kernel(
        call=expectations.expected_rises,
        per_bed=("given_ms", "at_ms", "baseline_ms"),
        dtypes=(np.int32,),
        nothing=(0,),
    ),
    "standing_in": Kernel(
        call=rulebook.standing_in,
        per_bed=("found", "baseline_centi"),
        dtypes=(np.bool_, np.bool_, np.bool_),
        nothing=(0, 0, 0),
    ),
    "advanced": Kernel(
        call=confirmation.advanced,
        per_bed=("track", "shown", "stays", "measured_ms", "at_once", "fresh"),
        dtypes=(np.int8, np.int64, np.int8, np.int64, np.int8),
        nothing=(0, NEVER, 0, NEVER, 0),
    ),
    "matched_rows": Kernel(
        call=patterns.matched_rows,
        per_bed=("grade", "recent", "since_ms", "rate_step_ms", "context", "at_ms"),
        dtypes=(np.bool_, np.bool_),
        nothing=(0, 0),
    ),
    "lifted_grade": Kernel(
        call=patterns.lifted_grade, per_bed=("matches",), dtypes=(np.int8,), nothing=(0,)
    ),
    "foremost_rows": Kernel(
        call=patterns.foremost_rows, per_bed=("matches",), dtypes=(np.bool_,), nothing=(0,)
    ),
    "is_contested": Kernel(
        call=patterns.is_contested,
        per_bed=("foremost",),
        dtypes=(np.bool_,),
        nothing=(0,),
        counts=("foremost",),
    ),
    "leading_row": Kernel(
        call=patterns.leading_row,
        per_bed=("foremost", "weight", "before"),
        dtypes=(np.int32,),
        nothing=(NO_PATTERN,),
        counts=("foremost", "weight", "before"),
    ),
    "noted": Kernel(
        call=memory.noted,
        per_bed=("memory", "grade", "since_ms", "at_ms"),
        dtypes=(np.int64, np.int64, np.bool_),
        nothing=(NEVER, NEVER, 0),
        counts=("at_ms",),
    ),
    "strength": Kernel(
        call=memory.strength,
        per_bed=("memory", "at_ms"),
        dtypes=(np.int32,),
        nothing=(0,),
        counts=("at_ms",),
    ),
    "recent_grade": Kernel(
        call=memory.recent_grade,
        per_bed=("memory", "at_ms"),
        dtypes=(np.int8,),
        nothing=(0,),
        counts=("at_ms",),
    ),
    **EXCURSION_KERNELS,
}

NOT_OVER_BEDS = {
    *EXCURSIONS_NOT_OVER_BEDS,
    "linear_form", "at_least", "forms", "age_of", "stand_in_channels",
    "outermost", "clause_reason", "rule_reasons", "clause_leeway", "leeway_table",
    "pattern_table", "symptom_signs", "grounds",
}  # fmt: skip
"""Functions about one row of a table, about one bed at a time, or about the whole state."""


def reading_arguments(draw: Draw, n: int) -> dict[str, Any]:
    value, before = draw(values(n)), draw(values(n))
    return {
        "limits": PARAMS.limits,
        "rows": PARAMS.pulse_pressure,
        "value_centi": value,
        "measured_ms": draw(times(value != MISSING)),
        "flags": pick(draw, np.uint16, (n, N_CHANNELS), 0, 1, 2, 3),
        "before_centi": before,
        "before_ms": draw(times(before != MISSING)),
    }


def baseline_arguments(draw: Draw, n: int) -> dict[str, Any]:
    count = pick(draw, np.int32, (n, N_CHANNELS), 0, 1, 2, 3, 15, 16, 17, 40)
    filled = np.arange(BASELINE_DEPTH) < np.minimum(count, BASELINE_DEPTH)[..., None]
    drawn = pick(draw, np.int32, filled.shape, 3_700, 9_000, 12_000, 12_001, 29_999)
    return {
        "params": PARAMS.baseline,
        "value_centi": np.where(filled, drawn, MISSING).astype(np.int32),
        "kept_centi": np.where(filled, drawn, MISSING).astype(np.int32),
        "count": count,
        "unsettled": np.minimum(count, pick(draw, np.int32, count.shape, 0, 1, 2, 14, 40)),
        "centre_centi": draw(values(n)),
        "age_centi": pick(draw, np.int32, (n,), MISSING, *AGES_CENTI),
        "drift_centi": pick(draw, np.int32, count.shape, MISSING, 0, 599, 600, -600, -601),
    }


def age_arguments(draw: Draw, n: int) -> dict[str, Any]:
    return {"age_centi": pick(draw, np.int32, (n,), MISSING, *AGES_CENTI)}


def track_arguments(draw: Draw, n: int) -> dict[str, Any]:
    shape, runs = (n, N_SIGNS), (n, N_SIGNS, GRADES)
    shown = pick(draw, np.int8, shape, 0, 1, 2, 3, 4)
    return {
        "params": PARAMS.confirmation,
        "track": SignTrack(
            grade=pick(draw, np.int8, shape, 0, 1, 2, 3, 4),
            since_ms=pick(draw, np.int64, runs, NEVER, T0_MS, T0_MS - 60_000),
            readings=pick(draw, np.int8, runs, 0, 1, 2),
            clear_since_ms=pick(draw, np.int64, runs, NEVER, T0_MS, T0_MS - 60_000),
            clear_readings=pick(draw, np.int8, runs, 0, 1, 2),
        ),
        "shown": shown,
        "stays": np.maximum(shown, pick(draw, np.int8, shape, 0, 1, 2, 3, 4)),
        "measured_ms": pick(draw, np.int64, shape, T0_MS, T0_MS + 15_000, T0_MS + 60_000),
        "at_once": pick(draw, np.bool_, shape, 0, 1),
        "fresh": pick(draw, np.bool_, shape, 0, 1),
    }


def pattern_arguments(draw: Draw, n: int) -> dict[str, Any]:
    n_rows = len(PARAMS.patterns)
    return {
        "table": pattern_table(PARAMS.patterns, PARAMS.signs),
        "grade": pick(draw, np.int8, (n, N_SIGNS), 0, 0, 0, 1, 2, 3, 4),
        "recent": pick(draw, np.int8, (n, N_SIGNS), 0, 0, 1, 2, 3, 4),
        "since_ms": pick(draw, np.int64, (n, N_SIGNS), NEVER, T0_MS, T0_MS - 120_000),
        "context": pick(draw, np.bool_, (n, N_FLAGS), 0, 1),
        "rate_step_ms": pick(draw, np.int64, (n,), NEVER, T0_MS, T0_MS - 1_800_000),
        "at_ms": pick(draw, np.int64, (n,), T0_MS, T0_MS + 1),
        "matches": Matches(
            lifts=pick(draw, np.bool_, (n, n_rows), 0, 0, 1),
            named=pick(draw, np.bool_, (n, n_rows), 0, 0, 1),
        ),
        "foremost": pick(draw, np.bool_, (n, n_rows), 0, 0, 1),
        "weight": pick(draw, np.int32, (n, n_rows), -3_000, 0, 2_000),
        "before": pick(draw, np.int32, (n,), NO_PATTERN, 0, 1),
        "inertia_centi": 1_000,
    }


def memory_arguments(draw: Draw, n: int) -> dict[str, Any]:
    ages = (NEVER, T0_MS, T0_MS - 1, T0_MS - 599_999, T0_MS - 600_000)
    return {
        "memory": SignMemory(
            last_ms=pick(draw, np.int64, (n, N_SIGNS, GRADES), *ages),
            begun_ms=pick(draw, np.int64, (n, N_SIGNS), *ages),
            present=pick(draw, np.bool_, (n, N_SIGNS), 0, 1),
        ),
        "grade": pick(draw, np.int8, (n, N_SIGNS), 0, 0, 1, 2, 3, 4),
        "since_ms": pick(draw, np.int64, (n, N_SIGNS), *ages),
        "at_ms": pick(draw, np.int64, (n,), T0_MS, T0_MS + 1),
        "memory_ms": 600_000,
    }


def drug_arguments(draw: Draw, n: int) -> dict[str, Any]:
    minutes = [T0_MS - 60_000 * minute for minute in (0, 19, 20, 360, 361)]
    return {
        "expectations": PARAMS.expectations,
        "given_ms": pick(draw, np.int64, (n, DRUG_PLACES), NEVER, T0_MS + 1, *minutes),
        "at_ms": pick(draw, np.int64, (n,), NEVER, T0_MS, T0_MS),
        "baseline_ms": pick(draw, np.int64, (n, N_CHANNELS), NEVER, *minutes),
    }


def judging_arguments(draw: Draw, n: int) -> dict[str, Any]:
    n_rules = len(PARAMS.book.rules)
    return {
        "stand_ins": np.arange(n_rules, dtype=np.int32) % (N_CHANNELS + 1) - 1,
        "found": Judgement(
            **{
                name: pick(draw, np.bool_, (n, n_rules), 0, 1)
                for name in ("holds", "stays", "unknown")
            }
        ),
        "doubt_centi": pick(draw, np.int32, (n, N_CHANNELS), 0, 500),
        "table": forms(PARAMS.book, PARAMS.hysteresis_centi),
        "leeway": pick(draw, np.float64, (n, N_CLAUSES), 0, 0, 2_000),
        "value_centi": draw(values(n)),
        "baseline_centi": draw(values(n)),
        "age_centi_years": pick(draw, np.int32, (n,), MISSING, *AGES_CENTI),
    }


MAKERS = (
    (reading_arguments, quality),
    (age_arguments, ages),
    (baseline_arguments, baseline),
    (baseline_arguments, statistics),
    (judging_arguments, rulebook),
    (drug_arguments, expectations),
    (track_arguments, confirmation),
    (pattern_arguments, patterns),
    (excursion_arguments, excursions),
    (excursion_arguments, directions),
    (excursion_arguments, truth),
    (trend_arguments, trends),
    (memory_arguments, memory),
)


@pytest.mark.parametrize("name", KERNELS)
@settings(max_examples=examples(40))
@given(data=st.data())
def test_it_keeps_what_every_kernel_must_keep(name: str, data: st.DataObject) -> None:
    kernel = KERNELS[name]
    module = inspect.getmodule(kernel.call)
    make = next(maker for maker, of in MAKERS if of is module)
    drawn = make(data.draw, data.draw(n_beds))
    wanted = inspect.signature(kernel.call).parameters
    check_kernel(kernel, {name: drawn[name] for name in wanted})


@pytest.mark.parametrize("module", [of for _, of in MAKERS] + [clauses, symptoms, explanation])
def test_every_function_is_checked_or_is_not_over_beds(module: ModuleType) -> None:
    functions = {
        name
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    assert functions <= set(KERNELS) | NOT_OVER_BEDS
