"""What a drug is expected to do to the vitals: rises that do not by themselves mean a reaction.

An expectation is one-sided and short. For a stated time after a drug was given, a *rise* of a
channel must exceed its limit although the drug explains so much of it. A fall is never explained,
a level never is, and neither is a symptom; what was already shown when the drug was given is not
taken back. Where the baseline was taken after the drug it holds the drug's effect already, and
nothing more is explained.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from detectors.channels import N_CHANNELS, NEVER, Float, Int32, Int64
from detectors.rulebook import BASELINE_COLUMNS, Clause, Rule, linear_form

DRUG_PLACES: Final = 16
"""Columns of every (bed, drug) array; a configuration names at most so many drugs."""

RISING: Final = frozenset({"rise", "rise_percent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """Rises that are expected of drugs, one a row.

    Attributes
    ----------
    drug : int32 array, shape (row,)
        Column of the drug.
    channel : int32 array, shape (row,)
    most_centi : int32 array, shape (row,), [hundredths]
        How much of a rise the drug explains at most.
    from_ms, until_ms : int64 array, shape (row,)
        From when on after the drug was given, and when no longer.
    """

    drug: Int32
    channel: Int32
    most_centi: Int32
    from_ms: Int64
    until_ms: Int64


def expected_rises(
    expectations: Expectations, given_ms: Int64, at_ms: Int64, baseline_ms: Int64
) -> Int32:
    """How much of a rise above the baseline the drugs that were given explain now.

    Parameters
    ----------
    expectations : Expectations
        The rows.
    given_ms : int64 array, shape (bed, drug)
        When each drug was last given; NEVER if it was not.
    at_ms : int64 array, shape (bed,)
        The time of each bed; NEVER where nothing was read yet.
    baseline_ms : int64 array, shape (bed, channel)
        When the newest reading of each baseline was taken; NEVER if there is none.

    Returns
    -------
    int32 array, shape (bed, channel), [hundredths]
        The largest of the rows that speak of a channel, they are not added; 0 where none does.
    """
    rises = np.zeros((len(at_ms), N_CHANNELS), np.int32)
    for row, column in enumerate(expectations.drug.tolist()):
        channel = int(expectations.channel[row])
        drug_ms = given_ms[:, column]
        known = (drug_ms != NEVER) & (at_ms != NEVER)
        since_ms = np.where(known, at_ms, 0) - np.where(known, drug_ms, 0)
        acting = known & (since_ms >= expectations.from_ms[row])
        acting &= since_ms < expectations.until_ms[row]
        acting &= baseline_ms[:, channel] < drug_ms
        explained = np.where(acting, expectations.most_centi[row], 0)
        rises[:, channel] = np.maximum(rises[:, channel], explained)
    return rises


def clause_leeway(clause: Clause) -> tuple[int, ...]:
    """Return what an explained rise of each channel counts for in one clause.

    Parameters
    ----------
    clause : Clause
        The comparison.

    Returns
    -------
    tuple of int, length of channel
        What a baseline that is higher by one hundredth takes from the clause's form, if the
        clause asks for a rise of at least so much; 0 for everything else.
    """
    if clause.basis not in RISING or not clause.comparison.startswith(">"):
        return (0,) * N_CHANNELS
    form, _ = linear_form(clause)
    return tuple(max(0, -weight) for weight in form[BASELINE_COLUMNS])


def leeway_table(rules: tuple[Rule, ...]) -> Float:
    """Return :func:`clause_leeway` of all clauses of some rules, shape (channel, clause)."""
    clauses = [clause_leeway(clause) for rule in rules for clause in rule.clauses]
    return np.array(clauses, np.float64).reshape(len(clauses), N_CHANNELS).T.copy()
