"""What all books say about some beds, judged side by side in one pass.

Truth has three values, as in the active book, so a book that lacks a reading says "not
assessable" and not "no". "No" is said only by the whole book: where a part of it does not speak
of persons of this age, or leaves the value undecided, the book says that instead.

A score's total is a lower bound while a parameter is not known: it can still say "yes" (the
bound is high enough), but never "no".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.book_table import FACTS, BookTable, rounded
from detectors.books import Response, Says, Truth
from detectors.channels import MISSING, N_CHANNELS, Bool, Int8, Int32

NO_POINTS: Final = -1
"""Stands for "no row of this parameter holds", and for the total of a book that has no points."""

NO_RESPONSE: Final = -1
"""A score that has reached none of its responses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookVerdicts:
    """What the books of a table say about some beds.

    Attributes
    ----------
    truth : int8 array, shape (bed, row)
        Of :class:`detectors.books.Truth`.
    finding : int8 array, shape (bed, finding)
        Of :class:`detectors.books.Says`, for each sign or parameter of each book.
    finding_grade : int8 array, shape (bed, finding)
        Highest grade of its rows that hold; 0 in a score and where a book has no grades.
    finding_points : int8 array, shape (bed, finding)
        Highest points of its rows that hold; NO_POINTS where none does.
    verdict : int8 array, shape (bed, book)
        Of :class:`detectors.books.Says`. A score says yes from its first urgent response on.
    grade : int8 array, shape (bed, book)
        Highest grade of its findings.
    points : int8 array, shape (bed, book)
        Total of a score; NO_POINTS for criteria, and where the score does not apply.
    highest : int8 array, shape (bed, book)
        Points of the worst parameter; NO_POINTS where there are none.
    at_least : bool array, shape (bed, book)
        The total of a score is a lower bound.
    response : int8 array, shape (bed, book)
        Index of the last response that a score has reached; NO_RESPONSE if none.
    """

    truth: Int8
    finding: Int8
    finding_grade: Int8
    finding_points: Int8
    verdict: Int8
    grade: Int8
    points: Int8
    highest: Int8
    at_least: Bool
    response: Int8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Truth of all rows, bed by column: rows of an array lie together, beds within them."""

    true: Bool
    unknown: Bool
    waiting: Bool
    speaks: Bool
    unsure: Bool


def unknown_facts(n_beds: int) -> Int32:
    """Return facts of which nothing is known, int32 array, shape (bed, fact)."""
    return np.full((n_beds, len(FACTS)), MISSING, np.int32)


def judged_books(
    table: BookTable,
    value_centi: Int32,
    baseline_centi: Int32,
    age_centi: Int32,
    fact_centi: Int32,
    lasted: Bool,
) -> BookVerdicts:
    """Judge every row of every book for every bed.

    Parameters
    ----------
    table : BookTable
        From :func:`detectors.book_table.book_table`.
    value_centi, baseline_centi : int32 array, shape (bed, channel)
        Trusted values and baselines in hundredths; MISSING where there is none.
    age_centi : int32 array, shape (bed,)
        Age in hundredths of a year; MISSING where it is not known.
    fact_centi : int32 array, shape (bed, fact)
        Oxygen and consciousness as in :class:`detectors.books.Condition`; MISSING where not
        known.
    lasted : bool array, shape (bed, row with a duration)
        Which rows have held for as long as they ask, if they hold.

    Returns
    -------
    BookVerdicts

    Notes
    -----
    A row whose clauses and conditions are partly unknown is false if any other part of it is
    false. A finding is assessable only if the age decides which of its rows speak.
    """
    rows = _rows(table, value_centi, baseline_centi, age_centi, fact_centi, lasted)
    found = _findings(table, rows)
    return _books(table, rows, found)


def _rows(
    table: BookTable,
    value_centi: Int32,
    baseline_centi: Int32,
    age_centi: Int32,
    fact_centi: Int32,
    lasted: Bool,
) -> _Rows:
    copies = [rounded(value_centi, steps) for steps in table.steps]
    columns = np.concatenate(
        [value_centi, baseline_centi, age_centi[:, None], fact_centi, *copies], axis=1
    ).T
    missing = columns == MISSING
    exact = np.where(missing, 0, columns).astype(np.float64)
    unknown = ((table.needs @ missing.astype(np.float64)) > 0)[table.form]
    not_false = ((table.weight @ exact)[table.form] >= table.threshold) | unknown
    possible = np.logical_and.reduceat(not_false[table.atom], table.first, axis=0)
    lacking = np.logical_or.reduceat(unknown[table.atom], table.first, axis=0)
    speaks = np.logical_and.reduceat(not_false[table.age_atom], table.age_first, axis=0)
    unsure = np.logical_or.reduceat(unknown[table.age_atom], table.age_first, axis=0)
    stand_ins = np.flatnonzero(table.stand_in >= 0)
    based = ~missing[N_CHANNELS + table.stand_in[stand_ins]]
    possible[stand_ins] &= ~based
    true = possible & ~lacking
    waiting = np.zeros(true.shape, np.bool_)
    waiting[table.lasting] = true[table.lasting] & ~lasted.T
    return _Rows(
        true=true & ~waiting,
        unknown=possible & lacking,
        waiting=waiting,
        speaks=speaks,
        unsure=unsure & speaks,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    """By finding and bed."""

    says: Int8
    grade: Int8
    points: Int8
    complete: Bool


def _findings(table: BookTable, rows: _Rows) -> _Findings:
    first = table.finding_first
    holds = rows.true & ~table.undefined[:, None]
    some = np.logical_or.reduceat(holds, first, axis=0)
    gap = np.logical_or.reduceat(rows.true & table.undefined[:, None], first, axis=0)
    open_ = np.logical_or.reduceat(rows.unknown | rows.unsure, first, axis=0)
    speaks = np.logical_or.reduceat(rows.speaks, first, axis=0)
    grade = np.maximum.reduceat(np.where(holds, table.grade[:, None], np.int8(0)), first, axis=0)
    none = np.int8(NO_POINTS)
    row_points = table.points[:, None]
    points = np.maximum.reduceat(np.where(rows.true, row_points, none), first, axis=0)
    more = np.maximum.reduceat(np.where(rows.unknown, row_points, none), first, axis=0)
    scored = table.scored[:, None]
    complete = (points >= 0) & (more <= points)
    # Of a parameter, 0 points are a "no"; no row at all for a known value is a gap in the table.
    some = np.where(scored, points > 0, some)
    gap = np.where(scored, speaks & (points < 0) & (more < 0), gap)
    open_ = np.where(scored, ~complete, open_)
    says = np.select(
        [some, gap, speaks & open_, ~speaks],
        [np.int8(Says.YES), np.int8(Says.UNDEFINED), np.int8(Says.NOT_ASSESSABLE),
         np.int8(Says.NOT_APPLICABLE)],
        np.int8(Says.NO),
    )  # fmt: skip
    return _Findings(
        says=says,
        grade=grade,
        points=np.where(scored, points, none),
        complete=complete | ~scored,
    )


def _books(table: BookTable, rows: _Rows, found: _Findings) -> BookVerdicts:
    first = table.book_first
    verdict = np.maximum.reduceat(found.says, first, axis=0)
    points = np.add.reduceat(np.maximum(found.points, 0), first, axis=0, dtype=np.int8)
    highest = np.maximum.reduceat(found.points, first, axis=0)
    at_least = ~np.logical_and.reduceat(found.complete, first, axis=0)
    response = np.full(verdict.shape, NO_RESPONSE, np.int8)
    lowest = np.minimum.reduceat(found.says, first, axis=0)
    silent = (verdict == Says.NOT_APPLICABLE) & (lowest == Says.NOT_APPLICABLE)
    gap = np.logical_or.reduceat(found.says == Says.UNDEFINED, first, axis=0)
    for number, book in enumerate(table.books):
        if book.kind == "criteria":
            points[number] = NO_POINTS
            continue
        at_least[number] |= bool(book.unseen)
        called = np.zeros(len(silent[number]), np.bool_)
        for index, one in enumerate(book.responses):
            reached = _reached(one, points[number], highest[number])
            response[number] = np.where(reached, index, response[number])
            called |= reached & one.urgent
        verdict[number] = np.select(
            [called, silent[number], gap[number], at_least[number]],
            [np.int8(Says.YES), np.int8(Says.NOT_APPLICABLE), np.int8(Says.UNDEFINED),
             np.int8(Says.NOT_ASSESSABLE)],
            np.int8(Says.NO),
        )  # fmt: skip
    return BookVerdicts(
        truth=_truth(rows).T,
        finding=found.says.T,
        finding_grade=found.grade.T,
        finding_points=found.points.T,
        verdict=verdict.T,
        grade=np.maximum.reduceat(found.grade, first, axis=0).T,
        points=np.where(silent, np.int8(NO_POINTS), points).T,
        highest=highest.T,
        at_least=(at_least & ~silent).T,
        response=np.where(silent, np.int8(NO_RESPONSE), response).T,
    )


def _reached(response: Response, points: Int8, highest: Int8) -> Bool:
    reached = np.zeros(points.shape, np.bool_)
    if response.least_points is not None:
        reached |= points >= response.least_points
    if response.least_single is not None:
        reached |= highest >= response.least_single
    return reached


def _truth(rows: _Rows) -> Int8:
    truth: Int8 = np.select(
        [rows.true, rows.waiting, rows.unknown],
        [np.int8(Truth.TRUE), np.int8(Truth.WAITING), np.int8(Truth.UNKNOWN)],
        np.int8(Truth.FALSE),
    )
    return truth
