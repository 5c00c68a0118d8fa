"""The first row that matches names the picture."""

from dataclasses import replace

import naive
import numpy as np
import pytest
from arrays import Array, Draw, n_beds, pick
from builders import T0_MS, pattern, shipped
from hypothesis import given
from hypothesis import strategies as st

from detectors.channels import NEVER
from detectors.patterns import (
    NO_PATTERN,
    PatternRow,
    leading_row,
    matched_rows,
    pattern_table,
)

SIGNS = ("low", "slow", "skin")
AGES = (0, 1, 119_999, 120_000, 120_001, 1_799_999, 1_800_000, 1_800_001, 10**12)

pairs = st.dictionaries(st.sampled_from(SIGNS), st.integers(1, 4), max_size=3).map(
    lambda wanted: tuple(wanted.items())
)
pattern_rows = st.builds(
    PatternRow,
    name=st.just("picture"),
    every=pairs,
    some=pairs,
    none=pairs,
    floor=st.integers(0, 4),
    lasting_ms=st.sampled_from([0, 1, 120_000]),
    after_rate_step_ms=st.sampled_from([0, 1, 1_800_000]),
    source=st.just(()),
).filter(lambda row: bool(row.every or row.some))


def assert_as_twin(rows: tuple[PatternRow, ...], signs: tuple[str, ...], *beds: Array) -> None:
    grade, since_ms, step_ms, at_ms = beds
    got = matched_rows(pattern_table(rows, signs), *beds)
    expected = [
        [
            naive.pattern_matches(
                row,
                dict(zip(signs, grade[bed].tolist(), strict=True)),
                {sign: naive.known(since_ms[bed, s]) for s, sign in enumerate(signs)},
                naive.known(step_ms[bed]),
                int(at_ms[bed]),
            )
            for row in rows
        ]
        for bed in range(len(grade))
    ]
    assert got.shape == (len(grade), len(rows))
    assert got.tolist() == expected
    assert leading_row(got).tolist() == naive.leading_row(expected)


def drawn_beds(draw: Draw, n_signs: int) -> tuple[Array, Array, Array, Array]:
    n = draw(n_beds)
    at_ms = np.full(n, T0_MS, np.int64) + pick(draw, np.int64, (n,), 0, 1, 10**9)
    ages = pick(draw, np.int64, (n, n_signs), -1, *AGES)
    since_ms = np.where(ages < 0, NEVER, at_ms[:, None] - ages)
    step_ages = pick(draw, np.int64, (n,), -1, *AGES)
    step_ms = np.where(step_ages < 0, NEVER, at_ms - step_ages)
    return pick(draw, np.int8, (n, n_signs), 0, 1, 2, 3, 4), since_ms, step_ms, at_ms


@given(rows=st.lists(pattern_rows, max_size=5).map(tuple), data=st.data())
def test_any_table_matches_as_its_twin(rows: tuple[PatternRow, ...], data: st.DataObject) -> None:
    assert_as_twin(rows, SIGNS, *drawn_beds(data.draw, len(SIGNS)))


@given(data=st.data())
def test_the_shipped_table_matches_as_its_twin(data: st.DataObject) -> None:
    params = shipped()
    assert_as_twin(params.patterns, params.signs, *drawn_beds(data.draw, len(params.signs)))


def named(since_s: int | None = 0, step_s: int | None = None, **grades: int) -> str:
    """Return the shipped pattern of a bed with these signs."""
    params = shipped()
    grade = np.array([[grades.get(sign, 0) for sign in params.signs]], np.int8)
    begun = NEVER if since_s is None else T0_MS - 1000 * since_s
    stepped = NEVER if step_s is None else T0_MS - 1000 * step_s
    matches = matched_rows(
        pattern_table(params.patterns, params.signs),
        grade,
        np.where(grade > 0, begun, NEVER),
        np.array([stepped], np.int64),
        np.array([T0_MS], np.int64),
    )
    row = int(leading_row(matches)[0])
    return params.patterns[row].name if row != NO_PATTERN else ""


@pytest.mark.parametrize(
    ("grades", "name"),
    [
        ({}, ""),
        ({"hypotension": 2, "skin": 1}, "anaphylaxis"),
        ({"hypotension": 1, "skin": 1}, "hypotensive"),
        ({"hypotension": 2, "fever": 1}, "cytokine-release"),
        ({"hypotension": 2, "fever": 1, "hypoxia": 2}, "lung-injury"),
        ({"hypotension": 2, "bradycardia": 1}, "vasovagal"),
        ({"hypotension": 2, "bradycardia": 1, "skin": 1}, "anaphylaxis"),
        ({"hypertension": 1, "breathing": 1}, "fluid-overload"),
        ({"fever": 1}, "febrile"),
        ({"rigor": 1}, "febrile"),
        ({"tachycardia": 1}, "isolated-sign"),
        ({"hypertension": 1}, "hypertensive"),
        ({"hypoxia": 1}, "respiratory"),
        ({"skin": 2}, "mild-allergic"),
    ],
)
def test_the_shipped_pictures(grades: dict[str, int], name: str) -> None:
    assert named(**grades) == name


@pytest.mark.parametrize(("seconds", "name"), [(119, "vasovagal"), (120, "hypotensive")])
def test_a_slow_pulse_with_low_pressure_that_lasts_is_no_faint(seconds: int, name: str) -> None:
    assert named(since_s=seconds, hypotension=2, bradycardia=1) == name


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(None, "isolated-sign"), (0, "rate-related"), (1800, "rate-related"), (1801, "isolated-sign")],
)
def test_a_mild_sign_soon_after_a_rate_step_is_named_so(seconds: int | None, name: str) -> None:
    assert named(step_s=seconds, tachycardia=1) == name


def test_a_row_that_names_an_unknown_sign_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"pattern 'picture' names unknown signs \['cold'\]"):
        pattern_table((pattern(every=(("low", 1),), none=(("cold", 1),)),), SIGNS)


def test_a_row_that_asks_for_nothing_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="pattern 'empty' asks for no sign"):
        pattern_table((pattern("empty", none=(("low", 1),)),), SIGNS)


def test_a_table_without_rows_leads_nowhere() -> None:
    params = replace(shipped(), patterns=())
    table = pattern_table(params.patterns, params.signs)
    n_signs = len(params.signs)
    matches = matched_rows(
        table,
        np.ones((2, n_signs), np.int8),
        np.zeros((2, n_signs), np.int64),
        np.zeros(2, np.int64),
        np.zeros(2, np.int64),
    )
    assert matches.shape == (2, 0)
    assert leading_row(matches).tolist() == [NO_PATTERN, NO_PATTERN]
