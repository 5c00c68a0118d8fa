"""What drugs explain: a rise for a while, and never a fall, a level or a symptom."""

import naive
import numpy as np
import pytest
from arrays import Array, pick, values
from builders import (
    T0_MS,
    book,
    centi,
    clause,
    detection,
    expectations,
    message,
    params,
    round_of,
    row,
    rule,
    shipped,
)
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.channels import MISSING, N_CHANNELS, NEVER, Channel
from detectors.detection import Detection
from detectors.expectations import (
    DRUG_PLACES,
    clause_leeway,
    expected_rises,
    leeway_table,
)
from detectors.quantities import HEART_RATE_EXCESS, PULSE_PRESSURE
from detectors.rulebook import Clause, forms, judged

ROWS = expectations((0, "hr", 20, 0, 20), (0, "sbp", 15, 5, 60), (1, "hr", 30, 10, 20))
SHIPPED = shipped()
MINUTE_MS = 60_000
TABLE = leeway_table(SHIPPED.book.rules)
FORMS = forms(SHIPPED.book, SHIPPED.hysteresis_centi)
RISING = [
    any(one.basis.startswith("rise") and one.comparison.startswith(">") for one in rule.clauses)
    for rule in SHIPPED.book.rules
]


@settings(max_examples=examples(60))
@given(data=st.data(), n=st.sampled_from([0, 1, 3]))
def test_what_is_expected_is_what_the_twin_expects(data: st.DataObject, n: int) -> None:
    ago = [T0_MS - minutes * MINUTE_MS for minutes in (0, 5, 10, 20, 60)]
    edges = [at_ms + step for at_ms in ago for step in (-1, 0, 1)]
    given_ms = pick(data.draw, np.int64, (n, DRUG_PLACES), NEVER, *edges)
    at_ms = pick(data.draw, np.int64, (n,), NEVER, T0_MS, T0_MS)
    base_ms = pick(data.draw, np.int64, (n, N_CHANNELS), NEVER, *edges)
    got = expected_rises(ROWS, given_ms, at_ms, base_ms)
    assert got.dtype == np.int32
    beds = zip(given_ms.tolist(), at_ms.tolist(), base_ms.tolist(), strict=True)
    assert got.tolist() == [naive.expected_rises(ROWS, *bed) for bed in beds]


@st.composite
def judging(draw: st.DrawFn) -> tuple[Array, Array, Array]:
    """Values, baselines and explained rises of some beds."""
    n = draw(st.sampled_from([1, 3]))
    base = pick(draw, np.int32, (n, N_CHANNELS), MISSING, *row(hr=72, sbp=120, temp=37)[:2], 10_000)
    moved = pick(draw, np.int32, (n, N_CHANNELS), -4000, -2000, 0, 1600, 2000, 3000, 4000, 6000)
    near = np.where(base == MISSING, MISSING, base + moved).astype(np.int32)
    value = np.where(pick(draw, np.int8, base.shape, 0, 0, 1) == 1, draw(values(n)), near)
    explained = pick(draw, np.int32, base.shape, 0, 0, 470, 1900, 2000)
    return value.astype(np.int32), base, explained


@settings(max_examples=examples(80))
@given(drawn=judging())
def test_rules_are_judged_as_the_twin_judges_them(drawn: tuple[Array, Array, Array]) -> None:
    value, base, explained = drawn
    found = judged(FORMS, value, base, leeway=explained.astype(np.float64) @ TABLE)
    for bed in range(len(value)):
        truths = naive.rule_truths(
            SHIPPED.book, value[bed], base[bed], explained=explained[bed].tolist()
        )
        assert found.holds[bed].tolist() == [truth is True for truth in truths]
        assert found.unknown[bed].tolist() == [truth is None for truth in truths]


@settings(max_examples=examples(80))
@given(drawn=judging())
def test_an_expected_rise_hides_no_fall_and_no_level_and_makes_nothing(
    drawn: tuple[Array, Array, Array],
) -> None:
    value, base, explained = drawn
    plain = judged(FORMS, value, base)
    found = judged(FORMS, value, base, leeway=explained.astype(np.float64) @ TABLE)
    others = ~np.array(RISING)
    np.testing.assert_array_equal(found.holds[:, others], plain.holds[:, others])
    assert not (found.holds & ~plain.holds).any(), "it only takes away"
    np.testing.assert_array_equal(found.stays, plain.stays, "what stands is not taken back")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (clause("hr", "rise", ">", 20), {Channel.HR: 1}),
        (clause("hr", "rise", ">=", 20), {Channel.HR: 1}),
        (clause("sbp", "rise_percent", ">", 20), {Channel.SBP: 12_000}),
        (clause("hr", "rise", "<", 20), {}),
        (clause("hr", "fall", ">", 20), {}),
        (clause("sbp", "fall_percent", ">=", 30), {}),
        (clause("hr", "level", ">", 130), {}),
        (clause("hr", "level", "<", 40), {}),
    ],
)
def test_only_a_rise_has_leeway(asked: Clause, expected: dict[Channel, int]) -> None:
    wanted = [expected.get(channel, 0) for channel in Channel]
    assert list(clause_leeway(asked)) == wanted


def test_of_a_quantity_only_what_raises_it_has_leeway() -> None:
    rise = Clause(
        channel=Channel.SBP,
        basis="rise",
        comparison=">",
        limit_centi=2000,
        quantity=PULSE_PRESSURE,
    )
    assert clause_leeway(rise)[Channel.SBP] > 0
    assert clause_leeway(rise)[Channel.DBP] == 0, "a higher diastolic pressure narrows it"
    hot = Clause(
        channel=Channel.HR,
        basis="rise",
        comparison=">",
        limit_centi=2000,
        quantity=HEART_RATE_EXCESS,
    )
    assert clause_leeway(hot)[Channel.HR] > 0
    assert clause_leeway(hot)[Channel.TEMP] == 0


# --------------------------------------------------------------------------- on a bed

RACING = params(
    book=book(
        rule("racing", 1, clause("hr", "rise", ">", 15)),
        rule("racing", 3, clause("hr", "level", ">", 130)),
        rule("low", 2, clause("sbp", "fall", ">=", 30)),
    ),
    expectations=expectations((0, "hr", 20, 0, 60), (0, "sbp", 20, 0, 60)),
)


def given_bed(*, drug_s: float | None) -> Detection:
    """Return a bed of 70 /min and 120 mmHg to which a drug was given at a second."""
    made = detection(RACING, baseline={"hr": 70, "sbp": 120})
    if drug_s is not None:
        made.given_ms[0, 0] = T0_MS + int(1000 * drug_s)
    return made


def shown(made: Detection, sign: str) -> int:
    return int(made.shown[0, made.params.signs.index(sign)])


@pytest.mark.parametrize(
    ("drug_s", "rate", "expected"),
    [(None, 86, 1), (0, 86, 0), (0, 105, 0), (0, 106, 1), (61, 86, 1), (-3600, 86, 1)],
)
def test_a_rise_must_exceed_its_limit_by_what_is_explained(
    drug_s: float | None, rate: int, expected: int
) -> None:
    made = given_bed(drug_s=drug_s)
    made.take(round_of(message(60, hr=rate)))
    assert shown(made, "racing") == expected


def test_a_fall_a_level_and_a_symptom_are_as_without_the_drug() -> None:
    made = given_bed(drug_s=0)
    made.charted[0, made.params.signs.index("skin")] = 2
    made.take(round_of(message(60, hr=131, sbp=90)))
    assert (shown(made, "racing"), shown(made, "low")) == (3, 2)
    assert made.signs_of(np.array([0], np.int32))[0, made.params.signs.index("skin")] == 2


def test_what_stands_when_the_drug_is_given_is_not_taken_back() -> None:
    made = given_bed(drug_s=None)
    for second in (0, 30):
        made.take(round_of(message(second, hr=90)))
    made.given_ms[0, 0] = T0_MS + 40_000
    for second in range(60, 600, 60):
        made.take(round_of(message(second, hr=90)))
    assert made.track.grade[0, made.params.signs.index("racing")] == 1


def test_a_baseline_from_after_the_drug_holds_its_effect_already() -> None:
    made = given_bed(drug_s=0)
    made.window.last_ms[0, Channel.HR] = T0_MS + 1
    made.take(round_of(message(60, hr=86)))
    assert shown(made, "racing") == 1
    assert made.baseline_centi[0, Channel.HR] == centi(70)
