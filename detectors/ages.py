"""Of which ages a limit speaks.

Ages are hundredths of a year. Two cannot be told exactly: somebody's age may not be known
(``MISSING``), and a child may be "0 years" old without the months (``UNDER_ONE``). Nobody is left
unwatched for that. An unknown age is an adult's: every limit without an upper age holds for it.
An infant of unknown months has the limits of the oldest infants, which are the tighter ones for
a low pressure, a slow or fast pulse and fast breathing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import CENTI, MISSING, Bool, Int32

UNDER_ONE: Final = 0
"""Stands for "under one year, months not known"; a newborn of known age is at least 1."""

OLDEST_INFANT_CENTI: Final = CENTI - 1
"""The last hundredth of the first year."""

NO_END: Final = int(np.iinfo(np.int32).max)
"""Upper age of a limit that has none."""

MONTHS: Final = 12
"""Months in a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """From an age on, and below another one [hundredths of a year]."""

    from_centi: int = 0
    below_centi: int = NO_END

    def __post_init__(self) -> None:
        """Refuse a band that nobody is in."""
        if not 0 <= self.from_centi < self.below_centi:
            raise ValueError(
                f"age_from ({self.from_centi / CENTI:g}) must not be negative and must be below "
                f"age_below ({self.below_centi / CENTI:g})"
            )

    @property
    def has_end(self) -> bool:
        """It does not speak of adults of every age."""
        return self.below_centi != NO_END


ALL_AGES: Final = AgeBand()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBands:
    """The ages of many limits.

    Attributes
    ----------
    from_centi, below_centi : int32 array, shape (limit,), [hundredths of a year]
    """

    from_centi: Int32
    below_centi: Int32

    @classmethod
    def of(cls, bands: Sequence[AgeBand]) -> "AgeBands":
        """Return bands as arrays, in their order."""
        return cls(
            from_centi=np.array([band.from_centi for band in bands], np.int32),
            below_centi=np.array([band.below_centi for band in bands], np.int32),
        )

    def speak_of(self, age_centi: Int32) -> Bool:
        """Which limits speak of which ages.

        Parameters
        ----------
        age_centi : int32 array, shape (bed,), [hundredths of a year]
            MISSING where it is not known: limits without an end speak.

        Returns
        -------
        bool array, shape (bed, limit)
        """
        # Beds lie together, as where the clauses of a book are judged.
        age, below_centi = age_in_force(age_centi), self.below_centi[:, None]
        within = (age >= self.from_centi[:, None]) & (age < below_centi)
        speaks: Bool = np.where(age == MISSING, below_centi == NO_END, within).T
        return speaks


def age_in_force(age_centi: Int32) -> Int32:
    """Return the age by which somebody is judged.

    Parameters
    ----------
    age_centi : int32 array, any shape, [hundredths of a year]
        MISSING where it is not known, UNDER_ONE for an infant of unknown months.

    Returns
    -------
    int32 array of the same shape
        That of the oldest infants for UNDER_ONE, all others as given.

    Examples
    --------
    >>> age_in_force(np.array([UNDER_ONE, 8, 600], np.int32)).tolist()
    [99, 8, 600]
    """
    return np.where(age_centi == UNDER_ONE, OLDEST_INFANT_CENTI, age_centi).astype(np.int32)


def age_of(years: int | None, months: int | None) -> int:
    """Return an age as it is told, in hundredths of a year, rounded down.

    Parameters
    ----------
    years, months : int, optional
        Whole years, and the whole age in months; months win.

    Returns
    -------
    int
        MISSING where neither is known; UNDER_ONE for 0 years without months.

    Examples
    --------
    >>> age_of(6, None), age_of(None, 1), age_of(None, 30), age_of(0, 0)
    (600, 8, 250, 1)
    """
    if months is not None:
        return max(months * CENTI // MONTHS, 1)
    return MISSING if years is None else years * CENTI
