"""Patterns: the picture that several signs make together, as rows of a table.

A row names a reaction and says which signs must be present at which grade (all of them, at
least one of them) and which must not be. Signs are remembered for a while after they have
ended, so that a picture may come together over minutes; one of them must be there now. Several
pictures can hold at once: their rows lift the grade, and the evidence says which of them leads
(:mod:`detectors.evidence`). What a row must not see only keeps it from giving its name, never
from lifting the grade: more signs never mean less danger. Symptoms charted by people are signs
like any other.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import NEVER, Bool, Float, Int8, Int32, Int64
from detectors.confirmation import GRADES
from detectors.context import N_FLAGS, ContextFlag

NO_PATTERN: Final = -1
"""Row number of a bed whose signs match no row."""

DANGEROUS_FLOOR: Final = 3
"""Among pictures of this floor or more the evidence alone decides which of them leads."""

RANK_STEP: Final = 100_000
"""A floor counts for more than any evidence."""

FALLBACK_COST: Final = 10_000_000
"""More than any floor and evidence together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRow:
    """One way in which a reaction may look.

    ``every``, ``some`` and ``none`` are pairs of a sign and its least grade. ``lasting_ms``
    demands that the first sign of ``every`` has lasted so long; ``after_rate_step_ms`` that the
    infusion rate was raised at most so long ago (0: no such demand); ``flags`` that the session
    says so of the person or the drug. A ``fallback`` gives its
    name only where no other pattern does.
    """

    name: str
    every: tuple[tuple[str, int], ...]
    some: tuple[tuple[str, int], ...]
    none: tuple[tuple[str, int], ...]
    floor: int
    lasting_ms: int
    after_rate_step_ms: int
    source: tuple[str, ...]
    flags: tuple[ContextFlag, ...] = ()
    fallback: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTable:
    """The rows as arrays over the signs of a book.

    Attributes
    ----------
    every, some, none : float64 array, shape (sign * grade, row)
        1 where the row asks for the sign at ``index + 1`` as least grade, 0 elsewhere, so that a
        product with what is there counts what a row finds.
    first_sign : int32 array, shape (row,)
        The sign whose duration ``lasting_ms`` refers to.
    lasting_ms, after_rate_step_ms : int64 array, shape (row,)
        0 where the row has no such demand.
    floor : int8 array, shape (row,)
        Least grade of the picture.
    flags : bool array, shape (row, flag)
        What the session must say of the person or the drug.
    fallback : bool array, shape (row,)
        The row gives its name only where no other does.
    names : tuple of str
        The patterns, in order of first appearance.
    pattern : int32 array, shape (row,)
        Which of them each row belongs to.
    """

    every: Float
    some: Float
    none: Float
    first_sign: Int32
    lasting_ms: Int64
    after_rate_step_ms: Int64
    floor: Int8
    flags: Bool
    fallback: Bool
    names: tuple[str, ...]
    pattern: Int32


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Which rows match which beds.

    Attributes
    ----------
    lifts : bool array, shape (bed, row)
        Everything that the row asks for is there: its floor lifts the grade.
    named : bool array, shape (bed, row)
        Nothing that it must not see is there either: it may give its name.
    """

    lifts: Bool
    named: Bool


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
        If a row names a sign or a grade that does not exist, or asks for nothing.
    """
    for row in rows:
        if not row.every and not row.some:
            raise ValueError(f"pattern {row.name!r} asks for no sign")
    names = tuple(dict.fromkeys(row.name for row in rows))
    return PatternTable(
        every=_asked(rows, [row.every for row in rows], signs),
        some=_asked(rows, [row.some for row in rows], signs),
        none=_asked(rows, [row.none for row in rows], signs),
        first_sign=np.array([signs.index((row.every or row.some)[0][0]) for row in rows], np.int32),
        lasting_ms=np.array([row.lasting_ms for row in rows], np.int64),
        after_rate_step_ms=np.array([row.after_rate_step_ms for row in rows], np.int64),
        floor=np.array([row.floor for row in rows], np.int8),
        flags=np.array(
            [[flag in row.flags for flag in ContextFlag] for row in rows], np.bool_
        ).reshape(len(rows), N_FLAGS),
        fallback=np.array([row.fallback for row in rows], np.bool_),
        names=names,
        pattern=np.array([names.index(row.name) for row in rows], np.int32),
    )


def _asked(
    rows: tuple[PatternRow, ...], pairs: list[tuple[tuple[str, int], ...]], signs: tuple[str, ...]
) -> Float:
    """Return where each row asks for a sign at a least grade, shape (sign * grade, row)."""
    asked: Float = np.zeros((len(signs), GRADES, len(rows)), np.float64)
    for index, row in enumerate(rows):
        unknown = [sign for sign, _ in pairs[index] if sign not in signs]
        if unknown:
            raise ValueError(f"pattern {row.name!r} names unknown signs {unknown}; known: {signs}")
        for sign, least in dict(pairs[index]).items():
            if not 1 <= least <= GRADES:
                raise ValueError(f"pattern {row.name!r} asks for {sign!r} at grade {least}")
            asked[signs.index(sign), least - 1, index] = 1
    return asked.reshape(len(signs) * GRADES, len(rows))


def _reached(grade: Int8) -> Float:
    """Return 1 for each grade that each sign has reached, 0 elsewhere, (bed, sign * grade)."""
    level = np.arange(1, GRADES + 1, dtype=np.int8)
    reached = (grade[..., None] >= level).astype(np.float64)
    return reached.reshape(len(grade), grade.shape[1] * GRADES)


def matched_rows(
    table: PatternTable,
    grade: Int8,
    recent: Int8,
    since_ms: Int64,
    rate_step_ms: Int64,
    context: Bool,
    at_ms: Int64,
) -> Matches:
    """Which rows match which beds.

    Parameters
    ----------
    table : PatternTable
        From :func:`pattern_table`.
    grade : int8 array, shape (bed, sign)
        Confirmed grade of each sign.
    recent : int8 array, shape (bed, sign)
        Highest grade that each sign has now or had a short while ago; at least ``grade``.
    since_ms : int64 array, shape (bed, sign)
        Since when each sign has been shown at grade 1 or more; NEVER if it is not.
    rate_step_ms : int64 array, shape (bed,)
        When the infusion rate was last raised; NEVER if it was not.
    context : bool array, shape (bed, flag)
        What the session says of the person and the drug.
    at_ms : int64 array, shape (bed,)
        The time of the judgement.

    Returns
    -------
    Matches
    """
    now, late = _reached(grade), _reached(recent)
    # Sums of ones and noughts, which float64 holds exactly in any order.
    every = late @ table.every == table.every.sum(axis=0)
    some = (late @ table.some > 0) | (table.some.sum(axis=0) == 0)
    present = now @ (table.every + table.some) > 0
    barred = late @ table.none > 0
    begun_ms = since_ms[:, table.first_sign]
    lasted_ms = at_ms[:, None] - np.where(begun_ms == NEVER, at_ms[:, None], begun_ms)
    step_ms = np.where(rate_step_ms == NEVER, 0, at_ms - rate_step_ms)[:, None]
    stepped = (rate_step_ms != NEVER)[:, None]
    in_time = (table.after_rate_step_ms == 0) | (stepped & (step_ms <= table.after_rate_step_ms))
    fits = (context[:, None, :] | ~table.flags).all(axis=-1)
    lifts = fits & every & some & present & (lasted_ms >= table.lasting_ms) & in_time
    return Matches(lifts=lifts, named=lifts & ~barred)


def lifted_grade(table: PatternTable, matches: Matches) -> Int8:
    """Highest floor of the rows that lift each bed.

    Parameters
    ----------
    table : PatternTable
        For the floors.
    matches : Matches
        From :func:`matched_rows`.

    Returns
    -------
    int8 array, shape (bed,)
        0 where no row lifts.
    """
    floors: Int8 = (matches.lifts * table.floor).max(axis=1, initial=0).astype(np.int8)
    return floors


def foremost_rows(table: PatternTable, matches: Matches) -> Bool:
    """The rows of the highest rank that may name each bed: one of them leads, however supported.

    Parameters
    ----------
    table : PatternTable
        For the floors.
    matches : Matches
        From :func:`matched_rows`.

    Returns
    -------
    bool array, shape (bed, row)
        Fallbacks only where nothing else may give its name.
    """
    if not matches.named.shape[1]:
        return matches.named
    rank = RANK_STEP * np.minimum(table.floor, DANGEROUS_FLOOR).astype(np.int32)
    rank -= FALLBACK_COST * table.fallback
    ranks = np.where(matches.named, rank, np.iinfo(np.int32).min)
    foremost: Bool = matches.named & (ranks == ranks.max(axis=1, keepdims=True))
    return foremost


def is_contested(table: PatternTable, foremost: Bool) -> Bool:
    """Whether the foremost rows of a bed belong to several patterns, so that evidence decides.

    Parameters
    ----------
    table : PatternTable
        For the names.
    foremost : bool array, shape (bed, row)
        From :func:`foremost_rows`.

    Returns
    -------
    bool array, shape (bed,)
        Where it is False, :func:`leading_row` is the same for every weight.
    """
    none = len(table.names)
    first = np.where(foremost, table.pattern, none).min(axis=1, initial=none)
    last = np.where(foremost, table.pattern, -1).max(axis=1, initial=-1)
    contested: Bool = first < last
    return contested


def leading_row(
    table: PatternTable, foremost: Bool, weight: Int32, before: Int32, inertia_centi: int
) -> Int32:
    """The row that names each bed: of the foremost the best supported, then the first.

    Parameters
    ----------
    table : PatternTable
        For the names.
    foremost : bool array, shape (bed, row)
        From :func:`foremost_rows`.
    weight : int32 array, shape (bed, pattern)
        Evidence for each pattern in hundredths of a point.
    before : int32 array, shape (bed,)
        The row that named the bed until now; NO_PATTERN if none.
    inertia_centi : int
        By how much another pattern must be better supported than the one that led.

    Returns
    -------
    int32 array, shape (bed,)
        :data:`NO_PATTERN` where no row may give its name.
    """
    if not foremost.shape[1]:
        return np.full(len(foremost), NO_PATTERN, np.int32)
    led = (before != NO_PATTERN)[:, None] & (table.pattern[before][:, None] == table.pattern)
    score = weight[:, table.pattern] + inertia_centi * led
    score = np.where(foremost, score, np.iinfo(np.int32).min)
    leading = np.where(foremost.any(axis=1), score.argmax(axis=1), NO_PATTERN)
    return leading.astype(np.int32)
