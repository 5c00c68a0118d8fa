"""Rule books: named limits, judged for all beds at once in exact arithmetic.

Every limit is an integer linear form (:mod:`detectors.clauses`). All rows of all books are
therefore the columns of one matrix, and a whole ward is judged by one matrix product and one
comparison. The product runs in float64, which is exact here because every partial sum is an
integer below 2**53; :class:`Forms` refuses coefficients for which that would not hold.

A row whose value or baseline is not known is neither true nor false: truth has three values
(Kleene's strong logic), and "unknown" reaches the reader as "not assessable". A row outside its
ages is false; whose age is not known is judged as an adult (:mod:`detectors.ages`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.ages import ALL_AGES, AgeBand, AgeBands, age_in_force
from detectors.channels import MISSING, N_CHANNELS, Bool, Float, Int32, Int64
from detectors.clauses import (
    AGE_COLUMN,
    BASELINE_COLUMNS,
    N_COLUMNS,
    Basis,
    Clause,
    Comparison,
    at_least,
    linear_form,
)

__all__ = [
    "AGE_COLUMN",
    "BASELINE_COLUMNS",
    "N_COLUMNS",
    "Basis",
    "Clause",
    "Comparison",
    "Forms",
    "Judgement",
    "Rule",
    "RuleBook",
    "at_least",
    "forms",
    "judged",
    "linear_form",
    "stand_in_channels",
    "standing_in",
]

LARGEST_VALUE_CENTI: Final = 100_000
"""No plausible value or baseline reaches 1,000 units; the quality gate refuses it earlier."""

EXACT_LIMIT: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a rule book: it holds when all its clauses hold.

    A rule ``unless_baseline`` stands in for those that compare with the baseline, and holds
    only while its first clause's channel has none. Outside its ages it does not hold.
    """

    id: str
    sign: str
    grade: int
    clauses: tuple[Clause, ...]
    source: tuple[str, ...]
    note: str = ""
    unless_baseline: bool = False
    ages: AgeBand = ALL_AGES


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """A named, versioned set of rules."""

    name: str
    version: int
    title: str
    rules: tuple[Rule, ...]

    @property
    def signs(self) -> tuple[str, ...]:
        """Names of the signs the rules judge, in order of first appearance."""
        return tuple(dict.fromkeys(rule.sign for rule in self.rules))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """The clauses of a book as one matrix.

    Attributes
    ----------
    weight : float64 array, shape (column, clause), [1]
        Integer coefficients of values (first ``N_CHANNELS`` rows), baselines and age.
    threshold : float64 array, shape (clause,)
        A clause holds where ``columns @ weight >= threshold``.
    needs : float64 array, shape (column, clause), [1]
        1 where the clause needs the column.
    slack : float64 array, shape (clause,)
        By how much the threshold sinks while a raised sign is held (hysteresis).
    first : int64 array, shape (rule,)
        Index of the first clause of each rule; a rule's clauses stand together.
    ages : AgeBands
        Of each rule.
    """

    weight: Float
    threshold: Float
    needs: Float
    slack: Float
    first: Int64
    ages: AgeBands

    def __post_init__(self) -> None:
        """Refuse coefficients whose products could leave the exact integers of float64."""
        largest = np.abs(self.weight).sum(axis=0) * LARGEST_VALUE_CENTI + np.abs(self.threshold)
        if largest.size and largest.max() >= EXACT_LIMIT:
            worst = int(largest.argmax())
            raise ValueError(
                f"clause {worst}: coefficients {self.weight[:, worst].tolist()} reach "
                f"{largest[worst]:.0f}, beyond the exact integers of float64 ({EXACT_LIMIT})"
            )


def forms(book: RuleBook, hysteresis_centi: Int32) -> Forms:
    """Return all clauses of a book as one matrix.

    Parameters
    ----------
    book : RuleBook
        Rules in the order in which :func:`judged` reports them.
    hysteresis_centi : int32 array, shape (channel,), [hundredths of the channel's unit]
        How far inside its limit a value must be before a raised sign may end.

    Returns
    -------
    Forms

    Raises
    ------
    ValueError
        If a rule has no clause, or coefficients leave the exact integers.
    """
    rows: list[tuple[int, ...]] = []
    thresholds: list[int] = []
    first: list[int] = []
    for rule in book.rules:
        if not rule.clauses:
            raise ValueError(f"rule {rule.id!r} of book {book.name!r} has no clause")
        first.append(len(rows))
        for clause in rule.clauses:
            row, threshold = linear_form(clause)
            rows.append(row)
            thresholds.append(threshold)
    weight = np.array(rows, np.float64).reshape(len(rows), N_COLUMNS).T
    return Forms(
        weight=np.ascontiguousarray(weight),
        threshold=np.array(thresholds, np.float64),
        needs=np.ascontiguousarray(weight != 0).astype(np.float64),
        slack=np.abs(weight[:N_CHANNELS]).T @ hysteresis_centi.astype(np.float64),
        first=np.array(first, np.int64),
        ages=AgeBands.of([rule.ages for rule in book.rules]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a book says about some beds.

    Attributes
    ----------
    holds : bool array, shape (bed, rule)
        All clauses are true.
    stays : bool array, shape (bed, rule)
        All clauses are true or within the hysteresis of their limit.
    unknown : bool array, shape (bed, rule)
        No clause is false and at least one cannot be judged.
    """

    holds: Bool
    stays: Bool
    unknown: Bool


def judged(
    table: Forms,
    value_centi: Int32,
    baseline_centi: Int32,
    age_centi_years: Int32 | None = None,
    doubt_centi: Int32 | None = None,
    leeway: Float | None = None,
) -> Judgement:
    """Judge every rule of a book for every bed.

    Parameters
    ----------
    table : Forms
        From :func:`forms`.
    value_centi : int32 array, shape (bed, channel)
        Trusted values in hundredths; MISSING where none is valid now.
    baseline_centi : int32 array, shape (bed, channel)
        Baselines in hundredths; MISSING where there is none.
    age_centi_years : int32 array, shape (bed,), optional
        Age in hundredths of a year; MISSING (or left out) where it is not known, which counts
        as an adult's. 0 is a child under one year of unknown months.
    doubt_centi : int32 array, shape (bed, channel), optional
        How far each baseline may be off: a change must exceed its limit although the baseline
        were wrong by so much. No doubt where left out.
    leeway : float64 array of integers, shape (bed, clause), optional
        By how much a clause must exceed its limit to hold because that much is explained
        otherwise. It keeps a sign from beginning and ends none: ``stays`` does not know it.

    Returns
    -------
    Judgement
        With three-valued truth; a rule with a false clause is false whatever is missing.
    """
    if age_centi_years is None:
        age_centi_years = np.full(len(value_centi), MISSING, np.int32)
    speaks = table.ages.speak_of(age_centi_years)
    age_centi_years = age_in_force(age_centi_years)
    if not table.first.size:
        none = np.zeros((len(value_centi), 0), np.bool_)
        return Judgement(holds=none, stays=none, unknown=none)
    # A clause a row, so that the beds of a clause lie together: a rule's clauses, which are few,
    # are then put together for all beds in a stretch.
    columns = np.concatenate([value_centi, baseline_centi, age_centi_years[:, None]], axis=1).T
    missing = columns == MISSING
    exact = np.where(missing, 0, columns).astype(np.float64)
    form = table.weight.T @ exact
    if doubt_centi is not None:
        form -= np.abs(table.weight[BASELINE_COLUMNS]).T @ doubt_centi.T.astype(np.float64)
    unknown = (table.needs.T @ missing.astype(np.float64)) > 0
    threshold, slack = table.threshold[:, None], table.slack[:, None]
    true = ((form if leeway is None else form - leeway.T) >= threshold) | unknown
    near = (form >= threshold - slack) | unknown
    not_false = np.logical_and.reduceat(true, table.first, axis=0) & speaks.T
    not_far = np.logical_and.reduceat(near, table.first, axis=0) & speaks.T
    lacking = np.logical_or.reduceat(unknown, table.first, axis=0)
    return Judgement(
        holds=(not_false & ~lacking).T,
        stays=(not_far & ~lacking).T,
        unknown=(not_false & lacking).T,
    )


DANGEROUS_GRADE: Final = 3
"""Levels of this grade are not excused by a baseline that lies beyond the same limit."""


def stand_in_channels(book: RuleBook) -> Int32:
    """Return the channel whose baseline switches each rule off, shape (rule,); -1 where none."""
    return np.array(
        [rule.clauses[0].channel if rule.unless_baseline else -1 for rule in book.rules], np.int32
    )


def standing_in(stand_ins: Int32, found: Judgement, baseline_centi: Int32) -> Judgement:
    """Return a judgement without the rules that a baseline has made needless.

    Parameters
    ----------
    stand_ins : int32 array, shape (rule,)
        From :func:`stand_in_channels`.
    found : Judgement
        From :func:`judged`; not changed.
    baseline_centi : int32 array, shape (bed, channel)
        MISSING where there is none.

    Returns
    -------
    Judgement
    """
    based = baseline_centi.T != MISSING
    on = ((stand_ins < 0)[:, None] | ~based[stand_ins]).T
    return Judgement(holds=found.holds & on, stays=found.stays & on, unknown=found.unknown & on)
