"""Rule books: named limits, judged for all beds at once in exact arithmetic.

Every limit row of a rule book, absolute or relative to the baseline, is one integer linear
form of what is known about a bed::

    SBP < 90            ->  -sbp                      >= -8999
    SBP fall >= 30      ->  -sbp + sbp0               >=  3000
    SBP fall > 30 %     ->  -10000 sbp + 7000 sbp0    >=  1
    rise of T >= 1.0    ->   temp - temp0             >=   100

(values in hundredths of a unit, ``0`` marks the baseline). A percentage is compared by
cross-multiplication, so nothing is ever divided, and a strict comparison of integers is a
non-strict one with the next integer. All rows of all books are therefore the columns of one
matrix, and a whole ward is judged by one matrix product and one comparison. The product runs
in float64, which is exact here because every partial sum is an integer below 2**53;
:class:`Forms` refuses coefficients for which that would not hold.

A row whose value or baseline is not known is neither true nor false: truth has three values
(Kleene's strong logic), and "unknown" reaches the reader as "not assessable".
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np

from detectors.channels import CENTI, MISSING, N_CHANNELS, Bool, Channel, Float, Int32, Int64
from detectors.quantities import OF_CHANNEL, Quantity

Comparison: TypeAlias = Literal[">=", ">", "<=", "<"]
Basis: TypeAlias = Literal["level", "rise", "fall", "rise_percent", "fall_percent", "ratio"]

N_COLUMNS: Final = 2 * N_CHANNELS + 1
"""Columns of a linear form: the values of all channels, their baselines, and the age."""

AGE_COLUMN: Final = N_COLUMNS - 1

BASELINE_COLUMNS: Final = slice(N_CHANNELS, 2 * N_CHANNELS)

PERCENT_SCALE: Final = 100 * CENTI
"""What a difference is multiplied with before it is compared with hundredths of a percent."""

LARGEST_VALUE_CENTI: Final = 100_000
"""No plausible value or baseline reaches 1,000 units; the quality gate refuses it earlier."""

EXACT_LIMIT: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One comparison: a channel's level, or its change from the baseline, with a limit.

    ``limit_centi`` is in hundredths of the channel's unit, of one percent for the two percent
    bases, or of 1 for a ratio to ``over``. ``quantity`` is what is compared where that is not
    the channel itself; ``per_year_centi`` is added to the limit for each year of age.
    """

    channel: Channel
    basis: Basis
    comparison: Comparison
    limit_centi: int
    quantity: Quantity | None = None
    over: Quantity | None = None
    per_year_centi: int = 0

    @property
    def compared(self) -> Quantity:
        """What is compared with the limit."""
        return self.quantity if self.quantity is not None else OF_CHANNEL[self.channel]

    @property
    def channels(self) -> tuple[int, ...]:
        """Columns of the channels that the clause reads."""
        weights = self.compared.weights, (self.over.weights if self.over is not None else ())
        return tuple(sorted({c for some in weights for c, weight in enumerate(some) if weight}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of a rule book: it holds when all its clauses hold.

    A rule ``unless_baseline`` stands in for those that compare with the baseline, and holds
    only while its first clause's channel has none.
    """

    id: str
    sign: str
    grade: int
    clauses: tuple[Clause, ...]
    source: tuple[str, ...]
    note: str = ""
    unless_baseline: bool = False


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
    """

    weight: Float
    threshold: Float
    needs: Float
    slack: Float
    first: Int64

    def __post_init__(self) -> None:
        """Refuse coefficients whose products could leave the exact integers of float64."""
        largest = np.abs(self.weight).sum(axis=0) * LARGEST_VALUE_CENTI + np.abs(self.threshold)
        if largest.size and largest.max() >= EXACT_LIMIT:
            worst = int(largest.argmax())
            raise ValueError(
                f"clause {worst}: coefficients {self.weight[:, worst].tolist()} reach "
                f"{largest[worst]:.0f}, beyond the exact integers of float64 ({EXACT_LIMIT})"
            )


@lru_cache(maxsize=4096)
def linear_form(clause: Clause) -> tuple[tuple[int, ...], int]:
    """Return the integer coefficients and the threshold of one clause.

    Parameters
    ----------
    clause : Clause
        The comparison to express.

    Returns
    -------
    coefficients : tuple of int, length ``N_COLUMNS``
        For the values of all channels, their baselines, and the age.
    threshold : int
        The clause holds where the form is at least this.

    Raises
    ------
    ValueError
        If the basis or comparison is not one of the known words, a ratio is over nothing, a
        limit that is not in units should rise with age, or the limit makes a column cancel out.
    """
    form, limit = _basis_form(clause)
    changes = clause.basis not in ("level", "ratio")
    based = [N_CHANNELS + c for c, weight in enumerate(clause.compared.weights) if weight]
    if not all(form[column] for column in (*clause.channels, *(based if changes else ()))):
        # It would hold, or not, whether or not that column is known.
        raise ValueError(
            f"{clause.compared.name} {clause.basis} {clause.comparison} "
            f"{clause.limit_centi / CENTI:g} does not depend on everything that it names: {form}"
        )
    if clause.per_year_centi:
        # The limit of a percentage or ratio is a weight, and a weight times an age is not linear.
        if clause.basis not in ("level", "rise", "fall"):
            raise ValueError(f"a {clause.basis} has no limit that rises with age")
        per_year = clause.per_year_centi * clause.compared.scale
        form = (*(CENTI * weight for weight in form[:-1]), -per_year)
        limit *= CENTI
    return at_least(form, clause.comparison, limit)


def at_least(
    form: tuple[int, ...], comparison: Comparison, limit: int
) -> tuple[tuple[int, ...], int]:
    """Return the comparison of an integer form with a limit as one that asks "at least".

    Parameters
    ----------
    form : tuple of int
        Coefficients.
    comparison : str
        How the form is compared with the limit.
    limit : int

    Returns
    -------
    coefficients : tuple of int
    threshold : int
        The comparison holds where the form of these coefficients is at least this.

    Raises
    ------
    ValueError
        If the comparison is not one of the known words.

    Examples
    --------
    >>> at_least((1,), "<", 9000)
    ((-1,), -8999)
    """
    match comparison:
        case ">=":
            return form, limit
        case ">":
            return form, limit + 1
        case "<=":
            return tuple(-weight for weight in form), -limit
        case "<":
            return tuple(-weight for weight in form), -limit + 1
        case _:
            raise ValueError(f"unknown comparison {comparison!r}")


def _basis_form(clause: Clause) -> tuple[tuple[int, ...], int]:
    """Return the form whose comparison with a limit the clause is, and that limit."""
    weights, percent = clause.compared.weights, clause.limit_centi
    zeros = (0,) * N_CHANNELS

    def times(factor: int) -> tuple[int, ...]:
        return tuple(factor * weight for weight in weights)

    limit = clause.limit_centi * clause.compared.scale
    parts: dict[str, tuple[tuple[int, ...], tuple[int, ...], int]] = {
        "level": (weights, zeros, limit),
        "rise": (weights, times(-1), limit),
        "fall": (times(-1), weights, limit),
        "rise_percent": (times(PERCENT_SCALE), times(-PERCENT_SCALE - percent), 0),
        "fall_percent": (times(-PERCENT_SCALE), times(PERCENT_SCALE - percent), 0),
    }
    if clause.basis == "ratio":
        return (*_ratio_weights(clause), *zeros, 0), 0
    if clause.basis not in parts:
        raise ValueError(f"unknown basis {clause.basis!r}")
    value, base, limit = parts[clause.basis]
    return (*value, *base, 0), limit


def _ratio_weights(clause: Clause) -> list[int]:
    """Return the weights of ``quantity - limit * over``, which is compared with 0."""
    if clause.over is None:
        raise ValueError("a ratio needs the quantity it is taken over")
    top, bottom = clause.compared, clause.over
    return [
        CENTI * up * bottom.scale - clause.limit_centi * down * top.scale
        for up, down in zip(top.weights, bottom.weights, strict=True)
    ]


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
        Age in hundredths of a year; MISSING (or left out) where it is not known.
    doubt_centi : int32 array, shape (bed, channel), optional
        How far each baseline may be off: a change must exceed its limit although the baseline
        were wrong by so much. No doubt where left out.

    Returns
    -------
    Judgement
        With three-valued truth; a rule with a false clause is false whatever is missing.
    """
    if age_centi_years is None:
        age_centi_years = np.full(len(value_centi), MISSING, np.int32)
    columns = np.concatenate([value_centi, baseline_centi, age_centi_years[:, None]], axis=1)
    missing = columns == MISSING
    exact = np.where(missing, 0, columns).astype(np.float64)
    form = exact @ table.weight
    if doubt_centi is not None:
        form -= doubt_centi.astype(np.float64) @ np.abs(table.weight[BASELINE_COLUMNS])
    unknown = (missing.astype(np.float64) @ table.needs) > 0
    true = (form >= table.threshold) | unknown
    near = (form >= table.threshold - table.slack) | unknown
    if not table.first.size:
        none = np.zeros((len(columns), 0), np.bool_)
        return Judgement(holds=none, stays=none, unknown=none)
    not_false = np.logical_and.reduceat(true, table.first, axis=1)
    not_far = np.logical_and.reduceat(near, table.first, axis=1)
    lacking = np.logical_or.reduceat(unknown, table.first, axis=1)
    return Judgement(
        holds=not_false & ~lacking, stays=not_far & ~lacking, unknown=not_false & lacking
    )


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
    based = baseline_centi != MISSING
    on = (stand_ins < 0) | ~based[:, stand_ins]
    return Judgement(holds=found.holds & on, stays=found.stays & on, unknown=found.unknown & on)
