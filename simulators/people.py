"""People of every age at rest: levels by age, from infants to the old.

Heart rate and breathing lie inside the ranges awake of paediatric life support (pals-ranges);
systolic pressure of a child is 90 + 2 mmHg a year, weight 4 kg and half a kilogram a month in the
first year, then 2 kg a year above 8, and what the old have more of pressure: all ours.
Temperature, saturation and the levels of an adult are those of
:mod:`simulators.physiology`.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from detectors.channels import Float
from simulators.physiology import Person, person

ADULT_YEARS: Final = 16
OLD_YEARS: Final = 70
OLD_MORE_MMHG: Final = 8.0
OLDEST_YEARS: Final = 95
MONTHS: Final = 12
YOUNGEST_MONTHS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """Children below an age: pulse and breathing at rest, mean and spread."""

    below_years: int
    hr_per_min: float
    hr_sd: float
    rr_per_min: float
    rr_sd: float


CHILDREN: Final = (
    AgeBand(below_years=1, hr_per_min=128.0, hr_sd=9.0, rr_per_min=38.0, rr_sd=2.5),
    AgeBand(below_years=3, hr_per_min=114.0, hr_sd=8.0, rr_per_min=29.0, rr_sd=1.8),
    AgeBand(below_years=6, hr_per_min=100.0, hr_sd=8.0, rr_per_min=26.0, rr_sd=1.5),
    AgeBand(below_years=11, hr_per_min=88.0, hr_sd=7.0, rr_per_min=22.0, rr_sd=1.2),
    AgeBand(below_years=ADULT_YEARS, hr_per_min=78.0, hr_sd=6.0, rr_per_min=16.0, rr_sd=1.0),
)


def aged_person(rng: np.random.Generator, *, child_share: float, old_share: float) -> Person:
    """Draw one person: a child, an adult or somebody old, in these shares.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance; the number of draws is always the same.
    child_share, old_share : float
        Shares of people below 16 and from 70 on; the others are adults.
    """
    adult = person(rng)
    kind, where, more = rng.random(), rng.random(), rng.standard_normal(4)
    if kind < child_share:
        return _child(adult, where, more)
    if kind < child_share + old_share:
        sbp = adult.sbp_mmhg + OLD_MORE_MMHG
        age = OLD_YEARS + int(where * (OLDEST_YEARS - OLD_YEARS))
        return replace(adult, age_years=age, sbp_mmhg=min(sbp, 144.0))
    age = ADULT_YEARS + int(where * (OLD_YEARS - ADULT_YEARS))
    return replace(adult, age_years=age)


def _child(adult: Person, where: float, more: Float) -> Person:
    months = YOUNGEST_MONTHS + int(where * (ADULT_YEARS * MONTHS - YOUNGEST_MONTHS))
    years = months // MONTHS
    band = next(one for one in CHILDREN if years < one.below_years)
    clipped = np.clip(more, -1.8, 1.8)
    sbp = 90.0 + 2.0 * years + 5.0 * clipped[0]
    return replace(
        adult,
        age_years=years,
        age_months=months if months < 2 * MONTHS else None,
        weight_kg=round(float(_child_kg(months) * (1.0 + 0.08 * clipped[1])), 1),
        hr_per_min=float(band.hr_per_min + band.hr_sd * clipped[2]),
        rr_per_min=float(band.rr_per_min + band.rr_sd * clipped[3]),
        sbp_mmhg=float(sbp),
        dbp_mmhg=float(0.6 * sbp),
    )


def _child_kg(months: int) -> float:
    """Return what a child of this age weighs in the middle [kg]; both lines meet at a year."""
    if months < MONTHS:
        return 4.0 + 0.5 * months
    return 8.0 + 2.0 * months / MONTHS
