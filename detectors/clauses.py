"""Comparisons of a rule book as integer linear forms.

Every limit, absolute or relative to the baseline, is one integer linear form of what is known
about a bed::

    SBP < 90            ->  -sbp                      >= -8999
    SBP fall >= 30      ->  -sbp + sbp0               >=  3000
    SBP fall > 30 %     ->  -10000 sbp + 7000 sbp0    >=  1
    rise of T >= 1.0    ->   temp - temp0             >=   100
    SBP < 70 + 2 x age  ->  -100 sbp + 200 age        >= -699999

(values in hundredths of a unit, ``0`` marks the baseline). A percentage is compared by
cross-multiplication, so nothing is ever divided, and a strict comparison of integers is a
non-strict one with the next integer.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from detectors.channels import CENTI, N_CHANNELS, Channel
from detectors.quantities import OF_CHANNEL, Quantity

Comparison: TypeAlias = Literal[">=", ">", "<=", "<"]
Basis: TypeAlias = Literal["level", "rise", "fall", "rise_percent", "fall_percent", "ratio"]

N_COLUMNS: Final = 2 * N_CHANNELS + 1
"""Columns of a linear form: the values of all channels, their baselines, and the age."""

AGE_COLUMN: Final = N_COLUMNS - 1

BASELINE_COLUMNS: Final = slice(N_CHANNELS, 2 * N_CHANNELS)

PERCENT_SCALE: Final = 100 * CENTI
"""What a difference is multiplied with before it is compared with hundredths of a percent."""


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
