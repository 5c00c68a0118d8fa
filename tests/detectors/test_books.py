"""Side books say what their slow twin says, whatever is known, and nothing when it is not."""

from typing import Final

import numpy as np
import pytest
from arrays import Array, values
from book_people import Bed, arrays, bed, opinion_of, raw_books, side_table, told, twin_of, verdicts
from builders import clause, rows
from chance import examples
from checks import Kernel, check_kernel
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.book_table import BookTable, book_table, rounded
from detectors.book_verdicts import NO_POINTS, NO_RESPONSE, judged_books, unknown_facts
from detectors.books import Book, BookRow, Condition, Consciousness, Response, Says, Truth
from detectors.channels import MISSING, N_CHANNELS, Channel

NAMES: Final = sorted(raw_books())

LIMITS: Final = [
    [3_900, 4_000, 5_000, 6_000, 10_000, 13_000, 13_049, 13_050, 15_000],
    [7_000, 8_000, 8_400, 8_900, 9_000, 9_049, 9_050, 14_000, 16_000, 18_000, 21_950],
    [4_500, 8_000, 9_000, 10_000, 11_000],
    [5_000, 6_500],
    [3_499, 3_505, 3_800, 3_805, 3_845, 3_900, 4_000],
    [8_300, 8_750, 8_800, 9_100, 9_200, 9_250, 9_600],
    [800, 850, 900, 1_100, 2_000, 2_450, 3_000],
]
AGES: Final = (MISSING, 1, 7, 8, 9, 25, 99, 100, 399, 400, 1_000, 1_001, 1_200, 1_201, 1_600,
               1_700, 1_799, 1_800, 4_000)  # fmt: skip


@st.composite
def baselines(draw: st.DrawFn, now: Array) -> Array:
    """Baselines near the values, so that changes lie near limits; never 0, which nobody has."""
    steps = st.sampled_from([-9_000, -3_000, -2_000, -150, -100, -1, 0, 1, 100, 1_000, 3_000])
    flat = draw(st.lists(steps, min_size=now.size, max_size=now.size))
    missing = draw(st.lists(st.booleans(), min_size=now.size, max_size=now.size))
    base = np.maximum(np.where(now == MISSING, 9_000, now) + np.reshape(flat, now.shape), 1)
    return np.where(np.reshape(missing, now.shape), MISSING, base).astype(np.int32)


@st.composite
def beds(draw: st.DrawFn) -> list[Bed]:
    """Beds at the limits of the books, with something missing in every kind of place."""
    now = draw(values(draw(st.sampled_from([0, 1, 2, 4])), LIMITS))
    now = np.where(now == MISSING, now, np.clip(now, 1, 45_000)).astype(np.int32)
    base = draw(baselines(now))
    return [
        Bed(
            now=now[index].tolist(),
            base=base[index].tolist(),
            age=draw(st.sampled_from(AGES)),
            oxygen=draw(st.sampled_from([MISSING, 0, 100])),
            consciousness=draw(st.sampled_from([MISSING, *Consciousness])),
        )
        for index in range(len(now))
    ]


@settings(max_examples=examples(50))
@given(some=beds(), data=st.data())
def test_every_book_says_what_its_twin_says(some: list[Bed], data: st.DataObject) -> None:
    table = side_table()
    shape = (len(some), len(table.lasting))
    flags = data.draw(st.lists(st.booleans(), min_size=shape[0] * shape[1]))
    lasted = np.array(flags[: shape[0] * shape[1]], np.bool_).reshape(shape)
    found = verdicts(some, table, lasted)
    for index, one in enumerate(some):
        long = frozenset(table.rows[r].id for r in table.lasting[lasted[index]])
        for name in NAMES:
            assert told(table, found, index, name) == twin_of(one, name, long), (name, one)


@pytest.mark.parametrize(
    ("names", "nothing"),
    [
        (
            ("ctcae-v6", "nhsn-isbt"),
            (Truth.UNKNOWN, Says.NOT_ASSESSABLE, 0, NO_POINTS, Says.NOT_ASSESSABLE, 0, NO_POINTS,
             NO_POINTS, False, NO_RESPONSE),
        ),
        (
            ("bedside-pews", "news2"),
            (Truth.UNKNOWN, Says.NOT_ASSESSABLE, 0, NO_POINTS, Says.NOT_ASSESSABLE, 0, 0,
             NO_POINTS, True, NO_RESPONSE),
        ),
    ],
)  # fmt: skip
@settings(max_examples=examples(30))
@given(some=beds())
def test_judging_keeps_what_every_kernel_keeps(
    names: tuple[str, ...], nothing: tuple[int, ...], some: list[Bed]
) -> None:
    table = side_table(*names)
    now, base, age, fact = arrays(some)
    kernel = Kernel(
        call=lambda **each: judged_books(table, **each),
        per_bed=("value_centi", "baseline_centi", "age_centi", "fact_centi", "lasted"),
        dtypes=(np.int8,) * 8 + (np.bool_, np.int8),
        nothing=nothing,
    )
    check_kernel(
        kernel,
        {
            "value_centi": now,
            "baseline_centi": base,
            "age_centi": age,
            "fact_centi": fact,
            "lasted": np.zeros((len(some), len(table.lasting)), np.bool_),
        },
    )


def test_of_an_unknown_person_no_book_says_yes_or_no() -> None:
    found = verdicts([bed({}, age=None)])
    names = [book.name for book in side_table().books]
    said = dict(zip(names, found.verdict[0].tolist(), strict=True))
    assert set(said.values()) == {Says.NOT_ASSESSABLE}
    assert not (found.truth == Truth.TRUE).any()


def test_an_adult_who_is_well_meets_nothing_and_scores_nothing() -> None:
    well = {"hr": 72, "sbp": 118, "dbp": 74, "map": 89, "temp": 36.8, "spo2": 98, "rr": 14}
    one = bed(well, well, oxygen=0, consciousness=0)
    for name in NAMES:
        got = opinion_of(one, name)
        for_children = name in ("bedside-pews", "paediatric-limits")
        assert got.says == (Says.NOT_APPLICABLE if for_children else Says.NO), name
        assert got.points in (None, 0)


def test_a_book_for_adults_does_not_speak_of_children() -> None:
    for age, says in ((15.99, Says.NOT_APPLICABLE), (16, Says.YES), (None, Says.NOT_ASSESSABLE)):
        got = opinion_of(bed({"sbp": 60}, age=age), "news2")
        assert got.says == says
        assert got.points == {Says.NOT_APPLICABLE: None, Says.YES: 3}.get(says, 0)


def test_a_missing_parameter_makes_a_total_a_lower_bound() -> None:
    known = {"hr": 72, "sbp": 118, "temp": 36.8, "spo2": 98, "rr": 23}
    whole = opinion_of(bed(known, oxygen=0, consciousness=0), "news2")
    assert (whole.points, whole.at_least, whole.says) == (2, False, Says.NO)
    part = opinion_of(bed(known, oxygen=0), "news2")
    assert (part.points, part.at_least, part.says) == (2, True, Says.NOT_ASSESSABLE)
    enough = opinion_of(bed({"rr": 26}), "news2")
    assert (enough.points, enough.at_least, enough.says) == (3, True, Says.YES)


def test_a_parameter_that_no_row_judges_makes_every_total_a_lower_bound() -> None:
    got = opinion_of(bed({"hr": 80, "sbp": 100, "rr": 20}, age=8), "bedside-pews")
    assert (got.points, got.at_least, got.says) == (0, True, Says.NOT_ASSESSABLE)


def test_the_responses_of_a_score_rise_with_it() -> None:
    table = side_table("news2")
    well = {"hr": 72, "sbp": 118, "temp": 36.8, "spo2": 98, "rr": 14}
    expected = {
        98: NO_RESPONSE,
        95: 0,
        91: 1,
    }
    for spo2, response in expected.items():
        found = verdicts([bed({**well, "spo2": spo2}, oxygen=0, consciousness=0)], table)
        assert found.response.tolist() == [[response]]
    found = verdicts([bed({**well, "rr": 22, "spo2": 93}, oxygen=1, consciousness=0)], table)
    assert (found.points[0, 0], found.response[0, 0]) == (6, 2)
    found = verdicts([bed({**well, "rr": 25, "spo2": 91}, oxygen=1, consciousness=0)], table)
    assert (found.points[0, 0], found.response[0, 0]) == (8, 3)


def row(name: str = "r", sign: str = "s", **given: object) -> BookRow:
    usual: dict[str, object] = {"clauses": (clause("sbp", "level", "<", 90),), "source": ()}
    return BookRow(id=name, sign=sign, **{**usual, **given})  # type: ignore[arg-type]  # fields differ


def book_of(*some: BookRow, **given: object) -> Book:
    usual: dict[str, object] = {"name": "b", "version": 1, "title": "", "kind": "criteria"}
    return Book(rows=some, **{**usual, **given})  # type: ignore[arg-type]  # fields differ


def said(table: BookTable, one: Bed) -> Says:
    return Says(verdicts([one], table).verdict[0, 0])


def test_a_gap_between_the_bands_of_a_score_is_undefined_and_not_zero() -> None:
    low = row("low", "sbp", points=2, clauses=(clause("sbp", "level", "<", 70),))
    high = row("high", "sbp", points=0, clauses=(clause("sbp", "level", ">=", 71),))
    table = book_table([book_of(low, high, kind="score")])
    assert said(table, bed({"sbp": 70})) == Says.UNDEFINED
    assert said(table, bed({"sbp": 71})) == Says.NO
    called = Response(words="", urgent=True, source=(), least_points=0)
    table = book_table([book_of(low, high, kind="score", responses=(called,))])
    assert said(table, bed({"sbp": 70})) == Says.YES


def test_of_an_undefined_row_and_one_that_holds_the_one_that_holds_speaks() -> None:
    gap = row("gap", undefined=True)
    met = row("met", clauses=(clause("sbp", "level", "<", 80),), grade=2)
    table = book_table([book_of(gap, met)])
    assert [said(table, bed({"sbp": sbp})) for sbp in (90, 85, 79)] == [
        Says.NO,
        Says.UNDEFINED,
        Says.YES,
    ]


def test_no_is_said_by_the_whole_book_only() -> None:
    adults = Condition(subject="age", comparison=">=", limit_centi=1_800)
    table = book_table(
        [
            book_of(
                row("p", "pressure", conditions=(adults,)),
                row("o", "oxygen", clauses=(clause("spo2", "level", "<=", 92),)),
            )
        ]
    )
    assert said(table, bed({"sbp": 70, "spo2": 98}, age=9)) == Says.NOT_APPLICABLE
    assert said(table, bed({"sbp": 70, "spo2": 92}, age=9)) == Says.YES
    assert said(table, bed({"sbp": 120, "spo2": 98}, age=18)) == Says.NO
    assert said(table, bed({"sbp": 120, "spo2": 98}, age=None)) == Says.NOT_ASSESSABLE
    assert said(table, bed({"spo2": 98})) == Says.NOT_ASSESSABLE


def test_a_row_that_stands_in_for_a_baseline_is_silent_once_there_is_one() -> None:
    table = book_table([book_of(row(unless_baseline=True))])
    assert said(table, bed({"sbp": 80})) == Says.YES
    assert said(table, bed({"sbp": 80}, {"sbp": 82})) == Says.NO


def test_a_row_waits_until_it_has_lasted() -> None:
    table = book_table([book_of(row(lasting_ms=60_000, lasting_comparison=">", grade=3))])
    assert table.least_ms.tolist() == [60_001]
    for so_long, truth, says in ((False, Truth.WAITING, Says.NO), (True, Truth.TRUE, Says.YES)):
        found = verdicts([bed({"sbp": 80})], table, np.array([[so_long]]))
        assert found.truth.tolist() == [[truth]]
        assert found.verdict.tolist() == [[says]]
        assert found.grade.tolist() == [[3 * so_long]]


def test_equal_comparisons_are_judged_once() -> None:
    table = book_table([book_of(row("a"), row("b"), name="x"), book_of(row("c"), name="y")])
    assert len(table.threshold) == 2, "the comparison, and the one that is always true"
    assert len(side_table().threshold) < len(side_table().atom) / 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (book_of(), "book 'b' has no row"),
        (book_of(row(clauses=())), "row 'r' of book 'b' asks for nothing"),
        (
            book_of(
                row(conditions=(Condition(subject="baseline", comparison="<", limit_centi=1),))
            ),
            "a condition about a baseline needs its channel",
        ),
        (
            book_of(row(clauses=(clause("sbp", "fall_percent", ">", 10**9),))),
            "beyond the exact integers of float64",
        ),
    ],
)
def test_a_book_that_cannot_be_judged_is_refused_by_name(wrong: Book, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        book_table([wrong])


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        (10, 3_804, 3_800), (10, 3_805, 3_810), (10, 3_800, 3_800), (100, 9_049, 9_000),
        (100, 9_050, 9_100), (1, 9_049, 9_049), (100, MISSING, MISSING), (100, -50, 0),
        (100, -51, -100),
    ],
)  # fmt: skip
def test_halves_are_rounded_up(step: int, value: int, expected: int) -> None:
    given_values = np.full((1, N_CHANNELS), value, np.int32)
    assert rounded(given_values, (step,) * N_CHANNELS).tolist() == [[expected] * N_CHANNELS]


def test_facts_that_nobody_charted_are_unknown() -> None:
    assert unknown_facts(2).tolist() == [[MISSING, MISSING]] * 2


def test_a_book_that_has_no_points_has_none() -> None:
    found = verdicts([bed({"sbp": 60})], side_table("wao-2020"))
    assert found.points.tolist() == [[NO_POINTS]]
    assert not found.at_least.any()


def test_rounded_values_are_read_by_the_books_that_round() -> None:
    one = bed({"sbp": "90.4"})
    assert opinion_of(one, "ash-iron-2023").parts["hypotension"][0] == Says.NOT_ASSESSABLE
    assert opinion_of(one, "news2").parts["sbp"] == (Says.YES, 0, 3)
    assert rows({"sbp": "90.4"})[0, Channel.SBP] == 9_040
