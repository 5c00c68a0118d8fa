"""Why a bed is graded as it is: the rows that decide, their limits and what would clear them.

Explaining is asked for one bed at a time and only when something changed, so it may take its
time; it uses the same integer forms as the judgement and can therefore never disagree with it.
"""

from dataclasses import dataclass

import numpy as np

from detectors.ages import age_in_force
from detectors.baseline import baseline_doubt
from detectors.baseline_life import window_readings
from detectors.baseline_statistics import robust_noise
from detectors.channels import CENTI, MISSING, N_CHANNELS
from detectors.detection import Detection
from detectors.expectations import clause_leeway
from detectors.rulebook import AGE_COLUMN, BASELINE_COLUMNS, Clause, Rule, linear_form


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
    form, threshold = linear_form(clause)
    channel = int(clause.channel)
    threshold += sum(abs(w) * d for w, d in zip(form[BASELINE_COLUMNS], doubt, strict=True))
    weight, uses_base = form[channel], any(form[N_CHANNELS : 2 * N_CHANNELS])
    rest = sum(
        w * v for c, (w, v) in enumerate(zip(form, known, strict=True)) if w and c != channel
    )
    slack = abs(weight) * int(detection.params.hysteresis_centi[channel])
    leeway = sum(w * e for w, e in zip(clause_leeway(clause), explained, strict=True))
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


def rule_reasons(detection: Detection, bed: int, *, confirmed: bool) -> tuple[RuleReason, ...]:
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

    Returns
    -------
    tuple of RuleReason
        For each sign every rule of its deciding grade.
    """
    grade, shown = detection.track.grade[bed].tolist(), detection.shown[bed].tolist()
    waiting = [high if high > sure else 0 for high, sure in zip(shown, grade, strict=True)]
    wanted = grade if confirmed else waiting
    if not any(wanted):
        return ()
    judgement = detection.judgement(np.array([bed], np.int32))
    holds, stays = judgement.holds[0].tolist(), judgement.stays[0].tolist()
    doubt = baseline_doubt(detection.params.baseline, detection.window.count[[bed]])[0].tolist()
    row, baseline = np.array([bed], np.int32), detection.params.baseline
    explained = detection.active.explained(detection, row)[0].tolist()
    noise = robust_noise(baseline, window_readings(baseline, detection, row))[0].tolist()
    age_centi = age_in_force(detection.age_centi[[bed]])
    known = np.concatenate(
        [detection.value_centi[bed], detection.baseline_centi[bed], age_centi]
    ).tolist()
    found: list[RuleReason] = []
    signs = detection.rules.sign.tolist()
    for index, rule in enumerate(detection.params.book.rules):
        live = holds[index]
        if rule.grade == wanted[signs[index]] and (live or (confirmed and stays[index])):
            counts = explained if live else [0] * N_CHANNELS
            clauses = tuple(
                clause_reason(detection, bed, clause, known, doubt, counts, noise)
                for clause in rule.clauses
            )
            found.append(RuleReason(rule=rule, held=not live, clauses=clauses))
    return tuple(sorted(found, key=lambda reason: (-reason.rule.grade, reason.held)))
