"""All rows of all books as one matrix, built once.

Rows of different books repeat one another: the same limit of the same channel, the same age
band. Every distinct comparison therefore is judged once, as an atom, and a row of a book is a
list of atoms; atoms that differ in their threshold only share one column of the matrix, a form.
Books that round values before they judge them read rounded copies of the channels, which are
further columns of what is known about a bed, so that one product judges all books at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.ages import ALL_AGES, AgeBands
from detectors.books import Book, BookRow, Condition
from detectors.channels import MISSING, N_CHANNELS, Bool, Float, Int8, Int32, Int64
from detectors.rulebook import AGE_COLUMN, N_COLUMNS, Forms, at_least, linear_form

FACTS: Final = ("oxygen", "consciousness")
"""What a bed may be asked besides vitals and age, in column order."""

N_KNOWN: Final = N_COLUMNS + len(FACTS)
"""Columns of what is known about a bed, before the rounded copies."""

ALWAYS: Final = ((), 0)
"""An atom without coefficients: always true."""

Steps = tuple[int, ...]
Atom = tuple[tuple[tuple[int, int], ...], int]
"""Columns with their coefficients, and the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTable:
    """Books made ready to be judged together.

    Attributes
    ----------
    books : tuple of Book
    rows : tuple of BookRow
        Of all books, those of one sign of one book together.
    findings : tuple of (int, str)
        Index of the book and the sign (or parameter) of each finding, in row order.
    weight, needs : float64 array, shape (form, column), [1]
        Integer coefficients, and 1 where there is one; columns are the values, baselines, age,
        facts and rounded values of a bed.
    form : int64 array, shape (atom,)
        Which form each atom compares.
    threshold : float64 array, shape (atom, 1)
        An atom holds where its form is at least this.
    steps : tuple of tuple of int
        What each block of rounded columns is rounded to, by channel [hundredths].
    atom, first : int64 array, shape (atom of a row,) and (row,)
        Atoms of all rows one after the other, and where those of each row begin.
    age_atom, age_first : int64 array
        The same for the atoms that are about the age.
    finding_first : int64 array, shape (finding,)
        First row of each finding.
    book_first : int64 array, shape (book,)
        First finding of each book.
    points, grade : int8 array, shape (row,)
    undefined : bool array, shape (row,)
    stand_in : int32 array, shape (row,)
        Channel whose baseline silences the row; -1 for most.
    lasting : int64 array, shape (row with a duration,)
        Which rows ask for a duration.
    least_ms : int64 array, shape (row with a duration,)
        For how long at least, in whole milliseconds.
    scored : bool array, shape (finding,)
    """

    books: tuple[Book, ...]
    rows: tuple[BookRow, ...]
    findings: tuple[tuple[int, str], ...]
    weight: Float
    needs: Float
    form: Int64
    threshold: Float
    steps: tuple[Steps, ...]
    atom: Int64
    first: Int64
    age_atom: Int64
    age_first: Int64
    finding_first: Int64
    book_first: Int64
    points: Int8
    grade: Int8
    undefined: Bool
    stand_in: Int32
    lasting: Int64
    least_ms: Int64
    scored: Bool


def book_table(books: Sequence[Book]) -> BookTable:
    """Return books as one table.

    Parameters
    ----------
    books : sequence of Book
        Each with at least one row.

    Returns
    -------
    BookTable

    Raises
    ------
    ValueError
        If a book has no row, a row asks for nothing, or coefficients leave the exact integers.
    """
    steps = tuple(dict.fromkeys(book.step_centi for book in books if book.step_centi))
    atoms: dict[Atom, int] = {ALWAYS: 0}
    made = _Rows()
    for number, book in enumerate(books):
        if not book.rows:
            raise ValueError(f"book {book.name!r} has no row")
        made.book_first.append(len(made.findings))
        shift = N_KNOWN + N_CHANNELS * steps.index(book.step_centi) if book.step_centi else 0
        for sign in book.signs:
            made.finding_first.append(len(made.rows))
            made.findings.append((number, sign))
            for row in (one for one in book.rows if one.sign == sign):
                made.add(row, *_atoms(book, row, shift, atoms))
    exact = _forms(atoms, N_KNOWN + N_CHANNELS * len(steps))
    weight, form = np.unique(exact.weight, axis=1, return_inverse=True)
    rows = made.rows
    lasting = [index for index, row in enumerate(rows) if row.lasting_ms]
    return BookTable(
        books=tuple(books),
        rows=tuple(rows),
        findings=tuple(made.findings),
        weight=np.ascontiguousarray(weight.T),
        needs=np.ascontiguousarray(weight.T != 0).astype(np.float64),
        form=form.reshape(-1).astype(np.int64),
        threshold=exact.threshold[:, None],
        steps=steps,
        atom=np.array(made.atom, np.int64),
        first=np.array(made.first, np.int64),
        age_atom=np.array(made.age_atom, np.int64),
        age_first=np.array(made.age_first, np.int64),
        finding_first=np.array(made.finding_first, np.int64),
        book_first=np.array(made.book_first, np.int64),
        points=np.array([row.points for row in rows], np.int8),
        grade=np.array([row.grade for row in rows], np.int8),
        undefined=np.array([row.undefined for row in rows], np.bool_),
        stand_in=np.array(
            [row.clauses[0].channel if row.unless_baseline else -1 for row in rows], np.int32
        ),
        lasting=np.array(lasting, np.int64),
        least_ms=np.array(
            [rows[i].lasting_ms + (rows[i].lasting_comparison == ">") for i in lasting], np.int64
        ),
        scored=np.array([books[number].kind == "score" for number, _ in made.findings], np.bool_),
    )


class _Rows:
    """Rows and their atoms, one after the other."""

    def __init__(self) -> None:
        self.rows: list[BookRow] = []
        self.findings: list[tuple[int, str]] = []
        self.atom: list[int] = []
        self.first: list[int] = []
        self.age_atom: list[int] = []
        self.age_first: list[int] = []
        self.finding_first: list[int] = []
        self.book_first: list[int] = []

    def add(self, row: BookRow, atoms: list[int], age_atoms: list[int]) -> None:
        """Append a row with its atoms."""
        self.rows.append(row)
        self.first.append(len(self.atom))
        self.atom += atoms
        self.age_first.append(len(self.age_atom))
        self.age_atom += age_atoms


def _atoms(
    book: Book, row: BookRow, shift: int, atoms: dict[Atom, int]
) -> tuple[list[int], list[int]]:
    """Return the atoms of a row, and those that are about the age; new ones get a number."""

    def number(atom: Atom) -> int:
        return atoms.setdefault(atom, len(atoms))

    conditions = (*book.conditions, *row.conditions)
    found = [number(_clause_atom(*linear_form(clause), shift)) for clause in row.clauses]
    found += [number(_condition_atom(one)) for one in conditions]
    if not row.clauses and not row.conditions:
        raise ValueError(f"row {row.id!r} of book {book.name!r} asks for nothing")
    ages = [number(_condition_atom(one)) for one in conditions if one.subject == "age"]
    return found, ages or [atoms[ALWAYS]]


def _clause_atom(form: tuple[int, ...], threshold: int, shift: int) -> Atom:
    """Return a clause as an atom; a book that rounds reads its own copies of the values."""
    return tuple(
        (column + shift if column < N_CHANNELS else column, weight)
        for column, weight in enumerate(form)
        if weight
    ), threshold


def _condition_atom(condition: Condition) -> Atom:
    """Return a condition as an atom."""
    if condition.subject == "baseline":
        if condition.channel is None:
            raise ValueError("a condition about a baseline needs its channel")
        column = N_CHANNELS + condition.channel
    elif condition.subject == "age":
        column = AGE_COLUMN
    else:
        column = N_COLUMNS + FACTS.index(condition.subject)
    (weight,), threshold = at_least((1,), condition.comparison, condition.limit_centi)
    return ((column, weight),), threshold


def _forms(atoms: dict[Atom, int], n_columns: int) -> Forms:
    """Return the atoms as one matrix; refuse coefficients that float64 could round."""
    weight = np.zeros((n_columns, len(atoms)))
    for (parts, _), index in atoms.items():
        for column, coefficient in parts:
            weight[column, index] = coefficient
    return Forms(
        weight=weight,
        threshold=np.array([threshold for _, threshold in atoms], np.float64),
        needs=(weight != 0).astype(np.float64),
        slack=np.zeros(len(atoms)),
        first=np.arange(len(atoms), dtype=np.int64),
        ages=AgeBands.of([ALL_AGES] * len(atoms)),
    )


def rounded(value_centi: Int32, steps: Steps) -> Int32:
    """Return values rounded half up to whole steps, as a person reads them off for a score.

    Parameters
    ----------
    value_centi : int32 array, shape (bed, channel)
        MISSING where there is none.
    steps : tuple of int, length of channel
        [hundredths of the channel's unit]; 1 leaves a channel as it is.

    Returns
    -------
    int32 array, shape (bed, channel)
        MISSING where there is none.

    Examples
    --------
    >>> rounded(np.array([[10_050, 3_805]], np.int32), (100, 10)).tolist()
    [[10100, 3810]]
    """
    step = np.array(steps, np.int64)
    half_up = (value_centi.astype(np.int64) + step // 2) // step * step
    return np.where(value_centi == MISSING, MISSING, half_up).astype(np.int32)
