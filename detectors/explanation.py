"""Why a bed is graded as it is: the rows that decide, their limits and what would clear them.

Explaining is asked for one bed at a time and only when something changed, so it may take its
time; it uses the same integer forms as the judgement and can therefore never disagree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from detectors.ages import age_in_force
from detectors.baseline import baseline_doubt
from detectors.baseline_life import window_readings
from detectors.baseline_statistics import robust_noise
from detectors.channels import CENTI, MISSING, N_CHANNELS, Bool, Int32
from detectors.detection import Detection
from detectors.expectations import clause_leeway
from detectors.rulebook import AGE_COLUMN, BASELINE_COLUMNS, Clause, Rule, linear_form

NOTHING_EXPLAINED: Final = [0] * N_CHANNELS


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseReason:
    """One clause that holds, in hundredths of its channel's unit.

    Attributes
    ----------
    clause : Clause
    value_centi, baseline_centi : int
        What it saw; the baseline is MISSING for a clause about the level.
    limit_centi : int
        The outermost value of the channel, at this baseline and age, for which the clause holds.
    stated_centi : int
        The limit as its row writes it, at this age.
    margin_centi : int
        How far the value lies beyond that; 0 exactly at the limit, negative when only the
        hysteresis holds the clause.
    clears_centi : int
        The first value at which neither clause nor hysteresis holds.
    measured_ms : int
    noise_centi : int
        How far the readings behind the baseline scatter; MISSING where that is not stated, and
        for a clause about the level.
    """

    clause: Clause
    value_centi: int
    baseline_centi: int
    limit_centi: int
    stated_centi: int
    margin_centi: int
    clears_centi: int
    measured_ms: int
    noise_centi: int = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReason:
    """A rule that holds, or that its hysteresis holds, with its clauses."""

    rule: Rule
    held: bool
    clauses: tuple[ClauseReason, ...]


def outermost(weight: int, rest: int, threshold: int) -> int:
    """Return the value of a channel at which a form just reaches its threshold.

    Parameters
    ----------
    weight : int
        Coefficient of the channel's value, not 0.
    rest : int
        The form without that term.
    threshold : int
        The form holds at or above it.

    Returns
    -------
    int
        The smallest value that holds for a positive weight, the largest for a negative one.

    Examples
    --------
    >>> outermost(-1, 0, -8999)  # SBP < 90
    8999
    >>> outermost(1, 0, 3800)  # T >= 38.0
    3800
    """
    needed = threshold - rest
    if weight > 0:
        return -(-needed // weight)
    return (-needed) // (-weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What a clause counts, without what it does not: pairs of a column and its weight."""

    weight: int
    threshold: int
    rest: tuple[tuple[int, int], ...]
    baselines: tuple[tuple[int, int], ...]
    leeway: tuple[tuple[int, int], ...]


@lru_cache(maxsize=4096)
def _terms(clause: Clause) -> _Terms:
    """Return the form of a clause by its terms; a clause is explained again and again."""

    def counting(weights: Sequence[int]) -> tuple[tuple[int, int], ...]:
        return tuple((place, weight) for place, weight in enumerate(weights) if weight)

    form, threshold = linear_form(clause)
    channel = int(clause.channel)
    return _Terms(
        weight=form[channel],
        threshold=threshold,
        rest=tuple(term for term in counting(form) if term[0] != channel),
        baselines=counting(form[BASELINE_COLUMNS]),
        leeway=counting(clause_leeway(clause)),
    )


def clause_reason(
    detection: Detection,
    bed: int,
    clause: Clause,
    known: list[int],
    doubt: list[int],
    explained: list[int],
    noise: list[int],
) -> ClauseReason:
    """Return what a clause saw, as a comparison of its channel with everything else as it is.

    ``known`` are the values of all columns of a form, ``doubt`` those about the baselines,
    ``explained`` what drugs explain of a rise, which counts while a clause holds and not when
    it stays; ``noise`` is that of the baselines.
    """
    terms, channel = _terms(clause), int(clause.channel)
    weight, uses_base = terms.weight, bool(terms.baselines)
    threshold = terms.threshold + sum(abs(w) * doubt[c] for c, w in terms.baselines)
    rest = sum(w * known[c] for c, w in terms.rest)
    slack = abs(weight) * int(detection.params.hysteresis_centi[channel])
    leeway = sum(w * explained[c] for c, w in terms.leeway)
    limit = outermost(weight, rest, threshold + leeway)
    towards = 1 if weight > 0 else -1
    return ClauseReason(
        clause=clause,
        value_centi=known[channel],
        baseline_centi=known[N_CHANNELS + channel] if uses_base else MISSING,
        limit_centi=limit,
        stated_centi=clause.limit_centi + clause.per_year_centi * known[AGE_COLUMN] // CENTI,
        margin_centi=towards * (known[channel] - limit),
        clears_centi=outermost(weight, rest, threshold - slack) - towards,
        measured_ms=int(detection.measured_ms[bed, channel]),
        noise_centi=noise[channel] if uses_base else MISSING,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What decides about some beds as they stand, gathered for all of them at once.

    Attributes
    ----------
    sure, waiting : bool array, shape (row, rule)
        Rules behind the confirmed grades, also those that only hysteresis holds; rules that hold
        beyond the confirmed grades and wait for confirmation.
    holds : bool array, shape (row, rule)
        The rule holds now.
    known : int32 array, shape (row, column)
        The columns of a form: values, baselines and the age in force.
    doubt, explained, noise : int32 array, shape (row, channel), [hundredths]
        How far each baseline may be off, how much of a rise drugs explain, and how far the
        readings of each baseline scatter.
    """

    sure: Bool
    waiting: Bool
    holds: Bool
    known: Int32
    doubt: Int32
    explained: Int32
    noise: Int32


def grounds(detection: Detection, bed: Int32) -> Grounds:
    """Return what decides about some beds.

    Parameters
    ----------
    detection : Detection
        The state.
    bed : int32 array, shape (row,)
        Rows of the beds.

    Returns
    -------
    Grounds
        Holds as long as no reading, symptom or fact of these beds is taken.
    """
    judgement, sign = detection.judgement(bed), detection.rules.sign
    graded, shown = detection.track.grade[bed], detection.shown[bed]
    beyond = np.where(shown > graded, shown, 0)
    baseline, grade = detection.params.baseline, detection.rules.grade
    age_centi = age_in_force(detection.age_centi[bed])
    return Grounds(
        sure=(judgement.holds | judgement.stays) & (graded[:, sign] == grade),
        waiting=judgement.holds & (beyond[:, sign] == grade),
        holds=judgement.holds,
        known=np.concatenate(
            [detection.value_centi[bed], detection.baseline_centi[bed], age_centi[:, None]], axis=1
        ),
        doubt=baseline_doubt(baseline, detection.window.count[bed]),
        explained=detection.active.explained(detection, bed),
        noise=robust_noise(baseline, window_readings(baseline, detection, bed)),
    )


def rule_reasons(
    detection: Detection, bed: int, *, confirmed: bool, of: Grounds | None = None, place: int = 0
) -> tuple[RuleReason, ...]:
    """Return the rules behind the signs of one bed, worst first, one a sign.

    Parameters
    ----------
    detection : Detection
        The state.
    bed : int
        Row of the bed.
    confirmed : bool
        True: the rules behind the confirmed grades, also those that only hysteresis holds.
        False: the rules that hold beyond the confirmed grades and wait for confirmation.
    of : Grounds, optional
        What decides about some beds, where it was gathered already.
    place : int
        Which of them this bed is.

    Returns
    -------
    tuple of RuleReason
        For each sign every rule of its deciding grade.
    """
    found = grounds(detection, np.array([bed], np.int32)) if of is None else of
    rules = np.flatnonzero((found.sure if confirmed else found.waiting)[place])
    if not rules.size:
        return ()
    known, doubt = found.known[place].tolist(), found.doubt[place].tolist()
    explained, noise = found.explained[place].tolist(), found.noise[place].tolist()
    reasons: list[RuleReason] = []
    for index in rules.tolist():
        rule, live = detection.params.book.rules[index], bool(found.holds[place, index])
        counts = explained if live else NOTHING_EXPLAINED
        clauses = tuple(
            clause_reason(detection, bed, clause, known, doubt, counts, noise)
            for clause in rule.clauses
        )
        reasons.append(RuleReason(rule=rule, held=not live, clauses=clauses))
    return tuple(sorted(reasons, key=lambda reason: (-reason.rule.grade, reason.held)))
