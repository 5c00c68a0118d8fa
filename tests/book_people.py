"""Beds for the side books: arrays for the kernels and the same people for their twin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
from builders import CONFIG, Number, centi, row, table, ward_settings
from naive_books import CHANNELS, Opinion, Person, opinion

from detectors.book_table import BookTable, book_table
from detectors.book_verdicts import NO_POINTS, BookVerdicts, judged_books
from detectors.books import Book, Truth
from detectors.channels import MISSING, Bool, Int32

ADULT: Final = 40


@cache
def side_table(*names: str) -> BookTable:
    """Return the table of some side books of the shipped configuration, or of all."""
    books = ward_settings().side_books
    return book_table([book for book in books if not names or book.name in names])


@cache
def raw_books() -> dict[str, Mapping[str, Any]]:
    """Return the files of the side books as they stand, by name."""
    files = sorted((CONFIG / "rulebooks").glob("*.toml"))
    raw = [table(path.relative_to(CONFIG).as_posix()) for path in files]
    return {one["name"]: one for one in raw if one["name"] != "infusion"}


def book_named(name: str) -> Book:
    """Return one side book of the shipped configuration."""
    return next(book for book in ward_settings().side_books if book.name == name)


@dataclass(frozen=True, kw_only=True)
class Bed:
    """One bed in hundredths; MISSING where not known."""

    now: Sequence[int]
    base: Sequence[int]
    age: int = 100 * ADULT
    oxygen: int = MISSING
    consciousness: int = MISSING

    def person(self, lasted: frozenset[str] = frozenset()) -> Person:
        """Return the bed as the twin sees it."""
        return Person(
            now={name: _fraction(one) for name, one in zip(CHANNELS, self.now, strict=True)},
            base={name: _fraction(one) for name, one in zip(CHANNELS, self.base, strict=True)},
            age=_fraction(self.age),
            oxygen=_fraction(self.oxygen),
            consciousness=_fraction(self.consciousness),
            lasted=lasted,
        )


def _fraction(number: int) -> Fraction | None:
    return None if number == MISSING else Fraction(int(number), 100)


def bed(
    now: Mapping[str, Number],
    base: Mapping[str, Number] | None = None,
    **facts: Number | None,
) -> Bed:
    """Return a bed from numbers as people say them; an adult unless an age is given."""
    given = {"age": Decimal(ADULT), **facts}
    numbers = {name: MISSING if number is None else centi(number) for name, number in given.items()}
    return Bed(now=row(now), base=row(base), **numbers)


def arrays(beds: Sequence[Bed]) -> tuple[Int32, Int32, Int32, Int32]:
    """Return values, baselines, ages and facts of beds."""
    n_beds = len(beds)
    return (
        np.array([one.now for one in beds], np.int32).reshape(n_beds, len(CHANNELS)),
        np.array([one.base for one in beds], np.int32).reshape(n_beds, len(CHANNELS)),
        np.array([one.age for one in beds], np.int32),
        np.array([(one.oxygen, one.consciousness) for one in beds], np.int32).reshape(n_beds, 2),
    )


def verdicts(
    beds: Sequence[Bed], given: BookTable | None = None, lasted: Bool | None = None
) -> BookVerdicts:
    """Return what books say about beds."""
    used = given or side_table()
    if lasted is None:
        lasted = np.zeros((len(beds), len(used.lasting)), np.bool_)
    return judged_books(used, *arrays(beds), lasted)


def opinion_of(one: Bed, name: str, given: BookTable | None = None) -> Opinion:
    """Return what one book of the kernel says about one bed, in the words of the twin."""
    used = given or side_table(name)
    return told(used, verdicts([one], used), 0, name)


def told(used: BookTable, found: BookVerdicts, index: int, name: str) -> Opinion:
    """Return what one book says about one bed, in the words of the twin."""
    number = [book.name for book in used.books].index(name)

    def points(array: Any) -> int | None:  # noqa: ANN401 - a number of an array
        return None if array == NO_POINTS else int(array)

    words = {Truth.TRUE: True, Truth.FALSE: False, Truth.WAITING: False, Truth.UNKNOWN: None}
    wanted = {one.id for one in used.books[number].rows}
    return Opinion(
        says=found.verdict[index, number],
        grade=found.grade[index, number],
        points=points(found.points[index, number]),
        highest=points(found.highest[index, number]),
        at_least=bool(found.at_least[index, number]),
        parts={
            sign: (
                found.finding[index, at],
                found.finding_grade[index, at],
                points(found.finding_points[index, at]),
            )
            for at, (owner, sign) in enumerate(used.findings)
            if owner == number
        },
        truths={
            one.id: words[Truth(found.truth[index, at])]
            for at, one in enumerate(used.rows)
            if one.id in wanted
        },
    )


def twin_of(one: Bed, name: str, lasted: frozenset[str] = frozenset()) -> Opinion:
    """Return what the twin says, from the file of the book."""
    return opinion(raw_books()[name], one.person(lasted))
