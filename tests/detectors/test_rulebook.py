"""Limits are judged exactly: by the twin's fractions, at every limit of the shipped book."""

import operator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import naive
import numpy as np
import pytest
from arrays import Array, n_beds, pick, values
from builders import book, clause, rows, rule, shipped, table
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.ages import ALL_AGES, NO_END, UNDER_ONE, AgeBand, AgeBands
from detectors.channels import MISSING, N_CHANNELS, Channel, Int32
from detectors.quantities import MEAN_PRESSURE, OF_CHANNEL, QUANTITIES
from detectors.rulebook import (
    EXACT_LIMIT,
    N_COLUMNS,
    Clause,
    Comparison,
    Forms,
    Judgement,
    RuleBook,
    forms,
    judged,
    linear_form,
)
from monitor.wire.units import ACCEPTED_UNITS
from monitor.wire.units import centi as wire_centi

NO_SLACK = np.zeros(N_CHANNELS, np.int32)
HYSTERESIS = shipped().hysteresis_centi
COMPARED = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
BAND_EDGES = (0, 1, 7, 8, 24, 25, 99, 100, 199, 200, 399, 400, 1000, 1001, 1200, 1201, 1799, 1800)
INFUSION: list[dict[str, Any]] = table("rulebooks/infusion.toml")["rule"]


def somebody(rule_row: dict[str, Any]) -> Int32:
    """Return the youngest age of which a row of the file speaks, as one bed."""
    age = int(Decimal(rule_row.get("age_from", 0)) * 100)
    return np.array([age or 1], np.int32)


def judge(given_book: RuleBook, now: Int32, base: Int32, age: Int32 | None = None) -> Judgement:
    return judged(forms(given_book, NO_SLACK), now, base, age)


def assert_as_twin(
    given_book: RuleBook, now: Int32, base: Int32, slack: Int32, age: Int32 | None = None
) -> None:
    got = judged(forms(given_book, slack), now, base, age)
    ages = [MISSING] * len(now) if age is None else age.tolist()
    give = slack.tolist()
    beds = list(zip(now.tolist(), base.tolist(), ages, strict=True))
    truths = [naive.rule_truths(given_book, v, b, age_centi=a) for v, b, a in beds]
    near = [naive.rule_truths(given_book, v, b, give, a) for v, b, a in beds]
    shape = (len(now), len(given_book.rules))
    assert got.holds.shape == got.stays.shape == got.unknown.shape == shape
    assert got.holds.tolist() == [[one is True for one in bed] for bed in truths]
    assert got.stays.tolist() == [[one is True for one in bed] for bed in near]
    assert got.unknown.tolist() == [[one is None for one in bed] for bed in truths]


numbers = st.sampled_from([0, 100, 1_000, 2_000, 3_000, 3_800, 8_000, 9_000]) | st.integers(
    -20_000, 40_000
)
words = st.sampled_from(get_args(Comparison))
changes = st.builds(
    Clause,
    channel=st.sampled_from(Channel),
    basis=st.sampled_from(["level", "rise", "fall"]),
    comparison=words,
    limit_centi=numbers,
    quantity=st.sampled_from([None, *QUANTITIES.values()]),
    per_year_centi=st.sampled_from([0, 0, 200, -50]),
)
percents = st.builds(
    Clause,
    channel=st.sampled_from(Channel),
    basis=st.sampled_from(["rise_percent", "fall_percent"]),
    comparison=words,
    limit_centi=numbers,
    quantity=st.sampled_from([None, MEAN_PRESSURE]),
)
ratios = st.builds(
    Clause,
    channel=st.sampled_from(Channel),
    basis=st.just("ratio"),
    comparison=words,
    limit_centi=st.sampled_from([50, 70, 90, 100, 133]) | st.integers(1, 500),
    quantity=st.sampled_from([None, *QUANTITIES.values()]),
    over=st.sampled_from([*OF_CHANNEL, MEAN_PRESSURE]),
)


def is_a_form(given_clause: Clause) -> bool:
    """Return whether a clause is one that a book may have."""
    try:
        linear_form(given_clause)
    except ValueError as error:
        assert "does not depend" in str(error)  # noqa: PT017 - only this fault may be drawn
        return False
    return True


clauses = (changes | percents | ratios).filter(is_a_form)
bands = st.builds(
    AgeBand,
    from_centi=st.sampled_from([0, 0, 25, 99, 100, 650]),
    below_centi=st.sampled_from([NO_END, NO_END, 651, 1_001]),
)
books = st.lists(st.tuples(bands, st.lists(clauses, min_size=1, max_size=3)), max_size=4).map(
    lambda rules: book(
        *(
            replace(rule("s", 1, *some, name=str(n)), ages=ages)
            for n, (ages, some) in enumerate(rules)
        )
    )
)


@st.composite
def baselines(draw: st.DrawFn, now: Array) -> Array:
    """Baselines near the values, so that changes lie near limits; never 0, which nobody has."""
    steps = st.sampled_from([-9_000, -3_000, -2_000, -100, -1, 0, 1, 100, 1_000, 3_000, 4_286])
    flat = draw(st.lists(steps, min_size=now.size, max_size=now.size))
    missing = draw(st.lists(st.booleans(), min_size=now.size, max_size=now.size))
    base = np.maximum(np.where(now == MISSING, 9_000, now) + np.reshape(flat, now.shape), 1)
    return np.where(np.reshape(missing, now.shape), MISSING, base).astype(np.int32)


@given(data=st.data())
def test_any_book_decides_as_a_person_with_fractions_would(data: st.DataObject) -> None:
    given_book = data.draw(books)
    n = data.draw(n_beds)
    now = data.draw(values(n))
    now = np.where(now == MISSING, now, np.clip(now, 1_000, 100_000)).astype(np.int32)
    base = data.draw(baselines(now))
    slack = np.array(data.draw(st.lists(st.integers(0, 900), min_size=7, max_size=7)), np.int32)
    age = pick(data.draw, np.int32, (n,), MISSING, UNDER_ONE, 24, 25, 99, 100, 650, 651, 9_000)
    assert_as_twin(given_book, now, base, slack, age)


@settings(max_examples=examples(50))
@given(data=st.data())
def test_the_shipped_books_decide_as_a_person_with_fractions_would(data: st.DataObject) -> None:
    edges: list[list[int]] = [[] for _ in Channel]
    for one in shipped().book.rules:
        for part in one.clauses:
            edges[part.channel].append(part.limit_centi)
    now = data.draw(values(data.draw(n_beds), edges))
    now = np.where(now == MISSING, now, np.clip(now, 0, 45_000)).astype(np.int32)
    base = data.draw(baselines(now))
    age = pick(data.draw, np.int32, (len(now),), MISSING, *BAND_EDGES)
    assert_as_twin(shipped().book, now, base, HYSTERESIS, age)
    assert_as_twin(book(*shipped().bypass), now, base, NO_SLACK, age)


def seen(channel: int, now: int | None, base: int | None) -> tuple[Int32, Int32]:
    """Return one bed of which one channel is known."""
    found = []
    for number in (now, base):
        column = np.full((1, N_CHANNELS), MISSING, np.int32)
        column[0, channel] = MISSING if number is None else number
        found.append(column)
    return found[0], found[1]


def limit_of(row: dict[str, Any], age: int) -> Fraction:
    """Return the limit of a clause of the file at an age."""
    return Fraction(row["value"]) + Fraction(row.get("per_year", 0)) * Fraction(age, 100)


def compared(row: dict[str, Any], now: int, base: int) -> Fraction:
    """Return what a row of the file compares, read from the file's own words."""
    change = Fraction(now - base, 100)
    return {
        "level": Fraction(now, 100),
        "rise": change,
        "fall": -change,
        "rise_percent": 100 * change / Fraction(base, 100),
        "fall_percent": -100 * change / Fraction(base, 100),
    }[row["basis"]]


def true(row: dict[str, Any], now: int, base: int, age: int) -> bool:
    verdict: bool = COMPARED[row["comparison"]](compared(row, now, base), limit_of(row, age))
    return verdict


def at_the_limit(row: dict[str, Any], others: list[dict[str, Any]], age: int) -> tuple[int, int]:
    """Return a value and baseline exactly at a clause's limit at which the others hold."""
    limit = int(limit_of(row, age) * 100)
    for base in range(100, 30_000, 100):
        now = {
            "level": limit,
            "rise": base + limit,
            "fall": base - limit,
            "rise_percent": base + base * limit // 10_000,
            "fall_percent": base - base * limit // 10_000,
        }[row["basis"]]
        around = [(now + step, base) for step in (-1, 0, 1)]
        exact = compared(row, now, base) == limit_of(row, age)
        if now > 0 and exact and all(true(one, *pair, age) for one in others for pair in around):
            return now, base
    raise AssertionError(f"no reading at the limit of {row}")


BOUNDARIES = [
    pytest.param(index, number, id=f"{one['id']}-{number}")
    for index, one in enumerate(INFUSION)
    for number in range(len(one["clauses"]))
]


def test_the_book_of_the_core_is_the_file() -> None:
    assert [one.id for one in shipped().book.rules] == [one["id"] for one in INFUSION]
    assert [one.grade for one in shipped().book.rules] == [one["grade"] for one in INFUSION]


@pytest.mark.parametrize(("index", "number"), BOUNDARIES)
def test_at_its_limit_every_clause_decides_as_its_row_says(index: int, number: int) -> None:
    parts = INFUSION[index]["clauses"]
    tested = parts[number]
    others = [part for i, part in enumerate(parts) if i != number]
    assert {part["channel"] for part in others} <= {tested["channel"]}
    age = somebody(INFUSION[index])
    now, base = at_the_limit(tested, others, int(age[0]))
    channel = Channel[tested["channel"].upper()]
    decided = []
    for step in (-1, 0, 1):
        got = judge(shipped().book, *seen(channel, now + step, base), age)
        assert bool(got.holds[0, index]) is true(tested, now + step, base, int(age[0]))
        decided.append(bool(got.holds[0, index]))
    assert len(set(decided)) == 2, "the limit lies between these three readings"


@pytest.mark.parametrize("index", range(len(INFUSION)))
def test_without_a_value_no_rule_is_true_and_without_a_baseline_only_levels_are(
    index: int,
) -> None:
    parts = INFUSION[index]["clauses"]
    channel = Channel[parts[0]["channel"].upper()]
    age = somebody(INFUSION[index])
    nothing = judge(shipped().book, *seen(channel, None, 10_000), age)
    assert not nothing.holds[0, index]
    assert nothing.unknown[0, index]
    levels = [part for part in parts if part["basis"] == "level"]
    extreme = {True: 29_000, False: 100}
    now = extreme[any(part["comparison"].startswith(">") for part in levels)] if levels else 10_000
    unknown = judge(shipped().book, *seen(channel, now, None), age)
    assert bool(unknown.holds[0, index]) is (len(levels) == len(parts))
    assert bool(unknown.unknown[0, index]) is (len(levels) < len(parts))


def test_a_fahrenheit_thermometer_decides_as_a_celsius_one() -> None:
    assert wire_centi(98.6, ACCEPTED_UNITS["temp"]["[degF]"]) == 3_700
    at_least = book(rule("s", 1, clause("temp", "level", ">=", 37)))
    for fahrenheit, expected in ((98.5, False), (98.6, True), (98.7, True)):
        now = wire_centi(fahrenheit, ACCEPTED_UNITS["temp"]["[degF]"])
        assert judge(at_least, *seen(Channel.TEMP, now, None)).holds.tolist() == [[expected]]


@pytest.mark.parametrize("truths", [(a, b) for a in "TFU" for b in "TFU"])
def test_two_clauses_are_joined_by_kleenes_logic(truths: tuple[str, str]) -> None:
    limits = {"T": "<", "F": ">"}
    parts = [
        clause("sbp", "fall", ">=", 30)
        if truth == "U"
        else clause("hr", "level", limits[truth], 100)  # type: ignore[arg-type]  # from the table
        for truth in truths
    ]
    got = judge(book(rule("s", 1, *parts)), rows({"hr": 70, "sbp": 80}), rows({}))
    assert bool(got.holds[0, 0]) is (truths == ("T", "T"))
    assert bool(got.unknown[0, 0]) is ("U" in truths and "F" not in truths)


@pytest.mark.parametrize("basis", ["rise_percent", "fall_percent", "ratio"])
def test_only_a_limit_in_units_can_rise_with_age(basis: Any) -> None:  # noqa: ANN401 - a word
    wrong = Clause(
        channel=Channel.SBP,
        basis=basis,
        comparison=">",
        limit_centi=3_000,
        per_year_centi=1,
        over=OF_CHANNEL[Channel.HR] if basis == "ratio" else None,
    )
    with pytest.raises(ValueError, match=f"a {basis} has no limit that rises with age"):
        linear_form(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        clause("sbp", "fall_percent", ">=", 100),
        clause("sbp", "rise_percent", "<=", -100),
        Clause(
            channel=Channel.SBP,
            basis="ratio",
            comparison=">=",
            limit_centi=100,
            over=OF_CHANNEL[Channel.SBP],
        ),
    ],
)
def test_a_limit_at_which_a_column_cancels_out_is_refused(wrong: Clause) -> None:
    with pytest.raises(ValueError, match=r"sbp .* does not depend on everything that it names"):
        linear_form(wrong)


def test_a_ratio_over_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a ratio needs the quantity it is taken over"):
        linear_form(clause("hr", "ratio", ">", 1))


def test_a_clause_reads_every_channel_of_what_it_compares() -> None:
    index = Clause(
        channel=Channel.HR,
        basis="ratio",
        comparison=">",
        limit_centi=100,
        over=OF_CHANNEL[Channel.SBP],
    )
    assert index.channels == (Channel.HR, Channel.SBP)
    mean = Clause(
        channel=Channel.SBP,
        basis="level",
        comparison="<",
        limit_centi=6_500,
        quantity=MEAN_PRESSURE,
    )
    assert mean.channels == (Channel.SBP, Channel.DBP)
    assert len(linear_form(mean)[0]) == N_COLUMNS


def test_a_book_without_rules_judges_nothing() -> None:
    got = judge(book(), rows({"hr": 70}, {}), rows({}, {}))
    assert got.holds.shape == got.stays.shape == got.unknown.shape == (2, 0)


def test_a_rule_without_a_clause_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"rule 'empty' of book 'test' has no clause"):
        forms(book(rule("s", 1, name="empty")), NO_SLACK)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (clause("hr", "level", "=", 1), "unknown comparison '='"),  # type: ignore[arg-type]  # wrong on purpose
        (clause("hr", "slope", ">", 1), "unknown basis 'slope'"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_unknown_words_are_refused(wrong: Clause, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        linear_form(wrong)


def test_the_shipped_coefficients_stay_far_inside_the_exact_integers() -> None:
    for made in (forms(shipped().book, HYSTERESIS), forms(book(*shipped().bypass), NO_SLACK)):
        largest = np.abs(made.weight).sum(axis=0) * np.iinfo(np.int32).max
        assert (largest + np.abs(made.threshold) + made.slack).max() < EXACT_LIMIT
        assert (made.weight == np.rint(made.weight)).all()


def test_coefficients_that_could_be_rounded_are_refused_with_their_reach() -> None:
    at_most = EXACT_LIMIT // 100_000
    column = np.zeros((N_COLUMNS, 2))

    def made(weight: int, threshold: int) -> Forms:
        column[0, 1] = weight
        return Forms(
            weight=column,
            threshold=np.array([0.0, threshold]),
            needs=(column != 0).astype(np.float64),
            slack=np.zeros(2),
            first=np.array([0, 1]),
            ages=AgeBands.of([ALL_AGES, ALL_AGES]),
        )

    assert made(at_most, 0).weight[0, 1] == at_most
    with pytest.raises(ValueError, match=r"clause 1: coefficients .* beyond the exact integers"):
        made(at_most + 1, 0)
    with pytest.raises(ValueError, match="beyond the exact integers"):
        made(0, EXACT_LIMIT)


def test_the_signs_of_a_book_stand_in_order_of_first_appearance() -> None:
    some = clause("hr", "level", ">", 1)
    assert book(rule("b", 1, some), rule("a", 1, some), rule("b", 2, some)).signs == ("b", "a")
