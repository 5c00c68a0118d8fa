"""What a book says to last is followed reading by reading, and everything else when asked."""

from typing import Final

import numpy as np
import pytest
from book_people import ADULT, book_named, twin_of
from book_people import bed as person
from builders import Message, Number, clause, detection, params, round_of, shipped
from chance import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books import Book, BookRow, Says, Truth
from detectors.bookshelf import Bookshelf
from detectors.channels import MISSING, NEVER
from detectors.detection import Detection

HOUR_S: Final = 3_600
FIRST: Final = np.array([0], np.int32)
V6: Final = "ctcae-v6"


def ward(n_beds: int = 1, *names: str) -> tuple[Detection, Bookshelf]:
    """Return adults whose baseline is unremarkable, and a shelf of some books."""
    made = detection(params(), n_beds=n_beds, baseline={"sbp": 150, "dbp": 80, "temp": 37})
    made.age_centi[:] = 100 * ADULT
    return made, Bookshelf([book_named(name) for name in names or (V6,)], n_beds)


def read(made: Detection, shelf: Bookshelf, at_s: float, bed: int = 0, **numbers: Number) -> None:
    one = Message(bed=bed, at_s=at_s, values=numbers)
    shelf.take(made, made.take(round_of(one)))


def grade(made: Detection, shelf: Bookshelf, bed: int = 0) -> int:
    found = shelf.verdicts(made, np.array([bed], np.int32))
    return int(found.grade[0, 0])


def truth(made: Detection, shelf: Bookshelf, name: str) -> Truth:
    index = [row.id for row in shelf.table.rows].index(name)
    return Truth(shelf.verdicts(made, FIRST).truth[0, index])


@pytest.mark.parametrize(
    ("for_s", "expected"), [(0.001, 0), (HOUR_S, 0), (HOUR_S + 0.001, 3), (2 * HOUR_S, 3)]
)
def test_more_than_an_hour_is_more_than_an_hour(for_s: float, expected: int) -> None:
    made, shelf = ward()
    read(made, shelf, 0, sbp=165, dbp=85)
    assert grade(made, shelf) == 0
    assert truth(made, shelf, f"{V6}.hypertension.3.sbp") == Truth.WAITING
    read(made, shelf, for_s, sbp=162, dbp=85)
    assert grade(made, shelf) == expected
    assert shelf.verdicts(made, FIRST).verdict[0, 0] == (Says.YES if expected else Says.UNDEFINED)


def test_one_reading_however_old_lasts_for_nothing() -> None:
    made, shelf = ward()
    read(made, shelf, 0, sbp=185, dbp=85)
    read(made, shelf, 2 * HOUR_S, hr=80)
    assert (shelf.track.readings <= 1).all()


def test_a_reading_below_the_limit_begins_again() -> None:
    made, shelf = ward()
    for at_s, sbp in ((0, 165), (1_800, 159), (2_000, 165), (HOUR_S + 1, 165)):
        read(made, shelf, at_s, sbp=sbp, dbp=85)
    assert grade(made, shelf) == 0
    read(made, shelf, 2_000 + HOUR_S + 1, sbp=165, dbp=85)
    assert grade(made, shelf) == 3


def test_a_higher_grade_lasts_by_itself() -> None:
    made, shelf = ward()
    read(made, shelf, 0, sbp=165, dbp=85)
    read(made, shelf, 1_800, sbp=185, dbp=85)
    read(made, shelf, HOUR_S + 1, sbp=185, dbp=85)
    # Risen by more than 20, the third grade does not need its hour; the fourth does.
    assert grade(made, shelf) == 3
    read(made, shelf, 1_800 + HOUR_S + 1, sbp=185, dbp=85)
    assert grade(made, shelf) == 4


def test_late_readings_and_those_before_the_infusion_count_for_nothing() -> None:
    made, shelf = ward()
    made.judging[:] = False
    read(made, shelf, 0, sbp=165, dbp=85)
    made.judging[:] = True
    read(made, shelf, HOUR_S + 1, sbp=165, dbp=85)
    read(made, shelf, 10, sbp=120, dbp=85)
    assert shelf.track.readings.max() == 1
    read(made, shelf, 2 * HOUR_S + 2, sbp=165, dbp=85)
    assert grade(made, shelf) == 3


def test_beds_do_not_share_what_they_remember() -> None:
    made, shelf = ward(2)
    for at_s in (0, HOUR_S + 1):
        read(made, shelf, at_s, bed=1, sbp=165, dbp=85)
        read(made, shelf, at_s, bed=0, sbp=120, dbp=85)
    assert [grade(made, shelf, bed) for bed in (0, 1)] == [0, 3]


def test_a_shelf_grows_and_forgets() -> None:
    made, shelf = ward()
    for at_s in (0, HOUR_S + 1):
        read(made, shelf, at_s, sbp=165, dbp=85)
    made.grow(3)
    shelf.grow(3)
    assert grade(made, shelf) == 3
    assert shelf.track.since_ms[1:].tolist() == [[NEVER] * len(shelf.table.lasting)] * 2
    shelf.clear(0)
    assert grade(made, shelf) == 0
    assert not shelf.track.readings.any()


def test_a_shelf_whose_books_have_no_duration_follows_nothing() -> None:
    made, shelf = ward(1, "wao-2020", "news2")
    read(made, shelf, 0, sbp=85, dbp=40)
    assert shelf.watched is None
    assert shelf.track.readings.shape == (1, 0)
    assert shelf.verdicts(made, FIRST).verdict.tolist() == [[Says.YES, Says.YES]]


def test_an_old_value_is_not_judged() -> None:
    made, shelf = ward(1, "wao-2020")
    made.params.valid_ms[:] = 60_000
    read(made, shelf, 0, sbp=85, dbp=40)
    read(made, shelf, 61, hr=80)
    assert shelf.verdicts(made, FIRST).verdict.tolist() == [[Says.NOT_ASSESSABLE]]


def test_no_whole_year_of_age_may_be_any_month() -> None:
    made, shelf = ward(1, "paediatric-limits")
    read(made, shelf, 0, sbp=65, dbp=40, hr=120)
    for years, says in ((0, Says.NOT_ASSESSABLE), (1, Says.YES), (40, Says.NOT_APPLICABLE)):
        made.age_centi[:] = 100 * years
        assert shelf.verdicts(made, FIRST).verdict.tolist() == [[says]]


def test_what_was_charted_is_scored() -> None:
    made, shelf = ward(1, "news2")
    read(made, shelf, 0, sbp=120, dbp=75, hr=70, temp=36.8, spo2=97, rr=14)
    unknown = shelf.verdicts(made, FIRST)
    assert (unknown.points[0, 0], unknown.at_least[0, 0]) == (0, True)
    known = shelf.verdicts(made, FIRST, np.array([[100, 0]], np.int32))
    assert (known.points[0, 0], known.at_least[0, 0]) == (2, False)


def test_a_row_without_a_plain_level_is_followed_too() -> None:
    fallen = BookRow(
        id="fallen",
        sign="s",
        clauses=(clause("sbp", "fall", ">=", 30),),
        source=(),
        grade=2,
        lasting_ms=60_000,
    )
    made = detection(params(), baseline={"sbp": 120})
    book = Book(name="b", version=1, title="", kind="criteria", rows=(fallen,))
    shelf = Bookshelf([book], 1)
    for at_s in (0, 60):
        read(made, shelf, at_s, sbp=90, dbp=60)
    assert grade(made, shelf) == 2
    read(made, shelf, 70, sbp=91, dbp=60)
    assert grade(made, shelf) == 0


def test_an_empty_shelf_takes_everything_and_remembers_nothing() -> None:
    made, shelf = detection(params(), n_beds=2), Bookshelf([], 2)
    read(made, shelf, 0, sbp=90, dbp=60)
    assert shelf.track.readings.shape == (2, 0)
    assert shelf.table.rows == ()


readings = st.lists(
    st.tuples(
        st.sampled_from([1, 600, 1_800, 3_599, HOUR_S, HOUR_S + 1]),
        st.sampled_from([120, 139, 141, 159, 160, 179, 180, 185]),
        st.sampled_from([70, 99, 100, 109, 110]),
    ),
    max_size=6,
)


@settings(max_examples=examples(50))
@given(steps=readings)
def test_a_shelf_remembers_what_its_twin_remembers(steps: list[tuple[int, int, int]]) -> None:
    made, shelf = ward()
    runs: dict[str, list[int]] = {}
    at_s, base = 0, {"sbp": 150, "dbp": 80, "temp": 37}
    for gap_s, sbp, dbp in steps:
        at_s += gap_s
        read(made, shelf, at_s, sbp=sbp, dbp=dbp)
        for name, found, limit in (
            ("3.sbp", sbp, 160),
            ("3.dbp", dbp, 100),
            ("4.sbp", sbp, 180),
            ("4.dbp", dbp, 110),
        ):
            key = f"{V6}.hypertension.{name}"
            runs[key] = [*runs.get(key, []), at_s] if found >= limit else []
        long = frozenset(
            name for name, run in runs.items() if len(run) > 1 and run[-1] - run[0] > HOUR_S
        )
        twin = twin_of(person({"sbp": sbp, "dbp": dbp}, base), V6, long)
        assert grade(made, shelf) == twin.grade


def test_all_shipped_books_stand_on_one_shelf_with_the_shipped_detection() -> None:
    made = Detection(shipped(), 1)
    made.judging[:] = True
    shelf = Bookshelf([book_named(name) for name in (V6, "news2", "ctcae-v5")], 1)
    read(made, shelf, 0, sbp=120, dbp=75)
    assert shelf.verdicts(made, FIRST).verdict[0].max() < Says.YES
    assert made.age_centi[0] == MISSING
