"""Of which ages a limit speaks: at every edge, for unknown ages, and for "0 years"."""

from dataclasses import replace

import numpy as np
import pytest
from builders import Message, Number, book, clause, detection, rows, rule, shipped, told

from detectors.ages import NO_END, UNDER_ONE, AgeBand, AgeBands, age_of
from detectors.channels import MISSING, N_CHANNELS, Channel, Int32
from detectors.detection import Detection
from detectors.explanation import rule_reasons
from detectors.rulebook import Clause, Judgement, RuleBook, forms, judged
from monitor.care.reasons import because_rule

NORMAL: tuple[tuple[int, dict[str, Number]], ...] = (
    # age, then values inside what PALS and the bands of no points in PEWS call normal
    (1, {"hr": 130, "sbp": 70, "rr": 45}),
    (8, {"hr": 140, "sbp": 75, "rr": 45}),
    (50, {"hr": 120, "sbp": 95, "rr": 40}),
    (UNDER_ONE, {"hr": 120, "sbp": 95, "rr": 40}),
    (150, {"hr": 115, "sbp": 100, "rr": 30}),
    (300, {"hr": 115, "sbp": 95, "rr": 35}),
    (600, {"hr": 105, "sbp": 91, "rr": 26}),
    (900, {"hr": 110, "sbp": 95, "rr": 22}),
    (1100, {"hr": 85, "sbp": 105, "rr": 20}),
    (1500, {"hr": 80, "sbp": 112, "rr": 14}),
)


@pytest.mark.parametrize(
    ("age", "from_centi", "below_centi", "expected"),
    [
        (99, 100, 1001, False),
        (100, 100, 1001, True),
        (1000, 100, 1001, True),
        (1001, 100, 1001, False),
        (MISSING, 100, 1001, False),
        (MISSING, 1001, NO_END, True),
        (MISSING, 0, NO_END, True),
        (1, 0, 8, True),
        (UNDER_ONE, 0, 8, False),
        (UNDER_ONE, 8, 100, True),
        (UNDER_ONE, 100, NO_END, False),
        (15_000, 1800, NO_END, True),
    ],
)
def test_a_band_speaks_from_its_first_age_to_below_its_last(
    age: int, from_centi: int, below_centi: int, *, expected: bool
) -> None:
    bands = AgeBands.of([AgeBand(from_centi=from_centi, below_centi=below_centi)])
    assert bands.speak_of(np.array([age], np.int32)).tolist() == [[expected]]


@pytest.mark.parametrize("ends", [(100, 100), (200, 100), (-1, 100)])
def test_a_band_that_nobody_is_in_is_refused(ends: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="must be below"):
        AgeBand(from_centi=ends[0], below_centi=ends[1])


@pytest.mark.parametrize(
    ("years", "months", "expected"),
    [
        (None, None, MISSING),
        (54, None, 5400),
        (0, None, UNDER_ONE),
        (None, 0, 1),
        (0, 1, 8),
        (0, 3, 25),
        (0, 11, 91),
        (1, 18, 150),
        (None, 120, 1000),
        (10, 121, 1008),
    ],
)
def test_an_age_as_it_is_told(years: int | None, months: int | None, expected: int) -> None:
    assert age_of(years, months) == expected


def child(age_centi: int, **base: Number) -> Detection:
    made = detection(shipped(), baseline=base or None)
    made.age_centi[0] = age_centi
    return made


def grade_after(made: Detection, **now: Number) -> int:
    for second in (0, 40, 80):
        told(made, Message(at_s=second, values=now))
    return int(made.grade_of(np.array([0], np.int32))[0])


@pytest.mark.parametrize(("age", "values"), NORMAL)
@pytest.mark.parametrize("known", [True, False], ids=["baseline", "no baseline"])
def test_a_child_with_normal_values_shows_nothing(
    age: int, values: dict[str, Number], *, known: bool
) -> None:
    made = child(age, **(values if known else {}))
    assert grade_after(made, **values) == 0
    assert not made.shown.any()


@pytest.mark.parametrize(
    ("age", "now", "grade"),
    [
        (600, {"sbp": 84}, 0),
        (600, {"sbp": 82}, 0),
        (600, {"sbp": 81}, 1),
        (600, {"sbp": 70}, 3),
        (900, {"hr": 110}, 0),
        (900, {"hr": 141}, 1),
        (900, {"hr": 150}, 2),
        (MISSING, {"sbp": 84}, 2),
        (5400, {"sbp": 84}, 2),
        (1001, {"sbp": 89}, 1),
        (1000, {"sbp": 89}, 1),
        (999, {"sbp": 89}, 1),
        (1, {"sbp": 60}, 0),
        (8, {"sbp": 69}, 1),
        (UNDER_ONE, {"sbp": 69}, 1),
        (UNDER_ONE, {"hr": 191}, 1),
        (24, {"hr": 205}, 0),
        (25, {"hr": 205}, 1),
        (300, {"rr": 60}, 0),
        (300, {"rr": 61}, 1),
        (1200, {"rr": 25}, 0),
        (1201, {"rr": 25}, 1),
    ],
)
def test_levels_are_those_of_the_age(age: int, now: dict[str, Number], grade: int) -> None:
    made = child(age)
    made.taking_baseline[:] = False
    assert grade_after(made, **now) == grade


@pytest.mark.parametrize(
    ("age", "base", "now", "grade"),
    [
        (600, 100, 76, 1),  # low for the age, but a fall of 24 % only
        (600, 104, 78, 1),  # exactly 25 %
        (600, 105, 78, 3),  # low, and more than 25 %
        (600, 120, 89, 1),  # more than 25 %, and not low
        (600, 130, 90, 2),  # more than 30 %
        (600, 130, 64, 4),  # more than half
        (1500, 124, 92, 1),  # 25.8 % at 15 years: a child's criterion
        (1800, 124, 94, 1),  # adults: 30 mmHg
        (1700, 112, 80, 3),  # low and 28 %: a child's reaction
        (1800, 112, 80, 3),  # fall of 32 to 80: an adult's
        (1799, 115, 88, 2),  # low and fallen by 27, less than a quarter
    ],
)
def test_falls_of_children_are_in_percent(age: int, base: int, now: int, grade: int) -> None:
    assert grade_after(child(age, sbp=base, hr=90), sbp=now, hr=90) == grade


def test_the_limit_in_force_is_named() -> None:
    made = child(600)
    grade_after(made, sbp=80)
    (only,) = rule_reasons(made, 0, confirmed=True)
    (row,) = because_rule(only)
    assert row.words == "SBP 80 < 82 (limit for this age)"
    assert (row.limit_centi, row.margin_centi) == (8199, 199)


def judge(given_book: RuleBook, now: Int32, base: Int32, age: Int32) -> Judgement:
    return judged(forms(given_book, np.zeros(N_CHANNELS, np.int32)), now, base, age)


def test_a_limit_that_rises_with_age_is_unknown_without_an_age() -> None:
    # The lowest normal systolic pressure of a child: 70 and 2 for each year.
    low = Clause(
        channel=Channel.SBP,
        basis="level",
        comparison="<",
        limit_centi=7_000,
        per_year_centi=200,
    )
    now = np.repeat(rows({"sbp": "79.99"}), 3, axis=0)
    age = np.array([500, 499, MISSING], np.int32)
    got = judge(book(rule("low", 1, low)), now, np.full_like(now, MISSING), age)
    assert got.holds[:, 0].tolist() == [True, False, False]
    assert got.unknown[:, 0].tolist() == [False, False, True]


def test_outside_its_ages_a_rule_is_false_and_never_unknown() -> None:
    children = AgeBand(from_centi=100, below_centi=1_001)
    low = replace(rule("low", 1, clause("sbp", "fall", ">=", 20)), ages=children)
    age = np.array([99, 100, 1_000, 1_001, UNDER_ONE, MISSING], np.int32)
    now = np.repeat(rows({"sbp": 80}), len(age), axis=0)
    got = judge(book(low), now, np.full_like(now, MISSING), age)
    assert got.unknown[:, 0].tolist() == [False, True, True, False, False, False]
    got = judge(book(low), now, now + 2_000, age)
    assert got.holds[:, 0].tolist() == [False, True, True, False, False, False]
    np.testing.assert_array_equal(got.stays, got.holds)
