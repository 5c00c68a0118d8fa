"""Patterns: the picture that several signs make together, as rows of a table.

A row names a reaction and says which signs must be present at which grade (all of them, at
least one of them) and which must not be. The first row that matches names the picture; a row
may lift the grade but never lower it. Symptoms charted by people are signs like any other.
"""

from dataclasses import dataclass

import numpy as np

from detectors.channels import NEVER, Bool, Int8, Int32, Int64

NO_PATTERN = -1
"""Row number of a bed whose signs match no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRow:
    """One way in which a reaction may look.

    ``every``, ``some`` and ``none`` are pairs of a sign and its least grade. ``lasting_ms``
    demands that the first sign of ``every`` has lasted so long; ``after_rate_step_ms`` that the
    infusion rate was raised at most so long ago (0: no such demand).
    """

    name: str
    every: tuple[tuple[str, int], ...]
    some: tuple[tuple[str, int], ...]
    none: tuple[tuple[str, int], ...]
    floor: int
    lasting_ms: int
    after_rate_step_ms: int
    source: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTable:
    """The rows as arrays over the signs of a book.

    Attributes
    ----------
    every, some, none : int8 array, shape (row, sign)
        Least grade of each sign; 0 where the row does not ask for it.
    first_sign : int32 array, shape (row,)
        The sign whose duration ``lasting_ms`` refers to.
    lasting_ms, after_rate_step_ms : int64 array, shape (row,)
        0 where the row has no such demand.
    floor : int8 array, shape (row,)
        Least grade of the picture.
    """

    every: Int8
    some: Int8
    none: Int8
    first_sign: Int32
    lasting_ms: Int64
    after_rate_step_ms: Int64
    floor: Int8


def pattern_table(rows: tuple[PatternRow, ...], signs: tuple[str, ...]) -> PatternTable:
    """Return pattern rows as arrays.

    Parameters
    ----------
    rows : tuple of PatternRow
        In order of precedence.
    signs : tuple of str
        Names of the sign columns.

    Returns
    -------
    PatternTable

    Raises
    ------
    ValueError
        If a row names a sign that does not exist, or asks for nothing.
    """

    def grades(row: PatternRow, pairs: tuple[tuple[str, int], ...]) -> list[int]:
        unknown = [sign for sign, _ in pairs if sign not in signs]
        if unknown:
            raise ValueError(f"pattern {row.name!r} names unknown signs {unknown}; known: {signs}")
        wanted = dict(pairs)
        return [wanted.get(sign, 0) for sign in signs]

    for row in rows:
        if not row.every and not row.some:
            raise ValueError(f"pattern {row.name!r} asks for no sign")
    shape = (len(rows), len(signs))
    return PatternTable(
        every=np.array([grades(row, row.every) for row in rows], np.int8).reshape(shape),
        some=np.array([grades(row, row.some) for row in rows], np.int8).reshape(shape),
        none=np.array([grades(row, row.none) for row in rows], np.int8).reshape(shape),
        first_sign=np.array([signs.index((row.every or row.some)[0][0]) for row in rows], np.int32),
        lasting_ms=np.array([row.lasting_ms for row in rows], np.int64),
        after_rate_step_ms=np.array([row.after_rate_step_ms for row in rows], np.int64),
        floor=np.array([row.floor for row in rows], np.int8),
    )


def matched_rows(
    table: PatternTable, grade: Int8, since_ms: Int64, rate_step_ms: Int64, at_ms: Int64
) -> Bool:
    """Which rows match which beds.

    Parameters
    ----------
    table : PatternTable
        From :func:`pattern_table`.
    grade : int8 array, shape (bed, sign)
        Confirmed grade of each sign.
    since_ms : int64 array, shape (bed, sign)
        Since when each sign has been shown at grade 1 or more; NEVER if it is not.
    rate_step_ms : int64 array, shape (bed,)
        When the infusion rate was last raised; NEVER if it was not.
    at_ms : int64 array, shape (bed,)
        The time of the judgement.

    Returns
    -------
    bool array, shape (bed, row)
    """
    g = grade[:, None, :]
    every = (g >= table.every).all(axis=-1)
    some = ((table.some > 0) & (g >= table.some)).any(axis=-1) | ~(table.some > 0).any(axis=-1)
    barred = ((table.none > 0) & (g >= table.none)).any(axis=-1)
    begun_ms = since_ms[:, table.first_sign]
    lasted_ms = at_ms[:, None] - np.where(begun_ms == NEVER, at_ms[:, None], begun_ms)
    step_ms = np.where(rate_step_ms == NEVER, 0, at_ms - rate_step_ms)[:, None]
    stepped = (rate_step_ms != NEVER)[:, None]
    in_time = (table.after_rate_step_ms == 0) | (stepped & (step_ms <= table.after_rate_step_ms))
    matches: Bool = every & some & ~barred & (lasted_ms >= table.lasting_ms) & in_time
    return matches


def leading_row(matches: Bool) -> Int32:
    """First matching row of each bed.

    Parameters
    ----------
    matches : bool array, shape (bed, row)
        From :func:`matched_rows`.

    Returns
    -------
    int32 array, shape (bed,)
        :data:`NO_PATTERN` where none matches.
    """
    if not matches.shape[1]:
        return np.full(len(matches), NO_PATTERN, np.int32)
    return np.where(matches.any(axis=1), matches.argmax(axis=1), NO_PATTERN).astype(np.int32)
